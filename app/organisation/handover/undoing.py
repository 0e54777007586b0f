"""The way back of a handover: what nobody has moved since goes back, the rest stays and says why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, select, update

from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.db import now, session
from app.fields.bulk import among
from app.jobs.services import Run
from app.organisation.handover.leaving import bring_back
from app.organisation.handover.models import Handover, HandoverItem
from app.organisation.handover.planning import pieces_of
from app.organisation.handover.rules import LEAVING
from app.organisation.handover.running import CHUNK, as_far_as_possible
from app.organisation.models import Employee
from app.types import Handing

#: What ledgers say of it.
CAUSE = "handover_undone"
_HANDOVER, _ITEM = cast(Table, Handover.__table__), cast(Table, HandoverItem.__table__)


def run_undo(run: Run, handover_id: int) -> dict[str, Any]:
    """Undo a handover as a whole; {"back": records, "kept": records}. Goes on after the last chunk when killed."""
    handover = session.get_one(Handover, handover_id, execution_options={UNSCOPED: True, "populate_existing": True})
    if handover.status != "undoing":
        return {"back": 0, "kept": 0}
    if not run.is_done("begin"):
        with run.chunk("begin"):
            if handover.kind == LEAVING and handover.ended:
                bring_back(session(), handover)
            run.state.update(cursor=0, back=0, kept=0)
    giver = session.get_one(Employee, handover.giver_id, execution_options={UNSCOPED: True, "populate_existing": True})
    holdings, places = pieces_of(giver.id)
    ways: dict[tuple[str, str], Any] = {(each.name, ""): each.back for each in holdings}
    ways |= {(each.holding, each.name): each.back for each in places}
    while True:
        cursor = run.state["cursor"]
        rows = session.execute(
            select(_ITEM)
            .where(_ITEM.c.handover_id == handover.id, _ITEM.c.id > cursor, _ITEM.c.state == "moved")
            .order_by(_ITEM.c.id)
            .limit(CHUNK)
        ).all()
        if not rows:
            break
        with run.chunk(f"undo:{cursor}"):
            back, kept = _bring(rows, ways, giver, handover.reason)
            _write(back, kept)
            run.state["cursor"] = rows[-1].id
            run.state["back"] += len(back)
            run.state["kept"] += len(kept)
            run.progress(run.state["back"] + run.state["kept"])
    session.execute(update(_HANDOVER).where(_HANDOVER.c.id == handover.id).values(status="undone", undone_at=now()))
    result = {"back": run.state["back"], "kept": run.state["kept"]}
    changes = {name: [None, count] for name, count in result.items()}
    record_acts(session(), [Act("undone", "handover", str(handover.id), giver.name, changes)])
    return result


def _bring(
    rows: Iterable[Any], ways: Mapping[tuple[str, str], Any], giver: Employee, reason: str
) -> tuple[list[int], dict[int, str]]:
    """(items that went back, why each of the others is kept), the items of one chunk."""
    groups: dict[tuple[Any, ...], dict[int, Any]] = defaultdict(dict)
    for row in rows:
        groups[row.holding, row.place, row.to_id, row.at][row.record_id] = row
    back, kept = [], {}
    for (holding, place, to, at), group in groups.items():
        way = ways.get((holding, place))
        done: dict[int, str] = {}
        if giver.left_on is not None:
            refused = dict.fromkeys(group, _("%(name)s has left", name=giver.name))
        elif way is None:
            refused = dict.fromkeys(group, _("The module this belongs to is switched off"))
        else:
            memos = {number: row.memo for number, row in group.items()}
            done, refused = as_far_as_possible(way, Handing(memos, giver.id, to, CAUSE, reason, at))
        for number, row in group.items():
            if number in done:
                back.append(row.id)
            else:
                kept[row.id] = (refused.get(number) or _("It has changed hands since"))[:300]
    return back, kept


def _write(back: list[int], kept: Mapping[int, str]) -> None:
    """What became of the items, a statement per reason."""
    by_reason: dict[tuple[str, str], list[int]] = defaultdict(list)
    if back:
        by_reason["back", ""] = back
    for number, reason in kept.items():
        by_reason["kept", reason].append(number)
    for (state, reason), ids in by_reason.items():
        chosen = among(session(), _ITEM.c.id, ids)
        session.execute(update(_ITEM).where(chosen).values(state=state, reason=reason))


__all__ = ["CAUSE", "run_undo"]
