"""Definitions and their published versions; cases with their history; what is read often out of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, column
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.models import BigId
from app.db import Model, UtcDateTime, extra_ddl, now
from app.organisation.models import Employee, Unit

_IS_OPEN = column("status").in_(("running", "returned"))
_WAITS = column("said") == "open"
_RUNS = column("left_at").is_(None)
_PASSED = column("outcome") == "passed"


class Definition(Model):
    """A flow (审批流): its draft, and the number of the version new cases start with."""

    __tablename__ = "approvals_definition"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    #: What a module or a blueprint calls it by; given once.
    code: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100), default="")
    #: The slug of the entity whose records it is for.
    entity: Mapped[str] = mapped_column(String(60), index=True)
    #: The module that ships it; empty: made at this site.
    module: Mapped[str] = mapped_column(String(40), default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    #: The JSON of a `rules.document.Document` that is being worked on, or none.
    draft: Mapped[str | None] = mapped_column(Text)
    #: 0: nothing was published yet.
    published: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}

    def __repr__(self) -> str:
        return self.name


class DefinitionVersion(Model):
    """A published version: never changed, running cases keep it (APR-1)."""

    __tablename__ = "approvals_definition_version"
    __table_args__ = (UniqueConstraint("definition_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("approvals_definition.id"))
    number: Mapped[int] = mapped_column(Integer)
    document: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(String(300), default="")
    published_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    published_by: Mapped[str] = mapped_column(String(200))


class Case(Model):
    """One record's way through a flow. Everything but the payload follows from its events (`rules.state.replay`)."""

    __tablename__ = "approvals_case"
    __table_args__ = (
        # A record is in one flow at a time: two people who submit it in the same instant make one case.
        Index(
            "ux_approvals_case_open", "entity", "record_id", unique=True,
            postgresql_where=_IS_OPEN, sqlite_where=_IS_OPEN,
        ),
        Index("ix_approvals_case_record", "entity", "record_id", "id"),
        Index("ix_approvals_case_applicant", "applicant_id", "started_at", "id"),
        Index("ix_approvals_case_status", "definition_id", "status", "started_at", "id"),
        Index("ix_approvals_case_unit", "unit_id", "status"),
        # All that reports add up of a month's cases: their rows, wide with what was submitted, are not read.
        Index(
            "ix_approvals_case_reported",
            "definition_id", "started_at", "unit_id", "minutes", "status", "round", "applicant_id", "id",
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("approvals_definition.id"))
    #: The number of the published version it runs by.
    version: Mapped[int] = mapped_column(Integer)
    entity: Mapped[str] = mapped_column(String(60))
    #: None where there is no record yet (it is to be made) or none at all (an export).
    record_id: Mapped[int | None] = mapped_column(BigId)
    #: What it is about, as it was called when the case began.
    title: Mapped[str] = mapped_column(String(200))
    #: What is asked for: button, create, change, delete, export; or what a module calls its own.
    asked: Mapped[str] = mapped_column(String(40), default="button")
    #: What is done once it is approved: the values of a change, the request of an export.
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: The figures in sight: [[label, text], …] are worked out when shown; kept here are the values as submitted.
    figures: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    applicant_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    #: `rules.state.Status`
    status: Mapped[str] = mapped_column(String(12))
    round: Mapped[int] = mapped_column(Integer, default=1)
    #: The ids of the steps it waits at, joined by blanks.
    steps: Mapped[str] = mapped_column(String(400), default="")
    #: How many events its history has; the next one gets the next number.
    events: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: From its beginning to the decision; None where nothing is decided.
    minutes: Mapped[int | None] = mapped_column(Integer)

    definition: Mapped[Definition] = relationship()
    applicant: Mapped[Employee] = relationship()
    unit: Mapped[Unit | None] = relationship()

    def __repr__(self) -> str:
        return self.title


class CaseEvent(Model):
    """One line of a case's history (`rules.state.Event`): written once, never changed or removed."""

    __tablename__ = "approvals_event"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("approvals_case.id"))
    number: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(20))
    #: Who acted, None: the product itself.
    employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    step: Mapped[str] = mapped_column(String(40), default="")
    seat: Mapped[int | None] = mapped_column(Integer)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    comment: Mapped[str] = mapped_column(Text, default="")


