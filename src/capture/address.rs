//! Which addresses are those of one page, as web archives look captures up (SURT), but more cautiously.

use std::collections::HashMap;

use url::{Position, Url};

/// Returns what addresses of one page have in common: host, port, path and query, and a fragment that begins as a path does or with
/// `!`, by which a program in a page shows another one. Schemes of the web, their ports, other fragments and the slash of a path that
/// is empty tell no pages apart. Of an address that is none of the web it is all of it.
#[must_use]
pub fn key(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) if matches!(url.scheme(), "http" | "https") => {
            if !url.fragment().is_some_and(|part| part.starts_with(['!', '/'])) {
                url.set_fragment(None);
            }
            url[Position::BeforeUsername..].to_owned()
        }
        _ => address.to_owned(),
    }
}

/// Returns the whole of an address that may be relative to another, as the `Location` of a redirect may (RFC 9110, 10.2.2).
#[must_use]
pub fn joined(address: &str, relative: &str) -> Option<String> {
    let joined = Url::parse(address).ok()?.join(relative).ok()?;
    Some(joined.into())
}

/// Keys of addresses that redirects show to be those of one page: where one has `www.` before its host, or a slash at its end, and the
/// other has not, only they do.
#[derive(Debug, Default)]
pub struct Redirects {
    onward: HashMap<String, String>,
}

impl Redirects {
    /// Takes that the page at an address is at another.
    pub fn add(&mut self, address: &str, location: &str) {
        let [from, to] = [address, location].map(key);
        if bare(&from) != bare(&to) {
            return;
        }
        let (from, to) = (self.last(from), self.last(to));
        if from != to {
            self.onward.insert(from, to);
        }
    }

    /// Returns the key that stands for all of a page's.
    #[must_use]
    pub fn last(&self, mut key: String) -> String {
        while let Some(next) = self.onward.get(&key) {
            key.clone_from(next);
        }
        key
    }
}

/// Returns a key without what is often the same with it and without it.
fn bare(key: &str) -> &str {
    let key = key.strip_prefix("www.").unwrap_or(key);
    key.strip_suffix('/').unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_page_have_one_key() {
        for [one, other] in [
            ["http://a.example", "https://a.example/"],
            ["http://a.example:80/b", "https://A.example:443/b#c"],
            ["https://a.example/b?c", "http://a.example/b?c"],
            ["https://a.example/#!/b", "http://a.example#!/b"],
            ["https://桥.example/桥", "https://xn--6yv.example/%E6%A1%A5"],
        ] {
            assert_eq!(key(one), key(other), "{one}");
        }
        for [one, other] in [
            ["https://a.example/b", "https://a.example/b/"],
            ["https://a.example/b", "https://www.a.example/b"],
            ["https://a.example/b", "https://a.example/B"],
            ["https://a.example/b", "https://a.example/b?c"],
            ["https://a.example:8080/b", "https://a.example/b"],
            ["https://a.example/#!/b", "https://a.example/#!/c"],
            ["https://a.example/#/b", "https://a.example/"],
            ["urn:a#b", "urn:a"],
        ] {
            assert_ne!(key(one), key(other), "{one}");
        }
    }

    #[test]
    fn a_redirect_joins_what_differs_by_no_more_than_www_and_a_slash() {
        let mut redirects = Redirects::default();
        redirects.add("http://a.example/b", "https://www.a.example/b");
        redirects.add(
            "https://www.a.example/b",
            &joined("https://www.a.example/b", "/b/").unwrap(),
        );
        redirects.add("https://www.a.example/b/", "http://a.example/b");
        redirects.add("https://a.example/c", "https://a.example/d");
        redirects.add("https://a.example/e", "https://b.example/e");
        let last = |address: &str| redirects.last(key(address));
        assert_eq!(last("https://a.example/b"), "www.a.example/b/");
        assert_eq!(last("https://www.a.example/b"), "www.a.example/b/");
        assert_eq!(last("https://a.example/c"), "a.example/c");
        assert_eq!(last("https://a.example/e"), "a.example/e");
        assert_eq!(last("https://www.a.example/e"), "www.a.example/e");
    }
}
