//! Asking other machines over HTTP: a client that waits for each answer, and no longer, takes no more of it than it was told
//! to, and says which address did not answer and why.
//!
//! Proxies are those of the environment, as the client beneath has them; TLS believes what the system believes.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, Url};
use tokio::runtime::Runtime;

use crate::verify::with_causes;

pub mod witnesses;

/// How often an answer may lead on to another address.
const MOST_REDIRECTS: usize = 3;

/// What the client calls itself.
const NAME: &str = concat!("avalaches/", env!("CARGO_PKG_VERSION"));

/// How long is waited, and how much is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may take to be made.
    pub connecting: Duration,
    /// How long a request may take with its answer.
    pub asking: Duration,
    /// The longest body of an answer, in bytes.
    pub body: usize,
}

impl Default for Limits {
    /// Limits for answers that are small.
    fn default() -> Self {
        Self {
            connecting: Duration::from_secs(10),
            asking: Duration::from_secs(30),
            body: 1 << 20,
        }
    }
}

/// What asks.
#[derive(Debug)]
pub struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    limits: Limits,
}

/// What was answered, whatever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The type of the body, as the answer has it; empty where it has none.
    pub media_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Nothing can be asked at all.
    #[error("could not make ready to ask over HTTP: {0}")]
    Client(String),
    /// The address is none that can be asked.
    #[error("{0:?} is no http or https address")]
    Address(String),
    /// The request or its answer was lost.
    #[error("could not ask {address}: {why}")]
    Lost {
        /// The address.
        address: String,
        /// What the client says.
        why: String,
    },
    /// The answer took too long.
    #[error("{address} did not answer within {} seconds", within.as_secs())]
    Late {
        /// The address.
        address: String,
        /// How long was waited.
        within: Duration,
    },
    /// The answer is too long.
    #[error("{address} answers with more than {most} bytes")]
    Long {
        /// The address.
        address: String,
        /// The most that is taken.
        most: usize,
    },
    /// The answer leads on, where it is not followed.
    #[error("{address} leads on to {to:?}, which is not followed")]
    Moved {
        /// The address.
        address: String,
        /// Where to.
        to: String,
    },
}

/// Names the cryptography of TLS, once for the whole program.
pub(crate) fn ready() {
    // It fails where somebody else installed it before, which is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Client {
    /// Makes ready to ask; nothing is asked yet.
    ///
    /// # Errors
    /// [`NetworkError::Client`].
    pub fn new(limits: Limits) -> Result<Self, NetworkError> {
        ready();
        let failed = |error: &dyn std::error::Error| NetworkError::Client(with_causes(error));
        let http = reqwest::Client::builder()
            .user_agent(NAME)
            .redirect(Policy::none())
            .connect_timeout(limits.connecting)
            .build()
            .map_err(|error| failed(&error))?;
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build();
        Ok(Self {
            runtime: runtime.map_err(|error| failed(&error))?,
            http,
            limits,
        })
    }

    /// Asks for what is at an address. An answer that leads on is followed a few times, and never from https to http.
    ///
    /// # Errors
    /// [`NetworkError`]; any status is an answer.
    pub fn get(&self, address: &str) -> Result<Answer, NetworkError> {
        let mut url = url(address)?;
        for _ in 0..=MOST_REDIRECTS {
            match self.ask(url.as_str(), self.http.request(Method::GET, url.clone()))? {
                Said::Answer(answer) => return Ok(answer),
                Said::Moved(to) => match onward(&url, &to) {
                    Some(next) => url = next,
                    None => return Err(moved(&url, to)),
                },
            }
        }
        let to = url.to_string();
        Err(NetworkError::Moved {
            address: address.to_owned(),
            to,
        })
    }

    /// Sends a body to an address. An answer that leads on is not followed.
    ///
    /// # Errors
    /// [`NetworkError`]; any status is an answer.
    pub fn post(&self, address: &str, media_type: &str, body: Vec<u8>) -> Result<Answer, NetworkError> {
        let url = url(address)?;
        let request = self.http.request(Method::POST, url.clone());
        match self.ask(address, request.header(CONTENT_TYPE, media_type).body(body))? {
            Said::Answer(answer) => Ok(answer),
            Said::Moved(to) => Err(moved(&url, to)),
        }
    }

    fn ask(&self, address: &str, request: RequestBuilder) -> Result<Said, NetworkError> {
        let within = self.limits.asking;
        let late = || NetworkError::Late {
            address: address.to_owned(),
            within,
        };
        let asked = async { tokio::time::timeout(within, self.answer(address, request)).await };
        self.runtime.block_on(asked).unwrap_or_else(|_| Err(late()))
    }

    async fn answer(&self, address: &str, request: RequestBuilder) -> Result<Said, NetworkError> {
        let lost = |error: reqwest::Error| NetworkError::Lost {
            address: address.to_owned(),
            why: with_causes(&error.without_url()),
        };
        let response = request.send().await.map_err(lost)?;
        if response.status().is_redirection() {
            return Ok(Said::Moved(header(response.headers(), &LOCATION)));
        }
        let status = response.status().as_u16();
        let media_type = header(response.headers(), &CONTENT_TYPE);
        let body = body(response, self.limits.body).await.map_err(lost)?;
        let body = body.ok_or_else(|| NetworkError::Long {
            address: address.to_owned(),
            most: self.limits.body,
        })?;
        Ok(Said::Answer(Answer {
            status,
            media_type,
            body,
        }))
    }
}

