//! The index says where to look and never what is so: with it, without it, with a broken one, a stale one, one of
//! another archive, in a folder that cannot be written to, on a full disk, and with other processes at work, every
//! answer is that of the branch.

#[path = "support/answers.rs"]
mod answers;
#[path = "support/archives.rs"]
mod archives;
#[path = "support/folders.rs"]
mod folders;
#[path = "../benches/support/generate.rs"]
mod generate;
#[path = "support/mounts.rs"]
mod mounts;
#[path = "support/told.rs"]
mod told;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use answers::{ask, ask_walking};
use archives::Story;
use avalaches::archive::{Archive, Owner};
use avalaches::history;
use avalaches::id::CommitId;
use avalaches::index;
use avalaches::trailer::Message;
use folders::copy;
use rusqlite::Connection;
use told::{questions, story};

/// Tells whether the index of an archive covers its tip, as SQLite reads it.
fn covers_the_tip(story: &Story) -> bool {
    let tip = story.git(&["rev-parse", "main"]);
    let covered: rusqlite::Result<[u8; 20]> =
        open(story).query_row("SELECT tip FROM branch", [], |row| row.get(0));
    covered.is_ok_and(|raw| CommitId::from_raw(raw).to_string() == tip)
}

fn open(story: &Story) -> Connection {
    Connection::open(index(story)).unwrap()
}

fn index(story: &Story) -> PathBuf {
    story.archive().join("avalaches.index")
}

/// Every command that the index has a part in, with what it prints and its exit status.
fn commands(story: &Story) -> Vec<String> {
    story.write("same.txt", "A third page.\n");
    story.write(
        "changed.txt",
        story
            .yes(&["show", "2026/01/22/three"])
            .replace("third", "fourth"),
    );
    let first = story.git(&["rev-list", "--skip=4", "-n1", "main"]);
    let mut all: Vec<Vec<&str>> = vec![
        vec!["list"],
        vec!["list", "--json"],
        vec!["list", "--tag", "wire"],
        vec!["list", "--author", "ana", "--json"],
        vec!["list", "--lang", "zh"],
        vec!["list", "--since", "2026-01-21", "--until", "2026-01-22"],
        vec!["list", "--limit", "2"],
        vec!["history", "2026/01/22/three"],
        vec!["history", "2026/01/20/one", "--json"],
        vec!["history", "2026/01/20/none"],
        vec!["history", &first],
        vec!["show", "2026/01/20/one"],
        vec!["show", "2026/01/22/three", "--json"],
        vec!["verify", "2026/01/22/three"],
        vec!["verify", "same.txt"],
        vec!["verify", "changed.txt", "--json"],
        vec![
            "verify",
            "2026-01-20 (Tuesday) · a038737196a74c325d6a90900694dd78867e8af9",
        ],
        vec!["verify"],
    ];
    all.push(vec!["verify", &first[..9]]);
    all.iter()
        .map(|arguments| {
            let output = story.run(arguments);
            let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
            format!("$ {}\n{out}{err}{:?}", arguments.join(" "), output.status.code())
        })
        .collect()
}

#[test]
fn every_command_prints_with_an_index_what_it_prints_without() {
    let story = story();
    fs::remove_file(index(&story)).unwrap();
    fs::create_dir(index(&story)).unwrap();
    let walked = commands(&story);
    fs::remove_dir(index(&story)).unwrap();
    assert_eq!(commands(&story), walked);
    assert!(covers_the_tip(&story));
    assert_eq!(
        commands(&story),
        walked,
        "the second time, from the index as it is"
    );
    let questions = questions(&story);
    assert_eq!(
        ask(&story.archive(), &questions),
        ask_walking(&story.archive(), &questions)
    );
    // Otherwise nothing was compared.
    let told = walked.join("\n");
    for word in [
        "superseded by revision 3",
        "the text is that of",
        "recorded as the claim of",
        "撤",
        "withdrawn",
    ] {
        assert!(word == "撤" || told.contains(word), "{word}:\n{told}");
    }
}

