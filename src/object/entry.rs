//! What stands before the stream of an entry in a pack: its kind, its length, and how far before it its base begins.
//!
//! Source of the format: git's documentation, `gitformat-pack`.

use super::ObjectKind;

/// The code of a delta whose base is named by its distance.
pub const OFFSET_DELTA: u8 = 6;

/// The code of a delta whose base is named by its id.
pub const ID_DELTA: u8 = 7;

/// Why bytes are no header of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderError {
    /// They end in the middle of a number.
    Truncated,
    /// A length or a distance does not fit in 64 bits.
    Overflow,
}

/// Returns git's number for a kind in packs.
#[must_use]
pub const fn code(kind: ObjectKind) -> u8 {
    match kind {
        ObjectKind::Commit => 1,
        ObjectKind::Tree => 2,
        ObjectKind::Blob => 3,
        ObjectKind::Tag => 4,
    }
}

/// Returns the kind of a number, where that is one of a whole object.
#[must_use]
pub fn kind(number: u8) -> Option<ObjectKind> {
    ObjectKind::ALL.into_iter().find(|kind| code(*kind) == number)
}

/// Writes what stands before an entry's stream, or before its base: its code, and its length in bytes.
#[must_use]
pub fn header(code: u8, length: usize) -> Vec<u8> {
    let low_bits = |number: usize, mask| u8::try_from(number & mask).expect("the mask has eight bits");
    let mut header = Vec::with_capacity(10);
    let mut byte = code << 4 | low_bits(length, 15);
    let mut rest = length >> 4;
    while rest > 0 {
        header.push(byte | 0x80);
        byte = low_bits(rest, 0x7f);
        rest >>= 7;
    }
    header.push(byte);
    header
}

/// Writes a distance in bytes: the highest seven bits first, one taken off for each byte that follows.
#[must_use]
pub fn distance(mut distance: u64) -> Vec<u8> {
    let low = |distance: u64| u8::try_from(distance & 0x7f).expect("seven bits");
    let mut digits = vec![low(distance)];
    while distance > 0x7f {
        distance = (distance >> 7) - 1;
        digits.push(0x80 | low(distance));
    }
    digits.reverse();
    digits
}

/// Reads three bits of a code and a length whose first four bits stand beside them.
///
/// # Errors
/// [`HeaderError`].
pub fn read_header(rest: &mut &[u8]) -> Result<(u8, u64), HeaderError> {
    let byte = take(rest)?;
    let (code, lowest) = ((byte >> 4) & 7, u64::from(byte & 15));
    let length = if byte & 0x80 == 0 {
        lowest
    } else {
        read_length(rest, lowest, 4)?
    };
    Ok((code, length))
}

/// Reads a length of which so many bits are known: seven more a byte, the lowest first, the high bit set where another byte follows.
pub(super) fn read_length(rest: &mut &[u8], lowest: u64, known: u32) -> Result<u64, HeaderError> {
    let mut length = lowest;
    for shift in (known..).step_by(7) {
        let byte = take(rest)?;
        let bits = u64::from(byte & 0x7f);
        length |= bits
            .checked_shl(shift)
            .filter(|shifted| shifted >> shift == bits)
            .ok_or(HeaderError::Overflow)?;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(length)
}

/// Reads a distance, as [`distance`] writes it.
///
/// # Errors
/// [`HeaderError`].
pub fn read_distance(rest: &mut &[u8]) -> Result<u64, HeaderError> {
    let mut byte = take(rest)?;
    let mut value = u64::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = take(rest)?;
        value = value
            .checked_add(1)
            .and_then(|value| value.checked_mul(128))
            .ok_or(HeaderError::Overflow)?
            | u64::from(byte & 0x7f);
    }
    Ok(value)
}

pub(super) fn take(rest: &mut &[u8]) -> Result<u8, HeaderError> {
    let (&byte, after) = rest.split_first().ok_or(HeaderError::Truncated)?;
    *rest = after;
    Ok(byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn code_length_and_distance_are_as_git_writes_them() {
        assert_eq!(header(code(ObjectKind::Commit), 0), [0x10]);
        assert_eq!(header(code(ObjectKind::Blob), 15), [0x3f]);
        assert_eq!(header(code(ObjectKind::Tree), 16), [0xa0, 1]);
        assert_eq!(header(code(ObjectKind::Tag), 0x7ff), [0xcf, 0x7f]);
        assert_eq!(header(code(ObjectKind::Blob), 0x800), [0xb0, 0x80, 1]);
        assert_eq!(header(OFFSET_DELTA, 1), [0x61]);
        assert_eq!(distance(127), [0x7f]);
        assert_eq!(distance(128), [0x80, 0]);
        assert_eq!(distance(0x407f), [0xff, 0x7f]);
        assert_eq!(distance(0x4080), [0x80, 0x80, 0]);
    }

    #[test]
    fn a_number_that_ends_early_or_has_more_than_64_bits_is_refused() {
        assert_eq!(read_header(&mut &b""[..]), Err(HeaderError::Truncated));
        assert_eq!(read_header(&mut &[0xb0][..]), Err(HeaderError::Truncated));
        assert_eq!(read_distance(&mut &[0x80][..]), Err(HeaderError::Truncated));
        assert_eq!(read_header(&mut &[0xff; 30][..]), Err(HeaderError::Overflow));
        assert_eq!(read_distance(&mut &[0xff; 30][..]), Err(HeaderError::Overflow));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(number in 0..8_u8, length in any::<usize>(), far in any::<u64>()) {
            let bytes = [header(number, length), distance(far)].concat();
            let mut rest = bytes.as_slice();
            prop_assert_eq!(read_header(&mut rest), Ok((number, length as u64)));
            prop_assert_eq!(read_distance(&mut rest), Ok(far));
            prop_assert!(rest.is_empty());
        }
    }
}
