//! An archive that is open for reading: one repository, seen as its branch was when it was opened.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;

use crate::id::{BlobId, CommitId, IdPrefix, ObjectId, TreeId};
use crate::index;
use crate::object::commit::{Commit, CommitError};
use crate::object::foreign::ForeignError;
use crate::object::tree::{Entry, Tree, TreeError};
use crate::object::{Object, ObjectKind};
use crate::settings::{self, EXPUNGED_FOLDER, Settings, SettingsError};
use crate::storage::branch_list::BranchList;
use crate::storage::file::is_system_error;
use crate::storage::finding::ReadError;
use crate::storage::objects::ObjectStore;
use crate::storage::plumbing::{self, PlumbingFinding};
use crate::storage::refs::{self, BRANCH, RefError};
use crate::storage::vouched::Vouched;
use crate::tombstone::Tombstone;

mod line;

pub use self::line::Astray;

/// How many trees are remembered.
const MOST_REMEMBERED: usize = 1024;

/// The longest tree that is remembered, in bytes.
const LONGEST_REMEMBERED: usize = 64 << 10;

/// Whose archives are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Only those of the calling user, as git does.
    Caller,
    /// Anyone's.
    Anyone,
}

/// Why a folder could not be opened as an archive.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such folder, or it cannot be looked into.
    #[error("could not open {}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder is no bare git repository.
    #[error("{} is no archive: it has no {missing}", path.display())]
    NoArchive {
        /// The folder.
        path: PathBuf,
        /// What an archive would have.
        missing: &'static str,
    },
    /// Another user could have put anything there.
    #[error("{} belongs to another user", .0.display())]
    OtherOwner(PathBuf),
    /// The branch cannot be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// The branch has no commit.
    #[error("{} has no commit on {BRANCH}", .0.display())]
    Empty(PathBuf),
    /// The tip or the settings cannot be read.
    #[error("could not read the tip of {BRANCH}")]
    Tip(#[source] Fault),
    /// The tip or the settings are not among the archive's objects, and git looks for objects elsewhere, too, or sees others.
    #[error("could not read the tip of {BRANCH}, perhaps because {why}")]
    TipElsewhere {
        /// Why git may find it all the same.
        why: PlumbingFinding,
        /// What is missing.
        source: Fault,
    },
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The repository's own files are not to be trusted.
    #[error("the archive is not to be written to: {0}")]
    Plumbing(PlumbingFinding),
}

impl OpenError {
    /// Tells whether the archive is there and its branch, the tip or the settings cannot be used: that is an answer, where
    /// the operating system gave what was asked for.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Ref(error) => !error.is_system_error(),
            Self::Tip(fault) | Self::TipElsewhere { source: fault, .. } => !fault.is_system_error(),
            Self::Settings(_) => true,
            _ => false,
        }
    }
}

