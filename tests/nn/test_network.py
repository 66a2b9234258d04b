"""What both kinds of network refuse, show and predict."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import numpy as np
import pytest

from micrograd_dl.nn.initialisers import INITIALISERS, InitialiserName, orthogonal, zeros
from micrograd_dl.nn.losses import LOSSES, LossName
from micrograd_dl.nn.network import Network, Options, one_hot
from micrograd_dl.nn.normalisation import KINDS, Kind


def marked(message: str) -> list[str]:
    """The rows of the table of shapes that are pointed at."""
    return [line for line in message.splitlines() if line.startswith("-->")]


# --- architecture -------------------------------------------------------------------------------------------


def test_defaults_are_those_of_micrograd(MLP: type[Network]) -> None:
    model = MLP(3, [4, 4, 1], seed=5)
    assert model.shape == (3, 4, 4, 1)
    assert [g.name for g in model.activations] == ["relu", "relu", "linear"]
    assert model.loss.name == "squared"
    assert repr(model) == "MLP(3 -> 4 relu -> 4 relu -> 1 linear; squared loss; 41 parameters, seed 5)"
    assert repr(MLP(1, [1], l2=0.5, l1=2, slope_at_kink="left", seed=1)).endswith(
        "squared loss, l2=0.5, l1=2, slope at kink: left; 2 parameters, seed 1)"
    )


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("tanh", ["tanh", "tanh", "linear"]), (["relu", "tanh", "softmax"], ["relu", "tanh", "softmax"])],
)
def test_activations(MLP: type[Network], given: Any, wanted: list[str]) -> None:
    assert [g.name for g in MLP(2, [3, 3, 2], given).activations] == wanted


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((0, [1]), {}, "at least one input and one layer of at least one unit, in whole numbers, not (0, 1)"),
        ((2, []), {}, "at least one input and one layer of at least one unit, in whole numbers, not (2,)"),
        ((2, [3, 0]), {}, "not (2, 3, 0)"),
        ((2, [3.0, 1]), {}, "in whole numbers, not (2, 3.0, 1)"),
        ((2, ["3", 1]), {}, "in whole numbers, not (2, '3', 1)"),
        ((2, 3, ["relu"]), {}, "sizes are those of the layers in a list, such as [3], not 3"),
        ((2, [1]), {"seed": -1}, "seed is a whole number from 0 up, not -1"),
        ((2, [3, 1], ["tanh"]), {}, "2 layers take 2 activations, not 1: tanh"),
        ((2, [3, 1], ["gulu", "linear"]), {}, "no activation 'gulu'"),
        ((2, [1], "tanh"), {}, "'tanh' is for hidden layers, and there are none: write ['tanh'] for the"),
        ((2, [1]), {"initialiser": "kaiming"}, "there is no initialiser 'kaiming': choose one of zeros, "),
        ((2, [1]), {"initialiser": ["he"]}, "one for all layers: a name, such as 'he', or a function of"),
        ((2, [3, 1], ["softmax", "linear"]), {}, "softmax is for the output layer"),
        ((2, [1], ["tanh"], "logistic"), {}, "takes the output activation sigmoid, not tanh"),
        ((2, [1]), {"l2": -1.0}, "the regularisation l2 is a number from 0 up, not -1.0"),
        ((2, [1]), {"l1": float("nan")}, "the regularisation l1 is a number from 0 up, not nan"),
        ((2, [1]), {"initialiser": lambda *_: np.zeros((2, 1))}, "from the initialiser is (2, 1)"),
        ((2, [1]), {"initialiser": lambda *_: 0.5}, "from the initialiser is ()"),
        ((2, [1]), {"max_norm": 0}, "max_norm is a number above 0, not 0.0"),
        ((2, [1]), {"max_norm": float("inf")}, "max_norm is a number above 0, not inf"),
        ((3, [4, 1]), {"normalisation": "instance"}, "one of batch, layer, or None, not 'instance'"),
        ((3, [4, 1]), {"normalisation": ["batch", "layer"]}, "takes 1 kind of normalisation, not 2"),
        (
            (3, [4, 1]),
            {"keep_prob": np.float32(1.5)},
            "at most 1, the part of the units kept, not 1.5",
        ),
        ((3, [4, 1]), {"keep_prob": 0.0}, "at most 1, the part of the units kept, not 0.0"),
        ((3, [4, 4, 1]), {"keep_prob": [0.5, float("nan")]}, "keep_prob is above 0 and at most 1"),
        ((3, [4, 4, 1]), {"keep_prob": [0.5]}, "2 hidden layers take 2 probabilities to keep a unit, not 1"),
        ((1, [1]), {"label_smoothing": 0.1}, "is for probabilities; the targets of squared are none"),
        ((1, [2], ["softmax"]), {"label_smoothing": 1.0}, "label_smoothing is from 0 to below 1, not 1.0"),
        ((1, [2], ["softmax"]), {"label_smoothing": -0.1}, "label_smoothing is from 0 to below 1, not -0.1"),
    ],
)
def test_refused(MLP: type[Network], args: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared below, brackets and all
        MLP(*args, **options)
    assert message in str(error.value)


# --- shapes -------------------------------------------------------------------------------------------------


def test_rows_of_different_lengths(MLP: type[Network]) -> None:
    model = MLP(2, [1])
    for name, X, Y in (("X", [[1, 2], [3]], [[1, 0]]), ("Y", [[1, 2], [3, 4]], [[1], [1, 0]])):
        with pytest.raises(ValueError, match=rf"^the rows of {name} are of different lengths: \(n, m\) is"):
            model.cost_and_grad(X, Y)


@pytest.mark.parametrize(
    ("X", "Y", "row", "advice"),
    [
        (np.zeros(2), np.zeros((1, 1)), "0 input", "reshape it with X.reshape(2, -1)"),
        (np.zeros((2, 5)), np.zeros(5), "Y: (1, m)", "reshape it with Y.reshape(1, -1)"),
        (np.zeros((5, 2)), np.zeros((1, 5)), "0 input", "transpose it, X.T"),
        (np.zeros((2, 5)), np.zeros((5, 1)), "Y: (1, m)", "transpose it, Y.T"),
        (np.zeros((3, 5)), np.zeros((1, 5)), "0 input", "X is (3, 5), (2, m) is wanted"),
        (np.zeros((2, 5)), np.zeros((1, 4)), "Y: (1, m)", "Y is (1, 4), (1, 5) is wanted"),
        (np.zeros((2, 0)), np.zeros((1, 0)), "0 input", "there is no example in it"),
        (np.zeros((2, 5, 1)), np.zeros((1, 5)), "0 input", "columns are examples"),
        (np.float64(3), np.zeros((1, 5)), "0 input", "X is ()"),
    ],
)
@pytest.mark.parametrize("door", ["cost_and_grad", "cost", "record", "accuracy"])
def test_a_wrong_shape_is_shown_in_the_table(
    MLP: type[Network], X: Any, Y: Any, row: str, advice: str, door: str
) -> None:
    model = MLP(2, [3, 1], ["tanh", "sigmoid"])
    with pytest.raises(ValueError, match="is wanted") as error:
        getattr(model, door)(X, Y)
    [line] = marked(str(error.value))
    assert row in line
    assert "is wanted" in line
    assert advice in str(error.value)
    assert "1 tanh       (3, 2)       (3, 1)       (3, m)" in str(error.value)


@pytest.mark.parametrize("door", ["forward", "predict"])
def test_a_wrong_X_is_refused_at_prediction_too(MLP: type[Network], door: str) -> None:
    with pytest.raises(ValueError, match=r"reshape it with X\.reshape"):
        getattr(MLP(2, [1]), door)([1.0, 2.0])
    with pytest.raises(ValueError, match=r"X holds <U1, not numbers: convert it with X.astype\(float\)"):
        getattr(MLP(1, [1]), door)([["a", "b"]])


def test_targets_of_cross_entropy_are_one_hot(MLP: type[Network]) -> None:
    model = MLP(1, [2], ["softmax"])
    for Y, wrong in (([[1], [1]], "1 in row 1"), ([[2], [-1]], "-1 in row 2")):
        with pytest.raises(ValueError, match=rf"Y holds {wrong}, example 1: convert them with one_hot"):
            model.cost([[1.0]], Y)


@pytest.mark.parametrize(
    ("index", "W", "b", "note"),
    [
        (0, (2, 3), (3, 1), "W[1] is (2, 3), (3, 2) is wanted"),
        (0, (3, 2), (3,), "b[1] is (3,), (3, 1) is wanted: reshape it with .reshape(3, 1)"),
        (0, (3, 2), (1, 3), "b[1] is (1, 3), (3, 1) is wanted"),
        (1, (3,), (1, 1), "W[2] is (3,), (1, 3) is wanted"),
        (1, (1, 3), (), "b[2] is (), (1, 1) is wanted"),
    ],
)
def test_wrong_parameters(MLP: type[Network], index: int, W: Any, b: Any, note: str) -> None:
    model = MLP(2, [3, 1], ["tanh", "sigmoid"])
    before, layers = model.named(), model.layers_data()
    layers[index] = np.ones(W), np.ones(b)
    with pytest.raises(ValueError, match="is wanted") as error:
        model.set_layers_data(layers)
    [line] = marked(str(error.value))
    assert line.endswith(f"<-- {note.split(':')[0]}")
    assert str(error.value).startswith(note)
    assert f" {index + 1} " in line
    for name, x in model.named().items():
        np.testing.assert_array_equal(x, before[name])


def test_wrong_number_of_layers(MLP: type[Network]) -> None:
    model = MLP(2, [3, 1])
    with pytest.raises(ValueError, match="this network has 2 layers, and 1 given"):
        model.set_layers_data(model.layers_data()[:1])
    with pytest.raises(ValueError, match=r"different layers: 2 -> 3 -> 1 here, 2 -> 4 -> 1 there"):
        model.copy_from(MLP(2, [4, 1]))


def test_lists_and_tuples_and_whole_numbers_will_do(MLP: type[Network]) -> None:
    model, X, Y = MLP(2, [2, 1], ["tanh", "sigmoid"]), [[1.0, 2.0], [0.0, 1.0]], [[1.0, 0.0]]
    wanted = model.cost_and_grad(np.array(X), np.array(Y))
    assert model.cost_and_grad(X, Y) == model.cost_and_grad(((1, 2), (0, 1)), ((True, False),)) == wanted
    assert model.cost_and_grad(np.array(X).astype(int), np.array(Y).astype(np.uint8)) == wanted


def test_signatures_and_names_are_told_to_help_and_type_checkers(MLP: type[Network]) -> None:
    parameters = inspect.signature(MLP).parameters
    assert list(parameters)[:4] == ["n_x", "sizes", "activations", "loss"]
    assert {"seed", "l2", "keep_prob", "slope_at_kink"} <= set(parameters)
    assert not {p.kind for p in parameters.values()} & {inspect.Parameter.VAR_KEYWORD}
    assert set(get_args(LossName)) == set(LOSSES)
    assert set(get_args(InitialiserName)) == set(INITIALISERS)
    assert get_args(Kind) == KINDS
    named = set(inspect.signature(Network).parameters) - set(list(parameters)[:4])
    assert set(Options.__annotations__) == named


# --- predictions --------------------------------------------------------------------------------------------


def test_predict_and_accuracy(MLP: type[Network]) -> None:
    X = [[-1.0, 2.0, 0.0]]

    def model(n_y: int, activation: str, loss: Any) -> Network:
        made = MLP(1, [n_y], [activation], loss)
        made.set_layers_data([(np.arange(1.0, n_y + 1)[:, None], np.zeros((n_y, 1)))])
        return made

    logistic = model(1, "sigmoid", "logistic")
    assert logistic.predict(X).tolist() == [[0, 1, 1]]
    assert logistic.accuracy(X, [[0, 0, 1]]) == pytest.approx(2 / 3)
    margin = model(1, "linear", "max_margin")
    assert margin.predict(X).tolist() == [[-1, 1, 1]]
    assert margin.accuracy(X, [[-1, 1, -1]]) == pytest.approx(2 / 3)
    several = model(3, "softmax", "cross_entropy")
    assert several.predict(X).tolist() == [[0, 2, 0]]
    assert several.accuracy(X, one_hot([0, 2, 1])) == pytest.approx(2 / 3)
    squared = model(1, "linear", "squared")
    assert squared.predict(X).tolist() == X
    with pytest.raises(
        ValueError, match="accuracy is for classes; a network with the loss squared predicts numbers"
    ):
        squared.accuracy(X, X)


def test_an_initialiser_by_name(MLP: type[Network]) -> None:
    by_name, by_function = (MLP(2, [3, 1], initialiser=given, seed=1) for given in ("orthogonal", orthogonal))
    assert by_name.named()["W1"].tolist() == by_function.named()["W1"].tolist()


def test_zero_initialisation_keeps_units_identical(MLP: type[Network]) -> None:
    model = MLP(2, [3, 1], ["tanh", "sigmoid"], initialiser=zeros)
    model.cost_and_grad([[1.0, 2.0], [3.0, -1.0]], [[1, 0]])
    for dW, _ in model.layers_grad():
        assert (dW == dW[0]).all()


# --- one_hot ------------------------------------------------------------------------------------------------


def test_one_hot() -> None:
    wanted = [[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert one_hot([0, 2, 1], 4).tolist() == one_hot([[0, 2, 1]], 4).tolist() == wanted
    assert one_hot(np.unique(["dog", "cat"], return_inverse=True)[1]).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("classes", "n_y", "message"),
    [
        ([], None, "not (0,)"),
        ([[0], [1]], None, "classes are (1, m), or a sequence of m, not (2, 1)"),
        ([0, 3], 3, "whole numbers from 0 to 2, not 3"),
        ([0.5, 1], None, "whole numbers from 0 to 1, not 0.5"),
        ([-1, 1], None, "whole numbers from 0 to 1, not -1"),
        ([float("nan"), 1], None, "whole numbers from 0 to 1, not nan"),
        ([float("inf"), 1], None, "whole numbers from 0 to 1, not inf"),
        (["cat", "dog"], None, "whole numbers, not <U3: number them with np.unique(classes, return_inv"),
    ],
)
def test_one_hot_refuses(classes: Any, n_y: int | None, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared below, brackets and all
        one_hot(classes, n_y)
    assert message in str(error.value)


# --- seeds --------------------------------------------------------------------------------------------------


def test_networks_without_a_seed_differ_and_can_be_made_again(MLP: type[Network]) -> None:
    one, other = (MLP(2, [3, 1], keep_prob=0.5) for _ in range(2))
    assert one.seed != other.seed
    assert (one.named()["W1"] != other.named()["W1"]).any()
    again = MLP(2, [3, 1], keep_prob=0.5, seed=one.seed)
    assert repr(again) == repr(one)
    assert f"seed {one.seed})" in repr(one)
    X, Y = np.ones((2, 4)), np.ones((1, 4))
    assert again.cost_and_grad(X, Y) == one.cost_and_grad(X, Y)
