//! A system that has no more threads to give, and users who want no more of them to be used.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::archives::Story;
use crate::http::{PATIENCE, Server};
use crate::shim;

const REFUSED: [&str; 2] = [
    "no thread can be had to work on",
    "hint: let this user run more processes",
];

/// Runs a server that can have so many threads, and tells whether it serves.
fn serves(story: &Story, mut command: Command, most: usize) -> bool {
    let assert_refused = |said: &str| {
        for what in REFUSED {
            assert!(said.contains(what), "{most} threads: {said}");
        }
        false
    };
    command.env("FAULTS_THREADS", most.to_string());
    let mut server = match Server::tried(story, command, &[]) {
        Ok(server) => server,
        Err((status, said)) => {
            assert_eq!(status.code(), Some(2), "{most} threads: {said}");
            return assert_refused(&said);
        }
    };
    let begun = Instant::now();
    while !server.errors().contains("written") {
        if server.has_ended() {
            assert_eq!(
                server.ended().code(),
                Some(2),
                "{most} threads: {}",
                server.errors()
            );
            return assert_refused(&server.errors());
        }
        assert!(begun.elapsed() < PATIENCE, "{most} threads: {}", server.errors());
        std::thread::sleep(Duration::from_millis(10));
    }
    for path in ["/", "/articles", "/articles/2026/01/23/one-page"] {
        assert_eq!(server.get(path).status, 200, "{most} threads: {path}");
    }
    server.terminate();
    assert!(server.ended().success(), "{most} threads: {}", server.errors());
    true
}

#[test]
fn a_server_has_its_threads_before_it_answers_or_says_that_it_can_have_none() {
    let Some(library) = shim::library() else { return };
    let story = Story::begin();
    story.add("a.txt", "One page.\n", &["--slug", "one-page"]);
    let served: Vec<bool> = (0..14)
        .map(|most| {
            let mut command = story.program(&["serve", "--threads", "2"]);
            command.env("LD_PRELOAD", library);
            serves(&story, command, most)
        })
        .collect();
    // Two each that share long work, answer, read the archive, and read the site's files, and one that builds these.
    let expected: Vec<bool> = (0..14).map(|most| most >= 9).collect();
    assert_eq!(served, expected);
}

/// Counts the threads that a server has.
fn threads(story: &Story, options: &[&str], variable: Option<&str>) -> usize {
    let mut command = story.program(&[&["serve"], options].concat());
    if let Some(variable) = variable {
        command.env("RAYON_NUM_THREADS", variable);
    }
    let mut server = Server::begun(story, command, &[]);
    server.until("the site", |server| server.errors().contains("written"));
    let tasks = fs::read_dir(format!("/proc/{}/task", server.id()))
        .unwrap()
        .count();
    server.terminate();
    assert!(server.ended().success());
    tasks
}

#[test]
fn as_many_threads_share_long_work_as_the_user_says() {
    if !fs::exists("/proc/self/task").unwrap() {
        return;
    }
    let story = Story::begin();
    let one = threads(&story, &["--threads", "1"], None);
    // Those that share long work, that answer, that read the archive, and that read the site's files.
    for (options, variable, expected) in [
        (&["--threads", "5"][..], None, one + 4 * 4),
        (&[], Some("5"), one + 4 * 4),
        (&["--threads", "1"], Some("5"), one),
        (&["--threads", "0"], Some("5"), threads(&story, &[], None)),
        (&[], Some(""), threads(&story, &[], None)),
    ] {
        assert_eq!(
            threads(&story, options, variable),
            expected,
            "{options:?} {variable:?}"
        );
    }
    let refused = story
        .program(&["list"])
        .env("RAYON_NUM_THREADS", "many")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn texts_are_read_and_sites_published_on_the_threads_that_there_are() {
    let Some(library) = shim::library() else { return };
    let story = Story::begin();
    story.add("a.txt", "One page.\n", &["--slug", "one-page"]);
    story.yes(&["build", "site", "-q"]);
    let mut done = Vec::new();
    for most in 0..5 {
        for (arguments, expected) in [
            (&["reindex"][..], "1 revision"),
            (&["search", "page"], "one-page"),
            (&["verify", "--quote", "One page."], "one-page"),
            (&["publish", "site", "published"], ""),
            (&["bundle", "export", "all.bundle"], ""),
        ] {
            for file in ["avalaches.index", "avalaches.search", "avalaches.words"] {
                let _ = fs::remove_file(story.archive().join(file));
            }
            let mut command = story.program(&[&["--threads", "2"], arguments].concat());
            command.env("LD_PRELOAD", library);
            command.env("FAULTS_THREADS", most.to_string());
            let output = command.output().unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            let is_done = output.status.success() && said.contains(expected);
            let is_refused = output.status.code() == Some(2) && said.contains(REFUSED[1]);
            assert!(is_done || is_refused, "{most} threads, {arguments:?}: {said}");
            if is_done {
                done.push((most, arguments[0]));
            }
        }
    }
    // One that shares long work is enough to read; to publish, one that answers and one that reads files come to it.
    for most in 1..5 {
        for command in ["reindex", "search", "verify"] {
            assert!(done.contains(&(most, command)), "{most} threads: {command}");
        }
    }
    assert!(done.contains(&(4, "publish")) && done.contains(&(4, "bundle")));
}
