"""The steps of the pipeline, by the one name that each of them has everywhere."""

from importlib import import_module

from tools.stage import PROJECT

STEPS = sorted(folder.name for folder in (PROJECT / "functions").iterdir() if (folder / "app.py").exists())


def pascal(step: str) -> str:
    """``submit_document`` is ``SubmitDocument``."""
    return step.title().replace("_", "")


def step_class(step: str) -> type:
    """What the handler of a step asks the application for."""
    module = "api.jobs_api" if step == "jobs_api" else f"use_cases.steps.{step}"
    found: type = getattr(import_module(f"invoice_capture.{module}"), pascal(step))
    return found


def state(step: str) -> str:
    """``submit_document`` is ``Submit Document``."""
    return step.replace("_", " ").title()