class Task(Model):
    """One seat (`rules.state.Seat`): what inboxes are read from. Follows from the events of its case."""

    __tablename__ = "approvals_task"
    __table_args__ = (
        UniqueConstraint("case_id", "seat"),
        Index(
            "ix_approvals_task_todo", "employee_id", "opened_at", "id", "case_id", "step",
            postgresql_where=_WAITS, sqlite_where=_WAITS,
        ),
        Index("ix_approvals_task_done", "decided_by", "decided_at", "id"),
        Index("ix_approvals_task_employee", "employee_id", "case_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("approvals_case.id"))
    seat: Mapped[int] = mapped_column(Integer)
    #: ``applicant`` where a returned case waits to be submitted again.
    step: Mapped[str] = mapped_column(String(40))
    visit: Mapped[int] = mapped_column(Integer)
    employee_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id"))
    role: Mapped[str] = mapped_column(String(8), default="own")
    #: `rules.state.Said`
    said: Mapped[str] = mapped_column(String(12))
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Who decided: the person, one who stood in, or None (the product).
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))

    case: Mapped[Case] = relationship()


class Visit(Model):
    """One visit of a step: when it was entered and left, and when it is due. Time-outs and reports read it."""

    __tablename__ = "approvals_visit"
    __table_args__ = (
        UniqueConstraint("case_id", "step", "visit"),
        Index("ix_approvals_visit_due", "due_at", postgresql_where=_RUNS, sqlite_where=_RUNS),
        Index("ix_approvals_visit_remind", "remind_at", postgresql_where=_RUNS, sqlite_where=_RUNS),
        Index(
            "ix_approvals_visit_passed", "case_id", "step", "minutes", postgresql_where=_PASSED, sqlite_where=_PASSED
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("approvals_case.id"))
    step: Mapped[str] = mapped_column(String(40))
    visit: Mapped[int] = mapped_column(Integer)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: From entering to leaving it.
    minutes: Mapped[int | None] = mapped_column(Integer)
    #: passed, refused, void
    outcome: Mapped[str] = mapped_column(String(12), default="")
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When those asked are reminded next.
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: How often it has run out of time.
    expired: Mapped[int] = mapped_column(Integer, default=0)


class Delegation(Model):
    """Who stands in for whom from one day to another (代理), in one flow or in all."""

    __tablename__ = "approvals_delegation"
    __table_args__ = (
        Index("ix_approvals_delegation_substitute", "substitute_id", "until_on"),
        Index("ix_approvals_delegation_employee", "employee_id", "until_on"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id"))
    substitute_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id"))
    definition_id: Mapped[int | None] = mapped_column(ForeignKey("approvals_definition.id"))
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    employee: Mapped[Employee] = relationship(foreign_keys=[employee_id])
    substitute: Mapped[Employee] = relationship(foreign_keys=[substitute_id])
    definition: Mapped[Definition | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class Copy(Model):
    """Who was told of a case without being asked (抄送), and when they read it."""

    __tablename__ = "approvals_copy"
    __table_args__ = (
        UniqueConstraint("case_id", "employee_id"),
        Index("ix_approvals_copy_of", "employee_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("approvals_case.id"))
    employee_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    case: Mapped[Case] = relationship()


def _written_once(table: str) -> None:
    """Let the database itself refuse to change or remove rows of a history, whoever asks."""
    words = "the history of approvals is append-only"
    extra_ddl(
        Model.metadata.tables[table],
        "sqlite",
        create=[
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, '{words}'); END"
            for act in ("UPDATE", "DELETE")
        ],
    )
    extra_ddl(
        Model.metadata.tables[table],
        "postgresql",
        create=[
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN RAISE EXCEPTION '{words}'; END$$",
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
        ],
        drop=[f"DROP TRIGGER {table}_no_change ON {table}", f"DROP FUNCTION {table}_refuse()"],
    )


_written_once("approvals_event")
_written_once("approvals_definition_version")
