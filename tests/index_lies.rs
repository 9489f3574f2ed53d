//! An index that lies: rows that somebody changed with care, sums and counts included, and bits that changed by
//! themselves. Every answer stays git's.

#[path = "support/answers.rs"]
mod answers;
#[path = "support/archives.rs"]
mod archives;
#[path = "support/told.rs"]
mod told;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use answers::{Questions, ask, ask_walking};
use archives::{Story, git_reading};
use avalaches::archive::{Archive, Fault, Owner};
use avalaches::id::{CommitId, IdPrefix, TreeId};
use avalaches::listing::{Listing, Wanted};
use avalaches::storage::branch_list::BranchList;
use avalaches::storage::objects::ObjectStore;
use rusqlite::Connection;
use rusqlite::types::Value;
use told::{questions, story};

fn index(story: &Story) -> PathBuf {
    story.archive().join("avalaches.index")
}

/// Changes an index and makes its sums right, as somebody would who has read the source.
fn edit(story: &Story, sql: &str) {
    let connection = Connection::open(index(story)).unwrap();
    connection.execute_batch(sql).unwrap();
    for (table, key) in [("revision", "position"), ("article", "key"), ("branch", "rowid")] {
        let mut sums = Vec::new();
        let mut statement = connection
            .prepare(&format!("SELECT {key}, * FROM {table}"))
            .unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let mut sum = crc32fast::Hasher::new();
            for column in 1..columns - 1 {
                // The width is in the sum of the day.
                if table == "article" && column == 5 {
                    continue;
                }
                let optional = table == "revision" && (column == 11 || column == 13);
                let text = match row.get(column).unwrap() {
                    Value::Null => {
                        sum.update(&0_i64.to_le_bytes());
                        continue;
                    }
                    Value::Integer(number) => {
                        sum.update(&number.to_le_bytes());
                        continue;
                    }
                    Value::Text(text) => text.into_bytes(),
                    Value::Blob(bytes) => bytes,
                    Value::Real(_) => unreachable!("there is none"),
                };
                if optional {
                    sum.update(&1_i64.to_le_bytes());
                }
                sum.update(&i64::try_from(text.len()).unwrap().to_le_bytes());
                sum.update(&text);
            }
            let key: i64 = row.get(0).unwrap();
            sums.push((key, i64::from(sum.finalize())));
        }
        for (at, sum) in sums {
            let sql = format!("UPDATE {table} SET sum = ?2 WHERE {key} = ?1");
            connection.execute(&sql, [at, sum]).unwrap();
        }
    }
    let mut days: BTreeMap<i64, i64> = BTreeMap::new();
    let mut statement = connection
        .prepare("SELECT key, newest, day, width FROM article")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let mut sum = crc32fast::Hasher::new();
        for column in 0..4 {
            sum.update(&row.get::<_, i64>(column).unwrap().to_le_bytes());
        }
        *days.entry(row.get(2).unwrap()).or_default() += i64::from(sum.finalize());
    }
    for (day, sum) in days {
        let sql = "UPDATE day SET sum = ?2 WHERE day = ?1";
        connection.execute(sql, [day, sum]).unwrap();
    }
    connection
        .execute("UPDATE day SET sum = 0 WHERE articles = 0", [])
        .unwrap();
}

/// Returns everything that an index holds.
fn rows(story: &Story) -> Vec<Value> {
    let connection = Connection::open(index(story)).unwrap();
    let mut all = Vec::new();
    for table in [
        "branch",
        "revision ORDER BY position",
        "article ORDER BY name",
        "day ORDER BY day",
    ] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            all.extend((0..columns).map(|column| row.get::<_, Value>(column).unwrap()));
        }
    }
    all
}

/// A story with an index that is right, and what it answers.
struct Honest {
    story: Story,
    questions: Questions,
    walked: Vec<String>,
    file: Vec<u8>,
    rows: Vec<Value>,
}

