//! Where the sentences of a paragraph end, in Chinese and in English.
//!
//! The rules of UAX #29 are not used: they leave an opening quotation mark with the sentence before it, end one after "Mr.",
//! and look ahead without a bound, which makes `unicode-segmentation` quadratic on a hostile text. The `sentences` of `diff`
//! end at clauses too, to keep what it compares small.

use unicode_segmentation::UnicodeSegmentation;

use crate::diff::token::is_word;

/// The most sentences that one paragraph is taken apart into; one that has more is a single sentence.
const MOST_SENTENCES: usize = 1 << 18;

/// How many bytes are looked back at for an abbreviation.
const LONGEST_ABBREVIATION: usize = 8;

/// Words before a name or a number, which end with a full stop and no sentence.
const ABBREVIATIONS: [&str; 29] = [
    "Apr", "Aug", "Capt", "Col", "Dec", "Dr", "Feb", "Fig", "Gen", "Gov", "Hon", "Jan", "Lt", "Mar", "Mr",
    "Mrs", "Ms", "Mt", "Nov", "Oct", "Prof", "Rep", "Rev", "Sen", "Sept", "Sgt", "St", "cf", "vs",
];

/// Splits a paragraph into sentences, each with the closing quotation marks and the blanks after it. Put together they are
/// the paragraph. A line ends a sentence, and none splits a grapheme cluster.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut ending: Option<Ending> = None;
    let mut last = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        let c = grapheme.chars().next().unwrap_or(' ');
        let after_line = last == Some('\n');
        let goes_on = ending.as_mut().is_some_and(|ending| ending.takes(c));
        if after_line || !goes_on {
            let ended = ending.take().is_some_and(|ending| ending.is_before(c));
            if after_line || ended {
                sentences.push(&text[start..at]);
                start = at;
            }
            ending = Mark::of(c).map(|mark| Ending {
                mark,
                has_blank: false,
                after_han: last.is_some_and(is_han),
                abbreviation: abbreviation(&text[start..at]),
            });
        }
        last = Some(c);
    }
    if start < text.len() || sentences.is_empty() {
        sentences.push(&text[start..]);
    }
    if sentences.len() > MOST_SENTENCES {
        return vec![text];
    }
    sentences
}

/// What may end a sentence, the weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    /// `…`, `...`.
    Ellipsis,
    /// `.`
    Point,
    /// `!` and `?` of ASCII, which stand in addresses too.
    Half,
    /// One that ends a sentence wherever it stands.
    Full,
}

impl Mark {
    fn of(c: char) -> Option<Self> {
        match c {
            '…' => Some(Self::Ellipsis),
            '.' => Some(Self::Point),
            '!' | '?' => Some(Self::Half),
            '。' | '！' | '？' | '｡' | '‼' | '⁇' | '⁈' | '⁉' | '।' | '॥' | '؟' | '۔' | '։' | '።' | '။'
            | '។' => Some(Self::Full),
            _ => None,
        }
    }
}

/// What stands before a full stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Abbreviation {
    /// No abbreviation.
    None,
    /// One wherever it stands.
    Sure,
    /// One before a number: `No.`
    OfNumber,
}

/// The end of a sentence, perhaps: marks, what closes a quotation, blanks.
struct Ending {
    mark: Mark,
    has_blank: bool,
    after_han: bool,
    abbreviation: Abbreviation,
}

impl Ending {
    /// Takes one more character, if it belongs to the end.
    fn takes(&mut self, c: char) -> bool {
        if c.is_whitespace() {
            self.has_blank = true;
            return true;
        }
        if self.has_blank {
            return false;
        }
        if let Some(mark) = Mark::of(c) {
            let is_dots = self.mark <= Mark::Point && mark == Mark::Point;
            self.mark = if is_dots {
                Mark::Ellipsis
            } else {
                self.mark.max(mark)
            };
            return true;
        }
        matches!(
            c,
            '”' | '’' | '」' | '』' | '）' | '》' | '〉' | '】' | '〕' | '"' | '\'' | ')' | ']' | '»'
        )
    }

