//! How long questions to the index take beside git's own answers on the same archive: medians of alternating runs
//! of whole processes.
//!
//! `cargo bench --bench index`; `BENCH_LARGE` sets the number of revisions (100,000), `BENCH_RUNS` the runs (11).
//! With `BENCH_ARCHIVE` an archive that is there already is used.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/measure.rs"]
mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use avalaches::archive::{Archive, Owner};
use avalaches::history;
use avalaches::index::Index;
use avalaches::trailer::Message;
use measure::{alternate, number, report};

const PROGRAM: &str = env!("CARGO_BIN_EXE_avalaches");

fn main() {
    let (large, runs) = (number("BENCH_LARGE", 100_000), number("BENCH_RUNS", 11));
    let folder = tempfile::tempdir().expect("a folder for the archive");
    let archive =
        std::env::var_os("BENCH_ARCHIVE").map_or_else(|| folder.path().join("archive"), PathBuf::from);
    if !archive.exists() {
        generate::archive(&archive, large);
        git(&archive, &["repack", "-adq"]);
        git(
            &archive,
            &["commit-graph", "write", "--reachable", "--changed-paths"],
        );
    }
    println!(
        "{:46} {:>9} {:>9} {:>7}  goal (ms)",
        "", "avalaches", "git", "ratio"
    );
    let row = alternate(
        runs.min(3),
        &mut |_| program(&archive, &["reindex", "--progress", "none"]),
        &mut |_| git(&archive, &["log", "--name-only", "main"]),
    );
    report("reindex / log --name-only", row, 1.0);
    let middle = output(&archive, &["rev-list", "--skip=5000", "-n1", "main"]);
    let opened = Archive::open(&archive, Owner::Caller).expect("it is an archive");
    let commit = opened
        .commit(middle.parse().expect("an id"))
        .expect("it is there");
    let article = Message::parse(&commit.message)
        .expect("a revision")
        .trailers
        .article;
    let path = article.folder();
    let row = alternate(
        runs,
        &mut |_| program(&archive, &["history", &article.to_string()]),
        &mut |_| git(&archive, &["log", "main", "--", &path]),
    );
    report("history ARTICLE / log -- path (Bloom)", row, 0.1);
    for (name, day) in [("newest", commit.author.date.day()), ("old", old_day(&opened))] {
        let (year, month) = (day.year, day.month);
        let [since, until] = [1, 28].map(|day| format!("{year:04}-{month:02}-{day:02}"));
        let month = [
            format!("--since={since}T00:00:00Z"),
            format!("--until={until}T23:59:59Z"),
        ];
        let month = ["log", &month[0], &month[1], "--name-only", "main"];
        let command = format!(
            "{PROGRAM} --archive {} list --since {since} --until {until} | head -n 24",
            archive.display()
        );
        let row = alternate(runs, &mut |_| shell(&command), &mut |_| git(&archive, &month));
        report(&format!("list, one month ({name}), first screen"), row, 0.05);
    }
    lookups(&opened);
    catching_up(&archive);
}

fn old_day(archive: &Archive) -> avalaches::date::CivilDay {
    let index = Index::of(archive).expect("an index can be had");
    let id = index
        .commit_at(index.revision_count() / 2)
        .expect("it reads")
        .expect("it is there");
    archive.commit(id).expect("it is there").author.date.day()
}

/// Asks for every article, as a program that adds many pages does.
fn lookups(archive: &Archive) {
    let index = Index::of(archive).expect("an index can be had");
    let articles = index.articles(None, None).expect("it reads");
    let held = index.hold().expect("it can be held");
    let begun = Instant::now();
    for article in &articles {
        assert!(index.newest(&article.article).expect("it reads").is_some());
    }
    let newest = begun.elapsed();
    let begun = Instant::now();
    let revisions: usize = articles
        .iter()
        .map(|article| index.revisions(&article.article).expect("it reads").len())
        .sum();
    let all = begun.elapsed();
    drop(held);
    println!(
        "\n{} articles: newest {:.2} s, revisions ({revisions}) {:.2} s; index of {} bytes",
        articles.len(),
        newest.as_secs_f64(),
        all.as_secs_f64(),
        fs::metadata(archive.path().join("avalaches.index"))
            .expect("it is there")
            .len()
    );
    let begun = Instant::now();
    for article in articles.iter().take(200) {
        assert!(
            history::newest(archive, &article.article)
                .expect("it reads")
                .is_some()
        );
    }
    println!(
        "checked against git: {:.2} ms each",
        begun.elapsed().as_secs_f64() * 1e3 / 200.0
    );
    let page = avalaches::id::BlobId::from_raw([0; 20]);
    let begun = Instant::now();
    assert!(index.search(Some(page), None).expect("it reads").is_empty());
    println!(
        "a text that is nowhere: {:.1} ms",
        begun.elapsed().as_secs_f64() * 1e3
    );
}

/// Moves the branch back and on again, so that the index lacks so many commits.
fn catching_up(archive: &Path) {
    let tip = output(archive, &["rev-parse", "main"]);
    for behind in [1_usize, 100, 10_000] {
        git(
            archive,
            &["update-ref", "refs/heads/main", &format!("main~{behind}")],
        );
        program(archive, &["reindex", "--progress", "none"]);
        git(archive, &["update-ref", "refs/heads/main", &tip]);
        let opened = Archive::open(archive, Owner::Caller).expect("it is an archive");
        let begun = Instant::now();
        assert!(Index::of(&opened).is_some());
        println!(
            "{behind} commits behind: {:.1} ms",
            begun.elapsed().as_secs_f64() * 1e3
        );
    }
}

fn program(archive: &Path, arguments: &[&str]) {
    run(Command::new(PROGRAM)
        .arg("--archive")
        .arg(archive)
        .args(arguments));
}

fn git(archive: &Path, arguments: &[&str]) {
    run(Command::new("git").arg("--git-dir").arg(archive).args(arguments));
}

fn output(archive: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("--git-dir")
        .arg(archive)
        .args(arguments)
        .output();
    let output = output.expect("git runs");
    String::from_utf8(output.stdout).expect("an id").trim().to_owned()
}

fn shell(command: &str) {
    run(Command::new("sh").args(["-c", command]));
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("it runs");
    assert!(status.success(), "{command:?}");
}
