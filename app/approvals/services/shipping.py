"""Flows that modules ship: made once and published; a newer one is offered as a draft, an admin's work stays."""

from __future__ import annotations

import hashlib
import json
import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.approvals.models import Definition
from app.approvals.rules.document import Document
from app.approvals.rules.writing import BadDocument, read_document, write_document
from app.approvals.services.definitions import put_in_force
from app.host.context import context
from app.host.models import HostOffer
from app.types import FlowDefinition, Refused

log = logging.getLogger(__name__)

#: What a flow is called among the offers of modules.
OFFER = "flow"


def synchronise_flows(current: Session) -> int:
    """Bring what the site's modules ship in step, in the running transaction; how many flows changed.

    What is wrong with a shipped flow is logged and leaves it as a draft: it never stops a synchronisation.
    """
    offered = set(current.execute(select(HostOffer.template, HostOffer.view).where(HostOffer.permission == OFFER)))
    changed = 0
    for slug, shipped in context().flow_definitions.values():
        try:
            document = read_document(shipped.document)
        except BadDocument as bad:
            log.error("the flow %s of %s cannot be read: %s", shipped.code, slug, bad)
            continue
        mark = _mark(document)
        if (shipped.code, mark) in {tuple(row) for row in offered}:
            continue
        current.add(HostOffer(template=shipped.code, permission=OFFER, view=mark))
        changed += _offer(current, slug, shipped, document)
    return changed


def _offer(current: Session, slug: str, shipped: FlowDefinition, document: Document) -> bool:
    held = current.scalar(
        select(Definition).where(Definition.code == shipped.code).execution_options(**{UNSCOPED: True})
    )
    text = json.dumps(write_document(document), ensure_ascii=False)
    if held is not None:
        if held.module != slug or held.draft is not None:
            log.info("the flow %s stays as it is: it is being worked on here", shipped.code)
            return False
        held.draft = text
        return True
    made = Definition(
        code=shipped.code, name=shipped.name, name_en=shipped.name_en, entity=shipped.entity, module=slug, draft=text,
        active=shipped.active,
    )  # fmt: skip
    current.add(made)
    current.flush()
    try:
        put_in_force(current, made, document, "")
    except Refused as refused:
        log.warning("the flow %s stays a draft: %s", shipped.code, refused.reason)
    return True


def _mark(document: Document) -> str:
    text = json.dumps(write_document(document), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = ["synchronise_flows"]
