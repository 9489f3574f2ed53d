//! The text of elements, as a browser shows it, and the CommonMark that gives the same text.

use std::cell::Cell;
use std::ops::Deref;
use std::rc::Rc;

use scraper::{ElementRef, Node};

use super::LINE;
use super::added::{self, Added, Notes};
use super::grid;
use super::hidden::{self, Display, Visibility};
use super::marks;
use super::numbers::Numbers;
use super::source::{Run, Style, kept_link, mark_struck, source_of};
use crate::canonical::{self, nfc};
use crate::capture::wayback;
use crate::commonmark::printed::{CODE, CODE_END, NOTE};
use crate::commonmark::{self, Block};

/// The deepest element that is read. The parser adds some of its own to those a page writes.
const DEEPEST: usize = 400;
/// The deepest list or quotation that is shown as one.
const DEEPEST_NEST: usize = 12;
/// The longest text that is written in characters above or below the line, in bytes.
const LONGEST_SHIFTED: usize = 256;
/// The most cells that are written in a table where others are laid over several columns or rows.
const MOST_EMPTY_CELLS: usize = 10_000;
/// How many characters of a word are looked at, to tell whether it is a number.
const LONGEST_WORD: usize = 16;
/// The longest block whose emphasis and links are kept.
const LONGEST_SOURCE: usize = 1 << 20;

/// Elements that hold no text of the article, or show theirs in another way than words one after the other.
pub const LEFT_OUT: &[&str] = &[
    "script",
    "style",
    "template",
    "noscript",
    "nav",
    "aside",
    "button",
    "iframe",
    "svg",
    "head",
    "title",
    "textarea",
    "select",
    "input",
    "object",
    "embed",
    "applet",
    "audio",
    "video",
    "canvas",
    "map",
    "menu",
    "noframes",
    "noembed",
    "datalist",
    "progress",
    "meter",
    "math",
    "marquee",
    "option",
    "optgroup",
    "fencedframe",
    "permission",
    "geolocation",
];
/// Elements by which a form is a part of the text: some programs put whole pages into one.
const TEXT_IN_FORM: &[&str] = &["article", "h1", "h2", "h3", "h4", "h5", "h6", "main", "p"];
/// Elements by which one is that stands around all of a page.
const LAYOUT_IN_FORM: &[&str] = &["div", "section", "table"];
/// The most elements that a form is searched through for such.
const MOST_SEARCHED_IN_FORM: usize = 10_000;
/// Roles that say the same of any element.
const LEFT_OUT_ROLES: &[&str] = &[
    "navigation",
    "complementary",
    "search",
    "menu",
    "menubar",
    "toolbar",
    "dialog",
    "alertdialog",
];
/// Elements that stand on lines of their own.
pub const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "legend",
    "li",
    "listing",
    "main",
    "ol",
    "optgroup",
    "option",
    "p",
    "plaintext",
    "pre",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
    "xmp",
];

/// What stands in an element.
pub type NodeOf<'a> = <ElementRef<'a> as Deref>::Target;

/// The page's elements are nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooDeep;

/// What kind of block a text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A paragraph, or text in an element of no kind.
    Paragraph,
    /// A heading of the first level.
    Title,
    /// A line across the page.
    Break,
    /// A list.
    List,
    /// A lower heading.
    Heading,
    /// A quotation, a table, code.
    Other,
}

/// For what the elements are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// For what a browser shows.
    #[default]
    Shown,
    /// To be compared with what a generator of pages was given: without what such programs add to a text.
    Printed,
    /// For what is to be compared with that: the same, with code between [`CODE`] and [`CODE_END`].
    Given,
}

/// A block of text and where it stood.
#[derive(Debug, Clone)]
pub struct Piece {
    /// What a reader sees.
    pub plain: String,
    /// CommonMark that may give it; none where only escaped text does.
    source: Option<String>,
    /// What it was.
    pub kind: Kind,
    /// It stood in a `header`.
    pub in_header: bool,
    /// It stood in a `footer`.
    pub in_footer: bool,
    /// All of its letters stood in links.
    pub is_linked: bool,
}

