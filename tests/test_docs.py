"""The documentation is true: its commands and its Python run, its links lead somewhere."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from attrs import fields

from commitcollect_adapters.settings import policy_values
from commitcollect_core.policy import DEFAULT_POLICY, Policy, values_of

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted(
    each
    for folder in ("examples", "examples/web")
    for each in (ROOT / folder).glob("*.py")
    if each.name != "conftest.py"
)
ANYTHING = "…"
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)(?P<target>[^)#]+)")


class Command(NamedTuple):
    """A command of a console block and what it should print; "…" stands for anything."""

    line: str
    expected: str


def page_id(page: Path) -> str:
    """A page's path within the project."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """The bodies of a page's code blocks in one language."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [each["body"] for each in found if each["language"] == language]


def commands(block: str) -> Iterator[Command]:
    """The commands of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, expected = part.partition("\n")
        yield Command(line, expected.strip())


def matches(expected: str, printed: str) -> bool:
    """Whether what was printed is what the page shows."""
    pattern = ".*".join(map(re.escape, expected.split(ANYTHING)))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one command line as a reader would, with our command on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = ("COVERAGE", "PYTHON", "COMMITCOLLECT_")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env={**environ, "PATH": path, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")], ids=page_id)
def test_commands_do_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """Every console command of a page succeeds, in order and in one folder, and prints what is shown."""
    for block in blocks(page, "console"):
        for command in commands(block):
            done = shell(command.line, tmp_path)
            assert done.returncode == 0, f"{command.line}\n{done.stderr}"
            if command.expected:
                assert matches(command.expected, done.stdout), f"{command.line}\n{done.stdout}"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=page_id)
def test_python_of_the_pages_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python block of a page runs, its own assertions included."""
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        code = compile(block, page_id(page), "exec")
        exec(code, {"__name__": "__page__"})  # noqa: S102 - our own pages


TESTS_ON_PAGES = [page for page in PAGES if any("\ndef test_" in each for each in blocks(page, "python"))]


