//! Dropping content that may not be kept any longer: a signed commit says which and why, and then the bytes go out of
//! the store. Every id stays what it was, and all the rest can be proved as before.
//!
//! The tombstones come first. Who is killed after that leaves content that nobody is shown, and that `maintain` drops.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use crate::add::Circumstances;
use crate::archive::{Archive, Fault, Owner};
use crate::article::{Kind, METADATA_FILE, Metadata, PAGE_FILE};
use crate::footer::Footer;
use crate::id::{ArticleId, BlobId, CommitId};
use crate::maintain::{self, MaintainError};
use crate::object::commit::Commit;
use crate::object::tree::Entry;
use crate::platform::Durability;
use crate::progress::Tell;
use crate::revision::RevisionFault;
use crate::root_files::{self, RootChange, RootError};
use crate::settings::Signatures;
use crate::tombstone::{Tombstone, is_text};
use crate::trailer::{Message, NoteError, RootMessage};
use crate::verify::signed::Keys;
use crate::withheld::{self, Kept, ReasonError};

/// The most articles whose names stand in the commit's subject.
const MOST_NAMED: usize = 3;

/// What is to go.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The revisions whose content goes.
    pub revisions: Vec<CommitId>,
    /// Why, in a line.
    pub note: String,
    /// Whether `article.json` goes, too, which has titles, authors and tags.
    pub with_metadata: bool,
}

/// What goes, and what does not.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What is withheld from now on, by blob.
    pub tombstones: Vec<Tombstone>,
    /// Revisions that have any of it, oldest first.
    pub revisions: Vec<Holder>,
    /// Content of the revisions that was withheld before.
    pub already: BTreeSet<BlobId>,
    /// Content of the revisions that stays, because the newest revision of an article shows it: the file's path in the
    /// tree, and that revision.
    pub shown: Vec<(String, Footer)>,
    /// Revisions of the same articles that keep a text that is no retraction's notice, oldest first.
    pub others: Vec<Holder>,
    /// What every revision of the articles says beside its text, and says still, oldest first.
    pub said: Vec<Said>,
}

/// What a revision says beside its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The revision, with its commit's subject.
    pub holder: Holder,
    /// The note in its commit's message, which stays.
    pub note: Option<String>,
    /// The titles that its `article.json` has; none where that is withheld.
    pub titles: Vec<String>,
    /// Whether it is the newest, whose titles lists and feeds show.
    pub is_newest: bool,
}

/// A revision, named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its article.
    pub article: ArticleId,
    /// Its number, from 1.
    pub number: u32,
    /// What it is.
    pub kind: Kind,
    /// The first line of its commit's message, which stays.
    pub subject: String,
    /// Its footer.
    pub footer: Footer,
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What went, and what did not.
    pub plan: Plan,
    /// The footer of the commit that says so; `None` where all of it was withheld before.
    pub footer: Option<Footer>,
    /// How the store was written anew.
    pub maintained: maintain::Outcome,
}

