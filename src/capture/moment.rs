//! When a page was captured or changed, as files, records and pages write it.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::date::CivilDay;

/// The longest text that is read as a moment.
const LONGEST: usize = 64;

/// A moment and how it was written. Moments are ordered by time alone.
#[derive(Debug, Clone)]
pub struct Moment {
    seconds: i64,
    nanoseconds: u32,
    text: String,
}

impl Moment {
    /// Reads a `WARC-Date` (ISO 28500, 5.4): W3C's profile of ISO 8601 from a year down to fractions of a second.
    #[must_use]
    pub fn of_warc(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_ascii() || text.len() > LONGEST {
            return None;
        }
        let whole = match text.len() {
            4 => format!("{text}-01-01T00:00:00Z"),
            7 => format!("{text}-01T00:00:00Z"),
            10 => format!("{text}T00:00:00Z"),
            17 => format!("{}:00Z", text.strip_suffix('Z')?),
            _ => text.to_owned(),
        };
        let read = DateTime::parse_from_rfc3339(&whole).ok()?;
        Some(Self::new(read.timestamp(), read.timestamp_subsec_nanos(), text))
    }

    /// Reads a date of a page's metadata: as [`Moment::of_warc`], and as sites write it with a blank between day and
    /// time, with an offset without a colon, or without one, which counts as UTC.
    #[must_use]
    pub fn of_metadata(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > LONGEST {
            return None;
        }
        Self::of_warc(text).or_else(|| {
            let spaced = text.replacen(' ', "T", 1);
            let zoned = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"]
                .iter()
                .find_map(|form| DateTime::parse_from_str(&spaced, form).ok())
                .map(|read| (read.timestamp(), read.timestamp_subsec_nanos()));
            let (seconds, nanoseconds) = zoned.or_else(|| {
                ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
                    .iter()
                    .find_map(|form| NaiveDateTime::parse_from_str(&spaced, form).ok())
                    .map(|read| {
                        (
                            read.and_utc().timestamp(),
                            read.and_utc().timestamp_subsec_nanos(),
                        )
                    })
            })?;
            Some(Self::new(seconds, nanoseconds, text))
        })
    }

    /// Finds the first date in a file's name: `2026-01-22`, `20260122`, or `20260122153000` as web archives write it
    /// (UTC). Digits beside it would make it another number.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let bytes = name.as_bytes();
        for start in 0..bytes.len() {
            if !is_digit(bytes.get(start)) || start > 0 && is_digit(bytes.get(start - 1)) {
                continue;
            }
            for length in [14, 8, 10] {
                let Some(text) = name.get(start..start + length) else {
                    continue;
                };
                if is_digit(bytes.get(start + length)) {
                    continue;
                }
                if let Some(moment) = Self::of_digits(text) {
                    return Some(moment);
                }
            }
        }
        None
    }

    fn of_digits(text: &str) -> Option<Self> {
        if let Some(day) = CivilDay::parse(text, '-') {
            return Some(Self::of_day(day));
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        match text.len() {
            8 => {
                let day = format!("{}-{}-{}", text.get(..4)?, text.get(4..6)?, text.get(6..)?);
                CivilDay::parse(&day, '-').map(Self::of_day)
            }
            14 => {
                let read = NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok()?;
                let shown = read.format("%Y-%m-%dT%H:%M:%SZ").to_string();
                Some(Self::new(read.and_utc().timestamp(), 0, &shown))
            }
            _ => None,
        }
    }

    /// Returns the beginning of a day, in UTC.
    #[must_use]
    pub fn of_day(day: CivilDay) -> Self {
        let date = NaiveDate::from_ymd_opt(i32::from(day.year), u32::from(day.month), u32::from(day.day));
        let seconds = date.map_or(0, |date| {
            date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
        });
        Self::new(seconds, 0, &day.to_string())
    }

    fn new(seconds: i64, nanoseconds: u32, text: &str) -> Self {
        Self {
            seconds,
            nanoseconds,
            text: text.to_owned(),
        }
    }

    /// Returns what orders moments: seconds since 1970 and nanoseconds.
    #[must_use]
    pub fn instant(&self) -> (i64, u32) {
        (self.seconds, self.nanoseconds)
    }

    /// Returns how it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_names_are_found_and_other_numbers_are_not() {
        let found = |name: &str| Moment::of_name(name).map(|moment| moment.as_str().to_owned());
        assert_eq!(found("bridge-2026-01-22.html").as_deref(), Some("2026-01-22"));
        assert_eq!(found("桥20260122桥.txt").as_deref(), Some("2026-01-22"));
        assert_eq!(
            found("20260122153000.html").as_deref(),
            Some("2026-01-22T15:30:00Z")
        );
        assert_eq!(found("12345678-20260122.html").as_deref(), Some("2026-01-22"));
        for none in [
            "bridge.html",
            "2026-02-30.txt",
            "202601221.txt",
            "12026-01-22.txt",
            "2026-01-221.txt",
            "20269901000000.txt",
        ] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    #[test]
    fn moments_are_ordered_by_time_however_they_are_written() {
        let of = |text: &str| Moment::of_metadata(text).expect(text).instant();
        assert_eq!(of("2026-01-22T15:30:00+08:00"), of("2026-01-22T07:30Z"));
        assert_eq!(of("2026-01-22 15:30:00+0800"), of("2026-01-22T07:30:00"));
        assert!(of("2026-01-22T07:30:00.5Z") > of("2026-01-22T07:30:00Z"));
        assert_eq!(of("2026"), of("2026-01-01"));
        for none in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-1",
            "二〇二六",
            "2026-01-22T07:30é",
        ] {
            assert!(Moment::of_metadata(none).is_none(), "{none}");
        }
    }
}
