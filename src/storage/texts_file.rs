//! What the disposable files have in common that keep something of every text of the branch: how one is opened, made,
//! and brought up to a later commit.
//!
//! Such a file is written as the index is ([`super::index_file`]): a new one beside the old one, or further texts in one
//! transaction, before which the tip is taken out of the file and after which it is put back, so that a kill in between
//! leaves a file that is made anew. Who writes holds its lock.

use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::disposable::{Mark, set_up};
use super::index_file::{IndexFileError, Lock};
use crate::id::CommitId;

/// The table that every such file has.
const BRANCH: &str = "CREATE TABLE branch(tip BLOB NOT NULL) STRICT";

/// What one of these files is.
pub trait Form {
    /// The file's name.
    const NAME: &'static str;
    /// SQLite's `application_id`, which marks the file as this program's.
    const APPLICATION: i64;
    /// Its form; another one is made anew.
    const VERSION: i64;
    /// The file whose lock the writer holds.
    const LOCK: &'static str;
    /// Its tables, but for the one that has the tip.
    const TABLES: &'static str;
    /// What is put in of one text.
    type New: Send;

    /// Puts a text in.
    ///
    /// # Errors
    /// [`IndexFileError`] where the file cannot be written.
    fn put(connection: &Connection, new: &Self::New) -> Result<(), IndexFileError>;

    /// Prepares a new file for many texts.
    ///
    /// # Errors
    /// [`IndexFileError`] where the file cannot be written.
    fn begin(_connection: &Connection) -> Result<(), IndexFileError> {
        Ok(())
    }

    /// Puts a new file in order that has all of its texts.
    ///
    /// # Errors
    /// [`IndexFileError`] where the file cannot be written.
    fn end(_connection: &Connection) -> Result<(), IndexFileError> {
        Ok(())
    }
}

/// One of these files, open.
#[derive(Debug)]
pub struct TextsFile<F> {
    pub(super) connection: Connection,
    tip: CommitId,
    form: PhantomData<F>,
}

impl<F: Form> TextsFile<F> {
    const MARK: Mark = Mark {
        name: F::NAME,
        application: F::APPLICATION,
        form: F::VERSION,
    };

    /// The right to write the file; `None` where another process keeps it for longer than `patience`, or the folder
    /// cannot be written to.
    #[must_use]
    pub fn lock(repository: &Path, patience: Duration) -> Option<Lock> {
        Lock::take_named(repository, F::LOCK, patience)
    }

    /// Deletes the file of a repository, where there is one, and what a writer that was killed left of a new one. Whoever
    /// writes the file now is waited for, because the new one would take its place afterwards.
    ///
    /// # Errors
    /// [`IndexFileError::Busy`] where it is written for longer than `patience`, and another one where it cannot be deleted.
    pub fn delete(repository: &Path, patience: Duration) -> Result<(), IndexFileError> {
        let busy = || IndexFileError::Busy(repository.join(F::NAME));
        let _lock = Self::lock(repository, patience).ok_or_else(busy)?;
        Self::MARK.delete(repository)
    }

    /// Opens the file of a repository.
    ///
    /// # Errors
    /// [`IndexFileError`] where there is none, or not of this program's form.
    pub fn open(repository: &Path) -> Result<Self, IndexFileError> {
        let connection = Self::MARK.open(repository)?;
        Self::MARK.check(&connection, || {
            let own = Connection::open_in_memory()?;
            own.execute_batch(&Self::tables())?;
            Ok(schema(&connection)? == schema(&own)?)
        })?;
        let tip = connection.query_row("SELECT tip FROM branch", [], |row| row.get(0))?;
        Ok(Self::of(connection, CommitId::from_raw(tip)))
    }

    /// Makes the file anew: `fill` puts texts in. It takes the old one's place when it is whole; where `fill` returns
    /// `None`, the old one stays.
    ///
    /// # Errors
    /// [`IndexFileError`] where the file cannot be written.
    pub fn make(
        repository: &Path,
        tip: CommitId,
        fill: impl FnOnce(&mut dyn FnMut(&F::New) -> Result<(), IndexFileError>) -> Option<()>,
    ) -> Result<Option<Self>, IndexFileError> {
        let new_file = Self::MARK.begin(repository, &Self::tables())?;
        if filled::<F>(&new_file.connection, tip, fill)?.is_none() {
            return Ok(None);
        }
        new_file.finish()?;
        Self::open(repository).map(Some)
    }

    /// Makes the same in memory, where the file cannot be written.
    ///
    /// # Errors
    /// [`IndexFileError`] where there is not enough memory.
    pub fn make_in_memory(
        tip: CommitId,
        fill: impl FnOnce(&mut dyn FnMut(&F::New) -> Result<(), IndexFileError>) -> Option<()>,
    ) -> Result<Option<Self>, IndexFileError> {
        let connection = Connection::open_in_memory()?;
        set_up(&connection)?;
        connection.execute_batch(&format!("BEGIN; {}", Self::tables()))?;
        let is_filled = filled::<F>(&connection, tip, fill)?.is_some();
        connection.execute_batch("COMMIT")?;
        Ok(is_filled.then(|| Self::of(connection, tip)))
    }

