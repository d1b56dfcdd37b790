"""Adapters: everything that touches the world for the core.

One module or folder per technology.
"""
