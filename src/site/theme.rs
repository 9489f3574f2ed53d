//! The templates and the style of a site: those that come with the program, and those of a theme in their place.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::GENERATOR;
use super::verify::Script;
use crate::base64;
use crate::diff::html::escape;
use crate::storage::file::{self, FileError};

/// The name of the style among the files of a theme.
pub const STYLE_FILE: &str = "style.css";

/// The templates that come with the program, each under the name by which a theme replaces it.
const TEMPLATES: [(&str, &str); 10] = [
    ("choices.html", include_str!("../../templates/site/choices.html")),
    ("entries.html", include_str!("../../templates/site/entries.html")),
    ("head.html", include_str!("../../templates/site/head.html")),
    ("history.html", include_str!("../../templates/site/history.html")),
    ("home.html", include_str!("../../templates/site/home.html")),
    ("list.html", include_str!("../../templates/site/list.html")),
    ("page.html", include_str!("../../templates/site/page.html")),
    ("search.html", include_str!("../../templates/site/search.html")),
    ("switch.html", include_str!("../../templates/site/switch.html")),
    ("verify.html", include_str!("../../templates/site/verify.html")),
];

/// Bytes of the largest file of a theme.
const LARGEST: usize = 1 << 20;

/// Steps in which a template is filled in at most: a list takes less than a hundred for each of its articles.
const STEPS: u64 = 50_000_000;

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// A file of it cannot be read.
    #[error("could not read {} of the theme", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is not read at all.
    #[error("{} of the theme", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// A file is larger than any template.
    #[error("{} has more than {LARGEST} bytes, which no template or style needs", .0.display())]
    Large(PathBuf),
    /// The folder has nothing that a site is made of.
    #[error(
        "{} has neither {STYLE_FILE} nor a template (page.html, home.html, list.html, history.html, search.html, verify.html, head.html, entries.html, choices.html, switch.html)", .0.display()
    )]
    Empty(PathBuf),
    /// A file is there already that would be written over.
    #[error("{} is there already", .0.display())]
    There(PathBuf),
    /// A file or folder cannot be written.
    #[error("could not write {}", path.display())]
    Unwritten {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A style that would end the element that it stands in.
    #[error("the theme's {STYLE_FILE} has \"</style\", which would end it on the page")]
    Style,
    /// A template is none, or asks for what there is not.
    #[error("could not fill in a template")]
    Template(#[source] minijinja::Error),
}

/// The program's own style.
const STYLE: &str = include_str!("style.css");

/// In a style, the line after which nothing is for pages of articles: these carry the style, and each byte of it counts.
const FOR_LISTS: &str = "/* Pages of articles have nothing of what follows. */";

/// Templates and a style, ready to be filled in, on any thread.
#[derive(Debug)]
pub struct Theme {
    templates: Environment<'static>,
    style: String,
    digest: String,
    has_own_templates: bool,
}

/// What the head of every page has.
#[derive(Debug, Serialize)]
pub struct Frame {
    generator: &'static str,
    /// The Content-Security-Policy, which names the style and the scripts by their hashes.
    policy: String,
    style: String,
}

impl Frame {
    /// Returns the style.
    pub fn style(&self) -> &str {
        &self.style
    }
}

impl Theme {
    /// Reads a theme: each file of the folder takes the place of the program's own of that name. Further templates
    /// may be there for those to include.
    ///
    /// # Errors
    /// [`ThemeError`].
    pub fn of(folder: Option<&Path>) -> Result<Self, ThemeError> {
        let mut files: Vec<(String, String)> = TEMPLATES
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        files.push((STYLE_FILE.to_owned(), STYLE.to_owned()));
        let mut has_own_templates = true;
        if let Some(folder) = folder {
            for (name, text) in read_folder(folder)? {
                has_own_templates &= name == STYLE_FILE;
                match files.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = text,
                    None => files.push((name, text)),
                }
            }
        }
        files.sort();
        let mut digest = Sha256::new();
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_fuel(Some(STEPS));
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        templates.add_filter("shown", |text: String| Value::from_safe_string(escape(&text)));
        let mut style = String::new();
        for (name, text) in files {
            for part in [&name, &text] {
                digest.update(part.len().to_be_bytes());
                digest.update(part);
            }
            if name == STYLE_FILE {
                style = text;
            } else {
                templates
                    .add_template_owned(name, text)
                    .map_err(ThemeError::Template)?;
            }
        }
        if style.to_ascii_lowercase().contains("</style") {
            return Err(ThemeError::Style);
        }
        Ok(Self {
            templates,
            style,
            digest: crate::id::hex(&digest.finalize()),
            has_own_templates,
        })
    }

    /// Tells whether all templates are those that come with the program.
    pub fn has_own_templates(&self) -> bool {
        self.has_own_templates
    }

    /// Returns the SHA-256 of all that pages are made with, as digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Returns what the head of a page has, with further rules at the end of the style, and with the scripts that may run.
    pub fn frame(&self, rules: &str, scripts: &[&Script]) -> Frame {
        framed(format!("{}{rules}", self.style), scripts)
    }

    /// Returns what the head of an article's page has, with the scripts that may run.
    pub fn frame_of_article(&self, scripts: &[&Script]) -> Frame {
        framed(of_articles(&self.style).to_owned(), scripts)
    }

    /// Returns what the head of a page has on which a script runs that reads files of the site.
    pub fn frame_reading(&self, script: &str) -> Frame {
        let mut frame = self.frame("", &[]);
        let source = base64::hash_source(script);
        frame
            .policy
            .push_str(&format!("; script-src '{source}'; connect-src 'self'"));
        frame
    }

    /// Fills in a template.
    ///
    /// # Errors
    /// [`ThemeError::Template`], with the line of a theme's template where it is at fault.
    pub fn fill(&self, template: &str, values: &impl Serialize) -> Result<String, ThemeError> {
        let filled = self
            .templates
            .get_template(template)
            .and_then(|template| template.render(Value::from_serialize(values)));
        filled.map(|page| page + "\n").map_err(ThemeError::Template)
    }
}

