"""Ends that could not be carried out, tried again; and fields those asked may fill in while they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import marshmallow as ma

from app.access.actors import acting_as, require_actor
from app.approvals.messages import refused
from app.approvals.rules.document import End
from app.approvals.rules.state import Event, Said
from app.approvals.services.acting import Moment, on_case
from app.approvals.services.finishing import carry_out, the_record
from app.approvals.services.keeping import Kept, keep, read_kept
from app.db import transaction
from app.fields.gate import passing
from app.fields.messages import message
from app.fields.records import update_record
from app.jobs.services import Run
from app.types import Refused


class EndOf(ma.Schema):
    """Which case's end."""

    case_id = ma.fields.Integer(required=True, strict=True)


def end_again(_run: Run, case_id: int) -> dict[str, Any]:
    """Carry out what a case's end could not; {"done": whether anything was left}. Raises `Refused` where it still
    cannot be: the job is then tried again, and at last shows why."""
    with transaction() as current:
        kept = read_kept(current, case_id)
        outcome = unfinished(kept) if kept is not None else None
        if kept is None or outcome is None:
            return {"done": False}
        carry_out(kept.case, kept.document.ends.get(outcome, End()), outcome)
        keep(current, kept, [Event("finished", data={"outcome": outcome})])
        return {"done": True}


def unfinished(kept: Kept) -> str | None:
    """The outcome whose end is not carried out yet; None where nothing is left to do."""
    last = next((event for event, _at in reversed(kept.history) if event.kind in ("finished", "unfinished")), None)
    return str(last.data["outcome"]) if last is not None and last.kind == "unfinished" else None


def fill_in(case_id: int, seat: int, values: Mapping[str, Any]) -> None:
    """Set fields of the record the step lets those asked write (`Step.fields`), from the page of the case.

    The step opens them for whoever holds the open seat or stands in for it, whatever is locked. Raises `Refused`.
    """

    def do(it: Moment) -> None:
        mine = next((one for one in it.play.seats_for(it.by) if one.number == seat and one.said is Said.OPEN), None)
        if mine is None:
            raise refused("not_yours")
        open_to = it.kept.document.step(mine.step).fields if mine.step != "applicant" else {}
        if wrong := [name for name in values if open_to.get(name) != "write"]:
            raise Refused(errors=dict.fromkeys(wrong, message("not_writable")))
        entity, record = the_record(it.kept.case)
        # The step is what permits it: neither the scope nor the fields of the person's roles are asked.
        with passing(), acting_as(replace(require_actor(), is_system=True)):
            update_record(entity, record, dict(values))
        it.play.events.append(Event("filled", it.by.employee, mine.step, seat, {"fields": sorted(values)}))

    on_case(case_id, "fill_in", do)


__all__ = ["EndOf", "end_again", "fill_in", "unfinished"]
