//! What may stand in an `objects` folder. Everything else is reported: alternates borrow objects from
//! elsewhere, links show other objects to other readers, and a strange file may be a misnamed object.
//!
//! Source of the layout: git's documentation, `gitrepository-layout`.

use std::ffi::OsStr;
use std::fs::FileType;
use std::io;
use std::path::Path;

use crate::storage::finding::FindingKind;

/// A name in a folder of the store.
#[derive(Debug)]
pub struct Name {
    /// The name; what is not UTF-8 has U+FFFD in it, which no legal name has.
    pub text: String,
    /// Kind of the thing itself, links not followed.
    pub kind: FileType,
}

/// Lists a folder by name, so that findings come in the same order everywhere.
///
/// # Errors
/// The operating system's error.
pub fn list(folder: &Path) -> io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        names.push(Name {
            text: entry.file_name().to_string_lossy().into_owned(),
            kind: entry.file_type()?,
        });
    }
    names.sort_by(|one, other| one.text.cmp(&other.text));
    Ok(names)
}

/// What a name in `objects` stands for.
#[derive(Debug)]
pub enum Top {
    /// A folder of loose objects, named by the first byte of their ids.
    FanOut,
    /// The folder of packs.
    Pack,
    /// The folder of git's notes about the store.
    Info,
    /// A finding.
    Strange(FindingKind),
}

/// Judges a name in `objects`.
#[must_use]
pub fn top(name: &Name) -> Top {
    let known = match name.text.as_str() {
        "pack" => Top::Pack,
        "info" => Top::Info,
        text if is_lower_hex(text, 2) => Top::FanOut,
        _ => return Top::Strange(strange(name)),
    };
    if name.kind.is_symlink() {
        Top::Strange(FindingKind::Link)
    } else if name.kind.is_dir() {
        known
    } else {
        Top::Strange(FindingKind::Stray)
    }
}

/// Judges a name in a folder of loose objects; `None` for an object.
#[must_use]
pub fn loose(name: &Name) -> Option<FindingKind> {
    (!is_lower_hex(&name.text, 38)).then(|| strange(name))
}

/// What a name in `objects/pack` stands for.
#[derive(Debug)]
pub enum InPack {
    /// A pack.
    Pack,
    /// An index.
    Index,
    /// Something of git's that the objects do not depend upon; what git believes of it, [`crate::storage::git_caches`] checks.
    Harmless,
    /// A finding.
    Strange(FindingKind),
}

/// What the files of a pack end in, and those that stand beside it.
const ENDINGS: [&str; 7] = ["pack", "idx", "promisor", "keep", "rev", "bitmap", "mtimes"];

/// Judges a name in `objects/pack`; all that are there are given as [`list`] gives them.
///
/// Like git, takes a pack by its ending alone: a `git repack` that was killed leaves `.tmp-PID-pack-HASH.pack` and its index, from
/// which git reads like from any other pack, so that it deletes further copies of what is there. Only one half of such a pack is a
/// leftover.
#[must_use]
pub fn in_pack(name: &Name, names: &[Name]) -> InPack {
    if is_leftover(&name.text) && !is_of_pack(&name.text, names) {
        return InPack::Strange(FindingKind::Leftover);
    }
    if name.kind.is_symlink() {
        return InPack::Strange(FindingKind::Link);
    }
    let multi = name.text == "multi-pack-index" || name.text.starts_with("multi-pack-index-");
    if multi && name.kind.is_file() || name.text == "multi-pack-index.d" && name.kind.is_dir() {
        return InPack::Harmless;
    }

    match Path::new(&name.text).extension().and_then(OsStr::to_str) {
        Some("pack") => InPack::Pack,
        Some("idx") => InPack::Index,
        Some("promisor") => InPack::Strange(FindingKind::Promisor),
        Some("keep" | "rev" | "bitmap" | "mtimes") if name.kind.is_file() => InPack::Harmless,
        _ => InPack::Strange(FindingKind::Stray),
    }
}

/// Tells whether a file is one of a pack that has both of its halves.
fn is_of_pack(name: &str, names: &[Name]) -> bool {
    let is_there = |name: &str| {
        names
            .binary_search_by(|other| other.text.as_str().cmp(name))
            .is_ok()
    };
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        ENDINGS.contains(&ending)
            && ["pack", "idx"]
                .iter()
                .all(|half| is_there(&format!("{stem}.{half}")))
    })
}

/// Judges a name in `objects/info`; `None` for git's notes, of which
/// [`crate::storage::git_caches`] checks what git believes.
#[must_use]
pub fn in_info(name: &Name) -> Option<FindingKind> {
    match name.text.as_str() {
        "alternates" | "http-alternates" => Some(FindingKind::Alternates),
        "packs" | "commit-graph" if name.kind.is_file() => None,
        "commit-graphs" if name.kind.is_dir() => None,
        text if text.starts_with("packs_") => Some(FindingKind::Leftover),
        _ => Some(strange(name)),
    }
}

