from . import analyses as analyses
from . import interop as interop
from . import network as network
from . import plotting as plotting
from . import rules as rules
from . import sources as sources
from .brian.standalone import StandaloneProgram as StandaloneProgram
from .catalogue import check as check
from .models.adaptive_lif.model import AdaptiveLIF as AdaptiveLIF
from .models.ei_rate.model import EIRates as EIRates
from .models.ei_rate.stability import Stability as Stability
from .models.ei_rate.stability import stability as stability
from .models.ei_rate.stability import stability_map as stability_map
from .models.equation_neuron.model import EquationNeuron as EquationNeuron
from .models.escape_noise.model import EscapeNoise as EscapeNoise
from .models.escape_noise.network import VariationalNetwork as VariationalNetwork
from .models.quadratic.model import QuadraticNeuron as QuadraticNeuron
from .network.records import Network as Network
from .rules.rule import Rule as Rule
from .simulation.recording import Recording as Recording
from .simulation.simulate import Initial as Initial
from .simulation.simulate import simulate as simulate
from .spikes.trains import SpikeTrains as SpikeTrains
from .symbolic.derive import DerivedRule as DerivedRule
from .symbolic.derive import derive_rule as derive_rule
from .symbolic.populations import RatePopulations as RatePopulations

__version__: str
