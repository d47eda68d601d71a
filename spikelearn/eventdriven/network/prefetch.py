"""A hint for compiled code: fetch a line of memory that will soon be needed, while other work is done."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["prefetch", "prefetch_address", "prefetch_item"]

tools: Any = cgutils
_READ, _KEEP, _DATA = 0, 3, 1


def _prefetch_item(typingctx, array, row, column):  # type: ignore[no-untyped-def]
    """Fetch the cache line of an element of a matrix; changes nothing, whatever the place."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = tools.get_item_pointer(context, builder, signature.args[0], given, [arguments[1], arguments[2]])
        _hint(builder, builder.bitcast(pointer, tools.ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.none(array, types.intp, types.intp), generate


def _prefetch_place(typingctx, array, place):  # type: ignore[no-untyped-def]
    """Fetch the cache line of an element of a vector; changes nothing, whatever the place."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = tools.get_item_pointer(context, builder, signature.args[0], given, [arguments[1]])
        _hint(builder, builder.bitcast(pointer, tools.ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.none(array, types.intp), generate


def _prefetch_address(typingctx, address):  # type: ignore[no-untyped-def]
    """Fetch the cache line of an address; changes nothing, whatever it is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _hint(builder, builder.inttoptr(arguments[0], tools.ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.none(types.int64), generate


def _hint(builder: Any, pointer: Any) -> None:
    number = tools.ir.IntType(32)
    kind = tools.ir.FunctionType(tools.ir.VoidType(), [pointer.type, number, number, number])
    hint = builder.module.declare_intrinsic("llvm.prefetch", (pointer.type,), kind)
    builder.call(hint, [pointer, number(_READ), number(_KEEP), number(_DATA)])


prefetch: Any = intrinsic(_prefetch_item)
prefetch_item: Any = intrinsic(_prefetch_place)
prefetch_address: Any = intrinsic(_prefetch_address)
