"""The HTTP host. Needs the extra ``commitcollect[web]``."""