impl Piece {
    /// Returns it as a block whose source gives the very text.
    pub fn into_block(self) -> Block {
        let short = self
            .source
            .as_ref()
            .filter(|source| source.len() <= LONGEST_SOURCE);
        let gives_the_text = |source: &String| {
            commonmark::plain_text(source).is_ok_and(|text| text.trim_end_matches('\n') == self.plain)
        };
        // A character may combine with one of another element.
        let source = short.map(|source| nfc(source.clone())).filter(gives_the_text);
        Block {
            loses_markup: self.source.is_some() && source.is_none(),
            source: source.unwrap_or_else(|| commonmark::escape(&self.plain)),
            plain: self.plain,
            line: LINE,
        }
    }

    fn inner_source(&self) -> String {
        self.source
            .clone()
            .unwrap_or_else(|| commonmark::escape(&self.plain))
    }
}

/// Returns the blocks that pieces are, one below the other. A list would take in one that follows it.
pub fn blocks(pieces: Vec<Piece>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::with_capacity(pieces.len());
    let mut is_below_list = false;
    for piece in pieces {
        let is_list = piece.kind == Kind::List;
        let mut block = piece.into_block();
        if let Some(above) = blocks.last().filter(|_| is_below_list) {
            block.put_below(above);
        }
        is_below_list = is_list && !block.loses_markup;
        blocks.push(block);
    }
    blocks
}

/// Tells whether an element is not shown, or shows no part of an article.
pub fn is_left_out(element: ElementRef) -> bool {
    hidden::display(element) != Display::Shown || hides_itself(element) || is_no_text(element)
}

/// Tells whether an element shows no part of an article, whether it is shown or not.
pub fn is_no_text(element: ElementRef) -> bool {
    let value = element.value();
    LEFT_OUT.contains(&value.name())
        || value.name() == "form" && !is_text(element)
        || value
            .attr("aria-hidden")
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
        || value
            .attr("role")
            .is_some_and(|role| LEFT_OUT_ROLES.contains(&role.trim().to_ascii_lowercase().as_str()))
        || wayback::is_frame(element)
}

/// Tells whether an element would show a part of an article if it did not hide that by its own style.
pub fn is_hidden_text(element: ElementRef) -> bool {
    let is_hidden = hidden::display(element) == Display::Hidden || hides_itself(element);
    is_hidden && element.value().name() != "dialog" && !is_no_text(element)
}

/// Tells a form that holds text of the page from one that only has fields.
fn is_text(form: ElementRef) -> bool {
    let parent = form.parent().and_then(ElementRef::wrap);
    let is_outermost = parent.is_some_and(|parent| parent.value().name() == "body");
    let elements = form.descendants().filter_map(ElementRef::wrap).skip(1);
    elements.take(MOST_SEARCHED_IN_FORM).any(|element| {
        let name = element.value().name();
        TEXT_IN_FORM.contains(&name) || is_outermost && LAYOUT_IN_FORM.contains(&name)
    })
}

/// Tells whether a browser shows nothing of an element, as far as the element itself says so.
pub fn is_never_shown(element: ElementRef) -> bool {
    hidden::display(element) == Display::Hidden
}

/// Tells whether an element says that it is not seen, which what is in it may still be.
pub fn hides_itself(element: ElementRef) -> bool {
    matches!(
        hidden::visibility(element),
        Visibility::Hidden | Visibility::Unsure
    )
}

