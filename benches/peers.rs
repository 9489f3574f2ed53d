//! Everything that is done to a large archive beside the program that does the like: medians of alternating runs of
//! whole processes on the same archive. BENCHMARKS.md keeps what it printed.
//!
//! `cargo bench --bench peers`. `BENCH_LARGE` sets the number of revisions (100,000); `BENCH_GROWTH` the sizes of the
//! archives that are proved for growth (10000,100000; a million takes a quarter of an hour to generate);
//! `BENCH_RUNS` the runs of each side (9; a third of it for what takes long); `BENCH_ONLY` names some of the parts:
//! prove, audit, growth, import, find, history, limits. `BENCH_REPOSITORY` and `BENCH_PATHS` give the repository whose history
//! is imported, instead of one that is generated. The row beside gitoxide is printed where `gix` is on the PATH.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/limits.rs"]
mod limits;
#[path = "support/measure.rs"]
mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use measure::{PROGRAM, alternate, git, memory, number, program, report, row, run};

fn main() {
    let (large, runs) = (number("BENCH_LARGE", 100_000), number("BENCH_RUNS", 9));
    let only = std::env::var("BENCH_ONLY").ok();
    let wanted = |part: &str| {
        only.as_deref()
            .is_none_or(|only| only.split(',').any(|name| name == part))
    };
    let folder = tempfile::tempdir().expect("a folder for the archives");
    let archive = folder.path().join("archive");
    let stream = folder.path().join("stream");
    if ["prove", "audit", "import", "find", "limits"]
        .into_iter()
        .any(wanted)
    {
        generate::archive_and_stream(&archive, large, Some(&stream));
    }
    println!(
        "{large} revisions, medians of {runs} alternating runs, ms of whole processes unless said otherwise\n"
    );
    println!(
        "{:50} {:>10} {:>10} {:>7}  goal",
        "", "avalaches", "peer", "ratio"
    );
    if wanted("prove") {
        prove(&archive, runs);
    }
    if wanted("audit") {
        audit(&archive, runs);
    }
    if wanted("growth") {
        let sizes = std::env::var("BENCH_GROWTH").unwrap_or_else(|_| "10000,100000".to_owned());
        let sizes = sizes
            .split(',')
            .map(|size| size.parse().expect("a number of revisions"));
        growth(folder.path(), &sizes.collect::<Vec<_>>(), runs.div_ceil(3));
    }
    if wanted("import") {
        import(folder.path(), &stream, large, runs.div_ceil(3));
    }
    if wanted("find") {
        find(&archive, runs);
    }
    if wanted("history") {
        history(folder.path(), runs);
    }
    if wanted("limits") {
        limits::print(&archive);
    }
}

/// Proves the archive, as it stands after `git fast-import`.
fn prove(archive: &Path, runs: usize) {
    let fsck = || git(archive, &["fsck", "--full", "--no-progress"]);
    for (name, options) in [
        ("verify / git fsck --full", &["verify"][..]),
        (
            "verify --hash sha1 / git fsck --full",
            &["verify", "--hash", "sha1"][..],
        ),
    ] {
        let times = alternate(runs, &mut |_| run(&mut program(archive, options)), &mut |_| {
            run(fsck().stderr(Stdio::null()));
        });
        report(name, times, 1.0 / 7.0);
    }
    let most = (
        memory(&mut program(archive, &["verify"])),
        memory(fsck().stderr(Stdio::null())),
    );
    row(
        "  most memory, MiB, mapped files counted",
        (most.0.all, most.1.all),
        0.7,
    );
    let gix = || {
        let mut gix = Command::new("gix");
        gix.arg("-r").arg(archive).args(["--no-verbose", "verify"]);
        gix.stderr(Stdio::null()).stdout(Stdio::null());
        gix
    };
    match gix().status() {
        Ok(status) if status.success() => {
            let times = alternate(
                runs,
                &mut |_| run(&mut program(archive, &["verify"])),
                &mut |_| run(&mut gix()),
            );
            report("verify / gix verify", times, 1.0 / 1.2);
        }
        other => println!("verify / gix verify: left out ({other:?})"),
    }
}

