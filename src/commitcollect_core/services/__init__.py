"""Use cases: the only core code that calls ports. They order calls and leave every rule to the nouns."""
