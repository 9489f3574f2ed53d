//! The page of an audit: whole, of one piece, bounded, and harmless whatever is in the archive.

#[path = "support/archives.rs"]
mod archives;
#[path = "../benches/support/generate.rs"]
mod generate;
#[path = "support/interrupted.rs"]
mod interrupted;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use archives::{Story, git, git_reading};
use interrupted::interrupted;
use scraper::{ElementRef, Html, Selector};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const ARTICLE: &str = "2026/01/22/bridge";
const TITLE: &str = "新报</title><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>";
const NOTE: &str = "更正：</p><style>*{}</style><a href=\"javascript:alert(3)\" onclick='x'>&lt;b&gt;";

/// Runs the audit in a form, and returns its exit status and what it printed.
fn audit(archive: &Path, options: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_avalaches"))
        .args(["audit", "--archive"])
        .arg(archive)
        .args(options)
        .env("SOURCE_DATE_EPOCH", "1769140800")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), printed)
}

fn page(archive: &Path, options: &[&str]) -> (Option<i32>, Html) {
    let (status, printed) = audit(archive, &[&["--format", "html"], options].concat());
    let page = Html::parse_document(&printed);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    is_of_one_piece(&page);
    (status, page)
}

fn report(archive: &Path) -> Value {
    serde_json::from_str(&audit(archive, &["--json"]).1).unwrap()
}

fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    let elements = all(page, selector);
    elements
        .into_iter()
        .map(|element| element.text().collect())
        .collect()
}

