from .common_drive import CommonDrive as CommonDrive
from .cox import GammaModulatedPoisson as GammaModulatedPoisson
from .cox import OUModulatedPoisson as OUModulatedPoisson
from .gain import GainModulatedPoisson as GainModulatedPoisson
from .poisson import HomogeneousPoisson as HomogeneousPoisson
from .poisson import InhomogeneousPoisson as InhomogeneousPoisson
from .rates import BoundedRate as BoundedRate
from .rates import SinusoidalRate as SinusoidalRate
