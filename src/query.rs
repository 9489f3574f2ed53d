//! What somebody searches for: the words of a query, whether an article has them and where, and the keys by which the
//! articles are found that may have them.
//!
//! | in a query | what an article must have |
//! | --- | --- |
//! | `桥今天` | these characters in a row, as any part of a text; a single one as well |
//! | `bridge` | the word, whatever its case and its ending ([`stem`]) |
//! | `GPT-4`, `Anthropic公司` | these words and characters, one after the other; what parts them does not matter |
//! | `"opened today"` | the phrase to the letter, but for case and white space, beginning and ending as words do |
//! | `-word`, `-"phrase"` | none of it |
//!
//! Everything that is asked for must be in the text, in one of the titles or among the tags. Characters are folded as
//! [`token`] tells; a phrase is compared in Unicode Normalization Form C. White space parts what is asked for.
//!
//! An article's keys are its tokens in their order: of words the stems, of characters without blanks between them the
//! pairs of neighbours, and the last one of a row by itself. What is in a text is then a row of its keys; the other way
//! round that is not so, and who finds an article by its keys asks [`Query::find`].

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::canonical::{self, Invisible, TextError};
use crate::language::Language;
use crate::words::fnv1a;

use self::stem::Stemming;
use self::token::{Class, Key, Token, each_cased, each_folded, tokens};

pub mod excerpt;
pub mod stem;
pub mod token;

/// Bytes of the longest query.
const LONGEST: usize = 4 << 10;

/// Terms that a query may have.
const MOST_TERMS: usize = 64;

/// Characters of a word that its key has.
const LONGEST_KEY: usize = 64;

/// Tokens of a term that are looked up: what has so many in a row nearly always has the rest.
const MOST_TOKENS: usize = 32;

/// Rows of keys that one term may be; with more, each of its words is looked up by itself.
const MOST_ROWS: usize = 16;

/// Places of one term that are shown in a text.
const MOST_PLACES: usize = 1000;

/// Begins the keys that are none of a text's: a character for private use, which no token has.
const MARK: char = '\u{e000}';

/// Why nothing can be searched for.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// There is no word in it.
    #[error("the query has no letter and no digit to look for")]
    Empty,
    /// It says only what is not wanted.
    #[error("the query says only what an article must not have")]
    OnlyExcluded,
    /// It is too long.
    #[error("the query has {0} bytes, and no more than {LONGEST} are taken")]
    Long(usize),
    /// It has too many words.
    #[error("the query asks for {0} things, and no more than {MOST_TERMS} are taken")]
    Many(usize),
    /// A character that no text has.
    #[error("the query cannot be in a text")]
    Text(#[from] TextError),
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    tokens: Vec<Token>,
    /// The folded characters of a phrase; `None` for words.
    phrase: Option<Vec<char>>,
    is_excluded: bool,
}

/// An article as it is searched.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The languages of its parts, in page order.
    pub languages: &'a [Language],
    /// Its titles, each with its language.
    pub titles: &'a [(Language, String)],
    /// Its tags.
    pub tags: &'a [String],
    /// The text that a reader sees.
    pub text: &'a str,
}

/// What an article is found by: keys parted by blanks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Those of its titles.
    pub titles: String,
    /// Those of its tags.
    pub tags: String,
    /// Those of its text.
    pub text: String,
}

/// Where an article has what was searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The places in each title.
    pub titles: Vec<Vec<Place>>,
    /// The places in the text, by where they begin.
    pub text: Vec<Place>,
}

/// A place where a text has a term of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its bytes.
    pub bytes: Range<usize>,
    /// Which of the terms, from 0.
    pub term: usize,
}

/// Keys that follow one another in what is looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The keys.
    pub keys: Vec<String>,
    /// Whether of the last one only the beginning is known.
    pub is_begun: bool,
}

