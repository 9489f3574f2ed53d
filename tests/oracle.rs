//! Real git as the oracle: every id, every object, every footer is what git says it is.

#[path = "support/archives.rs"]
mod archives;

use archives::{Story, git_command, git_reading};
use sha2::{Digest, Sha256};

/// Makes an archive with pages of every kind; git checks it after each command.
fn many_kinds() -> Story {
    let story = Story::begin();
    let pages: [(&str, &str, &[&str]); 9] = [
        (
            "sample.txt",
            include_str!("pages/2026-01-22-export-controls.txt"),
            &["--slug", "export-controls"],
        ),
        (
            "ja.txt",
            "先端半導体の販売について、政府は新しい方針を発表した。\n",
            &["--slug", "ja"],
        ),
        (
            "ko.txt",
            "정부는 첨단 반도체 판매에 대한 새로운 방침을 발표했다.\n",
            &["--slug", "ko"],
        ),
        (
            "ru.txt",
            "Правительство объявило о новых правилах продажи передовых чипов за границу.\n",
            &["--slug", "ru"],
        ),
        (
            "yaml.md",
            "---\ntitle: A title\ndate: 2026-02-03T10:00:00+14:00\nauthors: [Ada <ada@example.org>, Lin]\ntags: [x]\n---\n\n# A *title*\n\n- one\n- two\n",
            &[],
        ),
        (
            "toml.md",
            "+++\ntitle = '题目'\ndate = 2026-02-04T10:00:00-14:00\nsource_url = 'https://example.org/x'\n+++\n\n> **中文。**后\n",
            &[],
        ),
        (
            "page.html",
            "<article><h1>Words</h1><p>Some <b>bold</b> words &amp; more.</p><script>x</script></article>",
            &[],
        ),
        (
            "old.txt",
            "From the first day of all.\n",
            &["--date", "1970-01-02"],
        ),
        (
            "new.txt",
            "From the last days.\n",
            &["--date", "2106-02-06", "--author", "林晓"],
        ),
    ];
    for (name, text, options) in pages {
        story.add(name, text, options);
        story.git(&["fsck", "--strict", "--full"]);
    }
    for (kind, note) in [
        ("update", "More."),
        ("correction", "Better."),
        ("retraction", "Gone."),
        ("restoration", "Back."),
        ("technical", "Form."),
    ] {
        // A technical revision has the text of the one before it, and another title.
        let of = if kind == "technical" { "restoration" } else { kind };
        let text = format!("The page as of its {of}.\n");
        story.add(
            "next.txt",
            &text,
            &[
                "--article",
                "2026/01/22/export-controls",
                "--kind",
                kind,
                "--note",
                note,
                "--title",
                kind,
            ],
        );
        story.git(&["fsck", "--strict", "--full"]);
    }
    story.yes(&["verify", "-q"]);
    story
}

#[test]
fn every_object_is_the_one_that_git_hashes() {
    let story = many_kinds();
    let listed = story.git(&[
        "cat-file",
        "--batch-all-objects",
        "--batch-check=%(objectname) %(objecttype)",
    ]);
    let mut seen = 0;
    for (id, kind) in listed.lines().map(|line| line.split_once(' ').unwrap()) {
        let body = git_command(&story.archive(), &["cat-file", kind, id])
            .output()
            .unwrap()
            .stdout;
        assert_eq!(
            git_reading(&story.archive(), &["hash-object", "-t", kind, "--stdin"], &body),
            id
        );
        let raw = story.run(&["show", id, "--format", "raw"]).stdout;
        let header = format!("{kind} {}\0", body.len());
        assert_eq!(raw, [header.as_bytes(), &body].concat(), "{id}");
        seen += 1;
    }
    assert!(seen > 100);
}

