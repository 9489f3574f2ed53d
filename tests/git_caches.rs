//! What git keeps beside its objects, the commit-graph and the index over several packs: those that git wrote are no fault, and
//! those that make it show something else are found.

#[path = "support/archives.rs"]
mod archives;

use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use archives::{Story, git_command};
use avalaches::storage::git_caches;
use avalaches::storage::inventory::Inventory;
use avalaches::storage::objects::ObjectStore;
use sha1::{Digest as _, Sha1};

const GRAPH: &str = "objects/info/commit-graph";
const PACKS: &str = "objects/pack/multi-pack-index";

/// Makes an archive of four commits in three packs, with both files.
fn archive() -> Story {
    let story = Story::begin();
    for slug in ["a", "b", "c"] {
        story.add(
            "page.txt",
            &format!("第{slug}篇。\n\nPage {slug}.\n"),
            &["--slug", slug],
        );
        story.git(&["repack", "-dq"]);
    }
    story.git(&["commit-graph", "write", "--reachable"]);
    story.git(&["multi-pack-index", "write"]);
    story
}

fn path(story: &Story, file: &str) -> PathBuf {
    story.archive().join(file)
}

/// Puts other bytes into a file, with the checksum that such a file ends with.
fn put(story: &Story, file: &str, bytes: &[u8]) {
    let (content, _) = bytes.split_at(bytes.len() - 20);
    let sum = Sha1::digest(content);
    replace(story, file, &[content, sum.as_slice()].concat());
}

/// Git's own files cannot be written to.
fn replace(story: &Story, file: &str, bytes: &[u8]) {
    let path = path(story, file);
    fs::remove_file(&path).unwrap();
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
}

/// Finds a part of such a file by its name.
fn chunk(bytes: &[u8], name: &[u8]) -> Range<usize> {
    let head = if bytes.starts_with(b"MIDX") { 12 } else { 8 };
    let rows: Vec<&[u8]> = bytes[head..]
        .chunks_exact(12)
        .take(usize::from(bytes[6]) + 1)
        .collect();
    let offset = |row: &[u8]| usize::try_from(u64::from_be_bytes(row[4..].try_into().unwrap())).unwrap();
    let at = rows.iter().position(|row| row.starts_with(name)).unwrap();
    offset(rows[at])..offset(rows[at + 1])
}

/// Finds the row of an object in a table of rows.
fn row(bytes: &[u8], table: &[u8], length: usize, id: &str) -> Range<usize> {
    let ids = chunk(bytes, b"OIDL");
    let raw: Vec<u8> = (0..40)
        .step_by(2)
        .map(|at| u8::from_str_radix(&id[at..at + 2], 16).unwrap())
        .collect();
    let place = bytes[ids]
        .chunks_exact(20)
        .position(|known| known == raw)
        .unwrap();
    let start = chunk(bytes, table).start + place * length;
    start..start + length
}

