//! Differences on a terminal: `[-…-]` is gone and `{+…+}` is new, in colours where there are any.

use std::fmt::Write as _;

use avalaches::canonical::invisible_characters;
use avalaches::diff::{ParagraphChange, Piece};
use avalaches::language::{is_radical, mixed_word};

use super::output::{ADDED, FAINT, REMOVED, visible_lines};

/// How much of an unchanged stretch is shown on either side of a change, in characters.
const CONTEXT: usize = 24;

/// How much of a paragraph that was moved is shown, in characters.
const MOVED: usize = 40;

/// The least that is left out, in characters: an ellipsis in the place of fewer saves nothing.
const LEAST_LEFT_OUT: usize = 4;

/// What the two texts are to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The old text is the archive's, the new one is that of a page that claims to be it.
    OfPage,
    /// The new text came after the old one.
    OfTime,
}

/// Writes what differs, paragraph by paragraph.
pub fn write(changes: &[ParagraphChange], told: Told, text: &mut String) {
    for change in changes {
        let (place, shown) = told.place(change);
        let _ = writeln!(text, "  {FAINT}{place}{FAINT:#}\n    {shown}");
    }
}

impl Told {
    fn place(self, change: &ParagraphChange) -> (String, String) {
        let is_of_page = self == Self::OfPage;
        match change {
            ParagraphChange::Changed {
                before,
                after,
                pieces,
            } => {
                let place = if before == after {
                    format!("paragraph {before}")
                } else {
                    format!("paragraph {before}, now {after}")
                };
                (place, pieces_text(pieces))
            }
            ParagraphChange::Removed { before, text } => {
                let word = if is_of_page { "missing" } else { "gone" };
                (
                    format!("paragraph {before} is {word}"),
                    piece_text(&Piece::Removed(text.clone())),
                )
            }
            ParagraphChange::Added { after, text } => {
                let word = if is_of_page { "not the archive's" } else { "new" };
                (
                    format!("paragraph {after} is {word}"),
                    piece_text(&Piece::Added(text.clone())),
                )
            }
            ParagraphChange::Moved { before, after, text } => {
                let is_short = text.chars().count() < MOVED + LEAST_LEFT_OUT;
                let shown = if is_short { usize::MAX } else { MOVED };
                let start: String = text.chars().take(shown).collect();
                let more = if start.len() < text.len() { "…" } else { "" };
                (
                    format!("paragraph {before} was moved and is now {after}"),
                    indented(&(visible_lines(&start) + more)),
                )
            }
        }
    }
}

/// Writes a value that was replaced by another; either may be absent.
pub fn replaced(before: Option<&str>, after: Option<&str>) -> String {
    let removed = before.map(|text| piece_text(&Piece::Removed(text.to_owned())));
    let added = after.map(|text| piece_text(&Piece::Added(text.to_owned())));
    removed.into_iter().chain(added).collect()
}

fn piece_text(piece: &Piece) -> String {
    pieces_text(std::slice::from_ref(piece))
}

fn pieces_text(pieces: &[Piece]) -> String {
    let mut shown = String::new();
    for (position, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Removed(gone) => {
                let gone = told_apart(gone, other_side(pieces, position));
                let _ = write!(shown, "{REMOVED}[-{gone}-]{REMOVED:#}");
            }
            Piece::Added(new) => {
                let new = told_apart(new, other_side(pieces, position));
                let _ = write!(shown, "{ADDED}{{+{new}+}}{ADDED:#}");
            }
            Piece::Same(same) => {
                let characters: Vec<char> = same.chars().collect();
                let (first, last) = (position == 0, position + 1 == pieces.len());
                let head: String = if first {
                    String::new()
                } else {
                    characters.iter().take(CONTEXT).collect()
                };
                let tail_start = characters.len().saturating_sub(CONTEXT);
                let tail: String = if last {
                    String::new()
                } else {
                    characters[tail_start..].iter().collect()
                };
                let kept = if first || last { CONTEXT } else { 2 * CONTEXT };
                if characters.len() < kept + LEAST_LEFT_OUT {
                    shown.push_str(&visible_lines(same));
                } else {
                    let _ = write!(shown, "{}…{}", visible_lines(&head), visible_lines(&tail));
                }
            }
        }
    }
    indented(&shown)
}

