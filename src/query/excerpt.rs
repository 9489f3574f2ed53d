//! The part of a text that shows best what was found in it.

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::Place;
use super::token::{Class, each_folded};

/// Places that are tried as the beginning of the part that is shown.
const MOST_TRIED: usize = 200;

/// A piece of what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its text, with one blank for each run of white space.
    pub text: String,
    /// Whether it is what was searched for.
    pub is_found: bool,
}

/// Returns a whole text with the places in it marked.
#[must_use]
pub fn whole(text: &str, places: &[Place]) -> Vec<Piece> {
    pieces(text, 0, text.len(), places)
}

/// Returns a part of a text with as many of the terms as can be shown in so many columns, the first such part; of a
/// text that has none, its beginning. Where the text goes on there is an ellipsis.
#[must_use]
pub fn excerpt(text: &str, places: &[Place], columns: usize) -> Vec<Piece> {
    let text = text.trim_end();
    let row = Columns::of(text);
    let best = row.best(places, columns);
    let (first, last) = best.map_or((0, 0), |place| {
        (row.number(place.bytes.start), row.number(place.bytes.end))
    });
    let mut begin = row.back(first, columns / 4);
    let mut end = row.on(begin, columns);
    if end == row.len() {
        // What is left over at the end is of use at the beginning.
        begin = begin.min(row.back(end, columns));
    }
    while begin > 0 && begin < first && row.is_within_a_word(text, begin) {
        begin += 1;
    }
    while end < row.len() && end > last.max(begin + 1) && row.is_within_a_word(text, end) {
        end -= 1;
    }
    let [begin, end] = [begin, end].map(|number| row.byte(number));
    let mut pieces = pieces(text, begin, end, places);
    let ellipsis = || Piece {
        text: "…".to_owned(),
        is_found: false,
    };
    if begin > 0 {
        pieces.insert(0, ellipsis());
    }
    if end < text.len() {
        if let Some(last) = pieces.last_mut() {
            last.text.truncate(last.text.trim_end().len());
        }
        pieces.push(ellipsis());
    }
    joined(pieces)
}

/// The graphemes of a text, each with the byte at which it begins and the columns before it.
struct Columns {
    begins: Vec<usize>,
    before: Vec<usize>,
}

impl Columns {
    fn of(text: &str) -> Self {
        let (mut begins, mut before) = (Vec::new(), Vec::new());
        let (mut width, mut after_blank) = (0, false);
        for (at, grapheme) in text.grapheme_indices(true) {
            begins.push(at);
            before.push(width);
            let blank = grapheme.chars().all(char::is_whitespace);
            width += if blank {
                usize::from(!after_blank)
            } else {
                grapheme.width()
            };
            after_blank = blank;
        }
        begins.push(text.len());
        before.push(width);
        Self { begins, before }
    }

    fn len(&self) -> usize {
        self.begins.len() - 1
    }

    fn byte(&self, number: usize) -> usize {
        self.begins[number.min(self.len())]
    }

    /// Returns the number of the first grapheme that does not begin before a byte.
    fn number(&self, byte: usize) -> usize {
        self.begins.partition_point(|begin| *begin < byte).min(self.len())
    }

    /// Goes back from a grapheme by some columns at most.
    fn back(&self, number: usize, columns: usize) -> usize {
        let least = self.before[number].saturating_sub(columns);
        self.before.partition_point(|before| *before < least)
    }

    /// Goes on from a grapheme by some columns at most.
    fn on(&self, number: usize, columns: usize) -> usize {
        let most = self.before[number] + columns;
        self.before.partition_point(|before| *before <= most) - 1
    }

