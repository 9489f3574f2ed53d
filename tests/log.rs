//! The transparency log: derived from git, signed in checkpoints, published as tiles, and read by a second implementation
//! (the crates `signed_note` and `tlog_tiles`, which port Go's `sumdb/note` and `sumdb/tlog`).

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use avalaches::archive::{Archive, Owner};
use avalaches::id::CommitId;
use avalaches::log::{self, Log, LogError};
use avalaches::storage::vouched::Vouched;
use avalaches::tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use avalaches::tlog::key::{KeyKind, SignerKey, VerifierKey};
use avalaches::tlog::merkle::{self, Hash};
use avalaches::tlog::proof::LogProof;
use serde_json::Value;
use sha2::Digest as _;
use signed_note::{Note, StandardSigner, StandardVerifier, Verifier as _, VerifierList};
use support::archives::{Story, git_command, git_reading};
use support::folders::copy;
use support::logged::{ORIGIN, begin, says};
use tlog_tiles::tlog;

mod support {
    pub mod archives;
    pub mod folders;
    pub mod logged;
    pub mod tree;
}

fn add(story: &Story, numbers: std::ops::Range<usize>) {
    let lines: Vec<String> = numbers
        .map(|number| {
            format!("{{\"page\": \"第{number}篇。\", \"slug\": \"a{number}\", \"date\": \"2026-01-22\"}}\n")
        })
        .collect();
    story.write("lines.jsonl", lines.concat());
    story.yes(&["import", "lines.jsonl", "-q"]);
}

fn log(story: &Story) -> Value {
    serde_json::from_str(&story.yes(&["log", "--json"])).unwrap()
}

/// What the log has to hold, from git alone: an entry for each revision, oldest first.
fn entries_by_git(story: &Story) -> Vec<String> {
    let form = "%H%x00%ad%x00%(trailers:key=Article-Id,valueonly,separator=)%x00%(trailers:key=Revision,valueonly,separator=)\
                %x00%(trailers:key=Revision-Kind,valueonly,separator=)%x00%(trailers:key=Content-SHA256,valueonly,separator=)";
    let lines = story.git(&[
        "log",
        "--reverse",
        "--date=iso-strict",
        &format!("--format={form}"),
        "main",
    ]);
    let mut entries = Vec::new();
    for line in lines.lines() {
        let fields: Vec<&str> = line.split('\0').collect();
        let [commit, date, article, revision, kind, sha256] = fields.try_into().unwrap();
        if article.is_empty() {
            continue;
        }
        let date = date.replace('Z', "+00:00");
        entries.push(format!(
            "Commit: {commit}\nArticle-Id: {article}\nRevision: {revision}\nRevision-Kind: {kind}\nDate: {date}\n\
             Content-SHA256: {sha256}\n"
        ));
    }
    entries
}

/// Hashes as the other implementation keeps them.
struct Stored(Vec<tlog::Hash>);

impl tlog::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        let at = |index: &u64| self.0[usize::try_from(*index).unwrap()];
        Ok(indexes.iter().map(at).collect())
    }
}

fn stored(entries: &[String]) -> Stored {
    let mut stored = Stored(Vec::new());
    for (number, entry) in (0..).zip(entries) {
        let more = tlog::stored_hashes(number, entry.as_bytes(), &stored).unwrap();
        stored.0.extend(more);
    }
    stored
}

/// Opens a signed note by the other implementation.
fn open(note: &str, key: &str) -> tlog_tiles::Checkpoint {
    let verifier = StandardVerifier::new(key).unwrap();
    let note = Note::from_bytes(note.as_bytes()).unwrap();
    let (good, _) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!(good.len(), 1);
    tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap()
}

#[test]
fn a_checkpoint_is_the_tree_of_git_s_revisions_as_another_implementation_reads_it() {
    let (story, key) = begin();
    let mut sizes = Vec::new();
    for (first, end) in [(0, 1), (1, 2), (2, 7), (7, 300)] {
        add(&story, first..end);
        let footer = story.yes(&["checkpoint", "--key", "log.key"]);
        assert_eq!(footer.split(" · ").count(), 2, "{footer}");
        let said = story.yes(&["log", "--checkpoint"]);
        assert_eq!(said.trim_end(), story.git(&["show", "main:checkpoint"]));
        let checkpoint = open(&said, &key);
        let entries = entries_by_git(&story);
        assert_eq!(
            (checkpoint.origin(), checkpoint.size()),
            (ORIGIN, entries.len() as u64)
        );
        let root = tlog::tree_hash(checkpoint.size(), &stored(&entries)).unwrap();
        assert_eq!(*checkpoint.hash(), root);
        sizes.push(checkpoint.size());
    }
    assert_eq!(sizes, [1, 2, 7, 300]);
    // What is beside the repository may be lost, or another's: the log stays what git says.
    let before = log(&story);
    let file = story.archive().join("avalaches.log");
    for bytes in [None, Some(b"nonsense".to_vec()), Some(vec![0; 40_000])] {
        match bytes {
            None => fs::remove_file(&file).unwrap(),
            Some(bytes) => fs::write(&file, bytes).unwrap(),
        }
        assert_eq!(log(&story), before);
    }
    story.git(&["fsck", "--strict", "--full"]);
    story.yes(&["verify"]);
    story.yes(&["audit"]);
}

#[test]
fn every_revision_is_proved_to_be_in_the_log_and_no_other_is() {
    let (story, key) = begin();
    add(&story, 0..5);
    story.yes(&["checkpoint", "--key", "log.key"]);
    add(&story, 5..11);
    let last = story.git(&["rev-parse", "main"]);
    let said = says(&story, &["log", "--prove", &last], 1);
    assert!(said.contains("no checkpoint covers"), "{said}");
    story.yes(&["checkpoint", "--key", "log.key"]);
    let mut longest = 0;
    for (index, entry) in (0..).zip(entries_by_git(&story)) {
        let id = &entry.lines().next().unwrap()["Commit: ".len()..];
        let proof = story.yes(&["log", "--prove", id]);
        longest = longest.max(proof.len());
        let (head, note) = proof.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
        assert_eq!(lines.next(), Some(format!("index {index}").as_str()));
        let hashes: Vec<tlog::Hash> = lines.map(|line| tlog::Hash::parse_hash(line).unwrap()).collect();
        let checkpoint = open(note, &key);
        assert_eq!(
            checkpoint.size(),
            if index < 5 { 5 } else { 11 },
            "the first that covers it"
        );
        let leaf = tlog::record_hash(entry.as_bytes());
        tlog::check_record(&hashes, checkpoint.size(), *checkpoint.hash(), index, leaf).unwrap();
    }
    assert!(longest <= 1_500, "{longest} bytes");
    says(&story, &["log", "--prove", &story.git(&["rev-parse", "main"])], 2);
}

/// Signs a checkpoint by the other implementation, with a key that this program made.
fn signed_by_other(secret: &str, size: u64, stored: &Stored) -> String {
    let root = tlog::tree_hash(size, stored).unwrap();
    let checkpoint = tlog_tiles::Checkpoint::new(ORIGIN, size, root, "").unwrap();
    let mut note = Note::new(&checkpoint.to_bytes(), &[]).unwrap();
    let signer = StandardSigner::new(secret.trim()).unwrap();
    note.add_sigs(&[&signer]).unwrap();
    String::from_utf8(note.to_bytes()).unwrap()
}

