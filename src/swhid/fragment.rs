//! Which part of a blob an identifier means.

use std::fmt;

/// A range of numbers, both ends included; a single number is printed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    first: u64,
    last: u64,
}

/// Which part of a blob is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fragment {
    /// Lines, counted from 1.
    Lines(Range),
    /// Bytes.
    Bytes(Range),
}

impl Range {
    /// Makes a range; `None` where it ends before it begins.
    #[must_use]
    pub fn new(first: u64, last: u64) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// Returns the first number.
    #[must_use]
    pub const fn first(self) -> u64 {
        self.first
    }

    /// Returns the last number.
    #[must_use]
    pub const fn last(self) -> u64 {
        self.last
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| {
            let is_plain =
                text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
            is_plain.then(|| text.parse().ok()).flatten()
        };
        // `3-3` is a range by the specification's grammar; it is printed as 3.
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Self::new(number(first)?, number(last)?)
    }
}

impl Fragment {
    /// Makes a range of lines; `None` where there are none such: they are counted from 1.
    #[must_use]
    pub fn lines(first: u64, last: u64) -> Option<Self> {
        Range::new(first, last)
            .filter(|range| range.first > 0)
            .map(Self::Lines)
    }

    /// Cuts the lines that are meant out of a text, with their line feeds; `None` where it has not all of them, or where
    /// bytes are meant.
    #[must_use]
    pub fn lines_of(self, text: &str) -> Option<&str> {
        let Self::Lines(range) = self else { return None };
        let before = usize::try_from(range.first.checked_sub(1)?).ok()?;
        let wanted = usize::try_from(range.last - range.first).ok()?.checked_add(1)?;
        let mut ends = text.split_inclusive('\n').scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        });
        let begin = match before.checked_sub(1) {
            Some(last) => ends.nth(last)?,
            None => 0,
        };
        let end = ends.nth(wanted - 1)?;
        text.get(begin..end)
    }
}

impl fmt::Display for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, range) = match self {
            Self::Lines(range) => ("lines", range),
            Self::Bytes(range) => ("bytes", range),
        };
        write!(f, "{name}={}", range.first)?;
        if range.first == range.last {
            return Ok(());
        }
        write!(f, "-{}", range.last)
    }
}
