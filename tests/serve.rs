//! `avalaches serve`, asked as strangers ask: a real process on a free port.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/bridge.rs"]
mod bridge;
#[path = "support/http.rs"]
#[allow(dead_code, reason = "other stories count its threads")]
mod http;
#[path = "support/signed.rs"]
#[allow(dead_code, reason = "other stories sign more")]
mod signed;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use archives::{Story, git, git_reading};
use bridge::{ARTICLE, FIRST, SECOND};
use http::{Answer, Server, head, read, unprivileged};
use serde_json::Value;
use signed::{Signed, id};

/// An article of three revisions, the last one a correction, and one of one.
fn story() -> Story {
    let story = bridge::story("It was <yesterday>.", &["--date", "2026-01-23T08:00:00+00:00"]);
    story.write("four.txt", "桥前天通车。\n\nThe bridge opened the day before.\n");
    story.yes(&[
        "correct",
        ARTICLE,
        "four.txt",
        "--note",
        "The day before.",
        "--date",
        "2026-01-25T08:00:00+00:00",
    ]);
    story
}

/// Returns the ids of the article's revisions, oldest first.
fn revisions(story: &Story) -> Vec<String> {
    let history: Value = serde_json::from_str(&story.yes(&["history", ARTICLE, "--json"])).unwrap();
    let newest_first = history["revisions"].as_array().unwrap().iter();
    let mut ids: Vec<String> = newest_first
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    ids.reverse();
    ids
}

fn article() -> String {
    format!("/articles/{ARTICLE}")
}

/// Asserts that an answer is a problem document that says what to do next.
fn assert_problem(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let document = answer.json();
    assert_eq!(document["status"], status);
    assert!(
        document["hint"].as_str().is_some_and(|hint| hint.len() > 10),
        "{document}"
    );
    document["detail"].as_str().unwrap().to_owned()
}

