//! A real page, added, shown, and checked in every way in which it can be wrong.

#[path = "support/archives.rs"]
mod archives;

use std::fs;

use archives::Story;
use serde_json::Value;

const SAMPLE: &str = include_str!("pages/2026-01-22-export-controls.txt");
const ARTICLE: &str = "2026/01/22/export-controls";

/// An archive that holds the sample, and the page as the archive shows it.
fn published() -> (Story, String) {
    let story = Story::begin();
    story.add("sample.txt", SAMPLE, &["--slug", "export-controls"]);
    let page = story.yes(&["show", ARTICLE]);
    (story, page)
}

/// Verifies a page and returns the exit status, the verdict, and everything printed.
fn judge(story: &Story, page: &str, options: &[&str]) -> (Option<i32>, String, String) {
    story.write("page.txt", page);
    let output = story.run(&[&["verify", "page.txt"], options].concat());
    let said = String::from_utf8(output.stdout).unwrap();
    let json = story.run(&[&["verify", "--json", "page.txt"], options].concat());
    assert_eq!(json.status.code(), output.status.code());
    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    let verdict = document["answers"][0]["verdict"].as_str().unwrap().to_owned();
    assert!(said.starts_with(&verdict), "{said}");
    (output.status.code(), verdict, said)
}

fn id_of(page: &str) -> String {
    page[page.len() - 40..].to_owned()
}

#[test]
fn the_page_comes_back_to_the_byte_but_for_its_id() {
    let (story, page) = published();
    assert_ne!(page, SAMPLE);
    assert_eq!(page.replace(&id_of(&page), &id_of(SAMPLE)), SAMPLE);
    assert_eq!(judge(&story, &page, &[]).1, "verified");
}

#[test]
fn its_own_printed_footer_is_unknown_and_recorded_as_a_claim() {
    let (story, page) = published();
    let (code, verdict, said) = judge(&story, SAMPLE, &[]);
    assert_eq!((code, verdict.as_str()), (Some(1), "unknown"));
    let footer = page.lines().last().unwrap();
    assert!(
        said.contains(&format!(
            "recorded as the claim of {ARTICLE}, revision 1: {footer}"
        )),
        "{said}"
    );
    assert!(
        said.contains(&format!("the text is that of {ARTICLE}, revision 1: {footer}")),
        "{said}"
    );
    let output = story.run(&["verify", SAMPLE.lines().last().unwrap()]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("recorded as the claim of"));
}

#[test]
fn each_change_of_the_page_has_its_own_answer() {
    let (story, page) = published();
    let altered = |page: &str, shown: &str| {
        let (code, verdict, said) = judge(&story, page, &[]);
        assert_eq!((code, verdict.as_str()), (Some(1), "altered"), "{said}");
        assert!(said.contains(shown), "{said} lacks {shown}");
        let changes = said.matches("[-").count() + said.matches("{+").count();
        (said, changes)
    };
    let (_, changes) = altered(&page.replacen('错', "措", 1), "[-错-]{+措+}");
    assert_eq!(changes, 2);
    let (_, changes) = altered(&page.replacen("serious", "grave", 1), "[-serious-]{+grave+}");
    assert_eq!(changes, 2);
    let mut paragraphs: Vec<&str> = page.split("\n\n").collect();
    paragraphs.swap(2, 3);
    altered(&paragraphs.join("\n\n"), "was moved and is now");
    altered(&page.replacen("国家安全", "国家 安全", 1), "{+ +}");
    paragraphs.swap(2, 3);
    paragraphs.remove(5);
    altered(&paragraphs.join("\n\n"), "is missing");
}

#[test]
fn a_wrong_weekday_and_a_wrong_date_are_told_apart() {
    let (story, page) = published();
    let (code, verdict, said) = judge(&story, &page.replace("(Thursday)", "(Friday)"), &[]);
    assert_eq!((code, verdict.as_str()), (Some(1), "misdated"));
    assert!(
        said.contains("2026-01-22 is a Thursday, and the footer says Friday"),
        "{said}"
    );
    let (code, verdict, said) = judge(
        &story,
        &page.replace("2026-01-22 (Thursday)", "2026-01-23 (Friday)"),
        &[],
    );
    assert_eq!((code, verdict.as_str()), (Some(1), "misdated"));
    assert!(
        said.contains("the commit's date is 2026-01-22 (Thursday), and the footer says 2026-01-23"),
        "{said}"
    );
}

