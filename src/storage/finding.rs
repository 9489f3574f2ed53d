//! What reading a store can come to besides an object: one word for each fault, the same whether a single
//! object was asked for or the whole store was checked.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::id::ObjectId;
use crate::object::HashError;
use crate::storage::file::FileError;
use crate::storage::loose::LooseError;
use crate::storage::pack::PackError;
use crate::storage::pack_index::IndexError;

/// What is wrong with the bytes of a store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Damage {
    /// The file is none, or cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A loose object is malformed.
    #[error(transparent)]
    Loose(#[from] LooseError),
    /// A pack index is malformed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A pack or one of its entries is malformed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A pack has no index.
    #[error("pack has no index")]
    PackAlone,
    /// An index has no pack.
    #[error("pack index has no pack")]
    IndexAlone,
    /// The object is another one than its name says.
    #[error("object has the id {0}, not the one it is kept under")]
    OtherId(ObjectId),
    /// The object's id is not to be believed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl Damage {
    /// Tells whether nothing is known of the bytes, because the operating system did not give them.
    #[must_use]
    pub fn is_system_error(&self) -> bool {
        matches!(self, Self::File(error) if error.is_system_error())
    }
}

/// Why an object was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store has no such object.
    #[error("object {0} is not in the store")]
    Missing(ObjectId),
    /// The store has the object, but no undamaged copy of it.
    #[error("object {id} is damaged in {}{}", path.display(), AtOffset(*offset))]
    Damaged {
        /// The object.
        id: ObjectId,
        /// The file, relative to the `objects` folder.
        path: PathBuf,
        /// Where in a pack the damaged entry begins.
        offset: Option<u64>,
        /// What is wrong.
        #[source]
        what: Damage,
    },
    /// The object was not found, but a part of the store could not be looked into.
    #[error("{} cannot be used, so it is not known what the store holds", path.display())]
    Unusable {
        /// The file, relative to the `objects` folder.
        path: PathBuf,
        /// What is wrong.
        #[source]
        what: Damage,
    },
    /// The operating system refused.
    #[error("could not read {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What a check of the whole store found in one place.
#[derive(Debug)]
pub struct StoreFinding {
    /// The file or folder, relative to the `objects` folder.
    pub path: PathBuf,
    /// Where in a pack the entry begins.
    pub offset: Option<u64>,
    /// The object, where it is known.
    pub id: Option<ObjectId>,
    /// What is wrong.
    pub kind: FindingKind,
}

/// What a [`StoreFinding`] is about.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FindingKind {
    /// Bytes are not what they have to be.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A temporary file or folder that an interrupted program left behind; harmless.
    #[error("is left over from an interrupted write")]
    Leftover,
    /// Something that no object store has.
    #[error("does not belong into an object store")]
    Stray,
    /// A symbolic link, which could show other objects to other readers.
    #[error("is a symbolic link")]
    Link,
    /// Objects would be borrowed from another store.
    #[error("makes git borrow objects from elsewhere")]
    Alternates,
    /// The store is part of a partial clone: missing objects would be fetched.
    #[error("marks a pack of a partial clone, where objects may be missing")]
    Promisor,
}

impl StoreFinding {
    /// Tells whether the finding says nothing about the objects: an interrupted write's leftover.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        matches!(self.kind, FindingKind::Leftover)
    }
}

impl fmt::Display for StoreFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.path.display(), AtOffset(self.offset))?;
        if let Some(id) = self.id {
            write!(f, ", object {id}")?;
        }
        write!(f, ": {}", self.kind)?;
        let mut source = std::error::Error::source(&self.kind);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

struct AtOffset(Option<u64>);

impl fmt::Display for AtOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |offset| write!(f, " at offset {offset}"))
    }
}
