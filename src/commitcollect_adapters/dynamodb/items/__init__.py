"""THE item catalogue: keys, attribute names, indexes and encodings. Nothing else knows a key prefix.

Attribute names come from `records`. An attribute without a value is absent. Readers ignore attributes that
they do not know, and writers touch only their own.
"""
