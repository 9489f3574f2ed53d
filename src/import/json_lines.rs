//! Pages as JSON Lines: one document a line, for what comes out of a content management system. The form is fixed
//! in `JSON.md`.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor};

use crate::add::Wishes;
use crate::draft::Form;
use crate::language::{Language, Tagged};

use super::Text;

/// The most bytes of a line: 128 MiB, the longest article with every character escaped and some room.
pub const LONGEST_LINE: usize = 128 << 20;

/// Why a line is no page.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Not JSON of this form.
    #[error("the line is not what JSON.md asks for")]
    Json(#[from] serde_json::Error),
    /// Neither the page nor its sources, or both.
    #[error("the line has not exactly one of `page` and `sources`")]
    Text,
    /// A value cannot be read.
    #[error("{key} {value:?} is none: {why}")]
    Value {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// Why.
        why: String,
    },
    /// A list, as programs write one that have no lines.
    #[error("a list is no page: import reads one object a line, without commas between (JSON Lines)")]
    List,
    /// `sources` names no language.
    #[error("`sources` has no source; it needs one for each language")]
    NoSources,
    /// `languages` and `sources` do not name the same languages.
    #[error("`languages` and `sources` do not name the same languages")]
    Languages,
    /// The line is longer than [`LONGEST_LINE`].
    #[error("the line is longer than {LONGEST_LINE} bytes (128 MiB)")]
    TooLong,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: Option<String>,
    page: Option<String>,
    form: Option<String>,
    sources: Option<InOrder>,
    languages: Option<Vec<String>>,
    date: Option<String>,
    title: Option<Title>,
    slug: Option<String>,
    authors: Option<Vec<String>>,
    tags: Option<Vec<String>>,
    source_url: Option<String>,
    note: Option<String>,
    kind: Option<String>,
    article: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Title {
    Plain(String),
    PerLanguage(InOrder),
}

impl Title {
    fn titles(self) -> Result<Vec<Tagged>, LineError> {
        let InOrder(pairs) = match self {
            Self::Plain(title) => return Ok(vec![Tagged::plain(&title)]),
            Self::PerLanguage(pairs) => pairs,
        };
        let mut titles: Vec<Tagged> = Vec::with_capacity(pairs.len());
        for (tag, text) in pairs {
            let language = Some(parse("title", &tag)?);
            if titles.iter().any(|title| title.language == language) {
                return Err(LineError::Value {
                    key: "title",
                    value: tag,
                    why: "the language is named twice".to_owned(),
                });
            }
            titles.push(Tagged { language, text });
        }
        Ok(titles)
    }
}

/// Texts by language, in the order in which they are written.
struct InOrder(Vec<(String, String)>);

impl<'de> Deserialize<'de> for InOrder {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = InOrder;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object from language to text")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<InOrder, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(InOrder(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// What a line says.
#[derive(Debug)]
pub struct Read {
    /// What the page is called in messages, where the line says so.
    pub name: Option<String>,
    /// The text.
    pub text: Text,
    /// What it says about itself.
    pub wishes: Wishes,
}

/// Reads a line. What it does not say is as `defaults` has it.
///
/// # Errors
/// [`LineError`].
pub fn read(line: &str, defaults: &Wishes) -> Result<Read, LineError> {
    if line.trim_start().starts_with('[') {
        return Err(LineError::List);
    }
    let line: Line = serde_json::from_str(line)?;
    let mut languages = parse_all("language", &line.languages.unwrap_or_default())?;
    let text = match (line.page, line.sources) {
        (Some(page), None) => {
            let form = match line.form {
                None => Form::sniff(page.as_bytes()),
                Some(name) => form(&name)?,
            };
            Text::Page {
                bytes: page.into_bytes(),
                form,
            }
        }
        (None, Some(sources)) if line.form.is_none() => {
            let sources = in_page_order(sources, &languages)?;
            languages = Vec::new();
            Text::Sources(sources)
        }
        _ => return Err(LineError::Text),
    };
    let titles = line.title.map(Title::titles).transpose()?;
    // An article always has an author: an empty list says nothing.
    let authors = line.authors.filter(|authors| !authors.is_empty());
    let kind = line.kind.as_deref().map(|kind| parse("kind", kind)).transpose()?;
    let article = line
        .article
        .as_deref()
        .map(|id| parse("article", id))
        .transpose()?;
    let wishes = Wishes {
        date: line.date.or_else(|| defaults.date.clone()),
        titles: titles.or_else(|| defaults.titles.clone()),
        slug: line.slug,
        languages: if languages.is_empty() {
            defaults.languages.clone()
        } else {
            languages
        },
        authors: authors.unwrap_or_else(|| defaults.authors.clone()),
        tags: line.tags.or_else(|| defaults.tags.clone()),
        source_url: line.source_url,
        note: line.note.or_else(|| defaults.note.clone()),
        kind: kind.or(defaults.kind),
        article,
        source_commit: None,
        version: defaults.version,
        drafts: defaults.drafts,
        previous: None,
        expected: None,
    };
    Ok(Read {
        name: line.name,
        text,
        wishes,
    })
}

fn in_page_order(sources: InOrder, languages: &[Language]) -> Result<Vec<(Language, String)>, LineError> {
    let mut sources = sources
        .0
        .into_iter()
        .map(|(tag, source)| Ok((parse("language", &tag)?, source)))
        .collect::<Result<Vec<(Language, String)>, LineError>>()?;
    if sources.is_empty() {
        return Err(LineError::NoSources);
    }
    if !languages.is_empty() {
        let place = |language: &Language| languages.iter().position(|known| known == language);
        if sources.len() != languages.len() || sources.iter().any(|(tag, _)| place(tag).is_none()) {
            return Err(LineError::Languages);
        }
        sources.sort_by_key(|(language, _)| place(language));
    }
    Ok(sources)
}

fn form(name: &str) -> Result<Form, LineError> {
    match name {
        "text" => Ok(Form::Text),
        "markdown" => Ok(Form::Markdown),
        "html" => Ok(Form::Html),
        _ => Err(LineError::Value {
            key: "form",
            value: name.to_owned(),
            why: "forms are text, markdown and html".to_owned(),
        }),
    }
}

fn parse_all<T: std::str::FromStr<Err: fmt::Display>>(
    key: &'static str,
    values: &[String],
) -> Result<Vec<T>, LineError> {
    values.iter().map(|value| parse(key, value)).collect()
}

fn parse<T: std::str::FromStr<Err: fmt::Display>>(key: &'static str, value: &str) -> Result<T, LineError> {
    value.parse().map_err(|why: T::Err| LineError::Value {
        key,
        value: value.to_owned(),
        why: why.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::article::Kind;

    fn said(line: &str) -> String {
        let error = read(line, &Wishes::default()).unwrap_err();
        match std::error::Error::source(&error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        }
    }

    #[test]
    fn a_line_says_of_a_page_what_options_and_front_matter_say() {
        let line = r#"{"name": "cms 17", "sources": {"zh": "一", "en": "one"}, "date": "2026-01-22", "title": {"zh": "题"},
            "authors": ["林晓"], "tags": ["芯片"], "kind": "correction", "note": "Mended.", "article": "2026/01/20/chips"}"#;
        let read = read(line, &Wishes::default()).unwrap();
        assert_eq!(read.name.as_deref(), Some("cms 17"));
        let Text::Sources(sources) = read.text else {
            panic!("sources were given")
        };
        assert_eq!(sources[0], ("zh".parse().unwrap(), "一".to_owned()));
        assert_eq!(read.wishes.titles.unwrap(), [Tagged::read("zh=题")]);
        assert_eq!(read.wishes.kind, Some(Kind::Correction));
        assert_eq!(read.wishes.article.unwrap().to_string(), "2026/01/20/chips");
        let read = super::read(r#"{"page": "x", "title": "pi=3"}"#, &Wishes::default()).unwrap();
        assert_eq!(
            read.wishes.titles.unwrap(),
            [Tagged::plain("pi=3")],
            "a text is a title as it stands"
        );
    }

    #[test]
    fn languages_give_the_order_of_sources() {
        let read = |languages: &str| {
            let line = format!(r#"{{"sources": {{"en": "one", "zh": "一"}}, "languages": {languages}}}"#);
            read(&line, &Wishes::default())
        };
        let Text::Sources(sources) = read(r#"["zh", "en"]"#).unwrap().text else {
            panic!("sources were given")
        };
        assert_eq!(sources[0].1, "一");
        assert!(matches!(read(r#"["zh"]"#), Err(LineError::Languages)));
        assert!(matches!(read(r#"["zh", "fr"]"#), Err(LineError::Languages)));
    }

    #[test]
    fn what_a_line_does_not_say_is_as_the_options_say() {
        let defaults = Wishes {
            authors: vec!["Desk".to_owned()],
            ..Wishes::default()
        };
        let authors = |line| read(line, &defaults).unwrap().wishes.authors;
        assert_eq!(authors(r#"{"page": "x"}"#), ["Desk"]);
        assert_eq!(authors(r#"{"page": "x", "authors": ["Ada"]}"#), ["Ada"]);
        let defaults = Wishes {
            languages: vec!["zh".parse().unwrap()],
            ..Wishes::default()
        };
        let languages = |line| crate::language::list(&read(line, &defaults).unwrap().wishes.languages);
        assert_eq!(languages(r#"{"page": "x"}"#), "zh");
        assert_eq!(languages(r#"{"page": "x", "languages": ["en", "fr"]}"#), "en, fr");
    }

    #[test]
    fn a_null_says_nothing_in_any_member() {
        let defaults = Wishes {
            date: Some("2026-01-22".to_owned()),
            tags: Some(vec!["city".to_owned()]),
            ..Wishes::default()
        };
        let members = [
            "name",
            "form",
            "sources",
            "languages",
            "date",
            "title",
            "slug",
            "authors",
            "tags",
            "source_url",
            "note",
            "kind",
            "article",
        ];
        let nulls: Vec<String> = members
            .iter()
            .map(|member| format!(r#""{member}": null"#))
            .collect();
        let said = read(&format!(r#"{{"page": "x", {}}}"#, nulls.join(", ")), &defaults).unwrap();
        let not_said = read(r#"{"page": "x"}"#, &defaults).unwrap();
        assert_eq!(format!("{said:?}"), format!("{not_said:?}"));
        assert_eq!(said.wishes.tags.unwrap(), ["city"]);
        let none = read(r#"{"page": "x", "tags": [], "title": {}}"#, &defaults)
            .unwrap()
            .wishes;
        assert_eq!((none.tags, none.titles), (Some(vec![]), Some(vec![])));
    }

    #[test]
    fn lines_of_another_form_are_refused_with_what_is_wrong() {
        assert!(said("{}").contains("exactly one of `page` and `sources`"));
        assert!(said(r#"{"page": "x", "sources": {"en": "x"}}"#).contains("exactly one"));
        assert!(said(r#"{"sources": {"en": "x"}, "form": "text"}"#).contains("exactly one"));
        assert!(said(r#"{"sources": {}}"#).contains("`sources` has no source"));
        assert!(said(r#"{"page": "x", "titel": "y"}"#).contains("unknown field `titel`"));
        assert!(said(r#"{"page": "x", "page": "y"}"#).contains("duplicate field"));
        assert!(said(r#"{"page": 7}"#).contains("expected a string"));
        assert!(said(r#"{"page": "x", "form": "docx"}"#).contains("forms are text, markdown and html"));
        assert!(said(r#"{"page": "x", "kind": "fix"}"#).contains("no kind of revision"));
        assert!(said(r#"{"page": "x", "languages": ["!"]}"#).contains("language"));
        assert!(said(r#"{"page": "x", "title": {"en": "a", "EN": "b"}}"#).contains("named twice"));
        assert!(said(r#"{"page": "x", "title": {"en": "a", "en": "a"}}"#).contains("named twice"));
        assert!(said(r#"{"page": "x", "title": {"!": "a"}}"#).contains("no language tag"));
        assert!(said(r#"[{"page": "x"}]"#).contains("one object a line"));
        let nested = format!("{{\"page\": {}", "[".repeat(100_000));
        assert!(said(&nested).contains("line 1"));
    }

    proptest! {
        #[test]
        fn no_line_makes_the_reader_panic(line in "\\PC{0,60}", value in "\\PC{0,20}") {
            let _ = read(&line, &Wishes::default());
            let line = serde_json::json!({"page": value, "title": value, "kind": value, "date": value}).to_string();
            let _ = read(&line, &Wishes::default());
        }
    }
}
