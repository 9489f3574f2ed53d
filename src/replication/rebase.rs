//! Adding local revisions again upon another copy's branch, where both archives were written to at the same time. Texts,
//! dates, authors, kinds and notes stay to the letter; numbers, places and so footers are new. What was is kept.

use std::collections::HashMap;

use super::arrival::Arrival;
use super::{Circumstances, Fixed, ReplicationError, footer};
use crate::add;
use crate::archive::{Archive, Fault, if_there};
use crate::article::PAGE_FILE;
use crate::branch::{Branch, Candidate, Change, Known, Outcome, PlaceError, Placed, Target};
use crate::footer::Footer;
use crate::id::{ArticleId, BlobId, CommitId};
use crate::object::ObjectKind;
use crate::object::commit::Commit;
use crate::revision::{Revision, is_root};
use crate::settings::{self, Settings};
use crate::slug::Slug;
use crate::storage::branch_list::{self, BranchList};
use crate::storage::refs::BRANCH;
use crate::storage::repository::{RefMove, WriteError, Writer, delete};
use crate::storage::verified;
use crate::trailer::RootMessage;

/// Where the tips that were replaced are kept, each under its day and the first digits of its id.
const REBASED: &str = "refs/rebased/";

/// Digits of the id in the name under which a tip is kept.
const SHORT: usize = 12;

/// What became of local commits.
#[derive(Debug)]
pub struct Rebased {
    /// How many commits came from the other copy.
    pub commits: usize,
    /// Each local commit, oldest first.
    pub readded: Vec<Readded>,
    /// The ref under which the old tip is kept.
    pub kept: String,
}

/// What became of a local commit.
#[derive(Debug)]
pub struct Readded {
    /// Its footer.
    pub old: Footer,
    /// What it was a revision of; `None` where it changed the settings.
    pub article: Option<ArticleId>,
    /// The footer that stands for it now.
    pub new: Footer,
    /// What it is now, where it is a revision.
    pub outcome: Option<Outcome>,
}

/// Puts the local commits upon what came, keeps the old tip, and moves the branch.
pub(super) fn rebase(
    own: &Archive,
    arrival: Arrival,
    circumstances: &Circumstances,
    adding: &add::Circumstances,
) -> Result<(CommitId, Rebased), ReplicationError> {
    let Arrival {
        mut scratch,
        view,
        new,
        common,
        ..
    } = arrival;
    let path = own.path();
    let branch = own.branch()?;
    let common = common.ok_or(WriteError::Moved)?;
    let place = branch.position(common).ok_or(WriteError::Moved)?;
    let mine: Vec<CommitId> = (place + 1..branch.len())
        .filter_map(|place| branch.get(place))
        .collect();
    let mut writer = Writer::begin(path, circumstances.durability)?;
    if writer.tip() != Some(own.tip()) {
        return Err(WriteError::Moved.into());
    }
    let mut readding = Readding::begin(own, &view, common, adding)?;
    let mut readded = Vec::with_capacity(mine.len());
    for id in mine {
        readded.push(readding.again(id, &mut writer)?);
    }
    let added = std::mem::take(&mut readding.added);
    let tip = readding.branch.newest();
    // From when the packs are there, the first ref that moves is the branch.
    let kept = keep(&writer, own.tip(), circumstances)?;
    writer.take_packs(&scratch.pack_folder(), &scratch.packs()?, BRANCH)?;
    // What is beside the repository and tells of the branch as it was must not outlive it.
    delete(&path.join(branch_list::FILE_NAME))?;
    let is_gone = |known: &CommitId| branch.position(*known).is_some_and(|known| known > place);
    if verified::load(path).is_some_and(|known| is_gone(&known)) {
        delete(&path.join(verified::FILE_NAME))?;
    }
    let common_part = (0..=place).filter_map(|place| branch.get(place));
    let line: Vec<CommitId> = common_part.chain(new.iter().copied()).chain(added).collect();
    writer.publish(tip, "pull --rebase-mine")?;
    let _ = BranchList::of(&line).save(path);
    scratch.is_done_with();
    Ok((
        tip,
        Rebased {
            commits: new.len(),
            readded,
            kept,
        },
    ))
}

