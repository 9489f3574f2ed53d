//! A checkpoint that a reader keeps, to hold later ones against it: with the log's key and those that it had before, and with
//! the whole subtrees of its tree, from which the tree can be continued without asking for anything that came before.

use std::fmt;

use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::key::{KeyError, VerifierKey};
use super::merkle::{self, Hash, Nodes, Peaks};
use super::proof_lines;

/// The first line.
const FORM: &str = "avalaches/kept-checkpoint/1";

/// What a line of an earlier key begins with.
const EARLIER: &str = "earlier ";

/// A kept checkpoint: signed with the key, and with the root of the subtrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCheckpoint {
    key: VerifierKey,
    /// Other keys of the log, by which states of it from before are signed.
    earlier: Vec<VerifierKey>,
    peaks: Peaks,
    signed: SignedCheckpoint,
}

/// Why a checkpoint cannot be kept, or what was kept cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// Not of the form.
    #[error("what was kept is not of the form {FORM}")]
    Form,
    /// The key is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The checkpoint is none.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The key did not sign it.
    #[error("the checkpoint is not signed with {0}")]
    Unsigned(Box<VerifierKey>),
    /// The subtrees are another tree's.
    #[error("the checkpoint's root is not that of the entries before it")]
    Root,
}

/// How a later state of a log stands to a kept checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It goes on from it, or is the same.
    Continues,
    /// It is smaller: an older state, or one from which entries were taken back.
    Behind,
    /// It has other entries in place of those that were there.
    Forked,
}

impl KeptCheckpoint {
    /// Keeps a checkpoint.
    ///
    /// # Errors
    /// [`KeptError::Unsigned`] and [`KeptError::Root`].
    pub fn new(key: VerifierKey, peaks: Peaks, signed: SignedCheckpoint) -> Result<Self, KeptError> {
        if signed.is_signed_by(&key) != Some(true) {
            return Err(KeptError::Unsigned(Box::new(key)));
        }
        let stated = &signed.checkpoint;
        if peaks.size() != stated.size || peaks.root() != stated.root {
            return Err(KeptError::Root);
        }
        Ok(Self {
            key,
            earlier: Vec::new(),
            peaks,
            signed,
        })
    }

