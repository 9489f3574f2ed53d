//! What changed between two things that a reader can hold: revisions, and pages as people have them.

use crate::archive::Archive;
use crate::article::Metadata;
use crate::diff::{self, ParagraphChange};
use crate::draft::Draft;
use crate::revision::{Revision, RevisionFault};

/// One side of a difference.
#[derive(Debug)]
pub enum Side {
    /// A revision, read and hashed whole.
    Revision(Box<Revision>),
    /// A page.
    Page {
        /// What the user calls it.
        name: String,
        /// Its text in canonical form.
        text: String,
    },
}

/// A line of the metadata that is another now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Which, in the words of `article.json`; the title of one language is `title (zh)`.
    pub field: String,
    /// What it said; `None` where it was absent.
    pub before: Option<String>,
    /// What it says; `None` where it is absent.
    pub after: Option<String>,
}

/// What differs between two sides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// The metadata, where both sides are revisions.
    pub fields: Vec<FieldChange>,
    /// The text.
    pub changes: Vec<ParagraphChange>,
}

impl Side {
    /// Makes a side of a page.
    #[must_use]
    pub fn of_page(name: &str, draft: &Draft) -> Self {
        Self::Page {
            name: name.to_owned(),
            text: draft.text(),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Revision(revision) => &revision.page_text,
            Self::Page { text, .. } => text,
        }
    }

    /// Returns the revision, where it is one.
    #[must_use]
    pub fn revision(&self) -> Option<&Revision> {
        match self {
            Self::Revision(revision) => Some(revision),
            Self::Page { .. } => None,
        }
    }

    /// Returns what the text is called in a unified difference: a revision's path in the archive, a page's name.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Revision(revision) => format!("{}/page.txt", revision.article_id().folder()),
            Self::Page { name, .. } => name.trim_start_matches('/').to_owned(),
        }
    }
}

impl Difference {
    /// Tells whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.changes.is_empty()
    }
}

/// Compares two sides.
#[must_use]
pub fn between(before: &Side, after: &Side) -> Difference {
    let fields = match (before.revision(), after.revision()) {
        (Some(before), Some(after)) => fields(before.metadata(), after.metadata()),
        _ => Vec::new(),
    };
    Difference {
        fields,
        changes: diff::compare(before.text(), after.text()),
    }
}

/// Reads the revision of the same article before one; `None` for the first.
///
/// # Errors
/// [`RevisionFault`] where it cannot be read or is not sound.
pub fn before(archive: &Archive, revision: &Revision) -> Result<Option<Revision>, RevisionFault> {
    let previous = revision.message.trailers.previous;
    previous.map(|id| Revision::read(archive, id)).transpose()
}

/// Lists the metadata that differ, in the order in which a reader meets them.
#[must_use]
pub fn fields(before: &Metadata, after: &Metadata) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    let mut note = |field: String, before: Option<String>, after: Option<String>| {
        if before != after {
            fields.push(FieldChange { field, before, after });
        }
    };
    let list = |values: &[String]| (!values.is_empty()).then(|| values.join(", "));
    let authors = |metadata: &Metadata| {
        list(
            &metadata
                .authors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        )
    };
    let languages = |metadata: &Metadata| {
        list(
            &metadata
                .languages
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        )
    };
    note(
        "kind".to_owned(),
        Some(before.kind.to_string()),
        Some(after.kind.to_string()),
    );
    note(
        "date".to_owned(),
        Some(before.date.to_string()),
        Some(after.date.to_string()),
    );
    let mut titled: Vec<_> = before.titles.keys().chain(after.titles.keys()).collect();
    titled.sort();
    titled.dedup();
    for language in titled {
        note(
            format!("title ({language})"),
            before.titles.get(language).cloned(),
            after.titles.get(language).cloned(),
        );
    }
    note("authors".to_owned(), authors(before), authors(after));
    note("languages".to_owned(), languages(before), languages(after));
    note("tags".to_owned(), list(&before.tags), list(&after.tags));
    note(
        "source_url".to_owned(),
        before.source_url.clone(),
        after.source_url.clone(),
    );
    note("note".to_owned(), before.note.clone(), after.note.clone());
    fields
}