enum Said {
    Answer(Answer),
    Moved(String),
}

/// Reads a body; `None` where it is longer than it may be.
async fn body(mut response: Response, most: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if chunk.len() > most - body.len() {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

fn url(address: &str) -> Result<Url, NetworkError> {
    let url = Url::parse(address).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| NetworkError::Address(address.to_owned()))
}

fn onward(from: &Url, to: &str) -> Option<Url> {
    let next = from.join(to).ok()?;
    let is_followed = next.scheme() == from.scheme() || next.scheme() == "https";
    is_followed.then_some(next)
}

fn moved(from: &Url, to: String) -> NetworkError {
    NetworkError::Moved {
        address: from.to_string(),
        to,
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).map(HeaderValue::as_bytes);
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Serves one answer for each connection, and returns the address below which it does.
    fn serve(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap();
                let said = String::from_utf8_lossy(&request[..length]).into_owned();
                let answer = answer.replace("ECHO", said.lines().next().unwrap());
                stream.write_all(answer.as_bytes()).unwrap();
            }
            // Whoever comes now waits.
            let _kept = listener.accept();
            thread::sleep(Duration::from_secs(20));
        });
        address
    }

    fn whole(status: &str, headers: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n{body}")
    }

    fn client() -> Client {
        Client::new(Limits {
            connecting: Duration::from_secs(5),
            asking: Duration::from_millis(1500),
            body: 100,
        })
        .unwrap()
    }

    #[test]
    fn every_status_is_an_answer_and_others_are_followed_a_few_times() {
        let to = |path: &str| whole("302 Found", &format!("Location: {path}\r\n"), "");
        let address = serve(vec![
            whole("404 Not Found", "Content-Type: text/plain\r\n", "no"),
            to("/there"),
            whole("200 OK", "", "ECHO"),
        ]);
        let answer = client().get(&address).unwrap();
        assert_eq!((answer.status, answer.media_type.as_str()), (404, "text/plain"));
        assert_eq!(answer.body, b"no");
        assert_eq!(client().get(&address).unwrap().body, b"GET /there HTTP/1.1");
        let address = serve(vec![to("/a"), to("/b"), to("/c"), to("/d"), to("/e")]);
        let error = client().get(&address).unwrap_err();
        assert!(matches!(error, NetworkError::Moved { .. }), "{error}");
        let address = serve(vec![to("file:///etc/passwd"), to("/a")]);
        let error = client().get(&address).unwrap_err().to_string();
        assert!(
            error.contains("\"file:///etc/passwd\", which is not followed"),
            "{error}"
        );
        let error = client().post(&address, "text/plain", vec![1]).unwrap_err();
        assert!(matches!(error, NetworkError::Moved { .. }), "{error}");
    }

    #[test]
    fn what_is_too_long_too_late_or_not_there_is_said_with_its_address() {
        let address = serve(vec![
            whole("200 OK", "", &"x".repeat(101)),
            whole("200 OK", "", &"x".repeat(100)),
        ]);
        let error = client().get(&address).unwrap_err().to_string();
        assert_eq!(error, format!("{address}/ answers with more than 100 bytes"));
        assert_eq!(client().get(&address).unwrap().body.len(), 100);
        let error = client()
            .post(&address, "text/plain", vec![1])
            .unwrap_err()
            .to_string();
        assert_eq!(error, format!("{address} did not answer within 1 seconds"));
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = client().get(&format!("http://{gone}/x")).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("could not ask http://{gone}/x: ")),
            "{error}"
        );
        assert!(error.contains("refused"), "{error}");
        for wrong in ["ftp://example.org/", "example.org", "", "文"] {
            let error = client().get(wrong).unwrap_err();
            assert!(matches!(error, NetworkError::Address(_)), "{error}");
        }
    }

    #[test]
    fn https_is_not_left_for_http() {
        let from = Url::parse("https://example.org/a/b").unwrap();
        assert_eq!(onward(&from, "c").unwrap().as_str(), "https://example.org/a/c");
        assert_eq!(onward(&from, "http://example.org/c"), None);
        let plain = Url::parse("http://example.org/").unwrap();
        assert!(onward(&plain, "https://example.org/").is_some());
    }
}
