//! The check in a reader's browser: one script of plain JavaScript, put together of the parts in `verify/`. It stands in the
//! page itself, so that it works in a saved page and without a network, and the page's policy names it by its hash.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::theme::{self, Frame};
use super::wording::Wording;
use super::{BuildError, Shared};
use crate::article::Kind;
use crate::base64;
use crate::draft::html::scripts::KNOWN as KNOWN_SCRIPTS;
use crate::id::hex;
use crate::language::Language;
use crate::notice;

/// What every script of the check begins with, after its words.
const CORE: [&str; 8] = [
    include_str!("verify/say.js"),
    include_str!("verify/hash.js"),
    include_str!("verify/pack.js"),
    include_str!("verify/follow.js"),
    include_str!("verify/log.js"),
    include_str!("verify/reader.js"),
    include_str!("verify/verdict.js"),
    include_str!("verify/show.js"),
];

/// The words of the check by language, the first for any other.
const WORDS: [(&str, &str); 2] = [
    ("en", include_str!("verify/words/en.js")),
    ("zh", include_str!("verify/words/zh.js")),
];

static BELOW_FOOTERS: LazyLock<[Script; 2]> = LazyLock::new(|| scripts(include_str!("verify/page.js")));
static ALONE: LazyLock<[Script; 2]> = LazyLock::new(|| scripts(include_str!("verify/alone.js")));

/// A script, and the name by which a page's policy lets it run.
#[derive(Debug)]
pub struct Script {
    /// What stands in the `script` element.
    pub text: String,
    /// `sha256-…`, its hash as a Content-Security-Policy names it.
    pub source: String,
}

/// Returns the script of the control below a footer.
pub fn below_footer(words: &Wording) -> &'static Script {
    in_language(&BELOW_FOOTERS, words)
}

/// Returns these scripts in every language.
pub fn below_footers() -> [&'static Script; 2] {
    BELOW_FOOTERS.each_ref()
}

/// What the template of `verify.html` is filled in with.
#[derive(Serialize)]
struct Values<'a> {
    frame: Frame,
    words: &'static Wording,
    title: &'a str,
    home_link: &'a str,
    /// The SHA-256 of the style of articles' pages, which hides nothing.
    style: String,
    /// Those of the scripts that they have had, with blanks between: a page may have been saved long ago.
    scripts: String,
    /// What a site says around a revision, in each language: see [`notices`].
    notices: String,
    script: &'static str,
}

/// Writes `verify.html`.
///
/// # Errors
/// [`BuildError`] where a theme's template cannot be filled in.
pub fn page(shared: &Shared<'_>) -> Result<String, BuildError> {
    let settings = shared.settings;
    let words = Wording::of(settings.language_order.first().map_or("en", Language::as_str));
    let script = in_language(&ALONE, words);
    let values = Values {
        frame: shared.theme.frame("", &[script]),
        words,
        title: &settings.title,
        home_link: &settings.home_link,
        style: hex(&Sha256::digest(shared.page_frame.style())),
        scripts: KNOWN_SCRIPTS.join(" "),
        notices: notices().to_string(),
        script: &script.text,
    };
    Ok(shared.theme.fill("verify.html", &values)?)
}

/// Returns what stands around revisions: for each language that above an earlier one, and the words for kinds; the lines below a
/// footer, and how the others there begin.
fn notices() -> Value {
    let of = |words: &notice::Words| {
        let kinds = Kind::ALL.map(|kind| (kind.name().to_owned(), Value::from(words.kind(kind))));
        json!({
            "earlier": words.above_earlier(),
            "kinds": Value::Object(kinds.into_iter().collect()),
            "below": words.below(),
            "begins": [words.authors, words.tags, words.earlier],
        })
    };
    notice::ALL.map(of).into_iter().collect()
}

fn in_language(scripts: &'static [Script; 2], words: &Wording) -> &'static Script {
    let at = WORDS.iter().position(|(language, _)| *language == words.language);
    &scripts[at.unwrap_or(0)]
}

/// Its names are the script's own: another script in the page may have the same. It knows the program's own style by its hash.
fn scripts(last: &str) -> [Script; 2] {
    let style = hex(&Sha256::digest(theme::own_style_of_articles()));
    let last = last.replace("OWN_STYLE", &style);
    WORDS.map(|(_, words)| {
        let parts = [&[words][..], &CORE, &[last.as_str()]].concat().join("\n");
        // Every page carries it: what is for readers of the source stays there. No string goes over a line's end.
        let lines = parts.lines().map(str::trim_start);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
        let code: String = lines.flat_map(|line| [line, "\n"]).collect();
        let text = format!("\n'use strict';\n{{\n{code}}}\n");
        let source = base64::hash_source(&text);
        Script { text, source }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_ends_where_its_element_does_and_says_the_same_in_each_language() {
        for script in BELOW_FOOTERS.iter().chain(ALONE.iter()) {
            let lower = script.text.to_ascii_lowercase();
            assert!(!lower.contains("</script") && !lower.contains("<!--") && !lower.contains("<script"));
            assert!(script.source.len() == "sha256-".len() + 44);
            assert!(
                script
                    .text
                    .lines()
                    .all(|line| line.matches('`').count().is_multiple_of(2))
            );
        }
        let keys = |words: &str| -> Vec<String> {
            let lines = words.lines().filter_map(|line| line.trim().split_once(": "));
            lines.map(|(key, _)| key.to_owned()).collect()
        };
        let [(_, english), (_, chinese)] = WORDS;
        assert_eq!(keys(english), keys(chinese));
        for (words, known) in [(english, &notice::ENGLISH), (chinese, &notice::CHINESE)] {
            for named in [
                format!("button: '{}'", known.button),
                format!("alone: '{}'", known.elsewhere),
            ] {
                assert!(words.contains(&named), "{named}");
            }
        }
        assert!(keys(english).len() > 40);
    }
}
