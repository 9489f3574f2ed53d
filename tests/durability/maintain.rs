//! An archive is maintained while it is used, and by programs that are killed: nothing is lost, nothing is left that
//! anybody has to clear away, and nobody notices.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::archives::{Story, git_reading};
use crate::objects::all_objects;
use crate::strace::{self, Traced, again};
use crate::whole::{assert_sound, leftovers};

const MAINTAIN: Traced = Traced {
    arguments: &["maintain"],
    calls: "write,pwrite64,fsync,rename,mkdir,unlink,unlinkat,rmdir,flock,openat",
};

/// A story of some pages, corrections among them, in one pack and beside it.
fn pages() -> Story {
    let story = Story::begin();
    for number in 0..4 {
        let slug = format!("page-{number}");
        story.add(
            "a.txt",
            &format!("Page {number}, its text.\n"),
            &["--slug", &slug],
        );
    }
    story.git(&["repack", "-adq"]);
    let options = [
        "--article",
        "2026/01/23/page-1",
        "--kind",
        "correction",
        "--note",
        "Mended.",
    ];
    story.add("a.txt", "Page 1, its mended text.\n", &options);
    story
}

/// Checks that an archive is whole after a fault, before and after others clear away what is left.
fn assert_whole(story: &Story, objects: &[u8], fault: &str) {
    let archive = story.archive();
    assert!(all_objects(&archive) == objects, "{fault}: an object is lost");
    assert_sound(&archive, fault);
    story.add(
        "next.txt",
        &format!("Added after: {fault}\n"),
        &["--slug", "next"],
    );
    story.yes(&["maintain"]);
    let left: Vec<String> = fs::read_dir(archive.join("objects/pack"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left.len(), 2, "{fault}: {left:?}");
    assert_eq!(leftovers(&archive), [""; 0], "{fault}");
    assert_sound(&archive, &format!("what follows {fault}"));
}

/// Does a fault at each call that changes something, and at some of those that open or write a file.
fn at_every_call(fault: &str, judge: impl Fn(&Story, &Output, &str)) -> usize {
    let story = pages();
    let mut faults = 0;
    for (call, count) in MAINTAIN.counts(&story) {
        let step = if call == "openat" { 7 } else { 1 };
        for number in (1..=count).step_by(step) {
            let story = again(&story);
            let fault = format!("{call}:{fault}:when={number}");
            let output = MAINTAIN.with(&story, &fault);
            judge(&story, &output, &fault);
            faults += 1;
        }
    }
    faults
}

#[test]
fn a_kill_at_every_call_loses_nothing_and_leaves_nothing() {
    if !strace::is_here() {
        return;
    }
    let objects = all_objects(&pages().archive());
    let kills = at_every_call("signal=KILL", |story, _, fault| {
        assert_whole(story, &objects, fault);
    });
    println!("{kills} kills");
    assert!(kills > 40, "{kills}");
}

#[test]
fn an_error_at_every_call_is_told_and_loses_nothing() {
    if !strace::is_here() {
        return;
    }
    let objects = all_objects(&pages().archive());
    let errors = at_every_call("error=EIO", |story, output, fault| {
        // Some errors concern nothing but the program's start, or what can be left out.
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 2 | 127)), "{fault}: {code:?} {said}");
        assert!(code == Some(0) || !said.is_empty(), "{fault}");
        assert_whole(story, &objects, fault);
    });
    println!("{errors} errors");
    assert!(errors > 40, "{errors}");
}

#[test]
fn an_end_by_the_user_is_in_order_and_changes_nothing_that_is_read() {
    let story = pages();
    let objects = all_objects(&story.archive());
    let mut ended = 0;
    for number in 0..30_u64 {
        let story = again(&story);
        let mut program = story.program(&["maintain", "-q"]);
        let mut child = program.stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(4000 + number * 1500));
        let id = child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &id]).status().unwrap();
        let code = child.wait().unwrap().code();
        // A signal that comes before the program looks out for it ends it at once.
        assert!(matches!(code, Some(0 | 130) | None), "{code:?}");
        ended += usize::from(code == Some(130));
        assert_whole(&story, &objects, &format!("ended by the user {number}"));
    }
    println!("{ended} ended in order");
}

