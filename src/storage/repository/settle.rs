//! How staged objects come into the store, where git may be at work meanwhile: it packs objects at any time, and deletes
//! the folders in which they were alone.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::{io_error, make_folder, some_at_once, sync_path};
use super::{INCOMING, WriteError, rename};
use crate::id::ObjectId;
use crate::platform::Durability;
use crate::storage::objects::{ObjectStore, loose_path};

/// How often a folder is made again that git deleted before anything was in it.
const TRIES: usize = 10_000;

/// Syncs staged objects, moves each to its place, and syncs the folders.
pub(super) fn into_store(
    repository: &Path,
    ids: &BTreeSet<ObjectId>,
    durability: Durability,
) -> Result<(), WriteError> {
    let objects = repository.join("objects");
    let incoming = repository.join(INCOMING);
    if durability == Durability::Synced {
        let staged = ids.iter().map(|id| incoming.join(id.to_string())).collect();
        some_at_once(staged, |path| sync_path(&path))?;
    }
    let mut folders = BTreeSet::new();
    for id in ids {
        let digits = id.to_string();
        let folder = objects.join(&digits[..2]);
        if put(&incoming.join(&digits), &folder, &digits[2..])? {
            folders.insert(objects.clone());
        }
        folders.insert(folder);
    }
    if durability == Durability::Unsynced {
        return Ok(());
    }
    let are_there = some_at_once(folders.into_iter().collect(), |path| sync_path(&path));
    match are_there {
        Err(error) if is_gone(&error) => all_in_store(&objects, ids),
        done => done,
    }
}

/// Looks whether objects are in the store, wherever; git may have packed them.
pub(super) fn are_there(objects: &Path, ids: impl IntoIterator<Item = ObjectId>) -> Result<(), WriteError> {
    let is_loose = |id: &ObjectId| std::fs::symlink_metadata(objects.join(loose_path(*id))).is_ok();
    let mut others = ids.into_iter().filter(|id| !is_loose(id)).peekable();
    if others.peek().is_none() {
        return Ok(());
    }
    let store = ObjectStore::open(objects).map_err(io_error("read", objects))?;
    match others.find(|id| !store.contains(*id).unwrap_or(false)) {
        Some(id) => Err(WriteError::Deleted(objects.join(loose_path(id)))),
        None => Ok(()),
    }
}

/// Moves an object into its folder, and tells whether the folder is a new one.
fn put(staged: &Path, folder: &Path, name: &str) -> Result<bool, WriteError> {
    let mut is_new = false;
    for _ in 0..TRIES {
        is_new |= make_folder(folder)?;
        match rename(staged, &folder.join(name)) {
            Err(error) if is_gone(&error) && staged.exists() => {}
            done => return done.map(|()| is_new),
        }
    }
    Err(io_error("keep", folder)(io::ErrorKind::NotFound.into()))
}

fn is_gone(error: &WriteError) -> bool {
    matches!(error, WriteError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// Checks that objects are in the store, wherever: those of a folder that is gone are in a pack, which git syncs before it
/// deletes anything. The folders that are there are synced.
fn all_in_store(objects: &Path, ids: &BTreeSet<ObjectId>) -> Result<(), WriteError> {
    let folders: BTreeSet<PathBuf> = ids.iter().map(|id| objects.join(&id.to_string()[..2])).collect();
    for folder in folders.iter().map(PathBuf::as_path).chain([objects]) {
        match sync_path(folder) {
            Err(error) if is_gone(&error) => {}
            done => done?,
        }
    }
    let store = ObjectStore::open(objects).map_err(io_error("read", objects))?;
    for id in ids {
        if !store.contains(*id).unwrap_or(false) {
            return Err(WriteError::NotReadBack(*id));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::object::{self, ObjectKind};
    use crate::packs::PackWriter;

    #[test]
    fn an_object_comes_to_its_place_while_somebody_deletes_empty_folders() {
        let root = tempfile::tempdir().unwrap();
        let (folder, staged) = (root.path().join("ab"), root.path().join("staged"));
        let done = AtomicBool::new(false);
        let deleted = thread::scope(|scope| {
            let deleting = scope.spawn(|| {
                let mut deleted = 0_usize;
                while !done.load(Ordering::Relaxed) {
                    deleted += usize::from(fs::remove_dir(&folder).is_ok());
                    thread::sleep(Duration::from_micros(1));
                }
                deleted
            });
            for number in 0..10_000 {
                fs::write(&staged, number.to_string()).unwrap();
                let put = put(&staged, &folder, "object");
                let text = fs::read_to_string(folder.join("object"));
                // Where the folder is empty, it may be deleted.
                let _ = fs::remove_file(folder.join("object"));
                if put.is_err() || text.is_err() {
                    done.store(true, Ordering::Relaxed);
                }
                put.unwrap();
                assert_eq!(text.unwrap(), number.to_string());
            }
            done.store(true, Ordering::Relaxed);
            deleting.join().unwrap()
        });
        assert!(deleted > 0);
    }

    #[test]
    fn objects_whose_folders_are_gone_have_to_be_in_a_pack() {
        let root = tempfile::tempdir().unwrap();
        let packs = root.path().join("pack");
        fs::create_dir(&packs).unwrap();
        let id = object::hash(ObjectKind::Blob, b"packed").unwrap();
        let ids = BTreeSet::from([id]);
        let missing = all_in_store(root.path(), &ids);
        assert!(matches!(missing, Err(WriteError::NotReadBack(found)) if found == id));
        let mut writer = PackWriter::new();
        writer.whole(*id.raw(), 3, b"packed");
        let (pack, index) = writer.finish();
        fs::write(packs.join("pack-1.pack"), pack).unwrap();
        fs::write(packs.join("pack-1.idx"), index).unwrap();
        all_in_store(root.path(), &ids).unwrap();
    }

    #[test]
    fn an_object_that_is_not_staged_is_told_at_once_and_so_is_a_folder_that_cannot_be_opened() {
        let root = tempfile::tempdir().unwrap();
        let missing = put(&root.path().join("staged"), &root.path().join("ab"), "object");
        assert!(matches!(missing, Err(error) if is_gone(&error)));
        let id = object::hash(ObjectKind::Blob, b"text").unwrap();
        let folder = root.path().join(&id.to_string()[..2]);
        std::os::unix::fs::symlink(&folder, &folder).unwrap();
        let refused = all_in_store(root.path(), &BTreeSet::from([id]));
        assert!(matches!(refused, Err(WriteError::Io { path, .. }) if path == folder));
    }
}
