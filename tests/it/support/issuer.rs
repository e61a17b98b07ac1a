//! An authorization server: a real one on the loopback, over HTTPS with a certificate of
//! its own or over HTTP, that answers as the test says and remembers what it was asked.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Say {
    /// Answers with this status and body.
    Answer(u16, String),
    /// The same, after this time.
    Late(Duration, u16, String),
    /// Answers with a redirect to there.
    Redirect(String),
    /// Sends a body without an end.
    Endless,
    /// Says something that is not HTTP.
    Garbage,
    /// Takes the request and says nothing.
    Silence,
}

pub(crate) struct Issuer {
    address: SocketAddr,
    state: Arc<State>,
    tls: Option<Arc<ServerConfig>>,
    folder: TempDir,
    serving: Option<JoinHandle<()>>,
}

struct State {
    say: Mutex<Say>,
    asked: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl Issuer {
    /// Over HTTPS, with a certificate that only [`Self::ca`] vouches for.
    pub(crate) fn https(say: Say) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate.der().to_vec())],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            );
        Self::start(say, Some(Arc::new(config.unwrap())), folder)
    }

    /// Over HTTP.
    pub(crate) fn http(say: Say) -> Self {
        Self::start(say, None, tempfile::tempdir().unwrap())
    }

    fn start(say: Say, tls: Option<Arc<ServerConfig>>, folder: TempDir) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut issuer = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new(State {
                say: Mutex::new(say),
                asked: Mutex::default(),
                stopped: AtomicBool::new(false),
            }),
            tls,
            folder,
            serving: None,
        };
        issuer.serve(listener);
        issuer
    }

    fn serve(&mut self, listener: TcpListener) {
        let (state, tls) = (Arc::clone(&self.state), self.tls.clone());
        self.serving = Some(std::thread::spawn(move || {
            for stream in listener.incoming() {
                if state.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (state, tls) = (Arc::clone(&state), tls.clone());
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    // A caller that goes away is not this server's failure.
                    let _ = match tls {
                        None => state.answer(stream),
                        Some(tls) => {
                            let connection = ServerConnection::new(tls).unwrap();
                            state.answer(StreamOwned::new(connection, stream))
                        }
                    };
                });
            }
        }));
    }

    /// From now on it answers so.
    pub(crate) fn say(&self, say: Say) {
        *self.state.say.lock().unwrap() = say;
    }

    /// Closes its port.
    pub(crate) fn stop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        if let Some(serving) = self.serving.take() {
            let _ = TcpStream::connect(self.address);
            serving.join().unwrap();
        }
    }

    /// Opens it again.
    pub(crate) fn resume(&mut self) {
        self.state.stopped.store(false, Ordering::SeqCst);
        self.serve(TcpListener::bind(self.address).unwrap());
    }

    /// Every request so far: its head and its body.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> String {
        let scheme = self.tls.as_ref().map_or("http", |_| "https");
        format!("{scheme}://{}/path", self.address)
    }

    /// The file with the root of its certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl State {
    fn answer(&self, stream: impl Read + Write) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.split("content-length: ").nth(1);
        let length = length.map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let body = String::from_utf8(body).unwrap();
        self.asked.lock().unwrap().push(head + &body);
        let say = self.say.lock().unwrap().clone();
        let stream = stream.get_mut();
        match say {
            Say::Answer(status, body) => reply(stream, status, "", &body),
            Say::Late(time, status, body) => {
                std::thread::sleep(time);
                reply(stream, status, "", &body)
            }
            Say::Redirect(to) => reply(stream, 302, &format!("location: {to}\r\n"), ""),
            Say::Garbage => {
                stream.write_all(b"220 mail.example.com ESMTP\r\n\r\n")?;
                stream.flush()
            }
            Say::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"keys\":[")?;
                loop {
                    stream.write_all(&[b' '; 4096])?;
                }
            }
            Say::Silence => {
                // Until the caller closes.
                let _ = stream.read(&mut [0]);
                Ok(())
            }
        }
    }
}

fn reply(stream: &mut impl Write, status: u16, more: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} Such\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {length}\r\n{more}\r\n{body}"
    );
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// A key of an issuer's, for ES256, with its name.
pub(crate) struct Signer {
    key: EncodingKey,
    name: &'static str,
}

impl Signer {
    pub(crate) fn new(name: &'static str) -> Self {
        let pair = rcgen::KeyPair::generate().unwrap();
        Self {
            key: EncodingKey::from_ec_der(&pair.serialize_der()),
            name,
        }
    }

    /// An answer with the public keys of these.
    pub(crate) fn set(signers: &[&Self]) -> Say {
        Say::Answer(200, Self::json(signers))
    }

    pub(crate) fn json(signers: &[&Self]) -> String {
        let keys: Vec<_> = signers
            .iter()
            .map(|signer| {
                let mut jwk = Jwk::from_encoding_key(&signer.key, Algorithm::ES256).unwrap();
                jwk.common.key_id = Some(signer.name.to_owned());
                jwk
            })
            .collect();
        json!({ "keys": keys }).to_string()
    }

    /// A header's value with a token that is good for a minute, with these claims in the
    /// place of the usual ones; `null` leaves one out.
    pub(crate) fn bearer(&self, claims: Value) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let mut all = json!({
            "iss": "https://issuer.example.com",
            "aud": "retort",
            "scope": "openid webhook",
            "iat": now,
            "exp": now + 60,
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.name.to_owned());
        let token = jsonwebtoken::encode(&header, &all, &self.key).unwrap();
        format!("Bearer {token}")
    }
}
