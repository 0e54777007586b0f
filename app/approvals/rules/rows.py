"""What the tables say of a case, worked out from its history alone: its tasks, the visits of its steps, itself.

Whoever acts keeps the difference between before and after; `verify_case` works it all out again and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.approvals.rules.state import APPLICANT, Event, Said, Seat, State, Status, apply

#: The longest text of `CaseRow.steps`.
_LONGEST = 400
_DECIDED = (Status.APPROVED, Status.REFUSED)


@dataclass(slots=True)
class TaskRow:
    """A seat as the inbox reads it. Open again after a signer before it: `opened_at` is the last time."""

    seat: int
    step: str
    visit: int
    employee_id: int
    role: str
    said: str = ""
    opened_at: datetime | None = None
    due_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: int | None = None


@dataclass(slots=True)
class VisitRow:
    """A visit of a step. `due_at` is when something happens next: what was asked for stays with the tasks."""

    step: str
    visit: int
    entered_at: datetime
    left_at: datetime | None = None
    minutes: int | None = None
    outcome: str = ""
    due_at: datetime | None = None
    remind_at: datetime | None = None
    expired: int = 0

    def leave(self, outcome: str, at: datetime) -> None:
        """Let it end."""
        self.left_at, self.outcome, self.minutes = at, outcome, minutes_between(self.entered_at, at)


@dataclass(slots=True)
class CaseRow:
    """What a case's own row says of where it is."""

    status: str
    version: int
    applicant_id: int
    round: int
    steps: str
    events: int
    moved_at: datetime | None
    ended_at: datetime | None
    minutes: int | None


@dataclass(slots=True)
class Rows:
    """The rows of a case after some of its history; `add` goes on with it."""

    state: State = field(default_factory=State)
    tasks: dict[int, TaskRow] = field(default_factory=dict)
    visits: dict[tuple[str, int], VisitRow] = field(default_factory=dict)
    count: int = 0
    began_at: datetime | None = None
    moved_at: datetime | None = None
    ended_at: datetime | None = None

    def copy(self) -> Rows:
        """The same rows, which stay as they are."""
        return replace(
            self,
            state=self.state.copy(),
            tasks={number: replace(row) for number, row in self.tasks.items()},
            visits={key: replace(row) for key, row in self.visits.items()},
        )

    def add(self, event: Event, at: datetime) -> None:
        """Let one more event have happened at a moment."""
        if event.kind == "moved":
            self._rename(event.data["steps"])
        elif event.kind == "left":
            self._leave(event.step, event.data["outcome"], at)
        apply(self.state, event)
        self.count, self.began_at, self.moved_at = self.count + 1, self.began_at or at, at
        self._note(event, at)
        for seat in self.state.seats.values():
            self._seat(seat, event, at)
        if event.kind == "moved":
            self._undate(event.data.get("undated", ()))

    def case(self) -> CaseRow:
        """The case's own row."""
        state, steps = self.state, ""
        for step in state.places:
            longer = f"{steps} {step}".strip()
            steps = longer if len(longer) <= _LONGEST else steps
        minutes = None
        if self.began_at is not None and self.ended_at is not None and state.status in _DECIDED:
            minutes = minutes_between(self.began_at, self.ended_at)
        return CaseRow(
            state.status.value, state.version, state.applicant, state.round, steps, self.count,
            self.moved_at, self.ended_at, minutes,
        )  # fmt: skip

    def visit(self, step: str) -> VisitRow | None:
        """The visit of a step that goes on."""
        place = self.state.places.get(step)
        return None if place is None else self.visits.get((step, place.visit))

    def _note(self, event: Event, at: datetime) -> None:
        visit = self.visit(event.step)
        if event.kind == "entered":
            number = event.data["visit"]
            due, remind = moment(event.data, "due_at"), moment(event.data, "remind_at")
            self.visits[event.step, number] = VisitRow(event.step, number, at, due_at=due, remind_at=remind)
        elif event.kind == "returned" and event.data["to"] == APPLICANT:
            number = self.state.visits[APPLICANT]
            self.visits[APPLICANT, number] = VisitRow(APPLICANT, number, at)
        elif event.kind == "resubmitted":
            self.visits[APPLICANT, self.state.visits[APPLICANT]].leave("passed", at)
        elif event.kind == "expired" and visit is not None:
            visit.expired += 1
            visit.due_at, visit.remind_at = moment(event.data, "due_at"), None
        elif event.kind == "reminded" and visit is not None:
            visit.remind_at = None
        elif event.kind == "ended":
            self.ended_at = at

    def _leave(self, step: str, outcome: str, at: datetime) -> None:
        visit = self.visit(step)
        if visit is not None:
            visit.leave(outcome, at)

    def _rename(self, names: Mapping[str, str]) -> None:
        for (step, number), visit in list(self.visits.items()):
            if visit.left_at is None and names.get(step, step) != step:
                del self.visits[step, number]
                visit.step = names[step]
                self.visits[visit.step, number] = visit

    def _undate(self, steps: Iterable[str]) -> None:
        """The new version gives these steps no deadline: nothing is due there any more."""
        for step in steps:
            visit = self.visit(step)
            if visit is not None:
                visit.due_at = visit.remind_at = None
                for seat in self.state.seats_of(self.state.places[step]):
                    self.tasks[seat.number].due_at = None

    def _seat(self, seat: Seat, event: Event, at: datetime) -> None:
        row = self.tasks.get(seat.number)
        if row is None:
            visit = self.visits.get((seat.step, seat.visit))
            row = TaskRow(seat.number, seat.step, seat.visit, seat.employee, seat.role)
            row.due_at = None if visit is None else visit.due_at
            self.tasks[seat.number] = row
        elif event.kind == "reseated" and event.seat == seat.number and event.data["why"] == "escalated":
            visit = self.visit(seat.step)
            row.due_at = row.due_at if visit is None else visit.due_at
        if seat.said is Said.OPEN and row.said != Said.OPEN.value:
            row.opened_at = at
        if seat.said.is_decided and not Said(row.said or "waiting").is_decided:
            row.decided_at, row.decided_by = at, seat.by
        row.step, row.employee_id, row.said = seat.step, seat.employee, seat.said.value


def rows_of(history: Iterable[tuple[Event, datetime]]) -> Rows:
    """What the tables have to say after a whole history."""
    rows = Rows()
    for event, at in history:
        rows.add(event, at)
    return rows


def moment(data: Mapping[str, object], name: str) -> datetime | None:
    """A moment an event carries as text."""
    said = data.get(name)
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def minutes_between(since: datetime, until: datetime) -> int:
    """The whole minutes between two moments, by the seconds a clock shows: any database says the same.

    >>> minutes_between(datetime(2026, 3, 1, 9, 0, 0, 900_000), datetime(2026, 3, 1, 9, 1))
    1
    """
    return (until.replace(microsecond=0) - since.replace(microsecond=0)) // timedelta(minutes=1)


__all__ = ["CaseRow", "Rows", "TaskRow", "VisitRow", "minutes_between", "moment", "rows_of"]
