//! Services that plugins call: real servers on the loopback, good ones and bad ones.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as the service got it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Of the connections, from 0.
    pub(crate) connection: usize,
    /// The request line and the header lines, without the last, empty one.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// The values of a header, whose name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1);
        lines
            .filter_map(|line| line.split_once(':'))
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    }
}

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    opened: usize,
    closed: usize,
}

/// A service that lives as long as the test's process.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Upstream {
    /// Speaks HTTP. What is written for a request is the answer, whatever it is.
    pub(crate) fn start(answer: impl Fn(&Seen, &mut dyn Write) + Clone + Send + 'static) -> Self {
        Self::listen(answer, |socket| Box::new(socket))
    }

    /// The same over TLS, with `cert.pem` and `key.pem` of a folder.
    pub(crate) fn start_tls(
        folder: &Path,
        answer: impl Fn(&Seen, &mut dyn Write) + Clone + Send + 'static,
    ) -> Self {
        let certificate = CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        Self::listen(answer, move |socket| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            Box::new(StreamOwned::new(connection, socket))
        })
    }

    fn listen(
        answer: impl Fn(&Seen, &mut dyn Write) + Clone + Send + 'static,
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (answer, wrap, state) = (answer.clone(), wrap.clone(), Arc::clone(&shared));
                std::thread::spawn(move || {
                    let connection = {
                        let mut state = state.lock().unwrap();
                        state.opened += 1;
                        state.opened - 1
                    };
                    let mut stream = BufReader::new(wrap(socket.unwrap()));
                    while let Some(seen) = read(&mut stream, connection) {
                        state.lock().unwrap().seen.push(seen.clone());
                        answer(&seen, stream.get_mut());
                        let _ = stream.get_mut().flush();
                        if seen.header("connection") == ["close"] {
                            break;
                        }
                    }
                    state.lock().unwrap().closed += 1;
                });
            }
        });
        Self { address, state }
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// How many connections there have been.
    pub(crate) fn opened(&self) -> usize {
        self.state.lock().unwrap().opened
    }

    /// Waits until so many connections have ended on the other side.
    #[track_caller]
    pub(crate) fn wait_closed(&self, count: usize) {
        let start = Instant::now();
        while self.state.lock().unwrap().closed < count {
            assert!(start.elapsed() < PATIENCE, "the connection is still open");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until so many requests have come.
    #[track_caller]
    pub(crate) fn wait_seen(&self, count: usize) {
        let start = Instant::now();
        while self.seen().len() < count {
            assert!(start.elapsed() < PATIENCE, "no request has come");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// Reads one request; nothing, if there is none any more.
fn read(stream: &mut BufReader<Box<dyn Stream>>, connection: usize) -> Option<Seen> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut seen = Seen {
        connection,
        head: head.trim_end().to_owned(),
        body: Vec::new(),
    };
    if let [length] = seen.header("content-length")[..] {
        seen.body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut seen.body).ok()?;
    } else if seen.header("transfer-encoding") == ["chunked"] {
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).ok()?;
            let length = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; length + 2];
            stream.read_exact(&mut chunk).ok()?;
            if length == 0 {
                break;
            }
            seen.body.extend_from_slice(&chunk[..length]);
        }
    }
    Some(seen)
}

/// A good answer with these header lines, each with its line end.
pub(crate) fn answer(out: &mut dyn Write, status: &str, lines: &str, body: &str) {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{lines}\r\n");
    out.write_all((head + body).as_bytes()).unwrap();
}
