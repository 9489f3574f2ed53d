//! How far something long is, and who is told of it.

use std::ops::ControlFlow;

/// How far something is, in units of its own, which who does it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Units that are done.
    pub done: usize,
    /// Units in all, as far as that is known before.
    pub all: usize,
}

/// Is told how far something is, and may end it with `Break`.
pub type Tell<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;
