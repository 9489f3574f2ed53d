//! WARC files, record by record (ISO 28500:2017, WARC 1.1, and the 1.0 before it), plain or in gzip members.
//!
//! A file may be hostile: no length that it declares is allocated or waited for, a record that is not ended where it
//! says is not believed, and what a small file may inflate to is bounded. The reader reads on after nothing that is
//! broken: in what follows, a page's own bytes could pose as records.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

/// The most bytes of a block that is kept: an article of 16 MiB, its HTTP head, and its chunks.
pub const LONGEST_BLOCK: u64 = 24 << 20;
/// What is kept of a longer one: enough to tell what it is.
const BEGINNING: u64 = 64 << 10;
/// The most bytes of a record's head.
const LONGEST_HEAD: u64 = 64 << 10;
/// The most records of one file.
pub const MOST_RECORDS: usize = 1 << 22;
/// The most bytes that one file holds when it is inflated, and its pages are decoded: 16 GiB. Files of 1 GB are usual.
pub const MOST_BYTES: u64 = 16 << 30;

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum WarcError {
    /// The bytes cannot be had or inflated.
    #[error("the file cannot be read on")]
    Io(#[from] io::Error),
    /// No record begins where one should.
    #[error("this is no WARC record: it does not begin with WARC/1.1 or WARC/1.0")]
    Version,
    /// The head of a record is longer than any.
    #[error("the record's head is longer than {LONGEST_HEAD} bytes")]
    Head,
    /// A line of the head is none.
    #[error("the record's head has a line that is no field")]
    Field,
    /// The length is absent, none, or there twice.
    #[error("the record does not say its length once and in digits")]
    Length,
    /// The file ends in the record.
    #[error("the file ends within the record: it is truncated")]
    Truncated,
    /// The record goes on behind its length or ends before it.
    #[error("the record is not ended where its length says")]
    End,
    /// More than [`MOST_BYTES`].
    #[error("the file holds more than {MOST_BYTES} bytes (16 GiB)")]
    TooLong,
    /// More than [`MOST_RECORDS`].
    #[error("the file holds more than {MOST_RECORDS} records")]
    TooMany,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the file, from 1.
    pub number: usize,
    fields: Vec<(String, String)>,
    /// What it holds.
    pub block: Block,
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The bytes.
    Kept(Vec<u8>),
    /// The beginning of more bytes than [`LONGEST_BLOCK`].
    TooLong(Vec<u8>),
    /// Bytes of a record of another kind than `response`, `resource` and `revisit`.
    PassedOver,
}

impl Record {
    /// Returns a field by its name, in whatever case it is written.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns an address in a field, without the angle brackets of WARC 1.0.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<&str> {
        let value = self.field(name)?;
        let inner = value.strip_prefix('<').and_then(|value| value.strip_suffix('>'));
        Some(inner.unwrap_or(value)).filter(|value| !value.is_empty())
    }

    /// Returns the kind of the record in lower case.
    #[must_use]
    pub fn kind(&self) -> String {
        self.field("WARC-Type").unwrap_or_default().to_ascii_lowercase()
    }
}

/// Reads the records of a file in their order.
pub struct Reader<'a> {
    input: Box<dyn BufRead + 'a>,
    left: u64,
    number: usize,
}

