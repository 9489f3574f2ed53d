//! Reading what people have: pages in text, Markdown or HTML, with or without back link, footer and front
//! matter. Reading is lenient where nothing can be misread, and refuses with a line where it could.

use memchr::memmem;

use crate::canonical::{self, Invisible, LONGEST_ARTICLE, LONGEST_PAGE, Position, TextError};
use crate::capture::charset;
use crate::commonmark::{self, Block, CommonMarkError, MOST_MARKS, Wordless};
use crate::date::{CivilDay, RevisionDate};
use crate::footer::{self, Footer, FooterError};
use crate::language::{Language, list};
use crate::page::BACK_ARROW;
use crate::wording::{code_points, counted, quoted};

pub mod front_matter;
pub mod html;
pub mod markdown;
pub mod text;

pub use front_matter::{FrontMatter, FrontMatterError};

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Plain text.
    Text,
    /// CommonMark, with YAML or TOML front matter or without.
    Markdown,
    /// HTML.
    Html,
    /// HTML in the form of XML.
    Xhtml,
    /// A page and all that belongs to it in one file, as mail has it, which is not read.
    Mhtml,
}

impl Form {
    /// Judges the form of a file by its name, else by its beginning.
    #[must_use]
    pub fn of_file(name: &str, bytes: &[u8]) -> Self {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        let is = |known: &str| extension.is_some_and(|own| own.eq_ignore_ascii_case(known));
        if is("mhtml") || is("mht") {
            return Self::Mhtml;
        }
        Self::of_name(name).unwrap_or_else(|| Self::sniff(bytes))
    }

    /// Judges the form of what can be read by a file's name; `None` where the name says nothing.
    #[must_use]
    pub fn of_name(file_name: &str) -> Option<Self> {
        let (_, extension) = file_name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "txt" | "text" => Some(Self::Text),
            "md" | "markdown" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            "xhtml" | "xht" => Some(Self::Xhtml),
            _ => None,
        }
    }

    /// Tells whether a page is made of elements.
    #[must_use]
    pub fn has_elements(self) -> bool {
        matches!(self, Self::Html | Self::Xhtml)
    }

    /// Judges the form by a page's beginning.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Self {
        let mut start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        start = start.trim_ascii_start();
        // Browsers write where a page was saved from into a comment above it.
        while let Some(comment) = start.strip_prefix(b"<!--")
            && let Some(end) = comment.windows(3).position(|three| three == b"-->")
        {
            start = comment[end + 3..].trim_ascii_start();
        }
        let start = &start[..start.len().min(64)];
        let lower = start.to_ascii_lowercase();
        if lower.starts_with(b"from: <saved by") || lower.starts_with(b"mime-version:") {
            Self::Mhtml
        } else if lower.starts_with(b"<?xml") {
            Self::Xhtml
        } else if lower.starts_with(b"<!doctype") || lower.starts_with(b"<html") {
            Self::Html
        } else if [&b"---\n"[..], b"---\r", b"+++\n", b"+++\r"]
            .iter()
            .any(|mark| start.starts_with(mark))
        {
            Self::Markdown
        } else {
            Self::Text
        }
    }
}

/// A page as it was read.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What the page says about itself.
    pub front: FrontMatter,
    /// The text, block by block.
    pub blocks: Vec<Block>,
    /// The footer, where the page has one.
    pub footer: Option<DraftFooter>,
    /// What the reader of the page should be told.
    pub notices: Vec<Notice>,
    /// What the page shows beside the text.
    pub beside: Vec<Beside>,
    /// The words of an HTML page that stand in its article and are none of its text, such as those of formulas.
    pub apart: Vec<html::apart::Apart>,
    /// The words that the page's own style hides where the text stands, a line for each block.
    pub hidden: String,
    /// The words of a part of an HTML page's text that are seen only later, if at all, a line for each block.
    pub veiled: String,
    /// The one heading of the first level that an HTML page shows around its article, where the article has no title.
    pub headline: Option<String>,
    /// Whether an HTML page carries a proof, as those of an archive's site do.
    pub carries_proof: bool,
    /// An HTML page with a footer and without a proof, as it is compared with what a generator of pages was given.
    pub printed: Option<html::Printed>,
    /// What of a page that carries a proof is not as on an archive's site, so that its elements need not be what a reader sees.
    pub faults: Vec<String>,
    /// Whether an HTML page has another style than the program's, or a second one, which may hide or add something.
    pub has_strange_style: bool,
    /// Whether an HTML page without a proof has a script that is not the program's, which may change what is shown.
    pub has_strange_script: bool,
    /// The address to which a browser goes from an HTML page without a proof by itself.
    pub refresh: Option<String>,
    /// Whether it is a page in plain text, in which nothing tells a notice above the text from the text.
    pub is_plain: bool,
}

