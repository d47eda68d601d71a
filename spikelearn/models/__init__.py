"""The systems, each with its equations, its parameters and its theory."""

import lazy_loader

# Public by its own name, as spikelearn.entropy_rule.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules={"entropy_rule"})
