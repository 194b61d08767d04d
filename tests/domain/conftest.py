"""Hypothesis for the rules: no time limit an example; a busy machine is not a wrong rule."""

from hypothesis import settings

settings.register_profile("rules", deadline=None)
settings.load_profile("rules")
