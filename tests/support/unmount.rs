//! A disk that is mounted for a test.

use std::path::Path;
use std::process::Command;

/// Unmounts what is mounted at a path when it is dropped.
pub struct Unmount<'a>(pub &'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}