/// Checks the whole archive, which has one fault, in a file.
fn is_found(story: &Story, file: &str, what: &str) {
    for command in ["verify", "audit"] {
        let output = story.run(&[command, "--json"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        let [finding] = &report["findings"].as_array().unwrap()[..] else {
            panic!("{what}: {report:#}")
        };
        assert_eq!(
            (&finding["code"], &finding["place"]),
            (&"plumbing".into(), &file.into()),
            "{report:#}"
        );
        let words = finding["what"].as_str().unwrap();
        assert!(
            words.contains(what) && words.ends_with("; delete the file, git makes it anew"),
            "{what}: {words}"
        );
    }
}

/// Tells whether the files are found at fault as they are now.
fn is_faulty(story: &Story) -> bool {
    let objects = ObjectStore::open(&path(story, "objects")).unwrap();
    !git_caches::look(&Inventory::for_reading(&objects), &|| false).is_empty()
}

#[test]
fn what_git_writes_beside_its_objects_is_no_fault() {
    let story = archive();
    story.yes(&["verify"]);
    story.yes(&["audit"]);
    // A merge of several, which only the list of edges has, and filters by path.
    let tree = story.git(&["rev-parse", "main^{tree}"]);
    let merged = git_command(
        &story.archive(),
        &[
            "commit-tree",
            &tree,
            "-p",
            "main",
            "-p",
            "main~1",
            "-p",
            "main~2",
            "-m",
            "merge",
        ],
    )
    .envs([
        ("GIT_AUTHOR_NAME", "A"),
        ("GIT_AUTHOR_EMAIL", "a@b"),
        ("GIT_COMMITTER_NAME", "A"),
        ("GIT_COMMITTER_EMAIL", "a@b"),
        ("GIT_COMMITTER_DATE", "@1 +0000"),
    ])
    .output()
    .unwrap();
    let merged = String::from_utf8(merged.stdout).unwrap();
    story.git(&["update-ref", "refs/heads/other", merged.trim()]);
    story.git(&["commit-graph", "write", "--reachable", "--changed-paths"]);
    let graph = fs::read(path(&story, GRAPH)).unwrap();
    assert!(!chunk(&graph, b"EDGE").is_empty() && !chunk(&graph, b"BDAT").is_empty());
    story.yes(&["verify"]);
    let mut other = graph;
    let edges = chunk(&other, b"EDGE");
    let first: [u8; 4] = other[edges.start..edges.start + 4].try_into().unwrap();
    other[edges.end - 4..edges.end].copy_from_slice(&first);
    other[edges.end - 4] |= 0x80;
    put(&story, GRAPH, &other);
    is_found(&story, GRAPH, "a parent that is not its own");
    // A chain of files.
    fs::remove_file(path(&story, GRAPH)).unwrap();
    story.git(&["commit-graph", "write", "--reachable", "--split=no-merge"]);
    story.add("page.txt", "One more.\n", &["--slug", "d"]);
    story.git(&["commit-graph", "write", "--reachable", "--split=no-merge"]);
    let chain = fs::read_to_string(path(&story, "objects/info/commit-graphs/commit-graph-chain")).unwrap();
    let layers: Vec<&str> = chain.lines().collect();
    assert_eq!(layers.len(), 2);
    story.yes(&["verify"]);
    let upper = format!("objects/info/commit-graphs/graph-{}.graph", layers[1]);
    let mut bytes = fs::read(path(&story, &upper)).unwrap();
    let at = chunk(&bytes, b"CDAT").start;
    bytes[at] ^= 1;
    replace(&story, &upper, &bytes);
    is_found(&story, &upper, "checksum");
    fs::remove_file(path(&story, &upper)).unwrap();
    is_found(
        &story,
        "objects/info/commit-graphs/commit-graph-chain",
        "a file that it names is not there",
    );
}

#[test]
fn a_commit_graph_that_says_something_else_of_a_commit_is_found() {
    let story = archive();
    let good = fs::read(path(&story, GRAPH)).unwrap();
    let [tip, before, earlier] = ["main", "main~1", "main~2"].map(|name| story.git(&["rev-parse", name]));
    let of = |id: &str| row(&good, b"CDAT", 36, id);
    let doctored = |at: usize, bytes: &[u8]| {
        let mut doctored = good.clone();
        doctored[of(&tip).start + at..][..bytes.len()].copy_from_slice(bytes);
        put(&story, GRAPH, &doctored);
    };
    let shown = || {
        [
            &["log", "--format=%H", "main"][..],
            &["show", "--format=%T", "--stat", "main"],
        ]
        .map(|arguments| story.git(arguments))
    };
    let honest = shown();
    doctored(0, &good[of(&before)][..20]);
    assert_ne!(shown()[1], honest[1], "git shows another tree");
    is_found(&story, GRAPH, &format!("commit {tip} a tree that is not its own"));
    let ids = chunk(&good, b"OIDL");
    let place = |id: &str| {
        let row = of(id).start - chunk(&good, b"CDAT").start;
        u32::try_from(row / 36).unwrap()
    };
    assert_eq!(ids.len() / 20, 4);
    doctored(20, &place(&earlier).to_be_bytes());
    assert!(!shown()[0].contains(&before), "git leaves a commit out");
    is_found(
        &story,
        GRAPH,
        &format!("commit {tip} a parent that is not its own"),
    );
    doctored(35, &[good[of(&tip)][35] ^ 1]);
    is_found(&story, GRAPH, "a date that is not its own");
    doctored(31, &[good[of(&tip)][31] ^ 4]);
    is_found(&story, GRAPH, "a generation that is not its own");
    replace(&story, GRAPH, &[]);
    is_found(&story, GRAPH, "");
    // One of the shares has them, and only one.
    let shares = ["1/2", "2/2"].map(|share| story.run(&["verify", "--subset", share]).status.code());
    assert_eq!(shares, [Some(1), Some(0)]);
    fs::remove_file(path(&story, GRAPH)).unwrap();
    assert_eq!(shown(), honest);
    story.yes(&["verify"]);
}

#[test]
fn an_index_over_several_packs_that_finds_other_objects_is_found() {
    let story = archive();
    let good = fs::read(path(&story, PACKS)).unwrap();
    let [one, other] = ["a", "b"].map(|slug| {
        let file = format!("main:articles/2026/01/23/{slug}/page.txt");
        story.git(&["rev-parse", &file])
    });
    let of = |id: &str| row(&good, b"OOFF", 8, id);
    let mut swapped = good.clone();
    swapped[of(&one)].copy_from_slice(&good[of(&other)]);
    swapped[of(&other)].copy_from_slice(&good[of(&one)]);
    let honest = story.git(&["cat-file", "-p", &one]);
    put(&story, PACKS, &swapped);
    assert_ne!(
        story.git(&["cat-file", "-p", &one]),
        honest,
        "git shows another text"
    );
    is_found(&story, PACKS, "elsewhere than the index of its pack");
    let names = chunk(&good, b"PNAM");
    let mut renamed = good.clone();
    renamed[names.start + 6] ^= 1;
    put(&story, PACKS, &renamed);
    is_found(&story, PACKS, "names a pack whose index cannot be read");
    // A name has as many bytes as any other; git wants them in order, each once.
    let length = 1 + good[names.clone()].iter().position(|byte| *byte == 0).unwrap();
    let [one, other] = [0, length].map(|at| names.start + at..names.start + at + length);
    let mut out_of_order = good.clone();
    out_of_order[one.clone()].copy_from_slice(&good[other.clone()]);
    out_of_order[other.clone()].copy_from_slice(&good[one.clone()]);
    put(&story, PACKS, &out_of_order);
    is_found(&story, PACKS, "its names of packs are out of order");
    let mut repeated = good.clone();
    repeated[other].copy_from_slice(&good[one]);
    put(&story, PACKS, &repeated);
    is_found(&story, PACKS, "its names of packs are out of order");
    put(&story, PACKS, &without_last(&good));
    is_found(&story, PACKS, "leaves out object");
    fs::remove_file(path(&story, PACKS)).unwrap();
    story.yes(&["verify"]);
}

/// Leaves the last object out of an index over several packs, all else as it has to be.
fn without_last(good: &[u8]) -> Vec<u8> {
    let ids = chunk(good, b"OIDL");
    let count = u32::try_from(ids.len() / 20).unwrap();
    let mut ends = good[chunk(good, b"OIDF")].to_vec();
    for end in ends.chunks_exact_mut(4) {
        let known = u32::from_be_bytes((&*end).try_into().unwrap());
        end.copy_from_slice(&known.min(count - 1).to_be_bytes());
    }
    let places = chunk(good, b"OOFF");
    assembled(
        good,
        &[
            (b"PNAM", &good[chunk(good, b"PNAM")]),
            (b"OIDF", &ends),
            (b"OIDL", &good[ids.start..ids.end - 20]),
            (b"OOFF", &good[places.start..places.end - 8]),
        ],
    )
}

/// Makes an index over several packs of its first bytes and other parts; the checksum is not put in.
fn assembled(good: &[u8], parts: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = good[..12].to_vec();
    bytes[6] = u8::try_from(parts.len()).unwrap();
    let mut offset = 12 + (parts.len() as u64 + 1) * 12;
    for (name, part) in parts {
        bytes.extend(*name);
        bytes.extend(offset.to_be_bytes());
        offset += part.len() as u64;
    }
    bytes.extend([0; 4]);
    bytes.extend(offset.to_be_bytes());
    bytes.extend(parts.iter().flat_map(|(_, part)| *part));
    bytes.extend([0; 20]);
    bytes
}

#[test]
fn an_offset_of_64_bits_is_followed_to_where_it_leads() {
    let story = archive();
    let good = fs::read(path(&story, PACKS)).unwrap();
    let own = good[chunk(&good, b"OOFF")][4..8].to_vec();
    for (place, wide, is_bad) in [
        (1_u32 << 31, [&[0; 4], &own[..]].concat(), false),
        (1 << 31, [&[1; 4], &own[..]].concat(), true),
        (1 << 31 | 1, [&[0; 4], &own[..]].concat(), true),
    ] {
        let mut places = good[chunk(&good, b"OOFF")].to_vec();
        places[4..8].copy_from_slice(&place.to_be_bytes());
        let mut parts: Vec<(&[u8], &[u8])> = [b"PNAM", b"OIDF", b"OIDL"]
            .map(|name| (name.as_slice(), &good[chunk(&good, name)]))
            .to_vec();
        parts.extend([(b"OOFF".as_slice(), &places[..]), (b"LOFF", &wide)]);
        put(&story, PACKS, &assembled(&good, &parts));
        assert_eq!(is_faulty(&story), is_bad, "{place:x}");
    }
}

#[test]
fn a_check_that_is_stopped_finds_nothing() {
    let story = archive();
    let mut graph = fs::read(path(&story, GRAPH)).unwrap();
    let at = chunk(&graph, b"CDAT").start;
    graph[at] ^= 1;
    put(&story, GRAPH, &graph);
    let mut packs = fs::read(path(&story, PACKS)).unwrap();
    let at = chunk(&packs, b"OOFF").start;
    packs[at + 7] ^= 1;
    put(&story, PACKS, &packs);
    let objects = ObjectStore::open(&path(&story, "objects")).unwrap();
    let inventory = Inventory::for_reading(&objects);
    assert_eq!(git_caches::look(&inventory, &|| false).len(), 2);
    assert!(git_caches::look(&inventory, &|| true).is_empty());
}

#[test]
fn a_commit_graph_of_another_form_is_found_and_one_of_an_older_git_is_none() {
    let story = archive();
    let good = fs::read(path(&story, GRAPH)).unwrap();
    let doctored = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        put(&story, GRAPH, &bytes);
        is_faulty(&story)
    };
    assert!(
        doctored(&|bytes| bytes.copy_within(8..12, 20)),
        "a part is there twice"
    );
    assert!(doctored(&|bytes| bytes[20..24].fill(0)), "the table ends early");
    let last = 8 + usize::from(good[6]) * 12;
    assert!(good[last - 12..].starts_with(b"GDA2"));
    let cut = (chunk(&good, b"GDA2").end - 4) as u64;
    assert!(doctored(
        &|bytes| bytes[last + 4..last + 12].copy_from_slice(&cut.to_be_bytes())
    ));
    // Git of before 2018 wrote no generations.
    let rows = chunk(&good, b"CDAT");
    assert!(!doctored(&|bytes| {
        for row in bytes[rows.clone()].chunks_exact_mut(36) {
            row[28..31].fill(0);
            row[31] &= 3;
        }
    }));
    // What is damaged itself is told elsewhere.
    story.add("page.txt", "One more.\n", &["--slug", "d"]);
    story.git(&["commit-graph", "write", "--reachable"]);
    assert!(!is_faulty(&story));
    let tip = story.git(&["rev-parse", "main"]);
    replace(
        &story,
        &format!("objects/{}/{}", &tip[..2], &tip[2..]),
        b"damaged",
    );
    assert!(!is_faulty(&story));
}

#[test]
fn moments_far_from_one_another_are_no_fault_unless_they_are_changed() {
    let story = archive();
    let tree = story.git(&["rev-parse", "main^{tree}"]);
    let commit = |parent: &str, date: &str| {
        let mut command = git_command(&story.archive(), &["commit-tree", &tree, "-p", parent, "-m", "x"]);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "A");
            command.env(format!("GIT_{who}_EMAIL"), "a@b");
        }
        let output = command.env("GIT_COMMITTER_DATE", date).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let late = commit("main", "@4294967295 +0000");
    let early = commit(&late, "@1 +0000");
    story.git(&["update-ref", "refs/heads/other", &early]);
    story.git(&["commit-graph", "write", "--reachable"]);
    assert!(!is_faulty(&story));
    let good = fs::read(path(&story, GRAPH)).unwrap();
    let wide = chunk(&good, b"GDO2");
    assert_eq!(wide.len(), 8);
    let mut bad = good.clone();
    bad[wide.end - 1] ^= 1;
    put(&story, GRAPH, &bad);
    assert!(is_faulty(&story));
    // Later than any revision can be: git 2.47 keeps 32 bits of how far the next one is from it, which is not held against it.
    let late = commit("main", "@4294967296 +0000");
    let early = commit(&late, "@1 +0000");
    story.git(&["update-ref", "refs/heads/other", &early]);
    fs::remove_file(path(&story, GRAPH)).unwrap();
    story.git(&["commit-graph", "write", "--reachable"]);
    assert!(!is_faulty(&story));
}

