"""Who is told of what an act has led to: people by notices, modules by hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import marshmallow as ma
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.access.actors import acting_as, require_actor
from app.approvals.models import Copy
from app.approvals.rules.state import APPLICANT, Event, Said
from app.approvals.services.delegating import substitutes_of
from app.approvals.services.keeping import Kept
from app.approvals.services.people import names_of
from app.db import after_commit, now
from app.host.context import hooks
from app.jobs.services import Run, enqueue, insert_ignoring
from app.notices.services import notify
from app.types import SYSTEM, Named, NoticeKind, Text

TELL_JOB = "approvals.tell"
KINDS = (
    NoticeKind("approvals.task", _l("Approvals that wait for me"), "checklist", mandatory=True),
    NoticeKind("approvals.result", _l("How my approvals end"), "circle-check"),
    NoticeKind("approvals.copy", _l("Approvals I am told of"), "mail-forward"),
    NoticeKind("approvals.urge", _l("Somebody urges me to decide"), "bell-ringing"),
    NoticeKind("approvals.material", _l("Material for approvals"), "paperclip"),
    NoticeKind("approvals.due", _l("Approvals that are due"), "clock-exclamation"),
)
_RESULTS: dict[str, Callable[..., Text]] = {
    "approved": lambda **about: _l("%(title)s was approved", **about),
    "refused": lambda **about: _l("%(title)s was refused", **about),
    "withdrawn": lambda **about: _l("%(title)s was withdrawn", **about),
    "cancelled": lambda **about: _l("%(title)s was cancelled by an administrator", **about),
}


def case_path(case_id: int) -> str:
    """Where a case is shown."""
    return f"/approvals/cases/{case_id}"


def tell_people(current: Session, kept: Kept, events: Iterable[Event], actor: int | None) -> None:
    """Tell everybody whom the events of one act concern, in its transaction; whoever acted is not told."""
    Telling(current, kept, actor).of(list(events))


class Telling:
    """The notices of one act on one case."""

    def __init__(self, current: Session, kept: Kept, actor: int | None) -> None:
        self.current, self.kept, self.actor = current, kept, actor

    def of(self, events: list[Event]) -> None:
        """Whoever is asked anew first, then what single events say."""
        self._newly_asked()
        for event in events:
            if event.kind == "ended":
                self._ended(event)
            elif event.kind == "unfinished":
                self._unfinished(event)
            elif event.kind in ("notified", "copied"):
                self._copied(event)
            elif event.kind == "returned" and event.data["to"] == APPLICANT:
                self._say("approvals.result", _l("%(title)s was returned to you", **self._about), self._applicant)
            elif event.kind in ("urged", "reminded", "expired"):
                self._waiting(event)
            elif event.kind == "asked":
                self._say("approvals.material", _l("Material is needed for %(title)s", **self._about), self._applicant)
            elif event.kind == "given":
                asker = self.kept.rows.state.supplements[event.data["number"]].asked_by
                self._say("approvals.material", _l("The material for %(title)s is there", **self._about), {asker})

    @property
    def _about(self) -> dict[str, Any]:
        case = self.kept.case
        named = case.record_id is not None
        return {"title": Named(case.entity, case.record_id, case.title) if named else case.title}

    @property
    def _applicant(self) -> set[int]:
        return {self.kept.rows.state.applicant}

    def _newly_asked(self) -> None:
        before = {seat.number: seat for seat in self.kept.before.state.seats.values() if seat.said is Said.OPEN}
        seats = [
            seat for seat in self.kept.rows.state.open_seats()
            if seat.step != APPLICANT
            and (seat.number not in before or before[seat.number].employee != seat.employee)
        ]  # fmt: skip
        asked = {seat.employee for seat in seats}
        if not asked:
            return
        applicant = self.kept.rows.state.applicant
        who = names_of(self.current, [applicant]).get(applicant, "")
        self._say(
            "approvals.task", _l("%(who)s asks for approval: %(title)s", who=who, **self._about), self._with(asked)
        )

    def _with(self, asked: set[int]) -> set[int]:
        """Those asked, and who stands in for them today."""
        if not self.kept.document.delegable:
            return asked
        return asked | substitutes_of(self.current, asked, self.kept.case.definition_id)

    def _ended(self, event: Event) -> None:
        self._say("approvals.result", _RESULTS[event.data["outcome"]](**self._about), self._applicant)

    def _unfinished(self, event: Event) -> None:
        """The decision stands, but what follows from it could not be done: the applicant is told why."""
        about = {**self._about, "reason": event.data["reason"]}
        title = _l("%(title)s could not be carried out yet: %(reason)s", **about)
        self._say("approvals.result", title, self._applicant)

    def _copied(self, event: Event) -> None:
        people = [int(person) for person in event.data["people"]]
        if not people:
            return
        rows = [{"case_id": self.kept.case.id, "employee_id": person, "at": now()} for person in people]
        self.current.connection().execute(insert_ignoring(self.current, Copy.__table__).values(rows))
        self._say("approvals.copy", _l("For your information: %(title)s", **self._about), set(people))

    def _waiting(self, event: Event) -> None:
        """Urge or remind whoever holds it up: a step, or all that is open."""
        seats = [seat for seat in self.kept.rows.state.open_seats() if event.step in ("", seat.step)]
        people = {seat.employee for seat in seats}
        if event.kind == "urged":
            self._say("approvals.urge", _l("You are urged to decide: %(title)s", **self._about), self._with(people))
        elif event.kind == "reminded":
            self._say("approvals.due", _l("Soon due: %(title)s", **self._about), self._with(people))
        elif event.data["then"] == "remind":
            self._say("approvals.due", _l("Overdue: %(title)s", **self._about), self._with(people))

    def _say(self, kind: str, title: Text, employees: set[int]) -> None:
        readers = employees - {self.actor} if self.actor is not None else employees
        if readers:
            case_id = self.kept.case.id
            notify(kind, title, employees=readers, link=case_path(case_id), group_key=f"case:{case_id}")


def ask_modules(kept: Kept, record: Any, act: str) -> None:
    """Let modules refuse an act before it is kept. Raises `Refused` with a veto's reason."""
    hooks().gate(
        "before_transition", entity=kept.case.entity, record=record, transition=f"approvals.{act}",
        actor=require_actor(),
    )  # fmt: skip