/// What the keys of an article have that has what is searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookup {
    /// One row at least of each list.
    pub wanted: Vec<Vec<Row>>,
    /// None of these.
    pub unwanted: Vec<Row>,
}

impl Query {
    /// Reads a query as somebody typed it. A phrase that nothing closes goes on to the end.
    ///
    /// # Errors
    /// [`QueryError`] where nothing can be searched for.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > LONGEST {
            return Err(QueryError::Long(text.len()));
        }
        let text = canonical::decode(text.as_bytes(), Invisible::Allow)?;
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (term, after) = Term::read(rest);
            // What parts words is nothing to look for.
            terms.extend(Some(term).filter(|term| !term.tokens.is_empty()));
            rest = after.trim_start();
        }
        if terms.len() > MOST_TERMS {
            return Err(QueryError::Many(terms.len()));
        }
        if terms.is_empty() {
            return Err(QueryError::Empty);
        }
        if terms.iter().all(|term| term.is_excluded) {
            return Err(QueryError::OnlyExcluded);
        }
        Ok(Self { terms })
    }

    /// Finds what is searched for in an article; `None` where it has not all of it, or something that it must not have.
    #[must_use]
    pub fn find(&self, document: &Document<'_>) -> Option<Found> {
        let titles: Vec<Field<'_>> = document
            .titles
            .iter()
            .map(|(language, title)| Field::of(title, std::slice::from_ref(language)))
            .collect();
        let tags: Vec<Field<'_>> = document
            .tags
            .iter()
            .map(|tag| Field::of(tag, document.languages))
            .collect();
        let text = Field::of(document.text, document.languages);
        let mut found = Found {
            titles: vec![Vec::new(); titles.len()],
            text: Vec::new(),
        };
        for (number, term) in self.terms.iter().enumerate() {
            let place = |bytes| Place { bytes, term: number };
            let in_text = term.places(&text);
            let in_titles: Vec<_> = titles.iter().map(|title| term.places(title)).collect();
            let is_there = !in_text.is_empty()
                || in_titles.iter().any(|places| !places.is_empty())
                || tags.iter().any(|tag| !term.places(tag).is_empty());
            if is_there == term.is_excluded {
                return None;
            }
            found.text.extend(in_text.into_iter().map(place));
            for (all, new) in found.titles.iter_mut().zip(in_titles) {
                all.extend(new.into_iter().map(place));
            }
        }
        for places in found.titles.iter_mut().chain([&mut found.text]) {
            places.sort_by_key(|place| (place.bytes.start, place.bytes.end));
        }
        Some(found)
    }

    /// Returns what the keys of an article have that has what is searched for, where the articles are in these languages.
    #[must_use]
    pub fn lookup(&self, languages: &[Language]) -> Lookup {
        let stemmings: Vec<Stemming> = languages
            .iter()
            .map(|language| Stemming::of(std::slice::from_ref(language)))
            .chain([Stemming::default()])
            .collect();
        let mut lookup = Lookup::default();
        for term in &self.terms {
            if !term.is_excluded {
                lookup.wanted.extend(term.rows(&stemmings));
            } else if term.is_told_by_its_keys() {
                lookup
                    .unwanted
                    .extend(term.rows(&stemmings).into_iter().flatten());
            }
        }
        lookup
    }
}

impl Term {
    /// Reads the term that a text begins with; returns what follows it.
    fn read(text: &str) -> (Self, &str) {
        let (is_excluded, text) = match text.strip_prefix('-') {
            Some(rest) if !rest.starts_with(char::is_whitespace) => (true, rest),
            _ => (false, text),
        };
        let mut chars = text.chars();
        let closing = match chars.next() {
            Some('"') => '"',
            Some('“') => '”',
            Some('＂') => '＂',
            _ => {
                let end = text.find(char::is_whitespace).unwrap_or(text.len());
                let term = Self {
                    tokens: tokens(&text[..end]),
                    phrase: None,
                    is_excluded,
                };
                return (term, &text[end..]);
            }
        };
        let inner = chars.as_str();
        let (phrase, rest) = inner.split_once(closing).unwrap_or((inner, ""));
        let flat = Flat::of(phrase.trim());
        let term = Self {
            tokens: tokens(phrase),
            phrase: Some(flat.chars),
            is_excluded,
        };
        (term, rest)
    }

