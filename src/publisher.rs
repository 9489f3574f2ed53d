//! A publisher's own repository, walked once from its first commit to its newest: each version of each file, with who
//! wrote it and when. Files are followed through renames. Nothing of the repository is run, and no configuration of it
//! is honoured: replaced objects and grafts are seen as they are without them.
//!
//! Commits come after all that they follow, the oldest committer's date first. Of a merge come the files that are not
//! what was last seen of them, so that what a file is at the end of the walk is what it is at the tip.
//!
//! Memory: some 100 bytes for each commit, the paths of all files that were ever met, and 64 MiB of trees.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use self::changes::{Change, ChangeError};
use self::repository::{OpenError, Repository};
use self::source::Source;
use crate::archive::Fault;
use crate::canonical::first_unprintable;
use crate::date::RevisionDate;
use crate::draft::Form;
use crate::id::{BlobId, CommitId, TreeId};
use crate::object::foreign::ForeignCommit;
use crate::object::ident::Person;
use crate::storage::inventory::Inventory;

mod changes;
mod renames;
pub mod repository;
mod source;

/// The length that pointers of Git LFS stay below.
const LONGEST_POINTER: usize = 1024;

/// The most characters of a subject that become a note.
const LONGEST_NOTE: usize = 200;

/// Why a repository cannot be walked.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A pattern of paths is none.
    #[error("{glob:?} is no pattern of paths")]
    Glob {
        /// The pattern.
        glob: String,
        /// What is wrong.
        source: globset::Error,
    },
    /// An object on the way is missing or damaged.
    #[error("could not read the repository's history")]
    Read(#[from] Fault),
    /// A tree that git would not have written.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// One version of a file.
#[derive(Debug, Clone)]
pub struct Version {
    /// The path, as it is shown.
    pub path: String,
    /// The same number for all versions of a file, whatever its path was.
    pub file: u64,
    /// Which of them it is, from 1.
    pub number: usize,
    /// The commit that made it.
    pub commit: CommitId,
    /// Who wrote it, where anybody is named.
    pub author: Option<Person>,
    /// When: the author's date, or where that is none that a revision can have, the committer's, else that of the commits before.
    pub date: Option<RevisionDate>,
    /// Whether another date stands for the author's.
    pub has_other_date: bool,
    /// What versions are sorted by: the date's seconds, never below those of the version before.
    pub order: i64,
    /// The first paragraph of the commit's message on one line, where it can be a note.
    pub note: Option<String>,
    /// How the file is written, as its name tells.
    pub form: Option<Form>,
    /// The bytes, or why there are none.
    pub bytes: Result<Vec<u8>, String>,
}

/// What of a repository's history is no version of a file that could be an article, or not any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Files that the tip no longer has, by their last paths, each with the commit that took it away, where that is known.
    pub gone: Vec<(String, Option<CommitId>)>,
    /// Paths where a pointer of Git LFS stood in the place of a text, each with the last commit that brought one.
    pub pointers: BTreeMap<String, CommitId>,
    /// Paths where a symbolic link stood.
    pub links: Vec<String>,
}

/// Which files are articles.
#[derive(Debug)]
pub struct Paths {
    globs: Option<GlobSet>,
}

impl Paths {
    /// Takes patterns, as git's own: `*` and `?` stand for any characters, `/` among them, and a folder for all that is
    /// in it. Without any, every file counts whose name ends as those of text, Markdown or HTML do.
    ///
    /// # Errors
    /// [`WalkError::Glob`].
    pub fn matching(globs: &[String]) -> Result<Self, WalkError> {
        if globs.is_empty() {
            return Ok(Self { globs: None });
        }
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            let error = |source| WalkError::Glob {
                glob: glob.clone(),
                source,
            };
            let own = glob.trim_start_matches("./").trim_end_matches('/');
            for pattern in [own.to_owned(), format!("{own}/**")] {
                set.add(GlobBuilder::new(&pattern).build().map_err(error)?);
            }
        }
        let set = set.build().map_err(|source| WalkError::Glob {
            glob: globs.join(" "),
            source,
        })?;
        Ok(Self { globs: Some(set) })
    }

    /// Tells whether a file counts: one that a pattern matches needs no ending, and another ending than those that can
    /// be read excludes it all the same.
    fn has(&self, path: &[u8]) -> bool {
        let path = String::from_utf8_lossy(path);
        let name = path.rsplit('/').next().unwrap_or_default();
        let has_form = Form::of_name(name).is_some();
        match &self.globs {
            None => has_form,
            Some(globs) => (has_form || !name.contains('.')) && globs.is_match(&*path),
        }
    }
}

