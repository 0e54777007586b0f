"""An OpenID Connect provider on a real socket of this machine, made with Authlib: it insists on PKCE and a nonce."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from flask import Flask, jsonify, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "qiao", "client-secret-1"
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})


class Client:
    """The one client the provider knows."""

    client_id = CLIENT

    def __init__(self, back: str) -> None:
        self.back = back

    def get_client_id(self) -> str:
        return CLIENT

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_redirect_uri(self, address: str) -> bool:
        return address == self.back

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def get_default_redirect_uri(self) -> str:
        return self.back


class Code:
    """A code that was given out."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)
        self.auth_time = int(time.time())

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)  # type: ignore[attr-defined]

    def get_scope(self) -> str:
        return str(self.scope)  # type: ignore[attr-defined]

    def get_nonce(self) -> str:
        return str(self.nonce)  # type: ignore[attr-defined]

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Provider:
    """`claims` are what its ID token says of the person who logs in there, in the place of what it should."""

    def __init__(self, back: str) -> None:
        self.claims: dict[str, Any] = {"sub": "248289"}
        self.codes: dict[str, Code] = {}
        self.key = self.published = KEY
        self.issuer = ""
        self.app = Flask(__name__)
        self.app.config["OAUTH2_ERROR_URIS"] = []
        self.server = AuthorizationServer(
            self.app, query_client=lambda name: Client(back) if name == CLIENT else None, save_token=lambda *_a: None
        )
        self._grants()
        self.app.add_url_rule("/.well-known/openid-configuration", view_func=self.about)
        self.app.add_url_rule("/keys", view_func=self.keys)
        self.app.add_url_rule("/authorize", view_func=self.authorize)
        self.app.add_url_rule("/token", view_func=self.server.create_token_response, methods=["POST"])

    def about(self) -> Any:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return jsonify({"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in names.items()})

    def keys(self) -> Any:
        return jsonify({"keys": [self.published.as_dict(private=False)]})

    def authorize(self) -> Any:
        """Whoever comes is logged in already and agrees."""
        grant = self.server.get_consent_grant(end_user=self)
        return self.server.create_authorization_response(grant=grant, grant_user=self)

    def _grants(provider) -> None:
        class Grant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
            TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

            def save_authorization_code(self, code: str, asked: Any) -> None:
                sent = request.args
                provider.codes[code] = Code(
                    redirect_uri=sent["redirect_uri"],
                    scope=sent["scope"],
                    nonce=sent["nonce"],
                    code_challenge=sent["code_challenge"],
                    code_challenge_method=sent["code_challenge_method"],
                    user=provider,
                )

            def query_authorization_code(self, code: str, _client: Any) -> Code | None:
                return provider.codes.get(code)

            def delete_authorization_code(self, code: Code) -> None:
                provider.codes = {name: each for name, each in provider.codes.items() if each is not code}

            def authenticate_user(self, code: Code) -> Any:
                return provider

        class Token(OpenIDCode):  # type: ignore[misc]
            def exists_nonce(self, _nonce: str, _request: Any) -> bool:
                return False

            def resolve_client_private_key(self, _client: Any) -> Any:
                return provider.key

            def get_client_algorithm(self, _client: Any) -> str:
                return "RS256"

            def get_client_claims(self, _client: Any) -> dict[str, Any]:
                return {"iss": provider.issuer}

            def get_encode_header(self, _client: Any) -> dict[str, str]:
                return {"alg": "RS256", "kid": "1"}

            def generate_user_info(self, _user: Any, _scope: str) -> UserInfo:
                return UserInfo(**provider.claims)

        provider.server.register_grant(Grant, [Token(require_nonce=True), CodeChallenge(required=True)])


@contextmanager
def running(back: str) -> Iterator[Provider]:
    """A provider that answers until the block ends, and sends browsers back to `back`."""
    made = Provider(back)
    server = make_server("127.0.0.1", 0, made.app, threaded=True)
    made.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
