"""From bytes to rows: the recordings of a real host, what older servers say, and what is no RRD at all."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.metrics.decode import decode
from podium.metrics.layout import Layout
from podium.xapi.errors import XapiGarbage

WIRE = Path(__file__).resolve().parents[3] / "shared" / "xapi" / "wire"

NAMES = ["AVERAGE:host:h:cpu0", "AVERAGE:vm:v:memory"]
TABLE = [(15, [math.nan, 3.0]), (10, [0.25, math.inf]), (5, [0.0, 4294967296.0])]


def numbers(values: list[float]) -> list[str]:
    return ["NaN" if math.isnan(one) else "Infinity" if math.isinf(one) else repr(one) for one in values]


def as_json() -> bytes:
    meta = {"start": "5", "step": "5", "end": "15", "rows": "3", "columns": "2", "legend": NAMES}
    return json.dumps({"meta": meta, "data": [{"t": str(t), "values": numbers(row)} for t, row in TABLE]}).encode()


def as_json5() -> bytes:
    legend = ",".join(f'"{name}"' for name in NAMES)
    data = ",".join(f"{{t:{t},values:[{','.join(numbers(row))}]}}" for t, row in TABLE)
    return f"{{meta: {{start:5,step:5,end:15,rows:3,columns:2,legend:[{legend}]}},data:[{data}]}}".encode()


def as_xml() -> bytes:
    legend = "".join(f"<entry>{name}</entry>" for name in NAMES)
    rows = "".join(f"<row><t>{t}</t>{''.join(f'<v>{one}</v>' for one in numbers(row))}</row>" for t, row in TABLE)
    meta = f"<start>5</start><step>5</step><end>15</end><rows>3</rows><columns>2</columns><legend>{legend}</legend>"
    return f'<?xml version="1.0" encoding="UTF-8"?><xport><meta>{meta}</meta><data>{rows}</data></xport>'.encode()


@pytest.mark.parametrize("body", [as_json(), as_json5(), as_xml()], ids=["JSON", "JSON5", "XML"])
def test_three_ways_to_say_the_same(body: bytes) -> None:
    update = decode(body)
    assert (update.step, update.end, update.columns) == (5, 15, NAMES)
    rows = list(update.rows(2))
    assert [at for at, _ in rows] == [5, 10, 15]
    for (_, row), (_, wanted) in zip(rows, reversed(TABLE), strict=True):
        assert row.dtype == np.float32
        assert np.array_equal(row, np.array(wanted, np.float32), equal_nan=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<xport>",
        b"<xport><meta></meta></xport>",
        b'{"meta":{"step":"5"},"data":[]}',
        as_json()[:-9],
        as_json5()[:-3],
        as_xml()[:-20],
        as_json().replace(b'"step": "5"', b'"step": "0"'),
        as_json().replace(b'"step": "5"', b'"step": "-5"'),
        as_json().replace(b'"end": "15"', b'"end": "99999999999999999"'),
        as_json().replace(b'"step": "5"', b'"step": "x"'),
        b"\xff\xfe\x00",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xport><meta><step>&b;</step></meta></xport>',
        b"[" * 100_000,
        b'{"meta":' * 10_000,
    ],
)
def test_what_is_no_rrd_is_garbage(body: bytes) -> None:
    with pytest.raises(XapiGarbage):
        decode(body)


@pytest.mark.parametrize("values", [["1"], ["1", "2", "3"], ["1", "x"], ["1", None], [[], "1"], "12"])
def test_rows_that_do_not_fit_the_legend_are_garbage(values: object) -> None:
    whole = json.loads(as_json())
    whole["data"] = [{"t": "15", "values": values}]
    with pytest.raises(XapiGarbage):
        list(decode(json.dumps(whole).encode()).rows(2))


def test_a_legend_that_is_no_list_is_garbage() -> None:
    whole = json.loads(as_json())
    whole["meta"]["legend"] = {"a": 1}
    with pytest.raises(XapiGarbage):
        _ = decode(json.dumps(whole).encode()).columns


def test_a_host_that_lies_cannot_take_all_memory() -> None:
    whole = json.loads(as_json())
    whole["meta"]["legend"] = ["AVERAGE:vm:v:x"] * 200_001
    with pytest.raises(XapiGarbage):
        _ = decode(json.dumps(whole).encode()).columns
    whole["data"] = [{"t": "5", "values": []}] * 2_001
    with pytest.raises(XapiGarbage):
        decode(json.dumps(whole).encode())


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_rows_or_garbage(body: bytes) -> None:
    try:
        update = decode(body)
        list(update.rows(len(update.columns)))
    except XapiGarbage:
        pass


@pytest.mark.skipif(not WIRE.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize("name", ["09-001", "09-002", "09-003", "09-004", "09-005", "09-006", "10-009"])
def test_a_real_host_is_understood(name: str) -> None:
    (path,) = WIRE.glob(f"{name}-*.json")
    answer = json.loads(path.read_text())["response"]
    update = decode(answer["body"].encode())
    layout = Layout(update.legend, update.columns)
    rows = list(update.rows(layout.width))
    assert len(rows) == len(update)
    assert [at for at, _ in rows] == sorted(at for at, _ in rows)
    assert all(at % update.step == 0 and at <= update.end for at, _ in rows)
    averages = [one for one in update.columns if one.startswith("AVERAGE:")]
    assert len(layout) == len(averages)
