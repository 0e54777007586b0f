"""A handover at work: chunk by chunk, each with its records, its items and its cursor in one transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, select, update

from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.db import insert_rows, now, session
from app.jobs.services import Run
from app.organisation.handover.leaving import end_employment
from app.organisation.handover.models import Handover, HandoverItem
from app.organisation.handover.planning import heads_for, pieces_of, rows_of
from app.organisation.handover.rules import LEAVING, How, Route, read_route, receiver_at
from app.organisation.handover.services import plan_handover
from app.organisation.models import Employee
from app.types import Handing, Holding, Place, Refused

#: Records per transaction.
CHUNK = 1000
_HANDOVER, _ITEM = cast(Table, Handover.__table__), cast(Table, HandoverItem.__table__)
_COLUMNS = ("handover_id", "holding", "record_id", "state", "to_id", "place", "memo", "reason", "at")
Target = tuple[int | None, str]


def run_handover(run: Run, handover_id: int) -> dict[str, Any]:
    """Do a handover; {"moved": records, "stayed": records, "by_holding": {name: records}}.

    Killed half-way it goes on after the last chunk; a record moves with its item, so none moves twice. Raises
    `Refused` when what was allowed when it was planned is not allowed any more; nothing has happened then.
    """
    handover = session.get_one(Handover, handover_id, execution_options={UNSCOPED: True, "populate_existing": True})
    if handover.status not in ("planned", "running"):
        return {"moved": 0, "stayed": 0, "by_holding": {}}
    routes = [read_route(kept) for kept in handover.routes]
    if not run.is_done("begin"):
        with run.chunk("begin"):
            _begin(run, handover, routes)
    giver = session.get_one(Employee, handover.giver_id, execution_options={UNSCOPED: True})
    holdings, places = pieces_of(giver.id)
    chosen = {route.holding: route for route in routes}
    for holding in holdings:
        if (route := chosen.get(holding.name)) is not None:
            _hand_all(run, handover, holding, route, giver, places)
        elif handover.kind == LEAVING:  # of a module that was switched on since
            _hand_all(run, handover, holding, Route(holding.name, How.HEADS), giver, places)
    _end(handover.id, status="done", finished_at=now())
    counts = {name: dict(each) for name, each in run.state["counts"].items()}
    total = {state: sum(each.get(state, 0) for each in counts.values()) for state in ("moved", "stayed")}
    changes = {name: [None, each.get("moved", 0)] for name, each in counts.items()}
    record_acts(session(), [Act("finish", "handover", str(handover.id), giver.name, changes)])
    return {**total, "by_holding": {name: each.get("moved", 0) for name, each in counts.items()}}


def _begin(run: Run, handover: Handover, routes: Sequence[Route]) -> None:
    """Look again whether it is allowed, say how much there is, end the employment of who leaves."""
    try:
        lines = plan_handover(
            handover.kind, handover.giver_id, routes, last_on=handover.last_on, reason=handover.reason
        )
    except LookupError as error:
        raise Refused(_("There is no such employee within your reach")) from error
    run.state.update(cursors={}, counts={}, total=sum(line.count for line in lines))
    run.progress(0, run.state["total"])
    if handover.kind == LEAVING:
        handover.ended = end_employment(session(), handover)
    handover.status = "running"
    session.flush()


def _hand_all(
    run: Run, handover: Handover, holding: Holding, route: Route, giver: Employee, places: Sequence[Place]
) -> None:
    place = next((each for each in places if each.name == route.place), None) if route.how is How.PLACE else None
    found = rows_of(holding, route).subquery()
    while True:
        cursor, count = run.state["cursors"].get(holding.name, (0, 0))
        statement = select(found).where(found.c.id > cursor).order_by(found.c.id).limit(CHUNK)
        rows = session.execute(statement).all()
        if not rows:
            return
        with run.chunk(f"{holding.name}:{cursor}"):
            targets = _targets(rows, route, holding, giver, place, count)
            items = _hand(handover, holding, targets, place)
            insert_rows(session(), _ITEM, items, _COLUMNS)
            _note(run, holding, items, (rows[-1].id, count + len(rows)))


def _targets(
    rows: Sequence[Any], route: Route, holding: Holding, giver: Employee, place: Place | None, begun: int
) -> dict[Target, list[int]]:
    """The records of a chunk by where they go."""
    targets: dict[Target, list[int]] = defaultdict(list)
    heads = heads_for({row.unit_id for row in rows}, giver) if route.how is How.HEADS else {}
    for number, row in enumerate(rows, begun):
        to: int | None
        if place is not None:
            targets[None, place.name].append(row.id)
            continue
        if route.how is How.HEADS:
            to = heads.get(row.unit_id or giver.unit_id)
        elif route.how is How.FOLLOW and holding.follows and row.with_id not in (None, giver.id):
            to = row.with_id
        else:
            to = receiver_at(number, route.receivers)
        targets[to, ""].append(row.id)
    return targets


def _hand(
    handover: Handover, holding: Holding, targets: Mapping[Target, list[int]], place: Place | None
) -> list[dict[str, Any]]:
    """Move a chunk; a row per record with what became of it."""
    items = []
    move = holding.move if place is None else place.move
    for (to, where), ids in targets.items():
        moved: dict[int, str] = {}
        refused = dict.fromkeys(ids, _("Nobody to take it over"))
        if to is not None or where:
            asked = Handing(dict.fromkeys(ids, ""), handover.giver_id, to, handover.kind, handover.reason)
            moved, refused = as_far_as_possible(move, asked)
        moment = now()
        for number in ids:
            stays = number not in moved
            items.append(
                {
                    "handover_id": handover.id, "holding": holding.name, "record_id": number, "to_id": to,
                    "state": "stayed" if stays else "moved", "place": where,
                    "memo": moved.get(number, ""), "at": moment,
                    "reason": (refused.get(number) or _("It changed hands meanwhile"))[:300] if stays else "",
                }
            )  # fmt: skip
    return items


def as_far_as_possible(act: Any, asked: Handing) -> tuple[dict[int, str], dict[int, str]]:
    """(what `act` answers, why each of the others was refused): one veto does not hold up the rest of a chunk.

    What refuses has written nothing, so the halves can be tried on.
    """
    try:
        answer = act(asked)
        return (dict(answer) if isinstance(answer, Mapping) else dict.fromkeys(answer, "")), {}
    except Refused as refused:
        records = list(asked.records.items())
        if len(records) == 1:
            return {}, {records[0][0]: str(refused)}
        half = len(records) // 2
        done: dict[int, str] = {}
        left: dict[int, str] = {}
        for part in (records[:half], records[half:]):
            given = Handing(dict(part), asked.giver_id, asked.receiver_id, asked.cause, asked.reason, asked.at)
            more_done, more_left = as_far_as_possible(act, given)
            done |= more_done
            left |= more_left
        return done, left


def _note(run: Run, holding: Holding, items: Sequence[Mapping[str, Any]], cursor: tuple[int, int]) -> None:
    """Cursor, counts and progress of a chunk, committed with it."""
    run.state["cursors"][holding.name] = cursor
    counts = Counter(run.state["counts"].get(holding.name, {}))
    counts.update(item["state"] for item in items)
    run.state["counts"][holding.name] = dict(counts)
    done = sum(sum(each.values()) for each in run.state["counts"].values())
    run.progress(done, max(done, run.state["total"]), f"{holding.label}: {counts['moved']:,}")


def _end(handover_id: int, **values: Any) -> None:
    session.execute(update(_HANDOVER).where(_HANDOVER.c.id == handover_id).values(**values))


__all__ = ["as_far_as_possible", "run_handover"]
