"""Expected values of the sources' configurations, from the definition of their intensities with thirty digits.

``python tests/reference/source_configurations.py`` prints the literals of ``models/inhomogeneous_poisson.toml``,
``gain_modulated.toml`` and ``common_drive.toml``; nothing of the package under test is used. For the common drive even
the covariance of the intensity is integrated from the kernel, and then over both bins.
"""

from __future__ import annotations

from mpmath import exp, mp, mpf, nstr, pi, quad, sin, sqrt

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


if __name__ == "__main__":
    sinusoid()
    common_drive()
