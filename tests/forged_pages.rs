//! Pages of a site whose text was left as it is, and which show a reader something else: around the article, amid it, or by
//! elements and attributes that no page of an archive has.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask the archive more")]
mod archives;
#[path = "support/bridge.rs"]
#[allow(dead_code, reason = "other stories look at the first text")]
mod bridge;
#[path = "support/sites.rs"]
#[allow(dead_code, reason = "other stories look at every file")]
mod sites;
#[path = "support/tree.rs"]
#[allow(dead_code, reason = "other stories copy trees")]
mod tree;

use archives::Story;
use bridge::ARTICLE;
use serde_json::Value;
use sites::{page, verify_alone};

const LAST: &str = "<p>The bridge opened yesterday.</p>";

/// The page of the newest revision of an article.
fn story() -> (Story, String) {
    let story = bridge::story("It was yesterday.", &["--date", "2026-01-24"]);
    story.yes(&["build", "site"]);
    let page = page(&story, &format!("{ARTICLE}/index.html"));
    assert!(page.contains(LAST), "{page}");
    (story, page)
}

/// Judges a page with the archive.
fn verify(story: &Story, name: &str, page: &str) -> (Option<i32>, Value) {
    story.write(name, page);
    let output = story.run(&["verify", "--json", name]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code(), document["answers"][0].clone())
}

#[test]
fn what_a_reader_takes_for_a_part_of_the_article_alters_it() {
    let (story, page) = story();
    let (code, answer) = verify_alone(page.as_bytes());
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(0), &Value::from("proved")),
        "{answer}"
    );
    let before = |what: &str, place: &str| page.replacen(place, &format!("{what}{place}"), 1);
    let after = |place: &str, what: &str| page.replacen(place, &format!("{place}{what}"), 1);
    for forged in [
        before("<div><h1>FALSE</h1><p>FALSE</p></div>", "<article>"),
        before("FALSE", "<article>"),
        before("<p>FALSE</p>", "</main>"),
        before("<p role=\"search\">FALSE</p>", LAST),
        before("<p aria-hidden=\"true\">FALSE</p>", LAST),
        before("<p style=\"--display:none\">FALSE</p>", LAST),
        before("<p hidden>FALSE</p>", LAST),
        before("<nav>FALSE</nav>", LAST),
        before("<aside>FALSE</aside>", LAST),
        before("<menu>FALSE</menu>", LAST),
        before("<textarea>FALSE</textarea>", LAST),
        before("<button>FALSE</button>", LAST),
        before("<input value=\"FALSE\">", LAST),
        before("<select><option>FALSE</option></select>", LAST),
        before("<svg><text>FALSE</text></svg>", LAST),
        before("<object>FALSE</object>", LAST),
        before("<dialog open>FALSE</dialog>", LAST),
        before("<header><h1>FALSE</h1></header>", "<p class=\"back\">"),
        before("<header><a href=\"#\">FALSE</a></header>", LAST),
        page.replacen(
            LAST,
            "<p><img alt=\"The bridge opened yesterday.\" src=\"data:,\"></p>",
            1,
        ),
        before("<p><a href=\" java\tScript:f()\">a</a></p>", LAST),
        before("<aside><a href=\"javascript:f()\">a</a></aside>", "</main>"),
        before(
            "<nav><button formaction=\"&#1;javascript:f()\">a</button></nav>",
            "</main>",
        ),
        before("<marquee hidden>FALSE</marquee>", "</main>"),
        before("<aside><marquee hidden>FALSE</marquee></aside>", "</main>"),
        before("<aside><select><option>FALSE</select></aside>", "</main>"),
        before(
            "<aside><math hidden><mtext>FALSE</mtext></math></aside>",
            "</main>",
        ),
        page.replacen("<article>", "<article data-=\"1\">", 1),
        page.replacen(LAST, "<p><q>The bridge opened yesterday.</q></p>", 1),
        page.replacen(LAST, "<p><del>The bridge opened yesterday.</del></p>", 1),
        page.replacen(LAST, "<p dir=\"rtl\">The bridge opened yesterday.</p>", 1),
        page.replacen(
            "<section lang=\"en\" dir=\"auto\">",
            "<section lang=\"en\" dir=\"rtl\">",
            1,
        ),
        page.replacen(LAST, "<p onclick=\"f()\">The bridge opened yesterday.</p>", 1),
        page.replacen(
            LAST,
            "<p>The bridge opened yesterday.<bdi class=\"unseen\" data-code=\"FALSE\"></bdi></p>",
            1,
        ),
        after("<main>", "<template shadowrootmode=\"open\">FALSE</template>"),
        after("<main>", "<noscript>FALSE</noscript>"),
        before("<iframe srcdoc=\"FALSE\"></iframe>", "<article>"),
        before(
            "<meta http-equiv=\"refresh\" content=\"0;url=false.html\">",
            "<title>",
        ),
        before("<article>FALSE</article>", "<article>"),
        before("<ul>FALSE</ul>", LAST),
        before(
            "<script>document.querySelector('article p').textContent = 'FALSE'</script>",
            "</body>",
        ),
        before("<script src=\"false.js\"></script>", "</body>"),
        before("<meta name=\"a\" content=\"b\">", "<meta charset=\"utf-8\">"),
        page.replacen("<meta charset=\"utf-8\">", "", 1),
        // A title has its place.
        before("<p>桥昨天通车。</p>", "<article>"),
        page.replacen("<!DOCTYPE html>", "<!DOCTYPE html [<!ENTITY nbsp \"FALSE\">]>", 1),
        page.replacen(
            "<article>",
            "<p class=\"comment\">FALSE</p><div class=\"article\">",
            1,
        )
        .replacen("</article>", "</div>", 1),
    ] {
        let (code, answer) = verify_alone(forged.as_bytes());
        assert_eq!(
            (code, &answer["verdict"]),
            (Some(1), &Value::from("altered")),
            "{answer}\n{forged}"
        );
        let (code, answer) = verify(&story, "forged.html", &forged);
        assert_eq!(
            (code, &answer["verdict"]),
            (Some(1), &Value::from("altered")),
            "{answer}\n{forged}"
        );
    }
}

