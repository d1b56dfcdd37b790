"""What a host sees of itself: the audit trail, logs, metrics and spans."""
