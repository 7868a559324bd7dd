"""Every page, in both languages: well-formed, labelled, free of scripts, styles and addresses."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import watch_reports
from console_bank import Bank

VOID = {"meta", "link", "input", "br", "wbr"}
SVG_NAMESPACE_FREE = ("http://", "https://", "javascript:", "data:")


class Page(HTMLParser):
    """Elements in order, with attributes; complains of what is not closed as it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module")
def pages(bank: Bank) -> dict[str, str]:
    """Path -> page, of every kind of page there is, in both languages."""
    review, answer = bank.waiting(), bank.decide(locale="ko")
    paths = ["/", "/checklist", "/drift", "/fairness", "/reviews", f"/reviews/{review}", "/switches"]
    paths += [
        "/switches/clear?scope=global&target=",
        "/decisions",
        f"/decisions/{answer.request_id}",
        "/log",
        "/audits",
    ]
    paths += [f"/audits/nightly/{watch_reports.day(n)}" for n in (3, 24, 28)] + ["/nowhere", "/checklist?find=zzz"]
    found = {}
    for language in ("en", "ko"):
        browser = bank.browser()
        browser.language = language
        browser.post("/decisions", request_id=answer.request_id, customer_id="bold")
        found |= {f"{language} {path}": browser.get(path).body for path in paths}
        browser.cookies.clear()
        found[f"{language} gate"] = browser.get("/").body
        wrong = bank.browser()
        wrong.language = language
        found[f"{language} refused"] = wrong.post("/switches", scope="task", strategy="rules", reason="").body
    return found


def each(pages: dict[str, str]) -> list[tuple[str, Page]]:
    return [(name, Page(text)) for name, text in pages.items()]


def test_pages_say_their_language_have_a_title_and_one_heading(pages: dict[str, str]) -> None:
    for name, page in each(pages):
        assert page.all("html")[0]["lang"] == name[:2]
        assert len(page.all("h1")) == len(page.all("main")) == 1, name
        assert page.all("meta")[1]["content"] == "width=device-width, initial-scale=1"


def test_headings_skip_no_level(pages: dict[str, str]) -> None:
    for name, page in each(pages):
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert all(after - before <= 1 for before, after in pairwise(levels)), (name, levels)


def test_ids_are_unique_and_every_reference_leads_somewhere(pages: dict[str, str]) -> None:
    for name, page in each(pages):
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), name
        for _, attributes in page.elements:
            for key in ("for", "aria-labelledby", "aria-describedby"):
                assert set(attributes.get(key, "").split()) <= set(ids), (name, key, attributes)


def test_every_control_has_a_label(pages: dict[str, str]) -> None:
    for name, page in each(pages):
        labelled = {attributes["for"] for attributes in page.all("label")}
        controls = [one for one in page.all("input", "select", "textarea") if one.get("type") != "hidden"]
        assert all(control["id"] in labelled for control in controls), name


def test_every_picture_has_a_title_a_description_and_its_table(pages: dict[str, str]) -> None:
    for name, page in each(pages):
        figures = page.all("figure")
        assert len(page.all("svg")) == len(figures) == len(page.all("figcaption")), name
        assert all(svg["role"] == "img" and svg["aria-labelledby"] for svg in page.all("svg"))
        assert len(page.all("desc")) == len(figures)
    drawn = Page(pages["en /drift"])
    assert len(drawn.all("table")) == len(drawn.all("svg")) > 8


def test_every_table_has_a_caption_and_headed_cells(pages: dict[str, str]) -> None:
    for name, page in each(pages):
        assert len(page.all("caption")) == len(page.all("table")), name
        assert all(one.get("scope") in ("col", "row") for one in page.all("th")), name


def test_there_is_a_way_past_the_navigation(pages: dict[str, str]) -> None:
    for name, page in each(pages):
        if "gate" not in name:
            links = page.all("a")
            assert (links[0]["class"], links[0]["href"]) == ("skip", "#main"), name
            assert page.all("main")[0]["tabindex"] == "-1"


def test_no_page_holds_a_script_a_style_or_an_address(pages: dict[str, str]) -> None:
    for name, page in each(pages):
        assert not {"script", "style", "iframe", "img", "object"} & {tag for tag, _ in page.elements}, name
        for tag, attributes in page.elements:
            assert not [key for key in attributes if key.startswith("on") or key == "style"], (name, tag)
            for key in ("href", "src", "action"):
                assert not attributes.get(key, "").startswith(SVG_NAMESPACE_FREE), (name, attributes)


def test_every_form_that_changes_something_holds_the_sessions_token(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        forms = re.findall(r'<form[^>]*method="post"[^>]*>.*?</form>', text, re.S)
        assert forms
        assert all('name="csrf"' in form or 'action="/sign-in"' in form for form in forms), name


def test_korean_pages_leave_no_words_of_the_console_in_english(pages: dict[str, str]) -> None:
    left = ("Kill switches", "Audit reports", "Sign out", "Checklist", "Review queue", "Evidence", "Suggested action")
    for name, text in pages.items():
        if name.startswith("ko"):
            assert not [word for word in left if f">{word}<" in text], name


def test_no_page_shows_markup_as_text(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        assert not re.findall(r"&lt;(?:time|span|code|b|div)\b", text), name