#[test]
fn a_footer_outside_of_the_article_is_none_of_a_page_with_a_proof() {
    let (story, page) = story();
    let (before, rest) = page.split_once("<footer>").unwrap();
    let (footer, after) = rest.split_once("</footer>").unwrap();
    for name in ["footer", "p"] {
        let outside = format!("</article><{name}>{footer}</{name}>");
        let forged = format!("{before}{}", after.replacen("</article>", &outside, 1));
        assert_eq!(verify_alone(forged.as_bytes()).0, Some(1), "{forged}");
        let (code, answer) = verify(&story, "forged.html", &forged);
        assert_eq!((code, &answer["verdict"]), (Some(1), &Value::from("unknown")));
    }
}

#[test]
fn numbers_of_a_list_are_as_a_browser_shows_them() {
    let story = Story::begin();
    let source = "Votes:\n\n7. Yes\n8. No\n";
    story.add("list.md", source, &["--slug", "list", "--date", "2026-01-22"]);
    story.yes(&["build", "site"]);
    let page = page(&story, "2026/01/22/list/index.html");
    let list = "<ol start=\"7\">";
    assert!(page.contains(list), "{page}");
    assert_eq!(verify_alone(page.as_bytes()).0, Some(0));
    for forged in ["7.", "+7", "07", " 7", "-7", "2147483600", ""] {
        let forged = page.replacen(list, &format!("<ol start=\"{forged}\">"), 1);
        assert_eq!(
            verify_alone(forged.as_bytes()).1["verdict"],
            "altered",
            "{forged}"
        );
    }
    for forged in ["<ol start=\"6\"><li></li>", "<ol start=\"7\" reversed>"] {
        let forged = page.replacen(list, forged, 1);
        assert_eq!(
            verify_alone(forged.as_bytes()).1["verdict"],
            "altered",
            "{forged}"
        );
    }
}

