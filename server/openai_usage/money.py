"""Exact decimal amounts: what is accepted, how they are added, how they are written out.

OpenAI sends amounts with up to 34 significant digits and zeros such as `0E-6176`. Python's default context rounds
sums at 28 digits, and such a zero takes 6,178 characters to print, so neither is used as it comes.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext

_MOST_INTEGER_DIGITS = 18
_MOST_DECIMAL_PLACES = 100
_FINEST = Decimal((0, (1,), -_MOST_DECIMAL_PLACES))

# Wide enough that no sum of accepted amounts is ever rounded; if one were, it would raise instead.
_EXACT = Context(prec=160, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow])


def accept(amount: Decimal) -> Decimal:
    """An amount from outside in its shortest exact form; ValueError when it is no sensible amount of anything."""
    if not amount.is_finite():
        raise ValueError("not a finite number")
    if not amount:
        return Decimal(0)
    if not -_MOST_DECIMAL_PLACES <= amount.adjusted() < _MOST_INTEGER_DIGITS:
        raise ValueError("a number out of all proportion")
    try:
        # Taking an amount apart into its digits would cost more than everything else that is done with it.
        _EXACT.quantize(amount, _FINEST)
    except (Inexact, InvalidOperation):
        raise ValueError("a number out of all proportion") from None
    return amount.normalize(_EXACT)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum, in its shortest form; zero when there is nothing to add."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result.normalize(_EXACT) if result else Decimal(0)


def exact() -> AbstractContextManager[Context]:
    """Inside it, the operators of accepted amounts are exact too."""
    return localcontext(_EXACT)


def plain(amount: Decimal | int) -> str:
    """Every digit, without exponent or trailing zeros: "0.0042", "-12.5", "100"."""
    if not amount:
        return "0"
    return format(Decimal(amount).normalize(_EXACT), "f")
