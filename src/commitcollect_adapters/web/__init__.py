"""What a browser and Strava see. Pages need the standard library, the rest ``commitcollect[web]``."""
