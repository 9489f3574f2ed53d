//! What the check of a whole archive shows to whoever judges more than the format asks for: each revision beside the
//! one that it follows, in the same pass.

use std::collections::BTreeMap;

use crate::id::CommitId;
use crate::object::commit::Commit;
use crate::revision::Revision;
use crate::trailer::Message;

/// Somebody to whom revisions are shown, in no order and on every core.
pub trait Observer: Sync {
    /// Is shown a revision that could be read.
    fn revision(&self, seen: &Seen<'_>);
}

/// A revision beside the one that it follows.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The revision.
    pub revision: &'a Revision,
    /// The article's revision before, where there is one.
    pub earlier: Option<&'a Earlier>,
}

/// A revision as it stood when another one took its place.
#[derive(Debug)]
pub struct Earlier {
    /// The commit's id.
    pub id: CommitId,
    /// The commit.
    pub commit: Commit,
    /// Its message.
    pub message: Message,
    /// The files of the article's folder.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Earlier {
    /// Returns a file as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(name)?).ok()
    }
}
