//! The files beside the repository that keep something of every text: opened, brought up to the tip or made anew, and
//! asked. They say where to look; what is answered is read from git.

use std::ops::ControlFlow;
use std::time::Duration;

use super::NewRevision;
use super::texts::{self, End};
use crate::archive::Archive;
use crate::progress::Tell;
use crate::storage::index_file::IndexFileError;
use crate::storage::refs;
use crate::storage::texts_file::{Form, TextsFile};

/// How long another process that writes the file is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why such a file could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum BesideError {
    /// The branch cannot be followed.
    #[error("the texts cannot be read; `avalaches verify` says what is wrong with them")]
    Unreadable,
    /// The caller ended it.
    #[error("the search was not completed")]
    Ended,
}

/// Opens a file, up to the archive's tip, and asks it; makes it anew where it turns out to be damaged. `make` says what
/// the file has of a text. `None` where it cannot be had.
///
/// # Errors
/// [`BesideError`].
pub fn ask<F: Form, T>(
    archive: &Archive,
    make: impl Fn(&NewRevision, &str) -> F::New + Sync,
    question: impl Fn(&TextsFile<F>) -> Result<T, IndexFileError>,
    tell: &mut Tell<'_>,
) -> Result<Option<(TextsFile<F>, T)>, BesideError> {
    let Some(file) = up_to_date(archive, &make, tell)? else {
        return Ok(None);
    };
    match question(&file) {
        Ok(answer) => return Ok(Some((file, answer))),
        Err(error) if error.is_damage() => drop(file),
        Err(_) => return Ok(None),
    }
    let Some(_lock) = TextsFile::<F>::lock(archive.path(), PATIENCE) else {
        return Ok(None);
    };
    let Some(file) = made(archive, &make, tell)? else {
        return Ok(None);
    };
    Ok(question(&file).ok().map(|answer| (file, answer)))
}

/// Deletes a file that failed after it was asked, where it is damaged: it is made anew when it is asked next.
pub fn forget<F: Form>(archive: &Archive, file: TextsFile<F>, error: &IndexFileError) {
    drop(file);
    if error.is_damage() {
        // Where it cannot be deleted it fails again, and again the answer does not come from it.
        let _ = TextsFile::<F>::delete(archive.path(), PATIENCE);
    }
}

/// Deletes a file that may know something of texts that were expunged. `is_dropped` says that some of them are still in the store, of
/// which it may have been made a moment ago.
///
/// # Errors
/// As for [`TextsFile::delete`].
pub(crate) fn delete_what_is_withheld<F: Form>(
    archive: &Archive,
    is_dropped: bool,
    patience: Duration,
) -> Result<(), IndexFileError> {
    let path = archive.path();
    let is_there = path.join(F::NAME).symlink_metadata().is_ok();
    let is_old = || !TextsFile::<F>::open(path).is_ok_and(|file| has_forgotten(archive, &file));
    if is_dropped || is_there && !archive.withheld().is_empty() && is_old() {
        TextsFile::<F>::delete(path, patience)?;
    }
    Ok(())
}

