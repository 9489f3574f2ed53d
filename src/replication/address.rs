//! Where another copy of an archive is: an address or a file, as git takes it. It is data wherever it comes from, and is
//! checked here before git sees it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::platform::Durability;
use crate::storage::file::{self, FileError};
use crate::storage::repository::{WriteError, io_error};

/// The file beside the repository that has the address of the copy that is meant where none is named.
pub const FILE_NAME: &str = "avalaches.remote";

/// The longest address, in bytes.
const LONGEST: usize = 4096;

/// The kinds of address that git is allowed to follow.
const SCHEMES: [&str; 5] = ["https", "http", "ssh", "git", "file"];

/// The address of a copy.
#[derive(Debug, Clone)]
pub struct Address {
    text: OsString,
    /// As the user wrote it, for messages.
    written: String,
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is empty.
    #[error("an empty text is no address")]
    Empty,
    /// It is longer than any address is.
    #[error("an address of {0} bytes is too long")]
    Long(usize),
    /// Git would take it for an option.
    #[error("{0:?} begins with a hyphen and would be taken for an option; write ./ before a folder's name")]
    Option(String),
    /// It has characters that no address has.
    #[error("{0:?} has a control character in it")]
    Control(String),
    /// It asks git to run a program of its own for it.
    #[error("{0:?} names a program that git would run; https, http, ssh, git, file and folders are followed")]
    Helper(String),
    /// It is of a kind that is not followed.
    #[error("{0:?} is of a kind that is not followed; https, http, ssh, git, file and folders are")]
    Scheme(String),
    /// Ssh would take the name of the machine for an option.
    #[error("{0:?} names a machine that begins with a hyphen")]
    Machine(String),
}

/// Why the remembered address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RememberedError {
    /// The file cannot be read.
    #[error("could not read {}", .0.display())]
    Read(PathBuf, #[source] FileError),
    /// The file has something else in it.
    #[error("{} holds no address", .0.display())]
    Address(PathBuf, #[source] AddressError),
    /// The folder that it names cannot be found.
    #[error("could not find {address}, which {} names", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// What it names.
        address: String,
        /// The system's reason.
        source: io::Error,
    },
    /// It names a folder that may have come with the archive.
    #[error("{} names {address}, which {why}", file.display())]
    Folder {
        /// The file.
        file: PathBuf,
        /// What it names.
        address: String,
        /// Why nothing goes there.
        why: &'static str,
    },
}

/// Where an address leads, as git reads it.
enum Place<'a> {
    /// A scheme, and what comes after `://`.
    Url(&'a str, &'a str),
    /// `user@machine:path`, as ssh's users write it; a slash before the colon makes it a folder.
    Machine(&'a str),
    /// A folder or file of this machine.
    Folder,
}

impl<'a> Place<'a> {
    fn of(text: &'a str) -> Self {
        if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_word(scheme)) {
            return Self::Url(scheme, rest);
        }
        let machine = text.split_once(':').map(|(machine, _)| machine);
        let machine = machine.filter(|machine| !machine.contains('/'));
        machine.map_or(Self::Folder, Self::Machine)
    }
}

fn is_word(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
    text.chars().all(is_letter)
}

