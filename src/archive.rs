//! An archive that is open for reading: one repository, seen as its branch was when it was opened.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use crate::id::{BlobId, CommitId, IdPrefix, ObjectId, TreeId};
use crate::index;
use crate::object::commit::{Commit, CommitError};
use crate::object::foreign::ForeignError;
use crate::object::tree::{Entry, Tree, TreeError};
use crate::object::{Object, ObjectKind};
use crate::settings::{self, EXPUNGED_FOLDER, Settings, SettingsError};
use crate::storage::branch_list::{self, BranchList};
use crate::storage::file::is_system_error;
use crate::storage::finding::ReadError;
use crate::storage::objects::ObjectStore;
use crate::storage::plumbing::{self, PlumbingFinding};
use crate::storage::refs::{self, BRANCH, RefError};
use crate::storage::vouched::Vouched;
use crate::tombstone::Tombstone;

/// How many trees are remembered.
const MOST_REMEMBERED: usize = 1024;

/// The longest tree that is remembered, in bytes.
const LONGEST_REMEMBERED: usize = 64 << 10;

/// Commits at the end of the branch that are looked at rather than a list of it.
const NEAR: usize = 128;

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
            Self::Tip(fault) => !fault.is_system_error(),
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
        Self::at(path, tip, objects)
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

    /// Reads the file at a path in a tree.
    ///
    /// # Errors
    /// [`Fault`], [`Fault::Absent`] where there is none.
    pub fn file(&self, tree: TreeId, path: &str) -> Result<Vec<u8>, Fault> {
        match self.entry(tree, path)? {
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

    /// Walks the branch from its tip to its first commit, each hashed again; ends after the first fault.
    pub fn walk(&self) -> impl Iterator<Item = Result<(CommitId, Commit), Fault>> + '_ {
        let mut next = Some(self.seen.tip);
        std::iter::from_fn(move || {
            let id = next.take()?;
            let commit = self.commit(id);
            if let Ok(commit) = &commit {
                next = commit.parents.first().copied();
            }
            Some(commit.map(|commit| (id, commit)))
        })
    }

    /// Returns the commits of the branch, oldest first: from the list beside the repository, brought up to the
    /// tip, or by walking where there is none that fits.
    ///
    /// # Errors
    /// [`Fault`] where the branch cannot be walked.
    pub fn branch(&self) -> Result<&BranchList, Fault> {
        if let Some(list) = self.branch_at_hand() {
            return Ok(list);
        }
        let mut list = BranchList::load(&self.seen.path);
        let known = list.last();
        let mut newer = Vec::new();
        let mut fits = known == Some(self.seen.tip);
        let mut walk = self.walk();
        while !fits && let Some(step) = walk.next() {
            let (id, _) = step?;
            fits = Some(id) == known;
            if !fits {
                newer.push(id);
            }
        }
        newer.reverse();
        if !fits {
            return Ok(self.walked.get_or_init(|| Arc::new(BranchList::of(&newer))));
        }
        list.extend(&newer);
        Ok(self.branch.get_or_init(|| list))
    }

    /// Returns the same by walking from the tip, once; where the list beside the repository is another one, this one takes
    /// its place.
    fn walked_branch(&self) -> Result<&BranchList, Fault> {
        let listed = self.branch()?;
        if let Some(walked) = self.walked.get() {
            return Ok(walked);
        }
        let walked = self.walk_anew()?;
        // What is looked at may be what would be the branch, and the file is the branch's.
        if refs::tip(&self.seen.path).is_ok_and(|tip| tip == Some(self.seen.tip)) {
            if *walked != *listed {
                let _ = walked.save(&self.seen.path);
            }
            self.vouch(&walked);
        }
        Ok(self.walked.get_or_init(|| walked))
    }

    /// Walks from the tip to the branch's first commit, or to a commit to which this process has walked before: what came
    /// before that is told by its id. So a server that is asked again and again for what it has not walks once.
    fn walk_anew(&self) -> Result<Arc<BranchList>, Fault> {
        static WALKED: Mutex<Option<Arc<BranchList>>> = Mutex::new(None);
        let last = || WALKED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last().clone();
        let end = known.as_ref().and_then(|known| known.last());
        let mut newer = Vec::new();
        let mut next = Some(self.seen.tip);
        while let Some(id) = next.filter(|id| end != Some(*id)) {
            next = self.commit(id)?.parents.first().copied();
            newer.push(id);
        }
        newer.reverse();
        let walked = match known.filter(|_| next.is_some()) {
            Some(known) if newer.is_empty() => known,
            Some(known) => Arc::new(known.followed_by(&newer)),
            None => Arc::new(BranchList::of(&newer)),
        };
        *last() = Some(Arc::clone(&walked));
        Ok(walked)
    }

    /// Returns the first commit of the branch.
    ///
    /// # Errors
    /// [`Fault`] where the branch cannot be walked.
    pub fn first(&self) -> Result<Option<CommitId>, Fault> {
        let Some(listed) = self.branch()?.get(0) else {
            return Ok(None);
        };
        let is_first =
            || Ok(self.is_on_branch_at(listed, Some(0))? && self.commit(listed)?.parents.is_empty());
        match is_first() {
            Ok(false) => Ok(self.walked_branch()?.get(0)),
            Err(fault) if Fault::is_system_error(&fault) => Err(fault),
            // Where a commit is damaged nothing better is known.
            _ => Ok(Some(listed)),
        }
    }

    /// Returns the list of the branch where it is there up to the tip, without walking.
    fn branch_at_hand(&self) -> Option<&BranchList> {
        if let Some(walked) = self.walked.get() {
            return Some(walked);
        }
        if self.branch.get().is_none() {
            let list = BranchList::load(&self.seen.path);
            if list.last() != Some(self.seen.tip) {
                return None;
            }
            let _ = self.branch.set(list);
        }
        self.branch.get()
    }

    /// Adds the commits that were put on the branch after the tip, oldest first, to the list beside the
    /// repository. The list can be made again, so that it could not be written is no failure.
    pub fn record_on_branch(self, added: &[CommitId]) {
        let appended = branch_list::append(&self.seen.path, self.seen.tip, added).unwrap_or(false);
        if !appended && let Ok(list) = self.branch() {
            let _ = list.followed_by(added).save(&self.seen.path);
        }
    }

    /// Keeps that a long list was walked, which spares a walk; that it could not be kept is no failure.
    fn vouch(&self, list: &BranchList) {
        if let Some(vouched) = self.seen.vouched.as_ref().filter(|_| list.len() > NEAR) {
            let _ = vouched.keep(list);
        }
    }

    /// Tells whether a commit is in the branch's history. A yes takes a look at the commits after it up to the tip or, where
    /// those are many, a scan of a list that the user's own program walked before; a no is told after a walk along the branch, as
    /// far as this process has not walked it before.
    ///
    /// # Errors
    /// [`Fault`] where the branch cannot be walked.
    pub fn is_on_branch(&self, id: CommitId) -> Result<bool, Fault> {
        self.is_on_branch_at(id, None)
    }

    /// As [`Archive::is_on_branch`], where somebody said at which position: that is looked at first, so that the list
    /// need not be searched.
    ///
    /// # Errors
    /// [`Fault`] where the branch cannot be walked.
    pub fn is_on_branch_at(&self, id: CommitId, told: Option<usize>) -> Result<bool, Fault> {
        if id == self.seen.tip {
            return Ok(true);
        }
        let list = self.branch()?;
        let told = told.filter(|position| list.get(*position) == Some(id));
        if let Some(position) = told.or_else(|| list.position(id)) {
            match self.is_known_from(list, position) {
                Ok(true) => return Ok(true),
                Err(fault) if fault.is_system_error() => return Err(fault),
                // It may be one of the list's commits that there is none of.
                _ => {}
            }
        }
        // Nothing was checked of a no, and one wrong bit in the list is enough for it.
        Ok(self.walked_branch()?.position(id).is_some())
    }

    /// Tells whether the list of the branch is git's from a position to the tip, in which it ends. It came with the folder: each commit
    /// must name the one before it as its parent, up to those that the user's own program walked.
    fn is_known_from(&self, list: &BranchList, position: usize) -> Result<bool, Fault> {
        if self.walked.get().is_some() {
            return Ok(true);
        }
        let from = self.known_from.get().min(list.len().saturating_sub(1));
        if position >= from {
            return Ok(true);
        }
        let mut end = position;
        let mut known_from = position;
        if from - position > NEAR {
            let beginning = self
                .seen
                .vouched
                .as_ref()
                .and_then(|vouched| vouched.beginning(list));
            let Some(vouched) = beginning.and_then(|count| count.checked_sub(1)) else {
                return Ok(false);
            };
            if vouched >= position {
                (end, known_from) = (vouched.min(from), 0);
            }
        }
        for at in (end..from).rev() {
            match (list.get(at), list.get(at + 1)) {
                (Some(parent), Some(child)) if self.follows(child, parent)? => {}
                _ => return Ok(false),
            }
        }
        self.known_from.set(known_from);
        if known_from == 0 && from - end > NEAR {
            self.vouch(list);
        }
        Ok(true)
    }

    /// Tells whether a commit is in the branch's history, where the index gives its position and the commit after
    /// it: the list of the branch must agree or, where that is not at hand, that commit. No verdict takes this for
    /// [`Archive::is_on_branch`].
    ///
    /// # Errors
    /// [`Fault`] where a commit cannot be read.
    pub(crate) fn stands_at(
        &self,
        id: CommitId,
        position: usize,
        next: Option<CommitId>,
    ) -> Result<bool, Fault> {
        if id == self.seen.tip {
            return Ok(true);
        }
        match (self.branch_at_hand(), next) {
            (Some(list), _) => self.is_listed_at(list, id, position),
            (None, Some(child)) => self.follows(child, id),
            (None, None) => Ok(false),
        }
    }

    /// The list is beside the repository, not in it: the commit after this one must name it as its parent. That is enough for
    /// what is looked at besides, and for no verdict.
    fn is_listed_at(&self, list: &BranchList, id: CommitId, position: usize) -> Result<bool, Fault> {
        match list.get(position + 1) {
            Some(child) if list.get(position) == Some(id) => self.follows(child, id),
            _ => Ok(false),
        }
    }

    fn follows(&self, child: CommitId, parent: CommitId) -> Result<bool, Fault> {
        Ok(self.commit(child)?.parents == [parent])
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
