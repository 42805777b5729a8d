"""Fakes that enforce the real semantics: conditions hold or they do not, tokens close, clocks only go forward."""
