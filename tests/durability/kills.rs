//! Every command that writes, ended at random instants: whatever was acknowledged stays, and what is left is cleared by
//! the next writer.
//!
//! `AVALACHES_TEST_SEED` sets what is done in which order; each run prints it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::archives::{Story, git, git_command};
use crate::disks::make_old;
use crate::logged;
use crate::text::Dice;
use crate::tree;
use crate::whole::{assert_sound, assert_sound_to_git, leftovers, tip};

/// What is killed.
const COMMANDS: [&str; 7] = ["add", "import", "maintain", "push", "pull", "build", "checkpoint"];

/// How many pages are imported at once.
const IMPORTED: usize = 5;

/// An archive, a repository that it is pushed to, a copy that pulls from there, and a site.
struct World {
    story: Story,
    dice: Dice,
    /// How many pages were written.
    pages: usize,
    /// How long each command takes when nothing ends it.
    usual: [Duration; COMMANDS.len()],
    /// What was printed, with the repository in which it is.
    acknowledged: BTreeSet<(PathBuf, String)>,
    /// Locks that a killed git left in the repository that is pushed to.
    locks: usize,
}

impl World {
    fn begin(seed: usize) -> Self {
        let (story, _) = logged::begin();
        fs::create_dir(story.folder.path().join("scratch")).unwrap();
        let mut world = Self {
            story,
            dice: Dice::of(seed),
            pages: 0,
            usual: [Duration::ZERO; COMMANDS.len()],
            acknowledged: BTreeSet::new(),
            locks: 0,
        };
        let host = world.path("host");
        git(&host, &["init", "-q", "--bare", "-b", "main"]);
        world.undisturbed("add");
        world.undisturbed("push");
        world.story.yes(&["clone", "-q", "host", "copy"]);
        for command in COMMANDS {
            world.prepare(command);
            world.undisturbed(command);
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.story.folder.path().join(name)
    }

    /// Returns the arguments of a command, and writes the pages that it takes.
    fn arguments(&mut self, command: &str) -> Vec<&'static str> {
        let mut page = |name: &str| {
            self.pages += 1;
            let text = format!("第{0}页。\n\nPage number {0}.\n", self.pages);
            self.story.write(name, text);
        };
        match command {
            "add" => {
                page("page.txt");
                vec!["add", "-q", "page.txt"]
            }
            "import" => {
                fs::create_dir_all(self.story.folder.path().join("pages")).unwrap();
                (0..IMPORTED).for_each(|number| page(&format!("pages/{number}.txt")));
                vec!["import", "-q", "pages"]
            }
            "maintain" => vec!["maintain", "-q"],
            "push" => vec!["push", "-q", "host"],
            "pull" => vec!["--archive", "copy", "pull", "-q", "host"],
            "build" => vec!["build", "-q", "site"],
            _ => vec!["checkpoint", "-q", "--key", "log.key"],
        }
    }

    /// Returns the repository that a command changes, if it changes one.
    fn changes(&self, command: &str) -> PathBuf {
        self.path(match command {
            "push" => "host",
            "pull" => "copy",
            _ => "archive",
        })
    }

    /// Sees to it that a command has something to do. The page that is added for that is added by the next writer after
    /// a kill, which needs no help and leaves nothing.
    fn prepare(&mut self, command: &str) {
        self.undisturbed("add");
        // What other commands left is theirs to clear, and what is disposable is made anew by whoever wants it.
        let others = [
            "avalaches.maintaining",
            "avalaches.pushing",
            ".new",
            ".new-journal",
        ];
        let mut left = leftovers(&self.path("archive"));
        left.retain(|left| !others.iter().any(|other| left.ends_with(other)));
        assert_eq!(left, [""; 0], "left behind a kill and the next page");
        if command == "pull" {
            self.undisturbed("push");
        }
    }

    /// Runs a command to its end, which has to be a good one, and notes how long it took.
    fn undisturbed(&mut self, command: &str) {
        let arguments = self.arguments(command);
        let begun = Instant::now();
        let printed = self
            .story
            .program(&arguments)
            .env("TMPDIR", self.path("scratch"))
            .output();
        let took = begun.elapsed();
        let output = printed.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        self.acknowledge(command, &output.stdout);
        let at = COMMANDS.iter().position(|known| *known == command).unwrap();
        self.usual[at] = (self.usual[at] + took) / if self.usual[at].is_zero() { 1 } else { 2 };
    }

