//! The words of an archive: one disposable SQLite file beside the repository, which tells which articles may have a
//! quote.
//!
//! Of every text it has the keys of [`crate::words`] in a full-text table without the text itself, and the article. It
//! is not believed for what it names: the archive layer reads that from git. A file that is missing, torn, of another
//! form, of another branch or that SQLite finds damaged is made anew. One that somebody wrote with care, or whose bits
//! fell so that SQLite does not notice, can keep a text from being found, which `--scan` does without it.

use rusqlite::{Connection, params};

use super::index_file::IndexFileError;
use super::texts_file::{Form, TextsFile};
use crate::id::{ArticleId, BlobId};
use crate::words::Wanted;

/// The form of the file.
#[derive(Debug)]
pub enum Words {}

/// The words, open.
pub type WordsFile = TextsFile<Words>;

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

impl Form for Words {
    const NAME: &'static str = "avalaches.words";
    /// "Avaw".
    const APPLICATION: i64 = 0x4176_6177;
    const VERSION: i64 = 4;
    const LOCK: &'static str = "avalaches.words-lock";
    const TABLES: &'static str = "CREATE TABLE text(number INTEGER PRIMARY KEY, page BLOB NOT NULL, article TEXT NOT NULL) \
         STRICT; \
         CREATE UNIQUE INDEX text_by_page ON text(page, article); \
         CREATE VIRTUAL TABLE words USING fts5(keys, content='', detail=none, columnsize=0, tokenize='ascii')";
    type New = NewText;

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
}

impl WordsFile {
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
