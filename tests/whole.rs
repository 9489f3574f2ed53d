//! The check of a whole archive: what it says of histories whose every hash is right and which still are forged,
//! of parts of an archive, and when it is ended early.

#[path = "support/archives.rs"]
mod archives;
#[path = "../benches/support/generate.rs"]
mod generate;
#[path = "support/interrupted.rs"]
mod interrupted;
#[path = "support/objects.rs"]
#[allow(dead_code, reason = "other stories ask for every object")]
mod objects;
#[path = "support/packs.rs"]
#[allow(dead_code, reason = "other stories make worse packs")]
mod packs;

use std::fs;
use std::ops::ControlFlow;

use archives::{Story, git_reading};
use avalaches::id::ObjectId;
use avalaches::object::Hashing;
use avalaches::storage::inventory::Inventory;
use avalaches::storage::objects::ObjectStore;
use interrupted::interrupted;
use objects::put;
use packs::PackWriter;
use serde_json::Value;

const ARTICLE: &str = "2026/01/22/first-words";

/// An archive with two revisions of one article and another one; returns the ids, oldest first.
fn three() -> (Story, [String; 3]) {
    let story = Story::begin();
    let id = |footer: String| footer.trim().rsplit(' ').next().unwrap().to_owned();
    let options = ["--date", "2026-01-22", "--slug", "first-words"];
    let first = id(story.add("one.txt", "一些文字。\n\nSome words.\n", &options));
    let options = [
        "--date",
        "2026-01-22",
        "--article",
        ARTICLE,
        "--kind",
        "correction",
        "--note",
        "A word.",
    ];
    let second = id(story.add("two.txt", "一些文字。\n\nOther words.\n", &options));
    let third = id(story.add(
        "three.txt",
        "另一篇。\n\nAnother one.\n",
        &["--date", "2026-01-23"],
    ));
    (story, [first, second, third])
}

