"""One sample a language: what every language's table must find in it.

Hand-written for this test; each says a doc'd function, a method and a closure
where the language has them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A text and the units that its language's table must find, in order."""

    code: str
    units: tuple[str, ...]
    documented: str
    doc: str
    comment: str = "// x"


SAMPLES = {
    "python": Sample(
        code='''"""Mod."""


@cache
def top(a, *, b: int = 1) -> int:
    """Add things."""

    def inner():
        return a

    return inner()


class A(B):
    async def m(self):
        pass

    key = lambda self: 1
''',
        units=("function top", "function top.inner", "method A.m", "method A.key"),
        documented="top",
        doc="Add things.",
        comment="# x",
    ),
    "javascript": Sample(
        code="""/**
 * Add things.
 * @param {number} a the first
 */
export function top(a) { const inner = () => a; return inner; }
class A { m() {} static p = () => 1; #q = function () {}; get g() { return 1; } }
exports.x = function () {};
A.prototype.late = async () => {};
const o = { k: function () {}, n() {}, deep: { d() {} } };
Class({ named: function () {} });
(function tick() {})();
xs.map((x) => x);
""",
        units=(
            "function top",
            "function top.inner",
            "method A.m",
            "method A.p",
            "method A.#q",
            "method A.g",
            "function x",
            "method A.late",
            "method o.k",
            "method o.n",
            "method o.deep.d",
            "function named",
            "function tick",
        ),
        documented="top",
        doc="Add things.\n\n@param {number} a the first",
    ),
    "typescript": Sample(
        code="""abstract class A {
  abstract no(): void;
  over(x: number): void;
  /** Add things. */
  @dec() over(x: any) {}
  constructor(private n: number) {}
}
declare function nor(): void;
namespace N.M { export const f = <T>(x: T): T => x; }
interface I { nope(): void }
""",
        units=("method A.over", "method A.constructor", "function N.M.f"),
        documented="A.over",
        doc="Add things.",
    ),
    "tsx": Sample(
        code="""/** Add things. */
export const View = (p: Props) => <a onClick={() => 1}>{p.x}</a>;
function plain(): void {}
""",
        units=("function View", "function plain"),
        documented="View",
        doc="Add things.",
    ),
    "java": Sample(
        code="""package p;
public class A<T> {
    /**
     * Add <b>things</b> to {@link A}.
     * @param a the first
     */
    @Override
    public int m(int a) { Runnable r = () -> {}; return a; }
    A() {}
    abstract void no();
    Runnable f = () -> {};
    enum E { X { void q() {} }; }
    record R(int a) { R { } }
    interface I { void nope(); default void d() {} }
    Object o = new Object() { public String toString() { return ""; } };
}
""",
        units=(
            "method A.m",
            "function A.m.r",
            "method A.A",
            "method A.f",
            "method A.E.X.q",
            "method A.R.R",
            "method A.I.d",
            "method A.toString",
        ),
        documented="A.m",
        doc="Add things to A.\n\n@param a the first",
    ),
    "csharp": Sample(
        code="""namespace N.M
{
    public class A
    {
        /// <summary>Add things.</summary>
        /// <param name="a">the first</param>
        [Fact]
        public int M(int a) { int L() { return a; } return L(); }
        public A() {}
        ~A() {}
        public int P { get { return 1; } set => x = value; }
        public int Q => 1;
        public int Auto { get; set; }
        public int this[int i] { get { return i; } }
        public static A operator +(A a, A b) => a;
        Func<int> fld = () => 1;
        abstract void No();
    }
}
""",
        units=(
            "method N.M.A.M",
            "function N.M.A.M.L",
            "method N.M.A.A",
            "method N.M.A.~A",
            "method N.M.A.P.get",
            "method N.M.A.P.set",
            "method N.M.A.Q",
            "method N.M.A.this.get",
            "method N.M.A.operator+",
            "method N.M.A.fld",
        ),
        documented="N.M.A.M",
        doc="Add things.\n\n@param a the first",
    ),
    "go": Sample(
        code="""package p

// Top adds things.
// It is quick.
//go:noinline
func Top(a int) int { return a }

func (t *T[K]) M() {}
func (T) N() {}
func outside(a int) int
var f = func() {}

func g() {
	h, k := func() {}, func() {}
	o.p = func() {}
	_ = map[string]func(){"a": func() {}}
}
""",
        units=(
            "function Top",
            "method T.M",
            "method T.N",
            "function f",
            "function g",
            "function g.h",
            "function g.k",
            "method g.o.p",
            "function g.a",
        ),
        documented="Top",
        doc="Top adds things.\nIt is quick.",
    ),
    "ruby": Sample(
        code="""module M
  class A < B
    # Add things.
    # Quickly.
    def top(a, b = 1)
      a
    end

    def self.make; end

    class << self
      def also; end
    end

    private def hidden; end
    def ==(other) = true
    F = ->(x) { x }
    G = lambda { |y| y }
  end
end

class C::D
  def m; end
end
""",
        units=(
            "method M.A.top",
            "method M.A.make",
            "method M.A.also",
            "method M.A.hidden",
            "method M.A.==",
            "method M.A.F",
            "method M.A.G",
            "method C.D.m",
        ),
        documented="M.A.top",
        doc="Add things.\nQuickly.",
        comment="# x",
    ),
    "php": Sample(
        code="""<?php
namespace A\\B;

/**
 * Add things.
 */
function top(int $a): int { return $a; }

abstract class C
{
    public static function m() {}
    abstract function no();
}
trait T { function z() {} }
$f = function ($x) use ($y) { return 1; };
$this->p = fn($x) => $x;
$a = ['k' => function () {}];
$o = new class { function anon() {} };
""",
        units=(
            "function A.B.top",
            "method A.B.C.m",
            "method A.B.T.z",
            "function A.B.f",
            "function A.B.p",
            "function A.B.k",
            "method A.B.anon",
        ),
        documented="A.B.top",
        doc="Add things.",
    ),
    "c": Sample(
        code="""#include <a.h>
int no(void);
int x; // trailing
/* Add things. */
static int *top(int a, char **b) { return 0; }
int (*choose(int a))(int) { return 0; }
void old(a) int a; { }
#ifdef A
void in_if(void) {}
#endif
""",
        units=("function top", "function choose", "function old", "function in_if"),
        documented="top",
        doc="Add things.",
    ),
    "cpp": Sample(
        code="""namespace a::b {
class A : public B {
 public:
  A(int x) : y(x) {}
  ~A();
  A(const A&) = default;
  operator bool() const { return true; }
  int operator+(int x) { return 1; }
  template <class T> T t(T a) { return a; }
};
}
/// Add things.
/// @param x what to add
template <class T> void V<T>::push(T x) {}
a::b::A::~A() {}
std::vector<int>& A::operator[](int i) {}
int main() { auto l = [](int a) { return a; }; }
""",
        units=(
            "method a.b.A.A",
            "method a.b.A.operator bool",
            "method a.b.A.operator+",
            "method a.b.A.t",
            "method V.push",
            "method a.b.A.~A",
            "method A.operator[]",
            "function main",
            "function main.l",
        ),
        documented="V.push",
        doc="Add things.\n\n@param x what to add",
    ),
}
