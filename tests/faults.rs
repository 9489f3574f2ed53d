//! Faults while a page is added: kills at any instant, errors of the system at any call, a full disk, what a dead
//! writer left. An id that was printed is on the branch, the branch is at its old tip or the new one, git finds
//! nothing wrong, and the next writer needs no help.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/folders.rs"]
mod folders;
#[path = "support/unmount.rs"]
mod unmount;

use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use archives::{Story, git};
use folders::copy;
use unmount::Unmount;

/// The calls by which something can be half done.
const CALLS: &str = "write,fsync,link,rename,openat,open,mkdir,unlink,unlinkat,flock";

fn has_strace() -> bool {
    let found = Command::new("strace")
        .arg("-V")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        println!("skipped: there is no strace here");
    }
    found
}

/// Checks that an archive is whole after a fault, and that the next page can be added to it.
fn assert_whole(story: &Story, before: &str, output: &Output, fault: &str) {
    let tip = story.git(&["rev-parse", "main"]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in printed.lines().filter(|line| line.len() > 40) {
        let id = &line[line.len() - 40..];
        assert_eq!(id, tip, "{fault}: {id} was printed and is not the tip");
    }
    let parent = story.git(&["rev-parse", "main~1"]);
    assert!(
        tip == before || parent == before,
        "{fault}: the branch is neither where it was nor one further"
    );
    story.git(&["fsck", "--strict", "--full", "--no-dangling"]);
    story.add(
        "next.txt",
        &format!("Added after: {fault}\n"),
        &["--slug", "next"],
    );
    for left in ["avalaches.incoming", "refs/heads/main.lock"] {
        assert!(
            !story.archive().join(left).exists(),
            "{fault}: {left} is left behind"
        );
    }
    story.yes(&["verify", "-q"]);
    story.git(&["fsck", "--strict", "--full", "--no-dangling"]);
}

fn two_pages() -> (Story, String) {
    let story = Story::begin();
    story.add("a.txt", "First page.\n", &[]);
    let tip = story.git(&["rev-parse", "main"]);
    story.write("b.txt", "Second page.\n");
    (story, tip)
}

/// Copies a story, so that each fault begins from the same archive.
fn again(story: &Story) -> Story {
    let folder = tempfile::tempdir().unwrap();
    copy(story.folder.path(), folder.path());
    Story { folder }
}

/// Adds the second page under strace with a fault injected into one of its calls.
fn add_with(story: &Story, inject: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_avalaches");
    let mut command = Command::new("strace");
    command.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={CALLS}"),
        "-e",
        &format!("inject={inject}"),
    ]);
    command
        .args([program, "add", "b.txt"])
        .current_dir(story.folder.path())
        .env_clear();
    command.env("SOURCE_DATE_EPOCH", "1769140800").output().unwrap()
}

/// Adds the second page undisturbed and returns the trace of some calls, with the files that they are about.
fn traced(story: &Story, calls: &str) -> String {
    let trace = story.folder.path().join("trace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-y", "-qq", "-o"])
        .arg(&trace)
        .args(["-e", calls]);
    command
        .args([env!("CARGO_BIN_EXE_avalaches"), "add", "b.txt"])
        .current_dir(story.folder.path())
        .env_clear();
    let output = command.env("SOURCE_DATE_EPOCH", "1769140800").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(trace).unwrap()
}

