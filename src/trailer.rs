//! The message of a revision's commit: subject, note, and the trailers by which git's own tools find it.
//!
//! Trailers are the last paragraph of the message, one `Key: value` a line (git's `git-interpret-trailers`).
//! Whoever reads must find each known key exactly once, the four that a revision may lack at most once; unknown keys are
//! for later programs and are ignored.

use std::fmt::Write as _;

use crate::article::Kind;
use crate::canonical::first_unprintable;
use crate::footer::Footer;
use crate::id::{ArticleId, CommitId};
use crate::language::{self, Language};
use crate::settings;

/// The trailer of commits that hold no article: an archive's first, and those that change its root files.
pub const ARCHIVE_FORMAT: &str = "Archive-Format";

/// The keys of a revision's trailers, in their order.
pub const KEYS: [&str; 9] = [
    "Article-Id",
    "Revision",
    "Revision-Kind",
    "Previous-Revision",
    "Languages",
    "Content-SHA256",
    "Source-URL",
    "Claimed-Footer",
    "Source-Commit",
];

/// What the trailers of a revision say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailers {
    /// The article.
    pub article: ArticleId,
    /// Which of the article's revisions this is, from 1.
    pub revision: u32,
    /// What kind of revision.
    pub kind: Kind,
    /// The revision before, absent for the first.
    pub previous: Option<CommitId>,
    /// The languages in page order.
    pub languages: Vec<Language>,
    /// SHA-256 of the article's files, 64 digits.
    pub content_sha256: String,
    /// Where the text was taken from.
    pub source_url: Option<String>,
    /// The footer that the added page carried.
    pub claimed_footer: Option<Footer>,
    /// The commit of a publisher's own repository that the text was taken from.
    pub source_commit: Option<CommitId>,
}

/// The message of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// First line, `<kind>: <title or first words>`.
    pub subject: String,
    /// One line that says why, required of corrections and retractions.
    pub note: Option<String>,
    /// The last paragraph.
    pub trailers: Trailers,
}

/// Why a message is no revision's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not a subject, an optional note and trailers, with empty lines between.
    #[error("message is not a subject, an optional note and trailers with one empty line between them")]
    Form,
    /// A line of the last paragraph is not `Key: value`.
    #[error("message line {0:?} is no trailer")]
    Line(String),
    /// A key stands more than once, or is missing.
    #[error("trailer {key} stands {count} times in place of once")]
    Count {
        /// The key.
        key: &'static str,
        /// How often it stands.
        count: usize,
    },
    /// A value cannot be read.
    #[error("trailer {key} has the value {value:?}, which is none")]
    Value {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
    },
}

impl Trailers {
    fn encode(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: &dyn std::fmt::Display| {
            let _ = writeln!(text, "{key}: {value}");
        };
        line("Article-Id", &self.article);
        line("Revision", &self.revision);
        line("Revision-Kind", &self.kind);
        if let Some(previous) = &self.previous {
            line("Previous-Revision", previous);
        }
        line("Languages", &language::list(&self.languages));
        line("Content-SHA256", &self.content_sha256);
        if let Some(url) = &self.source_url {
            line("Source-URL", url);
        }
        if let Some(footer) = &self.claimed_footer {
            line("Claimed-Footer", footer);
        }
        if let Some(commit) = &self.source_commit {
            line("Source-Commit", commit);
        }
        text
    }
}

impl Message {
    /// Returns the message, which ends with one line feed.
    #[must_use]
    pub fn encode(&self) -> String {
        let note = self
            .note
            .as_ref()
            .map(|note| format!("{note}\n\n"))
            .unwrap_or_default();
        format!("{}\n\n{note}{}", self.subject, self.trailers.encode())
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`MessageError`] where it is not of the form that [`Message::encode`] writes, unknown trailers aside.
    pub fn parse(message: &str) -> Result<Self, MessageError> {
        let message = message.strip_suffix('\n').ok_or(MessageError::Form)?;
        let paragraphs: Vec<&str> = message.split("\n\n").collect();
        let (subject, note, last) = match paragraphs.as_slice() {
            [subject, last] => (subject, None, last),
            [subject, note, last] => (subject, Some(*note), last),
            _ => return Err(MessageError::Form),
        };
        if subject.contains('\n') || note.is_some_and(|note| note.contains('\n')) {
            return Err(MessageError::Form);
        }
        let mut lines = Vec::new();
        for line in last.split('\n') {
            let (key, value) = line
                .split_once(": ")
                .filter(|(key, _)| is_key(key))
                .ok_or_else(|| MessageError::Line(line.to_owned()))?;
            lines.push((key, value));
        }
        let all = |key: &'static str| {
            lines
                .iter()
                .filter(move |(known, _)| known.eq_ignore_ascii_case(key))
        };
        let optional = |key: &'static str| match all(key).count() {
            0 => Ok(None),
            1 => Ok(all(key).next().map(|(_, value)| *value)),
            count => Err(MessageError::Count { key, count }),
        };
        let required = |key| optional(key)?.ok_or(MessageError::Count { key, count: 0 });
        let previous = optional("Previous-Revision")?
            .map(|text| read("Previous-Revision", text))
            .transpose()?;
        let claimed = optional("Claimed-Footer")?
            .map(|text| read("Claimed-Footer", text))
            .transpose()?;
        let source_commit = optional("Source-Commit")?
            .map(|text| read("Source-Commit", text))
            .transpose()?;
        let languages = required("Languages")?;
        let trailers = Trailers {
            article: read("Article-Id", required("Article-Id")?)?,
            revision: read("Revision", required("Revision")?)?,
            kind: read("Revision-Kind", required("Revision-Kind")?)?,
            previous,
            languages: languages
                .split(", ")
                .map(|tag| read("Languages", tag))
                .collect::<Result<_, _>>()?,
            content_sha256: required("Content-SHA256")?.to_owned(),
            source_url: optional("Source-URL")?.map(ToOwned::to_owned),
            claimed_footer: claimed,
            source_commit,
        };
        // What the known trailers print must be what stands there, first and in order.
        if !format!("{last}\n").starts_with(&trailers.encode()) {
            return Err(MessageError::Form);
        }
        Ok(Self {
            subject: (*subject).to_owned(),
            note: note.map(ToOwned::to_owned),
            trailers,
        })
    }
}

