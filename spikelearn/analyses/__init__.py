"""Analyses of spike trains: functions from spike trains and stimuli to labelled results."""
