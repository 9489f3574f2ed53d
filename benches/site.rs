//! How long it takes to publish an archive, beside Hugo on the same texts with `enableGitInfo`, which prints for each page the
//! commit that changed it last: whole sites, medians of alternating runs of whole processes; a build after one new article;
//! and what the proof adds to a page. BENCHMARKS.md keeps what it printed.
//!
//! `cargo bench --bench site`; `BENCH_ARTICLES` sets the number of articles (10,000), `BENCH_RUNS` the runs of each side (5),
//! `BENCH_HUGO` the program (`hugo`). Hugo's pages are as much as ours as it can make them: the texts of an article on one page
//! with a footer, a home page, pages of months and tags, feeds and a site map. They have no histories, no pages of earlier
//! revisions and no proofs.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/measure.rs"]
mod measure;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use avalaches::archive::{Archive, Owner};
use avalaches::history;
use avalaches::revision::Revision;
use flate2::Compression;
use flate2::write::GzEncoder;
use measure::{alternate, git, number, program, report, row, run, within};

/// What an editor waits for without minding.
const GOAL: Duration = Duration::from_secs(1);

fn main() {
    let (articles, runs) = (number("BENCH_ARTICLES", 10_000), number("BENCH_RUNS", 5));
    let folder = tempfile::tempdir().expect("a folder for the archive");
    let archive = folder.path().join("archive");
    // A tenth of the revisions follow another one of their article.
    generate::archive(&archive, articles + articles / 9);
    run(&mut git(&archive, &["repack", "-adq"]));
    let settings = ["settings", "--base-url", "https://example.org/"];
    run(&mut program(&archive, &settings));
    let source = folder.path().join("hugo");
    let articles = write_source(&archive, &source);
    // Each run has a folder of its own: ext4 takes its time over new files where many were deleted a moment ago.
    let [site, theirs] = ["site-0", "public-0"].map(|name| folder.path().join(name));
    println!("{articles} articles, medians of {runs} alternating runs, ms of whole processes");
    println!(
        "\n{:50} {:>10} {:>10} {:>7}  goal",
        "", "avalaches", "hugo", "ratio"
    );
    let path = |path: &Path| path.to_str().expect("it is text").to_owned();
    let hugo = |source: &Path, theirs: &Path| {
        let hugo = std::env::var_os("BENCH_HUGO").unwrap_or_else(|| "hugo".into());
        let mut command = Command::new(hugo);
        let arguments = ["--quiet", "--noBuildLock", "--source"];
        command
            .args(arguments)
            .arg(source)
            .arg("--destination")
            .arg(theirs);
        command
    };
    let times = alternate(
        runs,
        &mut |number| {
            let fresh = folder.path().join(format!("site-{number}"));
            run(&mut program(&archive, &["build", &path(&fresh)]));
        },
        &mut |number| {
            let fresh = folder.path().join(format!("public-{number}"));
            run(&mut hugo(&source, &fresh));
        },
    );
    report("build of everything", times, 1.0);
    let times = alternate(
        runs,
        &mut |_| run(&mut program(&archive, &["build", &path(&site)])),
        &mut |_| run(&mut hugo(&source, &theirs)),
    );
    within("build again, nothing new", times, GOAL);
    after_one_more(&archive, &site, folder.path(), runs);
    weigh(&site);
}

/// Adds articles one by one, and builds after each.
fn after_one_more(archive: &Path, site: &Path, folder: &Path, runs: usize) {
    let page = folder.join("page.txt");
    let mut times = Vec::new();
    for number in 0..runs {
        fs::write(
            &page,
            format!("第{number}座桥今天通车。\n\nBridge {number} opened today.\n"),
        )
        .expect("a page");
        let [page, site] = [&page, site].map(|path| path.to_str().expect("it is text"));
        run(&mut program(archive, &["add", page, "--date", "2026-11-20"]));
        let begun = std::time::Instant::now();
        run(&mut program(archive, &["build", site]));
        times.push(begun.elapsed());
    }
    let time = measure::median(times);
    let met = if time <= GOAL { "met" } else { "missed" };
    println!(
        "{:50} {:10.2} {:>10} {:>7}  <= 1000 ms {met}",
        "build after one new article",
        time.as_secs_f64() * 1e3,
        "",
        ""
    );
}