#[test]
fn a_page_without_footer_is_unknown_and_its_text_is_found() {
    let (story, page) = published();
    let without = page.rsplit_once("\n\n").unwrap().0;
    let (code, verdict, said) = judge(&story, without, &[]);
    assert_eq!((code, verdict.as_str()), (Some(1), "unknown"));
    assert!(
        said.contains(&format!("the text is that of {ARTICLE}, revision 1")),
        "{said}"
    );
}

#[test]
fn a_corrected_page_is_superseded_and_old_text_on_the_new_footer_is_altered() {
    let (story, page) = published();
    let corrected = page.replacen("重大错误", "严重错误", 1);
    story.write("corrected.txt", &corrected);
    let note = "A word was wrong.";
    let footer = story.yes(&[
        "add",
        "-q",
        "corrected.txt",
        "--article",
        ARTICLE,
        "--kind",
        "correction",
        "--note",
        note,
    ]);
    let footer = footer.trim_end();
    let (code, verdict, said) = judge(&story, &page, &[]);
    assert_eq!((code, verdict.as_str()), (Some(0), "superseded"));
    assert!(
        said.contains(&format!(
            "superseded by revision 2, correction ({note}): {footer}"
        )),
        "{said}"
    );
    assert_eq!(judge(&story, &page, &["--current"]).0, Some(1));
    let (code, verdict, said) = judge(&story, &page.replace(page.lines().last().unwrap(), footer), &[]);
    assert_eq!((code, verdict.as_str()), (Some(1), "altered"));
    assert!(
        said.contains(&format!("the text is that of {ARTICLE}, revision 1")),
        "{said}"
    );
    let history = story.yes(&["history", ARTICLE]);
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines[0], format!("  2  correction   {footer}"));
    assert_eq!(lines[1], format!("     {note}"));
    assert_eq!(
        lines[2],
        format!("  1  publish      {}", page.lines().last().unwrap())
    );
}

#[test]
fn a_commit_that_the_branch_has_left_is_detached() {
    let (story, page) = published();
    story.git(&["update-ref", "refs/heads/main", "main~1"]);
    for _ in 0..2 {
        let (code, verdict, _) = judge(&story, &page, &[]);
        assert_eq!((code, verdict.as_str()), (Some(1), "detached"));
        let _ = fs::remove_file(story.archive().join("avalaches.branch"));
    }
}

#[test]
fn a_missing_and_a_damaged_object_are_corrupt_and_named_with_their_path() {
    let (story, page) = published();
    let path = format!("articles/{ARTICLE}/page.txt");
    let blob = story.git(&["rev-parse", &format!("main:{path}")]);
    let file = story.archive().join("objects").join(&blob[..2]).join(&blob[2..]);
    let sound = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let (code, verdict, said) = judge(&story, &page, &[]);
    assert_eq!((code, verdict.as_str()), (Some(1), "corrupt"));
    assert!(said.contains(&path) && said.contains(&blob), "{said}");
    let other = story
        .archive()
        .join("objects")
        .join(&story.git(&["rev-parse", &format!("main:articles/{ARTICLE}/en.md")])[..2]);
    let other = fs::read_dir(other).unwrap().next().unwrap().unwrap().path();
    fs::copy(other, &file).unwrap();
    let (code, verdict, said) = judge(&story, &page, &[]);
    assert_eq!((code, verdict.as_str()), (Some(1), "corrupt"));
    assert!(said.contains(&blob), "{said}");
    fs::remove_file(&file).unwrap();
    fs::write(&file, sound).unwrap();
    assert_eq!(judge(&story, &page, &[]).1, "verified");
}

