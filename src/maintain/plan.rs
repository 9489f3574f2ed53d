//! In which order objects stand in the new pack, and which of those before each it may be told as a delta of.
//!
//! First come the commits of the branch, oldest first, each upon the one before it; then, in the same order, what each
//! commit brought: folders upon their own former states, files upon their former revisions, a source upon the page's
//! text, of which it is nearly a part, and metadata upon any before it. Then the same for commits that the branch does not lead to, and at last what no
//! commit leads to, by id. So bases come before their deltas, and the check of the whole, which reads the branch in
//! its order, finds neighbours beside one another.
//!
//! Whether a delta pays is found out later; depths are counted as if each did. So the plan depends on nothing but the
//! objects.
//!
//! Memory: six bytes for each object, eight for each commit and some sixty while their history is followed.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::archive::Archive;
use crate::article::{METADATA_FILE, PAGE_FILE};
use crate::id::{BlobId, ObjectId};
use crate::maintain::MaintainError;
use crate::object::tree::{Entries, Entry};
use crate::object::{Hashing, ObjectKind};
use crate::storage::bits::Bits;
use crate::storage::fold::Fold;
use crate::storage::inventory::Inventory;
use crate::storage::reader::Reader;

/// The most deltas that an object stands upon: as many as git allows where nothing else is said.
const DEEPEST: u8 = 50;

/// Where a chain is full, a new one begins upon the beginning of the last one, unless that lies deeper than this.
const DEEPEST_BEGINNING: u8 = 40;

/// How deep folders are followed; an archive has six of them in one another.
const DEEPEST_FOLDER: usize = 64;

/// An object, by its number in the inventory, with the objects that it may be told as a delta of.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    pub number: usize,
    pub bases: [Option<usize>; 2],
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Commits,
    Contents,
    Rest,
}

/// Whose commits are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    Branch,
    Others,
}

/// The plan, made piece by piece.
pub struct Plan<'a> {
    fold: &'a Fold<'a>,
    withheld: &'a BTreeSet<BlobId>,
    inventory: &'a Inventory,
    reader: Reader<'a>,
    round: Round,
    stage: Stage,
    /// Commits of the round, or at the end the objects that are left.
    list: Vec<usize>,
    at: usize,
    planned: Bits,
    depths: Vec<u8>,
    /// For each object the first of its bases.
    upon: Vec<u32>,
    beginnings: Bits,
    items: Vec<Item>,
    last_commit: Option<usize>,
    last_folder: Option<usize>,
    last_metadata: Option<usize>,
    last_tree: Option<(usize, ObjectId)>,
}

/// What a commit leads to.
struct Head {
    tree: ObjectId,
    parents: Vec<ObjectId>,
}

impl<'a> Plan<'a> {
    /// Begins with the archive's branch.
    pub fn begin(fold: &'a Fold<'a>, archive: &'a Archive) -> Result<Self, MaintainError> {
        let inventory = fold.inventory();
        let mut plan = Self {
            fold,
            withheld: archive.withheld(),
            inventory,
            reader: Reader::new(inventory, Hashing::Sha1),
            round: Round::Branch,
            stage: Stage::Commits,
            list: Vec::new(),
            at: 0,
            planned: Bits::new(inventory.len()),
            depths: vec![0; inventory.len()],
            upon: vec![0; inventory.len()],
            beginnings: Bits::new(inventory.len()),
            items: Vec::new(),
            last_commit: None,
            last_folder: None,
            last_metadata: None,
            last_tree: None,
        };
        let tip: ObjectId = archive.tip().into();
        let tip = inventory.find(tip.raw()).ok_or(MaintainError::Missing(tip))?;
        plan.list = plan.history(&[tip])?;
        Ok(plan)
    }

    /// Returns the next items, at least so many where there are as many; none at the end.
    pub fn next(&mut self, many: usize) -> Result<Vec<Item>, MaintainError> {
        while self.items.len() < many {
            let Some(&number) = self.list.get(self.at) else {
                if !self.next_stage()? {
                    break;
                }
                continue;
            };
            self.at += 1;
            match self.stage {
                Stage::Commits => {
                    let base = self.last_commit.replace(number);
                    self.plan(number, [base, None]);
                }
                Stage::Contents => self.contents(number)?,
                Stage::Rest => self.plan(number, [None, None]),
            }
        }
        Ok(std::mem::take(&mut self.items))
    }

