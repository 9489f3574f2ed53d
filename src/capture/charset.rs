//! Pages in the encodings that sites still serve, GBK above all, as UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

/// How far into a page its encoding is sought, as the HTML standard has it.
const PRESCANNED: usize = 1024;

/// A page in UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Its bytes.
    pub bytes: Cow<'a, [u8]>,
    /// The encoding that it is said to be in, where it has bytes that mean nothing in that. They became U+FFFD, as in a browser.
    pub damaged: Option<&'static str>,
}

/// Returns an HTML page as UTF-8. Its encoding is the one of its byte order mark, else the one that was declared with
/// it, else the one that it declares in its first bytes. Where there is none the bytes stay what they are: browsers guess.
#[must_use]
pub fn utf8<'a>(bytes: &'a [u8], declared: Option<&str>) -> Decoded<'a> {
    let by_mark = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let label = || declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    let Some(encoding) = by_mark.or_else(label).or_else(|| in_page(bytes)) else {
        return Decoded {
            bytes: bytes.into(),
            damaged: None,
        };
    };
    let (text, encoding, is_damaged) = encoding.decode(bytes);
    let bytes = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    Decoded {
        bytes,
        damaged: is_damaged.then_some(encoding.name()),
    }
}

/// Tells whether so much of a text is lost that it is in another encoding than it was read by: more than one in twenty of its
/// letters.
#[must_use]
pub fn is_of_another(text: &str) -> bool {
    let lost = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    lost * 20 > text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Returns the name of the encoding that an HTML page declares in its first bytes.
#[must_use]
pub fn declared(bytes: &[u8]) -> Option<&'static str> {
    in_page(bytes).map(Encoding::name)
}

/// Names an encoding that a page declares by one of some labels, and in which its bytes are another text than in UTF-8.
pub fn other_reading<'a>(text: &str, labels: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let mut asked = Vec::new();
    for label in labels {
        let Some(found) = Encoding::for_label(label.trim().as_bytes()).map(narrow) else {
            continue;
        };
        if !asked.contains(&found) {
            asked.push(found);
            if found.decode_without_bom_handling(text.as_bytes()).0 != text {
                return Some(found.name());
            }
        }
    }
    None
}

/// A page whose letters could be read is not in UTF-16, whatever it says.
fn narrow(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE {
        UTF_8
    } else {
        encoding
    }
}

/// Reads `charset=` in the first `meta` elements, in both of their forms.
fn in_page(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(bytes.get(..PRESCANNED).unwrap_or(bytes)).to_ascii_lowercase();
    start.split("<meta").skip(1).find_map(|tag| {
        let tag = tag.split('>').next()?;
        let (_, value) = tag.split_once("charset")?;
        let label = label_after(value)?;
        Encoding::for_label(label.as_bytes()).map(narrow)
    })
}

/// Returns the label in what follows the word `charset`.
fn label_after(value: &str) -> Option<&str> {
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let value = value.trim_start_matches(['"', '\'']);
    value.split(['"', '\'', ' ', ';', '/']).next()
}

/// Returns the label of an encoding in the `content` of a `meta` element in lower case.
#[must_use]
pub fn label_in(content: &str) -> Option<&str> {
    label_after(content.split_once("charset")?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_declared_with_the_page_or_in_it() {
        let (gbk, ..) = encoding_rs::GBK.encode("桥今天通车");
        assert_eq!(&*utf8(&gbk, Some("gb2312")).bytes, "桥今天通车".as_bytes());
        for meta in [
            "<meta charset=GBK>",
            "<META http-equiv='Content-Type' content='text/html; charset=gbk'>",
        ] {
            let page = [meta.as_bytes(), &gbk].concat();
            assert!(
                utf8(&page, None).bytes.ends_with("桥今天通车".as_bytes()),
                "{meta}"
            );
        }
        assert_eq!(&*utf8("桥".as_bytes(), None).bytes, "桥".as_bytes());
        let lost = utf8(b"a\xff", Some("utf-8"));
        assert_eq!(
            (&*lost.bytes, lost.damaged),
            ("a\u{fffd}".as_bytes(), Some("UTF-8"))
        );
        assert_eq!(&*utf8(b"\xff\xfea\0", None).bytes, b"a");
        assert_eq!(
            &*utf8("<meta charset=utf-16>桥".as_bytes(), None).bytes,
            "<meta charset=utf-16>桥".as_bytes()
        );
    }

    #[test]
    fn no_encoding_is_guessed() {
        let (gbk, ..) = encoding_rs::GBK.encode("<p>桥今天通车");
        let read = utf8(&gbk, None);
        assert_eq!((&*read.bytes, read.damaged), (&*gbk, None));
        assert!(is_of_another("\u{fffd}\u{fffd}\u{fffd} opened"));
        assert!(!is_of_another("The mayor\u{fffd}s bridge opened today."));
    }

    #[test]
    fn an_encoding_in_which_the_bytes_are_another_text_is_named() {
        let other = |text, labels: &[&'static str]| other_reading(text, labels.iter().copied());
        assert_eq!(other("桥", &["utf-8", " GB2312 "]), Some("GBK"));
        assert_eq!(other("桥", &["utf-16", "unheard-of"]), None);
        assert_eq!(other("a bridge", &["gbk", "windows-1252"]), None);
        assert_eq!(label_in("text/html; charset = gbk"), Some("gbk"));
    }
}
