//! The site that is served, built again when the branch moves, or a file of its theme is another.

use std::time::Duration;

use super::problem::Problem;
use super::{App, Event, files};
use crate::id::CommitId;
use crate::site;
use crate::storage::refs;
use crate::wording::with_causes;

/// How often the branch is looked at.
const OFTEN: Duration = Duration::from_millis(500);

/// How long a build that failed is not tried again, while the branch is where it was.
const PATIENCE: Duration = Duration::from_secs(2);

/// Builds the site, and again whenever the branch is elsewhere, or the theme another. Where a build fails the pages are those of the one before,
/// but for those that were written already, each of which is whole. Where the first build fails and no site is there, it ends
/// and returns why.
pub async fn keep_built(app: App) -> String {
    let mut built: Option<(Option<CommitId>, Option<String>)> = None;
    let mut said = None;
    loop {
        let reading = app.reading.clone();
        let (folder, theme) = (app.site.clone(), app.theme.clone());
        let known = built.clone();
        let work = move || {
            let theme = theme.as_deref();
            let tip = refs::tip(reading.path()).map_err(|error| with_causes(&error))?;
            let look = theme.map(site::theme_digest).transpose();
            let look = look.map_err(|error| with_causes(&error))?;
            let now = Some((tip, look));
            if now == known {
                return Ok(None);
            }
            let archive = reading.open().map_err(Problem::into_cause)?;
            let counts = site::build(&archive, &folder, theme).map_err(|error| with_causes(&error))?;
            Ok(Some((now, counts)))
        };
        let done = tokio::task::spawn_blocking(work).await;
        let pause = match done.unwrap_or_else(|error| Err(with_causes(&error))) {
            Ok(None) => OFTEN,
            Ok(Some((now, counts))) => {
                built = now;
                said = None;
                (app.told)(Event::Built(counts));
                OFTEN
            }
            Err(what) => {
                if built.is_none() && !app.site.join(files::INDEX).is_file() {
                    return what;
                }
                if said.as_ref() != Some(&what) {
                    (app.told)(Event::NotBuilt(what.clone()));
                    said = Some(what);
                }
                PATIENCE
            }
        };
        tokio::time::sleep(pause).await;
    }
}
