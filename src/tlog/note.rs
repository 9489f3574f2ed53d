//! Signed notes (C2SP signed-note): a text, and below it lines that say who signed it. Keys of two kinds sign here, both
//! Ed25519 (RFC 8032): those of notes, and those of witnesses, whose signatures carry a time (C2SP tlog-cosignature).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature as Ed25519, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::strict_base64;
use crate::base64;

/// What a line of a signature begins with: a long dash and a blank.
const MARK: &str = "— ";

/// Most signatures that are looked at.
const MOST_SIGNATURES: usize = 64;

/// What a key's text begins with where it holds the secret (as Go's `golang.org/x/mod/sumdb/note` writes it).
const SECRET: &str = "PRIVATE+KEY";

/// What a key's signatures say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// The text is the signer's.
    Note,
    /// A witness saw this checkpoint and none that contradicts it.
    Cosignature,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
        }
    }

    const fn of_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Note),
            4 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

/// Why a text is no key that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not `name+id+base64`.
    #[error("a key is written name+id+base64, all in one line")]
    Form,
    /// A name that no key can have.
    #[error("{0:?} is no name of a key: it has a blank, a plus or a control character, or is empty")]
    Name(String),
    /// Of a kind that is not known here.
    #[error("key {0} is of a kind that is not Ed25519")]
    Kind(String),
    /// The eight digits are not those that belong to the key.
    #[error("the id of key {0} is not that of its bytes")]
    Id(String),
    /// The bytes are no key.
    #[error("the bytes of key {0} are no Ed25519 key")]
    Bytes(String),
}

/// The public half of a key: by it signatures are checked (a *vkey*).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Returns the name: of a log's key it is the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what its signatures say.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Returns the 32 bytes of the public key.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Returns the id by which a signature names it, beside its name.
    #[must_use]
    pub fn id(&self) -> u32 {
        key_id(&self.name, self.kind, self.key.as_bytes())
    }

    /// Tells whether a signature of 64 bytes is this key's over a message.
    #[must_use]
    pub fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = Ed25519::from_slice(signature);
        signature.is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), base64::encode(&bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, kind, bytes) = parts(text)?;
        let key = VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak());
        let key = key.ok_or_else(|| KeyError::Bytes(name.clone()))?;
        let key = Self { name, kind, key };
        if id == format!("{:08x}", key.id()) {
            Ok(key)
        } else {
            Err(KeyError::Id(key.name))
        }
    }
}

/// A key with its secret: it signs.
pub struct SignerKey {
    public: VerifierKey,
    secret: SigningKey,
}

impl SignerKey {
    /// Makes a key of 32 bytes that nobody else knows.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn new(name: &str, kind: KeyKind, secret: [u8; 32]) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name(name.to_owned()));
        }
        let secret = SigningKey::from_bytes(&secret);
        let public = VerifierKey {
            name: name.to_owned(),
            kind,
            key: secret.verifying_key(),
        };
        Ok(Self { public, secret })
    }

    /// Reads the text of a key with its secret.
    ///
    /// # Errors
    /// [`KeyError`]; it does not tell the secret.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_prefix(SECRET).and_then(|rest| rest.strip_prefix('+'));
        let (name, id, kind, secret) = parts(text.ok_or(KeyError::Form)?)?;
        let key = Self::new(&name, kind, secret)?;
        if id == format!("{:08x}", key.public.id()) {
            Ok(key)
        } else {
            Err(KeyError::Id(name))
        }
    }

    /// Returns the text of the key with its secret, one line.
    #[must_use]
    pub fn secret_text(&self) -> String {
        let bytes = [&[self.public.kind.byte()], self.secret.as_bytes().as_slice()].concat();
        let (name, id) = (&self.public.name, self.public.id());
        format!("{SECRET}+{name}+{id:08x}+{}\n", base64::encode(&bytes))
    }

    /// Returns the public half.
    #[must_use]
    pub const fn public(&self) -> &VerifierKey {
        &self.public
    }

    /// Signs a message: 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

/// Without the secret.
impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.public)
    }
}

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
            name: key.name.clone(),
            id: key.id(),
            signature,
        }
    }

    /// Tells whether the line says that it is by a key.
    #[must_use]
    pub fn names(&self, key: &VerifierKey) -> bool {
        self.name == key.name && self.id == key.id()
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
        let line = SignatureLine::of(key.public(), key.sign(text.as_bytes()).to_vec());
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

/// Tells whether a key can have a name.
fn is_name(name: &str) -> bool {
    let is_refused =
        |character: char| character.is_whitespace() || character.is_control() || character == '+';
    !name.is_empty() && !name.contains(is_refused)
}

fn key_id(name: &str, kind: KeyKind, public: &[u8; 32]) -> u32 {
    let mut hasher = Sha256::new_with_prefix(name);
    hasher.update([b'\n', kind.byte()]);
    hasher.update(public);
    let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
    u32::from_be_bytes([a, b, c, d])
}

/// Reads `name+id+base64`, and from the last of these the kind and the bytes.
fn parts(text: &str) -> Result<(String, String, KeyKind, [u8; 32]), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(bytes)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Form);
    };
    if !is_name(name) {
        return Err(KeyError::Name(name.to_owned()));
    }
    let bytes = strict_base64(bytes).ok_or(KeyError::Form)?;
    let (kind, bytes) = bytes.split_first().ok_or(KeyError::Form)?;
    let kind = KeyKind::of_byte(*kind).ok_or_else(|| KeyError::Kind(name.to_owned()))?;
    let bytes = bytes.try_into().map_err(|_| KeyError::Bytes(name.to_owned()))?;
    Ok((name.to_owned(), id.to_owned(), kind, bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the specification.
    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
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

    #[test]
    fn what_is_no_key_is_refused() {
        let refused = |text: &str| text.parse::<VerifierKey>().unwrap_err();
        assert_eq!(refused("a+00000000"), KeyError::Form);
        assert_eq!(
            refused(&KEY.replace("530d", "530e")),
            KeyError::Id("example.com/foo".to_owned())
        );
        assert_eq!(
            refused(&KEY.replace("/foo", " foo")),
            KeyError::Name("example.com foo".to_owned())
        );
        assert_eq!(
            refused(&KEY.replace("+A", "+B")),
            KeyError::Kind("example.com/foo".to_owned())
        );
        let small = base64::encode(&[&[1], [0; 32].as_slice()].concat());
        assert!(matches!(
            refused(&format!("a+00000000+{small}")),
            KeyError::Bytes(_)
        ));
        assert!(SignerKey::new("a b", KeyKind::Note, [1; 32]).is_err());
    }

    proptest! {
        #[test]
        fn keys_read_back_and_sign(secret in any::<[u8; 32]>(), text in "(\\PC|\n){0,40}", name in "[a-z./中]{1,9}") {
            for kind in [KeyKind::Note, KeyKind::Cosignature] {
                let key = SignerKey::new(&name, kind, secret).unwrap();
                let again = SignerKey::parse(&key.secret_text()).unwrap();
                prop_assert_eq!(again.public(), key.public());
                prop_assert_eq!(&key.public().to_string().parse::<VerifierKey>().unwrap(), key.public());
                let note = Note::signed(format!("{text}\n"), &key);
                prop_assert_eq!(note.is_signed_by(key.public()), Some(true));
                prop_assert_eq!(&Note::parse(&note.to_string()).unwrap(), &note);
            }
        }
    }
}
