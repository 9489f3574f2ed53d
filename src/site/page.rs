//! The page of a revision: back link, text and footer in the form of the sample, and the proof that no reader sees.

use std::collections::HashSet;

use serde::Serialize;

use super::address;
use super::article::Place;
use super::theme::Frame;
use super::verify;
use super::wording::Wording;
use super::{BuildError, Link, Shared, linked_data, titles, whys};
use crate::article::{Kind, first_words};
use crate::base64;
use crate::canonical::{self, LONGEST_PAGE};
use crate::commonmark::html::{self as shown, Shown};
use crate::draft;
use crate::footer::SEPARATOR;
use crate::language::{Language, right_to_left};
use crate::object::ident::Person;
use crate::proof::block;
use crate::revision::Revision;
use crate::timemap;
use crate::verify::in_log;
use crate::withheld::{Kept, Reason};

/// Digits on a line of base64, as in mail.
const LINE: usize = 76;

/// The way from an article's folder to the site's.
pub const TO_SITE: &str = "../../../../";

/// What stands between back link and footer.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// The text.
    Text(&'a Revision),
    /// Why there is none.
    Withheld(&'a [Reason]),
}

/// A part of the text in one language.
#[derive(Debug, Serialize)]
pub struct Section {
    language: String,
    /// The direction of writing: it follows the first letter unless it is plain.
    dir: &'static str,
    html: String,
}

/// A link from the head of a page to what belongs to it.
#[derive(Debug, Serialize)]
pub struct Relation {
    rel: &'static str,
    href: String,
    #[serde(rename = "type")]
    media_type: Option<&'static str>,
    hreflang: Option<String>,
}

/// What a page's template is filled in with.
#[derive(Serialize)]
struct Values<'a> {
    frame: &'a Frame,
    words: &'static Wording,
    language: &'a str,
    title: String,
    authors: Vec<&'a str>,
    relations: Vec<Relation>,
    linked_data: String,
    to_site: &'static str,
    home_link: &'a str,
    sections: Vec<Section>,
    whys: Vec<(&'a str, String)>,
    is_withheld: bool,
    kind: &'static str,
    /// The word for the kind, where readers are to be told of it.
    kind_word: Option<&'static str>,
    /// What a retraction is called, in the place of that word.
    headline: Option<String>,
    /// Why there is this revision, where its text does not say it.
    note: Option<&'a str>,
    is_newest: bool,
    is_retracted: bool,
    earlier: Vec<Link>,
    tags: Vec<Link>,
    date: String,
    day: String,
    weekday: &'static str,
    separator: &'static str,
    commit: String,
    /// The file that has the proof, in the article's folder.
    proof_file: Option<String>,
    proof: Option<String>,
    proof_type: &'static str,
    proof_element: &'static str,
    log_proof: Option<String>,
    log_proof_type: &'static str,
    log_proof_element: &'static str,
    /// The check below the footer.
    script: &'static str,
}

/// Writes the page of a revision. What a browser shows of it, read back, is the revision's text.
///
/// # Errors
/// [`BuildError`] where a theme's template cannot be filled in, or makes another text of it, or too much.
pub fn html(
    shared: &Shared<'_>,
    kept: &Kept,
    body: Body<'_>,
    place: &Place<'_>,
    proof: Option<&[u8]>,
) -> Result<String, BuildError> {
    let mut values = values(shared, kept, place, proof);
    let revision = match body {
        Body::Withheld(reasons) => {
            values.is_withheld = true;
            values.whys = whys(reasons);
            return Ok(shared.theme.fill("page.html", &values)?);
        }
        Body::Text(revision) => revision,
    };
    let titles = titles(revision);
    values.title = titles
        .into_iter()
        .next()
        .map_or_else(|| first_words(&revision.page_text), |(_, title)| title);
    if revision.metadata().kind == Kind::Retraction {
        values.headline = revision
            .metadata()
            .titles
            .values()
            .find(|title| **title == values.title)
            .cloned();
        values.note = values.note.filter(|note| !says(&revision.page_text, note));
    }
    values.authors = revision.metadata().authors.iter().map(Person::name).collect();
    values.tags = revision.metadata().tags.iter().map(|tag| tag_link(tag)).collect();
    // Blocks that are read well alone may be taken for the page's frame together; as they stand they are not.
    for markup in [Markup::Shown, Markup::None] {
        values.sections = sections(revision, markup);
        let page = shared.theme.fill("page.html", &values)?;
        if page.len() > LONGEST_PAGE {
            return Err(BuildError::TooLong(revision.id));
        }
        let is_shown = if shared.theme.has_own_templates() {
            reads_back(&bare(&page, &unread(&values)), revision)
        } else {
            reads_back(&page, revision)
        };
        if is_shown {
            return Ok(page);
        }
    }
    Err(BuildError::Shown(revision.id))
}

fn values<'a>(shared: &'a Shared<'_>, kept: &'a Kept, place: &Place<'_>, proof: Option<&[u8]>) -> Values<'a> {
    let message = kept.message();
    let trailers = &message.trailers;
    let language = trailers.languages.first().map_or("en", Language::as_str);
    let words = Wording::of(language);
    let kind = trailers.kind;
    let newest = place.revisions.first().copied().unwrap_or(kept);
    let earlier = place
        .revisions
        .iter()
        .filter(|one| one.message().trailers.revision < trailers.revision);
    let footer = kept.footer();
    let log_proof = proof.and_then(|_| shared.in_log.proof(footer.commit));
    Values {
        frame: &shared.page_frame,
        words,
        language,
        title: shared.settings.title.clone(),
        authors: Vec::new(),
        relations: relations(shared, kept, place, proof.is_some()),
        linked_data: linked_data::of(shared, kept, place),
        to_site: TO_SITE,
        home_link: &shared.settings.home_link,
        sections: Vec::new(),
        whys: Vec::new(),
        is_withheld: false,
        kind: kind.name(),
        kind_word: (kind.needs_note() || message.note.is_some()).then(|| words.kind(kind)),
        headline: None,
        note: message.note.as_deref(),
        is_newest: place.is_newest(kept),
        is_retracted: newest.message().trailers.kind == Kind::Retraction,
        earlier: earlier.map(|earlier| revision_link(earlier, words)).collect(),
        tags: Vec::new(),
        date: kept.commit().author.date.to_string(),
        day: footer.day.to_string(),
        weekday: footer.weekday(),
        separator: SEPARATOR,
        commit: footer.commit.to_string(),
        proof_file: proof.map(|_| proof_file(trailers.revision)),
        proof: proof.map(block::encode),
        proof_type: block::MEDIA_TYPE,
        proof_element: block::ELEMENT_ID,
        log_proof: log_proof.map(|proof| lines_of_base64(proof.as_bytes())),
        log_proof_type: in_log::MEDIA_TYPE,
        log_proof_element: in_log::ELEMENT_ID,
        script: &verify::below_footer(words).text,
    }
}

/// Returns what belongs to a page: its lasting address, the other versions of it (RFC 5829, RFC 7089), the proof.
fn relations(shared: &Shared<'_>, kept: &Kept, place: &Place<'_>, has_proof: bool) -> Vec<Relation> {
    let trailers = &kept.message().trailers;
    let mut relations = Vec::new();
    let mut relate = |rel, href: String, media_type, hreflang| {
        relations.push(Relation {
            rel,
            href,
            media_type,
            hreflang,
        });
    };
    let name = |number: u32| format!("{}.html", address::revision(number));
    let number = trailers.revision;
    let is_newest = place.is_newest(kept);
    if let Some(base) = &shared.base {
        let page = if is_newest {
            address::HOME.to_owned()
        } else {
            name(number)
        };
        let canonical = base.at(&format!("{}/{page}", trailers.article));
        for language in &trailers.languages {
            relate("alternate", canonical.clone(), None, Some(language.to_string()));
        }
        relate("canonical", canonical, None, None);
    }
    relate("latest-version", address::HOME.to_owned(), None, None);
    relate("version-history", address::HISTORY.to_owned(), None, None);
    if number > 1 {
        relate("predecessor-version", name(number - 1), None, None);
    }
    if !is_newest {
        relate("successor-version", name(number + 1), None, None);
    }
    relate("original", address::HOME.to_owned(), None, None);
    relate(
        "timemap",
        address::TIMEMAP.to_owned(),
        Some(timemap::MEDIA_TYPE),
        None,
    );
    if has_proof {
        relate(
            "alternate",
            proof_file(number),
            Some("application/x-git-pack"),
            None,
        );
    }
    if shared.base.is_some() {
        relate(
            "alternate",
            format!("{TO_SITE}{}", address::ATOM),
            Some("application/atom+xml"),
            None,
        );
    }
    relations
}

/// Returns the name of the file in an article's folder that has the proof of a revision.
fn proof_file(number: u32) -> String {
    format!("{}.proof", address::revision(number))
}

/// Tells whether a text has all words of a note: a retraction has one for each language, the revision all of them in a row.
fn says(text: &str, note: &str) -> bool {
    let words: HashSet<&str> = text.split_whitespace().collect();
    note.split_whitespace().all(|word| words.contains(word))
}

/// Returns the parts of a revision's text as HTML.
pub fn sections(revision: &Revision, markup: Markup) -> Vec<Section> {
    let article = &revision.article;
    let parts = article.metadata.languages.iter().zip(&article.sources);
    let mut sections: Vec<Section> = parts
        .map(|(language, source)| section(language, source, markup))
        .collect();
    // A line at the end would be taken for one above the footer.
    if let Some(last) = sections.last_mut()
        && let Some(before) = last.html.strip_suffix("<hr>\n")
    {
        last.html = before.to_owned() + &shown::verbatim("* * *");
    }
    sections
}

/// Whether a text is shown with its markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// With it, where the text stays what it is.
    Shown,
    /// To the last blank, without it.
    None,
}

