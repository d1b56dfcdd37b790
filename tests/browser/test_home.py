"""The athlete's page in a real Chromium, before a real host: from a file to a printed part."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.served import READY, Served, serve, sign_in
from commitcollect_adapters.backend import open_app
from commitcollect_adapters.settings import Settings
from needs import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page, Route, ViewportSize

    from browser.eyes import Viewed

pytestmark = pytest.mark.slow

View = Callable[..., "Viewed"]
DESKTOP: dict[str, Any] = {"viewport": {"width": 900, "height": 420}}
"""Small, as a picture without a graphics card costs time by the pixel."""

PHONE: ViewportSize = {"width": 390, "height": 600}
CSV = (
    "Activity ID,Activity Date,Activity Name,Activity Type,Elapsed Time,Distance,Moving Time\n"
    + "".join(
        f'{day},"Mar {day}, 2026, 7:00:00 AM",<b>Run {day}</b>,Run,3600,30.0,3500\n' for day in range(1, 9)
    )
    + '99,"someday",Broken,Run,3600,10.0,3500\n'
    + '98,"Mar 9, 2026, 7:00:00 AM",Yoga,Yoga,3600,0,3500\n'
)
ENDED: dict[str, Any] = {
    "importId": "elsewhere", "file": "all.csv", "state": "done", "bytes": 9, "read": 2, "taken": 2,
    "changed": 2, "parts": 0, "rejectedCount": 1, "warningCount": 0, "error": None, "warnings": [],
    "rejected": [{"file": "all.csv", "row": 4, "reason": "not a day"}],
}  # fmt: skip
"""An import that this host does not know."""

CAN_BE_SCROLLED = "[...document.querySelectorAll('.scroll')].every(each => each.tabIndex === 0)"
"""By the keyboard. axe sees to it only where a table is too wide, as its figures decide."""

AXE = Path(__file__).parents[2] / ".engines" / "axe.js"
_FOCUSED = "document.activeElement.id || document.activeElement.textContent.trim()"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One host for all tests; each has a person of its own."""
    with serve(tmp_path_factory.mktemp("site")) as served:
        yield served


