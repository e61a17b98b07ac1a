"""Writes cases.json: tokens to verify, made by another implementation than ours.

Run in this folder, with the output committed; it is the same on every run:

    python3 -m venv venv && venv/bin/pip install pyjwt==2.15.1 cryptography
    venv/bin/python -W ignore make_tokens.py

A case holds
- name: what is odd about it;
- secrets: those of the assistant, newest first; a token by any of them is good;
- headers: the request's [name, value] pairs, in order;
- settings: require_exp, max_age_seconds (null for none) and leeway_seconds;
- now: what the verifier's clock shows, in Unix seconds;
- expect: "accepted" or the reason of the refusal, one of REASONS. Which reason is a
  matter of the verifier's order of checks; that it is a refusal is not;
- sendable: present and false where HTTP cannot carry the header's value, so that the
  case is for verifiers that are called with a string.

PyJWT makes every token that it is willing to make, and checks the signature of every
accepted one; the others are put together by hand.
"""

import base64
import hashlib
import hmac
import json

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

NOW = 1_800_000_000
SECRET = "purple unicorn"

REASONS = {
    "accepted",
    "no token",
    "more than one token",
    "token too long",
    "not a token",
    "another algorithm",
    "critical header not understood",
    "wrong signature",
    "claim is not a number",
    "no exp claim",
    "expired",
    "not yet valid",
    "no iat claim",
    "too old",
    "issued in the future",
}

cases = []


def case(name, expect, token=None, *, secrets=(SECRET,), headers=None, sendable=True, **settings):
    """Adds a case; a token goes raw into `Authorization` unless headers are given."""
    assert expect in REASONS, expect
    assert name not in [case["name"] for case in cases], name
    added = {
        "name": name,
        "secrets": list(secrets),
        "headers": [["Authorization", token]] if headers is None else headers,
        "settings": {
            "require_exp": settings.pop("require_exp", False),
            "max_age_seconds": settings.pop("max_age_seconds", None),
            "leeway_seconds": settings.pop("leeway_seconds", 0),
        },
        "now": NOW,
        "expect": expect,
    }
    assert not settings, settings
    if not sendable:
        added["sendable"] = False
    if expect == "accepted":
        check(added)
    cases.append(added)


def check(accepted):
    """PyJWT agrees that an accepted token was signed with one of the secrets."""
    [[_, value]] = accepted["headers"]
    for secret in accepted["secrets"]:
        try:
            return jwt.PyJWS().decode(value.split()[-1], secret, ["HS256"])
        except jwt.InvalidSignatureError:
            continue
    raise AssertionError(accepted["name"])


def signed(claims=None, secret=SECRET, algorithm="HS256", headers=None):
    """A token as PyJWT makes it; by default good for another 30 s."""
    claims = {"exp": NOW + 30} if claims is None else claims
    return jwt.encode(claims, secret, algorithm, headers=headers)


def by_hand(header, claims, secret=SECRET):
    """A token of any two texts or values, signed with HMAC-SHA256 whatever it says of itself."""
    text = f"{encoded(header)}.{encoded(claims)}"
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{text}.{base64url(hmac.digest(key, text.encode(), hashlib.sha256))}"


def encoded(part):
    if not isinstance(part, (str, bytes)):
        part = json.dumps(part, separators=(",", ":"))
    return base64url(part.encode() if isinstance(part, str) else part)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


HS256 = {"alg": "HS256", "typ": "JWT"}
FRESH = {"exp": NOW + 30}
good = signed()
good_header, good_claims, good_signature = good.split(".")
good_bytes = base64.urlsafe_b64decode(good_signature + "=")

# Where the token stands.
case("raw token", "accepted", good)
case("after Bearer", "accepted", f"Bearer {good}")
case("after bearer in lower case", "accepted", f"bearer {good}")
case("after BEARER and two spaces", "accepted", f"BEARER  {good}")
case("in a header named Authentication", "accepted", headers=[["Authentication", good]])
case("after Bearer in Authentication", "accepted", headers=[["Authentication", f"Bearer {good}"]])
case("header name in lower case", "accepted", headers=[["authorization", good]])
case("white space after the value is not part of it", "accepted", f"{good} ")
case("no header", "no token", headers=[])
case("empty value", "no token", "")
case("Bearer without a token", "no token", "Bearer")
case("Bearer and a space without a token", "no token", "Bearer ")
case("two Authorization headers", "more than one token", headers=[["Authorization", good]] * 2)
case("a good and a bad Authorization header", "more than one token",
     headers=[["Authorization", good], ["Authorization", "Basic dXNlcjpwYXNz"]])
