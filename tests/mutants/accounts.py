"""Breaks of the laws around accounts: deletion, tombstones, receipts, exports."""

from __future__ import annotations

from functools import partial

from mutants.mutant import Mutant

_LAWS = ("tests/accounts/test_deletion_laws.py",)
_NOUNS = ("tests/accounts/test_accounts.py",)
_DELETING = ("tests/accounts/test_deleting.py",)
_EXPORTS = ("tests/accounts/test_exports.py",)
_SCANS = ("tests/contracts/test_deleted_accounts.py",)
_RETAINING = ("tests/strava/test_retaining.py",)
_REGISTRY = ("tests/accounts/test_registry.py",)


def _contract(technology: str) -> tuple[str, ...]:
    return (f"tests/contracts/test_stores.py::TestPersonalData{technology}",)


_STEPS = partial(Mutant, file="commitcollect_core/accounts/deleting.py")
_ERASING = partial(Mutant, file="commitcollect_core/accounts/erasing.py")
_STATE = partial(Mutant, file="commitcollect_core/accounts/deletion.py")
_RULES = partial(Mutant, file="commitcollect_core/accounts/registry.py")

MUTANTS = (
    _STATE(
        name="deletion-proved-by-one-look",
        old="if first is not None and result.verified_at >=",
        new="if first is None or result.verified_at >=",
        law="7: two looks in a row prove a deletion",
        tests=_NOUNS,
    ),
    _STATE(
        name="deletion-never-given-up",
        old="    if now >= deadline:\n",
        new="    if False:\n",
        law="a deletion ends, whatever others do",
        tests=_NOUNS,
    ),
    _STEPS(
        name="deletion-reads-tokens-before-the-fence",
        old="        self.ledger.fence(user_id, now=self.context.now())\n",
        new="",
        law="7: nothing is written behind the fence",
        tests=_LAWS,
    ),
    _ERASING(
        name="deletion-leaves-jobs",
        old="        if step is DeletionStep.ERASE_LINKS:\n",
        new="        if False:\n",
        law="7: of a deleted account nothing is left, in the queue neither",
        tests=_DELETING,
    ),
    _STEPS(
        name="deletion-waits-for-the-directory",
        old="self.erasing.erase(DeletionStep.ERASE_IDENTITY, known.person)\n        if self.directory",
        new="if self.directory",
        law="7: the profile is erased",
        tests=_DELETING,
    ),
    _STEPS(
        name="deletion-leaves-bytes",
        old="        self.erasing.personal.scrub()\n",
        new="",
        law="7: erased bytes are gone from the file and its log",
        tests=_SCANS,
    ),
    _RULES(
        name="awards-are-forgotten",
        old='        holds="an awarded part, and the workout that earned it",\n        erased_in=_LEDGER,\n',
        new='        holds="an awarded part, and the workout that earned it",\n',
        law="every type of a person's items has a step that erases it",
        tests=_REGISTRY,
    ),
    Mutant(
        name="sqlite-tombstone-ignored",
        file="commitcollect_adapters/sqlite/deletion_check.py",
        old="    if found is not None:\n",
        new="    if False:\n",
        law="7: behind the tombstone nothing begins",
        tests=_contract("OnSqlite"),
    ),
    Mutant(
        name="memory-tombstone-ignored",
        file="commitcollect_adapters/memory/ledger.py",
        old="        if self.deletions.holds(user_id):\n",
        new="        if False:\n",
        law="7: behind the tombstone nothing begins",
        tests=_contract("InMemory"),
    ),
    Mutant(
        name="dynamodb-tombstone-ignored",
        file="commitcollect_adapters/dynamodb/deletions.py",
        old="key = deletion_key(deletions.id_of(_key(client), user_id))",
        new='key = deletion_key(deletions.id_of(_key(client), UserId("")))',
        law="7: behind the tombstone nothing begins",
        tests=_contract("OnDynoxide"),
    ),
    Mutant(
        name="first-commit-too-large",
        file="commitcollect_core/training/drafts.py",
        old="self._items_max - (self._head.version == 0)",
        new="self._items_max",
        law="9: the first commit leaves a place for the look at the deletions",
        tests=("tests/training/test_bounds.py",),
    ),
    Mutant(
        name="receipt-signature-unchecked",
        file="commitcollect_core/accounts/receipts.py",
        old='if receipt.keys() != {*whole, "signature"} or not is_signed(canonical(whole), raw):',
        new='if receipt.keys() != {*whole, "signature"}:',
        law="a receipt that was changed is told",
        tests=("tests/cli/test_account.py",),
    ),
    Mutant(
        name="export-with-session-hashes",
        file="commitcollect_core/accounts/exporting.py",
        old="if name not in hidden and value is not None",
        new="if value is not None",
        law="tokens and hashes are in no export",
        tests=_EXPORTS,
    ),
    Mutant(
        name="export-unchecked",
        file="commitcollect_adapters/exports/reading.py",
        old='    if left or hashed.hexdigest() != entry["sha256"]:\n',
        new="    if left:\n",
        law="an export that was changed is not taken over",
        tests=_EXPORTS,
    ),
    Mutant(
        name="settled-counts-twice",
        file="commitcollect_core/training/workouts.py",
        old="    if before is not None and before.is_settled:\n",
        new="    if False:\n",
        law="what was settled never counts twice",
        tests=_RETAINING,
    ),
    Mutant(
        name="settling-lowers-the-sum",
        file="commitcollect_core/training/drafts.py",
        old="        moves = [] if is_settled else self._moves(before, after)\n",
        new="        moves = self._moves(before, after)\n",
        law="1: settling moves neither sums nor progress",
        tests=_RETAINING,
    ),
    Mutant(
        name="recount-forgets-the-settled",
        file="commitcollect_core/training/decisions.py",
        old="    if not recount.settled or progress.is_stale or",
        new="    if True or",
        law="a recount leaves what was settled in the sum",
        tests=_RETAINING,
    ),
    Mutant(
        name="signature-unchecked",
        file="commitcollect_core/strava/webhook_intake.py",
        old="        if not any(hmac.compare_digest(",
        new="        if given and not any(True or hmac.compare_digest(",
        law="with a key, only what Strava signed is taken",
        tests=("tests/strava/test_signatures.py",),
    ),
)
