"""What the web sees. Needs the extra ``commitcollect[web]``."""
