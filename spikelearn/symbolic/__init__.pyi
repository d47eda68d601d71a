from .derive import DerivedRule as DerivedRule
from .derive import derive_rule as derive_rule
from .populations import RatePopulations as RatePopulations
from .spectrum import RuleSpectrum as RuleSpectrum
from .spectrum import rule_spectrum as rule_spectrum
from .verify import GradientCheck as GradientCheck
