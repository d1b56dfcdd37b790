"""Records: the core's values as flat tuples under the item catalogue's names, the same for every store.

Times are epoch seconds. A versioned record starts with its version, then its keys.
"""
