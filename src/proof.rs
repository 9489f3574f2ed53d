//! A proof: the git objects that lead from a commit to the text of its article, and nothing else. Whoever has it and the
//! footer needs no archive to see that the text is the commit's.
//!
//! The objects are the commit, the trees on the path down to the article's folder, that folder's tree, and its files in
//! the tree's order, each once. Their form is [`pack`]'s; plain git unpacks it. A page carries that in a [`block`].

use std::collections::HashMap;

use crate::id::{BlobId, CommitId, ObjectId, TreeId};
use crate::object::commit::{Commit, CommitError};
use crate::object::tree::{Entry, Tree, TreeError};
use crate::object::{self, HashError, Object, ObjectKind};
use crate::trailer::{Message, MessageError};

pub mod block;
pub mod pack;

/// The objects of a proof, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    objects: Vec<Object>,
}

/// What a proof leads to: each part was hashed and is what the part above it names.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The commit's id.
    pub id: CommitId,
    /// The commit.
    pub commit: Commit,
    /// Its message.
    pub message: Message,
    /// The article's folder.
    pub folder: TreeId,
    /// The files of the folder, in its order.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why objects prove nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// An object's bytes are not to be believed.
    #[error("object {number} of the proof")]
    Hash {
        /// Which, from 1.
        number: usize,
        /// Why.
        source: HashError,
    },
    /// The first object is no commit.
    #[error("the proof does not begin with a commit")]
    NoCommit,
    /// The commit is malformed.
    #[error("commit {0} in the proof is malformed")]
    Commit(CommitId, #[source] CommitError),
    /// The commit is none of an article.
    #[error("commit {0} in the proof has the message of no revision")]
    Message(CommitId, #[source] MessageError),
    /// An object that is named by the one above it is not there: it is missing, or its bytes are others.
    #[error("the proof has no {kind} {id} for {path}: it is missing, or was changed")]
    Missing {
        /// What is named.
        kind: ObjectKind,
        /// Its id.
        id: ObjectId,
        /// Where it stands in the commit's tree.
        path: String,
    },
    /// A tree is malformed.
    #[error("tree {0} in the proof is malformed")]
    Tree(TreeId, #[source] TreeError),
    /// A tree has no such entry, or another kind of it.
    #[error("the proof's tree {tree} has no {path}")]
    Absent {
        /// The tree.
        tree: TreeId,
        /// The path that should lead through it.
        path: String,
    },
    /// An object that the commit does not lead to, or not in its place.
    #[error("object {0} of the proof is not what stands there in a proof")]
    Stray(usize),
}

impl Proof {
    /// Makes a proof of objects, which nobody has judged.
    #[must_use]
    pub fn of(objects: Vec<Object>) -> Self {
        Self { objects }
    }

    /// Returns the objects.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// Hashes every object and follows the commit to the files of its article.
    ///
    /// # Errors
    /// [`ProofError`] for the first thing that is not so.
    pub fn follow(&self) -> Result<Proved, ProofError> {
        let mut follower = Follower::of(&self.objects)?;
        let first = self
            .objects
            .first()
            .filter(|first| first.kind == ObjectKind::Commit);
        let (first, id) = first
            .zip(follower.ids.first().copied())
            .ok_or(ProofError::NoCommit)?;
        let id = CommitId::from_raw(*id.raw());
        follower.expected.push(id.into());
        let commit = Commit::parse(&first.body).map_err(|source| ProofError::Commit(id, source))?;
        let message = Message::parse(&commit.message).map_err(|source| ProofError::Message(id, source))?;
        let path = message.trailers.article.folder();
        let (mut tree, mut folder) = (follower.tree(commit.tree, "the root")?, commit.tree);
        for part in path.split('/') {
            let Some(Entry::Folder(below)) = tree.get(part) else {
                return Err(ProofError::Absent { tree: folder, path });
            };
            (tree, folder) = (follower.tree(below, part)?, below);
        }
        let mut files = Vec::with_capacity(tree.entries().len());
        for (name, entry) in tree.entries() {
            let path = format!("{path}/{name}");
            let Entry::File(blob) = entry else {
                return Err(ProofError::Absent { tree: folder, path });
            };
            files.push((name.clone(), follower.file(*blob, &path)?));
        }
        follower.end()?;
        Ok(Proved {
            id,
            commit,
            message,
            folder,
            files,
        })
    }
}

/// Looks objects up by their ids, and notes in which order they were asked for.
struct Follower<'a> {
    by_id: HashMap<ObjectId, &'a Object>,
    ids: Vec<ObjectId>,
    expected: Vec<ObjectId>,
}

impl<'a> Follower<'a> {
    fn of(objects: &'a [Object]) -> Result<Self, ProofError> {
        let mut ids = Vec::with_capacity(objects.len());
        for (at, object) in objects.iter().enumerate() {
            let id = object::hash(object.kind, &object.body);
            ids.push(id.map_err(|source| ProofError::Hash {
                number: at + 1,
                source,
            })?);
        }
        Ok(Self {
            by_id: ids.iter().copied().zip(objects).collect(),
            ids,
            expected: Vec::new(),
        })
    }

    fn object(&mut self, id: ObjectId, kind: ObjectKind, path: &str) -> Result<&'a Object, ProofError> {
        let found = self.by_id.get(&id).copied().filter(|object| object.kind == kind);
        let found = found.ok_or_else(|| ProofError::Missing {
            kind,
            id,
            path: path.to_owned(),
        })?;
        if !self.expected.contains(&id) {
            self.expected.push(id);
        }
        Ok(found)
    }

    fn tree(&mut self, id: TreeId, path: &str) -> Result<Tree, ProofError> {
        let object = self.object(id.into(), ObjectKind::Tree, path)?;
        Tree::parse(&object.body).map_err(|source| ProofError::Tree(id, source))
    }

    fn file(&mut self, id: BlobId, path: &str) -> Result<Vec<u8>, ProofError> {
        Ok(self.object(id.into(), ObjectKind::Blob, path)?.body.clone())
    }

    /// Everything that is there must have been asked for, in the order in which it is there.
    fn end(self) -> Result<(), ProofError> {
        let stray = (0..self.ids.len()).find(|at| self.expected.get(*at) != self.ids.get(*at));
        stray.map_or(Ok(()), |at| Err(ProofError::Stray(at + 1)))
    }
}

#[cfg(test)]
mod tests;
