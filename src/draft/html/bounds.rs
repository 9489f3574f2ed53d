//! What an HTML page may ask of the parser. Some steps of the HTML standard take as long as the elements are
//! nested deep, and others repeat elements that were left open, so that a small page could take hours or all
//! memory. A look at the page's tags tells before it is parsed.

/// The most open elements.
const DEEPEST: usize = 256;
/// The most tags, and attributes of one tag.
const MOST_TAGS: usize = 1 << 20;
pub const MOST_ATTRIBUTES: usize = 512;
/// The most open elements summed over all tags, and open formatting elements likewise, which every new
/// paragraph repeats.
const MOST_STEPS: usize = 1 << 26;
const MOST_REPEATED: usize = 1 << 22;

/// Elements that are never open.
pub const VOID: &[&str] = &[
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img", "input",
    "keygen", "link", "meta", "param", "source", "track", "wbr",
];
/// Elements that close one another; they are nested only as deep as what holds them.
const SELF_ENDING: &[&str] = &[
    "body", "caption", "colgroup", "dd", "dt", "head", "html", "li", "option", "p", "tbody", "td", "tfoot",
    "th", "thead", "tr",
];
/// Elements that a paragraph repeats where they were left open.
const FORMATTING: &[&str] = &[
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];
/// Elements beyond which an end tag has no effect.
const FENCES: &[&str] = &[
    "applet",
    "button",
    "marquee",
    "math",
    "object",
    "select",
    "svg",
    "table",
    "template",
    "foreignobject",
    "desc",
];
/// Elements whose content is text, whatever it looks like.
const RAW: &[&str] = &[
    "iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title", "xmp",
];

/// An open element.
struct Open<'a> {
    name: &'a str,
    /// Of SVG or `MathML`, where `<x/>` ends at once.
    is_foreign: bool,
}

/// A formatting element that was not ended, or the fence behind which older ones stand.
struct Formatting<'a> {
    name: &'a str,
    tag: &'a str,
    weight: usize,
}

#[derive(Default)]
struct Bounds<'a> {
    open: Vec<Open<'a>>,
    formatting: Vec<Formatting<'a>>,
    repeated_by_each: usize,
    tags: usize,
    steps: usize,
    repeated: usize,
}

/// Of what a page has too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Elements in one another, or repeated.
    Elements,
    /// Attributes of one element.
    Attributes,
}

/// Returns the line of the tag with which a page asks too much, and of what; none if it does not.
///
/// The page is in lower case, as names of elements are compared.
pub fn excess(page: &str) -> Option<(usize, Excess)> {
    let mut bounds = Bounds::default();
    let bytes = page.as_bytes();
    let mut at = 0;
    while let Some(start) = memchr::memchr(b'<', &bytes[at..]).map(|found| at + found) {
        let name_at = start + 1 + usize::from(bytes.get(start + 1) == Some(&b'/'));
        if !bytes.get(name_at).is_some_and(u8::is_ascii_alphabetic) {
            bounds.tags += 1;
            at = if page[start..].starts_with("<![cdata[") && bounds.in_foreign() {
                after(page, start, "]]>")
            } else {
                past_markup(page, start)
            };
            if bounds.are_exceeded() {
                return Some((line_of(page, start), Excess::Elements));
            }
            continue;
        }
        let name_end = name_at + end_of_name(&bytes[name_at..]);
        let name = &page[name_at..name_end];
        let (end, attributes) = end_of_tag(bytes, name_end);
        let tag = &page[start..end];
        at = end;
        if name_at == start + 2 {
            bounds.end(name);
        } else {
            bounds.start(name, tag, attributes);
            let in_select = bounds.open.iter().any(|open| open.name == "select");
            if !bounds.in_foreign() && name == "plaintext" {
                at = bytes.len();
            } else if !bounds.in_foreign() && RAW.contains(&name) && (!in_select || name == "script") {
                at = end_of_raw(page, end, name);
                bounds.end(name);
            }
        }
        if attributes > MOST_ATTRIBUTES {
            return Some((line_of(page, start), Excess::Attributes));
        }
        if bounds.are_exceeded() {
            return Some((line_of(page, start), Excess::Elements));
        }
    }
    None
}

