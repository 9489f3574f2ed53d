//! `allowed_signers`: whose keys count, and when. The form is OpenSSH's (ALLOWED SIGNERS in ssh-keygen(1)). As there, a
//! line that cannot be read is passed over.

use super::armour::{base64, kind_of_key};

/// A line of `allowed_signers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose key it is: names, or patterns, with commas between.
    pub principals: String,
    /// The public key on the wire.
    pub key: Vec<u8>,
    /// Whether the key signs certificates, not commits.
    pub is_authority: bool,
    /// For what it may sign; absent, for anything.
    pub namespaces: Option<String>,
    /// The first second in which it counts.
    pub valid_after: Option<i64>,
    /// The last second in which it counts.
    pub valid_before: Option<i64>,
}

/// Whether a key counts at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// It counts.
    Valid,
    /// Its time has not begun.
    NotYet,
    /// Its time is over.
    NoLonger,
}

/// A file of keys that count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedSigners {
    /// The lines that can be read.
    pub entries: Vec<Entry>,
    /// The number of the first line that cannot be read, from 1, and what is wrong with it.
    pub fault: Option<(usize, &'static str)>,
}

impl AllowedSigners {
    /// Reads the file.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut file = Self::default();
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let entry = match std::str::from_utf8(line) {
                Ok(line) => entry(line),
                Err(_) => Err("is not UTF-8"),
            };
            match entry {
                Ok(entry) => file.entries.extend(entry),
                Err(why) => {
                    file.fault.get_or_insert((number + 1, why));
                }
            }
        }
        file
    }

    /// Finds the line by which a key counts for a namespace at a moment, in seconds; where there is none, the first by
    /// which it would at another.
    #[must_use]
    pub fn find(&self, key: &[u8], namespace: &str, at: i64) -> Option<(&Entry, Validity)> {
        let mut found: Option<(&Entry, Validity)> = None;
        let fits = |entry: &&Entry| {
            let namespaces = entry.namespaces.as_deref();
            entry.key == key
                && !entry.is_authority
                && namespaces.is_none_or(|patterns| matches(namespace, patterns))
        };
        for entry in self.entries.iter().filter(fits) {
            let validity = entry.validity(at);
            if validity == Validity::Valid {
                return Some((entry, validity));
            }
            found.get_or_insert((entry, validity));
        }
        found
    }
}

impl Entry {
    fn validity(&self, at: i64) -> Validity {
        if self.valid_after.is_some_and(|after| at < after) {
            Validity::NotYet
        } else if self.valid_before.is_some_and(|before| at > before) {
            Validity::NoLonger
        } else {
            Validity::Valid
        }
    }
}

pub(super) const BLANKS: [char; 2] = [' ', '\t'];

/// Reads a line; `None` where there is nothing on it.
fn entry(line: &str) -> Result<Option<Entry>, &'static str> {
    let line = line.trim_end_matches('\r').trim_start_matches(BLANKS);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (principals, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted
            .split_once('"')
            .ok_or("has a quotation that does not end")?,
        None => line.split_once(BLANKS).ok_or("has no key")?,
    };
    if principals.is_empty() {
        return Err("names nobody");
    }
    let rest = rest.trim_start_matches(BLANKS);
    let mut entry = Entry {
        principals: principals.to_owned(),
        key: Vec::new(),
        is_authority: false,
        namespaces: None,
        valid_after: None,
        valid_before: None,
    };
    let key = key(rest);
    entry.key = if let Some(key) = key {
        key
    } else {
        let (options, rest) = past_options(rest);
        entry.options(options)?;
        self::key(rest.trim_start_matches(BLANKS)).ok_or("has no key")?
    };
    if let (Some(after), Some(before)) = (entry.valid_after, entry.valid_before)
        && before <= after
    {
        return Err("ends before it begins");
    }
    Ok(Some(entry))
}

/// Reads a public key as `ssh-keygen` writes it: its kind, its bytes in base64, and perhaps a comment.
pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let (kind, rest) = text.split_once(BLANKS)?;
    let rest = rest.trim_start_matches(BLANKS);
    let bytes = base64(rest.split(BLANKS).next()?)?;
    (kind_of_key(&bytes)? == kind).then_some(bytes)
}

/// Splits options from what follows them: they end at the first blank outside quotation marks.
fn past_options(text: &str) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return text.split_at(at),
            _ => {}
        }
    }
    (text, "")
}

