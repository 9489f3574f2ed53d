//! Words that somebody quotes: whether a text has them, and the keys by which texts that may have them are found.
//!
//! A quote is matched to the letter in Unicode Normalization Form C, but that any run of white space, the border of
//! paragraphs included, is as good as any other, that a line's marks of lists and quotations may be missing, and that a blank
//! may be missing where a line ends between two characters that need none between them. A text is found by keys: pairs of neighbours where words are not set
//! apart by blanks (Han, kana, hangul), else words without regard to case, and pairs of such words. Each key depends upon
//! the characters that it stands for and those beside them alone, so that a part of a text has no key that the text
//! lacks; where the part may end within a word, only the beginning of a key is known.

use std::collections::BTreeSet;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;

use self::marks::marked;
use crate::canonical::{self, Invisible, TextError};

pub(crate) mod marks;

/// Folded characters of a word that its key has.
const LONGEST_KEY: usize = 32;

/// Keys by which a quote is looked up; a text that has so many of them nearly always has the quote.
const MOST_KEYS: usize = 24;

/// Pairs of words share so many keys, characters of two planes for private use: there are too many pairs for each to
/// have its own, and a text that has a quote has all of its pairs.
const PAIR_KEYS: u64 = 2 * PLANE;
const PLANE: u64 = 0xfffe;

/// Bytes of the longest quote.
const LONGEST_QUOTE: usize = 64 << 10;

/// Why words cannot be looked for.
#[derive(Debug, thiserror::Error)]
pub enum QuoteError {
    /// There are none.
    #[error("the quote has no words")]
    Empty,
    /// There are too many.
    #[error("the quote has {0} bytes, and no more than {LONGEST_QUOTE} are looked for")]
    Long(usize),
    /// A character that no text has.
    #[error("the quote cannot be in a text")]
    Text(#[from] TextError),
}

/// Words that are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// With one blank for each run of white space.
    flat: String,
    words: Flat,
}

/// Where a text has a quote: lines, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// The line in which it begins.
    pub first: u64,
    /// The line in which it ends.
    pub last: u64,
}

/// What a text that has a quote has among its keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// This key.
    Key(String),
    /// A key that begins so.
    Beginning(String),
}

impl Quote {
    /// Takes words as somebody typed them.
    ///
    /// # Errors
    /// [`QuoteError`] where there are none, or they have a character that no text has.
    pub fn new(words: &str) -> Result<Self, QuoteError> {
        if words.len() > LONGEST_QUOTE {
            return Err(QuoteError::Long(words.len()));
        }
        let words = canonical::decode(words.as_bytes(), Invisible::Allow)?;
        // The mark of a file's beginning comes along where the words were taken from one.
        let words = words.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
        if words.is_empty() {
            return Err(QuoteError::Empty);
        }
        Ok(Self {
            flat: words.split_whitespace().collect::<Vec<_>>().join(" "),
            words: Flat::new(lines(words)),
        })
    }

    /// Returns the words with one blank for each run of white space.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.flat
    }

    /// Finds the first place where a text has the words: as it stands, or else as it is copied from where its marks of lists and
    /// quotations are not letters.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Lines> {
        let as_it_stands = || {
            // Most texts that are asked have not even the longest of what stands between blanks.
            let longest = self.flat.split(' ').max_by_key(|part| part.len())?;
            memchr::memmem::find(text.as_bytes(), longest.as_bytes())?;
            Flat::new(lines(text)).find(&self.words)
        };
        as_it_stands().or_else(|| Flat::new(unmarked(text)).find(&self.words))
    }

    /// Returns what a text that has the words has among its keys; nothing where that cannot be said.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        let (mut keys, mut words) = (BTreeSet::new(), BTreeSet::new());
        let mut beginnings = BTreeSet::new();
        let mut word_before = None;
        for run in runs(&self.flat) {
            let (at_begin, at_end) = (run.begin == 0, run.begin + run.text.len() == self.flat.len());
            let before = word_before.take();
            match run.script {
                // What stands before it is not known.
                Script::Words if at_begin => {}
                Script::Words if at_end => {
                    beginnings.insert(word_key(run.text));
                }
                Script::Words => {
                    let word = word_key(run.text);
                    keys.extend(before.map(|before: String| pair_key(&before, &word).to_string()));
                    words.insert(word.clone());
                    word_before = Some(word);
                }
                Script::Neighbours if run.text.chars().nth(1).is_some() => keys.extend(pairs(run.text)),
                Script::Neighbours => {
                    beginnings.extend(run.text.chars().map(|c| folded(c).collect::<String>()));
                }
            }
        }
        // Two pairs say more than their words, which many texts have.
        if keys.len() < 2 {
            keys.append(&mut words);
        }
        // A beginning has many keys, and helps little where a whole one is known.
        if keys.is_empty() {
            return beginnings
                .into_iter()
                .take(MOST_KEYS)
                .map(Wanted::Beginning)
                .collect();
        }
        let step = keys.len().div_ceil(MOST_KEYS);
        keys.into_iter().step_by(step).map(Wanted::Key).collect()
    }
}

