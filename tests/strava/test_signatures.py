"""The signature of Strava's events, checked where its key is known."""

from __future__ import annotations

import hmac

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_core.errors import Forbidden
from commitcollect_core.strava.webhook_intake import WebhookIntake
from strava.world import World

KEY = "key of the signatures"
BODY = b'{"object_type": "activity"}'


def intake(key: str = KEY) -> WebhookIntake:
    """An intake with a key."""
    made = World().strava.intake
    return evolve(made, secrets=evolve(made.secrets, signature_key=key))


def signature(body: bytes = BODY, *, key: str = KEY, at: str = "1767225600") -> str:
    """As Strava signs: time, a dot, the body."""
    return f"t={at},v1={hmac.digest(key.encode(), at.encode() + b'.' + body, 'sha256').hex()}"


@pytest.mark.parametrize(
    "header",
    [
        signature(),
        f"{signature()},v1={'0' * 64}",
        signature().replace(",", f",v1={'0' * 64}, "),
    ],
)
def test_what_strava_signed_is_taken(header: str) -> None:
    """Also while a key is replaced, when there are two signatures."""
    intake().check_signature(header, BODY)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1767225600",
        signature(key="another"),
        signature(b"another body"),
        signature().replace("t=1767225600", "t=1767225601"),
        signature().partition(",")[2],
        signature().replace("v1=", "v0="),
        "v1=é\udcff",
        ",".join(["v1=0"] * 9) + "," + signature(),
    ],
)
def test_what_strava_did_not_sign_is_refused(header: str) -> None:
    """A missing, other, moved or endless signature; the body is not read."""
    with pytest.raises(Forbidden) as refused:
        intake().check_signature(header.encode("utf-8", "replace").decode(), BODY)
    assert refused.value.code == "signature_refused"


@given(header=st.text(max_size=200))
def test_no_header_breaks_the_check(header: str) -> None:
    """Whatever is sent is refused and no more; without a key nothing is checked."""
    with pytest.raises(Forbidden):
        intake().check_signature(header.encode("utf-8", "replace").decode(), BODY)
    intake("").check_signature(header, BODY)
