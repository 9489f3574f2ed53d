//! What a site says above the text of a revision: that a newer one follows, of what kind it is and why it was made. Whoever copies
//! an article off a screen has this, too, and in plain text nothing tells it from the text.

use serde::Serialize;

use crate::article::Kind;
use crate::canonical::nfc;

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
};

/// In Chinese.
pub const CHINESE: Words = Words {
    is_earlier: "这是较早的修订。",
    is_retracted: "本文已撤回；这是较早的修订。",
    to_newest: "阅读最新修订",
    kinds: ["发表", "更新", "更正", "撤回", "恢复", "技术修订"],
};

/// What is known of a revision that a site says above it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Why it was made.
    pub note: Option<&'a str>,
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

    /// Returns what stands above an earlier revision: of an article that stands, and of one that was retracted.
    #[must_use]
    pub fn earlier(&self) -> [String; 2] {
        [self.is_earlier, self.is_retracted].map(|sentence| format!("{sentence} {}", self.to_newest))
    }

    /// Returns the notices that may stand above a revision: for each place those of which one may stand there.
    fn above(&self, known: Known<'_>) -> [Vec<String>; 2] {
        let [earlier, retracted] = self.earlier();
        let note = known.note;
        let why = note.map(|note| nfc(format!("{} {note}", self.kind(known.kind))));
        [
            [
                known.is_earlier.then_some(earlier),
                known.is_retracted.then_some(retracted),
            ]
            .into_iter()
            .flatten()
            .collect(),
            why.into_iter().collect(),
        ]
    }
}

/// Takes off a canonical text the lines above it that are what a site says of the revision, in whichever of its languages: these
/// lines, and the text. Every word has to be the site's.
#[must_use]
pub fn taken_off<'t>(text: &'t str, known: Known<'_>) -> (Vec<&'t str>, &'t str) {
    let taken = [&ENGLISH, &CHINESE].map(|words| {
        let mut lines = Vec::new();
        let mut rest = text;
        for choice in words.above(known) {
            let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
            let has_words = |notice: &String| notice.split_whitespace().eq(line.split_whitespace());
            if choice.iter().any(has_words) {
                lines.push(line);
                rest = below.trim_start_matches('\n');
            }
        }
        (lines, rest)
    });
    let [english, chinese] = taken;
    if english.0.len() >= chinese.0.len() {
        english
    } else {
        chinese
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known<'_> = Known {
        kind: Kind::Correction,
        note: Some("It was  <yesterday>."),
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
        ] {
            let text = format!("{above}Text.\n");
            assert_eq!(taken_off(&text, KNOWN), (Vec::new(), text.as_str()), "{above}");
        }
        let twice = "Correction It was <yesterday>.\n\n".repeat(2) + "Text.\n";
        assert_eq!(taken_off(&twice, KNOWN).0.len(), 1);
        let mixed = "这是较早的修订。 阅读最新修订\n\nCorrection It was <yesterday>.\n\nText.\n";
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
