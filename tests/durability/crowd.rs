//! Many programs at once on one archive: every page that was acknowledged is there, history is one line, and no reader
//! sees an error.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use avalaches::id::hex;
use sha2::{Digest as _, Sha256};

use crate::archives::{Story, git, git_command, git_reading};
use crate::http::Server;
use crate::text::Dice;
use crate::whole::{assert_sound, leftovers};

/// What readers ask, again and again.
const QUESTIONS: [&[&str]; 7] = [
    &["verify", "-q"],
    &["verify", "-q", "2026/01/23/first-page@1"],
    &["show", "2026/01/23/first-page"],
    &["history", "2026/01/23/first-page"],
    &["list", "--limit", "5"],
    &["search", "first"],
    &["audit"],
];

/// What a program said, with its errors.
fn said(output: &Output) -> String {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

/// Says that all is done when it is dropped, also where something was wrong: nobody works on for ever.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does something again and again until all is done, and returns how often.
fn until_done(done: &AtomicBool, mut once: impl FnMut()) -> usize {
    let _ends = Ends(done);
    let mut times = 0;
    while !done.load(Ordering::Relaxed) {
        once();
        times += 1;
    }
    times
}

/// Lets so many adders add so many pages each, one page a run, and returns the ids that were printed.
fn add(story: &Story, page: &str, adders: usize, each: usize) -> Vec<String> {
    let acknowledged = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for adder in 0..adders {
            let acknowledged = &acknowledged;
            scope.spawn(move || {
                for number in 0..each {
                    let name = format!("{page}-{adder}-{number}");
                    story.write(
                        &name,
                        format!("第{number}页。\n\nPage {number} of adder {adder}.\n"),
                    );
                    let output = story.run(&["add", "-q", &name, "--slug", &name]);
                    assert!(output.status.success(), "{name}: {}", said(&output));
                    let printed = String::from_utf8(output.stdout).unwrap();
                    let id = printed.trim_end().rsplit(' ').next().unwrap().to_owned();
                    acknowledged.lock().unwrap().push(id);
                }
            });
        }
    });
    acknowledged.into_inner().unwrap()
}

/// Asserts that an archive with so many commits more has all that was acknowledged, in one line.
fn assert_all_there(story: &Story, before: usize, acknowledged: &[String]) {
    let branch = story.git(&["rev-list", "main"]);
    let branch: BTreeSet<&str> = branch.lines().collect();
    let distinct: BTreeSet<&str> = acknowledged.iter().map(String::as_str).collect();
    assert_eq!(distinct.len(), acknowledged.len(), "an id was printed twice");
    assert!(distinct.is_subset(&branch), "an id was acknowledged and is lost");
    assert_eq!(branch.len(), before + acknowledged.len());
    assert_eq!(
        story.git(&["rev-list", "--min-parents=2", "--count", "main"]),
        "0"
    );
    assert_sound(&story.archive(), "a crowd");
    assert_eq!(leftovers(&story.archive()), [""; 0]);
}

fn first_page() -> Story {
    let story = Story::begin();
    story.add("first.txt", "First page.\n", &[]);
    story
}

