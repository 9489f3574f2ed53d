//! The leaves of the log, read from git: each commit of a stretch of the branch, on every core, in the branch's order.

use rayon::prelude::*;

use super::Entry;
use crate::id::CommitId;
use crate::object::commit::Commit;
use crate::object::{Hashing, ObjectKind};
use crate::revision::{is_first, is_root};
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::reader::Reader;
use crate::tlog::merkle::Hash;

/// Commits that one thread reads in a row.
const STRETCH: usize = 2048;

/// Reads the leaves of the commits from a place on, each with its revision's place; every commit is hashed. `None` where one
/// cannot be read, or is none of an archive's.
pub(crate) fn leaves(
    inventory: &Inventory,
    line: &Line,
    first: usize,
    hashing: Hashing,
) -> Option<Vec<(usize, Hash)>> {
    let places: Vec<usize> = (first..line.len()).collect();
    let stretches: Option<Vec<Vec<(usize, Hash)>>> = places
        .par_chunks(STRETCH)
        .map(|places| {
            let mut reader = Reader::new(inventory, hashing);
            let read = places
                .iter()
                .filter_map(|&place| match leaf(&mut reader, inventory, line, place) {
                    Read::Leaf(hash) => Some(Some((place, hash))),
                    Read::None => None,
                    Read::Broken => Some(None),
                });
            read.collect()
        })
        .collect();
    Some(stretches?.concat())
}

enum Read {
    Leaf(Hash),
    None,
    Broken,
}

fn leaf(reader: &mut Reader<'_>, inventory: &Inventory, line: &Line, place: usize) -> Read {
    let commit = line.number(place).and_then(|number| {
        let id = inventory.id(number);
        let body = reader.read(number, id, ObjectKind::Commit)?;
        Some((CommitId::from_raw(*id.raw()), Commit::parse(&body).ok()?))
    });
    let Some((id, commit)) = commit else {
        return Read::Broken;
    };
    match Entry::of_commit(id, &commit) {
        Some(entry) => Read::Leaf(entry.leaf()),
        None if is_root(&commit) || is_first(&commit) => Read::None,
        None => Read::Broken,
    }
}
