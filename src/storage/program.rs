//! What running the user's own programs has in common: where their files lie meanwhile, and what is kept of their complaints.

use std::io;
use std::path::Path;

use super::temporary::{self, TemporaryFolder};

/// The most bytes of a program's complaints that are kept: the last ones.
pub(super) const LONGEST_COMPLAINT: usize = 4 << 10;

/// Makes a folder that nobody else can look into, and that goes when it is dropped.
pub(super) fn private_folder(scratch: &Path, prefix: &str) -> io::Result<TemporaryFolder> {
    temporary::folder(scratch, prefix, 0o700)
}

/// Returns the last of what a program said on stderr, as text.
pub(super) fn complaint(stderr: &[u8]) -> String {
    let from = stderr.len().saturating_sub(LONGEST_COMPLAINT);
    let complaint = String::from_utf8_lossy(stderr.get(from..).unwrap_or_default());
    complaint.replace('\r', "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_is_its_maker_s_alone_and_goes_and_of_complaints_the_last_are_kept() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = private_folder(scratch.path(), "avalaches-").unwrap();
        let mode = std::fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(folder);
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
        let long = ["x".repeat(LONGEST_COMPLAINT).as_str(), "\r\nthe end\r\n"].concat();
        let kept = complaint(long.as_bytes());
        assert!(kept.ends_with("x\nthe end") && kept.len() < LONGEST_COMPLAINT);
    }
}
