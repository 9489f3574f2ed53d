//! Which paragraphs that were not found again are an edited form of one another.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::token::is_word;

/// How alike two paragraphs must be to be one, edited; 1000 is equal.
const LIKE: u32 = 500;
/// What standing between the same neighbours is worth.
const SAME_GAP: u32 = 250;
/// Up to so many pairs are all compared.
const MOST_PAIRS: usize = 1 << 14;
/// How many features of a paragraph are kept: those with the least hashes, so that two paragraphs keep the same.
const SKETCH: usize = 96;
/// How many of them lead to candidates where not all pairs are compared, and how many paragraphs may share one.
const KEYS: usize = 8;
const MOST_SHARING: usize = 4;
/// Bytes of a paragraph that features are taken from.
const LOOKED_AT: usize = 16 << 10;

/// A paragraph that has no equal on the other side.
pub struct Loose<'a> {
    text: &'a str,
    at: usize,
    gap: usize,
    /// Ascending.
    sketch: Vec<u32>,
}

impl<'a> Loose<'a> {
    /// Takes a paragraph, its place in the text, and the number of kept paragraphs before it.
    pub fn new(text: &'a str, at: usize, gap: usize) -> Self {
        Self {
            text,
            at,
            gap,
            sketch: sketch(text),
        }
    }
}

/// Returns places of paragraphs of which the second is the first, edited. Each occurs at most once.
pub fn pairs(old: &[Loose], new: &[Loose]) -> Vec<(usize, usize)> {
    let shared = Shared::between(old, new);
    let mut scored: Vec<(u32, usize, usize)> = candidates(old, new)
        .into_iter()
        .filter_map(|(i, j)| {
            let near = if old[i].gap == new[j].gap { SAME_GAP } else { 0 };
            let by_features = dice(&old[i].sketch, &new[j].sketch, shared.features(i, j));
            let score = by_features.max(shared_ends(old[i].text, new[j].text)) + near;
            (score >= LIKE).then_some((score, i, j))
        })
        .collect();
    scored.sort_unstable_by_key(|&(score, i, j)| (Reverse(score), i.abs_diff(j), i, j));
    let (mut taken_old, mut taken_new) = (vec![false; old.len()], vec![false; new.len()]);
    let mut pairs = Vec::new();
    for (_, i, j) in scored {
        if !taken_old[i] && !taken_new[j] {
            (taken_old[i], taken_new[j]) = (true, true);
            pairs.push((old[i].at, new[j].at));
        }
    }
    pairs
}

/// Pairs worth a look: all of them where they are few, else those that share a rare feature or a place.
fn candidates(old: &[Loose], new: &[Loose]) -> Vec<(usize, usize)> {
    if old.len().saturating_mul(new.len()) <= MOST_PAIRS {
        return (0..old.len())
            .flat_map(|i| (0..new.len()).map(move |j| (i, j)))
            .collect();
    }
    let mut holders: HashMap<u32, Vec<usize>> = HashMap::new();
    for (j, paragraph) in new.iter().enumerate() {
        for key in paragraph.sketch.iter().take(KEYS) {
            let holders = holders.entry(*key).or_default();
            // One more than may share it tells that too many do.
            if holders.len() <= MOST_SHARING {
                holders.push(j);
            }
        }
    }
    let mut candidates = HashSet::new();
    for (i, paragraph) in old.iter().enumerate() {
        for key in paragraph.sketch.iter().take(KEYS) {
            let sharing = holders.get(key).filter(|sharing| sharing.len() <= MOST_SHARING);
            candidates.extend(sharing.into_iter().flatten().map(|j| (i, *j)));
        }
    }
    candidates.extend(same_places(old, new));
    candidates.into_iter().collect()
}

/// The first of a gap with the first of it, the second with the second, and from the end likewise.
fn same_places(old: &[Loose], new: &[Loose]) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    let (mut i, mut j) = (0, 0);
    for old_gap in old.chunk_by(|a, b| a.gap == b.gap) {
        let gap = old_gap[0].gap;
        j += new[j..].partition_point(|paragraph| paragraph.gap < gap);
        let length = new[j..].partition_point(|paragraph| paragraph.gap == gap);
        let shorter = old_gap.len().min(length);
        let (end_i, end_j) = (i + old_gap.len(), j + length);
        places.extend((0..shorter).map(|at| (i + at, j + at)));
        places.extend((1..=shorter).map(|at| (end_i - at, end_j - at)));
        (i, j) = (end_i, end_j);
    }
    places
}

/// How many features the sketches of two paragraphs share.
enum Shared<'a> {
    /// Counted for all pairs at once: those of an old paragraph side by side.
    All { counts: Vec<u32>, width: usize },
    /// Counted when it is asked for.
    Asked {
        old: &'a [Loose<'a>],
        new: &'a [Loose<'a>],
    },
}

