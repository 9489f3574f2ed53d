//! The one user of libgit2: makes repositories, stores objects, moves the branch. Everything that is read
//! for an answer is read by the neighbours of this file instead.
//!
//! What a writer acknowledges is on disk: objects are written and synced in a folder of their own
//! (`avalaches.incoming`), read back and hashed again, moved into the store, the folders synced, and only then
//! the branch is moved by compare-and-swap. A kill at any instant leaves the old tip or the new one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{ErrorCode, ObjectType, Oid};
use rustix::fs::FlockOperation;

use crate::id::{CommitId, ObjectId};
use crate::object::{self, HashError, ObjectKind};
use crate::platform::Durability;
use crate::storage::loose;
use crate::storage::refs::{self, BRANCH, RefError};

/// The folder in which a writer keeps objects until they are complete.
pub const INCOMING: &str = "avalaches.incoming";

/// The file whose lock a writer holds; the kernel frees it when the writer ends, however it ends.
pub const LOCK: &str = "avalaches.lock";

/// In [`INCOMING`]: the id that the branch was about to be moved to.
const MOVING: &str = "moving";

/// How long another git program's lock of the branch is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A lock of the branch that is older than this was left by a program that is gone.
const ABANDONED: Duration = Duration::from_secs(60);

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operating system refused.
    #[error("could not {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// libgit2 refused.
    #[error("could not {what}")]
    Git {
        /// What was tried.
        what: &'static str,
        /// Its reason.
        source: git2::Error,
    },
    /// The object's bytes are one half of a collision.
    #[error("could not store a {kind}")]
    Hash {
        /// What it was.
        kind: ObjectKind,
        /// Why.
        source: HashError,
    },
    /// What was written did not come back from the disk.
    #[error("object {0} was written and did not read back; the disk is not to be trusted")]
    NotReadBack(ObjectId),
    /// The branch cannot be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// Another program moved the branch meanwhile.
    #[error("another program moved {BRANCH} meanwhile; nothing was added, run the command again")]
    Moved,
    /// Another program holds the branch's lock.
    #[error("{} is held by another git program; if none is running, delete it", .0.display())]
    Locked(PathBuf),
    /// The branch was moved, but the disk did not confirm it.
    #[error(
        "commit {id} is on {BRANCH}, but the disk did not confirm it; run verify {id} before you rely on it"
    )]
    Unconfirmed {
        /// The new tip.
        id: CommitId,
        /// What failed.
        source: Box<WriteError>,
    },
}

/// Makes a bare repository with an empty branch `main` in a folder that does not exist yet.
///
/// # Errors
/// [`WriteError`] where it cannot be made.
pub fn create(path: &Path) -> Result<(), WriteError> {
    let mut options = git2::RepositoryInitOptions::new();
    options
        .bare(true)
        .no_reinit(true)
        .external_template(false)
        .initial_head("main");
    git2::Repository::init_opts(path, &options)
        .map(drop)
        .map_err(git("make a repository"))
}

/// The right to write into a repository, held by one process at a time.
#[derive(Debug)]
pub struct Writer {
    repository: PathBuf,
    durability: Durability,
    tip: Option<CommitId>,
    staged: Vec<ObjectId>,
    _lock: File,
}

