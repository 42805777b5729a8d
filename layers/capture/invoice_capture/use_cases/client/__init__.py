"""What the API and the command line do for a client."""
