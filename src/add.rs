//! Adding pages: from a draft to one commit per revision, all of a call in one move of the branch.

use std::path::Path;
use std::sync::Arc;

use crate::archive::{Archive, OpenError, Owner};
use crate::article::{Article, Kind};
use crate::branch::{Branch, Known, PlaceError};
use crate::canonical::Invisible;
use crate::date::RevisionDate;
use crate::draft::FrontMatter;
use crate::id::{ArticleId, BlobId, CommitId, TreeId};
use crate::language::{Language, Tagged};
use crate::object::ObjectKind;
use crate::object::commit::Commit;
use crate::object::ident::{Ident, Person};
use crate::object::tree::{Entry, Tree, TreeError};
use crate::platform::Durability;
use crate::settings::{self, Settings};
use crate::signature::{self, SignError, Signer};
use crate::storage::repository::{WriteError, Writer};
use crate::trailer::first_message;

mod markup;
mod pending;
mod prepare;

pub use crate::branch::{Change, Outcome};
pub use pending::Pending;
pub use prepare::{
    PageError, Prepared, PreparedFile, date, prepare, prepare_draft, prepare_sources, prepare_stored,
};

/// What the caller says about every page of a call; it stands above what a page says about itself.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The revision's date, as [`RevisionDate::parse`] reads it.
    pub date: Option<String>,
    /// The titles, above those that it keeps; an empty list is for none at all. Of one without a language it is judged, and one whose
    /// language is none of the page's is for that which is it in a country or script, if there is one: `en` for `en-US`.
    pub titles: Option<Vec<Tagged>>,
    /// The slug.
    pub slug: Option<String>,
    /// The languages in page order; empty, they are detected.
    pub languages: Vec<Language>,
    /// The byline.
    pub authors: Vec<String>,
    /// Tags; an empty list is for none.
    pub tags: Option<Vec<String>>,
    /// Where the text was taken from; an empty text is for nowhere.
    pub source_url: Option<String>,
    /// Why the revision is made.
    pub note: Option<String>,
    /// What the revision is.
    pub kind: Option<Kind>,
    /// The article that gets a new revision.
    pub article: Option<ArticleId>,
    /// What is kept of the article's revision before, where neither the page nor the caller says otherwise.
    pub previous: Option<Article>,
    /// The revision that has to be the article's newest one.
    pub expected: Option<CommitId>,
    /// The commit of the publisher's own repository that the text was taken from.
    pub source_commit: Option<CommitId>,
    /// Whether other pages are versions of the same text.
    pub version: Version,
    /// Whether a page may say of itself that it is a draft.
    pub drafts: Drafts,
}

/// What becomes of pages that say of themselves that they are drafts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Drafts {
    /// They are refused.
    #[default]
    Refuse,
    /// They are taken as others are.
    Take,
}

impl Wishes {
    /// Takes what a page says about itself, unless that it is a draft, and none is wished for.
    ///
    /// # Errors
    /// [`PageError::IsDraft`].
    pub fn admit(&self, front: &FrontMatter) -> Result<(), PageError> {
        if front.is_draft && self.drafts == Drafts::Refuse {
            return Err(PageError::IsDraft);
        }
        Ok(())
    }
}

/// Which version of a text a page is, where several are given. The number is the same for all versions of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// The only one.
    #[default]
    Alone,
    /// The first, which begins an article.
    First(u64),
    /// A later one: a new revision of that article.
    Later(u64),
}

