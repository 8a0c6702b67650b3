"""How JavaScript, TypeScript and TSX are sliced."""
