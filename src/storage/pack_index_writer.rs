//! Writing the index of a pack, version 2.
//!
//! Source of the format: git's documentation, `gitformat-pack`, "Version 2 pack-*.idx files".

use std::io::{self, Write};

use sha1::{Digest, Sha1};

use crate::id::{ObjectId, RawId};

/// The first offset that takes 64 bits.
const FIRST_WIDE: u64 = 1 << 31;

/// What an index says of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexed {
    /// The object.
    pub id: ObjectId,
    /// The CRC-32 of its entry's raw bytes.
    pub crc: u32,
    /// Where its entry begins.
    pub offset: u64,
}

/// Writes the index of objects that are in the order of their ids, each once, and returns the SHA-1 of all bytes
/// that were written.
///
/// # Errors
/// The system's; `InvalidInput` where there are more objects than a pack can have.
pub fn write(out: &mut dyn Write, objects: &[Indexed], pack_checksum: RawId) -> io::Result<RawId> {
    let count = u32::try_from(objects.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut out = Summed {
        out,
        sum: Sha1::new(),
    };
    out.write(b"\xfftOc\0\0\0\x02")?;
    let mut after = 0;
    for first in 0..=u8::MAX {
        after += objects[after..].partition_point(|object| object.id.raw()[0] <= first);
        let after = u32::try_from(after).unwrap_or(count);
        out.write(&after.to_be_bytes())?;
    }
    for object in objects {
        out.write(object.id.raw())?;
    }
    for object in objects {
        out.write(&object.crc.to_be_bytes())?;
    }
    let mut wide = 0_u32;
    for object in objects {
        let short = match u32::try_from(object.offset) {
            Ok(offset) if object.offset < FIRST_WIDE => offset,
            _ => {
                wide += 1;
                1 << 31 | (wide - 1)
            }
        };
        out.write(&short.to_be_bytes())?;
    }
    for object in objects.iter().filter(|object| object.offset >= FIRST_WIDE) {
        out.write(&object.offset.to_be_bytes())?;
    }
    out.write(&pack_checksum)?;
    let sum: RawId = out.sum.clone().finalize().into();
    out.write(&sum)?;
    Ok(out.sum.finalize().into())
}

/// Hashes what is written.
struct Summed<'a> {
    out: &'a mut dyn Write,
    sum: Sha1,
}

impl Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packs;
    use crate::storage::pack_index::PackIndex;

    #[test]
    fn an_index_is_byte_for_byte_what_git_writes_for_small_and_large_offsets() {
        let offsets = [
            12,
            (1 << 31) - 1,
            1 << 31,
            (1 << 31) + 40,
            u64::from(u32::MAX) + 5,
            1 << 40,
        ];
        let entries: Vec<([u8; 20], u32, u64)> = offsets
            .into_iter()
            .zip([0, 0, 3, 3, 0x80, 0xff])
            .zip(0..)
            .map(|((offset, first), number)| {
                let mut id = [number; 20];
                id[0] = first;
                (id, u32::from(number) * 99, offset)
            })
            .collect();
        let objects: Vec<Indexed> = entries
            .iter()
            .map(|&(id, crc, offset)| Indexed {
                id: ObjectId::from_raw(id),
                crc,
                offset,
            })
            .collect();
        let mut written = Vec::new();
        let sum = write(&mut written, &objects, [9; 20]).unwrap();
        assert_eq!(sum.as_slice(), Sha1::digest(&written).as_slice());
        assert!(written == packs::write_index(&entries, [9; 20], 1 << 31));
        let index = PackIndex::parse(written).unwrap();
        assert_eq!(index.check(), []);
        for object in objects {
            let place = index.find(object.id.raw()).unwrap();
            assert_eq!(index.offset(place), Ok(object.offset));
            assert_eq!(index.crc(place), Some(object.crc));
        }
        let mut written = Vec::new();
        write(&mut written, &[], [9; 20]).unwrap();
        assert!(written == packs::write_index(&[], [9; 20], 1 << 31));
    }
}
