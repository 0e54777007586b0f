"""The product line of the made-up bank's customers: a choice field as a business admin makes it on screen (FLD-1)."""

from __future__ import annotations

from random import Random

from flask import current_app

from app.fields.custom.describing import extend_again
from app.fields.custom.services import add_field

KEY = "x_product_line"
LINES = (
    "mortgage | 房抵贷 | Home equity loan | blue\nbusiness | 经营贷 | Business loan | green\n"
    "consumer | 消费贷 | Consumer loan | orange\ncar | 车抵贷 | Car loan | purple\n"
    "supply | 供应链金融 | Supply-chain finance | teal"
)
#: What customers of a kind are looked after for, and how many in a hundred; nothing is known of the others.
_SHARES = {
    "personal": (("mortgage", "consumer", "car", "business", ""), (26, 30, 14, 12, 18)),
    "corporate": (("business", "supply", "mortgage", ""), (48, 24, 10, 18)),
}


def add_product_line() -> None:
    """Add the field, and let the app that writes the bank know it: rules of modules are about it."""
    add_field({"entity": "customer", "key": KEY, "label_zh": "产品线", "label_en": "Product line", "kind": "choice",
               "choices": LINES, "section": "Basic data", "position": 1,
               "help_zh": "客户主要办理的产品；收回规则可按产品线分别设置",
               "help_en": "What the customer is looked after for; pool rules can go by it"})  # fmt: skip
    extend_again(current_app)


def product_line(random: Random, kind: str) -> dict[str, str]:
    """What the column of custom fields holds of a customer of a kind."""
    names, shares = _SHARES.get(kind, (("",), (1,)))
    (chosen,) = random.choices(names, shares)
    return {KEY: chosen} if chosen else {}


__all__ = ["KEY", "LINES", "add_product_line", "product_line"]