/// The message of a commit that changes root files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootMessage {
    /// First line, `<topic>: <what>`, of one of [`ROOT_TOPICS`].
    pub subject: String,
    /// One line that says why.
    pub note: Option<String>,
}

/// Why a note cannot stand in a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the note is not one line of visible characters")]
pub struct NoteError;

/// What the first lines of commits that change root files begin with.
pub const ROOT_TOPICS: [&str; 4] = ["settings", "signers", "expunge", "checkpoint"];

impl RootMessage {
    /// Returns the message, which ends with one line feed.
    #[must_use]
    pub fn encode(&self) -> String {
        let note = self
            .note
            .as_ref()
            .map(|note| format!("{note}\n\n"))
            .unwrap_or_default();
        let version = settings::FORMAT_VERSION;
        format!("{}\n\n{note}{ARCHIVE_FORMAT}: {version}\n", self.subject)
    }

    /// Makes sure that a note, where there is one, can stand in such a message.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn check_note(note: Option<&str>) -> Result<(), NoteError> {
        if note.is_none_or(Self::is_line) {
            Ok(())
        } else {
            Err(NoteError)
        }
    }

    /// Tells whether a text can stand in such a message: one line of visible characters without blanks at its ends.
    #[must_use]
    pub fn is_line(text: &str) -> bool {
        !text.is_empty() && text.trim() == text && first_unprintable(text).is_none()
    }

    /// Reads a message; `None` where it is not of the form that [`RootMessage::encode`] writes.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        let trailer = format!("{ARCHIVE_FORMAT}: {}\n", settings::FORMAT_VERSION);
        let paragraphs: Vec<&str> = message.strip_suffix(&trailer)?.split("\n\n").collect();
        let (subject, note) = match paragraphs.as_slice() {
            [subject, ""] => (*subject, None),
            [subject, note, ""] => (*subject, Some(*note)),
            _ => return None,
        };
        let (topic, what) = subject.split_once(": ")?;
        let is_read = ROOT_TOPICS.contains(&topic) && Self::is_line(what) && note.is_none_or(Self::is_line);
        is_read.then(|| Self {
            subject: subject.to_owned(),
            note: note.map(ToOwned::to_owned),
        })
    }
}

/// Returns the message of an archive's first commit.
#[must_use]
pub fn first_message(title: &str, version: u32) -> String {
    format!("init: {title}\n\n{ARCHIVE_FORMAT}: {version}\n")
}

