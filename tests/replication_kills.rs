//! Copies that are kept the same between real git servers on loopback, while both sides are killed at random.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "the archives here are generated")]
mod archives;
#[path = "../benches/support/generate.rs"]
mod generate;
#[path = "support/git_host.rs"]
mod git_host;

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use archives::{git, git_command};
use generate::text::Dice;
use git_host::{GitHost, kill_group};

/// How long a run is left alone at first before it is killed; each that did not end makes it longer.
const SHORTEST: Duration = Duration::from_millis(40);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avalaches"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("SOURCE_DATE_EPOCH", "1769140800")
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn yes(arguments: &[&str]) -> String {
    let output = program(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Counts what happened.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    failed: usize,
    locks: usize,
}

/// Waits for a child, or until it is time to kill it; tells whether it ended by itself, and well.
fn ended_before(child: &mut Child, deadline: Duration) -> Option<bool> {
    let begun = Instant::now();
    while begun.elapsed() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.success());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}

/// Runs a command until it comes to an end unhurt. Until then its whole process group is killed at random times, and with
/// it everything that answers at the host; `whole` is asked after each kill.
fn until_done(
    host: &GitHost,
    arguments: &[&str],
    dice: &mut Dice,
    growth: u32,
    whole: &mut dyn FnMut(),
) -> Tally {
    let mut tally = Tally::default();
    let mut longest = SHORTEST;
    loop {
        let millis = usize::try_from(longest.as_millis()).unwrap();
        let deadline = Duration::from_millis(u64::try_from(dice.below(millis)).unwrap());
        let mut child = program(arguments).spawn().unwrap();
        let group = child.id();
        match ended_before(&mut child, deadline) {
            Some(true) => return tally,
            Some(false) => tally.failed += 1,
            None => {
                // The two sides in one order or in the other.
                if dice.below(2) == 0 {
                    host.kill();
                }
                kill_group(group);
                host.kill();
                tally.kills += 1;
            }
        }
        child.wait().unwrap();
        tally.locks += clear_locks(&host.repository());
        whole();
        longest = longest * growth / 100;
    }
}

/// Deletes the locks that a git which was killed left at the host, as whoever keeps the host has to.
fn clear_locks(repository: &Path) -> usize {
    let mut locks = 0;
    let mut folders = vec![repository.join("refs"), repository.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && folder != repository {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "lock") {
                std::fs::remove_file(&path).unwrap();
                locks += 1;
            }
        }
    }
    locks
}

/// Asserts that an archive is at one of some commits, sound to git and to us.
fn assert_whole(archive: &Path, tip: &str) {
    assert_eq!(git(archive, &["rev-parse", "main"]), tip);
    assert_eq!(git(archive, &["fsck", "--strict", "--full", "--no-dangling"]), "");
    let said = yes(&["verify", "--archive", &archive.to_string_lossy()]);
    assert!(said.starts_with("verified"), "{said}");
}

struct Copies {
    folder: tempfile::TempDir,
    host: GitHost,
}

