import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from teacher.datasets.finsynth import FinsynthConfig, generate
from understudy.errors import UserError
from understudy.progress import Silent

SMALL = FinsynthConfig(partition=200)


def digests(paths: dict[str, Path]) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}


def make(out: Path, customers: int = 400, seed: int = 3, config: FinsynthConfig = SMALL) -> dict[str, Path]:
    return generate(out, customers=customers, seed=seed, progress=Silent(), config=config)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert digests(make(tmp_path / "a")) == digests(make(tmp_path / "b"))


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    first, second = digests(make(tmp_path / "a")), digests(make(tmp_path / "b", seed=4))
    assert first["tree"] == second["tree"]
    assert all(first[name] != second[name] for name in first if name != "tree")


def test_a_partition_does_not_depend_on_those_after_it(tmp_path: Path) -> None:
    two, three = make(tmp_path / "two"), make(tmp_path / "three", customers=600)
    for name in ("transactions", "holdings", "monthly"):
        rows = pq.read_table(two[name])
        assert pq.read_table(three[name]).slice(0, len(rows)).equals(rows)


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
    rows = {name: pq.ParquetFile(path).metadata.num_rows for name, path in bank.items()}
    assert rows["customers"] == 3_000
    assert rows["base"] == 6_000
    assert rows["monthly"] == 3_000 * 18
    assert rows["dekads"] == 3_000 * 54
    assert rows["tree"] == 81
    assert 15 * 18 < rows["transactions"] / 3_000 < 25 * 18


def test_the_place_of_a_row_does_not_tell_its_cutoff(base) -> None:
    cutoff = base["cutoff"].to_numpy()
    later = cutoff == cutoff.max()
    assert 0.45 < later[::2].mean() < 0.55
    assert 0.45 < later[: len(later) // 2].mean() < 0.55
