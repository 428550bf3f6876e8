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
    W1 = theta[0:8].reshape(4, 2)
    W2 = theta[8:12].reshape(1, 4)
    b1 = theta[12:16].reshape(4, 1)
    b2 = theta[16:17].reshape(())
    return W1, W2, b1, b2


def step(X, y, theta, W1, W2, b1, b2):
    """The loss and its gradient."""
    X = X.T                                                  # (2, n)
    y = y[None]                                              # (1, n)
    n = X.shape[-1]
    Z1 = W1 @ X + b1                                         # (4, n)
    A1 = sigmoid(Z1)                                         # (4, n)
    Z2 = W2 @ A1 + b2                                        # (1, n)
    A2 = sigmoid(Z2)                                         # (1, n)
    sub1 = A2 - y                                            # (1, n)
    loss = (sub1 ** 2).sum() / n
    dZ2 = sub1 * sech(Z2 / 2.0) ** 2 / 2.0 / n
    dW2 = dZ2 @ A1.T
    db2 = dZ2.sum()
    dZ1 = W2.T * dZ2 * sech(Z1 / 2.0) ** 2 / 4.0
    dW1 = dZ1 @ X.T
    db1 = dZ1.sum(axis=1)
    gradient = concatenate((dW1, dW2, db1, db2), axis=None)  # (17,)
    return loss, gradient


def outputs(X, y, theta, W1, W2, b1, b2):
    """What is returned for each example."""
    X = X.T            # (2, n)
    y = y[None]        # (1, n)
    Z1 = W1 @ X + b1   # (4, n)
    A1 = sigmoid(Z1)   # (4, n)
    Z2 = W2 @ A1 + b2  # (1, n)
    A2 = sigmoid(Z2)   # (1, n)
    return ((A2 - y) ** 2)[0]
