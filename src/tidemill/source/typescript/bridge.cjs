// A TypeScript language service that reads requests, one JSON object a line, and answers each
// with one line. It reads files below the project's root and the compiler's own libraries; it
// writes nothing and runs nothing of the project.
"use strict";
const path = require("node:path");
const readline = require("node:readline");
const ts = require(process.argv[2]);

const FORMAT =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope |
  ts.TypeFormatFlags.UseSingleQuotesForStringLiteralType;
const LONGEST = 2000;
const { readFrom } = require(path.join(__dirname, "configuration.cjs"));
const { suspectsAt } = require(path.join(__dirname, "suspects.cjs"));

let project = null;

class Project {
  constructor({ root, files, options, config }) {
    this.root = root;
    this.texts = new Map();
    this.versions = new Map();
    this.folders = new Set();
    const { options: parsed, errors } = ts.convertCompilerOptionsFromJson(options, root);
    if (errors.length) throw new Error(flat(errors[0].messageText));
    const own = config ? readFrom(ts, config) : { options: {}, files: [] };
    const named = files.map((name) => path.resolve(root, name));
    this.files = [...new Set([...own.files, ...named])];
    this.options = { ...own.options, ...parsed, noEmit: true };
    this.service = ts.createLanguageService(this.host(), ts.createDocumentRegistry());
  }

