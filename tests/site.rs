//! The published site: pages that carry their proof, which this program and the real git check without an archive.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask the archive more")]
mod archives;
#[path = "support/bridge.rs"]
mod bridge;
#[path = "support/carried.rs"]
mod carried;
#[path = "support/folders.rs"]
#[allow(dead_code, reason = "other stories move folders")]
mod folders;
#[path = "support/sites.rs"]
mod sites;
#[path = "support/tree.rs"]
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use archives::{Story, git, git_command};
use avalaches::base64;
use avalaches::canonical::Invisible;
use avalaches::draft::{self, Form};
use avalaches::id::hex;
use avalaches::proof::{Proof, block};
use bridge::{ARTICLE, FIRST, SECOND};
use carried::{BLOCK, around, with_block};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sites::{files, page, site, verify_alone};

/// An article of two revisions and one of one, built into `site`.
fn story() -> Story {
    let story = bridge::story("It was <yesterday>.", &["--date", "2026-01-22"]);
    story.yes(&["build", "site"]);
    story
}

fn verdict_alone(page: &str) -> (String, String) {
    let (code, answer) = verify_alone(page.as_bytes());
    let verdict = answer["verdict"].as_str().unwrap().to_owned();
    assert_eq!(code, Some(i32::from(verdict != "proved")), "{answer}");
    assert_eq!(answer["basis"], "page");
    (
        verdict,
        answer["reasons"][0].as_str().unwrap_or_default().to_owned(),
    )
}

fn is((verdict, reason): (String, String), expected: &str, words: &str) {
    assert_eq!(verdict, expected, "{reason}");
    assert!(reason.contains(words), "{reason}");
}

/// Puts another proof into a page.
fn with_proof(page: &str, pack: &[u8]) -> String {
    with_block(page, &block::encode(pack))
}

