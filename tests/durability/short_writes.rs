//! Writes that write a part of what they were given, and calls that a signal interrupts: what comes of a command is the
//! same to the byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::add::{assert_whole, two_pages};
use crate::archives::Story;
use crate::logged;
use crate::shim;
use crate::strace::again;
use crate::tree;
use crate::whole::assert_sound;

const COMMANDS: [&[&str]; 8] = [
    &["add", "b.txt"],
    &["correct", "2026/01/23/second-page", "c.txt", "--note", "Mended."],
    &["import", "pages"],
    &["maintain"],
    &["checkpoint", "--key", "log.key"],
    &["build", "site"],
    &["clone", "archive", "copy"],
    &["list"],
];

fn story() -> Story {
    let (story, _) = logged::begin();
    story.write("b.txt", "Second page.\n");
    story.write("c.txt", "Second page, mended.\n");
    fs::create_dir(story.folder.path().join("pages")).unwrap();
    for number in 0..20 {
        let name = format!("pages/{number}.txt");
        story.write(&name, format!("第{number}页。\n\nPage {number}.\n").repeat(20));
    }
    story
}

/// Returns the files of a folder that are the same in every run: objects, refs, a site.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = tree::files(folder);
    files.retain(|name, _| !name.contains("avalaches"));
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

/// Runs every command undisturbed and with a fault, and compares what comes of it.
fn assert_same(fault: (&str, &str)) {
    let Some(library) = shim::library() else { return };
    let (story, mut seen) = (story(), 0);
    let disturbed = again(&story);
    for arguments in COMMANDS {
        let expected = story.yes(arguments);
        let (output, is_seen) = shim::run(&disturbed, library, fault, arguments);
        assert!(output.status.success(), "{fault:?}: {arguments:?}: {output:?}");
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            expected,
            "{fault:?}: {arguments:?}"
        );
        seen += usize::from(is_seen);
    }
    assert!(seen > 5, "{fault:?} was seen in {seen} commands only");
    for name in ["archive", "copy", "site"] {
        let [left, right] = [&story, &disturbed].map(|story| files(&story.folder.path().join(name)));
        let differ = left.iter().find(|(name, bytes)| right.get(*name) != Some(*bytes));
        assert!(
            differ.is_none() && left.len() == right.len(),
            "{fault:?}: {name}: {:?}",
            differ.map(|d| d.0)
        );
    }
    assert_sound(&disturbed.archive(), fault.0);
}

#[test]
fn writes_of_a_part_make_the_same_archive_and_site() {
    assert_same(("FAULTS_SHORT", "all"));
}

#[test]
fn interrupted_calls_are_made_again() {
    assert_same(("FAULTS_INTERRUPT", "1"));
}

#[test]
fn each_write_of_a_page_that_is_added_may_be_a_part_of_it() {
    let Some(library) = shim::library() else { return };
    let (story, tip) = two_pages();
    let mut writes = 0;
    loop {
        let story = again(&story);
        let number = (writes + 1).to_string();
        let (output, is_seen) = shim::run(&story, library, ("FAULTS_SHORT", &number), &["add", "b.txt"]);
        assert!(output.status.success(), "{output:?}");
        assert_whole(&story, &tip, &output, &format!("short write {number}"));
        if !is_seen {
            break;
        }
        writes += 1;
    }
    println!("{writes} writes, each of them short once");
    assert!(writes > 10, "{writes}");
}
