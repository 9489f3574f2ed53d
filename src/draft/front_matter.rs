//! Front matter: what a Markdown page says about itself between two lines of `---` (YAML) or `+++` (TOML), or in an
//! object of JSON that it begins with.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{Deserialize as _, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{DraftError, Notice, NoticeKind};
use crate::canonical::{first_unprintable, name_of_character};
use crate::date::DateError;

/// The most bytes of front matter: 64 KiB.
pub const LONGEST: usize = 64 << 10;

/// The most keys at its top.
pub const MOST_KEYS: usize = 64;

/// What a page says about itself; what it does not say is absent or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrontMatter {
    /// The title.
    pub title: Titles,
    /// The date as it is written, but that one with the year first has the hyphens and the zeros of RFC 3339.
    pub date: Option<String>,
    /// The line of the page on which the date stands, from 1, where front matter has it.
    pub date_line: Option<usize>,
    /// The slug.
    pub slug: Option<String>,
    /// The languages, in page order.
    pub languages: Vec<String>,
    /// The byline.
    pub authors: Vec<String>,
    /// Where the text was taken from.
    pub source_url: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// What the revision is.
    pub kind: Option<String>,
    /// Why the revision is made.
    pub note: Option<String>,
    /// The article that gets a new revision.
    pub article: Option<String>,
    /// When an HTML page says that it was last changed, each as it is written.
    pub modified: Vec<String>,
    /// Whether it is a draft, which generators of pages leave out: `draft: true`, or `published: false`.
    pub is_draft: bool,
}

/// A title for any language, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Titles {
    /// The title whose language is not said.
    pub plain: Option<String>,
    /// Titles by language tag.
    pub per_language: BTreeMap<String, String>,
}

/// Why front matter cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FrontMatterError {
    /// The line that ends it is missing.
    #[error("the front matter is not ended by a line of {0}")]
    Open(&'static str),
    /// More than [`LONGEST`] bytes or [`MOST_KEYS`] keys.
    #[error("the front matter has more than {LONGEST} bytes or {MOST_KEYS} keys")]
    TooLong,
    /// Not YAML.
    #[error("the front matter is not valid YAML: {0}")]
    Yaml(String),
    /// Not TOML.
    #[error("the front matter is not valid TOML: {0}")]
    Toml(String),
    /// Not JSON.
    #[error("the front matter is not valid JSON: {0}")]
    Json(String),
    /// Not keys and values.
    #[error("the front matter is not a list of keys and values")]
    NoKeys,
    /// Two keys say the same thing.
    #[error("the front matter has both {0} and {1}, which mean the same; keep one of them")]
    Twice(String, String),
    /// A value has another type than its key asks for.
    #[error("the front matter's {key} must be {expected}")]
    Type {
        /// The key.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// An item of a list is no text.
    #[error("the front matter's {key} must be a text or a list of texts; {item} is none")]
    Item {
        /// The key.
        key: String,
        /// The item.
        item: String,
    },
    /// A person has no name.
    #[error(
        "the front matter's {key} must be a name, or a list of names or of what has a `name`; {item} is none"
    )]
    Person {
        /// The key.
        key: String,
        /// What should be a person.
        item: String,
    },
    /// The date is none.
    #[error(transparent)]
    Date(#[from] DateError),
    /// A value holds what one line cannot.
    #[error("the front matter's {key} holds {}; it must be one line of visible characters", name_of_character(*character))]
    Character {
        /// The key.
        key: String,
        /// The character.
        character: char,
    },
}

/// Front matter cut from its page.
#[derive(Debug)]
pub struct Found<'a> {
    syntax: Syntax,
    text: &'a str,
    /// What follows it.
    pub body: &'a str,
    /// Its lines, the two marks included where it has such.
    pub lines: usize,
}

#[derive(Debug, Clone, Copy)]
enum Syntax {
    Yaml,
    Toml,
    Json,
}

