from .run import NeuronsResult as NeuronsResult
from .run import simulate_neurons as simulate_neurons
