"""A value two writers gave at once: the database lets only one in, and the other is told by field."""

from __future__ import annotations

import re

from sqlalchemy.exc import IntegrityError

from app.fields.custom.indexing import unique_name
from app.fields.custom.stored import is_extensible
from app.fields.messages import message
from app.host.context import context
from app.types import Refused

_NAME = re.compile(r"index '([^']+)'")


def clash_of(error: IntegrityError) -> str | None:
    """The custom field whose unique index refused a write, or None when it was something else."""
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if name is None:
        found = _NAME.search(str(error.orig))
        name = found[1] if found else ""
    for entity in context().entities.values():
        if is_extensible(entity):
            table = str(entity.model.__table__.name)
            for field in entity.fields:
                if field.unique and unique_name(table, field.name) == name:
                    return field.name
    return None


def refused_clash(error: IntegrityError) -> Refused | None:
    """The refusal a person reads, or None when it was something else."""
    key = clash_of(error)
    return Refused(errors={key: message("duplicate")}) if key is not None else None


__all__ = ["clash_of", "refused_clash"]
