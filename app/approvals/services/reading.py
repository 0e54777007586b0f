"""One case as whoever asks may see it: its state, its history with names, and what they may do now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.approvals.models import Case, Definition
from app.approvals.rules.document import Document, Sign
from app.approvals.rules.playing import By, Play
from app.approvals.rules.rows import Rows, TaskRow
from app.approvals.rules.state import APPLICANT, Event, Seat, State, Status, Supplement
from app.approvals.services.acting import is_one_by_one
from app.approvals.services.asking import Asking, about_kept
from app.approvals.services.delegating import administers, stood_in_for
from app.approvals.services.ending import unfinished_reason
from app.approvals.services.keeping import Kept, document_of, read_kept
from app.approvals.services.people import names_of
from app.approvals.services.seeing import heading, may_see, sees_record
from app.db import session
from app.types import Actor


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a case's history: the event, when it was, who acted (empty: the product itself), and the document
    the case ran by then."""

    number: int
    at: datetime
    event: Event
    who: str
    document: Document


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as the actor may see it."""

    case: Case
    #: What it is called, as far as the actor may read the name of its record.
    title: str
    definition: Definition
    document: Document
    state: State
    rows: Rows
    events: tuple[Line, ...]
    #: Employees by id: all that the history and the seats name.
    names: Mapping[int, str]
    #: By seat that waits for the actor or for one they stand in for: approve, refuse, abstain, return, transfer,
    #: add_signer, supplement.
    acts: Mapping[int, frozenset[str]]
    #: On the case itself: withdraw, resubmit, urge, comment, copy, cancel.
    case_acts: frozenset[str]
    #: By seat: the steps it can be returned to, the applicant first (`state.APPLICANT`).
    targets: Mapping[int, tuple[str, ...]]
    #: Signers the actor has added who have not decided: their seats can be removed.
    removable: frozenset[int]
    supplements: tuple[Supplement, ...]
    #: Numbers of the supplements the actor may say are there.
    givable: frozenset[int]
    #: Why what follows from its end is not done yet; empty where nothing is left to do.
    unfinished: str
    #: Whether the actor may see the record it is about.
    sees_record: bool
    #: Whether its amount keeps it out of batches.
    one_by_one: bool

    def task(self, seat: int) -> TaskRow:
        """When a seat was opened, is due, was decided."""
        return self.rows.tasks[seat]


def read_case(case_id: int) -> CaseView | None:
    """A case the actor may see, with what they may do; None where there is none for them."""
    actor, current = require_actor(), session()
    kept = read_kept(current, case_id, lock=False)
    if kept is None or not may_see(current, kept.case, kept.history, actor):
        return None
    about = about_kept(kept)
    play = Play(kept.document, kept.rows.state, Asking(current, about))
    me = actor.employee_id or 0
    stands_in = stood_in_for(current, me, kept.case.definition_id) if me else frozenset[int]()
    by = By(me, stands_in)
    seats = play.seats_for(by) if me and play.state.status.is_open else []
    case = current.get_one(Case, case_id, populate_existing=True)
    names = names_of(current, _named(kept))
    lines = _lines(current, kept, names)
    state, missing = play.state, unfinished_reason(kept)
    return CaseView(
        case=case,
        title=heading(case),
        definition=case.definition,
        document=kept.document,
        state=state,
        rows=kept.rows,
        events=lines,
        names=names,
        acts={seat.number: _acts(play, seat) for seat in seats},
        case_acts=_case_acts(play, actor) | ({"finish"} if missing and me and administers(actor) else set()),
        targets={seat.number: tuple(play.targets(seat.step)) for seat in seats},
        removable=frozenset(seat.number for seat in state.seats.values() if _is_removable(state, seat, me)),
        supplements=tuple(state.supplements.values()),
        givable=frozenset(
            s.number for s in state.supplements.values()
            if s.is_open and state.status.is_open and me in (state.applicant, s.asked_by)
        ),
        unfinished=missing,
        sees_record=sees_record(kept.case, actor),
        one_by_one=is_one_by_one(kept, about),
    )  # fmt: skip


def _lines(current: Session, kept: Kept, names: Mapping[int, str]) -> tuple[Line, ...]:
    """The history, each line with the document of its time: a case that was moved has had several."""
    found, document = [], kept.document
    for number, (event, at) in enumerate(kept.history, start=1):
        if event.kind in ("started", "moved"):
            version = event.data["version"]
            same = version == kept.case.version
            document = kept.document if same else document_of(current, kept.case.definition_id, version)
        found.append(Line(number, at, event, names.get(event.actor or 0, ""), document))
    return tuple(found)


def _acts(play: Play, seat: Seat) -> frozenset[str]:
    step = play.document.step(seat.step)
    waits = any(s.is_open and seat.step in s.waits for s in play.state.supplements.values())
    found = {"refuse", *step.may}
    if not waits:
        found.add("approve")
    if step.sign is Sign.VOTE:
        found.add("abstain")
    return frozenset(found)


def _case_acts(play: Play, actor: Actor) -> frozenset[str]:
    state, me = play.state, actor.employee_id
    found = {"comment", "copy"} if me is not None else set()
    if not state.status.is_open or me is None:
        return frozenset(found)
    if me == state.applicant:
        found |= {"resubmit"} if state.status is Status.RETURNED else {"urge"}
        if play.may_withdraw(me):
            found.add("withdraw")
    if administers(actor):
        found.add("cancel")
    return frozenset(found)


def _is_removable(state: State, seat: Seat, me: int) -> bool:
    adder = state.seats.get(seat.added_by or 0)
    if adder is None or not seat.said.is_live or not state.status.is_open or me not in (adder.employee, adder.by):
        return False
    return not any(other.added_by == seat.number and other.said.is_live for other in state.seats.values())


def _named(kept: Kept) -> set[int]:
    """Every employee the history or a seat names."""
    found = {seat.employee for seat in kept.rows.state.seats.values()} | {kept.rows.state.applicant}
    for event, _at in kept.history:
        found.add(event.actor or 0)
        for name in ("to", "from", "for", "employee", "applicant"):
            value = event.data.get(name)
            if isinstance(value, int):
                found.add(value)
        found.update(person for person in event.data.get("people", ()) if isinstance(person, int))
    return found - {0}


__all__ = ["APPLICANT", "CaseView", "Line", "read_case"]
