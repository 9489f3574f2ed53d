//! What a writer that was killed left behind, and how the next one clears it away.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::disk::{clear_folder, delete, io_error, is_there, rename};
use super::{INCOMING, MOVING, MOVING_REFS, WriteError, keep, ref_lock};
use crate::storage::file;
use crate::storage::refs::{self, BRANCH};

/// Begins the name of an index, in the folder of packs, while its pack is moved in or out: whoever is killed then
/// leaves a pack without an index, which this marks as nobody's. Git takes such a name for a leftover, and gives no
/// such name itself.
pub(in crate::storage) const MOVED_INDEX: &str = "tmp_idx_of_";

/// What may stand beside a pack, derived from it.
const BESIDE: [&str; 4] = ["rev", "bitmap", "mtimes", "keep"];

/// The most bytes of an id and a line feed; a lock that has more is no ref's.
const LONGEST_ID: usize = 65;

/// A lock of the branch that is older than this was left by a program that is gone.
const ABANDONED: Duration = Duration::from_secs(60);

/// A disposable file that was to take its place, and was not written to for so long, was left by a program that is gone.
const UNFINISHED: Duration = Duration::from_secs(60 * 60);

/// Clears the staging area of a writer that is gone, and the branch's lock if that writer left it.
pub(super) fn clear_interrupted(repository: &Path) -> Result<(), WriteError> {
    let incoming = repository.join(INCOMING);
    let moving = text(&incoming.join(MOVING), LONGEST_ID);
    clear_abandoned_lock(repository, BRANCH, moving.as_deref())?;
    let moving = text(&incoming.join(MOVING_REFS), refs::LARGEST).unwrap_or_default();
    for (id, name) in moving.lines().filter_map(|line| line.split_once(' ')) {
        // The archive's folder is not to be trusted with the names of files to delete.
        if name.starts_with("refs/") && name.split('/').all(|part| !part.is_empty() && part != "..") {
            clear_abandoned_lock(repository, name, Some(id))?;
        }
    }
    clear_moved_packs(repository)?;
    keep::clear(repository)?;
    clear_unfinished(repository);
    clear_folder(&incoming)
}

/// Reads what a writer left. What is no regular file, or is none that a writer of ours writes, says nothing.
fn text(path: &Path, most: usize) -> Option<String> {
    String::from_utf8(file::read(path, most).ok()?).ok()
}

/// Deletes disposable files that somebody was killed over before they took their places. They are in nobody's way, so
/// that one that cannot be deleted stays.
fn clear_unfinished(repository: &Path) {
    for entry in fs::read_dir(repository).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_str().and_then(|name| name.strip_prefix("avalaches."));
        let is_new = |name: &str| name.trim_end_matches("-journal").strip_suffix(".new").is_some();
        if name.is_some_and(is_new)
            && entry
                .metadata()
                .is_ok_and(|metadata| metadata.is_file() && age(&metadata) > UNFINISHED)
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn age(metadata: &fs::Metadata) -> Duration {
    let modified = metadata.modified().ok();
    modified.and_then(|time| time.elapsed().ok()).unwrap_or_default()
}

/// Removes a ref's lock where it can only be a dead program's: it is a minute old, or a writer of ours was killed while
/// moving the ref and the lock holds the beginning of the id it was moving to.
pub(super) fn clear_abandoned_lock(
    repository: &Path,
    name: &str,
    moving: Option<&str>,
) -> Result<(), WriteError> {
    let lock = ref_lock(repository, name);
    let Ok(metadata) = fs::symlink_metadata(&lock) else {
        return Ok(());
    };
    let held = text(&lock, LONGEST_ID);
    let ours = moving
        .zip(held)
        .is_some_and(|(id, held)| format!("{id}\n").starts_with(&held));
    if age(&metadata) > ABANDONED || ours {
        fs::remove_file(&lock).map_err(io_error("delete", &lock))?;
    }
    Ok(())
}

/// Deletes a pack, which is named without an ending, and what stands beside it. Another program may do so as well.
pub(super) fn delete_pack(repository: &Path, name: &str) -> Result<(), WriteError> {
    let folder = repository.join("objects/pack");
    delete_multi_pack_index(&folder)?;
    let marker = folder.join(format!("{MOVED_INDEX}{name}"));
    match rename(&folder.join(format!("{name}.idx")), &marker) {
        Err(WriteError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        renamed => renamed?,
    }
    finish_moving(&folder, name)
}

/// Deletes what a pack without an index leaves, the index that marks it last.
pub(super) fn finish_moving(folder: &Path, name: &str) -> Result<(), WriteError> {
    if !is_there(&folder.join(format!("{name}.idx")))? {
        for ending in BESIDE.into_iter().chain(["pack"]) {
            delete(&folder.join(format!("{name}.{ending}")))?;
        }
    }
    delete(&folder.join(format!("{MOVED_INDEX}{name}")))
}

/// Deletes git's index over several packs, which would name packs that are gone. Git makes it again.
fn delete_multi_pack_index(folder: &Path) -> Result<(), WriteError> {
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))?.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "multi-pack-index.d" {
            clear_folder(&entry.path())?;
        } else if name == "multi-pack-index" || name.starts_with("multi-pack-index-") {
            delete(&entry.path())?;
        }
    }
    Ok(())
}

