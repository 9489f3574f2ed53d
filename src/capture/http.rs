//! The page in an HTTP response as a WARC record holds it: head, chunks (RFC 9112) and content codings (RFC 9110).
//!
//! Tools that capture pages undo chunks and codings and leave the fields that tell of them. What is declared and is
//! plainly not there was undone.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::canonical::LONGEST_ARTICLE;

/// The most bytes of a head.
const LONGEST_HEAD: usize = 256 << 10;
/// The most content codings laid over one another.
const MOST_CODINGS: usize = 3;

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The media type, in lower case and without parameters; empty where none is said.
    pub media_type: String,
    /// The encoding that is declared.
    pub charset: Option<String>,
    /// Where the page is instead, as a redirect says.
    pub location: Option<String>,
    body: Vec<u8>,
    codings: Vec<String>,
    is_chunked: bool,
    length: Option<usize>,
}

/// Why a response has no page that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// It does not begin as one.
    #[error("the record holds no HTTP response")]
    Head,
    /// It ends before its body does.
    #[error("the response is truncated")]
    Truncated,
    /// The body is in a coding that is not known here.
    #[error("the response is coded as {0:?}; gzip and deflate are read")]
    Coding(String),
    /// The coded body is damaged.
    #[error("the response is coded as {0:?} and cannot be decoded")]
    Damaged(String),
    /// The body is longer than an article.
    #[error(
        "the response is longer than {LONGEST_ARTICLE} bytes (16 MiB), the most that an article may have"
    )]
    TooLong,
}

impl Response {
    /// Reads the head of a response.
    ///
    /// # Errors
    /// [`HttpError::Head`].
    pub fn read(block: &[u8]) -> Result<Self, HttpError> {
        let searched = block.get(..LONGEST_HEAD).unwrap_or(block);
        let (head, body_at) = head_of(searched).ok_or(HttpError::Head)?;
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let status = lines.next().filter(|line| line.starts_with("HTTP/"));
        let status = status.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok());
        let fields: Vec<(&str, &str)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let values = |wanted: &str| -> Vec<String> {
            let of = fields
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            of.flat_map(|(_, value)| value.split(','))
                .map(|value| value.trim().to_ascii_lowercase())
                .filter(|value| !value.is_empty() && value != "identity")
                .collect()
        };
        let (media_type, charset) = media_type(&values("content-type").pop().unwrap_or_default());
        let location = fields
            .iter()
            .find(|(name, value)| name.eq_ignore_ascii_case("location") && !value.is_empty());
        Ok(Self {
            status: status.ok_or(HttpError::Head)?,
            media_type,
            charset,
            location: location.map(|(_, value)| (*value).to_owned()),
            body: block.get(body_at..).unwrap_or_default().to_vec(),
            codings: values("content-encoding"),
            is_chunked: values("transfer-encoding").iter().any(|value| value == "chunked"),
            length: values("content-length")
                .pop()
                .and_then(|value| value.parse().ok()),
        })
    }

    /// Returns the page: the body without chunks and codings.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn page(&self) -> Result<Vec<u8>, HttpError> {
        if !self.is_chunked && self.length.is_some_and(|length| self.body.len() < length) {
            return Err(HttpError::Truncated);
        }
        let mut page = if self.is_chunked {
            unchunked(&self.body)?
        } else {
            Cow::Borrowed(&self.body[..])
        };
        if self.codings.len() > MOST_CODINGS {
            return Err(HttpError::Coding(self.codings.join(", ")));
        }
        for coding in self.codings.iter().rev() {
            page = Cow::Owned(decoded(&page, coding)?);
        }
        if page.len() > LONGEST_ARTICLE {
            return Err(HttpError::TooLong);
        }
        Ok(page.into_owned())
    }
}

/// Splits a content type into media type and encoding.
#[must_use]
pub fn media_type(value: &str) -> (String, Option<String>) {
    let mut parts = value.split(';');
    let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        let is_charset = key.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    });
    (name, charset)
}

/// Finds the head and where the body begins.
fn head_of(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let by = |mark: &[u8]| memchr::memmem::find(bytes, mark).map(|at| (at, at + mark.len()));
    let (at, body) = match (by(b"\r\n\r\n"), by(b"\n\n")) {
        (Some(one), Some(other)) => one.min(other),
        (one, other) => one.or(other)?,
    };
    Some((&bytes[..at], body))
}

/// Puts chunks together; trailers are passed over.
fn unchunked(body: &[u8]) -> Result<Cow<'_, [u8]>, HttpError> {
    let mut page = Vec::new();
    let mut rest = body;
    loop {
        let line_end = memchr::memchr(b'\n', rest.get(..1024).unwrap_or(rest));
        let size = line_end.and_then(|end| chunk_size(&rest[..end]));
        let (Some(end), Some(size)) = (line_end, size) else {
            // No chunk at all: they were undone.
            let is_undone = page.is_empty() && !body.is_empty() && rest.len() == body.len();
            return if is_undone {
                Ok(Cow::Borrowed(body))
            } else {
                Err(HttpError::Truncated)
            };
        };
        rest = &rest[end + 1..];
        if size == 0 {
            return Ok(Cow::Owned(page));
        }
        let (chunk, after) = rest.split_at_checked(size).ok_or(HttpError::Truncated)?;
        page.extend_from_slice(chunk);
        rest = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.strip_prefix(b"\n"))
            .ok_or(HttpError::Truncated)?;
    }
}

