//! The list of all articles for search engines (sitemaps.org, protocol 0.9): in parts, where one file may not name all.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::address;
use super::base::Base;
use super::before::Built;
use crate::date::{RevisionDate, UtcOffset};

/// How many addresses a file may have.
const MOST: usize = 50_000;

const NAMESPACE: (&str, &str) = ("xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9");

/// Writes the files of the site map with their names, that which search engines are told of last. The articles are
/// given newest first, and named oldest first, so that a new one changes the last part only.
pub fn files(base: &Base, articles: &[Built]) -> Vec<(String, Vec<u8>)> {
    in_parts(base, articles, MOST)
}

/// As [`files`], where a file may have so many addresses.
fn in_parts(base: &Base, articles: &[Built], most: usize) -> Vec<(String, Vec<u8>)> {
    let pages: Vec<(String, &str)> = articles
        .iter()
        .rev()
        .map(|built| {
            let address = base.at(&format!("{}/{}", built.article, address::HOME));
            (address, built.summary.date.as_str())
        })
        .collect();
    let newest = pages
        .iter()
        .map(|(_, date)| *date)
        .max_by_key(|date| moment(date));
    let home = (base.at(address::HOME), newest.unwrap_or_default());
    if pages.len() < most {
        let all: Vec<_> = std::iter::once(home).chain(pages).collect();
        return vec![(address::SITEMAP.to_owned(), written("urlset", "url", &all))];
    }
    let (mut files, mut parts) = (Vec::new(), Vec::new());
    // In the last part there is room for the home page, which changes with it.
    let chunks = pages.chunks(most - 1);
    let last = chunks.len();
    for (number, part) in (1..).zip(chunks) {
        let name = address::part("sitemap", number, "xml");
        parts.push((base.at(&name), ""));
        let home = (number == last).then(|| home.clone());
        let all: Vec<_> = part.iter().cloned().chain(home).collect();
        files.push((name, written("urlset", "url", &all)));
    }
    files.push((
        address::SITEMAP.to_owned(),
        written("sitemapindex", "sitemap", &parts),
    ));
    files
}

/// Returns the moment of a date, whatever its offset; RFC 3339's own order is that of local clocks.
fn moment(date: &str) -> Option<i64> {
    RevisionDate::parse(date, UtcOffset::UTC)
        .ok()
        .map(RevisionDate::seconds)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Kind;
    use crate::site::before::Summary;

    fn built(number: usize) -> Built {
        Built {
            article: format!("2026/01/{number:02}/a"),
            newest: String::new(),
            files: Vec::new(),
            in_log: Vec::new(),
            checkpoints: String::new(),
            summary: Summary {
                titles: Vec::new(),
                authors: Vec::new(),
                kind: Kind::Publish,
                tags: Vec::new(),
                date: format!("2026-01-{number:02}T12:00:00+08:00"),
                pages: 1,
                withheld: 0,
            },
        }
    }

    /// The addresses of each file, by its name, of a site of so many articles.
    fn addresses(articles: usize) -> Vec<(String, Vec<String>)> {
        let articles: Vec<Built> = (1..=articles).rev().map(built).collect();
        let files = in_parts(&Base::of("https://example.org/"), &articles, 4);
        let address = |rest: &str| {
            rest.split_once("</loc>")
                .unwrap()
                .0
                .replace("https://example.org/", "")
        };
        let read = |(name, bytes): (String, Vec<u8>)| {
            let text = String::from_utf8(bytes).unwrap();
            (name, text.split("<loc>").skip(1).map(address).collect())
        };
        files.into_iter().map(read).collect()
    }

    #[test]
    fn more_addresses_than_a_file_may_have_are_in_parts_of_which_a_new_article_changes_the_last() {
        let of = |days: &[u8]| {
            days.iter()
                .map(|day| format!("2026/01/{day:02}/a/index.html"))
                .collect::<Vec<_>>()
        };
        let home = vec!["index.html".to_owned()];
        let whole = vec![("sitemap.xml".to_owned(), [home.clone(), of(&[1, 2, 3])].concat())];
        assert_eq!(addresses(3), whole);
        let parts = |last: &[u8]| {
            vec![
                ("sitemap/1.xml".to_owned(), of(&[1, 2, 3])),
                ("sitemap/2.xml".to_owned(), [of(last), home.clone()].concat()),
                (
                    "sitemap.xml".to_owned(),
                    vec!["sitemap/1.xml".to_owned(), "sitemap/2.xml".to_owned()],
                ),
            ]
        };
        assert_eq!(addresses(4), parts(&[4]));
        assert_eq!(addresses(6), parts(&[4, 5, 6]));
    }

    #[test]
    fn the_home_page_is_as_new_as_the_newest_article_whatever_the_offsets() {
        let mut articles = vec![built(2), built(1)];
        articles[0].summary.date = "2026-01-02T01:00:00+14:00".to_owned();
        articles[1].summary.date = "2026-01-01T23:30:00-11:00".to_owned();
        let files = in_parts(&Base::of("https://example.org/"), &articles, 4);
        let text = String::from_utf8(files[0].1.clone()).unwrap();
        let (_, home) = text.split_once("/index.html</loc><lastmod>").unwrap();
        assert!(home.starts_with("2026-01-01T23:30:00-11:00"), "{text}");
    }
}
