//! The words of an archive: one disposable SQLite file beside the repository, which tells which articles may have a
//! quote.
//!
//! Of every text it has the keys of [`crate::words`] in a full-text table without the text itself, and the article. It
//! is not believed for what it names: the archive layer reads that from git. A file that is missing, torn, of another
//! form, of another branch or that SQLite finds damaged is made anew. One that somebody wrote with care, or whose bits
//! fell so that SQLite does not notice, can keep a text from being found, which `--scan` does without it.
//!
//! It is written as the index is ([`super::index_file`]): a new file beside the old one, or further texts in one
//! transaction, before which the tip is taken out of the file and after which it is put back, so that a kill in between
//! leaves a file that is made anew. Who writes holds `avalaches.words-lock`.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::disposable::Mark;
use super::index_file::{IndexFileError, Lock};
use crate::id::{ArticleId, BlobId, CommitId};
use crate::words::Wanted;

/// The file's name.
pub const FILE_NAME: &str = "avalaches.words";

/// The file whose lock the writer holds.
const LOCK: &str = "avalaches.words-lock";

/// How long the writer is waited for before the file is deleted.
const PATIENCE: Duration = Duration::from_secs(10);

/// Marks the file as this program's ("Avaw"), and its form; another form is made anew.
const MARK: Mark = Mark {
    name: FILE_NAME,
    application: 0x4176_6177,
    form: 2,
};

/// Tables. What SQLite makes of the last one by itself is compared with what it makes in a file of our own.
const TABLES: &str = "CREATE TABLE branch(tip BLOB NOT NULL) STRICT; \
     CREATE TABLE text(number INTEGER PRIMARY KEY, page BLOB NOT NULL, article TEXT NOT NULL) STRICT; \
     CREATE UNIQUE INDEX text_by_page ON text(page, article); \
     CREATE VIRTUAL TABLE words USING fts5(keys, content='', detail=none, columnsize=0, tokenize='ascii')";

/// A text of which the keys are put in.
#[derive(Debug)]
pub struct NewText {
    /// The page's blob.
    pub page: BlobId,
    /// An article that has it.
    pub article: ArticleId,
    /// Its keys, parted by blanks.
    pub keys: String,
}

/// A text that may have a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The page's blob.
    pub page: BlobId,
    /// An article that has it, as the file says.
    pub article: ArticleId,
}

/// The words, open.
#[derive(Debug)]
pub struct WordsFile {
    connection: Connection,
    tip: CommitId,
}

/// The right to write the words; `None` where another process keeps it for longer than `patience`, or the folder
/// cannot be written to.
#[must_use]
pub fn lock(repository: &Path, patience: Duration) -> Option<Lock> {
    Lock::take_named(repository, LOCK, patience)
}

/// Deletes the words of a repository, where there are any: after whoever writes them now, if that does not take long.
///
/// # Errors
/// [`IndexFileError`] where the file cannot be deleted.
pub fn delete(repository: &Path) -> Result<(), IndexFileError> {
    let _lock = lock(repository, PATIENCE);
    MARK.delete(repository)
}

impl WordsFile {
    /// Opens the words of a repository.
    ///
    /// # Errors
    /// [`IndexFileError`] where there are none, or not of this program's form.
    pub fn open(repository: &Path) -> Result<Self, IndexFileError> {
        let connection = MARK.open(repository)?;
        check_form(&connection)?;
        let tip = connection.query_row("SELECT tip FROM branch", [], |row| row.get(0))?;
        let tip = CommitId::from_raw(tip);
        Ok(Self { connection, tip })
    }

    /// Makes the words anew: `fill` puts texts in. The file takes the old one's place when it is whole; where `fill`
    /// returns `None`, the old one stays.
    ///
    /// # Errors
    /// [`IndexFileError`] where the file cannot be written.
    pub fn make(
        repository: &Path,
        tip: CommitId,
        fill: impl FnOnce(&mut dyn FnMut(&NewText) -> Result<(), IndexFileError>) -> Option<()>,
    ) -> Result<Option<Self>, IndexFileError> {
        let new_file = MARK.begin(repository, TABLES)?;
        if fill(&mut |new| put(&new_file.connection, new)).is_none() {
            return Ok(None);
        }
        let sql = "INSERT INTO branch(tip) VALUES(?1)";
        new_file.connection.execute(sql, [tip.raw()])?;
        new_file.finish()?;
        Self::open(repository).map(Some)
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
    pub fn extend(&mut self, tip: CommitId, texts: &[NewText]) -> Result<(), IndexFileError> {
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
            put(&transaction, new)?;
        }
        transaction.execute("INSERT INTO branch(tip) VALUES(?1)", [tip.raw()])?;
        transaction.commit()?;
        self.tip = tip;
        Ok(())
    }

    /// Finds the texts that may have a quote, in the order in which they came in.
    ///
    /// # Errors
    /// [`IndexFileError`], also where a row is not as it was written.
    pub fn candidates(&self, wanted: &[Wanted]) -> Result<Vec<Candidate>, IndexFileError> {
        let query: Vec<String> = wanted
            .iter()
            .map(|wanted| match wanted {
                Wanted::Key(key) => format!("\"{key}\""),
                Wanted::Beginning(begin) => format!("\"{begin}\" *"),
            })
            .collect();
        let sql = "SELECT page, article FROM words LEFT JOIN text ON number = words.rowid WHERE words MATCH ?1 \
                   ORDER BY words.rowid";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([query.join(" AND ")])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let article: String = row.get(1)?;
            found.push(Candidate {
                page: BlobId::from_raw(row.get(0)?),
                article: article
                    .parse()
                    .map_err(|_| IndexFileError::Damaged("it names no article"))?,
            });
        }
        Ok(found)
    }
}

/// Puts in a text that is not there yet.
fn put(connection: &Connection, new: &NewText) -> Result<(), IndexFileError> {
    let text = "INSERT OR IGNORE INTO text(page, article) VALUES(?1, ?2)";
    let mut statement = connection.prepare_cached(text)?;
    if statement.execute(params![new.page.raw(), new.article.to_string()])? == 0 {
        return Ok(());
    }
    let words = "INSERT INTO words(rowid, keys) VALUES(?1, ?2)";
    let mut statement = connection.prepare_cached(words)?;
    statement.execute(params![connection.last_insert_rowid(), new.keys])?;
    Ok(())
}

/// Checks that the file is of this program's form, to the letter.
fn check_form(connection: &Connection) -> Result<(), IndexFileError> {
    MARK.check(connection, || {
        let own = Connection::open_in_memory()?;
        own.execute_batch(TABLES)?;
        Ok(schema(connection)? == schema(&own)?)
    })
}

fn schema(connection: &Connection) -> Result<Vec<(String, Option<String>)>, IndexFileError> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY rowid LIMIT 32")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
