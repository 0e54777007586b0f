"""Acts on cases: each is one transaction with the case's row locked, so that two people never act past each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.approvals.messages import of_illegal, refused
from app.approvals.rules.flowing import Illegal
from app.approvals.rules.playing import By, Play
from app.approvals.rules.state import Event
from app.approvals.services import telling
from app.approvals.services.asking import About, Asking, about_kept
from app.approvals.services.delegating import administers, stood_in_for
from app.approvals.services.filling import refuse_lacking
from app.approvals.services.finishing import finish, perform
from app.approvals.services.keeping import Kept, keep, read_kept
from app.approvals.services.seeing import may_see
from app.approvals.subjects import ACTS
from app.db import now, transaction, writing
from app.fields.custom.derived import surroundings
from app.types import Actor, Refused

#: People are urged no more often than this.
URGE_AGAIN = timedelta(hours=1)


@dataclass(slots=True)
class Moment:
    """A locked case in the hands of whoever acts: `play` takes the act, what it adds is kept at the end."""

    current: Session
    kept: Kept
    about: About
    play: Play
    by: By
    actor: Actor


def on_case(case_id: int, act: str, do: Callable[[Moment], None], *, comment: str = "", person: bool = True) -> None:
    """One act on one case, kept whole or not at all. Raises `Refused`.

    `person`: somebody acts, who must have an employee and know of the case; else it is the product itself.
    """
    with writing(), transaction() as current:
        kept = read_kept(current, case_id)
        if kept is None:
            raise refused("no_case")
        moment = _moment(current, kept, person)
        try:
            do(moment)
        except Illegal as illegal:
            # Why it may not be would tell of a case one may not see.
            if person and not may_see(current, kept.case, kept.history, moment.actor):
                raise refused("no_case") from illegal
            raise of_illegal(illegal) from illegal
        write(moment, act, comment=comment, person=person)


def _moment(current: Session, kept: Kept, person: bool) -> Moment:
    actor = require_actor()
    if person and actor.employee_id is None:
        raise refused("no_employee")
    about, by = about_kept(kept), By(0)
    if person and actor.employee_id is not None:
        by = By(actor.employee_id, stood_in_for(current, actor.employee_id, kept.case.definition_id))
    return Moment(current, kept, about, Play(kept.document, kept.rows.state, Asking(current, about)), by, actor)


def write(moment: Moment, act: str, *, comment: str = "", person: bool = True) -> None:
    """Keep what an act has added, do what follows of it, tell whom it concerns. Nothing added: nothing is done."""
    kept, play = moment.kept, moment.play
    if not play.events:
        return
    telling.ask_modules(kept, moment.about.record, act)
    events = keep(moment.current, kept, _told_failures(kept, play))
    outcome = next((event.data["outcome"] for event in events if event.kind == "ended"), None)
    for event in events:
        if event.kind == "automatic":
            perform(kept.case, event.step, event.data["act"], dict(event.data["values"]))
    if outcome is not None:
        events += keep(moment.current, kept, finish(kept.case, kept.document, outcome))
    telling.tell_people(moment.current, kept, events, moment.by.employee if person else None)
    telling.tell_modules(kept, act, outcome)
    if person:
        _log(moment, act)


def _told_failures(kept: Kept, play: Play) -> list[Event]:
    """A choice whose conditions could not be answered says in the history which ones, and why."""
    failed = play.world.failed if isinstance(play.world, Asking) else {}
    if not failed:
        return play.events
    found = []
    for event in play.events:
        if event.kind == "took":
            whens = [branch.when for branch in kept.document.step(event.step).branches]
            if unanswered := {when: failed[when] for when in whens if when in failed}:
                event = replace(event, data={**event.data, "failed": unanswered})
        found.append(event)
    return found


def _log(moment: Moment, act: str) -> None:
    """One entry in the log of acts, chained by hash: the case's own history says the rest."""
    case = moment.kept.case
    entity, number = (case.entity, case.record_id) if case.record_id is not None else ("approvals_case", case.id)
    said = {"case": [None, case.id], "status": [case.status, moment.kept.rows.state.status.value]}
    record_acts(moment.current, [Act(f"approval.{act}", entity, str(number), case.title, said)])


def decide(case_id: int, seat: int, act: str, comment: str = "") -> None:
    """Approve, refuse or abstain (`act`) on a seat of one's own or of one stood in for. Raises `Refused`."""
    on_case(case_id, act, lambda it: _decide(it, seat, act, comment), comment=comment)


def _decide(it: Moment, seat: int, act: str, comment: str) -> None:
    """The decision, where what the step wants filled in is there; who may not decide is told that first."""
    document, asked = it.kept.document, it.play.state.seats.get(seat)
    it.play.decide(it.by, seat, act, comment)
    if act == "approve" and asked is not None:
        refuse_lacking(document.step(asked.step), it.about)


def give_back(case_id: int, seat: int, to: str, comment: str, straight: bool = False) -> None:
    """Return a case to a step passed or to the applicant; `straight`: it then comes straight back. Raises `Refused`."""
    on_case(case_id, "return", lambda it: it.play.give_back(it.by, seat, to, comment, straight=straight))


def resubmit(case_id: int, comment: str = "") -> None:
    """Submit a returned case of one's own again. Raises `Refused`."""
    on_case(case_id, "resubmit", lambda it: it.play.resubmit(it.by, comment))


