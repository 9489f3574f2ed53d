//! Loose objects: one object in one file, a zlib stream of header and body.
//!
//! Source of the format: git's documentation, `gitformat-loose`. Stricter than git: nothing may follow the
//! stream, and the length in the header has one spelling only.

use std::io::{self, Write as _};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use crate::object::{self, LARGEST_OBJECT, Object, ObjectKind};

/// The longest loose file that can hold an object of [`LARGEST_OBJECT`] bytes: deflate's stored blocks add
/// less than one byte in 256.
pub const LONGEST_FILE: usize = LARGEST_OBJECT + LARGEST_OBJECT / 256 + 1024;

/// Deflate makes at most this many bytes out of one.
pub(super) const MOST_EXPANSION: u64 = 1032;

/// Room for the longest header, `commit 18446744073709551615\0`, and a little of the body.
const HEADER_ROOM: usize = 64;

/// Why bytes are no loose object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LooseError {
    /// The first two bytes are not those of a zlib stream without a dictionary.
    #[error("does not begin as a zlib stream")]
    StreamHeader,
    /// The stream is no deflate data, or its Adler-32 is wrong.
    #[error("zlib stream is damaged")]
    Stream,
    /// The file ends before the stream does.
    #[error("zlib stream ends early")]
    Truncated,
    /// The inflated bytes do not begin with kind, length and NUL in git's spelling.
    #[error("object header is malformed")]
    Header,
    /// The header announces more than an archive's objects may have.
    #[error("object header announces {0} bytes, more than an object of an archive may have")]
    TooLarge(u64),
    /// The body is shorter than announced.
    #[error("object header announces {announced} bytes, the body has {found}")]
    Short {
        /// Length in the header.
        announced: usize,
        /// Length of the body.
        found: usize,
    },
    /// The header announces more than so short a stream can hold.
    #[error("object header announces {0} bytes, more than this file can hold")]
    Implausible(u64),
    /// The body goes on after the length announced.
    #[error("body is longer than the {0} bytes that the object header announces")]
    Long(usize),
    /// Bytes follow the stream.
    #[error("{0} bytes follow the zlib stream")]
    Trailing(usize),
}

/// Reads the bytes of a loose object's file. The id is not checked here.
///
/// Nothing is allocated on the file's word alone: the announced length has to be legal for an archive and
/// possible for a stream of this length.
///
/// # Errors
/// [`LooseError`].
pub fn parse(file: &[u8]) -> Result<Object, LooseError> {
    check_stream_header(file)?;
    let mut stream = Stream {
        inflate: Decompress::new(true),
        input: file,
        ended: false,
    };
    let mut start = [0; HEADER_ROOM];
    let length = stream.fill(&mut start)?;
    let start = &start[..length];
    let (kind, announced, header_length) = match parse_header(start) {
        Ok(header) => header,
        Err(LooseError::Header) if length < HEADER_ROOM && !stream.ended => {
            return Err(LooseError::Truncated);
        }
        Err(error) => return Err(error),
    };
    let room = u64::try_from(file.len())
        .unwrap_or(u64::MAX)
        .saturating_mul(MOST_EXPANSION);
    if announced > room {
        return Err(LooseError::Implausible(announced));
    }
    let announced = usize::try_from(announced)
        .ok()
        .filter(|&length| length <= LARGEST_OBJECT)
        .ok_or(LooseError::TooLarge(announced))?;

    let begun = start.get(header_length..).unwrap_or_default();
    if begun.len() > announced {
        return Err(LooseError::Long(announced));
    }
    let mut body = vec![0; announced + 1]; // one byte more, to see a body that goes on
    body[..begun.len()].copy_from_slice(begun);
    let found = begun.len() + stream.fill(&mut body[begun.len()..])?;
    if found > announced {
        return Err(LooseError::Long(announced));
    }
    if !stream.ended {
        return Err(LooseError::Truncated);
    }
    if found < announced {
        return Err(LooseError::Short { announced, found });
    }
    if !stream.input.is_empty() {
        return Err(LooseError::Trailing(stream.input.len()));
    }
    body.truncate(announced);
    Ok(Object { kind, body })
}

/// RFC 1950, section 2.2: method 8, a window of at most 32 KiB, a check over both bytes, no dictionary.
pub(super) fn check_stream_header(stream: &[u8]) -> Result<(), LooseError> {
    let &[method, flags, ..] = stream else {
        return Err(LooseError::Truncated);
    };
    let checked = u16::from_be_bytes([method, flags]).is_multiple_of(31);
    let plain = method & 0x0f == 8 && method >> 4 <= 7 && flags & 0x20 == 0;
    if checked && plain {
        Ok(())
    } else {
        Err(LooseError::StreamHeader)
    }
}

