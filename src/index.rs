//! The index of an archive: which revisions an article has, which is the newest, which have a text or a claim,
//! without walking the branch.
//!
//! It lies in a file that whoever can write into the archive's folder can write, so what it says is a hint of
//! where to look, and the answer is what git's objects say, hashed again:
//!
//! | what the file could say | how it is met |
//! | --- | --- |
//! | a wrong newest revision, swapped articles, an invented revision | [`crate::history::newest`]: the commit must be of the article, its folder must be the tip's, and it must be on the branch |
//! | that there is no such article | the tip's tree is asked, not the index |
//! | revisions left out of an article | older ones are found along `Previous-Revision`, not in the index |
//! | articles left out of a list | [`crate::listing`]: a list of everything must be what the tip's folders hold; a list of some must have as many rows for each day as were counted |
//! | commits that change root files left out, put elsewhere or invented | [`crate::log::checkpoints`]: each must be on the branch, and the root files before it must be as the one before left them |
//! | a wrong day, language, author or tag | a revision that is shown is read from git and must have the row's own; one that is left out of a list of some is not seen (see below) |
//! | a wrong text or claim | a revision that is named is read from git and must have it; one that is left out is not seen |
//! | wrong positions | whether a commit is on the branch takes the branch list or a child that names it; the order of a list rests upon the index |
//!
//! An answer that does not agree leads to a new index, once; where that does not agree either, the branch is
//! walked and says what is wrong. Accidents are told by the sums and counts of [`index_file`]. What is left is a
//! file that somebody wrote with care: it can keep an article out of a *filtered* list, a revision out of "the
//! text is that of …" and "recorded as the claim of …", put a list in another order, and make a column wider. No
//! verdict of `verify` depends upon that, and `avalaches reindex` makes the file anew.
//!
//! The index is there only for a branch whose commits follow one another as the format says; any other is walked.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use crate::archive::Archive;
use crate::id::CommitId;
use crate::object::commit::Commit;
use crate::progress::{Progress, Tell};
use crate::storage::branch_list::BranchList;
use crate::storage::index_file::{self, Builder, IndexFileError, Lock};
pub use crate::storage::index_file::{
    ArticleRow, Candidate, Chosen, Hold, IndexFile, NewCommit, NewRevision, RevisionRow,
};
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::refs;
use crate::storage::search_file::Searched;
use crate::storage::texts_file::TextsFile;
use crate::storage::words_file::Words;

pub(crate) mod beside;
mod gather;
pub(crate) mod texts;

pub use self::beside::BesideError;

/// Commits that are read one by one; more are read on every core.
const NEAR: usize = 256;

/// How long another process that writes the index is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why an archive could not be given an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] IndexFileError),
    /// Another process writes it, or the folder cannot be written to.
    #[error("could not get the right to write {}", .0.display())]
    Locked(std::path::PathBuf),
    /// The branch is not as the format says.
    #[error(
        "the branch cannot be read as a line of revisions; `avalaches verify` says what is wrong with it"
    )]
    Branch,
    /// The caller ended it.
    #[error("the index was not completed; the old one is as it was")]
    Ended,
}

/// Opens the index of an archive and brings it up to the tip; makes it where there is none that is of use.
/// `None` where it cannot be had: the answer is then found by walking.
///
/// Where the file cannot be written, a copy in memory is brought up to date.
#[must_use]
pub fn of(archive: &Archive) -> Option<IndexFile> {
    match IndexFile::open(archive.path()) {
        Ok(file) if file.covered().tip == archive.tip() => return Some(file),
        Err(error) if !error.is_damage() => return None,
        _ => {}
    }
    let Some(_lock) = Lock::take(archive.path(), PATIENCE) else {
        return in_memory(archive);
    };
    // Another process may have done the work while this one waited.
    match IndexFile::open(archive.path()) {
        Ok(file) => match distance(archive, &file) {
            Distance::None => Some(file),
            Distance::Near(newer) => extended(archive, file, &newer),
            Distance::Far => far(archive, file),
            Distance::Behind => None,
            Distance::Other => {
                drop(file);
                build(archive, &mut |_| ControlFlow::Continue(())).ok()
            }
        },
        Err(error) if error.is_damage() => build(archive, &mut |_| ControlFlow::Continue(())).ok(),
        Err(_) => None,
    }
}

