//! SWHIDs: what the program prints is what the real git has, and what others cite leads back to the revision.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories move folders")]
mod archives;
#[path = "support/bridge.rs"]
mod bridge;

use archives::Story;
use bridge::{ARTICLE, FIRST};
use serde_json::Value;

/// An article of two revisions, and one that came after it.
fn story() -> Story {
    bridge::story("It was yesterday.", &[])
}

fn rev_parse(story: &Story, what: &str) -> String {
    story.git(&["rev-parse", what])
}

/// Asks `verify` and returns the exit status and the one answer.
fn verify(story: &Story, swhid: &str) -> (Option<i32>, Value) {
    let output = story.run(&["verify", "--json", swhid]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), document["answers"][0].clone())
}

#[test]
fn the_names_that_are_printed_are_gits() {
    let story = story();
    let [commit, folder, page] = [
        "main~1".to_owned(),
        format!("main~1:articles/{ARTICLE}"),
        format!("main~1:articles/{ARTICLE}/page.txt"),
    ]
    .map(|what| rev_parse(&story, &what));
    let shown = story.run(&["show", "-v", ARTICLE]);
    let notes = String::from_utf8(shown.stderr).unwrap();
    let expected = format!(
        "note: swh:1:rev:{commit}\n\
         note: swh:1:dir:{folder};anchor=swh:1:rev:{commit};path=/articles/{ARTICLE}\n\
         note: swh:1:cnt:{page};anchor=swh:1:rev:{commit};path=/articles/{ARTICLE}/page.txt\n"
    );
    assert_eq!(notes, expected);
    let plain = story.run(&["show", ARTICLE]);
    assert_eq!(shown.stdout, plain.stdout, "the page stays exact");
    story.write("text", story.yes(&["show", ARTICLE, "--format", "text"]));
    let text = story.folder.path().join("text");
    let hashed = story.git(&["hash-object", "--no-filters", text.to_str().unwrap()]);
    assert_eq!(hashed.trim(), page);
    let name = format!("swh:1:rev:{commit}");
    for arguments in [
        &["history", "-v", ARTICLE][..],
        &["list", "-v"],
        &["verify", "-v", ARTICLE],
    ] {
        let said = story.yes(arguments);
        assert!(
            said.lines().any(|line| line.trim_start() == name),
            "{arguments:?}:\n{said}"
        );
    }
    story.write("four.txt", "又一篇。\n");
    let added = story.run(&["add", "-v", "four.txt", "--slug", "four"]);
    let tip = rev_parse(&story, "main");
    assert!(
        String::from_utf8(added.stderr)
            .unwrap()
            .contains(&format!("note: swh:1:rev:{tip}\n"))
    );
}

#[test]
fn the_address_of_an_archive_that_has_one_is_the_origin() {
    let story = Story {
        folder: tempfile::tempdir().unwrap(),
    };
    story.yes(&[
        "init",
        "--byline",
        "Desk",
        "--base-url",
        "https://example.org/a;b/",
    ]);
    story.add("one.txt", FIRST, &["--slug", "bridge", "--date", "2026-01-22"]);
    let shown = story.run(&["show", "-v", ARTICLE]);
    let notes = String::from_utf8(shown.stderr).unwrap();
    assert_eq!(
        notes.matches(";origin=https://example.org/a%3Bb/").count(),
        3,
        "{notes}"
    );
    for name in notes.lines().filter_map(|line| line.strip_prefix("note: ")) {
        assert_eq!(story.run(&["verify", name]).status.code(), Some(0), "{name}");
    }
}

