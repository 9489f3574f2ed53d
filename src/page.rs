//! A page: what a reader sees. Its exact form is printed here; what is read leniently is read in `draft`.

use std::fmt;
use std::str::FromStr;

use crate::canonical::is_canonical;
use crate::footer::{Footer, FooterError};

/// The arrow that begins a back link.
pub const BACK_ARROW: char = '←';

/// A page in plain text: back link, empty line, text, empty line, footer, with no line feed after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The link back to the front page: one line that begins with [`BACK_ARROW`].
    pub back_link: String,
    /// The text in canonical form.
    pub text: String,
    /// The last line.
    pub footer: Footer,
}

/// Why bytes are no page in its exact form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The first line is no back link, or no empty line follows it.
    #[error("the page does not begin with a back link and an empty line")]
    BackLink,
    /// The text is empty or not in canonical form.
    #[error("the page's text is not in canonical form")]
    Text,
    /// The last line is no footer.
    #[error("the page's last line is no footer")]
    Footer(#[from] FooterError),
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n{}\n{}", self.back_link, self.text, self.footer)
    }
}

impl FromStr for Page {
    type Err = PageError;

    /// Reads a page in exactly the form that is printed.
    fn from_str(page: &str) -> Result<Self, PageError> {
        let (back_link, rest) = page.split_once("\n\n").ok_or(PageError::BackLink)?;
        if !back_link.starts_with(BACK_ARROW) || back_link.contains('\n') {
            return Err(PageError::BackLink);
        }
        let (text, footer) = rest.rsplit_once('\n').ok_or(PageError::Text)?;
        let footer = footer.parse()?;
        if text.is_empty() || !is_canonical(text) {
            return Err(PageError::Text);
        }
        Ok(Self {
            back_link: back_link.to_owned(),
            text: text.to_owned(),
            footer,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::canonical::{Invisible, canonical, decode};

    const FOOTER: &str = "2026-01-22 (Thursday) · a038737196a74c325d6a90900694dd78867e8af9";

    #[test]
    fn the_sample_page_is_in_the_exact_form() {
        let sample = include_str!("../tests/pages/2026-01-22-export-controls.txt");
        let page: Page = sample.parse().unwrap();
        assert_eq!(page.to_string(), sample);
        assert_eq!(page.text.matches("\n\n").count(), 5);
        for (from, to) in [
            ("\n\n", "\n"),
            ("← ", ""),
            ("\n\nIntro", "\n\n\nIntro"),
            ("\n\n2026-", " \n\n2026-"),
        ] {
            assert!(
                sample.replacen(from, to, 1).parse::<Page>().is_err(),
                "{from:?} {to:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_page_reads_back_what_it_prints(text in "[a-z 中。\n#>\t]{1,80}", link in "← [^\\n\\r]{0,20}") {
            let text = canonical(&decode(text.as_bytes(), Invisible::Refuse).unwrap());
            prop_assume!(!text.is_empty());
            let page = Page { back_link: link, text, footer: FOOTER.parse().unwrap() };
            prop_assert_eq!(page.to_string().parse::<Page>(), Ok(page.clone()));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = text.parse::<Page>();
            let _ = format!("← x\n\n{text}\n{FOOTER}").parse::<Page>();
        }
    }
}