fn strange(name: &Name) -> FindingKind {
    if is_leftover(&name.text) {
        FindingKind::Leftover
    } else if name.kind.is_symlink() {
        FindingKind::Link
    } else {
        FindingKind::Stray
    }
}

/// Tells whether git or libgit2 gives such names to what is not finished.
fn is_leftover(name: &str) -> bool {
    let begins = [
        "tmp_",
        ".tmp-",
        "incoming-",
        "quarantine-",
        "bitmap-ref-tips_",
        "pack_git2_",
    ];
    begins.iter().any(|start| name.starts_with(start)) || name.strip_suffix(".lock").is_some()
}

fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes one thing in a folder, one that ends in `/` as a folder, in `@` as a link, and returns it as it is listed.
    fn listed(name: &str) -> Name {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name.trim_end_matches(['/', '@']));
        match name.chars().next_back() {
            Some('/') => std::fs::create_dir(&path).unwrap(),
            Some('@') => std::os::unix::fs::symlink("elsewhere", &path).unwrap(),
            _ => std::fs::write(&path, "").unwrap(),
        }
        let mut names = list(folder.path()).unwrap();
        names.pop().unwrap()
    }

    #[test]
    fn a_pack_under_a_name_for_what_is_not_finished_is_a_pack_where_its_index_is_there() {
        let folder = tempfile::tempdir().unwrap();
        for ending in [
            "bitmap", "idx", "idx.lock", "keep", "other", "pack", "promisor", "rev",
        ] {
            std::fs::write(folder.path().join(format!(".tmp-1-pack-a.{ending}")), "").unwrap();
        }
        let judged = || {
            let names = list(folder.path()).unwrap();
            let judged = names.iter().map(|name| format!("{:?}", in_pack(name, &names)));
            judged.collect::<Vec<_>>()
        };
        let leftover = "Strange(Leftover)";
        let whole = [
            "Harmless",
            "Index",
            leftover,
            "Harmless",
            leftover,
            "Pack",
            "Strange(Promisor)",
            "Harmless",
        ];
        assert_eq!(judged(), whole);
        std::fs::remove_file(folder.path().join(".tmp-1-pack-a.idx")).unwrap();
        assert_eq!(judged(), [leftover; 7]);
        std::os::unix::fs::symlink("elsewhere", folder.path().join(".tmp-1-pack-a.idx")).unwrap();
        assert_eq!(judged()[1], "Strange(Link)");
    }

    #[test]
    fn a_name_counts_only_for_what_is_of_its_kind() {
        for (name, expected) in [
            ("pack/", "Pack"),
            ("info/", "Info"),
            ("0a/", "FanOut"),
            ("0a", "Strange(Stray)"),
            ("pack@", "Strange(Link)"),
            ("0A/", "Strange(Stray)"),
            ("other@", "Strange(Link)"),
            ("tmp_obj_1", "Strange(Leftover)"),
            ("bitmap-ref-tips_Ab1", "Strange(Leftover)"),
        ] {
            assert_eq!(format!("{:?}", top(&listed(name))), expected, "{name}");
        }
        for (name, expected) in [
            ("a.pack", "Pack"),
            ("a.idx", "Index"),
            ("a.pack@", "Strange(Link)"),
            ("a.promisor", "Strange(Promisor)"),
            ("a.keep", "Harmless"),
            ("a.rev", "Harmless"),
            ("a.keep/", "Strange(Stray)"),
            ("multi-pack-index", "Harmless"),
            ("multi-pack-index-1.bitmap", "Harmless"),
            ("multi-pack-index/", "Strange(Stray)"),
            ("multi-pack-index.d/", "Harmless"),
            ("multi-pack-index.d", "Strange(Stray)"),
            ("other/", "Strange(Stray)"),
            ("a.idx.lock", "Strange(Leftover)"),
            (".tmp-1-pack-a.pack", "Strange(Leftover)"),
            (".tmp-1-pack-a.idx@", "Strange(Leftover)"),
        ] {
            let name = listed(name);
            let found = in_pack(&name, std::slice::from_ref(&name));
            assert_eq!(format!("{found:?}"), expected, "{name:?}");
        }
        for (name, expected) in [
            ("packs", "None"),
            ("packs/", "Some(Stray)"),
            ("commit-graph", "None"),
            ("commit-graph@", "Some(Link)"),
            ("commit-graphs/", "None"),
            ("commit-graphs", "Some(Stray)"),
            ("packs_1", "Some(Leftover)"),
            ("alternates", "Some(Alternates)"),
        ] {
            assert_eq!(format!("{:?}", in_info(&listed(name))), expected, "{name}");
        }
        let id = "0".repeat(38);
        assert!(loose(&listed(&id)).is_none());
        assert!(matches!(loose(&listed("other@")), Some(FindingKind::Link)));
    }
}