/// What the walk keeps of a commit.
#[derive(Debug, Clone)]
struct Step {
    tree: TreeId,
    parents: Vec<CommitId>,
    /// When it was committed.
    date: Option<RevisionDate>,
}

/// What is known of a file.
#[derive(Debug, Clone, Default)]
struct File {
    last: Option<BlobId>,
    order: i64,
    versions: usize,
}

/// Every commit that the tip of a repository leads to.
#[derive(Debug, Clone)]
pub struct History(Rc<HashMap<CommitId, Step>>);

impl History {
    /// Tells whether a commit is among them.
    #[must_use]
    pub fn has(&self, id: CommitId) -> bool {
        self.0.contains_key(&id)
    }
}

/// The walk: an iterator of versions, each after those before it.
pub struct Walk<'a> {
    source: Source<'a>,
    paths: &'a Paths,
    /// Every commit that the tip leads to.
    steps: Rc<HashMap<CommitId, Step>>,
    /// The commits that are still to come, in order.
    next: VecDeque<CommitId>,
    /// The numbers of files by their paths; a path that a file was renamed from keeps it, for other branches.
    numbers: HashMap<Vec<u8>, u64>,
    /// Paths that files were renamed from.
    left: HashSet<Vec<u8>>,
    /// The last commit that took a file away from a path.
    taken: HashMap<Vec<u8>, CommitId>,
    links: BTreeSet<Vec<u8>>,
    pointers: BTreeMap<String, CommitId>,
    tip: CommitId,
    files: Vec<File>,
    /// Versions of the present commit, the last first.
    ready: Vec<Version>,
    failed: bool,
    /// Whether somebody wants an end of it.
    interrupted: Arc<AtomicBool>,
}

impl<'a> Walk<'a> {
    /// Finds the commits of a repository's branch, or of its `HEAD`.
    ///
    /// # Errors
    /// [`WalkError`] where the history cannot be followed.
    pub fn begin(
        repository: &'a Repository,
        inventory: &'a Inventory,
        paths: &'a Paths,
    ) -> Result<Self, WalkError> {
        let mut source = Source::new(repository.objects(), inventory);
        let mut steps = read_steps(&mut source, repository.tip())?;
        let next = in_order(&steps);
        fill_dates(&mut steps, &next);
        Ok(Self {
            source,
            paths,
            steps: Rc::new(steps),
            next,
            numbers: HashMap::new(),
            left: HashSet::new(),
            taken: HashMap::new(),
            links: BTreeSet::new(),
            pointers: BTreeMap::new(),
            tip: repository.tip(),
            files: Vec::new(),
            ready: Vec::new(),
            failed: false,
            interrupted: Arc::default(),
        })
    }

    /// Returns which commits the walk comes by, for as long as that is asked.
    #[must_use]
    pub fn history(&self) -> History {
        History(Rc::clone(&self.steps))
    }

    /// Ends the walk where that becomes true: it may go through many commits that bring no version.
    #[must_use]
    pub fn until(self, interrupted: Arc<AtomicBool>) -> Self {
        Self { interrupted, ..self }
    }

