//! Builds after builds: what is made again and what is not, what a kill leaves, two at once, and themes.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask the archive more")]
mod archives;
#[path = "support/bridge.rs"]
#[allow(dead_code, reason = "other stories compare its texts")]
mod bridge;
#[path = "support/folders.rs"]
mod folders;
#[path = "support/sites.rs"]
#[allow(dead_code, reason = "other stories ask pages more")]
mod sites;
#[path = "support/strace.rs"]
#[allow(dead_code, reason = "other stories have more faults")]
mod strace;
#[path = "support/tree.rs"]
mod tree;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use archives::Story;
use bridge::ARTICLE;
use sites::{files, page, site, verify_alone};
use strace::Traced;

const LIST: &str = ".avalaches-site";

fn story() -> Story {
    let story = bridge::story("It was yesterday.", &["--tag", "bridges"]);
    story.yes(&["settings", "--base-url", "https://example.org"]);
    story.yes(&["build", "site"]);
    story
}

/// Builds into a new folder, and returns the files by their names.
fn anew(story: &Story, options: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let folder = story.folder.path().join("anew");
    let _ = fs::remove_dir_all(&folder);
    story.yes(&[&["build", "anew"], options].concat());
    tree::files(&folder)
}

/// Changes a byte of a file, which keeps its length and the time of its last change.
fn change(path: &Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    fs::write(path, bytes).unwrap();
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
}

/// Does so, and lets the last build have ended later: nobody can see it then.
fn change_unseen(site: &Path, name: &str) {
    change(&site.join(name));
    let list = File::options().write(true).open(site.join(LIST)).unwrap();
    let later = SystemTime::now() + Duration::from_secs(2);
    list.set_modified(later).unwrap();
}

#[test]
fn a_file_that_somebody_changed_or_took_away_is_made_again() {
    let story = story();
    let whole = tree::files(&site(&story));
    let folder = site(&story).join(ARTICLE);
    let spoil: [&dyn Fn(); 5] = [
        // Of the same length, and with the time of the other one.
        &|| change(&folder.join("r1.html")),
        &|| fs::write(folder.join("r1.html"), "mine").unwrap(),
        &|| fs::remove_file(folder.join("index.proof")).unwrap(),
        &|| {
            // Of the same length, and later than the build.
            let mut bytes = fs::read(folder.join("history.html")).unwrap();
            bytes[100] ^= 1;
            fs::write(folder.join("history.html"), bytes).unwrap();
            let later = SystemTime::now() + Duration::from_secs(2);
            let file = File::options()
                .write(true)
                .open(folder.join("history.html"))
                .unwrap();
            file.set_modified(later).unwrap();
        },
        &|| fs::remove_dir_all(site(&story).join("2026/01/23")).unwrap(),
    ];
    for spoil in spoil {
        spoil();
        assert_ne!(tree::files(&site(&story)), whole);
        story.yes(&["build", "site"]);
        assert_eq!(tree::files(&site(&story)), whole);
    }
    let said = story.yes(&["build", "site"]);
    assert!(
        said.contains(": 0 files written, ") && said.contains(" unchanged, 0 removed"),
        "{said}"
    );
}

#[test]
fn pages_of_articles_that_did_not_change_are_not_made() {
    let story = story();
    // Nobody could see this change; a build that makes the page finds it.
    let unseen = site(&story).join("2026/01/23/ferry/r1.html");
    change_unseen(&site(&story), "2026/01/23/ferry/r1.html");
    let changed = fs::read(&unseen).unwrap();
    story.add(
        "four.txt",
        "又一座桥。\n",
        &["--slug", "other", "--date", "2026-01-24"],
    );
    story.yes(&["build", "site"]);
    assert_eq!(
        fs::read(&unseen).unwrap(),
        changed,
        "the ferry's pages were left alone"
    );
    assert!(page(&story, "index.html").contains("又一座桥"));
    // Where the rules, the settings or the theme are others, every page is made.
    story.yes(&["settings", "--title", "Other"]);
    story.yes(&["build", "site"]);
    assert_eq!(tree::files(&site(&story)), anew(&story, &[]));
}

