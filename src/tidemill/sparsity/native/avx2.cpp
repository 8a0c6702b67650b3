// AVX2 with fused multiply-adds: 64 tokens are eight vectors.
#include "encoder.h"
#include "expand.h"
#include "layout.h"
#include "parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

namespace tidemill {
namespace avx2 {

constexpr bool kHasFma = true;

#include "rows.inc"
#include "lines.inc"
#include "turn256.inc"

typedef float Float8 __attribute__((vector_size(32)));
typedef float Float4 __attribute__((vector_size(16)));

template <>
struct Four<Float8> {
  __m256 held;

  static Four load(const float* from) {
    return {_mm256_broadcast_ps(reinterpret_cast<const __m128*>(from))};
  }
  template <int Turn>
  Float8 get() const {
    return _mm256_permute_ps(held, Turn * 0x55);
  }
};

constexpr int kWidest = 64;
constexpr int kWidths[] = {1, 4, 8, 16, 32, 64};

// There are sixteen registers: eight sums leave room for the weight.
template <class T>
void rows_of_width(int width, const BlockRows& block) {
  switch (width) {
    case 1: return block_rows<T, float, 1, 4>(block);
    case 4: return block_rows<T, Float4, 1, 4>(block);
    case 8: return block_rows<T, Float8, 1, 4>(block);
    case 16: return block_rows<T, Float8, 2, 4>(block);
    case 32: return block_rows<T, Float8, 4, 2>(block);
    default: return block_rows<T, Float8, 8, 1>(block);
  }
}

#include "fill.inc"
#include "pixels.inc"
#include "product.inc"
constexpr int kVectorBytes = 32;

#include "make.inc"
#include "decay.inc"
#include "expand.inc"
#include "vectors.inc"
#include "encoder.inc"

}  // namespace avx2

const Functions kAvx2 = {
    avx2::product_with<avx2::Plain<float>>,
    avx2::product_with<avx2::Plain<bf16>>,
    avx2::make_with<float>,
    avx2::make_with<bf16>,
    avx2::decay_all,
    avx2::expand_with,
    avx2::encode_with<avx2::product_with<avx2::Plain<float>>>,
};

}  // namespace tidemill

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
