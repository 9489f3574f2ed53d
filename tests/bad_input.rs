//! Bad input: each a clear error that names the file and the place, exit status 2, and nothing written.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask git")]
mod archives;
#[path = "support/terminal.rs"]
mod terminal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use archives::Story;
use terminal::printed;

const FOOTER: &str = "2026-01-22 (Thursday) · a038737196a74c325d6a90900694dd78867e8af9";

/// Everything in a folder, but for the file whose lock writers hold.
fn state(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut state = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path.clone());
                state.insert(path, Vec::new());
            } else if !is_disposable(&path) {
                let bytes = fs::read(&path).unwrap();
                state.insert(path, bytes);
            }
        }
    }
    state
}

/// Tells the locks, and the index that is made anew when it is missing, from what the archive holds.
fn is_disposable(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name == "avalaches.lock" || name.starts_with("avalaches.index"))
}

/// Runs a command that has to be refused: exit status 2, these words said, nothing printed, nothing written.
#[track_caller]
fn refused(story: &Story, arguments: &[&str], words: &[&str]) {
    let before = state(&story.archive());
    let start = Instant::now();
    let output = story.run(arguments);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{arguments:?} took {:?}",
        start.elapsed()
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?} does not say {word:?}: {said}");
    }
    assert!(said.starts_with("error: "), "{said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert!(
        state(&story.archive()) == before,
        "{arguments:?} changed the archive"
    );
}

#[test]
fn pages_that_no_article_can_be_made_of_are_refused_with_file_and_place() {
    let story = Story::begin();
    let long = "a".repeat(20 << 20);
    let id = &FOOTER[FOOTER.len() - 40..];
    let with = |from: &str, to: &str| format!("Text.\n\n{}\n", FOOTER.replacen(from, to, 1)).into_bytes();
    let pages: [(&[u8], &[&str]); 25] = [
        (
            b"a\n\n\xff b\n",
            &[":3:", "not UTF-8 from byte 3", "iconv -f GB18030 -t UTF-8"],
        ),
        (b"\xff\xfea\0\n\0", &[":1:", "UTF-16"]),
        (b"a\n\nx\0b\n", &[":3:", "U+0000", "line 3, column 2"]),
        (b"a\x1b[2Jb\n", &[":1:", "U+001B", "column 2"]),
        (
            "中\u{202e}文\n".as_bytes(),
            &[":1:", "U+202E", "column 2", "--allow-invisible"],
        ),
        ("中\u{200b}文\n".as_bytes(), &["U+200B"]),
        ("a\u{2066}b\n".as_bytes(), &["U+2066"]),
        ("a\u{e0041}b\n".as_bytes(), &["U+E0041"]),
        (long.as_bytes(), &["16 MiB"]),
        (b"", &["the page is empty"]),
        (b" \n\t\n\r\n", &["the page is empty"]),
        (FOOTER.as_bytes(), &["only a footer"]),
        (b"\xe2\x86\x90 back\n", &["the page is empty"]),
        (
            &format!("a\n\n{FOOTER}\n\n{FOOTER}").into_bytes(),
            &[":3:", "two footers"],
        ),
        (&with("01-22", "02-30"), &[":3:", "2026-02-30", "does not exist"]),
        (&with("2026", "0000"), &[":3:", "0000-01-22"]),
        (&with("2026", "10000"), &[":3:", "10000-01-22"]),
        (&with("Thurs", "Wens"), &[":3:", "Wensday"]),
        (&with(id, &id[1..]), &[":3:", "39"]),
        (&with(id, &format!("{id}0")), &[":3:", "41"]),
        (&with(id, &id.to_uppercase()), &[":3:", "'A'"]),
        (
            "中文的一段话。\n\nEnglish words.\n\n又是中文的一段。\n\nEnglish again.\n\n中文的最后一段。\n"
                .as_bytes(),
            &["take turns", "--lang mul"],
        ),
        ("……\n".as_bytes(), &["no slug", "--slug"]),
        (b"2026-02-30 (Monday) \xc2\xb7 a0387371", &[":1:", "2026-02-30"]),
        (b"a\xef\xbf\xbf", &["U+FFFF"]),
    ];
    for (bytes, words) in pages {
        story.write("page.txt", bytes);
        refused(&story, &["add", "page.txt"], &[&["page.txt"], words].concat());
    }
}

