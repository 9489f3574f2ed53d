//! How long single questions to the index take, and bringing it up to date; `peers` has the rows beside git.
//!
//! `cargo bench --bench index`; `BENCH_LARGE` sets the number of revisions (100,000).
//! With `BENCH_ARCHIVE` an archive that is there already is used.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/measure.rs"]
mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use avalaches::archive::{Archive, Owner};
use avalaches::history;
use avalaches::id::ArticleId;
use avalaches::index::{self, Candidate};
use measure::{number, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_avalaches");

fn main() {
    let large = number("BENCH_LARGE", 100_000);
    let folder = tempfile::tempdir().expect("a folder for the archive");
    let archive =
        std::env::var_os("BENCH_ARCHIVE").map_or_else(|| folder.path().join("archive"), PathBuf::from);
    if !archive.exists() {
        generate::archive(&archive, large);
        git(&archive, &["repack", "-adq"]);
    }
    let opened = Archive::open(&archive, Owner::Caller).expect("it is an archive");
    lookups(&opened);
    catching_up(&archive);
}

/// Asks for every article, as a program that adds many pages does.
fn lookups(archive: &Archive) {
    let index = index::of(archive).expect("an index can be had");
    let mut articles: Vec<ArticleId> = Vec::new();
    let mut name = |article: Candidate<'_>| {
        articles.push(article.name.parse().expect("an article"));
        false
    };
    assert!(
        index
            .articles(None, None, &mut name)
            .expect("it reads")
            .is_empty()
    );
    let held = index.hold().expect("it can be held");
    let begun = Instant::now();
    for article in &articles {
        assert!(index.newest(article).expect("it reads").is_some());
    }
    let newest = begun.elapsed();
    let begun = Instant::now();
    let revisions: usize = articles
        .iter()
        .map(|article| index.revisions(article).expect("it reads").len())
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
        assert!(history::newest(archive, article).expect("it reads").is_some());
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
        assert!(index::of(&opened).is_some());
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
