//! The house rules that a machine can hold: formatting, lints, documentation, and which room may use which.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Rooms of `src/`, lowest first: a file may use its own room and those before it.
const LAYERS: [(&str, &[&str]); 4] = [
    (
        "pure",
        &[
            "article",
            "base64",
            "blame",
            "canonical",
            "capture",
            "commonmark",
            "compare",
            "date",
            "diff",
            "draft",
            "footer",
            "id",
            "json",
            "language",
            "notice",
            "object",
            "page",
            "progress",
            "proof",
            "query",
            "report",
            "settings",
            "signature",
            "slug",
            "swhid",
            "timemap",
            "tlog",
            "tombstone",
            "trailer",
            "wording",
            "words",
        ],
    ),
    ("storage", &["platform", "storage"]),
    (
        "archive",
        &[
            "add",
            "archive",
            "audit",
            "branch",
            "cited",
            "difference",
            "document",
            "editorial",
            "expunge",
            "history",
            "import",
            "index",
            "listing",
            "log",
            "maintain",
            "mirror",
            "monitor",
            "publisher",
            "quote",
            "replication",
            "remember",
            "revision",
            "root_files",
            "search",
            "verify",
            "withheld",
        ],
    ),
    ("site", &["network", "publish", "server", "site"]),
];

#[test]
fn the_code_is_formatted_as_rustfmt_does() {
    cargo(&["fmt", "--check"]);
}

#[test]
fn the_lints_have_nothing_to_say() {
    cargo(&[
        "clippy",
        "--all-targets",
        "--locked",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]);
}

#[test]
fn the_documentation_builds_without_a_warning() {
    cargo(&["doc", "--no-deps", "--locked", "--quiet"]);
}

#[test]
fn no_room_uses_one_above_it() {
    let rank: BTreeMap<&str, usize> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(rank, (_, rooms))| rooms.iter().map(move |room| (*room, rank)))
        .collect();
    let mut files = Vec::new();
    list(&Path::new(ROOT).join("src"), &mut files);
    let mut seen = 0;
    for file in files {
        let path = file
            .strip_prefix(ROOT)
            .unwrap()
            .strip_prefix("src")
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let room = path.split(['/', '.']).next().unwrap().to_owned();
        if matches!(room.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let own = rank
            .get(room.as_str())
            .unwrap_or_else(|| panic!("src/{path} is in no layer of this test"));
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            !text.contains("crate::{"),
            "src/{path} uses rooms in one list, of which this test sees none"
        );
        for used in text.split("crate::").skip(1) {
            let used = used
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .next()
                .unwrap();
            if let Some(other) = rank.get(used) {
                seen += 1;
                assert!(
                    other <= own,
                    "src/{path} uses crate::{used}, which is in a layer above its own"
                );
            }
        }
        if *own == 0 {
            for forbidden in [
                "std::fs",
                "std::env",
                "std::net",
                "git2::",
                "SystemTime",
                "println!",
            ] {
                assert!(
                    !text.contains(forbidden),
                    "src/{path} is pure and uses {forbidden}"
                );
            }
        }
        assert!(
            room == "platform" || !text.contains("unsafe "),
            "src/{path} is unsafe; src/platform.rs is the room for that"
        );
    }
    assert!(
        seen > 100,
        "only {seen} uses were seen; the test looks at the wrong thing"
    );
}

#[test]
fn libgit2_is_used_where_its_options_are_set_and_where_the_branch_is_moved_alone() {
    let mut files = Vec::new();
    list(&Path::new(ROOT).join("src"), &mut files);
    let users: Vec<String> = files
        .iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains("git2::"))
        .map(|file| file.strip_prefix(ROOT).unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(users, ["src/platform.rs", "src/storage/repository.rs"]);
}

/// Runs cargo on the package itself; the build folder is the one this test was built in, which is free by now.
fn cargo(arguments: &[&str]) {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(ROOT)
        .env("RUSTDOCFLAGS", "-D warnings")
        .output()
        .expect("cargo runs, for it runs this test");
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let missing =
        "\nrustfmt and clippy come with Rust; where they are missing: rustup component add rustfmt clippy";
    assert!(
        output.status.success(),
        "cargo {}:\n{said}{missing}",
        arguments.join(" ")
    );
}

fn list(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            list(&entry, files);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
}