def tell_modules(kept: Kept, act: str, outcome: str | None) -> None:
    """Tell modules of an act once it is committed, and of the end of a case by a job each.

    The jobs belong to the transaction of the act: an end is told for certain, a module that fails is told again, and
    neither undoes the decision nor keeps others from being told.
    """
    entity, record_id, case_id = kept.case.entity, kept.case.record_id, kept.case.id
    if record_id is not None:
        after_commit(
            lambda: hooks().event("transitioned", entity=entity, record_id=record_id, transition=f"approvals.{act}")
        )
    if outcome is None:
        return
    for slug, _tell in hooks().each("case_ended", case_id=case_id, entity=entity, record_id=record_id, outcome=outcome):
        given = {"module": slug, "case_id": case_id, "entity": entity, "record_id": record_id, "outcome": outcome}
        enqueue(TELL_JOB, given, actor=SYSTEM, unique_key=f"{case_id}:{slug}")


class Tell(ma.Schema):
    """Which module is told of which case."""

    module = ma.fields.String(required=True)
    case_id = ma.fields.Integer(required=True)
    entity = ma.fields.String(required=True)
    record_id = ma.fields.Integer(required=True, allow_none=True)
    outcome = ma.fields.String(required=True)


def tell_module(run: Run, module: str, **case: Any) -> bool:
    """The job ``approvals.tell``: tell one module that a case has ended; whether it is still there to be told."""
    with acting_as(SYSTEM):
        for slug, tell in hooks().each("case_ended", **case):
            if slug == module:
                tell()
                return True
    return False


__all__ = ["KINDS", "TELL_JOB", "Tell", "ask_modules", "case_path", "tell_module", "tell_modules", "tell_people"]
