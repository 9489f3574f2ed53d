//! Objects that no program would write, put into an archive by the real git.

use super::archives::Story;

/// Puts an object into the archive, whatever it is, and returns its id.
pub fn put(story: &Story, kind: &str, bytes: &[u8]) -> String {
    story.write("object", bytes);
    let path = story.folder.path().join("object");
    let path = path.to_str().unwrap();
    story.git(&["hash-object", "--literally", "-w", "-t", kind, path])
}
