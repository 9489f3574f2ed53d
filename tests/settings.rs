//! Changing what an archive says about itself: one commit, no article, and everything else goes on as before.

use support::archives::{Story, git, git_reading};

mod support {
    #[expect(dead_code, reason = "one page is added here in a way of its own")]
    pub mod archives;
}

const PAGE: &str =
    "白宫周四宣布新的出口管制。\n\nThe White House announced new export controls on Thursday.\n";

fn begin() -> (Story, String) {
    let story = Story::begin();
    story.write("a.txt", PAGE);
    let footer = story.yes(&["add", "a.txt", "--slug", "controls", "--date", "2026-01-22"]);
    (story, footer.trim().to_owned())
}

#[test]
fn settings_change_by_a_commit_that_git_and_verify_accept_and_that_holds_no_article() {
    let (story, first) = begin();
    let shown = story.yes(&["settings"]);
    assert!(shown.contains("\"title\": \"Avalaches\""), "{shown}");
    let footer = story.yes(&[
        "settings",
        "--title",
        "新报",
        "--base-url",
        "https://example.org",
        "--note",
        "改名",
    ]);
    let id = footer.trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(
        story.git(&["log", "-1", "--format=%B%an", &id]),
        "settings: title, base URL\n\n改名\n\nArchive-Format: 1\nDesk"
    );
    assert_eq!(
        story.git(&["diff", "--name-only", &format!("{id}^"), &id]),
        "avalaches.json"
    );
    story.git(&["fsck", "--strict", "--full"]);
    // Later revisions follow it, and earlier ones are found across it, with the index and without.
    story.write("b.txt", PAGE.replace("周四", "周五"));
    let article = "2026/01/22/controls";
    story.yes(&[
        "add",
        "b.txt",
        "--article",
        article,
        "--kind",
        "correction",
        "--note",
        "日期",
    ]);
    let with_index = [story.yes(&["list"]), story.yes(&["history", article])];
    assert!(with_index[1].contains(&first), "{}", with_index[1]);
    let said = story.yes(&["verify"]);
    assert!(said.contains("2 revisions of 1 article"), "{said}");
    let said = story.yes(&["reindex"]);
    assert!(said.contains("2 revisions of 1 article"), "{said}");
    assert_eq!(
        [story.yes(&["list"]), story.yes(&["history", article])],
        with_index
    );
    // A folder where the index would be keeps it from being made: the branch is walked.
    std::fs::remove_file(story.archive().join("avalaches.index")).unwrap();
    std::fs::create_dir(story.archive().join("avalaches.index")).unwrap();
    assert_eq!(
        [story.yes(&["list"]), story.yes(&["history", article])],
        with_index
    );
    let said = story.run(&["verify", &id]);
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stdout).contains("holds no article"));
}

