//! Archives of any size in the archive's own format: a stream for `git fast-import`, the same for the same seed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use avalaches::article::{self, Article, Kind, Metadata};
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::id::ArticleId;
use avalaches::object::ident::Person;
use avalaches::settings::Settings;
use avalaches::trailer::{Message, Trailers, first_message};

use text::{Dice, Languages};

pub mod text;

/// Articles a day, as a news agency has them.
const A_DAY: usize = 200;

/// Of so many commits one is a revision of an earlier article.
const REVISED: usize = 10;

/// A revision that is generated.
struct Generated {
    /// Its number on the branch, from 0.
    commit: usize,
    article: ArticleId,
    /// Its number among the article's, from 1.
    revision: u32,
    /// The number on the branch of the one before.
    previous: Option<usize>,
    content: Article,
}

/// What is remembered of an article.
struct Known {
    id: ArticleId,
    newest: usize,
    revisions: usize,
}

/// When the first of them is archived: 2012-01-01.
const START: i64 = 1_325_376_000;

fn desk() -> Person {
    Person::new("Desk", "desk@example.org").expect("a name")
}

/// Generates so many revisions, 200 a day, one in ten of an earlier article, in two languages of some 3 KB together.
fn revisions(count: usize) -> impl Iterator<Item = Generated> {
    let desk = desk();
    let languages = Languages::new();
    let mut articles: Vec<Known> = Vec::new();
    (0..count).map(move |commit| {
        let mut dice = Dice::of(usize::MAX / 2 + commit);
        let seconds = START + i64::try_from(commit * 86_400 / A_DAY).expect("few");
        let date = RevisionDate::from_seconds(seconds, UtcOffset::UTC).expect("before 2106");
        let revised = commit > 10 && dice.below(REVISED) == 0;
        let number = if revised {
            // Most corrections come soon.
            let back = if dice.below(5) > 0 { 2000 } else { articles.len() };
            articles.len() - 1 - dice.below(back.min(articles.len()))
        } else {
            let slug = format!("article-{}", articles.len()).parse().expect("a slug");
            articles.push(Known {
                id: ArticleId::new(date.day(), slug),
                newest: 0,
                revisions: 0,
            });
            articles.len() - 1
        };
        let known = &mut articles[number];
        let content = Article {
            metadata: Metadata {
                kind: if revised { Kind::Correction } else { Kind::Publish },
                date,
                languages: ["zh", "en"].map(|tag| tag.parse().expect("a tag")).to_vec(),
                titles: BTreeMap::new(),
                authors: vec![desk.clone()],
                tags: Vec::new(),
                source_url: None,
                note: revised.then(|| "Some words were wrong.".to_owned()),
                invisible: Vec::new(),
            },
            sources: languages.sources(number, known.revisions),
        };
        let previous = revised.then_some(known.newest);
        known.revisions += 1;
        known.newest = commit;
        Generated {
            commit,
            article: known.id.clone(),
            revision: u32::try_from(known.revisions).expect("few"),
            previous,
            content,
        }
    })
}

/// Writes so many revisions as JSON Lines for `avalaches import`.
#[allow(dead_code)] // not every user of this file imports
pub fn pages(path: &Path, count: usize) {
    let mut lines = BufWriter::new(fs::File::create(path).expect("it can be written"));
    for generated in revisions(count) {
        let metadata = &generated.content.metadata;
        let sources: serde_json::Map<String, serde_json::Value> = metadata
            .languages
            .iter()
            .map(ToString::to_string)
            .zip(
                generated
                    .content
                    .sources
                    .iter()
                    .map(|source| source.as_str().into()),
            )
            .collect();
        let mut line = serde_json::json!({
            "sources": sources,
            "date": metadata.date.to_string(),
            "authors": metadata.authors.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "kind": metadata.kind.name(),
        });
        match &metadata.note {
            Some(note) => {
                line["note"] = note.as_str().into();
                line["article"] = generated.article.to_string().into();
            }
            None => line["slug"] = generated.article.slug().to_string().into(),
        }
        writeln!(lines, "{line}").expect("it can be written");
    }
    lines.flush().expect("it can be written");
}

