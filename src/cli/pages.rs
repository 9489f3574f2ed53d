//! Pages as the command line has them: files, folders, stdin; and what is said of those that cannot be taken.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use avalaches::add::PageError;
use avalaches::article::MetadataError;
use avalaches::branch::PlaceError;
use avalaches::canonical::{LONGEST_ARTICLE, LONGEST_PAGE, TextError};
use avalaches::draft::{DraftError, DraftErrorKind, Form, Notice};
use avalaches::language;
use avalaches::storage::repository;
use avalaches::wording::{counted, on_one_line, with_causes};

use super::{Common, Failure, output};

/// How deep folders are looked into.
const DEEPEST: usize = 32;

/// How many kinds of files that are passed over are named.
const MOST_KINDS: usize = 8;

/// The lists that `build` and `publish` leave in folders of their own: what is there was made of an archive.
const LISTS_OF_SITES: [&str; 2] = [".avalaches-site", ".avalaches-published"];

/// How a page is written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum FormName {
    Text,
    Markdown,
    Html,
}

impl From<FormName> for Form {
    fn from(name: FormName) -> Self {
        match name {
            FormName::Text => Self::Text,
            FormName::Markdown => Self::Markdown,
            FormName::Html => Self::Html,
        }
    }
}

/// Refuses to read stdin for two pages: the second would be empty.
pub fn read_once(names: &[impl AsRef<OsStr>]) -> Result<(), Failure> {
    if names.iter().filter(|name| name.as_ref() == "-").count() > 1 {
        return Err(Failure::new(
            "several pages are -, and stdin can be read only once",
        ));
    }
    Ok(())
}

/// Lists the files of the arguments: folders give their pages, in the order of their names. What is in them and no page is told.
pub fn files(common: &Common, arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    read_once(arguments)?;
    let mut files = Vec::new();
    let mut passed_over = PassedOver::default();
    for argument in arguments {
        if !argument.is_dir() {
            files.push(argument.clone());
            continue;
        }
        let before = files.len();
        let listed = list_folder(argument, is_page_name, &mut files, &mut passed_over);
        every(listed)?;
        if files.len() == before {
            if passed_over.own.contains(argument) {
                return Err(Failure::new(format!(
                    "{} is an archive, or was made of one",
                    argument.display()
                ))
                .hint("a file in it is taken where it is named itself"));
            }
            return Err(
                Failure::new(format!("{} is a folder without pages", argument.display()))
                    .hint("pages are files named .txt, .md, .markdown, .html or .htm"),
            );
        }
    }
    if !common.quiet {
        passed_over.tell();
    }
    Ok(files)
}

/// What in folders is no page, by the endings of its names.
#[derive(Debug, Default)]
struct PassedOver {
    /// Archives, and folders that were made of them.
    own: Vec<PathBuf>,
    kinds: BTreeMap<String, usize>,
}

impl PassedOver {
    fn count(&mut self, name: &str, metadata: &fs::Metadata) {
        let ending = name
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_ascii_lowercase());
        // Files of JSON Lines are told of by `import`.
        if matches!(ending.as_deref(), Some("jsonl" | "ndjson")) {
            return;
        }
        let kind = if metadata.is_symlink() {
            "links".to_owned()
        } else {
            match ending {
                Some(ending) if metadata.is_file() && (1..=12).contains(&ending.len()) => {
                    on_one_line(&format!(".{ending}"))
                }
                _ => "others".to_owned(),
            }
        };
        *self.kinds.entry(kind).or_default() += 1;
    }

    fn tell(&self) {
        for folder in &self.own {
            output::warning(&format!(
                "{} is an archive, or was made of one, and is passed over",
                folder.display()
            ));
        }
        let mut kinds: Vec<(&String, &usize)> = self.kinds.iter().collect();
        kinds.sort_by_key(|(_, count)| Reverse(**count));
        let all = self.kinds.values().sum::<usize>();
        let named = kinds
            .iter()
            .take(MOST_KINDS)
            .map(|(kind, count)| format!("{kind} {count}"));
        let mut named: Vec<String> = named.collect();
        if kinds.len() > MOST_KINDS {
            named.push("…".to_owned());
        }
        if all > 0 {
            output::warning(&format!(
                "{} passed over: {}",
                counted(all, "file"),
                named.join(", ")
            ));
        }
    }
}

/// Lists the files in a folder, whatever is no folder having none, whose names are wanted.
pub fn files_with(folder: &Path, is_wanted: fn(&str) -> bool) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    if folder.is_dir() {
        every(list_folder(
            folder,
            is_wanted,
            &mut files,
            &mut PassedOver::default(),
        ))?;
    }
    Ok(files)
}

