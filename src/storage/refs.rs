//! Refs, read strictly: a branch is one file of forty digits and a line feed, or one line of `packed-refs`.
//! Links are not followed and nothing is guessed, because a verdict hangs on the branch's tip.

use std::path::{Path, PathBuf};

use crate::id::CommitId;
use crate::storage::file::{self, FileError};

/// The branch that holds every revision.
pub const BRANCH: &str = "refs/heads/main";

/// The longest file of refs that is read: 1 MiB.
const LARGEST: usize = 1 << 20;

/// Why the branch cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RefError {
    /// The file cannot be read.
    #[error("could not read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: FileError,
    },
    /// The file's bytes are not what git writes.
    #[error("{} is damaged: it should hold {expected}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What should stand there.
        expected: &'static str,
    },
}

/// Reads the tip of the branch; `None` where the branch has no commit.
///
/// # Errors
/// [`RefError`] where a file cannot be read, is a link or another special file, or is damaged.
pub fn tip(repository: &Path) -> Result<Option<CommitId>, RefError> {
    let head = repository.join("HEAD");
    let text = read(&head)?.ok_or_else(|| damaged(&head, "ref: refs/heads/main"))?;
    if text != format!("ref: {BRANCH}\n").as_bytes() {
        return Err(damaged(&head, "ref: refs/heads/main"));
    }
    let loose = repository.join(BRANCH);
    if let Some(bytes) = read(&loose)? {
        let id = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.strip_suffix('\n')?.parse().ok());
        return id
            .map(Some)
            .ok_or_else(|| damaged(&loose, "40 hexadecimal digits and a line feed"));
    }
    let packed = repository.join("packed-refs");
    let Some(bytes) = read(&packed)? else {
        return Ok(None);
    };
    let expected = "lines of an id and a ref";
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged(&packed, expected))?;
    let mut found = None;
    for line in text
        .strip_suffix('\n')
        .ok_or_else(|| damaged(&packed, expected))?
        .split('\n')
    {
        if line == "# pack-refs with: peeled fully-peeled sorted " {
            continue;
        }
        if line
            .strip_prefix('^')
            .is_some_and(|id| id.parse::<CommitId>().is_ok())
        {
            continue;
        }
        let (id, name) = line.split_once(' ').ok_or_else(|| damaged(&packed, expected))?;
        let id: CommitId = id.parse().map_err(|_| damaged(&packed, expected))?;
        if !name.starts_with("refs/") || found.is_some() && name == BRANCH {
            return Err(damaged(&packed, expected));
        }
        if name == BRANCH {
            found = Some(id);
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, RefError> {
    match file::read(path, LARGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(source) if source.is_missing() => Ok(None),
        Err(source) => Err(RefError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn damaged(path: &Path, expected: &'static str) -> RefError {
    RefError::Damaged {
        path: path.to_owned(),
        expected,
    }
}