fn chunk_size(line: &[u8]) -> Option<usize> {
    let line = std::str::from_utf8(line).ok()?;
    let digits = line.split(';').next()?.trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    usize::from_str_radix(digits, 16).ok().filter(|_| is_number)
}

fn decoded(bytes: &[u8], coding: &str) -> Result<Vec<u8>, HttpError> {
    match coding {
        "gzip" | "x-gzip" if bytes.starts_with(&[0x1f, 0x8b]) => inflated(MultiGzDecoder::new(bytes), coding),
        "gzip" | "x-gzip" => Ok(bytes.to_vec()),
        "deflate" if is_zlib(bytes) => inflated(ZlibDecoder::new(bytes), coding),
        // Said to be zlib by the standard, and sent without its frame by many.
        "deflate" if bytes.trim_ascii_start().starts_with(b"<") => Ok(bytes.to_vec()),
        "deflate" => inflated(DeflateDecoder::new(bytes), coding),
        _ => Err(HttpError::Coding(coding.to_owned())),
    }
}

fn is_zlib(bytes: &[u8]) -> bool {
    match bytes {
        [method, flags, ..] => {
            method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31)
        }
        _ => false,
    }
}

fn inflated(decoder: impl Read, coding: &str) -> Result<Vec<u8>, HttpError> {
    let most = u64::try_from(LONGEST_ARTICLE).unwrap_or(u64::MAX);
    let mut page = Vec::new();
    match decoder.take(most + 1).read_to_end(&mut page) {
        Ok(_) if page.len() > LONGEST_ARTICLE => Err(HttpError::TooLong),
        Ok(_) => Ok(page),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(HttpError::Truncated),
        Err(_) => Err(HttpError::Damaged(coding.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn page(fields: &str, body: &[u8]) -> Result<Vec<u8>, HttpError> {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; Charset=\"GBK\"\r\n{fields}\r\n");
        let response = Response::read(&[head.as_bytes(), body].concat())?;
        assert_eq!(
            (response.status, response.media_type.as_str()),
            (200, "text/html")
        );
        assert_eq!(response.charset.as_deref(), Some("gbk"));
        response.page()
    }

    fn packed(bytes: &[u8]) -> [(&'static str, Vec<u8>); 3] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        zlib.write_all(bytes).unwrap();
        raw.write_all(bytes).unwrap();
        [
            ("gzip", gzip.finish().unwrap()),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
        ]
    }

    #[test]
    fn chunks_and_codings_are_undone_and_what_was_undone_before_is_left() {
        let whole = b"<p>The bridge opened today.</p>".to_vec();
        assert_eq!(page("", &whole), Ok(whole.clone()));
        let chunks = b"5;x=y\r\n<p>Th\r\n1A\r\ne bridge opened today.</p>\r\n0\r\nTrailer: x\r\n\r\n";
        assert_eq!(page("Transfer-Encoding: Chunked\r\n", chunks), Ok(whole.clone()));
        assert_eq!(page("Transfer-Encoding: chunked\r\n", &whole), Ok(whole.clone()));
        for (coding, bytes) in packed(&whole) {
            let field = format!("Content-Encoding: {coding}\r\n");
            assert_eq!(page(&field, &bytes), Ok(whole.clone()), "{coding}");
            assert_eq!(page(&field, &whole), Ok(whole.clone()), "{coding}");
            let cut = page(&field, &bytes[..bytes.len() - 9]);
            assert!(cut.is_err(), "{coding}: {cut:?}");
        }
        assert_eq!(
            page("Content-Encoding: br\r\n", &whole),
            Err(HttpError::Coding("br".to_owned()))
        );
    }

    #[test]
    fn truncated_bodies_and_bombs_are_refused() {
        assert_eq!(page("Content-Length: 9\r\n", b"abc"), Err(HttpError::Truncated));
        for cut in [
            "5\r\nabc",
            "3\r\nabc\r\n",
            "3\r\nabcd\r\n0\r\n",
            "ffffffffffffffff\r\nabc",
        ] {
            let answer = page("Transfer-Encoding: chunked\r\n", cut.as_bytes());
            assert_eq!(answer, Err(HttpError::Truncated), "{cut:?}");
        }
        for (coding, bytes) in packed(&vec![b'a'; LONGEST_ARTICLE + 1]) {
            assert!(bytes.len() < 200_000);
            assert_eq!(
                page(&format!("Content-Encoding: {coding}\r\n"), &bytes),
                Err(HttpError::TooLong)
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[0-9a-f\r\n;]{0,40}") {
            for fields in ["", "Transfer-Encoding: chunked\r\n", "Content-Encoding: gzip\r\n", "Content-Encoding: deflate\r\n"] {
                let _ = page(fields, &bytes);
                let _ = page(fields, text.as_bytes());
            }
            let _ = Response::read(&bytes);
        }
    }
}
