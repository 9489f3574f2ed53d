//! What differs between two canonical texts, for people who hold a page against the archive: which paragraphs
//! were changed, added, removed or moved, and inside a changed one to the character or the word.
//!
//! The work is bounded by counted steps, not by a clock, so that the same texts always give the same answer.

use std::collections::HashMap;

pub(crate) mod align;
pub mod html;
pub mod json;
mod lcs;
mod likeness;
mod pieces;
mod same_words;
pub(crate) mod token;
mod unified;

pub use same_words::{Apart, same_words};
pub use unified::{Labels, unified};

/// The most paragraphs a side that are told apart. Beyond it what lies between the first and the last
/// difference is one replacement: nobody reads a list of that length.
const MOST_PARAGRAPHS: usize = 1 << 18;

/// A stretch of a changed paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// It stands in both texts.
    Same(String),
    /// It stands in the old text only.
    Removed(String),
    /// It stands in the new text only.
    Added(String),
}

impl Piece {
    /// Returns what stands there.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Same(text) | Self::Removed(text) | Self::Added(text) => text,
        }
    }
}

/// What became of one paragraph. Paragraphs are numbered from 1, in the text that the number belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParagraphChange {
    /// The paragraph reads otherwise now.
    Changed {
        /// Its number in the old text.
        before: usize,
        /// Its number in the new text.
        after: usize,
        /// `Same` and `Removed` put together are the old paragraph, `Same` and `Added` the new one.
        pieces: Vec<Piece>,
    },
    /// The paragraph is gone.
    Removed {
        /// Its number in the old text.
        before: usize,
        /// What it said; several paragraphs with empty lines between them where the texts are too long.
        text: String,
    },
    /// The paragraph is new.
    Added {
        /// Its number in the new text.
        after: usize,
        /// What it says; several paragraphs with empty lines between them where the texts are too long.
        text: String,
    },
    /// The paragraph says the same in another place.
    Moved {
        /// Its number in the old text.
        before: usize,
        /// Its number in the new text.
        after: usize,
        /// What it says.
        text: String,
    },
}

/// Returns what differs between two canonical texts, in the order of the new one; nothing if they are equal.
///
/// Any text is taken: two that differ always have an answer, be the difference only a blank or an invisible
/// character.
#[must_use]
pub fn compare(before: &str, after: &str) -> Vec<ParagraphChange> {
    if before == after {
        return Vec::new();
    }
    let (before, after) = both_paragraphs(before, after);
    let head = align::common_head(&before, &after);
    let tail = align::common_tail(&before[head..], &after[head..]);
    let before = &before[head..before.len() - tail];
    let after = &after[head..after.len() - tail];
    if before.len().max(after.len()) > MOST_PARAGRAPHS {
        return replaced(before, after, head);
    }
    Comparison::of(before, after).changes(head)
}

/// Returns for each new paragraph the old one that it is: the same, moved or edited. None is named twice.
pub(crate) fn partners(before: &[&str], after: &[&str]) -> Vec<Option<usize>> {
    let head = align::common_head(before, after);
    let tail = align::common_tail(&before[head..], &after[head..]);
    let (end_before, end_after) = (before.len() - tail, after.len() - tail);
    let mut partners: Vec<Option<usize>> = (0..head).map(Some).collect();
    partners.resize(end_after, None);
    partners.extend((end_before..before.len()).map(Some));
    let (before, after) = (&before[head..end_before], &after[head..end_after]);
    if before.len().max(after.len()) <= MOST_PARAGRAPHS {
        let comparison = Comparison::of(before, after);
        for (i, bond) in comparison.bonds.iter().enumerate() {
            if let Some((j, _)) = bond {
                partners[head + j] = Some(head + i);
            }
        }
    }
    partners
}

/// Splits both texts so that joining the paragraphs by an empty line gives the texts back, but for the line
/// feed that ends both.
fn both_paragraphs<'a>(before: &'a str, after: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
    let ended = |text: &str| text.is_empty() || text.ends_with('\n');
    let whole_lines = ended(before) && ended(after);
    let split = |text: &'a str| -> Vec<&'a str> {
        if text.is_empty() {
            return Vec::new();
        }
        let text = if whole_lines {
            &text[..text.len() - 1]
        } else {
            text
        };
        text.split("\n\n").collect()
    };
    (split(before), split(after))
}

/// The differing part of two texts as one replacement.
fn replaced(before: &[&str], after: &[&str], head: usize) -> Vec<ParagraphChange> {
    let removed = (!before.is_empty()).then(|| ParagraphChange::Removed {
        before: head + 1,
        text: before.join("\n\n"),
    });
    let added = (!after.is_empty()).then(|| ParagraphChange::Added {
        after: head + 1,
        text: after.join("\n\n"),
    });
    removed.into_iter().chain(added).collect()
}