/// Tells what a page weighs over its text, as servers send it.
fn weigh(site: &Path) {
    let mut over: Vec<usize> = Vec::new();
    let mut pending = vec![site.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).expect("it is a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|ending| ending == "html")
                && path.with_extension("proof").exists()
            {
                let html = fs::read_to_string(&path).expect("it is text");
                let draft = avalaches::draft::html::read(&html).expect("it is a page");
                over.push(zipped(html.as_bytes()).saturating_sub(zipped(draft.text().as_bytes())));
            }
        }
    }
    over.sort_unstable();
    let [middle, most] = [over.len() / 2, over.len() - 1].map(|at| thousands(over[at]));
    row(
        "a page over its text, gzipped, kB: median, most",
        (middle, most),
        1.0,
    );
    println!(
        "the heaviest of {} pages: {most:.1} kB over its text  <= 25 kB {}",
        over.len(),
        if most <= 25.0 { "met" } else { "missed" }
    );
}

fn thousands(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).expect("a page is small")) / 1000.0
}

fn zipped(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .expect("a vector takes whatever is written to it");
    encoder
        .finish()
        .expect("a vector takes whatever is written to it")
        .len()
}

/// Writes the newest revision of every article as a page for Hugo, each with a commit of its own; returns how many.
fn write_source(archive: &Path, source: &Path) -> usize {
    fs::create_dir(source).expect("a folder");
    let work = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(source).args(arguments);
        command
    };
    run(&mut work(&["init", "-q", "-b", "main"]));
    let mut child = work(&["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stream = BufWriter::new(child.stdin.take().expect("it was asked for"));
    let opened = Archive::open(archive, Owner::Caller).expect("it is an archive");
    let newest = history::course(&opened).expect("it can be walked").newest;
    for (name, text) in FRAME {
        write_file(&mut stream, name, text, 1_700_000_000).expect("git reads all of it");
    }
    for (article, id) in &newest {
        let revision = Revision::read(&opened, *id).expect("it is one");
        let metadata = revision.metadata();
        let text = format!(
            "---\ntitle: {:?}\ndate: {}\ntags: {:?}\n---\n\n{}",
            metadata
                .titles
                .values()
                .next()
                .map_or_else(|| article.slug().to_string(), Clone::clone),
            metadata.date,
            metadata.tags,
            revision.article.sources.join("\n")
        );
        let name = format!("content/{article}.md");
        write_file(&mut stream, &name, &text, metadata.date.seconds()).expect("git reads all of it");
    }
    drop(stream);
    assert!(child.wait().expect("git ends").success());
    run(&mut work(&["reset", "-q", "--hard"]));
    newest.len()
}

/// Writes a commit of one file.
fn write_file(stream: &mut impl Write, name: &str, text: &str, when: i64) -> io::Result<()> {
    write!(
        stream,
        "commit refs/heads/main\ncommitter Desk <desk@example.org> {when} +0800\ndata 4\npage\n"
    )?;
    write!(stream, "M 100644 inline {name}\ndata {}\n{text}\n", text.len())
}

/// What Hugo makes a site of, beside the pages.
const FRAME: [(&str, &str); 5] = [
    (
        "hugo.toml",
        "baseURL = 'https://example.org/'\ntitle = 'Avalaches'\nenableGitInfo = true\ncapitalizeListTitles = false\n\
         [taxonomies]\ntag = 'tags'\n[pagination]\ndisableAliases = true\n",
    ),
    (
        "layouts/_default/baseof.html",
        "<!DOCTYPE html>\n<html lang=\"zh\">\n<head><meta charset=\"utf-8\"><title>{{ .Title }}</title></head>\n\
         <body>{{ block \"main\" . }}{{ end }}</body>\n</html>\n",
    ),
    (
        "layouts/_default/single.html",
        "{{ define \"main\" }}<article><p><a href=\"/\">← 返回 Avalaches</a></p>\n{{ .Content }}\n\
         {{ with .GitInfo }}<footer>{{ .AuthorDate.Format \"2006-01-02 (Monday)\" }} · {{ .Hash }}</footer>{{ end }}</article>{{ end }}\n",
    ),
    (
        "layouts/_default/list.html",
        "{{ define \"main\" }}<h1>{{ .Title }}</h1><ul>{{ range .Pages }}<li>{{ .Date.Format \"2006-01-02\" }} \
         <a href=\"{{ .RelPermalink }}\">{{ .Title }}</a></li>\n{{ end }}</ul>{{ end }}\n",
    ),
    (
        "layouts/index.html",
        "{{ define \"main\" }}<h1>{{ .Title }}</h1><ul>{{ range first 100 .Site.RegularPages }}<li>{{ .Date.Format \"2006-01-02\" }} \
         <a href=\"{{ .RelPermalink }}\">{{ .Title }}</a></li>\n{{ end }}</ul>{{ end }}\n",
    ),
];
