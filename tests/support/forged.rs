//! Revisions that somebody puts on the branch with git's plumbing, of an archive of two articles.

use std::collections::BTreeMap;

use avalaches::article::{Article, Kind, Metadata, content_sha256, subject};
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::object::ident::Person;
use avalaches::trailer::{Message, Trailers};

use super::archives::{Story, git_reading};

pub const ARTICLE: &str = "2026/01/22/first-words";
pub const RETRACTED: &str = "2026/01/22/withdrawn";
pub const ARCHIVED: i64 = 1_769_140_800;
pub const ZH: &str = "一些文字，足够长，使人能够认出它来。\n\n第二段。\n";
pub const EN: &str = "Some words, long enough to be recognized by.\n\nA second paragraph.\n";

/// An archive with two revisions of one article and two of a retracted one; its commits, the first one first.
pub fn archive() -> (Story, Vec<String>) {
    let story = Story::begin();
    let page = |zh: &str, en: &str| format!("{zh}\n{en}");
    let dated = ["--date", "2026-01-22"];
    story.add(
        "one.txt",
        &page(ZH, EN),
        &[&dated[..], &["--slug", "first-words"]].concat(),
    );
    story.add(
        "two.txt",
        &page(ZH, EN),
        &[&dated[..], &["--slug", "withdrawn"]].concat(),
    );
    let correction = ["--article", ARTICLE, "--kind", "correction", "--note", "A word."];
    story.add(
        "three.txt",
        &page(&ZH.replace("一些", "许多"), &EN.replace("Some", "Many")),
        &[&dated[..], &correction].concat(),
    );
    let retraction = [
        "--article",
        RETRACTED,
        "--kind",
        "retraction",
        "--note",
        "No source.",
    ];
    story.add(
        "four.txt",
        "本文已撤回。\n\nThis article is withdrawn.\n",
        &[&dated[..], &retraction].concat(),
    );
    let listed = story.git(&["rev-list", "--reverse", "main"]);
    let commits = listed.lines().map(ToOwned::to_owned).collect();
    (story, commits)
}

/// A revision that somebody puts on the branch: everything in it agrees, until it is tampered with.
#[derive(Clone)]
pub struct Forged {
    pub article: &'static str,
    pub number: u32,
    pub previous: Option<String>,
    pub kind: Kind,
    pub note: Option<&'static str>,
    pub date: &'static str,
    pub archived: i64,
    pub zh: String,
    pub en: String,
    /// Files put in after the hash was taken.
    pub put: Vec<(&'static str, Vec<u8>)>,
    /// Paths beside the article's folder.
    pub beside: Vec<&'static str>,
    /// Replaced in the commit's text.
    pub replaced: Vec<(String, String)>,
    /// Put at the end of the commit's text.
    pub appended: String,
}

impl Forged {
    /// The revision that honestly follows the correction.
    pub fn honest(commits: &[String]) -> Self {
        Self {
            article: ARTICLE,
            number: 3,
            previous: Some(commits[3].clone()),
            kind: Kind::Correction,
            note: Some("Another word."),
            date: "2026-01-22T12:00:00+00:00",
            archived: ARCHIVED,
            zh: ZH.replace("一些", "好些"),
            en: EN.replace("Some", "Several"),
            put: Vec::new(),
            beside: Vec::new(),
            replaced: Vec::new(),
            appended: String::new(),
        }
    }

    pub fn replace(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.replaced.push((from.into(), to.into()));
        self
    }

    pub fn append(mut self, lines: &str) -> Self {
        self.appended.push_str(lines);
        self
    }

    pub fn put(mut self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.put.push((name, bytes.into()));
        self
    }

    /// Makes the commit upon another one and moves the branch to it.
    pub fn commit(&self, story: &Story, parent: &str) -> String {
        let person = Person::parse("Desk").unwrap();
        let article = Article {
            metadata: Metadata {
                kind: self.kind,
                date: RevisionDate::parse(self.date, UtcOffset::UTC).unwrap(),
                languages: ["zh", "en"].map(|tag| tag.parse().unwrap()).to_vec(),
                titles: BTreeMap::new(),
                authors: vec![person.clone()],
                tags: Vec::new(),
                source_url: None,
                note: self.note.map(ToOwned::to_owned),
                invisible: Vec::new(),
            },
            sources: vec![self.zh.clone(), self.en.clone()],
        };
        let page = article.page_text().unwrap();
        let mut files = article.files().unwrap();
        let message = Message {
            subject: subject(&article.metadata, &page),
            note: article.metadata.note.clone(),
            trailers: Trailers {
                article: self.article.parse().unwrap(),
                revision: self.number,
                kind: self.kind,
                previous: self.previous.as_ref().map(|id| id.parse().unwrap()),
                languages: article.metadata.languages.clone(),
                content_sha256: content_sha256(&files),
                source_url: None,
                claimed_footer: None,
                source_commit: None,
            },
        };
        for (name, bytes) in &self.put {
            files.insert((*name).to_owned(), bytes.clone());
        }
        let archive = story.archive();
        git_reading(&archive, &["read-tree", parent], "");
        let folder = format!("articles/{}", self.article);
        let beside = self.beside.iter().map(|path| {
            let bytes = if *path == "avalaches.json" {
                let settings = story.git(&["show", &format!("{parent}:{path}")]) + "\n";
                settings.replace("\"title\": \"", "\"title\": \"Not ")
            } else {
                "{}\n".to_owned()
            };
            ((*path).to_owned(), bytes.into_bytes())
        });
        let inside = files
            .into_iter()
            .map(|(name, bytes)| (format!("{folder}/{name}"), bytes));
        for (path, bytes) in inside.chain(beside) {
            if bytes == b"gone" {
                let line = format!("0 {}\t{path}\n", "0".repeat(40));
                git_reading(&archive, &["update-index", "--index-info"], line);
                continue;
            }
            let blob = git_reading(&archive, &["hash-object", "-w", "--stdin"], &bytes);
            let entry = format!("100644,{blob},{path}");
            git_reading(&archive, &["update-index", "--add", "--cacheinfo", &entry], "");
        }
        let tree = git_reading(&archive, &["write-tree"], "");
        let mut text = format!(
            "tree {tree}\nparent {parent}\nauthor Desk <> {}\ncommitter Desk <> {} +0000\n\n{}",
            article.metadata.date.as_git(),
            self.archived,
            message.encode()
        );
        for (from, to) in &self.replaced {
            assert!(text.contains(from.as_str()), "{from:?} in {text}");
            text = text.replacen(from.as_str(), to, 1);
        }
        text.push_str(&self.appended);
        let arguments = ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"];
        let id = git_reading(&archive, &arguments, text);
        story.git(&["update-ref", "refs/heads/main", &id]);
        id
    }
}
