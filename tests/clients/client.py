"""Python's httpx: client.py URL CA VERSION TOKEN prints the status of each case."""

import ssl
import sys

import httpx

url, ca, version, token = sys.argv[1:]
context = ssl.create_default_context(cafile=ca) if url.startswith("https") else False
if context:
    # The certificate of the tests is its own root, and has no key identifiers.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
http2 = version == "h2"
client = httpx.Client(http1=not http2, http2=http2, verify=context, timeout=15, trust_env=False)
webhook = url + "/webhooks/a"
sample = '{"event":{"name":"message_processed"},"payload":{"text":"%s"}}'
good = {"content-type": "application/json", "authorization": token}


def show(case, answer):
    assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1"), answer.http_version
    print(case, answer.status_code, flush=True)


def post(body, **more):
    return client.post(webhook, content=body, headers=good | more)


show("GET", client.get(url + "/healthz"))
head = client.head(url + "/healthz")
assert head.headers["content-length"] == "3" and head.content == b"", head.headers
show("HEAD", head)
show("HEAD-405", client.head(webhook))
answer = post(sample % "x")
assert answer.text == sample % "x", answer.text
show("POST", answer)
show("POST-401", post(sample % "x", authorization="Bearer a.b.c"))
show("POST-4MB", post(sample % ("x" * 4_000_000)))
show("EXPECT", post(sample % "x", expect="100-continue"))