#[test]
fn a_revision_that_is_added_is_found_without_making_the_index_anew() {
    let story = story();
    story.yes(&["list"]);
    let file = |story: &Story| {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(index(story)).unwrap().ino()
    };
    let before = file(&story);
    for number in 0..3 {
        story.add(
            "new.txt",
            &format!("Update {number}.\n"),
            &["--article", "2026/01/21/two"],
        );
        let shown = story.yes(&["show", "2026/01/21/two"]);
        assert!(shown.contains(&format!("Update {number}.")), "{shown}");
        assert!(covers_the_tip(&story));
    }
    assert_eq!(file(&story), before, "the file was made anew");
    let questions = questions(&story);
    assert_eq!(
        ask(&story.archive(), &questions),
        ask_walking(&story.archive(), &questions)
    );
}

#[test]
fn an_old_article_is_corrected_whatever_the_index_is() {
    let story = story();
    let correct = |note: &str| {
        story.add(
            "two.txt",
            &format!("第二篇。\n\nThe second page: {note}.\n"),
            &[
                "--article",
                "2026/01/21/two",
                "--kind",
                "correction",
                "--note",
                note,
            ],
        );
        story.yes(&["verify", "-q"]);
    };
    let _ = fs::remove_file(index(&story));
    correct("no index");
    fs::write(index(&story), "garbage").unwrap();
    correct("garbage");
    let stale = fs::read(index(&story)).unwrap();
    correct("the next");
    fs::write(index(&story), stale).unwrap();
    correct("a stale index");
    let held = open(&story);
    held.execute_batch("BEGIN EXCLUSIVE").unwrap();
    correct("a locked index");
    drop(held);
    assert_eq!(
        story
            .yes(&["history", "2026/01/21/two"])
            .matches(" correction ")
            .count(),
        5 - 1 + 1
    );
}

