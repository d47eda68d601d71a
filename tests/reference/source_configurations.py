"""Expected values of the sources' configurations, from the definition of their intensities with thirty digits.

``python tests/reference/source_configurations.py`` prints the literals of ``models/inhomogeneous_poisson.toml``,
``gain_modulated.toml``, ``common_drive.toml`` and ``ln_*.toml``; nothing of the package under test is used. For the
common drive even the covariance of the intensity is integrated from the kernel, and then over both bins.
"""

from __future__ import annotations

from mpmath import exp, inf, mp, mpf, nstr, pi, quad, sin, sqrt, tanh

mp.dps = 30
DIGITS = 15


def text(values):
    return [nstr(value, DIGITS) for value in values]


def mean(values):
    return sum(values) / len(values)


def sinusoid():
    width = mpf("0.01")
    counts = [
        quad(lambda t: 30 * (1 + mpf("0.8") * sin(2 * pi * 5 * t)), [k * width, (k + 1) * width]) for k in range(20)
    ]
    squares = mean([count**2 for count in counts])
    print("inhomogeneous_poisson: raw_same_bin", nstr(squares, 20), "rate", nstr(sum(counts) / mpf("0.2"), 20))

    spread = mpf("0.36")
    variance = [count + spread * count**2 for count in counts]
    correlation = [
        mean([spread * counts[m] * counts[m + d] / sqrt(variance[m] * variance[m + d]) for m in range(20 - d)])
        for d in range(5)
    ]
    print("gain_modulated: raw_everywhere", nstr((1 + spread) * mean(counts) ** 2, 20))
    print("  raw_same_bin", nstr((1 + spread) * squares, 20), "fano_factor", nstr(1 + spread * sum(counts), 20))
    print("  correlation_by_lag", text(correlation))


def common_drive():
    area, alpha, tau, width, drive, duration = (mpf(x) for x in ("0.5", "0.6", "0.01", "0.005", "40", "0.2"))

    def kernel(u):
        return area / tau * exp(-u / tau)

    peak = alpha**2 * drive * quad(lambda v: kernel(v) ** 2, [0, tau, 3 * tau, 10 * tau, 80 * tau])

    def density(u):
        return peak * exp(-abs(u) / tau)

    covariance = [2 * quad(lambda u: (width - u) * density(u), [0, width])]
    for d in range(1, 5):
        pieces = [(d - 1) * width, d * width, (d + 1) * width]
        covariance.append(quad(lambda u, d=d: (width - abs(u - d * width)) * density(u), pieces))
    variance = 20 * width + covariance[0]
    counted = 2 * quad(lambda u: (duration - u) * density(u), [0, tau, 3 * tau, 10 * tau, duration])
    print("common_drive: covariance_by_lag", text(covariance))
    print("  correlation_by_lag", text(value / variance for value in covariance))
    print("  fano_factor", nstr(1 + counted / (20 * duration), 20), "slow limit", nstr(peak * width**2, DIGITS))


def normal(function):
    """Average over a standard normal number."""
    return quad(lambda z: function(z) * exp(-z * z / 2), [-inf, -4, -1, 0, 1, 4, inf]) / sqrt(2 * pi)


def exponential_pair():
    # Filters of unit length, at right angles: u and v are independent standard normal numbers.
    a, b, count = mpf("0.5"), mpf("0.8"), mpf("0.4")
    one, two = normal(lambda u: count * exp(a * u)), normal(lambda v: count * exp(b * v))
    slopes = [normal(lambda u: u * count * exp(a * u)) / one, normal(lambda v: v * count * exp(b * v)) / two]
    spread = [normal(lambda u: u * u * count * exp(a * u)) / one, normal(lambda v: v * v * count * exp(b * v)) / two]
    print("ln_exponential_pair: unit_rates", text([100 * one, 100 * two]), "joint_weight", nstr(one * two, DIGITS))
    print("  joint_average", text(slopes))
    summed = [slopes[0] * one / (one + two), slopes[1] * two / (one + two)]
    print("  summed_average", text(summed))
    print("  joint_variance", text(s - m**2 for s, m in zip(spread, slopes, strict=True)))
    shares = [one / (one + two), two / (one + two)]
    raised = [1 + share * (s - 1) - m**2 for share, s, m in zip(shares, spread, summed, strict=True)]
    print("  summed_variance", text(raised))


def gated_pair():
    count = mpf("0.3")
    total = normal(lambda v: 1 + tanh(2 * v) ** 2)
    raised = normal(lambda v: v * v * (1 + tanh(2 * v) ** 2)) / total
    print(
        "ln_gated_pair: joint_weight", nstr(count**2 * total, DIGITS), "joint_variance", ["1.0", nstr(raised, DIGITS)]
    )


def pairs_apart():
    # u now and v a frame earlier have the covariance r = 0.48, so that v = r u + sqrt(1 - r^2) z. What is regressed on
    # the filter, k . average/|k|^2, is E[w u]/E[w].
    a, count, r = mpf("0.6"), mpf("0.4"), mpf("0.48")
    same = normal(lambda u: exp(2 * a * u)) * count**2
    same_u = normal(lambda u: u * exp(2 * a * u)) * count**2
    rest = normal(lambda z: exp(a * sqrt(1 - r * r) * z))
    apart = 2 * count**2 * normal(lambda u: exp(a * (1 + r) * u)) * rest
    apart_u = 2 * count**2 * normal(lambda u: u * exp(a * (1 + r) * u)) * rest
    print("ln_pairs_apart: joint_weight", nstr(same + apart, DIGITS))
    print("  joint_average", nstr((same_u + apart_u) / (same + apart), DIGITS))


if __name__ == "__main__":
    sinusoid()
    common_drive()
    exponential_pair()
    gated_pair()
    pairs_apart()
