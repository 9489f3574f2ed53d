//! Canonical text: the one form in which an article's text is stored, so that equal texts have equal bytes.
//! Text is brought into it once, when it is added, never when it is hashed.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The most bytes one article may have: 16 MiB.
pub const LONGEST_ARTICLE: usize = 16 << 20;

/// The most bytes of a page or a proof that is checked: 256 MiB. What a site has of the longest article is shorter: each character is
/// six in HTML at most, and the proof is there in base64, which may hold each text in two files.
pub const LONGEST_PAGE: usize = 256 << 20;

/// A place in a text: line and column, both from 1, columns counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// Returns the place of a byte offset in a text.
    #[must_use]
    pub fn of(text: &str, at: usize) -> Self {
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |lf| lf + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why bytes cannot become an article's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Not UTF-8; UTF-16 is named as such.
    #[error("not UTF-8 from byte {at} (line {line}){hint}", hint = if *utf16 { "; it looks like UTF-16: save it as UTF-8" } else { "" })]
    Utf8 {
        /// Offset of the first wrong byte, from 0.
        at: usize,
        /// Its line, from 1.
        line: usize,
        /// The bytes begin with a UTF-16 byte order mark.
        utf16: bool,
    },
    /// A control character other than line feed and tab.
    #[error("control character {} at {position}", name_of_character(*character))]
    Control {
        /// The character.
        character: char,
        /// Where it stands.
        position: Position,
    },
    /// A character that shows nothing or turns the direction of the text around it.
    #[error("invisible character {} at {position}", name_of_character(*character))]
    Invisible {
        /// The character.
        character: char,
        /// Where it stands.
        position: Position,
    },
}

impl TextError {
    /// Says of a character that no text may hold where it stands.
    #[must_use]
    pub fn of(character: char, position: Position) -> Self {
        if is_control(character) {
            Self::Control { character, position }
        } else {
            Self::Invisible { character, position }
        }
    }
}

/// What is done with characters that show nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invisible {
    /// They are an error.
    Refuse,
    /// They are kept; the caller records them.
    Allow,
}

/// Decodes a text: UTF-8 with or without a byte order mark, line ends LF, CRLF or CR, in NFC after decoding.
///
/// # Errors
/// [`TextError`] with the place of the first byte or character that no article may hold.
pub fn decode(bytes: &[u8], invisible: Invisible) -> Result<String, TextError> {
    let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        TextError::Utf8 {
            at,
            line: bytes[..at].split(|b| *b == b'\n').count(),
            utf16,
        }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if is_common(text) {
        return Ok(text.to_owned());
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    check_characters(&text, invisible)?;
    Ok(nfc(text))
}

/// Brings a text into Unicode Normalization Form C (UAX #15). A line feed composes with nothing, so that each line is
/// normalized by itself, and most need not be.
#[must_use]
pub fn nfc(text: String) -> String {
    if is_common(&text) {
        return text;
    }
    let mut normalized = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match is_nfc_quick(line.chars()) {
            IsNormalized::Yes => normalized.push_str(line),
            _ => normalized.extend(line.nfc()),
        }
    }
    normalized
}

/// Checks every character of a text.
///
/// # Errors
/// [`TextError::Control`] or [`TextError::Invisible`] for the first character that may not stand there.
pub fn check_characters(text: &str, invisible: Invisible) -> Result<(), TextError> {
    first_refused(text, invisible).map_or(Ok(()), |(at, character)| {
        Err(TextError::of(character, Position::of(text, at)))
    })
}

/// Returns the first control character of a text, or else the first invisible one where these are refused, with its byte offset.
#[must_use]
pub fn first_refused(text: &str, invisible: Invisible) -> Option<(usize, char)> {
    if is_common(text) {
        return None;
    }
    let control = text.char_indices().find(|(_, c)| is_control(*c));
    control.or_else(|| match invisible {
        Invisible::Refuse => invisible_characters(text).next(),
        Invisible::Allow => None,
    })
}

/// Returns the name of a character, `U+XXXX`.
#[must_use]
pub fn name_of_character(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Lists the invisible characters of a text with their byte offsets, but for joiners where they have work to
/// do: between emoji, and beside the letters of Arabic and Indic scripts.
pub fn invisible_characters(text: &str) -> impl Iterator<Item = (usize, char)> {
    let looked_at = if is_common(text) { "" } else { text };
    looked_at.char_indices().filter(|(at, c)| {
        is_invisible(*c) && !(matches!(c, '\u{200c}' | '\u{200d}') && joins(text, *at, c.len_utf8()))
    })
}

/// Returns the first character that a one-line field (a name, a title, a note's line) cannot hold: a control,
/// a line or paragraph separator, or an invisible one.
#[must_use]
pub fn first_unprintable(text: &str) -> Option<(usize, char)> {
    let strange = |c: char| c == '\n' || c == '\t' || is_control(c);
    text.char_indices()
        .find(|(_, c)| strange(*c))
        .or_else(|| invisible_characters(text).next())
}

/// Brings a text that [`decode`] gave into canonical form: blanks at line ends gone, empty lines at the ends
/// gone, exactly one empty line between paragraphs, one line feed at the end. An empty text stays empty.
#[must_use]
pub fn canonical(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for paragraph in paragraphs(text) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&paragraph);
        out.push('\n');
    }
    out
}

