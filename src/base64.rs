//! Base64 with padding (RFC 4648, section 4).

use sha2::{Digest, Sha256};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Why a text is no base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Base64Error {
    /// A character of no digit, or padding before the end.
    #[error("{character:?} after {digits} digits is no digit of base64")]
    Digit {
        /// The character.
        character: char,
        /// How many digits came before it.
        digits: usize,
    },
    /// Not four digits for each three bytes, or bits left over that are not nought.
    #[error("base64 ends after {0} digits in the middle of a byte")]
    End(usize),
}

/// Writes bytes in base64.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    let (threes, rest) = bytes.as_chunks::<3>();
    let four = |[first, second, third]: [u8; 3]| {
        let bits = u32::from_be_bytes([0, first, second, third]);
        [18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift & 63) as usize])
    };
    for three in threes {
        digits.extend(four(*three));
    }
    let last = match *rest {
        [first, second] => Some(([first, second, 0], "=")),
        [first] => Some(([first, 0, 0], "==")),
        _ => None,
    };
    if let Some((three, padding)) = last {
        digits.extend(&four(three)[..4 - padding.len()]);
        digits.extend(padding.bytes());
    }
    String::from_utf8(digits).expect("digits are text")
}

/// Returns the name by which a Content-Security-Policy knows what stands in a `style` or `script` element (CSP level 3,
/// `hash-source`).
#[must_use]
pub fn hash_source(text: &str) -> String {
    format!("sha256-{}", encode(&Sha256::digest(text)))
}

/// Reads base64; blanks and line ends between digits count for nothing.
///
/// # Errors
/// [`Base64Error`] for anything else that [`encode`] would not have written.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut digits, mut padding) = (0u32, 0usize, 0usize);
    for character in text.chars().filter(|c| !c.is_ascii_whitespace()) {
        let value = DIGITS.iter().position(|digit| char::from(*digit) == character);
        match value.and_then(|value| u32::try_from(value).ok()) {
            Some(value) if padding == 0 => bits = bits << 6 | value,
            None if character == '=' && digits % 4 >= 2 => {
                padding += 1;
                bits <<= 6;
            }
            _ => return Err(Base64Error::Digit { character, digits }),
        }
        digits += 1;
        if digits.is_multiple_of(4) {
            let [_, three @ ..] = bits.to_be_bytes();
            let (kept, rest) = three.split_at(3 - padding.min(2));
            if rest.iter().any(|byte| *byte != 0) {
                return Err(Base64Error::End(digits));
            }
            bytes.extend_from_slice(kept);
            bits = 0;
        }
    }
    if digits.is_multiple_of(4) {
        Ok(bytes)
    } else {
        Err(Base64Error::End(digits))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        let written = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| encode(text.as_bytes()));
        let expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(written, expected);
        assert_eq!(encode(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in [
            "Z", "Zg", "Zg=", "Zg=a", "Z===", "====", "Zh==", "Zm9=", "Zm9v!", "中", "Zg==Zg==",
        ] {
            assert!(decode(text).is_err(), "{text}");
        }
        assert_eq!(decode(" Zm9v\nYg==\n"), Ok(b"foob".to_vec()));
    }

    proptest! {
        #[test]
        fn bytes_read_back(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn what_is_read_is_what_would_be_written(text in "[A-Za-z0-9+/=]{0,9}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