/// Opens a file and brings it up to the tip, or makes it anew; `None` where it cannot be had.
fn up_to_date<F: Form>(
    archive: &Archive,
    make: &(impl Fn(&NewRevision, &str) -> F::New + Sync),
    tell: &mut Tell<'_>,
) -> Result<Option<TextsFile<F>>, BesideError> {
    if let Ok(file) = TextsFile::<F>::open(archive.path())
        && file.tip() == archive.tip()
    {
        return Ok(Some(file));
    }
    let Some(_lock) = TextsFile::<F>::lock(archive.path(), PATIENCE) else {
        return Ok(None);
    };
    // Another process may have done the work while this one waited.
    let mut file = match TextsFile::<F>::open(archive.path()) {
        Ok(file) if file.tip() == archive.tip() => return Ok(Some(file)),
        Ok(file) if has_forgotten(archive, &file) => file,
        Ok(_) => return made(archive, make, tell),
        Err(error) if error.is_damage() => return made(archive, make, tell),
        Err(_) => return Ok(None),
    };
    let mut newer = Vec::new();
    let end = texts::read(archive, Some(file.tip()), make, &mut |texts, told| {
        newer.extend(texts);
        tell(told)
    });
    match end {
        End::Whole => match file.extend(archive.tip(), &newer) {
            Ok(()) => Ok(Some(file)),
            Err(error) if error.is_damage() => {
                drop(file);
                made(archive, make, tell)
            }
            Err(_) => Ok(None),
        },
        // Another process has put in later commits: what the branch had is in it.
        End::Elsewhere if refs::tip(archive.path()).is_ok_and(|tip| tip == Some(file.tip())) => {
            Ok(Some(file))
        }
        End::Elsewhere => {
            drop(file);
            made(archive, make, tell)
        }
        End::Unreadable => Err(BesideError::Unreadable),
        End::Ended => Err(BesideError::Ended),
    }
}

/// Tells whether a file knows nothing of texts that were expunged after it was made.
fn has_forgotten<F: Form>(archive: &Archive, file: &TextsFile<F>) -> bool {
    archive
        .withheld_at(file.tip())
        .is_ok_and(|withheld| withheld == *archive.withheld())
}

/// Tells whether an archive, as it was when it was opened, withholds what it withholds now. One that was opened before
/// texts were expunged would put them back into a file from which they were deleted.
fn is_up_to_date_on_withheld(archive: &Archive) -> bool {
    let Ok(Some(tip)) = refs::tip(archive.path()) else {
        return false;
    };
    tip == archive.tip()
        || archive
            .withheld_at(tip)
            .is_ok_and(|now| now == *archive.withheld())
}

/// Makes a file anew; the lock is held. `None` where it cannot be written, or may not be.
fn made<F: Form>(
    archive: &Archive,
    make: &(impl Fn(&NewRevision, &str) -> F::New + Sync),
    tell: &mut Tell<'_>,
) -> Result<Option<TextsFile<F>>, BesideError> {
    if !is_up_to_date_on_withheld(archive) {
        return Ok(None);
    }
    filled(archive, make, tell, |fill| {
        TextsFile::<F>::make(archive.path(), archive.tip(), fill)
    })
}

/// Makes in memory what a file would have, where the file cannot be written; `None` where there is not enough of it.
///
/// # Errors
/// [`BesideError`].
pub fn in_memory<F: Form>(
    archive: &Archive,
    make: impl Fn(&NewRevision, &str) -> F::New + Sync,
    tell: &mut Tell<'_>,
) -> Result<Option<TextsFile<F>>, BesideError> {
    filled(archive, &make, tell, |fill| {
        TextsFile::<F>::make_in_memory(archive.tip(), fill)
    })
}

type Put<'a, F> = &'a mut dyn FnMut(&<F as Form>::New) -> Result<(), IndexFileError>;

fn filled<F: Form>(
    archive: &Archive,
    make: &(impl Fn(&NewRevision, &str) -> F::New + Sync),
    tell: &mut Tell<'_>,
    begin: impl FnOnce(&mut dyn FnMut(Put<'_, F>) -> Option<()>) -> Result<Option<TextsFile<F>>, IndexFileError>,
) -> Result<Option<TextsFile<F>>, BesideError> {
    let mut end = End::Whole;
    let mut failed: Option<IndexFileError> = None;
    let file = begin(&mut |put| {
        end = texts::read(archive, None, make, &mut |texts, told| {
            for text in texts {
                if let Err(error) = put(&text) {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            tell(told)
        });
        (end == End::Whole).then_some(())
    });
    match (end, failed) {
        (End::Whole, None) => Ok(file.unwrap_or(None)),
        // The disk is full, or the like: the texts can be read all the same.
        (_, Some(_)) => Ok(None),
        (End::Ended, None) => Err(BesideError::Ended),
        (End::Unreadable | End::Elsewhere, None) => Err(BesideError::Unreadable),
    }
}
