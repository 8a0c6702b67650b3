// Whose types an objection of the compiler hangs on: declarations of what its place names, of
// what is called there, and of what the value goes into; then those of the functions around it, and of classes concerned.
"use strict";

const MOST_NODES = 400;
const MOST_VALUES = 20;
const DEEPEST = 4;

// Two lists of ["name", file, start of the name] and ["return", file, start of the function].
function suspectsAt(ts, checker, { source, start, length, name }) {
  const node = covering(ts, source, start, start + length);
  const search = new Search(ts, checker, name);
  search.names(node, 0);
  search.context(node);
  const near = search.taken();
  search.around(node);
  search.structure(node);
  return [near, search.taken()];
}

function covering(ts, source, start, end) {
  let node = source;
  for (;;) {
    const inner = ts.forEachChild(node, (child) =>
      child.getStart(source) <= start && end <= child.end ? child : undefined,
    );
    if (inner === undefined) return node;
    node = inner;
  }
}

class Search {
  constructor(ts, checker, name) {
    this.ts = ts;
    this.checker = checker;
    this.name = name;
    this.seen = new Set();
    this.found = new Map();
    this.left = MOST_NODES;
  }

  isCall(node) {
    return this.ts.isCallExpression(node) || this.ts.isNewExpression(node);
  }

  isAccess(node) {
    return this.ts.isPropertyAccessExpression(node) || this.ts.isElementAccessExpression(node);
  }

  isAssignment(node) {
    const { ts } = this;
    return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
  }

  isName(node) {
    return this.ts.isIdentifier(node) || this.ts.isPrivateIdentifier(node);
  }

  taken() {
    const found = [...this.found.values()];
    this.found = new Map();
    return found;
  }

  // Whatever an expression is made of.
  names(node, depth) {
    const waiting = [node];
    while (waiting.length && this.left-- > 0) {
      const one = waiting.pop();
      if (this.isName(one)) this.symbolAt(one, depth);
      if (this.isCall(one)) this.called(one, depth);
      const isInner = one !== node && this.ts.isFunctionLike(one) && one.body;
      if (!isInner) this.ts.forEachChild(one, (child) => void waiting.push(child));
    }
  }

  symbolAt(identifier, depth) {
    let symbol = this.checker.getSymbolAtLocation(identifier);
    if (symbol === undefined) return;
    const { ts } = this;
    if (ts.isShorthandPropertyAssignment(identifier.parent))
      symbol = this.checker.getShorthandAssignmentValueSymbol(identifier.parent) ?? symbol;
    if (symbol.flags & ts.SymbolFlags.Alias) symbol = this.checker.getAliasedSymbol(symbol);
    for (const declaration of symbol.declarations ?? []) this.declared(declaration, depth);
  }

  declared(node, depth) {
    const { ts } = this;
    if (this.seen.has(node) || depth > DEEPEST) return;
    this.seen.add(node);
    if (ts.isFunctionLike(node)) return this.function(node);
    if (ts.isBindingElement(node))
      return this.source(ts.walkUpBindingElementsAndPatterns(node), depth);
    if (ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isPropertyDeclaration(node)) {
      if (this.isName(node.name)) this.place("name", node.name);
      this.source(node, depth);
    }
    if (ts.isPropertyAssignment(node)) this.names(node.initializer, depth + 1);
  }

  // Where a declaration without a type has it from.
  source(node, depth) {
    const { ts } = this;
    if (node.type) return;
    if (node.initializer) this.value(node.initializer, depth + 1);
    const owner = node.parent;
    if (ts.isParameter(node) && ts.isCallExpression(owner.parent))
      this.names(owner.parent.expression, depth + 1);
    const loop = ts.isVariableDeclaration(node) ? owner.parent : undefined;
    if (loop && (ts.isForOfStatement(loop) || ts.isForInStatement(loop)))
      this.names(loop.expression, depth + 1);
  }

  value(node, depth) {
    if (this.ts.isFunctionLike(node)) this.function(node);
    else this.names(node, depth);
  }

  called(call, depth) {
    const declaration = this.checker.getResolvedSignature(call)?.declaration;
    if (declaration) this.declared(declaration, depth);
  }

