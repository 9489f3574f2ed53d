//! Bringing another copy up to the branch.

use std::collections::BTreeMap;
use std::path::Path;

use super::arrival::{self, Judged, Own};
use super::steps::{self, EVERY};
use super::{Address, Circumstances, Refusal, ReplicationError, Side, note_seen, position};
use crate::archive::Archive;
use crate::id::CommitId;
use crate::progress::Tell;
use crate::storage::fetch::{FetchError, Flag, PUSHING, Scratch};
use crate::storage::refs::BRANCH;
use crate::tombstone::Tombstone;

/// How many steps are pushed at once where the commits are there already.
const STEPS_AT_ONCE: usize = 256;

/// What became of a push.
#[derive(Debug)]
pub struct Push {
    /// The other copy's tip before.
    pub before: Option<CommitId>,
    /// The archive's tip.
    pub tip: CommitId,
    /// What happened.
    pub what: Pushed,
    /// Why the other side takes no steps, where it takes none: who clones from there cannot go on after an interruption.
    pub no_steps: Option<String>,
    /// Whether the address is the one that is meant from now on where none is named, and was not before.
    pub remembered: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Pushed {
    /// The other copy had everything.
    Unchanged,
    /// The other copy's branch was moved on, and read again.
    Advanced {
        /// By how many commits.
        commits: usize,
    },
    /// The other copy is not behind this one.
    Refused(Refusal),
}

/// A push on its way.
struct Sender<'a> {
    own: &'a Archive,
    to: &'a Address,
    scratch: &'a Scratch,
    circumstances: &'a Circumstances,
    no_steps: Option<String>,
}

/// Brings another copy up to the branch, if that goes on where the other one ends. A thousand commits at a time are sent
/// and stay there, whatever happens to those after them.
///
/// # Errors
/// [`ReplicationError`]; the other copy has what was sent until then.
pub fn push(
    archive: &Path,
    to: &Address,
    circumstances: &Circumstances,
    tell: &mut Tell<'_>,
) -> Result<Push, ReplicationError> {
    let own = Archive::open_for_writing(archive, circumstances.owner)?;
    super::remembered(archive, circumstances)?;
    let scratch = Scratch::begin(archive, PUSHING)?;
    let lent = BTreeMap::from([(BRANCH.to_owned(), own.tip().into())]);
    scratch.lend(archive, &lent)?;
    let there = arrival::look(to, &scratch, circumstances)?;
    let mut push = Push {
        before: there.tip,
        tip: own.tip(),
        what: Pushed::Unchanged,
        no_steps: None,
        remembered: false,
    };
    let first = match there.tip {
        None => Some(0),
        Some(tip) => position(&own, tip)?.map(|place| place + 1),
    };
    let Some(first) = first else {
        push.what = Pushed::Refused(explain(archive, &own, to, circumstances, tell)?);
        return Ok(push);
    };
    let mut sender = Sender {
        own: &own,
        to,
        scratch: &scratch,
        circumstances,
        no_steps: None,
    };
    let all = own.branch()?.len();
    let is_sent = sender.send(there.tip, first, all).map_err(|error| match error {
        ReplicationError::Rejected { .. } | ReplicationError::Fetch(FetchError::Git { .. })
            if is_any_withheld(&own, first).unwrap_or(false) =>
        {
            ReplicationError::Withheld(to.to_string())
        }
        error => error,
    })?;
    let is_there = is_sent && arrival::look(to, &scratch, circumstances)?.tip == Some(own.tip());
    if !is_there {
        push.what = Pushed::Refused(explain(archive, &own, to, circumstances, tell)?);
        return Ok(push);
    }
    let missing = (1..=first / EVERY).map(|step| step * EVERY);
    let missing: Vec<usize> = missing.filter(|count| !there.steps.contains_key(count)).collect();
    for some in missing.chunks(STEPS_AT_ONCE) {
        sender.push(&sender.refs_of_steps(some)?)?;
    }
    push.no_steps = sender.no_steps;
    if first < all {
        push.what = Pushed::Advanced { commits: all - first };
    }
    push.remembered = note_seen(&own, to, own.tip(), circumstances)?;
    Ok(push)
}

