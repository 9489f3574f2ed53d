//! The check of a whole archive: the repository's own files, every object from its raw bytes, and the history
//! from the first commit to the tip.
//!
//! The branch is read in its own order, a stretch of it on each core, so that every object is inflated and hashed
//! once, where the revision that brought it is judged (`sound`). That tells only whether a revision is sound; a
//! doubtful one is judged again by slower code that says why (`explain`). What the branch does not lead to is
//! hashed at the end.
//!
//! Memory: what [`Inventory`] holds, two bits for each object, 40 bytes for each commit, 8 MiB of bases on each
//! core, and a few objects at a time; where there are checkpoints another 72 bytes for each revision.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::archive::{Archive, Fault, OpenError, Owner};
use crate::id::{BlobId, CommitId, ObjectId};
use crate::mirror;
use crate::object::commit::Commit;
use crate::object::{Hashing, ObjectKind};
use crate::settings::REVOKED_FILE;
use crate::storage::bits::Bits;
use crate::storage::branch_list::{BranchList, FILE_NAME};
use crate::storage::finding::StoreFinding;
use crate::storage::git_caches;
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::pack_map::Sums;
use crate::storage::plumbing::{self, PlumbingFinding};
use crate::storage::reader::Reader;
use crate::storage::refs;
use crate::trailer::Message;
use crate::verify::signed::Keys;
use crate::wording::{counted, with_causes};

pub use code::{Code, Severity};
pub use seen::{Earlier, Observer, Seen};

mod code;
mod explain;
mod mirrors;
mod seen;
mod signatures;
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
    /// Revisions of which content is withheld, each with why. All the rest of them is sound.
    pub withheld: Vec<(CommitId, String)>,
    /// Revisions in the store that neither the branch nor a mirror leads to; looked for where there is an observer.
    pub detached: Vec<CommitId>,
    /// How far the check was when `progress` ended it before it was complete.
    pub ended: Option<Progress>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// The commit that it is about, where it is about one.
    pub commit: Option<CommitId>,
    /// Where: a file, an object, or a commit.
    pub place: String,
    /// What.
    pub what: String,
}

impl Finding {
    /// Makes a finding about a commit.
    #[must_use]
    pub fn of(code: Code, commit: CommitId, what: impl Into<String>) -> Self {
        Self {
            code,
            commit: Some(commit),
            place: format!("commit {commit}"),
            what: what.into(),
        }
    }
}

impl From<&StoreFinding> for Finding {
    fn from(finding: &StoreFinding) -> Self {
        let offset = finding
            .offset
            .map(|offset| format!(" at offset {offset}"))
            .unwrap_or_default();
        let object = finding.id.map(|id| format!("object {id}: ")).unwrap_or_default();
        Self {
            code: Code::from(&finding.kind),
            commit: None,
            place: format!("objects/{}{offset}", finding.path.display()),
            what: format!("{object}{}", with_causes(&finding.kind)),
        }
    }
}

impl Report {
    /// Tells whether something could not be read: the archive is then neither proved nor found at fault, and what else was
    /// found may come of that.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.findings.iter().any(|finding| finding.code == Code::Unread)
    }

    /// Reports on an archive that cannot be opened, because it is damaged, or because something in the repository has git
    /// look elsewhere.
    #[must_use]
    pub fn of_damaged(path: &Path, error: &OpenError) -> Self {
        let mut report = Self::default();
        report.plumbing(plumbing::check(path));
        report.found(Code::BranchUnreadable, "the branch", with_causes(error));
        report
    }

    fn plumbing(&mut self, findings: Vec<PlumbingFinding>) {
        for finding in findings {
            let code = if finding.is_unread {
                Code::Unread
            } else {
                Code::Plumbing
            };
            self.found(code, finding.path.display().to_string(), finding.why);
        }
    }

    fn found(&mut self, code: Code, place: impl Into<String>, what: impl Into<String>) {
        self.findings.push(Finding {
            code,
            commit: None,
            place: place.into(),
            what: what.into(),
        });
    }

    fn found_in(&mut self, code: Code, commit: CommitId, what: impl Into<String>) {
        self.findings.push(Finding::of(code, commit, what));
    }
}

