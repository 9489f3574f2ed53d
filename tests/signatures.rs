//! Signed commits: ours against the real git and ssh-keygen.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/signed.rs"]
mod signed;

use std::fs;
use std::process::{Command, Output, Stdio};

use archives::git_command;
use avalaches::base64;
use avalaches::signature::allowed::{AllowedSigners, Validity, matches};
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha512};
use signed::{Signed, id};

const PAGE: &str = "渡船明天停航。\n\nThe ferry stops tomorrow.\n";

impl Signed {
    /// Lets git judge the signature of a commit by a file of those whose keys count.
    fn judged_by_git(&self, commit: &str, allowed: &str) -> Output {
        self.story.write("allowed", allowed);
        let file = format!("gpg.ssh.allowedSignersFile={}", self.path("allowed").display());
        let mut command = git_command(
            &self.story.archive(),
            &["-c", &file, "verify-commit", "--raw", commit],
        );
        command.env("HOME", self.path("")).output().unwrap()
    }

    fn good_for_git(&self, commit: &str, principal: &str, public: &str) {
        let judged = self.judged_by_git(commit, &format!("{principal} {public}"));
        let said = String::from_utf8_lossy(&judged.stderr);
        assert!(judged.status.success(), "{said}");
        assert!(
            said.starts_with(&format!("Good \"git\" signature for {principal} with ")),
            "{said}"
        );
    }
}

/// The kinds of keys that `ssh-keygen` makes without a device, as it is told them.
const KINDS: [&[&str]; 5] = [
    &["ed25519"],
    &["ecdsa", "-b", "256"],
    &["ecdsa", "-b", "384"],
    &["ecdsa", "-b", "521"],
    &["rsa", "-b", "3072"],
];

#[test]
fn git_accepts_what_is_signed_with_every_kind_of_key() {
    let signed = Signed::begin();
    for (number, kind) in KINDS.iter().enumerate() {
        let name = format!("key-{number}");
        let public = signed.key(&name, kind, "");
        let sign = format!("--sign={}", signed.path(&name).display());
        let footer = signed.story.add(
            "page.txt",
            &format!("{PAGE}{number}\n"),
            &["--slug", &name, &sign],
        );
        signed.good_for_git(id(&footer), "lin@example.org", &public);
        let other = signed.key(&format!("{name}-other"), &["ed25519"], "");
        let judged = signed.judged_by_git(id(&footer), &format!("lin@example.org {other}"));
        assert!(!judged.status.success(), "another key than {name} is not allowed");
    }
    let verified = signed.story.yes(&["verify", "-q"]);
    assert!(
        verified.starts_with("verified  5 revisions of 5 articles"),
        "{verified}"
    );
    signed.story.git(&["fsck", "--strict"]);
}

#[test]
fn the_key_comes_from_the_option_the_environment_or_gits_configuration() {
    let signed = Signed::begin();
    let first = signed.key("first", &["ed25519"], "");
    let second = signed.key("second", &["ed25519"], "");
    let add = |number: u32, sign: &str| {
        signed.story.write("page.txt", format!("{PAGE}{number}\n"));
        let slug = format!("page-{number}");
        signed
            .story
            .program(&["add", "page.txt", "-q", "--slug", &slug, sign])
    };
    let done = |mut command: Command| {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        id(&String::from_utf8(output.stdout).unwrap()).to_owned()
    };
    let said = signed.refused(add(1, "--sign"));
    assert!(
        said.contains("no key to sign with is named: git's gpg.format is not ssh"),
        "{said}"
    );
    let config = "[user]\n\tsigningkey = ~/second.pub\n[gpg]\n\tformat = ssh\n";
    fs::write(signed.path(".gitconfig"), config).unwrap();
    signed.good_for_git(&done(add(2, "--sign")), "a", &second);
    let mut command = add(3, "--sign");
    command.env("AVALACHES_SIGNING_KEY", "~/first");
    signed.good_for_git(&done(command), "a", &first);
    let mut command = add(4, "--sign=second");
    command.env("AVALACHES_SIGNING_KEY", "~/first");
    signed.good_for_git(&done(command), "a", &second);
    let mut command = add(5, "--no-sign");
    command.env("AVALACHES_SIGNING_KEY", "~/first");
    let unsigned = done(command);
    assert!(
        !signed
            .story
            .git(&["cat-file", "commit", &unsigned])
            .contains("gpgsig")
    );
}

