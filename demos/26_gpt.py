# %% [markdown]
# # 26. A GPT that invents names
#
# *One idea: learn to predict the next character from those before it. Then
# draw characters from the predictions, and new words come out.*
#
# A GPT is a network that does this with text. Ours is small: about four
# thousand numbers that read and write names of modules, such as `random` and
# `zipfile`. But it has all the parts of the large ones: embeddings, causal
# attention with several heads (lesson 23), an MLP, residual connections and
# normalisation.
#
# The parts come from *Attention is all you need* (Vaswani and others, 2017),
# their order from GPT-2 (Radford and others, 2019), the normalisation from
# Zhang and Sennrich (2019). A GPT of this size that works through scalars,
# one token after the other, is Andrej Karpathy's microgpt (2026). Here the
# scalars are compiled.
#
# ## Names as numbers
#
# The names are those of Python's own library. With
# `python -m demos gpt --data FILE` it learns from a file with a name in each
# line. One name in five is held out: the network never learns from it.

# %%
import random
import sys

from demos import arguments, axes, check, predict, show, table

options = arguments()
if options and (len(options) != 2 or options[0] != "--data"):
    raise SystemExit("usage: python -m demos gpt [--data FILE]")
if options:
    with open(options[1], encoding="utf-8") as file:
        found = {line.strip() for line in file} - {""}
else:
    found = {n for n in sys.stdlib_module_names if not n.startswith("_")}

LONGEST = 24
names = sorted(name for name in found if len(name) <= LONGEST)
print(f"{len(names)} names, {len(found) - len(names)} too long and left out")
if len(names) < 50:
    raise SystemExit("the lesson needs at least 50 names, one in each line")
