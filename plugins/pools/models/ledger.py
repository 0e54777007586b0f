"""What lies in pools now, the nightly runs, and the ledger of every movement."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    select,
    text,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, column_property, foreign, mapped_column, relationship

from app.api import BigId, Customer, Employee, Model, Unit, UtcDateTime, extra_ddl, now
from plugins.pools.models.ladder import PoolRule, PoolRuleVersion
from plugins.pools.models.pools import Pool

#: Only whoever goes on is looked for by its night.
_GOING_ON: Any = {f"{name}_where": text("next_on IS NOT NULL") for name in ("postgresql", "sqlite")}
_CUSTOMER, _POOL = (cast(Table, model.__table__) for model in (Customer, Pool))


def _shown(name: str, customer_id: Any, pool_id: Any) -> Any:
    """A column of an entry's customer, unless its pool hides that field from members."""
    hides = sql_cast(_POOL.c.hidden_fields, Text).contains(f'"{name}"')
    own = (_CUSTOMER.c.id == customer_id, _POOL.c.id == pool_id, ~hides)
    return column_property(select(_CUSTOMER.c[name]).where(*own).correlate_except(_CUSTOMER, _POOL).scalar_subquery())


def _named(model: type[Any], column: Any) -> Any:
    """The row a column names without a foreign key."""
    return relationship(model, primaryjoin=lambda: model.id == foreign(column.column), viewonly=True)


class PoolEntry(Model):
    """A customer that lies in a pool now; there is at most one entry per customer.

    What its movement in the ledger says as well (from whom, by which rule) and its pool (the unit) is bound there to
    the rows it names; a night writes a hundred thousand entries and need not have the same looked up twice.
    """

    __tablename__ = "pools_entry"
    __table_args__ = (
        Index("ix_pools_entry_pool", "pool_id", "entered_at"),
        Index("ix_pools_entry_next", "next_on", **_GOING_ON),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), unique=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pools_pool.id"))
    #: The pool's unit, kept here for the row scope.
    unit_id: Mapped[int] = mapped_column(Integer, index=True)
    from_employee_id: Mapped[int | None] = mapped_column(Integer)
    #: The rule that brought it here; the night of `next_on` takes it on to the city's pool.
    rule_id: Mapped[int | None] = mapped_column(Integer)
    next_on: Mapped[date | None] = mapped_column(Date)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    # What a member may know before a claim, also where the pool keeps the customer itself from them.
    name: Mapped[str | None] = _shown("name", customer_id, pool_id)
    kind: Mapped[str | None] = _shown("kind", customer_id, pool_id)
    level: Mapped[str | None] = _shown("level", customer_id, pool_id)
    source: Mapped[str | None] = _shown("source", customer_id, pool_id)
    region: Mapped[str | None] = _shown("region", customer_id, pool_id)
    industry: Mapped[str | None] = _shown("industry", customer_id, pool_id)
    last_effective_at: Mapped[datetime | None] = _shown("last_effective_at", customer_id, pool_id)

    customer: Mapped[Customer] = relationship()
    pool: Mapped[Pool] = relationship()
    unit: Mapped[Unit] = _named(Unit, unit_id)
    from_employee: Mapped[Employee | None] = _named(Employee, from_employee_id)
    rule: Mapped[PoolRule | None] = _named(PoolRule, rule_id)


