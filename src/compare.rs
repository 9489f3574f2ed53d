//! Stealth edits, seen from outside: what changed between two captures of one page, and whether the new one says so.
//! No archive is asked, only what a reader of both pages holds.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::article::Kind;
use crate::canonical::{self, Invisible};
use crate::capture::Moment;
use crate::capture::charset::{self, Decoded};
use crate::diff::{self, ParagraphChange, Piece};
use crate::draft::html::apart::{Apart, Kind as ApartKind};
use crate::draft::html::restated::Stated;
use crate::draft::{self, Beside, Draft, DraftError, DraftErrorKind, Form, html};
use crate::footer::Footer;
use crate::id::{CommitId, hex};

pub mod captures;
pub mod notice;
mod passing;

/// What a reader sees of a page, and what the page says of its own changes.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The text in canonical form, its title first where that stands outside it.
    pub text: String,
    /// What the page calls itself, in the first of its languages.
    pub title: Option<String>,
    /// SHA-256 of the bytes that were read, 64 digits: of a file, or of a response's body without its encodings.
    pub sha256: String,
    /// The footer.
    pub footer: Option<Footer>,
    /// What stands first in the text, or above it as its title.
    headlines: Vec<String>,
    kind: Option<Kind>,
    note: Option<String>,
    modified: Option<Moment>,
    /// The notices that the page shows beside its text.
    notices: Vec<String>,
    /// Notices in the text that are seen only later, if at all, with single blanks.
    veiled: HashSet<String>,
    /// The words of formulas and others that stand in the article, are none of its text and are a part of what it tells.
    apart: Vec<Apart>,
    /// The same words as they are shown, a paragraph for each.
    shown_apart: String,
    /// The paragraphs in which something changes by itself, by their numbers from 0, with that left out (see [`passing`]).
    stilled: BTreeMap<usize, String>,
    /// What a page of HTML has besides; other forms have nothing but their text.
    besides: Option<Besides>,
}

/// What a page of HTML has besides its text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Besides {
    /// What stands amid the text and is none of it, such as boxes of facts.
    amid: String,
    /// What the page's own style hides where the text stands.
    hidden: String,
}

/// What became of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The text is the same, and so are the words of formulas in it.
    Same,
    /// The text changed, and the new page says that it did.
    Declared,
    /// The text changed, and nothing on the new page was recognised as saying so.
    Undeclared,
}

/// How a page says that it changed. What the old page said already is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declaration {
    /// The footer names another commit than the old page's.
    Footer(CommitId),
    /// The front matter's kind is another than before, and not `publish`.
    Kind(Kind),
    /// The front matter has a note that the old page lacks.
    Note(String),
    /// A line is new, in the text or beside it, and is a notice (see [`notice`]).
    Notice(String),
    /// The metadata of an HTML page tell of a modification that is later than the old page's.
    Modified(String),
}

/// What is said of two captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The answer.
    pub verdict: Verdict,
    /// How the new page declares the change; empty unless the verdict is [`Verdict::Declared`].
    pub declarations: Vec<Declaration>,
    /// What differs in the text.
    pub changes: Vec<ParagraphChange>,
    /// What differs in the words of formulas, and of others that show in another way than as text. Where this and `changes` are empty and the
    /// verdict is not [`Verdict::Same`], they stand elsewhere in the text.
    pub apart: Vec<ParagraphChange>,
    /// What differs in times that say how long ago something was, and in numbers of readers and remarks. It is told, and not judged.
    pub passing: Vec<ParagraphChange>,
    /// What differs amid the text and is none of it. It is told, and not judged.
    pub beside: Vec<ParagraphChange>,
    /// What differs in what the page's own style hides. It is told, and not judged: a script may show it.
    pub hidden: Vec<ParagraphChange>,
}

