//! Archives that ask for signatures: every command that makes commits signs them or refuses, and what lacks its signature
//! is not simply verified.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/asking.rs"]
mod asking;
#[path = "support/publisher.rs"]
mod publisher;
#[path = "support/signed.rs"]
mod signed;

use std::fs;

use asking::{OTHER, PAGE};
use avalaches::add::{self, AddError, Circumstances};
use avalaches::archive::Owner;
use avalaches::canonical::Invisible;
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::platform::Durability;
use avalaches::signature::SignError;
use publisher::Publisher;
use serde_json::Value;
use signed::Signed;

const ARTICLE: &str = "2026/01/22/ferry";

#[test]
fn every_command_that_makes_commits_signs_them_or_refuses() {
    let (signed, _) = Signed::asking();
    let other = signed.path("other-archive");
    signed.story.write("other.txt", OTHER);
    signed.story.write("corrected.txt", PAGE.replace("明天", "今天"));
    signed.story.write("updated.txt", PAGE.replace("明天", "后天"));
    signed.story.write(
        "lines.jsonl",
        "{\"page\": \"第一页。\", \"slug\": \"one\"}\n{\"page\": \"第二页。\", \"slug\": \"two\"}\n",
    );
    let theirs = Publisher::begin(&other);
    theirs.write("page.md", "风停了。\n");
    theirs.commit("x", "2026-01-22T12:00:00+0000");
    let other = other.display().to_string();
    let commands: [&[&str]; 12] = [
        &["add", "other.txt", "--slug", "bridge"],
        &["correct", ARTICLE, "corrected.txt", "--note", "Today."],
        &["update", ARTICLE, "updated.txt", "--note", "Later."],
        &["technical", ARTICLE, "updated.txt", "--title", "en=Ferry"],
        &["retract", ARTICLE, "--note", "No source."],
        &["restore", ARTICLE, "--note", "A source."],
        &["import", "lines.jsonl"],
        &["import", "--git", &other],
        &["settings", "--title", "Other"],
        &[
            "signers",
            "allow",
            "fourth",
            "fourth.pub",
            "--valid-after",
            "2027-01-01",
        ],
        &["signers", "revoke", "fourth.pub", "--note", "Lost."],
        &["settings", "--signatures", "optional"],
    ];
    for arguments in commands {
        let said = signed.refused(signed.command(None, arguments));
        assert!(
            said.contains("no key to sign with is named"),
            "{arguments:?}: {said}"
        );
        assert!(said.contains("hint: say --sign=KEY"), "{arguments:?}: {said}");
        let said = signed.refused(signed.command(Some("desk"), &[arguments, &["--no-sign"]].concat()));
        assert!(
            said.contains("the archive asks for signatures, and --no-sign is said"),
            "{arguments:?}: {said}"
        );
        let said = signed.refused(signed.command(Some("stranger"), arguments));
        assert!(
            said.contains("the archive asks for good signatures, and the commit's would be untrusted"),
            "{arguments:?}: {said}"
        );
        assert!(said.contains("hint: nothing was "), "{arguments:?}: {said}");
        let said = signed.refused(signed.command(Some("desk"), &[arguments, &["--sign=late"]].concat()));
        assert!(said.contains("would be expired"), "{arguments:?}: {said}");
        let before = signed.tip();
        let dry = [
            "add",
            "correct",
            "update",
            "technical",
            "retract",
            "restore",
            "import",
        ];
        if dry.contains(&arguments[0]) {
            let said = signed.with_key(Some("desk"), &[arguments, &["--dry-run"]].concat());
            assert_eq!(said.status, Some(0), "{}", said.err);
            assert_eq!(signed.tip(), before);
        }
        let said = signed.with_key(Some("desk"), arguments);
        assert_eq!(said.status, Some(0), "{arguments:?}: {}", said.err);
        let made = signed.story.git(&["rev-list", &format!("{before}..main")]);
        assert!(!made.is_empty(), "{arguments:?}");
        for commit in made.lines() {
            let allowed = signed.story.git(&["show", &format!("{commit}^:allowed_signers")]);
            signed.story.write("allowed", allowed + "\n");
            let file = format!("gpg.ssh.allowedSignersFile={}", signed.path("allowed").display());
            signed.story.git(&["-c", &file, "verify-commit", commit]);
        }
    }
    let said = signed.with_key(None, &["audit"]);
    assert_eq!(said.status, Some(0), "{}", said.out);
}