fn honest() -> Honest {
    let story = story();
    story.yes(&["reindex", "-q"]);
    let questions = questions(&story);
    let walked = ask_walking(&story.archive(), &questions);
    assert_eq!(ask(&story.archive(), &questions), walked);
    let file = fs::read(index(&story)).unwrap();
    let rows = rows(&story);
    edit(&story, "");
    assert_eq!(fs::read(index(&story)).unwrap().len(), file.len());
    assert_eq!(self::rows(&story), rows, "the test's own sums are others");
    Honest {
        story,
        questions,
        walked,
        file,
        rows,
    }
}

/// Counts the articles of a list.
fn list(story: &Story, wanted: &Wanted) -> usize {
    let archive = Archive::open(&story.archive(), Owner::Caller).unwrap();
    let listing = Listing::of(&archive, wanted).unwrap();
    listing.inspect(|revision| assert!(revision.is_ok())).count()
}

/// One after another: 1 `one`, 2 `two`, 3 to 5 `three`, 6 `one` withdrawn, 7 `four`.
const LIES: [(&str, &str); 15] = [
    (
        "the newest revision is left out",
        "DELETE FROM revision WHERE position = 6",
    ),
    (
        "the newest revision is left out, and nothing tells of it",
        "DELETE FROM revision WHERE position = 6; UPDATE revision SET position = 6 WHERE position = 7; \
         UPDATE branch SET commits = 7; UPDATE article SET newest = 6 WHERE key = 3; \
         UPDATE article SET newest = 1, day = 20260120, tags = 'wire' || char(10) || 'trade' WHERE key = 0; \
         UPDATE day SET articles = articles - 1 WHERE day = 20260123; \
         INSERT OR REPLACE INTO day VALUES(20260120, 1, 0)",
    ),
    (
        "an older revision is the newest",
        "UPDATE revision SET number = -number WHERE article = 2; \
         UPDATE revision SET number = number + 4 WHERE article = 2; UPDATE article SET newest = 3 WHERE key = 2",
    ),
    (
        "an older one with the same text is the newest",
        "DELETE FROM revision WHERE position IN (4, 5); UPDATE article SET newest = 3 WHERE key = 2",
    ),
    (
        "articles are swapped",
        "UPDATE article SET name = 'x' WHERE key = 1; UPDATE article SET name = '2026/01/21/two' WHERE key = 3; \
         UPDATE article SET name = '2026/01/21/four-has-the-text-of-three' WHERE key = 1",
    ),
    (
        "a revision is invented",
        "INSERT INTO revision SELECT 8, randomblob(20), article, 2, kind, date, date_offset, archived, \
         archived_offset, languages, note, page, claim, 0 FROM revision WHERE position = 7; \
         UPDATE article SET newest = 8 WHERE key = 3; UPDATE branch SET commits = 9",
    ),
    (
        "an article is invented",
        "INSERT INTO article VALUES(4, '2026/01/21/five', 7, 20260121, 15, 'zh', 'Desk', 'wire', 0); \
         UPDATE branch SET articles = 5; UPDATE day SET articles = articles + 1 WHERE day = 20260121",
    ),
    (
        "two revisions change their places",
        "UPDATE revision SET position = -5 WHERE position = 5; UPDATE revision SET position = 5 WHERE position = 7; \
         UPDATE revision SET position = 7 WHERE position = -5; UPDATE article SET newest = 5 WHERE key = 3; \
         UPDATE article SET newest = 7 WHERE key = 2",
    ),
    (
        "an article is left out",
        "DELETE FROM revision WHERE article = 1; DELETE FROM article WHERE key = 1; \
         UPDATE branch SET articles = 3; UPDATE day SET articles = articles - 1 WHERE day = 20260121",
    ),
    (
        "a tag is invented",
        "UPDATE article SET tags = 'wire' WHERE key = 2",
    ),
    (
        "an author is invented",
        "UPDATE article SET authors = 'Núñez' WHERE key = 1",
    ),
    (
        "a language is invented",
        "UPDATE article SET languages = 'zh' WHERE key = 2",
    ),
    (
        "a day is another",
        "UPDATE article SET day = 20260121 WHERE key = 2; \
         UPDATE day SET articles = articles - 1 WHERE day = 20260123; \
         UPDATE day SET articles = articles + 1 WHERE day = 20260121",
    ),
    (
        "a text and a claim are another revision's",
        "UPDATE revision SET page = (SELECT page FROM revision WHERE position = 3), \
         claim = (SELECT claim FROM revision WHERE position = 1) WHERE position = 2",
    ),
    (
        "the last revision is left out, and the index said to be complete",
        "DELETE FROM revision WHERE position = 7; DELETE FROM article WHERE key = 3; \
         UPDATE branch SET commits = 7, articles = 3; UPDATE day SET articles = articles - 1 WHERE day = 20260121",
    ),
];

