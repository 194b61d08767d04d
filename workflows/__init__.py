"""The stories: wait, decide, call. Deterministic, for Temporal tells them again from their history.

Four stand here: `deposit_waiver`, `claim`, `enquiry` and `reconciliation`; the shapes of what is
booked in `bookings`, the hospitals' own channel in `rescues`. Their chapters are in `waiver` and
`claims`, what those two share in `cases`, what every payment does in `money`, every message in
`messages`. Beside the stories stands what any of them is told with: `matter` is what it knows,
`storyteller` and `front_desk` wait and ask, `clocks` keep promises, `scribe` and `cockpit` show
and write down. Who may import whom is a contract of `pyproject.toml`.
"""
