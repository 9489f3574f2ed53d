//! HTML pages: where the article is in one, its text, and the footer that ends it.
//!
//! A reader's eyes decide: what a browser does not show is no text, and a footer that stands in a comment, an
//! attribute or a hidden element is none.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use memchr::memmem;
use scraper::{ElementRef, Html, Node};

use super::{
    Beside, Draft, DraftError, DraftErrorKind, DraftFooter, Form, FrontMatter, Notice, NoticeKind, Place,
};
use crate::canonical::first_unprintable;
use crate::capture::charset;
use crate::date::{RevisionDate, UtcOffset};
use crate::footer::{self, Footer, FooterError};
use crate::proof::block;

use added::Added;
use beside::Named;
use numbers::Numbers;
use restated::Stated;
use text::{Kind, Piece, Purpose, TooDeep};

mod active;
mod added;
pub mod apart;
mod beside;
mod bounds;
mod dates;
mod grid;
mod hidden;
mod marks;
mod numbers;
mod own;
pub mod restated;
pub mod scripts;
mod source;
mod surroundings;
mod text;
mod xhtml;

/// The longest page in which an article that is not marked is sought by its look.
const LONGEST_SEARCHED: usize = 2 << 20;
/// The most elements of such a page.
const MOST_SEARCHED: usize = 20_000;

/// The most letters and digits that a line has beside its date, if it is no running text.
const LONGEST_BYLINE: usize = 100;

/// No line of an HTML page is known once it is parsed.
const LINE: usize = 0;

/// Reads an HTML page.
///
/// # Errors
/// [`DraftError`] if the page has no text, if its footer cannot be read or is not the only one, or if its
/// elements are nested deeper than a person nests them.
pub fn read(text: &str) -> Result<Draft, DraftError> {
    let text = &*text.replace('\0', "");
    let page = parse(text, Html::parse_document)?;
    let shown = shown_elements(page.root_element());
    let deep = |TooDeep| DraftError::at(LINE, DraftErrorKind::HtmlDepth);
    let mut proofs = data_blocks_of(&page, &block::MEDIA_TYPES, block::ELEMENT_ID);
    let carries_proof = proofs.next().is_some();
    // Of a page that carries its proof another check tells that.
    let mut outermost = [page.root_element(), body_of(page.root_element())].into_iter();
    if !carries_proof && outermost.any(text::is_never_shown) {
        return Err(DraftError::at(LINE, DraftErrorKind::Empty));
    }
    let further_proofs = proofs.count();
    let mut article = Article::find(&page, text.len(), &shown, carries_proof).map_err(deep)?;
    let mut notices = Vec::new();
    if has_shadow_root(page.root_element()) {
        notices.push(Notice {
            line: LINE,
            what: NoticeKind::ShadowRoot,
        });
    }
    notices.extend(article.wordless());
    notices.extend(article.hidden_notice());
    notices.extend(article.around_notice());
    if let Some(encoding) = other_encoding(text, page.root_element()) {
        notices.push(Notice {
            line: LINE,
            what: NoticeKind::Encoding(encoding),
        });
    }
    let footer = article.take_footer(&mut notices)?;
    let title = article.take_title();
    article.drop_frame();
    if article.pieces.is_empty() {
        let kind = if footer.is_some() {
            DraftErrorKind::OnlyFooter
        } else {
            DraftErrorKind::Empty
        };
        return Err(DraftError::at(LINE, kind));
    }
    let printed = match &footer {
        Some(_) if !carries_proof => Some(article.printed().map_err(deep)?),
        _ => None,
    };
    let headline = match title {
        Some(_) => None,
        None => headline(&shown),
    };
    let stated = dates::Stated::of(&page);
    let mut front = FrontMatter {
        languages: article.languages(page.root_element()),
        authors: authors(page.root_element(), &stated),
        source_url: canonical_link(page.root_element()),
        modified: stated.change(),
        ..FrontMatter::default()
    };
    front.title.plain = title;
    if footer.is_none() {
        front.date = stated.publication().or_else(|| article.date());
    }
    let mut faults = Vec::new();
    if carries_proof {
        faults = own::faults(text, page.root_element());
    }
    if further_proofs > 0 {
        faults.push(format!("{} proofs", further_proofs + 1));
    }
    Ok(Draft {
        front,
        blocks: text::blocks(article.pieces),
        footer,
        notices,
        apart: apart::of(article.place),
        beside: article.beside,
        hidden: article.hidden,
        veiled: beside::veiled_words(article.place),
        headline,
        carries_proof,
        printed,
        faults,
        has_strange_style: own::has_strange_style(page.root_element())
            || !carries_proof && own::has_look(page.root_element()),
        has_strange_script: !carries_proof && active::has_strange_script(page.root_element()),
        refresh: active::refresh(page.root_element()).filter(|_| !carries_proof),
        is_plain: false,
    })
}

