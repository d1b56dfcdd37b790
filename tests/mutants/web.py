"""Breaks of the laws of the edge that strangers reach: the receiver and the server."""

from __future__ import annotations

from functools import partial

from mutants.mutant import Mutant

_RECEIVING = ("tests/adapters/web/test_receiver.py",)

_WRITING = ("tests/adapters/web/test_writers.py",)

_REQUESTS = ("tests/adapters/web/test_connections.py",)
_SLOW = ("tests/adapters/web/test_slow_clients.py",)

_CROWDS = ("tests/adapters/web/test_bulkheads.py",)

_BRINGING = ("tests/adapters/web/test_imports.py",)

_EXPLAINING = ("tests/training/test_explaining.py",)

_BULKHEADS = partial(Mutant, file="commitcollect_adapters/web/bulkheads.py")
_IMPORTS = partial(Mutant, file="commitcollect_adapters/web/imports.py")
_EVENTS = partial(Mutant, file="commitcollect_adapters/web/events.py")
_EXPLANATIONS = partial(Mutant, file="commitcollect_core/training/explaining.py")
_CONNECTIONS = partial(Mutant, file="commitcollect_adapters/web/connections.py")
_SERVING = partial(Mutant, file="commitcollect_adapters/web/serving.py")
_BODIES = partial(Mutant, file="commitcollect_adapters/web/bodies.py")
_FLOWS = partial(Mutant, file="commitcollect_core/flows.py")
_RECEIVER = partial(Mutant, file="commitcollect_adapters/web/receiver.py")
_WRITERS = partial(Mutant, file="commitcollect_adapters/web/writers.py")

