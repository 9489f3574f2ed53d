//! Who brought what: `blame` over stories of corrections, moves, a retraction and a restoration, in Chinese and in English.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask git")]
mod archives;

use archives::Story;
use serde_json::Value;

const ARTICLE: &str = "2026/01/22/bridge";
const FIRST: &str = "桥今天通车。市长剪彩，说：“好！”没有人受伤。\n\n票价为五元。\n\nThe bridge opened today. Nobody was hurt.\n";
const CORRECTED: &str = "桥昨天通车。市长剪彩，说：“好！”没有人受伤。\n\n票价为五元。\n\nThe bridge opened yesterday. Nobody was hurt.\n";
const MOVED: &str = "票价为五元。\n\n桥昨天通车。市长剪彩，说：“好！”没有人受伤。\n\nThe bridge opened yesterday. Nobody was hurt. It is long.\n";
const RETRACTED: &str = "本文已撤回。\n\nThis article has been withdrawn.\n";

/// An article that was corrected, updated, retracted and restored; returns the footers.
fn story() -> (Story, Vec<String>) {
    let story = Story::begin();
    let mut footers = vec![story.add("1.txt", FIRST, &["--slug", "bridge", "--date", "2026-01-22"])];
    let later = [
        ("correction", "It opened yesterday.", CORRECTED),
        ("update", "The length.", MOVED),
        ("retraction", "A hoax.", RETRACTED),
        ("restoration", "None after all.", MOVED),
    ];
    for (kind, note, text) in later {
        let options = ["--article", ARTICLE, "--kind", kind, "--note", note];
        footers.push(story.add("later.txt", text, &options));
    }
    (story, footers)
}

/// The sentences of an answer, each with the number of the revision that brought it.
fn sentences(story: &Story, named: &str) -> Vec<(u64, String)> {
    let told: Value = serde_json::from_str(&story.yes(&["blame", named, "--json"])).unwrap();
    let paragraphs = told["paragraphs"].as_array().unwrap().iter();
    let sentences = paragraphs.flat_map(|paragraph| paragraph["sentences"].as_array().unwrap());
    let sentence = |sentence: &Value| {
        let text = sentence["text"].as_str().unwrap().trim_end();
        (sentence["revision"].as_u64().unwrap(), text.to_owned())
    };
    sentences.map(sentence).collect()
}

fn expected(sentences: &[(u64, &str)]) -> Vec<(u64, String)> {
    sentences
        .iter()
        .map(|(number, text)| (*number, (*text).to_owned()))
        .collect()
}

#[test]
fn a_changed_sentence_is_the_corrections_and_its_neighbours_stay_the_first_revisions() {
    let (story, _) = story();
    let second = [
        (2, "桥昨天通车。"),
        (1, "市长剪彩，说：“好！”"),
        (1, "没有人受伤。"),
        (1, "票价为五元。"),
        (2, "The bridge opened yesterday."),
        (1, "Nobody was hurt."),
    ];
    assert_eq!(sentences(&story, &format!("{ARTICLE}@2")), expected(&second));
    assert!(
        sentences(&story, &format!("{ARTICLE}@1"))
            .iter()
            .all(|(number, _)| *number == 1)
    );
}

#[test]
fn what_was_moved_or_restored_is_that_of_the_revision_that_first_brought_it() {
    let (story, footers) = story();
    let third = expected(&[
        (1, "票价为五元。"),
        (2, "桥昨天通车。"),
        (1, "市长剪彩，说：“好！”"),
        (1, "没有人受伤。"),
        (2, "The bridge opened yesterday."),
        (1, "Nobody was hurt."),
        (3, "It is long."),
    ]);
    assert_eq!(sentences(&story, &footers[2]), third);
    let fourth = expected(&[(4, "本文已撤回。"), (4, "This article has been withdrawn.")]);
    assert_eq!(sentences(&story, footers[3].rsplit(' ').next().unwrap()), fourth);
    assert_eq!(sentences(&story, ARTICLE), third);
}

#[test]
fn the_terminal_shows_numbers_days_and_the_footers_they_stand_for() {
    let (story, footers) = story();
    let quiet = "\
paragraph 1, of revision 1
  1  2026-01-22  票价为五元。
paragraph 2, of revision 1
  2  2026-01-23  桥昨天通车。
  1  2026-01-22  市长剪彩，说：“好！”没有人受伤。
paragraph 3, of revision 1
  2  2026-01-23  The bridge opened yesterday.
  1  2026-01-22  Nobody was hurt.
  3  2026-01-23  It is long.
";
    assert_eq!(story.yes(&["blame", ARTICLE, "-q"]), quiet);
    let legend = format!(
        "  3  update       {}\n  2  correction   {}\n  1  publish      {}\n\n",
        footers[2], footers[1], footers[0]
    );
    assert_eq!(story.yes(&["blame", ARTICLE]), legend + quiet);
}

#[test]
fn hostile_text_steers_neither_the_terminal_nor_the_page() {
    let story = Story::begin();
    let text = "One <script>alert(1)</script>. \u{202e}drow. Three.\n";
    story.add(
        "one.txt",
        text,
        &["--slug", "bridge", "--date", "2026-01-22", "--allow-invisible"],
    );
    let terminal = story.yes(&["blame", ARTICLE]);
    assert!(
        terminal.contains("\\u{202e}drow") && !terminal.contains('\u{202e}'),
        "{terminal}"
    );
    let page = story.yes(&["blame", ARTICLE, "--format", "html"]);
    assert!(
        !page.contains("<script") && page.contains("&lt;script&gt;"),
        "{page}"
    );
    assert!(
        page.contains("data-code=\"U+202E\"") && page.contains("default-src 'none'"),
        "{page}"
    );
}

#[test]
fn the_page_leads_from_each_sentence_to_its_revision_and_to_nothing_outside() {
    let (story, footers) = story();
    let page = story.yes(&["blame", &format!("{ARTICLE}@2"), "--format", "html"]);
    for part in [
        "<a href=\"#revision-2\">2</a></sup>桥昨天通车。</span>",
        "<a href=\"#revision-1\">1</a></sup>市长剪彩，说：“好！”没有人受伤。</span>",
        "<tr id=\"revision-1\">",
        "<tr id=\"revision-2\">",
        "Paragraph 3, of revision 1",
        footers[1].as_str(),
    ] {
        assert!(page.contains(part), "{part}:\n{page}");
    }
    assert!(!page.contains("revision-3"));
    for outside in ["src=", "href=\"h", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn what_the_archive_does_not_know_cannot_be_answered() {
    let (story, _) = story();
    for (named, said) in [
        ("2026/01/22/ferry", "no article"),
        ("2026/01/22/bridge@9", "no revision 9"),
        ("abcdef0123", "no commit"),
        ("no such thing", "is no article, id"),
    ] {
        let output = story.run(&["blame", named]);
        assert_eq!(output.status.code(), Some(2), "{named}");
        assert!(output.stdout.is_empty());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(said), "{error}");
    }
}
