//! Lines and words: footers, messages, dates, names, what somebody quotes or searches for, and what differs between two
//! texts.

use std::collections::BTreeSet;

use avalaches::canonical::canonical;
use avalaches::capture::Moment;
use avalaches::date::{CivilDay, RevisionDate, UtcOffset, instant_of_asn1, seconds_of_http};

use avalaches::diff::{self, Labels, ParagraphChange, Piece, unified};
use avalaches::footer::Footer;
use avalaches::id::{ArticleId, IdPrefix};
use avalaches::language::Language;
use avalaches::object::ident::{Ident, Person};
use avalaches::object::tree::is_legal_name;
use avalaches::query::{self, Document, Query};
use avalaches::slug::Slug;
use avalaches::swhid::Swhid;
use avalaches::trailer::{Message, RootMessage};
use avalaches::words::{self, Quote, Wanted};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};

use super::{halves, text};

/// A footer, beside chrono.
pub fn footer(data: &[u8]) {
    let Some(line) = text(data) else {
        return;
    };
    let looks_like_one = Footer::looks_like_one(line);
    let Ok(footer) = line.parse::<Footer>() else {
        return;
    };
    assert_eq!(footer.to_string(), line);
    assert!(looks_like_one);
    let day = NaiveDate::parse_from_str(&line[..10], "%Y-%m-%d").expect("the day is one");
    assert_eq!(
        day.format("%A").to_string() == footer.weekday(),
        footer.weekday_fits()
    );
    assert_eq!(day.format("%A").to_string(), footer.day.weekday());
}

/// The message of a commit.
pub fn trailer(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    if let Ok(message) = Message::parse(text) {
        // Of trailers, those of later programs are left out.
        let written = message.encode();
        assert_eq!(Message::parse(&written).as_ref(), Ok(&message));
        assert!(
            written
                .lines()
                .all(|line| text.to_lowercase().contains(&line.to_lowercase()))
        );
    }
    if let Some(message) = RootMessage::parse(text) {
        assert_eq!(message.encode(), text);
        assert!(Message::parse(text).is_err(), "a message is of one kind");
    }
}

/// Dates in every form that is read, beside chrono.
pub fn date(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    if let Some(date) = RevisionDate::parse_git(text) {
        assert_eq!(date.as_git(), text);
        check_date(date);
    }
    let parsed = RevisionDate::parse(text, UtcOffset::UTC);
    if let Ok(date) = parsed {
        check_date(date);
        if let Ok(theirs) = DateTime::parse_from_rfc3339(text) {
            assert_eq!(
                (date.seconds(), date.offset().minutes() * 60),
                (theirs.timestamp(), theirs.offset().local_minus_utc())
            );
        }
    }
    for separator in ['-', '/'] {
        if let Some(day) = CivilDay::parse(text, separator) {
            assert_eq!(day.to_string().replace('-', &separator.to_string()), text);
            let theirs = NaiveDate::parse_from_str(text, &format!("%Y{separator}%m{separator}%d"));
            let theirs = theirs.expect("the day is one");
            assert_eq!(day.weekday(), theirs.format("%A").to_string());
        }
    }
    if let Some(seconds) = seconds_of_http(text) {
        let theirs = DateTime::parse_from_rfc2822(text).expect("what HTTP writes is mail's date, too");
        assert_eq!(theirs.timestamp(), seconds);
        let theirs = theirs.to_utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        assert_eq!(theirs, text);
    }
    let _ = instant_of_asn1(text);
    for moment in [
        Moment::of_warc(text),
        Moment::of_metadata(text),
        Moment::of_name(text),
    ] {
        let _ = moment.map(|moment| (moment.instant(), moment.as_str().to_owned()));
    }
}

