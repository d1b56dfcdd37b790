"""Delivering a history to an engine, in any order, with duplicates and crashes."""
