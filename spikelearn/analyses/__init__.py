"""Analyses of spike trains: functions from spike trains and stimuli to labelled results."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
