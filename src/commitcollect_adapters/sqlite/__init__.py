"""The stores in one SQLite file: durable, and safe for several threads and processes."""