impl Address {
    /// Checks an address.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn parse(text: &OsStr) -> Result<Self, AddressError> {
        let bytes = text.as_bytes();
        let lossy = || shown(&text.to_string_lossy());
        if bytes.len() > LONGEST {
            return Err(AddressError::Long(bytes.len()));
        }
        match bytes.first() {
            None => return Err(AddressError::Empty),
            Some(b'-') => return Err(AddressError::Option(lossy())),
            Some(_) => {}
        }
        if bytes.iter().any(u8::is_ascii_control) {
            return Err(AddressError::Control(lossy()));
        }
        let text_of = text.to_string_lossy();
        if text_of.split_once("::").is_some_and(|(word, _)| is_word(word)) {
            return Err(AddressError::Helper(lossy()));
        }
        let machine = match Place::of(&text_of) {
            Place::Url(scheme, _) if !SCHEMES.contains(&scheme) => {
                return Err(AddressError::Scheme(lossy()));
            }
            Place::Url(_, rest) => rest.split('/').next(),
            Place::Machine(machine) => Some(machine),
            Place::Folder => None,
        };
        let machine = machine.map(|machine| machine.rsplit('@').next().unwrap_or(machine));
        if machine.is_some_and(|machine| machine.starts_with('-')) {
            return Err(AddressError::Machine(lossy()));
        }
        Ok(Self {
            text: text.to_owned(),
            written: shown(&text.to_string_lossy()),
        })
    }

    /// Returns the address of a folder or file that is there, whatever folder a program runs in, as its own path; any other stays
    /// what it is.
    #[must_use]
    pub fn absolute(self) -> Self {
        let Some(folder) = self.folder().filter(|folder| !self.is_coded(folder)) else {
            return self;
        };
        // Git finds `archive.git` for `archive`.
        let found = ["", ".git"].iter().find_map(|ending| {
            let mut path = folder.as_os_str().to_owned();
            path.push(ending);
            Path::new(&path).canonicalize().ok()
        });
        match found {
            Some(path) if Self::parse(path.as_os_str()).is_ok() => Self {
                text: path.into_os_string(),
                ..self
            },
            _ => self,
        }
    }

    /// Returns the folder or file of this machine that the address names; `None` where it leads to another.
    fn folder(&self) -> Option<&Path> {
        let bytes = self.text.as_bytes();
        let path = match Place::of(&self.text.to_string_lossy()) {
            Place::Url("file", _) => bytes.strip_prefix(b"file://")?,
            Place::Url(..) | Place::Machine(_) => return None,
            Place::Folder => bytes,
        };
        Some(Path::new(OsStr::from_bytes(path)))
    }

    /// Tells whether git reads the folder of a URL as another one: a percent sign and two digits are a character there.
    fn is_coded(&self, folder: &Path) -> bool {
        folder.as_os_str() != self.text && folder.as_os_str().as_bytes().contains(&b'%')
    }

    /// Tells whether the address names something in an archive's own folder.
    #[must_use]
    pub fn lies_in(&self, archive: &Path) -> bool {
        let own = self.folder().and_then(|folder| folder.canonicalize().ok());
        own.zip(archive.canonicalize().ok())
            .is_some_and(|(own, archive)| own.starts_with(archive))
    }

    /// Returns the address as git is given it.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        &self.text
    }

    /// Reads the address that is meant where none is named: the one that an archive remembers; `None` where it remembers none.
    /// Git runs what a repository of this machine has as hooks, and the file that names it may have come with the archive: so a
    /// folder has to stand there by its whole own path, as [`Address::remember`] writes it, and not lie in the archive.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub fn meant(archive: &Path) -> Result<Option<Self>, RememberedError> {
        let Some(address) = Self::remembered(archive)? else {
            return Ok(None);
        };
        let Some(folder) = address.folder() else {
            return Ok(Some(address));
        };
        let file = archive.join(FILE_NAME);
        let [own, archive] = match [folder, archive].map(Path::canonicalize) {
            [Ok(own), Ok(archive)] => [own, archive],
            [Err(source), _] | [_, Err(source)] => {
                let address = address.to_string();
                return Err(RememberedError::Missing {
                    file,
                    address,
                    source,
                });
            }
        };
        let why = if address.is_coded(folder) || own.as_os_str() != folder.as_os_str() {
            "is not a folder's own path from the root on, and could lead to what came with the archive"
        } else if own.starts_with(&archive) {
            "lies in the archive"
        } else {
            return Ok(Some(address));
        };
        let address = address.to_string();
        Err(RememberedError::Folder { file, address, why })
    }

    /// Reads the address that an archive remembers; `None` where it remembers none.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub fn remembered(archive: &Path) -> Result<Option<Self>, RememberedError> {
        let path = archive.join(FILE_NAME);
        let mut bytes = match file::read(&path, LONGEST + 1) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(RememberedError::Read(path, error)),
        };
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        let address = Self::parse(&OsString::from_vec(bytes));
        address
            .map(Some)
            .map_err(|error| RememberedError::Address(path, error))
    }

    /// Has an archive remember the address. The file is its owner's alone, for an address may have a password in it.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn remember(&self, archive: &Path) -> Result<(), WriteError> {
        let path = archive.join(FILE_NAME);
        let fresh = archive.join(format!("{FILE_NAME}.{}.new", std::process::id()));
        let line = [self.text.as_bytes(), b"\n"].concat();
        file::put(&path, &fresh, 0o600, Durability::Synced, |file| {
            file.write_all(&line)
        })
        .map_err(io_error("write", &path))
    }
}

