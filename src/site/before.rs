//! What a build leaves for the next one: the names of its files, and of each article enough that its pages need not be
//! made again, nor be read for the lists that it stands in.
//!
//! JSON Lines, a function of the archive and the theme alone. A build that has begun puts the names of its files to the
//! end, one a line, until it replaces the list: where such a name stands, no article's pages are taken for finished.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::address;
use crate::article::Kind;
use crate::id::{ArticleId, CommitId};

/// The name of the list in the site's folder.
pub const LIST: &str = ".avalaches-site";

/// What lists say of an article, by its newest revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Language and title of each part, or its first words; none where the text is withheld.
    pub titles: Vec<(String, String)>,
    /// The names of its authors; none where the text is withheld.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// What the newest revision is.
    pub kind: Kind,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its date, as RFC 3339 writes it.
    pub date: String,
    /// How many revisions have a page.
    pub pages: usize,
    /// Of how many of these the text is withheld.
    pub withheld: usize,
}

/// An article as the last build left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// The article's name.
    pub article: String,
    /// The commit of its newest revision.
    pub newest: String,
    /// The lengths of its files, by their names in the article's folder.
    pub files: Vec<(String, u64)>,
    /// Where its revisions stand in the log, newest first.
    pub in_log: Vec<u64>,
    /// A hash of the checkpoints that its pages carry.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub checkpoints: String,
    /// What lists say of it.
    pub summary: Summary,
}

/// A file of the site that is no article's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Single {
    /// Its name.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// The last commit that it is made of, where it is made of a part of the branch that will not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<String>,
}

/// What every page depends upon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begin {
    /// A hash of it.
    made_of: String,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Begin(Begin),
    Built(Built),
    Single(Single),
}

/// What the last build left.
#[derive(Debug, Default)]
pub struct Before {
    made_of: Option<String>,
    articles: HashMap<String, Built>,
    singles: HashMap<String, Single>,
    /// Names that a build put there which did not end, or one of an earlier program.
    begun: Vec<String>,
}

impl Before {
    /// Reads a list. The number of the first line is the error that names what no site has.
    pub fn parse(list: &str) -> Result<Self, usize> {
        let mut before = Self::default();
        // A build that was killed may have left half a line.
        let whole = list.rfind('\n').map_or("", |end| &list[..end]);
        for (at, line) in whole.lines().enumerate() {
            let refused = at + 1;
            if !line.starts_with('{') {
                if !address::is_of_a_site(line) {
                    return Err(refused);
                }
                before.begun.push(line.to_owned());
                continue;
            }
            match serde_json::from_str(line).map_err(|_| refused)? {
                Line::Begin(begin) => before.made_of = Some(begin.made_of),
                Line::Built(built) => {
                    if built.article.parse::<ArticleId>().is_err()
                        || !built.names().all(|name| address::is_of_a_site(&name))
                    {
                        return Err(refused);
                    }
                    before.articles.insert(built.article.clone(), built);
                }
                Line::Single(single) => {
                    if !address::is_of_a_site(&single.file) {
                        return Err(refused);
                    }
                    before.singles.insert(single.file.clone(), single);
                }
            }
        }
        Ok(before)
    }

    /// Returns the name of every file that is the site's own.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let of_articles = self.articles.values().flat_map(Built::names);
        let singles = self.singles.keys().cloned();
        of_articles.chain(singles).chain(self.begun.iter().cloned())
    }

    /// Returns an article whose pages are those that would be made now, as far as can be told without looking at them.
    pub fn article(&self, made_of: &str, article: &ArticleId, newest: CommitId) -> Option<&Built> {
        let built = self.articles.get(&article.to_string())?;
        (self.is_finished(made_of) && built.newest == newest.to_string()).then_some(built)
    }

    /// Returns how many revisions of an article the last build knew to be withheld.
    pub fn withheld(&self, article: &ArticleId) -> usize {
        let built = self.articles.get(&article.to_string());
        built.map_or(0, |built| built.summary.withheld)
    }

    /// Returns the tags that an article had in the last build.
    pub fn tags(&self, article: &ArticleId) -> &[String] {
        let built = self.articles.get(&article.to_string());
        built.map_or(&[], |built| &built.summary.tags)
    }

    /// Returns a file that is made of commits up to one and that would be made so now.
    pub fn single(&self, made_of: &str, name: &str, up_to: CommitId) -> Option<&Single> {
        let single = self.singles.get(name)?;
        let is_same = single.up_to.as_deref() == Some(up_to.to_string().as_str());
        (self.is_finished(made_of) && is_same).then_some(single)
    }

    /// Writes the list so that it has of some articles the names of their files alone, as of what was begun.
    pub fn without(&self, articles: &HashSet<String>) -> String {
        let mut list = String::new();
        let made_of = self.made_of.clone();
        list.extend(made_of.map(|made_of| line(&Begin { made_of })));
        for (article, built) in &self.articles {
            if articles.contains(article) {
                list.extend(built.names().map(|name| name + "\n"));
            } else {
                list.push_str(&line(built));
            }
        }
        list.extend(self.singles.values().map(line));
        list.extend(self.begun.iter().map(|name| format!("{name}\n")));
        list
    }

    /// Returns the names that a build began and did not end.
    pub fn begun(&self) -> &[String] {
        &self.begun
    }

    /// Tells whether a build began and did not end.
    pub fn is_begun(&self) -> bool {
        !self.begun.is_empty()
    }

    /// Tells whether the last build made all pages so, and ended.
    pub fn is_finished(&self, made_of: &str) -> bool {
        !self.is_begun() && self.made_of.as_deref() == Some(made_of)
    }
}

