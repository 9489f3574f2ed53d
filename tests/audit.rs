//! Tampered histories, each made with git's plumbing as somebody would who can write to the repository, and each found
//! under its own code; and clean ones, in which nothing is found.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/forged.rs"]
mod forged;
#[path = "../benches/support/generate.rs"]
mod generate;
#[path = "support/signatures.rs"]
mod signatures;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use archives::{git_command, git_reading};
use avalaches::article::{Kind, content_sha256};
use avalaches::verify::whole::Code;
use forged::{ARCHIVED, ARTICLE, EN, Forged, RETRACTED, ZH, archive};
use serde_json::Value;

fn audit(archive: &Path, options: &[&str]) -> (Option<i32>, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_avalaches"))
        .args(["audit", "--format", "json", "--archive"])
        .arg(archive)
        .args(options)
        .env("SOURCE_DATE_EPOCH", "1769140800")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (
        output.status.code(),
        serde_json::from_slice(&output.stdout).expect(&said),
    )
}

fn has(report: &Value, code: &str, id: Option<&str>) -> bool {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .any(|finding| finding["code"] == code && id.is_none_or(|id| finding["id"] == id))
}

/// Codes under which tampered repositories are found.
const REPOSITORY: [&str; 9] = [
    "behind-remembered",
    "branch-list",
    "history-rewritten",
    "object-damaged",
    "object-missing",
    "plumbing",
    "recorded-unknown",
    "revision-detached",
    "store-stray",
];

/// Codes under which tampered refs, and commits that are no revisions, are found.
const BRANCH: [&str; 5] = [
    "branch-unreadable",
    "mirror-broken",
    "nothing-changed",
    "object-malformed",
    "settings-form",
];

