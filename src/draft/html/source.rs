//! The CommonMark of a paragraph: its emphasis, links and code, set around escaped text.

use std::rc::Rc;

use crate::commonmark;

/// How a run of characters is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Style {
    /// Strong.
    pub strong: bool,
    /// Emphasised.
    pub emphasis: bool,
    /// Code.
    pub code: bool,
    /// Struck out.
    pub struck: bool,
    /// Where it links to.
    pub link: Option<Rc<str>>,
}

/// Characters set alike.
pub struct Run {
    /// The characters.
    pub text: String,
    /// How they are set.
    pub style: Style,
}

/// Returns a link in the form of a `CommonMark` destination, if it is one that an article keeps.
pub fn kept_link(href: &str) -> Option<Rc<str>> {
    let href = href.trim();
    let scheme = href
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase())?;
    let is_known = matches!(scheme.as_str(), "http" | "https" | "mailto");
    let is_clean = crate::canonical::first_unprintable(href).is_none() && href.len() <= 8192;
    (is_known && is_clean).then(|| {
        let mut link = String::with_capacity(href.len());
        for c in href.chars() {
            match c {
                '<' => link.push_str("%3C"),
                '>' => link.push_str("%3E"),
                '\\' => link.push_str("%5C"),
                c if c.is_whitespace() => link.push_str("%20"),
                '&' => link.push_str("\\&"),
                c => link.push(c),
            }
        }
        Rc::from(link)
    })
}

/// Writes marks around what is struck out, which is said no longer; blanks stand outside of them.
pub fn mark_struck(runs: &mut [Run]) {
    for struck in runs.chunk_by_mut(|a, b| a.style.struck == b.style.struck) {
        let has_words = |run: &Run| run.style.struck && !run.text.trim().is_empty();
        let ends = struck
            .iter()
            .position(has_words)
            .zip(struck.iter().rposition(has_words));
        let Some((first, last)) = ends else {
            continue;
        };
        let end = struck[last].text.trim_end().len();
        struck[last].text.insert_str(end, "~~");
        let begin = struck[first].text.len() - struck[first].text.trim_start().len();
        struck[first].text.insert_str(begin, "~~");
    }
}

/// Returns `CommonMark` of a paragraph's runs.
pub fn source_of(runs: &[Run]) -> String {
    let mut source = String::new();
    for linked in runs.chunk_by(|a, b| a.style.link == b.style.link) {
        let text: String = linked.iter().map(source_of_run).collect();
        match linked[0]
            .style
            .link
            .as_deref()
            .filter(|_| !text.trim().is_empty())
        {
            Some(link) => {
                let start = text.len() - text.trim_start().len();
                let end = text.trim_end().len();
                let (link, inner) = (bracketed(link), &text[start..end]);
                source.push_str(&text[..start]);
                source.extend(["[", inner, "](", &link, ")"]);
                source.push_str(&text[end..]);
            }
            None => source.push_str(&text),
        }
    }
    source
}

fn bracketed(link: &str) -> String {
    if link.contains(['(', ')']) {
        format!("<{link}>")
    } else {
        link.to_owned()
    }
}

/// Marks stand at the text, blanks outside of them.
fn source_of_run(run: &Run) -> String {
    let core = run.text.trim();
    if core.is_empty() {
        return run.text.clone();
    }
    let start = run.text.len() - run.text.trim_start().len();
    let (before, after) = (&run.text[..start], &run.text[start + core.len()..]);
    let mark = match (run.style.strong, run.style.emphasis) {
        (true, true) => "***",
        (true, false) => "**",
        (false, true) => "*",
        (false, false) => "",
    };
    let text = if run.style.code {
        let longest = core.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest + 1);
        let pad = if core.starts_with('`') || core.ends_with('`') {
            " "
        } else {
            ""
        };
        format!("{fence}{pad}{core}{pad}{fence}")
    } else {
        commonmark::escape(core)
    };
    format!("{before}{mark}{text}{mark}{after}")
}
