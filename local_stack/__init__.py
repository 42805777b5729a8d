"""The whole stack on one machine: template.yaml and the state machines on moto, with the real handlers."""
