//! Finding a delta: what of the target stands in the base, and where.
//!
//! Most targets differ from their base in one place, so the common beginning and end are found first. What lies
//! between is looked up word by word among the words of the base; of several places the longest match is taken.
//! Only so many places are kept and so many tried that the time stays in proportion to the lengths, whatever the
//! bytes.

use super::COPY_WITHOUT_LENGTH;
use crate::object::LARGEST_OBJECT;

/// Bytes that have to be equal before a match is looked at.
const WORD: usize = 8;

/// The shortest beginning that is worth a copy, which takes two bytes there.
const SHORTEST_BEGINNING: usize = 4;

/// A changed part that is shorter than this is not looked up.
const SHORTEST_LOOKED_UP: usize = 12;

/// How far around a change its bytes are looked up, in lengths of the change.
const REACH: usize = 32;

/// The most places of the base that are kept; of a longer base only every second, third … word is one.
const MOST_PLACES: usize = 1 << 18;

/// The most places that are tried for one word.
const MOST_TRIED: usize = 16;

/// The most new bytes that one instruction brings.
const MOST_NEW: usize = 127;

/// Returns a delta that makes the target from the base, or `None` where it would be longer than `most` bytes, or
/// one of the two is empty: git makes and takes no delta of an empty object.
#[must_use]
pub fn encode(base: &[u8], target: &[u8], most: usize) -> Option<Vec<u8>> {
    let is_usual = |bytes: &[u8]| !bytes.is_empty() && bytes.len() <= LARGEST_OBJECT;
    if !is_usual(base) || !is_usual(target) {
        return None;
    }
    let mut instructions = Instructions::new(base, target, most);
    let mut begun = common_beginning(base, target);
    if begun < SHORTEST_BEGINNING && begun < target.len() {
        begun = 0;
    }
    let mut ended = common_end(&base[begun..], &target[begun..]);
    if ended < WORD {
        ended = 0;
    }
    instructions.copy(0, begun);
    let end = target.len() - ended;
    let changed = end - begun;
    if changed >= SHORTEST_LOOKED_UP && base.len() >= WORD {
        let reach = changed.saturating_mul(REACH);
        let from = begun.saturating_sub(reach);
        let to = (base.len() - ended).saturating_add(reach).min(base.len());
        Places::of(base, from, to).find(target, begun, end, &mut instructions)?;
    } else {
        instructions.new_bytes(begun..end);
    }
    instructions.copy(base.len() - ended, ended);
    instructions.finish()
}

/// Where in a part of the base each word stands, in lists of places with the same hash.
struct Places<'a> {
    base: &'a [u8],
    first: usize,
    stride: usize,
    /// For each hash, the number of a place, counted from 1, or 0.
    heads: Vec<u32>,
    /// For each place, the next one with the same hash.
    next: Vec<u32>,
    shift: u32,
}

impl<'a> Places<'a> {
    fn of(base: &'a [u8], from: usize, to: usize) -> Self {
        let words = (to - from).saturating_sub(WORD - 1);
        let stride = words.div_ceil(MOST_PLACES).max(1);
        let count = words.div_ceil(stride);
        let bits = count.next_power_of_two().ilog2().max(1);
        let mut places = Self {
            base,
            first: from,
            stride,
            heads: vec![0; 1 << bits],
            next: vec![0; count],
            shift: u64::BITS - bits,
        };
        // The last place of a list is entered first, so that the first one is tried first.
        for number in (0..count).rev() {
            let word = word_at(base, from + number * stride).expect("so many words begin there");
            let head = places.hash(word);
            places.next[number] = places.heads[head];
            places.heads[head] = u32::try_from(number + 1).expect("places are few");
        }
        places
    }

    /// Tells the part of the target as copies and new bytes; `None` where that takes too many bytes.
    fn find(&self, target: &[u8], from: usize, to: usize, instructions: &mut Instructions<'_>) -> Option<()> {
        let (mut at, mut told) = (from, from);
        let target = &target[..to];
        while let Some(word) = word_at(target, at) {
            let Some((place, length)) = self.longest(word, &target[at..]) else {
                at += 1;
                continue;
            };
            let before = common_end(&self.base[..place], &target[told..at]);
            instructions.new_bytes(told..at - before);
            instructions.copy(place - before, length + before);
            if instructions.are_too_many() {
                return None;
            }
            at += length;
            told = at;
        }
        instructions.new_bytes(told..to);
        Some(())
    }

    fn longest(&self, word: u64, target: &[u8]) -> Option<(usize, usize)> {
        let mut longest = None;
        let mut number = self.heads[self.hash(word)];
        for _ in 0..MOST_TRIED {
            let Some(place) = number.checked_sub(1) else { break };
            let at = self.first + place as usize * self.stride;
            if word_at(self.base, at) == Some(word) {
                let length = common_beginning(&self.base[at..], target);
                if longest.is_none_or(|(_, known)| length > known) {
                    longest = Some((at, length));
                }
            }
            number = self.next[place as usize];
        }
        longest
    }

