//! How long it takes to find articles by some words, beside `git grep` of the newest texts, which neither stems nor ranks.
//! Medians of alternating runs of whole processes, the index and the search file warm. BENCHMARKS.md keeps what it
//! printed.
//!
//! `cargo bench --bench search`; `BENCH_LARGE` sets the number of revisions (10,000; 110,000 have 100,000 articles, the
//! goal's), `BENCH_RUNS` the runs of each side (9). With `BENCH_ARCHIVE` an archive that is there already is used, or one
//! is kept there.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/measure.rs"]
mod measure;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use generate::text::Languages;
use measure::{alternate, git, number, program, run, within};

/// What a reader waits for without noticing.
const GOAL: Duration = Duration::from_millis(50);

fn main() -> io::Result<()> {
    let (large, runs) = (number("BENCH_LARGE", 10_000), number("BENCH_RUNS", 9));
    let folder = tempfile::tempdir()?;
    let archive =
        std::env::var_os("BENCH_ARCHIVE").map_or_else(|| folder.path().join("archive"), PathBuf::from);
    if !archive.exists() {
        generate::archive(&archive, large);
        run(&mut git(&archive, &["repack", "-adq"]));
    }
    run(&mut program(&archive, &["reindex"]));
    let file = archive.join("avalaches.search");
    let _ = fs::remove_file(&file);
    let begun = Instant::now();
    ask(&mut program(&archive, &["search", "nothing-of-the-kind"]));
    let made = begun.elapsed();
    println!("{large} revisions, medians of {runs} alternating runs, ms of whole processes");
    println!(
        "avalaches.search: made in {:.1} s, {:.1} MB",
        made.as_secs_f64(),
        Duration::from_micros(fs::metadata(&file)?.len()).as_secs_f64()
    );
    println!(
        "\n{:50} {:>10} {:>10} {:>7}  goal",
        "", "avalaches", "git grep", "ratio"
    );
    let words = Languages::new();
    let row = |language: &str, ranks: &[usize]| words.in_a_row(language, ranks);
    let quoted = |words: String| format!("\"{words}\"");
    for (name, query, grepped) in [
        (
            "a Chinese word in one of two hundred",
            row("zh", &[5_998]),
            vec![row("zh", &[5_998])],
        ),
        ("one in one of eight", row("zh", &[300]), vec![row("zh", &[300])]),
        ("the most frequent one", row("zh", &[0]), vec![row("zh", &[0])]),
        (
            "three frequent ones in a row",
            row("zh", &[0, 1, 2]),
            vec![row("zh", &[0, 1, 2])],
        ),
        (
            "two Chinese words",
            format!("{} {}", row("zh", &[200]), row("zh", &[300])),
            vec![row("zh", &[200]), row("zh", &[300])],
        ),
        (
            "an English word in one of two hundred",
            row("en", &[5_997]),
            vec![row("en", &[5_997])],
        ),
        ("one in one of eight", row("en", &[300]), vec![row("en", &[300])]),
        ("the most frequent one", row("en", &[0]), vec![row("en", &[0])]),
        (
            "a phrase of frequent ones",
            quoted(row("en", &[0, 1, 2])),
            vec![row("en", &[0, 1, 2])],
        ),
        (
            "two words, and one that is not to be there",
            format!(
                "{} {} -{}",
                row("zh", &[200]),
                row("en", &[300]),
                row("zh", &[100])
            ),
            vec![row("zh", &[200]), row("en", &[300])],
        ),
        (
            "nothing of the kind",
            "鼇鼈龘龜".to_owned(),
            vec!["鼇鼈龘龜".to_owned()],
        ),
    ] {
        look_up(&archive, name, &query, &grepped, runs);
    }
    Ok(())
}

fn look_up(archive: &Path, name: &str, query: &str, grepped: &[String], runs: usize) {
    let mut options = vec!["grep", "-liwF", "--all-match"];
    options.extend(grepped.iter().flat_map(|words| ["-e", words.as_str()]));
    if !query.is_ascii() {
        options[1] = "-liF";
    }
    options.extend(["main", "--", "*/page.txt"]);
    let mut grep = |_| ask(&mut git(archive, &options));
    let mut search = |_| ask(&mut program(archive, &["search", "--", query]));
    let times = alternate(runs, &mut search, &mut grep);
    within(&format!("{name}, of {}", found(archive, query)), times, GOAL);
}

/// Tells how many articles have what is searched for.
fn found(archive: &Path, query: &str) -> usize {
    let every = ["--json", "search", "--limit", "1000000", "--", query];
    let output = program(archive, &every).output().expect("it runs");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    document["hits"].as_array().map_or(0, Vec::len)
}

/// Runs a command to its end; its answer may be no.
fn ask(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("it runs");
    assert!(status.code().is_some_and(|code| code < 2), "{command:?}");
}
