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
        println!("skipped: there is no strace here");
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
pub struct Traced {
    pub arguments: &'static [&'static str],
    pub calls: &'static str,
}

impl Traced {
    /// Runs the program under strace, with options of strace's.
    fn run(&self, story: &Story, options: &[&str]) -> Output {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq"]).args(options);
        let program = story.program(self.arguments);
        command
            .arg(program.get_program())
            .args(program.get_args())
            .current_dir(story.folder.path())
            .env_clear()
            .envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        command.output().unwrap()
    }

    /// Runs the program with a fault, as strace's `inject` has it.
    pub fn with(&self, story: &Story, inject: &str) -> Output {
        let (trace, inject) = (format!("trace={}", self.calls), format!("inject={inject}"));
        let mut options = vec!["-o", "/dev/null", "-e", &trace, "-e", &inject];
        if inject.contains(":error=") {
            // Only the calls that are looked at stop then, which is faster; a signal would not come.
            options.push("--seccomp-bpf");
        }
        self.run(story, &options)
    }

    /// Runs the program undisturbed and returns the trace of its calls, with the files that they are about.
    pub fn trace(&self, story: &Story) -> String {
        let file = story.folder.path().join("trace");
        let trace = format!("trace={}", self.calls);
        let output = self.run(story, &["-y", "-o", file.to_str().unwrap(), "-e", &trace]);
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
        fs::read_to_string(file).unwrap()
    }

    /// Counts how often each call is made when nothing disturbs the program.
    pub fn counts(&self, story: &Story) -> Vec<(&'static str, usize)> {
        let trace = self.trace(&again(story));
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
