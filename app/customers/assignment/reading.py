"""What became of a run: counts per rule and person, and the rows behind them."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from sqlalchemy import Table, func, select

from app.access.actors import require_actor
from app.access.policy import may_ask
from app.base.runs import RunLine, RunRow
from app.base.views.titles import read_titles, record_url
from app.customers.assignment.applying import read_rules
from app.customers.assignment.conditions import looked_at
from app.customers.assignment.models import AssignmentItem, AssignmentRule, AssignmentRun
from app.db import session
from app.fields.bulk import among

PAGE = 50
_ITEM = cast(Table, AssignmentItem.__table__)


def lines_of(run: AssignmentRun) -> list[RunLine]:
    """Per rule: customers by state, and per person those that went there; one statement and the names."""
    rows = session.execute(
        select(_ITEM.c.rule_id, _ITEM.c.state, _ITEM.c.to_id, func.count().label("n"))
        .where(_ITEM.c.run_id == run.id)
        .group_by(_ITEM.c.rule_id, _ITEM.c.state, _ITEM.c.to_id)
        .order_by(_ITEM.c.rule_id, _ITEM.c.to_id)
    ).all()
    rules = _rules({row.rule_id for row in rows})
    people = read_titles({("employee", row.to_id) for row in rows if row.to_id is not None})
    lines = []
    for rule in rules.values():
        mine = [row for row in rows if row.rule_id == rule.id]
        counts: Counter[str] = Counter()
        to: Counter[str] = Counter()
        for row in mine:
            counts[row.state] += row.n
            if row.state != "left" and row.to_id is not None:
                to[people.get(("employee", row.to_id), f"#{row.to_id}")] += row.n
        lines.append(
            RunLine(rule.id, rule.name, record_url("assignment_rule", rule.id), dict(counts), tuple(to.most_common()))
        )
    return lines


def rows_of(run: AssignmentRun, rule_id: int, state: str, page: int) -> tuple[list[RunRow], bool]:
    """(a page of the customers of a run, of one rule or state where named, whether there are more)."""
    statement = select(_ITEM).where(_ITEM.c.run_id == run.id)
    if rule_id:
        statement = statement.where(_ITEM.c.rule_id == rule_id)
    if state:
        statement = statement.where(_ITEM.c.state == state)
    found = session.execute(statement.order_by(_ITEM.c.id).limit(PAGE + 1).offset((page - 1) * PAGE)).all()
    rows, rules = found[:PAGE], _rules({row.rule_id for row in found})
    links = {("customer", row.customer_id) for row in rows}
    titles = read_titles(links | {("employee", row.to_id) for row in rows if row.to_id is not None})
    return [_row(row, rules[row.rule_id], titles) for row in rows], len(found) > PAGE


def _row(row: Any, rule: AssignmentRule, titles: dict[tuple[str, int], str]) -> RunRow:
    title = titles.get(("customer", row.customer_id))
    told = looked_at(rule)
    return RunRow(
        row.customer_id,
        title or f"#{row.customer_id}",
        record_url("customer", row.customer_id) if title else None,
        rule.name,
        row.state,
        titles.get(("employee", row.to_id), f"#{row.to_id}") if row.to_id is not None else "",
        row.reason if told is None or may_ask("customer", told, require_actor()) else "",
    )


def _rules(ids: set[int]) -> dict[int, AssignmentRule]:
    found = read_rules(session(), among(session(), AssignmentRule.id, sorted(ids))) if ids else []
    return {rule.id: rule for rule in found}


__all__ = ["lines_of", "rows_of"]
