//! Packs, version 2: many objects in one file, each a whole one or a delta against another.
//!
//! Source of the format: git's documentation, `gitformat-pack`.

use std::sync::Arc;

use crate::id::{ObjectId, RawId};
use crate::object::delta::{self, DeltaError};
use crate::object::entry::{self, HeaderError};
use crate::object::{LARGEST_OBJECT, Object, ObjectKind};
use crate::platform::{InflateError, Inflater};
use crate::storage::bases::Bases;

use crate::storage::loose::{MOST_EXPANSION, check_stream_header};
use crate::storage::pack_index::{IndexError, PackIndex};

/// Where the first entry begins.
pub const FIRST_ENTRY: u64 = 12;

/// The most deltas between an object and its whole base. Git writes 4095 at most.
pub const DEEPEST_CHAIN: usize = 4095;

/// Length of the checksum at the end.
const TRAILER: usize = 20;

/// What is wrong with a pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The file is shorter than a pack without entries.
    #[error("is too short for a pack")]
    Short,
    /// The file does not begin with `PACK`.
    #[error("does not begin as a pack")]
    Magic,
    /// Another version.
    #[error("is a pack of version {0}; only version 2 is read")]
    Version(u32),
    /// Pack and index disagree about the number of objects.
    #[error("announces {pack} objects, its index has {index}")]
    Count {
        /// Number in the pack's header.
        pack: u64,
        /// Number in the index.
        index: u64,
    },
    /// Pack and index do not belong together.
    #[error("ends with another checksum than its index names")]
    OtherPack,
    /// The checksum at the end of the file is not that of the file.
    #[error("does not have the checksum it ends with")]
    Checksum,
    /// The index says where the object lies in a way that cannot be followed.
    #[error("index does not lead to the entry")]
    Index(#[source] IndexError),
    /// The offset lies outside the entries.
    #[error("offset lies outside the pack's entries")]
    Outside,
    /// Two objects have one offset.
    #[error("two objects of the index have this offset")]
    Shared,
    /// No entry begins where the pack's header or an earlier entry ends.
    #[error("bytes of the pack belong to no entry")]
    Gap,
    /// The raw bytes do not have the CRC-32 that the index names.
    #[error("entry does not have the checksum that the index names")]
    Crc,
    /// The pack ends in the middle of an entry's header.
    #[error("entry header ends early")]
    Header,
    /// A length or a distance does not fit in 64 bits.
    #[error("entry header has a number of more than 64 bits")]
    Overflow,
    /// One of the two kinds that git keeps for later.
    #[error("entry has the unknown kind {0}")]
    Kind(u8),
    /// The entry announces more than an archive's objects may have.
    #[error("entry announces {0} bytes, more than an object of an archive may have")]
    TooLarge(u64),
    /// The entry announces more than so short a stream can hold.
    #[error("entry announces {0} bytes, more than it can hold")]
    Implausible(u64),
    /// The base of a delta would lie before the pack or at the delta itself.
    #[error("delta has no base before it")]
    BaseOutside,
    /// No entry begins at the base of a delta.
    #[error("delta has its base at offset {0}, where no entry begins")]
    BaseUnlisted(u64),
    /// The base of a delta is not in the pack.
    #[error("delta has its base {0} outside the pack (a thin pack)")]
    BaseMissing(ObjectId),
    /// The object that the delta builds upon is itself damaged.
    #[error("delta builds upon a damaged entry")]
    BaseDamaged,
    /// The delta builds upon itself, directly or through others.
    #[error("delta builds upon itself")]
    Cycle,
    /// More than [`DEEPEST_CHAIN`] deltas.
    #[error("delta stands upon more than {DEEPEST_CHAIN} others")]
    TooDeep,
    /// The stream does not begin as zlib's do, or is damaged.
    #[error("zlib stream of the entry is damaged or ends early")]
    Stream,
    /// The stream gives another number of bytes than announced.
    #[error("zlib stream of the entry does not hold the {0} bytes announced")]
    StreamLength(u64),
    /// The stream ends before the next entry begins.
    #[error("{0} bytes lie between the entry's zlib stream and the next entry")]
    Trailing(u64),
    /// The delta cannot be applied.
    #[error("delta of the entry cannot be applied")]
    Delta(#[source] DeltaError),
}

impl From<HeaderError> for PackError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Truncated => Self::Header,
            HeaderError::Overflow => Self::Overflow,
        }
    }
}