#[test]
fn what_stands_beside_the_text_is_told() {
    let (story, page) = story();
    let beside = |answer: &Value| answer["beside"].clone();
    let about = "修订历史";
    let (_, answer) = verify(&story, "page.html", &page);
    assert_eq!(answer["verdict"], "verified", "{answer}");
    assert!(!beside(&answer).to_string().contains('←') && beside(&answer).to_string().contains(about));
    let back_link = "← 返回";
    assert!(page.contains(back_link));
    let forged = page.replacen(back_link, "← FALSE", 1);
    let (code, answer) = verify(&story, "forged.html", &forged);
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(0), &Value::from("verified")),
        "{answer}"
    );
    assert!(beside(&answer).to_string().contains("← FALSE"), "{answer}");
    let (_, answer) = verify_alone(page.as_bytes());
    assert!(beside(&answer).to_string().contains(back_link), "{answer}");
    // In plain text as well, and on a page of another make, which carries no proof.
    let shown = story.yes(&["show", ARTICLE]);
    let (_, answer) = verify(&story, "shown.txt", &shown);
    assert_eq!(
        (&answer["verdict"], beside(&answer)),
        (&Value::from("verified"), Value::from(Vec::<String>::new()))
    );
    let (_, answer) = verify(&story, "shown.txt", &shown.replacen(back_link, "← FALSE", 1));
    assert!(beside(&answer).to_string().contains("← FALSE"), "{answer}");
    let (_, footer) = shown.trim_end().rsplit_once('\n').unwrap();
    let other = format!(
        "<!doctype html><body><p>Around.</p><article><p>桥昨天通车。</p><form>Amid.</form>{LAST}<p>{footer}</p></article></body>"
    );
    let (_, answer) = verify(&story, "other.html", &other);
    assert_eq!(answer["verdict"], "verified", "{answer}");
    assert_eq!(beside(&answer), Value::from(vec!["Around.", "Amid."]), "{answer}");
    let said = story.yes(&["verify", "other.html"]);
    assert!(
        said.contains("not compared, as it is no part of the text: “Around.”, “Amid.”"),
        "{said}"
    );
}

#[test]
fn a_style_that_is_not_the_program_s_is_told() {
    let (story, page) = story();
    let style = "</style>";
    let hides = page.replacen(style, "section { display: none }</style>", 1);
    let second = page.replacen(style, "</style><style>section { display: none }</style>", 1);
    for (page, is_strange) in [(&page, false), (&hides, true), (&second, true)] {
        let (code, answer) = verify(&story, "styled.html", page);
        assert_eq!(
            (code, &answer["strange_style"]),
            (Some(0), &Value::from(is_strange)),
            "{answer}"
        );
        let (_, answer) = verify_alone(page.as_bytes());
        assert_eq!(answer["strange_style"], is_strange, "{answer}");
        let said = story.yes(&["verify", "styled.html"]);
        let told = "not compared: what the page's style hides or adds";
        assert_eq!(said.contains(told), is_strange, "{said}");
    }
}

/// The page without its proof, as those of other programs are.
fn without_proof(page: &str) -> String {
    let (before, rest) = page
        .split_once("<script type=\"application/x-git-pack+json\"")
        .unwrap();
    let (_, after) = rest.split_once("</script>").unwrap();
    format!("{before}{after}")
}