impl Seen {
    /// Reads a page as a browser or a reader of the file would show it.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn read(bytes: &[u8], form: Form, declared_charset: Option<&str>) -> Result<Self, DraftError> {
        let is_utf8 = declared_charset.is_none() && std::str::from_utf8(bytes).is_ok();
        let decoded = if is_utf8 || !form.has_elements() && declared_charset.is_none() {
            Decoded {
                bytes: bytes.into(),
                damaged: None,
            }
        } else {
            charset::utf8(bytes, declared_charset)
        };
        let draft = draft::read(&decoded.bytes, form, Invisible::Allow)?;
        let text = draft.text();
        // In what is lost no change can be seen.
        if let Some(charset) = decoded.damaged
            && charset::is_of_another(&text)
        {
            return Err(DraftError {
                line: None,
                kind: DraftErrorKind::OtherEncoding(charset),
            });
        }
        let text_bytes = std::str::from_utf8(&decoded.bytes)
            .ok()
            .filter(|_| form.has_elements());
        let restated = text_bytes.and_then(|text| html::read_restated(text, form, passing::says_moment));
        let restated = restated.map(|(draft, moments)| (whole_text(&draft), moments));
        let whole = whole_text(&draft);
        let titles = titles(&draft);
        let title = titles.first().cloned();
        let first = draft.blocks.first().map(|block| block.plain.clone());
        let headlines = titles
            .into_iter()
            .chain(first)
            .map(|headline| as_shown(&headline));
        let dates = draft.front.modified.iter();
        let own = draft.beside.iter().map(|beside| as_shown(&beside.own));
        let own: Vec<String> = own.collect();
        let own = own.iter().flat_map(|text| text.lines());
        let lines = |is_one: fn(&&Beside) -> bool| {
            let some = draft.beside.iter().filter(is_one);
            some.flat_map(|beside| beside.text.lines()).collect()
        };
        let paragraphs = |lines: Vec<&str>| canonical::canonical(&as_shown(&lines.join("\n\n")));
        // A headline there is a part of the text.
        let amid = || {
            let mut amid: Vec<&str> = lines(|beside| (beside.is_amid || beside.is_near) && !beside.is_apart);
            amid.retain(|line| draft.headline.as_ref().is_none_or(|title| !is_title(line, title)));
            amid
        };
        let is_judged = |apart: &Apart| apart.kind == ApartKind::Part;
        let besides = || Besides {
            amid: paragraphs(amid()),
            hidden: paragraphs(draft.hidden.lines().collect()),
        };
        Ok(Self {
            veiled: notice_lines(&as_shown(&draft.veiled)).into_iter().collect(),
            shown_apart: paragraphs(lines(|beside| beside.is_apart)),
            apart: draft.apart.into_iter().filter(is_judged).collect(),
            title,
            sha256: hex(&Sha256::digest(bytes)),
            besides: form.has_elements().then(besides),
            stilled: stilled(&whole, restated),
            text: whole,
            headlines: headlines.collect(),
            footer: draft.footer.map(|found| found.footer),
            kind: draft.front.kind.and_then(|kind| kind.parse().ok()),
            note: draft.front.note,
            modified: dates
                .filter_map(|date| Moment::of_metadata(date))
                .max_by_key(Moment::instant),
            notices: own
                .filter(|line| notice::is_one(line))
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Returns how many bytes of text it has.
    #[must_use]
    pub fn size(&self) -> usize {
        let besides = self.besides.as_ref();
        let stilled: usize = self.stilled.values().map(String::len).sum();
        let title = self.title.as_ref().map_or(0, String::len);
        title
            + self.text.len()
            + stilled
            + self.shown_apart.len()
            + besides.map_or(0, |besides| besides.amid.len() + besides.hidden.len())
    }
}

/// Returns the titles of a page.
fn titles(draft: &Draft) -> Vec<String> {
    let titles = &draft.front.title;
    let titles = titles.plain.iter().chain(titles.per_language.values());
    titles.chain(&draft.headline).cloned().collect()
}

/// Returns the text that a reader sees in canonical form, its titles first where these stand outside it.
fn whole_text(draft: &Draft) -> String {
    let is_apart = |title: &String| !draft.blocks.iter().any(|block| is_title(&block.plain, title));
    let mut whole = titles(draft);
    whole.retain(is_apart);
    whole.push(draft.text());
    canonical::canonical(&as_shown(&whole.join("\n\n")))
}

/// Returns the paragraphs of a text in which something changes by itself, with that left out. `restated` is the text in which `time`
/// elements state their moments, with these.
fn stilled(text: &str, restated: Option<(String, Vec<Stated>)>) -> BTreeMap<usize, String> {
    let (restated, moments) = restated.unwrap_or_default();
    let restated: Vec<String> = canonical::paragraphs(&restated).collect();
    let mut moments = &moments[..];
    let stilled = canonical::paragraphs(text)
        .enumerate()
        .filter_map(|(number, own)| {
            let with_moments = restated.get(number).filter(|restated| **restated != own);
            let with_moments = with_moments.and_then(|restated| moments_in(restated, &own, &mut moments));
            let stilled = passing::stilled(with_moments.as_ref().unwrap_or(&own));
            Some((number, stilled.or(with_moments)?))
        });
    stilled.collect()
}

/// Returns a paragraph with the moments that `time` elements state in the place of their words; `None` where it is not the same but for
/// these, as a page that is written again may be. `moments` are those that follow.
fn moments_in(restated: &str, own: &str, moments: &mut &[Stated]) -> Option<String> {
    let (mut words, mut stated) = (restated.to_owned(), restated.to_owned());
    while let Some(at) = moments.iter().position(|next| stated.contains(&next.shown)) {
        let next = &moments[at];
        words = words.replacen(&next.shown, &as_shown(&next.words), 1);
        stated = stated.replacen(&next.shown, &format!("[{}]", next.moment), 1);
        *moments = &moments[at + 1..];
    }
    is_title(&words, own).then_some(stated)
}

/// Returns a text as a reader sees it: blanks that only keep words together are blanks, one where another stands beside it, and marks
/// of where a word may be divided are nothing.
fn as_shown(text: &str) -> String {
    let is_mark = |c: char| matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}');
    let keeps_together = |c: char| matches!(c, '\u{a0}' | '\u{202f}');
    let is_blank = |c: &char| c.is_whitespace();
    let mut shown: Vec<char> = Vec::with_capacity(text.len());
    let mut rest = text.chars().filter(|c| !is_mark(*c)).peekable();
    while let Some(c) = rest.next() {
        let is_one_of_two = match shown.as_slice() {
            [.., word, ' '] => keeps_together(c) && !is_blank(word) && !rest.peek().is_some_and(is_blank),
            _ => false,
        };
        if keeps_together(c) && rest.peek() == Some(&' ') && shown.last().is_some_and(|word| !is_blank(word))
        {
            rest.next();
        }
        if !is_one_of_two {
            shown.push(if keeps_together(c) { ' ' } else { c });
        }
    }
    shown.into_iter().collect()
}

/// Tells whether a block of the text shows the title, which then is no text of its own.
fn is_title(block: &str, title: &str) -> bool {
    block.split_whitespace().eq(title.split_whitespace())
}

impl Verdict {
    /// Returns the word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Declared => "declared",
            Self::Undeclared => "undeclared",
        }
    }
}