/// What is so for a whole call.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The byline of pages that name none, beside the archive's own.
    pub author: Option<Person>,
    /// Who archives; absent, the archive's byline, else the revision's.
    pub committer: Option<Person>,
    /// When it is archived.
    pub now: RevisionDate,
    /// What happens to invisible characters.
    pub invisible: Invisible,
    /// Who signs the commits; absent, they are not signed.
    pub signer: Option<Arc<dyn Signer>>,
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The archive cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(PlaceError),
    /// A page has no place in the archive as it is now.
    #[error("page {0}")]
    Page(usize, #[source] PlaceError),
    /// A tree could not be made.
    #[error("could not make a folder")]
    Tree(#[from] TreeError),
    /// A commit is not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Makes the first commit of a new repository, which holds the settings alone.
///
/// # Errors
/// [`AddError`].
pub fn first_commit(
    repository: &Path,
    settings: &Settings,
    committer: &Person,
    now: RevisionDate,
    signer: Option<&dyn Signer>,
    durability: Durability,
) -> Result<CommitId, AddError> {
    let mut writer = Writer::begin(repository, durability)?;
    let blob = writer.write(ObjectKind::Blob, &settings.encode())?;
    let mut tree = Tree::default();
    tree.insert(settings::FILE_NAME, Entry::File(BlobId::from_raw(*blob.raw())))?;
    let tree = writer.write(ObjectKind::Tree, &tree.encode())?;
    let ident = Ident {
        person: committer.clone(),
        date: now,
    };
    let mut commit = Commit {
        tree: TreeId::from_raw(*tree.raw()),
        parents: Vec::new(),
        author: ident.clone(),
        committer: ident,
        signature: None,
        message: first_message(&settings.title, settings::FORMAT_VERSION),
    };
    if let Some(signer) = signer {
        signature::sign(&mut commit, signer)?;
    }
    let id = writer.write(ObjectKind::Commit, &commit.encode())?;
    let id = CommitId::from_raw(*id.raw());
    writer.publish(id, "init")?;
    Ok(id)
}

/// Adds pages in their order: one commit each, all on disk and on the branch when this returns, or none.
///
/// # Errors
/// [`AddError`]; nothing was added, but for [`WriteError::Unconfirmed`], which names the commit.
pub fn add(
    archive: &Path,
    owner: Owner,
    pages: &[Prepared],
    circumstances: &Circumstances,
    durability: Durability,
) -> Result<Vec<Outcome>, AddError> {
    let mut writer = Writer::begin(archive, durability)?;
    // Opened under the lock: what is compared with is what the commits will follow.
    let archive = Archive::open_for_writing(archive, owner)?;
    let mut write = |kind, body: &[u8]| writer.write(kind, body).map(|_| ());
    let branch = branch(&archive, circumstances).map_err(AddError::Archive)?;
    let branch = branch
        .signed_by(circumstances.signer.clone())
        .map_err(|error| match error {
            PlaceError::Sign(why) => AddError::Sign(why),
            why => AddError::Archive(why),
        })?;
    let outcomes = place(branch, pages, &mut write)?;
    let added: Vec<CommitId> = outcomes
        .iter()
        .filter(|outcome| outcome.change == Change::Added)
        .map(|outcome| outcome.footer.commit)
        .collect();
    if let Some(newest) = added.last() {
        writer.publish(*newest, "add")?;
        archive.record_on_branch(&added);
    }
    Ok(outcomes)
}

/// Tells what [`add`] would do, to the ids, and writes nothing. Nothing is signed; signed commits have other ids.
///
/// # Errors
/// [`AddError`].
pub fn rehearse(
    archive: &Path,
    owner: Owner,
    pages: &[Prepared],
    circumstances: &Circumstances,
) -> Result<Vec<Outcome>, AddError> {
    let archive = Archive::open_for_writing(archive, owner)?;
    let branch = branch(&archive, circumstances).map_err(AddError::Archive)?;
    place(branch, pages, &mut |_, _| Ok(()))
}

fn branch<'a>(archive: &'a Archive, circumstances: &Circumstances) -> Result<Branch<'a>, PlaceError> {
    let committer = circumstances.committer.clone();
    Branch::at_tip(archive, committer, circumstances.now, Known::Newest)
}

type Write<'a> = dyn FnMut(ObjectKind, &[u8]) -> Result<(), WriteError> + 'a;

/// Gives the pages their places and writes what is new.
fn place(
    mut branch: Branch<'_>,
    pages: &[Prepared],
    write: &mut Write<'_>,
) -> Result<Vec<Outcome>, AddError> {
    let mut outcomes = Vec::with_capacity(pages.len());
    for (position, page) in pages.iter().enumerate() {
        let placed = branch.place(&page.candidate).map_err(|e| match e {
            PlaceError::Sign(why) => AddError::Sign(why),
            why => AddError::Page(position, why),
        })?;
        if placed.outcome.change == Change::Added {
            for file in &page.files {
                write(ObjectKind::Blob, &file.bytes)?;
            }
            write(ObjectKind::Tree, &page.folder)?;
        }
        for object in &placed.objects {
            write(object.kind, &object.body)?;
        }
        outcomes.push(placed.outcome);
    }
    Ok(outcomes)
}
