"""What a built app remembers: a picture of it as it was new, which puts back what is data and tells what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from flask import Flask

from app.host.context import Context, context

#: How many containers within each other are looked at; what lies deeper is one object.
DEPTH = 3
#: What every app finds out as it works and cannot unlearn, by whose attribute it is.
LEARNED = frozenset({("Flask", "_got_first_request")})
_PLAIN = (str, int, float, bytes, type(None))


class Picture:
    """An app as it was when the picture was taken, right after it was built."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._config = dict(app.config)
        self._carried = {each.name: _copy(getattr(context(app), each.name), 1) for each in fields(Context)}
        self._held = {each.name: getattr(context(app), each.name) for each in fields(Context)}
        self._parts = [(name, part, _copy(vars(part))) for name, part in _parts_of(app)]

    def put_back(self) -> None:
        """Make the data the app keeps as they were: its configuration, its context, the counted logins."""
        self._app.config.clear()
        self._app.config.update(self._config)
        carried = context(self._app)
        for name, held in self._held.items():
            setattr(carried, name, held)
            if isinstance(held, dict):
                held.clear()
                held.update(self._carried[name])
            elif isinstance(held, list):
                held[:] = self._carried[name]
        for limiter in self._app.extensions.get("limiter", ()):
            limiter.reset()

    def differences(self) -> list[str]:
        """What is not as it was: ``Flask.view_functions``, ``AppBuilder.baseviews``."""
        found = []
        for name, part, before in self._parts:
            now = vars(part)
            for key in before.keys() | now.keys():
                if key in before and key in now and _same(before[key], now[key], DEPTH - 1):
                    continue
                if (name, key) not in LEARNED:
                    found.append(f"{name}.{key}")
        return found


def _parts_of(app: Flask) -> Iterator[tuple[str, Any]]:
    """(name, object) of what an app is made of, as far as a test could change it."""
    builder: Any = app.appbuilder  # type: ignore[attr-defined]
    hooks = context(app).hooks
    extensions = [each for each in app.extensions.values() if hasattr(each, "__dict__")]
    for part in (app, app.jinja_env, builder, builder.sm, hooks, hooks.manager, *extensions, *builder.baseviews):
        yield type(part).__name__, part


def _copy(value: Any, depth: int = DEPTH) -> Any:
    if not depth:
        return value
    if isinstance(value, dict):
        return {key: _copy(each, depth - 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(each, depth - 1) for each in value]
    return set(value) if isinstance(value, set) else value


def _same(before: Any, now: Any, depth: int) -> bool:
    if isinstance(now, _PLAIN):
        return bool(before == now)
    if not depth:
        return before is now
    if isinstance(now, dict):
        return before.keys() == now.keys() and all(_same(before[key], now[key], depth - 1) for key in now)
    if isinstance(now, list | tuple):
        return len(before) == len(now) and all(map(_same, before, now, [depth - 1] * len(now)))
    return before == now if isinstance(now, set) else before is now
