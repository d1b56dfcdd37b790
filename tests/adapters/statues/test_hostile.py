"""Altered packs and catalogues: of each one clear error, in bounded memory."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from commitcollect_adapters import statues
from commitcollect_adapters.statues import Detail, Statue, bundles, load, pack
from commitcollect_adapters.statues.definitions import read_statue
from commitcollect_core.errors import CommitCollectError
from commitcollect_core.values import ModelId

SHIPPED = Path(str(files(statues)))
DEFINITION = "PHOENIX_2027.json"
PACK = "phoenix_2027.low.ccm"
TURNS = 40
"""Of each kind of damage: 200 packs, 200 catalogues and 80 bundles."""
MEMORY_BYTES_MAX = 30_000_000
MESSAGE_CHARS_MAX = 400
HUGE = (2**31, 2**32 - 1, 2**63, 10**12, 10**300, -1, -(2**31), 1e300, float("inf"), float("nan"))
MARKUP = ("<script>", "<b", "&amp;", '"', "]]>", "<!--", "\x00", "\n", "\u202e", "{}", "/../", "\\", "%s`")

Document = dict[str, Any]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a good statue, to be altered."""
    for file in SHIPPED.glob("phoenix_2027*"):
        shutil.copy(file, tmp_path)
    shutil.copy(SHIPPED / DEFINITION, tmp_path)
    return tmp_path


def cut(data: bytes, chance: random.Random) -> bytes:
    """Some of the beginning, or all but some of the middle."""
    start = chance.randrange(len(data))
    return data[:start] + chance.choice([b"", data[start + 1 :]])


def flipped(data: bytes, chance: random.Random) -> bytes:
    """With up to eight other bits."""
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _rebuilt(data: bytes, change: Callable[[Document, bytearray], None]) -> bytes:
    """A pack whose checksums are right, whatever its header and its numbers say."""
    raw = zlib.decompress(data[4:])
    (length,) = struct.unpack_from("<I", raw)
    header, body = json.loads(raw[4 : 4 + length]), bytearray(raw[4 + length :])
    change(header, body)
    text = json.dumps(header).encode()
    return pack.MAGIC + zlib.compress(struct.pack("<I", len(text)) + text + body)


def huge_counts(data: bytes, chance: random.Random) -> bytes:
    """With a count that was never there."""

    def change(header: Document, _body: bytearray) -> None:
        part = chance.choice(header["parts"])
        match chance.randrange(5):
            case 0:
                part["vertices"] = chance.choice(HUGE)
            case 1:
                chance.choice(part["areas"])[1] = chance.choice(HUGE)
            case 2:
                part["areas"] *= chance.choice((17, 5_000))
            case 3:
                header["parts"] *= chance.choice((2, 100, 1_000))
            case _:
                header["unitMicrometres"] = chance.choice(HUGE)

    return _rebuilt(data, change)


def indices_out_of_range(data: bytes, chance: random.Random) -> bytes:
    """With a triangle of a vertex that is not there, or a material that is not there."""

    def change(header: Document, body: bytearray) -> None:
        first = header["parts"][0]
        corners = 3 * sum(triangles for _, triangles in first["areas"])
        if chance.randrange(4):
            # The upper planes of bytes: some thousand vertices before the first one, or far more.
            plane = chance.randint(2, 3) * (corners + 3 * first["vertices"])
            body[plane + chance.randrange(corners)] = chance.randint(1, 255)
        else:
            chance.choice(first["areas"])[0] = chance.choice((4, 15, 16, 255, *HUGE))

    return _rebuilt(data, change)


def names_with_markup(data: bytes, chance: random.Random) -> bytes:
    """With names: a pack has none, and what is no number is none."""

    def change(header: Document, _body: bytearray) -> None:
        part = chance.choice(header["parts"])
        part[chance.choice(("vertices", "areas"))] = chance.choice(MARKUP)

    return _rebuilt(data, change)


def _document(data: bytes, change: Callable[[Document], None]) -> bytes:
    document = json.loads(data)
    change(document)
    return json.dumps(document).encode()


def huge_catalogue(data: bytes, chance: random.Random) -> bytes:
    """A definition with numbers and lists beyond measure."""

    def change(document: Document) -> None:
        part = chance.choice(document["parts"])
        match chance.randrange(6):
            case 0:
                part["partIndex"] = chance.choice(HUGE)
            case 1:
                part["attach"]["at"][chance.randrange(3)] = chance.choice(HUGE) * 10_000
            case 2:
                part["bed"][chance.choice(("up", "right"))] = [chance.choice(HUGE)] * 3
            case 3:
                document["parts"] *= chance.choice((2, 100, 500))
            case 4:
                document["materials"] *= chance.choice((100, 5_000))
            case _:
                part["partName"] *= 10_000

    return _document(data, change)


def catalogue_out_of_range(data: bytes, chance: random.Random) -> bytes:
    """A definition whose parts, packs or materials do not fit one another."""

    def change(document: Document) -> None:
        parts = document["parts"]
        match chance.randrange(5):
            case 0:
                chance.choice(parts)["partIndex"] += chance.choice((-1, 1, 99))
            case 1:
                del parts[chance.randrange(len(parts))]
            case 2:
                parts[:2] = parts[1::-1]
            case 3:
                del document["materials"][chance.randrange(len(document["materials"])) :]
            case _:
                document["lowPack"] = document[chance.choice(("meshPack", "webPack"))] | {"file": PACK}

    return _document(data, change)