#[test]
fn a_file_that_is_no_index_of_this_archive_is_made_anew() {
    let story = story();
    let questions = questions(&story);
    let walked = ask_walking(&story.archive(), &questions);
    assert_eq!(ask(&story.archive(), &questions), walked);
    let good = fs::read(index(&story)).unwrap();
    let other = told::story();
    other.add("other.txt", "Another archive's page.\n", &[]);
    other.yes(&["list"]);
    let edited = |sql: &str| {
        let story = Story {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(story.archive()).unwrap();
        fs::write(index(&story), &good).unwrap();
        open(&story).execute_batch(sql).unwrap();
        fs::read(index(&story)).unwrap()
    };
    let mut bad = vec![
        ("garbage", b"garbage".repeat(5000)),
        ("nothing", Vec::new()),
        ("zeros", vec![0; good.len()]),
        ("another archive's", fs::read(index(&other)).unwrap()),
        ("another version's", edited("PRAGMA user_version = 99")),
        ("another program's", edited("PRAGMA application_id = 1")),
        ("with a table too many", edited("CREATE TABLE more(x)")),
        (
            "with a trigger",
            edited("CREATE TRIGGER t AFTER INSERT ON revision BEGIN DELETE FROM revision; END"),
        ),
        ("with another journal", edited("PRAGMA journal_mode = WAL")),
        (
            "without its rows",
            edited("DELETE FROM revision; DELETE FROM article; DELETE FROM day"),
        ),
        ("without what it covers", edited("DELETE FROM branch")),
    ];
    for length in [
        1,
        15,
        16,
        99,
        100,
        512,
        4095,
        4096,
        4097,
        8192,
        good.len() / 2,
        good.len() - 4096,
        good.len() - 1,
    ] {
        bad.push(("cut off", good[..length].to_vec()));
    }
    for (what, bytes) in bad {
        fs::write(index(&story), &bytes).unwrap();
        assert_eq!(
            ask(&story.archive(), &questions),
            walked,
            "{what}, {} bytes",
            bytes.len()
        );
        assert!(covers_the_tip(&story), "{what}, {} bytes", bytes.len());
        for left in ["-journal", "-wal", "-shm", ".new"] {
            let left = story.archive().join(format!("avalaches.index{left}"));
            assert!(!left.exists(), "{what}: {}", left.display());
        }
    }
    // A journal is not played: it could say what another file should lose.
    for ending in ["-journal", "-wal"] {
        fs::write(index(&story), &good).unwrap();
        fs::write(
            story.archive().join(format!("avalaches.index{ending}")),
            b"\xd9\xd5\x05\xf9 and more",
        )
        .unwrap();
        assert_eq!(ask(&story.archive(), &questions), walked);
        assert!(!story.archive().join(format!("avalaches.index{ending}")).exists());
    }
    // A link is replaced, and what it points to stays as it is.
    let elsewhere = story.folder.path().join("elsewhere");
    fs::write(&elsewhere, &good).unwrap();
    fs::remove_file(index(&story)).unwrap();
    std::os::unix::fs::symlink(&elsewhere, index(&story)).unwrap();
    assert_eq!(ask(&story.archive(), &questions), walked);
    assert!(fs::symlink_metadata(index(&story)).unwrap().is_file());
    assert_eq!(fs::read(&elsewhere).unwrap(), good);
}

#[test]
fn an_index_of_a_branch_that_was_moved_back_or_written_anew_is_made_anew() {
    let story = story();
    story.yes(&["list"]);
    let tip = story.git(&["rev-parse", "main"]);
    for back in ["main~1", "main~3"] {
        story.git(&["update-ref", "refs/heads/main", back]);
        let questions = questions(&story);
        let walked = ask_walking(&story.archive(), &questions);
        assert_eq!(ask(&story.archive(), &questions), walked, "{back}");
        assert!(covers_the_tip(&story));
    }
    story.add("other.txt", "Another line of history.\n", &[]);
    story.yes(&["list"]);
    let other = questions(&story);
    assert_eq!(
        ask(&story.archive(), &other),
        ask_walking(&story.archive(), &other)
    );
    story.git(&["update-ref", "refs/heads/main", &tip]);
    let own = questions(&story);
    assert_eq!(ask(&story.archive(), &own), ask_walking(&story.archive(), &own));
    assert!(covers_the_tip(&story));
}

#[test]
fn the_index_of_a_generated_archive_says_what_the_branch_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    generate::archive(&path, 1500);
    let archive = Archive::open(&path, Owner::Caller).unwrap();
    let index = index::of(&archive).unwrap();
    assert_eq!(index.revision_count(), 1500);
    let mut walked: Vec<_> = archive.walk().map(Result::unwrap).collect();
    walked.reverse();
    let mut articles = std::collections::BTreeMap::new();
    for (position, (id, commit)) in walked.iter().enumerate() {
        assert_eq!(index.position(*id).unwrap(), Some(position));
        assert_eq!(index.commit_at(position).unwrap(), Some(*id));
        if let Ok(message) = Message::parse(&commit.message) {
            let known: &mut Vec<_> = articles.entry(message.trailers.article.clone()).or_default();
            known.push((position, *id, message, commit.author.date, commit.committer.date));
        }
    }
    assert_eq!(index.covered().articles, articles.len());
    for (article, known) in &articles {
        let rows = index.revisions(article).unwrap();
        assert_eq!(rows.len(), known.len());
        for (row, (position, id, message, date, archived_at)) in rows.iter().zip(known) {
            let trailers = &message.trailers;
            assert_eq!((row.position, row.id, &row.article), (*position, *id, article));
            assert_eq!(
                (row.number, row.kind, &row.languages),
                (trailers.revision, trailers.kind, &trailers.languages)
            );
            assert_eq!(
                (row.date, row.archived_at, &row.note),
                (*date, *archived_at, &message.note)
            );
            assert!(index.with_text(row.page).unwrap().contains(row));
        }
        assert_eq!(index.newest(article).unwrap().as_ref(), rows.last());
        assert_eq!(
            history::newest(&archive, article).unwrap(),
            rows.last().map(|row| row.id)
        );
    }
    // Put in by few, by many, or all at once, the rows are the same.
    let rows = |path: &Path| {
        let connection = Connection::open(path).unwrap();
        let mut all = Vec::new();
        for table in [
            "branch",
            "revision ORDER BY position",
            "article ORDER BY name",
            "day WHERE articles > 0",
        ] {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    all.push(row.get::<_, rusqlite::types::Value>(column).unwrap());
                }
            }
        }
        all
    };
    drop(index);
    let file = path.join("avalaches.index");
    let at_once = rows(&file);
    for step in [100, 600] {
        fs::remove_file(&file).unwrap();
        for position in (step..walked.len()).step_by(step).chain([walked.len() - 1]) {
            archives::git(
                &path,
                &["update-ref", "refs/heads/main", &walked[position].0.to_string()],
            );
            let archive = Archive::open(&path, Owner::Caller).unwrap();
            assert_eq!(index::of(&archive).unwrap().revision_count(), position);
        }
        assert_eq!(rows(&file), at_once, "{step} at a time");
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_gives_the_same_answers() {
    let story = story();
    let stale = {
        story.yes(&["list"]);
        fs::read(index(&story)).unwrap()
    };
    story.add("five.txt", "A fifth page.\n", &["--tag", "wire"]);
    let questions = questions(&story);
    let walked = ask_walking(&story.archive(), &questions);
    for file in [None, Some(&stale[..]), Some(&b"garbage"[..])] {
        let _ = fs::remove_file(index(&story));
        if let Some(bytes) = file {
            fs::write(index(&story), bytes).unwrap();
        }
        let path = story.archive();
        let Some(mounted) = mounts::read_only(&path) else {
            return;
        };
        let found = ask(&path, &questions);
        let output = story.run(&["reindex"]);
        drop(mounted);
        assert_eq!(found, walked);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("could not get the right to write"), "{said}");
    }
}

