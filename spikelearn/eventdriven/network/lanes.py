"""Several numbers at once in the code of events: what `event_code` writes its formulas with.

A call of the C library takes one number after the other, and the exponential of every trace is most of what an event
costs. Here it is sums and products of vectors, in the order of `exponentials.exp_minus`: no digit tells how many
events happened together, nor on which kind of processor.
"""

from __future__ import annotations

from typing import Any

from spikelearn.eventdriven.exponentials import INVERSE_FACTORIALS, LN2_HIGH, LN2_LOW, PER_LN2, WHOLE

__all__ = ["LANES", "Lanes"]

LANES = 8
# Beyond these an exponential is infinite, or nothing, as the C library has it.
_LARGEST, _SMALLEST = 710.0, -746.0
# Exponent of 1.0 in the bits of a float, and where it stands.
_BIAS, _EXPONENT = 1023, 52


class Lanes:
    """Writes instructions on vectors of `LANES` numbers.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
        Where to write; its function's entry block must have been left.
    """

    def __init__(self, builder: Any) -> None:
        from llvmlite import ir

        self.ir, self.builder = ir, builder
        self.number, self.whole = ir.DoubleType(), ir.IntType(64)
        self.numbers, self.wholes = ir.VectorType(self.number, LANES), ir.VectorType(self.whole, LANES)
        # How many of the lanes count, an instruction.
        self.used: Any = None

    def constant(self, value: float) -> Any:
        """Give a number in every lane."""
        return self.ir.Constant(self.numbers, [self.number(value)] * LANES)

    def spread(self, value: Any) -> Any:
        """Give a number that is not known yet in every lane."""
        first = self.builder.insert_element(self.ir.Constant(self.numbers, self.ir.Undefined), value, self.place(0))
        zeros = self.ir.Constant(self.ir.VectorType(self.ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, first, zeros)

    def place(self, lane: int) -> Any:
        """Give the number of a lane."""
        return self.ir.IntType(32)(lane)

    def load(self, addresses: list[Any]) -> Any:
        """Read one number at each address."""
        vector = self.ir.Constant(self.numbers, self.ir.Undefined)
        for lane, address in enumerate(addresses):
            vector = self.builder.insert_element(vector, self.builder.load(address), self.place(lane))
        return vector

    def store(self, vector: Any, addresses: list[Any]) -> None:
        """Write one number at each address, the first last."""
        for lane, address in reversed(list(enumerate(addresses))):
            self.builder.store(self.builder.extract_element(vector, self.place(lane)), address)

    def select(self, first: Any, relation: str, second: Any, then: Any, otherwise: Any) -> Any:
        """Choose by a comparison that is false where one of both is no number."""
        return self.builder.select(self.builder.fcmp_ordered(relation, first, second), then, otherwise)

    def exponential(self, x: Any) -> Any:
        """Give e^x to 1.1 units in the last place, for every x: 0, infinity and no number where `exp` gives them."""
        b, constant = self.builder, self.constant
        x = self.select(x, "<", constant(_SMALLEST), constant(_SMALLEST), x)
        x = self.select(x, ">", constant(_LARGEST), constant(_LARGEST), x)
        shifted = b.fadd(b.fmul(x, constant(PER_LN2)), constant(WHOLE))
        whole = b.fsub(shifted, constant(WHOLE))
        r = b.fsub(b.fsub(x, b.fmul(whole, constant(LN2_HIGH))), b.fmul(whole, constant(LN2_LOW)))
        r2 = b.fmul(r, r)
        r4 = b.fmul(r2, r2)

        def four(k: int) -> Any:
            one, two, three, last = (constant(value) for value in INVERSE_FACTORIALS[k : k + 4])
            return b.fadd(b.fadd(one, b.fmul(two, r)), b.fmul(b.fadd(three, b.fmul(last, r)), r2))

        low, middle, high = four(2), four(6), four(10)
        rest = b.fmul(r2, b.fadd(low, b.fmul(b.fadd(middle, b.fmul(high, r4)), r4)))
        mantissa = b.fadd(constant(1.0), b.fadd(r, rest))
        # In two steps, so that what is smaller than any float with all its digits comes out rightly rounded.
        n = b.sub(b.bitcast(shifted, self.wholes), b.bitcast(constant(WHOLE), self.wholes))
        half = b.ashr(n, self._whole(1))
        return b.fmul(b.fmul(mantissa, self._power(half)), self._power(b.sub(n, half)))

    def _whole(self, value: int) -> Any:
        return self.ir.Constant(self.wholes, [self.whole(value)] * LANES)

    def _power(self, n: Any) -> Any:
        """Give 2^n."""
        shifted = self.builder.shl(self.builder.add(n, self._whole(_BIAS)), self._whole(_EXPONENT))
        return self.builder.bitcast(shifted, self.numbers)

    def first(self, found: Any) -> Any:
        """Give the first lane of those found, or `LANES`."""
        narrow = self.ir.IntType(2 * LANES)
        bits = self.builder.zext(self.builder.bitcast(found, self.ir.IntType(LANES)), narrow)
        ended = self.builder.or_(bits, narrow(1 << LANES))
        return self.builder.zext(self.builder.cttz(ended, self.ir.IntType(1)(1)), self.whole)

    def intrinsic(self, name: str, x: Any) -> Any:
        """Call what the processor does for all lanes at once, ``sqrt`` or ``fabs``."""
        return self.builder.call(self._function(f"llvm.{name}.v{LANES}f64", self.numbers, 1), [x])

    def one_by_one(self, name: str, *arguments: Any) -> Any:
        """Call a function of the C library for each of the first `used` lanes; what the others hold means nothing."""
        b = self.builder
        called = self._function(name, self.number, len(arguments))
        # The arguments lie in memory: written once, read by number of the lane.
        with b.goto_block(b.function.entry_basic_block):
            rooms = [b.alloca(self.numbers) for _ in arguments]
        items = [b.bitcast(room, self.number.as_pointer()) for room in rooms]
        for room, argument in zip(rooms, arguments, strict=True):
            b.store(argument, room)
        before, loop = b.block, b.append_basic_block()
        b.branch(loop)
        b.position_at_end(loop)
        lane = b.phi(self.whole)
        value = b.call(called, [b.load(b.gep(item, [lane])) for item in items])
        b.store(value, b.gep(items[0], [lane]))
        following = b.add(lane, self.whole(1))
        lane.add_incoming(self.whole(0), before)
        lane.add_incoming(following, loop)
        leave = b.append_basic_block()
        b.cbranch(b.icmp_signed("<", following, self.used), loop, leave)
        b.position_at_end(leave)
        return b.load(rooms[0])

    def _function(self, name: str, kind: Any, arguments: int) -> Any:
        module = self.builder.module
        called = module.globals.get(name)
        if called is None:
            called = self.ir.Function(module, self.ir.FunctionType(kind, [kind] * arguments), name)
        return called
