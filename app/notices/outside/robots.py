"""Posts to the robots of groups in WeCom (企业微信), DingTalk (钉钉) and Feishu (飞书), in the form each documents.

WeCom: https://developer.work.weixin.qq.com/document/path/91770 · DingTalk: https://open.dingtalk.com/document/robots/
custom-robot-access · Feishu: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Sequence
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from app.host.outgoing import DINGTALK, FEISHU, WECOM, Channel
from app.notices.outside.faults import NotSent, Unsure
from app.notices.rules import shortened

#: What each takes of a text, in bytes, with room for what is put around it.
MOST_BYTES = {WECOM: 1900, DINGTALK: 15_000, FEISHU: 15_000}
#: People named in one post.
MOST_NAMED = 20
_ANSWER_BYTES = 10_000


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


def post(channel: Channel, text: str, mobiles: Sequence[str], at: datetime) -> None:
    """Say `text` in the robot's group, naming people by their mobile numbers where it can.

    Raises `NotSent` when it was refused (these robots refuse with an error code in an answer that is 200 otherwise),
    `Unsure` when no answer came.
    """
    address, body = _form(channel, text, list(mobiles)[:MOST_NAMED] if channel.mentions else [], at)
    opener = build_opener(_NoRedirects, HTTPSHandler(context=ssl.create_default_context(cafile=channel.ca_file)))
    headers = {"Content-Type": "application/json; charset=utf-8"}
    request = Request(address, json.dumps(body, ensure_ascii=False).encode(), headers)  # noqa: S310 (scheme checked)
    try:
        with opener.open(request, timeout=channel.timeout_seconds) as answer:
            told = answer.read(_ANSWER_BYTES)
    except HTTPError as refused:
        told = refused.read(300)
        raise NotSent(f"{channel.host} answered {refused.code}: {_safe(channel, told)}") from refused
    except URLError as error:
        raise NotSent(f"{channel.host}: {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise Unsure(f"{channel.host}: {type(error).__name__}") from error
    try:
        found = json.loads(told)
        code = found.get("code", found.get("StatusCode")) if channel.kind == FEISHU else found.get("errcode")
    except (ValueError, AttributeError):
        code = None
    if code != 0:
        raise NotSent(f"{channel.host}: {_safe(channel, told)}")


def _form(channel: Channel, text: str, mobiles: list[str], at: datetime) -> tuple[str, dict[str, Any]]:
    """(address, body) of a post."""
    most = MOST_BYTES[channel.kind]
    if channel.kind == WECOM:
        content: dict[str, Any] = {"content": shortened(text, most)}
        return channel.url, {
            "msgtype": "text",
            "text": content | ({"mentioned_mobile_list": mobiles} if mobiles else {}),
        }
    if channel.kind == DINGTALK:
        named = "".join(f" @{mobile}" for mobile in mobiles)
        body = {"msgtype": "text", "text": {"content": shortened(text, most) + named},
                "at": {"atMobiles": mobiles, "isAtAll": False}}  # fmt: skip
        return _signed_address(channel, at), body
    # Its texts may hold tags that call everybody: nobody but us writes tags.
    plain = shortened(text.replace("<", "＜").replace(">", "＞"), most)
    return channel.url, {"msg_type": "text", "content": {"text": plain}, **_signature(channel, at)}


def _signed_address(channel: Channel, at: datetime) -> str:
    if not channel.secret:
        return channel.url
    stamp = str(int(at.timestamp() * 1000))
    key = hmac.new(channel.secret.encode(), f"{stamp}\n{channel.secret}".encode(), hashlib.sha256).digest()
    joint = "&" if "?" in channel.url else "?"
    return channel.url + joint + urlencode({"timestamp": stamp, "sign": base64.b64encode(key).decode()})


def _signature(channel: Channel, at: datetime) -> dict[str, str]:
    if not channel.secret:
        return {}
    stamp = str(int(at.timestamp()))
    key = hmac.new(f"{stamp}\n{channel.secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(key).decode()}


def _safe(channel: Channel, told: bytes) -> str:
    """What was answered, without what is secret in case it was sent back."""
    text = told.decode("utf-8", "replace")[:300]
    for secret in (channel.url, channel.url.rpartition("=")[2], channel.url.rpartition("/")[2], channel.secret):
        text = text.replace(secret, "…") if len(secret) > 5 else text
    return text


__all__ = ["post"]