impl Writer {
    /// Waits for the lock, and clears what a writer that was killed left behind.
    ///
    /// # Errors
    /// [`WriteError`] where the folder cannot be written to or the branch cannot be read.
    pub fn begin(repository: &Path, durability: Durability) -> Result<Self, WriteError> {
        let path = repository.join(LOCK);
        let opened = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let lock = opened.map_err(io_error("open", &path))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)
            .map_err(|e| io_error("lock", &path)(e.into()))?;
        clear_interrupted(repository)?;
        let tip = refs::tip(repository)?;
        Ok(Self {
            repository: repository.to_owned(),
            durability,
            tip,
            staged: Vec::new(),
            _lock: lock,
        })
    }

    /// Returns the tip of the branch as it was when the lock was taken.
    #[must_use]
    pub fn tip(&self) -> Option<CommitId> {
        self.tip
    }

    /// Opens the staging area for a batch of objects.
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be made.
    pub fn stage(&mut self) -> Result<Staging<'_>, WriteError> {
        let incoming = self.repository.join(INCOMING);
        for folder in ["", "objects", "refs"] {
            let path = incoming.join(folder);
            fs::create_dir(&path).map_err(io_error("make", &path))?;
        }
        let head = incoming.join("HEAD");
        fs::write(&head, format!("ref: {BRANCH}\n")).map_err(io_error("write", &head))?;
        let opened = git2::Repository::open_ext(
            &incoming,
            git2::RepositoryOpenFlags::NO_SEARCH | git2::RepositoryOpenFlags::BARE,
            [] as [&Path; 0],
        );
        Ok(Staging {
            repository: opened.map_err(git("open the staging area"))?,
            writer: self,
        })
    }

    /// Moves every staged object into the store and then the branch to its new tip. The writer's tip is the new
    /// one afterwards.
    ///
    /// # Errors
    /// [`WriteError`]; but for [`WriteError::Unconfirmed`] the branch is where it was.
    pub fn publish(&mut self, tip: CommitId, reason: &str) -> Result<(), WriteError> {
        self.move_into_store()?;
        let marker = self.repository.join(INCOMING).join(MOVING);
        fs::write(&marker, tip.to_string()).map_err(io_error("write", &marker))?;
        self.move_branch(tip, reason)?;
        self.tip = Some(tip);
        let heads = self.repository.join("refs/heads");
        let confirmed = self
            .sync_folder(&heads)
            .and_then(|()| clear_interrupted(&self.repository));
        confirmed.map_err(|source| WriteError::Unconfirmed {
            id: tip,
            source: Box::new(source),
        })
    }

    fn move_into_store(&mut self) -> Result<(), WriteError> {
        let objects = self.repository.join("objects");
        let mut touched = vec![objects.clone()];
        for id in std::mem::take(&mut self.staged) {
            let name = loose_name(id);
            let from = self.repository.join(INCOMING).join("objects").join(&name);
            let to = objects.join(&name);
            let folder = objects.join(&name[..2]);
            match fs::create_dir(&folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(io_error("make", &folder)(error));
                }
                _ => {}
            }
            fs::rename(&from, &to).map_err(io_error("write", &to))?;
            if !touched.contains(&folder) {
                touched.push(folder);
            }
        }
        touched
            .iter()
            .rev()
            .try_for_each(|folder| self.sync_folder(folder))
    }

    fn move_branch(&self, tip: CommitId, reason: &str) -> Result<(), WriteError> {
        let flags = git2::RepositoryOpenFlags::NO_SEARCH | git2::RepositoryOpenFlags::BARE;
        let repository = git2::Repository::open_ext(&self.repository, flags, [] as [&Path; 0]);
        let repository = repository.map_err(git("open the repository"))?;
        let new = oid(tip.into());
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let moved = match self.tip {
                Some(old) => repository.reference_matching(BRANCH, new, true, oid(old.into()), reason),
                None => repository.reference(BRANCH, new, false, reason),
            };
            let Err(error) = moved else { break };
            match error.code() {
                ErrorCode::Modified | ErrorCode::Exists => return Err(WriteError::Moved),
                ErrorCode::Locked if std::time::Instant::now() < deadline => {
                    clear_abandoned_lock(&self.repository, None)?;
                    std::thread::sleep(Duration::from_millis(20));
                }
                ErrorCode::Locked => return Err(WriteError::Locked(branch_lock(&self.repository))),
                _ => return Err(git("move the branch")(error)),
            }
        }
        if refs::tip(&self.repository)? == Some(tip) {
            Ok(())
        } else {
            Err(WriteError::Moved)
        }
    }

    fn sync_folder(&self, folder: &Path) -> Result<(), WriteError> {
        match self.durability {
            Durability::Synced => sync_folder(folder),
            Durability::Unsynced => Ok(()),
        }
    }
}

