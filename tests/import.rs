//! Bringing in many pages: what comes of them is what adding them one by one gives; a second run adds what is missing;
//! a kill, a refusal or Ctrl-C leaves the archive as it was.

#[path = "support/archives.rs"]
mod archives;
#[path = "../benches/support/generate.rs"]
mod generate;

use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::process::Stdio;
use std::time::Duration;

use archives::Story;
use avalaches::add::{Circumstances, Outcome, Wishes};
use avalaches::archive::Owner;
use avalaches::canonical::Invisible;
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::draft::{Form, Notice};
use avalaches::import::{
    self, ImportError, Item, Listener, Mode, OnRefusal, Options, Refusal, Report, Text, Unreadable,
};
use avalaches::platform::Durability;
use avalaches::progress::Progress;
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Imports lines of JSON from stdin.
fn import_lines(story: &Story, lines: &str, options: &[&str]) -> (Option<i32>, String, String) {
    let mut child = story
        .program(&[&["import", "-"], options].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn assert_sound(story: &Story, revisions: usize) {
    let said = story.yes(&["verify", "--quiet"]);
    let revisions = format!("verified  {revisions} revision");
    assert!(said.starts_with(&revisions), "{said}");
    assert_eq!(story.git(&["fsck", "--strict", "--full"]), "");
}

/// Everything that a commit says but who archived it and when, and the ids of its files.
fn content(story: &Story) -> String {
    let log = [
        "log",
        "--reverse",
        "--format=%an %ae %ad %T%n%B",
        "--date=raw",
        "main",
    ];
    let log = story.git(&log);
    log.lines()
        .filter(|line| !line.starts_with("Previous-Revision: "))
        .collect::<Vec<_>>()
        .join("\n")
}

const PAGES: [(&str, &str, &str); 4] = [
    (
        "c.md",
        "2026-01-24",
        "一些文字。\n\nSome words, *emphasized*, of a page.\n",
    ),
    (
        "a.txt",
        "2026-01-22",
        "另一篇文章。\n\nAnother article that somebody wrote.\n",
    ),
    (
        "b.html",
        "2026-01-23",
        "<article><p>第三篇。</p><p>The third one is in HTML.</p></article>\n",
    ),
    (
        "d/e.txt",
        "2025-12-31",
        "第四篇。\n\nThe fourth one lies in a folder below.\n",
    ),
];

#[test]
fn a_folder_is_imported_in_the_order_of_dates_as_adding_its_pages_would() {
    let (imported, added) = (Story::begin(), Story::begin());
    fs::create_dir_all(imported.folder.path().join("pages/d")).unwrap();
    let mut by_date = PAGES;
    by_date.sort_by_key(|(_, date, _)| *date);
    for (name, date, text) in by_date {
        // A page says its date by its footer; its id is another archive's.
        let day = weekday(date);
        let footer = format!("{date} ({day}) · a038737196a74c325d6a90900694dd78867e8af9");
        let page = if name.ends_with("html") {
            text.replace("</article>", &format!("</article><footer>{footer}</footer>"))
        } else {
            format!("{text}\n{footer}\n")
        };
        imported.write(&format!("pages/{name}"), &page);
        let file = name.replace('/', "-");
        added.add(&file, &page, &[]);
    }
    let said = imported.yes(&["import", "pages"]);
    assert!(
        said.starts_with("imported  4 revisions, 4 articles new, of 4 pages · "),
        "{said}"
    );
    assert_eq!(content(&imported), content(&added));
    assert_eq!(
        imported.git(&["rev-parse", "main"]),
        added.git(&["rev-parse", "main"]),
        "same pages, dates and archivist, same ids"
    );
    assert_sound(&imported, 4);
}

fn weekday(date: &str) -> &'static str {
    match date {
        "2025-12-31" => "Wednesday",
        "2026-01-22" => "Thursday",
        "2026-01-23" => "Friday",
        "2026-01-24" => "Saturday",
        _ => unreachable!(),
    }
}

#[test]
fn generated_lines_become_the_archive_that_git_made_of_the_same_texts() {
    let story = Story::begin();
    let folder = story.folder.path();
    generate::archive(&folder.join("by-git"), 1200);
    generate::pages(&folder.join("pages.jsonl"), 1200);
    let said = story.yes(&["import", "pages.jsonl", "--json"]);
    let report = json(&said);
    assert_eq!(
        (report["revisions"].as_u64(), report["unchanged"].as_u64()),
        (Some(1200), Some(0))
    );
    assert_sound(&story, 1200);
    // The folders of articles are the same objects; what is above them holds other settings.
    let ours = story.git(&["rev-parse", "main:articles"]);
    assert_eq!(
        ours,
        archives::git(&folder.join("by-git"), &["rev-parse", "main:articles"])
    );
    // All but the first commit's objects are in one pack with one index.
    let packs: Vec<_> = fs::read_dir(story.archive().join("objects/pack"))
        .unwrap()
        .collect();
    assert_eq!(packs.len(), 2);
}

#[test]
fn hundreds_of_pages_of_one_day_and_one_title_are_told_apart_and_found_again() {
    let story = Story::begin();
    let published =
        |text: &str| format!(r#"{{"sources": {{"zh": "{text}"}}, "date": "2026-01-22", "slug": "news"}}"#);
    let lines: Vec<String> = (1..=600)
        .map(|number| published(&format!("第{number}条。")))
        .collect();
    let all = lines.join("\n");
    let imported = |lines: &str| {
        let (status, said, errors) = import_lines(&story, lines, &["--json"]);
        assert_eq!(status, Some(0), "{errors}");
        let report = json(&said);
        (
            report["revisions"].as_u64().unwrap(),
            report["unchanged"].as_u64().unwrap(),
        )
    };
    assert_eq!(imported(&all), (600, 0));
    let tip = story.git(&["rev-parse", "main"]);
    assert_eq!(imported(&all), (0, 600));
    let backwards: Vec<&str> = lines.iter().rev().map(String::as_str).collect();
    assert_eq!(imported(&backwards.join("\n")), (0, 600));
    assert_eq!(story.git(&["rev-parse", "main"]), tip);
    // One that gets another text in between is known by that, and for what it was; a page that is new gets the next number.
    let corrected = r#"{"sources": {"zh": "更正。"}, "date": "2026-01-22", "article": "2026/01/22/news-7",
        "kind": "correction", "note": "Mended."}"#;
    let corrected = corrected.replace('\n', " ");
    let more = [
        &published("第600条。"),
        &published("第601条。"),
        &corrected,
        &published("更正。"),
        &published("第7条。"),
        &published("第602条。"),
        &published("第601条。"),
    ];
    assert_eq!(imported(&more.map(String::as_str).join("\n")), (3, 4));
    let listed = story.git(&["ls-tree", "--name-only", "main:articles/2026/01/22"]);
    assert_eq!(listed.lines().count(), 602);
    assert!(listed.lines().any(|name| name == "news-602"));
    assert_eq!(
        story.git(&["cat-file", "-p", "main:articles/2026/01/22/news-7/zh.md"]),
        "更正。"
    );
    assert_sound(&story, 603);
}

#[test]
fn a_second_run_adds_what_is_missing_and_nothing_else() {
    let story = Story::begin();
    let line = |number: usize, kind: &str| {
        let more = match kind {
            "publish" => format!(r#""slug": "page-{number}""#),
            kind => format!(r#""article": "2026/01/22/page-{number}", "kind": "{kind}", "note": "Mended.""#),
        };
        let text = format!("第{number}页，{kind}。");
        format!(r#"{{"sources": {{"zh": "{text}"}}, "date": "2026-01-22", {more}}}"#)
    };
    let mut lines: Vec<String> = (0..700).map(|number| line(number, "publish")).collect();
    lines.extend((0..40).map(|number| line(number, "correction")));
    let half = lines[..300].join("\n");
    let (status, said, _) = import_lines(&story, &half, &[]);
    assert_eq!(
        (status, said.starts_with("imported  300 revisions")),
        (Some(0), true),
        "{said}"
    );
    // What was corrected since is still known for what it was.
    story.add(
        "x.md",
        "第7页，更正了两次。\n",
        &[
            "--article",
            "2026/01/22/page-7",
            "--kind",
            "update",
            "--date",
            "2026-01-22",
        ],
    );
    let all = lines.join("\n");
    let (status, said, _) = import_lines(&story, &all, &[]);
    assert_eq!(status, Some(0));
    assert!(
        said.starts_with(
            "imported  440 revisions, 400 articles new, of 740 pages; 300 in the archive already · "
        ),
        "{said}"
    );
    let tip = story.git(&["rev-parse", "main"]);
    let (_, said, _) = import_lines(&story, &all, &["--footers", "footers"]);
    assert!(
        said.contains("0 revisions, 0 articles new, of 740 pages; 740 in the archive"),
        "{said}"
    );
    assert_eq!(story.git(&["rev-parse", "main"]), tip);
    // Footers of an import before are replaced; nothing else is.
    story.write("one.jsonl", &lines[0]);
    story.write("mine", "mine\n");
    for mine in ["mine", "one.jsonl"] {
        let before = fs::read(story.folder.path().join(mine)).unwrap();
        let output = story.run(&["import", "one.jsonl", "--footers", mine]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(fs::read(story.folder.path().join(mine)).unwrap(), before);
    }
    assert_eq!(import_lines(&story, &all, &["--footers", "footers"]).0, Some(0));
    assert_sound(&story, 741);
    // Each page has the footer of its own revision, whatever came later.
    let footers = fs::read_to_string(story.folder.path().join("footers")).unwrap();
    assert_eq!(footers.lines().count(), 740);
    for line in footers.lines().step_by(37) {
        let page = json(line);
        let id = page["id"].as_str().unwrap();
        let shown = json(&story.yes(&["show", id, "--format", "json"]));
        assert_eq!(shown["article"], page["article"]);
        assert_eq!(shown["revision"], page["revision"]);
        assert_eq!(page["added"], false);
    }
}

#[test]
fn what_was_corrected_or_retracted_is_known_again_with_another_byline() {
    let story = Story::begin();
    let line = |text: &str, more: &str| {
        format!(r#"{{"page": "{text}", "date": "2026-01-22", "authors": ["Desk"], {more}}}"#)
    };
    let follows = |text: &str, kind: &str| {
        let more = format!(r#""article": "2026/01/22/bridge", "kind": "{kind}", "note": "Mended.""#);
        line(text, &more)
    };
    let lines = [
        line("The bridge is open.", r#""slug": "bridge""#),
        follows("The bridge is shut.", "correction"),
        follows("Nothing is said of the bridge.", "correction"),
    ];
    let (status, _, said) = import_lines(&story, &lines.join("\n"), &[]);
    assert_eq!(status, Some(0), "{said}");
    story.yes(&["retract", "2026/01/22/bridge", "--note", "All wrong."]);
    let tip = story.git(&["rev-parse", "main"]);
    for (from, to) in [
        ("Desk", "Desk"),
        ("\"Desk\"", "\"Ada\""),
        (", \"authors", ", \"tags\": [\"x\"], \"authors"),
    ] {
        let (status, _, said) = import_lines(&story, &lines.join("\n").replace(from, to), &[]);
        assert_eq!(status, Some(0), "{said}");
        assert_eq!(story.git(&["rev-parse", "main"]), tip, "{to}: {said}");
    }
}

#[test]
fn a_line_dated_between_two_imported_ones_does_not_become_what_is_current() {
    let story = Story::begin();
    let line = |text: &str, day: u32, more: &str| {
        format!(r#"{{"page": "{text}", "date": "2026-01-{day}", {more}}}"#)
    };
    let follows = r#""article": "2026/01/22/bridge", "note": "News.""#;
    let (first, between, last) = (
        line("The bridge is open.", 22, r#""slug": "bridge""#),
        line("The bridge is watched.", 23, follows),
        line("The bridge is shut.", 24, follows),
    );
    let runs = [
        (vec![&first, &last], 2),
        (vec![&first, &between, &last], 2),
        (vec![&first, &between, &last], 0),
    ];
    for (lines, revisions) in runs {
        let lines: Vec<&str> = lines.iter().map(|line| line.as_str()).collect();
        let (status, said, errors) = import_lines(&story, &lines.join("\n"), &["--json"]);
        assert_eq!(status, Some(0), "{errors}");
        assert_eq!(json(&said)["revisions"], revisions, "{said}");
        let shown = story.yes(&["show", "2026/01/22/bridge", "--format", "text"]);
        assert_eq!(shown, "The bridge is shut.\n");
    }
}

#[test]
fn what_gets_a_number_or_todays_date_is_told() {
    let story = Story::begin();
    fs::create_dir(story.folder.path().join("pages")).unwrap();
    story.write("pages/a.txt", "One text.\n");
    story.write("pages/b.md", "---\ndate: 2026-01-22\nslug: same\n---\nOne.\n");
    story.write("pages/c.md", "---\ndate: 2026-01-22\nslug: same\n---\nAnother.\n");
    let said = |options: &[&str]| {
        let output = story.run(&[&["import", "pages"], options].concat());
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let told = said(&["--dry-run"]);
    assert!(
        told.contains("pages/c.md: 2026/01/22/same is another text, so that this one is 2026/01/22/same-2"),
        "{told}"
    );
    assert!(
        told.contains("1 new article without a date: today's is theirs"),
        "{told}"
    );
    assert_eq!(said(&["--quiet"]), "");
    assert!(!said(&[]).contains("warning"), "what is known is no news");
}

#[test]
fn files_of_lines_are_known_by_their_names_and_other_json_is_no_page() {
    let story = Story::begin();
    let line = |text: &str| format!("{{\"page\": \"{text}\", \"date\": \"2026-01-22\"}}\n");
    story.write("A.JSONL", format!("\u{feff}{}", line("First.")));
    story.write("b.ndjson", line("Second."));
    let said = story.yes(&["import", "A.JSONL", "b.ndjson"]);
    assert!(said.starts_with("imported  2 revisions"), "{said}");
    story.write("list.jsonl", format!("[{}]", line("Third.").trim_end()));
    story.write("list.json", format!("\n[\n {}]", line("Third.")));
    story.write("export", line("Third."));
    for (name, why) in [
        (
            "list.jsonl",
            "list.jsonl:1: a list is no page: import reads one object a line",
        ),
        ("list.json", "list.json: begins as JSON does, and is no page"),
        ("export", "export: begins as JSON does, and is no page"),
    ] {
        let output = story.run(&["import", name]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(why), "{said}");
    }
    story.write("note", "[Note of the desk] A text.\n");
    story.yes(&["import", "note"]);
    let folder = story.folder.path().join("pages/below");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("c.Jsonl"), line("Fourth.")).unwrap();
    fs::write(folder.join("d.txt"), "Fifth.\n").unwrap();
    let output = story.run(&["import", "pages"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && said.contains("1 file of JSON Lines in pages passed over"),
        "{said}"
    );
}

#[test]
fn titles_of_lines_stay_with_their_languages() {
    let story = Story::begin();
    let line = |slug: &str, text: &str, title: &str| {
        format!(r#"{{{text}, "title": {title}, "date": "2026-01-22", "slug": "{slug}"}}"#)
    };
    let (english, page) = (
        r#""sources": {"en-US": "Some words in English."}"#,
        r##""page": "# Own\n\nSome words in English that somebody wrote about a bridge here.\n""##,
    );
    let titled = |slug: &str| {
        let path = format!("main:articles/2026/01/22/{slug}/article.json");
        json(&story.git(&["cat-file", "-p", &path]))["title"].clone()
    };
    for (slug, text, title, expected) in [
        ("near", english, r#"{"en": "Bridge"}"#, r#"{"en-US": "Bridge"}"#),
        ("plain", english, r#""en=One""#, r#"{"en-US": "en=One"}"#),
        ("page", page, r#"{"en": "Bridge"}"#, r#"{"en": "Bridge"}"#),
        ("name", page, r#""fr=Le pont""#, r#"{"en": "fr=Le pont"}"#),
    ] {
        let (status, _, said) = import_lines(&story, &line(slug, text, title), &[]);
        assert_eq!(status, Some(0), "{slug}: {said}");
        assert_eq!(titled(slug), json(expected), "{slug}");
    }
    for (text, title) in [
        (english, r#"{"fr": "Le pont"}"#),
        (page, r#"{"fr": "Le pont"}"#),
        (english, r#"{"en": "One", "EN": "Two"}"#),
        (english, r#"{"en": "One", "en-US": "Two"}"#),
    ] {
        let (status, _, said) = import_lines(&story, &line("bad", text, title), &[]);
        assert_eq!(status, Some(2), "{title}: {said}");
    }
}

#[test]
fn a_name_with_a_line_feed_stays_on_its_line() {
    let story = Story::begin();
    let (_, _, said) = import_lines(&story, r#"{"name": "a\nerror: b", "page": ""}"#, &[]);
    assert!(said.contains(r"-:1 (a\nerror: b)"), "{said}");
}

/// Waits until a program takes signals into its own hands.
fn wait_for_handlers(id: u32) {
    let (interrupt, terminate) = (1 << 1, 1 << 14);
    loop {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let caught = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        if caught & interrupt > 0 && caught & terminate > 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_signal_ends_an_import_that_waits_for_lines() {
    let story = Story::begin();
    let pipe = story.folder.path().join("pipe.jsonl");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for source in ["-", "pipe.jsonl"] {
        let mut child = story
            .program(&["import", source])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Half a line is none, and no error.
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"{\"page\": \"x").unwrap();
        wait_for_handlers(child.id());
        let mut kill = std::process::Command::new("kill");
        assert!(
            kill.args(["-INT", &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("ended; nothing was imported") && !said.contains("error"),
            "{source}: {said}"
        );
        drop(stdin);
    }
}

#[test]
fn pages_of_one_day_and_slug_get_numbers_once() {
    let story = Story::begin();
    let line =
        |number| format!(r#"{{"page": "第{number}篇，同一个题。", "slug": "same", "date": "2026-01-22"}}"#);
    let lines = [line(0), line(1), line(2)].join("\n");
    for _ in 0..2 {
        let (status, _, said) = import_lines(&story, &lines, &["--footers", "footers"]);
        assert_eq!(status, Some(0), "{said}");
        let footers = fs::read_to_string(story.folder.path().join("footers")).unwrap();
        let articles: Vec<String> = footers
            .lines()
            .map(|line| json(line)["article"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            articles,
            ["2026/01/22/same", "2026/01/22/same-2", "2026/01/22/same-3"]
        );
    }
    assert_sound(&story, 3);
}

#[test]
fn a_bad_page_stops_everything_or_is_left_out_and_told_with_its_line() {
    let story = Story::begin();
    let tip = story.git(&["rev-parse", "main"]);
    let lines = "{\"page\": \"好的。\", \"date\": \"2026-01-22\", \"slug\": \"good\"}\n\n\
        {\"page\": \"坏\\u0000的。\", \"slug\": \"bad\"}\n\
        {\"page\": \"x\", \"titel\": \"y\"}\n\
        {\"page\": \"没有这篇。\", \"article\": \"2026/01/01/nowhere\"}\n\
        {\"name\": \"cms 9\", \"page\": \"不对。\", \"date\": \"2026-02-30\"}\n";
    let (status, said, errors) = import_lines(&story, lines, &[]);
    assert_eq!((status, said.as_str()), (Some(2), ""));
    for told in [
        "-:3:1: control character U+0000",
        "-:4: the line is not what JSON.md asks for: unknown field `titel`",
        "-:6 (cms 9): ",
        "nothing was imported",
        "hint: --keep-going imports the good ones",
    ] {
        assert!(errors.contains(told), "{told:?} in {errors}");
    }
    assert_eq!(story.git(&["rev-parse", "main"]), tip);
    assert_eq!(
        fs::read_dir(story.archive())
            .unwrap()
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .contains("incoming")
            })
            .count(),
        0
    );
    let (status, said, errors) = import_lines(&story, lines, &["--keep-going"]);
    assert_eq!(status, Some(1));
    assert!(
        said.starts_with("imported  1 revision, 1 article new, of 5 pages; 4 refused · "),
        "{said}"
    );
    assert!(
        errors.contains("-:5: the archive has no article 2026/01/01/nowhere"),
        "{errors}"
    );
    assert_sound(&story, 1);
}

#[test]
fn one_cause_is_told_of_twenty_pages_and_counted_for_the_rest() {
    let story = Story::begin();
    let lines = "{\"page\": \"……\", \"date\": \"2026-01-22\"}\n".repeat(30) + "{}\n";
    let (status, _, errors) = import_lines(&story, &lines, &[]);
    assert_eq!(status, Some(2), "{errors}");
    let count = |words: &str| errors.matches(words).count();
    assert_eq!(
        (count("error: -:"), count("hint: give the page a `slug`")),
        (21, 1),
        "{errors}"
    );
    assert!(
        errors.contains("error: 10 more pages: no slug can be made from the title or the text\n")
            && errors.contains("hint: --verbose names all of them")
            && errors.contains("31 pages were refused"),
        "{errors}"
    );
    let (_, _, errors) = import_lines(&story, &lines, &["--verbose"]);
    assert_eq!(errors.matches("error: -:").count(), 31, "{errors}");
}

#[test]
fn a_dry_run_tells_the_ids_and_writes_nothing() {
    let story = Story::begin();
    let line = "{\"page\": \"好的。\", \"date\": \"2026-01-22\", \"slug\": \"good\"}\n";
    let tip = story.git(&["rev-parse", "main"]);
    let (_, would, _) = import_lines(&story, line, &["--dry-run"]);
    assert_eq!(story.git(&["rev-parse", "main"]), tip);
    let (_, did, _) = import_lines(&story, line, &[]);
    assert_eq!(would.replace("would import", "imported"), did);
    assert!(did.trim_end().ends_with(&story.git(&["rev-parse", "main"])));
}

#[test]
fn revisions_stand_upon_one_another_in_the_pack_and_read_back_to_git() {
    let story = Story::begin();
    // Long texts of which each revision changes a word, and the archive's own order of dates is another one.
    let text = |revision: usize| {
        let words: Vec<String> = (0..600_usize)
            .map(|at| format!("词{}", (at * at + usize::from(at == 100 + revision) * 7) % 977))
            .collect();
        words.join("")
    };
    let mut lines = String::new();
    for revision in (0..120).rev() {
        let kind = if revision == 0 {
            r#""slug": "long""#.to_owned()
        } else {
            r#""article": "2026/01/01/long", "kind": "update""#.to_owned()
        };
        let seconds = 1_767_225_600 + revision;
        let date = format!("2026-01-01T00:{:02}:{:02}Z", (seconds / 60) % 60, seconds % 60);
        lines.push_str(&format!(
            "{{\"sources\": {{\"zh\": \"{}\"}}, \"date\": \"{date}\", {kind}}}\n",
            text(usize::try_from(revision).unwrap())
        ));
    }
    let (status, said, errors) = import_lines(&story, &lines, &[]);
    assert_eq!(status, Some(0), "{said}{errors}");
    assert_sound(&story, 120);
    let pack = fs::read_dir(story.archive().join("objects/pack"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "pack"))
        .unwrap();
    let bytes = fs::metadata(&pack).unwrap().len();
    assert!(
        bytes < 120 * 1500,
        "{bytes} bytes: revisions are not told by what they change"
    );
    let index = pack.with_extension("idx");
    let chains = story.git(&["verify-pack", "-v", index.to_str().unwrap()]);
    let deepest = chains
        .lines()
        .filter_map(|line| {
            line.strip_prefix("chain length = ")?
                .split(':')
                .next()?
                .parse()
                .ok()
        })
        .max();
    assert!(
        deepest.is_some_and(|deepest: usize| (20..=52).contains(&deepest)),
        "{deepest:?}"
    );
}

#[test]
fn a_kill_at_any_instant_leaves_the_old_tip_or_the_new_one() {
    let story = Story::begin();
    generate::pages(&story.folder.path().join("pages.jsonl"), 400);
    let old = story.git(&["rev-parse", "main"]);
    let mut killed = 0;
    for instant in 0..40_u64 {
        let mut child = story
            .program(&["import", "pages.jsonl", "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(instant * 17 % 400));
        child.kill().unwrap();
        if !child.wait().unwrap().success() {
            killed += 1;
        }
        if story.git(&["rev-parse", "main"]) != old {
            break;
        }
        // Between the move of the pack and that of the branch the pack is whole, and nothing leads to it.
        assert_eq!(story.git(&["fsck", "--strict", "--full", "--no-dangling"]), "");
    }
    assert!(killed > 0);
    let said = story.yes(&["import", "pages.jsonl"]);
    assert!(said.contains("of 400 pages"), "{said}");
    assert_sound(&story, 400);
    let left: Vec<String> = fs::read_dir(story.archive())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| {
            name.starts_with("avalaches.in") && !name.starts_with("avalaches.index")
                || name.starts_with(".tmp")
        })
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn pages_are_added_while_others_are_imported() {
    let story = Story::begin();
    generate::pages(&story.folder.path().join("pages.jsonl"), 1500);
    let mut import = story
        .program(&["import", "pages.jsonl", "--quiet"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut added = 0;
    while import.try_wait().unwrap().is_none() {
        story.add(
            "page.txt",
            &format!("第{added}页，同时加入。\n"),
            &["--slug", "meanwhile"],
        );
        added += 1;
    }
    assert!(import.wait().unwrap().success());
    assert!(added > 0);
    assert_sound(&story, 1500 + added);
}

#[test]
fn drafts_are_passed_over_and_counted_and_dates_that_are_still_to_come_are_warned_of() {
    let story = Story::begin();
    let page = |line: &str, text: &str| format!("---\n{line}\n---\n\n{text}\n");
    fs::create_dir(story.folder.path().join("in")).unwrap();
    story.write("in/draft.md", page("draft: true", "Not yet."));
    story.write("in/hidden.md", page("published: false", "Nor this."));
    story.write("in/later.md", page("date: 2030-01-01", "To come."));
    let import = |options: &[&str]| {
        let output = story.run(&[&["import", "in", "--dry-run"], options].concat());
        assert!(output.status.success(), "{output:?}");
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let [told, warned] = import(&[]);
    assert!(
        told.starts_with("would import  1 revision, 1 article new, of 3 pages; 2 drafts passed over"),
        "{told}"
    );
    for said in [
        "in/draft.md: passed over, as its front matter says that it is a draft",
        "2 drafts passed over; --drafts takes them",
        "in/later.md:2: it is dated 2030-01-01T12:00:00+00:00, and it is",
    ] {
        assert!(warned.contains(said), "{said}: {warned}");
    }
    let told: Value = serde_json::from_str(&import(&["--json"])[0]).unwrap();
    assert_eq!((&told["drafts"], &told["refused"]), (&2.into(), &0.into()));
    assert!(import(&["--drafts"])[0].starts_with("would import  3 revisions"));
    // Whoever names a draft is asked.
    let output = story.run(&["add", "in/draft.md"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("in/draft.md: the page's front matter says that it is a draft"),
        "{said}"
    );
    assert!(said.contains("hint: --drafts takes it"), "{said}");
    story.yes(&["add", "in/draft.md", "--drafts"]);
}

/// Ends an import at one of the steps that it tells of, and keeps what it was told.
#[derive(Default)]
struct Told {
    ends_at: Option<usize>,
    steps: usize,
    refused: Vec<String>,
    placed: Vec<(String, u32)>,
}

impl Listener for Told {
    fn refused(&mut self, name: &str, _: &Refusal) {
        self.refused.push(name.to_owned());
    }

    fn passed_over(&mut self, name: &str) {
        panic!("{name} is no draft");
    }

    fn noticed(&mut self, _: &str, _: &[Notice]) {}

    fn placed(&mut self, name: &str, outcome: &Outcome) {
        self.placed.push((name.to_owned(), outcome.revision));
    }

    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        assert!(progress.done <= progress.all, "{progress:?}");
        self.steps += 1;
        if self.ends_at == Some(self.steps) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

fn item(name: &str, text: &str, file: Option<u64>) -> Item {
    let text = if text.is_empty() {
        Text::Unreadable(Unreadable("it cannot be read".to_owned()))
    } else {
        Text::Page {
            bytes: text.as_bytes().to_vec(),
            form: Form::Text,
        }
    };
    Item {
        name: name.to_owned(),
        text,
        wishes: Wishes {
            date: Some("2026-01-22".to_owned()),
            ..Wishes::default()
        },
        order: None,
        file,
    }
}

fn imported(
    story: &Story,
    items: &mut dyn Iterator<Item = Item>,
    on_refusal: OnRefusal,
    told: &mut Told,
) -> Result<Report, ImportError> {
    let options = Options {
        circumstances: Circumstances {
            author: None,
            committer: None,
            now: RevisionDate::from_seconds(1_769_140_800, UtcOffset::UTC).unwrap(),
            invisible: Invisible::Refuse,
            signer: None,
        },
        on_refusal,
        mode: Mode::Write,
        durability: Durability::Unsynced,
    };
    import::import(&story.archive(), Owner::Caller, items, &options, told)
}

#[test]
fn an_import_that_is_ended_at_any_step_adds_nothing() {
    let story = Story::begin();
    let tip = story.git(&["rev-parse", "main"]);
    let items = || {
        ["一。\n", "二。\n", "三。\n"]
            .map(|text| item(text, text, None))
            .into_iter()
    };
    let mut ends_at = 1;
    loop {
        let mut told = Told {
            ends_at: Some(ends_at),
            ..Told::default()
        };
        let report = imported(&story, &mut items(), OnRefusal::Stop, &mut told).unwrap();
        assert_eq!(report.is_imported(OnRefusal::Stop), !report.ended);
        if !report.ended {
            assert_eq!((report.revisions, told.placed.len()), (3, 3));
            break;
        }
        assert_eq!(story.git(&["rev-parse", "main"]), tip, "step {ends_at}");
        let told = report.tip.map(|told| told.to_string());
        assert!(told.is_none_or(|told| told == tip), "step {ends_at}");
        ends_at += 1;
    }
    assert!(ends_at > 2, "pages are prepared, and then have their places");
    assert_sound(&story, 3);
}

#[test]
fn settings_that_change_while_pages_are_read_end_the_import() {
    let story = Story::begin();
    let mut items = ["一。\n", "二。\n"]
        .map(|text| item(text, text, None))
        .into_iter()
        .inspect(|item| {
            if item.name == "二。\n" {
                story.yes(&["settings", "--title", "新报"]);
            }
        });
    let ended = imported(&story, &mut items, OnRefusal::Stop, &mut Told::default());
    assert!(matches!(ended, Err(ImportError::Settings)), "{ended:?}");
    assert_eq!(
        story.git(&["log", "-1", "--format=%s", "main"]).split(':').next(),
        Some("settings")
    );
    assert_sound(&story, 0);
}

#[test]
fn where_the_first_versions_of_a_text_are_refused_the_next_one_begins_the_article() {
    let story = Story::begin();
    let texts = [
        ("a1", ""),
        ("a2", ""),
        ("a3", "第三版。\n"),
        ("a4", "第四版。\n"),
        ("a5", ""),
        ("a6", "第六版。\n"),
    ];
    let items = || texts.map(|(name, text)| item(name, text, Some(7))).into_iter();
    let mut told = Told::default();
    let report = imported(&story, &mut items(), OnRefusal::Stop, &mut told).unwrap();
    assert!(!report.is_imported(OnRefusal::Stop) && report.tip.is_none());
    assert_sound(&story, 0);
    let mut told = Told::default();
    let report = imported(&story, &mut items(), OnRefusal::Skip, &mut told).unwrap();
    assert_eq!(told.refused, ["a1", "a2", "a5"]);
    let placed = [("a3", 1), ("a4", 2), ("a6", 3)].map(|(name, revision)| (name.to_owned(), revision));
    assert_eq!(told.placed, placed);
    assert_eq!((report.articles, report.revisions, report.refused), (1, 3, 3));
    assert_sound(&story, 3);
}

/// Reads `article.json` and a source of an article at the tip.
fn stored(story: &Story, article: &str, source: &str) -> (Value, String) {
    let file = |name: &str| story.git(&["show", &format!("main:articles/{article}/{name}")]);
    (json(&file("article.json")), file(source))
}

#[test]
fn a_line_that_follows_an_article_keeps_what_it_does_not_say() {
    let story = Story::begin();
    // The correction stands above what it corrects; dates decide. The second one follows the first.
    let lines = r#"{"date": "2024-05-04", "article": "2024/05/02/bridge", "kind": "correction", "note": "Two.", "page": "The bridge opened *yesterday*, they say.\n", "form": "markdown", "tags": ["mended"]}
{"date": "2024-05-03", "article": "2024/05/02/bridge", "kind": "correction", "note": "One.", "sources": {"en": "The bridge opened *yesterday*."}}
{"date": "2024-05-02", "slug": "bridge", "sources": {"en": "The bridge opened *today*."}, "title": {"en": "Bridge opens"}, "authors": ["Ada"], "tags": ["city"], "source_url": "https://example.org/a"}
{"date": "2024-05-05", "article": "2024/05/02/bridge", "note": "Three.", "page": "The bridge opened yesterday, they say.\n\nMore of it.\n"}
"#;
    let (code, said, errors) = import_lines(&story, lines, &[]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        said.starts_with("imported  4 revisions, 1 article new, of 4 pages"),
        "{said}"
    );
    let (metadata, source) = stored(&story, "2024/05/02/bridge", "en.md");
    assert_eq!(metadata["title"]["en"], "Bridge opens");
    assert_eq!(metadata["authors"], serde_json::json!(["Ada"]));
    assert_eq!(metadata["tags"], serde_json::json!(["mended"]));
    assert_eq!(metadata["source_url"], "https://example.org/a");
    assert_eq!(source, "The bridge opened *yesterday*, they say.\n\nMore of it.");
    assert_sound(&story, 4);
    // The same again is known; what follows an article of the archive keeps as much, from a folder as well.
    let (code, said, errors) = import_lines(&story, lines, &[]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        said.contains("imported  0 revisions") && said.contains("4 in the archive already"),
        "{said}"
    );
    fs::create_dir(story.folder.path().join("pages")).unwrap();
    let page = "---\narticle: 2024/05/02/bridge\nkind: correction\nnote: Four.\ndate: 2024-05-06\n---\nIt is *shut*.\n";
    story.write("pages/a.md", page);
    story.yes(&["import", "pages"]);
    let (metadata, source) = stored(&story, "2024/05/02/bridge", "en.md");
    assert_eq!(
        (&metadata["title"]["en"], source.as_str()),
        (&json("\"Bridge opens\""), "It is *shut*.")
    );
    assert_eq!(metadata["tags"], serde_json::json!(["mended"]));
    assert_sound(&story, 5);
    let missing = r#"{"article": "2024/05/02/ferry", "kind": "correction", "note": "x", "page": "x y z"}"#;
    let (code, _, errors) = import_lines(&story, missing, &[]);
    assert!(
        code == Some(2) && errors.contains("no article 2024/05/02/ferry"),
        "{errors}"
    );
}

/// Imports lines and returns how many revisions that added.
fn added(story: &Story, lines: &str) -> u64 {
    let (status, said, errors) = import_lines(story, lines, &["--json"]);
    assert_eq!(status, Some(0), "{errors}");
    json(&said)["revisions"].as_u64().unwrap()
}

/// The author, title and tags of each revision of an article on the branch, oldest first.
fn course(story: &Story) -> Vec<(String, String, Vec<String>)> {
    let commits = story.git(&["log", "--reverse", "--format=%H %an", "main"]);
    let revisions = commits.lines().skip(1).map(|line| {
        let (commit, author) = line.split_once(' ').unwrap();
        let tree = story.git(&["ls-tree", "-r", "--name-only", commit]);
        let file = tree.lines().find(|file| file.ends_with("article.json")).unwrap();
        let metadata = json(&story.git(&["show", &format!("{commit}:{file}")]));
        let tags = metadata["tags"].as_array().into_iter().flatten();
        (
            author.to_owned(),
            metadata["title"]["en"].as_str().unwrap_or_default().to_owned(),
            tags.map(|tag| tag.as_str().unwrap().to_owned()).collect(),
        )
    });
    revisions.collect()
}

#[test]
fn lines_about_what_stands_beside_the_text_are_known_again_whatever_came_after_them() {
    let story = Story::begin();
    let follows = |date: &str, more: &str| {
        format!(
            r#"{{"date": "2024-01-{date}", "article": "2024/01/01/a", "sources": {{"en": "Text one."}}, "kind": "technical", {more}}}"#
        )
    };
    let lines = [
        r#"{"date": "2024-01-01", "slug": "a", "sources": {"en": "Text one."}, "title": "Title A", "tags": ["x"]}"#.to_owned(),
        follows("02", r#""tags": ["y"]"#),
        follows("02", r#""title": "Title B""#),
        follows("03", r#""tags": ["z"]"#),
        follows("04", r#""tags": ["x"], "title": "Title A""#),
        r#"{"date": "2024-01-05", "article": "2024/01/01/a", "kind": "correction", "note": "n", "title": "Title C", "sources": {"en": "Text two."}}"#.to_owned(),
    ];
    let lines = lines.join("\n");
    assert_eq!(added(&story, &lines), 6);
    let is = |title: &str, tag: &str| ("Desk".to_owned(), title.to_owned(), vec![tag.to_owned()]);
    let made = [
        is("Title A", "x"),
        is("Title A", "y"),
        is("Title B", "y"),
        is("Title B", "z"),
        is("Title A", "x"),
        is("Title C", "x"),
    ];
    assert_eq!(course(&story), made);
    assert_eq!(added(&story, &lines), 0);
    story.write("page.txt", "Text two.\n");
    story.yes(&["technical", "2024/01/01/a", "page.txt", "--tag", "desk"]);
    assert_eq!(added(&story, &lines), 0, "what the desk did stays");
    story.yes(&["retract", "2024/01/01/a", "--note", "All wrong."]);
    assert_eq!(added(&story, &lines), 0, "and nothing is refused");
    assert_sound(&story, 8);
}

#[test]
fn a_line_that_changed_nothing_is_known_again_whatever_came_after_it() {
    let line = |date: u32, more: &str| format!(r#"{{"date": "2024-01-0{date}", {more}}}"#);
    let follows = |date: u32, text: &str, more: &str| {
        let text = format!(r#""article": "2024/01/01/a", "sources": {{"en": "{text}"}}{more}"#);
        line(date, &text)
    };
    let first = || line(1, r#""slug": "a", "sources": {"en": "One."}, "title": "A""#);
    let technical = r#", "kind": "technical""#;
    for (lines, revisions) in [
        (vec![first(), follows(2, "One.", r#", "title": "B""#)], 1),
        (vec![first(), follows(2, "One.", ""), follows(3, "Two.", "")], 2),
        (
            vec![first(), follows(3, "One.", technical), follows(4, "Two.", "")],
            2,
        ),
        (
            vec![
                first(),
                follows(2, "One.", ""),
                follows(3, "All wrong.", r#", "kind": "retraction", "note": "w""#),
            ],
            2,
        ),
    ] {
        let story = Story::begin();
        let lines = lines.join("\n");
        assert_eq!(added(&story, &lines), revisions, "{lines}");
        assert_eq!(added(&story, &lines), 0, "{lines}");
        story.write("page.txt", "Mended.\n");
        story.run(&[
            "correct",
            "2024/01/01/a",
            "page.txt",
            "--note=n",
            "--date=2024-02-01",
        ]);
        let tip = story.git(&["rev-parse", "main"]);
        assert_eq!(added(&story, &lines), 0, "{lines}");
        assert_eq!(story.git(&["rev-parse", "main"]), tip, "{lines}");
    }
}

#[test]
fn a_line_keeps_of_the_revision_that_its_date_comes_after() {
    let story = Story::begin();
    let lines = [
        r#"{"date": "2024-01-01", "slug": "a", "sources": {"en": "Text one."}, "title": "Title A", "authors": ["Ann"]}"#,
        r#"{"date": "2024-01-02", "article": "2024/01/01/a", "kind": "correction", "note": "c2", "sources": {"en": "Text two."}}"#,
        r#"{"date": "2024-01-03", "article": "2024/01/01/a", "kind": "correction", "note": "c3", "title": "Title B", "authors": ["Bob"], "sources": {"en": "Text three."}}"#,
    ];
    assert_eq!(added(&story, &[lines[0], lines[2]].join("\n")), 2);
    assert_eq!(added(&story, &lines.join("\n")), 2);
    let is = |author: &str, title: &str| (author.to_owned(), title.to_owned(), Vec::new());
    let made = [
        is("Ann", "Title A"),
        is("Bob", "Title B"),
        is("Ann", "Title A"),
        is("Bob", "Title B"),
    ];
    assert_eq!(course(&story), made);
    assert_eq!(added(&story, &lines.join("\n")), 0);
    let early = r#"{"date": "2023-12-31", "article": "2024/01/01/a", "kind": "correction", "note": "c0", "sources": {"en": "Text zero."}}"#;
    assert_eq!(added(&story, &[&lines[..], &[early]].concat().join("\n")), 3);
    assert_eq!(
        course(&story)[4..],
        [is("Ann", "Title A"), is("Ann", "Title A"), is("Bob", "Title B")],
        "before the first, of the first"
    );
    assert_sound(&story, 7);
}

#[test]
fn a_restoration_keeps_nothing_of_the_retraction() {
    let lines = [
        r#"{"date": "2024-01-01", "slug": "a", "sources": {"en": "Text one."}, "title": "Title A", "tags": ["x"]}"#,
        r#"{"date": "2024-01-02", "article": "2024/01/01/a", "kind": "retraction", "note": "w", "title": "Retracted: Title A", "sources": {"en": "Retracted."}}"#,
        r#"{"date": "2024-01-03", "article": "2024/01/01/a", "kind": "restoration", "note": "r", "sources": {"en": "Text one."}}"#,
    ];
    for parts in [&[3][..], &[2, 3], &[1, 3], &[1, 2, 3]] {
        let story = Story::begin();
        let mut begun = 0;
        for end in parts {
            let revisions = u64::try_from(end - begun).unwrap();
            assert_eq!(added(&story, &lines[..*end].join("\n")), revisions, "{parts:?}");
            begun = *end;
        }
        let titles: Vec<String> = course(&story).into_iter().map(|(_, title, _)| title).collect();
        assert_eq!(titles, ["Title A", "Retracted: Title A", "Title A"], "{parts:?}");
        assert_sound(&story, 3);
    }
}

#[test]
fn a_correction_of_the_headline_is_none_that_another_line_is_known_as() {
    let story = Story::begin();
    let corrected = |title: &str| {
        format!(
            r#"{{"date": "2024-01-03", "article": "2024/01/01/a", "kind": "correction", "note": "t", "title": "{title}", "sources": {{"en": "Text."}}}}"#
        )
    };
    let first =
        r#"{"date": "2024-01-01", "slug": "a", "sources": {"en": "Text."}, "title": "Title A"}"#.to_owned();
    let lines = [first, corrected("Title B"), corrected("Title C")];
    assert_eq!(added(&story, &lines[..2].join("\n")), 2);
    for revisions in [1, 0] {
        assert_eq!(added(&story, &lines.join("\n")), revisions);
        let titles: Vec<String> = course(&story).into_iter().map(|(_, title, _)| title).collect();
        assert_eq!(titles, ["Title A", "Title B", "Title C"]);
    }
}

#[test]
fn a_line_takes_away_what_it_says_that_there_is_none_of() {
    let story = Story::begin();
    let lines = r#"{"date": "2024-05-02", "slug": "bridge", "sources": {"en": "The bridge opened today."}, "title": {"en": "Bridge opens"}, "authors": ["Ada"], "tags": ["city"], "source_url": "https://example.org/a"}
{"date": "2024-05-03", "article": "2024/05/02/bridge", "kind": "correction", "note": "One.", "sources": {"en": "* * *\n\nThe bridge opened."}, "authors": [], "tags": null, "title": null, "source_url": null}
"#;
    let (code, _, errors) = import_lines(&story, lines, &[]);
    assert_eq!(code, Some(0), "{errors}");
    let (metadata, _) = stored(&story, "2024/05/02/bridge", "en.md");
    assert_eq!(metadata["title"]["en"], "Bridge opens");
    assert_eq!(metadata["tags"], serde_json::json!(["city"]));
    assert_eq!(metadata["source_url"], "https://example.org/a");
    let line = r#"{"date": "2024-05-04", "article": "2024/05/02/bridge", "page": "---\ntitle: Own\ntags: own\n---\nIt opened.\n", "authors": [], "tags": [], "title": {}, "source_url": ""}"#;
    let (code, _, errors) = import_lines(&story, line, &["--tag", "city"]);
    assert_eq!(code, Some(0), "{errors}");
    let (metadata, _) = stored(&story, "2024/05/02/bridge", "en.md");
    assert_eq!(metadata["authors"], serde_json::json!(["Ada"]));
    for member in ["title", "tags", "source_url"] {
        let said = &metadata[member];
        let is_none = said.is_null() || *said == serde_json::json!([]) || *said == serde_json::json!({});
        assert!(is_none, "{member}: {metadata}");
    }
    assert_sound(&story, 3);
}

#[test]
fn notes_that_look_like_definitions_come_in_as_words_on_every_way() {
    let story = Story::begin();
    let text = "Words here[^1].\n\n[^1]: 注文。";
    let source = "Words here[^1].\n\n\\[^1\\]: 注文。";
    let check = |slug: &str| {
        let article = format!("2026/01/22/{slug}");
        let files = story.git(&["ls-tree", "--name-only", "main", &format!("articles/{article}/")]);
        assert!(files.contains("page.txt"), "{slug}: {files}");
        let page = story.git(&["show", &format!("main:articles/{article}/page.txt")]);
        assert_eq!(page, text, "{slug}");
        let sources = files
            .lines()
            .filter(|file| !file.ends_with("page.txt") && !file.ends_with("article.json"));
        let sources: Vec<String> = sources
            .map(|file| story.git(&["show", &format!("main:{file}")]))
            .collect();
        assert_eq!(sources.join("\n\n"), source, "{slug}");
    };
    story.add("a.md", text, &["--slug=added", "--date=2026-01-22"]);
    check("added");
    let line =
        serde_json::json!({"slug": "line", "date": "2026-01-22", "sources": {"mul": format!("{text} ")}});
    let (code, _, errors) = import_lines(&story, &line.to_string(), &[]);
    assert_eq!(code, Some(0), "{errors}");
    check("line");
    let pages = story.folder.path().join("pages");
    fs::create_dir(&pages).unwrap();
    story.write(
        "pages/b.md",
        format!("---\nslug: folder\ndate: 2026-01-22\n---\n{text}\n"),
    );
    story.yes(&["import", "pages"]);
    check("folder");
    assert_sound(&story, 3);
}

#[test]
fn what_is_passed_over_or_left_out_is_told() {
    let story = Story::begin();
    let folder = story.folder.path().join("pages");
    fs::create_dir_all(folder.join("a")).unwrap();
    for name in ["a.md", "b.mdx", "a/c.docx", "a/d.DOCX", "e"] {
        story.write(
            &format!("pages/{name}"),
            "Some words of a page that somebody wrote.\n",
        );
    }
    std::os::unix::fs::symlink("a.md", folder.join("f.md")).unwrap();
    let page = "<article><p>The bridge opened today.</p><aside>Correction: it was yesterday.</aside><p>More words.</p>\
        <nav>Home</nav><button>Read on</button></article><aside>Correction: not today.</aside><aside>Advertising</aside>";
    story.write("pages/g.html", page);
    for command in [
        &["add", "pages", "--dry-run"][..],
        &["import", "pages", "--dry-run"],
    ] {
        let output = story.run(command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert!(said.contains("5 files passed over: .docx 2, "), "{said}");
        for kind in [".mdx 1", "links 1", "others 1"] {
            assert!(said.contains(kind), "{kind}: {said}");
        }
        let left_out = "left out, as it stands beside the text: “Correction: it was yesterday.”, “Read on”, “Correction: not today.”\n";
        assert!(said.contains(left_out), "{said}");
    }
    let mut deep = folder.clone();
    deep.extend((0..33).map(|_| "d"));
    fs::create_dir_all(&deep).unwrap();
    let output = story.run(&["import", "pages"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("/d lies more than 32 folders deep"), "{said}");
    story.write("none.jsonl", "\n");
    let output = story.run(&["import", "none.jsonl"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && said.contains("there was nothing to import"),
        "{said}"
    );
}

#[test]
fn images_and_links_without_words_are_told_with_their_line() {
    let story = Story::begin();
    let page =
        "---\nslug: a\n---\nWords.\n\n![](a.png) ![b](b.png)\n\n[](https://a.example) [![](c.png)](d)\n";
    story.write("a.md", page);
    let output = story.run(&["add", "a.md"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("a.md:6: the text has nothing of 1 image without alternative text\n"),
        "{said}"
    );
    assert!(
        said.contains("a.md:8: the text has nothing of 1 image without alternative text\n"),
        "{said}"
    );
    assert!(
        said.contains("a.md:8: the text has nothing of 1 link without words\n"),
        "{said}"
    );
    story.write(
        "b.html",
        "<article><p>Words</p><img src=a><img src=b alt=''><img src=c alt=d></article>",
    );
    let output = story.run(&["add", "b.html"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("b.html: the text has nothing of 1 image without"),
        "{said}"
    );
}

#[test]
fn what_is_named_twice_is_stored_once() {
    let story = Story::begin();
    let line = r#"{"slug": "a", "date": "2026-01-22", "page": "Words of a page.", "tags": ["a", "b", "a"], "authors": ["X", "X"]}"#;
    let (code, _, errors) = import_lines(&story, line, &[]);
    assert_eq!(code, Some(0), "{errors}");
    let metadata = json(&story.git(&["show", "main:articles/2026/01/22/a/article.json"]));
    assert_eq!(metadata["tags"], serde_json::json!(["a", "b"]));
    assert_eq!(metadata["authors"], serde_json::json!(["X"]));
    let page = "---\ntitle: Bridge opens\ntitle_en: The bridge opens\n---\nThe bridge opened today, and everybody came.\n";
    story.add("b.md", page, &["--slug=b", "--date=2026-01-22"]);
    let metadata = json(&story.git(&["show", "main:articles/2026/01/22/b/article.json"]));
    assert_eq!(metadata["title"], serde_json::json!({"en": "The bridge opens"}));
}

#[test]
fn a_line_that_follows_a_name_which_another_text_got_a_number_for_is_in_doubt() {
    let linz = r#"{"date": "2024-01-01", "slug": "bridge", "page": "The bridge at Linz fell."}"#;
    let bonn = r#"{"date": "2024-01-01", "slug": "bridge", "page": "The bridge at Bonn fell."}"#;
    let follows = |article: &str| {
        format!(
            r#"{{"date": "2024-01-02", "article": "2024/01/01/{article}", "kind": "correction", "note": "It stands.", "page": "The bridge at Bonn stands."}}"#
        )
    };
    for first in [&[linz][..], &[]] {
        let story = Story::begin();
        let all = [linz, bonn, &follows("bridge")].join("\n");
        let lines = if first.is_empty() {
            all
        } else {
            [bonn, &follows("bridge")].join("\n")
        };
        if !first.is_empty() {
            assert_eq!(added(&story, linz), 1);
        }
        // The second time the text is known under its number.
        for begun in [true, false] {
            let (status, _, said) = import_lines(&story, &lines, &[]);
            assert_eq!(status, Some(2), "{said}");
            assert!(
                said.contains("2024/01/01/bridge may be the article of that name or 2024/01/01/bridge-2"),
                "{said}"
            );
            assert!(
                said.contains("name 2024/01/01/bridge-2 where that is meant"),
                "{said}"
            );
            if begun {
                let good: Vec<&str> = lines.lines().filter(|line| !line.contains("stands")).collect();
                assert!(added(&story, &good.join("\n")) > 0);
            }
        }
        assert_eq!(
            added(&story, &lines.replace(&follows("bridge"), &follows("bridge-2"))),
            1
        );
        // What is in the archive is known, also under the number that its article got.
        assert_eq!(added(&story, &follows("bridge")), 0);
        assert_eq!(added(&story, &lines), 0);
        assert_sound(&story, 3);
    }
    // So it is with `add`.
    let story = Story::begin();
    fs::create_dir(story.folder.path().join("pages")).unwrap();
    story.add(
        "l.txt",
        "The bridge at Linz fell.\n",
        &["--slug", "bridge", "--date", "2024-01-01"],
    );
    story.write(
        "pages/a.md",
        "---\ndate: 2024-01-01\nslug: bridge\n---\nThe bridge at Bonn fell.\n",
    );
    story.write(
        "pages/b.md",
        "---\narticle: 2024/01/01/bridge\nkind: correction\nnote: It stands.\n---\nThe bridge at Bonn stands.\n",
    );
    let output = story.run(&["add", "pages"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("or 2024/01/01/bridge-2"), "{said}");
    assert_sound(&story, 1);
}

#[test]
fn a_late_line_does_not_undo_what_an_editor_said_since() {
    let story = Story::begin();
    let follows = |day: u32, dead: u32| {
        format!(
            r#"{{"date": "2024-01-0{day}", "article": "2024/01/01/ferry", "kind": "update", "note": "News.", "page": "The ferry sank; {dead} dead."}}"#
        )
    };
    let first = r#"{"date": "2024-01-01", "slug": "ferry", "page": "The ferry sank."}"#;
    let (late, last) = (follows(3, 11), follows(5, 12));
    assert_eq!(added(&story, &[first, &last].join("\n")), 2);
    story.write("c.txt", "The ferry sank; 13 dead.\n");
    let footer = story.yes(&[
        "correct",
        "2024/01/01/ferry",
        "c.txt",
        "--date",
        "2024-01-10",
        "--note",
        "Counted anew.",
    ]);
    let lines = [first, &late, &last].join("\n");
    for lines in [&lines, &late] {
        let (status, _, said) = import_lines(&story, lines, &[]);
        assert_eq!(status, Some(2), "{said}");
        let why = "a revision of 2024/01/01/ferry is none of these pages and is dated later than this one: ";
        assert!(said.contains(&format!("{why}{}", footer.trim())), "{said}");
    }
    // The others come in, and what is there is known.
    let (status, _, said) = import_lines(&story, &lines, &["--keep-going"]);
    assert_eq!(status, Some(1), "{said}");
    let text = || story.yes(&["show", "2024/01/01/ferry", "--format", "text"]);
    assert_eq!(text(), "The ferry sank; 13 dead.\n");
    // What is dated later follows, and changes nothing for the late one.
    let later = follows(5, 14).replace("2024-01-05", "2024-01-11");
    assert_eq!(added(&story, &later), 1);
    for _ in 0..2 {
        let (status, _, said) = import_lines(&story, &[&lines, &*later].join("\n"), &["--keep-going"]);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(footer.trim()), "{said}");
    }
    assert_eq!(text(), "The ferry sank; 14 dead.\n");
    assert_sound(&story, 4);
}

#[test]
fn nothing_is_put_before_a_retraction() {
    let story = Story::begin();
    let lines = [
        r#"{"date": "2024-05-01", "slug": "a", "page": "One."}"#,
        r#"{"date": "2024-05-02", "article": "2024/05/01/a", "kind": "correction", "note": "Wrong.", "page": "Two."}"#,
        r#"{"date": "2024-05-03", "article": "2024/05/01/a", "kind": "retraction", "note": "Gone.", "page": "Gone."}"#,
    ];
    assert_eq!(added(&story, &[lines[0], lines[2]].join("\n")), 2);
    let (status, _, said) = import_lines(&story, &lines.join("\n"), &[]);
    assert_eq!(status, Some(2), "{said}");
    assert!(
        said.contains("2024/05/01/a is retracted, and this page is dated before that: 2024-05-03"),
        "{said}"
    );
    assert!(
        said.contains("leave this page out") && !said.contains("restore"),
        "{said}"
    );
    let (status, _, said) = import_lines(&story, &lines.join("\n"), &["--keep-going"]);
    assert_eq!(status, Some(1), "{said}");
    assert_sound(&story, 2);
}

#[test]
fn what_got_a_number_when_it_was_added_again_elsewhere_is_known_again() {
    let story = Story::begin();
    let line =
        |text: &str| format!(r#"{{"date": "2026-03-01", "slug": "bridge", "page": "{text} text is here."}}"#);
    let correction = r#"{"date": "2026-03-02", "article": "2026/03/01/bridge", "kind": "correction", "note": "Ours.", "page": "One text corrected."}"#;
    let mine = [line("One"), line("Two")].join("\n");
    let other = "other";
    story.yes(&["clone", "-q", "archive", other]);
    assert_eq!(added(&story, &mine), 2);
    assert_eq!(added(&story, correction), 1);
    story.write("o.jsonl", [line("Three"), line("Four")].join("\n"));
    story.yes(&["--archive", other, "import", "-q", "o.jsonl"]);
    story.yes(&["pull", "-q", other, "--rebase-mine"]);
    for lines in [&*mine, correction, &[&*mine, correction].join("\n")] {
        assert_eq!(added(&story, lines), 0, "{lines}");
    }
    let list = story.yes(&["list"]);
    for name in ["bridge ", "bridge-2 ", "bridge-3 ", "bridge-4 "] {
        assert!(list.contains(&format!("2026/03/01/{name}")), "{list}");
    }
    let text = |name: &str| story.yes(&["show", &format!("2026/03/01/{name}"), "--format", "text"]);
    assert_eq!(text("bridge"), "Three text is here.\n");
    assert_eq!(text("bridge-3"), "One text corrected.\n");
    assert_sound(&story, 5);
}

#[test]
fn a_notice_that_another_article_has_as_well_is_not_taken_for_done() {
    let story = Story::begin();
    let line =
        |text: &str| format!(r#"{{"date": "2026-03-01", "slug": "bridge", "page": "{text} text is here."}}"#);
    assert_eq!(added(&story, &[line("One"), line("Two")].join("\n")), 2);
    let retraction = |article: &str| {
        format!(
            r#"{{"date": "2026-03-02", "article": "2026/03/01/{article}", "kind": "retraction", "note": "Taken down.", "page": "This article was taken down."}}"#
        )
    };
    assert_eq!(added(&story, &retraction("bridge-2")), 1);
    let (status, _, said) = import_lines(&story, &retraction("bridge"), &[]);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("`avalaches retract 2026/03/01/bridge`"), "{said}");
    let retract = ["retract", "-q", "2026/03/01/bridge", "--note", "Taken down."];
    story.yes(&[&retract[..], &["--date", "2026-03-02"]].concat());
    assert_eq!(added(&story, &retraction("bridge-2")), 0);
    assert_sound(&story, 4);
}

#[test]
fn a_page_that_says_the_present_date_is_not_counted_as_one_that_says_none() {
    let story = Story::begin();
    let lines = r#"{"date": "2026-01-23T04:00:00Z", "slug": "a", "page": "A text."}"#;
    let (status, _, said) = import_lines(&story, lines, &["--archived-at", "2026-01-23T04:00:00Z"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(!said.contains("without a date"), "{said}");
    let (status, _, said) = import_lines(&story, r#"{"slug": "b", "page": "Another text."}"#, &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("1 new article without a date"), "{said}");
}
