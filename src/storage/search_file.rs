//! What articles are searched by: one disposable SQLite file beside the repository.
//!
//! Of every revision it has the keys of [`crate::query`] in a full-text table without the text itself, and what it is
//! chosen by. It is not believed for what it names: the archive layer reads that from git. A file that is missing, torn,
//! of another form, of another branch or that SQLite finds damaged is made anew. One that somebody wrote with care can
//! keep an article from being found, and put hits in another order.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::index_file::{IndexFileError, day_number, to_sql};
use super::texts_file::{Form, TextsFile};
use crate::date::{CivilDay, RevisionDate};
use crate::id::{ArticleId, CommitId};
use crate::language::Language;
use crate::query::{Keys, Lookup, Row};

/// How much more a word counts in a title, and among the tags, than in the text.
const WEIGHTS: &str = "10.0, 5.0, 1.0, 0.0";

/// Bytes of keys that are gathered in memory while a new file is made, and otherwise.
const GATHERED: [i64; 2] = [64 << 20, 1 << 20];

/// The form of the file.
#[derive(Debug)]
pub enum Searched {}

/// The file, open.
pub type SearchFile = TextsFile<Searched>;

/// A revision that is put in.
#[derive(Debug)]
pub struct NewRevision {
    /// Its place on the branch.
    pub position: usize,
    /// The commit.
    pub id: CommitId,
    /// The article.
    pub article: ArticleId,
    /// The revision's date.
    pub date: RevisionDate,
    /// The languages of its parts.
    pub languages: Vec<Language>,
    /// What it is found by.
    pub keys: Keys,
    /// What it can be chosen by besides, parted by blanks.
    pub traits: String,
}

/// Which revisions are looked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// By their keys.
    pub lookup: Lookup,
    /// Having all these keys besides.
    pub traits: Vec<String>,
    /// Of this day or later.
    pub since: Option<CivilDay>,
    /// Of this day or earlier.
    pub until: Option<CivilDay>,
}

/// In which order revisions are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Those first in which the words say most (BM25), of two such the one that was archived later.
    Relevance,
    /// The newest date first.
    Date,
}

/// A revision that may have what is looked for, as the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The commit.
    pub id: CommitId,
    /// Its place on the branch.
    pub position: usize,
    /// Whether it is its article's newest revision.
    pub is_newest: bool,
}

impl Form for Searched {
    const NAME: &'static str = "avalaches.search";
    /// "Avas".
    const APPLICATION: i64 = 0x4176_6173;
    const VERSION: i64 = 1;
    const LOCK: &'static str = "avalaches.search-lock";
    const TABLES: &'static str = "CREATE TABLE revision(position INTEGER PRIMARY KEY, id BLOB NOT NULL, article TEXT NOT NULL, \
         date INTEGER NOT NULL, day INTEGER NOT NULL) STRICT; \
         CREATE INDEX revision_by_article ON revision(article, position); \
         CREATE INDEX revision_by_date ON revision(date, position, day); \
         CREATE TABLE language(tag TEXT PRIMARY KEY) STRICT, WITHOUT ROWID; \
         CREATE VIRTUAL TABLE keys USING fts5(titles, tags, page, traits, content='', tokenize='ascii')";
    type New = NewRevision;

    fn put(connection: &Connection, new: &NewRevision) -> Result<(), IndexFileError> {
        let position = to_sql(new.position);
        let row = "INSERT INTO revision(position, id, article, date, day) VALUES(?1, ?2, ?3, ?4, ?5)";
        connection.prepare_cached(row)?.execute(params![
            position,
            new.id.raw(),
            new.article.to_string(),
            new.date.seconds(),
            day_number(new.date.day()),
        ])?;
        for language in &new.languages {
            let sql = "INSERT OR IGNORE INTO language(tag) VALUES(?1)";
            connection.prepare_cached(sql)?.execute([language.as_str()])?;
        }
        let keys = "INSERT INTO keys(rowid, titles, tags, page, traits) VALUES(?1, ?2, ?3, ?4, ?5)";
        let Keys { titles, tags, text } = &new.keys;
        connection
            .prepare_cached(keys)?
            .execute(params![position, titles, tags, text, new.traits])?;
        Ok(())
    }

    fn begin(connection: &Connection) -> Result<(), IndexFileError> {
        gather(connection, GATHERED[0])
    }

    fn end(connection: &Connection) -> Result<(), IndexFileError> {
        connection.execute("INSERT INTO keys(keys) VALUES('optimize')", [])?;
        gather(connection, GATHERED[1])
    }
}

