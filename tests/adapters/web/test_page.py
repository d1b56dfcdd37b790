"""The page's text: complete, escaped, and under a policy that fits it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.web.page import (
    CONTENT_SECURITY_POLICY,
    PartEntry,
    StatuePage,
    asset,
    served_page,
    standalone_page,
)

VIEWER_BYTES_MAX = 15_000
VOID = {"meta", "link", "img"}
names = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
entries = st.builds(
    PartEntry,
    index=st.just(0),
    name=names,
    is_earned=st.booleans(),
    state=names,
    facts=st.lists(st.tuples(names, names), max_size=3).map(tuple),
)
pages = st.builds(
    StatuePage, name=names, year=st.none() | st.integers(1, 9999), aim=names, count=names,
    parts=st.lists(entries, min_size=1, max_size=5).map(tuple),
)  # fmt: skip


class Outline(HTMLParser):
    """The elements and the text of a page, which must be well formed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it; all but a few have to be closed."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """The one opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.text.append(data)


@given(pages)
def test_whatever_the_names_hold_is_text(page: StatuePage) -> None:
    """Every name is read back as it was; none makes an element, an attribute or a script."""
    outline = Outline(served_page(page, mesh="a.glb", picture="a.svg", is_live=True))
    text = "".join(outline.text)
    for part in page.parts:
        assert part.name in text
        assert all(label in text and fact in text for label, fact in part.facts)
    assert [tag for tag, _ in outline.elements].count("script") == 1
    assert [tag for tag, _ in outline.elements].count("details") == len(page.parts)
    assert not any(
        name.startswith("on") or name == "style" for _, attributes in outline.elements for name in attributes
    )
    canvas = next(attributes for tag, attributes in outline.elements if tag == "canvas")
    assert canvas["aria-label"] == page.label


def test_the_list_says_what_is_earned_and_what_comes_next() -> None:
    """Earned, next and later parts are told apart without any script."""
    parts = tuple(
        PartEntry(index=index, name=f"part {index}", is_earned=index in {1, 2}, state="")
        for index in range(1, 5)
    )
    page = StatuePage(name="Owl", year=2030, aim="", count="2 of 4 parts earned", parts=parts)
    outline = Outline(served_page(page, mesh="", picture="", is_live=False))
    items = [attributes for tag, attributes in outline.elements if tag == "li"]
    assert [item["class"] for item in items] == ["earned", "earned", "next", "later"]
    assert page.label == "Owl 2030, a statue. 2 of 4 parts earned: part 1, part 2."


@given(pages)
def test_the_file_allows_just_its_own_script_and_style(page: StatuePage) -> None:
    """The policy in the file names the digests of what is in it, and lets it fetch nothing."""
    text = standalone_page(page, mesh=b"mesh", picture=b"<svg/>")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    allowed = policy[1].replace("&#x27;", "'")
    assert allowed.startswith("default-src 'none'; ")
    assert "unsafe" not in allowed
    assert "http" not in allowed
    for tag, kind in (("script", ' type="module"'), ("style", "")):
        (content,) = re.findall(f"<{tag}{kind}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in allowed
    addresses = re.findall(r'(?:src|href|data-mesh)="([^"]*)"', text)
    assert addresses
    assert all(address.startswith("data:") for address in addresses)


def test_the_viewer_is_small_and_asks_no_other_server() -> None:
    """The script stays under its limit, and names no other site and nothing that a policy would stop."""
    script, style = asset("viewer.js").decode(), asset("viewer.css").decode()
    assert len(script.encode()) < VIEWER_BYTES_MAX
    assert not re.search(r"https?:|import |eval|Function\(|\.style\b", script)
    assert not re.search(r"url\(|@import", style)
    assert "unsafe" not in CONTENT_SECURITY_POLICY
