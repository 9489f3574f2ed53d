//! What `audit` answers: whether a whole history is one that an honest publisher leaves behind. It takes everything
//! that the check of a whole archive finds and adds, in the same pass, what the format allows and a reader should
//! still be told.

use std::collections::BTreeMap;

use crate::archive::{Archive, Fault};
use crate::article::Kind;
use crate::date::{CivilDay, RevisionDate};
use crate::footer::Footer;
use crate::id::{ArticleId, CommitId};
use crate::progress::Tell;
use crate::storage::verified;
use crate::trailer::Message;
use crate::verify::whole::{self, Code, Scope, Severity};
use crate::wording::with_causes;

pub use self::rules::is_after;
use self::rules::{Claim, Rules};

mod rules;

/// What no audit proves, for the end of each report.
pub const NOT_PROVED: [&str; 5] = [
    "that what was published is true",
    "the clock time: dates are the publisher's word, and an id that somebody else kept at a known time bounds them",
    "that nothing else was published: a publisher can keep two archives and show each reader one",
    "who wrote it: a byline is part of what is proved, and anyone can write one",
    "that nothing was taken from the end: keep the last id, and give it to the next audit with --remembered",
];

/// What is judged, and against what.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much is checked, and how.
    pub whole: whole::Options,
    /// The present, in which nothing can have been archived later.
    pub now: RevisionDate,
    /// Ids that somebody kept, which must be in the branch's history.
    pub remembered: Vec<CommitId>,
    /// What was found to contradict something that the reader kept of the archive.
    pub contradicting: Vec<whole::Finding>,
}

/// What an audit found.
#[derive(Debug)]
pub struct Report {
    /// The check of the whole archive. Its findings are among those below.
    pub whole: whole::Report,
    /// Everything that was found, the gravest first, then by code, then in the order of archiving.
    pub findings: Vec<Finding>,
    /// Revisions of each month (`2026-01`) by kind, in the order of [`Kind::ALL`].
    pub months: BTreeMap<String, [usize; 6]>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// Where: a file, an object, or a commit.
    pub place: String,
    /// What, in words.
    pub what: String,
    /// The commit that it is about.
    pub commit: Option<CommitId>,
    /// The commit's footer, where the commit can be read.
    pub footer: Option<Footer>,
    /// The article and the number of the revision, where the message tells.
    pub revision: Option<(ArticleId, u32)>,
}

impl Report {
    /// Counts the findings of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let of_it = |finding: &&Finding| finding.code.severity() == severity;
        self.findings.iter().filter(of_it).count()
    }

    /// Tells whether something could not be read, so that what else was found may come of that.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.findings.iter().any(|finding| finding.code == Code::Unread)
    }

    /// Tells whether nothing was found that is an error or a warning.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.code.severity() == Severity::Notice)
    }
}

/// Judges the history of an archive. `progress` is told how far it is and may end it with `Break`.
pub fn run(archive: &Archive, options: &Options, progress: &mut Tell<'_>) -> Report {
    let rules = Rules::new(options.now);
    let mut whole = whole::observed(archive, options.whole, Some(&rules), progress);
    let seen = rules.into_seen();
    let mut found = std::mem::take(&mut whole.findings);
    found.extend(seen.findings);
    found.extend(options.contradicting.iter().cloned());
    let remembered = verified::load(archive.path());
    for id in options.remembered.iter().copied().chain(remembered) {
        let is_known = found
            .iter()
            .any(|known| known.code.is_of_recorded() && known.commit == Some(id));
        match archive.is_on_branch(id) {
            Ok(false) if !is_known => {
                found.push(whole::not_on_branch(archive, id));
            }
            Err(fault) if fault.is_system_error() => found.push(unread(id, &fault)),
            // What is damaged is found by who reads everything.
            Ok(_) | Err(_) => {}
        }
    }
    for claim in seen.claims {
        match forged(archive, &claim) {
            Ok(Some(what)) => found.push(whole::Finding::of(Code::ClaimForged, claim.commit, what)),
            Err(fault) if fault.is_system_error() => found.push(unread(claim.commit, &fault)),
            Ok(None) | Err(_) => {}
        }
    }
    for (id, what) in &whole.withheld {
        found.push(whole::Finding::of(Code::ContentWithheld, *id, what.as_str()));
    }
    for id in &whole.detached {
        let what = "is a revision of this store that neither the branch nor a mirror leads to; it may have been on \
                    the branch once";
        found.push(whole::Finding::of(Code::RevisionDetached, *id, what));
    }
    let mut placed: Vec<(Option<i64>, Finding)> =
        found.into_iter().map(|found| named(archive, found)).collect();
    placed.sort_by(|(when, one), (other_when, other)| {
        let key = |finding: &Finding| (finding.code.severity(), finding.code);
        (key(one), when, &one.place, &one.what).cmp(&(key(other), other_when, &other.place, &other.what))
    });
    placed.dedup();
    Report {
        whole,
        findings: placed.into_iter().map(|(_, finding)| finding).collect(),
        months: seen.months,
    }
}

/// Finds the newest commit that was archived before a day: what came after it is what was archived since.
///
/// # Errors
/// [`Fault`] where the branch cannot be walked.
pub fn since(archive: &Archive, day: CivilDay) -> Result<Scope, Fault> {
    for step in archive.walk() {
        let (id, commit) = step?;
        if commit.committer.date.day() < day {
            return Ok(Scope::Since(id));
        }
    }
    Ok(Scope::Whole)
}

/// Tells what is wrong with the footer that a page came with, where it names a commit of this archive's branch. A
/// page that was corrected comes with the footer of an earlier revision of the article.
fn forged(archive: &Archive, claim: &Claim) -> Result<Option<String>, Fault> {
    let footer = &claim.footer;
    if !archive.objects().contains(footer.commit.into())? || !archive.is_on_branch(footer.commit)? {
        return Ok(None);
    }
    let commit = archive.commit(footer.commit)?;
    let own = Footer::of(commit.author.date, footer.commit);
    let article = Message::parse(&commit.message)
        .ok()
        .map(|message| message.trailers.article);
    Ok(match article {
        Some(article) if article != claim.article => Some(format!(
            "came with the footer {footer}, which is that of {article}"
        )),
        None => Some(format!(
            "came with the footer {footer}, which is that of no article"
        )),
        Some(_) if own != *footer => Some(format!("came with the footer {footer}, where {own} was printed")),
        Some(_) => None,
    })
}

fn unread(commit: CommitId, fault: &Fault) -> whole::Finding {
    whole::Finding::of(Code::Unread, commit, with_causes(fault))
}

/// Adds what the commit says of itself, and when it was archived.
fn named(archive: &Archive, found: whole::Finding) -> (Option<i64>, Finding) {
    let commit = found.commit.and_then(|id| Some((id, archive.commit(id).ok()?)));
    let message = commit
        .as_ref()
        .and_then(|(_, commit)| Message::parse(&commit.message).ok());
    let finding = Finding {
        code: found.code,
        place: found.place,
        what: found.what,
        commit: found.commit,
        footer: commit
            .as_ref()
            .map(|(id, commit)| Footer::of(commit.author.date, *id)),
        revision: message.map(|message| (message.trailers.article, message.trailers.revision)),
    };
    let when = commit.map(|(_, commit)| commit.committer.date.seconds());
    (when, finding)
}

/// Returns the place of a kind in [`Kind::ALL`].
fn place_of(kind: Kind) -> usize {
    Kind::ALL.iter().position(|known| *known == kind).unwrap_or(0)
}
