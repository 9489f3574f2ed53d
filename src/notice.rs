//! What a site says around the text of a revision: above it that a newer one follows, of what kind it is and why it was made; below
//! its footer how it is checked, its tags, and the way to other revisions. Whoever copies a page off a screen has this, too, and in
//! plain text nothing tells it from the text.

use serde::Serialize;

use crate::article::Kind;
use crate::canonical::nfc;
use crate::page::BACK_ARROW;

/// The command that checks a page, as pages name it where scripts are off.
const COMMAND: &str = "avalaches verify --without-archive PAGE";

/// The words of these notices in one language.
#[derive(Debug, Serialize)]
pub struct Words {
    /// Of an earlier revision.
    pub is_earlier: &'static str,
    /// Of an earlier revision of an article that was retracted.
    pub is_retracted: &'static str,
    /// The link that follows either.
    pub to_newest: &'static str,
    /// What revisions are called, in the order of [`Kind::ALL`].
    pub kinds: [&'static str; 6],
    /// The button below a footer.
    pub button: &'static str,
    /// The link beside it, to the stand-alone check.
    pub elsewhere: &'static str,
    /// What stands in their place where scripts are off: the command follows.
    pub verify_otherwise: &'static str,
    /// The name of the stand-alone check, in links and as its heading.
    pub verify_title: &'static str,
    /// Before the authors of an article.
    pub authors: &'static str,
    /// Between two of them.
    pub between_authors: &'static str,
    /// Before the tags of an article.
    pub tags: &'static str,
    /// Before the links to earlier revisions.
    pub earlier: &'static str,
    /// The link to all of them, and the heading there.
    pub history: &'static str,
    /// The link beside that, to the file that has the proof.
    pub proof: &'static str,
    /// What is left and right of a revision's number.
    revision: [&'static str; 2],
}

/// In English.
pub const ENGLISH: Words = Words {
    is_earlier: "This is an earlier revision.",
    is_retracted: "This article was retracted; this is an earlier revision.",
    to_newest: "Read the newest one",
    kinds: [
        "Published",
        "Update",
        "Correction",
        "Retraction",
        "Restoration",
        "Technical revision",
    ],
    button: "Verify this page",
    elsewhere: "Check it elsewhere",
    verify_otherwise: "This page carries its proof. The program checks it:",
    verify_title: "Verify a page",
    authors: "By:",
    between_authors: ", ",
    tags: "Tags:",
    earlier: "Earlier revisions:",
    history: "History of this article",
    proof: "Proof",
    revision: ["Revision ", ""],
};

/// In Chinese.
pub const CHINESE: Words = Words {
    is_earlier: "这是较早的版本。",
    is_retracted: "本文已撤回；这是较早的版本。",
    to_newest: "阅读最新版本",
    kinds: ["发表", "更新", "更正", "撤回", "恢复", "技术修订"],
    button: "验证本页",
    elsewhere: "在独立页面上验证",
    verify_otherwise: "本页带有自己的证明，可用程序核对：",
    verify_title: "验证页面",
    authors: "作者：",
    between_authors: "、",
    tags: "标签：",
    earlier: "较早的版本：",
    history: "本文的修订历史",
    proof: "证明",
    revision: ["第", "版"],
};

/// In Chinese, by renderers 1 to 14: such a page may have been copied long ago.
const CHINESE_BEFORE: Words = Words {
    is_earlier: "这是较早的修订。",
    is_retracted: "本文已撤回；这是较早的修订。",
    to_newest: "阅读最新修订",
    earlier: "较早的修订：",
    ..CHINESE
};

/// The words of all sites that there may be.
pub const ALL: [&Words; 3] = [&ENGLISH, &CHINESE, &CHINESE_BEFORE];

/// What is known of a revision that a site says above it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Why it was made.
    pub note: Option<&'a str>,
    /// What it is called: a retraction has its title there, and of the note what its text does not say.
    pub titles: &'a [String],
    /// Whether another one follows it.
    pub is_earlier: bool,
    /// Whether one of those that follow it is a retraction.
    pub is_retracted: bool,
}

impl Words {
    /// Returns what a revision is called.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> &'static str {
        let mut known = Kind::ALL.into_iter().zip(self.kinds);
        known
            .find(|(known, _)| *known == kind)
            .map_or("", |(_, word)| word)
    }

    /// Returns how a site names a revision of an article.
    #[must_use]
    pub fn revision(&self, number: u32) -> String {
        let [before, after] = self.revision;
        format!("{before}{number}{after}")
    }

    /// Returns what stands above an earlier revision: of an article that stands, and of one that was retracted.
    #[must_use]
    pub fn above_earlier(&self) -> [String; 2] {
        [self.is_earlier, self.is_retracted].map(|sentence| format!("{sentence} {}", self.to_newest))
    }

