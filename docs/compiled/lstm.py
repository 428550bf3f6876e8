"""loss for a batch, from the scalars of one example."""

from numpy import array, broadcast_to, concatenate, empty, exp, tanh, where, zeros

C1 = array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def sigmoid(a):
    z0 = exp(-abs(a))
    return where(a >= 0.0, 1.0, z0) / (1.0 + z0)


def sech(a):
    z0 = exp(-abs(a))
    return 2.0 * z0 / (1.0 + z0 * z0)


def parameters(theta):
    """The named parts of the vector of all parameters."""
    W = theta[0:128].reshape(32, 4)
    U = theta[128:384].reshape(32, 8)
    V = theta[384:392].reshape(1, 8)
    b = theta[392:424]
    return W, U, V, b


def step(xs, target, theta, W, U, V, b):
    """The loss and its gradient."""
    xs = xs.transpose(1, 2, 0)                                    # (12, 4, n)
    target = target[None]                                         # (1, n)
    n = xs.shape[-1]
    sum1 = W @ xs + b[:, None]                                    # (12, 32, n)
    Zs = empty((12, 32, n))                                       # (12, 32, n)
    sums1 = empty((13, 8, n))                                     # (13, 8, n)
    sums1[0] = 0.0
    As = empty((12, 24, n))                                       # (12, 24, n)
    As1 = empty((12, 8, n))                                       # (12, 8, n)
    tanhs1 = empty((12, 8, n))                                    # (12, 8, n)
    muls1 = empty((13, 8, n))                                     # (13, 8, n)
    muls1[0] = 0.0
    for t in range(12):
        Z1 = sum1[t] + U @ muls1[t]                               # (32, n)
        A1 = sigmoid(Z1[:24])                                     # (24, n)
        A1_1 = tanh(Z1[24:])                                      # (8, n)
        sum2 = A1[8:16] * sums1[t] + A1[:8] * A1_1                # (8, n)
        tanh1 = tanh(sum2)                                        # (8, n)
        Zs[t] = Z1
        sums1[t + 1] = sum2
        As[t] = A1
        As1[t] = A1_1
        tanhs1[t] = tanh1
        muls1[t + 1] = A1[16:] * tanh1
    squares1 = sech(Zs[::-1, 24:]) ** 2                           # (12, 8, n)
    pows1 = sech(Zs[::-1, :24] / 2.0) ** 2                        # (12, 24, n)
    squares2 = sech(sums1[:0:-1]) ** 2                            # (12, 8, n)
    Z2 = V @ muls1[12]                                            # (1, n)
    sub1 = Z2 - target                                            # (1, n)
    loss = (sub1 ** 2).sum() / n
    dZ2 = 2.0 / n * sub1
    dV = dZ2 @ muls1[12].T
    dmuls11 = V.T * dZ2
    mul1 = dmuls11 * tanhs1[11]                                   # (8, n)
    dsums11 = dmuls11 * As[11, 16:] * squares2[0]
    pick1 = As1[:0:-1]                                            # (11, 8, n)
    pick2 = As[:0:-1, :8]                                         # (11, 8, n)
    pick3 = sums1[11:0:-1]                                        # (11, 8, n)
    pick4 = As[:0:-1, 8:16]                                       # (11, 8, n)
    pick5 = tanhs1[10::-1]                                        # (11, 8, n)
    pick6 = As[10::-1, 16:]                                       # (11, 8, n)
    dpicks1 = empty((11, 32, n))                                  # (11, 32, n)
    mul2 = mul1
    sum3 = dsums11
    for t in range(11):
        div1 = concatenate((sum3 * pick1[t], sum3 * pick3[t], mul2)) * pows1[t] / 4.0  # (24, n)
        joined1 = concatenate((div1, sum3 * pick2[t] * squares1[t]))  # (32, n)
        product1 = U.T @ joined1                                  # (8, n)
        dpicks1[t] = joined1
        mul2, sum3 = product1 * pick5[t], sum3 * pick4[t] + product1 * pick6[t] * squares2[t + 1]
    dU = (dpicks1 @ muls1[11:0:-1].swapaxes(1, 2)).sum(axis=0)
    div2 = concatenate((sum3 * As1[0], 0.0 * sum3, mul2)) * pows1[11] / 4.0  # (24, n)
    joined2 = concatenate((div2, sum3 * As[0, :8] * squares1[11]))  # (32, n)
    dW = (dpicks1 @ xs[:0:-1].swapaxes(1, 2)).sum(axis=0) + joined2 @ xs[0].T
    db = dpicks1.sum(axis=(0, 2)) + joined2.sum(axis=1)
    gradient = concatenate((dW, dU, dV, db), axis=None)           # (424,)
    return loss, gradient


def outputs(xs, target, theta, W, U, V, b):
    """What is returned for each example."""
    xs = xs.transpose(1, 2, 0)                           # (12, 4, n)
    target = target[None]                                # (1, n)
    n = xs.shape[-1]
    sum1 = W @ xs + b[:, None]                           # (12, 32, n)
    sum2 = zeros((8, n))
    mul1 = broadcast_to(C1[:, None], (8, n))
    for t in range(12):
        Z1 = sum1[t] + U @ mul1                          # (32, n)
        A1 = sigmoid(Z1[:24])                            # (24, n)
        sum3 = A1[8:16] * sum2 + A1[:8] * tanh(Z1[24:])  # (8, n)
        sum2, mul1 = sum3, A1[16:] * tanh(sum3)
    Z2 = V @ mul1                                        # (1, n)
    return ((Z2 - target) ** 2)[0]
