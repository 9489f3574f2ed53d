//! Archives with a log, and what the program says about them.

use super::archives::Story;

/// The log's name.
pub const ORIGIN: &str = "example.org/digest";

/// Makes an archive with a log, whose secret is `log.key`, and returns its key.
pub fn begin() -> (Story, String) {
    let story = Story::begin();
    let key = story.yes(&["key", "new", ORIGIN, "log.key"]);
    story.yes(&["settings", "--log-key", key.trim()]);
    (story, key.trim().to_owned())
}

/// Runs the program, which has to end with a status, and returns all that it said.
pub fn says(story: &Story, arguments: &[&str], status: i32) -> String {
    let output = story.run(arguments);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    said
}
