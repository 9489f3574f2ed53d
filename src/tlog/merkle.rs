//! The Merkle tree of RFC 6962, section 2.1, over SHA-256: roots, proofs that a leaf is in a tree, and proofs that one tree
//! begins with another.
//!
//! A tree is seen through the hashes of its whole subtrees: the one at `level` and `index` covers the leaves from
//! `index · 2^level` to before `(index + 1) · 2^level`. Where they come from (a file, tiles of a site, memory) is the
//! caller's.

use std::convert::Infallible;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::base64;

/// The hash of a leaf or of a subtree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Wraps the bytes of a hash.
    #[must_use]
    pub const fn from_raw(raw: [u8; 32]) -> Self {
        Self(raw)
    }

    /// Returns the bytes of the hash.
    #[must_use]
    pub const fn raw(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In base64, as checkpoints and proofs have it.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// Returns the hash of the tree without a leaf.
#[must_use]
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// Returns the hash of a leaf.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new_with_prefix([0]);
    hasher.update(entry);
    Hash(hasher.finalize().into())
}

/// Returns the hash of two subtrees together.
#[must_use]
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Hash(Sha256::digest(bytes).into())
}

/// The whole subtrees of a tree.
pub trait Nodes {
    /// Why a hash cannot be had.
    type Error;

    /// Returns the hash of the whole subtree at a level and an index.
    ///
    /// # Errors
    /// Where it cannot be had.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;

    /// Returns the root of the tree of the first `size` leaves.
    ///
    /// # Errors
    /// Where a hash cannot be had.
    fn root(&self, size: u64) -> Result<Hash, Self::Error> {
        if size == 0 {
            return Ok(empty_root());
        }
        self.range(0, size)
    }

    /// Returns the hash of the leaves from `first` to before `end`: a range that the tree's own division makes.
    ///
    /// # Errors
    /// Where a hash cannot be had.
    fn range(&self, first: u64, end: u64) -> Result<Hash, Self::Error> {
        let length = end - first;
        if length.is_power_of_two() {
            let level = length.trailing_zeros();
            return self.node(level, first >> level);
        }
        let middle = first + split(length);
        Ok(node_hash(self.range(first, middle)?, self.range(middle, end)?))
    }

