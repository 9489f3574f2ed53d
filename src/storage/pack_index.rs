//! Pack indexes, version 2: where in a pack each object lies.
//!
//! Source of the format: git's documentation, `gitformat-pack`, "Version 2 pack-*.idx files".

use std::ops::Range;

use sha1::{Digest, Sha1};

use crate::id::{ObjectId, RawId};

const MAGIC: [u8; 4] = [0xff, b't', b'O', b'c'];
const FAN_OUT: usize = 8;
const IDS: usize = FAN_OUT + 256 * 4;
/// Bytes that each object has in the four-byte tables and the table of ids: id, CRC-32, offset.
const PER_OBJECT: usize = 20 + 4 + 4;
/// The columns of the four-byte offsets among the bytes that each object has.
const OFFSETS: Range<usize> = 24..28;
/// The most places that [`PackIndex::likely`] returns.
pub(super) const MOST_LIKELY: usize = 512;
/// The pack's checksum and the index's own.
const TRAILER: usize = 40;
/// In the table of offsets, marks a place in the table of 64-bit offsets.
const WIDE: u32 = 1 << 31;

/// What is wrong with a pack index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The file has no magic number; version 1 has none either.
    #[error("is no pack index of version 2 (version 1 is not read; `git index-pack` writes version 2)")]
    Magic,
    /// Another version.
    #[error("is a pack index of version {0}; only version 2 is read")]
    Version(u32),
    /// The file ends within its fixed part.
    #[error("is too short for a pack index")]
    Short,
    /// The fan-out table goes down.
    #[error("fan-out table goes down at {0:#04x}")]
    FanOut(usize),
    /// The length is not what the number of objects implies.
    #[error("has {found} bytes, which does not fit its {count} objects")]
    Length {
        /// Length of the file.
        found: usize,
        /// Number of objects in the fan-out table.
        count: usize,
    },
    /// The table of 64-bit offsets is longer or shorter than the offsets that refer to it.
    #[error("has {found} offsets of 64 bits, but {used} objects use one")]
    WideCount {
        /// Entries in the table.
        found: usize,
        /// Objects that refer to the table.
        used: usize,
    },
    /// An offset refers to a place outside the table of 64-bit offsets.
    #[error("offset of object {0} lies outside the table of 64-bit offsets")]
    WideOutside(usize),
    /// An id is not above the one before it.
    #[error("ids are out of order at object {0}")]
    Order(usize),
    /// An id stands under another first byte than its own.
    #[error("object {0} is in the wrong part of the fan-out table")]
    Part(usize),
    /// The checksum at the end of the file is not that of the file.
    #[error("does not have the checksum it ends with")]
    Checksum,
}

/// A pack index over bytes that lie in memory or in a map.
#[derive(Debug)]
pub struct PackIndex<B> {
    bytes: B,
    count: usize,
    wide: usize,
}

impl PackIndex<&[u8]> {
    /// Returns the index of a pack that has none: it names no object.
    pub(super) fn none() -> Self {
        Self {
            bytes: &[],
            count: 0,
            wide: 0,
        }
    }
}

