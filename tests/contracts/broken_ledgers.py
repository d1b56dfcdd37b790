"""Ledgers that break one promise each: changes to the one of examples/property_suite.py.

Each names the test of the suite that has to see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from commitcollect_core.training.ledger import LedgerState

_NOTHING: Mapping[str, Any] = {}


@frozen
class Broken:
    """A change to the source of a ledger that is right.

    Attributes:
        title: the promise that is broken.
        changes: texts of the source, and what stands there instead.
        test: the test of the suite that sees it, with its parameters.
    """

    title: str
    changes: Mapping[str, str]
    test: str
    parameters: Mapping[str, Any] = _NOTHING


_VERSION = "AND version = :version - 1 {condition}"
_REMOVED_AWARDS = """                _delete(tables, "awards", key)
"""
_PUT_HEAD = (
    '    _put(tables, "heads", user, head.version, HEAD.encode(head), condition, state=head.state.value)\n'
)
_OVERWRITE_HEAD = """    row = {**user, "version": head.version, "state": head.state.value, "record": json.dumps(HEAD.encode(head))}
    tables.execute("INSERT OR REPLACE INTO heads (user, version, state, record) VALUES "
        "(:user, :version, :state, :record)", row)
"""
_IN_MEMORY_CHECK = """    if head.version <= VERSIONS.get(user["user"], 0):
        raise VersionConflict("this process was first")
    VERSIONS[user["user"]] = head.version
"""
_AWARDS = """            for award in commit.awards:
"""
_AWARDS_LATER = """        with self._tables(is_write=True) as tables:
            for award in commit.awards:
"""
_REST = """            for removed in commit.removed:
"""
_REST_LATER = """        with self._tables(is_write=True) as tables:
            for removed in commit.removed:
"""
_WORKOUTS = """            for workout in commit.workouts:
"""
_WORKOUTS_LATER = """        with self._tables(is_write=True) as tables:
            for workout in commit.workouts:
"""
_RECORD = '"record": json.dumps(record)}'
_START = "start = int(workout.snapshot.started_at.timestamp())"
_KEYS = "for key in keys for"
_READ = """        with self._tables() as tables:
            head = _head(tables, user_id)  # First"""
_SLOW_COMMIT = """        __import__("time").sleep(0.005)
"""
_COMMIT = """        user: dict[str, object] = {"user": commit.user_id}
"""
_BEGIN = "        with self._tables(is_write=True) as tables:\n            _put_head("
_FENCE_WRITE = '                _put_head(tables, {"user": user_id}, head)\n'
_FOUND = """    rows = tables.execute(f"SELECT record FROM {rest}", values)
"""
_DRIVER = """                raise StorageError(f"the ledger failed: {failed}") from failed
"""

IN_COUNT = "test_writers_that_share_only_the_head_are_all_counted"
SPOILED = "test_a_commit_that_is_not_exactly_one_ahead_is_refused_whole"
NEIGHBOURS = "test_a_removal_leaves_neighbours_alone"
ALIKE = "test_ids_that_look_alike_are_apart_and_in_order"
CRASH = "test_a_commit_that_breaks_off_is_whole_or_not_there"
SIZES = "test_a_commit_and_a_page_are_as_large_as_the_policy_allows"
MANY = "test_a_page_of_milestones_and_the_awards_of_one_are_as_large_as_the_policy_allows"
TEXTS = "test_texts_are_as_long_as_the_policy_allows"
LARGEST = "test_every_field_is_as_large_as_the_policy_allows"
READ = "test_a_read_that_breaks_off_is_no_answer"
OTHER = "test_another_handle_sees_what_was_written_at_once"
AGAIN = "test_what_was_written_is_there_when_the_store_is_opened_again"
TWICE = "test_the_hour_that_comes_twice_is_two_hours"

