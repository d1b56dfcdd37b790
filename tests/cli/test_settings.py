"""Settings: which origin wins, and what is said of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import field, fields, frozen

from cli.console import Console
from commitcollect_adapters.addresses import MASK
from commitcollect_adapters.settings import SECRET, Settings, load_as, load_settings, masked
from commitcollect_core.errors import InvalidInput


def test_flag_environment_file_default_in_this_order(tmp_path: Path) -> None:
    """Each origin is used when those before it say nothing, and each value names its origin."""
    file = tmp_path / "commitcollect.toml"
    file.write_text('store = "file.db"\n')
    environ = {"COMMITCOLLECT_STORE": "environ.db"}

    expected: tuple[tuple[dict[str, str | None], dict[str, str], str, str], ...] = (
        ({"store": "flag.db"}, environ, "flag.db", "--store"),
        ({"store": None}, environ, "environ.db", "COMMITCOLLECT_STORE"),
        ({}, {"COMMITCOLLECT_STORE": ""}, "file.db", str(file)),
    )
    for flags, variables, value, origin in expected:
        settings, origins = load_settings(flags, variables, tmp_path)
        assert (settings.store, origins["store"]) == (value, origin)
        assert (settings.user, origins["user"]) == ("me", "default")
    file.unlink()
    settings, origins = load_settings({}, {}, tmp_path)
    assert settings == Settings()
    assert set(origins.values()) == {"default"}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'stroe = "x"', "'stroe'; allowed are: store, user, "),
        (b"store = 5", "store must be a text in quotes, not a int"),
        (b'user = "a b"', "user is not an id"),
        (b'store = ""', "store is neither"),
        (b'store = "a\\u0000b"', "is neither"),
        (b"store = ", "not a TOML file"),
        (b'store = "\xff"', "not a TOML file"),
        (b"a = " + b"[" * 50_000, "not a TOML file"),
    ],
)
def test_bad_file_is_named_with_its_fault(
    console: Console, tmp_path: Path, content: bytes, named: str
) -> None:
    """A commitcollect.toml that cannot be used is a usage error that names file, key and what is allowed."""
    (tmp_path / "commitcollect.toml").write_bytes(content)
    outcome = console("config", "show")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: commitcollect.toml: ")
    assert named in outcome.err


def test_bad_value_is_named_with_its_origin(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user id that is none is refused, whether it came from a flag or the environment."""
    assert console("milestone", "list", "--user", "a b").err.startswith("Error: --user: user is not an id")
    monkeypatch.setenv("COMMITCOLLECT_USER", "../x")
    outcome = console("milestone", "list", "--json")
    assert outcome.code == 2
    assert outcome.document["error"] == "invalid_input"
    assert outcome.document["field"] == "user"
    assert outcome.document["message"].startswith("COMMITCOLLECT_USER: user is not an id")


@frozen(kw_only=True)
class _WithSecret:
    token: str = field(default="", metadata=SECRET)
    place: str = "here"


def test_secret_may_come_from_a_file_and_is_masked(tmp_path: Path) -> None:
    """Only a secret may come from a file named by ``*_FILE``, and it is never shown."""
    file = tmp_path / "token"
    file.write_text("hush\n")
    environ = {"COMMITCOLLECT_TOKEN_FILE": str(file), "COMMITCOLLECT_PLACE_FILE": str(file)}
    settings, origins = load_as(_WithSecret, {}, environ, tmp_path)
    assert settings == _WithSecret(token="hush")  # noqa: S106 - no real one
    assert origins == {"token": "COMMITCOLLECT_TOKEN_FILE", "place": "default"}
    assert masked(settings) == {"token": MASK, "place": "here"}


def test_secret_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """A secret's file that cannot be read is not passed over."""
    environ = {"COMMITCOLLECT_TOKEN_FILE": str(tmp_path / "absent")}
    with pytest.raises(
        InvalidInput, match="COMMITCOLLECT_TOKEN_FILE: the file that it names cannot be read: No such"
    ):
        load_as(_WithSecret, {}, environ, tmp_path)


def test_file_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    """A commitcollect.toml that is there but cannot be read is an error, not an absence."""
    (tmp_path / "commitcollect.toml").mkdir()
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_settings({}, {}, tmp_path)


