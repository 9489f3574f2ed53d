//! OpenSSH's armoured signatures (PROTOCOL.sshsig of OpenSSH), read strictly: every length has a bound, nothing is left
//! over, and base64 is written in the one way there is.

use super::{BEGIN, END, LONGEST};

/// What every signature's bytes begin with.
const MAGIC: &[u8] = b"SSHSIG";

/// A signature's parts as they lie in its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The public key, as it is on the wire.
    pub key: Vec<u8>,
    /// What was signed apart from the bytes.
    pub namespace: Vec<u8>,
    /// How the bytes were hashed.
    pub hash: Vec<u8>,
    /// The name of the signature's algorithm.
    pub algorithm: Vec<u8>,
    /// Of a security key: the flags it set.
    pub flags: Option<u8>,
    /// The signature as it is on the wire, with its algorithm.
    pub signature: Vec<u8>,
}

/// Reads an armoured signature; `Err` says what is wrong with it.
pub(super) fn read(armour: &str) -> Result<Parts, &'static str> {
    if armour.len() > LONGEST {
        return Err("is longer than a signature can be");
    }
    let body = armour
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_prefix('\n')?.strip_suffix(END)?.strip_suffix('\n'))
        .ok_or("is not in OpenSSH's armour")?;
    let bytes = base64(&body.replace('\n', "")).ok_or("is not base64")?;
    parts(&bytes).ok_or("has parts that are missing, too long or left over")
}

fn parts(bytes: &[u8]) -> Option<Parts> {
    let mut rest = Bytes(bytes.strip_prefix(MAGIC)?);
    if rest.number()? != 1 {
        return None;
    }
    let key = rest.string()?;
    let namespace = rest.string()?;
    // Reserved for what nobody has defined, and not covered by what OpenSSH verifies.
    if !rest.string()?.is_empty() {
        return None;
    }
    let hash = rest.string()?;
    let signature = rest.string()?;
    rest.end()?;
    let mut inner = Bytes(signature);
    let algorithm = inner.string()?;
    inner.string()?;
    let flags = if algorithm.starts_with(b"sk-") {
        let flags = inner.byte()?;
        inner.number()?;
        Some(flags)
    } else {
        None
    };
    inner.end()?;
    Some(Parts {
        key: key.to_owned(),
        namespace: namespace.to_owned(),
        hash: hash.to_owned(),
        algorithm: algorithm.to_owned(),
        flags,
        signature: signature.to_owned(),
    })
}

/// Returns the name of the kind of a public key on the wire.
pub(super) fn kind_of_key(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(Bytes(key).string()?).ok()
}

/// Reads base64 in the one way it is written: with its padding, and nothing in the bits that are left over.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let is_solid = !text.contains(|c: char| c.is_ascii_whitespace());
    crate::base64::decode(text).ok().filter(|_| is_solid)
}

/// Tells whether a text is the fingerprint of a key as ssh-keygen prints it: `SHA256:` and base64 without its padding.
pub(super) fn is_fingerprint(text: &str) -> bool {
    let digits = text.strip_prefix("SHA256:").filter(|digits| digits.len() == 43);
    digits.is_some_and(|digits| base64(&format!("{digits}=")).is_some())
}

/// Bytes that are read from their beginning.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_is_read_in_one_way_only() {
        assert_eq!(base64("").unwrap(), b"");
        assert_eq!(base64("QQ==").unwrap(), b"A");
        assert_eq!(base64("QUI=").unwrap(), b"AB");
        assert_eq!(base64("+/+/").unwrap(), [0xfb, 0xff, 0xbf]);
        for bad in [
            "QQ", "QQ=", "QR==", "QUJ=", "Q===", "====", "QQ==QQ==", "Q Q=", "=QQ=",
        ] {
            assert_eq!(base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_armour_longer_than_a_signature_can_be_is_not_looked_into() {
        let armour = |digits: usize| format!("{BEGIN}\n{}\n{END}", "A".repeat(digits));
        let around = armour(0).len();
        let longest = armour(LONGEST - around);
        assert_ne!(read(&longest), Err("is longer than a signature can be"));
        let longer = armour(LONGEST - around + 1);
        assert_eq!(read(&longer), Err("is longer than a signature can be"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
            let _ = parts(&bytes);
            let _ = parts(&[MAGIC, &[0, 0, 0, 1], &bytes].concat());
            let _ = read(&text);
            let _ = read(&format!("{BEGIN}\n{text}\n{END}"));
            let _ = kind_of_key(&bytes);
        }
    }
}