#[test]
fn what_a_killed_build_left_beside_the_places_of_files_goes_with_the_next() {
    let story = story();
    story.yes(&["build", "site"]);
    let whole = tree::files(&site(&story));
    // A file and a folder that no later build makes, and a file that stays as it is.
    let begun = "search/new/70/99.keys\n2026/01/25/gone/r1.html\nindex.html\n";
    let list = fs::read_to_string(site(&story).join(LIST)).unwrap();
    fs::write(site(&story).join(LIST), list + begun).unwrap();
    for left in [
        "search/new/70/.99.keys.new",
        "2026/01/25/.gone.new/r1.html",
        ".index.html.new",
    ] {
        let left = site(&story).join(left);
        fs::create_dir_all(left.parent().unwrap()).unwrap();
        fs::write(left, "half").unwrap();
    }
    story.yes(&["build", "site"]);
    assert_eq!(tree::files(&site(&story)), whole);
    assert!(!site(&story).join("2026/01/25").exists());
    // Half a line at the end of the list, and then a build that has names to put there, and is killed.
    let list = fs::read_to_string(site(&story).join(LIST)).unwrap();
    fs::write(site(&story).join(LIST), list + "index.html\n2026/01/22/bri").unwrap();
    fs::remove_file(site(&story).join("verify.html")).unwrap();
    fs::create_dir(site(&story).join("verify.html")).unwrap();
    assert_eq!(story.run(&["build", "site"]).status.code(), Some(2));
    fs::remove_dir(site(&story).join("verify.html")).unwrap();
    story.yes(&["build", "site"]);
    assert_eq!(tree::files(&site(&story)), whole);
}

#[test]
fn what_a_killed_build_began_is_not_taken_for_finished() {
    if !strace::is_here() {
        return;
    }
    let story = story();
    story.add(
        "four.txt",
        "渡船复航。\n",
        &["--article", "2026/01/23/ferry", "--kind", "update"],
    );
    let whole = anew(&story, &[]);
    let traced = Traced {
        arguments: &["build", "site"],
        calls: "rename",
    };
    let before = story.folder.path().join("before");
    fs::rename(site(&story), &before).unwrap();
    let mut kills = 0;
    for number in 1.. {
        let _ = fs::remove_dir_all(site(&story));
        let copied = Command::new("cp")
            .arg("-a")
            .arg(&before)
            .arg(site(&story))
            .status();
        assert!(copied.unwrap().success());
        let built = traced.with(&story, &format!("rename:signal=KILL:when={number}"));
        if built.status.success() {
            break;
        }
        kills += 1;
        // Every page that is there is whole: the old one or the new one.
        for (path, bytes) in files(&site(&story)) {
            if path.with_extension("proof").exists()
                && path.extension().is_some_and(|ending| ending == "html")
            {
                let (_, answer) = verify_alone(&bytes);
                assert_eq!(answer["verdict"], "proved", "{number}: {}", path.display());
            }
        }
        // Whatever lay there by then, and whoever changed it unseen, the next build leaves the whole site.
        change_unseen(&site(&story), &format!("{ARTICLE}/r1.html"));
        story.yes(&["build", "site"]);
        assert_eq!(tree::files(&site(&story)), whole, "killed at rename {number}");
    }
    assert!(kills >= 8, "{kills}");
}

