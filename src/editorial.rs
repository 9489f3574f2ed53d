//! What an editor does to an article that is published: a new revision follows the newest one and keeps what is not
//! said anew; a retraction takes the text away and says so in each of the article's languages; a restoration puts it
//! back to the letter. Nothing of an earlier revision changes.

use std::collections::BTreeMap;

use crate::add::{self, Circumstances, PageError, Prepared, Wishes};
use crate::archive::{Archive, Fault};
use crate::article::{self, Article, Kind};
use crate::canonical;
use crate::commonmark;
use crate::date::RevisionDate;
use crate::draft::{Draft, Notice, NoticeKind};
use crate::footer::Footer;
use crate::history;
use crate::id::{ArticleId, CommitId};
use crate::language::{self, Language, Tagged};
use crate::revision::{Revision, RevisionFault};
use crate::settings::Settings;
use crate::trailer::Message;

/// Why a revision cannot follow.
#[derive(Debug, thiserror::Error)]
pub enum EditorialError {
    /// The archive cannot be read.
    #[error("could not read the archive")]
    Archive(#[from] Fault),
    /// A revision cannot be read.
    #[error(transparent)]
    Revision(#[from] RevisionFault),
    /// What was said of the revision cannot be stored.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The branch has no revision of the article.
    #[error("the archive's branch has no article {0}")]
    NoArticle(ArticleId),
    /// The article has its text.
    #[error("{article} is not retracted; its newest revision is {newest}")]
    NotRetracted {
        /// The article.
        article: ArticleId,
        /// Its newest revision.
        newest: Footer,
    },
    /// The article has no such revision.
    #[error("{article} has no revision {revision}")]
    NoRevision {
        /// The article.
        article: ArticleId,
        /// Its number or id.
        revision: String,
    },
    /// The article has no revision with a text of its own.
    #[error("{0} has no revision but retractions")]
    OnlyRetractions(ArticleId),
    /// A retraction has no text to put back.
    #[error("{0} is itself a retraction, and its text is the notice")]
    Retraction(Footer),
}

/// The most bytes of first words that stand for a title.
const LONGEST_TITLE: usize = 1024;

/// The words of a retraction in a language.
struct Words {
    /// The language's tag.
    tag: &'static str,
    /// The sentence that stands in the place of the text.
    notice: &'static str,
    /// What stands before the title.
    before_title: &'static str,
}

/// The words by language. English is for all others.
const WORDS: [Words; 14] = [
    words("zh", "本文已撤回。", "撤回："),
    words("en", "This article has been retracted.", "Retracted: "),
    words("ja", "この記事は撤回されました。", "撤回："),
    words("ko", "이 기사는 철회되었습니다.", "철회: "),
    words("fr", "Cet article a été retiré.", "Article retiré : "),
    words("de", "Dieser Artikel wurde zurückgezogen.", "Zurückgezogen: "),
    words("es", "Este artículo ha sido retirado.", "Retirado: "),
    words("pt", "Este artigo foi retirado.", "Retirado: "),
    words("it", "Questo articolo è stato ritirato.", "Ritirato: "),
    words("nl", "Dit artikel is ingetrokken.", "Ingetrokken: "),
    words("pl", "Ten artykuł został wycofany.", "Wycofany: "),
    words("sv", "Den här artikeln har dragits tillbaka.", "Tillbakadragen: "),
    words("ru", "Эта статья отозвана.", "Отозвана: "),
    words("uk", "Цю статтю відкликано.", "Відкликано: "),
];

const fn words(tag: &'static str, notice: &'static str, before_title: &'static str) -> Words {
    Words {
        tag,
        notice,
        before_title,
    }
}

fn words_of(language: &Language) -> &'static Words {
    let by = |tag: &str| WORDS.iter().find(|words| words.tag == tag);
    by(language.as_str())
        .or_else(|| by(language.primary()))
        .or_else(|| by("en"))
        .expect("English is in the table")
}

/// Reads the newest revision of the article that a commit is a revision of.
///
/// # Errors
/// [`EditorialError`].
pub fn newest(archive: &Archive, commit: CommitId) -> Result<Revision, EditorialError> {
    let message = archive.commit(commit).map(|commit| commit.message);
    let named = message.map(|message| Message::parse(&message));
    let article = match named {
        Ok(Ok(message)) => message.trailers.article,
        // That it is none, or why it cannot be read, is said where a revision is read.
        _ => Revision::read(archive, commit)?.article_id().clone(),
    };
    let newest = history::newest(archive, &article)?;
    Ok(Revision::read(
        archive,
        newest.ok_or(EditorialError::NoArticle(article))?,
    )?)
}

/// Returns wishes for the revision after one: for the same article, only while that one is the newest, keeping what
/// neither the page nor the caller says anew.
#[must_use]
pub fn following(newest: &Revision, kind: Kind, wishes: Wishes) -> Wishes {
    let article = newest.article_id();
    Wishes {
        slug: Some(article.slug().to_string()),
        kind: Some(kind),
        article: Some(article.clone()),
        previous: Some(wishes.previous.unwrap_or_else(|| newest.article.clone())),
        expected: Some(wishes.expected.unwrap_or(newest.id)),
        ..wishes
    }
}

/// Takes off a page the footer of a revision of the article that it is to be a new revision of: the page was printed from
/// the archive and changed, and that footer is neither the date of the change nor what anybody claims of it.
///
/// # Errors
/// [`Fault`] where the archive cannot be read.
pub fn drop_own_footer(archive: &Archive, article: &ArticleId, draft: &mut Draft) -> Result<(), Fault> {
    let Some(commit) = draft.footer.as_ref().map(|found| found.footer.commit) else {
        return Ok(());
    };
    let message = match archive.commit(commit) {
        Ok(commit) => Message::parse(&commit.message),
        Err(fault) if fault.is_system_error() => return Err(fault),
        Err(_) => return Ok(()),
    };
    if message.is_ok_and(|message| message.trailers.article == *article) {
        draft.footer = None;
    }
    Ok(())
}

/// Takes off a page the date that an earlier revision of the article has, the newest of which in the archive is given: whoever
/// keeps pages with their dates in them corrects the text and leaves the date, which is that of the publication. One that is
/// later than every revision's is of this one, and so is one that is yet to come.
///
/// # Errors
/// [`Fault`] where the archive cannot be read.
pub fn drop_earlier_date(
    archive: &Archive,
    newest: CommitId,
    draft: &mut Draft,
    now: RevisionDate,
) -> Result<(), Fault> {
    let Some(said) = &draft.front.date else {
        return Ok(());
    };
    // That it is no date is told where it is stored.
    let Ok(date) = RevisionDate::parse(said, archive.settings().utc_offset) else {
        return Ok(());
    };
    if date.seconds() > now.seconds() {
        return Ok(());
    }
    let mut dates = Vec::new();
    for step in history::back(archive, newest) {
        dates.push(archive.commit(step?.0)?.author.date);
    }
    let is_later = dates.iter().all(|earlier| earlier.seconds() < date.seconds());
    if !is_later && dates.iter().any(|earlier| earlier.day() == date.day()) {
        draft.notices.push(Notice {
            line: 0,
            what: NoticeKind::EarlierDate(said.clone()),
        });
        draft.front.date = None;
    }
    Ok(())
}

/// Reads the revision of which one that follows an article keeps what it does not say: the newest, which is given, but a restoration
/// keeps nothing of a retraction, unless all before it is withheld.
///
/// # Errors
/// [`EditorialError`].
pub fn kept(archive: &Archive, newest: CommitId, kind: Option<Kind>) -> Result<Revision, EditorialError> {
    let newest = Revision::read(archive, newest)?;
    if kind != Some(Kind::Restoration) || newest.metadata().kind != Kind::Retraction {
        return Ok(newest);
    }
    match restored(archive, &newest, Wanted::BeforeRetraction) {
        Err(EditorialError::Revision(RevisionFault::Object {
            source: Fault::Withheld(_),
            ..
        })) => Ok(newest),
        kept => kept,
    }
}

/// Prepares the retraction of an article. Each of `notes` is for one of the article's languages, or for any; a language gets
/// its own note, else the first without a language, else the first of all. The revision's note is all of them.
///
/// # Errors
/// [`EditorialError::Page`].
pub fn retraction(
    newest: &Revision,
    notes: &[Tagged],
    wishes: Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Prepared, EditorialError> {
    let mut wishes = following(newest, Kind::Retraction, wishes);
    let languages = newest.metadata().languages.clone();
    for language in notes.iter().filter_map(|note| note.language.as_ref()) {
        PageError::unless_part(language, &languages)?;
    }
    let note_in = |language: &Language| {
        let own = notes.iter().find(|note| note.language.as_ref() == Some(language));
        let any = notes.iter().find(|note| note.language.is_none());
        let note = own.or(any).or(notes.first());
        note.map_or("", |note| note.text.as_str())
    };
    let source = |language: &Language| {
        let note = canonical::canonical(note_in(language));
        let notice = words_of(language).notice;
        canonical::canonical(&format!("{notice}\n\n{}", commonmark::escape(note.trim_end())))
    };
    let sources = languages.iter().map(source).collect();
    let was_retracted = newest.metadata().kind == Kind::Retraction;
    let is_named = !newest.metadata().titles.is_empty() || wishes.titles.is_some();
    if let Some(previous) = wishes.previous.as_mut().filter(|_| !was_retracted) {
        if !is_named {
            // By the notice's first words all such articles would be called alike.
            previous.metadata.titles = first_words(&newest.article);
        }
        for (language, title) in &mut previous.metadata.titles {
            *title = format!("{}{title}", words_of(language).before_title);
        }
    }
    let said: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
    wishes.note = (!said.is_empty()).then(|| said.join(" "));
    let in_another = languages.iter().filter(|&part| {
        let told = language::of_text(note_in(part), &languages);
        told.is_some_and(|told| told != *part && !language::share_a_script(&[told, part.clone()]))
    });
    let in_another: Vec<Language> = in_another.cloned().collect();
    let mut prepared = add::prepare_stored(languages, sources, &wishes, settings, circumstances)?;
    if !in_another.is_empty() {
        prepared.notices.push(Notice {
            line: 0,
            what: NoticeKind::NoteOfAnother(in_another),
        });
    }
    Ok(prepared)
}

/// Returns the first words of an article in each of its languages, where they can be a title.
fn first_words(article: &Article) -> BTreeMap<Language, String> {
    let languages = article.metadata.languages.iter().zip(&article.sources);
    let words = languages.filter_map(|(language, source)| {
        let words = article::first_words(&commonmark::plain_text(source).ok()?);
        let is_title = !words.is_empty()
            && words.len() <= LONGEST_TITLE
            && canonical::first_unprintable(&words).is_none();
        is_title.then(|| (language.clone(), words))
    });
    words.collect()
}

/// Which revision's text is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The newest one before the retraction.
    BeforeRetraction,
    /// The one with a number.
    Number(u32),
    /// The one of a commit.
    Commit(CommitId),
}

/// Reads the revision whose text a restoration puts back.
///
/// # Errors
/// [`EditorialError`] where the article is not retracted and no revision is named, or the named one has no text to put
/// back.
pub fn restored(archive: &Archive, newest: &Revision, wanted: Wanted) -> Result<Revision, EditorialError> {
    let is_retracted = newest.metadata().kind == Kind::Retraction;
    if wanted == Wanted::BeforeRetraction && !is_retracted {
        return Err(EditorialError::NotRetracted {
            article: newest.article_id().clone(),
            newest: newest.footer(),
        });
    }
    let earlier = earlier(archive, newest, wanted)?;
    if earlier.metadata().kind == Kind::Retraction {
        return Err(EditorialError::Retraction(earlier.footer()));
    }
    Ok(earlier)
}

/// Prepares the restoration of an article: sources and metadata of an earlier revision, to the letter, but for what the
/// caller says anew.
///
/// # Errors
/// [`EditorialError::Page`].
pub fn restoration(
    newest: &Revision,
    earlier: &Revision,
    mut wishes: Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Prepared, EditorialError> {
    wishes.previous.get_or_insert_with(|| earlier.article.clone());
    let wishes = following(newest, Kind::Restoration, wishes);
    let languages = earlier.metadata().languages.clone();
    let sources = earlier.article.sources.clone();
    Ok(add::prepare_stored(
        languages,
        sources,
        &wishes,
        settings,
        circumstances,
    )?)
}

/// Finds a revision of an article along the `Previous-Revision` trailers.
fn earlier(archive: &Archive, newest: &Revision, wanted: Wanted) -> Result<Revision, EditorialError> {
    for step in history::back(archive, newest.id) {
        let (id, message) = step?;
        let trailers = message
            .map_err(|source| RevisionFault::Message { id, source })?
            .trailers;
        let is_wanted = match wanted {
            Wanted::BeforeRetraction => trailers.kind != Kind::Retraction,
            Wanted::Number(number) => trailers.revision == number,
            Wanted::Commit(commit) => commit == id,
        };
        if is_wanted && trailers.article == *newest.article_id() {
            return Ok(Revision::read(archive, id)?);
        }
    }
    let article = newest.article_id().clone();
    let revision = match wanted {
        Wanted::BeforeRetraction => return Err(EditorialError::OnlyRetractions(article)),
        Wanted::Number(number) => number.to_string(),
        Wanted::Commit(commit) => commit.to_string(),
    };
    Err(EditorialError::NoRevision { article, revision })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_is_in_the_languages_own_words_or_in_english() {
        let notice = |tag: &str| words_of(&tag.parse().unwrap()).notice;
        assert_eq!(notice("zh-CN"), "本文已撤回。");
        assert_eq!(notice("pt-BR"), notice("pt"));
        assert_eq!(notice("sw"), notice("en"));
        assert!(WORDS.iter().all(|words| {
            words.tag.parse::<Language>().is_ok()
                && commonmark::escape(words.notice) == words.notice
                && canonical::first_unprintable(words.before_title).is_none()
        }));
    }
}
