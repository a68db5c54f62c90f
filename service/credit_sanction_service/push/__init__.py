"""The push worker: every target converges to what the store says it should have."""
