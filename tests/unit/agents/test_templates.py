from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.reason_generator.templates import check_templates, load_templates
from understudy.contracts._model import Text
from understudy.contracts.reasons import Template, TemplateSet
from understudy.errors import UserError


def test_the_shipped_set_speaks_for_every_number_of_facts_and_channel(templates: TemplateSet) -> None:
    defaults = {(t.facts, t.channel) for t in templates.templates if t.family is None}
    assert defaults == {(n, channel) for n in range(4) for channel in ("branch", "app")}
    assert {t.family for t in templates.templates} >= {"deposit", "investment", "loan", "card", "insurance"}


def test_the_ai_marker_is_in_both_languages(templates: TemplateSet) -> None:
    assert "인공지능" in templates.ai_marker.ko
    assert "AI" in templates.ai_marker.en


def changed(original: TemplateSet, **changes: Any) -> TemplateSet:
    return original.model_copy(update=changes)


@pytest.mark.parametrize(
    ("facts", "ko", "en"),
    [
        (1, "{product|을를} 안내해 드립니다.", "About {product}."),
        (0, "{fact1} {product}", "{product}"),
        (1, "{fact1} {product} {price}", "{fact1} {product} {price}"),
        (1, "{fact1|을를} 고려하여 {product}에서 3% 드립니다.", "{fact1} {product}"),
    ],
)
def test_unfit_templates_are_refused(facts: int, ko: str, en: str, templates: TemplateSet) -> None:
    bad = Template(facts=facts, channel="app", text=Text(ko=ko, en=en))
    with pytest.raises(UserError):
        check_templates(changed(templates, templates=[*templates.templates, bad]))


def test_a_channel_without_last_resort_is_refused(templates: TemplateSet) -> None:
    kept = [t for t in templates.templates if not (t.facts == 0 and t.channel == "app")]
    with pytest.raises(UserError, match="no default template"):
        check_templates(changed(templates, templates=kept))


@pytest.mark.parametrize("key", ["protected", "late_rate", "principal_loss", "rate_range"])
def test_a_missing_disclosure_is_refused(key: str, templates: TemplateSet) -> None:
    kept = {name: text for name, text in templates.disclosures.items() if name != key}
    with pytest.raises(UserError, match=key):
        check_templates(changed(templates, disclosures=kept))


def test_a_number_in_a_disclosure_is_refused(templates: TemplateSet) -> None:
    odd = templates.disclosures | {"protected": Text(ko="1억 원까지 보호됩니다.", en="Protected.")}
    with pytest.raises(UserError, match="number outside a slot"):
        check_templates(changed(templates, disclosures=odd))


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not found"):
        load_templates(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("schema_version = ")
    with pytest.raises(UserError, match="not valid TOML"):
        load_templates(tmp_path / "bad.toml")