#[test]
fn what_stands_in_the_place_of_such_files_is_found() {
    let story = archive();
    fs::remove_file(path(&story, GRAPH)).unwrap();
    assert!(!is_faulty(&story));
    fs::create_dir(path(&story, GRAPH)).unwrap();
    assert!(is_faulty(&story), "a folder in the place of the file");
    fs::remove_dir(path(&story, GRAPH)).unwrap();
    story.git(&["commit-graph", "write", "--reachable", "--split=no-merge"]);
    assert!(!is_faulty(&story));
    let list = path(&story, "objects/info/commit-graphs/commit-graph-chain");
    let sum = fs::read_to_string(&list).unwrap();
    let layer = format!("objects/info/commit-graphs/graph-{}.graph", sum.trim());
    let good = fs::read(path(&story, &layer)).unwrap();
    let mut other = good.clone();
    let at = chunk(&other, b"CDAT").start;
    other[at] ^= 1;
    put(&story, &layer, &other);
    is_found(&story, &layer, "checksum");
    fs::remove_file(path(&story, &layer)).unwrap();
    std::os::unix::fs::symlink("elsewhere", path(&story, &layer)).unwrap();
    is_found(&story, &layer, "cannot be checked");
    fs::remove_file(&list).unwrap();
    fs::create_dir(&list).unwrap();
    is_found(
        &story,
        "objects/info/commit-graphs/commit-graph-chain",
        "cannot be checked",
    );
}

