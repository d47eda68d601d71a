from .measures import saturated as saturated
from .measures import spread as spread
from .measures import weight_correlation as weight_correlation
from .model import EIUnits as EIUnits
from .theory import TotalWeights as TotalWeights
from .theory import balance_slope as balance_slope
from .theory import total_weights as total_weights
from .theory import two_population_trial as two_population_trial
