//! Copies of one archive at several places, kept the same over the user's git: `clone`, `pull`, `push` and bundles. The
//! branch only ever moves on, and only over what was proved here before. What another copy has is data: nothing of it is
//! believed, run or honoured.

use std::path::{Path, PathBuf};

use crate::archive::{Archive, Fault, OpenError, Owner};
use crate::branch::PlaceError;
use crate::date::{CivilDay, RevisionDate};
use crate::footer::Footer;
use crate::id::{CommitId, ObjectId};
use crate::log::LogError;
use crate::object::ident::Person;
use crate::platform::Durability;
use crate::remember::Contradiction;
use crate::revision::RevisionFault;
use crate::storage::fetch::{FetchError, Git};
use crate::storage::refs::{self, RefError};
use crate::storage::repository::{RefMove, WriteError, Writer};
use crate::verify::whole::Finding;

pub mod address;
mod arrival;
mod bundle;
mod clone;
mod pull;
mod push;
mod rebase;
mod steps;

pub use address::{Address, AddressError, RememberedError};
pub use bundle::{Bundle, export};
pub use clone::{Cloned, clone};
pub use pull::{Mine, Pull, Pulled, pull};
pub use push::{Push, Pushed, push};
pub use rebase::{Readded, Rebased};

/// The ref that has the tip of the remembered copy, as it was last seen.
pub const SEEN: &str = "refs/remotes/origin/main";

/// What is so for a whole call.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The user's git.
    pub git: Git,
    /// Whose archives are opened.
    pub owner: Owner,
    /// The day under which an old tip is kept.
    pub day: CivilDay,
    /// Whether what is written is on the disk when this returns.
    pub durability: Durability,
    /// Whether the address is the one that is meant from now on where none is named.
    pub remember: Remember,
}

/// When an address is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remember {
    /// Never: a file is no place where an archive is kept.
    Never,
    /// Where none is remembered yet.
    First,
    /// Always.
    Always,
}

