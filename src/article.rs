//! An article as it is stored: metadata, one source per language, and the page's text derived from them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::canonical::{LONGEST_ARTICLE, first_unprintable, is_canonical, is_common, name_of_character};
use crate::commonmark::{self, CommonMarkError};
use crate::date::{RevisionDate, UtcOffset};
use crate::id::{BlobId, hex};
use crate::json;
use crate::language::{self, Language};
use crate::object::ident::Person;
use crate::settings::is_web_address;

/// The metadata's file name.
pub const METADATA_FILE: &str = "article.json";

/// The file name of the text that a reader sees.
pub const PAGE_FILE: &str = "page.txt";

/// The most languages of an article.
pub const MOST_LANGUAGES: usize = 64;

/// Characters of the first words that stand for a missing title.
const FIRST_WORDS: usize = 40;

/// What a revision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The first revision of an article.
    Publish,
    /// News is added.
    Update,
    /// A mistake is mended; a note says which.
    Correction,
    /// The article is withdrawn; its text is now the notice.
    Retraction,
    /// A retracted article is put back.
    Restoration,
    /// The form changes, not what is said.
    Technical,
}

/// A text that names no kind of revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no kind of revision; kinds are publish, update, correction, retraction, restoration, technical"
)]
pub struct KindError(pub String);

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Publish,
        Self::Update,
        Self::Correction,
        Self::Retraction,
        Self::Restoration,
        Self::Technical,
    ];

    /// Returns the word for the kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Update => "update",
            Self::Correction => "correction",
            Self::Retraction => "retraction",
            Self::Restoration => "restoration",
            Self::Technical => "technical",
        }
    }

    /// Tells whether a reader is owed a note that says why.
    #[must_use]
    pub const fn needs_note(self) -> bool {
        matches!(self, Self::Correction | Self::Retraction | Self::Restoration)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| KindError(text.to_owned()))
    }
}

/// What is known of a revision beside its text: `article.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// What the revision is.
    pub kind: Kind,
    /// The revision's date, which the publisher declares.
    pub date: RevisionDate,
    /// The languages in page order; at least one.
    pub languages: Vec<Language>,
    /// Title per language, where there is one.
    pub titles: BTreeMap<Language, String>,
    /// The byline; at least one.
    pub authors: Vec<Person>,
    /// Tags in the order given.
    pub tags: Vec<String>,
    /// Where the text was taken from.
    pub source_url: Option<String>,
    /// One line that says why this revision was made.
    pub note: Option<String>,
    /// Invisible characters that were kept on demand, as `U+200B`, sorted.
    pub invisible: Vec<String>,
}

