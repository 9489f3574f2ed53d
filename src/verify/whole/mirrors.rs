//! What the mirrors lead to, told apart from what nothing leads to. The objects were hashed before; here they are
//! followed, each once.

use std::rc::Rc;

use super::{Census, Code, Finding};
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
    let mut reader = Reader::new(census.inventory, census.options.hashing);
    for mirror in mirrors {
        let place = format!("mirror {}", mirror.name);
        let mut count = 0;
        let mut next: Vec<(ObjectId, Option<ObjectKind>)> = Vec::new();
        for (name, id) in &mirror.refs {
            next.push((*id, None));
            while let Some((id, kind)) = next.pop() {
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
                if !census.reached.set(number) {
                    continue;
                }
                count += 1;
                // A damaged object was told of where it was hashed; a blob leads nowhere.
                if !census.hashed.get(number) || kind == Some(ObjectKind::Blob) {
                    continue;
                }
                let kinds = [ObjectKind::Commit, ObjectKind::Tree, ObjectKind::Tag];
                let read = |kind: ObjectKind| Some((kind, reader.read_unhashed(number, kind)?));
                let read: Option<(ObjectKind, Rc<Vec<u8>>)> = match kind {
                    Some(kind) => Some(kind).and_then(read),
                    None => kinds.into_iter().find_map(read),
                };
                match read {
                    Some((kind, body)) => {
                        if let Err(error) = push_named(kind, &body, &mut next) {
                            found(format!("object {id} is malformed: {error}"));
                        }
                    }
                    None if kind.is_some() => {
                        found(format!("object {id} is of another kind than is said of it"));
                    }
                    None => {}
                }
            }
        }
        followed.counts.push(count);
    }
    followed
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
