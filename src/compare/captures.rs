//! Captures of any number of pages, gathered from saved files and WARC files (ISO 28500), page by page in the order of
//! their moments.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::Seen;
use crate::canonical::LONGEST_ARTICLE;
use crate::capture::address::{self, Redirects};
use crate::capture::http::{HttpError, Response, media_type};
use crate::capture::warc::{Block, Reader, Record, WarcError};
use crate::capture::{Moment, http};
use crate::draft::{DraftError, Form};

/// The most bytes of text that are held at once: 1 GiB.
pub const MOST_TEXT: usize = 1 << 30;
/// Records, and bytes of their blocks, that are read together, on every core: 32 MiB.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 32 << 20;
/// What a capture takes besides its text and what its record says, at least.
const OVERHEAD: usize = 512;

/// Why a capture could not be read, or a file not to its end.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The WARC file cannot be read on; what came before was taken.
    #[error("what follows in the file was not read")]
    Warc(#[from] WarcError),
    /// The record's HTTP response has no page.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The page is none that can be read.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// Neither the names of the file and its folders nor its page's footer have a date.
    #[error("the page has no date: none in its file's name or its folders', and no footer")]
    Undated,
    /// The record's date cannot be read.
    #[error("the record's WARC-Date is none")]
    Date,
    /// The record does not say of which page it is.
    #[error("the record has no WARC-Target-URI")]
    Address,
    /// The record says that it lacks the end of the page.
    #[error("the capture is truncated, as its record says")]
    Truncated,
    /// The record is longer than any article's.
    #[error("the record is longer than an article's can be")]
    TooLong,
    /// A `revisit` record whose page was captured somewhere else.
    #[error("the record repeats another one that is not here")]
    Original,
    /// More than [`MOST_TEXT`].
    #[error("there is more than 1 GiB of text; compare fewer files at a time")]
    TooMuch,
}

/// A capture that could not be read.
#[derive(Debug)]
pub struct Unread {
    /// The file, and the record in it.
    pub name: String,
    /// Why.
    pub reason: CaptureError,
}

/// A capture.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The file, and the record in it.
    pub name: String,
    /// When it was made.
    pub moment: Moment,
    /// What a reader saw.
    pub seen: Arc<Seen>,
}

/// An answer by which the server says that the page is not there.
#[derive(Debug, Clone)]
pub struct Absence {
    /// The file, and the record in it.
    pub name: String,
    /// When it was captured.
    pub moment: Moment,
    /// The status code.
    pub status: u16,
    /// Where the page is instead, as a redirect says.
    pub location: Option<String>,
}

/// The captures of one page, the oldest first.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its address, the newest where captures differ in it as those of one page do ([`address::key`]); `None` for all pages
    /// from files, which count as one page.
    pub url: Option<String>,
    /// The captures.
    pub captures: Vec<Capture>,
    /// Where the page was gone or moved, the oldest first.
    pub absences: Vec<Absence>,
}

/// What was gathered.
#[derive(Debug, Default)]
pub struct Captures {
    kept: Vec<Kept>,
    text: usize,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// How many records are no captures of pages: requests, images, errors of servers.
    passed_over: usize,
}

#[derive(Debug)]
struct Kept {
    url: Option<String>,
    name: String,
    moment: Moment,
    id: Option<String>,
    digest: Option<String>,
    content: Content,
}

impl Kept {
    /// What it takes of the memory: its text and what its record says, which may be long too.
    fn size(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let content = match &self.content {
            Content::Page(seen) => seen.size(),
            Content::Repeats { id, url, .. } => length(id) + length(url),
            Content::Absent { location, .. } => length(location),
        };
        let said = [&self.url, &self.id, &self.digest].map(length);
        OVERHEAD + content + self.name.len() + said.iter().sum::<usize>()
    }