#[test]
fn a_lie_is_met_by_git_and_the_index_is_made_anew() {
    let Honest {
        story,
        questions,
        walked,
        file,
        rows: good,
    } = honest();
    let list = story.archive().join("avalaches.branch");
    let commits = fs::read(&list).unwrap();
    // An article that is not shown after all may have made a column wider.
    let said = |answers: &[String]| -> Vec<String> {
        let said = answers.iter().filter(|answer| !answer.starts_with("width of"));
        said.cloned().collect()
    };
    let walked = said(&walked);
    for (lie, sql) in LIES {
        for has_list in [true, false] {
            fs::write(index(&story), &file).unwrap();
            fs::write(&list, &commits).unwrap();
            edit(&story, sql);
            assert_ne!(rows(&story), good, "{lie}: it is none");
            if !has_list {
                fs::remove_file(&list).unwrap();
            }
            assert_eq!(said(&ask(&story.archive(), &questions)), walked, "{lie}");
            assert_eq!(rows(&story), good, "{lie}: the index was not made anew");
        }
    }
}

#[test]
fn a_commit_that_is_not_on_the_branch_is_no_newest_revision() {
    let Honest {
        story,
        questions,
        walked,
        file,
        rows: good,
    } = honest();
    // The same article, number and folder, archived a second later, after which nothing comes.
    let commit = story.git(&["cat-file", "commit", "main~1"]) + "\n";
    let (before, after) = commit.split_once("committer ").unwrap();
    let (committer, rest) = after.split_once('\n').unwrap();
    let seconds: u64 = committer.split(' ').rev().nth(1).unwrap().parse().unwrap();
    let forged = format!(
        "{before}committer {}\n{rest}",
        committer.replace(&seconds.to_string(), &(seconds + 1).to_string())
    );
    let path = story.folder.path().join("forged");
    fs::write(&path, forged).unwrap();
    let id = story.git(&["hash-object", "-t", "commit", "-w", path.to_str().unwrap()]);
    let list = story.archive().join("avalaches.branch");
    for has_list in [true, false] {
        fs::write(index(&story), &file).unwrap();
        if !has_list {
            fs::remove_file(&list).unwrap();
        }
        edit(
            &story,
            &format!("UPDATE revision SET id = x'{id}' WHERE position = 6"),
        );
        assert_eq!(ask(&story.archive(), &questions), walked);
        assert_eq!(rows(&story), good);
    }
}

