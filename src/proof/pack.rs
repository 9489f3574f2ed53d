//! A proof as a git pack, version 2: an entry for each object, in the proof's order, and the SHA-1 of it all at the end. An entry is
//! whole, or a delta of one that stands before it. Read here; the storage layer writes it.
//!
//! Source of the format: git's documentation, `gitformat-pack`.

use std::io::Read;

use flate2::bufread::ZlibDecoder;

use super::Proof;
use crate::object::delta::{self, DeltaError};
use crate::object::entry::{self, HeaderError};
use crate::object::{self, HashError, LARGEST_OBJECT, Object, ObjectKind};

/// The most objects of a proof: a folder with a source in each of a thousand languages is none that anybody reads.
pub const MOST_OBJECTS: usize = 1024;

/// The most bytes that the objects of a proof and its deltas have together.
pub const LARGEST_PROOF: usize = LARGEST_OBJECT;

/// What a pack of version 2 begins with (gitformat-pack).
pub const MAGIC: &[u8; 8] = b"PACK\0\0\0\x02";

/// Why bytes are no proof's pack.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Another file, or one that is cut short.
    #[error("it is no git pack of version 2, or is cut short")]
    Form,
    /// The bytes are not those that were written.
    #[error("its checksum is not that of its bytes: it was damaged or changed")]
    Checksum,
    /// The checksum cannot be believed.
    #[error("its checksum")]
    Hash(#[from] HashError),
    /// Too many objects.
    #[error("it has {0} objects; a proof has 1 to {MOST_OBJECTS}")]
    Count(u32),
    /// An entry is of another kind, or a delta of what does not stand before it.
    #[error("its entry {0} is neither a commit, tree or blob, nor a delta of an entry before it")]
    Kind(usize),
    /// The objects are too large.
    #[error("its objects are larger than {LARGEST_PROOF} bytes")]
    TooLarge,
    /// An entry does not hold what it says it holds.
    #[error("its entry {0} is damaged")]
    Damaged(usize),
    /// Something follows the last entry.
    #[error("bytes follow its last entry")]
    Trailing,
}

impl From<HeaderError> for PackError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Truncated => Self::Form,
            HeaderError::Overflow => Self::TooLarge,
        }
    }
}

impl Proof {
    /// Reads a pack.
    ///
    /// # Errors
    /// [`PackError`] for anything but commits, trees and blobs, each whole or a delta by the distance of one before it. How they
    /// were deflated, and which of them are deltas, does not matter.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackError> {
        let (content, checksum) = bytes.split_last_chunk::<20>().ok_or(PackError::Form)?;
        let mut rest = content.strip_prefix(MAGIC).ok_or(PackError::Form)?;
        if object::digest(&[content])? != *checksum {
            return Err(PackError::Checksum);
        }
        let (count, after) = rest.split_first_chunk().ok_or(PackError::Form)?;
        let count = u32::from_be_bytes(*count);
        rest = after;
        if count == 0 || count as usize > MOST_OBJECTS {
            return Err(PackError::Count(count));
        }
        let mut objects: Vec<Object> = Vec::new();
        let mut places = Vec::new();
        let mut room = LARGEST_PROOF;
        for number in 1..=count as usize {
            let at = content.len() - rest.len();
            let (code, length) = entry::read_header(&mut rest)?;
            let base = if code == entry::OFFSET_DELTA {
                let distance = entry::read_distance(&mut rest)?;
                let place = usize::try_from(distance)
                    .ok()
                    .and_then(|distance| at.checked_sub(distance));
                let base = place.and_then(|place| places.binary_search(&place).ok());
                Some(&objects[base.ok_or(PackError::Kind(number))?])
            } else {
                None
            };
            let kind = base.map_or_else(|| entry::kind(code), |base| Some(base.kind));
            let kind = kind
                .filter(|kind| *kind != ObjectKind::Tag)
                .ok_or(PackError::Kind(number))?;
            let mut body = inflated(&mut rest, length, &mut room, number)?;
            if let Some(base) = base {
                body = delta::apply_within(room, &base.body, &body).map_err(|error| match error {
                    DeltaError::TooLarge(_) => PackError::TooLarge,
                    _ => PackError::Damaged(number),
                })?;
                room -= body.len();
            }
            places.push(at);
            objects.push(Object { kind, body });
        }
        if rest.is_empty() {
            Ok(Self::of(objects))
        } else {
            Err(PackError::Trailing)
        }
    }
}

/// Inflates the stream of an entry, for which there is only so much room.
fn inflated(rest: &mut &[u8], length: u64, room: &mut usize, number: usize) -> Result<Vec<u8>, PackError> {
    let length = usize::try_from(length).ok().filter(|length| length <= room);
    let length = length.ok_or(PackError::TooLarge)?;
    *room -= length;
    let mut bytes = Vec::new();
    let mut inflating = ZlibDecoder::new(*rest).take(length as u64 + 1);
    let read = inflating.read_to_end(&mut bytes);
    if read.is_err() || bytes.len() != length {
        return Err(PackError::Damaged(number));
    }
    *rest = inflating.into_inner().into_inner();
    Ok(bytes)
}
