"""What a built app remembers: a picture of it as it was new, which puts back what is data and tells what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from flask import Flask

from app.host.context import Context, context

#: How many containers within each other are looked at; what lies deeper is one object.
DEPTH = 3
#: What every app finds out as it works and cannot unlearn.
LEARNED = frozenset({"Flask._got_first_request"})
_CONTAINERS = (dict, list, set)
_COMPARED = (str, int, float, bytes, set, type(None))


class Picture:
    """An app as it was when the picture was taken, right after it was built."""

    def __init__(self, app: Flask) -> None:
        carried = context(app)
        self._app = app
        self._config = dict(app.config)
        self._plugins = {name for name, _plugin in carried.hooks.manager.list_name_plugin()}
        self._held = {each.name: getattr(carried, each.name) for each in fields(Context)}
        self._filled = {name: held.copy() for name, held in self._held.items() if isinstance(held, dict | list)}
        self._parts = [(name, part, _copy(vars(part))) for name, part in _parts_of(app)]

    def put_back(self) -> None:
        """Make the app's data what they were: its configuration, its context, added hooks, counted logins."""
        self._app.config.clear()
        self._app.config.update(self._config)
        carried = context(self._app)
        for name, held in self._held.items():
            setattr(carried, name, held)
            if name in self._filled:
                held.clear()
                (held.update if isinstance(held, dict) else held.extend)(self._filled[name])
        for name, _plugin in carried.hooks.manager.list_name_plugin():
            if name not in self._plugins:
                carried.hooks.manager.unregister(name=name)
                carried.hooks.modules.pop(name, None)
        for limiter in self._app.extensions.get("limiter", ()):
            limiter.reset()

    def differences(self) -> list[str]:
        """What is not as it was, as ``Flask.view_functions`` or ``QiaoAppBuilder.baseviews``."""
        found = []
        for name, part, before in self._parts:
            now = _copy(vars(part))
            found += [f"{name}.{key}" for key in before.keys() | now.keys() if not _same(before.get(key), now.get(key))]
        return [each for each in found if each not in LEARNED]


def _parts_of(app: Flask) -> Iterator[tuple[str, Any]]:
    """(name, object) of what an app is made of, as far as a test could change it."""
    builder: Any = app.appbuilder  # type: ignore[attr-defined]
    hooks = context(app).hooks
    extensions = [each for each in app.extensions.values() if hasattr(each, "__dict__")]
    for part in (app, app.jinja_env, builder, builder.sm, hooks, hooks.manager, *extensions, *builder.baseviews):
        yield type(part).__name__, part


def _copy(value: Any, depth: int = DEPTH) -> Any:
    """What `_same` can compare. Empty containers within others count as missing: some are made by looking for them."""
    if depth and isinstance(value, dict):
        copied = {key: _copy(each, depth - 1) for key, each in value.items()}
        return {key: each for key, each in copied.items() if not isinstance(each, _CONTAINERS) or each}
    if depth and isinstance(value, list | tuple):
        return [_copy(each, depth - 1) for each in value]
    return set(value) if depth and isinstance(value, set) else value


def _same(before: Any, now: Any) -> bool:
    if before is now:
        return True
    if type(before) is not type(now):
        return False
    if isinstance(now, dict):
        return before.keys() == now.keys() and all(_same(before[key], now[key]) for key in now)
    if isinstance(now, list):
        return len(before) == len(now) and all(map(_same, before, now))
    return isinstance(now, _COMPARED) and bool(before == now)