impl<'a> Shared<'a> {
    fn between(old: &'a [Loose], new: &'a [Loose]) -> Self {
        if old.len().saturating_mul(new.len()) > MOST_PAIRS {
            return Self::Asked { old, new };
        }
        let features = |side: &[Loose]| {
            let of_one = |(at, paragraph): (usize, &Loose)| {
                paragraph
                    .sketch
                    .iter()
                    .map(move |hash| (*hash, at))
                    .collect::<Vec<_>>()
            };
            let mut features: Vec<(u32, usize)> = side.iter().enumerate().flat_map(of_one).collect();
            features.sort_unstable();
            features
        };
        let width = new.len();
        let mut counts = vec![0; old.len() * width];
        let new = features(new);
        let mut first = 0;
        for (hash, i) in features(old) {
            // The next old feature may be the same one, so that its new holders are kept in sight.
            while new.get(first).is_some_and(|(other, _)| *other < hash) {
                first += 1;
            }
            for (_, j) in new[first..].iter().take_while(|(other, _)| *other == hash) {
                counts[i * width + j] += 1;
            }
        }
        Self::All { counts, width }
    }

    fn features(&self, i: usize, j: usize) -> u32 {
        match self {
            Self::All { counts, width } => counts[i * width + j],
            Self::Asked { old, new } => {
                let (old, mut new) = (&old[i].sketch, new[j].sketch.as_slice());
                let mut shared = 0;
                for hash in old {
                    new = &new[new.partition_point(|other| other < hash)..];
                    shared += u32::from(new.first() == Some(hash));
                }
                shared
            }
        }
    }
}

/// Dice's coefficient of the features, from as many of the least hashes as both sketches cover; of those, `shared` are
/// in both.
fn dice(old: &[u32], new: &[u32], shared: u32) -> u32 {
    if shared == 0 {
        return 0;
    }
    // Beyond the last hash of a full sketch nothing is known of its paragraph.
    let known_to = |sketch: &[u32]| {
        let full = sketch.len() == SKETCH;
        sketch.last().copied().filter(|_| full).unwrap_or(u32::MAX)
    };
    let limit = known_to(old).min(known_to(new));
    let covered = |sketch: &[u32]| sketch.partition_point(|hash| *hash <= limit);
    let all = u32::try_from(covered(old) + covered(new)).expect("a sketch is short");
    2000 * shared / all.max(1)
}

/// What part of the longer text the equal beginning and end are.
fn shared_ends(old: &str, new: &str) -> u32 {
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let (longer, shorter) = (old.len().max(new.len()), old.len().min(new.len()));
    if shorter * 2 < longer || longer == 0 {
        return 0;
    }
    let head = super::pieces::equal_bytes(old, new);
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev());
    let ends = head + tail.take_while(|(a, b)| a == b).count();
    u32::try_from(ends.saturating_mul(1000) / longer).unwrap_or(1000)
}

/// The features of a paragraph are its words and characters, and each with the one before it.
fn sketch(text: &str) -> Vec<u32> {
    let mut hashes = Vec::new();
    let (mut word, mut previous) = (None, 0);
    let mut feature = |token: u64| {
        hashes.push(mixed(token));
        hashes.push(mixed(token.rotate_left(32) ^ previous));
        previous = token;
    };
    for (at, c) in text.char_indices() {
        if at > LOOKED_AT {
            break;
        }
        if is_word(c) {
            word = Some(chained(word.unwrap_or(0), c));
            continue;
        }
        word.take().into_iter().for_each(&mut feature);
        if !c.is_whitespace() {
            feature(chained(0, c));
        }
    }
    word.into_iter().for_each(&mut feature);
    if hashes.len() > SKETCH * 4 {
        hashes.select_nth_unstable(SKETCH * 4);
        hashes.truncate(SKETCH * 4);
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes.truncate(SKETCH);
    hashes
}

fn chained(hash: u64, c: char) -> u64 {
    (hash.rotate_left(5) ^ u64::from(u32::from(c))).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// The finalizer of `SplitMix64`, its upper half.
fn mixed(hash: u64) -> u32 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from(hash >> 32).expect("half of 64 bits is 32 bits")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shared_is_the_same_however_it_is_counted(texts in proptest::collection::vec("[ab 中文字。]{0,200}", 0..8)) {
            let loose: Vec<Loose> = texts.iter().enumerate().map(|(at, text)| Loose::new(text, at, 0)).collect();
            let (old, new) = loose.split_at(loose.len() / 2);
            let (counted, asked) = (Shared::between(old, new), Shared::Asked { old, new });
            for (i, one) in old.iter().enumerate() {
                for (j, other) in new.iter().enumerate() {
                    let hashes: HashSet<&u32> = one.sketch.iter().collect();
                    let shared = other.sketch.iter().filter(|hash| hashes.contains(hash)).count();
                    prop_assert_eq!(usize::try_from(counted.features(i, j)), Ok(shared));
                    prop_assert_eq!(counted.features(i, j), asked.features(i, j));
                    let likeness = dice(&one.sketch, &other.sketch, counted.features(i, j));
                    prop_assert!(likeness <= 1000 && (one.text != other.text || one.sketch.is_empty() || likeness == 1000));
                }
            }
        }
    }
}
