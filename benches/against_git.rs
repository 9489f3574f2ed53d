//! How long this program takes beside git, in the same run: medians of alternating runs of whole processes.
//!
//! `cargo bench --bench against_git`; `BENCH_LARGE` sets the size of the large archive (100,000 articles), and
//! `BENCH_RUNS` the runs of each side (31).

#[path = "support/generate.rs"]
mod generate;
#[path = "support/measure.rs"]
mod measure;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use measure::{alternate, number, report};

const PROGRAM: &str = env!("CARGO_BIN_EXE_avalaches");
const SMALL: usize = 1_000;

fn main() {
    let (large, runs) = (number("BENCH_LARGE", 100_000), number("BENCH_RUNS", 31));
    let folder = tempfile::tempdir().expect("a folder for the archives");
    println!("medians of {runs} alternating runs, milliseconds of whole processes\n");
    println!("{:50} {:>10} {:>10} {:>7}  goal", "", "avalaches", "git", "ratio");
    for articles in [SMALL, large] {
        let home = folder.path().join(articles.to_string());
        fs::create_dir(&home).expect("a new folder");
        let archive = home.join("archive");
        generate::archive(&archive, articles);
        let work = work_tree(&home, articles);
        for (word, ours, git) in [
            (
                "synced",
                &[][..],
                &["-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync"][..],
            ),
            ("not synced", &["--no-fsync"][..], &["-c", "core.fsync=none"][..]),
        ] {
            let row = add(&home, &archive, &work, runs, ours, git);
            report(&format!("add one page, {word}, {articles} articles"), row, 1.0);
        }
        let row = verify_one(&archive, runs);
        report(
            &format!("verify ID / cat-file -p ID, {articles} articles"),
            row,
            2.0,
        );
    }
    println!(
        "\n{:50} {:>10} {:>10} {:>7}  goal",
        "avalaches alone", large, SMALL, "ratio"
    );
    growth(folder.path(), large, runs);
}

/// Runs the program on the large archive and on the small one in turn.
fn growth(folder: &Path, large: usize, runs: usize) {
    let homes = [large, SMALL].map(|articles| folder.join(articles.to_string()));
    for (word, options) in [("synced", &[][..]), ("not synced", &["--no-fsync"][..])] {
        let mut add = homes.each_ref().map(|home| {
            let archive = home.join("archive");
            move |number: usize| add_page(home, &archive, options, &format!("growth, {word}"), number)
        });
        let [large, small] = &mut add;
        report(
            &format!("add one page, {word}"),
            alternate(runs, large, small),
            1.5,
        );
    }
    let mut verify = homes.each_ref().map(|home| {
        let archive = home.join("archive");
        let id = an_id(&archive);
        move |_| verify_id(&archive, &id)
    });
    let [large, small] = &mut verify;
    report("verify ID", alternate(runs, large, small), 1.5);
}

fn add(
    home: &Path,
    archive: &Path,
    work: &Path,
    runs: usize,
    ours: &[&str],
    git: &[&str],
) -> (Duration, Duration) {
    let key = ours.len() + git.len();
    alternate(
        runs,
        &mut |number| add_page(home, archive, ours, &key.to_string(), number),
        &mut |number| {
            let name = format!("articles/2026/11/24/new-{key}-{number}/page.txt");
            fs::create_dir_all(work.join(&name).parent().expect("a folder")).expect("it can be made");
            fs::write(work.join(&name), page_text(&key.to_string(), number)).expect("it can be written");
            run(Command::new("git")
                .arg("-C")
                .arg(work)
                .args(git)
                .args(["add", &name]));
            run(Command::new("git")
                .arg("-C")
                .arg(work)
                .args(git)
                .args(["commit", "-q", "-m", "add"]));
        },
    )
}

fn page_text(key: &str, number: usize) -> String {
    format!(
        "第{key}组第{number}篇文章的正文，写在这里。\n\nArticle {number} of group {key}, in a few words.\n"
    )
}

fn add_page(home: &Path, archive: &Path, options: &[&str], key: &str, number: usize) {
    let page = home.join("page.txt");
    fs::write(&page, page_text(key, number)).expect("it can be written");
    run(Command::new(PROGRAM)
        .args(options)
        .args(["-q", "add", "--author", "Desk", "--archive"])
        .arg(archive)
        .arg(&page));
}

fn verify_one(archive: &Path, runs: usize) -> (Duration, Duration) {
    let id = an_id(archive);
    alternate(runs, &mut |_| verify_id(archive, &id), &mut |_| {
        run(Command::new("git")
            .arg("--git-dir")
            .arg(archive)
            .args(["cat-file", "-p", &id]));
    })
}

/// Returns the id of a commit in the middle of the branch.
fn an_id(archive: &Path) -> String {
    let middle = Command::new("git")
        .arg("--git-dir")
        .arg(archive)
        .args(["rev-list", "--skip=500", "-n1", "main"])
        .output()
        .expect("git runs");
    let id = String::from_utf8(middle.stdout).expect("an id");
    id.trim().to_owned()
}

fn verify_id(archive: &Path, id: &str) {
    run(Command::new(PROGRAM)
        .args(["-q", "verify", id, "--archive"])
        .arg(archive));
}

/// Makes git's side: a work tree with one file for each article, in folders by date as in the archive.
fn work_tree(home: &Path, articles: usize) -> std::path::PathBuf {
    let work = home.join("work");
    for number in 0..articles {
        let (year, month, day) = (1980 + number / 1800, 1 + number / 150 % 12, 1 + number / 5 % 30);
        let folder = work.join(format!("articles/{year}/{month:02}/{day:02}/article-{number}"));
        fs::create_dir_all(&folder).expect("it can be made");
        fs::write(folder.join("page.txt"), format!("Article {number}.\n")).expect("it can be written");
    }
    run(Command::new("git").args(["init", "-q", "-b", "main"]).arg(&work));
    // Housekeeping in the background would fall on whichever side runs next.
    for setting in ["gc.auto", "maintenance.auto"] {
        run(Command::new("git")
            .arg("-C")
            .arg(&work)
            .args(["config", setting, "0"]));
    }
    run(Command::new("git").arg("-C").arg(&work).args(["add", "."]));
    run(Command::new("git")
        .arg("-C")
        .arg(&work)
        .args(["commit", "-q", "-m", "all"]));
    run(Command::new("git").arg("-C").arg(&work).args(["gc", "-q"]));
    work
}

fn run(command: &mut Command) {
    for (name, value) in [
        ("GIT_AUTHOR_NAME", "Desk"),
        ("GIT_AUTHOR_EMAIL", "d@e"),
        ("GIT_COMMITTER_NAME", "Desk"),
        ("GIT_COMMITTER_EMAIL", "d@e"),
    ] {
        command.env(name, value);
    }
    let status = command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdout(Stdio::null())
        .status()
        .expect("it runs");
    assert!(status.success(), "{command:?}");
}
