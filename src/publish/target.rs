//! Where a site is published: a folder on this machine, or a bucket of an object store.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::manifest::{self, Manifest, Sum};
use super::objects::{self, Put, Seen, key};
use super::refusal::Refusal;
use super::{Mode, Which};
use crate::site::files::{self, FilesError};
use crate::storage::file::{FileError, read};
use crate::tlog::tile::CHECKPOINT;

/// The longest list that is read, in bytes.
const LONGEST_LIST: usize = 1 << 30;

/// How often a file is sent again whose place another program wrote to while this one still held the list.
const MOST_CHANGED: usize = 8;

/// A place for a site.
#[derive(Debug, Clone)]
pub enum Target {
    /// A folder. A file is written beside its place and then moved there.
    Folder(PathBuf),
    /// Keys that begin with a prefix.
    Bucket {
        /// The store.
        store: Arc<dyn ObjectStore>,
        /// The prefix, which may be empty.
        prefix: Key,
    },
}

/// Why something could not be done at the target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The file system's reason.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Somebody else's file.
    #[error("{} was not published there, and stands where a file of the site belongs", .0.display())]
    Foreign(PathBuf),
    /// Something that is no file.
    #[error("{} is no file, and stands where a file of the site belongs", .0.display())]
    NoFile(PathBuf),
    /// Somebody else's object.
    #[error("{0} was not published there, and stands in the bucket where a file of the site belongs")]
    ForeignObject(String),
    /// Another one began to publish there meanwhile, or ended.
    #[error("another program publishes there at the same time, and changed the list of what is there")]
    Overtaken,
    /// A file of the folder cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// The object store's reason.
    #[error("could not {verb} {name}")]
    Store {
        /// What was tried.
        verb: &'static str,
        /// The file.
        name: String,
        /// The reason.
        source: Refusal,
    },
    /// No object can have such a name.
    #[error("no object can be named {name}")]
    Name {
        /// The file.
        name: String,
        /// Why.
        source: object_store::path::Error,
    },
    /// The work was ended.
    #[error("the work was ended")]
    Ended(#[source] io::Error),
}

impl Target {
    /// Keeps others from publishing into a folder meanwhile; of those who publish to a bucket [`Held`] finds out.
    ///
    /// # Errors
    /// [`TargetError`] where another one publishes there.
    pub fn lock(&self, mode: Mode) -> Result<Option<File>, TargetError> {
        match self {
            Self::Folder(folder) if mode == Mode::Publish => {
                fs::create_dir_all(folder).map_err(files::failed("make", folder))?;
                Ok(Some(files::locked(folder, File::try_lock)?))
            }
            _ => Ok(None),
        }
    }

