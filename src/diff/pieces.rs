//! What differs inside one paragraph.

use std::ops::Range;

use super::Piece;
use super::token::{surely_ends, tokens};
use super::{align, lcs};

/// The most steps, of 64 columns each, that one stretch and all stretches together may take.
const STRETCH_STEPS: usize = 1 << 21;
const ALL_STEPS: usize = 1 << 27;
/// The most bytes that one stretch may have to be taken apart, and all stretches together.
const STRETCH_BYTES: usize = 1 << 18;
const ALL_BYTES: usize = 12 << 20;
/// The most sentences a side that are told apart in a long paragraph.
const MOST_SENTENCES: usize = 1 << 18;
/// How far a token's end is sought from the first or last difference, in characters.
const FARTHEST_END: usize = 1000;
/// The longest stretch of equal characters that may be taken as replaced with what stands around it.
const TINY: usize = 16;

/// What is left to spend on one comparison of two texts. Spent, stretches are shown as replaced as a whole.
pub struct Budget {
    steps: usize,
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            steps: ALL_STEPS,
            bytes: ALL_BYTES,
        }
    }
}

impl Budget {
    fn spend_bytes(&mut self, bytes: usize) -> bool {
        let enough = bytes <= STRETCH_BYTES.min(self.bytes);
        self.bytes -= if enough { bytes } else { 0 };
        enough
    }

    fn spend_steps(&mut self, steps: usize) -> bool {
        let enough = steps <= STRETCH_STEPS.min(self.steps);
        self.steps -= if enough { steps } else { 0 };
        enough
    }
}

/// Returns the pieces of a changed paragraph.
pub fn between(before: &str, after: &str, budget: &mut Budget) -> Vec<Piece> {
    let mut edits = Edits::default();
    let (head, tail) = equal_ends(before, after);
    let (old, new) = (
        &before[head..before.len() - tail],
        &after[head..after.len() - tail],
    );
    edits.same(&before[..head]);
    if old.len() + new.len() <= STRETCH_BYTES {
        by_tokens(old, new, budget, &mut edits);
    } else {
        by_sentences(old, new, budget, &mut edits);
    }
    edits.same(&before[before.len() - tail..]);
    edits.without_tiny_equalities()
}

/// Counts the equal bytes that both begin with.
pub fn equal_bytes(before: &[u8], after: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let blocks = before.chunks_exact(BLOCK).zip(after.chunks_exact(BLOCK));
    let head = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    head + align::common_head(&before[head..], &after[head..])
}

/// Returns the lengths of the equal beginning and the equal end, both whole tokens.
fn equal_ends(before: &str, after: &str) -> (usize, usize) {
    let head = equal_bytes(before.as_bytes(), after.as_bytes());
    let mut head = (0..=head)
        .rev()
        .find(|at| before.is_char_boundary(*at))
        .unwrap_or(0);
    if before.len() == after.len() && head == before.len() {
        return (head, 0);
    }
    for _ in 0..FARTHEST_END {
        let last = before[..head].chars().next_back();
        let ends = |text: &str| surely_ends(last, text[head..].chars().next());
        if ends(before) && ends(after) {
            break;
        }
        head -= last.map_or(0, char::len_utf8);
    }
    let last = before[..head].chars().next_back();
    let ends = |text: &str| surely_ends(last, text[head..].chars().next());
    if !(ends(before) && ends(after)) {
        head = 0;
    }
    let (old, new) = (&before[head..], &after[head..]);
    (head, equal_tail(old, new))
}

fn equal_tail(before: &str, after: &str) -> usize {
    let bytes = align::common_tail(before.as_bytes(), after.as_bytes());
    let mut tail = bytes;
    while !(before.is_char_boundary(before.len() - tail) && after.is_char_boundary(after.len() - tail)) {
        tail -= 1;
    }
    let ends = |tail: usize| {
        let first = before[before.len() - tail..].chars().next();
        let last = |text: &str| text[..text.len() - tail].chars().next_back();
        surely_ends(last(before), first) && surely_ends(last(after), first)
    };
    for _ in 0..FARTHEST_END {
        if ends(tail) {
            return tail;
        }
        let first = before[before.len() - tail..].chars().next();
        tail -= first.map_or(0, char::len_utf8);
    }
    0
}

fn by_tokens(before: &str, after: &str, budget: &mut Budget, edits: &mut Edits) {
    if before.is_empty() || after.is_empty() || !budget.spend_bytes(before.len() + after.len()) {
        edits.replace(before, after);
        return;
    }
    let (old, new) = (tokens(before), tokens(after));
    let head = align::common_head(&old, &new);
    let tail = align::common_tail(&old[head..], &new[head..]);
    let old_range = head..old.len() - tail;
    let new_range = head..new.len() - tail;
    let (old_ids, new_ids) = align::numbered(&old[old_range.clone()], &new[new_range.clone()]);
    let steps = lcs::cost(old_ids.len(), new_ids.len());
    let common = if budget.spend_steps(steps) {
        lcs::common(&old_ids, &new_ids)
    } else {
        Vec::new()
    };
    let pairs = (0..head)
        .map(|at| (at, at))
        .chain(common.into_iter().map(|(i, j)| (head + i, head + j)))
        .chain((0..tail).map(|at| (old_range.end + at, new_range.end + at)));
    let (old_starts, new_starts) = (starts(&old), starts(&new));
    let (mut i, mut j) = (0, 0);
    for (kept_i, kept_j) in pairs {
        edits.replace(
            &before[old_starts[i]..old_starts[kept_i]],
            &after[new_starts[j]..new_starts[kept_j]],
        );
        edits.same(old[kept_i]);
        (i, j) = (kept_i + 1, kept_j + 1);
    }
    edits.replace(&before[old_starts[i]..], &after[new_starts[j]..]);
}

