//! What keeps git from deleting a pack that no ref leads to yet: a file `.keep` beside it, as `git index-pack --keep` has it.
//! `git repack -ad` packs what refs lead to and deletes every pack that was there before; only one with such a file stays.
//!
//! The file says whose it is. What the user keeps is nobody else's to delete. Of a pack that git brought it also says what the refs
//! were: where the writer is gone and no ref was moved since, the pack goes, too. Git does not bring again what is there, and
//! whoever has it bring what is missing would count on a pack that another git may delete at any time.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::WriteError;
use super::disk::{delete, io_error, make_folder};
use super::leftovers::{delete_pack, finish_moving};
use crate::id::hex;
use crate::platform::Durability;
use crate::storage::{file, refs};

const BEFORE: &str = "avalaches, process ";
const AFTER: &str = ", keeps this pack until a ref leads to it";
const REFS: &str = "; the refs were ";

/// The longest file that could be one of ours.
const LONGEST: usize = 200;

/// What becomes of a pack to which no ref came to lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WithoutRefs {
    /// It goes.
    Goes,
    /// It stays until somebody folds it, so that its name is nobody else's.
    Stays,
}

/// Puts such a file beside a pack of a repository, which is given without an ending, and returns it; `None` where the user
/// keeps a pack of that name. It is there whole or not at all, so that whoever is killed leaves none that nobody knows.
pub(super) fn put(
    repository: &Path,
    staging: &Path,
    name: &str,
    without_refs: WithoutRefs,
    durability: Durability,
) -> Result<Option<PathBuf>, WriteError> {
    let path = folder(repository).join(format!("{name}.keep"));
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(None);
    }
    make_folder(staging)?;
    let refs = refs_of(repository).filter(|_| without_refs == WithoutRefs::Goes);
    let refs = refs.map(|refs| format!("{REFS}{refs}"));
    let text = format!(
        "{BEFORE}{}{AFTER}{}\n",
        std::process::id(),
        refs.unwrap_or_default()
    );
    file::put(&path, &staging.join("keep"), 0o644, durability, |file| {
        file.write_all(text.as_bytes())
    })
    .map_err(io_error("write", &path))?;
    Ok(Some(path))
}

/// Deletes those that a writer left who is gone, with the packs that are to go without refs where no ref was moved since.
pub(super) fn clear(repository: &Path) -> Result<(), WriteError> {
    let entries = fs::read_dir(folder(repository)).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.extension().is_some_and(|ending| ending == "keep") {
            drop_one(repository, &path)?;
        }
    }
    Ok(())
}

/// Deletes one that is ours, with its pack where no ref was moved since.
pub(super) fn drop_one(repository: &Path, path: &Path) -> Result<(), WriteError> {
    let Some(refs) = read(path) else { return Ok(()) };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if fs::symlink_metadata(path.with_extension("idx")).is_err() {
        // Git deletes the mark of such a pack after some weeks, and no longer the pack.
        finish_moving(&folder(repository), &stem)?;
    } else if refs_of(repository).is_some_and(|now| now == refs) {
        delete_pack(repository, &stem)?;
    }
    delete(path)
}

fn folder(repository: &Path) -> PathBuf {
    repository.join("objects/pack")
}

/// Sums up what all refs lead to; `None` where they cannot be read.
fn refs_of(repository: &Path) -> Option<String> {
    let refs = refs::list(repository, "refs/").ok()?;
    let mut digest = Sha256::new();
    for (name, id) in refs {
        digest.update(format!("{id} {name}\n"));
    }
    Some(hex(&digest.finalize()))
}

/// Reads one of ours, and returns what it says of the refs, which may be nothing; `None` for any other file.
fn read(path: &Path) -> Option<String> {
    let text = String::from_utf8(file::read(path, LONGEST).ok()?).ok()?;
    let (process, rest) = text.strip_prefix(BEFORE)?.strip_suffix('\n')?.split_once(AFTER)?;
    process.parse::<u32>().ok()?;
    let refs = if rest.is_empty() {
        rest
    } else {
        rest.strip_prefix(REFS)?
    };
    Some(refs.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_keeps_is_kept_and_what_a_killed_writer_kept_is_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("objects/pack")).unwrap();
        let path = |name: &str| folder.path().join("objects/pack").join(name);
        let staging = folder.path().join("staging");
        let put_as = |name: &str, without_refs| {
            super::put(folder.path(), &staging, name, without_refs, Durability::Unsynced).unwrap()
        };
        let put = |name: &str| put_as(name, WithoutRefs::Goes);
        let pack = |name: &str, endings: &[&str]| {
            for ending in endings {
                fs::write(path(&format!("{name}.{ending}")), "").unwrap();
            }
        };
        fs::write(path("b.keep"), "").unwrap();
        fs::write(path("c.keep"), format!("{BEFORE}me{AFTER}\n")).unwrap();
        fs::write(path("d.keep"), format!("{BEFORE}7{AFTER}.\n")).unwrap();
        fs::write(path("e.other"), format!("{BEFORE}7{AFTER}\n")).unwrap();
        std::os::unix::fs::symlink(path("e.other"), path("f.keep")).unwrap();
        assert_eq!(put("b"), None);
        assert_eq!(put("f"), None);
        let id = "1".repeat(40);
        let set = |name: &str| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("{id}\n")).unwrap();
        };
        set("refs/heads/main");
        // One that a ref may lead to, one that none does, one that has no index, one that stays all the same.
        assert_eq!(put("a"), Some(path("a.keep")));
        pack("a", &["pack", "idx"]);
        set("refs/mirrors/x/HEAD");
        put("g");
        pack("g", &["pack", "idx", "rev"]);
        put("h");
        pack("h", &["pack"]);
        put_as("i", WithoutRefs::Stays);
        pack("i", &["pack", "idx"]);
        clear(folder.path()).unwrap();
        let names = fs::read_dir(path("")).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        let left = [
            "a.idx", "a.pack", "b.keep", "c.keep", "d.keep", "e.other", "f.keep", "i.idx", "i.pack",
        ];
        assert_eq!(names, left);
        clear(&path("none")).unwrap();
    }
}
