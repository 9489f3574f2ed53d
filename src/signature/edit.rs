//! Changes to `allowed_signers` and `revoked_keys`: lines as this program writes them, among those that others wrote.

use super::allowed::{AllowedSigners, BLANKS, Entry, key};
use super::armour::{is_fingerprint, kind_of_key};
use super::judge::{can_judge, fingerprint};
use super::revoked::RevokedKeys;
use crate::canonical::first_unprintable;
use crate::date::{RevisionDate, UtcOffset};
use crate::settings::{REVOKED_FILE, SIGNERS_FILE};

/// A public key as its file has it, without the comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    line: String,
    wire: Vec<u8>,
}

/// A key that is to count, whose it is, and when it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose key it is.
    pub principal: String,
    /// The key.
    pub key: PublicKey,
    /// The first second in which it counts.
    pub valid_after: Option<RevisionDate>,
    /// The last second in which it counts.
    pub valid_before: Option<RevisionDate>,
}

/// A key that is never to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// The key itself.
    Key(PublicKey),
    /// Its fingerprint, `SHA256:…`.
    Fingerprint(String),
}

/// Why a file of keys is not changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EditError {
    /// A private key was given.
    #[error("this is a private key")]
    Private,
    /// No public key was given.
    #[error("this is no public key as ssh-keygen writes it, on one line")]
    NoKey,
    /// A public key whose signatures this program cannot judge.
    #[error(
        "signatures of this key are not judged here: it is no ed25519, ECDSA or RSA key of 2048 to 4096 bits"
    )]
    Kind,
    /// A fingerprint that is none.
    #[error("{0:?} is no fingerprint: SHA256: and 43 characters, as `ssh-keygen -l` prints it")]
    Fingerprint(String),
    /// A name that would mean something else in the file.
    #[error("{0:?} is no name for an owner of a key: one line without quotation marks and , * ? ! #")]
    Principal(String),
    /// A time that ends before it begins.
    #[error("the time in which the key counts ends before it begins")]
    Time,
    /// The key never counts.
    #[error("the key {0} was revoked")]
    Revoked(String),
    /// The file has a line that cannot be read.
    #[error("line {line} of {file} {why}")]
    Line {
        /// The file.
        file: &'static str,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl PublicKey {
    /// Reads the contents of a public key's file.
    ///
    /// # Errors
    /// [`EditError`] where it is none whose signatures can be judged.
    pub fn parse(text: &str) -> Result<Self, EditError> {
        if text.contains("PRIVATE KEY-----") {
            return Err(EditError::Private);
        }
        let line = text.trim();
        let wire = Some(line).filter(|line| !line.contains('\n')).and_then(key);
        let wire = wire.ok_or(EditError::NoKey)?;
        if !can_judge(&wire) {
            return Err(EditError::Kind);
        }
        let mut words = line.split(BLANKS).filter(|word| !word.is_empty());
        let kind = kind_of_key(&wire).ok_or(EditError::NoKey)?;
        let digits = words.nth(1).ok_or(EditError::NoKey)?;
        Ok(Self {
            line: format!("{kind} {digits}"),
            wire,
        })
    }

    /// Returns its fingerprint, `SHA256:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.wire)
    }
}

impl Revoked {
    /// Reads a fingerprint.
    ///
    /// # Errors
    /// [`EditError::Fingerprint`] where it is none.
    pub fn parse_fingerprint(text: &str) -> Result<Self, EditError> {
        if is_fingerprint(text) {
            Ok(Self::Fingerprint(text.to_owned()))
        } else {
            Err(EditError::Fingerprint(text.to_owned()))
        }
    }

    /// Returns its fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Key(key) => key.fingerprint(),
            Self::Fingerprint(print) => print.clone(),
        }
    }
}

impl Grant {
    /// Returns its line in `allowed_signers`.
    fn line(&self) -> Result<String, EditError> {
        let name = &self.principal;
        let is_name = !name.is_empty()
            && name.trim() == name
            && first_unprintable(name).is_none()
            && !name.contains(['"', ',', '*', '?', '!', '#', '\\']);
        if !is_name {
            return Err(EditError::Principal(name.clone()));
        }
        if let (Some(after), Some(before)) = (self.valid_after, self.valid_before)
            && before.seconds() <= after.seconds()
        {
            return Err(EditError::Time);
        }
        let quote = if name.contains(char::is_whitespace) {
            "\""
        } else {
            ""
        };
        let times = [
            ("valid-after", self.valid_after),
            ("valid-before", self.valid_before),
        ];
        let options: Vec<String> = times
            .into_iter()
            .filter_map(|(option, date)| Some(format!("{option}=\"{}\"", stamp(date?))))
            .collect();
        let options = if options.is_empty() {
            String::new()
        } else {
            options.join(",") + " "
        };
        Ok(format!("{quote}{name}{quote} {options}{}", self.key.line))
    }

