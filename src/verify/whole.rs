//! The check of a whole archive: the repository's own files, every object from its raw bytes, and the history
//! from the first commit to the tip.
//!
//! The branch is read in its own order, a stretch of it on each core, so that every object is inflated and hashed
//! once, where the revision that brought it is judged (`sound`). That tells only whether a revision is sound; a
//! doubtful one is judged again by slower code that says why (`explain`). What the branch does not lead to is
//! hashed at the end.
//!
//! Memory: what [`Inventory`] holds, two bits for each object, 40 bytes for each commit, 16 MiB of bases on each
//! core, and a few objects at a time.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use self::line::Line;
use super::with_causes;
use crate::archive::Archive;
use crate::id::{CommitId, ObjectId};
use crate::object::{Hashing, ObjectKind};
use crate::storage::bits::Bits;
use crate::storage::branch_list::{BranchList, FILE_NAME};
use crate::storage::inventory::Inventory;

mod explain;
mod line;
mod sound;

/// What the check of a whole archive found.
#[derive(Debug, Default)]
pub struct Report {
    /// Objects that were hashed again, by kind in the order commits, trees, blobs, tags.
    pub objects: [usize; 4],
    /// Bytes that were hashed, headers aside.
    pub bytes: u64,
    /// Revisions that were read whole.
    pub revisions: usize,
    /// Articles that they belong to.
    pub articles: usize,
    /// The tip of the branch.
    pub tip: Option<CommitId>,
    /// What is wrong; empty means that the archive is proved.
    pub findings: Vec<Finding>,
    /// What is worth knowing and not wrong.
    pub notes: Vec<String>,
    /// The check was ended before it was complete.
    pub is_ended: bool,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: a file, an object, or a commit.
    pub place: String,
    /// What.
    pub what: String,
}

impl Report {
    fn found(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.findings.push(Finding {
            place: place.into(),
            what: what.into(),
        });
    }
}

/// How far the check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Objects that were hashed.
    pub done: usize,
    /// Objects of the store; copies count.
    pub all: usize,
}

/// How often it is told how far the check is.
const TOLD_EVERY: Duration = Duration::from_millis(50);

/// What is known of the objects while they are checked.
#[derive(Debug)]
struct Census<'a> {
    inventory: &'a Inventory,
    hashing: Hashing,
    /// Objects whose bytes were hashed and are what their id says.
    hashed: Bits,
    /// Objects that the branch leads to.
    reached: Bits,
    done: AtomicUsize,
    kinds: [AtomicUsize; 4],
    bytes: AtomicU64,
    stop: AtomicBool,
}