#[test]
fn what_another_implementation_signs_and_proves_is_taken() {
    let (story, key) = begin();
    add(&story, 0..7);
    let secret = fs::read_to_string(story.folder.path().join("log.key")).unwrap();
    let entries = entries_by_git(&story);
    let stored = stored(&entries);
    let note = signed_by_other(&secret, 7, &stored);
    let signed = SignedCheckpoint::parse(&note).unwrap();
    let key: VerifierKey = key.parse().unwrap();
    assert_eq!(signed.is_signed_by(&key), Some(true));
    assert_eq!(signed.to_string(), note);
    let ours = |hash: tlog::Hash| Hash::from_raw(hash.0);
    for size in 1..=7 {
        for old in 1..=size {
            let proof = tlog::prove_tree(size, old, &stored).unwrap();
            let proof: Vec<Hash> = proof.into_iter().map(ours).collect();
            let [old_root, root] = [old, size].map(|size| ours(tlog::tree_hash(size, &stored).unwrap()));
            assert!(merkle::is_consistent(old, old_root, size, root, &proof));
            assert!(!merkle::is_consistent(old, root, size, old_root, &proof) || old == size);
        }
    }
    for (index, entry) in (0..).zip(&entries) {
        let hashes = tlog::prove_record(7, index, &stored).unwrap();
        let hashes: Vec<String> = hashes
            .into_iter()
            .map(|hash| ours(hash).to_string() + "\n")
            .collect();
        let proof = LogProof::parse(&format!(
            "c2sp.org/tlog-proof@v1\nindex {index}\n{}\n{note}",
            hashes.concat()
        ));
        let proof = proof.unwrap();
        assert!(proof.has(merkle::leaf_hash(entry.as_bytes())));
        assert!(!proof.has(merkle::leaf_hash(b"another")));
    }
    // In the archive it is a checkpoint as good as our own, and a false one of theirs is as bad.
    put_checkpoint(&story, &note);
    story.yes(&["verify"]);
    let said = says(&story, &["log"], 0);
    assert!(said.contains("checkpoint of 7"), "{said}");
    story.yes(&["build", "site", "-q"]);
    story.yes(&["verify", "--without-archive", "site/2026/01/22/a1/index.html"]);
    story.git(&["update-ref", "refs/heads/main", "main^"]);
    put_checkpoint(&story, &signed_by_other(&secret, 6, &stored));
    let said = says(&story, &["verify"], 1);
    assert!(said.contains("of 6 revisions"), "{said}");
}

#[test]
fn tiles_and_bundles_are_those_that_another_implementation_makes() {
    let (story, key) = begin();
    add(&story, 0..3);
    story.yes(&["checkpoint", "--key", "log.key"]);
    add(&story, 3..300);
    story.yes(&["checkpoint", "--key", "log.key"]);
    // What no checkpoint states yet is not published in the log.
    add(&story, 300..301);
    story.yes(&["build", "site", "-q"]);
    let files = support::tree::files(&story.folder.path().join("site"));
    let checkpoint = open(std::str::from_utf8(&files["checkpoint"]).unwrap(), &key);
    assert_eq!(checkpoint.size(), 300);
    let entries = &entries_by_git(&story)[..300];
    let stored = stored(entries);
    assert_eq!(*checkpoint.hash(), tlog::tree_hash(300, &stored).unwrap());
    let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for tile in tlog_tiles::Tile::new_tiles(8, 0, 300) {
        expected.insert(tlog_path(&tile), tile.read_data(&stored).unwrap());
    }
    for (number, chunk) in entries.chunks(256).enumerate() {
        let mut bundle = Vec::new();
        for entry in chunk {
            bundle.extend(u16::try_from(entry.len()).unwrap().to_be_bytes());
            bundle.extend(entry.as_bytes());
        }
        let partial = if chunk.len() < 256 {
            format!(".p/{}", chunk.len())
        } else {
            String::new()
        };
        expected.insert(format!("tile/entries/{number:03}{partial}"), bundle);
    }
    let tiles: BTreeMap<String, Vec<u8>> = files
        .iter()
        .filter(|(name, _)| name.starts_with("tile/"))
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect();
    assert_eq!(
        tiles.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "the tiles of three are gone: the full ones are there"
    );
    assert!(tiles == expected);
    // A later build removes nothing that a checkpoint needs, and another one from nothing is the same.
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["build", "site", "-q"]);
    story.yes(&["build", "again", "-q"]);
    let (one, other) = ["site", "again"]
        .map(|folder| support::tree::files(&story.folder.path().join(folder)))
        .into();
    assert!(one == other);
    for kept in ["tile/0/001.p/44", "tile/0/001.p/45", "tile/entries/001.p/44"] {
        assert!(one.contains_key(kept), "{kept}");
    }
}

/// The other implementation's paths have the height of tiles in them, which C2SP's have not.
fn tlog_path(tile: &tlog_tiles::Tile) -> String {
    let path = tile.path();
    path.strip_prefix("tile/8/")
        .map_or(path.clone(), |rest| format!("tile/{rest}"))
}

/// Returns the page of an article as the site has it.
fn page(story: &Story, name: &str) -> String {
    fs::read_to_string(story.folder.path().join("site/2026/01/22").join(name)).unwrap()
}

/// Returns the log's proof in a page, as it stands there.
fn block(page: &str) -> Option<&str> {
    let begin = "<script type=\"application/x-c2sp-tlog-proof;base64\" id=\"log-proof\">";
    let (_, rest) = page.split_once(begin)?;
    Some(rest.split_once("</script>").unwrap().0)
}

/// Returns the element of the log's proof in a page.
fn element(page: &str) -> String {
    let block = block(page).unwrap();
    format!("<script type=\"application/x-c2sp-tlog-proof;base64\" id=\"log-proof\">{block}</script>")
}

#[test]
fn a_page_carries_its_place_in_the_log_and_keeps_it() {
    let (story, key) = begin();
    add(&story, 0..3);
    story.yes(&["build", "site", "-q"]);
    assert_eq!(block(&page(&story, "a1/index.html")), None);
    story.yes(&["checkpoint", "--key", "log.key"]);
    add(&story, 3..5);
    story.yes(&["build", "site", "-q"]);
    let first = page(&story, "a1/index.html");
    let proof = String::from_utf8(avalaches::base64::decode(block(&first).unwrap()).unwrap()).unwrap();
    let extra = format!("extra {}\n", avalaches::base64::encode(key.as_bytes()));
    let id = first.split("<span class=\"id\">").nth(1).unwrap()[..40].to_owned();
    assert_eq!(proof.replacen(&extra, "", 1), story.yes(&["log", "--prove", &id]));
    assert_eq!(
        block(&page(&story, "a4/index.html")),
        None,
        "no checkpoint covers it yet"
    );
    // With the archive, and without it.
    let said = story.yes(&["verify", "site/2026/01/22/a1/index.html"]);
    assert!(
        said.contains("in the log example.org/digest of 3 revisions at 2026-01-23T04:00:00+00:00"),
        "{said}"
    );
    assert!(said.contains(&format!("signed with {key}")), "{said}");
    let alone = ["verify", "--without-archive", "site/2026/01/22/a1/index.html"];
    let said = story.yes(&alone);
    assert!(
        said.starts_with("proved") && said.contains("of 3 revisions\n    signed with"),
        "{said}"
    );
    // Later checkpoints change no page that has its place already.
    story.yes(&["checkpoint", "--key", "log.key"]);
    let counts: Value = serde_json::from_str(&story.yes(&["build", "site", "--json"])).unwrap();
    assert_eq!(page(&story, "a1/index.html"), first);
    assert!(block(&page(&story, "a4/index.html")).is_some());
    assert!(counts["written"].as_u64().unwrap() < 20, "{counts}");
    story.yes(&["build", "again", "-q"]);
    let [one, other] =
        ["site", "again"].map(|folder| support::tree::files(&story.folder.path().join(folder)));
    assert!(one == other, "built step by step and at once");
}

