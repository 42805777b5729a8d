"""What several of the others need."""
