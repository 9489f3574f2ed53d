//! The longest common subsequence of two short sequences, 64 columns a step.

/// Returns the steps, in words of 64 columns, and the memory, in such words, that [`common`] takes.
pub fn cost(before: usize, after: usize) -> usize {
    before.saturating_mul(after.div_ceil(64))
}

/// Returns the pairs of a longest common subsequence; elements are small numbers, as [`super::align::numbered`] gives
/// them.
///
/// The bit-parallel way of Crochemore and others ("A fast and practical bit-vector algorithm for the longest
/// common subsequence problem", 2001): a column's bit in a row is 0 where the subsequence grows.
pub fn common(before: &[u32], after: &[u32]) -> Vec<(usize, usize)> {
    let width = after.len().div_ceil(64);
    if before.is_empty() || width == 0 {
        return Vec::new();
    }
    let places = Places::of(after);
    let mut rows: Vec<u64> = Vec::with_capacity(before.len() * width);
    let mut row = vec![u64::MAX; width];
    let mut equal = vec![0_u64; width];
    for element in before {
        let places = places.of_element(*element);
        // Where the element is not, nothing grows.
        if !places.is_empty() {
            for j in places {
                equal[j / 64] |= 1 << (j % 64);
            }
            let mut carry = 0;
            for (bits, equal) in row.iter_mut().zip(&equal) {
                let sum = u128::from(*bits) + u128::from(*bits & equal) + carry;
                carry = sum >> 64;
                *bits = low(sum) | (*bits & !equal);
            }
            for j in places {
                equal[j / 64] = 0;
            }
        }
        rows.extend_from_slice(&row);
    }
    let is_flat = |i: usize, j: usize| rows[i * width + j / 64] >> (j % 64) & 1 == 1;
    let mut pairs = Vec::new();
    let (mut i, mut j) = (before.len(), after.len());
    while i > 0 && j > 0 {
        if is_flat(i - 1, j - 1) {
            j -= 1;
        } else {
            i -= 1;
            if i == 0 || is_flat(i - 1, j - 1) {
                j -= 1;
                pairs.push((i, j));
            }
        }
    }
    pairs.reverse();
    pairs
}

/// The lower half.
#[expect(clippy::cast_possible_truncation, reason = "that is what is asked for")]
fn low(sum: u128) -> u64 {
    sum as u64
}

/// Where each element stands.
struct Places {
    /// Places by element, ascending.
    places: Vec<usize>,
    /// Where the places of each element begin, and at last the end.
    starts: Vec<usize>,
}

impl Places {
    fn of(sequence: &[u32]) -> Self {
        let number = |element: u32| usize::try_from(element).expect("a platform of 32 bits or more");
        let most = sequence.iter().copied().max().map_or(0, number);
        let mut starts = vec![0; most + 2];
        for element in sequence {
            starts[number(*element) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut places = vec![0; sequence.len()];
        for (at, element) in sequence.iter().enumerate() {
            let next = &mut next[number(*element)];
            places[*next] = at;
            *next += 1;
        }
        Self { places, starts }
    }

    fn of_element(&self, element: u32) -> &[usize] {
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
    }
}
