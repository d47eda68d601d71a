"""Small errors that can be planted in Python files: where they are found, and the draw of some of them.

Six kinds take turns: another operator, another comparison, a constant a tenth larger, a whole number off by one,
another name of the same function, a term or factor left out. Within a kind every room has its share, and every error
of a room the same chance. Python's own grammar (`ast`) finds the places; text, annotations, decorators and the messages
of errors are left alone.

What the draw takes depends on the text about an error and not on the lines above it or on other files, so that most of
a draw stays when the package changes or rooms are added.
"""

import ast
import bisect
import dataclasses
import difflib
import hashlib
import random
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
KINDS = ("operator", "comparison", "constant", "off by one", "name", "dropped")

OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.Pow: ("**", "*"),
    ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "//"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
    ast.And: ("and", "or"), ast.Or: ("or", "and"),
}  # fmt: skip
COMPARISONS = {
    ast.Lt: ("<", "<=", ">"), ast.LtE: ("<=", "<", ">="), ast.Gt: (">", ">=", "<"), ast.GtE: (">=", ">", "<="),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One error: bytes `start` to `end` of a file, and what replaces them."""

    path: str
    line: int
    kind: str
    start: int
    end: int
    new: str

    def source(self, root):
        """Give the file's text with the error."""
        text = (root / self.path).read_bytes()
        return text[: self.start] + self.new.encode() + text[self.end :]

    def diff(self, root):
        """Show the error as a unified diff."""
        before, after = ((root / self.path).read_text(encoding="utf-8"), self.source(root).decode("utf-8"))
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), self.path, self.path, n=1, lineterm="")
        return "\n".join(lines)

    def key(self, text):
        """Name the error by the lines about it, without their numbers: one before, those changed, one after."""
        begin, end = text.rfind(b"\n", 0, self.start) + 1, text.find(b"\n", self.end)
        begin = text.rfind(b"\n", 0, max(begin - 1, 0)) + 1
        end = text.find(b"\n", end + 1) if end >= 0 else end
        about = text[begin : self.start] + b"\0" + self.new.encode() + b"\0" + text[self.start : end]
        return hashlib.sha256(f"{self.path} {self.kind} {self.end - self.start} ".encode() + about).hexdigest()