#[test]
fn a_full_disk_gives_the_same_answers() {
    let story = story();
    let questions = questions(&story);
    let walked = ask_walking(&story.archive(), &questions);
    let mount = tempfile::tempdir().unwrap();
    let Some(mounted) = mounts::disk(mount.path(), "size=2m") else {
        return;
    };
    let archive = mount.path().join("archive");
    copy(&story.archive(), &archive);
    for kept in [0_usize, 4096, 20_000] {
        let _ = fs::remove_file(archive.join("avalaches.index"));
        let filler = mount.path().join("filler");
        let mut left = 2 << 20;
        while left > 512 {
            let more = fs::read(&filler).map_or(0, |bytes| bytes.len());
            if fs::write(&filler, vec![1; more + left]).is_err() {
                left /= 2;
            }
        }
        let length = fs::metadata(&filler).unwrap().len();
        let length = length.saturating_sub(u64::try_from(kept).unwrap());
        fs::OpenOptions::new()
            .write(true)
            .open(&filler)
            .unwrap()
            .set_len(length)
            .unwrap();
        assert_eq!(ask(&archive, &questions), walked, "{kept} bytes are free");
        assert!(!archive.join("avalaches.index.new").exists());
        let _ = fs::remove_file(&filler);
    }
    // An index that is there and cannot be brought up to date.
    assert_eq!(ask(&archive, &questions), walked);
    assert!(archive.join("avalaches.index").is_file());
    drop(mounted);
}

