//! Pages as generators of pages print them from files in Markdown: the text is the file's, and what is set in the
//! generator's own way or printed around it is known to be no more than that.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};

use rayon::prelude::*;

use super::around::{self, Known};
use super::files::{Candidate, body_of};
use super::fitting::{self, Typography};
use super::told;
use crate::archive::Fault;
use crate::canonical::{self, Invisible};
use crate::commonmark;
use crate::commonmark::printed::{CODE, CODE_END, Dialect};
use crate::date::RevisionDate;
use crate::diff::ParagraphChange;
use crate::draft::html::{Printed, PrintedBlock};
use crate::draft::{self, Draft, Form, Place, markdown};
use crate::storage::objects::ObjectStore;
use crate::wording::{counted, on_one_line};

/// The most files that a page is compared with in this way, the likeliest first.
const MOST_FILES: usize = 16;
/// The most dialects of one file.
const MOST_DIALECTS: usize = 128;
/// The most characters of sources that are printed and compared for one page, of whichever files and in whichever dialects.
const MOST_CHARACTERS: usize = 24 << 20;
/// What part of a page's features a file has at least that it was printed from, in percent.
const SHARED: usize = 10;
/// The most blocks around a text, on each side.
const MOST_AROUND: usize = 24;
/// The marks between which generators of pages fill something in: Hugo's shortcodes, Liquid's and Nunjucks' tags and values.
const PLACES: &[(&str, &str)] = &[("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}"), ("{{", "}}")];
/// The longest such place, in bytes.
const LONGEST_PLACE: usize = 1 << 10;
/// The most files whose titles other pages may lead to.
const MOST_TITLES: usize = 1 << 14;

/// What of a page is the program's that printed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetAside {
    /// What was set in another way, each with how often.
    pub set: Vec<(&'static str, usize)>,
    /// What is printed around the text.
    pub around: Vec<String>,
}

impl SetAside {
    /// Returns what was set in another way, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let words = |(what, times): &(&str, usize)| match (*what, *times) {
            ("dashes", 1) => "1 dash".to_owned(),
            ("dashes", times) => format!("{times} dashes"),
            ("ellipses", 1) => "1 ellipsis".to_owned(),
            ("ellipses", times) => format!("{times} ellipses"),
            ("line_ends", times) => format!("{} between Han characters", counted(times, "line end")),
            ("line_numbers", times) => {
                format!("the numbers of lines of {}", counted(times, "piece") + " of code")
            }
            ("quotation_marks", times) => counted(times, "quotation mark"),
            ("heading_links", times) => format!("{} at headings", counted(times, "link")),
            ("note_links", times) => format!("{} back from notes", counted(times, "link")),
            (_, 1) => "a table of contents".to_owned(),
            (_, times) => format!("{times} tables of contents"),
        };
        self.set.iter().map(words).collect::<Vec<_>>().join(", ")
    }
}

/// A page that is sought among files.
pub struct Sought<'a> {
    /// The page.
    pub page: &'a Printed,
    /// All of it, with what it shows beside its text.
    pub draft: &'a Draft,
    /// When the commit was written.
    pub date: Option<RevisionDate>,
}

/// What was found of the file that a page was printed from.
pub enum Found<'a> {
    /// This one, with what of the page is the program's.
    File(&'a Candidate, SetAside),
    /// None.
    None,
    /// None so far, where so much was compared that the rest was not.
    Unfinished,
}

/// Finds the file that a page was printed from, among files of which the likeliest come first, each with how many of every
/// hundred features of the page it has.
pub fn find<'a>(
    store: &ObjectStore,
    files: &'a [Candidate],
    likely: &[(usize, &'a Candidate)],
    sought: &Sought<'_>,
) -> Result<Found<'a>, Fault> {
    let others = Others {
        store,
        files,
        titles: OnceCell::new(),
    };
    let page = Page::of(sought.page);
    let mut compared = 0;
    let markdown = likely
        .iter()
        .filter(|(shared, file)| *shared >= SHARED && is_markdown(file));
    for (_, file) in markdown.take(MOST_FILES) {
        let Some(text) = text_of(store, file)? else {
            continue;
        };
        let Some(given) = markdown::given(&text) else {
            continue;
        };
        let known = Known::of(&given.front, file.stem(), sought.date);
        if other_title(&known, sought.draft).is_some() {
            continue;
        }
        let mut tried: HashSet<Vec<char>> = HashSet::new();
        for dialect in Dialect::of(given.body).into_iter().take(MOST_DIALECTS) {
            if compared > MOST_CHARACTERS {
                return Ok(Found::Unfinished);
            }
            compared += given.body.len();
            let Some(blocks) = markdown::printed(given.body, dialect) else {
                continue;
            };
            let source = joined(&blocks);
            if tried.contains(&source) {
                continue;
            }
            let headings: Vec<&str> = headings(&blocks).collect();
            if let Some(set_aside) = compare(&source, &headings, &known, &page, &others, &mut compared)? {
                return Ok(Found::File(file, set_aside));
            }
            tried.insert(source);
        }
    }
    Ok(Found::None)
}