#[test]
fn an_archive_that_borrows_its_objects_is_refused_by_the_name_of_what_has_it_do_so() {
    let (story, _) = three();
    let [from, to] = ["archive", "borrowing"].map(|name| story.folder.path().join(name));
    let [from, to] = [&from, &to].map(|path| path.to_str().unwrap());
    story.git(&["clone", "-q", "--bare", "--shared", from, to]);
    let output = story.run(&["--archive", "borrowing", "verify"]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(
        output.status.code() == Some(1) && said.contains("objects/info/alternates: makes git borrow"),
        "{said}"
    );
}

/// Says whether the archive is proved, and everything that was printed.
fn verify(story: &Story, options: &[&str]) -> (Option<i32>, String) {
    let output = story.run(&[&["verify"], options].concat());
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn an_object_that_is_missing_is_told_of_once_for_each_commit_that_lacks_it() {
    let (story, [_, second, third]) = three();
    let told = |object: &str| {
        let path = story
            .archive()
            .join("objects")
            .join(&object[..2])
            .join(&object[2..]);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let (code, said) = verify(&story, &[]);
        fs::write(&path, bytes).unwrap();
        assert_eq!(code, Some(1), "{said}");
        // What is not known is not told.
        assert!(!said.contains("changes nothing"), "{said}");
        let found = said
            .lines()
            .filter(|line| line.contains(&format!("object {object} is")));
        found.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let object = |name: &str| story.git(&["rev-parse", name]);
    for name in ["en.md", "page.txt", "article.json"] {
        let found = told(&object(&format!("{second}:articles/{ARTICLE}/{name}")));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(&format!("commit {second}: ")), "{found:?}");
    }
    let found = told(&object(&format!("{second}^{{tree}}")));
    let commits = [&second, &third].map(|id| {
        found
            .iter()
            .filter(|line| line.contains(&format!("commit {id}: ")))
            .count()
    });
    assert_eq!((commits, found.len()), ([1, 1], 2), "{found:?}");
}

#[test]
fn everything_is_part_of_the_branch_and_what_is_not_is_counted() {
    let (story, _) = three();
    let (status, said) = verify(&story, &[]);
    assert!(
        status == Some(0) && !said.contains("not part of the branch's history"),
        "{said}"
    );
    git_reading(&story.archive(), &["hash-object", "-w", "--stdin"], "left over");
    let (status, said) = verify(&story, &[]);
    assert!(
        status == Some(0) && said.contains("1 object is sound and not part of the branch's history"),
        "{said}"
    );
}

/// Puts a commit on the branch: the text of another one with some of it replaced.
fn forge(story: &Story, like: &str, replaced: &[(&str, &str)]) -> String {
    let mut text = story.git(&["cat-file", "commit", like]) + "\n";
    for (from, to) in replaced {
        assert!(text.contains(from), "{from:?} in {text}");
        text = text.replace(from, to);
    }
    let id = git_reading(
        &story.archive(),
        &["hash-object", "-t", "commit", "-w", "--stdin"],
        &text,
    );
    story.git(&["update-ref", "refs/heads/main", &id]);
    id
}

/// Makes a tree like that of a commit, with one file put in or replaced.
fn tree_with(story: &Story, like: &str, path: &str, text: &str) -> String {
    let blob = git_reading(&story.archive(), &["hash-object", "-w", "--stdin"], text);
    git_reading(&story.archive(), &["read-tree", like], "");
    let entry = format!("100644,{blob},{path}");
    git_reading(
        &story.archive(),
        &["update-index", "--add", "--cacheinfo", &entry],
        "",
    );
    git_reading(&story.archive(), &["write-tree"], "")
}

#[test]
fn a_forged_history_is_found_though_every_hash_is_right() {
    let (story, [first, second, third]) = three();
    assert_eq!(verify(&story, &[]).0, Some(0));
    let tree = |id: &str| story.git(&["rev-parse", &format!("{id}^{{tree}}")]);
    let (first_tree, second_tree, third_tree) = (tree(&first), tree(&second), tree(&third));
    let found = |forged: &str, words: &str| {
        for packed in [false, true] {
            if packed {
                story.git(&["repack", "-q", "-a", "-d", "-f", "-k"]);
            }
            let (code, said) = verify(&story, &[]);
            assert_eq!(code, Some(1), "{words}: {said}");
            let line = said
                .lines()
                .find(|line| line.contains(forged) && line.contains(words));
            assert!(line.is_some(), "{words} of {forged}: {said}");
        }
        story.git(&["update-ref", "refs/heads/main", &third]);
    };
    let third_parent = format!("parent {second}");
    let after_third = format!("parent {third}");

    let id = forge(&story, &third, &[("Revision: 1", "Revision: 2")]);
    found(&id, "Previous-Revision and Revision disagree");
    let id = forge(&story, &second, &[("Revision: 2", "Revision: 3")]);
    found(&id, "are not those that follow from the history");
    let id = forge(&story, &third, &[("Languages: zh, en", "Languages: en, zh")]);
    found(&id, "Languages is not that of article.json");
    let id = forge(
        &story,
        &third,
        &[("committer Desk <> 1769140800", "committer Desk <> 1769000000")],
    );
    found(&id, "was archived before the commit that it follows");
    let id = forge(
        &story,
        &third,
        &[(&third_parent, &format!("{third_parent}\nparent {first}"))],
    );
    found(&id, "has more than one parent");
    // A commit that changes two articles: the third's tree upon the first.
    let id = forge(&story, &third, &[(&third_parent, &format!("parent {first}"))]);
    found(&id, "in place of its article's folder alone");
    let id = forge(&story, &third, &[(&third_parent, &after_third)]);
    found(&id, "in place of its article's folder alone");
    let stray = tree_with(&story, &third, "articles/2026/notes.txt", "x");
    let id = forge(&story, &third, &[(&third_tree, &stray)]);
    found(&id, "in place of its article's folder alone");
    let settings = story.git(&["show", &format!("{third}:avalaches.json")]) + "\n";
    let settings = settings.replace("\"title\": \"", "\"title\": \"Not ");
    let settings = tree_with(&story, &third, "avalaches.json", &settings);
    let id = forge(&story, &third, &[(&third_tree, &settings)]);
    found(&id, "in place of its article's folder alone");
    let listed = story.git(&["ls-tree", "-d", "-r", "--name-only", &third]);
    let folder = listed
        .lines()
        .find(|path| path.starts_with("articles/2026/01/23/"))
        .unwrap();
    for (name, text, words) in [
        ("page.txt", "别的。\n", "page.txt is not the text of the sources"),
        (
            "en.md",
            "Another two.\n",
            "page.txt is not the text of the sources",
        ),
        ("ja.md", "x\n", "ja.md is no file that article.json accounts for"),
        ("article.json", "{}\n", "article.json"),
        ("media/x.txt", "x\n", "media"),
    ] {
        let tree = tree_with(&story, &third, &format!("{folder}/{name}"), text);
        let id = forge(&story, &third, &[(&third_tree, &tree)]);
        found(&id, words);
    }

    // Two revisions upon the same one, where a third has brought its very text back in between.
    let message = format!("Revision: 3\nRevision-Kind: publish\nPrevious-Revision: {second}");
    let parent = story.git(&["rev-parse", &format!("{first}~1")]);
    let replaced = [
        ("Revision: 1\nRevision-Kind: publish", message.as_str()),
        (&parent, &second),
    ];
    let back = forge(&story, &first, &replaced);
    fs::remove_file(story.archive().join("avalaches.branch")).unwrap();
    let (code, said) = verify(&story, &[]);
    assert_eq!(code, Some(0), "a text may come back: {said}");
    assert_eq!(tree(&back), first_tree);
    let fork = forge(
        &story,
        &second,
        &[(&format!("parent {first}"), &format!("parent {back}"))],
    );
    assert_eq!(tree(&fork), second_tree);
    found(&fork, "are not those that follow from the history");
}

/// Says what is said of one commit, or of a footer.
fn verify_one(story: &Story, id: &str) -> (Option<i32>, String) {
    verify(story, &[id])
}

#[test]
fn a_revision_that_was_archived_before_the_one_that_it_follows_is_corrupt_by_its_id() {
    let (story, [_, _, third]) = three();
    let earlier = [("committer Desk <> 1769140800", "committer Desk <> 1769140799")];
    let id = forge(&story, &third, &earlier);
    let (code, said) = verify_one(&story, &id);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.starts_with("corrupt") && said.contains("was archived before the commit that it follows"),
        "{said}"
    );
}

#[test]
fn a_folder_that_holds_nothing_is_found_wherever_it_lies() {
    let (story, [_, second, third]) = three();
    let tree = |id: &str| story.git(&["rev-parse", id]);
    let with = |like: &str, entry: &str, name: &str| {
        let listed = story.git(&["ls-tree", like]);
        let others = listed
            .lines()
            .filter(|line| !line.ends_with(&format!("\t{name}")));
        let others: Vec<&str> = others.collect();
        let entries = format!("{}\n040000 tree {entry}\t{name}\n", others.join("\n"));
        git_reading(&story.archive(), &["mktree"], entries)
    };
    let root = tree(&format!("{third}^{{tree}}"));
    let empty = git_reading(&story.archive(), &["mktree"], "");
    let articles = with(&format!("{root}:articles"), &empty, "2025");
    for forged in [
        with(&root, &empty, "expunged"),
        with(&root, &empty, "foo"),
        with(&root, &articles, "articles"),
    ] {
        let id = forge(&story, &third, &[(&root, &forged)]);
        for _ in ["whole", "once more"] {
            let (code, said) = verify(&story, &[]);
            assert!(code == Some(1) && said.contains("is empty"), "{said}");
        }
        for one in [&id, &second] {
            let (code, said) = verify_one(&story, one);
            assert!(
                one == &second && code == Some(0) || code == Some(1) && said.starts_with("corrupt"),
                "{said}"
            );
        }
        story.git(&["update-ref", "refs/heads/main", &third]);
    }
}

#[test]
fn a_revision_whose_very_files_came_back_is_superseded() {
    let (story, [first, second, _]) = three();
    let message = format!("Revision: 3\nRevision-Kind: publish\nPrevious-Revision: {second}");
    let parent = story.git(&["rev-parse", &format!("{first}~1")]);
    story.git(&["update-ref", "refs/heads/main", &second]);
    let replaced = [
        ("Revision: 1\nRevision-Kind: publish", message.as_str()),
        (parent.as_str(), second.as_str()),
    ];
    let back = forge(&story, &first, &replaced);
    for _ in ["by the index", "by a walk"] {
        let (code, said) = verify_one(&story, &first);
        assert!(code == Some(0) && said.starts_with("superseded"), "{said}");
        assert!(said.contains(&second) && said.contains(&back), "{said}");
        assert_eq!(verify(&story, &["--current", &first]).0, Some(1));
        let (code, said) = verify_one(&story, &back);
        assert!(code == Some(0) && said.starts_with("verified"), "{said}");
        // Where a folder has its name no index can be had.
        let index = story.archive().join("avalaches.index");
        if index.is_file() {
            fs::remove_file(&index).unwrap();
            fs::create_dir(&index).unwrap();
        }
    }
    fs::remove_file(story.archive().join("avalaches.branch")).unwrap();
    assert_eq!(verify(&story, &[]).0, Some(0));
}

#[test]
fn what_is_asked_of_an_archive_whose_settings_are_none_is_corrupt() {
    let (story, [_, second, third]) = three();
    story.yes(&["build", "site", "-q"]);
    let settings = tree_with(&story, &third, "avalaches.json", "{}\n");
    let tree = story.git(&["rev-parse", &format!("{third}^{{tree}}")]);
    forge(&story, &third, &[(&tree, &settings)]);
    story.write("page.txt", "Some words.\n");
    for thing in [&second[..], &second[..9], ARTICLE, "page.txt"] {
        let (code, said) = verify_one(&story, thing);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.starts_with("corrupt") && said.contains("avalaches.json"),
            "{said}"
        );
        let output = story.run(&["verify", "--json", thing]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["answers"][0]["verdict"], "corrupt");
    }
    let (code, said) = verify_one(&story, "nosuchfile.html");
    assert!(code == Some(2) && said.contains("there is no file"), "{said}");
    // The proof that a page carries needs no archive.
    let page = format!("site/{ARTICLE}/r1.html");
    let (code, said) = verify_one(&story, &page);
    assert!(
        code == Some(1) && said.starts_with("corrupt") && said.contains("proved from the page itself"),
        "{said}"
    );
    let file = story.folder.path().join(&page);
    let changed = fs::read_to_string(&file).unwrap().replacen("words", "swords", 1);
    fs::write(&file, changed).unwrap();
    let (code, said) = verify_one(&story, &page);
    assert!(code == Some(1) && said.starts_with("altered"), "{said}");
}

