//! The index: one SQLite file beside the repository in which an article's revisions, a text and a claim are found
//! without walking the branch.
//!
//! It can be deleted at any time. Whoever can write into the folder can write anything into it, so nothing that it
//! says is an answer; the archive layer tells how answers are checked. What this room sees to is that a file that was
//! damaged, cut off, torn by a power cut or written by another program is told from one that was not: its schema
//! must be this program's to the letter, every row carries a sum, and rows that are counted must come to what the
//! file says elsewhere.
//!
//! A new file is made beside the old one and takes its place when it is whole and synced. When a few commits are put
//! in, what the file covers is taken out of it first, and put back when their rows are synced; in between it is no
//! index, so that a kill or a power cut leaves one that is made anew. There is no journal on the disk: a journal
//! that somebody else put there could make SQLite write into the file and even delete another one, so a file that
//! has one is made anew without being opened. SQLite's other journal (WAL) would leave two more files beside the
//! repository, and would keep the index from being read in a folder that cannot be written to. Who writes holds
//! `avalaches.index-lock`.
//!
//! Memory: 32 MiB of SQLite's pages at most, half a kilobyte for each commit that is put in at once, and while a
//! new file is made, its lists of ids and about 200 bytes for each article.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Params, Row, Transaction, params};

use self::rows::{ARTICLE, Keyed, REVISION, choose_article, choose_by_day, read_article, read_revision};
pub use self::rows::{ArticleRow, Candidate, Chosen, NewCommit, NewRevision, RevisionRow};
pub(super) use self::rows::{day_number, to_sql};
pub use self::write::{Builder, Lock};
use super::disposable::{Mark, set_up};
use crate::date::CivilDay;
use crate::footer::Footer;
use crate::id::{ArticleId, BlobId, CommitId, RawId};
use crate::slug::Slug;

mod rows;
mod write;

/// The file's name.
pub const FILE_NAME: &str = "avalaches.index";

/// Marks the file as this program's ("Aval"), and its form; another form is made anew.
const MARK: Mark = Mark {
    name: FILE_NAME,
    application: 0x4176_616c,
    form: 3,
};

/// Tables, as SQLite keeps them: a file with other words in it is another program's.
const TABLES: [&str; 5] = [
    "CREATE TABLE branch(first BLOB NOT NULL, tip BLOB NOT NULL, commits INTEGER NOT NULL, \
     articles INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT",
    "CREATE TABLE revision(position INTEGER PRIMARY KEY, id BLOB NOT NULL, article INTEGER NOT NULL, \
     number INTEGER NOT NULL, kind INTEGER NOT NULL, date INTEGER NOT NULL, date_offset INTEGER NOT NULL, \
     archived INTEGER NOT NULL, archived_offset INTEGER NOT NULL, languages TEXT NOT NULL, note TEXT, \
     page BLOB NOT NULL, claim TEXT, sum INTEGER NOT NULL) STRICT",
    "CREATE TABLE root(position INTEGER PRIMARY KEY, id BLOB NOT NULL, sum INTEGER NOT NULL) STRICT",
    "CREATE TABLE article(key INTEGER PRIMARY KEY, name TEXT NOT NULL, newest INTEGER NOT NULL, \
     day INTEGER NOT NULL, width INTEGER NOT NULL, languages TEXT NOT NULL, authors TEXT NOT NULL, \
     tags TEXT NOT NULL, sum INTEGER NOT NULL) STRICT",
    "CREATE TABLE day(day INTEGER PRIMARY KEY, articles INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT",
];

/// What is made when the rows of a new file are in their places.
const INDEXES: [&str; 6] = [
    "CREATE UNIQUE INDEX revision_by_id ON revision(id)",
    "CREATE UNIQUE INDEX revision_by_article ON revision(article, number)",
    "CREATE INDEX revision_by_page ON revision(page)",
    "CREATE INDEX revision_by_claim ON revision(claim) WHERE claim IS NOT NULL",
    "CREATE UNIQUE INDEX article_by_name ON article(name)",
    "CREATE INDEX article_by_day ON article(day, newest, width)",
];

