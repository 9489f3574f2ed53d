//! Mirrors: the objects of other people's repositories, kept in the archive's store with their ids untouched, under
//! `refs/mirrors/NAME/`. A mirror only grows: what its publisher rewrites or takes away stays, as evidence.

use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::path::Path;

use crate::archive::Fault;
use crate::date::RevisionDate;
use crate::id::{CommitId, ObjectId};
use crate::object::ObjectKind;
use crate::object::foreign::{ForeignCommit, tagged};
use crate::storage::objects::ObjectStore;
use crate::storage::refs::{self, RefError};

mod update;

pub use update::{Arrival, Circumstances, MirrorError, RefChange, Update, update};

/// Where mirrors' refs are.
pub const REFS: &str = "refs/mirrors/";

/// The ref that stands for the publisher's default branch.
const HEAD: &str = "HEAD";

/// Where branches are among a mirror's refs.
const HEADS: &str = "heads/";

/// Where tags are.
const TAGS: &str = "tags/";

/// Where old tips are that the publisher's branches and tags no longer lead to.
const REWRITTEN: &str = "rewritten/";

/// The most tags that may name one another.
const LONGEST_CHAIN: usize = 64;

/// A mirror: its name and its refs by their names after `refs/mirrors/NAME/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The name.
    pub name: String,
    /// What each ref names.
    pub refs: BTreeMap<String, ObjectId>,
}

impl Mirror {
    /// Returns the tip of the publisher's default branch, where that is known.
    #[must_use]
    pub fn head(&self) -> Option<ObjectId> {
        self.refs.get(HEAD).copied()
    }

    /// Returns the refs under `heads/`, `tags/` or `rewritten/`.
    fn under(&self, folder: &'static str) -> impl Iterator<Item = (&str, ObjectId)> {
        let refs = self.refs.iter();
        refs.filter(move |(name, _)| name.starts_with(folder))
            .map(|(name, id)| (name.as_str(), *id))
    }

    /// Counts branches, tags and kept old tips.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        [HEADS, TAGS, REWRITTEN].map(|folder| self.under(folder).count())
    }
}

/// Lists the mirrors of a repository, by name.
///
/// # Errors
/// [`RefError`] where the refs cannot be read.
pub fn list(repository: &Path) -> Result<Vec<Mirror>, RefError> {
    let mut mirrors: BTreeMap<String, Mirror> = BTreeMap::new();
    for (full, id) in refs::list(repository, REFS)? {
        let Some((name, rest)) = full.strip_prefix(REFS).and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        let mirror = mirrors.entry(name.to_owned()).or_insert_with(|| Mirror {
            name: name.to_owned(),
            refs: BTreeMap::new(),
        });
        mirror.refs.insert(rest.to_owned(), id);
    }
    Ok(mirrors.into_values().collect())
}

/// Where a commit was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The mirror.
    pub mirror: String,
    /// The ref that leads to it, after `refs/mirrors/NAME/`.
    pub through: String,
    /// The commit that the ref comes to.
    pub tip: CommitId,
}

impl Place {
    /// Tells whether only what the publisher has rewritten or taken away leads to the commit.
    #[must_use]
    pub fn is_rewritten(&self) -> bool {
        self.through.starts_with(REWRITTEN)
    }
}

/// Finds the mirror from which a commit can be reached, and through which ref: the default branch first, old tips
/// last. Every commit on the way is hashed again.
///
/// # Errors
/// [`Fault`] where it was not found and an object on a way is missing or damaged.
pub fn find(store: &ObjectStore, mirrors: &[Mirror], id: CommitId) -> Result<Option<Place>, Fault> {
    let mut broken = None;
    for mirror in mirrors {
        let mut walk = Walk::new(store);
        let head = mirror.head().map(|head| (HEAD, head));
        let refs = [HEADS, TAGS, REWRITTEN]
            .into_iter()
            .flat_map(|folder| mirror.under(folder));
        for (through, target) in head.into_iter().chain(refs) {
            let found = peel(store, target).and_then(|tip| match tip {
                Some(tip) => Ok(walk.leads_to(tip, id)?.then_some(tip)),
                None => Ok(None),
            });
            match found {
                Ok(Some(tip)) => {
                    return Ok(Some(Place {
                        mirror: mirror.name.clone(),
                        through: through.to_owned(),
                        tip,
                    }));
                }
                Ok(None) => {}
                Err(fault) if fault.is_system_error() => return Err(fault),
                Err(fault) => broken = broken.or(Some(fault)),
            }
        }
    }
    broken.map_or(Ok(None), Err)
}

/// Follows tags to the commit that they come to; `None` where they come to something else.
pub(crate) fn peel(store: &ObjectStore, mut id: ObjectId) -> Result<Option<CommitId>, Fault> {
    for _ in 0..LONGEST_CHAIN {
        let object = store.read(id)?;
        match object.kind {
            ObjectKind::Commit => return Ok(Some(CommitId::from_raw(*id.raw()))),
            ObjectKind::Tag => id = tagged(&object.body).map_err(|error| Fault::Foreign(id, error))?.0,
            ObjectKind::Tree | ObjectKind::Blob => return Ok(None),
        }
    }
    Ok(None)
}

/// Reads a commit of a mirror and hands it on.
///
/// # Errors
/// [`Fault`].
pub fn with_commit<T>(
    store: &ObjectStore,
    id: CommitId,
    look: impl FnOnce(&ForeignCommit<'_>) -> T,
) -> Result<T, Fault> {
    let object = store.read(id.into())?;
    if object.kind != ObjectKind::Commit {
        return Err(Fault::Kind {
            id: id.into(),
            found: object.kind,
            expected: ObjectKind::Commit,
        });
    }
    let commit = ForeignCommit::parse(&object.body).map_err(|error| Fault::Foreign(id.into(), error))?;
    Ok(look(&commit))
}

/// A walk from tips towards the first commits, the newest committer's date first. Dates only choose the order: a false
/// one costs time.
struct Walk<'a> {
    store: &'a ObjectStore,
    /// Commits that were met; none of those that earlier tips led to leads to what was looked for.
    met: HashSet<CommitId>,
    /// Commits whose parents are still to be met, with these.
    next: BinaryHeap<(i64, CommitId, Vec<CommitId>)>,
}

impl<'a> Walk<'a> {
    fn new(store: &'a ObjectStore) -> Self {
        Self {
            store,
            met: HashSet::new(),
            next: BinaryHeap::new(),
        }
    }

    /// Tells whether a tip leads to a commit. Later calls must be about the same commit.
    fn leads_to(&mut self, tip: CommitId, wanted: CommitId) -> Result<bool, Fault> {
        self.meet(tip)?;
        let mut broken = None;
        while let Some((_, id, parents)) = self.next.pop() {
            if id == wanted {
                return Ok(true);
            }
            for parent in parents {
                if let Err(fault) = self.meet(parent) {
                    broken = broken.or(Some(fault));
                }
            }
        }
        broken.map_or(Ok(false), Err)
    }

    fn meet(&mut self, id: CommitId) -> Result<(), Fault> {
        if self.met.insert(id) {
            let read = |commit: &ForeignCommit<'_>| (commit.committer().date, commit.parents.clone());
            let (date, parents) = with_commit(self.store, id, read)?;
            self.next
                .push((date.map_or(0, RevisionDate::seconds), id, parents));
        }
        Ok(())
    }
}

/// Tells whether a commit is another one or leads to it.
fn descends(store: &ObjectStore, from: CommitId, ancestor: CommitId) -> Result<bool, Fault> {
    Walk::new(store).leads_to(from, ancestor)
}
