//! Outside time for checkpoints: a time stamping authority of the test's own, made with openssl; and a stand-in for `ots`,
//! which asks other machines.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use avalaches::storage::timestamp::{self, Tool};
use sha2::Digest as _;
use support::archives::Story;
use support::logged::{self, says};

mod support {
    pub mod archives;
    pub mod logged;
}

/// An archive with a log and a revision.
fn begin() -> Story {
    let (story, _) = logged::begin();
    story.add("a.txt", "一。", &[]);
    story
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output();
    let output = output.expect("this test needs OpenSSL: there is no openssl on PATH");
    assert!(
        output.status.success(),
        "{arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

const CONFIGURATION: &str = "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\ncrypto_device = builtin\nsigner_digest = sha256\n\
    default_policy = 1.2.3.4.1\ndigests = sha256\naccuracy = secs:1\ness_cert_id_alg = sha256\n";

/// Makes an authority in a folder and lets it answer; returns its address. Its certificates are in `ca.pem`.
fn authority(folder: &Path) -> String {
    authority_behind(folder, |reply, _| reply.to_vec())
}

/// The same, with somebody between it and whoever asks, who is handed each answer and the query, and passes on what they like.
fn authority_behind(folder: &Path, pass: impl Fn(&[u8], &Path) -> Vec<u8> + Send + 'static) -> String {
    fs::write(folder.join("ext"), "extendedKeyUsage = critical,timeStamping\n").unwrap();
    fs::write(folder.join("tsa.cnf"), CONFIGURATION).unwrap();
    fs::write(folder.join("serial"), "01\n").unwrap();
    openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 3650",
    );
    openssl(
        folder,
        "req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=tsa",
    );
    openssl(
        folder,
        "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile ext -out tsa.pem",
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/tsa", listener.local_addr().unwrap());
    let folder = folder.to_owned();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut query = vec![0; length];
            reader.read_exact(&mut query).unwrap();
            let asked = folder.join("query");
            fs::write(&asked, query).unwrap();
            openssl(
                &folder,
                "ts -reply -config tsa.cnf -queryfile query -inkey tsa.key -signer tsa.pem -out reply",
            );
            let reply = pass(&fs::read(folder.join("reply")).unwrap(), &asked);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                reply.len()
            );
            stream.write_all(&[head.as_bytes(), &reply].concat()).unwrap();
        }
    });
    address
}

#[test]
fn a_checkpoint_is_stamped_by_an_authority_and_the_stamp_is_checked() {
    let story = begin();
    let authorities = tempfile::tempdir().unwrap();
    let address = authority(authorities.path());
    let others = tempfile::tempdir().unwrap();
    authority(others.path());
    let ca = |folder: &Path| folder.join("ca.pem").to_str().unwrap().to_owned();
    let (own, other) = (ca(authorities.path()), ca(others.path()));
    let checkpoint = ["checkpoint", "--key", "log.key", "--timestamp", &address];
    let said = says(&story, &[&checkpoint[..], &["--tsa-ca", &other]].concat(), 2);
    assert!(said.contains("openssl ended with"), "{said}");
    let tip = story.git(&["rev-parse", "main"]);
    assert_eq!(
        story.git(&["ls-tree", "--name-only", &tip, "checkpoint.tsr"]),
        "",
        "the stamp is not kept"
    );
    let said = says(&story, &[&checkpoint[..], &["--tsa-ca", &own]].concat(), 0);
    assert!(said.contains("the checkpoint existed before 20"), "{said}");
    assert_eq!(
        story.git(&["log", "-1", "--format=%s"]),
        "checkpoint: checkpoint.tsr"
    );
    // By openssl alone, as anybody would.
    let folder = story.folder.path();
    for file in ["checkpoint", "checkpoint.tsr"] {
        let output =
            support::archives::git_command(&story.archive(), &["cat-file", "blob", &format!("main:{file}")])
                .output()
                .unwrap();
        fs::write(folder.join(file), output.stdout).unwrap();
    }
    openssl(
        folder,
        &format!("ts -verify -data checkpoint -in checkpoint.tsr -CAfile {own}"),
    );
    let said = story.yes(&["log"]);
    assert!(
        said.contains("  existed before 20") && said.contains("as an authority says"),
        "{said}"
    );
    let said = story.yes(&["log", "--tsa-ca", &own]);
    assert!(said.contains("the authority is vouched for"), "{said}");
    let said = story.yes(&["log", "--tsa-ca", &other]);
    assert!(said.contains("nobody vouches for the authority"), "{said}");
    // A later checkpoint has none yet, and the earlier one keeps its own.
    story.add("b.txt", "二。", &[]);
    story.yes(&["checkpoint", "--key", "log.key"]);
    let said = story.yes(&["log", "--tsa-ca", &own]);
    assert_eq!(said.matches("vouched for").count(), 1, "{said}");
    story.yes(&["verify"]);
    story.git(&["fsck", "--strict", "--full"]);
    // A token of the earlier one proves nothing of the later.
    assert!(!said.contains("proves nothing"), "{said}");
}

/// What an authority answered in 2020, of which the certificate ended a year later, and the certificate of who vouched for it: of
/// the bytes `avalaches` and LF, by a clock that may be wrong by two hours.
const OF_2020: &[u8] = include_bytes!("stamps/2020.tsr");
const VOUCHED_IN_2020: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stamps/2020.pem");

