"""The log: one line per event, JSON in production, with the trace id and the site, without personal data.

What people typed, names and numbers of customers do not belong into a log, which lives longer and is read by
more people than the database. Callers do not log them; what third parties put into messages and tracebacks
(a database's "Key (mobile)=(13800138000) already exists", an e-mail address) is blotted out here.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

Event = MutableMapping[str, Any]

#: What a database quotes of a row it refuses; and what an SQL error quotes of its parameters.
_QUOTED_ROW = re.compile(r"(DETAIL:|Failing row contains|\[parameters:).*")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
#: Phone, identity and card numbers: eleven digits or more, perhaps spaced, perhaps ending in X.
_NUMBER = re.compile(r"(?<![\w.:-])\+?\d(?:[ -]?\d){10,18}[Xx]?(?![\w-])")
#: Libraries that say who tried to log in, or every statement.
QUIET = {
    "alembic": logging.WARNING,
    "flask_appbuilder": logging.ERROR,
    "flask_appbuilder.security": logging.CRITICAL,
    "flask_limiter": logging.ERROR,
    "flask_wtf": logging.WARNING,
    "sqlalchemy.engine": logging.WARNING,
    "werkzeug": logging.WARNING,
}


def without_personal_data(text: str) -> str:
    """`text` with quoted rows, e-mail addresses and long numbers blotted out.

    >>> without_personal_data("call 138 0013 8000 or mail li@bank.cn about job 1234567")
    'call *** or mail *** about job 1234567'
    >>> without_personal_data("duplicate key DETAIL:  Key (name)=(张三) already exists.")
    'duplicate key DETAIL: ***'
    """
    text = _QUOTED_ROW.sub(lambda found: f"{found[1]} ***", text)
    return _NUMBER.sub("***", _EMAIL.sub("***", text))


def configure_logging(level: str = "INFO", *, as_json: bool = False, stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` (standard error), as JSON or for reading."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        last += [
            structlog.processors.format_exc_info,
            _blot,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        last += [structlog.processors.format_exc_info, _blot, _readable]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _blot(_logger: Any, _method: str, event: Event) -> Event:
    """Blot out personal data wherever text stands."""
    for key, value in event.items():
        if isinstance(value, str) and key not in ("timestamp", "trace_id"):
            event[key] = without_personal_data(value)
    return event


def _readable(_logger: Any, _method: str, event: Event) -> str:
    """``2026-11-22T15:30:00Z INFO app.host.swap [demo 0f3a…] message``, the traceback below."""
    where = " ".join(str(event[key]) for key in ("site", "trace_id") if event.get(key))
    known = ("timestamp", "level", "logger", "event", "exception", "site", "trace_id")
    rest = "".join(f" {key}={value}" for key, value in event.items() if key not in known)
    level, name = str(event.get("level", "")).upper(), event.get("logger", "")
    line = f"{event.get('timestamp', '')} {level} {name} {f'[{where}] ' if where else ''}{event['event']}{rest}"
    return f"{line}\n{event['exception']}" if event.get("exception") else line
