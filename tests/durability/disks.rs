//! Disks that are full or cannot be written to, and what dead programs left on them: it is told what is wrong, the archive
//! stays as it was, and all is well again when the disk is.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::add::{assert_whole, two_pages};
use crate::archives::Story;
use crate::logged;
use crate::mounts;
use crate::strace::again;
use crate::whole::{assert_sound, leftovers, tip};

/// What takes room on a disk until room is needed.
const FILLERS: usize = 16;

/// Adds pages to an archive on a small disk until it is full; `None` where no disk can be mounted. Returns how many were
/// added.
fn filled_up(options: &str) -> Option<usize> {
    let mount = tempfile::tempdir().unwrap();
    let mounted = mounts::disk(mount.path(), options)?;
    let story = Story {
        folder: tempfile::tempdir().unwrap(),
    };
    let archive = mount.path().join("archive");
    let path = archive.to_str().unwrap();
    story.yes(&["init", path, "--byline", "Desk"]);
    let fillers = || (0..FILLERS).map(|number| mount.path().join(format!("filler-{number}")));
    for filler in fillers() {
        fs::write(filler, vec![0; 4 << 10]).unwrap();
    }
    for number in 0..100 {
        story.write(
            "page.txt",
            format!("Page {number}: {}\n", "words ".repeat(400 + number)),
        );
        let before = tip(&archive);
        let output = story.run(&["--archive", path, "add", "-q", "page.txt"]);
        if output.status.success() {
            continue;
        }
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{options}: {said}");
        assert!(said.contains("No space left on device"), "{options}: {said}");
        assert!(output.stdout.is_empty(), "{options}");
        assert_eq!(tip(&archive), before, "{options}");
        assert_eq!(leftovers(&archive), [""; 0], "{options}");
        assert_sound(&archive, options);
        fillers().for_each(|filler| fs::remove_file(filler).unwrap());
        story.yes(&["--archive", path, "add", "-q", "page.txt"]);
        assert_sound(&archive, options);
        drop(mounted);
        return Some(number);
    }
    panic!("a disk of {options} was never full");
}

#[test]
fn a_full_disk_is_told_and_forgotten_when_there_is_room_again() {
    // Each size is full at another file.
    let sizes = (0..16).map(|step| format!("size={}k", 160 + 8 * step));
    let inodes = (0..16).map(|step| format!("size=4m,nr_inodes={}", 70 + step));
    let mut added = Vec::new();
    for options in sizes.chain(inodes) {
        match filled_up(&options) {
            Some(pages) => added.push(pages),
            None => return,
        }
    }
    println!("{} disks were full after so many pages: {added:?}", added.len());
}

/// A story with a log, an archive on a disk of its own beside it, and pages that wait.
fn on_a_disk(archive: &Path) -> Story {
    let (story, _) = logged::begin();
    story.add("a.txt", "First page.\n", &[]);
    crate::folders::copy(&story.archive(), archive);
    story.write("b.txt", "Second page.\n");
    story.add("c.txt", "A page that is there only.\n", &[]);
    story
}

/// What writes into an archive; `build` does so where the site is on the same disk.
const WRITING: [&[&str]; 8] = [
    &["add", "b.txt"],
    &["correct", "2026/01/23/first-page", "b.txt", "--note", "Mended."],
    &["retract", "2026/01/23/first-page", "--note", "Withdrawn."],
    &["import", "b.txt"],
    &["maintain"],
    &["settings", "--title", "Another"],
    &["checkpoint", "--key", "log.key"],
    &["pull", "archive"],
];

/// What reads.
const READING: [&[&str]; 8] = [
    &["verify"],
    &["verify", "2026/01/23/first-page@1"],
    &["list"],
    &["show", "2026/01/23/first-page"],
    &["history", "2026/01/23/first-page"],
    &["search", "first"],
    &["verify", "--quote", "First page."],
    &["audit"],
];

/// Runs each command that writes, which cannot, and each that reads, which can, on an archive.
fn refused_and_read(story: &Story, archive: &Path, why: &str) {
    let before = tip(archive);
    let run = |arguments: &[&str]| -> (Output, String) {
        let output = story.run(&[&["--archive", archive.to_str().unwrap()], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output, said)
    };
    for arguments in WRITING {
        let (output, said) = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
        assert_eq!(tip(archive), before, "{arguments:?}");
    }
    for arguments in READING {
        let (output, said) = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    }
    let site = story.folder.path().join("site");
    run(&["build", site.to_str().unwrap()]);
    assert!(site.join("index.html").is_file());
    assert_sound(archive, why);
}

#[test]
fn every_command_that_writes_tells_of_a_full_disk_and_what_reads_needs_no_room() {
    let mount = tempfile::tempdir().unwrap();
    let Some(mounted) = mounts::disk(mount.path(), "size=1m") else {
        return;
    };
    let archive = mount.path().join("archive");
    let story = on_a_disk(&archive);
    let mut left = 1 << 20;
    let filler = mount.path().join("filler");
    while left > 0 {
        let more = fs::read(&filler).map_or(0, |bytes| bytes.len());
        if fs::write(&filler, vec![1; more + left]).is_err() {
            left /= 2;
        }
    }
    refused_and_read(&story, &archive, "No space left on device");
    let site = mount.path().join("site");
    let arguments = [
        "--archive",
        archive.to_str().unwrap(),
        "build",
        site.to_str().unwrap(),
    ];
    let built = story.run(&arguments);
    assert_eq!(built.status.code(), Some(2), "{built:?}");
    fs::remove_file(&filler).unwrap();
    story.yes(&arguments);
    story.yes(&["--archive", archive.to_str().unwrap(), "add", "b.txt"]);
    assert_eq!(leftovers(mount.path()), [""; 0]);
    assert_sound(&archive, "room again");
    drop(mounted);
}

#[test]
fn a_disk_that_cannot_be_written_to_is_named_and_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    let story = on_a_disk(&archive);
    let Some(mounted) = mounts::read_only(&archive) else {
        return;
    };
    refused_and_read(&story, &archive, "Read-only file system");
    let said = story.run(&["--archive", archive.to_str().unwrap(), "add", "b.txt"]);
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("avalaches.lock"), "{said}");
    drop(mounted);
}

