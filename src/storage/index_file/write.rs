//! Writing the index: a new file beside the old one, or further commits at its end.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use rustix::fs::{FlockOperation, Mode, OFlags};

use super::rows::{
    NewCommit, NewRevision, StoredArticle, StoredRevision, branch_sum, day_number, day_part, root_sum, to_sql,
};
use super::{
    APPLICATION, Covered, FILE_NAME, FORM, INDEXES, IndexFile, IndexFileError, JOURNALS, TABLES, journal,
    place, set_up,
};
use crate::id::{ArticleId, CommitId};

/// The file whose lock the writer of the index holds; the kernel frees it however the writer ends.
pub const LOCK: &str = "avalaches.index-lock";

/// How often a lock that another process holds is tried again.
const TRIED_EVERY: Duration = Duration::from_millis(10);

const INSERT_REVISION: &str = "INSERT INTO revision(position, id, article, number, kind, date, date_offset, \
     archived, archived_offset, languages, note, page, claim, sum) \
     VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

const PUT_ARTICLE: &str = "INSERT OR REPLACE INTO article(key, name, newest, day, width, languages, authors, tags, \
     sum) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

/// The right to write the index, held by one process at a time.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, waiting for another process that has it; `None` where it keeps it for longer, or the folder
    /// cannot be written to.
    #[must_use]
    pub fn take(repository: &Path, patience: Duration) -> Option<Self> {
        Self::take_named(repository, LOCK, patience)
    }

    /// Takes the lock of a file of that name, likewise.
    #[must_use]
    pub fn take_named(repository: &Path, name: &str, patience: Duration) -> Option<Self> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o644);
        let file = File::from(rustix::fs::open(repository.join(name), flags, mode).ok()?);
        let begun = Instant::now();
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Some(Self { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK) if begun.elapsed() < patience => {
                    std::thread::sleep(TRIED_EVERY);
                }
                Err(_) => return None,
            }
        }
    }
}

/// What is remembered of an article while its revisions come in.
#[derive(Debug)]
struct Latest {
    article: StoredArticle,
    id: CommitId,
    number: u32,
}

/// A new index, which takes the old one's place when it is whole.
#[derive(Debug)]
pub struct Builder {
    connection: Option<Connection>,
    fresh: PathBuf,
    path: PathBuf,
    first: CommitId,
    tip: CommitId,
    commits: usize,
    latest: HashMap<ArticleId, Latest>,
}