    /// Returns the notices that may stand above a revision: for each place those of which one may stand there.
    fn above(&self, known: Known<'_>) -> [Vec<String>; 2] {
        let [earlier, retracted] = self.above_earlier();
        let note = known.note;
        let mut why: Vec<String> = note
            .map(|note| format!("{} {note}", self.kind(known.kind)))
            .into_iter()
            .collect();
        if known.kind == Kind::Retraction {
            let noted = note.map(|note| known.titles.iter().map(move |title| format!("{title} {note}")));
            why.extend(known.titles.iter().cloned().chain(noted.into_iter().flatten()));
        }
        [
            [
                known.is_earlier.then_some(earlier),
                known.is_retracted.then_some(retracted),
            ]
            .into_iter()
            .flatten()
            .collect(),
            why.into_iter().map(nfc).collect(),
        ]
    }

    /// Returns the lines below a footer that are the same on every page. Browsers copy the button with the link beside it, or leave it out.
    #[must_use]
    pub fn below(&self) -> [String; 6] {
        [
            format!("{} {}", self.button, self.elsewhere),
            self.elsewhere.to_owned(),
            format!("{} {COMMAND}", self.verify_otherwise),
            self.verify_title.to_owned(),
            self.history.to_owned(),
            format!("{} {}", self.history, self.proof),
        ]
    }

    /// Tells whether a site says a line below the footer of a revision.
    fn says_below(&self, line: &str, known: Below<'_>) -> bool {
        let tags = known.tags.map(|tags| tags.join(" "));
        let authors = known.authors.map(|authors| authors.join(self.between_authors));
        let earlier = known.number.map(|number| {
            let earlier: Vec<String> = (1..number).rev().map(|number| self.revision(number)).collect();
            earlier.join(" ")
        });
        let is_list = |begin: &str, list: Option<String>| match list {
            Some(list) => has_words(&nfc(format!("{begin} {list}")), line),
            None => line.starts_with(begin),
        };
        self.below().iter().any(|known| has_words(known, line))
            || is_list(self.authors, authors)
            || is_list(self.tags, tags)
            || is_list(self.earlier, earlier)
    }
}

/// What is known of a revision that a site says below its footer; what is not may be anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Below<'a> {
    /// Its number, from 1.
    pub number: Option<u32>,
    /// The names of its authors.
    pub authors: Option<&'a [&'a str]>,
    /// Its tags.
    pub tags: Option<&'a [String]>,
}

/// Finds the first of the lines below a footer that is none of what a site says there, in whichever of its languages; nothing where
/// all of them are. Every word has to be the site's.
#[must_use]
pub fn not_below<'t>(lines: &[&'t str], known: Below<'_>) -> Option<&'t str> {
    let mut furthest = 0;
    for words in ALL {
        furthest = furthest.max(lines.iter().position(|line| !words.says_below(line, known))?);
    }
    lines.get(furthest).copied()
}

/// Takes off a canonical text the title above the back link, which a page has for screen readers alone, and the back link: that, and
/// the text.
#[must_use]
pub fn heard<'t>(text: &'t str, titles: &[String]) -> Option<(&'t str, &'t str)> {
    let (title, below) = text.split_once('\n')?;
    let (back_link, rest) = below.trim_start_matches('\n').split_once('\n')?;
    let is_title = titles.iter().any(|known| has_words(&nfc(known.clone()), title));
    (is_title && back_link.starts_with(BACK_ARROW)).then(|| (back_link, rest.trim_start_matches('\n')))
}

/// Tells whether a line has the words of another, whatever white space is between them.
fn has_words(known: &str, line: &str) -> bool {
    known.split_whitespace().eq(line.split_whitespace())
}