def catalogue_with_markup(data: bytes, chance: random.Random) -> bytes:
    """A definition with markup or a path in one of its names."""

    def change(document: Document) -> None:
        part = chance.choice(document["parts"])
        where, name = chance.choice(
            [
                (document, "name"),
                (document, "modelId"),
                (part, "partName"),
                (part, "meshFile"),
                (part, "meshSha256"),
                (document["lowPack"], "file"),
                (document["lowPack"], "sha256"),
                (chance.choice(document["materials"]), "name"),
                (chance.choice(document["materials"]), "color"),
            ]
        )
        at = chance.randint(0, len(where[name]))
        where[name] = where[name][:at] + chance.choice(MARKUP) + where[name][at:]

    return _document(data, change)


@contextmanager
def _in_bounds() -> Iterator[None]:
    """Fail where the block takes more memory than it may at any moment."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES_MAX
    finally:
        tracemalloc.stop()


def _refusal(read: Callable[[], object]) -> str | None:
    """The one clear line of an error of ours; None where there is no error."""
    with _in_bounds():
        try:
            read()
        except CommitCollectError as refused:
            message = refused.message
        else:
            return None
    assert 0 < len(message) <= MESSAGE_CHARS_MAX, message
    assert message.isprintable(), message
    return message


def _low(folder: Path) -> Callable[[], object]:
    def read() -> object:
        return read_statue(folder / DEFINITION, folder).meshes(Detail.LOW)

    return read


@pytest.mark.parametrize(
    "damage", [cut, flipped, huge_counts, indices_out_of_range, names_with_markup], ids=lambda d: d.__name__
)
def test_altered_packs_give_one_clear_error_each(
    copy: Path, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    """By its digest every one; and by what it holds, where the digest was altered along with it."""
    file, definition = copy / PACK, copy / DEFINITION
    good, document = file.read_bytes(), json.loads(definition.read_bytes())
    meshes = pack.decode(good)
    for turn in range(TURNS):
        damaged = damage(good, random.Random(f"{damage.__name__} {turn}"))
        file.write_bytes(damaged)
        definition.write_text(json.dumps(document), encoding="utf-8")
        assert f"{PACK} was altered" in (_refusal(_low(copy)) or "")
        digest = hashlib.sha256(damaged).hexdigest()
        document_of_it = {**document, "lowPack": {"file": PACK, "sha256": digest}}
        definition.write_text(json.dumps(document_of_it), encoding="utf-8")
        if _refusal(_low(copy)) is None:
            # Between the stream and its checksum are up to seven bits that mean nothing.
            assert pack.decode(damaged) == meshes
            assert damage is flipped


@pytest.mark.parametrize(
    "damage", [huge_catalogue, catalogue_out_of_range, catalogue_with_markup], ids=lambda d: d.__name__
)
def test_altered_catalogues_give_one_clear_error_each(
    copy: Path, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    """Nothing is drawn from a definition that cannot be."""
    file = copy / DEFINITION
    good = file.read_bytes()
    for turn in range(TURNS):
        file.write_bytes(damage(good, random.Random(f"{damage.__name__} {turn}")))
        assert _refusal(_low(copy)) is not None, file.read_text(encoding="utf-8")[:2000]


@pytest.mark.parametrize("damage", [cut, flipped], ids=lambda d: d.__name__)
def test_damaged_catalogues_are_refused_or_harmless(
    copy: Path, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    """A letter of a name may be another one; whatever is read is a statue that can be drawn."""
    file = copy / DEFINITION
    good, refused = file.read_bytes(), 0
    for turn in range(TURNS):
        file.write_bytes(damage(good, random.Random(f"{damage.__name__} {turn}")))
        refused += _refusal(_low(copy)) is not None
    assert refused >= TURNS / 2


def _bundle(statue: Statue) -> bytes:
    packs = {each.file.name: each.file.read_bytes() for each in statue.packs.values()}
    return bundles.write(json.loads((SHIPPED / DEFINITION).read_bytes()), packs)


@pytest.mark.parametrize("damage", [cut, flipped], ids=lambda d: d.__name__)
def test_damaged_bundles_are_refused_or_harmless(damage: Callable[[bytes, random.Random], bytes]) -> None:
    """Even where a store's digest was altered along with the bundle: no crash, and no other mesh."""
    statue = load(ModelId("PHOENIX_2027"))
    good, meshes, refused = _bundle(statue), statue.meshes(Detail.LOW), 0
    assert bundles.read(good, statue.model).meshes(Detail.LOW) == meshes
    for turn in range(TURNS):
        damaged = damage(good, random.Random(f"{damage.__name__} {turn}"))

        def read(damaged: bytes = damaged) -> None:
            assert bundles.read(damaged, statue.model).meshes(Detail.LOW) == meshes

        refused += _refusal(read) is not None
    assert refused > 0


def test_a_bundle_that_inflates_is_refused() -> None:
    """Members are not compressed, so that a small bundle is a small statue."""
    statue = load(ModelId("PHOENIX_2027"))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(bundles.DEFINITION, bytes(50_000_000))
    content = file.getvalue()
    said = _refusal(lambda: bundles.read(content, statue.model))
    assert said is not None
    assert "a member is compressed" in said
