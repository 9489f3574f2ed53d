//! What generators of pages print around a text: what the file itself says in its front matter, its dates, how long it takes
//! to read, and ways to other pages. A line that says more than that is no such line, and may be meant as text.

use super::fitting::fits;
use crate::date::{CivilDay, RevisionDate, UtcOffset};

/// Keys of front matter under which a page's title stands.
const TITLES: &[&str] = &["title", "linktitle", "link_title", "sidebar_label", "headline"];

/// Keys whose texts are printed around the page's text.
const PRINTED: &[&str] = &[
    "title",
    "linktitle",
    "link_title",
    "subtitle",
    "headline",
    "description",
    "summary",
    "excerpt",
    "lead",
    "author",
    "authors",
    "tags",
    "tag",
    "categories",
    "category",
    "series",
    "topics",
    "keywords",
];

/// Keys under which dates stand.
const DATES: &[&str] = &[
    "date",
    "lastmod",
    "updated",
    "modified",
    "modified_date",
    "last_modified_at",
    "publishdate",
    "published",
    "pubdate",
    "created",
];

/// Words of such lines, beside those of the file.
const LABELS: &[&str] = &[
    "a",
    "about",
    "and",
    "approx",
    "article",
    "author",
    "authors",
    "back",
    "by",
    "categories",
    "category",
    "contents",
    "count",
    "created",
    "date",
    "edit",
    "edited",
    "filed",
    "home",
    "in",
    "last",
    "min",
    "mins",
    "minute",
    "minutes",
    "modified",
    "newer",
    "next",
    "of",
    "older",
    "on",
    "page",
    "permalink",
    "post",
    "posted",
    "posts",
    "prev",
    "previous",
    "print",
    "published",
    "read",
    "reading",
    "series",
    "share",
    "table",
    "tag",
    "tagged",
    "tags",
    "this",
    "time",
    "to",
    "toc",
    "top",
    "topics",
    "under",
    "updated",
    "word",
    "words",
    "written",
];

/// Words of a line that leads to another page.
const WAYS: &[&str] = &[
    "article", "newer", "next", "older", "page", "post", "prev", "previous",
];

/// Words behind a number that counts.
const UNITS: &[&str] = &["min", "mins", "minute", "minutes", "word", "words"];

/// Words of such lines in Chinese, with those that say the same in English.
const CHINESE: &[(&str, &str)] = &[
    ("预计阅读", "reading"),
    ("阅读时间", "reading time"),
    ("阅读时长", "reading time"),
    ("本文字数", "word count"),
    ("閱讀時間", "reading time"),
    ("发布时间", "published"),
    ("发布于", "published on"),
    ("發布於", "published on"),
    ("发表于", "posted on"),
    ("發表於", "posted on"),
    ("更新于", "updated"),
    ("更新於", "updated"),
    ("最后更新", "last updated"),
    ("最後更新", "last updated"),
    ("上一篇", "previous"),
    ("下一篇", "next"),
    ("上一页", "previous"),
    ("下一页", "next"),
    ("目录", "contents"),
    ("目錄", "contents"),
    ("分钟", " minutes "),
    ("分鐘", " minutes "),
    ("字数", "word count"),
    ("作者", "author"),
    ("标签", "tags"),
    ("標籤", "tags"),
    ("分类", "category"),
    ("分類", "category"),
    ("日期", "date"),
    ("阅读", "reading"),
    ("大约", "about"),
    ("约", "about"),
    ("字", " words "),
];

/// Signs of such lines.
const SIGNS: &str = "·•|/,:#-–—()[]«»‹›←→↑@&.\"'“”‘’、，：（）";

/// The longest such line, in bytes.
const LONGEST: usize = 2048;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// What is known of a file beside its text.
#[derive(Debug, Default)]
pub struct Known {
    /// What may be printed as its title.
    titles: Vec<String>,
    /// Whether the file itself says that.
    has_title: bool,
    /// What else it says of itself, in small letters, the longest first.
    texts: Vec<String>,
}