#[test]
fn every_footer_is_what_git_prints() {
    let story = many_kinds();
    let mut seen = 0;
    for id in story.git(&["rev-list", "main"]).lines() {
        let printed = story.git(&[
            "show",
            "-s",
            "--date=format:%Y-%m-%d (%A)",
            "--format=%ad · %H",
            id,
        ]);
        let output = story.run(&["verify", id, "-q"]);
        let said = String::from_utf8(output.stdout).unwrap();
        if output.status.success() {
            assert!(said.trim_end().ends_with(&printed), "{said} is not {printed}");
            assert_eq!(story.yes(&["show", id]).lines().last().unwrap(), printed);
            seen += 1;
        }
    }
    assert_eq!(seen, 14);
    let list = story.yes(&["list", "--json"]);
    for footer in [
        "2026-02-03 (Tuesday) · ",
        "2026-02-04 (Wednesday) · ",
        "1970-01-02 (Friday) · ",
        "2106-02-06 (Saturday) · ",
    ] {
        assert!(list.contains(footer), "{footer}");
    }
}

#[test]
fn trailers_texts_and_the_second_hash_are_what_git_and_sha256_say() {
    let story = many_kinds();
    for id in story.git(&["rev-list", "main", "--grep=^Revision:"]).lines() {
        let trailers = story.git(&["show", "-s", "--format=%(trailers:only,unfold)", id]);
        let trailer = |key: &str| {
            let mut values = trailers
                .lines()
                .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
            let value = values
                .next()
                .unwrap_or_else(|| panic!("{id} has no {key}: {trailers}"))
                .to_owned();
            assert_eq!(values.next(), None);
            value
        };
        let folder = format!("{id}:articles/{}", trailer("Article-Id"));
        let names = story.git(&["ls-tree", "--name-only", &folder]);
        let mut names: Vec<&str> = names.lines().collect();
        names.sort_unstable();
        let mut hasher = Sha256::new();
        for name in &names {
            let bytes = git_command(
                &story.archive(),
                &["cat-file", "blob", &format!("{folder}/{name}")],
            )
            .output()
            .unwrap()
            .stdout;
            hasher.update(
                [
                    name.as_bytes(),
                    b"\0",
                    bytes.len().to_string().as_bytes(),
                    b"\0",
                    &bytes,
                ]
                .concat(),
            );
        }
        let digest: Vec<String> = hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest.concat(), trailer("Content-SHA256"), "{id}");
        let text = git_command(
            &story.archive(),
            &["cat-file", "blob", &format!("{folder}/page.txt")],
        )
        .output()
        .unwrap()
        .stdout;
        assert_eq!(story.run(&["show", id, "--format", "text"]).stdout, text);
        assert!(!trailer("Languages").is_empty() && !trailer("Revision-Kind").is_empty());
    }
}

#[test]
fn the_same_input_gives_the_same_ids_everywhere() {
    let ids = |story: &Story| story.git(&["rev-list", "main"]);
    assert_eq!(ids(&many_kinds()), ids(&many_kinds()));
}

#[test]
fn languages_are_told_apart_and_markdown_reads_back() {
    let story = many_kinds();
    let languages = |article: &str| {
        let shown: serde_json::Value =
            serde_json::from_str(&story.yes(&["show", article, "--json"])).unwrap();
        shown["metadata"]["languages"].to_string()
    };
    for (article, expected) in [
        ("2026/01/23/ja", "[\"ja\"]"),
        ("2026/01/23/ko", "[\"ko\"]"),
        ("2026/01/23/ru", "[\"ru\"]"),
        ("2026/02/03/a-title", "[\"en\"]"),
    ] {
        assert_eq!(languages(article), expected, "{article}");
    }
    assert_eq!(
        story.yes(&["show", "2026/02/03/a-title", "--format", "text"]),
        "A title\n\n- one\n- two\n"
    );
    // What is shown as Markdown is the same page when it is added elsewhere.
    let markdown = story.yes(&["show", "2026/02/03/a-title", "--format", "markdown"]);
    let other = Story::begin();
    other.add("page.md", &markdown, &[]);
    assert_eq!(
        other.yes(&["show", "2026/02/03/a-title", "--format", "markdown"]),
        markdown
    );
}
