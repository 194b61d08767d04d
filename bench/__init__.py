"""Speed and size, measured beside a bare Temporal client in one run: `make bench`.

Absolute times say more about the machine than about the product, so every one of them stands beside
the same call on a skeleton: a workflow of the same commands whose activities do nothing, driven by
nothing but the SDK's own client. The two take turns, and the ratio is what counts.
"""
