//! A prepared page as it waits in the spool: what its commit will say, and its files as entries of the pack to come,
//! deflated already. The sources of a page are nearly slices of its text, so they are deltas against it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::add::Prepared;
use crate::article::{Article, METADATA_FILE, Metadata, PAGE_FILE};
use crate::branch::{Candidate, Target};
use crate::date::{RevisionDate, UtcOffset};
use crate::id::{BlobId, ObjectId, TreeId};
use crate::language::Language;
use crate::object::ObjectKind;
use crate::object::delta;
use crate::object::ident::Person;
use crate::platform::{Deflater, Inflater};
use crate::storage::pack_entry::PackEntry;

/// A delta or tree of fewer bytes is not worth the time to deflate.
pub const SHORT: usize = 96;

/// A page, ready but for its place.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// What the page is called in messages.
    pub name: String,
    /// What its commit will say.
    pub candidate: Candidate,
    /// The text that a reader sees, whole; only stored, not deflated, where it will be told by what it changes.
    pub page: PackEntry,
    /// `article.json`, as it is: what becomes of it depends upon the one before it.
    pub metadata: (ObjectId, Vec<u8>),
    /// The sources: deltas against the text, or whole.
    pub sources: Vec<(ObjectId, PackEntry)>,
    /// The article's folder, whole.
    pub folder: PackEntry,
    /// [`Prepared::is_undated`].
    pub is_undated: bool,
}

/// The form in which a sheet begins in the spool; the streams of its entries follow.
#[derive(Serialize, Deserialize)]
struct Head {
    name: String,
    slug: String,
    target: TargetHead,
    date: String,
    byline: String,
    kind: String,
    languages: Vec<String>,
    subject: String,
    note: Option<String>,
    content_sha256: String,
    source_url: Option<String>,
    claimed_footer: Option<String>,
    source_commit: Option<String>,
    folder: String,
    page: String,
    form_sha256: String,
    is_undated: bool,
    metadata: (String, usize),
    entries: Vec<EntryHead>,
}

#[derive(Serialize, Deserialize)]
enum TargetHead {
    New,
    Article(String),
    FirstOf(u64),
    LaterOf(u64),
}

/// An entry but for its stream: id, whether it is a delta, inflated length, length of the stream.
#[derive(Serialize, Deserialize)]
struct EntryHead(String, bool, usize, usize);

impl Sheet {
    /// Deflates a prepared page.
    #[must_use]
    pub fn of(name: String, prepared: &Prepared, deflater: &mut Deflater, stored: &mut Deflater) -> Self {
        let text = prepared.files.iter().find(|file| file.name == PAGE_FILE);
        let text = text.map_or(&[][..], |file| &file.bytes);
        let target = &prepared.candidate.target;
        let page = if is_later(target) {
            &mut *stored
        } else {
            &mut *deflater
        };
        let page = PackEntry::whole(ObjectKind::Blob, text, page);
        let mut metadata = None;
        let mut sources = Vec::with_capacity(prepared.files.len());
        for file in prepared.files.iter().filter(|file| file.name != PAGE_FILE) {
            let id = ObjectId::from(file.id);
            if file.name == METADATA_FILE {
                metadata = Some((id, file.bytes.clone()));
            } else {
                let short = delta::encode(text, &file.bytes, file.bytes.len() / 2);
                let entry = match short {
                    Some(delta) if delta.len() < SHORT => PackEntry::delta(&delta, stored),
                    Some(delta) => PackEntry::delta(&delta, deflater),
                    None => PackEntry::whole(ObjectKind::Blob, &file.bytes, deflater),
                };
                sources.push((id, entry));
            }
        }
        Self {
            name,
            candidate: prepared.candidate.clone(),
            page,
            metadata: metadata.expect("every article has metadata"),
            sources,
            // Nearly all of it are ids, which do not get shorter.
            folder: PackEntry::whole(ObjectKind::Tree, &prepared.folder, stored),
            is_undated: prepared.is_undated,
        }
    }

    /// Tells whether the page follows another of the same article, so that its text is only stored as yet.
    #[must_use]
    pub fn is_later(&self) -> bool {
        is_later(&self.candidate.target)
    }

    /// Returns the bytes of a whole entry of a sheet.
    #[must_use]
    pub fn inflate(entry: &PackEntry, inflater: &mut Inflater) -> Option<Vec<u8>> {
        let mut body = vec![0; entry.length()];
        let result = inflater.zlib(entry.stream(), &mut body).ok()?;
        (result.written == body.len()).then_some(body)
    }

    /// Returns the article that its files are; `None` where they are none.
    #[must_use]
    pub fn article(&self, inflater: &mut Inflater) -> Option<Article> {
        let metadata = Metadata::parse(&self.metadata.1).ok()?;
        let text = Self::inflate(&self.page, inflater)?;
        // The sources are sorted by the names of their files.
        let mut names: Vec<String> = metadata.languages.iter().map(Language::file_name).collect();
        names.sort();
        let mut by_name = BTreeMap::new();
        for (name, (_, entry)) in names.into_iter().zip(&self.sources) {
            let body = Self::inflate(entry, inflater)?;
            let body = if entry.kind().is_none() {
                delta::apply(&text, &body).ok()?
            } else {
                body
            };
            by_name.insert(name, String::from_utf8(body).ok()?);
        }
        let sources = metadata
            .languages
            .iter()
            .map(|language| by_name.remove(&language.file_name()));
        Some(Article {
            sources: sources.collect::<Option<_>>()?,
            metadata,
        })
    }

