"""An office's own identity provider over OpenID Connect: authorization code with PKCE, and everything about the answer
checked that the standard asks for (OpenID Connect Core 1.0, 3.1.3.7; RFC 7636; RFC 9207).
"""

from __future__ import annotations

import datetime as dt
import secrets
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

from duban.errors import DubanError

#: Signatures that are taken: by a key pair of the provider's. Never `none`, never a shared secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_SECONDS = 60
PATIENCE_SECONDS = 10.0
MOST_BYTES = 1024 * 1024


class ProviderAway(DubanError):
    """The identity provider {issuer} cannot be used: {reason}.

    Sign in with a password, or ask whoever runs the provider; `DUBAN_OIDC_ISSUER` must be its exact issuer address.
    """

    code = "provider_away"
    status = 502


class ProviderRefused(DubanError):
    """The sign-in at the identity provider did not succeed: {reason}.

    Begin again from the sign-in page; if it happens again, give the administrator the time.
    """

    code = "provider_refused"
    status = 401


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows duban as. Without a secret it is a public client that PKCE alone protects."""

    issuer: str
    client_id: str
    client_secret: str | None
    scope: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in on its way: where to send the browser, and what its answer is held against."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who the provider says has signed in. `mail` is there only if the provider has verified it; in lower case."""

    issuer: str
    subject: str
    mail: str | None
    shown: str  # how to name them to an administrator: the address, verified or not, or the subject
    session: str | None = None  # theirs at the provider, where it names one (`sid`)


