//! What is wrong with the signatures of commits, each judged where the commit is, in the same pass.

use super::{Code, Finding, Observer};
use crate::id::{BlobId, CommitId};
use crate::object::commit::Commit;
use crate::settings::Signatures;
use crate::verify::signed::{Grounds, Keys};

/// Which signatures are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Those that the archive asked for.
    Asked,
    /// Those, and all that are there.
    All,
}

impl Which {
    /// Returns which are judged for somebody who observes, or for nobody.
    pub fn of(observer: Option<&dyn Observer>) -> Self {
        observer.map_or(Self::Asked, |_| Self::All)
    }
}

/// Judges the signature of a commit by the files of the one before it, which `read` reads.
pub(super) fn judge<E>(
    keys: &mut Keys,
    which: Which,
    (id, commit): (CommitId, &Commit),
    grounds: Grounds,
    mut read: impl FnMut(BlobId) -> Result<Vec<u8>, E>,
) -> Result<Vec<Finding>, E> {
    let asked = keys.asked(grounds, &mut read)?;
    if asked == Signatures::Optional && (which == Which::Asked || commit.signature.is_none()) {
        return Ok(Vec::new());
    }
    let standing = keys.judge(commit, grounds, read)?;
    let mut found = Vec::new();
    if standing.is_missing() {
        found.push(Finding::of(Code::SignatureMissing, id, standing.what()));
    }
    if let Some(code) = Code::of_signature(&standing.judged.judgement)
        && (standing.is_any_allowed || code != Code::SignatureUntrusted)
    {
        let what = format!("has a signature that is {}", standing.judged);
        found.push(Finding::of(code, id, what));
    }
    Ok(found)
}
