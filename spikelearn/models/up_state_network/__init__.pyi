from .detector import find_ups as find_ups
from .model import PUBLISHED_START as PUBLISHED_START
from .model import STUDY_START as STUDY_START
from .model import UpStateNetwork as UpStateNetwork
from .synapses import UpStateSynapses as UpStateSynapses