    /// Returns what the walk has passed over, once it has come to its end.
    ///
    /// # Errors
    /// [`WalkError`] where the tree of the tip cannot be read.
    pub fn passed_over(&mut self) -> Result<PassedOver, WalkError> {
        let tip = self.steps[&self.tip].tree;
        let mut links = BTreeSet::new();
        let there = changes::between(&mut self.source, None, tip, self.paths, &mut links)?;
        let there: HashSet<u64> = there
            .iter()
            .filter_map(|change| self.numbers.get(&change.path))
            .copied()
            .collect();
        let mut gone = Vec::new();
        for (path, number) in &self.numbers {
            let at = usize::try_from(*number).unwrap_or(usize::MAX);
            let had_text = self.files.get(at).is_some_and(|file| file.versions > 0);
            if had_text && !there.contains(number) && !self.left.contains(path) {
                let taken = self.taken.get(path).copied();
                gone.push((String::from_utf8_lossy(path).into_owned(), taken));
            }
        }
        gone.sort_unstable();
        let shown = |path: &Vec<u8>| String::from_utf8_lossy(path).into_owned();
        Ok(PassedOver {
            gone,
            pointers: self.pointers.clone(),
            links: self.links.iter().map(shown).collect(),
        })
    }

    fn look_at(&mut self, id: CommitId) -> Result<(), WalkError> {
        let Step {
            tree,
            parents,
            date: committed,
        } = self.steps[&id].clone();
        let parents: Vec<TreeId> = parents.iter().map(|parent| self.steps[parent].tree).collect();
        let mut versions = Vec::new();
        for (path, blob) in self.brought(&parents, tree, id)? {
            let number = self.number(&path);
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            if self.files[at].last != Some(blob) {
                self.files[at].last = Some(blob);
                versions.push((path, number, blob));
            }
        }
        if versions.is_empty() {
            return Ok(());
        }
        let body = self.source.commit(id)?;
        let commit = ForeignCommit::parse(&body).map_err(|error| Fault::Foreign(id.into(), error))?;
        let author = commit.author();
        let date = author.date.or(committed);
        let note = note(&commit.subject());
        for (path, number, blob) in versions.into_iter().rev() {
            let bytes = self.source.blob(blob).map(|body| Vec::clone(&body));
            if bytes.as_ref().is_ok_and(|bytes| is_pointer(bytes)) {
                let path = String::from_utf8_lossy(&path).into_owned();
                self.pointers.insert(path, id);
                continue;
            }
            let file = &mut self.files[usize::try_from(number).unwrap_or(usize::MAX)];
            file.versions += 1;
            file.order = file.order.max(date.map_or(0, RevisionDate::seconds));
            let path = String::from_utf8_lossy(&path).into_owned();
            self.ready.push(Version {
                form: Form::of_name(&path),
                path,
                file: number,
                number: file.versions,
                commit: id,
                author: author.person(),
                date,
                has_other_date: author.date.is_none() && date.is_some(),
                order: file.order,
                note: note.clone().filter(|_| file.versions > 1),
                bytes,
            });
        }
        Ok(())
    }

    /// Returns the files that a tree has and one of its parents has not in the same form, in the order of their paths.
    fn brought(
        &mut self,
        parents: &[TreeId],
        tree: TreeId,
        commit: CommitId,
    ) -> Result<BTreeMap<Vec<u8>, BlobId>, WalkError> {
        let mut brought = BTreeMap::new();
        let olds: Vec<Option<TreeId>> = match parents {
            [] => vec![None],
            several => several.iter().copied().map(Some).collect(),
        };
        for old in &olds {
            let changes = changes::between(&mut self.source, *old, tree, self.paths, &mut self.links)?;
            for change in changes.iter().filter(|change| change.new.is_none()) {
                let taken = self.taken.entry(change.path.clone());
                // What a merge has not was mostly taken away by one of those that it merges.
                if olds.len() == 1 {
                    taken.insert_entry(commit);
                } else {
                    taken.or_insert(commit);
                }
            }
            // What a merge moves was moved by one of those that it merges.
            if olds.len() == 1 {
                self.follow_renames(&changes);
            }
            brought.extend(
                changes
                    .into_iter()
                    .filter_map(|change| Some((change.path, change.new?))),
            );
        }
        Ok(brought)
    }

    /// Returns the number of the file at a path; a path where none ever was, or that its file has left, gets a new one.
    fn number(&mut self, path: &[u8]) -> u64 {
        if let Some(number) = self.numbers.get(path) {
            return *number;
        }
        let number = u64::try_from(self.files.len()).expect("files are counted in 64 bits");
        self.files.push(File::default());
        self.numbers.insert(path.to_owned(), number);
        number
    }

