//! Disks of a few kilobytes, and folders that cannot be written to, for as long as a test needs them.

use std::path::Path;
use std::process::{Command, Stdio};

/// Something that is mounted; it goes when this is dropped.
pub struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

/// Mounts a disk in memory, as large as the options of `tmpfs` say; `None` where nothing can be mounted.
pub fn disk<'a>(at: &'a Path, options: &str) -> Option<Mounted<'a>> {
    let is_mounted = mount(at, &["-t", "tmpfs", "-o", options, "tmpfs"]);
    is_mounted.then_some(Mounted(at))
}

/// Makes a folder one that cannot be written to; `None` where nothing can be mounted.
pub fn read_only(folder: &Path) -> Option<Mounted<'_>> {
    if !mount(folder, &["--bind", folder.to_str().unwrap()]) {
        return None;
    }
    let mounted = Mounted(folder);
    assert!(
        mount(folder, &["-o", "remount,bind,ro"]) && std::fs::write(folder.join("probe"), "").is_err(),
        "it can be mounted and not be made read-only"
    );
    Some(mounted)
}

fn mount(at: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new("mount");
    let status = command.args(arguments).arg(at).stderr(Stdio::null()).status();
    let is_mounted = status.is_ok_and(|status| status.success());
    if !is_mounted {
        eprintln!("skipped: nothing can be mounted here");
    }
    is_mounted
}
