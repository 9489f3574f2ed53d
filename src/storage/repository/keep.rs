//! What keeps git from deleting a pack that no ref leads to yet: a file `.keep` beside it, as `git index-pack --keep` has it.
//! `git repack -ad` packs what refs lead to and deletes every pack that was there before; only one with such a file stays.
//!
//! The file says whose it is. What the user keeps is nobody else's to delete.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::WriteError;
use super::disk::{delete, io_error, make_folder};
use crate::platform::Durability;
use crate::storage::file;

const BEFORE: &str = "avalaches, process ";
const AFTER: &str = ", keeps this pack until a ref leads to it\n";

/// The longest file that could be one of ours.
const LONGEST: usize = 100;

/// Puts such a file into a folder of packs, for a pack that is given without an ending, and returns it; `None` where the user
/// keeps a pack of that name. It is there whole or not at all, so that whoever is killed leaves none that nobody knows.
pub(super) fn put(
    staging: &Path,
    folder: &Path,
    name: &str,
    durability: Durability,
) -> Result<Option<PathBuf>, WriteError> {
    let path = folder.join(format!("{name}.keep"));
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(None);
    }
    make_folder(staging)?;
    let text = format!("{BEFORE}{}{AFTER}", std::process::id());
    file::put(&path, &staging.join("keep"), 0o644, durability, |file| {
        file.write_all(text.as_bytes())
    })
    .map_err(io_error("write", &path))?;
    Ok(Some(path))
}

/// Deletes those that a writer left who is gone.
pub(super) fn clear(folder: &Path) -> Result<(), WriteError> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.extension().is_some_and(|ending| ending == "keep") && is_ours(&path) {
            delete(&path)?;
        }
    }
    Ok(())
}

fn is_ours(path: &Path) -> bool {
    let text = file::read(path, LONGEST).ok();
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    let process = text
        .as_deref()
        .and_then(|text| text.strip_prefix(BEFORE)?.strip_suffix(AFTER));
    process.is_some_and(|process| process.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_keeps_is_kept_and_what_a_killed_writer_kept_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let put =
            |name: &str| super::put(&path("staging"), folder.path(), name, Durability::Unsynced).unwrap();
        fs::write(path("b.keep"), "").unwrap();
        fs::write(path("c.keep"), format!("{BEFORE}me{AFTER}")).unwrap();
        fs::write(path("d.keep"), format!("{BEFORE}7{AFTER}.")).unwrap();
        fs::write(path("e.other"), format!("{BEFORE}7{AFTER}")).unwrap();
        std::os::unix::fs::symlink(path("e.other"), path("f.keep")).unwrap();
        assert_eq!(put("a"), Some(path("a.keep")));
        assert_eq!(put("b"), None);
        assert_eq!(put("f"), None);
        assert!(is_ours(&path("a.keep")));
        clear(folder.path()).unwrap();
        assert!(!path("a.keep").exists());
        for name in ["b.keep", "c.keep", "d.keep", "e.other", "f.keep"] {
            assert!(path(name).exists(), "{name}");
        }
        clear(&path("none")).unwrap();
    }
}
