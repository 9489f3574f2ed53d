//! An article of two revisions in two languages, and one that came after it.

use super::archives::Story;

pub const ARTICLE: &str = "2026/01/22/bridge";
pub const FIRST: &str = "桥今天通车。\n\nThe bridge opened today.\n";
pub const SECOND: &str = "桥昨天通车。\n\nThe bridge opened yesterday.\n";

/// Makes the archive; `note` is the correction's, and `options` are what else is said of it.
pub fn story(note: &str, options: &[&str]) -> Story {
    let story = Story::begin();
    story.add("one.txt", FIRST, &["--slug", "bridge", "--date", "2026-01-22"]);
    let corrected = ["--article", ARTICLE, "--kind", "correction", "--note", note];
    story.add("two.txt", SECOND, &[&corrected[..], options].concat());
    story.add(
        "three.txt",
        "渡船停航。\n",
        &["--slug", "ferry", "--date", "2026-01-23"],
    );
    story
}
