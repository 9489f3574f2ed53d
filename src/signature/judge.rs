//! What a signature is worth: whether it is one over these bytes, whose key made it, and whether that key counted then.

use std::fmt;

use sha2::{Digest as _, Sha256};
use ssh_key::public::KeyData;
use ssh_key::{Fingerprint, HashAlg, PublicKey, Signature, SshSig};

use super::allowed::{AllowedSigners, Validity};
use super::revoked::RevokedKeys;
use super::{NAMESPACE, armour};

/// What is said of a commit's signature. None but the first is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Made with a key that counted when the commit was archived; whose, as the file of those keys names them.
    Good(String),
    /// Made with a key that nobody allowed.
    Untrusted,
    /// Made with a key whose time had not begun, or was over.
    Expired(String, Validity),
    /// Made with a key that was revoked, whenever.
    Revoked,
    /// Of a kind that cannot be judged here; why.
    Unknown(String),
    /// No signature over this commit; why.
    Bad(String),
    /// There is none.
    Unsigned,
}

impl Judgement {
    /// Returns the word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Good(_) => "good",
            Self::Untrusted => "untrusted",
            Self::Expired(..) => "expired",
            Self::Revoked => "revoked",
            Self::Unknown(_) => "unknown",
            Self::Bad(_) => "bad",
            Self::Unsigned => "unsigned",
        }
    }

    /// Tells whether it is good.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Good(_))
    }

    /// Returns whose key it was, where that is known.
    #[must_use]
    pub fn principals(&self) -> Option<&str> {
        match self {
            Self::Good(principals) | Self::Expired(principals, _) => Some(principals),
            _ => None,
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good(principals) => write!(f, "good: by {principals}"),
            Self::Untrusted => f.write_str("untrusted: by a key that the archive did not allow"),
            Self::Expired(principals, Validity::NotYet) => {
                write!(f, "expired: by a key of {principals} that did not count yet")
            }
            Self::Expired(principals, _) => {
                write!(f, "expired: by a key of {principals} that no longer counted")
            }
            Self::Revoked => f.write_str("revoked: by a key that was revoked"),
            Self::Unknown(why) => write!(f, "unknown: {why}"),
            Self::Bad(why) => write!(f, "bad: {why}"),
            Self::Unsigned => f.write_str("unsigned"),
        }
    }
}

/// What is said of a signature, and of which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What is said.
    pub judgement: Judgement,
    /// The key's fingerprint, `SHA256:…`, where it could be read.
    pub key: Option<String>,
}

impl Judged {
    /// Returns what is said where there is no signature.
    #[must_use]
    pub fn unsigned() -> Self {
        Self {
            judgement: Judgement::Unsigned,
            key: None,
        }
    }

    /// Tells whether there is a signature.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.judgement != Judgement::Unsigned
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{} ({key})", self.judgement),
            None => self.judgement.fmt(f),
        }
    }
}