    /// Proves that the tree of the first `size` leaves has the one at `index`: the hashes beside its way to the root,
    /// lowest first (RFC 6962, section 2.1.1). Empty where it has not.
    ///
    /// # Errors
    /// Where a hash cannot be had.
    fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Self::Error> {
        let mut proof = Vec::new();
        if index >= size {
            return Ok(proof);
        }
        let (mut first, mut end) = (0, size);
        while end - first > 1 {
            let middle = first + split(end - first);
            if index < middle {
                proof.push(self.range(middle, end)?);
                end = middle;
            } else {
                proof.push(self.range(first, middle)?);
                first = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// Proves that the tree of the first `size` leaves begins with that of the first `old` (RFC 6962, section 2.1.2). Empty
    /// where either is empty, or they are the same.
    ///
    /// # Errors
    /// Where a hash cannot be had.
    fn consistency(&self, old: u64, size: u64) -> Result<Vec<Hash>, Self::Error> {
        let mut proof = Vec::new();
        if old == 0 || old >= size {
            return Ok(proof);
        }
        let (mut first, mut end) = (0, size);
        // Whether the subtree that is looked into is one that `old` leaves make up from the tree's beginning.
        while end != old {
            let middle = first + split(end - first);
            if old <= middle {
                proof.push(self.range(middle, end)?);
                end = middle;
            } else {
                proof.push(self.range(first, middle)?);
                first = middle;
            }
        }
        if first > 0 {
            proof.push(self.range(first, end)?);
        }
        proof.reverse();
        Ok(proof)
    }
}

/// The largest power of two below a length of at least 2: where the tree divides it.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

/// Computes the root of a tree from a leaf's hash, its index and a proof; `None` where the proof has another length than
/// that of a tree of this size (RFC 9162, section 2.1.3.2, whose trees are those of RFC 6962).
#[must_use]
pub fn root_of_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut place, mut last) = (index, size - 1);
    let mut root = leaf;
    for hash in proof {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            root = node_hash(*hash, root);
            // It ends: `last` is not 0, so neither is `place`.
            while place & 1 == 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            root = node_hash(root, *hash);
        }
        place >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// A whole subtree, by its level and its index.
pub type Place = (u32, u64);

/// Returns the whole subtrees that a proof for [`root_of_inclusion`] knows the hashes of: those on the leaf's way to the root, and
/// those beside it. Nothing where the proof has another length.
#[must_use]
pub fn subtrees_of_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Vec<(Place, Hash)> {
    let (mut first, mut end) = (0, size);
    let mut beside = Vec::new();
    while index < size && end - first > 1 {
        let middle = first + split(end - first);
        if index < middle {
            beside.push(((first, end), (middle, end)));
            end = middle;
        } else {
            beside.push(((first, end), (first, middle)));
            first = middle;
        }
    }
    if index >= size || beside.len() != proof.len() {
        return Vec::new();
    }
    let mut hash = leaf;
    let mut ranges = vec![((index, index + 1), leaf)];
    for ((above, other), sibling) in beside.into_iter().rev().zip(proof.iter().copied()) {
        hash = if other.0 > index {
            node_hash(hash, sibling)
        } else {
            node_hash(sibling, hash)
        };
        ranges.extend([(other, sibling), (above, hash)]);
    }
    let whole = |((first, end), hash): ((u64, u64), Hash)| {
        let length = end - first;
        let level = length.trailing_zeros();
        length
            .is_power_of_two()
            .then_some(((level, first >> level), hash))
    };
    ranges.into_iter().filter_map(whole).collect()
}

/// Tells whether a proof shows that the tree with one size and root begins with that of another (RFC 9162, section
/// 2.1.4.2).
#[must_use]
pub fn is_consistent(old: u64, old_root: Hash, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if old == 0 {
        return proof.is_empty() && old_root == empty_root() && (size > 0 || root == empty_root());
    }
    if old >= size {
        return old == size && proof.is_empty() && old_root == root;
    }
    let mut proof = proof.iter().copied();
    let (mut place, mut last) = (old - 1, size - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    // Where the old tree is one whole subtree, its root begins both ways up.
    let seed = if place == 0 { Some(old_root) } else { proof.next() };
    let Some(seed) = seed else { return false };
    let (mut old_way, mut new_way) = (seed, seed);
    for hash in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            old_way = node_hash(hash, old_way);
            new_way = node_hash(hash, new_way);
            // It ends: `last` is not 0, so neither is `place`.
            while place & 1 == 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            new_way = node_hash(new_way, hash);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && old_way == old_root && new_way == root
}

/// How many hashes whole subtrees have in a tree of a size: each leaf, and each subtree where its last leaf came.
#[must_use]
pub fn stored_count(size: u64) -> u64 {
    2 * size - u64::from(size.count_ones())
}

/// Where the hash of a whole subtree stands among all of them in the order in which they came to be: a leaf, then the
/// subtrees that it completes, lowest first.
#[must_use]
pub fn stored_place(level: u32, index: u64) -> u64 {
    // The subtree's last leaf, and what came before that leaf.
    let last = ((index + 1) << level) - 1;
    stored_count(last) + u64::from(level)
}

/// All whole subtrees of a tree, in the order of [`stored_place`]: those that were kept before, as bytes, and newer ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree<K = Vec<u8>> {
    size: u64,
    kept: K,
    /// How many of those kept are used.
    known: usize,
    newer: Vec<Hash>,
}

impl Tree {
    /// Makes the tree of leaves.
    #[must_use]
    pub fn of(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut tree = Self::default();
        for leaf in leaves {
            tree.push(leaf);
        }
        tree
    }
}

impl<K: AsRef<[u8]>> Tree<K> {
    /// Goes on from the hashes of a tree of some size, 32 bytes each; `None` where there are too few.
    #[must_use]
    pub fn kept(kept: K, size: u64) -> Option<Self> {
        // Beyond that nothing can be counted, and no memory has it.
        i64::try_from(size).ok()?;
        let known = usize::try_from(stored_count(size)).ok()?;
        let is_whole = kept.as_ref().len() >= known.checked_mul(32)?;
        is_whole.then_some(Self {
            size,
            kept,
            known,
            newer: Vec::new(),
        })
    }

    /// Puts a leaf at the end.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        self.newer.push(hash);
        for level in 0..self.size.trailing_ones() {
            let left = self.at(level, (self.size >> level) - 1);
            hash = node_hash(left, hash);
            self.newer.push(hash);
        }
        self.size += 1;
    }

    /// Returns how many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Tells whether the hash of every subtree is that of its halves: a root that is right then stands for every leaf.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let levels = (1..u64::BITS).take_while(|level| self.size >> level > 0);
        let mut subtrees = levels.flat_map(|level| (0..self.size >> level).map(move |index| (level, index)));
        subtrees.all(|(level, index)| {
            let halves = [2 * index, 2 * index + 1].map(|half| self.at(level - 1, half));
            self.at(level, index) == node_hash(halves[0], halves[1])
        })
    }