#[test]
fn a_page_with_another_place_in_the_log_is_not_proved() {
    let (story, key) = begin();
    add(&story, 0..5);
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["build", "site", "-q"]);
    let (one, other) = (page(&story, "a1/index.html"), page(&story, "a2/index.html"));
    let own = block(&one).unwrap();
    let text = String::from_utf8(avalaches::base64::decode(own).unwrap()).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from));
        avalaches::base64::encode(text.replacen(from, to, 1).as_bytes())
    };
    let stranger = story.yes(&["key", "new", ORIGIN, "stranger.key"]);
    let extra = |key: &str| format!("extra {}\n", avalaches::base64::encode(key.trim().as_bytes()));
    for (block, what) in [
        (block(&other).unwrap().to_owned(), "not one of this revision"),
        (changed("index 1", "index 2"), "not one of this revision"),
        (changed("\n5\n", "\n6\n"), "is not signed with"),
        (changed("\n5\n", "\n500\n"), "not one of this revision"),
        (changed(&extra(&key), &extra(&stranger)), "is not signed with"),
        (changed(&extra(&key), ""), "it does not name the log's key"),
        (changed("tlog-proof@v1", "tlog-proof@v2"), "a proof begins with"),
        ("%".to_owned(), "is no digit of base64"),
    ] {
        story.write("changed.html", one.replacen(own, &block, 1));
        let said = says(&story, &["verify", "--without-archive", "changed.html"], 1);
        assert!(
            said.starts_with("corrupt") && said.contains(what),
            "{what}: {said}"
        );
    }
    // Whose word counts is the reader's choice.
    story.write("page.html", &one);
    for (policy, status, what) in [
        (format!("log {key}\nquorum none\n"), 0, "proved"),
        (
            format!("log {}\nquorum none\n", stranger.trim()),
            1,
            "signed by no log of the policy",
        ),
        ("quorum one\n".to_owned(), 2, "line 1 of the policy"),
    ] {
        story.write("policy", &policy);
        let said = says(
            &story,
            &["verify", "--without-archive", "--policy", "policy", "page.html"],
            status,
        );
        assert!(said.contains(what), "{said}");
    }
    let witness = story.yes(&["key", "new", "w.example", "w.key", "--witness"]);
    story.write("policy", format!("witness w {}\nquorum w\n", witness.trim()));
    for arguments in [
        &["verify", "--policy", "policy", "page.html"][..],
        &["verify", "--without-archive", "--policy", "policy", "page.html"],
    ] {
        let said = says(&story, arguments, 1);
        assert!(
            said.contains("not cosigned by those whom the policy asks for"),
            "{said}"
        );
    }
}

#[test]
fn a_page_with_two_places_in_the_log_is_not_proved() {
    let (story, _) = begin();
    add(&story, 0..3);
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["build", "site", "-q"]);
    let one = page(&story, "a1/index.html");
    let own = element(&one);
    story.write("two.html", one.replacen(&own, &[own.as_str(), &own].concat(), 1));
    let said = says(&story, &["verify", "--without-archive", "two.html"], 1);
    assert!(
        said.starts_with("corrupt") && said.contains("the page has 2 proofs of the log in place of one"),
        "{said}"
    );
    assert!(!said.contains("signed with"), "{said}");
}

#[test]
fn a_policy_is_not_met_where_no_checkpoint_covers_what_is_asked() {
    let (story, key) = begin();
    add(&story, 0..2);
    story.write("policy", format!("log {key}\nquorum none\n"));
    let first = story.git(&["rev-parse", "main"]);
    let unmet = |arguments: &[&str]| {
        let without = story.run(&[&["verify"], arguments].concat());
        assert!(without.status.success(), "{arguments:?} without a policy");
        let said = says(
            &story,
            &[&["verify", "--policy", "policy"], arguments].concat(),
            1,
        );
        assert!(
            said.starts_with("unknown") && said.contains("no checkpoint covers this"),
            "{arguments:?}: {said}"
        );
    };
    unmet(&[&first]);
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["verify", "--policy", "policy", &first]);
    add(&story, 2..3);
    unmet(&[&story.git(&["rev-parse", "main"])]);
    // Without an archive: a page from which the log's proof was taken, one that never had it, and a proof by itself.
    story.yes(&["build", "site", "-q"]);
    let alone = |name: &str| format!("site/2026/01/22/{name}");
    story.yes(&[
        "verify",
        "--policy",
        "policy",
        "--without-archive",
        &alone("a1/index.html"),
    ]);
    let one = page(&story, "a1/index.html");
    story.write("stripped.html", one.replacen(&element(&one), "", 1));
    for thing in ["stripped.html", &alone("a2/index.html"), &alone("a1/index.proof")] {
        unmet(&["--without-archive", thing]);
    }
    let said = says(&story, &["verify", "--policy", "policy"], 2);
    assert!(said.contains("PAGE|FOOTER|ID|SWHID"), "{said}");
}

#[test]
fn a_kept_hash_that_is_wrong_changes_nothing() {
    let (story, _) = begin();
    add(&story, 0..300);
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["build", "site", "-q"]);
    let site = || support::tree::files(&story.folder.path().join("site"));
    let (built, before) = (site(), log(&story));
    let file = story.archive().join("avalaches.log");
    let good = fs::read(&file).unwrap();
    let entry = &entries_by_git(&story)[7];
    let id = &entry.lines().next().unwrap()["Commit: ".len()..];
    let prove = ["log", "--prove", id];
    let proof = story.yes(&prove);
    // The leaf itself, the one beside it, and a subtree above others, none of which the root of the log is made of at once.
    for (level, index) in [(0, 7), (0, 6), (3, 1)] {
        let at = 128 + usize::try_from(merkle::stored_place(level, index)).unwrap() * 32;
        let damage = || {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&file, bad).unwrap();
        };
        damage();
        assert_eq!(story.yes(&prove), proof, "level {level}, {index}");
        damage();
        let said = story.yes(&["verify", id]);
        assert!(
            said.contains("in the log example.org/digest of 300 revisions"),
            "{said}"
        );
        damage();
        assert_eq!(log(&story), before);
        story.yes(&["build", "again", "-q"]);
        let again = support::tree::files(&story.folder.path().join("again"));
        assert!(again == built, "level {level}, {index}");
        fs::remove_dir_all(story.folder.path().join("again")).unwrap();
        assert!(fs::read(&file).unwrap() == good, "it was made anew");
    }
}

