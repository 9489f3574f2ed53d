//! What the format allows and a reader should still be told: revisions whose kind, dates or texts do not fit the one
//! that they follow.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::place_of;
use crate::article::{Kind, PAGE_FILE};
use crate::date::RevisionDate;
use crate::footer::Footer;
use crate::id::{ArticleId, CommitId};
use crate::object::commit::Commit;
use crate::revision::Revision;
use crate::trailer::{KEYS, Message};
use crate::verify::whole::{Code, Earlier, Finding, Observer, Seen};
use crate::withheld::WithheldRevision;

/// How far a date may lie after the instant that bounds it, in seconds: a page without a time is dated at noon, and
/// clocks differ.
const TOLERANCE: i64 = 86_400;

/// The shortest paragraph, in bytes, by which a retracted text is recognized: twelve Han characters.
const TELLING: usize = 36;

/// A page that came with a footer.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// The revision.
    pub commit: CommitId,
    /// Its article.
    pub article: ArticleId,
    /// The footer that the page carried.
    pub footer: Footer,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub findings: Vec<Finding>,
    pub claims: Vec<Claim>,
    pub months: BTreeMap<String, [usize; 6]>,
}

/// The rules, and what they found until now.
#[derive(Debug)]
pub(super) struct Rules {
    now: RevisionDate,
    seen: Mutex<Gathered>,
}

impl Rules {
    pub fn new(now: RevisionDate) -> Self {
        Self {
            now,
            seen: Mutex::default(),
        }
    }

