//! `revoked_keys`: the keys that never count, whatever they signed and whenever.

use super::allowed::{BLANKS, key};
use super::armour::is_fingerprint;
use super::judge::fingerprint;

/// The keys that never count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevokedKeys {
    keys: Vec<Vec<u8>>,
    fingerprints: Vec<String>,
}

impl RevokedKeys {
    /// Reads the file: on each line a public key or its fingerprint as `SHA256:…`, or after `#` a comment.
    ///
    /// # Errors
    /// The number of the first line that is neither, and what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, (usize, &'static str)> {
        let mut revoked = Self::default();
        if bytes.starts_with(b"SSHKRL\n\0") {
            return Err((1, "is of a binary revocation list; write one public key a line"));
        }
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = std::str::from_utf8(line).map_err(|_| (number + 1, "is not UTF-8"))?;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with("SHA256:") {
                let print = line
                    .split(BLANKS)
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches('=');
                if !is_fingerprint(print) {
                    return Err((
                        number + 1,
                        "has a SHA256 fingerprint that is none: 43 digits of base64",
                    ));
                }
                revoked.fingerprints.push(print.to_owned());
            } else {
                let key = key(line).ok_or((number + 1, "is no public key and no SHA256 fingerprint"))?;
                revoked.keys.push(key);
            }
        }
        Ok(revoked)
    }

    /// Tells whether a key is among them.
    #[must_use]
    pub fn has(&self, key: &[u8], fingerprint: &str) -> bool {
        self.keys.iter().any(|revoked| revoked == key)
            || self.fingerprints.iter().any(|revoked| revoked == fingerprint)
    }

    /// Returns the fingerprints of all of them, in the order of the lines of each form.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let keys = self.keys.iter().map(|key| fingerprint(key));
        keys.chain(self.fingerprints.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOrGsIPSghL02ujbcQjwP3kFMWC1U98qbpctlbUljVOx";

    #[test]
    fn revoked_keys_are_keys_and_fingerprints() {
        let print = fingerprint(b"some key");
        let text = format!("# lost\n{KEY} lin\n{print}= ada\n");
        let revoked = RevokedKeys::parse(text.as_bytes()).unwrap();
        assert!(revoked.has(&key(KEY).unwrap(), ""));
        assert!(revoked.has(b"", &print));
        assert!(!revoked.has(b"", &fingerprint(b"another")));
        // A key is revoked or the file is refused: one that nobody has would leave it good.
        for bad in [
            print.replace(':', ": "),
            print[..49].to_owned(),
            format!("{print},"),
            "SHA256:".to_owned(),
        ] {
            assert_eq!(
                RevokedKeys::parse(format!("\n{bad}\n").as_bytes()).unwrap_err().0,
                2,
                "{bad}"
            );
        }
        assert_eq!(RevokedKeys::parse(b"\nx\n").unwrap_err().0, 2);
        assert!(RevokedKeys::parse(b"SSHKRL\n\0\0").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[ -~]{0,60}") {
            let _ = RevokedKeys::parse(&bytes);
            let _ = RevokedKeys::parse(text.as_bytes());
        }
    }
}
