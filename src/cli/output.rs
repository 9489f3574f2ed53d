//! What is printed and how: results to stdout, everything else to stderr, and no character of an archive or a
//! page reaches a terminal that could steer it.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

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

/// What stands aside.
pub const FAINT: Style = Style::new().dimmed();

/// Prints text to stdout, colours as the terminal takes them.
///
/// # Errors
/// [`Failure`] where it cannot be written. Where a reader closed the pipe the program ends, and says nothing unless it
/// changed something.
pub fn print(text: &str) -> Result<(), Failure> {
    let stdout = io::stdout();
    match anstream::AutoStream::choice(&stdout) {
        anstream::ColorChoice::Never => print_bytes(uncoloured(text).as_bytes()),
        _ => print_bytes(text.as_bytes()),
    }
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
    // stderr may be gone; there is nobody left to tell.
    let _ = writeln!(
        anstream::stderr().lock(),
        "{style}{word}:{style:#} {}",
        visible(message)
    );
}

/// Tells whether progress can be shown on stderr.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Returns how many columns stdout has; `None` where it is no terminal, or one of unknown width.
pub fn columns() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&stdout).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Returns a text in which every character that could steer a terminal or turn the direction of what follows
/// is shown as `\u{1b}`. Line feeds and tabs stay.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut shown_to = 0;
    for (at, c) in text.char_indices() {
        if is_unseen(c) {
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

    use super::{ADDED, BAD, FAINT, uncoloured, visible};

    #[test]
    fn what_steers_a_terminal_is_shown_and_text_stays() {
        assert_eq!(
            visible("a\u{1b}[2J\u{7}\r\u{9b}\u{202e}b"),
            "a\\u{1b}[2J\\u{7}\\u{d}\\u{9b}\\u{202e}b"
        );
        assert_eq!(
            visible("中文\tEnglish\n👩\u{200d}💻"),
            "中文\tEnglish\n👩\u{200d}💻"
        );
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
