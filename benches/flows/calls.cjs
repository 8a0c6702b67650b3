// Asks the TypeScript compiler what every call of a folder means:
// node calls.cjs FOLDER OUT.json, with the package typescript in NODE_PATH.
const ts = require('typescript');
const fs = require('fs');
const path = require('path');

const [root, out] = process.argv.slice(2);

function filesIn(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(place);
    return /\.[jt]sx?$/.test(entry.name) && !/\.d\.ts$/.test(entry.name) ? [place] : [];
  });
}

const program = ts.createProgram(filesIn(root), {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  noEmit: true,
  allowJs: true,
  checkJs: true,
});
const checker = program.getTypeChecker();
const bytesTo = (file, position) => Buffer.byteLength(file.text.slice(0, position));

function targetOf(call) {
  const signature = checker.getResolvedSignature(call);
  const declared = signature && signature.declaration;
  if (!declared) return null;
  // Of overloads, the one with a body is what runs.
  const all = (declared.symbol && declared.symbol.declarations) || [];
  const own = declared.body ? declared : all.find((one) => one.body) || declared;
  const file = own.getSourceFile();
  return {
    file: path.relative(root, file.fileName),
    start: bytesTo(file, own.getStart(file)),
    hasBody: Boolean(own.body),
  };
}

const found = [];
for (const file of program.getSourceFiles()) {
  if (!file.fileName.startsWith(root + path.sep) || file.isDeclarationFile) continue;
  const visit = (node) => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node)) {
      found.push({
        file: path.relative(root, file.fileName),
        start: bytesTo(file, node.getStart(file)),
        end: bytesTo(file, node.getEnd()),
        target: targetOf(node),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
}
fs.writeFileSync(out, JSON.stringify(found));