#[test]
fn ids_are_taken_whole_or_by_their_beginning() {
    let (story, page) = published();
    let id = id_of(&page);
    let code = |thing: &str| story.run(&["verify", thing]).status.code();
    assert_eq!(code(&id), Some(0));
    assert_eq!(code(&id[..7]), Some(0));
    assert_eq!(code(page.lines().last().unwrap()), Some(0));
    assert_eq!(code(ARTICLE), Some(0));
    let blob = story.git(&["rev-parse", &format!("main:articles/{ARTICLE}/page.txt")]);
    let first = story.git(&["rev-parse", "main~1"]);
    for no in [
        blob.as_str(),
        &first,
        "0123456",
        "0123456789012345678901234567890123456789",
    ] {
        assert_eq!(code(no), Some(1), "{no}");
    }
    let upper = id.to_uppercase();
    for unanswerable in [
        &id[..6],
        &upper,
        &format!("{id}0"),
        "no such file",
        ".",
        "2026-02-30 (Monday) · a038737",
    ] {
        assert_eq!(code(unanswerable), Some(2), "{unanswerable}");
    }
    // The gravest answer decides.
    assert_eq!(story.run(&["verify", &id, "0123456"]).status.code(), Some(1));
    assert_eq!(
        story
            .run(&["verify", &id, "0123456", "no such file"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn an_ambiguous_beginning_names_the_candidates() {
    let story = Story::begin();
    // Two commits that share seven digits are made by trying: 2^28 pairs, about 20,000 commits.
    let tree = story.git(&["rev-parse", "main^{tree}"]);
    let mut seen = std::collections::HashMap::new();
    let clash = (0_u32..).find_map(|number| {
        let body = format!("tree {tree}\nauthor A <> {number} +0000\ncommitter A <> {number} +0000\n\nx\n");
        let id = avalaches::object::hash(avalaches::object::ObjectKind::Commit, body.as_bytes())
            .unwrap()
            .to_string();
        seen.insert(id[..7].to_owned(), body.clone())
            .map(|other| (id, body, other))
    });
    let (id, one, other) = clash.unwrap();
    for body in [one, other] {
        story.write("commit", body);
        let path = story.folder.path().join("commit");
        story.git(&["hash-object", "-t", "commit", "-w", path.to_str().unwrap()]);
    }
    let output = story.run(&["verify", &id[..7]]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&id) && said.matches(&id[..7]).count() == 3,
        "{said}"
    );
}

#[test]
fn the_same_page_in_markdown_and_html_is_verified_and_one_changed_word_is_not() {
    let (story, page) = published();
    let paragraphs: Vec<&str> = page.split("\n\n").collect();
    let (footer, text) = (paragraphs[7], &paragraphs[1..7]);
    let html = format!(
        "<!doctype html><html><head><title>x</title><script>var a = 1;</script></head><body><nav><a href=/>← 返回</a></nav>\
         <article><p>{}</p></article><footer>{footer}</footer></body></html>",
        text.join("</p>\n<p>")
    );
    let markdown = format!("---\ntitle: x\n---\n\n{}\n\n{footer}\n", text.join("\n\n"));
    for (name, text) in [("page.html", html), ("page.md", markdown)] {
        story.write(name, &text);
        assert!(story.yes(&["verify", name]).starts_with("verified"), "{name}");
        story.write(name, text.replacen("serious", "grave", 1));
        let output = story.run(&["verify", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("[-serious-]{+grave+}"),
            "{name}"
        );
    }
}

#[test]
fn quiet_says_the_verdict_alone_and_verbose_says_what_was_hashed() {
    let (story, page) = published();
    let id = id_of(&page);
    let quiet = story.run(&["verify", &id, "-q"]);
    assert_eq!(
        String::from_utf8(quiet.stdout).unwrap(),
        format!("verified  {}\n", page.lines().last().unwrap())
    );
    assert!(quiet.stderr.is_empty());
    let verbose = story.yes(&["verify", &id, "-v"]);
    let tree = story.git(&["rev-parse", &format!("{id}:articles/{ARTICLE}")]);
    assert!(
        verbose.contains(&format!("tree of the article: {tree}")),
        "{verbose}"
    );
    assert!(story.yes(&["verify", "-v"]).contains("2 commits, "));
}

#[test]
fn colours_are_for_terminals_and_nothing_follows_an_id() {
    let (story, page) = published();
    story.write("altered.txt", page.replacen('错', "措", 1));
    let output = story.run(&["verify", "altered.txt"]);
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
    let mut forced = story.program(&["verify", "altered.txt"]);
    let forced = forced.env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(forced.stdout.contains(&0x1b), "colours cannot be had at all");
    let mut no_color = story.program(&["verify", "altered.txt"]);
    let no_color = no_color
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert!(!no_color.stdout.contains(&0x1b));
    for arguments in [
        &["list"][..],
        &["history", ARTICLE],
        &["verify"],
        &["verify", &id_of(&page)],
    ] {
        for line in story.yes(arguments).lines() {
            let after = line.find(&id_of(&page)).map(|at| &line[at + 40..]);
            assert!(after.is_none_or(str::is_empty), "{line}");
        }
    }
}
