"""From activity to connectivity: the three-neuron input network of the source."""

from __future__ import annotations

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.input_network import InputNetwork

__all__ = ["MIRROR", "START", "source_network"]

START = (0.0, -1.230205787101, -1.840097967686)
"""A point on one of the two cycles of `source_network`, which are mirror images."""

MIRROR = (0.0, 1.230205787101, 1.840097967686)
"""A point on the other one."""


def source_network() -> InputNetwork:
    """Give the input network with l_0 = 1, tanh and a limit cycle of period 5.7352.

    W_0 is odd-symmetric with tanh, so that two mirror cycles coexist: the start decides. Weights learned
    from either are the same.

    Returns
    -------
    InputNetwork

    References
    ----------
    004, "From activity to connectivity" and figure 4a, whose values are not printed: this matrix is our choice.

    Examples
    --------
    >>> import spikelearn as sl
    >>> network = sl.entropy_rule.source_network()
    >>> round(network.cycle(sl.entropy_rule.START, settle=0.0).period, 4)
    5.7352
    """
    W: Floats = np.array([[2.0, -2.5, 0.0], [2.0, 1.5, -1.0], [0.0, -2.0, 3.0]])
    return InputNetwork(W, 1.0, "tanh")