#[test]
fn what_came_after_a_recorded_commit_is_checked_and_nothing_else() {
    let (story, [first, second, third]) = three();
    let (code, said) = verify(&story, &["--since", &second]);
    assert_eq!(code, Some(0));
    assert!(
        said.starts_with(&format!("verified  since {second}: 1 revision of 1 article, ")),
        "{said}"
    );
    assert!(said.contains(&format!(" · {third}\n")), "{said}");
    let (code, said) = verify(&story, &["--since", &third]);
    assert!(code == Some(0) && said.contains("0 revisions"), "{said}");
    // An article of which a later revision alone is checked counts as well.
    let (code, said) = verify(&story, &["--since", &first]);
    assert_eq!(code, Some(0));
    assert!(
        said.starts_with(&format!("verified  since {first}: 2 revisions of 2 articles, ")),
        "{said}"
    );

    let spoil = |id: &str, name: &str| {
        let blob = story.git(&["rev-parse", &format!("{id}:{name}")]);
        fs::remove_file(story.archive().join("objects").join(&blob[..2]).join(&blob[2..])).unwrap();
        blob
    };
    spoil(&first, &format!("articles/{ARTICLE}/en.md"));
    assert_eq!(
        verify(&story, &["--since", &second]).0,
        Some(0),
        "older than what is asked"
    );
    let listed = story.git(&["ls-tree", "-r", "--name-only", &third]);
    let newer = listed
        .lines()
        .find(|path| path.contains("/23/") && path.ends_with("page.txt"))
        .unwrap();
    let blob = spoil(&third, newer);
    let (code, said) = verify(&story, &["--since", &second]);
    assert!(code == Some(1) && said.contains(&blob), "{said}");
}

