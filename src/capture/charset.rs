//! Pages in the encodings that sites still serve, GBK above all, as UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

/// How far into a page its encoding is sought, as the HTML standard has it.
const PRESCANNED: usize = 1024;

/// Returns an HTML page as UTF-8. Its encoding is the one of its byte order mark, else the one that was declared with
/// it, else the one that it declares in its first bytes, else UTF-8; what it cannot mean becomes U+FFFD, as in a browser.
#[must_use]
pub fn utf8<'a>(bytes: &'a [u8], declared: Option<&str>) -> Cow<'a, [u8]> {
    let label = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    let encoding = label.or_else(|| in_page(bytes)).unwrap_or(UTF_8);
    match encoding.decode(bytes).0 {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Returns the name of the encoding that an HTML page declares in its first bytes.
#[must_use]
pub fn declared(bytes: &[u8]) -> Option<&'static str> {
    in_page(bytes).map(Encoding::name)
}

/// Reads `charset=` in the first `meta` elements, in both of their forms.
fn in_page(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(bytes.get(..PRESCANNED).unwrap_or(bytes)).to_ascii_lowercase();
    start.split("<meta").skip(1).find_map(|tag| {
        let tag = tag.split('>').next()?;
        let (_, value) = tag.split_once("charset")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start();
        let value = value.trim_start_matches(['"', '\'']);
        let label = value.split(['"', '\'', ' ', ';', '/']).next()?;
        let found = Encoding::for_label(label.as_bytes())?;
        // A page whose letters could be read is not in UTF-16, whatever it says.
        let is_wide = found == encoding_rs::UTF_16LE || found == encoding_rs::UTF_16BE;
        Some(if is_wide { UTF_8 } else { found })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_declared_with_the_page_or_in_it() {
        let (gbk, ..) = encoding_rs::GBK.encode("桥今天通车");
        assert_eq!(&*utf8(&gbk, Some("gb2312")), "桥今天通车".as_bytes());
        for meta in [
            "<meta charset=GBK>",
            "<META http-equiv='Content-Type' content='text/html; charset=gbk'>",
        ] {
            let page = [meta.as_bytes(), &gbk].concat();
            assert!(utf8(&page, None).ends_with("桥今天通车".as_bytes()), "{meta}");
        }
        assert_eq!(&*utf8("桥".as_bytes(), None), "桥".as_bytes());
        assert_eq!(&*utf8(b"a\xff", None), "a\u{fffd}".as_bytes());
        assert_eq!(&*utf8(b"\xff\xfea\0", None), b"a");
        assert_eq!(
            &*utf8("<meta charset=utf-16>桥".as_bytes(), None),
            "<meta charset=utf-16>桥".as_bytes()
        );
    }
}
