//! Makes repositories and moves the branch, with libgit2, which [`platform`] sets up and opens, and which no other file
//! uses. Objects are written here, because libgit2 can only put an object where readers see it at once, synced one by one
//! or not at all. Everything that is read for an answer is read by the neighbours of this file.
//!
//! What a writer acknowledges is on disk: objects are written and synced in a folder of their own
//! (`avalaches.incoming`), read back and hashed again, moved into the store, the folders synced, and only then
//! the branch is moved by compare-and-swap. A kill at any instant leaves the old tip or the new one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{ErrorCode, Oid};
use sha2::{Digest as _, Sha256};

use crate::id::{CommitId, ObjectId, hex};
use crate::object::{self, HashError, ObjectKind};
use crate::platform::{self, Durability};
use crate::storage::loose;
use crate::storage::pack_writer::{PackWriter, WrittenPack};
use crate::storage::plumbing::{self, PlumbingFinding};
use crate::storage::refs::{self, BRANCH, RefError};

mod disk;
mod keep;
mod leftovers;
mod place;
mod settle;

use self::disk::rename;
pub(crate) use self::disk::{clear_folder, delete, io_error, lock, try_lock};
pub(super) use self::disk::{make_folder, some_at_once};
pub use self::disk::{on_waiting, sync_path};
pub(super) use self::leftovers::MOVED_INDEX;
use self::leftovers::{clear_abandoned_lock, clear_interrupted};
pub use self::place::{Making, clear_place, finish, is_free, is_repository, repository_around};

/// The folder in which a writer keeps objects until they are complete.
pub const INCOMING: &str = "avalaches.incoming";

/// The file whose lock a writer holds; the kernel frees it when the writer ends, however it ends.
pub const LOCK: &str = "avalaches.lock";

/// In [`INCOMING`]: the id that the branch was about to be moved to.
const MOVING: &str = "moving";

/// In [`INCOMING`]: the other refs that were about to be moved, each as a line of an id and a name.
const MOVING_REFS: &str = "moving-refs";

/// How long another git program's lock of the branch is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

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
    /// A file of a pack does not hold what was written.
    #[error("{} was written and did not read back; the disk is not to be trusted", .0.display())]
    FileNotReadBack(PathBuf),
    /// Another program deleted what was written, before or after a ref led to it.
    #[error("another program deleted {} while it was needed; verify the archive, and run the command again", .0.display())]
    Deleted(PathBuf),
    /// A pack has as many objects as a pack can have.
    #[error("a pack cannot have more objects")]
    PackFull,
    /// The repository's own files are not to be trusted: what is written or deleted there may be somebody else's.
    #[error("the archive is not to be written to: {0}; verify it to see all that is wrong")]
    Plumbing(PlumbingFinding),
    /// The branch cannot be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// Another program moved the branch meanwhile.
    #[error("another program moved {BRANCH} meanwhile; nothing was added, run the command again")]
    Moved,
    /// Another program moved a ref meanwhile.
    #[error("another program moved {0} meanwhile; run the command again")]
    RefMoved(String),
    /// Another program holds the branch's lock.
    #[error("{} is held by another git program; if none is running, delete it", .0.display())]
    Locked(PathBuf),
    /// The branch was moved, or may have been, but the disk did not confirm it.
    #[error(
        "commit {id} is on {BRANCH}, or was about to be, but the disk did not confirm it; run verify {id} before you rely on it"
    )]
    Unconfirmed {
        /// The new tip.
        id: CommitId,
        /// What failed.
        source: Box<WriteError>,
    },
}

/// Makes a bare repository with an empty branch `main` in a folder that is empty or does not exist yet.
///
/// # Errors
/// [`WriteError`] where it cannot be made.
pub fn create(path: &Path) -> Result<(), WriteError> {
    platform::make_repository(path, "main").map_err(git("make a repository"))?;
    ["HEAD", "config", "objects", "refs", ""]
        .iter()
        .try_for_each(|name| sync_path(&path.join(name)))
}

/// A ref that is made, moved or taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefMove {
    /// Its full name.
    pub name: String,
    /// What it is now; `None` where there is none.
    pub before: Option<ObjectId>,
    /// What it will be; `None` where it goes away.
    pub after: Option<ObjectId>,
}

/// The right to write into a repository, held by one process at a time.
#[derive(Debug)]
pub struct Writer {
    repository: PathBuf,
    durability: Durability,
    tip: Option<CommitId>,
    staged: BTreeSet<ObjectId>,
    /// The files of packs that were moved into the store for a ref that is to be moved to them.
    moved: Vec<PathBuf>,
    /// The refs that are to lead to what git brought.
    bringing: Option<String>,
    _lock: File,
}

