//! Archives that ask for signatures: what an attacker puts on the branch with plain git is found, each under its code,
//! and every command that makes commits signs them or refuses.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/signatures.rs"]
mod signatures;
#[path = "support/signed.rs"]
mod signed;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;
use signed::{Signed, id};

const PAGE: &str = "渡船明天停航。\n\nThe ferry stops tomorrow.\n";
const OTHER: &str = "桥今天通车。\n\nThe bridge opened today.\n";
const ARTICLE: &str = "2026/01/22/ferry";

/// What the program printed and how it ended.
struct Said {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Signed {
    /// Runs the program with a key to sign with, or without one.
    fn with_key(&self, key: Option<&str>, arguments: &[&str]) -> Said {
        let output = self.command(key, arguments).output().unwrap();
        Said {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn command(&self, key: Option<&str>, arguments: &[&str]) -> Command {
        let mut command = self.story.program(arguments);
        if let Some(key) = key {
            command.env("AVALACHES_SIGNING_KEY", self.path(key));
        }
        command
    }

    /// Runs the program, which signs with the desk's key and has to answer yes; returns the last id it printed.
    fn done(&self, arguments: &[&str]) -> String {
        let said = self.with_key(Some("desk"), arguments);
        assert_eq!(said.status, Some(0), "{arguments:?}: {}", said.err);
        id(&said.out).to_owned()
    }

    /// A story whose archive asks for signatures, by the keys of the desk and of the night; the id of the commit by which
    /// it does so.
    fn asking() -> (Self, String) {
        let signed = Self::begin();
        signed.allowing();
        let asks = signed.done(&["settings", "--signatures", "required"]);
        (signed, asks)
    }

    /// Makes keys and lets those of the desk and of the night count.
    fn allowing(&self) {
        for name in ["desk", "night", "late", "fourth", "stranger"] {
            self.key(name, &["ed25519"], "");
        }
        self.story
            .add("page.txt", PAGE, &["--slug", "ferry", "--date", "2026-01-22"]);
        for name in ["desk", "night"] {
            self.done(&["signers", "allow", name, &format!("{name}.pub"), "--sign"]);
        }
        let before = ["--valid-before", "2026-01-22"];
        let allow = [&["signers", "allow", "late", "late.pub", "--sign"], &before[..]].concat();
        self.done(&allow);
    }

    /// Returns a commit's bytes without its signature, and the signature as it stands in the header.
    fn taken_apart(&self, commit: &str) -> (String, Option<String>) {
        let body = self.story.git(&["cat-file", "commit", commit]) + "\n";
        let Some(start) = body.find("\ngpgsig ") else {
            return (body, None);
        };
        let end = body.find("-----END SSH SIGNATURE-----").unwrap() + "-----END SSH SIGNATURE-----".len();
        (
            format!("{}{}", &body[..start], &body[end..]),
            Some(body[start..end].to_owned()),
        )
    }

    /// Writes a commit with a header put in, and moves the branch to it.
    fn put(&self, body: &str, header: &str) -> String {
        let (head, message) = body.split_once("\n\n").unwrap();
        let body = format!("{head}{header}\n\n{message}");
        let commit = self.given(&["hash-object", "-t", "commit", "-w", "--stdin"], &body);
        self.story.git(&["update-ref", "refs/heads/main", &commit]);
        commit
    }

    /// Signs the bytes of a commit by hand and returns the header.
    fn header(&self, body: &str, key: &str) -> String {
        self.story.write("signed", body);
        let _ = fs::remove_file(self.path("signed.sig"));
        let made = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", "git", "-f"])
            .args([self.path(key), self.path("signed")])
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let armour = fs::read_to_string(self.path("signed.sig")).unwrap();
        format!("\ngpgsig {}", armour.trim_end().replace('\n', "\n "))
    }

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

    fn settings(&self) -> String {
        self.story.git(&["show", "main:avalaches.json"]) + "\n"
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
    let theirs = Command::new("git").arg("init").arg("-q").arg(&other).status();
    assert!(theirs.unwrap().success());
    fs::write(other.join("page.md"), "风停了。\n").unwrap();
    for arguments in [
        &["add", "page.md"][..],
        &["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ] {
        let mut made = Command::new("git");
        made.arg("-C").arg(&other).args(arguments);
        for role in ["AUTHOR", "COMMITTER"] {
            made.env(format!("GIT_{role}_DATE"), "1769083200 +0000");
        }
        let made = made.status();
        assert!(made.unwrap().success());
    }
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
