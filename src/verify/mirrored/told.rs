//! What is told of a page that no file has: what differs, but for what is set aside of a page that is verified.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::around::Known;
use super::fitting;
use crate::diff::{ParagraphChange, Piece};

/// The most lines of code that are told apart from the text around them.
const MOST_CODE: usize = 1 << 10;

/// Takes from the differences of a page what is set aside of any: the files' titles above the text, and typography outside of
/// `code`, the lines of which are given, which is then as on the page. All of them are left where nothing else differs, or where there
/// is very much code.
pub fn without_set_aside(
    changes: Vec<ParagraphChange>,
    known: &[Known],
    code: &BTreeSet<String>,
) -> Vec<ParagraphChange> {
    if code.len() > MOST_CODE {
        return changes;
    }
    let mut left = Vec::new();
    // How many paragraphs of the page are titles above the text.
    let mut titles = 0;
    for change in &changes {
        match change {
            ParagraphChange::Added { after, text }
                if *after == titles + 1 && known.iter().any(|known| known.is_title(text)) =>
            {
                titles += 1;
            }
            ParagraphChange::Changed {
                before,
                after,
                pieces,
            } => {
                let pieces = without_typography(pieces, code);
                if pieces.iter().any(|piece| !matches!(piece, Piece::Same(_))) {
                    left.push(ParagraphChange::Changed {
                        before: *before,
                        after: *after,
                        pieces,
                    });
                }
            }
            other => left.push(other.clone()),
        }
    }
    if left.is_empty() { changes } else { left }
}

fn without_typography(pieces: &[Piece], code: &BTreeSet<String>) -> Vec<Piece> {
    let is_old = |piece: &&Piece| !matches!(piece, Piece::Added(_));
    let own: String = pieces.iter().filter(is_old).map(Piece::text).collect();
    let places = |line| own.match_indices(line).map(|(at, line)| at..=at + line.len());
    let code: Vec<RangeInclusive<usize>> = code.iter().flat_map(|line| places(line.as_str())).collect();
    let mut left: Vec<Piece> = Vec::new();
    let mut at = 0;
    let mut rest = pieces;
    while let Some((first, behind)) = rest.split_first() {
        let end = at + first.text().len();
        let is_in_code = || code.iter().any(|code| *code.start() <= end && at <= *code.end());
        let (piece, taken) = match (first, behind.first()) {
            (Piece::Removed(own), Some(Piece::Added(shown)))
                if fitting::fits(own, shown) && !is_in_code() =>
            {
                (Piece::Same(shown.clone()), 2)
            }
            _ => (first.clone(), 1),
        };
        match (left.last_mut(), piece) {
            (Some(Piece::Same(before)), Piece::Same(text)) => before.push_str(&text),
            (_, piece) => left.push(piece),
        }
        if !matches!(first, Piece::Added(_)) {
            at = end;
        }
        rest = &rest[taken..];
    }
    left
}