impl Writer {
    /// Waits for the lock, and clears what a writer that was killed left behind, in a repository in which nothing may deceive.
    ///
    /// # Errors
    /// [`WriteError`] where the folder cannot be written to or the branch cannot be read; [`WriteError::Plumbing`], and nothing was
    /// cleared.
    pub fn begin(repository: &Path, durability: Durability) -> Result<Self, WriteError> {
        let lock = lock(&repository.join(LOCK))?;
        if let Some(finding) = plumbing::check(repository).into_iter().next() {
            return Err(WriteError::Plumbing(finding));
        }
        clear_interrupted(repository)?;
        let tip = refs::tip(repository)?;
        Ok(Self {
            repository: repository.to_owned(),
            durability,
            tip,
            staged: BTreeSet::new(),
            moved: Vec::new(),
            bringing: None,
            _lock: lock,
        })
    }

    /// Returns the tip of the branch as it was when the lock was taken.
    #[must_use]
    pub fn tip(&self) -> Option<CommitId> {
        self.tip
    }

    /// Writes an object into the staging area and reads it back from there; nobody sees it yet.
    ///
    /// # Errors
    /// [`WriteError`] where it could not be written, or came back as something else.
    pub fn write(&mut self, kind: ObjectKind, body: &[u8]) -> Result<ObjectId, WriteError> {
        let id = object::hash(kind, body).map_err(|source| WriteError::Hash { kind, source })?;
        if self.staged.contains(&id) {
            return Ok(id);
        }
        let incoming = self.repository.join(INCOMING);
        if self.staged.is_empty() {
            make_folder(&incoming)?;
        }
        let path = incoming.join(id.to_string());
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o444).open(&path);
        let written = file.and_then(|mut file| file.write_all(&loose::encode(kind, body)?));
        written.map_err(io_error("write", &path))?;
        let back = fs::read(&path).ok().and_then(|bytes| loose::parse(&bytes).ok());
        if back.is_none_or(|back| back.kind != kind || back.body != body) {
            return Err(WriteError::NotReadBack(id));
        }
        self.staged.insert(id);
        Ok(id)
    }

    /// Begins a pack in the staging area; nobody sees it until it is published. There is one at a time.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn stage_pack(&self) -> Result<PackWriter, WriteError> {
        let incoming = self.repository.join(INCOMING);
        make_folder(&incoming)?;
        PackWriter::create(&incoming)
    }

    /// Completes a pack, moves it into the store, and then the branch to its new tip, as [`Writer::publish`] does.
    ///
    /// # Errors
    /// [`WriteError`]; but for [`WriteError::Unconfirmed`] the branch is where it was.
    pub fn publish_pack(&mut self, pack: PackWriter, tip: CommitId, reason: &str) -> Result<(), WriteError> {
        let pack = pack.finish(self.durability)?;
        self.put_and_keep(&[(pack.name(), pack.files())], None)?;
        self.publish(tip, reason)
    }

    /// Moves a pack that was completed into the store, of objects that refs lead to or that nobody has to keep; the branch
    /// stays where it is. Returns the pack's name there. Git deletes packs by their names, and may be about to: it is one that no
    /// pack there has, and none of `others`, which were there. It is kept until `Writer::others_are_deleted`.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn put_pack(&self, pack: &WrittenPack, others: &[String]) -> Result<String, WriteError> {
        let folder = self.pack_folder()?;
        let name = free_name(&folder, &pack.name(), others);
        keep::put_folding(&self.repository, &name, self.durability)?;
        self.put_packs(&folder, &[(name.clone(), pack.files())])?;
        Ok(name)
    }

    /// Lets go of a pack that took the place of others.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub(super) fn others_are_deleted(&self) -> Result<(), WriteError> {
        keep::clear_folded(&self.repository)
    }

    /// Moves packs into the store that no ref leads to yet, as [`Writer::put_packs`] does, and keeps git from deleting them. Git
    /// looks once for what keeps a pack, and deletes packs by their names: each gets one that no pack there has.
    fn put_and_keep(
        &mut self,
        packs: &[(String, [PathBuf; 2])],
        refs: Option<&str>,
    ) -> Result<(), WriteError> {
        let folder = self.pack_folder()?;
        let staging = self.repository.join(INCOMING);
        let mut named = Vec::with_capacity(packs.len());
        for (name, files) in packs {
            let name = free_name(&folder, name, &[]);
            let places = ["pack", "idx"].map(|ending| folder.join(format!("{name}.{ending}")));
            self.moved.extend(places);
            keep::put(&self.repository, &staging, &name, refs, self.durability)?;
            named.push((name, files.clone()));
        }
        self.put_packs(&folder, &named)
    }

    fn pack_folder(&self) -> Result<PathBuf, WriteError> {
        let objects = self.repository.join("objects");
        let folder = objects.join("pack");
        if make_folder(&folder)? {
            self.sync(vec![objects])?;
        }
        Ok(folder)
    }

    /// Moves packs into the store, each given by its name and its files, which are on the disk.
    fn put_packs(&self, folder: &Path, packs: &[(String, [PathBuf; 2])]) -> Result<(), WriteError> {
        packs
            .iter()
            .try_for_each(|(name, files)| move_pack(folder, name, files))?;
        self.sync(vec![folder.to_owned()])
    }

    /// Looks whether what was moved into the store is still there, where git may delete what no ref leads to.
    fn look_again(&self, ids: impl IntoIterator<Item = ObjectId>) -> Result<(), WriteError> {
        if let Some(file) = self.moved.iter().find(|file| fs::symlink_metadata(file).is_err()) {
            return Err(WriteError::Deleted(file.clone()));
        }
        settle::are_there(&self.repository.join("objects"), ids)
    }

    /// Deletes a pack, which is named without an ending, and what stands beside it.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub(super) fn delete_pack(&self, name: &str) -> Result<(), WriteError> {
        leftovers::delete_pack(&self.repository, name)
    }

    /// Moves every staged object into the store and then the branch to its new tip. The writer's tip is the new
    /// one afterwards.
    ///
    /// # Errors
    /// [`WriteError`]; but for [`WriteError::Unconfirmed`] the branch is where it was.
    pub fn publish(&mut self, tip: CommitId, reason: &str) -> Result<(), WriteError> {
        let mut ids = std::mem::take(&mut self.staged);
        settle::into_store(&self.repository, &ids, self.durability)?;
        ids.insert(tip.into());
        self.look_again(ids.iter().copied())?;
        let incoming = self.repository.join(INCOMING);
        make_folder(&incoming)?;
        let marker = incoming.join(MOVING);
        fs::write(&marker, tip.to_string()).map_err(io_error("write", &marker))?;
        if let Err(error) = self.move_branch(tip, reason) {
            // The branch's folder is synced after the move: what fails then does not undo it. Where the branch cannot be read
            // any more, nobody knows.
            let may_be_moved = refs::tip(&self.repository).map_or(true, |now| now == Some(tip));
            return Err(if may_be_moved {
                WriteError::Unconfirmed {
                    id: tip,
                    source: Box::new(error),
                }
            } else {
                error
            });
        }
        self.tip = Some(tip);
        self.look_again(ids).map_err(|error| WriteError::Unconfirmed {
            id: tip,
            source: Box::new(error),
        })?;
        self.refs_were_moved();
        Ok(())
    }

    /// Moves packs that git brought and that were checked, with their indexes, from another folder of packs into the store.
    /// `refs` names the refs that are then moved to what they have, and to what was brought for the same refs by a writer that
    /// ended before it moved them.
    ///
    /// # Errors
    /// [`WriteError`]; packs that were moved before the fault stay, and nothing refers to them.
    pub fn take_packs(&mut self, from: &Path, stems: &[String], refs: &str) -> Result<(), WriteError> {
        self.bringing = Some(refs.to_owned());
        if stems.is_empty() {
            return Ok(());
        }
        let files = |stem: &String| ["pack", "idx"].map(|ending| from.join(format!("{stem}.{ending}")));
        self.sync(stems.iter().flat_map(files).collect())?;
        let packs: Vec<_> = stems.iter().map(|stem| (stem.clone(), files(stem))).collect();
        self.put_and_keep(&packs, Some(refs))
    }

    /// Lets go of what was brought for the refs that were moved. What cannot be deleted stays until something is brought for them
    /// again.
    fn refs_were_moved(&self) {
        if let Some(refs) = &self.bringing {
            let _ = keep::clear_led_to(&self.repository, refs);
        }
    }

    /// Moves refs beside the branch, each by compare-and-swap, in the order given: a kill leaves each as it was or as
    /// it will be.
    ///
    /// # Errors
    /// [`WriteError`]; those before the one at fault were moved.
    pub fn move_refs(&self, moves: &[RefMove], reason: &str) -> Result<(), WriteError> {
        let incoming = self.repository.join(INCOMING);
        make_folder(&incoming)?;
        let mut lines = String::new();
        for RefMove { name, before, after } in moves {
            if let Some(id) = after.or(*before) {
                lines.push_str(&format!("{id} {name}\n"));
            }
        }
        let marker = incoming.join(MOVING_REFS);
        fs::write(&marker, lines).map_err(io_error("write", &marker))?;
        let repository = platform::open_repository(&self.repository, self.durability)
            .map_err(git("open the repository"))?;
        for RefMove { name, before, after } in moves {
            let done = self.patiently(name, || match (*before, *after) {
                (Some(old), Some(new)) => repository
                    .reference_matching(name, oid(new), true, oid(old), reason)
                    .map(drop),
                (None, Some(new)) => repository.reference(name, oid(new), false, reason).map(drop),
                (Some(old), None) => {
                    let mut found = repository.find_reference(name)?;
                    if found.target() != Some(oid(old)) {
                        let (class, text) = (git2::ErrorClass::Reference, "it is another one");
                        return Err(git2::Error::new(ErrorCode::Modified, class, text));
                    }
                    found.delete()
                }
                (None, None) => Ok(()),
            });
            match done? {
                Ok(()) => {}
                Err(error) if matches!(error.code(), ErrorCode::Modified | ErrorCode::Exists) => {
                    return Err(WriteError::RefMoved(name.clone()));
                }
                Err(error) => return Err(git("move a ref")(error)),
            }
        }
        self.look_again(moves.iter().filter_map(|moved| moved.after))?;
        self.refs_were_moved();
        Ok(())
    }

    /// Syncs files or folders, some at a time: the file system then writes its journal once for all of them.
    fn sync(&self, paths: Vec<PathBuf>) -> Result<(), WriteError> {
        if self.durability == Durability::Unsynced {
            return Ok(());
        }
        some_at_once(paths, |path| sync_path(&path))
    }

    /// Tries to move a ref until no other program holds its lock.
    fn patiently<T>(
        &self,
        name: &str,
        mut attempt: impl FnMut() -> Result<T, git2::Error>,
    ) -> Result<Result<T, git2::Error>, WriteError> {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            match attempt() {
                Err(error) if error.code() == ErrorCode::Locked => {
                    if std::time::Instant::now() > deadline {
                        return Err(WriteError::Locked(ref_lock(&self.repository, name)));
                    }
                    clear_abandoned_lock(&self.repository, name, None)?;
                    std::thread::sleep(Duration::from_millis(20));
                }
                done => return Ok(done),
            }
        }
    }

    fn move_branch(&self, tip: CommitId, reason: &str) -> Result<(), WriteError> {
        let repository = platform::open_repository(&self.repository, self.durability)
            .map_err(git("open the repository"))?;
        let new = oid(tip.into());
        let moved = self.patiently(BRANCH, || match self.tip {
            Some(old) => repository.reference_matching(BRANCH, new, true, oid(old.into()), reason),
            None => repository.reference(BRANCH, new, false, reason),
        });
        match moved? {
            Ok(_) => {}
            Err(error) if matches!(error.code(), ErrorCode::Modified | ErrorCode::Exists) => {
                return Err(WriteError::Moved);
            }
            Err(error) => return Err(git("move the branch")(error)),
        }
        if refs::tip(&self.repository)? == Some(tip) {
            Ok(())
        } else {
            Err(WriteError::Moved)
        }
    }
}

