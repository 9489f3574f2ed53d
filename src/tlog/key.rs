//! Keys of logs and of witnesses, as text (C2SP signed-note: *vkeys*; the secret half as Go's `golang.org/x/mod/sumdb/note`
//! writes it), and what they sign. Logs sign with Ed25519 (RFC 8032); witnesses with that or with ML-DSA-44 (FIPS 204), which
//! also holds against a quantum computer (C2SP tlog-cosignature).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek as ed25519;
use ed25519_dalek::Signer as _;
use ml_dsa::{Keypair as _, MlDsa44};
use sha2::{Digest, Sha256};

use super::strict_base64;
use crate::base64;

/// What a key's text begins with where it holds the secret.
const SECRET: &str = "PRIVATE+KEY";

/// What a key's signatures say, and how they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// The text is the signer's, by Ed25519.
    Note,
    /// A witness saw this checkpoint and none that contradicts it, by Ed25519.
    Cosignature,
    /// The same by ML-DSA-44.
    CosignatureMlDsa44,
}

impl KeyKind {
    const ALL: [Self; 3] = [Self::Note, Self::Cosignature, Self::CosignatureMlDsa44];

    const fn byte(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
            Self::CosignatureMlDsa44 => 6,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }

    /// Tells whether keys of this kind are those of witnesses.
    #[must_use]
    pub const fn is_witness(self) -> bool {
        !matches!(self, Self::Note)
    }
}

/// Why a text is no key that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not `name+id+base64`.
    #[error("a key is written name+id+base64, all in one line")]
    Form,
    /// A name that no key can have.
    #[error(
        "{0:?} is no name of a key: it has a blank, a plus or a control character, or is empty or too long"
    )]
    Name(String),
    /// Of a kind that is not known here.
    #[error("key {0} is of a kind that is neither Ed25519 nor ML-DSA-44")]
    Kind(String),
    /// The eight digits are not those that belong to the key.
    #[error("the id of key {0} is not that of its bytes")]
    Id(String),
    /// The bytes are no key.
    #[error("the bytes of key {0} are no key of its kind")]
    Bytes(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Public {
    Ed25519(ed25519::VerifyingKey),
    MlDsa44(Box<ml_dsa::VerifyingKey<MlDsa44>>),
}

impl Public {
    fn of(kind: KeyKind, bytes: &[u8]) -> Option<Self> {
        match kind {
            KeyKind::Note | KeyKind::Cosignature => {
                let key = ed25519::VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
                (!key.is_weak()).then_some(Self::Ed25519(key))
            }
            KeyKind::CosignatureMlDsa44 => {
                let key = ml_dsa::VerifyingKey::decode(&bytes.try_into().ok()?);
                Some(Self::MlDsa44(Box::new(key)))
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.as_bytes().to_vec(),
            Self::MlDsa44(key) => key.encode().to_vec(),
        }
    }
}

/// The public half of a key: by it signatures are checked (a *vkey*).
#[derive(Debug, Clone, PartialEq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: Public,
}

impl Eq for VerifierKey {}

impl VerifierKey {
    fn new(name: String, kind: KeyKind, key: Public) -> Self {
        Self { name, kind, key }
    }

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

    /// Returns the bytes of the public key: 32 of Ed25519, 1,312 of ML-DSA-44.
    #[must_use]
    pub fn public(&self) -> Vec<u8> {
        self.key.bytes()
    }

    /// Returns the id by which a signature names it, beside its name.
    #[must_use]
    pub fn id(&self) -> u32 {
        let mut hasher = Sha256::new_with_prefix(&self.name);
        hasher.update([b'\n', self.kind.byte()]);
        hasher.update(self.public());
        let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
        u32::from_be_bytes([a, b, c, d])
    }

    /// Tells whether a signature is this key's over a message: 64 bytes of Ed25519, 2,420 of ML-DSA-44 with an empty context.
    #[must_use]
    pub fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Public::Ed25519(key) => ed25519::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Public::MlDsa44(key) => ml_dsa::Signature::<MlDsa44>::try_from(signature)
                .is_ok_and(|signature| key.verify_with_context(message, &[], &signature)),
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind.byte()], self.public().as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), base64::encode(&bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, kind, bytes) = parts(text)?;
        let public = Public::of(kind, &bytes).ok_or_else(|| KeyError::Bytes(name.clone()))?;
        let key = Self::new(name, kind, public);
        if id == format!("{:08x}", key.id()) {
            Ok(key)
        } else {
            Err(KeyError::Id(key.name))
        }
    }
}

enum Secret {
    Ed25519(Box<ed25519::SigningKey>),
    MlDsa44(Box<ml_dsa::SigningKey<MlDsa44>>),
}

/// A key with its secret: it signs.
pub struct SignerKey {
    public: VerifierKey,
    secret: Secret,
}

