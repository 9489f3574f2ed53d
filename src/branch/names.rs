//! The names that new articles cannot have, because they are other texts'.

use std::collections::{BTreeSet, HashMap};

use super::chain::Chain;
use super::{Candidate, Known};
use crate::id::{ArticleId, BlobId};

/// The names that a slug has on a day, as far as they are other texts': the slug itself, and with each number after it. That
/// each is looked at once makes thousands of pages of one day and one title a matter of seconds.
#[derive(Debug, Default)]
struct Taken {
    /// How many, the slug itself among them.
    count: usize,
    /// The numbers by the text that an article has now, and by those of earlier revisions where they count.
    by_page: HashMap<BlobId, BTreeSet<usize>>,
    /// The numbers by the content of any revision, where those count.
    by_content: HashMap<Box<str>, BTreeSet<usize>>,
}

impl Taken {
    /// Returns the lowest number of an article that a page is known of, of those that may be its own.
    fn find(&self, candidate: &Candidate, may_be: impl Fn(usize) -> bool) -> Option<usize> {
        let by_page = self.by_page.get(&candidate.page);
        let by_content = self.by_content.get(candidate.content_sha256.as_str());
        let lowest = |numbers: &BTreeSet<usize>| numbers.iter().copied().find(|number| may_be(*number));
        by_page.into_iter().chain(by_content).filter_map(lowest).min()
    }

    fn put_content(&mut self, content_sha256: &str, number: usize) {
        self.by_content
            .entry(content_sha256.into())
            .or_default()
            .insert(number);
    }
}

/// The names that were looked at and are other texts'.
pub(super) struct Names {
    known: Known,
    /// By the article that has the slug without a number.
    taken: HashMap<ArticleId, Taken>,
    /// Where an article stands in `taken`.
    numbers: HashMap<ArticleId, Vec<(ArticleId, usize)>>,
}

impl Names {
    /// Begins with none of them.
    pub fn of(known: Known) -> Self {
        Self {
            known,
            taken: HashMap::new(),
            numbers: HashMap::new(),
        }
    }

    /// Returns the lowest number, of those that may be its own, of an article that a page is known of; the article that has the
    /// slug without a number is given.
    pub fn find(
        &self,
        first: &ArticleId,
        candidate: &Candidate,
        may_be: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.taken.get(first)?.find(candidate, may_be)
    }

    /// Returns how many names of a slug are other texts', the slug itself among them.
    pub fn count(&self, first: &ArticleId) -> usize {
        self.taken.get(first).map_or(0, |taken| taken.count)
    }

    /// Remembers that a name is another text's, whose revisions are given as far as they are known; all before it are, too.
    pub fn leave_alone(
        &mut self,
        first: &ArticleId,
        number: usize,
        name: ArticleId,
        page: BlobId,
        chain: Option<&Chain>,
    ) {
        let taken = self.taken.entry(first.clone()).or_default();
        taken.count = number;
        taken.by_page.entry(page).or_default().insert(number);
        // All of them were read when what they have was looked for.
        if let (Known::Any, Some(chain)) = (self.known, chain) {
            for earlier in &chain.revisions {
                taken.put_content(&earlier.content_sha256, number);
                if let Some(page) = earlier.page {
                    taken.by_page.entry(page).or_default().insert(number);
                }
            }
        }
        self.numbers
            .entry(name)
            .or_default()
            .push((first.clone(), number));
    }

    /// Remembers what an article has now, where its name was another text's before.
    pub fn change_text(&mut self, article: &ArticleId, previous_page: Option<BlobId>, candidate: &Candidate) {
        for (first, number) in self.numbers.get(article).into_iter().flatten() {
            let taken = self.taken.entry(first.clone()).or_default();
            if self.known == Known::Any {
                taken.put_content(&candidate.content_sha256, *number);
            } else if let Some(numbers) = previous_page.and_then(|page| taken.by_page.get_mut(&page)) {
                numbers.remove(number);
            }
            taken.by_page.entry(candidate.page).or_default().insert(*number);
        }
    }
}
