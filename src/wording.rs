//! What messages have in common: numbers of things in words, and errors with all that caused them.

use std::error::Error;
use std::fmt::Display;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_told_as_one() {
        assert_eq!(counted(0_usize, "page"), "0 pages");
        assert_eq!(counted(1_u64, "page"), "1 page");
        assert_eq!(counted(2_u64, "page"), "2 pages");
    }
}
