"""What a site knows of its modules, and the counter that tells every process to rebuild its app."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, UtcDateTime, now


class HostModule(Model):
    """A module that is or was switched on in this site; its tables and grants stay when it is off."""

    __tablename__ = "host_module"

    slug: Mapped[str] = mapped_column(String(31), primary_key=True)
    version: Mapped[str] = mapped_column(String(40))
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    #: Why the last attempt to enable or boot it failed, empty when it did not.
    problem: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)


#: The key of the counter that tells every process to build the site's app anew.
VERSION = "version"


class HostState(Model):
    """Small facts of the site: ``version`` counts every change that needs a new app."""

    __tablename__ = "host_state"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(Integer, default=0)


class HostSetting(Model):
    """A module setting changed from its default; `value` is JSON text."""

    __tablename__ = "host_setting"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)


class HostOffer(Model):
    """A permission or scope a role template has given its role once; never given again once an admin took it.

    For a scope `permission` is ``scope`` and `view` the entity's slug.
    """

    __tablename__ = "host_role_offer"

    template: Mapped[str] = mapped_column(String(60), primary_key=True)
    permission: Mapped[str] = mapped_column(String(100), primary_key=True)
    view: Mapped[str] = mapped_column(String(250), primary_key=True)