    /// Returns the whole address that a redirect leads to.
    fn location(&self) -> Option<String> {
        let Content::Absent { location, .. } = &self.content else {
            return None;
        };
        address::joined(self.url.as_ref()?, location.as_ref()?)
    }
}

/// Counts what a capture takes to what others do, from any thread, and returns it.
fn room_for(kept: &Kept, text: &AtomicUsize) -> Result<usize, CaptureError> {
    let size = kept.size();
    let before = text.fetch_add(size, Ordering::Relaxed);
    if before.saturating_add(size) > MOST_TEXT {
        return Err(CaptureError::TooMuch);
    }
    Ok(size)
}

/// Takes from all redirects which addresses are those of one page.
fn redirects(all: &[Kept]) -> Redirects {
    let mut redirects = Redirects::default();
    for kept in all {
        if let (Some(url), Some(location)) = (&kept.url, kept.location()) {
            redirects.add(url, &location);
        }
    }
    redirects
}

#[derive(Debug)]
enum Content {
    Page(Arc<Seen>),
    /// A `revisit` record (ISO 28500, 6.7): the page of another one.
    Repeats {
        id: Option<String>,
        url: Option<String>,
        moment: Option<Moment>,
    },
    /// The server says that the page is gone, or somewhere else.
    Absent {
        status: u16,
        location: Option<String>,
    },
}

/// What a record holds.
enum Payload {
    Page {
        bytes: Vec<u8>,
        form: Form,
        charset: Option<String>,
    },
    Absent(Content),
}

impl Captures {
    /// Takes a saved page. Its moment is the date in its file's name, else that in the name of a folder, the nearest first, else
    /// the day of its footer.
    ///
    /// # Errors
    /// [`CaptureError`].
    pub fn add_page(&mut self, name: &str, bytes: &[u8], form: Form) -> Result<(), CaptureError> {
        let seen = Seen::read(bytes, form, None)?;
        let of_footer = || seen.footer.as_ref().map(|footer| Moment::of_day(footer.day));
        let moment = name
            .rsplit('/')
            .find_map(Moment::of_name)
            .or_else(of_footer)
            .ok_or(CaptureError::Undated)?;
        let kept = Kept {
            url: None,
            name: name.to_owned(),
            moment,
            id: None,
            digest: None,
            content: Content::Page(Arc::new(seen)),
        };
        let size = room_for(&kept, &AtomicUsize::new(self.text))?;
        self.keep(kept, size);
        Ok(())
    }

    /// Takes the captures of a WARC file. What cannot be read of it is noted in [`Captures::unread`].
    pub fn add_warc(&mut self, name: &str, file: impl BufRead) {
        let note = |captures: &mut Self, number: usize, reason: CaptureError| {
            let name = format!("{name}, record {number}");
            captures.unread.push(Unread { name, reason });
        };
        let mut reader = match Reader::new(file) {
            Ok(reader) => reader,
            Err(error) => return note(self, 1, error.into()),
        };
        loop {
            let (mut records, mut held) = (Vec::new(), 0);
            let end = loop {
                if records.len() == BATCH || held >= BATCH_BYTES {
                    break None;
                }
                match reader.next_record() {
                    Ok(Some(record)) => {
                        held += block_length(&record);
                        records.push(record);
                    }
                    end => break Some(end.err()),
                }
            };
            // What all of them take is bounded before one is kept: a small record may have a long page.
            let text = AtomicUsize::new(self.text);
            let records = records.into_par_iter().map(|record| {
                let mut decoded = 0;
                let kept = kept(format!("{name}, record {}", record.number), &record, &mut decoded);
                let kept = kept.and_then(|kept| {
                    let sized = kept.map(|kept| room_for(&kept, &text).map(|size| (kept, size)));
                    sized.transpose()
                });
                let grown = decoded.saturating_sub(block_length(&record));
                (record.number, kept, grown)
            });
            for (number, kept, grown) in records.collect::<Vec<_>>() {
                match kept {
                    Ok(Some((kept, size))) => self.keep(kept, size),
                    Ok(None) => self.passed_over += 1,
                    Err(error @ CaptureError::TooMuch) => return note(self, number, error),
                    Err(error) => note(self, number, error),
                }
                if let Err(error) = reader.count_decoded(grown) {
                    return note(self, number, error.into());
                }
            }
            match end {
                None => {}
                Some(None) => return,
                Some(Some(error)) => return note(self, reader.number(), error.into()),
            }
        }
    }

