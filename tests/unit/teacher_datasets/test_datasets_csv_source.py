"""Every way in which a delimited file can be packed, and every way in which it can be broken."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from teacher.datasets.csv_source import ROW, file_row, load_csv_text
from understudy.contracts.spec import Source
from understudy.errors import UserError

PLAIN = "a,b,c\n1,x,2\n3,y,4\n"
EXPECTED = [("1", "x", "2"), ("3", "y", "4")]


def read(tmp_path: Path, data: bytes, name: str = "f.csv", **options: Any) -> list[tuple[str | None, ...]]:
    path = tmp_path / name
    path.write_bytes(data)
    source = Source.model_validate({"name": "t", "path": name, **options})
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    with duckdb.connect() as con:
        columns = load_csv_text(con, source, path, scratch, "t")
        listed = ", ".join(f'"{column}"' for column in columns)
        return con.execute(f'SELECT {listed} FROM t ORDER BY "{ROW}"').fetchall()


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.rstrip("\n").encode(),
        PLAIN.replace("3,y", '\n"3"," y "').encode(),
    ],
    ids=["plain", "byte order mark", "windows", "bare carriage return", "no last line end", "blank line, quotes"],
)
def test_reads_every_kind_of_text(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data) == EXPECTED


def test_reads_gz_and_zip_member(tmp_path: Path) -> None:
    assert read(tmp_path, gzip.compress(PLAIN.encode()), "f.csv.gz") == EXPECTED
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("inner/f.csv", PLAIN.replace(",", ";"))
    data = (tmp_path / "f.zip").read_bytes()
    assert read(tmp_path, data, "f.zip", member="inner/f.csv", delimiter=";") == EXPECTED


def test_reads_a_file_without_header(tmp_path: Path) -> None:
    rows = read(tmp_path, b"1, x, 2\n3, y, 4\n", header=False, columns=["a", "b", "c"])
    assert rows == EXPECTED


def test_null_values_and_empty_cells_are_missing(tmp_path: Path) -> None:
    rows = read(tmp_path, b"a,b\n ? ,\nnan,0\n", null_values=["?", "nan"])
    assert rows == [(None, None), (None, "0")]


def test_quoted_delimiters_and_line_ends_stay_in_the_cell(tmp_path: Path) -> None:
    assert read(tmp_path, b'a,b\n"x, y","two\nlines"\n"say ""hi""",z\n') == [("x, y", "two\nlines"), ('say "hi"', "z")]


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (b"", {}, r"f\.csv: the file is empty"),
        (b"a;b;c\n1;2;3\n", {}, r"row 1: only one column found with the delimiter ','\n.*delimited by ';'"),
        (b"a,b,a\n1,2,3\n", {}, r"row 1: column named twice: a"),
        (b"a,b,A\n1,2,3\n", {}, r"column named twice"),
        (b"a,,c\n1,2,3\n", {}, r"column 2 has no name"),
        (b"a,b,c\n1,2,3\n4,5\n6,7,8\n", {}, r"row 3: too few columns \(2 instead of 3\)"),
        (b"a,b,c\n1,2,3\n4,5,6,7\n6,7,8,9\n", {}, r"row 3: too many columns \(4 instead of 3\); 2 rows like it"),
        (b'a,b,c\n1,2,"3\n4,5,6\n', {}, r"row 2: a quote is opened and not closed"),
        (b"a,b,c\n1,\xff\xfe,3\n", {}, r"row 2: not UTF-8 text"),
        (b"1,2\n", {"header": False, "columns": ["a", "b", "c"]}, r"row 1 has 2 columns, the spec names 3"),
    ],
)
def test_refuses_a_broken_file(tmp_path: Path, data: bytes, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said) as error:
        read(tmp_path, data, **options)
    assert error.value.exit_code == 2
    assert "f.csv" in error.value.where


def test_refuses_a_damaged_archive(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="damaged"):
        read(tmp_path, gzip.compress(PLAIN.encode() * 50)[:-20], "f.csv.gz")
    with pytest.raises(UserError, match="not a zip"):
        read(tmp_path, b"no zip", "f.zip", member="x")
    with zipfile.ZipFile(tmp_path / "g.zip", "w") as archive:
        archive.writestr("other.csv", PLAIN)
    with pytest.raises(UserError, match=r"no member 'x'\n.*other\.csv"):
        read(tmp_path, (tmp_path / "g.zip").read_bytes(), "f.zip", member="x")


def test_rows_are_counted_as_a_person_sees_them(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("a,b\n1,2\n\n3,4\n")
    source = Source(name="t", path="f.csv")
    assert [file_row(source, path, tmp_path, record) for record in (1, 2)] == [2, 4]
    headless = Source(name="t", path="f.csv", header=False, columns=["a", "b"])
    assert file_row(headless, path, tmp_path, 1) == 1
