//! Faults at each call of the system while an archive is read: the answer is the one that an undisturbed disk gives, or it is
//! told that there is none. Never is the disk's fault held against the archive, a page or a footer, and never does it stay
//! in what is kept beside the archive.

use std::fs;
use std::process::Output;

use crate::archives::{Story, git};
use crate::logged;
use crate::publisher::Publisher;
use crate::strace::{self, Traced, again};

/// What opens, reads, looks at and lists files.
const CALLS: &str = "openat,read,pread64,statx,newfstatat,getdents64";

/// What the system may say.
const ERRORS: [&str; 3] = ["EIO", "EMFILE", "ESTALE"];

/// One in so many calls of a long command fails.
const STEP: usize = 13;

const ARTICLE: &str = "2026/01/23/the-first-page";

/// What is asked of an archive that has everything beside it.
const READING: [&[&str]; 13] = [
    &["verify"],
    &["verify", "2026/01/23/the-first-page@1"],
    &["verify", "site/2026/01/23/the-first-page/r1.html"],
    &["verify", "mirrored.txt"],
    &["verify", "--quote", "The first page"],
    &["list"],
    &["show", ARTICLE],
    &["history", ARTICLE],
    &[
        "diff",
        "2026/01/23/the-first-page@1",
        "2026/01/23/the-first-page@2",
    ],
    &["blame", ARTICLE],
    &["search", "first"],
    &["log"],
    &["audit"],
];

/// What makes an index, a list of the branch, words and keys first, where they are not there.
const MAKING: [&[&str]; 3] = [
    &["verify", "2026/01/23/the-first-page@1"],
    &["search", "first"],
    &["list"],
];

/// An archive with a pack, loose objects, two revisions of a page, a log with a checkpoint, a mirror, and a site.
fn story() -> Story {
    let (story, _) = logged::begin();
    story.add("a.txt", "The first page.\n\n第一页。\n", &[]);
    story.write("b.txt", "The first page, mended.\n\n第一页。\n");
    story.yes(&["correct", ARTICLE, "b.txt", "--note", "Mended."]);
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["maintain"]);
    story.add("c.txt", "The second page.\n", &[]);
    story.yes(&["build", "site"]);
    let publisher = Publisher::begin(&story.folder.path().join("publisher"));
    publisher.write("posts/elsewhere.txt", "A page of elsewhere.\n");
    let id = publisher.commit("Elsewhere", "2026-01-22T09:00:00+0800");
    story.yes(&["mirror", "publisher", "other"]);
    let page = format!("A page of elsewhere.\n\n2026-01-22 (Thursday) · {id}\n");
    story.write("mirrored.txt", page);
    story
}

/// Deletes what can be made anew beside an archive.
fn forget(story: &Story) {
    for entry in fs::read_dir(story.archive()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file()
            && path
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("avalaches.")
        {
            fs::remove_file(path).unwrap();
        }
    }
}

/// Checks what is answered under a fault; tells whether the fault was told.
fn is_told(output: &Output, expected: &Output, fault: &str) -> bool {
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        // The program that loads programs has failed.
        Some(127) => true,
        Some(2) => {
            assert!(!said.is_empty(), "{fault}: not a word");
            assert!(!said.contains("is no archive"), "{fault}: {said}");
            let answer = String::from_utf8_lossy(&output.stdout);
            let is_none = answer.is_empty() || answer.lines().any(|line| line.starts_with("unread "));
            assert!(is_none, "{fault}: {answer}");
            true
        }
        code => {
            assert_eq!(code, expected.status.code(), "{fault}: {said}");
            let [found, expected] =
                [&output.stdout, &expected.stdout].map(|out| String::from_utf8_lossy(out));
            assert_eq!(found, expected, "{fault}: {said}");
            false
        }
    }
}

/// Returns an error at each call in turn.
fn faults(counts: Vec<(&str, usize)>) -> Vec<String> {
    let at = |(call, count)| (1..=count).map(move |number| (call, number));
    let faults = counts.into_iter().flat_map(at).zip(ERRORS.iter().cycle());
    faults
        .map(|((call, number), error)| format!("{call}:error={error}:when={number}"))
        .collect()
}

/// Asks with an error at each call in turn, and counts the errors and those that were told.
fn each(
    faults: Vec<String>,
    arguments: &'static [&'static str],
    ask: impl Fn(&str) -> bool + Sync,
) -> (usize, usize) {
    let all = faults.len();
    let told = strace::each(faults, ask);
    println!("{arguments:?}: {all} errors, {told} told, the others overcome");
    (all, told)
}

#[test]
fn an_error_at_every_call_is_told_or_overcome_and_never_held_against_what_is_read() {
    if !strace::is_here() {
        return;
    }
    let story = story();
    let (mut all, mut told) = (0, 0);
    for arguments in READING {
        let expected = story.run(arguments);
        assert_eq!(expected.status.code(), Some(0), "{arguments:?}: {expected:?}");
        let traced = Traced {
            arguments,
            calls: CALLS,
        };
        let done = each(faults(traced.counts(&story)), arguments, |fault| {
            let output = traced.with(&story, fault);
            is_told(&output, &expected, &format!("{arguments:?} {fault}"))
        });
        all += done.0;
        told += done.1;
    }
    println!("{all} errors, {told} told");
    assert!(told > 400, "only {told} of {all}");
}

#[test]
fn an_error_while_something_is_made_beside_the_archive_does_not_stay_there() {
    if !strace::is_here() {
        return;
    }
    let story = story();
    for arguments in MAKING {
        let expected = story.run(arguments);
        let traced = Traced {
            arguments,
            calls: CALLS,
        };
        forget(&story);
        let counts = traced.counts(&story);
        forget(&story);
        let (all, told) = each(faults(counts), arguments, |fault| {
            let story = again(&story);
            let output = traced.with(&story, fault);
            let told = is_told(&output, &expected, &format!("{arguments:?} {fault}"));
            let after = story.run(arguments);
            assert!(
                !is_told(&after, &expected, &format!("{arguments:?} after {fault}")),
                "{fault}: {after:?}"
            );
            told
        });
        assert!(told > 30 && all > 200, "only {told} of {all}");
    }
}

#[test]
fn an_error_while_another_copy_is_read_is_not_held_against_it() {
    if !strace::is_here() {
        return;
    }
    let story = story();
    story.yes(&["clone", "-q", "archive", "copy"]);
    story.add("d.txt", "The third page.\n", &[]);
    let tip = |story: &Story, name: &str| git(&story.folder.path().join(name), &["rev-parse", "main"]);
    let (old, new) = (tip(&story, "copy"), tip(&story, "archive"));
    let arguments = &["--archive", "copy", "pull", "archive"];
    let traced = Traced {
        arguments,
        calls: CALLS,
    };
    // Git makes most of the calls: some of all.
    let faults = faults(traced.counts(&again(&story))).into_iter().step_by(STEP);
    let (all, told) = each(faults.collect(), arguments, |fault| {
        let story = again(&story);
        let output = traced.with(&story, fault);
        let said = String::from_utf8_lossy(&output.stderr);
        let after = tip(&story, "copy");
        let told = match output.status.code() {
            Some(0) => false,
            Some(2 | 127) => !said.is_empty() && !said.contains("is no archive"),
            code => panic!("{fault}: {code:?} {said}"),
        };
        assert!(after == new || told && after == old, "{fault}: {said}");
        story.yes(arguments);
        assert_eq!(tip(&story, "copy"), new, "{fault}");
        told
    });
    assert!(told > all / 8, "only {told} of {all}");
}
