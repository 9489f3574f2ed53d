//! Differences on a terminal: `[-…-]` is gone and `{+…+}` is new, in colours where there are any.

use std::fmt::Write as _;

use avalaches::diff::{ParagraphChange, Piece};

use super::output::{ADDED, FAINT, REMOVED, visible};

/// How much of an unchanged stretch is shown on either side of a change, in characters.
const CONTEXT: usize = 24;

/// How much of a paragraph that was moved is shown, in characters.
const MOVED: usize = 40;

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
                let start: String = text.chars().take(MOVED).collect();
                let more = if start.len() < text.len() { "…" } else { "" };
                (
                    format!("paragraph {before} was moved and is now {after}"),
                    indented(&(visible(&start) + more)),
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
                let _ = write!(shown, "{REMOVED}[-{}-]{REMOVED:#}", visible(gone));
            }
            Piece::Added(new) => {
                let _ = write!(shown, "{ADDED}{{+{}+}}{ADDED:#}", visible(new));
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
                if characters.len() <= kept {
                    shown.push_str(&visible(same));
                } else {
                    let _ = write!(shown, "{}…{}", visible(&head), visible(&tail));
                }
            }
        }
    }
    indented(&shown)
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}
