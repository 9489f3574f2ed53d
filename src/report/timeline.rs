//! Where the bars of a plot stand that shows how many revisions each month has: five years in a row, so that one month and
//! thirty years can both be read, on a telephone and on paper.
//!
//! Lengths are whole units of the plot, ten of which are about a pixel on a screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::article::Kind;

/// Years in one row.
const YEARS: usize = 5;
/// Where the bars begin; numbers stand before.
const LEFT: usize = 560;
/// How wide all bars together are.
const ACROSS: usize = 6600;
/// The widest bar.
const WIDEST: usize = 260;
/// How high a bar can be; the space above is for slices that are higher than they should be.
const UP: usize = 1300;
/// Where the bars stand.
const GROUND: usize = UP + 150;
/// What is below, for the years.
const BELOW: usize = 320;
/// How wide a row of the plot is.
pub(super) const WIDTH: usize = LEFT + ACROSS + 40;
/// How high it is.
pub(super) const HEIGHT: usize = GROUND + BELOW;
/// The lowest slice.
const LOWEST: usize = 14;

/// The months by kind, ready to be drawn.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Rows of the plot.
    pub stretches: Vec<Stretch>,
    /// How many revisions of each kind there are.
    pub totals: Vec<(Kind, usize)>,
    /// What the plot says, month by month.
    pub lines: Vec<String>,
}

/// A row of the plot.
#[derive(Debug)]
pub(super) struct Stretch {
    pub id: String,
    pub name: String,
    /// What it shows, in words.
    pub text: String,
    pub ticks: Vec<Tick>,
    pub labels: Vec<Label>,
    pub bars: Vec<Bar>,
}

/// A line across, for a number of revisions.
#[derive(Debug)]
pub(super) struct Tick {
    pub from: usize,
    pub y: usize,
    pub text: String,
}

/// A mark below the bars, for a year or a month.
#[derive(Debug)]
pub(super) struct Label {
    pub x: usize,
    pub from: usize,
    pub to: usize,
    pub text: String,
}

/// A month.
#[derive(Debug)]
pub(super) struct Bar {
    pub month: String,
    pub text: String,
    pub x: usize,
    pub width: usize,
    pub slices: Vec<Slice>,
}

/// The revisions of one kind in a month.
#[derive(Debug)]
pub(super) struct Slice {
    pub kind: Kind,
    pub count: usize,
    pub y: usize,
    pub height: usize,
}

/// The months that have revisions, by their number since the year 0.
type Months<'a> = BTreeMap<usize, (&'a str, &'a [usize; 6])>;

impl Timeline {
    pub fn of(months: &BTreeMap<String, [usize; 6]>) -> Self {
        let number = |month: &str| {
            let (year, month) = month.split_once('-')?;
            Some(year.parse::<usize>().ok()? * 12 + month.parse::<usize>().ok()?.checked_sub(1)?)
        };
        let months: Months<'_> = months
            .iter()
            .filter_map(|(month, counts)| Some((number(month)?, (month.as_str(), counts))))
            .collect();
        let (Some((first, _)), Some((last, _))) = (months.first_key_value(), months.last_key_value()) else {
            return Self::default();
        };
        let (first, last) = (first / 12, last / 12);
        let highest = months.values().map(|(_, counts)| counts.iter().sum::<usize>());
        let top = top(highest.max().unwrap_or(0));
        let years = (last - first + 1).min(YEARS);
        let stretches = (first..=last).step_by(YEARS);
        Self {
            stretches: stretches
                .map(|from| Stretch::of(&months, from, last.min(from + YEARS - 1), years, top))
                .collect(),
            totals: totals(months.values().map(|(_, counts)| *counts)),
            lines: lines(&months),
        }
    }
}

impl Stretch {
    /// Draws the months of some years, in a row that has room for so many.
    fn of(months: &Months<'_>, from: usize, to: usize, room: usize, top: usize) -> Self {
        let pitch = ACROSS / (room * 12);
        let width = (pitch * 4 / 5).min(WIDEST);
        let left = |month: usize| LEFT + (month - from * 12) * pitch;
        let own = || months.range(from * 12..(to + 1) * 12);
        let bars = own().map(|(at, (month, counts))| Bar {
            month: (*month).to_owned(),
            text: line(month, counts),
            x: left(*at) + (pitch - width) / 2,
            width,
            slices: slices(counts, top),
        });
        let is_close = room <= 2;
        let labels = (from * 12..(to + 1) * 12).step_by(if is_close { 3 } else { 12 });
        let labels = labels.map(|month| Label {
            x: left(month),
            from: GROUND,
            to: GROUND + if month % 12 == 0 { 180 } else { 90 },
            text: match month % 12 {
                0 => (month / 12).to_string(),
                3 => "Apr".to_owned(),
                6 => "Jul".to_owned(),
                _ => "Oct".to_owned(),
            },
        });
        let ticks = if top > 1 {
            vec![0, top / 2, top]
        } else {
            vec![0, top]
        };
        let tick = |count: usize| Tick {
            from: LEFT,
            y: GROUND - count * UP / top,
            text: short(count),
        };
        let name = if from == to {
            from.to_string()
        } else {
            format!("{from} to {to}")
        };
        let kinds = in_words(&totals(own().map(|(_, (_, counts))| *counts)));
        Self {
            id: format!("years-{from}"),
            text: format!(
                "{name}: {kinds}, in {} of {} months",
                own().count(),
                (to - from + 1) * 12
            ),
            name,
            ticks: ticks.into_iter().map(tick).collect(),
            labels: labels.collect(),
            bars: bars.collect(),
        }
    }
}