#[test]
fn what_is_cited_leads_to_its_revision() {
    let story = story();
    let (old, new, tip) = ("main~2", "main~1", rev_parse(&story, "main"));
    for (commit, verdict) in [(old, "superseded"), (new, "verified")] {
        let id = rev_parse(&story, commit);
        let page = rev_parse(&story, &format!("{commit}:articles/{ARTICLE}/page.txt"));
        let metadata = rev_parse(&story, &format!("{commit}:articles/{ARTICLE}/article.json"));
        let folder = rev_parse(&story, &format!("{commit}:articles/{ARTICLE}"));
        let anchor = format!("anchor=swh:1:rev:{id}");
        let path = format!("path=/articles/{ARTICLE}");
        let mut names = vec![
            format!("swh:1:rev:{id}"),
            format!("swh:1:cnt:{page}"),
            format!("swh:1:cnt:{page};lines=1-3"),
            format!("swh:1:cnt:{page};{anchor}"),
            format!("swh:1:cnt:{page};{anchor};{path}/page.txt;lines=3-3"),
            format!("swh:1:cnt:{page};{path}/page.txt;bytes=0-9;{anchor};origin=https://example.org/"),
            format!("swh:1:cnt:{metadata};{anchor};{path}/article.json"),
            format!("swh:1:dir:{folder};{anchor};{path}"),
            format!("swh:1:dir:{folder};{anchor};{path}/"),
            format!("swh:1:dir:{folder};{anchor}"),
        ];
        if commit == new {
            // As whoever browses the newest commit would cite it.
            names.push(format!("swh:1:cnt:{page};anchor=swh:1:rev:{tip};{path}/page.txt"));
            names.push(format!("swh:1:dir:{folder};anchor=swh:1:rev:{tip};{path}"));
        }
        for name in names {
            let (status, answer) = verify(&story, &name);
            assert_eq!(status, Some(0), "{name}: {answer}");
            assert_eq!(answer["verdict"], verdict, "{name}");
            assert_eq!(answer["revision"]["id"], id, "{name}");
            let shown = story.yes(&["show", &name]);
            assert!(shown.ends_with(&id), "{name}");
        }
    }
}