    /// Reads the list of what is there, if anything was published yet, with what publishing is to go on from.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn list(&self) -> Result<(Option<Vec<u8>>, Held), TargetError> {
        let (list, seen) = match self {
            Self::Folder(_) => (
                self.read(manifest::FILE_NAME, LONGEST_LIST).await?,
                Seen::Something,
            ),
            Self::Bucket { store, prefix } => objects::get(store, prefix, manifest::FILE_NAME).await?,
        };
        let target = self.clone();
        let held = Held {
            target,
            seen,
            there: HashMap::new(),
            done: Arc::default(),
        };
        Ok((list, held))
    }

    /// Reads a file, of a folder one that has at most `longest` bytes; `None` where there is none.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn read(&self, name: &str, longest: usize) -> Result<Option<Vec<u8>>, TargetError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                blocking(move || match read(&path, longest) {
                    Err(error) if error.is_missing() => Ok(None),
                    read => read
                        .map(Some)
                        .map_err(|source| TargetError::Read { path, source }),
                })
                .await
            }
            Self::Bucket { store, prefix } => Ok(objects::get(store, prefix, name).await?.0),
        }
    }

    /// Tells whether it is this very folder.
    #[must_use]
    pub fn is_folder(&self, folder: &Path) -> bool {
        let Self::Folder(own) = self else {
            return false;
        };
        let found = own.canonicalize().ok().zip(folder.canonicalize().ok());
        found.is_some_and(|(own, folder)| own == folder)
    }

    /// Returns the list of what is there, with what a look at a folder shows to be otherwise as of unknown content: a file that is gone, or
    /// has another length than that of the site which it should be.
    #[must_use]
    pub fn as_it_stands(&self, mut listed: Manifest, folder: &Path, site: &Manifest) -> Manifest {
        let Self::Folder(own) = self else {
            return listed;
        };
        let length = |path: PathBuf| Some(fs::symlink_metadata(path).ok()?.len());
        let is_same = |name: &str| length(own.join(name)) == length(folder.join(name));
        let same = listed.files().filter(|(name, sum)| site.get(name) == Some(*sum));
        let others: Vec<String> = same
            .filter(|(name, _)| !is_same(name))
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in others {
            listed.put(&name, Sum::UNKNOWN);
        }
        listed
    }

    /// Makes sure that nothing of others stands where files belong that are not on the list, unless all are to be replaced;
    /// what is the very file is no obstacle in a folder, and what is no file is one always.
    ///
    /// # Errors
    /// [`TargetError`] for the first that is in the way.
    pub async fn make_sure(&self, unlisted: Vec<(String, Sum)>, which: Which) -> Result<(), TargetError> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                blocking(move || {
                    let mut unlisted = unlisted.into_iter();
                    unlisted.try_for_each(|(name, sum)| {
                        let unlisted = (which == Which::Changed).then_some(sum);
                        make_way(&folder.join(name), unlisted)
                    })
                })
                .await
            }
            Self::Bucket { .. } if which == Which::All || unlisted.is_empty() => Ok(()),
            Self::Bucket { store, prefix } => {
                let names = unlisted.into_iter().map(|(name, _)| name).collect();
                let found = objects::find(store, prefix, names).await?;
                match found.into_keys().min() {
                    Some(name) => Err(TargetError::ForeignObject(name)),
                    None => Ok(()),
                }
            }
        }
    }

    /// Removes what was left beside the places of files of a folder by whoever was interrupted there: it may be a text that was
    /// expunged since.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn clear(&self, names: Vec<String>) -> Result<(), TargetError> {
        let Self::Folder(folder) = self else {
            return Ok(());
        };
        let folder = folder.clone();
        blocking(move || {
            for name in names {
                files::clear_beside_file(&folder, &name)?;
            }
            Ok(())
        })
        .await
    }

    /// Waits until all that was written is on the disk: in a folder, by one call for its whole file system, because there
    /// may be thousands of files. What a bucket has taken it keeps.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn settle(&self) -> Result<(), TargetError> {
        let Self::Folder(folder) = self else {
            return Ok(());
        };
        let folder = folder.clone();
        blocking(move || {
            let opened = File::open(&folder).map_err(files::failed("open", &folder))?;
            sync_all(&opened).map_err(files::failed("sync", &folder))?;
            Ok(())
        })
        .await
    }

    /// Deletes a file; one that is not there is no failure.
    ///
    /// # Errors
    /// [`TargetError`].
    async fn remove(&self, name: &str) -> Result<(), TargetError> {
        match self {
            Self::Folder(folder) => {
                let (folder, name) = (folder.clone(), name.to_owned());
                blocking(move || Ok(files::remove(&folder, &name).map(|_| ())?)).await
            }
            Self::Bucket { store, prefix } => match store.delete(&key(prefix, name)?).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(failed("delete", name)(error)),
            },
        }
    }
}

/// The right to publish, as long as the list of what is there is the one that its holder read or wrote last: whoever begins to
/// publish writes it first. In a folder there is a lock beside.
#[derive(Debug, Clone)]
pub struct Held {
    target: Target,
    /// What was seen of the list.
    seen: Seen,
    /// What was seen of the objects that are to be written, where they are there.
    there: HashMap<String, Seen>,
    /// What was written and deleted.
    done: Arc<Mutex<Vec<Done>>>,
}

/// An object that was written or deleted.
#[derive(Debug)]
struct Done {
    name: String,
    sum: Sum,
    now: Seen,
}