impl Built {
    /// Returns the names of its files in the site.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.files
            .iter()
            .map(|(name, _)| format!("{}/{name}", self.article))
    }

    /// Returns its files with their lengths.
    pub fn files(&self) -> Vec<(String, u64)> {
        let lengths = self.files.iter().map(|(_, length)| *length);
        self.names().zip(lengths).collect()
    }
}

/// Writes the list.
pub fn list(made_of: &str, articles: &[Built], singles: &[Single]) -> String {
    let mut list = line(&Begin {
        made_of: made_of.to_owned(),
    });
    list.extend(articles.iter().map(line));
    list.extend(singles.iter().map(line));
    list
}

fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("maps here have text keys") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built() -> Built {
        Built {
            in_log: vec![3, 1],
            checkpoints: "5".to_owned(),
            article: "2026/01/22/a".to_owned(),
            newest: "a038737196a74c325d6a90900694dd78867e8af9".to_owned(),
            files: vec![("index.html".to_owned(), 12), ("r1.proof".to_owned(), 3)],
            summary: Summary {
                titles: vec![("zh".to_owned(), "桥".to_owned())],
                authors: vec!["陈默".to_owned()],
                kind: Kind::Publish,
                tags: vec!["桥梁".to_owned()],
                date: "2026-01-22T12:00:00+08:00".to_owned(),
                pages: 1,
                withheld: 0,
            },
        }
    }

    #[test]
    fn a_list_says_what_it_was_told_until_another_build_begins() {
        let single = Single {
            file: "feed/1.atom".to_owned(),
            bytes: 7,
            up_to: Some("a038737196a74c325d6a90900694dd78867e8af9".to_owned()),
        };
        let text = list("abc", &[built()], std::slice::from_ref(&single));
        let article: ArticleId = "2026/01/22/a".parse().unwrap();
        let newest = built().newest.parse().unwrap();
        let before = Before::parse(&text).unwrap();
        assert_eq!(before.article("abc", &article, newest), Some(&built()));
        assert_eq!(before.single("abc", "feed/1.atom", newest), Some(&single));
        assert_eq!(before.article("other", &article, newest), None);
        let mut names: Vec<String> = before.names().collect();
        names.sort();
        assert_eq!(
            names,
            ["2026/01/22/a/index.html", "2026/01/22/a/r1.proof", "feed/1.atom"]
        );
        let begun = format!("{text}2026/01/22/b/index.html\n2026/01/22/b/r1");
        let before = Before::parse(&begun).unwrap();
        assert_eq!(before.article("abc", &article, newest), None);
        assert_eq!(before.names().count(), 4);
    }

    #[test]
    fn a_list_without_an_article_has_its_files_and_nothing_of_its_text() {
        let text = list("abc", &[built()], &[]);
        let cut = |articles: &[&str]| {
            let articles = articles.iter().map(|article| (*article).to_owned()).collect();
            Before::parse(&text).unwrap().without(&articles)
        };
        assert_eq!(cut(&["2026/01/22/other"]), text);
        assert_eq!(
            cut(&["2026/01/22/a"]),
            "{\"made_of\":\"abc\"}\n2026/01/22/a/index.html\n2026/01/22/a/r1.proof\n"
        );
    }

    #[test]
    fn a_list_of_other_files_is_refused() {
        for line in [
            "../precious",
            "{\"file\":\"../precious\",\"bytes\":1}",
            "{\"nothing\":1}",
        ] {
            assert_eq!(
                Before::parse(&format!("{{\"made_of\":\"a\"}}\n{line}\n")).err(),
                Some(2)
            );
        }
        let text = list("abc", &[built()], &[]).replace("r1.proof", "../../x");
        assert_eq!(Before::parse(&text).err(), Some(2));
    }
}