#[test]
fn many_processes_at_once_give_one_answer_and_make_one_index() {
    let story = story();
    let expected = story.yes(&["list"]);
    for round in 0..3 {
        match round {
            0 => fs::remove_file(index(&story)).unwrap(),
            1 => fs::write(index(&story), "garbage").unwrap(),
            _ => {}
        }
        let children: Vec<_> = (0..16)
            .map(|_| {
                story
                    .program(&["list"])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                expected,
                "round {round}"
            );
        }
        assert!(covers_the_tip(&story));
    }
    // Writers and readers, each of which sees its own page.
    let children: Vec<_> = (0..16)
        .map(|number| {
            story.write(&format!("p{number}.txt"), format!("Page {number} of many.\n"));
            let slug = format!("page-{number}");
            let name = format!("p{number}.txt");
            let script = format!(
                "\"$0\" add -q {name} --slug {slug} --date 2026-01-23 && \"$0\" history 2026/01/23/{slug} && \"$0\" list --tag wire"
            );
            let mut command = Command::new("sh");
            command.args(["-c", &script, env!("CARGO_BIN_EXE_avalaches")]);
            command.current_dir(story.folder.path()).env("SOURCE_DATE_EPOCH", "1769140800");
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("  1  publish "), "{said}");
    }
    assert_eq!(story.yes(&["list"]).lines().count(), 20);
    let questions = questions(&story);
    assert_eq!(
        ask(&story.archive(), &questions),
        ask_walking(&story.archive(), &questions)
    );
    story.yes(&["verify", "-q"]);
}

#[test]
fn a_kill_at_any_moment_leaves_an_index_that_is_used_or_made_anew() {
    let story = story();
    let questions = questions(&story);
    let walked = ask_walking(&story.archive(), &questions);
    let stale = {
        let tip = story.git(&["rev-parse", "main"]);
        story.git(&["update-ref", "refs/heads/main", "main~1"]);
        story.yes(&["list"]);
        story.git(&["update-ref", "refs/heads/main", &tip]);
        fs::read(index(&story)).unwrap()
    };
    for (command, file) in [("reindex", None), ("list", None), ("list", Some(&stale))] {
        for delay in 0..20 {
            match file {
                None => drop(fs::remove_file(index(&story))),
                Some(bytes) => fs::write(index(&story), bytes).unwrap(),
            }
            let mut child = story
                .program(&[command])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_micros(delay * 1000));
            let _ = child.kill();
            child.wait().unwrap();
            assert_eq!(
                ask(&story.archive(), &questions),
                walked,
                "{command} after {delay} ms"
            );
        }
    }
    story.yes(&["reindex"]);
    assert!(!story.archive().join("avalaches.index.new").exists());
}

#[test]
fn an_id_is_verified_whatever_the_index_is() {
    let story = story();
    let newest = story.git(&["rev-parse", "main~2"]);
    let said = story.yes(&["verify", &newest]);
    for id in [&newest[..], &newest[..8]] {
        fs::write(index(&story), "garbage").unwrap();
        assert_eq!(story.yes(&["verify", id]), said, "{id}");
    }
}

#[test]
fn reindex_says_what_it_has() {
    let story = story();
    let tip = story.git(&["rev-parse", "main"]);
    assert_eq!(
        story.yes(&["reindex"]),
        format!("indexed  7 revisions of 4 articles · {tip}\n")
    );
    // What else keeps something of the texts is made anew as well, when it is asked next.
    for (ask, name) in [
        (&["search", "page"][..], "avalaches.search"),
        (&["verify", "--quote", "third page"], "avalaches.words"),
    ] {
        let file = story.archive().join(name);
        let before = story.run(ask).stdout;
        assert!(file.exists(), "{name}");
        story.yes(&["reindex", "-q"]);
        assert!(!file.exists(), "{name}");
        assert_eq!(story.run(ask).stdout, before);
        assert!(file.exists(), "{name}");
    }
    // A branch that is no line of revisions has no index, and is told as ever.
    let desk = ["-c", "user.name=Desk", "-c", "user.email=d@e"];
    let empty = story.git(
        &[
            &desk[..],
            &["commit-tree", "main^{tree}", "-p", "main", "-m", "x"],
        ]
        .concat(),
    );
    story.git(&["update-ref", "refs/heads/main", &empty]);
    let output = story.run(&["reindex"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`avalaches verify` says what is wrong"), "{said}");
    let with = story.run(&["list"]);
    fs::remove_file(index(&story)).unwrap();
    fs::create_dir(index(&story)).unwrap();
    let without = story.run(&["list"]);
    assert_eq!(
        (with.status.code(), with.stderr),
        (without.status.code(), without.stderr)
    );
}
