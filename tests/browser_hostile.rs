//! Articles that try to run something in a reader's browser, opened in a real one: nothing runs, with the pages' policy and
//! without it, and each of them is proved at its footer.
//!
//! This story needs the Debian packages `chromium` and `chromium-driver`; `cargo test --test browser_hostile -- --ignored` runs it.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask the archive more")]
mod archives;
#[path = "support/browser.rs"]
#[allow(dead_code, reason = "other stories ask the browser more")]
mod browser;
#[path = "support/tree.rs"]
mod tree;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use archives::Story;
use browser::{Browser, PRESS};
use serde_json::{Value, json};

const HOSTILE: &str = include_str!("pages/hostile.txt");

/// Stands first in a page, before its policy: whatever runs that is not the page's own is counted.
const WATCH: &str = "<script id=\"watch\">
window.ran = [];
window.alert = window.confirm = window.prompt = what => ran.push('alert ' + what);
document.addEventListener('securitypolicyviolation', event => ran.push('refused ' + event.violatedDirective + ' ' + event.sample));
</script>";

/// Tells what a page has that could run, and what ran.
const LOOK: &str = "
    await new Promise(later => setTimeout(later, 20));
    const found = [...ran];
    for (const script of document.querySelectorAll('script')) {
        const isOwn = script.id === 'watch' || script.parentElement === document.body && (script.id === 'proof' || !script.hasAttribute('type'))
            || script.parentElement === document.head && script.type === 'application/ld+json';
        if (!isOwn) found.push('script');
    }
    for (const element of document.querySelectorAll('*')) {
        for (const { name, value } of element.attributes) {
            if (name.startsWith('on') || name === 'style' || name === 'srcdoc') found.push(`${element.localName} ${name}`);
            if (/^\\s*(javascript|vbscript|data):/i.test(value) && element.localName !== 'meta') found.push(value);
        }
    }
    for (const link of document.links) {
        if (!['http:', 'https:', 'mailto:', 'file:'].includes(link.protocol)) found.push(link.protocol);
    }
    const known = new Set('a article aside bdi blockquote body br button code dd div dl dt em footer h1 h2 h3 h4 h5 h6 head header hr html input label li link main meta nav ol p pre script section span strong style time title ul'.split(' '));
    // The search page has a form of its own, whose words are the program's.
    if (document.body.classList.contains('search')) ['form', 'select', 'option', 'noscript'].forEach(name => known.add(name));
    for (const element of document.querySelectorAll('*')) {
        if (!known.has(element.localName) && !element.closest('#verify')) found.push(element.localName);
    }
    return { found, requests: performance.getEntriesByType('resource').map(entry => entry.name), address: location.href };";

/// Each attempt as the text, the title, the tags and the note of a page in plain text, amid a page in HTML, and in Markdown.
fn lines() -> String {
    let mut lines = String::new();
    for (number, attempt) in HOSTILE.lines().enumerate() {
        let link: String = attempt.chars().filter(|c| !matches!(c, '<' | '>')).collect();
        let markdown = if attempt.contains('<') {
            format!("`` {attempt} `` [x](<{link}>)\n")
        } else {
            format!("Before.\n\n{attempt}\n\n`{attempt}` [x](<{link}>)\n")
        };
        let pages = [
            json!({
                "slug": format!("text-{number}"), "form": "text", "page": format!("{attempt}\n\n文字 {attempt} 之后。\n"),
                "title": attempt, "tags": [attempt], "note": attempt, "date": "2026-01-22",
            }),
            json!({
                "slug": format!("html-{number}"), "form": "html", "date": "2026-01-22",
                "page": format!("<!DOCTYPE html><title>{attempt}</title><article><p>Before.</p>{attempt}<p>After.</p></article>"),
            }),
            json!({ "slug": format!("markdown-{number}"), "form": "markdown", "page": markdown, "date": "2026-01-22" }),
        ];
        for page in pages {
            let _ = writeln!(lines, "{page}");
        }
    }
    let long = "长a<b>&amp;<script>alert(1)</script> ".repeat(30_000);
    let bidi = "left\u{202e}<script>thgir\u{202c} \u{2066}אבג\u{2069} \u{200b}zero\u{feff} \u{2068}</script>";
    for (slug, text) in [("long", long.as_str()), ("bidi", bidi)] {
        let _ = writeln!(
            lines,
            "{}",
            json!({ "slug": slug, "form": "text", "page": text, "date": "2026-01-22" })
        );
    }
    lines
}