/// Parses a page that does not ask too much of the parser.
fn parse(text: &str, parser: fn(&str) -> Html) -> Result<Html, DraftError> {
    let Some((line, excess)) = bounds::excess(&text.to_ascii_lowercase()) else {
        return Ok(parser(text));
    };
    let kind = match excess {
        bounds::Excess::Elements => DraftErrorKind::HtmlDepth,
        bounds::Excess::Attributes => DraftErrorKind::HtmlAttributes(bounds::MOST_ATTRIBUTES),
    };
    Err(DraftError::at(line, kind))
}

/// Reads a page of XHTML, in which an element may end where it begins.
///
/// # Errors
/// As for [`read`], and where HTML cannot say what the page says.
pub fn read_xhtml(text: &str) -> Result<Draft, DraftError> {
    let mut draft = read(&xhtml::as_html(text)?)?;
    if draft.carries_proof {
        draft.faults.push("the form of XML".to_owned());
    }
    draft.has_strange_style |= xhtml::names_style(text);
    // In XML these elements say nothing.
    draft.forget_encoding();
    Ok(draft)
}

/// Reads a page again with the moments that its `time` elements state in the place of their words, where `says_moment` tells of words and
/// moment that the words say no more; with these. `None` where no element has such words, or the page
/// cannot be read so.
#[must_use]
pub fn read_restated(
    text: &str,
    form: Form,
    says_moment: impl Fn(&str, &str) -> bool,
) -> Option<(Draft, Vec<Stated>)> {
    // Pages without such elements are many.
    memmem::find(text.as_bytes(), b"datetime")?;
    let text = match form {
        Form::Xhtml => Cow::Owned(xhtml::as_html(text).ok()?),
        _ => Cow::Borrowed(text),
    };
    let mut page = parse(&text.replace('\0', ""), Html::parse_document).ok()?;
    let restated = restated::restated(&mut page, says_moment)?;
    Some((read(&restated.source).ok()?, restated.moments))
}

/// Names an encoding that the page declares and by which a browser shows other characters than are read here.
fn other_encoding(text: &str, page: ElementRef<'_>) -> Option<&'static str> {
    let elements = page.descendants().filter_map(ElementRef::wrap);
    let metas = elements.filter(|element| element.value().name() == "meta");
    let labels: Vec<String> = metas
        .filter_map(|meta| {
            let attribute = |name| Some(meta.value().attr(name)?.trim().to_ascii_lowercase());
            let content = || charset::label_in(&attribute("content")?).map(str::to_owned);
            let is_type = attribute("http-equiv").is_some_and(|kind| kind == "content-type");
            attribute("charset").or_else(|| content().filter(|_| is_type))
        })
        .collect();
    charset::other_reading(text, labels.iter().map(String::as_str))
}

/// Tells whether a template of the page says that it is shown (HTML, "declarative shadow DOM").
fn has_shadow_root(page: ElementRef<'_>) -> bool {
    let mut elements = page.descendants().filter_map(ElementRef::wrap);
    elements.any(|element| {
        let element = element.value();
        element.name() == "template" && element.attr("shadowrootmode").is_some()
    })
}

/// Returns what stands in the page's data blocks of some types: `script` elements that no browser runs, with an id.
///
/// # Errors
/// [`DraftError`] if the page's elements are nested too deep.
pub fn data_blocks(text: &str, media_types: &[&str], id: &str) -> Result<Vec<String>, DraftError> {
    if !media_types.iter().any(|media_type| text.contains(media_type)) {
        return Ok(Vec::new());
    }
    let page = parse(text, Html::parse_document)?;
    let blocks = data_blocks_of(&page, media_types, id);
    Ok(blocks.map(|block| block.text().collect()).collect())
}

fn data_blocks_of<'a>(
    page: &'a Html,
    media_types: &'a [&'a str],
    id: &'a str,
) -> impl Iterator<Item = ElementRef<'a>> {
    let elements = page.root_element().descendants().filter_map(ElementRef::wrap);
    elements.filter(move |element| {
        let element = element.value();
        element.name() == "script"
            && element
                .attr("type")
                .is_some_and(|media_type| media_types.contains(&media_type))
            && element.attr("id") == Some(id)
    })
}

