"""Writes oauth.json: access tokens and key sets, made by another implementation than ours.

Run in this folder, with the output committed. Keys and some signatures are random, so
that it is another file after every run:

    python3 -m venv venv && venv/bin/pip install pyjwt==2.15.1 cryptography
    venv/bin/python -W ignore make_oauth.py

It holds `now`, what the verifier's clock shows in Unix seconds, `sets` of keys (RFC 7517)
by name, and `cases`:
- name: what is odd about it;
- set: the name of the issuer's set;
- algorithms: those that the configuration takes;
- token: what comes after `Bearer`;
- expect: "accepted" or the reason of the refusal.

The configuration of every case demands the issuer ISSUER, the audience AUDIENCE and the
scope "webhook", with a leeway of 60 s.
"""

import base64
import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, RSAAlgorithm

NOW = 1_800_000_000
ISSUER = "https://issuer.example.com/"
AUDIENCE = "retort"

first = rsa.generate_private_key(public_exponent=65537, key_size=2048)
second = rsa.generate_private_key(public_exponent=65537, key_size=2048)
short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
curve = ec.generate_private_key(ec.SECP256R1())
other_curve = ec.generate_private_key(ec.SECP384R1())


def jwk(key, kid=None, **members):
    kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    made = json.loads(kind.to_jwk(key.public_key()))
    made.pop("key_ops", None)
    if kid is not None:
        made["kid"] = kid
    return made | members


def number(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


public = first.public_key().public_numbers()
oct_key = json.loads(HMACAlgorithm.to_jwk(b"a secret that was published"))
sets = {
    "all": [jwk(first, "r1", use="sig"), jwk(second, "r2", alg="PS256"), jwk(curve, "e1", alg="ES256")],
    "nameless": [jwk(second), jwk(first)],
    "odd": [
        {"kty": "AKP", "kid": "new", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "RSA", "kid": "half"},
        "not even an object",
        jwk(first, "x5c", x5c=7),
        oct_key | {"kid": "oct"},
        jwk(short, "short"),
        jwk(other_curve, "p384"),
        jwk(first, "enc", use="enc"),
        jwk(first, "ops", key_ops=["encrypt"]),
        jwk(first, "rs512", alg="RS512"),
        jwk(first, "hs256", alg="HS256"),
        jwk(first, "oaep", alg="RSA-OAEP"),
        jwk(first, "es256", alg="ES256"),
        jwk(first, "one", e="AQ"),
        jwk(first, "even", e="Ag"),
        jwk(curve, "cut", x=jwk(curve)["x"][:-2]),
        jwk(curve, "off the curve", y=jwk(curve)["x"]),
        # Zeros in front of a number (RFC 7518, 2, forbids them).
        jwk(first, "padded", n=number(b"\0" + public.n.to_bytes(256, "big"))),
        jwk(first, "verify", key_ops=["verify"]),
        jwk(second, "twice"),
        jwk(first, "twice"),
    ],
    "symmetric": [oct_key],
    "short": [jwk(short, "short")],
    "empty": [],
}

CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "scope": "openid webhook",
    "sub": "assistant",
    "iat": NOW - 10,
    "exp": NOW + 300,
}

cases = []


def case(name, expect, key=first, alg="RS256", kid="r1", set="all", algorithms=None, headers=None, token=None, **claims):
    merged = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    headers = {"typ": "at+jwt"} | ({"kid": kid} if kid else {}) | (headers or {})
    if token is None:
        # Not `jwt.encode`, which refuses some claims that a verifier may meet.
        payload = json.dumps(merged).encode()
        token = jwt.api_jws.encode(payload, key, algorithm=alg, headers=headers)
    algorithms = algorithms or ["RS256", "PS256", "ES256"]
    cases.append({"name": name, "set": set, "algorithms": algorithms, "token": token, "expect": expect})


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