/// Judges the archive, beside the check of it that an audit contains. What is generated is above reproach.
fn audit(archive: &Path, runs: usize) {
    let verify = || program(archive, &["verify"]);
    for (name, options) in [
        ("audit / verify", &["audit"][..]),
        ("audit --format json / verify", &["audit", "--format", "json"][..]),
    ] {
        let times = alternate(runs, &mut |_| run(&mut program(archive, options)), &mut |_| {
            run(&mut verify());
        });
        report(name, times, 1.3);
    }
    let most = (memory(&mut program(archive, &["audit"])), memory(&mut verify()));
    row(
        "  most memory, MiB, mapped files counted",
        (most.0.all, most.1.all),
        1.3,
    );
    let document = output(program(archive, &["audit", "--format", "json"]));
    let document: serde_json::Value = serde_json::from_str(&document).expect("it is JSON");
    let findings = document["findings"].as_array().expect("a list").len();
    println!("  findings in {} revisions: {findings}", document["revisions"]);
    assert_eq!(findings, 0);
}

/// Proves archives of growing sizes.
fn growth(folder: &Path, sizes: &[usize], runs: usize) {
    let archives: Vec<PathBuf> = sizes
        .iter()
        .map(|size| {
            let archive = folder.join(format!("growth-{size}"));
            generate::archive(&archive, *size);
            archive
        })
        .collect();
    for (pair, sizes) in archives.windows(2).zip(sizes.windows(2)) {
        let times = alternate(
            runs,
            &mut |_| run(&mut program(&pair[1], &["verify"])),
            &mut |_| run(&mut program(&pair[0], &["verify"])),
        );
        report(&format!("verify {} / verify {}", sizes[1], sizes[0]), times, 12.0);
    }
    for (archive, size) in archives.iter().zip(sizes) {
        let memory = memory(&mut program(archive, &["verify"]));
        let name = format!("verify {size}: MiB without mapped files / goal");
        row(&name, (memory.own, 600.0), 1.0);
        fs::remove_dir_all(archive).expect("it was made here");
    }
}

