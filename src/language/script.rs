//! Writing systems: which one a letter is of, and which one a language is written in.

use super::Language;

/// Tells whether a language is written in the script that a letter is of.
#[must_use]
pub fn has_letter(language: &Language, letter: char) -> bool {
    Script::of_character(letter) == Some(Script::of_language(language))
}

/// Tells whether some of the languages are written in the same script.
#[must_use]
pub fn share_a_script(languages: &[Language]) -> bool {
    let scripts: Vec<Script> = languages.iter().map(Script::of_language).collect();
    (1..scripts.len()).any(|at| scripts[..at].contains(&scripts[at]))
}

/// Tells whether a character is a radical by which dictionaries are ordered (Unicode, CJK Radicals Supplement and Kangxi Radicals), and
/// no ideograph, which it looks like.
#[must_use]
pub fn is_radical(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}')
}

/// Counts the characters of a text that are written from right to left, and its other letters.
#[must_use]
pub fn right_to_left(text: &str) -> (usize, usize) {
    // The blocks whose characters are so by default (Unicode, DerivedBidiClass.txt).
    let is_so = |c| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    let letters = text.chars().filter(|c| is_so(*c) || c.is_alphabetic());
    letters.fold((0, 0), |(so, others), c| {
        if is_so(c) {
            (so + 1, others)
        } else {
            (so, others + 1)
        }
    })
}

/// Finds a word that mixes Latin letters with Cyrillic or Greek ones, many of which look the same: `pаypal`
/// with a Cyrillic `а` is another word than it seems (Unicode Technical Standard 39).
#[must_use]
pub fn mixed_word(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_alphabetic()).find(|word| {
        let has = |wanted: &[Script]| {
            word.chars()
                .filter_map(Script::of_character)
                .any(|script| wanted.contains(&script))
        };
        has(&[Script::Latin]) && has(&[Script::Cyrillic, Script::Greek])
    })
}

/// A writing system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Han,
    Kana,
    Hangul,
    Cyrillic,
    Greek,
    Arabic,
    Hebrew,
    Thai,
    Devanagari,
    Latin,
}

impl Script {
    const ALL: [Self; 10] = [
        Self::Han,
        Self::Kana,
        Self::Hangul,
        Self::Cyrillic,
        Self::Greek,
        Self::Arabic,
        Self::Hebrew,
        Self::Thai,
        Self::Devanagari,
        Self::Latin,
    ];

    pub(super) fn usual_language(self) -> &'static str {
        match self {
            Self::Han => "zh",
            Self::Kana => "ja",
            Self::Hangul => "ko",
            Self::Cyrillic => "ru",
            Self::Greek => "el",
            Self::Arabic => "ar",
            Self::Hebrew => "he",
            Self::Thai => "th",
            Self::Devanagari => "hi",
            Self::Latin => "en",
        }
    }

    pub(super) fn of_language(language: &Language) -> Self {
        let by_tag = Self::ALL
            .into_iter()
            .find(|script| script.usual_language() == language.primary());
        by_tag.unwrap_or(match language.primary() {
            "uk" | "be" | "bg" | "sr" | "mk" | "kk" | "mn" => Self::Cyrillic,
            "yue" | "wuu" | "lzh" => Self::Han,
            "fa" | "ur" | "ps" | "ug" => Self::Arabic,
            "mr" | "ne" | "sa" => Self::Devanagari,
            "yi" => Self::Hebrew,
            _ => Self::Latin,
        })
    }

    /// Judges the script that most of a text is written in; a Han character says as much as three letters.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut weights = [0_usize; 10];
        for script in text.chars().filter_map(Self::of_character) {
            weights[script as usize] += if matches!(script, Self::Han | Self::Kana | Self::Hangul) {
                3
            } else {
                1
            };
        }
        // Japanese is written in Han with kana between; a kana quoted in Chinese does not make it Japanese.
        if weights[Self::Kana as usize] * 10 >= weights[Self::Han as usize]
            && weights[Self::Kana as usize] > 0
        {
            weights[Self::Kana as usize] += std::mem::take(&mut weights[Self::Han as usize]);
        }
        let (position, weight) = weights
            .iter()
            .enumerate()
            .max_by_key(|(position, w)| (**w, usize::MAX - position))?;
        (*weight > 0).then(|| Self::ALL[position])
    }

    pub(super) fn of_character(c: char) -> Option<Self> {
        Some(match c {
            '\u{2e80}'..='\u{2fdf}'
            | '\u{3005}'
            | '\u{3007}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{323af}' => Self::Han,
            '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}' => Self::Kana,
            '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}' => Self::Hangul,
            '\u{400}'..='\u{52f}' => Self::Cyrillic,
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Self::Greek,
            '\u{600}'..='\u{6ff}'
            | '\u{750}'..='\u{77f}'
            | '\u{fb50}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefc}' => Self::Arabic,
            '\u{5d0}'..='\u{5ea}' => Self::Hebrew,
            '\u{e01}'..='\u{e5b}' => Self::Thai,
            '\u{900}'..='\u{97f}' => Self::Devanagari,
            'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Self::Latin,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_are_written_from_right_to_left_are_counted() {
        assert_eq!(right_to_left("GPT، سلام 4"), (5, 3));
    }

    #[test]
    fn a_word_of_look_alikes_is_found_and_honest_words_are_not() {
        assert_eq!(mixed_word("Buy at p\u{430}ypal now"), Some("p\u{430}ypal"));
        assert_eq!(mixed_word("Газета New York Times и α-частицы"), None);
        assert_eq!(mixed_word("Anthropic首席执行官"), None);
    }
}
