//! What the benches share: sizes from the environment, alternating runs, and rows beside a peer.
#![allow(dead_code)] // not every bench uses all of it

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Reads a number from the environment.
pub fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// The program that is measured.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_avalaches");

/// Returns the program's command on an archive, which prints results only.
pub fn program(archive: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .arg("--archive")
        .arg(archive)
        .arg("--quiet")
        .args(arguments)
        .env("GIT_AUTHOR_NAME", "Bench")
        .env("GIT_COMMITTER_NAME", "Bench");
    command
}

/// Returns git's command on a repository.
pub fn git(repository: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(repository).args(arguments);
    command
}

/// Prints a row of times, in milliseconds.
pub fn report(name: &str, (ours, peer): (Duration, Duration), goal: f64) {
    row(name, (ours.as_secs_f64() * 1e3, peer.as_secs_f64() * 1e3), goal);
}

/// Prints a row of times, in milliseconds, of which ours has a bound of its own.
pub fn within(name: &str, (ours, peer): (Duration, Duration), most: Duration) {
    let ratio = ours.as_secs_f64() / peer.as_secs_f64();
    let met = if ours <= most { "met" } else { "missed" };
    let [ours, peer, most] = [ours, peer, most].map(|time| time.as_secs_f64() * 1e3);
    println!("{name:50} {ours:10.2} {peer:10.2} {ratio:7.3}  <= {most} ms {met}");
}

/// Prints a row of any two quantities.
pub fn row(name: &str, (ours, peer): (f64, f64), goal: f64) {
    let ratio = ours / peer;
    let met = if ratio <= goal { "met" } else { "missed" };
    println!("{name:50} {ours:10.2} {peer:10.2} {ratio:7.3}  <= {goal:.3} {met}");
}

/// Runs both sides in turn, so that a noisy moment falls on both; returns the medians.
pub fn alternate(
    runs: usize,
    ours: &mut dyn FnMut(usize),
    peer: &mut dyn FnMut(usize),
) -> (Duration, Duration) {
    // Runs that warm the caches; a single one of many seconds needs none.
    let warming = (runs / 4).min(2);
    let mut times = (Vec::new(), Vec::new());
    for number in 0..runs + warming {
        let start = Instant::now();
        ours(number);
        let middle = Instant::now();
        peer(number);
        if number >= warming {
            times.0.push(middle - start);
            times.1.push(middle.elapsed());
        }
    }
    (median(times.0), median(times.1))
}

/// Returns the middle one.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Runs a command to its end; it has to succeed.
pub fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("it runs");
    assert!(status.success(), "{command:?}");
}

/// The most memory that a process had, in MiB.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// With the pages of mapped files.
    pub all: f64,
    /// Without them.
    pub own: f64,
}

/// Runs a program to its end, and looks its memory up every few milliseconds.
pub fn memory(command: &mut Command) -> Memory {
    let mut child = command.stdout(Stdio::null()).spawn().expect("it runs");
    let status = format!("/proc/{}/status", child.id());
    let mut most = Memory::default();
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
            kibibytes.unwrap_or(0.0) / 1024.0
        };
        most.all = most.all.max(value("VmHWM:"));
        most.own = most.own.max(value("RssAnon:"));
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            assert!(status.success(), "{command:?}");
            return most;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
