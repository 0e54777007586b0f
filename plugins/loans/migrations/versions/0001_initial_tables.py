"""initial tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "loans_counter",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_loans_counter")),
    )
    op.create_table(
        "loans_development",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("expected_amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("need", sa.Text(), nullable=True),
        sa.Column("lost_reason", sa.String(length=300), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("stage_since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_loans_development_customer_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["org_employee.id"], name=op.f("fk_loans_development_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_loans_development_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans_development")),
    )
    op.create_index(op.f("ix_loans_development_customer_id"), "loans_development", ["customer_id"], unique=False)
    op.create_index("ix_loans_development_owner", "loans_development", ["owner_id", "stage"], unique=False)
    op.create_index(op.f("ix_loans_development_unit_id"), "loans_development", ["unit_id"], unique=False)
    op.create_table(
        "loans_application",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("development_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("annual_rate", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decision_note", sa.String(length=300), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_loans_application_customer_id")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["org_employee.id"], name=op.f("fk_loans_application_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["development_id"], ["loans_development.id"], name=op.f("fk_loans_application_development_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["org_employee.id"], name=op.f("fk_loans_application_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_loans_application_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans_application")),
        sa.UniqueConstraint("number", name=op.f("uq_loans_application_number")),
    )
    op.create_index(op.f("ix_loans_application_customer_id"), "loans_application", ["customer_id"], unique=False)
    op.create_index(op.f("ix_loans_application_development_id"), "loans_application", ["development_id"], unique=False)
    op.create_index(op.f("ix_loans_application_granted_at"), "loans_application", ["granted_at"], unique=False)
    op.create_index("ix_loans_application_owner", "loans_application", ["owner_id", "state"], unique=False)
    op.create_index(op.f("ix_loans_application_unit_id"), "loans_application", ["unit_id"], unique=False)
    op.create_table(
        "loans_instalment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("principal", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("interest", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("balance", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["loans_application.id"],
            name=op.f("fk_loans_instalment_application_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans_instalment")),
        sa.UniqueConstraint("application_id", "number", name=op.f("uq_loans_instalment_application_id_number")),
    )
    op.create_index("ix_loans_instalment_due", "loans_instalment", ["due_on"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_loans_instalment_due", table_name="loans_instalment")
    op.drop_table("loans_instalment")
    op.drop_index(op.f("ix_loans_application_unit_id"), table_name="loans_application")
    op.drop_index("ix_loans_application_owner", table_name="loans_application")
    op.drop_index(op.f("ix_loans_application_granted_at"), table_name="loans_application")
    op.drop_index(op.f("ix_loans_application_development_id"), table_name="loans_application")
    op.drop_index(op.f("ix_loans_application_customer_id"), table_name="loans_application")
    op.drop_table("loans_application")
    op.drop_index(op.f("ix_loans_development_unit_id"), table_name="loans_development")
    op.drop_index("ix_loans_development_owner", table_name="loans_development")
    op.drop_index(op.f("ix_loans_development_customer_id"), table_name="loans_development")
    op.drop_table("loans_development")
    op.drop_table("loans_counter")
