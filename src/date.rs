//! The date of a revision: an instant and the offset it was declared in, so that the footer's day does
//! not depend on where it is read.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

/// The last second that git and every program around it print alike: 2106-02-07T06:28:15Z.
pub const LAST_SECOND: i64 = u32::MAX as i64;

/// The widest offset in use on Earth, in minutes.
pub const WIDEST_OFFSET: i32 = 14 * 60;

/// A day of the Gregorian calendar, between 1 January 1 and 31 December 9999, that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDay {
    /// Year, 1 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
}

impl CivilDay {
    /// Reads `YYYY-MM-DD`, with the given separator in place of the hyphen.
    #[must_use]
    pub fn parse(text: &str, separator: char) -> Option<Self> {
        let mut parts = text.split(separator);
        let mut number = |digits: usize| {
            let part = parts.next()?;
            (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())?
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() || year == 0 {
            return None;
        }
        NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day))?;
        Some(Self {
            year,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
        })
    }

    /// Returns the English name of the weekday, as git's `%A` prints it.
    #[must_use]
    pub fn weekday(self) -> &'static str {
        match self.naive().weekday() {
            Weekday::Mon => "Monday",
            Weekday::Tue => "Tuesday",
            Weekday::Wed => "Wednesday",
            Weekday::Thu => "Thursday",
            Weekday::Fri => "Friday",
            Weekday::Sat => "Saturday",
            Weekday::Sun => "Sunday",
        }
    }

    fn naive(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(i32::from(self.year), u32::from(self.month), u32::from(self.day))
            .expect("a CivilDay is made from a day that exists")
    }

    fn from_naive(date: NaiveDate) -> Self {
        Self {
            year: u16::try_from(date.year()).expect("dates lie between 1969 and 2106, or were four digits"),
            month: u8::try_from(date.month()).expect("a month is at most 12"),
            day: u8::try_from(date.day()).expect("a day is at most 31"),
        }
    }
}

impl fmt::Display for CivilDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// How HTTP writes an instant (RFC 9110, section 5.6.7), which is always one of UTC.
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// A distance from UTC in whole minutes, at most 14 hours either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UtcOffset(i16);

impl UtcOffset {
    /// No distance.
    pub const UTC: Self = Self(0);

    /// Returns the offset of so many minutes east of UTC, or `None` beyond 14 hours.
    #[must_use]
    pub fn from_minutes(minutes: i32) -> Option<Self> {
        (minutes.abs() <= WIDEST_OFFSET).then(|| i16::try_from(minutes).ok().map(Self))?
    }

    /// Returns the minutes east of UTC.
    #[must_use]
    pub fn minutes(self) -> i32 {
        i32::from(self.0)
    }

    /// Returns the offset as git writes it, `+0800`.
    #[must_use]
    pub fn as_git(self) -> String {
        let (sign, minutes) = self.parts();
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }

    /// Reads an offset as git writes it; `-0000` is refused because git never writes it for a known zone.
    #[must_use]
    pub fn parse_git(text: &str) -> Option<Self> {
        let (sign, digits) = text.split_at_checked(1)?;
        Self::from_digits(sign, digits).filter(|_| text != "-0000")
    }

    fn from_digits(sign: &str, digits: &str) -> Option<Self> {
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes) = (digits[..2].parse::<i32>().ok()?, digits[2..].parse::<i32>().ok()?);
        let minutes = (minutes < 60).then_some(hours * 60 + minutes)?;
        match sign {
            "+" => Self::from_minutes(minutes),
            "-" => Self::from_minutes(-minutes),
            _ => None,
        }
    }

    fn parts(self) -> (char, i16) {
        (if self.0 < 0 { '-' } else { '+' }, self.0.abs())
    }

    fn chrono(self) -> FixedOffset {
        FixedOffset::east_opt(i32::from(self.0) * 60).expect("14 hours are within chrono's 24")
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minutes) = self.parts();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl FromStr for UtcOffset {
    type Err = DateError;

    /// Reads `+08:00`, `+0800` or `Z`.
    fn from_str(text: &str) -> Result<Self, DateError> {
        if text == "Z" {
            return Ok(Self::UTC);
        }
        let digits: String = text.chars().skip(1).filter(|c| *c != ':').collect();
        let colon_in_place = !text.contains(':') || text.find(':') == Some(3) && text.len() == 6;
        text.get(..1)
            .filter(|_| colon_in_place)
            .and_then(|sign| Self::from_digits(sign, &digits))
            .ok_or_else(|| DateError::Offset(text.to_owned()))
    }
}

