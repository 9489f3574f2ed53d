//! What a difference is made of: a grapheme cluster where words are not set apart by blanks (Han, kana,
//! hangul, Thai), a word elsewhere, and every blank and mark of punctuation by itself.

use unicode_segmentation::UnicodeSegmentation;

/// Splits a text into tokens; put together they are the text. None splits a grapheme cluster.
pub fn tokens(text: &str) -> Vec<&str> {
    // Most characters of a Chinese text are surely tokens by themselves; finding clusters takes ten times as long.
    let mut tokens = Vec::with_capacity(text.len() / 3);
    let (mut start, mut before) = (0, None);
    for (at, c) in text.char_indices() {
        if at > 0 && surely_ends(before, Some(c)) {
            between_sure_ends(&text[start..at], &mut tokens);
            start = at;
        }
        before = Some(c);
    }
    between_sure_ends(&text[start..], &mut tokens);
    tokens
}

fn between_sure_ends<'a>(text: &'a str, tokens: &mut Vec<&'a str>) {
    let is_one =
        |first: char| text.len() == first.len_utf8() || text.bytes().all(|b| b.is_ascii_alphanumeric());
    if text.chars().next().is_some_and(is_one) {
        return tokens.push(text);
    }
    let mut word_start: Option<usize> = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        if is_of_word(grapheme) {
            word_start.get_or_insert(at);
            continue;
        }
        tokens.extend(word_start.take().map(|start| &text[start..at]));
        tokens.push(grapheme);
    }
    tokens.extend(word_start.map(|start| &text[start..]));
}

/// Tells whether a grapheme cluster is part of a word. One that ends in a blank or the like is none, though a letter may cling to
/// that.
fn is_of_word(grapheme: &str) -> bool {
    let mut characters = grapheme.chars();
    let first = characters.next();
    let ends_apart = characters
        .next_back()
        .is_some_and(|last| is_plain(last) && !is_word(last));
    first.is_some_and(is_word) && !ends_apart
}

/// Tells whether a character is part of a word that is compared as a whole.
pub fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    !without_blanks(c) && c.is_alphanumeric()
}

/// Tells whether a token ends between two characters whatever stands around them. Errs on the side of no.
pub fn surely_ends(before: Option<char>, after: Option<char>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return true;
    };
    // The "Prepend" characters of UAX #29, which cling to what follows, are Arabic, Syriac and Indic.
    let clings = matches!(before, '\r' | '\u{600}'..='\u{dff}' | '\u{11000}'..='\u{11fff}');
    match after {
        '0'..='9' | 'a'..='z' | 'A'..='Z' => is_plain(before) && !is_word(before),
        _ => is_plain(after) && !clings,
    }
}

/// ASCII, Han, and the letters and marks of Chinese and Japanese that cling to nothing; full-width letters and digits are parts of
/// words.
fn is_plain(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{3001}'..='\u{3029}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff5e}' | '“' | '”' | '‘' | '’' | '—' | '…')
}

/// Scripts that set no blank between words: Thai to Burmese, Khmer, kana, Han, and hangul, where a blank
/// stands between phrases.
fn without_blanks(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{a4cf}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ffdc}' | '\u{16fe0}'..='\u{18dff}' | '\u{1aff0}'..='\u{1b2ff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_stay_whole_and_han_is_taken_apart() {
        assert_eq!(
            tokens("H200芯片, naïve don’t"),
            ["H200", "芯", "片", ",", " ", "naïve", " ", "don", "’", "t"]
        );
        assert_eq!(tokens("A０１Ｂ，c"), ["A０１Ｂ", "，", "c"]);
        assert_eq!(tokens("\u{11f02} a"), ["\u{11f02} ", "a"]);
        assert_eq!(tokens("カナ한글ไทย"), ["カ", "ナ", "한", "글", "ไ", "ท", "ย"]);
    }

    #[test]
    fn what_is_seen_as_one_character_stays_one() {
        assert_eq!(tokens("👩🏽\u{200d}🚀🇨🇳🇺🇸"), ["👩🏽\u{200d}🚀", "🇨🇳", "🇺🇸"]);
        assert_eq!(
            tokens("か\u{3099}漢\u{e0100}x\u{301}y"),
            ["か\u{3099}", "漢\u{e0100}", "x\u{301}y"]
        );
    }

    /// Tokens as they are defined, from the clusters of the whole text.
    fn by_clusters(text: &str) -> Vec<&str> {
        let mut tokens: Vec<&str> = Vec::new();
        let mut in_word = false;
        for (at, grapheme) in text.grapheme_indices(true) {
            let word = is_of_word(grapheme);
            match tokens.last_mut() {
                Some(last) if word && in_word => *last = &text[at - last.len()..at + grapheme.len()],
                _ => tokens.push(grapheme),
            }
            in_word = word;
        }
        tokens
    }

    proptest! {
        #[test]
        fn what_is_surely_apart_need_not_be_looked_at_together(
            text in "([ab1 .。中文改,]|[é\u{301}か\u{3099}👩\u{200d}🇨🇳한я\u{600}\u{e33}ก\r\n\u{1f3fd}\u{e0100}]|\\PC){0,16}"
        ) {
            prop_assert_eq!(tokens(&text), by_clusters(&text));
        }

        #[test]
        fn a_sure_end_is_an_end(text in "[ab .。中文é\u{301}か\u{3099}👩\u{200d}🇨한я\u{600}\u{e33}ก\n]{0,12}") {
            let mut ends = vec![0];
            for token in tokens(&text) {
                ends.push(ends.last().unwrap() + token.len());
            }
            prop_assert_eq!(ends.last(), Some(&text.len()));
            for (at, after) in text.char_indices() {
                if surely_ends(text[..at].chars().next_back(), Some(after)) {
                    prop_assert!(ends.contains(&at), "{:?} at {}", text, at);
                }
            }
        }
    }
}
