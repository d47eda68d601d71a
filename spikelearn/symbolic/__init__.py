"""From a loss to a plasticity rule, by computer algebra."""