    /// Finds where a field has the term.
    fn places(&self, field: &Field<'_>) -> Vec<Range<usize>> {
        match &self.phrase {
            Some(phrase) => field.phrase(phrase),
            None => field.words(&self.tokens),
        }
    }

    /// Tells whether a text has the term wherever it has its keys: characters in a row, which no part of a text has in
    /// another one's place.
    fn is_told_by_its_keys(&self) -> bool {
        let is_one_row = |(at, token): (usize, &Token)| token.is_neighbour() && (at == 0 || !token.parted);
        self.phrase.is_none()
            && self.tokens.len() <= MOST_TOKENS
            && self.tokens.iter().enumerate().all(is_one_row)
    }

    /// Returns the rows of keys of a text that has the term: one of each list.
    fn rows(&self, stemmings: &[Stemming]) -> Vec<Vec<Row>> {
        let known = &self.tokens[..self.tokens.len().min(MOST_TOKENS)];
        let mut keys: Vec<BTreeSet<String>> = Vec::new();
        let mut is_begun = false;
        for (at, token) in known.iter().enumerate() {
            let next = self.tokens.get(at + 1);
            match &token.key {
                Key::Word(word) => {
                    let stems = stemmings
                        .iter()
                        .map(|stemming| cut(&stemming.stem(word)).to_owned());
                    keys.push(stems.collect());
                }
                Key::Neighbour(c) => match (next.filter(|next| !next.parted).map(|next| &next.key), next) {
                    (Some(Key::Neighbour(next)), _) => keys.push(BTreeSet::from([format!("{c}{next}")])),
                    // Something else follows: the row of characters ends here.
                    (_, Some(_)) => keys.push(BTreeSet::from([c.to_string()])),
                    // It may go on in the text.
                    (_, None) if at > 0 && known[at - 1].is_neighbour() && !token.parted => {}
                    (_, None) => {
                        keys.push(BTreeSet::from([c.to_string()]));
                        is_begun = true;
                    }
                },
            }
        }
        let rows = keys.iter().map(BTreeSet::len).product::<usize>();
        if rows > MOST_ROWS {
            let last = keys.len() - 1;
            let one = |(at, keys): (usize, BTreeSet<String>)| {
                let row = |key| Row {
                    keys: vec![key],
                    is_begun: is_begun && at == last,
                };
                keys.into_iter().map(row).collect()
            };
            return keys.into_iter().enumerate().map(one).collect();
        }
        let mut rows = vec![Vec::new()];
        for keys in keys {
            let longer = |row: &Vec<String>| {
                let row = row.clone();
                keys.iter()
                    .map(move |key| row.iter().chain([key]).cloned().collect())
                    .collect::<Vec<Vec<String>>>()
            };
            rows = rows.iter().flat_map(longer).collect();
        }
        vec![rows.into_iter().map(|keys| Row { keys, is_begun }).collect()]
    }
}

/// A text that is searched.
struct Field<'a> {
    text: &'a str,
    parts: Vec<Part>,
    flat: OnceCell<Flat>,
}

/// A part of a text in one language of each script.
struct Part {
    begin: usize,
    stemming: Stemming,
    tokens: Vec<Token>,
    /// The stems of its words.
    stems: OnceCell<Vec<Option<String>>>,
}

impl<'a> Field<'a> {
    fn of(text: &'a str, languages: &[Language]) -> Self {
        let part = |(begin, text, stemming): (usize, &str, Stemming)| Part {
            begin,
            stemming,
            tokens: tokens(text),
            stems: OnceCell::new(),
        };
        Self {
            text,
            parts: stem::parts(text, languages).into_iter().map(part).collect(),
            flat: OnceCell::new(),
        }
    }

