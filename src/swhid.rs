//! `SWHIDs`: the names that ISO/IEC 18670 (swhid.org, version 1.2) gives to git's objects, with which others cite them.
//!
//! `swh:1:rev:…` is a commit, `swh:1:dir:…` a tree and `swh:1:cnt:…` a blob, each under git's own id. Qualifiers say
//! where the object was seen and which lines of it are meant. They may come in any order; they are printed in the
//! specification's.

use std::fmt;
use std::str::FromStr;

use self::escape::{escape, unescape};
pub use self::fragment::{Fragment, Range};
use crate::id::{BlobId, CommitId, IdError, ObjectId, TreeId};

mod escape;
mod fragment;

/// What every identifier begins with: the scheme and its version.
pub const SCHEME: &str = "swh:1:";

/// What kind of object an identifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    /// A commit.
    Revision,
    /// A blob.
    Content,
    /// A tree.
    Directory,
    /// A tag object.
    Release,
    /// All refs of a repository at a moment.
    Snapshot,
}

impl Named {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Revision,
        Self::Content,
        Self::Directory,
        Self::Release,
        Self::Snapshot,
    ];

    /// Returns the three letters by which an identifier tells the kind.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Revision => "rev",
            Self::Content => "cnt",
            Self::Directory => "dir",
            Self::Release => "rel",
            Self::Snapshot => "snp",
        }
    }
}

/// An identifier without qualifiers: `swh:1:rev:` and forty digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Core {
    /// What kind of object it names.
    pub named: Named,
    /// The object's id.
    pub id: ObjectId,
}

/// An identifier with its qualifiers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Swhid {
    core: Core,
    origin: Option<String>,
    visit: Option<Core>,
    anchor: Option<Core>,
    path: Option<String>,
    fragment: Option<Fragment>,
}

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwhidError {
    /// It begins otherwise.
    #[error("a SWHID begins with {SCHEME}, this with {0:?}")]
    Scheme(String),
    /// The kind is none.
    #[error("a SWHID names a rev, cnt, dir, rel or snp, not {0:?}")]
    Kind(String),
    /// The id is none.
    #[error("the id {id:?} of the SWHID is none: {source}")]
    Id {
        /// The text in the id's place.
        id: String,
        /// What is wrong with it.
        source: IdError,
    },
    /// A qualifier has no value.
    #[error("{0:?} is no qualifier; one looks like path=/articles")]
    Form(String),
    /// There is no such qualifier.
    #[error("a SWHID has no qualifier {0:?}; there are origin, visit, anchor, path, lines and bytes")]
    Unknown(String),
    /// A qualifier stands twice.
    #[error("the qualifier {0} stands twice")]
    Twice(&'static str),
    /// A qualifier names an object of a kind that it cannot.
    #[error("the qualifier {name} cannot name a {found}")]
    Qualifier {
        /// The qualifier.
        name: &'static str,
        /// The tag of what it names.
        found: &'static str,
    },
    /// A part of something that is no blob.
    #[error("lines and bytes are of a cnt, and this is a {0}")]
    NoContent(&'static str),
    /// Lines and bytes at once.
    #[error("a SWHID has lines or bytes, not both")]
    Both,
    /// A range is none.
    #[error("{0:?} is no range; one looks like 9 or 9-15")]
    Range(String),
    /// A path is not absolute.
    #[error("the path {0:?} does not begin with /")]
    Relative(String),
    /// An origin is no absolute address.
    #[error("the origin {0:?} is no address; one looks like https://example.org/")]
    Origin(String),
    /// An escape is none, or gives no UTF-8.
    #[error("the escapes of {0:?} are not of the form %3B, or give no text")]
    Escape(String),
    /// A character that has to be escaped.
    #[error("{character:?} of the {name} has to be written as an escape such as %3B")]
    Unescaped {
        /// The qualifier.
        name: &'static str,
        /// The character.
        character: char,
    },
}

impl Swhid {
    /// Names an object, without qualifiers.
    #[must_use]
    pub const fn of(named: Named, id: ObjectId) -> Self {
        Self {
            core: Core { named, id },
            origin: None,
            visit: None,
            anchor: None,
            path: None,
            fragment: None,
        }
    }

    /// Names a commit.
    #[must_use]
    pub fn revision(id: CommitId) -> Self {
        Self::of(Named::Revision, id.into())
    }

    /// Names a tree.
    #[must_use]
    pub fn directory(id: TreeId) -> Self {
        Self::of(Named::Directory, id.into())
    }

    /// Names a blob.
    #[must_use]
    pub fn content(id: BlobId) -> Self {
        Self::of(Named::Content, id.into())
    }

    /// Returns what is named, without qualifiers.
    #[must_use]
    pub const fn core(&self) -> Core {
        self.core
    }

    /// Returns the object from which the path leads to it.
    #[must_use]
    pub const fn anchor(&self) -> Option<Core> {
        self.anchor
    }

    /// Returns the absolute path that leads to it from the anchor.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Returns which part of it is meant.
    #[must_use]
    pub const fn fragment(&self) -> Option<Fragment> {
        self.fragment
    }

    /// Says at which address it is.
    ///
    /// # Errors
    /// [`SwhidError::Origin`] where it is no address.
    pub fn at(mut self, origin: &str) -> Result<Self, SwhidError> {
        let has_scheme = origin.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
                && !rest.is_empty()
        });
        if !has_scheme {
            return Err(SwhidError::Origin(origin.to_owned()));
        }
        self.origin = Some(origin.to_owned());
        Ok(self)
    }

    /// Says in which commit's tree it is, and at which absolute path.
    ///
    /// # Errors
    /// [`SwhidError::Relative`] where the path is not absolute.
    pub fn within(mut self, anchor: CommitId, path: &str) -> Result<Self, SwhidError> {
        self.anchor = Some(Swhid::revision(anchor).core);
        self.put_path(path.to_owned())?;
        Ok(self)
    }

    /// Says which part of it is meant.
    ///
    /// # Errors
    /// [`SwhidError::NoContent`] where it is no blob.
    pub fn part(mut self, fragment: Fragment) -> Result<Self, SwhidError> {
        if self.core.named != Named::Content {
            return Err(SwhidError::NoContent(self.core.named.tag()));
        }
        self.fragment = Some(fragment);
        Ok(self)
    }

    fn put_path(&mut self, path: String) -> Result<(), SwhidError> {
        if !path.starts_with('/') {
            return Err(SwhidError::Relative(path));
        }
        self.path = Some(path);
        Ok(())
    }

    /// Takes a qualifier in.
    fn qualify(self, qualifier: &str) -> Result<Self, SwhidError> {
        let form = || SwhidError::Form(qualifier.to_owned());
        let (name, value) = qualifier.split_once('=').ok_or_else(form)?;
        if value.is_empty() {
            return Err(form());
        }
        let mut own = self;
        let once = |free: bool, name| {
            if free {
                Ok(())
            } else {
                Err(SwhidError::Twice(name))
            }
        };
        let range = || Range::parse(value).ok_or_else(|| SwhidError::Range(value.to_owned()));
        match name {
            "origin" => {
                once(own.origin.is_none(), "origin")?;
                let origin = unescape("origin", value)?;
                own = own.at(&origin)?;
            }
            "visit" => {
                once(own.visit.is_none(), "visit")?;
                own.visit = Some(context("visit", value, &[Named::Snapshot])?);
            }
            "anchor" => {
                once(own.anchor.is_none(), "anchor")?;
                let kinds = [Named::Directory, Named::Revision, Named::Release, Named::Snapshot];
                own.anchor = Some(context("anchor", value, &kinds)?);
            }
            "path" => {
                once(own.path.is_none(), "path")?;
                own.put_path(unescape("path", value)?)?;
            }
            "lines" | "bytes" => {
                match own.fragment {
                    None => {}
                    Some(Fragment::Lines(_)) if name == "lines" => return Err(SwhidError::Twice("lines")),
                    Some(Fragment::Bytes(_)) if name == "bytes" => return Err(SwhidError::Twice("bytes")),
                    Some(_) => return Err(SwhidError::Both),
                }
                let range = range()?;
                let fragment = if name == "bytes" {
                    Some(Fragment::Bytes(range))
                } else {
                    Fragment::lines(range.first(), range.last())
                };
                own = own.part(fragment.ok_or_else(|| SwhidError::Range(value.to_owned()))?)?;
            }
            _ => return Err(SwhidError::Unknown(name.to_owned())),
        }
        Ok(own)
    }
}

