//! The JSON documents of `JSON.md` that more than one asks for: the command line prints them, the server answers with
//! them.

use serde_json::{Value, json};

use crate::footer::Footer;
use crate::id::CommitId;
use crate::object::commit::Commit;
use crate::revision::Revision;
use crate::signature::judge::Judged;
use crate::swhid::Swhid;
use crate::trailer::Message;
use crate::withheld::Reason;

pub mod article;
pub mod search;
pub mod verdict;

/// Returns a document as it is printed and sent: with two blanks a level, and a line feed at its end.
#[must_use]
pub fn text(document: &Value) -> String {
    format!("{document:#}\n")
}

/// Returns what is told of a revision wherever one is named.
#[must_use]
pub fn revision(revision: &Revision) -> Value {
    named(revision.id, &revision.commit, &revision.message)
}

/// Returns what [`revision`] does, for a revision by its commit and message.
#[must_use]
pub fn named(id: CommitId, commit: &Commit, message: &Message) -> Value {
    let trailers = &message.trailers;
    json!({
        "article": trailers.article.to_string(),
        "revision": trailers.revision,
        "kind": trailers.kind.name(),
        "note": message.note,
        "date": commit.author.date.to_string(),
        "id": id.to_string(),
        "swhid": Swhid::revision(id).to_string(),
        "footer": Footer::of(commit.author.date, id).to_string(),
    })
}

/// Returns which files of a revision are withheld and why.
#[must_use]
pub fn withheld(reasons: &[Reason]) -> Vec<Value> {
    let one = |reason: &Reason| {
        json!({
            "file": reason.file,
            "blob": reason.tombstone.blob.to_string(),
            "bytes": reason.tombstone.bytes,
            "note": reason.tombstone.note,
            "footer": reason.commit.to_string(),
            "by": reason.by.to_string(),
            "signature": judged(&reason.signature),
        })
    };
    reasons.iter().map(one).collect()
}

/// Returns what is said of a signature.
#[must_use]
pub fn judged(judged: &Judged) -> Value {
    json!({
        "answer": judged.judgement.name(),
        "said": judged.judgement.to_string(),
        "principals": judged.judgement.principals(),
        "key": judged.key,
    })
}
