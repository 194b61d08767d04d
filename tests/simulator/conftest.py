"""The simulator, played against directly."""

from tests.simulator_process import listener, listening, simulator, simulator_process

__all__ = ["listener", "listening", "simulator", "simulator_process"]