    fn next_stage(&mut self) -> Result<bool, MaintainError> {
        self.at = 0;
        match (self.stage, self.round) {
            (Stage::Commits, _) => self.stage = Stage::Contents,
            (Stage::Contents, Round::Branch) => {
                (self.round, self.stage) = (Round::Others, Stage::Commits);
                let mut commits = self.unplanned();
                let mut unreadable = None;
                commits.retain(|&number| {
                    let kind = match self.inventory.kind(number) {
                        Some(kind) => Some(kind),
                        None => self.reader.read_any(number).map(|(kind, _)| kind),
                    };
                    unreadable = unreadable.or(kind.is_none().then_some(number));
                    kind == Some(ObjectKind::Commit)
                });
                unreadable.map_or(Ok(()), |number| Err(self.unreadable(number)))?;
                self.list = self.history(&commits)?;
            }
            (Stage::Contents, Round::Others) => {
                self.stage = Stage::Rest;
                self.list = self.unplanned();
            }
            (Stage::Rest, _) => return Ok(false),
        }
        Ok(true)
    }

    /// Lists what goes into the pack and is not planned, by id, so that it does not matter where it was kept.
    fn unplanned(&self) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..self.inventory.len())
            .filter(|number| self.fold.is_wanted(*number) && !self.planned.get(*number))
            .collect();
        numbers.sort_by_cached_key(|number| self.inventory.id(*number));
        numbers
    }

    /// Lists commits and their ancestors that are not planned, parents first.
    fn history(&mut self, commits: &[usize]) -> Result<Vec<usize>, MaintainError> {
        let seen = Bits::new(self.inventory.len());
        let mut listed = Vec::new();
        let mut path: Vec<(usize, Vec<ObjectId>)> = Vec::new();
        for &commit in commits {
            let mut next = Some(commit);
            loop {
                if let Some(number) = next.take().filter(|number| seen.set(*number)) {
                    path.push((number, self.head(number)?.map_or(Vec::new(), |head| head.parents)));
                }
                let Some((number, parents)) = path.last_mut() else {
                    break;
                };
                if let Some(parent) = parents.pop() {
                    match self.inventory.find(parent.raw()) {
                        Some(parent) if self.planned.get(parent) => {}
                        None if self.round == Round::Branch => return Err(MaintainError::Missing(parent)),
                        found => next = found,
                    }
                } else {
                    listed.push(*number);
                    path.pop();
                }
            }
        }
        Ok(listed)
    }

    /// Reads what a commit leads to; `None` where it is no commit that git would follow.
    fn head(&mut self, number: usize) -> Result<Option<Head>, MaintainError> {
        let read = self.reader.read_any(number);
        let (kind, body) = read.ok_or_else(|| self.unreadable(number))?;
        if kind != ObjectKind::Commit {
            return Ok(None);
        }
        let mut lines = body.split(|byte| *byte == b'\n');
        let mut next = |key: &str| {
            let line = std::str::from_utf8(lines.next()?).ok()?;
            line.strip_prefix(key)?.parse().ok()
        };
        let tree = next("tree ");
        let parents = std::iter::from_fn(|| next("parent ")).collect();
        Ok(tree.map(|tree| Head { tree, parents }))
    }

    /// Plans an object once, if it goes into the pack.
    fn plan(&mut self, number: usize, candidates: [Option<usize>; 2]) {
        if !self.planned.set(number) || !self.fold.is_wanted(number) {
            return;
        }
        let bases = candidates.map(|base| self.base(number, base?));
        let first = bases[0].or(bases[1]);
        let depth = bases.iter().flatten().map(|base| self.depths[*base] + 1).max();
        self.depths[number] = depth.unwrap_or(0);
        self.upon[number] = first.map_or(0, |base| u32::try_from(base).unwrap_or(0));
        self.items.push(Item { number, bases });
    }

    /// Returns an object that a delta may stand upon: the candidate, or the beginning of its chain where that is full.
    fn base(&mut self, number: usize, candidate: usize) -> Option<usize> {
        let is_there = self.planned.get(candidate) && self.fold.is_wanted(candidate);
        if !is_there || candidate == number {
            return None;
        }
        if self.depths[candidate] < DEEPEST {
            return Some(candidate);
        }
        let mut beginning = candidate;
        while self.depths[beginning] > 0 && !self.beginnings.get(beginning) {
            beginning = self.upon[beginning] as usize;
        }
        self.beginnings.set(number);
        (self.depths[beginning] < DEEPEST_BEGINNING).then_some(beginning)
    }

    /// Plans what a commit brought.
    fn contents(&mut self, number: usize) -> Result<(), MaintainError> {
        let Some(head) = self.head(number)? else {
            return Ok(());
        };
        let parent = head.parents.first().and_then(|id| self.inventory.find(id.raw()));
        let old = match (parent, self.last_tree) {
            (Some(parent), Some((last, tree))) if parent == last => Some(tree),
            (Some(parent), _) => self.head(parent)?.map(|head| head.tree),
            (None, _) => None,
        };
        self.last_tree = Some((number, head.tree));
        self.folder(head.tree, old, 0)
    }

    /// Plans a folder and what in it differs from another one.
    fn folder(&mut self, id: ObjectId, old: Option<ObjectId>, depth: usize) -> Result<(), MaintainError> {
        let Some(number) = self.found(id)?.filter(|number| !self.planned.get(*number)) else {
            return Ok(());
        };
        let Some(body) = self.tree(number)? else {
            return Ok(());
        };
        let old = old.and_then(|id| self.inventory.find(id.raw()));
        let old_body = match old {
            Some(old) => self.tree(old)?,
            None => None,
        };
        let (folders, files) = changes(&body, old_body.as_deref().map_or(&[], Vec::as_slice));
        let alike = if files.is_empty() { None } else { self.last_folder };
        self.plan(number, [old.or(alike), None]);
        if !files.is_empty() {
            self.last_folder = Some(number);
        }
        if depth < DEEPEST_FOLDER {
            for (id, old) in folders {
                self.folder(id, old, depth + 1)?;
            }
        }
        self.files(files)
    }

    /// Plans the files that a folder has and its former state has not, the page's text before the sources.
    fn files(&mut self, mut files: Vec<(&str, ObjectId, Option<ObjectId>)>) -> Result<(), MaintainError> {
        files.sort_by_key(|(name, ..)| *name != PAGE_FILE);
        let mut page = None;
        for (name, id, old) in files {
            if self.withheld.contains(&BlobId::from_raw(*id.raw())) {
                continue;
            }
            let Some(number) = self.found(id)? else { continue };
            let old = old.and_then(|id| self.inventory.find(id.raw()));
            let bases = if name == PAGE_FILE {
                page = Some(number);
                [old, None]
            } else if name == METADATA_FILE {
                let last = self.last_metadata.replace(number);
                [old.or(last), None]
            } else {
                [old, page]
            };
            self.plan(number, bases);
        }
        Ok(())
    }

    /// Finds an object; what the branch leads to has to be there.
    fn found(&self, id: ObjectId) -> Result<Option<usize>, MaintainError> {
        match self.inventory.find(id.raw()) {
            None if self.round == Round::Branch => Err(MaintainError::Missing(id)),
            found => Ok(found),
        }
    }

    fn unreadable(&self, number: usize) -> MaintainError {
        MaintainError::Unreadable(self.inventory.id(number))
    }

    fn tree(&mut self, number: usize) -> Result<Option<Rc<Vec<u8>>>, MaintainError> {
        let read = self.reader.read_any(number);
        let (kind, body) = read.ok_or_else(|| self.unreadable(number))?;
        Ok((kind == ObjectKind::Tree).then_some(body))
    }
}

