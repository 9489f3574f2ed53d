//! What comes from another copy: brought into a folder of its own, step by step, and judged there as the continuation of
//! the archive's branch. Nothing of it is the archive's until all of it was found sound.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

use super::rebase;
use super::steps::{self, EVERY, There};
use super::{Address, Circumstances, Parting, Refusal, ReplicationError, Side, footer, last_seen};
use crate::archive::{Archive, Fault, OpenError};
use crate::history;
use crate::id::{ArticleId, CommitId, ObjectId};
use crate::progress::Tell;
use crate::remember;
use crate::storage::fetch::{Left, PULLING, Scratch, Trail};
use crate::storage::objects::ObjectStore;
use crate::storage::pack_map::Sums;
use crate::storage::refs::{self, BRANCH};
use crate::storage::repository::{Writer, io_error};
use crate::trailer::Message;
use crate::verify::signed;
use crate::verify::whole::{self, Code, Finding, Options, Scope};
use crate::wording::with_causes;

/// Where steps stand in the scratch.
const STEPS: &str = "refs/steps/";

/// Where the other copy's branch stands in the scratch.
const ARRIVED: &str = "refs/arrived/main";

/// Where the archive's own branch stands in the scratch, so that git asks for what is new only.
const KNOWN: &str = "refs/known/main";

/// What came and is sound.
pub(super) struct Arrival {
    /// Where it lies.
    pub scratch: Scratch,
    /// The archive as it would be if the other copy's branch were its own.
    pub view: Archive,
    /// What is new, oldest first.
    pub new: Vec<CommitId>,
    /// The last commit that both have; `None` where there was none before.
    pub common: Option<CommitId>,
    /// What is found of new commits whose keys were revoked after they had signed them.
    pub revoked: Vec<Finding>,
}

/// How a judgement ends.
pub(super) enum Judged {
    /// What came is sound, and goes on from the common commit.
    Sound(Box<Arrival>),
    /// It is refused.
    Refused(Refusal),
}

/// Whether local commits that the other copy has not are a reason to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// They are.
    Refuse,
    /// They will be added again.
    Readd,
}

/// A transfer that has begun, and what the other copy says that it has.
pub(super) struct Asked {
    pub scratch: Scratch,
    /// What an earlier transfer left that was interrupted.
    left: Left,
    pub there: There,
}

/// Asks another copy where it stands.
pub(super) fn look(
    from: &Address,
    scratch: &Scratch,
    circumstances: &Circumstances,
) -> Result<There, ReplicationError> {
    let asked = [BRANCH, steps::ALL];
    let refs = circumstances.git.refs_of(from.as_os_str(), scratch, &asked)?;
    Ok(There::of(&refs))
}

/// Takes up an interrupted transfer where it stands, or begins one, and asks the other copy where it stands.
pub(super) fn ask(
    archive: &Path,
    from: &Address,
    circumstances: &Circumstances,
) -> Result<Asked, ReplicationError> {
    // Git does not bring what is there already, be it what a writer left that was killed.
    drop(Writer::begin(archive, circumstances.durability)?);
    let (mut scratch, mut left) = Scratch::resume(archive, PULLING)?;
    if !scratch.packs()?.is_empty() && !is_whole(&scratch)? {
        scratch.is_done_with();
        drop(scratch);
        (scratch, left) = Scratch::resume(archive, PULLING)?;
    }
    let there = look(from, &scratch, circumstances)?;
    Ok(Asked { scratch, left, there })
}

/// Brings what another copy has and this archive has not, and judges it. Where what was left of an earlier transfer is to
/// blame for what is wrong, or steps lead elsewhere than the branch, all of it is brought anew.
pub(super) fn arrive(
    path: &Path,
    base: Option<&Archive>,
    from: &Address,
    asked: Asked,
    own: Own,
    circumstances: &Circumstances,
    tell: &mut Tell<'_>,
) -> Result<Judged, ReplicationError> {
    let mut anew = There {
        tip: asked.there.tip,
        ..There::default()
    };
    let (scratch, resumed) = bring(path, base, from, asked, circumstances)?;
    let again = match judge(path, base, from, scratch, own, tell)? {
        Judged::Sound(mut arrival) => {
            if !has_strays(&arrival, base)? {
                return Ok(Judged::Sound(arrival));
            }
            arrival.scratch.is_done_with();
            true
        }
        Judged::Refused(refusal) => {
            let is_unsound = matches!(refusal, Refusal::Unsound { .. });
            if !is_unsound || resumed == 0 {
                return Ok(Judged::Refused(refusal));
            }
            false
        }
    };
    let asked = ask(path, from, circumstances)?;
    if !again {
        anew = asked.there;
    }
    let asked = Asked {
        scratch: asked.scratch,
        left: Left::default(),
        there: anew,
    };
    let (scratch, _) = bring(path, base, from, asked, circumstances)?;
    judge(path, base, from, scratch, own, tell)
}