#[test]
fn an_agent_signs_for_a_public_key() {
    let signed = Signed::begin();
    let public = signed.key("held", &["ed25519"], "");
    let socket = signed.path("agent");
    let mut agent = Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .expect("ssh-agent comes with OpenSSH");
    let reached = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        socket.exists()
    });
    let told = Command::new("ssh-add")
        .arg("-q")
        .arg(signed.path("held"))
        .env("SSH_AUTH_SOCK", &socket)
        .status();
    // Only the agent has the private key now.
    fs::remove_file(signed.path("held")).unwrap();
    let literal = format!("key::{}", public.trim_end());
    let outcomes = ["held.pub", &literal].map(|key| {
        signed.story.write("page.txt", format!("{PAGE}{}\n", key.len()));
        let sign = format!("--sign={key}");
        let mut command = signed
            .story
            .program(&["add", "page.txt", "-q", "--slug", "held", &sign]);
        command.env("SSH_AUTH_SOCK", &socket).output().unwrap()
    });
    signed.story.write("page.txt", PAGE);
    let alone = signed
        .story
        .program(&["add", "page.txt", "--slug", "x", "--sign=held.pub"]);
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(reached && told.unwrap().success());
    for output in outcomes {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        signed.good_for_git(id(&String::from_utf8(output.stdout).unwrap()), "a", &public);
    }
    let said = signed.refused(alone);
    assert!(
        said.contains("could not sign the commit: ssh-keygen ended with exit status"),
        "{said}"
    );
}

#[test]
fn where_nothing_can_be_signed_nothing_is_written() {
    let signed = Signed::begin();
    signed.key("locked", &["ed25519"], "secret");
    signed.story.write("page.txt", PAGE);
    signed.story.write("no-key", "no key at all\n");
    let add = |sign: &str| signed.story.program(&["add", "page.txt", "--slug", "x", sign]);
    let said = signed.refused(add("--sign=locked"));
    assert!(
        said.contains("could not sign the commit: ssh-keygen ended with exit status: 255"),
        "{said}"
    );
    assert!(said.contains("hint: nothing was added; check the key"), "{said}");
    let said = signed.refused(add("--sign=absent"));
    assert!(
        said.contains("could not sign the commit: could not read the key absent"),
        "{said}"
    );
    signed.refused(add("--sign=no-key"));
    signed.refused(add("--sign=ssh-ed25519 AAAA"));
    let mut command = add("--sign=locked");
    command.env("PATH", signed.path("nowhere"));
    let said = signed.refused(command);
    assert!(said.contains("there is no ssh-keygen on PATH"), "{said}");
    // Of a call's pages none is added where one is not signed: the key goes after the first.
    signed.key("once", &["ed25519"], "");
    let bin = signed.path("bin");
    fs::create_dir(&bin).unwrap();
    let real =
        "#!/bin/sh\n[ -e \"$HOME/used\" ] && exit 9\n: > \"$HOME/used\"\nPATH=$REST exec ssh-keygen \"$@\"\n";
    let rest = std::env::var("PATH").unwrap();
    fs::write(bin.join("ssh-keygen"), real.replace("$REST", &rest)).unwrap();
    let made = Command::new("chmod")
        .arg("+x")
        .arg(bin.join("ssh-keygen"))
        .status();
    assert!(made.unwrap().success());
    signed.story.write("other.txt", "另一页。\n\nAnother page.\n");
    for verb in ["add", "import"] {
        let mut command = signed
            .story
            .program(&[verb, "page.txt", "other.txt", "--sign=once"]);
        command.env("PATH", format!("{}:{rest}", bin.display()));
        let said = signed.refused(command);
        assert!(signed.path("used").exists());
        assert!(said.contains("ended with exit status: 9"), "{said}");
        fs::remove_file(signed.path("used")).unwrap();
    }
}

#[test]
fn the_files_that_ssh_keygen_works_with_are_private_and_removed() {
    let signed = Signed::begin();
    signed.key("key", &["ed25519"], "");
    let scratch = signed.path("scratch");
    fs::create_dir(&scratch).unwrap();
    let bin = signed.path("bin");
    fs::create_dir(&bin).unwrap();
    let rest = std::env::var("PATH").unwrap();
    let look = format!(
        "#!/bin/sh\nls -l \"$TMPDIR\" > \"$HOME/seen\"\nenv > \"$HOME/env\"\nPATH={rest} exec ssh-keygen \"$@\"\n"
    );
    fs::write(bin.join("ssh-keygen"), look).unwrap();
    let made = Command::new("chmod")
        .arg("+x")
        .arg(bin.join("ssh-keygen"))
        .status();
    assert!(made.unwrap().success());
    signed.story.write("page.txt", PAGE);
    let mut command = signed
        .story
        .program(&["add", "page.txt", "--slug", "x", "--sign=key"]);
    command
        .env("PATH", format!("{}:{rest}", bin.display()))
        .env("TMPDIR", &scratch)
        .env("LD_DEBUG_OUTPUT", "x");
    assert!(command.output().unwrap().status.success());
    let seen = fs::read_to_string(signed.path("seen")).unwrap();
    assert!(seen.contains("drwx------"), "{seen}");
    assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0);
    let environment = fs::read_to_string(signed.path("env")).unwrap();
    assert!(!environment.contains("LD_DEBUG_OUTPUT"), "{environment}");
}

