"""The counter that tells every process of a site to build its app anew."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.host.models import VERSION, HostState


def bump_version(current: Session) -> None:
    """Tell every process to build the site's app anew once this transaction has committed."""
    counted = current.execute(sa.update(HostState).where(HostState.key == VERSION).values(value=HostState.value + 1))
    if not counted.rowcount:  # type: ignore[attr-defined]
        current.add(HostState(key=VERSION, value=1))
        current.flush()
