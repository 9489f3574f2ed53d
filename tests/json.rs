//! JSON.md names every member that `--json` prints, under the schema that prints it.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "the documents are of archives at any place")]
mod archives;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use archives::git;
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const ARTICLE: &str = "2026/11/24/how-newspapers-print-corrections";
/// What `avalaches remember` keeps.
const STATE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/json-state");
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOrGsIPSghL02ujbcQjwP3kFMWC1U98qbpctlbUljVOx desk\n";

#[test]
fn every_member_of_every_document_is_described() {
    let described = fs::read_to_string(format!("{ROOT}/JSON.md")).unwrap();
    let temp = tempfile::tempdir().unwrap();
    let _ = fs::remove_dir_all(STATE);
    let mine = temp.path().join("mine");
    let (mine, shipped) = (mine.to_str().unwrap(), format!("{ROOT}/archive"));
    let shipped = shipped.as_str();
    let sample = format!("{ROOT}/tests/pages/2026-01-22-export-controls.txt");
    let text = fs::read_to_string(&sample).unwrap();
    let changed = temp.path().join("changed.txt");
    let page = |archive: &str, id: &str| run(&["--archive", archive, "show", id]);
    let init = document(&["init", mine, "--byline", "Desk", "--json"]);
    let add = document(&["--archive", mine, "add", &sample, "--json"]);
    let lines = temp.path().join("lines.jsonl");
    fs::write(&lines, "{\"page\": \"一页。\", \"slug\": \"one\"}\n").unwrap();
    let import = document(&["--archive", mine, "import", lines.to_str().unwrap(), "--json"]);
    let id = add["pages"][0]["id"].as_str().unwrap().to_owned();
    let id = id.as_str();
    fs::write(&changed, with_every_kind_of_change(&page(mine, id))).unwrap();
    let changed = changed.to_str().unwrap();
    let altered = document(&["--archive", mine, "verify", changed, "--json"]);
    let compared = document(&["--archive", mine, "diff", id, changed, "--json"]);
    let judged = document(&["compare", &sample, changed, "--json"]);
    let unknown = document(&["--archive", mine, "verify", &sample, "--json"]);
    assert!(
        !unknown["answers"][0]["claimed_by"].as_array().unwrap().is_empty(),
        "{text}"
    );
    // The shipped archive is another repository like any.
    let mirror = document(&["--archive", mine, "mirror", shipped, "shipped", "--json"]);
    let mirrors = document(&["--archive", mine, "mirror", "--json"]);
    let tip = mirrors["mirrors"][0]["head"].as_str().unwrap();
    let cited = document(&["--archive", mine, "verify", tip, "--json"]);
    let old = temp.path().join("old.txt");
    let first_revision = &document(&["--archive", shipped, "history", ARTICLE, "--json"])["revisions"][1];
    fs::write(&old, page(shipped, first_revision["id"].as_str().unwrap())).unwrap();
    let superseded = document(&["--archive", mine, "verify", old.to_str().unwrap(), "--json"]);
    assert!(
        superseded["answers"][0]["mirrored"]["later"]["path"].is_string(),
        "{superseded}"
    );
    let first = document(&["--archive", shipped, "history", ARTICLE, "--json"])["revisions"][1]["id"].clone();
    let key = temp.path().join("desk.pub");
    fs::write(&key, KEY).unwrap();
    let key = key.to_str().unwrap();
    let site = temp.path().join("site");
    let site = site.to_str().unwrap();
    let published = temp.path().join("published");
    let theme = temp.path().join("theme");
    let documents = [
        init,
        add,
        import,
        altered,
        unknown,
        mirror,
        mirrors,
        cited,
        superseded,
        document(&["--archive", shipped, "verify", first.as_str().unwrap(), "--json"]),
        document(&["--archive", shipped, "verify", "--json"]),
        document(&["--archive", shipped, "audit", "--json"]),
        document(&["--archive", shipped, "show", ARTICLE, "--json"]),
        document(&["--archive", shipped, "list", "--json"]),
        document(&["--archive", shipped, "search", "更正", "--json"]),
        document(&["--archive", shipped, "history", ARTICLE, "--json"]),
        document(&["--archive", shipped, "diff", ARTICLE, "--json"]),
        document(&["--archive", shipped, "blame", ARTICLE, "--json"]),
        compared,
        document(&["--archive", mine, "settings", "--title", "新报", "--json"]),
        judged,
        document(&["--archive", mine, "signers", "allow", "desk", key, "--json"]),
        document(&["--archive", mine, "reindex", "--json"]),
        document(&["--archive", mine, "verify", "--quote", "mistake", "--json"]),
        document(&["--archive", mine, "maintain", "--json"]),
        document(&["--archive", mine, "build", site, "--json"]),
        document(&["theme", theme.to_str().unwrap(), "--json"]),
        document(&["publish", site, published.to_str().unwrap(), "--json"]),
    ];
    let others = [
        logged(temp.path(), mine, id),
        listening(temp.path(), mine, site),
        replicated(temp.path(), mine),
        expunged(temp.path()),
    ]
    .concat();
    let documents = [documents.to_vec(), others].concat();
    assert_described(&described, &documents);
    assert_shows_every_kind_of_change(&documents[3]);
}