impl Known {
    /// Gathers what front matter and the name of a file say, and when the commit was written.
    pub fn of(front: &[(String, Vec<String>)], stem: &str, date: Option<RevisionDate>) -> Self {
        let under = |keys: &'static [&str]| {
            let some = front.iter().filter(move |(key, _)| keys.contains(&key.as_str()));
            some.flat_map(|(_, texts)| texts)
        };
        let mut titles: Vec<String> = under(TITLES).cloned().collect();
        let has_title = !titles.is_empty();
        if !has_title {
            titles.push(of_stem(stem));
        }
        let mut days: Vec<CivilDay> = stem
            .get(..10)
            .and_then(|day| CivilDay::parse(day, '-'))
            .into_iter()
            .collect();
        let mut moments = Vec::from_iter(date);
        for text in under(DATES) {
            days.extend(text.get(..10).and_then(|day| CivilDay::parse(day, '-')));
            moments.extend(RevisionDate::parse(text, UtcOffset::UTC));
        }
        days.extend(moments.iter().flat_map(|moment| days_of(*moment)));
        days.sort_unstable();
        days.dedup();
        let mut texts: Vec<String> = under(PRINTED).map(|text| folded(text)).collect();
        texts.extend(days.into_iter().flat_map(written));
        texts.extend(moments.into_iter().flat_map(times));
        texts.retain(|text| text.contains(char::is_alphanumeric));
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self {
            titles,
            has_title,
            texts,
        }
    }

    /// Lists what may be printed as its title.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.titles.iter().map(String::as_str)
    }

    /// Tells whether a line is the file's title.
    pub fn is_title(&self, line: &str) -> bool {
        let is_one = |title: &String| fits(title, line) || !self.has_title && of_stem(title) == of_stem(line);
        self.titles.iter().any(is_one)
    }

    /// Tells whether a headline is another than the file says.
    pub fn contradicts(&self, headline: &str) -> bool {
        self.has_title && !self.is_title(headline)
    }

    /// Tells whether a line says nothing that is not known of the file, but for how long it takes to read.
    pub fn is_about_file(&self, line: &str) -> bool {
        if line.len() > LONGEST {
            return false;
        }
        let mut line = folded(line);
        for text in &self.texts {
            line = without(&line, text);
        }
        is_label(&line)
    }
}

/// Tells whether a line has no words but those by which pages name what is beside a text, and numbers that count.
pub fn is_label(line: &str) -> bool {
    let mut line = line.to_lowercase();
    for (chinese, english) in CHINESE {
        if line.contains(chinese) {
            line = line.replace(chinese, &format!(" {english} "));
        }
    }
    let words: Vec<&str> = line
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if !line
        .chars()
        .all(|c| c.is_alphanumeric() || c.is_whitespace() || SIGNS.contains(c))
    {
        return false;
    }
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    words.iter().enumerate().all(|(at, word)| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let before = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .copied()
            .unwrap_or_default();
        if is_number(word) {
            UNITS.contains(&next) || before == "count"
        } else {
            LABELS.contains(word)
        }
    })
}

/// Lists what a line that leads to another page may call that, without its arrows and the words that say that it leads there;
/// nothing of any other line.
pub fn led_to(line: &str) -> Vec<&str> {
    let is_sign = |c: char| c.is_whitespace() || "←→«»‹›<>:：|·-–—".contains(c);
    let mut rest = line.trim_matches(is_sign);
    let mut named = Vec::new();
    if rest.len() < line.trim().len() {
        named.push(rest);
    }
    for (chinese, _) in CHINESE
        .iter()
        .filter(|(_, english)| matches!(*english, "previous" | "next"))
    {
        named.extend(
            rest.strip_prefix(chinese)
                .map(|title| title.trim_start_matches(is_sign)),
        );
    }
    loop {
        let word = rest
            .split(|c: char| !c.is_ascii_alphabetic())
            .next()
            .unwrap_or_default();
        if !WAYS.contains(&&*word.to_ascii_lowercase()) {
            return named;
        }
        rest = rest[word.len()..].trim_start_matches(is_sign);
        named.push(rest);
    }
}