/// Counts the items of a page, once for all that is read of it.
fn numbers_of(page: &Html) -> Rc<Numbers> {
    Rc::new(Numbers::of(page.root_element()))
}

/// Returns the text that a browser shows of some blocks, an empty line between; `None` where they are nested too deep.
#[must_use]
pub fn shown_text(blocks: &str) -> Option<String> {
    let page = parse(blocks, Html::parse_fragment).ok()?;
    let pieces = text::pieces(page.root_element(), &numbers_of(&page)).ok()?;
    let plains: Vec<&str> = pieces.iter().map(|piece| piece.plain.as_str()).collect();
    Some(plains.join("\n\n"))
}

/// A page as it is compared with what a generator of pages was given.
#[derive(Debug, Clone, Default)]
pub struct Printed {
    /// Its blocks, without the footer.
    pub blocks: Vec<PrintedBlock>,
    /// How many links at headings, to these headings, are left out.
    pub anchors: usize,
    /// How many links back from notes, to what refers to these, are left out.
    pub ways_back: usize,
    /// Of how many pieces of code the numbers of their lines are.
    pub line_numbers: usize,
}

/// One block of such a page.
#[derive(Debug, Clone)]
pub struct PrintedBlock {
    /// What a reader sees.
    pub text: String,
    /// Whether it is a heading.
    pub is_heading: bool,
    /// Whether all its letters stand in links.
    pub is_linked: bool,
}

impl From<Piece> for PrintedBlock {
    fn from(piece: Piece) -> Self {
        Self {
            is_heading: matches!(piece.kind, Kind::Title | Kind::Heading),
            is_linked: piece.is_linked,
            text: piece.plain,
        }
    }
}

/// Reads blocks of HTML that were made of a source, with code between [`crate::commonmark::printed::CODE`] and
/// [`crate::commonmark::printed::CODE_END`]; `None` where they are nested too deep, or show words that are read of no page.
#[must_use]
pub fn given(blocks: &str) -> Option<Vec<PrintedBlock>> {
    let page = parse(blocks, Html::parse_fragment).ok()?;
    if text::leaves_words_out(page.root_element()) {
        return None;
    }
    let (pieces, _) = text::pieces_for(page.root_element(), Purpose::Given).ok()?;
    Some(pieces.into_iter().map(PrintedBlock::from).collect())
}

/// Where the article was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// In an element that marks it.
    Marked,
    /// By its look.
    Likely,
    /// The whole page is it.
    Page,
}

struct Article<'a> {
    extent: Extent,
    /// The page carries its proof.
    carries_proof: bool,
    /// Elements of the place, where it is one.
    shown: Vec<ElementRef<'a>>,
    pieces: Vec<Piece>,
    /// What the page shows after it.
    after: Vec<Piece>,
    /// What it shows beside it.
    beside: Vec<Beside>,
    /// What its own style hides in it.
    hidden: String,
    /// How many letters stand around it.
    around: usize,
    /// The element that it was found in.
    place: ElementRef<'a>,
    /// What it was found to be, where that is no element of the page.
    likely: Option<String>,
}

