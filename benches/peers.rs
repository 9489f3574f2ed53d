//! The check of a whole archive beside `git fsck --full`, in the same run: medians of alternating runs of whole
//! processes, and the most memory that each had, mapped files included.
//!
//! `cargo bench --bench peers`; `BENCH_LARGE` sets the number of revisions (100,000), `BENCH_RUNS` the runs (9).

#[path = "support/generate.rs"]
mod generate;
#[path = "support/measure.rs"]
mod measure;

use std::process::{Command, Stdio};
use std::time::Duration;

use measure::{alternate, number, report};

fn main() {
    let (revisions, runs) = (number("BENCH_LARGE", 100_000), number("BENCH_RUNS", 9));
    let folder = tempfile::tempdir().expect("a folder for the archive");
    let archive = folder.path().join("archive");
    generate::archive(&archive, revisions);
    let ours = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_avalaches"));
        command
            .args(["-q", "verify", "--archive"])
            .arg(&archive)
            .args(options);
        command
    };
    let fsck = || {
        let mut command = Command::new("git");
        command
            .arg("--git-dir")
            .arg(&archive)
            .args(["fsck", "--full", "--no-progress"]);
        command
    };
    println!("{revisions} revisions, medians of {runs} alternating runs, milliseconds of whole processes\n");
    println!(
        "{:46} {:>9} {:>9} {:>7}  goal",
        "", "avalaches", "git fsck", "ratio"
    );
    for (name, options) in [
        ("verify the whole archive", &[][..]),
        ("verify --hash sha1", &["--hash", "sha1"][..]),
    ] {
        let mut most = (0, 0);
        let times = alternate(
            runs,
            &mut |_| most.0 = run(&mut ours(options)).max(most.0),
            &mut |_| most.1 = run(&mut fsck()).max(most.1),
        );
        report(name, times, 0.25);
        // A row shows thousandths.
        let mebibytes = |most: u32| Duration::from_secs_f64(f64::from(most) / 1024.0 / 1e3);
        report("  most memory, MiB", (mebibytes(most.0), mebibytes(most.1)), 0.7);
    }
}

/// Runs a program to its end; returns the most memory that it had, in KiB, looked up every few milliseconds.
fn run(command: &mut Command) -> u32 {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(now.unwrap_or(0));
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            assert!(status.success(), "{command:?}");
            return most;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
