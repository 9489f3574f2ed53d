//! What the check of a whole archive shows to whoever judges more than the format asks for: each revision beside the
//! one that it follows, in the same pass.

use std::collections::{BTreeMap, HashMap};

use crate::article::Kind;
use crate::id::CommitId;
use crate::object::commit::Commit;
use crate::revision::Revision;
use crate::trailer::{Message, Trailers};
use crate::withheld::WithheldRevision;

/// Somebody to whom revisions are shown, in no order and on every core.
pub trait Observer: Sync {
    /// Is shown a revision that could be read.
    fn revision(&self, seen: &Seen<'_>);

    /// Is shown a revision of which content is withheld, beside the one that it follows.
    fn withheld(&self, revision: &WithheldRevision, earlier: Option<&Earlier>);
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
    /// As what the article stood: the kind of the newest revision up to this one that is not technical.
    pub stood: Kind,
    /// The files of the article's folder, but for those that are withheld.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// As what articles stood after technical revisions, each of which is looked behind once.
#[derive(Debug, Default)]
pub(super) struct Stood(HashMap<CommitId, Kind>);

impl Stood {
    /// Tells as what an article stood after a revision; `read` reads the trailers of the ones before. Where one cannot be
    /// read, that is not known, and the article counts as changed technically.
    pub fn after(
        &mut self,
        id: CommitId,
        trailers: &Trailers,
        mut read: impl FnMut(CommitId) -> Option<Trailers>,
    ) -> Kind {
        let (mut kind, mut previous) = (trailers.kind, trailers.previous);
        let mut technical = Vec::new();
        let mut at = id;
        while kind == Kind::Technical {
            if let Some(known) = self.0.get(&at) {
                kind = *known;
                break;
            }
            technical.push(at);
            let Some((id, before)) = previous.and_then(|id| Some((id, read(id)?))) else {
                break;
            };
            (at, kind, previous) = (id, before.kind, before.previous);
        }
        self.0.extend(technical.into_iter().map(|id| (id, kind)));
        kind
    }
}

impl Earlier {
    /// Returns a file as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(name)?).ok()
    }
}
