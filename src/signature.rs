//! Signatures of commits, as git has them: what the signed bytes are, and what a signature has to look like before it
//! goes into a commit. Who makes one is told by the caller, since each commit names its parent and can be signed only
//! when it has its place.

use std::error::Error;
use std::fmt::Debug;

use self::judge::Judged;
use crate::object::commit::Commit;

pub mod allowed;
mod armour;
pub mod edit;
pub mod judge;
pub mod revoked;

/// What is signed apart from the bytes, so that a signature over a commit is none over anything else.
pub const NAMESPACE: &str = "git";

/// The longest signature, in bytes of its armour.
pub const LONGEST: usize = 64 << 10;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// Who signs commits.
pub trait Signer: Debug + Send + Sync {
    /// Signs the bytes of a commit and returns the armoured signature.
    ///
    /// # Errors
    /// The signer's own reason.
    fn sign(&self, commit: &[u8]) -> Result<String, Box<dyn Error + Send + Sync>>;
}

/// Why a commit is not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The signer made no signature.
    #[error("could not sign the commit")]
    Signer(#[source] Box<dyn Error + Send + Sync>),
    /// What the signer made is no signature in OpenSSH's armour.
    #[error("could not sign the commit: what the signer made is no SSH signature")]
    Armour,
    /// Nobody signs, where the archive asks for it.
    #[error("the archive asks for signatures, and the commit would have none")]
    Missing,
    /// The signature is not one that the archive asks for.
    #[error("the archive asks for good signatures, and the commit's would be {0}")]
    NotGood(Box<Judged>),
}

/// Signs a commit that has no signature yet; what is signed is the commit without the header `gpgsig`, as git does it.
///
/// # Errors
/// [`SignError`]; the commit is as it was.
pub fn sign(commit: &mut Commit, signer: &dyn Signer) -> Result<(), SignError> {
    let armour = signer.sign(&commit.encode()).map_err(SignError::Signer)?;
    let armour = armour.trim_end_matches('\n');
    if !is_armour(armour) {
        return Err(SignError::Armour);
    }
    commit.signature = Some(armour.to_owned());
    Ok(())
}

/// Tells whether a text has the outer form of `ssh-keygen`'s signatures (PROTOCOL.sshsig), without the last line feed:
/// nothing in it could be taken for another header of the commit.
fn is_armour(text: &str) -> bool {
    let body = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let body = body.and_then(|body| body.strip_prefix('\n')?.strip_suffix('\n'));
    let is_base64 = |line: &str| {
        let is_digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        (1..=76).contains(&line.len()) && line.bytes().all(is_digit)
    };
    text.len() <= LONGEST && body.is_some_and(|body| body.split('\n').all(is_base64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
        author A <> 1769054400 +0800\ncommitter A <> 1769054400 +0800\n\npublish: a\n";

    #[derive(Debug)]
    struct Says(&'static str);

    impl Signer for Says {
        fn sign(&self, commit: &[u8]) -> Result<String, Box<dyn Error + Send + Sync>> {
            assert_eq!(
                commit,
                COMMIT.as_bytes(),
                "the commit is signed without its signature"
            );
            if self.0.is_empty() {
                return Err("no key".into());
            }
            Ok(self.0.to_owned())
        }
    }

    #[test]
    fn a_signature_goes_into_the_header_and_comes_out_again() {
        let mut commit = Commit::parse(COMMIT.as_bytes()).unwrap();
        let armour = "-----BEGIN SSH SIGNATURE-----\nU1NI\nU0lH\n-----END SSH SIGNATURE-----\n";
        sign(&mut commit, &Says(armour)).unwrap();
        let bytes = String::from_utf8(commit.encode()).unwrap();
        let header =
            "gpgsig -----BEGIN SSH SIGNATURE-----\n U1NI\n U0lH\n -----END SSH SIGNATURE-----\n\npublish";
        assert!(bytes.contains(header), "{bytes}");
        assert_eq!(Commit::parse(bytes.as_bytes()).unwrap(), commit);
    }

    #[test]
    fn what_is_no_signature_leaves_the_commit_as_it_was() {
        let mut commit = Commit::parse(COMMIT.as_bytes()).unwrap();
        for bad in [
            "",
            "sure",
            "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----",
            "-----BEGIN SSH SIGNATURE-----\nU1NI\n\nU0lH\n-----END SSH SIGNATURE-----",
            "-----BEGIN SSH SIGNATURE-----\nparent 1\n-----END SSH SIGNATURE-----",
            "-----BEGIN PGP SIGNATURE-----\nU1NI\n-----END PGP SIGNATURE-----",
        ] {
            assert!(sign(&mut commit, &Says(bad)).is_err(), "{bad:?}");
            assert_eq!(commit.signature, None);
        }
    }

    #[test]
    fn a_signature_is_as_long_as_the_bound_and_no_longer() {
        let armour = |lines: &str| format!("{BEGIN}\n{lines}{END}");
        let around = armour("").len();
        let longest = armour(&format!("AA\n{}", "A\n".repeat((LONGEST - around - 3) / 2)));
        assert_eq!(longest.len(), LONGEST);
        assert!(is_armour(&longest));
        assert!(!is_armour(&longest.replacen("AA\n", "AAA\n", 1)));
    }
}