/// Why a file is no `article.json` of this format, or values cannot become one.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// Not JSON of the right shape.
    #[error("{METADATA_FILE} is not what the format asks for")]
    Shape(#[source] serde_json::Error),
    /// A value cannot be stored.
    #[error("{key} {value:?} {why}")]
    Value {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// The kind asks for a note, and there is none.
    #[error("a {0} must say why it is made, and there is no note")]
    NoNote(Kind),
    /// The bytes differ from those the format asks for with the same values.
    #[error("{METADATA_FILE} is not written in the archive's form (sorted keys, two blanks of indent)")]
    Form,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    authors: Vec<String>,
    date: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    invisible: Vec<String>,
    kind: Kind,
    languages: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    title: BTreeMap<String, String>,
}

impl Metadata {
    /// Checks values that come from outside: each one line of visible characters, addresses http or https, a
    /// note where the kind asks for one.
    ///
    /// # Errors
    /// [`MetadataError::Value`] for the first that cannot be stored, [`MetadataError::NoNote`].
    pub fn check(&self) -> Result<(), MetadataError> {
        let refused = |key, value: &str, why: String| {
            Err(MetadataError::Value {
                key,
                value: value.to_owned(),
                why,
            })
        };
        let titles = self.titles.values().map(|title| ("title", title));
        let tags = self.tags.iter().map(|tag| ("tag", tag));
        let others = [("source URL", &self.source_url), ("note", &self.note)];
        let others = others
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_ref()?)));
        for (key, value) in titles.chain(tags).chain(others) {
            if let Some((at, c)) = first_unprintable(value) {
                let column = value[..at].chars().count() + 1;
                let why = format!(
                    "holds {} at column {column}; it must be one line of visible characters",
                    name_of_character(c)
                );
                return refused(key, value, why);
            }
            if value.is_empty() || value.trim() != value || value.len() > 4096 {
                return refused(
                    key,
                    value,
                    "is empty, longer than 4096 bytes, or has blanks at an end".to_owned(),
                );
            }
        }
        if let Some(url) = self.source_url.as_ref().filter(|url| !is_web_address(url)) {
            return refused("source URL", url, "is no http or https address".to_owned());
        }
        if self.languages.len() > MOST_LANGUAGES {
            let what = format!("has more than {MOST_LANGUAGES} languages");
            return refused("languages", "", what);
        }
        if self.languages.is_empty() || self.authors.is_empty() {
            return refused("authors", "", "and languages must not be empty".to_owned());
        }
        if let Some(language) = self
            .titles
            .keys()
            .find(|language| !self.languages.contains(language))
        {
            return refused(
                "title",
                &self.titles[language],
                format!("is in {language}, a language the page has no part in"),
            );
        }
        if let Some(character) = self.invisible.iter().find(|text| !names_character(text)) {
            return refused("invisible", character, "is not of the form U+XXXX".to_owned());
        }
        let mut pairs = self.invisible.iter().zip(self.invisible.iter().skip(1));
        if let Some((_, later)) = pairs.find(|(one, other)| one >= other) {
            return refused("invisible", later, "stands out of order".to_owned());
        }
        if self.kind.needs_note() && self.note.is_none() {
            return Err(MetadataError::NoNote(self.kind));
        }
        Ok(())
    }

    /// Returns the bytes of `article.json`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        json::in_order(&self.file()).into_bytes()
    }

    fn file(&self) -> File {
        let titles = self.titles.iter();
        File {
            authors: self.authors.iter().map(ToString::to_string).collect(),
            date: self.date.to_string(),
            invisible: self.invisible.clone(),
            kind: self.kind,
            languages: self.languages.iter().map(ToString::to_string).collect(),
            note: self.note.clone(),
            source_url: self.source_url.clone(),
            tags: self.tags.clone(),
            title: titles
                .map(|(language, title)| (language.to_string(), title.clone()))
                .collect(),
        }
    }

    /// Reads `article.json`.
    ///
    /// # Errors
    /// [`MetadataError`] for anything that [`Metadata::encode`] would not have written.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let file: File = serde_json::from_slice(bytes).map_err(MetadataError::Shape)?;
        let titles: Result<BTreeMap<_, _>, _> = file
            .title
            .into_iter()
            .map(|(tag, title)| Ok((each("title", &tag)?, title)))
            .collect();
        let metadata = Self {
            kind: file.kind,
            date: RevisionDate::parse(&file.date, UtcOffset::UTC)
                .map_err(|e| value_error("date", &file.date, &e))?,
            languages: file
                .languages
                .iter()
                .map(|tag| each("language", tag))
                .collect::<Result<_, _>>()?,
            titles: titles?,
            authors: file
                .authors
                .iter()
                .map(|author| Person::parse(author).map_err(|e| value_error("author", author, &e)))
                .collect::<Result<_, _>>()?,
            tags: file.tags,
            source_url: file.source_url,
            note: file.note,
            invisible: file.invisible,
        };
        metadata.check()?;
        if metadata.encode() == bytes {
            Ok(metadata)
        } else {
            Err(MetadataError::Form)
        }
    }

    /// Returns who the commit's author line names: every name, and the first one's address.
    ///
    /// # Errors
    /// [`MetadataError::Value`] where the names together are too long for the line.
    pub fn byline(&self) -> Result<Person, MetadataError> {
        let names = self
            .authors
            .iter()
            .map(Person::name)
            .collect::<Vec<_>>()
            .join(", ");
        let email = self.authors.first().map(Person::email).unwrap_or_default();
        Person::new(&names, email).map_err(|e| value_error("authors", &names, &e))
    }
}

