//! What has to be so after any fault.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use avalaches::archive::{Archive, Owner};
use avalaches::storage::refs;
use avalaches::verify::whole;

use crate::archives::git_command;

/// Names that only what is at work has, or what was killed left.
const BEGUN: [&str; 5] = ["incoming", "maintaining", "pulling", "pushing", "fetching"];

/// Returns the tip of an archive's branch.
pub fn tip(archive: &Path) -> String {
    refs::tip(archive).unwrap().unwrap().to_string()
}

/// Asserts that neither git nor this program finds anything wrong.
pub fn assert_sound(archive: &Path, fault: &str) {
    assert_sound_to_git(archive, fault);
    let opened = Archive::open(archive, Owner::Anyone);
    let opened = opened.unwrap_or_else(|error| panic!("{fault}: {error}"));
    let report = whole::check(&opened, whole::Options::default(), &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(report.findings.is_empty(), "{fault}: {:?}", report.findings);
}

/// Asserts that git finds nothing wrong.
pub fn assert_sound_to_git(repository: &Path, fault: &str) {
    let arguments = ["fsck", "--strict", "--full", "--no-dangling", "--no-progress"];
    let output = git_command(repository, &arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{fault}: git fsck: {said}");
    assert!(said.is_empty(), "{fault}: git fsck: {said}");
}

/// Lists what lies in a folder for a while only: locks, what is staged, what has not taken its place yet.
pub fn leftovers(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // The lock of a file that is only locked stays; nobody has it after a kill.
            let of_ours = name.strip_prefix("avalaches.");
            let is_begun = of_ours.is_some_and(|name| BEGUN.contains(&name))
                || of_ours.is_none() && name.strip_suffix(".lock").is_some()
                || [".new", "-journal", "-wal"].iter().any(|end| name.ends_with(end))
                || name.strip_suffix(".keep").is_some()
                    && fs::read_to_string(&path).is_ok_and(|text| text.starts_with("avalaches"))
                || ["tmp_", ".tmp"].iter().any(|begin| name.starts_with(begin));
            if is_begun {
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            } else if path.is_dir() {
                waiting.push(path);
            }
        }
    }
    found.sort();
    found
}