/// Cuts the front matter off a page; `None` where it has none.
///
/// # Errors
/// [`FrontMatterError::Open`] or [`FrontMatterError::TooLong`], at its first line; [`FrontMatterError::Json`], where it ends to be JSON.
pub fn split(page: &str) -> Result<Option<Found<'_>>, DraftError> {
    let (syntax, mark) = match page.split('\n').next().map(str::trim_end) {
        Some("---") => (Syntax::Yaml, "---"),
        Some("+++") => (Syntax::Toml, "+++"),
        Some(line) if line.starts_with('{') => return json(page),
        _ => return Ok(None),
    };
    let start = page.find('\n').map_or(page.len(), |lf| lf + 1);
    let mut at = start;
    for (number, line) in page[start..].split_inclusive('\n').enumerate() {
        if line.trim_end() == mark {
            if at - start > LONGEST {
                return Err(DraftError::at(1, FrontMatterError::TooLong));
            }
            let body = &page[at + line.len()..];
            return Ok(Some(Found {
                syntax,
                text: &page[start..at],
                body,
                lines: number + 2,
            }));
        }
        at += line.len();
    }
    Err(DraftError::at(1, FrontMatterError::Open(mark)))
}

/// Cuts off an object of JSON that a page begins with, on lines of its own, and that says what front matter says.
fn json(page: &str) -> Result<Option<Found<'_>>, DraftError> {
    let mut values = serde_json::Deserializer::from_str(page).into_iter::<serde_json::Map<String, Value>>();
    let map = match values.next() {
        Some(Ok(map)) => map,
        Some(Err(error)) if is_meant_as_json(page) => {
            let message = error.to_string();
            let said = message.split(" at line ").next().unwrap_or_default();
            return Err(DraftError::at(
                error.line(),
                FrontMatterError::Json(said.to_owned()),
            ));
        }
        _ => return Ok(None),
    };
    let end = values.byte_offset();
    let body = page[end..].find('\n').map_or(page.len(), |lf| end + lf + 1);
    let is_alone = page[end..body].trim().is_empty();
    if !is_alone || !["title", "date"].iter().any(|key| map.contains_key(*key)) {
        return Ok(None);
    }
    if end > LONGEST {
        return Err(DraftError::at(1, FrontMatterError::TooLong));
    }
    Ok(Some(Found {
        syntax: Syntax::Json,
        text: &page[..end],
        body: &page[body..],
        lines: page[..body].lines().count(),
    }))
}

/// Tells whether the first paragraph of a page that begins with a brace has a title or a date as objects have their members, with
/// whatever marks of quotation, so that its text was meant to begin below.
fn is_meant_as_json(page: &str) -> bool {
    let is_mark = |c: char| "\"'“”".contains(c);
    let is_known = |member: &str| {
        let member = member.trim_start().trim_start_matches(is_mark);
        let rest = ["title", "date"].iter().find_map(|key| member.strip_prefix(key));
        rest.is_some_and(|rest| rest.trim_start_matches(is_mark).trim_start().starts_with(':'))
    };
    let begin = page.strip_prefix('{').unwrap_or(page).trim_start();
    let mut lines = page.lines().take_while(|line| !line.trim().is_empty());
    begin.starts_with(|c: char| is_mark(c) || c.is_alphabetic())
        && lines.any(|line| line.split(['{', ',']).any(is_known))
}