case("both Authorization and Authentication", "more than one token",
     headers=[["Authorization", good], ["Authentication", good]])
case("both, and only the second is good", "more than one token",
     headers=[["Authorization", "x"], ["Authentication", good]])
case("Basic in place of a token", "not a token", "Basic dXNlcjpwYXNz")
case("another scheme before a good token", "not a token", f"JWT {good}")
case("two tokens in one header", "not a token", f"{good}, {good}")
case("space inside", "not a token", good.replace(".", ". ", 1))
case("line break inside", "not a token", good.replace(".", ".\n", 1), sendable=False)

# Secrets.
case("secret of one character", "accepted", signed(secret="x"), secrets=["x"])
case("secret of 1024 characters", "accepted", signed(secret="0123456789abcdef" * 64),
     secrets=["0123456789abcdef" * 64])
case("secret of 1024 characters of four bytes", "accepted", signed(secret="\U0001f984" * 1024),
     secrets=["\U0001f984" * 1024])
case("secret beyond ASCII", "accepted", signed(secret="lila Einhörner 紫の🦄"),
     secrets=["lila Einhörner 紫の🦄"])
case("secret with white space around and a line break inside", "accepted",
     signed(secret="  two\nlines "), secrets=["  two\nlines "])
case("secret without its white space", "wrong signature", signed(secret="two\nlines"),
     secrets=["  two\nlines "])
case("secret that looks like base64 is taken as it stands", "accepted",
     signed(secret="cHVycGxlIHVuaWNvcm4="), secrets=["cHVycGxlIHVuaWNvcm4="])
case("secret decoded from base64", "wrong signature", good, secrets=["cHVycGxlIHVuaWNvcm4="])
case("new secret while both count", "accepted", signed(secret="new"), secrets=["new", "old"])
case("old secret while both count", "accepted", signed(secret="old"), secrets=["new", "old"])
case("old secret when it counts no more", "wrong signature", signed(secret="old"), secrets=["new"])
case("wrong secret", "wrong signature", signed(secret="purple unicorm"))
case("only the beginning of the secret", "wrong signature", signed(secret="purple"))
case("empty secret", "wrong signature", by_hand(HS256, FRESH, secret=b""))

# Claims about time.
case("no exp", "accepted", signed({"sub": "assistant"}))
case("no claims", "accepted", signed({}))
case("exp in the future", "accepted", signed({"exp": NOW + 3600}))
case("exp in the past", "expired", signed({"exp": NOW - 1}))
case("exp is now", "expired", signed({"exp": NOW}))
case("exp in the past, within the leeway", "accepted", signed({"exp": NOW - 5}), leeway_seconds=10)
case("exp in the past, beyond the leeway", "expired", signed({"exp": NOW - 15}), leeway_seconds=10)
case("exp required and there", "accepted", good, require_exp=True)
case("exp required and absent", "no exp claim", signed({"sub": "assistant"}), require_exp=True)
case("exp required and null", "claim is not a number", signed({"exp": None}), require_exp=True)
case("exp is null", "claim is not a number", signed({"exp": None}))
case("exp as a string", "claim is not a number", signed({"exp": str(NOW + 30)}))
case("exp is true", "claim is not a number", signed({"exp": True}))
case("exp in a list", "claim is not a number", signed({"exp": [NOW + 30]}))
case("exp is zero", "expired", signed({"exp": 0}))
case("exp is negative", "expired", signed({"exp": -1}))
case("exp far below any clock", "expired", by_hand(HS256, '{"exp":-1e300}'))
case("exp with a fraction", "accepted", signed({"exp": NOW + 30.5}))
case("exp with a fraction in the past", "expired", signed({"exp": NOW - 30.5}))
case("exp with an exponent", "accepted", by_hand(HS256, '{"exp":1.80000003E9}'))
case("exp beyond 64 bits", "accepted", by_hand(HS256, '{"exp":99999999999999999999999}'))
case("exp far above any clock", "accepted", by_hand(HS256, '{"exp":1e300}'))
case("exp is the greatest 64-bit integer, with a leeway", "accepted",
     signed({"exp": 2**63 - 1}), leeway_seconds=60)
case("exp that is no JSON number", "not a token", by_hand(HS256, '{"exp":NaN}'))
case("exp twice, the last in the past", "expired",
     by_hand(HS256, f'{{"exp":{NOW + 30},"exp":{NOW - 30}}}'))