impl<'a> Article<'a> {
    /// Finds the article of a page of some length in bytes. Of one that carries a proof everything counts that it does not say to
    /// be none of its article.
    fn find(
        page: &'a Html,
        length: usize,
        shown: &[ElementRef<'a>],
        carries_proof: bool,
    ) -> Result<Self, TooDeep> {
        let named = if carries_proof {
            Named::Foreign
        } else {
            Named::Wordless
        };
        let one_of = |is_one: &dyn Fn(&ElementRef<'a>) -> bool| {
            let mut found = shown.iter().filter(|element| is_one(element));
            found.next().copied().filter(|_| found.next().is_none())
        };
        let the_one = |name: &str| one_of(&|element| element.value().name() == name);
        let has_role = |element: &ElementRef<'a>| element.value().attr("role") == Some("main");
        let the_main = || the_one("main").or_else(|| one_of(&has_role));
        let body = body_of(page.root_element());
        let numbers = numbers_of(page);
        let whole = the_main().unwrap_or(body);
        // An element may mark what is told beside the story. A page that carries its proof has one for its text.
        let is_text = |article: &ElementRef<'a>| carries_proof || surroundings::of(whole, *article).is_text();
        let marked = the_one("article").filter(is_text).or_else(the_main);
        if let Some(marked) = marked {
            return Ok(Self {
                extent: Extent::Marked,
                carries_proof,
                shown: shown_elements(marked),
                pieces: text::pieces(marked, &numbers)?,
                after: text::pieces_after(body, marked, &numbers)?,
                beside: beside::of(body, marked, named, &numbers),
                hidden: beside::hidden(marked),
                around: surroundings::of(body, marked).around,
                place: marked,
                likely: None,
            });
        }
        let mut whole = Self {
            extent: Extent::Page,
            carries_proof,
            shown: shown.to_vec(),
            pieces: text::pieces(body, &numbers)?,
            after: Vec::new(),
            beside: beside::of(body, body, named, &numbers),
            hidden: beside::hidden(body),
            around: 0,
            place: body,
            likely: None,
        };
        let is_plain = !shown
            .iter()
            .any(|e| matches!(e.value().name(), "div" | "section" | "table" | "article"));
        if is_plain || carries_proof || length > LONGEST_SEARCHED || shown.len() > MOST_SEARCHED {
            return Ok(whole);
        }
        let Some((pieces, likely)) = likely_article(page)? else {
            return Ok(whole);
        };
        // The page's last line counts as it does on a page that marks its article.
        let last = whole.pieces.pop_if(|last| reads_as_footer(last));
        let is_in = pieces
            .last()
            .is_some_and(|own| last.as_ref().is_some_and(|last| last.plain == own.plain));
        whole
            .beside
            .extend(left(std::mem::take(&mut whole.pieces), &pieces));
        Ok(Self {
            extent: Extent::Likely,
            likely: Some(likely),
            after: last.into_iter().filter(|_| !is_in).collect(),
            pieces,
            ..whole
        })
    }

    /// Reads it again, to compare it with what a generator of pages was given.
    fn printed(&self) -> Result<Printed, TooDeep> {
        let is_marked = self.extent == Extent::Marked;
        let (mut pieces, added) = match &self.likely {
            Some(likely) => {
                let likely = Html::parse_document(likely);
                text::pieces_for(likely.root_element(), Purpose::Printed)?
            }
            None => text::pieces_for(self.place, Purpose::Printed)?,
        };
        let is_break = |piece: &mut Piece| piece.kind == Kind::Break;
        while pieces.pop_if(is_break).is_some() {}
        let is_footer =
            |last: &mut Piece| last.kind == Kind::Paragraph && is_footer_line(&footer::tidied(&last.plain));
        pieces.pop_if(is_footer);
        if !is_marked {
            pieces.retain(|piece| !piece.in_footer);
        }
        while pieces.pop_if(is_break).is_some() {}
        let Added {
            anchors,
            ways_back,
            line_numbers,
        } = added;
        Ok(Printed {
            blocks: pieces.into_iter().map(PrintedBlock::from).collect(),
            anchors,
            ways_back,
            line_numbers,
        })
    }

    /// Tells of pictures that say nothing in words, unless the page says that they mean nothing.
    fn wordless(&self) -> Option<Notice> {
        let images = self.shown.iter().filter(|element| {
            let element = element.value();
            element.name() == "img" && element.attr("alt").is_none()
        });
        let count = if self.extent == Extent::Likely {
            0
        } else {
            images.count()
        };
        (count > 0).then_some(Notice {
            line: LINE,
            what: NoticeKind::WordlessImages(count),
        })
    }

    /// Tells that the page's style hides more than is read: some publishers' pages show their text by a script.
    fn hidden_notice(&self) -> Option<Notice> {
        let hidden = text::letters(&self.hidden);
        let read: usize = self.letters();
        (hidden > read).then_some(Notice {
            line: LINE,
            what: NoticeKind::Hidden(hidden),
        })
    }

    /// Tells that more stands around the article than in it.
    fn around_notice(&self) -> Option<Notice> {
        (self.around > self.letters().max(LONGEST_BYLINE)).then_some(Notice {
            line: LINE,
            what: NoticeKind::Around(self.around),
        })
    }

    fn letters(&self) -> usize {
        let plains = self.pieces.iter().map(|piece| piece.plain.as_str());
        plains.map(text::letters).sum()
    }

    /// Takes the footer off: the last of the article, or the only thing after it; of a page that carries its proof, only the
    /// former.
    fn take_footer(&mut self, notices: &mut Vec<Notice>) -> Result<Option<DraftFooter>, DraftError> {
        let is_break = |piece: &Piece| piece.kind == Kind::Break;
        self.after.retain(|piece| !is_break(piece));
        while self.pieces.last().is_some_and(is_break) {
            self.pieces.pop();
        }
        // The check in a browser asks for a footer to the character.
        let is_exact = self.carries_proof;
        let is_footer = |last: &Piece| {
            reads_as_footer(last)
                || !is_exact && last.kind == Kind::Paragraph && is_footer_line(&footer::tidied(&last.plain))
        };
        let is_behind = matches!(&self.after[..], [only] if is_footer(only));
        let own = self.pieces.pop_if(|last| is_footer(last));
        if is_behind && own.is_some() {
            return Err(DraftError::at(LINE, DraftErrorKind::TwoFooters));
        }
        let last = if is_behind && !self.carries_proof {
            let behind = self.after.pop();
            let is_it = |beside: &Beside| behind.as_ref().is_some_and(|piece| piece.plain == beside.text);
            if let Some(at) = self.beside.iter().rposition(is_it) {
                self.beside.remove(at);
            }
            behind
        } else {
            own
        };
        while self.pieces.last().is_some_and(is_break) {
            self.pieces.pop();
        }
        if last.is_some() && self.pieces.last().is_some_and(reads_as_footer) {
            return Err(DraftError::at(LINE, DraftErrorKind::TwoFooters));
        }
        if self.extent == Extent::Page {
            // Of a page's own footer only what claims to be one of ours is kept, and reported.
            let is_own = |piece: &mut Piece| piece.in_footer && !holds_footer(piece);
            let own = self.pieces.extract_if(.., is_own);
            self.beside.extend(own.map(|piece| Beside {
                place: Place::Frame,
                is_amid: false,
                is_near: false,
                is_apart: false,
                own: piece.plain.clone(),
                text: piece.plain,
            }));
        }
        let in_text = self
            .pieces
            .iter()
            .chain(&self.after)
            .filter(|piece| holds_footer(piece));
        notices.extend(in_text.map(|_| Notice {
            line: LINE,
            what: NoticeKind::FooterInText,
        }));
        let Some(last) = last else {
            return Ok(None);
        };
        let line = if is_exact {
            last.plain
        } else {
            footer::tidied(&last.plain)
        };
        let footer = line
            .parse()
            .map_err(|error: FooterError| DraftError::at(LINE, error))?;
        Ok(Some(DraftFooter { footer, line: LINE }))
    }

    /// Returns the only heading of the first level, if it stands before the text. In a header it is the title
    /// alone, elsewhere it stays text as well.
    fn take_title(&mut self) -> Option<String> {
        let mut titles = (0..self.pieces.len()).filter(|at| self.pieces[*at].kind == Kind::Title);
        let at = titles.next().filter(|_| titles.next().is_none())?;
        let before = &self.pieces[..at];
        let is_in_header = self.pieces[at].in_header;
        let may_precede = |piece: &Piece| {
            piece.in_header
                || is_back_link(piece)
                || is_in_header && !self.carries_proof && is_label(&piece.plain)
        };
        if !before.iter().all(may_precede) {
            return None;
        }
        let title = self.pieces[at].plain.replace('\n', " ");
        if first_unprintable(&title).is_some() {
            return None;
        }
        if self.pieces[at].in_header {
            self.pieces.remove(at);
            self.beside.insert(
                0,
                Beside {
                    place: Place::Frame,
                    is_amid: false,
                    is_near: false,
                    is_apart: false,
                    own: title.clone(),
                    text: title.clone(),
                },
            );
        }
        Some(title)
    }

    /// Drops the way back to the home page, and lines across the page that frame the text.
    fn drop_frame(&mut self) {
        if self.pieces.first().is_some_and(is_back_link) {
            let back_link = self.pieces.remove(0);
            self.beside.insert(0, Beside::back_link(back_link.plain));
        }
        let is_text = |piece: &Piece| piece.kind != Kind::Break;
        let start = self.pieces.iter().position(is_text).unwrap_or(self.pieces.len());
        self.pieces.drain(..start);
    }

    /// The page's language, unless its text is in several.
    fn languages(&self, root: ElementRef) -> Vec<String> {
        let language =
            |element: &ElementRef<'_>| element.value().attr("lang").map(|lang| lang.trim().to_owned());
        let Some(whole) = language(&root).filter(|lang| is_language(lang)) else {
            return Vec::new();
        };
        let primary = |lang: &str| lang.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let others = self.shown.iter().filter_map(language);
        let is_one_language = others.into_iter().all(|lang| primary(&lang) == primary(&whole));
        // Templates declare the language of their makers.
        let is_in_han = ["zh", "cmn", "yue", "ja", "ko"].contains(&&*primary(&whole));
        if !is_in_han && self.pieces.iter().all(is_han) {
            return Vec::new();
        }
        let is_one_script = self
            .pieces
            .windows(2)
            .all(|two| is_han(&two[0]) == is_han(&two[1]));
        if is_one_language && is_one_script {
            vec![whole]
        } else {
            Vec::new()
        }
    }

    fn date(&self) -> Option<String> {
        if self.extent == Extent::Likely {
            return None;
        }
        let published = dates::in_elements(&self.shown, "datePublished");
        let published = published.into_iter().find(|date| is_date(date));
        let is_time = |element: &&ElementRef<'_>| {
            let is_of_change = dates::is_of(**element, "dateModified");
            element.value().name() == "time" && (!is_of_change || dates::is_of(**element, "datePublished"))
        };
        let date = |time: &ElementRef<'_>| clean(time.value().attr("datetime")?).filter(|date| is_date(date));
        let all = self.shown.iter().filter(is_time);
        let mut marked = all.filter(|time| time.value().attr("pubdate").is_some());
        // What comes behind the text's beginning tells of other pages, and of remarks on this one.
        let is_text = |element: &ElementRef<'_>| {
            element.value().name() == "p" && !is_in_header(*element) && is_running_text(*element)
        };
        let begin = self.shown.iter().position(is_text).unwrap_or(self.shown.len());
        let before = || self.shown[..begin].iter().filter(is_time);
        let mut in_header = before().filter(|time| is_in_header(**time));
        let mut apart = before().filter(|time| !is_in_running_text(**time));
        published
            .or_else(|| marked.find_map(date))
            .or_else(|| in_header.find_map(date))
            .or_else(|| apart.find_map(date))
    }
}

