//! A real S3 server on this machine, seen through: what it was asked, in which order, and with faults on demand.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::tree;

pub const BUCKET: &str = "news";
pub const KEY: &str = "AKIDEXAMPLE";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    /// Below the bucket.
    pub name: String,
    pub headers: HeaderMap,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    /// So many writes go well; then the server answers with an error.
    After(usize),
    /// So many writes go well; of the next ones every other is broken off.
    BrokenOff(usize),
    /// The first so many writes are answered with an error.
    First(usize),
    /// So many writes go well; the next one arrives late, when [`Store::release`] is called.
    Late(usize),
}

#[derive(Default)]
struct Log {
    asked: Vec<Asked>,
    writes: usize,
}

/// The server.
pub struct Store {
    _runtime: Runtime,
    _root: tempfile::TempDir,
    root: PathBuf,
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
    fault: Arc<Mutex<Fault>>,
    late: Arc<Late>,
}

/// A write that is on its way.
struct Late {
    is_underway: AtomicBool,
    arrives: Semaphore,
}

impl Store {
    pub fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        fs::create_dir(root.join(BUCKET)).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(&root).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let (log, fault) = (
            Arc::new(Mutex::new(Log::default())),
            Arc::new(Mutex::new(Fault::Nothing)),
        );
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let late = Arc::new(Late {
            is_underway: AtomicBool::new(false),
            arrives: Semaphore::new(0),
        });
        let server = serve(
            listener,
            service,
            Arc::clone(&log),
            Arc::clone(&fault),
            Arc::clone(&late),
        );
        runtime.spawn(server);
        Self {
            _runtime: runtime,
            _root: folder,
            root,
            address,
            log,
            fault,
            late,
        }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets something go wrong from now on.
    pub fn fault(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
        self.log.lock().unwrap().writes = 0;
    }

    /// Tells whether a write is late.
    pub fn is_late(&self) -> bool {
        self.late.is_underway.load(Ordering::SeqCst)
    }

    /// Lets a write arrive that is late.
    pub fn release(&self) {
        self.late.arrives.add_permits(1);
    }

    /// Returns what was asked since this was called last.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.log.lock().unwrap().asked)
    }

    /// Puts an object there, as others do.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.root.join(BUCKET).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Returns every object below a prefix with its bytes.
    pub fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        tree::files(&self.root.join(BUCKET).join(prefix))
    }
}

async fn serve(
    listener: TcpListener,
    service: S3Service,
    log: Arc<Mutex<Log>>,
    fault: Arc<Mutex<Fault>>,
    late: Arc<Late>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (service, log, fault) = (service.clone(), Arc::clone(&log), Arc::clone(&fault));
        let late = Arc::clone(&late);
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let judged = judge(&request, &log, &fault);
                let (service, late) = (service.clone(), Arc::clone(&late));
                async move {
                    if matches!(judged, Judged::Delay) {
                        late.is_underway.store(true, Ordering::SeqCst);
                        late.arrives.acquire().await.unwrap().forget();
                        late.is_underway.store(false, Ordering::SeqCst);
                    }
                    match judged {
                        Judged::Serve | Judged::Delay => Ok(service
                            .call(request.map(s3s::Body::from))
                            .await
                            .unwrap_or_else(|_| failed())),
                        Judged::Fail => Ok(failed()),
                        Judged::NoBucket => Ok(no_bucket()),
                        Judged::BreakOff => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                    }
                }
            });
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

enum Judged {
    Serve,
    Delay,
    Fail,
    /// Of a bucket that is not there, which the server behind would make.
    NoBucket,
    BreakOff,
}

fn judge(request: &Request<Incoming>, log: &Mutex<Log>, fault: &Mutex<Fault>) -> Judged {
    let mut log = log.lock().unwrap();
    let path = request.uri().path();
    let name = path.strip_prefix(&format!("/{BUCKET}/"));
    log.asked.push(Asked {
        method: request.method().clone(),
        name: name.unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
    });
    if name.is_none() && path != format!("/{BUCKET}") {
        return Judged::NoBucket;
    }
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return Judged::Serve;
    }
    log.writes += 1;
    let mut fault = fault.lock().unwrap();
    match *fault {
        Fault::Late(most) if log.writes > most => {
            *fault = Fault::Nothing;
            Judged::Delay
        }
        Fault::After(most) if log.writes > most => Judged::Fail,
        Fault::BrokenOff(most) if log.writes > most && (log.writes - most) % 2 == 1 => Judged::BreakOff,
        Fault::First(count) if log.writes <= count => Judged::Fail,
        _ => Judged::Serve,
    }
}

fn failed() -> Response<s3s::Body> {
    let mut response = Response::new(s3s::Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// Returns what Amazon S3 answers of a bucket that is not there.
fn no_bucket() -> Response<s3s::Body> {
    let document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchBucket</Code>\
                    <Message>The specified bucket does not exist</Message></Error>";
    let mut response = Response::new(s3s::Body::from(document.to_owned()));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
