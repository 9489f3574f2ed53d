//! The branch of an archive as the line that it is: from the tip to the first commit, and which commits stand on it. What a list
//! says of it counts as far as git was seen to say the same.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Archive, Fault};
use crate::id::CommitId;
use crate::object::commit::Commit;
use crate::storage::branch_list::{self, BranchList};
use crate::storage::refs;

/// Commits at the end of the branch that are looked at rather than a list of it.
const NEAR: usize = 128;

/// How a commit that is not on the branch stands to it, by the commits that the store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Astray {
    /// Its history leaves the branch below the tip: there is another one in its place.
    Forked,
    /// It goes on from the tip.
    Ahead,
    /// Nothing leads from it to the branch.
    Unconnected,
}

impl Archive {
    /// Walks the branch from its tip to its first commit, each hashed again; ends after the first fault.
    pub fn walk(&self) -> impl Iterator<Item = Result<(CommitId, Commit), Fault>> + '_ {
        let mut next = Some(self.seen.tip);
        std::iter::from_fn(move || {
            let id = next.take()?;
            let commit = self.commit(id);
            if let Ok(commit) = &commit {
                next = commit.parents.first().copied();
            }
            Some(commit.map(|commit| (id, commit)))
        })
    }

    /// Returns the commits of the branch, oldest first: from the list beside the repository, brought up to the
    /// tip, or by walking where there is none that fits.
    ///
    /// # Errors
    /// [`Fault`] where the branch cannot be walked.
    pub fn branch(&self) -> Result<&BranchList, Fault> {
        if let Some(list) = self.branch_at_hand() {
            return Ok(list);
        }
        let listed = self.listed();
        let known = listed.last();
        let mut newer = Vec::new();
        let mut fits = false;
        let mut walk = self.walk();
        while !fits && let Some(step) = walk.next() {
            let (id, _) = step?;
            fits = Some(id) == known;
            if !fits {
                newer.push(id);
            }
        }
        newer.reverse();
        if !fits {
            return Ok(self.walked.get_or_init(|| Arc::new(BranchList::of(&newer))));
        }
        let mut list = listed.clone();
        list.extend(&newer);
        Ok(self.branch.get_or_init(|| list))
    }

    /// Returns the same by walking from the tip, once; where the list beside the repository is another one, this one takes
    /// its place.
    fn walked_branch(&self) -> Result<&BranchList, Fault> {
        let listed = self.branch()?;
        if let Some(walked) = self.walked.get() {
            return Ok(walked);
        }
        let walked = self.walk_anew()?;
        // What is looked at may be what would be the branch, and the file is the branch's.
        if refs::tip(&self.seen.path).is_ok_and(|tip| tip == Some(self.seen.tip)) {
            if *walked != *listed {
                let _ = walked.save(&self.seen.path);
            }
            self.vouch(&walked);
        }
        Ok(self.walked.get_or_init(|| walked))
    }

    /// Walks from the tip to the branch's first commit, or to a commit to which this process has walked before: what came
    /// before that is told by its id. So a server that is asked again and again for what it has not walks once.
    fn walk_anew(&self) -> Result<Arc<BranchList>, Fault> {
        static WALKED: Mutex<Option<Arc<BranchList>>> = Mutex::new(None);
        let last = || WALKED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last().clone();
        let end = known.as_ref().and_then(|known| known.last());
        let mut newer = Vec::new();
        let mut next = Some(self.seen.tip);
        while let Some(id) = next.filter(|id| end != Some(*id)) {
            next = self.commit(id)?.parents.first().copied();
            newer.push(id);
        }
        newer.reverse();
        let walked = match known.filter(|_| next.is_some()) {
            Some(known) if newer.is_empty() => known,
            Some(known) => Arc::new(known.followed_by(&newer)),
            None => Arc::new(BranchList::of(&newer)),
        };
        *last() = Some(Arc::clone(&walked));
        Ok(walked)
    }

    /// Returns the first commit of the branch.
    ///
    /// # Errors
    /// [`Fault`] where the branch cannot be walked.
    pub fn first(&self) -> Result<Option<CommitId>, Fault> {
        let Some(listed) = self.branch()?.get(0) else {
            return Ok(None);
        };
        let is_first =
            || Ok(self.is_on_branch_at(listed, Some(0))? && self.commit(listed)?.parents.is_empty());
        match is_first() {
            Ok(false) => Ok(self.walked_branch()?.get(0)),
            Err(fault) if Fault::is_system_error(&fault) => Err(fault),
            // Where a commit is damaged nothing better is known.
            _ => Ok(Some(listed)),
        }
    }

    /// Returns the first commit of the branch as the list beside the repository has it, without a walk: for what is no verdict.
    pub(crate) fn first_at_hand(&self) -> Option<CommitId> {
        let listed = self.branch_at_hand()?.get(0)?;
        let is_first = self.commit(listed).is_ok_and(|commit| commit.parents.is_empty());
        is_first.then_some(listed)
    }

    /// Returns the list of the branch where it is there up to the tip, without walking.
    fn branch_at_hand(&self) -> Option<&BranchList> {
        let known = self.walked.get().map(Arc::as_ref);
        known.or_else(|| self.branch.get()).or_else(|| {
            let listed = self.listed();
            (listed.last() == Some(self.seen.tip)).then_some(listed)
        })
    }

    /// Returns the list beside the repository as it was when it was first asked for, wherever it ends.
    fn listed(&self) -> &BranchList {
        self.listed.get_or_init(|| BranchList::load(&self.seen.path))
    }

    /// Adds the commits that were put on the branch after the tip, oldest first, to the list beside the
    /// repository. The list can be made again, so that it could not be written is no failure.
    pub fn record_on_branch(self, added: &[CommitId]) {
        let appended = branch_list::append(&self.seen.path, self.seen.tip, added).unwrap_or(false);
        if !appended && let Ok(list) = self.branch() {
            let _ = list.followed_by(added).save(&self.seen.path);
        }
    }

    /// Keeps that a long list was walked, which spares a walk; that it could not be kept is no failure.
    fn vouch(&self, list: &BranchList) {
        if let Some(vouched) = self.seen.vouched.as_ref().filter(|_| list.len() > NEAR) {
            let _ = vouched.keep(list);
        }
    }

    /// Tells whether a commit is in the branch's history. A yes takes a look at the commits after it up to the tip or, where
    /// those are many, a scan of a list that the user's own program walked before; a no is told after a walk along the branch, as
    /// far as this process has not walked it before.
    ///
    /// # Errors
    /// [`Fault`] where the branch cannot be walked.
    pub fn is_on_branch(&self, id: CommitId) -> Result<bool, Fault> {
        self.is_on_branch_at(id, None)
    }

    /// As [`Archive::is_on_branch`], where somebody said at which position: that is looked at first, so that the list
    /// need not be searched.
    ///
    /// # Errors
    /// [`Fault`] where the branch cannot be walked.
    pub fn is_on_branch_at(&self, id: CommitId, told: Option<usize>) -> Result<bool, Fault> {
        if id == self.seen.tip {
            return Ok(true);
        }
        let list = self.branch()?;
        let told = told.filter(|position| list.get(*position) == Some(id));
        if let Some(position) = told.or_else(|| list.position(id)) {
            match self.is_known_from(list, position) {
                Ok(true) => return Ok(true),
                Err(fault) if fault.is_system_error() => return Err(fault),
                // It may be one of the list's commits that there is none of.
                _ => {}
            }
        }
        // Nothing was checked of a no, and one wrong bit in the list is enough for it.
        Ok(self.walked_branch()?.position(id).is_some())
    }

    /// Tells how a commit that is not on the branch stands to it. What cannot be read leads nowhere.
    #[must_use]
    pub fn astray(&self, id: CommitId) -> Astray {
        let parents = |id: &CommitId| self.commit(*id).ok()?.parents.first().copied();
        let mut history = std::iter::successors(Some(id), parents);
        match history.find(|id| self.is_on_branch(*id).unwrap_or(false)) {
            Some(parting) if parting == self.seen.tip => Astray::Ahead,
            Some(_) => Astray::Forked,
            None => Astray::Unconnected,
        }
    }

    /// Returns how many commits the branch has. The list beside the repository is taken at its word for nothing: it counts where it
    /// is the branch's from the first commit on, and else the branch is walked.
    ///
    /// # Errors
    /// [`Fault`] where the branch cannot be walked.
    pub fn count_commits(&self) -> Result<usize, Fault> {
        let list = self.branch()?;
        let is_whole = match list.get(0) {
            Some(first) => self.commit(first)?.parents.is_empty() && self.is_known_from(list, 0)?,
            None => false,
        };
        Ok(if is_whole { list } else { self.walked_branch()? }.len())
    }

    /// Tells whether the list of the branch is git's from a position to the tip, in which it ends. It came with the folder: each commit
    /// must name the one before it as its parent, up to those that the user's own program walked.
    fn is_known_from(&self, list: &BranchList, position: usize) -> Result<bool, Fault> {
        if self.walked.get().is_some() {
            return Ok(true);
        }
        let from = self.known_from.get().min(list.len().saturating_sub(1));
        if position >= from {
            return Ok(true);
        }
        let mut end = position;
        let mut known_from = position;
        if from - position > NEAR {
            let beginning = self
                .seen
                .vouched
                .as_ref()
                .and_then(|vouched| vouched.beginning(list));
            let Some(vouched) = beginning.and_then(|count| count.checked_sub(1)) else {
                return Ok(false);
            };
            if vouched >= position {
                (end, known_from) = (vouched.min(from), 0);
            }
        }
        for at in (end..from).rev() {
            match (list.get(at), list.get(at + 1)) {
                (Some(parent), Some(child)) if self.follows(child, parent)? => {}
                _ => return Ok(false),
            }
        }
        self.known_from.set(known_from);
        if known_from == 0 && from - end > NEAR {
            self.vouch(list);
        }
        Ok(true)
    }

    /// Tells whether a commit is in the branch's history, where the index gives its position and the commit after
    /// it: the list of the branch must agree or, where that is not at hand, that commit. No verdict takes this for
    /// [`Archive::is_on_branch`].
    ///
    /// # Errors
    /// [`Fault`] where a commit cannot be read.
    pub(crate) fn stands_at(
        &self,
        id: CommitId,
        position: usize,
        next: Option<CommitId>,
    ) -> Result<bool, Fault> {
        if id == self.seen.tip {
            return Ok(true);
        }
        match (self.branch_at_hand(), next) {
            (Some(list), _) => self.is_listed_at(list, id, position),
            (None, Some(child)) => self.follows(child, id),
            (None, None) => Ok(false),
        }
    }

    /// The list is beside the repository, not in it: the commit after this one must name it as its parent. That is enough for
    /// what is looked at besides, and for no verdict.
    fn is_listed_at(&self, list: &BranchList, id: CommitId, position: usize) -> Result<bool, Fault> {
        match list.get(position + 1) {
            Some(child) if list.get(position) == Some(id) => self.follows(child, id),
            _ => Ok(false),
        }
    }

    fn follows(&self, child: CommitId, parent: CommitId) -> Result<bool, Fault> {
        Ok(self.commit(child)?.parents == [parent])
    }
}
