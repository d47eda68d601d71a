"""What events do to synapses, from formulas to machine code that the compiled loop calls once for many synapses.

The loop over the synapses, eight at a time, the decay of their traces and the limits of the weight are part of the
code, so that a rule of one's own costs what any other does. The code follows the syntax tree of each formula as it is
written, with nothing simplified: ``sqrt(x)**2`` of a negative x is no number, here as on Brian2. Equal parts are
calculated once. Each rule has an engine of its own, so that its code goes when the rule does.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Sequence
from typing import Any

from spikelearn.eventdriven.network.lanes import LANES, Lanes
from spikelearn.formulas.formula import parse_expression

__all__ = ["LAST", "TRACES", "WEIGHT", "EventCode", "event_code"]

# Names in the C library.
_FUNCTIONS = {name: name for name in ("cos", "cosh", "log", "sin", "sinh", "tan", "tanh")} | {"arctan": "atan"}
_OPERATIONS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
# Columns of a row of a synapse, the traces follow; volts, a weight beyond is on its way to infinity.
LAST, WEIGHT, TRACES = 0, 1, 2
_LARGEST_WEIGHT = 1e9


class EventCode:
    """Machine code for events, good for as long as this object lives.

    Attributes
    ----------
    address : int
        Of a C function ``int64 event(rows, columns, parameters, settings, n, which, times, t)``. It lets n events
        happen to the rows of `columns` numbers that begin at the address `rows`: to row ``which[k]`` at time
        ``times[k]``, or, where the code is of neighbours, to each of the first n at time t. No row may occur twice.
        `settings` has the lowest and highest weight and the time constants of the traces. It gives the number of a row
        with a value that is not finite, or a weight beyond 1e9 V; -1 if none has.
    """

    def __init__(self, program: str) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        module = llvm.parse_assembly(program)
        module.verify()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
        )
        self._engine: Any = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        self.address: int = self._engine.get_function_address("event")


@functools.lru_cache(maxsize=256)
def event_code(
    variables: Sequence[str],
    parameters: Sequence[str],
    formulas: Sequence[str],
    shared: Sequence[int],
    neighbours: bool = False,
) -> EventCode:
    """Compile the change of all variables at events; once for all values of the parameters.

    Parameters
    ----------
    variables : tuple of str
        Names of the weight and the traces, in the order in which they lie in memory.
    parameters : tuple of str
        Names of the parameters, likewise.
    formulas : tuple of str
        New value of each variable, from the values of all of them before the event.
    shared : tuple of int
        For each trace the first trace with the same time constant, so that they decay by one exponential.
    neighbours : bool
        Whether the events are those of rows that lie side by side, at one time.

    Raises
    ------
    ValueError
        A formula outside the closed grammar, or with an unknown name.
    """
    from llvmlite import ir

    number, whole = ir.DoubleType(), ir.IntType(64)
    numbers, wholes = number.as_pointer(), whole.as_pointer()
    module = ir.Module("event")
    kind = ir.FunctionType(whole, [numbers, whole, numbers, numbers, whole, wholes, numbers, number])
    function = ir.Function(module, kind, "event")
    rows, columns, given, settings, n, which, times, t = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    lanes = Lanes(builder)

    def item(array: Any, k: Any) -> Any:
        return builder.gep(array, [whole(k) if isinstance(k, int) else k])

    def spread(array: Any, k: int) -> Any:
        return lanes.spread(builder.load(item(array, k)))

    known = {"pi": lanes.constant(math.pi)}
    known.update({name: spread(given, k) for k, name in enumerate(parameters)})
    lowest, highest, *decay = (spread(settings, k) for k in range(2 + len(shared)))
    now = lanes.spread(t)
    before = builder.block
    loop, leave = function.append_basic_block(), function.append_basic_block()
    builder.cbranch(builder.icmp_signed(">", n, whole(0)), loop, leave)
    builder.position_at_end(loop)
    k, broken = builder.phi(whole), builder.phi(whole)
    following = builder.add(k, whole(LANES))
    lanes.used = builder.select(builder.icmp_signed("<", following, n), whole(LANES), builder.sub(n, k))
    # The last event fills the lanes that are left; what its own lane gives is written last.
    last = builder.sub(n, whole(1))
    events = [builder.add(k, whole(lane)) for lane in range(LANES)]
    events = [builder.select(builder.icmp_signed("<", event, n), event, last) for event in events]
    if not neighbours:
        now = lanes.load([item(times, event) for event in events])
        events = [builder.load(item(which, event)) for event in events]
    places = [item(rows, builder.mul(event, columns)) for event in events]

    def column(k: int) -> list[Any]:
        return [item(place, k) for place in places]

    written = _Writer(lanes, known)
    elapsed = builder.fsub(now, lanes.load(column(LAST)))
    values = [lanes.load(column(WEIGHT + place)) for place in range(len(variables))]
    factors: dict[int, Any] = {}
    for trace, first in enumerate(shared):
        if first == trace:
            factors[trace] = lanes.exponential(builder.fdiv(builder.fneg(elapsed), decay[trace]))
    for place, name in enumerate(variables):
        known[name] = builder.fmul(values[place], factors[shared[place - 1]]) if place else values[place]
    new = []
    for formula in formulas:
        parse_expression(formula, (*variables, *parameters))
        new.append(written.value(ast.parse(formula.strip(), mode="eval").body))
    # Asked before the weight is clipped, which would hide it.
    zero, infinite = lanes.constant(0.0), lanes.constant(math.inf)
    total = lanes.select(lanes.intrinsic("fabs", new[0]), "<", lanes.constant(_LARGEST_WEIGHT), zero, infinite)
    for value in new:
        total = builder.fadd(total, value)
    unlike = builder.fcmp_unordered("!=", builder.fsub(total, total), zero)
    lane = lanes.first(unlike)
    bad = builder.add(k, lane)
    counts = builder.icmp_signed("<", lane, lanes.used)
    if not neighbours:
        bad = builder.load(item(which, builder.select(counts, bad, last)))
    now_broken = builder.select(counts, bad, broken)
    above = lanes.select(new[0], "<", lowest, lowest, new[0])
    new[0] = lanes.select(above, ">", highest, highest, above)
    lanes.store(now, column(LAST))
    for place, value in enumerate(new):
        lanes.store(value, column(WEIGHT + place))
    for phi, first, then in ((k, whole(0), following), (broken, whole(-1), now_broken)):
        phi.add_incoming(first, before)
        phi.add_incoming(then, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, n), loop, leave)
    ended = builder.block
    builder.position_at_end(leave)
    result = builder.phi(whole)
    result.add_incoming(whole(-1), before)
    result.add_incoming(now_broken, ended)
    builder.ret(result)
    return EventCode(str(module))


class _Writer:
    """Writes checked syntax trees as instructions."""

    def __init__(self, lanes: Lanes, known: dict[str, Any]) -> None:
        self.lanes, self.builder, self.known = lanes, lanes.builder, known
        self.done: dict[str, Any] = {}

    def value(self, node: ast.expr) -> Any:
        """Give the value of a tree, calculated once for all trees that are equal."""
        key = ast.dump(node)
        if key not in self.done:
            self.done[key] = self._instruction(node)
        return self.done[key]

    def _instruction(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                return self.lanes.constant(float(number))
            case ast.Name(id=name):
                return self.known[name]
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.builder.fneg(self.value(operand))
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)):
                return self.builder.fmul(self.value(left), self.value(left))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.lanes.one_by_one("pow", self.value(left), self.value(right))
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _OPERATIONS:
                return getattr(self.builder, _OPERATIONS[type(operation)])(self.value(left), self.value(right))
            case ast.Call(func=ast.Name(id="sqrt" | "abs" as name), args=[argument]):
                return self.lanes.intrinsic({"sqrt": "sqrt", "abs": "fabs"}[name], self.value(argument))
            case ast.Call(func=ast.Name(id="exp"), args=[argument]):
                return self.lanes.exponential(self.value(argument))
            case ast.Call(func=ast.Name(id=name), args=[argument]) if name in _FUNCTIONS:
                return self.lanes.one_by_one(_FUNCTIONS[name], self.value(argument))
        raise ValueError(f"a formula of a synapse must be arithmetic of names and functions, got {ast.unparse(node)!r}")