fn gather(connection: &Connection, bytes: i64) -> Result<(), IndexFileError> {
    connection.execute("INSERT INTO keys(keys, rank) VALUES('hashsize', ?1)", [bytes])?;
    Ok(())
}

impl SearchFile {
    /// Returns the languages of the revisions.
    ///
    /// # Errors
    /// [`IndexFileError`], also where a row is not as it was written.
    pub fn languages(&self) -> Result<Vec<Language>, IndexFileError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT tag FROM language ORDER BY tag")?;
        let mut rows = statement.query([])?;
        let mut languages = Vec::new();
        while let Some(row) = rows.next()? {
            let tag: String = row.get(0)?;
            let language = tag.parse();
            languages.push(language.map_err(|_| IndexFileError::Damaged("it names no language"))?);
        }
        Ok(languages)
    }

    /// Finds the revisions that may have what is looked for, by their places on the branch, in an order.
    ///
    /// # Errors
    /// [`IndexFileError`] where the file cannot be read.
    pub fn positions(&self, wanted: &Wanted, order: Order) -> Result<Vec<i64>, IndexFileError> {
        let expression = expression(wanted);
        let of_days = match (wanted.since, wanted.until) {
            (None, None) => None,
            (since, until) => Some(self.of_days(since, until)?),
        };
        let is_wanted = |position: &i64| of_days.as_ref().is_none_or(|days| days.contains(position));
        if order == Order::Date {
            let mut statement = self
                .connection
                .prepare_cached("SELECT rowid FROM keys WHERE keys MATCH ?1")?;
            let found = statement.query_map([expression], |row| row.get(0))?;
            let found: HashSet<i64> = found.collect::<Result<_, _>>()?;
            let dated = "SELECT position FROM revision ORDER BY date DESC, position DESC";
            let mut statement = self.connection.prepare_cached(dated)?;
            let dated = statement.query_map([], |row| row.get(0))?;
            let dated = dated.filter(|position| {
                position
                    .as_ref()
                    .map_or(true, |position| found.contains(position))
            });
            let dated: Vec<i64> = dated.collect::<Result<_, _>>()?;
            return Ok(dated.into_iter().filter(is_wanted).collect());
        }
        let sql = format!("SELECT rowid, bm25(keys, {WEIGHTS}) FROM keys WHERE keys MATCH ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement.query_map([expression], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut found: Vec<(i64, f64)> = found.collect::<Result<_, _>>()?;
        found.retain(|(position, _)| is_wanted(position));
        found.sort_unstable_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)));
        Ok(found.into_iter().map(|(position, _)| position).collect())
    }

    /// Returns the revision at a place that was found.
    ///
    /// # Errors
    /// [`IndexFileError`] where the file cannot be read, or has no revision there.
    pub fn candidate(&self, position: i64) -> Result<Candidate, IndexFileError> {
        let sql = "SELECT id, NOT EXISTS(SELECT 1 FROM revision AS later WHERE later.article = revision.article \
                   AND later.position > revision.position) FROM revision WHERE position = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let row = statement.query_row([position], |row| Ok((row.get(0)?, row.get(1)?)));
        let damaged = IndexFileError::Damaged("the place of a revision is wrong");
        match (row.optional()?, usize::try_from(position)) {
            (Some((id, is_newest)), Ok(position)) => Ok(Candidate {
                id: CommitId::from_raw(id),
                position,
                is_newest,
            }),
            _ => Err(damaged),
        }
    }

    fn of_days(
        &self,
        since: Option<CivilDay>,
        until: Option<CivilDay>,
    ) -> Result<HashSet<i64>, IndexFileError> {
        let sql = "SELECT position FROM revision INDEXED BY revision_by_date WHERE day BETWEEN ?1 AND ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let range = [since.map_or(0, day_number), until.map_or(i64::MAX, day_number)];
        let found = statement.query_map(range, |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// Says in FTS5's words what is looked for. Keys have no character that means anything there.
fn expression(wanted: &Wanted) -> String {
    let row = |row: &Row| {
        format!(
            "\"{}\"{}",
            row.keys.join(" "),
            if row.is_begun { " *" } else { "" }
        )
    };
    let traits = wanted.traits.iter().map(|key| format!("\"{key}\""));
    let any = |rows: &Vec<Row>| format!("({})", rows.iter().map(row).collect::<Vec<_>>().join(" OR "));
    let all: Vec<String> = traits.chain(wanted.lookup.wanted.iter().map(any)).collect();
    let mut expression = all.join(" AND ");
    for unwanted in &wanted.lookup.unwanted {
        expression = format!("({expression}) NOT {}", row(unwanted));
    }
    expression
}
