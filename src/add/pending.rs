//! What the pages of a call make of articles before any of it is written: a later page may follow an earlier one.

use std::collections::HashMap;

use super::{Circumstances, Prepared, branch};
use crate::archive::Archive;
use crate::article::{Article, Kind};
use crate::branch::{Branch, Change, PlaceError};
use crate::id::ArticleId;

/// The revisions that the pages of a call will be.
pub struct Pending<'a> {
    branch: Branch<'a>,
    newest: HashMap<ArticleId, Article>,
    /// Of those, the newest that are no retractions.
    texts: HashMap<ArticleId, Article>,
}

impl<'a> Pending<'a> {
    /// Begins with none.
    ///
    /// # Errors
    /// [`PlaceError`] where the tip cannot be read.
    pub fn begin(archive: &'a Archive, circumstances: &Circumstances) -> Result<Self, PlaceError> {
        Ok(Self {
            branch: branch(archive, circumstances)?,
            newest: HashMap::new(),
            texts: HashMap::new(),
        })
    }

    /// Returns the newest revision that the call makes of an article; `None` where it makes none.
    #[must_use]
    pub fn newest(&self, article: &ArticleId) -> Option<&Article> {
        self.newest.get(article)
    }

    /// Returns the newest revision that the call makes of an article and that is no retraction.
    #[must_use]
    pub fn newest_text(&self, article: &ArticleId) -> Option<&Article> {
        self.texts.get(article)
    }

    /// Takes a page. One that has no place is passed over: it is refused where it is added.
    pub fn take(&mut self, page: &Prepared) {
        if let Ok(placed) = self.branch.place(&page.candidate)
            && placed.outcome.change == Change::Added
        {
            let article = page.article();
            if article.metadata.kind != Kind::Retraction {
                self.texts.insert(placed.outcome.article.clone(), article.clone());
            }
            self.newest.insert(placed.outcome.article, article);
        }
    }
}
