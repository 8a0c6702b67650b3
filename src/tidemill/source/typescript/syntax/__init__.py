"""What the syntax of files says about types: their texts, declarations, exports, documentation."""
