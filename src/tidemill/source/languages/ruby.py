"""Ruby."""

from tidemill.source.tables import DocStyle, Holder, Language, UnitTable

__all__ = ["RUBY"]

TARGETS = "[(identifier) (constant) (instance_variable) (class_variable) (global_variable)]"

UNITS = UnitTable(
    query=f"""
    (method) @function
    (singleton_method) @function
    (class) @scope
    (module) @scope
    (singleton_class) @scope
    (assignment left: {TARGETS} right: (lambda)) @holder
    (assignment left: {TARGETS} right: (call method: (identifier) block: (_))) @holder
    (comment) @comment
    """,
    docs=DocStyle(
        blocks=("=begin",),
        lines=("#",),
        directives=(
            "#!",
            "# frozen_string_literal",
            "# encoding",
            "# -*-",
            "# rubocop",
            "# typed:",
        ),
    ),
    methods=frozenset({"singleton_method"}),
    classes=frozenset({"class", "module", "singleton_class"}),
    values=frozenset({"lambda", "block", "do_block"}),
    holders={"assignment": Holder()},
    unwrap={"call": "block"},
    makers=frozenset({b"lambda", b"proc"}),
)

RUBY = Language(
    name="ruby",
    title="Ruby",
    extensions=(".rb", ".rake", ".gemspec", ".ru"),
    filenames=("Rakefile", "Gemfile", "Vagrantfile", "Guardfile", "Capfile", "Podfile", "Brewfile"),
    interpreters=("ruby", "jruby"),
    grammar="tree_sitter_ruby:language",
    units=UNITS,
)
