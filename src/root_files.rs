//! Changing what an archive says about itself: one commit that changes root files and no article.

use std::path::Path;

use crate::add::Circumstances;
use crate::archive::{Archive, OpenError, Owner};
use crate::branch::{Branch, Known, PlaceError};
use crate::footer::Footer;
use crate::id::BlobId;
use crate::object::ObjectKind;
use crate::object::ident::Person;
use crate::platform::Durability;
use crate::storage::repository::{WriteError, Writer};
use crate::trailer::RootMessage;

/// What is to be changed, decided when the archive can be changed by nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootChange {
    /// The files, each with its path and its new contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// What the commit says.
    pub message: RootMessage,
}

/// Why nothing was changed. `E` is why the change could not be decided upon.
#[derive(Debug, thiserror::Error)]
pub enum RootError<E: std::error::Error + 'static> {
    /// The archive cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The commit has no place on the branch.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Nobody is named as the one who changes it.
    #[error("nobody is named as the one who changes the archive, and the archive has no byline")]
    NoAuthor,
    /// The change is refused.
    #[error(transparent)]
    Refused(E),
}

/// Changes root files. `decide` is shown the archive, which is locked, and returns the change, or `None` where there
/// is nothing to do. Returns the commit's footer once it is on disk and on the branch.
///
/// # Errors
/// [`RootError`]; nothing was changed, but for [`WriteError::Unconfirmed`], which names the commit.
pub fn change<E: std::error::Error + 'static>(
    archive: &Path,
    owner: Owner,
    circumstances: &Circumstances,
    durability: Durability,
    decide: impl FnOnce(&Archive) -> Result<Option<RootChange>, E>,
) -> Result<Option<Footer>, RootError<E>> {
    let mut writer = Writer::begin(archive, durability)?;
    let archive = Archive::open_for_writing(archive, owner)?;
    let Some(change) = decide(&archive).map_err(RootError::Refused)? else {
        return Ok(None);
    };
    let by = author(&archive, circumstances).ok_or(RootError::NoAuthor)?;
    let mut files = Vec::with_capacity(change.files.len());
    for (path, bytes) in &change.files {
        let id = writer.write(ObjectKind::Blob, bytes)?;
        files.push((path.as_str(), BlobId::from_raw(*id.raw())));
    }
    let committer = circumstances.committer.clone();
    let signer = circumstances.signer.clone();
    let branch = Branch::at_tip(&archive, committer, circumstances.now, Known::Newest)?;
    let mut branch = branch.signed_by(signer);
    let (footer, objects) = branch.put_root_files(&files, &change.message, &by)?;
    for object in &objects {
        writer.write(object.kind, &object.body)?;
    }
    let topic = change.message.subject.split(':').next().unwrap_or_default();
    writer.publish(footer.commit, topic)?;
    archive.record_on_branch(&[footer.commit]);
    Ok(Some(footer))
}

fn author(archive: &Archive, circumstances: &Circumstances) -> Option<Person> {
    let named = circumstances
        .author
        .clone()
        .or_else(|| circumstances.committer.clone());
    named.or_else(|| archive.settings().byline.clone())
}