#[test]
fn an_archive_does_not_lock_itself() {
    let signed = Signed::begin();
    signed.key("desk", &["ed25519"], "");
    signed.key("night", &["ed25519"], "");
    let require = ["settings", "--signatures", "required"];
    let said = signed.refused(signed.command(Some("desk"), &require));
    assert!(
        said.contains("no key would count by which they could be made"),
        "{said}"
    );
    assert!(
        said.contains("hint: let a key count with `avalaches signers allow"),
        "{said}"
    );
    signed.done(&["signers", "allow", "desk", "desk.pub"]);
    let said = signed.refused(signed.command(None, &require));
    assert!(said.contains("no key to sign with is named"), "{said}");
    let said = signed.refused(signed.command(Some("night"), &require));
    assert!(said.contains("would be untrusted"), "{said}");
    signed.done(&require);
    assert_eq!(
        signed.story.git(&["log", "-1", "--format=%s", "main"]),
        "settings: signatures required"
    );
    assert!(signed.settings().contains("\n  \"signatures\": \"required\",\n"));
    // The last key cannot go: neither revoked, nor by an end that is over.
    let revoke = ["signers", "revoke", "desk.pub", "--note", "Lost."];
    let said = signed.refused(signed.command(Some("desk"), &revoke));
    assert!(said.contains("no key would count"), "{said}");
    let end = [
        "signers",
        "allow",
        "desk",
        "desk.pub",
        "--valid-before",
        "2026-01-01",
    ];
    let said = signed.refused(signed.command(Some("desk"), &end));
    assert!(said.contains("no key would count"), "{said}");
    // With another one it can, but not by its own signature, which would count for nothing the moment after.
    signed.done(&["signers", "allow", "night", "night.pub"]);
    let said = signed.refused(signed.command(Some("desk"), &revoke));
    assert!(said.contains("would be revoked"), "{said}");
    let said = signed.with_key(Some("night"), &revoke);
    assert_eq!(said.status, Some(0), "{}", said.err);
    let said = signed.refused(signed.command(Some("desk"), &["settings", "--title", "Other"]));
    assert!(said.contains("would be revoked"), "{said}");
}