  host() {
    return {
      getCompilationSettings: () => this.options,
      getScriptFileNames: () => this.files,
      getScriptVersion: (name) => String(this.versions.get(name) ?? 0),
      getScriptSnapshot: (name) => {
        const text = this.texts.get(name) ?? ts.sys.readFile(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => this.root,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      fileExists: (name) => this.texts.has(name) || ts.sys.fileExists(name),
      readFile: (name) => this.texts.get(name) ?? ts.sys.readFile(name),
      readDirectory: ts.sys.readDirectory,
      directoryExists: (name) => this.folders.has(name) || ts.sys.directoryExists(name),
      getDirectories: ts.sys.getDirectories,
      realpath: ts.sys.realpath,
    };
  }

  update(texts) {
    for (const [name, text] of Object.entries(texts)) {
      const full = path.resolve(this.root, name);
      if (text === null) this.texts.delete(full);
      else this.place(full, text);
      this.versions.set(full, (this.versions.get(full) ?? 0) + 1);
      if (text !== null && !this.files.includes(full)) this.files.push(full);
    }
    return {};
  }

  place(full, text) {
    this.texts.set(full, text);
    for (let folder = path.dirname(full); !this.folders.has(folder); folder = path.dirname(folder))
      this.folders.add(folder);
  }

  source(name) {
    const program = this.service.getProgram();
    const source = program.getSourceFile(path.resolve(this.root, name));
    if (source === undefined) throw new Error(`${name} is not part of the project`);
    return [program.getTypeChecker(), source];
  }

  // Places: [kind, start of the name, start of the function or -1], all in UTF-16 units.
  types({ file, places }) {
    const [checker, source] = this.source(file);
    const functions = functionsOf(source);
    return places.map(([kind, start, owner]) => {
      const token = ts.getTokenAtPosition(source, start);
      const node = kind === "return" ? functions.get(owner) ?? functions.get(start) : token;
      const type = node && typeOf(checker, node, kind);
      return type ? described(checker, type, node) : null;
    });
  }

  members({ file, places }) {
    const [checker, source] = this.source(file);
    return places.map((start) => {
      const type = checker.getTypeAtLocation(ts.getTokenAtPosition(source, start));
      const parts = partsOf(checker, type);
      if (parts.some(isOpen)) return null;
      return [...new Set(parts.flatMap((part) => membersOf(checker, part)))];
    });
  }

  // The files of the project itself, and of them those whose types hang on some files.
  sources() {
    const program = this.service.getProgram();
    const isOwn = (one) =>
      !program.isSourceFileFromExternalLibrary(one) && !program.isSourceFileDefaultLibrary(one);
    return program.getSourceFiles().filter((one) => isOwn(one) && !inModules(one.fileName));
  }

  dependents({ files }) {
    const checker = this.service.getProgram().getTypeChecker();
    const wanted = new Set(files.map((name) => path.resolve(this.root, name)));
    const sources = this.sources();
    const isShared = (one) => wanted.has(one.fileName) && !ts.isExternalModule(one);
    if (sources.some(isShared)) return sources.map((one) => this.named(one));
    const importers = new Map();
    for (const one of sources) {
      for (const specifier of one.imports ?? []) {
        const target = checker.getSymbolAtLocation(specifier)?.valueDeclaration?.getSourceFile();
        if (target) importers.set(target, [...(importers.get(target) ?? []), one]);
      }
    }
    const found = new Set(sources.filter((one) => wanted.has(one.fileName)));
    for (const one of found) for (const other of importers.get(one) ?? []) found.add(other);
    return [...found].map((one) => this.named(one));
  }

  named(source) {
    return path.relative(this.root, source.fileName).split(path.sep).join("/");
  }

  suspects({ file, places }) {
    const [checker, source] = this.source(file);
    const name = (one) => this.named(one);
    return places.map(([start, length]) => suspectsAt(ts, checker, { source, start, length, name }));
  }

  diagnostics({ files, kinds }) {
    const found = [];
    for (const name of files) {
      const full = path.resolve(this.root, name);
      const lists = [];
      if (kinds.includes("syntactic")) lists.push(this.service.getSyntacticDiagnostics(full));
      if (kinds.includes("semantic")) lists.push(this.service.getSemanticDiagnostics(full));
      for (const one of lists.flat()) {
        const message = flat(one.messageText);
        found.push([name, one.start ?? 0, one.length ?? 0, one.code, message]);
      }
    }
    return found;
  }
}

function flat(message) {
  return ts.flattenDiagnosticMessageText(message, " ").slice(0, LONGEST);
}

function inModules(name) {
  return name.includes("/node_modules/");
}

// What a value may be, without the absence of any.
function partsOf(checker, type) {
  const present = checker.getNonNullableType(type);
  return present.isUnion() ? present.types : [present];
}

function isOpen(type) {
  return Boolean(type.flags & ts.TypeFlags.Any) || type.getStringIndexType() !== undefined;
}

function membersOf(checker, type) {
  return checker.getPropertiesOfType(checker.getApparentType(type)).map((own) => own.name);
}

// Functions by the start of their name, and by their own.
function functionsOf(source) {
  const found = new Map();
  const waiting = [source];
  while (waiting.length) {
    const node = waiting.pop();
    if (ts.isFunctionLike(node) && node.body) {
      found.set(node.getStart(source), node);
      found.set(keywordOf(node, source), node);
      if (node.name) found.set(node.name.getStart(source), node);
    }
    ts.forEachChild(node, (child) => void waiting.push(child));
  }
  return found;
}

// Where a function begins behind `export default`.
function keywordOf(node, source) {
  const outer = [ts.SyntaxKind.ExportKeyword, ts.SyntaxKind.DefaultKeyword];
  const last = (node.modifiers ?? []).filter((one) => outer.includes(one.kind)).at(-1);
  return last ? ts.skipTrivia(source.text, last.end) : node.getStart(source);
}

function typeOf(checker, node, kind) {
  if (kind === "return") {
    const signature = checker.getSignatureFromDeclaration(node);
    return signature && checker.getReturnTypeOfSignature(signature);
  }
  return checker.getTypeAtLocation(node);
}

function described(checker, type, node) {
  const wide = checker.getWidenedType(checker.getBaseTypeOfLiteralType(type));
  const text = checker.typeToString(wide, node, FORMAT);
  return text.length > LONGEST ? null : text;
}

const ANSWERS = {
  update: ({ texts }) => project.update(texts),
  types: (request) => project.types(request),
  members: (request) => project.members(request),
  sources: () => project.sources().map((one) => project.named(one)),
  dependents: (request) => project.dependents(request),
  diagnostics: (request) => project.diagnostics(request),
  suspects: (request) => project.suspects(request),
};

function answer(request) {
  if (request.do === "open") {
    project = new Project(request);
    return { version: ts.version };
  }
  if (project === null) throw new Error("no project is open");
  if (!Object.hasOwn(ANSWERS, request.do)) throw new Error(`unknown request ${request.do}`);
  return ANSWERS[request.do](request);
}

readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on("line", (line) => {
  let reply;
  try {
    reply = { ok: answer(JSON.parse(line)) };
  } catch (error) {
    reply = { error: String(error && error.message ? error.message : error).slice(0, LONGEST) };
  }
  process.stdout.write(JSON.stringify(reply) + "\n");
});