/// Returns the keys of a text, each with a blank behind it, some of them more than once. They are made of letters, digits and
/// characters beyond ASCII.
#[must_use]
pub fn keys(text: &str) -> String {
    let mut keys = String::with_capacity(3 * text.len());
    add_keys(text, &mut keys);
    let marked = marked(text);
    // Of all marks numbers alone part words from one another.
    let is_numbered = |(line, marks): &(&str, usize)| line[..*marks].contains(|c: char| c.is_ascii_digit());
    if marked.iter().any(is_numbered) {
        let lines: Vec<&str> = marked.iter().map(|(line, marks)| &line[*marks..]).collect();
        add_keys(&lines.join("\n"), &mut keys);
    }
    let is_letter = |c| script(c) == Some(Script::Neighbours);
    let mut last = "";
    for (line, marks) in marked {
        let line = line[marks..].trim_start();
        let joined = ends_between(last, line);
        if let Some((before, after)) =
            joined.filter(|(before, after)| is_letter(*before) && is_letter(*after))
        {
            fold(before, &mut keys);
            fold(after, &mut keys);
            keys.push(' ');
        }
        if !line.trim_end().is_empty() {
            last = line;
        }
    }
    keys
}

/// Adds the keys of a text as it stands.
fn add_keys(text: &str, keys: &mut String) {
    let mut word_before: Option<Range<usize>> = None;
    for run in runs(text) {
        let before = word_before.take();
        let begin = keys.len();
        match run.script {
            Script::Words => {
                add_word_key(run.text, keys);
                let word = begin..keys.len();
                keys.push(' ');
                if let Some(before) = before {
                    let pair = pair_key(&keys[before], &keys[word.clone()]);
                    keys.extend([pair, ' ']);
                }
                word_before = Some(word);
            }
            Script::Neighbours => {
                for (one, other) in run.text.chars().zip(run.text.chars().skip(1)) {
                    fold(one, keys);
                    fold(other, keys);
                    keys.push(' ');
                }
                // The last one begins no pair.
                if let Some(last) = run.text.chars().next_back() {
                    fold(last, keys);
                    keys.push(' ');
                }
            }
        }
    }
}

/// What stands between two characters of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// A blank, or the end of a line that is as good as one.
    Blank,
    /// The end of a line between two characters that need no blank.
    End,
}

/// A text without its white space.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flat {
    text: String,
    /// Before which bytes white space stood.
    gaps: Vec<(usize, Gap)>,
    /// From which byte on it is of which line.
    lines: Vec<(usize, u64)>,
}

impl Flat {
    fn new<'t>(lines: impl Iterator<Item = (u64, &'t str)>) -> Self {
        let mut flat = Self {
            text: String::new(),
            gaps: Vec::new(),
            lines: Vec::new(),
        };
        for (number, line) in lines {
            for (place, word) in line.split_whitespace().enumerate() {
                let at = flat.text.len();
                if at > 0 {
                    let is_end = place == 0 && ends_between(&flat.text, line).is_some();
                    flat.gaps.push((at, if is_end { Gap::End } else { Gap::Blank }));
                }
                if place == 0 {
                    flat.lines.push((at, number));
                }
                flat.text.push_str(word);
            }
        }
        flat
    }

    fn find(&self, words: &Self) -> Option<Lines> {
        let finder = memchr::memmem::Finder::new(words.text.as_bytes());
        let mut from = 0;
        let begin = loop {
            let begin = from + finder.find(&self.text.as_bytes()[from..])?;
            if self.has_gaps(words, begin) {
                break begin;
            }
            from = begin + 1;
        };
        let line = |at: usize| {
            let before = self.lines.partition_point(|(begins, _)| *begins <= at);
            self.lines[before - 1].1
        };
        Some(Lines {
            first: line(begin),
            last: line(begin + words.text.len() - 1),
        })
    }

    /// Tells whether words, whose characters stand from a byte on, have white space where the text has it there.
    fn has_gaps(&self, words: &Self, begin: usize) -> bool {
        let before = |byte: usize| self.gaps.partition_point(|(at, _)| *at < byte);
        let own = &self.gaps[before(begin + 1)..before(begin + words.text.len())];
        let has = |gaps: &[(usize, Gap)], at: usize| gaps.binary_search_by_key(&at, |gap| gap.0).is_ok();
        let is_met = |gap: &Gap, is_there: bool| *gap == Gap::End || is_there;
        own.iter()
            .all(|(at, gap)| is_met(gap, has(&words.gaps, at - begin)))
            && words
                .gaps
                .iter()
                .all(|(at, gap)| is_met(gap, has(own, at + begin)))
    }
}

