"""Text such as ``u = b*c; v = a + u; J = 3*v`` to Values, by parsing, never by Python's own evaluation.

>>> parse("u = b*c; v = a + u; J = 3*v", a=5, b=3, c=2)
Value(data=33.0, label='J')

The language is arithmetic as Python writes it, with ``+ - * / **``, signs, brackets and the functions of
:data:`micrograd_dl.engine.ops.TABLE`; ``-x**2`` is ``-(x**2)``. Arithmetic on numbers only gives a number, so
``2*3*x`` has one product. Statements ``name = ...`` are separated by ``;`` or new lines; the last one is the
result and needs no name. A name is given its value once; a number with a name (``k = 3``) becomes a leaf, and
``v = u`` makes no node. Nothing is recursive.
"""

from __future__ import annotations

import difflib
import keyword
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Operand, Value
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.origin import set_origin
from micrograd_dl.foundation.tracebacks import door
from micrograd_dl.foundation.written import ADD

MAX_LENGTH = 20_000  # characters of an expression
MAX_NESTING = 200  # open brackets
MAX_NAME = 100  # characters
MAX_NUMBER = 1_100  # characters: all digits of the smallest double take 1,076

_BINARY = {operation.symbol: operation for operation in (ops.add, ops.sub, ops.mul, ops.div, ops.pow)}
_NOT_CALLED = {*(operation.name for operation in _BINARY.values()), ops.neg.name}
# Understood before a bracket, unless a variable has that name; formulas are written with the table's names.
_SECOND_NAMES = {
    "max": ops.maximum, "min": ops.minimum, "ln": ops.log, "ReLU": ops.relu,
    "sigma": ops.sigmoid, "σ": ops.sigmoid, "logistic": ops.sigmoid,
}  # fmt: skip
# Derivatives of powers need these; nobody types them.
_UNLISTED = {ops.log_for_power.name, ops.power_slope.name}


class ExpressionError(ValueError):
    """An expression that cannot be read. The message says what to do, and shows the line with a caret.

    `position` is the index in `text` of what is wrong, or of the place where something is missing.
    """

    def __init__(self, problem: str, text: str, position: int) -> None:
        super().__init__(problem, text, position)
        self.problem, self.text, self.position = problem, text, position

    def __str__(self) -> str:
        return f"{self.problem}\n{_excerpt(self.text, self.position)}"


@dataclass(frozen=True, eq=False, slots=True)
class Expression:
    """A parsed text, at given values of its variables."""

    root: Value  # the result of the last statement
    names: Mapping[str, Value]  # the variables in the order given, then the assigned names
    unused: tuple[str, ...]  # the names that the root does not depend on


@door
def parse(text: str, /, **values: Operand) -> Value:
    """The Value of the last statement of `text`, with a variable for each name in `values`.

    A number becomes a leaf of that label; a Value is used as it stands.

    Raises:
        ExpressionError: the text cannot be read, a name has no value, or an operation is undefined there.
        TypeError, ValueError, OverflowError: `text` is not text, or a variable's name or number is not one.

    >>> J = parse("3 * (a + b*c)", a=5, b=3, c=2)
    >>> J.data, J.operands[1].origin.fragment
    (33.0, 'a + b*c')
    >>> parse("1 + 2x", x=4)
    Traceback (most recent call last):
    micrograd_dl...ExpressionError: an operator is missing between 2 and x: to multiply, write 2*x
    1 + 2x
         ^
    """
    return parse_names(text, values).root


def parse_names(text: str, values: Mapping[str, Operand]) -> Expression:
    """Like :func:`parse`, but gives every name of the text its Value, not only the result."""
    given = _variables(values)
    names = {name: x if isinstance(x, Value) else Value(x, name) for name, x in given.items()}
    parser = _Parser(text, names)
    root = parser.read()
    if parser.free:
        advice = " ".join(f"{name}={_CONSTANTS.get(name, '...')}" for name in parser.free)
        problem = f"no value is given for {', '.join(parser.free)}: add {advice}"
        raise ExpressionError(problem, text, parser.first[parser.free[0]].start)
    for name, token in parser.first.items():
        if isinstance(given.get(name), float):
            set_origin(names[name], text, token.start, token.end)
    reached = set(topological_order(root))
    unused = tuple(name for name, value in names.items() if value not in reached)
    return Expression(root, names, unused)


