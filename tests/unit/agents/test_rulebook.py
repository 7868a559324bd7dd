from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from agents.safety_gate import SafetyGate, load_rules
from agents.safety_gate.rule import RuleFile
from agents.safety_gate.rulebook import PROOF, SafetyRules, digest, shipped_rules
from understudy.contracts._model import read_toml
from understudy.errors import UserError

RULE = """
schema_version = 1
clause = "test"
title = { ko = "시험", en = "Test" }
source = "none"
criterion = "regulatory"
[macros]
word = "(?:대박|jackpot)"
[[rules]]
id = "boast"
message = "boasts"
[rules.ko]
patterns = ['<word>']
match = ["대박입니다."]
innocent = ["대리입니다."]
[rules.en]
patterns = ['<word>']
match = ["A jackpot."]
innocent = ["A jack."]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test.toml").write_text(RULE, encoding="utf-8")
    return tmp_path


def rewrite(folder: Path, old: str, new: str) -> None:
    text = (folder / "test.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "test.toml").write_text(text.replace(old, new), encoding="utf-8")


def test_a_good_set_loads_and_expands_macros(folder: Path) -> None:
    rules = load_rules(folder)
    assert len(rules) == 1
    [(_, rule)] = rules
    assert rule.ko.patterns == ["(?:대박|jackpot)"]


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no safety rules"):
        load_rules(tmp_path)
    with pytest.raises(UserError, match="no safety rules"):
        load_rules(tmp_path / "absent")


def test_a_gate_without_rules_does_not_start() -> None:
    with pytest.raises(UserError, match="no rules"):
        SafetyGate(SafetyRules((), {}))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema_version = 1", "schema_version =", "not valid TOML"),
        ('[rules.en]\npatterns = [\'<word>\']\nmatch = ["A jackpot."]\ninnocent = ["A jack."]', "", "en: is required"),
        ('match = ["대박입니다."]', 'match = ["소박입니다."]', "misses its own example"),
        ('innocent = ["대리입니다."]', 'innocent = ["대박입니다."]', "hits its own example"),
        ('match = ["A jackpot."]', "match = []", "at least 1"),
        ("patterns = ['<word>']", "patterns = []", "at least 1"),
        ("patterns = ['<word>']", "patterns = ['(대박']", "not a regular expression"),
        ('id = "boast"', 'id = "boast"\nterms = { rate = true }', "unknown terms: rate"),
        ('id = "boast"', 'id = "boast"\nwhatever = 1', "unknown key"),
        ('criterion = "regulatory"', 'criterion = "mood"', "criterion"),
    ],
)
def test_an_unusable_set_is_refused(folder: Path, old: str, new: str, message: str) -> None:
    rewrite(folder, old, new)
    with pytest.raises(UserError, match=message):
        load_rules(folder)


def test_a_rule_named_twice_is_refused(folder: Path) -> None:
    shutil.copy(folder / "test.toml", folder / "twin.toml")
    with pytest.raises(UserError, match="named twice"):
        load_rules(folder)


def test_a_stale_proof_is_not_believed(folder: Path) -> None:
    told = [file.model_dump(mode="json", exclude={"macros"}) for file in load_rules(folder).files]
    proof = {"sha256": digest([folder / "test.toml"]), "needles": {}, "files": told}
    (folder / PROOF).write_text(json.dumps(proof))
    assert load_rules(folder).needles == {}, "the recorded proof is taken for these very bytes"
    rewrite(folder, 'innocent = ["대리입니다."]', 'innocent = ["대박입니다."]')
    with pytest.raises(UserError, match="hits its own example"):
        load_rules(folder)


def test_a_proof_that_names_a_rule_twice_is_refused(folder: Path) -> None:
    told = [file.model_dump(mode="json", exclude={"macros"}) for file in load_rules(folder).files]
    proof = {"sha256": digest([folder / "test.toml"]), "needles": {}, "files": told * 2}
    (folder / PROOF).write_text(json.dumps(proof))
    with pytest.raises(UserError, match="named twice"):
        load_rules(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x00"])
def test_an_unreadable_proof_means_proving_again(folder: Path, content: str) -> None:
    (folder / PROOF).write_text(content)
    assert load_rules(folder).needles == {"(?:대박|jackpot)": ["jackpot", "대박"]}


def test_the_shipped_proof_is_of_the_shipped_rules() -> None:
    """If this fails: python -m agents.safety_gate.proof."""
    from agents.safety_gate.proof import prove

    recorded = json.loads((shipped_rules() / PROOF).read_bytes())
    assert recorded["sha256"] == digest(sorted(shipped_rules().glob("*.toml")))
    assert recorded["needles"] == prove(load_rules().files)
    sources = sorted(shipped_rules().glob("*.toml"))
    read = [read_toml(RuleFile, source).rules for source in sources]
    assert [file.rules for file in load_rules().files] == read
