//! The site of a story, and its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::archives::Story;
use super::tree;

/// Returns where a story's site is built.
pub fn site(story: &Story) -> PathBuf {
    story.folder.path().join("site")
}

/// Reads a file of a story's site.
pub fn page(story: &Story, name: &str) -> String {
    fs::read_to_string(site(story).join(name)).unwrap()
}

/// Lists every file below a folder with its bytes.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = tree::files(folder).into_iter();
    files.map(|(name, bytes)| (folder.join(name), bytes)).collect()
}

/// Asks for a page's verdict in a folder without an archive.
pub fn verify_alone(page: &[u8]) -> (Option<i32>, Value) {
    let nowhere = tempfile::tempdir().unwrap();
    fs::write(nowhere.path().join("page.html"), page).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_avalaches"))
        .args(["verify", "--json", "page.html"])
        .current_dir(nowhere.path())
        .env_clear()
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), document["answers"][0].clone())
}
