// Forms of packed weights.
#pragma once

#include "layout.h"

namespace tidemill {

struct Packed {
  const void* values;  // [rows][kept]: float, bf16 or half floats
  Dtype dtype;
  const uint8_t* indices;  // a stream of small numbers, the lowest bit first
  int64_t bytes;           // of the stream
};

bool expand(const Making& target, const Packed& packed, bool to_bf16);

}  // namespace tidemill
