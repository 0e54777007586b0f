"""search by pinyin and initials: another index of customers, an index of texts for every entity

What customers and others are found by is cut anew by `qiao sync`, which follows every migration.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.db import execute_on

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_THERE = sa.text("id_number IS NOT NULL")
_TAIL = sa.text("substr(id_number, length(id_number) - 3)")
_TRIGGERS = ("added", "removed", "changed")


def upgrade() -> None:
    op.create_table(
        "search_term",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("search_tokens", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_term")),
        sa.UniqueConstraint("entity", "record_id", "field", name=op.f("uq_search_term_entity_record_id_field")),
    )
    op.create_table(
        "search_mark",
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("entity", name=op.f("pk_search_mark")),
    )
    op.create_index("ix_customer_id_tail", "customer", [_TAIL], postgresql_where=_THERE, sqlite_where=_THERE)
    _forget("customer")
    for table in ("customer", "search_term"):
        _index(table)


def downgrade() -> None:
    _forget("customer")
    execute_on("sqlite", "DROP TABLE IF EXISTS search_term_search")
    op.drop_index("ix_customer_id_tail", table_name="customer")
    op.drop_table("search_mark")
    op.drop_table("search_term")
    execute_on(
        "postgresql",
        "CREATE INDEX ix_customer_search ON customer USING gin (string_to_array(search_tokens, ' ')) WITH (gin_pending_list_limit = 1024)",
    )
    execute_on(
        "sqlite",
        "CREATE VIRTUAL TABLE customer_search USING fts5(search_tokens, content='customer', content_rowid='id', tokenize='ascii', detail=none, columnsize=0)",
        *_kept("customer"),
    )


def _forget(table: str) -> None:
    execute_on("postgresql", f"DROP INDEX IF EXISTS ix_{table}_search")
    triggers = [f"DROP TRIGGER IF EXISTS {table}_search_{act}" for act in _TRIGGERS]
    execute_on("sqlite", *triggers, f"DROP TABLE IF EXISTS {table}_search")


def _index(table: str) -> None:
    execute_on(
        "postgresql",
        f"CREATE INDEX ix_{table}_search ON {table} USING gin (array_to_tsvector(string_to_array(search_tokens, ' '))) WITH (gin_pending_list_limit = 1024)",
    )
    execute_on(
        "sqlite",
        f"CREATE VIRTUAL TABLE {table}_search USING fts5(search_tokens, content='{table}', content_rowid='id', tokenize=\"ascii tokenchars '@._'\", detail=none, columnsize=0)",
        *_kept(table),
    )


def _kept(table: str) -> list[str]:
    found = f"{table}_search"
    take = f"INSERT INTO {found}({found}, rowid, search_tokens) VALUES ('delete', old.id, old.search_tokens);"
    add = f"INSERT INTO {found}(rowid, search_tokens) VALUES (new.id, new.search_tokens);"
    return [
        f"CREATE TRIGGER {found}_added AFTER INSERT ON {table} BEGIN {add} END",
        f"CREATE TRIGGER {found}_removed AFTER DELETE ON {table} BEGIN {take} END",
        f"CREATE TRIGGER {found}_changed AFTER UPDATE OF search_tokens ON {table} BEGIN {take} {add} END",
        f"INSERT INTO {found}({found}) VALUES ('rebuild')",
    ]