/// Why a text is no date for a revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Neither a day nor a day with a time.
    #[error("{0:?} is no date; write 2026-01-22 or 2026-01-22T09:30:00+08:00")]
    Form(String),
    /// The form is right and the day, hour or second does not exist.
    #[error("{0:?} does not exist in the calendar")]
    Absent(String),
    /// Outside what every git prints alike.
    #[error("{0} is outside the dates a revision can have, 1970-01-01T00:00:00Z to 2106-02-07T06:28:15Z")]
    Range(String),
    /// No distance from UTC.
    #[error("{0:?} is no offset from UTC; write +08:00, at most 14 hours")]
    Offset(String),
}

/// An instant and the offset it is shown in: what a git author or committer line carries.
///
/// Whole seconds from 1970-01-01T00:00:00Z to 4294967295, the range in which every git agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RevisionDate {
    seconds: u32,
    offset: UtcOffset,
}

impl RevisionDate {
    /// Makes a date from seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`DateError::Range`] outside 0 to 4294967295, or where the offset moves the day before 1970.
    pub fn from_seconds(seconds: i64, offset: UtcOffset) -> Result<Self, DateError> {
        let kept = u32::try_from(seconds).map_err(|_| DateError::Range(format!("second {seconds}")))?;
        Ok(Self {
            seconds: kept,
            offset,
        })
    }

    /// Returns noon of a day in an offset: what a date given without a time means. Of the first and the last day that there are
    /// in the range, it is the instant nearest to noon.
    ///
    /// # Errors
    /// [`DateError::Range`] where no instant of the day is in the range.
    pub fn noon(day: CivilDay, offset: UtcOffset) -> Result<Self, DateError> {
        let noon = NaiveTime::from_hms_opt(12, 0, 0).expect("noon exists");
        Self::from_local(day.naive().and_time(noon), offset, &day.to_string()).or_else(|error| {
            let limits = [0, LAST_SECOND].map(|seconds| Self::from_seconds(seconds, offset));
            let mut limits = limits.into_iter().flatten();
            limits.find(|limit| limit.day() == day).ok_or(error)
        })
    }

    /// Reads `2026-01-22`, `2026-01-22T09:30`, `2026-01-22 09:30:00+08:00` and the like (RFC 3339, with a
    /// blank for `T` and the seconds or the offset left out). Parts of seconds are dropped.
    ///
    /// # Errors
    /// [`DateError`] where the text is no such date, does not exist, or is out of range.
    pub fn parse(text: &str, default_offset: UtcOffset) -> Result<Self, DateError> {
        let form = || DateError::Form(text.to_owned());
        let absent = || DateError::Absent(text.to_owned());
        let (date, rest) = text.split_at_checked(10).ok_or_else(form)?;
        let digits_in_place = date.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
        if !digits_in_place {
            return Err(form());
        }
        if rest.is_empty() {
            let day = CivilDay::parse(date, '-').ok_or_else(absent)?;
            return Self::noon(day, default_offset);
        }
        let rest = rest.strip_prefix(['T', 't', ' ']).ok_or_else(form)?;
        let clock_length = rest.find(['+', '-', 'Z', 'z', ' ']).unwrap_or(rest.len());
        let (clock, zone) = rest.split_at(clock_length);
        // Revisions have whole seconds.
        let clock = match clock.split_once('.') {
            Some((whole, part)) if whole.len() == 8 && is_number(part) => whole,
            Some(_) => return Err(form()),
            None => clock,
        };
        let parsed = match clock.len() {
            5 => NaiveTime::parse_from_str(clock, "%H:%M"),
            8 => NaiveTime::parse_from_str(clock, "%H:%M:%S"),
            _ => return Err(form()),
        };
        let looks_like_clock = clock.bytes().enumerate().all(|(i, b)| match i {
            2 | 5 => b == b':',
            _ => b.is_ascii_digit(),
        });
        if !looks_like_clock {
            return Err(form());
        }
        // chrono reads second 60 as a leap second, which git cannot store.
        if clock.ends_with(":60") {
            return Err(absent());
        }
        let time = parsed.map_err(|_| absent())?;
        let offset = match zone.trim_start() {
            "" => default_offset,
            "z" => UtcOffset::UTC,
            zone => zone.parse()?,
        };
        let day = CivilDay::parse(date, '-').ok_or_else(absent)?;
        Self::from_local(day.naive().and_time(time), offset, text)
    }

    fn from_local(local: NaiveDateTime, offset: UtcOffset, given: &str) -> Result<Self, DateError> {
        let seconds = local.and_utc().timestamp() - i64::from(offset.minutes()) * 60;
        Self::from_seconds(seconds, offset).map_err(|_| DateError::Range(given.to_owned()))
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::from(self.seconds)
    }

    /// Returns the offset the date is shown in.
    #[must_use]
    pub fn offset(self) -> UtcOffset {
        self.offset
    }

