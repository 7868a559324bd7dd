"""Forms that work without a script: every field has a label, every mistake stands beside its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.page import Markup, tag

__all__ = ["Field", "area", "choice", "hidden", "line", "options", "posting", "submit"]


@dataclass(frozen=True)
class Field:
    """A field of a form.

    Attributes:
        name: What it is sent as.
        label: What it is called.
        value: What stands in it.
        hint: What to write.
        error: What was wrong with it.
        required: Whether it may not be empty.
        key: Unique on the page, where several forms have a field of one name.
    """

    name: str
    label: str
    value: str = ""
    hint: str = ""
    error: str = ""
    required: bool = True
    key: str = ""

    @property
    def _key(self) -> str:
        return self.key or self.name

    def traits(self) -> dict[str, str]:
        """Attributes of the control: what describes it, and whether it is wrong."""
        described = [f"{what}-{self._key}" for what, text in (("hint", self.hint), ("error", self.error)) if text]
        return {
            "name": self.name,
            "id": f"field-{self._key}",
            **({"aria_describedby": " ".join(described)} if described else {}),
            **({"aria_invalid": "true"} if self.error else {}),
            **({"required": ""} if self.required else {}),
        }

    def around(self, control: Markup) -> Markup:
        """The control with label, hint and error."""
        return tag(
            "div",
            tag("label", self.label, for_=f"field-{self._key}"),
            tag("p", self.hint, class_="hint", id=f"hint-{self._key}") if self.hint else None,
            control,
            tag("p", self.error, class_="error", id=f"error-{self._key}") if self.error else None,
            class_="field",
        )


def hidden(name: str, value: str) -> Markup:
    """A field that nobody sees."""
    return tag("input", type="hidden", name=name, value=value)


def submit(text: str, kind: str = "primary") -> Markup:
    """A button; kinds: ``primary``, ``danger``, ``quiet``."""
    return tag("button", text, type="submit", class_=f"button {kind}")


def posting(action: str, csrf: str, *content: Markup | None, class_: str = "stack") -> Markup:
    """A form that changes something."""
    return tag("form", hidden("csrf", csrf), *content, method="post", action=action, class_=class_)


def line(field: Field, **more: str) -> Markup:
    """One line of text."""
    traits = {"type": "text", "value": field.value, "autocomplete": "off", "spellcheck": "false"}
    return field.around(tag("input", **traits, **field.traits(), **more))


def area(field: Field, rows: int = 3, **more: str) -> Markup:
    """Several lines of text."""
    return field.around(tag("textarea", field.value, rows=str(rows), **field.traits(), **more))


def options(field: Field, choices: Mapping[str, str]) -> Markup:
    """One of several, in a list that opens."""
    found = [
        tag("option", text, value=value, selected="" if value == field.value else None)
        for value, text in choices.items()
    ]
    return field.around(tag("select", *found, **field.traits()))


def choice(name: str, legend: str, choices: Sequence[tuple[str, str, str]], chosen: str) -> Markup:
    """One of several, all of them in sight: (value, label, what it means)."""
    return tag("fieldset", tag("legend", legend), *(_radio(name, one, chosen) for one in choices))


def _radio(name: str, one: tuple[str, str, str], chosen: str) -> Markup:
    value, label, meaning = one
    control = tag(
        "input",
        type="radio",
        name=name,
        value=value,
        id=f"{name}-{value}",
        checked="" if value == chosen else None,
        required="",
    )
    said = tag("label", tag("b", label), tag("span", meaning, class_="hint"), for_=f"{name}-{value}")
    return tag("div", control, said, class_="radio")