impl<'a> Reader<'a> {
    /// Begins to read a file; gzip is known by its first bytes.
    ///
    /// # Errors
    /// [`WarcError::Io`].
    pub fn new(mut file: impl BufRead + 'a) -> Result<Self, WarcError> {
        let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let input: Box<dyn BufRead + 'a> = if is_gzip {
            Box::new(io::BufReader::new(MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        Ok(Self {
            input,
            left: MOST_BYTES,
            number: 0,
        })
    }

    /// Returns the place of the record that is or was being read, from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Counts the bytes by which a page is longer than the block that it was decoded from as bytes that the file holds: a small file
    /// may hold many of these, too.
    ///
    /// # Errors
    /// [`WarcError::TooLong`].
    pub fn count_decoded(&mut self, bytes: usize) -> Result<(), WarcError> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.count(bytes, bytes)
    }

    /// Reads the next record; `None` at the end of the file. After an error there is nothing more to read.
    ///
    /// # Errors
    /// [`WarcError`].
    pub fn next_record(&mut self) -> Result<Option<Record>, WarcError> {
        if self.input.fill_buf()?.is_empty() {
            return Ok(None);
        }
        if self.number == MOST_RECORDS {
            return Err(WarcError::TooMany);
        }
        self.number += 1;
        let fields = self.head()?;
        let length = length(&fields)?;
        let mut record = Record {
            number: self.number,
            fields,
            block: Block::PassedOver,
        };
        let is_wanted = matches!(record.kind().as_str(), "response" | "resource" | "revisit");
        let kept = match (is_wanted, length) {
            (true, 0..=LONGEST_BLOCK) => length,
            (true, _) => BEGINNING,
            (false, _) => 0,
        };
        let mut bytes = Vec::new();
        let read = (&mut self.input)
            .take(kept)
            .read_to_end(&mut bytes)
            .map_err(cut)?;
        self.count(u64::try_from(read).unwrap_or(u64::MAX), kept)?;
        let rest = length - kept;
        let most = rest.min(self.left.saturating_add(1));
        let passed = io::copy(&mut (&mut self.input).take(most), &mut io::sink()).map_err(cut)?;
        self.count(passed, rest)?;
        if is_wanted {
            record.block = if rest == 0 {
                Block::Kept(bytes)
            } else {
                Block::TooLong(bytes)
            };
        }
        self.end()?;
        Ok(Some(record))
    }

    fn head(&mut self) -> Result<Vec<(String, String)>, WarcError> {
        let mut left = LONGEST_HEAD;
        if !matches!(self.line(&mut left)?.as_str(), "WARC/1.1" | "WARC/1.0") {
            return Err(WarcError::Version);
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        loop {
            let line = self.line(&mut left)?;
            if line.is_empty() {
                return Ok(fields);
            }
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut().ok_or(WarcError::Field)?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(WarcError::Field)?;
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }

    /// Reads a line of a head. The standard ends it with CR LF; LF alone is met and harmless.
    fn line(&mut self, left: &mut u64) -> Result<String, WarcError> {
        let mut line = Vec::new();
        let read = (&mut self.input)
            .take(*left)
            .read_until(b'\n', &mut line)
            .map_err(cut)?;
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        *left = left.saturating_sub(read);
        self.count(read, read)?;
        if line.pop_if(|last| *last == b'\n').is_none() {
            return Err(match *left {
                0 => WarcError::Head,
                // Something else than a record, unless it began as one.
                _ if line.starts_with(b"WARC/") || left != &(LONGEST_HEAD - read) => WarcError::Truncated,
                _ => WarcError::Version,
            });
        }
        line.pop_if(|last| *last == b'\r');
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// Counts bytes against what the file may hold and what the record says.
    fn count(&mut self, read: u64, said: u64) -> Result<(), WarcError> {
        self.left = self.left.checked_sub(read).ok_or(WarcError::TooLong)?;
        if read < said {
            return Err(WarcError::Truncated);
        }
        Ok(())
    }

    /// Reads the two empty lines that end a record; the file may end before them.
    fn end(&mut self) -> Result<(), WarcError> {
        let mut mark = Vec::new();
        let read = (&mut self.input).take(4).read_to_end(&mut mark).map_err(cut)?;
        self.count(u64::try_from(read).unwrap_or(u64::MAX), 0)?;
        if b"\r\n\r\n".starts_with(&mark) {
            Ok(())
        } else {
            Err(WarcError::End)
        }
    }
}

fn length(fields: &[(String, String)]) -> Result<u64, WarcError> {
    let mut lengths = fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("Content-Length"));
    match (lengths.next(), lengths.next()) {
        (Some((_, length)), None) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            length.parse().map_err(|_| WarcError::Length)
        }
        _ => Err(WarcError::Length),
    }
}

/// A gzip member that ends too early is a record that does.
fn cut(error: io::Error) -> WarcError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => WarcError::Truncated,
        _ => WarcError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(kind: &str, length: &str, block: &str) -> String {
        format!("WARC/1.1\r\nWARC-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{block}\r\n\r\n")
    }

    fn read(file: &[u8]) -> (Vec<Record>, Option<WarcError>) {
        let mut reader = Reader::new(file).unwrap();
        let mut records = Vec::new();
        loop {
            match reader.next_record() {
                Ok(Some(record)) => records.push(record),
                Ok(None) => return (records, None),
                Err(error) => return (records, Some(error)),
            }
        }
    }

    #[test]
    fn records_are_read_in_their_order_and_fields_in_any_case() {
        let file =
            record("warcinfo", "1", "x") + &record("RESOURCE", "3", "abc").replace("Content-L", "content-l");
        let (records, error) = read(file.as_bytes());
        assert!(error.is_none());
        assert_eq!(records[0].block, Block::PassedOver);
        assert_eq!(records[1].block, Block::Kept(b"abc".to_vec()));
        assert_eq!((records[1].number, records[1].kind().as_str()), (2, "resource"));
        let folded =
            "WARC/1.0\r\nWARC-Target-URI: <http://a/>\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n\r\n\r\n";
        let (records, _) = read(folded.as_bytes());
        assert_eq!(records[0].address("warc-target-uri"), Some("http://a/"));
        assert_eq!(records[0].field("x"), Some("a b"));
    }

    #[test]
    fn lies_about_lengths_end_the_reading_and_no_record_is_made_of_them() {
        let good = record("resource", "3", "abc");
        let is = |file: String, wanted: fn(&WarcError) -> bool| {
            let (records, error) = read((good.clone() + &file + &good).as_bytes());
            assert_eq!(records.len(), 1, "{file}");
            assert!(wanted(error.as_ref().unwrap()), "{file}: {error:?}");
        };
        for length in ["2", "4", "9", "200"] {
            is(record("resource", length, "abc"), |e| {
                matches!(e, WarcError::End | WarcError::Truncated)
            });
        }
        for length in ["18446744073709551615", "99999999999", "20000000"] {
            is(record("resource", length, "abc"), |e| {
                matches!(e, WarcError::Truncated)
            });
        }
        for length in [
            "",
            "-1",
            "+3",
            "0x3",
            "18446744073709551616",
            "3\r\nContent-Length: 3",
        ] {
            is(record("resource", length, "abc"), |e| {
                matches!(e, WarcError::Length)
            });
        }
        is("WARC/2.0\r\n\r\n".to_owned(), |e| matches!(e, WarcError::Version));
        is("WARC/1.1\r\nabc\r\n\r\n".to_owned(), |e| {
            matches!(e, WarcError::Field)
        });
        is(format!("WARC/1.1\r\nA: {}\r\n", "x".repeat(70_000)), |e| {
            matches!(e, WarcError::Head)
        });
    }

    #[test]
    fn a_file_cut_anywhere_gives_the_records_before_the_cut() {
        let (first, second) = (record("resource", "3", "abc"), record("resource", "3", "def"));
        let file = first.clone() + &second;
        for end in 0..file.len() {
            let (records, error) = read(&file.as_bytes()[..end]);
            let whole = usize::from(end + 4 >= first.len()) + usize::from(end + 4 >= file.len());
            assert_eq!(records.len(), whole, "{end}");
            let is_cut = whole == 0 && end > 0 || whole == 1 && end > first.len();
            assert_eq!(error.is_some(), is_cut, "{end}: {error:?}");
        }
    }

    #[test]
    fn what_blocks_are_decoded_to_counts_as_what_the_file_holds() {
        let file = record("resource", "3", "abc");
        let mut reader = Reader::new(file.as_bytes()).unwrap();
        let most = usize::try_from(MOST_BYTES).unwrap();
        reader.count_decoded(most - 100).unwrap();
        assert!(matches!(
            reader.next_record(),
            Ok(Some(_)) | Err(WarcError::TooLong)
        ));
        assert!(matches!(reader.count_decoded(101), Err(WarcError::TooLong)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic_or_go_on_for_ever(
            bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "(WARC/1.1\r\n)?([A-Za-z-]{1,9}: ?[0-9a-z]{0,3}\r?\n){0,3}(\r\n)?.{0,9}(\r\n){0,2}"
        ) {
            let _ = read(&bytes);
            let _ = read(text.as_bytes());
            let _ = read(&[&[0x1f, 0x8b, 8][..], &bytes].concat());
        }
    }
}
