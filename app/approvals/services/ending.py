"""Ends that could not be carried out, tried again; and fields those asked may fill in while they are asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import marshmallow as ma
from sqlalchemy.orm import Session

from app.access.actors import acting_as
from app.access.audit import plain
from app.approvals.messages import refused
from app.approvals.rules.document import End
from app.approvals.rules.state import APPLICANT, Event, Said
from app.approvals.services.acting import Moment, on_case
from app.approvals.services.delegating import administers
from app.approvals.services.filling import fillable, granted
from app.approvals.services.finishing import apart, carry_out, reason_of, the_record
from app.approvals.services.keeping import Kept, keep, read_kept
from app.approvals.services.seeing import may_see
from app.approvals.services.telling import tell_people
from app.db import reading, session, transaction
from app.fields.gate import passing
from app.fields.messages import message
from app.fields.records import check_links, update_record
from app.fields.values import read_values
from app.jobs.services import Run
from app.transfer.services.writing import savepoint
from app.types import Refused

log = logging.getLogger(__name__)
#: How far the end of a case is: put off to a job, failed, done.
ENDS = ("deferred", "unfinished", "finished")


class EndOf(ma.Schema):
    """Which case's end."""

    case_id = ma.fields.Integer(required=True, strict=True)


def end_again(_run: Run, case_id: int) -> dict[str, Any]:
    """Carry out what a case's end could not; {"done": whether anything was left}. Raises `Refused` where it still
    cannot be: the job is then tried again, and at last shows why."""
    _do_apart(case_id)
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
    last = next((event for event, _at in reversed(kept.history) if event.kind in ENDS), None)
    return str(last.data["outcome"]) if last is not None and last.kind != "finished" else None


def _do_apart(case_id: int) -> None:
    """What has transactions of its own (`finishing.apart`). Raises what it runs into, once the history tells it."""
    with reading():
        kept = read_kept(session(), case_id, lock=False)
    session.rollback()
    if kept is None or kept.case.asked not in apart or unfinished(kept) != "approved":
        return
    try:
        apart[kept.case.asked](kept.case)
    except Exception as fault:
        session.rollback()
        if not isinstance(fault, Refused):
            log.exception("the end of case %s cannot be carried out", case_id)
        with transaction() as current:
            _tell_failure(current, case_id, reason_of(fault))
        raise


def _tell_failure(current: Session, case_id: int, reason: str) -> None:
    """Let the history and the applicant know why; not once more where they know it."""
    kept = read_kept(current, case_id)
    last = next((event for event, _at in reversed(kept.history) if event.kind in ENDS), None) if kept else None
    if kept is not None and (last is None or last.data.get("reason") != reason):
        event = Event("unfinished", data={"outcome": "approved", "reason": reason})
        tell_people(current, kept, keep(current, kept, [event]), None)


def unfinished_reason(kept: Kept) -> str:
    """Why what follows from a case's end is not done yet; empty where nothing is left to do."""
    last = next((event for event, _at in reversed(kept.history) if event.kind in ("finished", "unfinished")), None)
    return str(last.data.get("reason", "")) if last is not None and last.kind == "unfinished" else ""


def finish_now(case_id: int) -> None:
    """Carry out at once what a case's end could not, as an administrator of approvals. Raises `Refused` with the
    reason where it still cannot be; the job goes on trying."""

    def left(it: Moment) -> str:
        if not administers(it.actor):
            raise refused("not_administrator" if _is_seen(it) else "no_case")
        outcome = unfinished(it.kept)
        if outcome is None:
            raise refused("nothing_left")
        return outcome

    def check(it: Moment) -> None:
        left(it)

    def do(it: Moment) -> None:
        outcome = left(it)
        try:
            with savepoint(it.current):
                carry_out(it.kept.case, it.kept.document.ends.get(outcome, End()), outcome)
        except Exception as fault:  # whatever a module's act runs into, people read why
            if not isinstance(fault, Refused):
                log.exception("the end of case %s cannot be carried out", case_id)
            raise Refused(reason_of(fault)) from fault
        it.play.events.append(Event("finished", it.by.employee, data={"outcome": outcome}))

    on_case(case_id, "finish", check)
    try:
        _do_apart(case_id)
    except Exception as fault:
        raise Refused(reason_of(fault)) from fault
    on_case(case_id, "finish", do)


def fill_in(case_id: int, seat: int, values: Mapping[str, Any], version: int | None = None) -> list[str]:
    """Set fields of the record the step lets those asked write (`Step.fields`), from the page of the case; returns
    the names of those that are different now.

    The step opens them for whoever holds the open seat or stands in for it, whatever is locked and whoever may change
    the record; what their roles hide or mask stays closed. `version`: the record's, as they saw it. Raises `Refused`.
    """
    changed: list[str] = []

    def do(it: Moment) -> None:
        mine = next((one for one in it.play.seats_for(it.by) if one.number == seat and one.said is Said.OPEN), None)
        if mine is None or mine.step == APPLICANT:
            raise refused("not_yours" if _is_seen(it) else "no_case")
        entity, record = the_record(it.kept.case)
        about = replace(it.about, record=record)
        names = fillable(entity, it.kept.document.step(mine.step), it.actor, about)
        if wrong := [name for name in values if name not in names]:
            raise Refused(errors={name[:60]: message("not_writable") for name in wrong})
        if version is not None and getattr(record, "version", version) != version:
            raise refused("changed_meanwhile")
        with acting_as(granted(it.actor, entity, names)):  # links are chosen among what the person may see
            check_links(entity, read_values(entity, values, creating=False))
        before = {name: plain(getattr(record, name, None)) for name in values}
        with passing(), acting_as(replace(it.actor, is_system=True)):
            update_record(entity, record, dict(values))
        changed.extend(name for name in values if plain(getattr(record, name, None)) != before[name])
        if changed:
            told = {"fields": sorted(changed), **({} if mine.employee == it.by.employee else {"for": mine.employee})}
            it.play.events.append(Event("filled", it.by.employee, mine.step, seat, told))

    on_case(case_id, "fill_in", do)
    return changed


def _is_seen(it: Moment) -> bool:
    return may_see(it.current, it.kept.case, it.kept.history, it.actor)


__all__ = ["EndOf", "end_again", "fill_in", "finish_now", "unfinished", "unfinished_reason"]
