//! Archives that are made to exhaust whoever reads them: each command ends soon, in no more than twice the memory that a good
//! archive of that size takes, with an answer or an error.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories write more")]
mod archives;
#[path = "../benches/support/generate.rs"]
mod generate;
#[path = "support/packs.rs"]
#[allow(dead_code, reason = "other stories make worse packs")]
mod packs;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use archives::Story;
use avalaches::id::ObjectId;
use avalaches::object::{self, ObjectKind};
use packs::PackWriter;

/// The longest that a command may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most memory of its own that a command may take, besides the files that it maps, in kB.
const MOST_MEMORY: u64 = 64 << 10;

/// Commands that read an archive, the first of which has to find what is wrong.
const READERS: [&[&str]; 6] = [
    &["verify"],
    &["audit"],
    &["list"],
    &["history", "2026/01/22/a"],
    &["build", "site"],
    &["reindex"],
];

/// A good archive whose tip and its trees are to be taken for another's.
struct Victim {
    story: Story,
    tip: ObjectId,
    writer: PackWriter,
}

impl Victim {
    fn begin() -> Self {
        let story = Story::begin();
        story.add("a.txt", "一篇。\n", &["--slug", "a", "--date", "2026-01-22"]);
        let tip = story.git(&["rev-parse", "main"]).parse().unwrap();
        Self {
            story,
            tip,
            writer: PackWriter::new(),
        }
    }

    fn id(&self, name: &str) -> ObjectId {
        self.story.git(&["rev-parse", name]).parse().unwrap()
    }

    fn put(&mut self, kind: ObjectKind, body: &[u8]) -> ObjectId {
        let id = object::hash(kind, body).unwrap();
        let number = match kind {
            ObjectKind::Commit => 1,
            ObjectKind::Tree => 2,
            ObjectKind::Blob => 3,
            ObjectKind::Tag => 4,
        };
        self.writer.whole(*id.raw(), number, body);
        id
    }

    /// Puts a tree at the tip, in a commit that is otherwise good.
    fn commit(&mut self, tree: ObjectId, parents: usize) {
        let parent = format!("parent {}\n", self.tip);
        let who = "Desk <> 1769140800 +0000";
        let body = format!(
            "tree {tree}\n{}author {who}\ncommitter {who}\n\nsettings: title\n\nArchive-Format: 1\n",
            parent.repeat(parents)
        );
        self.tip = self.put(ObjectKind::Commit, body.as_bytes());
    }

    /// The entries of the root of the good tip.
    fn root(&self) -> Vec<u8> {
        let (articles, settings) = (self.id("main:articles"), self.id("main:avalaches.json"));
        [
            entry("40000", b"articles", articles),
            entry("100644", b"avalaches.json", settings),
        ]
        .concat()
    }

    /// Moves the branch, and asks everybody; returns what `verify` said. The archive as it was is the measure.
    fn asked(self, what: &str) -> String {
        let good = most_memory(&self.story, &READERS);
        assert!(good < MOST_MEMORY / 8, "a good archive: {good} kB");
        self.asked_beside(what, good)
    }

    /// The same, where a good archive takes so much memory.
    fn asked_beside(self, what: &str, good: u64) -> String {
        let (pack, index) = self.writer.finish();
        let folder = self.story.archive().join("objects/pack");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("pack-1.pack"), pack).unwrap();
        fs::write(folder.join("pack-1.idx"), index).unwrap();
        fs::write(
            self.story.archive().join("refs/heads/main"),
            format!("{}\n", self.tip),
        )
        .unwrap();
        let mut verified = String::new();
        for arguments in READERS {
            let (status, said, time, memory) = run(&self.story, arguments);
            println!("{what}: {arguments:?} ended with {status:?} after {time:?}, {memory} kB beside {good}");
            assert!(time < PATIENCE, "{what}, {arguments:?}: {time:?}");
            assert!(
                memory < MOST_MEMORY && memory <= 2 * good,
                "{what}, {arguments:?}: {memory} kB, a good one {good}"
            );
            assert!(
                matches!(status, Some(0..=2)),
                "{what}, {arguments:?}: {status:?} {said}"
            );
            if arguments == READERS[0] {
                assert_eq!(status, Some(1), "{what}: {said}");
                verified = said;
            }
        }
        verified
    }
}

fn entry(mode: &str, name: &[u8], id: ObjectId) -> Vec<u8> {
    [mode.as_bytes(), b" ", name, b"\0", id.raw()].concat()
}

