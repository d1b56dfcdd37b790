"""What `StravaApi` promises, as a suite for every way to a Strava."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve, frozen

from adapters.strava.scripted import VERIFY_TOKEN
from commitcollect_adapters.strava.fake import CallKind, FakeStrava, Fault, Limits
from commitcollect_adapters.system import ManualClock
from commitcollect_core.errors import (
    AccessTokenRejected,
    InvalidInput,
    NotFound,
    ScopeMissing,
    StravaAppInactive,
    StravaCodeRejected,
    StravaRateLimited,
    StravaRefused,
    StravaUnavailable,
    TokenRefreshRejected,
    UpstreamError,
)
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.backfills import next_before
from commitcollect_core.strava.connections import DEFAULT_SCOPE, READ_ALL_ACTIVITIES
from commitcollect_core.strava.listing import next_page
from commitcollect_core.strava.ports import ActivityList, StravaApi
from commitcollect_core.strava.rates import Meter, RateReading
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, AthleteId

ATHLETE = AthleteId("7")
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
FIRST_START = datetime(2026, 1, 1, 6, 0, tzinfo=UTC)
PATIENCE_SECONDS = 30.0
"""A call that is answered takes no such time on any machine."""

ALL_SCOPE = (*DEFAULT_SCOPE, READ_ALL_ACTIVITIES)


@frozen
class World:
    """A Strava and the way to it.

    Attributes:
        clock: Strava's.
        fake: has things happen.
        api: what is put to the test.
    """

    clock: ManualClock
    fake: FakeStrava
    api: StravaApi

    def token(self, *, scope: tuple[str, ...] = DEFAULT_SCOPE) -> str:
        """An access token of the athlete's."""
        return self.api.exchange(self.fake.code_for(ATHLETE, scope)).access_token

    def add(self, count: int, **fields: object) -> None:
        """Activities of ids 1, 2, …, each a day later than the one before."""
        self.fake.add_activities(
            ATHLETE,
            [
                {
                    "id": number,
                    "sport_type": "Ride",
                    "type": "Ride",
                    "distance": 1_000.0 * number,
                    "start_date": (FIRST_START + timedelta(days=number)).isoformat(),
                    **fields,
                }
                for number in range(1, count + 1)
            ],
        )

    def walk(
        self, token: str, *, limit: int, after: datetime | None = None, hides: bool = False
    ) -> list[ActivitySnapshot]:
        """Everything listed, page by page as backfills do it, the newest first.

        Unless Strava hides something, a short page is the last.
        """
        found: dict[ActivityId, ActivitySnapshot] = {}
        before: datetime | None = None

        def ask(number: int) -> ActivityList:
            answer = self.api.activities(token, after=after, before=before, limit=limit, page=number)
            return evolve(answer, is_last=answer.is_last or (answer.missing > 0 and not hides))

        for _ in range(100):
            page = next_page(
                ask, before=before, passed=found.keys(), now=self.clock.now(), policy=DEFAULT_POLICY
            )
            found.update({each.snapshot.activity_id: each.snapshot for each in page.activities})
            if page.is_last:
                return list(found.values())
            if page.oldest_start_at is not None:
                before = next_before(before, page.oldest_start_at)
        pytest.fail("the list has no end")


