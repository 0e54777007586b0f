"""A relation between two parties; a party is a customer or a contact."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.api import BigId, Contact, Customer, Model, UtcDateTime, now


class Relation(Model):
    """A typed, directed relation (影响关系): from one customer or contact to another.

    Exactly one of the two columns of each end is set. `strength` is 1 (weak) to 5 (decisive).
    """

    __tablename__ = "relations_relation"
    __table_args__ = (
        CheckConstraint("(from_customer_id IS NULL) <> (from_contact_id IS NULL)", name="one_from"),
        CheckConstraint("(to_customer_id IS NULL) <> (to_contact_id IS NULL)", name="one_to"),
        Index("ix_relations_relation_from_customer", "from_customer_id"),
        Index("ix_relations_relation_to_customer", "to_customer_id"),
        Index("ix_relations_relation_from_contact", "from_contact_id"),
        Index("ix_relations_relation_to_contact", "to_contact_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: See `rules.KINDS`.
    kind: Mapped[str] = mapped_column(String(20))
    from_customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    from_contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    to_customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    to_contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    strength: Mapped[int] = mapped_column(Integer, default=3)
    #: Percent of the shares, for a shareholder.
    percent: Mapped[Decimal | None] = mapped_column(Numeric(7, 4))
    remark: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    from_customer: Mapped[Customer | None] = relationship(foreign_keys=[from_customer_id])
    from_contact: Mapped[Contact | None] = relationship(foreign_keys=[from_contact_id])
    to_customer: Mapped[Customer | None] = relationship(foreign_keys=[to_customer_id])
    to_contact: Mapped[Contact | None] = relationship(foreign_keys=[to_contact_id])