impl<B: AsRef<[u8]>> PackIndex<B> {
    /// Takes an index whose header, fan-out table and length are right. The tables themselves are left to
    /// [`PackIndex::check`], so that the time needed does not depend on the number of objects.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn parse(bytes: B) -> Result<Self, IndexError> {
        let file = bytes.as_ref();
        if file.get(..4).ok_or(IndexError::Short)? != MAGIC {
            return Err(IndexError::Magic);
        }
        let version = be32(file, 4).ok_or(IndexError::Short)?;
        if version != 2 {
            return Err(IndexError::Version(version));
        }
        let mut count = 0;
        for first in 0..256 {
            let next = be32(file, FAN_OUT + first * 4).ok_or(IndexError::Short)?;
            if next < count {
                return Err(IndexError::FanOut(first));
            }
            count = next;
        }
        let count = usize::try_from(count).map_err(|_| IndexError::Short)?;
        let wide = wide_offsets(file.len(), count).ok_or(IndexError::Length {
            found: file.len(),
            count,
        })?;
        Ok(Self { bytes, count, wide })
    }

    /// Returns the number of objects.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns every id, in ascending order where the index is sound.
    #[must_use]
    pub fn ids(&self) -> &[RawId] {
        self.table(0..20).as_chunks().0
    }

    /// Finds the place of an object in the tables.
    #[must_use]
    pub fn find(&self, id: &RawId) -> Option<usize> {
        let part = self.part(id[0]);
        // Most ids differ early, and numbers are compared faster than bytes.
        let begin = |id: &RawId| u64::from_be_bytes(*id.first_chunk().expect("an id is longer"));
        let order = |other: &RawId| begin(other).cmp(&begin(id)).then_with(|| other.cmp(id));
        let place = self.ids().get(part.clone())?.binary_search_by(order).ok()?;
        part.start.checked_add(place)
    }

    /// Returns at most [`MOST_LIKELY`] places among which an id most likely stands, and those of all ids with its first
    /// byte. Ids are hashes, and as good as evenly spread.
    pub(super) fn likely(&self, id: &RawId) -> (Range<usize>, Range<usize>) {
        let all = self.part(id[0]);
        let [_, a, b, c, d, ..] = *id;
        let part = u64::try_from(all.len()).unwrap_or(0);
        let before = (part * u64::from(u32::from_be_bytes([a, b, c, d]))) >> 32;
        let expected = all.start + usize::try_from(before).unwrap_or(0);
        // Four standard deviations: one is at most half the square root of the number.
        let near = (2 * all.len().isqrt()).clamp(16, MOST_LIKELY / 2);
        let start = expected.saturating_sub(near).max(all.start);
        let end = (expected + near).min(all.end);
        (start..end, all)
    }

    /// Returns where in the file the four bytes of the offset at a place stand.
    pub(super) fn offset_at(&self, place: usize) -> usize {
        IDS + self.count * OFFSETS.start + place * OFFSETS.len()
    }

    /// Returns the places of all ids that are at least `lowest` and have its first byte.
    #[must_use]
    pub fn from_lowest(&self, lowest: &RawId) -> Range<usize> {
        let part = self.part(lowest[0]);
        let below = self
            .ids()
            .get(part.clone())
            .map_or(0, |ids| ids.partition_point(|id| id < lowest));
        part.start.saturating_add(below)..part.end
    }

    /// Returns the CRC-32 of the raw bytes of the object at a place.
    #[must_use]
    pub fn crc(&self, place: usize) -> Option<u32> {
        let table = self.table(20..24).as_chunks().0;
        table.get(place).copied().map(u32::from_be_bytes)
    }

    /// Returns where in the pack the object at a place lies.
    ///
    /// # Errors
    /// [`IndexError::WideOutside`] where the place, or the one it refers to, does not exist.
    pub fn offset(&self, place: usize) -> Result<u64, IndexError> {
        let outside = IndexError::WideOutside(place);
        let Some(&bytes) = self.table(OFFSETS).as_chunks().0.get(place) else {
            return Err(outside);
        };
        if let Some(offset) = narrow_offset(bytes) {
            return Ok(offset);
        }
        let file = self.bytes.as_ref();
        let table = IDS + self.count * PER_OBJECT;
        let table = file.get(table..table + self.wide * 8).unwrap_or_default();
        usize::try_from(u32::from_be_bytes(bytes) & !WIDE)
            .ok()
            .and_then(|place| table.as_chunks().0.get(place))
            .map(|&offset| u64::from_be_bytes(offset))
            .ok_or(outside)
    }

    /// Returns the checksum of the pack that this index is for.
    #[must_use]
    pub fn pack_checksum(&self) -> Option<RawId> {
        self.bytes
            .as_ref()
            .last_chunk::<TRAILER>()?
            .first_chunk()
            .copied()
    }

    /// Checks everything that can be seen without the pack, and returns what is wrong.
    #[must_use]
    pub fn check(&self) -> Vec<(Option<ObjectId>, IndexError)> {
        let mut found = Vec::new();
        let sum: Option<(&[u8], &RawId)> = self.bytes.as_ref().split_last_chunk();
        if sum.is_none_or(|(content, sum)| Sha1::digest(content).as_slice() != sum) {
            found.push((None, IndexError::Checksum));
        }
        let mut before: Option<&RawId> = None;
        let mut wide = 0;
        for (place, id) in self.ids().iter().enumerate() {
            let named = Some(ObjectId::from_raw(*id));
            if before.is_some_and(|before| before >= id) {
                found.push((named, IndexError::Order(place)));
            }
            before = Some(id);
            if !self.part(id[0]).contains(&place) {
                found.push((named, IndexError::Part(place)));
            }
            let offset = self.table(OFFSETS).as_chunks().0.get(place);
            if offset.is_some_and(|offset| narrow_offset(*offset).is_none()) {
                wide += 1;
            }
        }
        if wide != self.wide {
            found.push((
                None,
                IndexError::WideCount {
                    found: self.wide,
                    used: wide,
                },
            ));
        }
        found
    }

    /// Returns the places of the ids with a first byte, as the fan-out table has them.
    fn part(&self, first: u8) -> Range<usize> {
        let bound = |first: usize| {
            be32(self.bytes.as_ref(), FAN_OUT + first * 4)
                .and_then(|bound| usize::try_from(bound).ok())
                .unwrap_or(0)
        };
        let first = usize::from(first);
        let start = first.checked_sub(1).map_or(0, bound);
        start..bound(first).max(start)
    }

    /// Returns one of the tables by the columns it has among the bytes of one object.
    fn table(&self, columns: Range<usize>) -> &[u8] {
        let start = IDS + self.count * columns.start;
        let end = IDS + self.count * columns.end;
        self.bytes.as_ref().get(start..end).unwrap_or_default()
    }
}