/// Takes off a canonical text the lines above it that are what a site says of the revision, in whichever of its languages: these
/// lines, and the text. Every word has to be the site's.
#[must_use]
pub fn taken_off<'t>(text: &'t str, known: Known<'_>) -> (Vec<&'t str>, &'t str) {
    let mut most = (Vec::new(), text);
    for words in ALL {
        let mut lines = Vec::new();
        let mut rest = text;
        for choice in words.above(known) {
            let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
            if choice.iter().any(|notice| has_words(notice, line)) {
                lines.push(line);
                rest = below.trim_start_matches('\n');
            }
        }
        if lines.len() > most.0.len() {
            most = (lines, rest);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known<'_> = Known {
        kind: Kind::Correction,
        note: Some("It was  <yesterday>."),
        titles: &[],
        is_earlier: true,
        is_retracted: false,
    };

    #[test]
    fn the_lines_that_a_site_prints_above_a_revision_are_taken_off_in_its_languages() {
        for (above, lines) in [
            ("", 0),
            ("Correction It was <yesterday>.\n\n", 1),
            ("Correction It\u{a0}was <yesterday>.\n", 1),
            ("更正 It was <yesterday>.\n\n", 1),
            ("这是较早的版本。 阅读最新版本\n\n", 1),
            // Of renderer 14 and before.
            ("这是较早的修订。 阅读最新修订\n\n", 1),
            (
                "This is an earlier revision. Read the newest one\n\nCorrection It was <yesterday>.\n\n",
                2,
            ),
        ] {
            let text = format!("{above}Text.\n\nMore.\n");
            let (taken, rest) = taken_off(&text, KNOWN);
            assert_eq!((taken.len(), rest), (lines, "Text.\n\nMore.\n"), "{above}");
        }
    }

    #[test]
    fn the_title_of_a_retraction_is_taken_off_and_of_nothing_else() {
        let titles = ["Retracted: A bridge".to_owned()];
        let retraction = Known {
            kind: Kind::Retraction,
            note: Some("Made up."),
            titles: &titles,
            is_earlier: false,
            is_retracted: false,
        };
        for above in [
            "Retracted: A bridge\n",
            "Retracted: A bridge Made up.\n",
            "Retraction Made up.\n",
        ] {
            assert_eq!(
                taken_off(&format!("{above}Text.\n"), retraction),
                (vec![above.trim_end()], "Text.\n")
            );
        }
        let correction = Known {
            kind: Kind::Correction,
            ..retraction
        };
        let text = "Retracted: A bridge\nText.\n";
        assert_eq!(taken_off(text, correction), (Vec::new(), text));
    }

    #[test]
    fn lines_below_a_footer_are_a_sites_in_one_language_and_to_the_word() {
        let tags = ["river  town".to_owned()];
        let known = Below {
            number: Some(3),
            authors: Some(&["Ann  Lee", "陈默"]),
            tags: Some(&tags),
        };
        for lines in [
            &[
                "Verify this page Check it elsewhere",
                "By: Ann Lee, 陈默",
                "Tags: river town",
                "Earlier revisions: Revision 2 Revision 1",
                "History of this article Proof",
            ][..],
            &[
                "验证页面",
                "作者： Ann Lee、陈默",
                "标签： river\u{a0}town",
                "较早的版本： 第2版 第1版",
                "本文的修订历史",
            ],
            &[],
        ] {
            assert_eq!(not_below(lines, known), None, "{lines:?}");
        }
        for (lines, strange) in [
            (&["Tags: river"][..], "Tags: river"),
            (&["By: Ann Lee"], "By: Ann Lee"),
            (&["Tags: river town", "验证页面"], "验证页面"),
            (&["History of this article", "More."], "More."),
            (
                &["Earlier revisions: Revision 1"],
                "Earlier revisions: Revision 1",
            ),
        ] {
            assert_eq!(not_below(lines, known), Some(strange));
        }
        // Of what is not known anything is said.
        assert_eq!(
            not_below(&["Tags: x", "Earlier revisions: y"], Below::default()),
            None
        );
        assert_eq!(not_below(&["Tagged x"], Below::default()), Some("Tagged x"));
    }

    #[test]
    fn a_title_is_taken_off_above_the_back_link_alone() {
        let titles = ["A bridge".to_owned()];
        for text in ["A bridge\n← Home\n\nText.\n", "A  bridge\n\n← Home\n\nText.\n"] {
            assert_eq!(heard(text, &titles), Some(("← Home", "Text.\n")));
        }
        for text in [
            "A bridge\n\nText.\n",
            "A ferry\n← Home\n\nText.\n",
            "← Home\n\nText.\n",
            "A bridge\n",
        ] {
            assert_eq!(heard(text, &titles), None, "{text}");
        }
    }

    #[test]
    fn nothing_else_is_taken_off() {
        for above in [
            "Correction It was <today>.\n\n",
            "Correction It was <yesterday>. More.\n\n",
            "Correction\nIt was <yesterday>.\n\n",
            "Update It was <yesterday>.\n\n",
            "CorrectionIt was <yesterday>.\n\n",
            "Correction\n\n",
            "Before.\n\nCorrection It was <yesterday>.\n\n",
            // Nobody retracted it.
            "This article was retracted; this is an earlier revision. Read the newest one\n\n",
            // No renderer said both.
            "这是较早的修订。 阅读最新版本\n\n",
        ] {
            let text = format!("{above}Text.\n");
            assert_eq!(taken_off(&text, KNOWN), (Vec::new(), text.as_str()), "{above}");
        }
        let twice = "Correction It was <yesterday>.\n\n".repeat(2) + "Text.\n";
        assert_eq!(taken_off(&twice, KNOWN).0.len(), 1);
        let mixed = "这是较早的版本。 阅读最新版本\n\nCorrection It was <yesterday>.\n\nText.\n";
        assert_eq!(taken_off(mixed, KNOWN).0.len(), 1);
        let newest = Known {
            note: None,
            is_earlier: false,
            ..KNOWN
        };
        let text = "This is an earlier revision. Read the newest one\n\nText.\n";
        assert_eq!(taken_off(text, newest).1, text);
    }
}