/// Judges a signature over some bytes.
///
/// `allowed` says whose keys count at `at`, in seconds. `revoked` has those that never do; where it cannot be read,
/// no key can be said to count.
#[must_use]
pub fn judge(
    armour: &str,
    bytes: &[u8],
    at: i64,
    allowed: &AllowedSigners,
    revoked: &Result<RevokedKeys, (usize, &'static str)>,
) -> Judged {
    let (verified, key) = verify(armour, bytes);
    let wire = key.as_ref().and_then(|key| key.to_bytes().ok());
    let wire = wire.unwrap_or_default();
    let fingerprint = key.is_some().then(|| fingerprint(&wire));
    let judgement = match (verified, revoked) {
        (Err(judgement), _) => judgement,
        (Ok(()), Err((line, why))) => Judgement::Unknown(format!("line {line} of revoked_keys {why}")),
        (Ok(()), Ok(revoked)) if revoked.has(&wire, fingerprint.as_deref().unwrap_or_default()) => {
            Judgement::Revoked
        }
        (Ok(()), Ok(_)) => match allowed.find(&wire, NAMESPACE, at) {
            Some((entry, Validity::Valid)) => Judgement::Good(entry.principals.clone()),
            Some((entry, validity)) => Judgement::Expired(entry.principals.clone(), validity),
            None => Judgement::Untrusted,
        },
    };
    Judged {
        judgement,
        key: fingerprint,
    }
}

/// Returns the fingerprint of a public key on the wire, as `ssh-keygen -l` prints it.
#[must_use]
pub fn fingerprint(key: &[u8]) -> String {
    Fingerprint::Sha256(Sha256::digest(key).into()).to_string()
}

/// Tells whether signatures of a public key on the wire can be judged.
#[must_use]
pub fn can_judge(key: &[u8]) -> bool {
    let is_known = armour::kind_of_key(key).is_some_and(|kind| kind == RSA || KINDS.contains(&kind));
    let parsed = PublicKey::from_bytes(key).ok().filter(|_| is_known);
    parsed.is_some_and(|parsed| {
        parsed.to_bytes().is_ok_and(|bytes| bytes == key) && !is_weak(parsed.key_data())
    })
}

/// The kinds of keys whose signatures have an algorithm of the same name.
const KINDS: [&str; 6] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// The kind of keys whose signatures have an algorithm of another name.
const RSA: &str = "ssh-rsa";

/// The flag that a security key sets where somebody touched it.
const TOUCHED: u8 = 1;

/// Tells whether a signature is one over some bytes, and by which key.
fn verify(armour: &str, bytes: &[u8]) -> (Result<(), Judgement>, Option<PublicKey>) {
    let unknown = |why: &str| Err(Judgement::Unknown(why.to_owned()));
    let bad = |why: &str| Err(Judgement::Bad(why.to_owned()));
    for (beginning, why) in [
        ("-----BEGIN PGP ", "a PGP signature, which is not judged here"),
        (
            "-----BEGIN SIGNED MESSAGE-----",
            "an X.509 signature, which is not judged here",
        ),
    ] {
        if armour.starts_with(beginning) {
            return (unknown(why), None);
        }
    }
    let parts = match armour::read(armour) {
        Ok(parts) => parts,
        Err(why) => return (bad(&format!("the signature {why}")), None),
    };
    let Some(kind) = armour::kind_of_key(&parts.key) else {
        return (bad("the signature has no key"), None);
    };
    // The name of the signature's algorithm is that of the key, but for RSA, of which SHA-1 is refused.
    let fits = if kind == RSA {
        matches!(&parts.algorithm[..], b"rsa-sha2-256" | b"rsa-sha2-512")
    } else if KINDS.contains(&kind) {
        parts.algorithm == kind.as_bytes()
    } else {
        return (
            unknown(&format!("a key of the kind {kind:?}, which is not judged here")),
            None,
        );
    };
    let Ok(key) = PublicKey::from_bytes(&parts.key) else {
        return (bad("the key of the signature is malformed"), None);
    };
    if key.to_bytes().ok().as_ref() != Some(&parts.key) {
        return (bad("the key of the signature is malformed"), None);
    }
    let verified = if !fits {
        bad("the signature is of another kind than its key")
    } else if parts.namespace != NAMESPACE.as_bytes() {
        bad("the signature was made for something else than git")
    } else if is_weak(key.key_data()) {
        unknown("an RSA key of less than 2048 or more than 4096 bits")
    } else if parts.flags.is_some_and(|flags| flags & TOUCHED == 0) {
        unknown("made by a security key that nobody touched")
    } else {
        match is_over(&key, &parts, bytes) {
            Some(true) => Ok(()),
            Some(false) => bad("the signature is not over this commit"),
            None => bad("the signature is malformed"),
        }
    };
    (verified, Some(key))
}

/// Tells whether a key has a length that is not judged: too short to trust, or too long for the verifier.
fn is_weak(key: &KeyData) -> bool {
    let bits = |key: &ssh_key::public::RsaPublicKey| {
        let bytes = key.n.as_positive_bytes()?;
        let zeros = bytes.first()?.leading_zeros();
        bytes
            .len()
            .checked_mul(8)?
            .checked_sub(usize::try_from(zeros).ok()?)
    };
    key.rsa()
        .is_some_and(|key| bits(key).is_none_or(|bits| !(2048..=4096).contains(&bits)))
}

fn is_over(key: &PublicKey, parts: &armour::Parts, bytes: &[u8]) -> Option<bool> {
    let hash = match &parts.hash[..] {
        b"sha256" => HashAlg::Sha256,
        b"sha512" => HashAlg::Sha512,
        _ => return None,
    };
    let signature = Signature::try_from(&parts.signature[..]).ok()?;
    let signature = SshSig::new(key.key_data().clone(), NAMESPACE, hash, signature).ok()?;
    Some(key.verify(NAMESPACE, bytes, &signature).is_ok())
}
