"""What seals tokens in the store. Needs the extra ``commitcollect[crypto]``."""
