//! Where the files of a site lie, and how one is named from another: links are relative, so that a site works under any
//! address and from a disk.

use sha2::{Digest, Sha256};

use crate::id::{ArticleId, hex};
use crate::slug::Slug;
use crate::tlog::tile::{CHECKPOINT, Tile};

/// The home page.
pub const HOME: &str = "index.html";

/// The feeds, and the list of all articles for search engines.
pub const ATOM: &str = "feed.atom";
/// The same as JSON.
pub const JSON_FEED: &str = "feed.json";
/// The list of articles for search engines.
pub const SITEMAP: &str = "sitemap.xml";

/// The check of pages that were saved.
pub const VERIFY: &str = "verify.html";

/// The files of an article that are not a revision's.
pub const HISTORY: &str = "history.html";
/// The list of an article's revisions for programs (RFC 7089).
pub const TIMEMAP: &str = "timemap.link";
/// The text of its newest revision, for the search page.
pub const TEXT: &str = "text.json";

/// The search page.
pub const SEARCH: &str = "search.html";
/// The part of its index that changes with each revision, and the folder that earlier programs had it in.
const NEWEST_PART: &str = "search/new";

/// How many bytes of its hash the name of a tag's page has: as many as a slug has room for beside what it is made of,
/// and too many for two tags to have the same by chance.
const TAG_HASH: usize = 8;

/// Returns the folder of the part of the index that changes with each revision, by how many revisions there are.
pub fn newest_search_part(revisions: usize) -> String {
    format!("{NEWEST_PART}/{revisions}")
}

/// Tells whether a folder is, or was, that of the part of the index that changes with each revision.
pub fn is_newest_search_part(folder: &str) -> bool {
    folder == NEWEST_PART
        || folder
            .rsplit_once('/')
            .is_some_and(|(above, _)| above == NEWEST_PART)
}

/// Returns the folder of a full part of the index, by its size and its number, from 1.
pub fn search_part(size: usize, number: usize) -> String {
    format!("search/{size}/{number}")
}

/// Returns the name of a revision's page in the article's folder, without an ending: a lasting one.
pub fn revision(number: u32) -> String {
    format!("r{number}")
}

/// Returns the page of a month's articles; the month is as articles' names have it, `2026/01`.
pub fn month(month: &str) -> String {
    format!("{month}/index.html")
}

/// Returns the page of a tag's articles: the tag itself where it is a slug, else one made of it and of its hash. A slug that
/// reads like one of the latter has its hash as well.
pub fn tag(tag: &str) -> String {
    if tag.parse::<Slug>().is_ok() && !ends_like_a_hash(tag) {
        return format!("tags/{tag}/index.html");
    }
    let digest = hex(&Sha256::digest(tag)[..TAG_HASH]);
    match Slug::derive(tag) {
        Some(slug) => format!("tags/{slug}-{digest}/index.html"),
        None => format!("tags/{digest}/index.html"),
    }
}