    /// Tells whether a line says of the same key that it is the same owner's.
    fn is_about(&self, entry: &Entry) -> bool {
        entry.principals == self.principal
            && entry.key == self.key.wire
            && !entry.is_authority
            && entry.namespaces.is_none()
    }
}

/// Returns `allowed_signers` with a key that counts; `None` where it is there already. A line about the same owner and
/// key is replaced, so that a key's time can be ended.
///
/// # Errors
/// [`EditError`]; a file with a line that cannot be read is left as it is, for somebody to look at.
pub fn allow(allowed: &[u8], revoked: &[u8], grant: &Grant) -> Result<Option<Vec<u8>>, EditError> {
    let new = grant.line()?;
    let print = grant.key.fingerprint();
    if parse_revoked(revoked)?.has(&grant.key.wire, &print) {
        return Err(EditError::Revoked(print));
    }
    parse_allowed(allowed)?;
    let mut kept = Vec::new();
    let mut is_placed = false;
    for line in lines(allowed) {
        let about = AllowedSigners::parse(line).entries;
        if !about.first().is_some_and(|entry| grant.is_about(entry)) {
            kept.push(line);
        } else if !is_placed {
            kept.push(new.as_bytes());
            is_placed = true;
        }
    }
    if !is_placed {
        kept.push(new.as_bytes());
    }
    let after = joined(&kept);
    Ok((after != allowed).then_some(after))
}

/// Returns `revoked_keys` with a key that never counts; `None` where it is there already. Of a key that is known by its
/// fingerprint and was allowed, the key itself is written, since OpenSSH reads nothing else there.
///
/// # Errors
/// [`EditError`].
pub fn revoke(allowed: &[u8], revoked: &[u8], key: &Revoked) -> Result<Option<Vec<u8>>, EditError> {
    let print = key.fingerprint();
    let all = parse_revoked(revoked)?.all();
    if all.contains(&print) {
        return Ok(None);
    }
    let line = match key {
        Revoked::Key(key) => key.line.clone(),
        Revoked::Fingerprint(_) => {
            let known = lines(allowed).find_map(|line| {
                let entries = AllowedSigners::parse(line).entries;
                let is_it = entries
                    .first()
                    .is_some_and(|entry| fingerprint(&entry.key) == print);
                is_it.then(|| key_of(line)).flatten()
            });
            known.unwrap_or(print)
        }
    };
    let mut kept: Vec<&[u8]> = lines(revoked).collect();
    kept.push(line.as_bytes());
    Ok(Some(joined(&kept)))
}

/// Returns the key of a line of `allowed_signers`, as it is written there.
fn key_of(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
    let mut starts = line.match_indices(BLANKS).map(|(at, _)| at + 1);
    starts.find_map(|at| Some(PublicKey::parse(line.get(at..)?).ok()?.line))
}

fn parse_allowed(bytes: &[u8]) -> Result<AllowedSigners, EditError> {
    let file = AllowedSigners::parse(bytes);
    match file.fault {
        Some((line, why)) => Err(EditError::Line {
            file: SIGNERS_FILE,
            line,
            why,
        }),
        None => Ok(file),
    }
}

fn parse_revoked(bytes: &[u8]) -> Result<RevokedKeys, EditError> {
    RevokedKeys::parse(bytes).map_err(|(line, why)| EditError::Line {
        file: REVOKED_FILE,
        line,
        why,
    })
}

fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let file = file.strip_suffix(b"\n").unwrap_or(file);
    let is_empty = file.is_empty();
    file.split(|byte| *byte == b'\n').filter(move |_| !is_empty)
}

fn joined(lines: &[&[u8]]) -> Vec<u8> {
    lines.iter().flat_map(|line| [*line, b"\n"].concat()).collect()
}