impl Builder {
    /// Begins a new index of an archive with its first commit.
    ///
    /// # Errors
    /// [`IndexFileError`] where the folder cannot be written to.
    pub fn begin(repository: &Path, first: CommitId) -> Result<Self, IndexFileError> {
        let fresh = place(repository, &format!("{FILE_NAME}.new"));
        if let Err(source) = fs::remove_file(&fresh)
            && source.kind() != std::io::ErrorKind::NotFound
        {
            return Err(IndexFileError::Io {
                what: "replace",
                path: fresh,
                source,
            });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&fresh, flags)?;
        let builder = Self {
            connection: Some(connection),
            fresh,
            path: place(repository, FILE_NAME),
            first,
            tip: first,
            commits: 1,
            latest: HashMap::new(),
        };
        if let Some(connection) = &builder.connection {
            set_up(connection)?;
            // Nobody else sees the file, and a part of it is worth nothing.
            connection.execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN;",
            )?;
            connection.execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORM}; {};",
                TABLES.join("; ")
            ))?;
        }
        Ok(builder)
    }

    /// Puts in the next commit of the branch.
    ///
    /// # Errors
    /// [`IndexFileError::Order`] where it does not follow its article's revision before, or the file cannot be
    /// written.
    pub fn add(&mut self, new: NewCommit) -> Result<(), IndexFileError> {
        let mut new = match new {
            NewCommit::Revision(new) => new,
            NewCommit::Root(id) => {
                if let Some(connection) = &self.connection {
                    insert_root(connection, self.commits, id)?;
                }
                self.commits += 1;
                self.tip = id;
                return Ok(());
            }
        };
        new.row.position = self.commits;
        let latest = self.latest.get(&new.row.article);
        if !follows(&new, latest.map(|latest| (latest.id, latest.number))) {
            return Err(IndexFileError::Order(new.row.id));
        }
        let key = latest.map_or(to_sql(self.latest.len()), |latest| latest.article.key);
        if let Some(connection) = &self.connection {
            insert_revision(connection, &StoredRevision::of(&new.row, key))?;
        }
        self.commits += 1;
        self.tip = new.row.id;
        let latest = Latest {
            article: StoredArticle::of(&new, key),
            id: new.row.id,
            number: new.row.number,
        };
        self.latest.insert(new.row.article, latest);
        Ok(())
    }

    /// Completes the index, puts it in the old one's place, and opens it.
    ///
    /// # Errors
    /// [`IndexFileError`] where the file cannot be written.
    pub fn finish(mut self, repository: &Path) -> Result<IndexFile, IndexFileError> {
        if let Some(connection) = self.connection.take() {
            let mut articles: Vec<StoredArticle> =
                self.latest.drain().map(|(_, latest)| latest.article).collect();
            articles.sort_unstable_by_key(|article| article.key);
            let mut days: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
            for article in &articles {
                put_article(&connection, article)?;
                let (count, sum) = days.entry(article.day).or_default();
                *count += 1;
                *sum = sum.wrapping_add(article.day_part());
            }
            for (day, (count, sum)) in days {
                let sql = "INSERT INTO day(day, articles, sum) VALUES(?1, ?2, ?3)";
                connection.execute(sql, [day, count, sum])?;
            }
            put_covered(
                &connection,
                &Covered {
                    first: self.first,
                    tip: self.tip,
                    commits: self.commits,
                    articles: articles.len(),
                },
            )?;
            connection.execute_batch(&INDEXES.join("; "))?;
            connection.execute_batch("COMMIT")?;
            // The mode is kept by the connection, not by the file.
            connection.close().map_err(|(_, error)| error)?;
        }
        let io = |what, path: &Path| {
            let path = path.to_owned();
            move |source| IndexFileError::Io { what, path, source }
        };
        File::open(&self.fresh)
            .and_then(|file| file.sync_all())
            .map_err(io("sync", &self.fresh))?;
        for ending in JOURNALS {
            let journal = journal(repository, ending);
            match fs::remove_file(&journal) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io("remove", &journal)(source));
                }
                _ => {}
            }
        }
        fs::rename(&self.fresh, &self.path).map_err(io("replace", &self.path))?;
        IndexFile::open(repository)
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        drop(self.connection.take());
        // Gone already where the index was completed.
        let _ = fs::remove_file(&self.fresh);
    }
}

impl IndexFile {
    /// Puts further commits of the branch into the index, all of them or none.
    ///
    /// # Errors
    /// [`IndexFileError::Order`] where one does not follow its article's revision before; others where the file
    /// cannot be written, or another process did so meanwhile.
    pub fn extend(&mut self, commits: impl IntoIterator<Item = NewCommit>) -> Result<(), IndexFileError> {
        let transaction = self.begin()?;
        if super::covered(&self.connection)? != self.covered {
            return Err(IndexFileError::Damaged("another process wrote it meanwhile"));
        }
        self.connection.execute("DELETE FROM branch", [])?;
        transaction.commit()?;
        // From here to the end there is nothing that the file covers: it is no index.
        let done = self.append(commits);
        put_covered(&self.connection, done.as_ref().unwrap_or(&self.covered))?;
        self.covered = done?;
        Ok(())
    }