/// Asserts that each document is described, that each of its members is, and that no other document is described.
fn assert_described(described: &str, documents: &[Value]) {
    let mut schemas = BTreeSet::new();
    for document in documents {
        let schema = document["schema"]
            .as_str()
            .expect("every document names its schema");
        schemas.insert(schema);
        let section = described
            .split(&format!("\n\n`{schema}`:"))
            .nth(1)
            .unwrap_or_else(|| panic!("JSON.md lacks {schema}"));
        let section = section.split("\n\n").next().unwrap();
        let mut members = BTreeSet::new();
        collect(document, &mut members);
        assert_named_by_swhid(document);
        for member in members.iter().filter(|member| *member != "schema") {
            let named =
                section.contains(&format!("`{member}`")) || section.contains(&format!("\"{member}\""));
            assert!(named, "JSON.md does not describe {member} of {schema}");
        }
    }
    let words = described.split('`');
    let named: BTreeSet<&str> = words
        .filter(|word| word.starts_with("avalaches/") && word.ends_with("/1"))
        .collect();
    assert_eq!(schemas, named);
}

/// Returns the documents about a checkpoint for which a witness is asked.
fn witnessed(folder: &Path, archive: &str, key: &str) -> Vec<Value> {
    let file = folder.join("witness.key");
    let witness = document(&[
        "key",
        "new",
        "w.example",
        file.to_str().unwrap(),
        "--witness",
        "--json",
    ]);
    let policy = folder.join("policy-of-witness");
    let line = format!("witness w {}\nquorum none\n", witness["key"].as_str().unwrap());
    fs::write(&policy, line).unwrap();
    let of = |arguments: &[&str]| {
        let policy = ["--policy", policy.to_str().unwrap(), "--json"];
        document(&[&["--archive", archive], arguments, &policy].concat())
    };
    let documents = vec![witness, of(&["checkpoint", "--key", key]), of(&["log"])];
    assert!(
        documents[1]["witnesses"][0]["why"].is_string(),
        "{}",
        documents[1]
    );
    assert!(
        documents[2]["checkpoints"][0]["quorum_met"].is_boolean(),
        "{}",
        documents[2]
    );
    documents
}

/// Returns the documents about the log of an archive, of which a revision is named.
fn logged(folder: &Path, mine: &str, id: &str) -> Vec<Value> {
    let secret = folder.join("log.key");
    let secret = secret.to_str().unwrap();
    let log_key = document(&["key", "new", "example.org/mine", secret, "--json"]);
    let named = log_key["key"].as_str().unwrap().to_owned();
    let documents = vec![
        log_key,
        document(&["--archive", mine, "settings", "--log-key", &named, "--json"]),
        document(&["--archive", mine, "checkpoint", "--key", secret, "--json"]),
        document(&["--archive", mine, "log", "--json"]),
        document(&["--archive", mine, "log", "--prove", id, "--json"]),
        document(&["--archive", mine, "verify", id, "--json"]),
    ];
    [documents, witnessed(folder, mine, secret)].concat()
}