/// What an old paragraph has to do with a new one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bond {
    /// Equal, in the common order.
    Kept,
    /// Equal, in another order.
    Moved,
    /// Alike.
    Changed,
}

struct Comparison<'a> {
    before: &'a [&'a str],
    after: &'a [&'a str],
    /// For each old paragraph the new one it belongs to.
    bonds: Vec<Option<(usize, Bond)>>,
    /// For each new paragraph whether an old one belongs to it.
    taken: Vec<bool>,
}

impl<'a> Comparison<'a> {
    fn of(before: &'a [&'a str], after: &'a [&'a str]) -> Self {
        let mut comparison = Self {
            before,
            after,
            bonds: vec![None; before.len()],
            taken: vec![false; after.len()],
        };
        let (old, new) = align::numbered(before, after);
        let kept = align::kept(&old, &new);
        for &(i, j) in &kept {
            comparison.bind(i, j, Bond::Kept);
        }
        comparison.bind_moved(&old, &new);
        comparison.bind_changed(&kept);
        comparison
    }

    fn bind(&mut self, before: usize, after: usize, bond: Bond) {
        self.bonds[before] = Some((after, bond));
        self.taken[after] = true;
    }

    fn loose(&self) -> (Vec<usize>, Vec<usize>) {
        let old = (0..self.bonds.len()).filter(|i| self.bonds[*i].is_none());
        let new = (0..self.taken.len()).filter(|j| !self.taken[*j]);
        (old.collect(), new.collect())
    }

    fn bind_moved(&mut self, old: &[u32], new: &[u32]) {
        let (loose_old, loose_new) = self.loose();
        let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
        for j in loose_new.into_iter().rev() {
            places.entry(new[j]).or_default().push(j);
        }
        for i in loose_old {
            if let Some(j) = places.get_mut(&old[i]).and_then(Vec::pop) {
                self.bind(i, j, Bond::Moved);
            }
        }
    }

    fn bind_changed(&mut self, kept: &[(usize, usize)]) {
        let (loose_old, loose_new) = self.loose();
        let side = |texts: &'a [&'a str], loose: Vec<usize>, gap: &dyn Fn(usize) -> usize| {
            let loose = loose.into_iter();
            loose
                .map(|at| likeness::Loose::new(texts[at], at, gap(at)))
                .collect::<Vec<_>>()
        };
        let old = side(self.before, loose_old, &|at| kept.partition_point(|k| k.0 < at));
        let new = side(self.after, loose_new, &|at| kept.partition_point(|k| k.1 < at));
        for (i, j) in likeness::pairs(&old, &new) {
            self.bind(i, j, Bond::Changed);
        }
    }

    /// Lists the changes; `head` paragraphs before the compared ones are equal.
    fn changes(&self, head: usize) -> Vec<ParagraphChange> {
        let mut budget = pieces::Budget::default();
        // A removed paragraph is told where it stood: after the partner of the last one before it that has one.
        let mut place = 0;
        let mut placed = Vec::new();
        for (i, bond) in self.bonds.iter().enumerate() {
            let (before, text) = (head + i + 1, self.before[i]);
            match *bond {
                None => placed.push((
                    (place, 1, i),
                    ParagraphChange::Removed {
                        before,
                        text: text.to_owned(),
                    },
                )),
                Some((j, Bond::Kept)) => place = j + 1,
                Some((j, Bond::Moved)) => placed.push((
                    (j + 1, 0, i),
                    ParagraphChange::Moved {
                        before,
                        after: head + j + 1,
                        text: text.to_owned(),
                    },
                )),
                Some((j, Bond::Changed)) => {
                    place = place.max(j + 1);
                    let pieces = pieces::between(text, self.after[j], &mut budget);
                    placed.push((
                        (j + 1, 0, i),
                        ParagraphChange::Changed {
                            before,
                            after: head + j + 1,
                            pieces,
                        },
                    ));
                }
            }
        }
        placed.extend((0..self.after.len()).filter(|j| !self.taken[*j]).map(|j| {
            let added = ParagraphChange::Added {
                after: head + j + 1,
                text: self.after[j].to_owned(),
            };
            ((j + 1, 0, 0), added)
        }));
        placed.sort_by_key(|(key, _)| *key);
        placed.into_iter().map(|(_, change)| change).collect()
    }
}

#[cfg(test)]
mod tests;
