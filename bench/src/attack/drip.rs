//! Connections that say little: they take what a server keeps for a caller, and give it
//! nothing to answer.

use super::client::Target;
use super::threads::{self, Runner};
use crate::Result;
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// What such a connection says.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Nothing,
    HalfAHead,
    HalfABody,
    AHeadByBytes,
    ABodyByBytes,
    /// That it speaks HTTP/2, and no more.
    APreface,
}

/// They are held in equal numbers.
const KINDS: [Kind; 6] = [
    Kind::Nothing,
    Kind::HalfAHead,
    Kind::HalfABody,
    Kind::AHeadByBytes,
    Kind::ABodyByBytes,
    Kind::APreface,
];

/// How the reports call them.
pub(crate) const IN_WORDS: &str = "in equal numbers they say nothing, send half a head, half a \
    body, a head and a body by one byte a second, and the preface of HTTP/2 alone; the bodies \
    come after a head with a valid token";

/// Between two bytes of those that drip.
const DRIP: Duration = Duration::from_secs(1);

/// Before one that was closed comes again.
const PAUSE: Duration = Duration::from_millis(200);

/// RFC 9113, 3.4: what a client begins with, and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// What has become of the connections.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Those that are open now, or were at the end.
    open: Cell<usize>,
    /// How often the server closed one; it then came again.
    closed: Cell<usize>,
    /// How often one could not be made.
    refused: Cell<usize>,
}

impl Held {
    pub(crate) fn in_words(&self) -> String {
        format!(
            "{} open at the end, {} closed by the server and made anew, {} refused",
            self.open.get(),
            self.closed.get(),
            self.refused.get()
        )
    }
}

/// Connections that are held until they are dropped.
pub(crate) struct Holding {
    stop: oneshot::Sender<()>,
    runner: Runner<Held>,
}

impl Holding {
    /// Makes them, some thousands a second, and keeps up their number. The target is
    /// one whose answer nobody looks at.
    pub(crate) fn start(target: &Target, connections: usize, nice: i32) -> Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let words = Words::of(target);
        let runner = threads::start("drip", nice, async move || {
            hold(words, connections, stopped).await
        })?;
        Ok(Self { stop, runner })
    }

    /// Closes them all.
    pub(crate) fn stop(self) -> Result<Held> {
        // One that has failed says so below.
        let _ = self.stop.send(());
        self.runner.finish()
    }
}

/// A request in parts.
struct Words {
    address: SocketAddr,
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Words {
    fn of(target: &Target) -> Self {
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\nauthorization: {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            target.path,
            target.token,
            target.body.len()
        );
        Self {
            address: target.address,
            head: head.into_bytes(),
            body: target.body.to_vec(),
        }
    }

    /// What is said at once, and what byte by byte.
    fn said(&self, kind: Kind) -> (Vec<u8>, &[u8]) {
        let half = |text: &[u8]| {
            text.iter()
                .take(text.len() / 2)
                .copied()
                .collect::<Vec<_>>()
        };
        match kind {
            Kind::Nothing => (Vec::new(), &[]),
            Kind::HalfAHead => (half(&self.head), &[]),
            Kind::HalfABody => ([self.head.clone(), half(&self.body)].concat(), &[]),
            Kind::AHeadByBytes => (Vec::new(), &self.head),
            Kind::ABodyByBytes => (self.head.clone(), &self.body),
            Kind::APreface => (PREFACE.to_vec(), &[]),
        }
    }
}

async fn hold(words: Words, connections: usize, stopped: oneshot::Receiver<()>) -> Held {
    let (words, held) = (Rc::new(words), Rc::new(Held::default()));
    let mut all = JoinSet::new();
    let make = async {
        for (number, kind) in (0..connections).zip(KINDS.into_iter().cycle()) {
            let (words, held) = (Rc::clone(&words), Rc::clone(&held));
            all.spawn_local(async move {
                loop {
                    hold_one(&words, kind, &held).await;
                    tokio::time::sleep(PAUSE).await;
                }
            });
            // A listener's queue holds about a thousand that are not accepted yet.
            if number % 8 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = make => {}
        // A sender that is gone says the same.
        _ = stopped => {}
    }
    let (open, closed, refused) = (held.open.get(), held.closed.get(), held.refused.get());
    all.shutdown().await;
    Held {
        open: open.into(),
        closed: closed.into(),
        refused: refused.into(),
    }
}

/// Holds one connection until the server closes it.
async fn hold_one(words: &Words, kind: Kind, held: &Held) {
    let Ok(mut stream) = TcpStream::connect(words.address).await else {
        held.refused.update(|count| count + 1);
        return;
    };
    held.open.update(|count| count + 1);
    // Whatever is wrong with it, it is not open any more.
    let _ = talk(&mut stream, words.said(kind)).await;
    held.open.update(|count| count - 1);
    held.closed.update(|count| count + 1);
}

async fn talk(stream: &mut TcpStream, said: (Vec<u8>, &[u8])) -> std::io::Result<()> {
    let (at_once, by_bytes) = said;
    stream.write_all(&at_once).await?;
    let mut drops = by_bytes.chunks(1);
    let mut answer = [0; 512];
    loop {
        tokio::select! {
            read = stream.read(&mut answer) => {
                if read? == 0 {
                    return Ok(());
                }
            }
            () = tokio::time::sleep(DRIP) => {
                if let Some(drop) = drops.next() {
                    stream.write_all(drop).await?;
                }
            }
        }
    }
}