/// Tells whether a header only leads elsewhere: no heading in it, and no text that is no link.
pub fn is_navigation(header: ElementRef) -> bool {
    let mut pending: Vec<_> = header.children().collect();
    while let Some(node) = pending.pop() {
        match node.value() {
            Node::Text(text) if !text.trim().is_empty() => return false,
            Node::Element(element) if matches!(element.name(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6") => {
                return false;
            }
            Node::Element(element) if element.name() != "a" => {
                let is_shown = ElementRef::wrap(node).is_some_and(|element| !is_left_out(element));
                pending.extend(node.children().filter(|_| is_shown));
            }
            _ => {}
        }
    }
    true
}

/// Tells whether words of an element that a browser shows are no part of the text that is read of it.
pub fn leaves_words_out(root: ElementRef) -> bool {
    let mut pending: Vec<_> = root.children().collect();
    while let Some(node) = pending.pop() {
        let Some(element) = ElementRef::wrap(node) else {
            continue;
        };
        let name = element.value().name();
        if is_never_shown(element) || added::task(element).is_some() {
            continue;
        }
        let is_passed_over = is_left_out(element) || name == "header" && is_navigation(element);
        let has_words = || {
            element
                .text()
                .any(|text| text.contains(|c: char| !c.is_whitespace()))
        };
        if is_passed_over && (matches!(name, "input" | "textarea" | "select") || has_words()) {
            return true;
        }
        pending.extend(node.children().filter(|_| !is_passed_over));
    }
    false
}

/// Returns the blocks of an element, in a page whose items have these numbers.
///
/// # Errors
/// [`TooDeep`].
pub fn pieces(root: ElementRef, numbers: &Rc<Numbers>) -> Result<Vec<Piece>, TooDeep> {
    let mut reader = Reader {
        numbers: Rc::clone(numbers),
        ..Reader::default()
    };
    reader.children(root)?;
    Ok(reader.finished())
}

/// Returns the blocks of an element that come after an element in it.
///
/// # Errors
/// [`TooDeep`].
pub fn pieces_after<'a>(
    root: ElementRef<'a>,
    after: ElementRef<'a>,
    numbers: &Rc<Numbers>,
) -> Result<Vec<Piece>, TooDeep> {
    let mut reader = Reader {
        after: Some(after),
        numbers: Rc::clone(numbers),
        ..Reader::default()
    };
    reader.children(root)?;
    Ok(reader.finished())
}

/// Reads the blocks of an element for a purpose.
///
/// # Errors
/// [`TooDeep`].
pub fn pieces_for(root: ElementRef, purpose: Purpose) -> Result<(Vec<Piece>, Added), TooDeep> {
    let mut reader = Reader {
        purpose,
        notes: Rc::new(Notes::of(root)),
        numbers: Rc::new(Numbers::of(root)),
        ..Reader::default()
    };
    reader.children(root)?;
    let added = reader.added.get();
    Ok((reader.finished(), added))
}

#[derive(Default)]
struct Reader<'a> {
    pieces: Vec<Piece>,
    /// The block that is being read.
    runs: Vec<Run>,
    style: Style,
    keeps_blanks: bool,
    in_header: bool,
    in_footer: bool,
    depth: usize,
    nest: usize,
    /// What stands before this element's end does not count.
    after: Option<ElementRef<'a>>,
    purpose: Purpose,
    in_heading: bool,
    in_link: bool,
    /// Whether letters were read that stand in no link, since the last block.
    has_unlinked: Cell<bool>,
    /// The numbers of the page's items.
    numbers: Rc<Numbers>,
    /// The numbers of the lines of the code that is being read.
    line_numbers: Vec<ElementRef<'a>>,
    /// The page's notes, unless it is read for what a browser shows.
    notes: Rc<Notes<'a>>,
    added: Cell<Added>,
}

