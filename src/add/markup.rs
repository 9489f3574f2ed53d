//! What a page in plain text keeps of the markup of the revision before: plain text says nothing of links, headings and emphasis, so
//! that each block whose words are the same keeps its source.

use crate::article::Article;
use crate::canonical;
use crate::commonmark::{self, Block};
use crate::diff::align;

/// Gives the blocks of a page the sources of those blocks before that have their text, in their order. Returns how many blocks with
/// markup have no such block and another text in their place.
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
    let mut written: Vec<Block> = Vec::with_capacity(blocks.len());
    let mut lost = 0;
    let mut loose = 0;
    let mut done = 0;
    // The block of the revision before whose source was written last.
    let mut above: Option<usize> = None;
    for (at, block) in old.iter().enumerate() {
        let Some(first) = kept[at] else {
            loose += usize::from(block.source != commonmark::escape(&block.plain));
            continue;
        };
        lost += loose.min(first - done);
        loose = 0;
        above = above.filter(|_| first == done);
        written.extend_from_slice(&blocks[done..first]);
        let is_beside = above.is_none_or(|above| above + 1 == at || are_apart(&old[above], block));
        let source = if is_beside {
            block.source.clone()
        } else {
            commonmark::escape(&block.plain)
        };
        written.push(Block {
            plain: block.plain.clone(),
            source,
            line: blocks[first].line,
        });
        above = Some(at);
        done = first + old_paragraphs[at].len();
    }
    lost += loose.min(blocks.len() - done);
    written.extend_from_slice(&blocks[done..]);
    *blocks = written;
    lost
}

/// Tells whether two blocks stay two where nothing stands between them any more: a list takes in another one below it.
fn are_apart(before: &Block, after: &Block) -> bool {
    let together = commonmark::plain_text(&format!("{}\n\n{}", before.source, after.source));
    together.is_ok_and(|together| {
        together.trim_end_matches('\n') == format!("{}\n\n{}", before.plain, after.plain)
    })
}