#[test]
fn a_stamp_stays_good_after_the_end_of_the_certificate_and_says_no_earlier_time_than_its_clock_may_mean() {
    let scratch = tempfile::tempdir().unwrap();
    let program = |name: &str, script: &str| {
        let program = scratch.path().join(name);
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Tool {
            program,
            environment: std::env::vars_os().collect(),
            scratch: scratch.path().to_owned(),
        }
    };
    let openssl = program("new", "#!/bin/sh\nexec openssl \"$@\"\n");
    let digest: [u8; 32] = sha2::Sha256::digest(b"avalaches\n").into();
    let stamp = timestamp::read(&openssl, OF_2020, &digest).unwrap();
    assert_eq!(stamp.date().unwrap().to_string(), "2020-05-20T20:40:01+00:00");
    let verify =
        |openssl, digest, authorities: &Path| timestamp::verify(openssl, OF_2020, stamp, digest, authorities);
    let vouched = Path::new(VOUCHED_IN_2020);
    verify(&openssl, &digest, vouched).unwrap();
    assert!(verify(&openssl, &[7; 32], vouched).is_err());
    authority(scratch.path());
    assert!(verify(&openssl, &digest, &scratch.path().join("ca.pem")).is_err());
    // One that knows no other time than now is not asked for another.
    let old =
        "#!/bin/sh\ncase \"$*\" in\n*-attime*) exit 3 ;;\n*-help) exit 1 ;;\nesac\nexec openssl \"$@\"\n";
    let said = verify(&program("old", old), &digest, vouched)
        .unwrap_err()
        .to_string();
    assert!(!said.contains("exit status: 3"), "{said}");
}

/// Returns a value in DER.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[tag, 0x82][..], &length, value].concat()
}

/// Wraps the token of an answer anew: its status says in words what openssl prints of a token, with another time.
fn with_another_time(reply: &[u8], query: &Path) -> Vec<u8> {
    let (header, status) = (4, 5);
    assert_eq!((reply[1], reply[header]), (0x82, 0x30));
    let token = &reply[header + 2 + usize::from(reply[status])..];
    let output = Command::new("openssl")
        .args(["ts", "-query", "-text", "-in"])
        .arg(query)
        .output()
        .unwrap();
    let asked = String::from_utf8(output.stdout).unwrap();
    let (_, digest) = asked.split_once("Message data:").unwrap();
    let (digest, _) = digest.split_once("Policy OID").unwrap();
    let words =
        format!("fine\nHash Algorithm: sha256\nMessage data:{digest}Time stamp: Jan  1 00:00:00 2001 GMT\n");
    let status = [der(0x02, &[0]), der(0x30, &der(0x0c, words.as_bytes()))].concat();
    der(0x30, &[&der(0x30, &status), token].concat())
}

#[test]
fn whoever_passes_a_token_on_cannot_change_its_time() {
    let story = begin();
    let authorities = tempfile::tempdir().unwrap();
    let address = authority_behind(authorities.path(), with_another_time);
    let own = authorities.path().join("ca.pem").to_str().unwrap().to_owned();
    let checkpoint = [
        "checkpoint",
        "--key",
        "log.key",
        "--timestamp",
        &address,
        "--tsa-ca",
        &own,
    ];
    let said = says(&story, &checkpoint, 0);
    assert!(
        said.contains("the checkpoint existed before 20") && !said.contains("before 2001"),
        "{said}"
    );
    let said = story.yes(&["log", "--tsa-ca", &own]);
    assert!(
        said.contains("is vouched for") && !said.contains("before 2001"),
        "{said}"
    );
}

#[test]
fn an_answer_that_is_no_timestamp_is_refused_with_its_address() {
    let story = begin();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        }
    });
    let said = says(
        &story,
        &["checkpoint", "--key", "log.key", "--timestamp", &address],
        2,
    );
    assert!(
        said.contains(&address) && said.contains("in place of a timestamp"),
        "{said}"
    );
    assert_eq!(
        story.git(&["log", "-1", "--format=%s"]),
        "checkpoint: 1 revision",
        "the checkpoint stands"
    );
}

#[test]
fn ots_is_called_with_the_checkpoint_and_its_stamp_is_kept() {
    let story = begin();
    let folder = story.folder.path();
    let path = std::env::var("PATH").unwrap();
    let said = says(&story, &["checkpoint", "--key", "log.key", "--ots"], 2);
    assert!(
        said.contains("there is no ots on PATH") && said.contains("pip install"),
        "{said}"
    );
    fs::create_dir(folder.join("bin")).unwrap();
    let program = "#!/bin/sh\nset -e\ncase \"$1 $2\" in\n'stamp checkpoint') { echo stamped; cat checkpoint; } > checkpoint.ots ;;\n\
        'verify checkpoint.ots') { echo stamped; cat checkpoint; } | cmp - checkpoint.ots >&2 && echo 'Success! Bitcoin block 1' ;;\n\
        *) exit 3 ;;\nesac\n";
    let ots = folder.join("bin/ots");
    fs::write(&ots, program).unwrap();
    fs::set_permissions(&ots, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{path}", folder.join("bin").display());
    let run = |arguments: &[&str]| {
        let output = story.program(arguments).env("PATH", &path).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    run(&["checkpoint", "--key", "log.key", "--ots"]);
    let kept = story.git(&["cat-file", "blob", "main:checkpoint.ots"]);
    assert_eq!(
        kept,
        format!("stamped\n{}", story.git(&["cat-file", "blob", "main:checkpoint"]))
    );
    assert!(run(&["log"]).contains("has a stamp of OpenTimestamps"));
    assert!(run(&["log", "--ots"]).contains("ots: Success! Bitcoin block 1"));
}
