//! What the benches share: sizes from the environment, alternating runs, and rows beside a peer.

use std::time::{Duration, Instant};

/// Reads a number from the environment.
pub fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Prints a row.
pub fn report(name: &str, (ours, peer): (Duration, Duration), goal: f64) {
    let (ours, peer) = (ours.as_secs_f64() * 1e3, peer.as_secs_f64() * 1e3);
    let ratio = ours / peer;
    let met = if ratio <= goal { "met" } else { "missed" };
    println!("{name:46} {ours:9.2} {peer:9.2} {ratio:7.2}  <= {goal} {met}");
}

/// Runs both sides in turn, so that a noisy moment falls on both; returns the medians.
pub fn alternate(
    runs: usize,
    ours: &mut dyn FnMut(usize),
    peer: &mut dyn FnMut(usize),
) -> (Duration, Duration) {
    let mut times = (Vec::new(), Vec::new());
    for number in 0..runs + 2 {
        let start = Instant::now();
        ours(number);
        let middle = Instant::now();
        peer(number);
        // The first two runs of each warm the caches.
        if number >= 2 {
            times.0.push(middle - start);
            times.1.push(middle.elapsed());
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    (median(times.0), median(times.1))
}