#[test]
fn a_wrong_bit_in_the_list_of_the_branch_changes_no_answer_and_is_mended() {
    let story = Story::begin();
    for name in ["a", "b", "c"] {
        let page = format!("第一段。\n\nParagraph {name}.\n");
        story.add(&format!("{name}.txt"), &page, &["--slug", name]);
    }
    let history = story.git(&["rev-list", "--reverse", "main"]);
    let commits: Vec<CommitId> = history.lines().map(|id| id.parse().unwrap()).collect();
    let elsewhere = story.git(&[
        "-c",
        "user.name=x",
        "-c",
        "user.email=x",
        "commit-tree",
        "-m",
        "x",
        "main^{tree}",
    ]);
    let list = story.archive().join("avalaches.branch");
    let good = fs::read(&list).unwrap();
    assert_eq!(good.len(), commits.len() * 20);
    let open = || Archive::open(&story.archive(), Owner::Caller).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        for id in &commits {
            fs::write(&list, &bad).unwrap();
            assert!(open().is_on_branch(*id).unwrap(), "byte {at}: {id}");
        }
        fs::write(&list, &bad).unwrap();
        let archive = open();
        assert!(!archive.is_on_branch(elsewhere.parse().unwrap()).unwrap());
        assert_eq!(archive.first().unwrap(), commits.first().copied(), "byte {at}");
        let positions = commits.iter().map(|id| archive.branch().unwrap().position(*id));
        assert!(positions.eq((0..commits.len()).map(Some)), "byte {at}");
        // One that does not end in the tip is made anew by whoever writes.
        if at < good.len() - 20 {
            assert_eq!(fs::read(&list).unwrap(), good, "byte {at}");
        }
    }
}

#[test]
fn a_list_that_leads_over_a_history_that_was_rewritten_puts_nothing_on_the_branch() {
    let story = Story::begin();
    let import = |word: &str| {
        let line = |number| {
            format!(
                "{{\"page\": \"{word} {number}.\", \"slug\": \"{word}{number}\", \"date\": \"2026-01-22\"}}\n"
            )
        };
        story.write("lines.jsonl", (0..300).map(line).collect::<String>());
        story.yes(&["import", "lines.jsonl", "-q"]);
    };
    let bytes = |ids: &[&str]| -> Vec<u8> {
        let ids = ids.iter().map(|id| id.parse::<CommitId>().unwrap());
        ids.flat_map(|id| *id.raw()).collect()
    };
    import("old");
    let history = story.git(&["rev-list", "--reverse", "main"]);
    let old: Vec<&str> = history.lines().collect();
    let list = story.archive().join("avalaches.branch");
    let known = story.folder.path().join(".cache/avalaches/lists").join(old[0]);
    // With what this user's program found before, and without it.
    for is_known in [false, true] {
        assert_eq!(known.exists(), is_known);
        for at in [1, 100, 299] {
            let said = story.yes(&["verify", "-q", old[at]]);
            assert!(said.starts_with("verified"), "{said}");
        }
    }
    story.yes(&["remember"]);
    story.git(&["update-ref", "refs/heads/main", old[150]]);
    import("new");
    let tip = story.git(&["rev-parse", "main"]);
    let rewritten = [&old[..], &[tip.as_str()]].concat();
    let short = [&old[1..], &[tip.as_str()]].concat();
    let none = "1".repeat(40);
    let replaced = [&[none.as_str()], &old[1..], &[tip.as_str()]].concat();
    for (word, forged) in [
        ("whole", rewritten),
        ("short", short),
        ("begun otherwise", replaced),
    ] {
        for is_known in [true, false] {
            if !is_known {
                fs::remove_file(&known).unwrap();
            }
            for gone in [old[151], old[200], old[300]] {
                fs::write(&list, bytes(&forged)).unwrap();
                let output = story.run(&["verify", "-q", gone]);
                let said = String::from_utf8(output.stdout).unwrap();
                assert!(
                    output.status.code() == Some(1) && said.starts_with("detached"),
                    "{word}, {is_known}: {said}"
                );
            }
            fs::write(&list, bytes(&forged)).unwrap();
            let output = story.run(&["remember"]);
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(
                output.status.code() == Some(1) && said.contains("the history was rewritten"),
                "{word}, {is_known}: {said}"
            );
        }
    }
}

