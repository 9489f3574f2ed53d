//! What has a tombstone and stays in the store all the same: a tombstone that nobody's good signature bears out drops nothing,
//! nothing goes that the tip still leads to, and no root file that any commit has: content is withheld of articles alone.
//!
//! Memory: some fifty bytes for each folder that the tip leads to, where there is something that could be dropped, and for each
//! folder of tombstones that there was.

use std::collections::{BTreeMap, HashSet};

use crate::archive::{Archive, Fault};
use crate::id::{BlobId, CommitId, TreeId};
use crate::object::tree::Entry;
use crate::storage::inventory::Inventory;
use crate::verify::signed::Keys;
use crate::withheld::{self, ReasonError};
use crate::wording::with_causes;

/// The folder of the articles in the tree.
const ARTICLES: &str = "articles";

/// A content that has a tombstone and is not dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spared {
    /// The content.
    pub blob: BlobId,
    /// Why it stays.
    pub why: String,
}

/// Finds what is in the store, has a tombstone, and stays.
pub(super) fn find(archive: &Archive, inventory: &Inventory) -> Result<Vec<Spared>, Fault> {
    let withheld = archive.withheld().iter().copied();
    let here: Vec<BlobId> = withheld
        .filter(|blob| inventory.find(blob.raw()).is_some())
        .collect();
    if here.is_empty() {
        return Ok(Vec::new());
    }
    let shown = shown(archive)?;
    let mut keys = Keys::of(archive)?;
    let (mut spared, mut borne) = (Vec::new(), Vec::new());
    for blob in here {
        let why = match (shown.get(&blob), unborne(archive, &mut keys, blob)?) {
            (Some(path), _) => format!("the newest commit has it as {path}"),
            (None, Some(why)) => why,
            (None, None) => {
                borne.push(blob);
                continue;
            }
        };
        spared.push(Spared { blob, why });
    }
    if !borne.is_empty() {
        let at_root = at_root(archive)?.into_iter();
        let at_root = at_root.filter(|(blob, _)| borne.contains(blob));
        spared.extend(at_root.map(|(blob, (path, commit))| Spared {
            blob,
            why: format!("commit {commit} has it as {path}, which is no file of an article"),
        }));
    }
    Ok(spared)
}

/// Finds which withheld contents a commit of the branch has outside of the articles, each with its path and the newest such commit.
fn at_root(archive: &Archive) -> Result<BTreeMap<BlobId, (String, CommitId)>, Fault> {
    let mut found = BTreeMap::new();
    let mut seen: HashSet<TreeId> = HashSet::new();
    for step in archive.walk() {
        let (id, commit) = step?;
        let mut waiting = vec![(commit.tree, String::new())];
        while let Some((folder, path)) = waiting.pop() {
            for (name, entry) in archive.tree(folder)?.entries() {
                let path = format!("{path}{name}");
                match entry {
                    Entry::Folder(below) if path != ARTICLES && seen.insert(*below) => {
                        waiting.push((*below, format!("{path}/")));
                    }
                    Entry::File(blob) if archive.withheld().contains(blob) => {
                        found.entry(*blob).or_insert((path, id));
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(found)
}

/// Says why a tombstone counts for nothing; `None` where it counts.
fn unborne(archive: &Archive, keys: &mut Keys, blob: BlobId) -> Result<Option<String>, Fault> {
    match withheld::reason(archive, keys, "", blob) {
        Ok(reason) if reason.signature.judgement.is_good() => Ok(None),
        Ok(reason) => Ok(Some(format!(
            "the signature of {}, which says that it was expunged, is {}",
            reason.commit, reason.signature
        ))),
        Err(ReasonError::Fault(fault)) if fault.is_system_error() => Err(fault),
        Err(error) => Ok(Some(with_causes(&error))),
    }
}

/// Finds which withheld contents the tip leads to, each with its path.
fn shown(archive: &Archive) -> Result<BTreeMap<BlobId, String>, Fault> {
    let mut shown = BTreeMap::new();
    let mut seen: HashSet<TreeId> = HashSet::new();
    let mut waiting = vec![(archive.root(), String::new())];
    while let Some((folder, path)) = waiting.pop() {
        if !seen.insert(folder) {
            continue;
        }
        for (name, entry) in archive.tree(folder)?.entries() {
            let path = format!("{path}{name}");
            match entry {
                Entry::Folder(id) => waiting.push((*id, format!("{path}/"))),
                Entry::File(blob) if archive.withheld().contains(blob) => {
                    shown.entry(*blob).or_insert(path);
                }
                Entry::File(_) => {}
            }
        }
    }
    Ok(shown)
}