class PoolRun(Model):
    """A nightly run: one per business date, however many schedulers there are.

    `notes` says whom it left where they stand, and why, for readers of any language (`say_text`; older ones are plain
    text): {"broken": {rule id: why}, "stayed": [{"customer_id", "rule_id", "step", "reason"}], "stayed_count",
    "kept", "kept_count": the same of its reversal}.
    """

    __tablename__ = "pools_run"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    business_date: Mapped[date] = mapped_column(Date, unique=True)
    #: running · done · reversing · reversed
    state: Mapped[str] = mapped_column(String(10), default="running")
    job_id: Mapped[int | None] = mapped_column(BigId)
    reverse_job_id: Mapped[int | None] = mapped_column(BigId)
    notes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PoolMovement(Model):
    """The ledger: one row per movement, append-only. From and to are an employee or a pool, whichever is set.

    The nightly run names its business date and does each act with a customer once on it; for what people do it is
    null, and the unique key does not bind.
    """

    __tablename__ = "pools_movement"
    __table_args__ = (
        UniqueConstraint("customer_id", "act", "business_date"),
        Index("ix_pools_movement_customer", "customer_id", "at"),
        Index("ix_pools_movement_claim", "to_employee_id", "act", "at"),
        Index("ix_pools_movement_run", "run_id", "rule_id", "act"),
        Index("ix_pools_movement_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    #: The run: amber 转黄 · red 标红 · recycle 收回 · escalate 升级. A follow-up and the like: clear 解除.
    #: People: claim 领取 · assign 分配 · return 返回 · release 释放 · keep 保留 · lock 锁定 · unlock 解锁.
    #: And invalid 无效 · reverse 撤销.
    act: Mapped[str] = mapped_column(String(12))
    from_employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    to_employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    from_pool_id: Mapped[int | None] = mapped_column(ForeignKey("pools_pool.id"), index=True)
    to_pool_id: Mapped[int | None] = mapped_column(ForeignKey("pools_pool.id"), index=True)
    #: Where the customer stood on the ladder before: green · amber · red; for a reversal to go back to.
    from_stage: Mapped[str | None] = mapped_column(String(6))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("pools_rule.id"))
    rule_version: Mapped[int | None] = mapped_column(Integer)
    business_date: Mapped[date | None] = mapped_column(Date)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("pools_run.id"))
    #: The movement this one takes back; each is taken back once.
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("pools_movement.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(300), default="")
    by_user_id: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    customer: Mapped[Customer] = relationship()
    from_pool: Mapped[Pool | None] = relationship(foreign_keys=[from_pool_id])
    to_pool: Mapped[Pool | None] = relationship(foreign_keys=[to_pool_id])
    rule: Mapped[PoolRule | None] = relationship()
    run: Mapped[PoolRun | None] = relationship()
    from_employee: Mapped[Employee | None] = relationship(foreign_keys=[from_employee_id])
    to_employee: Mapped[Employee | None] = relationship(foreign_keys=[to_employee_id])


@event.listens_for(PoolMovement, "before_update")
@event.listens_for(PoolMovement, "before_delete")
@event.listens_for(PoolRuleVersion, "before_update")
@event.listens_for(PoolRuleVersion, "before_delete")
def _keep(_mapper: Any, _connection: Any, row: Model) -> None:
    raise PermissionError(f"{row.__tablename__} is append-only")


@event.listens_for(Session, "do_orm_execute")
def _keep_all(state: ORMExecuteState) -> None:
    changes = state.is_update or state.is_delete
    if changes and state.bind_mapper is not None and state.bind_mapper.class_ in (PoolMovement, PoolRuleVersion):
        raise PermissionError(f"{state.bind_mapper.class_.__tablename__} is append-only")


def _written_once(table: str, gone_with: str = "") -> None:
    """Let the database itself refuse to change or remove rows, whoever asks.

    `gone_with`: the SQL for a row whose customer is being removed and takes its rows along; none otherwise.
    """
    words = f"{table} is append-only"
    extra_ddl(
        Model.metadata.tables[table],
        "sqlite",
        create=[
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{words}'); END",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {gone_with and f'WHEN NOT ({gone_with}) '}"
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END",
        ],
    )
    leaving = f"IF TG_OP = 'DELETE' THEN IF {gone_with} THEN RETURN OLD; END IF; END IF; " if gone_with else ""
    extra_ddl(
        Model.metadata.tables[table],
        "postgresql",
        create=[
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN {leaving}RAISE EXCEPTION '{words}'; END$$",
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
        ],
        drop=[
            f"DROP TRIGGER {table}_no_truncate ON {table}",
            f"DROP TRIGGER {table}_no_change ON {table}",
            f"DROP FUNCTION {table}_refuse()",
        ],
    )


_written_once("pools_movement", "NOT EXISTS (SELECT 1 FROM customer WHERE id = OLD.customer_id)")
_written_once("pools_rule_version")