/// Takes a long paragraph apart at its sentences first, and only those that differ at their tokens.
fn by_sentences(before: &str, after: &str, budget: &mut Budget, edits: &mut Edits) {
    let (old, new) = (sentences(before), sentences(after));
    if old.len().max(new.len()) > MOST_SENTENCES {
        edits.replace(before, after);
        return;
    }
    let (old_ids, new_ids) = align::numbered(&old, &new);
    let (old_starts, new_starts) = (starts(&old), starts(&new));
    let (mut i, mut j) = (0, 0);
    let mut between = |old: Range<usize>, new: Range<usize>, edits: &mut Edits| {
        by_tokens(
            &before[old_starts[old.start]..old_starts[old.end]],
            &after[new_starts[new.start]..new_starts[new.end]],
            budget,
            edits,
        );
    };
    for (kept_i, kept_j) in align::kept(&old_ids, &new_ids) {
        between(i..kept_i, j..kept_j, edits);
        edits.same(old[kept_i]);
        (i, j) = (kept_i + 1, kept_j + 1);
    }
    between(i..old.len(), j..new.len(), edits);
}

/// Splits after what ends a sentence or a clause.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let ends = |c: char| {
        matches!(
            c,
            '\n' | '.' | '!' | '?' | ',' | ';' | '。' | '！' | '？' | '，' | '；'
        )
    };
    for (at, c) in text.match_indices(ends) {
        let end = at + c.len();
        if surely_ends(c.chars().next(), text[end..].chars().next()) {
            sentences.push(&text[start..end]);
            start = end;
        }
    }
    sentences.push(&text[start..]);
    sentences
}

/// Offsets at which each part begins, and at last the end.
fn starts(parts: &[&str]) -> Vec<usize> {
    let mut at = 0;
    let ends = parts.iter().map(|part| {
        at += part.len();
        at
    });
    std::iter::once(0).chain(ends).collect()
}

/// A replacement and the equal text after it.
#[derive(Default)]
struct Edit {
    removed: String,
    added: String,
    same: String,
    /// Characters of what was removed and of what was added, counted once: edits grow by one another.
    removed_length: usize,
    added_length: usize,
}

/// The edits of a paragraph; the first may replace nothing.
#[derive(Default)]
struct Edits(Vec<Edit>);

impl Edits {
    fn same(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.0.is_empty() {
            self.0.push(Edit::default());
        }
        if let Some(last) = self.0.last_mut() {
            last.same.push_str(text);
        }
    }

    fn replace(&mut self, removed: &str, added: &str) {
        if removed.is_empty() && added.is_empty() {
            return;
        }
        if self.0.last().is_none_or(|last| !last.same.is_empty()) {
            self.0.push(Edit::default());
        }
        if let Some(last) = self.0.last_mut() {
            last.removed.push_str(removed);
            last.added.push_str(added);
            last.removed_length += removed.chars().count();
            last.added_length += added.chars().count();
        }
    }

    /// Takes equal text that is shorter than the replacements around it as part of them: a sentence that was
    /// rewritten is not shown as a salad of the letters that happened to stay.
    fn without_tiny_equalities(self) -> Vec<Piece> {
        let mut merged: Vec<Edit> = Vec::new();
        for edit in self.0 {
            let mut edit = edit;
            while let Some(last) = merged.pop_if(|last| is_tiny_between(last, &edit)) {
                let same = last.same.chars().count();
                edit = Edit {
                    removed: last.removed + &last.same + &edit.removed,
                    added: last.added + &last.same + &edit.added,
                    same: edit.same,
                    removed_length: last.removed_length + same + edit.removed_length,
                    added_length: last.added_length + same + edit.added_length,
                };
            }
            merged.push(edit);
        }
        merged
            .into_iter()
            .flat_map(|edit| {
                [
                    Piece::Removed(edit.removed),
                    Piece::Added(edit.added),
                    Piece::Same(edit.same),
                ]
            })
            .filter(|piece| match piece {
                Piece::Same(text) | Piece::Removed(text) | Piece::Added(text) => !text.is_empty(),
            })
            .collect()
    }
}

/// Tells whether the equal text between two edits is lost among them. Between two insertions, or two
/// removals, nothing is: there it says more where it stayed.
fn is_tiny_between(before: &Edit, after: &Edit) -> bool {
    let replaces = |edit: &Edit| !edit.removed.is_empty() && !edit.added.is_empty();
    if !(replaces(before) || replaces(after)) || before.same.len() > TINY * 4 {
        return false;
    }
    let length = before.same.chars().count();
    let longer = |edit: &Edit| edit.removed_length.max(edit.added_length);
    let around = longer(before).min(longer(after));
    let blank = before.same.trim().is_empty();
    length <= TINY && (length < around || blank && length <= around && replaces(before) && replaces(after))
}
