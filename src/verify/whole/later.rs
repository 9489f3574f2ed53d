//! An archive that others go on writing to while it is checked: what was withheld since, and which list of the branch is its own.

use std::cell::OnceCell;

use super::{Code, Report};
use crate::archive::{Archive, Owner};
use crate::id::ObjectId;
use crate::storage::branch_list::{BranchList, FILE_NAME};
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::refs;

/// Opens an archive once more where content of it was withheld after it was opened: who expunges deletes what this check may
/// not have read yet.
pub(super) fn withheld_since<'a>(archive: &'a Archive, later: &'a OnceCell<Archive>) -> &'a Archive {
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
pub(super) fn check_branch_list(archive: &Archive, inventory: &Inventory, line: &Line, report: &mut Report) {
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
