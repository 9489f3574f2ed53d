//! Words without their endings, by the language of the part of a text that they stand in.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};

use crate::language::{self, Language};

/// Letters of the longest word that has its ending taken off.
const LONGEST: usize = 40;

/// The languages of a part of a text, at most one of each script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stemming {
    languages: Vec<Language>,
    /// Whether words of other languages than English stay as they are.
    is_english_alone: bool,
}

impl Stemming {
    /// Takes the languages of a part; of each script the first counts.
    #[must_use]
    pub fn of(languages: &[Language]) -> Self {
        let says_something =
            |language: &&Language| !matches!(language.primary(), "mul" | "und" | "mis" | "zxx");
        Self {
            languages: languages.iter().filter(says_something).cloned().collect(),
            is_english_alone: false,
        }
    }

    /// The same for who knows the endings of English words alone.
    #[must_use]
    pub fn english_alone(language: &Language) -> Self {
        Self {
            is_english_alone: true,
            ..Self::of(std::slice::from_ref(language))
        }
    }

    /// Takes off the ending of a folded word. Latin words in a part that has no language in Latin letters are taken for
    /// English.
    #[must_use]
    pub fn stem<'a>(&self, word: &'a str) -> Cow<'a, str> {
        let Some(first) = word.chars().next() else {
            return Cow::Borrowed(word);
        };
        let found = self
            .languages
            .iter()
            .find(|language| language::has_letter(language, first));
        let algorithm = match found {
            Some(language) => algorithm(language.primary()),
            None => first.is_ascii_alphabetic().then_some(Algorithm::English),
        };
        let is_known = first.is_ascii_alphabetic() && matches!(algorithm, Some(Algorithm::English));
        match algorithm.filter(|_| is_known || !self.is_english_alone) {
            Some(algorithm) if word.chars().all(char::is_alphabetic) && word.chars().count() <= LONGEST => {
                Stemmer::create(algorithm).stem(word)
            }
            _ => Cow::Borrowed(word),
        }
    }
}

/// Divides a text into parts whose languages are told apart by their scripts, each with the byte at which it begins.
#[must_use]
pub fn parts<'a>(text: &'a str, languages: &[Language]) -> Vec<(usize, &'a str, Stemming)> {
    let whole = || vec![(0, text, Stemming::of(languages))];
    if !language::share_a_script(languages) {
        return whole();
    }
    let blocks: Vec<&str> = text.split("\n\n").collect();
    let Ok(split) = language::split(&blocks, languages) else {
        return whole();
    };
    let mut parts = Vec::new();
    let (mut begin, mut blocks) = (0, blocks.into_iter());
    for (language, count) in split {
        let end = blocks
            .by_ref()
            .take(count)
            .fold(begin, |end, block| end + block.len() + 2)
            .min(text.len());
        // Latin letters in a part of another script may be of any of the languages.
        let others = languages.iter().filter(|other| **other != language).cloned();
        let known: Vec<Language> = [language.clone()].into_iter().chain(others).collect();
        parts.push((begin, &text[begin..end], Stemming::of(&known)));
        begin = end;
    }
    parts
}

fn algorithm(language: &str) -> Option<Algorithm> {
    Some(match language {
        "ar" => Algorithm::Arabic,
        "da" => Algorithm::Danish,
        "de" => Algorithm::German,
        "el" => Algorithm::Greek,
        "en" => Algorithm::English,
        "es" => Algorithm::Spanish,
        "fi" => Algorithm::Finnish,
        "fr" => Algorithm::French,
        "hu" => Algorithm::Hungarian,
        "it" => Algorithm::Italian,
        "nb" | "nn" | "no" => Algorithm::Norwegian,
        "nl" => Algorithm::Dutch,
        "pt" => Algorithm::Portuguese,
        "ro" => Algorithm::Romanian,
        "ru" => Algorithm::Russian,
        "sv" => Algorithm::Swedish,
        "ta" => Algorithm::Tamil,
        "tr" => Algorithm::Turkish,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn languages(tags: &str) -> Vec<Language> {
        tags.split(',').map(|tag| tag.parse().unwrap()).collect()
    }

    #[test]
    fn a_word_is_stemmed_by_the_language_of_its_part() {
        for (tags, word, stem) in [
            ("en", "bridges", "bridg"),
            ("zh,en", "bridges", "bridg"),
            ("zh", "bridges", "bridg"),
            ("mul", "bridges", "bridg"),
            ("pl", "bridges", "bridges"),
            ("zh,fr", "nationales", "national"),
            ("ru", "мосты", "мост"),
            ("zh", "мосты", "мосты"),
            ("en", "h200s", "h200s"),
            ("de", "häuser", "haus"),
        ] {
            assert_eq!(Stemming::of(&languages(tags)).stem(word), stem, "{tags} {word}");
        }
    }

    #[test]
    fn parts_of_one_script_are_told_apart_by_their_words() {
        let text = "The ministers of both countries met in the capital on Monday, and they signed nothing at all.\n\n\
                    Les ministres des deux pays se sont rencontrés lundi dans la capitale et n'ont rien signé du tout.\n";
        let parts = parts(text, &languages("en,fr"));
        assert_eq!(parts.len(), 2);
        assert!(parts[1].1.starts_with("Les ministres"));
        assert_eq!(parts.iter().map(|part| part.1).collect::<String>(), text);
        assert_eq!(parts[1].2.stem("rencontrés"), "rencontr");
        assert_eq!(parts[1].0, text.find("Les").unwrap());
    }

    proptest! {
        #[test]
        fn no_word_makes_a_stemmer_panic(word in "\\PC{0,12}|[а-яёäöüßéèçığş]{0,12}|[a-zα-ωάέή]{0,14}|[ء-يً-ْ]{0,10}|[அ-ஹா-்]{0,10}") {
            for tag in ["ar", "da", "de", "el", "en", "es", "fi", "fr", "hu", "it", "no", "nl", "pt", "ro", "ru", "sv", "ta", "tr"] {
                let folded: String = word.chars().flat_map(char::to_lowercase).collect();
                // Whatever the letters, as if they were the language's own.
                if let Some(algorithm) = algorithm(tag).filter(|_| folded.chars().all(char::is_alphabetic)) {
                    let _ = Stemmer::create(algorithm).stem(&folded);
                }
                let _ = Stemming::of(&languages(tag)).stem(&folded);
            }
        }
    }
}
