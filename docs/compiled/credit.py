"""loss for a batch, from the scalars of one example."""

from numpy import concatenate, exp, where


def sigmoid(a):
    z0 = exp(-abs(a))
    return where(a >= 0.0, 1.0, z0) / (1.0 + z0)


def sech(a):
    z0 = exp(-abs(a))
    return 2.0 * z0 / (1.0 + z0 * z0)


def parameters(theta):
    """The named parts of the vector of all parameters."""
    W = theta[0:4].reshape(2, 2)
    V = theta[4:6].reshape(1, 2)
    return W, V


def step(X, y, theta, W, V):
    """The loss and its gradient."""
    X = X.T                                      # (2, n)
    y = y[None]                                  # (1, n)
    n = X.shape[-1]
    Z1 = W @ X                                   # (2, n)
    A1 = sigmoid(Z1)                             # (2, n)
    Z2 = V @ A1                                  # (1, n)
    A2 = sigmoid(Z2)                             # (1, n)
    sub1 = A2 - y                                # (1, n)
    loss = (sub1 ** 2 / 2.0).sum() / n
    dZ2 = sub1 * sech(Z2 / 2.0) ** 2 / 4.0 / n
    dV = dZ2 @ A1.T
    dZ1 = V.T * dZ2 * sech(Z1 / 2.0) ** 2 / 4.0
    dW = dZ1 @ X.T
    gradient = concatenate((dW, dV), axis=None)  # (6,)
    return loss, gradient


def outputs(X, y, theta, W, V):
    """What is returned for each example."""
    X = X.T           # (2, n)
    y = y[None]       # (1, n)
    Z1 = W @ X        # (2, n)
    A1 = sigmoid(Z1)  # (2, n)
    Z2 = V @ A1       # (1, n)
    A2 = sigmoid(Z2)  # (1, n)
    return ((A2 - y) ** 2 / 2.0)[0]
