"""The case of an address, as its reader may see it."""

from __future__ import annotations

from flask import abort

from app.approvals.services import CaseView, read_case


def found_case(pk: int) -> CaseView:
    """A case the reader has to do with, else the 404 page."""
    view = read_case(pk) if 0 < pk < 2**63 else None
    if view is None:
        abort(404)
    return view


__all__ = ["found_case"]
