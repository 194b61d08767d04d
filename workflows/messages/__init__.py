"""Every message that crosses the wire between the door and a workflow, by who hears it.

All are tolerant readers (unknown fields are ignored, new ones have defaults): a malformed start
would wedge a matter for ever. Strictness lives at the door. What comes from outside carries `at`,
when the door received it: a promise runs from the customer's call, not from a worker's turn.
"""