/// Tampered revisions, each upon the tip, and the code under which it is found.
#[expect(clippy::too_many_lines, reason = "a list of tamperings")]
fn revisions(commits: &[String]) -> Vec<(&'static str, Forged)> {
    let honest = Forged::honest(commits);
    let tip = commits.last().unwrap();
    let like = |change: &dyn Fn(&mut Forged)| {
        let mut forged = honest.clone();
        change(&mut forged);
        forged
    };
    let retracted = like(&|forged| {
        forged.article = RETRACTED;
        forged.previous = Some(commits[4].clone());
    });
    let as_kind = |kind, forged: &Forged| {
        let mut forged = forged.clone();
        forged.kind = kind;
        forged
    };
    let new = |article: &'static str| {
        like(&|forged| {
            forged.article = article;
            forged.number = 1;
            forged.previous = None;
            forged.kind = Kind::Publish;
            forged.note = None;
        })
    };
    let footer = |id: &str, day: &str| format!("{day} · {id}");
    let claim = |footer: String| honest.clone().append(&format!("Claimed-Footer: {footer}\n"));
    vec![
        (
            "trailer-disagrees",
            honest.clone().replace("Kind: correction", "Kind: update"),
        ),
        (
            "trailer-disagrees",
            honest.clone().replace("Languages: zh, en", "Languages: en, zh"),
        ),
        (
            "trailer-disagrees",
            honest.clone().append("Source-URL: https://example.org/a\n"),
        ),
        (
            "trailer-duplicate",
            honest
                .clone()
                .replace("Revision: 3\n", "Revision: 3\nRevision: 3\n"),
        ),
        (
            "trailer-duplicate",
            honest.clone().replace("Languages:", "languages: zh\nLanguages:"),
        ),
        (
            "trailer-case",
            honest.clone().replace("Article-Id:", "article-id:"),
        ),
        ("trailer-case", honest.clone().replace("Languages:", "languages:")),
        (
            "message-form",
            honest.clone().replace("Revision: 3\n", "Revision: 03\n"),
        ),
        (
            "trailer-missing",
            honest.clone().replace("Revision-Kind: correction\n", ""),
        ),
        (
            "trailer-value",
            honest.clone().replace("Kind: correction", "Kind: fix"),
        ),
        (
            "trailer-value",
            honest
                .clone()
                .replace("Article-Id: 2026/01/22/", "Article-Id: 2026/02/30/"),
        ),
        (
            "message-form",
            honest.clone().replace("\n\nArticle-Id", "\nArticle-Id"),
        ),
        ("trailer-unknown", honest.clone().append("Reviewed-by: nobody\n")),
        (
            "subject-disagrees",
            honest.clone().replace("correction: 好些", "correction: 坏些"),
        ),
        (
            "note-disagrees",
            honest.clone().replace("Another word.", "Other words."),
        ),
        (
            "author-disagrees",
            honest.clone().replace("author Desk", "author Else"),
        ),
        (
            "date-disagrees",
            honest.clone().replace("1769083200", "1769083201"),
        ),
        ("date-disagrees", new("2026/01/23/another-day")),
        ("page-differs", honest.clone().put("page.txt", "别的。\n")),
        ("page-differs", honest.clone().put("en.md", "Other words.\n")),
        ("content-hash", honest.clone().put("page.txt", "别的。\n")),
        (
            "content-hash",
            honest.clone().replace("Content-SHA256: ", "Content-SHA256: 0"),
        ),
        ("metadata-form", honest.clone().put("article.json", "{}\n")),
        ("source-form", honest.clone().put("en.md", "<b>raw</b> words\n")),
        ("source-form", honest.clone().put("zh.md", b"\xff\n".to_vec())),
        ("file-missing", honest.clone().put("en.md", "gone")),
        ("file-stray", honest.clone().put("ja.md", "x\n")),
        ("file-stray", honest.clone().put("media/x.txt", "x\n")),
        ("tree-stray", like(&|forged| forged.beside = vec!["notes.txt"])),
        (
            "tree-stray",
            like(&|forged| forged.beside = vec!["avalaches.json"]),
        ),
        (
            "tree-stray",
            like(&|forged| forged.beside = vec!["articles/2026/notes.txt"]),
        ),
        (
            "several-articles",
            like(&|forged| forged.beside = vec!["articles/2026/01/22/withdrawn/page.txt"]),
        ),
        (
            "other-article",
            honest.clone().replace(
                "Article-Id: 2026/01/22/first-words",
                "Article-Id: 2026/01/22/withdrawn",
            ),
        ),
        (
            "article-missing",
            like(&|forged| forged.article = "2026/01/22/nowhere"),
        ),
        ("number-wrong", like(&|forged| forged.number = 4)),
        ("number-wrong", like(&|forged| forged.number = 2)),
        (
            "previous-wrong",
            like(&|forged| forged.previous = Some(commits[1].clone())),
        ),
        (
            "previous-wrong",
            like(&|forged| forged.previous = Some(commits[0].clone())),
        ),
        (
            "previous-wrong",
            like(&|forged| {
                forged.number = 2;
                forged.previous = Some(commits[1].clone());
            }),
        ),
        (
            "previous-wrong",
            honest.clone().replace(
                "Article-Id: 2026/01/22/first-words",
                "Article-Id: 2026/01/22/nowhere",
            ),
        ),
        (
            "previous-wrong",
            like(&|forged| forged.previous = Some(commits[4].clone())),
        ),
        (
            "previous-wrong",
            like(&|forged| forged.previous = Some("1".repeat(40))),
        ),
        ("previous-wrong", like(&|forged| forged.previous = None)),
        ("archived-earlier", like(&|forged| forged.archived = ARCHIVED - 1)),
        (
            "not-linear",
            honest.clone().replace(
                format!("parent {tip}\n"),
                format!("parent {tip}\nparent {}\n", commits[1]),
            ),
        ),
        ("kind-out-of-place", as_kind(Kind::Publish, &honest)),
        (
            "kind-out-of-place",
            as_kind(Kind::Update, &new("2026/01/22/begins")),
        ),
        ("restores-nothing", as_kind(Kind::Restoration, &honest)),
        ("after-retraction", retracted.clone()),
        ("after-retraction", as_kind(Kind::Update, &retracted)),
        (
            "retracted-text-stands",
            as_kind(
                Kind::Retraction,
                &like(&|forged| forged.zh = ZH.replace("一些", "许多") + "\n以上已撤回。\n"),
            ),
        ),
        (
            "retracted-text-stands",
            as_kind(
                Kind::Retraction,
                &like(&|forged| {
                    "已撤回。\n".clone_into(&mut forged.zh);
                    forged.en = format!(
                        "Withdrawn.\n\n<!-- {} -->\n",
                        "Many words, long enough to be recognized by."
                    );
                }),
            ),
        ),
        ("technical-changed-text", as_kind(Kind::Technical, &honest)),
        (
            "change-undeclared",
            as_kind(Kind::Update, &like(&|forged| forged.note = None)),
        ),
        (
            "date-before-previous",
            like(&|forged| forged.date = "2026-01-21T12:00:00+00:00"),
        ),
        (
            "date-after-archiving",
            like(&|forged| forged.date = "2026-01-24T12:00:00+00:00"),
        ),
        (
            "archived-in-future",
            like(&|forged| forged.archived = ARCHIVED + 100_000),
        ),
        (
            "twin-not-corrected",
            like(&|forged| forged.en = EN.replace("Some", "Many")),
        ),
        (
            "claim-forged",
            claim(footer(&commits[2], "2026-01-22 (Thursday)")),
        ),
        ("claim-forged", claim(footer(&commits[1], "2026-01-20 (Tuesday)"))),
        (
            "first-commit",
            honest
                .clone()
                .append("\nArchive-Format: 1\n")
                .replace(format!("parent {tip}\n"), ""),
        ),
    ]
}

