"""Optical character recognition: the port, and the readers behind it."""
