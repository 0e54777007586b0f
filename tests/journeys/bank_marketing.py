"""The rows of UCI Bank Marketing (CC BY 4.0) and the five of its columns that become custom fields."""

from __future__ import annotations

import csv
import io
import zipfile

from tests.journeys.data import DATA

FIELDS = {
    "job": ("工作", "choice"),
    "marital": ("婚姻", "choice"),
    "education": ("教育程度", "choice"),
    "euribor3m": ("三个月同业利率", "decimal"),
    "poutcome": ("上次营销结果", "choice"),
}
#: Of the file: how many retired people had said yes to the campaign before.
RETIRED_WON = 158


def read_rows() -> list[dict[str, str]]:
    with zipfile.ZipFile(DATA / "bank_marketing" / "bank-additional.zip") as archive:
        text = archive.read("bank-additional/bank-additional-full.csv").decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    return [{"customer number": f"BM-{line:05}", "customer name": f"Client {line}"} | row
            for line, row in enumerate(rows, 2)]  # fmt: skip
