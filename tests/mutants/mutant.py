"""A mutant: one deliberate break of a law, and the tests that have to see it."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen

REPOSITORY = Path(__file__).parents[2]
SOURCES = REPOSITORY / "src"


@frozen(kw_only=True)
class Mutant:
    """One break, by meaning and not by line, so that code may move.

    Attributes:
        name: unique.
        file: below ``src/``.
        old: occurs exactly once in the file; as short as that allows.
        new: takes its place.
        law: what the break violates.
        tests: arguments of pytest, those that are likely to fail first.
        equivalent: why no test can tell the break from the code; empty if one must.
        is_by_rule: made by rule, so that an import that fails or a process that dies sees it as well.
    """

    name: str
    file: str
    old: str
    new: str
    law: str
    tests: tuple[str, ...] = field(repr=False)
    equivalent: str = ""
    is_by_rule: bool = False

    @property
    def path(self) -> Path:
        """The file in the working tree."""
        return SOURCES / self.file

    def fault(self) -> str | None:
        """Why it cannot be applied; None if it can."""
        if not self.path.is_file():
            return f"{self.name}: there is no src/{self.file}"
        count = self.path.read_text(encoding="utf-8").count(self.old)
        if count != 1:
            return f"{self.name}: {self.old!r} occurs {count} times in src/{self.file}, not once"
        return None

    def applied_to(self, text: str) -> str:
        """The file's text with the break."""
        return text.replace(self.old, self.new)
