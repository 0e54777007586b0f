"""What Flask-AppBuilder looks for in a screen, found once for each class.

It asks each name of each screen and resource for its marks, four times as an app is built: a third of that time.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

#: What the decorators of Flask-AppBuilder leave on a function: its routes, permission, limit, and the like.
MARKS = ("_urls", "_permission_name", "_extra", "_limit", "_before_request_hook")
#: The marked names a class brings itself.
_brought: WeakKeyDictionary[type, tuple[str, ...]] = WeakKeyDictionary()


class Marked:
    """A screen or resource of which `dir()` names the marked functions alone."""

    def __dir__(self) -> list[str]:
        return sorted({name for each in type(self).__mro__ for name in _marked(each)})


def _marked(one: type) -> tuple[str, ...]:
    if one not in _brought:
        functions = ((name, value) for name, value in vars(one).items() if callable(value))
        _brought[one] = tuple(name for name, value in functions if any(hasattr(value, mark) for mark in MARKS))
    return _brought[one]


__all__ = ["MARKS", "Marked"]
