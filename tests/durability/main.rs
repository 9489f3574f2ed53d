//! Faults: kills at any instant, disks that are full or fail, many programs at once, signals, clocks. What was
//! acknowledged is there, git finds nothing wrong, and the next writer needs no help.
//!
//! The full runs, of which the plain ones are a part: `cargo test --release --test durability -- --ignored --nocapture`.
//! RELIABILITY.md has the figures.

#[path = "../support/archives.rs"]
mod archives;
#[path = "../support/folders.rs"]
mod folders;
#[path = "../support/http.rs"]
#[allow(dead_code, reason = "other stories ask for more")]
mod http;
#[path = "../support/logged.rs"]
#[allow(dead_code, reason = "other stories ask what is said")]
mod logged;
#[path = "../support/mounts.rs"]
mod mounts;
#[path = "../support/objects.rs"]
#[allow(dead_code, reason = "no object is put here that no program would write")]
mod objects;
#[path = "../support/publisher.rs"]
mod publisher;
#[path = "../support/strace.rs"]
mod strace;
#[path = "../../benches/support/text.rs"]
#[allow(dead_code, reason = "only the dice are thrown")]
mod text;
#[path = "../support/tree.rs"]
mod tree;

mod add;
mod clocks;
mod crowd;
mod disks;
mod kills;
mod leftovers;
mod maintain;
mod outputs;
mod reads;
mod shim;
mod short_writes;
mod threads;
mod whole;
