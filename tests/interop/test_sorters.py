"""Phy folders, MATLAB files and SpikeInterface sortings."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from spikelearn import SpikeTrains, interop


@pytest.fixture
def phy(tmp_path):
    folder = tmp_path / "sorting"
    folder.mkdir()
    np.save(folder / "spike_times.npy", np.array([[300], [900], [1500], [1800]], dtype=np.uint64))
    np.save(folder / "spike_clusters.npy", np.array([17, 905, 17, 3], dtype=np.int32))
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n3\tnoise\n17\tgood\n905\tmua\n44\tgood\n")
    (folder / "cluster_KSLabel.tsv").write_text("cluster_id\tKSLabel\n17\tgood\n905\tmua\n")
    (folder / "cluster_info.tsv").write_text("cluster_id\tdepth\tgroup\n3\t10\tx\n17\t20.5\tx\n905\t30\tx\n")
    (folder / "params.py").write_text(
        "dat_path = 'raw.bin'\nn_channels_dat = 4\ndtype = 'int16'\noffset = 0\nsample_rate = 30000.  # Hz\n"
        "hp_filtered = False\n"
    )
    (folder / "raw.bin").write_bytes(bytes(4 * 2 * 60000))
    return folder


def test_a_phy_folder(phy):
    trains = interop.read_phy(phy)
    expected = SpikeTrains.from_arrays(
        [[0.06], [0.01, 0.05], [0.03]],
        t_stop=2.0,
        unit_ids=[3, 17, 905],
        unit_columns={
            "KSLabel": [None, "good", "mua"],
            "group": ["noise", "good", "mua"],
            "depth": [10.0, 20.5, 30.0],
        },
    )
    assert trains == expected
    assert trains.select_units(group=["good", "mua"]).unit_ids == (17, 905)
    assert interop.read_spikes(phy, t_stop="1 s").t_stop == 1.0
    assert interop.read_phy(phy, sampling_rate="10 kHz", t_stop=1).times.max() == 0.18
    (phy / "spike_clusters.npy").rename(phy / "spike_templates.npy")
    assert interop.read_phy(phy) == expected


def test_what_a_phy_folder_does_not_say_is_asked_for(phy):
    (phy / "raw.bin").unlink()
    with pytest.raises(ValueError, match="sorting does not say when the recording ended; pass t_stop="):
        interop.read_phy(phy)
    (phy / "params.py").unlink()
    with pytest.raises(ValueError, match="does not say the sampling rate .* pass sampling_rate="):
        interop.read_phy(phy, t_stop=1)
    assert interop.read_phy(phy, t_stop=1, sampling_rate=30000).n_spikes == 4
    with pytest.raises(ValueError, match="sampling_rate must be a number of samples a second, got 'fast'"):
        interop.read_phy(phy, t_stop=1, sampling_rate="fast")
    with pytest.raises(ValueError, match="sampling_rate must be positive, got 0"):
        interop.read_phy(phy, t_stop=1, sampling_rate=0)
    with pytest.raises(ValueError, match="sorting: spike 0 of unit 3, trial 0 must lie within 0.0 s <= t < 0.055 s"):
        interop.read_phy(phy, t_stop=0.055, sampling_rate=30000)


def test_params_of_a_phy_folder_are_never_run(phy, tmp_path):
    (phy / "params.py").write_text(
        f"open({str(tmp_path / 'run')!r}, 'w').write('x')\nsample_rate = __import__('os').getpid()\n"
    )
    with pytest.raises(ValueError, match="sampling_rate must be a number of samples a second"):
        interop.read_phy(phy, t_stop=1)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("spike_times.npy", np.array([0.5, 1.0, 2.0, 3.0]), "spike_times.npy must hold whole numbers"),
        ("spike_times.npy", np.array([1, 2]), "spike_times.npy holds 2 spikes, the clusters are of 4"),
        ("spike_clusters.npy", np.array(["a"] * 4), "spike_clusters.npy must hold whole numbers"),
        ("spike_times.npy", b"\x93NUMPY", "spike_times.npy is no whole array of numbers"),
        ("cluster_group.tsv", b"cluster\tgroup\n1\tgood\n", "cluster_group.tsv must have a column cluster_id"),
        ("cluster_group.tsv", b"cluster_id\tgroup\n3\ta\n3\tb\n", "cluster_group.tsv has two rows for cluster 3"),
    ],
)
def test_damaged_phy_folders_name_the_file(name, content, message, phy):
    if isinstance(content, bytes):
        (phy / name).write_bytes(content)
    else:
        np.save(phy / name, content)
    with pytest.raises(ValueError, match=message):
        interop.read_phy(phy)


def test_a_missing_file_of_a_phy_folder_is_named(phy):
    (phy / "spike_clusters.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no file .*spike_templates.npy"):
        interop.read_phy(phy)


def cell(*trains):
    made = np.empty(len(trains), dtype=object)
    made[:] = [np.asarray(train, dtype=np.float64) for train in trains]
    return made


def write_hdf5(path, variables):
    """Write what MATLAB's -v7.3 writes: HDF5 with references for cells, columns first, and a header of 512 bytes."""
    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")

        def put(group, name, value):
            if isinstance(value, dict):
                made = group.create_group(name)
                made.attrs["MATLAB_class"] = np.bytes_("struct")
                for key, item in value.items():
                    put(made, key, item)
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                made = group.create_group(name)
                made.attrs["MATLAB_class"] = np.bytes_("struct")
                for key in value[0]:
                    made[key] = pointers([[one[key] for one in value]])
            elif isinstance(value, list) and value and isinstance(value[0], list):
                made = group.create_dataset(name, data=pointers(value))
                made.attrs["MATLAB_class"] = np.bytes_("cell")
            elif isinstance(value, str):
                made = group.create_dataset(name, data=np.array([[ord(sign)] for sign in value], dtype=np.uint16))
                made.attrs["MATLAB_class"] = np.bytes_("char")
            else:
                array = np.atleast_2d(np.asarray(value))
                empty = array.size == 0
                made = group.create_dataset(name, data=np.array([0, 0], dtype=np.uint64) if empty else array.T)
                made.attrs["MATLAB_class"] = np.bytes_("double")
                if empty:
                    made.attrs["MATLAB_empty"] = np.uint8(1)

        def pointers(rows):
            made = np.empty((len(rows[0]), len(rows)), dtype=h5py.ref_dtype)
            for k, row in enumerate(rows):
                for i, item in enumerate(row):
                    name = f"r{len(refs)}"
                    put(refs, name, item)
                    made[i, k] = refs[name].ref
            return made

        for name, value in variables.items():
            put(file, name, value)
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")