#[test]
fn a_rewritten_history_no_longer_holds_the_recorded_commit() {
    let (story, [_, second, third]) = three();
    let copy = story.folder.path().join("copy");
    let copy = copy.to_str().unwrap();
    story.git(&["update-ref", "refs/heads/main", &second]);
    fs::remove_file(story.archive().join("avalaches.branch")).unwrap();
    story.yes(&["clone", story.archive().to_str().unwrap(), copy, "-q"]);
    // Moved back, or only older, it accuses nobody.
    let never = "1".repeat(40);
    for (answer, options) in [
        ("behind", &["--since", third.as_str()][..]),
        ("unknown", &["--since", &never]),
        ("unknown", &["--since", &third, "--archive", copy]),
    ] {
        let (code, said) = verify(&story, options);
        assert!(
            code == Some(1) && said.contains(&format!("{answer}  since")) && said.contains("avalaches pull"),
            "{said}"
        );
        assert!(!said.contains("history was rewritten"), "{said}");
    }
    story.add("other.txt", "Another one.\n", &["--date", "2026-01-24"]);
    let (code, said) = verify(&story, &["--since", &third]);
    assert!(
        code == Some(1) && said.contains("is not on the branch: its history was rewritten"),
        "{said}"
    );
    assert_eq!(verify(&story, &["--since", "12345678"]).0, Some(2));
}

