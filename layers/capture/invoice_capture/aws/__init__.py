"""Adapters of the AWS services behind the ports."""
