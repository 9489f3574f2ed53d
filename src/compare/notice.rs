//! Which paragraph is a notice of a change: the one table of words, and the rules by which they count.
//!
//! A line of the paragraph begins with one of [`WORDS`], and what follows it sets it apart as a label: the line's end, a
//! mark, a date or time, a number of its own; a date alone behind words that tell of laws too ([`OF_LAWS`]). Or the line
//! begins with a date and one of [`DATED`] behind it; or it is in brackets and begins as agencies write them
//! ([`IN_BRACKETS`]). Or the paragraph holds one of [`PHRASES`], or says that this article was changed. A sentence that
//! merely uses such a word is none: "The update of the plan failed" hides no change. A headline needs more than the label
//! ([`is_headline`]).

use std::ops::RangeInclusive;

/// Words that label a notice at the beginning of a line, and with those of [`ENDINGS`] behind them.
pub const WORDS: &[&str] = &[
    "更正",
    "更新",
    "撤回",
    "撤稿",
    "撤下",
    "勘误",
    "勘誤",
    "订正",
    "訂正",
    "澄清",
    "修正",
    "修订",
    "修訂",
    "编者按",
    "編者按",
    "编者注",
    "編者註",
    "编注",
    "編註",
    "editor's note",
    "editors' note",
    "editors note",
    "correction",
    "corrections",
    "corrected",
    "clarification",
    "clarified",
    "update",
    "updated",
    "retraction",
    "retracted",
    "erratum",
    "errata",
    "corrigendum",
    "amended",
    "amendment",
    "withdrawn",
    "last updated",
    "last modified",
    "a correction was made",
    "a clarification was made",
    "最后更新",
    "最後更新",
    "最近更新",
    "最后修改",
    "最后编辑",
    "编辑于",
    "編輯於",
];

/// Those of [`WORDS`] that texts about laws begin with: they label a notice where a date or nothing follows.
pub const OF_LAWS: &[&str] = &["修正", "修订", "修訂", "amendment"];

/// Who or what may be named before a word of [`WORDS`].
pub const BEFORE: &[&str] = &[
    "本文",
    "稿件",
    "内容",
    "內容",
    "编辑部",
    "編輯部",
    "本报",
    "本報",
    "本刊",
    "本站",
    "本网",
    "本台",
    "本社",
];

/// What of a page may be named before a word where an error is told ([`OF_ERRORS`], [`SAID_OF_ERRORS`]): new figures are no notice.
const FIGURES: &[&str] = &["数据", "數據"];

/// Those of [`WORDS`] that tell of an error.
const OF_ERRORS: &[&str] = &["更正", "勘误", "勘誤", "订正", "訂正"];

/// What Chinese says of an error.
const SAID_OF_ERRORS: &[&str] = &["有误", "有誤", "误为", "誤為", "误写", "誤寫"];

/// What it says of what is right, which may as well be said of what will be.
const SAID_OF_RIGHT: &[&str] = &["应为", "應為"];

/// What a page in Chinese calls itself before what was done to it.
const ITSELF: &[&str] = &["本文", "本稿", "此文", "此稿", "本报道", "本報道", "本報導"];

/// What says after a date that a page was changed then.
pub const DATED: &[&str] = &[
    "更新", "更正", "修订", "修訂", "修正", "修改", "订正", "訂正", "勘误", "勘誤", "撤回",
];

/// How the line in brackets begins with which agencies say what a new version of a report changes.
pub const IN_BRACKETS: &[&str] = &["corrects ", "clarifies ", "refiles ", "updates "];

/// What may follow a word of [`WORDS`] and belong to it.
pub const ENDINGS: &[&str] = &[
    "声明",
    "聲明",
    "启事",
    "啟事",
    "说明",
    "說明",
    "公告",
    "通知",
    "时间",
    "時間",
    "日期",
    "于",
    "於",
    "与说明",
    "與說明",
    "及说明",
    "及致歉",
    " notice",
    " and clarification",
    " and clarifications",
    " & clarification",
    " & clarifications",
    " appended",
    " to this article",
    " to this story",
    " to this report",
    " on",
    " at",
];

