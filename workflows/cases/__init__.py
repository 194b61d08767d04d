"""What a deposit waiver and a claim both stand on: one state, one desk, one record of a case.

Both move money for a patient under one id, hear of payments, refunds and disputes, and may be held
by a supervisor. What only a stay knows lies in `workflows.waiver`, what only a claim in
`workflows.claims`; neither imports the other.
"""
