//! The site that is served, built again when the branch moves, a file of its theme is another, or one of its own is gone.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time;

use super::problem::Problem;
use super::reading::Reading;
use super::{App, Event, Told};
use crate::id::CommitId;
use crate::site::{self, Built, files};
use crate::storage::refs;
use crate::wording::with_causes;

/// How often the branch is looked at.
const OFTEN: Duration = Duration::from_millis(500);

/// How long a build that failed is not tried again, while the branch and the theme are what they were: twice as long each time.
const PATIENCE: Duration = Duration::from_secs(2);

/// And how long at most.
const MOST_PATIENCE: Duration = Duration::from_secs(300);

/// How long after the list of the site's files was read it is not read again for one that was asked for.
const SELDOM: Duration = Duration::from_secs(10);

/// Names of files that are remembered until they are looked for on the list.
const MOST_MISSED: usize = 64;

/// Files that a site could have, that were asked for and were not there.
#[derive(Debug, Clone, Default)]
pub struct Missed(Arc<Mutex<Vec<String>>>);

impl Missed {
    /// Remembers a file.
    pub fn put(&self, name: String) {
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if missed.len() < MOST_MISSED && !missed.contains(&name) {
            missed.push(name);
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where the branch is, and what the theme has; or what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    tip: Result<Option<CommitId>, String>,
    theme: Option<Result<String, String>>,
}

/// What came of the last build.
#[derive(Debug)]
enum Last {
    Built(Look),
    Failed {
        look: Look,
        why: String,
        again: Instant,
        patience: Duration,
    },
}

/// What stops the building, when it is dropped.
#[derive(Debug)]
pub struct Ending {
    ended: Arc<AtomicBool>,
    _told: oneshot::Sender<()>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// Begins to build the site, again and again. Where the first build fails and no site is there, it ends and returns why;
/// else it ends with what is returned beside it, between two files where it is at work.
pub fn begin(app: App) -> (Ending, JoinHandle<Option<String>>) {
    let ended = Arc::new(AtomicBool::new(false));
    let (told, hears) = oneshot::channel();
    let building = tokio::spawn(keep_built(app, Arc::clone(&ended), hears));
    (Ending { ended, _told: told }, building)
}

/// Builds the site, and again whenever it is to be another. Where a build fails the pages are those of the one before, but for
/// those that were written already, each of which is whole, and those of texts that are withheld now, which are gone.
async fn keep_built(app: App, ended: Arc<AtomicBool>, mut hears: oneshot::Receiver<()>) -> Option<String> {
    let mut was_built = app.site.join(files::LIST).is_file();
    let mut last = None;
    let mut looked: Option<Instant> = None;
    loop {
        if matches!(last, Some(Last::Built(_))) && looked.is_none_or(|looked| looked.elapsed() >= SELDOM) {
            let missed = app.missed.take();
            if !missed.is_empty() {
                looked = Some(Instant::now());
                let site = Arc::clone(&app.site);
                let gone = app.building.begin(move || files::gone(&site, missed)).await;
                if let Ok(Some(name)) = gone {
                    (app.told)(Event::Gone(name));
                    last = None;
                }
            }
        }
        let work = {
            let (app, ended) = (app.clone(), Arc::clone(&ended));
            move || {
                let done = due(&app, last.as_ref()).map(|look| {
                    let built = built(
                        &app.reading,
                        &app.site,
                        app.theme.as_ref().as_deref(),
                        &ended,
                        &look,
                    );
                    (look, built)
                });
                (last, done)
            }
        };
        let (before, done) = match app.building.begin(work).await {
            Ok(done) => done,
            Err(error) => return Some(with_causes(&error)),
        };
        last = match done {
            None => before,
            Some((look, Ok(counts))) => {
                was_built = true;
                (app.told)(Event::Built(counts));
                Some(Last::Built(look))
            }
            Some(_) if ended.load(Ordering::Relaxed) => None,
            Some((_, Err(why))) if !was_built => return Some(why),
            Some((look, Err(why))) => Some(failed(&app.told, before, look, why)),
        };
        tokio::select! {
            () = time::sleep(OFTEN) => {}
            _ = &mut hears => return None,
        }
    }
}

/// Returns what the site is to be built of, where that is due.
fn due(app: &App, last: Option<&Last>) -> Option<Look> {
    let theme = app.theme.as_ref().as_deref().map(site::theme_digest);
    let now = Look {
        tip: refs::tip(app.reading.path()).map_err(|error| with_causes(&error)),
        theme: theme.map(|theme| theme.map_err(|error| with_causes(&error))),
    };
    let is_done = match last {
        None => false,
        Some(Last::Built(look)) => *look == now && files::stands(&app.site),
        Some(Last::Failed { look, again, .. }) => *look == now && Instant::now() < *again,
    };
    (!is_done).then_some(now)
}

fn built(
    reading: &Reading,
    folder: &Path,
    theme: Option<&Path>,
    ended: &AtomicBool,
    look: &Look,
) -> Result<Built, String> {
    look.tip.clone()?;
    let archive = reading.open().map_err(Problem::into_cause)?;
    site::build(&archive, folder, theme, ended).map_err(|error| with_causes(&error))
}

/// Says once why a build failed, and when it is tried again.
fn failed(told: &Told, before: Option<Last>, look: Look, why: String) -> Last {
    let (known, patience) = match before {
        Some(Last::Failed {
            look: known,
            why,
            patience,
            ..
        }) if known == look => (Some(why), (patience * 2).min(MOST_PATIENCE)),
        Some(Last::Failed { why, .. }) => (Some(why), PATIENCE),
        _ => (None, PATIENCE),
    };
    if known.as_ref() != Some(&why) {
        told(Event::NotBuilt(why.clone()));
    }
    Last::Failed {
        look,
        why,
        again: Instant::now() + patience,
        patience,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_that_fails_is_told_once_and_tried_more_and_more_seldom() {
        let count = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&count);
        let told: Told = Arc::new(move |_| *counted.lock().unwrap() += 1);
        let look = |theme: &str| Look {
            tip: Ok(None),
            theme: Some(Err(theme.to_owned())),
        };
        let mut last = None;
        let mut waits = Vec::new();
        for theme in ["a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "b"] {
            last = Some(failed(&told, last, look(theme), "no".to_owned()));
            let Some(Last::Failed { patience, .. }) = &last else {
                panic!("{last:?}");
            };
            waits.push(patience.as_secs());
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 2]);
        assert_eq!(*count.lock().unwrap(), 1);
    }

    #[test]
    fn so_many_files_that_are_missed_are_remembered_and_no_more() {
        let missed = Missed::default();
        for number in 0..2 * MOST_MISSED {
            missed.put(number.to_string());
            missed.put("0".to_owned());
        }
        assert_eq!(missed.take().len(), MOST_MISSED);
        assert!(missed.take().is_empty());
    }
}
