//! A page for another address than its own: what it links to relatively is found from the page's own folder, so each such
//! link is written out.

/// Writes the relative links of a page out, for a page that lies in a folder of the site (`/2026/01/22/bridge/`). Text
/// stands in a page with its `<` escaped, so that every `<` begins markup.
pub fn from_folder(page: &str, folder: &str) -> String {
    let mut written = String::with_capacity(page.len() + 256);
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        written.push_str(before);
        let end = end_of(tag);
        let (tag, after) = tag.split_at(end);
        if tag.starts_with("<!") {
            written.push_str(tag);
        } else {
            push_tag(tag, folder, &mut written);
        }
        rest = after;
        // What stands in these is no markup.
        for element in ["style", "script"] {
            if tag[1..].starts_with(element) {
                let end = rest.find(&format!("</{element}")).unwrap_or(rest.len());
                written.push_str(&rest[..end]);
                rest = &rest[end..];
            }
        }
    }
    written + rest
}

/// Finds the end of a tag or a comment that a text begins with.
fn end_of(tag: &str) -> usize {
    if tag.starts_with("<!--") {
        return tag.find("-->").map_or(tag.len(), |at| at + 3);
    }
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'>') => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

fn push_tag(tag: &str, folder: &str, written: &mut String) {
    let mut rest = tag;
    loop {
        let found = ["href=\"", "src=\""].into_iter().filter_map(|name| {
            let at = rest.find(&format!(" {name}"))?;
            Some(at + 1 + name.len())
        });
        let Some(start) = found.min() else {
            written.push_str(rest);
            return;
        };
        let (before, value) = rest.split_at(start);
        let (value, after) = value.split_at(value.find('"').unwrap_or(value.len()));
        written.push_str(before);
        written.push_str(&resolved(value, folder));
        rest = after;
    }
}

/// Finds where a relative link leads to from a folder (RFC 3986, 5.2.4); any other link stays as it is.
fn resolved(link: &str, folder: &str) -> String {
    let head = link.find(['/', '?', '#']).map_or(link, |at| &link[..at]);
    let is_relative = !link.is_empty() && !link.starts_with(['/', '#', '?']) && !head.contains(':');
    if !is_relative {
        return link.to_owned();
    }
    let mut folders: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    let mut rest = link;
    loop {
        if let Some(after) = rest.strip_prefix("../") {
            folders.pop();
            rest = after;
        } else if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else {
            break;
        }
    }
    folders.insert(0, "");
    folders.push(rest);
    folders.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_are_written_out_and_nothing_else_changes() {
        let page = "<!-- href=\"a\" --><link rel=\"x\" href=\"r1.proof\"><style>a[ href=\"b\"]{}</style>\
                    <a href=\"../../../../index.html\">a href=\"c\"</a><img alt=\">\" src=\"./m/1.png\">\
                    <a title=\"x\" href=\"https://example.org/\"></a><a href=\"/d\"></a><a href=\"#e\"></a>\
                    <a href=\"mailto:f\"></a><a href=\"\"></a><script> href=\"g\"</script>";
        let expected = "<!-- href=\"a\" --><link rel=\"x\" href=\"/2026/01/22/bridge/r1.proof\"><style>a[ href=\"b\"]{}</style>\
                        <a href=\"/index.html\">a href=\"c\"</a><img alt=\">\" src=\"/2026/01/22/bridge/m/1.png\">\
                        <a title=\"x\" href=\"https://example.org/\"></a><a href=\"/d\"></a><a href=\"#e\"></a>\
                        <a href=\"mailto:f\"></a><a href=\"\"></a><script> href=\"g\"</script>";
        assert_eq!(from_folder(page, "/2026/01/22/bridge/"), expected);
    }

    #[test]
    fn markup_that_does_not_end_is_left_as_it_is() {
        for page in ["<a href=\"b", "<!-- x", "<style>a", "<", "a", "<a href='b'>"] {
            assert_eq!(from_folder(page, "/c/").replace("/c/b", "b"), page);
        }
    }
}
