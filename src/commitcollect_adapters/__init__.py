"""Adapters: everything that touches the world on the core's behalf. One module or folder per technology."""
