"""A list drawn: counted and added up by the values of a field, within scope, each bar leading to its records."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.base.views.periods import bounds, periods
from app.customers.models import Customer
from app.testing.factories import make_customer
from app.testing.people import Browser, People, login
from tests.kernel.base.charts import bars, drawn, links
from tests.kernel.base.lists import names

URL = "/customer/chart/"


def test_records_are_counted_by_choice_within_the_scope(
    client: Browser, people: People, customers: list[Customer]
) -> None:
    admin = login(client, people.admin)
    answer = admin.get(URL, query_string={"by": "level"})
    assert bars(answer) == {"重点客户": 2, "重要客户": 1, "普通客户": 1}
    assert list(bars(answer)) == ["重点客户", "重要客户", "普通客户"]  # as the choices stand
    assert drawn(answer)["options"]["series"][0]["data"] == [1, 1, 2]
    assert sorted(names(admin.get(links(answer)["重点客户"]))) == ["张伟", "王外"]
    assert bars(login(client, people.manager).get(URL, query_string={"by": "level"})) == {"重点客户": 1, "重要客户": 1}


def test_the_lists_conditions_hold_and_lead_on(seen_all: Browser) -> None:
    answer = seen_all.get(URL, query_string={"by": "level", "f.kind": "personal", "q": "王外"})
    assert bars(answer) == {"重点客户": 1}
    assert names(seen_all.get(links(answer)["重点客户"])) == ["王外"]
    replaced = seen_all.get(URL, query_string={"by": "level", "f.level": "key"})
    assert links(replaced)["重点客户"].count("f.level=") == 1


def test_a_figure_is_added_up_and_averaged(seen_all: Browser) -> None:
    added = seen_all.get(URL, query_string={"by": "kind", "show": "sum.annual_income"})
    assert drawn(added)["options"]["series"][0]["data"] == [0, 430000]
    assert "430,000.00" in added.text
    averaged = seen_all.get(URL, query_string={"by": "kind", "show": "average.annual_income"})
    assert drawn(averaged)["options"]["series"][0]["data"] == [None, 215000]


def test_links_days_and_texts(client: Browser, people: People, customers: list[Customer]) -> None:
    admin = login(client, people.admin)
    assert bars(admin.get(URL, query_string={"by": "owner_id"})) == {"张经理": 2, "李同事": 1, "王外人": 1}
    born = admin.get(URL, query_string={"by": "birth_date", "step": "year"})
    assert sum(bars(born).values()) == 4 and bars(born)["未填写"] >= 2
    for text, url in links(born).items():
        assert len(names(admin.get(url))) == bars(born)[text], text


def test_more_values_than_bars_end_in_all_others(client: Browser, people: People, as_system: None) -> None:
    for number in range(33):
        make_customer(f"客户{number}", people.manager, address=f"街道{number:02}")
    make_customer("又一户", people.manager, address="街道00")
    answer = login(client, people.manager).get(URL, query_string={"by": "address"})
    found = bars(answer)
    assert len(found) == 31 and found["街道00"] == 2 and found["其余"] == 3
    assert sum(found.values()) == 34


@pytest.mark.parametrize(
    "query",
    [{"by": "mobile"}, {"by": "password"}, {"by": "level", "show": "sum.name"}, {"by": "level", "nonsense": "1"}],
)
def test_what_cannot_be_drawn_is_refused(seen_all: Browser, query: dict[str, str]) -> None:
    answer = seen_all.get(URL, query_string=query)
    assert answer.status_code == 400
    assert "无法按此要求绘制图表" in answer.text


def test_months_end_at_the_midnight_of_whoever_asks() -> None:
    stretches = periods("month", date(2026, 11, 23))
    ends = bounds(stretches, ZoneInfo("Asia/Shanghai"), moments=True)
    assert len(ends) == len(stretches) - 1
    assert datetime(2026, 11, 1, tzinfo=ZoneInfo("Asia/Shanghai")) in ends
