//! Links by reference. Each block of a page is kept by itself, without the definitions that stand elsewhere in it, so that the
//! address of such a link is written into the link.

use comrak::nodes::{AstNode, NodeLink, NodeValue, Sourcepos};
use comrak::{Arena, format_html};

use super::{options, parsed};

/// Writes the addresses of a block's links by reference into its source, the lines from `first` on, counted from 1. None where
/// that would be another block.
pub(super) fn written_in<'a>(block: &'a AstNode<'a>, slice: &str, first: usize) -> Option<String> {
    let mut starts = vec![0];
    starts.extend(memchr::memchr_iter(b'\n', slice.as_bytes()).map(|at| at + 1));
    let mut targets: Vec<(usize, usize, String)> = Vec::new();
    for node in block.descendants() {
        let data = node.data();
        let (NodeValue::Link(link) | NodeValue::Image(link)) = &data.value else {
            continue;
        };
        let Sourcepos { start, end } = data.sourcepos;
        let begin = starts.get(start.line.checked_sub(first)?)? + start.column.checked_sub(1)?;
        let end = starts.get(end.line.checked_sub(first)?)? + end.column;
        let written = slice.get(begin..end)?;
        if written.ends_with(']') {
            targets.push((begin + end_of_text(written), end, target(link)));
        }
    }
    // Of an image in a link, both ends are behind what is written in before.
    targets.sort_unstable();
    let mut source = slice.to_owned();
    for (begin, end, target) in targets.iter().rev() {
        source.replace_range(begin..end, target);
    }
    let arena = Arena::new();
    (html(parsed(&arena, &source))? == html(block)?).then_some(source)
}

/// Returns where the text of a link by reference ends, its brackets included: before the label if it has one of its own.
fn end_of_text(link: &str) -> usize {
    let is_escaped = |at: usize| {
        let backslashes = link[..at].bytes().rev().take_while(|byte| *byte == b'\\');
        backslashes.count() % 2 == 1
    };
    let mut brackets = link.rmatch_indices('[').map(|(at, _)| at);
    match brackets.find(|at| !is_escaped(*at)) {
        Some(label) if link[..label].ends_with(']') => label,
        _ => link.len(),
    }
}

/// Writes an address and a title as a link has them behind its text.
fn target(link: &NodeLink) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()\\&".contains(c);
    let address = if !link.url.is_empty() && link.url.chars().all(is_plain) {
        link.url.clone()
    } else {
        format!("<{}>", escaped(&link.url, "<>\\&"))
    };
    if link.title.is_empty() {
        format!("({address})")
    } else {
        format!("({address} \"{}\")", escaped(&link.title, "\"\\&"))
    }
}

fn escaped(text: &str, special: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' {
            escaped.push_str("&#10;");
            continue;
        }
        if special.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn html<'a>(node: &'a AstNode<'a>) -> Option<String> {
    let mut html = String::new();
    format_html(node, &options(), &mut html).ok()?;
    Some(html.trim().to_owned())
}
