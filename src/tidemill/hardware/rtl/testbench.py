"""A testbench in Verilog that drives the array with what was recorded, and checks its answers."""

from collections.abc import Iterator, Mapping, Sequence

from tidemill.hardware.rtl.design import SUM_BITS, RtlDesign
from tidemill.hardware.rtl.ports import Port
from tidemill.hardware.rtl.recording import recorded
from tidemill.hardware.rtl.simulation import StceSimulator

__all__ = ["EXPECTED", "STIMULUS", "TESTBENCH", "testbench"]

TESTBENCH, STIMULUS, EXPECTED = "tb_stce.v", "stimulus.hex", "expected.hex"


def testbench(design: RtlDesign, ports: Sequence[Port]) -> Mapping[str, str]:
    """Return the testbench and its two files of numbers.

    Args:
        design: Of the array.
        ports: Of the array.
    """
    inputs = [port for port in ports if not port.is_output]
    recording = recorded(StceSimulator(design), inputs)
    sizes = {
        "CYCLES": len(recording.stimulus),
        "SUMS": recording.sums,
        "COLUMNS": design.columns,
        "SUM": SUM_BITS,
        "INPUTS": 1 + sum(port.width for port in inputs),
        "OUTPUTS": (1 + SUM_BITS) * design.columns,
    }
    return {
        TESTBENCH: "".join(_written(sizes, ports, inputs)),
        STIMULUS: _hex(recording.stimulus, sizes["INPUTS"]),
        EXPECTED: _hex(recording.expected, sizes["OUTPUTS"]),
    }


def _written(
    sizes: Mapping[str, int], ports: Sequence[Port], inputs: Sequence[Port]
) -> Iterator[str]:
    yield _HEAD
    for name, size in sizes.items():
        yield f"  localparam {name} = {size};\n"
    yield "\n  reg clk;\n  wire rst;\n"
    for port in ports:
        yield f"  {port.wire};\n"
    names = ("clk", "rst", *(port.name for port in ports))
    links = ",\n".join(f"    .{name}({name})" for name in names)
    given = ", ".join(port.name for port in inputs)
    yield f"\n  stce array (\n{links}\n  );\n"
    yield f"\n  reg [INPUTS-1:0] now;\n  assign {{rst, {given}}} = now;\n"
    yield _BODY


def _hex(words: Sequence[int], bits: int) -> str:
    digits = -(-bits // 4)
    return "".join(f"{word:0{digits}x}\n" for word in words)


_HEAD = """\
// Drives the array with stimulus.hex and compares what leaves it with expected.hex, every cycle.
// Ends with the line "PASS <cycles> cycles" or "FAIL at cycle <number>: ...".
`timescale 1ns / 1ps
module tb_stce;
  // Times that everything is run, for whoever measures how fast a simulator is.
  parameter ROUNDS = 1;
"""

_BODY = """
  reg [INPUTS-1:0] stimulus [0:CYCLES-1];
  reg [OUTPUTS-1:0] expected [0:CYCLES-1];
  reg [OUTPUTS-1:0] seen;
  integer round, cycle, column, sums;

  initial begin
    clk = 0;
    round = 0;
    cycle = 0;
    sums = 0;
    $readmemh("stimulus.hex", stimulus);
    $readmemh("expected.hex", expected);
    now = stimulus[0];
    forever begin
      #5 clk = 1;
      #5 clk = 0;
    end
  end

  always @(negedge clk) now = stimulus[cycle];

  // What the array answers within a cycle is there when the next edge comes, and still is at it.
  always @(posedge clk) begin
    // Sums that are not valid may be anything, and count as zero.
    seen = {sum_valid_south, {SUM*COLUMNS{1'b0}}};
    for (column = 0; column < COLUMNS; column = column + 1)
      if (sum_valid_south[column] === 1'b1 && !rst) begin
        seen[column*SUM +: SUM] = sum_south[column*SUM +: SUM];
        sums = sums + 1;
      end
    if (rst !== 1'b1 && seen !== expected[cycle]) begin
      $display("FAIL at cycle %0d: valid and sums are %h, not %h", cycle, seen, expected[cycle]);
      $finish;
    end else if (cycle < CYCLES - 1)
      cycle = cycle + 1;
    else if (round < ROUNDS - 1) begin
      cycle = 0;
      round = round + 1;
    end else begin
      // Files that are cut short would leave nothing to compare.
      if (sums == SUMS * ROUNDS) $display("PASS %0d cycles", CYCLES * ROUNDS);
      else $display("FAIL at cycle %0d: %0d sums were seen, not %0d", CYCLES, sums, SUMS * ROUNDS);
      $finish;
    end
  end
endmodule
"""