impl Draft {
    /// Says why a browser shows other parts of the page than are read here, or other characters.
    pub fn shown_otherwise(&self) -> impl Iterator<Item = &NoticeKind> {
        let kinds = self.notices.iter().map(|notice| &notice.what);
        kinds.filter(|kind| matches!(kind, NoticeKind::ShadowRoot | NoticeKind::Encoding(_)))
    }

    /// Holds a page that carries a proof against the name of its file: whatever is in it, a browser shows only a file of HTML
    /// as that.
    pub fn judge_name(&mut self, file_name: &str) {
        if self.carries_proof && Form::of_name(file_name) != Some(Form::Html) {
            let what = "a file name by which browsers show something else";
            self.faults.push(what.to_owned());
        }
    }

    /// Forgets that the page declares another encoding, where browsers do not ask for that.
    fn forget_encoding(&mut self) {
        let is_encoding = |notice: &Notice| matches!(notice.what, NoticeKind::Encoding(_));
        self.notices.retain(|notice| !is_encoding(notice));
    }

    /// Returns the text in canonical form.
    #[must_use]
    pub fn text(&self) -> String {
        let plains: Vec<&str> = self.blocks.iter().map(|block| block.plain.as_str()).collect();
        canonical::canonical(&plains.join("\n\n"))
    }
}

/// Words that a page shows and that are no part of the text read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Where they stand.
    pub place: Place,
    /// Whether they stand amid the text, or could be a part of it, and are no way to elsewhere.
    pub is_amid: bool,
    /// Whether they stand around the text in the same `main`, as a byline and a standfirst may, or name what turns its direction.
    pub is_near: bool,
    /// Whether they are such as [`html::apart`] compares as a part of what is told.
    pub is_apart: bool,
    /// The words, a line for each block; of what has none the element's name, as in `<img>`.
    pub text: String,
    /// Those of them that the page itself says: no readers' remarks, and no lines that only lead to other pages.
    pub own: String,
}

impl Beside {
    fn back_link(text: String) -> Self {
        Self {
            place: Place::BackLink,
            is_amid: false,
            is_near: false,
            is_apart: false,
            own: text.clone(),
            text,
        }
    }
}

/// Where something stands on a page that is no part of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the first line, which leads back to the home page.
    BackLink,
    /// Where the page itself says that it is no part of the article: a headline in a header, an `aside` of the article,
    /// or what stands around it in `nav`, `header`, `footer` or `aside`.
    Frame,
    /// Anywhere else around the article or amid its text, where a reader takes it for a part of it.
    Loose,
}

/// A footer and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftFooter {
    /// The footer.
    pub footer: Footer,
    /// Its line, from 1; 0 where it is not known.
    pub line: usize,
}

/// Something about a page that is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The line, from 1; 0 where it is not known.
    pub line: usize,
    /// What is there.
    pub what: NoticeKind,
}

