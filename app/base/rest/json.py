"""JSON as requests bring it: what is nested too deep to read is as little JSON as what is misspelt."""

from __future__ import annotations

from typing import Any

from flask.json.provider import DefaultJSONProvider


class Json(DefaultJSONProvider):
    """Flask's own, for which a body nested too deep is an error of the sender and not of the product."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The value of a JSON text. Raises `ValueError`."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError as deep:
            raise ValueError("nested too deep") from deep


__all__ = ["Json"]