#[test]
fn changed_records_the_tip_and_begins_there_the_next_time() {
    let (story, [_, _, third]) = three();
    let (code, said) = verify(&story, &["--changed"]);
    assert!(
        code == Some(0) && said.contains("3 revisions of 2 articles"),
        "{said}"
    );
    assert!(said.contains("everything was checked"), "{said}");
    let (code, said) = verify(&story, &["--changed"]);
    assert!(
        code == Some(0) && said.contains(&format!("since {third}: 0 revisions")),
        "{said}"
    );
    story.add("four.txt", "A fourth.\n", &["--date", "2026-01-24"]);
    let (code, said) = verify(&story, &["--changed"]);
    assert!(
        code == Some(0) && said.contains("1 revision of 1 article"),
        "{said}"
    );
    story.git(&["update-ref", "refs/heads/main", &third]);
    for _ in 0..2 {
        let (code, said) = verify(&story, &["--changed"]);
        assert!(
            code == Some(1) && said.contains("the branch ends before it"),
            "{said}"
        );
    }
}

#[test]
fn the_shares_together_find_every_damaged_object() {
    for packed in [false, true] {
        let (story, _) = three();
        if packed {
            story.git(&["repack", "-q", "-a", "-d"]);
        }
        let listed = story.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
        let shares = ["1/3", "2/3", "3/3"].map(|share| {
            let (code, said) = verify(&story, &["--subset", share]);
            assert!(
                code == Some(0) && said.contains(&format!("share {share}: ")),
                "{said}"
            );
            said
        });
        let count = |said: &str| -> usize {
            let before = said.split(" objects (").next().unwrap();
            before.rsplit(' ').next().unwrap().parse().unwrap()
        };
        let counts = shares.each_ref().map(|said| count(said));
        assert!(
            counts.iter().sum::<usize>() >= listed.lines().count(),
            "{counts:?}"
        );
        if packed {
            continue;
        }
        for id in listed.lines() {
            let file = story.archive().join("objects").join(&id[..2]).join(&id[2..]);
            let sound = fs::read(&file).unwrap();
            fs::remove_file(&file).unwrap();
            fs::write(&file, b"x").unwrap();
            let found = ["1/3", "2/3", "3/3"]
                .iter()
                .any(|share| verify(&story, &["--subset", share]).0 != Some(0));
            assert!(found, "{id}");
            fs::write(&file, sound).unwrap();
        }
    }
    let (story, _) = three();
    for share in ["0/3", "4/3", "1", "a/b", "1/0"] {
        assert_eq!(verify(&story, &["--subset", share]).0, Some(2), "{share}");
    }
}

