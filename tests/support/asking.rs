//! Archives that ask for signatures, with the keys of those who may sign and of those who may not.

use std::fs;
use std::process::{Command, Stdio};

use super::signed::{Signed, id};

pub const PAGE: &str = "渡船明天停航。\n\nThe ferry stops tomorrow.\n";
pub const OTHER: &str = "桥今天通车。\n\nThe bridge opened today.\n";

/// What the program printed and how it ended.
pub struct Said {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Signed {
    /// Runs the program with a key to sign with, or without one.
    pub fn with_key(&self, key: Option<&str>, arguments: &[&str]) -> Said {
        let output = self.command(key, arguments).output().unwrap();
        Said {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn command(&self, key: Option<&str>, arguments: &[&str]) -> Command {
        let mut command = self.story.program(arguments);
        if let Some(key) = key {
            command.env("AVALACHES_SIGNING_KEY", self.path(key));
        }
        command
    }

    /// Runs the program, which signs with the desk's key and has to answer yes; returns the last id it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let said = self.with_key(Some("desk"), arguments);
        assert_eq!(said.status, Some(0), "{arguments:?}: {}", said.err);
        id(&said.out).to_owned()
    }

    /// A story whose archive asks for signatures, by the keys of the desk and of the night; the id of the commit by which
    /// it does so.
    pub fn asking() -> (Self, String) {
        let signed = Self::begin();
        signed.allowing();
        let asks = signed.done(&["settings", "--signatures", "required"]);
        (signed, asks)
    }

    /// Makes keys and lets those of the desk and of the night count.
    pub fn allowing(&self) {
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
    pub fn taken_apart(&self, commit: &str) -> (String, Option<String>) {
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
    pub fn put(&self, body: &str, header: &str) -> String {
        let (head, message) = body.split_once("\n\n").unwrap();
        let body = format!("{head}{header}\n\n{message}");
        let commit = self.given(&["hash-object", "-t", "commit", "-w", "--stdin"], &body);
        self.story.git(&["update-ref", "refs/heads/main", &commit]);
        commit
    }

    /// Signs the bytes of a commit by hand and returns the header.
    pub fn header(&self, body: &str, key: &str) -> String {
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

    pub fn settings(&self) -> String {
        self.story.git(&["show", "main:avalaches.json"]) + "\n"
    }
}
