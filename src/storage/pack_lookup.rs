//! Looking up some ids in the index of a pack, which may be long.
//!
//! Ids are hashes, so that where one stands can be told almost to the entry, and a short read of the file finds it. By the
//! map, every lookup would first touch pages that no other needs, and the kernel maps sixteen more with each: a process
//! that asks for two hundred objects of a million would spend half of its time on that. Where many are asked for, the pages
//! are there, and the map is faster.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::id::RawId;
use crate::storage::pack_index::{self, IndexError, MOST_LIKELY, PackIndex};

/// Lookups that are read from the file.
const FEW: usize = 1_000;

/// Objects of an index that is worth it to keep its file open: a store may have a thousand packs, but not of this size.
const MANY: usize = 20_000;

/// The file of an index, and how much of it was asked for. What the index says is hashed by who asks, so that another
/// file in its place misleads nobody.
#[derive(Debug)]
pub(super) struct Lookup {
    file: File,
    asked: AtomicUsize,
}

impl Lookup {
    /// Takes the file of an index; `None` where that is short.
    pub fn of<B: AsRef<[u8]>>(file: File, index: &PackIndex<B>) -> Option<Self> {
        let asked = AtomicUsize::new(0);
        (index.count() >= MANY).then_some(Self { file, asked })
    }

    /// Finds the place of an object as [`PackIndex::find`] does.
    pub fn find<B: AsRef<[u8]>>(&self, index: &PackIndex<B>, id: &RawId) -> Option<usize> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= FEW {
            return index.find(id);
        }
        let (likely, all) = index.likely(id);
        let mut ids = [[0; 20]; MOST_LIKELY];
        let ids = &mut ids[..likely.len()];
        if !self.read(ids.as_flattened_mut(), pack_index::id_at(likely.start)) {
            return index.find(id);
        }
        match ids.binary_search(id) {
            Ok(place) => Some(likely.start + place),
            // Between two of them, or before or behind all that there are, it cannot stand elsewhere.
            Err(place)
                if (place > 0 || likely.start == all.start)
                    && (place < ids.len() || likely.end == all.end) =>
            {
                None
            }
            Err(_) => index.find(id),
        }
    }

    /// Returns where in the pack the object at a place lies, as [`PackIndex::offset`] does.
    ///
    /// # Errors
    /// As for [`PackIndex::offset`].
    pub fn offset<B: AsRef<[u8]>>(&self, index: &PackIndex<B>, place: usize) -> Result<u64, IndexError> {
        let mut offset = [0; 4];
        let is_read = self.asked.load(Ordering::Relaxed) <= FEW
            && place < index.count()
            && self.read(&mut offset, index.offset_at(place));
        match pack_index::narrow_offset(offset) {
            Some(offset) if is_read => Ok(offset),
            _ => index.offset(place),
        }
    }

    fn read(&self, bytes: &mut [u8], at: usize) -> bool {
        u64::try_from(at).is_ok_and(|at| self.file.read_exact_at(bytes, at).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sha1::{Digest as _, Sha1};

    use super::*;
    use crate::packs::write_index;

    /// An index of some ids in ascending order, as a file and in memory.
    fn lookup(ids: &[RawId]) -> (Lookup, PackIndex<Vec<u8>>) {
        let entry = |(place, id): (usize, &RawId)| {
            let wide = if place % 7 == 3 { 1 << 33 } else { 0 };
            (*id, 0, u64::try_from(place).unwrap() * 5 + 12 + wide)
        };
        let entries: Vec<_> = ids.iter().enumerate().map(entry).collect();
        let index = write_index(&entries, [9; 20], 40);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        fs::write(&path, &index).unwrap();
        let lookup = Lookup {
            file: File::open(&path).unwrap(),
            asked: AtomicUsize::new(0),
        };
        (lookup, PackIndex::parse(index).unwrap())
    }

    fn hashes(numbers: std::ops::Range<u32>) -> Vec<RawId> {
        let mut ids: Vec<RawId> = numbers.map(|n| Sha1::digest(n.to_be_bytes()).into()).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn what_is_found_is_what_the_index_finds() {
        let evenly = hashes(0..20_000);
        // All with one first byte and hardly spread, so that where one stands cannot be told.
        let unevenly = hashes(0..2_000).into_iter().map(|mut id| {
            id[..8].fill(7);
            id
        });
        let mut unevenly: Vec<RawId> = unevenly.collect();
        unevenly.sort_unstable();
        for ids in [evenly, unevenly, hashes(0..1), Vec::new()] {
            let (lookup, index) = lookup(&ids);
            assert_eq!(
                Lookup::of(lookup.file.try_clone().unwrap(), &index).is_some(),
                ids.len() == 20_000
            );
            let others = hashes(1_000_000..1_000_400);
            let asked = ids.iter().step_by(ids.len() / 400 + 1).chain(&others);
            for id in asked.chain(&[[0; 20], [0xff; 20], [7; 20]]) {
                let place = lookup.find(&index, id);
                assert_eq!(place, index.find(id), "{id:?} of {}", ids.len());
                if let Some(place) = place {
                    assert_eq!(lookup.offset(&index, place), index.offset(place));
                }
            }
            assert!(lookup.offset(&index, ids.len()).is_err());
        }
    }

    #[test]
    fn few_are_read_from_the_file_and_many_from_the_map() {
        let ids = hashes(0..5_000);
        let (lookup, _) = lookup(&ids);
        // In this index each stands one place further to the front than in the file.
        let (_, other) = self::lookup(&ids[1..]);
        let is_other = |id: &RawId| lookup.find(&other, id) == other.find(id);
        let agree = |ids: &[RawId]| ids.iter().filter(|id| is_other(id)).count();
        assert!(agree(&ids[..FEW]) < FEW / 2);
        assert_eq!(agree(&ids[FEW..]), ids.len() - FEW);
    }

    #[test]
    fn a_file_that_was_cut_off_is_not_gone_by() {
        let ids = hashes(0..300);
        let (lookup, index) = lookup(&ids);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        fs::write(&path, [0; 1_500]).unwrap();
        let file = File::open(path).unwrap();
        let cut = Lookup { file, ..lookup };
        for (place, id) in ids.iter().enumerate().skip(100) {
            assert_eq!(cut.find(&index, id), Some(place));
            assert_eq!(cut.offset(&index, place), index.offset(place));
        }
    }
}
