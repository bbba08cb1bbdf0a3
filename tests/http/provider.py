"""A small OpenID Connect provider on loopback: discovery, authorize, token, keys and user information.

It is honest unless a test tells it how to lie (`claims`, `header`, `issuer_said`, …).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "duban", "a secret of the client's"


@dataclass
class Provider:
    """The provider of one test: who signs in there next, and what it lies about."""

    url: str
    person: dict[str, Any] = field(default_factory=dict)  # claims about whoever is at the browser
    now: float = 0.0
    claims: dict[str, Any] = field(default_factory=dict)  # claims that replace the true ones; None takes one out
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = None  # another key than the published one
    issuer_said: str | None = None  # in the discovery document
    mail_in_token: bool = True
    session: str | None = None  # of whoever is at the browser
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def __post_init__(self) -> None:
        self.rotate()

    def rotate(self) -> None:
        """A new signing key."""
        self.published = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})

    def id_token(self, asked: dict[str, str]) -> str:
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "nonce": asked["nonce"],
            "sub": self.person["sub"],
            "sid": self.session,
        }
        claims |= {n: v for n, v in self.person.items() if self.mail_in_token or not n.startswith("email")}
        claims = {n: v for n, v in (claims | self.claims).items() if v is not None}
        header = {"alg": "RS256", "kid": self.published.kid} | self.header
        if header["alg"] in ("none", "HS256"):
            signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
            # Signed with the public key as if it were a shared secret.
            seal = hmac.new(self.published.as_pem(private=False), signed.encode(), "sha256").digest()
            return f"{signed}.{_base64(seal) if header['alg'] == 'HS256' else ''}"
        return jwt.encode(header, claims, self.key or self.published)

    def logout_token(self, **lies: Any) -> str:
        """What the provider sends when somebody has signed out; a lie replaces a claim, None takes it out."""
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": int(self.now),
            "exp": int(self.now) + 120,
            "jti": secrets.token_hex(8),
            "sub": self.person["sub"],
            "sid": self.session,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        claims = {n: v for n, v in (claims | lies).items() if v is not None}
        header = {"alg": "RS256", "kid": self.published.kid, "typ": "logout+jwt"}
        return jwt.encode(header, claims, self.key or self.published)


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        me = self.provider
        me.asked.append(parts.path)
        if me.down:
            return self._json({"error": "down"}, 503)
        match parts.path:
            case "/.well-known/openid-configuration":
                return self._json(
                    {
                        "issuer": me.issuer_said or me.url,
                        "authorization_endpoint": me.url + "/authorize",
                        "token_endpoint": me.url + "/token",
                        "jwks_uri": me.url + "/keys",
                        "userinfo_endpoint": me.url + "/userinfo",
                        "end_session_endpoint": me.url + "/end",
                    }
                )
            case "/authorize":
                code = secrets.token_urlsafe(16)
                me.codes[code] = query
                answer = urlencode({"code": code, "state": query["state"], "iss": me.url})
                self.send_response(302)
                self.send_header("Location", f"{query['redirect_uri']}?{answer}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None
            case "/keys":
                return self._json({"keys": [me.published.as_dict(private=False)]})
            case "/userinfo":
                return self._json(me.person)
        return self._json({"error": "not_found"}, 404)

    def do_POST(self) -> None:
        me = self.provider
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        me.asked.append("/token")
        asked = me.codes.pop(form.get("code", ""), None)
        challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        user, _, secret = (
            base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode().partition(":")
        )
        if (unquote(user), unquote(secret)) != (CLIENT, SECRET):
            return self._json({"error": "invalid_client"}, 401)
        if (
            asked is None
            or asked["redirect_uri"] != form["redirect_uri"]
            or (asked["code_challenge_method"], asked["code_challenge"]) != ("S256", challenge)
        ):
            return self._json({"error": "invalid_grant"}, 400)
        return self._json({"access_token": "access", "token_type": "Bearer", "id_token": me.id_token(asked)})

    def _json(self, value: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


def start() -> tuple[Provider, ThreadingHTTPServer]:
    """A provider on a free port; `shutdown` and `server_close` end it."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    provider = Provider(f"http://127.0.0.1:{server.server_address[1]}", now=time.time())
    handler.provider = provider
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return provider, server
