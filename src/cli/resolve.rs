//! From what a user writes to the commit that is meant: an article, an id, or the beginning of one.

use avalaches::archive::{Archive, Fault};
use avalaches::cited::{self, Cited};
use avalaches::footer::{self, Footer};
use avalaches::history;
use avalaches::id::{ArticleId, CommitId, IdPrefix};
use avalaches::revision::{Revision, RevisionFault};
use avalaches::slug::Slug;
use avalaches::swhid::{SCHEME, Swhid};
use avalaches::verify;
use avalaches::withheld::{self, Kept};

use super::{Failure, output};

/// How many articles are named that have one slug.
const MOST_NAMED: usize = 8;

/// Finds the commit that a text names: an article's newest revision, its revision N as `ARTICLE@N`, a footer's,
/// an id's, a prefix's, a SWHID's.
pub fn commit(archive: &Archive, text: &str) -> Result<CommitId, Failure> {
    let text = text.trim().trim_end_matches('/');
    if let Ok(article) = text.parse::<ArticleId>() {
        return history::newest(archive, &article)?.ok_or_else(|| {
            Failure::new(format!("the archive has no article {article}"))
                .hint("`avalaches list` names all of them")
        });
    }
    if let Some((article, number)) = numbered(text) {
        return history::numbered(archive, &article, number)?.ok_or_else(|| {
            Failure::new(format!("the archive has no revision {number} of {article}"))
                .hint(format!("`avalaches history {article}` tells which there are"))
        });
    }
    if let Ok(footer) = footer::tidied(text).parse::<Footer>() {
        return Ok(footer.commit);
    }
    if text.starts_with(SCHEME) {
        return by_swhid(archive, &text.parse()?);
    }
    match IdPrefix::parse(text) {
        Some(prefix) => match by_prefix(archive, &prefix)? {
            Some(id) => Ok(id),
            None => Err(Failure::new(format!("the archive has no commit {prefix}"))),
        },
        None => Err(
            Failure::new(format!("{text:?} is no article, id, footer or SWHID")).hint(
                match of_slug(archive, text)? {
                    Some(names) => format!("an article is named with its day: {names}"),
                    None => {
                        "an article looks like 2026/01/22/some-words, an id has 7 to 40 digits of 0-9 and a-f"
                            .to_owned()
                    }
                },
            ),
        ),
    }
}

/// Names the articles that have the slug that somebody wrote in place of an article.
fn of_slug(archive: &Archive, text: &str) -> Result<Option<String>, Failure> {
    let Ok(slug) = text.parse::<Slug>() else {
        return Ok(None);
    };
    let articles = history::with_slug(archive, &slug)?;
    let mut names: Vec<String> = articles
        .iter()
        .take(MOST_NAMED)
        .map(ToString::to_string)
        .collect();
    if articles.len() > MOST_NAMED {
        names.push("…".to_owned());
    }
    Ok((!names.is_empty()).then(|| names.join(", ")))
}

/// Tells whether a text is written as something that [`commit`] can look up.
pub fn is_name(text: &str) -> bool {
    let text = text.trim().trim_end_matches('/');
    text.parse::<ArticleId>().is_ok()
        || numbered(text).is_some()
        || footer::tidied(text).parse::<Footer>().is_ok()
        || text.starts_with(SCHEME)
        || IdPrefix::parse(text).is_some()
}

/// Reads a revision that is to be shown; of one whose text was expunged it is said why. A note tells where it counts for
/// nothing, which nothing in its text and footer does.
pub fn revision(archive: &Archive, id: CommitId) -> Result<Revision, Failure> {
    let revision = Revision::read(archive, id).map_err(|fault| unreadable(archive, fault))?;
    if let Some(why) = verify::doubt(archive, id, &revision.commit)? {
        output::note(&format!("{}: {}", revision.footer(), output::visible(&why)));
    }
    Ok(revision)
}

/// Says why a revision cannot be read, and of an expunged text why it was.
pub fn unreadable(archive: &Archive, fault: RevisionFault) -> Failure {
    if let RevisionFault::Object { id, .. } = &fault
        && is_withheld(&fault)
        && let Ok(Kept::Withheld(kept)) = Kept::read(archive, *id)
        && let Ok(reasons) = kept.reasons(archive)
    {
        let said = withheld::said(&reasons);
        return Failure::new(format!("{}: {said}", kept.footer()))
            .hint("what was expunged can be shown by nobody; `avalaches verify` tells who said so");
    }
    Failure::from(fault)
}

/// Tells whether a revision cannot be read because its text was expunged.
pub fn is_withheld(fault: &RevisionFault) -> bool {
    let RevisionFault::Object { source, .. } = fault else {
        return false;
    };
    matches!(source, Fault::Withheld(_))
}

/// Finds the one revision that a SWHID leads to.
fn by_swhid(archive: &Archive, swhid: &Swhid) -> Result<CommitId, Failure> {
    match cited::find(archive, swhid)? {
        Cited::Revisions(only, others) if others.is_empty() => Ok(only),
        Cited::Revisions(newest, others) => {
            let several = std::iter::once(&newest).chain(&others);
            let candidates: Vec<String> = several.map(ToString::to_string).collect();
            let what = format!(
                "{} is the text of {} revisions:\n  {}",
                swhid.core(),
                candidates.len(),
                candidates.join("\n  ")
            );
            Err(Failure::new(what).hint("name one of them, or add ;anchor=swh:1:rev:… to the SWHID"))
        }
        Cited::Anchor(anchor) => Ok(anchor),
        Cited::Other(_, what) | Cited::Nothing(what) => Err(Failure::new(format!(
            "{} leads to no revision: {what}",
            swhid.core()
        ))),
    }
}

/// Reads `ARTICLE@N`.
pub fn numbered(text: &str) -> Option<(ArticleId, u32)> {
    let (article, number) = text.rsplit_once('@')?;
    Some((article.parse().ok()?, number.parse().ok()?))
}

/// Finds the one commit whose id begins with some digits; `None` where there is none.
pub fn by_prefix(archive: &Archive, prefix: &IdPrefix) -> Result<Option<CommitId>, Failure> {
    if let Some(id) = prefix.complete() {
        return Ok(Some(CommitId::from_raw(*id.raw())));
    }
    let commits = archive.commits_with_prefix(prefix)?;
    match commits.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        several => {
            let candidates: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(Failure::new(format!(
                "{prefix} is the beginning of several commits:\n  {}",
                candidates.join("\n  ")
            ))
            .hint("give more digits"))
        }
    }
}