/// Lists the files of the arguments that hold captures, and folders that could not be looked into: folders give their pages
/// and WARC files. What is in them and neither is told.
pub fn capture_files(common: &Common, arguments: &[PathBuf]) -> (Vec<PathBuf>, Vec<Unlisted>) {
    let (mut files, mut unlisted) = (Vec::new(), Vec::new());
    let mut passed_over = PassedOver::default();
    for argument in arguments {
        if !argument.is_dir() {
            files.push(argument.clone());
            continue;
        }
        let is_wanted = |name: &str| is_page_name(name) || is_warc(Path::new(name));
        unlisted.extend(list_folder(argument, is_wanted, &mut files, &mut passed_over));
    }
    if !common.quiet {
        passed_over.tell();
    }
    (files, unlisted)
}

/// A folder that could not be looked into.
pub struct Unlisted {
    pub folder: PathBuf,
    pub why: Unlistable,
}

/// Why a folder could not be looked into.
#[derive(Debug, thiserror::Error)]
pub enum Unlistable {
    #[error("could not be looked into: {0}")]
    Io(io::Error),
    #[error("lies more than {DEEPEST} folders deep, and is not looked into")]
    TooDeep,
}

/// Fails for the first folder that could not be looked into.
fn every(unlisted: Vec<Unlisted>) -> Result<(), Failure> {
    let Some(Unlisted { folder, why }) = unlisted.into_iter().next() else {
        return Ok(());
    };
    let failure = Failure::new(format!("{} {why}", folder.display()));
    Err(match why {
        Unlistable::TooDeep => failure.hint("name a folder that is nearer to it"),
        Unlistable::Io(_) => failure,
    })
}

fn is_page_name(name: &str) -> bool {
    Form::of_name(name).is_some()
}

/// Tells whether a file is a WARC file, by its name.
pub fn is_warc(file: &Path) -> bool {
    let name = file.to_string_lossy().to_ascii_lowercase();
    [".warc", ".warc.gz"].iter().any(|ending| name.ends_with(ending))
}

/// Tells whether a folder is an archive, a site that was built of one, or where that was published.
fn is_own(folder: &Path) -> bool {
    let is_site = LISTS_OF_SITES.iter().any(|list| folder.join(list).is_file());
    is_site || repository::is_repository(folder)
}

/// Lists the wanted files below a folder, and returns what could not be looked into.
fn list_folder(
    folder: &Path,
    is_wanted: fn(&str) -> bool,
    files: &mut Vec<PathBuf>,
    passed_over: &mut PassedOver,
) -> Vec<Unlisted> {
    let mut unlisted = Vec::new();
    list_below(folder, is_wanted, files, passed_over, &mut unlisted, 0);
    unlisted
}

fn list_below(
    folder: &Path,
    is_wanted: fn(&str) -> bool,
    files: &mut Vec<PathBuf>,
    passed_over: &mut PassedOver,
    unlisted: &mut Vec<Unlisted>,
    depth: usize,
) {
    let mut cannot = |why| {
        let folder = folder.to_owned();
        unlisted.push(Unlisted { folder, why });
    };
    if depth > DEEPEST {
        return cannot(Unlistable::TooDeep);
    }
    if is_own(folder) {
        passed_over.own.push(folder.to_owned());
        return;
    }
    let listed = || -> io::Result<Vec<(PathBuf, fs::Metadata)>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let metadata = fs::symlink_metadata(&path)?;
            entries.push((path, metadata));
        }
        Ok(entries)
    };
    let mut entries = match listed() {
        Ok(entries) => entries,
        Err(error) => return cannot(Unlistable::Io(error)),
    };
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (entry, metadata) in entries {
        let name = entry
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if metadata.is_dir() {
            list_below(&entry, is_wanted, files, passed_over, unlisted, depth + 1);
        } else if metadata.is_file() && is_wanted(&name) {
            files.push(entry);
        } else {
            passed_over.count(&name, &metadata);
        }
    }
}

/// Reads a page that is to be added from a file or from stdin, not more than can be used.
pub fn read_page(file: &Path) -> Result<Vec<u8>, Failure> {
    read_up_to(LONGEST_ARTICLE + 1, file)
}

/// Reads a page or a proof that is to be checked, from a file or from stdin.
pub fn read_published(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read_up_to(LONGEST_PAGE + 1, file)?;
    if bytes.len() > LONGEST_PAGE {
        let error = DraftError::at(0, DraftErrorKind::LongerThanPages);
        return Err(page_failure(&file.to_string_lossy(), &error.into()));
    }
    Ok(bytes)
}

fn read_up_to(most: usize, file: &Path) -> Result<Vec<u8>, Failure> {
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        fs::File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => {
            let failure = Failure::new(format!("could not read {}: {error}", file.display()));
            let is_address = is_address(&file.to_string_lossy());
            Err(failure.hint_if(is_address.then_some(SAVE_FIRST)))
        }
    }
}

/// What to do about a page that is named by its address.
pub const SAVE_FIRST: &str = "nothing is fetched: save the page as HTML, and name that file";

