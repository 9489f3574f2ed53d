//! What becomes of a published article: corrected, updated, changed in form, retracted, restored; each a revision that
//! git can show, and nothing before it changed.

#[path = "support/archives.rs"]
mod archives;

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};

use archives::Story;

const BRIDGE: &str = "2026/01/22/bridge";
const TEXT: &str = "今天桥通车，长一百米，全体市民免费通行。\n\nThe bridge opened today. It is one hundred metres long and free to all.\n";

/// An archive with one article in Chinese and English, with titles, tags, an author and a source of its own.
fn bridge() -> (Story, String) {
    let story = Story::begin();
    let options = [
        "--slug=bridge",
        "--date=2026-01-22",
        "--title=zh=桥通车",
        "--title=en=Bridge opens",
        "--tag=city",
        "--author=林晓 <lin@example.org>",
        "--source-url=https://example.org/bridge",
    ];
    let footer = story.add("a.txt", TEXT, &options);
    story.write("b.txt", mended());
    (story, footer)
}

fn mended() -> String {
    TEXT.replace("一百米", "两百米")
        .replace("one hundred", "two hundred")
}

fn page_text(story: &Story, commit: &str) -> String {
    story.git(&["show", &format!("{commit}:articles/{BRIDGE}/page.txt")])
}

fn metadata(story: &Story, commit: &str) -> serde_json::Value {
    let text = story.git(&["show", &format!("{commit}:articles/{BRIDGE}/article.json")]);
    serde_json::from_str(&text).unwrap()
}

/// Runs a command that has to be refused with every word, and to change nothing.
fn refused(story: &Story, arguments: &[&str], words: &[&str]) {
    let before = story.git(&["rev-parse", "main"]);
    let output = story.run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: {word:?} is not in {said}");
    }
    assert_eq!(story.git(&["rev-parse", "main"]), before, "{arguments:?}");
}

/// Runs a command that has to find nothing to do, and say so.
fn unchanged(story: &Story, arguments: &[&str], words: &str) {
    let before = story.git(&["rev-parse", "main"]);
    let output = story.run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    assert!(said.contains("unchanged:") && said.contains(words), "{said}");
    assert_eq!(story.git(&["rev-parse", "main"]), before, "{arguments:?}");
}

#[test]
fn a_correction_keeps_titles_tags_authors_and_source_and_needs_a_note() {
    let (story, first) = bridge();
    refused(
        &story,
        &["correct", BRIDGE, "b.txt"],
        &["must say why", "hint: say why, with --note"],
    );
    // The article may be named by a footer, and by the beginning of an id.
    let footer = story.yes(&["correct", &first, "b.txt", "--note", "长两百米。", "-q"]);
    let id = story.git(&["rev-parse", "main"]);
    assert!(footer.trim_end().ends_with(&id), "{footer}");
    assert_eq!(page_text(&story, "main"), mended().trim_end());
    let (before, after) = (metadata(&story, "main~1"), metadata(&story, "main"));
    for key in ["title", "tags", "authors", "source_url", "languages"] {
        assert_eq!(after[key], before[key], "{key}");
        assert!(!after[key].is_null(), "{key}");
    }
    assert_eq!(
        (&after["kind"], &after["note"]),
        (&"correction".into(), &"长两百米。".into())
    );
    unchanged(
        &story,
        &["correct", &id[..9], "b.txt", "--note", "Again."],
        "the text is that of revision 2",
    );
    // A headline is corrected, with the text as it is.
    let headline = [
        "correct",
        &id[..9],
        "b.txt",
        "--note=The headline.",
        "--title=zh=桥未通车",
    ];
    story.yes(&[&headline[..], &["-q"]].concat());
    let title = metadata(&story, "main")["title"].to_string();
    assert!(title.contains("桥未通车"), "{title}");
    unchanged(&story, &headline, "the text is that of revision 3");
    story.git(&["update-ref", "refs/heads/main", &id]);
    // What is said anew takes the place of what is kept; what is dropped goes.
    story.write("c.txt", TEXT.replace("一百米", "三百米"));
    let options = ["--title=en=A bridge", "--drop=tag", "--drop=source-url"];
    story.yes(&[&["update", &id, "c.txt"][..], &options].concat());
    let after = metadata(&story, "main");
    assert_eq!(
        after["title"],
        serde_json::json!({"zh": "桥通车", "en": "A bridge"})
    );
    assert!(
        after["tags"].is_null() && after["source_url"].is_null(),
        "{after}"
    );
    // `add` comes to the same revision.
    story.write("d.txt", TEXT.replace("一百米", "四百米"));
    let (note, dry) = ("--note=Four.", "--dry-run");
    let said = story.yes(&["correct", BRIDGE, "d.txt", note, dry, "-q"]);
    let options = ["--article", BRIDGE, "--kind", "correction", note];
    assert_eq!(
        said.trim_end(),
        story.add("d.txt", &TEXT.replace("一百米", "四百米"), &options)
    );
    story.yes(&["verify", "-q"]);
    story.git(&["fsck", "--strict"]);
}

