//! How many pages a crowd adds in a second, beside git: each of many adders runs a program for each of its pages, all at
//! once, and what somebody else has locked or moved meanwhile is tried again.
//!
//! `cargo bench --bench crowd`; `BENCH_ADDERS` sets how many there are (64), `BENCH_EACH` how many pages each adds (50).
//! Git commits in two ways: `git commit` in one work tree, whose index is locked by one at a time; and with its plumbing,
//! an index for each, the branch moved by compare-and-swap.

#[path = "support/measure.rs"]
mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use measure::{PROGRAM, git, number, run};

/// Git writes as durably as this program does.
const SYNCED: [&str; 4] = ["-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync"];

/// How often each page is tried at most.
const TRIES: usize = 100_000;

fn main() {
    let (adders, each) = (number("BENCH_ADDERS", 64), number("BENCH_EACH", 50));
    let pages = u32::try_from(adders * each).expect("so many pages");
    println!("{adders} adders of {each} pages each, all at once, synced\n");
    println!("{:46} {:>9} {:>9} {:>9}", "", "seconds", "a second", "tries");
    let row = |name: &str, (took, tries): (Duration, usize)| {
        let seconds = took.as_secs_f64();
        println!(
            "{name:46} {seconds:9.2} {:9.0} {tries:9}",
            f64::from(pages) / seconds
        );
    };
    let folder = tempfile::tempdir().expect("a folder");
    let home = |name: &str| {
        let home = folder.path().join(name);
        fs::create_dir(&home).expect("a new folder");
        for adder in 0..adders {
            for page in 0..each {
                let text = format!("第{page}页。\n\nPage {page} of adder {adder}.\n");
                fs::write(home.join(format!("page-{adder}-{page}.txt")), text).expect("a page");
            }
        }
        home
    };
    row("avalaches add", avalaches(&home("ours"), adders, each));
    row(
        "git add, git commit, one work tree",
        commit(&home("commit"), adders, each),
    );
    row(
        "git's plumbing, an index for each",
        plumbing(&home("plumbing"), adders, each),
    );
}

/// Runs all adders at once; each page is tried until it is in. Returns the time, and how many tries were made.
fn crowd(adders: usize, each: usize, add: impl Fn(usize, &str) -> bool + Sync) -> (Duration, usize) {
    let tries = AtomicUsize::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for adder in 0..adders {
            let (add, tries) = (&add, &tries);
            scope.spawn(move || {
                for page in 0..each {
                    let name = format!("page-{adder}-{page}");
                    let is_in = (0..TRIES).any(|attempt| {
                        // Who was turned away waits a little longer each time, not all the same time.
                        let wait = (attempt.min(20) * (adder % 7 + 1))
                            .try_into()
                            .expect("a small number");
                        std::thread::sleep(Duration::from_millis(wait));
                        tries.fetch_add(1, Ordering::Relaxed);
                        add(adder, &name)
                    });
                    assert!(is_in, "{name} was never added");
                }
            });
        }
    });
    (begun.elapsed(), tries.into_inner())
}

fn avalaches(home: &Path, adders: usize, each: usize) -> (Duration, usize) {
    let archive = home.join("archive");
    let mut init = Command::new(PROGRAM);
    run(init.args(["init", "-q", "--byline", "Bench"]).arg(&archive));
    let done = crowd(adders, each, |_, name| {
        let mut add = measure::program(&archive, &["add", "--slug", name]);
        let output = output(add.arg(home.join(format!("{name}.txt"))));
        assert!(output.status.success(), "{output:?}");
        true
    });
    assert_count(&archive, adders * each + 1);
    done
}

fn commit(home: &Path, adders: usize, each: usize) -> (Duration, usize) {
    let repository = begin(home);
    let done = crowd(adders, each, |_, name| {
        let name = format!("{name}.txt");
        let git = |arguments: &[&str]| {
            let mut command = command(home, &repository);
            output(command.args(SYNCED).args(arguments)).status.success()
        };
        git(&["add", "--", &name]) && git(&["commit", "-q", "-m", &name, "--", &name])
    });
    assert_count(&repository, adders * each + 1);
    done
}

fn plumbing(home: &Path, adders: usize, each: usize) -> (Duration, usize) {
    let repository = begin(home);
    let done = crowd(adders, each, |adder, name| {
        let file = format!("{name}.txt");
        let index = home.join(format!("index-{adder}"));
        let git = |arguments: &[&str]| {
            let mut command = command(home, &repository);
            let output = output(command.env("GIT_INDEX_FILE", &index).args(SYNCED).args(arguments));
            let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
            output.status.success().then_some(text)
        };
        let steps = || {
            let tip = git(&["rev-parse", "refs/heads/main"])?;
            git(&["read-tree", &tip])?;
            git(&["update-index", "--add", "--", &file])?;
            let tree = git(&["write-tree"])?;
            let commit = git(&["commit-tree", &tree, "-p", &tip, "-m", &file])?;
            git(&["update-ref", "refs/heads/main", &commit, &tip])
        };
        steps().is_some()
    });
    assert_count(&repository, adders * each + 1);
    done
}

/// Makes a repository with one commit.
fn begin(home: &Path) -> PathBuf {
    let repository = home.join(".git");
    run(Command::new("git").args(["init", "-q", "-b", "main"]).arg(home));
    run(command(home, &repository).args(["commit", "-q", "--allow-empty", "-m", "first"]));
    // Nothing is packed meanwhile.
    run(command(home, &repository).args(["config", "gc.auto", "0"]));
    repository
}

fn command(home: &Path, repository: &Path) -> Command {
    let mut command = git(repository, &[]);
    command.arg("--work-tree").arg(home).current_dir(home);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Bench");
        command.env(format!("GIT_{role}_EMAIL"), "bench@example.org");
    }
    command
}

fn output(command: &mut Command) -> Output {
    command.output().expect("it runs")
}

/// Nothing is lost, whoever adds.
fn assert_count(repository: &Path, commits: usize) {
    let output = output(&mut git(repository, &["rev-list", "--count", "main"]));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim_end(),
        commits.to_string()
    );
    run(&mut git(
        repository,
        &["fsck", "--full", "--no-dangling", "--no-progress"],
    ));
}
