"""What releases leave behind in an account, and whether the present one goes on with it."""