#[test]
fn a_date_before_that_of_the_revision_before_is_warned_of_and_so_is_an_archiving_to_come() {
    let (story, first) = bridge();
    story.write("b.txt", mended());
    let dry = ["correct", &first, "b.txt", "--note", "Mended.", "--dry-run"];
    let said = |more: &[&str]| {
        let output = story.run(&[&dry[..], more].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let earlier = said(&["--date", "2020-01-02"]);
    assert!(
        earlier.contains("it is dated 2020-01-02, and the revision that it follows 2026-01-22"),
        "{earlier}"
    );
    let to_come = said(&["--archived-at", "2099-01-01"]);
    assert!(
        to_come.contains("it is archived at 2099-01-01") && to_come.contains("an audit tells of it"),
        "{to_come}"
    );
    assert!(!said(&[]).contains("warning"), "{}", said(&[]));
    refused(
        &story,
        &["correct", &first, "b.txt", "--note", "en=Mended."],
        &["the note begins with en=", "one note is for all languages"],
    );
}

#[test]
fn a_technical_revision_keeps_the_text_to_the_character() {
    let (story, _) = bridge();
    let words = [
        "keeps the text",
        "[-一-]{+两+}百米",
        "[-one-]{+two+}",
        "avalaches correct",
    ];
    refused(&story, &["technical", BRIDGE, "b.txt"], &words);
    let add = ["add", "b.txt", "--article", BRIDGE, "--kind", "technical"];
    refused(&story, &add, &words[..3]);
    let line = |text: &str, more: &str| {
        format!(
            r#"{{"article": "{BRIDGE}", "kind": "technical", "date": "2026-01-23", "sources": {{"zh": "{text}"}}{more}}}"#
        )
    };
    story.write("t.jsonl", line("另一段文字。", ""));
    refused(&story, &["import", "t.jsonl"], &["t.jsonl:1", "keeps the text"]);
    unchanged(
        &story,
        &["technical", BRIDGE, "a.txt"],
        "nothing differs from revision 1",
    );
    story.yes(&["technical", BRIDGE, "a.txt", "--title", "zh=大桥通车"]);
    assert_eq!(metadata(&story, "main")["title"]["zh"], "大桥通车");
    // Markup alone is a difference, and a page in plain text keeps it.
    story.write("m.md", TEXT.replace("一百米", "**一百米**"));
    story.yes(&["technical", BRIDGE, "m.md"]);
    let source = |commit: &str| story.git(&["show", &format!("{commit}:articles/{BRIDGE}/zh.md")]);
    assert!(source("main").contains("**一百米**"));
    unchanged(
        &story,
        &["technical", BRIDGE, "a.txt"],
        "nothing differs from revision 3",
    );
    story.yes(&["technical", BRIDGE, "a.txt", "--tag", "桥"]);
    assert_eq!(source("main"), source("main~1"));
    for commit in ["main~1", "main~2", "main~3"] {
        assert_eq!(page_text(&story, commit), page_text(&story, "main"));
    }
    // In one import as well: the second line changes the title, the third nothing.
    let first = r#"{"slug": "ferry", "date": "2026-01-20", "sources": {"zh": "渡船。"}}"#;
    let later = |date: &str, more: &str| {
        format!(
            r#"{{"article": "2026/01/20/ferry", "kind": "technical", "date": "{date}", "sources": {{"zh": "渡船。"}}{more}}}"#
        )
    };
    let title = r#", "title": "渡船""#;
    let lines = [
        first.to_owned(),
        later("2026-01-21", title),
        later("2026-01-22", title),
    ];
    story.write("f.jsonl", lines.join("\n"));
    let said = story.yes(&["import", "f.jsonl"]);
    assert!(said.starts_with("imported  2 revisions"), "{said}");
    story.yes(&["verify", "-q"]);
}

#[test]
fn a_note_in_another_language_than_its_notice_is_warned_of() {
    let (story, _) = bridge();
    let told = |notes: &[&str]| {
        let output = story.run(&[&["retract", BRIDGE, "--dry-run"], notes].concat());
        String::from_utf8(output.stderr).unwrap()
    };
    let another =
        |tag: &str| format!("the note in {tag} is in another language; --note LANG=NOTE gives each its own");
    assert!(told(&["--note", "没有这座桥。"]).contains(&another("en")));
    assert!(told(&["--note", "There is no bridge."]).contains(&another("zh")));
    assert!(
        !told(&["--note", "There is *no* bridge.", "--note", "zh=没有这座桥。"]).contains("another language")
            && !told(&["--note", "7/2026"]).contains("another language")
    );
}

#[test]
fn a_retraction_says_so_in_every_language_and_a_restoration_brings_the_text_back_to_the_letter() {
    let (story, _) = bridge();
    refused(
        &story,
        &["restore", BRIDGE, "--note", "x"],
        &["is not retracted", "--revision"],
    );
    refused(
        &story,
        &["retract", BRIDGE],
        &["must say why", "hint: say why, with --note\n"],
    );
    refused(
        &story,
        &["retract", BRIDGE, "--note", "fr=Pas de pont."],
        &["has no part in fr; it is in zh, en", "zh=fr=…"],
    );
    let notes = ["--note", "There is *no* bridge.", "--note", "zh=没有这座桥。"];
    story.yes(&[&["retract", BRIDGE][..], &notes].concat());
    let notice = "本文已撤回。\n\n没有这座桥。\n\nThis article has been retracted.\n\nThere is *no* bridge.";
    assert_eq!(page_text(&story, "main"), notice);
    let after = metadata(&story, "main");
    assert_eq!(
        after["title"],
        serde_json::json!({"zh": "撤回：桥通车", "en": "Retracted: Bridge opens"})
    );
    assert_eq!(after["note"], "There is *no* bridge. 没有这座桥。");
    assert_eq!(page_text(&story, "main~1"), TEXT.trim_end());
    for verb in ["correct", "update", "technical"] {
        let arguments = [verb, BRIDGE, "b.txt", "--note", "x"];
        refused(&story, &arguments, &["is retracted", "avalaches restore"]);
    }
    let add = ["add", "b.txt", "--article", BRIDGE, "--kind", "update"];
    refused(&story, &add, &["is retracted", "avalaches restore"]);
    refused(&story, &["restore", BRIDGE], &["must say why"]);
    refused(
        &story,
        &["restore", BRIDGE, "--revision", "2", "--note", "x"],
        &["is itself a retraction"],
    );
    story.yes(&["restore", BRIDGE, "--note", "There is one. 有桥。"]);
    let folder =
        |commit: &str, name: &str| story.git(&["rev-parse", &format!("{commit}:articles/{BRIDGE}/{name}")]);
    for name in ["page.txt", "zh.md", "en.md"] {
        assert_eq!(folder("main", name), folder("main~2", name), "{name}");
    }
    let (before, after) = (metadata(&story, "main~2"), metadata(&story, "main"));
    assert_eq!(
        (&after["title"], &after["tags"]),
        (&before["title"], &before["tags"])
    );
    assert_eq!(after["kind"], "restoration");
    // A revision that is named is put back wherever the article stands.
    story.yes(&["correct", BRIDGE, "b.txt", "--note", "Longer."]);
    refused(
        &story,
        &["restore", BRIDGE, "--revision", "9", "--note", "x"],
        &["has no revision 9", "avalaches history"],
    );
    let said = story.yes(&[
        "restore",
        BRIDGE,
        "--revision",
        "1",
        "--note",
        "As at first.",
        "--json",
    ]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["schema"], &said["pages"][0]["page"]),
        (&"avalaches/add/1".into(), &serde_json::Value::Null)
    );
    assert_eq!(folder("main", "page.txt"), folder("main~4", "page.txt"));
    let said = story.yes(&["history", BRIDGE]);
    let kinds: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().nth(1))
        .collect();
    let kinds: Vec<&str> = kinds
        .into_iter()
        .filter(|word| word.ends_with("ion") || *word == "publish")
        .collect();
    assert_eq!(
        kinds,
        [
            "restoration",
            "correction",
            "restoration",
            "retraction",
            "publish"
        ]
    );
    story.yes(&["verify", "-q"]);
    story.git(&["fsck", "--strict"]);
}

