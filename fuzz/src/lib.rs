//! What each reader is asked to hold whatever bytes it is given: one function for each fuzz target, which panics where the
//! bytes show a fault. `fuzz_targets/` gives them what libFuzzer makes up, `tests/fuzzed.rs` what it found before.
//!
//! None of them may panic, take longer than a second, or need more than 512 MiB. Beyond that, what a parser accepts its
//! printer prints, and where somebody else's reader is at hand, it has to agree.

mod files;
mod logs;
mod objects;
mod packs;
mod texts;
mod words;

#[path = "../../tests/support/packs.rs"]
mod pack_writer;

pub use files::{json, signature, warc};
pub use logs::{kept, note, policy, proof_in_log, tile};
pub use objects::{commit, foreign, loose, tree};
pub use packs::{delta, index, pack, proof};
pub use texts::{commonmark, front_matter, html, page};
pub use words::{date, diff, footer, name, query, quote, swhid, trailer};

/// Returns bytes as text where they are one.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// Cuts text in two where the first byte that no text has stands, or in its middle.
fn halves(data: &[u8]) -> Option<(&str, &str)> {
    let mut parts = data.splitn(2, |byte| *byte == 0xff);
    Some((text(parts.next()?)?, text(parts.next().unwrap_or_default())?))
}