#[test]
fn each_tampered_revision_is_found_under_its_code() {
    let (story, commits) = archive();
    let tip = commits.last().unwrap().clone();
    let (status, report) = audit(&story.archive(), &[]);
    assert_eq!(status, Some(0), "{report:#}");
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    let honest = Forged::honest(&commits);
    honest.commit(&story, &tip);
    let (status, report) = audit(&story.archive(), &[]);
    assert_eq!(status, Some(0), "the untampered twin: {report:#}");
    assert_eq!(report["findings"], Value::Array(Vec::new()));

    let cases = revisions(&commits);
    assert!(cases.len() >= 40);
    for (number, (code, forged)) in cases.iter().enumerate() {
        let id = forged.commit(&story, &tip);
        let (status, report) = audit(&story.archive(), &[]);
        let found = if *code == "first-commit" {
            // A branch that was begun anew no longer has the others.
            has(&report, code, Some(&id)) && has(&report, "revision-detached", Some(&tip))
        } else {
            has(&report, code, Some(&id))
        };
        assert!(found, "case {number}, {code} of {id}: {report:#}");
        let only_notices = report["errors"] == 0 && report["warnings"] == 0;
        assert_eq!(status, Some(i32::from(!only_notices)), "{code}");
        story.git(&["update-ref", "refs/heads/main", &tip]);
    }
    // An update that only adds needs no note.
    let mut adds = honest;
    adds.kind = Kind::Update;
    adds.note = None;
    adds.zh = ZH.replace("一些", "许多") + "\n新的一段。\n";
    adds.en = EN.replace("Some", "Many") + "\nA new paragraph.\n";
    let id = adds.commit(&story, &tip);
    let (_, report) = audit(&story.archive(), &[]);
    assert!(!has(&report, "change-undeclared", Some(&id)), "{report:#}");
}

#[test]
fn a_footer_that_a_page_came_with_is_held_against_the_branch_and_against_nothing_else() {
    let (story, commits) = archive();
    let (tip, honest) = (commits.last().unwrap(), Forged::honest(&commits));
    let elsewhere = honest.commit(&story, tip);
    let unknown = "5a5b6faf4aa2844387989dd08791e5540df352d3".to_owned();
    for (id, day, what) in [
        (&commits[1], "2026-01-22 (Thursday)", None),
        (&elsewhere, "2026-01-22 (Thursday)", None),
        (&unknown, "2026-01-22 (Thursday)", None),
        (&commits[1], "2026-01-23 (Friday)", Some("was printed")),
        (&commits[2], "2026-01-22 (Thursday)", Some(RETRACTED)),
        (&commits[0], "2026-01-22 (Thursday)", Some("that of no article")),
    ] {
        let claim = format!("Claimed-Footer: {day} · {id}\n");
        let forged = honest.clone().append(&claim).commit(&story, tip);
        let (_, report) = audit(&story.archive(), &[]);
        assert_eq!(
            has(&report, "claim-forged", Some(&forged)),
            what.is_some(),
            "{claim}: {report:#}"
        );
        assert!(
            report.to_string().contains(what.unwrap_or_default()),
            "{claim}: {report:#}"
        );
    }
}