impl<'a> Reader<'a> {
    fn children(&mut self, element: ElementRef<'a>) -> Result<(), TooDeep> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(TooDeep);
        }
        for child in in_order(element) {
            if let Node::Text(text) = child.value() {
                self.text(text);
            } else if let Some(child) = ElementRef::wrap(child) {
                self.element(child)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn element(&mut self, element: ElementRef<'a>) -> Result<(), TooDeep> {
        if self.after.is_some_and(|after| after.id() == element.id()) {
            self.pieces.clear();
            self.runs.clear();
            return Ok(());
        }
        let is_printed = self.purpose != Purpose::Shown;
        if is_printed && self.is_added(element) {
            return Ok(());
        }
        if is_left_out(element) {
            return Ok(());
        }
        let name = element.value().name();
        if let Some(code) = added::numbered_code(element).filter(|_| is_printed) {
            self.count(|added| added.line_numbers += 1);
            return self.preformatted(code);
        }
        if !BLOCKS.contains(&name) {
            return self.inline(element, name);
        }
        self.flush(Kind::Paragraph);
        let nests = self.nest < DEEPEST_NEST;
        match name {
            "hr" => self
                .pieces
                .push(self.piece("* * *".to_owned(), Some("* * *".to_owned()), Kind::Break)),
            "ul" | "ol" if nests => self.list(element)?,
            "blockquote" if nests => self.quotation(element)?,
            "table" if is_table(element) => self.table(element)?,
            "pre" | "listing" | "xmp" | "plaintext" => self.preformatted(element)?,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.in_heading = true;
                self.children(element)?;
                self.in_heading = false;
                self.flush_heading(usize::from(name.as_bytes()[1] - b'0'));
            }
            "header" if !self.in_header => {
                if !is_navigation(element) {
                    self.in_header = true;
                    self.children(element)?;
                    self.flush(Kind::Paragraph);
                    self.in_header = false;
                }
            }
            "footer" => {
                let outer = std::mem::replace(&mut self.in_footer, true);
                self.children(element)?;
                self.flush(Kind::Paragraph);
                self.in_footer = outer;
            }
            _ => {
                // An item that stands right in no list is shown with its number all the same.
                self.push(&self.numbers.before(element).unwrap_or_default());
                self.children(element)?;
            }
        }
        self.flush(Kind::Paragraph);
        Ok(())
    }

    fn inline(&mut self, element: ElementRef<'a>, name: &str) -> Result<(), TooDeep> {
        let outer = self.style.clone();
        let in_link = self.in_link;
        if let Some(reference) = self.notes.reference(element) {
            self.push(&reference);
            return Ok(());
        }
        match name {
            "sup" | "sub" => return self.raised_or_lowered(element, name),
            "q" => {
                let (open, close) = marks::of_quotation(element);
                self.push(open);
                self.children(element)?;
                self.push(close);
                return Ok(());
            }
            "br" => {
                self.line_break();
                return Ok(());
            }
            "img" | "amp-img" => {
                self.text(element.value().attr("alt").unwrap_or_default());
                return Ok(());
            }
            "rt" if !has_bracket(element) => {
                self.push("(");
                self.children(element)?;
                self.push(")");
                return Ok(());
            }
            "b" | "strong" => self.style.strong = true,
            "i" | "em" | "cite" | "dfn" | "var" => self.style.emphasis = true,
            "code" | "kbd" | "samp" | "tt" => self.style.code = true,
            "del" | "s" | "strike" => self.style.struck = true,
            "a" => {
                self.style.link = element.value().attr("href").and_then(kept_link);
                self.in_link = true;
            }
            _ => {}
        }
        self.children(element)?;
        self.style = outer;
        self.in_link = in_link;
        Ok(())
    }

    /// Tells whether an element is what generators of pages add to a text, and reads what it says in the text's way.
    fn is_added(&mut self, element: ElementRef<'a>) -> bool {
        if let Some(is_done) = added::task(element) {
            self.text(if is_done { "[x] " } else { "[ ] " });
            return true;
        }
        if self.in_heading && added::is_anchor(element) {
            self.count(|added| added.anchors += 1);
            return true;
        }
        if self.notes.is_way_back(element) {
            self.count(|added| added.ways_back += 1);
            return true;
        }
        added::is_head_of_notes(element) || self.line_numbers.iter().any(|number| number.id() == element.id())
    }

    fn count(&self, count: impl Fn(&mut Added)) {
        let mut added = self.added.get();
        count(&mut added);
        self.added.set(added);
    }

    /// Writes what stands above or below the line so that it does not run into what it stands at: ten to the sixth is not 106.
    fn raised_or_lowered(&mut self, element: ElementRef<'a>, name: &str) -> Result<(), TooDeep> {
        let (pieces, runs) = (self.pieces.len(), self.runs.len());
        let begun = self.runs.last().map_or(0, |last| last.text.len());
        let word = self.word_before();
        self.children(element)?;
        // A block in it ended the one that it stands in.
        let is_inline = self.pieces.len() == pieces && self.runs.len() >= runs;
        let first = runs.saturating_sub(1);
        let begins = |at: usize| if at + 1 == runs { begun } else { 0 };
        if !is_inline {
            return Ok(());
        }
        let mut written = String::new();
        for at in first..self.runs.len() {
            // A line that ended in it may have lost blanks.
            let Some(part) = self.runs[at].text.get(begins(at)..) else {
                return Ok(());
            };
            written.extend(part.chars().take(LONGEST_SHIFTED + 1));
            // Elements that lie in one another would each write the same again.
            if written.len() > LONGEST_SHIFTED {
                break;
            }
        }
        let is_short = written.len() <= LONGEST_SHIFTED;
        if let Some(shift) = marks::shifted(&written, name).filter(|_| is_short) {
            for at in first..self.runs.len() {
                let tail: String = self.runs[at].text.split_off(begins(at));
                self.runs[at].text.extend(tail.chars().map(shift));
            }
        } else if let Some(mark) = marks::before(&written, name, &word) {
            let at = (first..self.runs.len()).find(|at| self.runs[*at].text.len() > begins(*at));
            if let Some(at) = at {
                self.runs[at].text.insert_str(begins(at), mark);
            }
        }
        Ok(())
    }

    /// Returns the word that the text ends with so far, brackets included, or the end of one that is long.
    fn word_before(&self) -> String {
        let runs = self.runs.iter().rev();
        let characters = runs.flat_map(|run| run.text.chars().rev());
        let word = characters.take_while(|c| c.is_alphanumeric() || matches!(c, ')' | ']'));
        let word: Vec<char> = word.take(LONGEST_WORD).collect();
        word.into_iter().rev().collect()
    }

    fn text(&mut self, text: &str) {
        if self.purpose != Purpose::Shown && text.contains(NOTE) {
            return self.text(&text.replace(NOTE, "\u{fffd}"));
        }
        if self.keeps_blanks {
            self.push(text);
            return;
        }
        let mut rest = text;
        while !rest.is_empty() {
            let blanks = rest.len() - rest.trim_start_matches(is_blank).len();
            if blanks > 0 && !self.at_line_start() && !self.ends_with(' ') {
                self.push(" ");
            }
            rest = &rest[blanks..];
            let word = rest.find(is_blank).unwrap_or(rest.len());
            self.push(&rest[..word]);
            rest = &rest[word..];
        }
    }

    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.in_link && text.contains(char::is_alphanumeric) {
            self.has_unlinked.set(true);
        }
        match self.runs.last_mut().filter(|last| last.style == self.style) {
            Some(last) => last.text.push_str(text),
            None => self.runs.push(Run {
                text: text.to_owned(),
                style: self.style.clone(),
            }),
        }
    }