    /// Notes the ids that a command printed.
    fn acknowledge(&mut self, command: &str, printed: &[u8]) {
        let repository = self.changes(command);
        let printed = String::from_utf8(printed.to_vec()).unwrap();
        let words = printed.split_whitespace();
        let ids = words.filter(|word| word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
        for id in ids {
            self.acknowledged.insert((repository.clone(), id.to_owned()));
        }
    }

    /// Ends a command at a random instant, and checks what it leaves. Tells how it came to its end.
    fn end(&mut self, command: &'static str, signal: Signal, fault: &str) -> End {
        self.prepare(command);
        let repository = self.changes(command);
        let before = tip(&repository);
        let at = COMMANDS.iter().position(|known| *known == command).unwrap();
        let arguments = self.arguments(command);
        let usual = usize::try_from(self.usual[at].as_micros()).unwrap();
        let instant = Duration::from_micros(self.dice.below(usual + 1000).try_into().unwrap());
        // Git, where it was begun, is killed as well, or lives on for a while. What it leaves where it pushes to is not ours.
        let is_alone = command == "pull" && self.dice.below(2) == 0;
        let child = self
            .story
            .program(&arguments)
            .env("TMPDIR", self.path("scratch"))
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let leader = Pid::from_child(&child);
        std::thread::sleep(instant);
        // It may have ended.
        let _ = if is_alone || signal != Signal::KILL {
            kill_process(leader, signal)
        } else {
            kill_process_group(leader, signal)
        };
        let output = child.wait_with_output().unwrap();
        let end = match (output.status.code(), output.status.signal()) {
            (Some(code), _) => End::Exited(code),
            (None, by) => End::Killed(by),
        };
        self.acknowledge(command, &output.stdout);
        if command == "push" && signal == Signal::KILL {
            self.locks += clear_locks(&self.path("host"));
        }
        let now = tip(&repository);
        let fault = format!("{fault}: {command} after {instant:?}");
        let is_further = git_command(&repository, &["merge-base", "--is-ancestor", &before, &now]).status();
        assert!(
            is_further.unwrap().success(),
            "{fault}: {before} is not behind {now}"
        );
        if command == "push" {
            assert_sound_to_git(&repository, &fault);
        } else {
            assert_sound(&repository, &fault);
        }
        end
    }

    /// Checks everything when all is done: what was acknowledged is there, in one line of history, and each command
    /// works and leaves nothing.
    fn assert_nothing_is_lost(&mut self) {
        for command in COMMANDS {
            self.undisturbed(command);
        }
        for command in ["push", "pull", "build", "maintain"] {
            self.undisturbed(command);
        }
        let tips = ["archive", "host", "copy"].map(|name| tip(&self.path(name)));
        assert!(tips.iter().all(|tip| *tip == tips[0]), "{tips:?}");
        let branch = git(&self.path("archive"), &["rev-list", "main"]);
        let branch: BTreeSet<&str> = branch.lines().collect();
        for (_, id) in &self.acknowledged {
            assert!(branch.contains(id.as_str()), "{id} was acknowledged and is lost");
        }
        let merges = ["rev-list", "--min-parents=2", "--count", "main"];
        assert_eq!(git(&self.path("archive"), &merges), "0");
        self.story.yes(&["verify", "-q"]);
        self.story.yes(&["--archive", "copy", "verify", "-q"]);
        self.story.yes(&["build", "-q", "another-site"]);
        assert_eq!(site(&self.path("site")), site(&self.path("another-site")));
        for folder in ["archive", "copy"] {
            for left in leftovers(&self.path(folder)) {
                make_old(&self.path(folder).join(left), "2 hours ago");
            }
            self.story
                .yes(&["--archive", folder, "settings", "-q", "--title", folder]);
        }
        for folder in ["archive", "copy", "site", "scratch"] {
            assert_eq!(leftovers(&self.path(folder)), [""; 0], "{folder}");
        }
    }
}

/// How a command came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Killed(Option<i32>),
    Exited(i32),
}

/// Returns the files of a site, but for the list by which the next build knows them.
fn site(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = tree::files(folder);
    files.retain(|name, _| !Path::new(name).starts_with(".avalaches-site"));
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

/// Deletes the locks that a git which was killed left where it was pushed to, as whoever keeps that repository has to.
fn clear_locks(repository: &Path) -> usize {
    let locks = leftovers(repository)
        .into_iter()
        .filter(|name| name.strip_suffix(".lock").is_some());
    locks
        .map(|name| fs::remove_file(repository.join(name)).unwrap())
        .count()
}

/// How many kills an archive has to stand.
const KILLS: usize = 100;

/// Returns the seed that is asked for, else another.
fn seed(other: usize) -> usize {
    std::env::var("AVALACHES_TEST_SEED").map_or(other, |text| text.parse().unwrap())
}

/// Kills commands on a new archive until enough were killed.
fn killed(seed: usize) {
    println!("AVALACHES_TEST_SEED={seed}");
    let mut world = World::begin(seed);
    let mut killed = [0; COMMANDS.len()];
    let mut ended = 0;
    while killed.iter().sum::<usize>() < KILLS {
        let at = world.dice.below(COMMANDS.len());
        let fault = format!("seed {seed}, kill {}", killed.iter().sum::<usize>() + 1);
        match world.end(COMMANDS[at], Signal::KILL, &fault) {
            End::Killed(_) => killed[at] += 1,
            End::Exited(0) => ended += 1,
            End::Exited(code) => panic!("{fault}: {} exited with {code}", COMMANDS[at]),
        }
    }
    world.assert_nothing_is_lost();
    let by_command = COMMANDS
        .iter()
        .zip(killed)
        .map(|(command, count)| format!("{command} {count}"));
    println!(
        "{KILLS} kills ({}), {ended} runs ended before theirs; {} ids acknowledged, none lost; {} of git's locks cleared where \
         it pushed to",
        by_command.collect::<Vec<String>>().join(", "),
        world.acknowledged.len(),
        world.locks
    );
}

#[test]
fn a_hundred_kills_at_random_instants_of_every_command_lose_nothing() {
    killed(seed(1));
}

#[test]
#[ignore = "minutes"]
fn a_thousand_kills_at_random_instants_of_every_command_lose_nothing() {
    let first = seed(2);
    (first..first + 10).for_each(killed);
}

#[test]
fn a_command_that_is_asked_to_end_ends_and_loses_nothing() {
    let mut world = World::begin(3);
    let mut ends = BTreeSet::new();
    for (at, command) in COMMANDS.iter().cycle().take(4 * COMMANDS.len()).enumerate() {
        let signal = if at % 2 == 0 { Signal::TERM } else { Signal::INT };
        let fault = format!("{signal:?} {at}");
        let end = world.end(command, signal, &fault);
        let by_it = End::Killed(Some(signal.as_raw()));
        assert!(
            end == by_it || matches!(end, End::Exited(0 | 130)),
            "{fault}: {command}: {end:?}"
        );
        ends.insert(format!("{end:?}"));
    }
    world.assert_nothing_is_lost();
    println!("{ends:?}");
}
