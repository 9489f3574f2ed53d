//! Revisions of which some content was expunged: what is withheld and why, and that all the rest is what it was.

use std::collections::BTreeMap;

use crate::archive::{Archive, Fault, if_there};
use crate::article::{self, METADATA_FILE, Metadata, PAGE_FILE};
use crate::footer::Footer;
use crate::id::{ArticleId, BlobId, CommitId, TreeId};
use crate::language::Language;
use crate::object::commit::Commit;
use crate::object::ident::Person;
use crate::object::tree::Entry;
use crate::object::{self, ObjectKind};
use crate::revision::{Part, Revision, RevisionFault, read_head, said_otherwise};
use crate::signature::judge::Judged;
use crate::tombstone::{Tombstone, TombstoneError};
use crate::trailer::Message;
use crate::verify::signed::Keys;

/// A revision some of whose files are withheld. Its commit, its trees and the files that are left were hashed and found
/// to be what the format asks for.
#[derive(Debug, Clone)]
pub struct WithheldRevision {
    /// The commit's id.
    pub id: CommitId,
    /// The commit.
    pub commit: Commit,
    /// Its message.
    pub message: Message,
    /// The article's folder.
    pub folder: TreeId,
    /// The page's text, by its id.
    pub page: BlobId,
    /// The page's text, where that is not withheld.
    pub page_text: Option<String>,
    /// The files that are withheld, by their names in the folder; at least one.
    pub withheld: Vec<(String, BlobId)>,
}

/// Any revision of an article.
#[derive(Debug, Clone)]
pub enum Kept {
    /// One that is there whole.
    Whole(Box<Revision>),
    /// One of which something is withheld.
    Withheld(Box<WithheldRevision>),
}

/// Why a file is withheld, and who says so.
#[derive(Debug, Clone)]
pub struct Reason {
    /// The file, by its name in the article's folder.
    pub file: String,
    /// What the archive says of it.
    pub tombstone: Tombstone,
    /// The commit that brought the tombstone.
    pub commit: Footer,
    /// Who made that commit.
    pub by: Person,
    /// What that commit's signature is worth.
    pub signature: Judged,
}

/// Why it cannot be told why a file is withheld.
#[derive(Debug, thiserror::Error)]
pub enum ReasonError {
    /// An object cannot be read.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The tombstone is none.
    #[error(transparent)]
    Tombstone(#[from] TombstoneError),
}

impl WithheldRevision {
    /// Puts together what is left of a revision of which a file is withheld, and names what is wrong with it besides. Where all
    /// sources are there, the page's text is what they give, whether or not that is withheld.
    ///
    /// # Errors
    /// [`RevisionFault`] where something is missing that is not withheld.
    pub(crate) fn assemble(
        archive: &Archive,
        id: CommitId,
        commit: Commit,
        message: Message,
        folder: TreeId,
    ) -> Result<(Self, Vec<(Part, String)>), RevisionFault> {
        let path = message.trailers.article.folder();
        let object = |name: &str, source| RevisionFault::Object {
            id,
            path: format!("{path}/{name}"),
            source,
        };
        let tree = archive.tree(folder).map_err(|fault| object("", fault))?;
        let sources: Vec<String> = message
            .trailers
            .languages
            .iter()
            .map(Language::file_name)
            .collect();
        let expected = [PAGE_FILE, METADATA_FILE];
        let expected: Vec<&str> = expected
            .into_iter()
            .chain(sources.iter().map(String::as_str))
            .collect();
        let (mut page, mut files) = (None, BTreeMap::new());
        let (mut withheld, mut found) = (Vec::new(), Vec::new());
        for (name, entry) in tree.entries() {
            let Entry::File(blob) = entry else {
                return Err(object(name, Fault::Form(format!("{path}/{name}"))));
            };
            if !expected.contains(&name.as_str()) {
                let what = format!("{name} is no file that the trailer Languages accounts for");
                found.push((Part::StrayFile, what));
            }
            if name == PAGE_FILE {
                page = Some(*blob);
            }
            match archive.blob(*blob) {
                Err(Fault::Withheld(_)) => withheld.push((name.clone(), *blob)),
                read => {
                    files.insert(name.clone(), read.map_err(|fault| object(name, fault))?);
                }
            }
        }
        let absent = |name: &str| {
            let path = format!("{path}/{name}");
            object(name, Fault::Absent { path, tree: folder })
        };
        if let Some(name) = expected.iter().find(|name| tree.get(name).is_none()) {
            return Err(absent(name));
        }
        let page = page.ok_or_else(|| absent(PAGE_FILE))?;
        let metadata = files.get(METADATA_FILE).map(|bytes| Metadata::parse(bytes));
        let metadata = metadata.transpose();
        let metadata = metadata.map_err(|source| RevisionFault::Metadata { id, source })?;
        let text = |name: &str| {
            let bytes = files.get(name).cloned();
            let text = bytes.map(String::from_utf8).transpose();
            text.map_err(|_| RevisionFault::Disagreement {
                id,
                what: format!("{name} is not UTF-8"),
            })
        };
        let page_text = text(PAGE_FILE)?;
        let sources = sources.iter().map(|name| text(name));
        let sources = sources.collect::<Result<Vec<_>, RevisionFault>>()?;
        let mut derived = None;
        if let Some(sources) = sources.into_iter().collect::<Option<Vec<String>>>() {
            let text = article::page_text(&message.trailers.languages, &sources);
            let text = text.map_err(|source| RevisionFault::Source { id, source })?;
            if blob_of(&text) == Some(page) {
                files.insert(PAGE_FILE.to_owned(), text.clone().into_bytes());
            } else {
                found.push((Part::Page, format!("{PAGE_FILE} is not the text of the sources")));
            }
            derived = Some(text);
        }
        let is_whole = files.len() == tree.entries().len();
        if is_whole && article::content_sha256(&files) != message.trailers.content_sha256 {
            let what = "trailer Content-SHA256 is not that of the files".to_owned();
            found.push((Part::ContentSha256, what));
        }
        found.extend(said_otherwise(
            &commit,
            &message,
            metadata.as_ref(),
            page_text.as_deref().or(derived.as_deref()),
        ));
        let revision = Self {
            id,
            commit,
            message,
            folder,
            page,
            page_text,
            withheld,
        };
        Ok((revision, found))
    }

