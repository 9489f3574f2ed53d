//! The page of a revision: back link, text and footer in the form of the sample, and the proof that no reader sees.

use askama::Template;
use sha2::{Digest, Sha256};

use super::wording::Wording;
use super::{GENERATOR, titles, whys};
use crate::article::{Kind, first_words};
use crate::base64;
use crate::canonical;
use crate::commonmark::html::{self as shown, Shown};
use crate::date::RevisionDate;
use crate::diff::html::escape;
use crate::draft;
use crate::footer::{Footer, SEPARATOR};
use crate::language::Language;
use crate::object::ident::Person;
use crate::proof::{ELEMENT_ID, MEDIA_TYPE};
use crate::revision::Revision;
use crate::settings::Settings;
use crate::withheld::{Kept, Reason};

/// The style of every page.
pub const STYLE: &str = include_str!("style.css");

/// Digits on a line of base64, as in mail.
const LINE: usize = 76;

/// What stands between back link and footer.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// The text.
    Text(&'a Revision),
    /// Why there is none.
    Withheld(&'a [Reason]),
}

/// Where a revision stands among those of its article.
#[derive(Debug)]
pub struct Place<'a> {
    /// The newest.
    pub newest: &'a Kept,
    /// Whether it is this one.
    pub is_newest: bool,
    /// Those before it, newest first.
    pub earlier: &'a [Kept],
}

/// Returns the name of a revision's files in the article's folder, without an ending.
pub fn name(kept: &Kept, is_newest: bool) -> String {
    if is_newest {
        "index".to_owned()
    } else {
        format!("r{}", kept.message().trailers.revision)
    }
}

/// A part of the text in one language.
struct Section {
    language: String,
    html: String,
}

/// A link to another revision.
struct Link {
    name: String,
    text: String,
}

/// The page, filled in.
#[derive(Template)]
#[template(path = "site/page.html")]
pub struct Page<'a> {
    words: &'static Wording,
    language: String,
    title: String,
    authors: Vec<&'a str>,
    home_link: &'a str,
    name: String,
    sections: Vec<Section>,
    whys: Vec<(&'a str, String)>,
    is_withheld: bool,
    kind: Kind,
    note: Option<&'a str>,
    is_newest: bool,
    is_retracted: bool,
    earlier: Vec<Link>,
    date: RevisionDate,
    footer: Footer,
    proof: Option<String>,
}

impl<'a> Page<'a> {
    /// Writes the page. What a browser shows of it, read back, is the revision's text.
    pub fn html(
        settings: &'a Settings,
        kept: &'a Kept,
        body: Body<'a>,
        place: &Place<'a>,
        proof: Option<&[u8]>,
    ) -> String {
        let message = kept.message();
        let language = message.trailers.languages.first().map_or("en", Language::as_str);
        let words = Wording::of(language);
        let mut page = Self {
            words,
            language: language.to_owned(),
            title: settings.title.clone(),
            authors: Vec::new(),
            home_link: &settings.home_link,
            name: name(kept, place.is_newest),
            sections: Vec::new(),
            whys: Vec::new(),
            is_withheld: false,
            kind: message.trailers.kind,
            note: None,
            is_newest: place.is_newest,
            is_retracted: place.newest.message().trailers.kind == Kind::Retraction,
            earlier: place.earlier.iter().map(|earlier| link(earlier, words)).collect(),
            date: kept.commit().author.date,
            footer: kept.footer(),
            proof: proof.map(lines_of_base64),
        };
        match body {
            Body::Withheld(reasons) => {
                page.is_withheld = true;
                page.whys = whys(reasons);
                page.written()
            }
            Body::Text(revision) => {
                page.note = message.note.as_deref();
                page.title = titles(revision)
                    .into_iter()
                    .next()
                    .map_or_else(|| first_words(&revision.page_text), |(_, title)| title);
                page.authors = revision.metadata().authors.iter().map(Person::name).collect();
                page.of_text(revision)
            }
        }
    }

    fn of_text(&mut self, revision: &Revision) -> String {
        let article = &revision.article;
        let parts = || article.metadata.languages.iter().zip(&article.sources);
        self.sections = parts()
            .map(|(language, source)| section(language, source, Markup::Shown))
            .collect();
        let page = self.written();
        if reads_back(&page, revision) {
            return page;
        }
        // Blocks that are read well alone may be taken for the page's frame together; as they stand they are not.
        self.sections = parts()
            .map(|(language, source)| section(language, source, Markup::None))
            .collect();
        self.written()
    }

    fn written(&self) -> String {
        let html = self.render();
        html.expect("a String takes whatever is written to it") + "\n"
    }

    /// Returns the name by which a browser is told that this style and no other counts.
    fn style_source() -> String {
        format!("sha256-{}", base64::encode(&Sha256::digest(STYLE)))
    }

    fn home_link(&self) -> String {
        escape(self.home_link)
    }

    fn noted(text: &str) -> String {
        format!("<bdi>{}</bdi>", escape(text))
    }
}

/// Whether a text is shown with its markup.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Markup {
    Shown,
    None,
}

fn section(language: &Language, source: &str, markup: Markup) -> Section {
    // The revision was checked, so that each of its sources has a text.
    let blocks = shown::blocks(source).unwrap_or_default();
    let html = blocks.iter().map(|block| block_html(block, markup)).collect();
    Section {
        language: language.to_string(),
        html,
    }
}

/// Returns a block as a browser shows its very text: with its markup where that leaves the text what it is.
fn block_html(block: &Shown, markup: Markup) -> String {
    let is_exact = markup == Markup::Shown
        && draft::html::shown_text(&block.html).is_some_and(|text| text == block.plain);
    if is_exact {
        block.html.clone()
    } else {
        let paragraphs = canonical::paragraphs(&block.plain);
        paragraphs.map(|paragraph| shown::verbatim(&paragraph)).collect()
    }
}

/// Tells whether what a browser shows of a page is a revision's text and footer.
pub fn reads_back(page: &str, revision: &Revision) -> bool {
    draft::html::read(page).is_ok_and(|draft| {
        draft.text() == revision.page_text
            && draft
                .footer
                .is_some_and(|found| found.footer == revision.footer())
    })
}

fn link(earlier: &Kept, words: &Wording) -> Link {
    let number = earlier.message().trailers.revision;
    let [before, after] = words.revision;
    Link {
        name: name(earlier, false),
        text: format!("{before}{number}{after}"),
    }
}

fn lines_of_base64(bytes: &[u8]) -> String {
    let digits = base64::encode(bytes);
    let mut lines = String::with_capacity(digits.len() + digits.len() / LINE + 1);
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines
}