fn check_date(date: RevisionDate) {
    assert_eq!(RevisionDate::parse(&date.to_string(), UtcOffset::UTC), Ok(date));
    assert_eq!(RevisionDate::parse_git(&date.as_git()), Some(date));
    assert_eq!(seconds_of_http(&date.as_http()), Some(date.seconds()));
    let offset = FixedOffset::east_opt(date.offset().minutes() * 60).expect("it is one");
    let theirs = DateTime::from_timestamp(date.seconds(), 0)
        .expect("it is one")
        .with_timezone(&offset);
    assert_eq!(theirs.to_rfc3339(), date.to_string());
    assert_eq!(i32::from(date.day().year), theirs.year());
}

/// Names of what an archive holds: slugs, article ids, people, languages, beginnings of ids.
pub fn name(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    if let Ok(slug) = text.parse::<Slug>() {
        assert_eq!(slug.to_string(), text);
        assert!(is_legal_name(text), "a slug is a folder's name");
    }
    if let Some(slug) = Slug::derive(text) {
        assert_eq!(slug.to_string().parse().as_ref(), Ok(&slug));
        assert!(slug.numbered(12).to_string().parse::<Slug>().is_ok());
    }
    if let Ok(id) = text.parse::<ArticleId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(language) = text.parse::<Language>() {
        assert_eq!(language.to_string().parse().as_ref(), Ok(&language));
        assert!(
            is_legal_name(&language.file_name()),
            "a language is a file's name"
        );
    }
    if let Some(prefix) = IdPrefix::parse(text) {
        assert!(text.to_lowercase().starts_with(&prefix.to_string()));
        assert!(prefix.complete().is_none_or(|id| prefix.matches(id.raw())));
        assert!(prefix.matches(&prefix.lowest()));
    }
    let Ok(person) = Person::parse(text) else {
        return;
    };
    assert_eq!(Person::parse(&person.to_string()).as_ref(), Ok(&person));
    let ident = Ident {
        person,
        date: RevisionDate::parse_git("1769054400 +0800").expect("it is a date"),
    };
    assert_eq!(Ident::parse(&ident.to_string()).as_ref(), Some(&ident));
}

/// Identifiers of ISO/IEC 18670.
pub fn swhid(data: &[u8]) {
    let Some(Ok(id)) = text(data).map(str::parse::<Swhid>) else {
        return;
    };
    assert_eq!(id.to_string().parse::<Swhid>().as_ref(), Ok(&id));
}

/// Words that are quoted, and a text: the keys by which texts are looked up miss none that has the words.
pub fn quote(data: &[u8]) {
    let Some((asked, text)) = halves(data) else {
        return;
    };
    let Ok(quote) = Quote::new(asked) else {
        return;
    };
    let again = Quote::new(quote.as_str()).ok();
    assert_eq!(again.as_ref().map(Quote::as_str), Some(quote.as_str()));
    assert!(quote.find(quote.as_str()).is_some());
    for text in [
        canonical(text),
        canonical(&format!("{text}{}{text}", quote.as_str())),
    ] {
        let Some(lines) = quote.find(&text) else {
            continue;
        };
        assert!(lines.first <= lines.last && lines.last <= text.lines().count() as u64);
        let keys = words::keys(&text);
        let keys: BTreeSet<&str> = keys.split_terminator(' ').collect();
        for wanted in quote.wanted() {
            let is_there = match &wanted {
                Wanted::Key(key) => keys.contains(key.as_str()),
                Wanted::Beginning(begun) => keys.iter().any(|key| key.starts_with(begun.as_str())),
            };
            assert!(is_there, "{wanted:?} is no key of {text:?}, which has {asked:?}");
        }
    }
}

