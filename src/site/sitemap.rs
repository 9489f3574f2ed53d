//! The list of all articles for search engines (sitemaps.org, protocol 0.9): in parts, where one file may not name all.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::address;
use super::base::Base;
use super::before::Built;

/// How many addresses a file may have.
const MOST: usize = 50_000;

const NAMESPACE: (&str, &str) = ("xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9");

/// Writes the files of the site map with their names, that which search engines are told of last. The articles are
/// given newest first, and named oldest first, so that a new one changes the last part only.
pub fn files(base: &Base, articles: &[Built]) -> Vec<(String, Vec<u8>)> {
    let pages: Vec<(String, &str)> = articles
        .iter()
        .rev()
        .map(|built| {
            let address = base.at(&format!("{}/{}", built.article, address::HOME));
            (address, built.summary.date.as_str())
        })
        .collect();
    let newest = articles.iter().map(|built| built.summary.date.as_str()).max();
    let home = (base.at(address::HOME), newest.unwrap_or_default());
    if pages.len() < MOST {
        let all: Vec<_> = std::iter::once(home).chain(pages).collect();
        return vec![(address::SITEMAP.to_owned(), written("urlset", "url", &all))];
    }
    let mut files = Vec::new();
    let mut parts = vec![];
    for (at, part) in pages.chunks(MOST).enumerate() {
        let name = address::part("sitemap", at + 1, "xml");
        parts.push((base.at(&name), ""));
        files.push((name, written("urlset", "url", part)));
    }
    files.push((
        address::SITEMAP.to_owned(),
        written("sitemapindex", "sitemap", &parts),
    ));
    files
}

fn written(list: &str, item: &str, addresses: &[(String, &str)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    let write = |writer: &mut Writer<Vec<u8>>| -> io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let list = writer.create_element(list).with_attribute(NAMESPACE);
        list.write_inner_content(|writer| {
            for (address, changed) in addresses {
                writer.write_event(Event::Text(BytesText::new("\n")))?;
                writer.create_element(item).write_inner_content(|writer| {
                    let location = writer.create_element("loc");
                    location.write_text_content(BytesText::new(address))?;
                    if !changed.is_empty() {
                        let changed = BytesText::new(changed);
                        writer.create_element("lastmod").write_text_content(changed)?;
                    }
                    Ok(())
                })?;
            }
            writer.write_event(Event::Text(BytesText::new("\n")))
        })?;
        writer.write_event(Event::Text(BytesText::new("\n")))
    };
    write(&mut writer).expect("a vector takes whatever is written to it");
    writer.into_inner()
}
