//! One bit for each of many things, set by several threads at once.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits, all clear at first.
#[derive(Debug)]
pub struct Bits {
    words: Vec<AtomicU64>,
}

impl Bits {
    /// Makes so many bits.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            words: (0..count.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Tells whether a bit is set.
    #[must_use]
    pub fn get(&self, at: usize) -> bool {
        self.words[at / 64].load(Ordering::Relaxed) >> (at % 64) & 1 == 1
    }

    /// Sets a bit and tells whether it was clear before: of several threads, one is told so.
    #[expect(clippy::must_use_candidate, reason = "most callers only set")]
    pub fn set(&self, at: usize) -> bool {
        let bit = 1 << (at % 64);
        self.words[at / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_threads_is_told_that_it_set_a_bit() {
        let bits = Bits::new(130);
        let told: usize = std::thread::scope(|scope| {
            let set = || (0..130).filter(|at| at % 3 == 0 && bits.set(*at)).count();
            let threads = [scope.spawn(set), scope.spawn(set), scope.spawn(set)];
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(told, 44);
        assert!((0..130).all(|at| bits.get(at) == (at % 3 == 0)));
    }
}