/// Tells whether something is the address of a page in the web.
pub fn is_address(thing: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        let start = thing.trim_start().get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// Reads a small text from whatever can be read once, such as a pipe, too: one of more than so many bytes is an error.
pub fn read_text(file: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(file)?.take(most + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(text)
}

/// Judges how a page is written: by its name, else by its beginning.
pub fn form_of(file: &Path, bytes: &[u8]) -> Form {
    Form::of_file(&file.to_string_lossy(), bytes)
}

/// Tells of a page that cannot be read: file, line, reason, and what to do.
pub fn page_failure(name: &str, error: &PageError) -> Failure {
    let line = error.line().map(|line| format!(":{line}")).unwrap_or_default();
    let failure = Failure::new(format!("{name}{line}: {}", with_causes(error)));
    match error {
        PageError::Split(language::SplitError::TakingTurns(_)) => {
            failure.hint("say --lang mul to keep the page as one text")
        }
        PageError::NoAuthor => failure
            .hint("say --author NAME, or give the archive a byline: `avalaches settings --byline NAME`"),
        error if lacks_note(error) => {
            failure.hint("say why, with --note or as the note of the page itself")
        }
        PageError::IsDraft => failure.hint("--drafts takes it as it is"),
        PageError::NoSlug => failure.hint("say --slug some-words"),
        PageError::NoPart { language, languages } => failure.hint(format!(
            "name one of the page's languages; if {language}= is part of the words, put a language before it, such as {}={language}=…",
            languages.first().unwrap_or(language)
        )),
        PageError::Kind(_) => {
            failure.hint("say --article ID with --kind KIND; `avalaches list` names the articles")
        }
        PageError::Draft(DraftError {
            kind: DraftErrorKind::Text(TextError::Utf8 { utf16: false, .. }),
            ..
        }) => failure.hint(
            "convert it first: `iconv -f GB18030 -t UTF-8 FILE` does it from GBK, the usual one of old pages in Chinese",
        ),
        PageError::Draft(DraftError {
            kind: DraftErrorKind::Encoding { charset, .. },
            ..
        }) => failure.hint(format!("convert it first: `iconv -f {charset} -t UTF-8 FILE`")),
        PageError::Draft(DraftError {
            kind: DraftErrorKind::OtherForm(_),
            ..
        }) => failure.hint("save it as plain text, Markdown or HTML first"),
        PageError::Draft(DraftError {
            kind: DraftErrorKind::Warc,
            ..
        }) => failure
            .hint("`avalaches compare` judges the captures in files named .warc and .warc.gz; to archive one, save it as HTML"),
        PageError::Draft(DraftError {
            kind: DraftErrorKind::Text(TextError::Invisible { .. }),
            ..
        }) => {
            failure.hint("delete it, or say --allow-invisible to keep and record it")
        }
        _ => failure,
    }
}

/// Tells whether a page is refused because it is in another encoding than UTF-8.
pub fn is_encoded(error: &PageError) -> bool {
    let PageError::Draft(DraftError { kind, .. }) = error else {
        return false;
    };
    matches!(
        kind,
        DraftErrorKind::Encoding { .. } | DraftErrorKind::Text(TextError::Utf8 { .. })
    )
}

/// Tells whether a revision is refused for want of a note that says why it is made.
pub fn lacks_note(error: &PageError) -> bool {
    matches!(error, PageError::Metadata(MetadataError::NoNote(_)))
        || matches!(
            error,
            PageError::Metadata(MetadataError::Value { key: "note", value, .. }) if value.is_empty()
        )
}

/// Tells what a page that was added cannot say itself.
pub fn place_failure(name: &str, error: &PlaceError) -> Failure {
    let failure = Failure::new(format!("{name}: {}", with_causes(error)));
    match error {
        PlaceError::NoArticle(_) => failure.hint("`avalaches list` names the articles"),
        PlaceError::NotNewest { article, .. } => failure.hint(format!(
            "`avalaches history {article}` shows what came meanwhile; look at it, and run the command again"
        )),
        PlaceError::Retracted { article, .. } => failure.hint(format!(
            "`avalaches restore {article} --note WHY` puts its text back first"
        )),
        PlaceError::BeforeRetraction { .. } => failure.hint(
            "only a restoration follows a retraction, whatever the dates are: leave this page out, or have the others imported with --keep-going",
        ),
        PlaceError::InDoubt { article, other } => failure.hint(format!(
            "name {other} where that is meant; for {article} add this page in a call of its own, a retraction by `avalaches retract {article}`"
        )),
        PlaceError::Late { article, .. } => failure.hint(format!(
            "`avalaches history {article}` shows what came since; what is to follow it is dated after it, or added by `avalaches add`"
        )),
        PlaceError::Withheld(_) => {
            failure.hint("what was expunged cannot come back, under no name; only another text can be added")
        }
        PlaceError::OtherText { .. } => {
            failure.hint("another text is for `avalaches correct` or `avalaches update`")
        }
        _ => failure,
    }
}

/// Tells what is worth knowing of a page.
pub fn tell_notices(common: &Common, name: &str, notices: &[Notice]) {
    if common.quiet {
        return;
    }
    for notice in notices {
        let line = if notice.line == 0 {
            String::new()
        } else {
            format!(":{}", notice.line)
        };
        output::warning(&format!(
            "{name}{line}: {}",
            on_one_line(&notice.what.to_string())
        ));
    }
}
