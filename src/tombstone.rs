//! `expunged/ID.json`: why the content of a file is withheld, in every commit since it was.

use serde::{Deserialize, Serialize};

use crate::article::METADATA_FILE;
use crate::id::{ArticleId, BlobId, CommitId};
use crate::json;
use crate::settings::EXPUNGED_FOLDER;
use crate::trailer::RootMessage;

/// Says of a blob that its content is withheld, and why. Whoever has the content can still prove it: its id is in the
/// trees that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The blob.
    pub blob: BlobId,
    /// How many bytes the content has.
    pub bytes: u64,
    /// Why it is withheld, in a line.
    pub note: String,
    /// Where the content stood: paths in the tree, in order, at least one.
    pub paths: Vec<String>,
    /// The revisions that have it, oldest first, at least one.
    pub revisions: Vec<CommitId>,
}

/// Why a file is no tombstone.
#[derive(Debug, thiserror::Error)]
pub enum TombstoneError {
    /// Not JSON of the right shape.
    #[error("{0} is not what the format asks for")]
    Shape(String, #[source] serde_json::Error),
    /// A value cannot be used.
    #[error("{path}: {key} {why}")]
    Value {
        /// The file.
        path: String,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The bytes differ from those this program writes for the same values.
    #[error("{0} is not written in the archive's form (sorted keys, two blanks of indent)")]
    Form(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    blob: String,
    bytes: u64,
    note: String,
    paths: Vec<String>,
    revisions: Vec<String>,
}

impl Tombstone {
    /// Returns the path of a blob's tombstone in the tree.
    #[must_use]
    pub fn path_of(blob: BlobId) -> String {
        format!("{EXPUNGED_FOLDER}/{blob}.json")
    }

    /// Returns the blob whose tombstone has a name in the folder of tombstones; `None` for any other name.
    #[must_use]
    pub fn blob_of(name: &str) -> Option<BlobId> {
        name.strip_suffix(".json")?.parse().ok()
    }

    /// Tells whether a path in the tree is that of a tombstone.
    #[must_use]
    pub fn is_one(path: &str) -> bool {
        path.strip_prefix(EXPUNGED_FOLDER)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Returns the bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let file = File {
            blob: self.blob.to_string(),
            bytes: self.bytes,
            note: self.note.clone(),
            paths: self.paths.clone(),
            revisions: self.revisions.iter().map(ToString::to_string).collect(),
        };
        json::canonical(&file).into_bytes()
    }

    /// Reads the file at a path in the tree.
    ///
    /// # Errors
    /// [`TombstoneError`] for anything that [`Tombstone::encode`] would not have written there.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, TombstoneError> {
        let file: File =
            serde_json::from_slice(bytes).map_err(|why| TombstoneError::Shape(path.to_owned(), why))?;
        let refused = |key, why| TombstoneError::Value {
            path: path.to_owned(),
            key,
            why,
        };
        let blob = file.blob.parse().map_err(|_| refused("blob", "is no id"))?;
        if path != Self::path_of(blob) {
            return Err(refused("blob", "is not the one that the file is named after"));
        }
        if !RootMessage::is_line(&file.note) {
            return Err(refused("note", "is not one line of visible characters"));
        }
        if file.paths.is_empty()
            || !file.paths.is_sorted()
            || !file.paths.iter().all(|path| is_withholdable(path))
        {
            return Err(refused(
                "paths",
                "are not paths of articles' files in their order",
            ));
        }
        let revisions: Result<Vec<CommitId>, _> = file.revisions.iter().map(|id| id.parse()).collect();
        let tombstone = Self {
            blob,
            bytes: file.bytes,
            note: file.note,
            paths: file.paths,
            revisions: revisions.map_err(|_| refused("revisions", "are not ids of commits"))?,
        };
        if tombstone.revisions.is_empty() {
            return Err(refused("revisions", "are none"));
        }
        if tombstone.encode() == bytes {
            Ok(tombstone)
        } else {
            Err(TombstoneError::Form(path.to_owned()))
        }
    }
}

/// Tells whether a path in the tree is that of a file in an article's folder.
fn is_withholdable(path: &str) -> bool {
    let file = path
        .strip_prefix("articles/")
        .and_then(|path| path.rsplit_once('/'));
    file.is_some_and(|(article, name)| {
        article.parse::<ArticleId>().is_ok() && (name == METADATA_FILE || is_text(name))
    })
}

/// Tells whether a name in an article's folder is that of a text, and not of what is said about it.
#[must_use]
pub fn is_text(name: &str) -> bool {
    name == crate::article::PAGE_FILE || name.strip_suffix(".md").is_some_and(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tombstone() -> Tombstone {
        Tombstone {
            blob: "08c9b6c3b7e3a4b25a7f1d1f5b8b9c3ae46f6b0d".parse().unwrap(),
            bytes: 1234,
            note: "法院判决 2026 京 01 号".to_owned(),
            paths: vec!["articles/2026/01/22/bridge/zh.md".to_owned()],
            revisions: vec!["a038737196a74c325d6a90900694dd78867e8af9".parse().unwrap()],
        }
    }

    #[test]
    fn a_tombstone_reads_back_what_it_wrote() {
        let tombstone = tombstone();
        let path = Tombstone::path_of(tombstone.blob);
        assert_eq!(path, "expunged/08c9b6c3b7e3a4b25a7f1d1f5b8b9c3ae46f6b0d.json");
        let name = path.strip_prefix("expunged/").unwrap();
        assert_eq!(Tombstone::blob_of(name), Some(tombstone.blob));
        assert_eq!(Tombstone::parse(&path, &tombstone.encode()).unwrap(), tombstone);
    }

    #[test]
    fn what_is_no_tombstone_is_refused_and_told_why() {
        let good = tombstone();
        let path = Tombstone::path_of(good.blob);
        let text = String::from_utf8(good.encode()).unwrap();
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from));
            let text = text.replacen(from, to, 1);
            Tombstone::parse(&path, text.as_bytes()).unwrap_err().to_string()
        };
        assert!(refused("08c9", "08C9").contains("blob is no id"));
        assert!(refused("08c9", "08c8").contains("named after"));
        assert!(refused("法院", "\\n").contains("note is not one line"));
        assert!(refused("zh.md", "a/zh.md").contains("paths are not"));
        assert!(refused("articles/", "../articles/").contains("paths are not"));
        assert!(refused("bridge/zh.md", "bridge/.md").contains("paths are not"));
        assert!(refused("a0387", "g0387").contains("revisions are not"));
        let of_none = Tombstone {
            revisions: Vec::new(),
            ..good.clone()
        };
        let of_none = Tombstone::parse(&path, &of_none.encode()).unwrap_err();
        assert!(of_none.to_string().contains("revisions are none"), "{of_none}");
        assert!(refused("  \"bytes\"", " \"bytes\"").contains("not written in the archive's form"));
        assert!(refused("\"bytes\": 1234", "\"bytes\": -1").contains("is not what the format asks for"));
        assert!(refused("\"bytes\"", "\"size\"").contains("is not what the format asks for"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in any::<Vec<u8>>(), at in 0..200_usize, byte in any::<u8>()) {
            let path = Tombstone::path_of(tombstone().blob);
            let _ = Tombstone::parse(&path, &bytes);
            let mut near = tombstone().encode();
            let at = at % near.len();
            near[at] = byte;
            if let Ok(read) = Tombstone::parse(&path, &near) {
                prop_assert_eq!(read.encode(), near);
            }
        }
    }
}