/// Returns an instant as `allowed_signers` has it, in UTC.
fn stamp(date: RevisionDate) -> String {
    let utc = RevisionDate::from_seconds(date.seconds(), UtcOffset::UTC).unwrap_or(date);
    let digits: String = utc
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .take(14)
        .collect();
    digits + "Z"
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOrGsIPSghL02ujbcQjwP3kFMWC1U98qbpctlbUljVOx";

    fn grant(principal: &str, before: Option<&str>) -> Grant {
        Grant {
            principal: principal.to_owned(),
            key: PublicKey::parse(&format!("{KEY} a comment\n")).unwrap(),
            valid_after: None,
            valid_before: before.map(|date| RevisionDate::parse(date, UtcOffset::UTC).unwrap()),
        }
    }

    #[test]
    fn a_key_is_allowed_once_and_its_time_can_be_ended() {
        let others = "# who signs\nother cert-authority KEY\n".replace("KEY", KEY);
        let once = allow(others.as_bytes(), b"", &grant("林 晓", None))
            .unwrap()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&once),
            format!("{others}\"林 晓\" {KEY}\n")
        );
        assert_eq!(allow(&once, b"", &grant("林 晓", None)), Ok(None));
        let ended = grant("林 晓", Some("2026-02-01T08:00:00+08:00"));
        let ended = allow(&once, b"", &ended).unwrap().unwrap();
        let line = format!("\"林 晓\" valid-before=\"20260201000000Z\" {KEY}\n");
        assert_eq!(String::from_utf8_lossy(&ended), format!("{others}{line}"));
        let entries = AllowedSigners::parse(&ended).entries;
        assert_eq!(entries[1].valid_before, Some(1_769_904_000));
        for bad in ["", "a,b", "*", " a", "a\"", "a\nb", "#a"] {
            let refused = allow(b"", b"", &grant(bad, None)).unwrap_err();
            assert_eq!(refused, EditError::Principal(bad.to_owned()));
        }
        let broken = allow(b"a\nb", b"", &grant("a", None)).unwrap_err();
        assert_eq!(broken.to_string(), "line 1 of allowed_signers has no key");
    }

    #[test]
    fn a_key_is_revoked_once_by_its_file_or_its_fingerprint_and_allowed_no_more() {
        let key = grant("a", None).key;
        let print = key.fingerprint();
        let gone = revoke(b"", b"# lost", &Revoked::Key(key)).unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&gone), format!("# lost\n{KEY}\n"));
        let named = Revoked::parse_fingerprint(&print).unwrap();
        assert_eq!(revoke(b"", &gone, &named), Ok(None));
        assert_eq!(
            allow(b"", &gone, &grant("a", None)),
            Err(EditError::Revoked(print.clone()))
        );
        let bare = revoke(b"", b"", &named).unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&bare), format!("{print}\n"));
        let allowed = allow(b"", b"", &grant("a b", Some("2026-02-01")))
            .unwrap()
            .unwrap();
        let known = revoke(&allowed, b"", &named).unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&known), format!("{KEY}\n"));
        for bad in ["SHA256:", "MD5:00", &print[..49], &format!("{print}=")] {
            assert!(Revoked::parse_fingerprint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let refused = |text: &str| PublicKey::parse(text).unwrap_err();
        assert_eq!(
            refused("-----BEGIN OPENSSH PRIVATE KEY-----\n"),
            EditError::Private
        );
        assert_eq!(refused(""), EditError::NoKey);
        assert_eq!(refused(&format!("{KEY}\n{KEY}\n")), EditError::NoKey);
        assert_eq!(refused(&KEY.replace("OrG", "Or")), EditError::NoKey);
        assert_eq!(refused("ssh-dss AAAAB3NzaC1kc3M="), EditError::Kind);
    }

    #[test]
    fn a_key_counts_for_no_time_that_ends_before_it_begins() {
        let from = |after: &str| {
            let mut grant = grant("a", Some("2026-02-01T00:00:00Z"));
            grant.valid_after = Some(RevisionDate::parse(after, UtcOffset::UTC).unwrap());
            allow(b"", b"", &grant)
        };
        for late in ["2026-02-01T00:00:00Z", "2026-02-01T07:59:59+07:00", "2027-01-01"] {
            assert_eq!(from(late), Err(EditError::Time), "{late}");
        }
        let line = format!("a valid-after=\"20260131235959Z\",valid-before=\"20260201000000Z\" {KEY}\n");
        assert_eq!(
            from("2026-02-01T07:59:59+08:00"),
            Ok(Some(line.clone().into_bytes()))
        );
        assert!(AllowedSigners::parse(line.as_bytes()).fault.is_none());
    }

    #[test]
    fn only_lines_about_the_same_owner_and_key_are_replaced_and_one_is_left() {
        let other = KEY.replace("OrG", "PrG");
        let kept = format!("a {other}\nb {KEY}\na cert-authority {KEY}\na namespaces=\"git\" {KEY}\n");
        let own = format!("a valid-before=\"20260201000000Z\" {KEY}\n");
        let first = allow(kept.as_bytes(), b"", &grant("a", None)).unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&first), format!("{kept}a {KEY}\n"));
        let both = format!("{own}{kept}{own}");
        let one = allow(both.as_bytes(), b"", &grant("a", None)).unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&one), format!("a {KEY}\n{kept}"));
    }
}
