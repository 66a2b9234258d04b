"""A transformer reads names letter by letter and makes up new ones (beyond the course).

A small one of the kind that microGPT teaches: embeddings of letters and places, RMS norm, attention with
several heads that look back only, a block of two layers, softmax cross-entropy, Adam. `logits` and `loss` are
written over numbers of any class: PLAIN takes nothing but ``+ - * / **``, ``exp``, ``log`` and ``relu``.

Because: each letter's attention picks, by weights that are learned, what of the letters before it matters for
the next.

Next: pytorch
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from micrograd_dl.engine import functions
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.activations import softmax
from micrograd_dl.nn.initialisers import xavier
from micrograd_dl.optim import Adam, by_steps

_NAMES = """
ada adam adele agnes alan alba albert alda alice alina alma amos ana andre anita anna anton arlo
arne arno asta astrid aurora basil bea bela bella ben berta bianca bodil boris bruno carla carlo
carmen cato cecil celia clara cleo colin cora dana dario della dora edda edgar edith edna elena eli
elias elin elisa ella elmar elsa emil emma enid enzo eric erna esther eva felix finn flora frank
freda gerda gina gloria greta gustav hanna hans harald hedda helen helga henri hilda hugo ida igor
ina inga iris irma ivan ivo jana jane jasper joan jonas judith julia karin karl kira klara lars
laura lea lena leo leon lida lina linda lisa lola lora lotte lucia luis luna mara marco maria marta
martin mila mina mira mona nadia nelly nils nina nora olaf olga oscar otto paula pedro petra pia
rita rolf rosa ruben runa ruth sara selma sofia sonia stella sven tania tea thea tilda tom tora ulla
una vera vida viktor viola vito wanda wilma zita
"""
NAMES = _NAMES.split()
HELD_OUT = 20  # names that are never trained on

END = 0  # the token before and after every name
LETTERS = sorted(set("".join(NAMES)))
VOCABULARY = 1 + len(LETTERS)
LONGEST = 1 + max(map(len, NAMES))
WIDTH, HEADS, HIDDEN = 8, 2, 16

Row: TypeAlias = Sequence[Any]  # of numbers
Matrix: TypeAlias = Sequence[Row]
Parameters: TypeAlias = dict[str, list[list[Any]]]
Token: TypeAlias = int | Row


class Arithmetic(NamedTuple):
    """How rows of numbers are put together."""

    dot: Callable[[Row, Row], Any]
    logsumexp: Callable[[Row], Any]
    softmax: Callable[[Row], list[Any]]


def _dot(w: Row, x: Row) -> Any:
    total = w[0] * x[0]
    for a, b in zip(w[1:], x[1:], strict=True):
        total = total + a * b
    return total


def _total(x: Row) -> Any:
    total = x[0]
    for term in x[1:]:
        total = total + term
    return total


def _softmax(z: Row) -> list[Any]:
    powers = [x.exp() for x in z]
    total = _total(powers)
    return [power / total for power in powers]


# A weighted sum as one node of micrograd_dl, or multiplied and added out in the operators of any class. The
# latter does not subtract the largest z before exp, which logits of this size do not need.
FUSED = Arithmetic(functions.dot, functions.logsumexp, softmax.of)
PLAIN = Arithmetic(_dot, lambda z: _total([x.exp() for x in z]).log(), _softmax)


def encode(name: str) -> list[int]:
    """The tokens of a name, with END on both sides."""
    return [END, *(1 + LETTERS.index(letter) for letter in name), END]


def init_parameters(seed: int = 0, number: Callable[[float], Any] = Value) -> Parameters:
    """Matrices of numbers of a class, a row an output; those of the embeddings, a row a token or place."""
    shapes = {
        "token": (VOCABULARY, WIDTH),
        "place": (LONGEST, WIDTH),
        "query": (WIDTH, WIDTH),
        "key": (WIDTH, WIDTH),
        "value": (WIDTH, WIDTH),
        "mix": (WIDTH, WIDTH),
        "widen": (HIDDEN, WIDTH),
        "narrow": (WIDTH, HIDDEN),
        "predict": (VOCABULARY, WIDTH),
    }
    rng = np.random.default_rng(seed)
    scale = {"predict": 0.1}  # nearly the same chance for every letter at first
    return {
        name: [[number(scale.get(name, 1.0) * x) for x in row] for row in xavier(rng, *shape).tolist()]
        for name, shape in shapes.items()
    }


def flat(parameters: Parameters) -> list[Any]:
    """All numbers of all matrices, in their order."""
    return [x for matrix in parameters.values() for row in matrix for x in row]


def linear(W: Matrix, x: Row, to: Arithmetic) -> list[Any]:
    """``W x``."""
    return [to.dot(row, x) for row in W]


def rms_norm(x: Row, to: Arithmetic) -> list[Any]:
    """x divided by the root of its mean square."""
    scale = (to.dot(x, x) * (1 / len(x)) + 1e-5) ** -0.5
    return [scale * unit for unit in x]


def attention(query: Row, keys: Matrix, values: Matrix, to: Arithmetic) -> list[Any]:
    """Each head's mean of the values so far, weighted by how well their keys fit the query."""
    size, out = WIDTH // HEADS, []
    for start in range(0, WIDTH, size):
        head = slice(start, start + size)
        fits = [to.dot(query[head], key[head]) * size**-0.5 for key in keys]
        weights = to.softmax(fits)
        out += [to.dot(weights, column) for column in zip(*(value[head] for value in values), strict=True)]
    return out


