"""loss for a batch, from the scalars of one example."""

from numpy import concatenate, inf, maximum, sqrt, where


def half_power(a):
    """a ** 0.5 as C has it; NumPy's is the square root, which is nan at -inf and -0.0 at -0.0."""
    return where(a == -inf, inf, sqrt(a + 0.0))


def parameters(theta):
    """The named parts of the vector of all parameters."""
    W = theta[0:72].reshape(12, 6)
    V = theta[72:144].reshape(6, 12)
    g = theta[144:150].reshape(6, 1)
    s = theta[150:156].reshape(6, 1)
    return W, V, g, s


def step(X, target, theta, W, V, g, s):
    """The loss and its gradient."""
    X = X.T                                                   # (6, n)
    target = target.T                                         # (6, n)
    n = X.shape[-1]
    sub1 = X - X.sum(axis=0)[None] / 6.0                      # (6, n)
    pow1 = half_power((sub1 ** 2).sum(axis=0) / 6.0 + 1e-05)  # (n,)
    sum1 = g * sub1 / pow1 + s                                # (6, n)
    Z1 = W @ sum1                                             # (12, n)
    A1 = maximum(Z1, 0.0)                                     # (12, n)
    Z2 = V @ A1 + X                                           # (6, n)
    sub2 = Z2 - target                                        # (6, n)
    loss = ((sub2 ** 2).sum(axis=0) / 6.0).sum() / n
    dZ2 = 0.3333333333333333 / n * sub2
    dV = dZ2 @ A1.T
    dZ1 = V.T @ dZ2 * (A1 != 0.0)
    dW = dZ1 @ sum1.T
    dsum1 = W.T @ dZ1
    ds = dsum1.sum(axis=1)
    dg = (dsum1 / pow1 * sub1).sum(axis=1)
    gradient = concatenate((dW, dV, dg, ds), axis=None)       # (156,)
    return loss, gradient


def outputs(X, target, theta, W, V, g, s):
    """What is returned for each example."""
    X = X.T                                                       # (6, n)
    target = target.T                                             # (6, n)
    sub1 = X - X.sum(axis=0)[None] / 6.0                          # (6, n)
    Z1 = W @ (g * sub1 / half_power((sub1 ** 2).sum(axis=0) / 6.0 + 1e-05) + s)  # (12, n)
    A1 = maximum(Z1, 0.0)                                         # (12, n)
    Z2 = V @ A1 + X                                               # (6, n)
    return ((Z2 - target) ** 2).sum(axis=0) / 6.0