BROKEN = (
    Broken("the head's version is not compared", {_PUT_HEAD: _OVERWRITE_HEAD}, IN_COUNT),
    Broken(
        "the head's version is compared within this process alone",
        {
            _COMMIT: _SLOW_COMMIT + _COMMIT,
            _PUT_HEAD: _IN_MEMORY_CHECK + _OVERWRITE_HEAD,
            'TABLES = """': 'VERSIONS = {}\nTABLES = """',
        },
        "test_processes_that_share_only_the_head_are_all_counted",
    ),
    Broken(
        "the head's version is compared within this handle alone",
        {
            _COMMIT: _SLOW_COMMIT + _COMMIT,
            _PUT_HEAD: _IN_MEMORY_CHECK.replace("VERSIONS", "tables.versions") + _OVERWRITE_HEAD,
            "class SqlLedger:": "class Remembering(sqlite3.Connection):\n    versions = None\n\n\nclass SqlLedger:",
            "        yield SqlLedger(connection)": (
                "        connection.versions = {}\n        yield SqlLedger(connection)"
            ),
            "check_same_thread=False, factory=factory": "check_same_thread=False, factory=Remembering",
        },
        "test_handles_that_share_only_the_head_are_all_counted",
    ),
    Broken(
        "the versions of workouts are not compared",
        {_VERSION: "AND (version = :version - 1 OR '{table}' = 'workouts') {condition}"},
        SPOILED,
        {"what": "workout two ahead", "is_turned_round": False},
    ),
    Broken(
        "the versions of milestones are not compared",
        {_VERSION: "AND (version = :version - 1 OR '{table}' = 'milestones') {condition}"},
        SPOILED,
        {"what": "milestone two ahead", "is_turned_round": False},
    ),
    Broken(
        "an award is overwritten",
        {
            "if tables.execute(statement, row).rowcount != 1:": (
                "if tables.execute(statement, row).rowcount != 1 and table != 'awards':"
            )
        },
        SPOILED,
        {"what": "award is there already", "is_turned_round": False},
    ),
    Broken(
        "a removal does not compare versions",
        {'{**key, "version": removed.version}': "key"},
        SPOILED,
        {"what": "milestone removed, but it is another version", "is_turned_round": False},
    ),
    Broken(
        "awards are written in a second transaction",
        {_AWARDS: _AWARDS_LATER, _REST: _REST_LATER},
        CRASH,
        {"what": "that adds and replaces"},
    ),
    Broken(
        "the head is written in a transaction of its own",
        {_WORKOUTS: _WORKOUTS_LATER},
        CRASH,
        {"what": "that is the first"},
    ),
    Broken("a removal is a second transaction", {_REST: _REST_LATER}, CRASH, {"what": "that removes"}),
    Broken("what is written is not committed", {'self._connection.execute("COMMIT")': "pass"}, AGAIN),
    Broken(
        "a failing commit is reported as done",
        {
            _BEGIN: _BEGIN.replace("with ", "with suppress(StorageError), "),
            "ExitStack, closing": "ExitStack, suppress, closing",
        },
        CRASH,
        {"what": "that adds and replaces"},
    ),
    Broken(
        "an error of the driver is passed on",
        {_DRIVER: "                raise\n"},
        CRASH,
        {"what": "that adds and replaces"},
    ),
    Broken(
        "an error of the driver is passed on in reads",
        {_DRIVER: "                raise\n"},
        READ,
        {"what": "read"},
    ),
    Broken(
        "an error of the driver reads as an athlete without a ledger",
        {_FOUND: "    try:\n    " + _FOUND + "    except sqlite3.Error:\n        rows = []\n"},
        READ,
        {"what": "read_head"},
    ),
    Broken(
        "an error of the driver reads as a milestone without awards",
        {_FOUND: "    try:\n    " + _FOUND + "    except sqlite3.Error:\n        rows = []\n"},
        READ,
        {"what": "read_awards"},
    ),
    Broken(
        "a removal takes the awards of ids that begin alike",
        {
            _REMOVED_AWARDS: (
                '                tables.execute("DELETE FROM awards WHERE user = :user '
                "AND milestone LIKE :milestone || '%'\", key)\n"
            )
        },
        NEIGHBOURS,
        {"gone": 0},
    ),
    Broken(
        "a removal takes the awards of other athletes",
        {
            _REMOVED_AWARDS: (
                '                tables.execute("DELETE FROM awards WHERE milestone = :milestone", key)\n'
            )
        },
        NEIGHBOURS,
        {"gone": 0},
    ),
    Broken(
        "a removal takes the athlete's id for a pattern",
        {
            _REMOVED_AWARDS: (
                '                tables.execute("DELETE FROM awards WHERE user LIKE :user '
                'AND milestone = :milestone", key)\n'
            )
        },
        NEIGHBOURS,
        {"gone": 3},
    ),
    Broken(
        "a removal leaves the awards",
        {_REMOVED_AWARDS: ""},
        "test_a_removed_milestone_is_gone_with_its_awards",
    ),
    Broken(
        "a discarded milestone leaves its awards",
        {'for table in ("milestones", "awards"):': 'for table in ("milestones",):'},
        "test_a_discarded_item_is_gone_whatever_its_version",
    ),
    Broken(
        "athletes that differ in case are one",
        {"heads (user TEXT": "heads (user TEXT COLLATE NOCASE"},
        NEIGHBOURS,
        {"gone": 0},
    ),
    Broken("workouts that differ in case are one", {"activity TEXT": "activity TEXT COLLATE NOCASE"}, ALIKE),
    Broken(
        "milestones that differ in case are one",
        {"milestones (user TEXT, milestone TEXT": "milestones (user TEXT, milestone TEXT COLLATE NOCASE"},
        ALIKE,
    ),
    Broken("ids are numbers where they look so", {"activity TEXT": "activity NUMERIC"}, ALIKE),
    Broken("a view holds 50 workouts at most", {_KEYS: "for key in keys[:50] for"}, SIZES),
    Broken(
        "a commit holds 60 items at most",
        {
            _COMMIT: _COMMIT
            + "        if commit.item_count > 60:\n            raise StorageError('too large')\n"
        },
        SIZES,
    ),
    Broken("a page holds 100 workouts at most", {"query.limit + 1]": "min(query.limit, 100) + 1]"}, SIZES),
    Broken(
        "a page holds 100 milestones at most",
        {'user_id, after or "", limit + 1)': 'user_id, after or "", min(limit, 100) + 1)'},
        MANY,
    ),
    Broken(
        "a milestone has 40 awards at most",
        {"user = ? AND milestone = ? ORDER BY part": ("user = ? AND milestone = ? ORDER BY part LIMIT 40")},
        MANY,
    ),
    Broken(
        "names are cut",
        {
            _RECORD: (
                '"record": json.dumps([each[:100] if isinstance(each, str) else each for each in record])}'
            )
        },
        TEXTS,
    ),
    Broken(
        "a head keeps five tracked milestones",
        {
            "HEAD.encode(head), condition": (
                'HEAD.encode(__import__("attrs").evolve(head, '
                "tracked_milestone_ids=head.tracked_milestone_ids[:5])), condition"
            )
        },
        LARGEST,
    ),
    Broken(
        "a head keeps two recurring goals",
        {
            "HEAD.encode(head), condition": (
                'HEAD.encode(__import__("attrs").evolve(head, recurring=head.recurring[:2])), condition'
            )
        },
        LARGEST,
    ),
    Broken(
        "a milestone's name is cut",
        {
            "MILESTONE.encode(milestone))": (
                'MILESTONE.encode(__import__("attrs").evolve(milestone, name=milestone.name[:40])))'
            )
        },
        LARGEST,
    ),
    Broken(
        "letters in two parts are put together",
        {
            _RECORD: (
                '"record": __import__("unicodedata").normalize("NFC", json.dumps(record, ensure_ascii=False))}'
            )
        },
        TEXTS,
    ),
    Broken(
        "line ends are made alike",
        {_RECORD: '"record": json.dumps(record).replace("\\\\r\\\\n", "\\\\n")}'},
        TEXTS,
    ),
    Broken(
        "a view of no workouts is empty",
        {_READ: "        if not keys:\n            return LedgerView(user_id=user_id)\n" + _READ},
        "test_a_view_of_no_workouts_holds_the_rest",
    ),
    Broken(
        "a key that is named twice is refused",
        {_READ: "        if len(set(keys)) < len(keys):\n            raise StorageError('twice')\n" + _READ},
        "test_a_key_that_is_named_twice_is_read_once",
    ),
    Broken(
        "a view has its milestones in order of id",
        {"for each in head.tracked_milestone_ids]": "for each in sorted(head.tracked_milestone_ids)]"},
        "test_a_view_holds_the_workouts_asked_for_and_the_milestones_tracked",
    ),
    Broken(
        "a view leaves out deleted workouts",
        {
            "workouts=workouts,": "workouts={key: each for key, each in workouts.items() if not each.is_deleted},"
        },
        "test_a_view_holds_the_workouts_asked_for_and_the_milestones_tracked",
    ),
    Broken(
        "a handle answers from what it read before",
        {"def _head(": "@__import__('functools').lru_cache(maxsize=None)\ndef _head("},
        OTHER,
    ),
    Broken(
        "a handle keeps milestones that it read before",
        {"def _milestone(": "@__import__('functools').lru_cache(maxsize=None)\ndef _milestone("},
        OTHER,
    ),
    Broken(
        "a store forgets its awards when it is opened",
        {'TABLES = """\n': 'TABLES = """\nDROP TABLE IF EXISTS awards;\n'},
        AGAIN,
    ),
    Broken(
        "a store forgets fences when it is opened",
        {
            "        connection.executescript(TABLES)\n": (
                "        connection.executescript(TABLES)\n"
                "        connection.execute(\"DELETE FROM heads WHERE state != 'ACTIVE'\")\n"
                "        connection.commit()\n"
            )
        },
        AGAIN,
    ),
    Broken(
        "a fence is no fence",
        {"AND state = 'ACTIVE'": ""},
        "test_a_fenced_ledger_takes_nothing_any_more",
        {"state": LedgerState.ACTIVE},
    ),
    Broken(
        "the fence is looked at before the lock is taken",
        {
            _COMMIT: _COMMIT
            + (
                "        if self.read_head(commit.user_id).state.value != 'ACTIVE':\n"
                "            raise VersionConflict('fenced')\n"
                "        __import__('time').sleep(0.05)\n"
            ),
            _FENCE_WRITE: (
                "                tables.execute(\"UPDATE heads SET state = 'DELETING', record = ? WHERE user = ?\",\n"
                "                    (json.dumps(HEAD.encode(head)), user_id))\n"
            ),
            "AND state = 'ACTIVE'": "",
        },
        "test_behind_the_fence_nothing_lands",
    ),
    Broken(
        "a fence that is up goes up again",
        {
            "if head != stored:": "if stored.version:",
            "head = fenced(stored, now=now)": ("head = fenced(LedgerHead(version=stored.version), now=now)"),
            "AND state = 'ACTIVE'": "",
        },
        "test_the_fence_goes_up_once_and_takes_nothing_along",
        {"is_written": True},
    ),
    Broken(
        "an athlete without a ledger is not fenced",
        {"if head != stored:": "if stored.version and head != stored:"},
        "test_the_fence_goes_up_once_and_takes_nothing_along",
        {"is_written": False},
    ),
    Broken(
        "workouts are sorted by the clock on the wall",
        {
            _START: _START.replace(
                "started_at", "started_at.astimezone().replace(tzinfo=__import__('datetime').UTC)"
            )
        },
        TWICE,
        {"zone": "Europe/Berlin"},
    ),
    Broken("seconds outgrow 32 bits", {_START: _START + " % 2**31"}, TWICE, {"zone": "UTC"}),
    Broken(
        "moments are kept by the clock on the wall",
        {
            "return [kind.decode(_record(text)) for (text,) in rows]": (
                "return [kind.decode(_shifted(kind, _record(text))) for (text,) in rows]"
            ),
            "def _head(": (
                "def _shifted(kind, record):\n"
                "    from datetime import UTC, datetime\n"
                "    def wall(at):\n"
                "        naive = datetime.fromtimestamp(at).replace(fold=0)\n"
                "        return int(naive.timestamp())\n"
                "    return tuple(wall(each) if isinstance(each, int) and each > 10**9 else each for each in record)\n"
                "\n\ndef _head("
            ),
        },
        "test_every_moment_of_a_milestone_and_a_head_is_kept",
        {"zone": "Europe/Berlin"},
    ),
    Broken(
        "milestones come as they were written", {"ORDER BY milestone LIMIT": "ORDER BY rowid LIMIT"}, ALIKE
    ),
    Broken(
        "a page begins with the last milestone of the one before",
        {"AND milestone > ?": "AND milestone >= ?"},
        MANY,
    ),
    Broken(
        "parts are sorted as texts",
        {"milestone TEXT, part INT": "milestone TEXT, part TEXT"},
        "test_awards_come_in_order_of_part",
    ),
    Broken(
        "a page leaves out workouts of the same second",
        {"(start, source, activity) {beyond} (?, ?, ?)": "start {beyond} ? AND ? != ? "},
        ALIKE,
    ),
    Broken(
        "a full page says that there is another",
        {"page[-1] if len(found) > query.limit": "page[-1] if len(found) >= query.limit"},
        ALIKE,
    ),
    Broken(
        "the end of a span belongs to it",
        {'("<", query.end_at)': '("<=", query.end_at)'},
        TWICE,
        {"zone": "UTC"},
    ),
)