/// Returns the title that a generator makes of the name of a file.
fn of_stem(stem: &str) -> String {
    let is_dated = stem
        .get(..10)
        .is_some_and(|day| CivilDay::parse(day, '-').is_some());
    let name = if is_dated { &stem[10..] } else { stem };
    let words: Vec<&str> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").to_lowercase()
}

fn days_of(date: RevisionDate) -> [CivilDay; 2] {
    let in_utc = RevisionDate::from_seconds(date.seconds(), UtcOffset::UTC);
    [date.day(), in_utc.map_or(date.day(), RevisionDate::day)]
}

/// Lists the usual ways to write the time of a day.
fn times(date: RevisionDate) -> Vec<String> {
    let written = date.to_string();
    let part = |range: std::ops::Range<usize>| written.get(range).map(ToOwned::to_owned);
    let offset = part(19..written.len());
    let basic = offset.as_ref().map(|offset| offset.replace(':', ""));
    [part(11..16), part(11..19), offset, basic]
        .into_iter()
        .flatten()
        .collect()
}

/// Lists the usual ways to write a day, in small letters.
fn written(day: CivilDay) -> Vec<String> {
    let iso = day.to_string();
    let mut parts = iso.split('-');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (year, month, number) = (part(), part(), part());
    let (m, d) = (month.trim_start_matches('0'), number.trim_start_matches('0'));
    let name = month
        .parse::<usize>()
        .ok()
        .and_then(|at| MONTHS.get(at.checked_sub(1)?))
        .copied();
    let name = name.unwrap_or_default();
    let weekday = day.weekday().to_lowercase();
    let ordinal = match d {
        "1" | "21" | "31" => "st",
        "2" | "22" => "nd",
        "3" | "23" => "rd",
        _ => "th",
    };
    let mut all = vec![
        iso.clone(),
        format!("{year}年{m}月{d}日"),
        format!("{year}年{month}月{number}日"),
    ];
    for sign in ["/", ".", "-"] {
        all.extend([
            [year.as_str(), &month, &number].join(sign),
            [year.as_str(), m, d].join(sign),
            [number.as_str(), &month, &year].join(sign),
            [d, m, &year].join(sign),
            [month.as_str(), &number, &year].join(sign),
            [m, d, &year].join(sign),
        ]);
    }
    for name in [
        name,
        &name[..name.len().min(3)],
        if name == "september" { "sept" } else { name },
    ] {
        for number in [d, &number, &format!("{d}{ordinal}")] {
            all.extend([
                format!("{name} {number}, {year}"),
                format!("{name} {number} {year}"),
                format!("{number} {name} {year}"),
                format!("{number} {name}, {year}"),
                format!("{name}. {number}, {year}"),
                format!("{number}-{name}-{year}"),
            ]);
        }
    }
    let with_weekday: Vec<String> = all
        .iter()
        .flat_map(|date| {
            [&*weekday, &weekday[..3]]
                .map(|weekday| [format!("{weekday}, {date}"), format!("{weekday} {date}")])
        })
        .flatten()
        .collect();
    all.extend(with_weekday);
    all
}

/// Writes a text in small letters, without the typography that a generator may set.
pub fn folded(text: &str) -> String {
    let plain = |c: char| match c {
        '“' | '”' | '„' => '"',
        '‘' | '’' => '\'',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    text.to_lowercase().chars().map(plain).collect()
}

/// Takes a text out of a line wherever it stands by itself.
fn without(line: &str, text: &str) -> String {
    let mut left = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(text) {
        let (before, after) = (&rest[..at], &rest[at + text.len()..]);
        let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && c.is_ascii());
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let ends = text.ends_with(|c: char| c.is_ascii_alphanumeric());
        let last = before.chars().next_back().or_else(|| left.chars().next_back());
        let is_within = begins && is_letter(last) || ends && is_letter(after.chars().next());
        left.push_str(before);
        left.push_str(if is_within { text } else { " " });
        rest = after;
    }
    left.push_str(rest);
    left
}
