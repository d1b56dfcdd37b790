"""Training: workouts, milestones, awards, and the ledger that holds them."""
