"""A token that changes with anything a role holds"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import execute_on

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: What a role holds stands in these tables, whoever writes them.
WATCHED = ("ab_role", "ab_permission_view_role", "access_role_scope")
ACTS = ("INSERT", "UPDATE", "DELETE")


def upgrade() -> None:
    op.create_table(
        "access_role_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_role_version")),
    )
    op.execute("INSERT INTO access_role_version (id, token) VALUES (1, 'first')")
    execute_on(
        "postgresql",
        "CREATE FUNCTION access_role_version_next() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE access_role_version SET token = gen_random_uuid()::text; RETURN NULL; END$$",
    )
    for table in WATCHED:
        execute_on(
            "postgresql",
            f"CREATE TRIGGER {table}_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION access_role_version_next()",
        )
        execute_on(
            "sqlite",
            *(
                f"CREATE TRIGGER {table}_version_{act.lower()} AFTER {act} ON {table} BEGIN UPDATE access_role_version SET token = lower(hex(randomblob(16))); END"
                for act in ACTS
            ),
        )


def downgrade() -> None:
    for table in WATCHED:
        execute_on("postgresql", f"DROP TRIGGER {table}_version ON {table}")
        execute_on("sqlite", *(f"DROP TRIGGER {table}_version_{act.lower()}" for act in ACTS))
    execute_on("postgresql", "DROP FUNCTION access_role_version_next()")
    op.drop_table("access_role_version")