/// What says so anywhere in a paragraph.
pub const PHRASES: &[&str] = &[
    "特此更正",
    "特此撤回",
    "特此澄清",
    "特此致歉",
    "谨此致歉",
    "謹此致歉",
    "谨致歉意",
    "本文已更正",
    "本文已更新",
    "本文已撤回",
    "本文已撤稿",
    "本文已被撤回",
    "本文已被撤稿",
    "本文已被更正",
    "本文已被修改",
    "本文已修改",
    "本文已修订",
    "本文更新于",
    "本文更正于",
    "本文早前版本",
    "本文先前版本",
    "本文此前版本",
    "本文的早前版本",
    "本文的此前版本",
    "本文旧版",
    "报道早前版本",
    "报道此前版本",
    "报道的早前版本",
    "报道的此前版本",
    "此前版本误",
    "此前版本有误",
    "早前版本误",
    "早前版本有误",
    "an earlier version misstated",
    "an earlier version incorrectly",
    "a previous version misstated",
    "a previous version incorrectly",
];

/// What Chinese says of a text.
const SAID_OF_TEXTS: &[&str] = &[
    "报道", "報道", "報導", "本文", "本报", "本報", "文章", "稿件", "一文",
];

/// What a page calls itself.
const NOUNS: &[&str] = &[
    "article",
    "story",
    "report",
    "post",
    "page",
    "piece",
    "column",
    "headline",
    "caption",
    "essay",
    "review",
    "obituary",
    "newsletter",
    "interview",
    "graphic",
    "chart",
    "map",
    "item",
];

/// What was done to a page.
const DONE: &[&str] = &[
    "corrected",
    "updated",
    "amended",
    "clarified",
    "retracted",
    "revised",
];

/// What was done to a page where it has been done, or was done on a day: what a sentence tells of anything.
const DONE_TO_ANYTHING: &[&str] = &["edited", "modified", "changed", "withdrawn", "removed"];

/// What pages are taken away from, and not out of a book, and what they are changed from and to; each where it ends the place that is
/// named ([`NEXT`]).
const OF_PAGES: &[&str] = &[
    "archive",
    "archives",
    "circulation",
    "figure",
    "original",
    "pages",
    "version",
    "site",
    "website",
    "web",
    "internet",
    "online",
    "homepage",
    "view",
    "publication",
    "article",
    "story",
];

/// Words behind the end of such a place.
const NEXT: &[&str] = &[
    "a",
    "after",
    "an",
    "and",
    "as",
    "at",
    "because",
    "but",
    "due",
    "following",
    "for",
    "it",
    "on",
    "our",
    "pending",
    "since",
    "the",
    "they",
    "this",
    "to",
    "until",
    "we",
    "when",
    "where",
    "which",
    "while",
    "with",
];

/// Who changes pages.
const PUBLISHERS: &[&str] = &[
    "afp",
    "ap",
    "author",
    "authors",
    "bloomberg",
    "desk",
    "editor",
    "editors",
    "newsroom",
    "publisher",
    "reuters",
    "staff",
];

/// What may stand before what has been done.
const BY_NOW: &[&str] = &["since", "now", "also", "subsequently"];

/// The most characters behind the date of a stamp: a time zone, a bracket.
const LONGEST_ZONE: usize = 8;