/// Puts the kinds of a month on top of one another.
fn slices(counts: &[usize; 6], top: usize) -> Vec<Slice> {
    let mut y = GROUND;
    let present = Kind::ALL.into_iter().zip(counts).filter(|(_, count)| **count > 0);
    present
        .map(|(kind, count)| {
            let height = (count * UP / top).max(LOWEST);
            y = y.saturating_sub(height);
            Slice {
                kind,
                count: *count,
                y,
                height,
            }
        })
        .collect()
}

/// Returns a round number that is no less than one: 1, 2, 4, 6 or 8 with zeros.
fn top(highest: usize) -> usize {
    let mut zeros = 1_usize;
    loop {
        let round = [1, 2, 4, 6, 8].map(|digit| zeros.saturating_mul(digit));
        if let Some(top) = round.into_iter().find(|top| *top >= highest) {
            return top;
        }
        zeros = zeros.saturating_mul(10);
    }
}

/// Writes a round number so that it fits before the bars.
fn short(count: usize) -> String {
    if count >= 1000 && count.is_multiple_of(1000) {
        format!("{}k", count / 1000)
    } else {
        count.to_string()
    }
}

fn totals<'a>(counts: impl Iterator<Item = &'a [usize; 6]>) -> Vec<(Kind, usize)> {
    let mut sums = [0; 6];
    for counts in counts {
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    Kind::ALL.into_iter().zip(sums).collect()
}

/// Writes what there is of each kind.
fn in_words(totals: &[(Kind, usize)]) -> String {
    let present = totals.iter().filter(|(_, count)| *count > 0);
    let words: Vec<String> = present.map(|(kind, count)| format!("{kind} {count}")).collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}

fn line(month: &str, counts: &[usize; 6]) -> String {
    format!("{month}: {}", in_words(&totals([counts].into_iter())))
}

/// Writes a line for each month that has revisions, and one for each row of months between that have none.
fn lines(months: &Months<'_>) -> Vec<String> {
    let name = |month: usize| format!("{:04}-{:02}", month / 12, month % 12 + 1);
    let mut lines = Vec::new();
    let mut next = None;
    for (at, (month, counts)) in months {
        match next {
            Some(next) if next + 1 == *at => lines.push(format!("{}: none", name(next))),
            Some(next) if next < *at => {
                let mut text = name(next);
                let _ = write!(text, " to {}: none", name(at - 1));
                lines.push(text);
            }
            _ => {}
        }
        lines.push(line(month, counts));
        next = Some(at + 1);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(months: &[(&str, [usize; 6])]) -> Timeline {
        let months = months
            .iter()
            .map(|(month, counts)| ((*month).to_owned(), *counts));
        Timeline::of(&months.collect())
    }

    #[test]
    fn months_without_revisions_are_gaps_as_wide_as_they_are_long() {
        let timeline = timeline(&[
            ("2024-12", [1, 0, 0, 0, 0, 0]),
            ("2025-01", [0, 0, 2, 0, 0, 0]),
            ("2025-05", [1, 0, 0, 1, 0, 0]),
            ("2025-07", [1, 0, 0, 0, 0, 0]),
        ]);
        assert_eq!(timeline.stretches.len(), 1);
        let x: Vec<usize> = timeline.stretches[0].bars.iter().map(|bar| bar.x).collect();
        let pitch = x[1] - x[0];
        assert_eq!([x[2] - x[1], x[3] - x[2]], [4 * pitch, 2 * pitch]);
        assert_eq!(
            timeline.lines,
            [
                "2024-12: publish 1",
                "2025-01: correction 2",
                "2025-02 to 2025-04: none",
                "2025-05: publish 1, retraction 1",
                "2025-06: none",
                "2025-07: publish 1",
            ]
        );
    }

    #[test]
    fn a_long_history_takes_more_rows_and_a_short_one_no_fat_bars() {
        let bar = |stretch: &Stretch| (stretch.bars[0].x, stretch.bars[0].width);
        let one = timeline(&[("2026-01", [1, 0, 0, 0, 0, 0])]);
        assert_eq!(one.stretches.len(), 1);
        assert!(bar(&one.stretches[0]).1 <= WIDEST);
        let long = timeline(&[("1970-01", [1, 0, 0, 0, 0, 0]), ("2106-02", [1, 0, 0, 0, 0, 0])]);
        assert_eq!(long.stretches.len(), 28);
        assert!(long.stretches[1].bars.is_empty() && long.stretches[1].text.contains("none"));
        let last = long.stretches.last().unwrap();
        assert!(bar(last).0 > LEFT && last.name == "2105 to 2106");
    }

    #[test]
    fn one_retraction_among_many_pages_is_seen_and_nothing_leaves_the_plot() {
        let timeline = timeline(&[("2026-01", [100_000, 1, 1, 1, 1, 1])]);
        let slices = &timeline.stretches[0].bars[0].slices;
        assert_eq!(slices.len(), 6);
        assert!(slices.iter().all(|slice| slice.height >= LOWEST));
        assert!(
            slices
                .windows(2)
                .all(|pair| pair[1].y + pair[1].height == pair[0].y)
        );
        assert_eq!(
            [100_005, 100_000, 81, 7, 0].map(top),
            [200_000, 100_000, 100, 8, 1]
        );
        assert!(slices.iter().all(|slice| slice.y > 0));
    }
}
