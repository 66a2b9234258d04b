"""What is read of a CSV file, and what is refused, with line, column and text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from micrograd_dl.data.csv_table import MISSING, CsvTable


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, delimiter: str | None = None) -> tuple[list[str], list[list[float]]]:
    """The names of all columns, and the numbers of each line."""
    table = CsvTable(path, delimiter)
    every = range(len(table.names))
    return table.names, [table.numbers(line, fields, every).tolist() for line, fields in table.rows()]


def refusal(path: Path, delimiter: str | None = None) -> str:
    """What is said of a file, without the path."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        read(path, delimiter)
    return str(caught.value).removeprefix(str(path))


PLAIN = (["a", "b"], [[1, 2], [3, 4.5]])


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4.5\n",
        "a,b\n1,2\n3,4.5",
        "a,b\r\n1,2\r\n3,4.5\r\n",
        "a,b\r1,2\r3,4.5\r",
        b"\xef\xbb\xbfa,b\n1,2\n3,4.5\n",
        "a;b\n1;2\n3;4.5\n",
        "a\tb\n1\t2\n3\t4.5\n",
        '"a","b"\n"1","2"\n"3","4.5"\n',
        '"a";"b"\n"1";2\n3;4.5\n',
        " a , b\n1 ,  2\n 3, 4.5 \n",
        'a, "b"\n1, "2"\n3,"4.5"\n',
        "a,b\n1,2\n3,4.5\n\n \n,\n",
        "a,b\n+1.0,2e0\n.3e1,00004.50\n",
    ],
    ids=[
        "LF",
        "no end",
        "CRLF",
        "CR",
        "BOM",
        "semicolon",
        "tab",
        "quotes",
        "quotes;",
        "blanks",
        "skip",
        "end",
        "forms",
    ],
)
def test_reads(tmp_path: Path, content: str | bytes) -> None:
    assert read(write(tmp_path, content)) == PLAIN


def test_a_tsv_file_has_tabs_whatever_its_names(tmp_path: Path) -> None:
    path = write(tmp_path, "price, in EUR, net\tb\n1\t2\n").rename(tmp_path / "t.TSV")
    assert read(path) == (["price, in EUR, net", "b"], [[1, 2]])
    assert CsvTable(path, ",").names == ["price", "in EUR", "net b"]


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