/// What a [`Notice`] is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeKind {
    /// A line of the text reads like a footer and is none: only the page's last line is.
    #[error("a line of the text reads like a footer; only the last line of a page is one")]
    FooterInText,
    /// The front matter has a key that is not used.
    #[error("the front matter's {0:?} is not used")]
    UnknownKey(String),
    /// A title's word mixes alphabets whose letters look alike.
    #[error("the title's word {0:?} mixes alphabets whose letters look alike: {code_points}", code_points = code_points(.0))]
    LookAlikes(String),
    /// The footer's weekday is not its day's own.
    #[error("the footer's weekday is not that of its day")]
    Weekday,
    /// The page's date is that of an earlier revision of its article.
    #[error(
        "the page's date, {0}, is that of a revision of the article before, so that this one is of now; --date says another"
    )]
    EarlierDate(String),
    /// The page says no date, and is of now.
    #[error("the page says no date that is read, so that it is of now; --date says another")]
    Undated,
    /// The page is dated later than it is archived.
    #[error(
        "it is dated {date}, and it is {now}: a date stays for good, and an audit tells of one that is later than the archiving"
    )]
    StillToCome {
        /// Its date.
        date: RevisionDate,
        /// The moment of the archiving.
        now: RevisionDate,
    },
    /// The page is dated earlier than the revision that it follows.
    #[error(
        "it is dated {date}, and the revision that it follows {before}: a date stays for good, and an audit tells of one that is earlier"
    )]
    BeforePrevious {
        /// Its day.
        date: CivilDay,
        /// That of the revision before.
        before: CivilDay,
    },
    /// Parts of a retraction give a note that is in the language of another part.
    #[error("the note in {} is in another language; --note LANG=NOTE gives each its own", list(.0))]
    NoteOfAnother(Vec<Language>),
    /// Plain text takes the place of blocks that had markup.
    #[error("plain text has no links, headings and emphasis: those of {} that changed are gone", counted(*.0, "block"))]
    MarkupLost(usize),
    /// Blocks have markup that their sources cannot have.
    #[error("of {} only the words are kept: CommonMark cannot say their links, lists and emphasis by themselves", counted(*.0, "block"))]
    MarkupLeft(usize),
    /// Words of an HTML page are no part of its text.
    #[error("left out, as it stands beside the text: {}", quoted(.0))]
    LeftOut(Vec<String>),
    /// The page's own style hides more words than it shows.
    #[error(
        "the page's style hides {0} letters where its text stands, more than it shows there; none of them is read"
    )]
    Hidden(usize),
    /// More stands around the article than in it.
    #[error("{0} letters stand around the page's article, more than in it; none of them is read")]
    Around(usize),
    /// Images say nothing in words.
    #[error("the text has nothing of {} without alternative text", counted(*.0, "image"))]
    WordlessImages(usize),
    /// Links have no words.
    #[error("the text has nothing of {} without words", counted(*.0, "link"))]
    WordlessLinks(usize),
    /// A part of an HTML page is shown in the place of another, by a declarative shadow root.
    #[error("a browser shows what stands in a shadow root of the page in the place of what is read here")]
    ShadowRoot,
    /// An HTML page declares an encoding in which its bytes are other characters than they are in UTF-8.
    #[error("the page says that it is in {0}, by which a browser shows other characters than are read here")]
    Encoding(&'static str),
}

/// Why a page cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct DraftError {
    /// The line of the page, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    #[source]
    pub kind: DraftErrorKind,
}

