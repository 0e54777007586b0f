"""Writing the made-up bank, in one transaction of the caller."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random

from flask_babel import gettext as _

from app.activities.services import record_activities
from app.customers.models import Customer
from app.customers.rules import HANDOVER
from app.customers.services import assign_customers
from app.db import now, transaction
from app.demo.assigning import make_rules
from app.demo.calls import make_calls
from app.demo.collateral import make_collateral
from app.demo.crowd import ZONE, make_customers
from app.demo.happenings import make_activities
from app.demo.product_lines import add_product_line
from app.demo.staff import build_bank


def write_bank(random: Random, progress: Callable[[str], None], today: date | None = None) -> None:
    """Units, employees, customers, contacts, follow-ups: the same for the same `random` and day."""
    day = today or now().astimezone(ZONE).date()
    with transaction():
        bank = build_bank(random, day, progress)
        progress(
            _(
                "%(places)s sub-branches and outlets, %(staff)s employees",
                places=len(bank.places),
                staff=len(bank.staff),
            )
        )
        add_product_line()
        customers = make_customers(random, bank, day)
        progress(_("%(count)s customers with an account manager", count=f"{len(customers):,}"))
        rows = make_activities(random, customers, day)
        record_activities(rows)
        progress(_("%(count)s follow-ups", count=f"{len(rows):,}"))
        place = bank.places[0]
        giver, taker = place.managers[0], place.managers[1]
        mine = (Customer.owner_id == giver.id) & (Customer.level == "important")
        assign_customers(mine, taker.id, cause=HANDOVER, reason="岗位调整，移交重点客户")
        make_rules(bank)
        progress(_("%(count)s calls of the hotline", count=make_calls(day)))
        made = make_collateral(random, day)
        progress(_("%(count)s pieces of collateral, a kind of record made on screen", count=f"{made:,}"))
