//! What a transfer that was torn off still told: git leaves the beginning of the pack under a temporary name, and a pack
//! begins with its commits, the newest first. Their ids are of use, for by its id a host gives out any commit, and all before it:
//! what is left is then brought in parts, each of which stays.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::id::CommitId;
use crate::object::commit::Commit;
use crate::object::{self, ObjectKind};
use crate::platform::{self, Inflater};
use crate::storage::bases::Bases;
use crate::storage::file;
use crate::storage::layout;
use crate::storage::pack::{FIRST_ENTRY, Pack};

/// The file of a scratch that keeps a trail.
const FILE_NAME: &str = "trail";

/// The longest such file, in bytes: some six million commits.
const LONGEST: usize = 256 << 20;

/// A parent's place in the file where there is none.
const NO_PARENT: &str = "0000000000000000000000000000000000000000";

/// Commits of which each is the parent of the one before it. They are what a host said, and nothing that was checked but that
/// each is what its id says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    /// The commits, newest first.
    pub commits: Vec<CommitId>,
    /// The parent of the last of them; `None` where that has none.
    pub before: Option<CommitId>,
}

impl Trail {
    /// Reads the trail that an earlier process kept in a folder, and goes on with what is left of packs there. What cannot be
    /// read is as if it were not there.
    pub(super) fn of(folder: &Path, packs: &Path) -> Self {
        let kept = file::read(&folder.join(FILE_NAME), LONGEST);
        let kept = kept.ok().and_then(|bytes| Self::parse(&bytes));
        let mut told = HashMap::new();
        let mut newest = None;
        for path in torn_packs(packs) {
            let commits = commits(&path).unwrap_or_default();
            let parents: HashSet<CommitId> = commits.iter().filter_map(|(_, parent)| *parent).collect();
            let head = commits.iter().map(|(id, _)| *id).find(|id| !parents.contains(id));
            newest = newest.or(head);
            told.extend(commits);
        }
        let mut trail = kept.unwrap_or(Self {
            commits: Vec::new(),
            before: newest,
        });
        // Ids are hashes, so that none leads back to itself.
        while let Some(id) = trail.before
            && let Some(parent) = told.remove(&id)
        {
            trail.commits.push(id);
            trail.before = parent;
        }
        trail
    }

    /// Keeps it in a folder for the next process. It can be done without, so that it could not be written is no failure.
    pub(super) fn keep(&self, folder: &Path) {
        if self.commits.is_empty() {
            return;
        }
        let mut lines = String::with_capacity(41 * (self.commits.len() + 1));
        for id in &self.commits {
            lines.push_str(&format!("{id}\n"));
        }
        match self.before {
            Some(id) => lines.push_str(&format!("{id}\n")),
            None => lines.push_str(&format!("{NO_PARENT}\n")),
        }
        let _ = fs::write(folder.join(FILE_NAME), lines);
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        let mut lines: Vec<&str> = text.split('\n').collect();
        let before = match lines.pop()? {
            NO_PARENT => None,
            id => Some(id.parse().ok()?),
        };
        let commits: Option<Vec<CommitId>> = lines.iter().map(|id| id.parse().ok()).collect();
        let commits = commits.filter(|commits| !commits.is_empty())?;
        Some(Self { commits, before })
    }
}

/// Lists the packs that git left unfinished.
pub(super) fn torn_packs(folder: &Path) -> Vec<PathBuf> {
    let names = layout::list(folder).unwrap_or_default();
    let torn = names
        .iter()
        .filter(|name| name.text.starts_with("tmp_pack_") && name.kind.is_file());
    torn.map(|name| folder.join(&name.text)).collect()
}

/// Reads the commits with which the pack begins, each with its parent, as far as it goes.
fn commits(path: &Path) -> io::Result<Vec<(CommitId, Option<CommitId>)>> {
    let map = platform::map_file(&File::open(path)?)?;
    let pack = Pack::torn(&map[..]);
    let (mut inflater, mut bases) = (Inflater::new(), Bases::new());
    let mut commits = Vec::new();
    let mut at = FIRST_ENTRY;
    while let Some((id, parent, end)) = commit(&pack, at, &mut inflater, &mut bases) {
        commits.push((id, parent));
        at = end;
    }
    Ok(commits)
}

