//! The addresses of what is served, each written in one place.

use std::fmt::Write as _;

use crate::id::{ArticleId, CommitId};

/// Returns the address of an article.
pub fn article(article: &ArticleId) -> String {
    format!("/articles/{article}")
}

/// Returns the address of a revision.
pub fn revision(id: CommitId) -> String {
    format!("/revisions/{id}")
}

/// Writes a value so that it can stand in a query, whatever it holds (RFC 3986, 2.1).
pub fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Reads the names that a path is made of; `None` where one is not UTF-8, is empty, begins with a dot, or has a character
/// that no file of a site has. The last one is empty where the path ends with a slash.
pub fn names(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    let mut names = Vec::new();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let name = unescaped(part)?;
        let is_plain =
            !name.starts_with('.') && !name.contains(['/', '\\']) && !name.contains(char::is_control);
        if !is_plain || name.is_empty() && parts.peek().is_some() {
            return None;
        }
        names.push(name);
    }
    Some(names)
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let value = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_asked_for_lies_below_the_folder(path in "(/|%2[eEfF]|\\.|%00|%5c|[a-z]|\\PC){0,24}") {
            if let Some(names) = names(&path) {
                let is_plain = |name: &String| {
                    let mut parts = Path::new(name).components();
                    let one = parts.next();
                    name.is_empty() || parts.next().is_none() && one == Some(Component::Normal(name.as_ref()))
                };
                prop_assert!(names.iter().all(is_plain), "{names:?}");
            }
        }

        #[test]
        fn names_that_are_written_into_a_path_are_read_from_it(
            written in prop::collection::vec("[^\\pC./\\\\][^\\pC/\\\\]{0,8}", 1..5)
        ) {
            let escaped: Vec<String> = written.iter().map(|name| escaped(name)).collect();
            prop_assert_eq!(names(&format!("/{}", escaped.join("/"))), Some(written));
        }
    }

    #[test]
    fn a_path_is_names_and_none_of_them_leads_upwards() {
        let read = |path: &str| names(path).map(|names| names.join("|"));
        assert_eq!(read("/").as_deref(), Some(""));
        assert_eq!(read("/a/b.html").as_deref(), Some("a|b.html"));
        assert_eq!(read("/a/").as_deref(), Some("a|"));
        assert_eq!(read("/tags/%E6%A1%A5/").as_deref(), Some("tags|桥|"));
        for wrong in [
            "",
            "a",
            "//a",
            "/a//b",
            "/..",
            "/../a",
            "/%2e%2e/a",
            "/.avalaches-site",
            "/a/.b",
            "/a%2fb",
            "/a%5Cb",
            "/a%00",
            "/a%0d%0ab",
            "/%ff",
            "/%2",
            "/%zz",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_stands_in_a_query_ends_nothing() {
        assert_eq!(escaped("a b&c=\r\n>\"桥"), "a%20b%26c%3D%0D%0A%3E%22%E6%A1%A5");
        assert_eq!(unescaped(&escaped("桥 &=%")).as_deref(), Some("桥 &=%"));
    }
}