/// Lists the pages of a site; the first revision of an article is its newest. The history of one revision has of the article only its
/// titles, as lists have them: those of one form, with a tag and a note beside them, are enough.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let paths = tree::files(folder).into_keys().map(|name| folder.join(name));
    let is_page = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "html")
            && !path.ends_with("r1.html")
            && (is_of_text(path) || !path.ends_with("history.html"))
    };
    let mut pages: Vec<PathBuf> = paths.filter(is_page).collect();
    pages.sort();
    pages
}

/// Tells whether a page is of an article that was given as plain text, with the attempt as its title, tag and note.
fn is_of_text(path: &Path) -> bool {
    path.to_string_lossy().contains("/text-")
}

/// Returns the page with the watch before everything, and with its policy or without.
fn watched(html: &str, has_policy: bool) -> String {
    let html = html.replacen("<head>\n", &format!("<head>\n{WATCH}\n"), 1);
    assert!(html.contains(WATCH));
    let name = "http-equiv=\"Content-Security-Policy\"";
    if has_policy {
        html
    } else {
        html.replacen(name, "name=\"was-policy\"", 1)
    }
}

/// Opens a page without its policy, and with it where the attempt stands in all that a page has of an article; it runs nothing, and
/// is proved where it carries a proof. It is put beside itself under a name of the reader's own, so that what it links to is where
/// it is. Returns how often it was opened and whether it was proved.
fn read(browser: &Browser, path: &Path, own: &str) -> (usize, bool) {
    let html = fs::read_to_string(path).unwrap();
    let has_proof = html.contains("id=\"proof\"");
    let policies: &[bool] = if is_of_text(path) {
        &[true, false]
    } else {
        &[false]
    };
    let (beside, name) = (path.with_file_name(own), path.display());
    for has_policy in policies {
        fs::write(&beside, watched(&html, *has_policy)).unwrap();
        browser.open(&beside);
        let seen = browser.wait_for(LOOK, Vec::new());
        assert_eq!(seen["found"], json!([]), "{name}, policy {has_policy}");
        assert_eq!(seen["requests"], json!([]), "{name}, policy {has_policy}");
        let address = seen["address"].as_str().unwrap();
        assert!(address.ends_with(&format!("/{own}")), "{name}: {seen}");
        if has_proof {
            let said = browser.wait_for(PRESS, Vec::new());
            assert_eq!(said["verdict"], "proved", "{name}: {said}");
            let ran = browser.run("return ran", Vec::new());
            assert_eq!(ran, Value::Array(Vec::new()), "{name}");
        }
    }
    fs::remove_file(&beside).unwrap();
    (policies.len(), has_proof)
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn hostile_articles_run_nothing_and_are_proved() {
    let story = Story::begin();
    story.write("hostile.jsonl", lines());
    story.yes(&[
        "import",
        "hostile.jsonl",
        "--allow-invisible",
        "--author",
        "Ann \"onclick=alert(1) & 'x'",
    ]);
    story.yes(&[
        "settings",
        "--title",
        "A <script>alert(1)</script>",
        "--home-link",
        "← <img src=x onerror=alert(1)>",
    ]);
    story.yes(&["build", "site"]);
    let site = story.folder.path().join("site");
    let waiting = Mutex::new(pages(&site).into_iter());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let counts: Vec<(usize, usize)> = thread::scope(|scope| {
        let readers: Vec<_> = (0..cores.min(4))
            .map(|number| {
                let waiting = &waiting;
                scope.spawn(move || {
                    let browser = Browser::start(&[]);
                    let (mut opened, mut proved) = (0, 0);
                    while let Some(path) = { waiting.lock().unwrap().next() } {
                        let (views, is_proved) = read(&browser, &path, &format!("watched-{number}.html"));
                        opened += views;
                        proved += usize::from(is_proved);
                    }
                    (opened, proved)
                })
            })
            .collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    let opened: usize = counts.iter().map(|count| count.0).sum();
    let proved: usize = counts.iter().map(|count| count.1).sum();
    println!("{opened} pages opened, {proved} proved");
    assert_eq!(proved, 3 * HOSTILE.lines().count() + 2);
    assert!(opened > proved + HOSTILE.lines().count());
    // The watch sees what runs.
    let browser = Browser::start(&[]);
    let html = "<!DOCTYPE html>\n<head>\n<p onclick=x>x<img src=x onerror=alert(1)><script>alert(2)</script>";
    let path = site.join("watched.html");
    fs::write(&path, watched(html, true)).unwrap();
    browser.open(&path);
    let seen = browser.wait_for(LOOK, Vec::new());
    for what in ["alert 1", "alert 2", "script", "p onclick", "img"] {
        assert!(
            seen["found"].as_array().unwrap().contains(&json!(what)),
            "{what}: {seen}"
        );
    }
}