#[test]
fn any_byte_of_them_that_is_changed_is_found_or_means_the_same() {
    let story = archive();
    assert!(!is_faulty(&story));
    let tip = story.git(&["rev-parse", "main"]);
    let first = story.git(&["rev-list", "--max-parents=0", "main"]);
    for file in [GRAPH, PACKS] {
        let good = fs::read(path(&story, file)).unwrap();
        // Git reads a commit that a graph has not from the objects, and no second parent where there is no first.
        let (tables, same): (&[&[u8]], Vec<usize>) = if file == GRAPH {
            let second = row(&good, b"CDAT", 36, &first).start + 24;
            let same = row(&good, b"OIDL", 20, &tip).chain(second..second + 4).collect();
            (&[b"OIDF", b"OIDL", b"CDAT", b"GDA2"], same)
        } else {
            (&[b"OIDF", b"OIDL", b"OOFF"], Vec::new())
        };
        let tables: Vec<Range<usize>> = tables.iter().map(|name| chunk(&good, name)).collect();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            replace(&story, file, &bad);
            assert!(is_faulty(&story), "{file}, byte {at}");
            put(&story, file, &bad);
            let is_known = is_faulty(&story) || same.contains(&at);
            let matters = tables.iter().any(|table| table.contains(&at));
            assert!(is_known || !matters, "{file}, byte {at} with its checksum");
        }
        for length in 0..good.len() {
            replace(&story, file, &good[..length]);
            assert!(is_faulty(&story), "{file}, {length} bytes");
            if length > 20 {
                put(&story, file, &good[..length]);
                is_faulty(&story);
            }
        }
        replace(&story, file, &good);
    }
}

