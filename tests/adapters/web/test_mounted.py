"""The site inside an application of one's own, as the example mounts it."""

from __future__ import annotations

import runpy
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from adapters.web.visiting import ADA, BASE, GOAL, Visitor, visited

EXAMPLE = Path(__file__).parents[3] / "examples" / "web" / "mounted.py"


def test_a_mounted_site_is_whole(tmp_path: Path) -> None:
    """A page of one's own stands beside signing in, the API and errors of the site."""
    application = runpy.run_path(str(EXAMPLE))["application"]
    with visited(tmp_path) as site:
        browser = Visitor(application(site.opened.site.application), BASE, "127.0.0.1")
        assert browser.get("/about").text == "A running club."
        query = parse_qs(urlsplit(browser.get("/auth/login").headers["location"]).query)
        fields = {name: value for name, (value,) in query.items()}
        form = browser.post("/auth/local", data={**fields, "email": ADA}, headers={"origin": BASE})
        assert browser.get(form.headers["location"]).status_code == 302
        made = browser.send("/milestones", GOAL)
        assert made.status_code == 201
        assert browser.get(f"/milestones/{made.json()['milestoneId']}").status_code == 200
        assert browser.send("/milestones", GOAL, origin="https://elsewhere.example").status_code == 403
        assert browser.get("/nothing").json() == {"error": "not_found"}