/// Counts how often each call is made in one undisturbed `add`.
fn calls(story: &Story) -> Vec<(String, usize)> {
    let trace = traced(&again(story), &format!("trace={CALLS}"));
    let count = |call: &str| {
        trace
            .lines()
            .filter(|line| line.contains(&format!(" {call}(")))
            .count()
    };
    CALLS
        .split(',')
        .map(|call| (call.to_owned(), count(call)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[test]
fn a_kill_at_every_call_leaves_the_old_tip_or_the_new_one() {
    if !has_strace() {
        return;
    }
    let (story, tip) = two_pages();
    let mut kills = 0;
    for (call, count) in calls(&story) {
        for number in 1..=count {
            let story = again(&story);
            let output = add_with(&story, &format!("{call}:signal=KILL:when={number}"));
            kills += usize::from(!output.status.success());
            assert_whole(&story, &tip, &output, &format!("kill at {call} {number}"));
        }
    }
    println!("{kills} kills, one at each call");
    assert!(kills > 100, "only {kills} kills");
}

#[test]
fn an_error_at_every_call_is_told_and_loses_nothing() {
    if !has_strace() {
        return;
    }
    let (story, tip) = two_pages();
    let mut told = 0;
    for (call, count) in calls(&story).into_iter().filter(|(call, _)| call != "flock") {
        for number in 1..=count {
            let errors = ["ENOSPC", "EIO", "EMFILE", "EROFS"];
            for error in &errors[..if number % 4 == 0 { 4 } else { 1 }] {
                let story = again(&story);
                let fault = format!("{error} at {call} {number}");
                let output = add_with(&story, &format!("{call}:error={error}:when={number}"));
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                match output.status.code() {
                    // A fault in what is not needed, such as the branch list, is overcome.
                    Some(0) => {}
                    Some(2 | 127) => {
                        told += 1;
                        assert!(output.stdout.is_empty(), "{fault}: an id was printed");
                        assert!(!said.is_empty(), "{fault}: not a word");
                        let moved = story.git(&["rev-parse", "main"]) != tip;
                        assert!(
                            !moved || said.contains("commit"),
                            "{fault}: the branch moved and nobody says so: {said}"
                        );
                    }
                    code => panic!("{fault}: exit status {code:?}: {said}"),
                }
                assert_whole(&story, &tip, &output, &fault);
            }
        }
    }
    println!("{told} injected errors were told");
    assert!(told > 100, "only {told}");
}

#[test]
fn kills_at_random_instants_lose_no_page_that_was_acknowledged() {
    let kills: usize = std::env::var("AVALACHES_TEST_KILLS").map_or(100, |text| text.parse().unwrap());
    let story = Story::begin();
    let mut acknowledged = Vec::new();
    let mut state = 88_172_645_463_325_252_u64;
    for number in 0..kills {
        // Marsaglia's xorshift: the same instants in every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        story.write("page.txt", format!("Page number {number}.\n"));
        let mut command = story.program(&["add", "-q", "page.txt"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(state % 15_000));
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        acknowledged.extend(printed.lines().map(|line| line[line.len() - 40..].to_owned()));
    }
    story.add("last.txt", "The last page.\n", &[]);
    let branch = story.git(&["rev-list", "main"]);
    for id in &acknowledged {
        assert!(branch.contains(id.as_str()), "{id} was acknowledged and is lost");
    }
    story.git(&["fsck", "--strict", "--full", "--no-dangling"]);
    story.yes(&["verify", "-q"]);
    println!(
        "{kills} kills, {} pages acknowledged, none lost",
        acknowledged.len()
    );
}

#[test]
fn everything_is_synced_before_the_branch_moves_and_the_branch_before_the_footer() {
    if !has_strace() {
        return;
    }
    let (story, _) = two_pages();
    let trace = traced(&story, "trace=fsync,rename,write");
    let lines: Vec<&str> = trace.lines().collect();
    let place = |what: &dyn Fn(&str) -> bool, name: &str| {
        lines
            .iter()
            .position(|line| what(line))
            .unwrap_or_else(|| panic!("no {name}:\n{trace}"))
    };
    let moved = place(
        &|line| line.contains("rename(") && line.contains("main.lock"),
        "move of the branch",
    );
    let printed = place(&|line| line.contains("write(1<"), "footer");
    let mut objects = 0;
    for (at, line) in lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.contains("rename(") && line.contains("avalaches.incoming/"))
    {
        let id = line
            .split("avalaches.incoming/")
            .nth(1)
            .unwrap()
            .get(..40)
            .unwrap();
        let file = place(
            &|line| line.contains("fsync(") && line.contains(id),
            "sync of the object",
        );
        let folder = format!("objects/{}>", &id[..2]);
        let folder = place(
            &|line| line.contains("fsync(") && line.contains(&folder),
            "sync of the object's folder",
        );
        assert!(
            file < at && at < folder && folder < moved,
            "object {id} is not on disk when the branch moves:\n{trace}"
        );
        objects += 1;
    }
    assert!(objects > 8, "only {objects} objects were seen");
    let lock = place(
        &|line| line.contains("fsync(") && line.contains("main.lock"),
        "sync of the branch",
    );
    let heads = place(
        &|line| line.contains("fsync(") && line.contains("refs/heads>"),
        "sync of the branch's folder",
    );
    assert!(
        lock < moved && moved < heads && heads < printed,
        "the footer is printed too early:\n{trace}"
    );
}

#[test]
fn a_full_disk_is_told_and_forgotten_when_there_is_room_again() {
    let mount = tempfile::tempdir().unwrap();
    for (size, pages) in [("160k", 40), ("256k", 60), ("512k", 120)] {
        let tmpfs = ["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"];
        let mounted = Command::new("mount")
            .args(tmpfs)
            .arg(mount.path())
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            println!("skipped: no disk can be mounted here");
            return;
        }
        let unmount = Unmount(mount.path());
        let story = Story {
            folder: tempfile::tempdir().unwrap(),
        };
        let archive = mount.path().join("archive");
        let path = archive.to_str().unwrap();
        story.yes(&["init", path, "--byline", "Desk"]);
        let filler = mount.path().join("filler");
        fs::write(&filler, vec![0; 64 << 10]).unwrap();
        let mut failed = false;
        for number in 0..pages {
            story.write(
                "page.txt",
                format!("Page {number}: {}\n", "words ".repeat(400 + number)),
            );
            let before = git(&archive, &["rev-parse", "main"]);
            let output = story.run(&["--archive", path, "add", "-q", "page.txt"]);
            if output.status.code() == Some(2) {
                assert!(output.stdout.is_empty());
                assert_eq!(git(&archive, &["rev-parse", "main"]), before);
                failed = true;
                break;
            }
            assert!(output.status.success(), "{output:?}");
        }
        assert!(failed, "a disk of {size} was never full");
        git(&archive, &["fsck", "--strict", "--full", "--no-dangling"]);
        fs::remove_file(&filler).unwrap();
        story.yes(&["--archive", path, "add", "-q", "page.txt"]);
        git(&archive, &["fsck", "--strict", "--full", "--no-dangling"]);
        drop(unmount);
    }
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
    assert!(
        Command::new("touch")
            .args(["-d", "30 minutes ago"])
            .arg(&lock)
            .status()
            .unwrap()
            .success()
    );
    story.yes(&["add", "-q", "b.txt"]);
}

#[test]
fn many_writers_at_once_make_one_line_of_history() {
    let story = Story::begin();
    for number in 0..24 {
        story.write(&format!("p{number}.txt"), format!("Page {number} of many.\n"));
    }
    let names: Vec<String> = (0..24).map(|number| format!("p{number}.txt")).collect();
    let children: Vec<_> = names
        .iter()
        .map(|name| {
            story
                .program(&["add", "-q", name])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(story.git(&["rev-list", "--count", "main"]), "25");
    story.yes(&["verify", "-q"]);
}
