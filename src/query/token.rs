//! A text as a row of tokens: each word of a script that sets blanks between words, and each character of one that
//! does not (Han, kana, hangul). Everything else only parts them.
//!
//! Characters are folded one by one (NFKC, then upper case, then lower case), so that a token depends upon its own
//! characters alone: a full-width letter is the letter, `ß` is `ss`, and traditional and simplified characters stay what
//! they are.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::words::is_neighbour;

/// What a token is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A folded word.
    Word(String),
    /// A folded character.
    Neighbour(char),
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is known by.
    pub key: Key,
    /// The byte at which it begins.
    pub begin: usize,
    /// The byte after it.
    pub end: usize,
    /// Whether something parts it from the token before.
    pub parted: bool,
}

impl Token {
    /// Tells whether it is a character of a script without blanks.
    #[must_use]
    pub fn is_neighbour(&self) -> bool {
        matches!(self.key, Key::Neighbour(_))
    }
}

/// What a folded character is to the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A part of a word.
    Word,
    /// A token of its own.
    Neighbour,
    /// What parts tokens.
    Parting,
}

impl Class {
    /// Tells what a folded character is.
    pub fn of(c: char) -> Self {
        if c.is_ascii() {
            return if c.is_ascii_alphanumeric() {
                Self::Word
            } else {
                Self::Parting
            };
        }
        if !c.is_alphanumeric() && !is_combining_mark(c) {
            Self::Parting
        } else if is_neighbour(c) {
            Self::Neighbour
        } else {
            Self::Word
        }
    }
}

/// A token without a place, as it is shown while a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read<'a> {
    /// A folded word.
    Word(&'a str),
    /// A folded character.
    Neighbour(char),
}

/// Returns the tokens of a text.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    each_token(text, |read, bytes, parted| {
        let key = match read {
            Read::Word(word) => Key::Word(word.to_owned()),
            Read::Neighbour(c) => Key::Neighbour(c),
        };
        tokens.push(Token {
            key,
            begin: bytes.start,
            end: bytes.end,
            parted,
        });
    });
    tokens
}

/// Shows each token of a text, where it stands, and whether something parts it from the one before.
pub(super) fn each_token(text: &str, mut show: impl FnMut(Read<'_>, Range<usize>, bool)) {
    let mut parted = true;
    // The word that the next character may go on with.
    let mut word = String::new();
    let (mut place, mut word_is_parted) = (0..0, true);
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        each_folded(c, |folded| {
            let class = Class::of(folded);
            if class == Class::Word {
                if word.is_empty() {
                    place.start = at;
                    (word_is_parted, parted) = (parted, false);
                }
                word.push(folded);
                place.end = end;
                return;
            }
            if !word.is_empty() {
                show(Read::Word(&word), place.clone(), word_is_parted);
                word.clear();
            }
            if class == Class::Neighbour {
                show(Read::Neighbour(folded), at..end, parted);
            }
            parted = class == Class::Parting;
        });
    }
    if !word.is_empty() {
        show(Read::Word(&word), place, word_is_parted);
    }
}

/// Shows what a character is folded to: nothing where it only says how another one is drawn.
pub(super) fn each_folded(c: char, mut show: impl FnMut(char)) {
    match c {
        '\0'..='\x7f' => show(c.to_ascii_lowercase()),
        // Most Han characters are their own compatibility form.
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{3001}' | '\u{3002}' => show(c),
        _ if is_of_form(c) => {}
        _ => c.nfkc().for_each(|c| each_cased(c, &mut show)),
    }
}

/// Shows a character without regard to case.
pub(super) fn each_cased(c: char, show: &mut impl FnMut(char)) {
    for c in c.to_uppercase() {
        c.to_lowercase().for_each(&mut *show);
    }
}

/// Tells whether a character only says how its neighbours are drawn: soft hyphens, joiners, variation selectors.
fn is_of_form(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let shown = |token: &Token| {
            let key = match &token.key {
                Key::Word(word) => word.clone(),
                Key::Neighbour(c) => c.to_string(),
            };
            format!("{}{key}", if token.parted { " " } else { "|" })
        };
        tokens(text).iter().map(shown).collect()
    }

    #[test]
    fn words_and_characters_are_tokens() {
        for (text, expected) in [
            ("桥今天通车。", " 桥|今|天|通|车"),
            ("The bridge, “opened”", " the bridge opened"),
            ("Anthropic公司的GPT-4", " anthropic|公|司|的|gpt 4"),
            ("ＡＩ芯片", " ai|芯|片"),
            ("Straße STRASSE", " strasse strasse"),
            ("ΟΔΟΣ οδος ὀδός", " οδοσ οδοσ ὀδόσ"),
            ("3月½㎏", " 3|月|1 2kg"),
            ("㍿", " 株|式|会|社"),
            ("葛\u{e0100}城 co\u{ad}op", " 葛|城 coop"),
            ("cafe\u{301} café", " cafe\u{301} café"),
            ("한글 ｶﾞ", " 한|글 カ|\u{3099}"),
            ("—— \n", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_token_knows_its_place() {
        let text = "a㍿ ½b";
        let places: Vec<&str> = tokens(text)
            .iter()
            .map(|token| &text[token.begin..token.end])
            .collect();
        assert_eq!(places, ["a", "㍿", "㍿", "㍿", "㍿", "½", "½b"]);
    }
}