case("nbf in the past", "accepted", signed({"nbf": NOW - 30}))
case("nbf is now", "accepted", signed({"nbf": NOW}))
case("nbf in the future", "not yet valid", signed({"nbf": NOW + 5}))
case("nbf in the future, within the leeway", "accepted", signed({"nbf": NOW + 5}), leeway_seconds=10)
case("nbf as a string", "claim is not a number", signed({"nbf": str(NOW - 30)}))
case("nbf beyond 64 bits, with a leeway", "not yet valid",
     by_hand(HS256, '{"nbf":99999999999999999999999}'), leeway_seconds=10)
case("iat in the past", "accepted", signed({"iat": NOW - 86_400}))
case("maximum age with a fresh iat", "accepted", signed({"iat": NOW - 10}), max_age_seconds=300)
case("maximum age with an old iat", "too old", signed({"iat": NOW - 301}), max_age_seconds=300)
case("maximum age with an old iat, within the leeway", "accepted", signed({"iat": NOW - 305}),
     max_age_seconds=300, leeway_seconds=10)
case("maximum age with an old iat and exp in the future", "too old",
     signed({"iat": NOW - 301, "exp": NOW + 30}), max_age_seconds=300)
case("maximum age without iat", "no iat claim", good, max_age_seconds=300)
case("maximum age with iat in the future", "issued in the future", signed({"iat": NOW + 30}),
     max_age_seconds=300)
case("maximum age with iat in the future, within the leeway", "accepted", signed({"iat": NOW + 5}),
     max_age_seconds=300, leeway_seconds=10)
case("maximum age with iat as a string", "claim is not a number", signed({"iat": str(NOW)}),
     max_age_seconds=300)
case("maximum age with a negative iat", "too old", signed({"iat": -1}), max_age_seconds=300)
case("claims as a vendor's client sends them", "accepted",
     signed({"sub": "assistant", "iss": "watsonx", "exp": NOW + 30}))
case("claims as a vendor's client sends them, a minute later", "expired",
     signed({"sub": "assistant", "iss": "watsonx", "exp": NOW - 30}), require_exp=True)
case("claims that nobody asked for", "accepted",
     signed({"sub": 7, "aud": ["a", "b"], "jti": {}, "admin": True, "é": "\u0000", "exp": NOW + 30}))

# Algorithms.
for name in ["none", "None", "NONE", "nOnE", ""]:
    claims = encoded(FRESH)
    head = encoded({"alg": name, "typ": "JWT"})
    case(f"alg `{name}` without a signature", "another algorithm", f"{head}.{claims}.")
case("alg `none` by PyJWT itself", "another algorithm", signed(secret=None, algorithm="none"))
case("alg `none` with a good signature", "another algorithm", by_hand({"alg": "none"}, FRESH))
case("alg `HS384`", "another algorithm", signed(algorithm="HS384"))
case("alg `HS512`", "another algorithm", signed(algorithm="HS512"))
case("alg `hs256` in lower case", "another algorithm", by_hand({"alg": "hs256"}, FRESH))
case("alg absent", "another algorithm", by_hand({"typ": "JWT"}, FRESH))
case("alg null", "another algorithm", by_hand({"alg": None}, FRESH))
case("alg a list", "another algorithm", by_hand({"alg": ["HS256"]}, FRESH))
case("alg twice, the last `none`", "another algorithm", by_hand('{"alg":"HS256","alg":"none"}', FRESH))


def weak_rsa_key():
    """A key of two known primes: no secret, and the same on every run."""
    p, q, e = 2**2203 - 1, 2**1279 - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


key = weak_rsa_key()
public_text = key.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
).decode()
case("alg `RS256` with a key of one's own", "another algorithm", signed(secret=key, algorithm="RS256"))
case("alg `RS256` where the secret is the public key's text", "another algorithm",
     signed(secret=key, algorithm="RS256"), secrets=[public_text])
case("alg `RS256`, but HMAC by the public key's text", "another algorithm",
     by_hand({"alg": "RS256", "typ": "JWT"}, FRESH, secret=public_text), secrets=[public_text])

# Other members of the header.
case("no typ", "accepted", by_hand({"alg": "HS256"}, FRESH))
case("white space in the header", "accepted", by_hand('\n{ "typ" : "JWT", "alg" : "HS256" }\n', FRESH))
case("alg written with escapes", "accepted", by_hand('{"\\u0061lg":"\\u0048S256"}', FRESH))
case("header members that nobody asked for", "accepted",
     signed(headers={"x-count": 1, "x-list": [{}, None], "é": "ü"}))
