//! The branch as numbers of the inventory, found by reading all commits of a pack at once instead of one after
//! another. The bytes are not hashed here: whoever uses a commit hashes it and checks that it names the one before
//! it.

use rayon::prelude::*;

use crate::id::{CommitId, RawId};
use crate::object::{Hashing, ObjectKind};
use crate::storage::inventory::Inventory;
use crate::storage::reader::Reader;

/// Commits that one thread reads in a row.
const STRETCH: usize = 2048;

/// The commits of the branch, oldest first, each with its number and its committer's seconds.
#[derive(Debug)]
pub struct Line {
    commits: Vec<(usize, i64)>,
    /// Places of the commits, by number.
    by_number: Vec<u32>,
}

impl Line {
    /// Follows the branch from its tip; `None` where it breaks off.
    #[must_use]
    pub fn follow(inventory: &Inventory, tip: CommitId) -> Option<Self> {
        let packed: Vec<usize> = (0..inventory.first_loose())
            .filter(|number| inventory.kind(*number) == Some(ObjectKind::Commit))
            .collect();
        let known: Vec<(usize, Option<Head>)> = packed
            .par_chunks(STRETCH)
            .flat_map_iter(|numbers| {
                let mut reader = Reader::new(inventory, Hashing::Sha1);
                numbers
                    .iter()
                    .map(|&number| (number, Head::read(&mut reader, number)))
                    .collect::<Vec<_>>()
            })
            .collect();
        let mut reader = Reader::new(inventory, Hashing::Sha1);
        let mut commits = Vec::with_capacity(known.len());
        let mut next = Some(*tip.raw());
        while let Some(id) = next {
            let number = inventory.find(&id)?;
            let head = match known.binary_search_by_key(&number, |(number, _)| *number) {
                Ok(place) => known[place].1?,
                Err(_) => Head::read(&mut reader, number)?,
            };
            // Bytes that were not hashed may lead in a circle.
            if commits.len() > inventory.len() {
                return None;
            }
            commits.push((number, head.seconds));
            next = head.parent;
        }
        commits.reverse();
        Some(Self::of(&commits))
    }

    /// Makes a line of commits, oldest first, each with its number and its committer's seconds.
    #[must_use]
    pub fn of(commits: &[(usize, i64)]) -> Self {
        let mut by_number: Vec<u32> = (0..).take(commits.len()).collect();
        by_number.par_sort_unstable_by_key(|place| commits[*place as usize].0);
        Self {
            commits: commits.to_vec(),
            by_number,
        }
    }

    /// Returns how many commits the branch has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    /// Returns the number of the commit at a place, counted from the oldest.
    #[must_use]
    pub fn number(&self, place: usize) -> Option<usize> {
        Some(self.commits.get(place)?.0)
    }

    /// Returns the committer's seconds of the commit at a place.
    #[must_use]
    pub fn seconds(&self, place: usize) -> Option<i64> {
        Some(self.commits.get(place)?.1)
    }

    /// Returns the place of a commit.
    #[must_use]
    pub fn place(&self, number: usize) -> Option<usize> {
        let found = self
            .by_number
            .binary_search_by_key(&number, |place| self.commits[*place as usize].0);
        Some(self.by_number[found.ok()?] as usize)
    }
}

/// What a line needs of a commit.
#[derive(Debug, Clone, Copy)]
struct Head {
    parent: Option<RawId>,
    seconds: i64,
}

impl Head {
    fn read(reader: &mut Reader<'_>, number: usize) -> Option<Self> {
        let body = reader.read_unhashed(number, ObjectKind::Commit)?;
        let head = memchr::memmem::find(&body, b"\n\n").map_or(&body[..], |end| &body[..end]);
        let mut lines = std::str::from_utf8(head).ok()?.split('\n').skip(1).peekable();
        let parent = match lines.peek()?.strip_prefix("parent ") {
            Some(parent) => Some(*parent.parse::<CommitId>().ok()?.raw()),
            None => None,
        };
        let committer = lines.find_map(|line| line.strip_prefix("committer "))?;
        let seconds = committer.rsplit(' ').nth(1)?.parse().ok()?;
        Some(Self { parent, seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packs::PackWriter;
    use crate::storage::objects::ObjectStore;

    #[test]
    fn commits_that_lead_in_a_circle_are_no_branch() {
        let folder = tempfile::tempdir().unwrap();
        let packs = folder.path().join("pack");
        std::fs::create_dir(&packs).unwrap();
        let ids = [1, 2, 3].map(|byte| CommitId::from_raw([byte; 20]));
        let commit = |parent: Option<CommitId>| {
            let parent = parent.map_or(String::new(), |id| format!("parent {id}\n"));
            format!("tree {}\n{parent}committer A <a> 5 +0000\n\ntext\n", ids[0])
        };
        let mut writer = PackWriter::new();
        for (id, parent) in [(ids[0], Some(ids[1])), (ids[1], Some(ids[0])), (ids[2], None)] {
            writer.whole(*id.raw(), 1, commit(parent).as_bytes());
        }
        let (pack, index) = writer.finish();
        std::fs::write(packs.join("pack-1.pack"), pack).unwrap();
        std::fs::write(packs.join("pack-1.idx"), index).unwrap();
        let store = ObjectStore::open(folder.path()).unwrap();
        let inventory = Inventory::for_reading(&store);
        assert!(Line::follow(&inventory, ids[0]).is_none());
        let line = Line::follow(&inventory, ids[2]).unwrap();
        assert_eq!((line.len(), line.seconds(0)), (1, Some(5)));
        assert!(Line::follow(&inventory, CommitId::from_raw([4; 20])).is_none());
    }
}
