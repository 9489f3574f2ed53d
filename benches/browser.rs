//! How long the check at the footer of a page takes in Chromium, from the press of the button to the verdict, and what a page
//! weighs that carries its proof. BENCHMARKS.md keeps what it printed. It needs the Debian packages `chromium` and
//! `chromium-driver`.
//!
//! `cargo bench --bench browser`; `BENCH_RUNS` sets the presses of each page (21), `BENCH_BYTES` the size of the long text (20,000).

#[path = "../tests/support/browser.rs"]
#[allow(dead_code, reason = "tests ask the browser more")]
mod browser;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/text.rs"]
#[allow(dead_code, reason = "other benches write more")]
mod text;

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use browser::{Browser, PRESS};
use flate2::Compression;
use flate2::write::GzEncoder;
use measure::{number, program};

/// What a reader waits for without noticing, and what a page may weigh more than its text.
const GOAL: Duration = Duration::from_millis(100);
const MOST_BYTES: usize = 25_000;

fn main() {
    let (runs, bytes) = (number("BENCH_RUNS", 21), number("BENCH_BYTES", 20_000));
    let folder = tempfile::tempdir().expect("a folder for the archive");
    let archive = folder.path().join("archive");
    let site = folder.path().join("site");
    let long = folder.path().join("long.txt");
    fs::write(&long, text::chinese(1, bytes)).expect("it can be written");
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/pages/2026-01-22-export-controls.txt"
    );
    let (long, made, out) = (
        long.display().to_string(),
        archive.display().to_string(),
        site.display().to_string(),
    );
    for arguments in [
        vec!["init", &made, "--archived-at", "2026-01-22"],
        vec!["add", sample, "--slug", "sample", "--author", "Desk"],
        vec![
            "add",
            &long,
            "--slug",
            "long",
            "--author",
            "Desk",
            "--date",
            "2026-01-22",
        ],
        vec!["build", &out],
    ] {
        let status = program(&archive, &arguments)
            .stdout(std::process::Stdio::null())
            .status();
        assert!(status.expect("it runs").success(), "{arguments:?}");
    }
    let browser = Browser::start(&[]);
    println!(
        "{:30} {:>12} {:>12} {:>14} {:>14}",
        "", "median, ms", "slowest, ms", "page, gzipped", "over its text"
    );
    for slug in ["sample", "long"] {
        let name = format!("2026/01/22/{slug}");
        let path = site.join(&name).join("index.html");
        let page = gzipped(&fs::read(&path).expect("it was built"));
        let shown = program(&archive, &["show", &name])
            .output()
            .expect("it runs")
            .stdout;
        let mut times: Vec<f64> = (0..runs)
            .map(|_| {
                browser.open(&path);
                let said = browser.wait_for(PRESS, Vec::new());
                assert_eq!(said["verdict"], "proved", "{said}");
                said["milliseconds"].as_f64().expect("the page measures")
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let (median, slowest) = (times[runs / 2], times[runs - 1]);
        let over = page - gzipped(&shown);
        let is_met = |met: bool| if met { "met" } else { "missed" };
        println!(
            "{:30} {median:12.1} {slowest:12.1} {page:14} {over:14}  <= {GOAL:?} {}, <= {MOST_BYTES} {}",
            format!("{slug}, {} bytes of text", shown.len()),
            is_met(median <= GOAL.as_secs_f64() * 1e3),
            is_met(over <= MOST_BYTES)
        );
    }
}

fn gzipped(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it").len()
}