/// Tells whether a text can be a key. Git takes off blanks before the colon, and ends a key at the first one.
fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn read<T: std::str::FromStr>(key: &'static str, value: &str) -> Result<T, MessageError> {
    value.parse().map_err(|_| MessageError::Value {
        key,
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MESSAGE: &str = "correction: 标题\n\n改正了一个数字。\n\n\
        Article-Id: 2026/01/22/export-controls\nRevision: 2\nRevision-Kind: correction\n\
        Previous-Revision: a038737196a74c325d6a90900694dd78867e8af9\nLanguages: zh, en\n\
        Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
        Source-URL: https://example.org/a\n\
        Claimed-Footer: 2026-01-22 (Thursday) · a038737196a74c325d6a90900694dd78867e8af9\n\
        Source-Commit: 28f82ed1ccfdb6111c4f0ba7731617571b699e06\n";

    #[test]
    fn a_message_reads_back_what_it_prints() {
        let message = Message::parse(MESSAGE).unwrap();
        assert_eq!(message.note.as_deref(), Some("改正了一个数字。"));
        assert_eq!(message.trailers.revision, 2);
        assert_eq!(message.encode(), MESSAGE);
        let later = format!("{MESSAGE}Signed-off-by: a later program\n");
        assert_eq!(Message::parse(&later).unwrap(), message);
    }

    #[test]
    fn each_known_key_stands_exactly_once_in_its_place() {
        let refused = |from: &str, to: &str| Message::parse(&MESSAGE.replacen(from, to, 1)).unwrap_err();
        let count = |key, count| MessageError::Count { key, count };
        assert_eq!(
            refused("Languages", "languages: zh, en\nLanguages"),
            count("Languages", 2)
        );
        assert_eq!(refused("Article-Id", "Articles"), count("Article-Id", 0));
        assert_eq!(
            refused("Revision: 2\n", "Revision: 2\nRevision: 2\n"),
            count("Revision", 2)
        );
        assert_eq!(refused("Revision: 2\n", "Revision: 02\n"), MessageError::Form);
        assert_eq!(refused("Revision: 2\n", "Revision: 2\n\n"), MessageError::Form);
        assert_eq!(
            refused("\n\nArticle", "\nArticle"),
            MessageError::Line("改正了一个数字。".to_owned())
        );
        for (from, to) in [
            ("Kind: correction", "Kind: fix"),
            ("28f82ed1", "28F82ED1"),
            ("699e06\n", "699e0\n"),
        ] {
            assert!(matches!(refused(from, to), MessageError::Value { .. }), "{to:?}");
        }
        let line = "Source-Commit: 28f82ed1ccfdb6111c4f0ba7731617571b699e06\n";
        assert_eq!(refused(line, &line.repeat(2)), count("Source-Commit", 2));
        let sooner = format!("{}{}", line, "Claimed-Footer");
        let moved = MESSAGE
            .replacen(line, "", 1)
            .replacen("Claimed-Footer", &sooner, 1);
        assert_eq!(Message::parse(&moved), Err(MessageError::Form));
        assert_eq!(Message::parse("x"), Err(MessageError::Form));
    }

    #[test]
    fn a_line_that_git_reads_as_a_known_key_is_none_besides() {
        for line in [
            "Revision : 3",
            "Article-Id\t: 2026/01/22/x",
            "Revision:3: a",
            "revision :3: a",
            ": a",
            "Some words: a",
            " Revision: 3",
            "备注: a",
        ] {
            let refused = Message::parse(&format!("{MESSAGE}{line}\n"));
            assert_eq!(refused, Err(MessageError::Line(line.to_owned())));
        }
    }

    #[test]
    fn ten_thousand_trailers_are_read_or_refused_at_once() {
        let many = "Article-Id: 2026/01/22/x\n".repeat(10_000);
        let refused = Message::parse(&format!("{MESSAGE}{many}")).unwrap_err();
        assert_eq!(
            refused,
            MessageError::Count {
                key: "Article-Id",
                count: 10_001
            }
        );
    }

    #[test]
    fn a_message_about_root_files_reads_back_what_it_wrote_and_nothing_else() {
        for note in [None, Some("因为 so".to_owned())] {
            let message = RootMessage {
                subject: "settings: title is now 新报".to_owned(),
                note,
            };
            assert_eq!(RootMessage::parse(&message.encode()), Some(message));
        }
        let text = "settings: a\n\nArchive-Format: 1\n";
        assert!(RootMessage::parse(text).is_some());
        let others = [
            ("settings", "init"),
            ("a\n", "\n"),
            ("a\n", "a\nb\n"),
            (": 1", ": 2"),
            ("\n\n", "\n"),
        ];
        for (from, to) in others {
            assert_eq!(RootMessage::parse(&text.replacen(from, to, 1)), None, "{to:?}");
        }
        assert_eq!(RootMessage::parse(MESSAGE), None);
    }

    proptest! {
        #[test]
        fn any_message_reads_back_what_it_prints(
            title in "[^\\p{C}\\p{Z}][^\\p{C}]{0,30}", note in proptest::option::of("[^\\p{C}\\p{Z}][^\\p{C}]{0,40}"),
            revision in 1..u32::MAX, raw in any::<[u8; 20]>(), kind in 0..Kind::ALL.len(), slug in "[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,3}",
            sha256 in "[0-9a-f]{64}", url in proptest::option::of("https://[a-z]{1,9}/[a-z0-9:/]{0,20}"), claim in any::<bool>(),
            source in proptest::option::of(any::<[u8; 20]>()),
        ) {
            let kind = Kind::ALL[kind];
            let claimed: Footer = "2026-01-22 (Friday) · a038737196a74c325d6a90900694dd78867e8af9".parse().unwrap();
            let trailers = Trailers {
                article: format!("2026/01/22/{slug}").parse().unwrap(),
                revision,
                kind,
                previous: (revision > 1).then(|| CommitId::from_raw(raw)),
                languages: vec!["zh".parse().unwrap(), "pt-BR".parse().unwrap()],
                content_sha256: sha256,
                source_url: url,
                claimed_footer: claim.then_some(claimed),
                source_commit: source.map(CommitId::from_raw),
            };
            let message = Message { subject: format!("{kind}: {title}"), note, trailers };
            prop_assert_eq!(Message::parse(&message.encode()), Ok(message));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>(), at in 0..40_usize) {
            let _ = Message::parse(&text);
            let mut lines: Vec<&str> = MESSAGE.split('\n').collect();
            let at = at % lines.len();
            lines[at] = &text;
            let _ = Message::parse(&lines.join("\n"));
        }
    }
}
