//! Where a revision stands: on the branch, in the line of its article, and what came after it.

use super::{Answer, Named, Verdict, named};
use crate::archive::{Archive, Fault, if_there};
use crate::history;
use crate::id::TreeId;
use crate::object::tree::{Entry, Tree};
use crate::trailer::Message;
use crate::withheld::Kept;
use crate::wording::with_causes;

/// Said of a commit that is not on the branch.
pub(super) const DETACHED: &str = "the commit is not in the branch's history";

/// Said of a commit whose committer date is before that of the commit that it follows.
pub(super) const ARCHIVED_EARLIER: &str = "was archived before the commit that it follows";

/// Where a revision stands.
enum Place {
    /// On the branch, as it has to be, with the revisions that came after it.
    Good(Vec<Named>),
    /// On the branch, and not as the format asks for.
    Wrong(&'static str),
    /// Not on the branch.
    Detached,
}

/// Judges where a revision stands.
pub(super) fn judge(archive: &Archive, revision: &Kept, answer: &mut Answer) -> Result<(), Fault> {
    match look(archive, revision) {
        Ok(Place::Good(later)) => answer.later = later,
        Ok(Place::Wrong(what)) => answer.against(Verdict::Corrupt, what.to_owned()),
        Ok(Place::Detached) => answer.against(Verdict::Detached, DETACHED.to_owned()),
        Err(fault) if fault.is_system_error() => return Err(fault),
        Err(fault) => answer.against(Verdict::Corrupt, unfollowed(&fault)),
    }
    Ok(())
}

/// Says that it is not known where a commit stands.
pub(super) fn unfollowed(fault: &Fault) -> String {
    format!("the branch cannot be followed: {}", with_causes(fault))
}

fn look(archive: &Archive, revision: &Kept) -> Result<Place, Fault> {
    if !archive.is_on_branch(revision.id())? {
        return Ok(Place::Detached);
    }
    let commit = revision.commit();
    let parent = commit.parents.first().map(|parent| archive.commit(*parent));
    let parent = parent.transpose()?;
    if parent
        .as_ref()
        .is_some_and(|parent| commit.is_archived_before(parent))
    {
        return Ok(Place::Wrong(ARCHIVED_EARLIER));
    }
    let Some(before) = before(archive, revision, parent.map(|parent| parent.tree))? else {
        return Ok(Place::Wrong(
            "the commit changes more or other than its article's folder",
        ));
    };
    if !follows(archive, revision, before)? {
        return Ok(Place::Wrong(
            "Revision and Previous-Revision are not those that follow from the history",
        ));
    }
    let later = history::later(archive, revision)?;
    let path = revision.article_id().folder();
    let newest = match later.last() {
        Some((newest, _)) => archive.folder(archive.commit(*newest)?.tree, &path)?,
        None => revision.folder(),
    };
    if newest != archive.folder(archive.root(), &path)? {
        return Ok(Place::Wrong(
            "the article's folder is another one at the tip, and no revision made it so",
        ));
    }
    let later = later.into_iter();
    let later = later.map(|(id, message)| named(archive, id, message));
    Ok(Place::Good(later.collect::<Result<Vec<Named>, Fault>>()?))
}

/// Returns the article's folder before a revision, in the tree of the commit that it follows, where there was one; `None`
/// where that revision changed anything else, or nothing.
#[expect(clippy::option_option, reason = "wrong, none, or a folder")]
fn before(
    archive: &Archive,
    revision: &Kept,
    mut old: Option<TreeId>,
) -> Result<Option<Option<TreeId>>, Fault> {
    let mut new = revision.commit().tree;
    for name in revision.article_id().folder().split('/') {
        let before = old.map(|id| archive.tree(id)).transpose()?.unwrap_or_default();
        let after = archive.tree(new)?;
        if !others(&before, name).eq(others(&after, name)) {
            return Ok(None);
        }
        (old, new) = match (before.get(name), after.get(name)) {
            (None, Some(Entry::Folder(new))) => (None, new),
            (Some(Entry::Folder(old)), Some(Entry::Folder(new))) => (Some(old), new),
            _ => return Ok(None),
        };
    }
    Ok((old != Some(new)).then_some(old))
}

fn others<'a>(tree: &'a Tree, name: &'a str) -> impl Iterator<Item = &'a (String, Entry)> {
    tree.entries().iter().filter(move |(other, _)| other != name)
}

/// Tells whether a revision follows the one whose folder it replaces.
fn follows(archive: &Archive, revision: &Kept, before: Option<TreeId>) -> Result<bool, Fault> {
    let trailers = &revision.message().trailers;
    let (Some(previous), Some(before)) = (trailers.previous, before) else {
        return Ok(trailers.previous.is_none() && before.is_none());
    };
    let commit = archive.commit(previous)?;
    let Ok(message) = Message::parse(&commit.message) else {
        return Ok(false);
    };
    let is_before = message.trailers.article == trailers.article
        && message.trailers.revision.checked_add(1) == Some(trailers.revision)
        && if_there(archive.folder(commit.tree, &trailers.article.folder()))? == Some(before);
    Ok(is_before && archive.is_on_branch(previous)?)
}
