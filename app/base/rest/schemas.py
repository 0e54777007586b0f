"""Marshmallow schemas of an entity, made from its description: what REST takes and gives.

They check types strictly (a number is a number, not its text); what a value may be is decided by the same
`app.fields` the forms use. Amounts are text both ways, so that no cent is lost; moments carry their zone.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from app.access.policy import masked_value
from app.fields.custom.stored import is_custom
from app.fields.messages import MESSAGES, message
from app.types import Entity, Field, Kind, Level

WORDS = {**MESSAGES, "text": _l("This must be text"), "list": _l("This must be a list")}
WORDS["code"] = _l("This must be a code of six digits")
_DECIMALS = (Kind.DECIMAL, Kind.MONEY, Kind.PERCENT)
#: How a value is told to be of the wrong type.
_WRONG = {
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "decimal",
    Kind.MONEY: "decimal",
    Kind.PERCENT: "decimal",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.LINK: "integer",
    Kind.CHOICES: "list",
}


def storable(text: str) -> bool:
    """Whether a database can hold the text: no NUL, no half of a character."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


class Text(fields.String):
    """Text a database can hold."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not storable(text):
            raise self.make_error("invalid")
        return text


class Amount(fields.Decimal):
    """A number as text, or as a JSON number; never true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or (isinstance(value, str) and len(value) > 40):
            raise self.make_error("invalid")
        number = super()._deserialize(value, attr, data, **kwargs)
        if number is not None and abs(number.adjusted()) > 30:
            raise self.make_error("invalid")
        return number


class YesNo(fields.Boolean):
    """True or false, nothing that only looks like them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class WholeNumber(fields.Integer):
    """A JSON integer."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        if abs(value) >= 2**63:
            raise ValidationError(message("range"))
        return value


class Masked(fields.String):
    """What is shown of a value the caller may not read."""

    def __init__(self, field: Field, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.described = field

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else masked_value(self.described, value)


class Said(fields.String):
    """A kept text for whoever may read all it names; the others learn nothing of it."""

    def __init__(self, said: Callable[[str, bool], str | None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.said = said

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return self.said(value, True) if value else value


class SentFiles(fields.List):
    """The files of a field: their ids, by which they are fetched, and names."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else [{"id": number, "name": name} for number, name in value]


_FILE = Schema.from_dict({"id": fields.Integer(), "name": fields.String()}, name="File")


class Moment(fields.AwareDateTime):
    """A moment in ISO form; without a zone it is taken in the site's."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        moment = super()._deserialize(value, attr, data, **kwargs)
        if not 1000 <= moment.year <= 9000:
            raise self.make_error("invalid", input=value, obj_type="datetime")
        return moment


class OneOf(validate.OneOf):
    """One of the choices' values, said in the caller's language."""

    def __call__(self, value: Any) -> Any:
        if value not in self.choices:
            shown = "、".join(str(choice) for choice in self.choices)
            raise ValidationError(message("choice", value=str(value)[:40], choices=shown))
        return value


class Longest(validate.Length):
    """At most so many characters, said in the caller's language."""

    def __call__(self, value: Any) -> Any:
        if self.max is not None and len(value) > self.max:
            raise ValidationError(message("too_long", length=self.max))
        return value


def marshmallow_field(field: Field, zone: ZoneInfo, *, required: bool) -> fields.Field:
    """The marshmallow field of a field."""
    words = {name: WORDS[_WRONG.get(field.kind, "text")] for name in ("invalid", "format", "too_large")}
    words |= {"special": words["invalid"], "required": MESSAGES["required"], "null": MESSAGES["required"]}
    common: dict[str, Any] = {
        "required": required,
        "allow_none": not field.required,
        "error_messages": words,
        "metadata": {"title": str(field.label), **({"description": str(field.help)} if field.help else {})},
    }
    if field.kind in (Kind.INTEGER, Kind.LINK):
        return WholeNumber(**common)
    if field.kind in _DECIMALS:
        return Amount(as_string=True, allow_nan=False, **common)
    if field.kind is Kind.BOOLEAN:
        return YesNo(**common)
    if field.kind is Kind.DATE:
        return fields.Date(format="iso", **common)
    if field.kind is Kind.DATETIME:
        return Moment(format="iso", default_timezone=zone, **common)
    if field.kind is Kind.CHOICE:
        return Text(validate=OneOf([choice.value for choice in field.choices]), **common)
    if field.kind is Kind.CHOICES:
        one = Text(validate=OneOf([choice.value for choice in field.choices]), error_messages=words)
        return fields.List(one, validate=Longest(max=len(field.choices)), **common)
    if field.kind is Kind.FILES:
        common["metadata"]["description"] = "Ids from POST /api/v1/file/<entity>/<field>"
        return fields.List(WholeNumber(error_messages=words), **common)
    if field.kind is Kind.REGION:
        return Text(validate=validate.Regexp(r"[1-9]\d{5}\Z", error=WORDS["code"]), **common)
    if field.max_length is None:
        return Text(**common)
    return Text(validate=Longest(max=field.max_length), **common)


def output_schema(entity: Entity, zone: ZoneInfo) -> Schema:
    """What a record looks like in an answer; `entity` is the description as the caller sees it."""
    made: dict[str, Any] = {"id": fields.Integer(required=True, metadata={"readOnly": True})}
    for field in entity.fields:
        if field.level < Level.READ:
            made[field.name] = Masked(field, allow_none=True, metadata={"title": str(field.label), "readOnly": True})
            continue
        if field.said is not None:
            made[field.name] = Said(field.said, allow_none=True, metadata={"title": str(field.label)})
            continue
        if field.kind is Kind.FILES:
            made[field.name] = SentFiles(fields.Nested(_FILE), metadata={"title": str(field.label)}, allow_none=True)
            continue
        made[field.name] = marshmallow_field(field, zone, required=False)
        made[field.name].allow_none = True
        if field.kind in _DECIMALS:
            made[field.name].places = _places(entity, field)
    return Schema.from_dict(made, name=_name(entity, ""))()


def _places(entity: Entity, field: Field) -> Decimal | None:
    """The decimals the column keeps, so that an amount reads the same before and after it was stored."""
    if is_custom(field):
        return Decimal("0.01") if field.kind is Kind.MONEY else None
    column = entity.model.__table__.c.get(field.name)
    scale = getattr(column.type, "scale", None) if column is not None else None
    return None if scale is None else Decimal((0, (1,), -scale))


def input_schema(entity: Entity, zone: ZoneInfo, *, creating: bool) -> Schema:
    """What is taken to create or to change a record; computed fields and those of others are unknown to it."""
    made = {
        field.name: marshmallow_field(field, zone, required=creating and is_needed(field))
        for field in entity.fields
        if not field.computed and field.level is Level.WRITE and (creating or not field.create_only)
    }

    class Strict(Schema):
        """Refuses what it does not know."""

        class Meta:
            unknown = RAISE

        error_messages = {"unknown": MESSAGES["unknown_field"], "type": MESSAGES["unknown_field"]}

    return Strict.from_dict(made, name=_name(entity, "Create" if creating else "Change"))()


def is_needed(field: Field) -> bool:
    """Whether a new record cannot do without the field being given."""
    return field.required and field.default is None and field.visible_when is None


def _name(entity: Entity, suffix: str) -> str:
    return entity.view_name.removesuffix("View") + suffix