#[test]
fn ctrl_c_ends_the_check_in_order_and_says_how_far_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    generate::archive(&path, 4000);
    let (line, status, printed) = interrupted(&path, &["verify"]);
    let progress: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(progress["schema"], "avalaches/progress/1");
    let all = progress["all"].as_u64().unwrap();
    assert!(all > 40_000, "{line}");
    assert_eq!(status, Some(130), "{printed}");
    assert!(printed.contains("the check was ended after "), "{printed}");
    let end = format!(" of {all} objects, with 0 findings");
    assert!(printed.contains(&end), "{printed}");
}

/// Puts a pack into the store in which a commit has other bytes than its id says.
fn deceive(story: &Story, id: &str, text: &str) {
    let mut writer = PackWriter::new();
    writer.whole(*id.parse::<ObjectId>().unwrap().raw(), 1, text.as_bytes());
    let (pack, index) = writer.finish();
    let folder = story.archive().join("objects/pack");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pack-1.pack"), pack).unwrap();
    fs::write(folder.join("pack-1.idx"), index).unwrap();
    let _ = fs::remove_file(story.archive().join("avalaches.branch"));
}

/// Returns a commit's text with some of it replaced.
fn altered(story: &Story, id: &str, from: &str, to: &str) -> String {
    let text = story.git(&["cat-file", "commit", id]) + "\n";
    assert!(text.contains(from), "{from:?} in {text}");
    text.replacen(from, to, 1)
}

/// Deletes an object's file.
fn lose(story: &Story, object: &str) {
    let folder = story.archive().join("objects").join(&object[..2]);
    fs::remove_file(folder.join(&object[2..])).unwrap();
}

#[test]
fn a_damaged_copy_that_leads_elsewhere_makes_no_other_branch() {
    let (story, [first, second, third]) = three();
    let (parent, other) = (format!("parent {second}"), format!("parent {first}"));
    deceive(&story, &third, &altered(&story, &third, &parent, &other));
    let (code, said) = verify(&story, &[]);
    assert_eq!(code, Some(1), "{said}");
    let line = format!("commit {third}: does not follow {first}, which the branch has before it");
    assert!(said.contains(&line), "{said}");
    assert!(said.contains(&format!("object {third}")), "{said}");

    // A branch that was begun anew, before which a copy in a pack puts the others.
    let (story, [_, _, third]) = three();
    let init = story.git(&["rev-list", "--max-parents=0", "main"]);
    let anew = forge(&story, &init, &[("init: Avalaches", "init: Another")]);
    deceive(
        &story,
        &anew,
        &(story.git(&["cat-file", "commit", &third]) + "\n"),
    );
    let (code, said) = verify(&story, &[]);
    assert_eq!(code, Some(1), "{said}");
    let line = format!("commit {anew} is the archive's first and holds no article");
    assert!(said.contains(&line), "{said}");
    assert!(
        said.contains(&format!("commit {anew}: does not follow ")),
        "{said}"
    );
}

#[test]
fn a_detached_revision_is_found_by_its_good_copy() {
    let (story, [_, second, third]) = three();
    deceive(
        &story,
        &third,
        &altered(&story, &third, "Languages: zh, en", "Languages: en, zh"),
    );
    story.git(&["update-ref", "refs/heads/main", &second]);
    let output = story.run(&["audit", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let mut found: Vec<(&str, Option<&str>)> = findings
        .iter()
        .map(|finding| (finding["code"].as_str().unwrap(), finding["id"].as_str()))
        .collect();
    found.retain(|(code, _)| *code != "twin-not-corrected");
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("object-damaged", None),
            ("revision-detached", Some(third.as_str()))
        ]
    );
}

#[test]
fn where_a_revision_before_cannot_be_read_nothing_is_said_of_a_checkpoint() {
    let (story, _) = three();
    let key = story.yes(&["key", "new", "example.org/digest", "log.key"]);
    story.yes(&["settings", "--log-key", key.trim()]);
    story.yes(&["checkpoint", "--key", "log.key"]);
    assert_eq!(verify(&story, &[]).0, Some(0));
    let second = story.git(&["log", "--format=%H", "--grep", "Revision: 2", "main"]);
    deceive(
        &story,
        &second,
        &altered(&story, &second, "correction: ", "correction: 又"),
    );
    let (code, said) = verify(&story, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("object {second}")), "{said}");
    assert!(!said.contains("has a checkpoint"), "{said}");
}

