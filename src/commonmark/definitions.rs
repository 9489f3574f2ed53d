//! Link reference definitions of pages that people wrote. CommonMark takes any line such as `[note]: Unconfirmed` for one and shows
//! nothing of it, so that a note, or a sentence in a language without blanks, would be lost. What defines no link is written out as
//! words; what a link is made of stays as it is.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use comrak::nodes::NodeValue;
use comrak::options::BrokenLinkReference;
use comrak::{Arena, ResolvedReference, parse_document};

use super::{escape_paragraph, options, parsed};

/// The longest label in bytes, as the parser has it.
const LONGEST_LABEL: usize = 1000;

/// The schemes of addresses that have no host.
const BARE_SCHEMES: &[&str] = &[
    "data", "doi", "geo", "magnet", "mailto", "news", "sip", "sms", "tel", "urn", "xmpp",
];

/// A source whose notes are words.
pub(super) struct WrittenOut {
    /// The source.
    pub source: String,
    /// For each of its lines, the one that it was, from 1.
    pub lines: Vec<usize>,
}

/// A definition in a source.
struct Definition {
    label: String,
    destination: String,
    /// Its lines, from 0.
    lines: RangeInclusive<usize>,
    /// Where it begins in the first of them.
    column: usize,
    /// What follows it in its paragraph.
    next: Next,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nothing, or text that goes on.
    Text,
    /// Another definition.
    Definition,
    /// A line that would make a heading of what stands above it.
    Underline,
}

/// Writes out the definitions of a source that define no link: those of a label that begins with `^` or that nothing refers to, and
/// those that lead to no address. None where there are none.
pub(super) fn written_out(source: &str) -> Option<WrittenOut> {
    if !source.contains("]:") {
        return None;
    }
    let lines: Vec<&str> = source.split('\n').collect();
    let definitions = definitions(&lines);
    let kept = kept(&lines, &definitions);
    if kept.iter().all(|is_kept| *is_kept) {
        return None;
    }
    let mut written: Vec<(String, usize)> = Vec::with_capacity(lines.len() + definitions.len());
    let mut done = 0;
    let as_it_is = |range: std::ops::Range<usize>| {
        let lines = lines[range.clone()].iter().map(|line| (*line).to_owned());
        lines.zip(range.map(|at| at + 1))
    };
    for (at, definition) in definitions.iter().enumerate().filter(|(at, _)| !kept[*at]) {
        let (first, last) = (*definition.lines.start(), *definition.lines.end());
        written.extend(as_it_is(done..first));
        let own: Vec<(&str, &str)> = definition
            .lines
            .clone()
            .map(|line| lines[line].split_at(definition.begin(line, &lines)))
            .collect();
        let words: Vec<&str> = own.iter().map(|(_, words)| words.trim()).collect();
        let escaped = escape_paragraph(&words.join("\n"));
        for (((before, _), words), line) in own.iter().zip(escaped.split('\n')).zip(first..) {
            written.push((format!("{before}{words}"), line + 1));
        }
        let parts = match definition.next {
            Next::Text => false,
            Next::Definition => kept.get(at + 1).is_some_and(|is_kept| *is_kept),
            Next::Underline => true,
        };
        if parts {
            let around = lines[first][..definition.column].chars();
            let around: String = around
                .map(|c| if matches!(c, '>' | '\t') { c } else { ' ' })
                .collect();
            written.push((around.trim_end().to_owned(), last + 1));
        }
        done = last + 1;
    }
    written.extend(as_it_is(done..lines.len()));
    let (lines_of_source, lines): (Vec<String>, Vec<usize>) = written.into_iter().unzip();
    Some(WrittenOut {
        source: lines_of_source.join("\n"),
        lines,
    })
}

impl Definition {
    /// Returns where it begins in one of its lines.
    fn begin(&self, line: usize, lines: &[&str]) -> usize {
        if line == *self.lines.start() {
            self.column
        } else {
            let text = lines[line];
            text.len() - unquoted(text).len()
        }
    }
}

/// Takes off what a line of a paragraph has before its text.
fn unquoted(line: &str) -> &str {
    line.trim_start_matches([' ', '\t', '>'])
}

/// Tells of each definition whether it stays one.
fn kept(lines: &[&str], definitions: &[Definition]) -> Vec<bool> {
    let referred = referred(lines, definitions);
    let mut known: HashMap<String, &str> = HashMap::new();
    let mut all = Vec::with_capacity(definitions.len());
    for Definition {
        label, destination, ..
    } in definitions
    {
        let folded = folded(label);
        let is_link = !label.starts_with('^') && referred.contains(&folded) && is_address(destination);
        // `[//]: # (…)` is how some write a remark that nobody is to see.
        let is_remark = matches!(&**destination, "" | "#");
        all.push(is_remark || is_link && *known.entry(folded).or_insert(destination) == destination);
    }
    all
}

