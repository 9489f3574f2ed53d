//! The longest common subsequence of two short sequences, up to 64 columns a step.

/// Returns the most steps, in words of 64 columns, that [`common`] takes to go through the rows once.
pub fn cost(before: usize, after: usize) -> usize {
    before.saturating_mul(after.div_ceil(64))
}

/// Returns the pairs of a longest common subsequence; elements are small numbers, as [`super::align::numbered`] gives
/// them.
///
/// The bit-parallel way of Crochemore and others ("A fast and practical bit-vector algorithm for the longest
/// common subsequence problem", 2001): a column's bit in a row is 0 where the subsequence grows. Of the rows only the
/// first of each stretch is kept; going back, a stretch is computed again as far as it is needed, so that memory grows
/// with the square root of the rows.
pub fn common(before: &[u32], after: &[u32]) -> Vec<(usize, usize)> {
    let width = after.len().div_ceil(64);
    if before.is_empty() || width == 0 {
        return Vec::new();
    }
    let places = Places::of(after);
    let stretch = before.len().isqrt();
    let mut firsts: Vec<u64> = Vec::with_capacity(before.len().div_ceil(stretch) * width);
    let mut row = vec![u64::MAX; width];
    for elements in before.chunks(stretch) {
        firsts.extend_from_slice(&row);
        for element in elements {
            grow(&mut row, places.of_element(*element));
        }
    }
    let mut rows = Vec::new();
    let mut pairs = Vec::new();
    let (mut i, mut j) = (before.len(), after.len());
    while i > 0 && j > 0 {
        // Row `i`, which `i` elements made, and the one before it are of the same stretch.
        let number = (i - 1) / stretch;
        let begin = number * stretch;
        let width = rows_of(
            &mut rows,
            &firsts[number * width..][..j.div_ceil(64)],
            before[begin..i].iter().map(|element| places.of_element(*element)),
        );
        let is_flat =
            |i: usize, j: usize| rows[(i - begin) * width + (j - 1) / 64] >> ((j - 1) % 64) & 1 == 1;
        while i > begin && j > 0 {
            if is_flat(i, j) {
                j -= 1;
                continue;
            }
            i -= 1;
            if is_flat(i, j) {
                j -= 1;
                pairs.push((i, j));
            }
        }
    }
    pairs.reverse();
    pairs
}

/// Puts the rows of a stretch one after the other, that from which it begins among them; returns their width.
fn rows_of<'a>(
    rows: &mut Vec<u64>,
    first: &[u64],
    elements: impl Iterator<Item = &'a [(usize, u64)]>,
) -> usize {
    rows.clear();
    rows.extend_from_slice(first);
    for places in elements {
        let begin = rows.len();
        rows.extend_from_within(begin - first.len()..);
        grow(&mut rows[begin..], places);
    }
    first.len()
}

/// Makes the next row of a row, where the next element stands at some places. A word without any changes only where
/// something is carried into it. What is right of a row's end is not asked for.
fn grow(row: &mut [u64], places: &[(usize, u64)]) {
    let mut carried_into = None;
    for &(at, equal) in places {
        if let Some(word) = carried_into.filter(|word| *word < at) {
            let to = at.min(row.len());
            let over = carry(&mut row[word..to]);
            carried_into = over.then_some(at);
        }
        let Some(bits) = row.get_mut(at) else {
            return;
        };
        let (sum, over) = bits.overflowing_add(*bits & equal);
        let (sum, over_again) = sum.overflowing_add(u64::from(carried_into.is_some()));
        *bits = sum | (*bits & !equal);
        carried_into = (over || over_again).then_some(at + 1);
    }
    if let Some(words) = carried_into.and_then(|word| row.get_mut(word..)) {
        carry(words);
    }
}

/// Carries into words in which the next element is not; tells whether it goes on beyond them.
fn carry(words: &mut [u64]) -> bool {
    for bits in words {
        // A word that is full stays so, and hands it on.
        if *bits != u64::MAX {
            *bits |= *bits + 1;
            return false;
        }
    }
    true
}

/// Where each element stands.
struct Places {
    /// Words of a row and the bits of the element in them, by element, ascending.
    places: Vec<(usize, u64)>,
    /// Where the places of each element begin, and at last the end.
    starts: Vec<usize>,
}

impl Places {
    fn of(sequence: &[u32]) -> Self {
        let number = |element: u32| usize::try_from(element).expect("a platform of 32 bits or more");
        let most = sequence.iter().copied().max().map_or(0, number);
        // The last word in which each element was seen, from 1, so that a word counts once.
        let mut seen = vec![0; most + 1];
        let mut starts = vec![0; most + 2];
        for (at, element) in sequence.iter().enumerate() {
            let element = number(*element);
            starts[element + 1] += usize::from(seen[element] != at / 64 + 1);
            seen[element] = at / 64 + 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut places = vec![(usize::MAX, 0); starts[most + 1]];
        for (at, element) in sequence.iter().enumerate() {
            let element = number(*element);
            let begins = next[element] == starts[element] || places[next[element] - 1].0 != at / 64;
            next[element] += usize::from(begins);
            let place = &mut places[next[element] - 1];
            *place = (at / 64, place.1 | 1 << (at % 64));
        }
        Self { places, starts }
    }

    fn of_element(&self, element: u32) -> &[(usize, u64)] {
        let at = usize::try_from(element).expect("a platform of 32 bits or more");
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => &self.places[*from..*to],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn length_by_table(before: &[u32], after: &[u32]) -> usize {
        let mut row = vec![0; after.len() + 1];
        for a in before {
            let mut diagonal = 0;
            for (j, b) in after.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if a == b { diagonal + 1 } else { above.max(row[j]) };
                diagonal = above;
            }
        }
        row[after.len()]
    }

    proptest! {
        #[test]
        fn it_is_common_and_as_long_as_the_table_says(
            before in proptest::collection::vec(0_u32..6, 0..200), after in proptest::collection::vec(0_u32..6, 0..200)
        ) {
            let pairs = common(&before, &after);
            prop_assert!(pairs.iter().all(|(i, j)| before[*i] == after[*j]));
            prop_assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
            prop_assert_eq!(pairs.len(), length_by_table(&before, &after));
        }

        #[test]
        fn rows_of_many_words_carry_from_one_to_the_next(
            before in proptest::collection::vec(0_u32..40, 0..600), cut in 0_usize..600, new in 0_u32..40
        ) {
            let mut after = before.clone();
            after.rotate_left(cut.min(before.len()));
            after.iter_mut().step_by(7).for_each(|element| *element = new);
            let pairs = common(&before, &after);
            prop_assert!(pairs.iter().all(|(i, j)| before[*i] == after[*j]));
            prop_assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
            prop_assert_eq!(pairs.len(), length_by_table(&before, &after));
        }
    }
}
