"""What is read of a CSV file, and what is refused, with line, column and text."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest

from micrograd_dl.data.csv_table import CsvTable
from micrograd_dl.nn.frames import MISSING


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, delimiter: str | None = None) -> tuple[list[str], list[list[float]]]:
    """The names of all columns, and the numbers of each line."""
    table = CsvTable(path, delimiter)
    return table.names, table.numbers(range(len(table.names))).T.tolist()


PLAIN = (["a", "b"], [[1, 2], [3, 4.5]])


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4.5",
        "a,b\r\n1,2\r\n3,4.5\r\n",
        "a,b\r1,2\r3,4.5\r",
        b"\xef\xbb\xbfa,b\n1,2\n3,4.5\n",
        "a\tb\n1\t2\n3\t4.5\n",
        '"a";"b"\n"1";2\n3;4.5\n',
        " a , b \n1 ,  2\n 3, 4.5 \n",
        'a, "b"\n1, "2"\n3,"4.5"\n',
        "a,b\n1,2\n3,4.5\n\n \n,\n",
        "a,b\n+1.0,2e0\n.3e1,00004.50\n",
    ],
)
def test_reads(tmp_path: Path, content: str | bytes) -> None:
    assert read(write(tmp_path, content)) == PLAIN


def test_a_tsv_file_has_tabs_whatever_its_names(tmp_path: Path) -> None:
    path = write(tmp_path, "price, in EUR, net\tb\n1\t2\n").rename(tmp_path / "t.TSV")
    assert read(path) == (["price, in EUR, net", "b"], [[1, 2]])


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ('"a, b";c\n1;2', ["a, b", "c"]),
        ('"a;b;c;d","e"\n1,2', ["a;b;c;d", "e"]),
        ('"say ""x""",b\n1,2', ['say "x"', "b"]),
        ('"price\nin  EUR",b\n1,2', ["price in EUR", "b"]),
        ("größe,価格\n1,2", ["größe", "価格"]),
        ("2020,b\n1,2", ["2020", "b"]),
        ("\u00a0a\u00a0,b\n1,2", ["a", "b"]),
    ],
)
def test_names(tmp_path: Path, content: str, names: list[str]) -> None:
    assert read(write(tmp_path, content)) == (names, [[1, 2]])
    assert CsvTable(tmp_path / "t.csv", None).indices([f" {names[1]}\n", names[0]]) == [1, 0]


@pytest.mark.parametrize("delimiter", ["|", ";", " ", "x"])
def test_a_delimiter_may_be_given(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, "a,b\n1,2\n3,4.5\n".replace(",", delimiter))
    assert read(path, delimiter) == PLAIN
    for wrong in ("", 2 * delimiter, '"', "\n"):
        with pytest.raises(ValueError, match="a delimiter is one character, and no quotation mark, not"):
            read(path, wrong)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ": the first line is blank: it is to name the columns"),
        ("a,b\n", ": there is no example in it"),
        ("1,2\n3,4\n", ", line 1: the first line is to name the columns, and holds only numbers: '1, 2'"),
        (",a\n0,1", ", line 1: column 1 has no name: name it, or delete it"),
        ("a,b, a \n1,2,3", ", line 1: columns 1 and 3 are both 'a': rename one"),
        ("a,b\n1,2\n3\n", ", line 3: 1 fields for 2 columns: '3'"),
        ("a,b\n1,2\n,\n\n3,4\n", ", line 3: it is blank, though examples follow: delete it"),
        ("a,b\n1,\n", ", line 2, column 'b': the value is missing (''): fill it in, or delete the line"),
        ("a,b\n1,2\nx,y\n", ", line 3, column 'a': 'x' is not a number: write it like -1234.5"),
        ("a,b\n1,١\n", ", line 2, column 'b': '١' is not a number"),
        ("a;b\n1;1,5\n", ", line 2, column 'b': '1,5' is not a number: write it with a decimal point, 1.5"),
        ("a,b\n1,-inf\n", ", line 2, column 'b': '-inf' is not a finite double: mend it, or delete the line"),
        ('a,b\n1,"2\n3,4\n', ", line 2: this is not CSV (unexpected end of data): is a quotation mark never"),
        ('a,b\n1,"2"x\n', ", line 2: this is not CSV (',' expected after '\"')"),
        ('"a\n\nb",c\n1,2\n"\n1\n",x', ", line 5, column 'c': 'x' is not a number"),
        (b"a,b\n1,2\n1,\xe9\n", ", line 3: the byte 0xe9 is not UTF-8: save the file as UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), ", line 1: the byte 0xff is not UTF-8"),
    ],
)
def test_refuses(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match=re.escape(f"{path}{message}")):
        read(path)


@pytest.mark.parametrize("text", sorted(MISSING))
def test_missing_values(tmp_path: Path, text: str) -> None:
    table = CsvTable(write(tmp_path, f"a,b\n1, {text} \n"), None)
    message = rf"line 2, column 'b': the value is missing \('{re.escape(text)}'\)"
    with pytest.raises(ValueError, match=message):
        table.texts(1)
    with pytest.raises(ValueError, match=message):
        table.numbers([0, 1])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("size,species", ": there is no column 'Species' (did you mean 'species'?); there is"),
        ("a|b", "; there is a|b; if it has more, give the delimiter"),
        (",".join(f"x{i}" for i in range(999)), ", x19 and 979 more"),
    ],
)
def test_a_column_that_is_not_there(tmp_path: Path, header: str, message: str) -> None:
    path = write(tmp_path, f"{header}\n" + ",".join("1" for _ in header.split(",")))
    with pytest.raises(ValueError, match=re.escape(message)):
        CsvTable(path, None).indices(["Species"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes among files, as POSIX has them")
def test_a_pipe_is_read_and_a_device_is_not(tmp_path: Path) -> None:
    pipe, zero = tmp_path / "pipe.csv", tmp_path / "zero.csv"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_text, args=("a,b\n1,2\n3,4.5\n",)).start()
    assert read(pipe) == PLAIN
    zero.symlink_to("/dev/zero")
    for path, message in (
        (zero, "this is a device"),
        (tmp_path / "none", "none"),
        (tmp_path, "directory|denied"),
    ):
        with pytest.raises(OSError, match=message):
            CsvTable(path, None)


def test_a_file_too_large_for_the_memory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(CsvTable, "_text", too_large)
    with pytest.raises(MemoryError, match=r"t\.csv is too large for the memory"):
        CsvTable(write(tmp_path, "a,b\n1,2"), None)
