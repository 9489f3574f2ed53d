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

#[cfg(test)]
mod tests {
    use super::*;

    fn trailers(kind: &str, previous: Option<CommitId>) -> Trailers {
        let number = previous.map_or(1, |_| 2);
        let previous = previous.map_or(String::new(), |id| format!("Previous-Revision: {id}\n"));
        let sum = "0".repeat(64);
        let text = format!(
            "{kind}: a\n\nWhy.\n\nArticle-Id: 2026/01/22/a\nRevision: {number}\nRevision-Kind: {kind}\n\
            {previous}Languages: en\nContent-SHA256: {sum}\n"
        );
        Message::parse(&text).unwrap().trailers
    }

    #[test]
    fn behind_technical_revisions_is_looked_once_and_as_far_as_they_can_be_read() {
        let id = |byte: u8| CommitId::from_raw([byte; 20]);
        let mut stood = Stood::default();
        let mut reads = Vec::new();
        let mut read = |asked: CommitId| {
            reads.push(asked);
            match asked.raw()[0] {
                1 => Some(trailers("retraction", None)),
                2 | 3 => Some(trailers("technical", Some(id(asked.raw()[0] - 1)))),
                _ => None,
            }
        };
        let newest = trailers("technical", Some(id(2)));
        for _ in 0..2 {
            assert_eq!(stood.after(id(3), &newest, &mut read), Kind::Retraction);
        }
        let after = trailers("technical", Some(id(3)));
        assert_eq!(stood.after(id(4), &after, &mut read), Kind::Retraction);
        // One that is not there, and one that began an article.
        let lost = trailers("technical", Some(id(9)));
        assert_eq!(stood.after(id(5), &lost, &mut read), Kind::Technical);
        assert_eq!(
            stood.after(id(6), &trailers("technical", None), &mut read),
            Kind::Technical
        );
        assert_eq!(
            stood.after(id(7), &trailers("update", Some(id(6))), &mut read),
            Kind::Update
        );
        assert_eq!(reads, [2, 1, 3, 9].map(id));
    }
}