/// Adders with readers, a server, a maintainer and a builder at work.
fn crowd(adders: usize, each: usize, readers: usize) {
    let story = first_page();
    story.yes(&["build", "-q", "site"]);
    let server = Server::built(&story, &[]);
    let (done, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (acknowledged, took, [maintained, built, asked]) = std::thread::scope(|scope| {
        let (story, server, done, answers) = (&story, &server, &done, &answers);
        let run = move |arguments: &[&str]| {
            let output = story.run(arguments);
            assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        };
        for reader in 0..readers {
            scope.spawn(move || {
                let mut questions = QUESTIONS.iter().cycle().skip(reader * 3);
                let times = until_done(done, || run(questions.next().unwrap()));
                answers.fetch_add(times, Ordering::Relaxed);
            });
        }
        let asked = scope.spawn(move || {
            let mut paths = ["/", "/2026/01/23/first-page/", "/openapi.json"].iter().cycle();
            until_done(done, || {
                let path = paths.next().unwrap();
                let answer = server.get(path);
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                std::thread::sleep(Duration::from_millis(20));
            })
        });
        let maintained = scope.spawn(move || until_done(done, || run(&["maintain", "-q"])));
        let built = scope.spawn(move || until_done(done, || run(&["build", "-q", "site"])));
        let begun = Instant::now();
        let ends = Ends(done);
        let acknowledged = add(story, "page", adders, each);
        let took = begun.elapsed();
        drop(ends);
        let counts = [maintained, built, asked].map(|role| role.join().unwrap());
        (acknowledged, took, counts)
    });
    assert_eq!(acknowledged.len(), adders * each);
    assert_all_there(&story, 2, &acknowledged);
    let listed = story.yes(&["build", "site"]);
    assert!(
        listed.contains(&format!("of {} articles", adders * each + 1)),
        "{listed}"
    );
    println!(
        "{} pages by {adders} adders in {took:.1?}, {:.0} a second; meanwhile {} answers to {readers} readers, {asked} of the \
         server, {maintained} runs of maintain, {built} of build: nothing lost, one line of history, no error",
        acknowledged.len(),
        f64::from(u32::try_from(acknowledged.len()).unwrap()) / took.as_secs_f64(),
        answers.into_inner(),
    );
}

#[test]
fn a_crowd_of_adders_with_readers_a_maintainer_and_a_builder_loses_nothing() {
    crowd(16, 6, 2);
}

/// Some minutes.
#[test]
#[ignore = "minutes"]
fn a_crowd_of_sixty_four_adders_of_fifty_pages_each_loses_nothing() {
    crowd(64, 50, 4);
}

#[test]
#[ignore = "half a minute"]
fn sixty_four_adders_of_eight_pages_each_are_done_in_fifteen_seconds() {
    let story = first_page();
    let begun = Instant::now();
    let acknowledged = add(&story, "page", 64, 8);
    let took = begun.elapsed();
    assert_all_there(&story, 2, &acknowledged);
    println!("{} pages by 64 adders in {took:.1?}", acknowledged.len());
    assert!(took < Duration::from_secs(15), "{took:?}");
}

/// What others' programs do to a repository, as its keeper may have it done every night.
const BY_GIT: [&[&str]; 4] = [
    &["pack-refs", "--all"],
    &["repack", "-adq"],
    &["gc", "-q"],
    &["prune-packed", "-q"],
];

/// Adders of some pages each, again and again for so long, beside git's own housekeeping and a reader.
fn beside_git(how_long: Duration) {
    let story = first_page();
    let (begun, done) = (Instant::now(), AtomicBool::new(false));
    let (acknowledged, times) = std::thread::scope(|scope| {
        let (story, done) = (&story, &done);
        let by_git = scope.spawn(move || {
            let mut commands = BY_GIT.iter().cycle();
            until_done(done, || {
                let command = commands.next().unwrap();
                let output = git_command(&story.archive(), command).output().unwrap();
                assert!(output.status.success(), "{command:?}: {}", said(&output));
            })
        });
        scope.spawn(move || {
            let mut questions = QUESTIONS.iter().cycle();
            until_done(done, || {
                let output = story.run(questions.next().unwrap());
                assert!(output.status.success(), "{}", said(&output));
            })
        });
        let ends = Ends(done);
        let mut acknowledged = add(story, "page", 4, 12);
        for round in 1.. {
            if begun.elapsed() >= how_long || done.load(Ordering::Relaxed) {
                break;
            }
            acknowledged.extend(add(story, &format!("page-{round}"), 4, 12));
        }
        drop(ends);
        (acknowledged, by_git.join().unwrap())
    });
    let took = begun.elapsed();
    assert_all_there(&story, 2, &acknowledged);
    println!(
        "{} pages, {times} times git in {took:.0?}: nothing lost, no error",
        acknowledged.len()
    );
}

#[test]
fn git_may_repack_an_archive_while_pages_are_added_and_read() {
    beside_git(Duration::ZERO);
}

#[test]
#[ignore = "half an hour"]
fn git_may_repack_an_archive_for_half_an_hour() {
    beside_git(Duration::from_secs(1800));
}

/// Writes pages for `import` into a folder.
fn pages(story: &Story, folder: &str, count: usize) {
    fs::create_dir(story.folder.path().join(folder)).unwrap();
    for number in 0..count {
        let text = format!("第{number}页。\n\nPage {number} of {folder}.\n");
        story.write(&format!("{folder}/{folder}-{number}.txt"), text);
    }
}

/// Makes a repository of somebody else with one file, or adds a version of it.
fn publish(story: &Story, name: &str, number: usize) {
    let (path, text) = (story.folder.path().join(name), format!("Version {number}.\n"));
    let run = |arguments: &[&str]| {
        let mut git = git_command(&path.join(".git"), &["-c", "user.name=A", "-c", "user.email=a@b"]);
        let output = git
            .arg("--work-tree")
            .arg(&path)
            .args(arguments)
            .current_dir(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    };
    if !path.exists() {
        fs::create_dir(&path).unwrap();
        run(&["init", "-q"]);
    }
    fs::write(path.join("a.txt"), text).unwrap();
    run(&["add", "a.txt"]);
    run(&["commit", "-qm", "version"]);
}

/// A copy that is one page ahead of the archive, by the name of its folder.
fn ahead(story: &Story, copy: &str) {
    story.yes(&["clone", "-q", "archive", copy]);
    let name = format!("{copy}.txt");
    story.write(&name, format!("A page of {copy}.\n"));
    story.yes(&["--archive", copy, "add", "-q", &name, "--slug", copy]);
}

/// What brings whole packs, and the last ref that each moves.
const BRINGING: [(&[&str], &str); 3] = [
    (&["import", "-q", "some"], "refs/heads/main"),
    (&["mirror", "-q", "theirs", "theirs"], "refs/mirrors/theirs/HEAD"),
    (&["pull", "-q", "--rebase-mine", "desk"], "refs/heads/main"),
];

/// An archive, and what is to be brought into it.
fn bringing() -> Story {
    let story = first_page();
    pages(&story, "some", 3);
    publish(&story, "theirs", 1);
    ahead(&story, "desk");
    story
}

/// Locks a ref as another git would, and returns the lock.
fn locked(archive: &Path, name: &str) -> PathBuf {
    let lock = archive.join(format!("{name}.lock"));
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    fs::write(&lock, "").unwrap();
    lock
}

/// Names the packs of an archive that have an index.
fn packs_of(archive: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(archive.join("objects/pack")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let stem = |name: String| name.strip_suffix(".idx").map(ToOwned::to_owned);
    names.filter_map(stem).collect()
}

/// Kills a command between its pack and its ref.
fn killed_before_its_ref(story: &Story, archive: &Path, command: &[&str], moved: &str) {
    let before = packs_of(archive);
    let lock = locked(archive, moved);
    let mut program = story.program(command);
    program.env("SOURCE_DATE_EPOCH", "1769054400");
    let mut child = program.stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while packs_of(archive) == before {
        assert!(child.try_wait().unwrap().is_none(), "{command:?}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{command:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_file(&lock).unwrap();
}

#[test]
fn a_pack_that_no_ref_leads_to_yet_is_not_deleted_by_git() {
    let story = bringing();
    for (command, moved) in BRINGING {
        // Whoever moves a ref waits for its lock: in between, git does what it likes.
        let lock = locked(&story.archive(), moved);
        let packs = story.archive().join("objects/pack");
        let is_moved = || {
            let names = fs::read_dir(&packs)
                .unwrap()
                .map(|entry| entry.unwrap().file_name());
            let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
            let has_index = |keep: &String| names.contains(&keep.replace(".keep", ".idx"));
            names.iter().any(|name| name.contains(".keep") && has_index(name))
        };
        let mut program = story.program(command);
        let mut child = program
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !is_moved() && child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{command:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        story.git(&["repack", "-adq"]);
        fs::remove_file(&lock).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", said(&output));
        assert_sound(&story.archive(), "packed by git meanwhile");
        assert_eq!(leftovers(&story.archive()), [""; 0], "{command:?}");
    }
    // What the user keeps stays, and what a killed writer kept goes.
    let keep = |name: &str| story.archive().join(format!("objects/pack/{name}.keep"));
    fs::write(keep("pack-1"), "mine\n").unwrap();
    fs::write(
        keep("pack-2"),
        "avalaches, process 1, keeps this pack until a ref leads to it\n",
    )
    .unwrap();
    story.yes(&["verify"]);
    story.add("last.txt", "Last page.\n", &[]);
    assert!(keep("pack-1").exists());
    assert!(!keep("pack-2").exists());
}

#[test]
fn what_is_brought_again_has_another_name_than_a_pack_that_git_may_have_listed() {
    let story = bringing();
    let packs = story.archive().join("objects/pack");
    for (command, moved) in BRINGING {
        story.git(&["repack", "-adq"]);
        killed_before_its_ref(&story, &story.archive(), command, moved);
        // Who comes next clears what kept a pack of our own, and not what keeps one that git brought.
        let name = command[0];
        story.add(
            &format!("{name}.txt"),
            &format!("A page of {name}.\n"),
            &["--slug", name],
        );
        // Git lists the packs that nothing keeps, and packs what refs lead to.
        let mut listed = packs_of(&story.archive());
        listed.retain(|name| !packs.join(format!("{name}.keep")).exists());
        story.git(&["repack", "-aq"]);
        let mut program = story.program(command);
        let output = program.env("SOURCE_DATE_EPOCH", "1769054400").output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", said(&output));
        // And deletes those that it packed again.
        for name in listed {
            for ending in ["pack", "idx"] {
                let _ = fs::remove_file(packs.join(format!("{name}.{ending}")));
            }
        }
        assert_sound(&story.archive(), "packed by git meanwhile");
    }
}

/// A text of which a difference is much shorter, so that git sends that alone and completes it by a copy of the text.
fn long_text(last: &str) -> String {
    let mut dice = Dice::of(7);
    let lines = (0..400).map(|_| format!("Line {}.\n\n", dice.below(usize::MAX)));
    lines.collect::<String>() + last + "\n"
}

/// An archive, and `desk`, a copy that lacks its newest revision, of a long text.
fn behind() -> Story {
    let story = first_page();
    story.add(
        "long.txt",
        &long_text("First."),
        &["--slug", "long", "--date", "2026-01-22"],
    );
    story.yes(&["clone", "-q", "archive", "desk"]);
    story.yes(&["--archive", "desk", "maintain", "-q"]);
    story.write("long.txt", long_text("Second."));
    story.yes(&["update", "-q", "2026/01/22/long", "long.txt", "--note", "More."]);
    story
}

#[test]
fn what_another_git_deleted_because_a_pack_was_there_is_not_lost_with_that() {
    let pull = ["--archive", "desk", "pull", "-q"];
    for what in ["repack", "prune-packed", "multi-pack-index"] {
        let story = behind();
        let desk = story.folder.path().join("desk");
        if what == "prune-packed" {
            for name in packs_of(&desk) {
                let pack = desk.join(format!("objects/pack/{name}.pack"));
                let bytes = fs::read(&pack).unwrap();
                fs::remove_file(&pack).unwrap();
                fs::remove_file(pack.with_extension("idx")).unwrap();
                git_reading(&desk, &["unpack-objects", "-q"], bytes);
            }
        }
        killed_before_its_ref(&story, &desk, &pull, "refs/heads/main");
        match what {
            "repack" => git(&desk, &["repack", "-adq"]),
            "prune-packed" => git(&desk, &["prune-packed", "-q"]),
            _ => git(&desk, &["multi-pack-index", "write"]),
        };
        story.write("own.txt", "A page of the desk.\n");
        story.yes(&["--archive", "desk", "add", "-q", "own.txt", "--slug", "own"]);
        assert_sound(&desk, what);
        // What was brought is there, and git may have it when a ref leads to it.
        story.yes(&["--archive", "desk", "pull", "-q", "--rebase-mine"]);
        git(&desk, &["repack", "-adq"]);
        assert_sound(&desk, what);
        assert_eq!(leftovers(&desk), [""; 0], "{what}");
    }
}

#[test]
fn a_file_that_says_that_a_pack_is_nobodys_has_nothing_deleted() {
    let story = first_page();
    story.git(&["repack", "-adq"]);
    let name = packs_of(&story.archive()).pop_first().unwrap();
    let pack = story.archive().join(format!("objects/pack/{name}.pack"));
    let refs = story.git(&["for-each-ref", "--format=%(objectname) %(refname)"]) + "\n";
    let sum = format!("; the refs were {}", hex(&Sha256::digest(refs)));
    let says = "avalaches, process 1, keeps this pack until a ref leads to it";
    for rest in [&*sum, "", ": refs/heads/main"] {
        fs::write(pack.with_extension("keep"), format!("{says}{rest}\n")).unwrap();
        let number = rest.len().to_string();
        story.add(
            &format!("{number}.txt"),
            &format!("Page {number}.\n"),
            &["--slug", &format!("p{number}")],
        );
        assert!(pack.exists(), "{rest}");
        assert_sound(&story.archive(), rest);
    }
}

/// What brings whole packs, again and again for so long, while git packs the archive again.
fn packs_beside_git(how_long: Duration) {
    let story = first_page();
    let (begun, done) = (Instant::now(), AtomicBool::new(false));
    let (rounds, times) = std::thread::scope(|scope| {
        let (story, done) = (&story, &done);
        let by_git = scope.spawn(move || {
            until_done(done, || {
                let output = git_command(&story.archive(), &["repack", "-adq"])
                    .output()
                    .unwrap();
                assert!(output.status.success(), "{}", said(&output));
            })
        });
        let ends = Ends(done);
        let mut rounds = 0;
        while rounds < 2 || begun.elapsed() < how_long && !done.load(Ordering::Relaxed) {
            rounds += 1;
            let [some, desk] = ["some", "desk"].map(|name| format!("{name}-{rounds}"));
            pages(story, &some, 5);
            publish(story, "theirs", rounds);
            ahead(story, &desk);
            let commands: [&[&str]; 3] = [
                &["pull", "-q", &desk],
                &["import", "-q", &some],
                &["mirror", "-q", "theirs", "theirs"],
            ];
            for command in commands {
                let output = story.run(command);
                assert!(output.status.success(), "{command:?}: {}", said(&output));
                let verified = story.run(&["verify", "-q"]);
                assert!(verified.status.success(), "{command:?}: {}", said(&verified));
            }
            for copy in [&some, &desk] {
                fs::remove_dir_all(story.folder.path().join(copy)).unwrap();
            }
        }
        drop(ends);
        (rounds, by_git.join().unwrap())
    });
    assert_sound(&story.archive(), "packed by git meanwhile");
    assert_eq!(leftovers(&story.archive()), [""; 0]);
    assert_eq!(
        story.git(&["rev-list", "--count", "main"]),
        (2 + rounds * 6).to_string()
    );
    println!(
        "{rounds} times import, mirror and pull, {times} times git in {:.0?}: nothing lost, no error",
        begun.elapsed()
    );
}

#[test]
fn git_may_repack_an_archive_while_whole_packs_come() {
    packs_beside_git(Duration::ZERO);
}

#[test]
#[ignore = "minutes"]
fn git_may_repack_an_archive_for_five_minutes_while_whole_packs_come() {
    packs_beside_git(Duration::from_secs(300));
}

#[test]
fn of_two_who_move_the_branch_one_wins_and_the_other_comes_after_it() {
    // Pushed into an archive in which pages are added meanwhile.
    let story = first_page();
    story.yes(&["clone", "-q", "archive", "desk"]);
    let done = AtomicBool::new(false);
    let (here, (there, refused)) = std::thread::scope(|scope| {
        let (story, done) = (&story, &done);
        let pusher = scope.spawn(move || {
            let desk = |arguments: &[&str]| story.run(&[&["--archive", "desk"], arguments].concat());
            let (mut pushed, mut refused, mut number) = (Vec::new(), 0, 0);
            while !done.load(Ordering::Relaxed) || pushed.is_empty() {
                number += 1;
                let name = format!("desk-{number}");
                story.write(&name, format!("Page {number} of the desk.\n"));
                let added = desk(&["add", "-q", &name, "--slug", &name]);
                assert!(added.status.success(), "{}", said(&added));
                loop {
                    let push = desk(&["push", "-q", "archive"]);
                    if push.status.success() {
                        break;
                    }
                    refused += 1;
                    assert!(matches!(push.status.code(), Some(1 | 2)), "{}", said(&push));
                    let pulled = desk(&["pull", "-q", "--rebase-mine", "archive"]);
                    assert!(pulled.status.success(), "{}", said(&pulled));
                }
                let tip = desk(&["list", "--limit", "1"]);
                pushed.push(said(&tip));
            }
            (pushed.len(), refused)
        });
        let ends = Ends(done);
        let here = add(story, "page", 2, 12);
        drop(ends);
        (here, pusher.join().unwrap())
    });
    println!(
        "{} pages added here, {there} pushed, {refused} pushes refused and made again",
        here.len()
    );
    let branch = story.git(&["rev-list", "main"]);
    assert!(
        here.iter().all(|id| branch.contains(id.as_str())),
        "an added page is lost"
    );
    assert_eq!(branch.lines().count(), 2 + here.len() + there);
    assert_sound(&story.archive(), "pushed into");
}

#[test]
fn of_many_who_correct_the_same_revision_one_does_and_the_others_are_told() {
    let story = first_page();
    let newest = story.git(&["rev-parse", "main"]);
    let run = |number: usize| {
        let (name, text) = (
            format!("{number}.txt"),
            format!("First page, correction {number}.\n"),
        );
        story.write(&name, text);
        let arguments = [
            "correct",
            "2026/01/23/first-page",
            &name,
            "--note",
            "Mended.",
            "--expect",
            &newest,
            "-q",
        ];
        let mut command = story.program(&arguments);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..8).map(run).collect();
    let outputs = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap());
    let (won, lost): (Vec<Output>, Vec<Output>) = outputs.partition(|output| output.status.success());
    assert_eq!(won.len(), 1);
    for output in lost {
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("the newest revision"), "{}", said(&output));
    }
    // Without it, of two pages of the same name each is an article of its own.
    let add = |number: usize| {
        let name = format!("same-{number}");
        story.write(&name, format!("Another page, {number}.\n"));
        let mut command = story.program(&["add", "-q", &name, "--slug", "same"]);
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..4).map(add).collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    for article in ["same", "same-2", "same-3", "same-4"] {
        story.yes(&["show", &format!("2026/01/23/{article}")]);
    }
    assert_sound(&story.archive(), "corrected");
}
