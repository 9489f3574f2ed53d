//! What a log had added, as a feed (Atom, RFC 4287).

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::News;
use crate::footer::Footer;
use crate::swhid::Swhid;

/// Writes a feed of what was added to the log of the site at an address, newest first.
#[must_use]
pub fn feed(address: &str, news: &News) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = write(&mut writer, address.trim_end_matches('/'), news);
    written.expect("memory takes all that is written");
    String::from_utf8(writer.into_inner()).expect("all that is written is text") + "\n"
}

fn write(writer: &mut Writer<Vec<u8>>, address: &str, news: &News) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    let feed = writer
        .create_element("feed")
        .with_attribute(("xmlns", "http://www.w3.org/2005/Atom"));
    feed.write_inner_content(|writer| {
        let text = |writer: &mut Writer<Vec<u8>>, name: &str, text: &str| {
            writer
                .create_element(name)
                .write_text_content(BytesText::new(text))
                .map(|_| ())
        };
        let origin = news.kept.origin();
        let newest = news.entries.iter().max_by_key(|entry| entry.date.seconds());
        let updated = newest.map_or_else(
            || "1970-01-01T00:00:00Z".to_owned(),
            |entry| entry.date.to_string(),
        );
        text(writer, "id", &format!("{address}/checkpoint"))?;
        text(writer, "title", origin)?;
        text(writer, "updated", &updated)?;
        writer
            .create_element("author")
            .write_inner_content(|writer| text(writer, "name", origin))?;
        for entry in news.entries.iter().rev() {
            writer.create_element("entry").write_inner_content(|writer| {
                let page = format!("{address}/{}/r{}.html", entry.article, entry.revision);
                text(writer, "id", &Swhid::revision(entry.commit).to_string())?;
                text(
                    writer,
                    "title",
                    &format!("{}: {}, revision {}", entry.kind, entry.article, entry.revision),
                )?;
                text(writer, "updated", &entry.date.to_string())?;
                let link = writer.create_element("link").with_attribute(("rel", "alternate"));
                link.with_attribute(("href", page.as_str())).write_empty()?;
                text(
                    writer,
                    "summary",
                    &Footer::of(entry.date, entry.commit).to_string(),
                )
            })?;
        }
        Ok(())
    })?;
    Ok(())
}
