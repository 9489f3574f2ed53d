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
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::archive::{Archive, Astray, Fault, OpenError};
use crate::id::CommitId;
use crate::mirror::{self, Mirror};
use crate::object::{Hashing, ObjectKind};
use crate::progress::{Progress, Tell};
use crate::settings::REVOKED_FILE;
use crate::storage::finding::StoreFinding;
use crate::storage::git_caches;
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::pack_map::Sums;
use crate::storage::plumbing::{self, PlumbingFinding};
use crate::storage::reader::Reader;
use crate::storage::refs::RefError;
use crate::verify::signed::Keys;
use crate::wording::{counted, with_causes};

use census::{Census, first_place};
use later::{check_branch_list, withheld_since};

pub use code::{Code, Severity};
pub use seen::{Earlier, Observer, Seen};

mod census;
mod code;
mod explain;
mod later;
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
    /// One of so many shares, which together hash everything, judge every revision and follow the mirrors. They overlap, and
    /// two revisions that follow the same one may fall into two of them.
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

    /// Tells whether the mirrors are part of the scope, which one of the shares follows.
    fn has_mirrors(self) -> bool {
        match self {
            Self::Whole => true,
            Self::Share { number, .. } => number == 1,
            Self::Since(_) => false,
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

/// Checks an archive. `progress` is told of objects that were hashed, copies included, and may end it with `Break`, which the report
/// tells.
pub fn check(archive: &Archive, options: Options, progress: &mut Tell<'_>) -> Report {
    observed(archive, options, None, progress)
}

/// Checks an archive like [`check`], and shows each revision that could be read to an observer, together with the
/// one that it follows, while their texts are at hand.
pub fn observed(
    archive: &Archive,
    options: Options,
    observer: Option<&dyn Observer>,
    progress: &mut Tell<'_>,
) -> Report {
    let mut report = Report {
        tip: Some(archive.tip()),
        ..Report::default()
    };
    report.plumbing(archive.plumbing());
    // Read before the objects are listed: what the refs lead to is among these then, though a mirror may bring more meanwhile.
    let mirrors = options.scope.has_mirrors().then(|| mirror::list(archive.path()));
    let inventory = Inventory::with(archive.objects(), options.sums);
    let line =
        Line::follow(&inventory, archive.tip()).unwrap_or_else(|| walk(archive, &inventory, &mut report));
    check_branch_list(archive, &inventory, &line, &mut report);
    let later = OnceCell::new();
    let mut census = Census::new(archive, &inventory, &line, options);
    if let Scope::Since(id) = options.scope {
        check_recorded(archive, &census, &line, id, &mut report);
    }
    let first = first_place(&inventory, &line, options.scope);
    let keys = Keys::of(archive).unwrap_or_else(|fault| {
        report.findings.push(Finding {
            place: REVOKED_FILE.to_owned(),
            ..Finding::of(Code::from(&fault), archive.tip(), with_causes(&fault))
        });
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
            missing: RefCell::default(),
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
    if let Some(mirrors) = mirrors.filter(|_| !census.is_stopped()) {
        tell_mirrors(mirrors, &census, progress, &mut report);
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
fn check_git_caches(census: &Census<'_>, progress: &mut Tell<'_>, report: &mut Report) {
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
    mirrors: Result<Vec<Mirror>, RefError>,
    census: &Census<'_>,
    progress: &mut Tell<'_>,
    report: &mut Report,
) {
    let mirrors = match mirrors {
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
    if census.options.scope != Scope::Whole {
        // What the branch leads to as well is not known there.
        return;
    }
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

/// Checks that a commit that was recorded is still what it was, and still on the branch.
fn check_recorded(archive: &Archive, census: &Census<'_>, line: &Line, id: CommitId, report: &mut Report) {
    let Some(number) = census.inventory.find(id.raw()) else {
        report.findings.push(not_on_branch(archive, id));
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
        report.findings.push(not_on_branch(archive, id));
    }
}

/// Tells what it means that a commit that was recorded is not on the branch. A copy that is only older lacks it as well.
pub(crate) fn not_on_branch(archive: &Archive, id: CommitId) -> Finding {
    let (code, what) = match archive.astray(id) {
        Astray::Forked => (
            Code::HistoryRewritten,
            "was recorded and is not on the branch: its history was rewritten",
        ),
        Astray::Ahead => (
            Code::BehindRemembered,
            "was recorded, and the branch ends before it; it is an older copy, or it was rolled back",
        ),
        Astray::Unconnected => (Code::RecordedUnknown, NOT_HERE),
    };
    Finding::of(code, id, what)
}

/// What is said of a commit that was recorded and that nothing here leads to.
pub const NOT_HERE: &str = "was recorded and is not on the branch: this archive is older than that commit, another one, or was rewritten";

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
