"""the refused application that another one reconsiders"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEX = "ux_loans_application_reconsiders"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("loans_application") as table:
        table.add_column(sa.Column("reconsiders_id", number, nullable=True))
        table.create_foreign_key(
            op.f("fk_loans_application_reconsiders_id"), "loans_application", ["reconsiders_id"], ["id"]
        )
    counts = sa.text("state != 'withdrawn'")
    op.create_index(
        INDEX, "loans_application", ["reconsiders_id"], unique=True, postgresql_where=counts, sqlite_where=counts
    )


def downgrade() -> None:
    op.drop_index(INDEX, table_name="loans_application")
    with op.batch_alter_table("loans_application") as table:
        table.drop_constraint(op.f("fk_loans_application_reconsiders_id"), type_="foreignkey")
        table.drop_column("reconsiders_id")
