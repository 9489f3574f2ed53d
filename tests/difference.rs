//! What changed: `diff` between revisions and pages, with the real `patch` and the real `git` as judges.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask git")]
mod archives;

use archives::Story;
use avalaches::diff::{Labels, unified};
use proptest::prelude::*;
use serde_json::Value;

const ARTICLE: &str = "2026/01/22/bridge";
const FIRST: &str =
    "桥今天通车。市长剪彩。\n\n票价为五元。\n\nThe bridge opened today.\n\nNobody was hurt.\n";
const SECOND: &str =
    "桥昨天通车。市长剪彩。\n\nNobody was hurt.\n\n票价为五元。\n\nThe bridge opened yesterday.\n";

fn story() -> Story {
    let story = Story::begin();
    story.add("one.txt", FIRST, &["--slug", "bridge", "--date", "2026-01-22"]);
    let corrected = [
        "--article",
        ARTICLE,
        "--kind",
        "correction",
        "--note",
        "It opened yesterday.",
        "--tag",
        "traffic",
    ];
    story.add("two.txt", SECOND, &corrected);
    story
}

#[test]
fn a_revision_is_compared_with_the_one_before_it() {
    let story = story();
    let said = story.yes(&["diff", ARTICLE]);
    for part in [
        "桥[-今-]{+昨+}天通车。",
        "opened [-today-]{+yesterday+}.",
        "was moved and is now",
        "kind\n    [-publish-]{+correction+}",
        "tags\n    {+traffic+}",
        "note\n    {+It opened yesterday.+}",
    ] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    let newest = format!("{ARTICLE}@2");
    assert_eq!(story.yes(&["diff", &newest]), said);
    assert_eq!(story.yes(&["diff", &format!("{ARTICLE}@1"), &newest]), said);
    let output = story.run(&["diff", &format!("{ARTICLE}@1")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no revision before revision 1"));
    let output = story.run(&["diff", &format!("{ARTICLE}@3")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no revision 3"));
}

#[test]
fn the_exit_status_tells_of_a_difference_only_on_demand() {
    let story = story();
    let footer = story.yes(&["show", ARTICLE]).lines().last().unwrap().to_owned();
    let id = footer.rsplit(' ').next().unwrap().to_owned();
    for same in [&footer, &id, &id[..10].to_owned()] {
        let output = story.run(&["diff", "--exit-code", same, ARTICLE]);
        assert_eq!(output.status.code(), Some(0), "{same}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("nothing differs"));
    }
    assert_eq!(story.run(&["diff", ARTICLE]).status.code(), Some(0));
    assert_eq!(
        story.run(&["diff", ARTICLE, "--exit-code"]).status.code(),
        Some(1)
    );
    assert_eq!(story.run(&["diff", "two.txt"]).status.code(), Some(2));
}

#[test]
fn pages_are_compared_with_each_other_without_an_archive_and_with_revisions() {
    let story = story();
    let said = story.yes(&["diff", "one.txt", "two.txt", "--archive", "nowhere"]);
    assert!(said.contains("桥[-今-]{+昨+}天"), "{said}");
    story.write("three.html", "<article><p>桥今天通车。市长剪彩。</p><p>票价为六元。</p><p>The bridge opened today.</p><p>Nobody was hurt.</p></article>");
    let said = story.yes(&["diff", &format!("{ARTICLE}@1"), "three.html"]);
    assert!(said.contains("票价为[-五-]{+六+}元。"), "{said}");
}

#[test]
fn patch_and_git_apply_take_the_unified_difference() {
    let story = story();
    let patch = story.yes(&["diff", ARTICLE, "--format", "unified"]);
    let page = format!("articles/{ARTICLE}/page.txt");
    assert!(
        patch.starts_with(&format!("--- a/{page}\n+++ b/{page}\n")),
        "{patch}"
    );
    let file = story.folder.path().join(&page);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    for program in [&["patch", "-s", "-p1"][..], &["git", "apply"]] {
        fs::write(&file, FIRST).unwrap();
        feed(program, &story, &patch);
        assert_eq!(fs::read_to_string(&file).unwrap(), SECOND, "{program:?}");
    }
}

#[test]
fn the_html_page_needs_nothing_else_and_shows_hostile_text_as_text() {
    let story = story();
    story.write("old.txt", "One <script>alert(1)</script> two.\n");
    story.write("new.txt", "One <script>alert(2)</script> two. \u{202e}drow\n");
    let both = story.run(&["diff", "old.txt", "new.txt", "--format", "html", "--json"]);
    assert_eq!(both.status.code(), Some(2), "two forms of one answer");
    let page = story.yes(&["diff", "old.txt", "new.txt", "--format", "html"]);
    assert!(
        !page.contains("<script") && page.contains("&lt;script&gt;"),
        "{page}"
    );
    assert!(
        page.contains("data-code=\"U+202E\"") && page.contains("default-src 'none'"),
        "{page}"
    );
    for outside in ["src=", "href=", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let terminal = story.yes(&["diff", "old.txt", "new.txt"]);
    assert!(
        terminal.contains("\\u{202e}") && !terminal.contains('\u{202e}'),
        "{terminal}"
    );
}

#[test]
fn json_has_the_changes_in_the_form_of_verify() {
    let story = story();
    let own = story.yes(&["show", ARTICLE]).replace("昨天", "前天");
    story.write("page.txt", own);
    let verified: Value =
        serde_json::from_slice(&story.run(&["verify", "page.txt", "--json"]).stdout).unwrap();
    let told: Value = serde_json::from_str(&story.yes(&["diff", ARTICLE, "page.txt", "--json"])).unwrap();
    assert_eq!(told["changes"], verified["answers"][0]["changes"]);
    assert_eq!(told["changes"][0]["change"], "changed");
    assert_eq!(told["before"]["revision"]["revision"], 2);
    assert_eq!(told["after"]["page"], "page.txt");
}

/// Runs a program in the story's folder with a text on its stdin; it has to succeed.
fn feed(program: &[&str], story: &Story, text: &str) {
    let mut child = Command::new(program[0])
        .args(&program[1..])
        .current_dir(story.folder.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{program:?}\n{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn patch_makes_the_new_text_of_the_old(before in "([ab甲 \\-+@]{0,3}\n){1,20}[a]?", after in "([ab甲 \\-+@]{0,3}\n){1,20}[a]?") {
        let story = tempfile::tempdir().unwrap();
        let file = story.path().join("page.txt");
        fs::write(&file, &before).unwrap();
        let labels = Labels { before: "a/page.txt", after: "b/page.txt" };
        let patch = unified(&before, &after, labels);
        prop_assume!(!patch.is_empty());
        let mut child = Command::new("patch").args(["-p1", "--fuzz=0"]).current_dir(story.path())
            .stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(patch.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        prop_assert!(output.status.success());
        // A hunk that stands elsewhere than it says is told of.
        let said = String::from_utf8_lossy(&output.stdout);
        prop_assert!(!said.contains("offset"), "{}\n{}", said, patch);
        prop_assert_eq!(fs::read_to_string(&file).unwrap(), after);
    }
}
