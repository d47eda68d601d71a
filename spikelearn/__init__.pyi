from . import analyses as analyses
from . import interop as interop
from . import plotting as plotting
from . import rules as rules
from . import sources as sources
from .catalogue import check as check
from .models.adaptive_lif.model import AdaptiveLIF as AdaptiveLIF
from .models.ei_rate.model import EIRates as EIRates
from .recording import Recording as Recording
from .rule import Rule as Rule
from .simulation import Initial as Initial
from .simulation import simulate as simulate
from .spikes import SpikeTrains as SpikeTrains
from .verdicts import Stability as Stability
from .verdicts import stability as stability
from .verdicts import stability_map as stability_map
from .standalone import StandaloneProgram as StandaloneProgram

__version__: str
