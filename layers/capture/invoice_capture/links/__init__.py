"""Documents that a client gives as an URL, fetched without ever reaching what only we can reach."""
