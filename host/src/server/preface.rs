//! Which version of HTTP a connection speaks, by its first bytes.

use bytes::{Buf, Bytes};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What every connection over HTTP/2 begins with (RFC 9113, 3.4), and no request over
/// HTTP/1 does.
const HTTP2: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads until it can be told whether it is HTTP/2. The stream still has all its bytes.
pub(super) async fn read<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<(bool, Prefixed<S>)> {
    let mut first = Vec::with_capacity(HTTP2.len());
    let is_http2 = loop {
        let missing = HTTP2.len() - first.len();
        let mut next = (&mut stream).take(u64::try_from(missing).unwrap_or(0));
        let ended = next.read_buf(&mut first).await? == 0;
        if ended || !HTTP2.starts_with(&first) {
            break false;
        }
        if first.len() == HTTP2.len() {
            break true;
        }
    };
    Ok((is_http2, Prefixed::new(first, stream)))
}

/// A stream of which the first bytes were read already.
pub(super) struct Prefixed<S> {
    first: Bytes,
    stream: S,
}

impl<S> Prefixed<S> {
    pub(super) fn new(first: Vec<u8>, stream: S) -> Self {
        Self {
            first: first.into(),
            stream,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.first.len().min(buffer.remaining());
        buffer.put_slice(&self.first.copy_to_bytes(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(bytes: &[u8]) -> (bool, Vec<u8>) {
        let (is_http2, mut stream) = read(bytes).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        (is_http2, all)
    }

    #[tokio::test]
    async fn the_first_bytes_tell_the_version_and_are_not_lost() {
        let http2 = [&HTTP2[..], b"and more"].concat();
        for (bytes, is_http2) in [
            (&http2[..], true),
            (b"POST / HTTP/1.1\r\n\r\n", false),
            (b"PRI / HTTP/1.1\r\n\r\n", false),
            (b"PRI * HTTP/2.0\r\n\r\nSM", false),
            (b"", false),
        ] {
            assert_eq!(read_all(bytes).await, (is_http2, bytes.to_vec()));
        }
    }
}
