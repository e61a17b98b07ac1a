// Node: client.mjs URL CA VERSION TOKEN prints the status of each case. Over HTTP/1.1 it is
// fetch, which is undici, over HTTP/2 the module node:http2. fetch has no Expect.

import { readFileSync } from "node:fs";
import http2 from "node:http2";

const [url, ca, version, token] = process.argv.slice(2);
const sample = (text) => `{"event":{"name":"message_processed"},"payload":{"text":"${text}"}}`;

async function byFetch(method, path, headers, body) {
  const answer = await fetch(url + path, { method, headers, body });
  const text = await answer.text();
  return { status: answer.status, length: answer.headers.get("content-length"), text };
}

const session = version === "h2" ? http2.connect(url, { ca: readFileSync(ca) }) : undefined;

function byHttp2(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": method, ":path": path, ...headers });
    let status, length, text = "";
    stream.on("response", (head) => {
      status = head[":status"];
      length = head["content-length"];
    });
    stream.on("data", (piece) => (text += piece));
    stream.on("end", () => resolve({ status, length, text }));
    stream.on("error", reject);
    // One that waits for the word sends nothing before it.
    if (headers.expect) stream.on("continue", () => stream.end(body));
    else stream.end(body);
  });
}

const ask = session ? byHttp2 : byFetch;
const good = { "content-type": "application/json", authorization: token };
const post = (body, more) => ask("POST", "/webhooks/a", { ...good, ...more }, body);

function show(name, answer) {
  console.log(name, answer.status);
}

function check(is, what) {
  if (!is) throw new Error(what);
}

show("GET", await ask("GET", "/healthz", {}));
const head = await ask("HEAD", "/healthz", {});
check(head.length === "3" && head.text === "", JSON.stringify(head));
show("HEAD", head);
show("HEAD-405", await ask("HEAD", "/webhooks/a", {}));
const answer = await post(sample("x"));
check(answer.text === sample("x"), answer.text);
show("POST", answer);
show("POST-401", await post(sample("x"), { authorization: "Bearer a.b.c" }));
show("POST-4MB", await post(sample("x".repeat(4_000_000))));
if (session) show("EXPECT", await post(sample("x"), { expect: "100-continue" }));
session?.close();
