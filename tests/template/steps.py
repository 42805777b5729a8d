"""The steps of the pipeline, by the one name that each of them has everywhere."""

from tools.stage import PROJECT

STEPS = sorted(folder.name for folder in (PROJECT / "functions").iterdir() if (folder / "app.py").exists())


def pascal(step: str) -> str:
    """``submit_document`` is ``SubmitDocument``."""
    return step.title().replace("_", "")


def state(step: str) -> str:
    """``submit_document`` is ``Submit Document``."""
    return step.replace("_", " ").title()