    fn ends_with(&self, c: char) -> bool {
        self.runs.last().is_some_and(|last| last.text.ends_with(c))
    }

    fn at_line_start(&self) -> bool {
        self.runs.is_empty() || self.ends_with('\n')
    }

    /// Two breaks with nothing between them end the paragraph.
    fn line_break(&mut self) {
        if self.keeps_blanks {
            self.push("\n");
            return;
        }
        // Some generators print one for each end of a line.
        if self.purpose != Purpose::Shown {
            self.text(" ");
            return;
        }
        let lines = self.runs.len();
        self.trim_line();
        if self.at_line_start() {
            if lines > 0 {
                self.flush(Kind::Paragraph);
            }
            return;
        }
        self.push("\n");
    }

    /// Takes the blanks off the line that is being read, and the line with them if it holds no more.
    fn trim_line(&mut self) {
        while let Some(last) = self.runs.last_mut() {
            let kept = last
                .text
                .trim_end_matches(|c: char| c.is_whitespace() && c != '\n')
                .len();
            last.text.truncate(kept);
            if !last.text.is_empty() {
                return;
            }
            self.runs.pop();
        }
    }

    fn piece(&self, plain: String, source: Option<String>, kind: Kind) -> Piece {
        Piece {
            plain,
            source,
            kind,
            in_header: self.in_header,
            in_footer: self.in_footer,
            is_linked: !self.has_unlinked.take(),
        }
    }