/// Returns the documents about copies of an archive, one of which goes on otherwise.
fn replicated(folder: &Path, mine: &str) -> Vec<Value> {
    let name = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (copy, host, other) = (name("copy"), name("host.git"), name("other"));
    git(Path::new(&host), &["init", "-q", "--bare", "-b", "main"]);
    let page = |text: &str| {
        fs::write(folder.join("page.txt"), text).unwrap();
        name("page.txt")
    };
    let of = |archive: &str, arguments: &[&str]| {
        document(&[&["--archive", archive, "--json"], arguments].concat())
    };
    document(&["init", &other, "--byline", "Desk", "--title", "Other", "--json"]);
    let mut documents = vec![
        of(mine, &["push", &host]),
        document(&["clone", &host, &copy, "--json"]),
        of(&copy, &["pull"]),
        of(&copy, &["push", &host]),
        of(&copy, &["bundle", "export", &name("all.bundle")]),
        of(&copy, &["pull", &other]),
        of(&copy, &["push", &other]),
        of(&copy, &["remember"]),
    ];
    of(mine, &["add", &page("我们的一页。\n"), "--slug", "ours"]);
    of(mine, &["push", &host]);
    documents.push(of(&copy, &["push", &host]));
    of(&copy, &["add", &page("他们的一页。\n"), "--slug", "theirs"]);
    documents.extend([
        of(&copy, &["push", &host]),
        of(&copy, &["pull", &host]),
        of(&copy, &["pull", "--rebase-mine", &host]),
        of(&copy, &["push", &host]),
    ]);
    git(Path::new(&host), &["update-ref", "refs/heads/main", "main~1"]);
    documents.push(of(&copy, &["pull", &host]));
    let told: Vec<String> = documents.iter().map(told).collect();
    let expected = [
        "advanced",
        "clone",
        "unchanged",
        "unchanged",
        "bundle",
        "unrelated",
        "unrelated",
        "remember",
        "behind",
        "diverged",
        "diverged",
        "rebased",
        "advanced",
        "moved-back",
    ];
    assert_eq!(told, expected);
    documents
}

/// Returns what a document about copies tells: what was done, or why it was refused.
fn told(document: &Value) -> String {
    let schema = document["schema"].as_str().unwrap();
    let subject = schema.split('/').nth(1).unwrap();
    let what = document["what"].as_str().filter(|what| *what != "refused");
    let reason = document["refused"]["reason"].as_str();
    what.or(reason).unwrap_or(subject).to_owned()
}

/// Returns the first documents of what listens, that of who follows a site there, and of how far a check is.
fn listening(folder: &Path, mine: &str, site: &str) -> Vec<Value> {
    let key = folder.join("witness.key");
    let log = document(&["--archive", mine, "settings", "--json"])["settings"]["log_key"].clone();
    document(&["--archive", mine, "build", site, "--json"]);
    let (key, log) = (key.to_str().unwrap(), log.as_str().unwrap());
    let state = folder.join("witness-state");
    let state = state.to_str().unwrap();
    let at = ["--listen", "127.0.0.1:0", "--json"];
    let (_server, serve) = begun(&[&["--archive", mine, "serve", "--out", site], &at[..]].concat());
    let witnessing = ["witness", "--key", key, "--state", state, "--log", log];
    let (_witness, cosigns) = begun(&[&witnessing[..], &at].concat());
    let url = serve["url"].as_str().unwrap();
    let news = || document(&["monitor", url, "--key", log, "--json"]);
    let monitored = [news(), news()];
    assert!(
        !monitored[0]["news"].as_array().unwrap().is_empty(),
        "{}",
        monitored[0]
    );
    let mut reindex = program(&["--archive", mine, "reindex", "--progress", "json"]);
    let progress = String::from_utf8(reindex.output().unwrap().stderr).unwrap();
    let progress = serde_json::from_str(progress.lines().next().unwrap()).unwrap();
    [vec![serve, cosigns, progress], monitored.to_vec()].concat()
}