/// Why the index cannot be used, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum IndexFileError {
    /// SQLite refused.
    #[error("could not use {FILE_NAME}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file is not what this program wrote.
    #[error("{FILE_NAME} is not as it was written: {0}")]
    Damaged(&'static str),
    /// A revision does not follow the one before it of its article.
    #[error("commit {0} does not follow its article's revision before")]
    Order(CommitId),
    /// Another program writes the file, for longer than it was waited for.
    #[error("{} is still being written by another program, or its lock cannot be had", .0.display())]
    Busy(PathBuf),
    /// The operating system refused.
    #[error("could not {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl IndexFileError {
    /// Tells whether a new file would help: nobody else has it in use, and the disk can be written to.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite(error) => !matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::ReadOnly
                        | ErrorCode::DiskFull
                        | ErrorCode::PermissionDenied
                        | ErrorCode::OutOfMemory
                )
            ),
            Self::Damaged(_) | Self::Order(_) => true,
            Self::Busy(_) => false,
            Self::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
        }
    }
}

/// The branch as the index knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// The archive's first commit.
    pub first: CommitId,
    /// The newest commit that is in the index.
    pub tip: CommitId,
    /// How many commits there are, the first included.
    pub commits: usize,
    /// How many articles.
    pub articles: usize,
}

/// Keeps the index as it is until it is dropped.
#[derive(Debug)]
pub struct Hold<'a> {
    _transaction: Transaction<'a>,
}

/// The index, open.
#[derive(Debug)]
pub struct IndexFile {
    connection: Connection,
    covered: Covered,
}

impl IndexFile {
    /// Opens the index of a repository.
    ///
    /// # Errors
    /// [`IndexFileError`] where there is none, or it is not of this program's form.
    pub fn open(repository: &Path) -> Result<Self, IndexFileError> {
        let connection = MARK.open(repository)?;
        check_form(&connection)?;
        let covered = covered(&connection)?;
        Ok(Self { connection, covered })
    }

