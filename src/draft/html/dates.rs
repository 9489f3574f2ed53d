//! When an HTML page says that it was published, and last changed: metadata that no reader sees, kept apart from the text.

use scraper::{ElementRef, Html};
use serde_json::Value;

use super::{clean, head_elements, is_date};

/// The most scripts of metadata that are looked into, and the longest.
const MOST_SCRIPTS: usize = 64;
const LONGEST_SCRIPT: usize = 1 << 20;

/// Lists the dates of `article:modified_time` (Open Graph) and `dateModified` (schema.org, as JSON-LD), as written.
pub fn of_change(page: &Html) -> Vec<String> {
    dates(page, "article:modified_time", "dateModified")
}

/// Returns the first date of `article:published_time` or `datePublished` that is one.
pub fn of_publication(page: &Html) -> Option<String> {
    let dates = dates(page, "article:published_time", "datePublished");
    dates.into_iter().find(|date| is_date(date))
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

/// Lists the dates of a property of Open Graph, and of one of schema.org in microdata and JSON-LD.
///
/// In JSON-LD only what describes the page itself counts: an object at the top, in a list there, or in `@graph`, whose
/// type is a page, an article or a posting. A page tells of others' dates deeper down.
fn dates(page: &Html, of_graph: &str, of_schema: &str) -> Vec<String> {
    let mut dates: Vec<String> = head_elements(page.root_element(), "meta")
        .take(1000)
        .filter_map(|meta| {
            let names = ["property", "name"].map(|name| meta.value().attr(name).unwrap_or_default());
            let is_wanted = |name: &str| name.trim().eq_ignore_ascii_case(of_graph);
            let content = meta.value().attr("content")?;
            let is_own = names.into_iter().any(is_wanted) || is_of(meta, of_schema);
            is_own.then(|| clean(content))?
        })
        .collect();
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
            of_json(&value, of_schema, &mut dates);
        }
    }
    dates
}

fn of_json(value: &Value, property: &str, dates: &mut Vec<String>) {
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut objects = listed(value);
    objects.push(value.clone());
    let graphs: Vec<Value> = objects
        .iter()
        .filter_map(|object| object.get("@graph"))
        .flat_map(listed)
        .collect();
    for object in objects.iter().chain(&graphs).filter(|object| is_page(object)) {
        let date = object.get(property).and_then(Value::as_str);
        dates.extend(date.and_then(clean));
    }
}

fn is_page(object: &Value) -> bool {
    let is_kind = |kind: &Value| kind.as_str().is_some_and(is_kind_of_page);
    match object.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_kind),
        Some(kind) => is_kind(kind),
        None => false,
    }
}

fn is_kind_of_page(kind: &str) -> bool {
    let endings = ["Page", "Article", "Posting", "Report"];
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
        assert_eq!(of_change(&page), ["a", "b", "c"]);
        assert_eq!(of_publication(&page), None);
    }
}
