"""field permission per role"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import execute_on

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "access_field_permission"
ACTS = ("INSERT", "UPDATE", "DELETE")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_field_permission")),
        sa.UniqueConstraint("role_id", "entity", "field", name=op.f("uq_access_field_permission_role_id_entity_field")),
    )
    # What a role holds stands here, too: a change changes the token of access_role_version (0002).
    execute_on(
        "postgresql",
        f"CREATE TRIGGER {TABLE}_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION access_role_version_next()",
    )
    execute_on(
        "sqlite",
        *(
            f"CREATE TRIGGER {TABLE}_version_{act.lower()} AFTER {act} ON {TABLE} BEGIN UPDATE access_role_version SET token = lower(hex(randomblob(16))); END"
            for act in ACTS
        ),
    )


def downgrade() -> None:
    op.drop_table(TABLE)