#[test]
fn a_text_that_ends_as_a_page_does_is_refused() {
    let story = Story::begin();
    for html in [
        format!("<article><p>a<br>{FOOTER}</p></article>"),
        format!("<p>a</p><footer><p>{FOOTER}</p><p>© b</p></footer>"),
    ] {
        story.write("page.html", html);
        refused(
            &story,
            &["add", "page.html"],
            &["page.html", "reads like a footer"],
        );
    }
}

#[test]
fn options_that_cannot_be_stored_are_refused() {
    let story = Story::begin();
    story.write("page.txt", "Some text.\n");
    let options: [(&[&str], &[&str]); 18] = [
        (&["--title", "a\nb"], &["page.txt", "title", "U+000A", "column 2"]),
        (&["--title", "a\u{202e}b"], &["title", "U+202E"]),
        (&["--title", "a\u{85}b"], &["title", "U+0085"]),
        (&["--title", "a\u{2028}b"], &["title", "U+2028"]),
        (&["--author", "A <b"], &["author", "'<'", "column 3"]),
        (&["--author", "A\nparent 0123"], &["author", "'\\n'"]),
        (&["--author", "<a@example.org>"], &["no name"]),
        (&["--note", "x\n\nArticle-Id: 2026/01/01/y"], &["note", "U+000A"]),
        (&["--tag", "x\ry"], &["tag", "U+000D"]),
        (&["--source-url", "javascript:alert(1)"], &["source URL", "http"]),
        (&["--date", "2026-02-30"], &["2026-02-30", "does not exist"]),
        (&["--date", "0000-01-01"], &["0000-01-01"]),
        (&["--date", "10000-01-01"], &["10000-01-01"]),
        (&["--date", "1969-12-31"], &["1969-12-31", "1970-01-01"]),
        (&["--date", "2026-01-22T10:00:00+14:01"], &["+14:01"]),
        (
            &["--kind", "correction", "--note", "x"],
            &["no article is named", "--article"],
        ),
        (&["--article", "2026/01/01/none"], &["no article 2026/01/01/none"]),
        (&["--lang", "en,zh"], &["zh"]),
    ];
    for (options, words) in options {
        refused(&story, &[&["add", "page.txt"], options].concat(), words);
    }
    let long = "a".repeat(81);
    for slug in [
        "../x",
        "/x",
        "a/../b",
        ".git",
        ".GIT",
        "GIT~1",
        ".g\u{200c}it",
        "CON",
        "nul.md",
        "a\\b",
        "a:b",
        "a.",
        "a ",
        &long,
        "a\nb",
        "a\u{1b}b",
        "",
        "-rf",
        "a--b",
        "é",
    ] {
        refused(
            &story,
            &["add", "page.txt", &format!("--slug={slug}")],
            &["page.txt", "slug"],
        );
    }
    story.add("page.txt", "Some text.\n", &["--slug", "a"]);
    story.write("next.txt", "Other text.\n");
    let kinds = ["correction", "retraction", "restoration"];
    for kind in kinds {
        refused(
            &story,
            &["add", "next.txt", "--article", "2026/01/23/a", "--kind", kind],
            &["note", kind],
        );
    }
}

#[test]
fn front_matter_that_is_not_valid_is_refused_with_its_line() {
    let story = Story::begin();
    let bomb: String = (1..20).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        format!("{text}a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1)
    });
    let pages = [
        ("---\ntitle: [\n---\ntext\n".to_owned(), "page.md:"),
        ("---\ntitle: a\ntitle: b\n---\ntext\n".to_owned(), "page.md:"),
        (
            "+++\ntitle = 'a'\ntitle = 'b'\n+++\ntext\n".to_owned(),
            "page.md:",
        ),
        ("---\ntitle: a\ntext\n".to_owned(), "not ended"),
        ("---\ntitle: \"a\\nb\"\n---\ntext\n".to_owned(), "page.md:2:"),
        ("---\nslug: ../x\n---\ntext\n".to_owned(), "slug"),
        ("---\ndate: 2026-02-30\n---\ntext\n".to_owned(), "2026-02-30"),
        ("---\nlang: nonsense!\n---\ntext\n".to_owned(), "nonsense!"),
        ("---\nkind: joke\n---\ntext\n".to_owned(), "joke"),
        (format!("---\n{bomb}---\ntext\n"), "page.md:"),
        (format!("---\na: {}\n---\ntext\n", "[".repeat(10_000)), "page.md:"),
        ("text\n\n<script>alert(1)</script>\n".to_owned(), "page.md:3:"),
        ("text &#27;[2J\n".to_owned(), "U+001B"),
        ("text &#x202e; x\n".to_owned(), "U+202E"),
    ];
    for (page, word) in pages {
        story.write("page.md", page);
        refused(&story, &["add", "page.md"], &["page.md", word]);
    }
}

