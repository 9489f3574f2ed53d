//! What of a page changes by itself: how long ago something was, and how many looked at it or wrote about it. Each capture shows it
//! otherwise, and nobody edited anything.
//!
//! It counts as that only outside of sentences: where a line, or the part of one that a mark such as `·` sets apart, is
//! nothing but that, or where it ends a line that begins as one that names an author. A number in a sentence is told by somebody.

use super::notice::MONTHS;

/// How long ago something was, without blanks, in small letters; `#` is a number.
const AGO: &[&str] = &[
    "justnow",
    "amomentago",
    "momentsago",
    "yesterday",
    "刚刚",
    "剛剛",
    "昨天",
    "前天",
];

/// Units of time before `ago`.
const UNITS: &[&str] = &[
    "second", "sec", "minute", "min", "hour", "hr", "day", "week", "month", "year", "s", "m", "h", "d", "w",
    "y",
];

/// Units of time before `前`.
const CHINESE_UNITS: &[&str] = &[
    "秒",
    "秒钟",
    "秒鐘",
    "分",
    "分钟",
    "分鐘",
    "小时",
    "小時",
    "个小时",
    "個小時",
    "時間",
    "天",
    "日",
    "周",
    "週",
    "个月",
    "個月",
    "年",
];

/// What may stand before how long ago something was.
const LEADS: &[&str] = &[
    "published",
    "posted",
    "updated",
    "lastupdated",
    "发布于",
    "發佈於",
    "發布於",
    "发表于",
    "發表於",
    "更新于",
    "更新於",
    "发布",
    "發布",
    "更新",
];

/// What is counted, behind its number.
const COUNTED: &[&str] = &[
    "comment",
    "comments",
    "view",
    "views",
    "read",
    "reads",
    "like",
    "likes",
    "reply",
    "replies",
    "reaction",
    "reactions",
    "minread",
    "minuteread",
    "minutesread",
    "minsread",
    "阅读",
    "閱讀",
    "浏览",
    "瀏覽",
    "评论",
    "評論",
    "条评论",
    "條評論",
    "则评论",
    "則評論",
    "次阅读",
    "次閱讀",
    "次浏览",
    "次瀏覽",
    "次点击",
    "次點擊",
    "次播放",
    "人阅读",
    "人閱讀",
    "人浏览",
    "人评论",
    "人参与",
    "人跟贴",
    "条跟贴",
    "跟贴",
    "点赞",
    "點讚",
    "赞",
    "转发",
    "回复",
    "条回复",
    "留言",
    "条留言",
    "则留言",
    "則留言",
];

/// What is counted, before its number.
const LABELS: &[&str] = &[
    "comments",
    "views",
    "reads",
    "likes",
    "replies",
    "阅读",
    "閱讀",
    "阅读量",
    "閱讀量",
    "阅读数",
    "閱讀數",
    "阅读次数",
    "浏览",
    "瀏覽",
    "浏览量",
    "瀏覽量",
    "浏览数",
    "浏览次数",
    "瀏覽次數",
    "点击",
    "點擊",
    "点击量",
    "点击数",
    "点击次数",
    "點擊次數",
    "评论",
    "評論",
    "评论数",
    "点赞",
    "點讚",
    "赞",
    "转发",
    "回复",
    "跟贴",
    "留言",
    "播放",
    "播放量",
];

/// What may stand behind such a number.
const MEASURES: &[&str] = &["次", "条", "條", "人", "个"];

/// How lines begin that name an author or a source.
const BYLINES: &[&str] = &["by ", "作者", "记者", "記者", "来源", "來源", "文/", "文｜"];

/// Marks that set parts of a line apart.
const MARKS: [char; 6] = ['·', '•', '|', '｜', '・', '∙'];

/// The longest such part, in characters.
const LONGEST: usize = 100;

/// Stands for how long ago something was.
const TIME: char = '\u{1}';

/// Returns a paragraph with a mark in the place of what changes by itself; `None` where nothing does.
#[must_use]
pub fn stilled(paragraph: &str) -> Option<String> {
    let mut has_any = false;
    let parts = paragraph
        .split_inclusive('\n')
        .flat_map(|line| line.split_inclusive(MARKS));
    let stilled = parts.map(|part| {
        let words = part.trim_end_matches(|c| c == '\n' || MARKS.contains(&c));
        if words.chars().nth(LONGEST).is_some() {
            return part.to_owned();
        }
        let Some(stilled) = stilled_part(words).or_else(|| stilled_byline(words)) else {
            return part.to_owned();
        };
        has_any = true;
        stilled + &part[words.len()..]
    });
    let stilled: String = stilled.collect();
    has_any.then_some(stilled)
}

/// Tells whether the words of an element that states a moment say no more than that: how long ago that is, or on which day, as
/// `2026-01-19T10:00:00Z` is `19 January 2026` and `Jan 19, 10:00`.
#[must_use]
pub fn says_moment(words: &str, moment: &str) -> bool {
    let is_ago = stilled_part(words).is_some_and(|stilled| stilled.chars().all(|c| c == TIME));
    is_ago || is_day_of(words, moment)
}