/// Returns the lines of a text, numbered from 1.
fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.split('\n'))
}

/// Returns the lines of a text without their marks, numbered from 1.
fn unmarked(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let lines = marked(text)
        .into_iter()
        .map(|(line, marks)| line[marks..].trim_start());
    (1..).zip(lines)
}

/// Returns the characters on both sides of a line's end, where they need no blank between them.
fn ends_between(before: &str, after: &str) -> Option<(char, char)> {
    let before = tight(before.trim_end().chars().rev())?;
    Some((before, tight(after.trim_start().chars())?))
}

/// Returns the first of some characters where it is wide, or a mark of Chinese and others beside what is.
fn tight(chars: impl Iterator<Item = char>) -> Option<char> {
    let is_wide = |c: &char| is_neighbour(*c) || matches!(c, '\u{ff01}'..='\u{ff60}');
    let is_mark = |c: &char| matches!(c, '“' | '”' | '‘' | '’' | '—' | '―' | '…' | '·');
    let mut chars = chars.peekable();
    let first = *chars.peek()?;
    let beside = chars.find(|c| !is_mark(c) && !c.is_whitespace());
    beside.filter(is_wide).map(|_| first)
}

/// How words are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Set apart from each other.
    Words,
    /// One beside the other.
    Neighbours,
}

/// Characters of one way of writing, none of which is a border.
struct Run<'a> {
    script: Script,
    begin: usize,
    text: &'a str,
}

/// Splits a text into its runs; each ends where the way of writing changes.
fn runs(text: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut open: Option<(Script, usize)> = None;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let script = script(c);
        if open.map(|(script, _)| script) == script {
            continue;
        }
        if let Some((script, begin)) = open {
            let text = &text[begin..at];
            runs.push(Run { script, begin, text });
        }
        open = script.map(|script| (script, at));
    }
    runs
}

/// Tells how words of a character are written; `None` for a border between words.
fn script(c: char) -> Option<Script> {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric().then_some(Script::Words);
    }
    if is_han(c) {
        return Some(Script::Neighbours);
    }
    if !c.is_alphanumeric() || !folded(c).all(is_key_character) {
        return None;
    }
    Some(if is_neighbour(c) {
        Script::Neighbours
    } else {
        Script::Words
    })
}