impl Declaration {
    /// Returns the word for what declares the change.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Footer(_) => "footer",
            Self::Kind(_) => "kind",
            Self::Note(_) => "note",
            Self::Notice(_) => "notice",
            Self::Modified(_) => "modified",
        }
    }

    /// Returns what it says.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Footer(id) => id.to_string(),
            Self::Kind(kind) => kind.to_string(),
            Self::Note(text) | Self::Notice(text) | Self::Modified(text) => text.clone(),
        }
    }
}

/// Judges two captures of one page, the older one first.
#[must_use]
pub fn judge(before: &Seen, after: &Seen) -> Judgement {
    let (after_text, passed) = as_before(before, after);
    let changes = diff::compare(&before.text, &after_text);
    let is_same = changes.is_empty() && before.apart == after.apart;
    let declarations = if is_same {
        Vec::new()
    } else {
        declarations(before, after, &changes)
    };
    let verdict = match (is_same, declarations.is_empty()) {
        (true, _) => Verdict::Same,
        (false, true) => Verdict::Undeclared,
        (false, false) => Verdict::Declared,
    };
    let besides = before.besides.as_ref().zip(after.besides.as_ref());
    let differ = |of: fn(&Besides) -> &str| {
        let differ = besides.map(|(before, after)| diff::compare(of(before), of(after)));
        differ.unwrap_or_default()
    };
    // Of formulas there may be more than is shown.
    let words =
        |seen: &'_ Seen| -> Vec<String> { seen.apart.iter().map(|apart| apart.words.clone()).collect() };
    let apart = if words(before) == words(after) {
        Vec::new()
    } else {
        diff::compare(&before.shown_apart, &after.shown_apart)
    };
    Judgement {
        verdict,
        declarations,
        changes,
        apart,
        passing: diff::compare(&passed[0], &passed[1]),
        beside: differ(|besides| &besides.amid),
        hidden: differ(|besides| &besides.hidden),
    }
}