impl<'a> Bounds<'a> {
    fn in_foreign(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_foreign)
    }

    fn start(&mut self, name: &'a str, tag: &'a str, attributes: usize) {
        self.tags += 1;
        self.steps += self.open.len() + self.formatting.len();
        self.repeated += self.repeated_by_each;
        let parent_is_foreign = self.in_foreign();
        let is_foreign = match name {
            "svg" | "math" => true,
            "foreignobject" | "desc" | "title" | "mi" | "mo" | "mn" | "ms" | "mtext" | "annotation-xml" => {
                false
            }
            _ => parent_is_foreign,
        };
        let ends_at_once = (parent_is_foreign || is_foreign) && tag.ends_with("/>");
        if ends_at_once || !parent_is_foreign && (VOID.contains(&name) || SELF_ENDING.contains(&name)) {
            // A body's attributes are added to the first one's, one by one.
            self.steps += if matches!(name, "body" | "html") {
                1 << 16
            } else {
                0
            };
            return;
        }
        if FORMATTING.contains(&name) {
            self.start_formatting(name, tag, attributes);
        } else if FENCES.contains(&name) {
            self.formatting.push(Formatting {
                name: "",
                tag: name,
                weight: 0,
            });
        }
        self.open.push(Open { name, is_foreign });
    }

    /// Of equal ones the parser repeats three.
    fn start_formatting(&mut self, name: &'a str, tag: &'a str, attributes: usize) {
        let since = self.formatting.iter().rposition(|open| open.name.is_empty());
        let since = since.map_or(0, |fence| fence + 1);
        let equal = |open: &&Formatting| open.tag == tag;
        if self.formatting[since..].iter().filter(equal).count() >= 3 {
            let first = self.formatting[since..].iter().position(|open| open.tag == tag);
            self.forget(since + first.unwrap_or(0));
        }
        let weight = 1 + attributes;
        self.repeated_by_each += weight;
        self.formatting.push(Formatting { name, tag, weight });
    }

    fn forget(&mut self, at: usize) {
        self.repeated_by_each -= self.formatting.remove(at).weight;
    }

    fn end(&mut self, name: &str) {
        self.tags += 1;
        self.steps += self.open.len() + self.formatting.len();
        let is_fence = FENCES.contains(&name);
        let reaches = |open: &&Open| open.name == name || !is_fence && FENCES.contains(&open.name);
        if FORMATTING.contains(&name) {
            let started = self
                .formatting
                .iter()
                .rposition(|open| open.name == name || open.name.is_empty());
            if let Some(at) = started.filter(|at| !self.formatting[*at].name.is_empty()) {
                self.forget(at);
            }
        }
        let Some(at) = self.open.iter().rev().position(|open| reaches(&open)) else {
            return;
        };
        let at = self.open.len() - 1 - at;
        if self.open[at].name != name {
            return;
        }
        self.open.truncate(at);
        if is_fence {
            let begun = |open: &Formatting| open.name.is_empty() && open.tag == name;
            let begun = self.formatting.iter().rposition(begun).unwrap_or(0);
            let dropped = self.formatting.drain(begun..).map(|open| open.weight);
            self.repeated_by_each -= dropped.sum::<usize>();
        }
    }

    fn are_exceeded(&self) -> bool {
        self.open.len() > DEEPEST
            || self.formatting.len() > DEEPEST
            || self.tags > MOST_TAGS
            || self.steps > MOST_STEPS
            || self.repeated > MOST_REPEATED
    }
}

/// Returns the line of a place, from 1.
pub fn line_of(page: &str, at: usize) -> usize {
    page[..at].matches('\n').count() + 1
}

/// Returns where something ends that begins at a place or after it; where there is none, the end of the page.
pub fn after(page: &str, from: usize, what: &str) -> usize {
    let found = memchr::memmem::find(&page.as_bytes()[from..], what.as_bytes());
    found.map_or(page.len(), |at| from + at + what.len())
}

/// Returns the end of a comment, a declaration, or a `<` that is text.
fn past_markup(page: &str, start: usize) -> usize {
    let rest = &page[start..];
    if let Some(comment) = rest.strip_prefix("<!--") {
        if comment.starts_with('>') || comment.starts_with("->") {
            return after(page, start + 4, ">");
        }
        let ends = memchr::memchr_iter(b'>', comment.as_bytes());
        let mut ends = ends.filter(|end| {
            comment.as_bytes()[..*end].ends_with(b"--") || comment.as_bytes()[..*end].ends_with(b"--!")
        });
        return ends.next().map_or(page.len(), |end| start + 4 + end + 1);
    }
    match rest.as_bytes().get(1) {
        Some(b'!' | b'?' | b'/') => after(page, start, ">"),
        _ => start + 1,
    }
}