    /// Returns the day in the date's own offset: the day a footer shows.
    #[must_use]
    pub fn day(self) -> CivilDay {
        CivilDay::from_naive(self.local().date_naive())
    }

    /// Returns the instant as HTTP writes it, `Thu, 22 Jan 2026 04:00:00 GMT` (RFC 9110, section 5.6.7).
    #[must_use]
    pub fn as_http(self) -> String {
        let utc = DateTime::from_timestamp(self.seconds(), 0);
        let utc = utc.expect("32 bits of seconds are within chrono's range");
        utc.format(HTTP_DATE).to_string()
    }

    fn local(self) -> DateTime<FixedOffset> {
        DateTime::from_timestamp(self.seconds(), 0)
            .expect("32 bits of seconds are within chrono's range")
            .with_timezone(&self.offset.chrono())
    }

    /// Returns the date as an author or committer line carries it, `1769054400 +0800`.
    #[must_use]
    pub fn as_git(self) -> String {
        format!("{} {}", self.seconds, self.offset.as_git())
    }

    /// Reads the date of an author or committer line.
    #[must_use]
    pub fn parse_git(text: &str) -> Option<Self> {
        let (seconds, offset) = text.split_once(' ')?;
        // Git writes neither a sign nor zeros before the number.
        let is_shortest = seconds == "0" || !seconds.starts_with(['0', '+']);
        let date = Self {
            seconds: seconds.parse().ok().filter(|_| is_shortest)?,
            offset: UtcOffset::parse_git(offset)?,
        };
        Some(date)
    }
}