#[test]
fn a_list_of_everything_lacks_nothing_that_the_tip_holds() {
    let Honest { story, .. } = honest();
    for (lie, sql) in LIES.iter().filter(|(lie, _)| lie.contains("article is")) {
        edit(&story, sql);
        assert_eq!(list(&story, &Wanted::default()), 4, "{lie}");
    }
}

#[test]
fn what_a_lie_can_hide_changes_no_verdict() {
    let Honest {
        story,
        questions,
        walked,
        ..
    } = honest();
    edit(&story, "UPDATE revision SET page = randomblob(20), claim = NULL");
    let answers = ask(&story.archive(), &questions);
    let verdict = |answer: &String| answer.split(" later: ").next().unwrap().to_owned();
    let hidden: Vec<_> = answers
        .iter()
        .zip(&walked)
        .filter(|(one, other)| one != other)
        .collect();
    assert!(
        !hidden.is_empty(),
        "nothing was hidden, and the documentation says that it could be"
    );
    for (one, other) in hidden {
        assert_eq!(verdict(one), verdict(other));
        assert!(
            other.contains("same: 2026") || other.contains("claimed: 2026"),
            "{other}"
        );
    }
    edit(&story, "UPDATE article SET tags = '' WHERE key = 1");
    let wire = || {
        list(
            &story,
            &Wanted {
                tag: Some("wire".to_owned()),
                ..Wanted::default()
            },
        )
    };
    assert_eq!(wire(), 0, "a list of some can lack one");
    assert_eq!(list(&story, &Wanted::default()), 4, "a list of all looks at each");
    assert_eq!(wire(), 1, "and has the index made anew");
    assert_eq!(ask(&story.archive(), &questions), walked);
}

#[test]
fn a_bit_that_changes_by_itself_changes_no_answer() {
    let Honest {
        story,
        questions,
        walked,
        file,
        ..
    } = honest();
    let step: usize = std::env::var("AVALACHES_TEST_FLIPS").map_or(211, |text| text.parse().unwrap());
    let mut flips = 0;
    for at in (0..file.len()).step_by(step) {
        let mut bytes = file.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(index(&story), &bytes).unwrap();
        assert_eq!(
            ask(&story.archive(), &questions),
            walked,
            "bit {} of byte {at}",
            at % 8
        );
        flips += 1;
    }
    println!("{flips} bits");
    assert!(flips > 200);
}

/// Lists of some articles and searches are what no tip and no chain can prove; each byte that they come from counts.
#[test]
fn a_bit_that_changes_by_itself_hides_nothing() {
    let Honest {
        story,
        mut questions,
        file,
        ..
    } = honest();
    questions.articles.clear();
    questions.first_revisions.clear();
    questions
        .wanted
        .retain(|wanted| *wanted != Wanted::default() && wanted.limit != Some(2));
    let walked = ask_walking(&story.archive(), &questions);
    let connection = Connection::open(index(&story)).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name IN \
               ('article', 'day', 'article_by_day', 'revision_by_page', 'revision_by_claim')";
    let mut statement = connection.prepare(sql).unwrap();
    let pages: Vec<usize> = statement
        .query_map([], |row| row.get::<_, i64>(0))
        .unwrap()
        .map(|page| usize::try_from(page.unwrap()).unwrap())
        .collect();
    drop(statement);
    drop(connection);
    let mut flips = 0;
    for page in pages {
        for at in (page - 1) * 4096..page * 4096 {
            if file[at] == 0 {
                continue;
            }
            let mut bytes = file.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(index(&story), &bytes).unwrap();
            assert_eq!(
                ask(&story.archive(), &questions),
                walked,
                "bit {} of byte {at}",
                at % 8
            );
            flips += 1;
        }
    }
    println!("{flips} bits");
    assert!(flips > 400);
}

