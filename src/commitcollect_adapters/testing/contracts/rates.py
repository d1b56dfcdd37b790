"""Every promise of `RateBudgetStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from hypothesis import given

from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import (
    THREADS,
    assert_read_back,
    check_one_ahead,
    property_test,
    race,
)
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_adapters.testing.service_strategies import rate_budgets
from commitcollect_core.errors import VersionConflict
from commitcollect_core.stores import Stores
from commitcollect_core.strava.rates import RateBudget

_CALLS_EACH = 3


def _enter_call(stores: Stores, scope: str) -> None:
    """Add one call to a budget, with retries after lost races."""
    while True:
        stored = stores.rates.read(scope)
        try:
            stores.rates.write(scope, service.rate_budget(1 if stored is None else stored.version + 1))
        except VersionConflict:
            continue
        return


class RateBudgetStoreContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_there_is_no_budget_at_first(self) -> None:
        """Reading is not an error."""
        with self.open_stores() as stores:
            assert stores.rates.read(service.new_name("scope")) is None

    @property_test
    @given(first=rate_budgets(version=1), second=rate_budgets(version=2))
    def test_a_budget_is_read_back(self, first: RateBudget, second: RateBudget) -> None:
        """Every field is read back after an insert and an overwrite."""
        with self.open_stores() as stores:
            scope = service.new_name("scope")
            for budget in (first, second):
                stores.rates.write(scope, budget)
                assert_read_back(stores.rates.read(scope), budget)

    def test_a_budget_is_written_one_version_ahead(self) -> None:
        """Any other version is refused, and nothing of it is written."""
        with self.open_stores() as stores:
            scope = service.new_name("scope")
            check_one_ahead(
                lambda version: stores.rates.write(scope, service.rate_budget(version)),
                lambda: stores.rates.read(scope),
            )

    def test_scopes_never_see_each_other(self) -> None:
        """A scope that is a prefix of another has its own budget."""
        with self.open_stores() as stores:
            scope = service.new_name("athlete")
            stores.rates.write(scope, service.rate_budget())
            assert stores.rates.read(scope + "0") is None
            for version in (1, 2):
                stores.rates.write(scope + "0", service.rate_budget(version))
            assert stores.rates.read(scope) == service.rate_budget()

    def test_calls_entered_at_once_are_all_counted(self) -> None:
        """Workers that retry after a conflict lose no call."""
        with self.open_stores() as stores:
            scope = service.new_name("scope")

            def work() -> None:
                for _ in range(_CALLS_EACH):
                    _enter_call(stores, scope)

            assert race([work] * THREADS) == [None] * THREADS
            assert stores.rates.read(scope) == service.rate_budget(THREADS * _CALLS_EACH)
