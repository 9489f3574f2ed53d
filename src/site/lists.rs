//! The pages that list articles: the home page, and one for each month and tag. Each has a switch between the languages
//! of its titles that needs no script.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::address;
use super::before::Built;
use super::search::SCRIPT;
use super::theme::Frame;
use super::wording::Wording;
use super::{BuildError, Link, Shared};
use crate::article::Kind;
use crate::language::{self, Language};
use crate::object::ident::Person;

/// How many articles the home page lists.
const NEWEST: usize = 100;

/// How many tags the home page names: those that most articles have.
const TAGS: usize = 40;

/// An article in a list.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    href: String,
    day: &'a str,
    slug: &'a str,
    /// Language and title; none where the text is withheld.
    titles: &'a [(String, String)],
    /// Their names, where they are others than whoever the archive's pages are by.
    authors: &'a [String],
    /// The languages, parted by blanks.
    tags: String,
    kind: &'static str,
    /// What a reader is to know before opening it.
    mark: Option<&'static str>,
}

/// A year with its months.
#[derive(Serialize)]
struct Year<'a> {
    year: &'a str,
    months: Vec<Link>,
}

/// What the templates are filled in with.
#[derive(Serialize)]
struct Values<'a> {
    frame: Frame,
    words: &'static Wording,
    title: &'a str,
    to_site: &'static str,
    home_link: &'a str,
    /// What the list is of, where it is not of the newest articles.
    heading: String,
    languages: Vec<(&'a str, &'a str)>,
    entries: Vec<Entry<'a>>,
    years: Vec<Year<'a>>,
    tags: Vec<Link>,
    earlier: Option<Link>,
    later: Option<Link>,
    has_feeds: bool,
    /// Whether there are more articles than the home page lists.
    has_more: bool,
}

/// What the search page is filled in with besides.
#[derive(Serialize)]
struct Search<'a> {
    #[serde(flatten)]
    values: Values<'a>,
    revisions: usize,
    script: &'static str,
}

/// The lists of a site, made of what is known of its articles, newest first.
pub struct Lists<'a> {
    shared: &'a Shared<'a>,
    articles: &'a [Built],
    months: BTreeMap<&'a str, Vec<&'a Built>>,
    tags: BTreeMap<&'a str, Vec<&'a Built>>,
}

impl<'a> Lists<'a> {
    /// Sorts articles into lists.
    pub fn of(shared: &'a Shared<'a>, articles: &'a [Built]) -> Self {
        let mut months: BTreeMap<&str, Vec<&Built>> = BTreeMap::new();
        let mut tags: BTreeMap<&str, Vec<&Built>> = BTreeMap::new();
        for built in articles {
            months.entry(month_of(built)).or_default().push(built);
            for tag in built.summary.tags.iter().collect::<BTreeSet<_>>() {
                tags.entry(tag).or_default().push(built);
            }
        }
        Self {
            shared,
            articles,
            months,
            tags,
        }
    }

    /// Writes the home page.
    ///
    /// # Errors
    /// [`BuildError`] where a theme's template cannot be filled in.
    pub fn home(&self) -> Result<String, BuildError> {
        let shown = self.articles.iter().take(NEWEST).collect();
        let mut values = self.values("", shown);
        let mut years: Vec<Year<'_>> = Vec::new();
        for month in self.months.keys().rev() {
            let (year, number) = month.split_at(4);
            let link = Link {
                href: address::month(month),
                text: number.trim_start_matches(['/', '0']).to_owned(),
            };
            match years.last_mut().filter(|last| last.year == year) {
                Some(last) => last.months.push(link),
                None => years.push(Year {
                    year,
                    months: vec![link],
                }),
            }
        }
        values.years = years;
        let mut tags: Vec<(&str, usize)> = self.tags.iter().map(|(tag, of)| (*tag, of.len())).collect();
        tags.sort_by(|(one, of_one), (other, of_other)| of_other.cmp(of_one).then_with(|| one.cmp(other)));
        tags.truncate(TAGS);
        tags.sort_unstable();
        values.tags = tags
            .into_iter()
            .map(|(tag, _)| Link {
                href: address::tag(tag),
                text: tag.to_owned(),
            })
            .collect();
        values.has_more = self.articles.len() > NEWEST;
        Ok(self.shared.theme.fill("home.html", &values)?)
    }

    /// Writes the search page of a site with so many revisions.
    ///
    /// # Errors
    /// [`BuildError`] where a theme's template cannot be filled in.
    pub fn search(&self, revisions: usize) -> Result<String, BuildError> {
        let mut values = self.values("", self.articles.iter().collect());
        values.frame = self.shared.theme.frame_reading(SCRIPT);
        values.entries = Vec::new();
        values.words.search.clone_into(&mut values.heading);
        let values = Search {
            values,
            revisions,
            script: SCRIPT,
        };
        Ok(self.shared.theme.fill("search.html", &values)?)
    }

