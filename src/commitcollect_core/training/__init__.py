"""What training counts for: workouts, milestones, awards, and the ledger that holds them."""
