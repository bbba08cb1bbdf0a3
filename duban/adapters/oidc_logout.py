"""The identity provider says that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0, 2.4, 2.6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from duban.adapters.oidc import LEEWAY_SECONDS, Provider
from duban.errors import DubanError

EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: A provider tells at once; what is older than this was kept by somebody.
LONGEST = dt.timedelta(minutes=10)


class LogoutRefused(DubanError):
    """The provider's word that somebody has signed out is not taken: {reason}.

    Send the logout token that the provider signed, as the form's field `logout_token`.
    """

    code = "logout_refused"
    status = 400


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Whose session at the provider is over since when: one of it, or all of a person's where `session` is None."""

    issuer: str
    subject: str | None
    session: str | None
    at: dt.datetime


def signed_out(provider: Provider, token: str, now: dt.datetime) -> SignedOut:
    """What a logout token says, everything about it checked. Raises LogoutRefused, ProviderAway."""
    from joserfc.errors import JoseError

    try:
        claims = provider.decoded(token).claims
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise LogoutRefused(reason=f"its signature is not the provider's ({error})"[:300]) from None
    reason = _fault(claims, provider, int(now.timestamp()))
    if reason:
        raise LogoutRefused(reason=reason)
    at = dt.datetime.fromtimestamp(claims["iat"], dt.UTC)
    return SignedOut(provider.client.issuer, claims.get("sub"), claims.get("sid"), at)


def _fault(claims: Mapping[str, Any], provider: Provider, now: int) -> str | None:
    """What is wrong with the claims; None where nothing is."""
    events, audience = claims.get("events"), claims.get("aud")
    age, left = now - _seconds(claims.get("iat")), _seconds(claims.get("exp")) - now
    known = [claims[name] for name in ("sub", "sid") if name in claims]
    checks = {
        "it is of another provider": claims.get("iss") == provider.client.issuer,
        "it is for another client": provider.client.client_id
        in (audience if isinstance(audience, list) else [audience]),
        "it is no logout token": isinstance(events, dict) and isinstance(events.get(EVENT), dict),
        "it carries a nonce, as only ID tokens do": "nonce" not in claims,
        "it has no jti": isinstance(claims.get("jti"), str),
        "it names nobody": bool(known) and all(isinstance(name, str) and name for name in known),
        "it is not of this hour": -LEEWAY_SECONDS <= age <= LONGEST.total_seconds() + LEEWAY_SECONDS,
        "it has expired": left > -LEEWAY_SECONDS,
    }
    return next((reason for reason, holds in checks.items() if not holds), None)


def _seconds(value: Any) -> float:
    """An instant as seconds; long ago where there is none."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("-inf")