    /// Gives files that a commit moved their numbers at their new paths.
    fn follow_renames(&mut self, changes: &[Change]) {
        let (gone, new): (Vec<&Change>, Vec<&Change>) = changes
            .iter()
            .filter(|change| change.old.is_some() != change.new.is_some())
            .partition(|change| change.new.is_none());
        let pairs = renames::pairs(&mut self.source, &gone, &new);
        // All are looked up before any is changed: files may have taken each other's places.
        let moved: Vec<(&Change, &Change, Option<u64>)> = pairs
            .into_iter()
            .map(|(from, to)| (from, to, self.numbers.get(&from.path).copied()))
            .collect();
        for change in &new {
            if self.left.remove(&change.path) {
                self.numbers.remove(&change.path);
            }
        }
        for (from, to, number) in moved {
            if let Some(number) = number {
                self.numbers.insert(to.path.clone(), number);
                self.left.insert(from.path.clone());
            }
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Version, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(version) = self.ready.pop() {
                return Some(Ok(version));
            }
            let is_ended = self.failed || self.interrupted.load(Ordering::Relaxed);
            let id = self.next.pop_front().filter(|_| !is_ended)?;
            if let Err(error) = self.look_at(id) {
                self.failed = true;
                return Some(Err(error));
            }
        }
    }
}

/// Tells whether a file only says where Git LFS keeps its content (git-lfs, `docs/spec.md`).
fn is_pointer(bytes: &[u8]) -> bool {
    let is_of_version = [
        &b"version https://git-lfs.github.com/spec/"[..],
        b"version https://hawser.github.com/spec/",
    ]
    .iter()
    .any(|version| bytes.starts_with(version));
    let has_id = || {
        bytes
            .split(|byte| *byte == b'\n')
            .any(|line| line.starts_with(b"oid sha256:"))
    };
    bytes.len() < LONGEST_POINTER && is_of_version && has_id()
}

/// Reads every commit that a tip leads to.
fn read_steps(source: &mut Source<'_>, tip: CommitId) -> Result<HashMap<CommitId, Step>, WalkError> {
    let mut steps = HashMap::new();
    let mut next = vec![tip];
    while let Some(id) = next.pop() {
        if steps.contains_key(&id) {
            continue;
        }
        let body: Rc<Vec<u8>> = source.commit(id)?;
        let commit = ForeignCommit::parse(&body).map_err(|error| Fault::Foreign(id.into(), error))?;
        let date = commit.committer().date;
        next.extend(commit.parents.iter().copied());
        let step = Step {
            tree: commit.tree,
            parents: commit.parents,
            date,
        };
        steps.insert(id, step);
    }
    Ok(steps)
}

/// Puts commits in order: each after its parents, of those that could come next the oldest first.
fn in_order(steps: &HashMap<CommitId, Step>) -> VecDeque<CommitId> {
    let mut waits_for: HashMap<CommitId, usize> = HashMap::with_capacity(steps.len());
    let mut children: HashMap<CommitId, Vec<CommitId>> = HashMap::with_capacity(steps.len());
    for (id, step) in steps {
        waits_for.insert(*id, step.parents.len());
        for parent in &step.parents {
            children.entry(*parent).or_default().push(*id);
        }
    }
    let can_come = |id: CommitId| Reverse((steps[&id].date.map_or(0, RevisionDate::seconds), id));
    let first = waits_for.iter().filter(|(_, count)| **count == 0);
    let mut ready: BinaryHeap<Reverse<(i64, CommitId)>> = first.map(|(id, _)| can_come(*id)).collect();
    let mut order = VecDeque::with_capacity(steps.len());
    while let Some(Reverse((_, id))) = ready.pop() {
        order.push_back(id);
        for child in children.remove(&id).unwrap_or_default() {
            let count = waits_for.get_mut(&child).expect("every commit was counted");
            *count -= 1;
            if *count == 0 {
                ready.push(can_come(child));
            }
        }
    }
    order
}