#[test]
fn an_entry_that_is_put_elsewhere_in_the_kept_hashes_is_covered_all_the_same() {
    let (story, key) = begin();
    add(&story, 0..2);
    story.yes(&["checkpoint", "--key", "log.key"]);
    add(&story, 2..4);
    log(&story);
    story.write("policy", format!("log {key}\nquorum none\n"));
    let first = entries_by_git(&story).remove(0);
    let id = &first.lines().next().unwrap()["Commit: ".len()..];
    let proof = story.yes(&["log", "--prove", id]);
    let file = story.archive().join("avalaches.log");
    let good = fs::read(&file).unwrap();
    let bytes = |level, index| {
        let at = 128 + usize::try_from(merkle::stored_place(level, index)).unwrap() * 32;
        at..at + 32
    };
    let mut moved = good.clone();
    moved.copy_within(bytes(0, 0), bytes(0, 3).start);
    // The same where the tree of it is right, as somebody would write it who knows the form.
    let leaves = [(0, 0), (0, 1), (0, 2), (0, 0)]
        .map(|(level, index)| Hash::from_raw(good[bytes(level, index)].try_into().unwrap()));
    let mut made = moved.clone();
    let right = merkle::node_hash(leaves[2], leaves[3]);
    made[bytes(1, 1)].copy_from_slice(right.raw());
    let root = merkle::node_hash(merkle::node_hash(leaves[0], leaves[1]), right);
    made[bytes(2, 0)].copy_from_slice(root.raw());
    made[16 + 8 + 20..][..32].copy_from_slice(root.raw());
    let sum = sha2::Sha256::digest(&made[..96]);
    made[96..128].copy_from_slice(&sum);
    let mut taken = made.clone();
    taken[bytes(0, 0)].copy_from_slice(&[7; 32]);
    for bad in [moved, made, taken] {
        fs::write(&file, &bad).unwrap();
        story.yes(&["verify", "--policy", "policy", id]);
        fs::write(&file, &bad).unwrap();
        assert_eq!(story.yes(&["log", "--prove", id]), proof);
    }
}

#[test]
fn checkpoints_that_an_index_leaves_out_or_puts_elsewhere_are_found_in_git() {
    let (story, key) = begin();
    add(&story, 0..2);
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["settings", "--title", "新报"]);
    add(&story, 2..3);
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["settings", "--title", "旧报"]);
    story.write("policy", format!("log {key}\nquorum none\n"));
    let first = story.git(&[
        "rev-list",
        "--max-count=1",
        "--grep=Article-Id: 2026/01/22/a0",
        "main",
    ]);
    let before = log(&story);
    let roots = "SELECT position, lower(hex(id)) FROM root ORDER BY position";
    let index = story.archive().join("avalaches.index");
    let good = fs::read(&index).unwrap();
    let rows: Vec<(i64, String)> = {
        let connection = rusqlite::Connection::open(&index).unwrap();
        let mut statement = connection.prepare(roots).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(rows.len(), 5);
    // A commit of no branch, with the same files as the first checkpoint's.
    let other = story
        .git(&["cat-file", "commit", &rows[1].1])
        .replace("\ncommitter ", "\ncommitter x ");
    let other = git_reading(
        &story.archive(),
        &["hash-object", "-t", "commit", "-w", "--stdin"],
        format!("{other}\n"),
    );
    let root_sum = |position: i64, id: &str| {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&position.to_le_bytes());
        sum.update(&20_i64.to_le_bytes());
        sum.update(id.parse::<CommitId>().unwrap().raw());
        i64::from(sum.finalize())
    };
    let (at, id) = &rows[1];
    assert_eq!(
        {
            let connection = rusqlite::Connection::open(&index).unwrap();
            let sql = format!("SELECT sum FROM root WHERE position = {at}");
            connection
                .query_row(&sql, [], |row| row.get::<_, i64>(0))
                .unwrap()
        },
        root_sum(*at, id)
    );
    let places: Vec<i64> = rows.iter().map(|(place, _)| *place).collect();
    let drop = |places: &[i64]| {
        let places: Vec<String> = places.iter().map(ToString::to_string).collect();
        format!("DELETE FROM root WHERE position IN ({})", places.join(", "))
    };
    for lie in [
        drop(&places[1..2]),
        drop(&places[1..3]),
        drop(&places[..3]),
        drop(&places[3..]),
        drop(&places),
        format!(
            "UPDATE root SET id = x'{other}', sum = {} WHERE position = {at}",
            root_sum(*at, &other)
        ),
    ] {
        fs::write(&index, &good).unwrap();
        rusqlite::Connection::open(&index)
            .unwrap()
            .execute_batch(&lie)
            .unwrap();
        assert_eq!(log(&story), before, "{lie}");
        fs::write(&index, &good).unwrap();
        rusqlite::Connection::open(&index)
            .unwrap()
            .execute_batch(&lie)
            .unwrap();
        story.yes(&["verify", "--policy", "policy", &first]);
    }
}

#[test]
fn a_published_tile_that_is_wrong_is_written_again() {
    let (story, _) = begin();
    add(&story, 0..300);
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["build", "site", "-q"]);
    let tile = story.folder.path().join("site/tile/0/000");
    let good = fs::read(&tile).unwrap();
    let written = fs::metadata(&tile).unwrap().modified().unwrap();
    let mut bad = good.clone();
    bad[7 * 32] ^= 1;
    fs::write(&tile, bad).unwrap();
    // As an earlier build would have left it.
    let file = fs::File::options().write(true).open(&tile).unwrap();
    file.set_modified(written).unwrap();
    let counts: Value = serde_json::from_str(&story.yes(&["build", "site", "--json"])).unwrap();
    assert!(fs::read(&tile).unwrap() == good);
    assert_eq!(counts["written"], 1, "{counts}");
}

#[test]
fn what_an_earlier_key_of_the_log_signed_stays_signed_with_it() {
    let (story, key) = begin();
    add(&story, 0..2);
    story.yes(&["checkpoint", "--key", "log.key"]);
    // The same revisions under another name: they stay covered by what was said first.
    let renamed = story.yes(&["key", "new", "example.org/renamed", "renamed.key"]);
    story.yes(&["settings", "--log-key", renamed.trim()]);
    story.yes(&["checkpoint", "--key", "renamed.key"]);
    let next = story.yes(&["key", "new", ORIGIN, "next.key"]);
    story.yes(&["settings", "--log-key", next.trim()]);
    add(&story, 2..3);
    story.yes(&["checkpoint", "--key", "next.key"]);
    story.yes(&["build", "site", "-q"]);
    for (name, key) in [("a1", key.as_str()), ("a2", next.trim())] {
        let file = format!("site/2026/01/22/{name}/index.html");
        for arguments in [&["verify"][..], &["verify", "--without-archive"]] {
            let said = story.yes(&[arguments, &[file.as_str()]].concat());
            assert!(
                said.contains(&format!("    signed with {key}\n")),
                "{arguments:?}: {said}"
            );
        }
    }
}