#[test]
fn of_two_editors_the_second_is_told_what_came_meanwhile() {
    let (story, first) = bridge();
    let id = story.git(&["rev-parse", "main"]);
    story.yes(&["correct", BRIDGE, "b.txt", "--note", "One.", "--expect", &first]);
    story.write("c.txt", TEXT.replace("一百米", "三百米"));
    let newest = story.git(&["rev-parse", "main"]);
    for expected in [&first, &id, &id[..8].to_owned()] {
        let correct = ["correct", BRIDGE, "c.txt", "--note", "Two.", "--expect", expected];
        refused(&story, &correct, &[&newest, &id, "avalaches history"]);
        let add = ["add", "c.txt", "--article", BRIDGE, "--expect", expected];
        refused(&story, &add, &[&newest, "avalaches history"]);
    }
    refused(&story, &["add", "c.txt", "--expect", &id], &["--article"]);
    // Who saw an older page is told even where the text would be the same.
    let same = ["correct", BRIDGE, "b.txt", "--note", "Two.", "--expect", &id];
    refused(&story, &same, &[&newest]);
    story.yes(&["update", BRIDGE, "c.txt", "--expect", &newest]);
    story.yes(&["verify", "-q"]);
}

#[test]
fn the_languages_that_were_declared_stay_until_the_page_has_others() {
    let story = Story::begin();
    let options = ["--slug=bridge", "--date=2026-01-22", "--lang=zh-Hant"];
    story.add("a.txt", "今天橋通車。\n", &options);
    story.write("b.txt", "今天大橋通車。\n");
    story.yes(&["update", BRIDGE, "b.txt"]);
    assert_eq!(
        metadata(&story, "main")["languages"],
        serde_json::json!(["zh-Hant"])
    );
    story.write(
        "c.txt",
        "今天大橋通車。\n\nThe bridge opened today, and it is free to all who live here.\n",
    );
    story.yes(&["update", BRIDGE, "c.txt"]);
    assert_eq!(
        metadata(&story, "main")["languages"],
        serde_json::json!(["zh-Hant", "en"])
    );
    story.yes(&["verify", "-q"]);
}