impl Drop for Writer {
    /// Clears what was staged and not published, and what kept packs of our own until a ref led to them; the next writer would, too.
    fn drop(&mut self) {
        if !self.moved.is_empty() {
            let _ = keep::clear(&self.repository);
        }
        let _ = fs::remove_dir_all(self.repository.join(INCOMING));
    }
}

/// Returns the name of a pack, or where one of that name is there already or among others, another one that tells of no
/// content.
fn free_name(folder: &Path, name: &str, others: &[String]) -> String {
    let is_taken = |name: &String| {
        let beside = ["pack", "idx", "keep"].map(|ending| folder.join(format!("{name}.{ending}")));
        others.contains(name) || beside.iter().any(|path| fs::symlink_metadata(path).is_ok())
    };
    let mut free = name.to_owned();
    let mut number = 0_u64;
    while is_taken(&free) {
        number += 1;
        let digest = hex(&Sha256::digest(format!("{name} {number}")));
        free = format!("pack-{}", &digest[..40]);
    }
    free
}

/// Moves a pack and its index into a store's folder of packs, so that a kill in between leaves the mark that the next
/// writer knows it by. The index comes last: with it the pack is seen.
fn move_pack(folder: &Path, name: &str, [pack, index]: &[PathBuf; 2]) -> Result<(), WriteError> {
    let marker = folder.join(format!("{MOVED_INDEX}{name}"));
    rename(index, &marker)?;
    rename(pack, &folder.join(format!("{name}.pack")))?;
    rename(&marker, &folder.join(format!("{name}.idx")))
}