    /// Takes what was read since the last block.
    fn taken(&mut self) -> Option<(String, Option<String>)> {
        while let Some(last) = self.runs.last_mut() {
            last.text.truncate(last.text.trim_end().len());
            if !last.text.is_empty() {
                break;
            }
            self.runs.pop();
        }
        let mut runs = std::mem::take(&mut self.runs);
        mark_struck(&mut runs);
        if self.purpose == Purpose::Given {
            for run in runs.iter_mut().filter(|run| run.style.code) {
                run.text = in_marks(&run.text);
            }
        }
        let plain = nfc(runs.iter().map(|run| run.text.as_str()).collect());
        let is_set = runs.iter().any(|run| run.style != Style::default());
        (!plain.is_empty()).then(|| (plain, is_set.then(|| source_of(&runs))))
    }

    fn flush(&mut self, kind: Kind) {
        if self.keeps_blanks {
            self.flush_preformatted();
            return;
        }
        if let Some((plain, source)) = self.taken() {
            self.pieces.push(self.piece(plain, source, kind));
        }
    }

    fn flush_heading(&mut self, level: usize) {
        if self.keeps_blanks {
            self.flush_preformatted();
            return;
        }
        let Some((plain, source)) = self.taken() else {
            return;
        };
        let kind = if level == 1 { Kind::Title } else { Kind::Heading };
        let source = source.unwrap_or_else(|| commonmark::escape(&plain));
        let source = (!source.contains('\n')).then(|| format!("{} {source}", "#".repeat(level)));
        self.pieces.push(self.piece(plain, source, kind));
    }

    /// Returns the blocks that were read.
    fn finished(mut self) -> Vec<Piece> {
        self.flush(Kind::Paragraph);
        self.pieces
    }

    /// Returns a reader of what stands by itself in what is read.
    fn within(&self) -> Self {
        Reader {
            depth: self.depth,
            nest: self.nest + 1,
            style: self.style.clone(),
            in_header: self.in_header,
            purpose: self.purpose,
            notes: Rc::clone(&self.notes),
            numbers: Rc::clone(&self.numbers),
            in_link: self.in_link,
            added: self.added.clone(),
            ..Reader::default()
        }
    }

    /// Reads an element by itself.
    fn inner(&self, element: ElementRef<'a>) -> Result<Vec<Piece>, TooDeep> {
        let mut inner = self.within();
        inner.children(element)?;
        self.added.set(inner.added.get());
        Ok(inner.finished())
    }

