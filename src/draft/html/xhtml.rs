//! XHTML as HTML, which is what the parser reads: in XML any element may end where it begins, and a section of characters
//! is text.

use super::bounds::{self, VOID};

/// Elements whose content HTML takes for characters, and a browser shows nothing of.
const UNSHOWN: &[&str] = &["script", "style"];

/// Returns a page of XHTML as HTML that a browser shows the same of.
pub fn as_html(page: &str) -> String {
    let bytes = page.as_bytes();
    let mut html = String::with_capacity(page.len() + page.len() / 8);
    let mut at = 0;
    while let Some(start) = memchr::memchr(b'<', &bytes[at..]).map(|found| at + found) {
        html.push_str(&page[at..start]);
        let rest = &page[start..];
        at = if rest.starts_with("<!--") {
            let end = bounds::after(page, start + "<!--".len(), "-->");
            html.push_str("<!-- -->");
            end
        } else if let Some(section) = rest.strip_prefix("<![CDATA[") {
            let end = section.find("]]>").unwrap_or(section.len());
            html.push_str(&section[..end].replace('&', "&amp;").replace('<', "&lt;"));
            bounds::after(page, start, "]]>")
        } else if rest.starts_with("<?") {
            bounds::after(page, start, "?>")
        } else if rest.starts_with("<!") {
            html.push_str("<!DOCTYPE html>");
            end_of_doctype(page, start)
        } else {
            tag(page, start, &mut html)
        };
    }
    html.push_str(&page[at..]);
    html
}

/// Writes a tag, and returns where the page goes on behind it.
fn tag(page: &str, start: usize, html: &mut String) -> usize {
    let bytes = page.as_bytes();
    let is_end = bytes.get(start + 1) == Some(&b'/');
    let name_at = start + 1 + usize::from(is_end);
    let name_end = name_at + bounds::end_of_name(&bytes[name_at..]);
    let name = &page[name_at..name_end];
    let (end, _) = bounds::end_of_tag(bytes, name_end);
    let tag = &page[start..end];
    let is_void = VOID.contains(&name);
    if is_end && is_void {
        return end;
    }
    match tag.strip_suffix("/>").filter(|_| !is_end && !is_void) {
        Some(begin) => {
            html.extend([begin, "></", name, ">"]);
            end
        }
        None if !is_end && UNSHOWN.contains(&name) => {
            let (content_end, behind) = end_of_unshown(page, end, name);
            let content = page[end..content_end].replace("<![CDATA[", "").replace("]]>", "");
            // Data, as of schema.org; what would end the element in HTML is left away.
            let is_plain = !content.contains("</") && !content.contains("<!--");
            html.extend([tag, if is_plain { &content } else { "" }, "</", name, ">"]);
            behind
        }
        None => {
            html.push_str(tag);
            end
        }
    }
}

/// Returns where the content of an element ends that nothing is shown of, and where the page goes on; what looks like its end
/// in a section of characters is none.
fn end_of_unshown(page: &str, from: usize, name: &str) -> (usize, usize) {
    let end = format!("</{name}");
    let mut at = from;
    while let Some(found) = page[at..].find('<') {
        at += found;
        let rest = &page[at..];
        if rest.starts_with(&end) {
            return (at, bounds::after(page, at, ">"));
        }
        at = if rest.starts_with("<![CDATA[") {
            bounds::after(page, at, "]]>")
        } else if rest.starts_with("<!--") {
            bounds::after(page, at, "-->")
        } else {
            at + 1
        };
    }
    (page.len(), page.len())
}

/// Returns the end of a document type, which may hold declarations of its own.
fn end_of_doctype(page: &str, start: usize) -> usize {
    let end = bounds::after(page, start, ">");
    if page[start..end].contains('[') {
        let own = bounds::after(page, start, "]");
        return bounds::after(page, own, ">");
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_that_end_where_they_begin_are_written_out() {
        for (xhtml, html) in [
            (
                "<script src=\"x\"/><p>a</p>",
                "<script src=\"x\"></script><p>a</p>",
            ),
            (
                "<a title='1 > 0' id=\"a\" />b",
                "<a title='1 > 0' id=\"a\" ></a>b",
            ),
            (
                "a<br/>b<br></br>c<img src=\"x\"/>",
                "a<br/>b<br>c<img src=\"x\"/>",
            ),
            ("<!-- <p/> --->a", "<!-- -->a"),
            ("a<![CDATA[<b/> & <i>]]>c", "a&lt;b/> &amp; &lt;i>c"),
            (
                "<script>//<![CDATA[\n'</script>' <p/>\n//]]></script>b",
                "<script></script>b",
            ),
            (
                "<?xml version=\"1.0\"?><!DOCTYPE html [<!ENTITY a \"<b/>\">]><p/>",
                "<!DOCTYPE html><p></p>",
            ),
            ("a < b", "a < b"),
            (
                "<script>//<![CDATA[\n{}\n//]]></script>b",
                "<script>//\n{}\n//</script>b",
            ),
            ("<textarea/>a", "<textarea></textarea>a"),
            ("<![CDATA[a", "a"),
            ("<script>a", "<script>a</script>"),
            ("<", "<"),
        ] {
            assert_eq!(as_html(xhtml), html, "{xhtml}");
        }
    }
}
