"""The hospitals' own channel: the story of one patient in `rescue`, and what it is told with."""
