"""The console in a real Chromium, started as its users start it: by keyboard, on a phone, in the dark, in Korean."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import packaged
import pytest
import tiny_bundle
import watch_reports
from chromium import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SHOTS = Path(__file__).parents[2] / "build" / "console"
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 360, "height": 740}
START_SECONDS = 30.0
# Contrast of every text against what is really painted behind it (WCAG 2.2, 1.4.3).
CONTRAST = """() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return [m[0], m[1], m[2], m.length > 3 ? m[3] : 1]; };
  const lum = c => { const f = v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
    return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]); };
  const behind = e => { for (; e; e = e.parentElement) { const s = getComputedStyle(e), c = parse(s.backgroundColor);
      if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
  const weak = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  for (let n; n = walk.nextNode();) {
    const e = n.parentElement, s = getComputedStyle(e);
    if (!n.data.trim() || !e.checkVisibility() || e.closest('.unseen, title, desc, option')) continue;
    const ink = parse(e.closest('svg') ? s.fill : s.color), paper = behind(e.closest('svg') || e);
    const [a, b] = [lum(ink), lum(paper)].sort((x, y) => x - y), ratio = (b + .05) / (a + .05);
    const size = parseFloat(s.fontSize), large = size >= 24 || (size >= 18.66 && s.fontWeight >= 700);
    seen++;
    if (ratio < (large ? 3 : 4.5)) weak.push(`${n.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return [seen, weak];
}"""
# What is wider than the window, or too small to be hit by a finger (WCAG 2.2, 2.5.8; links within text are exempt).
TIGHT = """() => [...document.querySelectorAll('button, .button, nav a, input[type=text], select, summary')]
  .filter(e => e.checkVisibility()).map(e => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()])
  .filter(([, r]) => r.height < 24 || r.width < 24).map(([h, r]) => `${h} ${r.width}x${r.height}`)"""


@dataclass
class Desk:
    """A running console, and the function behind it."""

    url: str
    code: str
    served: packaged.Served
    browser: Browser
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, viewport: Any = DESKTOP, **options: Any) -> Page:
        """A page on which nobody has signed in; what it asks for and complains of is kept."""
        context: BrowserContext = self.browser.new_context(viewport=viewport, locale="en-GB", **options)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.url)
        return page

    def signed_in(self, viewport: Any = DESKTOP, **options: Any) -> Page:
        page = self.open(viewport, **options)
        page.get_by_role("textbox").fill(self.code)
        page.keyboard.press("Enter")
        page.wait_for_selector(".frame")
        return page

    def decision(self) -> tuple[str, str]:
        """Request id and review id of a new decision, one of whose products waits for a person."""
        answer = self.served.recommend("bold", top_k=10)
        return answer["request_id"], next(one["review_id"] for one in answer["reviews"] if one["withheld"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def desk(browser: Browser, package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """``understudy console --url`` over the function from its zip."""
    folder = tmp_path_factory.mktemp("bank")
    reports = watch_reports.write(folder / "reports")
    bold = tiny_bundle.customer("bold", profile={"risk_tolerance": 5})
    bundle = packaged.bundle(folder / "bundle")
    with packaged.serve(package, folder, bundle, [bold], UNDERSTUDY_REPORTS=f"file://{reports}") as served:
        start = [sys.executable, "-c", "from understudy.cli import main; main()"]
        command = [*start, "console", "--url", served.function.url, "--port", "0"]
        environment = os.environ | {"UNDERSTUDY_ADMIN_TOKEN": f"{packaged.OPERATOR}:{packaged.SECRET}"}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            watch = threading.Timer(START_SECONDS, process.kill)
            watch.start()
            told = [process.stdout.readline() for _ in range(2)] if process.stdout else []
            watch.cancel()
            url, code = re.search(r"http://\S+", told[0]), re.search(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", told[1])
            assert url, told
            assert code, told
            found = Desk(url[0], code[0], served, browser)
            yield found
            process.terminate()
        refused = [one for one in found.complaints if "status of 400" in one]  # the words that the gate refused
        assert (len(refused), found.complaints) == (1, refused)
        assert {one.removeprefix(found.url) for one in found.asked if not one.startswith(found.url)} == set()
        assert served.verdict() == "clean"


PATHS = ("", "checklist", "drift", "fairness", "reviews", "switches", "decisions", "log", "audits?kind=nightly")
DEEP = ("audits/nightly/2026-10-24", "switches/clear?scope=global&target=")


def everywhere(desk: Desk, page: Page, look: Callable[[str], None], paths: Sequence[str] = PATHS + DEEP) -> None:
    """``look`` at every kind of page, a decision and a review among them."""
    request_id, review = desk.decision()
    for path in (*paths, f"reviews/{review}", f"decisions/{request_id}"):
        page.goto(desk.url + path)
        look(re.sub(r"[^a-z]+", "-", path.split("?")[0]).strip("-") or "status")


@pytest.mark.parametrize(("viewport", "name"), [(DESKTOP, "1280"), (PHONE, "360")])
def test_every_page_fits_and_can_be_read(desk: Desk, viewport: Any, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page, texts = desk.signed_in(viewport), 0

    def look(called: str) -> None:
        nonlocal texts
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            seen, weak = page.evaluate(CONTRAST) if viewport is DESKTOP else (0, [])
            texts += seen
            assert weak == [], (called, scheme)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0, called
        assert page.evaluate(TIGHT) == [], called
        page.screenshot(path=SHOTS / f"{called}-{name}.png", full_page=True)

    everywhere(desk, page, look)
    assert texts > 2000 or viewport is PHONE
    page.context.close()


def test_every_page_in_korean_fits_a_phone(desk: Desk) -> None:
    page = desk.signed_in(PHONE)
    page.get_by_role("link", name="한국어").click()

    def look(called: str) -> None:
        assert page.locator("html").get_attribute("lang") == "ko"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, called

    everywhere(desk, page, look, ("", "checklist", "switches", "audits/nightly/2026-10-24"))
    page.screenshot(path=SHOTS / "korean-360.png")
    page.context.close()


def focus(page: Page) -> dict[str, Any]:
    """What has the focus, and how that is shown."""
    found: dict[str, Any] = page.evaluate(
        """() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
        return {tag: e.tagName, text: (e.textContent || e.name || '').trim(), outline: s.outlineStyle,
                width: parseFloat(s.outlineWidth), top: r.top, left: r.left, height: r.height}; }"""
    )
    return found


def test_everything_is_done_by_keyboard_and_the_focus_is_always_seen(desk: Desk) -> None:
    page = desk.open()
    assert focus(page)["tag"] == "INPUT"  # the code may be typed at once
    page.keyboard.type(desk.code)
    page.keyboard.press("Enter")
    page.wait_for_selector(".frame")
    page.goto(desk.url + "switches")
    page.keyboard.press("Tab")
    skip = focus(page)
    assert skip["text"] == "Skip to the content"
    assert skip["top"] >= 0
    page.keyboard.press("Enter")
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        now = focus(page)
        assert now["outline"] != "none", now
        assert now["width"] >= 2, now
        seen.append((now["tag"], now["text"][:20]))
        if now["tag"] == "BUTTON":
            break
    assert [tag for tag, _ in seen] == ["SELECT", "INPUT", "INPUT", "TEXTAREA", "BUTTON"], seen
    page.context.close()


def test_a_kill_switch_is_set_and_cleared_by_keyboard(desk: Desk) -> None:
    page = desk.signed_in()
    page.goto(desk.url + "switches")
    page.get_by_label("Scope").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("spend")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")  # of the three strategies the second
    page.keyboard.press("Tab")
    page.keyboard.type("a drill by keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Is this what you want?").wait_for()
    assert desk.served.admin("GET", "/v1/admin/kill-switch").body["switches"] == []
    page.screenshot(path=SHOTS / "switch-confirm-1280.png")
    page.get_by_role("button", name="Set the switch").press("Enter")
    page.get_by_role("status").get_by_text("task:spend is set.").wait_for()
    (found,) = desk.served.admin("GET", "/v1/admin/kill-switch").body["switches"]
    assert (found["strategy"], found["operator"]) == ("previous", packaged.OPERATOR)
    page.get_by_role("link", name="Clear…").press("Enter")
    page.get_by_label("Reason").fill("the drill is over")
    page.get_by_role("button", name="Clear the switch").press("Enter")
    page.get_by_role("status").get_by_text("task:spend is cleared.").wait_for()
    assert desk.served.admin("GET", "/v1/admin/kill-switch").body["switches"] == []
    page.context.close()


def test_a_reviewer_is_refused_by_the_safety_gate_and_then_heard(desk: Desk) -> None:
    _, review = desk.decision()
    page = desk.signed_in(PHONE)
    page.goto(f"{desk.url}reviews/{review}")
    page.locator("summary", has_text="Approve with another text").click()
    form = page.locator("form", has=page.get_by_label("Text"))
    original = form.get_by_label("Text").input_value()
    form.get_by_label("Text").fill("Guaranteed return: your principal is safe, the best fund of all.")
    form.get_by_label("Reason").fill("it sells better")
    form.get_by_role("button").click()
    page.get_by_text("Not passed on: rejected by the safety gate").wait_for()
    page.screenshot(path=SHOTS / "review-refused-360.png", full_page=True)
    form = page.locator("form", has=page.get_by_label("Text"))
    assert form.get_by_label("Reason").input_value() == "it sells better"
    assert form.get_by_label("Text").get_attribute("aria-invalid") == "true"
    form.get_by_label("Text").fill(original)
    form.get_by_role("button").click()
    page.get_by_role("status").wait_for()
    assert desk.served.admin("GET", f"/v1/admin/reviews/{review}").body["state"] == "modified"
    page.context.close()


def test_a_decision_is_explored_from_its_review_and_no_url_names_the_customer(desk: Desk) -> None:
    request_id, review = desk.decision()
    page = desk.signed_in()
    page.goto(f"{desk.url}reviews/{review}")
    page.get_by_role("button", name="Explore the decision").click()
    page.get_by_role("heading", name="One decision").wait_for()
    assert page.url == f"{desk.url}decisions/{request_id}"
    page.screenshot(path=SHOTS / "decision-1280.png", full_page=True)
    main = page.locator("main")
    for part in (
        "Entry holds",
        "Same scores",
        "Recommended products",
        "Layers by task",
        "Safety Gate",
        "Teacher's gates",
    ):
        assert main.get_by_text(part).first.is_visible(), part
    page.locator("#features summary").click()
    assert page.locator("#features").get_by_text("overseas_count").is_visible()
    assert not [url for url in desk.asked if "bold" in url]
    page.context.close()


def test_pictures_tell_their_title_and_hold_their_table(desk: Desk) -> None:
    page = desk.signed_in()
    page.goto(desk.url + "drift")
    picture = page.get_by_role("img", name="Drift of the most drifted feature (PSI)").first
    assert picture.is_visible()
    figure = page.locator("figure", has=picture)
    figure.locator("summary").press("Enter")
    assert figure.get_by_role("row").count() == 31
    page.context.close()


def test_the_browser_holds_no_secret(desk: Desk) -> None:
    page = desk.signed_in()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert packaged.SECRET not in str(page.context.storage_state()) + page.content()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.goto(desk.url + "switches")
    assert page.get_by_role("heading", name="Sign in").is_visible()
    page.context.close()
