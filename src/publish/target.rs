//! Where a site is published: a folder on this machine, or a bucket of an object store.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt as _;
use object_store::path::Path as Key;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt as _, PutOptions, PutPayload};

use super::manifest::{self, Manifest, Sum};
use super::order::cache_control;
use super::{Mode, Which};
use crate::site::files::{self, FilesError};
use crate::site::media::media_type;
use crate::storage::file::{FileError, read};

/// The longest list that is read, in bytes.
const LONGEST_LIST: usize = 1 << 30;

/// So many objects of a bucket are looked for one by one; for more, all that is there is listed.
const FEW: usize = 64;

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
        source: object_store::Error,
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
    /// Keeps others from publishing into a folder meanwhile; a bucket has nothing of that kind.
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

    /// Reads the list of what is there; `None` where nothing was published yet.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn list(&self) -> Result<Option<Vec<u8>>, TargetError> {
        self.read(manifest::FILE_NAME, LONGEST_LIST).await
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
            Self::Bucket { store, prefix } => {
                let found = match store.get(&key(prefix, name)?).await {
                    Err(object_store::Error::NotFound { .. }) => return Ok(None),
                    Ok(found) => found.bytes().await,
                    Err(error) => Err(error),
                };
                let bytes = found.map_err(failed("read", name))?;
                Ok(Some(bytes.to_vec()))
            }
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
                match first_there(store, prefix, names).await? {
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

    /// Writes the list, and waits until it is on the disk: whatever it says is there is passed over from now on, also after
    /// the power failed. What it says has to have been [settled](Self::settle) before.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn write_list(&self, list: &Manifest) -> Result<(), TargetError> {
        self.write(manifest::FILE_NAME, list.to_string().into_bytes(), None)
            .await?;
        self.settle().await
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
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                blocking(move || {
                    make_way(&path, unlisted)?;
                    Ok(files::replace(&path, &content)?)
                })
                .await
            }
            Self::Bucket { store, prefix } => {
                let media_type = match name {
                    manifest::FILE_NAME => "text/plain; charset=utf-8",
                    name => media_type(name),
                };
                let attributes = [
                    (Attribute::ContentType, media_type),
                    (Attribute::CacheControl, cache_control(name)),
                ];
                let options = PutOptions {
                    attributes: attributes.into_iter().collect::<Attributes>(),
                    ..PutOptions::default()
                };
                let key = key(prefix, name)?;
                let sent = store.put_opts(&key, PutPayload::from(content), options).await;
                sent.map(|_| ()).map_err(failed("write", name))
            }
        }
    }

    /// Deletes a file; one that is not there is no failure.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn remove(&self, name: &str) -> Result<(), TargetError> {
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

/// Returns the first of some names that an object of a bucket has.
async fn first_there(
    store: &dyn ObjectStore,
    prefix: &Key,
    names: Vec<String>,
) -> Result<Option<String>, TargetError> {
    if names.len() <= FEW {
        for name in names {
            match store.head(&key(prefix, &name)?).await {
                Err(object_store::Error::NotFound { .. }) => {}
                Ok(_) => return Ok(Some(name)),
                Err(error) => return Err(failed("look for", &name)(error)),
            }
        }
        return Ok(None);
    }
    let keys = names.into_iter().map(|name| Ok((key(prefix, &name)?, name)));
    let mut keys: HashMap<Key, String> = keys.collect::<Result<_, TargetError>>()?;
    let below = Some(prefix).filter(|prefix| !prefix.as_ref().is_empty());
    let mut listed = store.list(below);
    while let Some(found) = listed.next().await {
        let found = found.map_err(failed("list", "what is there"))?;
        if let Some(name) = keys.remove(&found.location) {
            return Ok(Some(name));
        }
    }
    Ok(None)
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

/// Returns the key of a file. Names are kept as they are.
fn key(prefix: &Key, name: &str) -> Result<Key, TargetError> {
    let whole = if prefix.as_ref().is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}/{name}")
    };
    Key::parse(&whole).map_err(|source| TargetError::Name {
        name: name.to_owned(),
        source,
    })
}

fn failed(verb: &'static str, name: &str) -> impl FnOnce(object_store::Error) -> TargetError {
    let name = name.to_owned();
    move |source| TargetError::Store { verb, name, source }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TargetError> + Send + 'static,
) -> Result<T, TargetError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| TargetError::Ended(error.into()))?
}
