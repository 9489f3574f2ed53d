//! Transparency logs as the C2SP specifications have them: Merkle trees of SHA-256 (RFC 6962), the tiles in which they are
//! published, signed notes, checkpoints with the cosignatures of witnesses, proofs, and policies that say whose count.
//!
//! Nothing here knows of articles; `log` puts revisions into such a log.

pub mod add_checkpoint;
pub mod checkpoint;
pub mod kept;
pub mod key;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
pub mod tile;
pub mod witness;

use self::merkle::Hash;
use crate::base64;

/// Reads a number as the specifications write them: decimal digits without needless noughts in front.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    is_plain.then(|| text.parse().ok()).flatten()
}

/// Reads base64 as it would be written, without anything between its digits.
fn strict_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = base64::decode(text).ok()?;
    (base64::encode(&bytes) == text).then_some(bytes)
}

/// Reads a line that holds one hash.
fn hash_line(line: &str) -> Option<Hash> {
    strict_base64(line)?.try_into().ok().map(Hash::from_raw)
}

/// Most hashes in a proof: a tree has fewer leaves than 2⁶³.
const LONGEST_PROOF: usize = 63;

/// Reads the lines of a proof up to an empty one; returns the hashes and what follows the empty line.
fn proof_lines(mut text: &str) -> Option<(Vec<Hash>, &str)> {
    let mut hashes = Vec::new();
    loop {
        let (line, rest) = text.split_once('\n')?;
        text = rest;
        if line.is_empty() {
            return Some((hashes, text));
        }
        if hashes.len() == LONGEST_PROOF {
            return None;
        }
        hashes.push(hash_line(line)?);
    }
}
