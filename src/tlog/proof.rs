//! Proofs that need nothing but the keys (C2SP tlog-proof): an entry's index, the hashes beside its way to the root, and the
//! signed checkpoint that has this root.

use std::fmt;

use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::merkle::{self, Hash};
use super::{number, proof_lines, strict_base64};
use crate::base64;

/// The first line.
const FORM: &str = "c2sp.org/tlog-proof@v1";

/// The type of the data block in which a page carries one: in base64, with the log's key as its extra data.
pub const MEDIA_TYPE: &str = "application/x-c2sp-tlog-proof;base64";

/// Where an entry stands in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// What the application adds; nobody signed it.
    pub extra: Option<Vec<u8>>,
    /// The entry's index, from 0.
    pub index: u64,
    /// The hashes beside its way to the root, lowest first.
    pub hashes: Vec<Hash>,
    /// The checkpoint.
    pub signed: SignedCheckpoint,
}

/// Why a text is no such proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogProofError {
    /// Not of the form.
    #[error(
        "a proof begins with {FORM}, an index and hashes in base64, and ends with a checkpoint after an empty line"
    )]
    Form,
    /// The checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl LogProof {
    /// Reads a proof; nothing is believed yet.
    ///
    /// # Errors
    /// [`LogProofError`].
    pub fn parse(text: &str) -> Result<Self, LogProofError> {
        Self::head(text)
            .ok_or(LogProofError::Form)
            .and_then(|(extra, index, hashes, rest)| {
                let signed = SignedCheckpoint::parse(rest)?;
                Ok(Self {
                    extra,
                    index,
                    hashes,
                    signed,
                })
            })
    }

    #[expect(clippy::type_complexity, reason = "the parts of the text, in their order")]
    fn head(text: &str) -> Option<(Option<Vec<u8>>, u64, Vec<Hash>, &str)> {
        let text = text.strip_prefix(FORM)?.strip_prefix('\n')?;
        let (extra, text) = match text.strip_prefix("extra ") {
            Some(text) => {
                let (extra, rest) = text.split_once('\n')?;
                (Some(strict_base64(extra)?), rest)
            }
            None => (None, text),
        };
        let (index, text) = text.strip_prefix("index ")?.split_once('\n')?;
        let (hashes, rest) = proof_lines(text)?;
        Some((extra, number(index)?, hashes, rest))
    }

    /// Tells whether the entry with a leaf's hash stands in the checkpoint's tree, at the index. Who signed the checkpoint is
    /// another question.
    #[must_use]
    pub fn has(&self, leaf: Hash) -> bool {
        let checkpoint = &self.signed.checkpoint;
        merkle::root_of_inclusion(leaf, self.index, checkpoint.size, &self.hashes) == Some(checkpoint.root)
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FORM}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64::encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.signed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::Checkpoint;
    use super::super::key::{KeyKind, SignerKey};
    use super::super::merkle::{Nodes as _, Tree, leaf_hash};
    use super::*;

    fn proof_of(index: u64, size: u64) -> LogProof {
        let tree = Tree::of((0..size).map(|number| leaf_hash(&number.to_be_bytes())));
        let key = SignerKey::new("log.example", KeyKind::Note, [1; 32]).unwrap();
        let checkpoint = Checkpoint {
            origin: "log.example".to_owned(),
            size,
            root: tree.root(size).unwrap(),
            extensions: Vec::new(),
        };
        LogProof {
            extra: None,
            index,
            hashes: tree.inclusion(index, size).unwrap(),
            signed: SignedCheckpoint::signed(checkpoint, &key),
        }
    }

    #[test]
    fn proofs_read_back_and_hold() {
        for (index, size) in [(0, 1), (4, 5), (77, 300)] {
            let proof = proof_of(index, size);
            let again = LogProof::parse(&proof.to_string()).unwrap();
            assert_eq!(again, proof);
            assert!(again.has(leaf_hash(&index.to_be_bytes())));
            assert!(!again.has(leaf_hash(b"another")));
        }
        let with_extra = LogProof {
            extra: Some(b"more".to_vec()),
            ..proof_of(1, 3)
        };
        assert_eq!(LogProof::parse(&with_extra.to_string()), Ok(with_extra));
    }

    #[test]
    fn every_changed_byte_of_a_proof_is_noticed() {
        let proof = proof_of(77, 300);
        let key = SignerKey::new("log.example", KeyKind::Note, [1; 32]).unwrap();
        let leaf = leaf_hash(&77_u64.to_be_bytes());
        let text = proof.to_string();
        for at in 0..text.len() {
            for flip in [1, 2, 0x20, 0x80] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= flip;
                let changed = String::from_utf8(bytes)
                    .ok()
                    .and_then(|text| LogProof::parse(&text).ok());
                let is_believed = changed.is_some_and(|proof| {
                    proof.has(leaf) && proof.signed.is_signed_by(key.public()) == Some(true)
                });
                assert!(!is_believed, "byte {at}, {flip}");
            }
        }
    }

    #[test]
    fn what_is_no_proof_is_refused() {
        let text = proof_of(3, 7).to_string();
        for (from, to) in [
            ("@v1", "@v2"),
            ("index 3", "index 03"),
            ("index 3\n", ""),
            ("index 3\n", "extra !\nindex 3\n"),
            ("\n\n", "\n"),
        ] {
            assert!(LogProof::parse(&text.replacen(from, to, 1)).is_err(), "{to}");
        }
        let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        let long = text.replacen("index 3\n", &format!("index 3\n{}", hash.repeat(64)), 1);
        assert_eq!(LogProof::parse(&long), Err(LogProofError::Form));
    }
}
