//! Which equal elements of two sequences keep their order: paragraphs of a text, sentences of a paragraph.

use std::collections::HashMap;

/// Counts the equal elements that both sequences begin with.
pub fn common_head<T: PartialEq>(before: &[T], after: &[T]) -> usize {
    before.iter().zip(after).take_while(|(a, b)| a == b).count()
}

/// Counts the equal elements that both sequences end with.
pub fn common_tail<T: PartialEq>(before: &[T], after: &[T]) -> usize {
    let pairs = before.iter().rev().zip(after.iter().rev());
    pairs.take_while(|(a, b)| a == b).count()
}

/// Gives equal texts equal numbers.
pub fn numbered<'a>(before: &[&'a str], after: &[&'a str]) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<&'a str, u32> = HashMap::with_capacity(before.len());
    let mut number = |text: &&'a str| {
        let next = u32::try_from(known.len()).expect("texts of at most 64 MiB have fewer parts");
        *known.entry(text).or_insert(next)
    };
    (
        before.iter().map(&mut number).collect(),
        after.iter().map(&mut number).collect(),
    )
}

/// Returns pairs of equal elements, ascending on both sides.
///
/// Elements that occur once on either side are anchors (the patience diff of Bram Cohen); between two anchors
/// the first occurrence is held against the first, the second against the second. Takes `n log n` steps.
pub fn kept(before: &[u32], after: &[u32]) -> Vec<(usize, usize)> {
    let anchors = ascending(once_on_either_side(before, after));
    let mut kept = Vec::with_capacity(anchors.len());
    let (mut i, mut j) = (0, 0);
    for (anchor_i, anchor_j) in anchors.into_iter().chain([(before.len(), after.len())]) {
        between_anchors(&before[i..anchor_i], &after[j..anchor_j], (i, j), &mut kept);
        if anchor_i < before.len() {
            kept.push((anchor_i, anchor_j));
        }
        (i, j) = (anchor_i + 1, anchor_j + 1);
    }
    kept
}

fn between_anchors(before: &[u32], after: &[u32], start: (usize, usize), kept: &mut Vec<(usize, usize)>) {
    let head = common_head(before, after);
    let tail = common_tail(&before[head..], &after[head..]);
    let (end_i, end_j) = (before.len() - tail, after.len() - tail);
    kept.extend((0..head).map(|at| (start.0 + at, start.1 + at)));
    let inner = occurrence_by_occurrence(&before[head..end_i], &after[head..end_j]);
    let offset = (start.0 + head, start.1 + head);
    kept.extend(
        ascending(inner)
            .into_iter()
            .map(|(i, j)| (offset.0 + i, offset.1 + j)),
    );
    kept.extend((0..tail).map(|at| (start.0 + end_i + at, start.1 + end_j + at)));
}

fn once_on_either_side(before: &[u32], after: &[u32]) -> Vec<(usize, usize)> {
    let places = |side: &[u32]| {
        let mut places: HashMap<u32, Option<usize>> = HashMap::with_capacity(side.len());
        for (at, element) in side.iter().enumerate() {
            let place = places.entry(*element).and_modify(|known| *known = None);
            place.or_insert(Some(at));
        }
        places
    };
    let (old, new) = (places(before), places(after));
    let pair = |(i, element): (usize, &u32)| {
        let once = old.get(element).copied().flatten().is_some();
        let j = new.get(element).copied().flatten()?;
        once.then_some((i, j))
    };
    before.iter().enumerate().filter_map(pair).collect()
}

fn occurrence_by_occurrence(before: &[u32], after: &[u32]) -> Vec<(usize, usize)> {
    if before.is_empty() || after.is_empty() {
        return Vec::new();
    }
    let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
    for (j, element) in after.iter().enumerate().rev() {
        places.entry(*element).or_default().push(j);
    }
    let pair = |(i, element): (usize, &u32)| Some((i, places.get_mut(element)?.pop()?));
    before.iter().enumerate().filter_map(pair).collect()
}

/// Returns a longest part of the pairs, which ascend on the first side, that ascends on the second as well.
fn ascending(pairs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    if pairs.is_sorted_by_key(|pair| pair.1) {
        return pairs;
    }
    // ends[n] is the pair with the least second side that ends an ascending part of n + 1 pairs.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < pair.1);
        previous[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut chain: Vec<_> = std::iter::successors(ends.last().copied(), |at| previous[*at])
        .map(|at| pairs[at])
        .collect();
    chain.reverse();
    chain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repeated_elements_are_held_together_in_order() {
        assert_eq!(kept(&[7, 1, 7, 2], &[1, 7, 2]), [(1, 0), (2, 1), (3, 2)]);
        assert_eq!(kept(&[1, 2, 3], &[1, 3, 2]).len(), 2);
    }

    proptest! {
        #[test]
        fn kept_pairs_are_equal_and_ascend(
            before in proptest::collection::vec(0_u32..9, 0..30), after in proptest::collection::vec(0_u32..9, 0..30)
        ) {
            let kept = kept(&before, &after);
            prop_assert!(kept.iter().all(|(i, j)| before[*i] == after[*j]));
            prop_assert!(kept.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
        }
    }
}
