//! A host of git repositories on loopback: HTTP in front of the real `git http-backend`, one process for each request.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::archives::{clean_git, git};

/// A host that listens until the test ends.
pub struct GitHost {
    /// The folder with its repositories.
    pub root: PathBuf,
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The process groups of the requests that are being answered.
    groups: Mutex<Vec<u32>>,
    /// How many bytes of answers were sent.
    sent: AtomicU64,
    /// How many transfers are still answered; the next ones are cut off.
    transfers: AtomicUsize,
    /// After how many bytes they are.
    cut: AtomicUsize,
}

impl GitHost {
    /// Makes a host with one empty repository, `archive.git`, which anybody may push to.
    pub fn begin(root: &Path) -> Self {
        let repository = root.join("archive.git");
        git(&repository, &["init", "-q", "--bare", "-b", "main"]);
        let config = repository.join("config");
        let settings = fs::read_to_string(&config).unwrap() + "[http]\n\treceivepack = true\n";
        fs::write(&config, settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = Self {
            root: root.to_owned(),
            port: listener.local_addr().unwrap().port(),
            state: Arc::default(),
        };
        host.cut_transfers(usize::MAX, 0);
        let (state, root) = (Arc::clone(&host.state), root.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, root) = (Arc::clone(&state), root.clone());
                thread::spawn(move || {
                    // Who asks may be killed at any time.
                    let _ = answer(&stream, &root, &state);
                });
            }
        });
        host
    }

    pub fn repository(&self) -> PathBuf {
        self.root.join("archive.git")
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/archive.git", self.port)
    }

    /// Returns how many bytes of answers were sent.
    pub fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// Lets so many transfers be answered; of those that come later, so many bytes are.
    pub fn cut_transfers(&self, count: usize, bytes: usize) {
        self.state.transfers.store(count, Ordering::SeqCst);
        self.state.cut.store(bytes, Ordering::SeqCst);
    }

    /// Kills everything that answers now.
    pub fn kill(&self) {
        for group in self.state.groups.lock().unwrap().drain(..) {
            kill_group(group);
        }
    }
}

/// Kills a process and everything that it started.
pub fn kill_group(leader: u32) {
    let group = format!("-{leader}");
    let _ = Command::new("kill")
        .args(["-KILL", "--", &group])
        .stderr(Stdio::null())
        .status();
}

/// What is asked, without its body.
struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
}

impl Request {
    fn read(stream: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Some(Self {
            method,
            path,
            query,
            headers,
        })
    }

    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Copies the body to the program.
    fn copy_body(&self, stream: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
        if self.header("transfer-encoding") != "chunked" {
            let length = self.header("content-length").parse().unwrap_or(0);
            return io::copy(&mut stream.take(length), to).map(drop);
        }
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let length = u64::from_str_radix(line.trim(), 16).unwrap_or(0);
            io::copy(&mut stream.by_ref().take(length), to)?;
            stream.read_line(&mut line)?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

fn answer(stream: &TcpStream, root: &Path, state: &State) -> io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    let mut output = stream.try_clone()?;
    let Some(request) = Request::read(&mut input) else {
        return Ok(());
    };
    if request.header("expect") == "100-continue" {
        output.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut command = clean_git();
    command
        .arg("http-backend")
        .envs([("GIT_HTTP_EXPORT_ALL", "1"), ("REMOTE_ADDR", "127.0.0.1")])
        .env("GIT_PROJECT_ROOT", root)
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_TYPE", request.header("content-type"))
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding"))
        .env("GIT_PROTOCOL", request.header("git-protocol"))
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn()?;
    let group = child.id();
    state.groups.lock().unwrap().push(group);
    let mut stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let done = thread::scope(|scope| {
        scope.spawn(|| {
            let _ = request.copy_body(&mut input, &mut stdin);
            drop(stdin);
        });
        reply(stdout)
    });
    let _ = child.wait();
    state.groups.lock().unwrap().retain(|known| *known != group);
    let (head, mut rest) = done?;
    let beginning = rest.get(..1 << 16).unwrap_or(&rest);
    let is_transfer = beginning.windows(9).any(|word| word == b"packfile\n");
    if is_transfer {
        let left = state.transfers.load(Ordering::SeqCst);
        if left == 0 {
            rest.truncate(state.cut.load(Ordering::SeqCst));
        }
        state.transfers.store(left.saturating_sub(1), Ordering::SeqCst);
    }
    let sent = u64::try_from(rest.len()).unwrap();
    state.sent.fetch_add(sent, Ordering::SeqCst);
    output.write_all(&head)?;
    output.write_all(&rest)
}

/// Reads what a CGI program says, and makes it an answer of HTTP.
fn reply(mut program: impl BufRead) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut status, mut headers) = ("200 OK".to_owned(), String::new());
    loop {
        let mut line = String::new();
        if program.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        match line.trim_end().split_once("Status: ") {
            Some(("", said)) => said.clone_into(&mut status),
            _ => headers.push_str(&format!("{}\r\n", line.trim_end())),
        }
    }
    let mut body = Vec::new();
    program.read_to_end(&mut body)?;
    let head = format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n");
    Ok((head.into_bytes(), body))
}