    /// Fibonacci hashing: the highest bits of a product.
    fn hash(&self, word: u64) -> usize {
        let hash = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift;
        usize::try_from(hash).expect("the table has fewer than 2^32 heads")
    }
}

/// The delta as far as it is written. The last copy is held back, because the next one may go on where it ends.
struct Instructions<'a> {
    delta: Vec<u8>,
    target: &'a [u8],
    most: usize,
    held: std::ops::Range<usize>,
}

impl<'a> Instructions<'a> {
    fn new(base: &[u8], target: &'a [u8], most: usize) -> Self {
        let mut delta = Vec::with_capacity(64);
        write_length(&mut delta, base.len());
        write_length(&mut delta, target.len());
        Self {
            delta,
            target,
            most,
            held: 0..0,
        }
    }

    fn are_too_many(&self) -> bool {
        self.delta.len() > self.most
    }

    fn copy(&mut self, from: usize, many: usize) {
        if many == 0 {
            return;
        }
        if !self.held.is_empty() && self.held.end == from {
            self.held.end += many;
        } else {
            self.release();
            self.held = from..from + many;
        }
    }

    fn new_bytes(&mut self, range: std::ops::Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.release();
        for bytes in self.target[range].chunks(MOST_NEW) {
            self.delta
                .push(u8::try_from(bytes.len()).expect("at most 127 bytes"));
            self.delta.extend_from_slice(bytes);
            if self.delta.len() > self.most {
                return;
            }
        }
    }

    fn release(&mut self) {
        let held = std::mem::replace(&mut self.held, 0..0);
        for from in held.clone().step_by(COPY_WITHOUT_LENGTH) {
            let many = COPY_WITHOUT_LENGTH.min(held.end - from);
            let instruction = self.delta.len();
            self.delta.push(0x80);
            let offset = u32::try_from(from).expect("an object's length fits in 32 bits");
            self.number(instruction, 0x01, &offset.to_le_bytes());
            if let Ok(many) = u16::try_from(many) {
                self.number(instruction, 0x10, &many.to_le_bytes());
            }
        }
    }

    /// Writes the bytes of a number that are not zero, and marks them in the instruction.
    fn number(&mut self, instruction: usize, first: u8, bytes: &[u8]) {
        for (position, byte) in bytes.iter().enumerate().filter(|(_, byte)| **byte != 0) {
            self.delta.push(*byte);
            self.delta[instruction] |= first << position;
        }
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        self.release();
        (self.delta.len() <= self.most).then_some(self.delta)
    }
}

fn write_length(delta: &mut Vec<u8>, mut length: usize) {
    while length > 0x7f {
        delta.push(0x80 | u8::try_from(length & 0x7f).expect("seven bits"));
        length >>= 7;
    }
    delta.push(u8::try_from(length).expect("seven bits"));
}

fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

fn common_beginning(one: &[u8], other: &[u8]) -> usize {
    let words = one.as_chunks::<WORD>().0.iter().zip(other.as_chunks::<WORD>().0);
    let equal = words.take_while(|(one, other)| one == other).count() * WORD;
    let rest = one[equal..].iter().zip(&other[equal..]);
    equal + rest.take_while(|(one, other)| one == other).count()
}