    /// Tells whether the sentence has ended where a character follows.
    fn is_before(&self, c: char) -> bool {
        if matches!(c, '，' | '、' | '；' | '：' | '—' | ',' | ';' | ':') {
            return false;
        }
        let opens = matches!(c, '“' | '‘' | '「' | '『' | '（' | '《' | '〈' | '【' | '〔');
        let is_apart = self.has_blank && !c.is_lowercase();
        let is_before_han = is_han(c) || opens;
        match self.mark {
            Mark::Full => true,
            Mark::Half => is_apart || !self.has_blank && is_before_han,
            Mark::Point if !self.has_blank => self.after_han && is_before_han,
            Mark::Point => match self.abbreviation {
                Abbreviation::None => is_apart,
                Abbreviation::Sure => false,
                Abbreviation::OfNumber => is_apart && !c.is_numeric(),
            },
            Mark::Ellipsis => self.has_blank && c.is_uppercase(),
        }
    }
}

/// Tells whether a character is of a script that sets no blank between words.
fn is_han(c: char) -> bool {
    c.is_alphanumeric() && !is_word(c)
}

/// Judges the end of a text before a full stop: a known word, or an initial as in "J. Smith" and "U.S."
fn abbreviation(text: &str) -> Abbreviation {
    let bytes = text.as_bytes();
    let from = bytes.len().saturating_sub(LONGEST_ABBREVIATION);
    let length = bytes[from..]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    // ASCII letters are whole characters.
    let word = &text[text.len() - length..];
    let is_initial = length == 1 && bytes.last().is_some_and(u8::is_ascii_uppercase);
    match word {
        "No" | "Nos" | "p" | "pp" => Abbreviation::OfNumber,
        _ if is_initial || ABBREVIATIONS.contains(&word) => Abbreviation::Sure,
        _ => Abbreviation::None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    /// Splits a text that has a bar at each end of a sentence, and expects just those.
    fn assert_ends(barred: &str) {
        let expected: Vec<&str> = barred.split('|').collect();
        assert_eq!(sentences(&barred.replace('|', "")), expected);
    }

    #[test]
    fn chinese_ends_at_its_marks_with_the_quotation_marks_that_close() {
        assert_ends("桥今天通车。|市长剪彩！|谁说的？！|没有人。");
        assert_ends("他说：“好。”|她说：『不好！』|「走吧？」|都走了。");
        assert_ends("他来了。|“你好。”|（见下文。）|《史记》有载。");
        assert_ends("“走吧！”，他说。|“走！”——他喊。|好。");
        assert_ends("价格是3.5元。|版本2.0发布了！|完");
    }

    #[test]
    fn an_ellipsis_ends_a_sentence_only_with_another_mark_or_before_a_capital() {
        assert_ends("他走了……又回来了。|走了……。|走了！……|回来了？…|好。");
        assert_ends("He left... and came back. |He left... |Then he came back… |Good.");
    }

    #[test]
    fn english_ends_before_a_blank_and_not_after_an_abbreviation() {
        assert_ends(
            "Mr. Smith met Dr. J. Li in the U.S. Senate. |He left at 3.5 p.m. with e.g. a hat. |Why?",
        );
        assert_ends(
            "It was No. 50,000. |He said no. |“Why?” he asked. |\"Because.\" |So (he said.) |Yes! |1990 came.",
        );
        assert_ends("See https://example.org/a?b=c.html!d for more. |Done.");
        assert_ends("中文之后。|English follows! |中文再来.|完了. |Done?|好");
    }

    #[test]
    fn a_line_ends_a_sentence() {
        assert_ends("诗一行\n|诗二行。\n|“三行\n|四");
        assert_eq!(sentences(""), [""]);
    }

    #[test]
    fn what_is_hostile_takes_no_longer() {
        let marks = [
            ".)",
            ". ",
            "。",
            ".1 ",
            "!\u{301}",
            "A. ",
            "a\n",
            "\u{200d}.",
            "…",
        ];
        for mark in marks {
            let text = mark.repeat((1 << 20) / mark.len());
            let begin = Instant::now();
            assert_eq!(sentences(&text).concat().len(), text.len());
            // Quadratic, it would take hours.
            assert!(begin.elapsed() < Duration::from_secs(20), "{mark:?}");
        }
    }

    proptest! {
        #[test]
        fn put_together_they_are_the_text(text in "[ab.!?。！？“”」A甲 \n\u{301}\u{200d}…—，]{0,40}") {
            let sentences = sentences(&text);
            prop_assert_eq!(sentences.concat(), text.clone());
            prop_assert!(text.is_empty() || sentences.iter().all(|sentence| !sentence.is_empty()));
            let ends: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
            let mut at = 0;
            for sentence in sentences {
                at += sentence.len();
                prop_assert!(ends.contains(&at));
            }
        }
    }
}
