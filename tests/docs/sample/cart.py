"""A shopping cart."""


def add_item(cart, name, price, count=1):
    """Put an item into the cart and return the new total."""
    cart.setdefault(name, [price, 0])[1] += count
    return total_price(cart)


def total_price(cart):
    """Sum the prices of everything in the cart."""
    total = 0
    for price, count in cart.values():
        total += price * count
    return total