def write_both(folder, v5, v73):
    savemat(folder / "v5.mat", v5)
    write_hdf5(folder / "v73.mat", v73)
    return folder / "v5.mat", folder / "v73.mat"


def test_cells_of_units_in_both_versions(tmp_path):
    plain = {"spikes": [[[0.1, 0.3], [], [0.25]]]}
    for path in write_both(tmp_path, {"spikes": cell([0.1, 0.3], [], [0.25])}, plain):
        expected = SpikeTrains.from_arrays([[0.1, 0.3], [], [0.25]], t_stop=1.0)
        assert interop.read_mat(path, "spikes", t_stop=1.0) == expected
        assert interop.read_mat(path, t_stop="1 s") == expected
        assert interop.read_spikes(path, t_stop=1.0) == expected
        assert interop.read_mat(path, t_stop=1.0, time_unit=0.5).train(0).tolist() == [0.05, 0.15]


def test_a_column_of_cells_is_units_and_a_table_trials(tmp_path):
    column = cell([0.1], [0.2]).reshape(2, 1)
    table = cell([0.1], [0.2], [0.3], [0.4], [], [0.6]).reshape(3, 2)
    rows = [[[0.1], [0.2]], [[0.3], [0.4]], [[], [0.6]]]
    v73 = {"column": [[[0.1]], [[0.2]]], "table": rows, "empty": []}
    paths = write_both(tmp_path, {"column": column, "table": table, "empty": np.empty((0, 0))}, {**v73, "empty": [[]]})
    for path in paths:
        assert interop.read_mat(path, "column", t_stop=1) == SpikeTrains.from_arrays([[0.1], [0.2]], t_stop=1)
        assert interop.read_mat(path, "table", t_stop=1) == SpikeTrains.from_trials(rows, t_stop=1)
        with pytest.raises(ValueError, match=r"holds the variables .*table.*; say which one"):
            interop.read_mat(path, t_stop=1)
        with pytest.raises(ValueError, match="has no variable 'tabel'; did you mean 'table'"):
            interop.read_mat(path, "tabel", t_stop=1)


def test_structs_of_trains(tmp_path):
    records = [
        {"times": [100.0, 300.0], "id": 905.0, "quality": "good"},
        {"times": [250.0], "id": 17.0, "quality": "mua"},
    ]
    array = np.zeros((1, 2), dtype=[("times", object), ("id", object), ("quality", object)])
    for k, record in enumerate(records):
        array[0, k] = (np.array(record["times"]), record["id"], record["quality"])
    named = {"cell_A": np.array([0.1]), "b": np.array([0.2])}
    v5 = {"session": {"units": array}, "named": named}
    for path in write_both(tmp_path, v5, {"session": {"units": records}, "named": named}):
        trains = interop.read_mat(path, "session.units", t_stop=1, field="times", time_unit="ms")
        assert trains == SpikeTrains.from_arrays(
            [[0.1, 0.3], [0.25]], t_stop=1, unit_ids=[905, 17], unit_columns={"quality": ["good", "mua"]}
        )
        with pytest.raises(ValueError, match="is a struct array with the fields .*; pass field= of the times"):
            interop.read_mat(path, "session.units", t_stop=1)
        with pytest.raises(ValueError, match="has no field 'time'; did you mean 'times'"):
            interop.read_mat(path, "session.units", t_stop=1, field="time")
        found = interop.read_mat(path, "named", t_stop=1)
        assert set(found.unit_ids) == {"cell_A", "b"}
        assert found.select_units(ids="cell_A").times.tolist() == [0.1]


