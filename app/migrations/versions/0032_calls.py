"""calls: what call centres tell, and their connections; extensions of employees"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("org_employee", sa.Column("extension", sa.String(length=20), nullable=True))
    op.create_index(op.f("ix_org_employee_extension"), "org_employee", ["extension"])
    op.create_table(
        "activity_call_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("salt", sa.String(length=40), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=True),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_call_source")),
        sa.UniqueConstraint("code", name=op.f("uq_activity_call_source_code")),
        sa.UniqueConstraint("key", name=op.f("uq_activity_call_source_key")),
    )
    op.create_table(
        "activity_call",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("call_id", sa.String(length=100), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("line", sa.String(length=20), nullable=False),
        sa.Column("extension", sa.String(length=10), nullable=False),
        sa.Column("agent", sa.String(length=40), nullable=True),
        sa.Column("employee_id", sa.Integer(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("result", sa.String(length=100), nullable=True),
        sa.Column("recording", sa.String(length=500), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("customer_id", NUMBER, nullable=True),
        sa.Column("activity_id", NUMBER, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["employee_id"], ["org_employee.id"], name=op.f("fk_activity_call_employee_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_activity_call_customer_id")),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_call_activity_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_call")),
        sa.UniqueConstraint("source", "call_id", name=op.f("uq_activity_call_source_call_id")),
    )
    op.create_index("ix_activity_call_customer", "activity_call", ["customer_id", "started_at"])
    op.create_index("ix_activity_call_started", "activity_call", ["started_at", "id"])
    op.create_index("ix_activity_call_activity", "activity_call", ["activity_id"])
    waiting = sa.text("state IN ('unmatched', 'ambiguous')")
    for name, columns in (("waiting", ["started_at", "id"]), ("line", ["line"])):
        op.create_index(
            f"ix_activity_call_{name}", "activity_call", columns, postgresql_where=waiting, sqlite_where=waiting
        )


def downgrade() -> None:
    op.drop_table("activity_call")
    op.drop_table("activity_call_source")
    op.drop_index(op.f("ix_org_employee_extension"), "org_employee")
    op.drop_column("org_employee", "extension")