fn common_end(one: &[u8], other: &[u8]) -> usize {
    let (one_words, other_words) = (one.as_rchunks::<WORD>().1, other.as_rchunks::<WORD>().1);
    let words = one_words.iter().rev().zip(other_words.iter().rev());
    let equal = words.take_while(|(one, other)| one == other).count() * WORD;
    let one = one[..one.len() - equal].iter().rev();
    let rest = one.zip(other[..other.len() - equal].iter().rev());
    equal + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::super::apply;
    use super::*;

    fn length(base: &[u8], target: &[u8]) -> usize {
        let delta = encode(base, target, usize::MAX).unwrap();
        assert_eq!(apply(base, &delta).unwrap(), target);
        let most = delta.len();
        assert_eq!(encode(base, target, most).as_ref(), Some(&delta));
        assert_eq!(encode(base, target, most - 1), None);
        most
    }

    /// A tree of so many folders, with ids like noise.
    fn tree(entries: impl Iterator<Item = u32>) -> Vec<u8> {
        let mut body = Vec::new();
        for entry in entries {
            body.extend(format!("40000 some-words-of-a-title-{entry:04}\0").into_bytes());
            let mut noise = entry.wrapping_add(1);
            for _ in 0..20 {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                body.push(noise.to_be_bytes()[0]);
            }
        }
        body
    }

    fn text(words: usize) -> Vec<u8> {
        let text: Vec<String> = (0..words)
            .map(|word| format!("词{}", word * 7919 % 100_003))
            .collect();
        text.join(" ").into_bytes()
    }

    #[test]
    fn a_tree_with_one_more_entry_is_told_in_the_entry_and_two_copies() {
        let base = tree((0..240).filter(|entry| *entry != 100));
        assert!(base.len() > 12_000);
        let target = tree(0..240);
        assert!(length(&base, &target) <= 53 + 16, "one entry has 53 bytes");
        let mut changed = target.clone();
        changed[5000..5020].fill(7);
        assert!(length(&target, &changed) <= 20 + 16);
        assert!(length(&base, &tree((0..240).chain([9999]))) <= 2 * 53 + 16);
    }

    #[test]
    fn a_text_that_is_a_slice_of_its_base_is_told_in_a_copy_for_each_difference() {
        let page = text(400);
        let half = &page[page.len() / 2 + 1..];
        assert!(length(&page, half) <= 12);
        assert!(length(&page, &page[..page.len() / 2]) <= 12);
        let escaped = half.to_vec();
        let escaped: Vec<u8> = escaped
            .iter()
            .enumerate()
            .flat_map(|(at, byte)| (at % 500 == 499).then_some(b'\\').into_iter().chain([*byte]))
            .collect();
        assert!(length(&page, &escaped) <= 12 + escaped.len() / 500 * 10);
    }

    #[test]
    fn a_text_with_some_words_changed_and_parts_in_another_order_is_told_in_little() {
        let base = text(2000);
        let mut target = base.clone();
        for at in [1000, 5000, 9000] {
            target[at..at + 30].copy_from_slice(b"thirty new bytes that are new.");
        }
        assert!(length(&base, &target) <= 3 * (30 + 8) + 16);
        let turned = [&base[8000..], &base[..8000]].concat();
        assert!(length(&base, &turned) <= 24);
    }

    #[test]
    fn nearly_equal_lines_are_told_in_their_differences() {
        let message = |id: &str, second: u32| {
            format!("tree {id}\nparent {id}\nauthor Desk <desk@example.org> 17000{second} +0800\n\npublish: words and words\n\nLanguages: zh, en\n")
                .into_bytes()
        };
        let (base, target) = (message(&"7".repeat(40), 11_111), message(&"a".repeat(40), 22_222));
        assert!(length(&base, &target) <= 40 + 40 + 5 + 30);
        let base = b"{\n  \"date\": \"2026-01-22T12:00:00+08:00\",\n  \"kind\": \"publish\"\n}\n";
        let target = b"{\n  \"date\": \"2026-01-23T12:00:00+08:00\",\n  \"kind\": \"publish\"\n}\n";
        assert!(length(base, target) <= 12);
    }

    #[test]
    fn empty_objects_have_no_delta_and_equal_ones_a_short_one() {
        assert_eq!(encode(b"", b"a", 100), None);
        assert_eq!(encode(b"a", b"", 100), None);
        assert_eq!(
            length(b"a", b"a"),
            4,
            "git takes no delta of fewer than four bytes"
        );
        let one_copy = vec![7; 0x1_0000];
        assert_eq!(length(&one_copy, &one_copy), 3 + 3 + 1);
        let long = vec![7; 0x3_0001];
        assert_eq!(length(&long, &long), 3 + 3 + 1 + 2 + 2 + 3);
    }

    #[test]
    fn no_bytes_take_longer_than_their_length_allows() {
        let zeros = vec![0_u8; 4 << 20];
        let mut dotted = zeros.clone();
        dotted.iter_mut().step_by(100).for_each(|byte| *byte = 1);
        let mut odd = zeros.clone();
        odd.iter_mut().skip(50).step_by(99).for_each(|byte| *byte = 1);
        for (base, target) in [(&zeros, &dotted), (&dotted, &zeros), (&dotted, &odd)] {
            let begun = Instant::now();
            let delta = encode(base, target, usize::MAX).unwrap();
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
            assert_eq!(apply(base, &delta).unwrap(), *target);
        }
    }

    proptest! {
        #[test]
        fn the_delta_makes_the_target_of_any_base(
            base in prop::collection::vec(0..4_u8, 1..300),
            target in prop::collection::vec(0..4_u8, 1..300),
        ) {
            length(&base, &target);
        }

        #[test]
        fn edits_of_a_text_are_told_in_their_own_length(
            seed in any::<[u8; 32]>(),
            cuts in prop::collection::vec((0..9000_usize, 0..60_usize, prop::collection::vec(any::<u8>(), 0..40)), 0..6),
        ) {
            let mut noise = u64::from_le_bytes(*seed.first_chunk().unwrap()) | 1;
            let base: Vec<u8> = (0..9000).map(|_| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                noise.to_le_bytes()[3]
            }).collect();
            let mut target = base.clone();
            let mut new = 0;
            for (at, many, bytes) in cuts {
                let at = at.min(target.len());
                let end = (at + many).min(target.len());
                new += bytes.len();
                target.splice(at..end, bytes);
                new += 2 * WORD + 10;
            }
            prop_assert!(length(&base, &target) <= 30 + new);
        }
    }
}
