//! Results that cannot be written: a full device is told, with what was done all the same; a closed pipe is quiet, unless
//! something was done.

use std::fs::File;
use std::process::{Output, Stdio};

use crate::archives::Story;
use crate::logged;
use crate::strace::again;
use crate::whole::tip;

/// What commits, or moves a branch on, and prints that.
const CHANGING: [&[&str]; 9] = [
    &["add", "b.txt"],
    &["--json", "add", "b.txt"],
    &["correct", "2026/01/23/first-page", "b.txt", "--note", "Mended."],
    &["retract", "2026/01/23/first-page", "--note", "Withdrawn."],
    &["import", "b.txt"],
    &["settings", "--title", "Another"],
    &["checkpoint", "--key", "log.key"],
    &["push", "host"],
    &["--archive", "copy", "pull", "archive"],
];

/// What prints, and changes no branch.
const PRINTING: [&[&str]; 21] = [
    &["verify"],
    &["--json", "verify"],
    &["verify", "2026/01/23/first-page@1"],
    &["audit"],
    &["list"],
    &["show", "2026/01/23/first-page"],
    &["history", "2026/01/23/first-page"],
    &["diff", "2026/01/23/first-page", "2026/01/23/third-page"],
    &["blame", "2026/01/23/first-page"],
    &["search", "page"],
    &["verify", "--quote", "First page."],
    &["compare", "b.txt", "b.txt"],
    &["maintain"],
    &["reindex"],
    &["build", "site"],
    &["clone", "archive", "new"],
    &["bundle", "export", "all.bundle"],
    &["log"],
    &["settings"],
    &["completions", "bash"],
    &["--help"],
];

fn story() -> Story {
    let (story, _) = logged::begin();
    story.add("a.txt", "First page.\n", &[]);
    story.yes(&["checkpoint", "-q", "--key", "log.key"]);
    story.yes(&["clone", "-q", "archive", "copy"]);
    story.yes(&["clone", "-q", "archive", "host"]);
    story.add("c.txt", "Third page.\n", &[]);
    story.write("b.txt", "Second page.\n");
    story
}

fn run(story: &Story, arguments: &[&str], stdout: Stdio) -> (Output, String) {
    let mut command = story.program(arguments);
    let child = command.stdout(stdout).stderr(Stdio::piped()).spawn();
    let output = child.unwrap().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

/// Returns a pipe that nobody reads from.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

#[test]
fn what_was_done_and_could_not_be_told_is_told_elsewhere() {
    let story = story();
    let before = ["archive", "copy", "host"].map(|name| tip(&story.folder.path().join(name)));
    for arguments in CHANGING {
        for (stdout, why) in [
            (full(), "could not write the result: No space left on device"),
            (closed(), "nobody reads the result"),
        ] {
            let story = again(&story);
            let (output, said) = run(&story, arguments, stdout);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            let tips = ["archive", "copy", "host"].map(|name| tip(&story.folder.path().join(name)));
            let moved = tips.iter().zip(&before).find(|(tip, before)| tip != before);
            let (tip, _) = moved.unwrap_or_else(|| panic!("{arguments:?} changed nothing"));
            assert!(said.contains(tip) && said.contains(why), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn results_that_cannot_be_written_are_told_and_a_closed_pipe_is_quiet() {
    let story = story();
    for arguments in PRINTING {
        let fresh = again(&story);
        let (output, said) = run(&fresh, arguments, full());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        let is_told = said.contains("No space left on device") || arguments == ["--help"];
        assert!(is_told, "{arguments:?}: {said}");
        let fresh = again(&story);
        let (output, said) = run(&fresh, arguments, closed());
        assert_eq!(output.status.code(), Some(141), "{arguments:?}: {said}");
        assert!(!said.contains("error"), "{arguments:?}: {said}");
    }
    // A page that is not what was published: that nobody heard of it is no yes.
    let page = story.yes(&["show", "2026/01/23/first-page"]);
    story.write("altered.txt", page.replace("First", "Worst"));
    let (output, said) = run(&story, &["verify", "altered.txt"], closed());
    assert!(output.status.code() == Some(141) && said.is_empty(), "{output:?}");
}