def test_vectors_of_times_and_units(tmp_path):
    values = {"t": np.array([300.0, 900.0, 1500.0]), "c": np.array([17.0, 905.0, 17.0])}
    for path in write_both(tmp_path, values, values):
        trains = interop.read_mat(path, "t", t_stop=1, unit_variable="c", time_unit=1 / 30000)
        assert trains == SpikeTrains.from_arrays([[0.01, 0.05], [0.03]], t_stop=1, unit_ids=[17, 905])
        assert interop.read_mat(path, "t", t_stop=1, time_unit=1 / 30000).n_units == 1
        with pytest.raises(ValueError, match=r".mat: spike 0 of unit 0, .* got 300.0 s; times in other units than sec"):
            interop.read_mat(path, "t", t_stop=1)


def test_single_precision_and_order_of_matlab_files(tmp_path):
    savemat(tmp_path / "it.mat", {"s": (np.arange(100) / 10).astype(np.float32), "u": np.array([0.2, 0.1])})
    assert (interop.read_mat(tmp_path / "it.mat", "s", t_stop=10).binned(0.1) == 1).all()
    with pytest.raises(ValueError, match=r"it.mat: spike 1 of unit 0 must not come before .* pass sort=True"):
        interop.read_mat(tmp_path / "it.mat", "u", t_stop=1)
    assert interop.read_mat(tmp_path / "it.mat", "u", t_stop=1, sort=True).times.tolist() == [0.1, 0.2]


def test_files_that_are_none_are_refused(tmp_path):
    savemat(tmp_path / "it.mat", {"m": np.ones((3, 4)), "word": "abc"})
    with pytest.raises(ValueError, match=r"it.mat: m must be a vector of times, got ndarray of shape \(3, 4\)"):
        interop.read_mat(tmp_path / "it.mat", "m", t_stop=10)
    with pytest.raises(ValueError, match="word must be a vector of times"):
        interop.read_mat(tmp_path / "it.mat", "word", t_stop=10)
    with pytest.raises(ValueError, match="it.mat does not say when the recording ended; pass t_stop="):
        interop.read_spikes(tmp_path / "it.mat")
    content = (tmp_path / "it.mat").read_bytes()
    (tmp_path / "cut.mat").write_bytes(content[: len(content) - 20])
    with pytest.raises(ValueError, match="cut.mat is not a whole MATLAB file"):
        interop.read_mat(tmp_path / "cut.mat", "m", t_stop=10)
    (tmp_path / "text.mat").write_text("hello")
    with pytest.raises(ValueError, match="text.mat is not a whole MATLAB file"):
        interop.read_mat(tmp_path / "text.mat", t_stop=10)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        interop.read_mat(tmp_path / "none.mat", t_stop=10)


class Sorting:
    """What SpikeInterface's sortings do, for two segments of 1 s and 0.5 s at 1 kHz."""

    trains = {("a", 0): [10, 20], ("a", 1): [5], ("b", 0): [], ("b", 1): [499]}

    def __init__(self, registered=True):
        self.registered = registered

    def get_unit_ids(self):
        return np.array(["a", "b"])

    def get_num_segments(self):
        return 2

    def get_sampling_frequency(self):
        return 1000.0

    def get_unit_spike_train(self, unit_id, segment_index):
        return np.array(self.trains[unit_id, segment_index], dtype=np.int64)

    def get_num_samples(self, segment_index):
        if not self.registered:
            raise AttributeError("no recording is registered")
        return (1000, 500)[segment_index]

    def get_property_keys(self):
        return ["quality", "location"]

    def get_property(self, key):
        return np.array(["good", "mua"]) if key == "quality" else np.zeros((2, 3))


def test_a_sorting_of_spikeinterface():
    expected = SpikeTrains.from_trials(
        [[[0.01, 0.02], []], [[0.005], [0.499]]],
        t_stop=1.0,
        observed=[[0, 1], [0, 0.5]],
        unit_ids=["a", "b"],
        unit_columns={"quality": ["good", "mua"]},
    )
    assert interop.from_spikeinterface(Sorting()) == expected
    assert interop.from_spikeinterface(Sorting(False), t_stop=["1 s", 0.5]) == expected
    assert interop.from_spikeinterface(Sorting(False), t_stop="2 s").observed.tolist() == [[0, 2], [0, 2]]
    with pytest.raises(ValueError, match="does not say how long its segments are; pass t_stop="):
        interop.from_spikeinterface(Sorting(False))
    with pytest.raises(ValueError, match=r"t_stop must be one time or 2, got \(3,\)"):
        interop.from_spikeinterface(Sorting(), t_stop=[1, 2, 3])
    with pytest.raises(TypeError, match="must get a sorting with the method get_unit_ids, got dict"):
        interop.from_spikeinterface({})
    with pytest.raises(ValueError, match="spike 0 of unit b, trial 1 must lie within the part of the trial"):
        interop.from_spikeinterface(Sorting(), t_stop=[1.0, 0.4])