    /// Returns the hashes that were not among those kept, in the order of [`stored_place`].
    #[must_use]
    pub fn newer(&self) -> &[Hash] {
        &self.newer
    }

    fn at(&self, level: u32, index: u64) -> Hash {
        let place = usize::try_from(stored_place(level, index)).expect("it is in memory");
        match place.checked_sub(self.known) {
            Some(place) => self.newer[place],
            None => Hash(
                self.kept.as_ref()[place * 32..][..32]
                    .try_into()
                    .expect("32 bytes"),
            ),
        }
    }
}

impl<K: AsRef<[u8]>> Nodes for Tree<K> {
    type Error = Infallible;

    /// # Panics
    /// Where the tree has no such subtree.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        Ok(self.at(level, index))
    }
}

/// The whole subtrees that a tree of some size consists of, largest first: all of it that a longer tree needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peaks {
    size: u64,
    hashes: Vec<Hash>,
}

impl Peaks {
    /// Reads the peaks of the tree of the first `size` leaves.
    ///
    /// # Errors
    /// Where a hash cannot be had.
    pub fn of<N: Nodes>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let mut hashes = Vec::new();
        let mut first = 0;
        for level in (0..64).rev() {
            if size >> level & 1 == 1 {
                hashes.push(nodes.node(level, first >> level)?);
                first += 1 << level;
            }
        }
        Ok(Self { size, hashes })
    }

    /// Makes the peaks of a tree of some size from their hashes, largest first; `None` where they are too many or too few.
    #[must_use]
    pub fn of_hashes(size: u64, hashes: Vec<Hash>) -> Option<Self> {
        let is_whole = hashes.len() == usize::try_from(size.count_ones()).ok()?;
        is_whole.then_some(Self { size, hashes })
    }

    /// Returns the hashes, largest subtree first.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Returns each with its place, largest first.
    pub fn subtrees(&self) -> impl Iterator<Item = (Place, Hash)> {
        let levels = (0..64).rev().filter(|level| self.size >> level & 1 == 1);
        // Before the subtree of a bit are the leaves that the higher bits count.
        let places = levels.map(|level| (level, (self.size >> level) - 1));
        places.zip(self.hashes.iter().copied())
    }

    /// Returns how many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Puts a leaf at the end.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.hashes.pop().expect("a peak for each bit of the size");
            hash = node_hash(left, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// Returns the root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut hashes = self.hashes.iter().rev().copied();
        let last = hashes.next().unwrap_or_else(empty_root);
        hashes.fold(last, |right, left| node_hash(left, right))
    }
}

#[cfg(test)]
mod tests;
