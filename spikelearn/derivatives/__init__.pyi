from .backpropagation import Gradient as Gradient
from .backpropagation import gradient as gradient
from .fit_result import Fit as Fit
from .fitting import fit as fit
from .jacobian import NoEffect as NoEffect
from .jacobian import spike_time_jacobian as spike_time_jacobian
from .smoothness import NoDerivative as NoDerivative
from .smoothness import Smoothness as Smoothness