    /// Keeps a capture for which there is room.
    fn keep(&mut self, kept: Kept, size: usize) {
        self.text += size;
        self.kept.push(kept);
    }

    /// Sorts the captures by page and moment, those of one moment as they were taken, and puts in the place of each
    /// that repeats another what it repeats.
    ///
    /// The last of what is returned is how many records are no captures of pages.
    #[must_use]
    pub fn into_series(mut self) -> (Vec<Series>, Vec<Unread>, usize) {
        self.kept.sort_by_key(|kept| kept.moment.instant());
        let originals = Originals::of(&self.kept);
        let redirects = redirects(&self.kept);
        let key = |address: &str| redirects.last(address::key(address));
        let mut pages: BTreeMap<Option<String>, (Series, Vec<Unread>)> = BTreeMap::new();
        for kept in self.kept {
            let page = kept.url.as_deref().map(key);
            if kept
                .location()
                .is_some_and(|location| Some(key(&location)) == page)
            {
                self.passed_over += 1;
                continue;
            }
            let (series, lost) = pages.entry(page).or_insert_with(|| {
                let series = Series {
                    url: None,
                    captures: Vec::new(),
                    absences: Vec::new(),
                };
                (series, Vec::new())
            });
            if !matches!(kept.content, Content::Absent { .. }) {
                series.url.clone_from(&kept.url);
            }
            let seen = match &kept.content {
                Content::Page(seen) => Some(seen.clone()),
                Content::Repeats { .. } => originals.find(&kept, series.captures.last()),
                Content::Absent { status, location } => {
                    series.absences.push(Absence {
                        name: kept.name,
                        moment: kept.moment,
                        status: *status,
                        location: location.clone(),
                    });
                    continue;
                }
            };
            let (name, moment) = (kept.name, kept.moment);
            match seen {
                Some(seen) => series.captures.push(Capture { name, moment, seen }),
                None => lost.push(Unread {
                    name,
                    reason: CaptureError::Original,
                }),
            }
        }
        let mut all = Vec::new();
        for (series, lost) in pages.into_values() {
            // Where no capture is a page, what is repeated is none either: images are repeated most. Nor is it gone.
            if series.captures.is_empty() {
                self.passed_over += series.absences.len();
                continue;
            }
            self.unread.extend(lost);
            all.push(series);
        }
        (all, self.unread, self.passed_over)
    }
}

/// Returns how many bytes of a record's block are held.
fn block_length(record: &Record) -> usize {
    match &record.block {
        Block::Kept(bytes) | Block::TooLong(bytes) => bytes.len(),
        Block::PassedOver => 0,
    }
}