/// Tells an address from words: it has a scheme, begins as one within a site does, or is the name of a host or a file.
fn is_address(destination: &str) -> bool {
    let has_scheme = destination.split_once(':').is_some_and(|(scheme, rest)| {
        let is_known = BARE_SCHEMES
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        rest.strip_prefix("//")
            .map_or(is_known && !rest.is_empty(), |rest| is_scheme && !rest.is_empty())
    });
    let is_query = |rest: &str| rest.contains('=');
    let is_mark = |rest: &str| rest.starts_with(char::is_alphabetic);
    has_scheme
        || destination.starts_with("./")
        || destination.starts_with("../")
        || destination.starts_with('/')
        || destination.strip_prefix('?').is_some_and(is_query)
        || destination.strip_prefix('#').is_some_and(is_mark)
        || is_host_or_file(destination)
}

/// Tells the name of a host, or of a file in a folder or in none, from a number, an abbreviation and a choice of words: it ends in
/// a dot and at least two letters, as in `.org` and `.html`.
fn is_host_or_file(destination: &str) -> bool {
    let path = destination
        .find(['?', '#'])
        .map_or(destination, |end| &destination[..end]);
    let (first, last) = (path.split('/').next(), path.rsplit('/').next());
    let host = first.map(|first| first.split(':').next().unwrap_or_default());
    destination.is_ascii() && [host, last].into_iter().flatten().any(has_ending)
}

fn has_ending(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || "-_~%+@".contains(c);
        !label.is_empty() && label.chars().all(is_of_name)
    };
    name.rsplit_once('.').is_some_and(|(before, ending)| {
        let is_of_one_case = ending.chars().all(|c| !c.is_ascii_uppercase())
            || ending.chars().all(|c| !c.is_ascii_lowercase());
        let is_ending = ending.len() >= 2 && ending.starts_with(|c: char| c.is_ascii_alphabetic());
        is_ending && is_of_one_case && is_label(ending) && before.split('.').all(is_label)
    })
}

/// Returns a label as labels are compared.
fn folded(label: &str) -> String {
    let words: Vec<&str> = label.split_whitespace().collect();
    words.join(" ").to_lowercase().to_uppercase()
}

/// Finds the definitions of a source: what stands where paragraphs begin. The parser shows only paragraphs that are left, so it is
/// given a source in which nothing is a definition.
fn definitions(lines: &[&str]) -> Vec<Definition> {
    let begins: Vec<Option<usize>> = lines.iter().map(|line| beginning(line)).collect();
    let letters: Vec<String> = lines
        .iter()
        .zip(&begins)
        .map(|(line, begin)| match begin {
            Some(at) => format!("{}x{}", &line[..*at], &line[at + 1..]),
            None => (*line).to_owned(),
        })
        .collect();
    let arena = Arena::new();
    let document = parsed(&arena, &letters.join("\n"));
    let mut definitions = Vec::new();
    for node in document.descendants() {
        let data = node.data();
        let is_heading = match &data.value {
            NodeValue::Paragraph => false,
            NodeValue::Heading(heading) if heading.setext => true,
            _ => continue,
        };
        let first = data.sourcepos.start.line.max(1) - 1;
        let last = (data.sourcepos.end.line.max(1) - 1).min(lines.len() - 1);
        if let Some(column) = begins.get(first).copied().flatten().filter(|_| last >= first) {
            of_paragraph(lines, first..=last, column, is_heading, &mut definitions);
        }
    }
    definitions
}

/// Finds the definitions with which a paragraph begins.
fn of_paragraph(
    lines: &[&str],
    all: RangeInclusive<usize>,
    column: usize,
    is_heading: bool,
    definitions: &mut Vec<Definition>,
) {
    let (first, last) = (*all.start(), *all.end());
    let mut text = String::new();
    for line in all {
        let words = if line == first {
            &lines[line][column..]
        } else {
            unquoted(lines[line])
        };
        text.push_str(words);
        text.push('\n');
    }
    let mut rest = &*text;
    let mut line = first;
    while let Some(found) = definition(rest) {
        let (own, after) = rest.split_at(found.length);
        let end = line + own.matches('\n').count() - 1;
        let next = if definition(after).is_some() {
            Next::Definition
        } else if is_heading && end + 1 == last {
            Next::Underline
        } else {
            Next::Text
        };
        definitions.push(Definition {
            label: found.label.to_owned(),
            destination: found.destination.to_owned(),
            lines: line..=end,
            column: if line == first {
                column
            } else {
                lines[line].len() - unquoted(lines[line]).len()
            },
            next,
        });
        rest = after;
        line = end + 1;
    }
}

/// Returns where a line's text begins if it begins with a bracket, behind the marks of quotations and lists.
fn beginning(line: &str) -> Option<usize> {
    let mut rest = line;
    loop {
        rest = unquoted(rest);
        if rest.starts_with('[') {
            return Some(line.len() - rest.len());
        }
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let mark = if number.len() < rest.len() {
            number.strip_prefix(['.', ')'])
        } else {
            rest.strip_prefix(['-', '*', '+'])
        };
        rest = mark.filter(|behind| behind.starts_with([' ', '\t']))?;
    }
}

/// A definition at the beginning of a text.
struct Found<'a> {
    label: &'a str,
    destination: &'a str,
    /// Its bytes, the line feed at its end included.
    length: usize,
}

