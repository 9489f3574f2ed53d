//! Deltas: an object told as copies from another one and new bytes.
//!
//! Source of the format: git's documentation, `gitformat-pack`, "Deltified representation".

use super::entry::{self, HeaderError};
use crate::object::LARGEST_OBJECT;

mod encode;

pub use encode::encode;

/// A copy without a length copies this many bytes.
const COPY_WITHOUT_LENGTH: usize = 0x1_0000;

/// Why a delta cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// The delta ends in the middle of a number or an instruction.
    #[error("delta ends early")]
    Truncated,
    /// A length does not fit in 64 bits.
    #[error("delta has a length of more than 64 bits")]
    Overflow,
    /// The delta was made for a base of another length.
    #[error("delta is for a base of {announced} bytes, the base has {found}")]
    Base {
        /// Length in the delta.
        announced: u64,
        /// Length of the base.
        found: usize,
    },
    /// The result would be larger than an object may be here.
    #[error("delta announces {0} bytes, more than an object may have here")]
    TooLarge(u64),
    /// A copy reaches outside the base.
    #[error("delta copies from outside its base")]
    Copy,
    /// Instruction 0, which git keeps for later.
    #[error("delta has the reserved instruction 0")]
    Reserved,
    /// The instructions make more or fewer bytes than announced.
    #[error("delta does not make the {0} bytes that it announces")]
    Length(usize),
}

impl From<HeaderError> for DeltaError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Truncated => Self::Truncated,
            HeaderError::Overflow => Self::Overflow,
        }
    }
}

/// Applies a delta to its base.
///
/// # Errors
/// [`DeltaError`]; nothing above the announced length is ever written.
pub fn apply(base: &[u8], delta: &[u8]) -> Result<Vec<u8>, DeltaError> {
    apply_within(LARGEST_OBJECT, base, delta)
}

/// Applies a delta whose result may have at most so many bytes.
///
/// # Errors
/// As for [`apply`]; [`DeltaError::TooLarge`] before anything is allocated.
pub fn apply_within(most: usize, base: &[u8], delta: &[u8]) -> Result<Vec<u8>, DeltaError> {
    let mut rest = delta;
    let announced = entry::read_length(&mut rest, 0, 0)?;
    if usize::try_from(announced) != Ok(base.len()) {
        return Err(DeltaError::Base {
            announced,
            found: base.len(),
        });
    }
    let announced = entry::read_length(&mut rest, 0, 0)?;
    let announced = usize::try_from(announced)
        .ok()
        .filter(|&length| length <= most)
        .ok_or(DeltaError::TooLarge(announced))?;

    let mut result = Vec::with_capacity(announced);
    while let Some((&instruction, after)) = rest.split_first() {
        rest = after;
        let piece = if instruction & 0x80 != 0 {
            let from = little_endian(&mut rest, instruction & 0x0f)?;
            let many = match little_endian(&mut rest, (instruction >> 4) & 0x07)? {
                0 => COPY_WITHOUT_LENGTH,
                many => many,
            };
            let end = from.checked_add(many).ok_or(DeltaError::Copy)?;
            base.get(from..end).ok_or(DeltaError::Copy)?
        } else if instruction == 0 {
            return Err(DeltaError::Reserved);
        } else {
            let (new, after) = rest
                .split_at_checked(usize::from(instruction))
                .ok_or(DeltaError::Truncated)?;
            rest = after;
            new
        };
        if piece.len() > announced - result.len() {
            return Err(DeltaError::Length(announced));
        }
        result.extend_from_slice(piece);
    }
    if result.len() == announced {
        Ok(result)
    } else {
        Err(DeltaError::Length(announced))
    }
}

/// Reads the bytes of a number that `present` marks, the lowest first; the others are zero.
fn little_endian(rest: &mut &[u8], present: u8) -> Result<usize, DeltaError> {
    let mut bytes = [0; 4];
    for (bit, byte) in bytes.iter_mut().enumerate() {
        if present & (1 << bit) != 0 {
            *byte = entry::take(rest)?;
        }
    }
    usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| DeltaError::Copy)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn copies_and_new_bytes_make_the_result() {
        // Copy 5 from 6, insert "!", copy 1 from 0.
        let delta = [11, 7, 0x91, 6, 5, 1, b'!', 0x90, 1];
        assert_eq!(apply(b"hello world", &delta).unwrap(), b"world!h");
        let base = vec![7; 0x1_0000];
        assert_eq!(apply(&base, &[0x80, 0x80, 4, 0x80, 0x80, 4, 0x80]).unwrap(), base);
    }

    #[test]
    fn each_fault_has_its_name() {
        let base = b"hello world";
        let faults: [(&[u8], DeltaError); 10] = [
            (&[], DeltaError::Truncated),
            (&[0x8b], DeltaError::Truncated),
            (
                &[10, 1, 1, b'x'],
                DeltaError::Base {
                    announced: 10,
                    found: 11,
                },
            ),
            (&[11, 1, 2, b'x'], DeltaError::Truncated),
            (&[11, 1, 0], DeltaError::Reserved),
            (&[11, 5, 0x91, 7, 5], DeltaError::Copy),
            (&[11, 5, 0x9f, 255, 255, 255, 255, 5], DeltaError::Copy),
            (&[11, 4, 0x91, 6, 5], DeltaError::Length(4)),
            (&[11, 6, 0x91, 6, 5], DeltaError::Length(6)),
            (
                &[11, 0x81, 0x80, 0x80, 0x20, 1],
                DeltaError::TooLarge((64 << 20) + 1),
            ),
        ];
        for (delta, fault) in faults {
            assert_eq!(apply(base, delta), Err(fault), "{delta:?}");
        }
    }

    #[test]
    fn a_length_of_more_than_64_bits_is_refused() {
        let mut delta = vec![0xff; 9];
        delta.push(1);
        assert_eq!(
            apply(b"", &delta),
            Err(DeltaError::Base {
                announced: u64::MAX,
                found: 0
            })
        );
        delta[9] = 2;
        assert_eq!(apply(b"", &delta), Err(DeltaError::Overflow));
        assert_eq!(apply(b"", &[0xff; 30]), Err(DeltaError::Overflow));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            base in prop::collection::vec(any::<u8>(), 0..100),
            delta in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let _ = apply(&base, &delta);
            let mut fitting = vec![u8::try_from(base.len()).unwrap(), 100];
            fitting.extend_from_slice(&delta);
            let _ = apply(&base, &fitting);
        }
    }
}
