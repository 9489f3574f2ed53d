//! An audit's report as one page that needs nothing but itself: for the screen, for paper, and for whoever is handed it.
//!
//! The page is written in parts, [`Head`], [`TABLE`] and each [`Row`], [`End`], so that nobody has to hold all of it. Everything that
//! comes from an archive is hostile here, as it is to [`html`].

use std::collections::BTreeMap;
use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::base64;
use crate::diff::{ParagraphChange, html};
use crate::footer::Footer;
use crate::id::CommitId;
use crate::language::{self, Language};
use crate::object::commit::Commit;
use crate::trailer::Message;
use timeline::Timeline;

mod timeline;

/// The style of the page, after that of differences.
const STYLE: &str = include_str!("report/style.css");

/// What the audit came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No error and no warning.
    Clean,
    /// Errors or warnings; how many of them and of notices, in words.
    Findings(String),
    /// Something could not be read, so that what else was found may come of that; how much was found, in words.
    Unread(String),
    /// The audit was ended before it was complete; how far it was, in words.
    Ended(String),
}

impl Verdict {
    /// Returns the word for the verdict, as other forms of the report have it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Findings(_) => "findings",
            Self::Unread(_) => "unread",
            Self::Ended(_) => "ended",
        }
    }

    const fn heading(&self) -> &'static str {
        match self {
            Self::Clean => "Clean",
            Self::Findings(_) => "Findings",
            Self::Unread(_) => "Not all was read",
            Self::Ended(_) => "Ended early",
        }
    }

    fn sentence(&self) -> &str {
        match self {
            Self::Clean => "No error and no warning was found.",
            Self::Findings(what) | Self::Unread(what) | Self::Ended(what) => what,
        }
    }
}

/// A line of what is said of the audit as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub name: &'static str,
    /// What is so.
    pub value: String,
    /// Whether the value is a footer or an id.
    pub is_code: bool,
}

/// The findings of one code.
#[derive(Debug)]
pub struct Group<'a> {
    /// The code.
    pub code: &'a str,
    /// How grave it is.
    pub severity: &'a str,
    /// What it means, in a sentence.
    pub meaning: &'a str,
    /// Those that are listed.
    pub findings: Vec<Finding<'a>>,
    /// How many more there are.
    pub left_out: usize,
}

impl Group<'_> {
    fn found(&self) -> String {
        match self.findings.len() + self.left_out {
            1 => "Found once.".to_owned(),
            count => format!("Found {count} times."),
        }
    }
}

/// One thing that was found.
#[derive(Debug)]
pub struct Finding<'a> {
    /// Where: a file, an object, or a commit.
    pub place: &'a str,
    /// What, in words.
    pub what: &'a str,
    /// The footer of the commit that it is about.
    pub footer: Option<&'a Footer>,
    /// The article and the number of the revision, in words.
    pub revision: Option<String>,
}

/// The page up to its table.
#[derive(Debug, Template)]
#[template(path = "audit/head.html")]
pub struct Head<'a> {
    /// The archive's title, where it can be read.
    pub title: Option<&'a str>,
    /// The archive's languages.
    pub languages: &'a [Language],
    /// What the audit came to.
    pub verdict: Verdict,
    /// What is said of it as a whole.
    pub facts: Vec<Fact>,
    /// What was found.
    pub groups: Vec<Group<'a>>,
    /// What is worth knowing and not wrong.
    pub notes: &'a [String],
    /// The program that made the page, and its version.
    pub program: &'a str,
    timeline: Timeline,
}

impl<'a> Head<'a> {
    /// Makes a page's head of the revisions of each month (`2026-01`) by kind, in the order of [`Kind::ALL`](crate::article::Kind::ALL); the rest
    /// is for the caller to fill in.
    #[must_use]
    pub fn new(verdict: Verdict, months: &BTreeMap<String, [usize; 6]>, program: &'a str) -> Self {
        Self {
            title: None,
            languages: &[],
            verdict,
            facts: Vec::new(),
            groups: Vec::new(),
            notes: &[],
            program,
            timeline: Timeline::of(months),
        }
    }

    /// Writes it.
    #[must_use]
    pub fn html(&self) -> String {
        written(self)
    }

    fn shown<'t>(&'t self, text: &'t str) -> Shown<'t> {
        Shown {
            text,
            languages: self.languages,
        }
    }

