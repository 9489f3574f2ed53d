//! What the mirrors lead to, told apart from what nothing leads to. The objects were hashed before, but where a share of the
//! archive is checked; here they are followed, each once.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::{Census, Code, Finding, Scope};
use crate::id::ObjectId;
use crate::mirror::Mirror;
use crate::object::ObjectKind;
use crate::object::foreign::{EntryKind, ForeignCommit, ForeignError, entries, tagged};
use crate::storage::reader::Reader;

/// What following the mirrors found.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// For each mirror the objects that neither the branch nor a mirror before it leads to.
    pub counts: Vec<usize>,
    /// Objects that are named and not there, or malformed.
    pub findings: Vec<Finding>,
}

/// Follows the refs of mirrors through everything that they lead to, and marks it as reached.
pub(super) fn follow(census: &Census<'_>, mirrors: &[Mirror]) -> Followed {
    let mut followed = Followed::default();
    let mut objects = Objects {
        census,
        reader: Reader::new(census.inventory, census.options.hashing),
        loose: HashMap::new(),
    };
    let mut misnamed = BTreeSet::new();
    for mirror in mirrors {
        let place = format!("mirror {}", mirror.name);
        let mut count = 0;
        let mut next: Vec<(ObjectId, Option<ObjectKind>)> = Vec::new();
        for (name, id) in &mirror.refs {
            next.push((*id, None));
            while let Some((id, said)) = next.pop() {
                if census.is_stopped() {
                    return followed;
                }
                let mut found = |what: String| {
                    followed.findings.push(Finding {
                        code: Code::MirrorBroken,
                        commit: None,
                        place: place.clone(),
                        what,
                    });
                };
                if census.is_withheld(id) {
                    continue;
                }
                let Some(number) = census.inventory.find(id.raw()) else {
                    found(format!("{name} leads to object {id}, which is not in the store"));
                    continue;
                };
                // What is said of an object says nothing of where it leads, also where another one spoke of it before.
                let kind = objects.kind(number);
                if said.is_some_and(|said| kind.is_some_and(|kind| kind != said)) && misnamed.insert(number) {
                    found(format!("object {id} is of another kind than is said of it"));
                }
                if !census.reached.set(number) {
                    continue;
                }
                count += 1;
                // A damaged object was told of where it was hashed, and one that went away meanwhile is missing here; a blob
                // leads nowhere.
                if !census.hashed.get(number) {
                    if census.inventory.is_gone(number) {
                        found(format!("{name} leads to object {id}, which is not in the store"));
                    }
                    if !matches!(census.options.scope, Scope::Share { .. }) {
                        continue;
                    }
                }
                let Some((kind, body)) = objects.read(number, id, kind) else {
                    continue;
                };
                if let Err(error) = push_named(kind, &body, &mut next) {
                    found(format!("object {id} is malformed: {error}"));
                }
            }
        }
        followed.counts.push(count);
    }
    followed
}

/// The objects of the store, as they are looked at one by one.
struct Objects<'a> {
    census: &'a Census<'a>,
    reader: Reader<'a>,
    /// The kinds of loose ones, which are known only by reading them.
    loose: HashMap<usize, Option<ObjectKind>>,
}

impl Objects<'_> {
    /// Returns the kind of an object; `None` where it cannot be read.
    fn kind(&mut self, number: usize) -> Option<ObjectKind> {
        let inventory = self.census.inventory;
        if number < inventory.first_loose() {
            return inventory.kind(number);
        }
        let reader = &mut self.reader;
        let read = || Some(reader.read_any(number)?.0);
        *self.loose.entry(number).or_insert_with(read)
    }

    /// Reads an object that leads somewhere, and hashes it where another share does so for itself.
    fn read(
        &mut self,
        number: usize,
        id: ObjectId,
        kind: Option<ObjectKind>,
    ) -> Option<(ObjectKind, Rc<Vec<u8>>)> {
        let kind = kind.filter(|kind| *kind != ObjectKind::Blob)?;
        let body = if self.census.hashed.get(number) {
            self.reader.read_unhashed(number, kind)
        } else {
            self.reader.read(number, id, kind)
        };
        Some((kind, body?))
    }
}

fn push_named(
    kind: ObjectKind,
    body: &[u8],
    next: &mut Vec<(ObjectId, Option<ObjectKind>)>,
) -> Result<(), ForeignError> {
    match kind {
        ObjectKind::Commit => {
            let commit = ForeignCommit::parse(body)?;
            next.push((commit.tree.into(), Some(ObjectKind::Tree)));
            let parents = commit.parents.into_iter();
            next.extend(parents.map(|parent| (parent.into(), Some(ObjectKind::Commit))));
        }
        ObjectKind::Tree => {
            for entry in entries(body) {
                let entry = entry?;
                match entry.kind {
                    EntryKind::Folder => next.push((entry.id, Some(ObjectKind::Tree))),
                    EntryKind::File | EntryKind::Link => next.push((entry.id, Some(ObjectKind::Blob))),
                    EntryKind::Submodule => {}
                }
            }
        }
        ObjectKind::Tag => next.push(tagged(body).map(|(id, kind)| (id, Some(kind)))?),
        ObjectKind::Blob => {}
    }
    Ok(())
}