#[test]
fn a_list_of_the_branch_is_held_against_git_where_the_branch_is_another_or_broken() {
    let story = Story::begin();
    let footers: Vec<String> = ["one", "two", "three"]
        .map(|slug| story.add("page.txt", &format!("{slug}\n"), &["--slug", slug]))
        .into();
    let [_, two, three] = &footers[..] else {
        unreachable!()
    };
    let (two, three): (CommitId, CommitId) = (
        two[two.len() - 40..].parse().unwrap(),
        three[three.len() - 40..].parse().unwrap(),
    );
    let first: CommitId = story
        .git(&["rev-list", "--max-parents=0", "main"])
        .parse()
        .unwrap();
    let stranger = CommitId::from_raw([7; 20]);
    let (path, list) = (story.archive(), story.archive().join("avalaches.branch"));
    let open = || Archive::open(&path, Owner::Anyone).unwrap();

    // What was walked once is walked on from there.
    assert!(!open().is_on_branch(stranger).unwrap());
    story.add("page.txt", "four\n", &["--slug", "four"]);
    let archive = open();
    assert!(!archive.is_on_branch(stranger).unwrap());
    assert!(archive.is_on_branch(two).unwrap());
    assert_eq!(archive.first().unwrap(), Some(first));

    // Of another tip than the branch's no list is written.
    let lie = BranchList::of(&[stranger, first, two, three]);
    lie.save(&path).unwrap();
    let objects = || ObjectStore::open(&path.join("objects")).unwrap();
    let before = Archive::with_tip(&path, three, objects()).unwrap();
    assert!(before.is_on_branch(first).unwrap());
    assert_eq!(before.first().unwrap(), Some(first));
    assert_eq!(fs::read(&list).unwrap()[..20], [7; 20]);
}

#[test]
fn a_branch_that_cannot_be_walked_is_on_no_list_that_is_written() {
    let story = Story::begin();
    let footers = ["five", "six"].map(|slug| story.add("page.txt", slug, &["--slug", slug]));
    let (path, list) = (story.archive(), story.archive().join("avalaches.branch"));
    let gone = &footers[0][footers[0].len() - 40..];
    let first = story
        .git(&["rev-list", "--max-parents=0", "main"])
        .parse()
        .unwrap();
    fs::remove_file(path.join("objects").join(&gone[..2]).join(&gone[2..])).unwrap();
    let open = || Archive::open(&path, Owner::Anyone).unwrap();
    assert!(open().is_on_branch(first).is_err());
    assert_eq!(open().first().unwrap(), Some(first), "nothing better is known");
    fs::remove_file(&list).unwrap();
    open().record_on_branch(&[CommitId::from_raw([7; 20])]);
    assert!(!list.exists());
}

#[test]
fn what_is_asked_of_a_store_by_path_and_by_digits_is_of_its_kind() {
    let story = Story::begin();
    story.add("page.txt", "one\n", &["--slug", "one"]);
    // A folder whose tree is longer than those that are remembered.
    let blob = story.git(&["rev-parse", "main:avalaches.json"]);
    let entry = |number: usize| format!("100644 blob {blob}\t{number:0200}\n");
    let lines: String = (0..400).map(entry).collect();
    let long = git_reading(&story.archive(), &["mktree"], lines);
    let long: TreeId = long.parse().unwrap();
    let archive = Archive::open(&story.archive(), Owner::Anyone).unwrap();
    for _ in 0..2 {
        assert_eq!(archive.tree(long).unwrap().entries().len(), 400);
    }
    let root = archive.root();
    let through = archive.entry(root, "avalaches.json/below");
    assert!(matches!(through, Err(Fault::Form(path)) if path == "avalaches.json/below"));
    let commits = |id: String| {
        archive
            .commits_with_prefix(&IdPrefix::parse(&id[..20]).unwrap())
            .unwrap()
    };
    assert_eq!(commits(archive.tip().to_string()), [archive.tip()]);
    assert_eq!(commits(root.to_string()), []);
}