def test_config_show_tells_values_and_origins(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``config show`` says of each setting what it is and which of the four origins it has."""
    (tmp_path / "commitcollect.toml").write_text('store = "training.db"\n')
    monkeypatch.setenv("COMMITCOLLECT_USER", "ann")
    monkeypatch.setenv("COMMITCOLLECT_STRAVA_CLIENT_SECRET", "hush")
    shown = console.json("config", "show")["settings"]
    assert shown["store"] == {"value": "training.db", "origin": "commitcollect.toml"}
    assert shown["user"] == {"value": "ann", "origin": "COMMITCOLLECT_USER"}
    assert shown["strava_client_secret"] == {"value": MASK, "origin": "COMMITCOLLECT_STRAVA_CLIENT_SECRET"}
    text = console("config", "show", "--store", "other.db").out.splitlines()
    assert [line.split() for line in text[1:4]] == [
        ["store", "other.db", "--store"],
        ["user", "ann", "COMMITCOLLECT_USER"],
        ["queue", "(not", "set)", "default"],
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strava_api_base", "http://strava.example/api"),
        ("strava_oauth_base", "strava.example"),
        ("strava_api_base", "https://[::1"),
        ("strava_api_base", "https://strava.example:port/api"),
        ("strava_oauth_base", "https://strava.example:99999"),
        ("strava_client_id", "12a"),
        ("strava_subscription_id", "-1"),
        ("strava_subscription_id", "9" * 5_000),
        ("strava_revoke_with", "shout"),
        ("strava_webhook_segment", "../x"),
    ],
)
def test_settings_that_would_leak_or_fail_later_are_refused_at_once(name: str, value: str) -> None:
    """An address that would carry secrets in the clear, and what is no number or path, name their setting."""
    with pytest.raises(InvalidInput, match=name):
        Settings(**{name: value})  # type: ignore[arg-type]  # given by name


def test_commands_work_on_the_store_and_the_user_of_the_settings(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings are not only shown: what one command writes by them, another finds by the like flags."""
    (tmp_path / "commitcollect.toml").write_text('store = "training.db"\n')
    monkeypatch.setenv("COMMITCOLLECT_USER", "ann")
    console.json("milestone", "create", "--target", "count=12", "--from", "2024-01-01")
    monkeypatch.delenv("COMMITCOLLECT_USER")
    (tmp_path / "commitcollect.toml").unlink()
    listed = console.json("milestone", "list", "--store", "training.db", "--user", "ann")
    assert len(listed["milestones"]) == 1
    assert console.json("milestone", "list", "--store", "training.db")["milestones"] == []


PASTED = "SGVsbG8sIHRoaXMgaXMgYSBrZXk+/w=="  # no real one
"""A key or token in the wrong place."""


@pytest.mark.parametrize(
    "name",
    [
        *(each.name for each in fields(Settings) if each.name not in {"store", "policy"}),
        "strava_client_secret_file",
        "seal_keys_file",
        *(
            f"policy_{each}"
            for each in ("job_attempts_max", "workouts_on_disconnect", "workout_started_at_min")
        ),
    ],
)
def test_no_error_repeats_what_was_pasted_in_the_wrong_place(
    console: Console, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Neither an error of the settings nor one of a command that uses them shows a secret."""
    console.json("milestone", "create", "--target", "count=12", "--from", "2024-01-01")
    monkeypatch.setenv("COMMITCOLLECT_STRAVA_CLIENT_ID", "1")
    monkeypatch.setenv("COMMITCOLLECT_STRAVA_CLIENT_SECRET", "s")
    monkeypatch.setenv("COMMITCOLLECT_STRAVA_VERIFY_TOKEN", "v")
    if name.endswith("_file"):
        monkeypatch.delenv(f"COMMITCOLLECT_{name.upper().removesuffix('_FILE')}", raising=False)
    monkeypatch.setenv(f"COMMITCOLLECT_{name.upper()}", PASTED)
    for command in (("queue", "list"), ("worker", "--once"), ("strava", "status")):
        outcome = console(*command)
        assert PASTED not in outcome.out + outcome.err
