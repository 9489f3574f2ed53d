//! One revision, read and checked whole: commit, message, folder, metadata, sources, page text, both hashes.

use std::collections::BTreeMap;

use crate::archive::{Archive, Fault};
use crate::article::{self, Article, METADATA_FILE, Metadata, MetadataError, PAGE_FILE, SourceError};
use crate::footer::Footer;
use crate::id::{ArticleId, CommitId, TreeId};
use crate::language::Language;
use crate::object::commit::Commit;
use crate::object::tree::Entry;
use crate::page::Page;
use crate::trailer::{ARCHIVE_FORMAT, Message, MessageError, RootMessage};

/// A revision whose every byte was hashed and found to be what the format asks for.
#[derive(Debug, Clone)]
pub struct Revision {
    /// The commit's id.
    pub id: CommitId,
    /// The commit.
    pub commit: Commit,
    /// Its message.
    pub message: Message,
    /// The article's folder.
    pub folder: TreeId,
    /// What the folder holds.
    pub article: Article,
    /// The text that a reader sees.
    pub page_text: String,
}

/// Why a commit is no revision of this format.
#[derive(Debug, thiserror::Error)]
pub enum RevisionFault {
    /// An object on the way is missing, damaged or of another kind.
    #[error("{path} of commit {id}")]
    Object {
        /// The commit.
        id: CommitId,
        /// The path in its tree, or `commit`.
        path: String,
        /// What is wrong.
        source: Fault,
    },
    /// The archive's first commit, which holds no article.
    #[error("commit {0} is the archive's first and holds no article")]
    First(CommitId),
    /// A commit that changes root files.
    #[error("commit {0} is about the archive's settings and holds no article")]
    Root(CommitId),
    /// The message is of another form.
    #[error("commit {id} has the message of no revision")]
    Message {
        /// The commit.
        id: CommitId,
        /// What is wrong.
        source: MessageError,
    },
    /// The metadata are of another form.
    #[error("{METADATA_FILE} of commit {id}")]
    Metadata {
        /// The commit.
        id: CommitId,
        /// What is wrong.
        source: MetadataError,
    },
    /// The sources give no page.
    #[error("sources of commit {id}")]
    Source {
        /// The commit.
        id: CommitId,
        /// What is wrong.
        source: SourceError,
    },
    /// Two places that must say the same do not.
    #[error("commit {id}: {what}")]
    Disagreement {
        /// The commit.
        id: CommitId,
        /// Which places.
        what: String,
    },
}

impl RevisionFault {
    /// Tells whether the commit itself is not in the store.
    #[must_use]
    pub fn is_unknown(&self, asked: CommitId) -> bool {
        matches!(self, Self::Object { id, path, source } if *id == asked && path == "commit" && source.is_missing())
    }
}

impl Revision {
    /// Reads a revision and checks that all its parts say the same.
    ///
    /// # Errors
    /// [`RevisionFault`] for the first part that is not what the format asks for.
    pub fn read(archive: &Archive, id: CommitId) -> Result<Self, RevisionFault> {
        let (commit, message, folder) = read_head(archive, id)?;
        let path = message.trailers.article.folder();
        let files = read_files(archive, folder, &path).map_err(|(path, source)| RevisionFault::Object {
            id,
            path,
            source,
        })?;
        Self::of_parts(id, commit, message, folder, &borrowed(&files))
    }

    /// Checks that the parts of a revision, each of which was read and hashed, say the same. The files are those
    /// of the article's folder, sorted by name.
    ///
    /// # Errors
    /// [`RevisionFault`] for the first part that is not what the format asks for.
    pub fn of_parts(
        id: CommitId,
        commit: Commit,
        message: Message,
        folder: TreeId,
        files: &[(&str, &[u8])],
    ) -> Result<Self, RevisionFault> {
        let revision = Self::assemble(id, commit, message, folder, files)?;
        match revision.disagreements(files).into_iter().next() {
            Some((_, what)) => Err(RevisionFault::Disagreement { id, what }),
            None => Ok(revision),
        }
    }

    /// Puts the parts of a revision together without comparing what is written twice.
    pub(crate) fn assemble(
        id: CommitId,
        commit: Commit,
        message: Message,
        folder: TreeId,
        files: &[(&str, &[u8])],
    ) -> Result<Self, RevisionFault> {
        let (article, page_text) = article_of(id, folder, &message.trailers.article.folder(), files)?;
        Ok(Self {
            id,
            commit,
            message,
            folder,
            article,
            page_text,
        })
    }

    /// Returns the revision's footer.
    #[must_use]
    pub fn footer(&self) -> Footer {
        Footer::of(self.commit.author.date, self.id)
    }

    /// Returns the name of the article.
    #[must_use]
    pub fn article_id(&self) -> &ArticleId {
        &self.message.trailers.article
    }

