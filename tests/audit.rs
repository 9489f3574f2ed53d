//! Tampered histories, each made with git's plumbing as somebody would who can write to the repository, and each found
//! under its own code; and clean ones, in which nothing is found.

#[path = "support/archives.rs"]
mod archives;
#[path = "../benches/support/generate.rs"]
mod generate;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use archives::{Story, git_command};
use avalaches::article::{Article, Kind, Metadata, content_sha256, subject};
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::object::ident::Person;
use avalaches::trailer::{Message, Trailers};
use serde_json::Value;

const ARTICLE: &str = "2026/01/22/first-words";
const RETRACTED: &str = "2026/01/22/withdrawn";
const ARCHIVED: i64 = 1_769_140_800;
const ZH: &str = "一些文字，足够长，使人能够认出它来。\n\n第二段。\n";
const EN: &str = "Some words, long enough to be recognized by.\n\nA second paragraph.\n";

/// An archive with two revisions of one article and two of a retracted one; its commits, the first one first.
fn archive() -> (Story, Vec<String>) {
    let story = Story::begin();
    let page = |zh: &str, en: &str| format!("{zh}\n{en}");
    let dated = ["--date", "2026-01-22"];
    story.add(
        "one.txt",
        &page(ZH, EN),
        &[&dated[..], &["--slug", "first-words"]].concat(),
    );
    story.add(
        "two.txt",
        &page(ZH, EN),
        &[&dated[..], &["--slug", "withdrawn"]].concat(),
    );
    let correction = ["--article", ARTICLE, "--kind", "correction", "--note", "A word."];
    story.add(
        "three.txt",
        &page(&ZH.replace("一些", "许多"), &EN.replace("Some", "Many")),
        &[&dated[..], &correction].concat(),
    );
    let retraction = [
        "--article",
        RETRACTED,
        "--kind",
        "retraction",
        "--note",
        "No source.",
    ];
    story.add(
        "four.txt",
        "本文已撤回。\n\nThis article is withdrawn.\n",
        &[&dated[..], &retraction].concat(),
    );
    let listed = story.git(&["rev-list", "--reverse", "main"]);
    let commits = listed.lines().map(ToOwned::to_owned).collect();
    (story, commits)
}

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