impl<'a> Census<'a> {
    fn new(inventory: &'a Inventory, hashing: Hashing) -> Self {
        Self {
            inventory,
            hashing,
            hashed: Bits::new(inventory.len()),
            reached: Bits::new(inventory.len()),
            done: AtomicUsize::new(0),
            kinds: Default::default(),
            bytes: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    /// Notes that an object's bytes are good. Of several copies the first is counted.
    fn good(&self, number: usize, kind: ObjectKind, length: usize) {
        if !self.hashed.set(number) {
            return;
        }
        self.done.fetch_add(1, Ordering::Relaxed);
        let is_first = !self.inventory.may_have_copies()
            || self.inventory.find(self.inventory.id(number).raw()) == Some(number);
        if is_first {
            self.kinds[kind as usize].fetch_add(1, Ordering::Relaxed);
            let length = u64::try_from(length).unwrap_or(0);
            self.bytes.fetch_add(length, Ordering::Relaxed);
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Hashes every object that was not hashed yet.
    fn hash_the_rest(&self) {
        let _ = self.inventory.check(
            self.hashing,
            &|number| !self.hashed.get(number),
            &|number, _, object| {
                self.good(number, object.kind, object.body.len());
                if self.is_stopped() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
    }

    /// Counts the sound objects that the branch does not lead to, copies aside.
    fn unreachable(&self) -> usize {
        let unreachable = |number: &usize| {
            let reached = |number| self.reached.get(number);
            self.hashed.get(*number)
                && !reached(*number)
                && self
                    .inventory
                    .find(self.inventory.id(*number).raw())
                    .is_some_and(|first| first == *number || !reached(first) && !self.hashed.get(first))
        };
        (0..self.inventory.len()).filter(unreachable).count()
    }

    /// Does some work on another thread while `progress` is told how far it is.
    fn watch<T: Send>(
        &self,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
        work: impl FnOnce() -> T + Send,
    ) -> T {
        std::thread::scope(|scope| {
            let (ended, end) = mpsc::channel::<()>();
            let worker = std::thread::Builder::new().stack_size(sound::STACK);
            let worker = worker.spawn_scoped(scope, move || {
                let _ended = ended;
                work()
            });
            let worker = worker.expect("one thread can be had, or nothing else could run either");
            while end.recv_timeout(TOLD_EVERY) == Err(RecvTimeoutError::Timeout) {
                let now = Progress {
                    done: self.done.load(Ordering::Relaxed),
                    all: self.inventory.len(),
                };
                if progress(now).is_break() {
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
            worker.join().expect("checking does not panic")
        })
    }
}

/// Checks everything about an archive. `progress` is told how far it is and may end the check with `Break`,
/// which the report notes as a finding.
pub fn check(
    archive: &Archive,
    hashing: Hashing,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Report {
    let mut report = Report {
        tip: Some(archive.tip()),
        ..Report::default()
    };
    for finding in archive.plumbing() {
        report.found(finding.path.display().to_string(), finding.why);
    }
    let inventory = Inventory::of(archive.objects());
    let census = Census::new(&inventory, hashing);
    let line =
        Line::follow(&inventory, archive.tip()).unwrap_or_else(|| walk(archive, &inventory, &mut report));
    check_branch_list(archive, &inventory, &line, &mut report);
    let proof = census.watch(progress, || sound::prove(&census, &line));
    if !census.is_stopped() {
        let doubtful = explain::Doubtful {
            archive,
            census: &census,
            line: &line,
        };
        let mut previous = proof.previous;
        for index in &proof.doubtful {
            let fact = doubtful.explain(*index, &mut report);
            report.revisions += usize::from(fact.is_revision);
            report.articles += usize::from(fact.is_first);
            previous.extend(fact.previous.map(|previous| (previous, *index)));
        }
        report.revisions += proof.revisions;
        report.articles += proof.articles;
        check_previous(&inventory, &line, previous, &mut report);
        census.watch(progress, || census.hash_the_rest());
    }
    tell_counts(&census, &mut report);
    if census.is_stopped() {
        let (done, all) = (census.done.load(Ordering::Relaxed), inventory.len());
        report.found(
            "objects",
            format!("the check was ended after {done} of {all} objects"),
        );
        report.is_ended = true;
    } else {
        let unreachable = census.unreachable();
        if unreachable > 0 {
            let objects = if unreachable == 1 {
                "object is"
            } else {
                "objects are"
            };
            report.notes.push(format!(
                "{unreachable} {objects} sound and not part of the branch's history"
            ));
        }
    }
    drop(census);
    tell_store(inventory, &mut report);
    report
}

fn tell_counts(census: &Census<'_>, report: &mut Report) {
    for (count, counted) in report.objects.iter_mut().zip(&census.kinds) {
        *count = counted.load(Ordering::Relaxed);
    }
    report.bytes = census.bytes.load(Ordering::Relaxed);
}

fn tell_store(inventory: Inventory, report: &mut Report) {
    for finding in inventory.into_findings() {
        let place = format!("objects/{}", finding.path.display());
        if finding.is_harmless() {
            report.notes.push(format!("{place} {}", finding.kind));
            continue;
        }
        let offset = finding
            .offset
            .map(|offset| format!(" at offset {offset}"))
            .unwrap_or_default();
        let object = finding.id.map(|id| format!("object {id}: ")).unwrap_or_default();
        report.found(
            format!("{place}{offset}"),
            format!("{object}{}", with_causes(&finding.kind)),
        );
    }
}

/// Walks a branch that breaks off, commit by commit, as far as it can be followed, and says where it ends.
fn walk(archive: &Archive, inventory: &Inventory, report: &mut Report) -> Line {
    let mut commits = Vec::new();
    let mut expected = archive.tip();
    for step in archive.walk() {
        match step {
            Ok((id, commit)) => {
                expected = commit.parents.first().copied().unwrap_or(id);
                if let Some(number) = inventory.find(id.raw()) {
                    commits.push((number, commit.committer.date.seconds()));
                }
            }
            Err(fault) => report.found(format!("commit {expected}"), with_causes(&fault)),
        }
    }
    commits.reverse();
    Line::of(&commits)
}

/// Compares the list beside the repository with the history: an answer about one page rests upon it.
fn check_branch_list(archive: &Archive, inventory: &Inventory, line: &Line, report: &mut Report) {
    let list = BranchList::load(archive.path());
    let differs = (0..list.len()).find(|position| {
        let own = line.number(*position).map(|number| inventory.id(number));
        list.get(*position).map(ObjectId::from) != own
    });
    if let Some(position) = differs {
        report.found(
            FILE_NAME,
            format!(
                "entry {} is not the branch's; delete the file, it is made again",
                position + 1
            ),
        );
    }
}

/// Checks that no two revisions follow the same one: with what is checked of each, every article's revisions are
/// then one line.
fn check_previous(
    inventory: &Inventory,
    line: &Line,
    mut previous: Vec<(usize, usize)>,
    report: &mut Report,
) {
    previous.sort_unstable();
    for pair in previous.windows(2) {
        if let [(one, _), (other, later)] = *pair
            && one == other
            && let Some(number) = line.number(later)
        {
            report.found(
                format!("commit {}", inventory.id(number)),
                explain::DOES_NOT_FOLLOW,
            );
        }
    }
}