/// Runs a command; returns its status, what it said, how long it took, and the most memory that it was seen with, in kB.
fn run(story: &Story, arguments: &[&str]) -> (Option<i32>, String, Duration, u64) {
    let told = fs::File::create(story.folder.path().join("told")).unwrap();
    let begun = Instant::now();
    let mut child = story
        .program(arguments)
        .stdin(Stdio::null())
        .stdout(told.try_clone().unwrap())
        .stderr(told)
        .spawn()
        .unwrap();
    let mut memory = 0;
    let status = loop {
        // Without mapped files, which are as large as the archive is.
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let own = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let own = own.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        memory = memory.max(own.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = fs::read(story.folder.path().join("told")).unwrap();
    (
        status,
        String::from_utf8_lossy(&said).into_owned(),
        begun.elapsed(),
        memory,
    )
}

/// Returns the most memory that commands take for a good archive, in kB.
fn most_memory(good: &Story, commands: &[&[&str]]) -> u64 {
    let memory = commands.iter().map(|arguments| {
        let (status, said, time, memory) = run(good, arguments);
        println!("good: {arguments:?} {time:?}, {memory} kB");
        assert_eq!(status, Some(0), "{arguments:?}: {said}");
        memory
    });
    memory.max().unwrap()
}

#[test]
fn a_hundred_thousand_folders_in_one_another_are_found() {
    let mut victim = Victim::begin();
    let mut tree = victim.put(ObjectKind::Tree, b"");
    for _ in 0..100_000 {
        tree = victim.put(ObjectKind::Tree, &entry("40000", b"a", tree));
    }
    let root = [victim.root(), entry("40000", b"deep", tree)].concat();
    let root = victim.put(ObjectKind::Tree, &root);
    victim.commit(root, 1);
    // As many objects that nobody could find fault with.
    let good = Story::begin();
    fs::remove_dir_all(good.archive()).unwrap();
    generate::archive(&good.archive(), 12_000);
    let counted = good.git(&["count-objects", "-v"]);
    let packed = counted.lines().find_map(|line| line.strip_prefix("in-pack: "));
    assert!(packed.unwrap().parse::<usize>().unwrap() > 100_000, "{counted}");
    let said = victim.asked_beside("deep", most_memory(&good, &[&["verify"]]));
    assert!(said.contains("deep"), "{said}");
}

#[test]
fn a_commit_of_a_hundred_thousand_parents_is_found() {
    let mut victim = Victim::begin();
    let root = victim.id("main^{tree}");
    victim.commit(root, 100_000);
    // An object as long that nobody could find fault with.
    let good = Story::begin();
    good.add(
        "long.txt",
        &"很长的一篇。\n".repeat(280_000),
        &["--date", "2026-01-22"],
    );
    let said = victim.asked_beside("parents", most_memory(&good, &[&["verify"]]));
    assert!(said.contains("parent"), "{said}");
}

#[test]
fn names_that_systems_take_for_others_are_found() {
    for name in [
        &b".git"[..],
        b".GIT",
        b"git~1",
        b".g\xe2\x80\x8cit",
        b".gitmodules",
        b"CON",
        b"aux.txt",
        b"a\\b",
        b"a/b",
        b"..",
        b"",
        b"\x1b[2J",
        b"line\nfeed",
    ] {
        let mut victim = Victim::begin();
        let blob = victim.put(ObjectKind::Blob, b"x");
        let mut entries = vec![
            (
                b"articles".to_vec(),
                entry("40000", b"articles", victim.id("main:articles")),
            ),
            (
                b"avalaches.json".to_vec(),
                entry("100644", b"avalaches.json", victim.id("main:avalaches.json")),
            ),
            (name.to_vec(), entry("100644", name, blob)),
        ];
        entries.sort();
        let root: Vec<u8> = entries.into_iter().flat_map(|(_, entry)| entry).collect();
        let root = victim.put(ObjectKind::Tree, &root);
        victim.commit(root, 1);
        let said = victim.asked(&String::from_utf8_lossy(name).escape_debug().to_string());
        assert!(!said.contains('\x1b'), "{said:?}");
    }
}

#[test]
fn entries_that_are_double_or_out_of_order_are_found() {
    let mut victim = Victim::begin();
    let root = victim.root();
    let settings = entry("100644", b"avalaches.json", victim.id("main:avalaches.json"));
    let double = victim.put(ObjectKind::Tree, &[root.clone(), settings.clone()].concat());
    victim.commit(double, 1);
    victim.asked("double");
    let mut victim = Victim::begin();
    let articles = entry("40000", b"articles", victim.id("main:articles"));
    let turned = victim.put(ObjectKind::Tree, &[settings, articles].concat());
    victim.commit(turned, 1);
    victim.asked("out of order");
}

#[test]
fn four_gigabytes_in_a_kilobyte_are_refused() {
    // Of a base of 64 KiB each byte of the delta is a copy.
    let varint = |mut number: u64| {
        let mut bytes = Vec::new();
        loop {
            let more = number > 0x7f;
            bytes.push(u8::try_from(number & 0x7f).unwrap() | if more { 0x80 } else { 0 });
            number >>= 7;
            if !more {
                return bytes;
            }
        }
    };
    let delta = [varint(1 << 16), varint(1 << 32), vec![0x80; 1 << 16]].concat();
    assert!(packs::deflate(&delta).len() < 1024);
    let mut victim = Victim::begin();
    let base = vec![0; 1 << 16];
    let base_id = object::hash(ObjectKind::Blob, &base).unwrap();
    let offset = victim.writer.whole(*base_id.raw(), 3, &base);
    let bomb = ObjectId::from_raw([7; 20]);
    victim.writer.offset_delta(*bomb.raw(), offset, &delta);
    let root = [victim.root(), entry("100644", b"bomb", bomb)].concat();
    let root = victim.put(ObjectKind::Tree, &root);
    victim.commit(root, 1);
    let said = victim.asked("delta bomb");
    assert!(said.contains(&bomb.to_string()), "{said}");
}

#[test]
fn deltas_in_a_circle_are_refused() {
    let [one, other] = [[1; 20], [2; 20]];
    for circle in [vec![(one, other), (other, one)], vec![(one, one)]] {
        let mut victim = Victim::begin();
        for (id, base) in &circle {
            victim.writer.id_delta(*id, *base, &[2, 2, 0x90, 2]);
        }
        let root = [victim.root(), entry("100644", b"circle", ObjectId::from_raw(one))].concat();
        let root = victim.put(ObjectKind::Tree, &root);
        victim.commit(root, 1);
        let said = victim.asked("circle");
        assert!(said.contains(&ObjectId::from_raw(one).to_string()), "{said}");
    }
}
