//! Whether a page has the text of a source, as a generator of pages prints that: to the character, but for typography that
//! stands on the page where the source has its ASCII form, and for where lines end.

use std::iter::Peekable;
use std::slice::Iter;

use crate::commonmark::printed::{CODE, CODE_END, CONTENTS, SOFT};

/// How many of the same characters in a row are told apart: the most that are set as one.
const LONGEST_RUN: usize = 3;

/// How many characters before a quotation mark that may close one its other is sought in.
const LONGEST_QUOTATION: usize = 1 << 12;

/// What a generator of pages set in its own way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Typography {
    /// Quotation marks and apostrophes for straight ones.
    pub quotation_marks: usize,
    /// Dashes for hyphens.
    pub dashes: usize,
    /// Characters of three dots for three dots.
    pub ellipses: usize,
    /// Ends of lines between Han characters, of which nothing is shown.
    pub line_ends: usize,
    /// Tables of contents in the place of what stands for them.
    pub contents: usize,
    /// The dash for two hyphens, which is one on all of a page.
    dash: Option<char>,
}

/// Tells whether a line of a page is that of a source, and no more.
pub fn fits(source: &str, line: &str) -> bool {
    let source: Vec<char> = source.chars().collect();
    let line: Vec<char> = line.chars().collect();
    let end = end_of(&source, &line, &mut Typography::default(), |_| None);
    end.is_some_and(|end| line[end..].iter().all(|c| c.is_whitespace()))
}

/// Returns where on a page a source ends that begins where the page does; `None` where the page has another text. What stands
/// for a table of contents ends where is said.
pub fn end_of(
    source: &[char],
    page: &[char],
    typography: &mut Typography,
    end_of_contents: impl Fn(usize) -> Option<usize>,
) -> Option<usize> {
    // Code keeps the blanks that it begins with.
    let mut at = if source.first() == Some(&CODE) {
        0
    } else {
        blanks(page)
    };
    let mut source = source.iter().peekable();
    let mut is_code = false;
    let mut is_apart = true;
    while let Some(&c) = source.peek() {
        match *c {
            c if c.is_whitespace() && !is_code || c == SOFT => {
                let taken = take_gap(&mut source);
                let is_soft = taken == [SOFT];
                let mut gap = blanks(&page[at..]);
                let next = source.peek().map(|c| **c);
                if next == Some(CODE) {
                    gap = gap.min(line_start(&page[at..at + gap]) + taken.len() - line_start(&taken));
                }
                let joins = |c: Option<char>| c.is_some_and(is_wide);
                if gap == 0 && !is_apart && next.is_some_and(|next| next != CONTENTS) {
                    if !is_soft || !joins(at.checked_sub(1).map(|before| page[before])) || !joins(next) {
                        return None;
                    }
                    typography.line_ends += 1;
                }
                at += gap;
                is_apart = true;
                continue;
            }
            CODE => is_code = true,
            CODE_END => is_code = false,
            CONTENTS => {
                let end = end_of_contents(at)?;
                typography.contents += usize::from(end > at);
                at = end;
                is_apart = true;
                source.next();
                continue;
            }
            c if page.get(at) == Some(&c) => {
                at += 1;
                is_apart = false;
            }
            _ if is_code => return None,
            c => {
                let taken = set(c, &source, page, at, typography)?;
                for _ in 1..taken {
                    source.next();
                }
                at += 1;
                is_apart = false;
            }
        }
        source.next();
    }
    Some(at)
}

fn blanks(page: &[char]) -> usize {
    page.iter().take_while(|c| c.is_whitespace()).count()
}

/// Takes the blanks that come next, and ends of lines within a paragraph.
fn take_gap(source: &mut Peekable<Iter<'_, char>>) -> Vec<char> {
    let mut taken = Vec::new();
    while let Some(c) = source.next_if(|c| c.is_whitespace() || **c == SOFT) {
        taken.push(*c);
    }
    taken
}

/// Returns where the last line of some blanks begins.
fn line_start(blanks: &[char]) -> usize {
    blanks.iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1)
}

