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

struct Expanding {
  const Making& target;
  const Packed& packed;
};

struct half {
  uint16_t bits;
};

// Exact: every half float is a float. Denormals are scaled by arithmetic that knows them.
inline float widened(half value) {
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000u) << 16;
  const uint32_t rest = value.bits & 0x7fffu;
  const float small = static_cast<float>(static_cast<int32_t>(rest)) * 0x1p-24f;
  uint32_t small_bits;
  __builtin_memcpy(&small_bits, &small, sizeof small_bits);
  const uint32_t large_bits = (rest << 13) + (rest >= 0x7c00u ? 0x70000000u : 0x38000000u);
  const uint32_t bits = sign | (rest < 0x400u ? small_bits : large_bits);
  float found;
  __builtin_memcpy(&found, &bits, sizeof found);
  return found;
}

}  // namespace tidemill