/// Why an object is not what a link says it is.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be read, is missing or damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is of another kind.
    #[error("object {id} is a {found}, not a {expected}")]
    Kind {
        /// The object.
        id: ObjectId,
        /// What it is.
        found: ObjectKind,
        /// What it should be.
        expected: ObjectKind,
    },
    /// The commit is malformed.
    #[error("commit {0} is malformed")]
    Commit(CommitId, #[source] CommitError),
    /// The tree is malformed.
    #[error("tree {0} is malformed")]
    Tree(TreeId, #[source] TreeError),
    /// An object of another repository is malformed.
    #[error("object {0} is malformed")]
    Foreign(ObjectId, #[source] ForeignError),
    /// The content of a file was expunged.
    #[error("its content is withheld: {0} was expunged")]
    Withheld(BlobId),
    /// A folder has no such entry.
    #[error("{path} is missing from tree {tree}")]
    Absent {
        /// The path.
        path: String,
        /// The tree that should have its last part.
        tree: TreeId,
    },
    /// A folder stands where a file should, or a file where a folder should.
    #[error("{0} is a folder where a file should be, or a file where a folder should be")]
    Form(String),
    /// A ref cannot be read.
    #[error(transparent)]
    Ref(#[from] RefError),
}

/// Takes what was found; `None` where nothing is at the path.
pub(crate) fn if_there<T>(found: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match found {
        Err(Fault::Absent { .. }) => Ok(None),
        found => found.map(Some),
    }
}

impl Fault {
    /// Tells whether an object is simply not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Read(ReadError::Missing(_)))
    }

    /// Tells whether the question could not be answered, rather than answered with no.
    #[must_use]
    pub fn is_system_error(&self) -> bool {
        match self {
            Self::Read(ReadError::Io { .. }) => true,
            Self::Read(ReadError::Damaged { what, .. } | ReadError::Unusable { what, .. }) => {
                what.is_system_error()
            }
            Self::Ref(error) => error.is_system_error(),
            _ => false,
        }
    }
}

/// What an archive was seen to be when it was opened: enough to open it once more as it was then, on another thread.
#[derive(Debug, Clone)]
pub struct Seen {
    path: PathBuf,
    tip: CommitId,
    root: TreeId,
    settings: Settings,
    withheld: BTreeSet<BlobId>,
    vouched: Option<Vouched>,
}

impl Seen {
    /// Opens the archive once more.
    ///
    /// # Errors
    /// The operating system's, where its objects are gone.
    pub fn open(self) -> io::Result<Archive> {
        let objects = ObjectStore::open(&self.path.join("objects"))?;
        Ok(Archive::new(self, objects))
    }
}

/// An archive, seen as it was when it was opened.
#[derive(Debug)]
pub struct Archive {
    seen: Seen,
    objects: ObjectStore,
    /// The list of the branch beside the repository, read once.
    listed: OnceCell<BranchList>,
    /// The same up to the tip, where it ended before that.
    branch: OnceCell<BranchList>,
    /// The list as git has it, once the branch was walked to its beginning.
    walked: OnceCell<Arc<BranchList>>,
    /// The position from which on the list is known to be git's: each of its commits is the parent of the next.
    known_from: Cell<usize>,
    trees: RefCell<HashMap<TreeId, Rc<Tree>>>,
    index: index::Slot,
}

impl Archive {
    /// Opens the archive in a folder. Nothing in it is run, and no configuration is honoured.
    ///
    /// # Errors
    /// [`OpenError`] where the folder is none, is another user's, or its tip cannot be read.
    pub fn open(path: &Path, owner: Owner) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        std::fs::metadata(path).map_err(io)?;
        for missing in ["HEAD", "objects", "refs"] {
            if let Err(error) = std::fs::symlink_metadata(path.join(missing)) {
                return Err(if is_system_error(&error) {
                    io(error)
                } else {
                    OpenError::NoArchive {
                        path: path.to_owned(),
                        missing,
                    }
                });
            }
        }
        if owner == Owner::Caller && !plumbing::owned_by_caller(path).map_err(io)? {
            return Err(OpenError::OtherOwner(path.to_owned()));
        }
        let tip = refs::tip(path)?.ok_or_else(|| OpenError::Empty(path.to_owned()))?;
        let objects = ObjectStore::open(&path.join("objects")).map_err(io)?;
        Self::at(path, tip, objects).map_err(|error| match error {
            OpenError::Tip(source) if source.is_missing() => match plumbing::check(path).into_iter().next() {
                Some(why) => OpenError::TipElsewhere { why, source },
                None => OpenError::Tip(source),
            },
            error => error,
        })
    }

    /// Opens what would be the archive in a folder if a commit were its tip, with objects that may not be its own yet. The
    /// index beside it is another branch's, and is left alone.
    ///
    /// # Errors
    /// [`OpenError`] where the commit is no archive's.
    pub fn with_tip(path: &Path, tip: CommitId, objects: ObjectStore) -> Result<Self, OpenError> {
        let mut archive = Self::at(path, tip, objects)?;
        archive.index = index::Slot::absent();
        Ok(archive)
    }

    fn at(path: &Path, tip: CommitId, objects: ObjectStore) -> Result<Self, OpenError> {
        let body = object(&objects, tip.into(), ObjectKind::Commit).map_err(OpenError::Tip)?;
        let commit = Commit::parse(&body).map_err(|e| OpenError::Tip(Fault::Commit(tip, e)))?;
        let seen = Seen {
            path: path.to_owned(),
            tip,
            root: commit.tree,
            settings: Settings::new("none"),
            withheld: BTreeSet::new(),
            vouched: None,
        };
        let mut archive = Self::new(seen, objects);
        let tree = commit.tree;
        let settings = match archive.file(tree, settings::FILE_NAME) {
            Err(Fault::Absent { .. }) => {
                return Err(OpenError::NoArchive {
                    path: path.to_owned(),
                    missing: settings::FILE_NAME,
                });
            }
            settings => settings.map_err(OpenError::Tip)?,
        };
        archive.seen.settings = Settings::parse(&settings)?;
        archive.seen.withheld = archive.tombstones(tree).map_err(OpenError::Tip)?;
        Ok(archive)
    }

    fn new(seen: Seen, objects: ObjectStore) -> Self {
        Self {
            seen,
            objects,
            listed: OnceCell::new(),
            branch: OnceCell::new(),
            walked: OnceCell::new(),
            known_from: Cell::new(usize::MAX),
            trees: RefCell::new(HashMap::new()),
            index: index::Slot::default(),
        }
    }

    /// Has the archive know which lists of branches the user's own program walked, and tell of those that it walks.
    #[must_use]
    pub fn vouched_by(mut self, vouched: Option<Vouched>) -> Self {
        self.seen.vouched = vouched;
        self
    }

    /// Returns what keeps what the user's own program found out, where there is a place for that.
    #[must_use]
    pub fn vouched(&self) -> Option<&Vouched> {
        self.seen.vouched.as_ref()
    }

    /// Returns what it takes to open the archive once more as it is seen here.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen.clone()
    }

    /// Reads what some things stand for, in their order: `read` is given a stretch of them and the archive. Where there is more than
    /// one stretch, the archive is opened once more on every core, and a stretch for which it cannot be is read here.
    ///
    /// # Errors
    /// The first that `read` has.
    pub(crate) fn read_in_stretches<T: Sync, R: Send, E: Send>(
        &self,
        things: &[T],
        stretch: usize,
        read: impl Fn(&Self, &[T]) -> Result<Vec<R>, E> + Sync,
    ) -> Result<Vec<R>, E> {
        if things.len() <= stretch {
            return read(self, things);
        }
        let seen = self.seen();
        let begin = || seen.clone().open();
        let stretches = things.par_chunks(stretch).map_init(begin, |archive, things| {
            let opened = archive.as_ref().ok();
            opened.map(|archive| read(archive, things)).transpose()
        });
        let stretches: Vec<Option<Vec<R>>> = stretches.collect::<Result<_, E>>()?;
        let mut all = Vec::with_capacity(things.len());
        for (known, things) in stretches.into_iter().zip(things.chunks(stretch)) {
            all.extend(known.map_or_else(|| read(self, things), Ok)?);
        }
        Ok(all)
    }

    /// Opens an archive that is to be written to, in which nothing may deceive.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::Plumbing`] for the first thing that could.
    pub fn open_for_writing(path: &Path, owner: Owner) -> Result<Self, OpenError> {
        let archive = Self::open(path, owner)?;
        match archive.plumbing().into_iter().next() {
            Some(finding) => Err(OpenError::Plumbing(finding)),
            None => Ok(archive),
        }
    }

    /// Returns the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.seen.path
    }

    /// Returns the newest commit of the branch.
    #[must_use]
    pub fn tip(&self) -> CommitId {
        self.seen.tip
    }

    /// Returns the root folder of the newest commit.
    #[must_use]
    pub fn root(&self) -> TreeId {
        self.seen.root
    }

    /// Returns the settings of the newest commit.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.seen.settings
    }

    /// Returns the object store.
    #[must_use]
    pub fn objects(&self) -> &ObjectStore {
        &self.objects
    }

    /// Names what in the repository's own files could change what a reader is shown.
    #[must_use]
    pub fn plumbing(&self) -> Vec<PlumbingFinding> {
        plumbing::check(&self.seen.path)
    }

    /// Reads a commit, hashed again.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn commit(&self, id: CommitId) -> Result<Commit, Fault> {
        let body = self.object(id.into(), ObjectKind::Commit)?;
        Commit::parse(&body).map_err(|e| Fault::Commit(id, e))
    }

    /// Reads a tree, hashed again; one that was read lately is remembered, because neighbours share most of
    /// theirs.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn tree(&self, id: TreeId) -> Result<Rc<Tree>, Fault> {
        if let Some(tree) = self.trees.borrow().get(&id) {
            return Ok(Rc::clone(tree));
        }
        let body = self.object(id.into(), ObjectKind::Tree)?;
        let tree = Rc::new(Tree::parse(&body).map_err(|e| Fault::Tree(id, e))?);
        if body.len() <= LONGEST_REMEMBERED {
            let mut trees = self.trees.borrow_mut();
            if trees.len() >= MOST_REMEMBERED {
                trees.clear();
            }
            trees.insert(id, Rc::clone(&tree));
        }
        Ok(tree)
    }

    /// Reads a file's bytes, hashed again. What is withheld is not read, also where its bytes are still in the store.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn blob(&self, id: BlobId) -> Result<Vec<u8>, Fault> {
        if self.seen.withheld.contains(&id) {
            return Err(Fault::Withheld(id));
        }
        self.object(id.into(), ObjectKind::Blob)
    }

    /// Names the contents that are withheld: those that have a tombstone at the tip.
    #[must_use]
    pub fn withheld(&self) -> &BTreeSet<BlobId> {
        &self.seen.withheld
    }

    /// Reads the bytes of a root file, hashed again. Content is withheld of articles alone: no tombstone hides a root file.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn root_file(&self, id: BlobId) -> Result<Vec<u8>, Fault> {
        self.object(id.into(), ObjectKind::Blob)
    }

    /// Reads the file at a path in a tree.
    ///
    /// # Errors
    /// [`Fault`], [`Fault::Absent`] where there is none.
    pub fn file(&self, tree: TreeId, path: &str) -> Result<Vec<u8>, Fault> {
        match self.entry(tree, path)? {
            Entry::File(id) if settings::is_root_file(path) => self.root_file(id),
            Entry::File(id) => self.blob(id),
            Entry::Folder(_) => Err(Fault::Form(path.to_owned())),
        }
    }

    /// Finds the folder at a path in a tree.
    ///
    /// # Errors
    /// [`Fault`], [`Fault::Absent`] where there is none.
    pub fn folder(&self, tree: TreeId, path: &str) -> Result<TreeId, Fault> {
        match self.entry(tree, path)? {
            Entry::Folder(id) => Ok(id),
            Entry::File(_) => Err(Fault::Form(path.to_owned())),
        }
    }

    /// Finds what is at a path in a tree.
    ///
    /// # Errors
    /// [`Fault`], [`Fault::Absent`] where there is nothing.
    pub fn entry(&self, mut tree: TreeId, path: &str) -> Result<Entry, Fault> {
        let mut entry = Entry::Folder(tree);
        for part in path.split('/') {
            let Entry::Folder(id) = entry else {
                return Err(Fault::Form(path.to_owned()));
            };
            tree = id;
            let absent = || Fault::Absent {
                path: path.to_owned(),
                tree,
            };
            entry = self.tree(tree)?.get(part).ok_or_else(absent)?;
        }
        Ok(entry)
    }

    /// Lists the commits whose ids begin with some digits.
    ///
    /// # Errors
    /// [`Fault`] where the store cannot be read.
    pub fn commits_with_prefix(&self, prefix: &IdPrefix) -> Result<Vec<CommitId>, Fault> {
        let mut commits = Vec::new();
        for id in self.objects.with_prefix(prefix)? {
            if self.objects.read(id)?.kind == ObjectKind::Commit {
                commits.push(CommitId::from_raw(*id.raw()));
            }
        }
        Ok(commits)
    }

    /// Names the contents that were withheld already when a commit was made.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn withheld_at(&self, commit: CommitId) -> Result<BTreeSet<BlobId>, Fault> {
        self.tombstones(self.commit(commit)?.tree)
    }

    /// Lists the blobs that have a tombstone in a tree, by the names of the files.
    fn tombstones(&self, tree: TreeId) -> Result<BTreeSet<BlobId>, Fault> {
        match self.tree(tree)?.get(EXPUNGED_FOLDER) {
            Some(Entry::Folder(folder)) => {
                let folder = self.tree(folder)?;
                let names = folder.entries().iter().map(|(name, _)| name.as_str());
                Ok(names.filter_map(Tombstone::blob_of).collect())
            }
            _ => Ok(BTreeSet::new()),
        }
    }

    pub(crate) fn index_slot(&self) -> &index::Slot {
        &self.index
    }

    fn object(&self, id: ObjectId, expected: ObjectKind) -> Result<Vec<u8>, Fault> {
        object(&self.objects, id, expected)
    }
}

fn object(objects: &ObjectStore, id: ObjectId, expected: ObjectKind) -> Result<Vec<u8>, Fault> {
    let Object { kind, body } = objects.read(id)?;
    if kind == expected {
        Ok(body)
    } else {
        Err(Fault::Kind {
            id,
            found: kind,
            expected,
        })
    }
}