    /// Returns the metadata.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.article.metadata
    }

    /// Returns what its page may have as its title: those that it has, and the first words of a text without one.
    #[must_use]
    pub fn titles(&self) -> Vec<String> {
        let metadata = self.metadata();
        let headline = article::headline(metadata, &[], &self.page_text);
        metadata.titles.values().cloned().chain([headline]).collect()
    }

    /// Returns the page that a reader sees.
    #[must_use]
    pub fn page(&self, back_link: &str) -> Page {
        Page {
            back_link: back_link.to_owned(),
            text: self.page_text.clone(),
            footer: self.footer(),
        }
    }

    /// Compares what is written twice: every part that says something else, in the order of the format. Metadata
    /// and sources are these files' own.
    pub(crate) fn disagreements(&self, files: &[(&str, &[u8])]) -> Vec<(Part, String)> {
        let mut found = unaccounted(&self.article.metadata, &self.page_text, files);
        if article::content_sha256(files.iter().copied()) != self.message.trailers.content_sha256 {
            let what = "trailer Content-SHA256 is not that of the files".to_owned();
            found.push((Part::ContentSha256, what));
        }
        let metadata = Some(&self.article.metadata);
        found.extend(said_otherwise(
            &self.commit,
            &self.message,
            metadata,
            Some(&self.page_text),
        ));
        found
    }
}

/// Compares what a commit, its message and the metadata say twice, as far as metadata and text are there: every part
/// that says something else, in the order of the format.
pub(crate) fn said_otherwise(
    commit: &Commit,
    message: &Message,
    metadata: Option<&Metadata>,
    page_text: Option<&str>,
) -> Vec<(Part, String)> {
    let trailers = &message.trailers;
    let mut pairs = Vec::new();
    if let Some(metadata) = metadata {
        let is_titled = page_text.is_some() || !metadata.titles.is_empty();
        let author_differs = match &metadata.byline() {
            Ok(byline) => *byline != commit.author.person,
            Err(_) => true,
        };
        pairs.extend([
            (
                metadata.date != commit.author.date,
                Part::Date,
                "author date is not that of article.json",
            ),
            (author_differs, Part::Author, "author is not that of article.json"),
            (
                metadata.kind != trailers.kind,
                Part::Trailer,
                "trailer Revision-Kind is not that of article.json",
            ),
            (
                metadata.languages != trailers.languages,
                Part::Trailer,
                "trailer Languages is not that of article.json",
            ),
            (
                metadata.source_url != trailers.source_url,
                Part::Trailer,
                "trailer Source-URL is not that of article.json",
            ),
            (
                metadata.note != message.note,
                Part::Note,
                "note in the message is not that of article.json",
            ),
            (
                is_titled && article::subject(metadata, page_text.unwrap_or_default()) != message.subject,
                Part::Subject,
                "subject is not that of article.json",
            ),
        ]);
    }
    pairs.extend([
        (
            (trailers.revision == 1) != trailers.previous.is_none(),
            Part::Previous,
            "Previous-Revision and Revision disagree",
        ),
        (
            trailers.article.day() != commit.author.date.day() && trailers.revision == 1,
            Part::Day,
            "first revision is of another day than the article's id",
        ),
        (
            commit.parents.len() != 1,
            Part::Parents,
            "has not exactly one parent",
        ),
    ]);
    let differing = pairs.into_iter().filter(|(differs, ..)| *differs);
    differing.map(|(_, part, what)| (part, what.to_owned())).collect()
}

/// A part of a revision that can say something other than the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `page.txt`.
    Page,
    /// A file that `article.json` does not account for.
    StrayFile,
    /// The second hash.
    ContentSha256,
    /// The author date.
    Date,
    /// The day of the article's id.
    Day,
    /// The author.
    Author,
    /// A trailer that repeats the metadata.
    Trailer,
    /// The note.
    Note,
    /// The subject.
    Subject,
    /// `Previous-Revision` beside `Revision`.
    Previous,
    /// The parents.
    Parents,
}

/// Names the files that are not those of the metadata, and a `page.txt` that is not the sources' text.
pub(crate) fn unaccounted(
    metadata: &Metadata,
    page_text: &str,
    files: &[(&str, &[u8])],
) -> Vec<(Part, String)> {
    let sources: Vec<String> = metadata.languages.iter().map(Language::file_name).collect();
    let mut found = Vec::new();
    for (name, bytes) in files {
        if *name == PAGE_FILE {
            if *bytes != page_text.as_bytes() {
                let what = format!("{PAGE_FILE} is not the text of the sources");
                found.push((Part::Page, what));
            }
        } else if *name != METADATA_FILE && sources.iter().all(|source| source != name) {
            let what = format!("{name} is no file that {METADATA_FILE} accounts for");
            found.push((Part::StrayFile, what));
        }
    }
    found
}