fn ends_like_a_hash(slug: &str) -> bool {
    let last = slug.rsplit('-').next().unwrap_or(slug);
    last.len() == 2 * TAG_HASH && last.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns a part of the feed, or of the site map: those of full length have numbers, from 1.
pub fn part(folder: &str, number: usize, ending: &str) -> String {
    format!("{folder}/{number}.{ending}")
}

/// Tells whether a site has a file of that name.
#[must_use]
pub fn is_of_a_site(name: &str) -> bool {
    if [HOME, ATOM, JSON_FEED, SEARCH, SITEMAP, VERIFY, CHECKPOINT].contains(&name)
        || Tile::parse(name).is_some()
    {
        return true;
    }
    let Some((folder, file)) = name.rsplit_once('/') else {
        return false;
    };
    match folder {
        "feed" => is_part(file, &[".atom", ".json"]),
        "sitemap" => is_part(file, &[".xml"]),
        "search/names" => is_part(file, &[".txt"]),
        _ if is_of_the_index(folder) => is_part(file, &[".keys"]),
        _ if folder
            .parse::<ArticleId>()
            .is_ok_and(|id| id.to_string() == folder) =>
        {
            is_of_an_article(file)
        }
        _ => file == "index.html" && is_list(folder),
    }
}

fn is_of_an_article(file: &str) -> bool {
    let page = file.strip_suffix(".html").or_else(|| file.strip_suffix(".proof"));
    let is_page = |page: &str| page == "index" || page.strip_prefix('r').is_some_and(is_number);
    [HISTORY, TIMEMAP, TEXT].contains(&file) || page.is_some_and(is_page)
}

/// Tells whether a folder is a month's or a tag's.
fn is_list(folder: &str) -> bool {
    if let Some(tag) = folder.strip_prefix("tags/") {
        return tag.parse::<Slug>().is_ok();
    }
    let is_digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    let year_and_month = folder.split_once('/');
    year_and_month.is_some_and(|(year, month)| {
        is_digits(year, 4) && is_digits(month, 2) && ("01"..="12").contains(&month)
    })
}

/// Tells whether a folder is that of a part of the search page's index.
fn is_of_the_index(folder: &str) -> bool {
    let part = folder
        .strip_prefix("search/")
        .and_then(|part| part.split_once('/'));
    let is_size = |size: &str| size == "new" || is_number(size);
    folder == NEWEST_PART || part.is_some_and(|(size, number)| is_size(size) && is_number(number))
}

fn is_part(file: &str, endings: &[&str]) -> bool {
    endings
        .iter()
        .any(|ending| file.strip_suffix(ending).is_some_and(is_number))
}

fn is_number(digits: &str) -> bool {
    let is_plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    is_plain && digits.parse::<u32>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_a_site_are_a_sites() {
        for name in [
            "index.html",
            "verify.html",
            "feed.atom",
            "feed/12.json",
            "sitemap/1.xml",
            "2026/01/index.html",
            "tags/bridges/index.html",
            "2026/01/22/a-b/index.html",
            "2026/01/22/a-b/history.html",
            "2026/01/22/a/timemap.link",
            "2026/01/22/a/r12.proof",
            "2026/01/22/a/text.json",
            "search.html",
            "search/new/1.keys",
            "search/new/70/1.keys",
            "search/512/3/128.keys",
            "search/names/1.txt",
        ] {
            assert!(is_of_a_site(name), "{name}");
        }
        for name in [
            "",
            "a.html",
            "index.proof",
            "../index.html",
            "/index.html",
            "feed/0.atom",
            "feed/a.atom",
            "feed/1.xml",
            "2026/13/index.html",
            "search/new/x.keys",
            "search/new/x/1.keys",
            "search/new/1/1/1.keys",
            "search/512/../1.keys",
            "search/512/3/1.txt",
            "search/names/0.txt",
            "2026/01/r1.html",
            "tags/../index.html",
            "tags/a/b/index.html",
            "2026/01/22/a/x.html",
            "2026/01/22/../r1.html",
            "2026/01/22/a/r0.html",
            "2026/01/22/a/r+1.html",
            "2026/01/22/a/history.proof",
            "2026/02/30/a/index.html",
            "2026/01/22/a/index.html\0",
        ] {
            assert!(!is_of_a_site(name), "{name:?}");
        }
    }

    #[test]
    fn tags_of_any_script_have_pages_of_their_own() {
        let of_others = ["Bridges", "桥梁", "…"].map(|other| {
            let name = tag(other);
            name.split('/').nth(1).unwrap().to_owned()
        });
        let tags = ["bridges", "桥梁", "Bridges", "bridges!", "…", "con"];
        let tags: Vec<&str> = tags
            .into_iter()
            .chain(of_others.iter().map(String::as_str))
            .collect();
        let names: std::collections::BTreeSet<String> = tags.iter().map(|name| tag(name)).collect();
        assert_eq!(names.len(), tags.len(), "{names:?}");
        assert!(names.iter().all(|name| is_of_a_site(name)), "{names:?}");
        assert!(names.contains("tags/bridges/index.html"));
        assert_eq!(tag("gpt-4"), "tags/gpt-4/index.html");
        // The hashes of these begin with the same four bytes.
        assert_ne!(tag("a!~=!*="), tag("a??!*.?"));
        let longest = format!("{}-{}", "a".repeat(63), "0".repeat(2 * TAG_HASH));
        assert!(is_of_a_site(&tag(&longest)));
    }
}
