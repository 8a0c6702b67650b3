"""Functions to rewrite, each with arguments to call it with; in every language the same ones.

They use what the rewrites look for, and what could lead them astray: shadowed names, names
that are fields as well, closures, `continue`, chains of branches.
"""

PYTHON: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "collatz": (
        """
def collatz(number, most=100):
    steps = 0
    while number != 1:
        if number % 2 == 0:
            number = number // 2
        else:
            number = 3 * number + 1
        steps += 1
        if steps > most:
            break
    return steps
""",
        [(6,), (27,), (27, 20), (1,)],
    ),
    "primes": (
        '''
def primes(most):
    """Primes up to most."""
    found = []
    count = 0
    for candidate in range(2, most):
        is_prime = True
        for divisor in found:
            if candidate % divisor == 0:
                is_prime = False
                break
        if not is_prime:
            continue
        else:
            found.append(candidate)
            count += 1
    return found, count
''',
        [(30,), (2,), (100,)],
    ),
    "closure": (
        """
def closure(values, limit):
    total = 0

    def add(value, weight=2):
        nonlocal total
        total += value * weight
        return total

    shown = [add(value) for value in values if value < limit]
    best = max((value for value in shown), default=None)
    return {"shown": shown, "best": best, "text": f"{best!r} of {limit:>5}"}
""",
        [([1, 5, 9], 6), ([], 0)],
    ),
    "parse": (
        """
def parse(text, *, base=10, **others):
    import string as words
    digits = words.digits
    value = 0
    sign = 1
    index = 0
    if index < len(text) and text[index] == "-":
        sign = -1
        index = index + 1
    while index < len(text):
        place = digits.find(text[index])
        if 0 <= place < base:
            value = value * base + place
        else:
            try:
                raise ValueError(text[index])
            except ValueError as error:
                return str(error), sorted(others)
        index += 1
    return sign * value
""",
        [("123",), ("-77",), ("1x",), ("",)],
    ),
    "leaves": (
        """
def leaves(tree):
    waiting = [tree]
    found = []
    while True:
        if not waiting:
            break
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        else:
            found.append(item)
    class Box:
        found = 3
        def size(self):
            return self.found
    return found, Box().size(), (lambda item: item * 2)(4)
""",
        [([1, [2, [3, 4]], []],), (5,)],
    ),
    "compare": (
        """
def compare(a, b):
    less = equal = 0
    for x in a:
        for y in b:
            if x < y:
                less += 1
            elif x == y:
                equal += 1
            else:
                less -= 1
    if less > 0 and 3 <= equal or not less != 2:
        return "more", less, equal
    else:
        return "other", less, equal
""",
        [([1, 2, 3], [2, 3, 4]), ([5] * 4, [5, 5]), ([], [1])],
    ),
}

# In C and JavaScript each function takes and returns one number.
C = """
#include <stdio.h>
#define STEP count++
struct pair { int count; int total; };
static int total = 100;

int gather(int limit) {
    int count = 0, sum = 0;
    for (int i = 0; i < limit; i++) {
        if (i % 3 == 0) continue;
        sum += i;
    }
    for (int i = 0; i < limit; i += 2) {
        int square = i * i;
        if (square > 50) { count++; } else { sum = sum + square; }
    }
    while (count > 3) count--;
    do { sum -= 1; } while (sum > 1000);
    return sum * 10 + count;
}

int shadow(int n) {
    struct pair p = {1, 2};
    int result = 0;
    for (int total = 0; total < n; total++) { result += total; }
    total += 1;
    p.total = result;
    if (n > 5)
        if (n > 8) result++;
        else result--;
    else
        result = result + 2;
    return result + total + p.total + p.count;
}

int pointers(int n) {
    int values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    int *end = values + 8, *at = values;
    unsigned long sum = 0;
    int count = 0;
    while (at != end) { sum += *at++; STEP; }
    for (at = values; at < end; at++) { *at = *at + n; }
    if (sum == 36) { sum = sum + values[0]; } else { sum = 0; }
    return (int)sum + count + values[7];
}

int branches(int n) {
    int a; int b;
    a = n; b = 3;
    int kind = 0;
    if (a < b) kind = 1; else if (a == b) kind = 2; else kind = 3;
    if (!(a > 7)) { kind *= 2; } else { kind *= 3; }
    switch (kind) { case 2: kind += 5; break; default: kind++; }
    return kind;
}
"""
C_FUNCTIONS = ("gather", "shadow", "pointers", "branches")

JAVASCRIPT = """
var outside = 7;

function gather(limit) {
  let count = 0, sum = 0;
  for (let i = 0; i < limit; i++) {
    if (i % 3 === 0) continue;
    sum += i;
  }
  for (let i = 0; i < limit; i += 2) {
    const square = i * i;
    if (square > 50) { count++; } else { sum = sum + square; }
  }
  while (count > 3) count--;
  do { sum -= 1 } while (sum > 1000);
  return sum * 10 + count;
}

function closures(n) {
  const later = [];
  for (let i = 0; i < n; i++) { later.push(() => i * 10); }
  for (var j = 0; j < n; j++) { later.push(() => j); }
  let out = 0;
  let index; index = 0;
  for (const f of later) { out = out + f() * ++index; }
  return out;
}

function objects(n) {
  const base = { n, total: n, add(value) { this.total += value; return this; } };
  const { total, n: other } = base.add(3);
  outside = outside + 1;
  for (let outside = 0; outside < n; outside++) { base.add(outside); }
  if (total > n) { return base.total + other + outside; } else return `${total}`.length;
}

function branches(n) {
  let a; let b;
  a = n; b = 3;
  let kind = 0;
  if (a < b) kind = 1; else if (a === b) kind = 2; else kind = 3;
  if (!(a > 7)) { kind *= 2; } else { kind *= 3; }
  switch (kind) { case 2: kind += 5; break; default: kind++; }
  return kind;
}
"""
JAVASCRIPT_FUNCTIONS = ("gather", "closures", "objects", "branches")