/// Splits a text into its paragraphs: runs of lines that are not blank, without blanks at line ends.
pub fn paragraphs(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut lines = text.split('\n').map(trim_line_end);
    std::iter::from_fn(move || {
        let mut paragraph = lines.find(|line| !line.is_empty())?.to_owned();
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            paragraph.push('\n');
            paragraph.push_str(line);
        }
        Some(paragraph)
    })
}

/// Tells whether a text is in canonical form, in which it may be stored. Invisible characters may be part of
/// it: whether they are welcome was asked when the text was added.
#[must_use]
pub fn is_canonical(text: &str) -> bool {
    is_plainly_canonical(text)
        || check_characters(text, Invisible::Allow).is_ok()
            && unicode_normalization::is_nfc(text)
            && canonical(text) == text
}

/// Tells in one pass that a text is in canonical form, where it is made of common characters alone. `false` says
/// nothing.
#[must_use]
pub fn is_plainly_canonical(text: &str) -> bool {
    let bytes = text.as_bytes();
    // An empty line is no beginning, and none follows another.
    let is_end = |at: usize| {
        let line = &bytes[..at];
        !line.is_empty()
            && !line.ends_with(b"\n\n")
            && !line.ends_with(b" ")
            && !line.ends_with("\u{3000}".as_bytes())
    };
    let ends_once = text.ends_with('\n') && !text.ends_with("\n\n");
    text.is_empty() || ends_once && memchr::memchr_iter(b'\n', bytes).all(is_end) && is_common(text)
}

/// Bytes that [`is_common`] looks at together.
const WINDOW: usize = 32;

/// Tells in one pass that a text is made of line feeds and common characters alone: those that are visible, begin a
/// cluster, and are what they normalize to. `false` says nothing.
#[must_use]
pub fn is_common(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some(window) = rest.first_chunk() {
        if !are_common(window) {
            return false;
        }
        rest = &rest[WINDOW..];
    }
    // No character of a text is cut off, so that what is put behind it is never a part of one.
    let mut last = [b'\n'; 2 * WINDOW + 2];
    last[..rest.len()].copy_from_slice(rest);
    let (first, second) = (last.first_chunk(), last[WINDOW..].first_chunk());
    first.is_some_and(are_common) && (rest.len() <= WINDOW || second.is_some_and(are_common))
}

/// Tells of each byte but the last two, which are looked at with those before them, that it is a common character, or
/// begins or goes on with one; all at once, without a branch for any.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches, sixteen bytes are looked at in one step"
)]
fn are_common(window: &[u8; WINDOW + 2]) -> bool {
    (0..WINDOW).fold(true, |all, at| {
        let [one, two, three] = [window[at], window[at + 1], window[at + 2]];
        let is = |byte: u8, from: u8, to: u8| byte.wrapping_sub(from) <= to - from;
        let printable = is(one, b' ', b'~') | (one == b'\n');
        // Judged by the byte that begins the character.
        let goes_on = is(one, 0x80, 0xbf);
        // U+4E00 to U+9FFF
        let han = is(one, 0xe5, 0xe9) | ((one == 0xe4) & (two >= 0xb8));
        // U+3000 to U+3029
        let punctuation = (one == 0xe3) & (two == 0x80) & (three <= 0xa9);
        // U+FF01 to U+FF5E
        let wide = (one == 0xef) & (((two == 0xbc) & (three >= 0x81)) | ((two == 0xbd) & (three <= 0x9e)));
        // U+2010 to U+2027
        let dashes = (one == 0xe2) & (two == 0x80) & is(three, 0x90, 0xa7);
        // U+00A1 to U+00FF, but for the soft hyphen
        let latin = (one == 0xc3) | ((one == 0xc2) & (two >= 0xa1) & (two != 0xad));
        all & (printable | goes_on | han | punctuation | wide | dashes | latin)
    })
}

/// Takes off blanks at a line's end: spaces, tabs, and the ideographic and other spaces of Unicode.
fn trim_line_end(line: &str) -> &str {
    line.trim_end_matches(|c: char| c.is_whitespace())
}

