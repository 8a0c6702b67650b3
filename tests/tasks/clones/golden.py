"""One function a language, and copies of each type made of it by hand-written edits.

`<c>` is where a comment and a line break may stand, `<s>` where a statement may.
"""

import re
from dataclasses import dataclass

RENAMED = {"orders": "parcels", "order": "parcel", "total": "weight", "limit": "most", "7": "31"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A function and what its copies need.

    Attributes:
        file: A file name of the language.
        text: The function, with places for edits.
        comment: A comment, with the line break that ends it.
        statement: Some statements that a copier may add.
        other: A function that has nothing to do with it.
    """

    file: str
    text: str
    comment: str
    statement: str
    other: str

    @property
    def original(self) -> str:
        """The function as it was first."""
        return self._with("", "")

    @property
    def reformatted(self) -> str:
        """Type 1: comments and white space."""
        return self._with(self.comment, "")

    @property
    def renamed(self) -> str:
        """Type 2: every name and value, one to one."""
        return re.sub(r"\w+", lambda word: RENAMED.get(word[0], word[0]), self.reformatted)

    @property
    def confused(self) -> str:
        """Not type 2: two names become one in a single place."""
        head, _, tail = self.original.rpartition("limit")
        return f"{head}total{tail}"

    @property
    def edited(self) -> str:
        """Type 3: renamed, with statements added."""
        added = self._with(self.comment, self.statement)
        return re.sub(r"\w+", lambda word: RENAMED.get(word[0], word[0]), added)

    def _with(self, comment: str, statement: str) -> str:
        return self.text.replace("<c>", comment).replace("<s>", statement)


GOLDEN = {
    "python": Golden(
        file="shop.py",
        text="""def bill(orders, limit):
    total = 0
    <c>
    for order in orders:
        if order.price > limit:  <c>
            total += order.price * order.count - limit
        elif order.count == 7:
            total -= limit
        <s>
    return total if total < limit else limit
""",
        comment="# so it is\n",
        statement="print(order, total)\n        log.write(order.name)",
        other="""def words(text):
    found = {}
    for line in text.splitlines():
        for word in line.split():
            found.setdefault(word.lower(), []).append(line)
    keys = sorted(found, key=lambda key: (-len(found[key]), key))
    return [(key, len(found[key])) for key in keys if key.isalpha()]
""",
    ),
    "javascript": Golden(
        file="shop.js",
        text="""function bill(orders, limit) {
  let total = 0;<c>
  for (const order of orders) {
    if (order.price > limit) {<c>
      total += order.price * order.count - limit;
    } else if (order.count === 7) {
      total -= limit;
    }
    <s>
  }
  return total < limit ? total : limit;
}
""",
        comment=" // so it is\n",
        statement="console.log(order, total); order.seen = true;",
        other="""function words(text) {
  const found = new Map();
  text.split("\\n").forEach((line) => {
    line.split(" ").forEach((word) => found.set(word, [...(found.get(word) ?? []), line]));
  });
  return [...found.keys()].sort().map((key) => [key, found.get(key).length]);
}
""",
    ),
    "typescript": Golden(
        file="shop.ts",
        text="""function bill(orders: Order[], limit: number): number {
  let total: number = 0;<c>
  for (const order of orders) {
    if (order.price > limit) {<c>
      total += order.price * order.count - limit;
    } else if (order.count === 7) {
      total -= limit;
    }
    <s>
  }
  return total < limit ? total : limit;
}
""",
        comment=" /* so it is */\n",
        statement="console.log(order, total as number);",
        other="""function words(text: string): [string, number][] {
  const found = new Map<string, string[]>();
  text.split("\\n").forEach((line) => {
    line.split(" ").forEach((word) => found.set(word, [...(found.get(word) ?? []), line]));
  });
  return [...found.keys()].sort().map((key) => [key, found.get(key)!.length]);
}
""",
    ),
    "java": Golden(
        file="Shop.java",
        text="""class Shop {
  int bill(List<Order> orders, int limit) {
    int total = 0;<c>
    for (Order order : orders) {
      if (order.price > limit) {<c>
        total += order.price * order.count - limit;
      } else if (order.count == 7) {
        total -= limit;
      }
      <s>
    }
    return total < limit ? total : limit;
  }
}
""",
        comment=" // so it is\n",
        statement='System.out.println("at " + order);',
        other="""class Text {
  Map<String, Integer> words(String text) throws IOException {
    Map<String, Integer> found = new TreeMap<>();
    while (reader.ready()) {
      String[] parts = reader.readLine().split(" ");
      Arrays.stream(parts).forEach(part -> found.merge(part, 1, Integer::sum));
    }
    return Collections.unmodifiableMap(found);
  }
}
""",
    ),
    "csharp": Golden(
        file="Shop.cs",
        text="""class Shop {
  int Bill(List<Order> orders, int limit) {
    var total = 0;<c>
    foreach (var order in orders) {
      if (order.Price > limit) {<c>
        total += order.Price * order.Count - limit;
      } else if (order.Count == 7) {
        total -= limit;
      }
      <s>
    }
    return total < limit ? total : limit;
  }
}
""",
        comment=" // so it is\n",
        statement='Console.WriteLine($"at {order}");',
        other="""class Text {
  IDictionary<string, int> Words(string text) {
    var found = new SortedDictionary<string, int>();
    while (reader.Peek() >= 0) {
      var parts = reader.ReadLine().Split(' ');
      Array.ForEach(parts, part => found[part] = found.GetValueOrDefault(part) + 1);
    }
    return found;
  }
}
""",
    ),
    "go": Golden(
        file="shop.go",
        text="""package shop

func bill(orders []Order, limit int) int {
	total := 0<c>
	for _, order := range orders {
		if order.price > limit {<c>
			total += order.price*order.count - limit
		} else if order.count == 7 {
			total -= limit
		}
		<s>
	}
	if total < limit {
		return total
	}
	return limit
}
""",
        comment=" // so it is\n",
        statement="fmt.Println(order, total)",
        other="""package shop

func words(text string) map[string][]string {
	found := make(map[string][]string)
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		for place := range fields {
			found[fields[place]] = append(found[fields[place]], scanner.Text())
		}
	}
	return found
}
""",
    ),
    "ruby": Golden(
        file="shop.rb",
        text="""def bill(orders, limit)
  total = 0<c>
  orders.each do |order|
    if order.price > limit<c>
      total += order.price * order.count - limit
    elsif order.count == 7
      total -= limit
    end
    <s>
  end
  total = limit if total > limit
  total.positive? ? total : limit
