"""Types in the editor: a language server that shows what the compiler calls any."""
