//! What is printed and how: results to stdout, everything else to stderr, and no character of an archive or a
//! page reaches a terminal that could steer it.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;
use std::os::fd::AsFd;

use anstyle::{AnsiColor, Style};
use avalaches::footer::{Footer, SEPARATOR};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Failure;

/// Words of a verdict that is yes.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Words of a verdict that is no, and text that is gone.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Words that ask for attention.
pub const NOTICE: Style = AnsiColor::Yellow.on_default().bold();
/// Text that is in the archive and not on the page.
pub const REMOVED: Style = AnsiColor::Red.on_default().strikethrough();
/// Text that is on the page and not in the archive.
pub const ADDED: Style = AnsiColor::Green.on_default().underline();
/// What begins a colour, and anything else that a terminal takes as a command.
const ESC: u8 = 0x1b;

/// Digits of an object id.
const ID_DIGITS: usize = 40;

/// How far what is put on a line of its own is indented.
const INDENT: usize = 2;

/// What stands aside.
pub const FAINT: Style = Style::new().dimmed();

/// Prints text to stdout, colours as the terminal takes them, and no id is broken where it has lines of its own to stand on.
///
/// # Errors
/// [`Failure`] where it cannot be written. Where a reader closed the pipe the program ends, and says nothing unless it
/// changed something.
pub fn print(text: &str) -> Result<(), Failure> {
    let stdout = io::stdout();
    let text = columns().map_or(Cow::Borrowed(text), |columns| ids_whole(text, columns));
    match anstream::AutoStream::choice(&stdout) {
        anstream::ColorChoice::Never => print_bytes(uncoloured(&text).as_bytes()),
        _ => print_bytes(text.as_bytes()),
    }
}

/// Prints a page or a text to stdout as it is, and ends its last line where a terminal would write on behind it.
///
/// # Errors
/// [`Failure`] as for [`print`].
pub fn print_page(page: &str) -> Result<(), Failure> {
    print_bytes(page.as_bytes())?;
    if io::stdout().is_terminal() && !page.ends_with('\n') {
        print_bytes(b"\n")?;
    }
    Ok(())
}

/// Puts each id that a terminal would break at its edge on a line of its own, with the date before it where it is a footer's, so
/// that a double click takes it whole.
fn ids_whole(text: &str, columns: usize) -> Cow<'_, str> {
    let has_broken = |line: &str| uncoloured(line).width() > columns && !ids(line).is_empty();
    if !text.lines().any(has_broken) {
        return Cow::Borrowed(text);
    }
    let mut laid = String::with_capacity(text.len() + text.len() / 8);
    for line in text.split_inclusive('\n') {
        let (mut shown_to, mut width) = (0, 0);
        for id in ids(line) {
            let start = whole_start(line, &id, columns).max(shown_to);
            let before = width + uncoloured(&line[shown_to..start]).width();
            let own = uncoloured(&line[start..id.end]).width();
            width = before + own;
            let is_broken = before % columns + own > columns;
            let is_first =
                (laid.is_empty() || laid.ends_with('\n')) && line[shown_to..start].trim().is_empty();
            if is_broken && own <= columns {
                if !is_first {
                    laid.push_str(line[shown_to..start].trim_end_matches(' '));
                    laid.push('\n');
                }
                let indent = INDENT.min(columns - own);
                laid.extend(std::iter::repeat_n(' ', indent));
                shown_to = start;
                width = indent + own;
            }
            laid.push_str(&line[shown_to..id.end]);
            shown_to = id.end;
        }
        laid.push_str(&line[shown_to..]);
    }
    Cow::Owned(laid)
}

/// Returns where the ids of a line stand: all that has at least as many digits as an object id, and what follows up to a blank.
fn ids(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut run = 0;
    for (at, byte) in line.bytes().enumerate() {
        run = if byte.is_ascii_hexdigit() { run + 1 } else { 0 };
        if run == ID_DIGITS && found.last().is_none_or(|last| last.end <= at) {
            let rest = &line[at..];
            let end = at + rest.find(char::is_whitespace).unwrap_or(rest.len());
            found.push(at + 1 - run..end);
        }
    }
    found
}

/// Returns where what ends in an id begins: the date of a footer, where that has room on a line, or else the word that the id is in.
fn whole_start(line: &str, id: &Range<usize>, columns: usize) -> usize {
    let before = &line[..id.start];
    let word = before.rfind(char::is_whitespace).map_or(0, |blank| {
        blank + before[blank..].chars().next().map_or(0, char::len_utf8)
    });
    let date = before.strip_suffix(SEPARATOR).and_then(|day| {
        let start = day.rfind(" (")?.checked_sub("2026-01-22".len())?;
        let footer = line.get(start..id.start + ID_DIGITS)?;
        let is_whole = Footer::looks_like_one(footer) && uncoloured(&line[start..id.end]).width() <= columns;
        is_whole.then_some(start)
    });
    date.unwrap_or(word)
}

/// Returns a text without what colours it. What colours is all that begins with ESC here, and a text has few of it.
fn uncoloured(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(ESC, rest.as_bytes()) {
        let (before, sequence) = rest.split_at(at);
        plain.push_str(before);
        let end = sequence.find('m').filter(|end| {
            let parameters = sequence.as_bytes().get(2..*end).unwrap_or_default();
            sequence.starts_with("\u{1b}[") && parameters.iter().all(|b| b.is_ascii_digit() || *b == b';')
        });
        match end {
            Some(end) => rest = &sequence[end + 1..],
            None => return plain + &anstream::adapter::strip_str(sequence).to_string(),
        }
    }
    plain + rest
}