    /// Keeps other keys of the log beside its own. Keys of logs of other names are passed over.
    #[must_use]
    pub fn with_keys<'a>(mut self, keys: impl IntoIterator<Item = &'a VerifierKey>) -> Self {
        for key in keys {
            if key.name() == self.origin() && !self.keys().any(|known| known == key) {
                self.earlier.push(key.clone());
            }
        }
        self
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn parse(text: &str) -> Result<Self, KeptError> {
        let text = text
            .strip_prefix(FORM)
            .and_then(|text| text.strip_prefix("\nkey "));
        let (key, mut rest) = text
            .and_then(|text| text.split_once('\n'))
            .ok_or(KeptError::Form)?;
        let mut earlier = Vec::new();
        while let Some(text) = rest.strip_prefix(EARLIER) {
            let (key, text) = text.split_once('\n').ok_or(KeptError::Form)?;
            earlier.push(key.parse()?);
            rest = text;
        }
        let (peaks, note) = proof_lines(rest).ok_or(KeptError::Form)?;
        let signed = SignedCheckpoint::parse(note)?;
        let peaks = Peaks::of_hashes(signed.checkpoint.size, peaks).ok_or(KeptError::Root)?;
        let kept = Self::new(key.parse()?, peaks, signed)?.with_keys(&earlier);
        // One that is twice there, or another log's, nobody wrote.
        if kept.earlier == earlier {
            Ok(kept)
        } else {
            Err(KeptError::Form)
        }
    }

    /// Returns the key that signed it.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Returns all keys of the log that are kept, that one first.
    pub fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        std::iter::once(&self.key).chain(&self.earlier)
    }

    /// Tells whether one of these keys signed a checkpoint.
    #[must_use]
    pub fn has_signed(&self, shown: &SignedCheckpoint) -> bool {
        self.keys().any(|key| shown.is_signed_by(key) == Some(true))
    }

    /// Returns the checkpoint.
    #[must_use]
    pub const fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Returns the log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.key.name()
    }

    /// Tells whether it may take the place of one that it goes on from: it is not smaller, and where it is the same, no signature of
    /// the other is missing from it.
    #[must_use]
    pub fn says_all_of(&self, other: &Self) -> bool {
        let (own, others) = (&self.signed, &other.signed);
        if own.note.text == others.note.text {
            let mut lines = others.note.signatures.iter();
            lines.all(|line| own.note.signatures.contains(line))
        } else {
            own.checkpoint.size >= others.checkpoint.size
        }
    }

    /// Continues the tree by the entries that came after it; `later` is what a later checkpoint states.
    #[must_use]
    pub fn standing(
        &self,
        later: &SignedCheckpoint,
        leaves: impl IntoIterator<Item = Hash>,
    ) -> (Standing, Peaks) {
        let mut peaks = self.peaks.clone();
        if later.checkpoint.size < peaks.size() {
            return (Standing::Behind, peaks);
        }
        for leaf in leaves {
            peaks.push(leaf);
        }
        let is_it = peaks.size() == later.checkpoint.size && peaks.root() == later.checkpoint.root;
        let standing = if is_it {
            Standing::Continues
        } else {
            Standing::Forked
        };
        (standing, peaks)
    }

    /// Tells whether the tree in which a proof finds a leaf is another one than the tree that is kept, as far as both know
    /// the same subtrees: all of them where both have one size.
    #[must_use]
    pub fn is_forked_by(&self, leaf: Hash, index: u64, hashes: &[Hash], shown: &SignedCheckpoint) -> bool {
        let (stated, known) = (&shown.checkpoint, &self.signed.checkpoint);
        if stated.size == known.size {
            return stated.root != known.root;
        }
        let found = merkle::subtrees_of_inclusion(leaf, index, stated.size, hashes);
        self.peaks
            .subtrees()
            .any(|(place, hash)| found.iter().any(|other| other.0 == place && other.1 != hash))
    }

    /// Tells whether a tree of some size has another hash for a whole subtree that is kept. Of a tree that is smaller than the one
    /// that is kept nothing else is known.
    ///
    /// # Errors
    /// Where a hash cannot be had.
    pub fn is_forked_by_tree<N: Nodes>(&self, nodes: &N, size: u64) -> Result<bool, N::Error> {
        for ((level, index), hash) in self.peaks.subtrees() {
            let is_whole = index < size >> level;
            if is_whole && nodes.node(level, index)? != hash {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl fmt::Display for KeptCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FORM}\nkey {}", self.key)?;
        self.earlier
            .iter()
            .try_for_each(|key| writeln!(f, "{EARLIER}{key}"))?;
        self.peaks
            .hashes()
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.signed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::Checkpoint;
    use super::super::key::{KeyKind, SignerKey};
    use super::super::merkle::{Tree, leaf_hash};
    use super::*;

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&[number])).collect()
    }

    fn signed(leaves: &[Hash], secret: u8) -> (VerifierKey, Peaks, SignedCheckpoint) {
        let mut peaks = Peaks::default();
        for leaf in leaves {
            peaks.push(*leaf);
        }
        let key = SignerKey::new("log.example", KeyKind::Note, [secret; 32]).unwrap();
        let checkpoint = Checkpoint {
            origin: "log.example".to_owned(),
            size: peaks.size(),
            root: peaks.root(),
            extensions: Vec::new(),
        };
        let signed = SignedCheckpoint::signed(checkpoint, &key);
        (key.public().clone(), peaks, signed)
    }

    #[test]
    fn what_is_kept_reads_back_and_no_other() {
        for count in [0, 1, 5, 200] {
            let (key, peaks, signed) = signed(&leaves(count), 1);
            let earlier = [2, 3].map(|secret| self::signed(&[], secret).0);
            let of_other_name = SignerKey::new("other.example", KeyKind::Note, [4; 32]).unwrap();
            let kept = KeptCheckpoint::new(key.clone(), peaks, signed).unwrap();
            assert_eq!(KeptCheckpoint::parse(&kept.to_string()).unwrap(), kept);
            let given = [
                &earlier[0],
                &key,
                of_other_name.public(),
                &earlier[1],
                &earlier[0],
            ];
            let kept = kept.with_keys(given);
            assert!(kept.keys().eq([&key, &earlier[0], &earlier[1]]));
            let text = kept.to_string();
            assert_eq!(KeptCheckpoint::parse(&text).unwrap(), kept);
            let line = format!("earlier {}\n", earlier[0]);
            for other in [
                line.repeat(2),
                format!("{line}earlier {}\n", of_other_name.public()),
            ] {
                let text = text.replace(&line, &other);
                assert_eq!(KeptCheckpoint::parse(&text), Err(KeptError::Form));
            }
            for at in 0..text.len() {
                let mut changed = text.clone().into_bytes();
                changed[at] ^= 1;
                let read = String::from_utf8(changed)
                    .ok()
                    .and_then(|text| KeptCheckpoint::parse(&text).ok());
                assert_eq!(read, None, "byte {at} of {count}");
            }
        }
        let (key, peaks, of_three) = signed(&leaves(3), 1);
        let others = [
            leaves(2),
            leaves(4),
            [leaves(2), vec![leaf_hash(b"another")]].concat(),
        ];
        for other in others {
            let (_, of_other, _) = signed(&other, 1);
            let kept = KeptCheckpoint::new(key.clone(), of_other, of_three.clone());
            assert_eq!(kept, Err(KeptError::Root), "{other:?}");
        }
        let (_, _, by_other) = signed(&leaves(3), 2);
        assert!(matches!(
            KeptCheckpoint::new(key, peaks, by_other),
            Err(KeptError::Unsigned(_))
        ));
    }

    #[test]
    fn a_log_goes_on_or_is_behind_or_forked() {
        let all = leaves(9);
        let (key, peaks, at_five) = signed(&all[..5], 1);
        let kept = KeptCheckpoint::new(key, peaks, at_five).unwrap();
        let standing = |leaves: &[Hash]| {
            let (_, _, later) = signed(leaves, 1);
            kept.standing(&later, leaves.get(5..).unwrap_or_default().iter().copied())
                .0
        };
        assert_eq!(standing(&all), Standing::Continues);
        assert_eq!(standing(&all[..5]), Standing::Continues);
        assert_eq!(standing(&all[..4]), Standing::Behind);
        let mut other = all.clone();
        other[2] = leaf_hash(b"another");
        assert_eq!(standing(&other), Standing::Forked);
        assert_eq!(standing(&other[..5]), Standing::Forked);
        // Of a smaller tree, the subtrees that are kept: of four leaves, and of the fifth.
        let is_forked = |leaves: &[Hash]| {
            let tree = Tree::of(leaves.iter().copied());
            kept.is_forked_by_tree(&tree, tree.size()).unwrap()
        };
        assert!(is_forked(&other[..4]) && is_forked(&other));
        assert!(!is_forked(&other[..3]) && !is_forked(&all[..4]) && !is_forked(&all));
        // The entries that are shown are not as many as the checkpoint states.
        let (_, _, at_nine) = signed(&all, 1);
        for shown in [&all[5..8], &[&all[5..], &all[..1]].concat()] {
            let (standing, _) = kept.standing(&at_nine, shown.iter().copied());
            assert_eq!(standing, Standing::Forked);
        }
    }
}
