"""Customers with a custom field of every kind, as tests use them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask

from app import create_app
from app.access.actors import acting_as
from app.db import db, session
from app.fields.records import create_record
from app.host.context import context, entity
from app.testing.factories import id_number
from app.testing.people import Browser
from app.types import SYSTEM


@dataclass(frozen=True, slots=True)
class Sample:
    """A field of one kind, a value as typed, as REST gives it, as files write it, and one that cannot be read."""

    kind: str
    typed: str
    rest: Any
    filed: str
    wrong: str
    #: As it is shown on screen.
    shown: str = ""
    more: tuple[tuple[str, Any], ...] = ()

    @property
    def sortable(self) -> bool:
        """Whether lists can be ordered by it."""
        return self.kind not in ("long_text", "choices")

    @property
    def asked(self) -> Any:
        """What a filter by this value asks for, where it asks for no range."""
        if self.kind == "boolean":
            return "yes"
        return self.rest if isinstance(self.rest, list) else str(self.rest)

    @property
    def key(self) -> str:
        """The key of the field."""
        return f"x_{self.kind}"


_CHOICES = "retired | 退休 | Retired | green\nstudent | 学生 | Student"
_SEVERAL = "retired | 退休 | Retired | green\nstudent | 学生 | Student\nself | 自雇 | Self-employed | blue"
_ID = id_number(1)
SAMPLES = (
    Sample("text", "甲=1 <b>", "甲=1 <b>", "甲=1 <b>", "长" * 201, "甲=1 &lt;b&gt;"),
    Sample("long_text", "一\n二", "一\n二", "一\n二", "字" * 10_001, "一"),
    Sample("integer", "1,234", 1234, "1234", "十二", "1,234"),
    Sample("decimal", "0.125", "0.125", "0.125", "1.2.3", "0.125"),
    Sample("money", "1,234.50", "1234.50", "1234.50", "很多", "1,234.50"),
    Sample("percent", "12.5", "12.5", "12.5", "%", "12.5"),
    Sample("date", "2024/2/29", "2024-02-29", "2024-02-29", "2023-02-29", "2024-02-29"),
    Sample(
        "datetime", "2024-02-29 08:30", "2024-02-29T00:30:00+00:00", "2024-02-29 08:30:00", "昨天", "2024-02-29 08:30"
    ),
    Sample("boolean", "yes", True, "是", "也许", "是"),
    Sample("choice", "retired", "retired", "退休", "失业", "退休", (("choices", _CHOICES),)),
    Sample("choices", "自雇;retired", ["retired", "self"], "退休; 自雇", "退休;失业", "自雇", (("choices", _SEVERAL),)),
    Sample("region", "浙江 宁波 海曙区", "330203", "浙江省/宁波市/海曙区", "火星市", "浙江省/宁波市/海曙区"),
    Sample("phone", "138 0013 9999", "13800139999", "13800139999", "12", "13800139999"),
    Sample("email", "A@b.cn", "a@b.cn", "a@b.cn", "a.b.cn", "a@b.cn"),
    Sample("id_number", _ID, _ID, _ID, "110101198506151234", _ID),
    Sample("uscc", "91110000600037341L", "91110000600037341L", "91110000600037341L", "123", "91110000600037341L"),
    Sample("bank_card", "6222 0210 0111 6245 702", "6222021001116245702", "6222021001116245702", "6222", "6222"),
)


PDF = b"%PDF-1.7\n1 0 obj\n"


def send_file(client: Browser, name: str, content: bytes = PDF, field: str = "customer/x_files") -> int:
    """The id of a file sent for a field, which waits for its record."""
    answer = client.post(f"/api/v1/file/{field}", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


@contextmanager
def rebuilt(app: Flask) -> Iterator[Flask]:
    """The site's app as its processes build it after a change; the old one waits outside."""
    session.commit()
    new = create_app(context(app).site)
    new.config.update(TESTING=True)
    new.test_client_class = Browser
    with new.app_context(), acting_as(None):
        yield new
        session.remove()
        db.engine.dispose()


def add_fields(*described: dict[str, Any]) -> None:
    """Add custom fields of customers."""
    with acting_as(SYSTEM):
        for values in described:
            create_record(entity("custom_field"), {"entity": "customer", **values})


def add_samples() -> None:
    """A field of every kind, one that links to an employee, one the product numbers, and one that holds files."""
    add_fields(
        *({"key": s.key, "label_zh": f"样{s.kind}", "label_en": f"Sample {s.kind}", "kind": s.kind, **dict(s.more)}
          for s in SAMPLES),
        {"key": "x_link", "label_zh": "介绍人", "kind": "link", "target": "employee", "in_list": True},
        {"key": "x_number", "label_zh": "档号", "kind": "auto_number", "pattern": "KH-{seq:5}", "in_list": True},
        {"key": "x_files", "label_zh": "材料", "kind": "files", "most": 2, "in_list": True},
    )  # fmt: skip