    fn begin(&self) -> Result<Transaction<'_>, IndexFileError> {
        Ok(Transaction::new_unchecked(
            &self.connection,
            TransactionBehavior::Immediate,
        )?)
    }

    fn append(&self, commits: impl IntoIterator<Item = NewCommit>) -> Result<Covered, IndexFileError> {
        // Undone where it is not committed.
        let transaction = self.begin()?;
        let mut covered = self.covered;
        for new in commits {
            let mut new = match new {
                NewCommit::Revision(new) => new,
                NewCommit::Root(id) => {
                    insert_root(&self.connection, covered.commits, id)?;
                    covered.commits += 1;
                    covered.tip = id;
                    continue;
                }
            };
            new.row.position = covered.commits;
            let article = self.article(&new.row.article)?;
            let before = match &article {
                Some(_) => self.newest(&new.row.article)?.map(|row| (row.id, row.number)),
                None => None,
            };
            if !follows(&new, before) {
                return Err(IndexFileError::Order(new.row.id));
            }
            let key = article
                .as_ref()
                .map_or(to_sql(covered.articles), |known| known.key);
            let stored = StoredArticle::of(&new, key);
            insert_revision(&self.connection, &StoredRevision::of(&new.row, key))?;
            match article {
                Some(known) => {
                    let (day, newest) = (day_number(known.row.day), to_sql(known.row.position));
                    let part = day_part([known.key, newest, day, stored.width()]);
                    self.count_day(day, -1, part.wrapping_neg())?;
                }
                None => covered.articles += 1,
            }
            self.count_day(stored.day, 1, stored.day_part())?;
            put_article(&self.connection, &stored)?;
            covered.commits += 1;
            covered.tip = new.row.id;
        }
        transaction.commit()?;
        Ok(covered)
    }

    fn count_day(&self, day: i64, articles: i64, sum: i64) -> Result<(), IndexFileError> {
        let sql = "INSERT INTO day(day, articles, sum) VALUES(?1, ?2, ?3) \
                   ON CONFLICT(day) DO UPDATE SET articles = articles + ?2, sum = sum + ?3";
        self.connection
            .prepare_cached(sql)?
            .execute([day, articles, sum])?;
        Ok(())
    }
}

/// Tells whether a revision follows the one before it of its article, by id and number.
fn follows(new: &NewRevision, before: Option<(CommitId, u32)>) -> bool {
    match before {
        Some((id, number)) => new.previous == Some(id) && number.checked_add(1) == Some(new.row.number),
        None => new.previous.is_none() && new.row.number == 1,
    }
}

fn insert_revision(connection: &Connection, revision: &StoredRevision) -> Result<(), IndexFileError> {
    let [date, date_offset, archived, archived_offset] = revision.dates;
    connection.prepare_cached(INSERT_REVISION)?.execute(params![
        revision.position,
        revision.id,
        revision.article,
        revision.number,
        revision.kind,
        date,
        date_offset,
        archived,
        archived_offset,
        revision.languages,
        revision.note,
        revision.page,
        revision.claim,
        revision.sum(),
    ])?;
    Ok(())
}

fn insert_root(connection: &Connection, position: usize, id: CommitId) -> Result<(), IndexFileError> {
    let position = to_sql(position);
    let sql = "INSERT INTO root(position, id, sum) VALUES(?1, ?2, ?3)";
    let sum = root_sum(position, id.raw());
    connection
        .prepare_cached(sql)?
        .execute(params![position, id.raw(), sum])?;
    Ok(())
}

fn put_article(connection: &Connection, article: &StoredArticle) -> Result<(), IndexFileError> {
    connection.prepare_cached(PUT_ARTICLE)?.execute(params![
        article.key,
        article.name,
        article.newest,
        article.day,
        article.width(),
        article.languages,
        article.authors,
        article.tags,
        article.sum(),
    ])?;
    Ok(())
}

fn put_covered(connection: &Connection, covered: &Covered) -> Result<(), IndexFileError> {
    let [commits, articles] = [covered.commits, covered.articles].map(to_sql);
    let sum = branch_sum(covered.first.raw(), covered.tip.raw(), commits, articles);
    connection.execute(
        "INSERT INTO branch(first, tip, commits, articles, sum) VALUES(?1, ?2, ?3, ?4, ?5)",
        params![covered.first.raw(), covered.tip.raw(), commits, articles, sum],
    )?;
    Ok(())
}
