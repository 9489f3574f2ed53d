//! `verify.html` of a site in a real browser: files dropped on it, and texts pasted.

use std::fs;
use std::path::PathBuf;

use avalaches::base64;
use serde_json::{Value, json};

use crate::archives::Story;
use crate::bridge::{self, ARTICLE};
use crate::browser::Browser;

/// Drops files on the page and tells what it says then.
const DROP: &str = "
    const place = document.querySelector('[role=status]');
    const dropped = new DataTransfer();
    for (const [name, digits] of args[0]) {
        dropped.items.add(new File([Uint8Array.from(atob(digits), c => c.charCodeAt(0))], name));
    }
    place.replaceChildren();
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));";

/// Waits for what the page says.
pub const SAYS: &str = "
    const said = document.querySelector('[role=status]');
    while (!said.textContent || said.textContent === 'Checking…') await new Promise(later => setTimeout(later, 1));
    return { verdict: said.dataset.verdict || '', says: said.innerText, ran: window.ran || null };";

/// A site, and a browser that has its `verify.html` open.
pub struct Desk {
    pub story: Story,
    pub browser: Browser,
}

impl Desk {
    /// An article of two revisions in two languages.
    pub fn begin() -> Self {
        let story = bridge::story("It was <yesterday>.", &["--date", "2026-01-22"]);
        story.yes(&["settings", "--language-order", "en"]);
        story.yes(&["build", "site"]);
        let desk = Self {
            story,
            browser: Browser::start(&[]),
        };
        desk.open();
        desk
    }

    /// Opens `verify.html` anew.
    pub fn open(&self) {
        self.browser.open(&self.file("verify.html"));
    }

    /// Returns the path of a file of the site.
    pub fn file(&self, name: &str) -> PathBuf {
        self.story.folder.path().join("site").join(name)
    }

    /// Reads a file of the article.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(&format!("{ARTICLE}/{name}"))).unwrap()
    }

    /// Drops files; returns the verdict, if there is one, and what is said.
    pub fn drop(&self, files: &[(&str, &[u8])]) -> (String, String) {
        let files: Vec<Value> = files
            .iter()
            .map(|(name, bytes)| json!([name, base64::encode(bytes)]))
            .collect();
        told(
            &self
                .browser
                .wait_for(&format!("{DROP}{SAYS}"), vec![Value::Array(files)]),
        )
    }

    /// Pastes a text and presses the button.
    pub fn paste(&self, text: &str) -> (String, String) {
        let paste = "
            document.querySelector('[role=status]').replaceChildren();
            document.querySelector('textarea').value = args[0];
            document.querySelector('#verify button').click();";
        told(
            &self
                .browser
                .wait_for(&format!("{paste}{SAYS}"), vec![json!(text)]),
        )
    }
}

/// Returns the verdict, if there is one, and what is said; nothing may have run.
pub fn told(answer: &Value) -> (String, String) {
    assert_eq!(answer.get("threw"), None, "{answer}");
    assert_eq!(answer["ran"], Value::Null, "something ran: {answer}");
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("says"))
}