/// Why copies were not brought together. What was refused because of what the other copy says is a [`Refusal`].
#[derive(Debug, thiserror::Error)]
pub enum ReplicationError {
    /// The archive cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The remembered address cannot be used.
    #[error(transparent)]
    Remembered(#[from] RememberedError),
    /// Git did not do what it was to do.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The other copy is empty.
    #[error("{0} has no branch main; nothing was brought")]
    Empty(String),
    /// The other repository is something else.
    #[error("{address} is no archive")]
    NoArchive {
        /// Where it is.
        address: String,
        /// Why.
        source: OpenError,
    },
    /// The folder of a clone has something else in it.
    #[error("{} is there already and no clone of {address} that was interrupted", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// What was to be cloned.
        address: String,
    },
    /// Nothing is left to put into a bundle.
    #[error("nothing came after {0}")]
    NothingNewer(CommitId),
    /// A bundle is to begin after a commit that is not on the branch.
    #[error("commit {0} is not on the branch")]
    NotOnBranch(CommitId),
    /// The other side refused a push, and not because its branch was moved.
    #[error("{address} refused: {summary}")]
    Rejected {
        /// Where.
        address: String,
        /// What it said.
        summary: String,
    },
    /// What is to be pushed has content that is withheld.
    #[error(
        "{0} did not take it: content of what is to be sent is withheld, and git cannot pack what is not there"
    )]
    Withheld(String),
    /// The refs cannot be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// The archive cannot be read.
    #[error("could not read the archive")]
    Read(#[from] Fault),
    /// The log of one of the two cannot be derived.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A local revision cannot be read.
    #[error("could not add a local revision again")]
    Mine(#[from] RevisionFault),
    /// A local revision has no place upon what the other copy has.
    #[error("{0} cannot be added again; nothing was changed")]
    Place(Footer, #[source] PlaceError),
    /// A local commit is none that is made again.
    #[error("{0}; nothing was changed")]
    Root(Box<Fixed>),
    /// The archive's own files are damaged, so that what came cannot be judged.
    #[error("what came cannot be judged, for this archive is not sound itself: {place}: {what}")]
    Own {
        /// A file.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// What came could not be read to its end.
    #[error("not all of what came could be read: {place}: {what}; the archive is as it was")]
    Unread {
        /// A file, an object, or a commit.
        place: String,
        /// Why.
        what: String,
    },
    /// The caller ended it.
    #[error("ended by the user; the archive is as it was")]
    Ended,
}

/// Why the other copy's branch is no continuation of this one's, or the other way round. Nothing was changed.
#[derive(Debug)]
pub enum Refusal {
    /// What came is not what an archive is made of.
    Unsound {
        /// The tip of the other copy.
        tip: ObjectId,
        /// Everything that is wrong with what is new there.
        findings: Vec<Finding>,
    },
    /// The two have different first commits.
    Unrelated {
        /// This archive.
        ours: Box<Side>,
        /// The other.
        theirs: Box<Side>,
        /// Two checkpoints that the log's key signed and that cannot both be true, where there are such.
        contradiction: Option<Contradiction>,
    },
    /// Each has commits that the other has not.
    Diverged(Box<Parting>),
    /// The other copy goes on where this one ends, which has to be pulled first.
    Behind(Side),
    /// The other copy no longer has what was there when it was last looked at.
    MovedBack {
        /// Its tip as it was last seen.
        seen: CommitId,
        /// Its tip now.
        now: CommitId,
    },
}

/// Where two histories part.
#[derive(Debug)]
pub struct Parting {
    /// The last commit that both have.
    pub common: Footer,
    /// What only this archive has.
    pub ours: Side,
    /// What only the other copy has.
    pub theirs: Side,
    /// The newest of those that only this archive has that the other copy once had, too: it has rewritten its history.
    pub withdrawn: Option<CommitId>,
    /// Two checkpoints that the log's key signed and that cannot both be true, where there are such.
    pub contradiction: Option<Contradiction>,
    /// The first of those that only this archive has that cannot be made again on top of the other copy's.
    pub fixed: Option<Fixed>,
}

/// A local commit of root files that cannot be made again on top of what another copy has.
#[derive(Debug, thiserror::Error)]
#[error("{footer}, {subject:?}, cannot be made again: {why}")]
pub struct Fixed {
    /// The commit.
    pub footer: Footer,
    /// The first line of its message.
    pub subject: String,
    /// Why.
    pub why: &'static str,
}

/// What only one of two copies has.
#[derive(Debug)]
pub struct Side {
    /// The first of these commits.
    pub first: Footer,
    /// Who archived it.
    pub by: Person,
    /// When.
    pub archived: RevisionDate,
    /// The last of them.
    pub tip: CommitId,
    /// How many there are.
    pub count: usize,
}

impl Side {
    /// Describes commits, oldest first, of which there is at least one.
    fn of(archive: &Archive, first: CommitId, tip: CommitId, count: usize) -> Result<Self, Fault> {
        let commit = archive.commit(first)?;
        Ok(Self {
            first: Footer::of(commit.author.date, first),
            by: commit.committer.person,
            archived: commit.committer.date,
            tip,
            count,
        })
    }
}

/// Returns a commit's footer.
fn footer(archive: &Archive, id: CommitId) -> Result<Footer, Fault> {
    Ok(Footer::of(archive.commit(id)?.author.date, id))
}

/// Returns where on the branch a commit stands, from 0.
fn position(archive: &Archive, id: CommitId) -> Result<Option<usize>, Fault> {
    // What is not in the store need not be looked for on the branch.
    if !archive.objects().contains(id.into())? || !archive.is_on_branch(id)? {
        return Ok(None);
    }
    Ok(archive.branch()?.position(id))
}

/// Reads the remembered address, which has to be one unless another one takes its place.
fn remembered(archive: &Path, circumstances: &Circumstances) -> Result<Option<Address>, RememberedError> {
    match Address::remembered(archive) {
        Err(_) if circumstances.remember == Remember::Always => Ok(None),
        remembered => remembered,
    }
}

/// Remembers what the other copy's tip is, and where it is, as far as that is wanted.
fn note_seen(
    archive: &Archive,
    address: &Address,
    tip: CommitId,
    circumstances: &Circumstances,
) -> Result<bool, ReplicationError> {
    let path = archive.path();
    let remembered = remembered(path, circumstances)?;
    let is_wanted = !address.lies_in(path)
        && match circumstances.remember {
            Remember::Never => false,
            Remember::First => remembered.is_none(),
            Remember::Always => remembered.as_ref() != Some(address),
        };
    if is_wanted {
        address.remember(path)?;
    } else if remembered.as_ref() != Some(address) {
        return Ok(false);
    }
    if refs::find(path, SEEN)? != Some(tip.into()) {
        let writer = Writer::begin(path, circumstances.durability)?;
        move_seen(&writer, archive, tip)?;
    }
    Ok(is_wanted)
}

fn move_seen(writer: &Writer, archive: &Archive, tip: CommitId) -> Result<(), ReplicationError> {
    let before = refs::find(archive.path(), SEEN)?;
    let moved = RefMove {
        name: SEEN.to_owned(),
        before,
        after: Some(tip.into()),
    };
    Ok(writer.move_refs(&[moved], "seen")?)
}

/// Returns the tip of the remembered copy as it was last seen, where the address is that copy's.
fn last_seen(archive: &Archive, address: &Address) -> Result<Option<CommitId>, ReplicationError> {
    let remembered = Address::remembered(archive.path());
    if !remembered.is_ok_and(|remembered| remembered.as_ref() == Some(address)) {
        return Ok(None);
    }
    let seen = refs::find(archive.path(), SEEN)?;
    Ok(seen.map(|id| CommitId::from_raw(*id.raw())))
}