impl Copies {
    fn begin(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        generate::archive(&folder.path().join("source"), count);
        let root = folder.path().join("host");
        std::fs::create_dir(&root).unwrap();
        let host = GitHost::begin(&root);
        Self { folder, host }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command of which so many transfers are answered, and of the next one so many bytes.
    fn is_cut_off(&self, transfers: usize, bytes: usize, arguments: &[&str]) {
        self.host.cut_transfers(transfers, bytes);
        let output = program(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(2) && said.contains("what came is kept"),
            "{said}"
        );
        self.host.cut_transfers(usize::MAX, 0);
    }
}

/// Pushes an archive, pulls it into a copy of its first half, and clones it, each killed at random until it is done. Each
/// run that was killed lets the next one go on for longer, by so many hundredths.
fn killed_at_random(count: usize, growth: u32) {
    let copies = Copies::begin(count);
    let (source, address) = (copies.path("source"), copies.host.address());
    let source_name = source.to_string_lossy().into_owned();
    let tip = git(&source, &["rev-parse", "main"]);
    let half = git(&source, &["rev-parse", &format!("main~{}", count / 2)]);
    let mut dice = Dice::of(count);
    git(
        &source,
        &[
            "push",
            "-q",
            &copies.host.repository().to_string_lossy(),
            &format!("{half}:refs/heads/main"),
        ],
    );
    let reader = copies.path("reader");
    let reader_name = reader.to_string_lossy().into_owned();
    yes(&["clone", &address, &reader_name]);
    let repository = copies.host.repository();
    let begun = Instant::now();
    let mut ends = vec![half.clone()];
    let push = ["push", "--archive", &source_name, &address];
    let pushed = until_done(&copies.host, &push, &mut dice, growth, &mut || {
        let now = git(&repository, &["rev-parse", "main"]);
        let last = ends.last().unwrap();
        git(&source, &["merge-base", "--is-ancestor", last, &now]);
        ends.push(now);
    });
    println!(
        "push of {} commits: {pushed:?} in {:?}",
        count / 2,
        begun.elapsed()
    );
    // The host is no archive, and what it has is proved where it is cloned.
    assert_eq!(git(&repository, &["rev-parse", "main"]), tip);
    assert_eq!(
        git(&repository, &["fsck", "--strict", "--full", "--no-dangling"]),
        ""
    );
    let begun = Instant::now();
    let pull = ["pull", "--archive", &reader_name, &address];
    let pulled = until_done(&copies.host, &pull, &mut dice, growth, &mut || {
        let now = git(&reader, &["rev-parse", "main"]);
        assert!(now == half || now == tip, "{now}");
    });
    println!(
        "pull of {} commits: {pulled:?} in {:?}",
        count / 2,
        begun.elapsed()
    );
    assert_whole(&reader, &tip);
    let begun = Instant::now();
    let clone = copies.path("clone");
    let clone_name = clone.to_string_lossy().into_owned();
    let arguments = ["clone", &address, &clone_name];
    let is_made = || {
        program(&["show", "--archive", &clone_name, &tip])
            .output()
            .unwrap()
            .status
            .success()
    };
    let cloned = until_done(&copies.host, &arguments, &mut dice, growth, &mut || {
        // One that was made before it was killed is there; there is nothing left to clone.
        if is_made() {
            std::fs::remove_dir_all(&clone).unwrap();
        }
    });
    println!("clone of {count} commits: {cloned:?} in {:?}", begun.elapsed());
    assert_whole(&clone, &tip);
    let kills = [&pushed, &pulled, &cloned].map(|tally| tally.kills);
    assert!(kills.iter().all(|kills| *kills > 0), "{kills:?}");
    let leftovers = ["avalaches.incoming", "avalaches.pulling", "avalaches.pushing"];
    yes(&["pull", "--archive", &reader_name, &address]);
    assert!(leftovers.iter().all(|name| !reader.join(name).exists()));
}

#[test]
fn nothing_is_lost_where_both_sides_are_killed_at_random() {
    killed_at_random(1200, 150);
}

/// The full run, some three minutes: `cargo test --test replication_kills -- --ignored --nocapture`.
#[test]
#[ignore = "minutes"]
fn nothing_of_ten_thousand_revisions_is_lost_where_both_sides_are_killed_at_random() {
    killed_at_random(10_000, 105);
}

#[test]
fn a_clone_that_was_interrupted_does_not_bring_again_what_is_there() {
    let copies = Copies::begin(2300);
    let (source, address) = (copies.path("source"), copies.host.address());
    let source = source.to_string_lossy().into_owned();
    yes(&["push", "--archive", &source, &address]);
    let steps = git(
        &copies.host.repository(),
        &["for-each-ref", "--format=%(refname)", "refs/avalaches"],
    );
    assert_eq!(
        steps,
        "refs/avalaches/steps/00001000\nrefs/avalaches/steps/00002000"
    );
    let before = copies.host.sent();
    let whole = copies.path("whole").to_string_lossy().into_owned();
    yes(&["clone", &address, &whole]);
    let all = copies.host.sent() - before;
    // Two transfers are answered, the third is cut off.
    let part = copies.path("part").to_string_lossy().into_owned();
    copies.is_cut_off(2, 0, &["clone", &address, &part]);
    let before = copies.host.sent();
    yes(&["clone", &address, &part]);
    let rest = copies.host.sent() - before;
    assert!(rest * 3 < all, "{rest} of {all} bytes were sent again");
    let tip = git(&copies.path("source"), &["rev-parse", "main"]);
    assert_whole(&copies.path("part"), &tip);
    // A clone of another archive does not go on in that folder, and steps that lie elsewhere are left aside.
    let desk = ["-c", "user.name=Desk", "-c", "user.email=desk@example.org"];
    let stray = [&desk[..], &["commit-tree", "main^{tree}", "-m", "x"]].concat();
    let stray = git(&copies.path("source"), &stray);
    git(&copies.host.repository(), &["fetch", "-q", &source, &stray]);
    git(
        &copies.host.repository(),
        &["update-ref", "refs/avalaches/steps/00001000", &stray],
    );
    let third = copies.path("third").to_string_lossy().into_owned();
    yes(&["clone", &address, &third]);
    assert_whole(&copies.path("third"), &tip);
    let found = git_command(&copies.path("third"), &["cat-file", "-e", &stray]).output();
    assert!(!found.unwrap().status.success());
}

/// Brings a branch from a host that has no refs but that, while the first transfer is cut off twice, and what came then is
/// asked for in parts, of which one is cut off in the middle.
fn goes_on_from_any_host(copies: &Copies, all: usize, arguments: &[&str]) {
    let (host, sent_before) = (&copies.host, copies.host.sent());
    let sent = || usize::try_from(host.sent() - sent_before).unwrap();
    // Among the commits, after which the rest of them is asked for, and is cut off in its turn.
    copies.is_cut_off(0, all / 20, arguments);
    copies.is_cut_off(0, all / 2, arguments);
    let torn = sent();
    copies.is_cut_off(2, all / 20, arguments);
    let parts = sent() - torn;
    yes(arguments);
    let rest = sent() - torn - parts;
    assert!(parts * 2 > all, "{parts} of {all} bytes");
    assert!(rest * 2 < all, "{rest} of {all} bytes were sent again");
}

#[test]
fn a_transfer_from_any_host_goes_on_where_it_was_torn_off() {
    let copies = Copies::begin(2700);
    let address = copies.host.address();
    let host = copies.host.repository();
    let tip = git(&copies.path("source"), &["rev-parse", "main"]);
    let push = |what: &str| {
        git(
            &copies.path("source"),
            &[
                "push",
                "-q",
                "-f",
                &host.to_string_lossy(),
                &format!("{what}:refs/heads/main"),
            ],
        )
    };
    push("main~2400");
    let reader = copies.path("reader").to_string_lossy().into_owned();
    yes(&["clone", &address, &reader]);
    push("main~0");
    let before = copies.host.sent();
    let whole = copies.path("whole").to_string_lossy().into_owned();
    yes(&["clone", &address, &whole]);
    let all = usize::try_from(copies.host.sent() - before).unwrap();
    let part = copies.path("part").to_string_lossy().into_owned();
    goes_on_from_any_host(&copies, all, &["clone", &address, &part]);
    assert_whole(&copies.path("part"), &tip);
    goes_on_from_any_host(&copies, all, &["pull", "--archive", &reader, &address]);
    assert_whole(&copies.path("reader"), &tip);
    // A host that has another history meanwhile is asked for that.
    let other = copies.path("other").to_string_lossy().into_owned();
    copies.is_cut_off(0, all / 2, &["clone", &address, &other]);
    push("main~2690");
    git(&host, &["gc", "-q", "--prune=now"]);
    yes(&["clone", &address, &other]);
    let now = git(&host, &["rev-parse", "main"]);
    assert_whole(&copies.path("other"), &now);
}