/// What somebody searches for, and an article: the keys by which articles are looked up miss none that has it.
pub fn query(data: &[u8]) {
    let Some((asked, text)) = halves(data) else {
        return;
    };
    let Ok(query) = Query::parse(asked) else {
        return;
    };
    let languages: [Language; 2] = ["en", "zh"].map(|tag| tag.parse().expect("it is one"));
    let title = text.lines().next().unwrap_or_default().to_owned();
    let titles = [(languages[0].clone(), title)];
    let document = Document {
        languages: &languages,
        titles: &titles,
        tags: &[],
        text,
    };
    let lookup = query.lookup(&languages);
    let keys = query::keys(&document);
    let fields = [&keys.titles, &keys.tags, &keys.text].map(|keys| keys.split(' ').collect::<Vec<_>>());
    let has = |row: &query::Row| fields.iter().any(|keys| has_row(keys, row));
    let Some(found) = query.find(&document) else {
        return;
    };
    for place in &found.text {
        assert!(
            text.get(place.bytes.clone())
                .is_some_and(|found| !found.is_empty())
        );
    }
    for rows in &lookup.wanted {
        assert!(
            rows.iter().any(has),
            "{rows:?} are no keys of {text:?}, which has {asked:?}"
        );
    }
    for row in &lookup.unwanted {
        assert!(!has(row), "{row:?} are keys of {text:?}, which has {asked:?}");
    }
}

fn has_row(keys: &[&str], row: &query::Row) -> bool {
    let Some((last, before)) = row.keys.split_last() else {
        return true;
    };
    keys.windows(row.keys.len()).any(|window| {
        let (end, begin) = window.split_last().expect("there is one");
        begin.iter().zip(before).all(|(key, wanted)| key == wanted)
            && if row.is_begun {
                end.starts_with(last.as_str())
            } else {
                end == last
            }
    })
}

/// Two texts: what differs between them leads from one to the other.
pub fn diff(data: &[u8]) {
    let Some((before, after)) = halves(data) else {
        return;
    };
    let (before, after) = (canonical(before), canonical(after));
    let changes = diff::compare(&before, &after);
    assert_eq!(changes.is_empty(), before == after);
    let (old, new): (Vec<&str>, Vec<&str>) = (paragraphs(&before), paragraphs(&after));
    for change in &changes {
        match change {
            ParagraphChange::Changed {
                before,
                after,
                pieces,
            } => {
                assert_eq!(
                    without(pieces, |piece| matches!(piece, Piece::Added(_))),
                    old[before - 1]
                );
                assert_eq!(
                    without(pieces, |piece| matches!(piece, Piece::Removed(_))),
                    new[after - 1]
                );
            }
            ParagraphChange::Removed { before, text } => assert_eq!(text, old[before - 1]),
            ParagraphChange::Added { after, text } => assert_eq!(text, new[after - 1]),
            ParagraphChange::Moved { before, after, text } => {
                assert_eq!((text.as_str(), text.as_str()), (old[before - 1], new[after - 1]));
            }
        }
    }
    let labels = Labels {
        before: "a",
        after: "b",
    };
    assert_eq!(patched(&before, &unified(&before, &after, labels)), after);
}

fn paragraphs(text: &str) -> Vec<&str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        Vec::new()
    } else {
        text.split("\n\n").collect()
    }
}

fn without(pieces: &[Piece], left_out: impl Fn(&Piece) -> bool) -> String {
    pieces
        .iter()
        .filter(|piece| !left_out(piece))
        .map(Piece::text)
        .collect()
}

/// Does what a unified diff says, as `patch` does.
fn patched(before: &str, diff: &str) -> String {
    let mut lines = before.split_inclusive('\n');
    let mut at = 0;
    let mut out = String::new();
    for line in diff.split_inclusive('\n').skip(2) {
        let (mark, text) = line.split_at(1);
        match mark {
            "@" => {
                let from = text
                    .split([' ', ','])
                    .nth(1)
                    .expect("a hunk says where it begins");
                let from: usize = from[1..].parse().expect("it is a number");
                let is_empty = text
                    .split([' '])
                    .nth(1)
                    .is_some_and(|range| range.ends_with(",0"));
                let until = if is_empty { from } else { from - 1 };
                while at < until {
                    out.push_str(lines.next().expect("there is one"));
                    at += 1;
                }
            }
            " " | "-" => {
                assert_eq!(lines.next(), Some(text));
                at += 1;
                if mark == " " {
                    out.push_str(text);
                }
            }
            "+" => out.push_str(text),
            _ => assert_eq!(line, "\\ No newline at end of file\n"),
        }
    }
    out.extend(lines);
    out
}