/// Why nothing is decided upon.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No revision is named.
    #[error("no revision is named")]
    Nothing,
    /// The note cannot stand in a commit.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The tombstone would be the same as one that is worth nothing.
    #[error("{0} says the same of it already, and its signature is worth nothing now")]
    SameNote(Footer),
    /// Why content is withheld cannot be read.
    #[error("could not read why content is withheld")]
    Reason(#[from] ReasonError),
    /// Everything is what a newest revision shows.
    #[error("the newest revision of an article shows this text: {0}")]
    Newest(Footer),
    /// The commit is not on the branch.
    #[error("commit {0} is not in the branch's history")]
    Detached(CommitId),
    /// A revision is not what the format asks for.
    #[error(transparent)]
    Revision(#[from] RevisionFault),
    /// The branch cannot be walked.
    #[error("could not read the archive")]
    Fault(#[from] Fault),
}

/// Why content was not expunged.
#[derive(Debug, thiserror::Error)]
pub enum ExpungeError {
    /// Nothing was changed.
    #[error(transparent)]
    Root(#[from] RootError<Refusal>),
    /// Another program maintains the archive, or the archive cannot be written to; nothing was changed.
    #[error(transparent)]
    Begin(MaintainError),
    /// The content is withheld, and its bytes are still in the store.
    #[error("{said}, and its bytes are still in the store")]
    Undropped {
        /// Who says that it is withheld.
        said: String,
        /// Why they are there.
        source: MaintainError,
    },
}

impl From<Refusal> for RootError<Refusal> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Has content withheld and drops it from the store. `progress` is told how far the store is and may end it with
/// `Break`: the content is withheld then, and its bytes are still there.
///
/// # Errors
/// [`ExpungeError`]; but for [`ExpungeError::Undropped`] nothing was changed.
pub fn expunge(
    path: &Path,
    owner: Owner,
    wish: &Wish,
    circumstances: &Circumstances,
    durability: Durability,
    progress: &mut Tell<'_>,
) -> Result<Outcome, ExpungeError> {
    // Whoever writes the store anew would bring the content back: the right to do so is taken first.
    let maintainer = maintain::begin(path, owner, durability).map_err(ExpungeError::Begin)?;
    let mut decided = Plan::default();
    let footer = root_files::change(path, owner, circumstances, durability, |archive| {
        decided = plan(archive, wish)?;
        Ok(change(&decided, wish))
    })?;
    let said = footer.as_ref().map_or_else(
        || "all of it was withheld before".to_owned(),
        |footer| format!("the content is withheld by {footer}"),
    );
    let folded = maintain::fold(path, owner, &maintainer, progress);
    Ok(Outcome {
        plan: decided,
        footer,
        maintained: folded.map_err(|source| ExpungeError::Undropped { said, source })?,
    })
}

/// Decides what goes. What the newest revision of an article shows does not.
///
/// # Errors
/// [`Refusal`].
pub fn plan(archive: &Archive, wish: &Wish) -> Result<Plan, Refusal> {
    RootMessage::check_note(Some(&wish.note))?;
    let mut plan = Plan::default();
    let (mut wanted, mut lengths) = (BTreeSet::new(), BTreeMap::new());
    let mut keys = Keys::of(archive)?;
    for id in &wish.revisions {
        let kept = Kept::read(archive, *id)?;
        if !archive.is_on_branch(*id)? {
            return Err(Refusal::Detached(*id));
        }
        for (name, entry) in archive.tree(kept.folder())?.entries() {
            if let Entry::File(blob) = entry
                && (wish.with_metadata || is_text(name))
            {
                if !archive.withheld().contains(blob) {
                    wanted.insert(*blob);
                    continue;
                }
                let said = withheld::reason(archive, &mut keys, name, *blob)?;
                if said.signature.judgement.is_good() {
                    plan.already.insert(*blob);
                } else if said.tombstone.note == wish.note {
                    return Err(Refusal::SameNote(said.commit));
                } else {
                    wanted.insert(*blob);
                    lengths.insert(*blob, said.tombstone.bytes);
                }
            }
        }
    }
    let mut search = Search {
        wanted,
        lengths,
        named: wish.revisions.iter().copied().collect(),
        ..Search::default()
    };
    search.walk(archive)?;
    search.decide(archive, wish, &mut plan)?;
    match (
        &plan.shown.first(),
        plan.tombstones.is_empty() && plan.already.is_empty(),
    ) {
        (Some((_, footer)), true) => Err(Refusal::Newest(footer.clone())),
        (None, true) => Err(Refusal::Nothing),
        _ => Ok(plan),
    }
}

/// What is withheld by signatures that are worth nothing now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fallen {
    /// The commits that say so, by their ids.
    pub said: BTreeMap<CommitId, Footer>,
    /// Revisions by which all of it is named.
    pub revisions: BTreeSet<CommitId>,
    /// Whether more than texts is among it, as `article.json`.
    pub with_metadata: bool,
}

/// Finds what is withheld by signatures that are worth nothing now, as those of a key that was revoked since: `verify` finds the archive
/// corrupt until it is said anew.
///
/// # Errors
/// [`Refusal`] where that cannot be read.
pub fn fallen(archive: &Archive) -> Result<Fallen, Refusal> {
    let mut fallen = Fallen::default();
    let mut keys = Keys::of(archive)?;
    for blob in archive.withheld() {
        let said = withheld::reason(archive, &mut keys, "", *blob)?;
        if said.signature.judgement.is_good() {
            continue;
        }
        let Tombstone { paths, revisions, .. } = said.tombstone;
        let is_text = |path: &String| path.rsplit('/').next().is_some_and(is_text);
        fallen.with_metadata |= !paths.iter().all(is_text);
        fallen.said.insert(said.commit.commit, said.commit);
        // Of one that has another text, too, that would go as well.
        let mut whole = None;
        for id in &revisions {
            if whole.is_none() && has_no_text(archive, *id)? {
                whole = Some(*id);
            }
        }
        fallen.revisions.extend(whole.or(revisions.first().copied()));
    }
    Ok(fallen)
}

/// Tells whether every text of a revision is withheld.
fn has_no_text(archive: &Archive, id: CommitId) -> Result<bool, Refusal> {
    let kept = Kept::read(archive, id)?;
    let tree = archive.tree(kept.folder())?;
    let mut texts = tree.entries().iter().filter(|(name, _)| is_text(name));
    Ok(texts.all(|(_, entry)| matches!(entry, Entry::File(blob) if archive.withheld().contains(blob))))
}

/// Returns the commit that is to be made; `None` where everything was said before.
fn change(plan: &Plan, wish: &Wish) -> Option<RootChange> {
    if plan.tombstones.is_empty() {
        return None;
    }
    let named: BTreeSet<String> = plan
        .revisions
        .iter()
        .map(|holder| holder.article.to_string())
        .collect();
    let more = match named.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named: Vec<String> = named.into_iter().take(MOST_NAMED).collect();
    let files = plan
        .tombstones
        .iter()
        .map(|tombstone| (Tombstone::path_of(tombstone.blob), tombstone.encode()));
    Some(RootChange {
        files: files.collect(),
        message: RootMessage {
            subject: format!("expunge: {}{more}", named.join(", ")),
            note: Some(wish.note.clone()),
        },
        signatures: Signatures::Required,
    })
}

/// Where contents stand.
#[derive(Debug, Default)]
struct Search {
    wanted: BTreeSet<BlobId>,
    /// How long those of them are that are withheld already, by a signature that is worth nothing now.
    lengths: BTreeMap<BlobId, u64>,
    named: BTreeSet<CommitId>,
    /// The newest revision of each article that has any of it.
    shown: BTreeMap<BlobId, (String, Footer)>,
    /// For each content the paths that it has.
    paths: BTreeMap<BlobId, BTreeSet<String>>,
    /// Revisions with some of it, newest first, each with what it has.
    holders: Vec<(Holder, Vec<BlobId>)>,
    /// Every revision of the named ones' articles and each of `holders`, newest first.
    beside: Vec<Beside>,
}

/// A revision that stands beside what goes, or has some of it.
#[derive(Debug)]
struct Beside {
    holder: Holder,
    note: Option<String>,
    page: Option<BlobId>,
    metadata: Option<BlobId>,
    is_newest: bool,
    /// Whether it is of an article of which a revision was named.
    is_of_named: bool,
}

impl Search {
    /// Looks through the whole branch, from the tip.
    fn walk(&mut self, archive: &Archive) -> Result<(), Refusal> {
        let mut seen: HashSet<ArticleId> = HashSet::new();
        let mut articles = BTreeSet::new();
        for id in &self.named {
            let message = Message::parse(&archive.commit(*id)?.message);
            articles.extend(message.ok().map(|message| message.trailers.article));
        }
        for step in archive.walk() {
            let (id, commit) = step?;
            let Ok(message) = Message::parse(&commit.message) else {
                continue;
            };
            let trailers = message.trailers;
            let is_newest = seen.insert(trailers.article.clone());
            let holder = Holder {
                article: trailers.article,
                number: trailers.revision,
                kind: trailers.kind,
                subject: message.subject,
                footer: Footer::of(commit.author.date, id),
            };
            let beside = Beside {
                is_of_named: articles.contains(&holder.article),
                holder,
                note: message.note,
                page: None,
                metadata: None,
                is_newest,
            };
            self.look(archive, beside, &commit)?;
        }
        Ok(())
    }

    fn look(&mut self, archive: &Archive, mut beside: Beside, commit: &Commit) -> Result<(), Refusal> {
        let path = beside.holder.article.folder();
        let folder = archive.folder(commit.tree, &path)?;
        let mut has = Vec::new();
        for (name, entry) in archive.tree(folder)?.entries() {
            let Entry::File(blob) = entry else { continue };
            match name.as_str() {
                PAGE_FILE => beside.page = Some(*blob),
                METADATA_FILE => beside.metadata = Some(*blob),
                _ => {}
            }
            if !self.wanted.contains(blob) {
                continue;
            }
            let path = format!("{path}/{name}");
            if beside.is_newest {
                self.shown
                    .entry(*blob)
                    .or_insert((path.clone(), beside.holder.footer.clone()));
            }
            self.paths.entry(*blob).or_default().insert(path);
            has.push(*blob);
        }
        let holder = beside.holder.clone();
        if beside.is_of_named || !has.is_empty() {
            self.beside.push(beside);
        }
        if !has.is_empty() {
            self.holders.push((holder, has));
        }
        Ok(())
    }

    fn decide(self, archive: &Archive, wish: &Wish, plan: &mut Plan) -> Result<(), Refusal> {
        for blob in self.wanted.iter().filter(|blob| !self.shown.contains_key(blob)) {
            let holders = self.holders.iter().rev().filter(|(_, has)| has.contains(blob));
            let bytes = match self.lengths.get(blob) {
                Some(bytes) => *bytes,
                None => u64::try_from(archive.blob(*blob)?.len()).unwrap_or(u64::MAX),
            };
            plan.tombstones.push(Tombstone {
                blob: *blob,
                bytes,
                note: wish.note.clone(),
                paths: self.paths.get(blob).into_iter().flatten().cloned().collect(),
                revisions: holders.map(|(holder, _)| holder.footer.commit).collect(),
            });
        }
        let goes = |blob: &BlobId| plan.tombstones.iter().any(|tombstone| tombstone.blob == *blob);
        let holders = self.holders.iter().rev().filter(|(_, has)| has.iter().any(goes));
        plan.revisions = holders.map(|(holder, _)| holder.clone()).collect();
        let stays = |file: &BlobId| !goes(file) && !archive.withheld().contains(file);
        let others = self.beside.iter().rev().filter(|beside| {
            beside.is_of_named
                && beside.page.as_ref().is_some_and(stays)
                && !self.named.contains(&beside.holder.footer.commit)
                && beside.holder.kind != Kind::Retraction
        });
        plan.others = others.map(|beside| beside.holder.clone()).collect();
        for beside in self.beside.iter().rev() {
            let metadata = match beside.metadata.filter(stays) {
                Some(blob) => Metadata::parse(&archive.blob(blob)?).ok(),
                None => None,
            };
            let titles = metadata.map(|metadata| metadata.titles.into_values().collect());
            plan.said.push(Said {
                holder: beside.holder.clone(),
                note: beside.note.clone(),
                titles: titles.unwrap_or_default(),
                is_newest: beside.is_newest,
            });
        }
        plan.shown = self.shown.into_values().collect();
        Ok(())
    }
}
