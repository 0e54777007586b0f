"""The parts of a blueprint, in the order they are applied: what a later one names must be there by then."""

from __future__ import annotations

from app.blueprint.parts.entities import EntitiesPart
from app.blueprint.parts.fields import FieldsPart
from app.blueprint.parts.flows import FlowsPart
from app.blueprint.parts.layouts import LayoutsPart
from app.blueprint.parts.modules import ModulesPart
from app.blueprint.parts.part import Part
from app.blueprint.parts.roles import RolesPart
from app.blueprint.parts.settings import SettingsPart
from app.blueprint.parts.views import ViewsPart

PARTS: tuple[Part, ...] = (
    ModulesPart(),
    SettingsPart(),
    EntitiesPart(),
    FieldsPart(),
    RolesPart(),
    LayoutsPart(),
    ViewsPart(),
    FlowsPart(),
)
BY_NAME = {part.name: part for part in PARTS}

__all__ = ["BY_NAME", "PARTS", "Part"]