/// Takes what a record says of a page, `None` where that is nothing; `decoded` becomes how many bytes its page has.
fn kept(name: String, record: &Record, decoded: &mut usize) -> Result<Option<Kept>, CaptureError> {
    let kind = record.kind();
    let content = match kind.as_str() {
        "response" | "resource" => match payload(record, &kind).inspect_err(|why| {
            if matches!(why, CaptureError::Http(HttpError::TooLong)) {
                *decoded = LONGEST_ARTICLE;
            }
        })? {
            Some(Payload::Page { bytes, form, charset }) => {
                *decoded = bytes.len();
                let seen = Seen::read(&bytes, form, charset.as_deref())?;
                Some(Content::Page(Arc::new(seen)))
            }
            Some(Payload::Absent(absent)) => Some(absent),
            None => None,
        },
        "revisit" => absent_again(record).or_else(|| {
            may_repeat_page(record).then(|| Content::Repeats {
                id: record.address("WARC-Refers-To").map(str::to_owned),
                url: record.address("WARC-Refers-To-Target-URI").map(str::to_owned),
                moment: record.field("WARC-Refers-To-Date").and_then(Moment::of_warc),
            })
        }),
        _ => None,
    };
    let Some(content) = content else {
        return Ok(None);
    };
    let url = record.address("WARC-Target-URI").ok_or(CaptureError::Address)?;
    let date = record.field("WARC-Date").and_then(Moment::of_warc);
    Ok(Some(Kept {
        url: Some(url.to_owned()),
        name,
        moment: date.ok_or(CaptureError::Date)?,
        id: record.address("WARC-Record-ID").map(str::to_owned),
        digest: record.field("WARC-Payload-Digest").map(str::to_ascii_lowercase),
        content,
    }))
}

/// Pages that were captured, by all that a `revisit` record may call them.
#[derive(Default)]
struct Originals {
    ids: HashMap<String, Arc<Seen>>,
    moments: HashMap<(String, (i64, u32)), Arc<Seen>>,
    digests: HashMap<String, Arc<Seen>>,
}

impl Originals {
    fn of(kept: &[Kept]) -> Self {
        let mut originals = Self::default();
        for kept in kept {
            let Content::Page(seen) = &kept.content else {
                continue;
            };
            if let Some(id) = &kept.id {
                originals.ids.insert(id.clone(), seen.clone());
            }
            if let Some(url) = &kept.url {
                let key = (url.clone(), kept.moment.instant());
                originals.moments.insert(key, seen.clone());
            }
            if let Some(digest) = &kept.digest {
                originals.digests.insert(digest.clone(), seen.clone());
            }
        }
        originals
    }

    /// Finds what a record repeats: by id, by address and date, by digest; one that names nothing repeats the capture
    /// before it.
    fn find(&self, kept: &Kept, last: Option<&Capture>) -> Option<Arc<Seen>> {
        let Content::Repeats { id, url, moment } = &kept.content else {
            return None;
        };
        let by_id = id.as_ref().and_then(|id| self.ids.get(id));
        let url = url.as_ref().or(kept.url.as_ref());
        let by_moment = || {
            let key = (url?.clone(), moment.as_ref()?.instant());
            self.moments.get(&key)
        };
        let by_digest = || self.digests.get(kept.digest.as_ref()?);
        let named = by_id.or_else(by_moment).or_else(by_digest).cloned();
        let names_nothing = id.is_none() && moment.is_none() && kept.digest.is_none();
        named.or_else(|| last.filter(|_| names_nothing).map(|last| last.seen.clone()))
    }
}

/// Takes the page out of a record; `None` where it holds none that was shown to readers.
fn payload(record: &Record, kind: &str) -> Result<Option<Payload>, CaptureError> {
    let (record_type, record_charset) = media_type(record.field("Content-Type").unwrap_or_default());
    let (bytes, is_whole) = match &record.block {
        Block::Kept(bytes) => (bytes, true),
        Block::TooLong(beginning) => (beginning, false),
        Block::PassedOver => return Ok(None),
    };
    let (response, media, charset) = if kind == "resource" {
        (None, record_type, record_charset)
    } else if record_type == "application/http" {
        let response = Response::read(bytes)?;
        if !matches!(response.status, 200 | 203) {
            return Ok(absent(&response).map(Payload::Absent));
        }
        let (media, charset) = (response.media_type.clone(), response.charset.clone());
        (Some(response), media, charset)
    } else {
        return Ok(None);
    };
    let Some(form) = form_of(&media, record.address("WARC-Target-URI").unwrap_or_default()) else {
        return Ok(None);
    };
    if !is_whole {
        return Err(CaptureError::TooLong);
    }
    // Of a record in segments the others are passed over (ISO 28500, 6.9).
    if ["WARC-Truncated", "WARC-Segment-Number"]
        .iter()
        .any(|name| record.field(name).is_some())
    {
        return Err(CaptureError::Truncated);
    }
    let bytes = match response {
        Some(response) => response.page()?,
        None => bytes.clone(),
    };
    Ok(Some(Payload::Page { bytes, form, charset }))
}

