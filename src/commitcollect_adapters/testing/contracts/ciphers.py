"""Every promise of `TokenCipher`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from functools import cached_property
from string import ascii_letters, digits

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from commitcollect_adapters.testing.contracts.checks import (
    THREADS,
    assert_same,
    property_test,
    race,
    undefined,
)
from commitcollect_core.errors import SealBroken
from commitcollect_core.strava.ports import SealContext, TokenCipher

PLAIN = "a-refresh-token-that-must-stay-secret"
CONTEXT = SealContext("StravaConnection", "me", "refreshToken")

_any_text = st.text(st.characters(exclude_categories=()), max_size=100)
_ids = st.text(st.characters(exclude_categories=()), max_size=8)
_contexts = st.builds(SealContext, _ids, _ids, _ids)
_close_contexts = st.builds(SealContext, *[st.text('ab,"|', max_size=3)] * 3)
"""Contexts that a careless way to write them would mix up."""

_characters = st.sampled_from(ascii_letters + digits + "-_.=")


class TokenCipherContract:
    """Subclass it, call the class ``Test…`` and run pytest."""

    def new_cipher(self) -> TokenCipher:
        """A cipher; all that one test makes know the same keys."""
        undefined("new_cipher")

    def stranger(self) -> TokenCipher:
        """A cipher of the same kind with other keys."""
        undefined("stranger")

    @cached_property
    def cipher(self) -> TokenCipher:
        """One cipher per test, as making one may be slow."""
        return self.new_cipher()

    @property_test
    @given(plain=_any_text, context=_contexts)
    def test_a_text_comes_back(self, plain: str, context: SealContext) -> None:
        """Any text, in any context."""
        assert_same(self.cipher.unseal(self.cipher.seal(plain, context), context), plain)

    @property_test
    @given(plain=st.text(ascii_letters, min_size=8), context=_contexts)
    def test_nothing_shows(self, plain: str, context: SealContext) -> None:
        """A sealed text reveals nothing and never repeats.

        It is plain ASCII without spaces.
        """
        sealed = [self.cipher.seal(plain, context) for _ in range(2)]
        assert sealed[0] != sealed[1]
        assert all(each.isascii() and each.isprintable() and " " not in each for each in sealed)
        assert not any(plain in each for each in sealed)

    @property_test
    @given(sealed_in=_close_contexts, opened_in=_close_contexts)
    def test_it_opens_in_its_own_context_only(self, sealed_in: SealContext, opened_in: SealContext) -> None:
        """Any other item, row or field is refused, however similar."""
        assume(sealed_in != opened_in)
        with pytest.raises(SealBroken) as refused:
            self.cipher.unseal(self.cipher.seal(PLAIN, sealed_in), opened_in)
        assert PLAIN not in refused.value.message

    def test_no_character_separates_the_parts_of_a_context(self) -> None:
        """Moving any separator between two parts makes another context."""
        for mark in map(chr, range(128)):
            for one, other in (
                (SealContext(f"a{mark}x", "b", "c"), SealContext("a", f"x{mark}b", "c")),
                (SealContext("a", f"b{mark}x", "c"), SealContext("a", "b", f"x{mark}c")),
            ):
                with pytest.raises(SealBroken):
                    self.cipher.unseal(self.cipher.seal(PLAIN, one), other)

    @property_test
    @given(data=st.data())
    def test_one_changed_character_is_refused(self, data: st.DataObject) -> None:
        """A change is found in the format, key name, padding or text."""
        sealed = self.cipher.seal(PLAIN, CONTEXT)
        place = data.draw(st.integers(0, len(sealed) - 1))
        changed = sealed[:place] + data.draw(_characters) + sealed[place + 1 :]
        assume(changed != sealed)
        with pytest.raises(SealBroken):
            self.cipher.unseal(changed, CONTEXT)

    @property_test
    @given(data=st.data())
    def test_what_is_cut_or_added_to_is_refused(self, data: st.DataObject) -> None:
        """Every part is needed, and nothing may be added at either end."""
        sealed = self.cipher.seal(PLAIN, CONTEXT)
        cut = data.draw(st.integers(0, len(sealed) - 1))
        more = data.draw(_characters | st.sampled_from(" \n\0\u00e9\ud800"))
        for changed in (sealed[:cut], sealed[cut + 1 :], sealed + more, more + sealed):
            with pytest.raises(SealBroken):
                self.cipher.unseal(changed, CONTEXT)

    @property_test
    @given(garbage=_any_text | st.from_regex(r"\A[kv][0-9](\.[A-Za-z0-9_=-]{0,60}){1,3}\Z"))
    def test_what_was_never_sealed_is_refused(self, garbage: str) -> None:
        """A plain token stored by mistake does not show in the error."""
        with pytest.raises(SealBroken) as refused:
            self.cipher.unseal(garbage, CONTEXT)
        assert len(garbage) < len(PLAIN) or garbage not in refused.value.message

    def test_parts_of_two_sealed_texts_do_not_fit(self) -> None:
        """The start of one and the end of another do not open."""
        first, second = (self.cipher.seal(PLAIN, CONTEXT) for _ in range(2))
        for place in range(1, len(first)):
            mixed = first[:place] + second[place:]
            if mixed not in {first, second}:
                with pytest.raises(SealBroken):
                    self.cipher.unseal(mixed, CONTEXT)

    def test_another_process_opens_it(self) -> None:
        """What one cipher sealed, another with the same keys opens."""
        assert self.new_cipher().unseal(self.new_cipher().seal(PLAIN, CONTEXT), CONTEXT) == PLAIN

    def test_a_strange_key_is_refused(self) -> None:
        """Without the key nothing opens; the error reveals no text."""
        sealed = self.new_cipher().seal(PLAIN, CONTEXT)
        with pytest.raises(SealBroken) as refused:
            self.stranger().unseal(sealed, CONTEXT)
        assert PLAIN not in refused.value.message
        assert sealed not in refused.value.message

    def test_threads_share_a_cipher(self) -> None:
        """Many seal and open at once, and each gets its own text."""
        cipher = self.cipher

        def there_and_back(plain: str) -> bool:
            return all(cipher.unseal(cipher.seal(plain, CONTEXT), CONTEXT) == plain for _ in range(20))

        assert all(race([lambda n=n: there_and_back(f"token {n}") for n in range(THREADS)]))  # type: ignore[misc]  # mypy infers no type for a lambda with a default