/// Returns the new text with the old one's paragraphs in the place of those that differ only in what changes by itself; and these, old
/// and new.
fn as_before<'a>(before: &'a Seen, after: &'a Seen) -> (Cow<'a, str>, [String; 2]) {
    let mut passed = [String::new(), String::new()];
    if before.stilled.is_empty() || after.stilled.is_empty() || before.text == after.text {
        return (Cow::Borrowed(&after.text), passed);
    }
    let paragraphs: Vec<String> = canonical::paragraphs(&before.text).collect();
    let mut known: HashMap<&str, VecDeque<&str>> = HashMap::new();
    for (number, stilled) in &before.stilled {
        known
            .entry(stilled)
            .or_default()
            .extend(paragraphs.get(*number).map(String::as_str));
    }
    let new = canonical::paragraphs(&after.text)
        .enumerate()
        .map(|(number, own)| {
            let stilled = after.stilled.get(&number);
            let old = stilled.and_then(|stilled| known.get_mut(&**stilled)?.pop_front());
            let Some(old) = old.filter(|old| *old != own) else {
                return own;
            };
            for (passed, paragraph) in passed.iter_mut().zip([old, &own]) {
                passed.push_str(paragraph);
                passed.push_str("\n\n");
            }
            old.to_owned()
        });
    let new = canonical::canonical(&new.collect::<Vec<_>>().join("\n\n"));
    (
        Cow::Owned(new),
        passed.map(|passed| canonical::canonical(&passed)),
    )
}

fn declarations(before: &Seen, after: &Seen, changes: &[ParagraphChange]) -> Vec<Declaration> {
    let mut found = Vec::new();
    if let (Some(old), Some(new)) = (&before.footer, &after.footer)
        && old.commit != new.commit
    {
        found.push(Declaration::Footer(new.commit));
    }
    if let Some(kind) = after.kind.filter(|kind| *kind != Kind::Publish)
        && before.kind != Some(kind)
    {
        found.push(Declaration::Kind(kind));
    }
    if let Some(note) = &after.note
        && before.note.as_ref() != Some(note)
    {
        found.push(Declaration::Note(note.clone()));
    }
    // What the old page shows beside its text may stand in the text now, and the other way round.
    let known: HashSet<String> = canonical::paragraphs(&before.text)
        .chain(before.notices.iter().cloned())
        .flat_map(|paragraph| notice_lines(&paragraph))
        .collect();
    let is_new = |notice: &String| notice_lines(notice).iter().any(|line| !known.contains(line));
    let is_subject = |notice: &String| {
        after.headlines.iter().any(|headline| is_title(headline, notice)) && !notice::is_headline(notice)
    };
    let is_seen = |notice: &String| {
        !notice_lines(notice)
            .iter()
            .all(|line| after.veiled.contains(line))
    };
    let in_text = changes.iter().flat_map(new_notices).filter(is_seen);
    let new = in_text.chain(after.notices.clone());
    let new = new.filter(|notice| is_new(notice) && !is_subject(notice));
    found.extend(new.map(Declaration::Notice));
    if let Some(new) = &after.modified {
        let is_later = before
            .modified
            .as_ref()
            .is_none_or(|old| old.instant() < new.instant());
        if is_later {
            found.push(Declaration::Modified(new.as_str().to_owned()));
        }
    }
    found
}

