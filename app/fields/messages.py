"""What a person reads when a value is refused, by the code of `app.fields.rules.BadValue`."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

MESSAGES: dict[str, Any] = {
    "required": _l("This field is required"),
    "too_long": _l("At most %(length)s characters"),
    "integer": _l("This is not a whole number"),
    "decimal": _l("This is not a number"),
    "range": _l("This number is too large"),
    "small": _l("At least %(smallest)s"),
    "large": _l("At most %(largest)s"),
    "form": _l("This is not written the way this field wants it"),
    "own": "%(text)s",  # what the admin wrote
    "choice_fits": _l("This choice does not go with what is chosen in the field it depends on"),
    "choice_left": _l("Another choice of this record goes with the old value; change both together"),
    "boolean": _l("Use yes or no"),
    "date": _l("This is not a date; write it like 2019-12-08"),
    "datetime": _l("This is not a date and time; write it like 2019-12-08 14:30"),
    "choice": _l("“%(value)s” is not one of the choices: %(choices)s"),
    "one_choice": _l("There are several choices, where one is meant"),
    "cents": _l("This amount has more than two decimals"),
    "link": _l("“%(value)s” was not found, or you may not use it"),
    "region": _l("“%(value)s” is not a province, city or county, or several are called so"),
    "file": _l("One of the files is not there (any more); add it again"),
    "many_files": _l("At most %(count)s files"),
    "phone": _l("This is not a phone number"),
    "email": _l("This is not an e-mail address"),
    "id_number_form": _l("An ID number has 18 characters: 17 digits and a digit or X"),
    "id_number_date": _l("The birth date in this ID number does not exist"),
    "id_number_check": _l("The check digit of this ID number is wrong; please compare it with the card"),
    "uscc_form": _l("A unified social credit code has 18 characters, without I, O, S, V, Z"),
    "uscc_check": _l("The check digit of this unified social credit code is wrong"),
    "bank_card": _l("This is not a valid bank card number"),
    "duplicate": _l("A record with this value exists already"),
    "unknown_field": _l("There is no field of this name"),
    "computed": _l("This field is filled in by the system"),
    "kept_back": _l("A new record needs a field that your roles may not fill in; please ask an administrator"),
    "not_writable": _l("You may not change this field"),
    "not_here": _l("This field does not belong to this kind of record"),
    "create_only": _l("This field can only be set when the record is created"),
}


def message(code: str, **details: Any) -> str:
    """The text for a code in the person's language."""
    return str(MESSAGES[code]) % details if details else str(MESSAGES[code])