    /// Finds words and characters that follow one another.
    fn words(&self, wanted: &[Token]) -> Vec<Range<usize>> {
        let places = self.parts.iter().flat_map(|part| part.words(wanted));
        places.take(MOST_PLACES).collect()
    }

    /// Finds a phrase.
    fn phrase(&self, phrase: &[char]) -> Vec<Range<usize>> {
        let flat = self.flat.get_or_init(|| Flat::of(self.text));
        flat.places(self.text, phrase)
    }
}

impl Part {
    fn words(&self, wanted: &[Token]) -> Vec<Range<usize>> {
        let stem = |token: &Token| match &token.key {
            Key::Word(word) => Some(self.stemming.stem(word).into_owned()),
            Key::Neighbour(_) => None,
        };
        let wanted_stems: Vec<Option<String>> = wanted.iter().map(stem).collect();
        let has_words = wanted_stems.iter().any(Option::is_some);
        let none = Vec::new();
        let stems = if has_words {
            self.stems.get_or_init(|| self.tokens.iter().map(stem).collect())
        } else {
            &none
        };
        let fits = |at: usize, (number, wanted): (usize, &Token)| {
            let found = &self.tokens[at + number];
            let is_same = match (&found.key, &wanted.key) {
                (Key::Word(_), Key::Word(_)) => stems[at + number] == wanted_stems[number],
                (found, wanted) => found == wanted,
            };
            let is_within =
                number > 0 && wanted.is_neighbour() && self.tokens[at + number - 1].is_neighbour();
            is_same && (!is_within || found.parted == wanted.parted)
        };
        let last = (self.tokens.len() + 1).saturating_sub(wanted.len());
        (0..last)
            .filter(|at| wanted.iter().enumerate().all(|wanted| fits(*at, wanted)))
            .map(|at| {
                let end = self.tokens[at + wanted.len() - 1].end;
                self.begin + self.tokens[at].begin..self.begin + end
            })
            .collect()
    }
}

/// A text as phrases are looked for in it: without case, and with one blank for each run of white space.
struct Flat {
    chars: Vec<char>,
    /// The bytes of the text that each of them comes from.
    bytes: Vec<Range<usize>>,
}

impl Flat {
    fn of(text: &str) -> Self {
        let mut flat = Self {
            chars: Vec::new(),
            bytes: Vec::new(),
        };
        for (at, c) in text.char_indices() {
            let bytes = at..at + c.len_utf8();
            if !c.is_whitespace() {
                each_cased(c, &mut |c| {
                    flat.chars.push(c);
                    flat.bytes.push(bytes.clone());
                });
            } else if flat.chars.last().is_none_or(|last| *last != ' ') {
                flat.chars.push(' ');
                flat.bytes.push(bytes);
            }
        }
        flat
    }

    fn places(&self, text: &str, phrase: &[char]) -> Vec<Range<usize>> {
        let Some(first) = phrase.first() else {
            return Vec::new();
        };
        let mut places = Vec::new();
        for (at, _) in self.chars.iter().enumerate().filter(|(_, c)| *c == first) {
            let is_there = self.chars[at..].starts_with(phrase);
            if is_there && places.len() < MOST_PLACES {
                let bytes = self.bytes[at].start..self.bytes[at + phrase.len() - 1].end;
                places.extend(Some(bytes).filter(|bytes| is_whole(text, bytes)));
            }
        }
        places
    }
}

/// Tells whether bytes of a text begin and end where words do.
fn is_whole(text: &str, bytes: &Range<usize>) -> bool {
    // What only says how a character is drawn is no border.
    let last = |text: &str| text.chars().rev().find_map(|c| classes(c).last().copied());
    let first = |text: &str| text.chars().find_map(|c| classes(c).first().copied());
    let goes_on = |before, after| last(before) == Some(Class::Word) && first(after) == Some(Class::Word);
    let (before, rest) = text.split_at(bytes.start);
    let (phrase, after) = rest.split_at(bytes.len());
    !goes_on(before, phrase) && !goes_on(phrase, after)
}