#[test]
fn what_does_not_fit_is_told() {
    let story = story();
    let id = rev_parse(&story, "main~1");
    let page = rev_parse(&story, &format!("main~1:articles/{ARTICLE}/page.txt"));
    let older = rev_parse(&story, &format!("main~2:articles/{ARTICLE}/page.txt"));
    let settings = rev_parse(&story, "main:avalaches.json");
    let none = "0123456789012345678901234567890123456789";
    let anchor = format!("anchor=swh:1:rev:{id}");
    let path = format!("path=/articles/{ARTICLE}");
    for (name, verdict, reason) in [
        (format!("swh:1:rev:{none}"), "unknown", "no commit"),
        (format!("swh:1:cnt:{none}"), "unknown", "no such text"),
        (format!("swh:1:cnt:{settings}"), "unknown", "no revision"),
        (
            format!("swh:1:cnt:{page};anchor=swh:1:rev:{none};{path}/page.txt"),
            "unknown",
            "no commit",
        ),
        (
            format!("swh:1:cnt:{older};{anchor};{path}/page.txt"),
            "altered",
            page.as_str(),
        ),
        (
            format!("swh:1:dir:{page};{anchor};{path}/page.txt"),
            "altered",
            "swh:1:cnt:",
        ),
        (
            format!("swh:1:cnt:{page};{anchor};{path}/none.txt"),
            "altered",
            "has no /articles",
        ),
        (
            format!("swh:1:cnt:{settings};{anchor};path=/avalaches.json"),
            "altered",
            "in no article's folder",
        ),
        (format!("swh:1:cnt:{page};lines=3-4"), "unknown", "has 3 lines"),
        (
            format!("swh:1:cnt:{page};{anchor};lines=4"),
            "altered",
            "has 3 lines",
        ),
        (format!("swh:1:dir:{page}"), "unknown", "anchor=swh:1:rev"),
        (format!("swh:1:rel:{none}"), "unknown", "has no rel"),
        (
            format!("swh:1:cnt:{page};anchor=swh:1:dir:{none};path=/page.txt"),
            "unknown",
            "the anchor is a dir",
        ),
    ] {
        let (status, answer) = verify(&story, &name);
        assert_eq!(status, Some(1), "{name}: {answer}");
        assert_eq!(answer["verdict"], verdict, "{name}");
        assert!(answer["reasons"].to_string().contains(reason), "{name}: {answer}");
        assert_eq!(story.run(&["show", &name]).status.code(), Some(2), "{name}");
    }
    for name in [
        "swh:1:cnt:0123",
        "swh:1:ori:x",
        &format!("swh:1:cnt:{page};lines=3-1"),
    ] {
        let output = story.run(&["verify", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
}

#[test]
fn a_text_that_was_published_twice_names_both() {
    let story = story();
    story.add("again.txt", FIRST, &["--slug", "again", "--date", "2026-01-24"]);
    let page = rev_parse(&story, &format!("main~3:articles/{ARTICLE}/page.txt"));
    let (status, answer) = verify(&story, &format!("swh:1:cnt:{page}"));
    assert_eq!(status, Some(0));
    assert_eq!(answer["revision"]["id"], rev_parse(&story, "main"));
    assert_eq!(answer["same_text"][0]["id"], rev_parse(&story, "main~3"));
    let output = story.run(&["show", &format!("swh:1:cnt:{page}")]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the text of 2 revisions"), "{said}");
}

#[test]
fn a_commit_of_a_mirror_does_not_vouch_for_what_is_cited_in_it() {
    let story = story();
    let other = story.folder.path().join("other");
    archives::git(&other, &["init", "-q", "--bare", "-b", "main"]);
    story.write("page.md", "桥。\n");
    let file = story.folder.path().join("page.md");
    let blob = archives::git(&other, &["hash-object", "-w", file.to_str().unwrap()]);
    let entry = format!("100644,{blob},page.md");
    archives::git(&other, &["update-index", "--add", "--cacheinfo", &entry]);
    let tree = archives::git(&other, &["write-tree"]);
    let person = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
    let id = archives::git(
        &other,
        &[&person[..], &["commit-tree", "-m", "one", &tree]].concat(),
    );
    archives::git(&other, &["update-ref", "refs/heads/main", &id]);
    story.yes(&["mirror", "other", "other"]);
    let (status, answer) = verify(&story, &format!("swh:1:rev:{id}"));
    assert_eq!(
        (status, answer["mirrored"]["id"].as_str()),
        (Some(0), Some(id.as_str()))
    );
    let (status, answer) = verify(
        &story,
        &format!("swh:1:cnt:{blob};anchor=swh:1:rev:{id};path=/page.md"),
    );
    assert_eq!(status, Some(1), "{answer}");
    assert_eq!(answer["verdict"], "unknown");
}

#[test]
fn a_commit_is_cited_without_anchor_and_path() {
    let story = story();
    let id = rev_parse(&story, "main~1");
    let name = format!("swh:1:rev:{id}");
    for own in [
        format!("{name};anchor={name}"),
        format!("{name};origin=https://example.org/"),
    ] {
        assert_eq!(verify(&story, &own).0, Some(0), "{own}");
    }
    let other = format!("anchor=swh:1:rev:{}", "1".repeat(40));
    for more in [other, format!("path=/articles/{ARTICLE}")] {
        let (code, answer) = verify(&story, &format!("{name};{more}"));
        assert_eq!(
            (code, &answer["verdict"]),
            (Some(1), &Value::from("unknown")),
            "{more}"
        );
    }
}

#[test]
fn an_article_is_asked_for_beside_a_folder_of_its_name() {
    let story = story();
    std::fs::create_dir_all(story.folder.path().join(ARTICLE)).unwrap();
    assert_eq!(verify(&story, ARTICLE).0, Some(0));
    let output = story.run(&["verify", "2026/01"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("is a folder"));
}
