//! Commits. The parser accepts exactly the bytes that the encoder writes, so a commit that parsed says
//! nothing that a reader of its fields does not see.

use std::fmt::Write as _;

use crate::id::{CommitId, TreeId};
use crate::object::ident::Ident;

/// A commit: what a footer names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The tree of the whole archive at this revision.
    pub tree: TreeId,
    /// The commits before this one; an archive has at most one.
    pub parents: Vec<CommitId>,
    /// The byline and the revision's date.
    pub author: Ident,
    /// Who archived the revision, and when.
    pub committer: Ident,
    /// The signature over the rest of the commit, without the line folding of the header.
    pub signature: Option<String>,
    /// The message, which ends with one line feed.
    pub message: String,
}

/// Why bytes are no commit that an archive holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Not UTF-8.
    #[error("commit is not UTF-8 from byte {0}")]
    Utf8(usize),
    /// A header is missing, doubled, out of place, or not written as git writes it.
    #[error("line {line} of the commit should be {expected}: {found:?}")]
    Header {
        /// Line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A NUL in the message, at which git's own programs stop reading.
    #[error("commit message holds a NUL byte")]
    Nul,
}

impl Commit {
    /// Returns the bytes that are hashed after the header.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("tree {}\n", self.tree);
        for parent in &self.parents {
            let _ = writeln!(text, "parent {parent}");
        }
        let _ = write!(text, "author {}\ncommitter {}\n", self.author, self.committer);
        if let Some(signature) = &self.signature {
            let _ = writeln!(text, "gpgsig {}", signature.replace('\n', "\n "));
        }
        text.push('\n');
        text.push_str(&self.message);
        text.into_bytes()
    }

    /// Tells whether the committer date is before that of another commit.
    #[must_use]
    pub fn is_archived_before(&self, other: &Self) -> bool {
        self.committer.date.seconds() < other.committer.date.seconds()
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// [`CommitError`] for anything that [`Commit::encode`] would not have written.
    pub fn parse(body: &[u8]) -> Result<Self, CommitError> {
        let text = std::str::from_utf8(body).map_err(|e| CommitError::Utf8(e.valid_up_to()))?;
        let (head, message) = match text.find("\n\n") {
            Some(at) => (&text[..at], &text[at + 2..]),
            None => (text, ""),
        };
        if text.contains('\0') {
            return Err(CommitError::Nul);
        }
        let mut lines = head.split('\n').enumerate().peekable();
        let mut next = |key: &str, expected: &'static str| {
            let after = || (head.split('\n').count(), "");
            let (number, line) = lines.peek().copied().unwrap_or_else(after);
            let value = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(' '));
            if value.is_some() {
                lines.next();
            }
            value.ok_or_else(|| CommitError::Header {
                line: number + 1,
                expected,
                found: line.to_owned(),
            })
        };
        let malformed = |key: &str, value: &str, expected| CommitError::Header {
            line: 1 + head
                .split('\n')
                .position(|line| line == format!("{key} {value}"))
                .unwrap_or(0),
            expected,
            found: format!("{key} {value}"),
        };
        let tree = next("tree", "a tree")?;
        let tree = tree.parse().map_err(|_| malformed("tree", tree, "a tree's id"))?;
        let mut parents = Vec::new();
        while let Ok(parent) = next("parent", "a parent") {
            parents.push(
                parent
                    .parse()
                    .map_err(|_| malformed("parent", parent, "a commit's id"))?,
            );
        }
        let author = next("author", "the author")?;
        let author =
            Ident::parse(author).ok_or_else(|| malformed("author", author, "name, address and date"))?;
        let committer = next("committer", "the committer")?;
        let committer = Ident::parse(committer)
            .ok_or_else(|| malformed("committer", committer, "name, address and date"))?;
        let signature = match next("gpgsig", "a signature") {
            Err(_) => None,
            Ok(first) => {
                let mut signature = first.to_owned();
                while let Ok(line) = next("", "a line of the signature") {
                    signature.push('\n');
                    signature.push_str(line);
                }
                Some(signature)
            }
        };
        if let Some((number, line)) = lines.next() {
            return Err(CommitError::Header {
                line: number + 1,
                expected: "the empty line before the message",
                found: line.to_owned(),
            });
        }
        let commit = Self {
            tree,
            parents,
            author,
            committer,
            signature,
            message: message.to_owned(),
        };
        if commit.encode() != body {
            return Err(CommitError::Header {
                line: head.split('\n').count(),
                expected: "followed by an empty line and the message",
                found: head.split('\n').next_back().unwrap_or_default().to_owned(),
            });
        }
        Ok(commit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMMIT: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
        parent a038737196a74c325d6a90900694dd78867e8af9\n\
        author 林晓 <lin@example.org> 1769054400 +0800\n\
        committer Desk <> 1769058000 -0330\n\
        \n\
        publish: 标题\n";

    #[test]
    fn a_commit_reads_back_what_it_wrote() {
        let commit = Commit::parse(COMMIT.as_bytes()).unwrap();
        assert_eq!(commit.parents.len(), 1);
        assert_eq!(commit.author.person.name(), "林晓");
        assert_eq!(String::from_utf8(commit.encode()).unwrap(), COMMIT);
        let signed = COMMIT.replace(
            "\n\npublish",
            "\ngpgsig -----BEGIN\n \n AAAA\n -----END\n\npublish",
        );
        let commit = Commit::parse(signed.as_bytes()).unwrap();
        assert_eq!(commit.signature.as_deref(), Some("-----BEGIN\n\nAAAA\n-----END"));
        assert_eq!(String::from_utf8(commit.encode()).unwrap(), signed);
    }

    #[test]
    fn a_header_out_of_place_is_named_with_its_line() {
        let refused = |from: &str, to: &str| Commit::parse(COMMIT.replace(from, to).as_bytes()).unwrap_err();
        assert!(matches!(
            refused("tree ", "trea "),
            CommitError::Header { line: 1, .. }
        ));
        assert!(matches!(
            refused("parent a", "parent A"),
            CommitError::Header { line: 2, .. }
        ));
        assert!(matches!(
            refused("+0800", "+08:00"),
            CommitError::Header { line: 3, .. }
        ));
        assert!(matches!(
            refused("\n\n", "\nencoding GBK\n\n"),
            CommitError::Header { line: 5, .. }
        ));
        assert!(matches!(
            refused("\n\npublish: 标题\n", "\n"),
            CommitError::Header { .. }
        ));
        assert_eq!(refused("标题", "\0"), CommitError::Nul);
        assert_eq!(Commit::parse(b"tree \xff"), Err(CommitError::Utf8(5)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic_or_parse_to_something_else(
            bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0..COMMIT.len(), byte in any::<u8>()
        ) {
            let mut changed = COMMIT.as_bytes().to_vec();
            changed[at] = byte;
            for bytes in [bytes, changed] {
                if let Ok(commit) = Commit::parse(&bytes) {
                    prop_assert_eq!(commit.encode(), bytes);
                }
            }
        }
    }
}