#[test]
fn keys_are_those_of_another_implementation_and_secret() {
    let story = Story::begin();
    let key = story.yes(&["key", "new", ORIGIN, "log.key"]);
    let secret = fs::read_to_string(story.folder.path().join("log.key")).unwrap();
    let mode = fs::metadata(story.folder.path().join("log.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let signer = StandardSigner::new(secret.trim()).unwrap();
    let verifier = StandardVerifier::new(key.trim()).unwrap();
    assert_eq!(signed_note::Signer::key_id(&signer), verifier.key_id());
    assert_eq!(story.yes(&["key", "show", "log.key"]), key);
    let said = says(&story, &["key", "new", ORIGIN, "log.key"], 2);
    assert!(
        said.contains("could not make log.key") && said.contains("choose another file"),
        "{said}"
    );
    assert_eq!(
        fs::read_to_string(story.folder.path().join("log.key")).unwrap(),
        secret
    );
    says(&story, &["key", "new", "two words", "other.key"], 2);
    assert!(!story.folder.path().join("other.key").exists());
    let witness = story.yes(&["key", "new", "w.example", "w.key", "--witness"]);
    let said = says(&story, &["settings", "--log-key", witness.trim()], 2);
    assert!(said.contains("is the key of a witness"), "{said}");
}

#[test]
fn a_checkpoint_needs_the_key_that_the_settings_name_and_something_new() {
    let story = Story::begin();
    let key = story.yes(&["key", "new", ORIGIN, "log.key"]);
    story.yes(&["key", "new", ORIGIN, "other.key"]);
    story.add("a.txt", "一。", &[]);
    let tip = story.git(&["rev-parse", "main"]);
    story.write("log.pub", &key);
    let said = says(&story, &["checkpoint", "--key", "log.pub"], 2);
    assert!(said.contains("log.pub has the public half of a key"), "{said}");
    let said = says(&story, &["checkpoint", "--key", "log.key"], 2);
    assert!(
        said.contains("names no key of its log") && said.contains("settings --log-key"),
        "{said}"
    );
    assert_eq!(story.git(&["rev-parse", "main"]), tip);
    story.yes(&["settings", "--log-key", key.trim()]);
    let said = says(&story, &["checkpoint", "--key", "other.key"], 2);
    assert!(said.contains("the archive's log has the key"), "{said}");
    says(&story, &["checkpoint", "--key", "a.txt"], 2);
    story.yes(&["checkpoint", "--key", "log.key", "--note", "第一个"]);
    let tip = story.git(&["rev-parse", "main"]);
    assert_eq!(
        story.git(&["log", "-1", "--format=%B"]),
        "checkpoint: 1 revision\n\n第一个\n\nArchive-Format: 1"
    );
    let said = says(&story, &["checkpoint", "--key", "log.key"], 0);
    assert!(said.contains("nothing was signed"), "{said}");
    story.yes(&["settings", "--title", "新报"]);
    says(&story, &["checkpoint", "--key", "log.key"], 0);
    assert_eq!(story.git(&["rev-parse", "main^"]), tip, "no revision is new");
}

/// An archive of two revisions, each with a checkpoint, that is put back as it was with the first, and how to sign.
fn put_back() -> (Story, [&'static str; 4]) {
    let (story, _) = begin();
    let sign = ["checkpoint", "--key", "log.key", "-q"];
    let backup = story.folder.path().join("backup");
    add(&story, 0..1);
    story.yes(&sign);
    copy(&story.archive(), &backup);
    add(&story, 1..2);
    story.yes(&sign);
    story.yes(&["remember"]);
    fs::rename(story.archive(), story.folder.path().join("newest")).unwrap();
    fs::rename(backup, story.archive()).unwrap();
    (story, sign)
}

#[test]
fn an_archive_that_was_put_back_as_it_was_is_signed_for_only_with_what_was_signed_since() {
    let (story, sign) = put_back();
    // What was signed is kept whatever is remembered.
    let state = story.folder.path().join(".local/state/avalaches");
    for remembered in ["logs", "archives"] {
        fs::remove_dir_all(state.join(remembered)).unwrap();
    }
    let said = says(&story, &sign, 2);
    assert!(
        said.contains("behind what was kept: a checkpoint of 2 revisions was signed")
            && said.contains("nothing was signed"),
        "{said}"
    );
    for numbers in [2..3, 3..9] {
        add(&story, numbers);
        let tip = story.git(&["rev-parse", "main"]);
        let said = says(&story, &sign, 2);
        assert!(
            said.contains("the log was forked: its first 2 revisions"),
            "{said}"
        );
        assert_eq!(story.git(&["rev-parse", "main"]), tip);
    }
    // A log of another name begins anew, and the first one goes on where it was.
    let key = story.yes(&["key", "new", "example.org/anew", "new.key"]);
    story.yes(&["settings", "--log-key", key.trim(), "-q"]);
    story.yes(&["checkpoint", "--key", "new.key", "-q"]);
    fs::remove_dir_all(story.archive()).unwrap();
    fs::rename(story.folder.path().join("newest"), story.archive()).unwrap();
    add(&story, 9..10);
    story.yes(&sign);
}

#[test]
fn without_a_folder_of_one_s_own_nothing_is_signed_unless_that_is_asked_for() {
    let (story, sign) = put_back();
    add(&story, 2..3);
    let tip = story.git(&["rev-parse", "main"]);
    let run = |home: Option<&OsStr>, arguments: &[&str]| {
        let mut program = story.program(arguments);
        match home {
            Some(home) => program.env("HOME", home),
            None => program.env_remove("HOME"),
        };
        let output = program.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    let noted = "nothing was held against what you remembered";
    for home in [None, Some(""), Some("."), Some("/dev/null"), Some("/dev/null/x")] {
        let home = home.map(OsStr::new);
        let (code, said) = run(home, &sign);
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains("neither XDG_STATE_HOME nor HOME names a folder"),
            "{said}"
        );
        assert_eq!(story.git(&["rev-parse", "main"]), tip);
        for checked in [&["verify"][..], &["verify", &tip], &["clone", "archive", "copy"]] {
            let (code, said) = run(home, checked);
            assert!(code == Some(0) && said.contains(noted), "{checked:?}: {said}");
        }
        fs::remove_dir_all(story.folder.path().join("copy")).unwrap();
    }
    // A path that is not UTF-8 is one.
    let strange = story.folder.path().join(OsStr::from_bytes(b"\xff"));
    fs::create_dir(&strange).unwrap();
    let from = story.folder.path().join(".local");
    copy(&from, &strange.join(".local"));
    let (code, said) = run(Some(strange.as_os_str()), &sign);
    assert!(code == Some(2) && said.contains("the log was forked"), "{said}");
    let (code, said) = run(Some(strange.as_os_str()), &["verify"]);
    assert!(code == Some(1) && !said.contains(noted), "{said}");
    let (code, said) = run(None, &[&sign[..], &["--without-record"]].concat());
    assert_eq!(code, Some(0), "{said}");
    // The option keeps nothing from being held against what was signed.
    assert_eq!(
        story
            .run(&[&sign[..], &["--without-record"]].concat())
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_checkpoint_whose_commit_failed_comes_onto_the_branch_or_is_forgotten_where_nobody_was_shown_it() {
    let (story, _) = begin();
    let sign = ["checkpoint", "--key", "log.key", "-q"];
    add(&story, 0..1);
    story.yes(&sign);
    let before = story.folder.path().join("before");
    copy(&story.archive(), &before);
    add(&story, 1..2);
    let lock = story.archive().join("refs/heads/main.lock");
    let fails = || {
        fs::write(&lock, "").unwrap();
        let said = says(&story, &sign, 2);
        fs::remove_file(&lock).unwrap();
        assert!(said.contains("signed a checkpoint of 2 revisions, but"), "{said}");
        assert!(said.contains("run the same command again"), "{said}");
    };
    fails();
    story.yes(&sign);
    story.yes(&["verify"]);
    // What came onto the branch is not forgotten.
    let newest = story.folder.path().join("newest");
    fs::rename(story.archive(), &newest).unwrap();
    copy(&before, &story.archive());
    add(&story, 2..4);
    let drop = [&sign[..], &["--drop-pending", "3"]].concat();
    for arguments in [&sign[..], &drop] {
        let said = says(&story, arguments, 2);
        assert!(
            said.contains("the log was forked") && !said.contains("never came"),
            "{said}"
        );
    }
    // What did not may be, and the checkpoint before it counts as before.
    fs::remove_dir_all(story.archive()).unwrap();
    fs::rename(&newest, story.archive()).unwrap();
    let two = story.folder.path().join("two");
    copy(&story.archive(), &two);
    add(&story, 4..5);
    fs::write(&lock, "").unwrap();
    says(&story, &sign, 2);
    fs::remove_dir_all(story.archive()).unwrap();
    copy(&two, &story.archive());
    add(&story, 5..6);
    let said = says(&story, &sign, 2);
    assert!(
        said.contains("the log was forked: its first 3 revisions")
            && said.contains("never came onto a branch")
            && said.contains("--drop-pending 3 forgets it"),
        "{said}"
    );
    story.yes(&drop);
    add(&story, 6..7);
    story.yes(&sign);
    fs::remove_dir_all(story.archive()).unwrap();
    fs::rename(&two, story.archive()).unwrap();
    says(&story, &drop, 2);
}

#[test]
fn each_checkpoint_that_no_branch_is_known_to_have_counts_until_it_is_named() {
    let (story, _) = begin();
    let sign = ["checkpoint", "--key", "log.key", "-q"];
    let place = |name: &str| story.folder.path().join(name);
    copy(&story.archive(), &place("empty"));
    add(&story, 0..1);
    copy(&story.archive(), &place("one"));
    story.yes(&sign);
    // What a kill leaves that comes between the commit and its record.
    let kept = place(".local/state/avalaches/signed");
    let published = fs::read_dir(&kept).unwrap().next().unwrap().unwrap().path();
    fs::rename(&published, published.with_extension("pending")).unwrap();
    let take = |name: &str| {
        fs::remove_dir_all(story.archive()).unwrap();
        copy(&place(name), &story.archive());
    };
    copy(&story.archive(), &place("first"));
    // A copy that lacks that commit goes on from the same revision, and its checkpoint comes onto no branch.
    take("one");
    add(&story, 1..2);
    let lock = story.archive().join("refs/heads/main.lock");
    fs::write(&lock, "").unwrap();
    says(&story, &sign, 2);
    // A copy with another revision contradicts both.
    take("empty");
    add(&story, 7..8);
    let drop = |size: &'static str| [&sign[..], &["--drop-pending", size]].concat();
    for (arguments, named) in [
        (sign.to_vec(), "--drop-pending 2 forgets it"),
        (drop("1"), "--drop-pending 2 forgets it"),
        (drop("2"), "--drop-pending 1 forgets it"),
        (sign.to_vec(), "--drop-pending 1 forgets it"),
        (drop("2"), "--drop-pending 1 forgets it"),
    ] {
        let said = says(&story, &arguments, 2);
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
    // The copy that has the first goes on, and what was signed there is held against the others for good.
    take("first");
    add(&story, 1..2);
    story.yes(&sign);
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 1);
    take("empty");
    add(&story, 7..9);
    let said = says(&story, &drop("1"), 2);
    assert!(
        said.contains("the log was forked") && !said.contains("never came"),
        "{said}"
    );
}

#[test]
fn an_archive_that_lacks_what_was_remembered_is_not_signed_for_and_who_adds_to_it_is_warned() {
    let (story, sign) = put_back();
    fs::remove_dir_all(story.folder.path().join(".local/state/avalaches/signed")).unwrap();
    let newest = story.folder.path().join("newest");
    let tip = git_reading(&newest, &["rev-parse", "main"], "");
    says(&story, &sign, 2);
    story.write("two.txt", "第二篇。");
    let said = says(&story, &["add", "two.txt", "--slug", "two"], 0);
    assert!(
        said.contains(&format!("does not have commit {tip}, which you remembered of it")),
        "{said}"
    );
    let said = says(&story, &sign, 2);
    assert!(
        said.contains("the log was forked: its first 2 revisions"),
        "{said}"
    );
    fs::remove_dir_all(story.archive()).unwrap();
    fs::rename(newest, story.archive()).unwrap();
    let said = says(&story, &["add", "two.txt", "--slug", "two"], 0);
    assert!(!said.contains("remembered"), "{said}");
    story.yes(&sign);
    // What was remembered long ago is part of what was signed last.
    add(&story, 2..3);
    story.yes(&sign);
    story.yes(&["verify"]);
}

#[test]
fn a_false_checkpoint_is_found() {
    let (story, _) = begin();
    add(&story, 0..4);
    story.yes(&["checkpoint", "--key", "log.key"]);
    let good = story.yes(&["log", "--checkpoint"]);
    add(&story, 4..6);
    // Another archive's log, under the same name and signed with the same key: what a split view looks like.
    let other = Story::begin();
    fs::copy(
        story.folder.path().join("log.key"),
        other.folder.path().join("log.key"),
    )
    .unwrap();
    let key = other.yes(&["key", "show", "log.key"]);
    other.yes(&["settings", "--log-key", key.trim()]);
    add(&other, 100..106);
    other.yes(&["checkpoint", "--key", "log.key"]);
    let of_other = other.yes(&["log", "--checkpoint"]);
    for (forged, code, what) in [
        (
            of_other.as_str(),
            "checkpoint-other",
            "root is not that of the 6 revisions before it",
        ),
        (
            good.replacen("\n4\n", "\n6\n", 1).as_str(),
            "checkpoint-unsigned",
            "without a good signature",
        ),
        (
            "nonsense\n",
            "checkpoint-form",
            "the checkpoint is no signed note",
        ),
    ] {
        let commit = put_checkpoint(&story, forged);
        let said = says(&story, &["verify"], 1);
        assert!(said.contains(what) && said.contains(&commit), "{what}: {said}");
        let said = says(&story, &["audit"], 1);
        assert!(said.contains(code), "{said}");
        story.git(&["update-ref", "refs/heads/main", "main^"]);
        story.yes(&["verify"]);
    }
    let said = says(&story, &["log"], 0);
    assert!(said.contains("checkpoint of 4"), "{said}");
    put_checkpoint(&story, &of_other);
    let said = says(&story, &["log"], 2);
    assert!(said.contains("is not that of the branch"), "{said}");
    let said = says(&story, &["build", "site"], 2);
    assert!(said.contains("is not that of the branch"), "{said}");
}

fn open_archive(story: &Story) -> Archive {
    Archive::open(&story.archive(), Owner::Caller).unwrap()
}

#[test]
fn a_log_proves_nothing_that_a_checkpoint_does_not_cover() {
    let (story, _) = begin();
    add(&story, 0..5);
    story.yes(&["checkpoint", "--key", "log.key"]);
    let newest = || SignedCheckpoint::parse(&story.yes(&["log", "--checkpoint"])).unwrap();
    let of_five = newest();
    add(&story, 5..7);
    story.yes(&["checkpoint", "--key", "log.key"]);
    let of_seven = newest();
    let archive = open_archive(&story);
    let mut derived = Log::of(&archive).unwrap();
    assert!(derived.prove(4, &of_five).is_some());
    for (index, signed) in [(5, &of_five), (7, &of_seven), (u64::MAX, &of_seven)] {
        assert_eq!(derived.prove(index, signed), None, "{index}");
    }
    let mut larger = of_seven.clone();
    larger.checkpoint.size = 8;
    assert_eq!(derived.prove(4, &larger), None);
    let mut other = of_seven.checkpoint.clone();
    other.root = of_five.checkpoint.root;
    for (checkpoint, is_so) in [
        (&of_five.checkpoint, true),
        (&of_seven.checkpoint, true),
        (&larger.checkpoint, false),
        (&other, false),
    ] {
        assert_eq!(derived.has(checkpoint), is_so, "{checkpoint}");
    }
    let published = log::checkpoints(&archive).unwrap();
    let absent = merkle::leaf_hash(b"no entry");
    let found = log::find(&archive, &mut derived, &published, absent, |_| true).unwrap();
    assert_eq!(found, None);
}

#[test]
fn checkpoints_are_found_without_an_index_and_one_that_came_back_is_one() {
    let (story, _) = begin();
    add(&story, 0..3);
    story.yes(&["checkpoint", "--key", "log.key"]);
    add(&story, 3..5);
    story.yes(&["settings", "--title", "新报"]);
    story.yes(&["checkpoint", "--key", "log.key"]);
    let before = log(&story);
    assert_eq!(
        before["checkpoints"].as_array().map(Vec::len),
        Some(2),
        "{before}"
    );
    let index = story.archive().join("avalaches.index");
    let without_index = || {
        fs::remove_file(&index).unwrap();
        // Nothing can be written where a folder is.
        fs::create_dir_all(index.join("in the way")).unwrap();
        let found = log::checkpoints(&open_archive(&story)).unwrap();
        fs::remove_dir_all(&index).unwrap();
        found
    };
    let with_index = log::checkpoints(&open_archive(&story)).unwrap();
    assert_eq!(without_index(), with_index);
    // A root commit that takes the checkpoint away, and one that brings it back.
    let tip = story.git(&["rev-parse", "main"]);
    let rest = story.git(&["ls-tree", "main"]);
    let rest: Vec<&str> = rest
        .lines()
        .filter(|line| !line.ends_with("\tcheckpoint"))
        .collect();
    let without = git_reading(&story.archive(), &["mktree"], rest.join("\n"));
    let of = |tree: &str, parent: &str| {
        let commit = story.git(&["cat-file", "commit", &tip]);
        let (_, rest) = commit.split_once("\nauthor ").unwrap();
        let commit = format!("tree {tree}\nparent {parent}\nauthor {rest}\n");
        git_reading(
            &story.archive(),
            &["hash-object", "-t", "commit", "-w", "--stdin"],
            &commit,
        )
    };
    let taken = of(&without, &tip);
    let back = of(&story.git(&["rev-parse", "main^{tree}"]), &taken);
    story.git(&["update-ref", "refs/heads/main", &back]);
    assert_eq!(log::checkpoints(&open_archive(&story)).unwrap(), with_index);
    story.git(&["update-ref", "refs/heads/main", &taken]);
    assert_eq!(log::checkpoints(&open_archive(&story)).unwrap(), []);
}

#[test]
fn a_log_that_fell_far_behind_goes_on_from_what_is_kept() {
    let (story, _) = begin();
    add(&story, 0..3);
    story.yes(&["log", "--json"]);
    let file = story.archive().join("avalaches.log");
    let behind = fs::read(&file).unwrap();
    add(&story, 3..1100);
    fs::write(&file, &behind).unwrap();
    let archive = open_archive(&story);
    let (far, anew) = (Log::of(&archive).unwrap(), Log::read(&archive).unwrap());
    assert_eq!((far.size(), far.root(1100)), (1100, anew.root(1100)));
    let grown = fs::read(&file).unwrap();
    assert_eq!(
        behind[128..],
        grown[128..behind.len()],
        "what was kept is there still"
    );
    // Kept up to a commit that is on the branch no more.
    story.git(&["update-ref", "refs/heads/main", "main~2"]);
    let archive = open_archive(&story);
    let log = Log::of(&archive).unwrap();
    assert_eq!((log.size(), log.root(1098)), (1098, anew.root(1098)));
}

#[test]
fn a_branch_with_a_commit_of_no_archive_has_no_log() {
    let (story, _) = begin();
    add(&story, 0..3);
    story.yes(&["log", "--json"]);
    let file = story.archive().join("avalaches.log");
    let kept = fs::read(&file).unwrap();
    let tip = story.git(&["rev-parse", "main"]);
    let good = story.git(&["cat-file", "commit", "main"]);
    let tree = story.git(&["rev-parse", "main^{tree}"]);
    let (_, dates) = good.split_once("\nauthor ").unwrap();
    let (dates, _) = dates.split_once("\n\n").unwrap();
    for rest in ["\n\nhello\n", "\nencoding latin1\n\nhello\n"] {
        let commit = format!("tree {tree}\nparent {tip}\nauthor {dates}{rest}");
        let commit = git_reading(
            &story.archive(),
            &["hash-object", "-t", "commit", "-w", "--stdin"],
            &commit,
        );
        // What is above it is good, so that the archive can be opened.
        let above = good.split_once("\nauthor ").unwrap().1;
        let above = format!("tree {tree}\nparent {commit}\nauthor {above}\n");
        let above = git_reading(
            &story.archive(),
            &["hash-object", "-t", "commit", "-w", "--stdin"],
            &above,
        );
        story.git(&["update-ref", "refs/heads/main", &above]);
        fs::write(&file, &kept).unwrap();
        says(&story, &["log"], 2);
        fs::remove_file(&file).unwrap();
        let said = says(&story, &["log"], 2);
        assert!(
            said.contains("cannot be read as a line of revisions"),
            "{rest:?}: {said}"
        );
        assert!(!file.exists(), "nothing is kept of it");
    }
}

#[test]
fn nothing_is_signed_over_a_checkpoint_that_the_branch_does_not_bear_out() {
    let (story, _) = begin();
    add(&story, 0..4);
    let secret = fs::read_to_string(story.folder.path().join("log.key")).unwrap();
    let key = SignerKey::parse(&secret).unwrap();
    let right = Log::read(&open_archive(&story)).unwrap().root(3);
    let (empty, other) = (merkle::empty_root(), merkle::leaf_hash(b"another"));
    let vouched = Vouched::in_folder(story.folder.path().join("vouched"));
    for (size, root, is_true) in [
        (3, right, true),
        (3, other, false),
        (4, other, false),
        (9, other, false),
        (0, empty, true),
        (0, other, false),
    ] {
        let stated = Checkpoint {
            origin: ORIGIN.to_owned(),
            size,
            root,
            extensions: Vec::new(),
        };
        let stated = SignedCheckpoint::signed(stated, &key).to_string();
        let commit = put_checkpoint(&story, &stated);
        // Before anything beside the repository was written for it, and after; with what the user's own program found, and without.
        for vouched in [None, Some(&vouched), Some(&vouched)] {
            let signed = log::sign(&open_archive(&story), &key, vouched);
            match signed {
                Ok(Some(signed)) => assert!(is_true && signed.checkpoint.size == 4, "{size} {root}"),
                Err(LogError::Other {
                    commit: told,
                    size: told_size,
                }) => {
                    assert!(
                        !is_true && told.to_string() == commit && told_size == size,
                        "{size} {root}"
                    );
                }
                other => panic!("{size} {root}: {other:?}"),
            }
            if !is_true {
                let said = says(&story, &["checkpoint", "--key", "log.key"], 2);
                assert!(
                    said.contains("is not that of the branch") && said.contains("nothing was signed"),
                    "{said}"
                );
            }
        }
        story.git(&["update-ref", "refs/heads/main", "main^"]);
    }
}

#[test]
fn a_later_key_signs_no_more_than_an_earlier_one_over_a_false_checkpoint() {
    let (story, _) = begin();
    add(&story, 0..4);
    let secret = fs::read_to_string(story.folder.path().join("log.key")).unwrap();
    let stated = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 3,
        root: merkle::leaf_hash(b"another"),
        extensions: Vec::new(),
    };
    let stated = SignedCheckpoint::signed(stated, &SignerKey::parse(&secret).unwrap()).to_string();
    let commit = put_checkpoint(&story, &stated);
    for (origin, file) in [(ORIGIN, "next.key"), ("example.org/renamed", "renamed.key")] {
        let key = story.yes(&["key", "new", origin, file]);
        story.yes(&["settings", "--log-key", key.trim()]);
        let said = says(&story, &["checkpoint", "--key", file], 2);
        assert!(
            said.contains(&format!("at commit {commit} is not that of the branch"))
                && said.contains("nothing was signed"),
            "{said}"
        );
    }
}

#[test]
fn a_checkpoint_that_came_later_than_it_was_signed_is_remembered_as_no_more_than_it_states() {
    let (story, _) = begin();
    add(&story, 0..2);
    let secret = fs::read_to_string(story.folder.path().join("log.key")).unwrap();
    let key = SignerKey::parse(&secret).unwrap();
    let stated = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 2,
        root: Log::read(&open_archive(&story)).unwrap().root(2),
        extensions: Vec::new(),
    };
    add(&story, 2..3);
    put_checkpoint(&story, &SignedCheckpoint::signed(stated, &key).to_string());
    story.yes(&["remember"]);
    add(&story, 3..4);
    story.yes(&["checkpoint", "--key", "log.key", "-q"]);
    let told = log(&story);
    let newest = told["checkpoints"].as_array().unwrap().last().unwrap();
    let right = Log::read(&open_archive(&story)).unwrap().root(4);
    assert_eq!(
        (&newest["size"], &newest["root"]),
        (&4.into(), &right.to_string().into())
    );
}

#[test]
fn another_log_of_the_same_name_is_no_fork_of_this_one() {
    let (story, _) = begin();
    add(&story, 0..2);
    story.yes(&["checkpoint", "--key", "log.key", "-q"]);
    story.yes(&["verify"]);
    let (other, _) = begin();
    add(&other, 10..11);
    other.yes(&["checkpoint", "--key", "log.key", "-q"]);
    other.yes(&["remember"]);
    let first = story.archive();
    let first = first.to_str().unwrap();
    let tip = story.git(&["rev-parse", "main"]);
    for arguments in [vec!["verify"], vec!["verify", &tip], vec!["remember"]] {
        let said = says(&other, &[vec!["--archive", first], arguments].concat(), 2);
        assert!(
            said.contains("another log of this name") && !said.contains("forked"),
            "{said}"
        );
    }
    // A key that the log had before another one is the same log's.
    let key = other.yes(&["key", "new", ORIGIN, "new.key"]);
    other.yes(&["settings", "--log-key", key.trim(), "-q"]);
    other.yes(&["verify"]);
    other.yes(&["checkpoint", "--key", "new.key", "-q"]);
    other.yes(&["remember"]);
    other.yes(&["verify"]);
}

#[test]
fn hashes_that_are_those_of_another_history_are_believed_in_nothing() {
    let (story, _) = begin();
    add(&story, 0..5);
    story.yes(&["checkpoint", "--key", "log.key", "-q"]);
    story.yes(&["remember"]);
    let kept = story.yes(&["log", "--checkpoint"]);
    let hashes = fs::read(story.archive().join("avalaches.log")).unwrap();
    // The history is written anew from its third revision on, and the checkpoint put on top of that.
    story.git(&["update-ref", "refs/heads/main", "main~4"]);
    add(&story, 102..105);
    let tip = put_checkpoint(&story, &kept);
    let mut forged = hashes;
    forged[24..44].copy_from_slice(tip.parse::<CommitId>().unwrap().raw());
    let sum = sha2::Sha256::digest(&forged[..96]);
    forged[96..128].copy_from_slice(&sum);
    let forge = || fs::write(story.archive().join("avalaches.log"), &forged).unwrap();
    let all = [&["verify"][..], &["verify", &tip], &["audit"], &["remember"]];
    for arguments in all {
        forge();
        let said = says(&story, arguments, 1);
        assert!(
            said.contains("the log was forked: its first 5 revisions"),
            "{said}"
        );
        // The checkpoint that stands there is the one that was kept: nobody signed two.
        assert!(!said.contains("both signed checkpoints"), "{said}");
    }
    add(&story, 105..106);
    let tip = story.git(&["rev-parse", "main"]);
    forged[24..44].copy_from_slice(tip.parse::<CommitId>().unwrap().raw());
    let sum = sha2::Sha256::digest(&forged[..96]);
    forged[96..128].copy_from_slice(&sum);
    for _ in 0..2 {
        fs::write(story.archive().join("avalaches.log"), &forged).unwrap();
        let said = says(&story, &["checkpoint", "--key", "log.key"], 2);
        assert!(said.contains("nothing was signed"), "{said}");
    }
}

#[test]
fn a_policy_is_met_by_a_later_checkpoint_and_no_cosignature_is_taken_away() {
    let (story, key) = begin();
    let witness = SignerKey::new("w.example", KeyKind::Cosignature, [7; 32]).unwrap();
    let policy = format!("log {key}\nwitness w {}\nquorum w\n", witness.public());
    story.write("policy", policy);
    add(&story, 0..2);
    let first = story.git(&["rev-parse", "main"]);
    story.yes(&["checkpoint", "--key", "log.key", "-q"]);
    let verify = ["verify", "--policy", "policy", &first];
    let said = says(&story, &verify, 1);
    assert!(said.contains("not cosigned by those"), "{said}");
    add(&story, 2..3);
    story.yes(&["checkpoint", "--key", "log.key", "-q"]);
    let bare = story.yes(&["log", "--checkpoint"]);
    let mut signed = SignedCheckpoint::parse(&bare).unwrap();
    let line = signed.cosigned_by(&witness, 1_769_140_800).unwrap();
    signed.add([line.clone()]);
    put_checkpoint(&story, &signed.to_string());
    story.yes(&verify);
    // Another line of the same key may come in its place; without any it is gone.
    let mut later = SignedCheckpoint::parse(&bare).unwrap();
    later.add(later.cosigned_by(&witness, 1_769_140_900));
    put_checkpoint(&story, &later.to_string());
    story.yes(&["verify"]);
    let commit = put_checkpoint(&story, &bare);
    let said = says(&story, &["audit"], 1);
    assert!(
        said.contains("checkpoint-lines") && said.contains(&commit),
        "{said}"
    );
    let said = says(&story, &["verify"], 1);
    assert!(
        said.contains("takes the line of w.example from a checkpoint"),
        "{said}"
    );
}

#[test]
fn a_checkpoint_that_was_committed_is_told_where_what_follows_fails() {
    let (story, _) = begin();
    add(&story, 0..1);
    let stamped = [
        "checkpoint",
        "--key",
        "log.key",
        "--timestamp",
        "http://127.0.0.1:1/",
    ];
    let said = says(&story, &stamped, 2);
    let commit = story.git(&["rev-parse", "main"]);
    assert!(said.contains(&format!("committed {commit}")), "{said}");
}

/// Puts a commit with another checkpoint on the branch by git's own means, and returns its id.
fn put_checkpoint(story: &Story, text: &str) -> String {
    story.write("forged", text);
    let forged = story.folder.path().join("forged");
    let blob = story.git(&["hash-object", "-w", forged.to_str().unwrap()]);
    let index = story.folder.path().join("index");
    let with_index = |arguments: &[&str]| {
        let output = git_command(&story.archive(), arguments)
            .env("GIT_INDEX_FILE", &index)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    with_index(&["read-tree", "main"]);
    with_index(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("100644,{blob},checkpoint"),
    ]);
    let tree = with_index(&["write-tree"]);
    let message = "checkpoint: 9 revisions\n\nArchive-Format: 1\n";
    let output = git_command(
        &story.archive(),
        &["commit-tree", &tree, "-p", "main", "-m", message.trim_end()],
    )
    .env("GIT_AUTHOR_NAME", "Desk")
    .env("GIT_AUTHOR_EMAIL", "")
    .env("GIT_COMMITTER_NAME", "Desk")
    .env("GIT_COMMITTER_EMAIL", "")
    .env("GIT_AUTHOR_DATE", "1769140800 +0000")
    .env("GIT_COMMITTER_DATE", "1769140800 +0000")
    .output()
    .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let commit = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    story.git(&["update-ref", "refs/heads/main", &commit]);
    commit
}