/// Imports pages; git is given the same revisions ready for its store.
fn import(folder: &Path, stream: &Path, revisions: usize, runs: usize) {
    let pages = folder.join("pages.jsonl");
    generate::pages(&pages, revisions);
    let make = |side: &str| {
        let path = folder.join(format!("import-{side}"));
        if path.exists() {
            fs::remove_dir_all(&path).expect("it was made here");
        }
        path
    };
    let ours = make("ours");
    let theirs = make("git");
    let init = || {
        make("ours");
        let options = [
            "--title",
            "Generated",
            "--byline",
            "Desk",
            "--utc-offset",
            "+00:00",
        ];
        run(Command::new(PROGRAM)
            .args(["-q", "init"])
            .arg(&ours)
            .args(options));
        make("git");
        run(Command::new("git")
            .args(["init", "-q", "--bare", "-b", "main"])
            .arg(&theirs));
    };
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..runs {
        init();
        let (one, other) = alternate(
            1,
            &mut |_| run(program(&ours, &["import"]).arg(&pages)),
            &mut |_| {
                let stream = fs::File::open(stream).expect("it was made here");
                run(git(&theirs, &["fast-import", "--quiet"]).stdin(stream));
            },
        );
        times.0.push(one);
        times.1.push(other);
    }
    let times = (measure::median(times.0), measure::median(times.1));
    report("import / git fast-import of the ready stream", times, 0.25);
    let sizes = (packed(&ours), packed(&theirs));
    row("  packs, MB", sizes, 1.0);
    init();
    let memory = memory(program(&ours, &["import"]).arg(&pages));
    println!(
        "  import: {:.0} MiB, of which mapped {:.0}",
        memory.all,
        memory.all - memory.own
    );
    let times = alternate(1, &mut |_| run(&mut program(&ours, &["maintain"])), &mut |_| {
        let stream = fs::File::open(stream).expect("it was made here");
        run(git(&theirs, &["fast-import", "--quiet"]).stdin(stream));
        run(&mut git(&theirs, &["gc", "--quiet"]));
    });
    println!(
        "  maintain {:.1} s, fast-import and gc {:.1} s",
        times.0.as_secs_f64(),
        times.1.as_secs_f64()
    );
    row(
        "  packs after maintain / after git gc, MB",
        (packed(&ours), packed(&theirs)),
        1.2,
    );
    for path in [ours, theirs, pages] {
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
}

/// Returns the size of a repository's packs, in megabytes.
fn packed(repository: &Path) -> f64 {
    let entries = fs::read_dir(repository.join("objects/pack")).expect("it is a repository");
    let packs = entries
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pack"));
    let bytes: u64 = packs
        .map(|path| fs::metadata(path).expect("it is there").len())
        .sum();
    Duration::from_micros(bytes).as_secs_f64()
}

/// Finds articles, with what git keeps for the purpose: a pack of its own and changed-path Bloom filters.
fn find(archive: &Path, runs: usize) {
    run(&mut git(archive, &["repack", "-adq"]));
    run(git(
        archive,
        &["commit-graph", "write", "--reachable", "--changed-paths"],
    )
    .stderr(Stdio::null()));
    let times = alternate(
        runs.div_ceil(3),
        &mut |_| run(&mut program(archive, &["reindex"])),
        &mut |_| run(&mut git(archive, &["log", "--name-only", "main"])),
    );
    report("reindex / git log --name-only", times, 1.0);
    for (age, skip) in [("newest", 1_000), ("old", 50_000)] {
        let middle = git(
            archive,
            &[
                "log",
                &format!("--skip={skip}"),
                "-n1",
                "--format=%ad %b",
                "--date=format:%Y-%m",
                "main",
            ],
        );
        let said = output(middle);
        let (month, body) = said.split_once(' ').expect("a date and a message");
        let article = body
            .lines()
            .find_map(|line| line.strip_prefix("Article-Id: "))
            .expect("a revision");
        let path = format!("articles/{article}");
        let times = alternate(
            runs,
            &mut |_| run(&mut program(archive, &["history", article])),
            &mut |_| run(&mut git(archive, &["log", "main", "--", &path])),
        );
        report(&format!("history ARTICLE / git log -- path, {age}"), times, 0.1);
        let (since, until) = (format!("{month}-01"), format!("{month}-28"));
        let days = [
            format!("--since={since}T00:00:00Z"),
            format!("--until={until}T23:59:59Z"),
        ];
        let list = ["list", "--since", &since, "--until", &until, "--limit", "24"];
        let times = alternate(runs, &mut |_| run(&mut program(archive, &list)), &mut |_| {
            run(&mut git(
                archive,
                &["log", &days[0], &days[1], "--name-only", "main"],
            ));
        });
        report(
            &format!("list a month, first screen / git log, {age}"),
            times,
            0.05,
        );
    }
}

/// Imports the history of a repository of articles, beside git's telling of the same.
fn history(folder: &Path, runs: usize) {
    let given = std::env::var_os("BENCH_REPOSITORY").map(PathBuf::from);
    let repository = given.unwrap_or_else(|| {
        let path = folder.join("weekly");
        generate::weekly(&path, 1_400);
        path
    });
    let paths = std::env::var("BENCH_PATHS").unwrap_or_else(|_| "docs/*.md".to_owned());
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let archive = tempfile::tempdir_in(folder).expect("a folder");
        let ours = archive.path().join("archive");
        run(Command::new(PROGRAM)
            .args(["-q", "init"])
            .arg(&ours)
            .args(["--title", "Weekly", "--byline", "Desk"]));
        let (one, other) = alternate(
            1,
            &mut |_| {
                let mut import = program(&ours, &["import", "--path", &paths, "--git"]);
                import
                    .arg(&repository)
                    .args(["--lang", "zh", "--allow-invisible", "--keep-going"]);
                // A real one may hold what no article may; that is left out, and the exit status is 1.
                let status = import.stdout(Stdio::null()).stderr(Stdio::null()).status();
                assert!(status.expect("it runs").code().is_some_and(|code| code < 2));
            },
            &mut |_| run(&mut git(&repository, &["log", "-p", "HEAD", "--", &paths])),
        );
        times.0.push(one);
        times.1.push(other);
    }
    let times = (measure::median(times.0), measure::median(times.1));
    report("import --git / git log -p", times, 1.0);
}

fn output(mut command: Command) -> String {
    let output = command.output().expect("git runs");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