impl Drop for Writer {
    /// Clears what was staged and not published; the next writer would, too.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.repository.join(INCOMING));
    }
}

/// Objects on their way into the store: complete and read back, but not yet visible.
pub struct Staging<'a> {
    repository: git2::Repository,
    writer: &'a mut Writer,
}

impl Staging<'_> {
    /// Stores an object and reads it back from the disk.
    ///
    /// # Errors
    /// [`WriteError`] where it could not be written, or came back as something else.
    pub fn write(&mut self, kind: ObjectKind, body: &[u8]) -> Result<ObjectId, WriteError> {
        let id = object::hash(kind, body).map_err(|source| WriteError::Hash { kind, source })?;
        if self.writer.staged.contains(&id) {
            return Ok(id);
        }
        let of_git = match kind {
            ObjectKind::Commit => ObjectType::Commit,
            ObjectKind::Tree => ObjectType::Tree,
            ObjectKind::Blob => ObjectType::Blob,
            ObjectKind::Tag => ObjectType::Tag,
        };
        let store = self.repository.odb().map_err(git("open the staging area"))?;
        let written = store.write(of_git, body).map_err(git("write an object"))?;
        let path = self
            .writer
            .repository
            .join(INCOMING)
            .join("objects")
            .join(loose_name(id));
        let back = fs::read(&path).ok().and_then(|bytes| loose::parse(&bytes).ok());
        let same = back.is_some_and(|back| back.kind == kind && back.body == body);
        if !same || written.as_bytes() != id.raw() {
            return Err(WriteError::NotReadBack(id));
        }
        self.writer.staged.push(id);
        Ok(id)
    }
}

/// Syncs a folder, so that the names in it are on the disk.
///
/// # Errors
/// [`WriteError::Io`].
pub fn sync_folder(folder: &Path) -> Result<(), WriteError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io_error("sync", folder))
}

/// Clears the staging area of a writer that is gone, and the branch's lock if that writer left it.
fn clear_interrupted(repository: &Path) -> Result<(), WriteError> {
    let incoming = repository.join(INCOMING);
    let moving = fs::read_to_string(incoming.join(MOVING)).ok();
    clear_abandoned_lock(repository, moving.as_deref())?;
    match fs::remove_dir_all(&incoming) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("clear", &incoming)(error)),
        _ => Ok(()),
    }
}

/// Removes the branch's lock where it can only be a dead program's: it is a minute old, or a writer of ours was
/// killed while moving the branch and the lock holds the beginning of the id it was moving to.
fn clear_abandoned_lock(repository: &Path, moving: Option<&str>) -> Result<(), WriteError> {
    let lock = branch_lock(repository);
    let Ok(metadata) = fs::symlink_metadata(&lock) else {
        return Ok(());
    };
    let age = metadata
        .modified()
        .ok()
        .and_then(|time| time.elapsed().ok())
        .unwrap_or_default();
    let held = fs::read_to_string(&lock).unwrap_or_default();
    let ours = moving.is_some_and(|id| format!("{id}\n").starts_with(&held));
    if age > ABANDONED || ours {
        fs::remove_file(&lock).map_err(io_error("delete", &lock))?;
    }
    Ok(())
}

fn branch_lock(repository: &Path) -> PathBuf {
    repository.join(format!("{BRANCH}.lock"))
}

fn loose_name(id: ObjectId) -> String {
    let digits = id.to_string();
    format!("{}/{}", &digits[..2], &digits[2..])
}

fn oid(id: ObjectId) -> Oid {
    Oid::from_bytes(id.raw()).expect("an id has twenty bytes")
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::Io { what, path, source }
}

fn git(what: &'static str) -> impl FnOnce(git2::Error) -> WriteError {
    move |source| WriteError::Git { what, source }
}
