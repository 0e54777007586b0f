"""A call centre for the tests: its connection, and requests signed as the documentation says."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from werkzeug.test import TestResponse

from app.access.actors import acting_as
from app.activities.calls.models import CallRecord
from app.activities.calls.sources import create_source, issue_secret
from app.db import now, session
from app.testing.people import Browser
from app.types import SYSTEM

ADDRESS = "/api/v1/call_record/"
MOBILE = "13800135678"


class CallCentre:
    """A connection with its secret, and a client that signs."""

    def __init__(self, client: Browser, code: str = "hotline") -> None:
        self.client = client
        with acting_as(SYSTEM):
            self.id = create_source({"code": code, "name": "95588 热线"}).id
            source, self.secret = issue_secret(self.id)
        self.key = source.key
        self.signed_at = now()

    def send(self, calls: Any, *, secret: str = "", key: str = "", late: float = 0, **headers: str) -> TestResponse:
        """Post calls, each request signed after the one before; `late` seconds earlier. Bytes are sent as they are."""
        body = calls if isinstance(calls, bytes) else json.dumps(calls).encode()
        self.signed_at = max(now(), self.signed_at + timedelta(milliseconds=1))
        stamp = f"{(self.signed_at - timedelta(seconds=late)).timestamp():.6f}"
        return self.post(body, key or self.key, stamp, self.sign(body, stamp, secret), **headers)

    def sign(self, body: bytes, stamp: str, secret: str = "") -> str:
        signed = hmac.new((secret or self.secret).encode(), stamp.encode() + b"." + body, hashlib.sha256)
        return signed.hexdigest()

    def post(self, body: bytes, key: str, stamp: str, sign: str, **headers: str) -> TestResponse:
        told = {"X-Qiao-Key": key, "X-Qiao-Timestamp": stamp, "X-Qiao-Signature": f"sha256={sign}"}
        return self.client.post(ADDRESS, data=body, headers={"Content-Type": "application/json", **told, **headers})


def said(call_id: str, number: str = MOBILE, seconds: int = 60, **more: Any) -> dict[str, Any]:
    """A call as a call centre says it: an hour ago, answered."""
    at = (now() - timedelta(hours=1)).replace(microsecond=0)
    return {"call_id": call_id, "number": number, "started_at": at.isoformat(), "duration_seconds": seconds} | more


def call(number: int) -> CallRecord:
    """The call as the database has it now."""
    with acting_as(SYSTEM):
        return session.get_one(CallRecord, number, populate_existing=True)
