"""The three providers as loopback servers that hold to their contracts, extract for real and fail as scripted.

    with start("ocr_job", script=Script(credit=3)) as simulator:
        simulator.settings      # what a client needs: base_url and credentials
        simulator.accepted      # what it took and would charge for

``python -m local_stack.simulators NAME`` runs one alone; ``script.py`` describes the script.
"""

from local_stack.simulators.registry import NAMES, start
from local_stack.simulators.script import Script
from local_stack.simulators.simulator import Entry, Simulator

__all__ = ["NAMES", "Entry", "Script", "Simulator", "start"]
