"""What an event does to a synapse, from formulas to machine code that the compiled loop calls by its address.

The code follows the syntax tree of each formula as it is written, with nothing simplified: ``sqrt(x)**2`` of a negative
x is no number, here as on Brian2. Equal parts are calculated once. Each rule has an engine of its own, so that its code
goes when the rule does.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Sequence
from typing import Any

from spikelearn.formulas.formula import parse_expression

__all__ = ["EventCode", "event_code"]

# Names in the C library.
_FUNCTIONS = {name: name for name in ("cos", "cosh", "exp", "log", "sin", "sinh", "tan", "tanh")} | {"arctan": "atan"}
_OPERATIONS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}


class EventCode:
    """Machine code for an event, good for as long as this object lives.

    Attributes
    ----------
    address : int
        Of a C function that takes the addresses of the variables, which it changes, and of the parameters.
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
def event_code(variables: Sequence[str], parameters: Sequence[str], formulas: Sequence[str]) -> EventCode:
    """Compile the change of all variables at an event; once for all values of the parameters.

    Parameters
    ----------
    variables : tuple of str
        Names of the variables, in the order in which they lie in memory.
    parameters : tuple of str
        Names of the parameters, likewise.
    formulas : tuple of str
        New value of each variable, from the values of all of them before the event.

    Raises
    ------
    ValueError
        A formula outside the closed grammar, or with an unknown name.
    """
    from llvmlite import ir

    number = ir.DoubleType()
    module = ir.Module("event")
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [number.as_pointer()] * 2), "event")
    builder = ir.IRBuilder(function.append_basic_block())
    known = {"pi": number(math.pi)}
    for names, array in ((variables, function.args[0]), (parameters, function.args[1])):
        for k, name in enumerate(names):
            known[name] = builder.load(builder.gep(array, [ir.IntType(32)(k)]))
    written = _Writer(module, builder, known)
    new = []
    for formula in formulas:
        parse_expression(formula, (*variables, *parameters))
        new.append(written.value(ast.parse(formula.strip(), mode="eval").body))
    for k, value in enumerate(new):
        builder.store(value, builder.gep(function.args[0], [ir.IntType(32)(k)]))
    builder.ret_void()
    return EventCode(str(module))


class _Writer:
    """Writes checked syntax trees as instructions."""

    def __init__(self, module: Any, builder: Any, known: dict[str, Any]) -> None:
        self.module, self.builder, self.known = module, builder, known
        self.done: dict[str, Any] = {}

    def value(self, node: ast.expr) -> Any:
        """Give the value of a tree, calculated once for all trees that are equal."""
        key = ast.dump(node)
        if key not in self.done:
            self.done[key] = self._instruction(node)
        return self.done[key]

    def _instruction(self, node: ast.expr) -> Any:
        from llvmlite import ir

        match node:
            case ast.Constant(value=int() | float() as number):
                return ir.DoubleType()(float(number))
            case ast.Name(id=name):
                return self.known[name]
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.builder.fneg(self.value(operand))
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)):
                return self.builder.fmul(self.value(left), self.value(left))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self._call("pow", self.value(left), self.value(right))
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _OPERATIONS:
                return getattr(self.builder, _OPERATIONS[type(operation)])(self.value(left), self.value(right))
            case ast.Call(func=ast.Name(id="sqrt" | "abs" as name), args=[argument]):
                return self._call({"sqrt": "llvm.sqrt.f64", "abs": "llvm.fabs.f64"}[name], self.value(argument))
            case ast.Call(func=ast.Name(id=name), args=[argument]) if name in _FUNCTIONS:
                return self._call(_FUNCTIONS[name], self.value(argument))
        raise ValueError(f"a formula of a synapse must be arithmetic of names and functions, got {ast.unparse(node)!r}")

    def _call(self, name: str, *arguments: Any) -> Any:
        from llvmlite import ir

        number = ir.DoubleType()
        called = self.module.globals.get(name)
        if called is None:
            called = ir.Function(self.module, ir.FunctionType(number, [number] * len(arguments)), name)
        return self.builder.call(called, arguments)