/// Of what in a file it is not known what generators of pages make.
pub enum Doubt {
    /// A place that they fill in, such as a shortcode of Hugo or a tag of Liquid.
    Place(String),
    /// A line of which some make something that is not known here.
    Line(String),
}

/// Finds the first of some files that has a place which generators of pages fill in, or else, for a page that may be printed from
/// one, the first that has such a line.
pub fn doubt<'a>(
    store: &ObjectStore,
    files: &[(&'a Candidate, String)],
    sought: Option<&Sought<'_>>,
) -> Result<Option<(&'a Candidate, Doubt)>, Fault> {
    let mut found = None;
    for (file, _) in files {
        let is_markdown = is_markdown(file);
        if !is_markdown && Form::of_name(file.name()) != Some(Form::Html) {
            continue;
        }
        let Some(text) = text_of(store, file)? else {
            continue;
        };
        if let Some(place) = place_in(&text) {
            return Ok(Some((file, Doubt::Place(on_one_line(place)))));
        }
        if is_markdown && sought.is_some() && found.is_none() {
            let given = markdown::given(&text);
            let line = given.and_then(|given| commonmark::printed::beyond_dialects(given.body));
            found = line.map(|line| (*file, Doubt::Line(on_one_line(line))));
        }
    }
    Ok(found)
}

/// Returns the first place of a source that is filled in, with its marks.
fn place_in(source: &str) -> Option<&str> {
    let places = PLACES.iter().filter_map(|(begin, end)| {
        let at = source.find(begin)?;
        let length = source[at..].find(end)? + end.len();
        (length <= LONGEST_PLACE).then(|| &source[at..at + length])
    });
    places.min_by_key(|place| place.as_ptr())
}

/// Takes from the differences of a page from some files what is set aside of a page that was printed from them.
pub fn without_set_aside(
    store: &ObjectStore,
    files: &[(&Candidate, String)],
    changes: Vec<ParagraphChange>,
) -> Result<Vec<ParagraphChange>, Fault> {
    let (mut known, mut code) = (Vec::new(), BTreeSet::new());
    for (file, _) in files {
        let text = text_of(store, file)?.filter(|_| is_markdown(file));
        let Some(given) = text.as_deref().and_then(markdown::given) else {
            return Ok(changes);
        };
        let Some(blocks) = markdown::printed(given.body, Dialect::of(given.body)[0]) else {
            return Ok(changes);
        };
        known.push(Known::of(&given.front, file.stem(), None));
        for block in blocks {
            let pieces = block.text.split(CODE).skip(1);
            let pieces = pieces.filter_map(|piece| Some(piece.split_once(CODE_END)?.0));
            let lines = pieces.flat_map(str::lines).map(str::trim);
            code.extend(lines.filter(|line| !line.is_empty()).map(ToOwned::to_owned));
        }
    }
    Ok(told::without_set_aside(changes, &known, &code))
}

/// Returns the title of a page of which a file has the text, where the file says another, and the page shows that nowhere.
pub fn title_of_none(store: &ObjectStore, file: &Candidate, draft: &Draft) -> Result<Option<String>, Fault> {
    let text = text_of(store, file)?.unwrap_or_default();
    let known = known_of(file, &text);
    Ok(known
        .and_then(|known| other_title(&known, draft))
        .map(ToOwned::to_owned))
}

/// Returns what is known of a file in Markdown or HTML beside its text.
fn known_of(file: &Candidate, text: &str) -> Option<Known> {
    if is_markdown(file) {
        let given = markdown::given(text)?;
        return Some(Known::of(&given.front, file.stem(), None));
    }
    if Form::of_file(file.name(), text.as_bytes()) != Form::Html {
        return None;
    }
    let own = draft::read(text.as_bytes(), Form::Html, Invisible::Allow).ok()?;
    let title = own.front.title.plain.or(own.headline);
    let front = title.map(|title| ("title".to_owned(), vec![title]));
    Some(Known::of(front.as_slice(), file.stem(), None))
}

/// Returns a page's title where it is another than the file says. One above the article may be that of the site, where the page
/// shows the file's as well, and not only in a link.
fn other_title<'a>(known: &Known, draft: &'a Draft) -> Option<&'a str> {
    let own = draft.front.title.plain.as_deref();
    let title = own.or(draft.headline.as_deref())?;
    let in_text = || draft.blocks.iter().flat_map(|block| block.plain.lines());
    // What stands in the text is compared with it.
    let is_compared = || in_text().any(|line| line == title);
    let beside = draft.beside.iter().filter(|beside| beside.place == Place::Loose);
    let beside = beside.flat_map(|beside| beside.own.lines());
    let is_shown = || own.is_none() && beside.chain(in_text()).any(|line| known.is_title(line));
    (known.contradicts(title) && !is_compared() && !is_shown()).then_some(title)
}

