//! Signed commits: ours against the real git and ssh-keygen.

#[path = "support/archives.rs"]
mod archives;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use archives::{Story, git_command};

const PAGE: &str = "渡船明天停航。\n\nThe ferry stops tomorrow.\n";

/// A story with keys.
struct Signed {
    story: Story,
}

impl Signed {
    fn begin() -> Self {
        let there = Command::new("ssh-keygen").arg("-?").output();
        assert!(
            there.is_ok(),
            "these tests need OpenSSH: there is no ssh-keygen on PATH"
        );
        Self {
            story: Story::begin(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.story.folder.path().join(name)
    }

    /// Makes a key with a name and returns the public one.
    fn key(&self, name: &str, kind: &[&str], passphrase: &str) -> String {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-C", name, "-N", passphrase, "-f"])
            .arg(self.path(name))
            .arg("-t")
            .args(kind)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap()
    }

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

    fn tip(&self) -> String {
        self.story.git(&["rev-parse", "main"])
    }

    /// Returns how many files an archive has in its store, and its tip: what a refused command leaves as it was.
    fn state(&self) -> (String, String) {
        (self.story.git(&["count-objects", "-v"]), self.tip())
    }

    /// Runs a command that has to be refused, with nothing written, and returns what it said.
    fn refused(&self, mut command: Command) -> String {
        let before = self.state();
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(self.state(), before);
        said
    }
}

fn id(footer: &str) -> &str {
    footer.trim_end().rsplit(' ').next().unwrap()
}

#[test]
fn git_accepts_what_is_signed_with_every_kind_of_key() {
    let signed = Signed::begin();
    let kinds: [&[&str]; 5] = [
        &["ed25519"],
        &["ecdsa", "-b", "256"],
        &["ecdsa", "-b", "384"],
        &["ecdsa", "-b", "521"],
        &["rsa", "-b", "3072"],
    ];
    for (number, kind) in kinds.iter().enumerate() {
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