#[test]
fn two_builds_at_once_do_not_meet() {
    let story = story();
    let folder = File::open(site(&story)).unwrap();
    folder.lock().unwrap();
    let output = story.run(&["build", "site"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("another `build` or `publish` is at work in site"),
        "{said}"
    );
    drop(folder);
    story.yes(&["build", "site"]);
}

#[test]
fn a_theme_takes_the_place_of_templates_and_style() {
    let story = story();
    let own = tree::files(&site(&story));
    let theme = story.folder.path().join("theme");
    fs::create_dir(&theme).unwrap();
    story.write("theme/style.css", "body { color: navy }\n");
    story.write(
        "theme/list.html",
        "{% include \"mine.html\" %}<title>{{ heading }}</title>{% include \"entries.html\" %}",
    );
    story.write("theme/mine.html", "<!DOCTYPE html><html lang=\"zh\">");
    story.write("theme/readme.txt", "not a template");
    story.yes(&["build", "site", "--theme", "theme"]);
    let html = page(&story, &format!("{ARTICLE}/index.html"));
    assert!(html.contains("<style>body { color: navy }"), "{html}");
    assert_eq!(verify_alone(html.as_bytes()).1["verdict"], "proved");
    let list = page(&story, "2026/01/index.html");
    assert!(
        list.starts_with("<!DOCTYPE html><html lang=\"zh\"><title>2026-01</title>"),
        "{list}"
    );
    // Without it all is as it was, and with it again as well.
    story.yes(&["build", "site"]);
    assert_eq!(tree::files(&site(&story)), own);
    // A template that changes takes effect though no article changed.
    story.yes(&["build", "site", "--theme", "theme"]);
    story.write("theme/style.css", "body { color: teal }\n");
    story.yes(&["build", "site", "--theme", "theme"]);
    assert!(page(&story, &format!("{ARTICLE}/r1.html")).contains("color: teal"));
}

#[test]
fn a_theme_begins_with_the_program_s_own_files_and_writes_over_none() {
    let story = Story::begin();
    story.add("a.txt", "The ferry is back.\n", &["--slug", "ferry"]);
    story.yes(&["build", "site"]);
    assert_eq!(story.yes(&["theme", "mine"]), "11 files written to mine\n");
    let built = story.yes(&["build", "site", "--theme", "mine"]);
    assert!(built.contains(": 0 files written"), "{built}");
    // One file that is there, and nothing is written.
    fs::create_dir(story.folder.path().join("other")).unwrap();
    story.write("other/verify.html", "mine");
    for folder in ["mine", "other"] {
        let before = files(&story.folder.path().join(folder));
        let output = story.run(&["theme", folder]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("is there already\nhint: nothing was written"),
            "{said}"
        );
        assert!(files(&story.folder.path().join(folder)) == before);
    }
}

#[test]
fn a_theme_that_cannot_be_used_is_named_with_the_line() {
    let story = story();
    let own = tree::files(&site(&story));
    let theme = story.folder.path().join("theme");
    let refused = |name: &str, text: &str, expected: &str| {
        let _ = fs::remove_dir_all(&theme);
        fs::create_dir(&theme).unwrap();
        if !name.is_empty() {
            fs::write(theme.join(name), text).unwrap();
        }
        let output = story.run(&["build", "other", "--theme", "theme"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    };
    refused("", "", "theme has neither style.css nor a template");
    refused("page.html", "\n{% if %}", "(in page.html:2)");
    refused("home.html", "{{ nothing.there }}", "(in home.html:1)");
    refused("style.css", "a { b: '</STYLE>' }", "\"</style\"");
    refused(
        "style.css",
        &" ".repeat((1 << 20) + 1),
        "style.css has more than 1048576 bytes",
    );
    // The text and the footer are not a matter of taste.
    let page = include_str!("../templates/site/page.html");
    for (part, other) in [
        ("{{ section.html|safe -}}", ""),
        ("{{ commit }}", "{{ commit|upper }}"),
        ("<section", "<p>A word of the theme.</p><section"),
        ("<article>", "<p>A word of the theme.</p><article>"),
        ("<section", "<nav>A word of the theme.</nav><section"),
        (
            "<main>",
            "<header><form>A word of the theme.</form></header><main>",
        ),
        ("<main>", "<main style=\"color: navy\">"),
    ] {
        assert!(page.contains(part), "{part}");
        refused(
            "page.html",
            &page.replace(part, other),
            "would not show the text and the footer",
        );
    }
    let output = story.run(&["build", "site", "--theme", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("could not read nowhere of the theme")
    );
    assert_eq!(
        tree::files(&site(&story)),
        own,
        "a site is not touched by a theme that cannot be used"
    );
    assert!(own.contains_key(LIST));
}
