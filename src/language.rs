//! Languages: their tags. The parts of a page in each of them are told apart in `split`, by their scripts (`script`).

use std::fmt;
use std::str::FromStr;

mod script;
mod split;

pub use script::{has_letter, is_radical, mixed_word, right_to_left, share_a_script};
pub use split::{SplitError, declared_for, of_text, of_title, split};

/// The longest tag, in bytes.
pub const LONGEST_TAG: usize = 35;

/// A BCP 47 language tag in its usual case (`zh`, `zh-Hant`, `pt-BR`): the file name of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

/// Scripts that are written from right to left, as tags have them (ISO 15924).
const RIGHT_TO_LEFT_SCRIPTS: [&str; 8] = ["Adlm", "Arab", "Aran", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"];

/// Languages that are written in these where their tags name no script.
const RIGHT_TO_LEFT_LANGUAGES: [&str; 16] = [
    "ar", "arc", "ckb", "dv", "fa", "he", "lrc", "mzn", "nqo", "pnb", "ps", "sd", "syr", "ug", "ur", "yi",
];

/// A text that is no language tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no language tag; one looks like zh, en or zh-Hant (BCP 47)")]
pub struct LanguageError(pub String);

impl Language {
    /// Returns the tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first part of the tag: `zh` of `zh-Hant`.
    #[must_use]
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }

    /// Tells whether the language is written from right to left: by the script in its tag, else by its usual one.
    #[must_use]
    pub fn is_right_to_left(&self) -> bool {
        let mut parts = self.0.split('-').skip(1).take_while(|part| part.len() > 1);
        let is_script = |part: &&str| part.len() == 4 && part.bytes().all(|b| b.is_ascii_alphabetic());
        match parts.find(is_script) {
            Some(script) => RIGHT_TO_LEFT_SCRIPTS.contains(&script),
            None => RIGHT_TO_LEFT_LANGUAGES.contains(&self.primary()),
        }
    }

    /// Returns the file name of the language's source, `zh.md`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.md", self.0)
    }

    fn of(tag: &str) -> Self {
        Self(tag.to_owned())
    }
}

impl AsRef<str> for Language {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, LanguageError> {
        let refused = || LanguageError(text.to_owned());
        let mut tag = String::with_capacity(text.len());
        for (position, part) in text.split('-').enumerate() {
            let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
            let legal = match position {
                0 => letters && (2..=3).contains(&part.len()),
                _ => (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()),
            };
            if !legal || text.len() > LONGEST_TAG {
                return Err(refused());
            }
            let lower = part.to_ascii_lowercase();
            if position > 0 {
                tag.push('-');
            }
            match (position, part.len(), letters) {
                (1.., 4, true) => tag.extend([&lower[..1].to_ascii_uppercase(), &lower[1..]]),
                (1.., 2, true) => tag.push_str(&lower.to_ascii_uppercase()),
                _ => tag.push_str(&lower),
            }
        }
        Ok(Self(tag))
    }
}

/// Finds the tag that is meant by a wanted one: itself, or what is left of it when parts are taken off its end (RFC 4647, 3.4), or
/// else the first that has more parts behind it.
#[must_use]
pub fn lookup<'a, T: AsRef<str>>(
    wanted: &Language,
    mut there: impl Iterator<Item = &'a T> + Clone,
) -> Option<&'a T> {
    let mut range = wanted.as_str();
    loop {
        if let Some(found) = there.clone().find(|tag| tag.as_ref() == range) {
            return Some(found);
        }
        let Some((shorter, _)) = range.rsplit_once('-') else {
            break;
        };
        // One letter alone only begins what was taken off.
        range = match shorter.rsplit_once('-') {
            Some((before, last)) if last.len() == 1 => before,
            _ => shorter,
        };
    }
    let goes_on = |tag: &&T| {
        let rest = tag.as_ref().strip_prefix(wanted.as_str());
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    there.find(goes_on)
}

/// A text, and the language that is named before it, as in `LANG=TEXT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The language, where one is named.
    pub language: Option<Language>,
    /// The text.
    pub text: String,
}

impl Tagged {
    /// Makes a text of which nothing is a language's name.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self {
            language: None,
            text: text.to_owned(),
        }
    }

    /// Reads `LANG=TEXT`. Where what stands before the sign has not the form of a tag, as in `E=mc²` or `One = one`, all of it
    /// is the text.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let tagged = text.split_once('=').and_then(|(tag, text)| {
            Some(Self {
                language: Some(tag.parse().ok()?),
                text: text.to_owned(),
            })
        });
        tagged.unwrap_or_else(|| Self::plain(text))
    }
}

/// Returns tags with commas between them.
#[must_use]
pub fn list(languages: &[Language]) -> String {
    languages
        .iter()
        .map(Language::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_language_is_written_as_its_script_is() {
        let is_so = |tag: &str| tag.parse::<Language>().unwrap().is_right_to_left();
        for tag in ["ar", "he", "fa-IR", "ur", "az-Arab", "pa-Arab-PK"] {
            assert!(is_so(tag), "{tag}");
        }
        for tag in ["zh", "en", "ar-Latn", "az", "en-x-arab", "und"] {
            assert!(!is_so(tag), "{tag}");
        }
    }

    #[test]
    fn a_tag_is_looked_up_with_fewer_parts_and_then_with_more() {
        let found = |wanted: &str, there: &[&str]| {
            let there: Vec<Language> = there.iter().map(|tag| tag.parse().unwrap()).collect();
            lookup(&wanted.parse().unwrap(), there.iter()).map(ToString::to_string)
        };
        for (wanted, there, expected) in [
            ("zh-Hant", &["en", "zh"][..], Some("zh")),
            ("zh-Hant-TW", &["zh", "zh-Hant"], Some("zh-Hant")),
            ("zh-Hant", &["zh-Hant", "zh"], Some("zh-Hant")),
            ("zh", &["en", "zh-Hant", "zh-Hans"], Some("zh-Hant")),
            ("zh-Hant-x-old", &["zh-Hant"], Some("zh-Hant")),
            ("zh-Hant", &["zh-Hans", "zh-TW", "en"], None),
            ("fil", &["fi", "en"], None),
            ("fi", &["fil"], None),
        ] {
            assert_eq!(found(wanted, there).as_deref(), expected, "{wanted}");
        }
    }

    #[test]
    fn a_tag_is_kept_in_its_usual_case() {
        let tag = |text: &str| text.parse::<Language>().map(|language| language.to_string());
        assert_eq!(tag("ZH-hant-tw").as_deref(), Ok("zh-Hant-TW"));
        assert_eq!(tag("de-1996").as_deref(), Ok("de-1996"));
        for bad in ["", "z", "中文", "zh_CN", "zh-", "../x", "english", "zh-123456789"] {
            assert!(tag(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_tag_reads_back_what_it_prints(text in "[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}") {
            if let Ok(language) = text.parse::<Language>() {
                prop_assert_eq!(language.to_string().parse::<Language>(), Ok(language.clone()));
                prop_assert!(crate::object::tree::is_legal_name(&language.file_name()));
            }
        }
    }
}