/// Reads the metadata and sources of an article's folder at a path, and derives the page's text.
pub(crate) fn article_of(
    id: CommitId,
    folder: TreeId,
    path: &str,
    files: &[(&str, &[u8])],
) -> Result<(Article, String), RevisionFault> {
    let article = read_article(files).map_err(|fault| match fault {
        ArticleFault::Absent(file) => {
            let path = format!("{path}/{file}");
            RevisionFault::Object {
                id,
                path: path.clone(),
                source: Fault::Absent { path, tree: folder },
            }
        }
        ArticleFault::Metadata(source) => RevisionFault::Metadata { id, source },
        ArticleFault::Utf8(file) => RevisionFault::Disagreement {
            id,
            what: format!("{file} is not UTF-8"),
        },
    })?;
    let page_text = article
        .page_text()
        .map_err(|source| RevisionFault::Source { id, source })?;
    Ok((article, page_text))
}

/// Reads what a revision's files hang upon: its commit, its message, and which folder is the article's.
pub(crate) fn read_head(archive: &Archive, id: CommitId) -> Result<(Commit, Message, TreeId), RevisionFault> {
    let object = |path: &str, source| RevisionFault::Object {
        id,
        path: path.to_owned(),
        source,
    };
    let commit = archive.commit(id).map_err(|e| object("commit", e))?;
    if is_first(&commit) {
        return Err(RevisionFault::First(id));
    }
    if is_root(&commit) {
        return Err(RevisionFault::Root(id));
    }
    let message = Message::parse(&commit.message).map_err(|source| RevisionFault::Message { id, source })?;
    let path = message.trailers.article.folder();
    let folder = archive.folder(commit.tree, &path).map_err(|e| object(&path, e))?;
    Ok((commit, message, folder))
}

/// Returns files as they are judged: each with its name and its bytes, in their order.
pub(crate) fn borrowed<'a, N: AsRef<str> + 'a, B: AsRef<[u8]> + 'a>(
    files: impl IntoIterator<Item = (&'a N, &'a B)>,
) -> Vec<(&'a str, &'a [u8])> {
    let files = files.into_iter();
    files
        .map(|(name, bytes)| (name.as_ref(), bytes.as_ref()))
        .collect()
}

/// Tells whether a commit is an archive's first: no parent, and the trailer that says so.
#[must_use]
pub fn is_first(commit: &Commit) -> bool {
    commit.parents.is_empty() && commit.message.contains(&format!("\n\n{ARCHIVE_FORMAT}: "))
}

/// Tells whether a commit is one that changes root files, by its message.
#[must_use]
pub fn is_root(commit: &Commit) -> bool {
    RootMessage::parse(&commit.message).is_some()
}

enum ArticleFault {
    Absent(String),
    Metadata(MetadataError),
    Utf8(String),
}

/// Reads the files of an article's folder, by their names. A folder in it is a fault: an article has none.
pub(crate) fn read_files(
    archive: &Archive,
    folder: TreeId,
    path: &str,
) -> Result<BTreeMap<String, Vec<u8>>, (String, Fault)> {
    let mut files = BTreeMap::new();
    let tree = archive.tree(folder).map_err(|e| (path.to_owned(), e))?;
    for (name, entry) in tree.entries() {
        let here = format!("{path}/{name}");
        match entry {
            Entry::File(blob) => files.insert(name.clone(), archive.blob(*blob).map_err(|e| (here, e))?),
            Entry::Folder(_) => return Err((here.clone(), Fault::Form(here))),
        };
    }
    Ok(files)
}

fn read_article(files: &[(&str, &[u8])]) -> Result<Article, ArticleFault> {
    let file = |wanted: &str| {
        let found = files.iter().find(|(name, _)| *name == wanted);
        found.map_or_else(
            || Err(ArticleFault::Absent(wanted.to_owned())),
            |(_, bytes)| Ok(*bytes),
        )
    };
    file(PAGE_FILE)?;
    let metadata = Metadata::parse(file(METADATA_FILE)?).map_err(ArticleFault::Metadata)?;
    let mut sources = Vec::new();
    for language in &metadata.languages {
        let name = language.file_name();
        let source = std::str::from_utf8(file(&name)?).map_err(|_| ArticleFault::Utf8(name))?;
        sources.push(source.to_owned());
    }
    Ok(Article { metadata, sources })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::finding::ReadError;

    #[test]
    fn a_commit_is_unknown_where_it_is_itself_what_is_missing() {
        let [asked, other] = [[1; 20], [2; 20]].map(CommitId::from_raw);
        let missing = |id: CommitId| Fault::Read(ReadError::Missing(id.into()));
        for (id, path, source, is_unknown) in [
            (asked, "commit", missing(asked), true),
            (other, "commit", missing(other), false),
            (asked, "articles/2026/01/22/ferry", missing(asked), false),
            (asked, "commit", Fault::Form("commit".to_owned()), false),
        ] {
            let path = path.to_owned();
            let fault = RevisionFault::Object { id, path, source };
            assert_eq!(fault.is_unknown(asked), is_unknown, "{fault:?}");
        }
        assert!(!RevisionFault::First(asked).is_unknown(asked));
    }
}
