//! The tip of the last check that found nothing wrong, in one file beside the repository: where the next check of
//! what changed begins. Whoever can change the archive can change this file; an id that is kept elsewhere is a
//! stronger point to begin from.

use std::io::{self, Write as _};
use std::path::Path;

use crate::id::CommitId;
use crate::platform::Durability;
use crate::storage::file;

/// The file's name.
pub const FILE_NAME: &str = "avalaches.verified";

/// Reads the recorded tip; `None` where there is none, or what is there is no id.
#[must_use]
pub fn load(repository: &Path) -> Option<CommitId> {
    let bytes = file::read(&repository.join(FILE_NAME), 41).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.strip_suffix('\n')?.parse().ok()
}

/// Records a tip.
///
/// # Errors
/// The operating system's.
pub fn save(repository: &Path, tip: CommitId) -> io::Result<()> {
    let fresh = repository.join(format!("{FILE_NAME}.{}.new", std::process::id()));
    let place = repository.join(FILE_NAME);
    file::put(&place, &fresh, 0o666, Durability::Unsynced, |file| {
        writeln!(file, "{tip}")
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_recorded_tip_reads_back_and_nothing_else_is_one() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()), None);
        let tip = CommitId::from_raw([7; 20]);
        // Nothing is written through a link that somebody put where the file is written.
        let other = folder.path().join("other");
        let fresh = format!("{FILE_NAME}.{}.new", std::process::id());
        fs::write(&other, "somebody's").unwrap();
        for name in [fresh.as_str(), FILE_NAME] {
            std::os::unix::fs::symlink(&other, folder.path().join(name)).unwrap();
        }
        save(folder.path(), tip).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "somebody's");
        assert_eq!(load(folder.path()), Some(tip));
        for text in [
            "",
            "0707",
            &"7".repeat(42),
            "g707070707070707070707070707070707070707\n",
        ] {
            fs::write(folder.path().join(FILE_NAME), text).unwrap();
            assert_eq!(load(folder.path()), None, "{text:?}");
        }
    }
}
