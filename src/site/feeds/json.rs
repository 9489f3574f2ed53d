//! The feed as JSON Feed 1.1 (jsonfeed.org). It has no tombstones: what is gone is left out.

use serde_json::{Value, json};

use super::{Document, Entry, Item};
use crate::site::base::Base;
use crate::site::{Shared, address};
use crate::swhid::Swhid;

/// Writes a document; the items are given newest first.
pub fn written(shared: &Shared<'_>, base: &Base, document: Document, items: &[Item]) -> Vec<u8> {
    let entries = items.iter().filter_map(|item| match item {
        Item::Entry(entry) => Some(item_of(entry)),
        Item::Gone { .. } => None,
    });
    let mut feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": shared.settings.title,
        "home_page_url": base.at(address::HOME),
        "feed_url": base.at(&document.name("json")),
        "items": entries.collect::<Vec<Value>>(),
    });
    if let Some(previous) = document.previous() {
        feed["next_url"] = json!(base.at(&previous.name("json")));
    }
    crate::json::canonical(&feed).into_bytes()
}

fn item_of(entry: &Entry) -> Value {
    let authors = entry.authors.iter();
    let mut item = json!({
        "id": entry.name,
        "url": entry.address,
        "title": entry.title,
        "content_html": entry.content,
        "date_published": entry.date.to_string(),
        "authors": authors.map(|name| json!({"name": name})).collect::<Vec<Value>>(),
        "language": entry.language,
        "attachments": [{"url": entry.proof, "mime_type": "application/x-git-pack"}],
        "_avalaches": {
            "kind": entry.kind.name(),
            "revision": entry.revision,
            "footer": entry.footer,
            "swhid": Swhid::revision(entry.commit).to_string(),
        },
    });
    if let Some(summary) = &entry.summary {
        item["summary"] = json!(summary);
    }
    if !entry.tags.is_empty() {
        item["tags"] = json!(entry.tags);
    }
    item
}
