//! Keeping an archive small: loose objects and packs folded into one pack, in which a revision is told by what it
//! changed. No id changes, no object is lost but those that are withheld for good reason, nobody is kept from reading or writing
//! meanwhile.
//!
//! Memory: what [`Inventory`], [`plan`](self) and the writer hold for each object, some ninety bytes together, and on
//! each core a few times 16 MiB.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::archive::{Archive, Fault, OpenError, Owner};
use crate::id::{ObjectId, RawId};
use crate::index::beside;
use crate::object::Hashing;
use crate::platform::Durability;
use crate::progress::{Progress, Tell, beside};
use crate::storage::fetch::Scratch;
use crate::storage::fold::{Fold, FoldError, Maintainer};
use crate::storage::index_file::IndexFileError;
use crate::storage::inventory::Inventory;
use crate::storage::pack_writer::{PackWriter, WrittenPack};
use crate::storage::repository::WriteError;
use crate::storage::search_file::Searched;
use crate::storage::words_file::Words;
use crate::wording::counted;

use self::plan::Plan;

pub use self::spared::Spared;

mod make;
mod plan;
mod spared;

/// Objects that are planned and made at a time.
const BATCH: usize = 4096;

/// How long whoever writes the words of the texts is waited for before they are deleted.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is told how far the check of the new pack is.
const TOLD_EVERY: Duration = Duration::from_millis(50);

/// Why an archive was not maintained. No object is lost then; but for an error while old files are deleted, nothing
/// changed.
#[derive(Debug, thiserror::Error)]
pub enum MaintainError {
    /// The archive cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something in the store is damaged.
    #[error("the archive is damaged, and nothing was changed: {first}{}", and_more(*others))]
    Damaged {
        /// The first finding.
        first: String,
        /// How many more there are.
        others: usize,
    },
    /// The branch leads to an object that is not there.
    #[error("the archive is damaged, and nothing was changed: object {0} is missing")]
    Missing(ObjectId),
    /// What the tip leads to, or why content is withheld, cannot be read.
    #[error("could not tell what is withheld, and nothing was changed")]
    Withheld(#[source] Fault),
    /// An object that was listed cannot be read, and is not damaged.
    #[error("object {0} could not be read: another program changed the archive meanwhile")]
    Unreadable(ObjectId),
    /// The pack could not be put in the place of what it holds.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The words of withheld texts could not be deleted.
    #[error(transparent)]
    Words(#[from] IndexFileError),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn and_more(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(" (and {} more)", counted(count, "finding")),
    }
}

impl MaintainError {
    /// Tells whether the archive itself is at fault, of which `verify` tells more.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Missing(_) => true,
            Self::Withheld(fault) => !fault.is_system_error(),
            _ => false,
        }
    }

    /// Tells whether the caller wanted an end of it.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Fold(FoldError::Ended))
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Objects that the new pack has, or would have.
    pub objects: usize,
    /// Loose objects that were folded.
    pub loose: usize,
    /// Packs that were folded.
    pub packs: usize,
    /// Packs that were left as they are: kept ones, and one that is large beside all the rest.
    pub left: usize,
    /// Copies of withheld objects that went away.
    pub dropped: usize,
    /// Contents that have a tombstone and stay.
    pub spared: Vec<Spared>,
    /// Bytes of the files that were folded.
    pub bytes_before: u64,
    /// Bytes of the new pack and its index.
    pub bytes_after: u64,
    /// The name of the new pack, without an ending; `None` where there was nothing to do or no object of its own.
    pub pack: Option<String>,
    /// Whether anything was done.
    pub done: bool,
    /// Folders in which another program's git is at work, and which may have what is withheld.
    pub in_use: Vec<&'static str>,
    /// What interrupted programs left in the `objects` folder, relative to it, and which may have what is withheld.
    pub leftovers: Vec<PathBuf>,
}

/// Folds loose objects and packs into one pack, and drops what is withheld. `progress` is told of objects that were
/// written and of those that were hashed again, twice as many in all, and may end it with `Break`.
///
/// # Errors
/// [`MaintainError`]; every object is then still there.
pub fn maintain(
    path: &Path,
    owner: Owner,
    durability: Durability,
    progress: &mut Tell<'_>,
) -> Result<Outcome, MaintainError> {
    fold(path, owner, &begin(path, owner, durability)?, progress)
}

/// Takes the right to maintain an archive, in which nothing may deceive.
///
/// # Errors
/// [`MaintainError`]; nothing was changed.
pub fn begin(path: &Path, owner: Owner, durability: Durability) -> Result<Maintainer, MaintainError> {
    let archive = Archive::open_for_writing(path, owner)?;
    Ok(Maintainer::begin(archive.path(), durability)?)
}