/// Prints bytes to stdout as they are.
///
/// # Errors
/// [`Failure`] as for [`print`].
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// Prints one JSON document to stdout.
///
/// # Errors
/// [`Failure`] as for [`print`].
pub fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    print_bytes(text.as_bytes())
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::unread()),
        Err(error) => Err(Failure::new(format!("could not write the result: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Prints an error to stderr.
pub fn error(message: &str) {
    status(BAD, "error", message);
}

/// Prints what the user can do to stderr.
pub fn hint(message: &str) {
    status(GOOD, "hint", message);
}

/// Prints a warning to stderr.
pub fn warning(message: &str) {
    status(NOTICE, "warning", message);
}

/// Prints a note to stderr.
pub fn note(message: &str) {
    status(FAINT, "note", message);
}

fn status(style: Style, word: &str, message: &str) {
    // No line of a name that has line feeds is one of the program's own.
    let message = visible_lines(message).replace('\n', "\n  ");
    let line = format!("{style}{word}:{style:#} {message}\n");
    let line =
        columns_of(&io::stderr()).map_or(Cow::Borrowed(line.as_str()), |columns| ids_whole(&line, columns));
    // stderr may be gone; there is nobody left to tell.
    let _ = write!(anstream::stderr().lock(), "{line}");
}

/// Tells whether progress can be shown on stderr.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Returns how many columns stdout has; `None` where it is no terminal, or one of unknown width.
pub fn columns() -> Option<usize> {
    columns_of(&io::stdout())
}

fn columns_of(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Returns a name or a sentence in which every character that could steer a terminal, turn the direction of what follows or begin a
/// line is shown as `\u{1b}`. Tabs stay.
pub fn visible(text: &str) -> String {
    escaped(text, |c| c == '\n' || is_unseen(c))
}

/// Returns a text as [`visible`] does; its line feeds stay, which the caller indents.
pub fn visible_lines(text: &str) -> String {
    escaped(text, is_unseen)
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut shown_to = 0;
    for (at, c) in text.char_indices() {
        if is_escaped(c) {
            shown.push_str(&text[shown_to..at]);
            shown.extend(c.escape_unicode());
            shown_to = at + c.len_utf8();
        }
    }
    shown.push_str(&text[shown_to..]);
    shown
}

fn is_unseen(c: char) -> bool {
    match c {
        '\n' | '\t' | ' '..='~' | '\u{3000}'..='\u{9fff}' => false,
        '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{61c}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ADDED, BAD, FAINT, ids_whole, uncoloured, visible, visible_lines};

    const ID: &str = "befd3aaf69b82925cb973081acaae45dccb844aa";

    #[test]
    fn an_id_that_a_terminal_would_break_stands_on_a_line_of_its_own_with_its_date() {
        let footer = format!("2026-11-25 (Wednesday) · {ID}");
        for (line, columns, laid) in [
            (
                format!("  2  correction   {footer}"),
                80,
                format!("  2  correction\n  {footer}"),
            ),
            (
                format!("  2  correction   {footer}"),
                83,
                format!("  2  correction   {footer}"),
            ),
            (
                format!("{FAINT}before{FAINT:#}  树, revision 1: {footer}"),
                80,
                format!("{FAINT}before{FAINT:#}  树, revision 1:\n  {footer}"),
            ),
            // Where the date has no room beside it, and where a second one follows.
            (footer.clone(), 60, format!("2026-11-25 (Wednesday) ·\n  {ID}")),
            (
                format!("by commit {ID} and then in ({ID}), and {ID}"),
                80,
                format!("by commit {ID} and then in\n  ({ID}), and\n  {ID}"),
            ),
            (
                format!("a name of many words at the beginning swh:1:rev:{ID};path=/x"),
                80,
                format!("a name of many words at the beginning\n  swh:1:rev:{ID};path=/x"),
            ),
            (format!("an id on {ID}"), 30, format!("an id on {ID}")),
            (format!("    {footer}"), 66, format!(" {footer}")),
            (
                format!("{}  {footer}", "字".repeat(60)),
                80,
                format!("{}\n  {footer}", "字".repeat(60)),
            ),
        ] {
            let text = format!("first\n{line}\nlast\n");
            assert_eq!(
                ids_whole(&text, columns),
                format!("first\n{laid}\nlast\n"),
                "{columns}"
            );
        }
    }

    #[test]
    fn what_steers_a_terminal_is_shown_and_text_stays() {
        assert_eq!(
            visible("a\u{1b}[2J\u{7}\r\u{9b}\u{202e}b"),
            "a\\u{1b}[2J\\u{7}\\u{d}\\u{9b}\\u{202e}b"
        );
        let text = "中文\tEnglish\n👩\u{200d}💻";
        assert_eq!(visible_lines(text), text);
        assert_eq!(visible(text), "中文\tEnglish\\u{a}👩\u{200d}💻");
    }
    proptest! {
        #[test]
        fn colours_are_taken_out_as_anstream_does_it(
            words in proptest::collection::vec("[a中m;\\[0-9\n]{0,4}", 0..6), odd in "(\u{1b}|\u{1b}\\[|\u{1b}\\[1|\u{1b}\\]0;t\u{7})?"
        ) {
            let styles = [ADDED, BAD, FAINT].into_iter().cycle();
            let mut text = String::new();
            for (style, word) in styles.zip(&words) {
                text += &format!("{style}{word}{style:#}");
            }
            prop_assert_eq!(uncoloured(&text), words.concat());
            text += &odd;
            text.push('。');
            prop_assert_eq!(uncoloured(&text), anstream::adapter::strip_str(&text).to_string());
        }
    }
}
