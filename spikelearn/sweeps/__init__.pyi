from .figure import sweep_figure as sweep_figure
from .result import open as open
from .samplers import latin_hypercube as latin_hypercube
from .samplers import random as random
from .sweep import sweep as sweep