/// Takes from a response that the page is not there. Of trouble of the server, and where it asks who wants the page, nothing
/// follows for the page.
fn absent(response: &Response) -> Option<Content> {
    let status = response.status;
    let location = match status {
        404 | 410 | 451 => None,
        301 | 302 | 303 | 307 | 308 => Some(response.location.clone()?),
        _ => return None,
    };
    Some(Content::Absent { status, location })
}

/// Takes from the HTTP head that a `revisit` record may hold that the page was not there this time either.
fn absent_again(record: &Record) -> Option<Content> {
    match &record.block {
        Block::Kept(bytes) => absent(&http::Response::read(bytes).ok()?),
        _ => None,
    }
}

/// Tells whether what a `revisit` record repeats may be a page, by the HTTP head that it may hold.
fn may_repeat_page(record: &Record) -> bool {
    let url = record.address("WARC-Target-URI").unwrap_or_default();
    let response = match &record.block {
        Block::Kept(bytes) => http::Response::read(bytes).ok(),
        _ => None,
    };
    response.is_none_or(|response| {
        let is_told = response.media_type.is_empty() || form_of(&response.media_type, url).is_some();
        matches!(response.status, 200 | 203 | 304) && is_told
    })
}

/// Judges how a page is written by its media type.
fn form_of(media: &str, url: &str) -> Option<Form> {
    match media {
        "text/html" => Some(Form::Html),
        "application/xhtml+xml" => Some(Form::Xhtml),
        "text/markdown" => Some(Form::Markdown),
        // Written for programs, not readers.
        "text/plain" if url.ends_with("/robots.txt") => None,
        "text/plain" => Some(Form::Text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_records_say_counts_as_their_texts_do() {
        let long = "x".repeat(10_000);
        let page = "<p>a text";
        let response = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{page}");
        let record = |fields: &str, block: &str| {
            let length = block.len();
            format!(
                "WARC/1.1\r\nWARC-Target-URI: https://example.org/{long}\r\nWARC-Record-ID: <urn:{long}>\r\n\
                 WARC-Payload-Digest: sha1:{long}\r\nWARC-Date: 2026-01-22T00:00:00Z\r\n{fields}\
                 Content-Length: {length}\r\n\r\n{block}\r\n\r\n"
            )
        };
        let page = record(
            "WARC-Type: response\r\nContent-Type: application/http\r\n",
            &response,
        );
        let repeats = record(
            &format!(
                "WARC-Type: revisit\r\nWARC-Refers-To: <urn:{long}>\r\nWARC-Refers-To-Target-URI: https://example.org/{long}\r\n"
            ),
            "",
        );
        for (warc, said) in [(page, 3), (repeats, 5)] {
            let mut captures = Captures::default();
            captures.add_warc("a.warc", warc.as_bytes());
            assert!(captures.unread.is_empty(), "{:?}", captures.unread);
            assert_eq!(captures.kept.len(), 1);
            assert!(captures.text > said * long.len(), "{} bytes", captures.text);
            // The same, where little may be kept yet.
            let mut captures = Captures {
                text: MOST_TEXT - said * long.len(),
                ..Captures::default()
            };
            captures.add_warc("a.warc", warc.as_bytes());
            assert!(matches!(
                captures.unread[..],
                [Unread {
                    reason: CaptureError::TooMuch,
                    ..
                }]
            ));
            assert!(captures.kept.is_empty());
        }
    }
}
