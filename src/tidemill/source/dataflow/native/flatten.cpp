// The walk of a syntax tree into flat arrays: the twin of flatten.py, held to it by tests.
//
// The tree was made by the binding's own copy of the tree-sitter runtime. This kernel is
// compiled from the sources of the very same release, so both agree on every structure;
// the walk only reads. Where the node lies inside its Python object is checked on every
// call by the identity that the binding itself reports.

#include <cstdint>
#include <cstring>
#include <vector>

#include "tree_sitter/api.h"

namespace {

// A Python object head is a reference count and a type; the binding puts its node next.
constexpr size_t kNodeOffset = 2 * sizeof(void *);

// The `keep` table holds one entry for every symbol an id can spell.
constexpr uint8_t kKept = 1;

}  // namespace

extern "C" {

// Flattens the subtree of a binding's node.
//
// object    address of the Python node
// identity  the node's identity as the binding reports it
// keep      65,536 bytes: 0 leave out with all below it, 1 keep, 2 keep as damage
// error     the kind that stands for damage
// columns   5 columns of `capacity` integers: kind, start, stop, field, end of subtree
// returns   the number of kept nodes; -1 when `capacity` is too small, -2 when the object
//           is not laid out as expected
__attribute__((visibility("default"))) int32_t tidemill_flatten(
    const void *object, uint64_t identity, const uint8_t *keep, int32_t error, int32_t *columns,
    int32_t capacity) {
  TSNode root;
  std::memcpy(&root, static_cast<const char *>(object) + kNodeOffset, sizeof root);
  if (reinterpret_cast<uint64_t>(root.id) != identity || root.tree == nullptr) return -2;

  int32_t *kinds = columns, *starts = columns + capacity, *stops = columns + 2 * capacity;
  int32_t *fields = columns + 3 * capacity, *ends = columns + 4 * capacity;
  std::vector<int32_t> open;
  int32_t count = 0;
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  for (bool walking = true; walking;) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    const TSSymbol kind = ts_node_symbol(node);
    bool descended = false;
    if (const uint8_t code = keep[kind]) {
      if (count == capacity) {
        ts_tree_cursor_delete(&cursor);
        return -1;
      }
      kinds[count] = code == kKept ? kind : error;
      starts[count] = static_cast<int32_t>(ts_node_start_byte(node));
      stops[count] = static_cast<int32_t>(ts_node_end_byte(node));
      fields[count] = ts_tree_cursor_current_field_id(&cursor);
      ends[count] = count + 1;
      ++count;
      if (ts_tree_cursor_goto_first_child(&cursor)) {
        open.push_back(count - 1);
        descended = true;
      }
    }
    while (!descended && !ts_tree_cursor_goto_next_sibling(&cursor)) {
      if (open.empty()) {
        walking = false;
        break;
      }
      ts_tree_cursor_goto_parent(&cursor);
      ends[open.back()] = count;
      open.pop_back();
    }
  }
  ts_tree_cursor_delete(&cursor);
  return count;
}

}  // extern "C"
