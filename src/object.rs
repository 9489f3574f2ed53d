//! Git objects as bytes: what an id is the hash of. Encoded and parsed here rather than by libgit2, which
//! lets a line feed in a name forge headers and cuts dates to 32 bits.
//!
//! Source of the format: git's documentation, `gitformat-loose` and `git-commit-tree`.

use std::fmt;

use sha1::{Digest, Sha1};

use crate::id::{ObjectId, RawId};

pub mod commit;
pub mod delta;
pub mod entry;
pub mod foreign;
pub mod ident;
pub mod tree;

/// The most bytes an object of an archive may have: 64 MiB, four times the longest article.
pub const LARGEST_OBJECT: usize = 64 << 20;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A revision, or the first commit of an archive.
    Commit,
    /// A folder.
    Tree,
    /// A file's bytes.
    Blob,
    /// An annotated tag, which an archive does not use.
    Tag,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Commit, Self::Tree, Self::Blob, Self::Tag];

    /// Returns git's word for the kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    /// Reads git's word for a kind.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().as_bytes() == name)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An object without its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What the body is.
    pub kind: ObjectKind,
    /// The bytes after the header.
    pub body: Vec<u8>,
}

/// Why an object's id is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The bytes were prepared so that others have the same SHA-1 (Stevens and Shumow's detection).
    #[error("the bytes are one half of a prepared SHA-1 collision")]
    Collision,
    /// The two SHA-1 implementations differ: a fault of the machine or of one of them.
    #[error("two implementations of SHA-1 disagree about the same bytes")]
    Disagreement,
}

/// Returns the header that is hashed before a body: kind, length in decimal, NUL.
#[must_use]
pub fn header(kind: ObjectKind, length: usize) -> Vec<u8> {
    format!("{kind} {length}\0").into_bytes()
}

/// How ids are computed where a whole archive is hashed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hashing {
    /// By two implementations, which must agree, one of which detects prepared collisions.
    #[default]
    Both,
    /// By `sha1` alone: to see what the detection costs.
    Sha1,
}

impl Hashing {
    /// Computes the id of an object.
    ///
    /// # Errors
    /// [`HashError`] as for [`hash`]; never with [`Hashing::Sha1`].
    pub fn id(self, kind: ObjectKind, body: &[u8]) -> Result<ObjectId, HashError> {
        match self {
            Self::Both => hash(kind, body),
            Self::Sha1 => {
                let hasher = Sha1::new_with_prefix(header(kind, body.len()));
                Ok(ObjectId::from_raw(hasher.chain_update(body).finalize().into()))
            }
        }
    }
}

/// Computes the id of an object, twice: with `sha1`, and with `sha1dc`, which detects prepared collisions.
///
/// # Errors
/// [`HashError`] where a collision was prepared, or the two differ.
pub fn hash(kind: ObjectKind, body: &[u8]) -> Result<ObjectId, HashError> {
    digest(&[&header(kind, body.len()), body]).map(ObjectId::from_raw)
}

/// Computes the SHA-1 of parts laid end to end, in both implementations.
///
/// # Errors
/// [`HashError`] as for [`hash`].
pub fn digest(parts: &[&[u8]]) -> Result<RawId, HashError> {
    let mut plain = Sha1::new();
    let mut detecting = sha1dc::Hasher::new();
    for part in parts {
        plain.update(part);
        detecting.update(part);
    }
    let detected = detecting.finalize().map_err(|_| HashError::Collision)?;
    let plain: RawId = plain.finalize().into();
    if detected.as_ref() == plain.as_slice() {
        Ok(plain)
    } else {
        Err(HashError::Disagreement)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The beginning of shattered-1.pdf (Stevens, Bursztein, Karpman, Albertini and Markov 2017): with two other blocks at
    /// its end it has the same SHA-1.
    const SHATTERED: &str = "\
        255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f4865696768742033\
        203020522f547970652034203020522f537562747970652035203020522f46696c7465722036203020522f436f6c6f72\
        53706163652037203020522f4c656e6774682038203020522f42697473506572436f6d706f6e656e7420383e3e0a7374\
        7265616d0affd8fffe00245348412d3120697320646561642121212121852fec092339759c39b1a1c63c4c97e1fffe01\
        7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3\
        dc38e96ac22fe7bd728f0e45bce046d23c570feb141398bb552ef5a0a82be331fea48037b8b5d71f0e332edf93ac3500\
        eb4ddc0decc1a864790c782c76215660dd309791d06bd0af3f98cda4bc4629b1";

    /// Returns bytes that are one half of a prepared collision. They are no git object: behind a header of git's they
    /// would collide with nothing, and nobody has prepared a collision behind one yet.
    pub(crate) fn half_of_a_collision() -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&SHATTERED[at..at + 2], 16).unwrap();
        (0..SHATTERED.len()).step_by(2).map(digit).collect()
    }

    #[test]
    fn one_half_of_a_prepared_collision_is_refused_and_is_none_behind_a_header_of_gits() {
        let half = half_of_a_collision();
        assert_eq!(half.len(), 320);
        assert_eq!(digest(&[&half]), Err(HashError::Collision));
        let (one, rest) = half.split_at(200);
        assert_eq!(digest(&[one, rest]), Err(HashError::Collision));
        let plain = Sha1::new_with_prefix(&half).finalize();
        assert_eq!(
            ObjectId::from_raw(plain.into()).to_string(),
            "f92d74e3874587aaf443d1db961d4e26dde13e9c"
        );
        assert!(hash(ObjectKind::Blob, &half).is_ok());
    }

    #[test]
    fn ids_are_those_git_documents() {
        let id = |kind, body: &[u8]| hash(kind, body).unwrap().to_string();
        assert_eq!(
            id(ObjectKind::Blob, b""),
            "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
        );
        assert_eq!(
            id(ObjectKind::Tree, b""),
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        );
        assert_eq!(
            id(ObjectKind::Blob, b"what is up, doc?"),
            "bd9dbf5aae1a3862dd1526723246b20206e5fc37"
        );
    }

    #[test]
    fn a_kind_reads_back_from_its_name() {
        for kind in ObjectKind::ALL {
            assert_eq!(ObjectKind::from_name(kind.name().as_bytes()), Some(kind));
        }
        assert_eq!(ObjectKind::from_name(b"Blob"), None);
    }
}
