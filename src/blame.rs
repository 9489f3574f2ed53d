//! Which revision brought each sentence of a text: what a reader asks who finds one that is wrong.
//!
//! A sentence that was moved, or taken away and brought back, is that of the revision that first brought it. Blanks around
//! a sentence do not count.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::diff::{align, partners};

mod sentence;

use sentence::sentences;

/// A paragraph and the text that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph<'a> {
    /// What it says.
    pub text: &'a str,
    /// The place, among the texts, of the one that brought the paragraph, which may have been edited since.
    pub origin: usize,
    /// Its sentences; put together they are the paragraph.
    pub sentences: Vec<Sentence<'a>>,
}

/// A sentence, the blanks after it included, and the text that brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// What it says.
    pub text: &'a str,
    /// The place, among the texts, of the one that brought it.
    pub origin: usize,
}

/// Returns the paragraphs of the last of some canonical texts, which stand in the order of time, oldest first.
///
/// Paragraphs are followed as `diff` follows them, when they are moved or edited. A sentence without a partner in its
/// paragraph is sought in the whole text before, then among all that had vanished before; else the text brought it. Takes
/// `n log n` steps of each text besides those of `diff`, which has bounds of its own.
#[must_use]
pub fn blame<'a>(texts: &[&'a str]) -> Vec<Paragraph<'a>> {
    let mut vanished = Vanished::default();
    let mut newest = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        newest = Step::new(&newest, text).finish(number, &mut vanished);
    }
    newest
}

/// Sentences that the newest text lacks, each with the texts that brought it.
#[derive(Default)]
struct Vanished<'a>(HashMap<&'a str, BinaryHeap<Reverse<usize>>>);

impl<'a> Vanished<'a> {
    fn put(&mut self, sentence: &Sentence<'a>) {
        let origins = self.0.entry(said(sentence.text)).or_default();
        origins.push(Reverse(sentence.origin));
    }

    /// Takes one out, of the text that was the first to bring it.
    fn take(&mut self, text: &str) -> Option<usize> {
        let Reverse(origin) = self.0.get_mut(said(text))?.pop()?;
        Some(origin)
    }
}

/// A sentence of which the origin may still be sought.
#[derive(Clone, Copy)]
struct Sought<'a> {
    text: &'a str,
    origin: Option<usize>,
}

/// The way from one text to the next.
struct Step<'s, 'a> {
    before: &'s [Paragraph<'a>],
    /// For each sentence before whether it was found again.
    found: Vec<Vec<bool>>,
    /// The new paragraphs, and for each the one before that it is.
    after: Vec<(&'a str, Vec<Sought<'a>>)>,
    partners: Vec<Option<usize>>,
}

impl<'s, 'a> Step<'s, 'a> {
    /// Finds what stayed in its paragraph.
    fn new(before: &'s [Paragraph<'a>], text: &'a str) -> Self {
        let old: Vec<&str> = before.iter().map(|paragraph| paragraph.text).collect();
        let new = paragraphs(text);
        let partners = partners(&old, &new);
        let none_found = |old: &Paragraph| vec![false; old.sentences.len()];
        let mut found: Vec<Vec<bool>> = before.iter().map(none_found).collect();
        let sought = |text| Sought { text, origin: None };
        let pairs = new.into_iter().zip(&partners);
        let after = pairs.map(|(text, partner)| {
            let sentences = match *partner {
                Some(i) if before[i].text == text => {
                    found[i].fill(true);
                    let known = |old: &Sentence<'a>| Sought {
                        text: old.text,
                        origin: Some(old.origin),
                    };
                    before[i].sentences.iter().map(known).collect()
                }
                Some(i) => {
                    let mut new: Vec<_> = sentences(text).into_iter().map(sought).collect();
                    align_with(&before[i].sentences, &mut found[i], &mut new);
                    new
                }
                None => sentences(text).into_iter().map(sought).collect(),
            };
            (text, sentences)
        });
        Self {
            before,
            after: after.collect(),
            found,
            partners,
        }
    }

    /// Finds the rest: in other paragraphs, then among what had vanished.
    fn finish(mut self, number: usize, vanished: &mut Vanished<'a>) -> Vec<Paragraph<'a>> {
        let mut loose: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
        for (i, old) in self.before.iter().enumerate().rev() {
            for (at, sentence) in old.sentences.iter().enumerate().rev() {
                if !self.found[i][at] {
                    loose.entry(said(sentence.text)).or_default().push((i, at));
                }
            }
        }
        let open = self.after.iter_mut().flat_map(|(_, sentences)| sentences);
        for sentence in open.filter(|sentence| sentence.origin.is_none()) {
            let moved = loose.get_mut(said(sentence.text)).and_then(Vec::pop);
            sentence.origin = match moved {
                Some((i, at)) => {
                    self.found[i][at] = true;
                    Some(self.before[i].sentences[at].origin)
                }
                None => vanished.take(sentence.text),
            };
        }
        for (old, found) in self.before.iter().zip(&self.found) {
            let gone = old.sentences.iter().zip(found).filter(|(_, found)| !**found);
            gone.for_each(|(sentence, _)| vanished.put(sentence));
        }
        let after = self.after.into_iter().zip(self.partners);
        after
            .map(|((text, sentences), partner)| {
                let known = |sought: &Sought<'a>| Sentence {
                    text: sought.text,
                    origin: sought.origin.unwrap_or(number),
                };
                let sentences: Vec<_> = sentences.iter().map(known).collect();
                let oldest = || sentences.iter().map(|sentence| sentence.origin).min();
                let partner = partner.map(|i| self.before[i].origin);
                Paragraph {
                    text,
                    origin: partner.or_else(oldest).unwrap_or(number),
                    sentences,
                }
            })
            .collect()
    }
}

/// Gives the sentences of an edited paragraph that stayed their origins.
fn align_with(before: &[Sentence], found: &mut [bool], after: &mut [Sought]) {
    let old: Vec<&str> = before.iter().map(|sentence| said(sentence.text)).collect();
    let new: Vec<&str> = after.iter().map(|sentence| said(sentence.text)).collect();
    let (old, new) = align::numbered(&old, &new);
    for (i, j) in align::kept(&old, &new) {
        found[i] = true;
        after[j].origin = Some(before[i].origin);
    }
}

/// What a sentence says, without the blanks around it.
fn said(sentence: &str) -> &str {
    sentence.trim()
}

fn paragraphs(text: &str) -> Vec<&str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return Vec::new();
    }
    text.split("\n\n").collect()
}

#[cfg(test)]
mod tests;
