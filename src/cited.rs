//! From a SWHID that somebody cites to the revisions that it leads to: a commit, or a file or folder of one.

use crate::archive::{Archive, Fault};
use crate::article::PAGE_FILE;
use crate::history;
use crate::id::{ArticleId, BlobId, CommitId, ObjectId};
use crate::index;
use crate::object::tree::Entry;
use crate::swhid::{Core, Fragment, Named, Swhid};
use crate::trailer::Message;

/// The folder of a tree in which the articles are.
const ARTICLES: &str = "articles/";

/// What a SWHID leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cited {
    /// This revision; and older ones, newest first, where one text was published several times.
    Revisions(CommitId, Vec<CommitId>),
    /// This commit is named as the anchor and is none of the archive's, or cannot be read.
    Anchor(CommitId),
    /// The anchor was read, and does not hold what is cited.
    Other(CommitId, String),
    /// Nothing that the archive has.
    Nothing(String),
}

/// Finds what a SWHID leads to. What is found is what git's objects say, hashed again; whether the commits are on the
/// branch is not asked here.
///
/// # Errors
/// [`Fault`] where the archive could not be looked into.
pub fn find(archive: &Archive, swhid: &Swhid) -> Result<Cited, Fault> {
    let Core { named, id } = swhid.core();
    match named {
        Named::Revision if swhid.path().is_some() || swhid.anchor().is_some_and(|it| it != swhid.core()) => {
            Ok(Cited::Nothing(
                "a rev of this archive is named by itself, without anchor and path".to_owned(),
            ))
        }
        Named::Revision => Ok(Cited::Revisions(CommitId::from_raw(*id.raw()), Vec::new())),
        Named::Content | Named::Directory => match swhid.anchor() {
            Some(anchor) if anchor.named == Named::Revision => {
                anchored(archive, swhid, CommitId::from_raw(*anchor.id.raw()))
            }
            Some(anchor) => Ok(Cited::Nothing(format!(
                "the anchor is a {}, and what this archive publishes is anchored in a rev",
                anchor.named.tag()
            ))),
            None if named == Named::Directory => Ok(Cited::Nothing(
                "a folder is looked for with its revision, as in ;anchor=swh:1:rev:…;path=/articles/…"
                    .to_owned(),
            )),
            None => with_text(archive, swhid),
        },
        Named::Release | Named::Snapshot => Ok(Cited::Nothing(format!(
            "an archive has no {}; it publishes rev, cnt and dir",
            named.tag()
        ))),
    }
}

/// Looks into the tree of the anchor. Where the path leads to an article that an older revision wrote, as it does for
/// whoever cites what they saw at the newest commit, that revision is meant.
fn anchored(archive: &Archive, swhid: &Swhid, anchor: CommitId) -> Result<Cited, Fault> {
    let commit = match archive.commit(anchor) {
        Ok(commit) => commit,
        Err(fault) if fault.is_system_error() => return Err(fault),
        Err(_) => return Ok(Cited::Anchor(anchor)),
    };
    let own = Message::parse(&commit.message)
        .ok()
        .map(|message| message.trailers.article);
    let path = match (swhid.path(), &own) {
        (Some(path), _) => path.trim_matches('/').to_owned(),
        (None, Some(article)) if swhid.core().named == Named::Content => {
            format!("{}/{PAGE_FILE}", article.folder())
        }
        (None, Some(article)) => article.folder(),
        (None, None) => return Ok(Cited::Anchor(anchor)),
    };
    if own.is_none() && !archive.is_on_branch(anchor)? {
        return Ok(Cited::Anchor(anchor));
    }
    let other = |what: String| Ok(Cited::Other(anchor, what));
    let Some(article) = article_of_path(&path) else {
        return other(format!("/{path} is in no article's folder"));
    };
    let entry = match archive.entry(commit.tree, &path) {
        Ok(entry) => entry,
        Err(Fault::Absent { .. } | Fault::Form(_)) => {
            return other(format!("the commit {anchor} has no /{path}"));
        }
        Err(fault) => return Err(fault),
    };
    let found = name(entry);
    if found.core() != swhid.core() {
        return other(format!("/{path} of the commit is {found}"));
    }
    if let Some(what) = missing_part(archive, entry, swhid.fragment())? {
        return other(format!("/{path} {what}"));
    }
    if own.as_ref() == Some(&article) {
        return Ok(Cited::Revisions(anchor, Vec::new()));
    }
    let folder = archive.folder(commit.tree, &article.folder())?;
    let branch = archive.branch()?;
    let upto = branch.position(anchor);
    let mut next = history::newest(archive, &article)?;
    while let Some(id) = next {
        let commit = archive.commit(id)?;
        let is_before = branch.position(id) <= upto;
        if is_before && archive.folder(commit.tree, &article.folder())? == folder {
            return Ok(Cited::Revisions(id, Vec::new()));
        }
        next = Message::parse(&commit.message)
            .ok()
            .and_then(|message| message.trailers.previous);
    }
    other(format!("no revision up to this commit wrote /{path}"))
}