impl fmt::Display for Address {
    /// Writes the address as its user did, without a password that is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// Returns an address with dots in place of its password.
fn shown(text: &str) -> String {
    let hidden = text.split_once("://").and_then(|(scheme, rest)| {
        let (machine, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (who, machine) = machine.rsplit_once('@')?;
        let (user, _) = who.split_once(':')?;
        Some(format!("{scheme}://{user}:…@{machine}{path}"))
    });
    hidden.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn parsed(text: &str) -> Result<Address, AddressError> {
        Address::parse(OsStr::new(text))
    }

    #[test]
    fn what_git_hosts_give_out_is_an_address() {
        for text in [
            "https://example.org/desk/archive.git",
            "http://127.0.0.1:8080/archive",
            "ssh://git@example.org:2222/archive.git",
            "git@example.org:desk/archive.git",
            "git://example.org/archive",
            "file:///srv/archive",
            "../archive",
            "./-archive",
            "/srv/a::b",
            "档案",
            "C:\\archive",
            "https://[::1]/archive",
            "./a://b",
            "/srv/ext:://b",
        ] {
            assert!(parsed(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_would_run_something_or_be_an_option_is_none() {
        for text in [
            "",
            "-x",
            "--upload-pack=touch x",
            "ext::sh -c touch% x",
            "fd::3",
            "ext::",
            "::sh -c x",
            "://example.org/archive",
            "ftp://example.org/archive",
            "javascript://x",
            "ssh://-oProxyCommand=x/archive",
            "ssh://git@-oProxyCommand=x/archive",
            "git@-oProxyCommand=x:archive",
            "a\nb",
            "a\u{1b}[2Jb",
            "a\0b",
            &"a".repeat(4097),
        ] {
            assert!(parsed(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = |text: &str| parsed(text).unwrap().to_string();
        assert_eq!(
            shown("https://desk:s3cret@example.org/a"),
            "https://desk:…@example.org/a"
        );
        assert_eq!(
            shown("https://desk@example.org/a@b:c"),
            "https://desk@example.org/a@b:c"
        );
        let refused = parsed("ftp://desk:s3cret@example.org/a").unwrap_err();
        assert!(!refused.to_string().contains("s3cret"), "{refused}");
    }

    #[test]
    fn an_address_is_remembered_and_anything_else_in_its_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Address::remembered(folder.path()).unwrap(), None);
        let address = parsed("git@example.org:档案.git").unwrap();
        address.remember(folder.path()).unwrap();
        assert_eq!(Address::remembered(folder.path()).unwrap(), Some(address));
        for text in ["", "ext::sh -c x\n", "-x\n", "a\nb\n"] {
            fs::write(folder.path().join(FILE_NAME), text).unwrap();
            let refused = Address::remembered(folder.path());
            assert!(matches!(refused, Err(RememberedError::Address(..))), "{text:?}");
        }
    }

    #[test]
    fn a_folder_becomes_absolute_unless_its_true_name_is_no_address() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for (name, link) in [("plain", "to-plain"), ("a\u{1b}[2J", "to-other")] {
            fs::create_dir(root.join(name)).unwrap();
            std::os::unix::fs::symlink(root.join(name), root.join(link)).unwrap();
        }
        let absolute = |path: &Path| Address::parse(path.as_os_str()).unwrap().absolute();
        let plain = absolute(&root.join("to-plain"));
        assert_eq!(plain.as_os_str(), root.join("plain"));
        assert_eq!(plain.to_string(), root.join("to-plain").to_string_lossy());
        for name in ["to-other", "none"] {
            assert_eq!(absolute(&root.join(name)).as_os_str(), root.join(name), "{name}");
        }
        fs::create_dir(root.join("bare.git")).unwrap();
        assert_eq!(absolute(&root.join("bare")).as_os_str(), root.join("bare.git"));
        let mut url = std::ffi::OsString::from("file://");
        url.push(root.join("./bare"));
        let plain = Address::parse(&url).unwrap().absolute();
        assert_eq!(plain.as_os_str(), root.join("bare.git"), "a URL as well");
    }

    #[test]
    fn a_folder_is_meant_by_its_whole_own_path_outside_the_archive_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let archive = root.join("archive");
        for name in ["archive/evil", "host", "100%25"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        std::os::unix::fs::symlink("archive/evil", root.join("link")).unwrap();
        let meant = |address: &str| {
            fs::write(archive.join(FILE_NAME), format!("{address}\n")).unwrap();
            Address::meant(&archive)
        };
        let at = root.to_str().unwrap();
        for address in [
            &format!("{at}/host"),
            &format!("{at}/100%25"),
            &format!("file://{at}/host"),
            "https://example.org/archive",
            "git@example.org:archive",
            "ssh://example.org/archive/evil",
        ] {
            let found = meant(address).unwrap().unwrap();
            assert_eq!(found.as_os_str(), address);
        }
        for address in [
            &format!("{at}/archive"),
            &format!("{at}/archive/evil"),
            &format!("file://{at}/archive/evil"),
            &format!("{at}/link"),
            &format!("{at}/host/"),
            &format!("{at}/host/../archive/evil"),
            &format!("/{at}/host"),
            &format!("file://{at}/100%25"),
            "/proc/self/cwd",
            "file:///proc/self/cwd",
            "src",
            "./src",
        ] {
            assert!(
                matches!(meant(address), Err(RememberedError::Folder { .. })),
                "{address}"
            );
        }
        for address in [&format!("{at}/none"), "none", "~/host", "file://proc/self/cwd"] {
            assert!(
                matches!(meant(address), Err(RememberedError::Missing { .. })),
                "{address}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_nothing_that_was_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        fs::write(&path, "a".repeat(2 * LONGEST)).unwrap();
        let read = || Address::remembered(folder.path());
        assert!(read().is_err(), "a longer file");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(read(), Err(RememberedError::Read(..))), "a folder");
    }
}