/// Reads front matter.
///
/// # Errors
/// [`FrontMatterError`] with the line, where it is known.
pub fn read(found: &Found<'_>) -> Result<(FrontMatter, Vec<Notice>), DraftError> {
    let value = match found.syntax {
        Syntax::Yaml => yaml(found.text)?,
        Syntax::Toml => toml(found.text)?,
        Syntax::Json => serde_json::from_str(found.text).expect("it was cut off as an object of JSON"),
    };
    let Value::Object(map) = value else {
        // Nothing between the marks is no front matter, not a wrong one.
        let none = value.is_null();
        return if none {
            Ok(Default::default())
        } else {
            Err(DraftError::at(2, FrontMatterError::NoKeys))
        };
    };
    if map.len() > MOST_KEYS {
        return Err(DraftError::at(1, FrontMatterError::TooLong));
    }
    let mut front = FrontMatter::default();
    let mut notices = Vec::new();
    let mut said: HashMap<String, String> = HashMap::new();
    for (key, value) in map.iter().chain(of_site(&map)) {
        let line = line_of_key(found, key);
        let fail = |error| DraftError::at(line, error);
        for (meaning, name) in meanings(key, value) {
            if let Some(other) = said.insert(meaning, name.clone()) {
                return Err(fail(FrontMatterError::Twice(other, name)));
            }
        }
        let one = || line_value(key, value).map_err(fail);
        let many = || list_value(key, value).map_err(fail);
        match key.as_str() {
            "title" => match value {
                Value::Object(titles) => {
                    for (tag, title) in titles {
                        let title = line_value(&format!("title.{tag}"), title).map_err(fail)?;
                        front
                            .title
                            .per_language
                            .extend(title.map(|title| (tag.clone(), title)));
                    }
                }
                _ => front.title.plain = one()?,
            },
            "date" => {
                front.date = one()?.map(|date| with_hyphens(&date).unwrap_or(date));
                front.date_line = (line > 0).then_some(line);
            }
            "slug" => front.slug = one()?,
            "lang" | "language" | "languages" => front.languages = many()?,
            "author" | "authors" => front.authors = people(key, value).map_err(fail)?,
            "params"
                if value
                    .as_object()
                    .is_some_and(|all| all.len() == of_site(&map).count()) => {}
            "source" | "source_url" | "source-url" => front.source_url = one()?,
            "tags" => front.tags = many()?,
            "kind" => front.kind = one()?,
            "note" => front.note = one()?,
            "article" => front.article = one()?,
            "draft" | "published" if truth(value).is_some() => {
                front.is_draft |= truth(value) == Some(key == "draft");
            }
            _ => match key.strip_prefix("title_").or_else(|| key.strip_prefix("title-")) {
                Some(tag) => front
                    .title
                    .per_language
                    .extend(one()?.map(|title| (tag.to_owned(), title))),
                None => notices.push(Notice {
                    line,
                    what: NoticeKind::UnknownKey(key.chars().take(80).collect()),
                }),
            },
        }
    }
    Ok((front, notices))
}

/// Lists the texts that front matter has under each of its keys, whatever they are used for; none of what cannot be read.
#[must_use]
pub fn texts(found: &Found<'_>) -> Vec<(String, Vec<String>)> {
    let value = match found.syntax {
        Syntax::Yaml => yaml(found.text).ok(),
        Syntax::Toml => toml(found.text).ok(),
        Syntax::Json => serde_json::from_str(found.text).ok(),
    };
    let Some(Value::Object(map)) = value else {
        return Vec::new();
    };
    let texts = |value: &Value| -> Vec<String> {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        let texts = values.iter().filter_map(Value::as_str);
        texts
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    };
    map.iter()
        .map(|(key, value)| (key.to_ascii_lowercase(), texts(value)))
        .collect()
}

/// Returns what a key says something about, each with the name that it has here; nothing where its value is empty.
fn meanings(key: &str, value: &Value) -> Vec<(String, String)> {
    let is_empty = match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    };
    if is_empty {
        return Vec::new();
    }
    let of_title = |tag: &str| format!("title_{}", tag.to_ascii_lowercase());
    let one = |meaning: String| vec![(meaning, key.to_owned())];
    match (key, value) {
        ("title", Value::Object(titles)) => titles
            .keys()
            .map(|tag| (of_title(tag), format!("title.{tag}")))
            .collect(),
        ("author" | "authors", _) => one("authors".to_owned()),
        ("lang" | "language" | "languages", _) => one("languages".to_owned()),
        ("source" | "source_url" | "source-url", _) => one("source".to_owned()),
        _ => match key.strip_prefix("title_").or_else(|| key.strip_prefix("title-")) {
            Some(tag) => one(of_title(tag)),
            None => Vec::new(),
        },
    }
}

fn yaml(text: &str) -> Result<Value, DraftError> {
    // As in YAML 1.2: `y`, `no` and `on` are texts.
    let options = serde_saphyr::options! { strict_booleans: true };
    let read = serde_saphyr::from_str_with_options(text, options.clone()).and_then(|value: Value| {
        if holds_number(&value) {
            serde_saphyr::with_deserializer_from_str_with_options(text, options, |reader| {
                AsWritten(&value).deserialize(reader)
            })
        } else {
            Ok(value)
        }
    });
    read.map_err(|error| {
        let line = error
            .location()
            .map_or(1, |location| usize::try_from(location.line()).unwrap_or(0) + 1);
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default().to_owned();
        DraftError::at(line, FrontMatterError::Yaml(first))
    })
}

fn holds_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(values) => values.iter().any(holds_number),
        Value::Object(values) => values.values().any(holds_number),
        _ => false,
    }
}

/// Reads a value again, with texts for its numbers, as they are written: a title of `1.10` is not 1.1.
struct AsWritten<'a>(&'a Value);

