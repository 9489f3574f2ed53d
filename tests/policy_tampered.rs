//! What an attacker puts with plain git on the branch of an archive that asks for signatures, or does not: each tampering is
//! found under its code.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/asking.rs"]
mod asking;
#[path = "support/signatures.rs"]
mod signatures;
#[expect(dead_code, reason = "no command is refused here")]
#[path = "support/signed.rs"]
mod signed;

use std::collections::BTreeSet;
use std::fs;

use asking::OTHER;
use serde_json::Value;
use signed::{Signed, id};

impl Signed {
    /// Puts an unsigned commit of root files on the branch, as anyone with git could.
    fn root(&self, message: &str, path: &str, bytes: &str) -> String {
        let message = format!("{message}\n\nArchive-Format: 1\n");
        let stream = format!(
            "commit refs/heads/main\ncommitter Desk <> 1769140800 +0000\ndata {}\n{message}from refs/heads/main^0\nM 100644 inline {path}\ndata {}\n{bytes}\n",
            message.len(),
            bytes.len()
        );
        self.given(&["fast-import", "--quiet", "--force"], &stream);
        self.tip()
    }

    /// Audits the archive, and verifies it whole; the codes that each finds about a commit, and how each ended.
    fn findings(&self, commit: &str) -> [(Option<i32>, Vec<String>); 2] {
        // The list beside the repository can be made again, and what an attacker leaves in the store is told anyway.
        let _ = fs::remove_file(self.story.archive().join("avalaches.branch"));
        ["audit", "verify"].map(|command| {
            let said = self.with_key(None, &[command, "--json"]);
            let report: Value = serde_json::from_str(&said.out).expect(&said.err);
            let all = report["findings"].as_array().unwrap().iter();
            let all: Vec<&Value> = all
                .filter(|finding| finding["code"] != "revision-detached")
                .collect();
            let about = |finding: &&&Value| finding["place"] == format!("commit {commit}");
            let mut codes: Vec<String> = all
                .iter()
                .filter(about)
                .map(|finding| finding["code"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(codes.len(), all.len(), "{command} finds more: {report:#}");
            codes.sort();
            (said.status, codes)
        })
    }
}

#[test]
fn each_tampering_with_signatures_is_found_under_its_code_and_the_honest_twin_under_none() {
    let (signed, asks) = Signed::asking();
    let clean = [(Some(0), vec![]), (Some(0), vec![])];
    assert_eq!(signed.findings(&asks), clean);
    let honest = signed.done(&["add", "page.txt", "-q", "--slug", "twin"]);
    assert_eq!(signed.findings(&honest), clean);
    let (body, own) = signed.taken_apart(&honest);
    let header = own.unwrap();
    let (_, others) = signed.taken_apart(&asks);
    let pgp = header.replace(" SSH SIGNATURE", " PGP SIGNATURE");
    let cases: [(&str, String, &[&str]); 6] = [
        ("no signature", String::new(), &["signature-missing"]),
        (
            "another commit's",
            others.unwrap(),
            &["signature-bad", "signature-missing"],
        ),
        (
            "a stranger's",
            signed.header(&body, "stranger"),
            &["signature-missing", "signature-untrusted"],
        ),
        (
            "too late",
            signed.header(&body, "late"),
            &["signature-expired", "signature-missing"],
        ),
        ("another kind", pgp, &["signature-missing", "signature-unknown"]),
        ("the night's", signed.header(&body, "night"), &[]),
    ];
    let mut found: BTreeSet<String> = BTreeSet::new();
    for (name, header, codes) in &cases {
        let commit = signed.put(&body, header);
        let status = Some(i32::from(!codes.is_empty()));
        let [audit, verify] = signed.findings(&commit);
        assert_eq!(
            audit,
            (status, codes.iter().map(ToString::to_string).collect()),
            "{name}"
        );
        assert_eq!(verify, audit, "{name}");
        found.extend(audit.1);
    }
    // A key that is revoked afterwards, by the other one: what it signed is found, and nothing else.
    let commit = signed.put(&body, &signed.header(&body, "night"));
    let said = signed.with_key(
        Some("desk"),
        &["signers", "revoke", "night.pub", "--note", "Lost."],
    );
    assert!(
        said.err
            .contains("note: what the key signed while the archive asked"),
        "{}",
        said.err
    );
    let [audit, verify] = signed.findings(&commit);
    let codes = ["signature-missing", "signature-revoked"].map(ToOwned::to_owned);
    assert_eq!(audit, (Some(1), codes.to_vec()));
    assert_eq!(verify, audit);
    found.extend(audit.1);
    assert_eq!(found, signatures::SIGNATURES.map(ToOwned::to_owned).into());
}

#[test]
fn root_files_that_change_unsigned_are_found_and_what_they_let_in_is_named_by_them_alone() {
    let (signed, asks) = Signed::asking();
    let missing = [
        (Some(1), vec!["signature-missing".to_owned()]),
        (Some(1), vec!["signature-missing".to_owned()]),
    ];
    // The policy is dropped by an unsigned commit; then an unsigned page follows.
    let dropped = signed.settings().replace("  \"signatures\": \"required\",\n", "");
    let commit = signed.root("settings: signatures optional", "avalaches.json", &dropped);
    assert_eq!(signed.findings(&commit), missing);
    signed.story.add("other.txt", OTHER, &["--slug", "bridge"]);
    assert_eq!(signed.findings(&commit), missing);
    signed.story.git(&["update-ref", "refs/heads/main", &asks]);
    // A stranger's key is let in by an unsigned commit; then the stranger signs.
    let public = fs::read_to_string(signed.path("stranger.pub")).unwrap();
    let allowed = signed.story.git(&["show", "main:allowed_signers"]) + "\nstranger " + &public;
    let commit = signed.root("signers: allow stranger", "allowed_signers", &allowed);
    let said = signed.with_key(Some("stranger"), &["add", "other.txt", "--slug", "bridge"]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    assert_eq!(signed.findings(&commit), missing);
    signed.story.git(&["update-ref", "refs/heads/main", &asks]);
    // It lets its own key in with the commit that it signs.
    let commit = signed.root("signers: allow stranger", "allowed_signers", &allowed);
    let (body, _) = signed.taken_apart(&commit);
    let commit = signed.put(&body, &signed.header(&body, "stranger"));
    let codes = ["signature-missing", "signature-untrusted"]
        .map(ToOwned::to_owned)
        .to_vec();
    assert_eq!(
        signed.findings(&commit),
        [(Some(1), codes.clone()), (Some(1), codes)]
    );
    signed.story.git(&["update-ref", "refs/heads/main", &asks]);
    // Revoked keys that cannot be read let no key count, the honest ones before neither.
    let page = signed.done(&["add", "other.txt", "-q", "--slug", "bridge"]);
    signed.root("signers: revoke nobody", "revoked_keys", "what is this\n");
    let said = signed.with_key(None, &["audit", "--json"]);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let about = findings.filter(|finding| finding["id"] == page.as_str());
    let codes: Vec<&str> = about.map(|finding| finding["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["signature-missing", "signature-unknown"]);
    signed.story.git(&["update-ref", "refs/heads/main", &asks]);
    // Who may drop it drops it; then nothing is asked for.
    signed.done(&["settings", "--signatures", "optional"]);
    let page = signed.story.add("other.txt", OTHER, &["--slug", "bridge"]);
    assert_eq!(signed.findings(id(&page)), [(Some(0), vec![]), (Some(0), vec![])]);
}

#[test]
fn where_nothing_is_asked_for_a_missing_signature_is_no_finding_and_a_bad_one_is() {
    let signed = Signed::begin();
    // Before anybody's key counts, a signature says nothing.
    signed.key("first", &["ed25519"], "");
    let early = signed
        .story
        .add("page.txt", OTHER, &["--slug", "early", "--sign=first"]);
    let clean = [(Some(0), vec![]), (Some(0), vec![])];
    assert_eq!(signed.findings(id(&early)), clean);
    signed.allowing();
    let honest = signed.done(&["add", "page.txt", "-q", "--slug", "twin", "--sign"]);
    assert_eq!(signed.findings(&honest), clean);
    let (body, header) = signed.taken_apart(&honest);
    let (_, others) = signed.taken_apart(&format!("{honest}^"));
    let cases: [(String, &[&str]); 5] = [
        (String::new(), &[]),
        (others.unwrap(), &["signature-bad"]),
        (signed.header(&body, "stranger"), &["signature-untrusted"]),
        (signed.header(&body, "late"), &["signature-expired"]),
        (
            header.unwrap().replace(" SSH SIGNATURE", " PGP SIGNATURE"),
            &["signature-unknown"],
        ),
    ];
    for (header, codes) in cases {
        let commit = signed.put(&body, &header);
        let [audit, verify] = signed.findings(&commit);
        let status = Some(i32::from(!codes.is_empty()));
        assert_eq!(audit, (status, codes.iter().map(ToString::to_string).collect()));
        assert_eq!(
            verify,
            (Some(0), vec![]),
            "{codes:?}: verify judges what is asked for"
        );
        assert_eq!(signed.with_key(None, &["verify", &commit]).status, Some(0));
    }
}
