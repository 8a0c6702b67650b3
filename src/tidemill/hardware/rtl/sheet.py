"""What a reader of the exported Verilog needs to know, for programs and for people."""

import json
from collections.abc import Mapping, Sequence

from tidemill.hardware.rtl.design import MULTIPLY_LATENCY, SUM_BITS, VALUE_BITS, RtlDesign
from tidemill.hardware.rtl.ports import Port

__all__ = ["ABOUT_PORTS", "data_sheet", "read_me"]

CLOCK = {
    "clk": "everything happens at its rising edge",
    "rst": "while high, the rising edge resets what says which numbers are valid",
}

_ARRAY_PORTS = {
    "enable": "while low, nothing moves, and what leaves does not count: memory is waited for",
    "stationary": "high: weights stay and sums travel; low: sums stay; rests during a product",
    "group": "FP16: a group of M values of the left operand for each row, the first one lowest",
    "valid": "the group counts; else it may be anything, and adds nothing",
    "first": "with its group: a sum begins, or the weight that was loaded is taken over",
    "last": "with its group: the sum is done; only where sums stay",
    "value": "FP16: of the right operand for each column",
    "index": "which value of the group meets it; dense products count from 0 to M - 1",
    "shift": "values and indices move down the column; always high where sums stay",
    "sum": "FP32: what is added to from above, only where weights stay; else anything",
    "sum_south": "FP32: what leaves each column; anything while it is not valid",
    "sum_valid_south": "a sum leaves the column, where enable is high",
}

_ELEMENT_PORTS = {
    "sum_valid": "a sum comes from above, only where sums stay; low in the first row",
    "group_east": "group, a cycle later",
    "valid_east": "valid, a cycle later",
    "first_east": "first, a cycle later",
    "last_east": "last, a cycle later",
    "value_south": "value, as last shifted",
    "index_south": "index, as last shifted",
}

_PRUNER_PORTS = {
    "value": "FP16: a number for each lane",
    "valid": "numbers are taken",
    "values": "the N kept numbers of each lane's group, in rising order of index",
    "indices": "their places in the group",
    "mask": "bit i: number i of the group is kept",
    "done": "values, indices and mask are good, in this cycle only",
}

_UPDATER_PORTS = {
    "weight": "FP32",
    "velocity": "FP32: the momentum's memory",
    "gradient": "FP16",
    "kept": "the weight is kept by the N:M mask; chooses the decay",
    "valid": "weights are taken",
    "momentum": "FP32, rests while weights are on their way",
    "rate": "FP32, rests too: the learning rate",
    "decay_kept": "FP32, rests too",
    "decay_dropped": "FP32, rests too",
    "weight_out": "FP32: weight - rate * velocity_out",
    "velocity_out": "FP32: momentum * velocity + gradient + decay * weight",
    "half_out": "FP16: weight_out, rounded",
    "valid_out": "the outputs are good",
}

ABOUT_PORTS: Mapping[str, Mapping[str, str]] = {
    "uspe": CLOCK | _ARRAY_PORTS | _ELEMENT_PORTS,
    "stce": CLOCK | _ARRAY_PORTS,
    "sore": CLOCK | _PRUNER_PORTS,
    "sore_lane": CLOCK | _PRUNER_PORTS,
    "wuve": CLOCK | _UPDATER_PORTS,
    "wuve_lane": CLOCK | _UPDATER_PORTS,
}
"""What every port of every module means."""


def data_sheet(
    design: RtlDesign, modules: Mapping[str, Sequence[Port]], *, update_latency: int
) -> str:
    """Return parameters, ports, and when what enters and leaves, as JSON.

    Args:
        design: The parameters.
        modules: Ports of each module, but for its clock and its reset.
        update_latency: Cycles from a weight to its update.
    """
    facts = {
        "parameters": _parameters(design),
        "modules": {name: _listed(name, ports) for name, ports in modules.items()},
        "when": _when(design),
        "latency": {
            "sore": "done is high in the cycle after the last number of a group",
            "wuve": update_latency,
        },
    }
    return json.dumps(facts, indent=2) + "\n"


def _parameters(design: RtlDesign) -> dict[str, int | str]:
    return {
        "rows": design.rows,
        "columns": design.columns,
        "pattern": str(design.pattern),
        "group": design.group,
        "lanes": design.lanes,
        "multiply_latency": MULTIPLY_LATENCY,
        "accumulate_latency": design.accumulate_latency,
        "value_bits": VALUE_BITS,
        "index_bits": design.index_bits,
        "sum_bits": SUM_BITS,
    }


def _listed(name: str, ports: Sequence[Port]) -> list[dict[str, int | str]]:
    clock = [Port(name=each, width=1, is_output=False) for each in CLOCK]
    return [
        {
            "name": port.name,
            "direction": port.direction,
            "width": port.width,
            "about": ABOUT_PORTS[name][port.name],
        }
        for port in (*clock, *ports)
    ]


def _when(design: RtlDesign) -> dict[str, dict[str, int | str]]:
    """Return the cycles at which inputs enter and sums leave, by dataflow."""
    latency, through = design.accumulate_latency, MULTIPLY_LATENCY
    return {
        "sums_stay": {
            "row_after_row_above": 1,
            "column_after_column_before": 1,
            "addend_after_addend_of_the_same_sum": latency,
            "sums_of_an_element_at_most": latency,
            "first_sum_after_last_group_of_row_0": through + latency + 1 + design.rows,
            "order": "of a column, sums of upper rows leave first",
        },
        "weights_stay": {
            "row_after_row_above": latency,
            "column_after_column_before": 1,
            "first_shift_before_first_group_of_row_0": design.rows,
            "sum_from_above_after_group_of_row_0": through,
            "sum_after_group_of_row_0": through + design.rows * latency,
            "order": "weights of the lowest row are shifted in first; sums leave in the order of"
            " the groups",
        },
    }


def read_me(*, with_testbench: bool) -> str:
    """Return what is in the folder and how to check it, in plain words.

    Args:
        with_testbench: Whether there is one.
    """
    return _FILES + (_CHECK if with_testbench else _NO_CHECK)


_FILES = """\
# The accelerator's hardware in Verilog

Everything is Verilog-2005, has one clock and a reset at its rising edge, and uses no vendor's
parts.

- `stce.v`: the tensor engine, elements in rows and columns; needs `uspe.v`, one element.
- `sore.v`: lanes that keep N of every M numbers; `sore_lane` is one of them.
- `wuve.v`: lanes that update weights; `wuve_lane` is one of them.
- `design.json`: parameters, ports with what they mean, and when inputs enter and sums leave.
"""

_CHECK = """\
- `tb_stce.v`, `stimulus.hex`, `expected.hex`: a testbench of the tensor engine. It runs a small
  product of every mode and compares each cycle with what Amaranth's simulator saw.

## Check it

With Icarus Verilog:

    iverilog -g2005 -s tb_stce -o /tmp/tb_stce *.v && vvp -n /tmp/tb_stce

With Verilator 5:

    verilator --binary --timing -Wno-fatal --top-module tb_stce --Mdir /tmp/tb *.v
    /tmp/tb/Vtb_stce

Either prints `PASS` and the number of cycles, or `FAIL at cycle` and what was wrong.
"""

_NO_CHECK = """
There is no testbench in this folder. Export a smaller array with one: all sizes are made of the
same elements and the same links.
"""