    fn style() -> String {
        format!("\n{}{STYLE}", html::STYLE)
    }

    /// Returns the name by which a browser is told that this style and no other counts.
    fn style_source() -> String {
        base64::hash_source(&Self::style())
    }
}

/// What stands before the first row.
pub const TABLE: &str = include_str!("../templates/audit/table.html");

/// One revision in the table.
#[derive(Debug, Template)]
#[template(path = "audit/row.html")]
pub struct Row<'a> {
    /// Its commit's id.
    pub id: CommitId,
    /// Its commit.
    pub commit: &'a Commit,
    /// The commit's message.
    pub message: &'a Message,
    /// What differs from the revision before.
    pub changed: Changed,
}

impl Row<'_> {
    /// Tells whether a revision has its row: one that owes its readers a note, or gives one.
    #[must_use]
    pub fn is_for(message: &Message) -> bool {
        message.trailers.kind.needs_note() || message.note.is_some()
    }

    /// Writes it.
    #[must_use]
    pub fn html(&self) -> String {
        written(self)
    }

    fn footer(&self) -> Footer {
        Footer::of(self.commit.author.date, self.id)
    }

    /// Returns the title, or the first words: what follows the kind.
    fn title(&self) -> &str {
        let subject = &self.message.subject;
        subject.split_once(": ").map_or(subject, |(_, title)| title)
    }

    fn shown<'t>(&'t self, text: &'t str) -> Shown<'t> {
        Shown {
            text,
            languages: &self.message.trailers.languages,
        }
    }
}

/// What differs from the revision before.
#[derive(Debug)]
pub enum Changed {
    /// This.
    Shown {
        /// Lines of the metadata.
        fields: Vec<Field>,
        /// Paragraphs of the text.
        changes: Vec<ParagraphChange>,
    },
    /// It is left out, for the page's sake.
    LeftOut,
    /// There is no revision before.
    First,
    /// It cannot be told; why.
    Unreadable(String),
}

/// A line of the metadata that is another now.
#[derive(Debug)]
pub struct Field {
    /// Which.
    pub name: String,
    /// What it said.
    pub before: Option<String>,
    /// What it says.
    pub after: Option<String>,
}

/// What follows the last row.
#[derive(Debug, Template)]
#[template(path = "audit/end.html")]
pub struct End<'a> {
    /// Rows that were written.
    pub rows: usize,
    /// Rows that were left out.
    pub rows_left_out: usize,
    /// Rows without what changed.
    pub differences_left_out: usize,
    /// Why the table ends before the branch does.
    pub broken: Option<String>,
    /// What no audit proves.
    pub not_proved: &'a [&'a str],
    /// The program that made the page, and its version.
    pub program: &'a str,
}

impl End<'_> {
    /// Writes it.
    #[must_use]
    pub fn html(&self) -> String {
        written(self)
    }

    fn shown(text: &str) -> Shown<'_> {
        Shown { text, languages: &[] }
    }
}

/// A text of the archive: an element that isolates it and names its language, for what is in Chinese is not to be drawn
/// with Japanese letterforms.
struct Shown<'a> {
    text: &'a str,
    /// Those that it can be in; none where they are not known.
    languages: &'a [Language],
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = html::escape(self.text);
        match language::of_text(self.text, self.languages) {
            Some(language) => write!(f, "<bdi lang=\"{language}\">{text}</bdi>"),
            None => write!(f, "<bdi>{text}</bdi>"),
        }
    }
}

/// What it writes is HTML already.
impl HtmlSafe for Shown<'_> {}

fn written(template: &impl Template) -> String {
    let html = template.render();
    html.expect("a String takes whatever is written to it") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_its_language_and_becomes_no_markup() {
        let shown = |text, languages: &[Language]| Shown { text, languages }.to_string();
        assert_eq!(shown("更正<b>", &[]), "<bdi lang=\"zh\">更正&lt;b&gt;</bdi>");
        let traditional: Language = "zh-Hant".parse().unwrap();
        assert_eq!(shown("更正", &[traditional]), "<bdi lang=\"zh-Hant\">更正</bdi>");
        assert_eq!(shown("\"42\"", &[]), "<bdi>&quot;42&quot;</bdi>");
    }
}
