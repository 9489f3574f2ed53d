//! The data block in which a page carries its proof: the parts of a pack in JSON, by turns bytes in base64 and text as it stands.
//!
//! A text that stands in the page twice, to be read and to be proved, weighs little more than once where servers compress
//! it; in base64 it would weigh as much again.

use crate::base64::{self, Base64Error};

/// The type of the block.
pub const MEDIA_TYPE: &str = "application/x-git-pack+json";

/// That of pages until renderer 7, which have a whole pack in base64.
pub const BASE64_MEDIA_TYPE: &str = "application/x-git-pack;base64";

/// The types of all blocks that are read.
pub const MEDIA_TYPES: [&str; 2] = [MEDIA_TYPE, BASE64_MEDIA_TYPE];

/// The id of the block's element.
pub const ELEMENT_ID: &str = "proof";

/// The fewest bytes that are told as text: it ends one string of the list and begins another.
const SHORTEST_TEXT: usize = 32;

/// Why a block carries no pack.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// It begins as a list, and is none of strings.
    #[error("it is no JSON list of strings")]
    Json(#[from] serde_json::Error),
    /// A part, or all of it, should be base64.
    #[error(transparent)]
    Base64(#[from] Base64Error),
}

/// Writes what stands in the block of a pack.
#[must_use]
pub fn encode(pack: &[u8]) -> String {
    let mut block = String::with_capacity(pack.len() * 4 / 3 + 64);
    block.push('[');
    // Where the bytes begin that no part has yet.
    let (mut begin, mut at) = (0, 0);
    // Most of what is no text ends at such a byte soon, and is passed over without another look.
    for run in pack.split_inclusive(|byte| IN_NO_TEXT[usize::from(*byte)]) {
        if run.len() >= SHORTEST_TEXT {
            each_text(run, |first, text| {
                let first = at + first;
                put(&base64::encode(&pack[begin..first]), &mut block);
                block.push_str(",\n");
                put(text, &mut block);
                block.push_str(",\n");
                begin = first + text.len();
            });
        }
        at += run.len();
    }
    put(&base64::encode(&pack[begin..]), &mut block);
    block.push_str("]\n");
    block
}

/// Shows each text of some bytes that is long enough, and where it begins.
fn each_text(bytes: &[u8], mut show: impl FnMut(usize, &str)) {
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for text in chunk.valid().split_inclusive(is_apart) {
            let run = text.trim_end_matches(is_apart);
            if run.len() >= SHORTEST_TEXT {
                show(at, run);
            }
            at += text.len();
        }
        at += chunk.invalid().len();
    }
}

/// Tells whether a character is in no text that is told as such.
fn is_apart(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
}

/// The bytes that no such text has: those of control characters, and those that UTF-8 never has.
const IN_NO_TEXT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 0x20 && byte != b'\n' as usize && byte != b'\t' as usize
            || matches!(byte, 0x7f | 0xc0 | 0xc1 | 0xf5..);
        byte += 1;
    }
    table
};

/// Writes a string.
fn put(string: &str, block: &mut String) {
    let json = serde_json::to_string(string).expect("a string can be written");
    // Nothing in it ends the element or begins a comment.
    for (number, part) in json.split('<').enumerate() {
        if number > 0 {
            block.push_str("\\u003c");
        }
        block.push_str(part);
    }
}

/// Reads what stands in a block: a list, or base64 alone.
///
/// # Errors
/// [`BlockError`] where it is neither.
pub fn decode(block: &str) -> Result<Vec<u8>, BlockError> {
    if !block.trim_ascii_start().starts_with('[') {
        return Ok(base64::decode(block)?);
    }
    let parts: Vec<String> = serde_json::from_str(block)?;
    let mut pack = Vec::with_capacity(block.len());
    for pair in parts.chunks(2) {
        pack.extend(base64::decode(&pair[0])?);
        pack.extend(pair.get(1).map_or("", String::as_str).bytes());
    }
    Ok(pack)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_stands_in_a_block_as_it_is_read() {
        let text = "今天，一座桥在上海通车。</script><!-- \"a\\b\"\n\n* * *\tend";
        let pack = [b"PACK\0\0\0\x02\xff\x01", text.as_bytes(), b"\xff\xfe\0short\0"].concat();
        let block = encode(&pack);
        assert_eq!(
            block,
            "[\"UEFDSwAAAAL/AQ==\",\n\"今天，一座桥在上海通车。\\u003c/script>\\u003c!-- \\\"a\\\\b\\\"\\n\\n* * *\\tend\",\n\"//4Ac2hvcnQA\"]\n"
        );
        assert_eq!(decode(&block).unwrap(), pack);
        assert_eq!(decode(&base64::encode(&pack)).unwrap(), pack);
    }

    #[test]
    fn what_is_no_block_is_refused() {
        let refused = |block: &str| decode(block).unwrap_err().to_string();
        for block in [
            "[",
            "[\"UEFD\",1]",
            "[[\"UEFD\"]]",
            "[\"UEFD\"] x",
            "[\"UEFD\",\"\\ud800\"]",
        ] {
            assert_eq!(refused(block), "it is no JSON list of strings", "{block}");
        }
        for block in ["", "[]"] {
            assert_eq!(decode(block).unwrap(), b"", "{block}");
        }
        for block in ["{\"UEFD\":1}", "[\"今\"]", "[\"UEFD\",\"a\",\"UE\"]", "%"] {
            assert!(refused(block).contains("base64"), "{block}");
        }
    }

    proptest! {
        #[test]
        fn texts_are_found_as_if_every_byte_was_looked_at(
            parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..50), "[\\n\t\u{0}-\u{9f}a-z今天🦀]{0,90}"), 0..6),
        ) {
            let bytes: Vec<u8> = parts.iter().flat_map(|(bytes, text)| [&bytes[..], text.as_bytes()].concat()).collect();
            let mut whole = Vec::new();
            each_text(&bytes, |_, text| whole.push(text.to_owned()));
            let told: Vec<String> = serde_json::from_str(&encode(&bytes)).unwrap();
            let texts: Vec<String> = told.into_iter().skip(1).step_by(2).collect();
            prop_assert_eq!(texts, whole);
        }

        #[test]
        fn any_bytes_come_back(parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..50), ".{0,60}"), 0..4)) {
            let bytes = parts.iter().flat_map(|(bytes, text)| [&bytes[..], text.as_bytes()].concat());
            let pack: Vec<u8> = bytes.collect();
            let block = encode(&pack);
            prop_assert!(!block.contains('<'));
            prop_assert!(block.chars().all(|c| !c.is_control() || c == '\n'));
            prop_assert_eq!(decode(&block).unwrap(), pack);
        }
    }
}
