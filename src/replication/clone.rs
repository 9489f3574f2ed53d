//! Making a copy of an archive in a folder of its own.

use std::fs;
use std::io;
use std::path::Path;

use super::arrival::{self, Arrival, Judged, Own};
use super::{Address, Circumstances, Refusal, Remember, ReplicationError, SEEN, note_seen};
use crate::archive::Archive;
use crate::id::CommitId;
use crate::progress::Tell;
use crate::storage::branch_list::BranchList;
use crate::storage::fetch::{FetchError, PULLING};
use crate::storage::refs::{self, BRANCH};
use crate::storage::repository::{self, INCOMING, Making, WriteError, Writer, io_error};
use crate::verify::whole::Finding;

/// What became of a clone.
#[derive(Debug)]
pub enum Cloned {
    /// It is there, and all of it is sound.
    Made {
        /// Its tip.
        tip: CommitId,
        /// How many commits it has.
        commits: usize,
        /// What [`whole::check`](crate::verify::whole::check) finds of those whose keys were revoked after they had signed them.
        revoked: Vec<Finding>,
    },
    /// There is none.
    Refused(Refusal),
}

/// Makes a copy of an archive in a folder that is empty or does not exist, or goes on with one that was interrupted.
/// Everything in it is proved before it has a branch.
///
/// # Errors
/// [`ReplicationError`]; what was brought until then stays in the folder, for the next call. Where nothing was, the place is
/// as free as it was before.
pub fn clone(
    from: &Address,
    folder: &Path,
    circumstances: &Circumstances,
    tell: &mut Tell<'_>,
) -> Result<Cloned, ReplicationError> {
    let begun = prepare(from, folder)?;
    // Whoever mistyped the address says the right one next, and the folder must not be in the way.
    let free = |error| {
        if begun != Begun::Whole {
            let _ = repository::clear_place(folder);
        }
        error
    };
    let asked = arrival::ask(folder, from, circumstances);
    let asked = asked.map_err(|error| if begun == Begun::Now { free(error) } else { error })?;
    let refuse = Own::Refuse;
    let judged = arrival::arrive(folder, None, from, asked, refuse, circumstances, tell);
    let judged = judged.map_err(|error| match error {
        ReplicationError::NoArchive { .. } | ReplicationError::Fetch(FetchError::Shallow) => free(error),
        ReplicationError::Empty(_) | ReplicationError::Fetch(FetchError::Unpacked) if begun == Begun::Now => {
            free(error)
        }
        error => error,
    });
    let arrival = match judged? {
        Judged::Sound(arrival) => arrival,
        Judged::Refused(refusal) => {
            // Of what is not sound nothing is of use, and the folder is free again.
            if begun != Begun::Whole {
                repository::clear_place(folder)?;
            }
            return Ok(Cloned::Refused(refusal));
        }
    };
    let Arrival {
        mut scratch,
        view,
        new,
        revoked,
        ..
    } = *arrival;
    let tip = view.tip();
    let mut writer = Writer::begin(folder, circumstances.durability)?;
    match writer.tip() {
        None => {}
        Some(tip) if begun == Begun::Whole && new.contains(&tip) => {}
        Some(_) if begun == Begun::Whole => return Err(occupied(from, folder)),
        Some(_) => return Err(WriteError::Moved.into()),
    }
    writer.take_packs(&scratch.pack_folder(), &scratch.packs()?, BRANCH)?;
    writer.publish(tip, "clone")?;
    drop(writer);
    scratch.is_done_with();
    drop((view, scratch));
    // It can be made again, so that it could not be written is no failure.
    let _ = BranchList::of(&new).save(folder);
    let archive = Archive::open(folder, circumstances.owner)?;
    let circumstances = Circumstances {
        remember: Remember::Always,
        ..circumstances.clone()
    };
    note_seen(&archive, from, tip, &circumstances)?;
    Ok(Cloned::Made {
        tip,
        commits: new.len(),
        revoked,
    })
}

/// When the repository was made into which a clone is brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// By this call.
    Now,
    /// By one that was interrupted.
    Before,
    /// By one that was interrupted when its branch was there already, and had not come to its end.
    Whole,
}

/// Makes an empty repository, which remembers what it is to be a copy of, unless it is there.
fn prepare(from: &Address, folder: &Path) -> Result<Begun, ReplicationError> {
    if repository::is_free(folder).map_err(io_error("look into", folder))? {
        return make(from, folder);
    }
    repository::finish(folder)?;
    let tip = refs::tip(folder).ok().filter(|_| folder.join("HEAD").is_file());
    let is_empty = tip == Some(None);
    let meant = Address::remembered(folder).ok().flatten();
    // What was seen of the other copy is the last that a clone writes, by way of that folder.
    if let Some(Some(_)) = tip
        && meant.as_ref() == Some(from)
        && (refs::find(folder, SEEN)?.is_none() || folder.join(INCOMING).exists())
    {
        return Ok(Begun::Whole);
    }
    match meant.filter(|_| is_empty) {
        Some(meant) if meant == *from => Ok(Begun::Before),
        // Whoever mistyped an address that never answered has ended that call, and says the right one now.
        Some(_) if !has_come(folder)? => {
            from.remember(folder)?;
            Ok(Begun::Before)
        }
        _ => Err(occupied(from, folder)),
    }
}

fn occupied(from: &Address, folder: &Path) -> ReplicationError {
    ReplicationError::Occupied {
        folder: folder.to_owned(),
        address: from.to_string(),
    }
}

/// Tells whether anything was brought yet into a clone that was begun.
fn has_come(folder: &Path) -> Result<bool, WriteError> {
    let packs = folder.join(PULLING).join("objects/pack");
    match fs::read_dir(&packs) {
        Ok(mut files) => Ok(files.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_error("look into", &packs)(error)),
    }
}

/// Makes the repository beside its place and moves it there, so that a kill leaves none by halves.
fn make(from: &Address, folder: &Path) -> Result<Begun, ReplicationError> {
    let making = Making::begin(folder)?;
    repository::create(making.path())?;
    from.remember(making.path())?;
    making.take_place()?;
    Ok(Begun::Now)
}
