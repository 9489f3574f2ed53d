//! Clocks that are wrong, and zones: what is shown is what is stored, order is by ancestry, and no date is changed in silence.

use std::process::Output;

use crate::archives::Story;
use crate::shim;
use crate::strace::again;
use crate::whole::assert_sound;

/// 2026-01-23 04:00 UTC, when the story's pages are archived otherwise.
const NOW: i64 = 1_769_140_800;

/// Adds a page by a clock that is so many seconds after the beginning of 1970.
fn add_at(story: &Story, library: &std::path::Path, seconds: i64, name: &str) -> (Output, String) {
    story.write(name, format!("Added at {seconds}.\n"));
    let mut command = story.program(&["add", name, "--slug", name.trim_end_matches(".txt")]);
    command
        .env_remove("SOURCE_DATE_EPOCH")
        .env("LD_PRELOAD", library)
        .env("FAULTS_CLOCK", seconds.to_string());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

/// Returns when the newest commit was made, and by which date it goes.
fn times(story: &Story) -> (i64, i64) {
    let times = story.git(&["show", "-s", "--format=%ct %at", "main"]);
    let (committed, dated) = times.split_once(' ').unwrap();
    (committed.parse().unwrap(), dated.parse().unwrap())
}

#[test]
fn a_clock_that_is_wrong_is_warned_of_and_never_turns_the_order_round() {
    let Some(library) = shim::library() else { return };
    let first = Story::begin();
    first.add("a.txt", "First page.\n", &[]);
    assert_eq!(times(&first).0, NOW);
    for clock in [NOW - 86_400, 0, 1 << 31, u32::MAX.into()] {
        let story = again(&first);
        let (output, said) = add_at(&story, library, clock, "b.txt");
        assert!(output.status.success(), "{clock}: {said}");
        assert_eq!(said.contains("check the clock"), clock < NOW, "{clock}: {said}");
        assert_eq!(times(&story), (clock.max(NOW), clock), "{clock}");
        let footer = String::from_utf8(output.stdout).unwrap();
        let shown = [
            "show",
            "-s",
            "--date=format:%Y-%m-%d (%A)",
            "--format=%ad · %H",
            "main",
        ];
        assert_eq!(footer.trim_end(), story.git(&shown), "{clock}");
        // A clock that is right again comes after one that ran ahead.
        let (output, said) = add_at(&story, library, NOW + 60, "c.txt");
        assert!(output.status.success(), "{clock}: {said}");
        assert_eq!(said.contains("check the clock"), clock > NOW, "{clock}: {said}");
        assert_eq!(times(&story), ((NOW + 60).max(clock), NOW + 60), "{clock}");
        assert_eq!(story.git(&["rev-list", "--count", "main"]), "4");
        assert_sound(&story.archive(), &format!("a clock at {clock}"));
    }
}

#[test]
fn a_clock_after_what_git_can_store_is_refused() {
    let Some(library) = shim::library() else { return };
    let story = Story::begin();
    let tip = story.git(&["rev-parse", "main"]);
    for clock in [1_i64 << 32, 253_402_300_799, -1] {
        let (output, said) = add_at(&story, library, clock, "b.txt");
        assert_eq!(output.status.code(), Some(2), "{clock}: {said}");
        assert!(said.contains("1970") || said.contains("2106"), "{clock}: {said}");
        assert_eq!(story.git(&["rev-parse", "main"]), tip);
    }
}

#[test]
fn the_zone_of_the_machine_changes_nothing() {
    let zones = [
        "UTC",
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
        "Etc/GMT+12",
        "America/New_York",
        "NST-5:45",
        "EST5EDT,M3.2.0,M11.1.0",
        "nonsense",
    ];
    let story = Story::begin();
    // The hours around a change to summer time, and a day without a time.
    let dates = [
        "2025-03-09T01:59:59-05:00",
        "2025-03-09T03:00:00-04:00",
        "2025-11-02",
    ];
    let answers = zones.map(|zone| {
        let story = again(&story);
        let mut answers = Vec::new();
        let mut run = |arguments: &[&str]| {
            let output = story.program(arguments).env("TZ", zone).output().unwrap();
            assert!(output.status.success(), "{zone}: {arguments:?}: {output:?}");
            answers.push(String::from_utf8(output.stdout).unwrap());
        };
        for (number, date) in dates.iter().enumerate() {
            let name = format!("{number}.txt");
            story.write(&name, format!("Page {number}.\n"));
            run(&["add", &name, "--date", date]);
        }
        run(&["list"]);
        run(&["verify"]);
        run(&["audit"]);
        answers
    });
    assert!(answers.iter().all(|these| *these == answers[0]), "{answers:?}");
}
