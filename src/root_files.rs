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
use crate::settings::{self, REVOKED_FILE, SIGNERS_FILE, Settings, Signatures};
use crate::storage::repository::{WriteError, Writer};
use crate::trailer::RootMessage;
use crate::verify::signed;

/// What is to be changed, decided when the archive can be changed by nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootChange {
    /// The files, each with its path and its new contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// What the commit says.
    pub message: RootMessage,
    /// Whether the commit is worth nothing without a good signature, whatever the archive asks for.
    pub signatures: Signatures,
}

impl RootChange {
    /// Makes a change whose commit is signed where the archive asks for it.
    #[must_use]
    pub fn new(files: Vec<(String, Vec<u8>)>, message: RootMessage) -> Self {
        Self {
            files,
            message,
            signatures: Signatures::Optional,
        }
    }

    /// Returns what a file becomes, where it changes.
    fn file(&self, name: &str) -> Option<&Vec<u8>> {
        let mut files = self.files.iter();
        files.find(|(path, _)| path == name).map(|(_, bytes)| bytes)
    }

    /// Returns what the settings become, where they change.
    fn settings(&self) -> Option<Settings> {
        Settings::parse(self.file(settings::FILE_NAME)?).ok()
    }
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
    /// The archive would ask for signatures that nobody could make.
    #[error("the archive would ask for signatures, and no key would count by which they could be made")]
    NoKey,
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
    let by = author(&archive, &change, circumstances).ok_or(RootError::NoAuthor)?;
    let mut files = Vec::with_capacity(change.files.len());
    for (path, bytes) in &change.files {
        let id = writer.write(ObjectKind::Blob, bytes)?;
        files.push((path.as_str(), BlobId::from_raw(*id.raw())));
    }
    let committer = circumstances.committer.clone();
    let signer = circumstances.signer.clone();
    let branch = Branch::at_tip(&archive, committer, circumstances.now, Known::Newest)?;
    let (asked, revoked) = asked(&archive, &change, circumstances)?;
    let mut branch = branch.signed_for(signer, asked, &revoked)?;
    let (footer, objects) = branch.put_root_files(&files, &change.message, &by)?;
    for object in &objects {
        writer.write(object.kind, &object.body)?;
    }
    let topic = change.message.subject.split(':').next().unwrap_or_default();
    writer.publish(footer.commit, topic)?;
    archive.record_on_branch(&[footer.commit]);
    Ok(Some(footer))
}

/// Returns whether the commit has to be signed, for itself or for the archive before or after the change, and the keys
/// that will be revoked then. An archive that asks for signatures is left with a key by which the next commit can be
/// signed.
fn asked<E: std::error::Error + 'static>(
    archive: &Archive,
    change: &RootChange,
    circumstances: &Circumstances,
) -> Result<(Signatures, Vec<u8>), RootError<E>> {
    let before = archive.settings().signatures;
    let after = change.settings().map_or(before, |settings| settings.signatures);
    let asked = before.max(after).max(change.signatures);
    if asked == Signatures::Optional {
        return Ok((asked, Vec::new()));
    }
    let (mut allowed, mut revoked) = signed::files(archive).map_err(PlaceError::Read)?;
    for (file, name) in [(&mut allowed, SIGNERS_FILE), (&mut revoked, REVOKED_FILE)] {
        if let Some(bytes) = change.file(name) {
            file.clone_from(bytes);
        }
    }
    let now = circumstances.now.seconds();
    if after == Signatures::Required && !signed::can_anybody_sign(&allowed, &revoked, now) {
        return Err(RootError::NoKey);
    }
    Ok((asked, revoked))
}

/// Returns who makes the change: whoever is named, else the byline, else the one that the archive is given.
fn author(archive: &Archive, change: &RootChange, circumstances: &Circumstances) -> Option<Person> {
    let named = circumstances
        .author
        .clone()
        .or_else(|| circumstances.committer.clone());
    named
        .or_else(|| archive.settings().byline.clone())
        .or_else(|| change.settings()?.byline)
}