#[test]
fn an_archive_without_a_byline_can_be_given_one() {
    let (story, _) = begin();
    let run = |arguments: &[&str]| story.run(&[&["--archive", "new"], arguments].concat());
    story.yes(&["init", "new", "-q"]);
    let refused = run(&["settings", "--title", "Digest"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("avalaches settings --byline"), "{said}");
    assert!(
        run(&["settings", "--byline", "Desk <desk@example.org>"])
            .status
            .success()
    );
    let named = git(
        &story.folder.path().join("new"),
        &["log", "-1", "--format=%an <%ae>"],
    );
    assert_eq!(named, "Desk <desk@example.org>");
    assert!(run(&["settings", "--title", "Digest"]).status.success());
    assert!(run(&["verify"]).status.success());
}

#[test]
fn settings_that_are_so_already_make_no_commit_and_bad_ones_are_refused_whole() {
    let (story, _) = begin();
    let tip = story.git(&["rev-parse", "main"]);
    story.yes(&["settings", "--title", "Avalaches"]);
    for bad in [
        ["--title", " 新报"],
        ["--base-url", "ftp://example.org"],
        ["--base-url", "https://e.org/\"rel=\"stylesheet\""],
        ["--base-url", "https://e.org/?x=1"],
        ["--base-url", "https://例子.org"],
        ["--home-link", "back"],
        ["--utc-offset", "+99:00"],
        ["--byline", "A <b"],
    ] {
        let output = story.run(&["settings", "--language-order", "en", bad[0], bad[1]]);
        assert_eq!(output.status.code(), Some(2), "{bad:?}");
    }
    let output = story.run(&["init", "other", "--base-url", "https://e.org/#f"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("without ? and #"));
    let output = story.run(&["settings", "--title", "Other", "--note", "a\nb"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(story.git(&["rev-parse", "main"]), tip);
}

#[test]
fn a_base_url_from_before_opens_and_has_to_be_said_anew_for_a_site() {
    let (story, _) = begin();
    story.yes(&["settings", "--base-url", "https://example.org/"]);
    let file = story.git(&["show", "main:avalaches.json"]) + "\n";
    let file = file.replace("https://example.org/", "https://例子.org/?x=1");
    commit(
        &story,
        &format!("M 100644 inline avalaches.json\ndata {}\n{file}\n", file.len()),
    );
    story.yes(&["verify"]);
    assert!(story.yes(&["list"]).contains("controls"));
    story.yes(&["settings", "--title", "Other"]);
    let output = story.run(&["build", "site"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("settings --base-url URL") && said.contains("xn--"),
        "{said}"
    );
    story.yes(&["settings", "--base-url", "https://xn--fsqu00a.org/"]);
    story.yes(&["build", "site"]);
}

#[test]
fn a_commit_about_settings_that_touches_an_article_or_removes_a_root_file_is_found() {
    for (tampering, expected) in [
        (
            "article",
            "changes articles/2026/01/22/controls, and is about the archive's settings",
        ),
        (
            "stranger",
            "changes notes.txt, and is about the archive's settings",
        ),
        ("nothing", "changes nothing"),
        ("removed", "allowed_signers is missing from tree"),
        ("settings", "avalaches.json is not"),
    ] {
        let (story, _) = begin();
        let commit = |change: &str| commit(&story, change);
        match tampering {
            "article" => commit("M 100644 inline articles/2026/01/22/controls/page.txt\ndata 2\nx\n\n"),
            "stranger" => commit("M 100644 inline notes.txt\ndata 2\nx\n\n"),
            "nothing" => commit(""),
            "removed" => {
                commit("M 100644 inline allowed_signers\ndata 2\nx\n\n");
                let said = story.yes(&["verify"]);
                assert!(said.starts_with("verified"), "{said}");
                commit("D allowed_signers\n");
            }
            _ => commit("M 100644 inline avalaches.json\ndata 2\nx\n\n"),
        }
        let output = story.run(&["verify"]);
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_ne!(output.status.code(), Some(0), "{tampering}: {said}");
        assert!(said.contains(expected), "{tampering}: {said}");
    }
}

/// Puts a commit about settings on the branch as anyone with git could.
fn commit(story: &Story, change: &str) {
    let message = "settings: title\n\nArchive-Format: 1\n";
    let stream = format!(
        "commit refs/heads/main\ncommitter Desk <> 1769140800 +0000\ndata {}\n{message}from refs/heads/main^0\n{change}\n",
        message.len()
    );
    git_reading(&story.archive(), &["fast-import", "--quiet"], stream);
}

#[test]
fn the_first_of_a_publication_s_languages_is_what_its_site_speaks() {
    let story = Story::begin();
    for (order, home_link, words) in [
        ("en,zh", "← Back to Night Post", "Search"),
        ("zh,en", "← 返回 Night Post", "搜索"),
    ] {
        let folder = format!("of-{}", &order[..2]);
        story.yes(&[
            "init",
            &folder,
            "--title",
            "Night Post",
            "--language-order",
            order,
        ]);
        let at = |rest: &[&str]| story.yes(&[&["--archive", &folder], rest].concat());
        let settings: serde_json::Value = serde_json::from_str(&at(&["settings"])).unwrap();
        assert_eq!(settings["home_link"], home_link);
        assert_eq!(
            settings["language_order"],
            serde_json::json!(order.split(',').collect::<Vec<_>>())
        );
        let site = format!("site-{folder}");
        at(&["build", &site]);
        let search = std::fs::read_to_string(story.folder.path().join(site).join("search.html")).unwrap();
        assert!(search.contains(words), "{order}");
    }
}