    /// Returns the sheet as it stands in the spool.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let candidate = &self.candidate;
        let entries: Vec<(ObjectId, &PackEntry)> = self.entries().collect();
        let (metadata, json) = &self.metadata;
        let head = Head {
            name: self.name.clone(),
            slug: candidate.slug.to_string(),
            target: match &candidate.target {
                Target::New => TargetHead::New,
                Target::Article(article) => TargetHead::Article(article.to_string()),
                Target::FirstOf(text) => TargetHead::FirstOf(*text),
                Target::LaterOf(text) => TargetHead::LaterOf(*text),
            },
            date: candidate.date.to_string(),
            byline: candidate.byline.to_string(),
            kind: candidate.kind.to_string(),
            languages: candidate.languages.iter().map(ToString::to_string).collect(),
            subject: candidate.subject.clone(),
            note: candidate.note.clone(),
            content_sha256: candidate.content_sha256.clone(),
            source_url: candidate.source_url.clone(),
            claimed_footer: candidate.claimed_footer.as_ref().map(ToString::to_string),
            source_commit: candidate.source_commit.map(|id| id.to_string()),
            folder: candidate.folder.to_string(),
            page: candidate.page.to_string(),
            form_sha256: candidate.form_sha256.clone(),
            is_undated: self.is_undated,
            metadata: (metadata.to_string(), json.len()),
            entries: entries
                .iter()
                .map(|(id, entry)| {
                    let is_delta = entry.kind().is_none();
                    EntryHead(id.to_string(), is_delta, entry.length(), entry.stream().len())
                })
                .collect(),
        };
        let mut bytes = serde_json::to_vec(&head).expect("strings and numbers are JSON");
        bytes.push(b'\n');
        bytes.extend_from_slice(json);
        for (_, entry) in entries {
            bytes.extend_from_slice(entry.stream());
        }
        bytes
    }

    /// Reads a sheet; `None` for anything that [`Sheet::encode`] would not have written.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let end = memchr::memchr(b'\n', bytes)?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        let (metadata, length) = head.metadata;
        let (json, mut rest) = bytes[end + 1..].split_at_checked(length)?;
        let mut entries = Vec::with_capacity(head.entries.len());
        for (number, EntryHead(id, is_delta, length, stream)) in head.entries.into_iter().enumerate() {
            let (stream, after) = rest.split_at_checked(stream)?;
            rest = after;
            let kind = if number == 1 {
                ObjectKind::Tree
            } else {
                ObjectKind::Blob
            };
            let kind = (!is_delta).then_some(kind);
            entries.push((
                id.parse().ok()?,
                PackEntry::of_parts(kind, length, stream.to_vec()),
            ));
        }
        let mut entries = entries.into_iter();
        let ((_, page), (_, folder)) = (entries.next()?, entries.next()?);
        let metadata: ObjectId = metadata.parse().ok()?;
        let files = [head.page.parse().ok()?, metadata].into_iter();
        let files = files.chain(entries.as_slice().iter().map(|(id, _)| *id));
        let files: Vec<BlobId> = files.map(|id: ObjectId| BlobId::from_raw(*id.raw())).collect();
        let candidate = Candidate {
            slug: head.slug.parse().ok()?,
            target: match head.target {
                TargetHead::New => Target::New,
                TargetHead::Article(article) => Target::Article(article.parse().ok()?),
                TargetHead::FirstOf(text) => Target::FirstOf(text),
                TargetHead::LaterOf(text) => Target::LaterOf(text),
            },
            date: RevisionDate::parse(&head.date, UtcOffset::UTC).ok()?,
            byline: Person::parse(&head.byline).ok()?,
            kind: head.kind.parse().ok()?,
            languages: head
                .languages
                .iter()
                .map(|tag| tag.parse())
                .collect::<Result<_, _>>()
                .ok()?,
            subject: head.subject,
            note: head.note,
            content_sha256: head.content_sha256,
            source_url: head.source_url,
            claimed_footer: head.claimed_footer.map(|text| text.parse()).transpose().ok()?,
            source_commit: head.source_commit.map(|text| text.parse()).transpose().ok()?,
            folder: head.folder.parse::<TreeId>().ok()?,
            page: head.page.parse().ok()?,
            files,
            form_sha256: head.form_sha256,
            // The lines of an import say nothing of it.
            expected: None,
        };
        rest.is_empty().then_some(Self {
            name: head.name,
            candidate,
            page,
            metadata: (metadata, json.to_vec()),
            sources: entries.collect(),
            folder,
            is_undated: head.is_undated,
        })
    }

    /// Lists the entries in the order in which they stand in the spool.
    fn entries(&self) -> impl Iterator<Item = (ObjectId, &PackEntry)> {
        let fixed = [
            (self.candidate.page.into(), &self.page),
            (self.candidate.folder.into(), &self.folder),
        ];
        let sources = self.sources.iter().map(|(id, entry)| (*id, entry));
        fixed.into_iter().chain(sources)
    }
}

fn is_later(target: &Target) -> bool {
    matches!(target, Target::Article(_) | Target::LaterOf(_))
}