/// Tells whether every object of an earlier transfer is what its id says.
fn is_whole(scratch: &Scratch) -> Result<bool, ReplicationError> {
    Ok(damage(scratch)?.is_empty())
}

/// Hashes everything in a scratch, and tells what is wrong with it.
fn damage(scratch: &Scratch) -> Result<Vec<Finding>, ReplicationError> {
    let objects = scratch.objects();
    let store = ObjectStore::open(&objects).map_err(io_error("open", &objects))?;
    let found = store.check(&|_, _| ControlFlow::Continue(()));
    let found = found.iter().filter(|finding| !finding.is_harmless());
    Ok(found.map(Finding::from).collect())
}

/// Tells whether steps were brought that do not lie on the other copy's branch.
fn has_strays(arrival: &Arrival, base: Option<&Archive>) -> Result<bool, ReplicationError> {
    let new: HashSet<CommitId> = arrival.new.iter().copied().collect();
    for id in refs::list(arrival.scratch.folder(), STEPS)?.into_values() {
        let id = CommitId::from_raw(*id.raw());
        let is_old = || base.map_or(Ok(None), |base| super::position(base, id));
        if !new.contains(&id) && is_old()?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings the steps that are missing, each so that it need not be brought again, and then the branch. Returns how many
/// refs were there from an earlier transfer.
fn bring(
    path: &Path,
    base: Option<&Archive>,
    from: &Address,
    asked: Asked,
    circumstances: &Circumstances,
) -> Result<(Scratch, usize), ReplicationError> {
    let Asked {
        scratch,
        left: Left {
            refs: mut known,
            trail,
        },
        there,
    } = asked;
    if there.tip.is_none() {
        return Err(ReplicationError::Empty(from.to_string()));
    }
    let objects = scratch.objects();
    let store = ObjectStore::open(&objects).map_err(io_error("open", &objects))?;
    known.retain(|name, id| {
        (name.starts_with(STEPS) || name == ARRIVED) && store.contains(*id).unwrap_or(false)
    });
    let resumed = known.len();
    let commits = match base {
        Some(base) => base.branch()?.len(),
        None => 0,
    };
    let is_missing = |id: &ObjectId| !known.contains_key(&step(*id));
    let advertised = there.missing_after(commits, is_missing);
    let mut told = Vec::new();
    for id in on_trail(&trail, &there) {
        let is_own = match base {
            Some(base) => super::position(base, id)?.is_some(),
            None => false,
        };
        if !is_own && is_missing(&id.into()) {
            told.push(id);
        }
    }
    if let Some(base) = base {
        known.insert(KNOWN.to_owned(), base.tip().into());
    }
    scratch.lend(path, &known)?;
    let git = &circumstances.git;
    for (count, id) in advertised {
        let asked = format!("+{}:{}", steps::name(count), step(id));
        git.bring(from.as_os_str(), &scratch, &[asked.as_str()])?;
    }
    for id in told {
        let asked = format!("+{id}:{}", step(id.into()));
        match git.bring(from.as_os_str(), &scratch, &[asked.as_str()]) {
            Ok(()) => {}
            Err(torn) if scratch.has_torn_pack() => return Err(torn.into()),
            // Not every host gives out what none of its refs names.
            Err(_) => break,
        }
    }
    let asked = format!("+{BRANCH}:{ARRIVED}");
    git.bring(from.as_os_str(), &scratch, &[asked.as_str()])?;
    scratch.take_back()?;
    Ok((scratch, resumed))
}

/// Returns the commits of a trail that are asked for one after another, oldest first: what came before it, and each
/// thousandth from there on. Up to the newest step that the host has a ref for, that is asked for instead.
fn on_trail(trail: &Trail, there: &There) -> Vec<CommitId> {
    let steps: HashSet<&ObjectId> = there.steps.values().collect();
    let is_step = |id: &CommitId| steps.contains(&ObjectId::from(*id));
    let (newer, before) = match trail.commits.iter().position(is_step) {
        Some(newest) => (&trail.commits[..newest], None),
        None => (&trail.commits[..], trail.before),
    };
    let thousands = newer.rchunks_exact(EVERY).map(|thousand| thousand[0]);
    before.into_iter().chain(thousands).collect()
}

fn step(id: ObjectId) -> String {
    format!("{STEPS}{id}")
}

/// Hashes everything that came, finds out where it parts from the archive's branch, and judges what is new as the
/// continuation of what both have.
fn judge(
    path: &Path,
    base: Option<&Archive>,
    from: &Address,
    mut scratch: Scratch,
    own: Own,
    tell: &mut Tell<'_>,
) -> Result<Judged, ReplicationError> {
    let Some(tip) = refs::find(scratch.folder(), ARRIVED)? else {
        return Err(ReplicationError::Empty(from.to_string()));
    };
    let unsound = |mut scratch: Scratch, findings: Vec<Finding>| {
        if let Some(unread) = findings.iter().find(|finding| finding.code == Code::Unread) {
            return Err(ReplicationError::Unread {
                place: unread.place.clone(),
                what: unread.what.clone(),
            });
        }
        scratch.is_done_with();
        Ok(Judged::Refused(Refusal::Unsound { tip, findings }))
    };
    let found = damage(&scratch)?;
    if !found.is_empty() {
        return unsound(scratch, found);
    }
    let arrived = scratch.objects();
    let own_objects = path.join("objects");
    let store = || ObjectStore::open(&own_objects).map_err(io_error("open", &own_objects));
    let id = CommitId::from_raw(*tip.raw());
    let view = match Archive::with_tip(path, id, store()?.with_packs_of(&arrived)) {
        Ok(view) => view,
        Err(error @ OpenError::NoArchive { .. }) => {
            scratch.is_done_with();
            let address = from.to_string();
            return Err(ReplicationError::NoArchive {
                address,
                source: error,
            });
        }
        Err(error @ (OpenError::Tip(_) | OpenError::Settings(_))) if error.is_damage() => {
            let finding = Finding::of(Code::BranchUnreadable, id, with_causes(&error));
            return unsound(scratch, vec![finding]);
        }
        Err(error) => return Err(error.into()),
    };
    let (common, new) = match part(base, &view) {
        Ok(parted) => parted,
        Err(fault) if fault.is_system_error() => return Err(fault.into()),
        Err(fault) => {
            let finding = Finding::of(Code::from(&fault), id, with_causes(&fault));
            return unsound(scratch, vec![finding]);
        }
    };
    if let Some(base) = base
        && let Some(refusal) = refusal(base, &view, from, common, &new, own)?
    {
        return Ok(Judged::Refused(refusal));
    }
    let options = Options {
        scope: common.map_or(Scope::Whole, Scope::Since),
        sums: Sums::Unchecked,
        ..Options::default()
    };
    let report = whole::check(&view, options, tell);
    if report.ended.is_some() {
        return Err(ReplicationError::Ended);
    }
    let mut findings = report.findings;
    // That list is of the branch as it is, which may part from this one.
    findings.retain(|finding| finding.code != Code::BranchList);
    // The files that came are sound: those that are not were here before, and what else was found may come of that.
    if let Some(own) = findings.iter().find(|finding| is_of_own_files(finding)) {
        return Err(ReplicationError::Own {
            place: own.place.clone(),
            what: own.what.clone(),
        });
    }
    if let (Some(base), Some(common)) = (base, common) {
        let before = Archive::with_tip(path, common, store()?)?;
        let before = if common == base.tip() { base } else { &before };
        findings.extend(followed_twice(before, &view, &new)?);
    }
    if !are_of_revoked_keys(&view, &findings)? {
        return unsound(scratch, findings);
    }
    Ok(Judged::Sound(Box::new(Arrival {
        scratch,
        view,
        new,
        common,
        revoked: findings,
    })))
}

/// Tells whether a finding is about the files of an archive, not about what a commit of the branch says.
fn is_of_own_files(finding: &Finding) -> bool {
    finding.commit.is_none() && finding.code != Code::Unread
}

/// Tells whether all that was found is that keys were revoked after they had signed: that is no fault of the branch, which nobody
/// could copy any more. What such a key signs after it was revoked is one.
fn are_of_revoked_keys(view: &Archive, findings: &[Finding]) -> Result<bool, Fault> {
    let mut signed = HashSet::new();
    for finding in findings {
        match (finding.code, finding.commit) {
            (Code::SignatureMissing | Code::SignatureRevoked, Some(id)) => signed.insert(id),
            _ => return Ok(false),
        };
    }
    for id in signed {
        match signed::was_good(view, id) {
            Ok(true) => {}
            Err(fault) if fault.is_system_error() => return Err(fault),
            Ok(false) | Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// Finds the last commit that both have, and what came after it, oldest first.
fn part(base: Option<&Archive>, view: &Archive) -> Result<(Option<CommitId>, Vec<CommitId>), Fault> {
    let mut new = Vec::new();
    let mut common = None;
    for step in view.walk() {
        let (id, _) = step?;
        if let Some(base) = base
            && super::position(base, id)?.is_some()
        {
            common = Some(id);
            break;
        }
        new.push(id);
    }
    new.reverse();
    Ok((common, new))
}

/// Tells why what came does not go on where the archive's branch ends; `None` where it does.
fn refusal(
    base: &Archive,
    view: &Archive,
    from: &Address,
    common: Option<CommitId>,
    new: &[CommitId],
    own: Own,
) -> Result<Option<Refusal>, ReplicationError> {
    let branch = base.branch()?;
    let Some(common) = common else {
        let ours = branch.get(0).unwrap_or(base.tip());
        let theirs = new.first().copied().unwrap_or(view.tip());
        return Ok(Some(Refusal::Unrelated {
            ours: Box::new(Side::of(base, ours, base.tip(), branch.len())?),
            theirs: Box::new(Side::of(view, theirs, view.tip(), new.len())?),
            contradiction: remember::between(base, view)?,
        }));
    };
    if common == base.tip() {
        return Ok(None);
    }
    let seen = match last_seen(base, from)? {
        Some(seen) => super::position(base, seen)?.map(|place| (place, seen)),
        None => None,
    };
    let place = branch.position(common).unwrap_or_default();
    let withdrawn = seen.filter(|(seen, _)| *seen > place).map(|(_, id)| id);
    let Some(first) = new.first() else {
        // Only this archive has more, which is no fault unless the other one had it.
        return Ok(withdrawn.map(|seen| Refusal::MovedBack {
            seen,
            now: view.tip(),
        }));
    };
    if own == Own::Readd && withdrawn.is_none() {
        return Ok(None);
    }
    let ours = branch.get(place + 1).unwrap_or(base.tip());
    Ok(Some(Refusal::Diverged(Box::new(Parting {
        common: footer(base, common)?,
        ours: Side::of(base, ours, base.tip(), branch.len() - place - 1)?,
        theirs: Side::of(view, *first, view.tip(), new.len())?,
        withdrawn,
        contradiction: remember::between(base, view)?,
        fixed: rebase::first_fixed(base, view, common, place + 1)?,
    }))))
}

/// Finds new revisions that follow one which another revision follows already. A check of what is new alone does not see
/// that where the text came back in between.
fn followed_twice(before: &Archive, view: &Archive, new: &[CommitId]) -> Result<Vec<Finding>, Fault> {
    let own: HashSet<CommitId> = new.iter().copied().collect();
    let mut met: HashSet<ArticleId> = HashSet::new();
    let mut findings = Vec::new();
    for id in new {
        // What cannot be read was found.
        let Ok(message) = Message::parse(&view.commit(*id)?.message) else {
            continue;
        };
        let trailers = message.trailers;
        let Some(previous) = trailers.previous.filter(|previous| !own.contains(previous)) else {
            continue;
        };
        let is_first = met.insert(trailers.article.clone());
        if !is_first || history::newest(before, &trailers.article)? != Some(previous) {
            let what = format!("follows {previous}, which another revision follows already");
            findings.push(Finding::of(Code::PreviousWrong, *id, what));
        }
    }
    Ok(findings)
}