fn names_character(text: &str) -> bool {
    let digits = text.strip_prefix("U+");
    let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let character = number.and_then(char::from_u32);
    character.is_some_and(|character| name_of_character(character) == text)
}

fn each<T: FromStr<Err: fmt::Display>>(key: &'static str, text: &str) -> Result<T, MetadataError> {
    text.parse().map_err(|e| value_error(key, text, &e))
}

fn value_error(key: &'static str, value: &str, why: &dyn fmt::Display) -> MetadataError {
    MetadataError::Value {
        key,
        value: value.to_owned(),
        why: format!("cannot be stored: {why}"),
    }
}

/// An article's revision: all that its folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// `article.json`.
    pub metadata: Metadata,
    /// One CommonMark source for each of the metadata's languages, in their order.
    pub sources: Vec<String>,
}

/// Why the sources give no page.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A source is not in canonical form.
    #[error("source {0} is empty or not in canonical form")]
    Form(String),
    /// The sources together are longer than [`LONGEST_ARTICLE`].
    #[error("the sources have more than {LONGEST_ARTICLE} bytes (16 MiB), the most that an article may have")]
    Long,
    /// A source holds what no page may.
    #[error("source {0} has no plain text")]
    Markup(String, #[source] CommonMarkError),
    /// The text would begin with a byte order mark, which whoever reads it as a file takes off.
    #[error("the text begins with U+FEFF, a byte order mark")]
    Mark,
}

impl Article {
    /// Derives the text that a reader sees: the plain text of each source, in page order, an empty line between.
    ///
    /// # Errors
    /// [`SourceError`] where a source is not canonical CommonMark without raw HTML.
    pub fn page_text(&self) -> Result<String, SourceError> {
        page_text(&self.metadata.languages, &self.sources)
    }

    /// Returns the files of the article's folder, sorted by name.
    ///
    /// # Errors
    /// [`SourceError`] as for [`Article::page_text`].
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>, SourceError> {
        Ok(self.files_of(self.page_text()?))
    }

    /// Returns the files of the article's folder, sorted by name, for a text that [`Article::page_text`] gave.
    #[must_use]
    pub fn files_of(&self, page_text: String) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        files.insert(METADATA_FILE.to_owned(), self.metadata.encode());
        files.insert(PAGE_FILE.to_owned(), page_text.into_bytes());
        for (language, source) in self.metadata.languages.iter().zip(&self.sources) {
            files.insert(language.file_name(), source.clone().into_bytes());
        }
        files
    }
}

impl Article {
    /// Returns a hash of all that a technical revision may change: the metadata, but for kind, date and note, which each
    /// revision has of its own, and the sources, by the ids of their files. 64 digits.
    #[must_use]
    pub fn form_sha256(&self, id_of: impl Fn(&str) -> Option<BlobId>) -> String {
        let metadata = File {
            kind: Kind::Publish,
            date: String::new(),
            note: None,
            ..self.metadata.file()
        };
        let mut hasher = Sha256::new();
        hasher.update(json::in_order(&metadata));
        for language in &self.metadata.languages {
            let id = id_of(&language.file_name());
            hasher.update(id.expect("each source has a file").raw());
        }
        hex(&hasher.finalize())
    }
}

/// Derives the text that a reader sees from the sources of languages in page order, as [`Article::page_text`] does.
///
/// # Errors
/// [`SourceError`] where a source is not canonical CommonMark without raw HTML.
pub fn page_text(languages: &[Language], sources: &[String]) -> Result<String, SourceError> {
    if sources.iter().map(String::len).sum::<usize>() > LONGEST_ARTICLE {
        return Err(SourceError::Long);
    }
    let mut text = String::new();
    for (language, source) in languages.iter().zip(sources) {
        let is_plain = commonmark::is_its_own_plain_text(source);
        if source.is_empty() || !is_plain && !is_canonical(source) {
            return Err(SourceError::Form(language.file_name()));
        }
        let plain = if is_plain {
            Cow::from(source)
        } else {
            let plain = commonmark::plain_text(source);
            Cow::from(plain.map_err(|e| SourceError::Markup(language.file_name(), e))?)
        };
        if !text.is_empty() && !plain.is_empty() {
            text.push('\n');
        }
        text.push_str(&plain);
    }
    if text.starts_with('\u{feff}') {
        return Err(SourceError::Mark);
    }
    Ok(text)
}