#[test]
fn a_dry_run_does_not_sign_and_says_so() {
    let signed = Signed::begin();
    signed.key("key", &["ed25519"], "");
    signed.story.write("page.txt", PAGE);
    for verb in ["add", "import"] {
        let before = signed.state();
        let output = signed.story.run(&[verb, "page.txt", "--dry-run", "--sign=key"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("note: a dry run does not sign: the ids will be others"),
            "{said}"
        );
        assert_eq!(signed.state(), before);
    }
}

#[test]
fn what_follows_a_published_revision_is_signed_too() {
    let signed = Signed::begin();
    let public = signed.key("key", &["ed25519"], "");
    signed
        .story
        .add("page.txt", PAGE, &["--slug", "ferry", "--date", "2026-01-22"]);
    let retraction = [
        "retract",
        "2026/01/22/ferry",
        "--note",
        "No source.",
        "-q",
        "--sign=key",
    ];
    let footer = signed.story.yes(&retraction);
    signed.good_for_git(id(&footer), "a", &public);
    signed.story.yes(&["settings", "--title", "Other", "--sign=key"]);
    signed.good_for_git(&signed.tip(), "a", &public);
}

#[test]
fn a_first_commit_and_every_revision_of_an_import_are_signed() {
    let signed = Signed::begin();
    let public = signed.key("key", &["ed25519"], "");
    signed
        .story
        .yes(&["init", "other", "--byline", "Desk", "--sign=key"]);
    let lines: Vec<String> = (1..=30)
        .map(|day| {
            format!(
                "{{\"date\": \"2024-05-{:02}\", \"slug\": \"p{day}\", \"page\": \"第{day}页。\"}}\n",
                1 + day % 28
            )
        })
        .collect();
    signed.story.write("pages.jsonl", lines.concat());
    signed.story.yes(&["import", "pages.jsonl", "-q", "--sign=key"]);
    let ids = signed.story.git(&["rev-list", "main"]);
    let ids: Vec<&str> = ids.lines().collect();
    assert_eq!(ids.len(), 31);
    for id in &ids[..30] {
        signed.good_for_git(id, "a", &public);
    }
    let verified = signed.story.yes(&["verify", "-q"]);
    assert!(verified.starts_with("verified  30 revisions"), "{verified}");
    // The same pages again are no new revisions, signed or not.
    let again = signed.story.yes(&["import", "pages.jsonl"]);
    assert!(again.contains("30 in the archive already"), "{again}");
    let first = archives::git(&signed.path("other"), &["cat-file", "commit", "main"]);
    assert!(first.contains("gpgsig -----BEGIN SSH SIGNATURE-----"), "{first}");
}

/// When the program archives in these tests: `SOURCE_DATE_EPOCH` of a story.
const ARCHIVED: i64 = 1_769_140_800;

impl Signed {
    /// Puts files of keys into the archive's tree, by a commit that git makes.
    fn put(&self, files: &[(&str, &str)]) {
        let mut entries = self.story.git(&["ls-tree", "main"]);
        for (name, text) in files {
            self.story.write(name, text);
            let path = self.path(name).display().to_string();
            let blob = self.story.git(&["hash-object", "-w", &path]);
            entries = entries
                .lines()
                .filter(|line| !line.ends_with(&format!("\t{name}")))
                .fold(String::new(), |kept, line| kept + line + "\n");
            entries += &format!("100644 blob {blob}\t{name}");
        }
        let tree = self.given(&["mktree"], &(entries + "\n"));
        let commit = self.given(&["commit-tree", &tree, "-p", "main"], "Keys.\n");
        self.story.git(&["update-ref", "refs/heads/main", &commit]);
    }

    /// Returns what the program says of a commit's signature.
    fn judged(&self, commit: &str) -> Value {
        let output = self.story.run(&["verify", commit, "--json"]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["answers"][0]["signature"].clone()
    }

    /// Lets git judge by two files.
    fn accepted_by_git(&self, commit: &str, allowed: &str, revoked: &str) -> bool {
        self.story.write("git-allowed", allowed);
        self.story.write("git-revoked", revoked);
        let file = |setting, name| format!("gpg.ssh.{setting}={}", self.path(name).display());
        let allowed = file("allowedSignersFile", "git-allowed");
        let revoked = file("revocationFile", "git-revoked");
        let arguments = ["-c", &allowed, "-c", &revoked, "verify-commit", commit];
        let mut command = git_command(&self.story.archive(), &arguments);
        command.env("TZ", "UTC").output().unwrap().status.success()
    }

    /// Makes a commit like another one, with git's own signature.
    fn signed_by_git(&self, like: &str, key: &str) -> String {
        let body = self.story.git(&["cat-file", "commit", like]);
        let (head, message) = body.split_once("\n\n").unwrap();
        let tree = head.lines().next().unwrap().strip_prefix("tree ").unwrap();
        let key = format!("user.signingkey={}", self.path(key).display());
        let parent = self.story.git(&["rev-parse", &format!("{like}^")]);
        let arguments = [
            "-c",
            "gpg.format=ssh",
            "-c",
            &key,
            "commit-tree",
            "-S",
            tree,
            "-p",
            &parent,
        ];
        self.given(&arguments, &format!("{message}\n"))
    }

    /// Makes a commit like another one, dates included, with ssh-keygen's own signature.
    fn signed_by_hand(&self, like: &str, key: &str, namespace: &str) -> String {
        self.story
            .write("commit", self.story.git(&["cat-file", "commit", like]) + "\n");
        let _ = fs::remove_file(self.path("commit.sig"));
        let made = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .args([self.path(key), self.path("commit")])
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let armour = fs::read_to_string(self.path("commit.sig")).unwrap();
        let header = format!("\ngpgsig {}\n\npublish", armour.trim_end().replace('\n', "\n "));
        self.replaced(like, "\n\npublish", &header)
    }

    /// Writes a commit like another one, in which something is replaced.
    fn replaced(&self, like: &str, from: &str, to: &str) -> String {
        let body = self.story.git(&["cat-file", "commit", like]);
        assert!(body.contains(from), "{body}");
        let body = body.replacen(from, to, 1) + "\n";
        self.given(&["hash-object", "-t", "commit", "-w", "--stdin"], &body)
    }
}

#[test]
fn what_is_signed_with_every_kind_of_key_is_good_here_too() {
    let signed = Signed::begin();
    let keys: Vec<String> = (0..)
        .zip(KINDS)
        .map(|(number, kind)| signed.key(&format!("key-{number}"), kind, ""))
        .collect();
    let allowed: Vec<String> = (0..)
        .zip(&keys)
        .map(|(number, key)| format!("desk-{number} {key}"))
        .collect();
    signed.put(&[("allowed_signers", &allowed.concat())]);
    for (number, key) in keys.iter().enumerate() {
        let (name, slug) = (format!("key-{number}"), format!("page-{number}"));
        let sign = format!("--sign={name}");
        let ours = signed.story.add(
            "page.txt",
            &format!("{PAGE}{number}\n"),
            &["--slug", &slug, &sign],
        );
        let gits = signed.signed_by_git(id(&ours), &name);
        for commit in [id(&ours), &gits] {
            let judged = signed.judged(commit);
            assert_eq!(judged["answer"], "good", "{name}: {judged}");
            assert_eq!(judged["principals"], format!("desk-{number}"));
            signed.good_for_git(commit, &format!("desk-{number}"), key);
            // One byte of what is signed changes, then one of the signature.
            let tampered = signed.replaced(commit, "\ncommitter Desk", "\ncommitter Dusk");
            assert_eq!(signed.judged(&tampered)["answer"], "bad");
            assert!(!signed.accepted_by_git(&tampered, &allowed[number], ""));
        }
    }
}

#[test]
fn each_answer_is_gits_answer() {
    let signed = Signed::begin();
    let [desk, other, early, late, lost, file] =
        ["desk", "other", "early", "late", "lost", "file"].map(|name| signed.key(name, &["ed25519"], ""));
    let allowed = format!(
        "desk {desk}early valid-after=\"20260124Z\" {early}late valid-before=\"20260122Z\" {late}lost {lost}file namespaces=\"file\" {file}ca cert-authority {other}"
    );
    let revoked = format!("# keys that are gone\n{lost}");
    signed.put(&[("allowed_signers", &allowed), ("revoked_keys", &revoked)]);
    let unsigned = signed.story.add("page.txt", PAGE, &["--slug", "page"]);
    assert_eq!(signed.judged(id(&unsigned))["answer"], "unsigned");
    let desk = signed.signed_by_git(id(&unsigned), "desk");
    let by_hand = |namespace: &str| signed.signed_by_hand(id(&unsigned), "desk", namespace);
    let good = by_hand("git");
    let cases = [
        (desk.clone(), "good"),
        (good.clone(), "good"),
        (signed.signed_by_git(id(&unsigned), "other"), "untrusted"),
        (signed.signed_by_git(id(&unsigned), "file"), "untrusted"),
        (signed.signed_by_git(id(&unsigned), "early"), "expired"),
        (signed.signed_by_git(id(&unsigned), "late"), "expired"),
        (signed.signed_by_git(id(&unsigned), "lost"), "revoked"),
        (
            signed.replaced(&desk, "\ncommitter Desk", "\ncommitter Dusk"),
            "bad",
        ),
        (by_hand("file"), "bad"),
        (signed.replaced(&good, "\n U", "\n "), "bad"),
        (
            signed.replaced(
                &good,
                "gpgsig -----BEGIN SSH SIGNATURE-----\n",
                "gpgsig -----BEGIN PGP SIGNATURE-----\n",
            ),
            "unknown",
        ),
    ];
    for (commit, answer) in &cases {
        let judged = signed.judged(commit);
        assert_eq!(judged["answer"], *answer, "{judged}");
        let accepted = signed.accepted_by_git(commit, &allowed, &revoked);
        assert_eq!(accepted, *answer == "good", "git's answer where ours is {judged}");
    }
    let said = |at: usize| signed.judged(&cases[at].0)["said"].as_str().unwrap().to_owned();
    assert_eq!(said(4), "expired: by a key of early that did not count yet");
    assert_eq!(said(5), "expired: by a key of late that no longer counted");
    // A file of revoked keys that cannot be read lets no key count.
    signed.put(&[("revoked_keys", "what is this\n")]);
    assert_eq!(signed.judged(&desk)["answer"], "unknown");
    assert!(!signed.accepted_by_git(&desk, &allowed, "what is this\n"));
}

#[test]
fn a_commit_is_judged_by_the_keys_of_the_one_before() {
    let signed = Signed::begin();
    let public = signed.key("desk", &["ed25519"], "");
    let before = signed
        .story
        .add("page.txt", PAGE, &["--slug", "page", "--sign=desk"]);
    signed.put(&[("allowed_signers", &format!("desk@example.org {public}"))]);
    let after = signed.story.add(
        "page.txt",
        "另一页。\n\nAnother.\n",
        &["--slug", "other", "--sign=desk"],
    );
    assert_eq!(signed.judged(id(&before))["answer"], "untrusted");
    assert_eq!(signed.judged(id(&after))["answer"], "good");
    let told = signed.story.yes(&["verify", id(&after)]);
    assert!(
        told.contains("\n  signature good: by desk@example.org (SHA256:"),
        "{told}"
    );
    let history = signed.story.yes(&["history", "2026/01/23/page"]);
    assert!(
        history.contains("\n     signature untrusted: by a key that the archive did not allow (SHA256:"),
        "{history}"
    );
    let shown: Value = serde_json::from_str(&signed.story.yes(&["show", id(&after), "--json"])).unwrap();
    assert_eq!(shown["signature"]["answer"], "good");
    // Taken away later, the key still counted then; revoked, it never did.
    signed.put(&[("allowed_signers", "")]);
    assert_eq!(signed.judged(id(&after))["answer"], "good");
    let fingerprint = signed.judged(id(&after))["key"].as_str().unwrap().to_owned();
    signed.put(&[("revoked_keys", &format!("{fingerprint} lost on a train\n"))]);
    assert_eq!(signed.judged(id(&after))["answer"], "revoked");
}

#[test]
fn allowed_signers_are_read_as_ssh_keygen_reads_them() {
    let signed = Signed::begin();
    let public = signed.key("lin", &["ed25519"], "");
    let other = signed.key("other", &["ecdsa", "-b", "256"], "");
    signed.story.write("data", "data\n");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", "git", "-f"])
        .args([signed.path("lin"), signed.path("data")])
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let (kind, rest) = public.split_once(' ').unwrap();
    let bare = format!("{kind} {}", rest.split(' ').next().unwrap());
    let lines = [
        "lin KEY",
        "\tlin\tKEY comment more",
        "lin  KEY\r",
        "# lin KEY",
        "\"lin\" KEY",
        "\"a b,lin\" KEY",
        "\"lin KEY",
        "l?n KEY",
        "*,!lin KEY",
        "a,b KEY",
        "lin",
        "KEY",
        "lin OTHER",
        "lin OTHER\nlin KEY",
        "broken\nlin KEY",
        "lin strange KEY",
        "lin cert-authority KEY",
        "lin namespaces=\"git\" KEY",
        "lin NameSpaces=\"git\" KEY",
        "lin namespaces=\"file,git\" KEY",
        "lin namespaces=\"file\" KEY",
        "lin namespaces=\"*,!git\" KEY",
        "lin namespaces=git KEY",
        "lin namespaces=\"git\",namespaces=\"git\" KEY",
        "lin namespaces=\"git\", KEY",
        "lin namespaces=\"git\"valid-after=\"20260101Z\" KEY",
        "lin namespaces=\"git KEY",
        "lin valid-after=\"20260101\" KEY",
        "lin valid-after=\"20260123035959Z\" KEY",
        "lin valid-after=\"20260123040000Z\" KEY",
        "lin valid-after=\"20260123040001Z\" KEY",
        "lin valid-before=\"20260123040000Z\" KEY",
        "lin valid-before=\"20260123035959Z\" KEY",
        "lin valid-after=\"202601230400Z\",valid-before=\"202601230401Z\" KEY",
        "lin valid-after=\"20260125Z\",valid-before=\"20260101Z\" KEY",
        "lin valid-after=\"2026-01-01\" KEY",
        "lin valid-after=\"20260101z\" KEY",
        "lin valid-after=\"202601\" KEY",
        "lin valid-after=\"20261301Z\" KEY",
        "lin valid-after=\"\" KEY",
        "lin ssh-rsa AAAA",
        "",
    ];
    let key = AllowedSigners::parse(format!("lin {bare}").as_bytes()).entries[0]
        .key
        .clone();
    let mut differ = Vec::new();
    let mut accepted = 0;
    for line in lines {
        let text = line.replace("KEY", &bare).replace("OTHER", other.trim_end()) + "\n";
        signed.story.write("table", &text);
        let judged = Command::new("ssh-keygen")
            .args([
                "-Y",
                "verify",
                "-n",
                "git",
                "-I",
                "lin",
                "-Overify-time=20260123040000Z",
                "-f",
            ])
            .arg(signed.path("table"))
            .arg("-s")
            .arg(signed.path("data.sig"))
            .stdin(fs::File::open(signed.path("data")).unwrap())
            .env("TZ", "UTC")
            .output()
            .unwrap();
        let file = AllowedSigners::parse(text.as_bytes());
        let ours = file.find(&key, "git", ARCHIVED).is_some_and(|(entry, validity)| {
            validity == Validity::Valid && matches("lin", &entry.principals)
        });
        accepted += usize::from(ours);
        if ours != judged.status.success() {
            differ.push((line, ours));
        }
    }
    assert!(differ.is_empty(), "read otherwise than by ssh-keygen: {differ:?}");
    assert!(accepted > 10 && accepted < lines.len() - 10, "{accepted}");
}

#[test]
fn signers_are_allowed_given_an_end_and_revoked_by_commits_that_git_and_verify_accept() {
    let signed = Signed::begin();
    let public = signed.key("desk", &["ed25519"], "");
    let key = public.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let in_tree = |name: &str| signed.story.git(&["show", &format!("main:{name}")]);
    assert_eq!(signed.story.yes(&["signers"]), "");
    let allowed = signed
        .story
        .yes(&["signers", "allow", "林 晓", "desk.pub", "--note", "开始"]);
    assert_eq!(id(&allowed), signed.tip());
    let body = signed.story.git(&["log", "-1", "--format=%B", "main"]);
    assert_eq!(
        body.trim_end(),
        "signers: allow 林 晓\n\n开始\n\nArchive-Format: 1"
    );
    assert_eq!(in_tree("allowed_signers"), format!("\"林 晓\" {key}"));
    let page = signed
        .story
        .add("page.txt", PAGE, &["--slug", "page", "--sign=desk"]);
    assert_eq!(signed.judged(id(&page))["answer"], "good");
    let git = signed.accepted_by_git(id(&page), &(in_tree("allowed_signers") + "\n"), "");
    assert!(git);
    // Again, it is so already; with an end, later pages are late and earlier ones stay good.
    let before = signed.state();
    assert_eq!(signed.story.yes(&["signers", "allow", "林 晓", "desk.pub"]), "");
    assert_eq!(signed.state(), before);
    let end = "2026-01-22T12:00:00+08:00";
    signed
        .story
        .yes(&["signers", "allow", "林 晓", "desk.pub", "--valid-before", end]);
    let options = "valid-before=\"20260122040000Z\"";
    assert_eq!(in_tree("allowed_signers"), format!("\"林 晓\" {options} {key}"));
    let late = signed
        .story
        .add("page.txt", "晚了。\n", &["--slug", "late", "--sign=desk"]);
    assert_eq!(signed.judged(id(&late))["answer"], "expired");
    assert_eq!(signed.judged(id(&page))["answer"], "good");
    let print = signed.judged(id(&page))["key"].as_str().unwrap().to_owned();
    let listed = signed.story.yes(&["signers", "list"]);
    assert_eq!(listed, format!("{print}  林 晓, to 2026-01-22T04:00:00+00:00\n"));
    // Revoked by its fingerprint, the key itself is written, which git reads, too.
    signed.story.yes(&["signers", "revoke", &print, "--note", "丢了"]);
    assert_eq!(in_tree("revoked_keys"), key);
    assert_eq!(signed.judged(id(&page))["answer"], "revoked");
    assert!(!signed.accepted_by_git(id(&page), &format!("desk {key}\n"), &format!("{key}\n")));
    let listed = signed.story.yes(&["signers"]);
    assert!(listed.ends_with(", revoked\n"), "{listed}");
    let again = signed.story.program(&["signers", "allow", "desk", "desk.pub"]);
    assert!(signed.refused(again).contains("was revoked"));
    let private = signed.story.program(&["signers", "allow", "desk", "desk"]);
    assert!(signed.refused(private).contains("this is a private key"));
    signed.story.git(&["fsck", "--strict", "--full"]);
    let verified = signed.story.yes(&["verify", "-q"]);
    assert!(
        verified.starts_with("verified  2 revisions of 2 articles"),
        "{verified}"
    );
}

/// Adds a text of the wire format of SSH (RFC 4251): its length in four bytes, and it.
fn put(wire: &mut Vec<u8>, text: &[u8]) {
    wire.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
    wire.extend(text);
}

/// Signs as a security key does (OpenSSH's PROTOCOL.u2f and PROTOCOL.sshsig), with the flags that it would set, and
/// returns the public key's line and the armour.
fn signed_by_security_key(bytes: &[u8], flags: u8) -> (String, String) {
    use ed25519_dalek::Signer as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let (kind, application) = (&b"sk-ssh-ed25519@openssh.com"[..], &b"ssh:"[..]);
    let mut public = Vec::new();
    for part in [kind, key.verifying_key().as_bytes(), application] {
        put(&mut public, part);
    }
    let mut message = b"SSHSIG".to_vec();
    for part in [&b"git"[..], b"", b"sha512", &Sha512::digest(bytes)] {
        put(&mut message, part);
    }
    let counter = 5_u32.to_be_bytes();
    let mut pressed = Sha256::digest(application).to_vec();
    pressed.push(flags);
    pressed.extend(counter);
    pressed.extend(Sha256::digest(&message));
    let mut signature = Vec::new();
    put(&mut signature, kind);
    put(&mut signature, &key.sign(&pressed).to_bytes());
    signature.push(flags);
    signature.extend(counter);
    let mut whole = b"SSHSIG\0\0\0\x01".to_vec();
    for part in [&public[..], b"git", b"", b"sha512", &signature] {
        put(&mut whole, part);
    }
    let digits = base64::encode(&whole);
    let lines: Vec<&str> = (0..digits.len())
        .step_by(70)
        .map(|at| &digits[at..digits.len().min(at + 70)])
        .collect();
    let armour = format!(
        "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----",
        lines.join("\n")
    );
    (
        format!("sk-ssh-ed25519@openssh.com {} sk\n", base64::encode(&public)),
        armour,
    )
}

#[test]
fn what_a_security_key_signed_is_judged_as_git_judges_it() {
    let signed = Signed::begin();
    let (line, _) = signed_by_security_key(b"", 1);
    signed.story.write("sk.pub", &line);
    signed
        .story
        .yes(&["signers", "allow", "desk@example.org", "sk.pub"]);
    let unsigned = signed.story.add("page.txt", PAGE, &["--slug", "sk"]);
    let commit = |flags: u8, also: &str| {
        let body = signed.story.git(&["cat-file", "commit", id(&unsigned)]) + "\n";
        let (_, armour) = signed_by_security_key(body.as_bytes(), flags);
        let header = format!("\ngpgsig {}\n\n", armour.replace('\n', "\n "));
        let body = body.replacen("\n\n", &header, 1) + also;
        let commit = signed.given(&["hash-object", "-t", "commit", "-w", "--stdin"], &body);
        signed.story.git(&["update-ref", "refs/heads/main", &commit]);
        commit
    };
    let touched = commit(1, "");
    let answer = |commit: &str| signed.judged(commit)["answer"].as_str().unwrap().to_owned();
    assert_eq!(answer(&touched), "good");
    let allowed = format!("desk@example.org {line}");
    assert!(signed.accepted_by_git(&touched, &allowed, ""));
    // Nobody touched it, which git takes and this program does not call good.
    let untouched = commit(0, "");
    assert_eq!(answer(&untouched), "unknown");
    assert!(signed.accepted_by_git(&untouched, &allowed, ""));
    let other = commit(1, "Another-Line: x\n");
    assert_eq!(answer(&other), "bad");
    assert!(!signed.accepted_by_git(&other, &allowed, ""));
}

/// Puts a commit on the branch as an attacker with git would: the tip without its signature.
fn strip(signed: &Signed) -> String {
    let body = signed.story.git(&["cat-file", "commit", "main"]) + "\n";
    let (head, rest) = body.split_once("\ngpgsig ").unwrap();
    let (_, message) = rest.split_once("-----END SSH SIGNATURE-----").unwrap();
    let arguments = ["hash-object", "-t", "commit", "-w", "--stdin"];
    let commit = signed.given(&arguments, &format!("{head}{message}"));
    signed.story.git(&["update-ref", "refs/heads/main", &commit]);
    commit
}

/// A story whose archive asks for signatures.
fn asking() -> Signed {
    let signed = Signed::begin();
    signed.key("key", &["ed25519"], "");
    signed
        .story
        .yes(&["signers", "allow", "desk@example.org", "key.pub"]);
    signed
        .story
        .yes(&["settings", "--signatures", "required", "--sign=key"]);
    signed
}

#[test]
fn neither_damage_nor_a_tombstone_spares_a_commit_the_signature_that_was_asked_for() {
    let signed = asking();
    let story = &signed.story;
    let settings = story.git(&["rev-parse", "main:avalaches.json"]);
    let signers = story.git(&["rev-parse", "main:allowed_signers"]);
    let slug = ["--slug", "ferry", "--date", "2026-01-22", "--sign=key"];
    story.add("page.txt", PAGE, &slug);
    let unsigned = strip(&signed);
    story.yes(&["settings", "--signatures", "optional", "--sign=key"]);
    let verdict = || {
        let output = story.run(&["verify", &unsigned, "--json"]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document["answers"][0]["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(verdict(), "unauthorized");
    // Tombstones hide what articles have, and no root file.
    let mut folder = String::new();
    for blob in [&settings, &signers] {
        let tombstone = format!(
            "{{\n  \"blob\": \"{blob}\",\n  \"bytes\": 1,\n  \"note\": \"No.\",\n  \"paths\": [\n    \
             \"articles/2026/01/22/ferry/page.txt\"\n  ],\n  \"revisions\": [\n    \"{unsigned}\"\n  ]\n}}\n"
        );
        let tombstone = signed.given(&["hash-object", "-w", "--stdin"], &tombstone);
        folder += &format!("100644 blob {tombstone}\t{blob}.json\n");
    }
    let folder = signed.given(&["mktree"], &folder);
    let root = story.git(&["ls-tree", "main"]);
    let root = signed.given(&["mktree"], &format!("{root}\n040000 tree {folder}\texpunged\n"));
    let message = "expunge: 2026/01/22/ferry\n\nNo.\n\nArchive-Format: 1\n";
    let commit = signed.given(&["commit-tree", "-p", "main", &root], message);
    story.git(&["update-ref", "refs/heads/main", &commit]);
    assert_eq!(verdict(), "unauthorized");
    let place = story.archive().join("objects").join(&settings[..2]);
    fs::remove_file(place.join(&settings[2..])).unwrap();
    assert_eq!(verdict(), "corrupt");
}

#[test]
fn a_later_revision_that_nobody_signed_is_told_as_unauthorized() {
    let signed = asking();
    let story = &signed.story;
    let slug = ["--slug", "ferry", "--date", "2026-01-22", "--sign=key"];
    let first = story.add("page.txt", PAGE, &slug);
    let article = "2026/01/22/ferry";
    story.yes(&["retract", article, "--note", "Faked.", "--sign=key"]);
    let second = strip(&signed);
    let why = "the archive asked for a good signature, and this is unsigned";
    let said = story.yes(&["verify", &first]);
    assert!(
        said.starts_with("superseded") && said.contains(&format!("    unauthorized: {why}\n")),
        "{said}"
    );
    let answer: Value = serde_json::from_str(&story.yes(&["verify", &first, "--json"])).unwrap();
    let later = &answer["answers"][0]["superseded_by"][0];
    assert_eq!(
        (&later["id"], &later["unauthorized"]),
        (&second.as_str().into(), &why.into())
    );
    for (id, is_told) in [(id(&first), false), (&second, true)] {
        let output = story.run(&["show", id]);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.contains(why), is_told, "{said}");
    }
    let said = story.yes(&["history", article]);
    assert_eq!(
        said.matches(&format!("     unauthorized: {why}\n")).count(),
        1,
        "{said}"
    );
    let history: Value = serde_json::from_str(&story.yes(&["history", article, "--json"])).unwrap();
    let answers = history["revisions"].as_array().unwrap().iter();
    let answers: Vec<(&str, &str)> = answers
        .map(|revision| {
            let answer = revision["signature"]["answer"].as_str().unwrap();
            (answer, revision["signatures"].as_str().unwrap())
        })
        .collect();
    assert_eq!(answers, [("unsigned", "required"), ("good", "required")]);
}

#[test]
fn a_key_that_was_revoked_cannot_take_that_back() {
    let signed = asking();
    let story = &signed.story;
    signed.key("thief", &["ed25519"], "");
    story.yes(&["signers", "allow", "thief@example.org", "thief.pub", "--sign=key"]);
    story.yes(&[
        "signers",
        "revoke",
        "thief.pub",
        "--note",
        "Stolen.",
        "--sign=key",
    ]);
    story.yes(&["verify"]);
    signed.put(&[("revoked_keys", "# nobody\n")]);
    let taken_back = signed.tip();
    for (key, is_missing) in [("thief", true), ("key", false)] {
        let forged = signed.signed_by_git(&taken_back, key);
        story.git(&["update-ref", "refs/heads/main", &forged]);
        let said = String::from_utf8(story.run(&["verify"]).stdout).unwrap();
        let missing = "the archive asked for a good signature, and this is revoked";
        assert_eq!(said.contains(missing), is_missing, "{said}");
        assert_eq!(said.contains("asked for a good signature"), is_missing, "{said}");
    }
}

#[test]
fn an_expired_key_gains_nothing_by_a_commit_that_is_dated_back() {
    let signed = asking();
    let story = &signed.story;
    signed.key("late", &["ed25519"], "");
    let end = ["--valid-before", "2026-01-22", "--sign=key"];
    story.yes(&[&["signers", "allow", "late@example.org", "late.pub"][..], &end].concat());
    let slug = ["--slug", "ferry", "--date", "2026-01-20", "--sign=key"];
    story.add("page.txt", PAGE, &slug);
    let unsigned = strip(&signed);
    let (now, then) = ("committer Desk <> 1769140800", "committer Desk <> 1768953600");
    let back = signed.replaced(&unsigned, now, then);
    let forged = signed.signed_by_hand(&back, "late", "git");
    story.git(&["update-ref", "refs/heads/main", &forged]);
    let output = story.run(&["verify", &forged]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("corrupt"), "{said}");
    let expired = "expired: by a key of late@example.org that no longer counted";
    assert!(said.contains(expired), "{said}");
    assert!(story.yes(&["history", "2026/01/20/ferry"]).contains(expired));
    assert_eq!(signed.judged(&forged)["answer"], "expired");
}