#[test]
fn a_commit_that_was_recorded_twice_and_is_gone_is_told_of_once() {
    let (story, commits) = archive();
    let (tip, honest) = (commits.last().unwrap(), Forged::honest(&commits));
    let gone = honest.commit(&story, tip);
    let other = honest
        .clone()
        .replace("Another word", "A third word")
        .commit(&story, tip);
    // Only one of them can be on the branch; the tip is what both follow.
    let now = honest
        .clone()
        .replace("Another word", "A fourth word")
        .commit(&story, tip);
    assert!(now != gone && now != other);
    let remembered = [&gone, &other, tip, &gone].map(|id| ["--remembered", id.as_str()]);
    let (status, report) = audit(&story.archive(), &remembered.concat());
    assert_eq!(status, Some(1), "{report:#}");
    let findings = report["findings"].as_array().unwrap().iter();
    let rewritten = findings.filter(|finding| finding["code"] == "history-rewritten");
    assert_eq!(rewritten.count(), 2, "{report:#}");
    for id in [&gone, &other] {
        assert!(has(&report, "history-rewritten", Some(id)), "{id}: {report:#}");
    }
}

#[test]
fn every_code_has_a_tampering() {
    let (_, commits) = archive();
    let mut codes: BTreeSet<&str> = revisions(&commits).into_iter().map(|(code, _)| code).collect();
    codes.extend(REPOSITORY);
    codes.extend(BRANCH);
    codes.extend(signatures::SIGNATURES);
    // Nobody can carry that one out yet: the tests of the code itself have it.
    codes.insert("collision");
    // It is the disk's doing, of which tests/durability tells.
    codes.insert("unread");
    // What is withheld has a story of its own, tests/expunge.rs.
    codes.extend(["content-withheld", "tombstone-form", "tombstone-unsigned"]);
    // The stories of what readers keep, and of the log, have these.
    codes.extend([
        "checkpoint-form",
        "checkpoint-unsigned",
        "checkpoint-other",
        "checkpoint-lines",
    ]);
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(codes, all);
}

#[test]
fn a_tampered_repository_is_found_under_its_codes() {
    let (story, commits) = archive();
    let (tip, path) = (commits.last().unwrap().clone(), story.archive());
    let mut found = BTreeSet::new();
    let mut finds = |code: &'static str, id: Option<&str>, options: &[&str]| {
        found.insert(code);
        let (status, report) = audit(&path, options);
        assert!(has(&report, code, id), "{code}: {report:#}");
        assert_eq!(status, Some(i32::from(code != "revision-detached")), "{code}");
    };
    for (file, text) in [
        ("info/grafts", "x\n"),
        ("shallow", "x\n"),
        ("objects/info/alternates", "/elsewhere\n"),
        ("commondir", "/elsewhere\n"),
    ] {
        let file = path.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        finds("plumbing", None, &[]);
        fs::remove_file(file).unwrap();
    }
    story.git(&["replace", &commits[2], &commits[1]]);
    finds("plumbing", None, &[]);
    story.git(&["replace", "-d", &commits[2]]);
    fs::remove_dir(path.join("refs/replace")).unwrap();

    // History cut back: a reader remembers, the store remembers, and so does the last check.
    assert_eq!(audit(&path, &["--remembered", &tip]).0, Some(0));
    story.git(&["update-ref", "refs/heads/main", &commits[3]]);
    fs::remove_file(path.join("avalaches.branch")).unwrap();
    finds("revision-detached", Some(&tip), &[]);
    finds("behind-remembered", Some(&tip), &["--pin", &tip]);
    fs::write(path.join("avalaches.verified"), format!("{tip}\n")).unwrap();
    finds("behind-remembered", Some(&tip), &[]);
    fs::remove_file(path.join("avalaches.verified")).unwrap();
    let never = "1".repeat(40);
    finds("recorded-unknown", Some(&never), &["--remembered", &never]);
    finds("recorded-unknown", None, &["--remembered", "11111111"]);
    // It went on, and another way.
    Forged::honest(&commits[..4]).commit(&story, &commits[3]);
    finds("history-rewritten", Some(&tip), &["--pin", &tip]);
    story.git(&["update-ref", "refs/heads/main", &tip]);

    fs::write(path.join("avalaches.branch"), [1; 20]).unwrap();
    finds("branch-list", None, &[]);
    fs::remove_file(path.join("avalaches.branch")).unwrap();
    fs::write(path.join("objects/stray"), "x").unwrap();
    finds("store-stray", None, &[]);
    fs::remove_file(path.join("objects/stray")).unwrap();
    let blob = story.git(&[
        "rev-parse",
        &format!("{}:articles/{ARTICLE}/page.txt", commits[3]),
    ]);
    let file = path.join("objects").join(&blob[..2]).join(&blob[2..]);
    fs::remove_file(&file).unwrap();
    finds("object-missing", Some(&commits[3]), &[]);
    fs::write(&file, "x").unwrap();
    finds("object-damaged", Some(&commits[3]), &[]);
    assert_eq!(found, BTreeSet::from(REPOSITORY));
}

