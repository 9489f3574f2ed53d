//! What keeps git from deleting a pack that no ref leads to yet: a file `.keep` beside it, as `git index-pack --keep` has it.
//! `git repack -ad` packs what refs lead to and deletes every pack that was there before; only one with such a file stays.
//!
//! The file says whose it is. What the user keeps is nobody else's to delete. The pack itself stays in any case: while it was
//! there git may have deleted every other copy of what it has, for packs that git brought hold objects that were here before.
//! Of such a pack the file also says which refs were to lead to it, and stays until whoever brings something for those has moved
//! them: git does not bring again what is there, so that they would count on a pack that another git may delete at any time.
//!
//! That of a pack that takes the place of others stays until these are deleted. A git that packs everything meanwhile may come to one
//! of their names, which stands for the same bytes, keep that one and delete the new pack.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::disk::{delete, io_error, is_there, make_folder, try_lock};
use super::leftovers::finish_moving;
use super::{INCOMING, WriteError};
use crate::platform::Durability;
use crate::storage::file;
use crate::storage::fold::LOCK;

const BEFORE: &str = "avalaches, process ";
const AFTER: &str = ", keeps this pack until a ref leads to it";
const REFS: &str = ": ";

/// What is said in the place of refs of a pack that takes the place of others.
const FOLDING: &str = "and those before it are deleted";

/// The longest file that could be one of ours.
const LONGEST: usize = 512;

/// Puts such a file beside a pack of a repository, which is given without an ending, unless the user keeps a pack of that
/// name. It is there whole or not at all, so that whoever is killed leaves none that nobody knows. `refs`
/// names the refs that are to lead to what git brought.
pub(super) fn put(
    repository: &Path,
    staging: &Path,
    name: &str,
    refs: Option<&str>,
    durability: Durability,
) -> Result<(), WriteError> {
    let path = folder(repository).join(format!("{name}.keep"));
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(());
    }
    make_folder(staging)?;
    let refs = refs.map(|refs| format!("{REFS}{refs}")).unwrap_or_default();
    let text = format!("{BEFORE}{}{AFTER}{refs}\n", std::process::id());
    file::put(&path, &staging.join("keep"), 0o644, durability, |file| {
        file.write_all(text.as_bytes())
    })
    .map_err(io_error("write", &path))
}

/// Puts such a file beside a pack that is to take the place of others.
pub(super) fn put_folding(repository: &Path, name: &str, durability: Durability) -> Result<(), WriteError> {
    put(
        repository,
        &repository.join(INCOMING),
        name,
        Some(FOLDING),
        durability,
    )
}

/// Deletes those of packs that took the place of others.
pub(super) fn clear_folded(repository: &Path) -> Result<(), WriteError> {
    clear_led_to(repository, FOLDING)
}

/// Deletes those that a writer left who is gone, but for those of packs that git brought.
pub(super) fn clear(repository: &Path) -> Result<(), WriteError> {
    each(repository, |path, refs| {
        // Who maintains the archive holds this lock.
        let is_folding =
            || refs == FOLDING && try_lock(&repository.join(LOCK)).is_ok_and(|lock| lock.is_some());
        if !is_there(&path.with_extension("idx"))? {
            // Git deletes the mark of such a pack after some weeks, and no longer the pack.
            finish_moving(
                &folder(repository),
                &path.file_stem().unwrap_or_default().to_string_lossy(),
            )?;
        } else if !refs.is_empty() && !is_folding() {
            return Ok(());
        }
        delete(path)
    })
}

/// Deletes those of packs that git brought for refs that were moved to what was brought.
pub(super) fn clear_led_to(repository: &Path, moved: &str) -> Result<(), WriteError> {
    each(
        repository,
        |path, refs| {
            if refs == moved { delete(path) } else { Ok(()) }
        },
    )
}

/// Does something with each that is ours, given with what it says of the refs, which may be nothing.
fn each(
    repository: &Path,
    mut what: impl FnMut(&Path, &str) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let entries = fs::read_dir(folder(repository)).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.extension().is_some_and(|ending| ending == "keep")
            && let Some(refs) = read(&path)
        {
            what(&path, &refs)?;
        }
    }
    Ok(())
}

fn folder(repository: &Path) -> PathBuf {
    repository.join("objects/pack")
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
    fn a_pack_stays_and_what_keeps_it_goes_when_refs_lead_to_what_git_brought() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("objects/pack")).unwrap();
        let path = |name: &str| folder.path().join("objects/pack").join(name);
        let staging = folder.path().join("staging");
        let put =
            |name: &str, refs| super::put(folder.path(), &staging, name, refs, Durability::Unsynced).unwrap();
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
        put("b", None);
        put("f", None);
        assert_eq!(fs::read(path("b.keep")).unwrap(), b"");
        // Two that git brought, one that has no index, and one of our own.
        put("a", Some("refs/heads/main"));
        pack("a", &["pack", "idx", "rev"]);
        put("g", Some("refs/mirrors/x/"));
        pack("g", &["pack", "idx"]);
        put("h", Some("refs/heads/main"));
        pack("h", &["pack"]);
        put("i", None);
        pack("i", &["pack", "idx"]);
        let names = || {
            let names = fs::read_dir(path("")).unwrap();
            let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.collect::<std::collections::BTreeSet<String>>()
        };
        clear(folder.path()).unwrap();
        let others = ["b.keep", "c.keep", "d.keep", "e.other", "f.keep"];
        let packs = ["a.idx", "a.pack", "a.rev", "g.idx", "g.pack", "i.idx", "i.pack"];
        let left = |keeps: &[&str]| {
            let names = [&others[..], &packs, keeps].concat();
            names.into_iter().map(ToOwned::to_owned).collect()
        };
        assert_eq!(names(), left(&["a.keep", "g.keep"]));
        clear_led_to(folder.path(), "refs/mirrors/x/").unwrap();
        assert_eq!(names(), left(&["a.keep"]));
        clear_led_to(folder.path(), "refs/heads/main").unwrap();
        assert_eq!(names(), left(&[]));
        clear(&path("none")).unwrap();
    }
}