fn context(name: &'static str, value: &str, kinds: &[Named]) -> Result<Core, SwhidError> {
    let core: Core = value.parse()?;
    if kinds.contains(&core.named) {
        return Ok(core);
    }
    let found = core.named.tag();
    Err(SwhidError::Qualifier { name, found })
}

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}:{}", self.named.tag(), self.id)
    }
}

impl FromStr for Core {
    type Err = SwhidError;

    fn from_str(text: &str) -> Result<Self, SwhidError> {
        let Some(rest) = text.strip_prefix(SCHEME) else {
            return Err(SwhidError::Scheme(text.chars().take(SCHEME.len()).collect()));
        };
        let (tag, id) = rest
            .split_once(':')
            .ok_or_else(|| SwhidError::Kind(rest.chars().take(8).collect()))?;
        let named = Named::ALL.into_iter().find(|named| named.tag() == tag);
        let named = named.ok_or_else(|| SwhidError::Kind(tag.to_owned()))?;
        let id = id.parse().map_err(|source| SwhidError::Id {
            id: id.to_owned(),
            source,
        })?;
        Ok(Self { named, id })
    }
}

impl fmt::Display for Swhid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.core)?;
        if let Some(origin) = &self.origin {
            f.write_str(";origin=")?;
            escape("origin", origin, f)?;
        }
        if let Some(visit) = self.visit {
            write!(f, ";visit={visit}")?;
        }
        if let Some(anchor) = self.anchor {
            write!(f, ";anchor={anchor}")?;
        }
        if let Some(path) = &self.path {
            f.write_str(";path=")?;
            escape("path", path, f)?;
        }
        match self.fragment {
            Some(fragment) => write!(f, ";{fragment}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Swhid {
    type Err = SwhidError;

    fn from_str(text: &str) -> Result<Self, SwhidError> {
        let mut parts = text.split(';');
        let core: Core = parts.next().unwrap_or_default().parse()?;
        parts.try_fold(Self::of(core.named, core.id), Swhid::qualify)
    }
}

#[cfg(test)]
mod tests;