/// Returns the length of the name that a tag begins with.
pub fn end_of_name(bytes: &[u8]) -> usize {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
    bytes.iter().position(ends).unwrap_or(bytes.len())
}

/// Returns the end of a tag from behind its name, and how many attributes it has.
pub fn end_of_tag(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let mut attributes = 0;
    loop {
        at += bytes[at..]
            .iter()
            .take_while(|b| b.is_ascii_whitespace() || **b == b'/')
            .count();
        match bytes.get(at) {
            None => return (bytes.len(), attributes),
            Some(b'>') => return (at + 1, attributes),
            Some(_) => attributes += 1,
        }
        // A name may begin with "=".
        at += 1;
        let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>' | b'=');
        at += bytes[at..].iter().take_while(|b| !ends(b)).count();
        let blanks = bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        if bytes.get(at + blanks) != Some(&b'=') {
            continue;
        }
        at += blanks + 1;
        at += bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        at = match bytes.get(at) {
            Some(quote) if matches!(quote, b'"' | b'\'') => {
                let end = memchr::memchr(*quote, &bytes[at + 1..]);
                end.map_or(bytes.len(), |end| at + 1 + end + 1)
            }
            _ => {
                let value = bytes[at..]
                    .iter()
                    .take_while(|b| !b.is_ascii_whitespace() && **b != b'>');
                at + value.count()
            }
        };
    }
}

/// Returns the end of the end tag of an element whose content is text.
fn end_of_raw(page: &str, from: usize, name: &str) -> usize {
    let mut at = from;
    loop {
        at = after(page, at, "</");
        if at >= page.len() {
            return page.len();
        }
        let rest = &page.as_bytes()[at..];
        if rest.starts_with(name.as_bytes()) && end_of_name(rest) == name.len() {
            return end_of_tag(page.as_bytes(), at + name.len()).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
        (0..count).map(|number| line(number) + "\n").collect()
    }

    fn line_of_excess(page: &str) -> Option<usize> {
        excess(page).map(|(line, _)| line)
    }

    #[test]
    fn what_asks_too_much_is_the_tag_by_which_a_bound_is_passed() {
        let open = |count| lines(count, |_| "<div>".to_owned());
        // Emphasis is left open by the element that it stands in.
        let left_open = |count| lines(count, |number| format!("<div><b a{number}></div>"));
        // Each body is compared with the first one.
        let bodies = |count| lines(count, |_| "<body>".to_owned());
        let attributes = |count| format!("\n<p {}>", lines(count, |number| format!("a{number}")));
        for (page, most) in [
            (&open as &dyn Fn(usize) -> String, DEEPEST),
            (&left_open, DEEPEST),
            (&bodies, MOST_STEPS >> 16),
        ] {
            assert_eq!(line_of_excess(&page(most)), None, "{most}");
            assert_eq!(line_of_excess(&page(most + 1)), Some(most + 1));
        }
        assert_eq!(line_of_excess(&attributes(MOST_ATTRIBUTES)), None);
        assert_eq!(line_of_excess(&attributes(MOST_ATTRIBUTES + 1)), Some(2));
    }

    #[test]
    fn what_stands_in_a_comment_is_not_open_and_what_follows_it_is() {
        for (comment, ends) in [
            ("<!-->", true),
            ("<!--->", true),
            ("<!-- > -->", true),
            ("<!-- --!>", true),
            ("<!-- >", false),
            ("<!--", false),
        ] {
            let page = format!("{comment}{}", "<div>".repeat(DEEPEST + 1));
            assert_eq!(line_of_excess(&page).is_some(), ends, "{comment}");
        }
    }

    #[test]
    fn emphasis_that_is_left_open_ends_with_the_table_around_it() {
        for page in [
            "<table><b a{}></table>",
            "<button><table><b a{}><svg><desc><i a{}></button>",
        ] {
            let many = lines(3000, |number| page.replace("{}", &number.to_string()));
            assert_eq!(line_of_excess(&many), None, "{page}");
        }
        // What was left open before it goes on.
        let many = lines(DEEPEST + 1, |number| {
            format!("<div><b a{number}></div><table><i></table>")
        });
        assert_eq!(line_of_excess(&many), Some(DEEPEST - 1));
    }
}