good = "accepted"
case("RS256", good)
case("PS256 by a key for both", good, alg="PS256")
case("PS256 by a key for it", good, second, "PS256", "r2")
case("ES256", good, curve, "ES256", "e1")
case("RS256 by a key for PS256", "unknown key", second, "RS256", "r2")
case("ES256 that is not configured", "algorithm", curve, "ES256", "e1", algorithms=["RS256"])
case("PS256 that is not configured", "algorithm", alg="PS256", algorithms=["RS256", "ES256"])
case("RS384", "algorithm", alg="RS384")
case("RS512", "algorithm", alg="RS512")
case("the public key as a secret", "algorithm", jwk(first)["n"], "HS256")
case("alg none", "algorithm", token=part({"alg": "none", "kid": "r1"}) + "." + part(CLAIMS) + ".")
case("alg none with a signature", "algorithm", token=part({"alg": "none", "kid": "r1"}) + "." + part(CLAIMS) + ".AAAA")
case("an algorithm of nobody", "algorithm", token=part({"alg": "RS257", "kid": "r1"}) + "." + part(CLAIMS) + ".AAAA")
case("another key of that name", "signature", second)
case("a curve's key by the name of an RSA key", "unknown key", curve, "ES256", "r1")
case("a name that nobody has", "unknown key", kid="r9")
case("no name, and the second key fits", good, set="nameless", kid=None)
case("no name, and no key fits", "unknown key", short, set="nameless", kid=None)
case("a name, and the keys have none", "unknown key", set="nameless")
case("a name that two keys have", good, set="odd", kid="twice")
for kid in ["oct", "short", "enc", "ops", "rs512", "hs256", "oaep", "es256", "one", "even", "half", "x5c"]:
    case(f"a key that is not used: {kid}", "unknown key", set="odd", kid=kid)
case("a key that is not used: p384", "unknown key", curve, "ES256", "p384", set="odd")
case("a key that is not used: cut", "unknown key", curve, "ES256", "cut", set="odd")
case("a key off the curve", "signature", curve, "ES256", "off the curve", set="odd")
case("a key with a zero in front", good, set="odd", kid="padded")
case("a key to verify with", good, set="odd", kid="verify")
case("the published secret", "algorithm", b"a secret that was published", "HS256", "oct", set="odd")
case("crit", "crit", headers={"crit": ["exp"]})
case("a key of its own in the header", "signature", second, headers={"jwk": jwk(second)})
case("a place for keys in the header", "signature", second, headers={"jku": "http://127.0.0.1:1/"})
case("another issuer", "iss", iss="https://issuer.example.com")
case("no issuer", "iss", iss=None)
case("an issuer that is a list", "malformed", iss=[ISSUER])
case("another audience", "aud", aud="retort2")
case("no audience", "aud", aud=None)
case("one audience of several", good, aud=["other", AUDIENCE])
case("several other audiences", "aud", aud=["other", "retort "])
case("an audience that is a number", "malformed", aud=7)
case("another scope", "scope", scope="openid webhooks")
case("no scope", "scope", scope=None)
case("scopes as a list", good, scope=["openid", "webhook"])
case("scopes by another name", good, scope=None, scp="webhook")
case("scopes by another name as a list", good, scope=None, scp=["webhook"])
case("no exp", "no exp", exp=None)
case("expired", "expired", exp=NOW - 60)
case("expired within the leeway", good, exp=NOW - 59)
case("exp as a string", "malformed", exp=str(NOW + 300))
case("not yet valid", "not yet valid", nbf=NOW + 61)
case("two parts", "malformed", token="a.b")
case("garbage", "malformed", token="garbage")
case("five parts as an encrypted token", "malformed", token="a.b.c.d.e")
accepted = cases[0]["token"]
head, body, signature = accepted.split(".")
case("claims of another token", "signature", token=".".join([head, part(CLAIMS | {"sub": "x"}), signature]))
case("cut signature", "signature", token=accepted[:-2])
case("no signature", "signature", token=f"{head}.{body}.")
case("too long", "too long", note="x" * (16 << 10))

# For a verifier with the real clock.
far = 4_000_000_000
case("RS256 for long", good, exp=far)
case("PS256 for long", good, second, "PS256", "r2", exp=far)
case("ES256 for long", good, curve, "ES256", "e1", exp=far)

with open("oauth.json", "w", encoding="utf-8") as out:
    sets = {name: json.dumps({"keys": keys}) for name, keys in sets.items()}
    json.dump({"now": NOW, "issuer": ISSUER, "audience": AUDIENCE, "sets": sets, "cases": cases}, out, indent=1)
    out.write("\n")
