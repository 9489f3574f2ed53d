//! Pages and their sources, in every form that is read.

use avalaches::add::{Circumstances, PageError, Prepared, Wishes, prepare_draft};
use avalaches::canonical::{self, Invisible, canonical, check_characters, is_canonical};
use avalaches::commonmark::{self, escape, plain_text};
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::draft::{self, Draft, Form, FrontMatter, NoticeKind};
use avalaches::footer::Footer;
use avalaches::object::ident::Person;
use avalaches::page::Page;
use avalaches::proof::block;
use avalaches::settings::Settings;
use scraper::{ElementRef, Html, Node};

use super::text;

const FOOTER: &str = "2026-01-22 (Thursday) · a038737196a74c325d6a90900694dd78867e8af9";

/// A page in plain text.
pub fn page(data: &[u8]) {
    if let Ok(draft) = draft::read(data, Form::Text, Invisible::Refuse) {
        check_draft(&draft);
    }
    let Some(Ok(page)) = text(data).map(str::parse::<Page>) else {
        return;
    };
    assert_eq!(
        page.to_string().as_bytes(),
        data,
        "a page prints what it was read from"
    );
    // What is exact is read leniently as the same, unless its text could be taken for the frame.
    if let Ok(draft) = draft::read(data, Form::Text, Invisible::Allow) {
        assert_eq!(draft.footer.expect("it has one").footer, page.footer);
    }
}

/// A page in HTML.
pub fn html(data: &[u8]) {
    if let Ok(draft) = draft::read(data, Form::Html, Invisible::Refuse) {
        check_draft(&draft);
    }
    if let Some(text) = text(data) {
        let _ = draft::html::data_blocks(text, &block::MEDIA_TYPES, block::ELEMENT_ID);
        let _ = draft::html::shown_text(text);
    }
}

/// A page in Markdown with what it says about itself.
pub fn front_matter(data: &[u8]) {
    let Ok(draft) = draft::read(data, Form::Markdown, Invisible::Refuse) else {
        return;
    };
    check_draft(&draft);
    let front = &draft.front;
    let titles = front.title.plain.iter().chain(front.title.per_language.values());
    let others = [
        &front.date,
        &front.slug,
        &front.source_url,
        &front.kind,
        &front.note,
        &front.article,
    ];
    let lists = front.languages.iter().chain(&front.authors).chain(&front.tags);
    for value in titles.chain(others.into_iter().flatten()).chain(lists) {
        assert_eq!(
            canonical::first_unprintable(value),
            None,
            "{value:?} is one line of visible characters"
        );
    }
}

/// What holds of every page that was read: it can be archived, and printed and read again it is the same.
fn check_draft(draft: &Draft) {
    let text = draft.text();
    assert!(!text.is_empty() && is_canonical(&text), "{text:?} is canonical");
    assert_eq!(
        check_characters(&text, Invisible::Refuse),
        Ok(()),
        "{text:?} hides nothing"
    );
    // What is stored is what a reader saw, whatever else the page says of itself.
    let _ = prepared(draft.clone());
    let alone = Draft {
        front: FrontMatter::default(),
        footer: None,
        ..draft.clone()
    };
    match prepared(alone) {
        Ok(prepared) => {
            let page = prepared.files.iter().find(|file| file.name == "page.txt");
            assert_eq!(page.map(|page| page.bytes.as_slice()), Some(text.as_bytes()));
        }
        Err(PageError::EndsInFooter) => return,
        Err(error) => panic!("{text:?} cannot be stored: {error}"),
    }
    let page = Page {
        back_link: "← 返回".to_owned(),
        text,
        footer: FOOTER.parse().expect("it is one"),
    };
    let printed = page.to_string();
    assert_eq!(printed.parse::<Page>().as_ref(), Ok(&page));
    let read = draft::read(printed.as_bytes(), Form::Text, Invisible::Refuse);
    let read = read.unwrap_or_else(|error| panic!("{printed:?} is no page any more: {error}"));
    assert_eq!(read.text(), page.text);
    assert_eq!(read.footer.as_ref().expect("it was printed").footer, page.footer);
    let seen = |draft: &Draft| {
        draft
            .notices
            .iter()
            .any(|notice| notice.what == NoticeKind::FooterInText)
    };
    let has_one = page.text.lines().any(Footer::looks_like_one);
    assert_eq!(seen(&read), has_one, "a footer in the text is told of");
}