impl SignerKey {
    /// Makes a key of 32 bytes that nobody else knows.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn new(name: &str, kind: KeyKind, seed: [u8; 32]) -> Result<Self, KeyError> {
        if !is_name(name) || (kind == KeyKind::CosignatureMlDsa44 && name.len() > LONGEST_SIGNED_NAME) {
            return Err(KeyError::Name(name.to_owned()));
        }
        let (secret, public) = match kind {
            KeyKind::Note | KeyKind::Cosignature => {
                let secret = ed25519::SigningKey::from_bytes(&seed);
                let public = secret.verifying_key();
                (Secret::Ed25519(Box::new(secret)), Public::Ed25519(public))
            }
            KeyKind::CosignatureMlDsa44 => {
                let secret = ml_dsa::SigningKey::from_seed(&seed.into());
                let public = secret.verifying_key();
                (
                    Secret::MlDsa44(Box::new(secret)),
                    Public::MlDsa44(Box::new(public)),
                )
            }
        };
        let public = VerifierKey::new(name.to_owned(), kind, public);
        Ok(Self { public, secret })
    }

    /// Reads the text of a key with its secret.
    ///
    /// # Errors
    /// [`KeyError`]; it does not tell the secret.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_prefix(SECRET).and_then(|rest| rest.strip_prefix('+'));
        let (name, id, kind, seed) = parts(text.ok_or(KeyError::Form)?)?;
        let seed = seed.try_into().map_err(|_| KeyError::Bytes(name.clone()))?;
        let key = Self::new(&name, kind, seed)?;
        if id == format!("{:08x}", key.public.id()) {
            Ok(key)
        } else {
            Err(KeyError::Id(name))
        }
    }

    /// Returns the text of the key with its secret, one line.
    #[must_use]
    pub fn secret_text(&self) -> String {
        let seed: [u8; 32] = match &self.secret {
            Secret::Ed25519(secret) => secret.to_bytes(),
            Secret::MlDsa44(secret) => secret.to_seed().into(),
        };
        let bytes = [&[self.public.kind.byte()], seed.as_slice()].concat();
        let (name, id) = (&self.public.name, self.public.id());
        format!("{SECRET}+{name}+{id:08x}+{}\n", base64::encode(&bytes))
    }

    /// Returns the public half.
    #[must_use]
    pub const fn public(&self) -> &VerifierKey {
        &self.public
    }

    /// Signs a message: 64 bytes of Ed25519, 2,420 of ML-DSA-44 with an empty context.
    ///
    /// # Panics
    /// Never: ML-DSA refuses only a long context.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            Secret::Ed25519(secret) => secret.sign(message).to_vec(),
            Secret::MlDsa44(secret) => {
                let signed = secret.expanded_key().sign_deterministic(message, &[]);
                signed.expect("the context is empty").encode().to_vec()
            }
        }
    }
}

/// Without the secret.
impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.public)
    }
}

/// The longest name of a witness that ML-DSA signs, and of a log whose checkpoint it signs, in bytes.
const LONGEST_SIGNED_NAME: usize = 255;

/// Tells whether a key can have a name.
pub(super) fn is_name(name: &str) -> bool {
    let is_refused =
        |character: char| character.is_whitespace() || character.is_control() || character == '+';
    !name.is_empty() && !name.contains(is_refused)
}

/// Reads `name+id+base64`, and from the last of these the kind and the bytes.
fn parts(text: &str) -> Result<(String, String, KeyKind, Vec<u8>), KeyError> {
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
    Ok((name.to_owned(), id.to_owned(), kind, bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::note::Note;
    use super::super::note::tests::KEY;
    use super::*;

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
        for bytes in [
            &[1; 32][..],
            &[[1].as_slice(), &[0; 32]].concat(),
            &[6; 1312],
            &[6; 33],
        ] {
            let text = format!("a+00000000+{}", base64::encode(bytes));
            assert!(matches!(refused(&text), KeyError::Bytes(_)), "{text}");
        }
        let secret = SignerKey::new("a", KeyKind::Note, [1; 32]).unwrap().secret_text();
        let id = secret.split('+').nth(3).unwrap();
        let other = if id == "00000000" { "00000001" } else { "00000000" };
        for (from, to, why) in [
            (id, other, KeyError::Id("a".to_owned())),
            ("+a+", "+b+", KeyError::Id("b".to_owned())),
            ("PRIVATE", "PUBLIC", KeyError::Form),
        ] {
            let read = SignerKey::parse(&secret.replacen(from, to, 1));
            assert_eq!(read.unwrap_err(), why, "{from} {to}");
        }
        assert!(SignerKey::new("a b", KeyKind::Note, [1; 32]).is_err());
        let long = "w".repeat(256);
        assert!(SignerKey::new(&long, KeyKind::Cosignature, [1; 32]).is_ok());
        assert!(SignerKey::new(&long, KeyKind::CosignatureMlDsa44, [1; 32]).is_err());
    }

    proptest! {
        #[test]
        fn keys_read_back_and_sign(secret in any::<[u8; 32]>(), text in "(\\PC|\n){0,40}", name in "[a-z./中]{1,9}") {
            for kind in KeyKind::ALL {
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
