"""From a model to a recording: arguments, initial states, recordings, targets."""
