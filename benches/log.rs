//! What the transparency log costs: reading it from git whole, going on by one revision, signing a checkpoint, and checking a
//! proof; beside `git log` that prints what entries consist of. Medians of alternating runs of whole processes.
//! BENCHMARKS.md keeps what it printed.
//!
//! `cargo bench --bench log`; `BENCH_LARGE` sets the number of revisions (100,000; the goal's is 1,000,000), `BENCH_RUNS` the
//! runs of each side (5). With `BENCH_ARCHIVE` an archive that is there already is copied.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/measure.rs"]
mod measure;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, io};

use avalaches::archive::{Archive, Owner};
use avalaches::log::{self, Entry};
use avalaches::tlog::proof::LogProof;
use measure::{alternate, git, median, number, program, run, within};

/// The most that a checkpoint of a million revisions may take.
const WHOLE: Duration = Duration::from_secs(3);

/// How often a proof is checked.
const TIMES: u32 = 200;

/// The most that one revision more may take.
const ONE: Duration = Duration::from_millis(10);

fn main() -> io::Result<()> {
    let (large, runs) = (number("BENCH_LARGE", 100_000), number("BENCH_RUNS", 5));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive");
    if let Some(kept) = std::env::var_os("BENCH_ARCHIVE") {
        run(Command::new("cp").arg("-a").arg(kept).arg(&archive));
    } else {
        generate::archive(&archive, large);
    }
    run(&mut program(&archive, &["reindex"]));
    let secret = folder.path().join("log.key");
    let secret = secret.to_str().expect("a temporary folder has a name in UTF-8");
    let key = program(&archive, &["key", "new", "example.org/bench", secret]).output()?;
    let key = String::from_utf8_lossy(&key.stdout).trim().to_owned();
    run(&mut program(&archive, &["settings", "--log-key", &key]));
    println!("{large} revisions, medians of {runs} alternating runs, ms of whole processes");
    println!(
        "\n{:50} {:>10} {:>10} {:>7}  goal",
        "", "avalaches", "git log", "ratio"
    );
    let file = archive.join("avalaches.log");
    let form = "--format=%H %ad %(trailers:key=Article-Id,key=Revision,key=Revision-Kind,key=Content-SHA256,valueonly)";
    let by_git = ["log", "--reverse", "--date=iso-strict", form, "main"];
    let mut peer = |_| run(&mut git(&archive, &by_git));
    let mut whole = |_| {
        let _ = fs::remove_file(&file);
        run(&mut program(&archive, &["log"]));
    };
    within(
        "size and root, read from git whole",
        alternate(runs, &mut whole, &mut peer),
        WHOLE,
    );
    let sign = ["checkpoint", "--key", secret];
    let begun = Instant::now();
    run(&mut program(&archive, &sign));
    println!(
        "the first checkpoint, signed and on disk: {:.0} ms",
        milliseconds(begun.elapsed())
    );
    one_more(&archive, folder.path(), &sign, runs);
    prove(&archive);
    Ok(())
}

/// Signs again and again after one more revision.
fn one_more(archive: &Path, folder: &Path, sign: &[&str], runs: usize) {
    let page = folder.join("page.txt");
    let page_name = page.to_str().expect("a temporary folder has a name in UTF-8");
    let (mut logs, mut checkpoints) = (Vec::new(), Vec::new());
    for number in 0..runs {
        fs::write(&page, format!("再一篇，{number}。\n")).expect("the folder is writable");
        run(&mut program(archive, &["add", page_name]));
        logs.push(timed(&mut program(archive, &["log"])));
        checkpoints.push(timed(&mut program(archive, sign)));
    }
    let (log, checkpoint) = (median(logs), median(checkpoints));
    println!(
        "size and root after one more: {:.1} ms of a whole process (goal {} ms)",
        milliseconds(log),
        ONE.as_millis()
    );
    println!(
        "a checkpoint after one more, signed and on disk: {:.1} ms",
        milliseconds(checkpoint)
    );
}

/// Makes and checks the proof of a revision, within this process.
fn prove(archive: &Path) {
    let archive = Archive::open(archive, Owner::Anyone).expect("it was just made");
    let begun = Instant::now();
    let (log, published) = log::with_checkpoints(&archive).expect("it was just signed");
    println!(
        "the log and its checkpoints, opened: {:.2} ms",
        milliseconds(begun.elapsed())
    );
    let id = archive
        .branch()
        .expect("it can be read")
        .get(1)
        .expect("it has revisions");
    let leaf = Entry::of_commit(id, &archive.commit(id).expect("it is there"))
        .expect("it is a revision")
        .leaf();
    let newest = published.last().expect("it was just signed");
    let proof = log.prove(0, &newest.signed).expect("it covers all");
    let text = proof.to_string();
    let key = archive.settings().log_key.clone().expect("it has one");
    let begun = Instant::now();
    for _ in 0..TIMES {
        let proof = LogProof::parse(&text).expect("it was just written");
        assert!(proof.has(leaf) && proof.signed.is_signed_by(&key) == Some(true));
    }
    println!(
        "a proof: {} bytes (goal 1,500), read and checked, signature included, in {:.3} ms (goal 1 ms)",
        text.len(),
        milliseconds(begun.elapsed() / TIMES)
    );
}

fn timed(command: &mut Command) -> Duration {
    let begun = Instant::now();
    run(command);
    begun.elapsed()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
