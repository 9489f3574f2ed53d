//! Names of things: one type for each kind of object id, so that a tree's id cannot be handed to what
//! wants a commit's, and the stable name of an article.

use std::fmt;
use std::str::FromStr;

use crate::date::CivilDay;
use crate::slug::Slug;

/// The twenty bytes of a SHA-1 object id.
pub type RawId = [u8; 20];

/// Why a text is no object id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has another length than 40.
    #[error("an object id has 40 digits, this has {0}")]
    Length(usize),
    /// A character is not one of `0-9a-f`; upper case is refused because git never prints it.
    #[error("an object id has the digits 0-9 and a-f only; character {column} is {character:?}")]
    Digit {
        /// Column of the character, from 1.
        column: usize,
        /// The character itself.
        character: char,
    },
}

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(RawId);

        impl $name {
            /// Wraps the twenty bytes of an id.
            #[must_use]
            pub const fn from_raw(raw: RawId) -> Self {
                Self(raw)
            }

            /// Returns the twenty bytes of the id.
            #[must_use]
            pub const fn raw(&self) -> &RawId {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex(text).map(Self)
            }
        }

        impl From<$name> for ObjectId {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
    };
}

object_id!(
    /// The id of a commit: what a footer ends with.
    CommitId
);
object_id!(
    /// The id of a tree.
    TreeId
);
object_id!(
    /// The id of a blob.
    BlobId
);

/// The id of an object whose kind is not known yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(RawId);

impl ObjectId {
    /// Wraps the twenty bytes of an id.
    #[must_use]
    pub const fn from_raw(raw: RawId) -> Self {
        Self(raw)
    }

    /// Returns the twenty bytes of the id.
    #[must_use]
    pub const fn raw(&self) -> &RawId {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl FromStr for ObjectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        parse_hex(text).map(Self)
    }
}

/// The fewest digits by which a commit may be named.
pub const SHORTEST_PREFIX: usize = 7;

/// The first 7 to 40 digits of an object id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPrefix {
    raw: RawId,
    digits: usize,
}

impl IdPrefix {
    /// Reads a prefix, or returns `None` where the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !(SHORTEST_PREFIX..=40).contains(&text.len()) {
            return None;
        }
        let mut raw = [0; 20];
        for (position, byte) in text.bytes().enumerate() {
            let value = hex_value(byte)?;
            raw[position / 2] |= if position % 2 == 0 { value << 4 } else { value };
        }
        Some(Self {
            raw,
            digits: text.len(),
        })
    }

    /// Returns the id where all 40 digits are given.
    #[must_use]
    pub fn complete(&self) -> Option<ObjectId> {
        (self.digits == 40).then_some(ObjectId(self.raw))
    }

    /// Returns the smallest id that begins with these digits.
    #[must_use]
    pub fn lowest(&self) -> RawId {
        self.raw
    }

    /// Tells whether an id begins with these digits.
    #[must_use]
    pub fn matches(&self, id: &RawId) -> bool {
        let whole = self.digits / 2;
        id[..whole] == self.raw[..whole]
            && (self.digits.is_multiple_of(2) || id[whole] >> 4 == self.raw[whole] >> 4)
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = ObjectId(self.raw).to_string();
        f.write_str(&digits[..self.digits])
    }
}

/// The stable name of an article, `2026/01/22/slug`: the day of its first revision and its slug.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArticleId {
    day: CivilDay,
    slug: Slug,
}

/// A text that is no article id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no article id; one looks like 2026/01/22/some-words")]
pub struct ArticleIdError(pub String);

impl ArticleId {
    /// Names an article by its first day and its slug.
    #[must_use]
    pub fn new(day: CivilDay, slug: Slug) -> Self {
        Self { day, slug }
    }

    /// Returns the day of the first revision.
    #[must_use]
    pub fn day(&self) -> CivilDay {
        self.day
    }

    /// Returns the slug.
    #[must_use]
    pub fn slug(&self) -> &Slug {
        &self.slug
    }

    /// Returns the folder of the article in a commit's tree, without a slash at the end.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("articles/{self}")
    }
}

impl fmt::Display for ArticleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CivilDay { year, month, day } = self.day;
        write!(f, "{year:04}/{month:02}/{day:02}/{}", self.slug)
    }
}

impl FromStr for ArticleId {
    type Err = ArticleIdError;

    fn from_str(text: &str) -> Result<Self, ArticleIdError> {
        let refused = || ArticleIdError(text.to_owned());
        let (day, slug) = text.split_at_checked(11).ok_or_else(refused)?;
        let day = day.strip_suffix('/').ok_or_else(refused)?;
        let day = CivilDay::parse(day, '/').ok_or_else(refused)?;
        let slug = slug.parse().map_err(|_| refused())?;
        Ok(Self { day, slug })
    }
}

fn write_hex(raw: &RawId, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.pad(&hex(raw))
}

/// Writes bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

fn parse_hex(text: &str) -> Result<RawId, IdError> {
    for (position, character) in text.chars().enumerate() {
        let known = u8::try_from(character).ok().and_then(hex_value).is_some();
        if !known {
            return Err(IdError::Digit {
                column: position + 1,
                character,
            });
        }
    }
    IdPrefix::parse(text)
        .and_then(|prefix| prefix.complete())
        .map(|id| id.0)
        .ok_or(IdError::Length(text.len()))
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_39_or_41_digits_or_upper_case_is_refused() {
        let id = "a038737196a74c325d6a90900694dd78867e8af9";
        assert_eq!(id.parse::<CommitId>().unwrap().to_string(), id);
        assert_eq!(id[..39].parse::<CommitId>(), Err(IdError::Length(39)));
        assert_eq!(format!("{id}0").parse::<CommitId>(), Err(IdError::Length(41)));
        let upper = id.to_uppercase();
        assert_eq!(
            upper.parse::<CommitId>(),
            Err(IdError::Digit {
                column: 1,
                character: 'A'
            })
        );
    }

    #[test]
    fn a_prefix_of_odd_length_compares_half_a_byte() {
        let prefix = IdPrefix::parse("a038737").unwrap();
        let id: ObjectId = "a038737196a74c325d6a90900694dd78867e8af9".parse().unwrap();
        let other: ObjectId = "a038738196a74c325d6a90900694dd78867e8af9".parse().unwrap();
        assert!(prefix.matches(id.raw()));
        assert!(!prefix.matches(other.raw()));
        assert!(IdPrefix::parse("a03873").is_none());
        assert_eq!(prefix.to_string(), "a038737");
    }

    #[test]
    fn an_article_id_reads_back_what_it_prints() {
        let id: ArticleId = "2026/01/22/export-controls".parse().unwrap();
        assert_eq!(id.to_string(), "2026/01/22/export-controls");
        for bad in [
            "2026/02/30/x",
            "2026/01/22/../x",
            "2026/1/22/x",
            "2026/01/22/",
            "é026/01/22/x",
            "",
        ] {
            assert!(bad.parse::<ArticleId>().is_err(), "{bad}");
        }
    }
}