/// Reads a definition as CommonMark has it (section 4.7).
fn definition(text: &str) -> Option<Found<'_>> {
    let bytes = text.as_bytes();
    let label_end = end_of_label(bytes)?;
    let label = text[1..label_end].trim();
    if label.is_empty() || bytes.get(label_end + 1) != Some(&b':') {
        return None;
    }
    let start = past_blanks_and_line(bytes, label_end + 2);
    let (destination, end) = destination(text, start)?;
    let title_at = past_blanks_and_line(bytes, end);
    let behind_title = if title_at > end {
        end_of_title(bytes, title_at)
    } else {
        None
    };
    let length = behind_title
        .and_then(|behind| past_line_end(bytes, behind))
        .or_else(|| past_line_end(bytes, end))?;
    Some(Found {
        label,
        destination,
        length,
    })
}

fn end_of_label(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'[') {
        return None;
    }
    let mut at = 1;
    while at <= LONGEST_LABEL {
        match bytes.get(at)? {
            b']' => return Some(at),
            b'[' => return None,
            b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation) => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// Returns the destination at a place, and where it ends.
fn destination(text: &str, start: usize) -> Option<(&str, usize)> {
    let bytes = text.as_bytes();
    if bytes.get(start) == Some(&b'<') {
        let mut at = start + 1;
        loop {
            match bytes.get(at)? {
                b'>' => return Some((text.get(start + 1..at)?, at + 1)),
                b'\n' | b'<' => return None,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }
    let (mut at, mut open) = (start, 0_u32);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation) => at += 1,
            b'(' => open += 1,
            b')' if open == 0 => break,
            b')' => open -= 1,
            byte if byte.is_ascii_whitespace() || byte.is_ascii_control() => break,
            _ => {}
        }
        at += 1;
    }
    (at > start && open == 0).then(|| (&text[start..at], at))
}

/// Returns where the title ends that begins at a place.
fn end_of_title(bytes: &[u8], start: usize) -> Option<usize> {
    let close = match bytes.get(start)? {
        b'(' => b')',
        quote @ (b'"' | b'\'') => *quote,
        _ => return None,
    };
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'(' if close == b')' => return None,
            byte if *byte == close => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn past_blanks(bytes: &[u8], start: usize) -> usize {
    let blanks = bytes
        .iter()
        .skip(start)
        .take_while(|byte| matches!(byte, b' ' | b'\t'));
    start + blanks.count()
}

/// Skips blanks, and one end of a line among them.
fn past_blanks_and_line(bytes: &[u8], start: usize) -> usize {
    let at = past_blanks(bytes, start);
    if bytes.get(at) == Some(&b'\n') {
        past_blanks(bytes, at + 1)
    } else {
        at
    }
}

fn past_line_end(bytes: &[u8], start: usize) -> Option<usize> {
    let at = past_blanks(bytes, start);
    (bytes.get(at) == Some(&b'\n')).then_some(at + 1)
}

/// Returns the labels that something outside of the definitions refers to.
fn referred(lines: &[&str], definitions: &[Definition]) -> HashSet<String> {
    let labels: HashSet<String> = definitions.iter().map(|one| folded(&one.label)).collect();
    let mut without: Vec<&str> = lines.to_vec();
    for definition in definitions {
        for line in definition.lines.clone() {
            without[line] = &lines[line][..definition.begin(line, lines)];
        }
    }
    let found: Mutex<HashSet<String>> = Mutex::default();
    let resolve = |reference: BrokenLinkReference<'_>| {
        let label = folded(reference.original);
        labels.contains(&label).then(|| {
            found.lock().unwrap_or_else(PoisonError::into_inner).insert(label);
            ResolvedReference {
                url: "#".to_owned(),
                title: String::new(),
            }
        })
    };
    let mut options = options();
    options.parse.broken_link_callback = Some(Arc::new(resolve));
    let arena = Arena::new();
    parse_document(&arena, &format!("{}\n", without.join("\n")), &options);
    drop(options);
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_words() {
        for address in [
            "https://x.org",
            "HTTP://x",
            "mailto:ada@x.org",
            "doi:10.1000/182",
            "/",
            "/c",
            "//x.org",
            "./c",
            "../c/",
            "#note-1",
            "#桥",
            "?page=2",
            "d.png",
            "PAGE.HTML",
            "x.org",
            "x.org/",
            "x.org:8080/a?b#c",
            "docs/page.html#top",
            "my-page.v2.html",
        ] {
            assert!(is_address(address), "{address}");
        }
        for words in [
            "3.5%",
            "12.5",
            "e.g.",
            "i.e",
            "U.S.A.",
            "Dr.Smith",
            "#1-ranked",
            "#",
            "NB:unconfirmed",
            "note:",
            "Unconfirmed",
            "Unconfirmed/unclear",
            "and/or.",
            "3.5/10",
            "...omitted",
            "...",
            "?",
            "?unclear",
            "http://",
            "见x.org",
        ] {
            assert!(!is_address(words), "{words}");
        }
    }
}