fn with_input(story: &Story, arguments: &[&str], input: &[u8]) -> String {
    let mut child = git_command(&story.archive(), arguments)
        .env("GIT_INDEX_FILE", story.folder.path().join("index"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A revision that somebody puts on the branch: everything in it agrees, until it is tampered with.
#[derive(Clone)]
struct Forged {
    article: &'static str,
    number: u32,
    previous: Option<String>,
    kind: Kind,
    note: Option<&'static str>,
    date: &'static str,
    archived: i64,
    zh: String,
    en: String,
    /// Files put in after the hash was taken.
    put: Vec<(&'static str, Vec<u8>)>,
    /// Paths beside the article's folder.
    beside: Vec<&'static str>,
    /// Replaced in the commit's text.
    replaced: Vec<(String, String)>,
    /// Put at the end of the commit's text.
    appended: String,
}

impl Forged {
    /// The revision that honestly follows the correction.
    fn honest(commits: &[String]) -> Self {
        Self {
            article: ARTICLE,
            number: 3,
            previous: Some(commits[3].clone()),
            kind: Kind::Correction,
            note: Some("Another word."),
            date: "2026-01-22T12:00:00+00:00",
            archived: ARCHIVED,
            zh: ZH.replace("一些", "好些"),
            en: EN.replace("Some", "Several"),
            put: Vec::new(),
            beside: Vec::new(),
            replaced: Vec::new(),
            appended: String::new(),
        }
    }

    fn replace(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.replaced.push((from.into(), to.into()));
        self
    }

    fn append(mut self, lines: &str) -> Self {
        self.appended.push_str(lines);
        self
    }

    fn put(mut self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.put.push((name, bytes.into()));
        self
    }

    /// Makes the commit upon another one and moves the branch to it.
    fn commit(&self, story: &Story, parent: &str) -> String {
        let person = Person::parse("Desk").unwrap();
        let article = Article {
            metadata: Metadata {
                kind: self.kind,
                date: RevisionDate::parse(self.date, UtcOffset::UTC).unwrap(),
                languages: ["zh", "en"].map(|tag| tag.parse().unwrap()).to_vec(),
                titles: BTreeMap::new(),
                authors: vec![person.clone()],
                tags: Vec::new(),
                source_url: None,
                note: self.note.map(ToOwned::to_owned),
                invisible: Vec::new(),
            },
            sources: vec![self.zh.clone(), self.en.clone()],
        };
        let page = article.page_text().unwrap();
        let mut files = article.files().unwrap();
        let message = Message {
            subject: subject(&article.metadata, &page),
            note: article.metadata.note.clone(),
            trailers: Trailers {
                article: self.article.parse().unwrap(),
                revision: self.number,
                kind: self.kind,
                previous: self.previous.as_ref().map(|id| id.parse().unwrap()),
                languages: article.metadata.languages.clone(),
                content_sha256: content_sha256(&files),
                source_url: None,
                claimed_footer: None,
                source_commit: None,
            },
        };
        for (name, bytes) in &self.put {
            files.insert((*name).to_owned(), bytes.clone());
        }
        with_input(story, &["read-tree", parent], b"");
        let folder = format!("articles/{}", self.article);
        let beside = self.beside.iter().map(|path| {
            let bytes = if *path == "avalaches.json" {
                let settings = story.git(&["show", &format!("{parent}:{path}")]) + "\n";
                settings.replace("\"title\": \"", "\"title\": \"Not ")
            } else {
                "{}\n".to_owned()
            };
            ((*path).to_owned(), bytes.into_bytes())
        });
        let inside = files
            .into_iter()
            .map(|(name, bytes)| (format!("{folder}/{name}"), bytes));
        for (path, bytes) in inside.chain(beside) {
            if bytes == b"gone" {
                let line = format!("0 {}\t{path}\n", "0".repeat(40));
                with_input(story, &["update-index", "--index-info"], line.as_bytes());
                continue;
            }
            let blob = with_input(story, &["hash-object", "-w", "--stdin"], &bytes);
            let entry = format!("100644,{blob},{path}");
            with_input(story, &["update-index", "--add", "--cacheinfo", &entry], b"");
        }
        let tree = with_input(story, &["write-tree"], b"");
        let mut text = format!(
            "tree {tree}\nparent {parent}\nauthor Desk <> {}\ncommitter Desk <> {} +0000\n\n{}",
            article.metadata.date.as_git(),
            self.archived,
            message.encode()
        );
        for (from, to) in &self.replaced {
            assert!(text.contains(from.as_str()), "{from:?} in {text}");
            text = text.replacen(from.as_str(), to, 1);
        }
        text.push_str(&self.appended);
        let arguments = ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"];
        let id = with_input(story, &arguments, text.as_bytes());
        story.git(&["update-ref", "refs/heads/main", &id]);
        id
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of tamperings")]
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
    let cases: Vec<(&str, Forged)> = vec![
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
                    forged.zh = "已撤回。\n".to_owned();
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
    ];
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
    let mut adds = as_kind(Kind::Update, &honest);
    adds.note = None;
    adds.zh = ZH.replace("一些", "许多") + "\n新的一段。\n";
    adds.en = EN.replace("Some", "Many") + "\nA new paragraph.\n";
    let id = adds.commit(&story, &tip);
    let (_, report) = audit(&story.archive(), &[]);
    assert!(!has(&report, "change-undeclared", Some(&id)), "{report:#}");
}

#[test]
fn a_tampered_repository_is_found_under_its_codes() {
    let (story, commits) = archive();
    let (tip, path) = (commits.last().unwrap().clone(), story.archive());
    let finds = |code: &str, id: Option<&str>, options: &[&str]| {
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
    finds("history-rewritten", Some(&tip), &["--pin", &tip]);
    fs::write(path.join("avalaches.verified"), format!("{tip}\n")).unwrap();
    finds("history-rewritten", Some(&tip), &[]);
    fs::remove_file(path.join("avalaches.verified")).unwrap();
    let never = "1".repeat(40);
    finds("history-rewritten", Some(&never), &["--remembered", &never]);
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
