//! Writing the index: a new file beside the old one, or further commits at its end.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use rustix::fs::{FlockOperation, Mode, OFlags};

use super::rows::{
    NewCommit, NewRevision, StoredArticle, StoredRevision, branch_sum, day_number, day_part, root_sum, to_sql,
};
use super::{Covered, INDEXES, IndexFile, IndexFileError, MARK, TABLES};
use crate::id::{ArticleId, CommitId};
use crate::storage::disposable::NewFile;

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
    file: NewFile,
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
        Ok(Self {
            file: MARK.begin(repository, &TABLES.join("; "))?,
            first,
            tip: first,
            commits: 1,
            latest: HashMap::new(),
        })
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
                insert_root(&self.file.connection, self.commits, id)?;
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
        insert_revision(&self.file.connection, &StoredRevision::of(&new.row, key))?;
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
        let connection = &self.file.connection;
        let mut articles: Vec<StoredArticle> =
            self.latest.drain().map(|(_, latest)| latest.article).collect();
        articles.sort_unstable_by_key(|article| article.key);
        let mut days: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for article in &articles {
            put_article(connection, article)?;
            let (count, sum) = days.entry(article.day).or_default();
            *count += 1;
            *sum = sum.wrapping_add(article.day_part());
        }
        for (day, (count, sum)) in days {
            let sql = "INSERT INTO day(day, articles, sum) VALUES(?1, ?2, ?3)";
            connection.execute(sql, [day, count, sum])?;
        }
        put_covered(
            connection,
            &Covered {
                first: self.first,
                tip: self.tip,
                commits: self.commits,
                articles: articles.len(),
            },
        )?;
        connection.execute_batch(&INDEXES.join("; "))?;
        self.file.finish()?;
        IndexFile::open(repository)
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
