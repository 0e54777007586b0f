"""Regions by code and by name, found by typing, and asked for with all that lies inside."""

from __future__ import annotations

import pytest
from flask import Flask

from app.fields.regions import divisions, find_regions, path_of, read_region
from app.fields.rules import BadValue
from app.testing.people import People, login
from tests.kernel.base.lists import URL, rows
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_several import made


def test_the_table_is_whole() -> None:
    known = divisions()
    assert len(known) == 3351 and list(known) == sorted(known)
    assert all({f"{code[:2]}0000", f"{code[:4]}00"} <= known.keys() for code in known)
    assert all(read_region(path_of(code)) == code for code in known if code[4:] != "00")


@pytest.mark.parametrize(
    ("text", "code"),
    [("33", "330000"), ("330203", "330203"), ("330203001", "330203"), ("浙江省宁波市海曙区", "330203"),
     ("浙江/宁波/海曙区", "330203"), ("海曙区", "330203"), ("东莞", "441900"), ("北京市市辖区东城区", "110101"),
     ("北京 东城区", "110101"), ("吉林", "220000"), ("吉林市", "220200"), ("济源市", "419001"), ("台湾", "710000"),
     ("香港特别行政区", "810000"), ("朝阳区", ""), ("火星市", ""), ("999999", ""), ("3", ""), ("市辖区", "")],
)  # fmt: skip
def test_read_by_code_and_by_name(text: str, code: str) -> None:
    if code:
        assert read_region(text) == code
        return
    with pytest.raises(BadValue):
        read_region(text)


@pytest.mark.parametrize(
    ("words", "first"),
    [("浙江", ["330000", "330100", "330200"]), ("宁波", ["330200", "330203"]), ("nb", ["330200"]), ("3302", ["330200"]),
     ("chongqing", ["500000"]), ("xiamen", ["350200"]), ("", ["110000", "120000"])],
)  # fmt: skip
def test_found_by_typing(words: str, first: list[str]) -> None:
    assert [code for code, _path in find_regions(words)[0]][: len(first)] == first


def test_a_filter_asks_for_all_inside(app: Flask, people: People) -> None:
    add_fields({"key": "x_home", "label_zh": "户籍地", "kind": "region", "indexed": True, "default": "浙江省"})
    with rebuilt(app) as new:
        owner = people.manager.employee_id
        county, city, other, province = (made(owner, x_home=home) for home in ("330203", "3302", "330102", None))
        manager = login(new.test_client(), people.manager)
        for asked, wanted in (
            (["330000"], [county, city, other, province]), (["330200"], [county, city]), (["330203"], [county]),
            (["330102", "330203"], [county, other]), (["340000"], []),
        ):  # fmt: skip
            assert sorted(rows(manager.get(URL, query_string={"f.x_home": asked}))) == wanted, asked
        assert "户籍地 为 浙江省/宁波市" in manager.get(URL, query_string={"f.x_home": "330200"}).text
        offered = manager.get("/customer/pick/x_home", query_string={"q": "海曙"}).json
        assert offered["items"] == [{"value": "330203", "text": "浙江省/宁波市/海曙区", "hint": "330203"}]
        refused = manager.post("/api/v1/customer/", json={"name": "甲", "x_home": "浙江省"})
        assert refused.status_code == 422 and "x_home" in refused.json["errors"]
