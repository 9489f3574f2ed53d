//! How far a long command is: a bar on a terminal, JSON Lines for programs; and Ctrl-C, which ends it in order.

use std::fmt;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{HumanFloatCount, ProgressBar, ProgressState, ProgressStyle};
use serde_json::json;

use super::{Common, Failure, output};
use avalaches::progress::Progress;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// A bar where stderr is a terminal
    Auto,
    /// One JSON document a line, on stderr
    Json,
    /// Not at all
    None,
}

/// How often a line of JSON is printed.
const LINE_EVERY: Duration = Duration::from_millis(500);

/// What a long command tells its user while it runs.
pub struct Meter {
    bar: Option<ProgressBar>,
    lines: bool,
    begun: Instant,
    last: Option<Instant>,
    interrupted: Arc<AtomicBool>,
}

impl Meter {
    /// Makes a meter, and lets Ctrl-C and SIGTERM end the command in order; a second one ends it at once.
    pub fn begin(common: &Common, shown: Shown, things: &str) -> Result<Self, Failure> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&interrupted))?;
            signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
        }
        let has_bar = shown == Shown::Auto && output::stderr_is_terminal() && !common.quiet;
        let style = format!("{{bar:30}} {{percent}} % of {{human_len}} {things}, {{rate}}/s, {{eta}} left");
        let bar = has_bar.then(|| {
            let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{}", HumanFloatCount(state.per_sec().round()));
            };
            let style = ProgressStyle::with_template(&style).expect("the template is one");
            let style = style.with_key("rate", rate);
            ProgressBar::new(0).with_style(style)
        });
        Ok(Self {
            bar,
            lines: shown == Shown::Json,
            begun: Instant::now(),
            last: None,
            interrupted,
        })
    }

    /// Returns what tells whether the user wants the command to end.
    pub fn interrupted(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupted)
    }

    /// Tells how far the command is; `Break` where the user wants it to end.
    pub fn tell(&mut self, Progress { done, all }: Progress) -> ControlFlow<()> {
        let [done, all] = [done, all].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        if let Some(bar) = &self.bar {
            bar.set_length(all);
            bar.set_position(done);
        }
        if self.lines && self.last.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            self.last = Some(Instant::now());
            let seconds = self.begun.elapsed().as_secs_f64();
            let line =
                json!({"schema": "avalaches/progress/1", "done": done, "all": all, "seconds": seconds});
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
        if self.interrupted.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Lets something else be printed to stderr, with the bar out of its way.
    pub fn suspend(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the bar away.
    pub fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