impl Section {
    /// Writes the section as an element.
    pub fn element(&self) -> String {
        format!(
            "<div lang=\"{}\" dir=\"{}\">\n{}</div>\n",
            self.language, self.dir, self.html
        )
    }
}

fn section(language: &Language, source: &str, markup: Markup) -> Section {
    // The revision was checked, so that each of its sources has a text.
    let blocks = shown::blocks(source).unwrap_or_default();
    let html = blocks.iter().map(|block| block_html(block, markup)).collect();
    Section {
        language: language.to_string(),
        dir: direction(language, &blocks),
        html,
    }
}

/// Returns the direction that a part is shown in. A text from right to left may begin with a name in other letters; a browser
/// goes by these where it is not told.
fn direction(language: &Language, blocks: &[Shown]) -> &'static str {
    if !language.is_right_to_left() {
        return "auto";
    }
    let counts = blocks.iter().map(|block| right_to_left(&block.plain));
    let (so, others) = counts.fold((0, 0), |(so, others), count| (so + count.0, others + count.1));
    // Whoever checks the page believes it of a text most of which is so.
    if so >= 2 * others && so > 0 { "rtl" } else { "auto" }
}

/// Returns a block as a browser shows its very text: with its markup where that leaves the text what it is.
fn block_html(block: &Shown, markup: Markup) -> String {
    let is_exact = markup == Markup::Shown
        && (block.is_exact() || draft::html::shown_text(&block.html).is_some_and(|text| text == block.plain));
    if is_exact {
        block.html.clone()
    } else {
        let paragraphs = canonical::paragraphs(&block.plain);
        paragraphs.map(|paragraph| shown::verbatim(&paragraph)).collect()
    }
}

