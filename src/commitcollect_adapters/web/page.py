"""The page that shows a statue: HTML with the list of parts, which a script brings to life.

Everything a reader needs is in the HTML, so the page works without the script and without WebGL.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from importlib.resources import files

from attrs import frozen

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of the served page; see `standalone_page` for the one in a file."""

ASSETS = {
    "viewer.js": "text/javascript; charset=utf-8",
    "viewer.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files beside the page, and their types."""

PAGE_TYPE = "text/html; charset=utf-8"
MESH_TYPE = "model/gltf-binary"
PICTURE_TYPE = "image/svg+xml"

_HELP = (
    "Drag or use the arrow keys to turn, pinch or + and \N{MINUS SIGN} to zoom. "
    "Choose a part to learn about it."
)


@frozen(kw_only=True)
class PartEntry:
    """A part in the list.

    Attributes:
        state: a word or a few on when it was or will be earned.
        direction: where it comes from when it is put on, a unit vector.
        facts: what its card tells, each with a label.
    """

    index: int
    name: str
    is_earned: bool
    state: str
    direction: tuple[float, float, float] = (0.0, 0.0, 1.0)
    facts: tuple[tuple[str, str], ...] = ()


@frozen(kw_only=True)
class StatuePage:
    """What the page tells. All of it is text; escaping is the page's business.

    Attributes:
        aim: the goal in words, or nothing for a model.
        count: how far it has come, in words.
    """

    name: str
    year: int | None
    aim: str
    count: str
    parts: tuple[PartEntry, ...]

    @property
    def title(self) -> str:
        """The name with the year."""
        return self.name if self.year is None else f"{self.name} {self.year}"

    @property
    def label(self) -> str:
        """The picture in words, for those who cannot see it."""
        earned = ", ".join(part.name for part in self.parts if part.is_earned)
        return f"{self.title}, a statue. {self.count}{f': {earned}' if earned else ''}."


def asset(name: str) -> bytes:
    """One of the `ASSETS`."""
    return files(__package__).joinpath("static", name).read_bytes()


def served_page(page: StatuePage, *, mesh: str, picture: str, is_live: bool) -> str:
    """The page with its files beside it.

    Args:
        page: what it tells.
        mesh: address of the GLB file.
        picture: address of a still picture.
        is_live: whether it asks for itself again and again.
    """
    head = (
        '<link rel="icon" href="icon.svg">\n<link rel="stylesheet" href="viewer.css">\n'
        '<script type="module" src="viewer.js"></script>'
    )
    return _document(page, head, "", mesh=mesh, picture=picture, is_live=is_live)


def standalone_page(page: StatuePage, *, mesh: bytes, picture: bytes) -> str:
    """The page as one file that needs no other and may fetch none.

    Args:
        page: what it tells.
        mesh: a GLB file.
        picture: an SVG file.
    """
    script, style = (asset(name).decode() for name in ("viewer.js", "viewer.css"))
    policy = (
        f"default-src 'none'; script-src {_hash_source(script)}; style-src {_hash_source(style)}; "
        "connect-src data:; img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        f'<link rel="icon" href="{_data(ASSETS["icon.svg"], asset("icon.svg"))}">\n<style>{style}</style>'
    )
    return _document(
        page,
        head,
        # At the end: a module in the head would wait for the end all the same.
        f'<script type="module">{script}</script>\n',
        mesh=_data(MESH_TYPE, mesh),
        picture=_data(PICTURE_TYPE, picture),
        is_live=False,
    )


def _hash_source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _document(page: StatuePage, head: str, tail: str, *, mesh: str, picture: str, is_live: bool) -> str:
    year = "" if page.year is None else f" <small>{page.year}</small>"
    aim = f'<p class="aim">{escape(page.aim)}</p>\n' if page.aim else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(page.title)}: {escape(page.count)}</title>
{head}
</head>
<body{" data-live" if is_live else ""}>
<main>
<header id="goal">
<h1>{escape(page.name)}{year}</h1>
{aim}<p class="count">{escape(page.count)}</p>
<p class="steps" aria-hidden="true">{"".join(map(_step, page.parts))}</p>
</header>
<figure id="stage" data-mesh="{escape(mesh)}">
<img src="{escape(picture)}" alt="">
<canvas id="statue" tabindex="0" role="img" aria-describedby="help" aria-label="{escape(page.label)}">
</canvas>
<p class="controls"><button id="spin" type="button">Turn</button>
<button id="reset" type="button">Front</button></p>
<figcaption id="help">{_HELP}</figcaption>
</figure>
<section aria-label="Parts of the statue">
<ol id="parts">
{"".join(_items(page))}</ol>
<p id="news" role="status"></p>
</section>
</main>
{tail}</body>
</html>
"""


def _step(part: PartEntry) -> str:
    return '<i class="earned"></i>' if part.is_earned else "<i></i>"


def _items(page: StatuePage) -> Iterator[str]:
    following = next((part.index for part in page.parts if not part.is_earned), None)
    for part in page.parts:
        kind = "earned" if part.is_earned else "next" if part.index == following else "later"
        source = " ".join(f"{axis:g}" for axis in part.direction)
        facts = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in part.facts)
        yield (
            f'<li class="{kind}" data-part="{part.index}" data-from="{source}"><details name="part"><summary>'
            f'<span class="mark"></span><span class="name">{escape(part.name)}</span>'
            f'<span class="state">{escape(part.state)}</span></summary><dl>{facts}</dl></details></li>\n'
        )
