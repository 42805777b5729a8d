"""One function per step of the pipeline; everything from outside comes in as an argument."""