    fn list(&mut self, list: ElementRef<'a>) -> Result<(), TooDeep> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(TooDeep);
        }
        let mut items: Vec<(String, Vec<Piece>)> = Vec::new();
        // What stands in a list beside its items belongs to the item before it, or stands before the list.
        let mut beside = self.within();
        for child in list.children() {
            let element = ElementRef::wrap(child);
            if let Some(item) = element.filter(|element| element.value().name() == "li") {
                if !is_left_out(item) {
                    self.flush(Kind::Paragraph);
                    let pieces = std::mem::replace(&mut beside, self.within()).finished();
                    if let Some((_, item)) = items.last_mut() {
                        item.extend(pieces);
                    }
                    let marker = self.numbers.before(item);
                    items.push((marker.unwrap_or_else(|| "- ".to_owned()), self.inner(item)?));
                }
                continue;
            }
            let reader = if items.is_empty() { &mut *self } else { &mut beside };
            if let Node::Text(text) = child.value() {
                reader.text(text);
            } else if let Some(element) = element {
                reader.element(element)?;
            }
        }
        if let Some((_, item)) = items.last_mut() {
            item.extend(beside.finished());
        }
        self.depth -= 1;
        items.retain(|(_, item)| !item.is_empty());
        let (mut plain, mut source) = (Vec::new(), Vec::new());
        for (marker, item) in &items {
            let indent = " ".repeat(marker.len());
            let joined = |text: &dyn Fn(&Piece) -> String| {
                let mut joined = String::new();
                for (at, piece) in item.iter().enumerate() {
                    joined.push_str(match piece.kind {
                        _ if at == 0 => "",
                        Kind::List => "\n",
                        _ => "\n\n",
                    });
                    joined.push_str(&text(piece));
                }
                prefixed(&joined, marker, &indent, "")
            };
            plain.push(joined(&|piece| piece.plain.clone()));
            source.push(joined(&Piece::inner_source));
        }
        if !items.is_empty() {
            let mut pieces = items.iter().flat_map(|(_, item)| item);
            self.has_unlinked.set(pieces.any(|piece| !piece.is_linked));
            self.push_nest(plain.join("\n"), source.join("\n"), Kind::List);
        }
        Ok(())
    }

    fn quotation(&mut self, quotation: ElementRef<'a>) -> Result<(), TooDeep> {
        let pieces = self.inner(quotation)?;
        if !pieces.is_empty() {
            let plain: Vec<&str> = pieces.iter().map(|piece| piece.plain.as_str()).collect();
            let plain = prefixed(&plain.join("\n\n"), "> ", "> ", "");
            let mut source = String::new();
            for (at, piece) in pieces.iter().enumerate() {
                if at > 0 {
                    source.push_str("\n\n");
                    if piece.kind == Kind::List && pieces[at - 1].kind == Kind::List {
                        source.push_str(commonmark::PARTING);
                    }
                }
                source.push_str(&piece.inner_source());
            }
            self.has_unlinked.set(pieces.iter().any(|piece| !piece.is_linked));
            // Two quotations would come of it without the mark.
            self.push_nest(plain, prefixed(&source, "> ", "> ", ">"), Kind::Other);
        }
        Ok(())
    }

    /// Adds a list or a quotation. The empty lines of one in another are judged with those around them.
    fn push_nest(&mut self, plain: String, source: String, kind: Kind) {
        let plain = if self.nest == 0 {
            canonical::canonical(&plain).trim_end().to_owned()
        } else {
            plain
        };
        self.pieces.push(self.piece(plain, Some(source), kind));
    }

    fn table(&mut self, table: ElementRef<'a>) -> Result<(), TooDeep> {
        let mut lines = Vec::new();
        let mut empty = 0;
        for row in grid::rows(table) {
            let mut cells = Vec::new();
            for cell in row {
                while cells.len() < cell.column && empty < MOST_EMPTY_CELLS {
                    cells.push(String::new());
                    empty += 1;
                }
                if is_left_out(cell.element) {
                    cells.push(String::new());
                    continue;
                }
                let pieces = self.inner(cell.element)?;
                let lines = pieces.iter().flat_map(|piece| piece.plain.lines());
                let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
                cells.push(lines.join(" "));
            }
            if cells.iter().any(|cell| !cell.is_empty()) {
                lines.push(cells.join(" | ").trim_end().to_owned());
            }
        }
        let captions = table.children().filter_map(ElementRef::wrap);
        let captions = captions.filter(|part| part.value().name() == "caption" && !is_left_out(*part));
        let (below, above): (Vec<_>, Vec<_>) = captions.partition(|caption| is_below(*caption));
        for caption in above {
            self.children(caption)?;
            self.flush(Kind::Paragraph);
        }
        if !lines.is_empty() {
            self.has_unlinked.set(true);
            self.pieces.push(self.piece(lines.join("\n"), None, Kind::Other));
        }
        for caption in below {
            self.children(caption)?;
            self.flush(Kind::Paragraph);
        }
        Ok(())
    }

    fn preformatted(&mut self, element: ElementRef<'a>) -> Result<(), TooDeep> {
        let outer = std::mem::replace(&mut self.keeps_blanks, true);
        if self.purpose == Purpose::Printed {
            self.line_numbers = added::line_numbers(element);
            let has_numbers = !self.line_numbers.is_empty();
            self.count(|added| added.line_numbers += usize::from(has_numbers));
        }
        self.children(element)?;
        self.flush(Kind::Other);
        self.keeps_blanks = outer;
        Ok(())
    }

    /// Empty lines in it end a block, as they do in the article.
    fn flush_preformatted(&mut self) {
        let mut runs = std::mem::take(&mut self.runs);
        mark_struck(&mut runs);
        let text: String = runs.into_iter().map(|run| run.text).collect();
        let text = nfc(text.replace("\r\n", "\n").replace('\r', "\n"));
        for mut plain in canonical::paragraphs(&text) {
            let longest = plain.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat(longest.max(2) + 1);
            let source = format!("{fence}\n{plain}\n{fence}");
            if self.purpose == Purpose::Given {
                plain = in_marks(&plain);
            }
            // Its last line feed parts it from the item below it.
            if self.nest > 0 {
                plain.push('\n');
            }
            self.pieces.push(self.piece(plain, Some(source), Kind::Other));
        }
    }
}