def bring(page: Page, content: str = CSV) -> None:
    """Give the page a file, and wait until it is taken in."""
    page.set_input_files(
        "#file", {"name": "activities.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.wait_for_selector(".import.done")


def set_goal(page: Page, kilometres: str) -> None:
    """Fill in the form, look at the preview, and set the goal."""
    page.locator("#from").fill("2026-01-01")
    page.locator("#amount").fill(kilometres)
    page.get_by_text(re.compile("You would have")).wait_for()
    page.get_by_role("button", name="Set this goal").click()
    page.wait_for_url(re.compile("milestone="))
    page.wait_for_selector(READY)
    page.wait_for_selector("#stage[data-state=still]")


@pytest.fixture
def person(view: View, site: Served) -> Callable[..., Viewed]:
    """Opens the page of a person who has signed in."""

    def open_one(email: str, **options: Any) -> Viewed:
        seen = view(f"{site.address}/", waits_for=READY, **{**DESKTOP, "locale": "en-CA", **options})
        sign_in(seen.page, site, email)
        # The sign-in page takes the focus by itself, about which a browser that has given it complains.
        seen.complaints.clear()
        return seen

    return open_one


def test_from_a_file_to_a_printed_part(person: Callable[..., Viewed], site: Served) -> None:
    """Rows left out, a preview that comes true, a drawn statue, a card, files, and the end of the account."""
    seen = person("ada@example.org")
    page = seen.page
    ghost = seen.pixels(seen.settled())
    assert ghost.vivid < 0.001
    bring(page)
    told = page.locator(".import.done")
    assert "9 workouts, 9 of them new or changed; 1 row left out" in told.inner_text()
    page.get_by_text("1 row left out, and why").click()
    assert "'someday' is not a date" in told.locator("tbody").inner_text()
    set_goal(page, "320")
    assert page.locator("#count").inner_text() == "9 of 12 parts earned: 240 km of 320 km"
    assert page.locator("#parts .earned").count() == 9
    assert seen.pixels(seen.settled()).vivid > 0.03
    page.locator("#parts summary").nth(2).click()
    card = page.locator("details[open] dl")
    page.wait_for_selector("text=<b>Run 3</b>, 30 km >> visible=true")
    assert "90 km" in card.inner_text()
    assert "8 workouts count" in page.locator("#counted").inner_text()
    assert (
        page.locator("#workout-rows tr").first.inner_text().endswith("without anything that the goal counts")
    )
    assert page.locator("#workout-rows tr").first.locator("td.number").first.inner_text() == "\u2013"
    assert page.locator("#workout-rows b").count() == 0
    assert "9 workouts, 240 km" in page.locator("#year-total").inner_text()
    page.locator("#units").select_option("mi")
    assert page.locator("#count").inner_text() == "9 of 12 parts earned: 149.1 mi of 198.8 mi"
    page.get_by_text("Print it, share it").click()
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="To print: parts").click()
    assert downloaded.value.path().read_bytes()[:2] == b"PK"
    page.get_by_role("button", name="Delete my account…").click()
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_selector("#welcome:not([hidden])")
    assert page.locator("#gone").is_visible()
    page.reload()
    page.wait_for_selector("#welcome:not([hidden])")
    assert page.locator("#gone").is_hidden()
    assert seen.refused() == []
    assert all(each.startswith((site.address, "blob:", "data:")) for each in seen.requests)


def test_a_goal_is_renamed_put_away_and_deleted(person: Callable[..., Viewed], site: Served) -> None:
    """By its own page; what is put away stands last, and a deletion says first what goes."""
    seen = person("change@example.org")
    page = seen.page
    bring(page)

    def opened(aim: str) -> None:
        page.wait_for_selector(f"#aim:has-text('{aim}')")
        page.wait_for_selector(READY)
        page.get_by_text("Rename, put away, delete").click()

    for kilometres in ("320", "480"):
        set_goal(page, kilometres)
        opened(f"{kilometres} km")
    page.locator("#goal-name").fill("Spring")
    page.get_by_role("button", name="Rename", exact=True).click()
    opened("Spring: 480 km")
    page.get_by_role("button", name="Put it away").click()
    page.wait_for_selector("#archive:text-is('Take it out again')", state="attached")
    page.wait_for_selector(READY)
    told = page.locator("#milestone option").all_inner_texts()
    assert told[0].startswith("320 km · any sport · from Jan")
    assert told[1].startswith("Spring, ")
    assert told[1].endswith(", put away")
    page.get_by_text("Rename, put away, delete").click()
    page.get_by_role("button", name="Delete this goal…").click()
    assert "The 6 parts of 12 that you earned" in page.locator("#remove-what").inner_text()
    page.get_by_role("button", name="Keep it").click()
    assert page.locator("#milestone option").count() == 2
    page.get_by_role("button", name="Delete this goal…").click()
    page.get_by_role("button", name="Delete this goal", exact=True).click()
    page.wait_for_url(f"{site.address}/")
    page.wait_for_selector("#aim:has-text('320 km')")
    assert page.locator("#which").is_hidden()
    assert seen.refused() == []


def test_a_goal_of_time_is_exact_and_says_when_it_is_over(person: Callable[..., Viewed]) -> None:
    """Rounded to minutes, what is missing would look like nothing."""
    seen = person("time@example.org")
    page = seen.page
    bring(page)
    goal = {
        "modelId": "DRAGON_2026", "sport": "RUN", "targets": ["time=7:46:48"],
        "periodStartAtUtc": 1_767_225_600, "periodEndAtUtc": 1_774_915_200,
    }  # fmt: skip
    headers = {"Content-Type": "application/json", "X-Requested-By": "test"}
    post = "sent => fetch('/milestones', sent).then(said => said.status)"
    assert page.evaluate(post, {"method": "POST", "headers": headers, "body": json.dumps(goal)}) == 201
    page.reload()
    page.wait_for_selector("#aim:has-text('7 h 46 min 48 s')")
    assert "7 h 46 min 40 s of 7 h 46 min 48 s" in page.locator("#count").inner_text()
    told = page.locator("#to-go").inner_text()
    assert told.startswith("The next part is 8 s away. The period is over;")
    assert page.evaluate("""async () => {
        const { target, progress } = await import("/assets/format.js");
        const aim = { targetType: "MOVING_TIME_SECONDS", totalTarget: 3600000 };
        return [target(aim), progress(aim, 27000), progress(aim, 0)];
    }""") == ["1,000 h", "7 h 30 min", "0 min"]


def test_a_goal_does_not_look_reached_before_it_is(person: Callable[..., Viewed]) -> None:
    """Progress is rounded down and what is needed up, in kilometres, miles and shares; a target is exact."""
    seen = person("round@example.org")
    told = seen.page.evaluate("""async () => {
        const format = await import("/assets/format.js");
        const told = (aim, value) => [format.target(aim), format.progress(aim, value), format.needed(aim, 35),
            format.progress(aim, aim.totalTarget), format.needed(aim, aim.totalTarget)];
        const [run, all] = [["DISTANCE_METERS", 42195], ["ALL_OF", 999996]];
        const aim = ([targetType, totalTarget]) => ({ targetType, totalTarget });
        format.setUnits("km");
        const metric = [told(aim(run), 42194), told(aim(all), 999995)];
        const far = format.progress(aim(["DISTANCE_METERS", 1e6]), 999999);
        format.setUnits("mi");
        const climb = told(aim(["ELEVATION_METERS", 8848]), 8847);
        const imperial = told(aim(["DISTANCE_METERS", 160934]), 160933);
        const typed = told(aim(["ELEVATION_METERS", 305]), 304);
        const days = { kind: "REACHED_BUCKETS", bucket: "DAY", minimum: 805 };
        const each = format.aim({ ...aim(["DISTANCE_METERS", 30]), sport: "RUN", goal: { fold: days } });
        format.setUnits("km");
        return [...metric, far, climb, imperial, typed, each];
    }""")
    assert told == [
        ["42.195 km", "42.19 km", "0.04 km", "42.195 km", "42.195 km"],
        ["100 %", "99 %", "1 %", "100 %", "100 %"],
        "999.9 km",
        ["29,029 ft", "29,025 ft", "115 ft", "29,029 ft", "29,029 ft"],
        ["100 mi", "99.99 mi", "0.03 mi", "100 mi", "100 mi"],
        ["1,000 ft", "997 ft", "115 ft", "1,000 ft", "1,000 ft"],
        "30 days with 0.5 mi · running",
    ]


def test_days_are_those_of_the_reader_and_of_the_goal(person: Callable[..., Viewed]) -> None:
    """A goal that counts days has its own time zone; one that the host does not know gives way to UTC."""
    seen = person("zones@example.org", timezone_id="America/Vancouver")
    page = seen.page
    bring(page)
    goal = {
        "modelId": "DRAGON_2026", "sport": "RUN", "targets": ["days=12"], "timeZone": "Pacific/Auckland",
        "periodStartAtUtc": 1_767_178_800, "periodEndAtUtc": 1_769_857_200,
    }  # fmt: skip
    headers = {"Content-Type": "application/json", "X-Requested-By": "test"}
    post = "sent => fetch('/milestones', sent).then(said => said.status)"
    assert page.evaluate(post, {"method": "POST", "headers": headers, "body": json.dumps(goal)}) == 201
    page.add_init_script(
        "const known = Intl.DateTimeFormat.prototype.resolvedOptions;"
        "Intl.DateTimeFormat.prototype.resolvedOptions = function () {"
        " return { ...known.call(this), timeZone: 'Etc/Unknown' }; };"
    )
    page.reload()
    page.wait_for_selector(READY)
    told = page.locator("#aim").inner_text()
    assert re.search(r"Jan\.? 1, 2026 to Jan\.? 31, 2026", told), told
    assert "9 workouts" in page.locator("#year-total").inner_text()
    assert page.locator("#trouble").is_hidden()
    seen.complaints.clear()


def test_a_goal_is_told_everywhere_as_it_was_set(person: Callable[..., Viewed], site: Served) -> None:
    """Miles, and days of the reader: on the page without a script, and on the card for others."""
    seen = person("words@example.org", timezone_id="Pacific/Auckland")
    page = seen.page
    bring(page)
    page.locator("#units").select_option("mi")
    set_goal(page, "26.2")
    assert page.locator("#aim").inner_text().startswith("26.2 mi · any sport · from Jan")
    page.get_by_text("Print it, share it").click()
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Card to share").nth(1).click()
    card = downloaded.value.path().read_text("utf-8")
    assert "26.2 mi" in card
    assert "from 1 Jan 2026" in card
    page.goto(f"{site.address}/plain")
    assert "26.2 mi · any sport · from 1 Jan 2026" in page.locator("section .soft").first.inner_text()


def test_a_goal_of_days_says_when_it_ends(person: Callable[..., Viewed]) -> None:
    """It cannot stay open, unlike others, and its history may lie behind the end."""
    seen = person("days@example.org")
    page = seen.page
    bring(page)
    page.locator("#from").fill("2024-01-01")
    assert "stays open" in page.locator("#until-help").inner_text()
    page.locator("#kind").select_option("days")
    assert "stays open" not in page.locator("#until-help").inner_text()
    page.get_by_text(re.compile(r"as a goal of days can: Jan\.? 1, 2024 to Feb\.? 3, 2025")).wait_for()
    page.locator("#until").fill("2026-12-31")
    page.get_by_text("cannot be much longer than a year").wait_for()
    page.locator("#until").fill("2024-12-31")
    page.get_by_text("None of your workouts counts towards it so far.", exact=True).wait_for()
    seen.complaints.clear()


def test_what_is_counted_comes_whole(person: Callable[..., Viewed]) -> None:
    """Half a day is no amount of days: it was rounded, and the goal another one than was asked for."""
    seen = person("whole@example.org")
    page = seen.page
    page.locator("#kind").select_option("days")
    page.locator("#amount").fill("2.5")
    page.get_by_role("button", name="Set this goal").click()
    assert page.locator("#amount").evaluate("input => input.validity.stepMismatch")
    assert page.locator("#milestone option").count() == 0
    page.locator("#kind").select_option("distance")
    page.locator("#amount").fill("42.195")
    assert page.locator("#amount").evaluate("input => input.validity.valid")


def test_a_goal_that_cannot_be_says_why(person: Callable[..., Viewed]) -> None:
    """Nothing at all was set without a word, and the year 26 was 1926."""
    seen = person("bad@example.org")
    page = seen.page
    for kind in ("distance", "count"):
        page.locator("#kind").select_option(kind)
        page.locator("#amount").fill("0")
        assert page.locator("#amount").evaluate("input => input.validity.rangeUnderflow")
    page.locator("#amount").fill("1")
    assert page.locator("#amount").evaluate("input => input.validity.valid")
    page.locator("#from").fill("0026-01-01")
    page.get_by_text("Please check the start").wait_for()
    seen.complaints.clear()


def test_trouble_is_seen_and_goes_away(person: Callable[..., Viewed]) -> None:
    """A call that fails is told where the reader is; the message goes with the next thing the reader does."""
    seen = person("trouble@example.org")
    page, trouble = seen.page, seen.page.locator("#trouble")
    page.route("**/milestones", lambda route: route.abort())
    page.get_by_role("button", name="Set this goal").click()
    trouble.get_by_text("This host does not answer").wait_for()
    box, head = trouble.bounding_box(), page.locator("header.bar").bounding_box()
    assert box is not None
    assert head is not None
    assert head["y"] + head["height"] <= box["y"] + 1
    assert box["y"] + box["height"] <= DESKTOP["viewport"]["height"]
    page.unroute("**/milestones")
    page.locator("#kind").select_option("count")
    trouble.wait_for(state="hidden")
    seen.complaints.clear()


def test_a_page_whose_stream_was_refused_asks_for_it_again(person: Callable[..., Viewed]) -> None:
    """A browser itself gives up at an answer that is no stream, as that of a busy host."""
    seen = person("again@example.org")
    page, refused = seen.page, []

    def refuse(route: Route) -> None:
        refused.append(route)
        route.fulfill(status=503, json={"error": "busy"})

    page.route("**/events", refuse, times=1)
    page.reload()
    page.wait_for_selector(READY)
    bring(page, "\n".join(CSV.splitlines()[:2]))
    set_goal(page, "120")
    page.route("**/events", refuse, times=1)
    with page.expect_response(lambda answer: answer.url.endswith("/events") and answer.ok):
        page.reload()
    assert len(refused) == 2
    bring(page)
    page.wait_for_selector("#parts li.earned:nth-child(12)")
    seen.complaints.clear()


def test_a_page_that_is_not_seen_holds_no_stream(person: Callable[..., Viewed]) -> None:
    """Six of them would take all the connections a browser has for a host. Seen again, it has what came."""
    seen = person("hidden@example.org")
    page = seen.page
    bring(page, "\n".join(CSV.splitlines()[:2]))
    set_goal(page, "120")
    turn = """is => {
        Object.defineProperty(document, "hidden", { value: is, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    with page.expect_event("requestfailed", lambda asked: asked.url.endswith("/events")):
        page.evaluate(turn, True)
    assert page.locator("#parts .earned").count() == 3
    bring(page)
    page.evaluate(turn, False)
    page.wait_for_selector("#parts li.earned:nth-child(12)")
    page.locator("#workout-rows").get_by_text("Yoga").first.wait_for()


def test_long_names_fit_on_a_phone(person: Callable[..., Viewed], site: Served) -> None:
    """Of goals, files, workouts and people, without a place to break them."""
    seen = person(f"{'w' * 60}@example.org", viewport=PHONE)
    page = seen.page
    long = CSV.replace("Yoga", "Y" * 120)
    page.set_input_files(
        "#file", {"name": f"{'W' * 110}.csv", "mimeType": "text/csv", "buffer": long.encode()}
    )
    page.wait_for_selector(".import.done")
    set_goal(page, "320")
    page.get_by_text("Rename, put away, delete").click()
    page.locator("#goal-name").fill("W" * 80)
    page.get_by_role("button", name="Rename", exact=True).click()
    page.wait_for_selector(f"#aim:has-text('{'W' * 80}')")
    page.wait_for_selector(READY)
    assert page.locator(".import.done strong").inner_text() == f"{'W' * 110}.csv"
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) == PHONE["width"]
    page.goto(f"{site.address}/plain")
    assert page.evaluate(width) == PHONE["width"]


def test_the_same_goal_can_be_set_again(person: Callable[..., Viewed]) -> None:
    """Also once the first has another name; pressing twice makes one."""
    seen = person("twice@example.org")
    page = seen.page
    bring(page)
    set_goal(page, "320")
    first = page.url
    page.get_by_text("Rename, put away, delete").click()
    page.locator("#goal-name").fill("Spring")
    page.get_by_role("button", name="Rename", exact=True).click()
    page.wait_for_selector("#aim:has-text('Spring')")
    page.wait_for_selector(READY)
    sent: list[str] = []
    page.on(
        "request",
        lambda asked: (
            sent.append(asked.headers["idempotency-key"])
            if asked.method == "POST" and asked.url.endswith("/milestones")
            else None
        ),
    )
    page.locator("#from").fill("2026-01-01")
    page.locator("#amount").fill("320")
    page.route("**/milestones", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Set this goal").click()
    page.locator("#trouble").wait_for()
    page.get_by_role("button", name="Set this goal").click()
    page.wait_for_url(lambda url: "milestone=" in url and url != first)
    page.wait_for_selector("#milestone option:nth-child(2)", state="attached")
    assert len(set(sent)) == 1 < len(sent)
    seen.complaints.clear()


def test_files_dropped_meanwhile_wait_for_the_first(person: Callable[..., Viewed]) -> None:
    """One import of a person runs at a time; the second is neither refused nor lost."""
    seen = person("queue@example.org")
    page = seen.page
    held: list[Route] = []
    sent: list[str] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.on("request", lambda asked: sent.append(asked.url) if "/imports?" in asked.url else None)
    page.route("**/imports?*", hold, times=1)
    rows = CSV.splitlines()
    for number, content in enumerate(("\n".join(rows[:3]), "\n".join([rows[0], *rows[3:6]]))):
        file: FilePayload = {"name": f"{number}.csv", "mimeType": "text/csv", "buffer": content.encode()}
        page.set_input_files("#file", file)
    page.wait_for_selector("text=0.csv")
    assert len(sent) == 1
    held[0].continue_()
    page.wait_for_selector(".import.done >> text=1.csv")
    assert page.locator(".import.failed").count() == 0
    assert page.locator(".import.done").count() == 2


def test_a_statue_is_complete_with_its_latest_part(person: Callable[..., Viewed]) -> None:
    """Which need not be the last of its parts, where a history comes in newest first."""
    seen = person("latest@example.org")
    page = seen.page
    rows = CSV.splitlines()
    bring(page, "\n".join([rows[0], rows[8]]))
    set_goal(page, "180")
    days = page.locator("#parts .earned .state")
    eighth = days.first.inner_text()
    bring(page)
    page.wait_for_selector("#parts li.earned:nth-child(12)")
    assert page.locator("#to-go").inner_text() == f"Complete since {eighth}."
    assert days.last.inner_text() != eighth


def test_a_file_that_is_no_history_says_why(person: Callable[..., Viewed]) -> None:
    """Its name stands above already, and nothing came before."""
    seen = person("track@example.org")
    page = seen.page
    page.set_input_files("#file", {"name": "a.gpx", "mimeType": "", "buffer": b"<gpx/>"})
    page.wait_for_selector(".import.failed")
    told = page.locator(".import.failed p").inner_text()
    assert told.startswith("Nothing was brought in: unknown format: a .gpx file")


def test_an_import_that_has_ended_is_told_by_its_answer(person: Callable[..., Viewed]) -> None:
    """As on Lambda, where the next call may reach another process, which knows nothing of it."""
    seen = person("lambda@example.org")
    page = seen.page
    page.route("**/imports?*", lambda route: route.fulfill(status=202, json=ENDED))
    page.set_input_files("#file", {"name": "all.csv", "mimeType": "text/csv", "buffer": b"x"})
    page.wait_for_selector(".import.done")
    page.get_by_text("1 row left out, and why").click()
    assert page.locator(".import.done td").all_inner_texts() == ["4", "not a day"]
    assert not [each for each in seen.requests if "/imports/" in each]


def test_a_stream_that_tells_the_same_again_changes_nothing(person: Callable[..., Viewed]) -> None:
    """On Lambda a stream ends at once, and the next one tells of the same import: it is looked at once."""
    seen = person("streams@example.org")
    page, streams = seen.page, []

    def tell(route: Route) -> None:
        streams.append(route)
        body = f"retry: 50\n\nevent: import\ndata: {json.dumps(ENDED)}\n\n"
        route.fulfill(content_type="text/event-stream", body=body)

    page.route("**/events", tell)
    page.reload()
    page.wait_for_selector(".import.done")
    until = len(streams) + 5
    while len(streams) < until:
        page.wait_for_event("requestfinished")
    assert len([each for each in seen.requests if each.endswith("/imports/elsewhere")]) == 1
    assert page.locator("#trouble").is_hidden()
    seen.complaints.clear()


def test_parts_arrive_while_the_page_is_open(person: Callable[..., Viewed], site: Served) -> None:
    """From an import that runs, from a Strava just connected, and from a single new workout."""
    seen = person("live@example.org")
    page = seen.page
    bring(page, "\n".join(CSV.splitlines()[:2]))
    set_goal(page, "120")
    assert page.locator("#parts .earned").count() == 3
    bring(page)
    page.wait_for_selector("#parts li.earned:nth-child(12)")
    assert "12 of 12" in str(page.locator("#statue").get_attribute("aria-label"))
    said, _, day = page.locator("#to-go").inner_text().rstrip(".").partition(" since ")
    assert said == "Complete"
    assert page.locator("#parts li:last-child").inner_text().endswith(f"\n{day}")
    assert page.locator("#news").inner_text().startswith("Earned: Right Hind Leg")
    page.get_by_role("link", name="Connect it").click()
    page.wait_for_selector("text=Connected to a made-up Strava")
    page.locator("#workout-rows").get_by_text("2026").first.wait_for()
    body = json.dumps(
        {"name": "Just now", "sport_type": "Run", "distance": 5000, "moving_time": 1500}
    ).encode()
    request = urllib.request.Request(f"{site.strava}/fake/activities", body)  # noqa: S310 - our own
    with urllib.request.urlopen(request) as answered:  # noqa: S310 - the same
        assert answered.status == 201
    page.get_by_text("Just now").wait_for()


def test_no_rule_of_accessibility_is_broken(person: Callable[..., Viewed], site: Served) -> None:
    """axe-core finds nothing on any page, in the dark and on a phone either, which nothing overflows."""
    if not AXE.exists():
        missing("axe-core is not installed; tests/engines/install.py does that where npm can")
    page = person("axe@example.org").page
    bring(page)
    set_goal(page, "320")

    def broken() -> list[str]:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[str] = page.evaluate("axe.run().then(found => found.violations.map(each => each.id))")
        return found

    assert broken() == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    assert broken() == []
    assert page.evaluate(CAN_BE_SCROLLED)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    for path, shown in (("/docs", READY), ("/logout", "main form"), ("/plain", "main table")):
        page.goto(f"{site.address}{path}")
        page.wait_for_selector(shown)
        assert broken() == [], path
        assert page.evaluate(CAN_BE_SCROLLED)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_the_keyboard_reaches_everything(person: Callable[..., Viewed]) -> None:
    """The first stop skips the head; the statue, a part and the form follow, each with a visible focus."""
    seen = person("keys@example.org")
    page = seen.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
    for wanted in ("statue", "spin", "file", "model", "amount", "from", "which-year", "Set this goal"):
        assert wanted in reached, reached


def test_without_webgl_everything_but_the_drawing_is_there(
    launch: Callable[..., Browser], site: Served
) -> None:
    """A still picture takes the statue's place, and parts arrive in the list."""
    with launch("--disable-gpu", "--disable-3d-apis") as browser:
        page = browser.new_context(**DESKTOP, locale="en-CA", reduced_motion="reduce").new_page()
        page.set_default_timeout(60_000)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        sign_in(page, site, "plain@example.org")
        page.wait_for_selector("#stage[data-state=failed]")
        assert page.locator("#still").is_visible()
        assert page.locator("#still").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        bring(page)
        assert (page.locator("#still").get_attribute("src") or "").endswith("#smooth")
        assert complaints == []


def test_without_a_script_there_is_a_plain_page(browser: Browser, site: Served) -> None:
    """A browser that runs no script is led to it, signs in and out by it, and nothing overflows a phone."""
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{site.address}/")
    page.wait_for_url("**/plain")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill("no-script@example.org")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/plain")
    assert page.get_by_text("no-script@example.org").is_visible()
    picture = page.locator("main").bounding_box()
    assert picture is not None
    assert picture["width"] <= PHONE["width"]
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").wait_for()
    context.close()


def test_it_ends_when_it_is_told_to_with_a_page_open(view: View, tmp_path: Path) -> None:
    """SIGTERM while a stream of events is open: exit code 0, and what was brought in is there afterwards."""
    with serve(tmp_path) as served:
        seen = view(f"{served.address}/", waits_for=READY, **DESKTOP)
        sign_in(seen.page, served, "ada@example.org")
        bring(seen.page)
        user_id = seen.page.evaluate("fetch('/session').then(it => it.json()).then(it => it.userId)")
        assert served.stop() == 0
        seen.page.goto("about:blank")
        seen.complaints.clear()
    with open_app(Settings(store=str(tmp_path / "s.db"))) as app:
        assert sum(1 for _ in app.tracking.workouts(user_id)) == 9
