"""From candidates to the invoice: ranking, thresholds, and totals that add up."""