#[test]
fn a_tampered_branch_is_found_under_its_codes() {
    let (story, commits) = archive();
    let (tip, path) = (commits.last().unwrap().clone(), story.archive());
    let mut found = BTreeSet::new();
    let mut finds = |code: &'static str, id: Option<&str>| {
        found.insert(code);
        let (status, report) = audit(&path, &[]);
        assert!(has(&report, code, id), "{code}: {report:#}");
        assert_eq!(status, Some(1), "{code}");
        fs::write(path.join("refs/heads/main"), format!("{tip}\n")).unwrap();
    };
    // The tip once more, upon itself.
    let body = story.git(&["cat-file", "commit", &tip]) + "\n";
    let again = body.replacen(&format!("parent {}", commits[3]), &format!("parent {tip}"), 1);
    let again = git_reading(&path, &["hash-object", "-t", "commit", "-w", "--stdin"], again);
    story.git(&["update-ref", "refs/heads/main", &again]);
    finds("nothing-changed", Some(&again));

    // A header that no commit of an archive has, and an honest revision after it.
    let mut honest = Forged::honest(&commits);
    let malformed = honest
        .clone()
        .replace("\n\ncorrection", "\nencoding GBK\n\ncorrection")
        .commit(&story, &tip);
    (honest.number, honest.previous) = (4, Some(malformed.clone()));
    honest.zh = ZH.to_owned();
    honest.commit(&story, &malformed);
    finds("object-malformed", Some(&malformed));

    // Settings that are none, and those from before after them.
    let message = "settings: title\n\nArchive-Format: 1\n";
    let settings = story.git(&["show", "main:avalaches.json"]) + "\n";
    for bytes in [settings.replace("  ", " "), settings] {
        let stream = format!(
            "commit refs/heads/main\ncommitter Desk <> {ARCHIVED} +0000\ndata {}\n{message}from refs/heads/main^0\nM 100644 inline avalaches.json\ndata {}\n{bytes}\n",
            message.len(),
            bytes.len()
        );
        git_reading(&path, &["fast-import", "--quiet"], stream);
    }
    let bad = story.git(&["rev-parse", "main^"]);
    finds("settings-form", Some(&bad));
    story.git(&["update-ref", "refs/heads/main", &bad]);
    finds("branch-unreadable", None);
    fs::write(path.join("refs/heads/main"), "nonsense\n").unwrap();
    finds("branch-unreadable", None);

    // Another repository's commit without its tree.
    let theirs = format!("tree {}{}", "1".repeat(40), &body[45..]);
    let hash = ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"];
    let theirs = git_reading(&path, &hash, theirs);
    let mirror = path.join("refs/mirrors/other/heads");
    fs::create_dir_all(&mirror).unwrap();
    fs::write(mirror.join("main"), format!("{theirs}\n")).unwrap();
    finds("mirror-broken", None);
    assert_eq!(found, BTreeSet::from(BRANCH));
}

