"""Amounts, targets and goals as people write and read them."""