/// Makes the index anew, and deletes the files beside it that keep something of every text: each is made anew when it is asked next,
/// for damage to them that their own sums do not show would hide what they have. `progress` is told of commits that are in
/// it, and may end it with `Break`.
///
/// # Errors
/// [`IndexError`]; the old index is then as it was.
pub fn rebuild(archive: &Archive, progress: &mut Tell<'_>) -> Result<IndexFile, IndexError> {
    let lock = Lock::take(archive.path(), PATIENCE);
    let _lock = lock.ok_or_else(|| IndexError::Locked(archive.path().join(index_file::FILE_NAME)))?;
    let index = build(archive, progress)?;
    TextsFile::<Words>::delete(archive.path(), PATIENCE)?;
    TextsFile::<Searched>::delete(archive.path(), PATIENCE)?;
    Ok(index)
}

fn in_memory(archive: &Archive) -> Option<IndexFile> {
    let file = IndexFile::open(archive.path()).ok()?;
    match distance(archive, &file) {
        Distance::None => Some(file),
        Distance::Near(newer) => {
            let mut file = file.copy_in_memory().ok()?;
            extend(archive, &mut file, &newer).ok()?;
            Some(file)
        }
        Distance::Far | Distance::Behind | Distance::Other => None,
    }
}

fn extended(archive: &Archive, mut file: IndexFile, newer: &[(CommitId, Commit)]) -> Option<IndexFile> {
    match extend(archive, &mut file, newer) {
        Ok(()) => Some(file),
        Err(IndexError::File(error)) if !error.is_damage() => {
            drop(file);
            in_memory(archive)
        }
        Err(_) => {
            drop(file);
            build(archive, &mut |_| ControlFlow::Continue(())).ok()
        }
    }
}

/// Brings an index up to date that is many commits behind, or makes it anew where that is less work.
fn far(archive: &Archive, mut file: IndexFile) -> Option<IndexFile> {
    let covered = file.covered();
    let inventory = Inventory::for_reading(archive.objects());
    let line = Line::follow(&inventory, archive.tip())?;
    let place = inventory
        .find(covered.tip.raw())
        .and_then(|number| line.place(number))
        .filter(|place| place + 1 == covered.commits && line.len() - place < line.len() / 2);
    let mut anew = place.is_none();
    if let Some(place) = place {
        let mut revisions = Vec::new();
        let read = gather::all(&inventory, &line, place + 1, &mut |stretch| {
            revisions.extend(stretch);
            ControlFlow::Continue(())
        });
        match read.then(|| file.extend(revisions)) {
            Some(Ok(())) => return Some(file),
            Some(Err(error)) => anew = error.is_damage(),
            None => return None,
        }
    }
    drop(file);
    if !anew {
        return None;
    }
    build_from(archive, &inventory, &line, &mut |_| ControlFlow::Continue(())).ok()
}

/// How far an index is from an archive's tip.
enum Distance {
    /// It is up to date.
    None,
    /// It lacks these commits, oldest first.
    Near(Vec<(CommitId, Commit)>),
    /// It lacks many, or is another branch's.
    Far,
    /// The branch was moved on after this archive was opened, and the index with it.
    Behind,
    /// It is another branch's.
    Other,
}

fn distance(archive: &Archive, file: &IndexFile) -> Distance {
    let covered = file.covered();
    if covered.tip == archive.tip() {
        return Distance::None;
    }
    let other = || {
        if refs::tip(archive.path()).is_ok_and(|tip| tip == Some(archive.tip())) {
            Distance::Other
        } else {
            Distance::Behind
        }
    };
    let mut newer = Vec::new();
    for step in archive.walk() {
        let Ok((id, commit)) = step else {
            return Distance::Other;
        };
        if id == covered.tip {
            newer.reverse();
            return Distance::Near(newer);
        }
        // Further back than the index's newest commit: the branch was moved back, or written anew.
        if file.position(id).is_ok_and(|position| position.is_some()) {
            return other();
        }
        if newer.len() == NEAR {
            return Distance::Far;
        }
        newer.push((id, commit));
    }
    other()
}