fn is_markdown(file: &Candidate) -> bool {
    let ending = file
        .name()
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    Form::of_name(file.name()) == Some(Form::Markdown)
        || ending.is_some_and(|ending| matches!(ending.as_str(), "mdown" | "mkd" | "mdwn"))
}

fn text_of(store: &ObjectStore, file: &Candidate) -> Result<Option<String>, Fault> {
    let body = body_of(store, file)?;
    Ok(body.and_then(|body| canonical::decode(&body, Invisible::Allow).ok()))
}

fn joined(blocks: &[PrintedBlock]) -> Vec<char> {
    let mut characters = Vec::new();
    for block in blocks {
        characters.extend(block.text.chars());
        characters.push('\n');
    }
    characters
}

fn headings(blocks: &[PrintedBlock]) -> impl Iterator<Item = &str> {
    blocks
        .iter()
        .filter(|block| block.is_heading)
        .map(|block| block.text.as_str())
}

/// A page, and where in its characters each block begins.
struct Page<'a> {
    printed: &'a Printed,
    characters: Vec<char>,
    /// With where the last one ends, behind its line feed.
    starts: Vec<usize>,
}

impl<'a> Page<'a> {
    fn of(page: &'a Printed) -> Self {
        let mut starts = vec![0];
        starts.extend(page.blocks.iter().scan(0, |end, block| {
            *end += block.text.chars().count() + 1;
            Some(*end)
        }));
        Self {
            printed: page,
            characters: joined(&page.blocks),
            starts,
        }
    }
}

/// Compares a page with a source, from each of its blocks on before which nothing stands that could be text, and counts what is
/// compared.
fn compare(
    source: &[char],
    headings: &[&str],
    known: &Known,
    page: &Page<'_>,
    others: &Others<'_>,
    compared: &mut usize,
) -> Result<Option<SetAside>, Fault> {
    let blocks = &page.printed.blocks;
    if source.iter().all(|c| c.is_whitespace()) {
        return Ok(None);
    }
    let what = |at: usize| around_text(&blocks[at..], headings, known, others);
    let mut start = 0;
    let mut set_aside = SetAside::default();
    while start < blocks.len() && start <= MOST_AROUND {
        let mut typography = Typography::default();
        let begin = page.starts[start];
        // The block that has a character, and where on the page the next one begins.
        let block_at = |at: usize| page.starts.partition_point(|start| *start <= begin + at) - 1;
        let contents = |at: usize| {
            if headings.is_empty() {
                return Some(at);
            }
            let first = block_at(at);
            let count = contents(blocks.get(first..)?, headings)?;
            page.starts.get(first + count).map(|end| end - begin)
        };
        *compared += source.len().min(page.characters.len() - begin);
        let end = fitting::end_of(source, &page.characters[begin..], &mut typography, contents);
        // It ends where a block does, before the line feed or behind it.
        let behind = end.and_then(|end| {
            let next = page.starts.partition_point(|start| *start < begin + end);
            let is_end = page
                .starts
                .get(next)
                .is_some_and(|start| *start - begin <= end + 1);
            (is_end && next > start).then_some(next)
        });
        if let Some(behind) = behind {
            let mut at = behind;
            let mut after = Vec::new();
            while at < blocks.len() && at <= behind + MOST_AROUND {
                match what(at)? {
                    Some((count, None)) => at += count,
                    Some((count, Some(said))) => {
                        after.push(said);
                        at += count;
                    }
                    None => break,
                }
            }
            if at == blocks.len() {
                set_aside.around.extend(after);
                set_aside.set = set(&typography, page.printed);
                return Ok(Some(set_aside));
            }
        }
        match what(start)? {
            Some((count, said)) => {
                set_aside.around.extend(said);
                start += count;
            }
            None => return Ok(None),
        }
    }
    Ok(None)
}

