//! What the disposable SQLite files beside the repository have in common: how one is opened without being trusted, and
//! how a new one takes the old one's place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::index_file::IndexFileError;

/// How long another process's lock of the file is waited for.
const BUSY: Duration = Duration::from_secs(2);

/// What SQLite would read beside the file.
const JOURNALS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// What marks a file as this program's: its name beside the repository, and SQLite's `application_id` and
/// `user_version`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub name: &'static str,
    pub application: i64,
    pub form: i64,
}

impl Mark {
    /// Opens a repository's file; its tables are still to be checked.
    pub fn open(self, repository: &Path) -> Result<Connection, IndexFileError> {
        let path = place(repository, self.name);
        let io = |source| IndexFileError::Io {
            what: "open",
            path: path.clone(),
            source,
        };
        if !fs::symlink_metadata(&path).map_err(io)?.is_file() {
            return Err(IndexFileError::Damaged("it is no regular file"));
        }
        if self
            .journals(repository)
            .iter()
            .any(|path| fs::symlink_metadata(path).is_ok())
        {
            return Err(IndexFileError::Damaged("it has a journal"));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        set_up(&connection)?;
        Ok(connection)
    }

    /// Checks that a file is marked so, and that its tables are this program's, as `has_tables` finds them.
    pub fn check(
        self,
        connection: &Connection,
        has_tables: impl FnOnce() -> Result<bool, IndexFileError>,
    ) -> Result<(), IndexFileError> {
        let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
        if number("PRAGMA application_id")? != self.application || number("PRAGMA user_version")? != self.form
        {
            return Err(IndexFileError::Damaged("it is of another program or version"));
        }
        if !has_tables()? {
            return Err(IndexFileError::Damaged("its tables are others"));
        }
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        if mode == "wal" {
            return Err(IndexFileError::Damaged("it has another journal"));
        }
        connection.execute_batch("PRAGMA journal_mode = MEMORY")?;
        Ok(())
    }

    /// Begins a new file with its tables.
    pub fn begin(self, repository: &Path, tables: &str) -> Result<NewFile, IndexFileError> {
        let fresh = self.fresh(repository);
        remove(&fresh, "replace")?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let new = NewFile {
            connection: Connection::open_with_flags(&fresh, flags)?,
            fresh: Fresh(fresh),
            path: place(repository, self.name),
            journals: self.journals(repository),
        };
        set_up(&new.connection)?;
        // Nobody else sees the file, and a part of it is worth nothing.
        let Self {
            application, form, ..
        } = self;
        new.connection.execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN; \
             PRAGMA application_id = {application}; PRAGMA user_version = {form}; {tables};"
        ))?;
        Ok(new)
    }

    /// Deletes a repository's file, and a new one that did not take its place.
    pub fn delete(self, repository: &Path) -> Result<(), IndexFileError> {
        let mut files = self.journals(repository).into_iter();
        files.try_for_each(|journal| remove(&journal, "delete"))?;
        remove(&self.fresh(repository), "delete")?;
        remove(&place(repository, self.name), "delete")
    }

    fn fresh(self, repository: &Path) -> PathBuf {
        place(repository, &format!("{}.new", self.name))
    }

    fn journals(self, repository: &Path) -> [PathBuf; 3] {
        JOURNALS.map(|ending| place(repository, &format!("{}{ending}", self.name)))
    }
}

/// A new file, which takes the old one's place when it is whole, and is gone where it is not.
#[derive(Debug)]
pub(super) struct NewFile {
    /// The file, open; it is closed before it is removed.
    pub connection: Connection,
    fresh: Fresh,
    path: PathBuf,
    journals: [PathBuf; 3],
}

impl NewFile {
    /// Puts the file in the old one's place.
    pub fn finish(self) -> Result<(), IndexFileError> {
        self.connection.execute_batch("COMMIT")?;
        // The mode is kept by the connection, not by the file.
        self.connection.close().map_err(|(_, error)| error)?;
        let io = |what, path: &Path| {
            let path = path.to_owned();
            move |source| IndexFileError::Io { what, path, source }
        };
        let Fresh(fresh) = &self.fresh;
        File::open(fresh)
            .and_then(|file| file.sync_all())
            .map_err(io("sync", fresh))?;
        for journal in &self.journals {
            remove(journal, "remove")?;
        }
        fs::rename(fresh, &self.path).map_err(io("replace", &self.path))
    }
}

/// A file that is removed, unless it was moved to its place.
#[derive(Debug)]
struct Fresh(PathBuf);

impl Drop for Fresh {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Takes nothing from the file that could run or redirect something, and nothing from the disk for granted.
pub(super) fn set_up(connection: &Connection) -> Result<(), IndexFileError> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A statement is not planned again for each value that it is given.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(
        "PRAGMA cell_size_check = ON; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; \
         PRAGMA cache_size = -32768;",
    )?;
    Ok(())
}

/// Removes a file where it is there; `what` is what that was to do.
fn remove(path: &Path, what: &'static str) -> Result<(), IndexFileError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(IndexFileError::Io {
            what,
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Returns the path of a file beside the repository. A path that begins with `file:` would be an address to SQLite.
fn place(repository: &Path, name: &str) -> PathBuf {
    Path::new(".").join(repository).join(name)
}
