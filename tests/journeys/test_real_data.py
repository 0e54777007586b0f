"""Real bank data through the product's own import, with the mappings of `examples/mappings`.

The figures are counted here from the files themselves, not taken from the product. The data is not part of
the
repository: QIAO_DATA names its folder, else `../shared/data` beside the repository is looked at.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.access.audit import verify
from app.activities.models import Activity
from app.customers.models import Customer, CustomerOwnership
from app.db import session
from app.organisation.models import Employee, Unit
from app.transfer.models import Import, ImportRow
from app.transfer.services import imports
from app.transfer.services.mappings import load_mapping
from app.transfer.services.running import run_import
from tests.journeys.data import DATA, data_is_there
from tests.kernel.transfer.tables import Here, again

ROOT = Path(__file__).resolve().parents[2]
MAPPINGS = ROOT / "examples" / "mappings"

pytestmark = pytest.mark.usefixtures("as_system")


@pytest.fixture(autouse=True)
def _data() -> None:
    """Without the data there is nothing to prove: said plainly, and a failure where nothing may be left
    out."""
    data_is_there("berka")


def there() -> bool:
    return (DATA / "berka").is_dir()


def bring(path: Path, mapping: str) -> Import:
    """Import a file through the product, with a mapping of the repository."""
    given = load_mapping(MAPPINGS / f"{mapping}.yaml")
    with path.open("rb") as source:
        made = imports.upload(source, path.name, given.entity, mapping=given)
    imports.begin(made.id)
    run_import(Here(), made.id)
    return again(made)


def count(*conditions: object, of: type = Customer) -> int:
    return session.scalar(select(func.count()).select_from(of).where(*conditions)) or 0


def berka(table: str) -> list[dict[str, str]]:
    with gzip.open(DATA / "berka" / f"{table}.asc.gz", "rt", encoding="ascii", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=";"))


def zipped(path: Path, ending: str, delimiter: str) -> Iterator[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith(ending) and not n.startswith("__MACOSX"))
        text = io.StringIO(archive.read(name).decode("utf-8-sig"), newline="")
    return iter(csv.DictReader(text, delimiter=delimiter))


def test_berka_districts_managers_and_clients() -> None:
    if not there():
        return
    folder = DATA / "berka"
    for mapping in ("berka_districts", "berka_managers"):
        made = bring(folder / "district.asc.gz", mapping)
        assert (made.created_count, made.failed_count) == (77, 0)
    assert count(of=Unit) == count(of=Employee) == 77

    made = bring(folder / "client.asc.gz", "berka_clients")
    clients = berka("client")
    assert (made.created_count, made.failed_count) == (len(clients), 0) == (5369, 0)
    women = sum(int(client["birth_number"][2:4]) > 50 for client in clients)
    assert count(Customer.sex == "female") == women == 2645
    assert count(Customer.sex == "male") == len(clients) - women == 2724

    first = session.scalar(select(Customer).where(Customer.code == "BK-00001"))
    assert first.birth_date.isoformat() == "1970-12-13"
    per_unit = select(Unit.code, func.count()).join(Customer, Customer.unit_id == Unit.id).group_by(Unit.code)
    expected = Counter(f"BK-{int(client['district_id']):02}" for client in clients)
    assert dict(map(tuple, session.execute(per_unit))) == dict(expected)
    assert count(Customer.owner_id.is_(None)) == 0
    assert count(of=CustomerOwnership) == 5369
    assert verify(session)[1] == ""


def test_the_cut_row_of_the_transactions_is_a_typed_error(database: str) -> None:
    """On one database only: reading and typing are the same on both, and these are 49,103 rows."""
    if not there() or not database.startswith("sqlite"):
        return
    folder = DATA / "berka"
    bring(folder / "district.asc.gz", "berka_districts")
    bring(folder / "district.asc.gz", "berka_managers")
    bring(folder / "client.asc.gz", "berka_clients")
    made = bring(folder / "trans.asc.gz", "berka_transactions")
    assert made.created_count + made.failed_count == 49_103
    last = session.scalars(
        select(ImportRow).where(ImportRow.import_id == made.id).order_by(ImportRow.number.desc()).limit(1)
    ).one()
    assert (last.number, [one["code"] for one in last.problems]) == (49_104, ["short_row"])
    known = {int(client["client_id"]) for client in berka("client")}
    rows = berka("trans")[:-1]
    assert made.created_count == sum(int(row["account_id"]) in known for row in rows)


def test_bank_marketing_calls(database: str) -> None:
    """41,188 customers and as many calls; on PostgreSQL, where a client of that size would be."""
    if not there() or database.startswith("sqlite"):
        return
    archive = DATA / "bank_marketing" / "bank-additional.zip"
    rows = list(zipped(archive, "bank-additional-full.csv", ";"))
    assert len(rows) == 41_188
    for mapping in ("bank_marketing_customers", "bank_marketing_calls"):
        made = bring(archive, mapping)
        assert (made.created_count, made.failed_count) == (len(rows), 0)
    positive = sum(row["y"] == "yes" for row in rows)
    assert count(Activity.result == "deal", of=Activity) == positive == 4640
    assert count(Activity.result == "refused", of=Activity) == len(rows) - positive
    seconds = session.scalar(select(func.sum(Activity.duration_seconds)))
    assert seconds == sum(int(row["duration"]) for row in rows)
    assert count(Customer.last_followed_at.is_not(None)) == len(rows)
    assert count(Customer.lifecycle == "active") == positive


def test_crm_sales_accounts_with_their_parents() -> None:
    if not there():
        return
    archive = DATA / "crm_sales" / "crm_sales_opportunities.zip"
    rows = list(zipped(archive, "accounts.csv", ","))
    made = bring(archive, "crm_sales_accounts")
    assert (made.created_count, made.failed_count) == (len(rows), 0) == (85, 0)
    assert count(Customer.kind == "corporate") == 85
    children = {row["account"]: row["subsidiary_of"] for row in rows if row["subsidiary_of"]}
    assert len(children) == 15
    parent = Customer.__table__.alias()
    found = session.execute(
        select(Customer.name, parent.c.name).join(parent, parent.c.id == Customer.parent_id)
    )
    assert dict(map(tuple, found)) == children
    assert count(Customer.industry == "technology") == sum(row["sector"] == "technolgy" for row in rows)
    revenue = session.scalar(select(func.sum(Customer.annual_revenue)))
    assert round(float(revenue)) == round(sum(float(row["revenue"]) for row in rows) * 1_000_000)