def logits(parameters: Parameters, tokens: Sequence[Token], to: Arithmetic = FUSED) -> list[list[Any]]:
    """For each token, the logits of the next one, which depend on the tokens so far."""
    p, keys, values, out = parameters, [], [], []
    for place, token in enumerate(tokens):
        letter = _chosen(p["token"], token, to)
        x = rms_norm([a + b for a, b in zip(letter, p["place"][place], strict=True)], to)
        before = rms_norm(x, to)
        keys.append(linear(p["key"], before, to))
        values.append(linear(p["value"], before, to))
        seen = attention(linear(p["query"], before, to), keys, values, to)
        x = [a + b for a, b in zip(x, linear(p["mix"], seen, to), strict=True)]
        hidden = [z.relu() for z in linear(p["widen"], rms_norm(x, to), to)]
        x = [a + b for a, b in zip(x, linear(p["narrow"], hidden, to), strict=True)]
        out.append(linear(p["predict"], x, to))
    return out


def loss(parameters: Parameters, tokens: Sequence[Token], to: Arithmetic = FUSED) -> Any:
    """The mean cross-entropy of every next token of one name, END included.

    A token is a whole number, or a one-hot row of numbers, such as inputs of a graph that is to serve all
    names of one length.
    """
    z = logits(parameters, tokens[:-1], to)
    terms = [
        to.logsumexp(row) - (row[token] if isinstance(token, int) else to.dot(token, row))
        for row, token in zip(z, tokens[1:], strict=True)
    ]
    return _total(terms) * (1 / len(terms))


def _chosen(table: Matrix, token: Token, to: Arithmetic) -> Row:
    if isinstance(token, int):
        return table[token]
    return [to.dot(token, column) for column in zip(*table, strict=True)]


def names(seed: int = 0) -> tuple[list[str], list[str]]:
    """Those to train on, and those held out."""
    mixed = [NAMES[k] for k in np.random.default_rng(seed).permutation(len(NAMES))]
    return mixed[HELD_OUT:], mixed[:HELD_OUT]


def order(steps: int, seed: int = 0) -> list[str]:
    """The name of each step; all come once before any comes again."""
    rng, known = np.random.default_rng(seed), names()[0]
    rounds = range(-(-steps // len(known)))
    return [known[k] for _ in rounds for k in rng.permutation(len(known))][:steps]


def optimiser(parameters: Sequence[Any], steps: int) -> Adam:
    """Adam, whose learning rate goes down to 0 by the end of so many steps."""
    return Adam(parameters, by_steps(lambda step: 0.02 * (1 - step / steps)), beta1=0.85, beta2=0.99)


def train(
    steps: int, seed: int = 0, to: Arithmetic = FUSED, number: Callable[[float], Any] = Value
) -> tuple[Parameters, list[float]]:
    """One name a step: the parameters and the loss of each step.

    Of another class of numbers it asks for ``data``, ``grad`` and ``backward()`` besides.
    """
    parameters, losses = init_parameters(seed, number), []
    rule = optimiser(flat(parameters), steps)
    for name in order(steps, seed):
        rule.zero_grad()
        J = loss(parameters, encode(name), to)
        J.backward()
        rule.step()
        losses.append(J.data)
    return parameters, losses


def mean_loss(parameters: Parameters, of: Sequence[str]) -> float:
    """The mean over all tokens of some names."""
    tokens = [encode(name) for name in of]
    total: float = sum(loss(parameters, t).data * (len(t) - 1) for t in tokens)
    return total / sum(len(t) - 1 for t in tokens)


def by_frequency(of: Sequence[str]) -> float:
    """The same for a guess by how common each letter is, and no more."""
    counts = Counter(token for name in names()[0] for token in encode(name)[1:])
    tokens = [token for name in of for token in encode(name)[1:]]
    every = counts.total() + VOCABULARY  # each once more than seen, as one may be unseen
    return -sum(math.log((counts[token] + 1) / every) for token in tokens) / len(tokens)


def sample(parameters: Parameters, rng: np.random.Generator) -> str:
    """A name, letter by letter, each drawn with the probability that the network gives it."""
    tokens = [END]
    while len(tokens) <= LONGEST:
        chances = [a.data for a in softmax.of(logits(parameters, tokens)[-1])]
        token = int(rng.choice(VOCABULARY, p=chances))
        if token == END:
            break
        tokens.append(token)
    return "".join(LETTERS[token - 1] for token in tokens[1:])


def main(steps: int = 450, samples: int = 12) -> None:
    known, held_out = names()
    parameters, losses = train(steps)
    print(
        f"What letter comes next? {len(known)} names, {len(flat(parameters))} parameters, one name a step\n"
    )
    print(f"{'steps':>12}   mean loss")
    part = max(1, steps // 6)
    for start in range(0, steps, part):
        block = losses[start : start + part]
        print(f"{f'{start + 1} to {start + len(block)}':>12}   {sum(block) / len(block):.3f}")
    untrained = mean_loss(init_parameters(), held_out)
    print(f"\nLoss of {len(held_out)} names that it has not seen:")
    print(f"  each of {VOCABULARY} tokens alike, log {VOCABULARY} {math.log(VOCABULARY):.3f}")
    print(f"  before training              {untrained:.3f}")
    print(f"  by how common a letter is    {by_frequency(held_out):.3f}")
    print(f"  the transformer              {mean_loss(parameters, held_out):.3f}")
    rng = np.random.default_rng(0)
    made_up = [sample(parameters, rng) or "(nothing)" for _ in range(samples)]
    print(f"\nNames it makes up (* is one of the list): {', '.join(n + '*' * (n in NAMES) for n in made_up)}")


if __name__ == "__main__":
    main()