pub(super) const MONTHS: &[&str] = &[
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

/// Tells whether the headline of a page is a notice. What stands behind a bare label there is the subject of an article, as in
/// `Update: how to make cheese`, unless it is a sentence or speaks of a text.
#[must_use]
pub fn is_headline(headline: &str) -> bool {
    let lower = headline.to_lowercase();
    let is_announced = |line: &str| subject(line).is_some_and(|subject| !is_said_of_a_text(subject));
    is_one(headline) && !lower.lines().any(is_announced)
}

/// Returns what stands behind a label of [`WORDS`] and a mark, where nothing else sets the label apart.
fn subject(line: &str) -> Option<&str> {
    let line = line.trim();
    let behind = WORDS
        .iter()
        .filter_map(|word| line.strip_prefix(word))
        .map(str::trim_start);
    let subject = behind.filter_map(|rest| rest.strip_prefix([':', '：', '-', '–', '—', '|', '｜', '·']));
    let mut subject = subject.map(|subject| subject.trim_start_matches(|c: char| !c.is_alphanumeric()));
    subject.find(|subject| !subject.is_empty() && behind_dates(subject).is_none())
}

/// Tells whether words are a sentence, or say what was wrong with a text.
fn is_said_of_a_text(words: &str) -> bool {
    let bare = words.trim_end_matches(['"', '”', '’', ')', '）', '」', '』', '】']);
    let mut parts = words.split(|c: char| !c.is_alphanumeric());
    bare.ends_with(['.', '。', '．'])
        || SAID_OF_TEXTS
            .iter()
            .chain(SAID_OF_ERRORS)
            .chain(SAID_OF_RIGHT)
            .any(|said| words.contains(said))
        || parts.any(|word| NOUNS.contains(&word))
}

/// Tells whether a paragraph is a notice.
#[must_use]
pub fn is_one(paragraph: &str) -> bool {
    let paragraph = paragraph.to_lowercase().replace('’', "'");
    PHRASES.iter().any(|phrase| paragraph.contains(phrase))
        || paragraph.lines().any(is_labelled)
        || says_of_itself(&paragraph)
}

/// Tells whether a paragraph has a line that is a label and a date, and nothing more: `Last updated: May 2, 2026, 10:00 ET`.
#[must_use]
pub fn is_stamp(paragraph: &str) -> bool {
    let is_stamp = |line: &str| {
        let bare = line.trim_start_matches(|c: char| !c.is_alphanumeric());
        let mut labelled = WORDS.iter().filter_map(|word| bare.strip_prefix(word));
        labelled.any(|rest| {
            let rest = behind_one(rest, ENDINGS).unwrap_or(rest);
            let dates = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
            behind_dates(dates).is_some_and(|zone| zone.trim().chars().count() <= LONGEST_ZONE)
        })
    };
    paragraph.to_lowercase().lines().any(is_stamp)
}

/// Tells whether a paragraph says that this article was changed, or what an earlier version of it had.
fn says_of_itself(paragraph: &str) -> bool {
    let words: Vec<&str> = paragraph
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    // At a beginning the article is this one: "The article has been retracted".
    if let ["the", "article" | "story", "has", "been", behind @ ..] = &words[..]
        && has_been_done(behind)
    {
        return true;
    }
    let this = words.iter().enumerate().filter(|(_, word)| **word == "this");
    this.map(|(at, _)| words.split_at(at)).any(|(before, after)| {
        let after = &after[1..];
        let is_noun = |word: &&str| NOUNS.contains(word);
        let of_version = [["earlier", "version", "of"], ["previous", "version", "of"]];
        if of_version.iter().any(|words| before.ends_with(words)) && after.first().is_some_and(is_noun) {
            return true;
        }
        // "This May 1 story has been corrected": a date may stand between.
        let noun = after.iter().take(4).position(|word| NOUNS.contains(word));
        let behind = noun.and_then(|noun| after.get(noun + 1..)).unwrap_or_default();
        match behind {
            ["has" | "have", by_now, "been", behind @ ..] if BY_NOW.contains(by_now) => has_been_done(behind),
            ["has" | "have", "been", behind @ ..] => has_been_done(behind),
            ["was" | "were", by_now, behind @ ..] if BY_NOW.contains(by_now) => was_done(behind),
            ["was" | "were", behind @ ..] => was_done(behind),
            _ => false,
        }
    })
}

/// Tells whether words begin with what has been done to a page.
fn has_been_done(words: &[&str]) -> bool {
    match words {
        [done, behind @ ..] if DONE_TO_ANYTHING.contains(done) => {
            !is_by_others(behind) && !leads_elsewhere(behind)
        }
        [done, behind @ ..] => DONE.contains(done) && !is_by_others(behind),
        [] => false,
    }
}

/// Tells whether words say from where or to what something was done, as nobody says it of a page of a site.
fn leads_elsewhere(words: &[&str]) -> bool {
    match words {
        ["from" | "to", "the" | "a" | "an", "correct" | "corrected", ..] => false,
        ["from" | "to", "the" | "a" | "an", place @ ..] => !(0..place.len().min(4)).any(|at| {
            let (before, behind) = place.split_at(at);
            let is_earlier = matches!(before.last(), Some(&("earlier" | "previous")));
            OF_PAGES.contains(&behind[0])
                && match &behind[1..] {
                    [] | ["of", "this", ..] => true,
                    ["that", ..] => is_earlier,
                    behind @ ["by", ..] => !is_by_others(behind),
                    [next, ..] => NEXT.contains(next) || next.starts_with(|c: char| c.is_ascii_digit()),
                }
        }),
        ["into" | "onto" | "over" | "along" | "across" | "through", ..] => true,
        _ => false,
    }
}

/// Tells whether words begin with what was done to a page, and no more than that: "This map was corrected by Mercator".
fn was_done(words: &[&str]) -> bool {
    match words {
        [done, "on", day @ ..] if DONE_TO_ANYTHING.contains(done) => behind_dates(&day.join(" ")).is_some(),
        [done, behind @ ..] => DONE.contains(done) && !is_by_others(behind),
        [] => false,
    }
}

/// Tells whether words name somebody who did it and is none of the page's publishers: then it is a story.
fn is_by_others(words: &[&str]) -> bool {
    match words {
        ["by", "the" | "our", who, ..] | ["by", who, ..] => !PUBLISHERS.contains(who),
        _ => false,
    }
}

fn is_labelled(line: &str) -> bool {
    // Brackets, quotations, list marks and emphasis stand before labels.
    let bare = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let is_in_brackets = line.trim_start().starts_with(['(', '（', '[', '［', '【']);
    if is_in_brackets && (IN_BRACKETS.iter().any(|words| bare.starts_with(words))) {
        return true;
    }
    if is_dated(bare, is_in_brackets) || is_done(bare, is_in_brackets) || is_of_original(bare) {
        return true;
    }
    let tells_error = |rest: &&str| {
        behind_one(rest, OF_ERRORS).is_some()
            || SAID_OF_ERRORS.iter().any(|said| rest.contains(said))
            || says_what_is_right(rest)
    };
    let of_figures = behind_one(bare, FIGURES).filter(tells_error);
    let bare = behind_one(bare, BEFORE).or(of_figures).unwrap_or(bare);
    WORDS.iter().any(|word| {
        let Some(rest) = bare.strip_prefix(word) else {
            return false;
        };
        let behind = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let is_of_law = OF_LAWS.contains(word) && !behind.is_empty() && behind_dates(behind).is_none();
        let mut endings = ENDINGS.iter().filter_map(|ending| rest.strip_prefix(ending));
        !is_of_law && sets_apart(rest) || endings.any(sets_apart)
    })
}

fn behind_one<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().find_map(|word| text.strip_prefix(word))
}