/// Returns the files of a kind beside packs, by their paths in the archive.
fn beside(story: &Story, ending: &str) -> Vec<String> {
    let files = fs::read_dir(path(story, "objects/pack")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names
        .filter(|name| name.rsplit('.').next() == Some(ending))
        .map(|name| format!("objects/pack/{name}"))
        .collect();
    found.sort();
    found
}

#[test]
fn what_git_keeps_beside_a_pack_is_that_packs_and_whole() {
    let story = archive();
    let reverse = beside(&story, "rev");
    assert_eq!(reverse.len(), 3);
    let good = reverse.iter().map(|file| fs::read(path(&story, file)).unwrap());
    let good: Vec<Vec<u8>> = good.collect();
    for at in 0..good[0].len() {
        let mut bad = good[0].clone();
        bad[at] ^= 1 << (at % 8);
        replace(&story, &reverse[0], &bad);
        assert!(is_faulty(&story), "byte {at}");
        put(&story, &reverse[0], &bad);
        // But for the checksum itself, which is made good.
        assert!(
            is_faulty(&story) || at >= good[0].len() - 20,
            "byte {at} with its checksum"
        );
    }
    for length in 0..good[0].len() {
        replace(&story, &reverse[0], &good[0][..length]);
        assert!(is_faulty(&story), "{length} bytes");
        if length > 20 {
            put(&story, &reverse[0], &good[0][..length]);
            assert!(is_faulty(&story), "{length} bytes with their checksum");
        }
    }
    let mut other_order = good[0].clone();
    other_order[12..16].copy_from_slice(&good[0][16..20]);
    other_order[16..20].copy_from_slice(&good[0][12..16]);
    put(&story, &reverse[0], &other_order);
    is_found(&story, &reverse[0], "in another order than theirs");
    replace(&story, &reverse[0], &good[1]);
    is_found(&story, &reverse[0], "is that of another pack");
    replace(&story, &reverse[0], &good[0]);
    story.yes(&["verify"]);
    // Bitmaps, of several packs and of one.
    story.git(&["multi-pack-index", "write", "--bitmap"]);
    let several = beside(&story, "bitmap");
    assert_eq!(several.len(), 1);
    is_spoiled(&story, &several[0]);
    story.git(&["repack", "-adbq"]);
    let one = beside(&story, "bitmap");
    assert_eq!(one.len(), 1);
    is_spoiled(&story, &one[0]);
    let mut other_pack = fs::read(path(&story, &one[0])).unwrap();
    other_pack[12] ^= 1;
    put(&story, &one[0], &other_pack);
    is_found(&story, &one[0], "is that of another pack");
}

/// Finds a file at fault while a byte of it is changed, and not when it is as it was.
fn is_spoiled(story: &Story, file: &str) {
    story.yes(&["verify"]);
    let good = fs::read(path(story, file)).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    replace(story, file, &bad);
    is_found(story, file, "checksum");
    replace(story, file, &good);
    story.yes(&["verify"]);
}
