"""From words with boxes to lines and cells, by geometry alone."""