#[test]
fn a_page_that_was_printed_and_changed_is_of_the_day_of_the_change() {
    let story = Story::begin();
    let options = ["--slug=bridge", "--date=2026-01-22", "--lang=zh"];
    story.add("a.txt", "今天桥通车。\n", &options);
    let shown = story.yes(&["show", BRIDGE]);
    assert!(shown.contains("2026-01-22 (Thursday)"), "{shown}");
    // The present is 2026-01-23.
    for (command, text) in [
        (&["update", BRIDGE, "b.txt"][..], "今天大桥通车。"),
        (
            &["correct", BRIDGE, "b.txt", "--note", "Mended."],
            "昨天大桥通车。",
        ),
        (
            &["add", "b.txt", "--article", BRIDGE, "--kind", "update"],
            "前天大桥通车。",
        ),
    ] {
        story.write("b.txt", shown.replace("今天桥通车。", text));
        let footer = story.yes(&[command, &["-q"]].concat());
        assert!(footer.starts_with("2026-01-23 (Friday)"), "{footer}");
        let message = story.git(&["log", "-1", "--format=%B"]);
        assert!(!message.contains("Claimed-Footer"), "{message}");
    }
    // The footer of another archive's page is what that page claims.
    let other = "2026-01-22 (Thursday) · a038737196a74c325d6a90900694dd78867e8af9";
    story.write("c.txt", format!("大前天大桥通车。\n\n{other}\n"));
    let footer = story.yes(&["update", BRIDGE, "c.txt", "-q"]);
    assert!(footer.starts_with("2026-01-22 (Thursday)"), "{footer}");
    assert!(
        story
            .git(&["log", "-1", "--format=%B"])
            .contains(&format!("Claimed-Footer: {other}"))
    );
}

#[test]
fn the_date_of_the_publication_that_a_page_keeps_is_none_of_the_change() {
    let story = Story::begin();
    let page = |date: &str, text: &str| format!("---\ndate: {date}\n---\n\n{text}\n");
    story.add("o.md", &page("2026-01-05", "今天桥通车。"), &["--slug=old"]);
    let article = "2026/01/05/old";
    // The present is 2026-01-23.
    for (command, date, text, footer) in [
        (
            &["correct", article, "o.md", "--note", "Mended."][..],
            "2026-01-05",
            "昨天桥通车。",
            "2026-01-23",
        ),
        (
            &["update", article, "o.md"],
            "2026-01-05T08:00:00Z",
            "昨天大桥通车。",
            "2026-01-23",
        ),
        (
            &["add", "o.md", "--article", article],
            "2026-01-05",
            "前天大桥通车。",
            "2026-01-23",
        ),
        // What is said on the line counts, and so does a date that no revision has.
        (
            &["update", article, "o.md", "--date", "2026-01-05"],
            "2026-01-05",
            "大桥通车。",
            "2026-01-05",
        ),
        (
            &["update", article, "o.md"],
            "2026-02-01",
            "大桥要通车。",
            "2026-02-01",
        ),
    ] {
        story.write("o.md", page(date, text));
        let output = story.run(command);
        let said = String::from_utf8(output.stderr).unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.starts_with(footer), "{command:?}: {printed}");
        let is_told = said.contains("is that of a revision of the article before");
        assert_eq!(is_told, footer == "2026-01-23", "{said}");
    }
}