#[test]
fn folders_and_archives_that_are_none_are_named() {
    let story = Story::begin();
    story.write("page.txt", "Some text.\n");
    fs::create_dir(story.folder.path().join("empty")).unwrap();
    refused(&story, &["add", "empty"], &["empty is a folder without pages"]);
    refused(&story, &["add", "none.txt"], &["none.txt", "No such file"]);
    refused(
        &story,
        &["--archive", "empty", "add", "page.txt"],
        &["empty is no archive", "avalaches init"],
    );
    refused(&story, &["--archive", "nowhere", "verify"], &["nowhere"]);
    refused(&story, &["--archive", "page.txt", "verify"], &["page.txt"]);
}

#[test]
fn an_archive_that_borrows_its_tip_says_so() {
    let story = Story::begin();
    story.add("a.txt", "A quiet day.\n", &[]);
    let (own, borrowing) = (story.archive(), story.folder.path().join("borrowing"));
    let paths = [&own, &borrowing].map(|path| path.to_str().unwrap());
    let cloned = archives::git(
        &own,
        &["clone", "--quiet", "--bare", "--shared", paths[0], paths[1]],
    );
    assert_eq!(cloned, "");
    let why = "objects/info/alternates makes git borrow objects from elsewhere";
    let output = story.run(&["--archive", paths[1], "list"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains(why) && said.contains("is not in the store"),
        "{said}"
    );
    let output = story.run(&["--archive", paths[1], "audit"]);
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(
        report.contains("branch-unreadable") && report.contains(why),
        "{report}"
    );
}

#[test]
fn init_refuses_a_folder_that_is_not_empty_and_leaves_an_archive_alone() {
    let story = Story::begin();
    let full = story.folder.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("x"), "").unwrap();
    refused(&story, &["init", "full"], &["full is not empty and no archive"]);
    assert_eq!(fs::read_dir(&full).unwrap().count(), 1);
    refused(&story, &["init", "new", "--title", "a\nb"], &["title"]);
    refused(&story, &["init", "new", "--byline", "A <"], &["author"]);
    refused(&story, &["init", "new", "--utc-offset", "+15:00"], &["+15:00"]);
    assert!(!story.folder.path().join("new").exists());
    let before = state(&story.archive());
    story.yes(&["init"]);
    assert!(state(&story.archive()) == before);
    let quiet = story.run(&["init", "-q"]);
    assert!(quiet.status.success() && quiet.stderr.is_empty(), "{quiet:?}");
}

#[test]
fn what_would_come_to_nothing_is_refused_and_not_passed_over() {
    let story = Story::begin();
    story.add("page.txt", "Some text.\n", &["--slug", "a"]);
    let once = &["stdin can be read only once"][..];
    for (arguments, words) in [
        (&["list", "--limit", "0"][..], &["from 1 on"][..]),
        (&["search", "text", "--limit", "0"], &["from 1 on"]),
        (&["verify", "-", "-"], once),
        (&["add", "-", "-"], once),
        (&["import", "-", "-"], once),
        (
            &["settings", "--note", "x"],
            &["--note is said of a change", "--title"],
        ),
        (
            &["settings", "--archived-at", "2026-01-23"],
            &["--archived-at is said"],
        ),
        (&["settings", "--sign"], &["--sign is said"]),
        (&["verify", "--current"], &["PAGE"]),
        (&["log", "--tsa-ca", "none.pem"], &["could not read none.pem"]),
        (
            &["diff", "page.txt", "none.txt"],
            &["there is no file \"none.txt\""],
        ),
        (&["diff", "none"], &["there is no file \"none\""]),
    ] {
        refused(&story, arguments, words);
    }
}