random.Random(3).shuffle(names)
held_out, training = names[: len(names) // 5], names[len(names) // 5 :]

letters = sorted(set("".join(names)))
number = {letter: k for k, letter in enumerate(letters, 1)}
END = 0
kinds = len(letters) + 1
length = max(len(name) for name in names) + 1
print(f"{len(training)} to learn from, {len(held_out)} held out")
print(f"{len(letters)} characters: {''.join(letters)[:60]}")

# %% [markdown]
# Each character is a number, its *token*. One more token, 0, stands before
# and behind every name: it says where a name begins, and that it ends. A name
# then gives one task for each of its characters, and one for its end.


# %%
def tokens_of(name):
    return [END] + [number[letter] for letter in name] + [END]


name = held_out[0]
tokens = tokens_of(name)
rows = []
for t in range(len(tokens) - 1):
    following = name[t] if t < len(name) else "(end)"
    rows.append((name[:t] or "(start)", following, tokens[t + 1]))
table(["seen", "to predict", "its token"], rows)

# %% [markdown]
# The loss of a prediction is cross entropy: minus the logarithm of the
# probability that the network gave to the right token. The mean over all
# predictions is measured in *nats per character*.
#
# ## The network
#
# A token $t$ at place $i$ begins as a vector, a row of one table for what it
# is plus a row of another for where it stands. Then a block adds to it,
# twice: first what attention brings from places before it, then what an MLP
# makes of it alone. The last line turns vectors into *logits*, a number for
# every token.
#
# $$x_i = E_t + P_i$$
#
# $$x \leftarrow x + W_o \, \mathrm{attention}(\mathrm{norm}(x))$$
#
# $$x \leftarrow x + W_d \, \mathrm{relu}(W_u \, \mathrm{norm}(x))$$
#
# $$z = W_h \, \mathrm{norm}(x)$$
#
# Here $\mathrm{norm}(x) = x / \sqrt{\mathrm{mean}(x^2)}$ keeps the sizes of
# numbers in order (lesson 16), and attention is causal: a place looks at
# itself and at those before it, never at what it is to predict. `Residual`
# adds what a module makes to what it was given.

# %%
import nn


def norm_of(width):
    return nn.RMSNorm(width, eps=1e-5, elementwise_affine=False)


class Embed(nn.Module):
    def __init__(self, kinds, length, width):
        self.token = nn.Embedding(kinds, width)
        self.place = nn.Embedding(length, width)

    def forward(self, tokens):
        rows = zip(self.token(tokens), self.place(list(range(len(tokens)))))
        return [[e + p for e, p in zip(*row)] for row in rows]


class Look(nn.Module):
    def __init__(self, width, heads):
        self.norm = norm_of(width)
        self.attention = nn.MultiheadAttention(width, heads, bias=False)

    def attend(self, x):
        x = self.norm(x)
        return self.attention(
            x, x, x, is_causal=True, average_attn_weights=False
        )

    def forward(self, x):
        return self.attend(x)[0]


class GPT(nn.Module):
    def __init__(self, kinds, length, width, heads, seed):
        self.embed = Embed(kinds, length, width)
        self.look = nn.Residual(Look(width, heads))
        self.think = nn.Residual(
            nn.Sequential(
                norm_of(width),
                nn.Linear(width, 4 * width, bias=False),
                nn.ReLU(),
                nn.Linear(4 * width, width, bias=False),
            )
        )
        self.norm = norm_of(width)
        self.head = nn.Linear(width, kinds, bias=False)
        draw = random.Random(seed)
        for p in self.parameters():
            p.data = draw.gauss(0, 0.02)

    def forward(self, tokens):
        x = self.embed(tokens)
        x = self.look(x)
        x = self.think(x)
        return self.head(self.norm(x))


model = GPT(kinds, length, width=16, heads=4, seed=1)
print(f"{len(model.parameters()):,} parameters")

# %% [markdown]
# ## Before it has learnt anything
#
# All parameters are small random numbers, so all logits are near 0.

# %%
import math

from autograd import Graph

loss = nn.cross_entropy(model(tokens[:-1]), tokens[1:])
predict(
    f"There are {kinds} tokens. How large is the loss of the untrained "
    "network, about, in nats per character?",
    loss.data,
    hints={
        0: "A loss of 0 would be certainty, and right every time.",
        1
        / kinds: "That is the probability. The loss is minus its logarithm.",
        math.log2(kinds): "Those are bits. Nats take the natural logarithm.",
    },
    why="Equal logits give each token the same probability, 1 over their "
    "number, and minus the logarithm of that is ln of the number.",
    within=0.02,
)

# %%
print(f"loss {loss:.4f}, ln({kinds}) = {math.log(kinds):.4f}")
print(f"the graph of this loss has {len(Graph(loss)):,} nodes")

# %% [markdown]
# That is a graph for one name. To see all of one, take a GPT with two letters
# that is four numbers wide, and the name `io`. Go from the network into its
# parts, and step backward: the blame of all three predictions meets in the
# tables.

# %%
from autograd.view import explore

tiny = GPT(kinds=3, length=3, width=4, heads=2, seed=1)
for p in tiny.parameters():
    p.data *= 25
io = [0, 1, 2, 0]
tiny_loss = nn.cross_entropy(tiny(io[:-1]), io[1:])
tiny_loss.label = "L"
page = explore(
    tiny_loss,
    open=False,
    title="A GPT reads io",
    text="It predicts i after the start, o after i, and the end after o.",
    notes={tiny_loss: "The mean of three cross entropies."},
)
show(page, "The graph of the loss of the name io, in the rooms of its parts.")

# %% [markdown]
# ## From one name to a batch
#
# The compiler makes a NumPy program for many names of the graph for one
# (lesson 12). Names must then be equally long, so they are filled up at the
# end, and weights say which predictions count: 0 for the filling. Attention
# looks back only, so the filling changes nothing in front of it. The weights
# are scaled so that the mean over names is the mean over characters.

# %%
import numpy as np
import autograd


def loss_of_name(seen, wanted, weights):
    total = 0.0
    for z, t, weight in zip(model(seen), wanted, weights):
        total = total + weight * nn.cross_entropy(z, t)
    return total


def batch(names):
    seen = np.zeros((len(names), length))
    wanted = np.zeros((len(names), length))
    weights = np.zeros((len(names), length))
    for row, name in enumerate(names):
        tokens = tokens_of(name)
        seen[row, : len(tokens) - 1] = tokens[:-1]
        wanted[row, : len(tokens) - 1] = tokens[1:]
        weights[row, : len(tokens) - 1] = 1.0
    return seen, wanted, weights * len(names) / weights.sum()


like = [array[0] for array in batch([name])]
program = autograd.compile(loss_of_name, model, like=like)
print(f"a program of {len(program.source.splitlines())} lines")

# %% [markdown]
# Is it the same? Here are the gradients of one name, from the scalars and
# from the program.

# %%
loss.backward()
by_scalars = [p.grad for p in model.parameters()]
value, _ = program(*batch([name]))
program.write_back()
by_program = [p.grad for p in model.parameters()]
apart = max(abs(a - b) for a, b in zip(by_scalars, by_program))
print(f"losses {loss.data:.12f} and {value:.12f}")
print(f"largest difference of {len(by_scalars):,} slopes: {apart:.0e}")

# %% [markdown]
# ## Training
#
# Adam, batches of 32 names, a learning rate that falls to 0. Every 20 steps
# we look at both losses, and we keep a copy of the parameters that did best
# on the held-out names (early stopping, lesson 20).

# %%
import time

STEPS, RATE = 400, 0.005
draw = random.Random(5)
learn, hold = batch(training[:200]), batch(held_out[:200])
optimiser = nn.Adam(program.parameters, lr=RATE)
curve = []
best = math.inf
began = time.perf_counter()
for step in range(STEPS + 1):
    if step % 20 == 0:
        curve.append((step, program(*learn)[0], program(*hold)[0]))
        if curve[-1][2] < best:
            kept_step, kept_loss, best = curve[-1]
            kept = program.parameters.data.copy()
    if step < STEPS:
        program(*batch(draw.sample(training, 32)))
        optimiser.lr = RATE * (1 - step / STEPS)
        optimiser.step()
seconds = time.perf_counter() - began
trained = program.parameters.data.copy()

predict(
    "On the names that it learns from the loss falls all the time. What does "
    "it do on the held-out names?",
    "falls, then rises" if curve[-1][2] > best + 0.02 else "falls as well",
    choices=["falls as well", "falls, then rises", "does not fall"],
    hints={
        "falls as well": "There are more parameters than characters to "
        "learn from. See lesson 20.",
        "does not fall": "What holds for all names, such as which letters "
        "follow which, helps with new ones, too.",
    },
    why=f"It was lowest after {kept_step} steps. What a network learns first "
    "holds for all names; what it learns later may hold for a few only.",
)

# %% [markdown]
# For comparison: how well does one predict who has only counted which
# character follows which? A fifth is added to each count, so that no pair is
# impossible.

# %%
pairs = np.full((kinds, kinds), 0.2)
for name in training:
    tokens = tokens_of(name)
    for t in range(len(tokens) - 1):
        pairs[tokens[t], tokens[t + 1]] += 1
pairs /= pairs.sum(axis=1, keepdims=True)
seen, wanted, weights = hold
of_each = -np.log(pairs[seen.astype(int), wanted.astype(int)])
counted = (weights * of_each).sum() / weights.sum()

table(
    ["nats per character", "learnt from", "held out"],
    [
        ("knowing nothing", math.log(kinds), math.log(kinds)),
        ("counting pairs", "", counted),
        (f"GPT after {kept_step} steps, kept", kept_loss, best),
        (f"GPT after {STEPS} steps", *curve[-1][1:]),
    ],
    4,
)
below = [step for step, a, _ in curve if a < 2.3]
print(f"{STEPS} steps took {seconds:.1f} s")
if below:
    print(f"After {below[0]} steps it is below 2.3 on what it learns from.")

# %%
figure, plot = axes()
steps = [step for step, _, _ in curve]
plot.plot(steps, [a for _, a, _ in curve], label="learnt from")
plot.plot(steps, [b for _, _, b in curve], label="held out")
plot.axhline(counted, ls="--", lw=1, color="C4", label="counting pairs")
plot.plot([kept_step], [best], "o", color="C1")
plot.set(xlabel="step", ylabel="nats per character", ylim=(0, None))
plot.legend(ncols=3)
show(figure, "Both losses over the steps. The dot is what was kept.")

# %% [markdown]
# Two hundred names of modules are little to learn from, and so the two curves
# part soon. (With thousands of names in a file they do not.) A large GPT
# reads trillions of tokens, most of them once; that is how it can have so
# many parameters.
#
# ## Inventing names
#
# To invent a name, begin with the start token. Ask the network for the
# probabilities of the next one, draw from them, append what was drawn, and
# ask again, until the end is drawn. A *temperature* $T$ divides the logits
# first:
#
# $$p_k = \frac{e^{z_k / T}}{\sum_j e^{z_j / T}}$$
#
# Below 1 it makes the likely likelier; above 1 it gives the unlikely a
# chance.

# %%
import textwrap

logits_of = autograd.compile(
    model, program.parameters, gradient=False, like=(like[0],)
)


def invent(count, temperature, seed):
    draw = random.Random(seed)
    seen = np.zeros((count, length))
    made = [""] * count
    going = list(range(count))
    for t in range(length):
        z = logits_of(seen)[:, t] / temperature
        powers = np.exp(z - z.max(axis=1, keepdims=True))
        for row in list(going):
            (token,) = draw.choices(range(kinds), powers[row])
            if token == END:
                going.remove(row)
            else:
                made[row] += letters[token - 1]
                if t + 1 < length:
                    seen[row, t + 1] = token
    return made


program.parameters.data[:] = kept
for temperature in (0.4, 0.7, 1.2):
    made = invent(10, temperature, seed=1)
    print(f"T = {temperature}:", textwrap.shorten(" ".join(made), 70))

# %% [markdown]
# Remember that it was told nothing of words or syllables. But what if the
# temperature is almost 0?

# %%
coldest = invent(20, 0.001, seed=1)
predict(
    "Twenty names are drawn at the temperature 0.001. How many different "
    "ones are there?",
    len(set(coldest)),
    hints={20: "Dividing by 0.001 makes every difference of logits huge."},
    why="Nearly all of the probability goes to the largest logit, so that "
    f"the same characters win nearly every time: {coldest[0]!r}.",
)

# %% [markdown]
# ## To invent, or to remember
#
# The parameters of the last step have the lower loss on the names that they
# learnt from. Do they also write more names of their own? Here are a few, and
# what a thousand drawn names are.

# %%
rows = []
for label, theta in [("kept", kept), ("last step", trained)]:
    program.parameters.data[:] = theta
    made = invent(1000, 0.6, seed=2)
    learnt = sum(name in training for name in made)
    real = sum(name in held_out for name in made)
    rows.append((label, learnt, real, len(made) - learnt - real))
    new = [name for name in made if name not in training]
    print(f"{label}:", textwrap.shorten(" ".join(new), 65))
table(["parameters", "learnt by heart", "held out", "new"], rows)

# %% [markdown]
# A lower loss on what was learnt from is, in part, a better memory: compare
# the first column. In the second are real names that the network never saw.
#
# ## What attention looks at
#
# Here is one name in the kept network. Each picture is a head. A row is the
# place that looks, a column a place that is looked at. Rows add up to 1, and
# there is nothing above the diagonal.

# %%
program.parameters.data[:] = kept
program.write_back()
name = max(held_out, key=len)
tokens = tokens_of(name)[:-1]
_, heads = model.look.module.attend(model.embed(tokens))

figure, plots = axes(4, width=9, height=2.6, sharey=True)
marks = ["·", *name]
for k, plot in enumerate(plots):
    shares = [[w.data for w in row] for row in heads[k]]
    plot.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    plot.set(title=f"head {k + 1}")
    plot.set_xticks(range(len(marks)), marks)
    plot.set_yticks(range(len(marks)), marks)
    plot.tick_params(length=0)
show(figure, f"Where the four heads look in {name!r}; · is the start.")

# %% [markdown]
# ## Exercises
#
# **1.** A model has the loss of 2.3 nats per character. A second one chooses
# among $n$ characters that it holds to be equally likely, and one of them is
# always right. For which $n$ are the two equally good? (It need not be
# whole.)

# %%
choices = None  # your number

check("gpt.choices", choices)

# %% [markdown]
# **2.** Write the step from logits to probabilities. `cool(logits, T)` takes
# a list of numbers and a temperature, and returns a list of probabilities. It
# should also work for logits such as 1000.


# %%
def cool(logits, T):
    # your code
    ...


check("gpt.cool", cool)

# %% [markdown]
# Next, lesson 27: the engine as a library, for physics.
