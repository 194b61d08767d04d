"""Many hospital stays at once while processes are killed and partners misbehave: `make soak`."""
