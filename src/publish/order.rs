//! In which order the files of a site are sent, and what caches may do with each.

use crate::tlog::tile::Tile;

/// The steps, first to last. A file of a later step may lead to any of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Proofs, earlier revisions, and whatever else a page needs.
    Parts,
    /// The pages of articles, and what stands beside them.
    Articles,
    /// Lists: months, tags, search.
    Lists,
    /// Feeds and the site map.
    Feeds,
    /// The home page.
    Home,
    /// What says how far the whole is.
    Checkpoint,
}

impl Step {
    /// The first one.
    pub const FIRST: Self = Self::Parts;

    /// Returns the step in which a file is sent.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let depth = folder.split('/').filter(|part| !part.is_empty()).count();
        match (depth, file) {
            (0, "index.html") => Self::Home,
            (0, "checkpoint") => Self::Checkpoint,
            _ if is_feed(name) => Self::Feeds,
            (0, _) if ending(file) == "html" => Self::Lists,
            (4, "index.html" | "history.html" | "timemap.link") => Self::Articles,
            (1.., "index.html") => Self::Lists,
            _ => Self::Parts,
        }
    }
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn is_feed(name: &str) -> bool {
    name == "sitemap.xml"
        || ending(name) == "atom"
        || name == "feed.json"
        || name.starts_with("feed/")
        || name.starts_with("sitemap")
}

/// Returns what a cache may do with a file. Any page of an article can change: the newest when it is superseded, and an
/// earlier one says that it was.
#[must_use]
pub fn cache_control(name: &str) -> &'static str {
    if Tile::parse(name).is_some() {
        return "public, max-age=31536000, immutable";
    }
    match Step::of(name) {
        Step::Feeds => "public, max-age=300",
        _ => "no-cache",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_after_those_that_it_leads_to() {
        let in_order = [
            "2026/01/22/bridge/index.proof",
            "2026/01/22/bridge/index.html",
            "2026/01/index.html",
            "sitemap.xml",
            "index.html",
            "checkpoint",
        ];
        assert!(in_order.is_sorted_by_key(|name| Step::of(name)));
        for (name, step) in [
            ("2026/01/22/bridge/r1.html", Step::Parts),
            ("tile/0/000.p/3", Step::Parts),
            ("tile/entries/000", Step::Parts),
            ("2026/01/22/bridge/timemap.link", Step::Articles),
            ("2026/01/22/bridge/history.html", Step::Articles),
            ("search/1.json", Step::Parts),
            ("tags/git/index.html", Step::Lists),
            ("search.html", Step::Lists),
            ("feed.atom", Step::Feeds),
            ("feed/2.json", Step::Feeds),
        ] {
            assert_eq!(Step::of(name), step, "{name}");
        }
        assert_eq!(cache_control("index.html"), "no-cache");
        assert_eq!(cache_control("2026/01/22/bridge/r1.html"), "no-cache");
        assert_eq!(cache_control("feed/2.json"), "public, max-age=300");
    }
}