/// Returns kind, announced length, and the length of the header itself.
fn parse_header(start: &[u8]) -> Result<(ObjectKind, u64, usize), LooseError> {
    let end = memchr::memchr(0, start).ok_or(LooseError::Header)?;
    let header = start.get(..end).ok_or(LooseError::Header)?;
    let space = memchr::memchr(b' ', header).ok_or(LooseError::Header)?;
    let (kind, digits) = header.split_at(space);
    let digits = digits.get(1..).unwrap_or_default();
    let kind = ObjectKind::from_name(kind).ok_or(LooseError::Header)?;
    let canonical =
        digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || digits.first() != Some(&b'0'));
    if digits.is_empty() || !canonical {
        return Err(LooseError::Header);
    }
    let announced = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or(LooseError::Header)?;
    Ok((kind, announced, end + 1))
}

struct Stream<'a> {
    inflate: Decompress,
    input: &'a [u8],
    ended: bool,
}

impl Stream<'_> {
    /// Inflates until `output` is full, the stream ends, or the input gives nothing more.
    fn fill(&mut self, output: &mut [u8]) -> Result<usize, LooseError> {
        let mut filled = 0;
        while !self.ended && filled < output.len() {
            let (taken_before, made_before) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(self.input, &mut output[filled..], FlushDecompress::None)
                .map_err(|_| LooseError::Stream)?;
            let taken = usize::try_from(self.inflate.total_in() - taken_before).unwrap_or(usize::MAX);
            let made = usize::try_from(self.inflate.total_out() - made_before).unwrap_or(usize::MAX);
            self.input = self.input.get(taken..).unwrap_or_default();
            filled = filled.saturating_add(made).min(output.len());
            self.ended = status == Status::StreamEnd;
            if taken == 0 && made == 0 {
                break;
            }
        }
        Ok(filled)
    }
}

/// Writes an object as the file of a loose object: header and body in one zlib stream.
///
/// # Errors
/// None of the operating system's; the stream is made in memory.
pub fn encode(kind: ObjectKind, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(body.len() / 2 + 64), Compression::default());
    encoder.write_all(&object::header(kind, body.len()))?;
    encoder.write_all(body)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn an_object_reads_back() {
        let object = parse(&deflate(b"blob 16\0what is up, doc?")).unwrap();
        assert_eq!(object.kind, ObjectKind::Blob);
        assert_eq!(object.body, b"what is up, doc?");
        assert_eq!(parse(&deflate(b"tree 0\0")).unwrap().body, b"");
        let long = vec![b'x'; 70_000];
        let mut whole = b"commit 70000\0".to_vec();
        whole.extend_from_slice(&long);
        assert_eq!(parse(&deflate(&whole)).unwrap().body, long);
    }

    #[test]
    fn a_header_has_one_spelling() {
        for bad in [
            &b"blob 01\0x"[..],
            b"blob +1\0x",
            b"blob  1\0x",
            b"blob \0",
            b"blob1\0x",
            b"Blob 1\0x",
            b"blob -1\0x",
            b"blob 1 \0x",
            b"blob 1",
            b"",
            b"blob 99999999999999999999999\0",
        ] {
            assert_eq!(parse(&deflate(bad)), Err(LooseError::Header), "{bad:?}");
        }
    }

    #[test]
    fn the_length_has_to_be_the_announced_one() {
        assert_eq!(parse(&deflate(b"blob 3\0xxxx")), Err(LooseError::Long(3)));
        assert_eq!(
            parse(&deflate(b"blob 3\0xx")),
            Err(LooseError::Short {
                announced: 3,
                found: 2
            })
        );
        let mut whole = b"blob 100\0".to_vec();
        whole.resize(9 + 101, b'x');
        assert_eq!(parse(&deflate(&whole)), Err(LooseError::Long(100)));
        let mut trailing = deflate(b"blob 1\0x");
        trailing.push(0);
        assert_eq!(parse(&trailing), Err(LooseError::Trailing(1)));
    }

    #[test]
    fn an_enormous_length_is_refused_before_anything_is_allocated() {
        assert_eq!(
            parse(&deflate(b"blob 9223372036854775808\0x")),
            Err(LooseError::Implausible(1 << 63))
        );
        assert_eq!(
            parse(&deflate(b"blob 67108864\0x")),
            Err(LooseError::Implausible(64 << 20))
        );
        let mut bomb = b"blob 67108865\0".to_vec();
        bomb.resize(14 + LARGEST_OBJECT + 1, 0);
        assert_eq!(parse(&deflate(&bomb)), Err(LooseError::TooLarge((64 << 20) + 1)));
    }

    #[test]
    fn a_stream_with_a_dictionary_or_another_method_is_refused() {
        let good = deflate(b"blob 1\0x");
        for (method, flags) in [(0x79, 0x9b), (0x88, 0x1c), (0x78, 0x9d), (0x78, 0xbb)] {
            let mut bad = good.clone();
            bad[..2].copy_from_slice(&[method, flags]);
            assert_eq!(parse(&bad), Err(LooseError::StreamHeader), "{method:x} {flags:x}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
            let mut stream = vec![0x78, 0x9c];
            stream.extend_from_slice(&bytes);
            let _ = parse(&stream);
            let _ = parse(&deflate(&bytes));
        }

        #[test]
        fn every_body_reads_back(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut whole = crate::object::header(ObjectKind::Blob, body.len());
            whole.extend_from_slice(&body);
            prop_assert_eq!(parse(&deflate(&whole)).unwrap().body, body);
        }
    }
}
