//! The feed as Atom (RFC 4287), with archived documents (RFC 5005) and tombstones (RFC 6721).

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Document, Entry, Item};
use crate::date::RevisionDate;
use crate::site::base::Base;
use crate::site::{GENERATOR, Shared, address};

const NAMESPACES: [(&str, &str); 3] = [
    ("xmlns", "http://www.w3.org/2005/Atom"),
    ("xmlns:fh", "http://purl.org/syndication/history/1.0"),
    ("xmlns:at", "http://purl.org/atompub/tombstones/1.0"),
];

type Xml = Writer<Vec<u8>>;

/// Writes a document; the items are given newest first, with when something of it was said last.
pub fn written(
    shared: &Shared<'_>,
    base: &Base,
    document: Document,
    items: &[Item],
    updated: RevisionDate,
) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    let result = feed(&mut writer, shared, base, document, items, updated);
    result.expect("a vector takes whatever is written to it");
    writer.into_inner()
}

fn feed(
    writer: &mut Xml,
    shared: &Shared<'_>,
    base: &Base,
    document: Document,
    items: &[Item],
    updated: RevisionDate,
) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let feed = writer.create_element("feed").with_attributes(NAMESPACES);
    feed.write_inner_content(|writer| {
        text(writer, "id", &base.at(address::HOME))?;
        text(writer, "title", &shared.settings.title)?;
        text(writer, "updated", &updated.to_string())?;
        let author = writer.create_element("author");
        author.write_inner_content(|writer| text(writer, "name", &shared.settings.title))?;
        text(writer, "generator", GENERATOR)?;
        link(writer, "alternate", &base.at(address::HOME), "text/html")?;
        link(
            writer,
            "self",
            &base.at(&document.name("atom")),
            "application/atom+xml",
        )?;
        if let Document::Full(_) = document {
            line(writer)?;
            writer.create_element("fh:archive").write_empty()?;
            link(writer, "current", &base.at(address::ATOM), "application/atom+xml")?;
        }
        if let Some(previous) = document.previous() {
            let previous = base.at(&previous.name("atom"));
            link(writer, "prev-archive", &previous, "application/atom+xml")?;
        }
        for item in items {
            line(writer)?;
            match item {
                Item::Entry(item) => entry(writer, item)?,
                Item::Gone { name, when, why } => {
                    let when = when.to_string();
                    let attributes = [("ref", name.as_str()), ("when", when.as_str())];
                    let gone = writer
                        .create_element("at:deleted-entry")
                        .with_attributes(attributes);
                    gone.write_inner_content(|writer| text(writer, "at:comment", why))?;
                }
            }
        }
        line(writer)
    })?;
    line(writer)
}

fn entry(writer: &mut Xml, entry: &Entry) -> io::Result<()> {
    let element = writer
        .create_element("entry")
        .with_attribute(("xml:lang", entry.language.as_str()));
    element.write_inner_content(|writer| {
        text(writer, "id", &entry.name)?;
        text(writer, "title", &entry.title)?;
        text(writer, "published", &entry.date.to_string())?;
        text(writer, "updated", &entry.date.to_string())?;
        for name in &entry.authors {
            let author = writer.create_element("author");
            author.write_inner_content(|writer| text(writer, "name", name))?;
        }
        for tag in &entry.tags {
            line(writer)?;
            let term = legal(tag);
            let category = writer.create_element("category");
            category.with_attribute(("term", term.as_str())).write_empty()?;
        }
        link(writer, "alternate", &entry.address, "text/html")?;
        link(writer, "related", &entry.proof, "application/x-git-pack")?;
        if let Some(summary) = &entry.summary {
            text(writer, "summary", summary)?;
        }
        line(writer)?;
        let content = writer.create_element("content");
        let content = content.with_attributes([("type", "html"), ("xml:base", entry.address.as_str())]);
        content.write_text_content(BytesText::new(&legal(&entry.content)))?;
        line(writer)
    })?;
    Ok(())
}

fn text(writer: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    line(writer)?;
    let element = writer.create_element(name);
    element.write_text_content(BytesText::new(&legal(text)))?;
    Ok(())
}

fn link(writer: &mut Xml, relation: &str, address: &str, media_type: &str) -> io::Result<()> {
    line(writer)?;
    let link = writer.create_element("link");
    let link = link.with_attributes([("rel", relation), ("type", media_type), ("href", address)]);
    link.write_empty()?;
    Ok(())
}

fn line(writer: &mut Xml) -> io::Result<()> {
    writer.write_event(Event::Text(BytesText::new("\n")))
}

/// Returns a text without what XML has no place for (XML 1.0, production 2), each such character replaced.
fn legal(text: &str) -> String {
    let is_legal = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
    text.chars()
        .map(|c| {
            if is_legal(c) {
                c
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}
