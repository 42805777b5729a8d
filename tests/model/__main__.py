"""python -m tests.model: explore the protocol of the loop.

Without options, what CI explores. With options, one setting of your own, such as
``--jobs 2 --crashes 1 --faults 1 --finds``.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from datetime import timedelta

from tests.model.explorer import Explorer
from tests.model.setting import Setting
from tests.model.settings import IN_CI

_BUDGETS = tuple(Setting().budgets)
_ROW = "{:>10} {:>12} {:>6} {:>8}  {}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description="Explore the protocol of the loop.")
    parser.add_argument("--jobs", type=int, default=2, help="documents (default: 2)")
    parser.add_argument("--route", default="paid", help="providers in their order, with commas (default: paid)")
    parser.add_argument("--finds", action="store_true", help="the provider can be asked whether it knows a job")
    parser.add_argument("--discards", action="store_true", help="the provider keeps a copy that is to be deleted")
    parser.add_argument("--deadline", type=int, metavar="MINUTES", help="of every job")
    parser.add_argument("--turns", type=int, help="of a loop until it hands over to a fresh execution")
    for name in _BUDGETS:
        parser.add_argument(f"--{name}", type=int, default=0, help="how many there may be (see tests/model/setting.py)")
    parser.add_argument("--most-states", type=int, help="give up after so many")
    parser.add_argument("--most-faults", type=int, default=1, help="stop when so many are found (default: 1)")
    given = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(given)
    settings = [_setting(options)] if given else list(IN_CI)
    print(_ROW.format("states", "transitions", "ends", "seconds", "setting"))
    return max(_explore(setting, options.most_states, options.most_faults) for setting in settings)


def _setting(options: argparse.Namespace) -> Setting:
    setting = Setting(
        jobs=options.jobs,
        route=tuple(options.route.split(",")),
        finds=options.finds,
        discards=options.discards,
        **{name: getattr(options, name) for name in _BUDGETS},
    )
    if options.turns is not None:
        setting = replace(setting, turns=options.turns)
    return setting if options.deadline is None else replace(setting, deadline=timedelta(minutes=options.deadline))


def _explore(setting: Setting, most_states: int | None, most_faults: int) -> int:
    """The exit status: 1 for a fault, or for a space that was not explored to its end."""
    began_at = time.monotonic()
    explored = Explorer(setting).explore(most_states=most_states, most_faults=most_faults)
    seconds = f"{time.monotonic() - began_at:.1f}"
    print(_ROW.format(f"{explored.states:,}", f"{explored.transitions:,}", explored.ends, seconds, setting), flush=True)
    for fault in explored.faults:
        print(f"\n{fault}\n")
    if not explored.is_complete and not explored.faults:
        print("This is not all: there are more states.")
    return 0 if explored.is_complete and not explored.faults else 1


if __name__ == "__main__":
    sys.exit(main())