/// A fault of a pack and the entry that has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry at offset {offset} cannot be read")]
pub struct EntryFault {
    /// Where the entry begins.
    pub offset: u64,
    /// What is wrong.
    #[source]
    pub what: PackError,
}

impl From<IndexError> for EntryFault {
    fn from(error: IndexError) -> Self {
        Self {
            offset: 0,
            what: PackError::Index(error),
        }
    }
}

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A whole object.
    Whole(ObjectKind),
    /// A delta whose base begins at an offset before it.
    OffsetDelta(u64),
    /// A delta whose base has an id.
    IdDelta(ObjectId),
}

/// The header of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What the entry holds.
    pub kind: EntryKind,
    /// Bytes of the object or the delta, inflated.
    pub length: usize,
    /// Where the zlib stream begins.
    pub stream: u64,
}

/// A pack with its index.
#[derive(Debug)]
pub struct Pack<B> {
    bytes: B,
    index: PackIndex<B>,
}

impl<'a> Pack<&'a [u8]> {
    /// Takes the beginning of a pack that was torn off, which has no index: its entries are found one after another, from
    /// [`FIRST_ENTRY`] on, but for the one that its last bytes are of.
    #[must_use]
    pub fn torn(bytes: &'a [u8]) -> Self {
        let index = PackIndex::none();
        Self { bytes, index }
    }
}

