//! Files and folders for the time of one command, of commands that are killed: the next one there clears them, and leaves alone those
//! of commands that are at work.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::archives::Story;
use crate::http::Server;
use crate::logged;
use crate::strace::{self, Traced, again};

const CALLS: &str = "mkdir,rename,unlink,fsync,ftruncate,write";

const COMMANDS: [&[&str]; 5] = [
    &["init", "new/archive"],
    &["clone", "archive", "copy"],
    &["import", "pages", "--footers", "footers.jsonl"],
    &["bundle", "export", "all.bundle"],
    &["checkpoint", "--key", "log.key"],
];

fn story() -> Story {
    let (story, _) = logged::begin();
    story.add("a.txt", "First page.\n", &[]);
    for folder in ["new", "pages"] {
        fs::create_dir(story.folder.path().join(folder)).unwrap();
    }
    story.write("pages/b.txt", "Second page.\n");
    story
}

/// Returns what is below a folder and was to be there for a while.
fn temporary(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let is_begun = |begin: &&str| name.starts_with(begin);
            let begins = [
                ".tmp",
                ".avalaches-init-",
                ".avalaches-import-",
                ".avalaches-bundle-",
                "avalaches-serve-",
            ];
            if begins.iter().any(is_begun) {
                found.push(entry.path());
            } else if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn a_clone_that_was_killed_comes_to_its_end_when_it_is_run_again() {
    if !strace::is_here() {
        return;
    }
    let story = story();
    let clone = Traced {
        arguments: &["clone", "archive", "copy"],
        calls: "link,rename,unlink,unlinkat",
    };
    let at = |(call, count)| (1..=count).map(move |number| format!("{call}:signal=KILL:when={number}"));
    let faults: Vec<String> = clone.counts(&story).into_iter().flat_map(at).collect();
    let ended = strace::each(faults, |fault| {
        let story = again(&story);
        let was_done = clone.with(&story, fault).status.success();
        let output = story.run(clone.arguments);
        let is_ended = output.status.success();
        // The last call may have been done when the signal came.
        let pulling = story.folder.path().join("copy/avalaches.pulling");
        assert!(is_ended || was_done || !pulling.exists(), "{fault}: {output:?}");
        story.yes(&["--archive", "copy", "verify", "-q"]);
        is_ended
    });
    assert!(ended > 0);
}

/// Runs a command in the folder `here` of a story.
fn here(story: &Story, mut command: Command) -> Output {
    let folder = story.folder.path().join("here");
    command.current_dir(folder).output().unwrap()
}

/// Kills a clone into the folder where it is run at each call, and returns after how many of them the next one failed.
fn each_clone_here(story: &Story, judge: impl Fn(&Story, &Output, &str) + Sync) -> usize {
    let clone = Traced {
        arguments: &["clone", "../archive", "."],
        calls: "rename,unlink,unlinkat,rmdir,mkdir",
    };
    let traced = again(story);
    let trace = traced.folder.path().join("trace");
    let options = ["-f", "-y", "-o", trace.to_str().unwrap()];
    here(&traced, clone.command(&traced, &options));
    let counts = clone.counts_in(&fs::read_to_string(&trace).unwrap());
    let at = |(call, count)| (1..=count).map(move |number| format!("{call}:signal=KILL:when={number}"));
    strace::each(counts.into_iter().flat_map(at).collect(), |fault| {
        let story = again(story);
        here(&story, clone.faulty(&story, fault));
        let output = here(&story, story.program(clone.arguments));
        judge(&story, &output, fault);
        !output.status.success()
    })
}

#[test]
fn a_clone_into_the_folder_where_it_is_run_that_was_killed_is_no_hindrance_to_the_next() {
    if !strace::is_here() {
        return;
    }
    let story = story();
    fs::create_dir(story.folder.path().join("here")).unwrap();
    each_clone_here(&story, |story, output, fault| {
        let said = String::from_utf8_lossy(&output.stderr);
        // One that was whole is there.
        let is_whole = output.status.success() || said.contains("is there already");
        assert!(is_whole, "{fault}: {said}");
        story.yes(&["--archive", "here", "verify", "-q"]);
    });
    // Of an archive that lacks an object nothing is kept, and who is killed over that leaves nothing that is in the way.
    let blob = story.git(&["rev-parse", "main:avalaches.json"]);
    let object = story.archive().join("objects").join(&blob[..2]).join(&blob[2..]);
    fs::remove_file(object).unwrap();
    let told = each_clone_here(&story, |_, output, fault| {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("lacks an object"), "{fault}: {said}");
    });
    assert!(told > 20, "{told}");
}

