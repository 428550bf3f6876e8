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
    A1 = maximum(Z1, 0.0)                                    # (4, n)
    Z2 = W2 @ A1 + b2                                        # (1, n)
    A2 = sigmoid(Z2)                                         # (1, n)
    require(((A2 >= 0.0) & (A2 <= 1.0)) | (A2 != A2), 'bce: probabilities must be between 0 and 1, not {}; bce_with_logits takes any', A2)
    loss = bce(A2, y).sum() / n
    dZ2 = (A2 - y) / maximum(A2 * (1.0 - A2), 1e-12) * sech(Z2 / 2.0) ** 2 / 4.0 / n
    dW2 = dZ2 @ A1.T
    db2 = dZ2.sum()
    dZ1 = W2.T * dZ2 * (A1 != 0.0)
    dW1 = dZ1 @ X.T
    db1 = dZ1.sum(axis=1)
    gradient = concatenate((dW1, dW2, db1, db2), axis=None)  # (17,)
    return loss, gradient


def outputs(X, y, theta, W1, W2, b1, b2):
    """What is returned for each example."""
    X = X.T                # (2, n)
    y = y[None]            # (1, n)
    Z1 = W1 @ X + b1       # (4, n)
    A1 = maximum(Z1, 0.0)  # (4, n)
    Z2 = W2 @ A1 + b2      # (1, n)
    A2 = sigmoid(Z2)       # (1, n)
    require(((A2 >= 0.0) & (A2 <= 1.0)) | (A2 != A2), 'bce: probabilities must be between 0 and 1, not {}; bce_with_logits takes any', A2)
    return bce(A2, y)[0]