/// What listens, until this goes.
struct Listening(Child);

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts what listens, and returns it with the document that says where.
fn begun(arguments: &[&str]) -> (Listening, Value) {
    let mut command = program(arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut listening = Listening(child.unwrap());
    let said = listening.0.stdout.take().unwrap();
    let mut documents = serde_json::Deserializer::from_reader(said).into_iter();
    let document = documents.next().unwrap().unwrap();
    (listening, document)
}

/// Returns the documents about a text that was expunged, of which a part stays.
fn expunged(folder: &Path) -> Vec<Value> {
    let archive = folder.join("expunged");
    let archive = archive.to_str().unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(folder.join("signer"))
        .output()
        .expect("this test needs OpenSSH: there is no ssh-keygen on PATH");
    assert!(made.status.success());
    let (key, sign) = (
        folder.join("signer.pub"),
        format!("--sign={}", folder.join("signer").display()),
    );
    let page = |text: &str| {
        let file = folder.join("page.txt");
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let article = "2026/01/22/bridge";
    let of = |arguments: &[&str]| document(&[&["--archive", archive, "--json"], arguments].concat());
    of(&["init", archive, "--byline", "Desk"]);
    of(&["signers", "allow", "desk", key.to_str().unwrap()]);
    of(&[
        "add",
        &page("一座桥。\n\nOne bridge is here.\n"),
        "--slug",
        "bridge",
        "--date",
        "2026-01-22",
    ]);
    of(&[
        "correct",
        article,
        &page("两座桥。\n\nOne bridge is here.\n"),
        "--note",
        "两座。",
    ]);
    of(&[
        "correct",
        article,
        &page("三座桥。\n\nOne bridge is here.\n"),
        "--note",
        "三座。",
    ]);
    let expunged = of(&["expunge", "2026/01/22/bridge@1", "--note", "Why.", &sign]);
    assert!(!expunged["shown"].as_array().unwrap().is_empty(), "{expunged}");
    assert!(!expunged["others"].as_array().unwrap().is_empty(), "{expunged}");
    let others = [
        &["verify", "2026/01/22/bridge@1"][..],
        &["verify"],
        &["history", article],
    ];
    [expunged].into_iter().chain(others.map(of)).collect()
}

/// Makes every kind of change in one page: a word, a paragraph gone, one new, two that changed places.
fn with_every_kind_of_change(page: &str) -> String {
    let own = page.replace("serious mistake", "grave mistake");
    let mut paragraphs: Vec<&str> = own.split("\n\n").collect();
    paragraphs.remove(3);
    paragraphs.swap(1, 2);
    paragraphs.insert(4, "Something else altogether, in words of its own.");
    paragraphs.join("\n\n")
}

/// Asserts that an altered page shows every kind of change.
fn assert_shows_every_kind_of_change(altered: &Value) {
    let kinds: Vec<&str> = altered["answers"][0]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["change"].as_str().unwrap())
        .collect();
    for kind in ["changed", "removed", "added", "moved"] {
        assert!(
            kinds.contains(&kind),
            "the altered page shows no {kind}: {kinds:?}"
        );
    }
}

/// Collects the names of members; what article.json holds and what is keyed by language is described elsewhere.
fn collect(value: &Value, members: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                members.insert(key.clone());
                if key != "metadata" && key != "sources" {
                    collect(value, members);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, members)),
        _ => {}
    }
}

/// Asserts that what has a commit's id and footer has its SWHID as well.
fn assert_named_by_swhid(value: &Value) {
    match value {
        Value::Object(map) => {
            if let (Some(id), true) = (map.get("id"), map.contains_key("footer")) {
                let swhid = format!("swh:1:rev:{}", id.as_str().unwrap());
                assert_eq!(map.get("swhid"), Some(&Value::from(swhid)), "{value}");
            }
            map.values().for_each(assert_named_by_swhid);
        }
        Value::Array(values) => values.iter().for_each(assert_named_by_swhid),
        _ => {}
    }
}

fn document(arguments: &[&str]) -> Value {
    serde_json::from_str(&run(arguments)).expect("--json prints JSON")
}

fn run(arguments: &[&str]) -> String {
    String::from_utf8(program(arguments).output().unwrap().stdout).unwrap()
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avalaches"));
    for variable in [
        "AVALACHES_ARCHIVE",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_DATE",
    ] {
        command.env_remove(variable);
    }
    command
        .args(arguments)
        .env("SOURCE_DATE_EPOCH", "1769140800")
        .env("XDG_STATE_HOME", STATE);
    command
}