/// Tells whether a character is of a script that sets no blanks between words.
pub(crate) fn is_neighbour(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{a4cf}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}' | '\u{16fe0}'..='\u{18dff}' | '\u{1aff0}'..='\u{1b2ff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Tells whether a key may have a character: what is none in ASCII would part it in two.
fn is_key_character(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric()
}

/// Tells whether a character is one of the most common of those that are folded to themselves: a Han character of the first
/// blocks.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

/// Folds a character by itself, so that the result is the same wherever it stands.
fn folded(c: char) -> impl Iterator<Item = char> {
    c.nfkc().flat_map(char::to_lowercase)
}

/// Adds a character, folded.
fn fold(c: char, text: &mut String) {
    if c.is_ascii() {
        text.push(c.to_ascii_lowercase());
    } else if is_han(c) {
        text.push(c);
    } else {
        text.extend(folded(c));
    }
}

fn add_word_key(word: &str, keys: &mut String) {
    if word.is_ascii() {
        let begin = keys.len();
        keys.push_str(&word[..word.len().min(LONGEST_KEY)]);
        keys[begin..].make_ascii_lowercase();
    } else {
        keys.extend(word.chars().flat_map(folded).take(LONGEST_KEY));
    }
}

fn word_key(word: &str) -> String {
    let mut key = String::new();
    add_word_key(word, &mut key);
    key
}

/// Returns the key of two words that follow one another: FNV-1a over both, brought to a character.
fn pair_key(before: &str, word: &str) -> char {
    let hash = fnv1a(before.bytes().chain([b' ']).chain(word.bytes()));
    let key = (hash ^ (hash >> 32)) % PAIR_KEYS;
    // The last two of a plane are no characters.
    let code = 0xf_0000 + key / PLANE * 0x1_0000 + key % PLANE;
    let c = u32::try_from(code).ok().and_then(char::from_u32);
    c.expect("it lies in the last two planes")
}

/// Returns the FNV-1a hash of some bytes.
pub(crate) fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Returns the FNV-1a hash of some bytes in 32 bits.
pub(crate) fn fnv1a_32(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn pairs(run: &str) -> impl Iterator<Item = String> + '_ {
    let neighbours = run.chars().zip(run.chars().skip(1));
    neighbours.map(|(one, other)| folded(one).chain(folded(other)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quote(words: &str) -> Quote {
        Quote::new(words).unwrap()
    }

    /// Tells whether a text is among those that are found for a quote.
    fn is_candidate(text: &str, quote: &Quote) -> bool {
        let keys = keys(text);
        let keys: BTreeSet<&str> = keys.split_terminator(' ').collect();
        quote.wanted().iter().all(|wanted| match wanted {
            Wanted::Key(key) => keys.contains(key.as_str()),
            Wanted::Beginning(begin) => keys.iter().any(|key| key.starts_with(begin.as_str())),
        })
    }

    #[test]
    fn white_space_is_as_good_as_any_other_and_all_else_is_exact() {
        let text = "桥今天通车。\n\nThe bridge\nopened  today.\n";
        let find = |words: &str| quote(words).find(text).map(|lines| (lines.first, lines.last));
        assert_eq!(find("今天"), Some((1, 1)));
        assert_eq!(find("通车。 The bridge"), Some((1, 3)));
        assert_eq!(find("  bridge opened\u{3000}today.\n"), Some((3, 4)));
        assert_eq!(find("opened today"), Some((4, 4)));
        for absent in ["the bridge", "今 天", "通车。The", "today!"] {
            assert_eq!(find(absent), None, "{absent}");
        }
        let text = "下雨\n\n明天，\n『晴』\n\n> quoted\n> words\n\n- one -\n- -2 > 1\n  - - 三\n";
        let find = |words: &str| quote(words).find(text).map(|lines| (lines.first, lines.last));
        assert_eq!(find("下雨明天，『晴』"), Some((1, 4)));
        assert_eq!(find("下雨 明天， 『晴』"), Some((1, 4)));
        assert_eq!(find("下\n雨\n明天"), Some((1, 3)));
        assert_eq!(find("quoted words one - -2 > 1"), Some((6, 10)));
        assert_eq!(find("quoted\n> words"), Some((6, 7)));
        assert_eq!(find("- -2 > 1"), Some((10, 10)));
        assert_eq!(find("下雨 明天，『晴』"), Some((1, 4)));
        for absent in ["下 雨", "下雨明 天", "one 2", "one -2", "> one", "- words", "1三"] {
            assert_eq!(find(absent), None, "{absent}");
        }
        let text = "> “桥今天通车，\n> 明天晴。”\n> ——李四\n\nHe said “yes”\n—all of it.\n";
        let find = |words: &str| quote(words).find(text).map(|lines| (lines.first, lines.last));
        for whole in [
            "“桥今天通车，明天晴。”——李四",
            "“桥今天通车，明天晴。” ——李四",
            "“桥今天通车， 明天晴。”——李四",
            "“桥今天通车，\n明天晴。”\n——李四",
        ] {
            assert_eq!(find(whole), Some((1, 3)), "{whole}");
            assert!(is_candidate(text, &quote(whole)), "{whole}");
        }
        assert_eq!(find("“yes” —all"), Some((5, 6)));
        assert_eq!(find("“yes”—all"), None);
        let text = "7. seven\n8. 八\n   > in\n9. nine\n\n* * *\n\n1776. It began.\n";
        let find = |words: &str| quote(words).find(text).map(|lines| (lines.first, lines.last));
        assert_eq!(find("seven 八 in nine 1776. It"), Some((1, 8)));
        assert_eq!(find("7. seven 8. 八"), Some((1, 2)));
        for absent in ["seven 8. 八 in", "nine It began"] {
            assert_eq!(find(absent), None, "{absent}");
        }
        assert!(is_candidate(text, &quote("ven 八 in nine 1776. It began")));
        assert!(is_candidate(
            "1. one\n2. two\n3. three\n4. four\n",
            &quote("one two three four")
        ));
        assert_eq!(
            quote("cafe\u{301}").find("café\n").map(|lines| lines.first),
            Some(1)
        );
    }

    #[test]
    fn what_no_text_has_is_refused() {
        assert!(matches!(Quote::new(" \n\u{3000}"), Err(QuoteError::Empty)));
        assert!(matches!(Quote::new("\u{feff} \u{feff}"), Err(QuoteError::Empty)));
        assert_eq!(Quote::new("\u{feff} \u{feff}a b").unwrap().as_str(), "a b");
        assert!(matches!(Quote::new("a\u{1b}[31m"), Err(QuoteError::Text(_))));
        assert!(matches!(Quote::new("a\0"), Err(QuoteError::Text(_))));
        assert!(matches!(
            Quote::new(&"a".repeat(LONGEST_QUOTE + 1)),
            Err(QuoteError::Long(_))
        ));
    }

    #[test]
    fn a_word_that_may_go_on_is_no_whole_key() {
        let wanted = |words: &str| quote(words).wanted();
        assert_eq!(wanted("idge opened tod"), [Wanted::Key("opened".to_owned())]);
        let pair = Wanted::Key(pair_key("the", "bridge").to_string());
        assert_eq!(
            wanted("at the Bridge tod"),
            [
                Wanted::Key("bridge".to_owned()),
                Wanted::Key("the".to_owned()),
                pair
            ]
        );
        assert_eq!(wanted("at the new bridge tod").len(), 2);
        assert_eq!(wanted("idge ope"), [Wanted::Beginning("ope".to_owned())]);
        assert_eq!(wanted("bridge"), []);
        assert_eq!(wanted("桥今"), [Wanted::Key("桥今".to_owned())]);
        assert_eq!(wanted("桥"), [Wanted::Beginning("桥".to_owned())]);
        assert_eq!(wanted("。——！"), []);
        assert_eq!(wanted("Ｈ200芯片。"), [Wanted::Key("芯片".to_owned())]);
    }

    #[test]
    fn han_characters_are_folded_to_themselves() {
        for c in ('\u{3400}'..='\u{9fff}').filter(|c| is_han(*c)) {
            assert!(folded(c).eq([c]) && c.is_alphanumeric() && is_neighbour(c), "{c}");
        }
    }

    #[test]
    fn keys_do_not_take_in_everything() {
        assert!(!is_candidate("桥昨天通车。", &quote("今天通车")));
        assert!(!is_candidate(
            "The bridge closed today.",
            &quote("bridge opened today")
        ));
        let text = "The bridge over the new road is open today.";
        assert!(is_candidate(text, &quote("over the new road")));
        assert!(!is_candidate(text, &quote("over the road is new, and open")));
        assert!(!is_candidate(text, &quote("is the new bridge open")));
    }

    proptest! {
        #[test]
        fn every_part_of_a_text_finds_it(
            text in "([a-cA-C0-9ßﬁǅ]{0,4}|[桥今天通车ｶﾞカ한글㍿㎏]{0,4}|\n(> |- |[0-9]\\. |\n)?|[ \n\u{3000}。，.'’”—é\u{301}\u{600}กำㄱⅣ⑴½👩\u{200d}-]{0,2}){0,12}",
            begin in any::<prop::sample::Index>(), end in any::<prop::sample::Index>()
        ) {
            let text = canonical::nfc(text);
            let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            places.push(text.len());
            let (one, other) = (*begin.get(&places), *end.get(&places));
            let part = &text[one.min(other)..one.max(other)];
            prop_assume!(!part.trim().is_empty());
            let found = [part.to_owned(), part.replace("\n- ", "\n").replace('\n', "")].map(|words| {
                let quote = Quote::new(&words).ok().filter(|quote| quote.find(&text).is_some());
                quote.map(|quote| (is_candidate(&text, &quote), quote))
            });
            for (is_candidate, quote) in found.iter().flatten() {
                prop_assert!(is_candidate, "{:?} in {:?}: {:?}", quote, text, quote.wanted());
            }
            if found[0].is_none() {
                // A part that begins with a mark may compose with nothing, and with something in the text.
                prop_assert_ne!(canonical::nfc(part.to_owned()), part);
            }
        }

        #[test]
        fn any_words_are_looked_for_without_a_panic(words in any::<String>(), text in any::<String>()) {
            if let Ok(quote) = Quote::new(&words) {
                let _ = quote.find(&text);
                for wanted in quote.wanted() {
                    let (Wanted::Key(key) | Wanted::Beginning(key)) = wanted;
                    prop_assert!(!key.is_empty() && key.chars().all(is_key_character), "{:?}", key);
                }
            }
        }
    }
}
