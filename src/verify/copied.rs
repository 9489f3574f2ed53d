//! What comes along where a page is copied whole off a screen: its title and back link, what the site says above the text, and what
//! stands below the footer. Only what is to the word what the site says of the revision is set aside.

use super::{Answer, Question, has_text};
use crate::archive::Archive;
use crate::article::Kind;
use crate::canonical;
use crate::draft::Draft;
use crate::footer::{self, Footer};
use crate::notice::{self, Below, Known};
use crate::object::ident::Person;
use crate::withheld::Kept;

/// A page in plain text, parted at the last of its lines that is a footer.
pub(super) struct Parted {
    /// What stands above the footer, in canonical form.
    pub text: String,
    pub footer: Footer,
    /// The lines below it, none of them empty.
    pub below: Vec<String>,
}

impl Parted {
    /// Parts a page of which the last line is no footer; `None` where no line is one, or nothing stands above it.
    pub fn of(draft: &Draft) -> Option<Self> {
        if !draft.is_plain || draft.footer.is_some() {
            return None;
        }
        let text = draft.text();
        let lines: Vec<&str> = text.lines().collect();
        let footers = lines.iter().map(|line| footer::tidied(line).parse().ok());
        let (at, footer) = footers
            .enumerate()
            .filter_map(|(at, footer)| Some((at, footer?)))
            .next_back()?;
        let above = canonical::canonical(&lines[..at].join("\n"));
        let below = lines[at + 1..].iter().filter(|line| !line.is_empty());
        (!above.is_empty()).then(|| Self {
            text: above,
            footer,
            below: below.map(|line| (*line).to_owned()).collect(),
        })
    }

    /// Returns the first line below the footer that the archive's site does not say there.
    pub fn strange(&self, archive: &Archive) -> Option<&str> {
        let kept = Kept::read(archive, self.footer.commit).ok();
        let authors: Option<Vec<&str>> = match &kept {
            Some(Kept::Whole(revision)) => {
                Some(revision.metadata().authors.iter().map(Person::name).collect())
            }
            _ => None,
        };
        let known = match &kept {
            Some(kept) => Below {
                number: Some(kept.message().trailers.revision),
                authors: authors.as_deref(),
                tags: match kept {
                    Kept::Whole(revision) => Some(&revision.metadata().tags),
                    Kept::Withheld(_) => None,
                },
            },
            None => Below::default(),
        };
        let below: Vec<&str> = self.below.iter().map(String::as_str).collect();
        notice::not_below(&below, known)
    }
}

/// Takes off a plain text what the archive's site says above the revision's, where the text is not the revision's with it. What of
/// that is not known to be said of the revision goes into the answer.
pub(super) fn own_part<'t>(
    archive: &Archive,
    text: &'t str,
    kept: &Kept,
    asked: &Question<'_>,
    answer: &mut Answer,
) -> &'t str {
    if !asked.is_plain || has_text(kept, text) {
        return text;
    }
    let titles = match kept {
        Kept::Whole(revision) => revision.titles(),
        Kept::Withheld(_) => Vec::new(),
    };
    let rest = match notice::heard(text, &titles) {
        Some((back_link, rest)) => {
            if back_link != archive.settings().home_link {
                answer.beside.push(back_link.to_owned());
            }
            rest
        }
        None => text,
    };
    let message = kept.message();
    let (notices, rest) = notice::taken_off(
        rest,
        Known {
            kind: message.trailers.kind,
            note: message.note.as_deref(),
            titles: &titles,
            is_earlier: !answer.later.is_empty(),
            is_retracted: answer.later.iter().any(|later| later.kind == Kind::Retraction),
        },
    );
    answer.beside.extend(notices.into_iter().map(ToOwned::to_owned));
    rest
}