/// What is wrong with a page.
#[derive(Debug, thiserror::Error)]
pub enum DraftErrorKind {
    /// More than [`LONGEST_ARTICLE`] bytes.
    #[error("the page is longer than {LONGEST_ARTICLE} bytes (16 MiB), the most that an article may have")]
    TooLong,
    /// More than [`LONGEST_PAGE`] bytes.
    #[error("it is longer than {LONGEST_PAGE} bytes (256 MiB), the most that is checked")]
    LongerThanPages,
    /// More than [`MOST_MARKS`] lines.
    #[error("the page has more than {MOST_MARKS} lines, the most that an article may have")]
    Lines,
    /// A byte or character that no article may hold.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Nothing but blanks.
    #[error("the page is empty")]
    Empty,
    /// Nothing but a footer.
    #[error("the page is only a footer; there is no text to archive")]
    OnlyFooter,
    /// A footer before the footer.
    #[error("the page has two footers; a page has one, as its last line")]
    TwoFooters,
    /// The last line was meant as a footer and is none.
    #[error(transparent)]
    Footer(#[from] FooterError),
    /// The text is no CommonMark that can be archived.
    #[error(transparent)]
    CommonMark(#[from] CommonMarkError),
    /// The front matter cannot be used.
    #[error(transparent)]
    FrontMatter(#[from] FrontMatterError),
    /// Elements lie in one another too often.
    #[error("the page's elements are nested too deep")]
    HtmlDepth,
    /// An element has more attributes than are read.
    #[error("an element of the page has more than {0} attributes")]
    HtmlAttributes(usize),
    /// The page is in another encoding than UTF-8, and says in which.
    #[error("{error}; the page says that it is in {charset}")]
    Encoding {
        /// What is wrong with it.
        error: TextError,
        /// The encoding that it declares.
        charset: &'static str,
    },
    /// The page is not in the encoding that it is said to be in.
    #[error("the page is said to be in {0}, and is not")]
    OtherEncoding(&'static str),
    /// The file is of a program's own form.
    #[error("this is {0}, and no text, Markdown or HTML")]
    OtherForm(&'static str),
    /// A file of captures of pages (ISO 28500).
    #[error("this is a WARC file, which holds captures of pages, and no page")]
    Warc,
    /// XML of which a browser shows something else than of HTML.
    #[error("the page is XML that cannot be read as HTML: it has {0}")]
    Xml(String),
    /// One file of many parts.
    #[error("a page saved as a single file (MHTML) is not read; save it as HTML")]
    Mhtml,
}

impl DraftError {
    /// Says what is wrong with a line, from 1; 0 where it is not known.
    #[must_use]
    pub fn at(line: usize, kind: impl Into<DraftErrorKind>) -> Self {
        Self {
            line: (line > 0).then_some(line),
            kind: kind.into(),
        }
    }
}

/// Reads a page.
///
/// # Errors
/// [`DraftError`] with the line, where what stands there cannot be archived or could be misread.
pub fn read(bytes: &[u8], form: Form, invisible: Invisible) -> Result<Draft, DraftError> {
    read_within(bytes, form, invisible, fit_an_article)
}

/// Reads a page that is checked and not added: it may be as long as a site's page of the longest article, and have all its lines.
///
/// # Errors
/// As for [`read`].
pub fn read_published(bytes: &[u8], form: Form) -> Result<Draft, DraftError> {
    let bounds: Bounds = if form.has_elements() {
        fit_a_page
    } else {
        fit_a_text
    };
    read_within(bytes, form, Invisible::Allow, bounds)
}

/// Refuses bytes of which there are too many.
type Bounds = fn(&[u8]) -> Result<(), DraftErrorKind>;

fn read_within(bytes: &[u8], form: Form, invisible: Invisible, bounds: Bounds) -> Result<Draft, DraftError> {
    if let Some(form) = other_form(bytes) {
        return Err(DraftError::at(0, DraftErrorKind::OtherForm(form)));
    }
    if is_warc(bytes) {
        return Err(DraftError::at(0, DraftErrorKind::Warc));
    }
    let decoded = decode(bytes, invisible, bounds).map_err(|error| match error.kind {
        DraftErrorKind::Text(why @ TextError::Utf8 { utf16: false, .. }) if form.has_elements() => {
            let kind = match charset::declared(bytes) {
                Some(charset) if charset != "UTF-8" => DraftErrorKind::Encoding { error: why, charset },
                _ => why.into(),
            };
            DraftError {
                line: error.line,
                kind,
            }
        }
        _ => error,
    })?;
    let mut draft = match form {
        Form::Text => text::read(&decoded),
        Form::Markdown => markdown::read(&decoded),
        Form::Html => html::read(&decoded),
        Form::Xhtml => html::read_xhtml(&decoded),
        Form::Mhtml => Err(DraftError::at(0, DraftErrorKind::Mhtml)),
    }?;
    // A mark at the beginning counts for more than what a page says.
    if bytes.starts_with(b"\xef\xbb\xbf") {
        draft.forget_encoding();
    }
    if let Some(found) = draft.footer.as_ref().filter(|found| !found.footer.weekday_fits()) {
        draft.notices.push(Notice {
            line: found.line,
            what: NoticeKind::Weekday,
        });
    }
    check_blocks(&decoded, &draft.blocks, invisible)?;
    Ok(draft)
}

/// Names the form of a file that other programs write, by its first bytes; none where it may be a text.
fn other_form(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"PK\x03\x04") && memmem::find(bytes, b"application/epub+zip").is_some() {
        Some("a book in EPUB (.epub)")
    } else if bytes.starts_with(b"PK\x03\x04") && memmem::find(bytes, b"datapackage.json").is_some() {
        Some("a file of captures of pages (.wacz)")
    } else if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        Some("a file of Word or another program of Microsoft (.doc)")
    } else if bytes.starts_with(b"bplist00") {
        Some("a property list, as Safari writes its web archives (.webarchive)")
    } else if bytes.starts_with(b"PK\x03\x04") {
        Some("a zip archive, as Word (.docx) and OpenDocument (.odt) write their files")
    } else if bytes.starts_with(b"%PDF-") {
        Some("a PDF")
    } else if bytes.starts_with(b"{\\rtf") {
        Some("a file of rich text (.rtf)")
    } else if bytes.starts_with(b"\x1f\x8b") {
        Some("a compressed file (gzip)")
    } else {
        None
    }
}

/// Tells whether the first line is that of a WARC record: the format and its version.
fn is_warc(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let version = line.trim_ascii_end().strip_prefix(b"WARC/");
    version.is_some_and(|version| {
        let is_of_version = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        version.first().is_some_and(u8::is_ascii_digit) && version.iter().all(is_of_version)
    })
}

/// Reads the CommonMark source of one language: no front matter, no back link, no footer.
///
/// # Errors
/// [`DraftError`] with the line, where what stands there cannot be archived.
pub fn read_source(source: &str, invisible: Invisible) -> Result<Vec<Block>, DraftError> {
    let decoded = decode(source.as_bytes(), invisible, fit_an_article)?;
    let blocks =
        commonmark::blocks_as_written(&decoded).map_err(|e| DraftError::at(e.line().unwrap_or(0), e))?;
    if blocks.is_empty() {
        return Err(DraftError::at(0, DraftErrorKind::Empty));
    }
    check_blocks(&decoded, &blocks, invisible)?;
    Ok(blocks)
}

fn fit_an_article(bytes: &[u8]) -> Result<(), DraftErrorKind> {
    if bytes.len() > LONGEST_ARTICLE {
        return Err(DraftErrorKind::TooLong);
    }
    fit_lines(bytes)
}

/// A text that was printed has what stands around it besides.
fn fit_a_text(bytes: &[u8]) -> Result<(), DraftErrorKind> {
    fit_a_page(bytes)?;
    fit_lines(bytes)
}

fn fit_a_page(bytes: &[u8]) -> Result<(), DraftErrorKind> {
    if bytes.len() > LONGEST_PAGE {
        return Err(DraftErrorKind::LongerThanPages);
    }
    Ok(())
}

fn fit_lines(bytes: &[u8]) -> Result<(), DraftErrorKind> {
    if memchr::memchr_iter(b'\n', bytes).count() > MOST_MARKS {
        return Err(DraftErrorKind::Lines);
    }
    Ok(())
}

fn decode(bytes: &[u8], invisible: Invisible, bounds: Bounds) -> Result<String, DraftError> {
    bounds(bytes).map_err(|kind| DraftError::at(0, kind))?;
    canonical::decode(bytes, invisible).map_err(|error| {
        let line = match &error {
            TextError::Utf8 { line, .. } => *line,
            TextError::Control { position, .. } | TextError::Invisible { position, .. } => position.line,
        };
        DraftError::at(line, error)
    })
}

/// Tells of the images and links of a source that the text has nothing of.
#[must_use]
pub fn wordless(source: &str) -> Vec<Notice> {
    let notice = |Wordless { line, images, links }: Wordless| {
        let kinds = [
            (images > 0).then_some(NoticeKind::WordlessImages(images)),
            (links > 0).then_some(NoticeKind::WordlessLinks(links)),
        ];
        kinds.into_iter().flatten().map(move |what| Notice { line, what })
    };
    commonmark::wordless(source)
        .into_iter()
        .flat_map(notice)
        .collect()
}

/// Checks what character references of a page brought in, which the bytes did not show.
fn check_blocks(page: &str, blocks: &[Block], invisible: Invisible) -> Result<(), DraftError> {
    blocks.iter().try_for_each(|block| {
        let Some((at, character)) = canonical::first_refused(&block.plain, invisible) else {
            return Ok(());
        };
        let place = reference(page, block, at, character);
        let line = place.map_or(block.line, |place| place.line);
        let place = place.unwrap_or_else(|| Position::of(&block.plain, at));
        Err(DraftError::at(line, TextError::of(character, place)))
    })
}

/// Finds the reference in a page by which a block has a character at a byte offset: the first that means it, with the same words
/// on both sides of it.
fn reference(page: &str, block: &Block, at: usize, character: char) -> Option<Position> {
    let is_end = |c: char| c.is_whitespace() || "<>&;".contains(c);
    let (before, after) = (&block.plain[..at], &block.plain[at + character.len_utf8()..]);
    let begin: usize = match block.line {
        // What is in the head of a page of HTML is no part of a block.
        0 => page.to_ascii_lowercase().find("</title>").unwrap_or(0),
        line => page.split_inclusive('\n').take(line - 1).map(str::len).sum(),
    };
    let mut found = page[begin..].match_indices('&').map(|(place, _)| begin + place);
    let place = found.find(|place| {
        let (above, rest) = page.split_at(*place);
        let name = rest[1..]
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '#')
            .map_or(rest, |end| &rest[..=end]);
        let below = &rest[name.len()..];
        let below = below.strip_prefix(';').unwrap_or(below);
        let word_before = above.rsplit(is_end).next().unwrap_or_default();
        let word_after = below.split(is_end).next().unwrap_or_default();
        before.ends_with(word_before)
            && after.starts_with(word_after)
            && html::shown_text(&format!("<p>-{name};-"))
                .is_some_and(|text| text.trim_end() == format!("-{character}-"))
    });
    place.map(|place| Position::of(page, place))
}

/// Takes the back link and the footer off a page's blocks and looks for what reads like a footer elsewhere.
fn dress_down(
    mut blocks: Vec<Block>,
    front: FrontMatter,
    mut notices: Vec<Notice>,
) -> Result<Draft, DraftError> {
    let mut beside = Vec::new();
    if blocks
        .first()
        .is_some_and(|block| block.plain.starts_with(BACK_ARROW) && !block.plain.contains('\n'))
    {
        beside.push(Beside::back_link(blocks.remove(0).plain));
    }
    let mut footer = None;
    if let Some((found, rest)) = blocks.last().map(take_footer).transpose()?.flatten() {
        footer = Some(found);
        blocks.pop();
        blocks.extend(rest);
        if let Some(before) = blocks.last() {
            let last = before.plain.lines().next_back().unwrap_or_default();
            if Footer::looks_like_one(last) {
                let line = before.line + before.plain.lines().count() - 1;
                return Err(DraftError::at(line, DraftErrorKind::TwoFooters));
            }
        }
    }
    if blocks.is_empty() {
        let kind = if footer.is_some() {
            DraftErrorKind::OnlyFooter
        } else {
            DraftErrorKind::Empty
        };
        return Err(DraftError { line: None, kind });
    }
    for block in &blocks {
        for (number, line) in block.plain.lines().enumerate() {
            if Footer::looks_like_one(line) {
                notices.push(Notice {
                    line: block.line + number,
                    what: NoticeKind::FooterInText,
                });
            }
        }
    }
    Ok(Draft {
        front,
        blocks,
        footer,
        notices,
        beside,
        apart: Vec::new(),
        hidden: String::new(),
        veiled: String::new(),
        headline: None,
        carries_proof: false,
        printed: None,
        faults: Vec::new(),
        has_strange_style: false,
        has_strange_script: false,
        refresh: None,
        is_plain: false,
    })
}

/// Reads the footer in a page's last line, whatever blanks and dot it has; gives back what is left of the block that it ends.
fn take_footer(block: &Block) -> Result<Option<(DraftFooter, Option<Block>)>, DraftError> {
    let (rest, last) = block
        .plain
        .rsplit_once('\n')
        .map_or(("", block.plain.as_str()), |(rest, last)| (rest, last));
    let line = block.line + block.plain.lines().count() - 1;
    let last = footer::tidied(last);
    if !Footer::looks_like_one(&last) {
        // A day that is none at all, such as year 10000, is still a footer by its other parts.
        return match last.parse::<Footer>() {
            Ok(footer) => Ok(Some((DraftFooter { footer, line }, None))),
            Err(_) => Ok(None),
        };
    }
    let footer = last
        .parse()
        .map_err(|error: FooterError| DraftError::at(line, error))?;
    let left = (!rest.is_empty()).then(|| {
        let plain = canonical::canonical(rest).trim_end().to_owned();
        Block {
            loses_markup: block.loses_markup || !block.is_plain(),
            source: commonmark::escape(&plain),
            plain,
            line: block.line,
        }
    });
    Ok(Some((DraftFooter { footer, line }, left)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_its_form_by_its_beginning() {
        for (page, form) in [
            ("<!DOCTYPE html>", Form::Html),
            ("<HTML lang=zh>", Form::Html),
            ("<?xml version=\"1.0\"?><html>", Form::Xhtml),
            ("\u{feff} \n<html>", Form::Html),
            (
                "<!-- saved from (0014)about:internet -->\n<!-- x --><html>",
                Form::Html,
            ),
            ("<!-- that does not end <html>", Form::Text),
            ("<!-- a --> text", Form::Text),
            ("<p>a", Form::Text),
            ("---\ntitle: a\n---\n", Form::Markdown),
            ("\u{feff}+++\r\n", Form::Markdown),
            ("----\n", Form::Text),
            ("From: <Saved by Blink>\r\n", Form::Mhtml),
            ("MIME-Version: 1.0\n", Form::Mhtml),
            ("", Form::Text),
        ] {
            assert_eq!(Form::sniff(page.as_bytes()), form, "{page}");
        }
    }

    #[test]
    fn files_of_other_programs_are_called_what_they_are() {
        for (bytes, name) in [
            (&b"PK\x03\x04..mimetypeapplication/epub+zip"[..], ".epub"),
            (b"PK\x03\x04..datapackage.json..", ".wacz"),
            (b"PK\x03\x04..word/document.xml", ".docx"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".doc"),
            (b"bplist00\xd1\x01\x02", ".webarchive"),
        ] {
            let refused = read(bytes, Form::Html, Invisible::Refuse)
                .unwrap_err()
                .to_string();
            assert!(refused.contains(name), "{refused}");
        }
    }

    #[test]
    fn what_a_reference_brought_in_is_told_where_it_stands() {
        let html = "<!DOCTYPE html>\n<title>&#8203;ur&shy;th</title>\n<article>\n<p title=\"x&#8203;\">one\ntwo</p>\n\n<p>three\n  <b>fo</b>ur&#8203;th\n&#8203;</p></article>";
        let shy = html.replace("ur&#8203;th\n&#8203;", "ur&shy;th\n");
        let markdown = "---\ntitle: a\n---\n\none &amp; &zwnj\n\ntwo\nthree &#x200B;x\n";
        let control = "<article>\n<p>one\n\n&#x7f;x</article>";
        for (page, form, line, column) in [
            (html, Form::Html, 8, 14),
            (&shy, Form::Html, 8, 14),
            (markdown, Form::Markdown, 8, 7),
            (control, Form::Html, 4, 1),
        ] {
            let refused = read(page.as_bytes(), form, Invisible::Refuse).unwrap_err();
            assert_eq!(refused.line, Some(line), "{refused}");
            let place = format!("at line {line}, column {column}");
            assert!(refused.to_string().ends_with(&place), "{refused}");
        }
    }

    #[test]
    fn a_source_without_any_text_is_refused() {
        for source in ["", " \n\n", "[//]: # (a remark)\n"] {
            let refused = read_source(source, Invisible::Refuse).unwrap_err();
            assert!(matches!(refused.kind, DraftErrorKind::Empty), "{source:?}");
            assert_eq!(refused.line, None);
        }
        let blocks = read_source("*a*\n\nb\n", Invisible::Refuse).unwrap();
        let lines: Vec<_> = blocks.iter().map(|block| (&*block.plain, block.line)).collect();
        assert_eq!(lines, [("a", 1), ("b", 3)]);
    }
}
