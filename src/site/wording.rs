//! What a site says in its own words, in the language of the page that it stands on.

use crate::article::Kind;

/// The words of one language.
#[derive(Debug)]
pub struct Wording {
    /// Of the page of an earlier revision.
    pub is_earlier: &'static str,
    /// The link from there.
    pub to_newest: &'static str,
    /// Of the page of an earlier revision of an article that was retracted.
    pub is_retracted: &'static str,
    /// Before the links to earlier revisions.
    pub earlier: &'static str,
    /// One of them.
    pub revision: [&'static str; 2],
    /// Where the text should be.
    pub is_withheld: &'static str,
    /// All languages, in the switch between them.
    pub all: &'static str,
    /// The name of that switch.
    pub languages: &'static str,
    /// Where there is no article.
    pub nothing: &'static str,
    kinds: [&'static str; 6],
}

const ENGLISH: Wording = Wording {
    is_earlier: "This is an earlier revision.",
    to_newest: "Read the newest one",
    is_retracted: "This article was retracted; this is an earlier revision.",
    earlier: "Earlier revisions:",
    revision: ["Revision ", ""],
    is_withheld: "The text of this revision is withheld. What the footer names is still what it was.",
    all: "All",
    languages: "Language",
    nothing: "Nothing has been published yet.",
    kinds: [
        "Published",
        "Update",
        "Correction",
        "Retraction",
        "Restoration",
        "Technical revision",
    ],
};

const CHINESE: Wording = Wording {
    is_earlier: "这是较早的修订。",
    to_newest: "阅读最新修订",
    is_retracted: "本文已撤回；这是较早的修订。",
    earlier: "较早的修订：",
    revision: ["第", "版"],
    is_withheld: "此修订的文字不予公开。页脚所指的内容没有改变。",
    all: "全部",
    languages: "语言",
    nothing: "尚未发表文章。",
    kinds: ["发表", "更新", "更正", "撤回", "恢复", "技术修订"],
};

impl Wording {
    /// Returns the words for pages in a language: Chinese for Chinese, and English for any other.
    #[must_use]
    pub fn of(tag: &str) -> &'static Self {
        if tag == "zh" || tag.starts_with("zh-") {
            &CHINESE
        } else {
            &ENGLISH
        }
    }

    /// Returns the language of the words.
    #[must_use]
    pub fn language(&self) -> &'static str {
        if self.all == CHINESE.all { "zh" } else { "en" }
    }

    /// Returns the word for a kind of revision.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> &'static str {
        let known = Kind::ALL.into_iter().zip(self.kinds);
        known
            .into_iter()
            .find(|(known, _)| *known == kind)
            .map_or("", |(_, word)| word)
    }
}
