"""The connection to Strava: tokens, webhooks, backfills, reconciliation."""