/// Returns how many characters of a source from one on are set as the one at a place of the page.
fn set(
    c: char,
    source: &Peekable<Iter<'_, char>>,
    page: &[char],
    at: usize,
    typography: &mut Typography,
) -> Option<usize> {
    let shown = *page.get(at)?;
    let run = source
        .clone()
        .take(LONGEST_RUN)
        .take_while(|next| **next == c)
        .count();
    match (c, shown) {
        ('"', '“' | '”' | '„' | '«' | '»') | ('\'', '‘' | '’' | '‚' | '‹' | '›')
            if !is_turned(shown, page, at) =>
        {
            typography.quotation_marks += 1;
            Some(1)
        }
        ('<', '«') | ('>', '»') if run >= 2 => {
            typography.quotation_marks += 1;
            Some(2)
        }
        ('-', '–') if run >= 2 => dash(2, shown, typography),
        ('-', '—') if run == 2 => dash(2, shown, typography),
        ('-', '—') if run >= 3 => dash(3, shown, typography),
        ('.', '…') if run >= 3 => {
            typography.ellipses += 1;
            Some(3)
        }
        _ => None,
    }
}

fn dash(hyphens: usize, shown: char, typography: &mut Typography) -> Option<usize> {
    if hyphens == 2 && *typography.dash.get_or_insert(shown) != shown {
        return None;
    }
    typography.dashes += 1;
    Some(hyphens)
}

/// Tells whether a quotation mark stands where the other one of its pair does.
fn is_turned(mark: char, page: &[char], at: usize) -> bool {
    let is_word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() && !is_wide(*c));
    let is_blank = |c: Option<&char>| c.is_none_or(|c| c.is_whitespace());
    let before = at.checked_sub(1).and_then(|before| page.get(before));
    let after = page.get(at + 1);
    match mark {
        // In German it closes.
        '“' | '‘' => {
            let opens = || page[at.saturating_sub(LONGEST_QUOTATION)..at].contains(&'„');
            is_word(before) && (is_blank(after) || is_word(after)) && !opens()
        }
        '”' => is_blank(before) && is_word(after),
        _ => false,
    }
}

/// Tells of characters between which a line may end without a blank.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}'
        | '\u{20000}'..='\u{3ffff}' | '“' | '”' | '‘' | '’' | '…' | '—')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typography_stands_for_its_ascii_form_and_for_nothing_else() {
        for (source, line) in [
            ("\"a\" isn't...", "“a” isn’t…"),
            ("a -- b --- c", "a – b — c"),
            ("a -- b -- c", "a — b — c"),
            ("\"a\"", "\"a\""),
            ("<<a>> '90s", "«a» ’90s"),
            ("\"a\" \"b\"", "„a“ „b“"),
            ("他说\"不\"。", "他说“不”。"),
            ("a\u{e100}b", "a b"),
            ("不\u{e100}是", "不是"),
            ("不\u{e100}是", "不 是"),
            ("a \u{e101}\"b\"\u{e102}", "a \"b\""),
            ("a\n\n- b", "a\n- b"),
            ("a\n\u{e101}  b\u{e102}", "a\n  b"),
            ("a\n\n  \u{e101} b\u{e102}", "a\n   b"),
            ("> \u{e101} b\u{e102}", ">  b"),
            ("\u{e101} b\u{e102}", " b"),
            ("a\u{e100}\u{e101}b\u{e102}", "a b"),
        ] {
            assert!(fits(source, line), "{source} {line}");
        }
        for (source, line) in [
            ("“a”", "\"a\""),
            ("a – b", "a -- b"),
            ("a…", "a..."),
            ("a - b", "a – b"),
            ("-5", "–5"),
            ("-5", "5"),
            ("a -- b -- c", "a — b – c"),
            ("a \u{e101}\"b\"\u{e102}", "a “b”"),
            ("a \u{e101}--b\u{e102}", "a –b"),
            ("a\u{e100}b", "ab"),
            ("不\u{e100}a", "不a"),
            ("不 是", "不是"),
            ("不是", "不 是"),
            ("\"a\" b", "“a“ b"),
            ("\"a\" b", "”a” b"),
            ("a..", "a…"),
            ("a....", "a…"),
            ("a", "a b"),
            ("a b", "a"),
            ("'a'", "“a”"),
            ("a\n\u{e101}  b\u{e102}", "a\nb"),
            ("a\n\u{e101}b\u{e102}", "a\n  b"),
            ("a\n\n  \u{e101}b\u{e102}", "a\n   b"),
            ("> \u{e101}b\u{e102}", ">  b"),
            ("\u{e101}b\u{e102}", " b"),
            ("\u{e101} b\u{e102}", "b"),
        ] {
            assert!(!fits(source, line), "{source} {line}");
        }
    }
}
