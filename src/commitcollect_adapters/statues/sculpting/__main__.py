"""Bake the shipped statues again, or check that baking gives what is shipped.

python -m commitcollect_adapters.statues.sculpting [--check] [--clearance MM] [--out FOLDER] [MODEL…]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from commitcollect_adapters.statues.sculpting import baking, comparing
from commitcollect_adapters.statues.sculpting.dragon import SCULPTURE as DRAGON
from commitcollect_adapters.statues.sculpting.fitting import CLEARANCE_MM
from commitcollect_adapters.statues.sculpting.phoenix import SCULPTURE as PHOENIX

SCULPTURES = {each.model_id: each for each in (DRAGON, PHOENIX)}
SHIPPED = Path(__file__).parents[1]
COUPON = "coupon.ccm"


def main(arguments: list[str]) -> int:
    """Bake each model that is named, or all."""
    parser = argparse.ArgumentParser(prog="sculpting", description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="one of: " + ", ".join(SCULPTURES))
    parser.add_argument("--check", action="store_true", help="compare with what is shipped, write nothing")
    parser.add_argument("--clearance", type=float, default=CLEARANCE_MM, help="room beside a peg, in mm")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="the folder to write to")
    given = parser.parse_args(arguments)
    unknown = sorted({*given.models} - {*SCULPTURES})
    if unknown:
        parser.error(f"no such sculpture: {', '.join(unknown)}")
    differences = []
    for model_id in given.models or SCULPTURES:
        file = f"{model_id}.json"
        definition = json.loads((SHIPPED / file).read_text(encoding="utf-8"))
        baked = baking.bake(SCULPTURES[model_id], definition, given.clearance)
        if given.check:
            differences += comparing.differences(baked, SHIPPED, file)
        else:
            baking.write(baked, given.out, file)
    coupon = baking.bake_coupon()
    if given.check:
        differences += comparing.coupon_differences(coupon, SHIPPED / COUPON)
    else:
        (given.out / COUPON).write_bytes(coupon)
    for each in differences:
        sys.stderr.write(f"{each}\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
