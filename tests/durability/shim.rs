//! Faults between the program and the C library: `tests/support/faults.c`, compiled and put there by `LD_PRELOAD`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::archives::Story;

/// Returns the library, which the first that asks compiles; `None` where there is no C compiler.
pub fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<(tempfile::TempDir, PathBuf)>> = OnceLock::new();
    let made = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("faults.so");
        let mut command = Command::new("cc");
        command
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(&library)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/faults.c"))
            .arg("-ldl");
        let Ok(output) = command.output() else {
            eprintln!("skipped: there is no C compiler here");
            return None;
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        Some((folder, library))
    });
    made.as_ref().map(|(_, library)| library.as_path())
}

/// Runs the program with a fault; tells as well whether the fault was seen.
pub fn run(story: &Story, library: &Path, fault: (&str, &str), arguments: &[&str]) -> (Output, bool) {
    let seen = story.folder.path().join("seen");
    let mut command = story.program(arguments);
    command
        .env("LD_PRELOAD", library)
        .env("FAULTS_SEEN", &seen)
        .env(fault.0, fault.1);
    let output = command.output().unwrap();
    let is_seen = std::fs::remove_file(&seen).is_ok();
    (output, is_seen)
}
