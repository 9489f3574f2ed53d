//! Witnesses: real processes that are asked for cosignatures, killed, asked by liars, and shown two faces of one log.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask git")]
mod archives;
#[path = "support/folders.rs"]
mod folders;
#[path = "support/http.rs"]
#[allow(dead_code, reason = "other stories ask otherwise")]
mod http;
#[path = "support/strace.rs"]
#[allow(dead_code, reason = "other stories have more faults")]
mod strace;

use std::fs;
use std::io::Write as _;

use archives::Story;
use avalaches::tlog::add_checkpoint::AddCheckpoint;
use avalaches::tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use avalaches::tlog::key::{KeyKind, SignerKey, VerifierKey};
use avalaches::tlog::merkle::{Nodes as _, Tree, leaf_hash};
use avalaches::tlog::note::SignatureLine;
use avalaches::tlog::witness::origin_digest;
use http::{Answer, Server, posted, read, unprivileged};
use strace::Traced;

const ORIGIN: &str = "example.org/新闻";

/// A log that is nothing but its tree.
struct Log {
    key: SignerKey,
    tree: Tree,
}

impl Log {
    /// A log whose leaves are of one face up to a size.
    fn of(face: &str, size: u64) -> Self {
        Self {
            key: SignerKey::new(ORIGIN, KeyKind::Note, [7; 32]).unwrap(),
            tree: Tree::of((0..size).map(|number| leaf_hash(format!("{face} {number}").as_bytes()))),
        }
    }

    fn signed(&self, size: u64) -> SignedCheckpoint {
        let Ok(root) = self.tree.root(size);
        let checkpoint = Checkpoint {
            origin: ORIGIN.to_owned(),
            size,
            root,
            extensions: Vec::new(),
        };
        SignedCheckpoint::signed(checkpoint, &self.key)
    }

    fn request(&self, old: u64, size: u64) -> String {
        let Ok(proof) = self.tree.consistency(old, size);
        let checkpoint = self.signed(size).to_string();
        AddCheckpoint {
            old,
            proof,
            checkpoint,
        }
        .to_string()
    }
}

/// A story with keys `log.key` and `w.key`, and the public half of that one.
fn story() -> (Story, VerifierKey) {
    story_with(&[])
}

/// The same, where the witness's key is made with more options.
fn story_with(options: &[&str]) -> (Story, VerifierKey) {
    let story = Story::begin();
    let log = Log::of("", 0);
    story.write("log.key", log.key.secret_text());
    let make = [&["key", "new", "w.example/一", "w.key", "--witness"], options].concat();
    let key = story.yes(&make);
    assert_eq!(story.yes(&["key", "show", "w.key"]), key);
    (story, key.trim().parse().unwrap())
}

/// The options of a witness of the log.
fn options() -> Vec<String> {
    let log = Log::of("", 0).key.public().to_string();
    ["witness", "--key", "w.key", "--state", "state", "--log", &log]
        .map(str::to_owned)
        .to_vec()
}

fn witness(story: &Story) -> Server {
    let options = options();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    Server::begun(story, story.program(&options), &[])
}

fn ask(witness: &Server, request: &str) -> Answer {
    witness.send(&posted("/add-checkpoint", "text/plain", request.as_bytes()))
}

fn address() -> String {
    format!("/{}/checkpoint", origin_digest(ORIGIN))
}

/// Asserts that a witness cosigned a checkpoint.
fn assert_cosigned(answer: &Answer, signed: &SignedCheckpoint, key: &VerifierKey) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut signed = signed.clone();
    signed.add(SignatureLine::parse_all(answer.text()).unwrap());
    assert!(matches!(signed.cosignature_of(key), Some(Some(_))), "{signed}");
}

/// Returns the size that the witness cosigned last, by what it tells monitors; the whole checkpoint has to be good.
fn known(witness: &Server, key: &VerifierKey) -> u64 {
    let answer = witness.get(&address());
    if answer.status == 404 {
        return 0;
    }
    let signed = SignedCheckpoint::parse(answer.text()).unwrap();
    assert_eq!(signed.is_signed_by(Log::of("", 0).key.public()), Some(true));
    assert!(matches!(signed.cosignature_of(key), Some(Some(_))));
    signed.checkpoint.size
}