#[test]
fn a_retraction_without_title_or_tags_follows_one_that_has_them() {
    let (story, _) = bridge();
    let retract = ["retract", BRIDGE, "--note", "Court order."];
    story.yes(&retract);
    unchanged(&story, &retract, "the text is that of revision 2");
    story.yes(&[&retract[..], &["--drop", "title", "--drop", "tag"]].concat());
    let after = metadata(&story, "main");
    assert!(after["title"].is_null() && after["tags"].is_null(), "{after}");
    assert!(!story.yes(&["list"]).contains("桥通车"));
    story.yes(&["restore", BRIDGE, "--note", "As it was."]);
    story.yes(&[
        "restore",
        BRIDGE,
        "--revision",
        "1",
        "--title",
        "zh=大桥",
        "--note",
        "As it was.",
    ]);
    assert_eq!(metadata(&story, "main")["title"]["zh"], "大桥");
    story.yes(&["verify", "-q"]);
}

#[test]
fn a_titleless_article_is_called_by_its_first_words_when_it_is_retracted() {
    let story = Story::begin();
    story.add(
        "p.txt",
        "A wide bridge opened.\n",
        &["--slug=bridge", "--date=2026-01-22"],
    );
    story.add(
        "q.txt",
        "A ferry stopped.\n",
        &["--slug=ferry", "--date=2026-01-22"],
    );
    story.yes(&["retract", "2026/01/22/bridge", "--note", "Wrong."]);
    story.yes(&[
        "retract",
        "2026/01/22/ferry",
        "--note",
        "Wrong.",
        "--drop",
        "title",
    ]);
    let said = story.yes(&["list"]);
    assert!(said.contains("Retracted: A wide bridge opened."), "{said}");
    assert!(!said.contains("ferry stopped"), "{said}");
    story.yes(&["restore", "2026/01/22/bridge", "--note", "Right."]);
    assert!(metadata(&story, "main")["title"].is_null());
    story.yes(&["verify", "-q"]);
}

#[test]
fn a_technical_revision_without_a_page_keeps_the_text_as_it_is() {
    let (story, _) = bridge();
    let before = page_text(&story, "main");
    story.yes(&["technical", BRIDGE, "--title", "zh=大桥", "--tag", "新"]);
    assert_eq!(page_text(&story, "main"), before);
    assert_eq!(metadata(&story, "main")["title"]["zh"], "大桥");
    refused(&story, &["technical", BRIDGE, "--lang", "zh"], &["none is named"]);
    refused(&story, &["correct", BRIDGE, "--note", "x"], &["<PAGE>"]);
}

#[test]
fn who_archives_is_the_archive_and_not_the_author() {
    let story = Story::begin();
    story.add(
        "p.md",
        "---\nauthors: [Wang <w@example.org>, Jane Doe]\n---\n\nA bridge.\n",
        &["--slug=bridge"],
    );
    assert_eq!(
        story.git(&["log", "-1", "--format=%an <%ae>, %cn <%ce>"]),
        "Wang, Jane Doe <w@example.org>, Desk <>"
    );
    story.yes(&["verify", "-q"]);
}

#[test]
fn a_file_of_captures_is_no_page() {
    let story = Story::begin();
    story.write("t.warc", "WARC/1.0\r\nWARC-Type: response\r\n\r\n");
    story.write("t.txt", [0x1f, 0x8b, 8, 0]);
    let before = story.git(&["rev-parse", "main"]);
    for command in ["add", "import"] {
        refused(
            &story,
            &[command, "t.warc"],
            &["this is a WARC file", "avalaches compare"],
        );
        refused(&story, &[command, "t.txt"], &["a compressed file (gzip)"]);
    }
    assert_eq!(story.git(&["rev-parse", "main"]), before);
    story.add("w.txt", "WARC/1.0 is a format.\n", &["--slug=w"]);
}

#[test]
fn a_text_that_an_article_got_in_the_same_call_is_known_and_its_old_one_is_not() {
    let story = Story::begin();
    let page = |text: &str, article: &str| {
        format!("---\ntitle: Ferry\ndate: 2026-01-22\n{article}---\n\nThe ferry {text}.\n")
    };
    story.add("first.md", &page("goes", ""), &[]);
    story.write("second.md", page("stops", ""));
    story.write("third.md", page("runs", ""));
    story.write("update.md", page("is late", "article: 2026/01/22/ferry-2\n"));
    story.write("same.md", page("is late", ""));
    story.write("old.md", page("stops", ""));
    let pages = ["second.md", "third.md", "update.md", "same.md", "old.md"];
    let said = story.yes(&[&["add", "--json"][..], &pages].concat());
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let told = |page: &serde_json::Value| {
        let article = page["article"].as_str().unwrap().to_owned();
        (
            article,
            page["revision"].as_u64().unwrap(),
            page["added"].as_bool().unwrap(),
        )
    };
    let pages: Vec<_> = said["pages"].as_array().unwrap().iter().map(told).collect();
    let expected = [
        ("ferry-2", 1, true),
        ("ferry-3", 1, true),
        ("ferry-2", 2, true),
        ("ferry-2", 2, false),
        ("ferry-4", 1, true),
    ];
    let expected = expected.map(|(slug, revision, added)| (format!("2026/01/22/{slug}"), revision, added));
    assert_eq!(pages, expected);
}

