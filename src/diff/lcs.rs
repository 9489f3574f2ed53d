//! The longest common subsequence of two short sequences, 64 columns a step.

/// Returns the steps, in words of 64 columns, and the memory, in such words, that [`common`] takes.
pub fn cost(before: usize, after: usize) -> usize {
    before.saturating_mul(after.div_ceil(64))
}

/// Returns the pairs of a longest common subsequence.
///
/// The bit-parallel way of Crochemore and others ("A fast and practical bit-vector algorithm for the longest
/// common subsequence problem", 2001): a column's bit in a row is 0 where the subsequence grows.
pub fn common(before: &[u32], after: &[u32]) -> Vec<(usize, usize)> {
    let width = after.len().div_ceil(64);
    if before.is_empty() || width == 0 {
        return Vec::new();
    }
    let mut places: Vec<(u32, usize)> = after.iter().copied().zip(0..).collect();
    places.sort_unstable();
    let mut rows = vec![u64::MAX; before.len() * width];
    let mut row = vec![u64::MAX; width];
    let mut equal = vec![0_u64; width];
    for (i, element) in before.iter().enumerate() {
        let first = places.partition_point(|place| place.0 < *element);
        let of_element = || places[first..].iter().take_while(|place| place.0 == *element);
        of_element().for_each(|(_, j)| equal[j / 64] |= 1 << (j % 64));
        let mut carry = false;
        for (bits, equal) in row.iter_mut().zip(&equal) {
            let grows = *bits & equal;
            let (sum, over) = bits.overflowing_add(grows);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            carry = over || over_again;
            *bits = sum | (*bits & !equal);
        }
        rows[i * width..][..width].copy_from_slice(&row);
        of_element().for_each(|(_, j)| equal[j / 64] = 0);
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
