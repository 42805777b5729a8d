"""The servers that the providers of a stack talk to: the scripted one, and simulators where no other is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from invoice_capture.domain.job import provider_of
from local_stack import scripted_provider, simulators
from local_stack.simulators import Script, Simulator


class Clock(Protocol):
    def now(self) -> datetime: ...


class ProviderServers:
    """A provider that has settings, but no ``base_url`` among them, is simulated if it can be.

    ``settings`` are the providers' secrets, with those that the simulators add; ``scripts`` are for the simulators.

    Raises:
        UserError: a script does not fit its simulator.
    """

    def __init__(
        self,
        given: Mapping[str, Mapping[str, str]],
        scripts: Mapping[str, Script],
        clock: Clock,
        on_request: Callable[[], None],
    ) -> None:
        self._scripts = scripts
        self._clock = clock
        self._on_request = on_request
        self._script = given.get(scripted_provider.NAME, {})
        self.scripted = scripted_provider.start_server(self._script, on_request)
        self.simulators: dict[str, Simulator] = {}
        for name, settings in given.items():
            if provider_of(name) in simulators.NAMES and not settings.get("base_url"):
                self.simulators[name] = self._start(name, settings)
        added = {name: simulator.settings for name, simulator in self.simulators.items()}
        self.settings: Mapping[str, Mapping[str, str]] = MappingProxyType(
            {scripted_provider.NAME: self._script, **given, **added}
        )

    def restart(self) -> None:
        """Begin anew, at the same places: nothing accepted, no faults but those of the scripts."""
        self.scripted = scripted_provider.start_server(self._script, self._on_request)
        for name, simulator in self.simulators.items():
            simulator.close()
            self.simulators[name] = self._start(name, self.settings[name], simulator.port)

    def close(self) -> None:
        for simulator in self.simulators.values():
            simulator.close()

    def _start(self, name: str, settings: Mapping[str, str], port: int = 0) -> Simulator:
        script = self._scripts.get(name, Script()).model_copy(deep=True)
        return simulators.start(provider_of(name), clock=self._clock, script=script, settings=settings, port=port)