#[test]
fn an_article_stands_retracted_whatever_is_tidied_about_it_until_it_is_restored() {
    let (story, commits) = archive();
    let tip = commits.last().unwrap();
    let retracted = "本文已撤回。\n";
    let again = "This article is withdrawn, and its notice is long.\n";
    let after = |parent: &str, number: u32, kind: Kind, en: &str| {
        let mut forged = Forged::honest(&commits);
        (forged.article, forged.number) = (RETRACTED, number);
        (forged.previous, forged.kind) = (Some(parent.to_owned()), kind);
        (forged.zh, forged.en) = (retracted.to_owned(), en.to_owned());
        forged.commit(&story, parent)
    };
    let retraction = after(tip, 3, Kind::Retraction, again);
    let technical = after(
        &retraction,
        4,
        Kind::Technical,
        &again.replace('\n', "\n\n<!-- -->\n"),
    );
    let twice = after(&technical, 5, Kind::Technical, again);
    let (status, report) = audit(&story.archive(), &[]);
    assert_eq!(
        (status, report["findings"].as_array().unwrap().len()),
        (Some(0), 0),
        "{report:#}"
    );
    for (kind, expected) in [
        (Kind::Update, Some("after-retraction")),
        (Kind::Correction, Some("after-retraction")),
        (Kind::Restoration, None),
        (Kind::Retraction, None),
    ] {
        let last = after(&twice, 6, kind, &format!("{again}\nMore.\n"));
        let (_, report) = audit(&story.archive(), &["--since", tip]);
        let mut findings = report["findings"].as_array().unwrap().iter();
        let codes: BTreeSet<&str> = findings
            .by_ref()
            .map(|finding| finding["code"].as_str().unwrap())
            .filter(|code| *code != "twin-not-corrected")
            .collect();
        assert_eq!(codes, expected.into_iter().collect(), "{kind} {last}: {report:#}");
        // What is restored is restored, whatever is tidied after that.
        if kind == Kind::Restoration {
            let technical = after(
                &last,
                7,
                Kind::Technical,
                &format!("{again}\nMore.\n\n<!-- -->\n"),
            );
            let last = after(&technical, 8, Kind::Update, &format!("{again}\nMore.\n\nNews.\n"));
            let (_, report) = audit(&story.archive(), &[]);
            assert!(!has(&report, "after-retraction", Some(&last)), "{report:#}");
        }
        story.git(&["update-ref", "refs/heads/main", &twice]);
        let _ = fs::remove_file(story.archive().join("avalaches.branch"));
    }
}

#[test]
fn several_faults_of_one_revision_are_each_found() {
    let (story, commits) = archive();
    let tip = commits.last().unwrap();
    let mut forged = Forged::honest(&commits)
        .replace("Another word.", "Other words.")
        .replace("author Desk", "author Else")
        .put("page.txt", "别的。\n");
    forged.archived = ARCHIVED - 1;
    forged.number = 4;
    let id = forged.commit(&story, tip);
    let (_, report) = audit(&story.archive(), &[]);
    for code in [
        "note-disagrees",
        "author-disagrees",
        "page-differs",
        "content-hash",
        "archived-earlier",
        "number-wrong",
    ] {
        assert!(has(&report, code, Some(&id)), "{code}: {report:#}");
    }
    let since = audit(&story.archive(), &["--since", &id]);
    assert_eq!(since.0, Some(0), "what came before is not judged: {:#}", since.1);
    let since = audit(&story.archive(), &["--since", "2026-01-23"]);
    assert!(has(&since.1, "page-differs", Some(&id)), "{:#}", since.1);
}

#[test]
fn nothing_is_found_in_clean_archives() {
    for count in [10, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        generate::archive(&path, count);
        let (status, report) = audit(&path, &[]);
        assert_eq!(status, Some(0), "{report:#}");
        assert_eq!(report["findings"], Value::Array(Vec::new()));
        assert_eq!(report["revisions"], count);
    }
}

/// Returns the codes under which anything is found about a commit.
fn codes<'a>(report: &'a Value, id: &str) -> BTreeSet<&'a str> {
    let findings = report["findings"].as_array().unwrap().iter();
    let about = findings.filter(|finding| finding["id"] == id);
    about.map(|finding| finding["code"].as_str().unwrap()).collect()
}

