"""Every mutant. A new law brings its own."""

from __future__ import annotations

from mutants import accounts, crowds, folds, generated, jobs, recurrence, stores, strava, training, web
from mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *training.MUTANTS,
    *folds.MUTANTS,
    *recurrence.MUTANTS,
    *generated.MUTANTS,
    *jobs.MUTANTS,
    *strava.MUTANTS,
    *stores.MUTANTS,
    *web.MUTANTS,
    *crowds.MUTANTS,
    *accounts.MUTANTS,
)
