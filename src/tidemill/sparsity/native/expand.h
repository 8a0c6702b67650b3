// Forms of packed weights, and the decay of dropped weights.
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

struct Decay {
  float* gradient;
  const float* weight;
  const uint8_t* mask;
  float decay;
  int64_t count;
  int32_t threads;
};

bool decay(const Decay& wanted);

}  // namespace tidemill
