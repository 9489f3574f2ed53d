//! Content that was expunged after the last build: the files that show it go before anything is made, so that they stay away
//! for as long as the build takes, and where it fails.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use rayon::prelude::*;

use super::before::Before;
use super::feeds::{Document, ENTRIES};
use super::files::Files;
use super::search::{NAMES, SIZES};
use super::stretch::Readings;
use super::{BuildError, address};
use crate::archive::{Archive, Fault, if_there};
use crate::history;
use crate::id::{ArticleId, CommitId};
use crate::object::tree::Entry;

/// Revisions that one thread looks at in a row.
const STRETCH: usize = 256;

/// Removes the files of articles of which more is withheld than the last build knew, and what else has something of those texts:
/// lists, documents of the feed, and parts of the index of the search page.
///
/// # Errors
/// [`BuildError`] where the archive cannot be read or a file not be removed.
pub fn clear(
    archive: &Archive,
    folder: &Path,
    files: &Files,
    before: &Before,
    revisions: &[CommitId],
) -> Result<(), BuildError> {
    if archive.withheld().is_empty() {
        return Ok(());
    }
    let mut withheld: BTreeMap<ArticleId, Vec<usize>> = BTreeMap::new();
    for (place, article) in all(archive, revisions)? {
        withheld.entry(article).or_default().push(place);
    }
    withheld.retain(|article, places| before.withheld(article) < places.len());
    if withheld.is_empty() {
        return Ok(());
    }
    let folders: HashSet<String> = withheld.keys().map(ToString::to_string).collect();
    let mut others: HashSet<String> = before.begun().iter().cloned().collect();
    others.extend(["atom", "json"].map(|ending| Document::Newest(0).name(ending)));
    let home = fs::read_to_string(folder.join(address::HOME)).unwrap_or_default();
    for (article, places) in &withheld {
        let name = article.to_string();
        others.extend(name.get(..7).map(address::month));
        others.extend(before.tags(article).iter().map(|tag| address::tag(tag)));
        others.extend(home.contains(&name).then(|| address::HOME.to_owned()));
        for place in places {
            let document = Document::Full(place / ENTRIES + 1);
            others.extend(["atom", "json"].map(|ending| document.name(ending)));
            others.insert(address::part("search/names", place / NAMES + 1, "txt"));
        }
    }
    let places = || withheld.values().flatten();
    let parts = SIZES
        .iter()
        .flat_map(|size| places().map(move |place| (*size, place / size + 1)));
    let parts: HashSet<String> = parts
        .map(|(size, number)| address::search_part(size, number))
        .collect();
    let goes = |name: &str| {
        let above = name.rsplit_once('/').map_or("", |(above, _)| above);
        others.contains(name)
            || folders.contains(above)
            || parts.contains(above)
            || address::is_newest_search_part(above)
    };
    files.clear(goes, &before.without(&folders))?;
    Ok(())
}

/// Finds the revisions of which something is withheld, by their places on the branch.
fn all(archive: &Archive, revisions: &[CommitId]) -> Result<Vec<(usize, ArticleId)>, BuildError> {
    let seen = archive.seen();
    let stretches = revisions.par_chunks(STRETCH).enumerate();
    let found: Result<Vec<Vec<(usize, ArticleId)>>, BuildError> = stretches
        .map_init(
            || Readings::of(&seen),
            |readings, (at, stretch)| {
                let archive = readings.archive()?;
                let mut found = Vec::new();
                for (place, id) in (at * STRETCH..).zip(stretch) {
                    found.extend(of_revision(archive, *id)?.map(|article| (place, article)));
                }
                Ok(found)
            },
        )
        .collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Returns the article of a revision of which something is withheld.
fn of_revision(archive: &Archive, id: CommitId) -> Result<Option<ArticleId>, Fault> {
    let commit = archive.commit(id)?;
    let Some(article) = history::article_of(&commit) else {
        return Ok(None);
    };
    let Some(folder) = if_there(archive.folder(commit.tree, &article.folder()))? else {
        return Ok(None);
    };
    let tree = archive.tree(folder)?;
    let is_withheld = |entry: &Entry| matches!(entry, Entry::File(blob) if archive.withheld().contains(blob));
    let is_any = tree.entries().iter().any(|(_, entry)| is_withheld(entry));
    Ok(is_any.then_some(article))
}
