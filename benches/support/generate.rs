//! Archives of any size in the archive's own format: a stream for `git fast-import`, the same for the same seed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use avalaches::article::{self, Article, Kind, Metadata};
use avalaches::commonmark::escape;
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::id::ArticleId;
use avalaches::object::ident::Person;
use avalaches::settings::Settings;
use avalaches::trailer::{Message, Trailers, first_message};

/// Marsaglia's xorshift, which is all the randomness that filler text needs.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// Makes a bare repository with so many articles, five a day, two languages of three paragraphs each, in one pack.
pub fn archive(path: &Path, articles: usize) {
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
        .stdin(Stdio::piped());
    let mut child = import.spawn().expect("git runs");
    let mut stream = BufWriter::new(child.stdin.take().expect("it was asked for"));
    write_stream(&mut stream, articles).expect("git reads all of it");
    drop(stream);
    assert!(child.wait().expect("git ends").success());
}

fn write_stream(stream: &mut impl Write, articles: usize) -> std::io::Result<()> {
    let desk = Person::new("Desk", "desk@example.org").expect("a name");
    let settings = Settings::new("Generated");
    let start = 315_532_800; // 1980-01-01
    write!(stream, "commit refs/heads/main\ncommitter {desk} {start} +0000\n")?;
    data(stream, first_message(&settings.title, 1).as_bytes())?;
    writeln!(stream, "M 100644 inline avalaches.json")?;
    data(stream, &settings.encode())?;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for number in 0..articles {
        let seconds = start
            + i64::try_from(number).expect("few") / 5 * 86_400
            + 43_200
            + i64::try_from(number % 5).expect("few");
        let date = RevisionDate::from_seconds(seconds, UtcOffset::UTC).expect("before 2106");
        let article = Article {
            metadata: Metadata {
                kind: Kind::Publish,
                date,
                languages: ["zh", "en"].map(|tag| tag.parse().expect("a tag")).to_vec(),
                titles: BTreeMap::new(),
                authors: vec![desk.clone()],
                tags: Vec::new(),
                source_url: None,
                note: None,
                invisible: Vec::new(),
            },
            sources: vec![chinese(&mut dice), english(&mut dice)],
        };
        let files = article.files().expect("generated text is canonical");
        let text = article.page_text().expect("generated text is canonical");
        let id = ArticleId::new(date.day(), format!("article-{number}").parse().expect("a slug"));
        let message = Message {
            subject: article::subject(&article.metadata, &text),
            note: None,
            trailers: Trailers {
                article: id.clone(),
                revision: 1,
                kind: Kind::Publish,
                previous: None,
                languages: article.metadata.languages.clone(),
                content_sha256: article::content_sha256(&files),
                source_url: None,
                claimed_footer: None,
            },
        };
        let when = date.as_git();
        write!(
            stream,
            "commit refs/heads/main\nauthor {desk} {when}\ncommitter {desk} {when}\n"
        )?;
        data(stream, message.encode().as_bytes())?;
        for (name, bytes) in &files {
            writeln!(stream, "M 100644 inline {}/{name}", id.folder())?;
            data(stream, bytes)?;
        }
    }
    writeln!(stream, "done")
}

fn data(stream: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    writeln!(stream, "data {}", bytes.len())?;
    stream.write_all(bytes)?;
    stream.write_all(b"\n")
}

fn chinese(dice: &mut Dice) -> String {
    let words = [
        "档案", "修订", "提交", "新闻", "更正", "读者", "版本", "历史", "页脚", "证明", "散列", "作者",
        "出版", "核对",
    ];
    text(dice, &words, "", "。", 60)
}

fn english(dice: &mut Dice) -> String {
    let words = [
        "archive",
        "revision",
        "commit",
        "news",
        "correction",
        "reader",
        "version",
        "history",
        "footer",
        "proof",
        "hash",
        "author",
    ];
    text(dice, &words, " ", ".", 80)
}

fn text(dice: &mut Dice, words: &[&str], between: &str, end: &str, length: usize) -> String {
    let mut paragraph = || {
        let chosen: Vec<&str> = (0..length).map(|_| words[dice.below(words.len())]).collect();
        format!("{}{end}", chosen.join(between))
    };
    let paragraphs = [paragraph(), paragraph(), paragraph()];
    escape(&paragraphs.join("\n\n")) + "\n"
}