MUTANTS = (
    _BULKHEADS(
        name="crowd-takes-every-thread",
        old="self._places.acquire(blocking=False)",
        new="self._places.acquire()",
        law="9: a few calls wait, the others are turned away",
        tests=_CROWDS,
    ),
    _BULKHEADS(
        name="picture-drawn-each-time",
        old="self._keep(key, found)",
        new="pass",
        law="what is the same for everyone is made once",
        tests=_CROWDS,
    ),
    _IMPORTS(
        name="files-arrive-uncounted",
        old="under_way += self._arriving",
        new="pass",
        law="9: a person sends one file at a time",
        tests=_BRINGING,
    ),
    _IMPORTS(
        name="long-import-forgotten",
        old="if each.state not in _UNFINISHED]",
        new="]",
        law="an import that goes on is remembered",
        tests=_BRINGING,
    ),
    _EVENTS(
        name="stream-outlives-its-session",
        old="except Unauthenticated:\n            return False",
        new="except Unauthenticated:\n            return True",
        law="a browser that is signed out hears no more",
        tests=_BRINGING,
    ),
    _EVENTS(
        name="all-streams-for-one",
        old="or self._open[session.user_id] >= OF_ONE_MAX",
        new="",
        law="9: one person leaves streams for others",
        tests=_BRINGING,
    ),
    _EXPLANATIONS(
        name="explaining-reads-all",
        old="limits.workouts_inspected_max if is_bounded else None",
        new="None",
        law="9: a request inspects a bounded number of workouts",
        tests=_EXPLAINING,
    ),
    _EXPLANATIONS(
        name="streak-explained-from-its-page",
        old="is_bounded=is_bounded, until=until)",
        new="is_bounded=is_bounded)",
        law="9: a page looks at nothing behind its workouts",
        tests=_EXPLAINING,
    ),
    _CONNECTIONS(
        name="connections-accepted-without-end",
        old="ACCEPTED_AT_ONCE_MAX = 16",
        new="ACCEPTED_AT_ONCE_MAX = 100",
        law="9: clients that send nothing take no descriptor of the store",
        tests=_SLOW,
    ),
    _RECEIVER(
        name="path-without-its-secret",
        old="compare_digest(given.encode(), self._segment.encode())",
        new="True",
        law="without the secret part of the path there is nothing",
        tests=_RECEIVING,
    ),
    _BODIES(
        name="body-one-byte-shorter",
        old="if len(body) > bytes_max:",
        new="if len(body) >= bytes_max:",
        law="9: a limit itself is allowed",
        tests=_RECEIVING,
    ),
    _BODIES(
        name="body-without-end",
        old="if len(body) > bytes_max:",
        new="if False:",
        law="9: bodies are bounded",
        tests=_RECEIVING,
    ),
    _BODIES(
        name="body-cut-off-taken",
        old="raise ClientDisconnect",
        new="return bytes(body)",
        law="9: what did not arrive whole is not looked into",
        tests=_RECEIVING,
    ),
    _SERVING(
        name="strangers-behind-a-proxy-are-this-machine",
        old="proxy_headers=True",
        new="proxy_headers=False",
        law="9: a page without passwords is for this machine",
        tests=("tests/adapters/web/test_serving.py",),
    ),
    _FLOWS(
        name="flow-goes-on-behind-its-end",
        old="_current.reset(self._before)",
        new="pass",
        law="9: a correlation id belongs to one flow",
        tests=("tests/accounts/test_outcomes.py",),
    ),
    _RECEIVER(
        name="lost-event-confirmed",
        old="return self._ended(http_status(failed), failed.code)",
        new="return self._ended(_OK, failed.code)",
        law="6: what was not kept is delivered again",
        tests=_RECEIVING,
    ),
    _RECEIVER(
        name="answers-shared-by-calls",
        old="def _said(",
        new="@cache\ndef _said(",
        law="what a host adds to one answer is in no other",
        tests=_RECEIVING,
    ),
    _RECEIVER(
        name="refusals-fill-the-log",
        old="if logged_at is not None and now - logged_at < REFUSAL_LOG_SECONDS:",
        new="if False:",
        law="9: refusals are logged once a minute and kind",
        tests=_RECEIVING,
    ),
    _RECEIVER(
        name="invalid-event-is-an-error-of-ours",
        old="return self._ended(http_status(invalid), invalid.code)",
        new="return self._ended(500, invalid.code)",
        law="what is no event is refused with 400",
        tests=_RECEIVING,
    ),
    _RECEIVER(
        name="hanging-up-is-an-error-of-ours",
        old="except ClientDisconnect:",
        new="except ArithmeticError:",
        law="a client that hangs up leaves no traceback",
        tests=_RECEIVING,
    ),
    _RECEIVER(
        name="path-without-the-slash-of-proxies",
        old='path = path.removesuffix("/")',
        new="pass",
        law="calls arrive as proxies send them",
        tests=_RECEIVING,
    ),
    _RECEIVER(
        name="mistake-without-an-answer",
        old="        except Exception as mistake:",
        new="        except ArithmeticError as mistake:",
        law="Strava gets an answer whatever goes wrong",
        tests=_RECEIVING,
    ),
    _RECEIVER(
        name="underscores-of-proxies",
        old='if name.startswith("hub_") else name: query[name]',
        new="if False else name: query[name]",
        law="calls arrive as proxies send them",
        tests=_RECEIVING,
    ),
    _WRITERS(
        name="writers-waited-for-without-end",
        old="while self._has_waited(WAIT_SECONDS_MAX, loop.time()):",
        new="while self._has_waited(600, loop.time()):",
        law="9: an event waits a second for a busy store",
        tests=_SLOW,
    ),
    _WRITERS(
        name="writer-never-given-back",
        old="            self._count(-1)\n\n    def _end",
        new="            pass\n\n    def _end",
        law="9: every event gets its turn",
        tests=_SLOW,
    ),
    _WRITERS(
        name="one-slow-write-delays-all",
        old="while self._has_waited(JOIN_SECONDS, loop.time()) and not self.are_busy:",
        new="while False:",
        law="9: an event waits for no write of another",
        tests=_WRITING,
    ),
    _WRITERS(
        name="watched-by-a-loop-that-ended",
        old="if self._watching is not loop:",
        new="if self._watching is None:",
        law="9: an event waits a second for a busy store",
        tests=_WRITING,
    ),
    _WRITERS(
        name="written-by-a-loop-that-ended",
        old="self._writing_soon is not loop:",
        new="self._writing_soon is None:",
        law="9: every event gets its turn",
        tests=_WRITING,
    ),
    _WRITERS(
        name="a-write-for-each-job",
        old="min(BATCH_MAX, len(self._waiting))",
        new="1",
        law="9: events that come at once are written at once",
        tests=_WRITING,
    ),
    _WRITERS(
        name="all-fail-with-one",
        old="failures = done.result() if error is None",
        new="failures = list(reversed(done.result())) if error is None",
        law="9: each event is answered for itself",
        tests=_WRITING,
    ),
    _WRITERS(
        name="those-that-waited-are-left",
        old="        self._write()\n        error",
        new="        error",
        law="9: every event gets its turn",
        tests=_WRITING,
    ),
    _CONNECTIONS(
        name="waits-told-apart-by-the-clock",
        old="self._waiting_since = next(_waits)",
        new="self._waiting_since = int(self.loop.time())",
        law="9: the connection that has waited longest makes room",
        tests=_SLOW,
    ),
    _CONNECTIONS(
        name="requests-may-take-for-ever",
        old="next(_waits)\n        self._deadline = self.loop.call_later(self._limits.arrival_seconds",
        new="next(_waits)\n        self._deadline = self.loop.call_later(600",
        law="9: a request arrives in its time",
        tests=_SLOW,
    ),
    _CONNECTIONS(
        name="next-request-may-take-for-ever",
        old="super().on_response_complete()\n        self._expect_request()",
        new="super().on_response_complete()\n        self._stop_waiting()",
        law="9: a request arrives in its time",
        tests=_SLOW,
    ),
    _CONNECTIONS(
        name="calls-go-on-for-no-one",
        old="self._begun.disconnected = True",
        new="pass",
        law="9: who leaves holds no place, whatever was sent ahead",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="answers-may-be-left",
        old="if self.is_answering and (is_taken or not self._is_being_answered):",
        new="if self.is_answering:",
        law="9: an answer is taken in its time",
        tests=_SLOW,
    ),
    _CONNECTIONS(
        name="newcomers-kept-out",
        old="oldest.transport.abort()",
        new="self.transport.abort()",
        law="silent connections keep no client out",
        tests=_SLOW,
    ),
    _CONNECTIONS(
        name="connections-without-limit",
        old="if len(self.connections) > self._limits.connections:",
        new="if False:",
        law="9: connections are bounded",
        tests=_SLOW,
    ),
    _CONNECTIONS(
        name="more-connections-than-descriptors",
        old="max(_CONNECTIONS_MIN, min(_CONNECTIONS_MAX, free))",
        new="_CONNECTIONS_MAX",
        law="9: connections are fewer than descriptors",
        tests=_SLOW,
    ),
    _CONNECTIONS(
        name="heads-without-end",
        old="if self._head_bytes > self._limits.head_bytes:",
        new="if False:",
        law="9: the head of a request is bounded",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="pipelines-without-end",
        old="if len(self.pipeline) >= self._limits.pipelined:",
        new="if False:",
        law="9: requests that wait on a connection are bounded",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="late-headers-taken",
        old="if not self._is_in_head:\n            # They",
        new="if False:\n            # They",
        law="headers behind a body are not taken",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="two-hosts-taken",
        old="if len(hosts) > 1 or",
        new="if",
        law="a request names its host once",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="no-host-taken",
        old="(not hosts and version != _OLD)",
        new="False",
        law="a request names its host once",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="old-http-spoken",
        old="if version not in _VERSIONS:",
        new="if False:",
        law="of HTTP versions 1.0 and 1.1 are spoken",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="another-protocol-awaited",
        old="if self.parser.should_upgrade() or self.expect_100_continue:",
        new="if self.expect_100_continue:",
        law="nothing behind a request for another protocol is read",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="refusal-overtakes-an-answer",
        old="if self.is_answering:\n            self.cycle.keep_alive = False\n        elif",
        new="if False:\n            self.cycle.keep_alive = False\n        elif",
        law="a refusal never takes the place of an answer",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="large-files-cut-off",
        old="self._body_bytes += len(body)\n",
        new="pass\n",
        law="large bodies may take longer",
        tests=_SLOW,
    ),
    _CONNECTIONS(
        name="requests-counted-together",
        old="        self._head_bytes = 0\n\n    def on_url",
        new="\n    def on_url",
        law="the limit of a head is that of one request",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="what-is-not-told-without-end",
        old="if self._untold_bytes > self._limits.head_bytes:",
        new="if False:",
        law="9: what a parser keeps is bounded",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="headers-without-number",
        old="if len(self.headers) >= self._limits.headers:",
        new="if False:",
        law="9: the head of a request is bounded",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="space-behind-values",
        old='value.strip(b" \\t")',
        new="value",
        law="space around a value is no part of it",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="other-codings-taken",
        old='[each.lower() for each in codings] != [b"chunked"]',
        new="False",
        law="the only transfer coding is chunked",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="chunks-of-old-http",
        old="version == _OLD or [each",
        new="[each",
        law="the only transfer coding is chunked, of HTTP 1.1",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="bodies-of-another-protocol-dropped",
        old="if self.parser.should_upgrade() and (codings",
        new="if False and (codings",
        law="no body is dropped",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="bodies-awaited-that-were-not-asked-for",
        old="if self.parser.should_upgrade() or self.expect_100_continue:",
        new="if self.parser.should_upgrade():",
        law="no request is taken for a body",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="old-http-told-to-continue",
        old="self.cycle.waiting_for_100_continue = False",
        new="pass",
        law="HTTP 1.0 knows no 100",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="addresses-of-other-hosts",
        old='address is None or address["host"] != host',
        new="address is None",
        law="a request is for a path of its host",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="fragments-taken",
        old='if b"#" in target:',
        new="if False:",
        law="a request is for a path of its host",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="refusal-behind-an-answer-lost",
        old="        super().on_headers_complete()\n        self._is_in_head = False\n",
        new="        super().on_headers_complete()\n",
        law="what is no request is refused",
        tests=_REQUESTS,
    ),
    _CONNECTIONS(
        name="closing-connections-without-limit",
        old="if each.holds_an_answer or not",
        new="if not",
        law="9: connections are bounded",
        tests=_REQUESTS,
    ),
    _WRITERS(
        name="jobs-without-a-thread-left",
        old="        except RuntimeError:",
        new="        except ArithmeticError:",
        law="9: each event is answered",
        tests=_WRITING,
    ),
    _WRITERS(
        name="thread-that-never-began-counted",
        old="            jobs.clear()\n            self._count(-1)\n",
        new="            jobs.clear()\n",
        law="9: every event gets its turn",
        tests=_WRITING,
    ),
    _CONNECTIONS(
        name="each-message-logged",
        old="if passed_at is not None and now - passed_at < LOG_SECONDS:",
        new="if False:",
        law="9: no client decides how much is logged",
        tests=_SLOW,
    ),
    _SERVING(
        name="failure-to-accept-with-a-trace",
        old="if isinstance(failed, OSError) and failed.errno in _OUT_OF_RESOURCES:",
        new="if False:",
        law="9: failures to accept are one line",
        tests=_SLOW,
    ),
    _SERVING(
        name="stop-waits-for-clients",
        old="call_later(self._stop_seconds, self._abort_connections)",
        new="call_later(600, self._abort_connections)",
        law="a server stops whatever is open",
        tests=_SLOW,
        equivalent=(
            "uvicorn itself cancels what is open a second later; connections are closed first so that each "
            "cancelled call leaves no trace in the log"
        ),
    ),
)
