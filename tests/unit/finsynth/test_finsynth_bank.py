import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from teacher.datasets.finsynth import FinsynthConfig, generate
from teacher.datasets.parquet_parts import part_files
from understudy.errors import UserError
from understudy.progress import Silent

SMALL = FinsynthConfig(partition=200)


def digests(paths: dict[str, Path]) -> dict[str, str]:
    return {
        name: hashlib.sha256(b"".join(f.read_bytes() for f in part_files(path))).hexdigest()
        for name, path in paths.items()
    }


def make(out: Path, customers: int = 400, seed: int = 3, config: FinsynthConfig = SMALL) -> dict[str, Path]:
    return generate(out, customers=customers, seed=seed, progress=Silent(), config=config, workers=1)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert digests(make(tmp_path / "a")) == digests(make(tmp_path / "b"))


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    first, second = digests(make(tmp_path / "a")), digests(make(tmp_path / "b", seed=4))
    assert {name for name in first if first[name] == second[name]} == {"products", "tree"}


def test_a_partition_does_not_depend_on_those_after_it(tmp_path: Path) -> None:
    two, three = make(tmp_path / "two"), make(tmp_path / "three", customers=600)
    for name in ("transactions", "holdings", "monthly", "base"):
        ours, theirs = part_files(two[name]), part_files(three[name])
        assert (len(ours), len(theirs)) == (2, 3)
        assert all(a.read_bytes() == b.read_bytes() for a, b in zip(ours, theirs, strict=False))


def test_processes_give_the_same_bytes(tmp_path: Path) -> None:
    alone = make(tmp_path / "alone")
    together = generate(tmp_path / "together", customers=400, seed=3, progress=Silent(), config=SMALL, workers=2)
    assert digests(alone) == digests(together)


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import teacher.datasets.finsynth.bank as module

    whole = digests(make(tmp_path / "whole", customers=600))
    done: list[int] = []
    real = module.simulate

    def dies_at_the_third(first: int, *rest: object) -> object:
        if first >= 400 and len(done) < 3:
            done.append(-1)
            raise KeyboardInterrupt
        done.append(first)
        return real(first, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "simulate", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "killed", customers=600)
    assert done == [0, 200, -1]
    assert digests(make(tmp_path / "killed", customers=600)) == whole
    assert done == [0, 200, -1, 400]


SCRIPT = """
import sys
from pathlib import Path
from teacher.datasets.finsynth import FinsynthConfig, generate
from understudy.progress import Silent
config = FinsynthConfig(partition=200)
generate(Path(sys.argv[1]), customers=4_000, seed=3, progress=Silent(), config=config, workers=2)
"""


def killed_halfway(out: Path) -> None:
    """Generate 20 partitions with two workers, and kill -9 the run once some are written."""
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(out)])
    until = time.monotonic() + 60
    while len(list(out.glob("base/part-*.parquet"))) < 3:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_run_killed_with_its_workers_at_work_ends_in_the_same_bytes(tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    killed_halfway(killed)
    assert 3 <= len(list(killed.glob("base/part-*.parquet"))) < 20
    time.sleep(0.5)
    settled = sorted(killed.rglob("*"))
    time.sleep(0.5)
    assert sorted(killed.rglob("*")) == settled  # no worker writes on after its parent
    resumed = generate(killed, customers=4_000, seed=3, progress=Silent(), config=SMALL, workers=2)
    assert digests(resumed) == digests(make(tmp_path / "whole", customers=4_000))
    assert not list(killed.rglob(".part-*"))


def test_a_lost_part_is_named_and_made_again(tmp_path: Path) -> None:
    paths = make(tmp_path / "a", customers=600)
    whole = digests(paths)
    (paths["holdings"] / "part-00001.parquet").unlink()
    with pytest.raises(UserError, match="missing") as caught:
        part_files(paths["holdings"])
    assert "part-00001.parquet" in str(caught.value)
    assert digests(make(tmp_path / "a", customers=600)) == whole


def test_a_finished_bank_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import teacher.datasets.finsynth.bank as module

    paths = make(tmp_path / "a")
    monkeypatch.setattr(module, "simulate", None)
    assert make(tmp_path / "a") == paths


def test_a_bank_of_other_settings_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "a")
    with pytest.raises(UserError, match="other settings"):
        make(tmp_path / "a", seed=9)


def test_too_few_customers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="too few"):
        make(tmp_path / "a", customers=99)


def test_every_table_has_its_rows(bank: dict[str, Path]) -> None:
    rows = {
        name: sum(pq.ParquetFile(file).metadata.num_rows for file in part_files(path)) for name, path in bank.items()
    }
    assert rows["customers"] == 3_000
    assert rows["base"] == 6_000
    assert rows["monthly"] == 3_000 * 18
    assert rows["dekads"] == 3_000 * 54
    assert rows["tree"] == 81
    assert rows["products"] == 24
    assert rows["indices"] == 6_000
    assert 15 * 18 < rows["transactions"] / 3_000 < 25 * 18


def test_the_place_of_a_row_does_not_tell_its_cutoff(base) -> None:
    cutoff = base["cutoff"].to_numpy()
    later = cutoff == cutoff.max()
    assert 0.45 < later[::2].mean() < 0.55
    assert 0.45 < later[: len(later) // 2].mean() < 0.55


def test_the_bank_is_as_rich_as_it_says(sql) -> None:
    """24 products in six families over 17 month ends, 50 categories, five channels, 18 months of purchases."""

    def one(query: str) -> int:
        return int(sql.execute(query).fetchone()[0])

    assert one("SELECT count(DISTINCT product) FROM holdings") == one("SELECT count(*) FROM products") == 24
    assert one("SELECT count(DISTINCT family) FROM products") == 6
    assert one("SELECT count(DISTINCT month_end) FROM holdings") == 17
    assert one("SELECT count(DISTINCT category) FROM transactions") == 50
    assert one("SELECT count(*) FROM transactions ANTI JOIN tree ON category = node AND level = 3") == 0
    assert one("SELECT max(level) FROM tree") == 3
    assert one("SELECT count(DISTINCT channel) FROM transactions") == 5
    assert one("SELECT count(DISTINCT date_trunc('month', date)) FROM transactions") == 18
    assert one("SELECT min(amount_krw) FROM transactions") >= 0


def test_purchases_follow_each_other_in_time(sql) -> None:
    query = """SELECT count(*) FROM (SELECT date < lag(date) OVER (PARTITION BY customer_id ORDER BY row) AS back
        FROM (SELECT *, row_number() OVER () AS row FROM transactions)) WHERE back"""
    assert sql.execute(query).fetchone() == (0,)
