//! What the log has of a revision.

use std::fmt;

use crate::article::Kind;
use crate::date::{RevisionDate, UtcOffset};
use crate::id::{ArticleId, CommitId};
use crate::object::commit::Commit;
use crate::tlog::merkle::{self, Hash};
use crate::trailer::{Message, Trailers};

/// An entry: which revision, and a second hash of what it says, by SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The commit.
    pub commit: CommitId,
    /// The article.
    pub article: ArticleId,
    /// Which of the article's revisions it is, from 1.
    pub revision: u32,
    /// What kind of revision.
    pub kind: Kind,
    /// Its date, that of the footer.
    pub date: RevisionDate,
    /// SHA-256 of the article's files, 64 digits.
    pub content_sha256: String,
}

/// What the lines of an entry begin with, in their order.
const KEYS: [&str; 6] = [
    "Commit",
    "Article-Id",
    "Revision",
    "Revision-Kind",
    "Date",
    "Content-SHA256",
];

impl Entry {
    /// Makes the entry of a revision.
    #[must_use]
    pub fn of(id: CommitId, commit: &Commit, trailers: &Trailers) -> Self {
        Self {
            commit: id,
            article: trailers.article.clone(),
            revision: trailers.revision,
            kind: trailers.kind,
            date: commit.author.date,
            content_sha256: trailers.content_sha256.clone(),
        }
    }

    /// Makes the entry of a commit; `None` where it is no revision.
    #[must_use]
    pub fn of_commit(id: CommitId, commit: &Commit) -> Option<Self> {
        let message = Message::parse(&commit.message).ok()?;
        Some(Self::of(id, commit, &message.trailers))
    }

    /// Reads an entry; `None` for anything that would not be written so.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        let values = KEYS.map(|key| lines.next()?.strip_prefix(key)?.strip_prefix(": "));
        let [commit, article, revision, kind, date, content_sha256] = values;
        let entry = Self {
            commit: commit?.parse().ok()?,
            article: article?.parse().ok()?,
            revision: revision?.parse().ok()?,
            kind: kind?.parse().ok()?,
            date: RevisionDate::parse(date?, UtcOffset::UTC).ok()?,
            content_sha256: content_sha256?.to_owned(),
        };
        (entry.to_string() == text).then_some(entry)
    }

    /// Returns the hash of the leaf.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        merkle::leaf_hash(self.to_string().as_bytes())
    }
}

/// The bytes of the entry: six lines.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: [&dyn fmt::Display; 6] = [
            &self.commit,
            &self.article,
            &self.revision,
            &self.kind,
            &self.date,
            &self.content_sha256,
        ];
        for (key, value) in KEYS.iter().zip(values) {
            writeln!(f, "{key}: {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "Commit: a038737196a74c325d6a90900694dd78867e8af9\nArticle-Id: 2026/01/22/export-controls\n\
        Revision: 2\nRevision-Kind: correction\nDate: 2026-01-22T12:00:00+08:00\n\
        Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

    #[test]
    fn an_entry_reads_back_and_nothing_else_is_one() {
        let entry = Entry::parse(ENTRY.as_bytes()).unwrap();
        assert_eq!((entry.revision, entry.kind), (2, Kind::Correction));
        assert_eq!(entry.to_string(), ENTRY);
        for (from, to) in [
            ("Revision: 2", "Revision: 02"),
            ("T12:00:00+08:00", "T12:00+08:00"),
            ("correction", "Correction"),
            ("Date: ", "Date:"),
            ("b855\n", "b855"),
            ("b855\n", "b855\nMore: 1\n"),
            ("a038", "A038"),
        ] {
            assert_eq!(Entry::parse(ENTRY.replacen(from, to, 1).as_bytes()), None, "{to}");
        }
        assert_eq!(Entry::parse(b"\xff"), None);
    }
}
