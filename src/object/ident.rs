//! The author and committer lines of a commit. A name is checked here once, because git would take a line
//! feed in it for the end of the header.

use std::fmt;

use crate::canonical::first_unprintable;
use crate::date::RevisionDate;

/// The longest name or e-mail address, in bytes.
pub const LONGEST_NAME: usize = 1024;

/// Why a text cannot name an author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// No name is left when the address is taken away.
    #[error("author {0:?} has no name; write Name <address> or a name alone")]
    Empty(String),
    /// A character that git uses to mark the address, or one that cannot be printed.
    #[error("author {text:?} has {character:?} at column {column}, which an author's name cannot hold")]
    Character {
        /// The text.
        text: String,
        /// The character.
        character: char,
        /// Its column, from 1.
        column: usize,
    },
    /// Longer than [`LONGEST_NAME`].
    #[error("an author's name has at most {LONGEST_NAME} bytes, this has {0}")]
    TooLong(usize),
}

/// A name and an e-mail address, which may be empty; neither holds `<`, `>`, a line feed or another control.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person {
    name: String,
    email: String,
}

impl Person {
    /// Makes a person of a name and an address.
    ///
    /// # Errors
    /// [`PersonError`] where either holds what a commit header cannot.
    pub fn new(name: &str, email: &str) -> Result<Self, PersonError> {
        // A joiner before a blank joins nothing once the blank is gone.
        let (name, email) = (name.trim(), email.trim());
        for text in [name, email] {
            let strange = |c: char| c == '<' || c == '>';
            let found = text
                .char_indices()
                .find(|(_, c)| strange(*c))
                .or_else(|| first_unprintable(text));
            if let Some((at, character)) = found {
                let column = text[..at].chars().count() + 1;
                return Err(PersonError::Character {
                    text: text.to_owned(),
                    character,
                    column,
                });
            }
            if text.len() > LONGEST_NAME {
                return Err(PersonError::TooLong(text.len()));
            }
        }
        if name.is_empty() {
            return Err(PersonError::Empty(name.to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            email: email.to_owned(),
        })
    }

    /// Reads `Name <address>` or a name alone.
    ///
    /// # Errors
    /// [`PersonError`] where the text is neither.
    pub fn parse(text: &str) -> Result<Self, PersonError> {
        let text = text.trim();
        match text.strip_suffix('>').and_then(|rest| rest.split_once('<')) {
            Some((name, email)) => Self::new(name, email),
            None => Self::new(text, ""),
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the e-mail address, which may be empty.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.email.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{} <{}>", self.name, self.email)
        }
    }
}

/// Who did something and when: the value of an `author` or `committer` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// Who.
    pub person: Person,
    /// When.
    pub date: RevisionDate,
}

impl Ident {
    /// Reads the value of an `author` or `committer` line exactly as [`Ident`] prints it.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (name, rest) = value.split_once(" <")?;
        let (email, date) = rest.split_once("> ")?;
        let ident = Self {
            person: Person::new(name, email).ok()?,
            date: RevisionDate::parse_git(date)?,
        };
        // A name that is written in another way than it is kept is none of git's.
        (ident.person.name == name && ident.person.email == email).then_some(ident)
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} <{}> {}",
            self.person.name,
            self.person.email,
            self.date.as_git()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_forge_a_header_is_refused() {
        for bad in [
            "A\nparent 0123",
            "A <b",
            "A > b",
            "",
            "  ",
            "<a@b>",
            "A\u{0}",
            "A\u{2028}B",
            "A\u{202e}B",
            "\u{1b}[2J",
            "\u{1800}\u{200d} <a@b>",
        ] {
            assert!(Person::parse(bad).is_err(), "{bad:?}");
        }
        let person = Person::parse("林晓 <lin@example.org>").unwrap();
        assert_eq!((person.name(), person.email()), ("林晓", "lin@example.org"));
        assert_eq!(person.to_string(), "林晓 <lin@example.org>");
        assert_eq!(Person::parse("Ada Lovelace").unwrap().to_string(), "Ada Lovelace");
    }

    #[test]
    fn an_ident_reads_back_what_it_prints() {
        let line = "林晓 <> 1769054400 +0800";
        assert_eq!(Ident::parse(line).unwrap().to_string(), line);
        for bad in [
            "A <> 01 +0000",
            "A  <> 1 +0000",
            "A <>  1 +0000",
            "A <> 1 -0000",
            "A <> 1 +0000 ",
            "<> 1 +0000",
        ] {
            assert!(Ident::parse(bad).is_none(), "{bad}");
        }
    }
}
