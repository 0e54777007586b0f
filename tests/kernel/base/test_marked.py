"""Flask-AppBuilder finds in our screens and resources what it would find among all their names."""

from __future__ import annotations

from flask import Flask

from app.base.marked import MARKS, Marked


def test_nothing_it_looks_for_is_left_out(app: Flask) -> None:
    views = [view for view in app.appbuilder.baseviews if isinstance(view, Marked)]  # type: ignore[attr-defined]
    assert len(views) > 80
    for view in views:
        every = sorted(set(object.__dir__(view)))
        assert dir(view) == [name for name in every if any(hasattr(getattr(view, name), mark) for mark in MARKS)], view
