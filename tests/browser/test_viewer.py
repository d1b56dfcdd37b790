"""The viewer in a real Chromium: it draws, turns, tells, and keeps to its policy."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.shown import Athlete
from commitcollect_adapters.web.page import ASSETS
from commitcollect_adapters.web.statue_files import html_file
from commitcollect_cli.statue_export import showing_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from browser.eyes import Viewed

pytestmark = pytest.mark.slow

View = Callable[..., "Viewed"]
DESKTOP: dict[str, Any] = {"viewport": {"width": 820, "height": 520}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
_ADD_SCRIPT = """() => {
  const script = document.createElement("script");
  script.textContent = "window.ran = true";
  document.head.append(script);
  return window.ran === true;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_earned_parts_are_solid_and_the_others_ghosts(
    view: View, address: str, athlete: Athlete, scheme: str
) -> None:
    """With nothing earned a shape without strong colours is seen; earned parts bring colour."""
    seen = view(address, **DESKTOP, color_scheme=scheme)
    ghost = seen.pixels(seen.settled())
    assert ghost.drawn > 0.04
    assert ghost.vivid < 0.001
    athlete.earn(9)
    seen.open(address)
    solid = seen.pixels(seen.settled())
    assert solid.vivid > 0.04
    assert solid.down > 0.85
    assert seen.page.title() == "Dragon 2026: 9 of 12 parts earned"


def test_keys_and_mouse_turn_it_and_home_brings_it_back(view: View, address: str, athlete: Athlete) -> None:
    """Each way to turn or zoom changes the picture; Home restores the first one."""
    athlete.earn(5)
    seen = view(address, **DESKTOP)
    page = seen.page
    page.locator("#statue").press("Home")
    first = seen.settled()
    pictures = [first]
    for key in ("ArrowLeft", "ArrowUp", "+", "ArrowDown"):
        page.keyboard.press(key)
        pictures.append(seen.settled())
    page.mouse.move(*seen.place(0.4, 0.5))
    page.mouse.down()
    page.mouse.move(*seen.place(0.6, 0.55), steps=3)
    page.mouse.up()
    pictures.append(seen.settled())
    page.mouse.wheel(0, -300)
    pictures.append(seen.settled())
    assert [number for number, (a, b) in enumerate(pairwise(pictures)) if a == b] == []
    page.keyboard.press("Home")
    assert seen.settled() == first


def test_a_part_is_chosen_by_click_and_by_tab(view: View, address: str, athlete: Athlete) -> None:
    """A click on the plinth opens the card of the base, Tab that of the next part; the part glows."""
    athlete.earn(4)
    seen = view(address, **DESKTOP)
    plain = seen.settled()
    seen.page.mouse.click(*seen.place(0.42, 0.93))
    assert seen.open_part() == "Base"
    chosen = seen.settled()
    assert chosen != plain
    card = seen.page.locator("details[open] dl").inner_text()
    assert "1 Mar 2026, at 40.0 km" in card
    assert "mm" in card
    seen.page.locator("summary").first.focus()
    seen.page.keyboard.press("Tab")
    assert seen.open_part() == "Tail"
    assert seen.settled() != chosen
    seen.page.mouse.click(*seen.place(0.02, 0.5))
    assert seen.open_part() is None
    assert seen.settled() == plain


def test_a_phone_is_filled_and_fingers_turn_and_zoom(view: View, address: str, athlete: Athlete) -> None:
    """The statue spans the screen; one finger turns it, two zoom, and a swipe up scrolls the page."""
    athlete.earn(9)
    seen = view(address, **PHONE)
    first = seen.settled()
    shown = seen.pixels(first)
    assert shown.across > 0.85
    assert shown.down > 0.6
    assert seen.page.evaluate("document.documentElement.scrollWidth") == PHONE["viewport"]["width"]
    seen.fingers([(0.3, 0.5), (0.5, 0.5), (0.7, 0.5)])
    turned = seen.settled()
    assert turned != first
    seen.fingers([(0.4, 0.5), (0.3, 0.5), (0.2, 0.5)], [(0.6, 0.5), (0.7, 0.5), (0.8, 0.5)])
    assert seen.settled() != turned
    seen.fingers([(0.5, 0.8), (0.5, 0.7), (0.5, 0.4), (0.5, 0.1)])
    seen.page.wait_for_function("scrollY > 50")


def test_it_turns_by_itself_until_it_is_stopped(view: View, address: str) -> None:
    """It moves where motion is welcome, the button stops it, and with reduced motion it never moves."""
    seen = view(address, **DESKTOP, reduced_motion="no-preference")
    before = seen.picture()
    assert seen.page.locator("#stage").get_attribute("data-state") == "moving"
    seen.page.wait_for_timeout(300)
    assert seen.picture() != before
    button = seen.page.get_by_role("button", name="Stop turning")
    button.click()
    stopped = seen.settled()
    seen.page.wait_for_timeout(300)
    assert seen.picture() == stopped
    calm = view(address, **DESKTOP)
    still = calm.settled()
    calm.page.wait_for_timeout(300)
    assert calm.picture() == still
    assert calm.page.get_by_role("button", name="Turn").is_visible()


def test_a_part_flies_in_when_it_is_earned(view: View, address: str, athlete: Athlete) -> None:
    """The open page learns of it, moves, tells it in words, and counts it."""
    athlete.earn(2)
    seen = view(address, **DESKTOP, reduced_motion="no-preference")
    seen.page.get_by_role("button", name="Stop turning").click()
    before = seen.pixels(seen.settled())
    athlete.earn(5)
    seen.page.wait_for_selector("#stage[data-state=moving]")
    assert seen.page.get_by_role("status").inner_text() == (
        "Earned: Left Hind Leg, Right Hind Leg, Body, Left Foreleg, Right Foreleg"
    )
    assert seen.pixels(seen.settled()).vivid > before.vivid
    label = seen.page.locator("#statue").get_attribute("aria-label")
    assert label is not None
    assert label.startswith("Dragon 2026, a statue. 7 of 12 parts earned: Base, Tail, ")


def test_a_lost_context_comes_back(view: View, address: str, athlete: Athlete) -> None:
    """When the browser takes the graphics card away and gives it back, the same picture is there again."""
    athlete.earn(6)
    seen = view(address, **DESKTOP)
    first = seen.settled()
    lose = "document.getElementById('statue').getContext('webgl2').getExtension('WEBGL_lose_context')"
    seen.page.evaluate(f"window.loss = {lose}; window.loss.loseContext()")
    seen.page.wait_for_selector("#stage[data-state=lost]")
    seen.page.evaluate("window.loss.restoreContext()")
    assert seen.settled() == first


def test_nothing_goes_against_the_policy(view: View, address: str) -> None:
    """The page needs no exception from its policy, which stops a script that another person adds."""
    seen = view(address, **DESKTOP)
    seen.settled()
    assert seen.refused() == []
    assert {request.removeprefix(f"{address}/") for request in seen.requests} == {
        "", "statue.glb", "statue.svg", *ASSETS,
    }  # fmt: skip
    assert seen.page.evaluate(_ADD_SCRIPT) is False
    assert seen.refused() == ["script-src-elem"]
    seen.complaints.clear()


def test_the_file_needs_nothing_but_itself(view: View, athlete: Athlete, tmp_path: Path) -> None:
    """Opened from disk the exported page draws the statue, asks for nothing, and tells of no workout."""
    athlete.earn(7)
    showing = showing_of(athlete.settings, athlete.milestone_id, None)
    file = tmp_path / "dragon.html"
    file.write_bytes(html_file(showing, showing.earned))
    seen = view(file.as_uri(), **DESKTOP)
    assert seen.pixels(seen.settled()).vivid > 0.03
    assert {request.partition(":")[0] for request in seen.requests} <= {"file", "data"}
    assert seen.refused() == []
    assert "Mar 2026" not in seen.page.locator("main").inner_text()
    assert seen.page.evaluate(_ADD_SCRIPT) is False
    seen.complaints.clear()


def test_without_webgl_a_picture_and_the_list_remain(
    launch: Callable[..., Browser], address: str, athlete: Athlete
) -> None:
    """A browser that draws nothing shows the still picture, the parts with their cards, and says why."""
    athlete.earn(3)
    with launch("--disable-gpu", "--disable-3d-apis") as browser:
        page = browser.new_page(**DESKTOP)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#stage[data-state=failed]")
        assert "no WebGL2" in page.locator("#help").inner_text()
        image = page.locator("figure img")
        assert image.is_visible()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        smooth = image.screenshot()
        image.evaluate("image => { image.src = image.src.replace('#smooth', ''); return image.decode(); }")
        assert image.screenshot() != smooth
        assert page.locator("li.earned").count() == 3
        page.get_by_text("Left Hind Leg").click()
        assert page.locator("details[open] dl").is_visible()
        assert complaints == []
