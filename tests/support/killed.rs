//! A command that is killed while it reads forty pages.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::archives::Story;

/// Adds forty pages that all say "号渡船停航了".
pub fn ferries(story: &Story) {
    fs::create_dir(story.folder.path().join("pages")).unwrap();
    for number in 0..40 {
        let text = format!("第{number}号渡船停航了。\n").repeat(50);
        story.write(&format!("pages/{number}.txt"), text);
    }
    story.yes(&["import", "pages", "-q", "--archived-at", "2026-01-25"]);
}

/// Kills the program some milliseconds after it began.
pub fn after(milliseconds: u64, story: &Story, arguments: &[&str]) {
    let mut child = story.program(arguments).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(milliseconds));
    let _ = child.kill();
    child.wait().unwrap();
}