impl Sender<'_> {
    /// Sends the commits from a place on, step by step; tells whether the other side's branch took all of them. Where it
    /// did not, somebody else has moved it.
    fn send(
        &mut self,
        mut there: Option<CommitId>,
        first: usize,
        all: usize,
    ) -> Result<bool, ReplicationError> {
        let ends = (first / EVERY + 1..).map(|step| step * EVERY);
        let ends = ends.take_while(|end| *end < all);
        let ends: Vec<usize> = ends.chain((first < all).then_some(all)).collect();
        for end in ends {
            let id = self.commit(end)?;
            let mut refs = vec![format!("{id}:{BRANCH}")];
            if end % EVERY == 0 {
                refs.extend(self.refs_of_steps(&[end])?);
            }
            if let Some(summary) = self.push(&refs)? {
                let now = arrival::look(self.to, self.scratch, self.circumstances)?.tip;
                if now != there && now != Some(id) {
                    return Ok(false);
                }
                if now != Some(id) {
                    let address = self.to.to_string();
                    return Err(ReplicationError::Rejected { address, summary });
                }
            }
            there = Some(id);
        }
        Ok(true)
    }

    /// Pushes refs; returns why the branch was refused, where it was.
    fn push(&mut self, refs: &[String]) -> Result<Option<String>, ReplicationError> {
        if refs.is_empty() {
            return Ok(None);
        }
        let git = &self.circumstances.git;
        let mut refused = None;
        for pushed in git.push(self.to.as_os_str(), self.scratch, refs)? {
            match pushed.flag {
                Flag::Taken => {}
                Flag::Refused if pushed.name == BRANCH => refused = Some(pushed.summary),
                Flag::Refused => self.no_steps = Some(pushed.summary),
            }
        }
        Ok(refused)
    }

    /// Returns steps as git is given them, unless the other side takes none.
    fn refs_of_steps(&self, counts: &[usize]) -> Result<Vec<String>, ReplicationError> {
        if self.no_steps.is_some() {
            return Ok(Vec::new());
        }
        let one = |count: &usize| Ok(format!("{}:{}", self.commit(*count)?, steps::name(*count)));
        counts.iter().map(one).collect()
    }

    /// Returns the commit to which so many lead.
    fn commit(&self, count: usize) -> Result<CommitId, ReplicationError> {
        let branch = self.own.branch()?;
        let listed = count.checked_sub(1).and_then(|place| branch.get(place));
        Ok(listed.unwrap_or(self.own.tip()))
    }
}

/// Tells whether content is withheld that first stands in a commit of the branch from a place on.
fn is_any_withheld(own: &Archive, first: usize) -> Result<bool, ReplicationError> {
    for blob in own.withheld() {
        let path = Tombstone::path_of(*blob);
        let Ok(tombstone) = Tombstone::parse(&path, &own.file(own.root(), &path)?) else {
            continue;
        };
        let brought = tombstone.revisions.first();
        let place = brought.map(|id| position(own, *id)).transpose()?.flatten();
        if place >= Some(first) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings what the other copy has, to say who was first.
fn explain(
    path: &Path,
    own: &Archive,
    to: &Address,
    circumstances: &Circumstances,
    tell: &mut Tell<'_>,
) -> Result<Refusal, ReplicationError> {
    let asked = arrival::ask(path, to, circumstances)?;
    let judged = arrival::arrive(path, Some(own), to, asked, Own::Refuse, circumstances, tell)?;
    Ok(match judged {
        Judged::Refused(refusal) => refusal,
        Judged::Sound(arrival) => {
            let tip = arrival.view.tip();
            let first = arrival.new.first().copied().unwrap_or(tip);
            Refusal::Behind(Side::of(&arrival.view, first, tip, arrival.new.len())?)
        }
    })
}
