//! Objects as the real git has them: all of a repository, and those that no program would write.

use std::path::Path;

use super::archives::{Story, git_command};

/// Returns every object of a repository as git reads it, one after another, in the order of their ids.
pub fn all_objects(repository: &Path) -> Vec<u8> {
    let arguments = ["cat-file", "--batch-all-objects", "--batch"];
    let output = git_command(repository, &arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// Puts an object into the archive, whatever it is, and returns its id.
pub fn put(story: &Story, kind: &str, bytes: &[u8]) -> String {
    story.write("object", bytes);
    let path = story.folder.path().join("object");
    let path = path.to_str().unwrap();
    story.git(&["hash-object", "--literally", "-w", "-t", kind, path])
}
