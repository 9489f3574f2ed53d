//! Faults at each call of the system while a page is added: an id that was printed is on the branch, the branch is at its
//! old tip or the new one.

use std::process::Output;

use avalaches::archive::{Archive, Owner};

use crate::archives::Story;
use crate::strace::{self, Traced, again};
use crate::whole::{assert_sound, leftovers, tip};

const ADD: Traced = Traced {
    arguments: &["add", "b.txt"],
    calls: "write,fsync,link,rename,openat,open,mkdir,unlink,unlinkat,flock",
};

/// What the system may say.
const ERRORS: [&str; 5] = ["ENOSPC", "EIO", "EMFILE", "EROFS", "EINTR"];

/// Checks that an archive is whole after a fault, and that the next page can be added to it.
pub fn assert_whole(story: &Story, before: &str, output: &Output, fault: &str) {
    let archive = story.archive();
    let now = tip(&archive);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in printed.lines().filter(|line| line.len() > 40) {
        let id = &line[line.len() - 40..];
        assert_eq!(id, now, "{fault}: {id} was printed and is not the tip");
    }
    let opened = Archive::open(&archive, Owner::Caller).unwrap();
    let parent = opened.commit(opened.tip()).unwrap().parents[0].to_string();
    assert!(
        now == before || parent == before,
        "{fault}: the branch is neither where it was nor one further"
    );
    assert_sound(&archive, fault);
    story.add(
        "next.txt",
        &format!("Added after: {fault}\n"),
        &["--slug", "next"],
    );
    assert_eq!(leftovers(&archive), [""; 0], "{fault}");
    assert_sound(&archive, &format!("the page after {fault}"));
}

/// A story with one page, another one that waits to be added, and the tip.
pub fn two_pages() -> (Story, String) {
    let story = Story::begin();
    story.add("a.txt", "First page.\n", &[]);
    let tip = story.git(&["rev-parse", "main"]);
    story.write("b.txt", "Second page.\n");
    (story, tip)
}

/// Does each fault to a story of its own and counts those that `judge` counts.
fn each(faults: Vec<String>, judge: impl Fn(&Story, &Output, &str) -> bool + Sync) -> usize {
    let (story, tip) = two_pages();
    strace::each(faults, |fault| {
        let story = again(&story);
        let output = ADD.with(&story, fault);
        let is_counted = judge(&story, &output, fault);
        assert_whole(&story, &tip, &output, fault);
        is_counted
    })
}

#[test]
fn a_kill_at_every_call_leaves_the_old_tip_or_the_new_one() {
    if !strace::is_here() {
        return;
    }
    let counts = ADD.counts(&two_pages().0);
    let at = |(call, count)| (1..=count).map(move |number| format!("{call}:signal=KILL:when={number}"));
    let faults: Vec<String> = counts.into_iter().flat_map(at).collect();
    let all = faults.len();
    let kills = each(faults, |_, output, _| !output.status.success());
    println!("{kills} kills, one at each of {all} calls");
    assert!(kills > 100, "only {kills} kills");
}

/// Does errors, which are told or overcome, and returns how many were told.
fn errors(faults: Vec<String>) -> usize {
    let tip = two_pages().1;
    each(faults, |story, output, fault| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // Where no write works any more, nothing can be said, and the exit status says it alone.
        let is_mute = fault.starts_with("write:") && fault.ends_with('+');
        match output.status.code() {
            // A fault in what is not needed, such as the branch list, is overcome.
            Some(0) => false,
            Some(2 | 127) => {
                assert!(output.stdout.is_empty(), "{fault}: an id was printed");
                assert!(is_mute || !said.is_empty(), "{fault}: not a word");
                let moved = crate::whole::tip(&story.archive()) != tip;
                assert!(
                    !moved || is_mute || said.contains("commit"),
                    "{fault}: the branch moved and nobody says so: {said}"
                );
                true
            }
            code => panic!("{fault}: exit status {code:?}: {said}"),
        }
    })
}

#[test]
fn an_error_at_every_call_is_told_and_loses_nothing() {
    if !strace::is_here() {
        return;
    }
    let counts = ADD.counts(&two_pages().0);
    let at = |(call, count)| (1..=count).map(move |number| (call, number));
    let faults = counts.into_iter().flat_map(at).zip(ERRORS.iter().cycle());
    let faults = faults.map(|((call, number), error)| format!("{call}:error={error}:when={number}"));
    let faults: Vec<String> = faults.collect();
    let all = faults.len();
    let told = errors(faults);
    println!("{all} injected errors, one at each call: {told} told, the others overcome");
    assert!(told > 60, "only {told}");
}

/// Minutes: each error at each call, once and from there on.
#[test]
#[ignore = "minutes"]
fn every_error_at_every_call_is_told_and_loses_nothing() {
    if !strace::is_here() {
        return;
    }
    let mut faults = Vec::new();
    for (call, count) in ADD.counts(&two_pages().0) {
        for number in 1..=count {
            for error in ERRORS {
                faults.push(format!("{call}:error={error}:when={number}"));
                // A call that is interrupted for ever would be made again for ever.
                if error != "EINTR" {
                    faults.push(format!("{call}:error={error}:when={number}+"));
                }
            }
        }
    }
    let all = faults.len();
    let told = errors(faults);
    println!(
        "{all} injected errors: {told} told, the others overcome; nothing lost, nothing printed that is not there"
    );
}

#[test]
fn everything_is_synced_before_the_branch_moves_and_the_branch_before_the_footer() {
    if !strace::is_here() {
        return;
    }
    let (story, _) = two_pages();
    let trace = ADD.trace(&story);
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
    let is_new = |line: &&str| line.contains("mkdir(") && line.contains("objects/") && line.contains("= 0");
    let new = lines
        .iter()
        .rposition(is_new)
        .expect("folders of objects are made");
    let above = place(
        &|line| line.contains("fsync(") && line.contains("/objects>"),
        "sync of the folder of those folders",
    );
    assert!(
        new < above && above < moved,
        "a new folder is not on disk:\n{trace}"
    );
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
