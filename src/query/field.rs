//! A text that is searched: where it has words, and where a phrase.

use std::cell::OnceCell;
use std::ops::Range;

use super::MOST_PLACES;
use super::stem::{self, Stemming};
use super::token::{Class, Key, Token, each_cased, each_folded, tokens};
use crate::language::Language;

/// A text that is searched.
pub(super) struct Field<'a> {
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
    /// Takes a text whose parts are in these languages.
    pub fn of(text: &'a str, languages: &[Language]) -> Self {
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
    pub fn words(&self, wanted: &[Token]) -> Vec<Range<usize>> {
        let places = self.parts.iter().flat_map(|part| part.words(wanted));
        places.take(MOST_PLACES).collect()
    }

    /// Finds a phrase.
    pub fn phrase(&self, phrase: &[char]) -> Vec<Range<usize>> {
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
pub(super) struct Flat {
    pub chars: Vec<char>,
    /// The bytes of the text that each of them comes from.
    bytes: Vec<Range<usize>>,
}

impl Flat {
    /// Takes a text.
    pub fn of(text: &str) -> Self {
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
        // A character that is folded to several is not had in part.
        let is_within = |at: usize| at > 0 && self.bytes.get(at - 1) == self.bytes.get(at);
        for (at, _) in self.chars.iter().enumerate().filter(|(_, c)| *c == first) {
            let is_there = self.chars[at..].starts_with(phrase);
            let is_cut = is_within(at) || is_within(at + phrase.len());
            if is_there && !is_cut && places.len() < MOST_PLACES {
                let bytes = self.bytes[at].start..self.bytes[at + phrase.len() - 1].end;
                places.extend(Some(bytes).filter(|bytes| is_whole(text, bytes)));
            }
        }
        places
    }
}

/// Tells whether bytes of a text begin and end where words do.
pub(super) fn is_whole(text: &str, bytes: &Range<usize>) -> bool {
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