  function(node) {
    this.seen.add(node);
    this.place("return", node);
    for (const parameter of node.parameters ?? []) {
      if (this.ts.isIdentifier(parameter.name)) this.place("name", parameter.name);
    }
  }

  place(kind, node) {
    const source = node.getSourceFile();
    const named = node.name && this.isName(node.name) ? node.name : undefined;
    const at = kind === "return" ? named : node;
    const start = at ? at.getStart(source) : this.begin(node, source);
    const row = [kind, this.name(source), start];
    this.found.set(row.join(":"), row);
  }

  begin(node, source) {
    const { ts } = this;
    const outer = [ts.SyntaxKind.ExportKeyword, ts.SyntaxKind.DefaultKeyword];
    const last = (node.modifiers ?? []).filter((one) => outer.includes(one.kind)).at(-1);
    return last ? ts.skipTrivia(source.text, last.end) : node.getStart(source);
  }

  // What the value at a place goes into, up to its statement.
  context(node) {
    const { ts } = this;
    let child;
    for (let one = node; one && !ts.isSourceFile(one); child = one, one = one.parent) {
      if (this.isCall(one)) {
        const place = one.arguments?.indexOf(child) ?? -1;
        if (place >= 0) return this.argument(one, place);
        this.called(one, 0);
      }
      if (this.isCall(one) || this.isAccess(one)) this.names(one.expression, 0);
      if (ts.isVariableDeclaration(one) || ts.isPropertyDeclaration(one)) this.declared(one, 0);
      if (this.isAssignment(one)) this.names(one.left, 0);
      if (ts.isFunctionLike(one)) {
        if (ts.isArrowFunction(one) && one.body === child) this.place("return", one);
        if (one.body !== child) this.function(one);
        return;
      }
      if (ts.isReturnStatement(one) || ts.isYieldExpression(one)) return this.returned(one);
      if (ts.isStatement(one)) return ts.isBlock(one) ? undefined : this.heads(one);
    }
  }

  // What an argument goes into: one parameter, and what is asked for the function that has it.
  argument(call, place) {
    const declaration = this.checker.getResolvedSignature(call)?.declaration;
    if (!declaration?.body) {
      this.called(call, 0);
      return this.names(call.expression, 0);
    }
    const parameter = declaration.parameters[place] ?? declaration.parameters.at(-1);
    if (parameter && this.isName(parameter.name)) this.place("name", parameter.name);
    if (this.isAccess(call.expression)) this.names(call.expression.expression, 0);
  }

  heads(statement) {
    if (statement.expression) this.names(statement.expression, 0);
  }

  returned(node) {
    const { ts } = this;
    const owner = ts.findAncestor(node, (one) => ts.isFunctionLike(one));
    if (owner) this.place("return", owner);
    if (node.expression) this.names(node.expression, 0);
  }

  // The members of classes that the values here are of, or should be of.
  structure(node) {
    const { ts, checker } = this;
    const waiting = [node, node.parent];
    for (let steps = 0; waiting.length && steps < MOST_VALUES; steps++) {
      const one = waiting.shift();
      if (one === undefined || ts.isSourceFile(one)) continue;
      if (ts.isExpression(one)) {
        this.membersOf(checker.getTypeAtLocation(one));
        this.membersOf(checker.getContextualType(one));
      }
      if (this.isCall(one)) waiting.push(...(one.arguments ?? []));
    }
  }

  membersOf(type) {
    const parts = type?.isUnionOrIntersection() ? type.types : [type];
    for (const declaration of parts.flatMap((part) => part?.symbol?.declarations ?? []))
      if (this.ts.isClassLike(declaration))
        for (const member of declaration.members) this.member(member);
  }

  member(member) {
    if (this.ts.isFunctionLike(member)) this.function(member);
    else if (member.name && this.isName(member.name)) this.place("name", member.name);
  }

  around(node) {
    for (let one = node; one; one = one.parent) if (this.ts.isFunctionLike(one)) this.function(one);
  }
}

module.exports = { suspectsAt };
