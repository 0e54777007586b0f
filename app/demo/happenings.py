"""Eighteen months of follow-ups with the rhythm of a bank: working days, two peaks a day, some deals."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from app.demo.crowd import DAYS, ZONE, Made

ACTIVITIES = 8000
_HOURS = (9, 9, 10, 10, 10, 11, 11, 13, 14, 14, 15, 15, 15, 16, 16, 17)
_KINDS = ("call", "meeting", "visit_in", "message", "salon", "invitation", "email", "note")
_KIND_WEIGHTS = (52, 14, 9, 12, 3, 4, 3, 3)
_SUBJECTS = {
    "call": ("电话回访", "了解近期资金需求", "产品到期提醒", "约见面时间", "利率调整通知"),
    "meeting": ("上门拜访", "实地走访经营场所", "贷款方案沟通", "资料收集", "签约前沟通"),
    "visit_in": ("到行咨询贷款", "到行办理业务", "咨询理财产品", "补充资料"),
    "message": ("发送产品介绍", "节日问候", "活动邀请提醒"),
    "salon": ("小微企业主沙龙", "财富讲座", "税贷政策宣讲会"),
    "invitation": ("邀约参加沙龙", "邀约到行面谈"),
    "email": ("发送方案书", "发送对账资料"),
    "note": ("内部备注", "信息更新"),
}
_RESULTS = ("interested", "follow_up", "refused", "no_answer", "done")
_CONTENT = {
    "interested": (
        "客户有意向，希望了解额度与利率。",
        "对经营贷感兴趣，需要测算月供。",
        "近期有扩产计划，约下周详谈。",
    ),
    "follow_up": ("需内部商量后答复。", "等账期结束再联系。", "资料未齐，补齐后再议。"),
    "refused": ("暂无需求。", "已在他行办理。"),
    "no_answer": ("",),
    "done": ("已完成。", "已告知客户。"),
    "deal": ("签约放款。", "理财签约完成。", "授信批复后首笔提款。"),
}
_NEXT = ("发送方案", "电话跟进", "上门拜访", "收集资料", "邀约到行")


def make_activities(random: Random, customers: list[Made], today: date) -> list[dict[str, Any]]:
    """Rows for `record_activities`, oldest first: who is more diligent does more, key customers get more."""
    diligence = {owner: random.uniform(0.5, 1.6) for owner in sorted({c.owner_id for c in customers})}
    importance = {"key": 3.2, "important": 1.7, "normal": 0.8}
    weights = [
        diligence[c.owner_id] * importance[c.level] * (0.2 + (c.quiet_from - c.since).days / DAYS) for c in customers
    ]
    rows = []
    for customer in random.choices(customers, weights, k=ACTIVITIES):
        rows.append(_activity(random, customer, today))
    return sorted(rows, key=lambda row: row["at"])


def _activity(random: Random, customer: Made, today: date) -> dict[str, Any]:
    at = _moment(random, customer, today)
    kind = random.choices(_KINDS, _KIND_WEIGHTS)[0]
    weights = (26, 24, 8, 30 if kind == "call" else 0, 12)
    result = random.choices(_RESULTS, weights)[0]
    meets = kind in ("call", "meeting", "visit_in")
    amount = None
    if meets and random.random() < (0.022 if kind == "call" else 0.07):
        result = "deal"
        large = customer.kind in ("corporate", "channel")
        amount = Decimal(round(random.lognormvariate(4.6 if large else 2.6, 0.8)) + 1) * 10_000
    answered = result != "no_answer"
    row: dict[str, Any] = {
        "customer_id": customer.id,
        "employee_id": customer.owner_id,
        "kind": kind,
        "direction": "in" if kind == "visit_in" or random.random() < 0.08 else "out",
        "subject": random.choice(_SUBJECTS[kind]),
        "content": random.choice(_CONTENT[result]) or None,
        "result": result,
        "effective": answered and kind != "note" and random.random() < 0.85,
        "at": at,
        "duration_seconds": _duration(random, kind, answered),
        "amount": amount,
    }
    if result in ("interested", "follow_up") and random.random() < 0.7:
        row["next_step"] = random.choice(_NEXT)
        row["next_on"] = at.astimezone(ZONE).date() + timedelta(days=random.randrange(2, 21))
    return row


def _moment(random: Random, customer: Made, today: date) -> datetime:
    """A working hour between the first and the last day the customer was looked after, never today."""
    last = min(customer.quiet_from, today - timedelta(days=1))
    span = max((last - customer.since).days, 0)
    day = customer.since + timedelta(days=int(span * random.random() ** 0.8))
    if day.weekday() > 4 and random.random() < 0.9:  # a few work on Saturdays
        day = max(day - timedelta(days=day.weekday() - 4), customer.since)
    clock = time(random.choice(_HOURS), random.randrange(60), random.randrange(60))
    return datetime.combine(min(day, last), clock, ZONE).astimezone(UTC)


def _duration(random: Random, kind: str, answered: bool) -> int | None:
    if kind == "call":
        return random.randrange(25, 620) if answered else 0
    return random.randrange(20, 110) * 60 if kind in ("meeting", "visit_in", "salon") else None
