"""A fortnight of the made-up bank's hotline: most calls find their customer, some wait for somebody to say whose."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import func, select, update

from app.access.actors import acting_as
from app.activities.calls.services import receive_calls
from app.activities.calls.sources import create_source
from app.customers.models import Customer
from app.db import session
from app.demo.crowd import ZONE
from app.demo.numbers import mobile
from app.organisation.models import Employee
from app.types import SYSTEM

#: Calls of customers, and of numbers nobody has.
KNOWN, UNKNOWN = 40, 9
_NOTES = ("咨询贷款利率", "询问还款日", "预约到行办理", "了解经营贷条件", "催问审批进度", None, None)
_SPOKEN = ("{}", "+86 {}", "0{}", "{0:.3}-{1}")


def make_calls(today: date) -> int:
    """The hotline's connection (no secret yet), extensions of the staff, and the calls; how many these are."""
    random = Random(f"calls {today}")  # of its own: other records stay as they are  # noqa: S311
    session.execute(
        update(Employee.__table__)  # type: ignore[arg-type]
        .where(Employee.__table__.c.position.contains("客户经理"))
        .values(extension=func.substr(Employee.__table__.c.code, -4))
    )
    source = create_source({"code": "hotline", "name": "客服热线"})
    table: Any = Customer.__table__
    customers = session.execute(
        select(table.c.mobile, Employee.__table__.c.extension)
        .join(Employee.__table__, Employee.__table__.c.id == table.c.owner_id)
        .where(table.c.mobile.is_not(None), table.c.created_at < datetime.combine(today, time(), ZONE) - timedelta(16))
        .order_by(table.c.id.desc())
        .limit(KNOWN)
    ).all()
    taken = set(session.scalars(select(table.c.mobile).where(table.c.mobile.is_not(None))))
    strangers = [number for number in (mobile(random) for _each in range(3 * UNKNOWN)) if number not in taken][:UNKNOWN]
    calls = [_call(random, today, number, extension) for number, extension in customers]
    calls += [_call(random, today, number, None) for number in strangers]
    calls.append(_call(random, today, "", None))
    numbered = [{**call, "call_id": f"QJ{today:%y%m%d}{place:04d}"} for place, call in enumerate(calls, 1)]
    with acting_as(replace(SYSTEM, name=source.name)):
        receive_calls(source.code, numbered)
    return len(numbered)


def _call(random: Random, today: date, number: str, extension: str | None) -> dict[str, Any]:
    day = today - timedelta(days=random.randrange(1, 15))
    answered = random.random() < 0.8
    return {
        "number": random.choice(_SPOKEN).format(number, number[3:]) if number else "",
        "direction": "in" if extension is None or random.random() < 0.4 else "out",
        "agent": extension,
        "started_at": datetime.combine(day, time(random.randrange(9, 17), random.randrange(60)), ZONE),
        "answered": answered,
        "duration_seconds": random.randrange(8, 420) if answered else 0,
        "note": random.choice(_NOTES) if answered else None,
    }