/// Returns the element of a page that has all that it shows.
fn body_of(root: ElementRef<'_>) -> ElementRef<'_> {
    let children = root.children().filter_map(ElementRef::wrap);
    let bodies = children.filter(|child| child.value().name() == "body");
    bodies.last().unwrap_or(root)
}

fn is_in_header(element: ElementRef<'_>) -> bool {
    let mut above = element.ancestors().filter_map(ElementRef::wrap);
    above.any(|above| above.value().name() == "header")
}

/// Tells whether a text is a date that a revision can have.
fn is_date(text: &str) -> bool {
    RevisionDate::parse(text, UtcOffset::UTC).is_ok()
}

/// Tells whether a time stands in a sentence, which may tell of any day.
fn is_in_running_text(time: ElementRef<'_>) -> bool {
    let mut above = time.ancestors().filter_map(ElementRef::wrap);
    let paragraph = above.find(|above| matches!(above.value().name(), "p" | "li" | "td" | "blockquote"));
    paragraph.is_some_and(is_running_text)
}

/// Tells sentences from a line that names author and date.
fn is_running_text(paragraph: ElementRef<'_>) -> bool {
    let words = |element: ElementRef<'_>| {
        let letters = element
            .text()
            .flat_map(str::chars)
            .filter(|c| c.is_alphanumeric());
        letters.take(2 * LONGEST_BYLINE).count()
    };
    let inner = paragraph.descendants().filter_map(ElementRef::wrap);
    let times = inner.filter(|inner| inner.value().name() == "time");
    let others = words(paragraph).saturating_sub(times.map(words).sum());
    let text: String = paragraph.text().collect();
    others > 0 && (is_sentence(&text) || others > LONGEST_BYLINE)
}

