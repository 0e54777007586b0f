"""RNK-4 (calls, deals, amount), RNK-2: who ranks where in a month, and who sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.testing.factories import make_activity, make_customer
from app.testing.people import Browser, People, login
from app.types import SYSTEM
from plugins.ranking.rules import board_of, month_bounds, standings
from plugins.ranking.services import monthly_ranking


def test_equal_values_share_a_rank_and_nothing_is_no_rank() -> None:
    placed = standings([(1, Decimal(0)), (2, Decimal(5)), (3, Decimal(5)), (4, Decimal(1))])
    assert [(s.rank, s.employee_id) for s in placed] == [(1, 2), (1, 3), (3, 4)]
    assert [s.board for s in placed] == ["gold", "gold", "bronze"]
    assert board_of(4, (1, 2, 3)) == ""


@pytest.mark.parametrize("month", ["2026-13", "2026", "26-01", "2026-1", "abcd-ef", ""])
def test_a_month_is_written_one_way(month: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        month_bounds(month)


def at(text: str) -> str:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).isoformat()


def spring(people: People) -> None:
    """Calls and deals of three people around March 2026 (site's zone: UTC+8)."""
    mine, south = make_customer("甲", people.manager), make_customer("乙", people.stranger)
    for day in ("2026-03-01T00:30", "2026-03-10T02:00", "2026-03-31T15:59"):
        make_activity(mine, people.manager, kind="call", at=at(day))
    # the first is still February, the second already April in Shanghai
    make_activity(mine, people.manager, kind="call", at=at("2026-02-28T15:30"))
    make_activity(mine, people.manager, kind="call", at=at("2026-03-31T16:00"))
    make_activity(
        mine, people.colleague, kind="meeting", result="deal", amount="120000.50", at=at("2026-03-05T03:00")
    )
    make_activity(
        south, people.stranger, kind="call", result="deal", amount="80000", at=at("2026-03-06T03:00")
    )


def ranks(metric: str, actor: object) -> list[tuple[int, str, Decimal]]:
    from app.api import acting_as

    with acting_as(actor):  # type: ignore[arg-type]
        return [(r.standing.rank, r.name, r.standing.value) for r in monthly_ranking(metric, "2026-03").rows]


def test_the_month_is_the_sites_month(people: People) -> None:
    spring(people)
    assert ranks("calls", SYSTEM) == [(1, "张经理", Decimal(3)), (2, "王外人", Decimal(1))]
    assert ranks("deals", SYSTEM) == [(1, "李同事", Decimal(1)), (1, "王外人", Decimal(1))]
    assert [(name, value) for _r, name, value in ranks("amount", SYSTEM)] == [
        ("李同事", Decimal("120000.50")),
        ("王外人", Decimal("80000.00")),
    ]


def test_credit_stays_with_who_did_it_when_the_customer_moves_on(people: People) -> None:
    from app.api import Customer, acting_as, assign_customers, session

    spring(people)
    with acting_as(SYSTEM):
        ids = [c.id for c in session.query(Customer).filter(Customer.name == "甲")]
        assign_customers(ids, people.stranger.employee_id, cause="test")
        session.commit()
    assert ranks("calls", SYSTEM)[0] == (1, "张经理", Decimal(3))


def test_a_unit_sees_its_own_people_only(people: People) -> None:
    spring(people)
    assert [name for _r, name, _v in ranks("deals", people.manager.actor)] == ["李同事"]
    assert [name for _r, name, _v in ranks("deals", people.stranger.actor)] == ["王外人"]
    assert len(ranks("deals", people.city_manager.actor)) == 2
    assert len(ranks("deals", people.admin.actor)) == 2


def test_the_page_and_its_chart_say_the_same(client: Browser, people: People) -> None:
    spring(people)
    login(client, people.head)
    page = client.get("/ranking/list/?metric=calls&month=2026-03")
    chart = client.get("/ranking/chart?metric=calls&month=2026-03").get_json()

    assert page.status_code == 200 and "张经理" in page.text and "王外人" not in page.text
    assert chart["options"]["yAxis"][0]["data"] == ["张经理"]
    assert chart["options"]["series"][0]["data"] == [3]


@pytest.mark.parametrize("query", ["metric=nothing", "month=2026-99", "month=%3Cscript%3E"])
def test_an_address_that_names_nothing_is_refused(client: Browser, people: People, query: str) -> None:
    login(client, people.head)
    for path in ("list/", "chart"):
        answer = client.get(f"/ranking/{path}?{query}")
        assert answer.status_code == 400
        assert "<script>" not in answer.text.replace("<script src", "").replace("<script nonce", "")


def test_a_guest_and_a_role_without_the_permission_see_nothing(client: Browser, people: People) -> None:
    assert client.get("/ranking/chart").status_code in (302, 401)
    outsider = people.add("qian", "钱财务", people.south, "finance")
    login(client, outsider)
    assert client.get("/ranking/list/").status_code == 403
