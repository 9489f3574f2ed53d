//! What a page in plain text keeps of the markup of the revision before: plain text says nothing of links, headings and emphasis, so
//! that each block whose words are the same keeps its source.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use crate::article::Article;
use crate::canonical;
use crate::commonmark::{self, Block};
use crate::diff::align;

/// Gives the blocks of a page the sources of those blocks before that have their text, also where they stand elsewhere now. Returns
/// how many blocks with markup have no such block and another text in their place.
pub(super) fn keep(blocks: &mut Vec<Block>, before: &Article) -> usize {
    let blocks_of = |source: &String| commonmark::blocks(source).unwrap_or_default();
    let old: Vec<Block> = before.sources.iter().flat_map(blocks_of).collect();
    // A list or a quotation has several paragraphs where the page shows it.
    let old_paragraphs: Vec<Vec<String>> = old
        .iter()
        .map(|block| canonical::paragraphs(&block.plain).collect())
        .collect();
    let old_texts: Vec<&str> = old_paragraphs.iter().flatten().map(String::as_str).collect();
    let new_texts: Vec<&str> = blocks.iter().map(|block| block.plain.as_str()).collect();
    let (old_numbers, new_numbers) = align::numbered(&old_texts, &new_texts);
    let mut places: Vec<Option<usize>> = vec![None; old_texts.len()];
    for (from, to) in align::kept(&old_numbers, &new_numbers) {
        places[from] = Some(to);
    }
    let mut kept: Vec<Option<usize>> = Vec::with_capacity(old.len());
    let mut start = 0;
    for paragraphs in &old_paragraphs {
        let own = &places[start..start + paragraphs.len()];
        start += paragraphs.len();
        let first = own.first().copied().flatten();
        let is_whole =
            first.is_some_and(|first| own.iter().zip(first..).all(|(place, at)| *place == Some(at)));
        kept.push(first.filter(|_| is_whole));
    }
    // Who has the text of each paragraph of the new page.
    let mut owners: Vec<Option<usize>> = vec![None; blocks.len()];
    for (at, first) in kept.iter().enumerate() {
        if let Some(first) = *first {
            owners[first..first + old_paragraphs[at].len()].fill(Some(at));
        }
    }
    let is_moved = moved(&old_paragraphs, &kept, &new_texts, &mut owners);
    let mut lost = replaced(&old, &kept, &is_moved, &owners);
    let mut written: Vec<Block> = Vec::with_capacity(blocks.len());
    // The block of the revision before whose source was written last, right above.
    let mut above: Option<usize> = None;
    let mut next = 0;
    while let Some(new) = blocks.get(next) {
        let Some(at) = owners[next] else {
            written.push(new.clone());
            above = None;
            next += 1;
            continue;
        };
        let mut block = old[at].clone();
        block.line = new.line;
        let is_beside = above.is_none_or(|above| above + 1 == at);
        if let Some(last) = written.last().filter(|_| !is_beside) {
            block.put_below(last);
        }
        lost += usize::from(std::mem::take(&mut block.loses_markup));
        written.push(block);
        above = Some(at);
        next += old_paragraphs[at].len();
    }
    *blocks = written;
    lost
}

/// Counts the blocks with markup that are gone and have another text in their place: between two that stayed, or else anywhere.
fn replaced(old: &[Block], kept: &[Option<usize>], is_moved: &[bool], owners: &[Option<usize>]) -> usize {
    let stay = !is_moved.contains(&true);
    let others = |range: Range<usize>| owners[range].iter().filter(|owner| owner.is_none()).count();
    let (mut replaced, mut gone, mut all_gone, mut done) = (0, 0, 0, 0);
    for (at, block) in old.iter().enumerate() {
        match kept[at] {
            Some(first) if stay => {
                replaced += gone.min(others(done..first));
                gone = 0;
                done = first;
            }
            Some(_) => {}
            None => {
                let has_markup = block.loses_markup || !block.is_plain();
                let is_gone = usize::from(has_markup && !is_moved[at]);
                gone += is_gone;
                all_gone += is_gone;
            }
        }
    }
    replaced += gone.min(others(done..owners.len()));
    if replaced == 0 {
        // A block that moved and was changed as well.
        replaced = all_gone.min(others(0..owners.len()));
    }
    replaced
}

/// Gives blocks that stand elsewhere now their text, each the first that nobody has. Tells of each block whether it got one.
fn moved(
    old: &[Vec<String>],
    kept: &[Option<usize>],
    new: &[&str],
    owners: &mut [Option<usize>],
) -> Vec<bool> {
    let mut places: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (at, text) in new.iter().enumerate().filter(|(at, _)| owners[*at].is_none()) {
        places.entry(text).or_default().push_back(at);
    }
    let mut is_moved = vec![false; old.len()];
    for (at, paragraphs) in old.iter().enumerate().filter(|(at, _)| kept[*at].is_none()) {
        let first = paragraphs
            .first()
            .and_then(|first| places.get_mut(first.as_str()));
        let Some(place) = first.and_then(|places| next_free(places, owners)) else {
            continue;
        };
        let own = place..place + paragraphs.len();
        let is_whole = new
            .get(own.clone())
            .is_some_and(|texts| texts == paragraphs.as_slice());
        if is_whole && owners[own.clone()].iter().all(Option::is_none) {
            owners[own].fill(Some(at));
            is_moved[at] = true;
        }
    }
    is_moved
}

/// Takes the first place that nobody has.
fn next_free(places: &mut VecDeque<usize>, owners: &[Option<usize>]) -> Option<usize> {
    std::iter::from_fn(|| places.pop_front()).find(|place| owners[*place].is_none())
}