fn in_marks(code: &str) -> String {
    format!("{CODE}{code}{CODE_END}")
}

/// Counts letters and digits.
pub fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// The blanks that a browser makes one of.
pub fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// Lists what stands right in an element in the order in which browsers show it: a table's captions, its first head, its rows
/// and its first foot; and first what heads `details` or a `fieldset`.
pub fn in_order<'a>(element: ElementRef<'a>) -> Vec<NodeOf<'a>> {
    let mut children: Vec<NodeOf<'a>> = element.children().collect();
    let (first, last) = match element.value().name() {
        "table" => ("thead", "tfoot"),
        "details" => ("summary", ""),
        "fieldset" => ("legend", ""),
        _ => return children,
    };
    let one = |name: &str| {
        let mut parts = element.children().filter_map(ElementRef::wrap);
        // A hidden summary is the one all the same.
        let counts = |part: ElementRef<'_>| name == "summary" || !is_never_shown(part);
        parts.find(|part| part.value().name() == name && counts(*part))
    };
    let (first, last) = (one(first), one(last));
    children.sort_by_key(|child| match ElementRef::wrap(*child) {
        Some(part) if part.value().name() == "caption" => {
            if is_below(part) {
                2
            } else {
                -2
            }
        }
        Some(part) if Some(part) == first => -1,
        Some(part) if Some(part) == last => 1,
        _ => 0,
    });
    children
}

/// Tells whether what stands above the line of a ruby has no words, or a bracket before it, which browsers without ruby show.
fn has_bracket(text: ElementRef<'_>) -> bool {
    let is_empty = |element: ElementRef<'_>| element.text().all(|text| text.chars().all(is_blank));
    let before = text.prev_siblings().find_map(ElementRef::wrap);
    let is_bracket =
        |before: ElementRef<'_>| before.value().name() == "rp" && !is_left_out(before) && !is_empty(before);
    is_empty(text) || before.is_some_and(is_bracket)
}

/// Tells whether a caption stands below its table.
fn is_below(caption: ElementRef<'_>) -> bool {
    let align = caption.value().attr("align");
    // A browser reads it as a value of CSS.
    align.is_some_and(|align| align.to_ascii_lowercase().contains("bottom"))
}

/// Tells a table of facts from one that only lays out a page: that has one cell a row.
fn is_table(table: ElementRef) -> bool {
    grid::rows(table).iter().any(|row| row.len() > 1)
}

/// Puts marks before the lines of a text: one before the first, one before the others, and one in place of those that are empty.
fn prefixed(text: &str, first: &str, rest: &str, empty: &str) -> String {
    let mut out = String::with_capacity(text.len() + first.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        out.push_str(match (at, line.is_empty()) {
            (0, _) => first,
            (_, true) => empty,
            (_, false) => rest,
        });
        out.push_str(line);
    }
    out
}