#[test]
fn readers_and_writers_do_not_notice_that_the_archive_is_maintained() {
    let story = pages();
    let first = story.git(&["rev-parse", "main~1"]);
    let (done, checks) = (AtomicBool::new(false), AtomicUsize::new(0));
    let until_done = |arguments: &[&str]| {
        while !done.load(Ordering::Relaxed) {
            let output = story.run(arguments);
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            checks.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let (story, first, until_done) = (&story, first.as_str(), &until_done);
        scope.spawn(move || until_done(&["verify", "-q"]));
        scope.spawn(move || until_done(&["verify", "-q", first]));
        scope.spawn(move || until_done(&["show", "2026/01/23/page-1"]));
        let writer = scope.spawn(move || {
            for number in 0..60 {
                let slug = format!("more-{number}");
                let footer = story.add("w.txt", &format!("Page {number} more.\n"), &["--slug", &slug]);
                story.yes(&["verify", "-q", &footer]);
            }
        });
        let mut runs = 0;
        while !writer.is_finished() {
            story.yes(&["maintain", "-q"]);
            runs += 1;
        }
        done.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        println!("{runs} runs of maintain");
        assert!(runs > 5, "{runs}");
    });
    println!("{} answers meanwhile", checks.load(Ordering::Relaxed));
    story.yes(&["maintain", "-q"]);
    let said = story.yes(&["verify", "-q"]);
    assert!(
        said.starts_with("verified  65 revisions of 64 articles"),
        "{said}"
    );
    story.git(&["fsck", "--strict", "--full", "--no-dangling"]);
}

#[test]
fn a_pack_that_was_being_moved_is_no_fault_and_goes_with_the_next_page() {
    let story = pages();
    story.yes(&["maintain", "-q"]);
    let folder = story.archive().join("objects/pack");
    let name = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find_map(|name| name.strip_suffix(".idx").map(str::to_owned))
        .unwrap();
    let gone = "pack-0123456789012345678901234567890123456789";
    fs::copy(
        folder.join(format!("{name}.pack")),
        folder.join(format!("{gone}.pack")),
    )
    .unwrap();
    fs::copy(
        folder.join(format!("{name}.idx")),
        folder.join(format!("tmp_idx_of_{gone}")),
    )
    .unwrap();
    let said = story.run(&["verify"]);
    assert!(said.status.success(), "{said:?}");
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(
        said.contains(&format!("objects/pack/{gone}.pack is left over")),
        "{said}"
    );
    story.add("a.txt", "A page after that.\n", &["--slug", "after"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    // Without the index beside it, a pack without an index is a fault as before.
    fs::copy(
        folder.join(format!("{name}.pack")),
        folder.join(format!("{gone}.pack")),
    )
    .unwrap();
    let said = story.run(&["verify", "-q"]);
    assert_eq!(said.status.code(), Some(1), "{said:?}");
}

#[test]
fn a_git_that_packs_everything_into_a_pack_of_an_old_name_does_not_have_all_of_it_deleted() {
    if !strace::is_here() {
        return;
    }
    let story = pages();
    let repack = ["repack", "-adfq", "--threads=1"];
    story.git(&repack);
    let packs = story.archive().join("objects/pack");
    let names = || {
        let names = fs::read_dir(&packs)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        let packs = names.filter_map(|name| name.strip_suffix(".pack").map(ToOwned::to_owned));
        let mut names: Vec<String> = packs.collect();
        names.sort();
        names
    };
    let old = names();
    // Something to fold, of which all is there already.
    let tip = format!("{}\n", crate::whole::tip(&story.archive()));
    let place = packs.join("pack");
    git_reading(
        &story.archive(),
        &["pack-objects", "-q", place.to_str().unwrap()],
        tip,
    );
    assert_eq!((old.len(), names().len()), (1, 2));
    let objects = all_objects(&story.archive());
    // Held up where it begins to delete the old pack.
    let moved = Traced {
        arguments: &["maintain"],
        calls: "rename",
    };
    let trace = moved.trace(&again(&story));
    let index = format!("{}.idx\", ", old[0]);
    let begun = trace.lines().position(|line| line.contains(&index)).unwrap() + 1;
    let inject = format!("rename:delay_enter=4000000:when={begun}");
    let mut maintained = moved.faulty(&story, &inject);
    let maintained = maintained
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let was = names();
    while names().iter().all(|name| was.contains(name)) {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(500));
    story.git(&repack);
    let output = maintained.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(all_objects(&story.archive()) == objects, "an object is lost");
    assert_sound(&story.archive(), "what git packed meanwhile");
    assert_eq!(leftovers(&story.archive()), [""; 0]);
}