#[test]
fn pages_of_one_call_that_follow_one_another_keep_what_they_do_not_say() {
    let story = Story::begin();
    story.write(
        "1.md",
        "---\nslug: bridge\ndate: 2026-01-22\ntitle: T\ntags: [k]\nauthors: [Ann]\n---\nOne.\n",
    );
    story.write("2.md", format!("---\narticle: {BRIDGE}\n---\nTwo.\n"));
    story.write(
        "3.md",
        format!("---\narticle: {BRIDGE}\ntitle: T2\ntags: [w]\n---\nThree.\n"),
    );
    story.write("4.md", format!("---\narticle: {BRIDGE}\n---\nFour.\n"));
    let newest = || {
        let said = metadata(&story, "main");
        (
            said["title"]["en"].clone(),
            said["tags"].clone(),
            said["authors"].clone(),
        )
    };
    let expected = |title: &str, tag: &str| (title.into(), [tag].into(), ["Ann"].into());
    story.yes(&["add", "1.md", "2.md"]);
    assert_eq!(newest(), expected("T", "k"));
    story.yes(&["add", "3.md", "4.md"]);
    assert_eq!(newest(), expected("T2", "w"));
    // A page that is in the archive already makes nothing of the article.
    story.yes(&["add", "4.md", "2.md"]);
    assert_eq!(newest(), expected("T2", "w"));
}

#[test]
fn a_correction_in_plain_text_keeps_the_markup_of_every_block_that_it_leaves() {
    let story = Story::begin();
    let page = "# Bridge\n\nIt opened *today*.\n\n- [a](https://a.example)\n\n  more\n- **b**\n\nThe *last* words.\n\n1. c\n";
    story.add("a.md", page, &["--slug=bridge", "--date=2026-01-22", "--lang=en"]);
    let shown = story.yes(&["show", BRIDGE]);
    story.write(
        "b.txt",
        shown
            .replace("today", "yesterday")
            .replace("1. c", "1. d\n\nNew."),
    );
    let output = story.run(&["correct", BRIDGE, "b.txt", "--note", "Yesterday."]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("those of 2 blocks that changed are gone"), "{said}");
    let source = story.git(&["show", &format!("main:articles/{BRIDGE}/en.md")]);
    let kept = page
        .trim_end()
        .replace("It opened *today*.", "It opened yesterday.");
    assert_eq!(source, kept.replace("1. c", "1\\. d\n\nNew."));
    // A list that would run into the one above it loses its mark, and nothing else does.
    story.write(
        "c.txt",
        story
            .yes(&["show", BRIDGE])
            .replace("It opened yesterday.\n\n", ""),
    );
    story.yes(&["correct", BRIDGE, "c.txt", "--note", "Less."]);
    let source = story.git(&["show", &format!("main:articles/{BRIDGE}/en.md")]);
    assert!(
        source.starts_with("# Bridge\n\n- [a](https://a.example)"),
        "{source}"
    );
}

