//! When an HTML page says that it was published, and last changed, and by whom it is: metadata that no reader sees, kept apart
//! from the text.

use std::collections::HashSet;

use scraper::{ElementRef, Html};
use serde_json::Value;

use super::{clean, head_elements, is_date};
use crate::object::ident::Person;

/// The most authors that are taken of metadata.
const MOST_AUTHORS: usize = 64;

/// The most scripts of metadata that are looked into, and the longest.
const MOST_SCRIPTS: usize = 64;
const LONGEST_SCRIPT: usize = 1 << 20;

/// What a page states of itself.
pub struct Stated<'a> {
    page: &'a Html,
    /// The objects of its JSON-LD.
    objects: Vec<Value>,
}

impl<'a> Stated<'a> {
    /// Reads it.
    pub fn of(page: &'a Html) -> Self {
        Self {
            page,
            objects: objects(page),
        }
    }

    /// Lists the dates of `article:modified_time` (Open Graph) and `dateModified` (schema.org, as JSON-LD), as written.
    pub fn change(&self) -> Vec<String> {
        self.dates(&["article:modified_time"], "dateModified")
    }

    /// Returns the first date of `article:published_time`, `datePublished`, or a name that publishers of their own use, that is one.
    pub fn publication(&self) -> Option<String> {
        let names = ["article:published_time", "publishdate", "pubdate"];
        let dates = self.dates(&names, "datePublished");
        dates.into_iter().find(|date| is_date(date))
    }

    /// Lists the names of the authors of the page's article (schema.org, as JSON-LD), but for what is no name.
    pub fn authors(&self) -> Vec<String> {
        let listed = match self.objects.first().and_then(|object| object.get("author")) {
            Some(Value::Array(authors)) => authors.iter().collect(),
            Some(author) => vec![author],
            None => Vec::new(),
        };
        let name = |author: &Value| clean(author.as_str().or_else(|| author.get("name")?.as_str())?);
        let mut met = HashSet::new();
        let names = listed.into_iter().filter_map(name);
        names
            .filter(|name| Person::parse(name).is_ok() && met.insert(name.clone()))
            .take(MOST_AUTHORS)
            .collect()
    }

    /// Lists the dates of `meta` elements of some names, Open Graph's first, and of a property of schema.org in microdata and JSON-LD.
    fn dates(&self, named: &[&str], of_schema: &str) -> Vec<String> {
        let mut dates: Vec<String> = head_elements(self.page.root_element(), "meta")
            .take(1000)
            .filter_map(|meta| {
                let own = ["property", "name"].map(|name| meta.value().attr(name).unwrap_or_default());
                let is_wanted =
                    |name: &str| named.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
                let content = meta.value().attr("content")?;
                let is_own = own.into_iter().any(is_wanted) || is_of(meta, of_schema);
                is_own.then(|| clean(content))?
            })
            .collect();
        let stated = self.objects.iter();
        dates.extend(stated.filter_map(|object| clean(object.get(of_schema)?.as_str()?)));
        dates
    }
}