    /// Writes the pages of months and tags, each with its name.
    pub fn others(&self) -> impl Iterator<Item = Result<(String, String), BuildError>> + '_ {
        let months: Vec<&str> = self.months.keys().copied().collect();
        let of_months = self.months.iter().enumerate().map(move |(at, (month, of))| {
            let mut values = self.values("../../", of.clone());
            values.heading = month.replace('/', "-");
            let link = |month: &&str| Link {
                href: format!("../../{}", address::month(month)),
                text: month.replace('/', "-"),
            };
            values.earlier = at.checked_sub(1).and_then(|before| months.get(before)).map(link);
            values.later = months.get(at + 1).map(link);
            Ok((
                address::month(month),
                self.shared.theme.fill("list.html", &values)?,
            ))
        });
        let of_tags = self.tags.iter().map(|(tag, of)| {
            let mut values = self.values("../../", of.clone());
            (*tag).clone_into(&mut values.heading);
            Ok((address::tag(tag), self.shared.theme.fill("list.html", &values)?))
        });
        of_months.chain(of_tags)
    }

    fn values(&self, to_site: &'static str, built: Vec<&'a Built>) -> Values<'a> {
        let settings = self.shared.settings;
        let order = &settings.language_order;
        let words = Wording::of(order.first().map_or("en", Language::as_str));
        let titles = built.iter().flat_map(|built| &built.summary.titles);
        let mut used: BTreeSet<&str> = titles.map(|(language, _)| language.as_str()).collect();
        // Every language of a title, those of the settings first.
        let mut languages: Vec<&str> = Vec::new();
        for wanted in order {
            while let Some(tag) = language::lookup(wanted, used.iter()).copied() {
                used.remove(tag);
                languages.push(tag);
            }
        }
        languages.extend(used);
        if languages.len() < 2 {
            languages.clear();
        }
        Values {
            frame: self.shared.theme.frame(&switch_style(&languages), &[]),
            words,
            title: &settings.title,
            to_site,
            home_link: &settings.home_link,
            heading: String::new(),
            languages: languages.into_iter().map(|tag| (tag, own_name(tag))).collect(),
            entries: built
                .into_iter()
                .map(|built| entry(to_site, built, words, settings.byline.as_ref()))
                .collect(),
            years: Vec::new(),
            tags: Vec::new(),
            earlier: None,
            later: None,
            has_feeds: self.shared.base.is_some(),
            has_more: false,
        }
    }
}

fn month_of(built: &Built) -> &str {
    // An article's name begins with its day.
    built.article.get(..7).unwrap_or_default()
}

fn entry<'a>(to_site: &str, built: &'a Built, words: &'static Wording, byline: Option<&Person>) -> Entry<'a> {
    let summary = &built.summary;
    let languages: Vec<&str> = summary
        .titles
        .iter()
        .map(|(language, _)| language.as_str())
        .collect();
    let is_usual = byline.is_some_and(|byline| summary.authors == [byline.name()]);
    let is_marked = matches!(summary.kind, Kind::Correction | Kind::Retraction);
    Entry {
        href: format!("{to_site}{}/index.html", built.article),
        day: summary.date.get(..10).unwrap_or_default(),
        slug: built.article.rsplit('/').next().unwrap_or_default(),
        titles: &summary.titles,
        authors: if is_usual { &[] } else { &summary.authors },
        tags: languages.join(" "),
        kind: summary.kind.name(),
        mark: is_marked.then(|| words.kind(summary.kind)),
    }
}

/// What a language is called in itself, where that is known here.
pub fn own_name(tag: &str) -> &str {
    match tag {
        "zh" | "zh-Hans" | "zh-CN" => "中文",
        "zh-Hant" | "zh-TW" | "zh-HK" => "繁體中文",
        "en" => "English",
        "ja" => "日本語",
        "ko" => "한국어",
        "fr" => "Français",
        "de" => "Deutsch",
        "es" => "Español",
        "ru" => "Русский",
        "ar" => "العربية",
        _ => tag,
    }
}

/// Writes the rules by which a chosen language leaves only what is in it. A tag has letters, digits and hyphens.
fn switch_style(languages: &[&str]) -> String {
    let mut style = String::new();
    for tag in languages {
        let chosen = format!("#in-{tag}:checked~");
        let _ = writeln!(
            style,
            "{chosen}.listed li:not([data-in~=\"{tag}\"]),{chosen}.listed .title:not([data-of=\"{tag}\"]){{display:none}}"
        );
    }
    let all = (!languages.is_empty()).then_some("all");
    for id in languages.iter().copied().chain(all) {
        let _ = writeln!(
            style,
            "#in-{id}:checked~header label[for=in-{id}]{{color:var(--ink);border-color:var(--ink)}}\n\
             #in-{id}:focus-visible~header label[for=in-{id}]{{outline:2px solid var(--link);outline-offset:2px}}"
        );
    }
    style
}