#[test]
fn what_is_copied_off_the_screen_is_judged_with_the_notices_that_a_site_prints_above_it() {
    let (story, _) = bridge();
    story.yes(&["correct", BRIDGE, "b.txt", "--note", "长两百米。 “Two hundred”."]);
    let judged = |page: String| {
        story.write("copied.txt", page);
        let output = story.run(&["verify", "copied.txt"]);
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), said)
    };
    let newest = story.yes(&["show", BRIDGE]);
    let first = story.yes(&["show", &format!("{BRIDGE}@1")]);
    let above = |notice: &str, page: &str| page.replacen("\n\n", &format!("\n\n{notice}\n\n"), 1);
    let notice = "更正 长两百米。 “Two hundred”.";
    let earlier = "这是较早的版本。 阅读最新版本";
    for (notice, page, word) in [
        (notice, &newest, "verified"),
        ("Correction 长两百米。 “Two hundred”.", &newest, "verified"),
        (earlier, &first, "superseded"),
    ] {
        let (code, said) = judged(above(notice, page));
        assert!(code == Some(0) && said.starts_with(word), "{said}");
        assert!(
            said.contains(&format!("not compared, as it is no part of the text: “{notice}”")),
            "{said}"
        );
        // With the footer's blanks and dot as mail and other sites write them.
        let footer = page.trim_end().lines().next_back().unwrap();
        let other = footer.replace(' ', "\u{a0}").replace('·', "•");
        let (code, said) = judged(above(notice, &page.replace(footer, &other)));
        assert!(code == Some(0) && said.starts_with(word), "{said}");
        assert!(story.yes(&["verify", &other]).starts_with(word));
    }
    for (notice, page) in [
        ("更正 长三百米。 “Two hundred”.", &newest),
        ("撤回 长两百米。 “Two hundred”.", &newest),
        (earlier, &newest),
        ("本文已撤回；这是较早的版本。 阅读最新版本", &first),
        (notice, &first),
    ] {
        let (code, said) = judged(above(notice, page));
        assert!(code == Some(1) && said.starts_with("altered"), "{said}");
        assert!(
            said.contains(&format!("paragraph 1 is not the archive's\n    {{+{notice}+}}")),
            "{said}"
        );
    }
    // As a PDF's text has it: never verified, and told as what it is.
    let printed = first.replace('长', "\u{2ed3}");
    assert_ne!(printed, first);
    let (code, said) = judged(printed);
    assert!(code == Some(1) && said.starts_with("altered"), "{said}");
    assert!(
        said.contains("1 radical (U+2E80 to U+2FDF)") && said.contains("{+\\u{2ed3}+}"),
        "{said}"
    );
    // A notice is no text of its own, and nothing is lost with it.
    let (code, said) = judged(above(notice, &newest).replace("free to all", "free"));
    assert!(
        code == Some(1) && said.contains("paragraph 2\n") && !said.contains("{+更正"),
        "{said}"
    );
    let output = story.run(&["verify", "https://example.org/index.html"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("hint: nothing is fetched: save the page as HTML"),
        "{said}"
    );
}

#[test]
fn a_page_that_was_copied_whole_is_judged_by_its_own_footer() {
    let (story, _) = bridge();
    story.yes(&["correct", BRIDGE, "b.txt", "--note", "长两百米。"]);
    story.yes(&["retract", BRIDGE, "--note", "不实。"]);
    let judged = |page: &str| {
        story.write("copied.txt", page);
        let output = story.run(&["verify", "copied.txt"]);
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), said)
    };
    // As Chromium copies it: the heading for screen readers above, and what stands below the footer.
    let copied = |number: u32, above: &str, below: &str| {
        let page = story.yes(&["show", &format!("{BRIDGE}@{number}")]);
        let (back, rest) = page.trim_end().split_once("\n\n").unwrap();
        let title = if number == 3 {
            "撤回：桥通车"
        } else {
            "桥通车"
        };
        format!("{title}\n{back}\n\n{above}\n\n{rest}\n\n{below}")
    };
    let earlier = "本文已撤回；这是较早的修订。 阅读最新修订";
    let below = "验证本页 在独立页面上验证\n标签： city\n\n较早的修订： 第2版 第1版\n\n本文的修订历史";
    let now = "验证本页 在独立页面上验证\n作者： 林晓\n\n标签： city\n\n较早的版本： 第2版 第1版\n\n本文的修订历史 证明";
    for (page, word) in [
        (copied(3, "撤回：桥通车", now), "verified"),
        // By renderer 15 and before.
        (copied(3, "撤回 不实。", below), "verified"),
        // As it is where scripts are off, and as a browser has it that copies no buttons.
        (
            copied(3, "撤回 不实。", below).replace(
                "验证本页 在独立页面上验证",
                "本页带有自己的证明，可用程序核对： avalaches verify --without-archive PAGE\n\n验证页面\n",
            ),
            "verified",
        ),
        (
            copied(3, "撤回 不实。", &below.replace("验证本页 ", "")),
            "verified",
        ),
        (
            copied(
                2,
                &format!("{earlier}\n\n更正 长两百米。"),
                &below.replace(" 第2版", ""),
            ),
            "superseded",
        ),
        (
            copied(
                1,
                "This article was retracted; this is an earlier revision. Read the newest one",
                "Verify this page Check it elsewhere\nTags: city\n\nHistory of this article",
            )
            .replace("桥通车\n", "Bridge opens\n\n"),
            "superseded",
        ),
    ] {
        let (code, said) = judged(&page);
        assert!(code == Some(0) && said.starts_with(word), "{page}\n{said}");
        // Nothing was compared with what stands below.
        let last = page.lines().next_back().unwrap();
        assert!(said.contains(&format!("“{last}”")), "{said}");
    }
    let whole = copied(3, "撤回 不实。", below);
    for (from, to, strange) in [
        ("标签： city", "标签： city 假", "标签： city 假"),
        ("标签： city", "作者： 某人", "作者： 某人"),
        (
            "第2版 第1版",
            "第3版 第2版 第1版",
            "较早的修订： 第3版 第2版 第1版",
        ),
        ("\n本文的修订历史", "\n以上皆假。\n本文的修订历史", "以上皆假。"),
        (
            "本文的修订历史",
            "History of this article",
            "History of this article",
        ),
    ] {
        let (code, said) = judged(&whole.replace(from, to));
        assert!(code == Some(1) && said.starts_with("unknown"), "{said}");
        let why = format!("reads like one, and what follows it is no part of a page: “{strange}”");
        assert!(said.contains(&why), "{said}");
    }
    // Another title is no part of the page.
    for (from, to) in [("桥通车\n", "桥塌了\n"), ("← ", "")] {
        let (code, said) = judged(&whole.replacen(from, to, 1));
        assert!(code == Some(1) && said.starts_with("altered"), "{said}");
    }
    let (code, said) = judged(&whole.replace("不实。\n\n", "不实？\n\n"));
    assert!(code == Some(1) && said.starts_with("altered"), "{said}");
}

