"""The parts of a blueprint, in the order they are applied: what a later one names must be there by then."""

from __future__ import annotations

from app.blueprint.parts.fields import FieldsPart
from app.blueprint.parts.layouts import LayoutsPart
from app.blueprint.parts.modules import ModulesPart
from app.blueprint.parts.part import Part
from app.blueprint.parts.roles import RolesPart
from app.blueprint.parts.settings import SettingsPart

PARTS: tuple[Part, ...] = (ModulesPart(), SettingsPart(), FieldsPart(), RolesPart(), LayoutsPart())
BY_NAME = {part.name: part for part in PARTS}

__all__ = ["BY_NAME", "PARTS", "Part"]