fn set(typography: &Typography, page: &Printed) -> Vec<(&'static str, usize)> {
    let all = [
        ("quotation_marks", typography.quotation_marks),
        ("dashes", typography.dashes),
        ("ellipses", typography.ellipses),
        ("line_ends", typography.line_ends),
        ("contents", typography.contents),
        ("heading_links", page.anchors),
        ("note_links", page.ways_back),
        ("line_numbers", page.line_numbers),
    ];
    all.into_iter().filter(|(_, times)| *times > 0).collect()
}

/// Tells how many of the blocks, from the first on, are no text, and what they say, but for the file's title; `None` where the
/// first may be text.
fn around_text(
    blocks: &[PrintedBlock],
    headings: &[&str],
    known: &Known,
    others: &Others<'_>,
) -> Result<Option<(usize, Option<String>)>, Fault> {
    let Some(block) = blocks.first() else {
        return Ok(None);
    };
    let text = &block.text;
    if known.is_title(text) {
        return Ok(Some((1, None)));
    }
    let said = Some(text.replace('\n', " "));
    if text == "* * *" {
        return Ok(Some((1, None)));
    }
    if let Some(count) = contents(blocks, headings) {
        let said: Vec<String> = blocks[..count]
            .iter()
            .map(|block| block.text.replace('\n', " "))
            .collect();
        return Ok(Some((count, Some(said.join(" ")))));
    }
    if known.is_about_file(text) || others.are_led_to(block)? {
        return Ok(Some((1, said)));
    }
    Ok(None)
}

/// Returns how many of the blocks, from the first on, are a table of contents: some of the headings in their order, below a
/// line that says so or without one.
fn contents(blocks: &[PrintedBlock], headings: &[&str]) -> Option<usize> {
    let first = blocks.first()?;
    let is_labelled = !first.text.contains('\n') && !first.is_linked && around::is_label(&first.text);
    let count = 1 + usize::from(is_labelled);
    let list = blocks.get(count - 1).filter(|list| list.is_linked)?;
    let mut rest = headings.iter();
    let mut lines = list.text.lines().map(unmarked).filter(|line| !line.is_empty());
    let is_contents = lines.all(|line| {
        // Some number them.
        let numbered = line
            .split_once(' ')
            .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
        rest.any(|heading| {
            fitting::fits(heading, line) || numbered.is_some_and(|(_, line)| fitting::fits(heading, line))
        })
    });
    is_contents.then_some(count)
}

/// Takes the mark of an item off a line.
fn unmarked(line: &str) -> &str {
    let line = line.trim_start();
    let rest = line.trim_start_matches("- ");
    let number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    match number.strip_prefix(". ") {
        Some(item) if number.len() < rest.len() => item,
        _ => rest,
    }
}

/// The other files of a commit, to whose pages a page may lead.
struct Others<'a> {
    store: &'a ObjectStore,
    files: &'a [Candidate],
    titles: OnceCell<HashSet<String>>,
}

impl Others<'_> {
    /// Tells whether a block leads to the page before or after this one, or to both, by their titles and no other words.
    fn are_led_to(&self, block: &PrintedBlock) -> Result<bool, Fault> {
        let is_said = |line: &str| line.contains(char::is_alphanumeric) && !around::is_label(line);
        let lines = || block.text.lines().map(|line| unmarked(line).trim());
        let leads = |line| !around::led_to(line).is_empty();
        let named: Vec<&str> = lines().filter(|line| is_said(line)).collect();
        if named.is_empty() || !block.is_linked && !lines().any(leads) {
            return Ok(false);
        }
        if self.titles.get().is_none() {
            let _ = self.titles.set(self.read()?);
        }
        let is_title = |line: &str| {
            self.titles
                .get()
                .is_some_and(|titles| titles.contains(&around::folded(line)))
        };
        Ok(named
            .into_iter()
            .all(|line| is_title(line) || around::led_to(line).into_iter().any(is_title)))
    }

    fn read(&self) -> Result<HashSet<String>, Fault> {
        let files = self
            .files
            .par_iter()
            .filter(|file| is_markdown(file))
            .take_any(MOST_TITLES);
        let titles = files.map(|file| {
            let text = text_of(self.store, file)?.unwrap_or_default();
            let given = markdown::given(&text);
            let known = given.map(|given| Known::of(&given.front, file.stem(), None));
            Ok(known.map(|known| known.titles().map(around::folded).collect::<Vec<_>>()))
        });
        let titles: Vec<Option<Vec<String>>> = titles.collect::<Result<_, Fault>>()?;
        Ok(titles.into_iter().flatten().flatten().collect())
    }
}
