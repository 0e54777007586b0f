"""What a flow can be for besides records: the rights of people, and the shape of the site (docs/adr/0064)."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from app.types import Text


@dataclass(frozen=True, slots=True)
class Subject:
    """Something flows hold by one act. `starts` names the act, which is also what a case of it asks for."""

    slug: str
    label: Text
    starts: str
    #: What the designer calls its beginning.
    begins: Text


SUBJECTS = {
    one.slug: one
    for one in (
        Subject("role", _l("Roles and rights"), "grant", _l("Every change of a role or of who holds it")),
        Subject("blueprint", _l("Blueprint"), "apply", _l("Applying a blueprint, or going back to an earlier one")),
    )
}
#: What is asked for with a case that is about no record.
ACTS = frozenset(one.starts for one in SUBJECTS.values())

__all__ = ["ACTS", "SUBJECTS", "Subject"]
