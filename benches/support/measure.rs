//! What the benches share: sizes from the environment, alternating runs, and rows beside a peer.
#![allow(dead_code)] // not every bench uses all of it

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Reads a number from the environment.
pub fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Prints a row of times, in milliseconds.
pub fn report(name: &str, (ours, peer): (Duration, Duration), goal: f64) {
    row(name, (ours.as_secs_f64() * 1e3, peer.as_secs_f64() * 1e3), goal);
}

/// Prints a row of any two quantities.
pub fn row(name: &str, (ours, peer): (f64, f64), goal: f64) {
    let ratio = ours / peer;
    let met = if ratio <= goal { "met" } else { "missed" };
    println!("{name:50} {ours:10.2} {peer:10.2} {ratio:7.3}  <= {goal:.3} {met}");
}

/// Runs both sides in turn, so that a noisy moment falls on both; returns the medians.
pub fn alternate(
    runs: usize,
    ours: &mut dyn FnMut(usize),
    peer: &mut dyn FnMut(usize),
) -> (Duration, Duration) {
    // Runs that warm the caches; a single one of many seconds needs none.
    let warming = (runs / 4).min(2);
    let mut times = (Vec::new(), Vec::new());
    for number in 0..runs + warming {
        let start = Instant::now();
        ours(number);
        let middle = Instant::now();
        peer(number);
        if number >= warming {
            times.0.push(middle - start);
            times.1.push(middle.elapsed());
        }
    }
    (median(times.0), median(times.1))
}

/// Returns the middle one.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Runs a command to its end; it has to succeed.
pub fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("it runs");
    assert!(status.success(), "{command:?}");
}