/// Tells whether a line says what should stand in the place of what: each is in quotation marks or has a figure; or what stood there was
/// named before.
fn says_what_is_right(line: &str) -> bool {
    let is_named = |words: &str| words.contains(|c: char| c.is_ascii_digit() || "“”\"「」『』".contains(c));
    SAID_OF_RIGHT.iter().any(|said| {
        line.split_once(said).is_some_and(|(wrong, right)| {
            let label = wrong.trim_end_matches(['：', ':', ' ']);
            is_named(right) && (is_named(wrong) || label.len() < wrong.len() && WORDS.contains(&label))
        })
    })
}

/// Tells whether a line says what was done to the page: `本稿已更正。`, `已更新于3月1日`, or in brackets `已更正`.
fn is_done(line: &str, is_in_brackets: bool) -> bool {
    let itself = behind_one(line, ITSELF);
    let done = itself.unwrap_or(line).strip_prefix('已');
    let done = done.map(|done| behind_one(done, &["被", "经", "經"]).unwrap_or(done));
    let Some(rest) = done.and_then(|done| behind_one(done, DATED)) else {
        return false;
    };
    if let Some(date) = behind_one(rest, &["于", "於"]) {
        return behind_dates(date.trim_start()).is_some_and(is_end_of_sentence);
    }
    let ends = is_end_of_sentence(rest);
    ends && (itself.is_some() || is_in_brackets && !rest.is_empty())
}

/// Tells whether a line says what of the original was wrong, and what is right.
fn is_of_original(line: &str) -> bool {
    let rest = behind_one(line, &["原文", "原稿"]);
    rest.is_some_and(|rest| SAID_OF_ERRORS.iter().any(|said| rest.contains(said)) && says_what_is_right(rest))
}

/// Tells whether a sentence is over: the line is, or a mark follows.
fn is_end_of_sentence(rest: &str) -> bool {
    let first = rest.trim_start().chars().next();
    first.is_none_or(|first| is_mark(first) || "。.;；，,".contains(first))
}

