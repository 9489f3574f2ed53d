//! Signed notes (C2SP signed-note): a text, and below it lines that say who signed it.

use std::fmt;

use super::key::{SignerKey, VerifierKey, is_name};
use super::strict_base64;
use crate::base64;

/// What a line of a signature begins with: a long dash and a blank.
const MARK: &str = "— ";

/// Most signatures that are looked at.
const MOST_SIGNATURES: usize = 64;

/// A line that says who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub id: u32,
    /// What stands after the id.
    pub signature: Vec<u8>,
}

impl SignatureLine {
    /// Makes the line of a key.
    #[must_use]
    pub fn of(key: &VerifierKey, signature: Vec<u8>) -> Self {
        Self {
            name: key.name().to_owned(),
            id: key.id(),
            signature,
        }
    }

    /// Tells whether the line says that it is by a key.
    #[must_use]
    pub fn names(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.id == key.id()
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(MARK)?.split_once(' ')?;
        let bytes = strict_base64(signature)?;
        let (id, signature) = bytes.split_at_checked(4)?;
        (is_name(name) && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: u32::from_be_bytes(id.try_into().expect("four bytes")),
            signature: signature.to_vec(),
        })
    }

    /// Reads lines, each with its line feed; `None` where one is none of a signature, or there is none or too many.
    #[must_use]
    pub fn parse_all(text: &str) -> Option<Vec<Self>> {
        let lines = text.strip_suffix('\n')?.split('\n').take(MOST_SIGNATURES + 1);
        let signatures: Vec<Self> = lines.map(Self::parse).collect::<Option<_>>()?;
        (signatures.len() <= MOST_SIGNATURES).then_some(signatures)
    }
}

/// The line, with its line feed.
impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.to_be_bytes().as_slice(), &self.signature].concat();
        writeln!(f, "{MARK}{} {}", self.name, base64::encode(&bytes))
    }
}

/// A signed note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, which ends with a line feed.
    pub text: String,
    /// Who signed it, in the note's order.
    pub signatures: Vec<SignatureLine>,
}

/// Why a text is no signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signed note is text, an empty line, and lines of signatures that begin with a long dash")]
pub struct NoteError;

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError`] for anything that is not of the specification's form.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        if text.chars().any(|character| character < ' ' && character != '\n') {
            return Err(NoteError);
        }
        let empty = text.rfind("\n\n").ok_or(NoteError)?;
        let signatures = SignatureLine::parse_all(&text[empty + 2..]).ok_or(NoteError)?;
        Ok(Self {
            text: text[..=empty].to_owned(),
            signatures,
        })
    }

    /// Signs a text, which ends with a line feed.
    #[must_use]
    pub fn signed(text: String, key: &SignerKey) -> Self {
        let line = SignatureLine::of(key.public(), key.sign(text.as_bytes()));
        Self {
            text,
            signatures: vec![line],
        }
    }

    /// Tells whether a key signed the text: `None` where no line names it, and where several do all of them have to be
    /// good.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifierKey) -> Option<bool> {
        let mut own = self.signatures.iter().filter(|line| line.names(key)).peekable();
        own.peek()?;
        Some(own.all(|line| key.is_signed(self.text.as_bytes(), &line.signature)))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| write!(f, "{line}"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The example of the specification.
    pub const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n— example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn the_example_of_the_specification_is_good() {
        let key: VerifierKey = KEY.parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        let note = Note::parse(NOTE).unwrap();
        assert_eq!(note.is_signed_by(&key), Some(true));
        assert_eq!(note.to_string(), NOTE);
        let several = Note::parse(
            "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
            — quasimodo.example/salvatore \
            NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n",
        );
        let several = several.unwrap();
        assert!(several.text.ends_with("\n\ned è subito sera.\n"));
        assert_eq!(several.is_signed_by(&key), None);
    }

    #[test]
    fn every_changed_character_of_a_note_is_noticed() {
        let key: VerifierKey = KEY.parse().unwrap();
        for (at, character) in NOTE.char_indices() {
            for other in ['a', 'B', '\n', ' ', '中', '='] {
                if other == character {
                    continue;
                }
                let mut changed = NOTE.to_owned();
                changed.replace_range(at..at + character.len_utf8(), &other.to_string());
                let is_good = Note::parse(&changed).is_ok_and(|note| note.is_signed_by(&key) == Some(true));
                assert!(!is_good, "{changed}");
            }
        }
    }
}
