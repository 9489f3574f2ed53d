//! What differs between two trees, folder by folder; folders that are the same by their ids are not looked into.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::Paths;
use super::source::Source;
use crate::archive::Fault;
use crate::id::{BlobId, ObjectId, TreeId};
use crate::object::foreign::{EntryKind, ForeignEntry, ForeignError, entries};

/// The longest path that is followed, as long as git's own can be.
const LONGEST_PATH: usize = 4096;

/// The most entries of the folders that differ between two trees, 4 million: a few small trees can name billions of paths.
const MOST_ENTRIES: usize = 1 << 22;

/// Why two trees cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A tree cannot be read.
    #[error("could not read the repository's history")]
    Read(#[from] Fault),
    /// A tree is malformed.
    #[error("tree {0} is malformed")]
    Malformed(TreeId, #[source] ForeignError),
    /// Names are not in git's order, or one stands twice.
    #[error("tree {0} is out of order")]
    Order(TreeId),
    /// Folders lie in one another without end.
    #[error("tree {0} lies too deep")]
    Depth(TreeId),
    /// More differs than any commit of a person's changes.
    #[error("more than {MOST_ENTRIES} entries of tree {0} differ from the commit before")]
    Many(TreeId),
}

/// A file that is not the same in two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The path.
    pub path: Vec<u8>,
    /// What it was; `None` where there was no file.
    pub old: Option<BlobId>,
    /// What it is; `None` where there is no file.
    pub new: Option<BlobId>,
}

/// Lists the files that differ, of those that count. What has the name of such a file and is a symbolic link is none, and its
/// path goes to the links.
pub(super) fn between(
    source: &mut Source<'_>,
    old: Option<TreeId>,
    new: TreeId,
    paths: &Paths,
    links: &mut BTreeSet<Vec<u8>>,
) -> Result<Vec<Change>, ChangeError> {
    let whole = new;
    let mut met = 0_usize;
    let mut changes = Vec::new();
    let mut folders = vec![(Vec::new(), old, Some(new))];
    while let Some((path, old, new)) = folders.pop() {
        if old == new {
            continue;
        }
        let deepest = old.or(new).filter(|_| path.len() > LONGEST_PATH);
        if let Some(id) = deepest {
            return Err(ChangeError::Depth(id));
        }
        let body = |source: &mut Source<'_>, id: Option<TreeId>| id.map(|id| source.tree(id)).transpose();
        let (old_body, new_body) = (body(source, old)?, body(source, new)?);
        let mut old_side = Side::of(old, old_body.as_deref().map_or(&[], Vec::as_slice))?;
        let mut new_side = Side::of(new, new_body.as_deref().map_or(&[], Vec::as_slice))?;
        loop {
            let order = match (&old_side.entry, &new_side.entry) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.order(new),
            };
            let was = if order.is_le() { old_side.take()? } else { None };
            let is = if order.is_ge() { new_side.take()? } else { None };
            let Some(name) = was.or(is).map(|entry| entry.name) else {
                break;
            };
            let same = |was: &ForeignEntry<'_>, is: &ForeignEntry<'_>| was.id == is.id && was.kind == is.kind;
            if was.zip(is).is_some_and(|(was, is)| same(&was, &is)) {
                continue;
            }
            met += 1;
            if met > MOST_ENTRIES {
                return Err(ChangeError::Many(whole));
            }
            let mut here = path.clone();
            here.extend_from_slice(name);
            let file = |entry: Option<ForeignEntry<'_>>| Some(BlobId::from_raw(raw(entry, EntryKind::File)?));
            let folder =
                |entry: Option<ForeignEntry<'_>>| Some(TreeId::from_raw(raw(entry, EntryKind::Folder)?));
            let change = Change {
                path: here.clone(),
                old: file(was),
                new: file(is),
            };
            let is_link = is.is_some_and(|is| is.kind == EntryKind::Link);
            if is_link && paths.has(&change.path) {
                links.insert(change.path.clone());
            }
            if change.old != change.new && paths.has(&change.path) {
                changes.push(change);
            }
            let (old, new) = (folder(was), folder(is));
            if old != new {
                here.push(b'/');
                folders.push((here, old, new));
            }
        }
    }
    Ok(changes)
}

fn raw(entry: Option<ForeignEntry<'_>>, kind: EntryKind) -> Option<[u8; 20]> {
    let entry = entry.filter(|entry| entry.kind == kind)?;
    Some(*ObjectId::raw(&entry.id))
}

/// The entries of one of the two trees, each checked to stand after the one before it.
struct Side<'a, I> {
    id: Option<TreeId>,
    rest: I,
    entry: Option<ForeignEntry<'a>>,
}

impl<'a> Side<'a, ()> {
    fn of(
        id: Option<TreeId>,
        body: &'a [u8],
    ) -> Result<Side<'a, impl Iterator<Item = Result<ForeignEntry<'a>, ForeignError>>>, ChangeError> {
        let mut side = Side {
            id,
            rest: entries(body),
            entry: None,
        };
        side.take()?;
        Ok(side)
    }
}

impl<'a, I: Iterator<Item = Result<ForeignEntry<'a>, ForeignError>>> Side<'a, I> {
    /// Returns the present entry and goes on to the next.
    fn take(&mut self) -> Result<Option<ForeignEntry<'a>>, ChangeError> {
        let taken = self.entry.take();
        let id = self.id.unwrap_or(TreeId::from_raw([0; 20]));
        let next = self.rest.next().transpose();
        self.entry = next.map_err(|error| ChangeError::Malformed(id, error))?;
        match (&taken, &self.entry) {
            (Some(taken), Some(next)) if taken.order(next).is_ge() => Err(ChangeError::Order(id)),
            _ => Ok(taken),
        }
    }
}
