"""The chapters of a hospital stay under a deposit waiver, and the parts only a stay has.

The story itself is `workflows.deposit_waiver`; what a claim has as well lies in `workflows.cases`.
"""