fn is_sentence(text: &str) -> bool {
    text.trim_end().ends_with(|last| ".!?。！？…”»」".contains(last))
}

/// Tells a few words that label what is below them from text.
fn is_label(text: &str) -> bool {
    !is_sentence(text) && text::letters(text) <= LONGEST_BYLINE
}

/// Lists what a browser shows of an element, in the page's order, the element itself first.
fn shown_elements(root: ElementRef<'_>) -> Vec<ElementRef<'_>> {
    let mut shown = Vec::new();
    let mut pending = vec![root];
    while let Some(element) = pending.pop() {
        shown.push(element);
        let start = pending.len();
        let children = element.children().filter_map(ElementRef::wrap);
        pending.extend(children.filter(|child| !text::is_left_out(*child)));
        pending[start..].reverse();
    }
    shown
}

/// Finds the article of a page that does not mark it, as the reader views of browsers do. They are given only what is shown, as
/// they drop the attributes that would tell.
fn likely_article(page: &Html) -> Result<Option<(Vec<Piece>, String)>, TooDeep> {
    let shown = shown_alone(page);
    let config = dom_smoothie::Config {
        max_elements_to_parse: MOST_SEARCHED * 2,
        disable_json_ld: true,
        ..dom_smoothie::Config::default()
    };
    let readability = dom_smoothie::Readability::new(shown, None, Some(config)).ok();
    let readable = readability.filter(dom_smoothie::Readability::is_probably_readable);
    let Some(article) = readable.and_then(|mut page| page.parse().ok()) else {
        return Ok(None);
    };
    let content = Html::parse_document(&article.content);
    let pieces = text::pieces(content.root_element(), &numbers_of(&content))?;
    Ok((!pieces.is_empty()).then(|| (pieces, article.content.to_string())))
}

/// Returns a page without what of its body is not shown, such as the pictures for browsers without scripts.
fn shown_alone(page: &Html) -> String {
    let mut page = page.clone();
    let elements = body_of(page.root_element())
        .descendants()
        .filter_map(ElementRef::wrap)
        .skip(1);
    // A cell keeps its place.
    let (cells, elements): (Vec<_>, Vec<_>) = elements.partition(|element| {
        grid::is_cell(*element) && text::is_left_out(*element) && !text::is_never_shown(*element)
    });
    let within = cells.iter().flat_map(|cell| cell.children());
    let within: Vec<_> = within.map(|node| node.id()).collect();
    let cells: Vec<_> = cells.into_iter().map(|cell| cell.id()).collect();
    let unseen = elements.into_iter().filter(|element| {
        hidden::display(*element) != hidden::Display::Shown
            || text::hides_itself(*element)
            || element.value().name() == "noscript"
    });
    let unseen: Vec<_> = unseen.map(|element| element.id()).chain(within).collect();
    for id in cells {
        if let Some(mut cell) = page.tree.get_mut(id)
            && let Node::Element(cell) = cell.value()
        {
            cell.attrs
                .retain(|(own, _)| matches!(&*own.local, "colspan" | "rowspan"));
        }
    }
    // A number stays though an item before it goes.
    for (id, number) in Numbers::of(page.root_element()).all() {
        if let Some(mut item) = page.tree.get_mut(id)
            && let Node::Element(item) = item.value()
        {
            let mut name = item.name.clone();
            (name.ns, name.local) = ("".into(), "value".into());
            item.attrs.retain(|(own, _)| own.local != name.local);
            item.attrs.push((name, number.to_string().into()));
        }
    }
    for id in unseen {
        if let Some(mut element) = page.tree.get_mut(id) {
            element.detach();
        }
    }
    // What is left is shown though it has this attribute.
    for node in page.tree.values_mut() {
        if let Node::Element(element) = node {
            element.attrs.retain(|(name, _)| &*name.local != "hidden");
        }
    }
    page.html()
}

/// Lists what a page shows beside the pieces that were taken for its article.
fn left(all: Vec<Piece>, taken: &[Piece]) -> Vec<Beside> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for piece in taken {
        *times.entry(&piece.plain).or_default() += 1;
    }
    let mut left = Vec::new();
    for (at, piece) in all.into_iter().enumerate() {
        match times.get_mut(&*piece.plain) {
            Some(times) if *times > 0 => *times -= 1,
            _ if piece.kind == Kind::Break => {}
            _ if at == 0 && is_back_link(&piece) => left.push(Beside::back_link(piece.plain)),
            _ => left.push(Beside {
                place: Place::Loose,
                is_amid: true,
                is_near: false,
                is_apart: false,
                own: piece.plain.clone(),
                text: piece.plain,
            }),
        }
    }
    left
}

