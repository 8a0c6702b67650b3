"""What of Amaranth 0.5 is used here, which comes without types."""

from amaranth.hdl import Cat as Cat
from amaranth.hdl import Const as Const
from amaranth.hdl import Fragment as Fragment
from amaranth.hdl import Module as Module
from amaranth.hdl import Mux as Mux
from amaranth.hdl import Shape as Shape
from amaranth.hdl import Signal as Signal
from amaranth.hdl import Value as Value
from amaranth.hdl import signed as signed