class Provider:
    """One provider. Its metadata and keys are read once and kept; an unknown key makes the keys be read anew."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] | None = None
        self._keys: dict[str, Any] | None = None

    def begin(self) -> Begun:
        """A fresh state, nonce and PKCE verifier, and the address to sign in at. Raises ProviderAway."""
        from authlib.oauth2.client import OAuth2Client

        client = OAuth2Client(
            None,
            client_id=self.client.client_id,
            scope=self.client.scope,
            redirect_uri=self.client.redirect_uri,
            code_challenge_method="S256",
        )
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        url, state = client.create_authorization_url(
            self._endpoint("authorization_endpoint"),
            state=secrets.token_urlsafe(32),
            code_verifier=verifier,
            nonce=nonce,
        )
        return Begun(url, state, nonce, verifier)

    def person(self, *, code: str, verifier: str, nonce: str, answering_issuer: str | None, now: dt.datetime) -> Person:
        """Exchanges a code and checks what comes back. Raises ProviderAway, ProviderRefused."""
        if answering_issuer is not None and answering_issuer != self.client.issuer:
            raise ProviderRefused(reason="another provider answered than the one that was asked")
        tokens = self._exchange(code, verifier)
        claims = self._claims(tokens, nonce, now)
        known = dict(claims)
        if "email" not in known and tokens.get("access_token") and "userinfo_endpoint" in self._about():
            known |= self._userinfo(str(tokens["access_token"]), str(claims["sub"]))
        mail = str(known.get("email") or "").strip().lower()
        subject = str(claims["sub"])
        verified = mail if known.get("email_verified") is True and "@" in mail else None
        session = claims.get("sid")
        return Person(
            self.client.issuer,
            subject,
            verified,
            mail or subject,
            session if isinstance(session, str) and len(session) <= 255 else None,
        )

    def end_address(self, back_to: str) -> str | None:
        """Where a browser ends its session at the provider too (RP-initiated logout), if it has such a place."""
        address = self._about().get("end_session_endpoint")
        if not isinstance(address, str) or not _is_safe(address):
            return None
        query = urlencode({"client_id": self.client.client_id, "post_logout_redirect_uri": back_to})
        return f"{address}{'&' if '?' in address else '?'}{query}"

    # -- what the provider says -----------------------------------------------------------------------------------

    def _about(self) -> dict[str, Any]:
        with self._lock:
            if self._metadata is None:
                address = self.client.issuer.rstrip("/") + "/.well-known/openid-configuration"
                found = self._json("GET", address)
                if found.get("issuer") != self.client.issuer:
                    raise self._away(f"its configuration names the issuer {str(found.get('issuer'))[:200]}")
                self._metadata = found
            return self._metadata

    def _endpoint(self, name: str) -> str:
        address = self._about().get(name)
        if not isinstance(address, str) or not _is_safe(address):
            raise self._away(f"its configuration has no {name} that is reached over https")
        return address

    def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        client = self.client
        body = prepare_token_request(
            "authorization_code", code=code, code_verifier=verifier, redirect_uri=client.redirect_uri
        )
        auth = None
        methods = self._about().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if client.client_secret is None:
            body += "&" + urlencode({"client_id": client.client_id})
        elif "client_secret_basic" in methods:
            auth = httpx.BasicAuth(quote(client.client_id, safe=""), quote(client.client_secret, safe=""))
        else:
            body += "&" + urlencode({"client_id": client.client_id, "client_secret": client.client_secret})
        return self._json("POST", self._endpoint("token_endpoint"), content=body, auth=auth)

    def _claims(self, tokens: Mapping[str, Any], nonce: str, now: dt.datetime) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        given = tokens.get("id_token")
        if not isinstance(given, str):
            raise ProviderRefused(reason="the answer carries no ID token")
        try:
            token = self.decoded(given)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self.client.issuer},
                    "aud": {"essential": True, "value": self.client.client_id},
                    "sub": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                {"nonce": nonce, "client_id": self.client.client_id, "access_token": tokens.get("access_token")},
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderRefused(reason=f"the ID token is not valid ({error})"[:300]) from None
        checked: Mapping[str, Any] = claims
        return checked

    def decoded(self, given: str) -> Any:
        """A token with its signature checked; keys are read anew where none of those at hand fits.

        Raises JoseError or ValueError for any other signature, ProviderAway.
        """
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        for fresh in (False, True):
            keys = KeySet.import_key_set(self._key_set(fresh))  # type: ignore[arg-type]
            try:
                return jwt.decode(given, keys, algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):
                if fresh:
                    raise
        raise AssertionError  # both rounds return or raise

    def _key_set(self, fresh: bool) -> dict[str, Any]:
        with self._lock:
            kept = self._keys
        if kept is None or fresh:
            kept = self._json("GET", self._endpoint("jwks_uri"))
            # Keys for other uses, and shared secrets that somebody published by mistake, check no signature of ours.
            usable = [k for k in kept.get("keys", []) if k.get("kty") in ("RSA", "EC", "OKP") and k.get("use") != "enc"]
            kept = {"keys": usable}
            with self._lock:
                self._keys = kept
        return kept

    def _userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        found = self._json(
            "GET", self._endpoint("userinfo_endpoint"), headers={"Authorization": f"Bearer {access_token}"}
        )
        if found.get("sub") != subject:
            raise ProviderRefused(reason="the provider's user information is about somebody else")
        return {name: found[name] for name in ("email", "email_verified") if name in found}

    def _json(self, method: str, address: str, **request: Any) -> dict[str, Any]:
        headers = {"Accept": "application/json"} | request.pop("headers", {})
        if "content" in request:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            with httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False, verify=_authorities()) as client:
                answer = client.request(method, address, headers=headers, **request)
            found = answer.json() if len(answer.content) <= MOST_BYTES else None
        except (httpx.HTTPError, ValueError) as error:
            raise self._away(f"{urlsplit(address).path} gives no usable answer ({type(error).__name__})") from None
        if answer.status_code in (400, 401) and isinstance(found, dict):
            raise ProviderRefused(reason=str(found.get("error", answer.status_code))[:100])
        if answer.status_code != 200 or not isinstance(found, dict):
            raise self._away(f"{urlsplit(address).path} answers {answer.status_code}")
        return found

    def _away(self, reason: str) -> ProviderAway:
        return ProviderAway(issuer=self.client.issuer, reason=reason)


@lru_cache(maxsize=1)
def _authorities() -> ssl.SSLContext:
    """The machine's own certificate store (and SSL_CERT_FILE): offices have authorities that no package ships."""
    return ssl.create_default_context()


def _is_safe(address: str) -> bool:
    """TLS, or a provider on this machine itself."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))