#[test]
fn a_commit_that_names_no_article_is_judged_by_the_folders_that_it_changes() {
    let (story, commits) = archive();
    let tip = commits.last().unwrap();
    let mut unnamed = Forged::honest(&commits).replace("Article-Id: ", "Article: ");
    let found = |forged: &Forged, expected: &[&str]| {
        let id = forged.commit(&story, tip);
        let (_, report) = audit(&story.archive(), &[]);
        let mut expected: BTreeSet<&str> = expected.iter().copied().collect();
        expected.insert("trailer-missing");
        assert_eq!(codes(&report, &id), expected, "{report:#}");
        story.git(&["update-ref", "refs/heads/main", tip]);
    };
    found(&unnamed, &[]);
    found(&unnamed.clone().put("page.txt", "别的。\n"), &["page-differs"]);
    found(&unnamed.clone().put("media/x.txt", "x\n"), &[]);
    for (path, codes) in [
        ("notes.txt", &["tree-stray"][..]),
        (
            "articles/2026/01/22/withdrawn/ja.md",
            &["several-articles", "file-stray"],
        ),
        // A file in the place of a folder.
        ("articles/2026/01/22/a-file", &["several-articles"]),
    ] {
        unnamed.beside = vec![path];
        found(&unnamed, codes);
    }
}

#[test]
fn each_part_of_a_revision_is_found_for_itself() {
    let (story, commits) = archive();
    let tip = commits.last().unwrap();
    let found = |forged: &Forged| {
        let id = forged.commit(&story, tip);
        let (_, report) = audit(&story.archive(), &[]);
        story.git(&["update-ref", "refs/heads/main", tip]);
        let codes = codes(&report, &id).into_iter().map(ToOwned::to_owned).collect();
        (id, codes)
    };
    let of = |codes: &[&str]| -> Vec<String> { codes.iter().map(ToString::to_string).collect() };
    // Metadata that are none, under the sum of all the files or not.
    let broken = Forged::honest(&commits).put("article.json", "{}\n");
    let (id, codes): (String, Vec<String>) = found(&broken);
    assert_eq!(codes, of(&["content-hash", "metadata-form"]));
    let read = |arguments: &[&str]| git_command(&story.archive(), arguments).output().unwrap().stdout;
    let listed = story.git(&["ls-tree", "--name-only", &format!("{id}:articles/{ARTICLE}")]);
    let files: BTreeMap<&str, Vec<u8>> = listed
        .lines()
        .map(|name| {
            (
                name,
                read(&["cat-file", "blob", &format!("{id}:articles/{ARTICLE}/{name}")]),
            )
        })
        .collect();
    let text = story.git(&["cat-file", "commit", &id]);
    let sum = text
        .lines()
        .find(|line| line.starts_with("Content-SHA256: "))
        .unwrap();
    let own = format!("Content-SHA256: {}", content_sha256(&files));
    assert_ne!(sum, own);
    assert_eq!(found(&broken.replace(sum, own)).1, of(&["metadata-form"]));
    // A second parent does not hide what else is wrong, and is told of once.
    let merge = Forged::honest(&commits).replace(
        format!("parent {tip}\n"),
        format!("parent {tip}\nparent {}\n", commits[1]),
    );
    assert_eq!(found(&merge).1, of(&["not-linear"]));
    let merge = merge.replace("Languages: zh, en", "Languages: en, zh");
    assert_eq!(found(&merge).1, of(&["not-linear", "trailer-disagrees"]));
}

#[test]
fn a_folder_in_an_article_is_found_where_it_was_brought_and_not_in_the_revision_after() {
    let (story, commits) = archive();
    let tip = commits.last().unwrap();
    let bad = Forged::honest(&commits)
        .put("media/x.txt", "x\n")
        .commit(&story, tip);
    let mut after = Forged::honest(&commits).put("media/x.txt", "gone");
    after.number = 4;
    after.previous = Some(bad.clone());
    after.zh = ZH.replace("一些", "若干");
    after.en = EN.replace("Some", "A few");
    for (archived, expected) in [(ARCHIVED, &[][..]), (ARCHIVED - 1, &["archived-earlier"])] {
        after.archived = archived;
        let id = after.commit(&story, &bad);
        let (_, report) = audit(&story.archive(), &[]);
        assert_eq!(codes(&report, &bad), BTreeSet::from(["file-stray"]), "{report:#}");
        assert_eq!(
            codes(&report, &id),
            expected.iter().copied().collect(),
            "{report:#}"
        );
    }
}