/// Tells whether a line is a date and what was done then: `2026年5月2日更新`.
fn is_dated(line: &str, is_in_brackets: bool) -> bool {
    let line = behind_one(line, &["本文", "本报道", "本稿", "此文"]).unwrap_or(line);
    let line = behind_one(line, &["已于", "已於", "于", "於", "在"]).unwrap_or(line);
    let behind = behind_dates(line).and_then(|rest| behind_one(rest.trim_start(), DATED));
    behind.is_some_and(|rest| {
        let first = rest.trim_start().chars().next();
        let is_comma = matches!(first, Some(',' | '，'));
        is_comma && is_in_brackets || first.is_none_or(|first| is_mark(first) || "。.;；".contains(first))
    })
}

fn sets_apart(rest: &str) -> bool {
    let after = rest.trim_start();
    let Some(first) = after.chars().next() else {
        return true;
    };
    match first {
        // What is in brackets is a date, or the label goes on behind them.
        '(' | '（' | '[' | '［' => {
            let inside = &after[first.len_utf8()..];
            let closed = inside.split_once([')', '）', ']', '］']);
            behind_dates(inside).is_some() || closed.is_none_or(|(_, behind)| is_end(behind))
        }
        // A date behind a comma is the label's if the label ends with it.
        ',' | '，' => {
            let dated = behind_dates(after[first.len_utf8()..].trim_start());
            dated.is_some_and(is_end_behind_zone)
        }
        // A quoted word is no label, unless the quotation is all of it.
        '"' | '”' | '」' | '』' => is_end(&after[first.len_utf8()..]),
        // `update-server` is one word.
        '-' => !rest.starts_with('-'),
        _ if is_mark(first) => true,
        _ if first.is_ascii_digit() => {
            let number = after.trim_start_matches(|c: char| c.is_ascii_digit());
            behind_dates(after).is_some() || is_end(number) && !number.starts_with('-')
        }
        _ => rest.len() > after.len() && behind_dates(after).is_some(),
    }
}

/// Tells whether a label is over: the line is, or a mark follows.
fn is_end(rest: &str) -> bool {
    rest.trim_start().chars().next().is_none_or(is_mark)
}

/// Tells the same of what may begin with a time zone.
fn is_end_behind_zone(rest: &str) -> bool {
    let zone = rest.split(is_mark).next().unwrap_or_default();
    zone.trim().chars().count() <= LONGEST_ZONE
}

fn is_mark(c: char) -> bool {
    matches!(
        c,
        ':' | '：'
            | '-'
            | '–'
            | '—'
            | '|'
            | '｜'
            | '/'
            | '·'
            | ')'
            | '）'
            | ']'
            | '］'
            | '】'
            | '〕'
            | '*'
            | '_'
    )
}

/// Returns what follows the dates and times of day that a text begins with; `None` where it begins with neither.
fn behind_dates(text: &str) -> Option<&str> {
    let mut rest = behind_date(text)?;
    loop {
        let next = rest.trim_start_matches([' ', ',', '，', 't']);
        let next = next.strip_prefix("at ").unwrap_or(next);
        match behind_date(next).or_else(|| behind_number(next, 4..=4)) {
            Some(further) => rest = further,
            None => return Some(rest),
        }
    }
}

fn behind_date(text: &str) -> Option<&str> {
    let day_of_month = |text| behind_number(text, 1..=2);
    if let Some(rest) = behind_month(text) {
        return day_of_month(rest.trim_start_matches(['.', ' ']));
    }
    if let Some(rest) = behind_number(text, 4..=4) {
        let mark = rest.chars().next().filter(|mark| "-/.年".contains(*mark))?;
        let rest = day_of_month(rest[mark.len_utf8()..].trim_start())?;
        return if mark == '年' {
            behind_day(rest.trim_start())
        } else {
            day_of_month(rest.strip_prefix(mark)?)
        };
    }
    let rest = day_of_month(text)?;
    let spaced = rest.trim_start();
    behind_day(spaced)
        .or_else(|| behind_number(rest.strip_prefix(':')?, 2..=2))
        .or_else(|| {
            let day = day_of_month(rest.strip_prefix('/')?)?;
            behind_number(day.strip_prefix('/')?, 2..=4)
        })
        .or_else(|| behind_one(spaced, &["a.m.", "p.m.", "am ", "pm "]))
        .or_else(|| {
            behind_month(
                behind_one(rest, &["st", "nd", "rd", "th"])
                    .unwrap_or(rest)
                    .trim_start(),
            )
        })
}