impl<'de> DeserializeSeed<'de> for AsWritten<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        match self.0 {
            Value::Number(_) => String::deserialize(reader).map(Value::String),
            Value::Array(_) => reader.deserialize_seq(self),
            Value::Object(_) => reader.deserialize_map(self),
            known => IgnoredAny::deserialize(reader).map(|_| known.clone()),
        }
    }
}

impl<'de> Visitor<'de> for AsWritten<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what was read before")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        let known = |at: usize| AsWritten(self.0.get(at).unwrap_or(&Value::Null));
        while let Some(value) = values.next_element_seed(known(read.len()))? {
            read.push(value);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut read = serde_json::Map::new();
        while let Some(key) = values.next_key::<String>()? {
            let known = AsWritten(self.0.get(&key).unwrap_or(&Value::Null));
            let value = values.next_value_seed(known)?;
            read.insert(key, value);
        }
        Ok(Value::Object(read))
    }
}

fn toml(text: &str) -> Result<Value, DraftError> {
    let table: toml::Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 2
        });
        DraftError::at(line, FrontMatterError::Toml(error.message().to_owned()))
    })?;
    Ok(json_of_toml(toml::Value::Table(table)))
}

/// Depth is bounded by the TOML parser.
fn json_of_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Boolean(truth) => Value::Bool(truth),
        toml::Value::Array(values) => Value::Array(values.into_iter().map(json_of_toml).collect()),
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, value)| (key, json_of_toml(value)))
                .collect(),
        ),
        number @ (toml::Value::Integer(_) | toml::Value::Float(_)) => Value::String(number.to_string()),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
    }
}