    /// Returns the revision's footer.
    #[must_use]
    pub fn footer(&self) -> Footer {
        Footer::of(self.commit.author.date, self.id)
    }

    /// Says why each file is withheld.
    ///
    /// # Errors
    /// [`ReasonError`] where that cannot be read.
    pub fn reasons(&self, archive: &Archive) -> Result<Vec<Reason>, ReasonError> {
        let mut keys = Keys::of(archive)?;
        let reasons = self.withheld.iter();
        let reasons = reasons.map(|(file, blob)| reason(archive, &mut keys, file, *blob));
        reasons.collect()
    }
}

impl Kept {
    /// Reads a revision and checks that all that is left of it says the same.
    ///
    /// # Errors
    /// [`RevisionFault`] for the first part that is not what the format asks for.
    pub fn read(archive: &Archive, id: CommitId) -> Result<Self, RevisionFault> {
        match Revision::read(archive, id) {
            Ok(revision) => Ok(Self::Whole(Box::new(revision))),
            Err(RevisionFault::Object {
                source: Fault::Withheld(_),
                ..
            }) => {
                let (commit, message, folder) = read_head(archive, id)?;
                let (revision, found) = WithheldRevision::assemble(archive, id, commit, message, folder)?;
                match found.into_iter().next() {
                    Some((_, what)) => Err(RevisionFault::Disagreement { id, what }),
                    None => Ok(Self::Withheld(Box::new(revision))),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    /// Returns the commit's id.
    #[must_use]
    pub fn id(&self) -> CommitId {
        match self {
            Self::Whole(revision) => revision.id,
            Self::Withheld(revision) => revision.id,
        }
    }

    /// Returns the commit.
    #[must_use]
    pub fn commit(&self) -> &Commit {
        match self {
            Self::Whole(revision) => &revision.commit,
            Self::Withheld(revision) => &revision.commit,
        }
    }

    /// Returns the text, where that is there.
    #[must_use]
    pub fn page_text(&self) -> Option<&str> {
        match self {
            Self::Whole(revision) => Some(&revision.page_text),
            Self::Withheld(revision) => revision.page_text.as_deref(),
        }
    }

    /// Returns the commit's message.
    #[must_use]
    pub fn message(&self) -> &Message {
        match self {
            Self::Whole(revision) => &revision.message,
            Self::Withheld(revision) => &revision.message,
        }
    }

    /// Returns the article's folder.
    #[must_use]
    pub fn folder(&self) -> TreeId {
        match self {
            Self::Whole(revision) => revision.folder,
            Self::Withheld(revision) => revision.folder,
        }
    }

    /// Returns the name of the article.
    #[must_use]
    pub fn article_id(&self) -> &ArticleId {
        &self.message().trailers.article
    }

    /// Returns the revision's footer.
    #[must_use]
    pub fn footer(&self) -> Footer {
        Footer::of(self.commit().author.date, self.id())
    }

    /// Returns the revision where it is there whole.
    #[must_use]
    pub fn whole(self) -> Option<Revision> {
        match self {
            Self::Whole(revision) => Some(*revision),
            Self::Withheld(_) => None,
        }
    }
}

/// Says in words what is withheld and why.
#[must_use]
pub fn said(reasons: &[Reason]) -> String {
    let files: Vec<&str> = reasons.iter().map(|reason| reason.file.as_str()).collect();
    let mut notes: Vec<String> = reasons
        .iter()
        .map(|reason| format!("{} ({})", reason.tombstone.note, reason.commit))
        .collect();
    notes.dedup();
    format!(
        "content withheld, identity intact: {}: {}",
        files.join(", "),
        notes.join("; ")
    )
}

/// Returns the id that a text has as a file.
pub(crate) fn blob_of(text: &str) -> Option<BlobId> {
    let id = object::hash(ObjectKind::Blob, text.as_bytes()).ok()?;
    Some(BlobId::from_raw(*id.raw()))
}

/// Says why a file is withheld.
///
/// # Errors
/// [`ReasonError`] where that cannot be read.
pub fn reason(archive: &Archive, keys: &mut Keys, file: &str, blob: BlobId) -> Result<Reason, ReasonError> {
    let path = Tombstone::path_of(blob);
    let tombstone = Tombstone::parse(&path, &archive.file(archive.root(), &path)?)?;
    let (id, commit) = bringer(archive, &path)?;
    Ok(Reason {
        file: file.to_owned(),
        tombstone,
        commit: Footer::of(commit.author.date, id),
        signature: keys.worth(archive, &commit)?,
        by: commit.author.person,
    })
}

/// Finds the commit that brought a root file as the tip has it.
fn bringer(archive: &Archive, path: &str) -> Result<(CommitId, Commit), Fault> {
    match listed_bringer(archive, path) {
        Ok(Some(found)) => return Ok(found),
        Err(fault) if fault.is_system_error() => return Err(fault),
        // The list of the branch is not to be relied upon: each commit is asked.
        _ => {}
    }
    let entry = |tree| if_there(archive.entry(tree, path));
    let wanted = entry(archive.root())?;
    let mut found = (archive.tip(), archive.commit(archive.tip())?);
    for step in archive.walk() {
        let (id, commit) = step?;
        if entry(commit.tree)? != wanted {
            break;
        }
        found = (id, commit);
    }
    Ok(found)
}

/// Looks for that commit where the list of the branch has it. No root file ever goes away, so that the branch is one part
/// without it, or with another one, and one with it; a commit is the one only where its parent has another, and where it is
/// on the branch.
fn listed_bringer(archive: &Archive, path: &str) -> Result<Option<(CommitId, Commit)>, Fault> {
    let entry = |tree| if_there(archive.entry(tree, path));
    let wanted = entry(archive.root())?;
    let branch = archive.branch()?;
    let (mut without, mut with) = (0, branch.len().saturating_sub(1));
    while without + 1 < with {
        let middle = without + (with - without) / 2;
        let id = branch.get(middle).unwrap_or(archive.tip());
        if entry(archive.commit(id)?.tree)? == wanted {
            with = middle;
        } else {
            without = middle;
        }
    }
    let id = branch.get(with).unwrap_or(archive.tip());
    let commit = archive.commit(id)?;
    let before = commit.parents.first().map(|parent| archive.commit(*parent));
    let is_brought = match before.transpose()? {
        Some(before) => entry(commit.tree)? == wanted && entry(before.tree)? != wanted,
        None => true,
    };
    let is_found = is_brought && archive.is_on_branch_at(id, Some(with))?;
    Ok(is_found.then_some((id, commit)))
}
