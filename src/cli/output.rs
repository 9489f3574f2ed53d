//! What is printed and how: results to stdout, everything else to stderr, and no character of an archive or a
//! page reaches a terminal that could steer it.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use avalaches::revision::Revision;
use avalaches::swhid::Swhid;
use serde::Serialize;
use serde_json::{Value, json};

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
/// What stands aside.
pub const FAINT: Style = Style::new().dimmed();

/// Prints text to stdout, colours as the terminal takes them.
///
/// # Errors
/// [`Failure`] where it cannot be written. A reader who closed the pipe is no failure: the program ends there.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
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
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
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

/// Returns what is told of a revision wherever one is named, as `JSON.md` has it.
pub fn revision_json(revision: &Revision) -> Value {
    let trailers = &revision.message.trailers;
    json!({
        "article": trailers.article.to_string(),
        "revision": trailers.revision,
        "kind": trailers.kind.name(),
        "note": revision.message.note,
        "date": revision.commit.author.date.to_string(),
        "id": revision.id.to_string(),
        "swhid": Swhid::revision(revision.id).to_string(),
        "footer": revision.footer().to_string(),
    })
}

/// Returns how many things there are, in words.
pub fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
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
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let steers = c.is_control() && c != '\n' && c != '\t';
        if turns
            || steers
            || matches!(
                c,
                '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
            )
        {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::visible;

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
}