/// How much of an archive is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Everything.
    #[default]
    Whole,
    /// What came after a commit, which is hashed again and must be on the branch. That a revision follows the
    /// same one as an older revision does, where the text came back in between, only a whole check can see.
    Since(CommitId),
    /// One of so many shares, which together hash everything and judge every revision. They overlap, and two
    /// revisions that follow the same one may fall into two of them.
    Share {
        /// Which, from 1.
        number: usize,
        /// Of how many.
        of: usize,
    },
}

impl Scope {
    /// Tells whether a stretch of the branch or a family of objects is part of the scope, by its number.
    fn has_share(self, at: usize) -> bool {
        match self {
            Self::Share { number, of } => at % of == number - 1,
            Self::Whole | Self::Since(_) => true,
        }
    }
}

/// What is checked, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How much.
    pub scope: Scope,
    /// How ids are computed.
    pub hashing: Hashing,
    /// Whether packs are read for their own checksums as well.
    pub sums: Sums,
}

/// How far the check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Objects that were hashed.
    pub done: usize,
    /// Objects that are to be hashed, as far as that is known before; copies count.
    pub all: usize,
}

/// Objects that a revision of two languages brings.
const OBJECTS: usize = 11;

/// How often it is told how far the check is.
const TOLD_EVERY: Duration = Duration::from_millis(50);

