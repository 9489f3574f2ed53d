//! The list that publishing keeps at the target: which files are there, and the SHA-256 of each, as `sha256sum` prints it.
//! A file that is about to be written or deleted has a sum of zeros.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

use super::Which;
use crate::id::hex;

/// The list's name.
pub const FILE_NAME: &str = ".avalaches-published";

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum([u8; 32]);

impl Sum {
    /// Stands for content that is not known.
    pub const UNKNOWN: Self = Self([0; 32]);

    /// Returns that of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    fn parse(digits: &str) -> Option<Self> {
        let is_plain = digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let mut sum = [0; 32];
        for (at, byte) in sum.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        is_plain.then_some(Self(sum))
    }
}

/// The files, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    files: BTreeMap<String, Sum>,
}

/// Why bytes are no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// They are not UTF-8.
    #[error("it is not UTF-8")]
    Utf8,
    /// A line is no sum and name of a file that a site can have.
    #[error("its line {0} is no SHA-256 and name of a file of a site")]
    Line(usize),
    /// It was cut off.
    #[error("its last line has no end")]
    End,
}

impl Manifest {
    /// Reads a list.
    ///
    /// # Errors
    /// [`ManifestError`], also for a name that leads out of the site.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::Utf8)?;
        let lines = match text.strip_suffix('\n') {
            Some(lines) => lines,
            None if text.is_empty() => return Ok(Self::default()),
            None => return Err(ManifestError::End),
        };
        let mut files = BTreeMap::new();
        for (at, line) in lines.split('\n').enumerate() {
            let read = line
                .split_once("  ")
                .and_then(|(digits, name)| Some((name.to_owned(), Sum::parse(digits)?)));
            let (name, sum) = read
                .filter(|(name, _)| is_plain(name))
                .ok_or(ManifestError::Line(at + 1))?;
            files.insert(name, sum);
        }
        Ok(Self { files })
    }

    /// Returns what a file holds.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Sum> {
        self.files.get(name).copied()
    }

    /// Returns the files beside whose places whoever was interrupted may have left something; of `All` that is each.
    #[must_use]
    pub fn interrupted(&self, which: Which) -> Vec<String> {
        let files = self
            .files()
            .filter(|(_, sum)| which == Which::All || *sum == Sum::UNKNOWN);
        files.map(|(name, _)| name.to_owned()).collect()
    }

    /// Says what a file holds.
    pub fn put(&mut self, name: &str, sum: Sum) {
        self.files.insert(name.to_owned(), sum);
    }

    /// Returns the files, by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, Sum)> {
        self.files.iter().map(|(name, sum)| (name.as_str(), *sum))
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, Sum(sum)) in &self.files {
            writeln!(f, "{}  {name}", hex(sum))?;
        }
        Ok(())
    }
}

/// Tells whether a name is that of a file below a folder, and none that is hidden.
fn is_plain(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.');
    name.split('/').all(is_part) && !name.contains(['\\', ':']) && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_is_written_and_leads_nowhere_else() {
        let mut list = Manifest::default();
        list.put("index.html", Sum::of(b"abc"));
        list.put("tags/桥/index.html", Sum::UNKNOWN);
        let text = list.to_string();
        assert_eq!(
            text.lines().next(),
            Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  index.html")
        );
        assert_eq!(Manifest::parse(text.as_bytes()), Ok(list));
        assert_eq!(Manifest::parse(b""), Ok(Manifest::default()));
        let zeros = "0".repeat(64);
        for name in ["../a", "/a", "a//b", ".a", "a/.b", "a\\b", "c:a", "", "a\r"] {
            let line = format!("{zeros}  {name}\n");
            assert_eq!(
                Manifest::parse(line.as_bytes()),
                Err(ManifestError::Line(1)),
                "{name}"
            );
        }
        for sum in [
            "",
            "0",
            &"0".repeat(63),
            &"A".repeat(64),
            &"+0".repeat(32),
            &"é".repeat(32),
        ] {
            let line = format!("{sum}  a\n");
            assert_eq!(
                Manifest::parse(line.as_bytes()),
                Err(ManifestError::Line(1)),
                "{sum}"
            );
        }
        assert_eq!(
            Manifest::parse(format!("{zeros}  a").as_bytes()),
            Err(ManifestError::End)
        );
        assert_eq!(Manifest::parse(b"\xff\n"), Err(ManifestError::Utf8));
    }
}
