//! A repository's configuration, read as git reads it and judged by a list of what is harmless, because git's own list of what
//! is not grows.
//!
//! Source of the form: git's documentation, `git-config`, section "Syntax". Of what may be set in [`SECTIONS`], that page names
//! these that run a program: `gc.recentObjectsHook`, and of `remote` those that are refused here.

/// Sections that run nothing and change nothing that is read, but for the keys that are named below.
const SECTIONS: [&str; 12] = [
    "core",
    "gc",
    "gitweb",
    "http",
    "receive",
    "transfer",
    "maintenance",
    "pack",
    "repack",
    "remote",
    "branch",
    "user",
];

/// Keys of the section `core` that are harmless.
const CORE: [&str; 18] = [
    "repositoryformatversion",
    "filemode",
    "bare",
    "logallrefupdates",
    "ignorecase",
    "precomposeunicode",
    "symlinks",
    "sharedrepository",
    "compression",
    "loosecompression",
    "bigfilethreshold",
    "commitgraph",
    "multipackindex",
    "abbrev",
    "quotepath",
    "fsync",
    "fsyncmethod",
    "fsyncobjectfiles",
];

/// Keys of the section `http` that are harmless: what a server of git's gives out and takes (`git-http-backend`).
const HTTP: [&str; 3] = ["getanyfile", "uploadpack", "receivepack"];

/// Keys of the section `gitweb` that are harmless: what a page shows of the repository.
const GITWEB: [&str; 3] = ["category", "description", "owner"];

/// Why a text is no configuration, or one that goes on in a next line where no archive's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Malformed,
    Continued,
}

/// Says what is wrong with a configuration.
pub(super) fn fault(bytes: &[u8]) -> Option<&'static str> {
    // Git ends a text at such a byte, so that what stands before it is another name than it seems.
    if bytes.contains(&0) {
        return Some("is malformed");
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut parser = Parser { bytes, at: 0 };
    let mut section = None;
    loop {
        let found = match parser.next_part() {
            Ok(Some(Part::Section(name, form))) => {
                let found = section_fault(&name, form);
                section = Some(name);
                found
            }
            Ok(Some(Part::Variable(key, value))) => match &section {
                Some(section) => variable_fault(section, &key, value.as_deref()),
                None => Some("is malformed"),
            },
            Ok(None) => return None,
            Err(Form::Malformed) => Some("is malformed"),
            Err(Form::Continued) => Some("has a line that goes on in the next, which no archive needs"),
        };
        if found.is_some() {
            return found;
        }
    }
}

fn section_fault(name: &str, form: Header) -> Option<&'static str> {
    match name {
        "include" | "includeif" => Some("reads another configuration (include)"),
        "extensions" => Some("uses an extension of the repository format"),
        "http" if form == Header::Sub => Some("has settings for addresses, which no archive needs"),
        name if !SECTIONS.contains(&name) => Some("has a section that no archive needs"),
        _ => None,
    }
}

/// Judges a variable; one that is set to nothing at all is true.
fn variable_fault(section: &str, key: &str, value: Option<&[u8]>) -> Option<&'static str> {
    match (section, key) {
        ("core", "repositoryformatversion") if value != Some(b"0") => {
            Some("has another repository format than 0")
        }
        ("core", "bare") if !value.is_none_or(is_true) => Some("says that the repository is not bare"),
        ("core", key) if !CORE.contains(&key) => Some("has a core setting that is not known to be harmless"),
        ("http", key) if !HTTP.contains(&key) => Some("has an http setting that is not known to be harmless"),
        ("gitweb", key) if !GITWEB.contains(&key) => {
            Some("has a gitweb setting that is not known to be harmless")
        }
        ("gc", "recentobjectshook") | ("remote", "uploadpack" | "receivepack" | "vcs") => {
            Some("names a program to run")
        }
        ("remote", "promisor" | "partialclonefilter") => Some("makes this a partial clone"),
        _ => None,
    }
}

/// Tells whether git takes a value for true.
fn is_true(value: &[u8]) -> bool {
    [&b"true"[..], b"yes", b"on", b"1"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

/// What a configuration consists of; names are in lower case.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// The name of a section, without that of the subsection.
    Section(String, Header),
    /// A key, and the value that it is set to.
    Variable(String, Option<Vec<u8>>),
}

/// Whether a header names a section, or a subsection of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Header {
    Section,
    Sub,
}

