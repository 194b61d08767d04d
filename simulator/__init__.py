"""The counterparties, played as one HTTP service: somebody else's system, for tests and the demo.

Payment networks, a nurse platform, SMS and WeChat messages and an insurer's claims core. Each keeps
its own durable books, answers every order once under its idempotency key, reports late results by
signed callbacks, and can be told to misbehave. Nothing here imports another room.
"""