#[test]
fn on_a_terminal_no_id_is_broken_and_a_page_ends_its_last_line() {
    let story = Story::begin();
    let slug = "the-bridge-that-opened-a-day-earlier";
    let options = [
        "--slug",
        slug,
        "--date",
        "2026-01-21",
        "--title",
        "The bridge opened a day earlier than was said",
    ];
    let footer = story.add("page.txt", "Some text.\n", &options);
    let article = format!("2026/01/21/{slug}");
    story.write("other.txt", "Another text.\n");
    let options = [
        "correct",
        &article,
        "other.txt",
        "--date",
        "2026-01-21",
        "--note",
        "Which?",
    ];
    let corrected = story.yes(&options).trim_end().to_owned();
    let ids = [&footer, &corrected].map(|footer| footer.rsplit(' ').next().unwrap().to_owned());
    for arguments in [
        &["history", &article][..],
        &["diff", &article],
        &["search", "text", "--all-revisions"],
        &["list"],
    ] {
        let plain = story.yes(arguments);
        for columns in [66, 80, 100] {
            let shown = printed(&mut story.program(arguments), columns);
            for id in ids.iter().filter(|id| plain.contains(id.as_str())) {
                let line = shown.lines().find(|line| line.contains(id.as_str())).unwrap();
                let rest = line.chars().count() % usize::from(columns);
                assert!(
                    line.ends_with(id.as_str()) && (rest == 0 || rest >= id.len()),
                    "{columns}: {shown}"
                );
            }
            if arguments == ["list"] {
                assert!(
                    shown
                        .lines()
                        .all(|line| line.chars().count() <= usize::from(columns)),
                    "{shown}"
                );
            }
        }
        let solid = |text: &str| text.split_whitespace().collect::<String>();
        assert!(arguments == ["list"] || solid(&printed(&mut story.program(arguments), 80)) == solid(&plain));
    }
    let page = story.yes(&["show", &article]);
    assert!(page.ends_with(&ids[1]));
    assert_eq!(printed(&mut story.program(&["show", &article]), 80), page + "\n");
}

