"""What the billing page needs of its own: sums of money, and how full a bar is."""

from django import template

register = template.Library()

# Stripe counts these in whole units; https://docs.stripe.com/currencies#zero-decimal
_WITHOUT_CENTS = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf")
)


@register.filter
def money(total: int, currency: str) -> str:
    """Write "$9.00", "-$4.50", "9.00 EUR", "1,200 JPY"."""
    sign, amount = "-" if total < 0 else "", abs(total)
    text = f"{amount:,}" if currency in _WITHOUT_CENTS else f"{amount // 100:,}.{amount % 100:02}"
    return f"{sign}${text}" if currency == "usd" else f"{sign}{text} {currency.upper()}"


@register.filter
def percent_of(used: int, limit: int) -> float:
    return min(100.0, round(100 * used / limit, 1)) if limit else 100.0