/// Keeps a tip under a ref of its own, and returns its name.
fn keep(writer: &Writer, tip: CommitId, circumstances: &Circumstances) -> Result<String, ReplicationError> {
    let digits = tip.to_string();
    let name = format!("{REBASED}{}-{}", circumstances.day, &digits[..SHORT]);
    let kept = RefMove {
        name: name.clone(),
        before: None,
        after: Some(tip.into()),
    };
    match writer.move_refs(&[kept], "pull --rebase-mine") {
        // The same tip was replaced on the same day before.
        Err(WriteError::RefMoved(_)) => Ok(name),
        done => Ok(done.map(|()| name)?),
    }
}

/// Local commits that are put upon another branch.
struct Readding<'a> {
    own: &'a Archive,
    view: &'a Archive,
    /// The last commit that both have.
    common: Commit,
    branch: Branch<'a>,
    /// What the articles of local revisions are called now.
    articles: HashMap<ArticleId, ArticleId>,
    /// The commits that were made, oldest first.
    added: Vec<CommitId>,
}

impl<'a> Readding<'a> {
    fn begin(
        own: &'a Archive,
        view: &'a Archive,
        common: CommitId,
        adding: &add::Circumstances,
    ) -> Result<Self, ReplicationError> {
        let at = footer(view, view.tip())?;
        let cannot = |error| ReplicationError::Place(at.clone(), error);
        let committer = adding.committer.clone();
        let branch = Branch::at_tip(view, committer, adding.now, Known::Any).map_err(cannot)?;
        let branch = branch.signed_by(adding.signer.clone()).map_err(cannot)?;
        Ok(Self {
            own,
            view,
            common: own.commit(common)?,
            branch,
            articles: HashMap::new(),
            added: Vec::new(),
        })
    }

    /// Makes a local commit again.
    fn again(&mut self, id: CommitId, writer: &mut Writer) -> Result<Readded, ReplicationError> {
        let commit = self.own.commit(id)?;
        let old = Footer::of(commit.author.date, id);
        if is_root(&commit) {
            return self.settings_again(&old, &commit, writer);
        }
        let revision = Revision::read(self.own, id)?;
        let article = revision.article_id().clone();
        let candidate = self.candidate(&revision)?;
        let placed = self.branch.place(&candidate);
        let Placed { outcome, objects, .. } =
            placed.map_err(|error| ReplicationError::Place(old.clone(), error))?;
        for object in &objects {
            writer.write(object.kind, &object.body)?;
        }
        if outcome.change == Change::Added {
            self.added.push(outcome.footer.commit);
        }
        self.articles.insert(article.clone(), outcome.article.clone());
        Ok(Readded {
            old,
            article: Some(article),
            new: outcome.footer.clone(),
            outcome: Some(outcome),
        })
    }

    /// Returns a local revision as one that has no place yet. Its folder and files stay what they are.
    fn candidate(&self, revision: &Revision) -> Result<Candidate, ReplicationError> {
        let article = revision.article_id();
        let trailers = &revision.message.trailers;
        let folder = self.own.tree(revision.folder)?;
        let files = folder.entries().iter().filter_map(|(_, entry)| entry.file());
        let files: Vec<BlobId> = files.collect();
        let page = folder.file(PAGE_FILE);
        let page = page.ok_or_else(|| Fault::Absent {
            path: PAGE_FILE.to_owned(),
            tree: revision.folder,
        })?;
        let target = match trailers.previous {
            None => Target::New,
            Some(_) => Target::Article(self.articles.get(article).unwrap_or(article).clone()),
        };
        Ok(Candidate {
            slug: self.slug(revision)?,
            target,
            date: revision.commit.author.date,
            byline: revision.commit.author.person.clone(),
            kind: trailers.kind,
            languages: trailers.languages.clone(),
            subject: revision.message.subject.clone(),
            note: revision.message.note.clone(),
            content_sha256: trailers.content_sha256.clone(),
            source_url: trailers.source_url.clone(),
            claimed_footer: trailers.claimed_footer.clone(),
            source_commit: trailers.source_commit,
            folder: revision.folder,
            page,
            files,
            form_sha256: revision.article.form_sha256(|name| folder.file(name)),
            expected: None,
        })
    }

