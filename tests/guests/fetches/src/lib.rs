//! Sends the requests that its payload names, over `wasi:http` as it is, without a client
//! that would refuse anything, and answers with what came of each: `status`, `body` (its
//! first 10,000 bytes), `bytes` and `headers`, or `error`, the code's debug form; a body
//! that broke off has all of them. No fault should come of it but "timed-out", and "failed"
//! or "trapped" where that is wanted.
//!
//! Payload: `requests`, an array of objects with `scheme` ("http"), `authority`, `path`
//! ("/"), `method` ("GET"), `headers` ({}), `send` (bytes of a body; none where absent),
//! `length` (the content-length, where it is said), `first_byte` and `between_bytes`
//! (milliseconds), `traps` (whether it ends within its body). `at_once`: whether all are sent before the first answer is waited for.
//! `keep`: whether answers are kept unread until the end. `fail`: whether an error is the
//! plugin's failure, as it would be that of a plugin which needs the answer.

use bare::{Answer, Failure, Invocation, Outcome};
use serde_json::{Map, Value, json};
use wasip2::http::outgoing_handler::{self, FutureIncomingResponse};
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme, http_error_code,
};
use wasip2::io::streams::StreamError;

bare::guest!(transform);

fn transform(_invocation: Invocation, payload: String) -> Answer {
    let plan: Value = serde_json::from_str(&payload).unwrap();
    let requests = plan["requests"].as_array().unwrap();
    let (at_once, keep) = (plan["at_once"] == true, plan["keep"] == true);
    let mut kept = Vec::new();
    let mut finish = |sent| {
        let mut result = Map::new();
        match wait(sent) {
            Err(error) => drop(result.insert("error".into(), error.into())),
            Ok(response) => {
                result.insert("status".into(), response.status().into());
                if keep {
                    kept.push(response);
                } else {
                    read(&response, &mut result);
                }
            }
        }
        Value::Object(result)
    };
    let results: Vec<_> = if at_once {
        let sent: Vec<_> = requests.iter().map(send).collect();
        sent.into_iter().map(finish).collect()
    } else {
        requests
            .iter()
            .map(|request| finish(send(request)))
            .collect()
    };
    let error = results.iter().find_map(|result| result["error"].as_str());
    if let Some(error) = error.filter(|_| plan["fail"] == true) {
        return Err(Failure::ServiceFailed(error.to_owned()));
    }
    Ok(Outcome::Replaced(json!({ "results": results }).to_string()))
}

fn said(error: &ErrorCode) -> String {
    format!("{error:?}")
}

type Sent = Result<FutureIncomingResponse, String>;

fn send(request: &Value) -> Sent {
    let text = |name: &str, default: &str| request[name].as_str().unwrap_or(default).to_owned();
    let headers = Fields::new();
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap().as_bytes();
        if let Err(error) = headers.append(name, value) {
            return Err(format!("{error:?}"));
        }
    }
    if let Some(length) = request["length"].as_u64() {
        headers
            .append("content-length", length.to_string().as_bytes())
            .unwrap();
    }
    let outgoing = OutgoingRequest::new(headers);
    let method = match text("method", "GET").as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "CONNECT" => Method::Connect,
        "TRACE" => Method::Trace,
        other => Method::Other(other.to_owned()),
    };
    let scheme = match text("scheme", "http").as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let set = outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(&text("authority", ""))))
        .and_then(|()| outgoing.set_path_with_query(Some(&text("path", "/"))));
    if set.is_err() {
        return Err("not a request".to_owned());
    }
    let options = RequestOptions::new();
    let nanoseconds = |name: &str| request[name].as_u64().map(|it| it * 1_000_000);
    options
        .set_first_byte_timeout(nanoseconds("first_byte"))
        .unwrap();
    options
        .set_between_bytes_timeout(nanoseconds("between_bytes"))
        .unwrap();
    let body = request["send"]
        .as_u64()
        .map(|bytes| (outgoing.body().unwrap(), bytes));
    let sent = outgoing_handler::handle(outgoing, Some(options)).map_err(|it| said(&it))?;
    if let Some((body, bytes)) = body {
        write(&body, bytes);
        assert!(request["traps"] != true, "it ends within its body");
        // What is wrong with it, the answer says.
        let _ = OutgoingBody::finish(body, None);
    }
    Ok(sent)
}

/// Writes so many bytes, as far as anybody takes them.
fn write(body: &OutgoingBody, mut bytes: u64) {
    let stream = body.write().unwrap();
    while bytes > 0 {
        let chunk = bytes.min(4096);
        if stream
            .blocking_write_and_flush(&vec![b'x'; chunk as usize])
            .is_err()
        {
            return;
        }
        bytes -= chunk;
    }
}

fn wait(sent: Sent) -> Result<IncomingResponse, String> {
    let sent = sent?;
    sent.subscribe().block();
    sent.get().unwrap().unwrap().map_err(|error| said(&error))
}

fn read(response: &IncomingResponse, result: &mut Map<String, Value>) {
    let headers = response.headers().entries();
    let headers: Map<_, _> = headers
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into()))
        .collect();
    result.insert("headers".into(), headers.into());
    let body = response.consume().unwrap();
    let (mut start, mut bytes) = (Vec::new(), 0);
    let stream = body.stream().unwrap();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(chunk) => {
                bytes += chunk.len();
                start.extend(chunk.into_iter().take(10_000 - start.len()));
            }
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                let code = http_error_code(&error).map(|code| said(&code));
                let text = code.unwrap_or_else(|| error.to_debug_string());
                result.insert("error".into(), text.into());
                break;
            }
        }
    }
    drop(stream);
    drop(IncomingBody::finish(body));
    result.insert("bytes".into(), bytes.into());
    result.insert("body".into(), String::from_utf8_lossy(&start).into());
}
