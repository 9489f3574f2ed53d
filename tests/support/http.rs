//! A client of HTTP/1.1 that says exactly what it is told to, and a server that ends with the story.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::archives::Story;

/// How long is waited for what has to come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, values as they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns a header's value; of several, all of them.
    pub fn header(&self, name: &str) -> String {
        let found = self.headers.iter().filter(|(known, _)| known == name);
        let values: Vec<&str> = found.map(|(_, value)| value.as_str()).collect();
        values.join(", ")
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A running `avalaches serve`.
pub struct Server {
    child: Child,
    pub port: u16,
    errors: PathBuf,
}

/// Returns the program as a command of a user without rights, to whom the story's folder belongs then; of the caller itself,
/// who has none, where nothing can be given away.
pub fn unprivileged(story: &Story) -> Command {
    const NOBODY: u32 = 65_534;
    let folder = story.folder.path();
    let program = folder.join("program");
    fs::copy(env!("CARGO_BIN_EXE_avalaches"), &program).unwrap();
    let mut command = Command::new(&program);
    command.current_dir(folder).env_clear().env("HOME", folder);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        let mut chown = Command::new("chown");
        let chown = chown.args(["-R", &NOBODY.to_string()]).arg(folder);
        assert!(chown.status().unwrap().success());
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

impl Server {
    /// Runs the server of a story's archive on a free port.
    pub fn of(story: &Story, options: &[&str]) -> Self {
        Self::begun(story, story.program(&[&["serve"], options].concat()), options)
    }

    /// Runs a command that serves, with options that may say where.
    pub fn begun(story: &Story, command: Command, options: &[&str]) -> Self {
        Self::tried(story, command, options).unwrap_or_else(|failed| panic!("{failed:?}"))
    }

    /// Runs a command that is to serve; of one that does not, returns the exit status and what it said.
    pub fn tried(
        story: &Story,
        mut command: Command,
        options: &[&str],
    ) -> Result<Self, (ExitStatus, String)> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let errors = story.folder.path().join(format!("server-errors-{number}.txt"));
        if !options.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command
            .env("TMPDIR", story.folder.path())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim_end().trim_end_matches('/').rsplit(':').next();
        match port.and_then(|port| port.parse().ok()) {
            Some(port) => Ok(Self { child, port, errors }),
            None => Err((child.wait().unwrap(), fs::read_to_string(&errors).unwrap())),
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes and reads the answer until the server closes the connection.
    pub fn send(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server that has heard enough closes the connection, and has answered before.
        let _ = stream.write_all(request);
        read(&mut stream)
    }

    /// Asks with headers, each with its line end.
    pub fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        self.send(head(method, path, headers).as_bytes())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    pub fn post(&self, media_type: &str, body: &[u8]) -> Answer {
        self.send(&posted("/verify", media_type, body))
    }

    /// Begins to post a page, and waits until the server reads it.
    pub fn begin(&self, page: &str) -> TcpStream {
        let headers = format!(
            "Content-Type: text/plain\r\nContent-Length: {}\r\nExpect: 100-continue\r\n",
            page.len()
        );
        let mut stream = self.connect();
        stream
            .write_all(head("POST", "/verify", &headers).as_bytes())
            .unwrap();
        let expected = b"HTTP/1.1 100 Continue\r\n\r\n";
        let mut said = [0; 25];
        stream.read_exact(&mut said).unwrap();
        assert_eq!(said, *expected, "{:?}", String::from_utf8_lossy(&said));
        stream
    }

    /// Returns the most memory that the process ever had, in kB (`VmHWM` of proc(5)).
    pub fn most_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            assert!(
                begun.elapsed() < PATIENCE,
                "{what} did not come: {}",
                self.errors()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the site was built.
    pub fn built(story: &Story, options: &[&str]) -> Self {
        let server = Self::of(story, options);
        server.until("the site", |server| server.errors().contains("written"));
        server
    }

    /// Returns what the server said on stderr.
    pub fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap()
    }

    /// Asks the server to end, as the system does.
    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Returns the number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells whether the server has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until the server has ended.
    pub fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the server does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes a request with a body.
pub fn posted(path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let headers = format!("Content-Type: {media_type}\r\nContent-Length: {}\r\n", body.len());
    [head("POST", path, &headers).as_bytes(), body].concat()
}

/// Writes the head of a request after whose answer the connection is closed.
pub fn head(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: archive.example\r\nConnection: close\r\n{headers}\r\n")
}

/// Reads an answer to its end.
pub fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // The connection may be reset where the server did not read a request to its end.
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        })
        .collect();
    let body = bytes[end + 4..].to_vec();
    let is_chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    Answer {
        status,
        headers,
        body: if is_chunked { unchunked(&body) } else { body },
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest
            .windows(2)
            .position(|part| part == b"\r\n")
            .expect("a chunk has a length");
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
}