case("kid that is a path", "accepted", signed(headers={"kid": "../../dev/null"}))
case("jku that names another's keys", "accepted", signed(headers={"jku": "https://example.com/keys"}))
case("jwk that holds a key", "accepted",
     signed(headers={"jwk": {"kty": "oct", "k": base64url(b"another secret")}}))
case("jwk that holds the key that signed", "wrong signature",
     signed(secret="another secret", headers={"jwk": {"kty": "oct", "k": base64url(b"another secret")}}))
# RFC 7515, 4.1.11: a token with a critical header that is not understood must be refused,
# and `crit` must not be empty.
case("crit with a name of one's own", "critical header not understood",
     by_hand({**HS256, "crit": ["example"], "example": 1}, FRESH))
case("crit with exp", "critical header not understood",
     by_hand({**HS256, "crit": ["exp"], "exp": NOW + 30}, FRESH))
case("crit with b64", "critical header not understood",
     by_hand({**HS256, "crit": ["b64"], "b64": False}, FRESH))
case("crit that is empty", "critical header not understood", by_hand({**HS256, "crit": []}, FRESH))

# Signatures.
case("signature stripped", "wrong signature", f"{good_header}.{good_claims}.")
case("signature stripped with its dot", "not a token", f"{good_header}.{good_claims}")
for name, data in [
    ("signature truncated to half", good_bytes[:16]),
    ("signature short of one byte", good_bytes[:-1]),
    ("signature with a byte more", good_bytes + b"x"),
]:
    case(name, "wrong signature", f"{good_header}.{good_claims}.{base64url(data)}")
case("signature of another token", "wrong signature",
     f"{good_header}.{good_claims}.{signed({}).split('.')[2]}")
# The header is read before anybody knows who wrote it: this one must not exhaust a stack.
case("header of 2,000 nested lists", "wrong signature",
     by_hand('{"alg":"HS256","x":' + "[" * 2000 + "]" * 2000 + "}", FRESH, secret="not the secret"))
case("claims altered", "wrong signature",
     f"{good_header}.{encoded({'exp': NOW + 31})}.{good_signature}")
case("header altered", "wrong signature", f"{encoded({'alg': 'HS256'})}.{good_claims}.{good_signature}")

# Texts that are not tokens. RFC 7515 knows neither padding nor other alphabets, and a
# second spelling of the same token would get past a guard against replays.
case("garbage", "not a token", "garbage")
case("only dots", "not a token", "..")
case("four parts", "not a token", f"{good}.")
case("five parts, as an encrypted token", "not a token", f"{good}.{good_claims}.{good_signature}")
case("header not base64", "not a token", f"{{}}.{good_claims}.{good_signature}")
case("header not JSON", "not a token", by_hand("not JSON", FRESH))
case("header not an object", "not a token", by_hand([HS256], FRESH))
case("header not UTF-8", "not a token", by_hand(b'{"alg":"HS256","x":"\xff"}', FRESH))
case("header empty", "not a token", by_hand("", FRESH))
case("claims not JSON", "not a token", by_hand(HS256, "not JSON"))
case("claims cut off", "not a token", by_hand(HS256, '{"exp":'))
case("claims with more behind them", "not a token", by_hand(HS256, f'{{"exp":{NOW + 30}}} {{}}'))
case("claims a list", "not a token", by_hand(HS256, [FRESH]))
case("claims a string", "not a token", by_hand(HS256, '"exp"'))
case("claims null", "not a token", by_hand(HS256, "null"))
case("claims empty", "not a token", by_hand(HS256, ""))
case("signature not base64", "not a token", f"{good_header}.{good_claims}.!!!")
case("base64 with padding", "not a token", f"{good}=")


def other_spelling(text):
    """The same bytes, with one of the bits set that base64 leaves unused at the end."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(text[-1])
    assert len(text.rpartition(".")[2]) % 4 == 3 and last % 4 == 0
    return text[:-1] + alphabet[last + 1]


case("base64 with unused bits set", "not a token", other_spelling(good))
token = next(token for n in range(100) if {"-", "_"} <= set((token := signed({"n": n})).split(".")[2]))
case("base64 with minus and underscore", "accepted", token)
case("base64 of the other alphabet", "not a token", token.replace("-", "+").replace("_", "/"))
case("very long", "token too long", signed({"exp": NOW + 30, "filler": "x" * 75_000}))
case("very long and without dots", "token too long", "A" * 20_000)

with open("cases.json", "w", encoding="utf-8") as file:
    lines = [json.dumps(case, ensure_ascii=False) for case in cases]
    file.write("[\n" + ",\n".join(lines) + "\n]\n")
print(len(cases), "cases")
