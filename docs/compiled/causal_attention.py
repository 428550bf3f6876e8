"""loss with arrays, from its scalars."""

from numpy import concatenate, exp, inf, maximum, minimum, tri, where

M1 = tri(8, 8) > 0.0


def finite(a):
    """a, or the finite number next to it."""
    return minimum(maximum(a, -1.7976931348623157e+308), 1.7976931348623157e+308)


def parameters(theta):
    """The named parts of the vector of all parameters."""
    W = theta[0:48].reshape(12, 4)
    O = theta[48:64].reshape(4, 4)
    return W, O


def step(xs, targets, theta, W, O):
    """The loss and its gradient."""
    Z1 = W @ xs.T                                                # (12, 8)
    where1 = where(M1, Z1[:4].T @ Z1[4:8] / 2.0, -inf)           # (8, 8)
    powers1 = exp(where1 - finite(where1.max(axis=1))[:, None])  # (8, 8)
    P1 = powers1 / powers1.sum(axis=1)[:, None]                  # (8, 8)
    product1 = Z1[8:] @ P1.T                                     # (4, 8)
    Z2 = O @ product1                                            # (4, 8)
    sub1 = Z2 - targets.T                                        # (4, 8)
    loss = ((sub1 ** 2).sum(axis=0) / 4.0).sum() / 8.0
    dZ2 = 0.0625 * sub1
    dO = dZ2 @ product1.T
    dproduct1 = O.T @ dZ2
    dsub2 = dproduct1.T @ Z1[8:] * P1
    dproduct2 = where(M1, dsub2 - dsub2.sum(axis=1)[:, None] * P1, 0.0) / 2.0
    dZ1 = concatenate((Z1[4:8] @ dproduct2.T, Z1[:4] @ dproduct2, dproduct1 @ P1))
    dW = dZ1 @ xs
    gradient = concatenate((dW, dO), axis=None)                  # (64,)
    return loss, gradient


def outputs(xs, targets, theta, W, O):
    """What is returned for each example."""
    Z1 = W @ xs.T                                                 # (12, 8)
    where1 = where(M1, Z1[:4].T @ Z1[4:8] / 2.0, -inf)            # (8, 8)
    powers1 = exp(where1 - finite(where1.max(axis=1))[:, None])   # (8, 8)
    Z2 = O @ (Z1[8:] @ (powers1 / powers1.sum(axis=1)[:, None]).T)  # (4, 8)
    loss = (((Z2 - targets.T) ** 2).sum(axis=0) / 4.0).sum() / 8.0
    return loss