/// Reads an article's name from the path of something in its folder.
fn article_of_path(path: &str) -> Option<ArticleId> {
    let rest = path.strip_prefix(ARTICLES)?;
    let end = rest.match_indices('/').nth(3).map_or(rest.len(), |(at, _)| at);
    rest.get(..end)?.parse().ok()
}

fn name(entry: Entry) -> Swhid {
    match entry {
        Entry::File(blob) => Swhid::content(blob),
        Entry::Folder(tree) => Swhid::directory(tree),
    }
}

/// Says what a blob lacks of the part that is meant.
fn missing_part(
    archive: &Archive,
    entry: Entry,
    fragment: Option<Fragment>,
) -> Result<Option<String>, Fault> {
    let (Entry::File(blob), Some(fragment)) = (entry, fragment) else {
        return Ok(None);
    };
    let bytes = match archive.blob(blob) {
        Err(Fault::Withheld(_)) => return Ok(None),
        read => read?,
    };
    let (what, last, has) = match fragment {
        Fragment::Lines(range) => ("lines", range.last(), memchr::memchr_iter(b'\n', &bytes).count()),
        Fragment::Bytes(range) => ("bytes", range.last().saturating_add(1), bytes.len()),
    };
    Ok((usize::try_from(last).map_or(true, |last| last > has)).then(|| format!("has {has} {what}")))
}

/// Finds the revisions whose page has a text, newest first: those that the index names, where git agrees, or by a walk.
fn with_text(archive: &Archive, swhid: &Swhid) -> Result<Cited, Fault> {
    let id: ObjectId = swhid.core().id;
    let nothing = |what: &str| Ok(Cited::Nothing(what.to_owned()));
    let page = BlobId::from_raw(*id.raw());
    if !archive.withheld().contains(&page) && !archive.objects().contains(id)? {
        return nothing("the archive has no such text");
    }
    let has_text = |commit| -> Result<bool, Fault> {
        let commit = archive.commit(commit)?;
        let Ok(message) = Message::parse(&commit.message) else {
            return Ok(false);
        };
        let path = format!("{}/{PAGE_FILE}", message.trailers.article.folder());
        Ok(archive.entry(commit.tree, &path)? == Entry::File(page))
    };
    let indexed = index::ask(archive, |index| {
        let found = index.with_text(page).ok()?;
        let ids: Vec<CommitId> = found.iter().map(|row| row.id).collect();
        ids.iter()
            .all(|id| matches!(has_text(*id), Ok(true)))
            .then_some(ids)
    });
    let mut revisions = match indexed {
        Some(found) if !found.is_empty() => found,
        _ => {
            let mut found = Vec::new();
            for step in archive.walk() {
                let (id, _) = step?;
                if matches!(has_text(id), Ok(true)) {
                    found.push(id);
                }
            }
            found
        }
    }
    .into_iter();
    let Some(newest) = revisions.next() else {
        return nothing("no revision has this as its page's text");
    };
    match missing_part(archive, Entry::File(page), swhid.fragment())? {
        Some(what) => Ok(Cited::Nothing(format!("the text {what}"))),
        None => Ok(Cited::Revisions(newest, revisions.collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_an_articles_folder_names_the_article() {
        let article = |path| article_of_path(path).map(|article| article.to_string());
        let name = Some("2026/01/22/bridge".to_owned());
        assert_eq!(article("articles/2026/01/22/bridge"), name);
        assert_eq!(article("articles/2026/01/22/bridge/page.txt"), name);
        assert_eq!(article("articles/2026/01/22/bridge/media/a.png"), name);
        for path in [
            "",
            "avalaches.json",
            "articles",
            "articles/2026/01",
            "articles/2026/01/22",
        ] {
            assert_eq!(article(path), None, "{path}");
        }
    }
}