impl Entry {
    fn options(&mut self, mut text: &str) -> Result<(), &'static str> {
        while !text.is_empty() {
            let end = text.find(['=', ',']).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            let name = name.to_ascii_lowercase();
            let mut value = None;
            text = rest;
            if let Some(rest) = rest.strip_prefix('=') {
                let rest = rest
                    .strip_prefix('"')
                    .ok_or("has an option without quotation marks")?;
                let (inside, rest) = rest.split_once('"').ok_or("has a quotation that does not end")?;
                (value, text) = (Some(inside), rest);
            }
            match (name.as_str(), value) {
                ("cert-authority", None) => self.is_authority = true,
                ("namespaces", Some(patterns)) if self.namespaces.is_none() => {
                    self.namespaces = Some(patterns.to_owned());
                }
                ("valid-after", Some(date)) if self.valid_after.is_none() => {
                    self.valid_after = Some(seconds(date).ok_or("has a date that is none")?);
                }
                ("valid-before", Some(date)) if self.valid_before.is_none() => {
                    self.valid_before = Some(seconds(date).ok_or("has a date that is none")?);
                }
                _ => return Err("has an option that is none, or twice"),
            }
            text = match text.strip_prefix(',') {
                Some("") => return Err("has a comma at the end of its options"),
                Some(rest) => rest,
                None if text.is_empty() => text,
                None => return Err("has options without a comma between"),
            };
        }
        Ok(())
    }
}

/// Reads `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with or without `Z`: a date without it means UTC, too, since
/// what an archive says does not depend upon where it is read.
fn seconds(date: &str) -> Option<i64> {
    let digits = date.strip_suffix(['Z', 'z']).unwrap_or(date);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| {
        digits
            .get(from..to)
            .map_or(Some(0), |part| part.parse::<u32>().ok())
    };
    let year = i32::try_from(number(0, 4)?).ok()?;
    let day = chrono::NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?)?;
    let time = day.and_hms_opt(number(8, 10)?, number(10, 12)?, number(12, 14)?)?;
    let seconds = time.and_utc().timestamp();
    (seconds >= 0).then_some(seconds)
}

/// Tells whether a name fits a list of patterns, as OpenSSH has them: `*` and `?`, commas between, and `!` before those
/// that must not fit.
#[must_use]
pub fn matches(name: &str, patterns: &str) -> bool {
    let mut fits = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits_one(name.as_bytes(), pattern.as_bytes()) => return false,
            Some(_) => {}
            None => fits |= fits_one(name.as_bytes(), pattern.as_bytes()),
        }
    }
    fits
}

/// One pass with one place to come back to, so that no pattern takes long.
fn fits_one(name: &[u8], pattern: &[u8]) -> bool {
    let (mut n, mut p) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((n, p + 1));
                p += 1;
            }
            Some(b'?') => (n, p) = (n + 1, p + 1),
            Some(wanted) if wanted == byte => (n, p) = (n + 1, p + 1),
            _ => match back {
                Some((from, after)) => {
                    (n, p) = (from + 1, after);
                    back = Some((from + 1, after));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOrGsIPSghL02ujbcQjwP3kFMWC1U98qbpctlbUljVOx";

    #[test]
    fn lines_are_read_as_openssh_reads_them() {
        let read = |line: &str| entry(&line.replace("KEY", KEY));
        assert_eq!(read("  # a comment"), Ok(None));
        assert_eq!(read("a,*@b KEY c d").unwrap().unwrap().principals, "a,*@b");
        assert_eq!(read("\"a b\" KEY\r").unwrap().unwrap().principals, "a b");
        let line = "a Namespaces=\"git,file\",valid-after=\"19700101Z\",valid-before=\"197001020000\" KEY";
        let entry = read(line).unwrap().unwrap();
        assert_eq!(entry.namespaces.as_deref(), Some("git,file"));
        assert_eq!((entry.valid_after, entry.valid_before), (Some(0), Some(86400)));
        assert!(read("a cert-authority KEY").unwrap().unwrap().is_authority);
        for bad in [
            "a",
            "KEY",
            "a ssh-rsa AAAA",
            "a strange KEY",
            "a namespaces=git KEY",
            "a namespaces=\"git\",namespaces=\"git\" KEY",
            "a valid-after=\"20260230\" KEY",
            "a valid-after=\"20260202\",valid-before=\"20260201\" KEY",
            "a cert-authority, KEY",
            "\"a KEY",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_counts_in_its_time_and_a_broken_line_is_passed_over() {
        let text = format!("broken\na valid-after=\"19700102\" {KEY}\nworse\n");
        let file = AllowedSigners::parse(text.as_bytes());
        assert_eq!(file.fault, Some((1, "has no key")));
        let key = key(KEY).unwrap();
        let found = |at| file.find(&key, "git", at).map(|(_, validity)| validity);
        assert_eq!(found(86400), Some(Validity::Valid));
        assert_eq!(found(86399), Some(Validity::NotYet));
        assert_eq!(file.find(b"other", "git", 86400), None);
    }

    #[test]
    fn patterns_fit_as_in_openssh() {
        for (name, patterns, fits) in [
            ("git", "git", true),
            ("git", "file,g*", true),
            ("git", "*,!git", false),
            ("git", "!file", false),
            ("abcbcd", "a*bcd", true),
            ("git", "g?t", true),
            ("git", "g", false),
            ("", "*", true),
        ] {
            assert_eq!(matches(name, patterns), fits, "{name} {patterns}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[ -~]{0,60}") {
            let _ = AllowedSigners::parse(&bytes);
            for line in [text.clone(), format!("a {text} {KEY}"), format!("{text} {KEY}")] {
                let _ = AllowedSigners::parse(line.as_bytes());
            }
            let _ = matches(&text, &text);
        }
    }
}
