//! Which of the files that a commit took away and which of those that it brought are one file, moved. As in git: the
//! same bytes first, then those of which at least half are the same.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::changes::Change;
use super::source::Source;
use crate::id::BlobId;

/// The most pairs of files of one commit that are compared.
const MOST_PAIRS: usize = 1 << 16;

/// The longest file that is compared.
const LONGEST: usize = 4 << 20;

/// The longest piece of a line that is compared as one.
const PIECE: usize = 64;

/// What part must be the same, in percent.
const ALIKE: usize = 50;

/// Pairs each file that is gone with at most one that is new.
pub(super) fn pairs<'a>(
    source: &mut Source<'_>,
    gone: &[&'a Change],
    new: &[&'a Change],
) -> Vec<(&'a Change, &'a Change)> {
    let mut pairs = Vec::new();
    if gone.is_empty() || new.is_empty() {
        return pairs;
    }
    let mut by_blob: HashMap<Option<BlobId>, Vec<&'a Change>> = HashMap::new();
    for change in gone {
        by_blob.entry(change.old).or_default().push(change);
    }
    let mut left_new = Vec::new();
    for change in new {
        let same = by_blob.get_mut(&change.new).filter(|same| !same.is_empty());
        let Some(same) = same else {
            left_new.push(*change);
            continue;
        };
        // Of several the one of the same name.
        let at = same.iter().position(|old| name(old) == name(change)).unwrap_or(0);
        pairs.push((same.remove(at), *change));
    }
    let mut left_gone: Vec<&'a Change> = by_blob.into_values().flatten().collect();
    left_gone.sort_by(|one, other| one.path.cmp(&other.path));
    if left_gone.len().saturating_mul(left_new.len()) > MOST_PAIRS {
        return pairs;
    }
    let mut pieces = |blob: Option<BlobId>| {
        let body = source.blob(blob?).ok().filter(|body| body.len() <= LONGEST)?;
        Some((body.len(), pieces(&body)))
    };
    let of_gone: Vec<_> = left_gone.iter().map(|change| pieces(change.old)).collect();
    let of_new: Vec<_> = left_new.iter().map(|change| pieces(change.new)).collect();
    let mut scored = Vec::new();
    for (from, old) in of_gone.iter().enumerate() {
        for (to, new) in of_new.iter().enumerate() {
            let Some(((old_length, old), (new_length, new))) = old.as_ref().zip(new.as_ref()) else {
                continue;
            };
            let longer = *old_length.max(new_length);
            let (few, many) = if old.len() < new.len() {
                (old, new)
            } else {
                (new, old)
            };
            let same: usize = few
                .iter()
                .map(|(piece, bytes)| *bytes.min(many.get(piece).unwrap_or(&0)))
                .sum();
            if longer > 0 && same * 100 >= longer * ALIKE {
                let is_other_name = name(left_gone[from]) != name(left_new[to]);
                scored.push((Reverse(same * 1000 / longer), is_other_name, from, to));
            }
        }
    }
    scored.sort_unstable();
    let (mut taken_gone, mut taken_new) = (vec![false; left_gone.len()], vec![false; left_new.len()]);
    for (_, _, from, to) in scored {
        if !taken_gone[from] && !taken_new[to] {
            (taken_gone[from], taken_new[to]) = (true, true);
            pairs.push((left_gone[from], left_new[to]));
        }
    }
    pairs
}

fn name(change: &Change) -> &[u8] {
    change
        .path
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default()
}

/// Counts the bytes of each piece of a text: its lines, cut where they are long.
fn pieces(body: &[u8]) -> HashMap<u64, usize> {
    let mut counts = HashMap::new();
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        for piece in line.chunks(PIECE) {
            let mut hasher = DefaultHasher::new();
            piece.hash(&mut hasher);
            *counts.entry(hasher.finish()).or_default() += piece.len();
        }
    }
    counts
}
