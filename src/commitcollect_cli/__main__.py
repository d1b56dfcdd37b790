"""``python -m commitcollect_cli``."""

from commitcollect_cli.start import run

if __name__ == "__main__":
    run()