#[test]
fn a_repository_of_which_some_names_were_moved_to_their_place_is_finished() {
    let story = story();
    let place = story.folder.path().join("new");
    let beside = place.join(".avalaches-init-a1B2c3d4E5f6G7h8I9j0");
    let make = |moved: usize| {
        fs::remove_dir_all(&place).unwrap();
        story.yes(&["init", "new"]);
        let names = fs::read_dir(&place).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort_by_key(|name| name == "HEAD");
        fs::create_dir(&beside).unwrap();
        for name in names.iter().skip(moved) {
            fs::rename(place.join(name), beside.join(name)).unwrap();
        }
        names.len()
    };
    for moved in 1..make(1) {
        make(moved);
        let output = story.run(&["init", "new"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("interrupted"), "{said}");
        assert!(!beside.exists());
        story.yes(&["--archive", "new", "verify", "-q"]);
    }
    // Nothing is made of a folder in which there is anything else.
    make(1);
    fs::write(place.join("letter.txt"), "").unwrap();
    let output = story.run(&["init", "new"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(beside.join("HEAD").exists());
}

#[test]
fn what_a_killed_command_left_goes_with_the_next() {
    if !strace::is_here() {
        return;
    }
    for arguments in COMMANDS {
        let story = story();
        let traced = Traced {
            arguments,
            calls: CALLS,
        };
        let counts = traced.counts(&story);
        let at = |(call, count)| (1..=count).map(move |number| format!("{call}:signal=KILL:when={number}"));
        let faults: Vec<String> = counts.into_iter().flat_map(at).collect();
        let left = strace::each(faults, |fault| {
            let story = again(&story);
            traced.with(&story, fault);
            let left = temporary(story.folder.path());
            story.run(arguments);
            assert_eq!(
                temporary(story.folder.path()),
                [""; 0].map(PathBuf::from),
                "{arguments:?}, {fault}"
            );
            if arguments[0] == "init" {
                story.yes(&["verify", "--archive", "new/archive"]);
            }
            !left.is_empty()
        });
        println!("{arguments:?}: {left} kills left something");
        assert!(left > 0, "{arguments:?} leaves nothing");
    }
}

#[test]
fn an_archive_that_another_command_is_making_stays() {
    if !strace::is_here() {
        return;
    }
    let story = story();
    let traced = Traced {
        arguments: &["init", "new/slow"],
        calls: "rename",
    };
    // The last rename gives it its place.
    let count = traced.counts(&story)[0].1;
    let inject = format!("rename:delay_enter=3000000:when={count}");
    let mut slow = traced.faulty(&story, &inject);
    let slow = slow.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while temporary(story.folder.path()).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    story.yes(&["init", "new/other"]);
    story.yes(&["clone", "archive", "new/copy"]);
    let slow = slow.wait_with_output().unwrap();
    assert!(slow.status.success(), "{slow:?}");
    for archive in ["new/slow", "new/other", "new/copy"] {
        story.yes(&["verify", "--archive", archive]);
    }
    assert!(temporary(story.folder.path()).is_empty());
}

#[test]
fn the_site_of_a_server_that_was_killed_goes_with_the_next_and_that_of_a_running_one_stays() {
    let story = story();
    let mut killed = Server::built(&story, &[]);
    let mut other = Server::built(&story, &[]);
    killed.kill();
    assert_eq!(temporary(story.folder.path()).len(), 2);
    let mut next = Server::built(&story, &[]);
    assert_eq!(temporary(story.folder.path()).len(), 2);
    for server in [&mut other, &mut next] {
        assert_eq!(server.get("/").status, 200);
        server.terminate();
        assert!(server.ended().success());
    }
    assert!(temporary(story.folder.path()).is_empty());
}