fn classes(c: char) -> Vec<Class> {
    let mut classes = Vec::new();
    each_folded(c, |folded| classes.push(Class::of(folded)));
    classes
}

/// Returns what an article is found by.
#[must_use]
pub fn keys(document: &Document<'_>) -> Keys {
    let mut keys = Keys::default();
    for (language, title) in document.titles {
        put_keys(title, std::slice::from_ref(language), &mut keys.titles);
    }
    for tag in document.tags {
        put_keys(tag, document.languages, &mut keys.tags);
    }
    put_keys(document.text, document.languages, &mut keys.text);
    keys
}

fn put_keys(text: &str, languages: &[Language], keys: &mut String) {
    for (_, part, stemming) in stem::parts(text, languages) {
        let tokens = tokens(part);
        for (at, token) in tokens.iter().enumerate() {
            keys.push(' ');
            match &token.key {
                Key::Word(word) => keys.push_str(cut(&stemming.stem(word))),
                Key::Neighbour(c) => {
                    keys.push(*c);
                    if let Some(Token {
                        key: Key::Neighbour(next),
                        parted: false,
                        ..
                    }) = tokens.get(at + 1)
                    {
                        keys.push(*next);
                    }
                }
            }
        }
    }
}

/// Returns the part of a word that its key has.
fn cut(word: &str) -> &str {
    let end = word.char_indices().nth(LONGEST_KEY);
    end.map_or(word, |(end, _)| &word[..end])
}