def free_names(text: str) -> list[str]:
    """The names that need a value from outside, in the order in which they first appear.

    >>> free_names("u = b*c; v = a + u; J = 3*v")
    ['b', 'c', 'a']
    """
    parser = _Parser(text, {})
    parser.read()
    return parser.free


def _variables(values: Mapping[str, Operand]) -> dict[str, Value | float]:
    variables: dict[str, Value | float] = {}
    for given, value in values.items():
        name = unicodedata.normalize("NFKC", given)
        is_name = 0 < len(given) == _name_end(given, 0) and not _problem("name", name)
        if not is_name or _function(name) or name in variables:
            raise ValueError(f"{given!r:.40} cannot be a variable: write a name that has no meaning yet")
        variables[name] = value if isinstance(value, Value) else to_float(value, f"the variable {name}")
    return variables


# --- tokens -------------------------------------------------------------------------------------------------


class _Token(NamedTuple):
    kind: str  # "number", "name", "sign", or "end" of a statement
    text: str
    start: int
    end: int


# Numbers and signs match too much here, so that 1.2.3 and == are refused as a whole.
_PIECE = re.compile(
    r"(?P<blank>[ \t\r]+|\#[^\n]*)"
    r"|(?P<number>\.?[0-9][0-9._]*(?:[eE][+-]?[0-9][0-9_]*)?)"
    r"|(?P<end>[;\n])"
    r"|(?P<sign>(?:\*\*|//|[-+*/<>=!:])=|//|\*\*|[-+*/(),=])"
)
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SIGNS = {*_BINARY, "(", ")", ",", "="}


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens of `text`, without blanks and comments; the last is the end of a statement."""
    start = 0
    while start < len(text):
        piece = _PIECE.match(text, start)
        kind = str(piece.lastgroup) if piece else "name"
        end = piece.end() if piece else _name_end(text, start)
        word = unicodedata.normalize("NFKC", text[start:end])  # as Python does with its identifiers
        problem = _problem(kind, word) if word else _refusal(text[start])
        if problem:
            raise ExpressionError(problem, text, start)
        if kind != "blank":
            yield _Token(kind, word, start, end)
        start = end
    yield _Token("end", "", start, start)


def _name_end(text: str, start: int) -> int:
    """Where the identifier that begins at `start` ends; `start` itself if none does."""
    end = start
    # Python takes the middle dot into identifiers; here it is far likelier to be meant as a product.
    while end < len(text) and f"_{text[end]}".isidentifier() and text[end] not in _LOOKALIKES:
        end += 1
    return end if text[start:end].isidentifier() else start


def _problem(kind: str, word: str) -> str:
    """The problem with a token, and the remedy; empty if there is none."""
    longest = {"name": MAX_NAME, "number": MAX_NUMBER}.get(kind, MAX_LENGTH)
    if len(word) > longest:
        return f"a {kind} of {len(word):,} characters is too long: write at most {longest:,}"
    shown = f"{word:.{MAX_NAME}}"
    if kind == "number" and not _NUMBER.fullmatch(word):
        return f"{shown} is not a number: write it with digits, a point and an exponent only, as in 1.5e-3"
    if kind == "number" and math.isinf(float(word)):
        return f"{shown} is beyond the largest double, 1.8e308: for infinity, give a variable the value inf"
    if keyword.iskeyword(word):
        return f"{word} is a keyword of Python and cannot be a name: choose another"
    return _refusal(word) if kind == "sign" and word not in _SIGNS else ""


# --- the parser ---------------------------------------------------------------------------------------------


class _Operand(NamedTuple):
    value: Value | float  # a number stays a number until it meets a Value
    start: int  # the text it stands for
    end: int


@dataclass(slots=True)
class _Pending:
    """An operator that waits for its right operand, or a bracket (of precedence 0) that is still open."""

    operation: Operation | None  # None for a bracket that only groups
    spot: int  # where it stands, and the caret if it fails
    operands: int = 1
    precedence: int = 0


class _Parser:
    """Dijkstra's shunting yard: an operator waits until its operands are complete.

    A name without a value is `free`. It is read as NaN, which passes through every operation, so that all
    such names are found and the rest of the text is checked.
    """

    def __init__(self, text: str, names: dict[str, Value]) -> None:
        if not isinstance(text, str):
            raise TypeError(f"an expression is text, not {text!r:.40} of type {type(text).__name__}")
        self.text = text
        self.names = names  # names that the text assigns are added
        self.first: dict[str, _Token] = {}  # where each name is first read
        self.free: list[str] = []
        self._named = set(names.values())
        self._nameless: int | None = None  # where the previous statement begins, if it assigns nothing
        self._begin()

    def _begin(self) -> None:
        """Begin a statement."""
        self._target: _Token | None = None  # the name that is assigned
        self._last: _Token | None = None  # the token before this one
        self._complete = False  # whether an operand has just ended: an operator must follow
        self._operands: list[_Operand] = []
        self._pending: list[_Pending] = []
        self._depth = 0  # the number of brackets among them

    def read(self) -> Value:
        """The Value of the last statement."""
        if len(self.text) > MAX_LENGTH:
            problem = f"{len(self.text):,} characters are too many: write at most {MAX_LENGTH:,}"
            raise self._error(problem, MAX_LENGTH)
        root = None
        tokens = list(_tokens(self.text))
        for token, following in pairwise([*tokens, tokens[-1]]):
            if token.kind != "end":
                self._take(token, following.text)
                self._last = token
            elif self._last and not (self._depth and token.text == "\n"):
                root = self._end(token)  # as in Python, an open bracket goes on in the next line
        if root is None:
            raise self._error("there is nothing to compute: write an expression, such as 3*(a + b*c)", 0)
        return root

    def _take(self, token: _Token, following: str) -> None:
        if self._complete and (token.kind != "sign" or token.text == "("):
            raise self._missing_operator(token)
        if token.kind == "number":
            self._push(float(token.text), token.start, token.end)
        elif token.kind == "name":
            self._take_name(token, following)
        elif token.text == "(":
            self._open(token)
        elif token.text == ")":
            self._close(token)
        elif token.text == ",":
            self._comma(token)
        elif token.text != "=":
            self._take_operator(token)
        elif self._target is None or self._last is not self._target:
            raise self._error("= has no place here: it follows the first name of a statement", token.start)

    def _take_name(self, token: _Token, following: str) -> None:
        name = token.text
        if following == "=" and self._last is None:
            if _function(name) or (name in self.names and name not in self.free):
                raise self._error(f"{name} has a meaning already: choose another name for this", token.start)
            self._target = token
        elif following == "(":
            operation = _function(name) or (None if name in self.names else _SECOND_NAMES.get(name))
            if operation is None:
                raise self._error(_not_a_function(name), token.start)
            self._pending.append(_Pending(operation, token.start))
        elif _function(name):
            raise self._error(f"{name} is a function: write {name}(...)", token.start)
        else:
            if name not in self.names:
                self.free.append(name)
                self.names[name] = Value(math.nan, name)
            self.first.setdefault(name, token)
            self._push(self.names[name], token.start, token.end)

    def _open(self, token: _Token) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise self._error(f"over {MAX_NESTING} brackets are open: give a part its own name", token.start)
        if self._last is None or self._last.kind != "name":  # else it is a function's, and pending already
            self._pending.append(_Pending(None, token.start))

    def _close(self, token: _Token) -> None:
        self._reduce(token)
        if not self._depth:
            raise self._error("this bracket was never opened: leave it out, or write a ( before", token.start)
        self._depth -= 1
        self._apply(self._pending.pop(), token.end)

    def _comma(self, token: _Token) -> None:
        self._reduce(token)
        if not self._depth or self._pending[-1].operation is None:
            raise self._error("a comma has no place here: it is for a function's operands", token.start)
        self._pending[-1].operands += 1
        self._complete = False

    def _take_operator(self, token: _Token) -> None:
        if not self._complete and token.text == "-":
            self._pending.append(_Pending(ops.neg, token.start, 1, ops.neg.precedence))
        elif self._complete or token.text != "+":  # the sign + changes nothing
            operation = _BINARY[token.text]
            # Among equals the left one is first, except that 2**3**2 is 2**(3**2).
            self._reduce(token, operation.precedence + (operation is ops.pow))
            self._pending.append(_Pending(operation, token.start, 2, operation.precedence))
            self._complete = False

    def _reduce(self, token: _Token, precedence: int = ADD) -> None:
        """Apply the operators that wait since the last open bracket and bind at least as tightly."""
        if not self._complete:
            where = f"after {self._last.text:.{MAX_NAME}}" if self._last else f"before {token.text}"
            spot = self._last.end if self._last and token.kind == "end" else token.start
            raise self._error(f"something is missing {where}: a number, say, or a name", spot)
        while self._pending and self._pending[-1].precedence >= precedence:
            self._apply(self._pending.pop())

    def _apply(self, pending: _Pending, end: int = 0) -> None:
        """Replace the operands of what waited by its result."""
        operands = self._operands[-pending.operands :]
        del self._operands[-pending.operands :]
        start, end = min(pending.spot, operands[0].start), max(end, operands[-1].end)
        value = operands[0].value
        if pending.operation:
            value = self._result(pending.operation, pending.spot, [operand.value for operand in operands])
            if isinstance(value, Value):
                set_origin(value, self.text, start, end)
                for operand, parent in zip(operands, value.operands, strict=True):
                    if parent is not operand.value:  # a number, of which a constant was made
                        set_origin(parent, self.text, operand.start, operand.end)
        self._push(value, start, end)

    def _result(self, operation: Operation, spot: int, values: list[Value | float]) -> Value | float:
        try:
            result: Value | float = operation(*values)
        except (TypeError, ValueError, ArithmeticError) as error:
            if any(isinstance(x, Value) and x.label in self.free for x in values):
                return math.nan  # u / 0 is refused when u is known, and then with its number
            raise self._error(str(error), spot) from error
        if not isinstance(result, Value) and math.isinf(result):
            raise self._error("the result is beyond the largest double, 1.8e308: take smaller numbers", spot)
        return result

    def _push(self, value: Value | float, start: int, end: int) -> None:
        self._operands.append(_Operand(value, start, end))
        self._complete = True

    def _end(self, token: _Token) -> Value:
        """The Value of the statement that ends at `token`."""
        self._reduce(token)
        if self._depth:
            raise self._never_closed()
        if self._nameless is not None:
            raise self._error("this has no name, so nothing can use it: write name = ...", self._nameless)
        value, start, end = self._operands[0]
        if not isinstance(value, Value):
            value = Value(value)
            set_origin(value, self.text, start, end)
        if self._target:
            self._assign(self._target.text, value)
        self._nameless = None if self._target else start
        self._begin()
        return value

    def _assign(self, name: str, value: Value) -> None:
        if name in self.free:
            problem = f"{name} is used here before it has its value: assign it above, or choose another name"
            raise self._error(problem, self.first[name].start)
        if value not in self._named:  # else this is an alias, and it keeps its first label
            value.label = name
        self._named.add(value)
        self.names[name] = value

    def _missing_operator(self, token: _Token) -> ExpressionError:
        assert self._last is not None
        if "\n" in self.text[self._last.end : token.start]:
            return self._never_closed()
        left, right = self._last.text[:MAX_NAME], token.text[:MAX_NAME]
        problem = f"an operator is missing between {left} and {right}: to multiply, write {left}*{right}"
        return self._error(problem, token.start)

    def _never_closed(self) -> ExpressionError:
        innermost = max(pending.spot for pending in self._pending if not pending.precedence)
        return self._error("this bracket is never closed: write a )", self.text.index("(", innermost))

    def _error(self, problem: str, spot: int) -> ExpressionError:
        return ExpressionError(problem, self.text, spot)


# --- advice, and the caret ----------------------------------------------------------------------------------

_CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
_LOOKALIKES = {**dict.fromkeys("×·\u0387⋅∗∙", "*"), **dict.fromkeys("−‐–—", "-"), **dict.fromkeys("÷∕⁄", "/")}
_ADVICE = {
    "^": "for a power, write **",
    "//": "for a quotient, write /",
    ".": "names have no attributes",
    **dict.fromkeys("[]{}", "only round brackets group, and nothing has elements"),
    **dict.fromkeys("\"'`“”‘’", "there is no text in an expression, only numbers"),
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), "nothing is compared, and = gives a name its value"),
    **dict.fromkeys(("+=", "-=", "*=", "/=", "**=", "//=", ":="), "a name is given its value once, with ="),
}


def _function(name: str) -> Operation | None:
    """The operation that is called by this name, if there is one at present."""
    return None if name in _NOT_CALLED else ops.TABLE.get(name)


def _not_a_function(name: str) -> str:
    if name in ops.TABLE:
        operation = ops.TABLE[name]
        return f"{name} is written {operation.written(operation.operand_names(operation.arity or 1))} here"
    listed = [known for known in [*ops.TABLE] if known not in _UNLISTED and known not in _NOT_CALLED]
    similar = [known for known in listed if known.startswith(name.lower())]
    similar = similar or difflib.get_close_matches(name.lower(), listed) or listed
    return f"{name} is not a function: write {name}*(...) to multiply, or choose from {', '.join(similar)}"


def _refusal(sign: str) -> str:
    """Why a sign is not part of the language; it may be any character at all."""
    parts = unicodedata.normalize("NFKC", sign)
    plain = "".join(str(unicodedata.digit(part, _LOOKALIKES.get(part, part))) for part in parts)
    if unicodedata.decomposition(sign[0]).startswith("<super>"):
        plain = f"**{plain}"
    advice = _ADVICE.get(
        sign, "its signs are + - * / ** ( ) , = ; #" if sign.isprintable() else "leave it out"
    )
    if plain != sign and plain.isascii():
        advice = f"write {plain if plain.strip() else 'a space'}"
    shown = sign if sign.isprintable() else "this character"
    if not (sign.isascii() and sign.isprintable()):
        shown = f"{shown} (U+{ord(sign):04X} {unicodedata.name(sign, 'without a name')})"
    return f"{shown} is not part of an expression: {advice}"


_WIDTH = 72  # columns of the line that an error shows


def _cut(characters: str, room: int) -> tuple[str, int]:
    """The first characters, three dots if there are more than fit, and the columns that this takes.

    What would not show in a terminal, or would move the caret, is a blank or a question mark.
    """
    shown, columns = "", 0
    for count, character in enumerate(characters):
        category = unicodedata.category(character)
        width = 0 if category in ("Mn", "Me") else 1 + (unicodedata.east_asian_width(character) in "WF")
        if columns + width > room or count > 2 * room:
            return f"{shown}...", columns + 3
        unseen = category[0] == "C" or category in ("Zl", "Zp")
        shown += " " if character in "\t\r" else "?" if unseen else character
        columns += width
    return shown, columns


def _excerpt(text: str, position: int) -> str:
    """The line of `text` around a position, and below it a caret under the position."""
    right, columns = _cut(text[position:].partition("\n")[0], _WIDTH // 2)
    left, columns = _cut(text[:position].rpartition("\n")[2][::-1], _WIDTH - 3 - columns)
    return f"{left[::-1]}{right}\n{' ' * columns}^"