/// Reads the commit whose entry begins at an offset: its id, its parent, and where the next entry begins. `None` for anything
/// else.
fn commit(
    pack: &Pack<&[u8]>,
    at: u64,
    inflater: &mut Inflater,
    bases: &mut Bases,
) -> Option<(CommitId, Option<CommitId>, u64)> {
    let end = u64::try_from(pack.content().0.len()).ok()?;
    let entry = pack.entry(at).ok()?;
    let (_, end) = pack.inflate(&entry, end, inflater).ok()?;
    let object = pack.read_at(at, inflater, bases).ok()?;
    let commit = (object.kind == ObjectKind::Commit).then(|| Commit::parse(&object.body).ok())??;
    let id = object::hash(ObjectKind::Commit, &object.body).ok()?;
    Some((
        CommitId::from_raw(*id.raw()),
        commit.parents.first().copied(),
        end,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::delta;
    use crate::packs::PackWriter;

    /// Three commits, newest first: their ids, and a pack of them, the second one as a delta, with a blob after them.
    fn written() -> (Vec<CommitId>, Vec<u8>) {
        let body = |parent: Option<CommitId>, number: u8| {
            let parent = parent.map_or_else(String::new, |id| format!("parent {id}\n"));
            let who = "Desk <desk@example.org> 1769040000 +0000";
            let tree = "1".repeat(40);
            format!("tree {tree}\n{parent}author {who}\ncommitter {who}\n\nRevision {number}\n").into_bytes()
        };
        let id = |body: &[u8]| CommitId::from_raw(*object::hash(ObjectKind::Commit, body).unwrap().raw());
        let first = body(None, 1);
        let second = body(Some(id(&first)), 2);
        let third = body(Some(id(&second)), 3);
        let ids = [&third, &second, &first].map(|body| id(body));
        let mut pack = PackWriter::new();
        let base = pack.whole(*ids[0].raw(), 1, &third);
        pack.offset_delta(
            *ids[1].raw(),
            base,
            &delta::encode(&third, &second, usize::MAX).unwrap(),
        );
        pack.whole(*ids[2].raw(), 1, &first);
        pack.whole([9; 20], 3, b"some text that follows the commits");
        (ids.to_vec(), pack.finish().0)
    }

    /// Leaves the beginning of a pack in a folder as git does, and returns what is made of it.
    fn torn(folder: &Path, bytes: &[u8]) -> Trail {
        fs::write(folder.join("tmp_pack_Ab12cd"), bytes).unwrap();
        Trail::of(folder, folder)
    }

    #[test]
    fn however_much_came_of_a_pack_tells_its_first_commits() {
        let (ids, pack) = written();
        let mut met = [0; 4];
        for end in 0..pack.len() {
            let folder = tempfile::tempdir().unwrap();
            let trail = torn(folder.path(), &pack[..end]);
            let count = trail.commits.len();
            assert_eq!(trail.commits, ids[..count]);
            assert_eq!(trail.before, ids.get(count).copied().filter(|_| count > 0));
            met[count] += 1;
        }
        assert!(met.iter().all(|count| *count > 0), "{met:?}");
    }

    #[test]
    fn a_trail_is_kept_and_goes_on_with_what_came_of_the_next_transfer() {
        let (ids, pack) = written();
        let folder = tempfile::tempdir().unwrap();
        let kept = Trail {
            commits: vec![CommitId::from_raw([7; 20])],
            before: Some(ids[0]),
        };
        kept.keep(folder.path());
        assert_eq!(Trail::of(folder.path(), folder.path()), kept);
        let trail = torn(folder.path(), &pack);
        assert_eq!((trail.commits.len(), trail.before), (4, None));
        trail.keep(folder.path());
        assert_eq!(Trail::of(folder.path(), folder.path()), trail);
        for other in [
            "",
            "\n",
            "x\n",
            &format!("{NO_PARENT}\n"),
            &format!("{}\n", ids[0]),
        ] {
            fs::write(folder.path().join(FILE_NAME), other).unwrap();
            let trail = Trail::of(folder.path(), folder.path());
            assert_eq!((trail.commits.len(), trail.before), (3, None), "{other:?}");
        }
    }

    #[test]
    fn a_commit_that_was_changed_on_the_way_ends_the_trail() {
        let (ids, mut pack) = written();
        let at = pack.len() / 3;
        pack[at] ^= 0x10;
        let folder = tempfile::tempdir().unwrap();
        let trail = torn(folder.path(), &pack);
        assert!(trail.commits.len() < 3);
        assert!(trail.commits.iter().all(|id| ids.contains(id)));
    }
}