/// What an article can be chosen by besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trait<'a> {
    /// Its name.
    Article(&'a str),
    /// A language that a part of it is in.
    Language(&'a str),
    /// A tag.
    Tag(&'a str),
}

impl Trait<'_> {
    /// Returns the key of it.
    #[must_use]
    pub fn key(self) -> String {
        let (kind, name) = match self {
            Self::Article(name) => ('a', name),
            Self::Language(name) => ('l', name),
            Self::Tag(name) => ('t', name),
        };
        format!("{MARK}{kind}{:016x}", fnv1a(name.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn languages(tags: &str) -> Vec<Language> {
        tags.split(',').map(|tag| tag.parse().unwrap()).collect()
    }

    fn found(query: &str, tags: &str, text: &str) -> Option<Vec<String>> {
        let languages = languages(tags);
        let document = Document {
            languages: &languages,
            titles: &[],
            tags: &[],
            text,
        };
        let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let found = query.find(&document);
        let lookup = query.lookup(&languages);
        assert!(
            found.is_none() || looked_up(&lookup, &keys(&document)),
            "{query:?} in {text:?}: {lookup:?}"
        );
        let places = found?.text.into_iter();
        Some(places.map(|place| text[place.bytes].to_owned()).collect())
    }

    /// Does what FTS5 does with keys.
    fn looked_up(lookup: &Lookup, keys: &Keys) -> bool {
        let fields: Vec<Vec<&str>> = [&keys.titles, &keys.tags, &keys.text]
            .map(|field| field.split_whitespace().collect())
            .to_vec();
        let is_row = |window: &[&str], row: &Row| {
            let last = row.keys.len() - 1;
            (0..)
                .zip(window.iter().zip(&row.keys))
                .all(|(at, (key, wanted))| {
                    key == wanted || row.is_begun && at == last && key.starts_with(wanted.as_str())
                })
        };
        let has = |row: &Row| {
            let mut windows = fields.iter().flat_map(|field| field.windows(row.keys.len()));
            windows.any(|window| is_row(window, row))
        };
        lookup.wanted.iter().all(|rows| rows.iter().any(has)) && !lookup.unwanted.iter().any(has)
    }

    #[test]
    fn words_are_found_whatever_their_case_and_ending_and_characters_in_a_row() {
        let text = "桥今天通车，花了3亿元。Anthropic 公司的芯片。\n\nThe new bridges’ opening: GPT-4, Straße, ＡＩ.\n";
        for (query, expected) in [
            ("今天", Some(&["今天"][..])),
            ("今天通车", Some(&["今天通车"])),
            ("桥", Some(&["桥"])),
            ("元", Some(&["元"])),
            ("通车花了", None),
            ("通车，花了", Some(&["通车，花了"])),
            ("通车。花了", Some(&["通车，花了"])),
            ("车花", None),
            ("3亿", Some(&["3亿"])),
            ("亿元", Some(&["亿元"])),
            ("13亿", None),
            ("Anthropic公司", Some(&["Anthropic 公司"])),
            ("公司 bridge", Some(&["公司", "bridges"])),
            ("BRIDGE", Some(&["bridges"])),
            ("bridg", Some(&["bridges"])),
            ("brid", None),
            ("opened", Some(&["opening"])),
            ("bridge-opening", Some(&["bridges’ opening"])),
            ("gpt-4", Some(&["GPT-4"])),
            ("gpt4", None),
            ("strasse", Some(&["Straße"])),
            ("ai", Some(&["ＡＩ"])),
            ("bridge tunnel", None),
            ("bridge -tunnel", Some(&["bridges"])),
            ("bridge -今天", None),
            ("bridge -天今", Some(&["bridges"])),
            ("\"new bridges’ opening\"", Some(&["new bridges’ opening"])),
            ("\"New  BRIDGES’\"", Some(&["new bridges’"])),
            ("\"new bridge\"", None),
            ("\"ew bridges\"", None),
            ("\"天通车，花\"", Some(&["天通车，花"])),
            ("\"天通车花\"", None),
            ("“公司的”", Some(&["公司的"])),
            ("\"芯片。 the", Some(&["芯片。\n\nThe"])),
            ("bridge -\"new bridges\"", None),
            ("— bridge", Some(&["bridges"])),
            ("橋", None),
        ] {
            let expected: Option<Vec<String>> =
                expected.map(|places| places.iter().map(ToString::to_string).collect());
            assert_eq!(found(query, "zh,en", text), expected, "{query}");
        }
    }

    #[test]
    fn titles_and_tags_are_searched_as_well() {
        let languages = languages("zh,en");
        let titles = [
            (languages[0].clone(), "新桥".to_owned()),
            (languages[1].clone(), "Opened at last".to_owned()),
        ];
        let tags = ["public works".to_owned()];
        let document = Document {
            languages: &languages,
            titles: &titles,
            tags: &tags,
            text: "渡船停航。\n",
        };
        let has = |query: &str| {
            let query = Query::parse(query).unwrap();
            let found = query.find(&document);
            assert!(
                found.is_none() || looked_up(&query.lookup(&languages), &keys(&document)),
                "{query:?}"
            );
            found.is_some()
        };
        for query in [
            "新桥 渡船 work open",
            "\"public works\"",
            "\"at last\" -bridge",
            "停航 opening",
        ] {
            assert!(has(query), "{query}");
        }
        // A phrase ends with the title that it stands in.
        for query in ["\"新桥 opened\"", "新桥opened", "渡船 -work", "渡船 -新桥"] {
            assert!(!has(query), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_searched_for_is_refused() {
        let why = |text: &str| Query::parse(text).unwrap_err().to_string();
        assert!(matches!(Query::parse(" \u{3000}"), Err(QueryError::Empty)));
        assert!(matches!(Query::parse("—— 。 \"!\""), Err(QueryError::Empty)));
        assert!(matches!(
            Query::parse("-bridge -桥"),
            Err(QueryError::OnlyExcluded)
        ));
        assert!(matches!(Query::parse("a\u{1b}[31m"), Err(QueryError::Text(_))));
        assert!(why(&"a".repeat(LONGEST + 1)).contains("4097 bytes"));
        assert!(why(&"a ".repeat(MOST_TERMS + 1)).contains("65 things"));
    }

    /// Looks for one term without any key: the words of a text by what parts them, all else as letters in a row.
    fn scanned(term: &str, text: &str) -> bool {
        let lower = |text: &str| {
            text.to_lowercase()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        let words = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            words
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .collect()
        };
        if let Some(phrase) = term.strip_prefix('"') {
            let (text, phrase) = (lower(text), lower(phrase.trim_end_matches('"')));
            let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            let is_whole = |(at, _): (usize, &str)| {
                let (before, after) = (&text[..at], &text[at + phrase.len()..]);
                !(is_word(before.chars().next_back()) && is_word(phrase.chars().next())
                    || is_word(phrase.chars().next_back()) && is_word(after.chars().next()))
            };
            // Places may overlap.
            let places = text.char_indices().map(|(at, _)| (at, &text[at..]));
            return places.filter(|(_, rest)| rest.starts_with(&phrase)).any(is_whole);
        }
        if term.is_ascii() {
            let stem = |word: &String| Stemming::default().stem(word).into_owned();
            let (all, wanted): (Vec<_>, Vec<_>) = (
                words(text).iter().map(stem).collect(),
                words(term).iter().map(stem).collect(),
            );
            return all.windows(wanted.len()).any(|row| row == wanted);
        }
        text.contains(term)
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_scan_finds(
            text in "([a-bA-B]{1,3}(s|ed|ing)?|[桥今天车]{1,4}|[ \n。,-]{1,2}){0,14}",
            terms in proptest::collection::vec("-?([a-b]{1,3}(s|ed)?|[桥今天车]{1,3}|\"([a-b]{1,2}|[桥今天车]{1,2}|[ 。,]){1,4}\")", 1..4),
        ) {
            let query = terms.join(" ");
            prop_assume!(Query::parse(&query).is_ok());
            let is_term = |term: &&String| !tokens(term).is_empty();
            let expected = terms.iter().filter(is_term).all(|term| match term.strip_prefix('-') {
                Some(term) => !scanned(term, &text),
                None => scanned(term, &text),
            });
            prop_assert_eq!(found(&query, "zh,en", &text).is_some(), expected, "{:?} in {:?}", query, text);
        }

        #[test]
        fn every_part_of_a_text_finds_it_by_its_keys(
            text in "([a-cA-C0-9ßﬁǅ]{0,4}|[桥今天通车ｶﾞカ한글㍿㎏]{0,4}|[ \n\u{3000}。，.'’é\u{301}\u{600}กำㄱⅣ⑴½👩\u{200d}\u{fe0f}ʼŉΣςİıſK-]{0,2}){0,12}",
            begin in any::<prop::sample::Index>(), end in any::<prop::sample::Index>(), is_phrase in any::<bool>()
        ) {
            let text = canonical::nfc(text);
            let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            places.push(text.len());
            let (one, other) = (*begin.get(&places), *end.get(&places));
            let part = &text[one.min(other)..one.max(other)];
            let query = if is_phrase { format!("\"{part}\"") } else { part.to_owned() };
            let bytes = one.min(other)..one.max(other);
            if Query::parse(&query).is_ok() {
                let places = found(&query, "zh,en,fr", &text);
                let is_trimmed = part.trim() == part && canonical::nfc(part.to_owned()) == part;
                if is_phrase && is_trimmed && is_whole(&text, &bytes) {
                    prop_assert!(places.is_some(), "{:?} in {:?}", part, text);
                }
            }
        }

        #[test]
        fn no_query_and_no_text_make_a_panic(query in any::<String>(), text in any::<String>()) {
            if Query::parse(&query).is_ok() {
                let _ = found(&query, "en,fr,ru", &text);
            }
        }
    }
}