fn is_control(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
        | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{3164}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn joins(text: &str, at: usize, length: usize) -> bool {
    let before = text[..at]
        .chars()
        .rev()
        .find(|c| !matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}'));
    let after = text[at + length..].chars().next();
    match (before, after) {
        (Some(before), Some(after)) => is_emoji(before) && is_emoji(after) || uses_joiners(before),
        _ => false,
    }
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Arabic, Syriac, N'Ko and the Indic scripts, Mongolian.
fn uses_joiners(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{7ff}' | '\u{8a0}'..='\u{dff}' | '\u{f00}'..='\u{fff}' | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}' | '\u{1800}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_brought_into_one_form() {
        let decoded = decode(
            "\u{feff}\r\n\r\n 你好 \t\r\n\r\n\r\n\ncafe\u{301}\rb\u{3000}\n".as_bytes(),
            Invisible::Refuse,
        );
        assert_eq!(canonical(&decoded.unwrap()), " 你好\n\ncafé\nb\n");
        assert_eq!(canonical(" \n\n"), "");
    }

    #[test]
    fn what_no_article_may_hold_is_refused_with_its_place() {
        let refused = |bytes: &[u8]| decode(bytes, Invisible::Refuse).unwrap_err();
        assert_eq!(
            refused(b"a\n\xffb"),
            TextError::Utf8 {
                at: 2,
                line: 2,
                utf16: false
            }
        );
        assert_eq!(
            refused(b"\xff\xfea\0"),
            TextError::Utf8 {
                at: 0,
                line: 1,
                utf16: true
            }
        );
        let place = |line, column| Position { line, column };
        assert_eq!(
            refused(b"a\n\0"),
            TextError::Control {
                character: '\0',
                position: place(2, 1)
            }
        );
        assert_eq!(
            refused("中文\u{202e}".as_bytes()),
            TextError::Invisible {
                character: '\u{202e}',
                position: place(1, 3)
            }
        );
        assert!(decode("中文\u{202e}".as_bytes(), Invisible::Allow).is_ok());
        for control in ["\u{1b}", "\u{7f}", "\u{9b}", "\u{2028}"] {
            assert!(
                matches!(refused(control.as_bytes()), TextError::Control { .. }),
                "{control:?}"
            );
        }
    }

    #[test]
    fn joiners_are_welcome_where_they_join() {
        for text in ["👩\u{200d}💻", "👩🏽\u{200d}🚀", "می\u{200c}خواهم", "क्\u{200d}ष"]
        {
            assert_eq!(decode(text.as_bytes(), Invisible::Refuse).as_deref(), Ok(text));
        }
        assert!(decode("a\u{200d}b".as_bytes(), Invisible::Refuse).is_err());
    }

    #[test]
    fn a_text_is_common_where_each_of_its_characters_is() {
        let common = |c: char| {
            matches!(c, ' '..='~' | '\n' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' | '\u{2010}'..='\u{2027}'
                | '\u{3000}'..='\u{3029}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff5e}')
        };
        for c in '\0'..=char::MAX {
            assert_eq!(is_common(c.encode_utf8(&mut [0; 4])), common(c), "{c:?}");
        }
        // Wherever it stands in a text that is looked at in several pieces.
        for c in [
            '\r', '\u{ad}', '\u{100}', '\u{200b}', '\u{2028}', '\u{302a}', '\u{4dff}', '\u{a000}',
            '\u{ff00}', '😀',
        ] {
            for length in 0..4 * WINDOW {
                let others: String = ["a", "é", "中", "—"].into_iter().cycle().take(length).collect();
                assert!(is_common(&others));
                assert!(!is_common(&format!("{others}{c}")), "{c:?} after {length}");
                assert!(!is_common(&format!("{c}{others}")), "{c:?} before {length}");
                assert!(
                    !is_common(&format!("{others}{c}{others}")),
                    "{c:?} between {length}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn lines_are_normalized_as_the_whole_is(text in "[ae\u{301}\u{323}\u{1100}\u{1161}\u{11a8}\u{212b}\u{f900}中\n]{0,24}") {
            let whole: String = text.nfc().collect();
            prop_assert_eq!(nfc(text), whole);
        }

        #[test]
        fn what_is_canonical_at_a_glance_is_canonical(
            text in "[a中 \u{3000}\n\n\u{e9}\u{ad}\u{2014}\u{fb01}\u{ff01}\u{301}]{0,20}", any in any::<String>(),
        ) {
            for text in [text, any] {
                if is_plainly_canonical(&text) {
                    prop_assert_eq!(decode(text.as_bytes(), Invisible::Refuse), Ok(text.clone()));
                    prop_assert_eq!(canonical(&text), text);
                }
            }
        }

        #[test]
        fn canonical_text_is_canonical(text in any::<String>()) {
            if let Ok(decoded) = decode(text.as_bytes(), Invisible::Allow) {
                let once = canonical(&decoded);
                prop_assert!(is_canonical(&once), "{:?}", once);
                prop_assert_eq!(canonical(&once), once);
            }
        }

        #[test]
        fn lines_and_blanks_make_canonical_text(text in "[ab \u{3000}\t\n\r中\u{301}]{0,60}") {
            let once = canonical(&decode(text.as_bytes(), Invisible::Refuse).unwrap());
            prop_assert!(is_canonical(&once), "{:?}", once);
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode(&bytes, Invisible::Refuse);
        }
    }
}
