//! The archives that the benches run on are archives: proved by the program, sound to git, the same each time.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "the archives here are generated")]
mod archives;
#[path = "../benches/support/generate.rs"]
mod generate;

use std::process::Command;

use archives::git;

#[test]
fn a_generated_archive_is_proved_and_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let tips = ["one", "other"].map(|name| {
        let path = folder.path().join(name);
        generate::archive(&path, 200);
        assert_eq!(git(&path, &["fsck", "--strict", "--full"]), "");
        let verify = Command::new(env!("CARGO_BIN_EXE_avalaches"))
            .args(["verify", "--archive"])
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8(verify.stdout).unwrap();
        assert!(
            said.starts_with("verified  200 revisions of 177 articles, "),
            "{said}"
        );
        git(&path, &["rev-parse", "main"])
    });
    assert_eq!(tips[0], tips[1]);
}