/// Reads on from a place.
struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    /// Returns the next byte without going on to it. A line may end as on Windows; the last one ends in any case.
    fn peek(&self) -> u8 {
        match self.bytes.get(self.at..).unwrap_or_default() {
            [] | [b'\r', b'\n', ..] => b'\n',
            [byte, ..] => *byte,
        }
    }

    fn take(&mut self) -> u8 {
        let byte = self.peek();
        let is_two = byte == b'\n' && self.bytes.get(self.at) == Some(&b'\r');
        self.at += if is_two { 2 } else { 1 };
        byte
    }

    /// Reads the next header or variable; `None` at the end.
    fn next_part(&mut self) -> Result<Option<Part>, Form> {
        loop {
            if self.at >= self.bytes.len() {
                return Ok(None);
            }
            match self.take() {
                byte if is_blank(byte) => {}
                b'#' | b';' => while self.take() != b'\n' {},
                b'[' => return self.section().map(Some),
                byte if byte.is_ascii_alphabetic() => {
                    self.at -= 1;
                    return self.variable().map(Some);
                }
                _ => return Err(Form::Malformed),
            }
        }
    }

    fn section(&mut self) -> Result<Part, Form> {
        let name = self.name(|byte| is_of_key(byte) || byte == b'.');
        let mut form = Header::Section;
        if is_blank(self.peek()) {
            while is_blank(self.peek()) {
                if self.take() == b'\n' {
                    return Err(Form::Malformed);
                }
            }
            self.subsection()?;
            form = Header::Sub;
        } else if name.is_empty() {
            return Err(Form::Malformed);
        }
        if self.take() != b']' {
            return Err(Form::Malformed);
        }
        // `[section.subsection]`, as it was written once.
        let section = match name.split_once('.') {
            Some((section, _)) => {
                form = Header::Sub;
                section
            }
            None => &name,
        };
        Ok(Part::Section(section.to_owned(), form))
    }

    /// Reads over the name of a subsection.
    fn subsection(&mut self) -> Result<(), Form> {
        if self.take() != b'"' {
            return Err(Form::Malformed);
        }
        loop {
            let byte = match self.take() {
                b'"' => return Ok(()),
                b'\\' => self.take(),
                byte => byte,
            };
            if byte == b'\n' {
                return Err(Form::Malformed);
            }
        }
    }

    fn variable(&mut self) -> Result<Part, Form> {
        let key = self.name(is_of_key);
        while matches!(self.peek(), b' ' | b'\t') {
            self.at += 1;
        }
        match self.take() {
            b'\n' => Ok(Part::Variable(key, None)),
            b'=' => Ok(Part::Variable(key, Some(self.value()?))),
            _ => Err(Form::Malformed),
        }
    }

    fn name(&mut self, is_part: impl Fn(u8) -> bool) -> String {
        let mut name = String::new();
        while is_part(self.peek()) {
            name.push(char::from(self.take().to_ascii_lowercase()));
        }
        name
    }

    /// Reads a value to the end of its line.
    fn value(&mut self) -> Result<Vec<u8>, Form> {
        let mut value = Vec::new();
        let mut is_quoted = false;
        // What stands before blanks at the end.
        let mut length = 0;
        loop {
            match self.take() {
                b'\n' if is_quoted => return Err(Form::Malformed),
                b'\n' => break,
                b'#' | b';' if !is_quoted => {
                    while self.take() != b'\n' {}
                    break;
                }
                byte if is_blank(byte) && !is_quoted => {
                    if !value.is_empty() {
                        value.push(byte);
                    }
                    continue;
                }
                b'"' => is_quoted = !is_quoted,
                b'\\' => value.push(match self.take() {
                    b'\n' => return Err(Form::Continued),
                    b't' => b'\t',
                    b'b' => 8,
                    b'n' => b'\n',
                    byte @ (b'\\' | b'"') => byte,
                    _ => return Err(Form::Malformed),
                }),
                byte => value.push(byte),
            }
            length = value.len();
        }
        value.truncate(length);
        Ok(value)
    }
}