#[test]
fn that_a_page_has_scripts_or_leads_elsewhere_is_told() {
    let (story, page) = story();
    let bare = without_proof(&page);
    let with = |what: &str| bare.replacen("</head>", &format!("{what}</head>"), 1);
    let refresh = |content: &str| with(&format!("<meta http-equiv=Refresh content=\"{content}\">"));
    let there = Value::from("https://example.org/b");
    for (page, has_script, address) in [
        (page.clone(), false, Value::Null),
        (bare.clone(), false, Value::Null),
        (with("<script>document.title = 1</script>"), true, Value::Null),
        (with("<script src=\"a.js\"></script>"), true, Value::Null),
        (with("<script type=\"module\">1</script>"), true, Value::Null),
        (
            with("<script type=\"text/JavaScript\">1</script>"),
            true,
            Value::Null,
        ),
        (
            with("<script type=\"application/ld+json\">{}</script>"),
            false,
            Value::Null,
        ),
        (
            with("<script type=\"text/x-data\">1</script>"),
            false,
            Value::Null,
        ),
        (
            with("<noscript><script>1</script></noscript>"),
            false,
            Value::Null,
        ),
        (
            bare.replacen(LAST, &LAST.replacen("<p", "<p onclick=\"a()\"", 1), 1),
            true,
            Value::Null,
        ),
        (
            bare.replacen(LAST, &LAST.replacen("<p", "<p on=\"a\"", 1), 1),
            false,
            Value::Null,
        ),
        (
            bare.replacen(
                LAST,
                &LAST.replacen("The", "<a href=\" JavaScript:a()\">The</a>", 1),
                1,
            ),
            true,
            Value::Null,
        ),
        (refresh("0; url=https://example.org/b"), false, there.clone()),
        (
            refresh(" 5.0,URL = 'https://example.org/b' x"),
            false,
            there.clone(),
        ),
        (refresh("1 https://example.org/b"), false, there.clone()),
        (refresh("30"), false, Value::Null),
        (refresh("30; url="), false, Value::Null),
        (
            with("<meta name=refresh content=\"0; url=b\">"),
            false,
            Value::Null,
        ),
    ] {
        let (code, answer) = verify(&story, "acting.html", &page);
        assert_eq!(code, Some(0), "{answer}");
        assert_eq!(
            (&answer["strange_script"], &answer["refresh"]),
            (&Value::from(has_script), &address),
            "{answer}"
        );
        let said = story.yes(&["verify", "acting.html"]);
        let told = "not compared: what the page's scripts change, which were not run\n";
        assert_eq!(said.contains(told), has_script, "{said}");
        let told = "go from the page by themselves: https://example.org/b\n";
        assert_eq!(said.contains(told), address == there, "{said}");
    }
}

#[test]
fn what_a_reader_sees_only_when_he_asks_is_told() {
    let (story, page) = story();
    let bare = without_proof(&page);
    let folded = |tag: &str| bare.replacen(LAST, &format!("<{tag}>{LAST}</details>"), 1);
    for (page, is_told) in [
        (bare.clone(), false),
        (folded("details"), true),
        (folded("details open"), false),
    ] {
        let (code, answer) = verify(&story, "folded.html", &page);
        assert_eq!(code, Some(0), "{answer}");
        let beside = answer["beside"].as_array().unwrap();
        assert_eq!(beside.contains(&Value::from("<details>")), is_told, "{answer}");
    }
    let other = folded("details").replacen(LAST, "<p>The bridge opened today.</p>", 1);
    assert_eq!(verify(&story, "folded.html", &other).1["verdict"], "altered");
}

#[test]
fn a_browser_that_saved_the_page_says_so_above_it() {
    let (story, page) = story();
    let saved = format!("<!-- saved from url=(0026)https://example.org/page -->\n{page}");
    story.write("saved.html", &saved);
    assert!(story.yes(&["verify", "saved.html"]).starts_with("verified"));
    let saved = page.replacen(
        "<!DOCTYPE html>",
        "<!DOCTYPE html>\n<!-- saved from url=(0026)https://example.org/page -->",
        1,
    );
    assert_eq!(verify_alone(saved.as_bytes()).1["verdict"], "proved");
}

#[test]
fn text_after_the_footer_is_named() {
    let (story, _) = story();
    let shown = story.yes(&["show", ARTICLE]);
    story.write("more.txt", format!("{shown}\nVerify\n"));
    let output = story.run(&["verify", "more.txt"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("reads like one, and what follows it is no part of a page"),
        "{said}"
    );
}

#[test]
fn a_page_with_a_proof_counts_under_a_name_that_every_browser_takes_for_html() {
    let (story, page) = story();
    let said = |name: &str, page: &str| {
        story.write(name, page);
        let judged = |arguments: &[&str]| {
            let output = story.run(&[&["verify"][..], arguments, &[name]].concat());
            let said = String::from_utf8(output.stdout).unwrap();
            (output.status.code(), said)
        };
        let (with, without) = (judged(&[]), judged(&["--without-archive"]));
        assert_eq!(with.0, without.0, "{name}: {with:?} {without:?}");
        without
    };
    for name in ["page.html", "page.HTM"] {
        assert_eq!(said(name, &page).0, Some(0), "{name}");
    }
    let in_xml = page.replacen("<html ", "<html xmlns=\"http://www.w3.org/1999/xhtml\" ", 1);
    for (name, page) in [
        ("page.xml", &page),
        ("page.svg", &page),
        ("page.pdf", &page),
        ("page", &page),
    ] {
        let (code, said) = said(name, page);
        assert!(code == Some(1) && said.starts_with("altered"), "{name}: {said}");
        let why = "a file name by which browsers show something else";
        assert!(said.contains(why), "{name}: {said}");
    }
    for page in [&page, &in_xml] {
        assert_ne!(said("page.xhtml", page).0, Some(0));
    }
    // What has no name is no file of a browser's.
    let archive = story.folder.path().to_owned();
    let mut asked = std::process::Command::new(env!("CARGO_BIN_EXE_avalaches"))
        .args(["verify", "--without-archive", "-"])
        .current_dir(archive)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut asked.stdin.take().unwrap(), page.as_bytes()).unwrap();
    assert!(asked.wait().unwrap().success());
    // Mail in one file is no page that is read.
    for (name, page) in [
        ("page.mhtml", page.as_str()),
        ("saved", "From: <Saved by Blink>\r\n"),
    ] {
        story.write(name, page);
        let output = story.run(&["verify", name]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("(MHTML) is not read; save it as HTML"), "{said}");
    }
}