type Folders = Vec<(ObjectId, Option<ObjectId>)>;
type Files<'a> = Vec<(&'a str, ObjectId, Option<ObjectId>)>;

/// Lists the entries that a tree has and another has not, each with the other's entry of the same name and kind. A
/// tree that is none of an archive's is read as far as it looks like one: what is behind comes with the rest.
fn changes<'a>(new: &'a [u8], old: &[u8]) -> (Folders, Files<'a>) {
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    let mut old = Entries::of(old).map_while(Result::ok).peekable();
    for (name, entry) in Entries::of(new).map_while(Result::ok) {
        if old.next_if_eq(&(name, entry)).is_some() {
            continue;
        }
        let mut ahead = old.clone();
        let same = ahead.find(|(known, _)| *known == name).map(|(_, entry)| entry);
        if same.is_some() {
            old = ahead;
        }
        match (entry, same) {
            (new, Some(same)) if new == same => {}
            (Entry::Folder(id), Some(Entry::Folder(same))) => folders.push((id.into(), Some(same.into()))),
            (Entry::Folder(id), _) => folders.push((id.into(), None)),
            (Entry::File(id), Some(Entry::File(same))) => files.push((name, id.into(), Some(same.into()))),
            (Entry::File(id), _) => files.push((name, id.into(), None)),
        }
    }
    (folders, files)
}