/// Lists the dates of a property of schema.org that elements of a page say of the page itself, as written.
pub fn in_elements(elements: &[ElementRef<'_>], property: &str) -> Vec<String> {
    let own = elements
        .iter()
        .filter(|element| is_of(**element, property) && is_of_page(**element));
    own.filter_map(|element| {
        clean(
            element
                .value()
                .attr("content")
                .or(element.value().attr("datetime"))?,
        )
    })
    .collect()
}

/// Tells whether an element states a property of something (HTML, "microdata").
pub fn is_of(element: ElementRef<'_>, property: &str) -> bool {
    let names = element.value().attr("itemprop").unwrap_or_default();
    names.split_ascii_whitespace().any(|name| name == property)
}

/// Tells whether what an element states is said of a page or an article, and not of a remark on it.
fn is_of_page(element: ElementRef<'_>) -> bool {
    let mut above = element.ancestors().filter_map(ElementRef::wrap);
    let item = above.find(|above| above.value().attr("itemscope").is_some());
    let kinds = item.and_then(|item| item.value().attr("itemtype"));
    kinds.is_none_or(|kinds| kinds.split_ascii_whitespace().any(is_kind_of_page))
}

/// Lists what JSON-LD says of the page itself: an object at the top, in a list there, or in `@graph`, whose type is a page, an
/// article or a posting. A page tells of others deeper down. Articles come first: the page may have been there before.
fn objects(page: &Html) -> Vec<Value> {
    let mut found = Vec::new();
    let elements = page.root_element().descendants().filter_map(ElementRef::wrap);
    let scripts = elements.filter(|element| {
        let kind = element.value().attr("type").unwrap_or_default();
        element.value().name() == "script" && kind.trim().eq_ignore_ascii_case("application/ld+json")
    });
    for script in scripts.take(MOST_SCRIPTS) {
        let text: String = script.text().collect();
        if let Some(value) = (text.len() <= LONGEST_SCRIPT)
            .then(|| serde_json::from_str::<Value>(&text).ok())
            .flatten()
        {
            found.extend(in_json(&value));
        }
    }
    found.sort_by_key(|object| !is_a(object, is_kind_of_article));
    found
}

fn in_json(value: &Value) -> Vec<Value> {
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut objects = listed(value);
    objects.push(value.clone());
    let graphs: Vec<Value> = objects
        .iter()
        .filter_map(|object| object.get("@graph"))
        .flat_map(listed)
        .collect();
    objects.extend(graphs);
    objects.retain(|object| is_a(object, is_kind_of_page));
    objects
}

fn is_a(object: &Value, is_wanted: fn(&str) -> bool) -> bool {
    let is_kind = |kind: &Value| kind.as_str().is_some_and(is_wanted);
    match object.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_kind),
        Some(kind) => is_kind(kind),
        None => false,
    }
}

fn is_kind_of_page(kind: &str) -> bool {
    kind.ends_with("Page") || is_kind_of_article(kind)
}

fn is_kind_of_article(kind: &str) -> bool {
    let endings = ["Article", "Posting", "Report"];
    endings.iter().any(|ending| kind.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_page_are_listed_and_those_of_others_are_not() {
        let page = Html::parse_document(
            "<head><meta property='article:modified_time' content='a'><meta property='og:updated_time' content='no'>\
             <script type='application/ld+json'>[{\"@type\": [\"Thing\", \"NewsArticle\"], \"dateModified\": \"b\",\
             \"mentions\": {\"@type\": \"Article\", \"dateModified\": \"no\"}}]</script>\
             <script type='application/ld+json'>{\"dateModified\": \"no\"</script></head><body>\
             <script type='application/ld+json'>{\"@graph\": [{\"@type\": \"WebPage\", \"dateModified\": \"c\"},\
             {\"@type\": \"Person\", \"dateModified\": \"no\"}]}</script>",
        );
        let stated = Stated::of(&page);
        assert_eq!(stated.change(), ["a", "b", "c"]);
        assert_eq!(stated.publication(), None);
    }

    #[test]
    fn an_article_counts_before_its_page_and_names_its_authors() {
        let page = Html::parse_document(
            "<head><script type='application/ld+json'>{\"@graph\": [{\"@type\": \"WebPage\", \"datePublished\": \"2020-01-01\"},\
             {\"@type\": \"NewsArticle\", \"datePublished\": \"2025-03-04\", \"author\": [{\"name\": \"Jane Roe\"}, \"A. Writer\",\
             {\"name\": \"Jane Roe\"}, {\"url\": \"x\"}]}]}</script></head>",
        );
        let stated = Stated::of(&page);
        assert_eq!(stated.publication().as_deref(), Some("2025-03-04"));
        assert_eq!(stated.authors(), ["Jane Roe", "A. Writer"]);
        for name in ["publishdate", "PubDate"] {
            let page = format!("<head><meta name={name} content=2025-03-04></head>");
            let date = Stated::of(&Html::parse_document(&page)).publication();
            assert_eq!(date.as_deref(), Some("2025-03-04"), "{name}");
        }
    }
}
