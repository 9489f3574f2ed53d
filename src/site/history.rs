//! The history of an article: its revisions, newest first, and what each changed.

use serde::Serialize;

use super::article::reasons;
use super::lists::own_name;
use super::page::{TO_SITE, revision_link};
use super::theme::Frame;
use super::wording::Wording;
use super::{BuildError, Link, Shared, titles, whys};
use crate::archive::Archive;
use crate::diff::{self, html};
use crate::difference;
use crate::id::ArticleId;
use crate::language::Language;
use crate::withheld::Kept;

/// What the template is filled in with.
#[derive(Serialize)]
struct Values<'a> {
    frame: &'a Frame,
    words: &'static Wording,
    language: &'a str,
    title: String,
    title_language: Option<String>,
    to_site: &'static str,
    home_link: &'a str,
    revisions: Vec<Row<'a>>,
}

/// A revision.
#[derive(Serialize)]
struct Row<'a> {
    link: Link,
    kind: &'static str,
    kind_word: &'static str,
    footer: String,
    date: String,
    note: Option<&'a str>,
    whys: Vec<(String, String)>,
    is_withheld: bool,
    /// Whether there is a revision before it whose text can be compared with its own.
    is_compared: bool,
    /// What became of the metadata: which and how, in words, and both values as HTML.
    fields: Vec<(String, String)>,
    /// What became of the text, as HTML; empty where that is the same.
    changes: String,
}

/// Writes the history of an article; its revisions are given newest first.
///
/// # Errors
/// [`BuildError`] where a theme's template cannot be filled in, or it cannot be told why a text is withheld.
pub fn html(
    archive: &Archive,
    shared: &Shared<'_>,
    article: &ArticleId,
    revisions: &[&Kept],
) -> Result<String, BuildError> {
    let newest = revisions.first().map(|kept| kept.message());
    let languages = newest.map_or(&[][..], |message| &message.trailers.languages);
    let language = languages.first().map_or("en", Language::as_str);
    let words = Wording::of(language);
    let titled = match revisions.first() {
        Some(Kept::Whole(revision)) => titles(revision).into_iter().next(),
        _ => None,
    };
    let (title_language, title) = titled.unzip();
    let rows = revisions
        .iter()
        .enumerate()
        .map(|(at, kept)| row(archive, kept, revisions.get(at + 1).copied(), words));
    let values = Values {
        frame: &shared.frame,
        words,
        language,
        title: title.unwrap_or_else(|| article.slug().to_string()),
        title_language,
        to_site: TO_SITE,
        home_link: &shared.settings.home_link,
        revisions: rows.collect::<Result<_, BuildError>>()?,
    };
    Ok(shared.theme.fill("history.html", &values)?)
}

fn row<'a>(
    archive: &Archive,
    kept: &'a Kept,
    before: Option<&Kept>,
    words: &'static Wording,
) -> Result<Row<'a>, BuildError> {
    let message = kept.message();
    let reasons = reasons(archive, kept)?;
    let mut row = Row {
        link: revision_link(kept, words),
        kind: message.trailers.kind.name(),
        kind_word: words.kind(message.trailers.kind),
        footer: kept.footer().to_string(),
        date: kept.commit().author.date.to_string(),
        note: message.note.as_deref(),
        whys: whys(&reasons)
            .into_iter()
            .map(|(note, commit)| (note.to_owned(), commit))
            .collect(),
        is_withheld: matches!(kept, Kept::Withheld(_)),
        is_compared: false,
        fields: Vec::new(),
        changes: String::new(),
    };
    if let (Kept::Whole(after), Some(Kept::Whole(before))) = (kept, before) {
        row.is_compared = true;
        let fields = difference::fields(before.metadata(), after.metadata()).into_iter();
        row.fields = fields
            // The kind and the date of each revision stand in its own line, and so does the note.
            .filter(|change| !["kind", "date", "note"].contains(&change.field.as_str()))
            .map(|change| {
                let shown = |value: Option<&str>| value.map(|value| shown(&change.field, value));
                let (before, after) = (shown(change.before.as_deref()), shown(change.after.as_deref()));
                let values = html::replaced(before.as_deref(), after.as_deref());
                (words.field(&change), values)
            })
            .collect();
        let changes = diff::compare(&before.page_text, &after.page_text);
        row.changes = html::changes(&changes, &message.trailers.languages, words.tongue());
    }
    Ok(row)
}

/// Returns a value of the metadata as readers have it: languages by their own names.
fn shown(field: &str, value: &str) -> String {
    if field != "languages" {
        return value.to_owned();
    }
    let names: Vec<&str> = value.split(", ").map(own_name).collect();
    names.join(", ")
}
