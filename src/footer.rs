//! The footer: the last line of a page, which names the day of a revision and its commit.
//!
//! It is what `git show -s --date=format:'%Y-%m-%d (%A)' --format='%ad · %H'` prints, and is derived from a
//! commit, never stored in it.

use std::fmt;
use std::str::FromStr;

use crate::date::{CivilDay, RevisionDate};
use crate::id::{CommitId, IdError};

/// What stands between the date and the id: U+00B7 with a blank on either side.
pub const SEPARATOR: &str = " · ";

/// Dots in the middle of a line that are taken for U+00B7 in a line that is tidied.
const OTHER_DOTS: [char; 6] = ['•', '‧', '∙', '⋅', '・', '･'];

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// A footer as it is printed: the weekday may be another than the day's own, which is a verdict, not an error.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Footer {
    /// The day of the revision, in the revision's own offset.
    pub day: CivilDay,
    weekday: &'static str,
    /// The commit of the revision.
    pub commit: CommitId,
}

/// Why a text is no footer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FooterError {
    /// Not of the form at all.
    #[error(
        "this is no footer; one looks like 2026-01-22 (Thursday) · a038737196a74c325d6a90900694dd78867e8af9"
    )]
    Form,
    /// The form is right and the day does not exist.
    #[error("the footer's day {0} does not exist in the calendar")]
    Day(String),
    /// The day is no `YYYY-MM-DD` from 1970 to 2106.
    #[error("the footer's day {0} is outside the dates a footer can carry, 1970-01-01 to 2106-02-07")]
    Range(String),
    /// The word in parentheses is no weekday's English name.
    #[error("the footer's weekday {0:?} is none; it is the English name, Monday to Sunday")]
    Weekday(String),
    /// The id is none.
    #[error("the footer's id {id:?} is none: {source}")]
    Id {
        /// The text in the id's place.
        id: String,
        /// What is wrong with it.
        source: IdError,
    },
}

impl Footer {
    /// Returns the footer of a revision.
    #[must_use]
    pub fn of(date: RevisionDate, commit: CommitId) -> Self {
        let day = date.day();
        Self {
            day,
            weekday: day.weekday(),
            commit,
        }
    }

    /// Returns the weekday that is printed.
    #[must_use]
    pub fn weekday(&self) -> &'static str {
        self.weekday
    }

    /// Tells whether the weekday is the day's own.
    #[must_use]
    pub fn weekday_fits(&self) -> bool {
        self.weekday == self.day.weekday()
    }

    /// Tells whether a line was meant as a footer: day in parenthesised form, a dot, then one word of
    /// hexadecimal digits. What looks like one and is none is reported, not taken for text.
    #[must_use]
    pub fn looks_like_one(line: &str) -> bool {
        let line = line.trim();
        let Some((date, id)) = line.rsplit_once('·') else {
            return false;
        };
        let id = id.trim();
        let date_like = date.trim_end().ends_with(')')
            && date.starts_with(|c: char| c.is_ascii_digit())
            && date.bytes().filter(|b| *b == b'-').count() == 2;
        date_like && id.len() >= 7 && id.bytes().all(|b| b.is_ascii_hexdigit())
    }
}

/// Returns a line with the blanks and the dot that a footer has, where mail, word processors and others' sites have others: white
/// space of any kind is one blank, and none stands at the ends. A line that is tidied is read; what is printed is never so.
#[must_use]
pub fn tidied(line: &str) -> String {
    let dotted = line.replace(OTHER_DOTS, "·");
    let words: Vec<&str> = dotted.split_whitespace().collect();
    words.join(" ")
}

impl fmt::Display for Footer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}){SEPARATOR}{}", self.day, self.weekday, self.commit)
    }
}

impl FromStr for Footer {
    type Err = FooterError;

