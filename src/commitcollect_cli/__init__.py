"""The command line: parses, calls use cases, prints. No rule of the product is decided here."""
