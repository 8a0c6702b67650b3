// What a project's tsconfig.json says, with what it extends.
"use strict";
const path = require("node:path");

// A folder without files of its own kind is no mistake here: ours are named besides.
const NO_INPUTS = [18002, 18003];

function readFrom(ts, name) {
  const { config, error } = ts.readConfigFile(name, ts.sys.readFile);
  if (error) throw new Error(told(ts, name, error));
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, path.dirname(name), undefined, name);
  const wrong = parsed.errors.find((one) => !NO_INPUTS.includes(one.code));
  if (wrong) throw new Error(told(ts, name, wrong));
  return { options: parsed.options, files: parsed.fileNames.map((one) => path.resolve(one)) };
}

function told(ts, name, error) {
  return `${name}: ${ts.flattenDiagnosticMessageText(error.messageText, " ")}`;
}

module.exports = { readFrom };
