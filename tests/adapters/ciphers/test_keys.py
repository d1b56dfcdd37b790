"""Keys to seal with: what is one, and which files may hold them."""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from pathlib import Path

import pytest

from commitcollect_adapters.ciphers.keys import create_key_file, new_key, parse_keys, read_key_file
from commitcollect_adapters.testing.contracts.checks import THREADS, race
from commitcollect_core.errors import InvalidInput

KEYS = [b"a" * 32, b"b" * 32, b"c" * 32]
A, B, C = (b64encode(key).decode() for key in KEYS)
SHORT = b64encode(b"a" * 31).decode()


@pytest.mark.parametrize("text", [f"{A},{B},{C}", f" {A} , {B},{C}\n", f"{A}\n{B}\n{C}\n", f"{A},,{B},{C},"])
def test_keys_are_read_in_their_order(text: str) -> None:
    """With commas, spaces or lines between."""
    assert parse_keys(text) == KEYS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not 0"),
        (" ,\n", "not 0"),
        (",".join([A] * 21), "not 21"),
        (f"{A},{B},{A}", "twice"),
        (SHORT, "key 1 .* 32 bytes in base64"),
        (f"{A},{SHORT}", "key 2 "),
        (b64encode(b"a" * 33).decode(), "key 1 "),
        (A[:-1], "key 1 "),
        (A + "!", "key 1 "),
        ("é" * 44, "key 1 "),
        ("correct-horse-battery-staple", "key 1 "),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(text: str, said: str) -> None:
    """The error tells which one is wrong; a key that is nearly right is a secret all the same."""
    with pytest.raises(InvalidInput, match=said) as refused:
        parse_keys(text)
    assert refused.value.field == "seal_keys"
    assert not any(part in refused.value.message for part in text.replace(",", " ").split())


def test_fresh_keys_differ() -> None:
    """Every key is new, and is one."""
    fresh = [new_key() for _ in range(20)]
    assert len(set(parse_keys(",".join(fresh)))) == 20


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask, no other user may read or write it, and nothing else is left in the folder."""
    path, before = tmp_path / "seal.key", os.umask(0)
    try:
        create_key_file(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(parse_keys(read_key_file(path))) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Losing a key would lose every token it sealed."""
    path = tmp_path / "seal.key"
    create_key_file(path)
    before = read_key_file(path)
    create_key_file(path)
    assert read_key_file(path) == before
    assert list(tmp_path.iterdir()) == [path]


def test_of_many_who_make_the_file_all_use_the_same_key(tmp_path: Path) -> None:
    """Processes that start at the same moment find one file, and never half of it."""
    path = tmp_path / "seal.key"

    def start() -> list[bytes]:
        create_key_file(path)
        return parse_keys(read_key_file(path))

    for _ in range(20):
        assert len({tuple(each) for each in race([start] * THREADS) if isinstance(each, list)}) == 1
        path.unlink()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """No folder is made for a secret."""
    with pytest.raises(InvalidInput, match="cannot be made: No such file"):
        create_key_file(tmp_path / "absent" / "seal.key")
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read_key_file(tmp_path / "absent")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
def test_a_file_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """The error says how to close it."""
    path = tmp_path / "seal.key"
    create_key_file(path)
    path.chmod(mode)
    with pytest.raises(InvalidInput, match="chmod 600"):
        read_key_file(path)


def test_a_link_is_refused(tmp_path: Path) -> None:
    """A user who can set a link must not choose the keys; nor is a key written through one."""
    path, link = tmp_path / "seal.key", tmp_path / "link"
    link.symlink_to(path)
    create_key_file(link)
    assert not path.exists()
    create_key_file(path)
    with pytest.raises(InvalidInput, match="is a link"):
        read_key_file(link)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, or a pipe, for which no process waits."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(InvalidInput, match=r"is no file|Is a directory"):
            read_key_file(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_users_file_is_refused(tmp_path: Path) -> None:
    """They know the keys in it."""
    path = tmp_path / "seal.key"
    create_key_file(path)
    os.chown(path, 12345, 12345)
    with pytest.raises(InvalidInput, match="belongs to another user"):
        read_key_file(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe" * 22, b"a" * 50_000, b"\0" * 44])
def test_a_file_with_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, binary or huge: one error, and nothing of it is shown."""
    path = tmp_path / "seal.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InvalidInput) as refused:
        parse_keys(read_key_file(path))
    assert "aaaa" not in refused.value.message