/// Tells whether git takes a byte for a blank.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const PLAIN: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";

    /// What is harmless.
    const GOOD: [&str; 17] = [
        "",
        "# remark\n\n; another \\\n[core]\n\t# bare = false\n",
        "[core] # x\n\tbare = \"true\"\n",
        "[core]\r\n\tbare = true # x\r\n",
        "[core]\n\tbare\n[user] name = A; [include] path = x",
        "[remote \"origin\"]\n\turl = /x\n[gc]\nauto=0\n",
        "[remote \"a]\\\"[include]\"]\n\turl = \"a # b\" ; c\n",
        "[branch.main] remote = origin\n",
        "[user] [core] bare = TRUE",
        "[core]\n\tbare = yes",
        "[core] bare = On",
        "[core]\nbare=1",
        "[user]\n\tname = \"a\\tb\\\\\"\n",
        "[maintenance]\n\tauto = false\n\tstrategy = incremental\n[maintenance \"gc\"]\nenabled = false\n",
        "[core]\n\tcommitGraph = true\n\tmultiPackIndex = true\n\tbigFileThreshold = 1m\n\tlooseCompression = 1\n",
        "[core]\n\tabbrev = 12\n\tquotePath = false\n",
        "[http]\n\treceivepack = true\n[gitweb]\n\towner = A\n",
    ];

    /// What could run or redirect something, or is no configuration.
    const BAD: [&str; 40] = [
        "[include]\npath=/x",
        "[includeIf \"gitdir:/\"]\npath=x",
        "[core] worktree = /",
        "[core]\nhooksPath=/x",
        "[Core]\nFSMonitor = x",
        "[extensions]\nobjectformat=sha256",
        "[filter \"a\"]\nclean=x",
        "x=1",
        "[core",
        "[core]\nrepositoryformatversion=1",
        "[core]\nrepositoryformatversion",
        "[core]\nbare=false",
        "[core]\nbare=\"false\"",
        "[core]\nbare=\"\" # true",
        "[remote \"o\"]\npromisor=true",
        "[core]\nbare = tr\\\nue",
        "; remark\n[include]\npath = x",
        "[user] [include] path = evil.cfg",
        "[user \"]\"] [include] path = evil.cfg",
        "[user \"a\\\"]\"] [include] path = evil.cfg",
        "[user] # [core]\n[include] path = evil.cfg",
        "[core] bare = true\r[include]\rpath = x",
        "[core]\nbare true",
        "[core]\n_x = true",
        "[core]\nbare.x = true",
        "[core\n] bare = true",
        "[core \"a]\nbare = true",
        "[gc]\n\trecentObjectsHook = rm\n",
        "[remote.o]\nuploadPack = x",
        "[user]\nname = \"a\nb\"",
        "[core \"hookspath\0\"]\n\tcompression = /x\n",
        "[core]\nbare = no",
        "[core]\nbare = true\0false",
        "[core]\nalternateRefsCommand = x",
        "[core]\ngitProxy = x",
        "[http]\nproxy = x",
        "[http \"https://example.org\"]\nreceivepack = true",
        "[http.receivepack] x = true",
        "[http.x]\n",
        "[gitweb]\nurl = x",
    ];

    #[test]
    fn a_configuration_that_could_run_or_redirect_something_is_refused() {
        assert_eq!(fault(PLAIN.as_bytes()), None);
        for good in GOOD {
            assert_eq!(fault(good.as_bytes()), None, "{good}");
            assert_eq!(fault(format!("{PLAIN}{good}").as_bytes()), None, "{good}");
        }
        for bad in BAD {
            assert!(fault(bad.as_bytes()).is_some(), "{bad}");
            assert!(fault(format!("{PLAIN}{bad}").as_bytes()).is_some(), "{bad}");
        }
    }

    /// What git reads of a configuration, as lines of section and key in lower case and the value; `None` where it reads none.
    fn read_by_git(text: &str) -> Option<Vec<(String, Vec<u8>)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        let mut git = Command::new("git");
        git.args(["config", "--no-includes", "--list", "--null", "--file"]);
        let output = git.arg(&path).output().unwrap();
        let parts = output
            .stdout
            .split(|byte| *byte == 0)
            .filter(|part| !part.is_empty());
        let parts = parts.map(|part| {
            let mut halves = part.splitn(2, |byte| *byte == b'\n');
            let name = String::from_utf8_lossy(halves.next().unwrap()).into_owned();
            let section = name.split('.').next().unwrap();
            let key = name.rsplit('.').next().unwrap();
            (
                format!("{section}.{key}"),
                halves.next().unwrap_or_default().to_vec(),
            )
        });
        output.status.success().then(|| parts.collect())
    }

    fn read_here(text: &str) -> Result<Vec<(String, Vec<u8>)>, Form> {
        let (mut parser, mut section) = (
            Parser {
                bytes: text.as_bytes(),
                at: 0,
            },
            String::new(),
        );
        let mut all = Vec::new();
        while let Some(part) = parser.next_part()? {
            match part {
                Part::Section(name, _) => section = name,
                Part::Variable(key, value) => {
                    all.push((format!("{section}.{key}"), value.unwrap_or_default()));
                }
            }
        }
        Ok(all)
    }

    #[test]
    fn what_is_read_is_what_git_reads() {
        for text in GOOD.iter().chain(&BAD) {
            // What stands before any section git refuses only where it is asked for more.
            let is_read = *text != "x=1" && !text.contains("\\\n") && !text.contains('\0');
            if is_read || text.starts_with('#') {
                assert_eq!(read_here(text).ok(), read_by_git(text), "{text}");
            }
        }
    }

    /// What a configuration may be put together from, in whatever order.
    const PIECES: [&str; 32] = [
        "[core]", "[user \"", "\"]", "[a.b] ", "[", "]", "\"", "\\", "\\\\", "\\\"", "\\t", "#", ";", "=",
        " = ", " ", "\t", "\n", "\n\t", "\r\n", "\r", "\u{b}", "\u{c}", "\u{feff}", "\u{a0}", "bare", "true",
        "x", "-", ".", "1", "_",
    ];

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(200))]

        #[test]
        fn whatever_it_is_put_together_from_git_reads_the_same(
            pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..24)
        ) {
            let text = format!("[core]{}", pieces.concat());
            let read = read_here(&text);
            if read != Err(Form::Continued) {
                proptest::prop_assert_eq!(read.ok(), read_by_git(&text), "{:?}", text);
            }
        }
    }
}