fn is_day_of(words: &str, moment: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        let runs = text.split(|c: char| !c.is_ascii_digit());
        runs.filter_map(|run| run.parse().ok()).collect()
    };
    let stated = numbers(moment);
    let [year, month @ 1..=12, day, time @ ..] = &stated[..] else {
        return false;
    };
    let hour = time.first().map(|hour| (hour + 11) % 12 + 1);
    let time = time.iter().take(2).copied().chain(hour);
    let known: Vec<u32> = [*year, *month, *day].into_iter().chain(time).collect();
    let name = usize::try_from(*month)
        .ok()
        .and_then(|month| MONTHS.get(month - 1));
    let lower = words.to_lowercase();
    let mut rest = lower
        .split(|c: char| !c.is_alphabetic() || "年月日号號时時分".contains(c))
        .filter(|word| !word.is_empty());
    let is_known = |word: &str| {
        let is_month = word.len() >= 3 && name.is_some_and(|name| name.starts_with(word));
        is_month
            || matches!(
                word,
                "am" | "pm" | "at" | "on" | "st" | "nd" | "rd" | "th" | "a" | "p" | "m"
            )
    };
    let own = numbers(words);
    own.contains(day) && own.iter().all(|number| known.contains(number)) && rest.all(is_known)
}

/// Returns what is left of words that are nothing but such phrases, one after the other; `None` where they are more.
fn stilled_part(words: &str) -> Option<String> {
    phrases(&compact(words))
}

/// The same of a line that names an author first.
fn stilled_byline(line: &str) -> Option<String> {
    let lower = line.trim().to_lowercase();
    if !BYLINES.iter().any(|begin| lower.starts_with(begin))
        || lower.contains(['.', '。', '!', '！', '?', '？'])
    {
        return None;
    }
    let mut ends = line.char_indices().filter(|(_, c)| c.is_whitespace());
    ends.find_map(|(at, _)| {
        let (name, rest) = line.split_at(at);
        let stilled = stilled_part(rest).filter(|stilled| stilled.starts_with(TIME))?;
        Some(format!("{} {stilled}", name.trim()))
    })
}

/// Brings words into the form of the tables above.
fn compact(words: &str) -> String {
    let lower = words.to_lowercase();
    let mut compact = String::with_capacity(lower.len());
    let mut characters = lower.chars();
    while let Some(c) = characters.next() {
        if c.is_ascii_digit() {
            let rest = characters.as_str();
            let is_of_number = |(at, c): &(usize, char)| {
                let mut behind = rest[at + c.len_utf8()..].chars();
                c.is_ascii_digit()
                    || matches!(c, ',' | '.') && behind.next().is_some_and(|next| next.is_ascii_digit())
            };
            let end = rest.char_indices().find(|at| !is_of_number(at));
            characters = rest[end.map_or(rest.len(), |(at, _)| at)..].chars();
            let behind = characters.as_str();
            let factor = behind_longest(behind, &["万", "萬", "亿", "億", "千", "k", "+"]);
            characters = factor.map_or(behind, |(_, behind)| behind).chars();
            compact.push('#');
        } else if !c.is_whitespace() && !":：()（）[]【】,，#".contains(c) {
            compact.push(c);
        }
    }
    compact
}

/// Reads phrases to the end.
fn phrases(words: &str) -> Option<String> {
    let mut stilled = String::new();
    let mut rest = words;
    while !rest.is_empty() {
        let (phrase, behind) = behind_ago(rest)
            .map(|behind| (TIME.to_string(), behind))
            .or_else(|| counter(rest))?;
        stilled.push_str(&phrase);
        rest = behind;
    }
    (!stilled.is_empty()).then_some(stilled)
}

/// Returns what follows how long ago something was.
fn behind_ago(words: &str) -> Option<&str> {
    let bare = behind_longest(words, LEADS).map_or(words, |(_, behind)| behind);
    if let Some((_, behind)) = behind_longest(bare, AGO) {
        return Some(behind);
    }
    let number = ["#", "an", "a"]
        .iter()
        .find_map(|number| bare.strip_prefix(number));
    let number = number.or_else(|| bare.strip_prefix(['一', '半', '两', '兩', '几', '幾', '数', '數']))?;
    if let Some((_, behind)) = behind_longest(number, CHINESE_UNITS)
        && let Some(behind) = behind.strip_prefix('前')
    {
        return Some(behind);
    }
    let (_, behind) = behind_longest(number, UNITS)?;
    behind.strip_prefix('s').unwrap_or(behind).strip_prefix("ago")
}

/// Returns what is counted, and what follows it.
fn counter(words: &str) -> Option<(String, &str)> {
    if let Some(behind) = words.strip_prefix('#') {
        let (counted, behind) = behind_longest(behind, COUNTED)?;
        // One is counted as many are.
        let one = counted.strip_suffix("ies").map(|reply| format!("{reply}y"));
        let one = one.unwrap_or_else(|| counted.trim_end_matches('s').to_owned());
        return Some((format!("#{one}"), behind));
    }
    let (label, behind) = behind_longest(words, LABELS)?;
    let behind = behind.strip_prefix('#')?;
    let behind = behind_longest(behind, MEASURES).map_or(behind, |(_, behind)| behind);
    Some((format!("{label}#"), behind))
}

/// Returns the longest of some words that a text begins with, and what follows it.
fn behind_longest<'a>(text: &'a str, words: &[&'static str]) -> Option<(&'static str, &'a str)> {
    let begins = words
        .iter()
        .filter_map(|word| Some((*word, text.strip_prefix(word)?)));
    begins.max_by_key(|(word, _)| word.len())
}
