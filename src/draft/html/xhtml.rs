//! XHTML as HTML, which is what the parser reads: in XML any element may end where it begins, and a section of characters
//! is text.

use super::super::{DraftError, DraftErrorKind};
use super::bounds::{self, VOID};
use super::text::is_blank;

/// Elements whose content HTML takes for characters, and a browser shows nothing of.
const UNSHOWN: &[&str] = &["script", "style"];

const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// Elements of other namespaces that HTML has as well, with those.
const FOREIGN: [(&str, &str); 2] = [
    ("svg", "http://www.w3.org/2000/svg"),
    ("math", "http://www.w3.org/1998/Math/MathML"),
];

/// Returns a page of XHTML as HTML that a browser shows the same of.
///
/// # Errors
/// [`DraftErrorKind::Xml`] where the page has what HTML takes for something else: entities of its own, names that differ by
/// their letters' case alone, other namespaces.
pub fn as_html(page: &str) -> Result<String, DraftError> {
    let bytes = page.as_bytes();
    let mut html = String::with_capacity(page.len() + page.len() / 8);
    let mut at = 0;
    let mut around = Around::default();
    let refused = |start, what| DraftError::at(bounds::line_of(page, start), DraftErrorKind::Xml(what));
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
            let end = bounds::after(page, start, "?>");
            if let Some(what) = strange_instruction(&page[start..end]) {
                return Err(refused(start, what));
            }
            end
        } else if rest.starts_with("<!") {
            html.push_str("<!DOCTYPE html>");
            let end = end_of_doctype(page, start);
            let mut strange = ["<!ENTITY", "<!ATTLIST"].into_iter();
            if let Some(what) = strange.find(|what| page[start..end].contains(what)) {
                return Err(refused(start, what.to_owned()));
            }
            end
        } else {
            tag(page, start, &mut html, &mut around).map_err(|what| refused(start, what))?
        };
    }
    html.push_str(&page[at..]);
    Ok(html)
}

/// Tells whether a page may name a style sheet as XML does.
pub fn names_style(page: &str) -> bool {
    page.contains("<?xml-stylesheet")
}

/// What stands around a tag.
#[derive(Default)]
struct Around {
    /// The page's outermost element was begun.
    is_begun: bool,
    /// How many elements of other namespaces are open.
    foreign: usize,
}

/// Names an instruction by which a browser reads other characters, or shows what another file makes of the page.
fn strange_instruction(instruction: &str) -> Option<String> {
    let lower = instruction.to_ascii_lowercase();
    let is_other_encoding =
        lower.starts_with("<?xml ") && lower.contains("encoding") && !lower.contains("utf-8");
    let is_transformation = lower.starts_with("<?xml-stylesheet") && lower.contains("xsl");
    (is_other_encoding || is_transformation).then(|| instruction.to_owned())
}

/// Writes a tag, and returns where the page goes on behind it; names what of it HTML cannot say.
fn tag(page: &str, start: usize, html: &mut String, around: &mut Around) -> Result<usize, String> {
    let bytes = page.as_bytes();
    let is_end = bytes.get(start + 1) == Some(&b'/');
    let name_at = start + 1 + usize::from(is_end);
    let name_end = name_at + bounds::end_of_name(&bytes[name_at..]);
    let name = &page[name_at..name_end];
    let (end, _) = bounds::end_of_tag(bytes, name_end);
    let tag = &page[start..end];
    let is_void = VOID.contains(&name);
    if !is_end {
        check_names(name, &page[name_end..end], around)?;
    }
    if FOREIGN.iter().any(|(element, _)| *element == name) {
        around.foreign = match (is_end, tag.ends_with("/>")) {
            (true, _) => around.foreign.saturating_sub(1),
            (false, true) => around.foreign,
            (false, false) => around.foreign + 1,
        };
    }
    if is_end && is_void {
        return Ok(end);
    }
    Ok(match tag.strip_suffix("/>").filter(|_| !is_end && !is_void) {
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
    })
}

