"""A page in a real browser as a person sees and uses it: pixels, fingers, complaints."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from attrs import frozen
from playwright.sync_api import Browser, BrowserContext, Page

READY_MS_MAX = 60_000
"""Software rendering on a busy machine; a browser that draws at all needs a second or two."""

_WATCH = """
window.refused = [];
addEventListener("securitypolicyviolation", event => window.refused.push(event.violatedDirective));
"""
_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
_COUNT = """async data => {
  const image = new Image();
  image.src = "data:image/png;base64," + data;
  await image.decode();
  const { width, height } = image, context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const bytes = context.getImageData(0, 0, width, height).data;
  const ground = (x, y) => [0, 1, 2].map(i => bytes[4 * (y * width + x) + i]);
  const count = { vivid: 0, drawn: 0, left: width, right: 0, top: height, bottom: 0 };
  for (let y = 0; y < height; y++) {
    // The ground is a gradient, so each row is compared with its own ends.
    const [first, last] = [ground(1, y), ground(width - 2, y)];
    for (let x = 0; x < width; x++) {
      const here = ground(x, y), share = x / width;
      const far = here.reduce((sum, each, i) =>
        sum + Math.abs(each - first[i] * (1 - share) - last[i] * share), 0);
      if (Math.max(...here) - Math.min(...here) > 60) count.vivid++;
      if (far < 45) continue;
      count.drawn++;
      count.left = Math.min(count.left, x); count.right = Math.max(count.right, x);
      count.top = Math.min(count.top, y); count.bottom = Math.max(count.bottom, y);
    }
  }
  return { ...count, total: width * height, width, height };
}"""


@frozen
class Pixels:
    """What a picture of the statue shows.

    Attributes:
        vivid: the share of pixels in a strong colour: solid parts.
        drawn: the share of pixels that differ from the ground: solid parts and ghosts.
        across: the share of the width that is covered from the first to the last of them.
        down: the same of the height.
    """

    vivid: float
    drawn: float
    across: float
    down: float


class Viewed:
    """One page, with everything it complained about."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self._other: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.set_default_timeout(READY_MS_MAX)
        self.page.add_init_script(_WATCH)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, address: str, waits_for: str = "#stage[data-state]") -> None:
        """Go there; back when something is there, such as the statue that was drawn or cannot be."""
        self.page.bring_to_front()
        self.page.goto(address)
        self.page.wait_for_selector(waits_for)

    def settled(self) -> bytes:
        """A picture of the statue once it stands still, after whatever was just done to it."""
        self.page.evaluate(_FRAMES)
        self.page.wait_for_selector("#stage[data-state=still]")
        return self.picture()

    def picture(self) -> bytes:
        """A picture of the statue as it is."""
        return self.page.locator("#statue").screenshot(animations="allow")

    def pixels(self, picture: bytes) -> Pixels:
        """Counted by the browser, on a page without any rules."""
        count = self._other.evaluate(_COUNT, base64.b64encode(picture).decode())
        return Pixels(
            vivid=count["vivid"] / count["total"],
            drawn=count["drawn"] / count["total"],
            across=(count["right"] - count["left"]) / count["width"],
            down=(count["bottom"] - count["top"]) / count["height"],
        )

    def refused(self) -> list[str]:
        """The directives of the policy that something went against."""
        refused: list[str] = self.page.evaluate("window.refused")
        return refused

    def place(self, across: float, down: float) -> tuple[float, float]:
        """A place on the statue's canvas, as shares of its size, in the window."""
        box = self.page.locator("#statue").bounding_box()
        assert box is not None
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    def fingers(self, *paths: Sequence[tuple[float, float]]) -> None:
        """Move fingers along paths at once, as shares of the canvas, and lift them."""
        client = self.context.new_cdp_session(self.page)
        for step, spots in enumerate(zip(*paths, strict=True)):
            points = [
                {"x": x, "y": y, "id": number} for number, (x, y) in enumerate(self.place(*s) for s in spots)
            ]
            kind = "touchMove" if step else "touchStart"
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        client.detach()

    def open_part(self) -> str | None:
        """The name of the part whose card is open."""
        names = self.page.locator("details[open] .name").all_inner_texts()
        return names[0] if names else None