/// Returns where in the file the id at a place stands.
pub(super) fn id_at(place: usize) -> usize {
    IDS + place * size_of::<RawId>()
}

/// Returns the offset that four bytes are; `None` where they mark a place in the table of 64-bit offsets.
pub(super) fn narrow_offset(bytes: [u8; 4]) -> Option<u64> {
    let offset = u32::from_be_bytes(bytes);
    (offset & WIDE == 0).then_some(u64::from(offset))
}

/// Returns how many 64-bit offsets a file of this length has, or `None` where the length is impossible.
fn wide_offsets(length: usize, count: usize) -> Option<usize> {
    let fixed = count.checked_mul(PER_OBJECT)?.checked_add(IDS + TRAILER)?;
    let wide = length.checked_sub(fixed)?;
    (wide.is_multiple_of(8) && wide / 8 <= count).then_some(wide / 8)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packs::write_index as write;

    fn three() -> Vec<(RawId, u32, u64)> {
        vec![
            ([1; 20], 11, 12),
            ([0xaa; 20], 22, 40),
            ([0xab; 20], 33, 0x1_0000_0000),
        ]
    }

    #[test]
    fn ids_are_found_with_their_offsets() {
        let index = PackIndex::parse(write(&three(), [9; 20], 40)).unwrap();
        assert_eq!(index.count(), 3);
        for (id, crc, offset) in three() {
            let place = index.find(&id).unwrap();
            assert_eq!(index.crc(place), Some(crc));
            assert_eq!(index.offset(place), Ok(offset));
        }
        assert_eq!(index.find(&[2; 20]), None);
        assert_eq!(index.find(&[0xff; 20]), None);
        assert_eq!(index.from_lowest(&[0xaa; 20]), 1..2);
        assert_eq!(index.pack_checksum(), Some([9; 20]));
        assert!(index.check().is_empty());
        assert!(index.offset(3).is_err());
    }

    #[test]
    fn every_flip_and_every_truncation_is_found() {
        let good = write(&three(), [9; 20], 40);
        for length in 0..good.len() {
            if let Ok(index) = PackIndex::parse(&good[..length]) {
                assert!(!index.check().is_empty(), "{length} bytes");
            }
        }
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            if let Ok(index) = PackIndex::parse(bad) {
                assert!(!index.check().is_empty(), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_valid_checksum_hides_no_fault_of_the_tables() {
        let checks = |entries: &[(RawId, u32, u64)], spoil: fn(&mut Vec<u8>)| {
            let mut file = write(entries, [9; 20], 40);
            file.truncate(file.len() - 20);
            spoil(&mut file);
            let sum: RawId = Sha1::digest(&file).into();
            file.extend(sum);
            let found = PackIndex::parse(file).unwrap().check();
            found.into_iter().map(|(_, error)| error).collect::<Vec<_>>()
        };
        assert_eq!(checks(&three(), |_| ()), []);
        let twice = [([1; 20], 11, 12), ([1; 20], 11, 20)];
        assert_eq!(checks(&twice, |_| ()), [IndexError::Order(1)]);
        assert_eq!(checks(&three(), |file| file[IDS] = 2), [IndexError::Part(0)]);
        assert_eq!(
            checks(&three(), |file| file[IDS + 3 * 24 + 8] = 0),
            [IndexError::WideCount { found: 2, used: 1 }]
        );
    }

    #[test]
    fn other_versions_are_named() {
        assert_eq!(
            PackIndex::parse([0; 2000]).err(),
            Some(IndexError::Magic),
            "version 1"
        );
        let mut three = write(&three(), [9; 20], 40);
        three[7] = 3;
        assert_eq!(PackIndex::parse(three).err(), Some(IndexError::Version(3)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            at in 0..1200_usize,
            id in any::<RawId>(),
        ) {
            let _ = PackIndex::parse(&bytes);
            let mut file = write(&three(), [9; 20], 40);
            for (position, byte) in bytes.iter().enumerate().take(9) {
                if let Some(place) = file.get_mut(at + position) {
                    *place = *byte;
                }
            }
            if let Ok(index) = PackIndex::parse(file) {
                let _ = index.check();
                let _ = index.from_lowest(&id);
                let _ = index.find(&id).map(|place| index.offset(place));
                for place in 0..4 {
                    let _ = (index.offset(place), index.crc(place));
                }
            }
        }
    }
}