fn ref_lock(repository: &Path, name: &str) -> PathBuf {
    repository.join(format!("{name}.lock"))
}

fn oid(id: ObjectId) -> Oid {
    Oid::from_bytes(id.raw()).expect("an id has twenty bytes")
}

fn git(what: &'static str) -> impl FnOnce(git2::Error) -> WriteError {
    move |source| WriteError::Git { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_that_was_brought_is_kept_until_its_refs_are_moved() {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repository");
        create(&repository).unwrap();
        let id = object::hash(ObjectKind::Blob, b"brought").unwrap();
        let from = folder.path().join("from");
        fs::create_dir(&from).unwrap();
        let mut pack = crate::packs::PackWriter::new();
        pack.whole(*id.raw(), 3, b"brought");
        let (pack, index) = pack.finish();
        fs::write(from.join("pack-1.pack"), pack).unwrap();
        fs::write(from.join("pack-1.idx"), index).unwrap();
        let writer = || Writer::begin(&repository, Durability::Unsynced).unwrap();
        let left = || {
            ["pack", "idx", "keep"].map(|ending| {
                let file = repository.join(format!("objects/pack/pack-1.{ending}"));
                file.exists()
            })
        };
        let moves = |name: &str| RefMove {
            name: name.to_owned(),
            before: None,
            after: Some(id),
        };
        let refs = "refs/mirrors/a/";
        let mut failed = writer();
        failed.take_packs(&from, &["pack-1".to_owned()], refs).unwrap();
        drop(failed);
        assert_eq!(left(), [true; 3], "git may have deleted other copies");
        writer().move_refs(&[moves("refs/mirrors/b/x")], "test").unwrap();
        let mut other = writer();
        other.take_packs(&from, &[], "refs/mirrors/b/").unwrap();
        other.move_refs(&[moves("refs/mirrors/b/y")], "test").unwrap();
        drop(other);
        assert_eq!(left(), [true; 3], "other refs");
        let mut again = writer();
        again.take_packs(&from, &[], refs).unwrap();
        again.move_refs(&[moves("refs/mirrors/a/x")], "test").unwrap();
        assert_eq!(left(), [true, true, false]);
    }

    #[test]
    fn a_writer_does_not_begin_where_what_it_deletes_may_be_somebody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repository");
        create(&repository).unwrap();
        fs::create_dir(folder.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../../elsewhere", repository.join("refs/x")).unwrap();
        let refused = Writer::begin(&repository, Durability::Unsynced);
        assert!(matches!(refused, Err(WriteError::Plumbing(_))), "{refused:?}");
    }

    #[test]
    fn a_ref_goes_away_only_from_where_it_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repository");
        create(&repository).unwrap();
        let [one, other] = [b"one".as_slice(), b"other"].map(|text| {
            let id = object::hash(ObjectKind::Blob, text).unwrap();
            let digits = id.to_string();
            let part = repository.join("objects").join(&digits[..2]);
            fs::create_dir_all(&part).unwrap();
            let bytes = loose::encode(ObjectKind::Blob, text).unwrap();
            fs::write(part.join(&digits[2..]), bytes).unwrap();
            id
        });
        let writer = Writer::begin(&repository, Durability::Unsynced).unwrap();
        let name = "refs/mirrors/a";
        let moved = |before, after| {
            let moves = RefMove {
                name: name.to_owned(),
                before,
                after,
            };
            writer.move_refs(&[moves], "test")
        };
        let now = || refs::find(&repository, name).unwrap();
        moved(None, None).unwrap();
        assert_eq!(now(), None);
        moved(None, Some(one)).unwrap();
        for (before, after) in [(Some(other), None), (Some(other), Some(one)), (None, Some(other))] {
            let refused = moved(before, after);
            assert!(matches!(refused, Err(WriteError::RefMoved(_))), "{refused:?}");
            assert_eq!(now(), Some(one));
        }
        moved(Some(one), None).unwrap();
        assert_eq!(now(), None);
    }
}