#[test]
fn what_cannot_be_followed_is_told_of_the_revision_that_is_asked_for() {
    let (story, [first, second, third]) = three();
    story.write(
        "page.txt",
        format!(
            "一些文字。\n\nOther words.\n\n2026-01-22 (Thursday) · {}\n",
            "1".repeat(40)
        ),
    );
    let answer = |thing: &str| -> Value {
        let output = story.run(&["verify", "--json", thing]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document["answers"][0].clone()
    };
    let found = answer("page.txt");
    assert_eq!(found["verdict"], "unknown");
    assert_eq!(found["same_text"][0]["id"], second.as_str(), "{found}");
    lose(&story, &second);
    for beside in [
        "avalaches.branch",
        "avalaches.index",
        "avalaches.search",
        "avalaches.words",
    ] {
        let _ = fs::remove_file(story.archive().join(beside));
    }
    let found = answer("page.txt");
    assert_eq!(
        (&found["verdict"], &found["same_text"]),
        (&"unknown".into(), &Value::Array(Vec::new()))
    );
    let found = answer(&first);
    assert_eq!(found["verdict"], "corrupt", "{found}");
    let reason = found["reasons"][0].as_str().unwrap();
    assert!(reason.starts_with("the branch cannot be followed: "), "{reason}");
    // The tip needs nobody to lead to it; but whether its signature was asked for, and what it changed, is not known.
    let found = answer(&third);
    assert_eq!(
        (&found["verdict"], &found["signature"]),
        (&"corrupt".into(), &Value::Null)
    );
    let reason = found["reasons"][0].as_str().unwrap();
    assert!(reason.starts_with("its signature cannot be judged: "), "{reason}");
    assert_eq!(answer(&second)["verdict"], "unknown");
}

#[test]
fn a_commit_of_another_form_is_detached_and_what_is_none_corrupt() {
    let (story, [_, _, third]) = three();
    let answer = |id: &str| -> (String, String) {
        let output = story.run(&["verify", "--json", id]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let answer = &document["answers"][0];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&answer["verdict"]), text(&answer["reasons"][0]))
    };
    let put = |kind: &str, bytes: &[u8]| put(&story, kind, bytes);
    let theirs = put(
        "commit",
        altered(&story, &third, "\n\n", "\nencoding GBK\n\n").as_bytes(),
    );
    let (verdict, reason) = answer(&theirs);
    assert_eq!(verdict, "detached", "{reason}");
    assert!(reason.contains("is no commit of this archive's"), "{reason}");
    let none = put("commit", b"tree nonsense\n\nx\n");
    let (verdict, reason) = answer(&none);
    assert_eq!(verdict, "corrupt", "{reason}");
    assert!(
        reason.contains(&format!("commit {none} is malformed")),
        "{reason}"
    );
    // A folder that is a file's content, in a tree that is otherwise good.
    let blob = story.git(&["rev-parse", &format!("{third}:avalaches.json")]);
    let raw = *blob.parse::<ObjectId>().unwrap().raw();
    let tree = [b"40000 articles\0", &raw[..], b"100644 avalaches.json\0", &raw].concat();
    let tree = put("tree", &tree);
    let own = story.git(&["rev-parse", &format!("{third}^{{tree}}")]);
    let id = put("commit", altered(&story, &third, &own, &tree).as_bytes());
    let (verdict, reason) = answer(&id);
    assert_eq!(verdict, "corrupt", "{reason}");
    assert!(
        reason.contains(&format!("object {blob} is a blob, not a tree")),
        "{reason}"
    );
}