fn extend(archive: &Archive, file: &mut IndexFile, newer: &[(CommitId, Commit)]) -> Result<(), IndexError> {
    let revisions: Option<Vec<NewCommit>> = newer
        .iter()
        .map(|(id, commit)| gather::one(archive, *id, commit))
        .collect();
    Ok(file.extend(revisions.ok_or(IndexError::Branch)?)?)
}

/// Makes the index anew; the lock is held.
fn build(archive: &Archive, progress: &mut Tell<'_>) -> Result<IndexFile, IndexError> {
    let inventory = Inventory::for_reading(archive.objects());
    let line = Line::follow(&inventory, archive.tip()).ok_or(IndexError::Branch)?;
    build_from(archive, &inventory, &line, progress)
}

fn build_from(
    archive: &Archive,
    inventory: &Inventory,
    line: &Line,
    progress: &mut Tell<'_>,
) -> Result<IndexFile, IndexError> {
    let first = line.number(0).ok_or(IndexError::Branch)?;
    let first = CommitId::from_raw(*inventory.id(first).raw());
    let mut builder = Builder::begin(archive.path(), first)?;
    let mut done = 1;
    let mut failed = None;
    let read = gather::all(inventory, line, 0, &mut |stretch| {
        done += stretch.len();
        for new in stretch {
            if let Err(error) = builder.add(new) {
                failed = Some(error.into());
                return ControlFlow::Break(());
            }
        }
        let told = progress(Progress {
            done,
            all: line.len(),
        });
        if told.is_break() {
            failed = Some(IndexError::Ended);
        }
        told
    });
    match failed {
        Some(error) => return Err(error),
        None if !read => return Err(IndexError::Branch),
        None => {}
    }
    let file = builder.finish(archive.path())?;
    save_branch_list(archive, inventory, line);
    Ok(file)
}

/// Leaves the branch list beside the repository where there is none up to the tip: every commit of the line was
/// hashed and names the one before it. The list can be made again, so that it could not be written is no failure.
fn save_branch_list(archive: &Archive, inventory: &Inventory, line: &Line) {
    if BranchList::load(archive.path()).last() == Some(archive.tip()) {
        return;
    }
    let commits: Option<Vec<CommitId>> = (0..line.len())
        .map(|place| Some(CommitId::from_raw(*inventory.id(line.number(place)?).raw())))
        .collect();
    if let Some(commits) = commits {
        let _ = BranchList::of(&commits).save(archive.path());
    }
}

/// What an open archive has of an index: opened when it is first asked, made anew once where it does not agree
/// with git.
#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    NotAsked,
    Had(Rc<IndexFile>),
    MadeAnew(Rc<IndexFile>),
    Absent,
}

/// Where an open archive keeps its index.
#[derive(Debug, Default)]
pub(crate) struct Slot(RefCell<State>);

impl Slot {
    /// Has no index, whatever lies beside the archive.
    pub(crate) fn absent() -> Self {
        Self(RefCell::new(State::Absent))
    }
}

/// Asks an archive's index. The question returns `None` where what the index says does not agree with git; the
/// index is then made anew, once, and asked again. `None` where it cannot be had or does not agree: the branch is
/// then walked.
pub(crate) fn ask<T>(archive: &Archive, question: impl Fn(&IndexFile) -> Option<T>) -> Option<T> {
    let Slot(slot) = archive.index_slot();
    if matches!(*slot.borrow(), State::NotAsked) {
        let index = of(archive).map(Rc::new);
        slot.replace(index.map_or(State::Absent, State::Had));
    }
    let state = slot.borrow().clone();
    let (State::Had(index) | State::MadeAnew(index)) = &state else {
        return None;
    };
    if let Some(answer) = question(index) {
        return Some(answer);
    }
    slot.replace(State::Absent);
    // Where other processes put in later commits the answer was theirs; this archive is as it was when opened.
    if matches!(state, State::MadeAnew(_)) || index.has_moved_on() {
        return None;
    }
    drop(state);
    let index = rebuild(archive, &mut |_| ControlFlow::Continue(())).ok()?;
    let index = Rc::new(index);
    slot.replace(State::MadeAnew(Rc::clone(&index)));
    question(&index)
}

/// Returns the path of an archive's index, for messages.
#[must_use]
pub fn path(archive: &Archive) -> std::path::PathBuf {
    Path::join(archive.path(), index_file::FILE_NAME)
}