    pub fn into_seen(self) -> Gathered {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Rules {
    fn revision(&self, seen: &Seen<'_>) {
        let revision = seen.revision;
        let (commit, message) = (&revision.commit, &revision.message);
        let mut found = alone(commit, message, self.now);
        if let Some(earlier) = seen.earlier {
            found.extend(said_beside(commit, message, earlier));
            found.extend(text_beside(revision, earlier));
        }
        self.gather(revision.id, commit, message, found);
    }

    fn withheld(&self, revision: &WithheldRevision, earlier: Option<&Earlier>) {
        let (commit, message) = (&revision.commit, &revision.message);
        let mut found = alone(commit, message, self.now);
        found.extend(
            earlier
                .into_iter()
                .flat_map(|earlier| said_beside(commit, message, earlier)),
        );
        self.gather(revision.id, commit, message, found);
    }
}

impl Rules {
    /// Keeps what was found in a revision, and counts it.
    fn gather(&self, id: CommitId, commit: &Commit, message: &Message, found: Vec<(Code, String)>) {
        let day = commit.author.date.day();
        let month = format!("{:04}-{:02}", day.year, day.month);
        let trailers = &message.trailers;
        let mut gathered = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let findings = found.into_iter().map(|(code, what)| Finding::of(code, id, what));
        gathered.findings.extend(findings);
        if let Some(footer) = &trailers.claimed_footer {
            gathered.claims.push(Claim {
                commit: id,
                article: trailers.article.clone(),
                footer: footer.clone(),
            });
        }
        if let Some(count) = gathered
            .months
            .entry(month)
            .or_default()
            .get_mut(place_of(trailers.kind))
        {
            *count += 1;
        }
    }
}

/// Tells whether a date is later than a moment, by more than clocks and offsets differ.
#[must_use]
pub fn is_after(date: RevisionDate, moment: RevisionDate) -> bool {
    date.seconds() > moment.seconds().saturating_add(TOLERANCE)
}

/// Judges a revision by itself.
fn alone(commit: &Commit, message: &Message, now: RevisionDate) -> Vec<(Code, String)> {
    let mut found = Vec::new();
    let (author, committer) = (commit.author.date, commit.committer.date);
    if is_after(author, committer) {
        let what = format!("is dated {author}, and was archived {committer}");
        found.push((Code::DateAfterArchiving, what));
    }
    if is_after(committer, now) {
        let what = format!("was archived {committer}, and it is {now}");
        found.push((Code::ArchivedInFuture, what));
    }
    let trailers = &message.trailers;
    if (trailers.revision == 1) != (trailers.kind == Kind::Publish) {
        let what = format!("is revision {} and a {}", trailers.revision, trailers.kind);
        found.push((Code::KindOutOfPlace, what));
    }
    let last = commit.message.trim_end().rsplit("\n\n").next();
    for line in last.unwrap_or_default().lines() {
        let key = line.split_once(": ").map_or(line, |(key, _)| key);
        if !KEYS.contains(&key) {
            found.push((Code::TrailerUnknown, format!("has the trailer {key:?}")));
        }
    }
    found
}

/// Judges what a revision says of itself beside the one that it follows.
fn said_beside(commit: &Commit, message: &Message, earlier: &Earlier) -> Vec<(Code, String)> {
    let mut found = Vec::new();
    let (kind, before) = (message.trailers.kind, earlier.message.trailers.kind);
    let (day, day_before) = (commit.author.date.day(), earlier.commit.author.date.day());
    if day < day_before {
        let what = format!("is dated {day}, and the revision before is dated {day_before}");
        found.push((Code::DateBeforePrevious, what));
    }
    let is_retracted = earlier.stood == Kind::Retraction;
    if kind == Kind::Restoration && !is_retracted {
        found.push((Code::RestoresNothing, format!("restores a {before}")));
    }
    if is_retracted && !matches!(kind, Kind::Restoration | Kind::Retraction | Kind::Technical) {
        let what = format!("is a {kind} of an article that stands retracted");
        found.push((Code::AfterRetraction, what));
    }
    found
}

/// Judges the text of a revision beside that of the one that it follows, where that is not withheld.
fn text_beside(revision: &Revision, earlier: &Earlier) -> Vec<(Code, String)> {
    let mut found = Vec::new();
    let kind = revision.message.trailers.kind;
    let is_retracted = earlier.stood == Kind::Retraction;
    let Some(text) = earlier.text(PAGE_FILE) else {
        return found;
    };
    let own = revision.page_text.as_str();
    match kind {
        Kind::Technical => {
            let characters = |text: &str| text.split_whitespace().collect::<String>();
            if characters(text) != characters(own) {
                let what = "is technical and changes what a reader sees".to_owned();
                found.push((Code::TechnicalChangedText, what));
            }
        }
        Kind::Update if !is_declared(revision) => {
            let kept: HashSet<&str> = paragraphs(own).collect();
            let gone = paragraphs(text)
                .filter(|paragraph| !kept.contains(paragraph))
                .count();
            if gone > 0 {
                let what =
                    format!("changes or removes {gone} of the paragraphs before it, and no note says why");
                found.push((Code::ChangeUndeclared, what));
            }
        }
        Kind::Correction => found.extend(twin(revision, earlier)),
        Kind::Retraction if !is_retracted => {
            let stands = paragraphs(text).find(|paragraph| {
                paragraph.len() >= TELLING
                    && (own.contains(paragraph)
                        || revision
                            .article
                            .sources
                            .iter()
                            .any(|source| source.contains(paragraph)))
            });
            if let Some(paragraph) = stands {
                let words = crate::article::first_words(paragraph);
                found.push((
                    Code::RetractedTextStands,
                    format!("is a retraction and still holds: {words}"),
                ));
            }
        }
        _ => {}
    }
    found
}

/// Tells whether a revision says why it was made, or was taken from a repository that declares nothing.
fn is_declared(revision: &Revision) -> bool {
    revision.message.note.is_some() || revision.message.trailers.source_commit.is_some()
}

/// Looks for a language that was left as it was while another one was corrected.
fn twin(revision: &Revision, earlier: &Earlier) -> Option<(Code, String)> {
    let (mut changed, mut left) = (Vec::new(), Vec::new());
    let languages = &revision.metadata().languages;
    for (language, source) in languages.iter().zip(&revision.article.sources) {
        match earlier.text(&language.file_name()) {
            Some(before) if before == source => left.push(language.as_str()),
            Some(_) => changed.push(language.as_str()),
            None => {}
        }
    }
    (!changed.is_empty() && !left.is_empty()).then(|| {
        let what = format!(
            "corrects {} and leaves {} as it was",
            changed.join(", "),
            left.join(", ")
        );
        (Code::TwinNotCorrected, what)
    })
}

fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.trim_end_matches('\n').split("\n\n")
}