#[test]
fn a_page_that_lacks_the_signature_that_was_asked_for_is_unauthorized() {
    let (signed, _) = Signed::asking();
    let answer = |thing: &str| {
        let said = signed.with_key(None, &["verify", thing, "--json"]);
        let document: Value = serde_json::from_str(&said.out).expect(&said.err);
        let answer = &document["answers"][0];
        let word = |member: &str| answer[member].as_str().unwrap_or("null").to_owned();
        (
            said.status,
            word("verdict"),
            word("signatures"),
            answer["signature"]["answer"].clone(),
        )
    };
    let before = signed
        .story
        .git(&["log", "--format=%H", "--grep", "Article-Id", "main"]);
    let yes = (
        Some(0),
        "verified".to_owned(),
        "optional".to_owned(),
        Value::from("unsigned"),
    );
    assert_eq!(answer(&before), yes, "it was made before anything was asked for");
    let good = signed.done(&["add", "page.txt", "-q", "--slug", "twin"]);
    let yes = (
        Some(0),
        "verified".to_owned(),
        "required".to_owned(),
        Value::from("good"),
    );
    assert_eq!(answer(&good), yes);
    let (body, _) = signed.taken_apart(&good);
    let forged = signed.put(&body, "");
    let no = |verdict: &str| {
        (
            Some(1),
            verdict.to_owned(),
            "required".to_owned(),
            Value::from("unsigned"),
        )
    };
    assert_eq!(answer(&forged), no("unauthorized"));
    let said = signed.with_key(None, &["verify", &forged]);
    assert!(
        said.out.starts_with("unauthorized  2026-01-23 (Friday) · "),
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("\n  the archive asked for a good signature, and this is unsigned\n"),
        "{}",
        said.out
    );
    assert!(!said.err.contains("a footer proves"), "{}", said.err);
    let page = signed.with_key(None, &["show", &forged]).out;
    signed.story.write("forged.txt", &page);
    signed.story.write("altered.txt", page.replace("明天", "今天"));
    signed
        .story
        .write("misdated.txt", page.replace("(Friday)", "(Monday)"));
    assert_eq!(answer("forged.txt"), no("unauthorized"));
    assert_eq!(answer(page.lines().last().unwrap()), no("unauthorized"));
    assert_eq!(answer(&format!("swh:1:rev:{forged}")), no("unauthorized"));
    // What is graver is said first.
    assert_eq!(answer("altered.txt"), no("altered"));
    assert_eq!(answer("misdated.txt"), no("misdated"));
    // The file by which it is judged is gone.
    let keys = signed.story.git(&["rev-parse", "main:allowed_signers"]);
    let signed_again = signed.put(&body, &signed.header(&body, "desk"));
    fs::remove_file(
        signed
            .story
            .archive()
            .join("objects")
            .join(&keys[..2])
            .join(&keys[2..]),
    )
    .unwrap();
    let (status, verdict, ..) = answer(&signed_again);
    assert_eq!((status, verdict.as_str()), (Some(1), "corrupt"));
}

#[test]
fn words_quoted_from_a_page_that_lacks_its_signature_are_found_and_marked() {
    let (signed, _) = Signed::asking();
    let before = signed
        .story
        .git(&["log", "--format=%H", "--grep", "Article-Id", "main"]);
    let good = signed.done(&["add", "page.txt", "-q", "--slug", "twin"]);
    let forged = signed.put(&signed.taken_apart(&good).0, "");
    let found = signed.with_key(
        None,
        &["verify", "--quote", "The ferry stops tomorrow.", "--json"],
    );
    let document: Value = serde_json::from_str(&found.out).unwrap();
    let hits: Vec<(bool, &Value)> = document["articles"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|article| article["revisions"].as_array().unwrap())
        .map(|hit| (hit["authorized"].as_bool().unwrap(), &hit["id"]))
        .collect();
    assert_eq!(
        hits,
        [
            (true, &Value::from(before.as_str())),
            (false, &Value::from(forged.as_str()))
        ]
    );
    let found = signed
        .with_key(None, &["verify", "--quote", "The ferry stops tomorrow."])
        .out;
    let missing = "\n    unauthorized: the archive asked for a good signature, and this is unsigned\n";
    assert_eq!(found.matches(missing).count(), 1, "{found}");
}

#[test]
fn who_adds_without_a_signer_to_an_archive_that_asks_for_signatures_is_refused_under_its_lock() {
    let (signed, asks) = Signed::asking();
    let circumstances = Circumstances {
        author: None,
        committer: None,
        now: RevisionDate::from_seconds(1_769_140_800, UtcOffset::UTC).unwrap(),
        invisible: Invisible::Refuse,
        signer: None,
    };
    let refused = add::add(
        &signed.story.archive(),
        Owner::Caller,
        &[],
        &circumstances,
        Durability::Unsynced,
    );
    assert!(
        matches!(refused, Err(AddError::Sign(SignError::Missing))),
        "{refused:?}"
    );
    assert_eq!(signed.tip(), asks);
}