/// Makes a bare repository of a publisher's own: so many commits, of which every other one adds an issue of a weekly in
/// Markdown and the others change a paragraph of a late one.
#[allow(dead_code)] // not every user of this file imports
pub fn weekly(path: &Path, commits: usize) {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(path).args(arguments);
        command
    };
    let init = git(&["init", "-q", "--bare", "-b", "main"]).status();
    assert!(init.expect("git runs").success());
    let mut child = git(&["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stream = BufWriter::new(child.stdin.take().expect("it was asked for"));
    let languages = Languages::new();
    let mut dice = Dice::of(commits);
    let mut issues: Vec<Vec<String>> = Vec::new();
    for commit in 0..commits {
        let number = if commit % 2 == 0 {
            let chapters = (0..8).map(|chapter| {
                let text = &languages.sources(commit * 8 + chapter, 0)[0];
                format!("## 第{chapter}节\n\n1、[链接](https://example.org/{commit}/{chapter})\n\n{text}\n")
            });
            issues.push(chapters.collect());
            issues.len() - 1
        } else {
            issues.len() - 1 - dice.below(issues.len().min(4))
        };
        let issue = &mut issues[number];
        if commit % 2 == 1 {
            let chapter = dice.below(issue.len());
            let (source, _) = issue[chapter].split_at(issue[chapter].find("\n\n").expect("a heading"));
            let text = &languages.sources(commit * 8, 1)[0];
            issue[chapter] = format!("{source}\n\n{text}\n");
        }
        let when = START + i64::try_from(commit * 3 * 86_400).expect("few");
        let text = format!("# 第 {number} 期\n\n{}", issue.concat());
        let message = format!("issue {number}");
        let mut write = || -> std::io::Result<()> {
            write!(
                stream,
                "commit refs/heads/main\ncommitter {} {when} +0800\n",
                desk()
            )?;
            data(&mut stream, message.as_bytes())?;
            writeln!(stream, "M 100644 inline docs/issue-{number}.md")?;
            data(&mut stream, text.as_bytes())
        };
        write().expect("git reads all of it");
    }
    drop(stream);
    assert!(child.wait().expect("git ends").success());
}

/// Makes a bare repository with so many revisions in one pack.
pub fn archive(path: &Path, count: usize) {
    archive_and_stream(path, count, None);
}

/// Makes a bare repository with so many revisions in one pack, and keeps the stream that `git fast-import` made it
/// of, if a path is given.
pub fn archive_and_stream(path: &Path, count: usize, kept: Option<&Path>) {
    let run = |command: &mut Command| assert!(command.status().expect("git runs").success());
    run(Command::new("git")
        .args(["init", "-q", "--bare", "-b", "main"])
        .arg(path));
    fs::remove_dir_all(path.join("hooks")).expect("git made it");
    fs::write(
        path.join("config"),
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n",
    )
    .expect("it can be written");
    let mut import = Command::new("git");
    import
        .arg("--git-dir")
        .arg(path)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = import.spawn().expect("git runs");
    let stream = BufWriter::new(child.stdin.take().expect("it was asked for"));
    let kept = kept.map(|path| BufWriter::new(fs::File::create(path).expect("it can be written")));
    let mut answers = BufReader::new(child.stdout.take().expect("it was asked for"));
    let mut both = Both { stream, kept };
    write_stream(&mut both, &mut answers, count).expect("git reads all of it");
    both.flush().expect("git reads all of it");
    drop(both);
    assert!(child.wait().expect("git ends").success());
}

/// Writes to git and to a file.
struct Both<W: Write> {
    stream: W,
    kept: Option<BufWriter<fs::File>>,
}

impl<W: Write> Write for Both<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.write_all(bytes)?;
        if let Some(kept) = &mut self.kept {
            kept.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()?;
        self.kept.as_mut().map_or(Ok(()), Write::flush)
    }
}

fn write_stream<W: Write>(
    both: &mut Both<W>,
    answers: &mut impl BufRead,
    count: usize,
) -> std::io::Result<()> {
    let desk = desk();
    let settings = Settings::new("Generated");
    write!(both, "commit refs/heads/main\ncommitter {desk} {START} +0000\n")?;
    data(both, first_message(&settings.title, 1).as_bytes())?;
    writeln!(both, "M 100644 inline avalaches.json")?;
    data(both, &settings.encode())?;
    for generated in revisions(count) {
        let previous = match generated.previous {
            // The question is not kept: the answer is in what follows.
            Some(previous) => {
                writeln!(both.stream, "get-mark :{}", previous + 1)?;
                both.stream.flush()?;
                let mut line = String::new();
                answers.read_line(&mut line)?;
                Some(line.trim_end().parse().expect("git answers with the commit's id"))
            }
            None => None,
        };
        let Generated {
            commit,
            article,
            revision,
            content,
            ..
        } = generated;
        let metadata = &content.metadata;
        let files = content.files().expect("generated text is canonical");
        let text = content.page_text().expect("generated text is canonical");
        let message = Message {
            subject: article::subject(metadata, &text),
            note: metadata.note.clone(),
            trailers: Trailers {
                article: article.clone(),
                revision,
                kind: metadata.kind,
                previous,
                languages: metadata.languages.clone(),
                content_sha256: article::content_sha256(&files),
                source_url: None,
                claimed_footer: None,
                source_commit: None,
            },
        };
        let when = metadata.date.as_git();
        write!(
            both,
            "commit refs/heads/main\nmark :{}\nauthor {desk} {when}\ncommitter {desk} {when}\n",
            commit + 1
        )?;
        data(both, message.encode().as_bytes())?;
        for (name, bytes) in &files {
            writeln!(both, "M 100644 inline {}/{name}", article.folder())?;
            data(both, bytes)?;
        }
    }
    writeln!(both, "done")
}

fn data(stream: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    writeln!(stream, "data {}", bytes.len())?;
    stream.write_all(bytes)?;
    stream.write_all(b"\n")
}
