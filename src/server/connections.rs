//! Connections: how many, how long a silent client is waited for, and how they end.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{self, Sleep};

use super::Limits;

/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 32 << 10;

/// Bytes of an answer that wait in the system until the client has room for them: of megabytes nobody would see for long that a slow
/// client takes some. Linux asks for more when half of them are gone, and may have filled one segment of 64 KiB beyond, so that a client
/// that takes 128 KiB in the time is seen to take something.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 32 << 10;

/// How long is waited where the system has no more connections to give.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Takes connections until `shutdown` is there, and then waits until those that were taken have their answers.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let (ending, ended) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        let taken = tokio::select! {
            () = &mut shutdown => break,
            taken = taken(&listener, &room) => taken,
        };
        let Ok((stream, turn)) = taken else {
            time::sleep(EXHAUSTED).await;
            continue;
        };
        let (router, ended) = (router.clone(), ended.clone());
        tokio::spawn(async move {
            connection(stream, router, limits.time, ended).await;
            drop(turn);
        });
    }
    drop((listener, ended));
    let _ = ending.send(());
    // Each holds the other end for as long as it is open. A body and an answer have the time each, and one to be sent.
    let _ = time::timeout(limits.time * 3, ending.closed()).await;
}

async fn taken(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let turn = Arc::clone(room).acquire_owned().await;
    let turn = turn.expect("nobody closes the semaphore");
    let (stream, _) = listener.accept().await?;
    Ok((stream, turn))
}

async fn connection(stream: TcpStream, router: Router, time: Duration, mut ended: watch::Receiver<()>) {
    // Answers go out whole; there is nothing to gather.
    let _ = stream.set_nodelay(true);
    hold_little(&stream);
    let spoke = Arc::new(AtomicBool::new(false));
    let stream = Patient {
        stream,
        time,
        stalled: None,
        spoke: Arc::clone(&spoke),
    };
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // A client that has said all it will say is answered.
        .half_close(true)
        .header_read_timeout(time)
        .max_buf_size(LONGEST_HEAD);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    tokio::select! {
        // What the client did wrong is nobody else's concern.
        _ = &mut served => return,
        _ = ended.changed() => {}
    }
    // A browser opens connections that it may need; nothing is owed to one that asked nothing.
    if spoke.load(Ordering::Relaxed) {
        served.as_mut().graceful_shutdown();
        let _ = served.await;
    }
}

/// Has the system keep little of an answer beside what is under way to the client. Where a system cannot, a slow client has to take
/// more in the time.
#[cfg(target_os = "linux")]
fn hold_little(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
}

#[cfg(not(target_os = "linux"))]
fn hold_little(_: &TcpStream) {}

/// A connection that is given up where the client takes too little of an answer for too long.
struct Patient {
    stream: TcpStream,
    time: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    /// Whether the client has sent anything.
    spoke: Arc<AtomicBool>,
}

impl Patient {
    fn in_time<T>(&mut self, poll: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled = None;
            return poll;
        }
        let time = self.time;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(time::sleep(time)));
        match stalled.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.spoke.store(true, Ordering::Relaxed);
        }
        poll
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(poll, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.in_time(poll, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