/// What is known of the objects while they are checked.
#[derive(Debug)]
struct Census<'a> {
    inventory: &'a Inventory,
    options: Options,
    /// Contents that are withheld, and need not be there.
    withheld: &'a BTreeSet<BlobId>,
    /// Objects that will be hashed, about.
    expected: usize,
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
    fn new(archive: &'a Archive, inventory: &'a Inventory, line: &Line, options: Options) -> Self {
        let expected = match options.scope {
            Scope::Whole => inventory.len(),
            Scope::Share { of, .. } => inventory.len() / of,
            Scope::Since(_) => {
                line.len()
                    .saturating_sub(first_place(inventory, line, options.scope))
                    * OBJECTS
            }
        };
        Self {
            inventory,
            options,
            withheld: archive.withheld(),
            expected,
            hashed: Bits::new(inventory.len()),
            reached: Bits::new(inventory.len()),
            done: AtomicUsize::new(0),
            kinds: Default::default(),
            bytes: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    /// Tells whether an object is the content of a file and withheld.
    fn is_withheld(&self, id: ObjectId) -> bool {
        !self.withheld.is_empty() && self.withheld.contains(&BlobId::from_raw(*id.raw()))
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

    fn progress(&self) -> Progress {
        let done = self.done.load(Ordering::Relaxed);
        Progress {
            done,
            all: self.expected.max(done),
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Hashes every object that was not hashed yet.
    fn hash_the_rest(&self) {
        let scope = self.options.scope;
        let is_wanted = |number: usize| {
            !self.hashed.get(number)
                && (scope == Scope::Whole || scope.has_share(self.inventory.root(number)))
        };
        let _ = self
            .inventory
            .check(self.options.hashing, &is_wanted, &|number, _, object| {
                self.good(number, object.kind, object.body.len());
                if self.is_stopped() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
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

    /// Finds the revisions among the sound objects that nothing leads to.
    fn detached(&self) -> Vec<CommitId> {
        let mut reader = Reader::new(self.inventory, self.options.hashing);
        let mut detached = Vec::new();
        for number in 0..self.inventory.len() {
            let is_other = self
                .inventory
                .kind(number)
                .is_some_and(|kind| kind != ObjectKind::Commit);
            if is_other || !self.hashed.get(number) || self.reached.get(number) {
                continue;
            }
            let raw = self.inventory.id(number);
            let first = self.inventory.find(raw.raw());
            if first
                .is_some_and(|first| first != number && (self.reached.get(first) || self.hashed.get(first)))
            {
                continue;
            }
            let Some((ObjectKind::Commit, body)) = reader.read_any(number) else {
                continue;
            };
            if Commit::parse(&body).is_ok_and(|commit| Message::parse(&commit.message).is_ok()) {
                detached.push(CommitId::from_raw(*raw.raw()));
            }
        }
        detached
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
                if progress(self.progress()).is_break() {
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
            worker.join().expect("checking does not panic")
        })
    }
}

/// Checks an archive. `progress` is told how far the check is and may end it with `Break`, which the report
/// tells.
pub fn check(
    archive: &Archive,
    options: Options,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Report {
    observed(archive, options, None, progress)
}

/// Checks an archive like [`check`], and shows each revision that could be read to an observer, together with the
/// one that it follows, while their texts are at hand.
pub fn observed(
    archive: &Archive,
    options: Options,
    observer: Option<&dyn Observer>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Report {
    let mut report = Report {
        tip: Some(archive.tip()),
        ..Report::default()
    };
    report.plumbing(archive.plumbing());
    let inventory = Inventory::with(archive.objects(), options.sums);
    let line =
        Line::follow(&inventory, archive.tip()).unwrap_or_else(|| walk(archive, &inventory, &mut report));
    check_branch_list(archive, &inventory, &line, &mut report);
    let later = OnceCell::new();
    let mut census = Census::new(archive, &inventory, &line, options);
    if let Scope::Since(id) = options.scope {
        check_recorded(&census, &line, id, &mut report);
    }
    let first = first_place(&inventory, &line, options.scope);
    let keys = Keys::of(archive).unwrap_or_else(|fault| {
        report.found(Code::from(&fault), REVOKED_FILE, with_causes(&fault));
        Keys::unreadable()
    });
    let proof = census.watch(progress, || sound::prove(&census, &line, first, &keys, observer));
    if !census.is_stopped() {
        let archive = if proof.doubtful.is_empty() {
            archive
        } else {
            withheld_since(archive, &later)
        };
        census.withheld = archive.withheld();
        if later.get().is_some() {
            let note =
                "content was withheld while this check ran; the next one judges the commit that says so";
            report.notes.push(note.to_owned());
        }
        let doubtful = explain::Doubtful {
            archive,
            census: &census,
            line: &line,
            observer,
            keys: keys.into(),
            stood: RefCell::default(),
            leaves: OnceCell::new(),
        };
        explain_doubtful(&doubtful, proof, &mut report);
        if !matches!(options.scope, Scope::Since(_)) {
            census.watch(progress, || census.hash_the_rest());
        }
        check_git_caches(&census, progress, &mut report);
    }
    tell_counts(&census, &mut report);
    tell_withheld(&census, &mut report);
    if options.scope == Scope::Whole && !census.is_stopped() {
        tell_mirrors(archive, &census, progress, &mut report);
    }
    if census.is_stopped() {
        report.ended = Some(census.progress());
    } else if options.scope == Scope::Whole {
        tell_unreachable(&census, observer, &mut report);
    }
    drop(census);
    tell_store(inventory, &mut report);
    report
}

/// Holds what git keeps beside its objects against them, for one of the shares.
fn check_git_caches(
    census: &Census<'_>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    report: &mut Report,
) {
    if matches!(census.options.scope, Scope::Share { number, .. } if number != 1) {
        return;
    }
    let check = || git_caches::check(census.inventory, &|| census.is_stopped());
    for finding in census.watch(progress, check) {
        let place = format!("objects/{}", finding.path.display());
        let what = with_causes(&finding.fault);
        if finding.fault.is_system_error() {
            report.found(Code::Unread, place, what);
        } else {
            report.found(
                Code::Plumbing,
                place,
                format!("{what}; delete the file, git makes it anew"),
            );
        }
    }
}

/// Follows the mirrors, which are not part of what is proved, so that what they hold is told apart.
fn tell_mirrors(
    archive: &Archive,
    census: &Census<'_>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    report: &mut Report,
) {
    let mirrors = match mirror::list(archive.path()) {
        Ok(mirrors) => mirrors,
        Err(error) => {
            let fault = Fault::from(error);
            return report.found(Code::from(&fault), mirror::REFS, with_causes(&fault));
        }
    };
    if mirrors.is_empty() {
        return;
    }
    let followed = census.watch(progress, || mirrors::follow(census, &mirrors));
    report.findings.extend(followed.findings);
    for (mirror, count) in mirrors.iter().zip(followed.counts) {
        let (name, objects) = (&mirror.name, counted(count, "object"));
        report
            .notes
            .push(format!("mirror {name} holds {objects} of another repository"));
    }
}

/// Counts what neither the branch nor a mirror leads to, and names the revisions among it where somebody observes.
fn tell_unreachable(census: &Census<'_>, observer: Option<&dyn Observer>, report: &mut Report) {
    let unreachable = census.unreachable();
    if unreachable == 0 {
        return;
    }
    if observer.is_some() {
        report.detached = census.detached();
    }
    let objects = if unreachable == 1 {
        "object is"
    } else {
        "objects are"
    };
    report.notes.push(format!(
        "{unreachable} {objects} sound and not part of the branch's history"
    ));
}

/// Returns where on the branch the check begins.
fn first_place(inventory: &Inventory, line: &Line, scope: Scope) -> usize {
    let Scope::Since(id) = scope else { return 0 };
    let number = inventory.find(id.raw());
    number
        .and_then(|number| line.place(number))
        .map_or(0, |place| place + 1)
}

/// Checks that a commit that was recorded is still what it was, and still on the branch.
fn check_recorded(census: &Census<'_>, line: &Line, id: CommitId, report: &mut Report) {
    let Some(number) = census.inventory.find(id.raw()) else {
        report.found_in(
            Code::HistoryRewritten,
            id,
            "was recorded and is not in the archive: its history was rewritten",
        );
        return;
    };
    let mut reader = Reader::new(census.inventory, census.options.hashing);
    match reader.read(number, id.into(), ObjectKind::Commit) {
        Some(body) => census.good(number, ObjectKind::Commit, body.len()),
        None => report.found_in(
            Code::ObjectDamaged,
            id,
            "was recorded and is damaged, or no commit",
        ),
    }
    if line.place(number).is_none() {
        report.found_in(
            Code::HistoryRewritten,
            id,
            "was recorded and is not on the branch: its history was rewritten",
        );
    }
}

fn explain_doubtful(doubtful: &explain::Doubtful<'_>, proof: sound::Proof, report: &mut Report) {
    let signatures = proof.signatures.into_iter().map(|(_, finding)| finding);
    report.findings.extend(signatures);
    report.revisions += proof.revisions;
    report.articles = proof.begun;
    let mut articles = proof.articles;
    let mut previous = proof.previous;
    for place in proof.doubtful {
        let fact = doubtful.explain(place, report);
        report.revisions += usize::from(fact.article.is_some());
        report.articles += usize::from(fact.is_first);
        articles.extend(fact.article);
        previous.extend(fact.previous.map(|previous| (previous, place)));
    }
    if doubtful.census.options.scope != Scope::Whole {
        report.articles = articles.len();
    }
    check_previous(doubtful.census.inventory, doubtful.line, previous, report);
}

/// Tells what was expunged and is still there, because who expunged it was killed.
fn tell_withheld(census: &Census<'_>, report: &mut Report) {
    let still = census.withheld.iter();
    let still = still
        .filter(|id| census.inventory.find(id.raw()).is_some())
        .count();
    if still > 0 {
        let contents = if still == 1 { "content is" } else { "contents are" };
        report.notes.push(format!(
            "{still} withheld {contents} still in the store; `avalaches maintain` drops what is withheld"
        ));
    }
}

fn tell_counts(census: &Census<'_>, report: &mut Report) {
    for (count, counted) in report.objects.iter_mut().zip(&census.kinds) {
        *count = counted.load(Ordering::Relaxed);
    }
    report.bytes = census.bytes.load(Ordering::Relaxed);
}

fn tell_store(inventory: Inventory, report: &mut Report) {
    for finding in inventory.into_findings() {
        if finding.is_harmless() {
            let note = format!("objects/{} {}", finding.path.display(), finding.kind);
            report.notes.push(note);
        } else {
            report.findings.push(Finding::from(&finding));
        }
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
            Err(fault) => report.found_in(Code::from(&fault), expected, with_causes(&fault)),
        }
    }
    commits.reverse();
    Line::of(&commits)
}

/// Opens an archive once more where content of it was withheld after it was opened: who expunges deletes what this check may
/// not have read yet.
fn withheld_since<'a>(archive: &'a Archive, later: &'a OnceCell<Archive>) -> &'a Archive {
    let now = archive_now(archive).filter(|now| now.withheld() != archive.withheld());
    match now.filter(|now| goes_on(now, archive)) {
        Some(now) => later.get_or_init(|| now),
        None => archive,
    }
}

/// Opens an archive as it is now, where its branch was moved since it was opened.
fn archive_now(archive: &Archive) -> Option<Archive> {
    let is_moved = refs::tip(archive.path()).is_ok_and(|tip| tip != Some(archive.tip()));
    is_moved.then(|| Archive::open(archive.path(), Owner::Anyone).ok())?
}

/// Tells whether the branch as it is now goes on from the tip that it had before.
fn goes_on(now: &Archive, before: &Archive) -> bool {
    let Ok(tip) = before.commit(before.tip()) else {
        return false;
    };
    for step in now.walk() {
        match step {
            Ok((id, _)) if id == before.tip() => return true,
            // Along a branch dates never decrease: what is older does not follow the tip.
            Ok((_, commit)) if commit.committer.date.seconds() >= tip.committer.date.seconds() => {}
            _ => return false,
        }
    }
    false
}

/// Compares the list beside the repository with the history: an answer about one page rests upon it.
fn check_branch_list(archive: &Archive, inventory: &Inventory, line: &Line, report: &mut Report) {
    let list = BranchList::load(archive.path());
    // A writer that came after the archive was opened moved the branch and then added to the list, or made it anew where the
    // branch is another one now.
    let known = match archive_now(archive) {
        None => list.len(),
        Some(now) if goes_on(&now, archive) => list.len().min(line.len()),
        Some(_) => return,
    };
    let differs = (0..known).find(|position| {
        let own = line.number(*position).map(|number| inventory.id(number));
        list.get(*position).map(ObjectId::from) != own
    });
    if let Some(position) = differs {
        report.found(
            Code::BranchList,
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
    for ((one, _), (other, later)) in previous.iter().zip(previous.iter().skip(1)) {
        if one == other
            && let Some(number) = line.number(*later)
        {
            report.found_in(
                Code::PreviousWrong,
                CommitId::from_raw(*inventory.id(number).raw()),
                explain::DOES_NOT_FOLLOW,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::add;
    use crate::date::{RevisionDate, UtcOffset};
    use crate::mirror::Mirror;
    use crate::object::ident::Person;
    use crate::object::tree::Entry;
    use crate::platform::Durability;
    use crate::settings::Settings;
    use crate::storage::repository;

    #[test]
    fn a_check_that_is_to_end_hashes_and_follows_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        repository::create(&path).unwrap();
        let now = RevisionDate::from_seconds(1_769_140_800, UtcOffset::UTC).unwrap();
        let desk = Person::parse("Desk").unwrap();
        let settings = Settings::new("A");
        add::first_commit(&path, &settings, &desk, now, None, Durability::Unsynced).unwrap();
        let archive = Archive::open(&path, Owner::Anyone).unwrap();
        let inventory = Inventory::of(archive.objects());
        let line = Line::follow(&inventory, archive.tip()).unwrap();
        let mirrors = [Mirror {
            name: "theirs".to_owned(),
            refs: BTreeMap::from([("heads/main".to_owned(), archive.tip().into())]),
        }];
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        for (is_stopped, hashed, followed) in [(false, 3, vec![3]), (true, 1, Vec::new())] {
            let census = Census::new(&archive, &inventory, &line, Options::default());
            census.stop.store(is_stopped, Ordering::Relaxed);
            one_thread.install(|| census.hash_the_rest());
            assert_eq!(census.progress(), Progress { done: hashed, all: 3 });
            assert_eq!(mirrors::follow(&census, &mirrors).counts, followed);
        }
        // One that goes away after it was listed is missing where something leads to it.
        let blob = archive.tree(archive.root()).unwrap().entries()[0].clone();
        let Entry::File(blob) = blob.1 else { panic!() };
        let digits = blob.to_string();
        let file = path.join("objects").join(&digits[..2]).join(&digits[2..]);
        std::fs::remove_file(file).unwrap();
        let census = Census::new(&archive, &inventory, &line, Options::default());
        census.hash_the_rest();
        let followed = mirrors::follow(&census, &mirrors);
        assert_eq!(followed.findings.len(), 1, "{:?}", followed.findings);
        assert!(followed.findings[0].what.contains(&digits));
    }
}
