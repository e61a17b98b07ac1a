//! A bare connection: for callers who speak HTTP badly, slowly, or not to the end.

use super::Answer;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Opens a connection and sends the first bytes over it.
    pub(crate) fn with(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Self {
        let mut connection = Self::open(address);
        connection.send(bytes);
        connection
    }

    /// Sends bytes. A server that has closed the connection is not a failure here: what
    /// it has answered says whether it was right.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// Closes this side for writing, as a caller does who has sent what it had.
    pub(crate) fn finish(&mut self) {
        self.stream.get_mut().shutdown(Shutdown::Write).unwrap();
    }

    /// Reads one answer, a `100 Continue` included.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        let status = self.line();
        let mut words = status.splitn(3, ' ');
        assert!(words.next().unwrap().starts_with("HTTP/1."), "{status:?}");
        let status = words.next().unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else {
                assert_eq!(line, "", "not a header");
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        Answer {
            status,
            headers,
            body,
        }
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => panic!("the connection was closed instead of answered"),
            Ok(_) => line.trim_end_matches(['\r', '\n']).to_owned(),
            Err(error) => panic!("{error} after {line:?}"),
        }
    }

    /// Waits until the server closes the connection, and returns what came before.
    #[track_caller]
    pub(crate) fn closed(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return rest,
                Ok(length) => rest.extend_from_slice(&chunk[..length]),
                // A server that has not read everything closes with a reset.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return rest,
                Err(error) => panic!("not closed: {error}"),
            }
        }
    }
}

/// A POST as it stands on the wire: these lines behind the host's, then the body.
pub(crate) fn post(path: &str, lines: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut lines = lines.trim().replace('\n', "\r\n");
    if !lines.is_empty() {
        lines.push_str("\r\n");
    }
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{lines}\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body.as_ref());
    bytes
}

/// A good POST of this body, with its length.
pub(crate) fn post_body(path: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    post(path, &format!("content-length: {}", body.len()), body)
}
