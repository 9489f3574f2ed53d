//! A Chromium without a window, driven through `chromedriver` on a free port of this machine.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// What Chromium is started with: no window, no request of its own, and nowhere to send one to.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
];

/// Presses the button below a footer and tells what the page says then.
pub const PRESS: &str = "
    const own = document.getElementById('check');
    const button = own && own.querySelector('button');
    if (!button) return { verdict: 'no button' };
    button.click();
    const place = own.querySelector('[role=status]');
    while (!place.dataset.verdict) await new Promise(later => setTimeout(later, 1));
    return {
        verdict: place.dataset.verdict,
        says: place.innerText,
        steps: [...place.querySelectorAll('.steps li')].map(step => step.textContent),
        milliseconds: Number(place.dataset.milliseconds),
        requests: performance.getEntriesByType('resource').length,
    };";

/// A browser, which ends with the test.
pub struct Browser {
    runtime: Runtime,
    client: Client,
    _driver: Driver,
    /// What it says, read no further; without a reader it would end.
    _said: BufReader<ChildStdout>,
    _profile: tempfile::TempDir,
}

/// The process that drives the browser, ended even where that did not start.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Browser {
    /// Starts one; `more` are further arguments of Chromium.
    pub fn start(more: &[&str]) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Driver)
            .expect("this test needs the Debian packages chromium and chromium-driver");
        let mut said = BufReader::new(driver.0.stdout.take().expect("it is piped"));
        let mut lines = said.by_ref().lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver says on which port it listens");
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = ARGUMENTS.iter().chain(more).map(|a| (*a).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let options = json!({
            "goog:chromeOptions": { "args": arguments },
            "timeouts": { "script": 120_000, "pageLoad": 120_000 },
            "unhandledPromptBehavior": "ignore",
        });
        let Value::Object(options) = options else {
            unreachable!("it is an object")
        };
        let runtime = Runtime::new().unwrap();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(options);
        let address = format!("http://127.0.0.1:{port}");
        let client = runtime.block_on(builder.connect(&address));
        let client = client.expect("chromium starts");
        Self {
            runtime,
            client,
            _driver: driver,
            _said: said,
            _profile: profile,
        }
    }

    /// Opens a file.
    pub fn open(&self, path: &Path) {
        let address = format!("file://{}", path.display());
        self.runtime.block_on(self.client.goto(&address)).unwrap();
    }

    /// Runs a function's body in the page and returns what it returns.
    pub fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        let run = self.client.execute(script, arguments);
        self.runtime.block_on(run).unwrap()
    }

    /// Runs the body of an asynchronous function in the page and returns what it returns, or what it threw as `{"threw": …}`.
    pub fn wait_for(&self, body: &str, arguments: Vec<Value>) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];\n(async (...args) => {{ {body} }})(...arguments).then(done, error => done({{ threw: String(error) }}));"
        );
        let run = self.client.execute_async(&script, arguments);
        self.runtime.block_on(run).unwrap()
    }

    /// Types into an element: for a file input, the paths of files.
    pub fn type_into(&self, selector: &str, text: &str) {
        self.runtime.block_on(async {
            let element = self.client.find(Locator::Css(selector)).await.unwrap();
            element.send_keys(text).await.unwrap();
        });
    }

    /// Tells whether the page has a dialog of its script's open.
    pub fn has_dialog(&self) -> bool {
        self.runtime.block_on(self.client.get_alert_text()).is_ok()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends with its session, and after that what drives it.
        let _ = self.runtime.block_on(self.client.clone().close());
    }
}