    /// Copies the index into memory, where it can be brought up to date when the file cannot.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn copy_in_memory(&self) -> Result<Self, IndexFileError> {
        let mut connection = Connection::open_in_memory()?;
        Backup::new(&self.connection, &mut connection)?.run_to_completion(
            i32::MAX,
            Duration::from_millis(1),
            None,
        )?;
        set_up(&connection)?;
        check_form(&connection)?;
        let covered = covered(&connection)?;
        Ok(Self { connection, covered })
    }

    /// Returns what the index covers.
    #[must_use]
    pub fn covered(&self) -> Covered {
        self.covered
    }

    /// Returns how many revisions there are.
    #[must_use]
    pub fn revision_count(&self) -> usize {
        let roots = self.roots().map_or(0, |roots| roots.len());
        self.covered.commits.saturating_sub(1 + roots)
    }

    /// Keeps the index as it is while many questions are asked, which makes each of them faster. Writers wait.
    ///
    /// # Errors
    /// [`IndexFileError`], also where it is held already.
    pub fn hold(&self) -> Result<Hold<'_>, IndexFileError> {
        Ok(Hold {
            _transaction: self.connection.unchecked_transaction()?,
        })
    }

    /// Tells whether another process put further commits into the file after it was opened.
    #[must_use]
    pub fn has_moved_on(&self) -> bool {
        covered(&self.connection).map_or(true, |covered| covered != self.covered)
    }

    /// Finds the articles whose ids end with a slug, in the order of their days.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn with_slug(&self, slug: &Slug) -> Result<Vec<ArticleId>, IndexFileError> {
        let sql = "SELECT name FROM article WHERE substr(name, ?1) = ?2 ORDER BY name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let behind_day = "2026/01/22/".len() + 1;
        let names = statement.query_map(params![to_sql(behind_day), slug.as_str()], |row| {
            row.get::<_, String>(0)
        })?;
        let names = names.collect::<Result<Vec<_>, _>>()?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Finds an article's newest revision.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn newest(&self, article: &ArticleId) -> Result<Option<RevisionRow>, IndexFileError> {
        let sql = format!(
            "SELECT {REVISION}, name FROM article JOIN revision ON revision.article = key WHERE name = ?1 \
             ORDER BY number DESC LIMIT 1"
        );
        let found = self.revisions_where(&sql, [article.to_string()])?;
        Ok(found.into_iter().next())
    }

    /// Finds the revisions of an article, oldest first.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn revisions(&self, article: &ArticleId) -> Result<Vec<RevisionRow>, IndexFileError> {
        let sql = format!(
            "SELECT {REVISION}, name FROM article JOIN revision ON revision.article = key WHERE name = ?1 \
             ORDER BY number"
        );
        self.revisions_where(&sql, [article.to_string()])
    }

    /// Finds the revisions that have a text, newest first.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn with_text(&self, page: BlobId) -> Result<Vec<RevisionRow>, IndexFileError> {
        let sql = format!(
            "SELECT {REVISION}, name FROM revision JOIN article ON revision.article = key WHERE page = ?1 \
             ORDER BY position DESC"
        );
        self.revisions_where(&sql, [page.raw()])
    }

    /// Finds the revisions whose page carried a footer, newest first.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn with_claim(&self, claim: &Footer) -> Result<Vec<RevisionRow>, IndexFileError> {
        let sql = format!(
            "SELECT {REVISION}, name FROM revision JOIN article ON revision.article = key WHERE claim = ?1 \
             ORDER BY position DESC"
        );
        self.revisions_where(&sql, [claim.to_string()])
    }

    /// Finds the commits that have a text, or whose page carried a footer, newest first, by looking at every revision: what
    /// stands in the lists of texts and claims alone, or in the rows alone, is found as well. It is slower than
    /// [`IndexFile::with_text`], and not misled by a damaged list.
    ///
    /// # Errors
    /// [`IndexFileError`], also where not every revision is there.
    pub fn search(
        &self,
        page: Option<BlobId>,
        claim: Option<&Footer>,
    ) -> Result<Vec<CommitId>, IndexFileError> {
        let mut positions = Vec::new();
        if let Some(page) = page {
            positions.extend(self.with_text(page)?.iter().map(|row| row.position));
        }
        if let Some(claim) = claim {
            positions.extend(self.with_claim(claim)?.iter().map(|row| row.position));
        }
        let sql = "SELECT position, page IS ?1 OR (claim IS NOT NULL AND claim IS ?2) FROM revision \
                   NOT INDEXED ORDER BY position";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((
            page.as_ref().map(|page| page.raw().as_slice()),
            claim.map(ToString::to_string),
        ))?;
        let mut roots = self.roots()?.into_iter().map(|(position, _)| position).peekable();
        let mut next = 1;
        while let Some(row) = rows.next()? {
            let (position, fits): (i64, bool) = (row.get(0)?, row.get(1)?);
            while roots.next_if_eq(&next).is_some() {
                next += 1;
            }
            if position != to_sql(next) || next >= self.covered.commits {
                return Err(IndexFileError::Damaged("revisions are missing"));
            }
            if fits {
                positions.push(next);
            }
            next += 1;
        }
        while roots.next_if_eq(&next).is_some() {
            next += 1;
        }
        if next != self.covered.commits {
            return Err(IndexFileError::Damaged("revisions are missing"));
        }
        positions.sort_unstable_by_key(|position| std::cmp::Reverse(*position));
        positions.dedup();
        let damaged = || IndexFileError::Damaged("revisions are missing");
        let commit = |position| self.commit_at(position)?.ok_or_else(damaged);
        positions.into_iter().map(commit).collect()
    }

    /// Returns the commits that change root files, with their positions, oldest first.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn roots(&self) -> Result<Vec<(usize, CommitId)>, IndexFileError> {
        let sql = "SELECT position, id, sum FROM root ORDER BY position";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut roots = Vec::new();
        while let Some(row) = rows.next()? {
            let (position, id, sum): (i64, RawId, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let place = usize::try_from(position)
                .ok()
                .filter(|_| rows::root_sum(position, &id) == sum);
            let place = place.ok_or(IndexFileError::Damaged("the place of a commit is wrong"))?;
            roots.push((place, CommitId::from_raw(id)));
        }
        Ok(roots)
    }

    /// Returns the commit at a position; [`None`] where there is none.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn commit_at(&self, position: usize) -> Result<Option<CommitId>, IndexFileError> {
        if position == 0 {
            return Ok(Some(self.covered.first));
        }
        let sql =
            "SELECT id FROM revision WHERE position = ?1 UNION ALL SELECT id FROM root WHERE position = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement
            .query_row([to_sql(position)], |row| row.get(0))
            .optional()?;
        Ok(found.map(CommitId::from_raw))
    }

    /// Returns a commit's position.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn position(&self, id: CommitId) -> Result<Option<usize>, IndexFileError> {
        if id == self.covered.first {
            return Ok(Some(0));
        }
        let sql =
            "SELECT position FROM revision WHERE id = ?1 UNION ALL SELECT position FROM root WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found: Option<i64> = statement.query_row([id.raw()], |row| row.get(0)).optional()?;
        Ok(found.and_then(|position| usize::try_from(position).ok()))
    }

    /// Finds the articles whose newest revision is of a day in a range, that with the newest revision first. Only
    /// the list of days is read, and checked by the sums of its days.
    ///
    /// # Errors
    /// [`IndexFileError`], also where they are not those that were counted when they were put in.
    pub fn of_days(
        &self,
        since: Option<CivilDay>,
        until: Option<CivilDay>,
    ) -> Result<Vec<Chosen>, IndexFileError> {
        let mut sum = 0;
        let (chosen, expected) = self.in_range(
            "SELECT key, newest, day, width FROM article INDEXED BY article_by_day WHERE day BETWEEN ?1 AND ?2",
            [since, until],
            &mut |row| choose_by_day(row, &mut sum).map(Some),
        )?;
        if sum != expected {
            return Err(IndexFileError::Damaged("the list of days is wrong"));
        }
        Ok(chosen)
    }

    /// Finds the articles whose newest revision is of a day in a range and that are wanted, that with the newest
    /// revision first. Every row is read, and checked by its sum.
    ///
    /// # Errors
    /// [`IndexFileError`], also where they are not as many as were counted when they were put in.
    pub fn articles(
        &self,
        since: Option<CivilDay>,
        until: Option<CivilDay>,
        wanted: &mut dyn FnMut(Candidate<'_>) -> bool,
    ) -> Result<Vec<Chosen>, IndexFileError> {
        let every = since.is_none() && until.is_none();
        let order = if every { "NOT INDEXED" } else { "" };
        let sql = format!("SELECT {ARTICLE} FROM article {order} WHERE day BETWEEN ?1 AND ?2");
        let (chosen, _) = self.in_range(&sql, [since, until], &mut |row| choose_article(row, wanted))?;
        Ok(chosen)
    }

    /// Reads the articles of a range of days, which must be as many as were counted, and the sum of those days.
    fn in_range(
        &self,
        sql: &str,
        [since, until]: [Option<CivilDay>; 2],
        choose: &mut dyn FnMut(&Row<'_>) -> Result<Option<Chosen>, IndexFileError>,
    ) -> Result<(Vec<Chosen>, i64), IndexFileError> {
        let range = [
            since.map_or(0, rows::day_number),
            until.map_or(i64::MAX, rows::day_number),
        ];
        // Rows and counts of the same moment.
        let held = self.connection.is_autocommit().then(|| self.hold()).transpose()?;
        let covered = covered(&self.connection)?;
        let counted_days = "SELECT articles, sum FROM day WHERE day BETWEEN ?1 AND ?2";
        let (mut counted, mut sum) = (0_usize, 0_i64);
        {
            let mut statement = self.connection.prepare_cached(counted_days)?;
            let mut rows = statement.query(range)?;
            while let Some(row) = rows.next()? {
                let (articles, of_day): (i64, i64) = (row.get(0)?, row.get(1)?);
                let articles = usize::try_from(articles).unwrap_or(usize::MAX);
                counted = counted.saturating_add(articles);
                sum = sum.wrapping_add(of_day);
            }
        }
        let every = since.is_none() && until.is_none();
        if covered != self.covered || counted > covered.articles || every && counted != covered.articles {
            return Err(IndexFileError::Damaged("articles were miscounted"));
        }
        let mut chosen = Vec::new();
        let mut found = 0;
        {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(range)?;
            while let Some(row) = rows.next()?.filter(|_| found <= counted) {
                chosen.extend(choose(row)?);
                found += 1;
            }
        }
        if found != counted {
            return Err(IndexFileError::Damaged("articles are missing"));
        }
        drop(held);
        chosen.sort_unstable_by(|one, other| other.cmp(one));
        Ok((chosen, sum))
    }

    /// Reads the row of an article that was chosen, with the commit of its newest revision and the commit after that;
    /// `None` where it is gone.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn chosen(
        &self,
        chosen: Chosen,
    ) -> Result<Option<(ArticleRow, CommitId, Option<CommitId>)>, IndexFileError> {
        let sql = format!(
            "SELECT {ARTICLE}, own.id, next.id FROM article JOIN revision AS own ON own.position = newest \
             LEFT JOIN revision AS next ON next.position = newest + 1 WHERE key = ?1"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([chosen.key])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let next: Option<RawId> = row.get(9)?;
        let row_of_article = read_article(row)?.row;
        let id = CommitId::from_raw(row.get(8)?);
        Ok(Some((row_of_article, id, next.map(CommitId::from_raw))))
    }

    fn article(&self, article: &ArticleId) -> Result<Option<Keyed>, IndexFileError> {
        let sql = format!("SELECT {ARTICLE} FROM article WHERE name = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([article.to_string()])?;
        rows.next()?.map(read_article).transpose()
    }

    fn revisions_where(&self, sql: &str, values: impl Params) -> Result<Vec<RevisionRow>, IndexFileError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_revision(row)?);
            if found.len() > self.covered.commits {
                return Err(IndexFileError::Damaged("there are more revisions than commits"));
            }
        }
        Ok(found)
    }
}

