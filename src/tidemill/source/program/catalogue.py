"""Sources and sinks that are known for Node.js, and what makes a value harmless.

From the documentation of Node.js and of the packages named. Types are those that their
declarations export; where a receiver's type is unknown nothing is found.
"""

from collections.abc import Mapping

__all__ = ["FURTHER_SOURCES", "SANITIZERS", "SHORT_NAMES", "SINKS", "SOURCES", "TITLES"]

SOURCES: Mapping[str, tuple[str, ...]] = {
    "request": (
        "Request.query",
        "Request.body",
        "Request.params",
        "Request.headers",
        "Request.cookies",
        "Request.signedCookies",
        "Request.url",
        "Request.originalUrl",
        "Request.path",
        "Request.hostname",
        "Request.files",
        "Request.file",
        "Request:param",
        "Request:get",
        "Request:header",
        "IncomingMessage.url",
        "IncomingMessage.headers",
        "FastifyRequest.query",
        "FastifyRequest.body",
        "FastifyRequest.params",
        "FastifyRequest.headers",
        "Context.query",
    ),
}
"""What comes from outside, by where it comes from."""

FURTHER_SOURCES: Mapping[str, tuple[str, ...]] = {
    "caller": ("exported parameter",),
    "process": ("process.argv", "process.env", "process.stdin"),
}
"""What may come from outside, where whoever calls or starts the program is not trusted."""

FILE_MODULES = ("fs", "fs.promises", "fs-extra")
FILE_FUNCTIONS = (
    "readFile",
    "readFileSync",
    "writeFile",
    "writeFileSync",
    "appendFile",
    "appendFileSync",
    "createReadStream",
    "createWriteStream",
    "open",
    "openSync",
    "unlink",
    "unlinkSync",
    "readdir",
    "readdirSync",
    "rm",
    "rmSync",
    "mkdir",
    "mkdirSync",
    "stat",
    "statSync",
)

SINKS: Mapping[str, tuple[str, ...]] = {
    "command-injection": (
        "child_process.exec(0)",
        "child_process.execSync(0)",
        "child_process.spawn(0)",
        "child_process.spawnSync(0)",
        "child_process.execFile(0)",
        "child_process.execFileSync(0)",
        "child_process.fork(0)",
        "execa.command(0)",
        "shelljs.exec(0)",
    ),
    "code-injection": (
        "eval(0)",
        "Function",
        "vm.runInContext(0)",
        "vm.runInNewContext(0)",
        "vm.runInThisContext(0)",
        "vm.Script(0)",
        "vm.compileFunction(0)",
    ),
    "sql-injection": (
        "Connection:query(0)",
        "Connection:execute(0)",
        "Pool:query(0)",
        "Pool:execute(0)",
        "PoolConnection:query(0)",
        "PoolConnection:execute(0)",
        "PoolClient:query(0)",
        "Client:query(0)",
        "Database:exec(0)",
        "Database:prepare(0)",
        "Database:run(0)",
        "Database:get(0)",
        "Database:all(0)",
        "Database:each(0)",
        "Sequelize:query(0)",
        "DataSource:query(0)",
        "EntityManager:query(0)",
        "Knex:raw(0)",
    ),
    "nosql-injection": (
        "Collection:find(0)",
        "Collection:findOne(0)",
        "Collection:findOneAndUpdate(0)",
        "Collection:findOneAndDelete(0)",
        "Collection:updateOne(0)",
        "Collection:updateMany(0)",
        "Collection:deleteOne(0)",
        "Collection:deleteMany(0)",
        "Collection:aggregate(0)",
        "Collection:countDocuments(0)",
        "Model:find(0)",
        "Model:findOne(0)",
        "Model:updateOne(0)",
        "Model:deleteOne(0)",
    ),
    "path-traversal": (
        *(f"{module}.{function}(0)" for module in FILE_MODULES for function in FILE_FUNCTIONS),
        "Response:sendFile(0)",
        "Response:download(0)",
    ),
    "open-redirect": ("Response:redirect", "Response:location(0)"),
    "cross-site-scripting": (
        "Response:send(0)",
        "Response:write(0)",
        "Response:end(0)",
        "ServerResponse:write(0)",
        "ServerResponse:end(0)",
    ),
    "request-forgery": (
        "fetch(0)",
        "http.get(0)",
        "http.request(0)",
        "https.get(0)",
        "https.request(0)",
        "axios(0)",
        "axios.get(0)",
        "axios.post(0)",
        "axios.put(0)",
        "axios.delete(0)",
        "axios.request(0)",
        "request(0)",
        "request.get(0)",
        "request.post(0)",
        "got(0)",
        "node-fetch(0)",
        "needle.get(0)",
        "AxiosInstance:get(0)",
        "AxiosInstance:post(0)",
    ),
    "template-injection": (
        "ejs.render(0)",
        "ejs.compile(0)",
        "pug.render(0)",
        "pug.compile(0)",
        "handlebars.compile(0)",
        "Handlebars.compile(0)",
        "nunjucks.renderString(0)",
        "lodash.template(0)",
    ),
    "regular-expression-injection": ("RegExp(0)",),
}
"""Where it does harm, by what harm it is."""

SANITIZERS: Mapping[str, tuple[str, ...]] = {
    "parseInt": (),
    "parseFloat": (),
    "Number": (),
    "Boolean": (),
    "BigInt": (),
    "Number.parseInt": (),
    "Number.parseFloat": (),
    "encodeURIComponent": (
        "open-redirect",
        "cross-site-scripting",
        "path-traversal",
        "request-forgery",
    ),
    "path.basename": ("path-traversal",),
    "validator.escape": ("cross-site-scripting",),
    "escape-html": ("cross-site-scripting",),
    "he.encode": ("cross-site-scripting",),
    "he.escape": ("cross-site-scripting",),
    "sanitize-html": ("cross-site-scripting",),
    "xss": ("cross-site-scripting",),
    "mysql.escape": ("sql-injection",),
    "mysql2.escape": ("sql-injection",),
    "sqlstring.escape": ("sql-injection",),
    "Connection:escape": ("sql-injection",),
    "Pool:escape": ("sql-injection",),
    "pg-format": ("sql-injection",),
    "shell-quote.quote": ("command-injection",),
    "mongo-sanitize": ("nosql-injection",),
    "escape-string-regexp": ("regular-expression-injection",),
    "lodash.escapeRegExp": ("regular-expression-injection",),
}
"""Calls whose value is harmless, each with the harms that it prevents; none: all."""

TITLES: Mapping[str, str] = {
    "command-injection": "Data from outside becomes a command.",
    "code-injection": "Data from outside becomes code.",
    "sql-injection": "Data from outside becomes a part of a statement in SQL.",
    "nosql-injection": "Data from outside becomes a query.",
    "path-traversal": "Data from outside becomes the path of a file.",
    "open-redirect": "Data from outside becomes the place where a client is sent.",
    "cross-site-scripting": "Data from outside becomes a part of a page.",
    "request-forgery": "Data from outside becomes the address of a request.",
    "template-injection": "Data from outside becomes a template.",
    "regular-expression-injection": "Data from outside becomes a regular expression.",
}
"""What each harm is, in one sentence."""

SHORT_NAMES: Mapping[str, str] = {
    "http": "request",
    "command": "command-injection",
    "code": "code-injection",
    "sql": "sql-injection",
    "nosql": "nosql-injection",
    "file": "path-traversal",
    "redirect": "open-redirect",
    "html": "cross-site-scripting",
    "ssrf": "request-forgery",
    "template": "template-injection",
    "regex": "regular-expression-injection",
}
"""What the sets above are also called."""
