"""What CI explores: one thing goes wrong, in every way and at every moment, and for one document two things."""

from __future__ import annotations

from datetime import timedelta

from tests.model.setting import Setting

IN_CI = (
    Setting(pendings=1, discards=True),
    Setting(lags=1),
    Setting(crashes=1),
    Setting(jobs=1, crashes=1, turns=2),
    Setting(faults=1),
    Setting(faults=1, finds=True, discards=True),
    Setting(jobs=1, jumps=1),
    Setting(jobs=1, crashes=1, faults=1),
    Setting(jobs=1, crashes=1, faults=1, finds=True, discards=True),
    Setting(jobs=1, crashes=1, lags=1),
    Setting(jobs=1, doubles=1),
    Setting(jobs=1, crashes=2),
    Setting(jobs=1, faults=3, finds=True),
    Setting(jobs=1, route=("paid", "other"), faults=2),
    Setting(jobs=1, route=("paid", "other"), crashes=1, faults=1),
    Setting(jobs=1, deadline=timedelta(minutes=17), crashes=1, faults=1),
)