    /// Finds the first place after which the most terms stand within three quarters of the columns.
    fn best<'a>(&self, places: &'a [Place], columns: usize) -> Option<&'a Place> {
        let mut best: Option<(usize, &Place)> = None;
        for (at, place) in places.iter().enumerate().take(MOST_TRIED) {
            let end = self.byte(self.on(self.number(place.bytes.start), columns - columns / 4));
            let near = places[at..].iter().take_while(|near| near.bytes.start < end);
            let terms: BTreeSet<usize> = near
                .filter(|near| near.bytes.end <= end)
                .map(|near| near.term)
                .collect();
            if best.is_none_or(|(most, _)| terms.len() > most) {
                best = Some((terms.len(), place));
            }
        }
        best.map(|(_, place)| place)
    }

    fn is_within_a_word(&self, text: &str, number: usize) -> bool {
        let (before, after) = text.split_at(self.byte(number));
        let is_word = |c: Option<char>| {
            let mut is_word = false;
            if let Some(c) = c {
                each_folded(c, |folded| is_word = Class::of(folded) == Class::Word);
            }
            is_word
        };
        is_word(before.chars().next_back()) && is_word(after.chars().next())
    }
}

/// Cuts a part of a text where the places in it begin and end.
fn pieces(text: &str, begin: usize, end: usize, places: &[Place]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut shown = begin;
    for place in places {
        let (from, to) = (place.bytes.start.max(shown), place.bytes.end.min(end));
        if from < to {
            pieces.push((shown..from, false));
            pieces.push((from..to, true));
            shown = to;
        }
    }
    pieces.push((shown..end.max(shown), false));
    let piece = |(bytes, is_found): (std::ops::Range<usize>, bool)| Piece {
        text: text[bytes].to_owned(),
        is_found,
    };
    joined(pieces.into_iter().map(piece).collect())
}

/// Brings each run of white space to one blank, and puts pieces of a kind together.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    let mut after_blank = true;
    for piece in pieces {
        if joined.last().is_none_or(|last| last.is_found != piece.is_found) {
            joined.push(Piece {
                text: String::new(),
                is_found: piece.is_found,
            });
        }
        let Some(last) = joined.last_mut() else { continue };
        for c in piece.text.chars() {
            let blank = c.is_whitespace();
            if !blank {
                last.text.push(c);
            } else if !after_blank {
                last.text.push(' ');
            }
            after_blank = blank;
        }
    }
    joined.retain(|piece| !piece.text.is_empty());
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Document, Query};
    use super::*;

    fn shown(text: &str, query: &str, columns: usize) -> String {
        let document = Document {
            languages: &[],
            titles: &[],
            tags: &[],
            text,
        };
        let found = Query::parse(query).unwrap().find(&document).unwrap();
        let pieces = excerpt(text, &found.text, columns);
        let piece = |piece: &Piece| {
            if piece.is_found {
                format!("[{}]", piece.text)
            } else {
                piece.text.clone()
            }
        };
        pieces.iter().map(piece).collect()
    }

    #[test]
    fn the_part_with_the_most_terms_is_shown() {
        let text = "The ferry stopped in the year before.\n\nNobody knew when it would go again, and the old bridge was \
                    closed. The new\nbridge opened today.\n";
        assert_eq!(
            shown(text, "bridge opened", 40),
            "…was closed. The new [bridge] [opened] today."
        );
        assert_eq!(shown(text, "ferry", 30), "The [ferry] stopped in the year…");
        assert_eq!(
            shown(text, "ferry \"new bridge\"", 24),
            "The [ferry] stopped in the…"
        );
        let text = "桥今天通车。船昨天停航。桥又停工了。";
        assert_eq!(shown(text, "昨天停", 16), "…。船[昨天停]航。桥…");
        assert_eq!(shown(text, "桥", 60), "[桥]今天通车。船昨天停航。[桥]又停工了。");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_a_part_of_the_text_and_no_wider(
            text in "([a-c]{1,4}|[桥今天]{1,4}|[ \n]{1,2}|[。👩\u{200d}e\u{301}]{1,3}){1,40}", query in "[a-c]{1,2}|[桥今天]{1,2}", columns in 8_usize..60
        ) {
            let document = Document { languages: &[], titles: &[], tags: &[], text: &text };
            let found = Query::parse(&query).unwrap().find(&document).unwrap_or_default();
            let pieces = excerpt(&text, &found.text, columns);
            let all: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let part = all.trim_start_matches('…').trim_end_matches('…');
            prop_assert!(flat.contains(part.trim()), "{:?} in {:?}", all, flat);
            prop_assert!(all.width() <= columns + 4, "{:?}", all);
            prop_assert_eq!(found.text.is_empty(), !pieces.iter().any(|piece| piece.is_found));
        }
    }
}
