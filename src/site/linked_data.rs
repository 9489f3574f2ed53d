//! What a page says of its article to programs: a schema.org `NewsArticle`, with a `CorrectionComment` for each revision
//! that owed its readers a note.

use serde_json::{Map, Value, json};

use super::address;
use super::article::Place;
use super::{Shared, titles};
use crate::article::Kind;
use crate::swhid::Swhid;
use crate::withheld::Kept;

/// Returns the JSON-LD of a revision's page, in a form that can stand in a script element.
pub fn of(shared: &Shared<'_>, kept: &Kept, place: &Place<'_>) -> String {
    let message = kept.message();
    let trailers = &message.trailers;
    let first = place.revisions.last().copied().unwrap_or(kept);
    let mut data = Map::new();
    let mut say = |key: &str, value: Value| {
        data.insert(key.to_owned(), value);
    };
    say("@context", json!("https://schema.org"));
    say("@type", json!("NewsArticle"));
    if let Kept::Whole(revision) = kept {
        let metadata = revision.metadata();
        let headline = titles(revision).into_iter().next().map(|(_, title)| title);
        say("headline", json!(headline.unwrap_or_default()));
        let authors = metadata.authors.iter();
        let authors = authors.map(|author| json!({"@type": "Person", "name": author.name()}));
        say("author", authors.collect());
        if !metadata.tags.is_empty() {
            say("keywords", json!(metadata.tags));
        }
        if let Some(source) = &metadata.source_url {
            say("isBasedOn", json!(source));
        }
    }
    let languages: Vec<String> = trailers.languages.iter().map(ToString::to_string).collect();
    say("inLanguage", json!(languages));
    say("datePublished", json!(first.commit().author.date.to_string()));
    say("dateModified", json!(kept.commit().author.date.to_string()));
    say("version", json!(trailers.revision));
    say("identifier", json!(Swhid::revision(kept.id()).to_string()));
    say(
        "publisher",
        json!({"@type": "Organization", "name": shared.settings.title}),
    );
    if let Some(base) = &shared.base {
        let name = address::revision(trailers.revision);
        let file = if place.is_newest(kept) { "index" } else { &name };
        say(
            "url",
            json!(base.at(&format!("{}/{file}.html", trailers.article))),
        );
    }
    let until_this = place
        .revisions
        .iter()
        .filter(|one| one.message().trailers.revision <= trailers.revision);
    let corrections: Vec<Value> = until_this.copied().filter_map(correction).collect();
    if !corrections.is_empty() {
        say("correction", json!(corrections));
    }
    if trailers.kind == Kind::Retraction {
        say("creativeWorkStatus", json!("Retracted"));
    }
    // Within a script element nothing but its end tag and the like begin with this sign.
    Value::Object(data).to_string().replace('<', "\\u003c")
}

fn correction(kept: &Kept) -> Option<Value> {
    let message = kept.message();
    let note = message.note.as_ref();
    let note = note.filter(|_| message.trailers.kind.needs_note())?;
    Some(json!({
        "@type": "CorrectionComment",
        "text": note,
        "datePublished": kept.commit().author.date.to_string(),
    }))
}