#[test]
fn folders_that_are_archives_or_were_made_of_one_give_no_pages() {
    let story = Story::begin();
    story.add("page.txt", "Some text.\n", &["--slug", "a"]);
    story.yes(&["build", "site"]);
    story.yes(&["publish", "site", "public"]);
    fs::create_dir(story.folder.path().join("new")).unwrap();
    story.write("new/b.txt", "Another text.\n");
    fs::remove_file(story.folder.path().join("page.txt")).unwrap();
    for command in ["add", "import"] {
        let output = story.run(&[command, "--dry-run", "."]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        for folder in ["archive", "site", "public"] {
            let told = format!("./{folder} is an archive, or was made of one, and is passed over");
            assert!(said.contains(&told), "{command}: {said}");
        }
    }
    let footers = story.yes(&["add", "--dry-run", "."]);
    assert_eq!(footers.lines().count(), 1, "{footers}");
    refused(
        &story,
        &["add", "site"],
        &[
            "site is an archive, or was made of one",
            "where it is named itself",
        ],
    );
}

#[test]
fn a_date_that_is_still_to_come_is_warned_of() {
    let story = Story::begin();
    story.write("page.txt", "Some text.\n");
    let said = |date: &str| {
        let output = story.run(&["add", "page.txt", "--dry-run", "--date", date]);
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let told =
        "it is dated 2030-01-01T12:00:00+00:00, and it is 2026-01-23T04:00:00+00:00: a date stays for good";
    assert!(said("2030-01-01").contains(told), "{}", said("2030-01-01"));
    // In another offset it may be the next day already, as an audit has it.
    assert!(!said("2026-01-24T03:59:59+00:00").contains("a date stays"));
    assert!(said("2026-01-24T04:00:01+00:00").contains("a date stays"));
}

#[test]
fn an_archive_of_another_user_is_opened_only_on_demand() {
    let story = Story::begin();
    story.add("page.txt", "Some text.\n", &[]);
    if std::os::unix::fs::chown(story.archive(), Some(12_345), None).is_err() {
        eprintln!("skipped: only root can give an archive away");
        return;
    }
    for arguments in [&["verify"][..], &["list"], &["add", "page.txt"]] {
        refused(&story, arguments, &["belongs to another user", "--any-owner"]);
    }
    story.yes(&["--any-owner", "verify"]);
}

#[test]
fn one_bad_page_of_several_stops_all_unless_told_to_keep_going() {
    let story = Story::begin();
    story.write("good.txt", "A good page.\n");
    story.write("bad.txt", "A bad \0 page.\n");
    refused(
        &story,
        &["add", "good.txt", "bad.txt"],
        &["bad.txt:1:", "1 of 2 pages", "--keep-going"],
    );
    let dry = story.run(&["add", "good.txt", "bad.txt", "--keep-going", "--dry-run", "-q"]);
    let output = story.run(&["add", "good.txt", "bad.txt", "--keep-going", "-q"]);
    assert_eq!((dry.status.code(), output.status.code()), (Some(1), Some(1)));
    assert_eq!(dry.stdout, output.stdout);
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
    let before = state(&story.archive());
    let again = story.run(&["add", "good.txt"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("unchanged"));
    assert!(again.status.success() && state(&story.archive()) == before);
}

#[test]
fn a_title_of_look_alikes_is_warned_of() {
    let story = Story::begin();
    story.write("page.txt", "Some text.\n");
    let output = story.run(&["add", "page.txt", "--title", "News from p\u{430}ypal"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && said.contains("U+0070 U+0430 U+0079"),
        "{said}"
    );
}

#[test]
fn what_steers_a_terminal_never_reaches_one() {
    let story = Story::begin();
    let name = "e\u{1b}]8;;x\u{7}\u{1b}[2J.txt";
    story.write(name, "A page.\n\nWith a \u{9b} in it.\n");
    for arguments in [
        &["add", name][..],
        &["verify", name],
        &["show", "\u{1b}[2J"],
        &["add", ".", "--keep-going"],
    ] {
        let output = story.run(arguments);
        let printed = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(printed).unwrap();
        assert!(
            text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()),
            "{text:?}"
        );
    }
    story.write("named.txt", "A page.\n");
    fs::rename(
        story.folder.path().join("named.txt"),
        story.folder.path().join("n\u{1b}.txt"),
    )
    .unwrap();
    let output = story.run(&["add", "n\u{1b}.txt"]);
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("n\\u{1b}.txt: added")
    );
}

#[test]
fn large_and_deep_pages_are_added_or_refused_in_seconds_and_half_a_gibibyte() {
    let story = Story::begin();
    let pages = [
        ("line.txt", "words and words ".repeat(1 << 16)),
        ("longest.txt", "字".repeat((16 << 20) / 3)),
        ("headings.md", "# h\n\n".repeat(1_000_000)),
        ("quotes.md", ">".repeat(100_000)),
        ("brackets.md", "[".repeat(100_000)),
        ("stars.md", "*a ".repeat(100_000)),
        ("emphasis.md", "*a*\n\n".repeat(3_000_000)),
        ("items.md", "- a\n+ b\n".repeat(1_900_000)),
        ("paragraphs.txt", "a\n\n".repeat(5_000_000)),
        ("table.md", "|a".repeat(100_000)),
        ("elements.html", "<div>".repeat(100_000)),
    ];
    for (name, text) in pages {
        story.write(name, text);
        let start = Instant::now();
        let limited = format!("ulimit -v 1572864; exec \"$0\" add -q --dry-run --slug x {name}");
        let output = Command::new("sh")
            .args(["-c", &limited, env!("CARGO_BIN_EXE_avalaches")])
            .current_dir(story.folder.path())
            .output()
            .unwrap();
        let took = start.elapsed();
        println!("{name}: {:?} in {took:?}", output.status.code());
        assert!(matches!(output.status.code(), Some(0 | 2)), "{name}: {output:?}");
        assert!(took < Duration::from_secs(30), "{name} took {took:?}");
    }
}

#[test]
fn archives_are_found_and_help_is_written() {
    let story = Story::begin();
    let footer = story.add("page.txt", "Some text.\n", &[]);
    let deep = story.archive().join("../a/b");
    fs::create_dir_all(&deep).unwrap();
    let listed = story.program(&["list"]).current_dir(&deep).output().unwrap();
    assert!(
        String::from_utf8(listed.stdout)
            .unwrap()
            .trim_end()
            .ends_with(&footer)
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let listed = story
        .program(&["list"])
        .current_dir(elsewhere.path())
        .env("AVALACHES_ARCHIVE", story.archive())
        .output()
        .unwrap();
    assert!(
        String::from_utf8(listed.stdout)
            .unwrap()
            .trim_end()
            .ends_with(&footer)
    );
    // An empty variable names no archive.
    let mut listed = story.program(&["list"]);
    let listed = listed.env("AVALACHES_ARCHIVE", "").output().unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains(&footer));
    for shell in ["bash", "zsh", "fish"] {
        assert!(story.yes(&["completions", shell]).contains("verify"), "{shell}");
    }
    story.yes(&["man", "man"]);
    let page = fs::read_to_string(story.folder.path().join("man/avalaches-verify.1")).unwrap();
    assert!(page.contains("superseded"));
    for told in [
        "EXIT STATUS",
        "\\fB141\\fR",
        "ENVIRONMENT",
        "AVALACHES_ARCHIVE",
        "AWS_ENDPOINT_URL",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let page = fs::read_to_string(story.folder.path().join("man/avalaches-correct.1")).unwrap();
    let synopsis = "\\fBavalaches correct\\fR [OPTIONS] <ARTICLE> <PAGE>";
    assert!(page.contains(synopsis), "{page}");
    let help = story.yes(&["help", "verify"]);
    let (own, common) = help.split_once("Options of every command:").unwrap();
    assert!(
        own.contains("--without-archive") && common.contains("--json"),
        "{help}"
    );
    // Nothing is listed where nothing is as asked, and that is not for want of articles.
    let output = story.run(&["list", "--tag", "none"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && said.contains("no article is as asked"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_looked_up_says_what_can() {
    let story = Story::begin();
    let footer = story.add("page.txt", "Some text.\n", &["--slug", "a"]);
    refused(
        &story,
        &["verify", &footer[..footer.len() - 30]],
        &[
            "is none",
            "an id can be asked for by itself, whole or its first digits",
        ],
    );
    // Who knows the slug alone is told the article.
    story.write("other.txt", "Another text.\n");
    let day = footer[..10].replace('-', "/");
    for command in [
        &["show", "a"][..],
        &["correct", "a", "other.txt", "--note", "Which?"],
    ] {
        refused(
            &story,
            command,
            &[&format!("hint: an article is named with its day: {day}/a\n")],
        );
    }
    refused(
        &story,
        &["show", "b"],
        &["an article looks like 2026/01/22/some-words"],
    );
    let address = "https://example.org/a.html";
    for command in [
        &["compare", address, "page.txt"][..],
        &["diff", "page.txt", address],
        &["add", address],
    ] {
        refused(&story, command, &["nothing is fetched: save the page as HTML"]);
    }
    let output = story.run(&["search", "elephant"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("nothing was found; --all-revisions searches what is older, too"),
        "{said}"
    );
    // The usage is what it is, whatever the environment says.
    let mut usage = story.program(&["add", "--zzz"]);
    let usage = usage.env("AVALACHES_ARCHIVE", story.archive()).output().unwrap();
    let usage = String::from_utf8(usage.stderr).unwrap();
    assert!(
        usage.contains("Usage: avalaches add") && !usage.contains("--archive"),
        "{usage}"
    );
    refused(
        &story,
        &["verify", "--without-archive", "page.txt"],
        &["carries no proof", "without --without-archive"],
    );
    refused(
        &story,
        &["verify", "--without-archive", &footer],
        &["is no page's file", "without --without-archive"],
    );
    story.yes(&["build", "site"]);
    let page = fs::read(story.folder.path().join(format!("site/{day}/a/index.html"))).unwrap();
    let other = Story::begin();
    other.write("page.html", page);
    let output = other.run(&["verify", "page.html"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("the page carries a proof of its own, which `verify --without-archive` judges"),
        "{said}"
    );
    assert!(
        other
            .yes(&["verify", "--without-archive", "page.html"])
            .starts_with("proved")
    );
}

#[test]
fn files_of_other_programs_and_encodings_are_told_as_what_they_are() {
    let story = Story::begin();
    for (name, bytes, words) in [
        (
            "a.docx",
            &b"PK\x03\x04\x14\0"[..],
            "this is a zip archive, as Word (.docx)",
        ),
        ("b.txt", b"%PDF-1.7\n%x", "this is a PDF"),
        (
            "c.rtf",
            b"{\\rtf1\\ansi words}",
            "this is a file of rich text (.rtf)",
        ),
    ] {
        story.write(name, bytes);
        refused(
            &story,
            &["add", name],
            &[words, "hint: save it as plain text, Markdown or HTML first"],
        );
        refused(&story, &["import", name], &[words]);
    }
    story.write("d.mhtml", "From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n\r\nx");
    for command in ["add", "import"] {
        refused(
            &story,
            &[command, "d.mhtml"],
            &["a page saved as a single file (MHTML) is not read; save it as HTML"],
        );
    }
    let page = b"<meta charset=big5><article><p>\xa4\xa4\xa4\xe5</p></article>";
    story.write("e.html", page);
    refused(
        &story,
        &["add", "e.html"],
        &[
            "it is in Big5",
            "hint: convert it first: `iconv -f Big5 -t UTF-8 FILE`",
        ],
    );
    let many: Vec<String> = (0..600).map(|number| format!("a{number}")).collect();
    story.write("f.html", format!("<p {}>Words</p>", many.join(" ")));
    refused(
        &story,
        &["add", "f.html"],
        &["an element of the page has more than 512 attributes"],
    );
}