/// Lets a file have been written some time ago.
pub fn make_old(file: &Path, when: &str) {
    let touched = Command::new("touch").args(["-d", when]).arg(file).status();
    assert!(touched.unwrap().success());
}

#[test]
fn a_broken_object_in_the_way_is_replaced() {
    for broken in [&b""[..], b"junk"] {
        let (story, tip) = two_pages();
        let fresh = again(&story);
        fresh.yes(&["add", "-q", "b.txt"]);
        let blob = fresh.git(&["rev-parse", "main:articles/2026/01/23/second-page/page.txt"]);
        let place = story.archive().join("objects").join(&blob[..2]);
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join(&blob[2..]), broken).unwrap();
        let output = story.run(&["add", "-q", "b.txt"]);
        assert!(output.status.success(), "{output:?}");
        assert_whole(&story, &tip, &output, "a broken object");
    }
}

#[test]
fn the_lock_of_a_dead_writer_is_cleared_and_a_live_one_is_waited_for() {
    let (story, tip) = two_pages();
    let lock = story.archive().join("refs/heads/main.lock");
    // A writer of ours that was killed while it moved the branch.
    fs::create_dir(story.archive().join("avalaches.incoming")).unwrap();
    fs::write(
        story.archive().join("avalaches.incoming/moving"),
        "a038737196a74c325d6a90900694dd78867e8af9",
    )
    .unwrap();
    fs::write(&lock, "a03873719").unwrap();
    let output = story.run(&["add", "-q", "b.txt"]);
    assert!(output.status.success(), "{output:?}");
    assert_whole(&story, &tip, &output, "a dead writer's lock");

    // That of the archive, which another command has, is waited for, and who waits is told.
    let (story, _) = two_pages();
    let other = fs::File::open(story.archive().join("avalaches.lock")).unwrap();
    other.lock().unwrap();
    let mut adding = story
        .program(&["add", "b.txt"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(adding.stderr.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    assert!(
        said.contains("waiting for another command") && said.contains("avalaches.lock"),
        "{said}"
    );
    other.unlock().unwrap();
    assert!(adding.wait().unwrap().success());

    // Another git program's: it is waited for, and never deleted.
    let (story, _) = two_pages();
    let lock = story.archive().join("refs/heads/main.lock");
    fs::write(&lock, "").unwrap();
    let start = Instant::now();
    let output = story.run(&["add", "-q", "b.txt"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(start.elapsed() > Duration::from_secs(2), "it was not waited for");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("main.lock"), "{said}");
    assert!(lock.exists());

    // Half an hour old, it belongs to nobody.
    make_old(&lock, "30 minutes ago");
    story.yes(&["add", "-q", "b.txt"]);
}

#[test]
fn a_file_that_may_not_be_longer_ends_no_command_without_a_word() {
    let (story, _) = two_pages();
    let run = |arguments: &str| {
        let program = env!("CARGO_BIN_EXE_avalaches");
        let line = format!("ulimit -f 1; '{program}' {arguments} | cat");
        let mut command = Command::new("bash");
        command
            .args(["-o", "pipefail", "-c", &line])
            .current_dir(story.folder.path());
        command.output().unwrap()
    };
    let listed = run("list");
    assert_eq!(listed.status.code(), Some(0), "{listed:?}");
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 1);
    let noise: String = (0..8000u32)
        .map(|number| (number * 7919).to_string() + " ")
        .collect();
    story.write("b.txt", noise);
    let added = run("add b.txt --date 2026-01-23");
    let said = String::from_utf8_lossy(&added.stderr);
    assert!(
        added.status.code() == Some(2) && said.contains("nothing was added"),
        "{added:?}"
    );
    story.yes(&["verify"]);
}

#[test]
fn disposable_files_that_were_never_finished_go_when_they_are_old() {
    let (story, _) = two_pages();
    let names = [
        "avalaches.index.new",
        "avalaches.index.new-journal",
        "avalaches.log.123.new",
    ];
    for (add, age, is_left) in [
        ("a page", "10 minutes ago", true),
        ("another", "2 hours ago", false),
    ] {
        for name in names {
            story.write(&format!("archive/{name}"), "half of something");
            make_old(&story.archive().join(name), age);
        }
        story.add("c.txt", &format!("Here is {add}.\n"), &[]);
        for name in names {
            assert_eq!(story.archive().join(name).exists(), is_left, "{name} of {age}");
        }
    }
}

#[test]
fn what_git_left_when_it_was_killed_is_in_nobody_s_way_and_stays_git_s() {
    let (story, before) = two_pages();
    let left = [
        "config.lock",
        "packed-refs.lock",
        "HEAD.lock",
        "objects/tmp_obj_a1b2c3",
        "objects/pack/tmp_pack_a1b2c3",
        "objects/pack/tmp_idx_a1b2c3",
    ];
    fs::create_dir_all(story.archive().join("objects/pack")).unwrap();
    for name in left {
        fs::write(story.archive().join(name), "half of something").unwrap();
    }
    let output = story.run(&["add", "-q", "b.txt"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(story.git(&["rev-parse", "main~1"]), before);
    story.yes(&["maintain", "-q"]);
    story.yes(&["verify", "-q"]);
    for name in left {
        assert!(story.archive().join(name).exists(), "{name} was deleted");
    }
}