/// Nothing on the page is fetched, run or sent, and the browser is told to refuse it.
fn is_of_one_piece(page: &Html) {
    let elements = all(page, "*");
    for element in &elements {
        let name = element.value().name();
        let harmless = "html head meta title style body header main footer nav section h1 h2 h3 p ul ol li dl dt dd div span \
                        strong b bdi code a time table thead tbody tr th td details summary figure figcaption svg desc g rect line \
                        text ins del";
        assert!(
            harmless.split_ascii_whitespace().any(|known| known == name),
            "there is a {name}"
        );
        for (key, value) in element.value().attrs() {
            let is_link = key == "href";
            assert!(!is_link || value.starts_with('#'), "{name} {key}={value:?}");
            assert!(
                !key.starts_with("on") && !["src", "style", "srcset", "action"].contains(&key),
                "{name} {key}"
            );
            assert!(is_link || !value.contains("://"), "{name} {key}={value:?}");
        }
    }
    let style = texts(page, "style").concat();
    assert!(!style.contains("url(") && !style.contains("@import"));
    let policy = all(page, "meta[http-equiv=Content-Security-Policy]")[0]
        .attr("content")
        .unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    let digest = policy
        .split("'sha256-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    let expected = Sha256::digest(&style);
    assert_eq!(decoded(digest), expected.as_slice(), "the style's own digest");
    assert!(all(page, "html[lang=en]").len() == 1 && all(page, "h1").len() == 1);
    let ids: Vec<&str> = elements.iter().filter_map(|element| element.attr("id")).collect();
    let unique: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
    for element in &elements {
        let named = ["aria-labelledby", "href"]
            .iter()
            .filter_map(|key| element.attr(key));
        for id in named.flat_map(str::split_ascii_whitespace) {
            assert!(
                ids.contains(&id.trim_start_matches('#')),
                "nothing has the id {id}"
            );
        }
    }
}

/// Decodes base64 with the system's own program.
fn decoded(text: &str) -> Vec<u8> {
    let mut child = Command::new("base64")
        .arg("-d")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().stdout
}

/// Compares the plot with the months of the JSON report.
fn has_the_months(page: &Html, report: &Value) {
    let mut drawn = BTreeMap::new();
    let mut x = Vec::new();
    for month in all(page, "svg g.month") {
        let slices = month
            .select(&Selector::parse("rect").unwrap())
            .collect::<Vec<_>>();
        let kinds: BTreeMap<&str, u64> = slices
            .iter()
            .map(|slice| {
                (
                    slice.attr("class").unwrap(),
                    slice.attr("data-count").unwrap().parse().unwrap(),
                )
            })
            .collect();
        let name = month.attr("data-month").unwrap();
        x.push((
            name.to_owned(),
            slices[0].attr("x").unwrap().parse::<usize>().unwrap(),
        ));
        assert!(
            drawn.insert(name.to_owned(), kinds).is_none(),
            "{name} is drawn twice"
        );
    }
    let months = report["months"].as_array().unwrap();
    assert_eq!(drawn.len(), months.len());
    for month in months {
        let kinds = &drawn[month["month"].as_str().unwrap()];
        for (kind, count) in month.as_object().unwrap().iter().skip(1) {
            assert_eq!(
                kinds.get(kind.as_str()).copied().unwrap_or(0),
                count.as_u64().unwrap(),
                "{month}"
            );
        }
    }
    for svg in all(page, "svg") {
        let has = |child: &str| {
            svg.children()
                .any(|node| node.value().as_element().is_some_and(|e| e.name() == child))
        };
        assert!(has("title") && has("desc") && svg.attr("role") == Some("img"));
    }
}

/// Compares the list of findings with that of the JSON report.
fn has_the_findings(page: &Html, report: &Value) {
    let listed = all(page, ".found > li");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(listed.len(), findings.len());
    for (item, finding) in listed.iter().zip(findings) {
        let text: String = item.text().collect();
        let place = finding["footer"].as_str().or(finding["place"].as_str()).unwrap();
        assert!(
            text.contains(place) && text.contains(finding["what"].as_str().unwrap()),
            "{text}: {finding}"
        );
        if let Some(article) = finding["article"].as_str() {
            assert!(
                text.contains(&format!("{article}, revision {}", finding["revision"])),
                "{text}"
            );
        }
    }
    let mut codes: Vec<&str> = findings
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    codes.dedup();
    assert_eq!(texts(page, "section.group h3 code"), codes);
}

/// Compares the table with what the real git tells of the branch.
fn has_the_corrections(page: &Html, archive: &Path) {
    let format = "%ad · %H%n%(trailers:key=Revision-Kind,valueonly)";
    let format = format!("--format={format}");
    let told = git(archive, &["log", "--date=format:%Y-%m-%d (%A)", &format, "main"]);
    let told: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
    let mut expected = Vec::new();
    let mut footer = "";
    for line in told {
        if line.contains(" · ") {
            footer = line;
        } else if line != "publish" {
            expected.push(format!("{line} {footer}"));
        }
    }
    let rows = all(page, ".corrections tbody tr");
    let found = rows.iter().map(|row| {
        let one = |selector: &str| {
            row.select(&Selector::parse(selector).unwrap())
                .next()
                .unwrap()
                .text()
                .collect::<String>()
        };
        format!("{} {}", one(".mark"), one("code"))
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert!(!expected.is_empty());
}

fn bilingual(number: usize) -> String {
    format!(
        "桥{number}今天通车，<b>市长</b>剪彩。\n\nBridge {number} opened today; </p><script>alert(4)</script> & the mayor \u{202e}came.\n"
    )
}

/// An archive whose every text wants to be markup.
fn hostile() -> Story {
    let story = Story::begin();
    story.yes(&["settings", "--title", TITLE]);
    let usual = [
        "--date",
        "2026-01-22",
        "--allow-invisible",
        "--author",
        "林\"onload='x",
    ];
    let title = format!("zh={TITLE}");
    story.add(
        "one.txt",
        &bilingual(1),
        &[&usual[..], &["--slug", "bridge", "--title", &title]].concat(),
    );
    let follows = ["--article", ARTICLE, "--note", NOTE, "--kind"];
    story.add(
        "two.txt",
        &bilingual(2),
        &[&usual[..], &follows, &["correction"]].concat(),
    );
    story.add(
        "three.txt",
        &bilingual(3),
        &[&usual[..], &follows, &["update"]].concat(),
    );
    story.add(
        "four.txt",
        "本文已撤回。\n\nThis article has been retracted.\n",
        &[&usual[..], &follows, &["retraction"]].concat(),
    );
    story
}

#[test]
fn the_page_of_the_shipped_archive_has_everything_once() {
    let archive = Path::new(ROOT).join("archive");
    let (status, page) = page(&archive, &["--now", "2026-11-25"]);
    assert_eq!(status, Some(0));
    let report = report(&archive);
    has_the_months(&page, &report);
    has_the_corrections(&page, &archive);
    let head = texts(&page, "header").concat();
    for told in [
        "Avalaches",
        "No error and no warning was found.",
        "The whole history",
        "15 revisions of 13 articles",
        "2026-11-25",
    ] {
        assert!(head.contains(told), "{told} in {head}");
    }
    let tip = report["tip"].as_str().unwrap();
    assert!(texts(&page, ".facts code")[0].ends_with(tip));
    // What a correction changed is there, folded up, in both languages.
    let gone: Vec<String> = texts(&page, "details:not([open]) .text[lang=zh] del");
    assert!(gone.contains(&"1996".to_owned()), "{gone:?}");
    assert!(texts(&page, "details .text[lang=en] ins").contains(&"1995".to_owned()));
    assert_eq!(texts(&page, ".title bdi[lang=zh]").len(), 2);
    for what in report["not_proved"].as_array().unwrap() {
        assert!(texts(&page, "#not-proved li").contains(&what.as_str().unwrap().to_owned()));
    }
    assert!(
        texts(&page, "body > footer")
            .concat()
            .contains(concat!("avalaches ", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn what_wants_to_be_markup_stays_text() {
    let story = hostile();
    // A commit that disagrees with its article: the note in the message steers terminals and turns the direction.
    let steering = "\u{202e}\u{1b}[2J<script>alert(5)</script>";
    let commit = story.git(&["cat-file", "commit", "main"]).replace(NOTE, steering) + "\n";
    let hash = ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"];
    let id = git_reading(&story.archive(), &hash, commit);
    story.git(&["update-ref", "refs/heads/main", &id]);
    fs::remove_file(story.archive().join("avalaches.branch")).unwrap();

    let (status, page) = page(&story.archive(), &[]);
    assert_eq!(status, Some(1));
    let report = report(&story.archive());
    assert!(!report["findings"].as_array().unwrap().is_empty());
    has_the_findings(&page, &report);
    has_the_months(&page, &report);
    has_the_corrections(&page, &story.archive());
    assert_eq!(texts(&page, "h1"), [TITLE]);
    assert_eq!(texts(&page, "title")[0], format!("Audit: {TITLE}"));
    let notes = texts(&page, ".note");
    assert_eq!(notes[1..], [NOTE, NOTE]);
    let unseen = "\u{202e}[2J<script>alert(5)</script>";
    assert_eq!(notes[0], unseen, "a control is named, and stands nowhere");
    assert_eq!(all(&page, ".note bdi.unseen").len(), 2);
    let changed = texts(&page, ".difference .text").concat();
    assert!(
        changed.contains("</p><script>alert(4)</script> & the mayor \u{202e}came."),
        "{changed}"
    );
    assert!(!all(&page, ".difference .unseen[data-code='U+202E']").is_empty());
    let whole = page.html();
    let outside = whole.matches('\u{202e}').count();
    assert_eq!(
        outside,
        all(&page, "bdi.unseen[data-code='U+202E']").len(),
        "each is isolated"
    );
    assert!(
        texts(&page, ".left-out")
            .iter()
            .any(|why| why.starts_with("What changed cannot be shown"))
    );
}

#[test]
fn many_corrections_make_no_page_without_end_and_what_is_left_out_is_counted() {
    let (rows, differences, all_of_them) = (2000, 500, 2100);
    let story = Story::begin();
    let mut lines = String::new();
    let text = |number| json!({"zh": format!("第{number}座桥今天通车。"), "en": format!("Bridge {number} opened today.")});
    let first = json!({"date": "2020-01-01", "slug": "bridge", "sources": text(0)});
    let _ = writeln!(lines, "{first}");
    for number in 1..=all_of_them {
        let day = format!(
            "2020-{:02}-{:02}T{:02}:00:00Z",
            1 + number / 250,
            2 + number % 250 / 10,
            13 + number % 10
        );
        let line = json!({
            "date": day, "article": "2020/01/01/bridge", "kind": "correction", "note": format!("Number {number}."),
            "sources": text(number),
        });
        let _ = writeln!(lines, "{line}");
    }
    story.write("lines.jsonl", lines);
    story.yes(&["import", "lines.jsonl"]);
    let (status, usual) = page(&story.archive(), &[]);
    assert_eq!(status, Some(0));
    has_the_months(&usual, &report(&story.archive()));
    assert_eq!(all(&usual, ".corrections tbody tr").len(), rows);
    assert_eq!(all(&usual, "details.difference").len(), differences);
    assert_eq!(
        texts(&usual, ".note")[0],
        format!("Number {all_of_them}."),
        "the newest first"
    );
    let said = texts(&usual, ".left-out");
    let said = &said[said.len() - 2..];
    assert!(
        said[0].starts_with(&format!("{} older ones are left out", all_of_them - rows)),
        "{said:?}"
    );
    assert!(
        said[1].contains(&format!("left out of {} of the rows", rows - differences)),
        "{said:?}"
    );
    let (_, whole) = page(&story.archive(), &["--verbose"]);
    assert_eq!(all(&whole, "details.difference").len(), all_of_them);
    assert!(texts(&whole, ".left-out").is_empty());
}

#[test]
fn a_long_history_and_many_findings_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    generate::archive(&path, 1000);
    // The present is long ago: everything was archived in the future.
    let (status, printed) = page(&path, &["--now", "1980-01-01"]);
    assert_eq!(status, Some(1));
    has_the_months(&printed, &report(&path));
    assert_eq!(all(&printed, ".found > li").len(), 500);
    assert!(texts(&printed, ".left-out")[0].starts_with("500 more of this code are left out"));
    let (_, whole) = page(&path, &["--now", "1980-01-01", "--verbose"]);
    assert_eq!(all(&whole, ".found > li").len(), 1000);
}

#[test]
fn an_audit_that_ends_early_finds_nothing_or_cannot_begin_makes_a_page_too() {
    let story = Story::begin();
    let (status, empty) = page(&story.archive(), &[]);
    assert_eq!(status, Some(0));
    assert!(
        texts(&empty, "#timeline")
            .concat()
            .contains("No revision was judged.")
    );
    assert!(texts(&empty, "#corrections").concat().contains("There is none."));

    let (status, printed) = audit(&story.archive(), &["--format", "html", "--json"]);
    assert_eq!(status, Some(2), "{printed}");
    assert!(
        printed.contains("--json and --format ask for two forms") && printed.contains("hint:"),
        "{printed}"
    );
    assert!(!printed.contains('<'));

    let footer = story.add("one.txt", "一页。\n", &["--date", "2026-01-22", "--slug", "one"]);
    let id = footer.rsplit(' ').next().unwrap();
    let (_, since) = page(&story.archive(), &["--since", id, "--remembered", id]);
    assert!(
        texts(&since, ".facts")
            .concat()
            .contains(&format!("What came after {footer}"))
    );
    assert_eq!(texts(&since, ".facts code").last(), Some(&footer));

    fs::write(story.archive().join("refs/heads/main"), "x\n").unwrap();
    let (status, unreadable) = page(&story.archive(), &[]);
    assert_eq!(status, Some(1));
    assert_eq!(texts(&unreadable, "section.group h3 code"), ["branch-unreadable"]);
    assert_eq!(texts(&unreadable, "h1"), ["that cannot be opened"]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    generate::archive(&path, 4000);
    let (_, status, printed) = interrupted(&path, &["audit", "--format", "html"]);
    assert_eq!(status, Some(130));
    let ended = Html::parse_document(&printed);
    is_of_one_piece(&ended);
    assert!(
        texts(&ended, ".verdict.ended")
            .concat()
            .contains("It was ended after "),
        "{printed:.2000}"
    );
    assert!(printed.ends_with("</html>\n"));
}
