"""The accounts of a service: profiles, sessions, audit, deletion."""