@pytest.mark.slow
@pytest.mark.parametrize("page", TESTS_ON_PAGES, ids=page_id)
def test_tests_of_the_pages_pass(page: Path, tmp_path: Path) -> None:
    """A test that a page shows passes, with the fixtures that are installed along."""
    (tmp_path / "test_page.py").write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    done = shell("pytest -q -p no:cacheprovider --basetemp base test_page.py", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_ledger_that_the_page_shows_is_the_one_that_is_proved() -> None:
    """docs/adapters.md holds the example whole: what its suite, linter and types say holds for the page."""
    example = (ROOT / "examples" / "property_suite.py").read_text(encoding="utf-8")
    assert blocks(ROOT / "docs" / "adapters.md", "python") == [example[example.index("import json\n") :]]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to another file of the project finds it."""
    targets = [each["target"] for each in _LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=page_id)
def test_examples_run(example: Path, tmp_path: Path) -> None:
    """Every example runs as its docstring says, and prints something."""
    is_suite = example.name.endswith("_suite.py")
    runner = "pytest -q -p no:cacheprovider --basetemp base" if is_suite else "python"
    done = shell(f"{runner} {example}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


@pytest.mark.slow
def test_the_first_command_of_the_readme_installs_and_runs(tmp_path: Path) -> None:
    """On a copy of the project, with nothing installed, the README's first command ends in a statue."""
    clone = tmp_path / "clone"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.db")
    shutil.copytree(ROOT, clone, ignore=ignored)
    first = blocks(ROOT / "README.md", "sh")[0]
    done = shell(first, clone)
    assert done.returncode == 0, done.stderr
    assert "Dragon (DRAGON_2026)" in done.stdout


def test_ci_runs_the_second_command_of_the_readme() -> None:
    """What CI runs is what the README tells people to run."""
    second = blocks(ROOT / "README.md", "sh")[1].strip()
    assert second in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


_NAMED = re.compile(r"`(?P<path>[\w./]+/[\w.]*)`(?: \((?P<names>[^)]*)\))?")


def wrong_paths(page: str) -> Iterator[str]:
    """Paths of a page that do not exist, and names behind a path that its file does not hold."""
    for found in _NAMED.finditer(page):
        tried = [ROOT / folder / found["path"] for folder in ("", "src", "src/commitcollect_core")]
        path = next((each for each in tried if each.exists()), None)
        if path is None:
            yield found["path"]
            continue
        names = re.findall(r"`(\w+)`", found["names"] or "") if path.is_file() else []
        text = path.read_text(encoding="utf-8") if names else ""
        yield from (
            f"{found['path']}: {name}"
            for name in names
            if re.search(rf"^\s*(?:def |class )?{name}\b", text, re.MULTILINE) is None
        )


@pytest.mark.parametrize(
    "page", ["CONTRIBUTING.md", "docs/concepts.md", "docs/adapters.md", "docs/storage.md"]
)
def test_paths_of_the_sources_exist(page: str) -> None:
    """Every path that a page names exists, and every name in brackets behind it is defined there."""
    assert list(wrong_paths((ROOT / page).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "wrong", ["`commitcollect_core/wiring.py`", "`commitcollect_core/errors.py` (`ANSWERS`, `wiring`)"]
)
def test_a_wrong_path_is_found_out(wrong: str) -> None:
    """A module that is gone is found, and so is a name that its module lost."""
    assert len(list(wrong_paths(f"| a change | `commitcollect_core/service.py`, {wrong} |"))) == 1


def test_every_error_code_is_documented() -> None:
    """Each code that the sources raise stands in docs/errors.md, and the page names none besides."""
    raised = re.compile(r'\b(?:code|[A-Z]+_EXISTS)(?:: str)? ?= ?"(?P<code>[A-Za-z_]+)"')
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    in_code = {found["code"] for text in sources for found in raised.finditer(text)} - {"error"}
    table = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").partition("## Messages")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| `")]
    documented = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    assert documented == in_code


def policy_rows() -> Iterator[str]:
    """The table of docs/policy.md, made from the policy: values with their defaults, and what they mean."""
    values = policy_values(DEFAULT_POLICY)
    for section in fields(Policy):
        attributes = inspect.getdoc(type(getattr(DEFAULT_POLICY, section.name))) or ""
        lines = re.sub(r"\n {8}", " ", attributes.partition("Attributes:\n")[2]).splitlines()
        for names, meaning in (line.strip().split(": ", 1) for line in lines):
            shown = ", ".join(f"`{name}` {values[name]}" for name in names.split(", "))
            yield f"| {shown} | {meaning} |"


def test_every_value_of_the_policy_is_documented() -> None:
    """docs/policy.md holds every value with its default, and its meaning as the docstrings have it."""
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    rows = list(policy_rows())
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows
    assert set(re.findall(r"`(\w+)` ", "\n".join(rows))) >= set(values_of(DEFAULT_POLICY))


def test_a_wrong_page_is_found_out() -> None:
    """The comparison refuses what a command did not print."""
    assert matches("a … c", "a b\nb c\n")
    assert not matches("a … d", "a b c")


def said_in_sources() -> Iterator[str]:
    """Each text of the sources; a line break stands for what is filled in."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    each.value if isinstance(each, ast.Constant) and isinstance(each.value, str) else "\n"
                    for each in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def unsaid(messages: Iterable[str]) -> list[str]:
    """Messages that no text of the sources can become."""
    said = list(said_in_sources())
    fragments = {each: [part.strip() for part in each.split(ANYTHING)] for each in messages}
    patterns = [
        (each, re.compile(".*".join(map(re.escape, some)), re.DOTALL)) for each, some in fragments.items()
    ]
    return [each for each, pattern in patterns if not any(pattern.search(text) for text in said)]


def test_documented_messages_are_said() -> None:
    """Each message of docs/errors.md stands in the sources, but for what is filled in."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").partition("## Messages")[2]
    messages = re.findall(r"^\| `(?P<message>[^`]+)` \|", page, re.MULTILINE)
    assert len(messages) == page.count("\n| `")
    assert unsaid(messages) == []


def test_a_message_that_is_gone_is_found_out() -> None:
    """What no command says is found, also where the beginning is right."""
    assert unsaid(["there is no store under …", "there is no store at …; make one with: …"]) == [
        "there is no store under …"
    ]


_LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR", "exception": "ERROR"}


def logged() -> Iterator[tuple[str, str]]:
    """Level and text of each line that the sources log; those of any level count as INFO."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner, method = ast.unparse(node.func.value).lower(), node.func.attr
            if method in {*_LEVELS, "log"} and ("log" in owner.split("(")[0]):
                text = node.args[method == "log"]
                if isinstance(text, ast.Constant):
                    filled = re.sub(r"%[sd]", ANYTHING, str(text.value)).replace(ANYTHING * 2, ANYTHING)
                    yield _LEVELS.get(method, "INFO"), filled


def test_every_line_of_the_log_is_documented() -> None:
    """docs/logging.md has each line that is logged, at its level, and none besides."""
    page = (ROOT / "docs" / "logging.md").read_text(encoding="utf-8").partition("## Lines")[2]
    assert set(re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \|", page, re.MULTILINE)) == set(logged())
