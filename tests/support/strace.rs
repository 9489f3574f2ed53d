//! Faults by strace: a signal or an error of the system at one call of the program.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::archives::Story;
use super::folders::copy;

/// Tells whether strace is there, and says so where it is not.
pub fn is_here() -> bool {
    let found = Command::new("strace")
        .arg("-V")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: there is no strace here");
    }
    found
}

/// Copies a story, so that each fault begins from the same archive.
pub fn again(story: &Story) -> Story {
    let folder = tempfile::tempdir().unwrap();
    copy(story.folder.path(), folder.path());
    Story { folder }
}

/// What is run, and the calls of it that are looked at: those by which something can be half done.
pub struct Traced<'a> {
    pub arguments: &'a [&'a str],
    pub calls: &'a str,
}

impl<'a> Traced<'a> {
    /// Returns the command of the program under strace, with more options of strace's; without `-f` it looks at no thread
    /// but the first one, and at no other program.
    pub fn command(&self, story: &Story, options: &[&str]) -> Command {
        let mut command = Command::new("strace");
        command.args(["-qq", "-e", &format!("trace={}", self.calls)]);
        let program = story.program(self.arguments);
        command
            .args(options)
            .arg(program.get_program())
            .args(program.get_args())
            .current_dir(story.folder.path())
            .env_clear()
            .envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        command
    }

    /// Returns the command of the program with a fault, as strace's `inject` has it.
    pub fn faulty(&self, story: &Story, inject: &str) -> Command {
        let inject = format!("inject={inject}");
        let mut options = vec!["-f", "-o", "/dev/null", "-e", &inject];
        if inject.contains(":error=") {
            // Only the calls that are looked at stop then, which is faster; a signal would not come.
            options.push("--seccomp-bpf");
        }
        self.command(story, &options)
    }

    /// Runs the program with a fault.
    pub fn with(&self, story: &Story, inject: &str) -> Output {
        self.faulty(story, inject).output().unwrap()
    }

    /// Runs the program undisturbed and returns the trace of its calls, with the files that they are about.
    pub fn trace(&self, story: &Story) -> String {
        let file = story.folder.path().join("trace");
        let options = ["-f", "-y", "-o", file.to_str().unwrap()];
        let output = self.command(story, &options).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
        fs::read_to_string(file).unwrap()
    }

    /// Counts how often each call is made when nothing disturbs the program.
    pub fn counts(&self, story: &Story) -> Vec<(&'a str, usize)> {
        self.counts_in(&self.trace(&again(story)))
    }

    /// Counts how often a trace has each call.
    pub fn counts_in(&self, trace: &str) -> Vec<(&'a str, usize)> {
        let count = |call: &str| {
            let name = format!(" {call}(");
            trace.lines().filter(|line| line.contains(&name)).count()
        };
        let counted = self.calls.split(',').map(|call| (call, count(call)));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

/// Asks about each fault, two at a time, and counts those of which `judge` says yes.
pub fn each(faults: Vec<String>, judge: impl Fn(&str) -> bool + Sync) -> usize {
    let (waiting, counted) = (Mutex::new(faults.into_iter()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(fault) = { waiting.lock().unwrap().next() } {
                    counted.fetch_add(usize::from(judge(&fault)), Ordering::Relaxed);
                }
            });
        }
    });
    counted.into_inner()
}