/// Returns the second hash of an article: SHA-256 over `path NUL length NUL bytes` of each of its files, which
/// are given sorted by path, relative to the article's folder; the length is in decimal. 64 digits.
#[must_use]
pub fn content_sha256(files: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>) -> String {
    let mut hasher = Sha256::new();
    for (path, bytes) in files {
        let (path, bytes) = (path.as_ref(), bytes.as_ref());
        hasher.update(path);
        hasher.update(format!("\0{}\0", bytes.len()));
        hasher.update(bytes);
    }
    hex(&hasher.finalize())
}

/// Returns the subject of a revision's commit: kind, colon, and the title in the first of the page's languages
/// that has one, else the page's first words.
#[must_use]
pub fn subject(metadata: &Metadata, page_text: &str) -> String {
    format!("{}: {}", metadata.kind, headline(metadata, &[], page_text))
}

/// Returns the title, in the first of the preferred languages that has one ([`language::lookup`]), then in the first of the page's;
/// without any title the page's first words.
#[must_use]
pub fn headline(metadata: &Metadata, preferred: &[Language], page_text: &str) -> String {
    let meant = |language| language::lookup(language, metadata.titles.keys());
    let mut languages = preferred.iter().filter_map(meant).chain(&metadata.languages);
    let title = languages.find_map(|language| metadata.titles.get(language));
    title.cloned().unwrap_or_else(|| first_words(page_text))
}