    fn from_str(text: &str) -> Result<Self, FooterError> {
        let (date, id) = text.split_once(SEPARATOR).ok_or(FooterError::Form)?;
        let (day, weekday) = date
            .strip_suffix(')')
            .and_then(|date| date.split_once(" ("))
            .ok_or(FooterError::Form)?;
        if day.is_empty() || !day.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return Err(FooterError::Form);
        }
        let year_of_four = day.find('-') == Some(4) && day.len() == 10;
        let parsed = match CivilDay::parse(day, '-') {
            Some(parsed) => parsed,
            None if year_of_four && !day.starts_with("0000") => return Err(FooterError::Day(day.to_owned())),
            None => return Err(FooterError::Range(day.to_owned())),
        };
        // 2106-02-07 ends at +14:00 on the 7th; the 31 December 1969 begins at -14:00.
        let carried = ("1969-12-31"..="2106-02-07").contains(&day);
        if !carried {
            return Err(FooterError::Range(day.to_owned()));
        }
        let weekday = WEEKDAYS
            .into_iter()
            .find(|known| *known == weekday)
            .ok_or_else(|| FooterError::Weekday(weekday.to_owned()))?;
        let commit = id.parse().map_err(|source| FooterError::Id {
            id: id.to_owned(),
            source,
        })?;
        Ok(Self {
            day: parsed,
            weekday,
            commit,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::date::{LAST_SECOND, UtcOffset, WIDEST_OFFSET};

    const SAMPLE: &str = "2026-01-22 (Thursday) · a038737196a74c325d6a90900694dd78867e8af9";

    #[test]
    fn the_sample_footer_reads_back() {
        let footer: Footer = SAMPLE.parse().unwrap();
        assert!(footer.weekday_fits());
        assert_eq!(footer.to_string(), SAMPLE);
        assert!(
            !SAMPLE
                .replace("Thurs", "Fri")
                .parse::<Footer>()
                .unwrap()
                .weekday_fits()
        );
    }

    #[test]
    fn each_wrong_part_has_its_own_error() {
        let refused = |from: &str, to: &str| SAMPLE.replacen(from, to, 1).parse::<Footer>().unwrap_err();
        assert!(matches!(refused("2026-01-22", "2026-02-30"), FooterError::Day(_)));
        for day in [
            "0000-01-22",
            "10000-01-22",
            "9999-01-22",
            "1969-12-30",
            "2106-02-08",
            "26-01-22",
        ] {
            assert!(
                matches!(refused("2026-01-22", day), FooterError::Range(_)),
                "{day}"
            );
        }
        assert!(matches!(
            refused("Thursday", "Donnerstag"),
            FooterError::Weekday(_)
        ));
        assert!(matches!(
            refused("8af9", "8af"),
            FooterError::Id {
                source: IdError::Length(39),
                ..
            }
        ));
        assert!(matches!(
            refused("8af9", "8af90"),
            FooterError::Id {
                source: IdError::Length(41),
                ..
            }
        ));
        assert!(matches!(
            refused("a038", "A038"),
            FooterError::Id {
                source: IdError::Digit { column: 1, .. },
                ..
            }
        ));
        for (from, to) in [(" · ", " - "), (" · ", " ·  "), (" (", "("), ("2026", " 2026")] {
            assert!(
                SAMPLE.replacen(from, to, 1).parse::<Footer>().is_err(),
                "{from:?} {to:?}"
            );
        }
    }

    #[test]
    fn other_blanks_and_dots_are_tidied_and_nothing_else() {
        for line in [
            SAMPLE.replace(' ', "\u{a0}"),
            SAMPLE.replace('·', "•"),
            SAMPLE.replace(" · ", "\u{3000}・ "),
            format!("  {SAMPLE}\t"),
        ] {
            assert!(line.parse::<Footer>().is_err());
            assert_eq!(tidied(&line), SAMPLE);
        }
        for line in [
            SAMPLE.replace(" · ", "·"),
            SAMPLE.replace('·', "-"),
            SAMPLE.replace("a038", "a0\u{200b}38"),
            SAMPLE.replace("a038", "a0 38"),
        ] {
            assert!(tidied(&line).parse::<Footer>().is_err(), "{line}");
        }
    }

    #[test]
    fn a_line_meant_as_a_footer_is_told_from_prose() {
        for (from, to) in [
            ("a0", "A0"),
            ("af9", "af"),
            ("2026", "10000"),
            ("01-22", "02-30"),
            ("Thurs", "Thor"),
        ] {
            assert!(Footer::looks_like_one(&SAMPLE.replacen(from, to, 1)), "{to}");
        }
        for prose in [
            "2026-01-22 (Thursday)",
            "买卖·交易",
            "3 · 4",
            "on 2026-01-22 (x) · abcdefa it was",
        ] {
            assert!(!Footer::looks_like_one(prose), "{prose}");
        }
    }

    proptest! {
        #[test]
        fn a_footer_reads_back_what_it_prints(
            seconds in 0..=LAST_SECOND, minutes in -WIDEST_OFFSET..=WIDEST_OFFSET, raw in any::<[u8; 20]>()
        ) {
            // East of UTC the last hours of the range fall on a day that no footer carries.
            let seconds = seconds.min(LAST_SECOND - 15 * 3600);
            let offset = UtcOffset::from_minutes(minutes).unwrap();
            let footer = Footer::of(RevisionDate::from_seconds(seconds, offset).unwrap(), CommitId::from_raw(raw));
            prop_assert_eq!(footer.to_string().parse::<Footer>(), Ok(footer.clone()));
            prop_assert!(Footer::looks_like_one(&footer.to_string()));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>(), tail in "[0-9]{1,5}-[0-9]{2}-[0-9]{2} \\([A-Z][a-z]+\\) · [0-9a-fA-F]{38,42}") {
            for text in [text, tail] {
                let _ = Footer::looks_like_one(&text);
                if let Ok(footer) = text.parse::<Footer>() {
                    prop_assert_eq!(footer.to_string(), text);
                }
            }
        }
    }
}
