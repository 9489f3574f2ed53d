//! Bringing the branch up to another copy's.

use std::path::Path;

use super::arrival::{self, Arrival, Asked, Judged, Own};
use super::rebase::rebase;
use super::{Address, Circumstances, Rebased, Refusal, ReplicationError, last_seen, note_seen, position};
use crate::add;
use crate::archive::Archive;
use crate::id::CommitId;
use crate::progress::Tell;
use crate::storage::refs::BRANCH;
use crate::storage::repository::{WriteError, Writer};
use crate::verify::whole::Finding;

/// What became of a pull.
#[derive(Debug)]
pub struct Pull {
    /// The archive's tip before.
    pub before: CommitId,
    /// Its tip now.
    pub tip: CommitId,
    /// What happened.
    pub what: Pulled,
    /// What [`whole::check`](crate::verify::whole::check) finds of new commits whose keys were revoked after they had signed them.
    pub revoked: Vec<Finding>,
    /// Whether the address is the one that is meant from now on where none is named, and was not before.
    pub remembered: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Pulled {
    /// The other copy has nothing that is not here.
    Unchanged {
        /// How many commits are here and not there.
        ahead: usize,
    },
    /// The branch was moved on.
    Advanced {
        /// By how many commits.
        commits: usize,
    },
    /// The branch is the other copy's, with the local revisions added again.
    Rebased(Rebased),
    /// Nothing was changed.
    Refused(Refusal),
}

/// What becomes of local commits where the other copy has others.
#[derive(Debug, Clone, Copy)]
pub enum Mine<'a> {
    /// The pull is refused.
    Refuse,
    /// They are added again upon what is new there.
    Readd(&'a add::Circumstances),
}

/// Brings the branch up to another copy's, if that goes on where this one ends, or local commits are to be added again,
/// and everything that is new there is sound.
///
/// # Errors
/// [`ReplicationError`]; the branch is where it was.
pub fn pull(
    archive: &Path,
    from: &Address,
    mine: Mine<'_>,
    circumstances: &Circumstances,
    tell: &mut Tell<'_>,
) -> Result<Pull, ReplicationError> {
    let own = Archive::open_for_writing(archive, circumstances.owner)?;
    super::remembered(archive, circumstances)?;
    let before = own.tip();
    let asked = arrival::ask(archive, from, circumstances)?;
    let asked = match has_nothing_new(&own, from, asked, circumstances)? {
        Ok(pulled) => return Ok(pulled),
        Err(asked) => asked,
    };
    let way = match mine {
        Mine::Refuse => Own::Refuse,
        Mine::Readd(_) => Own::Readd,
    };
    let mut arrival = match arrival::arrive(archive, Some(&own), from, asked, way, circumstances, tell)? {
        Judged::Sound(arrival) => arrival,
        Judged::Refused(refusal) => return Ok(refused(before, refusal)),
    };
    let theirs = arrival.view.tip();
    let revoked = std::mem::take(&mut arrival.revoked);
    let (tip, what) = match mine {
        Mine::Readd(adding) if arrival.common != Some(before) => {
            let (tip, rebased) = rebase(&own, *arrival, circumstances, adding)?;
            (tip, Pulled::Rebased(rebased))
        }
        Mine::Refuse | Mine::Readd(_) => {
            let commits = arrival.new.len();
            take(own, *arrival, circumstances)?;
            (theirs, Pulled::Advanced { commits })
        }
    };
    let own = Archive::open(archive, circumstances.owner)?;
    let remembered = note_seen(&own, from, theirs, circumstances)?;
    Ok(Pull {
        before,
        tip,
        what,
        revoked,
        remembered,
    })
}

/// Returns what is so where nothing of the archive was changed.
fn refused(tip: CommitId, refusal: Refusal) -> Pull {
    Pull {
        before: tip,
        tip,
        what: Pulled::Refused(refusal),
        revoked: Vec::new(),
        remembered: false,
    }
}

/// Tells what is to be told where another copy's tip is on the archive's own branch; else there is something to bring.
fn has_nothing_new(
    own: &Archive,
    from: &Address,
    mut asked: Asked,
    circumstances: &Circumstances,
) -> Result<Result<Pull, Asked>, ReplicationError> {
    let tip = asked.there.tip;
    let tip = tip.ok_or_else(|| ReplicationError::Empty(from.to_string()))?;
    let Some(place) = position(own, tip)? else {
        return Ok(Err(asked));
    };
    asked.scratch.is_done_with();
    if let Some(seen) = last_seen(own, from)?
        && position(own, seen)?.is_some_and(|seen| seen > place)
    {
        let refusal = Refusal::MovedBack { seen, now: tip };
        return Ok(Ok(refused(own.tip(), refusal)));
    }
    let remembered = note_seen(own, from, tip, circumstances)?;
    Ok(Ok(Pull {
        before: own.tip(),
        tip: own.tip(),
        what: Pulled::Unchanged {
            ahead: own.branch()?.len() - place - 1,
        },
        revoked: Vec::new(),
        remembered,
    }))
}

/// Takes what came into the store and moves the branch to it.
fn take(own: Archive, arrival: Arrival, circumstances: &Circumstances) -> Result<(), ReplicationError> {
    let Arrival {
        mut scratch,
        view,
        new,
        ..
    } = arrival;
    let mut writer = Writer::begin(own.path(), circumstances.durability)?;
    if writer.tip() != Some(own.tip()) {
        return Err(WriteError::Moved.into());
    }
    writer.take_packs(&scratch.pack_folder(), &scratch.packs()?, BRANCH)?;
    writer.publish(view.tip(), "pull")?;
    own.record_on_branch(&new);
    scratch.is_done_with();
    Ok(())
}
