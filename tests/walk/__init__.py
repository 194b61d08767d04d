"""A seeded random walk over whole cases in virtual time."""