/// Writes the program's own templates and style into a folder, which is made where there is none, and returns their names. Where one
/// of these names is taken, nothing is written.
///
/// # Errors
/// [`ThemeError::There`], [`ThemeError::Unwritten`].
pub fn write(folder: &Path) -> Result<Vec<&'static str>, ThemeError> {
    let unwritten = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => ThemeError::There(path),
            _ => ThemeError::Unwritten { path, source },
        }
    };
    let files = || TEMPLATES.into_iter().chain([(STYLE_FILE, STYLE)]);
    for (name, _) in files() {
        let path = folder.join(name);
        if fs::symlink_metadata(&path).is_ok() {
            return Err(ThemeError::There(path));
        }
    }
    fs::create_dir_all(folder).map_err(unwritten(folder))?;
    for (name, text) in files() {
        let path = folder.join(name);
        let written = File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(unwritten(&path))?;
    }
    Ok(files().map(|(name, _)| name).collect())
}

/// Returns the style of articles' pages without a theme.
pub fn own_style_of_articles() -> &'static str {
    of_articles(STYLE)
}

/// Returns what of a style is for pages of articles.
fn of_articles(style: &str) -> &str {
    style.split(FOR_LISTS).next().unwrap_or_default()
}

/// Returns what the head of a page has by its whole style.
fn framed(style: String, scripts: &[&Script]) -> Frame {
    let mut policy = format!("default-src 'none'; style-src '{}'", base64::hash_source(&style));
    if !scripts.is_empty() {
        policy.push_str("; script-src");
        for script in scripts {
            policy.push_str(&format!(" '{}'", script.source));
        }
    }
    policy.push_str("; base-uri 'none'; form-action 'none'");
    Frame {
        generator: GENERATOR,
        policy,
        style,
    }
}

/// Returns a text as browsers read it before they hash a style: each of their line ends is a line feed (HTML, 13.2.3.5).
fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Reads the templates and the style of a folder; what else is there does not matter.
fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, ThemeError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ThemeError::Io { path, source }
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let is_template = path.extension().is_some_and(|extension| extension == "html");
        if name.starts_with('.') || !(is_template || name == STYLE_FILE) {
            continue;
        }
        // A file may lie elsewhere; it is a file all the same.
        let place = fs::canonicalize(&path).map_err(failed(&path))?;
        let bytes = match file::read(&place, LARGEST) {
            Ok(bytes) => bytes,
            Err(FileError::TooLarge(_)) => return Err(ThemeError::Large(path)),
            Err(source) => return Err(ThemeError::File { path, source }),
        };
        let text = String::from_utf8(bytes)
            .map_err(io::Error::other)
            .map_err(failed(&path))?;
        files.push((name.to_owned(), with_line_feeds(&text)));
    }
    if files.is_empty() {
        return Err(ThemeError::Empty(folder.to_owned()));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_file_of_a_theme_is_a_file_and_filling_in_a_template_ends() {
        let folder = tempfile::tempdir().unwrap();
        let style = folder.path().join(STYLE_FILE);
        let theme = || Theme::of(Some(folder.path()));
        symlink("/dev/zero", &style).unwrap();
        assert!(matches!(theme(), Err(ThemeError::File { .. })));
        fs::remove_file(&style).unwrap();
        assert!(Command::new("mkfifo").arg(&style).status().unwrap().success());
        assert!(matches!(theme(), Err(ThemeError::File { .. })));
        fs::remove_file(&style).unwrap();
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        fs::write(elsewhere.path(), "p { color: navy }").unwrap();
        symlink(elsewhere.path(), &style).unwrap();
        assert!(theme().unwrap().style.contains("navy"));
        fs::write(&style, " ".repeat(LARGEST + 1)).unwrap();
        assert!(matches!(theme(), Err(ThemeError::Large(_))));
        fs::remove_file(&style).unwrap();
        let loops = "{% for a in range(30000) %}{% for b in range(30000) %}{% endfor %}{% endfor %}";
        fs::write(folder.path().join("switch.html"), loops).unwrap();
        let filled = theme().unwrap().fill("switch.html", &());
        assert!(matches!(filled, Err(ThemeError::Template(_))));
    }

    #[test]
    fn a_style_is_named_by_the_hash_that_browsers_make_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let framed = |style: &str| {
            fs::write(folder.path().join(STYLE_FILE), style).unwrap();
            Theme::of(Some(folder.path())).unwrap().frame("", &[])
        };
        let expected = framed("p {\n}\n\np { color: navy }\n");
        for style in [
            "p {\r\n}\r\n\r\np { color: navy }\r\n",
            "p {\r}\r\rp { color: navy }\r",
        ] {
            let frame = framed(style);
            assert_eq!(frame.style(), expected.style());
            assert_eq!(frame.policy, expected.policy);
        }
    }
}
