//! A proof as a git pack, version 2: whole entries in the proof's order, no deltas, and the SHA-1 of it all at the end.
//!
//! Source of the format: git's documentation, `gitformat-pack`.

use std::io::Read;

use flate2::bufread::ZlibDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::Proof;
use crate::object::entry::{self, HeaderError};
use crate::object::{self, HashError, LARGEST_OBJECT, Object, ObjectKind};

/// The most objects of a proof: a folder with a source in each of a thousand languages is none that anybody reads.
pub const MOST_OBJECTS: usize = 1024;

/// The most bytes that the objects of a proof have together.
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
    /// An entry is a delta, or of no kind.
    #[error("its entry {0} is no whole commit, tree or blob")]
    Kind(usize),
    /// The objects are too large.
    #[error("its objects are larger than {LARGEST_PROOF} bytes")]
    TooLarge,
    /// An entry cannot be inflated to what it says it holds.
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

/// Puts a zlib stream to the end of a pack.
fn deflate(deflater: &mut Compress, mut body: &[u8], pack: &mut Vec<u8>) {
    deflater.reset();
    loop {
        // Nearly always enough at once.
        pack.reserve(body.len() / 2 + 64);
        let before = deflater.total_in();
        let status = deflater.compress_vec(body, pack, FlushCompress::Finish);
        if status.expect("it was reset, and there is room") == Status::StreamEnd {
            return;
        }
        let taken = usize::try_from(deflater.total_in() - before).expect("no more than there was");
        body = &body[taken..];
    }
}

impl Proof {
    /// Returns the proof as a pack.
    ///
    /// # Errors
    /// [`PackError`] where no reader would take it: it is too large, or has too many objects.
    pub fn encode(&self) -> Result<Vec<u8>, PackError> {
        let count = u32::try_from(self.objects().len()).unwrap_or(u32::MAX);
        let bytes: usize = self.objects().iter().map(|object| object.body.len()).sum();
        if self.objects().is_empty() || self.objects().len() > MOST_OBJECTS {
            return Err(PackError::Count(count));
        }
        if bytes > LARGEST_PROOF {
            return Err(PackError::TooLarge);
        }
        let mut pack = MAGIC.to_vec();
        pack.extend(count.to_be_bytes());
        let mut deflater = Compress::new(Compression::default(), true);
        for object in self.objects() {
            pack.extend(entry::header(entry::code(object.kind), object.body.len()));
            deflate(&mut deflater, &object.body, &mut pack);
        }
        pack.extend(object::digest(&[&pack])?);
        Ok(pack)
    }

    /// Reads a pack.
    ///
    /// # Errors
    /// [`PackError`] for anything but whole commits, trees and blobs. How they were deflated does not matter.
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
        let mut objects = Vec::new();
        let mut room = LARGEST_PROOF;
        for number in 1..=count as usize {
            let (code, length) = entry::read_header(&mut rest)?;
            let kind = entry::kind(code).filter(|kind| *kind != ObjectKind::Tag);
            let kind = kind.ok_or(PackError::Kind(number))?;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > room {
                return Err(PackError::TooLarge);
            }
            room -= length;
            let mut body = Vec::new();
            let mut inflating = ZlibDecoder::new(rest).take(length as u64 + 1);
            let read = inflating.read_to_end(&mut body);
            if read.is_err() || body.len() != length {
                return Err(PackError::Damaged(number));
            }
            rest = inflating.into_inner().into_inner();
            objects.push(Object { kind, body });
        }
        if rest.is_empty() {
            Ok(Self::of(objects))
        } else {
            Err(PackError::Trailing)
        }
    }
}
