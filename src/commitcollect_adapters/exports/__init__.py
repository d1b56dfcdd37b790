"""Exports of accounts as files: a folder or a zip of JSON Lines, a manifest, and workouts as CSV."""

from commitcollect_adapters.exports.reading import opened_export
from commitcollect_adapters.exports.writing import write_folder, write_zip

__all__ = ["opened_export", "write_folder", "write_zip"]