#[test]
fn plain_git_takes_the_proof_and_shows_the_text() {
    let story = story();
    for (name, revision, text) in [("index", "main~1", SECOND), ("r1", "main~2", FIRST)] {
        let footer = story.git(&["rev-parse", revision]);
        fs::copy(
            site(&story).join(ARTICLE).join(format!("{name}.proof")),
            story.folder.path().join("proof.pack"),
        )
        .unwrap();
        let empty = tempfile::tempdir().unwrap();
        git(empty.path(), &["init", "--bare", "-q"]);
        let shell = format!(
            "git unpack-objects -q < proof.pack && git cat-file -p {footer}:articles/{ARTICLE}/page.txt"
        );
        let output = Command::new("sh")
            .args(["-c", &shell])
            .current_dir(story.folder.path())
            .env("GIT_DIR", empty.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        // The objects are those on the way, in the order of the way.
        let listed = git(
            empty.path(),
            &["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"],
        );
        let count = |kind: &str| listed.lines().filter(|line| *line == kind).count();
        assert_eq!(
            (count("commit"), count("tree"), count("blob")),
            (1, 6, 4),
            "{listed}"
        );
        let pack = fs::read(story.folder.path().join("proof.pack")).unwrap();
        let proof = Proof::parse(&pack).unwrap();
        let kinds: Vec<&str> = proof.objects().iter().map(|object| object.kind.name()).collect();
        assert_eq!(
            kinds.join(" "),
            "commit tree tree tree tree tree tree blob blob blob blob"
        );
        let html = page(&story, &format!("{ARTICLE}/{name}.html"));
        let (_, parts, _) = around(&html).unwrap();
        assert_eq!(
            block::decode(parts).unwrap(),
            pack,
            "the page carries the same pack"
        );
        // As it is read, so that what compresses the page finds it there again.
        let sentences = text.lines().filter(|line| !line.is_empty());
        let told = sentences.filter(|sentence| parts.contains(sentence)).count();
        assert!(told > 1, "{told}: {parts}");
    }
    // The whole pack is one that git indexes, to the last checksum.
    let mut index = git_command(&story.archive(), &["index-pack", "--strict", "-o"]);
    let out = story.folder.path().join("proof.idx");
    let status = index
        .arg(&out)
        .arg(story.folder.path().join("proof.pack"))
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_page_is_proved_where_there_is_no_archive_and_each_change_fails_in_its_own_words() {
    let story = story();
    let html = page(&story, &format!("{ARTICLE}/index.html"));
    let footer = story.git(&["rev-parse", "main~1"]);
    assert_eq!(
        verdict_alone(&html),
        (
            "proved".to_owned(),
            "proved from the page itself; history not checked".to_owned()
        )
    );
    let changed = |from: &str, to: &str| verdict_alone(&carried::changed(&html, from, to));
    is(
        changed("<p>桥昨天通车。</p>", "<p>桥昨天通车!</p>"),
        "altered",
        "the text is not the commit's",
    );
    is(
        changed(">2026-01-22 (", ">2026-01-23 ("),
        "misdated",
        "2026-01-23 is a Friday",
    );
    is(
        changed(">2026-01-22 (Thursday)", ">2026-01-23 (Friday)"),
        "misdated",
        "the commit's date is 2026-01-22",
    );
    is(
        changed("(Thursday)", "(Monday)"),
        "misdated",
        "2026-01-22 is a Thursday, and the footer says Monday",
    );
    let other = if footer.starts_with('a') { "b" } else { "a" };
    let other_id = format!("{other}{}", &footer[1..]);
    is(
        changed(&format!(">{footer}<"), &format!(">{other_id}<")),
        "unknown",
        "and the footer names another",
    );
    // What a reader does not see does not count, and what a reader sees does.
    is(
        changed("<p>桥昨天通车。</p>", "<p>桥昨天<!-- a -->通车。</p>"),
        "proved",
        "",
    );
    is(
        changed("<p>桥昨天通车。</p>", "<p>桥昨天通车。<span hidden>b</span></p>"),
        "altered",
        "<span hidden>",
    );
    is(
        changed("<p>桥昨天通车。</p>", "<p hidden>桥昨天通车。</p>"),
        "altered",
        "",
    );
}

#[test]
fn each_change_of_the_objects_in_a_page_is_seen() {
    let story = story();
    let html = page(&story, &format!("{ARTICLE}/index.html"));
    let footer = story.git(&["rev-parse", "main~1"]);
    // One digit and one letter, and then each object of a pack that is sealed again.
    let (_, parts, _) = around(&html).unwrap();
    for at in [16, 100] {
        let other = if parts.as_bytes()[at] == b'A' { "B" } else { "A" };
        let one_other = with_block(&html, &format!("{}{other}{}", &parts[..at], &parts[at + 1..]));
        is(
            verdict_alone(&one_other),
            "corrupt",
            "its checksum is not that of its bytes",
        );
    }
    let no_digit = with_block(&html, &format!("{}!{}", &parts[..16], &parts[17..]));
    is(verdict_alone(&no_digit), "corrupt", "'!' after");
    let no_list = with_block(&html, &format!("[{parts}"));
    is(
        verdict_alone(&no_list),
        "corrupt",
        "it is no JSON list of strings",
    );
    let pack = fs::read(site(&story).join(ARTICLE).join("index.proof")).unwrap();
    let proof = Proof::parse(&pack).unwrap();
    for at in 0..proof.objects().len() {
        let mut objects = proof.objects().to_vec();
        let last = objects[at].body.len() - 1;
        objects[at].body[last] ^= 1;
        let forged = with_proof(&html, &Proof::of(objects).encode().unwrap());
        // Another commit is another commit; whatever lies below it is missing then.
        let (verdict, reason) = verdict_alone(&forged);
        assert!(
            matches!(verdict.as_str(), "corrupt" | "unknown"),
            "{at}: {verdict} {reason}"
        );
        if at > 0 {
            assert!(reason.contains("it is missing, or was changed"), "{at}: {reason}");
        }
    }
    let mut objects = proof.objects().to_vec();
    objects.swap(1, 2);
    let swapped = with_proof(&html, &Proof::of(objects).encode().unwrap());
    is(
        verdict_alone(&swapped),
        "corrupt",
        "object 2 of the proof is not what stands there",
    );
    let mut objects = proof.objects().to_vec();
    objects.push(objects[0].clone());
    let longer = with_proof(&html, &Proof::of(objects).encode().unwrap());
    is(verdict_alone(&longer), "corrupt", "object 12 of the proof");
    // A page of another article with this proof.
    let ferry = page(&story, "2026/01/23/ferry/index.html");
    is(verdict_alone(&with_proof(&ferry, &pack)), "unknown", &footer);
}

#[test]
fn a_page_that_shows_another_text_by_a_shadow_root_is_altered() {
    let story = story();
    let html = page(&story, &format!("{ARTICLE}/index.html"));
    let shadowed = "<div><template shadowrootmode=\"closed\"><p>No.</p></template><p>桥昨天通车。</p></div>";
    let shadowed = html.replacen("<p>桥昨天通车。</p>", shadowed, 1);
    assert_ne!(shadowed, html);
    let words = "a browser shows what stands in a shadow root of the page in the place of what is read here";
    assert_eq!(verdict_alone(&shadowed), ("altered".to_owned(), words.to_owned()));
    story.write("shadowed.html", shadowed);
    let output = story.run(&["verify", "shadowed.html"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains(words));
}

#[test]
fn a_proof_that_was_saved_by_itself_is_judged() {
    let story = story();
    let proof = fs::read(site(&story).join(ARTICLE).join("r1.proof")).unwrap();
    let (code, answer) = verify_alone(&proof);
    assert_eq!((code, &answer["verdict"]), (Some(0), &Value::from("proved")));
    assert_eq!(
        answer["revision"]["id"],
        Value::from(story.git(&["rev-parse", "main~2"]))
    );
    assert_eq!(
        answer["reasons"][0],
        "the proof leads from this commit to its text; history not checked"
    );
    // The archive knows more of the same commit.
    let printed = story.yes(&["verify", "--json", &format!("site/{ARTICLE}/r1.proof")]);
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["answers"][0]["verdict"], "superseded");
    for at in [8, 40, proof.len() / 2, proof.len() - 1] {
        let mut damaged = proof.clone();
        damaged[at] ^= 1;
        let (code, answer) = verify_alone(&damaged);
        assert_eq!(
            (code, &answer["verdict"]),
            (Some(1), &Value::from("corrupt")),
            "{at}"
        );
    }
    let (code, answer) = verify_alone(&proof[..proof.len() - 21]);
    assert_eq!((code, &answer["verdict"]), (Some(1), &Value::from("corrupt")));
}

#[test]
fn with_an_archive_at_hand_the_archive_answers() {
    let story = story();
    let path = format!("site/{ARTICLE}/r1.html");
    let answer = |arguments: &[&str]| -> Value { serde_json::from_str(&story.yes(arguments)).unwrap() };
    let by_archive = answer(&["verify", "--json", &path]);
    assert_eq!(by_archive["answers"][0]["verdict"], "superseded");
    assert_eq!(by_archive["answers"][0]["basis"], "archive");
    let alone = answer(&["verify", "--json", "--without-archive", &path]);
    assert_eq!(alone["answers"][0]["verdict"], "proved");
    let nowhere = tempfile::tempdir().unwrap();
    fs::write(nowhere.path().join("page.txt"), FIRST).unwrap();
    let mut command = story.program(&["verify", "page.txt"]);
    let output = command.current_dir(nowhere.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("page.txt carries no proof, and there is no archive to ask"),
        "{said}"
    );
}

#[test]
fn two_builds_are_the_same_bytes_and_the_second_writes_nothing() {
    let story = story();
    let first = files(&site(&story));
    story.yes(&["build", "again"]);
    let again = story.folder.path().join("again");
    let of_again: Vec<_> = files(&again)
        .into_iter()
        .map(|(path, bytes)| (path.strip_prefix(&again).unwrap().to_owned(), bytes))
        .collect();
    let of_first: Vec<_> = first
        .iter()
        .map(|(path, bytes)| (path.strip_prefix(site(&story)).unwrap().to_owned(), bytes.clone()))
        .collect();
    assert_eq!(of_first, of_again);
    let names: Vec<String> = of_first
        .iter()
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_eq!(
        names,
        [
            ".avalaches-site",
            "2026/01/22/bridge/history.html",
            "2026/01/22/bridge/index.html",
            "2026/01/22/bridge/index.proof",
            "2026/01/22/bridge/r1.html",
            "2026/01/22/bridge/r1.proof",
            "2026/01/22/bridge/r2.html",
            "2026/01/22/bridge/r2.proof",
            "2026/01/22/bridge/text.json",
            "2026/01/22/bridge/timemap.link",
            "2026/01/23/ferry/history.html",
            "2026/01/23/ferry/index.html",
            "2026/01/23/ferry/index.proof",
            "2026/01/23/ferry/r1.html",
            "2026/01/23/ferry/r1.proof",
            "2026/01/23/ferry/text.json",
            "2026/01/23/ferry/timemap.link",
            "2026/01/index.html",
            "index.html",
            "search/names/1.txt",
            "search/new/3/1.keys",
            "search.html",
            "verify.html",
        ]
    );
    let stamps = |story: &Story| -> BTreeMap<PathBuf, (u64, i64, i64)> {
        let stamp = |path: &PathBuf| {
            let found = fs::metadata(path).unwrap();
            (found.ino(), found.mtime(), found.mtime_nsec())
        };
        files(&site(story))
            .keys()
            .map(|path| (path.clone(), stamp(path)))
            .collect()
    };
    let before = stamps(&story);
    let said = story.yes(&["build", "site"]);
    assert_eq!(
        said,
        "3 pages of 2 articles: 0 files written, 22 unchanged, 0 removed\n"
    );
    assert_eq!(stamps(&story), before);
    // A new revision of one article leaves the other's files alone; the newest part of the index has another name.
    story.add(
        "four.txt",
        "渡船复航。\n",
        &["--article", "2026/01/23/ferry", "--kind", "update"],
    );
    let said = story.yes(&["build", "site"]);
    assert_eq!(
        said,
        "4 pages of 2 articles: 13 files written, 11 unchanged, 1 removed\n"
    );
    let after = stamps(&story);
    for (path, stamp) in before {
        if path.to_string_lossy().contains("bridge") {
            assert_eq!(after[&path], stamp, "{}", path.display());
        }
    }
}

#[test]
fn what_is_not_the_sites_is_never_touched() {
    let story = story();
    let out = site(&story);
    fs::write(out.join("robots.txt"), "mine").unwrap();
    fs::write(out.join(ARTICLE).join("photo.html"), "mine").unwrap();
    story.yes(&["build", "site"]);
    assert_eq!(fs::read_to_string(out.join("robots.txt")).unwrap(), "mine");
    assert_eq!(
        fs::read_to_string(out.join(ARTICLE).join("photo.html")).unwrap(),
        "mine"
    );
    // In another folder somebody else's home page stands in the way.
    fs::create_dir(story.folder.path().join("other")).unwrap();
    story.write("other/index.html", "mine");
    let output = story.run(&["build", "other"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("other/index.html is no file that a build wrote"),
        "{said}"
    );
    assert_eq!(
        fs::read_to_string(story.folder.path().join("other/index.html")).unwrap(),
        "mine"
    );
    // A list that names what no site has is not believed.
    let list = fs::read_to_string(out.join(".avalaches-site")).unwrap();
    fs::write(out.join(".avalaches-site"), format!("../precious\n{list}")).unwrap();
    story.write("precious", "mine");
    let output = story.run(&["build", "site"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(story.folder.path().join("precious").exists());
    let output = story.run(&["build", "archive"]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "a repository is no folder for a site"
    );
}

#[test]
fn nothing_is_written_or_removed_behind_a_link_that_leads_out_of_the_site() {
    let story = story();
    let (out, elsewhere) = (site(&story), story.folder.path().join("elsewhere"));
    // A year that somebody moved away, and one of another.
    fs::rename(out.join("2026"), &elsewhere).unwrap();
    symlink(&elsewhere, out.join("2026")).unwrap();
    let before = tree::files(&elsewhere);
    let refused = |folder: &str, what: &str| {
        let output = story.run(&["build", folder]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(&format!("{what} is no file that a build wrote")),
            "{said}"
        );
    };
    refused("site", "site/2026");
    // Also where a page is another, or goes.
    story.yes(&["settings", "--title", "Other"]);
    refused("site", "site/2026");
    let list = out.join(".avalaches-site");
    let named = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{named}2026/01/24/gone/r1.html\n")).unwrap();
    fs::create_dir_all(elsewhere.join("01/24/gone")).unwrap();
    fs::write(elsewhere.join("01/24/gone/r1.html"), "mine").unwrap();
    refused("site", "site/2026");
    assert_eq!(fs::read(elsewhere.join("01/24/gone/r1.html")).unwrap(), b"mine");
    fs::remove_dir_all(elsewhere.join("01/24")).unwrap();
    assert_eq!(tree::files(&elsewhere), before);
    // Nor is a list of others continued.
    fs::create_dir(story.folder.path().join("other")).unwrap();
    story.write("list.txt", "");
    symlink("../list.txt", story.folder.path().join("other/.avalaches-site")).unwrap();
    refused("other", "other/.avalaches-site");
    assert_eq!(fs::read(story.folder.path().join("list.txt")).unwrap(), b"");
    // Without the link the site is made again.
    fs::remove_file(out.join("2026")).unwrap();
    story.yes(&["build", "site"]);
    assert!(out.join(ARTICLE).join("index.html").is_file());
}

#[test]
fn what_is_built_of_a_long_article_is_verified() {
    let story = Story::begin();
    // Its source and its text are two files, and its page has more lines and bytes than any that is added.
    let text = "They *said* so, and \"no\" again and again to all of them. ".repeat(200);
    let source = format!("{}\n\n", text.trim_end()).repeat(950);
    story.write("long.md", &source);
    story.yes(&["add", "long.md", "-q", "--slug", "long", "--date", "2026-01-26"]);
    story.yes(&["build", "site"]);
    let folder = site(&story).join("2026/01/26/long");
    let lengths = ["r1.html", "r1.proof"].map(|name| fs::metadata(folder.join(name)).unwrap().len());
    assert!(lengths.iter().all(|length| *length > 16 << 20), "{lengths:?}");
    let said = story.yes(&["verify", "site/2026/01/26/long/r1.proof"]);
    assert!(said.starts_with("verified"), "{said}");
    let said = story.yes(&["verify", "--without-archive", "site/2026/01/26/long/r1.html"]);
    assert!(said.starts_with("proved"), "{said}");
}

#[test]
fn a_page_whose_text_is_withheld_says_so_and_its_proof_is_gone() {
    let story = story();
    let key = story.folder.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status()
        .expect("this test needs OpenSSH: there is no ssh-keygen on PATH");
    assert!(made.success());
    story.yes(&["signers", "allow", "desk", "key.pub"]);
    let note = "A court <b> asked.";
    story.yes(&["expunge", &format!("{ARTICLE}@1"), "--note", note, "--sign=key"]);
    let said = story.yes(&["build", "site"]);
    assert_eq!(
        said,
        "3 pages of 2 articles: 12 files written, 9 unchanged, 1 removed\n"
    );
    let folder = site(&story).join(ARTICLE);
    assert!(!folder.join("r1.proof").exists());
    let html = page(&story, &format!("{ARTICLE}/r1.html"));
    assert!(
        html.contains("此版本的文字不予公开")
            && html.contains("<bdi>A court &lt;b&gt; asked.</bdi></p>\n<p>移除文字的提交： <code>"),
        "{html}"
    );
    assert!(!html.contains("今天通车") && !html.contains(BLOCK), "{html}");
    let footer = story.git(&[
        "rev-list",
        "main",
        "--grep",
        "^Revision: 1$",
        "--",
        &format!("articles/{ARTICLE}"),
    ]);
    assert!(
        html.contains(&format!("<span class=\"id\">{footer}</span>")),
        "{html}"
    );
}

#[test]
fn hostile_articles_stay_text_and_are_proved() {
    let story = Story::begin();
    let long = format!("{}\n", "长a<b>&amp;".repeat(100_000));
    let hostile: Vec<(String, &str)> = vec![
        ("`<script>alert(1)</script>` and `</script><img src=x onerror=alert(1)>`\n".to_owned(), "page.md"),
        ("[a](javascript:alert(1)) [b](https://b/?\"onclick=x) ![c](https://elsewhere/x.png) <https://ok.example/>\n".to_owned(), "page.md"),
        ("# One\n\n- a\n\n  b\n- c  d\n\n> q\n>\n> r\n\n***\n\n    code   x\n\n    <y>\n\n* * *\n".to_owned(), "page.md"),
        ("← 返回 elsewhere\n\nThe text.\n".to_owned(), "page.md"),
        ("a  b\tc\n  indented\n&lt;script&gt;\n</article></main><h1>x</h1>\n".to_owned(), "page.txt"),
        (long, "page.txt"),
        ("left\u{202e}thgir and \u{200b}zero\n".to_owned(), "page.txt"),
        ("אבג דהו\n\nThe same.\n".to_owned(), "page.txt"),
        ("1. one\n2. two\n   - three\n\nafter <b>\n".to_owned(), "page.txt"),
    ];
    for (number, (text, name)) in hostile.iter().enumerate() {
        let slug = format!("hostile-{number}");
        let title = format!("</title><script>alert({number})</script>");
        story.add(
            name,
            text,
            &[
                "--slug",
                &slug,
                "--date",
                "2026-01-22",
                "--title",
                &title,
                "--allow-invisible",
            ],
        );
    }
    story.yes(&[
        "settings",
        "--title",
        "A <script>b</script>",
        "--home-link",
        "← <img src=x>",
    ]);
    story.yes(&["build", "site"]);
    let mut pages = 0;
    for (path, bytes) in files(&site(&story)) {
        if path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        let html = String::from_utf8(bytes.clone()).unwrap();
        let lower = html.to_ascii_lowercase();
        let blocks = lower.matches(&BLOCK.to_ascii_lowercase()).count();
        // The check of pages with a proof, and of saved ones; the search page.
        let checks = blocks
            + ["verify.html", "search.html"]
                .iter()
                .filter(|name| path.ends_with(name))
                .count();
        assert_eq!(lower.matches("<script>").count(), checks, "{}", path.display());
        assert_eq!(
            lower.matches("<script").count(),
            blocks + checks + lower.matches("<script type=\"application/ld+json\">").count(),
            "{}",
            path.display()
        );
        // The proof has the text as it was written; no browser runs it or shows it.
        assert!(
            around(&lower).is_none_or(|(_, parts, _)| !parts.contains('<')),
            "{}",
            path.display()
        );
        let lower =
            around(&lower).map_or_else(|| lower.clone(), |(before, _, after)| format!("{before}{after}"));
        assert!(
            !lower.contains("<img") && !lower.contains("href=\"javascript") && !lower.contains("\"onclick")
        );
        assert_eq!(lower.matches("</article>").count(), blocks, "{}", path.display());
        if blocks == 1 {
            pages += 1;
            let (_, answer) = verify_alone(&bytes);
            assert_eq!(answer["verdict"], "proved", "{}: {answer}", path.display());
        }
    }
    assert_eq!(pages, 2 * hostile.len(), "each under its two names");
    assert!(page(&story, "2026/01/22/hostile-1/index.html").contains("href=\"https://ok.example/\""));
    assert!(page(&story, "2026/01/22/hostile-6/index.html").contains("data-code=\"U+202E\""));
}

fn gzipped(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

#[test]
fn a_text_from_right_to_left_says_so_whatever_name_it_begins_with() {
    let story = Story::begin();
    let arabic = "Avalaches: افتتح الجسر أمس، وعبرته السيارات الأولى في الصباح.\n";
    let english = "The bridge (الجسر) opened.\n";
    for (name, lang, text) in [
        ("one", "ar", arabic),
        ("two", "ar-Latn", english),
        ("three", "ar", english),
        ("four", "en", english),
    ] {
        story.add(
            "a.txt",
            text,
            &["--slug", name, "--lang", lang, "--date", "2026-01-22"],
        );
    }
    story.yes(&["build", "site"]);
    for (name, expected) in [
        ("one", "rtl"),
        ("two", "auto"),
        ("three", "auto"),
        ("four", "auto"),
    ] {
        let html = page(&story, &format!("2026/01/22/{name}/index.html"));
        assert_eq!(html.matches("<section ").count(), 1);
        assert!(
            html.contains(&format!("\" dir=\"{expected}\">")),
            "{name}: {html}"
        );
        assert_eq!(verdict_alone(&html).0, "proved", "{name}");
    }
}

#[test]
fn a_line_at_the_end_leaves_the_text_before_it_its_markup() {
    let story = Story::begin();
    let text = "A **bridge**.\n\n---\n\nIt *opened*.\n\n---\n";
    story.add("a.md", text, &["--slug", "a", "--date", "2026-01-22"]);
    story.yes(&["build", "site"]);
    let html = page(&story, "2026/01/22/a/index.html");
    for part in [
        "<strong>bridge</strong>",
        "<hr>",
        "<em>opened</em>",
        "* * *</pre>\n</section>",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert_eq!(verdict_alone(&html).0, "proved");
}

#[test]
fn every_page_of_the_shipped_archive_is_proved_from_itself() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    folders::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("archive"), &archive);
    let program = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_avalaches"))
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .output()
            .unwrap()
    };
    let built = program(&["build", "site"]);
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let mut pages = 0;
    for (path, bytes) in files(&folder.path().join("site")) {
        let name = path.display().to_string();
        // The page of a revision lies beside its proof.
        if path.extension().is_none_or(|extension| extension != "html")
            || !path.with_extension("proof").exists()
        {
            continue;
        }
        pages += usize::from(!name.ends_with("/index.html"));
        let (code, answer) = verify_alone(&bytes);
        assert_eq!(
            (code, &answer["verdict"]),
            (Some(0), &Value::from("proved")),
            "{name}: {answer}"
        );
        let html = String::from_utf8(bytes).unwrap();
        assert!(
            !html.contains("<pre class=\"plain\">"),
            "{name} is shown without its form"
        );
        assert!(html.contains("default-src 'none'; style-src 'sha256-"), "{name}");
        let (_, check) = html.split_once("<script>").unwrap();
        let (check, _) = check.split_once("</script>").unwrap();
        let source = base64::encode(&Sha256::digest(check));
        assert!(
            html.contains(&format!("'sha256-{source}'")),
            "{name} does not let its check run"
        );
        let text = draft::read(html.as_bytes(), Form::Html, Invisible::Allow)
            .unwrap()
            .text();
        let over = gzipped(html.as_bytes()) - gzipped(text.as_bytes());
        assert!(over <= 25_000, "{name} weighs {over} bytes more than its text");
    }
    let revisions = git(&archive, &["rev-list", "--count", "main"])
        .parse::<usize>()
        .unwrap()
        - 1;
    assert_eq!(pages, revisions);
    let retracted = fs::read_to_string(folder.path().join("site/index.html")).unwrap();
    assert!(retracted.contains("<span class=\"mark retraction\">撤回</span>"));
}

#[test]
fn pages_of_the_renderers_before_are_still_proved() {
    for (name, generator, end) in [
        ("renderer-1/earlier", "avalaches 0.1.0", "。</p>\n</section>"),
        ("renderer-1/retraction", "avalaches 0.1.0", "。</p>\n</section>"),
        // A proof in base64, with deltas.
        (
            "renderer-7/retraction",
            "avalaches, renderer 7",
            "。</p>\n</section>",
        ),
    ] {
        let path = format!("{}/tests/pages/{name}.html", env!("CARGO_MANIFEST_DIR"));
        let html = fs::read_to_string(path).unwrap();
        assert!(html.contains(&format!("<meta name=\"generator\" content=\"{generator}\">")));
        assert_eq!(verdict_alone(&html).0, "proved", "{name}");
        let changed = html.replacen(end, &end.replacen('。', "，", 1), 1);
        assert_eq!(verdict_alone(&changed).0, "altered", "{name}");
    }
}

#[test]
fn the_scripts_of_all_languages_are_known_to_be_the_program_s() {
    let story = Story::begin();
    for (slug, text) in [("english", "The ferry is back.\n"), ("chinese", "渡船复航。\n")] {
        story.add(
            &format!("{slug}.txt"),
            text,
            &["--slug", slug, "--date", "2026-01-22"],
        );
    }
    story.yes(&["build", "site"]);
    let mut scripts = Vec::new();
    for slug in ["english", "chinese"] {
        let html = sites::page(&story, &format!("2026/01/22/{slug}/index.html"));
        let (_, script) = html.split_once("<script>").unwrap();
        let (script, _) = script.split_once("</script>").unwrap();
        let hash = hex(&Sha256::digest(script));
        let (verdict, reason) = verdict_alone(&html);
        assert_eq!(
            verdict, "proved",
            "{reason}: src/draft/html/scripts.rs lacks {hash}"
        );
        scripts.push(hash);
    }
    assert_ne!(scripts[0], scripts[1]);
}
