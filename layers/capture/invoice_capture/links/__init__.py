"""Documents that a client gives as a URL, fetched without ever reaching what only we can reach."""
