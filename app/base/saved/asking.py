"""The dialog of a view: its name, whom it is for, and what opens by itself."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.base.saved.models import SavedView
from app.base.saved.rules import LONGEST_NAME, Audience
from app.base.saved.services import Wish
from app.base.saved.sharing import may_set_default, roles_offered, units_offered
from app.base.views.replies import dialog
from app.types import Refused

#: What the dialog holds: the name, whom it is for (``unit:5``, ``role:3``, ``everyone``), whether it opens by itself.
Typed = dict[str, Any]


def private_wish() -> Typed:
    """The dialog of a new view."""
    return {"name": "", "audience": Audience.PRIVATE.value, "is_default": False, "own_default": False}


def kept_wish(view: SavedView) -> Typed:
    """The dialog of a view there is."""
    number = {Audience.UNIT: view.unit_id, Audience.ROLE: view.role_id}.get(Audience(view.audience))
    audience = view.audience if number is None else f"{view.audience}:{number}"
    return {"name": view.name, "audience": audience, "is_default": view.is_default, "own_default": False}


def posted_form() -> Typed:
    """What was typed into the dialog."""
    form = request.form
    return {
        "name": form.get("name", "")[: LONGEST_NAME + 1],
        "audience": form.get("audience", ""),
        "is_default": "is_default" in form,
        "own_default": "own_default" in form,
    }


def posted_wish() -> Wish:
    """The same as the wish it is. Raises `Refused` for an audience that is none."""
    typed = posted_form()
    kind, _colon, text = typed["audience"].partition(":")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
    try:
        audience = Audience(kind or "private")
    except ValueError:
        raise Refused(_("Choose whom the view is for"), field="audience") from None
    unit, role = (number if audience is kind else None for kind in (Audience.UNIT, Audience.ROLE))
    return Wish(typed["name"], audience, unit, role, typed["is_default"])


def view_dialog(view: SavedView | None, address: str, typed: Typed, refused: Refused | None = None) -> Response:
    """The dialog with this in it; with `refused` it says what is wrong (422)."""
    actor = require_actor()
    groups: list[tuple[str, list[tuple[str, str]]]] = [
        (_("A unit and below"), [(f"unit:{number}", name) for number, name in units_offered(actor)]),
        (_("A role"), [(f"role:{number}", name) for number, name in roles_offered(actor)]),
    ]
    known = {"private", *(value for _label, options in groups for value, _name in options)}
    known |= {"everyone"} if may_set_default(actor) else set()
    errors = refused.errors if refused is not None else {}
    return dialog(
        "entity/view_form.html",
        status=422 if refused is not None else 200,
        view=view,
        typed=typed,
        groups=[(label, options) for label, options in groups if options],
        # whom somebody else shared it with stays as it is
        kept_audience=typed["audience"] if view is not None and typed["audience"] not in known else "",
        may_set_default=may_set_default(actor),
        errors={name: str(text) for name, text in errors.items()},
        reason=str(refused.reason) if refused is not None and refused.reason and not errors else "",
        address=address,
        longest=LONGEST_NAME,
    )


__all__ = ["kept_wish", "posted_form", "posted_wish", "private_wish", "view_dialog"]
