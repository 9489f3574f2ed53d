//! What a log asks of a witness (C2SP tlog-witness, `add-checkpoint`): its new checkpoint, and a proof that the tree begins
//! with the one that the witness saw last.

use std::fmt;

use super::merkle::Hash;
use super::{number, proof_lines};

/// The path below a witness's address.
pub const PATH: &str = "add-checkpoint";

/// The type of an answer that tells the size that the witness knows.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// Writes the body of such an answer.
#[must_use]
pub fn size_text(size: u64) -> String {
    format!("{size}\n")
}

/// Reads the body of such an answer.
#[must_use]
pub fn parse_size(body: &[u8]) -> Option<u64> {
    number(std::str::from_utf8(body).ok()?.strip_suffix('\n')?)
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the tree that the witness saw last, as the log believes.
    pub old: u64,
    /// The hashes that show that the new tree begins with it.
    pub proof: Vec<Hash>,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
}

impl AddCheckpoint {
    /// Reads a request; `None` where it is not of the specification's form. The checkpoint is not looked into.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (old, rest) = text.strip_prefix("old ")?.split_once('\n')?;
        let (proof, checkpoint) = proof_lines(rest)?;
        Some(Self {
            old: number(old)?,
            proof,
            checkpoint: checkpoint.to_owned(),
        })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::tests::EXAMPLE;
    use super::*;

    #[test]
    fn the_example_of_the_specification_reads_back() {
        let text = format!(
            "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
             jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
             /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n{EXAMPLE}"
        );
        let request = AddCheckpoint::parse(&text).unwrap();
        assert_eq!((request.old, request.proof.len()), (20_852_014, 4));
        assert_eq!(request.checkpoint, EXAMPLE);
        assert_eq!(request.to_string(), text);
        for (from, to) in [
            ("old 2", "old 02"),
            ("old", "new"),
            ("/0=\n\n", "/0=\n"),
            ("PlR", "Pl"),
        ] {
            assert_eq!(AddCheckpoint::parse(&text.replacen(from, to, 1)), None, "{to}");
        }
    }
}