impl Held {
    /// Writes the list, and waits until it is on the disk: whatever it says is there is passed over from now on, also after
    /// the power failed. What it says has to have been [settled](Target::settle) before.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn write_list(&mut self, list: &Manifest) -> Result<(), TargetError> {
        let text = list.to_string().into_bytes();
        match &self.target {
            Target::Folder(folder) => {
                let path = folder.join(manifest::FILE_NAME);
                blocking(move || Ok(files::replace(&path, &text)?)).await?;
            }
            Target::Bucket { store, prefix } => {
                match objects::put(store, prefix, manifest::FILE_NAME, text, &self.seen).await? {
                    Put::Done(seen) => self.seen = seen,
                    Put::Changed => return Err(TargetError::Overtaken),
                }
            }
        }
        self.target.settle().await
    }

    /// Looks what is at the places of files that are to be written, so that nothing is written over that somebody wrote later.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn look(&mut self, names: Vec<String>) -> Result<(), TargetError> {
        if let Target::Bucket { store, prefix } = &self.target {
            self.there = objects::find(store, prefix, names).await?;
        }
        self.check().await
    }

    /// Makes sure that nobody else wrote the list since.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn check(&self) -> Result<(), TargetError> {
        let Target::Bucket { store, prefix } = &self.target else {
            return Ok(());
        };
        if objects::look(store, prefix, manifest::FILE_NAME).await? == self.seen {
            return Ok(());
        }
        Err(TargetError::Overtaken)
    }

    /// Deletes a file; one that is not there is no failure.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn remove(&self, name: &str) -> Result<(), TargetError> {
        self.check().await?;
        self.target.remove(name).await?;
        self.note(name, Sum::UNKNOWN, Seen::Nothing);
        Ok(())
    }

    /// Tells of what was done too late, by whoever was overtaken. A store deletes whatever is there, and takes an object for the one
    /// that was seen where another one wrote the very same there: the list is told that nobody knows what is at those places. What no
    /// list has go is deleted.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn withdraw(&self) -> Result<(), TargetError> {
        let Target::Bucket { store, prefix } = &self.target else {
            return Ok(());
        };
        let done = std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        for _ in 0..MOST_CHANGED {
            let (text, seen) = objects::get(store, prefix, manifest::FILE_NAME).await?;
            let Some(mut list) = text.and_then(|text| Manifest::parse(&text).ok()) else {
                return Ok(());
            };
            let before = list.clone();
            for Done { name, sum, now } in &done {
                let listed = list.get(name);
                // What is of unknown content is written or deleted by whoever wrote the list.
                if listed == Some(Sum::UNKNOWN)
                    || listed == Some(*sum)
                    || objects::look(store, prefix, name).await? != *now
                {
                    continue;
                }
                match listed {
                    Some(_) => list.put(name, Sum::UNKNOWN),
                    None => self.target.remove(name).await?,
                }
            }
            let text = list.to_string().into_bytes();
            if list == before
                || objects::put(store, prefix, manifest::FILE_NAME, text, &seen).await? != Put::Changed
            {
                break;
            }
        }
        Ok(())
    }

    fn note(&self, name: &str, sum: Sum, now: Seen) {
        let name = name.to_owned();
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.push(Done { name, sum, now });
    }

    /// Writes a file, so that a reader sees the old one or the new one. In a folder, a file that is not on the list and
    /// holds something else than what is to be sent (`unlisted`) is somebody else's, and stays.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn write(
        &self,
        name: &str,
        content: Vec<u8>,
        unlisted: Option<Sum>,
    ) -> Result<(), TargetError> {
        let (store, prefix) = match &self.target {
            Target::Folder(folder) => {
                let path = folder.join(name);
                let (folder, name) = (folder.clone(), name.to_owned());
                return blocking(move || {
                    files::refuse_detour(&folder, files::above(&name))?;
                    make_way(&path, unlisted)?;
                    Ok(files::replace(&path, &content)?)
                })
                .await;
            }
            Target::Bucket { store, prefix } => (store, prefix),
        };
        let mut seen = self.there.get(name).cloned().unwrap_or(Seen::Nothing);
        for _ in 0..MOST_CHANGED {
            if let Put::Done(now) = objects::put(store, prefix, name, content.clone(), &seen).await? {
                self.note(name, Sum::of(&content), now);
                return Ok(());
            }
            // A checkpoint that readers were shown meanwhile has to be held against this one first.
            if name == CHECKPOINT {
                break;
            }
            // Whoever was overtaken may still have been about to write it; looked at before the list, it is nothing later.
            seen = objects::look(store, prefix, name).await?;
            self.check().await?;
        }
        Err(TargetError::Overtaken)
    }
}

/// Makes sure that a file can be written: nothing stands there, or a file; of one that is not on the list, one that holds the
/// very same.
fn make_way(path: &Path, unlisted: Option<Sum>) -> Result<(), TargetError> {
    let is_own = || unlisted.is_none_or(|sum| fs::read(path).is_ok_and(|there| Sum::of(&there) == sum));
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(files::failed("look at", path)(error).into()),
        Ok(found) if !found.is_file() => Err(TargetError::NoFile(path.to_owned())),
        Ok(_) if is_own() => Ok(()),
        Ok(_) => Err(TargetError::Foreign(path.to_owned())),
    }
}

/// Syncs the file system that a file is on.
#[cfg(target_os = "linux")]
fn sync_all(opened: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(opened)?)
}

/// Syncs all file systems, where a single one cannot be named.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "it is the same as where that can fail")]
fn sync_all(_opened: &File) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

pub(super) fn failed(verb: &'static str, name: &str) -> impl FnOnce(object_store::Error) -> TargetError {
    let name = name.to_owned();
    move |error| TargetError::Store {
        verb,
        name,
        source: Refusal::of(&error),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TargetError> + Send + 'static,
) -> Result<T, TargetError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| TargetError::Ended(error.into()))?
}
