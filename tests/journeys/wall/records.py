"""A record of every kind on one side of the wall."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from app.access.actors import acting_as
from app.activities.calls.models import CallRecord, CallSource
from app.base.bulk.models import BulkEdit
from app.base.saved.models import SavedView
from app.calendar.models import SiteDay
from app.customers.assignment.models import AssignmentRule, AssignmentRun, AssignmentTarget
from app.customers.models import CustomerOwnership, CustomerShare
from app.db import now, session, transaction
from app.fields.custom.models import CustomField
from app.fields.records import create_record
from app.host.context import context
from app.jobs.models import Job
from app.notices.models import Delivery, Message, Notice
from app.organisation.handover.models import Handover
from app.organisation.models import Post
from app.testing.factories import make_activity, make_contact, make_customer
from app.testing.people import Person
from app.transfer.models import Attachment, Export, Import
from app.types import SYSTEM
from plugins.loans.models import Application, Development, Instalment
from plugins.pools.models import Pool, PoolEntry, PoolKeep, PoolMember, PoolMovement, PoolRule, PoolRun
from plugins.relations.models import Relation


def records(owner: Person, colleague: Person, kind: str) -> dict[str, int]:
    """One record of every kind, owned by `owner` or lying in their unit's pool."""
    customer, pooled = make_customer(owner=owner), make_customer(unit=owner.unit_id)
    other = make_customer(owner=owner)
    made: dict[str, int] = {"customer": customer.id, "unit": owner.unit_id, "employee": owner.employee_id}

    def add(slug: str, record: Any) -> int:
        with acting_as(SYSTEM), transaction() as current:
            current.add(record)
            current.flush()
            made[slug] = record.id
        return made[slug]

    add("post", Post(employee_id=owner.employee_id, unit_id=owner.unit_id, role_id=owner.role_id))
    made["contact"] = make_contact(customer).id
    made["activity"] = make_activity(customer, by=owner).id
    add("activity_call", CallRecord(call_id=f"wall-{kind}", customer_id=customer.id, state="matched", started_at=now()))
    add("activity_call_source", CallSource(code=f"wall-{kind}", name="热线", key=f"cc_wall_{kind}"))
    add("customer_share", CustomerShare(customer_id=customer.id, employee_id=colleague.employee_id))
    made["customer_ownership"] = session.scalars(
        select(CustomerOwnership.__table__.c.id).where(CustomerOwnership.__table__.c.customer_id == customer.id)
    ).first() or add("customer_ownership", CustomerOwnership(customer_id=customer.id, to_employee_id=owner.employee_id))
    place = {"owner_id": owner.employee_id, "unit_id": owner.unit_id}
    add("loans_development", Development(customer_id=customer.id, name="流动资金", **place))
    terms = {"amount": 1, "annual_rate": 4, "months": 1, "start_on": date(2026, 1, 1)}
    loan = add("loans_application", Application(number=f"L{kind}", customer_id=customer.id, **terms, **place))
    due = {"due_on": date(2026, 2, 1), "principal": 1, "interest": 0, "balance": 0}
    add("loans_instalment", Instalment(application_id=loan, number=1, **due))
    pool = add("pools_pool", Pool(code=f"P{kind}", name="池", unit_id=owner.unit_id))
    add("pools_member", PoolMember(pool_id=pool, employee_id=owner.employee_id))
    rule = add("pools_rule", PoolRule(name="规则", pool_days=90, pool_id=pool, unit_id=owner.unit_id))
    add("pools_keep", PoolKeep(customer_id=customer.id, employee_id=owner.employee_id, unit_id=owner.unit_id,
                               rule_id=rule, days=15, reason="墙"))  # fmt: skip
    add("pools_entry", PoolEntry(customer_id=pooled.id, pool_id=pool, unit_id=owner.unit_id))
    night = date.fromordinal(date(2026, 1, 1).toordinal() + owner.employee_id)
    add("pools_run", PoolRun(business_date=night, state="reversed"))
    add("pools_movement", PoolMovement(customer_id=customer.id, act="recycle", to_pool_id=pool))
    add("relations_relation", Relation(kind="guarantor", from_customer_id=customer.id, to_customer_id=other.id))
    add("attachment", Attachment(entity="customer", record_id=customer.id, name="a.pdf", size=1, type="application/pdf",
                                 sha256="0" * 64, stored="none", created_by=owner.user_id))  # fmt: skip
    add("handover", Handover(kind="handover", giver_id=owner.employee_id, unit_id=owner.unit_id, status="done",
                             effective_on=date(2026, 1, 1)))  # fmt: skip
    add("custom_field", CustomField(entity="customer", key=f"x_wall_{owner.username}", kind="text", label_zh="墙"))
    with acting_as(SYSTEM):  # with its table
        values = {"slug": f"wall_{kind}", "label_zh": f"墙{kind}", "scoping": "public"}
        made["custom_entity"] = create_record(context().entities["custom_entity"], values).id
    rule = add("assignment_rule", AssignmentRule(name="分配", method="load", unit_id=owner.unit_id))
    add("assignment_target", AssignmentTarget(rule_id=rule, way="person", employee_id=owner.employee_id))
    add("assignment_run", AssignmentRun(kind="nightly", status="done", unit_id=owner.unit_id))
    add("bulk_edit", BulkEdit(entity="customer", ids=[customer.id], status="done", created_by=owner.user_id))
    add("saved_view", SavedView(entity="customer", name="墙", user_id=owner.user_id))
    add("calendar_day", SiteDay(day=date(2026, 3, 2 if kind == "in" else 3), name="墙"))
    message = Message(kind="wall.notice", title="墙", text="")
    told = add("notice", Notice(message_id=add("message", message), user_id=owner.user_id, kind=message.kind))
    add("notice_delivery", Delivery(notice_id=told, message_id=made["message"], user_id=owner.user_id, way="mail",
                                    kind=message.kind, state="failed"))  # fmt: skip
    add("job", Job(name="jobs.tidy", status="done", created_by=owner.user_id))
    add("export", Export(entity="customer", format="csv", status="done", created_by=owner.user_id,
                         expires_at=now() + timedelta(days=1)))  # fmt: skip
    add("import", Import(entity="customer", file_name="a.csv", sha256="0" * 64, size=1, kind="csv", spool="none",
                         created_by=owner.user_id))  # fmt: skip
    return made