#[test]
fn what_shows_nothing_and_what_only_looks_like_a_fault_alters_nothing() {
    let (_, page) = story();
    for (from, to) in [
        ("<article>", "<article data-codex=\"1\">"),
        ("</body>", "<div hidden>more</div><x-y hidden></x-y></body>"),
        ("</body>", "<!-- <![CDATA[ --></body>"),
        ("<meta charset=\"utf-8\">", "<meta charset=\"utf-8\"></meta>"),
        (
            "</main>",
            "<aside><a href=\"javascript.html\">a</a></aside></main>",
        ),
    ] {
        assert!(page.contains(from), "{page}");
        let (code, answer) = verify_alone(page.replacen(from, to, 1).as_bytes());
        assert_eq!(
            (code, &answer["verdict"]),
            (Some(0), &Value::from("proved")),
            "{answer}\n{to}"
        );
    }
}

#[test]
fn what_words_do_not_tell_is_named() {
    let (story, page) = story();
    let table = "<aside><table background=\"data:,\"><tr><td>A</table><meter value=\"1\"></meter></aside>";
    let (_, answer) = verify(
        &story,
        "page.html",
        &page.replacen("</main>", &format!("{table}</main>"), 1),
    );
    assert_eq!(answer["verdict"], "verified", "{answer}");
    for name in ["<table>", "<meter>"] {
        assert!(answer["beside"].to_string().contains(name), "{answer}");
    }
    // Of a page of another make only what has no words.
    let shown = story.yes(&["show", ARTICLE]);
    let (_, footer) = shown.trim_end().rsplit_once('\n').unwrap();
    let other = |around: &str| {
        let page = format!(
            "<!doctype html><body>{around}<article><p>桥昨天通车。</p>{LAST}<p>{footer}</p></article></body>"
        );
        verify(&story, "other.html", &page).1["beside"].clone()
    };
    assert_eq!(other(table), Value::from(vec!["A"]));
    for (shown, name) in [
        ("<marquee hidden>FALSE</marquee>", "<marquee>"),
        ("<math hidden><mtext>FALSE</mtext></math>", "<math>"),
        ("<math><mtext hidden>FALSE</mtext></math>", "<math>"),
    ] {
        assert_eq!(other(shown), Value::from(vec!["FALSE", name]), "{shown}");
    }
    let within = "<svg style=\"visibility:hidden\"><text visibility=\"visible\">FALSE</text></svg>";
    assert!(other(within).to_string().contains("FALSE"));
}

#[test]
fn a_page_that_says_another_encoding_is_altered() {
    let (story, _) = story();
    let shown = story.yes(&["show", ARTICLE]);
    let (_, footer) = shown.trim_end().rsplit_once('\n').unwrap();
    for (label, verdict) in [("utf-8", "verified"), ("gbk", "altered")] {
        let page = format!(
            "<!doctype html><meta charset=\"{label}\"><article><p>桥昨天通车。</p>{LAST}<p>{footer}</p></article>"
        );
        let (_, answer) = verify(&story, "other.html", &page);
        assert_eq!(answer["verdict"], verdict, "{answer}");
    }
}
