//! Whether two texts say the same in every word, and differ only in what is lost where text is copied off a screen: marks of lists
//! and quotations, breaks, the kind of white space, the form of quotation marks.
//!
//! Marks may be missing from the new text; nothing may be there that the old one has not, and no mark for another. What may be
//! missing is what [`marked`] takes for a mark, and that leaves numbers of years and the like words.

use std::fmt;

use crate::wording::code_points;
use crate::words::marks::marked;

/// How many kinds of white space are named.
const MOST_NAMED: usize = 3;

/// What differs where every word is the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Apart {
    /// Marks of lists and quotations, or lines across the page, are missing.
    pub marks: bool,
    /// Lines or paragraphs end elsewhere.
    pub breaks: bool,
    /// Words have other white space between them.
    pub white_space: bool,
    /// What stands between words of a line in the old text, and in the new one; the first few.
    pub blanks: Vec<(String, String)>,
    /// Quotation marks are straight in one text and curly in the other.
    pub quotation_marks: bool,
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut white_space = "white space".to_owned();
        if !self.blanks.is_empty() {
            let named = |(old, new): &(String, String)| {
                format!("{} in place of {}", code_points(new), code_points(old))
            };
            let named: Vec<String> = self.blanks.iter().map(named).collect();
            white_space += &format!(" ({})", named.join(", "));
        }
        let parts = [
            (self.marks, "marks of lists and quotations"),
            (self.breaks, "breaks between lines and paragraphs"),
            (self.white_space, &white_space),
            (self.quotation_marks, "quotation marks"),
        ];
        let parts: Vec<&str> = parts
            .iter()
            .filter(|(is_so, _)| *is_so)
            .map(|(_, what)| *what)
            .collect();
        write!(
            f,
            "every word is the commit's; nothing differs but {}",
            parts.join(", and ")
        )?;
        if self.marks || self.breaks {
            f.write_str(", as where text is copied from a browser or a mail")?;
        }
        Ok(())
    }
}

/// Returns what differs between two canonical texts that have the same words; nothing where a word is another, or the texts are
/// equal.
#[must_use]
pub fn same_words(old: &str, new: &str) -> Option<Apart> {
    if old == new {
        return None;
    }
    let mut apart = Apart::default();
    let mut shown = words(new).into_iter().peekable();
    // How many line feeds stood before marks that are missing.
    let mut left = None;
    for word in words(old) {
        let feeds = feeds(word.before);
        match shown.next_if(|next| is_same(word.text, next.text)) {
            None if word.is_mark => {
                apart.marks = true;
                left = Some(feeds.max(left.unwrap_or(0)));
            }
            None => return None,
            Some(next) => {
                apart.quotation_marks |= word.text != next.text;
                apart.between(word.before, next.before, left.take());
            }
        }
    }
    // Indentation goes with marks.
    apart.white_space &= !apart.marks || !apart.blanks.is_empty();
    shown.next().is_none().then_some(apart)
}

impl Apart {
    /// Compares what stands between two words and the words before them; `left` are the line feeds before marks that are missing.
    fn between(&mut self, old: &str, new: &str, left: Option<usize>) {
        if let Some(left) = left {
            self.breaks |= feeds(old).max(left) != feeds(new);
        } else if feeds(old) != feeds(new) {
            self.breaks = true;
        } else if old != new {
            self.white_space = true;
            let pair = (old.to_owned(), new.to_owned());
            if feeds(old) == 0 && self.blanks.len() < MOST_NAMED && !self.blanks.contains(&pair) {
                self.blanks.push(pair);
            }
        }
    }
}

fn feeds(between: &str) -> usize {
    between.matches('\n').count()
}

/// Tells whether two words are the same, whatever the form of their quotation marks.
fn is_same(one: &str, other: &str) -> bool {
    let straight = |c| match c {
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        c => c,
    };
    one.chars().map(straight).eq(other.chars().map(straight))
}

