//! Whose signature a commit of an archive bears: by the keys that the commit before it allowed, at the time when it was
//! archived, less those that the archive has revoked since.

use crate::archive::{Archive, Fault};
use crate::object::commit::Commit;
use crate::settings::{REVOKED_FILE, SIGNERS_FILE};
use crate::signature::allowed::AllowedSigners;
use crate::signature::judge::{self, Judged};
use crate::signature::revoked::RevokedKeys;

/// Judges the signature of a commit. A commit cannot let itself in: what counts is what its parent's tree says.
///
/// # Errors
/// [`Fault`] where the commit's parent, the tip or one of the files cannot be read.
pub fn judge(archive: &Archive, commit: &Commit) -> Result<Judged, Fault> {
    let Some(signature) = &commit.signature else {
        return Ok(Judged::unsigned());
    };
    let allowed = match commit.parents.first() {
        Some(parent) => file(archive, &archive.commit(*parent)?, SIGNERS_FILE)?,
        None => None,
    };
    let tip = archive.commit(archive.tip())?;
    let revoked = file(archive, &tip, REVOKED_FILE)?.unwrap_or_default();
    let mut unsigned = commit.clone();
    unsigned.signature = None;
    Ok(judge::judge(
        signature,
        &unsigned.encode(),
        commit.committer.date.seconds(),
        &AllowedSigners::parse(&allowed.unwrap_or_default()),
        &RevokedKeys::parse(&revoked),
    ))
}

/// Returns `allowed_signers` and `revoked_keys` as the tip has them, empty where they are not there.
///
/// # Errors
/// [`Fault`] where they cannot be read.
pub fn files(archive: &Archive) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let tip = archive.commit(archive.tip())?;
    let allowed = file(archive, &tip, SIGNERS_FILE)?.unwrap_or_default();
    let revoked = file(archive, &tip, REVOKED_FILE)?.unwrap_or_default();
    Ok((allowed, revoked))
}

fn file(archive: &Archive, commit: &Commit, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    match archive.file(commit.tree, name) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Fault::Absent { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}
