//! Which paragraph is a notice of a change: the one table of words, and the rule by which they count.
//!
//! A line of the paragraph begins with one of [`WORDS`], and what follows it sets it apart as a label: the line's end, a
//! mark, a digit, or the name of a month, `on` or `to this` between them. Or the paragraph holds one of [`PHRASES`]. A
//! sentence that merely uses such a word is none: "The update of the plan failed" hides no change.

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
];

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
    " notice",
    " and clarification",
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
    "本文已更正",
    "本文已更新",
    "本文已撤回",
    "本文已修改",
    "本文已修订",
    "本文更新于",
    "本文更正于",
    "本文早前版本",
    "本文先前版本",
    "本文此前版本",
    "本文旧版",
    "此前版本",
    "早前版本",
    "an earlier version of this",
    "a previous version of this",
    "this article has been corrected",
    "this article has been updated",
    "this article has been amended",
    "this article has been retracted",
    "this article has been clarified",
    "this article was corrected",
    "this article was updated",
    "this article was amended",
    "this article was retracted",
    "this story has been corrected",
    "this story has been updated",
    "this story was corrected",
    "this story was updated",
    "this report has been corrected",
    "this report has been updated",
    "this post has been corrected",
    "this post has been updated",
    "this page has been corrected",
    "this page has been updated",
];

const MONTHS: &[&str] = &[
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

/// Tells whether a paragraph is a notice.
#[must_use]
pub fn is_one(paragraph: &str) -> bool {
    let paragraph = paragraph.to_lowercase().replace('’', "'");
    PHRASES.iter().any(|phrase| paragraph.contains(phrase)) || paragraph.lines().any(is_labelled)
}

fn is_labelled(line: &str) -> bool {
    // Brackets, quotations, list marks and emphasis stand before labels.
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let mut words = WORDS.iter().filter_map(|word| line.strip_prefix(word));
    words.any(|rest| {
        let mut endings = ENDINGS.iter().filter_map(|ending| rest.strip_prefix(ending));
        sets_apart(rest) || endings.any(sets_apart)
    })
}

fn sets_apart(rest: &str) -> bool {
    let after = rest.trim_start();
    let Some(first) = after.chars().next() else {
        return true;
    };
    let is_mark = matches!(
        first,
        ':' | '：'
            | '-'
            | '–'
            | '—'
            | '|'
            | '｜'
            | '/'
            | '·'
            | '('
            | '（'
            | '['
            | '［'
            | ')'
            | '）'
            | ']'
            | '］'
            | '】'
            | '〕'
            | '*'
            | '_'
            | '"'
            | '”'
            | '」'
            | '』'
    );
    // `update-server` is one word.
    let is_joined = first == '-' && rest.starts_with('-');
    let word: String = after.chars().take_while(char::is_ascii_alphabetic).collect();
    let is_month = word.len() >= 3 && MONTHS.iter().any(|month| month.starts_with(&word)) && {
        let behind = after[word.len()..].trim_start_matches(['.', ' ']);
        rest.len() > after.len() && behind.starts_with(|c: char| c.is_ascii_digit())
    };
    is_mark && !is_joined || first.is_ascii_digit() || is_month
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
        ] {
            assert!(is_one(text), "{text}");
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
            "",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