/// Gives commits whose date is none that a revision can have that of the commit before, the first ones the oldest of all, so
/// that a later walk gives them the same.
fn fill_dates(steps: &mut HashMap<CommitId, Step>, order: &VecDeque<CommitId>) {
    let dates = steps.values().filter_map(|step| step.date);
    let oldest = dates.min_by_key(|date| date.seconds());
    for id in order {
        let step = &steps[id];
        if step.date.is_none() {
            let before = step.parents.first().and_then(|parent| steps[parent].date);
            let date = before.or(oldest);
            steps.entry(*id).and_modify(|step| step.date = date);
        }
    }
}

/// Makes a note of a subject: a line without what cannot be printed, not too long.
fn note(subject: &str) -> Option<String> {
    let mut rest = subject.trim().chars();
    let mut note: String = rest.by_ref().take(LONGEST_NOTE).collect();
    let is_cut = rest.next().is_some();
    while let Some((at, c)) = first_unprintable(&note) {
        let blank = if c.is_control() || c.is_whitespace() {
            " "
        } else {
            ""
        };
        note.replace_range(at..at + c.len_utf8(), blank);
    }
    let note = note.trim();
    if note.is_empty() || note.contains('\u{fffd}') {
        return None;
    }
    Some(if is_cut {
        format!("{note}…")
    } else {
        note.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date::UtcOffset;

    #[test]
    fn patterns_are_those_of_git() {
        let has = |globs: &[&str], path: &str| {
            let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
            Paths::matching(&globs).unwrap().has(path.as_bytes())
        };
        for path in ["a.md", "文章/二.markdown", "a/b/c.TXT", "x.html"] {
            assert!(has(&[], path), "{path}");
        }
        for path in ["a", "a.png", "a.md.png", "md"] {
            assert!(!has(&[], path), "{path}");
        }
        for (glob, path) in [
            ("*.md", "a/b.md"),
            ("posts", "posts/a/b.md"),
            ("./posts/", "posts/a"),
            ("p?sts/*.md", "posts/a/b.md"),
            ("**/zh/*.md", "a/zh/b.md"),
            ("{a,b}/*", "b/c.txt"),
        ] {
            assert!(has(&[glob], path), "{glob} {path}");
            assert!(has(&["none", glob], path), "{glob} {path}");
        }
        for (glob, path) in [
            ("posts", "poststuff/a.md"),
            ("*.md", "a.txt"),
            ("*", "a.png"),
            ("a", "b/a.md"),
        ] {
            assert!(!has(&[glob], path), "{glob} {path}");
        }
        assert!(matches!(
            Paths::matching(&["a[".to_owned()]),
            Err(WalkError::Glob { .. })
        ));
    }

    #[test]
    fn a_subject_becomes_a_note_without_what_cannot_be_printed() {
        assert_eq!(note(" 改正 \n").as_deref(), Some("改正"));
        assert_eq!(note("a\tb\u{200b}c\u{1b}d").as_deref(), Some("a bc d"));
        assert_eq!(note("改正 👩\u{200d}🔧").as_deref(), Some("改正 👩\u{200d}🔧"));
        assert_eq!(note("a\u{200d}b").as_deref(), Some("ab"));
        assert_eq!(note("\u{200b}\u{7f}"), None);
        assert_eq!(note("\u{fffd}"), None);
        assert_eq!(note(""), None);
        let long = note(&"字".repeat(500)).unwrap();
        assert_eq!((long.chars().count(), long.chars().last()), (201, Some('…')));
    }

    #[test]
    fn a_hundred_thousand_commits_in_a_row_are_put_in_order() {
        let id = |number: u32| {
            let mut raw = [0; 20];
            raw[..4].copy_from_slice(&number.to_be_bytes());
            CommitId::from_raw(raw)
        };
        let step = |number: u32| Step {
            tree: TreeId::from_raw([0; 20]),
            parents: (number > 0).then(|| id(number - 1)).into_iter().collect(),
            // Dates that run backwards change nothing.
            date: RevisionDate::from_seconds(i64::from(100_000 - number), UtcOffset::UTC).ok(),
        };
        let steps: HashMap<CommitId, Step> = (0..100_000).map(|number| (id(number), step(number))).collect();
        let order = in_order(&steps);
        assert!(order.into_iter().eq((0..100_000).map(id)));
    }
}