#[test]
fn a_list_is_what_the_program_prints_page_by_page() {
    let story = story();
    let server = Server::of(&story, &[]);
    let all = server.get("/articles");
    assert_eq!(
        (all.status, all.text()),
        (200, story.yes(&["list", "--json"]).as_str())
    );
    let tag = format!(
        "\"{}.{}\"",
        story.git(&["rev-parse", "main"]),
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(
        (all.header("etag"), all.header("link")),
        (tag.clone(), String::new())
    );

    let first = server.get("/articles?limit=1");
    assert_eq!(first.text(), story.yes(&["list", "--json", "--limit", "1"]));
    let next = first.header("link");
    let next = next
        .strip_prefix('<')
        .unwrap()
        .strip_suffix(">; rel=\"next\"")
        .unwrap();
    let second = server.get(next);
    assert_eq!(second.json()["articles"][0]["article"], "2026/01/23/ferry");
    assert_eq!(second.header("link"), "");
    let after = revisions(&story)[2].clone();
    assert_eq!(second.text(), story.yes(&["list", "--json", "--after", &after]));

    let unchanged = server.ask("GET", "/articles", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!(unchanged.header("etag"), tag);
    assert_eq!(unchanged.header("content-security-policy"), "");
    for (query, count) in [
        ("author=desk", 2),
        ("since=2026-01-24", 1),
        ("tag=%E6%A1%A5", 0),
        ("language=en", 1),
    ] {
        let found = server.get(&format!("/articles?{query}"));
        assert_eq!(
            found.json()["articles"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    for wrong in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=",
        "after=abc",
        "since=2026-02-30",
        "language=%00",
        "page=2",
        "limit=1&limit=2",
        "after=ffffffffffffffffffffffffffffffffffffffff",
    ] {
        assert_problem(&server.get(&format!("/articles?{wrong}")), 400);
    }
}

#[test]
fn an_article_is_a_document_a_page_or_what_it_was() {
    let story = story();
    let server = Server::of(&story, &[]);
    let ids = revisions(&story);
    let newest = server.get(&article());
    let mut shown: Value = serde_json::from_str(&story.yes(&["show", ARTICLE, "--json"])).unwrap();
    // What may change tomorrow is not told of what is the same for ever.
    shown["signature"] = Value::Null;
    shown["back_link"] = Value::Null;
    assert_eq!((newest.status, newest.json()), (200, shown));
    assert_eq!(newest.header("etag"), format!("\"{}\"", ids[2]));
    assert_eq!(newest.header("vary"), "accept, accept-datetime, accept-encoding");
    let link = newest.header("link");
    for expected in [
        format!("<{}>; rel=\"original timegate\"", article()),
        format!("<{}/timemap>; rel=\"timemap\"", article()),
        format!(
            "</revisions/{}>; rel=\"first memento\"; datetime=\"Thu, 22 Jan 2026 12:00:00 GMT\"",
            ids[0]
        ),
        format!(
            "</revisions/{}>; rel=\"last memento\"; datetime=\"Sun, 25 Jan 2026 08:00:00 GMT\"",
            ids[2]
        ),
    ] {
        assert!(link.contains(&expected), "{expected}: {link}");
    }

    let page = server.ask("GET", &article(), "Accept: text/html,*/*;q=0.8\r\n");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(
        page.header("etag").starts_with(&format!("\"{}.", ids[2])),
        "{page:?}"
    );
    assert!(
        page.text().contains(&format!("href=\"/{ARTICLE}/r1.html\"")),
        "{}",
        page.text()
    );
    story.write("page.html", &page.body);
    let verdict = story.yes(&["verify", "page.html"]);
    assert!(verdict.starts_with("verified"), "{verdict}");
    let known = format!(
        "Accept: text/html\r\nIf-None-Match: \"{}\", {}\r\n",
        ids[2],
        page.header("etag")
    );
    assert_eq!(server.ask("GET", &article(), &known).status, 304);
    // A client that has the document has not the page.
    let other = format!("Accept: text/html\r\nIf-None-Match: \"{}\"\r\n", ids[2]);
    assert_eq!(server.ask("GET", &article(), &other).status, 200);

    for (moment, at) in [
        ("Mon, 01 Jan 2024 00:00:00 GMT", 0),
        ("Fri, 23 Jan 2026 07:59:59 GMT", 0),
        ("Fri, 23 Jan 2026 08:00:00 GMT", 1),
        ("Sat, 24 Jan 2026 00:00:00 GMT", 1),
        ("Sat, 22 Jan 2028 12:00:00 GMT", 2),
    ] {
        let found = server.ask("GET", &article(), &format!("Accept-Datetime: {moment}\r\n"));
        assert_eq!(found.status, 302, "{found:?}");
        assert_eq!(
            found.header("location"),
            format!("/revisions/{}", ids[at]),
            "{moment}"
        );
        assert!(found.header("vary").contains("accept-datetime"));
        assert_eq!(found.header("memento-datetime"), "");
    }
    assert_problem(
        &server.ask("GET", &article(), "Accept-Datetime: yesterday\r\n"),
        400,
    );
    assert_problem(&server.ask("GET", &article(), "Accept: image/png\r\n"), 406);
    let map = server.get(&format!("{}/timemap", article()));
    assert_eq!(map.header("content-type"), "application/link-format");
    assert_eq!(
        map.text().matches("memento\"; datetime=").count(),
        3,
        "{}",
        map.text()
    );
    let past = server.get(&format!("{}/history", article()));
    assert_eq!(past.text(), story.yes(&["history", ARTICLE, "--json"]));
    for absent in [
        "/articles/2026/01/22/none",
        "/articles/2026/01/22/..%2f",
        "/articles/2026/1/22/bridge",
        "/articles/",
    ] {
        assert_problem(&server.get(absent), 404);
    }
}

#[test]
fn a_revision_is_the_same_for_ever_and_tells_its_time() {
    let story = story();
    let server = Server::of(&story, &[]);
    let ids = revisions(&story);
    let second = server.get(&format!("/revisions/{}", ids[1]));
    assert_eq!(second.json()["text"], SECOND);
    assert_eq!(second.header("etag"), format!("\"{}\"", ids[1]));
    // It is the same for as long as it is not withheld: a cache asks, and is told that it has it.
    assert_eq!(second.header("cache-control"), "no-cache");
    let known = format!("If-None-Match: \"{}\"\r\n", ids[1]);
    for path in ["revisions", "proofs"] {
        let path = format!("/{path}/{}", ids[1]);
        assert_eq!(server.ask("GET", &path, &known).status, 304, "{path}");
    }
    assert_eq!(second.header("memento-datetime"), "Fri, 23 Jan 2026 08:00:00 GMT");
    let link = second.header("link");
    assert!(
        link.contains(&format!("</revisions/{}>; rel=\"first prev memento\"", ids[0])),
        "{link}"
    );
    assert!(
        link.contains(&format!("</revisions/{}>; rel=\"last next memento\"", ids[2])),
        "{link}"
    );
    let page = server.ask("GET", &format!("/revisions/{}", ids[0]), "Accept: text/html\r\n");
    assert!(
        page.text().contains("The bridge opened today."),
        "{}",
        page.text()
    );
    assert_eq!(page.header("cache-control"), "no-cache");

    let proof = server.get(&format!("/proofs/{}", ids[0]));
    assert_eq!(proof.header("content-type"), "application/x-git-pack");
    assert_eq!(proof.header("cache-control"), "no-cache");
    let empty = tempfile::tempdir().unwrap();
    git(empty.path(), &["init", "--bare", "-q"]);
    git_reading(empty.path(), &["unpack-objects", "-q"], &proof.body);
    let text = git(
        empty.path(),
        &[
            "cat-file",
            "-p",
            &format!("{}:articles/{ARTICLE}/page.txt", ids[0]),
        ],
    );
    assert_eq!(text, FIRST.trim_end());

    let root = story.git(&["rev-list", "--max-parents=0", "main"]);
    let tree = story.git(&["rev-parse", "main^{tree}"]);
    let loose = story.git(&[
        "-c",
        "user.name=Desk",
        "-c",
        "user.email=desk@example.org",
        "commit-tree",
        &tree,
        "-m",
        "Elsewhere.",
    ]);
    for path in ["revisions", "proofs"] {
        for absent in [
            "f".repeat(40),
            ids[0][..12].to_owned(),
            ids[0].to_uppercase(),
            root.clone(),
            tree.clone(),
            loose.clone(),
        ] {
            assert_problem(&server.get(&format!("/{path}/{absent}")), 404);
        }
    }
    assert!(!server.errors().contains("error"), "{}", server.errors());
}

#[test]
fn a_search_finds_what_the_program_finds() {
    let story = story();
    let server = Server::of(&story, &[]);
    for (query, options) in [
        ("q=bridge", &["bridge"][..]),
        (
            "q=%E6%A1%A5&sort=date&revisions=all&limit=2",
            &["桥", "--sort", "date", "--all-revisions", "--limit", "2"],
        ),
        (
            "q=opened+-yesterday&language=en&author=desk",
            &["opened -yesterday", "--lang", "en", "--author", "desk"],
        ),
        ("q=nothing-of-that-kind", &["nothing-of-that-kind"]),
    ] {
        let found = server.get(&format!("/search?{query}"));
        assert_eq!(found.status, 200, "{found:?}");
        let output = story.run(&[&["search", "--json"], options].concat());
        assert_eq!(found.text(), String::from_utf8(output.stdout).unwrap(), "{query}");
    }
    let tag = format!(
        "\"{}.{}\"",
        story.git(&["rev-parse", "main"]),
        env!("CARGO_PKG_VERSION")
    );
    let unchanged = server.ask("GET", "/search?q=bridge", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((unchanged.status, unchanged.header("etag")), (304, tag));
    for wrong in [
        "",
        "q=",
        "q=-a",
        "q=a&limit=101",
        "q=a&sort=x",
        "q=a&revisions=x",
        "q=a&article=x",
        "q=a&since=x",
        "q=a&p=1",
    ] {
        assert_problem(&server.get(&format!("/search?{wrong}")), 400);
    }
}

#[test]
fn a_page_is_judged_as_the_program_judges_it() {
    let story = story();
    let key = story.yes(&["key", "new", "example.org/digest", "log.key"]);
    story.yes(&["settings", "--log-key", key.trim()]);
    story.yes(&["checkpoint", "--key", "log.key"]);
    let server = Server::of(&story, &[]);
    let printed = |page: &[u8], form: &str| {
        let mut child = story
            .program(&["verify", "--json", "--form", form, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(page).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let page = story.yes(&["show", ARTICLE]);
    let old = story.yes(&["show", &revisions(&story)[0]]);
    story.yes(&["build", "site"]);
    let html = fs::read_to_string(story.folder.path().join(format!("site/{ARTICLE}/index.html"))).unwrap();
    for (text, form, media_type, verdict) in [
        (page.clone(), "text", "text/plain; charset=\"UTF-8\"", "verified"),
        (page.replace("前天", "今天"), "text", "text/plain", "altered"),
        (old, "text", "Text/Plain", "superseded"),
        (page.clone(), "markdown", "text/markdown", "verified"),
        (html, "html", "text/html;charset=utf-8", "verified"),
        ("Never printed.\n".to_owned(), "text", "text/plain", "unknown"),
    ] {
        let answer = server.post(media_type, text.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = &answer.json()["answers"][0];
        assert_eq!(told["verdict"], verdict);
        assert_eq!(told["log"].is_null(), verdict == "unknown", "{told}");
        assert_eq!(answer.text(), printed(text.as_bytes(), form));
    }
    assert_problem(&server.post("text/plain", b""), 422);
    assert_problem(&server.post("text/plain", b"\xff\xfe\n"), 422);
    assert_problem(&server.post("application/pdf", page.as_bytes()), 415);
    let other = server.post("text/plain; charset=gbk", page.as_bytes());
    assert_problem(&other, 415);
    let zipped = "Content-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n";
    assert_problem(&server.ask("POST", "/verify", zipped), 415);
    assert_eq!(
        other.header("accept-post"),
        "text/plain, text/markdown, text/html"
    );
    assert_problem(&server.ask("GET", "/verify", ""), 405);
}

#[test]
fn a_page_that_is_too_large_is_not_read() {
    let story = story();
    let server = Server::of(&story, &[]);
    let most = 16 << 20;
    let said = format!("Content-Type: text/plain\r\nContent-Length: {}\r\n", most + 1);
    let detail = assert_problem(&server.ask("POST", "/verify", &said), 413);
    assert!(detail.contains("16777216"), "{detail}");
    // One that does not say how long it is.
    let mut stream = server.connect();
    let head = head(
        "POST",
        "/verify",
        "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n",
    );
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"100000\r\n".to_vec(), vec![b'a'; 1 << 20], b"\r\n".to_vec()].concat();
    let sent = (0..64).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    assert!(sent < 64, "everything was read");
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(1 << 20));
    assert_eq!(server.send(long.as_bytes()).status, 431);
    assert_eq!(server.get("/articles").status, 200);
}

#[test]
fn answers_are_compressed_and_still_recognized() {
    let story = story();
    let server = Server::of(&story, &[]);
    let plain = server.get(&article());
    let zipped = server.ask("GET", &article(), "Accept-Encoding: gzip\r\n");
    assert_eq!(zipped.header("content-encoding"), "gzip");
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(&zipped.body[..])
        .read_to_end(&mut inflated)
        .unwrap();
    assert_eq!(inflated, plain.body);
    let smaller = server.ask("GET", &article(), "Accept-Encoding: gzip, deflate, br\r\n");
    assert_eq!(smaller.header("content-encoding"), "br");
    let mut inflated = Vec::new();
    brotli_decompressor::Decompressor::new(&smaller.body[..], 4096)
        .read_to_end(&mut inflated)
        .unwrap();
    assert_eq!(inflated, plain.body);
    assert!(smaller.body.len() < plain.body.len());
    // The tag names the bytes that were not compressed.
    let weak = format!("W/{}", plain.header("etag"));
    assert_eq!(
        (zipped.header("etag"), smaller.header("etag")),
        (weak.clone(), weak.clone())
    );
    // What is not sent again has the headers that it was sent with.
    for (encodings, sent) in [("gzip", &zipped), ("identity", &plain)] {
        let known = format!(
            "Accept-Encoding: {encodings}\r\nIf-None-Match: {}\r\n",
            sent.header("etag")
        );
        let unchanged = server.ask("GET", &article(), &known);
        assert_eq!(unchanged.status, 304);
        let of = |answer: &Answer| {
            let vary = answer.header("vary");
            let vary: BTreeSet<String> = vary.split(", ").map(str::to_owned).collect();
            (answer.header("etag"), vary)
        };
        assert_eq!(of(&unchanged), of(sent), "{encodings}");
    }
    // Who accepts nothing that there is gets it as it is.
    for nothing in ["identity;q=0", "zstd, *;q=0", "br;q=0, *;q=0"] {
        let sent = server.ask("GET", &article(), &format!("Accept-Encoding: {nothing}\r\n"));
        assert_eq!((sent.status, &sent.body), (200, &plain.body), "{nothing}");
        assert_eq!(sent.header("content-encoding"), "", "{nothing}");
    }
    let proof = format!("/proofs/{}", revisions(&story)[0]);
    assert_eq!(
        server
            .ask("GET", &proof, "Accept-Encoding: gzip, br\r\n")
            .header("content-encoding"),
        ""
    );
}

#[test]
fn the_site_is_served_and_nothing_else() {
    let story = story();
    story.write("secret.txt", "secret");
    let server = Server::built(&story, &["--out", "out"]);
    let out = story.folder.path().join("out");
    fs::write(out.join(".hidden.html"), "secret").unwrap();
    fs::write(out.join("draft.html"), "secret\n").unwrap();
    fs::create_dir(out.join("drafts")).unwrap();
    fs::write(out.join("drafts/index.html"), "secret\n").unwrap();
    symlink(story.folder.path().join("secret.txt"), out.join("link.txt")).unwrap();
    symlink(story.folder.path(), out.join("folder")).unwrap();
    let home = server.get("/");
    assert_eq!(home.body, fs::read(out.join("index.html")).unwrap());
    assert_eq!(home.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(home.header("content-security-policy"), "frame-ancestors 'none'");
    assert_eq!(home.header("x-content-type-options"), "nosniff");
    assert_eq!(home.header("cache-control"), "no-cache");
    let known = format!("If-None-Match: {}\r\n", home.header("etag"));
    assert_eq!(server.ask("GET", "/index.html", &known).status, 304);
    assert_eq!(
        server.get(&format!("/{ARTICLE}/r1.proof")).header("content-type"),
        "application/x-git-pack"
    );
    let folder = server.get(&format!("/{ARTICLE}"));
    assert_eq!(
        (folder.status, folder.header("location")),
        (301, format!("/{ARTICLE}/"))
    );
    assert_eq!(server.get(&format!("/{ARTICLE}/")).status, 200);
    for path in [
        "/.hidden.html",
        "/draft.html",
        "/drafts",
        "/drafts/",
        "/.avalaches-site",
        "/link.txt",
        "/folder/secret.txt",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/2026/../../secret.txt",
        "//secret.txt",
        "/index.html/",
        "/index.html%00",
        "/\\..\\secret.txt",
        "/2026/01/22/bridge/index.html/..",
        "/%ff",
        "/none",
    ] {
        let answer = server.get(path);
        assert_problem(&answer, 404);
        assert!(!answer.text().contains("secret\n"), "{path}");
    }
    for absolute in ["http://archive.example/../secret.txt", "*"] {
        assert_ne!(server.get(absolute).status, 200, "{absolute}");
    }
}

#[test]
fn nothing_of_a_request_becomes_a_header() {
    let story = story();
    let server = Server::built(&story, &[]);
    for path in [
        "/articles?limit=1&author=desk%0d%0aX-Evil:%201",
        "/articles?limit=1&tag=%0d%0aX-Evil:%201%0d%0a%0d%0a",
        "/2026%0d%0aX-Evil:%201",
        "/articles/2026/01/22/bridge%0d%0aX-Evil:%201",
        "/revisions/%0d%0aX-Evil:%201",
    ] {
        let answer = server.get(path);
        assert_eq!(answer.header("x-evil"), "", "{path}");
    }
    let answer = server.get("/articles?limit=1&author=desk%20");
    assert_eq!(answer.json()["articles"].as_array().unwrap().len(), 0);
    let answer = server.get("/articles?limit=1&author=D%45sk");
    assert!(
        answer.header("link").contains("limit=1&author=DEsk&after="),
        "{answer:?}"
    );
}

#[test]
fn a_request_names_one_host() {
    let story = story();
    let server = Server::of(&story, &[]);
    let ask = |version: &str, hosts: &str| {
        let request = format!("GET /articles HTTP/{version}\r\nConnection: close\r\n{hosts}\r\n");
        server.send(request.as_bytes())
    };
    assert_problem(&ask("1.1", ""), 400);
    assert_problem(&ask("1.1", "Host: a\r\nHost: b\r\n"), 400);
    assert_problem(&ask("1.0", "Host: a\r\nHost: a\r\n"), 400);
    assert_eq!(ask("1.0", "").status, 200);
    assert_eq!(ask("1.1", "Host: a\r\n").status, 200);
}

#[test]
fn a_server_that_has_no_site_and_can_build_none_ends() {
    let story = story();
    story.write("file", "no folder");
    for (options, expected) in [
        (["--theme", "nowhere"], "could not read nowhere of the theme"),
        (["--out", "file"], "could not make file"),
        (["--requests", "0"], "0 is not in 1..=1000000"),
        (["--connections", "9999999999999999999"], "number too large"),
    ] {
        let output = story.run(&[&["serve", "--listen", "127.0.0.1:0"], &options[..]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    // What was built once is served, whatever its theme has become.
    story.yes(&["build", "out"]);
    let server = Server::of(&story, &["--out", "out", "--theme", "nowhere"]);
    server.until("the complaint", |server| {
        server.errors().contains("the site could not be built")
    });
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn every_address_says_which_methods_it_has() {
    let story = story();
    let server = Server::built(&story, &[]);
    let id = revisions(&story)[0].clone();
    for (path, allowed) in [
        ("/articles".to_owned(), "GET,HEAD"),
        (article(), "GET,HEAD"),
        (format!("/revisions/{id}"), "GET,HEAD"),
        (format!("/proofs/{id}"), "GET,HEAD"),
        ("/openapi.json".to_owned(), "GET,HEAD"),
        ("/verify".to_owned(), "POST"),
        ("/".to_owned(), "GET,HEAD"),
    ] {
        for method in ["DELETE", "PUT", "OPTIONS", "BREW"] {
            let answer = server.ask(method, &path, "");
            assert_problem(&answer, 405);
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        }
        if allowed == "GET,HEAD" {
            let (got, headed) = (server.get(&path), server.ask("HEAD", &path, ""));
            assert_eq!((headed.status, headed.body.len()), (200, 0), "{path}");
            for name in ["etag", "content-type", "content-length", "cache-control"] {
                assert_eq!(headed.header(name), got.header(name), "{path} {name}");
            }
        }
    }
}

#[test]
fn clients_that_are_too_slow_are_not_waited_for() {
    let story = story();
    let server = Server::of(&story, &["--timeout", "1"]);
    let mut silent = server.connect();
    let mut head_only = server.connect();
    head_only.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-").unwrap();
    for stream in [&mut silent, &mut head_only] {
        let mut rest = Vec::new();
        // Closed, which a read notices as an end or an error other than that of our own waiting.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_ne!(
                error.kind(),
                std::io::ErrorKind::WouldBlock,
                "the server waits for ever"
            );
        }
    }
    let mut slow = server.connect();
    let begun = head(
        "POST",
        "/verify",
        "Content-Type: text/plain\r\nContent-Length: 100\r\n",
    );
    slow.write_all(begun.as_bytes()).unwrap();
    assert_problem(&read(&mut slow), 408);
    assert_eq!(server.get("/articles").status, 200);
}

#[test]
fn a_client_that_has_said_all_is_answered() {
    let story = story();
    let server = Server::of(&story, &[]);
    let page = "桥今天通车。\n\n".repeat(20_000);
    let requests = [
        head("GET", "/search?q=bridge", "").into_bytes(),
        head("GET", "/openapi.json", "").into_bytes(),
        http::posted("/verify", "text/plain", page.as_bytes()),
    ];
    for request in requests.iter().cycle().take(12) {
        let mut stream = server.connect();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read(&mut stream).status, 200);
    }
}

#[test]
fn a_browser_is_shown_a_page_where_a_program_gets_a_problem_document() {
    let story = story();
    let server = Server::built(&story, &[]);
    let accept = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Encoding: identity\r\n";
    for (path, status) in [
        ("/no/such/page", 404),
        ("/revisions/%3Cb%3E", 404),
        ("/articles?limit=0", 400),
        ("/verify", 405),
    ] {
        let answer = server.ask("GET", path, accept);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("content-security-policy"), "frame-ancestors 'none'");
        let page = answer.text();
        assert!(page.contains("<a href=\"/\">Home</a>"), "{page}");
        assert!(!page.contains("<b>"), "{page}");
        assert_problem(&server.ask("GET", path, "Accept: */*\r\n"), status);
    }
    let absent = server.ask("GET", "/no/such/page", accept);
    assert!(
        absent
            .text()
            .contains("<h1>Not Found</h1>\n<p>there is no such page</p>")
    );
    // Compressed, it is the same page.
    let zipped = server.ask("GET", "/no/such/page", &accept.replace("identity", "gzip"));
    assert_eq!(zipped.status, 404);
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(&zipped.body[..])
        .read_to_end(&mut inflated)
        .unwrap();
    assert_eq!(inflated, absent.body);
}

#[test]
fn what_is_asked_for_only_as_it_was_is_not_sent_as_it_is() {
    let story = story();
    let server = Server::built(&story, &[]);
    for path in ["/", "/articles", &article(), "/openapi.json"] {
        let asking = |tag: &str| server.ask("GET", path, &format!("If-Match: {tag}\r\n"));
        let tag = server.get(path).header("etag");
        for same in [tag.as_str(), "*", &format!("\"x\", {tag}")] {
            assert_eq!(asking(same).status, 200, "{path} {same}");
        }
        for other in ["\"x\"".to_owned(), format!("W/{tag}")] {
            assert_problem(&asking(&other), 412);
        }
        let both = format!("If-Match: \"x\"\r\nIf-None-Match: {tag}\r\n");
        assert_problem(&server.ask("GET", path, &both), 412);
    }
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_given_up() {
    let story = story();
    // More than the system keeps of an answer that nobody takes.
    let long = "一段很长的文字，没有人读，也没有人等它来，更没有人记得它。\n\n".repeat(170_000);
    story.add("long.txt", &long, &["--slug", "long", "--date", "2026-01-26"]);
    let server = Server::of(&story, &["--connections", "1", "--timeout", "3"]);
    let mut takes_nothing = server.connect();
    takes_nothing
        .write_all(head("GET", "/articles/2026/01/26/long", "").as_bytes())
        .unwrap();
    assert_eq!(server.get("/articles").status, 200);
    let mut rest = Vec::new();
    let _ = takes_nothing.read_to_end(&mut rest);
    assert!(
        rest.starts_with(b"HTTP/1.1 200 ") && rest.len() < 2 * long.len(),
        "{}",
        rest.len()
    );
}

#[test]
fn a_client_that_takes_its_answer_slowly_has_it_to_the_end() {
    let story = story();
    let long = "一段很长的文字，有人慢慢地读，一直读到最后一个字。\n\n".repeat(170_000);
    story.add("long.txt", &long, &["--slug", "long", "--date", "2026-01-26"]);
    let server = Server::of(&story, &["--timeout", "3"]);
    let mut slow = server.connect();
    slow.write_all(head("GET", "/articles/2026/01/26/long", "").as_bytes())
        .unwrap();
    let (mut taken, mut piece) = (Vec::new(), vec![0; 16 << 10]);
    for _ in 0..70 {
        thread::sleep(Duration::from_millis(100));
        let length = slow.read(&mut piece).unwrap();
        taken.extend_from_slice(&piece[..length]);
    }
    slow.read_to_end(&mut taken).unwrap();
    let end = taken.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    assert!(taken[end + 4..] == server.get("/articles/2026/01/26/long").body);
}

#[test]
fn two_hundred_requests_at_once_are_answered() {
    let story = story();
    let server = Server::built(&story, &[]);
    let (server, article) = (&server, article());
    let page = story.yes(&["show", ARTICLE]);
    let expected = [
        server.get("/articles"),
        server.get(&article),
        server.get("/"),
        server.post("text/plain", page.as_bytes()),
    ];
    thread::scope(|scope| {
        let asking = (0..200).map(|number| {
            let (page, article) = (&page, &article);
            scope.spawn(move || match number % 4 {
                0 => server.get("/articles"),
                1 => server.get(article),
                2 => server.get("/"),
                _ => server.post("text/plain", page.as_bytes()),
            })
        });
        let asking: Vec<_> = asking.collect();
        for (number, answer) in asking.into_iter().enumerate() {
            let answer = answer.join().unwrap();
            assert_eq!((answer.status, &answer.body), (200, &expected[number % 4].body));
        }
    });
}

#[test]
fn a_user_without_rights_can_serve() {
    let story = story();
    let mut command = unprivileged(&story);
    command.arg("serve");
    let server = Server::begun(&story, command, &[]);
    server.until("the site", |server| server.get("/").status == 200);
    assert_eq!(server.get("/articles").status, 200);
    assert_eq!(server.get("/search?q=bridge").status, 200);
    let page = story.folder.path().join("site-of-others");
    fs::write(page, "").unwrap();
    assert_eq!(server.get("/../site-of-others").status, 404);
}

/// Sends many requests, each on a connection of its own that is open until all were sent, and counts the answers by status.
fn flood(server: &Server, count: usize) -> BTreeMap<u16, usize> {
    let paths = ["/articles", "/", "/search?q=bridge", "/nothing", "/../Cargo.toml"];
    let mut streams: Vec<TcpStream> = Vec::new();
    for number in 0..count {
        let mut stream = server.connect();
        let request = head("GET", paths[number % paths.len()], "Connection: close\r\n");
        // A server that has no place for one more says so before it reads.
        let _ = stream.write_all(request.as_bytes());
        streams.push(stream);
    }
    let mut answers = BTreeMap::new();
    for mut stream in streams {
        *answers.entry(read(&mut stream).status).or_default() += 1;
    }
    answers
}

#[test]
#[ignore = "takes minutes, and needs `ulimit -n 20000`"]
fn ten_thousand_requests_at_once_are_answered_in_bounded_memory() {
    const THREADS: usize = 16;
    let story = story();
    let server = Server::built(&story, &[]);
    let before = server.most_memory();
    let answers = thread::scope(|scope| {
        let asking: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| flood(&server, 10_000 / THREADS)))
            .collect();
        let mut all: BTreeMap<u16, usize> = BTreeMap::new();
        for (status, count) in asking.into_iter().flat_map(|asked| asked.join().unwrap()) {
            *all.entry(status).or_default() += count;
        }
        all
    });
    let after = server.most_memory();
    println!("answers by status {answers:?}; most memory {before} kB before, {after} kB after");
    assert_eq!(answers.values().sum::<usize>(), 10_000);
    assert!(answers.keys().all(|status| [200, 400, 404, 503].contains(status)));
    assert!(after < 256 << 10, "{after} kB");
    assert_eq!(server.get("/articles").status, 200);
}

#[test]
fn who_asks_too_much_is_told_to_come_again() {
    let story = story();
    let server = Server::of(&story, &["--requests", "1"]);
    let page = story.yes(&["show", ARTICLE]);
    let mut first = server.begin(&page);
    let refused = server.get("/articles");
    assert_problem(&refused, 503);
    assert_eq!(refused.header("retry-after"), "2");
    first.write_all(page.as_bytes()).unwrap();
    assert_eq!(read(&mut first).json()["answers"][0]["verdict"], "verified");
    assert_eq!(server.get("/articles").status, 200);
}

#[test]
fn connections_wait_where_there_are_too_many() {
    let story = story();
    let server = Server::of(&story, &["--connections", "2", "--timeout", "2"]);
    let (one, other) = (server.connect(), server.connect());
    // It is taken as soon as the silent ones are given up.
    assert_eq!(server.get("/articles").status, 200);
    drop((one, other));
}

#[test]
fn what_was_asked_is_answered_before_the_server_ends() {
    let story = story();
    let mut server = Server::built(&story, &[]);
    let page = story.yes(&["show", ARTICLE]);
    let idle = server.connect();
    let mut asking = server.begin(&page);
    asking.write_all(&page.as_bytes()[..10]).unwrap();
    server.terminate();
    let port = server.port;
    server.until("the end of listening", |_| {
        TcpStream::connect(("127.0.0.1", port)).is_err()
    });
    asking.write_all(&page.as_bytes()[10..]).unwrap();
    assert_eq!(read(&mut asking).json()["answers"][0]["verdict"], "verified");
    assert_eq!(server.ended().code(), Some(0), "{}", server.errors());
    drop(idle);
    let left = fs::read_dir(story.folder.path()).unwrap();
    let left = left.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("avalaches-site")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn the_site_follows_the_branch_and_survives_a_build_that_fails() {
    let story = story();
    let server = Server::built(&story, &["--out", "out"]);
    let before = server.get("/");
    story.add(
        "new.txt",
        "新的一页。\n",
        &["--slug", "new-page", "--date", "2026-01-26"],
    );
    server.until("the new page", |server| {
        server.get("/2026/01/26/new-page/").status == 200
    });
    server.until("the new list", |server| server.get("/").body != before.body);
    let whole = server.get("/");
    // A tip that cannot be read: the branch leads nowhere.
    let reference = story.archive().join("refs/heads/main");
    let tip = fs::read(&reference).unwrap();
    fs::write(&reference, "f".repeat(40) + "\n").unwrap();
    server.until("the complaint", |server| {
        server.errors().contains("the site could not be built")
    });
    assert_eq!(server.get("/").body, whole.body);
    let answer = server.get("/articles");
    assert_problem(&answer, 500);
    assert!(!answer.text().contains("ffff"), "{}", answer.text());
    assert!(
        server.errors().contains("a request could not be answered"),
        "{}",
        server.errors()
    );
    fs::write(&reference, tip).unwrap();
    assert_eq!(server.get("/articles").status, 200);
}

#[test]
fn a_theme_is_seen_as_soon_as_it_is_written() {
    let story = story();
    let theme = story.folder.path().join("theme");
    fs::create_dir(&theme).unwrap();
    fs::write(theme.join("style.css"), "p { color: #123456 }").unwrap();
    let server = Server::built(&story, &["--theme", "theme"]);
    let page = || server.ask("GET", &article(), "Accept: text/html\r\n");
    let before = page();
    assert!(before.text().contains("#123456") && server.get("/").text().contains("#123456"));
    fs::write(theme.join("style.css"), "p { color: #654321 }").unwrap();
    server.until("the new style", |server| {
        server.get("/").text().contains("#654321")
    });
    // The commit is what it was, and the page is another.
    let known = format!(
        "Accept: text/html\r\nIf-None-Match: {}\r\n",
        before.header("etag")
    );
    assert_eq!(server.ask("GET", &article(), &known).status, 200);
    fs::write(theme.join("page.html"), "{% if").unwrap();
    server.until("the complaint", |server| {
        server.errors().contains("the site could not be built")
    });
    assert_eq!(server.get(&format!("/{ARTICLE}/")).status, 200);
    fs::remove_file(theme.join("page.html")).unwrap();
    fs::write(theme.join("style.css"), "p { color: #abcdef }").unwrap();
    server.until("the site again", |server| {
        server.get("/").text().contains("#abcdef")
    });
}

#[test]
fn a_withheld_text_is_not_there_for_a_reason() {
    let signed = Signed::begin();
    let story = &signed.story;
    signed.key("key", &["ed25519"], "");
    story.yes(&["signers", "allow", "desk", "key.pub"]);
    let first = story.add(
        "a.txt",
        "一座桥。\n\nOne bridge.\n",
        &["--slug", "bridge", "--date", "2026-01-22"],
    );
    story.write("b.txt", "两座桥。\n\nTwo bridges.\n");
    story.yes(&[
        "correct",
        ARTICLE,
        "b.txt",
        "--note",
        "两座。",
        "--date",
        "2026-01-23",
    ]);
    let server = Server::of(story, &[]);
    assert_eq!(server.get(&format!("/revisions/{}", id(&first))).status, 200);
    let sign = format!("--sign={}", signed.path("key").display());
    story.yes(&[
        "expunge",
        &format!("{ARTICLE}@1"),
        "--note",
        "Court order 12.",
        &sign,
    ]);
    for path in ["revisions", "proofs"] {
        let answer = server.get(&format!("/{path}/{}", id(&first)));
        let detail = assert_problem(&answer, 451);
        assert!(detail.contains("Court order 12."), "{detail}");
        assert_eq!(answer.json()["withheld"][0]["note"], "Court order 12.");
    }
    let newest = server.get(&article());
    assert!(newest.json()["text"].as_str().unwrap().contains("两座"));
    let past = server.get(&format!("{}/history", article()));
    assert_eq!(past.text(), story.yes(&["history", ARTICLE, "--json"]));
}

/// Returns the names of all files of a folder that have some text; a build may take some away meanwhile.
fn having(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(having(&path, text));
        } else if let Ok(bytes) = fs::read(&path)
            && String::from_utf8_lossy(&bytes).contains(text)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn expunged_text_goes_also_where_the_site_cannot_be_built() {
    for broken in ["{% if", "{{ nothing }}"] {
        let signed = Signed::begin();
        let story = &signed.story;
        signed.key("key", &["ed25519"], "");
        story.yes(&["signers", "allow", "desk", "key.pub"]);
        story.yes(&["settings", "--base-url", "https://archive.example/"]);
        let options = ["--slug", "bridge", "--date", "2026-01-22", "--tag", "bridges"];
        // Its first words are what the retraction is called by.
        story.add(
            "a.txt",
            "一座桥。\n\n又窄又险。\n\nA bridge.\n\nA grievous one.\n",
            &options,
        );
        story.add(
            "c.txt",
            "另一篇。\n",
            &["--slug", "other", "--date", "2026-02-01"],
        );
        let theme = story.folder.path().join("theme");
        fs::create_dir(&theme).unwrap();
        fs::write(theme.join("style.css"), "p { color: navy }").unwrap();
        let server = Server::built(story, &["--out", "out", "--theme", "theme"]);
        let out = story.folder.path().join("out");
        assert!(having(&out, "grievous").len() > 4);
        assert!(having(&out, "又窄又险").len() > 4);
        fs::write(theme.join("home.html"), broken).unwrap();
        server.until("the complaint", |server| {
            server.errors().contains("the site could not be built")
        });
        let proof = format!("/{ARTICLE}/r1.proof");
        assert_eq!(server.get(&proof).status, 200);
        story.yes(&["retract", ARTICLE, "--note", "Wrong.", "--date", "2026-02-02"]);
        let sign = format!("--sign={}", signed.path("key").display());
        story.yes(&[
            "expunge",
            &format!("{ARTICLE}@1"),
            "--note",
            "Court order 12.",
            &sign,
        ]);
        server.until("the end of the proof", |server| server.get(&proof).status != 200);
        for words in ["grievous", "又窄又险"] {
            let left = || having(&out, words);
            server.until(&format!("the end of {words} in {:?}", left()), |_| {
                left().is_empty()
            });
        }
        assert_eq!(server.get("/2026/02/01/other/").status, 200);
        fs::remove_file(theme.join("home.html")).unwrap();
        server.until("the site again", |server| server.get("/").status == 200);
        let page = server.get(&format!("/{ARTICLE}/r1.html"));
        assert!(page.text().contains("Court order 12."), "{}", page.text());
        assert_eq!(server.get(&proof).status, 404);
    }
}

#[test]
fn files_of_the_site_that_are_gone_are_made_again() {
    let story = story();
    let server = Server::built(&story, &["--out", "out"]);
    let out = story.folder.path().join("out");
    fs::remove_dir_all(out.join("2026")).unwrap();
    let page = format!("/{ARTICLE}/");
    assert_eq!(server.get(&page).status, 404);
    server.until("the page again", |server| server.get(&page).status == 200);
    assert!(
        server.errors().contains("index.html is gone"),
        "{}",
        server.errors()
    );
    fs::remove_dir_all(&out).unwrap();
    server.until("the site again", |server| server.get("/").status == 200);
    // A page that no build wrote is none that is gone.
    assert_eq!(server.get("/2026/01/22/none/").status, 404);
}

#[test]
fn the_server_says_where_it_listens_and_to_whom() {
    let story = story();
    let open = Server::of(&story, &["--listen", "0.0.0.0:0"]);
    open.until("the warning", |server| {
        server.errors().contains("whoever reaches 0.0.0.0:")
    });
    let taken = format!("127.0.0.1:{}", open.port);
    for named in ["localhost:8080", "8080"] {
        let output = story.run(&["serve", "--listen", named]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("127.0.0.1:8080 and [::1]:8080"), "{said}");
    }
    let output = story.run(&["serve", "--listen", &taken]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("could not listen") && said.contains("127.0.0.1:0 for a free port"),
        "{said}"
    );
    let mut told = story
        .program(&["serve", "--json", "--listen", "127.0.0.1:0"])
        .env("TMPDIR", story.folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(told.stdout.take().unwrap()).lines();
    let document: String = lines.map(Result::unwrap).take_while(|line| line != "}").collect();
    told.kill().unwrap();
    told.wait().unwrap();
    let document: Value = serde_json::from_str(&format!("{document}}}")).unwrap();
    let members: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        (members, &document["schema"]),
        (vec!["schema", "url", "folder"], &Value::from("avalaches/serve/1"))
    );
    let nowhere = tempfile::tempdir().unwrap();
    let output = story
        .program(&["serve"])
        .current_dir(nowhere.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