/// Names an element or an attribute that HTML takes for another than XML does. Within an element of another namespace what
/// is shown is told, not read.
fn check_names(name: &str, attributes: &str, around: &mut Around) -> Result<(), String> {
    let own = FOREIGN.iter().find(|(element, _)| *element == name);
    let mut namespace = None;
    let mut rest = attributes;
    let is_upper = |text: &str| text.contains(|c: char| c.is_ascii_uppercase());
    let mut has_upper = is_upper(name);
    let is_within_foreign = around.foreign > 0;
    if !std::mem::replace(&mut around.is_begun, true) && name != "html" {
        return Err(format!("<{name}> as its outermost element"));
    }
    loop {
        rest = rest.trim_start_matches(|c: char| is_blank(c) || c == '/');
        let end = rest.find(|c: char| is_blank(c) || matches!(c, '=' | '>' | '/'));
        let (attribute, after) = rest.split_at(end.unwrap_or(rest.len()));
        // Names of attributes in a picture have capitals; none of those that hide something has.
        has_upper |= is_upper(attribute) && own.is_none();
        if is_upper(attribute) && attribute.eq_ignore_ascii_case("style") {
            return Err(format!("<{name} {attribute}>"));
        }
        let Some(value) = after.trim_start_matches(is_blank).strip_prefix('=') else {
            if attribute.is_empty() {
                break;
            }
            rest = after;
            continue;
        };
        let value = value.trim_start_matches(is_blank);
        let quoted = ['"', '\'']
            .iter()
            .find_map(|mark| value.strip_prefix(*mark)?.split_once(*mark));
        // XML has no value without marks.
        let Some((value, after)) = quoted else {
            return Err(format!("<{name} {attribute}> without quotation marks"));
        };
        if attribute == "xmlns" {
            namespace = Some(value);
        }
        // There HTML ends the other namespace before some elements, which it then hides.
        if attribute == "hidden" && is_within_foreign {
            return Err(format!("<{name} hidden> amid another namespace"));
        }
        rest = after;
    }
    if is_within_foreign && own.is_none() {
        return Ok(());
    }
    let expected = own.map_or(XHTML, |(_, namespace)| namespace);
    let is_expected = match namespace {
        Some(namespace) => namespace == expected,
        // What surrounds a page says it for all that is in it.
        None => own.is_none() && name != "html" || is_within_foreign,
    };
    if !is_expected {
        return Err(format!("<{name}> of another namespace than {expected}"));
    }
    if has_upper || name.contains(':') {
        return Err(format!("<{name}> with a name that HTML does not have"));
    }
    Ok(())
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
        let begin = "<html xmlns=\"http://www.w3.org/1999/xhtml\">";
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
                "<?xml version=\"1.0\"?><!DOCTYPE html [<!ELEMENT a ANY>]><p/>",
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
            let written = as_html(&[begin, xhtml].concat()).expect(xhtml);
            assert_eq!(written.strip_prefix(begin), Some(html), "{xhtml}");
        }
    }

    #[test]
    fn what_html_takes_for_something_else_is_refused_with_its_line() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"";
        let math = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">";
        let page = |what: &str| format!("<html xmlns=\"{XHTML}\">\n{what}</html>");
        for shown in [
            "<p lang='en'>a</p>".to_owned(),
            format!("<p xmlns=\"{XHTML}\">a</p>"),
            format!("{svg} viewBox=\"0 0 1 1\"><linearGradient/><rdf:RDF/></svg><p>a</p>"),
            format!("{svg}/><p>a</p>"),
            format!("{math}<mi>a</mi></math>"),
            "<?xml-stylesheet href=\"a.css\"?>".to_owned(),
        ] {
            assert!(as_html(&page(&shown)).is_ok(), "{shown}");
        }
        for strange in [
            "<!DOCTYPE html [<!ENTITY a \"b\">]>".to_owned(),
            "<!DOCTYPE html [<!ATTLIST p hidden CDATA \"\">]>".to_owned(),
            "<?xml-stylesheet type=\"text/xsl\" href=\"a\"?>".to_owned(),
            "<?xml version=\"1.0\" encoding=\"GBK\"?>".to_owned(),
            "<SCRIPT>a</SCRIPT>".to_owned(),
            "<Template>a</Template>".to_owned(),
            "<p HIDDEN=\"\">a</p>".to_owned(),
            "<p Style='display:none'>a</p>".to_owned(),
            "<script xmlns=\"urn:x\">a</script>".to_owned(),
            "<p xmlns = 'urn:x' hidden=''>a</p>".to_owned(),
            "<x:p xmlns:x=\"urn:x\">a</x:p>".to_owned(),
            "<svg>a</svg>".to_owned(),
            "<svg xmlns=\"http://www.w3.org/1999/xhtml\">a</svg>".to_owned(),
            format!("{math}<p hidden=\"\">a</p></math>"),
            format!("{svg}/><P>a</P>"),
            format!("{svg}><text Style=\"display:none\">a</text></svg>"),
            format!("{svg}><svg/></svg><P>a</P>"),
        ] {
            let refused = as_html(&page(&strange)).expect_err(&strange);
            assert_eq!(refused.line, Some(2), "{strange}: {refused}");
        }
        for page in [
            "<html><p>a</p></html>",
            "<p xmlns=\"http://www.w3.org/1999/xhtml\">a</p>",
        ] {
            assert!(as_html(page).is_err(), "{page}");
        }
    }
}
