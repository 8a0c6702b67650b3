"""The TypeScript compiler, asked in a process of its own."""
