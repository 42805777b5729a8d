"""The history of a job: read from a stack, written to a folder, and whether it is still what it was."""
