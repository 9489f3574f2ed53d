//! What fuzzing found is read again: `faults/` has the inputs that showed a fault, `corpus/` those by which it gets everywhere,
//! a file for each target and a line for each input. `fuzz/` finds more of them.

#[path = "../fuzz/src/lib.rs"]
mod bodies;
#[path = "../fuzz/lines.rs"]
mod lines;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest that any input may take.
const LONGEST: Duration = Duration::from_secs(1);
/// The most memory that reading all of them may need: 512 MiB.
const MOST_MEMORY: u64 = 512 << 10;

macro_rules! targets {
    ($($name:ident)*) => {
        /// Every target by its name.
        const TARGETS: &[&str] = &[$(stringify!($name)),*];

        mod what_was_found_by {
            $(
                #[test]
                fn $name() {
                    super::read_again(stringify!($name), super::bodies::$name);
                }
            )*
        }
    };
}

targets! {
    commit commonmark date delta diff footer foreign front_matter html index json kept loose name note pack page policy proof
    proof_in_log query quote signature swhid tile trailer tree warc
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Gives a target every input that is kept for it: each quickly, and all of them within bounds.
fn read_again(name: &str, target: fn(&[u8])) {
    let kept = |room: &str| fs::read_to_string(folder(room).join(name).with_extension("txt"));
    let text = kept("tests/faults").unwrap_or_default() + &kept("tests/corpus").unwrap();
    for (number, line) in text.lines().enumerate() {
        let input = lines::unescaped(line).unwrap_or_else(|| panic!("line {} is none", number + 1));
        assert_eq!(
            lines::escaped(&input),
            line,
            "line {} is written otherwise",
            number + 1
        );
        // A machine that does other things may be slow once.
        let is_quick = || {
            let start = Instant::now();
            target(&input);
            start.elapsed() < LONGEST
        };
        let seen = std::panic::catch_unwind(|| (0..3).any(|_| is_quick()));
        let shows = || format!("an input of {name}.txt shows a fault, see above: {line}");
        assert!(
            seen.unwrap_or_else(|_| panic!("{}", shows())),
            "line {} takes too long: {line}",
            number + 1
        );
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let most = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    let most: u64 = most.map_or(0, |most| most.trim().parse().unwrap());
    assert!(most <= MOST_MEMORY, "{most} KiB were needed");
}

#[test]
fn each_target_has_inputs_and_a_program_that_finds_more() {
    let stems = |path: &str| -> BTreeSet<String> {
        let files = fs::read_dir(folder(path)).unwrap();
        let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        files.map(|file| stem(file.unwrap().path())).collect()
    };
    let named: BTreeSet<String> = TARGETS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(stems("tests/corpus"), named);
    assert!(stems("tests/faults").is_subset(&named));
    assert_eq!(stems("fuzz/fuzz_targets"), named);
    for name in TARGETS {
        let target = folder("fuzz/fuzz_targets").join(name).with_extension("rs");
        assert!(
            fs::read_to_string(target)
                .unwrap()
                .contains(&format!("::{name}(data)"))
        );
    }
}

#[test]
fn any_input_can_be_a_line() {
    let all: Vec<u8> = (0..=u8::MAX).chain("\\ “中”\u{202e}\u{301}\0".bytes()).collect();
    for input in [&all[..], b"", b"\\", b"\xff\\n\n"] {
        let line = lines::escaped(input);
        assert!(!line.contains(['\n', '\r']));
        assert_eq!(lines::unescaped(&line).as_deref(), Some(input));
    }
    for line in ["\\", "\\q", "\\x0", "\\u{d800}", "\\u{41"] {
        assert_eq!(lines::unescaped(line), None, "{line}");
    }
}