fn line_value(key: &str, value: &Value) -> Result<Option<String>, FrontMatterError> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => {
            return Err(FrontMatterError::Type {
                key: key.to_owned(),
                expected: "a text",
            });
        }
    };
    match first_unprintable(&text) {
        Some((_, character)) => Err(FrontMatterError::Character {
            key: key.to_owned(),
            character,
        }),
        None => Ok((!text.is_empty()).then_some(text)),
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn list_value(key: &str, value: &Value) -> Result<Vec<String>, FrontMatterError> {
    match value {
        Value::Array(values) => {
            let item = |value: &Value| match value {
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(FrontMatterError::Item {
                    key: key.to_owned(),
                    item: value.to_string().chars().take(80).collect(),
                }),
                text => line_value(key, text),
            };
            let items: Result<Vec<_>, _> = values.iter().map(item).collect();
            Ok(items?.into_iter().flatten().collect())
        }
        Value::Object(_) | Value::Bool(_) => Err(FrontMatterError::Type {
            key: key.to_owned(),
            expected: "a text or a list of texts",
        }),
        text => {
            let text = line_value(key, text)?.unwrap_or_default();
            Ok(text
                .split([',', '，', '、', ';', '；'])
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect())
        }
    }
}

/// Lists the authors that Hugo has among the parameters of a page.
fn of_site(map: &serde_json::Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let parameters = map.get("params").and_then(Value::as_object);
    let parameters = parameters.into_iter().flatten();
    parameters.filter(|(key, _)| ["author", "authors"].contains(&key.as_str()))
}

/// Reads the names of one person or several. A comma may stand within a name, so that a text is one of them.
fn people(key: &str, value: &Value) -> Result<Vec<String>, FrontMatterError> {
    let all = match value {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    let name = |person: &Value| match person {
        Value::Bool(_) | Value::Array(_) => None,
        Value::Object(said) => said.get("name").filter(|name| name.is_string()).cloned(),
        name => Some(name.clone()),
    };
    let names = all.into_iter().map(|person| match name(person) {
        Some(name) => line_value(key, &name),
        None => Err(FrontMatterError::Person {
            key: key.to_owned(),
            item: person.to_string().chars().take(80).collect(),
        }),
    });
    let names: Result<Vec<_>, _> = names.collect();
    Ok(names?.into_iter().flatten().collect())
}

/// Returns a date that has the year first, as `2013/7/13 9:46:25` of Hexo, with the hyphens and the zeros of RFC 3339.
fn with_hyphens(date: &str) -> Option<String> {
    let (day, clock) = date.split_at(date.find([' ', 'T', 't']).unwrap_or(date.len()));
    let mark = day
        .chars()
        .find(|c| !c.is_ascii_digit())
        .filter(|mark| "-/".contains(*mark))?;
    let parts: Vec<&str> = day.split(mark).collect();
    let [year, month, day] = parts[..] else {
        return None;
    };
    let is_of = |digits: &str, most: usize| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_date = year.len() == 4 && is_of(year, 4) && is_of(month, 2) && is_of(day, 2);
    let zero = if clock.find(':') == Some(2) { "0" } else { "" };
    let (blank, clock) = clock.split_at(clock.len().min(1));
    is_date.then(|| format!("{year}-{month:0>2}-{day:0>2}{blank}{zero}{clock}"))
}

/// Finds the line of the page on which a key stands; 0 where it stands in another form.
fn line_of_key(found: &Found<'_>, key: &str) -> usize {
    let is_key = |line: &str| {
        let rest = line
            .trim_start()
            .trim_start_matches(['"', '\''])
            .strip_prefix(key);
        rest.is_some_and(|rest| {
            rest.trim_start_matches(['"', '\''])
                .trim_start()
                .starts_with([':', '='])
        })
    };
    let above = match found.syntax {
        Syntax::Yaml | Syntax::Toml => 2,
        Syntax::Json => 1,
    };
    found.text.lines().position(is_key).map_or(0, |at| at + above)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(page: &str) -> DraftError {
        match split(page) {
            Err(error) => error,
            Ok(found) => read(&found.expect("the page has front matter")).expect_err(page),
        }
    }

    #[test]
    fn an_object_of_json_on_lines_of_its_own_is_front_matter() {
        for page in [
            "{\n  \"title\": \"Json\",\n  \"date\": \"2025-03-04\"\n}\n\nText.\n",
            "{\"title\": \"Json\", \"date\": \"2025-03-04\"}\n\nText.\n",
        ] {
            let found = split(page).unwrap().expect(page);
            assert_eq!(found.body, "\nText.\n");
            assert_eq!(found.lines + 2, page.lines().count());
            let (front, notices) = read(&found).unwrap();
            assert_eq!(
                (front.title.plain.as_deref(), front.date.as_deref()),
                (Some("Json"), Some("2025-03-04"))
            );
            assert_eq!(notices, []);
        }
        assert_eq!(error("{\n\"title\": [1]}\n").line, Some(2));
        for (page, line) in [
            (
                "{\n  \"title\": \"Json\",\n  \"date\": \"2025-03-04\",\n}\n\nText.\n",
                4,
            ),
            ("{\n  \"slug\": \"a\"\n  \"title\": \"Json\"\n}\n\nText.\n", 3),
            ("{ \"title\": \"Json\n\nText.\n", 2),
            ("{ “title”: “Json” }\n\nText.\n", 1),
            ("{title: 'Json'}\n\nText.\n", 1),
        ] {
            let refused = error(page);
            let said = refused.to_string();
            assert!(said.starts_with("the front matter is not valid JSON: "), "{said}");
            assert!(!said.contains(" line "), "{said}");
            assert_eq!(refused.line, Some(line), "{page}");
        }
        for text in [
            "{\"title\": 1} is no text.\n",
            "{\"a\": 1}\n",
            "{\n",
            "{{< figure >}}\n",
            "{{< figure title: >}}\n",
            "{{< figure >}}\ndate: a\n",
            "{% figure %}\ndate: a\n",
            "{: title=\"a\"}\n",
            "{\"a\": [\n\ntitle: b\n",
        ] {
            assert!(split(text).unwrap().is_none(), "{text}");
        }
    }

    #[test]
    fn wrong_values_are_named_with_their_line() {
        assert_eq!(error("---\nslug: a\ntitle: [a]\n---\n").line, Some(3));
        assert_eq!(error("---\ntitle: \"a\\nb\"\n---\n").line, Some(2));
        assert_eq!(
            error("+++\nslug = 'a'\ntitle = \"a\\u202eb\"\n+++\n").line,
            Some(3)
        );
        assert_eq!(error("---\n- a\n---\n").line, Some(2));
        assert_eq!(error("+++\na = 1\nb = = 2\n+++\n").line, Some(3));
        assert!(matches!(
            error("---\na: [\n---\n").kind,
            super::super::DraftErrorKind::FrontMatter(FrontMatterError::Yaml(_))
        ));
        assert_eq!(error("+++\na = 1\n---\n").line, Some(1));
    }

    #[test]
    fn bombs_doubled_keys_and_endless_nesting_are_refused_at_once() {
        let bomb: String = (1..20).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
            format!("{text}a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1)
        });
        let keys = |count: usize| {
            (0..count)
                .map(|n| format!("k{n}: 1\n"))
                .collect::<Vec<_>>()
                .concat()
        };
        for text in [
            bomb,
            keys(MOST_KEYS + 1),
            "a: 1\na: 2\n".to_owned(),
            format!("a: {}\n", "[".repeat(10_000)),
            "x".repeat(LONGEST + 1),
        ] {
            error(&format!("---\n{text}---\n"));
        }
        for text in [
            "a = 1\na = 2\n".to_owned(),
            format!("a = {}\n", "[".repeat(10_000)),
        ] {
            error(&format!("+++\n{text}+++\n"));
        }
        error(&format!("---\n{}---\n", keys(1_000_000)));
    }

    #[test]
    fn what_looks_like_a_number_is_kept_as_it_is_written() {
        let read = |page: &str| read(&split(page).unwrap().unwrap()).unwrap().0;
        for written in [
            "1.10",
            "007",
            "1e3",
            "2026",
            "0x10",
            "-0",
            "1.0",
            "12345678901234567890123",
        ] {
            let front = read(&format!(
                "---\ntitle: {written}\nauthor: &a {written}\nslug: *a\ntags: [{written}, x, '{written}']\n---\n"
            ));
            assert_eq!(front.title.plain.as_deref(), Some(written));
            assert_eq!(front.tags, [written, "x", written]);
            assert_eq!(
                (front.authors.join(""), front.slug.as_deref()),
                (written.to_owned(), Some(written))
            );
        }
        let front = read("---\ntitle:\n  en: 1.10\n  fr: Le pont\nnote: 5.0\n---\n");
        assert_eq!(front.title.per_language["en"], "1.10");
        assert_eq!(front.note.as_deref(), Some("5.0"));
    }

    #[test]
    fn a_word_is_a_text_even_where_older_yaml_takes_it_for_yes_or_no() {
        let read = |page: &str| read(&split(page).unwrap().unwrap()).unwrap().0;
        let front = read("---\ntitle: No\ntags: [y, on, 2026]\nnote: off\n---\n");
        assert_eq!(front.title.plain.as_deref(), Some("No"));
        assert_eq!(front.tags, ["y", "on", "2026"]);
        assert_eq!(front.note.as_deref(), Some("off"));
        let refused = error("---\ntags: [y, False]\n---\n").to_string();
        assert!(refused.contains("false is none"), "{refused}");
    }

    #[test]
    fn two_keys_that_mean_the_same_are_refused_where_both_say_something() {
        for (keys, line) in [
            ("author: a\nauthors: [b]", 3),
            ("source: https://a.example\nsource_url: https://b.example", 3),
            ("lang: zh\nlanguage: en", 3),
            ("title_zh: a\ntitle-ZH: b", 3),
            ("title: {en: a}\ntitle_en: b", 3),
        ] {
            let refused = error(&format!("---\n{keys}\n---\n"));
            assert!(refused.to_string().contains("mean the same"), "{keys}: {refused}");
            assert_eq!(refused.line, Some(line), "{keys}");
        }
        let read = |page: &str| read(&split(page).unwrap().unwrap()).unwrap().0;
        assert_eq!(read("---\nauthor: ''\nauthors: [b]\n---\n").authors, ["b"]);
        let titles = read("---\ntitle: a\ntitle_en: b\n---\n").title;
        assert_eq!(
            (titles.plain.as_deref(), &*titles.per_language["en"]),
            (Some("a"), "b")
        );
    }

    #[test]
    fn a_text_of_tags_is_divided_at_commas_of_every_script() {
        let page = "---\ntags: 新闻，城市、桥; bridge；river, water\n---\n";
        let tags = read(&split(page).unwrap().unwrap()).unwrap().0.tags;
        assert_eq!(tags, ["新闻", "城市", "桥", "bridge", "river", "water"]);
        let refused = error("---\ntags: [a, 2026, true]\n---\n");
        assert!(
            refused.to_string().contains("a list of texts; true is none"),
            "{refused}"
        );
    }

    #[test]
    fn dates_with_the_year_first_are_read_as_generators_write_them() {
        for (written, read_as) in [
            ("2025-03-04", "2025-03-04"),
            ("2025-3-4", "2025-03-04"),
            ("2025/03/04 09:00", "2025-03-04 09:00"),
            ("2013/7/13 20:46:25", "2013-07-13 20:46:25"),
            ("2013/7/13 9:46:25", "2013-07-13 09:46:25"),
            ("2025-03-04 09:00:00 +0800", "2025-03-04 09:00:00 +0800"),
            ("2024-02-02T04:14:54-08:00", "2024-02-02T04:14:54-08:00"),
            ("2016-01-01T06:00:00.000Z", "2016-01-01T06:00:00.000Z"),
        ] {
            let (front, _) = read(
                &split(&format!("---\ntitle: T\ndate: {written}\n---\n"))
                    .unwrap()
                    .unwrap(),
            )
            .unwrap();
            assert_eq!(front.date.as_deref(), Some(read_as));
            assert_eq!(front.date_line, Some(3));
            let date = crate::date::RevisionDate::parse(read_as, crate::date::UtcOffset::UTC);
            assert!(date.is_ok(), "{read_as}");
        }
        // Nobody can tell which of these is the day.
        for written in [
            "3/4/2025",
            "03-04-25",
            "Last Modified",
            "2025-03",
            "2025-003-04",
            "2025/03-04",
        ] {
            let (front, _) = read(&split(&format!("---\ndate: {written}\n---\n")).unwrap().unwrap()).unwrap();
            assert_eq!(front.date.as_deref(), Some(written));
            let date = crate::date::RevisionDate::parse(written, crate::date::UtcOffset::UTC);
            assert!(date.is_err(), "{written}");
        }
    }

    #[test]
    fn a_draft_is_what_generators_of_pages_take_for_one() {
        for (line, is_draft) in [
            ("draft: true", true),
            ("draft: 'true'", true),
            ("published: false", true),
            ("draft: false", false),
            ("published: true", false),
        ] {
            let page = format!("---\n{line}\n---\n");
            let (front, notices) = read(&split(&page).unwrap().unwrap()).unwrap();
            assert_eq!((front.is_draft, notices), (is_draft, vec![]), "{line}");
        }
        let (front, notices) = read(&split("---\npublished: 2026-01-22\n---\n").unwrap().unwrap()).unwrap();
        assert_eq!((front.is_draft, notices.len()), (false, 1));
    }

    #[test]
    fn authors_are_names_or_have_one() {
        let front = |lines: &str| read(&split(&format!("---\n{lines}\n---\n")).unwrap().unwrap()).unwrap();
        for lines in [
            "authors: [{name: 'Li, Si', url: 'https://li.example'}, Zhang San]",
            "authors:\n- name: Li, Si\n  email: li@example.org\n- Zhang San",
            "params:\n  authors: ['Li, Si', {name: Zhang San}]",
        ] {
            assert_eq!(front(lines).0.authors, ["Li, Si", "Zhang San"], "{lines}");
        }
        for lines in [
            "author: Li Si",
            "author: {name: Li Si}",
            "params: {author: Li Si}",
        ] {
            let (front, notices) = front(lines);
            assert_eq!(
                (front.authors, notices),
                (vec!["Li Si".to_owned()], vec![]),
                "{lines}"
            );
        }
        let (toml, _) = read(&split("+++\n[author]\nname = 'Li Si'\n+++\n").unwrap().unwrap()).unwrap();
        assert_eq!(toml.authors, ["Li Si"]);
        for lines in [
            "authors: [{url: x}]",
            "authors: {li: {name: Li Si}}",
            "author: true",
            "author: {name: [a]}",
        ] {
            let refused = error(&format!("---\ntitle: T\n{lines}\n---\n"));
            assert_eq!(refused.line, Some(3), "{lines}");
            assert!(refused.to_string().contains("what has a `name`"), "{refused}");
        }
        let twice = error("---\nauthor: a\nparams: {author: b}\n---\n");
        assert!(twice.to_string().contains("mean the same"), "{twice}");
    }

    #[test]
    fn empty_front_matter_says_nothing() {
        let found = split("---\n---\nbody").unwrap().unwrap();
        assert_eq!(
            (read(&found).unwrap().0, found.body),
            (FrontMatter::default(), "body")
        );
        assert!(split("body\n---\n").unwrap().is_none());
    }
}
