"""What a custom field looks like on the admin's screens, in REST and in history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.fields.custom.derived import FORMULA, PEOPLE
from app.fields.custom.models import CustomField
from app.fields.custom.rolling import ROLLUP, WAYS
from app.fields.custom.rules import CHOOSING, COLOURS, KINDS
from app.fields.custom.seeking import SOUGHT
from app.fields.custom.validating import MEASURED
from app.fields.expressions.syntax import LONGEST_TEXT
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

KIND_LABELS = {
    Kind.TEXT: _l("Text"),
    Kind.LONG_TEXT: _l("Long text"),
    Kind.INTEGER: _l("Whole number"),
    Kind.DECIMAL: _l("Number with decimals"),
    Kind.MONEY: _l("Amount of money"),
    Kind.PERCENT: _l("Percentage"),
    Kind.DATE: _l("Day"),
    Kind.DATETIME: _l("Day and time"),
    Kind.BOOLEAN: _l("Yes or no"),
    Kind.CHOICE: _l("One choice of a list"),
    Kind.CHOICES: _l("Several choices of a list"),
    Kind.LINK: _l("Link to a record"),
    Kind.PHONE: _l("Phone number"),
    Kind.EMAIL: _l("E-mail address"),
    Kind.ID_NUMBER: _l("Resident ID number"),
    Kind.USCC: _l("Unified social credit code"),
    Kind.BANK_CARD: _l("Bank card number"),
    Kind.REGION: _l("Province, city or county"),
    Kind.FILES: _l("Files"),
    Kind.AUTO_NUMBER: _l("Number counted by the system"),
}


WAY_LABELS = {
    "count": _l("Number of records"),
    "sum": _l("Sum"),
    "average": _l("Average"),
    "min": _l("Least"),
    "max": _l("Greatest"),
}


def _rolled(values: Mapping[str, Any]) -> bool:
    return values.get("source") == ROLLUP


def _typed(values: Mapping[str, Any]) -> bool:
    """Whether people give the field its values."""
    return values.get("source") in (None, PEOPLE)


def _measured(values: Mapping[str, Any]) -> bool:
    return values.get("kind") in MEASURED


def _text(values: Mapping[str, Any]) -> bool:
    return values.get("kind") == Kind.TEXT


#: `describing.extend_entities` fills in the entities that can have fields, and those a link may point to.
CUSTOM_FIELD = Entity(
    slug="custom_field",
    model=CustomField,
    label=_l("Custom field"),
    icon="forms",
    title="label_zh",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("entity", _l("On the pages of"), Kind.CHOICE, required=True, create_only=True),
        Field("label_zh", _l("Label in Chinese"), required=True, max_length=60),
        Field("label_en", _l("Label in English"), max_length=60),
        Field(
            "key", _l("Key"), max_length=42, create_only=True,
            help=_l("Its name in files, addresses and REST; made from the label when left empty. It never changes."),
        ),
        Field("kind", _l("Kind"), Kind.CHOICE, create_only=True, required=True, default="text",
              choices=tuple(Choice(kind.value, KIND_LABELS[kind]) for kind in KINDS)),
        Field(
            "choices", _l("Choices"), Kind.LONG_TEXT, visible_when=lambda v: v.get("kind") in CHOOSING,
            filterable=False, max_length=20_000,
            help=_l(
                "One per line: value | Chinese | English | colour, for example “%(example)s”. "
                "The value alone is enough. Colours: %(colours)s. A fifth part names the values of another field the "
                "choice goes with, separated by commas.",
                example="retired | 退休 | Retired | green", colours=", ".join(COLOURS),
            ),
        ),
        Field("depends_on", _l("Choices go with the field"), max_length=60, filterable=False,
              visible_when=lambda v: v.get("kind") == Kind.CHOICE,
              help=_l("The key of another field with one choice; each line of the choices then names, as its fifth "
                      "part, beside which values of that field it is offered.")),
        Field(
            "target", _l("Links to"), Kind.CHOICE,
            visible_when=lambda v: v.get("kind") == Kind.LINK,
        ),
        Field(
            "pattern", _l("Pattern"), max_length=60, filterable=False,
            visible_when=lambda v: v.get("kind") == Kind.AUTO_NUMBER,
            help=_l(
                "For example %(example)s. {yyyy}, {yy}, {mm} and {dd} are the day the record is made, {seq:5} a count "
                "of at least five digits; it begins at 1 again whenever what stands around it changes.",
                example="KH-{yyyy}{mm}-{seq:5}",
            ),
        ),
        Field(
            "number_old", _l("Number the records there are"), Kind.BOOLEAN, default=False, filterable=False,
            visible_when=lambda v: v.get("kind") == Kind.AUTO_NUMBER,
            help=_l("In the background, by the day each was made; otherwise they stay without a number"),
        ),
        Field("source", _l("Its values come from"), Kind.CHOICE, create_only=True, required=True, default=PEOPLE,
              choices=(Choice(PEOPLE, _l("People, files and interfaces")),
                       Choice(FORMULA, _l("A formula over the same record")),
                       Choice(ROLLUP, _l("A roll-up of records that link to it")))),
        Field(
            "formula", _l("Formula"), Kind.LONG_TEXT, max_length=LONGEST_TEXT, filterable=False,
            visible_when=lambda v: v.get("source") == FORMULA,
            help=_l("What the field holds, in CEL over the keys of other fields: %(example)s",
                    example="annual_income * 0.3"),
        ),
        Field("rollup_of", _l("Rolls up"), Kind.CHOICE, visible_when=_rolled,
              help=_l("All such records count, whoever may see them: whoever may read this field learns the figure")),
        Field("rollup_by", _l("How"), Kind.CHOICE, visible_when=_rolled,
              choices=tuple(Choice(way, WAY_LABELS[way]) for way in WAYS)),
        Field("rollup_field", _l("Over the field"), max_length=60, filterable=False, visible_when=_rolled,
              help=_l("Its key among the fields of those records; not for a number of records")),
        Field("rollup_where", _l("Only those with"), Kind.LONG_TEXT, max_length=LONGEST_TEXT, filterable=False,
              visible_when=_rolled,
              help=_l("A condition over the fields of those records: %(example)s", example="kind == 'visit'")),
        Field("required_when", _l("Must be filled in when"), Kind.LONG_TEXT, max_length=LONGEST_TEXT, filterable=False,
              visible_when=_typed,
              help=_l("A condition over other fields: %(example)s", example="kind == 'corporate' && level != null")),
        Field("visible_when", _l("Belongs to a record when"), Kind.LONG_TEXT, max_length=LONGEST_TEXT,
              filterable=False,
              help=_l("Elsewhere the field is neither shown nor asked for; a value it has is kept. People who may not "
                      "read all fields a condition asks for see the field, and need not fill it in.")),
        Field("help_zh", _l("Help in Chinese"), max_length=300, filterable=False),
        Field("help_en", _l("Help in English"), max_length=300, filterable=False),
        Field("default", _l("Default"), max_length=200, filterable=False, visible_when=_typed,
              help=_l("What a new record begins with, written as one would type it")),
        Field("unit", _l("Unit of measure"), max_length=20, filterable=False,
              visible_when=lambda v: v.get("kind") in (None, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY)),
        Field("max_length", _l("Longest text"), Kind.INTEGER, unit=_l("characters"), filterable=False,
              visible_when=lambda v: v.get("kind") in (None, Kind.TEXT, Kind.LONG_TEXT)),
        Field("most", _l("At most"), Kind.INTEGER, unit=_l("files"), filterable=False,
              visible_when=lambda v: v.get("kind") == Kind.FILES),
        Field("smallest", _l("Smallest value"), max_length=40, filterable=False, visible_when=_measured),
        Field("largest", _l("Largest value"), max_length=40, filterable=False, visible_when=_measured,
              help=_l("What records have already stays until it is changed")),
        Field("regex", _l("Must look like"), max_length=200, filterable=False, visible_when=_text,
              help=_l("A pattern for the whole text, for example %(example)s", example="[A-Z]{2}-\\d{4,6}")),
        Field("regex_zh", _l("What to say otherwise, in Chinese"), max_length=200, filterable=False,
              visible_when=_text),
        Field("regex_en", _l("What to say otherwise, in English"), max_length=200, filterable=False,
              visible_when=_text),
        Field("section", _l("Section"), max_length=60, filterable=False,
              help=_l("The heading it stands under; a new one makes a section at the end of the page")),
        Field("position", _l("Sort order"), Kind.INTEGER, default=0, filterable=False),
        Field("required", _l("Must be filled in"), Kind.BOOLEAN, default=False, visible_when=_typed),
        Field("sole", _l("No two records share a value"), Kind.BOOLEAN, default=False, visible_when=_typed),
        Field("indexed", _l("Indexed"), Kind.BOOLEAN, default=False,
              help=_l("Quick to filter and sort by among very many records. Each index makes saving slower and "
                      "takes room on disk: give it to the few fields people really search by.")),
        Field("sought", _l("Found by the search"), Kind.BOOLEAN, default=False,
              visible_when=lambda v: v.get("kind") in SOUGHT,
              help=_l("The box of the list and Ctrl-K find records by it: texts by any part and by pinyin, numbers by "
                      "their end. Records there are already follow in the background.")),
        Field("in_list", _l("Column of the list"), Kind.BOOLEAN, default=False),
        Field("in_filter", _l("Can be filtered by"), Kind.BOOLEAN, default=True),
        Field("in_import", _l("Can be imported"), Kind.BOOLEAN, default=True, visible_when=_typed),
        Field("active", _l("In use"), Kind.BOOLEAN, default=True,
              help=_l("A field out of use is nowhere to be seen; its values and their history are kept")),
    ),
    list_fields=("label_zh", "label_en", "entity", "kind", "key", "required", "active"),
    filter_fields=("entity", "kind", "active"),
    search_fields=("label_zh", "label_en", "key"),
    sections=(
        Section(_l("Field"), ("entity", "label_zh", "label_en", "kind", "choices", "depends_on", "target", "pattern",
                             "number_old",
                             "key")),
        Section(_l("Where its values come from"), ("source", "formula", "rollup_of", "rollup_by", "rollup_field",
                                                     "rollup_where")),
        Section(_l("Conditions"), ("required_when", "visible_when")),
        Section(_l("How it behaves"), ("required", "sole", "indexed", "sought", "default", "max_length", "most", "unit",
                                       "smallest", "largest", "regex", "regex_zh", "regex_en")),
        Section(_l("Where it stands"), ("section", "position", "in_list", "in_filter", "in_import", "active")),
        Section(_l("Help"), ("help_zh", "help_en")),
    ),
    order_by=("entity", "asc"),
    module="fields",
    actions=frozenset({"list", "show", "add", "edit", "delete"}),
    view="CustomFieldView",
)  # fmt: skip