class Finder(ast.NodeVisitor):
    """Find every error that can be planted in one file."""

    def __init__(self, path, text, seed):
        self.path, self.text, self.seed, self.found = path, text, seed, []
        self.begins = [0]
        for line in text.splitlines(keepends=True):
            self.begins.append(self.begins[-1] + len(line))
        # Where the statements of the module begin.
        self.pieces = [
            self.begins[min([n.lineno, *(d.lineno for d in getattr(n, "decorator_list", ()))]) - 1]
            for n in ast.parse(text).body
        ] + [len(text)]
        # Names of the innermost function, each with the line from which on it has a value.
        self.names = {}

    def place(self, line, column):
        """Byte of a line and column."""
        return self.begins[line - 1] + column

    def span(self, node):
        """First and last byte of a node."""
        return self.place(node.lineno, node.col_offset), self.place(node.end_lineno, node.end_col_offset)

    def segment(self, node):
        """Text of a node, in brackets."""
        start, end = self.span(node)
        return f"({self.text[start:end].decode()})"

    def add(self, kind, start, end, new):
        """Note an error, if its statement stays Python with it."""
        line = bisect.bisect_right(self.begins, start)
        mutant = Mutant(self.path, line, kind, start, end, new)
        try:
            warnings.simplefilter("ignore", SyntaxWarning)
            k = bisect.bisect_right(self.pieces, start)
            compile(self.text[self.pieces[k - 1] : start] + new.encode() + self.text[end : self.pieces[k]], "", "exec")
        except (SyntaxError, ValueError):
            return
        self.found.append(mutant)

    def between(self, left, right, old, new, kind):
        """Replace the sign between two operands."""
        start, end = self.span(left)[1], self.span(right)[0]
        at = self.text[start:end].decode().find(old)
        if at >= 0:
            at = start + len(self.text[start:end].decode()[:at].encode())
            self.add(kind, at, at + len(old), new)

    def visit_FunctionDef(self, node):
        """Go through defaults and body, with the names of this function."""
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)
        outer, self.names = self.names, {}
        for arg in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            if arg.arg not in ("self", "cls"):
                self.names[arg.arg] = node.lineno
        for inside in ast.walk(node):
            if isinstance(inside, ast.Name) and isinstance(inside.ctx, ast.Store):
                self.names.setdefault(inside.id, inside.lineno)
        for statement in node.body:
            self.visit(statement)
        self.names = outer

    def visit_ClassDef(self, node):
        """Leave bases and decorators alone."""
        for statement in node.body:
            self.visit(statement)

    def visit_Expr(self, node):
        """Leave docstrings alone."""
        if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):
            self.visit(node.value)

    def visit_AnnAssign(self, node):
        """Leave the annotation alone."""
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node):
        """Leave `__all__` alone."""
        if not any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            self.generic_visit(node)

    def visit_Raise(self, node):
        """Leave messages alone."""

    visit_JoinedStr = visit_Import = visit_ImportFrom = visit_Raise

    def visit_If(self, node):
        """Leave imports for annotations alone."""
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_BinOp(self, node):
        """Another operator, or one operand alone."""
        if type(node.op) in OPERATORS:
            self.between(node.left, node.right, *OPERATORS[type(node.op)], "operator")
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
            start, end = self.span(node)
            self.add("dropped", start, end, self.segment(node.left))
            if isinstance(node.op, (ast.Add, ast.Mult)):
                self.add("dropped", start, end, self.segment(node.right))
        self.generic_visit(node)

    def visit_BoolOp(self, node):
        """The other operator, or one condition less."""
        self.between(node.values[0], node.values[1], *OPERATORS[type(node.op)], "operator")
        start, end = self.span(node)
        for kept in (node.values[:-1], node.values[1:]):
            word = " and " if isinstance(node.op, ast.And) else " or "
            self.add("dropped", start, end, f"({word.join(self.segment(value) for value in kept)})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        """Without its sign, or its `not`."""
        if isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
            self.add("operator", *self.span(node), self.segment(node.operand))
        self.generic_visit(node)

    def visit_AugAssign(self, node):
        """Another operator."""
        if type(node.op) in OPERATORS:
            old, new = OPERATORS[type(node.op)]
            self.between(node.target, node.value, old + "=", new + "=", "operator")
        self.generic_visit(node)

    def visit_Compare(self, node):
        """A bound that counts or does not, and the other side."""
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            old, *others = COMPARISONS[type(op)]
            for new in others:
                self.between(left, right, old, new, "comparison")
        self.generic_visit(node)

    def visit_Constant(self, node):
        """A tenth more, one more or less, the other truth value."""
        value = node.value
        if isinstance(value, bool):
            self.add("constant", *self.span(node), repr(not value))
        elif isinstance(value, int):
            self.add("off by one", *self.span(node), repr(value + 1))
            self.add("off by one", *self.span(node), f"({value - 1})" if value < 1 else repr(value - 1))
        elif isinstance(value, float):
            self.add("constant", *self.span(node), repr(1.1 * value or 1.0))

    def visit_Name(self, node):
        """Another name that has a value by then."""
        if not isinstance(node.ctx, ast.Load) or node.id not in self.names:
            return
        others = sorted(name for name, line in self.names.items() if name != node.id and line < node.lineno)
        if others:
            start, end = self.span(node)
            chosen = random.Random(f"{self.seed} {self.path} {start}").choice(others)
            self.add("name", start, end, chosen)


def candidates(rooms, seed, root=ROOT, first=()):
    """Give all errors of the rooms by kind, in the order of the draw, with a key for each.

    Those whose keys are in `first` come before the others of their room and kind: the draw that they are from goes on.
    """
    order, before, seen = {kind: {} for kind in KINDS}, set(first), set()
    for room in rooms:
        for path in sorted((root / "spikelearn").glob(room)):
            if "figure" in path.name or path in seen:
                continue
            seen.add(path)
            text = path.read_bytes()
            finder = Finder(path.relative_to(root).as_posix(), text, seed)
            finder.visit(ast.parse(text))
            for mutant in finder.found:
                own = order[mutant.kind].setdefault(room, {})
                key, k = mutant.key(text), 0
                while f"{key[:16]} {k}" in own:
                    k += 1
                own[f"{key[:16]} {k}"] = mutant
    return {kind: merged(order[kind], seed, kind, before) for kind in KINDS}


def merged(by_room, seed, kind, before):
    """Put the errors of one kind into an order in which every room has its share of every beginning."""
    placed = []
    for room, own in by_room.items():
        keys = sorted(own, key=lambda key: (key not in before, hashlib.sha256(f"{seed} {key}".encode()).digest()))
        start = random.Random(f"{seed} {kind} {room}").random()
        placed += [((k + start) / len(keys), key, own[key]) for k, key in enumerate(keys)]
    return {key: mutant for _, key, mutant in sorted(placed, key=lambda place: place[:2])}


def drawn(by_kind, number):
    """Take the kinds in turn until there are so many, each with its key; a kind that runs out is left out."""
    kinds = [list(mutants.items()) for mutants in by_kind.values()]
    turns = [mutants[k] for k in range(max(map(len, kinds))) for mutants in kinds if k < len(mutants)]
    return turns[:number]
