//! How long it takes to tell which revisions have some words, beside git: `git grep` of the newest texts and `git log -S`
//! of all. Medians of alternating runs of whole processes, the index and the words file warm. BENCHMARKS.md keeps what
//! it printed.
//!
//! `cargo bench --bench quote`; `BENCH_LARGE` sets the number of revisions (10,000; 100,000 are the goal's), `BENCH_RUNS`
//! the runs of each side (9), of `git log -S` there is one for each quote. With `BENCH_ARCHIVE` an archive that is there
//! already is used, or one is kept there.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/measure.rs"]
mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use avalaches::archive::{Archive, Owner};
use avalaches::revision::Revision;
use generate::text::Languages;
use measure::{alternate, git, number, program, report, run, within};

/// What a reader waits for without noticing.
const GOAL: Duration = Duration::from_millis(50);

fn main() {
    let (large, runs) = (number("BENCH_LARGE", 10_000), number("BENCH_RUNS", 9));
    let folder = tempfile::tempdir().expect("a folder for the archive");
    let archive =
        std::env::var_os("BENCH_ARCHIVE").map_or_else(|| folder.path().join("archive"), PathBuf::from);
    if !archive.exists() {
        generate::archive(&archive, large);
        run(&mut git(&archive, &["repack", "-adq"]));
        run(git(
            &archive,
            &["commit-graph", "write", "--reachable", "--changed-paths"],
        )
        .stderr(Stdio::null()));
    }
    run(&mut program(&archive, &["reindex"]));
    let _ = fs::remove_file(archive.join("avalaches.words"));
    println!("{large} revisions, medians of {runs} alternating runs, ms of whole processes");
    make_words(&archive);
    println!(
        "\n{:50} {:>10} {:>10} {:>7}  goal",
        "", "avalaches", "git", "ratio"
    );
    for (name, words) in quotes(&archive, large) {
        look_up(&archive, name, &words, runs);
    }
}

/// Makes the words file, and tells what it takes.
fn make_words(archive: &Path) {
    let begun = Instant::now();
    ask(&mut program(archive, &["verify", "--quote", "no such words"]));
    let made = begun.elapsed();
    let begun = Instant::now();
    run(&mut program(archive, &["verify"]));
    let verify = begun.elapsed();
    let size = |name: &str| fs::metadata(archive.join(name)).map_or(0, |file| file.len());
    println!(
        "avalaches.words: made in {:.1} s (`verify` of the archive takes {:.1} s), {:.1} MB; avalaches.index {:.1} MB",
        made.as_secs_f64(),
        verify.as_secs_f64(),
        megabytes(size("avalaches.words")),
        megabytes(size("avalaches.index")),
    );
}

fn megabytes(bytes: u64) -> f64 {
    Duration::from_micros(bytes).as_secs_f64()
}

/// Returns words to look for, each with what they are.
fn quotes(archive: &Path, large: usize) -> Vec<(&'static str, String)> {
    let middle = git(
        archive,
        &["rev-list", "--skip", &(large / 2).to_string(), "-n1", "main"],
    )
    .output()
    .expect("git runs");
    let id = String::from_utf8(middle.stdout).expect("an id");
    let opened = Archive::open(archive, Owner::Caller).expect("it is an archive");
    let revision = Revision::read(&opened, id.trim().parse().expect("an id")).expect("it is one");
    let (chinese, english) = revision.page_text.split_once("\n\n").expect("it has paragraphs");
    let english = english.rsplit("\n\n").next().expect("it has paragraphs");
    let words = Languages::new();
    let row = |language: &str, ranks: &[usize]| words.in_a_row(language, ranks);
    let (four, seven) = ([0, 1, 2, 3], [0, 1, 2, 3, 2, 1, 0]);
    vec![
        ("a Chinese sentence", sentence(chinese, "。")),
        ("the most frequent Chinese words, four in a row", row("zh", &four)),
        ("three in a row", row("zh", &four[..3])),
        ("seven, which no text has", row("zh", &seven)),
        ("Chinese words of which no text has any", "鼇鼈龘龜".to_owned()),
        ("one rare Chinese word", row("zh", &[5_998])),
        ("an English sentence", sentence(english, ". ")),
        ("the most frequent English words, four in a row", row("en", &four)),
        ("seven, which no text has", row("en", &seven)),
        (
            "English words of which no text has any",
            "xylophone quartet".to_owned(),
        ),
    ]
}

/// Returns the first sentence of a paragraph without its end.
fn sentence(paragraph: &str, end: &str) -> String {
    paragraph.split(end).next().unwrap_or(paragraph).to_owned()
}

fn look_up(archive: &Path, name: &str, words: &str, runs: usize) {
    let paths = ["main", "--", "*/page.txt"];
    let pages = || git(archive, &[&["grep", "-lF", words][..], &paths].concat());
    let (revisions, standing) = found(archive, words);
    let tip = String::from_utf8(pages().output().expect("git runs").stdout).expect("paths");
    let told = tip.lines().count();
    assert_eq!(
        standing, told,
        "git finds them in as many of the newest texts: {words}"
    );
    println!("{name}: in {revisions} revisions, now in {standing} articles");
    let mut ours = |_| ask(&mut program(archive, &["verify", "--quote", words]));
    let times = alternate(runs, &mut ours, &mut |_| ask(&mut pages()));
    within("  verify --quote / git grep, newest texts", times, GOAL);
    let log = ["log", "-S", words, "--format=%H"];
    let times = alternate(1, &mut ours, &mut |_| {
        run(&mut git(archive, &[&log[..], &paths].concat()));
    });
    report("  verify --quote / git log -S, all revisions", times, 0.05);
}

/// Returns how many revisions have some words, and how many articles have them in the newest.
fn found(archive: &Path, words: &str) -> (usize, usize) {
    let output = program(archive, &["--json", "verify", "--quote", words]).output();
    let document: serde_json::Value =
        serde_json::from_slice(&output.expect("it runs").stdout).expect("it prints JSON");
    assert_eq!(document["scanned"], false, "{words}");
    let articles = document["articles"].as_array().expect("a list");
    let revisions = articles
        .iter()
        .map(|article| article["revisions"].as_array().map_or(0, Vec::len));
    (
        revisions.sum(),
        articles
            .iter()
            .filter(|article| article["stands"] == true)
            .count(),
    )
}

/// Runs a command to its end; its answer may be no.
fn ask(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("it runs");
    assert!(status.code().is_some_and(|code| code < 2), "{command:?}");
}