def withdraw(case_id: int, comment: str = "") -> None:
    """Take one's own case back. Raises `Refused`."""
    on_case(case_id, "withdraw", lambda it: it.play.withdraw(it.by, comment))


def transfer(case_id: int, seat: int, to: int, comment: str = "") -> None:
    """Let a colleague (an employee) decide in one's place. Raises `Refused`."""
    on_case(case_id, "transfer", lambda it: it.play.transfer(it.by, seat, to, comment))


def add_signers(case_id: int, seat: int, people: Iterable[int], where: str, comment: str = "") -> None:
    """Ask others to sign `before` or `after` oneself. Raises `Refused`."""
    chosen = list(people)
    on_case(case_id, "add_signers", lambda it: it.play.add_signers(it.by, seat, chosen, where, comment))


def remove_signer(case_id: int, seat: int) -> None:
    """Take a signer back one has added, by that one's seat. Raises `Refused`."""
    on_case(case_id, "remove_signer", lambda it: it.play.remove_signer(it.by, seat))


def ask_material(
    case_id: int, seat: int, items: Iterable[str], waits: Iterable[str] = (), due_on: date | None = None,
    comment: str = "",
) -> None:  # fmt: skip
    """Ask the applicant for material by a day; the steps in `waits` approve nothing before it. Raises `Refused`."""
    if due_on is not None and due_on < now().astimezone(surroundings().zone).date():
        raise refused("material_due", "due_on")
    wanted, steps = list(items), list(waits)

    def ask(it: Moment) -> None:
        it.play.ask_material(it.by, seat, wanted, steps, comment)
        if due_on is not None:
            last = it.play.events[-1]
            it.play.events[-1] = replace(last, data={**last.data, "due_on": due_on.isoformat()})

    on_case(case_id, "ask_material", ask)


def urge(case_id: int, comment: str = "") -> None:
    """Urge whoever holds the case up; the applicant's right, once an hour. Raises `Refused`."""

    def do(it: Moment) -> None:
        if it.by.employee != it.play.state.applicant:
            raise Illegal("not_yours")
        if any(event.kind == "urged" and at > now() - URGE_AGAIN for event, at in it.kept.history):
            raise Illegal("said_today")
        it.play.remember("urged", it.by.employee, comment=comment)

    on_case(case_id, "urge", do)


def copy_to(case_id: int, people: Iterable[int]) -> None:
    """Let others know of a case one may see: they may read it from then on. Raises `Refused`."""
    chosen = list(dict.fromkeys(people))

    def do(it: Moment) -> None:
        seen(it)
        if not chosen:
            raise Illegal("nobody_named")
        if not all(it.play.world.may_act(person) for person in chosen):
            raise Illegal("cannot_act")
        it.play.remember("copied", it.by.employee, people=chosen)

    on_case(case_id, "copy", do)


def cancel_case(case_id: int, comment: str) -> None:
    """End a case as an administrator of approvals, with a reason. Raises `Refused`."""

    def do(it: Moment) -> None:
        if not administers(it.actor):
            raise Illegal("not_administrator" if _is_seen(it) else "no_case")
        it.play.cancel(it.by.employee, comment)

    on_case(case_id, "cancel", do)


def call_off(case_id: int, comment: str) -> None:
    """End a case by the product itself: what it asked for is moot, and `comment` says why. Raises `Refused`."""
    on_case(case_id, "cancel", lambda it: it.play.cancel(None, comment), person=False)


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one of many decisions: `problem` is empty where it was kept."""

    case_id: int
    seat: int
    problem: str = ""


def decide_many(chosen: Sequence[tuple[int, int]], act: str, comment: str = "") -> list[Decided]:
    """Decide on several seats, each in a transaction of its own: one that is refused holds no other up.

    A case whose amount reaches what its flow names is decided one by one.
    """
    found = []
    for case_id, seat in chosen:

        def do(it: Moment, seat: int = seat) -> None:
            if is_one_by_one(it.kept, it.about):
                raise Illegal("no_batch")
            _decide(it, seat, act, comment)

        try:
            on_case(case_id, act, do, comment=comment)
            found.append(Decided(case_id, seat))
        except Refused as refusal:
            found.append(Decided(case_id, seat, str(refusal)))
    return found


def is_one_by_one(kept: Kept, about: About) -> bool:
    """Whether a case is kept out of batches by its amount; an amount nobody knows is, and what is no record, too."""
    if kept.case.asked in ACTS:
        return True
    name, limit = kept.document.batch_field, kept.document.batch_below
    if not name or not limit:
        return False
    value = about.values([name]).get(name)
    return value is None or Decimal(str(value)) >= Decimal(limit)


def _is_seen(it: Moment) -> bool:
    return may_see(it.current, it.kept.case, it.kept.history, it.actor)


def seen(it: Moment) -> None:
    """Raise `Illegal` where whoever acts may not see the case."""
    if not _is_seen(it):
        raise Illegal("no_case")


__all__ = [
    "Decided", "Moment", "add_signers", "ask_material", "cancel_case", "copy_to", "decide", "decide_many", "give_back",
    "is_one_by_one", "on_case", "remove_signer", "resubmit", "seen", "transfer", "urge", "withdraw", "write",
]  # fmt: skip