impl fmt::Display for RevisionDate {
    /// Writes RFC 3339, `2026-01-22T12:00:00+08:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.local().format("%Y-%m-%dT%H:%M:%S"), self.offset)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads an instant as OpenSSL prints those of ASN.1, `Nov 26 10:20:00 2026 GMT`, with parts of seconds or without: the seconds since
/// 1970-01-01T00:00:00Z, and the nanoseconds after these.
#[must_use]
pub fn instant_of_asn1(text: &str) -> Option<(i64, u32)> {
    let moment = NaiveDateTime::parse_from_str(text, "%b %e %H:%M:%S%.f %Y GMT").ok()?;
    let moment = moment.and_utc();
    Some((moment.timestamp(), moment.timestamp_subsec_nanos()))
}

/// Reads an instant as HTTP writes it, in seconds since 1970-01-01T00:00:00Z; `None` for anything else, a weekday that is not
/// the day's own included.
#[must_use]
pub fn seconds_of_http(text: &str) -> Option<i64> {
    let moment = NaiveDateTime::parse_from_str(text, HTTP_DATE).ok()?;
    // chrono passes over blanks that are too many, or are missing, and reads years of other than four digits.
    let is_exact =
        text.len() == "Thu, 22 Jan 2026 04:00:00 GMT".len() && moment.format(HTTP_DATE).to_string() == text;
    is_exact.then(|| moment.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHINA: UtcOffset = UtcOffset(480);

    #[test]
    fn a_day_without_a_time_is_noon_in_the_given_offset() {
        let date = RevisionDate::parse("2026-01-22", CHINA).unwrap();
        assert_eq!(date.as_git(), "1769054400 +0800");
        assert_eq!(date.to_string(), "2026-01-22T12:00:00+08:00");
        assert_eq!(date.as_http(), "Thu, 22 Jan 2026 04:00:00 GMT");
        assert_eq!(date.day().weekday(), "Thursday");
    }

    #[test]
    fn parts_of_seconds_are_dropped() {
        for text in [
            "2026-01-22T10:00:00.000Z",
            "2026-01-22t10:00:00.999999999z",
            "2026-01-22 18:00:00.5+08:00",
        ] {
            let date = RevisionDate::parse(text, CHINA).unwrap();
            assert_eq!(date.seconds(), 1_769_076_000, "{text}");
        }
    }

    #[test]
    fn each_day_that_a_footer_can_carry_has_an_instant() {
        let last = RevisionDate::parse("2106-02-07", UtcOffset::UTC).unwrap();
        assert_eq!(last.to_string(), "2106-02-07T06:28:15+00:00");
        let first = RevisionDate::parse("1970-01-01", UtcOffset(14 * 60)).unwrap();
        assert_eq!(first.to_string(), "1970-01-01T14:00:00+14:00");
        for (day, offset) in [("2106-02-08", 0), ("2106-02-07", -8 * 60), ("1969-12-31", 0)] {
            let refused = RevisionDate::parse(day, UtcOffset(offset)).unwrap_err();
            assert!(
                matches!(refused, DateError::Range(_) | DateError::Absent(_)),
                "{day}: {refused:?}"
            );
        }
    }

    #[test]
    fn an_instant_of_http_is_written_in_one_way() {
        let text = "Thu, 22 Jan 2026 04:00:00 GMT";
        assert_eq!(seconds_of_http(text), Some(1_769_054_400));
        for (from, to) in [
            ("Thu", "Fri"),
            ("2026", "-0622"),
            (", 22 ", ",  22"),
            (", ", ","),
            ("04", "4"),
            ("Jan", "jan"),
            ("GMT", "UTC"),
        ] {
            assert_eq!(seconds_of_http(&text.replacen(from, to, 1)), None, "{to}");
        }
    }

    #[test]
    fn the_same_instant_is_another_day_elsewhere() {
        let there = RevisionDate::parse("2026-01-22T02:00:00+08:00", UtcOffset::UTC).unwrap();
        let here = RevisionDate::from_seconds(there.seconds(), UtcOffset::UTC).unwrap();
        assert_eq!(there.day().to_string(), "2026-01-22");
        assert_eq!(here.day().to_string(), "2026-01-21");
    }

    #[test]
    fn dates_that_do_not_exist_or_cannot_be_stored_are_refused() {
        let refused = |text: &str| RevisionDate::parse(text, UtcOffset::UTC).unwrap_err();
        for text in [
            "2026-02-30",
            "0000-01-01",
            "2026-13-01",
            "2026-01-22T25:00:00",
            "2016-12-31T23:59:60Z",
        ] {
            assert!(matches!(refused(text), DateError::Absent(_)), "{text}");
        }
        for text in [
            "10000-01-01",
            "2026-1-2",
            "22 Jan 2026",
            "",
            "2026-01-22T9:30",
            "2026-01-22T09:30.5",
            "2026-01-22T09:30:00.",
            "2026-01-22T09:30:00.-1Z",
            "2026-01-22x",
            "二〇二六年一月",
        ] {
            assert!(matches!(refused(text), DateError::Form(_)), "{text}");
        }
        for text in [
            "9999-12-31",
            "1969-12-31",
            "2106-02-08",
            "1970-01-01T00:00:00+08:00",
        ] {
            assert!(matches!(refused(text), DateError::Range(_)), "{text}");
        }
        for text in [
            "2026-01-22T09:30:00+14:01",
            "2026-01-22T09:30:00+6000",
            "2026-01-22T09:30:00 CET",
        ] {
            assert!(matches!(refused(text), DateError::Offset(_)), "{text}");
        }
        for seconds in [-1, 4_294_967_296, i64::MAX] {
            assert!(RevisionDate::from_seconds(seconds, UtcOffset::UTC).is_err());
        }
    }

    #[test]
    fn the_weekday_is_right_for_every_day_a_footer_can_carry() {
        // Zeller's congruence, an independent rule; Saturday is 0.
        const NAMES: [&str; 7] = [
            "Saturday",
            "Sunday",
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
        ];
        let mut days = 0;
        for day_number in 0..=LAST_SECOND / 86_400 {
            let day = RevisionDate::from_seconds(day_number * 86_400, UtcOffset::UTC)
                .unwrap()
                .day();
            let (mut month, mut year) = (usize::from(day.month), usize::from(day.year));
            if month < 3 {
                month += 12;
                year -= 1;
            }
            let zeller =
                usize::from(day.day) + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400;
            assert_eq!(day.weekday(), NAMES[zeller % 7], "{day}");
            days += 1;
        }
        assert_eq!(days, 49_711);
    }

    proptest! {
        #[test]
        fn a_git_date_is_read_where_git_would_write_it_so(text in "[+-]?[0-9]{1,11} [+-][01][0-9][0-5][0-9]") {
            if let Some(date) = RevisionDate::parse_git(&text) {
                prop_assert_eq!(date.as_git(), text);
            }
        }

        #[test]
        fn a_date_reads_back_what_it_prints(seconds in 0..=LAST_SECOND, minutes in -WIDEST_OFFSET..=WIDEST_OFFSET) {
            let offset = UtcOffset::from_minutes(minutes).unwrap();
            let date = RevisionDate::from_seconds(seconds, offset).unwrap();
            prop_assert_eq!(RevisionDate::parse_git(&date.as_git()), Some(date));
            // Before 1970-01-01 in local time the printed day is 1969, which is read back the same.
            prop_assert_eq!(RevisionDate::parse(&date.to_string(), UtcOffset::UTC), Ok(date));
            prop_assert_eq!(offset.to_string().parse::<UtcOffset>(), Ok(offset));
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in any::<String>()) {
            let _ = RevisionDate::parse(&text, UtcOffset::UTC);
            let _ = RevisionDate::parse_git(&text);
            let _ = CivilDay::parse(&text, '-');
            let _ = text.parse::<UtcOffset>();
        }
    }
}
