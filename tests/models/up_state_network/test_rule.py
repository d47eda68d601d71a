"""The local rule against a loop over synapses, its limits, and which rules are refused."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.up_state_network.rule import LocalRule, local_rates


@pytest.fixture(scope="module")
def case():
    network = sl.UpStateNetwork(n_E=12, n_I=6, p=0.5, n_kicked=2)
    rng = np.random.default_rng(4)
    return network, network.draw_synapses(1), rng.uniform(0, 20, 18)


def by_hand(network, synapses, A, alpha, beta):
    """One synapse after the other, from the description."""
    n_E = network.n_E
    scale = network.scale
    seen = np.maximum(A, 1.0)
    links = list(zip(synapses.sources.tolist(), synapses.targets.tolist(), synapses.J.tolist(), strict=True))
    new = []
    for j, i, J in links:
        partners = [A[s] for s, t, _ in links if t == i and (s < n_E) != (i < n_E)]
        q = sum(partners) / len(partners)
        onto_E, onto_I = alpha * (14 - q) + beta * (5 - seen[i]), -alpha * (5 - q) + beta * (14 - seen[i])
        factor = onto_E if i < n_E else onto_I
        sign = 1 if j < n_E else -1
        new.append(min(max(J + sign * seen[j] * factor, 5 * scale), 750 * scale))
    return np.array(new)


@pytest.mark.parametrize(("alpha", "beta"), [(0.02, 0.03), (5.0, 0.0), (0.0, 20.0)])
def test_every_synapse_changes_as_by_hand(case, alpha, beta):
    network, synapses, A = case
    rule = LocalRule(network, synapses, local_rates(network, sl.rules.TwoTerm(alpha=alpha, beta=beta)))
    found = rule.change(A, np.maximum(A, 1.0), synapses.J)
    np.testing.assert_allclose(found, by_hand(network, synapses, A, alpha, beta), rtol=1e-12)


def test_at_the_set_points_nothing_changes(case):
    network, synapses, _ = case
    rule = LocalRule(network, synapses, local_rates(network, sl.rules.TwoTerm(alpha=0.1, beta=0.1)))
    A = np.repeat([5.0, 14.0], [12, 6])
    inside = np.clip(synapses.J, 5 * network.scale, 750 * network.scale)
    np.testing.assert_allclose(rule.change(A, A, inside), inside, rtol=1e-14)


def test_a_unit_without_partners_has_no_first_term(case):
    network, synapses, A = case
    crossed = (synapses.sources < 12) != (synapses.targets < 12)
    keep = ~(crossed & (synapses.targets == 3))
    alone = type(synapses)(
        synapses.sources[keep], synapses.targets[keep], synapses.delays[keep], synapses.J[keep], 12, 6
    )
    rule = LocalRule(network, alone, local_rates(network, sl.rules.TwoTerm(alpha=1.0, beta=0.0)))
    mine = alone.targets == 3
    changed = rule.change(A, np.maximum(A, 1.0), alone.J)
    assert np.array_equal(changed[mine], np.clip(alone.J[mine], 5 * network.scale, 750 * network.scale))
    assert not np.array_equal(changed[~mine], alone.J[~mine])


def test_the_parts_of_the_family_are_parts_of_the_rule(case):
    network, synapses, A = case
    four = {f"alpha_{name}": 0.01 for name in ("EE", "EI", "IE", "II")}
    seen = np.maximum(A, 1.0)

    def change(rule):
        return LocalRule(network, synapses, local_rates(network, rule)).change(A, seen, synapses.J)

    np.testing.assert_allclose(change(sl.rules.CrossHomeostatic(**four)), change(sl.rules.TwoTerm(alpha=0.01, beta=0)))
    np.testing.assert_allclose(change(sl.rules.Homeostatic(**four)), change(sl.rules.TwoTerm(alpha=0, beta=0.01)))


def test_other_rules_are_refused(case):
    network = case[0]
    with pytest.raises(
        ValueError, match="the rule for UpStateNetwork must be CrossHomeostatic, Homeostatic or TwoTerm"
    ):
        local_rates(network, sl.rules.SynapticScaling(alpha_EE=1, alpha_EI=1, alpha_IE=1, alpha_II=1))
    with pytest.raises(ValueError, match=r"alpha must be one number for UpStateNetwork, got shape \(2,\)"):
        local_rates(network, sl.rules.TwoTerm(alpha=np.ones(2), beta=0.1))
    with pytest.raises(TypeError, match="run_trials must be given a Rule"):
        local_rates(network, "TwoTerm")
