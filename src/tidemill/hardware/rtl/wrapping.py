"""Modules in our own Verilog that set units side by side.

Amaranth would write a module for every element of an array, which takes minutes where there are
a thousand. Here a unit is one module, made once, and has many instances.
"""

from collections.abc import Mapping, Sequence

from tidemill.hardware.rtl.design import SUM_BITS, VALUE_BITS, RtlDesign
from tidemill.hardware.rtl.ports import Port

__all__ = ["array_module", "array_ports", "lanes_module", "lanes_ports"]


ROWS_OWN = frozenset({"group", "valid", "first", "last"})
COLUMNS_OWN = frozenset({"value", "index", "shift", "sum", "sum_south", "sum_valid_south"})


def array_ports(design: RtlDesign, element: Sequence[Port]) -> tuple[Port, ...]:
    """Return the ports of the array, those of `Stce`.

    Args:
        design: Its parameters.
        element: Ports of one element.
    """
    counts = {"enable": 1, "stationary": 1}
    counts |= dict.fromkeys(ROWS_OWN, design.rows) | dict.fromkeys(COLUMNS_OWN, design.columns)
    return tuple(
        Port(name=port.name, width=port.width * counts[port.name], is_output=port.is_output)
        for port in element
        if port.name in counts
    )


def array_module(design: RtlDesign, ports: Sequence[Port]) -> str:
    """Return the module ``stce``: instances of ``uspe`` in rows and columns.

    Args:
        design: Its parameters.
        ports: Of the array.
    """
    sizes = {
        "ROWS": design.rows,
        "COLUMNS": design.columns,
        "VALUE": VALUE_BITS,
        "SUM": SUM_BITS,
        "GROUP": VALUE_BITS * design.group,
        "INDEX": design.index_bits,
    }
    return _module("stce", ports, sizes, _ARRAY)


def lanes_ports(lane: Sequence[Port], shared: frozenset[str], lanes: int) -> tuple[Port, ...]:
    """Return the ports of lanes side by side.

    Args:
        lane: Ports of one of them.
        shared: Those that all of them have in common.
        lanes: How many.
    """
    return tuple(
        Port(
            name=port.name,
            width=port.width if port.name in shared else port.width * lanes,
            is_output=port.is_output,
        )
        for port in lane
    )


def lanes_module(name: str, lane: Sequence[Port], shared: frozenset[str], lanes: int) -> str:
    """Return a module of lanes side by side, instances of the module ``<name>_lane``.

    Args:
        name: Of the module.
        lane: Ports of one of them.
        shared: Those that all of them have in common; outputs of these are the first lane's.
        lanes: How many.
    """
    outlets = [port for port in lane if port.name in shared and port.is_output]
    own = "".join(f"  wire [LANES-1:0] {port.name}_of;\n" for port in outlets)
    given = "".join(f"  assign {port.name} = {port.name}_of[0];\n" for port in outlets)
    links = ",\n".join(f"        .{port.name}({_link(port, shared)})" for port in lane)
    body = (
        f"{own}\n  genvar lane;\n  generate\n"
        "    for (lane = 0; lane < LANES; lane = lane + 1) begin : lanes\n"
        f"      {name}_lane unit (\n        .clk(clk), .rst(rst),\n{links}\n      );\n"
        f"    end\n  endgenerate\n\n{given}"
    )
    return _module(name, lanes_ports(lane, shared, lanes), {"LANES": lanes}, body)


def _link(port: Port, shared: frozenset[str]) -> str:
    """Return what an instance's port is joined to."""
    if port.name not in shared:
        return f"{port.name}[lane*{port.width} +: {port.width}]"
    return f"{port.name}_of[lane]" if port.is_output else port.name


def _module(name: str, ports: Sequence[Port], sizes: Mapping[str, int], body: str) -> str:
    declared = ["input wire clk", "input wire rst"]
    declared += [f"{port.direction} {port.wire}" for port in ports]
    listed = ",\n".join(f"  {one}" for one in declared)
    fixed = "".join(f"  localparam {key} = {size};\n" for key, size in sizes.items())
    return f"{_ABOUT}module {name} (\n{listed}\n);\n{fixed}{body}endmodule\n"


_ABOUT = """\
// A port holds one field for each row, column or lane, the first one lowest, or is common to all.
// design.json says what ports mean and when inputs enter.
"""

_ARRAY = """
  genvar r, c;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : row
      for (c = 0; c < COLUMNS; c = c + 1) begin : column
        wire [GROUP-1:0] group_in, group_on;
        wire [2:0] flags_in, flags_on;
        wire [VALUE-1:0] value_in, value_on;
        wire [INDEX-1:0] index_in, index_on;
        wire [SUM-1:0] sum_in, sum_on;
        wire sum_valid_in, sum_valid_on;

        if (c == 0) begin : west
          assign group_in = group[r*GROUP +: GROUP];
          assign flags_in = {valid[r], first[r], last[r]};
        end else begin : west
          assign group_in = row[r].column[c-1].group_on;
          assign flags_in = row[r].column[c-1].flags_on;
        end

        // Nothing waits above the first row: only sums of weights that stay enter there.
        if (r == 0) begin : north
          assign value_in = value[c*VALUE +: VALUE];
          assign index_in = index[c*INDEX +: INDEX];
          assign sum_in = sum[c*SUM +: SUM];
          assign sum_valid_in = 1'b0;
        end else begin : north
          assign value_in = row[r-1].column[c].value_on;
          assign index_in = row[r-1].column[c].index_on;
          assign sum_in = row[r-1].column[c].sum_on;
          assign sum_valid_in = row[r-1].column[c].sum_valid_on;
        end

        if (r == ROWS - 1) begin : south
          assign sum_south[c*SUM +: SUM] = sum_on;
          assign sum_valid_south[c] = sum_valid_on;
        end

        uspe element (
          .clk(clk), .rst(rst), .enable(enable), .stationary(stationary), .shift(shift[c]),
          .group(group_in), .valid(flags_in[2]), .first(flags_in[1]), .last(flags_in[0]),
          .group_east(group_on), .valid_east(flags_on[2]), .first_east(flags_on[1]),
          .last_east(flags_on[0]),
          .value(value_in), .index(index_in), .value_south(value_on), .index_south(index_on),
          .sum(sum_in), .sum_valid(sum_valid_in), .sum_south(sum_on),
          .sum_valid_south(sum_valid_on)
        );
      end
    end
  endgenerate
"""