/// Returns what follows `月` and the day of the month behind it, where there is one.
fn behind_day(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('月')?;
    let day = behind_number(rest.trim_start(), 1..=2).map(str::trim_start);
    Some(
        day.and_then(|day| behind_one(day, &["日", "号", "號"]))
            .unwrap_or(rest),
    )
}

/// Returns what follows a number of so many digits.
fn behind_number(text: &str, digits: RangeInclusive<usize>) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    digits.contains(&(text.len() - rest.len())).then_some(rest)
}

/// Returns what follows the name of a month, or its first three letters or more.
fn behind_month(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let word = &text[..text.len() - rest.len()];
    let is_month = word.len() >= 3 && MONTHS.iter().any(|month| month.starts_with(word));
    is_month.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_set_phrases_are_notices() {
        for text in [
            "更正：桥昨天通车。",
            "【更正】桥昨天通车。",
            "更正声明：桥昨天通车。",
            "（编者按：桥昨天通车。）",
            "更新于2026年1月23日",
            "更新时间：2026-01-23 08:00",
            "勘誤：橋昨天通車。",
            "撤回：校对员的剪贴簿",
            "报道称桥今天通车，特此更正。",
            "CORRECTION: It opened yesterday.",
            "Correction (23 January): It opened yesterday.",
            "[Update] It opened.",
            "Update 3 p.m.: It opened.",
            "Updated on Jan. 23, 2026",
            "Updated January 23",
            "Corrections and clarifications: none.\nCorrection — yesterday.",
            "Correction to this article: yesterday.",
            "*Editor’s note*: It opened.",
            "Erratum",
            "It opened. An earlier version of this article misstated the day.",
            "It opened. A previous version of this story’s headline misstated the day.",
            "（2026年5月2日更新）",
            "（2026年5月2日更新，补充回应）",
            "（本文于2026年5月2日更新）",
            "2026-05-02 10:00 更正：桥昨天通车。",
            "最后更新于 2026-05-02 10:00",
            "更新（5月2日）桥昨天通车。",
            "编辑部更正：桥昨天通车。",
            "本报昨日报道有误，特此致歉。",
            "Last updated: May 2, 2026",
            "Updated 2 May 2026",
            "Updated 5/2/2026",
            "Update 2: It opened.",
            "(Corrects cost in paragraph 1)",
            "(This May 1 story has been corrected to fix the cost.)",
            "This article was amended on 2 May.",
            "A correction was made on March 5, 2025: It opened Monday.",
            "Correction, March 5, 2025: It opened Monday.",
            "UPDATE, 5 p.m. ET: It opened Monday.",
            "Corrections & Clarifications: It opened Monday.",
            "This article has since been corrected.",
            "This article was since corrected.",
            "This article was corrected by the editors on 3 May.",
            "This article has been updated by Reuters to fix the date.",
            "This article was changed on 3 May 2025.",
            "This article was edited on 5 March 2025.",
            "This article was modified on 5 March 2025.",
            "This article has been withdrawn.",
            "This article has been removed.",
            "This article has been removed from our website.",
            "This article has been removed from our archive.",
            "This article has been withdrawn from circulation.",
            "This article has been modified from its original version.",
            "This article has been edited from an earlier version.",
            "This article has been modified from the original to correct the figure.",
            "This article has been changed to the correct figure.",
            "This article has been modified to a corrected version on 5 March 2025.",
            "数据更新：应为200欧元。",
            "This article has been removed at the author’s request.",
            "This article has been changed to correct the date.",
            "数据勘误：昨天",
            "This article has been removed from the website after a complaint.",
            "This article has been removed from the site. We regret the error.",
            "This article has been changed to the correct name of the mayor.",
            "This story has been changed from an earlier version that said 106.",
            "This text differs, as this story has been changed from the original version of this report.",
            "（已更正）",
            "本稿已更正。",
            "此文已更正：应为200欧元。",
            "已更新于3月1日",
            "原文“106”有误，应为“200”。",
            "数据更新：106欧元应为200欧元。",
            "The article has been retracted.",
            "本文已于3月5日更正。",
            "本文最后更新于2025年3月5日",
            "编辑于 2025-03-05 10:00",
            "数据更正：昨天",
            "更正与说明：昨天",
            "本文已被撤回",
            "修订：2025年3月5日",
            "修订说明：日期有误。",
            "【修订】",
        ] {
            assert!(is_one(text), "{text}");
        }
    }

    #[test]
    fn a_headline_that_begins_with_a_label_is_a_notice_where_it_has_the_form_of_one() {
        for headline in [
            "Correction",
            "Correction: The bridge opened on Tuesday.",
            "Correction: Bridge story",
            "CORRECTION — headline on the bridge",
            "Corrections: March 5, 2025",
            "Correction (5 March): the bridge",
            "[Correction] The bridge opened",
            "Clarification: article on the bridge",
            "Clarification: It is not the longest.",
            "Update, 5 p.m. ET: it opened",
            "Update 2: it opened",
            "Updated 5 March 2025: it opened",
            "Retraction: “The longest bridge.”",
            "Editor’s note: It opened.",
            "更正",
            "更正：昨日报道有误",
            "更正：“一百米”应为“两百米”",
            "【更正】桥昨天通车",
            "更正声明：桥昨天通车",
            "更新（5月2日）：桥通车",
            "更新：桥昨天通车。",
            "修订说明：日期有误",
            "勘误：《桥》一文",
            "澄清：本报从未报道此事",
        ] {
            assert!(is_headline(headline), "{headline}");
        }
        for headline in [
            "Update: how to make cheese",
            "Update: is your phone safe?",
            "UPDATE – what the new law brings",
            "Updated: ten recipes for spring",
            "Correction: why markets fall",
            "Corrections: a life in prison",
            "Clarification: butter and its uses",
            "Clarified: butter in ten minutes",
            "Retraction: muscles at rest",
            "Amendment: the vote in brief",
            "Withdrawn: the troops are home",
            "更新：手机系统怎样升级",
            "更新：城市的另一种可能",
            "更正：历史书上的十个误会",
            "澄清：黄油怎样做",
            "撤回：军队回家了",
            "修正：一个词的历史",
            "说明：怎样做奶酪",
            "说明书更新的历史",
            "Update your phone",
        ] {
            assert!(!is_headline(headline), "{headline}");
        }
    }

    #[test]
    fn sentences_that_use_the_words_are_none() {
        for text in [
            "更新换代的设备今天到货。",
            "更正这些数字要花一年。",
            "撤回部队的命令昨天下达。",
            "市政府更新了计划。",
            "The update of the plan failed.",
            "Update your phone today.",
            "Updates: none of these words.",
            "Update-server maintenance begins.",
            "Correction to prices came late.",
            "Corrected for inflation, fares fell.",
            "Retracted landing gear was found.",
            "Updated maybe 3 times.",
            "Clarification of the law is due.",
            "它比此前版本快一倍。",
            "修订（第3条）后很好。",
            "“更新”一词用得太多。",
            "2026年5月2日更新设备到货。",
            "Update 14.2 of its software is out.",
            "Updated 2025 figures show it is fast.",
            "Updated 2025-26 figures show it is fast.",
            "The book, a previous version of this bestseller, sold well.",
            "This story is updated by its teller each night.",
            "Corrects cost of living by 3 percent.",
            "This year the plan was updated.",
            "This report was revised by the ministry in May.",
            "This map was corrected by Mercator.",
            "This story has been retracted by its teller.",
            "This story was changed on the road to Damascus.",
            "This article was removed on appeal.",
            "This article was edited with care.",
            "This page has been removed from the book.",
            "This map has been changed to a globe.",
            "This map has been removed to the museum.",
            "This page has been changed into a poem.",
            "数据更新：上月出口增长三成。",
            "数据更新：预计全年增速应为5%左右。",
            "數據更新：今年應為豐收年。",
            "已更正的文本在附录。",
            "已更新三台设备。",
            "原文有误导之处。",
            "This page has been removed from the original manuscript.",
            "This map has been changed to a figure of speech.",
            "This item has been removed from the online shop.",
            "This report has been modified to the version that ministers prefer.",
            "This article has been removed from the version of 1920.",
            "This column has been removed from the site of the temple.",
            "This story has been changed from the original by monks.",
            "This page has been removed from the only correct copy of the Bible.",
            "数据更新于2026年5月2日",
            "数据更新时间：2026-05-02 10:00",
            "The report has been revised.",
            "She says the article has been removed.",
            "修订：条例第三条作如下改动。",
            "Amendment 1: Congress shall make no law.",
            "Update, however late, is due.",
            "Corrections, May be many, are due.",
            "编辑：李四",
            "A correction was made to prices.",
            "",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