#[test]
fn a_witness_cosigns_what_goes_on_and_says_otherwise_what_the_specification_says() {
    let (story, key) = story();
    let witness = witness(&story);
    let log = Log::of("face", 9);
    assert_eq!(witness.get(&address()).status, 404);
    assert_cosigned(&ask(&witness, &log.request(0, 3)), &log.signed(3), &key);
    let answer = ask(&witness, &log.request(0, 9));
    assert_eq!((answer.status, answer.text()), (409, "3\n"));
    assert_eq!(answer.header("content-type"), "text/x.tlog.size");
    assert_cosigned(&ask(&witness, &log.request(3, 9)), &log.signed(9), &key);
    assert_cosigned(&ask(&witness, &log.request(9, 9)), &log.signed(9), &key);
    assert_eq!(known(&witness, &key), 9);
    let fork = Log::of("other", 12);
    for (request, status) in [
        (fork.request(9, 12), 422),
        (fork.request(9, 9), 422),
        (log.request(3, 3), 409),
        ("old 0\n\n中文\n".to_owned(), 400),
        (log.request(9, 9).replace("\n9\n", "\n8\n"), 403),
        (log.request(9, 9).replace(ORIGIN, "example.org/别的"), 404),
    ] {
        let answer = ask(&witness, &request);
        assert_eq!(answer.status, status, "{request}: {answer:?}");
    }
    assert_eq!(known(&witness, &key), 9);
    // Strangers: too much, too little, elsewhere.
    let much = posted("/add-checkpoint", "text/plain", &vec![b'x'; 300 << 10]);
    assert_eq!(witness.send(&much).status, 413);
    assert_eq!(witness.get("/add-checkpoint").status, 405);
    for path in [
        "/",
        "/x/checkpoint",
        "/../w.key",
        "/lock/checkpoint",
        "/..%2flock/checkpoint",
    ] {
        assert_eq!(witness.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_stranger_who_repeats_the_logs_line_is_in_nobodys_way() {
    let (story, key) = story();
    let witness = witness(&story);
    let log = Log::of("face", 9);
    let mut repeated = log.signed(3);
    repeated.note.signatures = vec![repeated.note.signatures[0].clone(); 64];
    let mut request = AddCheckpoint::parse(&log.request(0, 3)).unwrap();
    request.checkpoint = repeated.to_string();
    assert_cosigned(&ask(&witness, &request.to_string()), &log.signed(3), &key);
    assert_eq!(known(&witness, &key), 3);
    assert_cosigned(&ask(&witness, &log.request(3, 9)), &log.signed(9), &key);
}

#[test]
fn a_witness_may_sign_by_ml_dsa() {
    let (story, key) = story_with(&["--ml-dsa"]);
    assert_eq!(key.public().len(), 1312);
    let witness = witness(&story);
    let log = Log::of("face", 9);
    let answer = ask(&witness, &log.request(0, 3));
    assert_cosigned(&answer, &log.signed(3), &key);
    let line = answer.text().rsplit(' ').next().unwrap();
    assert_eq!(
        avalaches::base64::decode(line.trim_end()).unwrap().len(),
        4 + 8 + 2420
    );
    drop(witness);
    let witness = self::witness(&story);
    assert_eq!(known(&witness, &key), 3);
    assert_cosigned(&ask(&witness, &log.request(3, 9)), &log.signed(9), &key);
    assert_eq!(ask(&witness, &Log::of("other", 12).request(9, 12)).status, 422);
    // Whose word counts: the policy names such a key as it names others.
    let log_key = log.key.public();
    let policy = format!("log {log_key}\nwitness w {key}\nquorum w\n");
    let policy = avalaches::tlog::policy::Policy::parse(&policy).unwrap();
    let mut signed = log.signed(9);
    assert!(!policy.weigh(&signed).is_enough);
    let lines = ask(&witness, &log.request(9, 9));
    signed.add(SignatureLine::parse_all(lines.text()).unwrap());
    assert!(policy.weigh(&signed).is_enough);
}

#[test]
fn a_request_that_is_read_is_answered_at_the_end_and_what_was_cosigned_is_known_afterwards() {
    let (story, key) = story();
    let log = Log::of("face", 9);
    let mut first = witness(&story);
    let request = posted("/add-checkpoint", "text/plain", log.request(0, 3).as_bytes());
    let mut stream = first.connect();
    let (begin, end) = request.split_at(request.len() - 10);
    stream.write_all(begin).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    first.terminate();
    std::thread::sleep(std::time::Duration::from_millis(200));
    stream.write_all(end).unwrap();
    assert_cosigned(&read(&mut stream), &log.signed(3), &key);
    assert!(first.ended().success());
    for size in 4..=9 {
        let mut witness = witness(&story);
        assert_eq!(known(&witness, &key), size - 1);
        assert_eq!(
            ask(&witness, &Log::of("other", 9).request(size - 1, size)).status,
            422
        );
        assert_cosigned(
            &ask(&witness, &log.request(size - 1, size)),
            &log.signed(size),
            &key,
        );
        witness.kill();
    }
}

#[test]
fn a_user_without_rights_can_be_a_witness_and_nonsense_does_not_stop_it() {
    let (story, key) = story();
    let log = Log::of("a", 30);
    let mut command = unprivileged(&story);
    command.args(options());
    let witness = Server::begun(&story, command, &[]);
    assert_cosigned(&ask(&witness, &log.request(0, 10)), &log.signed(10), &key);
    // Clients that are silent, say the half, or say too much.
    let silent: Vec<_> = (0..16).map(|_| witness.connect()).collect();
    let mut half = witness.connect();
    half.write_all(b"POST /add-checkpoint HTTP/1.1\r\nContent-Le")
        .unwrap();
    let endless = "x".repeat(1 << 20);
    let bodies = [
        endless.as_str(),
        "",
        "old 10",
        "old 99999999999999999999\n\n",
        "\0\u{202e}\r\n",
    ];
    for body in bodies {
        let answer = ask(&witness, body);
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
    for path in [
        "/../w.key",
        "/%2e%2e/w.key",
        "/state",
        "//",
        "/add-checkpoint/..%2fw.key",
        &format!("/{endless}"),
    ] {
        let answer = witness.get(path);
        assert!((400..500).contains(&answer.status), "{path:.40}: {answer:?}");
    }
    let liar = [
        "HTTP/9 /",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "\x16\x03\x01\x02",
    ];
    for said in liar {
        let mut stream = witness.connect();
        let _ = stream.write_all(said.as_bytes());
    }
    assert_cosigned(&ask(&witness, &log.request(10, 30)), &log.signed(30), &key);
    assert_eq!(known(&witness, &key), 30);
    drop((silent, half));
}

#[test]
fn two_processes_with_one_folder_cosign_one_history() {
    let (story, key) = story();
    let (one, other) = (witness(&story), witness(&story));
    let faces = [Log::of("one", 40), Log::of("other", 40)];
    std::thread::scope(|scope| {
        let cosigned: Vec<_> = [&one, &other]
            .into_iter()
            .zip(&faces)
            .map(|(witness, face)| scope.spawn(move || ask(witness, &face.request(0, 1)).status == 200))
            .collect();
        let answers = cosigned.into_iter().map(|thread| thread.join().unwrap());
        let count = answers.filter(|is_cosigned| *is_cosigned).count();
        assert_eq!(count, 1, "one of two faces");
    });
    let size = known(&one, &key);
    assert_eq!((size, known(&other, &key)), (1, 1));
    // Both grow the one that was seen, each where the other left off.
    let root = witness_root(&one);
    let face = faces
        .iter()
        .find(|face| face.signed(1).checkpoint.root == root)
        .unwrap();
    for size in 2..20 {
        let witness = if size % 2 == 0 { &one } else { &other };
        assert_cosigned(
            &ask(witness, &face.request(size - 1, size)),
            &face.signed(size),
            &key,
        );
    }
}

fn witness_root(witness: &Server) -> avalaches::tlog::merkle::Hash {
    let answer = witness.get(&address());
    SignedCheckpoint::parse(answer.text()).unwrap().checkpoint.root
}

#[test]
fn a_kill_at_every_write_leaves_the_old_checkpoint_or_the_new_one_and_no_cosignature_is_forgotten() {
    if !strace::is_here() {
        return;
    }
    let (story, key) = story();
    let log = Log::of("face", 60);
    assert_cosigned(&ask(&witness(&story), &log.request(0, 1)), &log.signed(1), &key);
    let options = options();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let traced = Traced {
        arguments: &options,
        calls: "fsync,rename",
    };
    let mut sizes = Vec::new();
    for fault in [
        "fsync:signal=KILL:when=1",
        "rename:signal=KILL:when=1",
        "fsync:signal=KILL:when=2",
    ] {
        let mut killed = Server::begun(&story, traced.faulty(&story, fault), &[]);
        let before = known(&killed, &key);
        let mut stream = killed.connect();
        let request = log.request(before, before + 1);
        stream
            .write_all(&posted("/add-checkpoint", "text/plain", request.as_bytes()))
            .unwrap();
        let mut said = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut said);
        assert!(said.is_empty(), "{fault}: answered by one that was killed");
        killed.ended();
        let again = witness(&story);
        let after = known(&again, &key);
        assert!(
            after == before || after == before + 1,
            "{fault}: {before}, then {after}"
        );
        sizes.push(after - before);
        let answer = ask(&again, &log.request(after, after + 1));
        assert_cosigned(&answer, &log.signed(after + 1), &key);
    }
    // What is renamed is there, even if nobody was told.
    assert_eq!(sizes, [0, 0, 1]);
}

#[test]
fn a_state_that_is_damaged_or_another_s_is_not_gone_on_from() {
    let (story, key) = story();
    let log = Log::of("face", 9);
    let witness = witness(&story);
    assert_cosigned(&ask(&witness, &log.request(0, 3)), &log.signed(3), &key);
    let file = story.folder.path().join("state").join(origin_digest(ORIGIN));
    let good = fs::read_to_string(&file).unwrap();
    for bad in [
        "",
        "nonsense",
        &good.replace("\n3\n", "\n2\n"),
        &good[..good.len() - 30],
    ] {
        fs::write(&file, bad).unwrap();
        for request in [log.request(0, 3), log.request(3, 9), log.request(2, 9)] {
            let answer = ask(&witness, &request);
            assert_eq!(answer.status, 500, "{answer:?}");
            assert!(
                !answer.text().contains("state/"),
                "nothing of the machine is told"
            );
        }
        assert_eq!(witness.get(&address()).status, 500);
    }
    assert!(witness.errors().contains("put it back"), "{}", witness.errors());
    fs::write(&file, good).unwrap();
    assert_cosigned(&ask(&witness, &log.request(3, 9)), &log.signed(9), &key);
}

#[test]
fn a_witness_wants_its_own_kind_of_key_and_a_log_s() {
    let (story, key) = story();
    let says = |arguments: &[&str], what: &str| {
        let output = story.run(&[&["witness", "--state", "state"], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(what), "{said}");
        assert!(!story.folder.path().join("state").exists());
    };
    let log = Log::of("", 0).key.public().to_string();
    says(
        &["--key", "log.key", "--log", &log],
        "key new NAME FILE --witness",
    );
    says(
        &["--key", "w.key", "--log", &key.to_string()],
        "is the key of a witness",
    );
    says(&["--key", "w.key", "--log", "中文"], "a key is written");
    says(&["--key", "w.key"], "--log");
}

/// One publisher: archives that are signed with one key, and witnesses.
struct Publisher {
    faces: Vec<Story>,
    keys: Vec<VerifierKey>,
}

impl Publisher {
    /// Makes archives of two articles each, no article in both, and keys `w1.key` and so on of witnesses.
    fn with(faces: usize, witnesses: usize) -> Self {
        let faces: Vec<Story> = (0..faces)
            .map(|face| {
                let story = Story::begin();
                let log = Log::of("", 0);
                story.write("log.key", log.key.secret_text());
                story.yes(&["settings", "--log-key", &log.key.public().to_string()]);
                for number in 0..2 {
                    let slug = format!("{face}-{number}");
                    story.add(
                        "page.txt",
                        &format!("第{face}面第{number}篇。"),
                        &["--slug", &slug],
                    );
                }
                story
            })
            .collect();
        let key = |number: usize| {
            let (name, file) = (format!("w{number}.example"), format!("w{number}.key"));
            let key = faces[0].yes(&["key", "new", &name, &file, "--witness"]);
            key.trim().parse().unwrap()
        };
        let keys = (1..=witnesses).map(key).collect();
        Self { faces, keys }
    }

    /// Runs a witness, by its number from 1.
    fn witness(&self, number: usize) -> Server {
        let (key, state) = (format!("w{number}.key"), format!("state{number}"));
        let log = Log::of("", 0).key.public().to_string();
        let options = ["witness", "--key", &key, "--state", &state, "--log", &log];
        Server::begun(&self.faces[0], self.faces[0].program(&options), &[])
    }

    /// Writes the policy that two of the witnesses are enough, beside every archive; one without a port has no address.
    fn policy(&self, ports: &[Option<u16>]) {
        let mut text = String::from("# 见证人\n");
        for (number, (key, port)) in (1..).zip(self.keys.iter().zip(ports)) {
            let url = port.map_or(String::new(), |port| format!(" http://127.0.0.1:{port}/"));
            text.push_str(&format!("witness w{number} {key}{url}\n"));
        }
        let names: Vec<String> = (1..=ports.len()).map(|number| format!("w{number}")).collect();
        text.push_str(&format!("group two 2 {}\nquorum two\n", names.join(" ")));
        for face in &self.faces {
            face.write("policy", &text);
        }
    }
}

/// Signs a checkpoint and has it witnessed; returns what was printed and said.
fn have_it_witnessed(story: &Story, status: i32) -> (String, String) {
    let output = story.run(&["checkpoint", "--key", "log.key", "--policy", "policy"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}

#[test]
fn who_was_shown_one_face_refuses_the_other_and_what_is_signed_is_evidence() {
    let publisher = Publisher::with(2, 3);
    let [one, other] = publisher.faces.as_slice() else {
        unreachable!()
    };
    let (mut first, mut second, mut third) =
        (publisher.witness(1), publisher.witness(2), publisher.witness(3));
    let ports = [&first, &second, &third].map(|witness| Some(witness.port));
    // The first face, while one witness cannot be reached.
    third.kill();
    publisher.policy(&ports);
    let (printed, said) = have_it_witnessed(one, 0);
    assert_eq!(printed.lines().count(), 2, "two footers: {printed}");
    assert!(
        said.contains("w3 did not cosign: could not ask http://127.0.0.1:"),
        "{said}"
    );
    assert!(
        said.contains("w1 cosigned, 20") && said.contains("quorum is met"),
        "{said}"
    );
    assert_eq!(
        one.git(&["log", "-2", "--format=%s"]),
        "checkpoint: cosigned by w1.example, w2.example\ncheckpoint: 2 revisions"
    );
    one.yes(&["verify"]);
    one.yes(&["audit"]);
    // The other face: only who has not seen the first one cosigns it.
    let third = publisher.witness(3);
    let ports = [Some(first.port), Some(second.port), Some(third.port)];
    publisher.policy(&ports);
    let (printed, said) = have_it_witnessed(other, 1);
    assert_eq!(printed.lines().count(), 2, "{printed}");
    for refused in ["w1", "w2"] {
        let what = format!(
            "{refused} did not cosign: it cosigned a checkpoint of 2 revisions that this archive does not go on from"
        );
        assert!(said.contains(&what), "{said}");
    }
    assert!(
        said.contains("w3 cosigned, ") && said.contains("quorum is not met"),
        "{said}"
    );
    let shown = |story: &Story| SignedCheckpoint::parse(&story.yes(&["log", "--checkpoint"])).unwrap();
    let (one_shown, other_shown) = (shown(one), shown(other));
    let key = Log::of("", 0).key.public().clone();
    for signed in [&one_shown, &other_shown] {
        assert_eq!(signed.is_signed_by(&key), Some(true));
    }
    assert_eq!(one_shown.checkpoint.size, other_shown.checkpoint.size);
    assert_ne!(one_shown.checkpoint.root, other_shown.checkpoint.root);
    let told = other.yes(&["log", "--policy", "policy"]);
    assert!(
        told.contains("  cosigned by w3.example, 20") && told.contains("  the quorum is not met\n"),
        "{told}"
    );
    // Asked again, only who is missing is asked: the others are gone.
    first.kill();
    second.kill();
    let tip = one.git(&["rev-parse", "main"]);
    let (printed, said) = have_it_witnessed(one, 0);
    assert_eq!(printed, "");
    assert!(
        said.contains("w3 did not cosign: it cosigned a checkpoint of 2 revisions"),
        "{said}"
    );
    assert!(
        !said.contains("could not ask") && said.contains("nothing was signed"),
        "{said}"
    );
    assert_eq!(one.git(&["rev-parse", "main"]), tip);
    let told = one.yes(&["log", "--policy", "policy"]);
    assert!(
        told.contains("  cosigned by w1.example, 20") && told.ends_with("  the quorum is met\n"),
        "{told}"
    );
}

#[test]
fn an_archive_that_was_rolled_back_is_told_so_and_one_that_grew_is_cosigned() {
    let publisher = Publisher::with(1, 2);
    let story = &publisher.faces[0];
    let (first, second) = (publisher.witness(1), publisher.witness(2));
    publisher.policy(&[Some(first.port), Some(second.port)]);
    have_it_witnessed(story, 0);
    let before = story.git(&["rev-parse", "main"]);
    for size in 3..6 {
        story.add(
            "page.txt",
            &format!("又一篇，第{size}。"),
            &["--slug", &format!("more-{size}")],
        );
        have_it_witnessed(story, 0);
    }
    let document: serde_json::Value =
        serde_json::from_str(&story.yes(&["log", "--policy", "policy", "--json"])).unwrap();
    let checkpoints = document["checkpoints"].as_array().unwrap();
    assert_eq!(
        checkpoints.len(),
        8,
        "each as it was signed, and as it was cosigned"
    );
    for (number, checkpoint) in checkpoints.iter().enumerate() {
        assert_eq!(checkpoint["quorum_met"], number % 2 == 1, "{checkpoint}");
    }
    story.yes(&["verify"]);
    // Rolled back, and then another way.
    story.git(&["update-ref", "refs/heads/main", &before]);
    story.add("page.txt", "另一条路。", &["--slug", "other"]);
    // What was signed here before is forgotten; witnesses have not forgotten it.
    fs::remove_dir_all(story.folder.path().join(".local/state/avalaches")).unwrap();
    let (_, said) = have_it_witnessed(story, 1);
    for witness in ["w1", "w2"] {
        let what = format!(
            "{witness} did not cosign: it cosigned a checkpoint of 5 revisions, and this archive has 3"
        );
        assert!(said.contains(&what), "{said}");
    }
    assert!(said.contains("rolled back"), "{said}");
}

#[test]
fn what_a_witness_says_that_is_no_cosignature_counts_for_nothing() {
    let publisher = Publisher::with(1, 3);
    let story = &publisher.faces[0];
    let secret = fs::read_to_string(story.folder.path().join("w1.key")).unwrap();
    let key = SignerKey::parse(&secret).unwrap();
    let forged = Log::of("another", 1)
        .signed(1)
        .cosigned_by(&key, 1)
        .unwrap()
        .to_string();
    let ports = [
        answering("200 OK", "text/plain", &forged),
        answering("418 I'm a teapot", "text/plain", "茶壶\nmore"),
        answering("409 Conflict", "text/x.tlog.size", "1\n"),
    ];
    publisher.policy(&ports.map(Some));
    let (printed, said) = have_it_witnessed(story, 1);
    assert_eq!(printed.lines().count(), 1, "the checkpoint stands: {printed}");
    assert!(
        said.contains("w1 did not cosign: it answered without a good cosignature"),
        "{said}"
    );
    assert!(
        said.contains("w2 did not cosign: it answers with status 418: 茶壶\n"),
        "{said}"
    );
    assert!(
        said.contains("w3 did not cosign: it answers with status 409"),
        "{said}"
    );
    story.yes(&["verify"]);
    // Policies that are none, or another log's, are refused before anything is signed.
    let tip = story.git(&["rev-parse", "main"]);
    story.add("page.txt", "再一篇。", &["--slug", "again"]);
    let stranger = SignerKey::new("other.example", KeyKind::Note, [8; 32]).unwrap();
    for (policy, what) in [
        ("quorum of\n".to_owned(), "line 1 of the policy"),
        (
            format!("log {}\nquorum none\n", stranger.public()),
            "none of its logs is this archive's",
        ),
    ] {
        story.write("policy", policy);
        let (_, said) = have_it_witnessed(story, 2);
        assert!(said.contains(what), "{said}");
    }
    assert_eq!(story.git(&["rev-parse", "main^"]), tip);
}

/// Answers every connection alike, and returns the port.
fn answering(status: &str, media_type: &str, body: &str) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let answer = head + body;
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8192];
            let mut said = Vec::new();
            // The request ends with the log's signature.
            while !said.ends_with(b"=\n") {
                let length = std::io::Read::read(&mut stream, &mut request).unwrap();
                if length == 0 {
                    break;
                }
                said.extend_from_slice(&request[..length]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    port
}