/// Returns the words of the one heading of the first level among the elements of a page.
fn headline(shown: &[ElementRef<'_>]) -> Option<String> {
    let mut headings = shown.iter().filter(|element| element.value().name() == "h1");
    let heading = headings.next().filter(|_| headings.next().is_none())?;
    let words: Vec<&str> = heading.text().flat_map(str::split_whitespace).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn reads_as_footer(piece: &Piece) -> bool {
    piece.kind == Kind::Paragraph && is_footer_line(&piece.plain)
}

/// Looks behind the marks of quotations and lists as well.
fn holds_footer(piece: &Piece) -> bool {
    let marks = |c: char| matches!(c, '>' | '-' | ' ');
    let mut lines = piece.plain.lines().map(|line| line.trim_start_matches(marks));
    lines.any(|line| {
        is_footer_line(line)
            || line
                .split_once(". ")
                .is_some_and(|(_, rest)| is_footer_line(rest))
    })
}

fn is_footer_line(line: &str) -> bool {
    Footer::looks_like_one(line) || line.parse::<Footer>().is_ok()
}

fn is_back_link(piece: &Piece) -> bool {
    piece.kind == Kind::Paragraph && piece.plain.starts_with('←') && !piece.plain.contains('\n')
}

/// Tells whether most letters of a block are Han, kana or hangul.
fn is_han(piece: &Piece) -> bool {
    let letters = piece.plain.chars().filter(|c| c.is_alphabetic()).take(2000);
    let (mut han, mut all) = (0, 0);
    for letter in letters {
        all += 1;
        han += usize::from(
            matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'),
        );
    }
    han * 3 > all
}

/// A language tag as BCP 47 shapes it.
fn is_language(tag: &str) -> bool {
    let is_subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let primary = tag.split('-').next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && tag.split('-').all(is_subtag)
}

fn clean(value: &str) -> Option<String> {
    let value = value.trim();
    let is_clean = !value.is_empty() && value.len() <= 2048 && first_unprintable(value).is_none();
    is_clean.then(|| value.to_owned())
}

/// The elements of a page's head, in which browsers look for what a page says of itself.
fn head_elements<'a>(root: ElementRef<'a>, name: &'a str) -> impl Iterator<Item = ElementRef<'a>> {
    let heads = root.children().filter_map(ElementRef::wrap);
    let heads = heads.filter(|head| head.value().name() == "head");
    let elements = heads.flat_map(|head| head.children().filter_map(ElementRef::wrap));
    elements.filter(move |element| element.value().name() == name)
}

fn authors(root: ElementRef<'_>, stated: &dates::Stated<'_>) -> Vec<String> {
    let mut authors: Vec<String> = Vec::new();
    for meta in head_elements(root, "meta").take(1000) {
        let attribute = |name: &str| meta.value().attr(name);
        let is_author = attribute("name").is_some_and(|name| name.trim().eq_ignore_ascii_case("author"));
        let author = attribute("content").filter(|_| is_author).and_then(clean);
        authors.extend(author.filter(|author| !authors.contains(author)));
    }
    if authors.is_empty() {
        authors = stated.authors();
    }
    authors
}

fn canonical_link(root: ElementRef) -> Option<String> {
    head_elements(root, "link").find_map(|link| {
        let rel = link.value().attr("rel")?;
        let is_canonical = rel
            .split_ascii_whitespace()
            .any(|rel| rel.eq_ignore_ascii_case("canonical"));
        let href = clean(link.value().attr("href").filter(|_| is_canonical)?)?;
        let lower = href.to_ascii_lowercase();
        (lower.starts_with("https://") || lower.starts_with("http://")).then_some(href)
    })
}

#[cfg(test)]
mod tests;