@pytest.mark.parametrize("delimiter", ["|", ";", " ", "x"])
def test_a_delimiter_may_be_given(tmp_path: Path, delimiter: str) -> None:
    content = "a,b\n1,2\n3,4.5\n".replace(",", delimiter)
    assert read(write(tmp_path, content), delimiter) == PLAIN


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
def test_delimiters_refused(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(ValueError, match="a delimiter is one character, and no quotation mark, not"):
        CsvTable(write(tmp_path, "a,b\n1,2"), delimiter)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ": the first line is blank: it is to name the columns"),
        (b"\xef\xbb\xbf", ": the first line is blank"),
        ("\na,b\n1,2", ": the first line is blank"),
        (",\n1,2", ": the first line is blank"),
        ("a,b\n", ": there is no example in it"),
        ("a,b\n\n,\n", ": there is no example in it"),
        ("1,2\n3,4\n", ", line 1: the first line is to name the columns, and it holds numbers only: '1, 2'"),
        (",a\n0,1", ", line 1: column 1 has no name: name it, or delete it"),
        ("a,b,a\n1,2,3", ", line 1: columns 1 and 3 are both 'a': rename one"),
        ("a,b, a \n1,2,3", ", line 1: columns 1 and 3 are both 'a'"),
        ("a,b\n1,2\n3\n", ", line 3: fields and columns differ in number, 1 and 2: '3'"),
        ("a,b\n1,2,3\n", ", line 2: fields and columns differ in number, 3 and 2: '1 | 2 | 3'"),
        ("a,b\n1,2\n\n3,4\n", ", line 3: it is blank, though examples follow: delete it"),
        ("a,b\n1,2\n,\n\n3,4\n", ", line 3: it is blank"),
        ("a,b\n1,\n", ", line 2, column 'b': the value is missing (''): fill it in, or delete the line"),
        ("a,b\n1,NA\n", ", line 2, column 'b': the value is missing ('NA')"),
        ("a,b\n1,2\nnan,2\n", ", line 3, column 'a': the value is missing ('nan')"),
        ("a,b\n1,2\nx,y\n", ", line 3, column 'a': 'x' is not a number: write it like -1234.5"),
        ("a,b\n1,1_000\n", ", line 2, column 'b': '1_000' is not a number"),
        ("a,b\n1,١\n", ", line 2, column 'b': '١' is not a number"),
        ('a,b\n1,"1,5"\n', ", line 2, column 'b': '1,5' is not a number"),
        ("a,b\n1,0x10\n", ", line 2, column 'b': '0x10' is not a number"),
        ("a,b\n1,1e999\n", ", line 2, column 'b': '1e999' is not a finite double"),
        ("a,b\n1,-inf\n", ", line 2, column 'b': '-inf' is not a finite double: mend it, or delete the line"),
        ("a,b\n1,NAN\n", ", line 2, column 'b': 'NAN' is not a finite double"),
        ('a,b\n1,"2\n3,4\n', ", line 2: this is not CSV (unexpected end of data): is a quotation mark never"),
        ('a,b\n1,"2"x\n', ", line 2: this is not CSV (',' expected after '\"')"),
        ('"a\n\nb",c\n1,2\n"\n1\n",x', ", line 5, column 'c': 'x' is not a number"),
        (f"a,b\n1,{'7' * 140_000}\n", ", line 2: this is not CSV (field larger than field limit (131072))"),
        (f"a,b\n1,{'x' * 100}\n", f", line 2, column 'b': '{'x' * 57}...' is not a number"),
        (b"a,b\n1,2\n1,\xe9\n", ", line 3: the byte 0xe9 is not UTF-8: save the file as CSV in UTF-8"),
        (b"\xef\xbb\xbfa,b\n1,\xe9\n", ", line 2: the byte 0xe9 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), ", line 1: the byte 0xff is not UTF-8"),
    ],
)
def test_refuses(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(write(tmp_path, content)).startswith(message)


@pytest.mark.parametrize("text", sorted(MISSING))
def test_missing_values(tmp_path: Path, text: str) -> None:
    table = CsvTable(write(tmp_path, f"a,b\n1, {text} \n"), None)
    [(line, fields)] = table.rows()
    for read_value in (lambda: table.text(line, fields, 1), lambda: table.numbers(line, fields, [0, 1])):
        with pytest.raises(
            ValueError, match=rf"line 2, column 'b': the value is missing \('{re.escape(text)}'\)"
        ):
            read_value()


@pytest.mark.parametrize("text", ["None", "none", "na", "-", "0"])
def test_text_that_is_there(tmp_path: Path, text: str) -> None:
    table = CsvTable(write(tmp_path, f"a,b\n1,{text}\n"), None)
    [(line, fields)] = table.rows()
    assert table.text(line, fields, 1) == text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Species", ": there is no column 'Species' (did you mean 'species'?); there is size, species"),
        ("specie", ": there is no column 'specie' (did you mean 'species'?)"),
        ("price", ": there is no column 'price'; there is size, species"),
    ],
)
def test_a_column_that_is_not_there(tmp_path: Path, name: str, message: str) -> None:
    path = write(tmp_path, "size,species\n1,a")
    with pytest.raises(ValueError, match=re.escape(f"{path}{message}")):
        CsvTable(path, None).index(name)


def test_another_delimiter_is_thought_of(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no column 'b'; there is a\|b; if it has more, give the delimiter"):
        CsvTable(write(tmp_path, "a|b\n1|2"), None).index("b")


@pytest.mark.parametrize("name", ["b", " b ", "b\n"])
def test_columns_are_found_as_they_are_named(tmp_path: Path, name: str) -> None:
    assert CsvTable(write(tmp_path, "a, b\n1,2"), None).indices([name, "a"]) == [1, 0]


@pytest.mark.parametrize("path", ["none.csv", "."])
def test_no_file(tmp_path: Path, path: Any) -> None:
    with pytest.raises(OSError, match=re.escape(str(tmp_path))):
        CsvTable(tmp_path / path, None)
