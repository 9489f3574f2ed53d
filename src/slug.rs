//! The decoration in an article's id: lower-case words joined by hyphens, which no file system and no
//! git treats specially.

use std::fmt;
use std::str::FromStr;

use unicode_segmentation::UnicodeSegmentation;

/// The most bytes a slug may have.
pub const LONGEST: usize = 80;

/// How many words of a text a slug is made of.
const WORDS: usize = 8;

/// How long a slug made from a text becomes at most; shorter than [`LONGEST`] to leave room for `-2`.
const DERIVED_LONGEST: usize = 60;

/// Names that Windows gives to devices, whatever the folder.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Words of lower-case ASCII letters and digits joined by single hyphens, at most 80 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// Something else than lower-case words joined by single hyphens.
    #[error("a slug is lower-case letters and digits joined by single hyphens, like some-words; not {0:?}")]
    Form(String),
    /// More than 80 bytes.
    #[error("a slug has at most {LONGEST} bytes, this has {0}")]
    Length(usize),
    /// A name that Windows keeps for a device.
    #[error("{0:?} is a device's name on Windows; choose another slug")]
    Device(String),
}

impl Slug {
    /// Returns the slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes a slug from the first words of a text: accents dropped, Chinese as pinyin.
    ///
    /// Returns `None` where nothing of the text can be written in ASCII letters and digits.
    #[must_use]
    pub fn derive(text: &str) -> Option<Self> {
        let plain = deunicode::deunicode(&text.chars().take(400).collect::<String>());
        let mut slug = String::new();
        let words = plain
            .unicode_words()
            .flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric() && c != '\''));
        for word in words.filter(|word| !word.is_empty()).take(WORDS) {
            let word: String = word
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect();
            if word.is_empty() {
                continue;
            }
            if slug.is_empty() {
                slug.extend(word.chars().take(DERIVED_LONGEST));
            } else if slug.len() + 1 + word.len() <= DERIVED_LONGEST {
                slug.push('-');
                slug.push_str(&word);
            } else {
                break;
            }
        }
        if is_device(&slug) {
            slug.push_str("-1");
        }
        slug.parse().ok()
    }

    /// Returns this slug with a number at its end, for an article whose own slug is taken.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Self {
        let suffix = format!("-{number}");
        let kept = self.0.len().min(LONGEST - suffix.len());
        Self(format!("{}{suffix}", self.0[..kept].trim_end_matches('-')))
    }

    /// Returns the slug that got a number to become this one, and that number, where [`Slug::numbered`] may have given it and cut
    /// nothing off.
    #[must_use]
    pub fn unnumbered(&self) -> Option<(Self, usize)> {
        let (slug, digits) = self.0.rsplit_once('-')?;
        let slug: Self = slug.parse().ok()?;
        let number = digits.parse().ok().filter(|number| *number > 1)?;
        (slug.numbered(number) == *self).then_some((slug, number))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if !text.split('-').all(is_word) {
            return Err(SlugError::Form(text.to_owned()));
        }
        if text.len() > LONGEST {
            return Err(SlugError::Length(text.len()));
        }
        if is_device(text) {
            return Err(SlugError::Device(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_device(slug: &str) -> bool {
    let numbered = |prefix| {
        slug.strip_prefix(prefix)
            .is_some_and(|n: &str| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
    };
    DEVICES.contains(&slug) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_a_file_system_or_git_treats_specially_are_refused() {
        let long = "a".repeat(81);
        let bad = [
            "../x",
            "/x",
            "a/../b",
            ".git",
            ".GIT",
            "GIT~1",
            ".g\u{200c}it",
            "CON",
            "con",
            "nul.md",
            "com1",
            "a\\b",
            "a:b",
            "a.",
            "a ",
            &long,
            "a\nb",
            "a\u{1b}b",
            "",
            "-rf",
            "a--b",
            "a-",
            "é",
        ];
        for text in bad {
            assert!(text.parse::<Slug>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_slug_comes_from_english_words_accents_or_pinyin() {
        let derive = |text| Slug::derive(text).map(|slug| slug.0);
        assert_eq!(
            derive("The chief executive's “H200” chips").unwrap(),
            "the-chief-executives-h200-chips"
        );
        assert_eq!(derive("Été à Paris").unwrap(), "ete-a-paris");
        assert_eq!(derive("北京的春天").unwrap(), "bei-jing-de-chun-tian");
        assert_eq!(derive("……!"), None);
        assert_eq!(derive("CON").unwrap(), "con-1");
    }

    #[test]
    fn a_number_fits_on_the_longest_slug() {
        let slug: Slug = "a".repeat(80).parse().unwrap();
        assert!(slug.numbered(12).as_str().parse::<Slug>().is_ok());
    }

    proptest! {
        #[test]
        fn whatever_is_derived_is_a_slug(text in any::<String>(), number in 2usize..100_000) {
            if let Some(slug) = Slug::derive(&text) {
                prop_assert_eq!(slug.as_str().parse::<Slug>().unwrap(), slug.clone());
                prop_assert!(slug.numbered(number).as_str().parse::<Slug>().is_ok());
            }
        }
    }
}