#[test]
fn a_copy_that_lost_marks_and_breaks_alone_is_told_so_in_one_line() {
    let story = Story::begin();
    story.add(
        "a.md",
        "# Heading\n\nFirst.\n\n- one\n- two\n\n> “quoted”\n",
        &["--slug=a", "--date=2026-01-22"],
    );
    let page = story.yes(&["show", "2026/01/22/a"]);
    let copied = page
        .replace("Heading\n\n", "Heading\n")
        .replace("- ", "")
        .replace("> “quoted”", "\"quoted\"");
    story.write("copied.txt", &copied);
    let output = story.run(&["verify", "copied.txt"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let sentence = "every word is the commit's; nothing differs but marks of lists and quotations, and breaks between lines and \
                    paragraphs, and quotation marks, as where text is copied from a browser or a mail";
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<&str> = said.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "  the text is not the commit's",
            &format!("  {sentence}"),
            "  article 2026/01/22/a, revision 1, publish",
        ]
    );
    let output = story.run(&["verify", "--verbose", "copied.txt"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("[-- -]"));
    let output = story.run(&["verify", "--json", "copied.txt"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let answer = &document["answers"][0];
    assert!(
        answer["verdict"] == "altered" && answer["same_words"] == true,
        "{answer}"
    );
    assert_eq!(answer["reasons"][1], sentence);
    assert!(!answer["changes"].as_array().unwrap().is_empty());
    story.write("copied.txt", copied.replace("two", "three"));
    let output = story.run(&["verify", "copied.txt"]);
    assert!(!String::from_utf8(output.stdout).unwrap().contains("every word"));
}

#[test]
fn what_another_editor_did_while_a_page_was_read_is_not_undone() {
    let (story, _) = bridge();
    let page = story.folder.path().join("page.txt");
    assert!(Command::new("mkfifo").arg(&page).status().unwrap().success());
    let add = [
        "add",
        "page.txt",
        "--article",
        BRIDGE,
        "--kind",
        "update",
        "--note",
        "Longer.",
    ];
    let waiting = story
        .program(&add)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The other end is open once the program has opened the archive.
    let mut end = File::options().write(true).open(&page).unwrap();
    story.yes(&["technical", BRIDGE, "a.txt", "--title", "en=The bridge opens"]);
    end.write_all(mended().as_bytes()).unwrap();
    drop(end);
    let output = waiting.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("run the command again"), "{said}");
    story.yes(&[
        "add",
        "b.txt",
        "--article",
        BRIDGE,
        "--kind",
        "update",
        "--note",
        "Longer.",
    ]);
    assert_eq!(metadata(&story, "main")["title"]["en"], "The bridge opens");
}

#[test]
fn a_restoration_that_is_added_keeps_nothing_of_the_retraction() {
    let (story, _) = bridge();
    let restored = [
        "--article",
        BRIDGE,
        "--kind",
        "restoration",
        "--note",
        "It was right.",
    ];
    story.yes(&["retract", BRIDGE, "--note", "Not so."]);
    assert_eq!(metadata(&story, "main")["title"]["en"], "Retracted: Bridge opens");
    story.add("a.txt", TEXT, &restored);
    assert_eq!(metadata(&story, "main")["title"]["en"], "Bridge opens");
    // Nor of one of the same call.
    let page = |kind: &str, more: &str, text: &str| {
        format!("---\narticle: {BRIDGE}\nkind: {kind}\nnote: Once more.\n{more}---\n{text}")
    };
    let title = "title:\n  en: Retracted\n";
    story.write(
        "1.md",
        page(
            "retraction",
            title,
            "本文已撤回。\n\nThis article has been retracted.\n",
        ),
    );
    story.write("2.md", page("restoration", "", TEXT));
    story.yes(&["add", "1.md", "2.md"]);
    assert_eq!(metadata(&story, "main~1")["title"]["en"], "Retracted");
    assert_eq!(metadata(&story, "main")["title"]["en"], "Bridge opens");
}
