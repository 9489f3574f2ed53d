//! A page in which elements state the moments that their words tell of: how long ago that is changes by itself.

use scraper::{ElementRef, Html, Node};

/// A moment that an element states.
#[derive(Debug, Clone)]
pub struct Stated {
    /// The moment, as it is written.
    pub moment: String,
    /// The words of the element.
    pub words: String,
    /// What stands there in their place, and nowhere else.
    pub shown: String,
}

/// A page with the moments that its `time` elements state in the place of their words.
pub struct Restated {
    /// Its source.
    pub source: String,
    /// The moments, in the page's order.
    pub moments: Vec<Stated>,
}

/// Makes it of a page, where `says_moment` tells of words and moment that the words say no more; `None` where there is no such element.
pub fn restated(page: &mut Html, says_moment: impl Fn(&str, &str) -> bool) -> Option<Restated> {
    let elements = page.root_element().descendants().filter_map(ElementRef::wrap);
    let stated = elements.filter_map(|element| {
        let moment = element
            .value()
            .attr("datetime")
            .filter(|_| element.value().name() == "time")?;
        let words: String = element.text().collect();
        let texts = element.descendants().filter(|node| node.value().is_text());
        let texts: Vec<_> = texts.map(|text| text.id()).collect();
        says_moment(words.trim(), moment).then(|| (texts, moment.to_owned(), words))
    });
    let stated = stated.enumerate().map(|(number, (texts, moment, words))| {
        let shown = format!("[{number} {moment}]");
        let stated = Stated { moment, words, shown };
        (texts, stated)
    });
    let (texts, moments): (Vec<_>, Vec<Stated>) = stated.unzip();
    if moments.is_empty() {
        return None;
    }
    for (texts, stated) in texts.into_iter().zip(&moments) {
        let mut shown = stated.shown.as_str();
        for id in texts {
            if let Some(mut node) = page.tree.get_mut(id)
                && let Node::Text(text) = node.value()
            {
                text.text = std::mem::take(&mut shown).into();
            }
        }
    }
    Some(Restated {
        source: page.html(),
        moments,
    })
}
