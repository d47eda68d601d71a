from .brian_objects import from_spike_monitor as from_spike_monitor

from .files import read_spikes as read_spikes
from .neo_objects import from_neo as from_neo
from .neo_objects import to_neo as to_neo
from .nwb_files import from_nwb as from_nwb
from .nwb_files import to_nwb as to_nwb
from .parquet_files import read_parquet as read_parquet
from .parquet_files import write_parquet as write_parquet
from .pynapple_objects import from_pynapple as from_pynapple
from .pynapple_objects import to_pynapple as to_pynapple
from .text_files import read_csv as read_csv
from .text_files import write_csv as write_csv
