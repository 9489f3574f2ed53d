//! What messages have in common: numbers of things in words, beginnings of texts, names on one line, and errors with all that caused
//! them.

use std::error::Error;
use std::fmt::Display;

use crate::canonical::{first_unprintable, name_of_character};

/// How many things are named in a sentence.
const MOST_NAMED: usize = 8;

/// How many characters of each.
const MOST_QUOTED: usize = 60;

/// Returns how many things there are, in words: `1 page`, `2 pages`. A thing is named by one word, or by several of which the
/// last one is a noun.
#[must_use]
pub fn counted<T: Copy + Display + PartialEq + From<u8>>(count: T, thing: &str) -> String {
    let ending = if count == T::from(1) { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

/// Returns an error's message with the messages of its causes.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

/// Returns the beginnings of the first of some texts, as they stand in a sentence.
#[must_use]
pub fn quoted(texts: &[String]) -> String {
    let quoted = texts.iter().take(MOST_NAMED).map(|text| {
        let mut rest = text.chars();
        let first: String = rest.by_ref().take(MOST_QUOTED).collect();
        let dots = if rest.next().is_some() { "…" } else { "" };
        format!("“{first}{dots}”")
    });
    let mut quoted: Vec<String> = quoted.collect();
    if let Some(more) = texts.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        quoted.push(format!("and {more} more"));
    }
    quoted.join(", ")
}

/// Returns the characters of a text by their code points.
#[must_use]
pub fn code_points(text: &str) -> String {
    let named: Vec<String> = text.chars().map(name_of_character).collect();
    named.join(" ")
}

/// Returns a name as a message can have it: what would break its line, or not be seen, is escaped.
#[must_use]
pub fn on_one_line(name: &str) -> String {
    let escaped = |c: char| {
        let is_plain = first_unprintable(c.encode_utf8(&mut [0; 4])).is_none();
        if is_plain {
            c.to_string()
        } else {
            c.escape_default().to_string()
        }
    };
    name.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_told_as_one() {
        assert_eq!(counted(0_usize, "page"), "0 pages");
        assert_eq!(counted(1_u64, "page"), "1 page");
        assert_eq!(counted(2_u64, "page"), "2 pages");
    }

    #[test]
    fn of_many_texts_the_first_are_quoted_and_the_rest_counted() {
        let texts = |count: usize| -> Vec<String> { (0..count).map(|number| number.to_string()).collect() };
        assert_eq!(quoted(&[]), "");
        assert_eq!(quoted(&texts(2)), "“0”, “1”");
        assert!(quoted(&texts(MOST_NAMED)).ends_with(", “7”"));
        assert!(quoted(&texts(MOST_NAMED + 2)).ends_with(", “7”, and 2 more"));
        let long = "字".repeat(MOST_QUOTED);
        assert_eq!(quoted(std::slice::from_ref(&long)), format!("“{long}”"));
        assert_eq!(quoted(&[format!("{long}字")]), format!("“{long}…”"));
    }
}
