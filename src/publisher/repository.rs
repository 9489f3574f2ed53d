//! Finding a repository's objects and the tip of a branch, with or without a working folder.

use std::io;
use std::path::{Path, PathBuf};

use crate::archive::Fault;
use crate::id::{CommitId, ObjectId};
use crate::mirror;
use crate::storage::file::{self, FileError};
use crate::storage::objects::ObjectStore;
use crate::storage::refs::{self, RefError};

/// The longest file that says where a repository is.
const LONGEST: usize = 64 << 10;

/// The longest configuration that is looked into.
const LONGEST_CONFIG: usize = 16 << 20;

/// Why a repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder has no repository.
    #[error("{} is no git repository", .0.display())]
    None(PathBuf),
    /// A file of it cannot be read.
    #[error("could not read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: FileError,
    },
    /// Its objects cannot be opened.
    #[error("could not open {}", path.display())]
    Objects {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something about it is not read here.
    #[error("{} {why}", path.display())]
    Unread {
        /// The file or folder.
        path: PathBuf,
        /// What it means.
        why: &'static str,
    },
    /// Its refs cannot be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// There is no such branch.
    #[error("{} has no branch {branch:?}", path.display())]
    NoBranch {
        /// The repository.
        path: PathBuf,
        /// The branch.
        branch: String,
    },
    /// It has no commit yet.
    #[error("{} has no commit", .0.display())]
    Empty(PathBuf),
    /// What the branch names cannot be read.
    #[error("could not read the newest commit")]
    Tip(#[source] Fault),
}

/// Files that make a repository one whose objects are not all there.
const UNREAD: [(&str, &str); 4] = [
    (
        "shallow",
        "cuts the history off; `git fetch --unshallow` brings the rest",
    ),
    (
        "objects/info/alternates",
        "makes git borrow objects from elsewhere; `git repack -a -d` copies them, after which the file can go",
    ),
    (
        "objects/info/http-alternates",
        "makes git borrow objects from elsewhere, which is not read here",
    ),
    (
        "reftable",
        "keeps the refs in a form that is not read here; `git refs migrate --ref-format=files` changes that",
    ),
];

/// A repository that is open for reading.
#[derive(Debug)]
pub struct Repository {
    objects: ObjectStore,
    tip: CommitId,
}

impl Repository {
    /// Opens a repository: a bare one, one with a working folder, or another working folder of one. The tip is that of a
    /// branch or tag, or of its `HEAD`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path, branch: Option<&str>) -> Result<Self, OpenError> {
        let own = git_folder(path)?;
        let common = match read_line(&own.join("commondir"))? {
            Some(common) => own.join(common),
            None => own.clone(),
        };
        for (name, why) in UNREAD {
            let path = common.join(name);
            if std::fs::symlink_metadata(&path).is_ok() {
                return Err(OpenError::Unread { path, why });
            }
        }
        let config = common.join("config");
        if names_by_sha256(&config)? {
            return Err(OpenError::Unread {
                path: path.to_owned(),
                why: "names its objects by SHA-256, which is not read here",
            });
        }
        let folder = common.join("objects");
        let objects = ObjectStore::open(&folder).map_err(|source| OpenError::Objects {
            path: folder.clone(),
            source,
        })?;
        let named = match branch {
            Some(branch) => {
                let places = [
                    "",
                    "refs/heads/",
                    "refs/remotes/origin/",
                    "refs/remotes/",
                    "refs/tags/",
                ];
                let is_legal = !branch
                    .split('/')
                    .any(|part| part.is_empty() || part.starts_with('.'));
                let mut named = None;
                for place in places.iter().filter(|_| is_legal) {
                    // A full name says by itself that it is one.
                    let may_be = !place.is_empty() || branch.starts_with("refs/");
                    if named.is_none() && may_be {
                        named = refs::find(&common, &format!("{place}{branch}"))?;
                    }
                }
                named.ok_or_else(|| OpenError::NoBranch {
                    path: path.to_owned(),
                    branch: branch.to_owned(),
                })?
            }
            None => head(&own, &common)?.ok_or_else(|| OpenError::Empty(path.to_owned()))?,
        };
        let tip = mirror::peel(&objects, named).map_err(OpenError::Tip)?;
        let tip = tip.ok_or_else(|| OpenError::Empty(path.to_owned()))?;
        Ok(Self { objects, tip })
    }

    /// Returns the objects.
    #[must_use]
    pub fn objects(&self) -> &ObjectStore {
        &self.objects
    }

    /// Returns the newest commit.
    #[must_use]
    pub fn tip(&self) -> CommitId {
        self.tip
    }
}

/// Finds the folder that git keeps a repository in: the folder itself, `.git` in it, or where the file `.git` says.
fn git_folder(path: &Path) -> Result<PathBuf, OpenError> {
    let is_repository = |folder: &Path| folder.join("HEAD").is_file();
    let inside = path.join(".git");
    if inside.is_file() {
        let line = read_line(&inside)?.unwrap_or_default();
        let elsewhere = line.strip_prefix("gitdir: ").map(|folder| path.join(folder));
        return elsewhere
            .filter(|folder| is_repository(folder))
            .ok_or(OpenError::None(path.to_owned()));
    }
    [inside, path.to_owned()]
        .into_iter()
        .find(|folder| is_repository(folder))
        .ok_or_else(|| OpenError::None(path.to_owned()))
}

/// Tells whether a repository's configuration says that its objects have ids of 64 digits.
fn names_by_sha256(config: &Path) -> Result<bool, OpenError> {
    let bytes = match file::read(config, LONGEST_CONFIG) {
        Ok(bytes) => bytes,
        Err(error) if error.is_missing() => return Ok(false),
        Err(source) => {
            return Err(OpenError::File {
                path: config.to_owned(),
                source,
            });
        }
    };
    let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    Ok(lines.any(|(key, value)| key.trim() == "objectformat" && value.trim() == "sha256"))
}

fn head(own: &Path, common: &Path) -> Result<Option<ObjectId>, OpenError> {
    let path = own.join("HEAD");
    let line = read_line(&path)?.unwrap_or_default();
    if let Some(name) = line.strip_prefix("ref: ") {
        let is_legal =
            name.starts_with("refs/") && !name.split('/').any(|part| part.is_empty() || part == "..");
        if !is_legal {
            return Err(OpenError::Unread {
                path,
                why: "names no ref",
            });
        }
        return Ok(refs::find(common, name)?);
    }
    let why = "holds neither a branch nor an id of 40 digits";
    line.parse()
        .map(Some)
        .map_err(|_| OpenError::Unread { path, why })
}

/// Reads a file of one line; `None` where there is none.
fn read_line(path: &Path) -> Result<Option<String>, OpenError> {
    match file::read(path, LONGEST) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())),
        Err(error) if error.is_missing() => Ok(None),
        Err(source) => Err(OpenError::File {
            path: path.to_owned(),
            source,
        }),
    }
}