class StravaApiContract:
    """Subclass it and say how a Strava in memory is reached."""

    def reach(
        self, fake: FakeStrava, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> AbstractContextManager[StravaApi]:
        """A way to `fake`, on which a call that gets no answer ends after so many seconds."""
        raise NotImplementedError

    @pytest.fixture
    def world(self) -> Iterator[World]:
        """A Strava of its own for each test."""
        clock = ManualClock(NOW)
        fake = FakeStrava(clock, limits=Limits(window=20, day=60, read_window=10, read_day=30))
        with self.reach(fake) as api:
            yield World(clock, fake, api)

    def test_consent_gives_a_code_and_the_code_tokens(self, world: World) -> None:
        """From the page of consent to tokens, with the scope that was granted and the state that was sent."""
        world.fake.sign_in(ATHLETE, unticks=["activity:read"])
        address = world.api.authorize_url(state="s1", scope=DEFAULT_SCOPE, redirect_uri="http://localhost/b")
        back = world.fake.visit_consent(address)
        code = back.partition("code=")[2].partition("&")[0]
        assert back == f"http://localhost/b?state=s1&code={code}&scope=read"
        grant = world.api.exchange(code)
        assert grant.athlete_id == ATHLETE
        assert grant.expires_at == NOW + timedelta(hours=6)

    def test_a_refused_consent_gives_no_code(self, world: World) -> None:
        """The browser comes back with an error and the state."""
        world.fake.sign_in(ATHLETE, refuses=True)
        address = world.api.authorize_url(
            state="s1", scope=DEFAULT_SCOPE, redirect_uri="http://localhost/b?x=1"
        )
        assert world.fake.visit_consent(address) == "http://localhost/b?x=1&state=s1&error=access_denied"

    def test_a_code_is_good_once(self, world: World) -> None:
        """The second exchange is refused, and so is a code that was never given."""
        code = world.fake.code_for(ATHLETE)
        world.api.exchange(code)
        for used in (code, "never-given"):
            with pytest.raises(StravaCodeRejected, match="connect again"):
                world.api.exchange(used)

    def test_tokens_that_last_are_given_out_again(self, world: World) -> None:
        """With more than an hour left, a renewal changes nothing."""
        grant = world.api.exchange(world.fake.code_for(ATHLETE))
        world.clock.advance_to(NOW + timedelta(hours=4, minutes=59))
        again = world.api.refresh(grant.refresh_token)
        assert (again.access_token, again.refresh_token) == (grant.access_token, grant.refresh_token)
        assert again.expires_at == grant.expires_at

    def test_a_replaced_refresh_token_is_dead_at_once(self, world: World) -> None:
        """With an hour or less left a renewal brings other tokens, and only they renew from then on."""
        grant = world.api.exchange(world.fake.code_for(ATHLETE))
        world.clock.advance_to(NOW + timedelta(hours=5))
        renewed = world.api.refresh(grant.refresh_token)
        assert renewed.refresh_token != grant.refresh_token
        assert renewed.expires_at == NOW + timedelta(hours=11)
        with pytest.raises(TokenRefreshRejected):
            world.api.refresh(grant.refresh_token)
        world.api.refresh(renewed.refresh_token)

    def test_an_access_token_ends_after_six_hours(self, world: World) -> None:
        """It opens everything until then, and nothing after."""
        world.add(1)
        token = world.token()
        world.clock.advance_to(NOW + timedelta(hours=5, minutes=59))
        assert world.api.activity(token, ActivityId("1")).activity is not None
        world.clock.advance_to(NOW + timedelta(hours=6))
        with pytest.raises(AccessTokenRejected):
            world.api.activity(token, ActivityId("1"))

    def test_a_revoked_permission_takes_every_token_with_it(self, world: World) -> None:
        """Revoked by either token; doing it again is no error."""
        for is_access in (True, False):
            grant = world.api.exchange(world.fake.code_for(ATHLETE))
            token = grant.access_token if is_access else grant.refresh_token
            world.api.revoke(token)
            world.api.revoke(token)
            with pytest.raises(AccessTokenRejected):
                world.api.activities(grant.access_token, after=None, before=None, limit=5)
            with pytest.raises(TokenRefreshRejected):
                world.api.refresh(grant.refresh_token)

    def test_what_athletes_do_at_strava_shows(self, world: World) -> None:
        """Edits, deletions, restores and late uploads are seen in the next answer, announced or not."""
        world.add(2)
        token = world.token()
        world.fake.edit(ActivityId("1"), distance=5.5, name="Other")
        world.fake.delete(ActivityId("2"))
        world.fake.upload(ATHLETE, {"id": 3, "sport_type": "Run", "start_date": "2020-01-01T00:00:00Z"})
        changed = world.api.activity(token, ActivityId("1")).activity
        assert changed is not None
        assert (changed.snapshot.distance_meters, changed.snapshot.name) == (6, "Other")
        assert world.api.activity(token, ActivityId("2")).activity is None
        assert [each.activity_id for each in world.walk(token, limit=2)] == ["1", "3"]
        world.fake.restore(ActivityId("2"))
        assert world.api.activity(token, ActivityId("2")).activity is not None

    def test_only_the_athletes_own_activities_are_shown(self, world: World) -> None:
        """Another athlete's is as good as gone, and so is one that never was."""
        world.fake.add_activities(
            AthleteId("8"), [{"id": 1, "sport_type": "Run", "start_date": "2026-01-01T00:00:00Z"}]
        )
        token = world.token()
        assert world.api.activity(token, ActivityId("1")).activity is None
        assert world.api.activity(token, ActivityId("999")).activity is None

    def test_private_activities_need_their_scope(self, world: World) -> None:
        """Without it they are neither listed nor shown; with it they are."""
        world.add(3)
        world.fake.edit(ActivityId("2"), private=True)
        token = world.token()
        assert world.api.activity(token, ActivityId("2")).activity is None
        assert [each.activity_id for each in world.walk(token, limit=5)] == ["3", "1"]
        token = world.token(scope=ALL_SCOPE)
        assert world.api.activity(token, ActivityId("2")).activity is not None
        assert [each.activity_id for each in world.walk(token, limit=5)] == ["3", "2", "1"]

    def test_without_any_scope_for_activities_it_is_said_so(self, world: World) -> None:
        """That is not a token that ended."""
        world.add(1)
        token = world.token(scope=("read",))
        with pytest.raises(ScopeMissing):
            world.api.activity(token, ActivityId("1"))
        with pytest.raises(ScopeMissing):
            world.api.activities(token, after=None, before=None, limit=5)

    @pytest.mark.parametrize("limit", [2, 3, 4, 200])
    def test_walking_the_list_ends_with_everything(self, world: World, limit: int) -> None:
        """Page by page everything comes once, the newest first, and equals what each looks like alone."""
        world.add(5)
        listed = world.walk(world.token(), limit=limit)
        assert tuple(listed) == world.fake.visible_activities(ATHLETE)
        assert [each.activity_id for each in listed] == ["5", "4", "3", "2", "1"]

    def test_a_list_holds_what_starts_from_after_to_before(self, world: World) -> None:
        """The first bound is in it, the second is not, and the newest of it come first."""
        world.add(6)
        token = world.token()
        start = {number: FIRST_START + timedelta(days=number) for number in range(1, 7)}
        page = world.api.activities(token, after=start[2], before=start[5], limit=200)
        assert [each.snapshot.activity_id for each in page.activities] == ["4", "3", "2"]
        assert page.is_last  # activity 1 starts before `after`
        page = world.api.activities(token, after=start[2], before=start[5], limit=2)
        assert [each.snapshot.activity_id for each in page.activities] == ["4", "3"]
        assert page.oldest_start_at == start[3]
        assert not page.is_last
        page = world.api.activities(token, after=NOW + timedelta(days=1), before=None, limit=2)
        assert (page.activities, page.is_last) == ((), True)

    def test_an_empty_list_lacks_everything(self, world: World) -> None:
        """Whether that is the end, only the scope of the permission can tell."""
        page = world.api.activities(world.token(), after=None, before=None, limit=200)
        assert (page.activities, page.missing, page.oldest_start_at) == ((), 200, None)
        assert not page.is_last

    def test_pages_are_numbered(self, world: World) -> None:
        """Together they hold everything once, the newest first."""
        world.add(5)
        token = world.token()
        pages = [
            world.api.activities(token, after=None, before=None, limit=2, page=number)
            for number in (1, 2, 3, 4)
        ]
        ids = [[each.snapshot.activity_id for each in page.activities] for page in pages]
        assert ids == [["5", "4"], ["3", "2"], ["1"], []]
        assert [page.missing for page in pages] == [0, 0, 1, 2]

    def test_what_cannot_be_read_is_set_aside(self, world: World) -> None:
        """Alone it is refused with its reason; in a list it costs only itself, and a measure only itself."""
        world.add(3)
        world.fake.edit(ActivityId("2"), start_date="soon")
        world.fake.edit(ActivityId("3"), distance=-1)
        token = world.token()
        with pytest.raises(InvalidInput, match="start_date"):
            world.api.activity(token, ActivityId("2"))
        page = world.api.activities(token, after=None, before=None, limit=5)
        assert [each.snapshot.activity_id for each in page.activities] == ["3", "1"]
        assert [len(each.set_aside) for each in page.activities] == [1, 0]
        assert [each.partition(":")[0] for each in page.rejected] == ["activity 2"]

    def test_calls_are_counted_and_refused_over_the_limit(self, world: World) -> None:
        """Each answer says how many there were; over the limit they count, too, until the window ends."""
        world.add(1)
        token = world.token()
        for number in range(1, 11):
            answer = world.api.activity(token, ActivityId("1"))
            assert answer.rates == RateReading(
                limit=Meter(20, 60),
                used=Meter(number, number),
                read_limit=Meter(10, 30),
                read_used=Meter(number, number),
            )
        for number in range(11, 14):
            with pytest.raises(StravaRateLimited) as caught:
                world.api.activity(token, ActivityId("1"))
            assert isinstance(caught.value.rates, RateReading)
            assert caught.value.rates.used == Meter(number, number)
        world.clock.advance_to(NOW + timedelta(minutes=15))
        assert world.api.activity(token, ActivityId("1")).rates == RateReading(
            limit=Meter(20, 60), used=Meter(1, 14), read_limit=Meter(10, 30), read_used=Meter(1, 14)
        )

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault.RATE_LIMITED, StravaRateLimited),
            (Fault.UNAUTHORIZED, AccessTokenRejected),
            (Fault.APP_INACTIVE, StravaAppInactive),
            (Fault.SERVER_ERROR, StravaUnavailable),
            (Fault.ODD_STATUS, StravaUnavailable),
            (Fault.HTML, StravaUnavailable),
            (Fault.REDIRECT, StravaUnavailable),
            (Fault.HUGE, StravaUnavailable),
            (Fault.EMPTY, StravaUnavailable),
            (Fault.LOST_ANSWER, StravaUnavailable),
        ],
    )
    def test_every_fault_is_the_error_it_means(
        self, world: World, fault: Fault, error: type[UpstreamError]
    ) -> None:
        """A fault strikes the calls it was ordered for, and is over after them."""
        world.add(1)
        token = world.token()
        world.fake.inject(fault, CallKind.ACTIVITY, count=2, after=1)
        world.api.activity(token, ActivityId("1"))
        world.api.activities(token, after=None, before=None, limit=5)
        for _ in range(2):
            with pytest.raises(error) as caught:
                world.api.activity(token, ActivityId("1"))
            assert type(caught.value) is error
        world.clock.advance_to(NOW + timedelta(minutes=15))
        assert world.api.activity(token, ActivityId("1")).activity is not None
        assert world.fake.calls(CallKind.ACTIVITY) == 4
        assert world.fake.calls(CallKind.ACTIVITIES) == 1

    def test_a_call_that_hangs_is_an_outage(self, world: World) -> None:
        """The caller gives up; the next call is answered."""
        world.add(1)
        token = world.token()
        world.fake.inject(Fault.HANG, CallKind.ACTIVITY)
        with self.reach(world.fake, patience_seconds=0.2) as impatient, pytest.raises(StravaUnavailable):
            impatient.activity(token, ActivityId("1"))
        assert world.api.activity(token, ActivityId("1")).activity is not None

    def test_faults_of_content_are_answers(self, world: World) -> None:
        """Not found, another athlete's, and as it was before: each looks like a good answer."""
        world.add(1)
        token = world.token()
        world.fake.edit(ActivityId("1"), distance=77.0)
        for fault in (Fault.NOT_FOUND, Fault.WRONG_ATHLETE, Fault.OLD_STATE):
            world.fake.inject(fault)
        assert world.api.activity(token, ActivityId("1")).activity is None
        wrong = world.api.activity(token, ActivityId("1")).activity
        old = world.api.activity(token, ActivityId("1")).activity
        now = world.api.activity(token, ActivityId("1")).activity
        assert wrong is not None and old is not None and now is not None  # noqa: PT018 - for the type checker
        assert wrong.athlete_id == "8"
        assert (old.snapshot.distance_meters, now.snapshot.distance_meters) == (1_000, 77)

    def test_a_lost_answer_has_had_its_effect(self, world: World) -> None:
        """The refresh token was replaced, though no client was told by what."""
        grant = world.api.exchange(world.fake.code_for(ATHLETE))
        world.clock.advance_to(NOW + timedelta(hours=5))
        world.fake.inject(Fault.LOST_ANSWER, CallKind.REFRESH)
        with pytest.raises(StravaUnavailable):
            world.api.refresh(grant.refresh_token)
        with pytest.raises(TokenRefreshRejected):
            world.api.refresh(grant.refresh_token)

    def test_a_switched_off_app_can_still_renew(self, world: World) -> None:
        """Calls for athletes are refused for the app's sake, and no athlete's permission is touched."""
        grant = world.api.exchange(world.fake.code_for(ATHLETE))
        world.fake.switch_app(is_on=False)
        with pytest.raises(StravaAppInactive):
            world.api.activity(grant.access_token, ActivityId("1"))
        world.api.refresh(grant.refresh_token)
        world.fake.switch_app(is_on=True)
        assert world.api.activity(grant.access_token, ActivityId("1")).activity is None

    def test_there_is_one_subscription(self, world: World) -> None:
        """It is listed, a second is refused, and once ended it is not there to be ended again."""
        assert not world.api.subscriptions()
        number = world.fake.put_subscription("http://localhost/hook")
        [subscription] = world.api.subscriptions()
        assert (subscription.subscription_id, subscription.callback_url) == (number, "http://localhost/hook")
        assert subscription.created_at == NOW
        with pytest.raises(StravaRefused, match="remove that one first"):
            world.api.subscribe(callback_url="http://localhost/hook", verify_token=VERIFY_TOKEN)
        with pytest.raises(NotFound):
            world.api.unsubscribe(number + 1)
        world.api.unsubscribe(number)
        with pytest.raises(NotFound):
            world.api.unsubscribe(number)
        assert not world.api.subscriptions()