/// Returns the first characters of a text, cut at a word's end where there is one, with an ellipsis.
#[must_use]
pub fn first_words(text: &str) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    let line = text.lines().next().unwrap_or_default().trim().replace('\t', " ");
    // Of common characters each is a grapheme, if none follows that joins the last one.
    let place = |number| line.char_indices().nth(number).map(|(at, _)| at);
    let cut = if is_common(&line[..place(FIRST_WORDS + 2).unwrap_or(line.len())]) {
        place(FIRST_WORDS)
    } else {
        let mut graphemes = line.grapheme_indices(true);
        graphemes.nth(FIRST_WORDS).map(|(at, _)| at)
    };
    let Some(cut) = cut else {
        return line;
    };
    let cut = match line[..cut].rfind(' ') {
        Some(blank) if blank * 2 > cut => &line[..blank],
        _ => &line[..cut],
    };
    format!(
        "{}…",
        cut.trim_end_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation())
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metadata() -> Metadata {
        let languages: Vec<Language> = ["zh", "en"].map(|tag| tag.parse().unwrap()).to_vec();
        Metadata {
            kind: Kind::Correction,
            date: RevisionDate::parse("2026-01-22T09:30:00+08:00", UtcOffset::UTC).unwrap(),
            titles: BTreeMap::from([(languages[1].clone(), "Export controls".to_owned())]),
            languages,
            authors: vec![
                Person::parse("林晓 <lin@example.org>").unwrap(),
                Person::parse("Ada").unwrap(),
            ],
            tags: vec!["芯片".to_owned()],
            source_url: Some("https://example.org/a".to_owned()),
            note: Some("The number was wrong.".to_owned()),
            invisible: vec![],
        }
    }

    #[test]
    fn metadata_read_back_what_they_print() {
        let metadata = metadata();
        assert_eq!(Metadata::parse(&metadata.encode()).unwrap(), metadata);
        assert_eq!(
            metadata.byline().unwrap().to_string(),
            "林晓, Ada <lin@example.org>"
        );
        let text = String::from_utf8(metadata.encode()).unwrap();
        for (from, to) in [
            ("  \"kind\"", " \"kind\""),
            ("\"kind\"", "\"sort\""),
            ("+08:00", "+08"),
            ("\"en\"", "\"fr\""),
        ] {
            assert!(
                Metadata::parse(text.replacen(from, to, 1).as_bytes()).is_err(),
                "{from} {to}"
            );
        }
    }

    #[test]
    fn a_correction_without_a_note_is_refused() {
        let mut metadata = metadata();
        metadata.note = None;
        assert!(
            metadata
                .check()
                .unwrap_err()
                .to_string()
                .contains("a correction must say why")
        );
        metadata.kind = Kind::Update;
        metadata.check().unwrap();
        metadata.source_url = Some("javascript:alert(1)".to_owned());
        assert!(metadata.check().is_err());
    }

    #[test]
    fn invisible_characters_are_named_in_one_form_and_order() {
        for (names, is_good) in [
            (&["U+00AD"][..], true),
            (&["U+200B", "U+E0001", "U+FEFF"], true),
            // What they name is nothing that is checked.
            (&["U+0041"], true),
            (&["hello"], false),
            (&["U+00ad"], false),
            (&["U+AD"], false),
            (&["U+00200B"], false),
            (&["U+D800"], false),
            (&["U+110000"], false),
            (&["U++200"], false),
            (&["200B"], false),
            (&["U+FEFF", "U+200B"], false),
            (&["U+200B", "U+200B"], false),
        ] {
            let mut metadata = metadata();
            metadata.invisible = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(metadata.check().is_ok(), is_good, "{names:?}");
            assert_eq!(Metadata::parse(&metadata.encode()).is_ok(), is_good, "{names:?}");
        }
    }

    #[test]
    fn each_value_has_something_to_say_and_no_more_than_fits() {
        let refused = |change: &dyn Fn(&mut Metadata)| {
            let mut metadata = metadata();
            change(&mut metadata);
            match metadata.check() {
                Err(MetadataError::Value { key, .. }) => Some(key),
                Err(error) => panic!("{error}"),
                Ok(()) => None,
            }
        };
        for (note, is_good) in [
            ("a".repeat(4096), true),
            ("a".repeat(4097), false),
            (String::new(), false),
            (" a".to_owned(), false),
            ("a\n".to_owned(), false),
        ] {
            let found = refused(&|metadata| metadata.note = Some(note.clone()));
            assert_eq!(found, (!is_good).then_some("note"), "{note:?}");
            let found = refused(&|metadata| metadata.tags = vec![note.clone()]);
            assert_eq!(found, (!is_good).then_some("tag"), "{note:?}");
        }
        let letters = || 'a'..='z';
        let tags = letters().flat_map(|a| letters().map(move |b| format!("en-{a}{b}{b}{b}{b}")));
        let languages: Vec<Language> = tags.map(|tag| tag.parse().unwrap()).collect();
        let many = |count: usize| {
            refused(&|metadata| {
                metadata.titles.clear();
                metadata.languages = languages[..count].to_vec();
            })
        };
        assert_eq!(many(MOST_LANGUAGES), None);
        assert_eq!(many(MOST_LANGUAGES + 1), Some("languages"));
        assert_eq!(many(0), Some("authors"));
        assert_eq!(refused(&|metadata| metadata.authors.clear()), Some("authors"));
    }

    #[test]
    fn a_page_is_the_plain_text_of_sources_in_canonical_form() {
        let article = |sources: [&str; 2]| Article {
            metadata: metadata(),
            sources: sources.map(str::to_owned).to_vec(),
        };
        for (sources, text) in [
            (["一\n", "*One*\n"], "一\n\nOne\n"),
            // What a language says may be nothing that a reader sees.
            (["一\n", "[a]: https://example.org\n"], "一\n"),
            (["[a]: https://example.org\n", "One\n"], "One\n"),
        ] {
            assert_eq!(article(sources).page_text().unwrap(), text);
        }
        for (sources, file) in [
            (["", "One\n"], "zh.md"),
            (["一\n", "*One*"], "en.md"),
            (["一\n", "*One* \n"], "en.md"),
        ] {
            match article(sources).page_text() {
                Err(SourceError::Form(name)) => assert_eq!(name, file),
                other => panic!("{sources:?}: {other:?}"),
            }
        }
        let half = format!("{}\n", "a".repeat(LONGEST_ARTICLE / 2));
        let long = article([&half, &half]).page_text();
        assert!(matches!(long, Err(SourceError::Long)));
        let mark = article(["&#xfeff;一\n", "One\n"]).page_text();
        assert!(matches!(mark, Err(SourceError::Mark)));
        assert!(article(["一\n", "&#xfeff;One\n"]).page_text().is_ok());
        let markup = article(["一\n", "<b>One</b>\n"]).page_text();
        assert!(matches!(markup, Err(SourceError::Markup(name, _)) if name == "en.md"));
    }

    #[test]
    fn deeply_nested_json_and_huge_numbers_are_refused() {
        for bytes in [
            "[".repeat(100_000),
            "{\"kind\":1e400}".to_owned(),
            format!("{{\"date\":{}}}", "9".repeat(5000)),
        ] {
            assert!(Metadata::parse(bytes.as_bytes()).is_err());
        }
    }

    #[test]
    fn the_first_words_stand_for_a_missing_title() {
        let mut metadata = metadata();
        assert_eq!(subject(&metadata, "x\n"), "correction: Export controls");
        let order = ["fr", "en-GB"].map(|tag| tag.parse().unwrap());
        metadata
            .titles
            .insert("zh".parse().unwrap(), "出口管制".to_owned());
        assert_eq!(headline(&metadata, &order, "x\n"), "Export controls");
        metadata.titles.clear();
        assert_eq!(subject(&metadata, "Short.\n"), "correction: Short.");
        let long = "The chief executive of Anthropic said selling chips\n";
        assert_eq!(
            headline(&metadata, &[], long),
            "The chief executive of Anthropic said…"
        );
        assert_eq!(first_words(&"中".repeat(50)), format!("{}…", "中".repeat(40)));
    }

    #[test]
    fn the_second_hash_is_over_paths_lengths_and_bytes() {
        let files = BTreeMap::from([("b".to_owned(), b"x".to_vec()), ("a".to_owned(), b"".to_vec())]);
        let by_hand: [u8; 32] = Sha256::digest(b"a\x000\x00b\x001\x00x").into();
        assert_eq!(
            content_sha256(&files),
            by_hand.map(|b| format!("{b:02x}")).concat()
        );
    }

    proptest! {
        #[test]
        fn first_words_are_so_many_graphemes(text in "[ab 中é\u{301}\u{200d}👩🇨🇳。\t]{30,60}") {
            use unicode_segmentation::UnicodeSegmentation;
            let line = text.trim().replace('\t', " ");
            let words: Vec<&str> = line.graphemes(true).collect();
            let expected = words.get(..FIRST_WORDS).map(<[_]>::concat).filter(|_| words.len() > FIRST_WORDS);
            let found = first_words(&text);
            match (expected, found.strip_suffix('…')) {
                (Some(expected), Some(found)) => prop_assert!(expected.starts_with(found)),
                (expected, _) => prop_assert_eq!(expected.unwrap_or(line), found),
            }
        }

        #[test]
        fn any_metadata_that_pass_the_check_read_back(
            title in "[^\\p{C}]{1,20}", tag in ".{1,10}", seconds in 86_400..=4_000_000_000_i64, minutes in -840..=840
        ) {
            let mut metadata = metadata();
            metadata.date = RevisionDate::from_seconds(seconds, UtcOffset::from_minutes(minutes).unwrap()).unwrap();
            metadata.titles.insert("zh".parse().unwrap(), title);
            metadata.tags.push(tag);
            if metadata.check().is_ok() {
                prop_assert_eq!(Metadata::parse(&metadata.encode()).unwrap(), metadata);
            }
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Metadata::parse(&bytes);
        }
    }
}
