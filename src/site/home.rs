//! The home page: the articles by date, in the languages that they are in, and a switch between these that needs no script.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use askama::Template;
use sha2::{Digest, Sha256};

use super::page::STYLE;
use super::wording::Wording;
use super::{GENERATOR, titles};
use crate::article::Kind;
use crate::base64;
use crate::diff::html::escape;
use crate::id::ArticleId;
use crate::settings::Settings;
use crate::withheld::Kept;

/// An article in the list.
struct Entry {
    article: ArticleId,
    /// Language and title; none where the text is withheld.
    titles: Vec<(String, String)>,
    kind: Kind,
}

/// The home page, filled in.
#[derive(Template)]
#[template(path = "site/home.html")]
pub struct Home<'a> {
    title: &'a str,
    words: &'static Wording,
    /// Every language of an article, those of the settings first.
    languages: Vec<String>,
    entries: Vec<Entry>,
    style: String,
}

impl<'a> Home<'a> {
    /// Begins the page of an archive.
    pub fn of(settings: &'a Settings) -> Self {
        let languages: Vec<String> = settings.language_order.iter().map(ToString::to_string).collect();
        let words = Wording::of(languages.first().map_or("en", String::as_str));
        Self {
            title: &settings.title,
            words,
            languages,
            entries: Vec::new(),
            style: String::new(),
        }
    }

    /// Puts an article under those that are listed.
    pub fn push(&mut self, article: &ArticleId, newest: &Kept) {
        self.entries.push(Entry {
            article: article.clone(),
            titles: match newest {
                Kept::Whole(revision) => titles(revision),
                Kept::Withheld(_) => Vec::new(),
            },
            kind: newest.message().trailers.kind,
        });
    }

    /// Writes the page.
    pub fn html(mut self) -> String {
        let used = self.entries.iter().flat_map(|entry| &entry.titles);
        let mut used: BTreeSet<String> = used.map(|(language, _)| language.clone()).collect();
        self.languages.retain(|language| used.remove(language));
        self.languages.extend(used);
        self.style = format!("{STYLE}{}", switch_style(&self.languages));
        let html = self.render();
        html.expect("a String takes whatever is written to it") + "\n"
    }

    /// Returns the name by which a browser is told that this style and no other counts.
    fn style_source(&self) -> String {
        format!("sha256-{}", base64::encode(&Sha256::digest(&self.style)))
    }

    fn shown(text: &str) -> String {
        escape(text)
    }

    /// What a language is called in itself, where that is known here.
    fn own_name(tag: &str) -> &str {
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

    fn has_switch(&self) -> bool {
        self.languages.len() > 1
    }
}

impl Entry {
    fn tags(&self) -> String {
        let tags: Vec<&str> = self
            .titles
            .iter()
            .map(|(language, _)| language.as_str())
            .collect();
        tags.join(" ")
    }

    /// What a reader is to know before opening it.
    fn is_marked(&self) -> bool {
        matches!(self.kind, Kind::Correction | Kind::Retraction)
    }
}

/// Writes the rules by which a chosen language leaves only what is in it. A tag has letters, digits and hyphens.
fn switch_style(languages: &[String]) -> String {
    let mut style = String::new();
    for tag in languages {
        let chosen = format!("#in-{tag}:checked~");
        let _ = writeln!(
            style,
            "{chosen}main li:not([data-in~=\"{tag}\"]),{chosen}main .title:not([data-of=\"{tag}\"]){{display:none}}"
        );
    }
    for id in languages.iter().map(String::as_str).chain(["all"]) {
        let _ = writeln!(
            style,
            "#in-{id}:checked~header label[for=in-{id}]{{color:var(--ink);border-color:var(--ink)}}\n\
             #in-{id}:focus-visible~header label[for=in-{id}]{{outline:2px solid var(--link);outline-offset:2px}}"
        );
    }
    style
}