/// The lines of a notice that make it one, or all of it where no line does, each with single blanks.
fn notice_lines(paragraph: &str) -> Vec<String> {
    let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = paragraph.lines().filter(|line| notice::is_one(line));
    let mut lines: Vec<String> = lines.map(spaced).collect();
    if lines.is_empty() && notice::is_one(paragraph) {
        lines.push(spaced(paragraph));
    }
    lines
}

/// The paragraphs of a change that are notices now and were none.
fn new_notices(change: &ParagraphChange) -> Vec<String> {
    let added = match change {
        ParagraphChange::Added { text, .. } => text.clone(),
        ParagraphChange::Changed { pieces, .. } => {
            let side = |left_out: fn(&Piece) -> bool| -> String {
                let kept = pieces.iter().filter(|piece| !left_out(piece));
                kept.map(|piece| match piece {
                    Piece::Same(text) | Piece::Removed(text) | Piece::Added(text) => text.as_str(),
                })
                .collect()
            };
            let before = side(|piece| matches!(piece, Piece::Added(_)));
            let after = side(|piece| matches!(piece, Piece::Removed(_)));
            // That a notice was changed is none; that the page is of another day is.
            if notice::is_one(&before) && !notice::is_stamp(&after) {
                return Vec::new();
            }
            after
        }
        ParagraphChange::Removed { .. } | ParagraphChange::Moved { .. } => return Vec::new(),
    };
    let paragraphs = canonical::paragraphs(&added);
    paragraphs.filter(|paragraph| notice::is_one(paragraph)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(page: &str) -> Seen {
        Seen::read(page.as_bytes(), Form::sniff(page.as_bytes()), None).unwrap()
    }

    fn names(before: &str, after: &str) -> Vec<&'static str> {
        let judgement = judge(&seen(before), &seen(after));
        assert_eq!(
            judgement.verdict == Verdict::Declared,
            !judgement.declarations.is_empty()
        );
        judgement.declarations.iter().map(Declaration::name).collect()
    }

    #[test]
    fn a_headline_is_no_notice_because_it_begins_like_one() {
        let html = |title: &str, day: &str| {
            format!(
                "<!doctype html><title>x</title><body><article><h1>{title}</h1><p>It opened {day}, and everybody came.</p></article>"
            )
        };
        let old = html("How to make cheese", "today");
        for (title, expected) in [
            ("Update: how to make cheese", &[][..]),
            ("更新：怎样做奶酪", &[]),
            ("Correction: It opened yesterday.", &["notice"]),
            ("Correction: Cheese story", &["notice"]),
        ] {
            assert_eq!(names(&old, &html(title, "yesterday")), expected, "{title}");
            let text = |title: &str, day: &str| format!("{title}\n\nIt opened {day}.\n");
            assert_eq!(
                names(&text("How to make cheese", "today"), &text(title, "yesterday")),
                expected,
                "{title}"
            );
            let front = |title: &str, day: &str| format!("---\ntitle: '{title}'\n---\n\nIt opened {day}.\n");
            assert_eq!(
                names(&front("How to make cheese", "today"), &front(title, "yesterday")),
                expected,
                "{title}"
            );
        }
        // Below the headline a label is one.
        let noted = old
            .replace("</h1>", "</h1><p>Update: opening day mended</p>")
            .replace("today", "yesterday");
        assert_eq!(names(&old, &noted), ["notice"]);
    }

    #[test]
    fn each_way_of_saying_so_counts_and_only_if_the_old_page_lacks_it() {
        let footer = |digit: &str| format!("\n\n2026-01-22 (Thursday) · {}", digit.repeat(40));
        let front = |lines: &str, text: &str| format!("---\n{lines}\n---\n{text}\n");
        let html = |head: &str, text: &str| {
            format!(
                "<!doctype html><html><head>{head}</head><body><article><p>{text}</p></article></body></html>"
            )
        };
        let meta = |date: &str| format!("<meta property=\"article:modified_time\" content=\"{date}\">");
        let json = |date: &str| {
            format!(
                "<script type=\"application/ld+json\">{{\"@graph\": [{{\"@type\": \"NewsArticle\", \"dateModified\": \"{date}\"}}]}}</script>"
            )
        };
        let (old, new) = ("The bridge opened today.", "The bridge opened yesterday.");
        for (before, after, declared) in [
            (old.to_owned(), new.to_owned(), vec![]),
            (
                old.to_owned() + &footer("a"),
                new.to_owned() + &footer("b"),
                vec!["footer"],
            ),
            (
                old.to_owned() + &footer("a"),
                new.to_owned() + &footer("a"),
                vec![],
            ),
            (old.to_owned(), new.to_owned() + &footer("a"), vec![]),
            (
                front("kind: publish", old),
                front("kind: correction", new),
                vec!["kind"],
            ),
            (
                front("kind: correction", old),
                front("kind: correction", new),
                vec![],
            ),
            (
                front("slug: a", old),
                front("note: It opened.", new),
                vec!["note"],
            ),
            (front("note: a", old), front("note: a", new), vec![]),
            (
                old.to_owned(),
                format!("{new}\n\nCorrection: It was yesterday."),
                vec!["notice"],
            ),
            (old.to_owned(), format!("Correction: {new}"), vec!["notice"]),
            (
                format!("{old}\n\nUpdate: x."),
                format!("{new}\n\nUpdate: x."),
                vec![],
            ),
            (format!("Correction: {old}"), format!("Correction: {new}"), vec![]),
            (
                format!("{old}\n\nLast updated: May 1, 2026"),
                format!("{new}\n\nLast updated: May 2, 2026, 10:00 ET"),
                vec!["notice"],
            ),
            (
                format!("{old}\n\nUpdate: x."),
                format!("{new}\n\nUpdate: x.\n\nUpdate: x."),
                vec![],
            ),
            (
                html(&meta("2026-01-22"), old),
                html(&meta("2026-01-23"), new),
                vec!["modified"],
            ),
            (
                html(&meta("2026-01-22"), old),
                html(&meta("2026-01-22"), new),
                vec![],
            ),
            (
                html(&meta("2026-01-23"), old),
                html(&meta("2026-01-22"), new),
                vec![],
            ),
            (
                html("", old),
                html(&json("2026-01-23T08:00:00+0800"), new),
                vec!["modified"],
            ),
            (
                html(&json("2026-01-23"), old),
                html(&json("2026-01-23"), new),
                vec![],
            ),
        ] {
            assert_eq!(names(&before, &after), declared, "{before}\n→\n{after}");
        }
    }

    #[test]
    fn what_no_reader_sees_is_no_change_and_a_headline_is_one() {
        let page = |title: &str, hidden: &str| {
            seen(&format!(
                "<!doctype html><html><head><title>x</title></head><body><article><header><h1>{title}</h1></header><p hidden>{hidden}</p><p>One   two.</p></article></body></html>"
            ))
        };
        assert_eq!(judge(&page("a", "b"), &page("a", "c")).verdict, Verdict::Same);
        let changed = judge(&page("Bridge opened", ""), &page("Bridge closed", ""));
        assert_eq!((changed.verdict, changed.changes.len()), (Verdict::Undeclared, 1));
    }

    #[test]
    fn a_headline_above_the_article_and_a_notice_beside_the_text_count() {
        let page = |headline: &str, text: &str, notice: &str| {
            format!(
                "<!doctype html><title>{headline}</title><header><h1>{headline}</h1></header><article><p>{text}</p><aside class=n>{notice}</aside></article>"
            )
        };
        let (old, new) = ("The bridge opened today.", "The bridge opened yesterday.");
        let notice = "<h2>About this page</h2><p>Correction: an earlier version misstated the day.</p>";
        assert_eq!(names(&page("A", old, ""), &page("B", old, "")), [""; 0]);
        let renamed = judge(&seen(&page("A", old, "")), &seen(&page("B", old, "")));
        assert_eq!(renamed.verdict, Verdict::Undeclared);
        assert_eq!(names(&page("A", old, ""), &page("A", new, notice)), ["notice"]);
        assert_eq!(names(&page("A", old, notice), &page("A", new, notice)), [""; 0]);
        // What stands in the article now and stood beside it, or the other way round, is nothing new.
        let moved = "Correction: an earlier version misstated the day.";
        let inside = |text: &str| page("A", &format!("{text}</p><p>{moved}"), "");
        let beside = |text: &str| page("A", text, notice);
        assert_eq!(names(&beside(old), &inside(new)), [""; 0]);
        assert_eq!(names(&inside(old), &beside(new)), [""; 0]);
        assert_eq!(names(&page("A", old, ""), &inside(new)), ["notice"]);
        let below = format!("{}<div><p>更正：日期有误。</p></div>", page("A", new, ""));
        assert_eq!(names(&page("A", old, ""), &below), ["notice"]);
    }

    #[test]
    fn blanks_and_marks_that_show_nothing_are_no_change() {
        let page = |text: &str| seen(&format!("<!doctype html><article><p>{text}</p></article>"));
        let old = page("The bridge opens at noon today.");
        for text in [
            "The bridge opens at&nbsp;noon today.",
            "The bridge opens at&#x202f;noon today.",
            "The bridge&#8203; opens at noon today.",
            "The bridge opens at noon to&shy;day.&#x2060;",
        ] {
            assert_eq!(judge(&old, &page(text)).verdict, Verdict::Same, "{text}");
        }
    }

    #[test]
    fn what_no_reader_sees_is_no_word_and_declares_nothing() {
        let page = |word: &str, notice: &str| {
            format!("<!doctype html><article><p>The bridge {word} opened today.</p>{notice}</article>")
        };
        let old = page("never", "");
        for hidden in [
            "<rp>never</rp>",
            "<span popover>never</span>",
            "<math><mtext>never</mtext></math>",
        ] {
            let new = page(hidden, "");
            assert_eq!(
                judge(&seen(&old), &seen(&new)).verdict,
                Verdict::Undeclared,
                "{hidden}"
            );
        }
        let notice = |hidden: &str| format!("<p {hidden}>Correction: an earlier version said never.</p>");
        assert_eq!(names(&old, &page("", &notice(""))), ["notice"]);
        for hidden in ["popover", "style=font-size:0"] {
            assert_eq!(names(&old, &page("", &notice(hidden))), [""; 0], "{hidden}");
        }
    }

    #[test]
    fn what_a_script_lets_appear_is_no_change_and_is_told() {
        let page = |veil: &str| {
            seen(&format!(
                "<!doctype html><article><p {veil}>It opened.</p></article>"
            ))
        };
        for veil in ["style='opacity:0'", "hidden=until-found"] {
            let judgement = judge(&page(veil), &page(""));
            assert_eq!(judgement.verdict, Verdict::Same, "{veil}");
            assert_eq!(judgement.beside.len(), 1, "{veil}");
        }
    }

    #[test]
    fn readers_remarks_and_links_to_other_pages_declare_nothing() {
        let page = |text: &str, below: &str| {
            format!("<!doctype html><article><h1>A</h1><p>It opened {text}.</p></article>{below}")
        };
        for below in [
            "<div id=comments><p>Update: I drove over it, fine.</p></div>",
            "<div class='wide Comment-list'><ul><li>Update: I drove over it.</ul></div>",
            "<aside><a href=x>Correction: another story</a></aside>",
            "<div><ul><li><a href=x>Correction: another story</a></li><li>b</li></ul></div>",
        ] {
            assert_eq!(
                names(&page("today", ""), &page("Monday", below)),
                [""; 0],
                "{below}"
            );
        }
        let linked = "<aside>Correction: <a href=x>the day</a> was wrong.</aside>";
        assert_eq!(names(&page("today", ""), &page("Monday", linked)), ["notice"]);
    }

    #[test]
    fn what_changes_amid_the_text_or_is_hidden_is_told() {
        let page = |facts: &str, hidden: &str| {
            seen(&format!(
                "<!doctype html><article><p>It opened.</p><aside>Cost: {facts}</aside><div style='visibility: hidden; opacity: 0;'>\
                 <p>Hidden <b>{hidden}</b>.</p><p>Same.</p></div></article>"
            ))
        };
        let judged = |after: &Seen| {
            let judgement = judge(&page("10", "a"), after);
            assert_eq!(judgement.verdict, Verdict::Same);
            (judgement.beside.is_empty(), judgement.hidden.is_empty())
        };
        assert_eq!(judged(&page("10", "a")), (true, true));
        assert_eq!(judged(&page("20", "a")), (false, true));
        assert_eq!(judged(&page("10", "b")), (true, false));
        // A text alone had nothing besides that could have changed.
        let text = Seen::read(b"It opened.\n", Form::Text, None).unwrap();
        assert_eq!(judged(&text), (true, true));
    }

    #[test]
    fn captures_of_the_wayback_machine_are_the_same_whenever_they_were_made() {
        let page = |day: &str| {
            seen(&format!(
                "<html lang=en><body><!-- BEGIN WAYBACK TOOLBAR INSERT --><div id=wm-ipp-base style='display:none'>4 captures</div>\
                 <div id=wm-ipp-print>The Wayback Machine - https://web.archive.org/web/202503{day}100000/https://x.example/</div>\
                 <!-- END WAYBACK TOOLBAR INSERT --><h1>Bridge</h1><p>It opened.</p></body></html>"
            ))
        };
        assert_eq!(page("04").text, "Bridge\n\nIt opened.\n");
        let judgement = judge(&page("04"), &page("05"));
        assert_eq!(
            (judgement.verdict, judgement.beside, judgement.hidden),
            (Verdict::Same, vec![], vec![])
        );
    }

    #[test]
    fn what_only_has_a_name_of_the_wayback_machine_s_bar_is_text() {
        let page = |text: &str| {
            seen(&format!(
                "<html lang=en><body><main><h1>Bridge</h1><p id=wm-ipp>It cost {text}.</p></main>\
                 <p id=wm-ipp-print>Nobody died.</p></body></html>"
            ))
        };
        assert_ne!(judge(&page("10"), &page("90")).verdict, Verdict::Same);
        let plain =
            seen("<html lang=en><body><h1>Bridge</h1><p id=wm-ipp-print>Nobody died.</p></body></html>");
        assert_eq!(plain.text, "Bridge\n\nNobody died.\n");
    }

    #[test]
    fn a_page_whose_encoding_is_not_known_is_not_read() {
        let read = |head: &str, text: &str, declared| {
            let page = format!("<!doctype html>{head}<article><h1>Bridge</h1><p>{text}</p></article>");
            let (gbk, ..) = encoding_rs::GBK.encode(&page);
            Seen::read(&gbk, Form::Html, declared).map_err(|error| error.to_string())
        };
        for text in ["老人生了", "老人死了"] {
            assert!(read("", text, None).unwrap_err().contains("UTF-8"));
            let refused = read("<meta charset=utf-8>", text, None).unwrap_err();
            assert_eq!(refused, "the page is said to be in UTF-8, and is not");
            assert!(read("", text, Some("UTF-8")).is_err());
            assert!(read("", text, Some("gbk")).unwrap().text.contains(text));
        }
    }

    #[test]
    fn a_page_in_gbk_is_the_same_as_in_utf8() {
        let utf8 = "<!doctype html><meta charset=gbk><article><p>桥今天通车。</p></article>";
        let (gbk, ..) = encoding_rs::GBK.encode(utf8);
        let read = Seen::read(&gbk, Form::Html, None).unwrap();
        assert_eq!(judge(&read, &seen(utf8)).verdict, Verdict::Same);
    }
}