impl<B: AsRef<[u8]>> Pack<B> {
    /// Takes a pack whose header fits its index. Neither is read further.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn parse(bytes: B, index: PackIndex<B>) -> Result<Self, PackError> {
        let file = bytes.as_ref();
        let (&header, rest) = file.split_first_chunk::<12>().ok_or(PackError::Short)?;
        let [p, a, c, k, v0, v1, v2, v3, n0, n1, n2, n3] = header;
        if [p, a, c, k] != *b"PACK" {
            return Err(PackError::Magic);
        }
        let version = u32::from_be_bytes([v0, v1, v2, v3]);
        if version != 2 {
            return Err(PackError::Version(version));
        }
        if rest.len() < TRAILER {
            return Err(PackError::Short);
        }
        let pack = u64::from(u32::from_be_bytes([n0, n1, n2, n3]));
        let indexed = u64::try_from(index.count()).unwrap_or(u64::MAX);
        if pack != indexed {
            return Err(PackError::Count { pack, index: indexed });
        }
        Ok(Self { bytes, index })
    }

    /// Returns the index.
    #[must_use]
    pub fn index(&self) -> &PackIndex<B> {
        &self.index
    }

    /// Returns the bytes before the checksum, and the checksum.
    #[must_use]
    pub fn content(&self) -> (&[u8], &RawId) {
        self.bytes
            .as_ref()
            .split_last_chunk()
            .unwrap_or((&[], &[0; TRAILER]))
    }

    /// Reads an object by its place in the index, and everything it builds upon. The id is not checked here.
    ///
    /// # Errors
    /// [`EntryFault`], which names the entry at fault: the object's own or one it builds upon.
    pub fn read(&self, place: usize, inflater: &mut Inflater) -> Result<Object, EntryFault> {
        let offset = self.index.offset(place)?;
        self.read_at(offset, inflater, &mut Bases::none())
    }

    /// Reads the object whose entry begins at an offset over what was read before, and keeps what it stands upon.
    ///
    /// # Errors
    /// As for [`Pack::read`].
    pub fn read_at(
        &self,
        offset: u64,
        inflater: &mut Inflater,
        bases: &mut Bases,
    ) -> Result<Object, EntryFault> {
        let end = u64::try_from(self.content().0.len()).unwrap_or(u64::MAX);
        let mut deltas = Vec::new();
        let mut at = offset;
        let (kind, mut body) = loop {
            if let Some(kept) = bases.get(at) {
                break kept;
            }
            let here = |what| EntryFault { offset: at, what };
            let entry = self.entry(at).map_err(here)?;
            let offset_of_delta = at;
            at = match entry.kind {
                EntryKind::Whole(kind) => {
                    let (body, _) = self.inflate(&entry, end, inflater).map_err(here)?;
                    let body = Arc::new(body);
                    bases.keep(at, kind, &body);
                    break (kind, body);
                }
                EntryKind::OffsetDelta(base) => base,
                EntryKind::IdDelta(base) => self.base_offset(base).map_err(here)?,
            };
            deltas.push((offset_of_delta, entry));
            if deltas.len() > DEEPEST_CHAIN {
                return Err(EntryFault {
                    offset,
                    what: PackError::TooDeep,
                });
            }
        };
        for (offset, entry) in deltas.iter().rev() {
            let fault = |what| EntryFault {
                offset: *offset,
                what,
            };
            let (delta, _) = self.inflate(entry, end, inflater).map_err(fault)?;
            let applied = delta::apply(&body, &delta).map_err(|error| fault(PackError::Delta(error)))?;
            body = Arc::new(applied);
            bases.keep(*offset, kind, &body);
        }
        let body = Arc::try_unwrap(body).unwrap_or_else(|body| body.to_vec());
        Ok(Object { kind, body })
    }

    /// Finds the offset of a base that is named by its id.
    ///
    /// # Errors
    /// [`PackError::BaseMissing`] where the pack has no such object.
    pub fn base_offset(&self, base: ObjectId) -> Result<u64, PackError> {
        let place = self.index.find(base.raw()).ok_or(PackError::BaseMissing(base))?;
        self.index.offset(place).map_err(PackError::Index)
    }

    /// Reads the header of the entry at an offset.
    ///
    /// # Errors
    /// [`PackError`]; a length above [`LARGEST_OBJECT`] is refused here, before anything is allocated.
    pub fn entry(&self, offset: u64) -> Result<Entry, PackError> {
        let content = self.content().0;
        let mut rest = usize::try_from(offset)
            .ok()
            .filter(|_| offset >= FIRST_ENTRY)
            .and_then(|offset| content.get(offset..))
            .filter(|rest| !rest.is_empty())
            .ok_or(PackError::Outside)?;
        let (code, length) = entry::read_header(&mut rest)?;
        let kind = match code {
            entry::OFFSET_DELTA => {
                let distance = entry::read_distance(&mut rest)?;
                let base = offset
                    .checked_sub(distance)
                    .filter(|&base| distance > 0 && base >= FIRST_ENTRY);
                EntryKind::OffsetDelta(base.ok_or(PackError::BaseOutside)?)
            }
            entry::ID_DELTA => {
                let (base, after) = rest.split_first_chunk().ok_or(PackError::Header)?;
                rest = after;
                EntryKind::IdDelta(ObjectId::from_raw(*base))
            }
            code => EntryKind::Whole(entry::kind(code).ok_or(PackError::Kind(code))?),
        };
        let length = usize::try_from(length)
            .ok()
            .filter(|&length| length <= LARGEST_OBJECT)
            .ok_or(PackError::TooLarge(length))?;
        let stream = content.len() - rest.len();
        Ok(Entry {
            kind,
            length,
            stream: u64::try_from(stream).map_err(|_| PackError::Outside)?,
        })
    }

    /// Inflates the stream of an entry, which has to end at `end` at the latest, and returns its bytes with
    /// the offset at which the stream ends.
    ///
    /// # Errors
    /// [`PackError`] where the stream is damaged or holds another number of bytes than announced.
    pub fn inflate(
        &self,
        entry: &Entry,
        end: u64,
        inflater: &mut Inflater,
    ) -> Result<(Vec<u8>, u64), PackError> {
        let mut output = Vec::new();
        let stream_end = self.inflate_into(&mut output, entry, end, inflater)?;
        Ok((output, stream_end))
    }

    /// Inflates as [`Pack::inflate`] does, over what a buffer holds.
    ///
    /// # Errors
    /// [`PackError`] as for [`Pack::inflate`]; the buffer then holds anything.
    pub fn inflate_into(
        &self,
        output: &mut Vec<u8>,
        entry: &Entry,
        end: u64,
        inflater: &mut Inflater,
    ) -> Result<u64, PackError> {
        let announced = u64::try_from(entry.length).unwrap_or(u64::MAX);
        let range = usize::try_from(entry.stream).ok().zip(usize::try_from(end).ok());
        let input = range
            .and_then(|(from, to)| self.content().0.get(from..to))
            .ok_or(PackError::Stream)?;
        let room = u64::try_from(input.len()).unwrap_or(u64::MAX);
        if announced > room.saturating_mul(MOST_EXPANSION) {
            return Err(PackError::Implausible(announced));
        }
        check_stream_header(input).map_err(|_| PackError::Stream)?;
        output.resize(entry.length, 0);
        let went = inflater.zlib(input, output).map_err(|error| match error {
            InflateError::Stream => PackError::Stream,
            InflateError::Room => PackError::StreamLength(announced),
        })?;
        if went.written != entry.length {
            return Err(PackError::StreamLength(announced));
        }
        let consumed = u64::try_from(went.consumed).map_err(|_| PackError::Stream)?;
        Ok(entry.stream.saturating_add(consumed))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packs::PackWriter;

    fn open(writer: PackWriter) -> Pack<Vec<u8>> {
        let (pack, index) = writer.finish();
        Pack::parse(pack, PackIndex::parse(index).unwrap()).unwrap()
    }

    fn read(pack: &Pack<Vec<u8>>, id: RawId) -> Result<Object, PackError> {
        let place = pack.index().find(&id).unwrap();
        pack.read(place, &mut Inflater::new()).map_err(|fault| fault.what)
    }

    #[test]
    fn both_kinds_of_delta_lead_to_their_base() {
        let mut writer = PackWriter::new();
        let base = writer.whole([1; 20], 3, b"hello world");
        writer.offset_delta([2; 20], base, &[11, 5, 0x91, 6, 5]);
        writer.id_delta([3; 20], [2; 20], &[5, 2, 0x90, 1, 1, b'!']);
        let pack = open(writer);
        assert_eq!(read(&pack, [1; 20]).unwrap().body, b"hello world");
        assert_eq!(read(&pack, [2; 20]).unwrap().body, b"world");
        let last = read(&pack, [3; 20]).unwrap();
        assert_eq!((last.kind, &last.body[..]), (ObjectKind::Blob, &b"w!"[..]));
    }

    #[test]
    fn each_fault_of_an_entry_has_its_name() {
        let mut writer = PackWriter::new();
        let base = writer.whole([1; 20], 3, b"hello");
        writer.raw([2; 20], 0, 1, &[], b"x");
        writer.raw([3; 20], 5, 1, &[], b"x");
        writer.raw([4; 20], 3, 1 << 63, &[], b"x");
        writer.raw([5; 20], 3, 2, &[], b"x");
        writer.raw([6; 20], 3, 1, &[], b"xy");
        writer.raw([7; 20], 6, 3, &[0], &[5, 1, 0x90]);
        writer.id_delta([8; 20], [8; 20], &[5, 1, 0x90, 1]);
        writer.id_delta([9; 20], [99; 20], &[5, 1, 0x90, 1]);
        writer.offset_delta([10; 20], base, &[5, 1, 0]);
        writer.raw([11; 20], 6, 3, &[0xff; 12], &[5, 1, 0x90]);
        writer.raw([12; 20], 3, 64 << 20, &[], b"x");
        let pack = open(writer);
        let missing = ObjectId::from_raw([99; 20]);
        for (id, fault) in [
            (2, PackError::Kind(0)),
            (3, PackError::Kind(5)),
            (4, PackError::TooLarge(1 << 63)),
            (5, PackError::StreamLength(2)),
            (6, PackError::StreamLength(1)),
            (7, PackError::BaseOutside),
            (8, PackError::TooDeep),
            (9, PackError::BaseMissing(missing)),
            (10, PackError::Delta(DeltaError::Reserved)),
            (11, PackError::Overflow),
            (12, PackError::Implausible(64 << 20)),
        ] {
            assert_eq!(read(&pack, [id; 20]), Err(fault), "{id}");
        }
    }

    #[test]
    fn a_header_that_does_not_fit_is_refused() {
        let mut writer = PackWriter::new();
        writer.whole([1; 20], 3, b"hello");
        let (pack, index) = writer.finish();
        let parse = |pack: &[u8]| {
            let index = PackIndex::parse(index.clone()).unwrap();
            Pack::parse(pack.to_vec(), index).err()
        };
        assert_eq!(parse(&pack), None);
        assert_eq!(parse(&pack[..11]), Some(PackError::Short));
        assert_eq!(parse(&pack[..31]), Some(PackError::Short));
        for (byte, fault) in [
            (0, PackError::Magic),
            (7, PackError::Version(3)),
            (11, PackError::Count { pack: 0, index: 1 }),
        ] {
            let mut bad = pack.clone();
            bad[byte] ^= 1;
            assert_eq!(parse(&bad), Some(fault));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_entries_never_panic(
            head in prop::collection::vec(any::<u8>(), 0..40),
            code in 0..8_u8,
            length in any::<u64>(),
            stream in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut writer = PackWriter::new();
            writer.whole([1; 20], 3, b"hello");
            writer.raw([2; 20], code, length, &head, &stream);
            writer.raw([3; 20], code, u64::try_from(stream.len()).unwrap(), &head, &stream);
            writer.bytes([4; 20], &head);
            let pack = open(writer);
            for id in 1..=4 {
                let _ = read(&pack, [id; 20]);
            }
        }
    }
}
