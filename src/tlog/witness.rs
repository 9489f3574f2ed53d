//! What a witness answers to a log (C2SP tlog-witness), given what it saw of the log last. Keeping that, and signing, are
//! another's.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::add_checkpoint::AddCheckpoint;
use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::key::VerifierKey;
use super::merkle::{Hash, empty_root, is_consistent};
use crate::id::hex;

/// A request that is worth being held against what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The size of the tree that the witness saw last, as the log believes.
    pub old: u64,
    /// The hashes that show that the new tree begins with it.
    pub proof: Vec<Hash>,
    /// The checkpoint, with no lines but those of the log's keys: one of each key, and good.
    pub signed: SignedCheckpoint,
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not of the specification's form.
    #[error("the request is no old size, hashes of a proof, an empty line and a checkpoint")]
    Form,
    /// The log is not one that is witnessed.
    #[error("the log {0:?} is not witnessed here")]
    Unknown(String),
    /// The log did not sign it.
    #[error("no key that is known of the log {0:?} signed the checkpoint, or not truly")]
    Unsigned(String),
    /// The tree would shrink.
    #[error("the old size is {old}, and the checkpoint's {size}")]
    Shrunk {
        /// The old size that was said.
        old: u64,
        /// The checkpoint's.
        size: u64,
    },
    /// Another checkpoint was seen last.
    #[error("the checkpoint that was seen last has the size {0}")]
    Conflict(u64),
    /// No entry, and yet not the root of none.
    #[error("the checkpoint states no entry, and not the root of the empty tree")]
    Empty,
    /// The tree does not begin with the one that was seen.
    #[error("the proof does not show that the checkpoint goes on from the one of size {0} that was seen")]
    Inconsistent(u64),
    /// With the cosignature it would be no note that can be read again.
    #[error("the checkpoint has so many signatures that none can be added to them")]
    Many,
}

impl Refusal {
    /// Returns the status of HTTP that says so.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Form | Self::Shrunk { .. } | Self::Many => 400,
            Self::Unsigned(_) => 403,
            Self::Unknown(_) => 404,
            Self::Conflict(_) => 409,
            Self::Empty | Self::Inconsistent(_) => 422,
        }
    }
}

/// Reads a request, and judges what can be judged whatever was seen: whether a known key of its log signed it.
///
/// # Errors
/// [`Refusal`].
pub fn read(logs: &[VerifierKey], request: &[u8]) -> Result<Asked, Refusal> {
    let text = std::str::from_utf8(request).map_err(|_| Refusal::Form)?;
    let AddCheckpoint {
        old,
        proof,
        checkpoint,
    } = AddCheckpoint::parse(text).ok_or(Refusal::Form)?;
    let mut signed = SignedCheckpoint::parse(&checkpoint).map_err(|_| Refusal::Form)?;
    let origin = signed.checkpoint.origin.clone();
    let keys: Vec<&VerifierKey> = logs.iter().filter(|key| key.name() == origin).collect();
    if keys.is_empty() {
        return Err(Refusal::Unknown(origin));
    }
    let said: Vec<bool> = keys.iter().filter_map(|key| signed.is_signed_by(key)).collect();
    if said.is_empty() || said.contains(&false) {
        return Err(Refusal::Unsigned(origin));
    }
    let size = signed.checkpoint.size;
    if old > size {
        return Err(Refusal::Shrunk { old, size });
    }
    // Of several lines of a key all are good, and one says as much: who asks has not to be the log, and could repeat them.
    let mut kept = BTreeSet::new();
    let lines = &mut signed.note.signatures;
    lines.retain(|line| keys.iter().any(|key| line.names(key)) && kept.insert(line.id));
    Ok(Asked { old, proof, signed })
}