#[test]
fn what_git_prunes_while_a_store_is_checked_is_no_fault() {
    let (story, _) = three();
    let blob = git_reading(
        &story.archive(),
        &["hash-object", "-w", "--stdin"],
        "nothing leads here",
    );
    let objects = ObjectStore::open(&story.archive().join("objects")).unwrap();
    let inventory = Inventory::of(&objects);
    story.git(&["prune", "--expire=now"]);
    let file = story.archive().join("objects").join(&blob[..2]).join(&blob[2..]);
    assert!(!file.exists());
    let checked = inventory.check(Hashing::Both, &|_| true, &|_, _, _| ControlFlow::Continue(()));
    assert!(checked.is_continue());
    let gone = (0..inventory.len()).filter(|number| inventory.is_gone(*number));
    let gone: Vec<String> = gone.map(|number| inventory.id(number).to_string()).collect();
    assert_eq!(gone, [blob]);
    let findings = inventory.into_findings();
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_revision_that_changes_or_follows_what_it_may_not_is_corrupt_by_itself_as_well() {
    let (story, [first, second, third]) = three();
    let answer = |id: &str| -> (String, String) {
        let output = story.run(&["verify", "--json", id]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let answer = &document["answers"][0];
        let verdict = answer["verdict"].as_str().unwrap().to_owned();
        (
            verdict,
            answer["reasons"][0].as_str().unwrap_or_default().to_owned(),
        )
    };
    let tree = |id: &str| story.git(&["rev-parse", &format!("{id}^{{tree}}")]);
    let stray = tree_with(&story, &third, "articles/2026/notes.txt", "x");
    let other = tree_with(&story, &third, &format!("articles/{ARTICLE}/en.md"), "x\n");
    let (third_tree, second_parent) = (tree(&third), format!("parent {second}"));
    let first_parent = format!("parent {first}");
    let numbered = format!("Revision: 2\nRevision-Kind: publish\nPrevious-Revision: {second}");
    let (changes, follows) = (
        "the commit changes more or other than its article's folder",
        "Revision and Previous-Revision are not those that follow from the history",
    );
    for (like, replaced, why) in [
        (&third, [(third_tree.as_str(), stray.as_str())], changes),
        (&third, [(third_tree.as_str(), other.as_str())], changes),
        (&third, [(second_parent.as_str(), first_parent.as_str())], changes),
        (
            &third,
            [("Revision: 1\nRevision-Kind: publish", numbered.as_str())],
            follows,
        ),
        (&second, [("Revision: 2", "Revision: 7")], follows),
        (&second, [(first.as_str(), third.as_str())], changes),
    ] {
        let forged = forge(&story, like, &replaced);
        let told = answer(&forged);
        assert_eq!(told, ("corrupt".to_owned(), why.to_owned()), "{replaced:?}");
    }
    // One that follows a revision of its article that is not on the branch.
    let twin = altered(
        &story,
        &first,
        "committer Desk <> 1769140800",
        "committer Desk <> 1769140700",
    );
    let twin = put(&story, "commit", twin.as_bytes());
    let before = format!("Previous-Revision: {first}");
    let after = format!("Previous-Revision: {twin}");
    let forged = forge(&story, &second, &[(&before, &after)]);
    assert_eq!(answer(&forged), ("corrupt".to_owned(), follows.to_owned()));
    assert_eq!(answer(&twin).0, "detached");
    let output = story.run(&["show", &twin]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("note: ") && said.contains("the commit is not in the branch's history"),
        "{said}"
    );
    // A folder that another article's commit changed, and no revision.
    let forged = forge(
        &story,
        &third,
        &[
            (&third_tree, &other),
            (&second_parent, &format!("parent {third}")),
        ],
    );
    assert_eq!(answer(&forged).0, "corrupt");
    let (verdict, reason) = answer(&second);
    assert_eq!(verdict, "corrupt", "{reason}");
    assert!(reason.ends_with("and no revision made it so"), "{reason}");
    // It says that it is a revision of the article that its message names.
    assert_eq!(answer(&third).0, "superseded");
}

#[test]
fn nothing_follows_a_revision_of_the_last_number() {
    let (story, [_, second, _]) = three();
    let tip = forge(&story, &second, &[("Revision: 2", "Revision: 4294967295")]);
    story.write("page.txt", "一些文字。\n\nThird words.\n");
    for arguments in [
        &["correct", ARTICLE, "page.txt", "--note", "A word."][..],
        &["retract", ARTICLE, "--note", "No."],
    ] {
        let output = story.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(said.contains("has the last number that there is"), "{said}");
        assert_eq!(story.git(&["rev-parse", "main"]), tip);
    }
}
