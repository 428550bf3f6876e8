"""loss for a batch, from the scalars of one example."""

from numpy import concatenate, exp, log, log1p, maximum, minimum, where
from autograd.arrays import require  # NumPy has none


def sigmoid(a):
    z0 = exp(-abs(a))
    return where(a >= 0.0, 1.0, z0) / (1.0 + z0)


def bce(p, t):
    return t * minimum(-log(p), 100.0) + (1.0 - t) * minimum(-log1p(-p), 100.0)


def sech(a):
    z0 = exp(-abs(a))
    return 2.0 * z0 / (1.0 + z0 * z0)


def parameters(theta):
    """The named parts of the vector of all parameters."""
    W1 = theta[0:12].reshape(4, 3)
    W2 = theta[12:32].reshape(5, 4)
    W3 = theta[32:37].reshape(1, 5)
    b1 = theta[37:41].reshape(4, 1)
    b2 = theta[41:46].reshape(5, 1)
    b3 = theta[46:47].reshape(())
    return W1, W2, W3, b1, b2, b3


def step(X, y, theta, W1, W2, W3, b1, b2, b3):
    """The loss and its gradient."""
    X = X.T                                                       # (3, n)
    y = y[None]                                                   # (1, n)
    n = X.shape[-1]
    Z1 = W1 @ X + b1                                              # (4, n)
    A1 = maximum(Z1, 0.0)                                         # (4, n)
    Z2 = W2 @ A1 + b2                                             # (5, n)
    A2 = maximum(Z2, 0.0)                                         # (5, n)
    Z3 = W3 @ A2 + b3                                             # (1, n)
    A3 = sigmoid(Z3)                                              # (1, n)
    require(((A3 >= 0.0) & (A3 <= 1.0)) | (A3 != A3), 'bce: probabilities must be between 0 and 1, not {}; bce_with_logits takes any', A3)
    loss = bce(A3, y).sum() / n
    dZ3 = (A3 - y) / maximum(A3 * (1.0 - A3), 1e-12) * sech(Z3 / 2.0) ** 2 / 4.0 / n
    dW3 = dZ3 @ A2.T
    db3 = dZ3.sum()
    dZ2 = W3.T * dZ3 * (A2 != 0.0)
    dW2 = dZ2 @ A1.T
    db2 = dZ2.sum(axis=1)
    dZ1 = W2.T @ dZ2 * (A1 != 0.0)
    dW1 = dZ1 @ X.T
    db1 = dZ1.sum(axis=1)
    gradient = concatenate((dW1, dW2, dW3, db1, db2, db3), axis=None)  # (47,)
    return loss, gradient


def outputs(X, y, theta, W1, W2, W3, b1, b2, b3):
    """What is returned for each example."""
    X = X.T                # (3, n)
    y = y[None]            # (1, n)
    Z1 = W1 @ X + b1       # (4, n)
    A1 = maximum(Z1, 0.0)  # (4, n)
    Z2 = W2 @ A1 + b2      # (5, n)
    A2 = maximum(Z2, 0.0)  # (5, n)
    Z3 = W3 @ A2 + b3      # (1, n)
    A3 = sigmoid(Z3)       # (1, n)
    require(((A3 >= 0.0) & (A3 <= 1.0)) | (A3 != A3), 'bce: probabilities must be between 0 and 1, not {}; bce_with_logits takes any', A3)
    return bce(A3, y)[0]