    /// Returns the newest commit whose text is in the file.
    #[must_use]
    pub fn tip(&self) -> CommitId {
        self.tip
    }

    /// Puts in the texts of further commits, all of them or none.
    ///
    /// # Errors
    /// [`IndexFileError`] where the file cannot be written, or another process did so meanwhile.
    pub fn extend(&mut self, tip: CommitId, texts: &[F::New]) -> Result<(), IndexFileError> {
        if self
            .connection
            .execute("DELETE FROM branch WHERE tip = ?1", [self.tip.raw()])?
            != 1
        {
            return Err(IndexFileError::Damaged("another process wrote it meanwhile"));
        }
        // From here to the end there is nothing that the file covers: it is none.
        let transaction = self.connection.unchecked_transaction()?;
        for new in texts {
            F::put(&transaction, new)?;
        }
        transaction.execute("INSERT INTO branch(tip) VALUES(?1)", [tip.raw()])?;
        transaction.commit()?;
        self.tip = tip;
        Ok(())
    }

    fn of(connection: Connection, tip: CommitId) -> Self {
        Self {
            connection,
            tip,
            form: PhantomData,
        }
    }

    fn tables() -> String {
        format!("{BRANCH}; {}", F::TABLES)
    }
}

/// Fills a new file; `None` where `fill` does not come to an end.
fn filled<F: Form>(
    connection: &Connection,
    tip: CommitId,
    fill: impl FnOnce(&mut dyn FnMut(&F::New) -> Result<(), IndexFileError>) -> Option<()>,
) -> Result<Option<()>, IndexFileError> {
    F::begin(connection)?;
    if fill(&mut |new| F::put(connection, new)).is_none() {
        return Ok(None);
    }
    F::end(connection)?;
    connection.execute("INSERT INTO branch(tip) VALUES(?1)", [tip.raw()])?;
    Ok(Some(()))
}

fn schema(connection: &Connection) -> Result<Vec<(String, Option<String>)>, IndexFileError> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY rowid LIMIT 32")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::BlobId;
    use crate::storage::search_file::SearchFile;
    use crate::storage::words_file::{NewText, WordsFile};
    use crate::words::Wanted;

    fn text(byte: u8, keys: &str) -> NewText {
        NewText {
            page: BlobId::from_raw([byte; 20]),
            article: "2026/01/22/a".parse().unwrap(),
            keys: keys.to_owned(),
        }
    }

    fn tip(byte: u8) -> CommitId {
        CommitId::from_raw([byte; 20])
    }

    fn found(words: &WordsFile, key: &str) -> usize {
        words.candidates(&[Wanted::Key(key.to_owned())]).unwrap().len()
    }

    #[test]
    fn a_file_that_is_not_filled_to_its_end_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let made = WordsFile::make(folder.path(), tip(1), |put| put(&text(1, "one")).ok());
        drop(made.unwrap().unwrap());
        let ended = |put: &mut dyn FnMut(&NewText) -> Result<(), IndexFileError>| {
            put(&text(2, "two")).unwrap();
            None
        };
        assert!(WordsFile::make(folder.path(), tip(2), ended).unwrap().is_none());
        assert!(WordsFile::make_in_memory(tip(2), ended).unwrap().is_none());
        let words = WordsFile::open(folder.path()).unwrap();
        assert_eq!(words.tip(), tip(1));
        assert_eq!((found(&words, "one"), found(&words, "two")), (1, 0));
    }

    #[test]
    fn a_text_that_is_put_in_again_is_there_once() {
        let made = WordsFile::make_in_memory(tip(1), |put| {
            put(&text(1, "one")).ok()?;
            put(&text(1, "one")).ok()
        });
        assert_eq!(found(&made.unwrap().unwrap(), "one"), 1);
    }

    #[test]
    fn who_opened_the_file_before_another_wrote_it_puts_nothing_in() {
        let folder = tempfile::tempdir().unwrap();
        drop(WordsFile::make(folder.path(), tip(1), |_| Some(())).unwrap());
        let [mut faster, mut slower] = [(); 2].map(|()| WordsFile::open(folder.path()).unwrap());
        faster.extend(tip(2), &[text(1, "one")]).unwrap();
        let refused = slower.extend(tip(3), &[text(2, "two")]);
        assert!(matches!(refused, Err(IndexFileError::Damaged(_))));
        let words = WordsFile::open(folder.path()).unwrap();
        assert_eq!(words.tip(), tip(2));
        assert_eq!((found(&words, "one"), found(&words, "two")), (1, 0));
    }

    #[test]
    fn there_is_no_revision_at_a_place_that_the_file_has_not() {
        let made = SearchFile::make_in_memory(tip(1), |_| Some(()));
        assert!(
            made.unwrap()
                .unwrap()
                .candidate(1)
                .is_err_and(|error| error.is_damage())
        );
    }
}
