"""Where each public file lives, and what of it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.errors import UserError

__all__ = ["HOMES", "Home", "Packing", "home_of"]

Packing = Literal["as it is", "member", "member, gzipped", "by hand"]


@dataclass(frozen=True)
class Home:
    """One file of the data folder and its origin.

    Attributes:
        stored: Name in the data folder, as the shipped spec has it.
        sha256: Of the stored file; the spec pins the same.
        size: Of the stored file, in bytes.
        page: Where a person reads about the data.
        url: What is downloaded; "" where the home offers no file that the stored one can be made of.
        packing: How the stored file comes from the download: the bytes themselves, a member of a zip, or a member
            packed anew.
        member: Name of the member.
        member_sha256: Of the member before it is packed (``member, gzipped`` only).
        packed_name, packed_time: What the header of the gzip file says, without which its bytes would differ.
        note: What a person must know to put the file there.
    """

    stored: str
    sha256: str
    size: int
    page: str
    url: str
    packing: Packing
    member: str = ""
    member_sha256: str = ""
    packed_name: str = ""
    packed_time: int = 0
    note: str = ""


HOMES: dict[str, Home] = {
    "census-income": Home(
        stored="census-income.test.gz",
        sha256="5ac4cacd3ca9f1ecb10de1a0a41e4ac68fdc419e3fec190f5c0c6cc03b2ea659",
        size=3_261_416,
        page="https://archive.ics.uci.edu/dataset/117/census+income+kdd",
        url="https://archive.ics.uci.edu/ml/machine-learning-databases/census-income-mld/census-income.test.gz",
        packing="as it is",
    ),
    "bank-marketing": Home(
        stored="bank-additional.zip",
        sha256="e689f38cc6bd689f64f031e7a1fbe0849aabb7ad57544fc75068e30129bbd514",
        size=446_231,
        page="https://archive.ics.uci.edu/dataset/222/bank+marketing",
        url="https://archive.ics.uci.edu/static/public/222/bank+marketing.zip",
        packing="member",
        member="bank-additional.zip",
        note="It is a zip inside the zip that the page offers.",
    ),
    "scf2019": Home(
        stored="SCFP2019.csv.gz",
        sha256="8b59ddc7a09ee14c5932e51be23f1e5372614b2c651ab40aa0482e683d301e8d",
        size=2_775_012,
        page="https://www.federalreserve.gov/econres/scf_2019.htm",
        url="https://www.federalreserve.gov/econres/files/SCFP2019excel.zip",
        packing="member, gzipped",
        member="SCFP2019.csv",
        member_sha256="b1c0716e50de39ae6dd44dd2992edeefdea4aa85789e9d47dfb7ac35f63a6963",
        packed_name="SCFP2019.csv",
        packed_time=1_686_991_302,
        note="The page offers the summary extract as a CSV in a zip; the stored file is that CSV, gzipped.",
    ),
    "credit-default": Home(
        stored="UCI_Credit_Card.csv.gz",
        sha256="ae7b90ba62b06709bee30744aea77bb97cea11c9203acdd22fb8750bf7c1d3a8",
        size=979_643,
        page="https://archive.ics.uci.edu/dataset/350/default+of+credit+card+clients",
        url="",
        packing="by hand",
        note="The page offers the same table as an .xls workbook only. The stored file is its widespread CSV form "
        "(UCI_Credit_Card.csv, with the columns PAY_0 and default.payment.next.month), gzipped.",
    ),
}


def home_of(name: str) -> Home:
    """The home of the data of a shipped spec.

    Raises:
        UserError: there is nothing to fetch for ``name``.
    """
    if name in HOMES:
        return HOMES[name]
    if name == "finsynth":
        raise UserError("finsynth is generated: there is nothing to fetch", fix="Run: understudy data check finsynth")
    raise UserError(f"no public data is known for {name!r}", fix=f"Known: {', '.join(sorted(HOMES))}.")
