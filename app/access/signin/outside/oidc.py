"""OpenID Connect: the authorization code with PKCE (RFC 7636), its ID token verified against the issuer's keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote_plus, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

import jwt

from app.access.signin.outside.claims import NotProven, Person, Unreachable, flat, person_of
from app.host.signin import Oidc, Provider

#: Signed with keys only the provider has; never those (HS…) whose key we would share with it.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
#: Seconds the provider's clock may differ, what it says of itself is kept, and unknown keys are not asked for again.
LEEWAY, KEPT, AGAIN = 60, 3600, 60
MOST_BYTES = 1024 * 1024


@dataclass(slots=True)
class _Known:
    """What an issuer says of itself, and its keys, with when each was read."""

    said: Mapping[str, Any]
    said_at: float
    keys: jwt.PyJWKSet | None = None
    keys_at: float = 0


_known: dict[Oidc, _Known] = {}


def login_address(provider: Provider, *, state: str, nonce: str, verifier: str, back: str) -> str:
    """Where the browser is sent. Raises `Unreachable` when the provider does not say where."""
    options = _options(provider)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": options.client_id,
        "redirect_uri": back,
        "scope": " ".join(options.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    address = _endpoint(options, "authorization_endpoint")
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"


def person_by_code(provider: Provider, *, code: str, nonce: str, verifier: str, back: str) -> Person:
    """Who a code stands for. Raises `NotProven` for an answer that does not hold, `Unreachable` for none."""
    options = _options(provider)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    answer = _ask(options, _endpoint(options, "token_endpoint"), form, _authorization(options, form))
    claims = verified(options, str(answer.get("id_token", "")), nonce)
    if options.userinfo:
        told = _ask(options, _endpoint(options, "userinfo_endpoint"), None, f"Bearer {answer.get('access_token', '')}")
        if told.get("sub") != claims["sub"]:
            raise NotProven(f"{provider.key}: userinfo speaks of somebody else")
        claims = {**told, **claims}
    return person_of(provider, flat(claims), believes_email=claims.get("email_verified") is True)


def verified(options: Oidc, token: str, nonce: str) -> Mapping[str, Any]:
    """The claims of an ID token meant for us, now and for this request. Raises `NotProven`."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise NotProven(f"an ID token is signed with {header.get('alg')!r}")
        claims: Mapping[str, Any] = jwt.decode(
            token,
            _key(options, header.get("kid")),
            algorithms=[header["alg"]],
            audience=options.client_id,
            issuer=options.issuer,
            leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
        )
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise NotProven(f"an ID token does not hold: {type(error).__name__}: {error}") from error
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise NotProven("an ID token belongs to another request")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else options.client_id) != options.client_id:
        raise NotProven("an ID token was given to somebody else")
    return claims


def is_issuer(provider: Provider, told: str | None) -> bool:
    """Whether an answer that names its issuer (RFC 9207) names this one."""
    return told is None or told == _options(provider).issuer


def number_of_keys(provider: Provider) -> int:
    """How many keys the issuer signs with, asked anew. Raises `Unreachable`."""
    options = _options(provider)
    _known.pop(options, None)
    return len(jwt.PyJWKSet.from_dict(dict(_ask(options, _endpoint(options, "jwks_uri")))).keys)


def _options(provider: Provider) -> Oidc:
    if not isinstance(provider.options, Oidc):
        raise TypeError(f"{provider.key} is no OpenID Connect provider")
    return provider.options


def _authorization(options: Oidc, form: dict[str, str]) -> str:
    """How the client proves itself: by HTTP basic, in the form where the provider knows only that, or not at all."""
    if not options.client_secret:
        form["client_id"] = options.client_id
        return ""
    ways = _said(options).get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" not in ways and "client_secret_post" in ways:
        form |= {"client_id": options.client_id, "client_secret": options.client_secret}
        return ""
    pair = f"{quote_plus(options.client_id)}:{quote_plus(options.client_secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _said(options: Oidc) -> Mapping[str, Any]:
    known = _known.get(options)
    if known is None or time.monotonic() - known.said_at > KEPT:
        said = _ask(options, options.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if said.get("issuer") != options.issuer:
            raise Unreachable(f"{options.issuer} says it is {str(said.get('issuer'))[:200]}")
        known = _known[options] = _Known(said, time.monotonic())
    return known.said


def _endpoint(options: Oidc, name: str) -> str:
    """An address of the provider, as safe as its issuer's."""
    address = str(_said(options).get(name, ""))
    if urlsplit(address).scheme not in ("https", urlsplit(options.issuer).scheme):
        raise Unreachable(f"{options.issuer} names no {name} that can be used")
    return address


def _key(options: Oidc, kid: str | None) -> Any:
    """The issuer's key of this name; its keys are read again when it is new, at most once a minute."""
    _said(options)
    known = _known[options]
    for _each in range(2):
        age = time.monotonic() - known.keys_at
        found = [key for key in (known.keys.keys if known.keys else ()) if key.public_key_use in (None, "sig")]
        fitting = [key for key in found if key.key_id == kid] if kid is not None else found
        if len(fitting) == 1 and age < KEPT:
            return fitting[0].key
        if known.keys is not None and age < AGAIN:
            break
        known.keys = jwt.PyJWKSet.from_dict(dict(_ask(options, _endpoint(options, "jwks_uri"))))
        known.keys_at = time.monotonic()
    raise NotProven(f"{options.issuer} has no key {str(kid)[:100]!r}")


class _NoRedirects(HTTPRedirectHandler):
    """A provider answers itself or not at all."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


def _ask(
    options: Oidc, address: str, form: Mapping[str, str] | None = None, authorization: str = ""
) -> Mapping[str, Any]:
    """The JSON object at an address, posted to when there is a form.

    Raises `Unreachable`; `NotProven` when what is posted is refused.
    """
    headers = {"Accept": "application/json"} | ({"Authorization": authorization} if authorization else {})
    data = urlencode(form).encode() if form is not None else None
    opener = build_opener(_NoRedirects, HTTPSHandler(context=ssl.create_default_context(cafile=options.ca_file)))
    try:
        request = Request(address, data, headers)  # noqa: S310  (the scheme was checked)
        with opener.open(request, timeout=options.timeout_seconds) as answer:
            found = json.loads(answer.read(MOST_BYTES))
    except HTTPError as refused:
        told = f"{urlsplit(address).netloc} answered {refused.code}: {refused.read(300).decode('utf-8', 'replace')}"
        raise (NotProven if form is not None and refused.code < 500 else Unreachable)(told) from refused
    except (URLError, OSError, ValueError) as error:
        raise Unreachable(f"{urlsplit(address).netloc}: {type(error).__name__}: {error}") from error
    if not isinstance(found, dict):
        raise Unreachable(f"{urlsplit(address).netloc} answered what is no object")
    return found
