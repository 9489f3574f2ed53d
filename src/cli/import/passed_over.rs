//! What is told of a publisher's repository that became no revision: files that are gone at its tip, pointers of Git LFS, and
//! symbolic links.

use std::collections::HashMap;

use avalaches::archive::Archive;
use avalaches::article::Kind;
use avalaches::history;
use avalaches::id::{ArticleId, CommitId};
use avalaches::publisher::PassedOver;
use avalaches::trailer::Message;
use avalaches::wording::{counted, on_one_line};
use serde_json::{Value, json};

use super::super::{Common, output};
use super::teller::MOST_NAMED;

/// A file that the tip of a repository no longer has, while the archive has its article.
pub struct Gone {
    path: String,
    commit: Option<CommitId>,
    article: Option<ArticleId>,
}

/// Lists the files that are gone, without those whose articles are retracted.
pub fn gone(
    archive: Option<&Archive>,
    passed_over: &PassedOver,
    articles: &HashMap<String, ArticleId>,
) -> Vec<Gone> {
    let is_retracted = |article: &ArticleId| {
        let archive = archive?;
        let newest = history::newest(archive, article).ok()??;
        let message = Message::parse(&archive.commit(newest).ok()?.message).ok()?;
        Some(message.trailers.kind == Kind::Retraction)
    };
    let files = passed_over.gone.iter().map(|(path, commit)| Gone {
        path: path.clone(),
        commit: *commit,
        article: articles.get(path).cloned(),
    });
    let stands = |gone: &Gone| !gone.article.as_ref().and_then(is_retracted).unwrap_or(false);
    files.filter(stands).collect()
}

/// Tells all of that.
pub fn warn(common: &Common, passed_over: &PassedOver, gone: &[Gone]) {
    let files = gone.iter().map(|gone| {
        let path = on_one_line(&gone.path);
        let since = gone
            .commit
            .map(|commit| format!(" since commit {commit}"))
            .unwrap_or_default();
        let article = gone.article.as_ref().map(ToString::to_string);
        let article = article.unwrap_or_else(|| "its article".to_owned());
        format!("{path} is gone{since}; {article} stays as it was published")
    });
    name(common, files, "file");
    if !gone.is_empty() {
        output::hint(
            "where the publisher took an article back, avalaches retract ARTICLE --note WHY says so; an import never does",
        );
    }
    let pointers = passed_over.pointers.iter().map(|(path, commit)| {
        let path = on_one_line(path);
        format!("{path} is left out: at commit {commit} it is a pointer of Git LFS, and no text")
    });
    name(common, pointers, "pointer");
    if !passed_over.pointers.is_empty() {
        output::hint(
            "git lfs fetch --all, then git lfs migrate export --everything --include='*.md', in a copy of the repository puts the texts into its history, whose commits get other ids; or git lfs pull, and import the folder",
        );
    }
    let links = passed_over.links.iter().map(|path| {
        let path = on_one_line(path);
        format!("{path} is left out: it is a symbolic link; a file comes in under its own path")
    });
    name(common, links, "link");
}

/// Tells some things one by one, and how many more there are.
fn name(common: &Common, things: impl ExactSizeIterator<Item = String>, what: &str) {
    let most = if common.verbose { usize::MAX } else { MOST_NAMED };
    let more = things.len().saturating_sub(most);
    for thing in things.take(most) {
        output::warning(&thing);
    }
    if more > 0 {
        let what = counted(more, &format!("more {what}"));
        output::warning(&format!("{what} so; --verbose names all of them"));
    }
}

/// Returns all of that as members of a document.
pub fn json(passed_over: &PassedOver, gone: &[Gone]) -> [(&'static str, Value); 3] {
    let gone = gone.iter().map(|gone| {
        json!({
            "path": gone.path,
            "commit": gone.commit.map(|commit| commit.to_string()),
            "article": gone.article.as_ref().map(ToString::to_string),
        })
    });
    let pointers = passed_over.pointers.iter();
    let pointers = pointers.map(|(path, commit)| json!({"path": path, "commit": commit.to_string()}));
    [
        ("gone", gone.collect()),
        ("pointers", pointers.collect()),
        ("links", json!(passed_over.links)),
    ]
}
