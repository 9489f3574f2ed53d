//! Stories about other people's repositories: their commits recorded as where a text comes from.

#[path = "support/archives.rs"]
mod archives;

use archives::Story;
use avalaches::add::{self, Circumstances, Wishes};
use avalaches::archive::{Archive, Owner};
use avalaches::canonical::Invisible;
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::draft::Form;
use avalaches::platform::Durability;
use serde_json::Value;

#[test]
fn the_commit_that_a_text_was_taken_from_is_recorded_and_shown() {
    let story = Story::begin();
    let circumstances = Circumstances {
        author: None,
        committer: None,
        now: RevisionDate::from_seconds(1_769_140_800, UtcOffset::UTC).unwrap(),
        invisible: Invisible::Refuse,
    };
    let source = "5a5b6faf4aa2844387989dd08791e5540df352d3";
    let wishes = Wishes {
        source_commit: Some(source.parse().unwrap()),
        ..Wishes::default()
    };
    let settings = Archive::open(&story.archive(), Owner::Caller)
        .unwrap()
        .settings()
        .clone();
    let page = add::prepare(b"Some words.\n", Form::Text, &wishes, &settings, &circumstances).unwrap();
    add::add(
        &story.archive(),
        Owner::Caller,
        &[page],
        &circumstances,
        Durability::Unsynced,
    )
    .unwrap();
    let trailer = story.git(&[
        "show",
        "-s",
        "--format=%(trailers:key=Source-Commit,valueonly)",
        "main",
    ]);
    assert_eq!(trailer, source);
    let shown = story.yes(&["show", "2026/01/23/some-words", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["source_commit"], source);
    assert!(story.yes(&["verify"]).starts_with("verified"));
    story.add("other.txt", "Other words.\n", &[]);
    let shown = story.yes(&["show", "2026/01/23/other-words", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&shown).unwrap()["source_commit"],
        Value::Null
    );
}
