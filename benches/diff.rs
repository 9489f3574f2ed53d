//! How long it takes to tell what differs between two Chinese articles of 20 kB, beside `git diff --word-diff-regex=.` of the
//! same two blobs: medians of alternating runs of whole processes. BENCHMARKS.md keeps what it printed.
//!
//! `cargo bench --bench diff`; `BENCH_RUNS` sets the runs of each side (31), `BENCH_BYTES` the size of a text (20,000).

#[path = "support/measure.rs"]
mod measure;
#[path = "support/text.rs"]
mod text;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use avalaches::archive::{Archive, Owner};
use avalaches::article::PAGE_FILE;
use avalaches::diff::{self, ParagraphChange};
use avalaches::history;
use avalaches::revision::Revision;
use avalaches::withheld::Kept;
use measure::{alternate, median, number, report, run, within};

const PROGRAM: &str = env!("CARGO_BIN_EXE_avalaches");

/// What a reader waits for without noticing.
const GOAL: Duration = Duration::from_millis(5);

/// Two texts of one article.
struct Pair {
    name: &'static str,
    slug: &'static str,
    before: String,
    after: String,
}

fn main() {
    let (runs, bytes) = (number("BENCH_RUNS", 31), number("BENCH_BYTES", 20_000));
    let folder = tempfile::tempdir().expect("a folder for the archive");
    let archive = folder.path().join("archive");
    let pairs = pairs(bytes);
    make(folder.path(), &archive, &pairs);
    println!("two texts of {bytes} bytes, medians of {runs} alternating runs, ms of whole processes");
    println!(
        "\n{:50} {:>10} {:>10} {:>7}  goal",
        "", "avalaches", "git", "ratio"
    );
    let opened = Archive::open(&archive, Owner::Caller).expect("it is an archive");
    let mut alone = Vec::new();
    for pair in &pairs {
        let article = format!("2026/01/22/{}", pair.slug).parse().expect("an article");
        let newest = history::newest(&opened, &article)
            .expect("it reads")
            .expect("it was imported");
        let revisions = history::revisions(&opened, newest).expect("it reads");
        let revisions: Vec<Revision> = revisions.into_iter().filter_map(Kept::whole).collect();
        let [after, before] = revisions.as_slice() else {
            panic!("two were imported")
        };
        assert_eq!((&before.page_text, &after.page_text), (&pair.before, &pair.after));
        beside_git(&archive, pair.name, before, after, runs);
        alone.push((pair.name, library(&opened, before, after, runs)));
    }
    println!("\nthe library alone, ms: reading both revisions, hashed and checked; comparing them");
    for (name, (reading, comparing)) in alone {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!("{name:50} {:10.2} {:10.2}", ms(reading), ms(comparing));
    }
}

/// Makes the texts that are compared.
fn pairs(bytes: usize) -> [Pair; 4] {
    let [text, other] = [1, 2].map(|article| text::chinese(article, bytes));
    let one_paragraph = |text: &str| text.replace("\n\n", "");
    let run_on = one_paragraph(&text);
    [
        Pair {
            name: "edited: 40 characters, 1 moved, 1 rewritten",
            slug: "edited",
            before: text.clone(),
            after: edited(&text, &other),
        },
        Pair {
            name: "one paragraph, every tenth character another",
            slug: "run-on",
            before: run_on.clone(),
            after: changed(&run_on, run_on.chars().count() / 10),
        },
        Pair {
            name: "wholly different",
            slug: "different",
            before: text,
            after: other.clone(),
        },
        Pair {
            name: "wholly different, one paragraph each",
            slug: "different-run-on",
            before: run_on,
            after: one_paragraph(&other),
        },
    ]
}

/// Changes forty characters, moves a paragraph from the front to the end and puts another in the place of one.
fn edited(text: &str, other: &str) -> String {
    let text = changed(text, 40);
    let mut paragraphs: Vec<&str> = text.trim_end().split("\n\n").collect();
    let middle = paragraphs.len() / 2;
    paragraphs[middle] = other.split("\n\n").next().expect("it has a paragraph");
    let moved = paragraphs.remove(1);
    paragraphs.insert(paragraphs.len() - 1, moved);
    paragraphs.join("\n\n") + "\n"
}

/// Puts another character in the place of so many, which lie equally far apart.
fn changed(text: &str, count: usize) -> String {
    let every = text.chars().count() / count;
    text.chars()
        .enumerate()
        .map(|(at, c)| {
            if at % every == every / 2 && c >= '一' {
                '改'
            } else {
                c
            }
        })
        .collect()
}

/// Makes an archive in which each article has two revisions.
fn make(folder: &Path, archive: &Path, pairs: &[Pair]) {
    let mut lines = String::new();
    for pair in pairs {
        for (text, what) in [
            (
                &pair.before,
                serde_json::json!({"kind": "publish", "slug": pair.slug, "date": "2026-01-22"}),
            ),
            (
                &pair.after,
                serde_json::json!({
                    "kind": "correction",
                    "note": "Some words were wrong.",
                    "article": format!("2026/01/22/{}", pair.slug),
                    "date": "2026-01-23",
                }),
            ),
        ] {
            let mut line = what;
            line["sources"] = serde_json::json!({"zh": text});
            line["authors"] = serde_json::json!(["Desk <desk@example.org>"]);
            lines += &format!("{line}\n");
        }
    }
    let pages = folder.join("pages.jsonl");
    fs::write(&pages, lines).expect("it can be written");
    run(Command::new(PROGRAM)
        .args(["-q", "init"])
        .arg(archive)
        .args(["--title", "Bench", "--byline", "Desk"]));
    run(Command::new(PROGRAM)
        .args(["-q", "import", "--archive"])
        .arg(archive)
        .arg(&pages));
}

/// Compares two revisions by their ids, as git does by their blobs.
fn beside_git(archive: &Path, name: &str, before: &Revision, after: &Revision, runs: usize) {
    let ids = [before, after].map(|revision| revision.id.to_string());
    let blobs = [before, after]
        .map(|revision| format!("{}:{}/{PAGE_FILE}", revision.id, revision.article_id().folder()));
    let ours = |format: &str| {
        run(Command::new(PROGRAM)
            .args(["diff", "--format", format, "--archive"])
            .arg(archive)
            .args(&ids));
    };
    let git = |options: &[&str]| {
        run(Command::new("git")
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .arg("--git-dir")
            .arg(archive)
            .arg("diff")
            .args(options)
            .args(&blobs));
    };
    println!("{name}");
    let by_characters = ["--word-diff=plain", "--word-diff-regex=."];
    for format in ["text", "html", "json"] {
        let times = alternate(runs, &mut |_| ours(format), &mut |_| git(&by_characters));
        within(
            &format!("  diff --format {format} / git diff by characters"),
            times,
            GOAL,
        );
    }
    let times = alternate(runs, &mut |_| ours("unified"), &mut |_| git(&[]));
    report("  diff --format unified / git diff", times, 2.0);
}

/// Returns how long reading both revisions takes, and comparing them.
fn library(archive: &Archive, before: &Revision, after: &Revision, runs: usize) -> (Duration, Duration) {
    let time = |work: &mut dyn FnMut()| {
        let times = (0..runs).map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        });
        median(times.collect())
    };
    let reading = time(&mut || {
        for revision in [before, after] {
            Revision::read(archive, revision.id).expect("it was read before");
        }
    });
    let comparing = time(&mut || {
        let changes: Vec<ParagraphChange> = diff::compare(&before.page_text, &after.page_text);
        assert!(!changes.is_empty());
    });
    (reading, comparing)
}