/// Returns the elements of a page that are most of it and that no reader of a text looks into: style, proof and script, each
/// as its start tag and what is in it.
fn unread<'a>(values: &'a Values<'_>) -> Vec<(String, &'a str)> {
    let proof = values.proof.as_ref().map(|proof| {
        (
            format!(
                "<script type=\"{}\" id=\"{}\">\n",
                block::MEDIA_TYPE,
                block::ELEMENT_ID
            ),
            proof.as_str(),
        )
    });
    let style = ("<style>".to_owned(), values.frame.style());
    let script = ("<script>".to_owned(), values.script);
    [Some(style), proof, Some(script)].into_iter().flatten().collect()
}

/// Returns a page without what is in some elements that follow one another, where that is there to the letter: a character
/// stands in its place that no text has, so that what was shown of it would be found.
fn bare(page: &str, elements: &[(String, &str)]) -> String {
    let mut bare = String::new();
    let mut rest = page;
    for (tag, content) in elements {
        let found = memchr::memmem::find_iter(rest.as_bytes(), tag).find_map(|at| {
            let begin = at + tag.len();
            let after = rest[begin..].strip_prefix(content)?;
            after.starts_with("</").then_some((begin, after))
        });
        if let Some((begin, after)) = found {
            bare.push_str(&rest[..begin]);
            bare.push('\u{1}');
            rest = after;
        }
    }
    bare + rest
}

/// Tells whether what a browser shows of a page is a revision's text and footer, and nothing that a reader would take for a
/// part of them.
fn reads_back(page: &str, revision: &Revision) -> bool {
    draft::html::read(page).is_ok_and(|draft| {
        draft.faults.is_empty()
            && draft
                .beside
                .iter()
                .all(|beside| beside.place != draft::Place::Loose)
            && draft.text() == revision.page_text
            && draft
                .footer
                .is_some_and(|found| found.footer == revision.footer())
    })
}

/// Returns a link to the page of a revision of the same article.
pub fn revision_link(kept: &Kept, words: &Wording) -> Link {
    let number = kept.message().trailers.revision;
    Link {
        href: format!("{}.html", address::revision(number)),
        text: words.revision(number),
    }
}

fn tag_link(tag: &str) -> Link {
    Link {
        href: format!("{TO_SITE}{}", address::tag(tag)),
        text: tag.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_an_element_to_the_letter_is_left_out() {
        let elements = [("<style>".to_owned(), "p{}"), ("<script>".to_owned(), "'x'")];
        let without = |page: &str| bare(page, &elements);
        assert_eq!(
            without("<style>p{}</style><p>a</p><script>'x'</script>b"),
            "<style>\u{1}</style><p>a</p><script>\u{1}</script>b"
        );
        assert_eq!(
            without("<style>q{}</style><style>p{}</style><script>'y'</script>"),
            "<style>q{}</style><style>\u{1}</style><script>'y'</script>"
        );
        for same in [
            "<style>p{} </style>",
            "<style >p{}</style>",
            "<style>p{}",
            "&lt;style>p{}</style>",
            "<script>'x'<p>",
        ] {
            assert_eq!(without(same), same);
        }
        // What a browser shows is found.
        let shown = without("<article><p>a</p>&lt;<xmp><style>p{}</style></xmp></article>");
        assert!(draft::html::shown_text(&shown).is_some_and(|text| text.contains('\u{1}')));
    }
}
