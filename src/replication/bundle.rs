//! An archive, or what came after a commit, as one file for where there is no network: a bundle, which git takes as well.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::{Circumstances, ReplicationError, position};
use crate::archive::Archive;
use crate::id::CommitId;
use crate::platform::Durability;
use crate::storage::fetch::{PUSHING, Scratch};
use crate::storage::refs::BRANCH;
use crate::storage::repository::{io_error, sync_path};
use crate::storage::temporary;

/// How the name begins under which a bundle is written before it has its own.
const BESIDE: &str = ".avalaches-bundle-";

/// What is in a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The archive's tip.
    pub tip: CommitId,
    /// How many commits.
    pub commits: usize,
    /// How long the file is.
    pub bytes: u64,
}

/// Writes the branch into a file, or what came after a commit of it. The file is there whole or not at all, and git has
/// checked it.
///
/// # Errors
/// [`ReplicationError`].
pub fn export(
    archive: &Path,
    to: &Path,
    since: Option<CommitId>,
    circumstances: &Circumstances,
) -> Result<Bundle, ReplicationError> {
    let own = Archive::open_for_writing(archive, circumstances.owner)?;
    let all = own.branch()?.len();
    let mut revisions = vec!["HEAD".to_owned(), BRANCH.to_owned()];
    let mut commits = all;
    if let Some(since) = since {
        let place = position(&own, since)?.ok_or(ReplicationError::NotOnBranch(since))?;
        commits = all - place - 1;
        revisions.push(format!("^{since}"));
        if commits == 0 {
            return Err(ReplicationError::NothingNewer(since));
        }
    }
    let scratch = Scratch::begin(archive, PUSHING)?;
    scratch.lend(archive, &BTreeMap::from([(BRANCH.to_owned(), own.tip().into())]))?;
    // Git has its own idea of where it is.
    let folder = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let folder = folder.canonicalize().map_err(io_error("find", folder))?;
    let fresh = scratch.folder().join("bundle");
    circumstances.git.bundle(&scratch, &fresh, &revisions)?;
    let place = folder.join(to.file_name().unwrap_or_default());
    let copied = fs::File::open(&fresh).and_then(|mut whole| {
        temporary::put(&place, BESIDE, 0o666, circumstances.durability, |bundle| {
            io::copy(&mut whole, bundle)
        })
    });
    let bytes = copied.map_err(io_error("write", to))?;
    if circumstances.durability == Durability::Synced {
        sync_path(&folder)?;
    }
    Ok(Bundle {
        tip: own.tip(),
        commits,
        bytes,
    })
}
