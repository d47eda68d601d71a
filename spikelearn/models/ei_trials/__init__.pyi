from .protocol import VARIANTS as VARIANTS
from .protocol import Protocol as Protocol
from .result import TrialsDivergedError as TrialsDivergedError
from .run_trials import run_trials as run_trials