/// Judges a request by the checkpoint that was cosigned last, where one was.
///
/// # Errors
/// [`Refusal`].
pub fn judge(asked: &Asked, seen: Option<&Checkpoint>) -> Result<(), Refusal> {
    let (size, root) = seen.map_or((0, empty_root()), |seen| (seen.size, seen.root));
    let new = &asked.signed.checkpoint;
    if asked.old != size {
        return Err(Refusal::Conflict(size));
    }
    if new.size == 0 && new.root != empty_root() {
        return Err(Refusal::Empty);
    }
    if is_consistent(size, root, new.size, new.root, &asked.proof) {
        Ok(())
    } else {
        Err(Refusal::Inconsistent(size))
    }
}

/// Returns the name under which monitors ask for a log's checkpoint: SHA-256 of its origin, in hexadecimal digits.
#[must_use]
pub fn origin_digest(origin: &str) -> String {
    hex(&Sha256::digest(origin))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::key::{KeyKind, SignerKey};
    use super::super::merkle::{Nodes as _, Tree, leaf_hash};
    use super::*;

    const ORIGIN: &str = "example.org/digest";

    fn key(number: u8) -> SignerKey {
        SignerKey::new(ORIGIN, KeyKind::Note, [number; 32]).unwrap()
    }

    fn tree(size: u64) -> Tree {
        Tree::of((0..size).map(|number| leaf_hash(&number.to_be_bytes())))
    }

    fn checkpoint(tree: &Tree) -> Checkpoint {
        let Ok(root) = tree.root(tree.size());
        Checkpoint {
            origin: ORIGIN.to_owned(),
            size: tree.size(),
            root,
            extensions: Vec::new(),
        }
    }

    fn request(old: u64, size: u64) -> AddCheckpoint {
        let tree = tree(size);
        let Ok(proof) = tree.consistency(old, size);
        AddCheckpoint {
            old,
            proof,
            checkpoint: SignedCheckpoint::signed(checkpoint(&tree), &key(1)).to_string(),
        }
    }

    /// What a witness of one log answers, with what it saw.
    fn answer(request: &AddCheckpoint, seen: Option<&Checkpoint>) -> Result<(), u16> {
        let logs = [key(1).public().clone()];
        let asked = read(&logs, request.to_string().as_bytes());
        asked
            .and_then(|asked| judge(&asked, seen))
            .map_err(|refusal| refusal.status())
    }

    #[test]
    fn each_status_is_given_for_what_the_specification_says() {
        let seen = checkpoint(&tree(3));
        assert_eq!(answer(&request(3, 7), Some(&seen)), Ok(()));
        assert_eq!(answer(&request(3, 3), Some(&seen)), Ok(()));
        assert_eq!(answer(&request(0, 0), None), Ok(()));
        assert_eq!(answer(&request(0, 7), None), Ok(()));
        // 400: no form, or an old size beyond the checkpoint's.
        let logs = [key(1).public().clone()];
        for text in [
            "",
            "old 0\n\n",
            "old 0\n\nnonsense\n",
            "old 0\n\n\u{0}",
            "old -1\n",
        ] {
            assert_eq!(read(&logs, text.as_bytes()), Err(Refusal::Form), "{text:?}");
        }
        assert_eq!(read(&logs, b"\xff"), Err(Refusal::Form));
        let mut long = request(3, 7);
        long.proof = vec![empty_root(); 64];
        assert_eq!(answer(&long, Some(&seen)), Err(400));
        let mut shrunk = request(0, 2);
        shrunk.old = 3;
        assert_eq!(answer(&shrunk, Some(&seen)), Err(400));
        // 404: another log, even if a known key signed it.
        let mut other = request(3, 7);
        other.checkpoint = other.checkpoint.replacen(ORIGIN, "example.org/other", 1);
        assert_eq!(answer(&other, Some(&seen)), Err(404));
        // 409: what was seen is another size.
        for (old, seen) in [(2, Some(&seen)), (0, Some(&seen)), (4, Some(&seen)), (3, None)] {
            assert_eq!(answer(&request(old, 7), seen), Err(409), "{old}");
        }
        // 422: a proof of nothing, or none, or one too many; another tree of the same size; a root of the empty tree that is none.
        for change in [
            (|request: &mut AddCheckpoint| request.proof.clear()) as fn(&mut AddCheckpoint),
            |request| request.proof[0] = empty_root(),
            |request| request.proof.push(empty_root()),
        ] {
            let mut request = request(3, 7);
            change(&mut request);
            assert_eq!(answer(&request, Some(&seen)), Err(422));
        }
        let mut first = request(0, 7);
        first.proof.push(empty_root());
        assert_eq!(answer(&first, None), Err(422));
        let fork = Checkpoint {
            root: leaf_hash(b"fork"),
            ..seen
        };
        assert_eq!(answer(&request(3, 3), Some(&fork)), Err(422));
        assert_eq!(answer(&request(3, 7), Some(&fork)), Err(422));
        let mut none = checkpoint(&tree(0));
        none.root = leaf_hash(b"");
        let mut empty = request(0, 0);
        empty.checkpoint = SignedCheckpoint::signed(none, &key(1)).to_string();
        assert_eq!(answer(&empty, None), Err(422));
    }

    #[test]
    fn nothing_is_believed_but_good_signatures_of_known_keys() {
        let good = request(0, 7);
        let logs = [key(1).public().clone(), key(2).public().clone()];
        let asked = |checkpoint: &SignedCheckpoint| {
            let request = AddCheckpoint {
                checkpoint: checkpoint.to_string(),
                ..good.clone()
            };
            read(&logs, request.to_string().as_bytes())
        };
        let signed = SignedCheckpoint::parse(&good.checkpoint).unwrap();
        let of = |number| {
            SignedCheckpoint::signed(signed.checkpoint.clone(), &key(number))
                .note
                .signatures
        };
        // A stranger's line is left out; two keys of the log may sign, and neither falsely.
        let mut more = signed.clone();
        more.add(of(3));
        assert_eq!(asked(&more).unwrap().signed, signed);
        more.add(of(2));
        assert_eq!(asked(&more).unwrap().signed.note.signatures.len(), 2);
        // Whoever knows a good line can repeat it until the note is full.
        let mut repeated = signed.clone();
        repeated.note.signatures = vec![signed.note.signatures[0].clone(); 63];
        repeated.add(of(2));
        let kept = asked(&repeated).unwrap().signed.note.signatures;
        assert_eq!(kept, [signed.note.signatures.clone(), of(2)].concat());
        more.note.signatures[2].signature[5] ^= 1;
        assert_eq!(asked(&more), Err(Refusal::Unsigned(ORIGIN.to_owned())));
        let mut stranger = signed.clone();
        stranger.note.signatures = of(3);
        assert_eq!(asked(&stranger).unwrap_err().status(), 403);
        let mut flipped = signed;
        flipped.checkpoint.size = 8;
        flipped.note.text = flipped.checkpoint.to_string();
        assert_eq!(asked(&flipped).unwrap_err().status(), 403);
    }

    proptest! {
        #[test]
        fn a_tree_that_grows_is_followed_and_another_never(old in 0_u64..40, more in 0_u64..40, other in 0_u64..40) {
            let seen = (old > 0).then(|| checkpoint(&tree(old)));
            prop_assert_eq!(answer(&request(old, old + more), seen.as_ref()), Ok(()));
            // The same tree with one leaf changed, below what was seen.
            if let Some(seen) = seen {
                let changed = other % old;
                let leaf = |number: u64| if number == changed { leaf_hash(b"other") } else { leaf_hash(&number.to_be_bytes()) };
                let forked = Tree::of((0..old + more).map(leaf));
                let Ok(proof) = forked.consistency(old, old + more);
                let checkpoint = SignedCheckpoint::signed(checkpoint(&forked), &key(1)).to_string();
                prop_assert_eq!(answer(&AddCheckpoint { old, proof, checkpoint }, Some(&seen)), Err(422));
            }
        }
    }

    #[test]
    fn a_log_is_asked_for_by_the_digest_of_its_origin() {
        // `printf example.org/digest | sha256sum`
        assert_eq!(origin_digest(ORIGIN), DIGEST);
    }

    const DIGEST: &str = "ade6b218b83eac069d8568621d9e445343b0da6b9cc94063cd259a10c18eb363";
}