/// A word, and what stands before it.
struct Word<'t> {
    before: &'t str,
    text: &'t str,
    is_mark: bool,
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut before = 0;
    let mut start = 0;
    for (line, marks) in marked(text) {
        let mut rest = line;
        while !rest.trim_start().is_empty() {
            let trimmed = rest.trim_start();
            let at = line.len() - trimmed.len();
            let length = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
            words.push(Word {
                before: &text[before..start + at],
                text: &trimmed[..length],
                is_mark: at < marks,
            });
            before = start + at + length;
            rest = &trimmed[length..];
        }
        start += line.len() + 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "Heading\n\nSome “words”.\n\n- one\n- two\n  1. in\n  2. it\n\n  more\n\n> quoted\n> twice\n\n* * *\n\nThe end.\n";

    fn said(new: &str) -> Option<String> {
        said_of(OLD, new)
    }

    fn said_of(old: &str, new: &str) -> Option<String> {
        same_words(old, new).map(|apart| apart.to_string())
    }

    #[test]
    fn what_a_browser_leaves_out_is_told_in_one_sentence() {
        let copied = "Heading\nSome “words”.\n\none\ntwo\nin\nit\nmore\n\nquoted\ntwice\nThe end.\n";
        let marks = "every word is the commit's; nothing differs but marks of lists and quotations, and breaks between lines and \
                     paragraphs";
        let copy = ", as where text is copied from a browser or a mail";
        assert_eq!(said(copied), Some(format!("{marks}{copy}")));
        assert_eq!(
            said(&copied.replace(['“', '”'], "\"")),
            Some(format!("{marks}, and quotation marks{copy}"))
        );
        // Some browsers keep some of the marks.
        assert_eq!(
            said(&copied.replace("in\nit", "  1. in\n  2. it")),
            Some(format!("{marks}{copy}"))
        );
        assert_eq!(
            said(&OLD.replace("Some “words”", "Some\u{a0}\"words\"")).unwrap(),
            "every word is the commit's; nothing differs but white space (U+00A0 in place of U+0020), and quotation marks"
        );
        assert_eq!(
            said_of("def f():\n    return\n", "def f():\nreturn\n").unwrap(),
            "every word is the commit's; nothing differs but white space"
        );
        assert_eq!(
            said_of("一 二\n", "一\n\n二\n").unwrap(),
            "every word is the commit's; nothing differs but breaks between lines and paragraphs, as where text is copied from a \
             browser or a mail"
        );
    }

    #[test]
    fn another_word_is_another_text() {
        for (from, to) in [
            ("two", "three"),
            ("The end.", "The end. More."),
            ("The end.\n", ""),
            // A mark that was not there, another one, or in another place.
            ("more", "- more"),
            ("1. in", "2. in"),
            ("- one", "3. one"),
            ("- one", "one -"),
            ("> quoted", "- quoted"),
            ("The end.", "* * *\n\nThe end."),
            ("words", "wo rds"),
            ("Some “words”", "Some“words”"),
            ("words", "word\u{200b}s"),
        ] {
            assert_eq!(said(&OLD.replacen(from, to, 1)), None, "{from} {to}");
        }
        assert_eq!(same_words(OLD, OLD), None);
        // What only looks like a number of an item is a word, and so is a mark amid a line.
        for (old, new) in [
            ("1776. It began.\n", "It began.\n"),
            ("1. one\n\n2. It is.\n", "1. one\n\nIt is.\n"),
            ("1. one\n3. It is.\n", "1. one\nIt is.\n"),
            (
                "1776. It began.\n\n1777. It went on.\n",
                "It began.\n\nIt went on.\n",
            ),
            ("5 - 3\n", "5 3\n"),
            ("a > b\n", "a b\n"),
            ("-5 degrees\n", "5 degrees\n"),
            ("桥\n今天\n", "桥今天\n"),
        ] {
            assert_eq!(said_of(old, new), None, "{old:?} {new:?}");
        }
        for list in ["1. one\n2. two\n", "7. one\n8. two\n"] {
            assert!(said_of(list, "one\ntwo\n").is_some(), "{list}");
        }
    }
}