/// Checks that the file is of this program's form, to the letter.
fn check_form(connection: &Connection) -> Result<(), IndexFileError> {
    MARK.check(connection, || {
        let mut statement = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY rowid")?;
        let found = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
        let found: Vec<Option<String>> = found
            .take(TABLES.len() + INDEXES.len() + 1)
            .collect::<Result<_, _>>()?;
        let own = TABLES.iter().chain(&INDEXES).map(|sql| Some((*sql).to_owned()));
        Ok(found.into_iter().eq(own))
    })
}

/// Reads what the index covers.
fn covered(connection: &Connection) -> Result<Covered, IndexFileError> {
    let mut statement = connection.prepare_cached("SELECT first, tip, commits, articles, sum FROM branch")?;
    let mut rows = statement.query([])?;
    let damaged = IndexFileError::Damaged("what it covers is not told");
    let Some(row) = rows.next()? else {
        return Err(damaged);
    };
    let (first, tip): (_, _) = (row.get(0)?, row.get(1)?);
    let (commits, articles): (i64, i64) = (row.get(2)?, row.get(3)?);
    let sum: i64 = row.get(4)?;
    let counts = usize::try_from(commits).ok().zip(usize::try_from(articles).ok());
    match counts {
        Some((commits, articles_found))
            if sum == rows::branch_sum(&first, &tip, to_sql(commits), articles)
                && commits > articles_found =>
        {
            Ok(Covered {
                first: CommitId::from_raw(first),
                tip: CommitId::from_raw(tip),
                commits,
                articles: articles_found,
            })
        }
        _ => Err(damaged),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::article::Kind;
    use crate::date::RevisionDate;

    fn id(byte: u8) -> CommitId {
        CommitId::from_raw([byte; 20])
    }

    /// A revision of one of two articles.
    fn revision(own: u8, article: &str, number: u32, previous: Option<u8>) -> NewCommit {
        let date = RevisionDate::parse_git("1769083200 +0000").unwrap();
        NewCommit::Revision(NewRevision {
            row: RevisionRow {
                position: 0,
                id: id(own),
                article: format!("2026/01/22/{article}").parse().unwrap(),
                number,
                kind: Kind::Publish,
                date,
                archived_at: date,
                languages: Vec::new(),
                note: None,
                page: BlobId::from_raw([own; 20]),
                claim: None,
            },
            previous: previous.map(id),
            authors: Vec::new(),
            tags: Vec::new(),
            titles: BTreeMap::new(),
        })
    }

    /// Makes an index of five commits: the first one, two revisions of an article, one that changes root files, and one
    /// of another article.
    fn index(folder: &Path) -> IndexFile {
        let mut builder = Builder::begin(folder, id(1)).unwrap();
        for new in [
            revision(2, "a", 1, None),
            revision(3, "a", 2, Some(2)),
            NewCommit::Root(id(4)),
            revision(5, "b", 1, None),
        ] {
            builder.add(new).unwrap();
        }
        builder.finish(folder).unwrap()
    }

    #[test]
    fn a_revision_that_does_not_follow_the_one_before_is_not_put_in() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = index(folder.path());
        let covered = index.covered();
        for (article, number, previous) in [
            ("a", 3, Some(2)),
            ("a", 4, Some(3)),
            ("a", 1, None),
            ("c", 1, Some(3)),
            ("c", 2, None),
        ] {
            let wrong = || revision(6, article, number, previous);
            let refused = index.extend([wrong()]);
            assert!(
                matches!(refused, Err(IndexFileError::Order(own)) if own == id(6)),
                "{article} {number}"
            );
            assert_eq!(index.covered(), covered);
            assert_eq!(index.position(id(6)).unwrap(), None);
        }
        let mut builder = Builder::begin(folder.path(), id(1)).unwrap();
        builder.add(revision(2, "a", 1, None)).unwrap();
        for (own, number, previous) in [(3, 3, Some(2)), (3, 2, Some(1)), (3, 1, None)] {
            let refused = builder.add(revision(own, "a", number, previous));
            assert!(matches!(refused, Err(IndexFileError::Order(_))), "{number}");
        }
        index.extend([revision(6, "a", 3, Some(3))]).unwrap();
        assert_eq!(index.position(id(6)).unwrap(), Some(5));
    }

    #[test]
    fn who_opened_the_index_before_another_wrote_it_puts_nothing_in_and_counts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut slower = index(folder.path());
        let mut faster = IndexFile::open(folder.path()).unwrap();
        assert!(!slower.has_moved_on());
        faster.extend([revision(6, "b", 2, Some(5))]).unwrap();
        assert!(slower.has_moved_on());
        let refused = slower.extend([revision(7, "c", 1, None)]);
        assert!(matches!(refused, Err(IndexFileError::Damaged(_))));
        let refused = slower.articles(None, None, &mut |_| true);
        assert!(matches!(refused, Err(IndexFileError::Damaged(_))));
        let again = IndexFile::open(folder.path()).unwrap();
        assert_eq!(again.covered().tip, id(6));
    }

    #[test]
    fn articles_are_chosen_by_their_days() {
        let folder = tempfile::tempdir().unwrap();
        let index = index(folder.path());
        let [before, own] = ["2026-01-21", "2026-01-22"].map(|day| CivilDay::parse(day, '-'));
        let positions = |since, until| -> Vec<usize> {
            let chosen = index.articles(since, until, &mut |_| true).unwrap();
            assert_eq!(chosen, index.of_days(since, until).unwrap());
            chosen.iter().map(|chosen| chosen.position).collect()
        };
        assert_eq!(positions(None, None), [4, 2]);
        assert_eq!(positions(own, None), [4, 2]);
        assert_eq!(positions(None, before), [0; 0]);
        let chosen = index.articles(None, None, &mut |_| true).unwrap()[1];
        let (row, own, next) = index.chosen(chosen).unwrap().unwrap();
        assert_eq!((row.position, own, next), (2, id(3), None));
        index.connection.execute("DELETE FROM article", []).unwrap();
        assert_eq!(index.chosen(chosen).unwrap(), None);
    }

    /// A question, which says what is wrong.
    type Asked<'a> = &'a dyn Fn(&IndexFile) -> Result<(), IndexFileError>;

    #[test]
    fn rows_that_are_missing_or_too_many_are_damage() {
        let search = |index: &IndexFile| index.search(Some(BlobId::from_raw([3; 20])), None).map(drop);
        let articles = |index: &IndexFile| index.articles(None, None, &mut |_| true).map(drop);
        let cases: [(&str, Asked<'_>, &str); 5] = [
            (
                "DELETE FROM revision WHERE position = 1",
                &search,
                "revisions are missing",
            ),
            (
                "DELETE FROM revision WHERE position = 4",
                &search,
                "revisions are missing",
            ),
            (
                "INSERT INTO revision SELECT 5, zeroblob(20), 9, 9, kind, date, date_offset, archived, archived_offset, \
                 languages, note, page, claim, sum FROM revision WHERE position = 1",
                &search,
                "revisions are missing",
            ),
            (
                "UPDATE day SET articles = 1",
                &articles,
                "articles were miscounted",
            ),
            (
                "UPDATE day SET articles = 3",
                &articles,
                "articles were miscounted",
            ),
        ];
        for (sql, asked, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let index = index(folder.path());
            asked(&index).unwrap();
            index.connection.execute(sql, []).unwrap();
            let damaged = asked(&index);
            assert!(
                matches!(&damaged, Err(IndexFileError::Damaged(what)) if *what == expected),
                "{sql}: {damaged:?}"
            );
        }
    }

    #[test]
    fn what_an_index_covers_has_to_be_possible_and_to_have_its_sum() {
        let folder = tempfile::tempdir().unwrap();
        let index = index(folder.path());
        let sum = |commits, articles| rows::branch_sum(id(1).raw(), id(5).raw(), commits, articles);
        let covers = |commits: i64, articles: i64, sum: i64| {
            let sql = "UPDATE branch SET commits = ?1, articles = ?2, sum = ?3";
            index.connection.execute(sql, [commits, articles, sum]).unwrap();
            IndexFile::open(folder.path())
        };
        covers(5, 2, sum(5, 2)).unwrap();
        for (commits, articles, own) in [(5, 2, sum(5, 2) + 1), (5, 5, sum(5, 5)), (-1, 0, sum(-1, 0))] {
            let damaged = covers(commits, articles, own);
            assert!(
                matches!(damaged, Err(IndexFileError::Damaged(_))),
                "{commits}, {articles}"
            );
        }
        let fewer = covers(1, 0, sum(1, 0)).unwrap();
        let article = "2026/01/22/a".parse().unwrap();
        assert_eq!(index.revisions(&article).unwrap().len(), 2);
        let damaged = fewer.revisions(&article);
        assert!(matches!(
            damaged,
            Err(IndexFileError::Damaged("there are more revisions than commits"))
        ));
    }
}
