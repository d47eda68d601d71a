"""A wide network before and after learning: its layer kernels, their limit, and what it predicts elsewhere.

After Gatsby 2021, question 4: with weights of order n^-1/2, learning changes them so little that the network stays
linear in them.
"""

import numpy as np

import spikelearn as sl

network = sl.TangentKernel(1024, depth=3, phi="tanh", seed=0)
generator = np.random.default_rng(1)
centre = generator.normal(size=1024)
x = network.normalised(centre + generator.normal(size=(6, 1024)))  # six examples with cosines of about a half
y = np.array([1.0, -1.0, 0.5, 0.0, -0.5, 1.0])

found, limit = network.kernels(x), network.infinite_width(x)
print("layer      C(0, 0)  C(0, 1)   at infinite width")
for k, (C, C_limit) in enumerate(zip(found, limit, strict=True), start=1):
    name = "read-out" if k == 4 else f"{k}"
    print(f"{name:8s}  {C[0, 0]:8.4f} {C[0, 1]:8.4f}   {C_limit[0, 0]:8.4f} {C_limit[0, 1]:8.4f}")

solution = network.linearised(x, y)
sizes = ", ".join(f"{size:.1e}" for size in solution.rms)
print(f"weights have the size {1024**-0.5:.3f}; learning changes them by (rms) {sizes}")
print(f"the network itself misses its targets by at most {np.abs(solution.residual).max():.3f}")

elsewhere = network.normalised(centre + generator.normal(size=(3, 1024)))
expected = network.infinite_width_prediction(x, y, elsewhere)
for value, mean, variance in zip(solution.predict(elsewhere), *expected, strict=True):
    print(f"a new input: {value:6.3f}; over initialisations {mean:.3f} +- {np.sqrt(variance):.3f}")
