//! Every console block of the READMEs, run line by line in a folder that holds what a clone holds.

#[path = "support/folders.rs"]
mod folders;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use folders::copy;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_avalaches");

/// A command of a console block and what the README says it prints, stdout and stderr together.
struct Step {
    command: String,
    expected: String,
}

#[test]
fn every_console_block_prints_what_the_readme_says() {
    run("README.md");
}

#[test]
fn and_what_the_chinese_one_says() {
    run("README.zh.md");
}

/// Runs the console blocks of a file, and asserts that each prints what stands there.
fn run(name: &str) {
    let steps = steps(&fs::read_to_string(format!("{ROOT}/{name}")).unwrap());
    assert!(
        steps.len() > 15,
        "only {} commands were found in {name}",
        steps.len()
    );
    let home = tempfile::tempdir().unwrap();
    let clone = home.path().join("clone");
    copy(&Path::new(ROOT).join("archive"), &clone.join("archive"));
    copy(&Path::new(ROOT).join("tests/pages"), &clone.join("tests/pages"));
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(PROGRAM, bin.join("avalaches")).unwrap();
    // The program is built already; what is tested is what it does.
    fs::write(
        bin.join("cargo"),
        "#!/bin/sh\n[ \"$1 $2 $3\" = 'run --release --' ] || exit 99\nshift 3\nexec avalaches \"$@\"\n",
    )
    .unwrap();
    assert!(
        Command::new("chmod")
            .arg("+x")
            .arg(bin.join("cargo"))
            .status()
            .unwrap()
            .success()
    );
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut wrong = String::new();
    for Step { command, expected } in steps {
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1\n{command}")])
            .current_dir(&clone)
            .env_clear()
            .env("PATH", &path)
            .env("HOME", home.path())
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        if !fits(&printed, &expected) {
            let _ = writeln!(
                wrong,
                "$ {command}\n--- {name} says\n{expected}--- it prints\n{printed}"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_runner_sees_a_wrong_line() {
    assert!(fits("a\nb\nc\n", "a\n…\n"));
    assert!(fits("a\nb\n", "a\nb\n"));
    assert!(!fits("a\nb\n", "a\nc\n"));
    assert!(!fits("a\nb\n", "a\n"));
    assert!(!fits("b\n", "a\n…\n"));
}

/// Reads the commands of all `console` blocks: lines that begin with `$ `, each with the lines below it.
fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            steps.push(Step {
                command: command.to_owned(),
                expected: String::new(),
            });
        } else if inside {
            let step = steps.last_mut().expect("a console block begins with a command");
            step.expected.push_str(line);
            step.expected.push('\n');
        }
    }
    steps
}

/// Tells whether a text is the expected one, of which a last line `…` stands for anything that follows.
fn fits(printed: &str, expected: &str) -> bool {
    match expected.strip_suffix("…\n") {
        Some(beginning) if beginning.is_empty() || beginning.ends_with('\n') => {
            printed.starts_with(beginning)
        }
        // A page has no line feed at its end, which no console block can show.
        _ => printed == expected || format!("{printed}\n") == expected,
    }
}