end
""",
        comment=" # so it is\n",
        statement="puts order, total",
        other="""def words(text)
  found = Hash.new { |hash, key| hash[key] = [] }
  text.lines.each_with_index do |line, index|
    line.scan(/[a-z]+/i) { |word| found[word.downcase] << index }
  end
  found.sort_by { |word, lines| [-lines.size, word] }.to_h
rescue ArgumentError => problem
  raise Unreadable, problem.message
end
""",
    ),
    "php": Golden(
        file="shop.php",
        text="""<?php
function bill(array $orders, int $limit): int {
  $total = 0;<c>
  foreach ($orders as $order) {
    if ($order->price > $limit) {<c>
      $total += $order->price * $order->count - $limit;
    } elseif ($order->count === 7) {
      $total -= $limit;
    }
    <s>
  }
  return $total < $limit ? $total : $limit;
}
""",
        comment=" // so it is\n",
        statement='echo "at {$order}";',
        other="""<?php
function words(string $text): array {
  $found = [];
  while (preg_match('/[a-z]+/i', $text, $match, PREG_OFFSET_CAPTURE, $place ?? 0)) {
    $found[strtolower($match[0][0])][] = $match[0][1];
    $place = $match[0][1] + strlen($match[0][0]);
  }
  uksort($found, fn($a, $b) => count($found[$b]) <=> count($found[$a]));
  return $found;
}
""",
    ),
    "c": Golden(
        file="shop.c",
        text="""int bill(struct line *orders, int limit) {
  int total = 0;<c>
  for (struct line *order = orders; order->next; order = order->next) {
    if (order->price > limit) {<c>
      total += order->price * order->count - limit;
    } else if (order->count == 7) {
      total -= limit;
    }
    <s>
  }
  return total < limit ? total : limit;
}
""",
        comment=" /* so it is */\n",
        statement='printf("%d", total);',
        other="""char *words(const char *text, size_t size) {
  char *copy = malloc(size + 1), *end = copy;
  while (size--) {
    switch (*text) {
      case ' ': *end++ = '\\n'; break;
      default: *end++ = tolower((unsigned char)*text);
    }
    text++;
  }
  *end = '\\0';
  return copy;
}
""",
    ),
    "cpp": Golden(
        file="shop.cpp",
        text="""int Shop::bill(const std::vector<Order>& orders, int limit) {
  auto total = 0;<c>
  for (const auto& order : orders) {
    if (order.price > limit) {<c>
      total += order.price * order.count - limit;
    } else if (order.count == 7) {
      total -= limit;
    }
    <s>
  }
  return total < limit ? total : limit;
}
""",
        comment=" // so it is\n",
        statement='std::cout << "at " << order;',
        other="""std::map<std::string, int> words(std::istream& text) {
  std::map<std::string, int> found;
  std::string word;
  while (text >> word) {
    std::transform(word.begin(), word.end(), word.begin(), [](auto c) { return tolower(c); });
    ++found[word];
  }
  if (!text.eof()) throw std::runtime_error("unreadable");
  return found;
}
""",
    ),
}
