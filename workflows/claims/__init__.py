"""The parts of a claim that follows no advance: its bill, its people, its payment, its refusals.

The story itself is `workflows.claim`; what a deposit waiver has as well lies in `workflows.cases`.
"""