/// Does what [`maintain`] does, for who has the right already.
///
/// # Errors
/// [`MaintainError`]; every object is then still there.
pub fn fold(
    path: &Path,
    owner: Owner,
    maintainer: &Maintainer,
    progress: &mut Tell<'_>,
) -> Result<Outcome, MaintainError> {
    // The tip is read before the objects are listed: what it leads to is among them.
    let archive = Archive::open(path, owner)?;
    let inventory = Inventory::of(archive.objects());
    refuse_damage(&inventory)?;
    let spared = spared::find(&archive, &inventory).map_err(MaintainError::Withheld)?;
    let mut withheld: BTreeSet<RawId> = archive.withheld().iter().map(|id| *id.raw()).collect();
    for stays in &spared {
        withheld.remove(stays.blob.raw());
    }
    let fold = Fold::of(maintainer, &inventory, &withheld)?;
    // From its keys a text could be put together again; who makes such a file anew leaves out what is withheld.
    let is_dropped = fold.dropped() > 0;
    beside::delete_what_is_withheld::<Words>(&archive, is_dropped, PATIENCE)?;
    beside::delete_what_is_withheld::<Searched>(&archive, is_dropped, PATIENCE)?;
    let mut outcome = Outcome {
        objects: fold.objects(),
        loose: fold.loose(),
        packs: fold.packs(),
        left: fold.left(),
        dropped: fold.dropped(),
        spared,
        bytes_before: fold.bytes(),
        bytes_after: fold.bytes(),
        pack: None,
        done: false,
        in_use: Vec::new(),
        leftovers: Vec::new(),
    };
    if !fold.is_needed() {
        clear_brought(&archive, &inventory, &mut outcome)?;
        return Ok(outcome);
    }
    let all = fold.objects() * 2;
    let mut tell = |done: usize| match progress(Progress { done, all }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(MaintainError::Fold(FoldError::Ended)),
    };
    let pack = write(&fold, &archive, maintainer, &mut tell);
    let pack = pack.map_err(|error| told(error, &inventory))?;
    fold.check_others(&|| false);
    refuse_damage(&inventory)?;
    let written = match pack {
        Some(pack) => Some(pack.finish(maintainer.durability())?),
        None => None,
    };
    outcome.bytes_after = written.as_ref().map_or(0, WrittenPack::bytes_with_index);
    outcome.done = true;
    let objects = fold.objects();
    outcome.pack = watch(&mut |hashed| tell(objects + hashed), |hashed, stop| {
        fold.replace(maintainer, written.as_ref(), hashed, stop)
    })?;
    clear_brought(&archive, &inventory, &mut outcome)?;
    Ok(outcome)
}

/// Clears what git brought and the archive did not take, where content is withheld: git completes what it brings by copies of
/// what was in the store. Notes where it is at work, and what it left in the store, which may be a running git's.
fn clear_brought(archive: &Archive, inventory: &Inventory, outcome: &mut Outcome) -> Result<(), WriteError> {
    if !archive.withheld().is_empty() {
        outcome.in_use = Scratch::clear_all(archive.path())?;
        outcome.leftovers = inventory.leftovers();
    }
    Ok(())
}

fn refuse_damage(inventory: &Inventory) -> Result<(), MaintainError> {
    let damage = inventory.damage();
    match damage.first() {
        None => Ok(()),
        Some(first) => Err(MaintainError::Damaged {
            first: first.clone(),
            others: damage.len() - 1,
        }),
    }
}

/// Says of an object that cannot be read what is wrong with it.
fn told(error: MaintainError, inventory: &Inventory) -> MaintainError {
    let MaintainError::Unreadable(id) = error else {
        return error;
    };
    let number = inventory.find(id.raw());
    let is_wanted = |other: usize| Some(other) == number;
    let _ = inventory.check(Hashing::Both, &is_wanted, &|_, _, _| ControlFlow::Continue(()));
    refuse_damage(inventory).err().unwrap_or(error)
}

/// Writes the new pack; `None` where no object of its own is to be in it.
fn write(
    fold: &Fold<'_>,
    archive: &Archive,
    maintainer: &Maintainer,
    tell: &mut dyn FnMut(usize) -> Result<(), MaintainError>,
) -> Result<Option<PackWriter>, MaintainError> {
    if fold.objects() == 0 {
        return Ok(None);
    }
    let inventory = fold.inventory();
    let mut pack = maintainer.begin_pack()?;
    let mut plan = Plan::begin(fold, archive)?;
    let mut items = plan.next(BATCH)?;
    while !items.is_empty() {
        tell(pack.len())?;
        // The next items are planned while these are made.
        let mut made = Ok(Vec::new());
        let next = rayon::in_place_scope(|scope| {
            scope.spawn(|_| made = make::make(inventory, &items));
            plan.next(BATCH)
        });
        let made = made.map_err(|number| MaintainError::Unreadable(inventory.id(number)))?;
        let mut rest = items.split_off(made.len());
        for (item, made) in items.iter().zip(&made) {
            let base = made.base.map(|base| {
                let offset = pack.offset(inventory.id(base));
                offset.expect("a base is planned before its deltas")
            });
            pack.write(inventory.id(item.number), &made.entry, base)?;
        }
        rest.extend(next?);
        items = rest;
    }
    Ok(Some(pack))
}

/// Does some work on another thread, which tells of each object that it hashed, while it is told how far that is.
fn watch<T: Send>(
    tell: &mut dyn FnMut(usize) -> Result<(), MaintainError>,
    work: impl FnOnce(&(dyn Fn() + Sync), &(dyn Fn() -> bool + Sync)) -> Result<T, FoldError> + Send,
) -> Result<T, MaintainError> {
    let (hashed, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let count = || {
        hashed.fetch_add(1, Ordering::Relaxed);
    };
    let work = || work(&count, &|| stop.load(Ordering::Relaxed));
    let tell = |end: &Receiver<()>| {
        loop {
            if tell(hashed.load(Ordering::Relaxed)).is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            if end.recv_timeout(TOLD_EVERY) != Err(RecvTimeoutError::Timeout) {
                break;
            }
        }
    };
    Ok(beside(work, tell).0?)
}