/// Makes an article of a page, as `add` does.
fn prepared(draft: Draft) -> Result<Prepared, PageError> {
    let circumstances = Circumstances {
        author: Person::new("Lin", "").ok(),
        committer: None,
        now: RevisionDate::parse("2026-01-22", UtcOffset::UTC).expect("it is a date"),
        invisible: Invisible::Refuse,
        signer: None,
    };
    let settings = Settings::new("Avalaches");
    let wishes = Wishes {
        slug: Some("a".to_owned()),
        languages: vec!["mul".parse().expect("it is a tag")],
        ..Wishes::default()
    };
    prepare_draft(draft, Form::Markdown, &wishes, &settings, &circumstances)
}

/// A source in CommonMark: its plain text, its blocks, and the HTML that shows them.
pub fn commonmark(data: &[u8]) {
    let Ok(source) = canonical::decode(data, Invisible::Refuse) else {
        return;
    };
    let escaped = escape(&source);
    assert_eq!(
        plain_text(&escaped),
        Ok(canonical(&source)),
        "{escaped:?} is a source of the very text"
    );
    let Ok(blocks) = commonmark::blocks(&source) else {
        return;
    };
    let plain = plain_text(&source).expect("its blocks have one");
    let plains: Vec<&str> = blocks.iter().map(|block| block.plain.as_str()).collect();
    assert_eq!(canonical(&plains.join("\n\n")), plain, "{source:?}");
    let shown = commonmark::html::blocks(&source).expect("its blocks are the same");
    let shown_plains: Vec<&str> = shown.iter().map(|block| block.plain.as_str()).collect();
    assert_eq!(shown_plains, plains, "{source:?}");
    for block in &shown {
        check_markup(&block.html);
        if block.is_exact() {
            assert_eq!(draft::html::shown_text(&block.html).as_ref(), Some(&block.plain));
        }
    }
    check_markup(&commonmark::html::verbatim(&source));
}

/// Elements that a source may become, with the attributes that they may have.
const ALLOWED: [(&str, &[&str]); 21] = [
    ("a", &["href", "rel"]),
    // The mark of an invisible character.
    ("bdi", &["class", "title", "data-code"]),
    ("blockquote", &[]),
    ("body", &[]),
    ("br", &[]),
    ("code", &[]),
    ("em", &[]),
    ("h1", &[]),
    ("h2", &[]),
    ("h3", &[]),
    ("h4", &[]),
    ("h5", &[]),
    ("h6", &[]),
    ("hr", &[]),
    ("html", &[]),
    ("li", &[]),
    ("ol", &["start"]),
    ("p", &[]),
    ("pre", &["class"]),
    ("strong", &[]),
    ("ul", &[]),
];

/// Reads markup as a browser would, and finds nothing in it but what shows text.
fn check_markup(markup: &str) {
    let page = Html::parse_fragment(markup);
    for node in page.tree.nodes() {
        match node.value() {
            Node::Document | Node::Fragment | Node::Text(_) => continue,
            Node::Element(_) => {}
            other => panic!("{other:?} in {markup:?}"),
        }
        let element = ElementRef::wrap(node).expect("it is one").value();
        let allowed = ALLOWED.iter().find(|(name, _)| *name == element.name());
        let (_, attributes) = allowed.unwrap_or_else(|| panic!("<{}> in {markup:?}", element.name()));
        for (name, value) in element.attrs() {
            assert!(attributes.contains(&name), "{name} in {markup:?}");
            if name == "href" {
                check_address(value);
            }
        }
    }
}

/// An address leads to the web, a mailbox, or another page of the site, as a browser reads it (WHATWG URL).
fn check_address(address: &str) {
    let seen: String = address
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .collect();
    let seen = seen.trim_matches(|c: char| c <= ' ').replace('\\', "/");
    assert!(!seen.starts_with("//"), "{address:?} leads to another host");
    let scheme = seen.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &&str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    if let Some(scheme) = scheme.filter(is_scheme) {
        let known = ["http", "https", "mailto"];
        assert!(
            known.iter().any(|known| scheme.eq_ignore_ascii_case(known)),
            "{address:?}"
        );
    }
}