/// Returns what stands in the place of a piece on the other side; nothing where it is alone.
fn other_side(pieces: &[Piece], position: usize) -> &str {
    let beside = match &pieces[position] {
        Piece::Removed(_) => pieces.get(position + 1),
        _ => position.checked_sub(1).and_then(|before| pieces.get(before)),
    };
    match (&pieces[position], beside) {
        (Piece::Removed(_), Some(Piece::Added(other))) | (Piece::Added(_), Some(Piece::Removed(other))) => {
            other
        }
        _ => "",
    }
}

/// Returns one side of a difference with the code points of what makes it look like the other, or like nothing: characters that
/// cannot be seen, radicals, letters of another alphabet amid a word, and white space where there is nothing else to see.
fn told_apart(text: &str, other: &str) -> String {
    let words = |text: &str| -> String { text.split_whitespace().collect::<Vec<_>>().join(" ") };
    let is_white_space = words(text) == words(other);
    let unseen: Vec<usize> = invisible_characters(text).map(|(at, _)| at).collect();
    let mut strange = Vec::new();
    let mut start = 0;
    for word in text.split(|c: char| !c.is_alphabetic()) {
        if mixed_word(word).is_some() {
            strange.push(start..start + word.len());
        }
        start += word.len()
            + text[start + word.len()..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
    }
    let mut shown = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let is_blank = c.is_whitespace() && !matches!(c, ' ' | '\n');
        let is_strange = matches!(c, '\u{370}'..='\u{52f}' | '\u{1f00}'..='\u{1fff}')
            && strange.iter().any(|word| word.contains(&at));
        let is_radical = !other.is_empty() && is_radical(c);
        if is_blank && is_white_space || is_strange || is_radical || unseen.binary_search(&at).is_ok() {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    visible_lines(&shown)
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipsis_stands_for_more_than_a_few_characters() {
        let shown = |same: &str| pieces_text(&[Piece::Added("新".to_owned()), Piece::Same(same.to_owned())]);
        let whole = "字".repeat(CONTEXT + LEAST_LEFT_OUT - 1);
        assert!(shown(&whole).ends_with(&whole));
        assert!(shown(&format!("{whole}字")).ends_with(&format!("{}…", "字".repeat(CONTEXT))));
        let moved = |text: &str| {
            let change = ParagraphChange::Moved {
                before: 1,
                after: 2,
                text: text.to_owned(),
            };
            Told::OfTime.place(&change).1
        };
        let whole = "字".repeat(MOVED + LEAST_LEFT_OUT - 1);
        assert_eq!(moved(&whole), whole);
        assert_eq!(moved(&format!("{whole}字")), format!("{}…", "字".repeat(MOVED)));
    }

    #[test]
    fn sides_that_look_alike_are_told_apart_by_code_points() {
        for (text, other, shown) in [
            ("\u{a0}", " ", "\\u{a0}"),
            (" ", "\u{a0}", " "),
            ("10\u{a0}km", "10 km", "10\\u{a0}km"),
            ("\u{3000}", "", "\\u{3000}"),
            ("co\u{ad}op", "coop", "co\\u{ad}op"),
            ("caf\u{435}\u{301}", "café", "caf\\u{435}\u{301}"),
            ("⻓度", "长度", "\\u{2ed3}度"),
            // What can be seen to differ stays as it is.
            ("一\u{3000}二", "三", "一\u{3000}二"),
            ("Москва", "Moscow", "Москва"),
            ("👩\u{200d}💻", "", "👩\u{200d}💻"),
            ("\n", "", "\n"),
        ] {
            assert_eq!(told_apart(text, other), shown, "{text:?} {other:?}");
        }
    }
}