    /// Returns the slug that a local article was added by: without its number, where all names before that were other texts' when the
    /// revision was made.
    fn slug(&self, revision: &Revision) -> Result<Slug, Fault> {
        let article = revision.article_id();
        let Some((slug, number)) = article.slug().unnumbered() else {
            return Ok(article.slug().clone());
        };
        for before in 1..number {
            let name = if before == 1 {
                slug.clone()
            } else {
                slug.numbered(before)
            };
            let folder = ArticleId::new(article.day(), name).folder();
            if if_there(self.own.entry(revision.commit.tree, &folder))?.is_none() {
                return Ok(article.slug().clone());
            }
        }
        Ok(slug)
    }

    /// Makes a local change of the settings again, where the other copy has not changed them and signing stays as it is.
    fn settings_again(
        &mut self,
        old: &Footer,
        commit: &Commit,
        writer: &mut Writer,
    ) -> Result<Readded, ReplicationError> {
        if let Some(fixed) = fixed(self.own, self.view, &self.common, old.commit)? {
            return Err(ReplicationError::Root(Box::new(fixed)));
        }
        let bytes = self.own.file(commit.tree, settings::FILE_NAME)?;
        let message = RootMessage::parse(&commit.message).expect("it was parsed when it was judged");
        let blob = writer.write(ObjectKind::Blob, &bytes)?;
        let files = [(settings::FILE_NAME, BlobId::from_raw(*blob.raw()))];
        let made = self
            .branch
            .put_root_files(&files, &message, &commit.author.person);
        let (new, objects) = made.map_err(|error: PlaceError| ReplicationError::Place(old.clone(), error))?;
        for object in &objects {
            writer.write(object.kind, &object.body)?;
        }
        self.added.push(new.commit);
        Ok(Readded {
            old: old.clone(),
            article: None,
            new,
            outcome: None,
        })
    }
}

/// Tells why a local commit of root files cannot be made again; `None` where it can, and of revisions, which are placed anew.
fn fixed(
    own: &Archive,
    view: &Archive,
    common: &Commit,
    id: CommitId,
) -> Result<Option<Fixed>, ReplicationError> {
    let commit = own.commit(id)?;
    if !is_root(&commit) {
        return Ok(None);
    }
    let why = why_fixed(own, view, common, &commit)?;
    Ok(why.map(|why| Fixed {
        footer: Footer::of(commit.author.date, id),
        subject: commit.message.lines().next().unwrap_or_default().to_owned(),
        why,
    }))
}

fn why_fixed(
    own: &Archive,
    view: &Archive,
    common: &Commit,
    commit: &Commit,
) -> Result<Option<&'static str>, Fault> {
    let Some(parent) = commit.parents.first() else {
        return Ok(Some("it follows nothing"));
    };
    let parent = own.commit(*parent)?;
    let (before, after) = (own.tree(parent.tree)?, own.tree(commit.tree)?);
    let changed = after.entries().iter();
    let mut changed = changed.filter(|(name, entry)| before.get(name) != Some(*entry));
    if !matches!((changed.next(), changed.next()), (Some((name, _)), None) if name == settings::FILE_NAME) {
        return Ok(Some("only revisions and settings are"));
    }
    let file = |archive: &Archive, tree| archive.file(tree, settings::FILE_NAME);
    if file(view, view.root())? != file(own, common.tree)? {
        return Ok(Some("the other copy has changed its settings as well"));
    }
    let signatures = |tree| -> Result<_, Fault> {
        let settings = Settings::parse(&file(own, tree)?);
        Ok(settings.map(|settings| settings.signatures).ok())
    };
    if signatures(commit.tree)? != signatures(parent.tree)? {
        return Ok(Some("it changes whether signatures are asked for"));
    }
    let message = RootMessage::parse(&commit.message);
    Ok(message.is_none().then_some("its message is of another form"))
}

/// Returns the first commit from a place of the branch on that cannot be made again.
pub(super) fn first_fixed(
    own: &Archive,
    view: &Archive,
    common: CommitId,
    place: usize,
) -> Result<Option<Fixed>, ReplicationError> {
    let (branch, common) = (own.branch()?, own.commit(common)?);
    let mine = (place..branch.len()).filter_map(|place| branch.get(place));
    for id in mine {
        let fixed = fixed(own, view, &common, id)?;
        if fixed.is_some() {
            return Ok(fixed);
        }
    }
    Ok(None)
}