/// Deletes the packs that were being moved in or out by a writer that is gone.
fn clear_moved_packs(repository: &Path) -> Result<(), WriteError> {
    let folder = repository.join("objects/pack");
    let Ok(entries) = fs::read_dir(&folder) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let moved = name.to_str().and_then(|name| name.strip_prefix(MOVED_INDEX));
        moved.map_or(Ok(()), |name| finish_moving(&folder, name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_outside_of_the_refs_are_nobodys_to_delete() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("refs/mirrors")).unwrap();
        fs::create_dir(path(INCOMING)).unwrap();
        let id = "1".repeat(40);
        let names = ["refs/mirrors/a", "refs/../other", "refs//mirrors/b", "other"];
        for name in names {
            fs::write(path(&format!("{name}.lock")), &id).unwrap();
        }
        let lines = names.map(|name| format!("{id} {name}\n")).concat();
        fs::write(path(INCOMING).join(MOVING_REFS), lines).unwrap();
        clear_interrupted(folder.path()).unwrap();
        assert!(!path("refs/mirrors/a.lock").exists());
        for name in ["other.lock", "refs/mirrors/b.lock"] {
            assert!(path(name).exists(), "{name}");
        }
        assert!(!path(INCOMING).exists());
    }

    #[test]
    fn a_lock_of_which_nobody_can_tell_what_it_holds_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("refs/heads")).unwrap();
        let id = "1".repeat(40);
        let lock = path("refs/heads/main.lock");
        let clear = || clear_abandoned_lock(folder.path(), BRANCH, Some(&id)).unwrap();
        for (held, is_ours) in [
            (&b""[..], true),
            (b"1111", true),
            (b"2222", false),
            (b"\xff", false),
            (&[b'1'; 100], false),
        ] {
            fs::write(&lock, held).unwrap();
            clear();
            assert_eq!(!lock.exists(), is_ours, "{held:?}");
        }
        fs::remove_file(&lock).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &lock).unwrap();
        clear();
        assert!(fs::symlink_metadata(&lock).is_ok());
    }

    #[test]
    fn an_index_over_several_packs_goes_with_a_pack() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join("objects/pack").join(name);
        fs::create_dir_all(path("")).unwrap();
        for name in ["a.pack", "a.idx", "b.pack", "b.idx", "multi-pack-index"] {
            fs::write(path(name), "").unwrap();
        }
        delete_pack(folder.path(), "a").unwrap();
        let left = ["a.pack", "a.idx", "multi-pack-index"].map(|name| path(name).exists());
        assert_eq!(left, [false; 3]);
        assert!(path("b.pack").exists());
    }

    #[test]
    fn only_old_files_that_were_to_take_a_place_are_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let old = std::time::SystemTime::now() - 2 * UNFINISHED;
        let names = [
            "avalaches.index.1.new",
            "avalaches.index",
            "other.new",
            "avalaches.young.new",
        ];
        for name in names {
            let file = fs::File::create(path(name)).unwrap();
            if name != "avalaches.young.new" {
                file.set_modified(old).unwrap();
            }
        }
        fs::create_dir(path("avalaches.folder.new")).unwrap();
        fs::File::open(path("avalaches.folder.new"))
            .and_then(|folder| folder.set_modified(old))
            .unwrap();
        clear_unfinished(folder.path());
        let left: Vec<bool> = names.iter().map(|name| path(name).exists()).collect();
        assert_eq!(left, [false, true, true, true]);
        assert!(path("avalaches.folder.new").exists());
    }

    #[test]
    fn a_pack_that_has_its_index_loses_the_mark_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a.pack", "a.idx", "b.pack", "b.rev"] {
            fs::write(path(name), "").unwrap();
        }
        for name in ["a", "b"] {
            let marker = path(&format!("{MOVED_INDEX}{name}"));
            fs::write(&marker, "").unwrap();
            finish_moving(folder.path(), name).unwrap();
            assert!(!marker.exists());
        }
        let left = ["a.pack", "a.idx", "b.pack", "b.rev"].map(|name| path(name).exists());
        assert_eq!(left, [true, true, false, false]);
    }
}
