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

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use crate::canonical::{self, Invisible, TextError};
use crate::language::Language;
use crate::words::fnv1a;

use self::field::{Field, Flat};
use self::stem::Stemming;
use self::token::{Key, Read, Token, each_token, tokens};

pub mod excerpt;
mod field;
pub mod stem;
#[cfg(test)]
mod tests;
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
        let several = |rows: usize, keys: &BTreeSet<String>| {
            let rows = rows.checked_mul(keys.len())?;
            (rows <= MOST_ROWS).then_some(rows)
        };
        if keys.iter().try_fold(1, several).is_none() {
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

/// The keys of words on a site, remembered for the next article: most words come again.
#[derive(Debug, Default)]
pub struct Stems {
    languages: HashMap<Language, StemsOf>,
}

#[derive(Debug)]
struct StemsOf {
    stemming: Stemming,
    /// The number of the text that is read.
    text: usize,
    /// For each word its key, and the number of the text in which it stood last.
    known: HashMap<String, (String, usize)>,
}

impl Stems {
    /// Returns what is known of a language, for the next text in it.
    fn of(&mut self, language: &Language) -> &mut StemsOf {
        let stems = self.languages.entry(language.clone()).or_insert_with(|| StemsOf {
            stemming: Stemming::english_alone(language),
            text: 0,
            known: HashMap::new(),
        });
        stems.text += 1;
        stems
    }
}

impl StemsOf {
    /// Returns the key of a word that has not stood in this text yet.
    fn key(&mut self, word: &str) -> Option<&str> {
        if !self.known.contains_key(word) {
            let key = cut(&self.stemming.stem(word)).to_owned();
            self.known.insert(word.to_owned(), (key, 0));
        }
        let (key, last) = self.known.get_mut(word)?;
        let is_new = std::mem::replace(last, self.text) < self.text;
        is_new.then_some(key)
    }
}

/// Shows what an article is found by on a site: its keys, of words the stems of English alone, and each character of a
/// script without blanks by itself. A key may be shown more than once.
pub fn each_site_key(
    titles: &BTreeMap<Language, String>,
    tags: &[String],
    parts: &[(Language, String)],
    stems: &mut Stems,
    mut show: impl FnMut(&str),
) {
    // A tag may be in any of the languages.
    let in_each = |tag| parts.iter().map(move |(language, _)| (language, tag));
    let tags = tags.iter().flat_map(in_each);
    let parts = parts.iter().map(|(language, text)| (language, text));
    for (language, text) in titles.iter().chain(tags).chain(parts) {
        let stems = stems.of(language);
        let mut before = None;
        each_token(text, |read, _, parted| match read {
            Read::Word(word) => {
                before = None;
                if let Some(key) = stems.key(word) {
                    show(key);
                }
            }
            Read::Neighbour(c) => {
                let mut pair = [0; 8];
                let mut end = 0;
                if let Some(before) = before.filter(|_| !parted) {
                    end = char::encode_utf8(before, &mut pair).len();
                }
                let length = c.encode_utf8(&mut pair[end..]).len();
                let pair = std::str::from_utf8(&pair[..end + length]).expect("it is one or two characters");
                show(&pair[end..]);
                if end > 0 {
                    show(pair);
                }
                before = Some(c);
            }
        });
    }
}

fn put_keys(text: &str, languages: &[Language], keys: &mut String) {
    for (_, part, stemming) in stem::parts(text, languages) {
        put_row(&tokens(part), &stemming, keys);
    }
}

fn put_row(tokens: &[Token], stemming: &Stemming, keys: &mut String) {
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
