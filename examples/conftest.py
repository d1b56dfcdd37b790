"""The suite of this folder tries few examples, as it runs with every change.

Leave this out for a store of your own.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("examples", max_examples=8)
settings.load_profile("examples")
